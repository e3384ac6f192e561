"""Spike times that were recorded or computed elsewhere: a CSV table of fibers and times.

One row per spike, with the columns ``class`` (name of the fiber class), ``fiber`` (its number, from 0) and a time with
its unit in the name: ``time_ms``, ``time_s`` or ``time_us``. Lines that begin with ``#`` or ``%`` are left out. Whether
the times are sorted and the classes known is checked where the trains are used.
"""

import csv
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scsim.errors import ModelError
from scsim.units import MS_PER_S, MS_PER_US

MS_PER_UNIT: Final = MappingProxyType({"time_ms": 1.0, "time_s": MS_PER_S, "time_us": MS_PER_US})
"""Names of the time column and milliseconds in their unit."""

_COMMENTS: Final = ("#", "%")
_MAX_FAULTS: Final = 20
"""How many faulty rows a message lists: a wrong file has as many as it has rows."""

_MAX_FIBER: Final = 1_000_000
"""Largest number of a fiber: beyond it, the column holds something else, such as times."""


def read_spike_times(path: Path | str) -> dict[str, tuple[NDArray[np.float64], ...]]:
    """Read spike times from a CSV file.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    dict of str to tuple of ndarray of float64
        For each class in the order of the file, the times of fibers 0 to the largest number listed, ms, in the order
        of the file; empty for a fiber without rows.

    Raises
    ------
    ModelError
        If the file cannot be read, lacks a column, or rows are not a name, a whole number and a number; all faults
        at once, each with its line.
    """
    file = Path(path)
    rows = _rows(file)
    if not rows:
        msg = f"{file} is empty. Begin it with the line class,fiber,time_ms and write one row per spike."
        raise ModelError(msg)
    header = [name.strip() for name in rows[0][1]]
    units = [name for name in MS_PER_UNIT if name in header]
    missing = [name for name in ("class", "fiber") if name not in header]
    if missing or len(units) != 1:
        msg = (
            f"{file} has the columns {', '.join(header)}: it must have class, fiber and one of "
            f"{', '.join(MS_PER_UNIT)} (the unit of the times). Rename or add columns in its first line."
        )
        raise ModelError(msg)
    columns = [header.index(name) for name in ("class", "fiber", units[0])]
    times: dict[str, dict[int, list[float]]] = {}
    faults: list[str] = []
    for line, cells in rows[1:]:
        fault = f"line {line} has {len(cells)} cells in place of {len(header)}"
        if len(cells) == len(header):
            name, fiber, time = (cells[column].strip() for column in columns)
            fault = _row_fault(line, name, fiber, time)
        if fault:
            faults.append(fault)
        else:
            times.setdefault(name, {}).setdefault(int(fiber), []).append(
                float(time) * MS_PER_UNIT[units[0]]
            )
    if faults:
        more = f"; and {len(faults) - _MAX_FAULTS} rows more" if len(faults) > _MAX_FAULTS else ""
        msg = f"{file}: {'; '.join(faults[:_MAX_FAULTS])}{more}. Correct these rows: a class, the number of a fiber from 0, and a time."
        raise ModelError(msg)
    return {
        name: tuple(np.array(fibers.get(index, ())) for index in range(max(fibers) + 1))
        for name, fibers in times.items()
    }


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """Give the rows of a file with their line numbers, without comments and empty lines."""
    if file.is_dir():
        msg = f"{file} is a folder. Write the name of a file in it."
        raise ModelError(msg)
    try:
        text = file.read_text(encoding="utf-8-sig")
        return [
            (number, next(csv.reader([line])))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.lstrip().startswith(_COMMENTS)
        ]
    except FileNotFoundError as error:
        msg = f"there is no file {file}. Correct the path; it is taken from the folder in which the program runs."
        raise ModelError(msg) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{file} cannot be read as a table: {error}. Give a CSV file in UTF-8 with the columns class, fiber and time_ms."
        raise ModelError(msg) from error


def _row_fault(line: int, name: str, fiber: str, time: str) -> str:
    """Say what is wrong with one row; empty if nothing is."""
    if not name:
        return f"line {line} has no class"
    try:
        number = int(fiber)
    except ValueError:
        return f"line {line} has the fiber {fiber!r}, which is no whole number"
    if not 0 <= number <= _MAX_FIBER:
        return f"line {line} has the fiber {number}, but fibers are counted from 0 to {_MAX_FIBER}"
    try:
        float(time)
    except ValueError:
        return f"line {line} has the time {time!r}, which is no number"
    return ""
