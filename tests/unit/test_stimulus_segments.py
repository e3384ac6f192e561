"""Stretches of a pulse: levels, charges, jumps."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import ExponentialPulse, Pulse, Segment, TrapezoidPulse
from scsim.stimulus.segments import net_charge, phase_charges

LINE = Segment(0.0, 100.0, 0.2, 1.0)
DECAY = Segment(100.0, 300.0, -0.5, -0.5 * math.exp(-4.0), 50.0)
GROWTH = Segment(0.0, 200.0, math.exp(-4.0), 1.0, -50.0)


def test_a_straight_stretch_is_sampled_at_the_start_or_the_middle_of_its_steps():
    np.testing.assert_allclose(LINE.levels(4, 0.0), [0.2, 0.4, 0.6, 0.8], rtol=1e-15)
    np.testing.assert_allclose(LINE.levels(4, 0.5), [0.3, 0.5, 0.7, 0.9], rtol=1e-15)


def test_an_exponential_stretch_decays_or_grows():
    times = np.array([0.0, 50.0, 100.0, 150.0])
    np.testing.assert_allclose(DECAY.levels(4, 0.0), -0.5 * np.exp(-times / 50.0), rtol=1e-15)
    np.testing.assert_allclose(GROWTH.levels(4, 0.0), np.exp((times - 200.0) / 50.0), rtol=1e-14)


def test_charges_in_closed_form():
    assert LINE.charge == pytest.approx(60.0, rel=1e-15)
    assert DECAY.charge == pytest.approx(-25.0 * (1.0 - math.exp(-4.0)), rel=1e-15)
    assert GROWTH.charge == pytest.approx(50.0 * (1.0 - math.exp(-4.0)), rel=1e-15)


def test_a_steep_growth_does_not_overflow():
    steep = ExponentialPulse(1000.0, 1.0, "rising").segments()[0]
    assert steep.charge == pytest.approx(1.0)
    assert steep.levels(10, 0.0)[0] == 0.0
    assert steep.levels(1000, 0.0)[-1] == pytest.approx(math.exp(-1.0))


def test_touching_stretches_of_one_sign_are_one_phase():
    trapezoid = TrapezoidPulse(100.0, 20.0, 30.0, "asymmetric", 0.0, 4.0)
    assert phase_charges(trapezoid.segments()) == pytest.approx([75.0, -75.0])
    gap = (Segment(0.0, 10.0, 1.0, 1.0), Segment(20.0, 30.0, 1.0, 1.0))
    assert phase_charges(gap) == [10.0, 10.0]


def test_rounding_is_no_charge():
    pulse = Pulse(10.0, "asymmetric", 0.0, 4.1)
    assert math.fsum(part.charge for part in pulse.segments()) != 0.0
    assert net_charge(pulse.segments()) == 0.0
    assert pulse.net_charge_uc_per_ma == 0.0
    assert Pulse(210.0).net_charge_uc_per_ma == pytest.approx(0.21)
    assert Pulse(210.0, "biphasic").charge_per_phase_uc_per_ma == pytest.approx(0.21)


def test_a_pulse_alone_begins_at_zero_and_flags_its_jumps():
    pulse = Pulse(20.0, "asymmetric", 10.0, 2.0)
    found = pulse.sample(0.005, 20)
    levels = np.zeros(20)
    levels[0:4], levels[6:14] = 1.0, -0.5
    np.testing.assert_array_equal(found.levels, levels)
    assert np.flatnonzero(found.edges).tolist() == [0, 4, 6, 14]
    assert pulse.duration_ms == pytest.approx(0.07)


def test_what_lies_beyond_the_sampled_time_is_left_out():
    found = Pulse(100.0).sample(0.005, 7)
    np.testing.assert_array_equal(found.levels, np.ones(7))
    assert np.flatnonzero(found.edges).tolist() == [0]


def test_touching_phases_of_opposite_sign_jump_once():
    found = Pulse(20.0, "biphasic").sample(0.005, 10)
    assert np.flatnonzero(found.edges).tolist() == [0, 4, 8]


def test_a_pulse_that_does_not_fit_the_step_is_refused():
    with pytest.raises(StimulusError, match=r"phases of the pulse begin and end at 0, 62 µs"):
        Pulse(62.0).sample(0.005, 100)
    with pytest.raises(StimulusError, match=r"tau_us = 20 µs is 4 steps .*Use dt_ms = 0.002 ms"):
        ExponentialPulse(100.0, 20.0).sample(0.005, 100)
    with pytest.raises(StimulusError, match=r"Round the phases to whole steps"):
        Pulse(1e-7).sample(0.005, 100)
