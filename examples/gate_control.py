"""The gate: how A-beta volleys hold back a projection neuron, when they do, and when they cannot.

A published spiking circuit of the dorsal horn (Zhang, Janik and Grill 2014) gets a lasting noxious input through
75 afferent fibers. Stimulation makes A-beta fibers of the painful field (local) and of its surround fire with every
pulse. Local fibers excite the projection neuron (WDR) directly and inhibit it through SG; surround fibers only
inhibit it, through Z2.

What to look for:

- from about 20 pulses per second on the spikes that the noxious input drives are gone, and what remains answers the
  pulses: it must be counted apart, or fast pulses seem to make matters worse;
- surround fibers alone silence the neuron, local fibers alone do not;
- with a quarter of the inhibition left, far less is gained, and only in a narrow band of rates.

This is one model circuit, with inputs drawn at random; it says nothing about a person.

Run it:  python examples/gate_control.py     (some seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np

from scsim import plots
from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.protocols import natural_trains
from scsim.circuit.inputs.trains import merge_trains
from scsim.circuit.inputs.volleys import stimulation_trains, tonic_pulses_ms
from scsim.circuit.networks.run_network import simulate_network
from scsim.circuit.readouts.locking import split_by_pulse, split_rates
from scsim.circuit.readouts.readout import confidence_interval
from scsim.circuit.states import apply_states
from scsim.plots.style import head, new_figure

RATES_HZ = np.array([0.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 130.0])
SEEDS = (1, 2, 3)
ONSET_MS, READOUT_MS, END_MS = 500.0, 800.0, 2300.0  # stimulation begins; rates are read from, to

# 1. The circuit as published, and with a quarter of its GABA-ergic inhibition left (full dose).
healthy = load_circuit("zhang2014")
circuits = {
    "healthy": healthy,
    "disinhibited": apply_states(healthy, {"disinhibited": 1.0}),
}


def trains_of(seed, rate_hz, n_local, n_surround):
    """2. One run: the noxious input of a seed, the same for all conditions, and the volleys of the pulses."""
    noxious = natural_trains(healthy.fibers, "ongoing", duration_ms=END_MS, seed=seed)
    pulses_ms = tonic_pulses_ms(rate_hz, from_ms=ONSET_MS, to_ms=END_MS)
    volleys = stimulation_trains(healthy.fibers, pulses_ms, n_local=n_local, n_surround=n_surround)
    return merge_trains(noxious, volleys), pulses_ms


# 3. All runs in one call: both states at every rate for three seeds, and local or surround fibers alone.
runs = {
    (state, "both", rate_hz, seed): (15, 15)
    for state in circuits
    for rate_hz in RATES_HZ
    for seed in SEEDS
}
runs |= {("healthy", "surround", 40.0, seed): (0, 15) for seed in SEEDS}
runs |= {("healthy", "local", 40.0, seed): (15, 0) for seed in SEEDS}
inputs = [trains_of(key[3], key[2], *counts) for key, counts in runs.items()]
response = simulate_network(
    [circuits[state] for state, *_ in runs],
    [trains for trains, _ in inputs],
    duration_ms=END_MS,
    lanes="wide",
)
wdr = dict(zip(runs, response.spike_times_ms["wdr"], strict=True))
pulses = dict(zip(runs, [times_ms for _, times_ms in inputs], strict=True))


def rates_of(state, fibers, rate_hz):
    """4. Rates: all spikes, those that the noxious input drives, those locked to the pulses."""
    rates = []
    for seed in SEEDS:
        rest = split_rates(wdr[state, "both", 0.0, seed], [], from_ms=READOUT_MS, to_ms=END_MS)
        split = split_rates(
            wdr[state, fibers, rate_hz, seed],
            pulses[state, fibers, rate_hz, seed],
            from_ms=READOUT_MS,
            to_ms=END_MS,
            unstimulated_rate_hz=rest.total_rate_hz,
        )
        rates.append([split.total_rate_hz, split.c_driven_rate_hz, split.pulse_locked_rate_hz])
    return np.array(rates)  # seeds, then total, C-driven, locked


print("rates of the projection neuron, Hz, mean of", len(SEEDS), "seeds")
print("state         fibers    pulses/s   all   C-driven   locked")
for state, fibers, rate_hz in dict.fromkeys(key[:3] for key in runs):
    total, c_driven, locked = rates_of(state, fibers, rate_hz).mean(axis=0)
    print(f"{state:13} {fibers:9} {rate_hz:7g} {total:7.1f} {c_driven:8.1f} {locked:8.1f}")

# 5. The figure: the circuit, its spikes as stimulation begins, and the rates in both states.
figure = new_figure(8.4, 11.4)
grid = figure.add_gridspec(3, 2, height_ratios=[3.6, 3.6, 3.0])
plots.circuit_diagram(healthy, figure.add_subplot(grid[0, :]))

key = ("healthy", "both", 40.0, SEEDS[0])
number = list(runs).index(key)
is_late = split_by_pulse(wdr[key], pulses[key])
cells = {name: response.spike_times_ms[name][number] for name in ("sg", "z2", "ex")}
plots.raster(
    cells | {"WDR, after pulses": wdr[key][~is_late], "WDR, others": wdr[key][is_late]},
    figure.add_subplot(grid[1, :]),
    fibers=inputs[number][0].trains,
    pulses_ms=pulses[key],
    from_ms=200.0,
    to_ms=1000.0,
    title="Healthy, local and surround fibers, 40 Hz from 500 ms on",
)

for column, state in enumerate(circuits):
    values = np.stack([rates_of(state, "both", rate_hz) for rate_hz in RATES_HZ], axis=1)
    rest_hz = values[:, 0, 0].mean()
    parts = [confidence_interval(values[:, 1:, part]) for part in range(3)]
    curves = plots.RateCurves(RATES_HZ[1:], *parts, rest_hz=rest_hz)
    ax = plots.rate_curve(curves, figure.add_subplot(grid[2, column]), title=state)
    ax.set_ylim(top=240.0)
    if column == 0:
        ax.legend(fontsize=8)
head(figure, "The gate: volleys of A-beta fibers and a projection neuron (spiking circuit)")
picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=200)
print(f"picture: {picture}")
