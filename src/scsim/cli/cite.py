"""`scsim cite`: everything that a study has to cite, and its methods in words.

The entries themselves are data (``data/references``); which of them a study needs is found in `scsim.study`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.console import print_json

if TYPE_CHECKING:
    import argparse

    from scsim.results.store import Results
    from scsim.study.config import Study

_RESULTS_SUFFIXES: Final = frozenset({".h5", ".hdf5", ".nc"})


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cite",
        help="what a study has to cite, and its methods in words",
        description=(
            "Print references of scsim, of every model and table that a study uses, and of the software; or, with "
            "--methods, a text for the methods section of a paper."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a results.h5, or a config")
    parser.add_argument(
        "--format", choices=("bibtex", "text", "json"), default="bibtex", help="default: bibtex"
    )
    parser.add_argument(
        "--methods",
        action="store_true",
        help="models, settings, versions, seed and hashes in words, with the references below",
    )
    parser.set_defaults(command=cite)


def cite(args: argparse.Namespace) -> int:
    """Print the entries.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `format`, `methods`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.formats.bibliography import bibtex, references
    from scsim.study.citations import citations
    from scsim.study.methods import library_versions, methods_text

    source = _read(args.file)
    keys, known = citations(source), library_versions(source)
    text = methods_text(source) if args.methods else ""
    if args.format == "json":
        entries = [
            {"key": one.key, "type": one.kind, "short": one.short, **one.fields}
            for one in references(keys, known)
        ]
        print_json({"methods": text, "references": entries} if text else entries)
        return 0
    if text:
        print(text)
    if args.format == "text":
        print("\n".join(map(str, references(keys, known))))
    else:
        print(bibtex(keys, known), end="")
    return 0


def _read(path: Path) -> Study | Results:
    if path.is_dir() or path.suffix in _RESULTS_SUFFIXES:
        from scsim.results.store import load_results

        return load_results(path)
    from scsim.study.reading.parse import load_study

    return load_study(path)
