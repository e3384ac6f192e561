"""`scsim sensitivity`: which swept key the results of a study depend on.

What is computed belongs to `scsim.results.sensitivity` and `scsim.results.correlations`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scsim.cli.console import print_json, say

if TYPE_CHECKING:
    import argparse

    from scsim.results.sensitivity import Sensitivity
    from scsim.results.store import Results


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sensitivity",
        help="which swept key the results depend on",
        description=(
            "Of a study with [sweep] mode saltelli: first-order and total Sobol indices, the shares of variance that "
            "each key explains. Of the modes random, sobol and latin: rank correlations, which are trends and no "
            "shares of variance."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument(
        "--dataset",
        action="append",
        dest="names",
        metavar="NAME",
        help="dataset, also with values per fiber or contact; may be given again "
        "(default: all with one number per case; without any, those with up to four)",
    )
    parser.add_argument(
        "--confidence", type=float, default=0.95, metavar="LEVEL", help="default: 0.95"
    )
    parser.add_argument(
        "--resamples",
        type=int,
        default=1000,
        metavar="N",
        help="of the bootstrap behind the intervals of Sobol indices (default: 1000)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write every row as CSV")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=sensitivity)


def sensitivity(args: argparse.Namespace) -> int:
    """Print indices or correlations, or write them to a file.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `names`, `confidence`, `resamples`, `out`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.results.sensitivity import write_sensitivity
    from scsim.results.store import load_results

    found = _measure(load_results(args.file), args)
    if args.out is not None:
        say(f"table: {write_sensitivity(found, args.out)}")
    if args.json:
        print_json([_as_json(one) for one in found])
    elif args.out is None:
        print("\n\n".join(map(repr, found)))
    return 0


def _measure(results: Results, args: argparse.Namespace) -> list[Sensitivity]:
    """Give Sobol indices or correlations, whichever the study allows, of all datasets asked for."""
    from scsim.errors import ResultsError
    from scsim.results.correlations import correlations
    from scsim.results.drawn_sample import (
        DRAWN,
        SALTELLI,
        few_valued_datasets,
        sensitive_datasets,
    )
    from scsim.results.sensitivity import sensitivity as sobol_indices

    mode = str(results.attributes.get("sweep_mode", ""))

    def measure(name: str) -> Sensitivity:
        if mode in DRAWN:
            return correlations(results, name, confidence=args.confidence)
        return sobol_indices(results, name, n_resamples=args.resamples, confidence=args.confidence)

    if args.names:
        return [measure(name) for name in args.names]
    names = sensitive_datasets(results) or few_valued_datasets(results)
    if mode not in (*DRAWN, SALTELLI):
        return [measure("status")]  # which says that the mode is another one
    found = []
    for name in names:
        try:
            found.append(measure(name))
        except ResultsError as error:
            say(f"left out: {error}")
    if not found:
        message = "no dataset with one or a few numbers per case can be judged: raise n in [sweep], or name another with --dataset; scsim show lists them."
        raise ResultsError(message)
    return found


def _as_json(found: Sensitivity) -> dict[str, object]:
    return {
        "dataset": found.name,
        "unit": found.unit,
        "kind": found.kind,
        "confidence": found.confidence,
        "n_rows": found.n_rows,
        "n_resamples": found.n_resamples,
        "notes": list(found.notes),
        "rows": list(found.rows()),
    }
