"""Conduction velocity: the straight line, what is refused, and real fibers."""

import numpy as np
import pytest

from scsim.errors import ModelError, Status
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.response.drive import IntracellularPulse
from scsim.response.simulate import crossing_times_ms, simulate
from scsim.response.velocity import measure_velocity, velocity_m_per_s

FIBER = Fiber("mrg", 10.0, n_nodes=41)


def test_two_places_give_distance_over_time() -> None:
    assert velocity_m_per_s([10.0, 31.0], [0.4, 0.82]) == pytest.approx((50.0, 0.0), abs=1e-12)


def test_a_line_through_many_places_is_exact_on_a_line() -> None:
    place = np.array([0.0, 1.0, 2.5, 7.0])
    velocity, unevenness = velocity_m_per_s(place, 0.3 + place / 12.5)
    assert velocity == pytest.approx(12.5, rel=1e-12)
    assert unevenness < 1e-14


def test_unevenness_is_the_largest_deviation_from_the_line() -> None:
    # A time that is off by ε at the middle of three: the line is moved by ε/3, its slope is not.
    velocity, unevenness = velocity_m_per_s([0.0, 1.0, 2.0], [0.0, 0.1 + 0.03, 0.2])
    assert velocity == pytest.approx(10.0, rel=1e-12)
    assert unevenness == pytest.approx(0.02, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0], [1.0]), ["1 places with 1 times", "at least two"]),
        (([1.0, 2.0], [1.0]), ["2 places with 1 times", "give both"]),
        (([1.0, 2.0, 3.0], [0.1, np.nan, np.nan]), ["no spike passed place 1, 2", "use places that it reached"]),
        (([2.0, 1.0], [0.2, 0.2]), ["places are finite and rise", "sort them", "does not pass the places in order", "one side"]),
    ],
)  # fmt: skip
def test_times_that_are_no_passage_are_refused(arguments: tuple, words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        velocity_m_per_s(*arguments)
    for word in words:
        assert word in str(caught.value)


def test_default_nodes_and_all_nodes_agree_in_a_uniform_fiber() -> None:
    two = measure_velocity([FIBER])
    all_nodes = measure_velocity([FIBER], nodes=range(10, 31))
    assert two.nodes[0].tolist() == [10, 30]
    assert two.status[0] == Status.OK
    # Times are interpolated within a step of 5 µs; 0.46 ms pass between the nodes.
    assert all_nodes.velocity_m_per_s == pytest.approx(two.velocity_m_per_s, rel=0.005)
    assert all_nodes.unevenness_ms[0] < 0.005
    assert two.unevenness_ms[0] < 1e-12
    assert "m/s between nodes 10 and 30" in str(two)


def test_velocity_does_not_depend_on_the_current() -> None:
    weak, strong = (
        measure_velocity(
            [FIBER], intracellular=IntracellularPulse(1, na, 0.1, 0.1), window_ms=3.0
        ).velocity_m_per_s[0]
        for na in (1.5, 6.0)
    )
    assert weak == pytest.approx(strong, rel=1e-3)


def test_away_from_the_ends_the_pace_is_even() -> None:
    found = measure_velocity([FIBER], nodes=range(5, 36), solver=Solver(dt_us=1.0))
    pace = np.diff(found.spike_times_ms[0])
    # 1.3 % of the pace, and a share of a step of 1 µs for the interpolation of either time.
    assert np.ptp(pace) < 0.013 * pace.mean() + 0.5e-3


def test_near_the_ends_spikes_are_faster_and_such_nodes_are_refused() -> None:
    pulse = IntracellularPulse(1, 2.0, 0.1, 0.1)
    response = simulate([FIBER], intracellular=pulse, record_nodes=[19, 20, 38, 39], window_ms=3.0)
    times = [crossing_times_ms(response.time_ms, v, -30.0)[0] for v in response.v_m_mv[0]]
    assert times[3] - times[2] < 0.9 * (times[1] - times[0])
    with pytest.raises(
        ModelError, match=r"node 4, 36 of 41: too near an end.*choose nodes 5 to 35, or lengthen"
    ):
        measure_velocity([FIBER], nodes=[4, 36])


def test_fibers_of_all_sizes_are_measured_together() -> None:
    fibers = [Fiber("mrg", d, n_nodes=n) for d, n in ((2.0, 31), (10.0, 41), (16.0, 31))]
    found = measure_velocity(fibers)
    assert np.all(found.status == Status.OK)
    assert np.all(np.diff(found.velocity_m_per_s) > 0.0)
    alone = measure_velocity(fibers[1:2])
    assert alone.velocity_m_per_s[0] == found.velocity_m_per_s[1]


def test_halving_the_step_raises_the_velocity() -> None:
    # NEURON's scheme is first order; the reference runs rise from 51.340 m/s at 5 µs to 55.179 m/s at 1 µs.
    coarse, fine = (
        measure_velocity([FIBER], solver=Solver(dt_us=dt), window_ms=3.0).velocity_m_per_s[0]
        for dt in (5.0, 2.5)
    )
    assert 1.02 < fine / coarse < 1.08


def test_no_spike_is_a_status() -> None:
    found = measure_velocity([FIBER], intracellular=IntracellularPulse(1, 0.01, 0.1, 0.1))
    assert found.status[0] == Status.NO_SPIKE
    assert np.isnan(found.velocity_m_per_s[0])
    assert np.isnan(found.spike_times_ms[0]).all()
    assert "fiber 0: no_spike: " in str(found)
    short = measure_velocity([FIBER], window_ms=0.5)
    assert short.status[0] == Status.NO_SPIKE


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([20], ["1 nodes", "at least two"]),
        ([10.5, 20.7], ["nodes = [10.5, 20.7]", "give whole numbers"]),
        ([10, np.nan], ["nodes = [10.0, nan]", "give whole numbers"]),
        ([10, np.inf], ["nodes = [10.0, inf]", "give whole numbers"]),
        (["a", "b"], ["nodes = ['a', 'b']", "give numbers"]),
        ([30, 10], ["nodes = [30, 10]", "sort them"]),
        ([1, 1, 40], ["nodes = [1, 1, 40]", "node 1, 1, 40 of 41", "lengthen the fiber", "does not lie beyond node 1"]),
    ],
)  # fmt: skip
def test_nodes_that_cannot_be_timed_are_refused(nodes: list[int], words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        measure_velocity([FIBER], nodes=nodes)
    for word in words:
        assert word in str(caught.value)


def test_nodes_before_the_current_are_refused() -> None:
    with pytest.raises(
        ModelError, match="node 10 does not lie beyond node 15, where the spike starts; choose"
    ):
        measure_velocity([FIBER], intracellular=IntracellularPulse(15, 2.0, 0.1, 0.1))


def test_a_fiber_without_two_nodes_clear_of_its_ends_is_refused() -> None:
    with pytest.raises(
        ModelError,
        match=r"of 9 nodes has no two of them clear .*at least 12 nodes, or 21 for the default",
    ):
        measure_velocity([Fiber("mrg", 10.0, n_nodes=9)])
    # 21 nodes are enough for the default nodes.
    enough = measure_velocity([Fiber("mrg", 10.0, n_nodes=21)])
    assert enough.nodes[0].tolist() == [5, 15]
    assert enough.status[0] == Status.OK


def test_settings_that_time_no_spike_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        measure_velocity([FIBER], spike_mv=np.nan, intracellular=2.0)
    for word in (
        "spike_mv = nan mV",
        "between -60 and 20; use -30",
        "intracellular = 2.0",
        "give one IntracellularPulse",
    ):
        assert word in str(caught.value)
