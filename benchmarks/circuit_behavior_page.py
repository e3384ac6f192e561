"""Lay the measured behavior of the spiking circuit into tables, ``docs/circuit_behavior.md``.

Measuring belongs in ``circuit_behavior.py``.
"""

from __future__ import annotations

import argparse
import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD: Final = """\
# What the spiking circuit does, and what it does not

Written by `make circuit-behavior` (`benchmarks/circuit_behavior.py`); do not edit. The circuit is the published one
(`data/circuits/zhang2014.toml`), unchanged, and no parameter was fitted to anything below. Spike trains are scsim's own,
from `data/protocols` with the seeds named; "listed input" is the list that the reference was made with.
Rows of other work are experiments on people or animals, and a model of four cells need not agree with them: each row
says by which rule it counts as held. The model is for teaching and research; nothing here predicts what a patient feels.
"""

_WORDS: Final = {True: "held", False: "**missed**", None: "–"}
_COLUMNS: Final = ("what", "published", "source", "model")


def lay_out(rows: Sequence[dict[str, Any]]) -> str:
    """Write the page.

    Parameters
    ----------
    rows : sequence of dict
        Those of `benchmarks.circuit_behavior.Row`, in order.

    Returns
    -------
    str
        Markdown.
    """
    judged = [row for row in rows if row["is_held"] is not None]
    held = sum(row["is_held"] for row in judged)
    lines = [_HEAD, f"Of {len(judged)} rows {held} held and {len(judged) - held} missed."]
    for part, members in groupby(rows, key=lambda row: row["part"]):
        lines += ["", f"## {part}", "", "| what | published | source | model | counts as held | |"]
        lines.append("|---|---|---|---|---|---|")
        for row in members:
            cells = [*(row[column] for column in _COLUMNS), row["rule"], _WORDS[row["is_held"]]]
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the rows and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("json", type=Path, help="what benchmarks.circuit_behavior wrote")
    parser.add_argument("page", type=Path, help="file to write")
    args = parser.parse_args(arguments)
    rows = json.loads(args.json.read_text(encoding="utf-8"))
    args.page.write_text(lay_out(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
