"""Mean, spread and confidence interval of results over repeats that differ by their random numbers alone.

Which key changes what the results say, is asked in ``sensitivity.py``; curves with bands are drawn in `scsim.plots`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.readouts.readout import confidence_interval
from scsim.errors import ResultsError
from scsim.results.repeats import CASE, CASE_NAME, Groups, repeated_over
from scsim.results.rows import (
    Coordinate,
    coordinates_of,
    coordinates_of_groups,
    is_number,
    numbers_of,
    write_rows,
)
from scsim.results.schema import INNER_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import xarray
    from numpy.typing import NDArray

    from scsim.results.store import Results

_FEW: Final = 10
"""Below this number of values an interval rests on the assumption that they are normal."""

_ROWS_SHOWN: Final = 8
"""Rows of a dataset that are printed."""

_DATASETS_SHOWN: Final = 4
"""Of more datasets, those with values along inner dimensions are only named."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """One dataset over the repeats; arrays of the shape that the dataset has without them.

    Attributes
    ----------
    name : str
    unit : str
    long_name : str
    dims : tuple of str
    mean : ndarray of float64
        Of the finite values, in the unit of the dataset; NaN where there are none.
    standard_deviation : ndarray of float64
        Of the sample, with n - 1; NaN for fewer than two values.
    low, high : ndarray of float64
        Ends of the confidence interval of the mean; NaN for fewer than two values.
    n : ndarray of int64
        Finite values.
    n_missing : ndarray of int64
        Repeats that are NaN or infinite, or that failed. They are left out of everything else.
    """

    name: str
    unit: str
    long_name: str
    dims: tuple[str, ...]
    mean: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]
    n_missing: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """Datasets of a study over its repeats.

    Attributes
    ----------
    title : str
        Of the study.
    over : tuple of str
        Coordinates that repeat a case.
    confidence : float
        Of the intervals, no unit.
    statistics : mapping of str to Statistics
        By dataset.
    coordinates : mapping of str to Coordinate
        What is left of the sweep, and inner dimensions.
    notes : tuple of str
        What the intervals assume.
    same : tuple of str
        Datasets of numbers that do not depend on the repeats.
    """

    title: str
    over: tuple[str, ...]
    confidence: float
    statistics: Mapping[str, Statistics]
    coordinates: Mapping[str, Coordinate]
    notes: tuple[str, ...]
    same: tuple[str, ...]

    def __getitem__(self, name: str) -> Statistics:
        """Give the statistics of a dataset by its name."""
        return self.statistics[name]

    def columns(self) -> tuple[str, ...]:
        """Name the columns of `rows`."""
        found = dict.fromkeys(
            name
            for one in self.statistics.values()
            for dim in one.dims
            for name, coordinate in self.coordinates.items()
            if coordinate.dims == (dim,)
        )
        return (
            "dataset",
            "unit",
            *found,
            "mean",
            "standard_deviation",
            "low",
            "high",
            "n",
            "n_missing",
        )

    def rows(self, name: str | None = None) -> Iterator[dict[str, Any]]:
        """Give one row per value: dataset, unit, coordinates, statistics.

        Parameters
        ----------
        name : str, optional
            Dataset; default: all of them.

        Yields
        ------
        dict of str to object
            By the names of `columns`; coordinates that a dataset lacks are absent.
        """
        for one in self.statistics.values() if name is None else (self.statistics[name],):
            along = [
                (label, coordinate.values, one.dims.index(coordinate.dims[0]))
                for label, coordinate in self.coordinates.items()
                if coordinate.dims[0] in one.dims
            ]
            for index in np.ndindex(one.mean.shape):
                yield {
                    "dataset": one.name,
                    "unit": one.unit,
                    **{label: values[index[place]].item() for label, values, place in along},
                    "mean": float(one.mean[index]),
                    "standard_deviation": float(one.standard_deviation[index]),
                    "low": float(one.low[index]),
                    "high": float(one.high[index]),
                    "n": int(one.n[index]),
                    "n_missing": int(one.n_missing[index]),
                }

    def write_csv(self, path: str | Path) -> Path:
        """Write all rows as one CSV file.

        Parameters
        ----------
        path : str or Path
            Replaced if it is there.

        Returns
        -------
        Path

        Raises
        ------
        ResultsError
            If the file cannot be written.
        """
        return write_rows(path, self.columns(), self.rows())

    def to_xarray(self) -> xarray.Dataset:
        """Give everything as one labelled `xarray.Dataset`.

        Returns
        -------
        xarray.Dataset
            ``NAME_mean``, ``NAME_standard_deviation``, ``NAME_low``, ``NAME_high``, ``NAME_n`` and
            ``NAME_n_missing`` of each dataset.

        Raises
        ------
        ResultsError
            If xarray is not installed.
        """
        try:
            import xarray  # noqa: PLC0415  (an extra, and 0.4 s to import)
        except ImportError as error:
            message = "to_xarray needs xarray, which is not installed: install the packages xarray and h5netcdf (extra 'xarray' of scsim)."
            raise ResultsError(message) from error
        found = {}
        for one in self.statistics.values():
            for part in ("mean", "standard_deviation", "low", "high", "n", "n_missing"):
                attributes = {
                    "units": "1" if part.startswith("n") else one.unit,
                    "long_name": f"{one.long_name}: {part.replace('_', ' ')}",
                }
                found[f"{one.name}_{part}"] = (one.dims, getattr(one, part), attributes)
        coordinates = {
            name: (one.dims, one.values, {"units": one.unit, "long_name": one.long_name})
            for name, one in self.coordinates.items()
        }
        about = {
            "title": self.title,
            "over": " ".join(self.over),
            "confidence": self.confidence,
            "notes": " ".join(self.notes),
        }
        return xarray.Dataset(found, coordinates, about)

    def __repr__(self) -> str:
        lines = [
            f"Summary: {self.title}".rstrip(),
            f"  over {' and '.join(self.over)}; mean (standard deviation), {self.confidence * 100:g} % confidence interval of the mean, number of values",
        ]
        is_long = len(self.statistics) > _DATASETS_SHOWN
        inner = [
            name
            for name, one in self.statistics.items()
            if is_long and any(dim in INNER_DIMENSIONS for dim in one.dims)
        ]
        for name, one in self.statistics.items():
            if name in inner:
                continue
            unit = "" if one.unit == "1" else f" ({one.unit})"
            lines.append(f"  {name}{unit}")
            for number, row in enumerate(self.rows(name)):
                if number == _ROWS_SHOWN:
                    lines.append(f"    ... {one.mean.size - _ROWS_SHOWN} more")
                    break
                lines.append(f"    {_row_in_words(row, one.dims)}")
        if inner:
            lines.append(f"  also, with values along inner dimensions: {', '.join(inner)}")
        if self.same:
            lines.append(f"  the same for every repeat: {', '.join(self.same)}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


def summarize(
    results: Results,
    over: str | Sequence[str] = "seed",
    confidence: float = 0.95,
    names: Sequence[str] | None = None,
) -> Summary:
    """Summarize datasets over the repeats of a study.

    Parameters
    ----------
    results : Results
        Of a study with ``[sweep] repeats``, a swept ``seed`` or a swept ``afferents.realization``.
    over : str or sequence of str
        ``seed``, ``realization``, or both: the coordinates, or their config keys. In a grid these are dimensions; in
        other modes the cases that are equal but for them belong together.
    confidence : float
        Above 0 and below 1, no unit.
    names : sequence of str, optional
        Datasets; default: all of numbers in the root of the file that depend on the repeats.

    Returns
    -------
    Summary

    Raises
    ------
    ResultsError
        If nothing is repeated, a dataset is missing, is no number or is the same for every repeat, or `confidence`
        lies outside 0 to 1.

    Notes
    -----
    mean ± t((1 + confidence) / 2, n − 1) s / sqrt(n), with the sample variance s²: exact for independent, normal
    values. Values of different seeds are independent. Checked against scipy.stats and by coverage in
    ``tests/unit/test_results_summary.py``.
    """
    if not 0.0 < confidence < 1.0:
        message = f"confidence = {confidence:g}: it lies between 0 and 1; use for example 0.95."
        raise ResultsError(message)
    repeated = repeated_over(results, (over,) if isinstance(over, str) else tuple(over))
    groups = Groups.of(results, repeated)
    chosen, same = _choose(results, groups, names)
    statistics = {name: _statistics(results, name, groups, confidence) for name in chosen}
    return Summary(
        title=str(results.attributes.get("title", "")),
        over=repeated,
        confidence=confidence,
        statistics=MappingProxyType(statistics),
        coordinates=MappingProxyType(_coordinates(results, statistics, groups)),
        notes=_notes(statistics.values(), repeated),
        same=same,
    )


def _choose(
    results: Results, groups: Groups, names: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose the datasets to summarize, and name those that are the same for every repeat."""
    if names is None:
        numbers = [
            name for name in results.names if "/" not in name and is_number(results.variable(name))
        ]
        chosen = tuple(name for name in numbers if _varies(results, name, groups))
        if not chosen:
            message = f"no dataset of numbers depends on {' or '.join(groups.over)}: add what random numbers change, such as projection_rate, to output.save and run the study again."
            raise ResultsError(message)
        return chosen, tuple(name for name in numbers if name not in chosen)
    for name in names:
        variable = results.variable(name)
        if not (variable.dtype[0] in "fiu" and "flag_meanings" not in variable.attributes):
            message = f"{name} is no number ({variable.dtype}): summarize datasets of numbers, such as {', '.join(_examples(results, groups))}."
            raise ResultsError(message)
        if not groups.is_repeated(results.dims(name)):
            message = f"{name} does not depend on {' or '.join(groups.over)}, so every repeat has the same value: summarize others, such as {', '.join(_examples(results, groups))}."
            raise ResultsError(message)
    return tuple(dict.fromkeys(names)), ()


