"""Conduction block: a real fiber, statuses and messages."""

import numpy as np
import pytest

from scsim.electrodes.sources import PointSource
from scsim.errors import Status, StimulusError
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.fields import HomogeneousMedium
from scsim.response.block import BlockThresholds, find_block_thresholds
from scsim.response.detection import Trial
from scsim.response.drive import IntracellularPulse
from scsim.response.threshold import ThresholdProtocol
from scsim.stimulus.carrier import Carrier

FIBER = Fiber("mrg_discrete", 10.0, n_nodes=31)
POTENTIAL = HomogeneousMedium(0.2).unit_potential_along([PointSource((1.0, 0.0, 0.0))], [FIBER])
SQUARE = Carrier("square", 20_000.0)
TESTS = [IntracellularPulse(1, 2.0, start, 0.2) for start in (8.0, 10.0)]
PROTOCOL = ThresholdProtocol(
    solver=Solver(dt_us=5.0), growth=1.25, window_ms=13.0, rtol=0.02, start_ma=0.1
)


def find(**changes: object) -> BlockThresholds:
    arguments = {"test_pulses": TESTS, "count_from_ms": 7.0, "protocol": PROTOCOL, **changes}
    return find_block_thresholds([FIBER], POTENTIAL, SQUARE, **arguments)


@pytest.fixture(scope="module")
def blocked() -> BlockThresholds:
    return find(multiples_above=[1.5])


def test_a_kilohertz_current_blocks_with_an_onset_response(blocked: BlockThresholds) -> None:
    assert blocked.status[0] in {Status.OK, Status.NOT_MONOTONIC}
    assert blocked.lower_ma[0] < blocked.threshold_ma[0] < blocked.upper_ma[0]
    assert blocked.upper_ma[0] - blocked.lower_ma[0] < 0.02 * blocked.upper_ma[0]
    assert blocked.n_onset_spikes[0] >= 1
    assert blocked.n_spikes_below[0] >= 1
    assert blocked.n_test_spikes == 2


def test_amplitudes_above_are_sampled(blocked: BlockThresholds) -> None:
    assert blocked.amplitudes_above_ma == pytest.approx(1.5 * blocked.upper_ma[:, None])
    passes_again = blocked.n_spikes_above[0, 0] > 0
    assert (blocked.status[0] == Status.NOT_MONOTONIC) == passes_again


def test_it_prints_threshold_onset_and_what_passes_below(blocked: BlockThresholds) -> None:
    assert f"blocked from {blocked.threshold_ma[0]:.4g} mA" in str(blocked)
    assert f"{blocked.n_onset_spikes[0]} onset spikes" in str(blocked)
    assert "of 2 spikes just below" in str(blocked)


def test_no_block_in_the_range_is_a_status() -> None:
    protocol = ThresholdProtocol(window_ms=13.0, upper_ma=0.02, start_ma=0.01)
    found = find(protocol=protocol)
    assert found.status[0] == Status.NO_THRESHOLD_IN_RANGE
    assert np.isnan(found.threshold_ma[0])
    assert found.n_spikes_below[0] == 2
    assert found.n_onset_spikes[0] == -1


def test_test_spikes_that_never_arrive_are_a_status() -> None:
    weak = [IntracellularPulse(1, 0.01, 8.0, 0.2)]
    found = find(test_pulses=weak)
    assert found.status[0] == Status.NO_SPIKE
    assert np.isnan(found.threshold_ma[0])
    assert "fiber 0: no_spike: " in str(found)


def test_voltages_that_are_not_finite_give_no_count() -> None:
    found = find(multiples_above=[1e300])
    assert found.status[0] == Status.NOT_FINITE
    assert found.n_spikes_above.tolist() == [[-1]]
    assert np.isnan(found.threshold_ma[0])
    assert str(found).startswith("fiber 0: not_finite: ")


def test_everything_is_checked_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        pytest.fail("simulated before the checks")

    monkeypatch.setattr(Trial, "spikes_ms", run)
    with pytest.raises(StimulusError, match="2 shares for 1 contacts"):
        find(shares=[1.0, -1.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test_pulses": []}, ["no test_pulses", "at least one current pulse"]),
        ({"count_from_ms": 9.0}, ["test pulse at 8 ms", "count_from_ms = 9 ms", "start it later"]),
        ({"count_from_ms": -1.0, "multiples_above": [1.0, np.nan]}, ["count_from_ms = -1 ms", "10 to 20 ms", "multiples_above = 1, nan", "1.25, 1.5 and 2"]),
    ],
)  # fmt: skip
def test_blocks_that_cannot_be_tested_are_refused(changes: dict, words: list[str]) -> None:
    with pytest.raises(StimulusError) as caught:
        find(**changes)
    for word in words:
        assert word in str(caught.value)


def test_the_end_of_the_onset_response_is_that_of_its_last_spike(blocked: BlockThresholds) -> None:
    trial = Trial([FIBER], POTENTIAL, SQUARE, PROTOCOL, None, "cathodic", tuple(TESTS))
    (times,), _ = trial.spikes_ms(blocked.upper_ma)
    assert blocked.onset_end_ms[0] == times[times < 7.0].max()
    assert times[times < 7.0].size == blocked.n_onset_spikes[0]


def test_without_a_threshold_there_is_no_onset_response() -> None:
    found = find(protocol=ThresholdProtocol(window_ms=13.0, upper_ma=0.02, start_ma=0.01))
    assert np.isnan(found.onset_end_ms[0])
