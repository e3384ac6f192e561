"""Which swept key the results of a study depend on: Sobol indices and rank correlations of a finished study.

How values are drawn belongs in the study's sweep; what repeats of one case say, in ``summary.py``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.results.drawn_sample import (
    CONSTANT,
    DRAWN,
    MAX_DROPPED_SHARE,
    MIN_ROWS,
    SALTELLI,
    Sample,
    check_settings,
    read_sample,
)
from scsim.results.rows import Coordinate, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import xarray
    from numpy.typing import NDArray

    from scsim.results.store import Results

_ROWS_SHOWN: Final = 24

_MOST_TOGETHER: Final = 2.5
"""Correlation of A and B, in units of 1 / sqrt(n), beyond which n rows are no two samples: of independent rows, one
pair in eighty is beyond."""


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """How much each swept key has to do with one dataset.

    Attributes
    ----------
    name, unit, long_name : str
        The dataset.
    kind : str
        ``sobol indices`` or ``rank correlations``: two things that must not be taken for each other.
    measures : tuple of str
        ``first_order`` and ``total_order``, or ``spearman`` and ``partial_rank``.
    keys : tuple of str
        Swept config keys.
    labels : tuple of str
        What they are called, without unit.
    dims : tuple of str
        Inner dimensions of the dataset that are left.
    coordinates : mapping of str to Coordinate
        What stands along them.
    values, low, high : ndarray of float64, shape (n_measures, n_keys, ...)
        Each measure and its confidence interval, no unit; NaN where the output is constant or too many rows are lost.
    variance : ndarray of float64
        Of the output, in its unit squared.
    n_rows : int
        Rows of the sample: those of A and B for Sobol indices, cases for correlations.
    n_dropped : ndarray of int64
        Rows lost because a case failed or has no value.
    confidence : float
    n_resamples : int
        Of the bootstrap; 0 for correlations, whose intervals are in closed form.
    notes : tuple of str
        What was left out and what is assumed.
    """

    name: str
    unit: str
    long_name: str
    kind: str
    measures: tuple[str, ...]
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    dims: tuple[str, ...]
    coordinates: Mapping[str, Coordinate]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    variance: NDArray[np.float64]
    n_rows: int
    n_dropped: NDArray[np.int64]
    confidence: float
    n_resamples: int
    notes: tuple[str, ...]

    def __getitem__(self, measure: str) -> NDArray[np.float64]:
        """Give the values of a measure, for example ``first_order``, of shape (n_keys, ...)."""
        return np.asarray(self.values[self.measures.index(measure)])

    def columns(self) -> tuple[str, ...]:
        """Name the columns of `rows`."""
        return (*_LEADING, *self.coordinates, *_TRAILING)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give one row per measure, key and value of the inner dimensions.

        Yields
        ------
        dict of str to object
        """
        for number, measure in enumerate(self.measures):
            for place, key in enumerate(self.keys):
                for index in np.ndindex(self.variance.shape):
                    yield {
                        "dataset": self.name,
                        "unit": self.unit,
                        "kind": self.kind,
                        "measure": measure,
                        "key": key,
                        **{
                            dim: self.coordinates[dim].values[at].item()
                            for dim, at in zip(self.dims, index, strict=True)
                        },
                        "value": float(self.values[number, place, *index]),
                        "low": float(self.low[number, place, *index]),
                        "high": float(self.high[number, place, *index]),
                        "variance": float(self.variance[index]),
                        "n_rows": self.n_rows,
                        "n_dropped": int(self.n_dropped[index]),
                    }

    def to_xarray(self) -> xarray.Dataset:
        """Give everything as one labelled `xarray.Dataset`.

        Returns
        -------
        xarray.Dataset
            One variable per measure, over ``key`` and the inner dimensions, and its ``_low`` and ``_high``.

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
        dims = ("key", *self.dims)
        found: dict[str, Any] = {}
        for number, measure in enumerate(self.measures):
            for suffix, array in (("", self.values), ("_low", self.low), ("_high", self.high)):
                found[f"{measure}{suffix}"] = (dims, array[number], {"units": "1"})
        squared = "1" if self.unit == "1" else f"({self.unit})^2"
        found["variance"] = (self.dims, self.variance, {"units": squared})
        found["n_dropped"] = (self.dims, self.n_dropped, {"units": "1"})
        coordinates = {
            name: (one.dims, one.values, {"units": one.unit, "long_name": one.long_name})
            for name, one in self.coordinates.items()
        }
        about = {
            "dataset": self.name,
            "kind": self.kind,
            "confidence": self.confidence,
            "n_rows": self.n_rows,
            "notes": " ".join(self.notes),
        }
        return xarray.Dataset(found, {"key": list(self.keys), **coordinates}, about)

    def __repr__(self) -> str:
        unit = "" if self.unit == "1" else f" ({self.unit})"
        lines = [
            f"Sensitivity of {self.name}{unit}: {self.kind}, {self.confidence * 100:g} % confidence intervals"
        ]
        width = max(map(len, self.keys))
        shown = list(np.ndindex(self.variance.shape))
        most = max(1, _ROWS_SHOWN // len(self.keys))
        for index in shown[:most]:
            indent = "  "
            if self.dims:
                lines.append(f"  {_place(self, index)}")
                indent = "    "
            for place, key in enumerate(self.keys):
                texts = [
                    f"{measure.replace('_', ' ')} {_number(self.values[number, place, *index])} "
                    f"({_number(self.low[number, place, *index])} to {_number(self.high[number, place, *index])})"
                    for number, measure in enumerate(self.measures)
                ]
                lines.append(f"{indent}{key:<{width}}  {'   '.join(texts)}")
        if len(shown) > most:
            lines.append(f"  ... {len(shown) - most} more")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


_LEADING: Final = ("dataset", "unit", "kind", "measure", "key")
_TRAILING: Final = ("value", "low", "high", "variance", "n_rows", "n_dropped")


def sensitivity(
    results: Results,
    name: str,
    at: Mapping[str, Any] | None = None,
    *,
    n_resamples: int = 1000,
    confidence: float = 0.95,
) -> Sensitivity:
    """Give the Sobol indices of a dataset for every swept key of a study with ``mode = "saltelli"``.

    The first-order index of a key is the share of the variance of the output that it explains alone; the total index
    is the share that is lost where it is known, interactions with other keys included.

    Parameters
    ----------
    results : Results
        Of a study with ``[sweep] mode = "saltelli"``.
    name : str
        Dataset of numbers that depends on the sweep.
    at : mapping of str to object, optional
        Value along inner dimensions, for example ``{"contact": "c4"}``; default: every value.
    n_resamples : int
        Of the bootstrap, at least 100.
    confidence : float
        Of the intervals, above 0 and below 1, no unit.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ResultsError
        If the study has another mode, the dataset is no number or does not depend on the sweep, `at` names something
        that is not there, or more than a fifth of the rows is lost.

    Notes
    -----
    With the rows A, B and AB_i (A with column i of B) of the sample and outputs relative to their mean,
    S_i = mean(f_B (f_AB_i − f_A)) / V and T_i = mean((f_A − f_AB_i)²) / (2 V), V the variance of f_A and f_B together:
    the estimators of `scipy.stats.sobol_indices`, with equal results. Rows of which any case failed are left out as a
    whole. Intervals are percentiles of resampled rows, drawn by the seed of the study. Outputs of repeated seeds are
    averaged first. Keys are taken to be independent, as the study draws them. With few rows A and B, which are halves of
    one Sobol' sequence, may go together (5 keys and n = 16: correlations up to 0.97); `notes` says so where they do.
    Checked by ``tests/unit/test_results_sensitivity.py`` with functions whose indices are known.

    References
    ----------
    Saltelli A, Annoni P, Azzini I, Campolongo F, Ratto M, Tarantola S (2010), table 2 (b) and (f).
    doi:10.1016/j.cpc.2009.09.018
    """
    check_settings(confidence, n_resamples)
    mode = str(results.attributes.get("sweep_mode", ""))
    if mode != SALTELLI:
        advice = (
            "rank correlations are what it allows: scsim.correlations."
            if mode in DRAWN
            else 'write [sweep] mode = "saltelli" and n = 256, give the keys distributions, and run it again.'
        )
        message = f"Sobol indices need a study of the mode saltelli; this one has the mode {mode}: {advice}"
        raise ResultsError(message)
    sample = read_sample(results, name, at)
    n_base = _base_size(results, sample)
    order = [0, 1, *(2 + block for block in _blocks(sample, n_base))]
    outputs = sample.outputs.reshape(len(order), n_base, -1)[order]
    values, intervals, variance, n_dropped = _sobol(
        outputs, _generator(results), n_resamples, confidence
    )
    return finish(
        sample,
        kind="sobol indices",
        measures=("first_order", "total_order"),
        arrays=(values, *intervals, variance, n_dropped),
        n_rows=n_base,
        confidence=confidence,
        n_resamples=n_resamples,
        notes=_notes(sample, n_base),
    )


def write_sensitivity(found: Sequence[Sensitivity], path: str | Path) -> Path:
    """Write indices or correlations of several datasets as one CSV file.

    Parameters
    ----------
    found : sequence of Sensitivity
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
    inner = dict.fromkeys(dim for one in found for dim in one.coordinates)
    rows = (row for one in found for row in one.rows())
    return write_rows(path, (*_LEADING, *inner, *_TRAILING), rows)


