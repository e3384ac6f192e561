"""The gallery: what it takes from the head of a config, and the page it lays out."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.gallery import figure_of, header_of, lay_out

CONFIG = """\
# One thing against another.
# figure: pain_map
#
# What happens: a < b,
#   scsim check configs/one.toml
# and no more.

title = "One: and another"     # figure: not_this
"""

ROW: dict[str, Any] = {
    "n_cases": 12,
    "wall_s": 30.4,
    "cpu_s": 50.6,
    "load_before": 0.5,
    "results_mb": 1.25,
    "numbers": [["threshold", "2.0 mA"]],
    "machine": "a processor, 2 cores",
    "date": "2026-01-02",
}


def test_header_is_the_first_comment_without_the_figure() -> None:
    assert header_of(CONFIG).splitlines() == [
        "One thing against another.",
        "",
        "What happens: a < b,",
        "  scsim check configs/one.toml",
        "and no more.",
    ]


def test_figure_is_named_once() -> None:
    assert figure_of(CONFIG) == "pain_map"


@pytest.mark.parametrize(("text", "count"), [("title = 1", 0), (CONFIG + CONFIG, 2)])
def test_header_without_one_figure_is_refused(text: str, count: int) -> None:
    with pytest.raises(ValueError, match=rf"has {count} lines '# figure: NAME'; write one"):
        figure_of(text)


def test_page_has_text_command_picture_and_numbers_of_each_study(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(CONFIG, encoding="utf-8")
    page = lay_out({"one": ROW}, tmp_path)
    for part in (
        "| [One: and another](#one-and-another) | 12 | 30 s | 51 s | 1.2 MB |",
        "## One: and another",
        "scsim run configs/one.toml",
        "What happens: a &lt; b,",
        "`scsim check configs/one.toml`",
        "![One: and another](images/studies/one.png)",
        "| threshold | 2.0 mA |",
        "a processor, 2 cores (2026-01-02)",
        "load average before a run up to 0.5",
    ):
        assert part in page


def test_study_that_was_not_measured_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(CONFIG, encoding="utf-8")
    with pytest.raises(
        ValueError, match="one: not measured yet; run make gallery ARGS='--only one'"
    ):
        lay_out({}, tmp_path)
