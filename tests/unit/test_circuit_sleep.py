"""Sleep and pain sensitivity: checks, samples, and how they scale a circuit."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes
from scsim.circuit.rates.run_rate import simulate_rates
from scsim.circuit.rates.sleep import (
    daily_sensitivity_percent,
    load_sleep_model,
    scale_sensitivity,
    sensitivity_factor,
    simulate_sleep,
)
from scsim.errors import ModelError

MODEL = load_sleep_model()
RATE = load_circuit("crodelle2019")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("wake_width", 0.0, r"wake_width = 0.0: .* above 0; correct it"),
        ("pain_rise_hours", -1.0, r"pain_rise_hours = -1.0: .* above 0"),
        ("light_gain", float("nan"), r"light_gain = nan: .* finite number"),
        ("light_min", 1441.0, r"light of 600.0 lux for 1441.0 min a day: .* 0 to 1440 min"),
        ("light_lux", -1.0, r"light of -1.0 lux"),
    ],
)
def test_parameters_are_checked(key: str, value: float, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replace(MODEL, **{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "sample_min", "message"),
    [
        (0.0, 30.0, r"days = 0.0: a run lasts more than 0 and at most 3650 days"),
        (4000.0, 30.0, r"days = 4000.0"),
        (1.0, 0.5, r"sample_min = 0.5 min: .* whole number of minutes"),
        (1.0, float("inf"), r"sample_min = inf min"),
        (1.0, 7.0, r"days = 1.0 with sample_min = 7.0 min: .* nearest is 1.00138888889 days"),
        (0.001, 30.0, r"the nearest is 0.0208333333333 days"),
    ],
)
def test_times_are_checked(days: float, sample_min: float, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        simulate_sleep(days=days, sample_min=sample_min)


def test_samples_do_not_change_the_course() -> None:
    fine, coarse = (simulate_sleep(days=1, sample_min=minutes) for minutes in (1, 45))
    assert coarse.time_min.tolist() == [45.0 * k for k in range(33)]
    for key in ("wake_hz", "sleep_pressure", "homeostatic_pain", "pain", "is_asleep"):
        np.testing.assert_array_equal(getattr(coarse, key), getattr(fine, key)[::45])
    np.testing.assert_array_equal(coarse.switch_min, fine.switch_min)
    assert coarse.starts_awake
    assert repr(coarse).startswith("SleepCourse(33 samples over 1 days, 2 switches, pain -0.5")


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    long, short = (simulate_sleep(days=days, sample_min=60) for days in (1.0, 0.25))
    np.testing.assert_allclose(long.pain[:7], short.pain, rtol=0, atol=1e-9)


def test_equations_without_bounds_are_refused() -> None:
    wild = replace(MODEL, oscillator_stiffness=-1e6, start_circadian_complement=50.0)
    with pytest.raises(ModelError, match=r"could not be followed beyond .* check the parameters"):
        simulate_sleep(wild, days=1)


def test_daily_sensitivity() -> None:
    # The caption: 11 sin(0.25 x + 2.8) %.
    hours = np.array([0.0, 7.65, 20.22, 24.0])
    expected = 11 * np.sin(0.25 * hours + 2.8)
    np.testing.assert_allclose(daily_sensitivity_percent(hours), expected, rtol=1e-14)
    assert daily_sensitivity_percent(hours)[1:3] == pytest.approx([-11.0, 11.0], abs=1e-3)
    with pytest.raises(ModelError, match=r"hours_after_waking = 24.5 h: .* 0 to 24 h"):
        daily_sensitivity_percent([1.0, 24.5])
    with pytest.raises(ModelError, match="= nan h"):
        daily_sensitivity_percent(float("nan"))


def test_the_factor_spans_the_assumed_amplitude() -> None:
    pain = [MODEL.pain_lowest, 0.5 * (MODEL.pain_lowest + MODEL.pain_highest), MODEL.pain_highest]
    np.testing.assert_allclose(sensitivity_factor(pain), [0.89, 1.0, 1.11], rtol=1e-14)
    strong = replace(MODEL, sensitivity_amplitude=3.0)
    assert sensitivity_factor(MODEL.pain_lowest, strong) == 0.0
    # The table's extremes are those of the model itself.
    course = simulate_sleep(days=6, sample_min=1)
    factor = sensitivity_factor(course.pain[5 * 1440 :])
    assert factor.min() == pytest.approx(0.89, abs=2e-4)
    assert factor.max() == pytest.approx(1.11, abs=2e-4)


def test_only_the_weights_of_c_fibers_are_scaled() -> None:
    scaled = scale_sensitivity(RATE, 1.11)
    assert replace(scaled, g_cp=RATE.g_cp, g_ce=RATE.g_ce) == RATE
    assert (scaled.g_cp, scaled.g_ce) == pytest.approx((0.888, 1.776))
    assert scale_sensitivity(RATE, 1.0) == RATE

    spiking = load_circuit("zhang2014")
    doubled = scale_sensitivity(spiking, 2.0)
    assert replace(doubled, connections=spiking.connections) == spiking
    for old, new in zip(spiking.connections, doubled.connections, strict=True):
        factor = 2.0 if old.source == "c" else 1.0
        assert new.weight_microsiemens == factor * old.weight_microsiemens
    assert any(c.source == "c" and c.weight_microsiemens > 0 for c in spiking.connections)


def test_sensitivity_moves_the_answer_to_pain_and_leaves_touch_alone() -> None:
    inputs = [InputBoxes(1.0, 18.0), InputBoxes(15.0, 0.0)]
    low, mean, high = (
        simulate_rates([scale_sensitivity(RATE, f)] * 2, inputs, duration_s=0.5)
        for f in (0.89, 1.0, 1.11)
    )
    pain, touch = ([r.mean_projection_rate_hz[row] for r in (low, mean, high)] for row in (0, 1))
    assert pain[0] < pain[1] < pain[2]
    assert touch[0] == touch[1] == touch[2]


def test_bad_factors_and_circuits_are_refused() -> None:
    for factor in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ModelError, match=r"sensitivity factor = .* 1 leaves the circuit"):
            scale_sensitivity(RATE, factor)
    spiking = load_circuit("zhang2014")
    without = replace(
        spiking,
        fibers=tuple(f for f in spiking.fibers if f.kind != "c"),
        connections=tuple(c for c in spiking.connections if c.source != "c"),
    )
    with pytest.raises(ModelError, match=r"'zhang2014' has no C fibers"):
        scale_sensitivity(without, 1.1)
