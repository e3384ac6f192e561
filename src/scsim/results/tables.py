"""Results as tidy tables: one row per observation, one column per quantity, for spreadsheets, data frames and R.

Tables are laid out in blocks of rows, read from the file as they are needed, so that a table larger than the
memory can be written. Reading and writing results files belongs in ``store.py``.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError, Status
from scsim.formats.files import temporary_beside
from scsim.results.schema import INNER_DIMENSIONS, OUTLINES, SPIKES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from scsim.formats.hdf5 import Variable
    from scsim.results.store import Results

TABLE_FORMATS: Final = ("csv", "parquet")
"""Kinds of files that tables are written to."""

_NAMES: Final = MappingProxyType(
    {
        (): "cases",
        ("fiber",): "fibers",
        ("contact",): "contacts",
        ("cell",): "cells",
        ("time_s",): "time_courses",
        ("contact", "axis"): "contact_positions",
        ("fiber", "axis"): "fiber_ends",
        **{(f"vertex_{name}", "section_axis"): f"outline_{name}" for name in OUTLINES},
    }
)
"""Table of the datasets with some inner dimensions; others are called by their dimensions."""

_ROWS_AT_ONCE: Final = 1 << 17
"""Rows of a block: 1 MiB per column of numbers."""

_KEPT_UP_TO_BYTES: Final = 1 << 26
"""Columns up to this size are read once and kept; of larger ones each block reads its own part."""

_SPIKE_TIME: Final = f"{SPIKES}/spike_time_ms"
_FIRST_SPIKE: Final = f"{SPIKES}/first_spike"
_N_SPIKES: Final = f"{SPIKES}/n_spikes"

_STATUS_NAMES: Final = np.array([status.name for status in Status])


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        With the unit as its suffix.
    variable : Variable
        Dataset or coordinate that it holds.
    """

    name: str
    variable: Variable

    @property
    def is_status(self) -> bool:
        """Whether it holds names of status codes."""
        return "flag_meanings" in self.variable.attributes

    @property
    def dtype(self) -> str:
        """NumPy type of the cells, ``str`` for text."""
        return "str" if self.is_status else self.variable.dtype

    @property
    def metadata(self) -> dict[str, str]:
        """Unit, long name and description."""
        known = {key: self.variable.attributes.get(key) for key in _METADATA}
        return {key: str(value) for key, value in known.items() if value is not None}


_METADATA: Final = ("units", "long_name", "description", "caveat")


