"""Alternating currents: samples by hand, edges, and refusals."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import FORMS, Carrier

DT_MS = 0.005


def edges_of(carrier, n_steps, dt_ms=DT_MS):
    return np.flatnonzero(carrier.sample(dt_ms, n_steps).edges).tolist()


@pytest.mark.parametrize("midpoint", [False, True])
def test_a_sine_is_the_sine_at_the_start_or_middle_of_each_step(midpoint):
    times = (np.arange(12_000) + (0.5 if midpoint else 0.0)) * 0.0025
    levels = Carrier("sine", 20_000.0).sample(0.0025, 12_000, midpoint=midpoint).levels
    np.testing.assert_allclose(levels, np.sin(2.0 * math.pi * 20.0 * times), atol=1e-12)
    assert edges_of(Carrier("sine", 20_000.0), 12_000, 0.0025) == []


def test_a_square_is_positive_in_the_first_half_of_the_period():
    found = Carrier("square", 20_000.0).sample(0.0025, 45)
    expected = np.where(np.arange(45) % 20 < 10, 1.0, -1.0)
    np.testing.assert_array_equal(found.levels, expected)
    assert np.flatnonzero(found.edges).tolist() == [0, 10, 20, 30, 40]
    middle = Carrier("square", 20_000.0).sample(0.0025, 45, midpoint=True)
    np.testing.assert_array_equal(middle.levels, found.levels)
    np.testing.assert_array_equal(middle.edges, found.edges)


def test_a_triangle_goes_straight_up_down_and_back():
    levels = Carrier("triangle", 25_000.0).sample(DT_MS, 9).levels
    np.testing.assert_allclose(levels, [0, 0.5, 1, 0.5, 0, -0.5, -1, -0.5, 0], atol=1e-12)
    middle = Carrier("triangle", 25_000.0).sample(DT_MS, 8, midpoint=True).levels
    np.testing.assert_allclose(
        middle, [0.25, 0.75, 0.75, 0.25, -0.25, -0.75, -0.75, -0.25], atol=1e-12
    )


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_first_half_period_is_positive(form):
    levels = Carrier(form, 5000.0, onset_ms=0.05).sample(DT_MS, 51).levels
    np.testing.assert_array_equal(levels[:10], 0.0)
    assert (levels[11:30] > 0.0).all()
    assert (levels[31:50] < 0.0).all()


def test_onset_and_end_flag_a_jump_only_where_there_is_one():
    assert edges_of(Carrier("sine", 5000.0, 0.1, 0.5), 200) == []
    assert edges_of(Carrier("sine", 5000.0, 0.1, 0.55), 200) == [110]
    assert edges_of(Carrier("sine", 5000.0, 0.1, 0.5, phase_deg=90.0), 200) == [20, 100]
    assert edges_of(Carrier("sine", 5000.0, 0.1, 0.5, phase_deg=180.0), 200) == []
    assert edges_of(Carrier("triangle", 5000.0, 0.1, 0.45), 200) == [90]
    assert edges_of(Carrier("square", 5000.0, 0.1, 0.35), 200) == [20, 40, 60, 70]


def test_after_its_end_the_current_is_zero():
    for form in FORMS:
        carrier = Carrier(form, 5000.0, 0.1, 0.33)
        levels = carrier.sample(DT_MS, 200).levels
        assert levels[65] != 0.0
        np.testing.assert_array_equal(levels[66:], 0.0)
        assert carrier.duration_ms == 0.33
    assert Carrier("sine", 5000.0).duration_ms == math.inf


def test_a_current_that_begins_after_the_sampled_time_is_not_in_it():
    found = Carrier("square", 5000.0, 2.0).sample(DT_MS, 100)
    assert not found.levels.any()
    assert not found.edges.any()
    assert not Carrier("square", 5000.0, 0.0, 0.001).sample(DT_MS, 100).levels.any()


def test_a_ramp_grows_evenly_from_zero():
    plain = Carrier("sine", 5000.0, 0.1)
    ramped = Carrier("sine", 5000.0, 0.1, ramp_ms=1.0)
    for midpoint, shift in ((False, 0.0), (True, 0.5)):
        full = plain.sample(DT_MS, 400, midpoint=midpoint).levels
        size = np.clip((np.arange(400) + shift - 20) / 200, 0.0, 1.0)
        found = ramped.sample(DT_MS, 400, midpoint=midpoint).levels
        np.testing.assert_allclose(found, size * full, atol=1e-14)


def test_a_square_with_a_ramp_does_not_jump_at_its_onset():
    found = Carrier("square", 5000.0, 0.1, 0.5, ramp_ms=0.4).sample(DT_MS, 200)
    assert np.flatnonzero(found.edges).tolist() == [40, 60, 80, 100]
    np.testing.assert_allclose(found.levels[20:40], np.arange(20) / 80)
    np.testing.assert_allclose(found.levels[40:60], -np.arange(20, 40) / 80)


def test_a_phase_shifts_the_current():
    quarter = Carrier("square", 5000.0, phase_deg=90.0).sample(DT_MS, 80)
    assert np.flatnonzero(quarter.edges).tolist() == [0, 10, 30, 50, 70]
    assert quarter.levels[0] == 1.0
    assert Carrier("square", 5000.0, phase_deg=180.0).sample(DT_MS, 1).levels[0] == -1.0
    assert Carrier("square", 5000.0, phase_deg=-90.0).sample(DT_MS, 1).levels[0] == -1.0
    assert Carrier("sine", 5000.0, phase_deg=90.0).sample(DT_MS, 1).levels[0] == 1.0
    assert Carrier("triangle", 5000.0, phase_deg=-90.0).sample(DT_MS, 1).levels[0] == -1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("saw", 5000.0), r"form = 'saw': forms are sine, square, triangle\. Choose"),
        (("sine", 0.0), r"frequency_hz = 0 Hz: .*positive and finite; 1000 to 50000 Hz"),
        (("sine", math.inf), r"frequency_hz = inf Hz"),
        (("sine", 5000.0, -1.0), r"onset_ms = -1 ms: .*begins at 0 ms.*Move it"),
        (("sine", 5000.0, math.inf), r"onset_ms = inf ms"),
        (("sine", 5000.0, 1.0, 1.0), r"end_ms = 1 ms: .*after onset_ms = 1 ms\. Move the end"),
        (("sine", 5000.0, 1.0, math.nan), r"end_ms = nan ms"),
        (("sine", 5000.0, 1.0, 2.0, 1.5), r"ramp_ms = 1.5 ms: .*ends at 2 ms\. Shorten"),
        (("sine", 5000.0, 0.0, math.inf, math.inf), r"ramp_ms = inf ms"),
        (("sine", 5000.0, 0.0, math.inf, -1.0), r"ramp_ms = -1 ms"),
        (("sine", 5000.0, 0.0, math.inf, 0.0, math.nan), r"phase_deg = nan: .*finite\. Choose 0"),
    ],
)
def test_an_impossible_current_is_refused(arguments, message):
    with pytest.raises(StimulusError, match=message):
        Carrier(*arguments)


@pytest.mark.parametrize(
    ("carrier", "message"),
    [
        (Carrier("sine", 30_000.0), r"a sine current of 30000 Hz has 6.67 steps of dt_ms = 0.005 ms per period; it needs 8 or more\. Use dt_ms = 0.00416667 ms \(dt_us = 4.16667\) or less, or a lower"),
        (Carrier("triangle", 26_000.0), r"a triangle current of 26000 Hz has 7.69 steps"),
        (Carrier("square", 3000.0), r"half a period of a square current of 3000 Hz is 33.3333 steps .*dt_ms = 0.00490196 ms would fit \(dt_us = 4.90196\)"),
        (Carrier("square", 300_000.0), r"is 0.333333 steps .*dt_ms = 0.00166667 ms would fit"),
        (Carrier("square", 5000.0, phase_deg=10.0), r"phase_deg = 10 of a square current is 1.11111 steps .*Use a multiple of 9 degrees"),
        (Carrier("sine", 1e-3, end_ms=1.0), None),
    ],
)  # fmt: skip
def test_a_current_that_does_not_fit_the_step_is_refused(carrier, message):
    if message is None:
        assert carrier.sample(DT_MS, 100).levels.any()
        return
    with pytest.raises(StimulusError, match=message):
        carrier.sample(DT_MS, 100)


def test_eight_steps_per_period_are_enough_and_a_proposed_step_fits():
    assert Carrier("sine", 25_000.0).sample(DT_MS, 100).levels.max() == pytest.approx(1.0)
    levels = Carrier("square", 3000.0).sample(0.00490196, 680).levels
    np.testing.assert_array_equal(levels, np.where(np.arange(680) % 68 < 34, 1.0, -1.0))


def test_an_impossible_grid_is_refused():
    with pytest.raises(StimulusError, match=r"n_steps = 0: .*at least 1"):
        Carrier("sine", 5000.0).sample(DT_MS, 0)
