"""Rows with labels: what stands along dimensions, and rows as CSV, for what is made of results.

Results themselves become tables in ``tables.py``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scsim.errors import ResultsError
from scsim.results.repeats import CASE, CASE_NAME, group_name
from scsim.results.schema import long_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.formats.hdf5 import Variable
    from scsim.results.store import Results


@dataclass(frozen=True, eq=False)
class Coordinate:
    """What stands along a dimension.

    Attributes
    ----------
    dims : tuple of str
        One dimension.
    values : ndarray, shape (n_values,)
    unit : str
    long_name : str
    """

    dims: tuple[str, ...]
    values: NDArray[Any]
    unit: str
    long_name: str


def is_number(variable: Variable) -> bool:
    """Whether a dataset holds numbers of which a mean says something: no status, no counts, no text."""
    return variable.dtype.startswith("f") and "flag_meanings" not in variable.attributes


def numbers_of(variable: Variable) -> NDArray[np.float64]:
    """Give the values of a dataset of numbers, NaN where there is none.

    Parameters
    ----------
    variable : Variable

    Returns
    -------
    ndarray of float64
        Whole numbers in results are counts and places: one below 0 says that there is none.
    """
    values = np.asarray(variable.values, dtype=np.float64)
    return np.where(values < 0.0, np.nan, values) if variable.dtype.startswith("i") else values


def coordinates_of(results: Results, dims_of: Mapping[str, Sequence[str]]) -> dict[str, Coordinate]:
    """Give what stands along the dimensions of some datasets.

    Parameters
    ----------
    results : Results
    dims_of : mapping of str to sequence of str
        Dimensions, by the path of the dataset.

    Returns
    -------
    dict of str to Coordinate
        Along ``case`` also names and swept values.
    """
    found: dict[str, Coordinate] = {}
    for dim in dict.fromkeys(dim for own in dims_of.values() for dim in own):
        groups = [f"{name.rpartition('/')[0]}/" for name, own in dims_of.items() if dim in own]
        folder = next((group for group in groups if f"{group}{dim}" in results), "")
        found[dim] = _coordinate(results.variable(folder + dim), dim, (dim,))
        if dim == CASE:
            for name in (CASE_NAME, *results.swept.values()):
                if name in results and results.dims(name) == (CASE,):
                    found[name] = _coordinate(results.variable(name), name, (CASE,))
    return found


def coordinates_of_groups(
    results: Results, cases: NDArray[np.int64], over: Sequence[str]
) -> dict[str, Coordinate]:
    """Give what stands along ``case`` once repeats are put together.

    Parameters
    ----------
    results : Results
    cases : ndarray of int64, shape (n_groups, n_most)
        As `scsim.results.repeats.group_cases` gives them.
    over : sequence of str
        Coordinates that repeat a case.

    Returns
    -------
    dict of str to Coordinate
        Numbers, names and swept values of the groups.
    """
    first = cases[:, 0]
    found = {CASE: Coordinate((CASE,), np.arange(first.size), "1", "case without its repeats")}
    if CASE_NAME in results:
        names = [group_name(str(name), over) for name in results.dataset(CASE_NAME)[first]]
        found[CASE_NAME] = Coordinate((CASE,), np.array(names), "1", "case name")
    for name in results.swept.values():
        if name not in over:
            one = _coordinate(results.variable(name), name, (CASE,))
            found[name] = Coordinate((CASE,), one.values[first], one.unit, one.long_name)
    return found


def _coordinate(variable: Variable, name: str, dims: tuple[str, ...]) -> Coordinate:
    attributes = variable.attributes
    return Coordinate(
        dims,
        variable.values,
        str(attributes.get("units", "1")),
        str(attributes.get("long_name", long_name_of(name))),
    )


def write_rows(path: str | Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as a CSV file, with empty cells for what a row lacks.

    Parameters
    ----------
    path : str or Path
        Replaced if it is there.
    columns : sequence of str
    rows : iterator of dict of str to object

    Returns
    -------
    Path

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    path = Path(path)
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror or error}): choose a file in a folder that you may write to with --out."
        raise ResultsError(message) from error
    return path
