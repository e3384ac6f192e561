"""Writes the tables of datasets, dimensions and status codes of ``docs/results.md`` from `scsim.results.schema`.

``python -m benchmarks.results_page docs/results.md``; a test holds that the page is what the table gives.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.marks import Marks
from scsim.errors import Status, advice
from scsim.results.schema import (
    ALWAYS_SAVED,
    DATASETS,
    INNER_DIMENSIONS,
    OF_FIBERS,
    SAVE_GROUPS,
    SCALE_DESCRIPTIONS,
    SCHEMA_VERSION,
    STATUS_DESCRIPTION,
)
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scsim.results.schema import Dataset

MARKS: Final = Marks(
    "<!-- schema: begin (written by benchmarks/results_page.py) -->", "<!-- schema: end -->"
)

_TYPES: Final = {"f8": "float64", "i8": "int64", "i1": "int8, status", "O": "text"}


def schema_tables() -> str:
    """Lay the table of datasets out in Markdown.

    Returns
    -------
    str
    """
    parts = [
        f"Version {SCHEMA_VERSION} of the table. Dimensions are those beside the swept ones.",
        "### In every file",
        _table(
            ("dataset", "unit", "type", "meaning"),
            [("`status`", "1", "int8, status", STATUS_DESCRIPTION)],
        ),
        _datasets(ALWAYS_SAVED),
        "### In every file of a study that stimulates fibers",
        _datasets(OF_FIBERS),
    ]
    for group, paths in SAVE_GROUPS.items():
        parts += [f'### `"{group}"`', _datasets(DATASETS[path] for path in paths)]
    parts += [
        "### Dimensions that do not come from a sweep",
        _table(
            ("dimension", "unit", "its values"),
            [
                (f"`{name}`", unit_of(name), SCALE_DESCRIPTIONS[name])
                for name in ("case", "case_name", *INNER_DIMENSIONS)
            ],
        ),
        "### Status codes",
        "Attributes `flag_values` and `flag_meanings` of every status name them too.",
        _table(
            ("code", "name", "what it means, what to do"),
            [(str(int(status)), f"`{status.name}`", advice(status)) for status in Status],
        ),
    ]
    return "\n\n".join(parts)


def _datasets(datasets: Iterable[Dataset]) -> str:
    rows = []
    for dataset in datasets:
        meaning = " ".join(part for part in (dataset.description, dataset.caveat) if part)
        absent = " Absent where no case has it." if dataset.is_optional else ""
        rows.append(
            (
                f"`{dataset.path}`",
                ", ".join(f"`{dim}`" for dim in dataset.dims) or "–",
                dataset.unit,
                _TYPES[dataset.dtype],
                meaning + absent,
            )
        )
    return _table(("dataset", "dimensions", "unit", "type", "meaning"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Write the tables between their marks of a page."""
    parser = argparse.ArgumentParser(description="Write the tables of the page about results.")
    parser.add_argument("page", type=Path, help="docs/results.md")
    options = parser.parse_args(arguments)
    MARKS.write(options.page, schema_tables())
    return 0


if __name__ == "__main__":
    sys.exit(main())
