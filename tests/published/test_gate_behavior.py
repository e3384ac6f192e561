"""What the spiking circuit does as a gate: wind-up, A-fiber inhibition, a volley, the rate of stimulation.

Zhang, Janik & Grill (2014, J Neurophysiol 112:552) built the circuit to show wind-up (as Mendell 1966), inhibition
by A fibers and the silence after a dorsal-column volley (as Foreman et al. 1976), and report that stimulation inhibits
best at middle rates while GABA is intact. Each bar stands beside its source: what the published program gave in NEURON,
or an independent implementation of it with listed input trains. Trains are scsim's own, from the tables of
``data/protocols``, or the listed ones of ``src/scsim/validate/cases/gate``. What the model does beyond this, held or missed,
is in ``docs/circuit_behavior.md``.
"""

from functools import cache

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.protocols import load_protocol, natural_trains
from scsim.circuit.inputs.trains import merge_trains
from scsim.circuit.inputs.volleys import stimulation_trains, tonic_pulses_ms
from scsim.circuit.networks.run_network import simulate_network
from scsim.circuit.readouts.readout import peristimulus_histogram, spike_rate_hz, wind_up_curve
from scsim.circuit.states import apply_states
from scsim.validate.circuit_inputs import read_trains
from scsim.validate.reading import SHIPPED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CIRCUIT = load_circuit("zhang2014")
DISINHIBITED = apply_states(CIRCUIT, {"disinhibited": 1.0})
"""GABA_A weights at 25 %."""

FREQUENCIES_HZ = (0, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200)
CONDITIONS = {
    "intact": (CIRCUIT, 15, 15),
    "gaba25": (DISINHIBITED, 15, 15),
    "local": (CIRCUIT, 15, 0),
    "surround": (CIRCUIT, 0, 15),
}
"""Circuit, and how many local and surround fibers follow each pulse."""

SEEDS = range(12)
RUN_MS = 4500.0
PULSES_MS = tonic_pulses_ms(1.0, from_ms=600.0, to_ms=4200.0)
"""One volley per second, as in the published program."""

SILENT_SHARE = 3 / (17 * 0.050 * 61.2)
"""The reference has no spike in 50 ms after 17 volleys at a control rate of 61.2 Hz, where 52 are expected: with 95 %
confidence the true share is then below 3 / 52 (rule of three)."""


# wind-up


@cache
def _wind_up() -> np.ndarray:
    trains = natural_trains(CIRCUIT.fibers, "wind_up", duration_ms=21_000.0, seed=0)
    response = simulate_network([CIRCUIT], [trains], duration_ms=21_000.0)
    volleys_ms = 1000.0 * np.arange(1, 21)
    return wind_up_curve(response.spike_times_ms["wdr"][0], volleys_ms).late_counts


def test_wind_up_ratio() -> None:
    """Published program in NEURON: 13 late spikes after the first of 20 volleys, 32 after the last, 2.46."""
    assert 2.4 <= _wind_up()[-1] / _wind_up()[0] <= 2.5


def test_wind_up_rises_and_settles() -> None:
    """Published program: 32 spikes from the 17th volley on."""
    assert (np.diff(_wind_up()) >= 0).all()
    assert set(_wind_up()[16:]) == {32}


# inhibition by A fibers


@cache
def _a_fiber_test() -> tuple[np.ndarray, tuple[float, ...]]:
    """Give the spikes of the projection neuron and the delay of the conditioning volley in each cycle."""
    trains = natural_trains(CIRCUIT.fibers, "a_fiber_test", duration_ms=25_000.0, seed=0)
    response = simulate_network([CIRCUIT], [trains], duration_ms=25_000.0)
    volleys = load_protocol("a_fiber_test").volleys
    assert volleys is not None
    return response.spike_times_ms["wdr"][0], volleys.conditioning_delay_ms


def _after_conditioning(cycle: int, delay_ms: float) -> np.ndarray:
    spikes_ms, _ = _a_fiber_test()
    return spikes_ms - (1000.0 + 2000.0 * cycle + delay_ms)


def _score(after_ms: np.ndarray) -> int:
    """Count as the published program's analysis does: 35 to 95 ms after the volley."""
    return int(np.count_nonzero((after_ms > 35.0) & (after_ms <= 95.0)))


EARLY_DELAYS_MS = (120.0, 110.0, 100.0, 80.0, 60.0)
"""The C-driven discharge lasts from about 100 to 250 ms after the test volley. After these delays it goes on for long
enough to end the pause; after 130 ms and more it is nearly over, and the pause is longer."""


@pytest.mark.parametrize("delay_ms", [150.0, 140.0, 130.0, *EARLY_DELAYS_MS])
def test_a_fiber_volley_interrupts_the_late_discharge(delay_ms: float) -> None:
    """Independent implementation: 0 to 2 spikes from 35 to 95 ms after the volley, 3 to 5 without it."""
    cycle = _a_fiber_test()[1].index(delay_ms)
    assert _score(_after_conditioning(cycle, delay_ms)) <= 2
    assert 3 <= _score(_after_conditioning(11, delay_ms)) <= 5


