"""Simulation, thresholds and recruitment: options, messages, bookkeeping."""

import numpy as np
import pytest

from scsim.errors import GeometryError, ModelError, Status, StimulusError
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.response import (
    IntracellularPulse,
    Source,
    ThresholdProtocol,
    crossing_times_ms,
    find_thresholds,
    recruited_mask,
    recruited_share,
    search_thresholds,
    simulate,
)
from scsim.response.threshold import long_fiber_protocol, slowest_mm_per_ms
from scsim.stimulus.carrier import Carrier
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.train import PulseTrain

FIBER = Fiber("mrg", 10.0, n_nodes=21)
PULSE = Pulse(100.0)


def unit(fiber: Fiber = FIBER, distance_mm: float = 1.0) -> np.ndarray:
    z = fiber.compartment_positions_mm()[:, 2]
    return 1e3 / (4 * np.pi * 0.2 * np.hypot(distance_mm, z))[None, :]


def test_threshold_of_one_fiber_prints_well() -> None:
    found = find_thresholds([FIBER], [unit()], PULSE)
    assert found.status[0] == Status.OK
    assert found.lower_ma[0] < found.threshold_ma[0] < found.upper_ma[0]
    assert str(found).startswith("fiber 0: 0.1")


def test_cathode_excites_more_easily_than_anode() -> None:
    cathodic = find_thresholds([FIBER], [unit()], PULSE).threshold_ma[0]
    anodic = find_thresholds([FIBER], [unit()], PULSE, polarity="anodic").threshold_ma[0]
    assert anodic > 2.0 * cathodic


def test_shares_weight_the_contacts() -> None:
    two = np.vstack([unit()[0], unit()[0]])
    one = find_thresholds([FIBER], [unit()], PULSE, rtol=1e-6)
    split = find_thresholds([FIBER], [two], PULSE, shares=[-0.25, -0.75], rtol=1e-6)
    assert split.threshold_ma == pytest.approx(one.threshold_ma, rel=1e-6)


def test_rtol_is_the_width_of_the_bracket() -> None:
    found = find_thresholds([FIBER], [unit()], PULSE, rtol=1e-5)
    assert (found.upper_ma - found.lower_ma) / found.upper_ma < 1e-5


def test_place_of_the_detector_does_not_move_the_threshold() -> None:
    # A spike of a uniform fiber that has left the field arrives everywhere.
    long = Fiber("mrg", 10.0, n_nodes=61)
    near, far = (
        find_thresholds(
            [long], [unit(long)], PULSE, protocol=ThresholdProtocol(detect_fraction=f)
        ).threshold_ma[0]
        for f in (0.65, 0.95)
    )
    assert near == far


def test_intracellular_pulse_makes_a_spike_that_travels() -> None:
    response = simulate(
        [FIBER], None, None, intracellular=IntracellularPulse(1, 2.0, 0.1, 0.1), window_ms=3.0
    )
    times = [crossing_times_ms(response.time_ms, v, -30.0) for v in response.v_m_mv[0][1:]]
    assert all(len(t) == 1 for t in times)
    assert np.all(np.diff([t[0] for t in times]) > 0)
    assert response.v_m_mv[0].shape == (19, 601)
    assert response.nodes[0].tolist() == list(range(1, 20))


def test_amplitude_per_fiber_and_nodes_to_record() -> None:
    response = simulate(
        [FIBER, FIBER],
        [unit(), unit()],
        PULSE,
        amplitude_ma=[0.05, 0.5],
        record_nodes=[10, 18],
        window_ms=2.0,
    )
    assert not np.any(response.v_m_mv[0][1] > -30.0)
    assert np.any(response.v_m_mv[1][1] > -30.0)
    assert [list(n) for n in response.nodes] == [[10, 18], [10, 18]]


def test_more_fibers_than_lanes() -> None:
    response = simulate(
        [FIBER] * 19, [unit()] * 19, PULSE, amplitude_ma=0.5, record_nodes=[10], window_ms=0.5
    )
    assert len(response.v_m_mv) == 19
    assert all(np.array_equal(v, response.v_m_mv[0]) for v in response.v_m_mv)


def test_not_finite_is_a_status() -> None:
    response = simulate([FIBER], [unit()], PULSE, amplitude_ma=np.inf, window_ms=0.5)
    assert response.status[0] == Status.NOT_FINITE


