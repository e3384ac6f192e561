"""Means over the realizations of a study: cases that differ by their random numbers alone.

Confidence intervals over them are drawn in ``rate_curves.py``.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from scsim.formats.hdf5 import make_variable
from scsim.results.repeats import SEED_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.results.store import Results


def seed_dims(results: Results) -> tuple[str, ...]:
    """Give the swept dimensions that repeat a case with other random numbers.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str
    """
    return tuple(results.swept[key] for key in SEED_KEYS if key in results.swept)


def mean_over_realizations(
    results: Results, names: Sequence[str], at: Mapping[str, int] | None = None
) -> tuple[Results, str]:
    """Take the means of some datasets over the realizations of a study.

    Parameters
    ----------
    results : Results
    names : sequence of str
        Datasets; those that are not there are passed over.
    at : mapping of str to int, optional
        Index along dimensions at which single realizations are wanted: no means over these.

    Returns
    -------
    Results
        With these datasets over the other dimensions. A mean is over the realizations that have a value, NaN where
        none has one.
    str
        What a heading says of it, for example ``mean of 8 realizations``; empty where nothing is repeated.
    """
    repeated = [
        dim
        for dim in seed_dims(results)
        if dim not in (at or {}) and len(results.coordinates[dim]) > 1
    ]
    means = {}
    n_runs = 1
    for name in names:
        along = [dim for dim in repeated if name in results and dim in results.dims(name)]
        if not along:
            continue
        dims = results.dims(name)
        axes = tuple(dims.index(dim) for dim in along)
        values = np.asarray(results.dataset(name), dtype=np.float64)
        n_runs = max(n_runs, int(np.prod([values.shape[axis] for axis in axes])))
        left = tuple(dim for dim in dims if dim not in along)
        attributes = results.variable(name).attributes
        means[name] = make_variable(name, left, _mean(values, axes), attributes)
    if not means:
        return results, ""
    variables: dict[str, Any] = {**results.variables, **means}
    return replace(results, variables=MappingProxyType(variables)), f"mean of {n_runs} realizations"


def _mean(values: NDArray[np.float64], axes: tuple[int, ...]) -> NDArray[np.float64]:
    """Take the mean of what is finite, NaN where nothing is."""
    is_known = np.isfinite(values)
    n_known = is_known.sum(axis=axes)
    total = np.where(is_known, values, 0.0).sum(axis=axes)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)
