"""`scsim summarize`: mean, spread and confidence interval over the repeats of a study.

What is computed belongs to `scsim.results.summary`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scsim.cli.console import print_json, say

if TYPE_CHECKING:
    import argparse

    from scsim.results.store import Results
    from scsim.results.summary import Summary


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "summarize",
        help="mean and confidence interval over seeds",
        description=(
            "Print mean, standard deviation, number and confidence interval of datasets over the repeats of a study: "
            "cases that differ by their random numbers alone."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--over",
        action="append",
        metavar="NAME",
        help="seed or realization; may be given twice (default: what the study repeats)",
    )
    parser.add_argument(
        "--dataset",
        action="append",
        dest="names",
        metavar="NAME",
        help="dataset; may be given again (default: all of numbers that depend on the repeats)",
    )
    parser.add_argument(
        "--confidence", type=float, default=0.95, metavar="LEVEL", help="default: 0.95"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write every row as CSV")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=summarize)


def summarize(args: argparse.Namespace) -> int:
    """Print the statistics, or write them to a file.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `over`, `names`, `confidence`, `out`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.results.store import load_results
    from scsim.results.summary import summarize as summarize_results

    results = load_results(args.file)
    over = tuple(args.over) if args.over else _repeated(results)
    summary = summarize_results(results, over, args.confidence, args.names)
    if args.out is not None:
        path = summary.write_csv(args.out)
        say(f"table: {path}")
    if args.json:
        print_json(_as_json(summary))
    elif args.out is None:
        print(summary)
    return 0


def _repeated(results: Results) -> tuple[str, ...]:
    """Name what the study repeats; ``seed`` where it repeats nothing, for the message."""
    from scsim.results.repeats import SEED_KEYS

    return tuple(key for key in SEED_KEYS if key in results.swept) or ("seed",)


def _as_json(summary: Summary) -> dict[str, object]:
    return {
        "title": summary.title,
        "over": list(summary.over),
        "confidence": summary.confidence,
        "notes": list(summary.notes),
        "same": list(summary.same),
        "rows": list(summary.rows()),
    }
