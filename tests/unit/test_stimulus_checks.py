"""A waveform in its window: placed, sampled, refused."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import (
    Carrier,
    PassiveRecharge,
    Pulse,
    PulseTrain,
    Samples,
    check_waveform,
    place,
)

PULSE = Pulse(100.0)


def test_a_lone_pulse_is_placed_and_anything_else_stays():
    assert place(PULSE, [0.1, 2.0]) == PulseTrain(PULSE, (0.1, 2.0))
    carrier = Carrier("sine", 5000.0)
    assert place(carrier, [0.1]) is carrier


def test_what_is_no_waveform_is_refused():
    with pytest.raises(
        StimulusError, match=r"\[1, 0\] is no waveform: .*Give a Pulse, a PulseTrain"
    ):
        place([1, 0], [0.1])


@pytest.mark.parametrize("midpoint", [False, True])
def test_a_waveform_that_fits_is_sampled(midpoint):
    waveform = Carrier("sine", 5000.0, 0.1)
    found = check_waveform(waveform, 0.005, 2.0, midpoint=midpoint)
    np.testing.assert_array_equal(
        found.levels, waveform.sample(0.005, 400, midpoint=midpoint).levels
    )


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (PulseTrain(PULSE, (0.1, 4.95)), r"ends at 5.05 ms, after the window of window_ms = 5 ms\. Lengthen"),
        (PulseTrain(PULSE, (6.0,)), r"ends at 6.1 ms, after the window"),
        (Carrier("sine", 5000.0, 0.0, 5.1), r"ends at 5.1 ms, after the window"),
        (Carrier("sine", 5000.0, 5.0), r"zero everywhere in the window of window_ms = 5 ms\. Give it a level"),
        (Samples((0.0, 1.0), (0.0, 0.0)), r"zero everywhere in the window"),
        (Samples((0.0, 6.0), (1.0, 0.0)), r"ends at 6 ms, after the window"),
        (PulseTrain(Pulse(62.0), (0.1,)), r"dt_ms = 0.005 ms\. dt_ms = 0.00476923 ms would fit"),
        (Carrier("square", 3000.0), r"33.3333 steps"),
    ],
)  # fmt: skip
def test_a_waveform_that_cannot_be_meant_is_refused(waveform, message):
    with pytest.raises(StimulusError, match=message):
        check_waveform(waveform, 0.005, 5.0)


@pytest.mark.parametrize("dt_ms", [0.0, -1.0, math.nan])
def test_an_impossible_step_is_refused(dt_ms):
    with pytest.raises(StimulusError, match=rf"dt_ms = {dt_ms:g} ms: .*positive"):
        check_waveform(PulseTrain(PULSE, (0.1,)), dt_ms, 5.0)


def test_a_window_without_a_step_is_refused():
    with pytest.raises(StimulusError, match=r"n_steps = 0"):
        check_waveform(PulseTrain(PULSE, (0.1,)), 0.005, 0.001)


def test_what_fills_the_window_and_what_has_no_end_may_pass():
    check_waveform(PulseTrain(PULSE, (0.0, 4.9)), 0.005, 5.0)
    check_waveform(Carrier("square", 5000.0), 0.005, 5.0)
    tail = PulseTrain(PULSE, (0.1,), PassiveRecharge(2000.0))
    assert tail.duration_ms > 5.0
    check_waveform(tail, 0.005, 5.0)