def test_pause_after_an_a_fiber_volley() -> None:
    """Independent implementation: a burst, then a pause of about 40 to 50 ms."""
    pauses_ms = []
    for delay_ms in EARLY_DELAYS_MS:
        after_ms = _after_conditioning(_a_fiber_test()[1].index(delay_ms), delay_ms)
        after_ms = after_ms[after_ms > 0]
        burst = np.count_nonzero(after_ms < 30.0)
        assert 3 <= burst <= 5
        pauses_ms.append(after_ms[burst] - after_ms[burst - 1])
    assert all(40.0 <= pause <= 50.0 for pause in pauses_ms), pauses_ms


# a single volley during ongoing input


@cache
def _volley_shares() -> dict[str, np.ndarray]:
    """Give the discharge in 10 ms bins from the volley on, as a share of that in the 100 ms before it."""
    circuits, trains = [], []
    for n_local in (15, 0):
        volleys = stimulation_trains(CIRCUIT.fibers, PULSES_MS, n_local=n_local, n_surround=15)
        for seed in SEEDS:
            ongoing = natural_trains(CIRCUIT.fibers, "ongoing", duration_ms=RUN_MS, seed=seed)
            circuits.append(CIRCUIT)
            trains.append(merge_trains(ongoing, volleys))
    response = simulate_network(circuits, trains, duration_ms=RUN_MS)
    counts = np.array(
        [
            peristimulus_histogram(spikes_ms, PULSES_MS, to_ms=300.0).counts
            for spikes_ms in response.spike_times_ms["wdr"]
        ]
    )
    both, surround = counts[: len(SEEDS)].sum(axis=0), counts[len(SEEDS) :].sum(axis=0)
    return {
        "both": both[10:] / both[:10].mean(),
        "surround": surround[10:] / surround[:10].mean(),
    }


@pytest.mark.parametrize("kind", ["both", "surround"])
def test_volley_silences_the_projection_neuron(kind: str) -> None:
    """Independent implementation, input lists of the published program: no spike from 10 to 60 ms after the volley.

    Those lists are not at hand. With trains of their mean and spread the share that is left is within what their zero
    allows in runs of 4.5 s. In runs of 20 s, in which the drive grows, 6 to 8 % are left, all of it from 40 ms on: see
    ``docs/circuit_behavior.md``, where these rows are missed.
    """
    share = _volley_shares()[kind]
    assert share[1:4].mean() < SILENT_SHARE
    assert share[1:6].mean() < SILENT_SHARE


def test_only_local_fibers_are_answered_at_once() -> None:
    """Table of connections: local A-beta fibers excite the projection neuron, those of the surround do not reach it."""
    assert _volley_shares()["both"][0] > 1.5
    assert _volley_shares()["surround"][0] < 1.0


def test_discharge_comes_back_after_a_volley() -> None:
    """Foreman et al. 1976: recovered after 30 to 100 ms; independent implementation: about 100 % from 70 to 80 ms on."""
    assert _volley_shares()["surround"][10:].mean() > 0.8


# rate of stimulation


@cache
def _rates_hz() -> dict[str, np.ndarray]:
    """Give the rate of the projection neuron in 1.5 to 4.5 s by rate of stimulation, for each condition."""
    listed = read_trains(SHIPPED / "gate" / "sweep_inputs_seed0.csv", CIRCUIT)
    circuits, trains = [], []
    for circuit, n_local, n_surround in CONDITIONS.values():
        for frequency_hz in FREQUENCIES_HZ:
            pulses_ms = tonic_pulses_ms(frequency_hz, from_ms=500.0, to_ms=RUN_MS)
            volleys = stimulation_trains(
                CIRCUIT.fibers, pulses_ms, n_local=n_local, n_surround=n_surround
            )
            circuits.append(circuit)
            trains.append(merge_trains(listed, volleys))
    response = simulate_network(circuits, trains, duration_ms=RUN_MS)
    rates = np.array(
        [spike_rate_hz(spikes, 1500.0, RUN_MS) for spikes in response.spike_times_ms["wdr"]]
    )
    return dict(zip(CONDITIONS, rates.reshape(len(CONDITIONS), -1), strict=True))


def test_best_rate_of_stimulation_when_intact() -> None:
    """Independent implementation: 61 Hz without stimulation, 20 to 30 Hz from 10 to 60 Hz, above control from 100 Hz."""
    rate_hz = _rates_hz()["intact"]
    assert 20 <= FREQUENCIES_HZ[int(np.argmin(rate_hz))] <= 60
    assert rate_hz.min() < 0.5 * rate_hz[0]
    assert rate_hz[FREQUENCIES_HZ.index(100)] > rate_hz[0]


def test_benefit_is_lost_with_a_quarter_of_gaba() -> None:
    """Independent implementation: at best 19 % below the rate without stimulation, which is itself doubled."""
    rate_hz = _rates_hz()["gaba25"]
    assert rate_hz.min() >= 0.8 * rate_hz[0]
    assert rate_hz[0] > 1.5 * _rates_hz()["intact"][0]


def test_local_fibers_alone_never_help() -> None:
    """Independent implementation: the rate rises without a dip."""
    rate_hz = _rates_hz()["local"]
    assert (rate_hz >= rate_hz[0]).all()


def test_surround_fibers_alone_silence_from_20_hz_up() -> None:
    """Independent implementation: 0 Hz from 20 to 30 Hz up to 200 Hz, no upper limit."""
    rate_hz = _rates_hz()["surround"]
    assert (rate_hz[FREQUENCIES_HZ.index(20) :] <= 1.0).all()
