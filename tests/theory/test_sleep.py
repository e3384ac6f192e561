"""The sleep model against another integrator and against laws of its parts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from scsim.circuit.rates.sleep import SleepCourse, load_sleep_model, simulate_sleep

MODEL = load_sleep_model()


@pytest.fixture(scope="module")
def two_days() -> SleepCourse:
    return simulate_sleep(days=2, sample_min=1)


def slope(y: NDArray[np.float64], *, is_light: bool, is_awake: bool) -> list[float]:
    """The equations as they stand in the specification, with its numbers."""
    w, s, k, h, c, x, n = y
    alpha = 0.05 * np.sqrt((600 if is_light else 0) / 9500)
    drive = 33.75 * (1 - n) * alpha * (1 - 0.4 * c) * (1 - 0.4 * x)
    b = -0.005 * h - 0.0118
    return [
        (3 * (1 + np.tanh((0.01 * k - 0.2508 * s + 0.4) / 0.4)) - w) / 23,
        (3 * (1 + np.tanh((-0.25 * w - 0.07 * k - b) / 0.2)) - s) / 10,
        (3.5 * (1 + np.tanh((c + 0.1) / 0.7)) - k) / 0.5,
        (323.88 - h) / 946.8 if is_awake else -h / 202.2,
        np.pi / 720 * (x + drive),
        np.pi
        / 720
        * (0.23 * (x - 4 * x**3 / 3) - c * ((24 / (0.99669 * 24.2)) ** 2 + 0.55 * drive)),
        alpha * (1 - n) - 0.0075 * n,
    ]


def test_an_explicit_method_agrees(two_days: SleepCourse) -> None:
    # From one jump of the equations to the next: the switches of the course itself, and the light.
    ends = np.unique([*two_days.switch_min, 720.0, 1440.0, 2160.0, 2880.0])
    y = np.array([4.0865, 0.0657, 2.9271, 26.4815, -0.2130, 1.0356, 0.5755])
    start = 0.0
    for end in ends:
        middle = 0.5 * (start + end)
        is_awake = np.searchsorted(two_days.switch_min, middle) % 2 == 0
        y = solve_ivp(
            lambda _, y, light, awake: slope(y, is_light=light, is_awake=awake),
            (start, end),
            y,
            method="DOP853",
            rtol=1e-11,
            atol=1e-13,
            args=(middle % 1440 < 720, is_awake),
        ).y[:, -1]
        start = end
        if end in two_days.switch_min:
            assert y[0] == pytest.approx(4.0, abs=1e-5)
    names = (
        "wake_hz",
        "sleep_hz",
        "clock_hz",
        "sleep_pressure",
        "circadian",
        "circadian_complement",
        "light_response",
    )
    course = [getattr(two_days, name)[-1] for name in names]
    # LSODA at 1e-9 per step; errors of the pressure and of the switches add up over the days.
    np.testing.assert_allclose(course, y, rtol=1e-6, atol=1e-5)


def test_pressure_and_pain_are_exponentials_between_switches(two_days: SleepCourse) -> None:
    asleep, awake = two_days.switch_min[:2]
    times = two_days.time_min
    rising = times < asleep
    pressure = 323.88 + (26.4815 - 323.88) * np.exp(-times / 946.8)
    np.testing.assert_allclose(two_days.sleep_pressure[rising], pressure[rising], rtol=1e-6)
    falling = (times > asleep) & (times < awake)
    decay = two_days.sleep_pressure[falling] * np.exp(times[falling] / 202.2)
    np.testing.assert_allclose(decay, decay[0], rtol=1e-6)
    pain = 0.4125 + (-0.45 - 0.4125) * np.exp(-times / (15.78 * 60))
    np.testing.assert_allclose(two_days.homeostatic_pain[rising], pain[rising], atol=1e-12)
    # The minute in which sleep begins still counts as awake; the next ones do not.
    first = int(np.ceil(asleep))
    distance = two_days.homeostatic_pain[first : int(awake)] + 0.5088
    np.testing.assert_allclose(distance[1:] / distance[:-1], np.exp(-1 / 202.2), rtol=1e-12)


def test_the_clock_in_darkness_has_its_own_period() -> None:
    # Without light the clock is a van der Pol oscillator built to have a period of 24.2 h; its
    # table of corrections (0.99669) is for a little other stiffness, hence the half per mille.
    dark = replace(MODEL, light_lux=0.0, light_min=0.0)
    course = simulate_sleep(dark, days=16, sample_min=10)
    rising = np.flatnonzero((course.circadian[:-1] < 0) & (course.circadian[1:] >= 0))
    part = -course.circadian[rising] / np.diff(course.circadian)[rising]
    crossings_h = (course.time_min[rising] + 10 * part) / 60
    period_h = np.diff(crossings_h)[9:].mean()
    assert period_h == pytest.approx(24.2, rel=5e-4)


def test_light_keeps_the_day_at_24_hours() -> None:
    course = simulate_sleep(days=16, sample_min=10)
    onsets_h = course.switch_min[::2] / 60
    np.testing.assert_allclose(np.diff(onsets_h)[10:], 24.0, atol=0.01)
