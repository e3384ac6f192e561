"""What a mistyped key or unit means."""

import pytest

from scsim.study.reading.faults import Findings, Source
from scsim.study.reading.keys import add_unknown, check_names, find_key, split_unit

KEYS = ["pulse_width_us", "amplitude_ma", "frequency_hz", "interphase_gap_us", "state"]


@pytest.mark.parametrize(
    ("written", "name", "suffix"),
    [
        ("pulse_width_us", "pulse_width", "us"),
        ("Amplitude_mA", "amplitude", "ma"),
        ("gap_µs", "gap", "us"),
        ("sigma_mS_per_m", "sigma", "ms_per_m"),
        ("state", "state", None),
    ],
)
def test_unit_is_split_from_a_key(written: str, name: str, suffix: str | None) -> None:
    assert split_unit(written) == (name, suffix)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pulsewidth_us", "pulse_width_us"),
        ("PulseWidth", "pulse_width_us"),
        ("pw_ms", "pulse_width_us"),
        ("ipg", "interphase_gap_us"),
        ("rate", "frequency_hz"),
        ("frequenzy_hz", "frequency_hz"),
        ("qwerty", None),
    ],
)
def test_mistyped_key_finds_the_one_that_is_meant(written: str, meant: str | None) -> None:
    assert find_key(written, KEYS) == meant


@pytest.mark.parametrize(
    ("table", "key", "value", "remedy"),
    [
        ("stimulus", "pulse_width_s", 0.0003, "pulse_width_us = 300 (multiply by 1000000)"),
        ("stimulus", "amplitude_na", 5e6, "amplitude_ma = 5 (divide by 1000000)"),
        ("tissue", "csf_thickness_cm", 0.32, "csf_thickness_mm = 3.2 (multiply by 10)"),
        ("tissue", "csf_thickness_um", 3200, "csf_thickness_mm = 3.2 (divide by 1000)"),
        ("field", "sigma_s_per_cm", 0.0025, "sigma_s_per_m = 0.25 (multiply by 100)"),
        ("circuit", "duration_ms", 3000, "duration_s = 3 (divide by 1000)"),
        ("circuit", "duration_min", 2, "duration_s = 120 (multiply by 60)"),
        ("circuit", "duration_hz", 2, "duration_s, with the value in s"),
        ("lead", "model", "mrg", "belongs below [fibers] or [circuit]"),
    ],
)
def test_other_unit_is_converted(table: str, key: str, value: object, remedy: str) -> None:
    findings = Findings(Source("a.toml", {}))
    add_unknown(table, key, value, findings, (table, key))
    (fault,) = findings.faults()
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("key", "units"),
    [
        ("duration_ns", "in s, not in ns"),
        ("duration_us", "in s, not in µs"),
        ("duration_khz", "in s, not in kHz"),
        ("duration_a", "in s, not in A"),
        ("duration_uv", "in s, not in µV"),
        ("duration_m", "in s, not in m"),
        ("duration_ms_per_cm", "in s, not in mS/cm"),
    ],
)
def test_units_are_written_as_units(key: str, units: str) -> None:
    findings = Findings(Source("a.toml", {}))
    add_unknown("circuit", key, [1], findings, ("circuit", key))
    (fault,) = findings.faults()
    assert units in fault.problem


def test_keys_that_are_missing_for_a_slip_are_given_back() -> None:
    findings = Findings(Source("a.toml", {}))
    told = check_names({"stimulis": {}, "lead": {"frequency_hz": 3}, "sed": 1}, findings)
    assert told["stimulus"] == {"*", "frequency_hz"}
    assert told[""] == {"seed"}
    assert len(findings) == 3
