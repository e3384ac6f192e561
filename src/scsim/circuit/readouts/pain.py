"""Output measures of a dorsal-horn circuit: pain signal, relief and an illustrative rating.

The first two are ratios of projection rates of the model, not pain as a person would rate it; the third is for
teaching. How the rates come about belongs to the models, and their C-driven part to `circuit/locking.py`.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.errors import ModelError, Status
from scsim.formats.tables import load_table

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
        Rate of the projection neurons in the case, Hz: the C-driven part of
        `scsim.circuit.readouts.locking.split_rates` for circuits that spike, the mean of all for rate models.
    healthy_rest_rate_hz : array_like of float
        The same rate of the healthy circuit without stimulation, with the same noxious input and seed, Hz; broadcast
        against `rate_hz`. Without pulses every spike is C-driven.

    Returns
    -------
    Ratio
        `value` is the rate divided by the reference; 1 = what a healthy cord would signal.

    Notes
    -----
    Spikes that answer the pulses themselves are left out: they carry the stimulus, not the noxious input, and would
    make fast pulses look painful. Rate models have no spikes that could be told apart by their cause, so theirs is
    the total rate, and answers to pulses are in it.
    """
    return _share_of(rate_hz, healthy_rest_rate_hz)


def relief(rate_hz: ArrayLike, same_state_rest_rate_hz: ArrayLike) -> Ratio:
    """Give the share of the projection rate that stimulation takes away.

    Parameters
    ----------
    rate_hz : array_like of float
        Rate of the projection neurons in the case, Hz: of all spikes, or of the C-driven ones alone.
    same_state_rest_rate_hz : array_like of float
        The same rate of the same state without stimulation, with the same noxious input and seed, Hz; broadcast
        against `rate_hz`.

    Returns
    -------
    Ratio
        `value` is 1 − rate / reference; 1 = silent, 0 = unchanged, below 0 = more than before.

    Notes
    -----
    Of all spikes, fast pulses seem to make matters worse by the spikes that answer them; of the C-driven ones alone,
    they do not count. Both are worth knowing.
    """
    ratio = _share_of(rate_hz, same_state_rest_rate_hz)
    return Ratio(1 - ratio.value, ratio.status)


def rating_illustrative(signal: ArrayLike) -> NDArray[np.float64]:
    """Put a pain signal on a scale from 0 to 100 model units, for teaching.

    A teaching aid, computed only where it is asked for. It is no rating of a person: it predicts nobody's pain or
    relief, and must not be used to choose, set or change a stimulator, a drug, a therapy or an exercise plan. Pain
    is real; the model shows one part of how signals are processed.

    Parameters
    ----------
    signal : array_like of float
        Pain signal (no unit, 1 = healthy circuit without stimulation), 0 or above; NaN stays NaN.

    Returns
    -------
    ndarray of float64
        Model units, 0 (no signal) to 100 (never reached).

    Raises
    ------
    ModelError
        If a signal is negative.

    Notes
    -----
    rating = 100 x^p / (x^p + h^p), x the signal, h = 1 and p = 1 (``data/readout/rating.toml``). All three are
    assumed: the law is bounded, grows with the signal and saturates, and nothing else about it is known.

    Examples
    --------
    >>> rating_illustrative([0.0, 1.0, 3.0]).tolist()
    [0.0, 50.0, 75.0]
    """
    values = np.asarray(signal, dtype=np.float64)
    if (values < 0).any():
        msg = f"pain signal = {values[values < 0].flat[0]}: a signal is a ratio of rates, 0 or above; give the value of pain_signal."
        raise ModelError(msg)
    table = load_table("readout/rating")
    largest, half, slope = (table.number(key) for key in ("largest", "half_signal", "slope"))
    # Divided by x^p, so that an infinite signal has its limit.
    with np.errstate(divide="ignore"):
        return np.asarray(largest / (1 + (half / values) ** slope), np.float64)