def _varies(results: Results, name: str, groups: Groups) -> bool:
    """Whether any value of a dataset differs between repeats; those of listed cases have them all along ``case``."""
    variable = results.variable(name)
    if groups.cases is None or not groups.is_repeated(variable.dims):
        return groups.is_repeated(variable.dims)
    stacked, _, _ = groups.stack(np.asarray(variable.values, dtype=np.float64), variable.dims)
    is_known = np.isfinite(stacked)
    low = np.where(is_known, stacked, np.inf).min(axis=0)
    high = np.where(is_known, stacked, -np.inf).max(axis=0)
    return bool((low < high).any())


def _examples(results: Results, groups: Groups) -> list[str]:
    found = [
        name
        for name in results.names
        if is_number(results.variable(name)) and groups.is_repeated(results.dims(name))
    ]
    return found[:3] or ["none here"]


def _statistics(results: Results, name: str, groups: Groups, confidence: float) -> Statistics:
    variable = results.variable(name)
    values = numbers_of(variable)
    stacked, n_repeats, dims = groups.stack(values, variable.dims)
    is_known = np.isfinite(stacked)
    n = is_known.sum(axis=0)
    # Relative to the first known value, equal values have their own mean and no spread, to the last bit.
    first = np.take_along_axis(stacked, np.argmax(is_known, axis=0)[None], axis=0)[0]
    first = np.where(n > 0, first, 0.0)
    shifted = np.where(is_known, stacked - first, np.nan)
    interval = confidence_interval(shifted, level=confidence)
    deviation = np.where(is_known, shifted - interval.mean, 0.0)
    variance = np.divide(
        (deviation**2).sum(axis=0), n - 1, out=np.full(n.shape, np.nan), where=n > 1
    )
    return Statistics(
        name=name,
        unit=str(variable.attributes.get("units", "1")),
        long_name=str(variable.attributes.get("long_name", name)),
        dims=dims,
        mean=np.asarray(first + interval.mean),
        standard_deviation=np.asarray(np.sqrt(variance)),
        low=np.asarray(first + interval.low),
        high=np.asarray(first + interval.high),
        n=np.asarray(n, dtype=np.int64),
        n_missing=np.asarray(n_repeats - n, dtype=np.int64),
    )


