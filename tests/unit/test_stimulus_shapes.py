"""Ramped and exponential pulses: samples by hand, and refusals."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import ExponentialPulse, Pulse, PulseTrain, TrapezoidPulse

DT_MS = 0.005


def levels(pulse, n_steps, **options):
    return pulse.sample(DT_MS, n_steps, **options).levels


def test_a_trapezoid_at_the_start_and_the_middle_of_its_steps():
    pulse = TrapezoidPulse(40.0, 20.0, 10.0)
    np.testing.assert_allclose(
        levels(pulse, 10), [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0], atol=1e-15
    )
    np.testing.assert_allclose(
        levels(pulse, 10, midpoint=True),
        [0.125, 0.375, 0.625, 0.875, 1.0, 1.0, 0.75, 0.25, 0.0, 0.0],
        atol=1e-15,
    )
    assert not pulse.sample(DT_MS, 10).edges.any()


def test_the_second_phase_is_the_first_turned_over_longer_and_lower():
    pulse = TrapezoidPulse(20.0, 10.0, 10.0, "asymmetric", 5.0, 2.0)
    np.testing.assert_allclose(
        levels(pulse, 14),
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.0, -0.125, -0.25, -0.375, -0.5, -0.375, -0.25, -0.125, 0.0],
        atol=1e-15,
    )
    assert pulse.duration_us == 65.0
    assert pulse.net_charge_uc_per_ma == 0.0


def test_ramps_jump_only_where_they_do_not_begin_or_end_at_zero():
    rising, falling = TrapezoidPulse(50.0, rise_us=50.0), TrapezoidPulse(50.0, fall_us=50.0)
    assert np.flatnonzero(rising.sample(DT_MS, 20).edges).tolist() == [10]
    assert np.flatnonzero(falling.sample(DT_MS, 20).edges).tolist() == [0]
    touching = TrapezoidPulse(50.0, 0.0, 50.0, "biphasic").sample(DT_MS, 30)
    assert np.flatnonzero(touching.edges).tolist() == [0, 10]


def test_without_ramps_a_trapezoid_is_a_rectangle():
    for shape, gap, ratio in (
        ("monophasic", 0.0, 1.0),
        ("biphasic", 30.0, 1.0),
        ("asymmetric", 5.0, 4.0),
    ):
        plain = Pulse(60.0, shape, gap, ratio).sample(DT_MS, 80)
        ramped = TrapezoidPulse(60.0, 0.0, 0.0, shape, gap, ratio).sample(DT_MS, 80)
        np.testing.assert_array_equal(ramped.levels, plain.levels)
        np.testing.assert_array_equal(ramped.edges, plain.edges)


def test_ramps_that_fill_the_phase_but_for_rounding_leave_no_plateau():
    pulse = TrapezoidPulse(0.3, 0.1, 0.2)
    assert len(pulse.segments()) == 2
    assert len(TrapezoidPulse(0.9, 0.3, 0.6).segments()) == 2
    found = pulse.sample(1e-5, 60)
    assert not found.edges.any()
    assert found.levels.max() == 1.0


@pytest.mark.parametrize("direction", ["rising", "falling"])
def test_an_exponential_pulse_has_its_largest_level_at_one_end(direction):
    pulse = ExponentialPulse(100.0, 50.0, direction, "asymmetric", 20.0, 2.0)
    times = np.arange(20) * 5.0
    expected = np.exp(-times / 50.0) if direction == "falling" else np.exp((times - 100.0) / 50.0)
    found = pulse.sample(DT_MS, 100)
    np.testing.assert_allclose(found.levels[:20], expected, rtol=1e-14)
    np.testing.assert_array_equal(found.levels[20:24], 0.0)
    np.testing.assert_allclose(found.levels[24:64:2], -0.5 * expected, rtol=1e-14)
    assert np.flatnonzero(found.edges).tolist() == [0, 20, 24, 64]
    assert pulse.net_charge_uc_per_ma == 0.0
    assert pulse.charge_per_phase_uc_per_ma == pytest.approx(0.05 * (1.0 - math.exp(-2.0)))


def test_shaped_pulses_make_trains():
    train = PulseTrain(TrapezoidPulse(20.0, 10.0, 10.0), (0.0, 0.05))
    np.testing.assert_allclose(
        train.sample(DT_MS, 16).levels, [0, 0.5, 1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.5, 1, 0.5, 0, 0]
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrapezoidPulse(0.0), r"pulse_width_us = 0 µs: .*positive"),
        (lambda: TrapezoidPulse(100.0, -1.0), r"rise_us = -1 µs: .*0 or more.*Choose 0 for a jump"),
        (lambda: TrapezoidPulse(100.0, 0.0, math.inf), r"fall_us = inf µs: .*finite"),
        (lambda: TrapezoidPulse(100.0, 60.0, 50.0), r"rise_us = 60 µs and fall_us = 50 µs are longer .*pulse_width_us = 100 µs.*Shorten"),
        (lambda: TrapezoidPulse(100.0, 0.0, 0.0, "monophasic", 10.0), r"interphase_gap_us = 10 µs: .*remove the gap"),
        (lambda: ExponentialPulse(100.0, 0.0), r"tau_us = 0 µs: .*positive and finite\. Choose about the width"),
        (lambda: ExponentialPulse(100.0, 50.0, "up"), r"direction = 'up': directions are rising, falling\. Choose"),
        (lambda: ExponentialPulse(100.0, 50.0, "rising", "biphasic", 0.0, 3.0), r"recovery_ratio = 3: a biphasic pulse has ratio 1"),
    ],
)  # fmt: skip
def test_impossible_shapes_are_refused(make, message):
    with pytest.raises(StimulusError, match=message):
        make()
