"""`scsim export`: results as tidy CSV, one line per value.

The tables themselves belong to `scsim.results.tables`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="results as tidy CSV",
        description="Write the datasets of a results file as tidy CSV and print the paths.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the tables (default: csv/ beside the file)",
    )
    parser.set_defaults(command=export)


def export(args: argparse.Namespace) -> int:
    """Write the tables and name them.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `out`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.results.store import load_results
    from scsim.results.tables import write_tables

    results = load_results(args.file)
    beside = args.file if args.file.is_dir() else args.file.parent
    for path in write_tables(results, beside / "csv" if args.out is None else args.out):
        print(path)
    return 0
