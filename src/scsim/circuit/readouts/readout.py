"""What is read from spike trains: rates, histograms after a pulse, wind-up, latencies, confidence over seeds.

Which spikes answer a pulse is told in `circuit/locking.py`; ratios of rates belong in `circuit/pain.py`, spike trains
of the input in `circuit/trains.py`. Arrays in, arrays out: how the spikes came about does not matter here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.errors import ModelError, Status
from scsim.units import MS_PER_S

_SETTLED_MS: Final = 1e-9
"""Rounding of time differences, ms, so that a spike on the border of a bin falls into the same bin after every pulse."""


BEFORE_MS: Final = 100.0
AFTER_MS: Final = 300.0
"""Window of a histogram before and after a pulse, ms: that of the reference."""


class Psth(NamedTuple):
    """Histogram of spikes around pulses.

    Attributes
    ----------
    edges_ms : ndarray of float64, shape (n_bins + 1,)
        Edges of the bins, ms after the pulse; a bin has its left edge and not its right one.
    counts : ndarray of int64, shape (n_bins,)
        Spikes over all pulses.
    rate_hz : ndarray of float64, shape (n_bins,)
        Mean rate per pulse, Hz; NaN without a pulse.
    percent_of_control : ndarray of float64, shape (n_bins,)
        Rate in percent of `control_rate_hz`, no unit; NaN where `status` is not OK.
    control_rate_hz : float
        Mean rate in the bins before the pulse, Hz; NaN if there is none.
    n_pulses : int
    status : int
        `Status.OK`; `Status.REFERENCE_TOO_LOW` if there is no spike before the pulses, or no bin or pulse.
    """

    edges_ms: NDArray[np.float64]
    counts: NDArray[np.int64]
    rate_hz: NDArray[np.float64]
    percent_of_control: NDArray[np.float64]
    control_rate_hz: float
    n_pulses: int
    status: int


class WindUp(NamedTuple):
    """Answers to a row of equal volleys.

    Attributes
    ----------
    late_counts : ndarray of int64, shape (n_volleys,)
        Spikes later than `late_ms` after each volley: the C-fiber part of the answer.
    counts : ndarray of int64, shape (n_volleys,)
        All spikes after each volley.
    ratio : float
        Last of `late_counts` over the first, no unit; NaN where `status` is not OK.
    status : int
        `Status.OK`; `Status.REFERENCE_TOO_LOW` if the first volley has no late spike.
    """

    late_counts: NDArray[np.int64]
    counts: NDArray[np.int64]
    ratio: float
    status: int


class Interval(NamedTuple):
    """Mean over seeds and the interval that holds the true mean with a given confidence.

    Attributes
    ----------
    mean, low, high : ndarray of float64
        In the unit of the values; `mean` is NaN without a value, `low` and `high` are with fewer than two.
    n : ndarray of int64
        Values that were finite.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]


def check_spike_times(name: str, times_ms: ArrayLike) -> NDArray[np.float64]:
    """Give times as an array, once they are known to be a spike train.

    Parameters
    ----------
    name : str
        What they are called, for the message.
    times_ms : array_like of float, shape (n,)
        Times, ms.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ModelError
        If there is more than one axis, or a time is not finite, negative or earlier than the one before it.
    """
    times = np.asarray(times_ms, dtype=np.float64)
    if times.ndim != 1:
        msg = f"{name} has {times.ndim} axes: a spike train is one row of times, ms; read one cell and condition at a time."
        raise ModelError(msg)
    is_bad = ~(np.isfinite(times) & (times >= 0))
    if is_bad.any():
        place = int(np.argmax(is_bad))
        msg = f"{name}[{place}] = {times[place]} ms: times must be finite and not before 0 ms; count them from the begin of the run."
        raise ModelError(msg)
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size:
        place = int(back[0]) + 1
        msg = f"{name}[{place}] = {times[place]} ms comes after {times[place - 1]} ms: times must be sorted; use numpy.sort."
        raise ModelError(msg)
    return times


def check_window(from_ms: float, to_ms: float) -> None:
    """Raise unless a readout has a length.

    Parameters
    ----------
    from_ms, to_ms : float
        Its begin and end, ms.

    Raises
    ------
    ModelError
        If it ends before it begins, is empty or not finite.
    """
    if not (np.isfinite(from_ms) and np.isfinite(to_ms) and from_ms < to_ms):
        msg = f"readout from {from_ms} ms to {to_ms} ms: it must end after it begins; give from_ms < to_ms."
        raise ModelError(msg)


