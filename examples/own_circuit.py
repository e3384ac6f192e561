"""A circuit of one's own: three cells from a table, run with and without touch, healthy and in a pain state.

The file own_circuit.toml beside this one describes the cells, their channels, receptors, fibers and wiring: touch
fibers (A-beta) drive an inhibitory cell, which holds back a delayed-firing relay between nociceptors (C fibers) and a
projection cell; the projection cell excites the inhibitory cell in return. Nociceptors fire throughout, touch comes in
between. The same spikes reach the healthy circuit and one whose inhibition has lost its chloride gradient.

Run it:  python examples/own_circuit.py     (some seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scsim.circuit.catalog import read_circuit
from scsim.circuit.inputs.train_patterns import Poisson
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.run_network import VoltageRecording, simulate_network
from scsim.circuit.readouts.readout import spike_rate_hz
from scsim.circuit.states import apply_states, states_of

DURATION_MS = 2100.0
TOUCH_MS = (800.0, 1400.0)
PERIODS_MS = {
    "before touch": (200.0, 800.0),
    "touch": (850.0, 1400.0),
    "after touch": (1500.0, 2100.0),
}

# 1. The circuit: everything that is wrong in the file would be told here, all at once.
circuit = read_circuit(Path(__file__).with_suffix(".toml"))
print(f"{circuit.title}: {', '.join(cell.title for cell in circuit.cells)}")
print(f"pain states it can be in: {', '.join(states_of(circuit))}")

# 2. Spikes of every fiber: nociceptors throughout, touch in between. One generator, one seed.
rng = np.random.default_rng(1)
n_fibers = {fibers.name: fibers.n_fibers for fibers in circuit.fibers}
nociceptors = [Poisson(8.0).draw(DURATION_MS, rng) for _ in range(n_fibers["nociceptors"])]
touch = [
    TOUCH_MS[0] + Poisson(30.0).draw(TOUCH_MS[1] - TOUCH_MS[0], rng)
    for _ in range(n_fibers["touch"])
]
trains = FiberTrains({"nociceptors": tuple(nociceptors), "touch": tuple(touch)})

# 3. Both circuits in one run.
doses = {"healthy": 0.0, "chloride shift": 1.0}
response = simulate_network(
    [apply_states(circuit, {"chloride_shift": dose}) for dose in doses.values()],
    [trains] * len(doses),
    duration_ms=DURATION_MS,
    recording=VoltageRecording(("output",), every_ms=0.25),
)
for row, name in enumerate(doses):
    for cell, spikes in response.spike_times_ms.items():
        rates = [
            f"{spike_rate_hz(spikes[row], *period):6.1f} Hz {when}"
            for when, period in PERIODS_MS.items()
        ]
        print(f"{name:15} {cell:7} {', '.join(rates)}")

# 4. One figure: spikes of the cells and the voltage of the projection cell, for both circuits.
figure = Figure(figsize=(7.0, 5.2), layout="constrained")
axes = figure.subplots(2 * len(doses), 1, sharex=True, height_ratios=[1, 2] * len(doses))
for row, name in enumerate(doses):
    raster, trace = axes[2 * row : 2 * row + 2]
    cells = list(response.spike_times_ms)
    raster.eventplot(
        [response.spike_times_ms[cell][row] for cell in cells],
        colors=["#0072B2", "#D55E00", "#009E73"],
        linewidths=0.7,
    )
    raster.set_yticks(range(len(cells)), labels=cells, fontsize=8)
    raster.set_title(name, loc="left", fontsize=10)
    trace.plot(response.time_ms, response.voltage_mv["output"][row], color="0.2", linewidth=0.5)
    trace.set_ylabel("Output (mV)", fontsize=8)
    for ax in (raster, trace):
        ax.axvspan(*TOUCH_MS, color="0.9", zorder=0)
axes[-1].set_xlabel("Time (ms); touch in gray")
picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=200)
print(f"picture: {picture}")
