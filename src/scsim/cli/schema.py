"""`scsim schema`: the JSON Schema of configs, for editors.

What it holds belongs to `scsim.study.reading.json_schema`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "schema",
        help="the JSON Schema of configs, for editors",
        description=(
            "Print the JSON Schema of configs, or write it to a file. Editors that know TOML schemas complete, "
            "explain and check a config whose first line is  #:schema scsim.schema.json"
        ),
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it here, not to stdout")
    parser.add_argument("--quiet", action="store_true", help="do not say where it was written")
    parser.set_defaults(command=schema)


def schema(args: argparse.Namespace) -> int:
    """Print or write the schema.

    Parameters
    ----------
    args : argparse.Namespace
        `out`, `quiet`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.study.reading.json_schema import config_schema

    text = json.dumps(config_schema(), indent=2, ensure_ascii=False)
    if args.out is None:
        print(text)
        return 0
    args.out.write_text(f"{text}\n", encoding="utf-8")
    if not args.quiet:
        print(f"schema: {args.out}")
    return 0
