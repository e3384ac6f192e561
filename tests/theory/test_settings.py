"""Fast settings against 20 modes in float64: thresholds, trains and carriers stay within what is allowed.

The cases are those that were worst when many were measured; all are in ``docs/accuracy.md``.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

import scsim
from benchmarks.accuracy_cases import SETTINGS, unit_potentials
from benchmarks.accuracy_report import ALLOWED
from scsim.fibers.solver import Scheme, Solver
from scsim.response.drive import Source
from scsim.stimulus import Carrier, PulseShape, PulseTrain, Waveform

FloatArray = npt.NDArray[np.float64]

FIBERS = [
    scsim.Fiber("mrg", 2.0, n_nodes=21),
    scsim.Fiber("mrg", 16.0, n_nodes=21),
    scsim.Fiber("mrg_discrete", 10.0, n_nodes=21),
    scsim.Fiber("mrg_small", 3.0, n_nodes=21),
]
DISTANCES_MM = [0.5, 1.0, 0.5, 0.5]
POTENTIALS = unit_potentials(FIBERS, DISTANCES_MM)
FINE = 1e-5
"""Width of the last bracket: a fiftieth of what is allowed at least."""


def thresholds(
    solver: Solver, waveform: Waveform | PulseShape, window_ms: float = 5.0
) -> FloatArray:
    protocol = scsim.ThresholdProtocol(
        solver=solver, rtol=FINE, window_ms=window_ms, upper_ma=1000.0
    )
    found = scsim.find_thresholds(FIBERS, POTENTIALS, waveform, protocol=protocol).threshold_ma
    assert np.all(np.isfinite(found))
    return found


def with_setting(exact: Solver, name: str) -> Solver:
    modes, precision = SETTINGS[name]
    return replace(exact, modes=modes, precision=precision)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    ("scheme", "dt_us"),
    [
        ("neuron", 20.0),
        ("neuron", 5.0),
        ("neuron", 0.5),
        ("second_order", 20.0),
        ("second_order", 10.0),
        ("second_order", 0.5),
    ],
)
@pytest.mark.parametrize("width_us", [20.0, 300.0])
def test_thresholds_at_long_and_short_steps(
    name: str, scheme: Scheme, dt_us: float, width_us: float
) -> None:
    """Long steps try the gates, short ones what fast modes store and the rounding of slow ones."""
    exact = Solver(scheme=scheme, dt_us=dt_us)
    pulse = scsim.Pulse(width_us, shape="biphasic")
    difference = thresholds(with_setting(exact, name), pulse) / thresholds(exact, pulse) - 1.0
    assert np.abs(difference).max() < ALLOWED[name]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(("scheme", "dt_us"), [("neuron", 5.0), ("second_order", 10.0)])
def test_thresholds_of_a_fast_carrier(name: str, scheme: Scheme, dt_us: float) -> None:
    """What the modes that are not kept store is moved at every step."""
    exact = Solver(scheme=scheme, dt_us=dt_us)
    carrier = Carrier("sine", 10_000.0, onset_ms=0.1, end_ms=2.1)
    found, reference = (
        thresholds(solver, carrier, 6.0) for solver in (with_setting(exact, name), exact)
    )
    assert np.abs(found / reference - 1.0).max() < ALLOWED[name]


PULSE = scsim.Pulse(200.0)
TRAIN = PulseTrain.regular(PULSE, 200.0, duration_ms=100.0, onset_ms=0.1)
TEST_MS = 103.0


@lru_cache
def driven(exact: Solver) -> list[FloatArray]:
    """Potentials at 1.2 times the threshold of one pulse, mV."""
    amplitudes = 1.2 * thresholds(exact, PULSE)
    return [a * v_e for a, v_e in zip(amplitudes, POTENTIALS, strict=True)]


@lru_cache
def spikes(solver: Solver, exact: Solver) -> list[FloatArray]:
    """Spike times of each fiber in the train, ms."""
    response = scsim.simulate(
        FIBERS,
        driven(exact),
        TRAIN,
        amplitude_ma=1.0,
        record_nodes=(),
        spikes_at=(18,),
        solver=solver,
        window_ms=TEST_MS,
    )
    return [times[0] for times in response.spike_times_ms]


@lru_cache
def later(solver: Solver, exact: Solver) -> FloatArray:
    """Threshold of a pulse after the train, relative to that of one alone."""
    found = scsim.find_thresholds(
        FIBERS,
        driven(exact),
        PulseTrain(PULSE, (TEST_MS,)),
        sources=[Source(driven(exact), TRAIN, 1.0)],
        protocol=scsim.ThresholdProtocol(
            solver=solver,
            rtol=1e-4,  # a fifth of what is allowed at least
            window_ms=TEST_MS + 4.0,
            count_from_ms=TEST_MS,
            start_ma=0.9,
            growth=1.2,
        ),
    )
    return found.threshold_ma


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(("scheme", "dt_us"), [("neuron", 5.0), ("second_order", 10.0)])
def test_a_pulse_after_a_long_train(name: str, scheme: Scheme, dt_us: float) -> None:
    """After 100 ms the slow modes (18 ms) hold what a rounding at every step would have falsified."""
    exact = Solver(scheme=scheme, dt_us=dt_us)
    other = with_setting(exact, name)
    assert np.abs(later(other, exact) / later(exact, exact) - 1.0).max() < ALLOWED[name]
    for found, reference in zip(spikes(other, exact), spikes(exact, exact), strict=True):
        assert found.size == reference.size > 0
        # A step is the resolution to which spike times of trains are compared with other software.
        np.testing.assert_allclose(found, reference, atol=exact.dt_ms)
