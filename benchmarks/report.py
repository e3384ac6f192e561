"""Turn a file of measured benchmarks into the table for people, and write it into the README.

Judging base against branch belongs in ``compare.py``.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks.marks import Marks, run_report

MARKS: Final = Marks(
    "<!-- benchmark table: begin (written by benchmarks/report.py) -->",
    "<!-- benchmark table: end -->",
)

_TIME_UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_SMALLEST: Final = _TIME_UNITS[-1]


def in_words(seconds: float) -> str:
    """Write a time with three digits and a fitting unit."""
    factor, unit = next((pair for pair in _TIME_UNITS if seconds >= pair[0]), _SMALLEST)
    return f"{seconds / factor:.3g} {unit}"


def row_of(entry: dict[str, Any]) -> tuple[str, ...]:
    """Give what is computed, its time, the time of one unit, accuracy and memory of a benchmark."""
    info = entry["extra_info"]
    seconds = float(entry["stats"]["median"])
    each = (
        "" if info["work"] == 1 else f"{in_words(seconds / info['work'])} per {info['work_unit']}"
    )
    remarks = [info["note"]] if info["note"] else []
    if "error" in info:
        unit = "" if info["error_unit"] == "1" else f" {info['error_unit']}"
        remarks.append(f"{info['error']:.1e}{unit}")
    memory = f"{info['peak_mb']:.1f} MB" if "peak_mb" in info else ""
    return info["title"], in_words(seconds), each, "; ".join(remarks), memory


def table(content: dict[str, Any]) -> str:
    """Lay out all benchmarks of a file as a Markdown table.

    Parameters
    ----------
    content : dict
        A file of ``pytest --benchmark-json``, parsed.

    Returns
    -------
    str
        The table, with a line above it that says where and when it was measured.
    """
    head = ("what", "time", "each", "worst error of its reference cases, or note", "peak memory")
    rows = [row_of(entry) for entry in content["benchmarks"]]
    machine = content["machine_info"]
    processor = machine.get("cpu", {}).get("brand_raw") or machine.get("processor") or "unknown"
    processor = f"{processor} ({machine['cpu_target']})" if "cpu_target" in machine else processor
    where = f"{processor}, Python {machine['python_version']}, {content['datetime'][:10]}"
    lines = [
        f"Median times with one thread, compiled before unless it says otherwise, on {where} (`make bench`). Errors without a unit are relative.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table of a file, and write it into a README if asked.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    return run_report(
        table,
        MARKS,
        description="Table of measured benchmarks.",
        made_by="make bench",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
