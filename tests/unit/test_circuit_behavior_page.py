"""The page of the circuit's behavior: parts, verdicts, counts."""

import json
from pathlib import Path

from benchmarks.circuit_behavior_page import lay_out, main

ROW = {
    "part": "Wind-up",
    "what": "last over first volley",
    "published": "2.46",
    "source": "a | b",
    "model": "2.46",
    "rule": "2.4 to 2.5",
    "is_held": True,
}


def test_rows_are_counted_and_parted() -> None:
    rows = [ROW, ROW | {"is_held": False}, ROW | {"part": "After-effects", "is_held": None}]
    page = lay_out(rows)
    assert "Of 2 rows 1 held and 1 missed." in page
    assert page.index("## Wind-up") < page.index("## After-effects")
    ends = [line.split("|")[-2].strip() for line in page.splitlines() if "2.4 to 2.5" in line]
    assert ends == ["held", "**missed**", "–"]


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    (line,) = (line for line in lay_out([ROW]).splitlines() if "2.4 to 2.5" in line)
    assert line.count("|") == 7
    assert "a / b" in line


def test_page_is_written_from_the_measured_rows(tmp_path: Path) -> None:
    measured, page = tmp_path / "rows.json", tmp_path / "page.md"
    measured.write_text(json.dumps([ROW]), encoding="utf-8")
    assert main([str(measured), str(page)]) == 0
    assert page.read_text(encoding="utf-8") == lay_out([ROW])
