"""`scsim cite`: BibTeX of every model, table and program behind a study.

The entries themselves are data (``data/references``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

_RESULTS_SUFFIXES: Final = frozenset({".h5", ".hdf5", ".nc"})


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cite",
        help="BibTeX of what a study uses",
        description="Print BibTeX of every model and table that a study uses, and of the software.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a results.h5, or a config")
    parser.set_defaults(command=cite)


def cite(args: argparse.Namespace) -> int:
    """Print the entries.

    Parameters
    ----------
    args : argparse.Namespace
        `file`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.formats.bibliography import bibtex
    from scsim.study.provenance import citations

    if args.file.is_dir() or args.file.suffix in _RESULTS_SUFFIXES:
        from scsim.results.store import load_results

        keys = citations(load_results(args.file))
    else:
        from scsim.study.reading.parse import load_study

        keys = citations(load_study(args.file))
    print(bibtex(keys))
    return 0