@dataclass(frozen=True, eq=False)
class TidyTable:
    """One table.

    Attributes
    ----------
    dims : tuple of str
        Dimensions that the rows run over, the last one fastest.
    shape : tuple of int
        Size of each.
    cells : tuple of Column
        Coordinates first, then datasets; units stand in the names. A column without some of the dimensions
        repeats its values. Numbers or text; a status is its name.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    cells: tuple[Column, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.cells)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def values(self) -> tuple[NDArray[Any], ...]:
        """All rows at once, one array of shape (n_rows,) per column."""
        whole = {dim: slice(0, size) for dim, size in zip(self.dims, self.shape, strict=True)}
        return tuple(self._part(column, whole) for column in self.cells)

    def blocks(self, n_rows: int = _ROWS_AT_ONCE) -> Iterator[tuple[NDArray[Any], ...]]:
        """Give the rows in blocks.

        Parameters
        ----------
        n_rows : int
            About so many rows in each, and not more.

        Yields
        ------
        tuple of ndarray
            One array per column.
        """
        for part in parts_of(self.shape, n_rows):
            region = dict(zip(self.dims, part, strict=True))
            yield tuple(self._part(column, region) for column in self.cells)

    def _part(self, column: Column, region: dict[str, slice]) -> NDArray[Any]:
        """Repeat the values of a column along the dimensions that it lacks, in one part of the table."""
        variable = column.variable
        selection = tuple(region[dim] for dim in variable.dims)
        if _n_bytes(variable) <= _KEPT_UP_TO_BYTES:
            values = variable.values[selection]
        else:
            values = variable.read(selection)
        if column.is_status:
            values = _STATUS_NAMES[values]
        ordered = values.transpose(
            [variable.dims.index(dim) for dim in self.dims if dim in variable.dims]
        )
        sizes = [region[dim].stop - region[dim].start for dim in self.dims]
        expanded = ordered.reshape(
            [
                size if dim in variable.dims else 1
                for dim, size in zip(self.dims, sizes, strict=True)
            ]
        )
        return np.broadcast_to(expanded, sizes).ravel()


@dataclass(frozen=True, eq=False)
class SpikeTable:
    """Spike times with one row per spike, out of the flat array in which they are stored.

    Attributes
    ----------
    runs : TidyTable
        One row per run and cell: labels, then place of the first spike and number of spikes.
    times : Column
        All spike times.
    """

    runs: TidyTable
    times: Column

    @property
    def cells(self) -> tuple[Column, ...]:
        """The columns: labels, then the spike time."""
        return (*self.runs.cells[:-2], self.times)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.cells)

    @property
    def n_rows(self) -> int:
        """Number of rows; a run that equals another has its spikes, too."""
        return sum(int(np.maximum(block[-1], 0).sum()) for block in self.runs.blocks())

    @cached_property
    def values(self) -> tuple[NDArray[Any], ...]:
        """All rows at once, one array of shape (n_rows,) per column."""
        blocks = list(self.blocks())
        if not blocks:
            return tuple(column.variable.values[:0] for column in self.cells)
        return tuple(np.concatenate(columns) for columns in zip(*blocks, strict=True))

    def blocks(self, n_rows: int = _ROWS_AT_ONCE) -> Iterator[tuple[NDArray[Any], ...]]:
        """Give the rows in blocks.

        Parameters
        ----------
        n_rows : int
            Rows in each, more only where a single cell has more spikes in one run.

        Yields
        ------
        tuple of ndarray
            One array per column.
        """
        for *labels, first, counted in self.runs.blocks(n_rows):
            counts = np.maximum(counted, 0)  # -1 where a recovered file has lost it
            ends = np.cumsum(counts)
            cuts = [0]
            while cuts[-1] < counts.size:
                before = ends[cuts[-1] - 1] if cuts[-1] else 0
                last = int(np.searchsorted(ends, before + n_rows, side="right"))
                cuts.append(max(last, cuts[-1] + 1))
            for begin, end in pairwise(cuts):
                part = slice(begin, end)
                total = int(counts[part].sum())
                if not total:
                    continue
                inside = np.arange(total) - np.repeat(
                    np.cumsum(counts[part]) - counts[part], counts[part]
                )
                place = np.repeat(first[part], counts[part]) + inside
                repeated = (np.repeat(label[part], counts[part]) for label in labels)
                yield (*repeated, self._at(place))

    def _at(self, place: NDArray[np.int64]) -> NDArray[Any]:
        variable = self.times.variable
        if _n_bytes(variable) <= _KEPT_UP_TO_BYTES:
            return np.asarray(variable.values[place])
        low = int(place.min())
        return np.asarray(variable.read((slice(low, int(place.max()) + 1),))[place - low])


def tidy_tables(
    results: Results, datasets: Sequence[str] = ()
) -> dict[str, TidyTable | SpikeTable]:
    """Lay results out as tidy tables, one per kind of observation.

    Parameters
    ----------
    results : Results
    datasets : sequence of str
        Names of the datasets that are wanted; all if empty.

    Returns
    -------
    dict of str to TidyTable or SpikeTable
        ``cases``, ``fibers``, ``contacts``, ``time_courses`` as far as there are such datasets,
        ``spikes`` with one row per spike, and the geometry by its dimensions. A dataset that does not depend
        on a swept key of its table repeats its values.

    Raises
    ------
    ResultsError
        If there is no dataset of a name.
    """
    wanted = [name for name in datasets if results.variable(name)] or results.names
    spikes = {_SPIKE_TIME, _FIRST_SPIKE, _N_SPIKES}
    has_spikes = spikes <= set(results.names) and not spikes.isdisjoint(wanted)
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in wanted:
        if has_spikes and name in {_SPIKE_TIME, _FIRST_SPIKE}:
            continue
        inner = tuple(dim for dim in results.dims(name) if dim in INNER_DIMENSIONS)
        groups.setdefault(inner, []).append(name)
    tables: dict[str, TidyTable | SpikeTable] = {
        _NAMES.get(inner, "_".join(inner)): _tidy(results, names, inner)
        for inner, names in groups.items()
    }
    if has_spikes:
        runs = _tidy(results, [_FIRST_SPIKE, _N_SPIKES], ("cell",))
        times = Column("spike_time_ms", results.variable(_SPIKE_TIME))
        tables[SPIKES] = SpikeTable(runs, times)
    return tables


def write_tables(
    results: Results,
    folder: str | Path,
    *,
    file_format: str = "csv",
    datasets: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write the tidy tables, each to a file, whole or not at all.

    Parameters
    ----------
    results : Results
    folder : str or Path
        Made if it is not there; files of equal name are replaced.
    file_format : {"csv", "parquet"}
        Parquet keeps unit, long name and description of each column in its metadata.
    datasets : sequence of str
        Names of the datasets that are wanted; all if empty.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    ResultsError
        If there is no dataset of a name, a file cannot be written, the format is unknown, or it needs a package
        that is not installed.
    """
    if file_format not in TABLE_FORMATS:
        message = f"file_format={file_format!r} is unknown: give one of {', '.join(TABLE_FORMATS)}."
        raise ResultsError(message)
    folder = Path(folder)
    tables = tidy_tables(results, datasets)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            path = folder / f"{name}.{file_format}"
            temporary = temporary_beside(path)
            try:
                with _writing(temporary, table, file_format) as write:
                    for block in table.blocks():
                        write(block)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            paths.append(path)
    except OSError as error:
        message = f"tables cannot be written to {folder} ({error.strerror or error}): choose a folder that you may write to, and that has room, with --out."
        raise ResultsError(message) from error
    return tuple(paths)


