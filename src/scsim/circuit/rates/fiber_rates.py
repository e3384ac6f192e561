"""Spike trains as the input of a rate model: drawn from mean rates, counted, smoothed.

What the rates do belongs in `circuit/run_rate.py`; damaged fibers in `circuit/damage.py`, natural stimuli of
the spiking circuit in `circuit/protocols.py`.
"""

import functools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.inputs.trains import FiberTrains, Purpose, stream
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.rates.rate import InputBoxes, RateBox, SampledRates
from scsim.errors import ModelError
from scsim.formats.tables import load_table
from scsim.units import MS_PER_S, S_PER_MS

_TABLE: Final = "circuits/crodelle2019"

_DEGREE: Final = 2
"""Degree of the local polynomials: a parabola, as in the published program."""

_MIN_SPAN: Final = 6
"""Fewest points of a local regression: the farthest have no weight, and a parabola needs three."""

_EDGE_ROUNDING: Final = 1e-9
"""Share of a bin by which a spike may miss the edge of its bin by rounding."""


@functools.cache
def rate_fibers() -> tuple[FiberClass, ...]:
    """Give the fibers behind the two inputs of the published rate model.

    Returns
    -------
    tuple of FiberClass
        ``"a_beta"`` (380) and ``"c"`` (820, A-delta and C fibers together).
    """
    table = load_table(_TABLE)
    return tuple(
        FiberClass(
            name=name,
            title=title,
            n_fibers=int(table.number(f"fibers.n_{name}")),
            kind=name,
            field="local",
        )
        for name, title in (("a_beta", "A-beta fibers"), ("c", "A-delta and C fibers"))
    )


def poisson_trains(
    inputs: InputBoxes,
    *,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
    fibers: Sequence[FiberClass] | None = None,
) -> FiberTrains:
    """Draw spike trains of every fiber from mean rates.

    Parameters
    ----------
    inputs : InputBoxes
        Mean rates of the classes ``"a_beta"`` and ``"c"``.
    duration_ms : float
        Length of the trains, ms; a whole number of bins of 1 ms.
    seed : int or numpy.random.SeedSequence
    fibers : sequence of FiberClass or None
        None for `rate_fibers`. Every class must be of the kind ``"a_beta"`` or ``"c"``.

    Returns
    -------
    FiberTrains
        A spike lies in the middle of its bin.

    Raises
    ------
    ModelError
        If the duration is not a whole number of bins, or a class is of another kind.

    Notes
    -----
    As in the published program, each bin of each fiber has a spike with the probability rate × bin
    (at most 1), the rate being that at the start of the bin, and never two. Each fiber has a random
    stream of its own, and a longer run begins like a shorter one.
    """
    chosen = rate_fibers() if fibers is None else tuple(fibers)
    bin_ms = load_table(_TABLE).number("fibers.bin_ms")
    n_bins = _n_bins(duration_ms, bin_ms)
    starts_s = np.arange(n_bins, dtype=np.float64) * (bin_ms * S_PER_MS)
    means_hz = {
        "a_beta": _mean_rates_hz(inputs.a_beta_rest_hz, inputs.a_beta, starts_s),
        "c": _mean_rates_hz(inputs.c_rest_hz, inputs.c, starts_s),
    }
    trains: dict[str, tuple[NDArray[np.float64], ...]] = {}
    for fiber_class in chosen:
        if fiber_class.kind not in means_hz:
            msg = f"the class {fiber_class.name!r} is of the kind {fiber_class.kind!r}: rates are given for the kinds a_beta and c; leave it out or change its kind."
            raise ModelError(msg)
        chance = means_hz[fiber_class.kind] * bin_ms * S_PER_MS
        trains[fiber_class.name] = tuple(
            _spikes_ms(rng, chance, bin_ms)
            for rng in (
                stream(seed, Purpose.NATURAL, fiber_class.name, fiber)
                for fiber in range(fiber_class.n_fibers)
            )
        )
    return FiberTrains(trains)


def _spikes_ms(
    rng: np.random.Generator, chance: NDArray[np.float64], bin_ms: float
) -> NDArray[np.float64]:
    """Draw the spikes of one fiber, each in the middle of its bin, ms."""
    bins = np.flatnonzero(rng.uniform(size=chance.size) < chance)
    return np.asarray((bins + 0.5) * bin_ms, dtype=np.float64)


