"""Strength-duration measurement: bookkeeping, printing and messages."""

import numpy as np
import pytest

from scsim.electrodes.sources import PointSource
from scsim.errors import ModelError, Status, StimulusError
from scsim.fibers import Fiber
from scsim.fields import HomogeneousMedium
from scsim.response.strength_duration import (
    StrengthDuration,
    fit_strength_duration,
    measure_strength_duration,
)
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.stimulus.pulse import Pulse

FIBERS = [Fiber("mrg", 10.0, n_nodes=21), Fiber("mrg", 14.0, n_nodes=21)]
POTENTIALS = HomogeneousMedium(0.2).unit_potential_along([PointSource((1.0, 0.0, 0.0))], FIBERS)


@pytest.fixture(scope="module")
def measured() -> StrengthDuration:
    return measure_strength_duration(FIBERS, POTENTIALS, [400.0, 100.0, 50.0, 200.0], rtol=1e-4)


def test_each_threshold_is_the_one_of_its_pulse(measured: StrengthDuration) -> None:
    assert measured.pulse_width_us.tolist() == [50.0, 100.0, 200.0, 400.0]
    alone = find_thresholds(FIBERS, POTENTIALS, Pulse(100.0), rtol=1e-4)
    assert measured.threshold_ma[:, 1] == pytest.approx(alone.threshold_ma, rel=2e-4)
    assert np.all(measured.status == Status.OK)
    assert measured.charge_uc[:, 1] == pytest.approx(alone.threshold_ma * 0.1, rel=2e-4)


def test_fits_are_those_of_the_thresholds(measured: StrengthDuration) -> None:
    for i in range(2):
        for fits, law in ((measured.weiss, "weiss"), (measured.lapicque, "lapicque")):
            assert fits[i] == fit_strength_duration(
                measured.pulse_width_us, measured.threshold_ma[i], law
            )


def test_it_prints_both_laws_per_fiber(measured: StrengthDuration) -> None:
    lines = str(measured).splitlines()
    assert [line.partition(" rheobase")[0] for line in lines] == [
        "fiber 0: Weiss:",
        "fiber 0: Lapicque:",
        "fiber 1: Weiss:",
        "fiber 1: Lapicque:",
    ]
    assert "µs (" in lines[0]
    assert "worst deviation" in lines[0]


def test_widths_without_a_threshold_are_left_out_of_the_fit() -> None:
    protocol = ThresholdProtocol(upper_ma=0.1)
    found = measure_strength_duration(
        FIBERS[:1], POTENTIALS[:1], [20.0, 200.0, 400.0, 800.0], protocol=protocol
    )
    assert found.status[0].tolist() == [Status.NO_THRESHOLD_IN_RANGE, 0, 0, 0]
    assert found.weiss[0] == fit_strength_duration([200.0, 400.0, 800.0], found.threshold_ma[0, 1:])
    assert "fiber 0, 20 µs: no_threshold_in_range: " in str(found)
    few = measure_strength_duration(
        FIBERS[:1], POTENTIALS[:1], [20.0, 30.0, 400.0], protocol=protocol
    )
    assert few.weiss == (None,)
    assert few.lapicque == (None,)


