"""Recovery cycle: phases, messages, and a real fiber."""

import numpy as np
import pytest

from scsim.electrodes.sources import PointSource
from scsim.errors import Status, StimulusError
from scsim.fibers import Fiber
from scsim.fields import HomogeneousMedium
from scsim.response.recovery import (
    ABSOLUTE,
    RECOVERED,
    RELATIVE,
    SUBNORMAL,
    SUPERNORMAL,
    UNKNOWN,
    RecoveryCycle,
    classify_recovery,
    measure_recovery_cycle,
)
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.stimulus.pulse import Pulse

FIBERS = [Fiber("mrg_discrete", 10.0, n_nodes=31), Fiber("mrg_discrete", 14.0, n_nodes=31)]
POTENTIALS = HomogeneousMedium(0.2).unit_potential_along([PointSource((1.0, 0.0, 0.0))], FIBERS)
PULSE = Pulse(100.0)


def test_phases_of_a_full_cycle() -> None:
    ratio = [np.nan, 8.0, 1.5, 1.005, 0.9, 0.98, 1.0, 1.05, 1.0]
    status = [Status.REFRACTORY] + [Status.OK] * 8
    assert classify_recovery(ratio, status) == (
        ABSOLUTE, RELATIVE, RELATIVE, RECOVERED, SUPERNORMAL, SUPERNORMAL, RECOVERED, SUBNORMAL, RECOVERED,
    )  # fmt: skip


def test_phases_without_a_threshold_for_other_reasons_are_unknown() -> None:
    status = [Status.REFRACTORY, Status.NOT_DECIDED, Status.OK]
    assert classify_recovery([np.nan, np.nan, 1.2], status) == (ABSOLUTE, UNKNOWN, RELATIVE)


def test_the_tolerance_decides_what_is_no_change() -> None:
    status = [Status.OK, Status.OK]
    assert classify_recovery([1.03, 0.97], status, tolerance=0.05) == (RECOVERED, RECOVERED)
    assert classify_recovery([1.03, 0.97], status, tolerance=0.01) == (RELATIVE, SUPERNORMAL)


def cycle(ratio: list[float], status: list[int]) -> RecoveryCycle:
    return RecoveryCycle(
        interval_ms=np.arange(1.0, len(ratio) + 1.0),
        conditioning_multiple=1.5,
        largest_multiple=40.0,
        unconditioned_ma=np.array([0.2]),
        threshold_ma=0.2 * np.array([ratio]),
        status=np.array([status], dtype=np.int8),
        tolerance=0.01,
    )


@pytest.mark.parametrize("tolerance", [np.nan, -0.01, 1.0])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(StimulusError, match=rf"tolerance = {tolerance:g}: .*0\.01 is usual"):
        classify_recovery([1.034], [Status.OK], tolerance=tolerance)


def test_what_is_no_pulse_is_refused() -> None:
    with pytest.raises(StimulusError, match="pulse = None: no pulse; give the shape of one"):
        measure_recovery_cycle(FIBERS, POTENTIALS, None, [2.0])


def test_ends_of_the_refractory_periods_are_read_off() -> None:
    found = cycle([np.nan, np.nan, 3.0, 1.5, 0.5, 1.1], [9, 9, 0, 0, 0, 0])
    assert found.refractory_until_ms.tolist() == [2.0]
    # From 1.5 at 4 ms to 0.5 at 5 ms: 1 at 4.5 ms.
    assert found.first_recovery_ms == pytest.approx([4.5])
    assert found.ratio[0, 2:] == pytest.approx([3.0, 1.5, 0.5, 1.1])
    never = cycle([2.0, 1.5], [0, 0])
    assert np.isnan(never.refractory_until_ms[0])
    assert np.isnan(never.first_recovery_ms[0])


def test_it_prints_phase_and_ratio() -> None:
    text = str(cycle([np.nan, 1.5], [Status.REFRACTORY, 0]))
    assert text.splitlines()[0].startswith("fiber 0, 1 ms, absolute refractory: refractory: ")
    assert (
        text.splitlines()[1] == "fiber 0, 2 ms, relative refractory: 0.3 mA, 1.500 × unconditioned"
    )


def test_a_fiber_is_refractory_then_supernormal_and_recovers() -> None:
    found = measure_recovery_cycle(FIBERS, POTENTIALS, PULSE, [20.0, 0.5, 1.6, 5.0, 300.0][:4])
    assert found.interval_ms.tolist() == [0.5, 1.6, 5.0, 20.0]
    alone = find_thresholds(FIBERS, POTENTIALS, PULSE)
    assert found.unconditioned_ma.tolist() == alone.threshold_ma.tolist()
    for phases in found.phases:
        assert phases[:3] == (ABSOLUTE, RELATIVE, SUPERNORMAL)
    assert np.all(found.status[:, 0] == Status.REFRACTORY)
    assert np.isnan(found.threshold_ma[:, 0]).all()


def test_fibers_do_not_disturb_each_other() -> None:
    both = measure_recovery_cycle(FIBERS, POTENTIALS, PULSE, [2.0])
    alone = measure_recovery_cycle(FIBERS[1:], POTENTIALS[1:], PULSE, [2.0])
    assert both.threshold_ma[1, 0] == alone.threshold_ma[0, 0]
    # One interval need not be a list.
    single = measure_recovery_cycle(FIBERS[1:], POTENTIALS[1:], PULSE, 2.0)
    assert single.threshold_ma.tolist() == alone.threshold_ma.tolist()


def test_a_fiber_without_a_threshold_keeps_its_status() -> None:
    protocol = ThresholdProtocol(upper_ma=1e-3)
    found = measure_recovery_cycle(FIBERS[:1], POTENTIALS[:1], PULSE, [2.0, 5.0], protocol=protocol)
    assert found.status.tolist() == [[Status.NO_THRESHOLD_IN_RANGE] * 2]
    assert found.phases == ((UNKNOWN, UNKNOWN),)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interval_ms": []}, ["no interval_ms", "0.5 to 100 ms"]),
        ({"interval_ms": [0.05, np.nan]}, ["interval_ms = 0.05, nan ms", "of 0.1 ms is over", "longer intervals"]),
        ({"interval_ms": [2.0, 2.0]}, ["interval_ms = 2 ms is given more than once"]),
        ({"conditioning_multiple": 1.0}, ["conditioning_multiple = 1:", "above 1; 1.5 is usual"]),
        ({"tolerance": np.nan}, ["tolerance = nan:", "from 0 to below 1; 0.01 is usual"]),
        ({"tolerance": -0.1, "interval_ms": "soon"}, ["tolerance = -0.1:", "interval_ms = 'soon': not a number"]),
        ({"largest_multiple": np.inf, "interval_ms": [0.01]}, ["largest_multiple = inf", "40 is usual", "interval_ms = 0.01 ms"]),
    ],
)  # fmt: skip
def test_cycles_that_cannot_be_measured_are_refused(changes: dict, words: list[str]) -> None:
    arguments = {"interval_ms": [2.0], **changes}
    with pytest.raises(StimulusError) as caught:
        measure_recovery_cycle(FIBERS, POTENTIALS, PULSE, arguments.pop("interval_ms"), **arguments)
    for word in words:
        assert word in str(caught.value)
