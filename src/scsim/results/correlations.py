"""Rank correlations of the results of a study with the values that were drawn for its cases.

Shares of variance are another matter: ``sensitivity.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from scsim.results.sensitivity import Sensitivity, finish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scsim.results.store import Results


def correlations(
    results: Results,
    name: str,
    at: Mapping[str, Any] | None = None,
    *,
    confidence: float = 0.95,
) -> Sensitivity:
    """Give the rank correlations of a dataset with every swept key of a study with drawn values.

    They say in which direction and how regularly the output moves with a key, from -1 to 1. They are no shares of
    variance, and miss what rises and falls again.

    Parameters
    ----------
    results : Results
        Of a study with ``[sweep] mode`` random, sobol or latin.
    name : str
        Dataset of numbers that depends on the sweep.
    at : mapping of str to object, optional
        As `sensitivity`.
    confidence : float
        Of the intervals, above 0 and below 1, no unit.

    Returns
    -------
    Sensitivity
        With the measures ``spearman`` and ``partial_rank``.

    Raises
    ------
    ResultsError
        As `sensitivity`.

    Notes
    -----
    Spearman's correlation of ranks, ties at their mean rank; the partial rank correlation is that of what is left of
    both ranks once the ranks of all other keys are fitted away. Intervals by Fisher's z with the variance
    (1 + r²/2) / (n − 3) for Spearman's and 1 / (n − d − 2) for the partial ones of d keys; for Sobol and Latin
    hypercube samples, which are more even than random ones, they are rather too wide. Keys with texts have no ranks
    and are left out. Checked against scipy.stats in ``tests/unit/test_results_sensitivity.py``.

    References
    ----------
    Bonett DG, Wright TA (2000). doi:10.1007/BF02294183.
    Marino S, Hogue IB, Ray CJ, Kirschner DE (2008), section 3.2. doi:10.1016/j.jtbi.2008.04.011
    """
    check_settings(confidence, None)
    mode = str(results.attributes.get("sweep_mode", ""))
    if mode not in DRAWN:
        advice = (
            "Sobol indices are what it allows: scsim.sensitivity."
            if mode == SALTELLI
            else 'write [sweep] mode = "sobol" and n = 256, give the keys distributions, and run it again.'
        )
        message = f"rank correlations need a study whose values are drawn ({', '.join(DRAWN)}); this one has the mode {mode}: {advice}"
        raise ResultsError(message)
    sample, left_out = _numbers_only(read_sample(results, name, at))
    arrays = _correlate(sample, confidence)
    notes = ["rank correlations: direction and regularity of a trend, not shares of variance"]
    if left_out:
        notes.append(
            f"{', '.join(left_out)}: left out, because texts and unset values have no ranks"
        )
    return finish(
        sample,
        kind="rank correlations",
        measures=("spearman", "partial_rank"),
        arrays=arrays,
        n_rows=sample.outputs.shape[0],
        confidence=confidence,
        n_resamples=0,
        notes=tuple(notes),
    )


def _numbers_only(sample: Sample) -> tuple[Sample, tuple[str, ...]]:
    """Leave out keys without ranks, and keys with one value."""
    is_kept = [
        one.dtype.kind in "iuf" and bool(np.isfinite(one).all()) and np.unique(one).size > 1
        for one in sample.inputs
    ]
    left_out = tuple(key for key, is_in in zip(sample.keys, is_kept, strict=True) if not is_in)
    if not any(is_kept):
        message = f"no swept key has numbers to rank ({', '.join(left_out)}): give one a distribution, such as {{ uniform = [0.5, 8.0] }}, and run the study again."
        raise ResultsError(message)

    def kept(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one for one, is_in in zip(values, is_kept, strict=True) if is_in)

    numbers = replace(
        sample,
        keys=kept(sample.keys),
        labels=kept(sample.labels),
        inputs=kept(sample.inputs),
    )
    return numbers, left_out


def _correlate(
    sample: Sample, confidence: float
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
]:
    from scipy.special import ndtri  # noqa: PLC0415 - reading results must not import scipy

    outputs = sample.outputs.reshape(sample.outputs.shape[0], -1)
    n_rows, n_outputs = outputs.shape
    inputs = np.array(sample.inputs, dtype=np.float64)
    n_keys = len(inputs)
    values = np.full((2, n_keys, n_outputs), np.nan)
    low, high = values.copy(), values.copy()
    is_known = np.isfinite(outputs)
    n_dropped = (n_rows - is_known.sum(axis=0)).astype(np.int64)
    is_enough = (n_dropped <= MAX_DROPPED_SHARE * n_rows) & (
        n_rows - n_dropped >= max(MIN_ROWS, n_keys + 4)
    )
    variance = np.full(n_outputs, np.nan)
    reach = float(ndtri((1.0 + confidence) / 2.0))
    for output in np.flatnonzero(is_enough).tolist():
        rows = is_known[:, output]
        y = outputs[rows, output]
        variance[output] = y.var()
        if y.std() <= CONSTANT * float(np.abs(y).max()):
            variance[output] = 0.0
            continue
        found = _rank_correlations(inputs[:, rows], y)
        n = y.size
        width = np.stack(
            [
                reach * np.sqrt((1.0 + found[0] ** 2 / 2.0) / (n - 3)),
                np.full(n_keys, reach / np.sqrt(n - n_keys - 2)),
            ]
        )
        middle = np.arctanh(np.clip(found, -1.0 + 1e-15, 1.0 - 1e-15))
        values[:, :, output] = found
        low[:, :, output], high[:, :, output] = np.tanh(middle - width), np.tanh(middle + width)
    return values, low, high, variance, n_dropped


def _rank_correlations(inputs: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give Spearman's and partial rank correlations, shape (2, n_keys)."""
    from scipy.stats import rankdata  # noqa: PLC0415 - as above

    ranks = np.array([rankdata(one) for one in (*inputs, y)], dtype=np.float64)
    ranks = ranks - (y.size + 1) / 2.0
    *keys, answer = ranks
    found = np.full((2, len(keys)), np.nan)
    for number, key in enumerate(keys):
        found[0, number] = _cosine(key, answer)
        others = np.delete(ranks[:-1], number, axis=0)
        found[1, number] = _cosine(_beside(key, others), _beside(answer, others))
    return found


def _beside(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what is left of ranks once others are fitted away."""
    if others.size == 0:
        return values
    fit, *_ = np.linalg.lstsq(others.T, values, rcond=None)
    return np.asarray(values - others.T @ fit)


def _cosine(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    # Ranks are of the size of their number: what is left of them by rounding alone is no trend.
    if size <= one.size * one.size * CONSTANT:
        return float("nan")
    return float(np.clip(one @ two / size, -1.0, 1.0))
