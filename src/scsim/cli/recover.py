"""`scsim recover`: what is sound of a damaged results file, in a new one, and what is lost.

How sound parts are found belongs to `scsim.results.recover`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from scsim.cli.console import print_json, print_table

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "recover",
        help="save what is sound of a damaged results file",
        description=(
            "Write what is sound of a truncated or damaged results file to a new one, and list what is lost. "
            "Every value that is kept has been checked."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the new file (default: results_recovered.h5 beside the damaged one)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=recover)


def recover(args: argparse.Namespace) -> int:
    """Write the new file and say what is lost.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `out`, `json`.

    Returns
    -------
    int
        Exit code: 0 if all of it is there, 1 if something is lost.
    """
    from scsim.results.recover import recover_results

    recovery = recover_results(args.file, args.out)
    if args.json:
        losses = [asdict(loss) for loss in recovery.losses]
        path = str(recovery.results.path)
        print_json({"file": path, "is_sound": recovery.is_sound, "losses": losses})
    elif recovery.is_sound:
        print(f"{recovery.results.path} is sound: nothing to recover")
    elif not recovery.losses:
        print(f"{recovery.results.path}: everything was recovered, nothing is lost")
    else:
        rows = [
            (loss.dataset, f"{100.0 * loss.share:.3g} %", loss.places, str(loss.n_cases))
            for loss in recovery.losses
        ]
        print_table(("dataset", "lost", "places", "cases"), rows)
        print(f"\n{recovery.results.path}: the rest, with blanks where values are lost")
    return 1 if recovery.losses else 0
