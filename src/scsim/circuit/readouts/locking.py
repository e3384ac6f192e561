"""Spikes and stimulus pulses: which spikes answer a pulse, and which the rest of the input drives.

A pulse that A-beta fibers follow makes a projection neuron fire at once; what the noxious input makes it fire is
the other part of its rate. Both are told apart here by time alone. Other measures of spike trains belong in
`circuit/readout.py`; ratios of rates, in `circuit/pain.py`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.readouts.readout import check_spike_times, check_window
from scsim.errors import ModelError
from scsim.units import MS_PER_S

LOCK_MS: Final = 12.0
"""Time after a pulse within which a spike may be an answer to it, ms: in the published circuit every answer of the
projection neuron to a volley falls into it (notes of the reference, finding on the frequency optimum)."""

FASTEST_HZ: Final = 60.0
"""Pulse rate, Hz, from which on the time behind the answers is too short to be looked at alone."""

_FREE_SHARE: Final = 1 - LOCK_MS * FASTEST_HZ / MS_PER_S
"""Share of a cycle that lies behind the answer at `FASTEST_HZ`, 0.28: the width of the quiet arc at higher rates, so
that both rules look at equally wide parts of the cycle where they meet."""

_ROUNDING: Final = 1e-9
"""Relative rounding of a pulse interval: at 60 Hz itself the second rule holds."""


class RateSplit(NamedTuple):
    """Mean rate of a cell and its parts.

    Attributes
    ----------
    total_rate_hz : float
        All spikes, Hz.
    c_driven_rate_hz : float
        The part that is not locked to pulses, Hz.
    pulse_locked_rate_hz : float
        The rest, Hz: `total_rate_hz` less `c_driven_rate_hz`.
    late_rate_hz : float
        Spikes later than the lock time after the latest pulse, per whole time, Hz: the plain count, which loses what
        hides among the answers. It has no use above about 60 Hz.
    """

    total_rate_hz: float
    c_driven_rate_hz: float
    pulse_locked_rate_hz: float
    late_rate_hz: float


def split_by_pulse(
    spikes_ms: ArrayLike, pulses_ms: ArrayLike, *, lock_ms: float = LOCK_MS
) -> NDArray[np.bool_]:
    """Mark the spikes that come too late after a pulse to be an answer to it.

    Parameters
    ----------
    spikes_ms : array_like of float, shape (n_spikes,)
        Sorted spike times, ms.
    pulses_ms : array_like of float, shape (n_pulses,)
        Sorted times of the pulses that reach the circuit, ms.
    lock_ms : float
        Longest delay of an answer, ms.

    Returns
    -------
    ndarray of bool, shape (n_spikes,)
        True for spikes later than `lock_ms` after the latest pulse, and for those before the first.

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, or `lock_ms` is not positive.

    Notes
    -----
    This is a count, spike by spike, and says nothing about spikes of other origin that fall among the answers: the
    higher the pulse rate, the more do, and at 1000 / `lock_ms` pulses per second and above none is left to be
    marked. `split_rates` reckons with them.

    Examples
    --------
    >>> split_by_pulse([95.0, 103.0, 140.0], [100.0, 200.0]).tolist()
    [True, False, True]
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    pulses = check_spike_times("pulses_ms", pulses_ms)
    _check_lock(lock_ms)
    return _since_pulse(spikes, pulses) > lock_ms