def test_crossings_are_interpolated() -> None:
    time = np.arange(5.0)
    v = np.array([-80.0, -40.0, 0.0, -50.0, -10.0])
    assert crossing_times_ms(time, v, -30.0) == pytest.approx([1.25, 3.5])


def test_recruitment_counts_weights_from_threshold_upward() -> None:
    thresholds = np.array([1.0, 2.0, np.nan, 4.0])
    weight = np.array([0.1, 0.2, 0.3, 0.4])
    assert recruited_mask(thresholds, 2.0).tolist() == [True, True, False, False]
    assert recruited_share(thresholds, weight, 2.0) == pytest.approx(0.3)
    assert np.isnan(recruited_share(thresholds, 0.0 * weight, 2.0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lower_ma": 2.0, "upper_ma": 1.0}, ["upper_ma = 1 mA", "above lower_ma = 2 mA", "100 is usual"]),
        ({"upper_ma": np.inf}, ["upper_ma = inf mA", "finite"]),
        ({"rtol": 1e-17}, ["rtol = 1e-17:", "at least 1e-12 in float64"]),
        ({"rtol": 1e-8, "solver": Solver(precision="float32")}, ["at least 1e-06 in float32"]),
        ({"lower_ma": 1e-14}, ["lower_ma = 1e-14 mA", "at least 1e-6"]),
        ({"growth": 1.0}, ["growth = 1:", "above 1", "1.5"]),
        ({"growth": 1000.0}, ["growth = 1000:", "at most 4"]),
        ({"guess_mv": 0.0}, ["guess_mv = 0 mV", "above 0"]),
        ({"guess_mv": 1e4}, ["guess_mv = 10000 mV", "at most 50"]),
        ({"rtol": 0.0}, ["rtol = 0:", "0.001"]),
        ({"detect_fraction": 50.0}, ["detect_fraction = 50:", "0 to 1"]),
        ({"detect_fraction": np.nan}, ["detect_fraction = nan"]),
        ({"detect_fraction": -0.2}, ["detect_fraction = -0.2"]),
        ({"rest_after_ms": -1.0}, ["rest_after_ms = -1 ms", "0.5"]),
        ({"spike_mv": np.nan}, ["spike_mv = nan mV"]),
        ({"spike_mv": -95.0}, ["spike_mv = -95 mV", "-60"]),
        ({"rest_mv": np.nan}, ["rest_mv = nan mV"]),
        ({"n_spikes": 0}, ["n_spikes = 0:", "spikes are counted, at least 1"]),
        ({"count_from_ms": -1.0}, ["count_from_ms = -1 ms", "0 counts all"]),
        ({"count_from_ms": 5.0}, ["count_from_ms = 5 ms", "below window_ms = 5 ms"]),
        ({"n_spikes": 1.5}, ["n_spikes = 1.5:", "counted"]),
        ({"confirm_at": (np.inf,)}, ["confirm_at = (inf,)", "finite multiples"]),
        ({"outcome": "silences"}, ["outcome = 'silences'", "'fires' or 'blocks'"]),
        ({"start_ma": 200.0}, ["start_ma = 200 mA", "upper_ma = 100 mA", "leave it out"]),
        ({"start_ma": np.nan}, ["start_ma = nan mA"]),
        ({"confirm_at": (1.5, 1.0)}, ["confirm_at = (1.5, 1.0)", "above 1"]),
        ({"confirm_at": (np.nan,)}, ["confirm_at = (nan,)"]),
        ({"window_ms": np.inf}, ["window_ms = inf ms"]),
        ({"onset_ms": -0.1, "rtol": 2.0}, ["onset_ms = -0.1 ms", "rtol = 2:"]),
        ({"detect_fraction": 1.0}, ["node 20, a passive end", "nearer to the middle"]),
        ({"detect_fraction": 0.0}, ["node 0, a passive end"]),
    ],
)  # fmt: skip
def test_protocols_that_cannot_work_are_refused(changes: dict, words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        find_thresholds([FIBER], [unit()], PULSE, protocol=ThresholdProtocol(**changes))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window_ms": 0.2}, ["window_ms = 0.2 ms", "longer window"]),
        ({"solver": Solver(dt_us=30.0)}, ["dt_ms = 0.03 ms", "0.025 ms would fit"]),
        ({"solver": Solver(dt_us=6000.0)}, ["window_ms = 5 ms with dt_us = 6000 µs", "at least one step"]),
    ],
)  # fmt: skip
def test_windows_and_steps_that_do_not_fit_the_pulse_are_refused(
    changes: dict, words: list[str]
) -> None:
    with pytest.raises(StimulusError) as caught:
        find_thresholds([FIBER], [unit()], PULSE, protocol=ThresholdProtocol(**changes))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amplitude_ma": -0.5}, ["-0.5 mA", "a size, above 0", "polarity"]),
        ({"amplitude_ma": np.nan}, ["nan mA"]),
        ({}, ["amplitude_ma not given", "all three"]),
        ({"amplitude_ma": 1.0, "potentials": None}, ["potentials not given"]),
        ({"amplitude_ma": [1.0, 2.0]}, ["2 values for 1 fibers", "one per fiber"]),
        ({"amplitude_ma": 0.0}, ["amplitude_ma = 0 mA", "above 0"]),
        ({"amplitude_ma": [0.0], "potentials": None, "pulse": None}, ["potentials and waveform not given"]),
        ({"amplitude_ma": 1.0, "solver": Solver(dt_us=30.0)}, ["dt_ms = 0.03 ms", "0.025 ms would fit"]),
        ({"amplitude_ma": 1.0, "window_ms": 0.0}, ["window_ms = 0 ms", "at least one step", "5 ms and 5 µs"]),
        ({"amplitude_ma": 1.0, "window_ms": np.nan}, ["window_ms = nan ms"]),
        ({"amplitude_ma": 1.0, "window_ms": 0.15}, ["ends at 0.2 ms", "window_ms = 0.15 ms", "Lengthen"]),
        ({"amplitude_ma": 1.0, "pulse": Carrier("sine", 1000.0, onset_ms=8.0)}, ["zero everywhere"]),
        ({"amplitude_ma": 1.0, "pulse": 3.0}, ["3.0 is no waveform", "Give a Pulse"]),
        ({"amplitude_ma": 1.0, "onsets_ms": ()}, ["no pulse", "at least one onset"]),
        ({"amplitude_ma": 1.0, "window_ms": np.inf}, ["window_ms = inf ms"]),
        ({"amplitude_ma": 1.0, "intracellular": IntracellularPulse(3, 1.0, 0.5, -0.1)}, ["from 0.5 to 0.4 ms", "longer"]),
        ({"amplitude_ma": 1.0, "intracellular": IntracellularPulse(3, 500.0, 0.1, 0.002)}, ["covers no step"]),
    ],
)  # fmt: skip
def test_stimuli_that_would_be_ignored_are_refused(changes: dict, words: list[str]) -> None:
    arguments = {"potentials": [unit()], "pulse": PULSE, **changes}
    with pytest.raises(StimulusError) as caught:
        simulate([FIBER], arguments.pop("potentials"), arguments.pop("pulse"), **arguments)
    for word in words:
        assert word in str(caught.value)