def _base_size(results: Results, sample: Sample) -> int:
    """Give n, the rows of A, as the config has it."""
    table = tomllib.loads(str(results.attributes["config"])).get("sweep", {})
    n_base = table.get("n", 0) if isinstance(table, dict) else 0
    n_keys, n_rows = len(sample.keys), sample.outputs.shape[0]
    if not isinstance(n_base, int) or n_keys == 0 or n_base * (n_keys + 2) != n_rows:
        message = f"these results are no whole Saltelli sample: {n_rows} cases for {n_keys} keys, where n = {n_base} asks for {n_base} x ({n_keys} + 2): give results of a whole study, all shards merged."
        raise ResultsError(message)
    return n_base


def _notes(sample: Sample, n_base: int) -> tuple[str, ...]:
    """Name the key in which A and B go together most, if they do: the first points of a Sobol' sequence of many keys do."""
    together: dict[str, float] = {}
    for key, values in zip(sample.keys, sample.inputs, strict=True):
        if values.dtype.kind not in "iuf":
            continue
        parts = values.astype(np.float64).reshape(-1, n_base)[:2]
        deviation = parts - parts.mean(axis=1, keepdims=True)
        size = float(np.sqrt((deviation**2).sum(axis=1).prod()))
        if size > 0.0:
            together[key] = float((deviation[0] * deviation[1]).sum()) / size
    worst = max(together, key=lambda key: abs(together[key]), default="")
    if not worst or abs(together[worst]) * np.sqrt(n_base) <= _MOST_TOGETHER:
        return ()
    return (
        f"n = {n_base} is too small for {len(sample.keys)} keys: the two samples go together in {worst} (correlation {together[worst]:.2f}), so that its indices are off by about that share, of which the intervals know nothing; use a larger n",
    )


