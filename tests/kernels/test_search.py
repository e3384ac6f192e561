"""The threshold search with its compiled trials against a plain loop over simulations."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.errors import Status
from scsim.fibers import Fiber
from scsim.fibers.assemble import lanes_of
from scsim.fibers.solver import Solver
from scsim.kernels import cables
from scsim.response import (
    IntracellularPulse,
    Source,
    ThresholdProtocol,
    crossing_times_ms,
    search_thresholds,
    simulate,
    threshold,
)
from scsim.response import search as walks
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.train import PulseTrain

PULSE = Pulse(100.0)
FIBER = Fiber("mrg", 10.0, n_nodes=21)
SETTINGS = {
    "20 modes, float64": Solver(),
    "12 modes, float64": Solver(modes=12),
    "20 modes, float32": Solver(precision="float32"),
    "12 modes, float32": Solver(modes=12, precision="float32"),
    "second order": Solver(scheme="second_order", dt_us=10.0),
}
every_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))


def potential(fiber: Fiber, distance_mm: float, sigma: float = 0.2) -> np.ndarray:
    z = fiber.compartment_positions_mm()[:, 2]
    return -1e3 / (4 * np.pi * sigma * np.hypot(distance_mm, z))


def spikes_ms(
    fiber: Fiber,
    v_e: np.ndarray,
    amplitude: float,
    protocol: ThresholdProtocol,
    waveform=PULSE,
    **others,
) -> np.ndarray:
    """One trial without early stop: the spikes at the detector within the window."""
    response = simulate(
        [fiber], [v_e[None, :]], waveform, amplitude_ma=amplitude, shares=[1.0],
        onsets_ms=[protocol.onset_ms], solver=protocol.solver, window_ms=protocol.window_ms,
        record_nodes=[int(protocol.detect_fraction * (fiber.node_count - 1))], **others,
    )  # fmt: skip
    return crossing_times_ms(response.time_ms, response.v_m_mv[0][0], protocol.spike_mv)


def succeeds(
    fiber: Fiber, v_e: np.ndarray, amplitude: float, protocol: ThresholdProtocol, **others
) -> bool:
    times = spikes_ms(fiber, v_e, amplitude, protocol, **others)
    enough = np.count_nonzero(times >= protocol.count_from_ms) >= protocol.n_spikes
    return bool(enough) == (protocol.outcome == "fires")


def first_amplitude(fiber: Fiber, v_e: np.ndarray, protocol: ThresholdProtocol) -> float:
    """Predict the threshold from the largest depolarization by a tiny pulse, looked at every 4 steps."""
    dt_us = protocol.solver.dt_us
    end = round((1e3 * protocol.onset_ms + 100.0) / dt_us)
    tiny = simulate(
        [fiber], [v_e[None, :]], PULSE, amplitude_ma=protocol.lower_ma, shares=[1.0],
        onsets_ms=[protocol.onset_ms], solver=protocol.solver, window_ms=protocol.onset_ms + 0.2,
    )  # fmt: skip
    v = tiny.v_m_mv[0][:, [*range(1, end + 1, 4), end]]
    return protocol.guess_mv * protocol.lower_ma / np.max(v - tiny.v_m_mv[0][:, :1])


def plain_bracket(
    fiber: Fiber, v_e: np.ndarray, amplitude: float, protocol: ThresholdProtocol, **others
) -> tuple[float, float]:
    """Growth, then bisection, one simulation after the other."""
    low, high = 0.0, np.inf
    while low == 0.0 or high == np.inf:
        if succeeds(fiber, v_e, amplitude, protocol, **others):
            high, amplitude = amplitude, amplitude / protocol.growth
        else:
            low, amplitude = amplitude, amplitude * protocol.growth
    while high - low >= protocol.rtol * high:
        middle = 0.5 * (low + high)
        if succeeds(fiber, v_e, middle, protocol, **others):
            high = middle
        else:
            low = middle
    return low, high


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_bracket_equals_that_of_a_plain_loop(scheme: str) -> None:
    protocol = ThresholdProtocol(solver=Solver(scheme=scheme), rtol=1e-3)
    fibers = [Fiber("mrg", d, n_nodes=21) for d in (4.0, 10.0, 16.0)]
    potentials = [potential(fiber, 1.0) for fiber in fibers]
    found = search_thresholds(fibers, potentials, PULSE, protocol)
    for i, (fiber, v_e) in enumerate(zip(fibers, potentials, strict=True)):
        first = first_amplitude(fiber, v_e, protocol)
        low, high = plain_bracket(fiber, v_e, first, protocol)
        # The prediction comes from a rise of 1e-3 mV over 80 mV, so it has 1e-10 of rounding.
        assert (found.lower_ma[i], found.upper_ma[i]) == pytest.approx((low, high), rel=1e-9)
        assert first / 3 < found.upper_ma[i] < first * 3


TWO = PulseTrain(PULSE, (0.1, 1.4))
PLATEAU = PulseTrain(Pulse(4800.0), (0.1,))
"""Starts a spike or more and holds the fiber depolarized after that, which blocks."""

TEST_SPIKE = IntracellularPulse(1, 2.0, 2.6, 0.1)
CONDITIONING = Source(
    [-potential(FIBER, 1.0)[None, :]], PulseTrain(PULSE, (0.1,)), 0.1, (1.0,), "cathodic"
)


@pytest.mark.parametrize(
    ("changes", "waveform", "others"),
    [
        ({"start_ma": 0.05}, PULSE, {}),
        ({"start_ma": 0.9, "growth": 3.0}, PULSE, {}),
        ({"n_spikes": 2, "start_ma": 0.2}, TWO, {}),
        ({"count_from_ms": 1.3, "start_ma": 0.2}, TWO, {}),
        ({"onset_ms": 0.3, "start_ma": 0.2}, PULSE, {"sources": (CONDITIONING,)}),
        ({"outcome": "blocks", "count_from_ms": 2.5, "start_ma": 0.1}, PLATEAU, {"intracellular": (TEST_SPIKE,)}),
    ],
    ids=["start low", "start high", "two spikes", "second pulse", "conditioned", "blocks"],
)  # fmt: skip
def test_rules_of_a_trial_are_those_of_a_plain_loop(changes, waveform, others) -> None:
    protocol = ThresholdProtocol(rtol=1e-2, **changes)
    v_e = potential(FIBER, 1.0)
    found = search_thresholds([FIBER], [v_e], waveform, protocol, **others)
    bracket = plain_bracket(FIBER, v_e, protocol.start_ma, protocol, waveform=waveform, **others)
    assert found.status[0] == Status.OK
    assert (found.lower_ma[0], found.upper_ma[0]) == bracket


def test_what_acts_beside_the_field_searched_moves_its_threshold() -> None:
    v_e, late = potential(FIBER, 1.0), ThresholdProtocol(onset_ms=0.3)
    alone = search_thresholds([FIBER], [v_e], PULSE, late)
    conditioned = search_thresholds([FIBER], [v_e], PULSE, late, sources=(CONDITIONING,))
    assert conditioned.threshold_ma[0] > 1.02 * alone.threshold_ma[0]


def test_a_fiber_that_fires_whatever_is_searched_has_no_threshold() -> None:
    fires = IntracellularPulse(1, 2.0, 0.1, 0.1)
    found = search_thresholds(
        [FIBER], [potential(FIBER, 1.0)], PULSE, ThresholdProtocol(), intracellular=(fires,)
    )
    assert found.status[0] == Status.ACTIVE_AT_LOWER_BOUND
    assert np.isnan(found.threshold_ma[0])


def test_more_spikes_and_later_ones_need_more() -> None:
    v_e = potential(FIBER, 1.0)
    first = search_thresholds([FIBER], [v_e], TWO, ThresholdProtocol())
    both = search_thresholds([FIBER], [v_e], TWO, ThresholdProtocol(n_spikes=2))
    second = search_thresholds([FIBER], [v_e], TWO, ThresholdProtocol(count_from_ms=1.4))
    assert first.status[0] == both.status[0] == second.status[0] == Status.OK
    # The second pulse falls into the relative refractory period of a spike, but not of a silent fiber.
    assert both.threshold_ma[0] > 1.01 * first.threshold_ma[0]
    assert second.threshold_ma[0] == pytest.approx(both.threshold_ma[0], rel=2e-3)


@every_setting
def test_results_do_not_depend_on_the_neighbors(setting: Solver) -> None:
    n = lanes_of(setting) + 4
    fibers = [
        Fiber("mrg", d, n_nodes=int(count))
        for d, count in zip(np.linspace(3, 16, n), np.linspace(15, 55, n), strict=True)
    ]
    potentials = [potential(fiber, 0.5 + 0.1 * i) for i, fiber in enumerate(fibers)]
    protocol = ThresholdProtocol(solver=setting, rtol=1e-3)
    together = search_thresholds(fibers, potentials, PULSE, protocol)
    shuffle = np.random.default_rng(3).permutation(len(fibers))
    mixed = search_thresholds(
        [fibers[i] for i in shuffle], [potentials[i] for i in shuffle], PULSE, protocol
    )
    for name in ("threshold_ma", "lower_ma", "upper_ma", "status"):
        assert np.array_equal(
            getattr(together, name)[shuffle], getattr(mixed, name), equal_nan=True
        )
    # Alone, a fiber has all lanes for trials that may be needed: they must change nothing.
    for i in (0, 7, n - 1):
        alone = search_thresholds([fibers[i]], [potentials[i]], PULSE, protocol)
        assert alone.lower_ma[0] == together.lower_ma[i]
        assert alone.upper_ma[0] == together.upper_ma[i]
        assert alone.status[0] == together.status[i]
    assert np.count_nonzero(together.status == Status.OK) > 0.8 * n


def test_idle_lanes_are_used_for_trials_that_may_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    run = threshold._Trials.run

    def counted(self, purpose, requests, **options):
        if purpose == threshold.TRIAL:
            runs.append(len(requests))
        return run(self, purpose, requests, **options)

    monkeypatch.setattr(threshold._Trials, "run", counted)
    v_e = potential(FIBER, 1.0)
    alone = search_thresholds([FIBER], [v_e], PULSE, ThresholdProtocol(rtol=1e-3))
    assert len(runs) <= 4  # 1e-3 takes about 11 trials one after the other
    assert max(runs) > 8
    runs.clear()
    crowd = search_thresholds([FIBER] * 16, [v_e] * 16, PULSE, ThresholdProtocol(rtol=1e-3))
    assert runs[0] == 16
    assert len(runs) > 8
    assert np.all(crowd.lower_ma == alone.lower_ma[0])
    assert np.all(crowd.upper_ma == alone.upper_ma[0])


@every_setting
def test_thresholds_of_all_settings_agree(setting: Solver) -> None:
    fibers = [Fiber("mrg", d, n_nodes=21) for d in (3.0, 8.0, 15.0)]
    potentials = [potential(fiber, 1.0) for fiber in fibers]
    exact, other = (
        search_thresholds(fibers, potentials, PULSE, ThresholdProtocol(solver=solver, rtol=1e-5))
        for solver in (replace(setting, modes=20, precision="float64"), setting)
    )
    # 12 modes and float32 move a threshold by less than 1e-4 of it (measured), brackets by 1e-5.
    assert other.threshold_ma == pytest.approx(exact.threshold_ma, rel=1.1e-4)


def test_every_status_can_be_reached() -> None:
    fiber = FIBER
    v_e = potential(fiber, 1.0)

    def status(v: np.ndarray, waveform=PULSE, intracellular=(), **changes) -> Status:
        found = search_thresholds(
            [fiber], [v], waveform, ThresholdProtocol(**changes), intracellular=intracellular
        )
        is_number = np.isfinite(found.threshold_ma[0])
        assert is_number == (found.status[0] in (Status.OK, Status.NOT_MONOTONIC))
        return Status(found.status[0])

    assert status(v_e) == Status.OK
    assert status(v_e, upper_ma=0.1) == Status.NO_THRESHOLD_IN_RANGE
    assert status(v_e, lower_ma=0.5) == Status.ACTIVE_AT_LOWER_BOUND
    assert status(v_e, window_ms=0.45) == Status.NOT_DECIDED
    assert status(v_e * 1e300, upper_ma=1e10) == Status.NOT_FINITE
    single = Solver(precision="float32")
    assert status(v_e * 1e20, upper_ma=1e20, start_ma=1e18, solver=single) == Status.NOT_FINITE
    z = fiber.compartment_positions_mm()[:, 2]
    assert status(-1e3 / (4 * np.pi * 0.2 * np.hypot(1.0, z - z[-1]))) == Status.END_EXCITATION


def test_an_outcome_that_turns_again_is_said() -> None:
    # A long cathodal pulse on a fiber nearby blocks what it starts a few times above its threshold.
    v_e = potential(FIBER, 0.3)
    plain = search_thresholds([FIBER], [v_e], PULSE, ThresholdProtocol())
    upper = plain.upper_ma[0]
    outcomes = {
        multiple: succeeds(FIBER, v_e, multiple * upper, ThresholdProtocol())
        for multiple in (1.5, 3.0, 30.0, 100.0, 300.0)
    }
    blocked = [multiple for multiple, fires in outcomes.items() if not fires]
    assert outcomes[1.5]
    assert blocked
    assert blocked[0] > 1.5
    protocol = ThresholdProtocol(confirm_at=(1.5,))
    assert search_thresholds([FIBER], [v_e], PULSE, protocol).status[0] == Status.OK
    turned = search_thresholds(
        [FIBER], [v_e], PULSE, replace(protocol, confirm_at=(1.5, blocked[0]))
    )
    assert turned.status[0] == Status.NOT_MONOTONIC
    assert turned.upper_ma[0] == upper
    assert "not_monotonic" in str(turned)


def test_no_threshold_is_never_a_number() -> None:
    found = search_thresholds(
        [FIBER], [potential(FIBER, 1.0)], PULSE, ThresholdProtocol(upper_ma=0.1)
    )
    assert np.isnan(found.threshold_ma[0])
    assert "upper_ma" in str(found)


def test_codes_are_the_same_on_all_floors() -> None:
    for name in ("SILENT", "FIRED", "OPEN", "BROKEN"):
        assert getattr(cables, name) == getattr(walks, name)
    for name in ("PREDICT", "TRIAL", "ORIGIN"):
        assert getattr(cables, name) == getattr(threshold, name)
