"""Reads reference tables, CSV files with known columns, and hands each to what runs it.

What the columns mean and which files a room knows belongs to ``fibers.py``, ``field.py`` and
``circuit.py``.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from scsim.errors import ResultsError
from scsim.validate.report import Case, InputFile, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_Entry = TypeVar("_Entry")

SHIPPED: Final = Path(__file__).parent / "cases"
"""Folder of the shipped cases: ``fibers/``, ``field/``, ``gate/``."""

_SUFFIXES: Final = frozenset({".csv", ".json"})


@dataclass(frozen=True)
class Row:
    """One line of a reference table.

    Attributes
    ----------
    path : Path
        The file.
    line : int
        Line in the file, counted from 1.
    cells : dict of str to str
        Column and text.
    """

    path: Path
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Give a cell as it stands in the file."""
        return self.cells[column]

    def number(self, column: str) -> float:
        """Give a cell as a number; ``nan`` is allowed.

        Raises
        ------
        ResultsError
            If the cell is not a number.
        """
        cell = self.cells[column]
        try:
            return float(cell)
        except ValueError:
            msg = (
                f"{column} = {cell!r} in {self.path}:{self.line}: a number is needed; "
                "compare the line with the header and with the shipped cases."
            )
            raise ResultsError(msg) from None

    def finite(self, column: str) -> float:
        """Give a cell as a finite number.

        Raises
        ------
        ResultsError
            If the cell is not a finite number.
        """
        value = self.number(column)
        if not math.isfinite(value):
            msg = (
                f"{column} = {self.cells[column]!r} in {self.path}:{self.line}: "
                "a finite number is needed here; correct the cell or remove the line."
            )
            raise ResultsError(msg)
        return value

    def integer(self, column: str) -> int:
        """Give a cell as a whole number.

        Raises
        ------
        ResultsError
            If the cell is not a whole number.
        """
        value = self.finite(column)
        if value != int(value):
            msg = (
                f"{column} = {self.cells[column]!r} in {self.path}:{self.line}: "
                "a whole number is needed; correct the cell or remove the line."
            )
            raise ResultsError(msg)
        return int(value)


def read_table(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a CSV table with a header line.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns that must be there; others are kept.

    Returns
    -------
    list of Row
        One for each line below the header.

    Raises
    ------
    ResultsError
        If the file cannot be read, lacks a column, has no line or one of another length.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = (
            f"{path}: cannot be read as a table ({error}); "
            "give a CSV file with one header line, in UTF-8."
        )
        raise ResultsError(msg) from error
    missing = [column for column in columns if column not in header]
    if missing:
        msg = (
            f"{path}: the header lacks {', '.join(missing)}; it has {', '.join(header) or 'nothing'}. "
            "The name of a file says which columns it has: compare it with the shipped cases."
        )
        raise ResultsError(msg)
    if not lines:
        msg = f"{path}: there is no line below the header; give a table with at least one case."
        raise ResultsError(msg)
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            msg = (
                f"{path}:{line}: {len(cells)} cells where the header has {len(header)} columns; "
                "correct the line."
            )
            raise ResultsError(msg)
        rows.append(Row(path, line, dict(zip(header, cells, strict=True))))
    return rows


def list_files(path: Path, is_known: Callable[[str], bool], known: str) -> list[Path]:
    """List the reference files of a file or folder.

    Parameters
    ----------
    path : Path
        A CSV file, or a folder whose CSV and JSON files are listed in order of name.
    is_known : callable
        Whether a file name belongs to the room.
    known : str
        The room's file names, for messages.

    Returns
    -------
    list of Path
        The files; in a folder also those of unknown name, so that none goes unnamed.

    Raises
    ------
    ResultsError
        If there is no such file or folder, or nothing in it belongs to the room.
    """
    if not path.exists():
        msg = f"{path}: no such file or folder; give a reference table or a folder of them."
        raise ResultsError(msg)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
    else:
        files = [path]
    if not any(is_known(file.name) for file in files):
        msg = (
            f"{path}: no reference table of this kind; the name of a file says what it holds. "
            f"Known names: {known}."
        )
        raise ResultsError(msg)
    return files


def find_beside(path: Path, name: str, shipped_folder: str) -> Path | None:
    """Find a file that a case needs: beside the case file, then among the shipped cases.

    Parameters
    ----------
    path : Path
        The case file.
    name : str
        Name of the file that is needed.
    shipped_folder : str
        Folder of the room among the shipped cases.

    Returns
    -------
    Path or None
        The file, None if it is in neither place.
    """
    for folder in (path.parent, SHIPPED / shipped_folder):
        if (folder / name).is_file():
            return folder / name
    return None


def need_beside(path: Path, name: str, *, shipped_folder: str) -> Path:
    """Find a file that a case cannot do without.

    Parameters
    ----------
    path, name, shipped_folder
        As in `find_beside`.

    Returns
    -------
    Path

    Raises
    ------
    ResultsError
        If it is neither beside the case file nor among the shipped cases.
    """
    found = find_beside(path, name, shipped_folder)
    if found is None:
        msg = (
            f"{path}: {name} is neither beside it nor among the shipped cases; "
            "put the file that belongs to the table beside it."
        )
        raise ResultsError(msg)
    return found


def run_files(
    room: str,
    path: Path,
    *,
    runners: Mapping[str, Callable[[Path], list[Case]]],
    not_run: Mapping[str, str],
    inputs: Mapping[str, str],
    known: str,
) -> Report:
    """Run every reference file of a room and name those that are not run.

    Parameters
    ----------
    room : str
        Name of the room.
    path : Path
        A table or a folder of them.
    runners : mapping of str to callable
        Pattern of a file name and the function that gives the file's cases; the first that matches
        counts.
    not_run : mapping of str to str
        Pattern of a file name and why such a file is not run.
    inputs : mapping of str to str
        Pattern of a file name and what such a file is for; these are named and not counted.
    known : str
        The room's file names, for messages.

    Returns
    -------
    Report
        In the order of the files' names; a file that nothing matches is a case that is not run.

    Raises
    ------
    ResultsError
        If a table cannot be read, or nothing at `path` belongs to this room.
    """

    def is_known(name: str) -> bool:
        return _find(runners, name) is not None or _find(not_run, name) is not None

    cases: list[Case] = []
    passed_over: list[InputFile] = []
    for file in list_files(path, is_known, known):
        runner, why = _find(runners, file.name), _find(inputs, file.name)
        if runner is not None:
            cases += runner(file)
        elif why is not None:
            passed_over.append(InputFile(file.name, why))
        else:
            reason = _find(not_run, file.name) or "no reference table of this name is known"
            cases.append(Case(file.stem, file.name, reason=reason))
    return Report(room, tuple(cases), tuple(passed_over))


def _find(table: Mapping[str, _Entry], name: str) -> _Entry | None:
    """Give the first entry whose pattern a file name matches."""
    return next((entry for pattern, entry in table.items() if re.fullmatch(pattern, name)), None)