def test_a_window_too_short_is_not_called_no_threshold() -> None:
    for window in (0.3, 0.35, 0.5, 0.8):
        found = find_thresholds(
            [FIBER], [unit()], PULSE, protocol=ThresholdProtocol(window_ms=window)
        )
        assert found.status[0] == Status.NOT_DECIDED, window


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"polarity": "negative"}, ["'negative'", "'cathodic' or 'anodic'"]),
        ({"polarity": "anodic", "shares": [1.0]}, ["signs of the shares", "leave one"]),
        ({"shares": [1.0, -1.0]}, ["2 shares for 1 contacts", "one share per contact"]),
        ({"shares": [0.0]}, ["at least one is not zero", "cathode"]),
        ({"shares": [np.nan]}, ["finite"]),
    ],
)
def test_shares_that_cannot_work_are_refused(changes: dict, words: list[str]) -> None:
    with pytest.raises(StimulusError) as caught:
        find_thresholds([FIBER], [unit()], PULSE, **changes)
    for word in words:
        assert word in str(caught.value)


def test_unit_potential_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(
        GeometryError, match=r"\(1, 220\).*\(n_contacts, 221\); use medium.unit_potential_along"
    ):
        find_thresholds([FIBER], [unit()[:, 1:]], PULSE)
    with pytest.raises(GeometryError, match=r"0 potentials for 1 fibers: give one array per fiber"):
        find_thresholds([FIBER], [], PULSE)
    with pytest.raises(GeometryError, match=r"shape \(220,\).*221 compartments; compute it at"):
        search_thresholds([FIBER], [unit()[0, 1:]], PULSE, ThresholdProtocol())


