"""Output measures of a dorsal-horn circuit: pain signal and relief.

Both are ratios of projection rates of the model, not pain as a person would rate it. How the rates
come about belongs to the models.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.errors import Status

MIN_REFERENCE_HZ: Final = 0.5
"""Smallest reference rate, Hz, to which a ratio is formed. A choice of this project: one spike in
2 s, below which a run of a few seconds holds too few spikes for a ratio to mean anything."""


class Ratio(NamedTuple):
    """A ratio of rates with its status.

    Attributes
    ----------
    value : ndarray of float64
        No unit; NaN where `status` is not OK.
    status : ndarray of int8
        `Status.OK`; `Status.REFERENCE_TOO_LOW` where the reference is below `MIN_REFERENCE_HZ`;
        `Status.NOT_FINITE` where a rate is not finite.
    """

    value: NDArray[np.float64]
    status: NDArray[np.int8]


def _share_of(rate_hz: ArrayLike, reference_hz: ArrayLike) -> Ratio:
    rate, reference = np.broadcast_arrays(
        np.asarray(rate_hz, dtype=np.float64), np.asarray(reference_hz, dtype=np.float64)
    )
    status = np.full(rate.shape, Status.OK, dtype=np.int8)
    status[reference < MIN_REFERENCE_HZ] = Status.REFERENCE_TOO_LOW
    status[~(np.isfinite(rate) & np.isfinite(reference))] = Status.NOT_FINITE
    value = np.full(rate.shape, np.nan)
    np.divide(rate, reference, out=value, where=status == Status.OK)
    return Ratio(value, status)


def pain_signal(rate_hz: ArrayLike, healthy_rest_rate_hz: ArrayLike) -> Ratio:
    """Give the projection rate in units of what a healthy, unstimulated circuit would signal.

    Parameters
    ----------
    rate_hz : array_like of float
        Mean projection rate of the case, Hz.
    healthy_rest_rate_hz : array_like of float
        Mean projection rate of the healthy circuit without stimulation and with the same noxious
        input, Hz; broadcast against `rate_hz`.

    Returns
    -------
    Ratio
        `value` is the rate divided by the reference; 1 = what a healthy cord would signal.

    Notes
    -----
    Rate models have no spikes that could be told apart by their cause, so this is the total rate.
    """
    return _share_of(rate_hz, healthy_rest_rate_hz)


def relief(rate_hz: ArrayLike, same_state_rest_rate_hz: ArrayLike) -> Ratio:
    """Give the share of the projection rate that stimulation takes away.

    Parameters
    ----------
    rate_hz : array_like of float
        Mean projection rate of the case, Hz.
    same_state_rest_rate_hz : array_like of float
        Mean projection rate of the same state without stimulation and with the same noxious input,
        Hz; broadcast against `rate_hz`.

    Returns
    -------
    Ratio
        `value` is 1 − rate / reference; 1 = silent, 0 = unchanged, below 0 = more than before.
    """
    ratio = _share_of(rate_hz, same_state_rest_rate_hz)
    return Ratio(1 - ratio.value, ratio.status)
