"""The integrate-and-fire kernel: compiled = plain Python = reference; order, refractory time, borders."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scsim.kernels import integrate_fire
from scsim.kernels.integrate_fire import LOST, CellConstants, run_cell
from tests.reference.integrate_fire import Event
from tests.reference.integrate_fire import run_cell as run_cell_plainly

CONSTANTS = CellConstants(
    start_mv=-65.0,
    rest_mv=-85.0,
    threshold_mv=-51.0,
    refractory_ms=0.1,
    capacitance_pf=50.0,
    tau_synapse_ms=3.0,
    constant_pa=0.0,
    afferent_pa=120.0,
    inhibition_pa=-80.0,
    noise_pa=1.0,
)
TAU_MS = (14.1363, 8.6923, 16.5326)


def run(
    afferent_ms: NDArray[np.float64],
    inhibition_ms: NDArray[np.float64],
    noise_ms: NDArray[np.float64],
    constants: CellConstants = CONSTANTS,
    *,
    tau_ms: float = TAU_MS[0],
    is_compiled: bool = True,
) -> list[float]:
    """Spike times, ms."""
    spike_ms = np.empty(afferent_ms.size + inhibition_ms.size + noise_ms.size)
    function = run_cell if is_compiled else getattr(run_cell, "py_func", run_cell)
    count = function(constants, tau_ms, afferent_ms, inhibition_ms, noise_ms, spike_ms)
    assert count != LOST
    return spike_ms[:count].tolist()


def drawn(seed: int, n: int, end_ms: float) -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).uniform(0, end_ms, n))


def busy(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Inputs of 300 ms with every kind of event."""
    return drawn(seed, 200, 300.0), drawn(seed + 1, 40, 300.0), drawn(seed + 2, 3000, 300.0)


@pytest.mark.parametrize("tau_ms", TAU_MS)
def test_agrees_with_the_reference_spike_by_spike(tau_ms: float) -> None:
    inputs = busy(1)
    events: list[Event] = [
        (time, rank, weight)
        for rank, weight in enumerate((120.0, -80.0, 1.0))
        for time in inputs[rank].tolist()
    ]
    expected = run_cell_plainly(events, tau_ms=tau_ms)
    assert len(expected) > 5
    assert run(*inputs, tau_ms=tau_ms) == expected


def test_compiled_agrees_with_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = run(*busy(5))
    helper = integrate_fire.time_or_never
    monkeypatch.setattr(integrate_fire, "time_or_never", getattr(helper, "py_func", helper))
    assert run(*busy(5), is_compiled=False) == compiled
    assert len(compiled) > 5


NONE = np.empty(0)


def test_events_in_the_refractory_time_are_lost() -> None:
    # A cell that fires at 1 ms and at every later event that it takes.
    strong = CONSTANTS._replace(afferent_pa=1e5)
    for later, expected in (
        ([1.05], [1.0]),
        ([1.05, 1.0999], [1.0]),
        ([1.3], [1.0, 1.3]),
    ):
        assert run(np.array([1.0, *later]), NONE, NONE, strong) == expected


def test_the_end_of_the_refractory_time_comes_first() -> None:
    # An event exactly at the end is taken: no time has passed, so it adds current only, and the next
    # one finds it: i = 2000 pA at the spike, 4000 at the end, then 4000 (1 - 0.1/3) + 2000, so that
    # m = -85 + 0.1 i / 50 = -73.3 mV. Lost, it would leave -77.1 mV.
    constants = CONSTANTS._replace(afferent_pa=2000.0, threshold_mv=-74.0)
    end_ms = 1.0 + CONSTANTS.refractory_ms
    assert run(np.array([1.0, end_ms, 1.2]), NONE, NONE, constants) == [1.0, 1.2]
    assert run(np.array([1.0, 1.2]), NONE, NONE, constants) == [1.0]


def test_kinds_of_the_same_time_have_an_order() -> None:
    # m = -65 + (-20/14.1363 + 400/50) 5 = -32 mV by the afferent alone; inhibition first would leave
    # no current at all, noise first more than there is in the end.
    moment = np.array([5.0])
    constants = CONSTANTS._replace(afferent_pa=400.0, inhibition_pa=-400.0, noise_pa=400.0)
    assert run(moment, moment, NONE, constants) == [5.0]
    assert run(NONE, moment, moment, constants) == []
    assert run(NONE, NONE, moment, constants) == [5.0]


def test_no_event_no_spike() -> None:
    assert run(NONE, NONE, NONE) == []


@pytest.mark.parametrize("weight", [1e300, np.nan], ids=["huge", "nan"])
def test_a_step_that_leaves_the_numbers_is_told(weight: float) -> None:
    constants = CONSTANTS._replace(noise_pa=weight)
    events = drawn(1, 5, 100.0)
    assert run_cell(constants, TAU_MS[0], NONE, NONE, events, np.empty(5)) == LOST
