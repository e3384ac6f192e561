"""`scsim merge`: join the folders of shards that were computed on machines without a shared disk.

What is copied and checked belongs to `scsim.study.merge`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scsim.cli.console import say

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "merge",
        help="join folders of shards",
        description=(
            "Copy the finished batches of each DIR into one folder, and write results.h5 if none is missing."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="DIR", help="folder of a run or shard"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the whole study (default: the first)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(command=merge)


def merge(args: argparse.Namespace) -> int:
    """Join the folders and say what came of it.

    Parameters
    ----------
    args : argparse.Namespace
        `folders`, `out`, `quiet`.

    Returns
    -------
    int
        0, also if batches are missing; 1 if some cases failed.
    """
    from scsim.cli.progress import make_progress
    from scsim.study.execution.forecast import Forecast
    from scsim.study.merge import merge_folders

    out = args.folders[0] if args.out is None else args.out
    forecast = Forecast()
    with make_progress(forecast, is_quiet=args.quiet) as progress:
        merged = merge_folders(args.folders, out, progress=progress, forecast=forecast)
    damaged = f", {merged.n_damaged} damaged ones left out" if merged.n_damaged else ""
    say(
        f"{merged.n_copied} batches copied, {merged.n_present} there already{damaged}",
        is_quiet=args.quiet,
    )
    if merged.outcome.found is None:
        print(f"{merged.outcome.n_left} batches are missing at least: there are no results yet")
        print(
            f"to complete: merge the folders of the other shards, or `scsim run CONFIG --out {out}`"
        )
        return 0
    results = merged.outcome.results
    print(f"results: {results.path}")
    for failure in results.failures:
        say(f"case {failure.case} ({failure.name}) failed: {failure.reason}")
    return 1 if results.failures else 0