def _mean_rates_hz(
    rest_hz: float, boxes: Sequence[RateBox], times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the mean rate at each time, Hz."""
    rates = np.full(times_s.size, rest_hz)
    tolerance_s = 1e-9  # of decimal times
    for box in boxes:
        since_s = times_s - box.start_s + tolerance_s
        if box.repeat_every_s is not None:
            since_s = np.where(since_s >= 0, since_s % box.repeat_every_s, since_s)
        rates[(since_s >= 0) & (since_s < box.end_s - box.start_s)] = box.rate_hz
    return rates


def _n_bins(duration_ms: float, bin_ms: float) -> int:
    """Count the bins of a run; the duration must be a whole number of them."""
    count = duration_ms / bin_ms if math.isfinite(duration_ms) else 0.0
    if round(count) < 1 or abs(count - round(count)) > _EDGE_ROUNDING * count:
        msg = f"duration_ms = {duration_ms} ms: it must be a whole number of bins of {bin_ms:g} ms, at least one; use for example 1000."
        raise ModelError(msg)
    return round(count)


def rates_from_trains(
    trains: FiberTrains,
    *,
    duration_ms: float,
    a_beta: Sequence[str] = ("a_beta",),
    c: Sequence[str] = ("c",),
    span_bins: int | None = None,
) -> SampledRates:
    """Turn spike trains into the smoothed mean rates that drive a rate model.

    Parameters
    ----------
    trains : FiberTrains
        One train per fiber, empty for a silent one.
    duration_ms : float
        Length of the rates, ms; a whole number of bins of 1 ms. Later spikes do not count.
    a_beta, c : sequence of str
        The classes that make up the A-beta and the C input of the model; the classes of each are
        put together fiber by fiber. For the classes of the spiking circuit give
        ``c = ("a_delta", "c")``: the published numbers count both.
    span_bins : int or None
        Points of each local regression, 6 or more; None for the published 10; 0 for no smoothing.

    Returns
    -------
    SampledRates
        One sample per bin, at its start as in the published program (the count of a bin is centered
        half a bin later), joined by straight lines.

    Raises
    ------
    ModelError
        If the duration is not a whole number of bins, a class is not in `trains` or has no fiber, or
        the span is too short or longer than the run.

    Notes
    -----
    f = 1000 × spikes per bin / fibers, smoothed by `smooth_locally`. The published program smooths
    with the robust variant of that regression, which lowers the weight of bins far from a first
    fit. That variant is left out: the noise of a count grows with its mean, so a weight by distance,
    at one scale for the whole run, takes brief stimuli for outliers. The program also smooths
    damaged fibers over 5 bins, the A-beta fibers robustly and the others by a plain mean; here all
    are treated alike.
    """
    table = load_table(_TABLE)
    bin_ms = table.number("fibers.bin_ms")
    n_bins = _n_bins(duration_ms, bin_ms)
    span = int(table.number("fibers.span_bins")) if span_bins is None else span_bins
    rates = []
    for names in (a_beta, c):
        lacking = [name for name in names if not trains.trains.get(name)]
        if lacking:
            msg = f"the trains have no fibers of the class {lacking[0]!r}; they have {', '.join(trains.trains) or 'none'}: name classes that are there."
            raise ModelError(msg)
        given = [times for name in names for times in trains.trains[name]]
        counts = _counts(np.concatenate([np.empty(0), *given]), n_bins, bin_ms)
        rate_hz = counts * (MS_PER_S / (bin_ms * max(1, len(given))))
        rates.append(smooth_locally(rate_hz, span) if span else rate_hz)
    return SampledRates(bin_ms * S_PER_MS, *rates)


def _counts(times_ms: NDArray[np.float64], n_bins: int, bin_ms: float) -> NDArray[np.float64]:
    """Count the spikes of each bin; a bin has its first moment and not its last."""
    bins = np.floor(times_ms / bin_ms + _EDGE_ROUNDING).astype(np.int64)
    return np.bincount(bins[bins < n_bins], minlength=n_bins).astype(np.float64)


def smooth_locally(values: ArrayLike, span: int) -> NDArray[np.float64]:
    """Smooth equally spaced values by local regression.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        In any unit.
    span : int
        Points of each regression, from 6 to n.

    Returns
    -------
    ndarray of float64, shape (n,)
        In the same unit. Parabolas come out as they went in, and away from the ends the sum is kept,
        but values may undershoot beside a jump: positive ones may become negative.

    Raises
    ------
    ModelError
        If there are fewer values than `span`, or `span` is below 6.

    Notes
    -----
    Locally weighted regression (Cleveland 1979) with parabolas: at each point the weighted least
    squares fit over its `span` nearest points, with the weights (1 − |d/h|³)³, d the distance and h
    that of the farthest of them. On a uniform grid this is a fixed weighted sum away from the ends,
    whose weights are found once. A Savitzky-Golay filter would be the same with equal weights.
    No robustness steps.
    """
    given = np.asarray(values, dtype=np.float64)
    if not _MIN_SPAN <= span <= given.size:
        msg = f"span = {span} for {given.size} values: a local regression takes {_MIN_SPAN} points or more, and there must be as many; use for example 10."
        raise ModelError(msg)
    smooth = np.empty(given.size)
    reach = span // 2
    for position in [*range(reach), *range(given.size - reach, given.size)]:
        offsets, weights = _local_weights(position, given.size, span)
        smooth[position] = weights @ given[position + offsets]
    if given.size > 2 * reach:
        offsets, weights = _local_weights(reach, given.size, span)
        first = reach + offsets[0]
        taps = np.convolve(given, weights[::-1], mode="valid")
        smooth[reach : given.size - reach] = taps[first : first + given.size - 2 * reach]
    return smooth


def _local_weights(
    position: int, n_values: int, span: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the offsets of the points that count at a position, and the weight of each in the fit."""
    offsets = np.arange(n_values) - position
    near = offsets[max(0, position - span) : position + span + 1]
    farthest = np.sort(np.abs(near))[span - 1]
    used = near[np.abs(near) < farthest]
    root = (1 - np.abs(used / farthest) ** 3) ** 1.5
    powers = np.vander(used / farthest, _DEGREE + 1, increasing=True)
    return used, np.linalg.pinv(root[:, np.newaxis] * powers)[0] * root
