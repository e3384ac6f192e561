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
    from typing import Any

    from scsim.results.store import Results

_LONG: Final = frozenset({"config", "failures", "disclaimer", "inputs", "model_scope", "title"})
"""Attributes that have a place of their own, or are too long for a table."""


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
    print(f"{results.dataset('status').size} cases, {len(results.failures)} of them failed\n")
    axes = [(name, str(values.size), _span(values)) for name, values in results.coordinates.items()]
    print_table(("coordinate", "values", "from, to"), axes)
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
    for failure in results.failures:
        print(f"failed: case {failure.case} ({failure.name}): {failure.reason}")
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


def _span(values: Any) -> str:
    """Give the first and last value of a coordinate."""
    if values.size == 0:
        return ""
    texts = [f"{value:g}" if values.dtype.kind == "f" else str(value) for value in values[[0, -1]]]
    return ", ".join(dict.fromkeys(texts))


def _as_json(results: Results) -> dict[str, object]:
    return {
        "file": str(results.path),
        "coordinates": {name: values.tolist() for name, values in results.coordinates.items()},
        "datasets": {
            name: {
                "dims": list(results.dims(name)),
                "shape": list(results.variable(name).shape),
                "dtype": str(results.variable(name).values.dtype),
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


def _attribute(value: object) -> object:
    """Give an attribute as JSON holds it; those that are JSON themselves are opened."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            opened: object = json.loads(value)
        except ValueError:
            return value
        return opened
    return value if isinstance(value, (str, int, float, bool)) else str(value)