def parts_of(shape: Sequence[int], n_values: int) -> Iterator[tuple[slice, ...]]:
    """Cut an array into parts that follow each other in its order.

    Parameters
    ----------
    shape : sequence of int
    n_values : int
        At most so many values in a part.

    Yields
    ------
    tuple of slice
        One per dimension. Nothing for an array without values.
    """
    if 0 in shape:
        return
    cut = 0
    while cut < len(shape) and int(np.prod(shape[cut + 1 :], dtype=np.int64)) > n_values:
        cut += 1
    rest = tuple(slice(0, size) for size in shape[cut + 1 :])
    if cut >= len(shape):
        yield rest
        return
    step = max(1, n_values // int(np.prod(shape[cut + 1 :], dtype=np.int64)))
    for outer in np.ndindex(*shape[:cut]):
        head = tuple(slice(place, place + 1) for place in outer)
        for begin in range(0, shape[cut], step):
            yield (*head, slice(begin, min(begin + step, shape[cut])), *rest)


@contextmanager
def _writing(
    path: Path, table: TidyTable | SpikeTable, file_format: str
) -> Iterator[Callable[[Sequence[NDArray[Any]]], None]]:
    """Open a file for a table; what is given writes a block of rows."""
    if file_format == "parquet":
        from scsim.formats.parquet import writing_parquet  # noqa: PLC0415 - an extra

        columns = [(column.name, column.dtype, column.metadata) for column in table.cells]
        with writing_parquet(path, columns) as write:
            yield write
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table.columns)

        def write_rows(block: Sequence[NDArray[Any]]) -> None:
            writer.writerows(zip(*(values.tolist() for values in block), strict=True))

        yield write_rows


def _n_bytes(variable: Variable) -> int:
    return variable.size * (40 if variable.dtype == "str" else np.dtype(variable.dtype).itemsize)


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
    cells: dict[str, Column] = {}
    for dim in dims:
        cells[dim] = Column(dim, _scale(results, dim, names))
        if dim == "case":
            cells |= {
                name: Column(name, results.variables[name])
                for name in results.coordinate_names
                if results.dims(name) == (dim,) and name != dim
            }
    for name in names:
        short = name.rpartition("/")[2]
        cells[short] = Column(short, results.variable(name))
    return TidyTable(dims, tuple(sizes[dim] for dim in dims), tuple(cells.values()))


def _scale(results: Results, dim: str, names: Sequence[str]) -> Variable:
    """Find the values along a dimension, in the root or in the group of a dataset."""
    groups = ("", *(name.rpartition("/")[0] + "/" for name in names))
    return next(results.variable(group + dim) for group in groups if group + dim in results)
