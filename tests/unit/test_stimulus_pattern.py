"""The stimulus section of a config: the pulse it means and faults across its keys."""

import pytest

from scsim.stimulus import PATTERNS, Pulse, StimulusSection, section_faults, stimulus_pulse


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