def _blocks(sample: Sample, n_base: int) -> list[int]:
    """Find for each key the block of rows that has it from B, counted from 0 behind A and B.

    Blocks are in the order of the study's keys, which files do not keep.

    Raises
    ------
    ResultsError
        If the rows are not those of A, B, and A with one column of B after another.
    """
    n_keys = len(sample.keys)
    has_b = np.zeros((n_keys, n_keys), dtype=np.bool_)
    is_constant = np.zeros(n_keys, dtype=np.bool_)
    for column, values in enumerate(sample.inputs):
        a, b, *mixed = values.reshape(n_keys + 2, n_base)
        is_constant[column] = _are_equal(a, b)
        has_b[column] = [not _are_equal(part, a) for part in mixed]
        if any(
            not _are_equal(part, b if is_b else a)
            for part, is_b in zip(mixed, has_b[column], strict=True)
        ):
            has_b[column] = True
    found = np.where(has_b.sum(axis=1) == 1, np.argmax(has_b, axis=1), -1)
    # A key of which A and B have the same values moves nothing: its block is one of those that are left.
    left = iter(sorted(set(range(n_keys)).difference(found.tolist())))
    blocks = [
        next(left, -1) if is_same else place
        for place, is_same in zip(found.tolist(), is_constant, strict=True)
    ]
    for key, block in zip(sample.keys, blocks, strict=True):
        if block < 0 or blocks.count(block) > 1:
            message = f"the values of {key} are not those of a Saltelli sample in its order: the results were changed. Give results that scsim run wrote."
            raise ResultsError(message)
    return blocks


