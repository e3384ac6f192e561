"""The integrate-and-fire kernel: compiled = plain Python = reference; order, refractory time, borders."""

import inspect

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from scsim.kernels import integrate_fire
from scsim.kernels.integrate_fire import CellConstants, run_cells
from tests.reference.integrate_fire import Event, run_cell

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
TAU_MS = np.array([14.1363, 8.6923, 16.5326])


def run(
    afferent_ms: NDArray[np.float64],
    inhibition_ms: NDArray[np.float64],
    noise: list[NDArray[np.float64]],
    constants: CellConstants = CONSTANTS,
    *,
    is_compiled: bool = True,
) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
    """Spike times per cell, and whether each cell stayed finite."""
    tau_ms = TAU_MS[: len(noise)]
    start = np.concatenate([[0], np.cumsum([n.size for n in noise])]).astype(np.int64)
    most = afferent_ms.size + inhibition_ms.size + max(n.size for n in noise)
    spike_ms = np.empty((len(noise), most))
    n_spikes = np.zeros(len(noise), dtype=np.int64)
    is_finite = np.ones(len(noise), dtype=np.bool_)
    function = run_cells if is_compiled else getattr(run_cells, "py_func", run_cells)
    function(
        constants,
        tau_ms,
        afferent_ms,
        inhibition_ms,
        np.concatenate(noise),
        start,
        spike_ms,
        n_spikes,
        is_finite,
    )
    return [row[:count] for row, count in zip(spike_ms, n_spikes, strict=True)], is_finite


def drawn(seed: int, n: int, end_ms: float) -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).uniform(0, end_ms, n))


def busy() -> tuple[NDArray[np.float64], NDArray[np.float64], list[NDArray[np.float64]]]:
    """Inputs of 300 ms with every kind of event."""
    return drawn(1, 200, 300.0), drawn(2, 40, 300.0), [drawn(3 + k, 3000, 300.0) for k in range(3)]


def test_agrees_with_the_reference_spike_by_spike() -> None:
    afferent, inhibition, noise = busy()
    spikes, is_finite = run(afferent, inhibition, noise)
    assert is_finite.all()
    for cell, tau in enumerate(TAU_MS):
        events: list[Event] = [
            *((t, 0, 120.0) for t in afferent),
            *((t, 1, -80.0) for t in inhibition),
            *((t, 2, 1.0) for t in noise[cell]),
        ]
        expected = run_cell(events, tau_ms=float(tau))
        assert len(expected) > 5
        np.testing.assert_array_equal(spikes[cell], expected)


def test_compiled_agrees_with_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, _ = run(*busy())
    helper = integrate_fire.time_or_never
    monkeypatch.setattr(integrate_fire, "time_or_never", getattr(helper, "py_func", helper))
    plain, _ = run(*busy(), is_compiled=False)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_cell_does_not_depend_on_its_neighbors() -> None:
    afferent, inhibition, noise = busy()
    together, _ = run(afferent, inhibition, noise)
    alone, _ = run(afferent, inhibition, noise[:1])
    np.testing.assert_array_equal(alone[0], together[0])


def one_spike(later_ms: list[float]) -> list[float]:
    """A cell that fires at 1 ms and at every later event of its afferents that it takes."""
    strong = CONSTANTS._replace(afferent_pa=1e5)
    spikes, _ = run(np.array([1.0, *later_ms]), np.empty(0), [np.empty(0)], strong)
    return spikes[0].tolist()


def test_events_in_the_refractory_time_are_lost() -> None:
    assert one_spike([1.05]) == [1.0]
    assert one_spike([1.05, 1.0999]) == [1.0]
    assert one_spike([1.3]) == [1.0, 1.3]


def test_the_end_of_the_refractory_time_comes_first() -> None:
    # An event exactly at the end is taken: nothing has passed, so it adds current only, and the
    # next event finds it. Lost, the current of the first spike would be all that is left.
    weak = CONSTANTS._replace(afferent_pa=2000.0)
    end_ms = 1.0 + CONSTANTS.refractory_ms
    with_it, _ = run(np.array([1.0, end_ms, 1.2]), np.empty(0), [np.empty(0)], weak)
    # i = 2000, at the end 4000, then 4000 (1 - 0.1/3) + 2000 pA: m = -85 + 0.1 i / 50 = -73.3 mV.
    assert with_it[0].tolist() == [1.0]
    lower = weak._replace(threshold_mv=-73.5)
    with_it, _ = run(np.array([1.0, end_ms, 1.2]), np.empty(0), [np.empty(0)], lower)
    without, _ = run(np.array([1.0, 1.2]), np.empty(0), [np.empty(0)], lower)
    assert with_it[0].tolist() == [1.0, 1.2]
    assert without[0].tolist() == [1.0]


def test_afferents_come_before_inhibition_of_the_same_time() -> None:
    # 120 pA for 5 ms would not fire the cell after -80 pA has been subtracted first.
    moments = np.array([5.0])
    constants = CONSTANTS._replace(afferent_pa=400.0, inhibition_pa=-400.0)
    spikes, _ = run(moments, moments, [np.empty(0)], constants)
    # m = -65 + (-20/14.1363 + 400/50) 5 = -32 mV by the afferent alone.
    assert spikes[0].tolist() == [5.0]


def test_no_event_no_spike() -> None:
    spikes, is_finite = run(np.empty(0), np.empty(0), [np.empty(0), np.empty(0)])
    assert [s.size for s in spikes] == [0, 0]
    assert is_finite.all()


def test_a_step_that_leaves_the_numbers_is_told() -> None:
    huge = CONSTANTS._replace(noise_pa=1e308, capacitance_pf=1e-3)
    spikes, is_finite = run(np.empty(0), np.empty(0), [drawn(1, 5, 1e3), np.empty(0)], huge)
    assert is_finite.tolist() == [False, True]
    assert spikes[1].size == 0


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="compilation is switched off")
def test_the_helper_is_absorbed() -> None:
    assert integrate_fire.time_or_never.targetoptions["forceinline"]
    assert "np.inf" in inspect.getsource(integrate_fire.time_or_never.py_func)