def split_rates(
    spikes_ms: ArrayLike,
    pulses_ms: ArrayLike,
    *,
    from_ms: float,
    to_ms: float,
    lock_ms: float = LOCK_MS,
    unstimulated_rate_hz: float = math.inf,
) -> RateSplit:
    """Split the rate of a cell into a part locked to pulses and one driven by the rest of its input.

    Two rules, chosen for each interval between pulses. *Long intervals* (rates below 60 Hz): spikes later than
    `lock_ms` after the pulse are C-driven; among the answers hide as many more as the time right behind them
    holds, an equally long time or what there is of it, but never more spikes than were seen there. *Short
    intervals*: spikes are laid over the phase of the cycle; C-driven ones come at any phase, so their number is
    that of the quietest arc, 0.28 of the cycle wide, divided by its width. The quietest arc of one half of the
    intervals is read in the other half, so that choosing it does not favor few spikes. Either way no more spikes
    are C-driven than without stimulation: pulses may hide such spikes, but open no new way to them.

    Parameters
    ----------
    spikes_ms : array_like of float, shape (n_spikes,)
        Sorted spike times of one cell, ms.
    pulses_ms : array_like of float, shape (n_pulses,)
        Sorted times of the pulses that at least one fiber of the circuit follows, ms; empty if there is none. Of a
        pattern that repeats, such as a burst, the begin of each repetition.
    from_ms, to_ms : float
        Readout, from (included) and to (excluded), ms.
    lock_ms : float
        Longest delay of an answer, ms; of bursts, their length more.
    unstimulated_rate_hz : float
        Rate of the same cell, state and input without stimulation, Hz: the most that can be C-driven. Infinite where
        it is not known.

    Returns
    -------
    RateSplit
        `c_driven_rate_hz` + `pulse_locked_rate_hz` = `total_rate_hz`, none negative.

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite, the readout is empty, `lock_ms` is not positive or the
        unstimulated rate negative.

    Notes
    -----
    The plain count of late spikes falls with the pulse rate whatever the circuit does: at 50 Hz it sees 40 % of the
    time. So the spikes that hide among the answers are made up for. Where an answer is followed by a pause, there
    is nothing to make up for, and both agree.

    Limits. The rules know times, not causes. "C-driven" is what does not follow the pulses: natural A-fiber input
    is in it. In the published circuit with weak inhibition, or with local fibers alone, pulses at 100 Hz and above
    drive the projection neuron so hard that it fires at 180 Hz to 260 Hz with hardly any phase (vector strength 0.1
    to 0.3); the same happens without any C input. Those spikes are no C-driven ones although the second rule finds
    no lock, and `unstimulated_rate_hz` is what bounds the error: there the C-driven rate is an upper bound, and
    "as without stimulation" is what it says. C-driven spikes that inhibition gathers in part of a short cycle count
    as locked. Answers that fill more than 0.72 of a cycle leave no quiet arc. The number n of unlocked spikes by a
    quiet arc has a standard error of about sqrt(n / 0.28).

    Checked by ``tests/unit/test_circuit_locking.py`` with mixtures of known parts, and by
    ``tests/property/test_readout.py``.
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    pulses = check_spike_times("pulses_ms", pulses_ms)
    check_window(from_ms, to_ms)
    _check_lock(lock_ms)
    spikes = spikes[(spikes >= from_ms) & (spikes < to_ms)]
    starts = np.concatenate([[-np.inf], pulses])
    ends = np.concatenate([pulses, [np.inf]])
    is_short = (ends - starts) * (1 - _FREE_SHARE) <= lock_ms * (1 + _ROUNDING)
    interval = np.searchsorted(pulses, spikes, side="right")
    is_in_short = is_short[interval]
    seen = (starts < to_ms) & (ends > from_ms)
    n_late = np.count_nonzero(spikes - starts[interval] > lock_ms)

    n_driven = _driven_in_long(
        (spikes - starts[interval])[~is_in_short],
        np.clip(np.stack([starts, ends])[:, seen & ~is_short], from_ms, to_ms)
        - starts[seen & ~is_short],
        lock_ms,
    )
    if is_in_short.any():
        number = np.cumsum(is_short & seen)
        is_first_half = 2 * number[interval[is_in_short]] <= number[-1]
        at = interval[is_in_short]
        phases = (spikes[is_in_short] - starts[at]) / (ends[at] - starts[at])
        n_driven += _driven_in_short(phases, is_first_half)
    per_spike = MS_PER_S / (to_ms - from_ms)
    driven_hz = float(n_driven * per_spike)
    total_hz = float(spikes.size * per_spike)
    split = RateSplit(
        total_hz, driven_hz, max(total_hz - driven_hz, 0.0), float(n_late * per_spike)
    )
    return bound_split(split, unstimulated_rate_hz)


def bound_split(split: RateSplit, unstimulated_rate_hz: float) -> RateSplit:
    """Let no more spikes be C-driven than come without stimulation.

    Parameters
    ----------
    split : RateSplit
        From `split_rates`.
    unstimulated_rate_hz : float
        Rate of the same cell, state and input without stimulation, Hz.

    Returns
    -------
    RateSplit
        What goes beyond it counts as locked.

    Raises
    ------
    ModelError
        If the unstimulated rate is negative or NaN.
    """
    if not unstimulated_rate_hz >= 0:
        msg = f"unstimulated_rate_hz = {unstimulated_rate_hz} Hz: a rate is 0 or above; leave it out where it is not known."
        raise ModelError(msg)
    if split.c_driven_rate_hz <= unstimulated_rate_hz:
        return split
    locked_hz = split.total_rate_hz - unstimulated_rate_hz
    return split._replace(c_driven_rate_hz=unstimulated_rate_hz, pulse_locked_rate_hz=locked_hz)


def pulse_phases(spikes_ms: ArrayLike, pulses_ms: ArrayLike) -> NDArray[np.float64]:
    """Give the place of each spike in the interval between two pulses.

    Parameters
    ----------
    spikes_ms, pulses_ms : array_like of float
        Sorted times, ms.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 (at a pulse) to 1 (at the next), no unit, of the spikes between the first pulse and the last.

    Raises
    ------
    ModelError
        If times are unsorted, negative or not finite.
    """
    spikes = check_spike_times("spikes_ms", spikes_ms)
    pulses = check_spike_times("pulses_ms", pulses_ms)
    number = np.searchsorted(pulses, spikes, side="right") - 1
    is_inside = (number >= 0) & (number < pulses.size - 1)
    before = number[is_inside]
    if before.size == 0:
        return np.zeros(0)
    return np.asarray(
        (spikes[is_inside] - pulses[before]) / (pulses[before + 1] - pulses[before]), np.float64
    )


def vector_strength(phases: ArrayLike) -> float:
    """Give the length of the mean of unit vectors at the phases of spikes.

    Parameters
    ----------
    phases : array_like of float, shape (n_spikes,)
        Phase of each spike in cycles, no unit: from `pulse_phases`, or time × rate of a regular train.

    Returns
    -------
    float
        0 (spread over the cycle) to 1 (all at one phase), no unit; NaN without a spike. Of n spikes spread evenly
        it is about 0.9 / sqrt(n).

    Examples
    --------
    >>> round(vector_strength([0.25, 0.25, 0.75]), 3)
    0.333
    """
    values = np.asarray(phases, dtype=np.float64)
    if values.size == 0:
        return float("nan")
    return float(np.abs(np.mean(np.exp(2j * np.pi * values))))


def _since_pulse(spikes: NDArray[np.float64], pulses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the time since the latest pulse, infinite before the first, ms."""
    before = np.concatenate([[-np.inf], pulses])
    return np.asarray(spikes - before[np.searchsorted(pulses, spikes, side="right")], np.float64)