def spike_rate_hz(spikes_ms: ArrayLike, from_ms: float, to_ms: float) -> float:
    """Give the mean rate of a spike train in a window.

    Parameters
    ----------
    spikes_ms : array_like of float, shape (n_spikes,)
        Sorted spike times, ms.
    from_ms, to_ms : float
        Window, from (included) and to (excluded), ms.

    Returns
    -------
    float
        Spikes per second, Hz.

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, or the window is empty.

    Examples
    --------
    >>> spike_rate_hz([100.0, 1500.0, 1600.0, 2500.0], 1500.0, 2500.0)
    2.0
    """
    check_window(from_ms, to_ms)
    spikes = check_spike_times("spikes_ms", spikes_ms)
    first, last = np.searchsorted(spikes, [from_ms, to_ms])
    return float(last - first) * MS_PER_S / (to_ms - from_ms)


def peristimulus_histogram(
    spikes_ms: ArrayLike,
    pulses_ms: ArrayLike,
    *,
    from_ms: float = -BEFORE_MS,
    to_ms: float = AFTER_MS,
    bin_ms: float = 10.0,
) -> Psth:
    """Count spikes in bins of time around each pulse, summed over the pulses.

    Parameters
    ----------
    spikes_ms : array_like of float, shape (n_spikes,)
        Sorted spike times, ms.
    pulses_ms : array_like of float, shape (n_pulses,)
        Sorted times of the pulses, ms. Each must have its whole window within the run: a pulse at the edge of a
        run would lower the rate.
    from_ms, to_ms : float
        First and last edge, ms after the pulse; what lies before 0 is the control.
    bin_ms : float
        Width of a bin, ms; the edges lie on whole numbers of it.

    Returns
    -------
    Psth

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, the bin is not positive, or the edges are no whole numbers of
        bins or out of order.

    Notes
    -----
    The defaults are those of the reference: bins of 10 ms, in percent of the mean of the ten bins before.
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    pulses = check_spike_times("pulses_ms", pulses_ms)
    first, last = _bin_numbers(from_ms, to_ms, bin_ms)
    edges = np.arange(first, last + 1, dtype=np.float64) * bin_ms
    # The neighborhood of each pulse, then only its own spikes: windows of neighboring pulses may overlap.
    begin = np.searchsorted(spikes, pulses + edges[0] - 1)
    end = np.searchsorted(spikes, pulses + edges[-1] + 1)
    after = [spikes[a:b] - pulse for a, b, pulse in zip(begin, end, pulses, strict=True)]
    number = np.floor(np.concatenate([*after, np.zeros(0)]) / bin_ms + _SETTLED_MS).astype(np.int64)
    counts = np.bincount(
        number[(number >= first) & (number < last)] - first, minlength=last - first
    )
    n_pulses = pulses.size
    rate_hz = np.full(counts.size, np.nan)
    if n_pulses:
        rate_hz = counts * (MS_PER_S / (bin_ms * n_pulses))
    before = rate_hz[: max(-first, 0)]
    control_hz = float(before.mean()) if before.size else float("nan")
    is_known = control_hz > 0
    return Psth(
        edges_ms=edges,
        counts=counts,
        rate_hz=rate_hz,
        percent_of_control=100 * rate_hz / control_hz if is_known else np.full(counts.size, np.nan),
        control_rate_hz=control_hz,
        n_pulses=n_pulses,
        status=int(Status.OK if is_known else Status.REFERENCE_TOO_LOW),
    )


def wind_up_curve(
    spikes_ms: ArrayLike,
    volleys_ms: ArrayLike,
    *,
    late_ms: float = 100.0,
    window_ms: float | None = None,
) -> WindUp:
    """Count the spikes that follow each of a row of volleys.

    Parameters
    ----------
    spikes_ms : array_like of float, shape (n_spikes,)
        Sorted spike times, ms.
    volleys_ms : array_like of float, shape (n_volleys,)
        Sorted times of the volleys, ms, at least one.
    late_ms : float
        Spikes later than this after the volley are the C-fiber part, ms; at 100 ms, as in the reference, all A-fiber
        answers are over.
    window_ms : float or None
        How long the answer is counted, ms; None for the shortest time between volleys. A single volley needs it.

    Returns
    -------
    WindUp

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, there is no volley, or the window does not exceed `late_ms`.

    Examples
    --------
    >>> wind_up_curve([150.0, 1120.0, 1200.0], [0.0, 1000.0]).ratio
    2.0
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    volleys = check_spike_times("volleys_ms", volleys_ms)
    if volleys.size == 0 or (volleys.size == 1 and window_ms is None):
        msg = f"{volleys.size} volleys: a wind-up curve needs at least two, or one and window_ms; give their times."
        raise ModelError(msg)
    window = float(np.diff(volleys).min()) if window_ms is None else window_ms
    if not (late_ms >= 0 and window > late_ms):
        msg = f"late_ms = {late_ms} ms in a window of {window:g} ms: the window must be longer; lengthen window_ms or shorten late_ms."
        raise ModelError(msg)
    begin, late, end = np.searchsorted(spikes, volleys + np.array([[0.0], [late_ms], [window]]))
    # A spike exactly late_ms after the volley is not later than it.
    late = np.maximum(late, np.searchsorted(spikes, volleys + late_ms, side="right"))
    late_counts = (end - late).astype(np.int64)
    is_known = late_counts[0] > 0
    return WindUp(
        late_counts=late_counts,
        counts=(end - begin).astype(np.int64),
        ratio=float(late_counts[-1] / late_counts[0]) if is_known else float("nan"),
        status=int(Status.OK if is_known else Status.REFERENCE_TOO_LOW),
    )


