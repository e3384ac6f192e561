"""Pulses: phases, their samples, and refusals that name a fitting step."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import Phase, Pulse, sample_pulses


def test_phases_of_each_shape():
    assert Pulse(100.0).phases() == (Phase(0.0, 100.0, 1.0),)
    assert Pulse(100.0, "biphasic", 50.0).phases() == (
        Phase(0.0, 100.0, 1.0),
        Phase(150.0, 250.0, -1.0),
    )
    assert Pulse(100.0, "asymmetric", 50.0, 4.0).phases() == (
        Phase(0.0, 100.0, 1.0),
        Phase(150.0, 550.0, -0.25),
    )
    assert Pulse(100.0, "asymmetric", 50.0, 4.0).duration_us == 550.0


def test_an_interval_covers_the_steps_from_its_start_to_before_its_end():
    levels = sample_pulses(Pulse(20.0, "asymmetric", 10.0, 2.0), [0.01], 0.005, 20)
    expected = np.zeros(20)
    expected[2:6] = 1.0
    expected[8:16] = -0.5
    np.testing.assert_array_equal(levels, expected)


def test_a_train_keeps_the_width_of_every_phase_whatever_the_onset():
    onsets_ms = np.arange(30) * 1000.0 / 30.0 + 0.1
    levels = sample_pulses(Pulse(210.0, "biphasic"), onsets_ms, 0.005, 250_000)
    assert (levels == 1.0).sum() == 30 * 42
    assert (levels == -1.0).sum() == 30 * 42
    assert levels.sum() == 0.0


def test_onsets_need_no_order():
    pulse = Pulse(50.0)
    np.testing.assert_array_equal(
        sample_pulses(pulse, [3.0, 1.0], 0.01, 500), sample_pulses(pulse, [1.0, 3.0], 0.01, 500)
    )


def test_pulses_may_touch_and_fill_the_time():
    levels = sample_pulses(Pulse(50.0), [0.0, 0.05], 0.01, 10)
    np.testing.assert_array_equal(levels, np.ones(10))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), r"pulse_width_us = 0 µs: .*positive.*60 to 1000 µs"),
        ((-60.0,), r"pulse_width_us = -60 µs"),
        ((math.nan,), r"pulse_width_us = nan µs"),
        ((math.inf,), r"pulse_width_us = inf µs"),
        ((100.0, "sine"), r"shape = 'sine': shapes are monophasic, biphasic, asymmetric\. Choose"),
        ((100.0, "biphasic", -1.0), r"interphase_gap_us = -1 µs: .*0 or more.*0 to 100 µs"),
        ((100.0, "asymmetric", 0.0, 0.5), r"recovery_ratio = 0.5: .*1 or more.*4 to 10"),
        (
            (100.0, "biphasic", 0.0, 4.0),
            r"recovery_ratio = 4: a biphasic pulse has ratio 1\. Choose",
        ),
        (
            (100.0, "monophasic", 30.0),
            r"interphase_gap_us = 30 µs: .*no second phase.*remove the gap",
        ),
    ],
)
def test_an_impossible_pulse_is_refused(arguments, message):
    with pytest.raises(StimulusError, match=message):
        Pulse(*arguments)


@pytest.mark.parametrize(
    ("pulse", "dt_ms", "fitting"),
    [
        (Pulse(62.0), 0.005, 0.062 / 13),
        (Pulse(210.0, "biphasic", 33.0), 0.005, 0.003),
        (Pulse(100.0), 0.03, 0.025),
        (Pulse(0.5), 0.005, 0.0005),
    ],
)
def test_a_phase_between_steps_is_refused_and_a_fitting_step_is_named(pulse, dt_ms, fitting):
    with pytest.raises(StimulusError) as caught:
        sample_pulses(pulse, [0.1], dt_ms, 1000)
    text = str(caught.value)
    assert f"no whole numbers of steps of dt_ms = {dt_ms:g} ms" in text
    assert f"dt_ms = {fitting:g} ms would fit (dt_us = " in text
    sample_pulses(pulse, [0.1], fitting, 1000)


def test_a_width_that_is_no_decimal_fraction_is_refused_without_a_step():
    with pytest.raises(StimulusError, match="Round the phases to whole steps"):
        sample_pulses(Pulse(100.0 / 3.0), [0.1], 0.005, 1000)


@pytest.mark.parametrize(
    ("onsets_ms", "message"),
    [
        ([], r"no pulse: onsets_ms is empty\. Give at least one onset"),
        ([-0.01], r"a pulse of 100 µs at -0.01 ms .* 0 to 1 ms\. Move the onset or lengthen"),
        ([0.95], r"a pulse of 100 µs at 0.95 ms does not lie inside"),
        ([0.1, 0.15], r"pulses of 100 µs overlap: .* 50 µs apart\. Lower the frequency"),
    ],
)
def test_a_train_that_does_not_fit_is_refused(onsets_ms, message):
    with pytest.raises(StimulusError, match=message):
        sample_pulses(Pulse(100.0), onsets_ms, 0.01, 100)


@pytest.mark.parametrize("dt_ms", [0.0, -0.005, math.nan])
def test_an_impossible_step_is_refused(dt_ms):
    with pytest.raises(StimulusError, match=rf"dt_ms = {dt_ms:g} ms: .*positive.*0.005 ms"):
        sample_pulses(Pulse(100.0), [0.1], dt_ms, 100)
