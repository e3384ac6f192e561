"""Time steps: what counts as whole, which step would fit, how onsets round."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import Carrier, Pulse, PulseTrain, Samples, Waveform
from scsim.stimulus.waveform import (
    check_grid,
    is_whole,
    require_short_steps,
    require_whole_steps,
    sampling_limit,
    to_steps,
)


@pytest.mark.parametrize(
    "waveform",
    [
        Pulse(100.0),
        PulseTrain(Pulse(100.0), (0.1,)),
        Carrier("sine", 5000.0),
        Samples((0.0, 1.0), (1.0, 0.0)),
    ],
    ids=lambda waveform: type(waveform).__name__,
)
def test_every_stimulus_is_a_waveform(waveform):
    assert isinstance(waveform, Waveform)
    assert waveform.duration_ms > 0.0
    found = waveform.sample(0.005, 30)
    assert found.levels.shape == found.edges.shape == (30,)
    assert found.levels.dtype == np.float64
    assert found.edges.dtype == np.bool_


def test_a_step_quoted_with_six_digits_fits_but_a_long_time_must_not_pass_for_being_long():
    assert is_whole(62.0 / 4.76923)
    assert is_whole(3_000_000.009)
    assert not is_whole(3_000_000.02)
    assert not is_whole(10.001)


def test_half_a_step_counts_up_whatever_the_rounding_of_decimal_fractions():
    onsets = np.array([0.0, 0.0024, 0.0025, 0.0075, 0.0125, 0.0174999999999, 1000.0025])
    assert to_steps(onsets, 0.005).tolist() == [0, 0, 1, 2, 3, 4, 200_001]


@pytest.mark.parametrize("dt_ms", [0.0, -0.005, math.nan, math.inf])
def test_an_impossible_step_is_refused(dt_ms):
    with pytest.raises(StimulusError, match=rf"dt_ms = {dt_ms:g} ms: .*positive.*0.005 ms"):
        check_grid(dt_ms, 10)


@pytest.mark.parametrize("n_steps", [0, -3])
def test_no_step_is_refused(n_steps):
    with pytest.raises(StimulusError, match=rf"n_steps = {n_steps}: .*at least 1.*Lengthen"):
        check_grid(0.005, n_steps)


@pytest.mark.parametrize(
    ("times_us", "dt_ms", "message"),
    [
        ([100.0, 210.0], 0.025, r"it lies at 100, 210 µs; these are no whole .* dt_ms = 0.01 ms would fit \(dt_us = 10\)"),
        ([0.0, 1e-7], 0.005, r"Round the phases to whole steps\."),
        ([100.0, 100.001], 0.005, r"dt_ms = 1e-06 ms would fit"),
        ([1000.001], 20.0, r"no whole numbers of steps of dt_ms = 20 ms"),
        ([7.0 * k for k in range(1, 9)], 0.005, r"at 7, 14, 21, 28, 35, 42, … µs"),
    ],
)  # fmt: skip
def test_times_between_steps_are_refused(times_us, dt_ms, message):
    with pytest.raises(StimulusError, match=message):
        require_whole_steps("it lies at", times_us, dt_ms)


def test_a_step_that_would_be_too_fine_is_not_proposed():
    # The common divisor of 1 ns would need more than ten thousand steps in it.
    with pytest.raises(StimulusError, match=r"Round the phases"):
        require_whole_steps("it lies at", [0.001], 3e-11)


def test_exponentials_need_short_steps():
    assert sampling_limit("min_steps_per_tau") == 10.0
    require_short_steps("tau_us", 50.0, 0.005)
    with pytest.raises(
        StimulusError,
        match=r"tau_us = 49 µs is 9.8 steps of dt_ms = 0.005 ms: .* 10 steps .*dt_ms = 0.0049 ms "
        r"\(dt_us = 4.9\) or less, or a longer",
    ):
        require_short_steps("tau_us", 49.0, 0.005)