def test_the_shape_of_the_pulse_is_kept() -> None:
    widths = [50.0, 100.0, 200.0]
    biphasic = measure_strength_duration(
        FIBERS[:1], POTENTIALS[:1], widths, pulse=Pulse(10.0, "biphasic", interphase_gap_us=20.0)
    )
    alone = find_thresholds(
        FIBERS[:1], POTENTIALS[:1], Pulse(50.0, "biphasic", interphase_gap_us=20.0)
    )
    assert biphasic.threshold_ma[0, 0] == pytest.approx(alone.threshold_ma[0], rel=2e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([100.0, 200.0], [1.0, 2.0]), ["2 different pulse widths", "at least 3", "add widths"]),
        (([100.0, 100.0, 200.0], [1.0, 1.0, 2.0]), ["2 different pulse widths"]),
        (([100.0, 200.0, 300.0], [1.0, 2.0]), ["shape (3,)", "shape (2,)", "one threshold per width"]),
        (([100.0, -5.0, 300.0], [1.0, 2.0, np.nan]), ["pulse_width_us = -5 µs", "threshold_ma = nan mA", "leave such widths out"]),
        (([1.0, 2.0], [1.0, 0.0], "wiess"), ["'wiess'", "weiss and lapicque", "threshold_ma = 0 mA", "2 different"]),
    ],
)  # fmt: skip
def test_data_that_cannot_be_fitted_are_refused(arguments: tuple, words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        fit_strength_duration(*arguments)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ([100.0, 200.0], ["2 different pulse widths", "at least 3", "50 to 1000"]),
        ([100.0, 100.0, -1.0], ["pulse_width_us = -1 µs", "100 µs is given more than once", "2 different"]),
        ([], ["0 different pulse widths"]),
        ("wide", ["pulse_width_us = 'wide': not a number", "give numbers"]),
    ],
)  # fmt: skip
def test_widths_that_make_no_curve_are_refused(widths: list[float], words: list[str]) -> None:
    with pytest.raises(StimulusError) as caught:
        measure_strength_duration(FIBERS, POTENTIALS, widths)
    for word in words:
        assert word in str(caught.value)


def test_every_pulse_is_checked_before_any_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> None:
        pytest.fail("searched before the checks")

    monkeypatch.setattr("scsim.response.strength_duration.find_thresholds", search)
    with pytest.raises(StimulusError) as caught:
        measure_strength_duration(FIBERS, POTENTIALS, [100.0, 203.0, 503.0])
    for word in ("203 µs: ", "503 µs: ", "steps"):
        assert word in str(caught.value)
    assert " 100 µs: " not in str(caught.value)
    with pytest.raises(StimulusError, match=r"1e\+12 µs: window_ms = .*at most 2e"):
        measure_strength_duration(FIBERS, POTENTIALS, [100.0, 200.0, 1e12])
    with pytest.raises(ModelError, match="onset_ms = -1 ms"):
        measure_strength_duration(
            FIBERS, POTENTIALS, [100.0, 200.0, 500.0], protocol=ThresholdProtocol(onset_ms=-1.0)
        )


def test_what_has_no_width_is_refused() -> None:
    with pytest.raises(StimulusError, match=r"pulse = 3: its width is varied; give a scsim\.Pulse"):
        measure_strength_duration(FIBERS, POTENTIALS, [100.0, 200.0, 500.0], pulse=3)


@pytest.mark.parametrize("law", ["weiss", "lapicque"])
@pytest.mark.parametrize(
    "threshold_ma",
    [
        [0.1, 0.2, 0.3, 0.35],  # rises: no law of the two does
        [0.3, 0.30001, 0.3, 0.3],
        [0.3] * 4,  # rheobase at every width
        [0.8, 0.4, 0.2, 0.1],  # the same charge at every width
        [0.8, 0.3, 0.1, 0.03],  # falls faster
    ],
)
def test_fits_at_the_end_of_the_search_are_no_numbers(law: str, threshold_ma: list[float]) -> None:
    fit = fit_strength_duration([50.0, 100.0, 200.0, 400.0], threshold_ma, law)
    assert not fit.is_resolved
    assert np.isnan([fit.rheobase_ma, fit.chronaxie_us]).all()
    assert np.isnan(fit.threshold_ma(100.0))
    assert fit.rheobase_interval_ma == fit.chronaxie_interval_us == (0.0, np.inf)
    assert f"{law.capitalize()}: rheobase and chronaxie unresolved" in str(fit)
    assert "add shorter and longer widths" in str(fit)
    assert "nan" not in str(fit)


def test_fits_within_the_search_are_numbers() -> None:
    fit = fit_strength_duration([50.0, 100.0, 200.0, 400.0], [0.5, 0.3, 0.21, 0.15])
    assert fit.is_resolved
    assert "unresolved" not in str(fit)