@pytest.mark.parametrize("node", [0, 20, 25])
def test_current_into_a_passive_or_missing_node_is_refused(node: int) -> None:
    with pytest.raises(
        ModelError, match=rf"node {node} cannot take a current: .*nodes 1 to 19; choose"
    ):
        simulate([FIBER], None, None, intracellular=IntracellularPulse(node, 1.0, 0.1, 0.1))


def test_node_to_record_must_exist() -> None:
    with pytest.raises(ModelError, match=r"node 21 cannot be recorded: .*nodes 1 to 19"):
        simulate([FIBER], None, None, record_nodes=[21])
    for node in (0, 20, 1.5):
        with pytest.raises(ModelError, match=rf"node {node} cannot be recorded"):
            simulate([FIBER], None, None, record_nodes=[node])
    for node in (-1, 0, 20):
        with pytest.raises(
            ModelError, match=rf"node {node} cannot be watched: .*nodes 1 to 19; ch"
        ):
            simulate([FIBER], None, None, spikes_at=[node])


@pytest.mark.parametrize("every", [0, -2, 1.5])
def test_steps_between_samples_are_counted(every: float) -> None:
    with pytest.raises(ModelError, match=rf"every = {every}: .*give 1 for every step"):
        simulate([FIBER], None, None, every=every, window_ms=0.1)


def test_quantitiess_that_do_not_fit_are_refused_before_anything_runs() -> None:
    # 19 nodes of 8 bytes at 2e5 + 1 samples.
    with pytest.raises(ModelError) as caught:
        simulate([FIBER] * 40, None, None, window_ms=1000.0, memory_gb=1.0)
    for word in ("would take 1.22 GB", "memory_gb = 1 GB", "record_nodes", "every", "spikes_at"):
        assert word in str(caught.value)


def test_fewer_samples_are_some_of_all() -> None:
    one, five = (
        simulate([FIBER], [unit()], PULSE, amplitude_ma=0.5, window_ms=1.0, every=every)
        for every in (1, 5)
    )
    assert five.time_ms.size == 41
    assert np.allclose(five.time_ms, one.time_ms[::5], rtol=1e-12)
    assert np.array_equal(five.v_m_mv[0], one.v_m_mv[0][:, ::5])


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_spikes_are_timed_at_every_step_whatever_is_recorded(scheme: str) -> None:
    solver = Solver(scheme=scheme)
    fibers = [FIBER, Fiber("mrg", 6.0, n_nodes=15), FIBER]
    potentials = [unit(fiber) for fiber in fibers]
    arguments = {
        "amplitude_ma": [0.5, 0.9, 0.01], "onsets_ms": (0.1, 2.0), "solver": solver, "window_ms": 4.0,
    }  # fmt: skip
    full = simulate(fibers, potentials, PULSE, record_nodes=(7, 12), **arguments)
    timed = simulate(
        fibers, potentials, PULSE, record_nodes=(), every=100, spikes_at=(12, 7), **arguments
    )
    assert timed.spike_nodes == (12, 7)
    counts = []
    for i in range(3):
        assert timed.v_m_mv[i].shape == (0, 9)
        for k, row in ((0, 1), (1, 0)):
            expected = crossing_times_ms(full.time_ms, full.v_m_mv[i][row], -30.0)
            assert timed.spike_times_ms[i][k] == pytest.approx(expected, abs=1e-12)
            counts.append(expected.size)
    assert counts == [2, 2, 2, 2, 0, 0]
    assert "fiber 0: spikes: 2 at node 12, 2 at node 7" in str(timed)
    assert "response of 3 fibers over" in str(full)


