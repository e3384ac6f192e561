"""Turn the measurements of how studies scale into tables, and write them into the page on running studies.

Measuring belongs in ``study_scaling.py``.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any, Final

from benchmarks.marks import Marks, run_report
from benchmarks.study_scaling import WAYS, WORKS

MARKS: Final = Marks(
    "<!-- scaling: begin (written by benchmarks/study_scaling_report.py) -->",
    "<!-- scaling: end -->",
)

GOAL_RATIO: Final = 1.8
"""How much sooner two workers are to be done than one, on two cores (no unit)."""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def overhead_rows(kinds: dict[str, list[dict[str, Any]]]) -> list[tuple[str, ...]]:
    """Lay out the cost per case: the best run of each kind, and its parts."""
    rows = []
    for kind, runs in kinds.items():
        best = min(runs, key=lambda run: run["overhead_ms_per_case"])
        parts = best["parts_ms_per_case"]
        in_words = ", ".join(f"{part} {parts[part]:.3f}" for part in parts)
        rows.append((kind, f"{best['overhead_ms_per_case']:.2f}", in_words))
    return rows


def worker_rows(works: dict[str, dict[str, list[dict[str, Any]]]]) -> list[tuple[str, ...]]:
    """Lay out the time of each way, and its ratio to one thread pair by pair."""
    rows = []
    for name, ways in works.items():
        alone = [run["wall_s"] for run in ways["1 thread"]]
        row = [WORKS[name].title, f"{statistics.median(alone):.1f}"]
        for way in list(WAYS)[1:]:
            times = [run["wall_s"] for run in ways[way]]
            ratios = [one / other for one, other in zip(alone, times, strict=True)]
            row.append(
                f"{statistics.median(times):.1f} ({statistics.median(ratios):.2f}×, "
                f"{min(ratios):.2f} to {max(ratios):.2f})"
            )
        rows.append(tuple(row))
    return rows


def memory_rows(works: dict[str, dict[str, dict[str, Any]]]) -> list[tuple[str, ...]]:
    """Lay out the peak of memory under each bound."""
    return [
        (
            WORKS[name].title,
            *(
                "refused" if "refused" in run else f"{run['peak_mb'] / 1000:.2f}"
                for run in bounds.values()
            ),
        )
        for name, bounds in works.items()
    ]


def report(content: dict[str, Any]) -> str:
    """Lay out all parts of a file as text and tables in Markdown.

    Parameters
    ----------
    content : dict
        A file of ``study_scaling.py``, parsed.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the file holds no part.
    """
    lines = [
        (
            f"Measured on {content.get('date')}: {content.get('processor')}, {content.get('n_cores')} cores "
            f"(load {content.get('load_average', float('nan')):.1f} before), scsim "
            f"{content.get('versions', {}).get('scsim')}."
        ),
    ]
    if "overhead" in content:
        head = ("10 000 cases", "ms per case", "of which")
        lines += [
            "",
            "User CPU time per case beyond the kernels, with reading the config and writing the results; the best of three:",
            "",
            *_table(head, overhead_rows(content["overhead"])),
        ]
    if "workers" in content:
        head = ("work", *(f"{way}, s" for way in WAYS))
        lines += [
            "",
            "Time of one study, median of turns; in brackets how much sooner than one thread, and the range over the turns:",
            "",
            *_table(head, worker_rows(content["workers"])),
        ]
    if "memory" in content:
        bounds = list(next(iter(content["memory"].values())))
        head = ("work", *(f"--memory {bound}" for bound in bounds))
        lines += [
            "",
            "Largest memory of the process, GB, with two threads:",
            "",
            *_table(head, memory_rows(content["memory"])),
        ]
    if len(lines) == 1:
        msg = "the file holds no measurement of studies. Run `python -m benchmarks.study_scaling FILE`."
        raise ValueError(msg)
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the report of a file, and write it into a page if asked.

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
        report,
        MARKS,
        description="Tables of how studies scale.",
        made_by="python -m benchmarks.study_scaling",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
