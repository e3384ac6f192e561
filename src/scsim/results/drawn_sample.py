"""The sample behind a study whose values are drawn: swept values and outputs, one row per case without its repeats.

What is estimated from it belongs in ``sensitivity.py`` and ``correlations.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.results.repeats import CASE, SEED_KEYS, group_cases
from scsim.results.rows import Coordinate, coordinates_of, is_number, numbers_of
from scsim.results.schema import long_name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scsim.results.store import Results

SALTELLI: Final = "saltelli"
DRAWN: Final = ("random", "sobol", "latin")
"""Modes whose values are drawn jointly, of which correlations say something."""

MAX_DROPPED_SHARE: Final = 0.2
"""Rows of a sample that may be lost: with more, what is left is another sample than the one that was drawn."""

MIN_ROWS: Final = 16
"""Rows that must be left: with fewer, the resampled indices say nothing."""

CONSTANT: Final = 64.0 * float(np.finfo(np.float64).eps)
"""Spread, as a share of the largest value, up to which an output is rounding noise about a constant."""


_FEW: Final = 4
"""Numbers per case that are judged one by one without being asked for."""

_SHOWN: Final = 32
"""Values along a dimension that a message lists."""


def sensitive_datasets(results: Results) -> tuple[str, ...]:
    """Name the datasets of one number per case that depend on the sweep.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str
    """
    return tuple(
        name
        for name in results.names
        if results.dims(name) == (CASE,) and is_number(results.variable(name))
    )


def few_valued_datasets(results: Results) -> tuple[str, ...]:
    """Name the datasets with a few numbers per case, along one inner dimension, such as depths of a field.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str
    """
    found = []
    for name in results.names:
        dims = results.dims(name)
        if "/" in name or dims[:1] != (CASE,) or len(dims) != 2:
            continue
        if results.coordinates[dims[1]].size <= _FEW and is_number(results.variable(name)):
            found.append(name)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Sample:
    """Swept values and outputs, one row per case without its repeats.

    Attributes
    ----------
    name, unit, long_name : str
    keys, labels : tuple of str
    inputs : tuple of ndarray, one of shape (n_rows,) per key
    outputs : ndarray of float64, shape (n_rows, ...)
        NaN where a case failed or has no finite value.
    dims : tuple of str
        Of the outputs, without the cases.
    coordinates : mapping of str to Coordinate
    """

    name: str
    unit: str
    long_name: str
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    inputs: tuple[NDArray[Any], ...]
    outputs: NDArray[np.float64]
    dims: tuple[str, ...]
    coordinates: Mapping[str, Coordinate]


def check_settings(confidence: float, n_resamples: int | None) -> None:
    """Refuse settings of intervals that mean nothing.

    Parameters
    ----------
    confidence : float
    n_resamples : int or None
        None where nothing is resampled.

    Raises
    ------
    ResultsError
        If `confidence` lies outside 0 to 1 or there are fewer than 100 resamples.
    """
    if not 0.0 < confidence < 1.0:
        message = f"confidence = {confidence:g}: it lies between 0 and 1; use for example 0.95."
        raise ResultsError(message)
    least = 100
    if n_resamples is not None and n_resamples < least:
        message = (
            f"n_resamples = {n_resamples}: intervals need at least {least}; use for example 1000."
        )
        raise ResultsError(message)


def read_sample(results: Results, name: str, at: Mapping[str, Any] | None) -> Sample:
    """Take swept values and outputs from results, repeats averaged.

    Parameters
    ----------
    results : Results
    name : str
        Dataset.
    at : mapping of str to object or None
        Value along inner dimensions.

    Returns
    -------
    Sample

    Raises
    ------
    ResultsError
        If the dataset is no number or does not depend on the sweep, `at` names something that is not there, or cases
        are not repeated equally often.
    """
    variable = results.variable(name)
    examples = ", ".join(sensitive_datasets(results)) or "none here"
    if variable.dtype[0] not in "fiu" or "flag_meanings" in variable.attributes:
        message = f"{name} is no number ({variable.dtype}): choose a dataset of numbers that depends on the sweep: {examples}."
        raise ResultsError(message)
    if CASE not in variable.dims:
        message = f"{name} does not depend on the sweep, so it is sensitive to nothing: choose one of {examples}."
        raise ResultsError(message)
    values = np.moveaxis(numbers_of(variable), variable.dims.index(CASE), 0)
    dims = tuple(dim for dim in variable.dims if dim != CASE)
    coordinates = coordinates_of(results, {name: dims})
    for dim, wanted in (at or {}).items():
        values = _picked(values, dims, coordinates, dim, wanted)
        dims = tuple(one for one in dims if one != dim)
    values = np.where(np.isfinite(values), values, np.nan)
    swept = {key: label for key, label in results.swept.items() if key not in SEED_KEYS}
    repeats = [label for key, label in results.swept.items() if key in SEED_KEYS]
    rows = np.arange(values.shape[0])
    if repeats:
        groups = group_cases(results, repeats)
        if (groups < 0).any():
            message = f"the cases are repeated over {', '.join(repeats)}, but not all equally often: sensitivity needs the same repeats of each."
            raise ResultsError(message)
        values = values[groups].mean(axis=1)  # NaN where one of them is: rows are lost as a whole
        rows = groups[:, 0]
    return Sample(
        name=name,
        unit=str(variable.attributes.get("units", "1")),
        long_name=str(variable.attributes.get("long_name", name)),
        keys=tuple(swept),
        labels=tuple(_called(key, label) for key, label in swept.items()),
        inputs=tuple(results.coordinates[label][rows] for label in swept.values()),
        outputs=values,
        dims=dims,
        coordinates=MappingProxyType({dim: coordinates[dim] for dim in dims}),
    )


def _called(key: str, label: str) -> str:
    """Say what a key is: conductivities are keys by the names of tissues alone."""
    name = long_name_of(label)
    return f"{name} conductivity" if key.startswith("conductivity.") else name


def _picked(
    values: NDArray[np.float64],
    dims: tuple[str, ...],
    coordinates: Mapping[str, Coordinate],
    dim: str,
    wanted: Any,
) -> NDArray[np.float64]:
    """Take the outputs at one value of an inner dimension."""
    if dim not in dims:
        message = f"at names {dim!r}, but the dataset has the inner dimensions {', '.join(dims) or 'none'}: choose among these."
        raise ResultsError(message)
    along = coordinates[dim].values
    is_meant = (
        np.isclose(along, wanted, rtol=1e-9, atol=0.0)
        if along.dtype.kind == "f" and isinstance(wanted, int | float)
        else along == wanted
    )
    places = np.flatnonzero(is_meant)
    if places.size == 0:
        first = ", ".join(str(one) for one in along[:_SHOWN].tolist())
        message = f"{dim} has no value {wanted!r}: choose one of {first}."
        raise ResultsError(message)
    return np.asarray(np.take(values, int(places[0]), axis=1 + dims.index(dim)))
