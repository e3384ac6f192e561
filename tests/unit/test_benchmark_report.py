"""The table of measured benchmarks, and its place in the README."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import MARKS, in_words, main, row_of, table


def entry(**changes: Any) -> dict[str, Any]:
    info = {"title": "MRG step", "work": 1000, "work_unit": "compartment-step", "note": ""}
    return {"stats": {"median": 0.004}, "extra_info": info | changes}


def content(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "benchmarks": list(entries),
        "machine_info": {"cpu": {"brand_raw": "Some CPU"}, "python_version": "3.11.7"},
        "datetime": "2026-11-20T12:00:00",
    }


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(12.34, "12.3 s"), (1.0, "1 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs"), (2e-10, "0.2 ns")],
)
def test_times_have_three_digits_and_a_unit(seconds: float, expected: str) -> None:
    assert in_words(seconds) == expected


def test_time_stands_beside_its_error_and_memory() -> None:
    row = row_of(entry(error=2.5e-5, error_unit="mV", error_case="a", peak_mb=1.25))
    assert row == ("MRG step", "4 ms", "4 µs per compartment-step", "2.5e-05 mV", "1.2 MB")


def test_relative_error_has_no_unit_and_notes_come_first() -> None:
    row = row_of(entry(error=1e-9, error_unit="1", error_case="a", note="bits equal", work=1))
    assert row[2:] == ("", "bits equal; 1.0e-09", "")


def test_table_says_where_and_when() -> None:
    lines = table(content(entry(), entry(title="field"))).splitlines()
    assert "Some CPU, Python 3.11.7, 2026-11-20" in lines[0]
    assert len(lines) == 6
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_table_names_the_instructions_that_speed_depends_on() -> None:
    measured = content(entry())
    measured["machine_info"]["cpu_target"] = "znver4, avx512f"
    assert "on Some CPU (znver4, avx512f), Python" in table(measured)


def test_machine_without_a_name_is_unknown() -> None:
    nameless = content(entry()) | {"machine_info": {"cpu": {}, "python_version": "3.14.0"}}
    assert "on unknown, Python 3.14.0" in table(nameless)


def test_readme_has_the_marks(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert "new" in MARKS.replace(readme, "new")


def test_program_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = tmp_path / "measured.json"
    measured.write_text(json.dumps(content(entry())), encoding="utf-8")
    readme = tmp_path / "README.md"
    readme.write_text(f"{MARKS.begin}\n{MARKS.end}\n", encoding="utf-8")
    assert main([str(measured), "--readme", str(readme)]) == 0
    assert "| MRG step | 4 ms |" in capsys.readouterr().out
    assert "| MRG step | 4 ms |" in readme.read_text(encoding="utf-8")