def _are_equal(one: NDArray[Any], two: NDArray[Any]) -> bool:
    return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == "f"))


def _generator(results: Results) -> np.random.Generator:
    """Make the generator of resampled rows: of the seed of the study, so that intervals can be repeated."""
    return np.random.default_rng([int(results.attributes.get("seed", 0)), len(SALTELLI)])


# Sobol indices.


def _sobol(
    outputs: NDArray[np.float64],
    generator: np.random.Generator,
    n_resamples: int,
    confidence: float,
) -> tuple[
    NDArray[np.float64],
    tuple[NDArray[np.float64], NDArray[np.float64]],
    NDArray[np.float64],
    NDArray[np.int64],
]:
    """Estimate indices and intervals of many outputs.

    Parameters
    ----------
    outputs : ndarray of float64, shape (n_keys + 2, n_rows, n_outputs)
        Of A, B and AB_1, AB_2, ...

    Returns
    -------
    values : ndarray of float64, shape (2, n_keys, n_outputs)
    (low, high) : tuple of ndarray, as values
    variance : ndarray of float64, shape (n_outputs,)
    n_dropped : ndarray of int64, shape (n_outputs,)
    """
    n_parts, n_rows, n_outputs = outputs.shape
    drawn = generator.integers(0, n_rows, size=(n_resamples, n_rows))
    # Row k of a resample counts as often as it was drawn: every mean over rows is then one matrix product.
    counts = np.zeros((n_resamples + 1, n_rows))
    counts[0] = 1.0
    np.add.at(counts, (np.arange(1, n_resamples + 1)[:, None], drawn), 1.0)
    values = np.full((2, n_parts - 2, n_outputs), np.nan)
    low, high = values.copy(), values.copy()
    variance = np.full(n_outputs, np.nan)
    is_whole = np.asarray(np.isfinite(outputs).all(axis=0))
    n_dropped = (n_rows - is_whole.sum(axis=0)).astype(np.int64)
    is_enough = (n_dropped <= MAX_DROPPED_SHARE * n_rows) & (n_rows - n_dropped >= MIN_ROWS)
    tails = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    for output in np.flatnonzero(is_enough).tolist():
        rows = is_whole[:, output]
        f = outputs[:, rows, output]
        largest = float(np.abs(f).max())
        f = f - f[:2].mean()
        variance[output] = (f[:2] ** 2).mean()
        if np.sqrt(variance[output]) <= CONSTANT * largest:
            variance[output] = 0.0
            continue
        both = _indices(f, counts[:, rows])
        values[:, :, output] = both[0]
        low[:, :, output], high[:, :, output] = np.nanquantile(both[1:], tails, axis=0)
    return values, (low, high), variance, n_dropped


