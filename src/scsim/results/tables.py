"""Results as tidy tables: one row per observation, one column per quantity, for spreadsheets and R.

Reading and writing results files belongs in ``store.py``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError, Status
from scsim.results.schema import INNER_DIMENSIONS, OUTLINES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scsim.results.store import Results

_NAMES: Final = MappingProxyType(
    {
        (): "cases",
        ("fiber",): "fibers",
        ("contact",): "contacts",
        ("time_s",): "time_courses",
        ("contact", "axis"): "contact_positions",
        ("fiber", "axis"): "fiber_ends",
        **{(f"vertex_{name}", "section_axis"): f"outline_{name}" for name in OUTLINES},
    }
)
"""Table of the datasets with some inner dimensions; others are called by their dimensions."""


@dataclass(frozen=True, eq=False)
class TidyTable:
    """One table.

    Attributes
    ----------
    columns : tuple of str
        Coordinates first, then datasets; units stand in the names.
    values : tuple of ndarray, one of shape (n_rows,) per column
        Numbers or text; a status is its name.
    """

    columns: tuple[str, ...]
    values: tuple[NDArray[Any], ...]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.values[0].size if self.values else 0


def tidy_tables(results: Results) -> dict[str, TidyTable]:
    """Lay results out as tidy tables, one per kind of observation.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict of str to TidyTable
        ``cases``, ``fibers``, ``contacts``, ``time_courses`` as far as there are such datasets, and
        the geometry by its dimensions. A dataset that does not depend on a swept key of its table
        repeats its values.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in results.names:
        inner = tuple(dim for dim in results.dims(name) if dim in INNER_DIMENSIONS)
        groups.setdefault(inner, []).append(name)
    return {
        _NAMES.get(inner, "_".join(inner)): _tidy(results, names, inner)
        for inner, names in groups.items()
    }


def write_tables(results: Results, folder: str | Path) -> tuple[Path, ...]:
    """Write the tidy tables as CSV files.

    Parameters
    ----------
    results : Results
    folder : str or Path
        Made if it is not there; files of equal name are replaced.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    ResultsError
        If a file cannot be written.
    """
    folder = Path(folder)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tidy_tables(results).items():
            path = folder / f"{name}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(table.columns)
                writer.writerows(zip(*(column.tolist() for column in table.values), strict=True))
            paths.append(path)
    except OSError as error:
        message = f"tables cannot be written to {folder} ({error.strerror or error}): choose a folder that you may write to with --out."
        raise ResultsError(message) from error
    return tuple(paths)


def _tidy(results: Results, names: Sequence[str], inner: tuple[str, ...]) -> TidyTable:
    """Put datasets with equal inner dimensions side by side."""
    swept = dict.fromkeys(
        dim for name in names for dim in results.dims(name) if dim not in INNER_DIMENSIONS
    )
    # The status of the cases has every swept dimension, in the order of the sweep.
    dims = (*(dim for dim in results.dims("status") if dim in swept), *inner)
    sizes = {
        dim: size
        for name in names
        for dim, size in zip(results.dims(name), results.variable(name).shape, strict=True)
    }
    shape = tuple(sizes[dim] for dim in dims)
    columns: dict[str, NDArray[Any]] = {}
    for dim in dims:
        columns[dim] = _spread(_scale(results, dim, names), (dim,), dims, shape)
        if dim == "case":
            columns |= {
                name: _spread(values, (dim,), dims, shape)
                for name, values in results.coordinates.items()
                if results.dims(name) == (dim,) and name != dim
            }
    for name in names:
        values = results.dataset(name)
        if "flag_meanings" in results.variable(name).attributes:
            values = np.array([status.name for status in Status])[values]
        columns[name.rpartition("/")[2]] = _spread(values, results.dims(name), dims, shape)
    return TidyTable(tuple(columns), tuple(columns.values()))


def _scale(results: Results, dim: str, names: Sequence[str]) -> NDArray[Any]:
    """Find the values along a dimension, in the root or in the group of a dataset."""
    groups = ("", *(name.rpartition("/")[0] + "/" for name in names))
    return next(results.dataset(group + dim) for group in groups if group + dim in results)


def _spread(
    values: NDArray[Any], own: tuple[str, ...], dims: tuple[str, ...], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Repeat values along the dimensions that they lack and lay them out in one column."""
    ordered = values.transpose([own.index(dim) for dim in dims if dim in own])
    sizes = iter(ordered.shape)
    expanded = ordered.reshape([next(sizes) if dim in own else 1 for dim in dims])
    return np.broadcast_to(expanded, shape).ravel()