def _driven_in_long(
    since_ms: NDArray[np.float64], bounds_ms: NDArray[np.float64], lock_ms: float
) -> float:
    """Count the spikes of long intervals that are no answers, those among the answers included.

    Parameters
    ----------
    since_ms : ndarray of float64, shape (n_spikes,)
        Time of each spike since the latest pulse, ms.
    bounds_ms : ndarray of float64, shape (2, n_intervals)
        Begin and end of the seen part of each interval, ms since its pulse.
    lock_ms : float

    Returns
    -------
    float
    """
    # Equally long times: the one in which answers come, and the one right behind it.
    answer_ms, behind_ms = (
        float(np.diff(np.clip(bounds_ms, start, start + lock_ms), axis=0).sum())
        for start in (0.0, lock_ms)
    )
    n_answer = np.count_nonzero(since_ms <= lock_ms)
    n_behind = np.count_nonzero((since_ms > lock_ms) & (since_ms <= 2 * lock_ms))
    n_late = since_ms.size - n_answer
    n_hidden = n_behind * answer_ms / behind_ms if behind_ms > 0 else 0.0
    return n_late + min(float(n_answer), n_hidden)


def _driven_in_short(phases: NDArray[np.float64], is_first_half: NDArray[np.bool_]) -> float:
    """Count the spikes of short intervals that come at any phase, from the quietest arc of the cycle."""
    n_in_arcs = 0.0
    for is_chosen_by in (is_first_half, ~is_first_half):
        start = _quietest_arc(np.sort(phases[is_chosen_by]))
        n_in_arcs += float(np.count_nonzero((phases[~is_chosen_by] - start) % 1.0 < _FREE_SHARE))
    return min(float(phases.size), n_in_arcs / _FREE_SHARE)


def _quietest_arc(phases: NDArray[np.float64]) -> float:
    """Find where the arc begins that holds fewest spikes; of several, in the middle of the widest room for it."""
    if phases.size == 0:
        return 1 - _FREE_SHARE  # the end of the cycle: farthest behind a pulse
    # The count changes where the begin or the end of the arc passes a spike.
    edges = np.sort(np.concatenate([phases % 1.0, (phases - _FREE_SHARE) % 1.0]))
    room = np.diff(edges, append=edges[0] + 1)
    starts = (edges + room / 2) % 1.0
    twice = np.concatenate([phases, phases + 1])
    count = np.searchsorted(twice, starts + _FREE_SHARE) - np.searchsorted(twice, starts)
    best = np.lexsort((-room, count))[0]
    return float(starts[best])


def _check_lock(lock_ms: float) -> None:
    if not (np.isfinite(lock_ms) and lock_ms > 0):
        msg = f"lock_ms = {lock_ms} ms: the longest delay of an answer to a pulse must be positive; {LOCK_MS:g} ms is that of the published circuit."
        raise ModelError(msg)
