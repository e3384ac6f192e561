"""How commands write: tables, JSON, messages.

Results go to stdout, messages and progress to stderr. What is written belongs to the commands.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH_OF_A_PIPE: Final = 10_000
"""Columns when stdout is not a terminal: lines are never wrapped there."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Write a table to stdout, fitted to the terminal, unwrapped into a pipe.

    Parameters
    ----------
    columns : sequence of str
        Heads.
    rows : sequence of sequence of str
        Cells; numbers are right-aligned.
    title : str
        A line above the table.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(
        width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, highlight=False, emoji=False
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, column in enumerate(columns):
        is_numeric = bool(rows) and all(_is_number(row[index]) for row in rows)
        table.add_column(
            column, justify="right" if is_numeric else "left", overflow="fold", no_wrap=False
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)


def print_json(content: object) -> None:
    """Write JSON to stdout; NaN and infinities, which JSON lacks, become null.

    Parameters
    ----------
    content : object
        Dicts, lists, texts, numbers, booleans and None.
    """
    print(json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False))


def say(text: str, *, is_quiet: bool = False) -> None:
    """Write a message to stderr.

    Parameters
    ----------
    text : str
        The message.
    is_quiet : bool
        Whether the user asked for silence.
    """
    if not is_quiet:
        print(text, file=sys.stderr)


def _finite(content: object) -> object:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return content


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
