"""The page about results says what the table of datasets says."""

from pathlib import Path

from benchmarks import storage
from benchmarks.results_page import MARKS, schema_tables
from scsim.results.schema import DATASETS, SAVE_GROUPS, SCHEMA_VERSION

PAGE = Path(__file__).parents[2] / "docs" / "results.md"


def test_the_page_is_what_the_table_gives() -> None:
    """If this fails, run `make results-page`."""
    page = PAGE.read_text(encoding="utf-8")
    assert MARKS.replace(page, schema_tables()) == page


def test_every_dataset_and_group_is_on_the_page() -> None:
    tables = schema_tables()
    for name in DATASETS:
        assert tables.count(f"| `{name}` |") == 1
    for group in SAVE_GROUPS:
        assert f'### `"{group}"`' in tables


def test_the_page_tells_of_the_version_that_is_written() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"- **{SCHEMA_VERSION}**:" in page


def test_the_page_has_the_measured_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    measured = page.partition(storage.MARKS.begin)[2].partition(storage.MARKS.end)[0]
    for name in (*storage.FILTERS, *storage.STUDIES):
        assert f"| {name} |" in measured
