"""Puts what a program has made between two marks of a page, so that no table is typed.

What stands between the marks belongs to the programs: ``report.py``, ``peers_report.py``, ``field_report.py``,
``circuit_report.py``, ``accuracy_report.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
