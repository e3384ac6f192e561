"""Replacing what stands between two marks of a page."""

from pathlib import Path

import pytest

from benchmarks.marks import Marks

MARKS = Marks("<!-- here -->", "<!-- /here -->")
PAGE = f"before\n{MARKS.begin}\nold\n{MARKS.end}\nafter\n"


def test_text_between_the_marks_is_replaced_and_the_rest_is_kept() -> None:
    once = MARKS.replace(PAGE, "new")
    assert once == f"before\n{MARKS.begin}\n\nnew\n\n{MARKS.end}\nafter\n"
    assert MARKS.replace(once, "new") == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        MARKS.begin,
        MARKS.end,
        f"{MARKS.end}\n{MARKS.begin}",
        f"{MARKS.begin}{MARKS.begin}{MARKS.end}",
        f"{MARKS.begin}{MARKS.end}{MARKS.end}",
    ],
)
def test_text_without_both_marks_once_in_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"'<!-- here -->' once.*'<!-- /here -->' once.*Put them"):
        MARKS.replace(text, "new")


def test_file_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    MARKS.write(page, "µ")
    assert page.read_text(encoding="utf-8") == MARKS.replace(PAGE, "µ")