def first_spike_latency_ms(
    spikes_ms: ArrayLike, pulses_ms: ArrayLike, *, within_ms: float | None = None
) -> NDArray[np.float64]:
    """Give the time from each pulse to the first spike after it.

    Parameters
    ----------
    spikes_ms, pulses_ms : array_like of float
        Sorted times, ms.
    within_ms : float or None
        A later spike is no answer, ms; None for any spike before the next pulse.

    Returns
    -------
    ndarray of float64, shape (n_pulses,)
        Latency, ms; NaN where no spike comes before the next pulse or within `within_ms`.

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, or `within_ms` is not positive.
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    pulses = check_spike_times("pulses_ms", pulses_ms)
    if within_ms is not None and not within_ms > 0:
        msg = f"within_ms = {within_ms} ms: the longest latency must be positive; leave it out for any spike before the next pulse."
        raise ModelError(msg)
    following = np.concatenate([spikes, [np.inf]])[np.searchsorted(spikes, pulses)]
    latest = np.concatenate([pulses[1:], [np.inf]]) if pulses.size else pulses
    if within_ms is not None:
        latest = np.minimum(latest, pulses + within_ms)
    return np.where(np.isfinite(following) & (following < latest), following - pulses, np.nan)


def confidence_interval(values: ArrayLike, *, level: float = 0.95, axis: int = 0) -> Interval:
    """Give the mean over seeds and its confidence interval by Student's t.

    Parameters
    ----------
    values : array_like of float
        One value per seed along `axis`, for example rates, Hz. Those that are not finite are left out.
    level : float
        Confidence, above 0 and below 1, no unit.
    axis : int
        The axis of the seeds.

    Returns
    -------
    Interval
        Arrays without that axis.

    Raises
    ------
    ModelError
        If the level lies outside 0 to 1 or `values` has no axis.

    Notes
    -----
    mean ± t((1 + level) / 2, n − 1) s / sqrt(n), s² the sample variance: exact for values that are normal and
    independent, as those of different seeds are independent. With few seeds the interval is wide, as it must be.

    Examples
    --------
    >>> interval = confidence_interval([26.3, 24.7, 24.0])
    >>> float(interval.mean), round(float(interval.high - interval.low), 2)
    (25.0, 5.86)
    """
    if not 0 < level < 1:
        msg = f"level = {level}: a confidence level lies between 0 and 1; use for example 0.95."
        raise ModelError(msg)
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        msg = "values is a single number: a confidence interval is over seeds; give one value per seed."
        raise ModelError(msg)
    from scipy.special import stdtrit  # noqa: PLC0415  (reading a config must not import scipy)

    is_known = np.isfinite(array)
    n = np.count_nonzero(is_known, axis=axis)
    total = np.sum(array, axis=axis, where=is_known)
    mean = np.divide(total, n, out=np.full(np.shape(n), np.nan), where=np.asarray(n > 0))
    deviation = array - np.expand_dims(mean, axis)
    square = np.sum(deviation**2, axis=axis, where=is_known)
    is_many = np.asarray(n > 1)
    variance = np.divide(square, n - 1, out=np.full(np.shape(n), np.nan), where=is_many)
    reach = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * np.sqrt(variance / np.maximum(n, 1))
    return Interval(mean, mean - reach, mean + reach, np.asarray(n, dtype=np.int64))


def _bin_numbers(from_ms: float, to_ms: float, bin_ms: float) -> tuple[int, int]:
    """Give first and last edge as whole numbers of bins."""
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        msg = f"bin_ms = {bin_ms} ms: a bin must have a positive width; use for example 10 ms."
        raise ModelError(msg)
    check_window(from_ms, to_ms)
    numbers = []
    for name, edge in (("from_ms", from_ms), ("to_ms", to_ms)):
        number = round(edge / bin_ms)
        if abs(number * bin_ms - edge) > 1e-6 * bin_ms:
            msg = f"{name} = {edge} ms is no whole number of bins of {bin_ms} ms: a bin would lie on both sides of the pulse; use {number * bin_ms:g} ms."
            raise ModelError(msg)
        numbers.append(number)
    return numbers[0], numbers[1]
