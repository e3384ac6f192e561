"""The stimulus section of a config: the pulse it means and faults across its keys."""

import numpy as np
import pytest

from scsim.stimulus import PATTERNS, Pulse, StimulusSection, section_faults, stimulus_pulse
from scsim.stimulus.pattern import (
    burst_length_ms,
    pulses_per_s,
    stimulus_train,
    volley_onsets_ms,
)

BURST = {
    "pattern": "burst",
    "frequency_hz": 40.0,
    "pulses_per_burst": 5,
    "intraburst_frequency_hz": 500.0,
    "pulse_width_us": 1000.0,
}
KILOHERTZ = {
    "pattern": "kilohertz",
    "frequency_hz": 10_000.0,
    "pulse_width_us": 30.0,
    "shape": "biphasic",
    "interphase_gap_us": 20.0,
}


def section(**changes):
    values = {"pulse_width_us": 210.0, "amplitude_ma": 2.0, "frequency_hz": 50.0}
    return StimulusSection(**{**values, **changes})


def test_a_section_means_a_pulse():
    given = section(shape="asymmetric", interphase_gap_us=30.0, recovery_ratio=4.0)
    assert stimulus_pulse(given) == Pulse(210.0, "asymmetric", 30.0, 4.0)
    assert section_faults(given) == []
    assert section().pattern in PATTERNS


def test_a_pulse_as_long_as_the_period_is_allowed():
    assert section_faults(section(pulse_width_us=1000.0, frequency_hz=1000.0)) == []


@pytest.mark.parametrize(
    ("changes", "key", "fragments"),
    [
        (
            {"pulse_width_us": 600.0, "shape": "biphasic", "frequency_hz": 1000.0},
            "frequency_hz",
            ["at 1000 Hz", "every 1000 µs", "1200 µs", "833.333 Hz or less"],
        ),
        ({"recovery_ratio": 4.0}, "recovery_ratio", ["recovery_ratio = 4", "Choose the shape"]),
        (
            {"frequency_hz": 1001.0},
            "frequency_hz",
            ["tonic pulses come at 1000 Hz or less", 'pattern = "kilohertz"'],
        ),
        (
            {"pulses_per_burst": 5},
            "pulses_per_burst",
            ['the pattern "tonic" has no bursts', "Remove the key", 'pattern = "burst"'],
        ),
        (
            {**BURST, "pulses_per_burst": None},
            "pulses_per_burst",
            ["bursts need this key", "pulses_per_burst = 5"],
        ),
        (
            {**BURST, "intraburst_frequency_hz": None},
            "intraburst_frequency_hz",
            ["bursts need this key", "intraburst_frequency_hz = 500"],
        ),
        (
            {**BURST, "intraburst_frequency_hz": 1200.0},
            "intraburst_frequency_hz",
            ["at 1200 Hz a pulse begins every 833.333 µs", "1000 Hz or less", "shorten the pulse"],
        ),
        (
            # Four intervals of 2 ms and a pulse of 1 ms: 9 ms.
            {**BURST, "frequency_hz": 120.0},
            "frequency_hz",
            ["at 120 Hz a burst begins every 8333.33 µs", "lasts 9000 µs", "111.111 Hz or less"],
        ),
        (
            {
                **BURST,
                "frequency_hz": 2000.0,
                "pulses_per_burst": 2,
                "intraburst_frequency_hz": 5000.0,
                "pulse_width_us": 100.0,
            },
            "frequency_hz",
            ["bursts come at 1000 Hz or less"],
        ),
        ({**KILOHERTZ, "frequency_hz": 900.0}, "frequency_hz", ["begins at 1000 Hz", "tonic"]),
        (
            {**KILOHERTZ, "shape": "monophasic", "interphase_gap_us": 0.0},
            "shape",
            ["must be charge-balanced", 'shape = "biphasic"'],
        ),
        (
            {**KILOHERTZ, "frequency_hz": 20_000.0},
            "frequency_hz",
            ["begins every 50 µs, but one lasts 80 µs", "12500 Hz or less"],
        ),
        ({"interphase_gap_us": 4.0}, "interphase_gap_us", ["no second phase", "remove the gap"]),
    ],
)
def test_settings_that_do_not_go_together_are_faults(changes, key, fragments):
    faults = section_faults(section(**changes))
    assert [fault[0] for fault in faults] == [key]
    for fragment in fragments:
        assert fragment in faults[0][1]


def test_two_faults_come_at_once():
    faults = section_faults(section(recovery_ratio=2.0, interphase_gap_us=5.0))
    assert [key for key, _ in faults] == ["interphase_gap_us", "recovery_ratio"]


@pytest.mark.parametrize("changes", [BURST, KILOHERTZ, {"frequency_hz": 1000.0}])
def test_sound_patterns_have_no_faults(changes):
    assert section_faults(section(**changes)) == []


def test_a_burst_may_end_when_the_next_begins():
    assert section_faults(section(**{**BURST, "frequency_hz": 1000.0 / 9.0})) == []


def test_pulses_of_a_burst_are_where_the_keys_say():
    train = stimulus_train(section(**BURST), 2)
    assert train.onsets_ms == pytest.approx((0, 2, 4, 6, 8, 25, 27, 29, 31, 33))
    assert train.pulse == Pulse(1000.0)
    assert burst_length_ms(section(**BURST)) == pytest.approx(8.0)
    assert pulses_per_s(section(**BURST)) == 200.0
    assert volley_onsets_ms(section(**BURST), 50.0) == (0.0, 25.0)


def test_other_patterns_have_one_pulse_per_period():
    train = stimulus_train(section(**KILOHERTZ), 4)
    assert train.onsets_ms == pytest.approx((0.0, 0.1, 0.2, 0.3))
    assert train.net_charge_uc_per_ma == pytest.approx(0.0, abs=1e-15)
    assert burst_length_ms(section(**KILOHERTZ)) == 0.0
    assert pulses_per_s(section(**KILOHERTZ)) == 10_000.0
    # The end does not count, and a rounding of it does not add a pulse.
    assert volley_onsets_ms(section(frequency_hz=30.0), 0.0) == ()
    assert len(volley_onsets_ms(section(frequency_hz=30.0), 100.0)) == 3
    np.testing.assert_allclose(
        volley_onsets_ms(section(frequency_hz=30.0), 101.0), 1000.0 / 30.0 * np.arange(4)
    )
