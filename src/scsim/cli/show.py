"""`scsim show`: what is inside a results file.

Reading belongs to `scsim.results`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.console import print_json, print_table

if TYPE_CHECKING:
    import argparse

    from scsim.formats.hdf5 import Variable
    from scsim.results.store import Results

_LONG: Final = frozenset(
    {
        "config",
        "coordinates",
        "disclaimer",
        "failures",
        "inputs",
        "model_scope",
        "recovered",
        "title",
    }
)
"""Attributes that have a place of their own, or are too long for a table."""

_FAILURES_LISTED: Final = 20
"""Failed cases that are printed one by one; JSON has all."""

_IN_FULL_UP_TO: Final = 1 << 16
"""Values of a coordinate that JSON lists one by one; of a longer one it gives the first and the last."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "show",
        help="what is inside a results file",
        description=(
            "Print sweep axes, datasets with units, where the file comes from, and what its "
            "numbers do not say."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="RESULTS", help="a results.h5, or its folder")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=show)


def show(args: argparse.Namespace) -> int:
    """Print the contents.

    Parameters
    ----------
    args : argparse.Namespace
        `file`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.results.store import load_results

    results = load_results(args.file)
    if args.json:
        print_json(_as_json(results))
        return 0
    attributes = results.attributes
    print(f"{results.path}: {attributes.get('title', '')}")
    failures = results.failures
    print(f"{results.variable('status').size} cases, {len(failures)} of them failed")
    for line in _recovered(results):
        print(line)
    print()
    axes = [_coordinate_row(results, name) for name in results.coordinate_names]
    print_table(("coordinate", "along", "values", "from, to", "unit"), axes)
    print()
    print_table(
        ("dataset", "dimensions", "unit", "meaning"),
        [_row(results, name) for name in results.names],
    )
    print()
    provenance = [
        (name, str(value)) for name, value in sorted(attributes.items()) if name not in _LONG
    ]
    print_table(("provenance", ""), provenance)
    for failure in failures[:_FAILURES_LISTED]:
        print(f"failed: case {failure.case} ({failure.name}): {failure.reason}")
    if len(failures) > _FAILURES_LISTED:
        print(f"failed: {len(failures) - _FAILURES_LISTED} more cases; --json lists all")
    print(f"\nscope: {attributes.get('model_scope', '')}\n{attributes.get('disclaimer', '')}")
    return 0


def _row(results: Results, name: str) -> tuple[str, ...]:
    variable = results.variable(name)
    sizes = zip(variable.dims, variable.shape, strict=True)
    shape = ", ".join(f"{dim} {size}" for dim, size in sizes)
    return (
        name,
        shape,
        str(variable.attributes.get("units", "1")),
        str(variable.attributes.get("long_name", "")),
    )


def _coordinate_row(results: Results, name: str) -> tuple[str, ...]:
    variable = results.variables[name]
    along = "" if variable.is_scale else ", ".join(variable.dims)
    unit = str(variable.attributes.get("units", "1"))
    return (name, along, str(variable.size), _span(variable), unit)


def _span(variable: Variable) -> str:
    """Give the first and last value along a dimension, or the smallest and largest of swept numbers."""
    if variable.size == 0:
        return ""
    if not variable.is_scale and variable.dtype != "str":
        ends = [variable.values.min(), variable.values.max()]
    else:
        ends = [variable.read((place,))[0] for place in (slice(0, 1), _last(variable))]
    texts = [f"{value:g}" if variable.dtype.startswith("f") else str(value) for value in ends]
    return ", ".join(dict.fromkeys(texts))


def _last(variable: Variable) -> slice:
    return slice(variable.size - 1, variable.size)


def _recovered(results: Results) -> list[str]:
    """Say that a file was recovered, and what of it is lost."""
    if "recovered" not in results.attributes:
        return []
    noted = json.loads(results.attributes["recovered"])
    losses = [
        f"lost: {loss['dataset']}: {100.0 * loss['share']:.3g} % ({loss['places']})"
        for loss in noted["losses"]
    ]
    return [f"recovered from a damaged file ({noted['from']})", *losses]


def _as_json(results: Results) -> dict[str, object]:
    return {
        "file": str(results.path),
        "coordinates": {
            name: _listed(results.variables[name]) for name in results.coordinate_names
        },
        "datasets": {
            name: {
                "dims": list(results.dims(name)),
                "shape": list(results.variable(name).shape),
                "dtype": _dtype(results.variable(name)),
                **{
                    key: str(value)
                    for key, value in results.variable(name).attributes.items()
                    if isinstance(value, str)
                },
            }
            for name in results.names
        },
        "attributes": {name: _attribute(value) for name, value in results.attributes.items()},
    }


def _listed(variable: Variable) -> object:
    """Give the values of a coordinate, of a long one its size and ends."""
    if variable.size <= _IN_FULL_UP_TO:
        return variable.values.tolist()
    ends = [variable.read((place,)).tolist()[0] for place in (slice(0, 1), _last(variable))]
    return {"size": variable.size, "first": ends[0], "last": ends[1]}


def _dtype(variable: Variable) -> str:
    import numpy as np

    return "str" if variable.dtype == "str" else str(np.dtype(variable.dtype))


def _attribute(value: object) -> object:
    """Give an attribute as JSON holds it; those that are JSON themselves are opened."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            opened: object = json.loads(value)
        except ValueError:
            return value
        return opened
    return value if isinstance(value, (str, int, float, bool)) else str(value)