def _indices(f: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give first and total indices for each way of counting rows.

    Parameters
    ----------
    f : ndarray of float64, shape (n_keys + 2, n_rows)
        Outputs of A, B, AB_1, ..., relative to the mean of A and B.
    counts : ndarray of float64, shape (n_resamples, n_rows)

    Returns
    -------
    ndarray of float64, shape (n_resamples, 2, n_keys)
    """
    a, b, mixed = f[0], f[1], f[2:]
    total = counts.sum(axis=1)
    total = np.where(total > 0.0, total, np.nan)
    mean = counts @ (a + b) / (2.0 * total)
    variance = counts @ (a**2 + b**2) / (2.0 * total) - mean**2
    variance = np.where(variance > 0.0, variance, np.nan)[:, None]
    first = counts @ (b * (mixed - a)).T / total[:, None] / variance
    all_orders = counts @ ((mixed - a) ** 2).T / (2.0 * total[:, None]) / variance
    return np.asarray(np.stack([first, all_orders], axis=1))


def finish(
    sample: Sample,
    *,
    kind: str,
    measures: tuple[str, ...],
    arrays: tuple[Any, ...],
    n_rows: int,
    confidence: float,
    n_resamples: int,
    notes: tuple[str, ...],
) -> Sensitivity:
    """Put measures of flattened outputs together, and say what was lost.

    Parameters
    ----------
    sample : Sample
    kind : str
    measures : tuple of str
    arrays : tuple of ndarray
        Values, low and high ends of shape (n_measures, n_keys, n_outputs); variance and dropped rows of shape
        (n_outputs,), the variance NaN where too many rows are lost.
    n_rows, n_resamples : int
    confidence : float
    notes : tuple of str

    Returns
    -------
    Sensitivity

    Raises
    ------
    ResultsError
        If too many rows are lost for every output.
    """
    values, low, high, variance, n_dropped = arrays
    shape = sample.outputs.shape[1:]
    is_lost = np.isnan(variance)
    if n_rows < MIN_ROWS:
        message = f"{sample.name}: the sample has {n_rows} rows, and at least {MIN_ROWS} are needed to say anything: raise n in [sweep], for example to 256."
        raise ResultsError(message)
    if is_lost.all():
        message = f"{sample.name}: {int(n_dropped.min())} of {n_rows} rows or more have a failed case or a value that is not finite, and at most {MAX_DROPPED_SHARE * 100:g} % may be lost with {MIN_ROWS} left: narrow the distributions so that every case can be computed, or raise n."
        raise ResultsError(message)
    told = list(notes)
    n_most = int(n_dropped[~is_lost].max())
    if n_most:
        told.append(
            f"up to {n_most} of {n_rows} rows are left out because a case failed or has no finite value: the rest stands for the values at which none does"
        )
    if is_lost.any():
        told.append(f"{int(is_lost.sum())} of {is_lost.size} outputs have too few rows and are NaN")
    n_constant = int((variance == 0.0).sum())
    if n_constant:
        told.append(
            f"{n_constant} of {variance.size} outputs are constant, so that nothing explains their variance: NaN"
        )
    tail = (len(measures), len(sample.keys), *shape)
    return Sensitivity(
        name=sample.name,
        unit=sample.unit,
        long_name=sample.long_name,
        kind=kind,
        measures=measures,
        keys=sample.keys,
        labels=sample.labels,
        dims=sample.dims,
        coordinates=sample.coordinates,
        values=values.reshape(tail),
        low=low.reshape(tail),
        high=high.reshape(tail),
        variance=variance.reshape(shape),
        n_rows=n_rows,
        n_dropped=n_dropped.reshape(shape),
        confidence=confidence,
        n_resamples=n_resamples,
        notes=tuple(told),
    )


def _place(found: Sensitivity, index: tuple[int, ...]) -> str:
    return ", ".join(
        f"{dim}={_plain(found.coordinates[dim].values[at].item())}"
        for dim, at in zip(found.dims, index, strict=True)
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return "NaN" if np.isnan(value) else f"{value:.3f}"