def _coordinates(
    results: Results, statistics: Mapping[str, Statistics], groups: Groups
) -> dict[str, Coordinate]:
    """Give what stands along the dimensions that are left, those along the cases before the others."""
    dims_of = {name: one.dims for name, one in statistics.items()}
    if groups.cases is None:
        return coordinates_of(results, dims_of)
    inner = {name: [dim for dim in dims if dim != CASE] for name, dims in dims_of.items()}
    of_cases = coordinates_of_groups(results, groups.cases, groups.over)
    return of_cases | coordinates_of(results, inner)


def _notes(statistics: Iterable[Statistics], over: Sequence[str]) -> tuple[str, ...]:
    """Say what the intervals assume."""
    found = list(statistics)
    notes = [
        "intervals are by Student's t: values of different seeds are independent, and are taken to be about normal"
    ]
    if len(over) > 1:
        notes.append(
            f"values that share one of {', '.join(over)} are not independent of each other (one seed has one set of fibers), so that the intervals are rather too narrow"
        )
    numbers = [one.n[one.n > 0] for one in found]
    least = min((int(n.min()) for n in numbers if n.size), default=0)
    if 1 < least < _FEW:
        notes.append(
            f"as few as {least} values: the width of the interval rests on that assumption, and is uncertain itself"
        )
    elif least == 1:
        notes.append("some means are of one value: nothing is known of its spread")
    shares = [one.name for one in found if one.unit == "1" and "share" in one.name]
    if shares:
        notes.append(
            f"{', '.join(shares)}: shares lie between 0 and 1 and are not normal near these bounds, so an interval may reach past them"
        )
    n_missing = sum(int(one.n_missing.sum()) for one in found)
    if n_missing:
        notes.append(
            f"{n_missing} values are missing (NaN, infinite, or of failed cases) and are left out: column n_missing"
        )
    return tuple(notes)


def _row_in_words(row: Mapping[str, Any], dims: Sequence[str]) -> str:
    skipped = {"dataset", "unit", "mean", "standard_deviation", "low", "high", "n", "n_missing"}
    if CASE_NAME in row:
        skipped |= {name for name in row if name not in (*INNER_DIMENSIONS, CASE_NAME)}
    place = ", ".join(
        f"{value}" if name == CASE_NAME else f"{name}={_number(value)}"
        for name, value in row.items()
        if name not in skipped
    )
    lost = f", {row['n_missing']} missing" if row["n_missing"] else ""
    text = f"{row['mean']:.4g} ({row['standard_deviation']:.2g}), {row['low']:.4g} to {row['high']:.4g}, n = {row['n']}{lost}"
    return f"{place}: {text}" if dims else text


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
