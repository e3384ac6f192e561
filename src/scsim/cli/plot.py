"""`scsim plot`: the standard pictures of a results file.

Pictures belong to `scsim.plots`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

_FORMATS: Final = ("png", "svg", "pdf")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "plot",
        help="the standard pictures of a results file",
        description="Draw the standard pictures and print their paths.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for pictures (default: that of the file)"
    )
    parser.add_argument("--format", choices=_FORMATS, default="png", help="default: png")
    parser.set_defaults(command=plot)


def plot(args: argparse.Namespace) -> int:
    """Draw the pictures.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `out`, `format`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.plots.pictures import save_pictures
    from scsim.results.store import load_results

    results = load_results(args.file)
    beside = args.file if args.file.is_dir() else args.file.parent
    pictures = save_pictures(results, beside if args.out is None else args.out, args.format)
    for path in pictures:
        print(path)
    if not pictures:
        print("no picture: none of the datasets that pictures need was saved (output.save)")
    return 0
