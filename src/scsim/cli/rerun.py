"""`scsim rerun`: run the study of a results file again and say what differs.

What is compared belongs to `scsim.study.rerun`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from scsim.cli.console import print_json, say

if TYPE_CHECKING:
    import argparse

    from scsim.study.rerun import Rerun


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "rerun",
        help="run the study of a results file again and compare",
        description=(
            "Run the study of RESULTS again, from this file alone, and compare every bit. Exit code 0: the numbers "
            "are identical; 1: they differ, and it is said where and by how much; 2: bad input."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for what is computed now (default: results/rerun-<hash of config>-<hash of program>)",
    )
    parser.add_argument(
        "--files",
        type=Path,
        metavar="DIR",
        help="folder with files that the config names and that were too large to be kept in RESULTS",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="threads (default: one per processor)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete an earlier rerun in the folder, then run"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, and the verdict alone")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=rerun)


def rerun(args: argparse.Namespace) -> int:
    """Run the study again and print what differs.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `out`, `files`, `workers`, `fresh`, `quiet`, `json`.

    Returns
    -------
    int
        0 if the numbers are identical, else 1.
    """
    from scsim.cli.progress import make_progress
    from scsim.study.execution.forecast import Forecast
    from scsim.study.rerun import describe_rerun
    from scsim.study.rerun import rerun as run_again

    forecast = Forecast()
    with make_progress(forecast, is_quiet=args.quiet) as progress:
        found = run_again(
            args.file,
            args.out,
            files=args.files,
            workers=args.workers,
            fresh=args.fresh,
            progress=progress,
            forecast=forecast,
        )
    say(_what_ran(found), is_quiet=args.quiet)
    if args.json:
        print_json(_as_json(found))
    else:
        lines = describe_rerun(found)
        print("\n".join(lines[:1] if args.quiet else lines))
        print(f"results: {found.results.path}")
    return 0 if found.is_identical else 1


def _what_ran(found: Rerun) -> str:
    report = found.report
    if report.is_nothing_left:
        return "nothing was computed: an earlier rerun is compared again; --fresh computes it again"
    return (
        f"run again in {report.wall_s:.1f} s; fields: {report.n_fields_solved} solved, "
        f"{report.n_fields_loaded} read from the cache folder"
    )


def _as_json(found: Rerun) -> dict[str, object]:
    def changes(name: str) -> list[dict[str, str]]:
        return [
            {"name": one.name, "original": one.original, "now": one.now}
            for one in getattr(found, name)
        ]

    return {
        "original": str(found.original),
        "results": str(found.results.path),
        "is_identical": found.is_identical,
        "is_same_file": found.is_same_file,
        "environment": changes("environment"),
        "config": changes("config"),
        "attributes": changes("attributes"),
        "datasets": [
            {
                "name": one.name,
                "is_equal": one.is_equal,
                "reason": one.reason,
                "n_different": one.n_different,
                "n_values": one.n_values,
                "largest_absolute": _or_none(one.largest_absolute),
                "largest_relative": _or_none(one.largest_relative),
                "unit": one.unit,
                "case": one.case,
            }
            for one in found.datasets
        ],
    }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