@pytest.mark.parametrize("options", [{}, {"record_nodes": ()}, {"record_nodes": (3,)}])
def test_a_fiber_that_turns_non_finite_is_said_whatever_is_recorded(options: dict) -> None:
    response = simulate(
        [FIBER, FIBER],
        [unit(), unit()],
        PULSE,
        amplitude_ma=[0.1, np.inf],
        window_ms=0.5,
        **options,
    )
    assert response.status.tolist() == [Status.OK, Status.NOT_FINITE]


def test_nothing_happens_where_nothing_acts() -> None:
    response = simulate([FIBER], window_ms=0.2)
    assert np.max(np.abs(response.v_m_mv[0] - response.v_m_mv[0][:, :1])) < 1e-4
    assert response.status[0] == Status.OK


def test_a_fiber_that_nothing_reaches_has_no_threshold() -> None:
    found = find_thresholds([FIBER], [0.0 * unit()], PULSE)
    assert found.status[0] == Status.NO_THRESHOLD_IN_RANGE
    assert np.isnan(found.threshold_ma[0])


def test_no_fibers_give_no_results() -> None:
    assert find_thresholds([], [], PULSE).threshold_ma.size == 0
    assert simulate([], [], PULSE, amplitude_ma=[]).v_m_mv == ()


def test_a_spike_from_an_end_is_told_beside_another_source_too() -> None:
    short = Fiber("mrg_discrete", 10.0, n_nodes=7)
    faint = Source([unit(short)], PulseTrain(PULSE, (4.0,)), 1e-9)
    alone = find_thresholds([short], [unit(short)], PULSE)
    beside = find_thresholds([short], [unit(short)], PULSE, sources=(faint,))
    assert alone.status[0] == beside.status[0] == Status.END_EXCITATION


def test_absurd_voltages_are_no_result() -> None:
    response = simulate([FIBER], [unit()], PULSE, amplitude_ma=1e8, window_ms=0.5)
    assert response.status[0] == Status.NOT_FINITE


def test_each_fiber_may_have_spikes_timed_at_nodes_of_its_own() -> None:
    fibers = [Fiber("mrg", 10.0, n_nodes=21), Fiber("mrg", 14.0, n_nodes=15)]
    potentials = [unit(fiber) for fiber in fibers]
    common = simulate(fibers, potentials, PULSE, amplitude_ma=2.0, spikes_at=(3, 11))
    own = simulate(fibers, potentials, PULSE, amplitude_ma=2.0, spikes_at=[(18, 3), (11,)])
    assert own.spike_nodes == ()
    assert [len(times) for times in own.spike_times_ms] == [2, 1]
    np.testing.assert_array_equal(own.spike_times_ms[0][1], common.spike_times_ms[0][0])
    np.testing.assert_array_equal(own.spike_times_ms[1][0], common.spike_times_ms[1][1])
    assert own.spike_times_ms[0][0].size == 1
    assert "spikes" not in str(own)


@pytest.mark.parametrize("spikes_at", [[(3,)], [(3,), 4, (5,)], [(3,), (4,), (5,)]])
def test_lists_of_nodes_belong_to_the_fibers(spikes_at: list[object]) -> None:
    with pytest.raises(ModelError, match=r"spikes_at has \d lists.* for 2 fibers: give nodes"):
        simulate([FIBER, FIBER], None, None, spikes_at=spikes_at)


@pytest.mark.parametrize(
    ("model", "diameter_um", "velocity_m_per_s"),
    [
        # In NEURON, the slowest of each model among the reference runs (reference/fibers/cv_rest.csv).
        ("mrg", 2.0, 8.31),
        ("mrg_small", 1.5, 3.37),
        ("sweeney", 5.0, 24.8),
        ("rattay", 0.5, 0.442),
        ("sundt", 1.0, 0.492),
        ("schild97", 1.0, 0.286),
        ("tigerholm", 0.8, 0.627),
    ],
)
def test_spikes_are_waited_for_longer_than_they_take(model, diameter_um, velocity_m_per_s):
    slowest = slowest_mm_per_ms(model, diameter_um)
    assert 0.25 * velocity_m_per_s < slowest < velocity_m_per_s
    protocol = long_fiber_protocol(
        Pulse(100.0), diameter_um, length_mm=30.0, active_end_mm=15.0, model=model
    )
    assert protocol.window_ms > 30.0 / velocity_m_per_s
