"""Puts what a program has made between two marks of a page, so that no table is typed.

What stands between the marks belongs to the programs: ``report.py``, ``peers_report.py``, ``field_report.py``,
``circuit_report.py``, ``accuracy_report.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Marks:
    """Two lines of a page, between which a program writes.

    Attributes
    ----------
    begin, end : str
        Each stands in the page once.
    """

    begin: str
    end: str

    def replace(self, text: str, new: str) -> str:
        """Put a text between the marks.

        Parameters
        ----------
        text : str
            The page.
        new : str
            What belongs between the marks.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If the marks are not there once each, in order.
        """
        begin, end = self.begin, self.end
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            msg = (
                f"the text needs the line {begin!r} once, and after it {end!r} once. "
                "Put them where the tables belong."
            )
            raise ValueError(msg)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        return f"{before}{begin}\n\n{new}\n\n{end}{after}"

    def write(self, page: Path, new: str) -> None:
        """Put a text between the marks of a file."""
        text = page.read_text(encoding="utf-8")
        page.write_text(self.replace(text, new), encoding="utf-8")


def run_report(
    report: Callable[[dict[str, Any]], str],
    marks: Marks,
    *,
    description: str,
    made_by: str,
    arguments: list[str] | None,
) -> int:
    """Print the report of a file of measurements, and write it into a README if asked.

    Parameters
    ----------
    report : callable
        Makes the text from the parsed file.
    marks : Marks
        Where it stands in the README.
    description, made_by : str
        What the program does, and what writes the file, for its help.
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("json", type=Path, help=f"file written by `{made_by}`")
    parser.add_argument(
        "--readme", type=Path, help="write the report between its marks in this file"
    )
    options = parser.parse_args(arguments)
    new = report(json.loads(options.json.read_text(encoding="utf-8")))
    if options.readme is not None:
        marks.write(options.readme, new)
    sys.stdout.write(f"{new}\n")
    return 0
