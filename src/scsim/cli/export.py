"""`scsim export`: results as tidy tables (CSV, Parquet), or their geometry as VTU for programs that draw in space.

The tables themselves belong to `scsim.results.tables`, the surfaces to `scsim.plots`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

_FORMATS: Final = ("csv", "parquet", "vtu")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="results as tidy tables, or leads, tissues and fibers as VTU",
        description=(
            "Write the datasets of a results file as tidy tables (CSV or Parquet), or leads, tissues and fibers "
            "in space as VTU, and print the paths."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--format", choices=_FORMATS, default=_FORMATS[0], help="what to write (default: csv)"
    )
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        dest="datasets",
        metavar="NAME",
        help="a dataset to write, as scsim show calls it; may be given several times (default: all)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the files (default: one named after the format beside the results)",
    )
    parser.set_defaults(command=export)


def export(args: argparse.Namespace) -> int:
    """Write the files and name them.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `format`, `datasets`, `out`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.errors import ResultsError
    from scsim.results.store import load_results

    if args.format == "vtu" and args.datasets:
        message = "--dataset chooses what tables hold; a VTU file holds all of the geometry: leave --dataset out, or write tables with --format csv or parquet."
        raise ResultsError(message)
    results = load_results(args.file)
    beside = args.file if args.file.is_dir() else args.file.parent
    folder = beside / args.format if args.out is None else args.out
    if args.format == "vtu":
        from scsim.plots.paraview import export_vtu

        paths = export_vtu(results, folder)
    else:
        from scsim.results.tables import write_tables

        paths = list(write_tables(results, folder, file_format=args.format, datasets=args.datasets))
    for path in paths:
        print(path)
    return 0
