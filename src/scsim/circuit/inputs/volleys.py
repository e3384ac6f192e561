"""Stimulation: which fibers of the circuit fire after each pulse, and when their spikes arrive.

How many fibers a stimulus recruits, and what a fiber does at kilohertz rates or in bursts, come from the fiber stage
as numbers. Natural stimuli belong in `circuit/protocols.py`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.inputs.trains import FiberTrains, Purpose, check_trains, checked_times, stream
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError
from scsim.formats.tables import load_table
from scsim.units import MS_PER_S

_TABLE: Final = "afferents/scs_volleys"
"""Table of latencies and of the order in which fibers are recruited."""

STIMULATED_KIND: Final = "a_beta"
"""Kind of the fibers that run in the dorsal columns and follow stimulation."""


def tonic_pulses_ms(frequency_hz: float, *, from_ms: float, to_ms: float) -> NDArray[np.float64]:
    """Give the times of equal pulses.

    Parameters
    ----------
    frequency_hz : float
        Pulses per second, Hz; 0 for none.
    from_ms, to_ms : float
        First pulse, and a time that all pulses precede, ms.

    Returns
    -------
    ndarray of float64, ms
        from_ms + k · 1000 / frequency_hz.

    Raises
    ------
    ModelError
        If the rate is negative or not finite, or a time is negative, not finite or before the other.
    """
    return burst_pulses_ms(frequency_hz, n_pulses=1, interval_ms=1.0, from_ms=from_ms, to_ms=to_ms)


def burst_pulses_ms(
    burst_rate_hz: float, *, n_pulses: int, interval_ms: float, from_ms: float, to_ms: float
) -> NDArray[np.float64]:
    """Give the times of pulses in bursts.

    Parameters
    ----------
    burst_rate_hz : float
        Bursts per second, Hz; 0 for none.
    n_pulses : int
        Pulses in a burst, 1 or more.
    interval_ms : float
        Between the pulses of a burst, ms, above 0.
    from_ms, to_ms : float
        First pulse, and a time that all pulses precede, ms.

    Returns
    -------
    ndarray of float64, ms
        Sorted.

    Raises
    ------
    ModelError
        If a value lies outside its range, or a burst does not end before the next begins.
    """
    faults = []
    if not 0 <= burst_rate_hz < math.inf:
        faults.append(
            f"pulse rate = {burst_rate_hz} Hz: a rate must be a finite number, 0 or above; use for example 50 Hz."
        )
    if not 0 <= from_ms <= to_ms < math.inf:
        faults.append(
            f"pulses from {from_ms} ms to {to_ms} ms: they begin at 0 ms or later and end after that; exchange or move the times."
        )
    if n_pulses < 1:
        faults.append(f"n_pulses = {n_pulses}: a burst has 1 pulse or more; use for example 5.")
    if not 0 < interval_ms < math.inf:
        faults.append(
            f"interval_ms = {interval_ms} ms between the pulses of a burst: it must be above 0 ms; use for example 2 ms."
        )
    if faults:
        raise ModelError("\n".join(faults))
    if burst_rate_hz == 0:
        return np.empty(0)
    period_ms = MS_PER_S / burst_rate_hz
    length_ms = (n_pulses - 1) * interval_ms
    if length_ms >= period_ms:
        msg = f"a burst of {n_pulses} pulses, {interval_ms:g} ms apart, lasts {length_ms:g} ms, but one begins every {period_ms:g} ms: it must end before the next; use fewer pulses, shorter intervals or fewer bursts per second."
        raise ModelError(msg)
    n_bursts = math.ceil((to_ms - from_ms) / period_ms) + 1
    # The product before the quotient: k · 1000 / f is exact wherever the time is a whole number of ms.
    onsets = from_ms + np.arange(n_bursts) * MS_PER_S / burst_rate_hz
    times = (onsets[:, None] + np.arange(n_pulses) * interval_ms).ravel()
    return times[times < to_ms]


def recruitment_order(n_fibers: int) -> NDArray[np.int64]:
    """Give the order in which the fibers of a class are recruited.

    Parameters
    ----------
    n_fibers : int
        Fibers of the class.

    Returns
    -------
    ndarray of int64, shape (n_fibers,)
        Numbers of the fibers: those of the table in its order, then any others by number.
    """
    listed = [int(index) for index in load_table(_TABLE).array("recruitment_order")]
    return np.array(
        [index for index in listed if index < n_fibers] + list(range(len(listed), n_fibers)),
        dtype=np.int64,
    )


def volley_latencies_ms(n_fibers: int) -> NDArray[np.float64]:
    """Give the published arrival of each fiber's spike after a pulse.

    Parameters
    ----------
    n_fibers : int
        Fibers of the class.

    Returns
    -------
    ndarray of float64, shape (n_fibers,), ms
        The listed latencies, from the start again beyond the last.
    """
    return np.resize(load_table(_TABLE).array("latency_ms"), n_fibers)


def stimulation_trains(
    fibers: Sequence[FiberClass],
    pulses_ms: ArrayLike,
    *,
    n_local: int,
    n_surround: int,
    latency_ms: ArrayLike | None = None,
    conduction_ms: float = 0.0,
    jitter_ms: float = 0.0,
    seed: int | np.random.SeedSequence | None = None,
    duration_ms: float = math.inf,
) -> FiberTrains:
    """Give the spikes of fibers that answer every pulse.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit; only its A-beta fibers follow.
    pulses_ms : array_like of float, shape (n_pulses,), ms
        Times of the pulses, sorted.
    n_local, n_surround : int
        How many fibers of each local and of each surround class follow: the first of a fixed order
        (`recruitment_order`), so that more recruitment adds fibers.
    latency_ms, conduction_ms, jitter_ms, seed, duration_ms
        As in `masked_volleys`.

    Returns
    -------
    FiberTrains
        Every class of the circuit.

    Raises
    ------
    ModelError
        If a number of fibers is not whole, negative or larger than a class, or as `masked_volleys`.
    """
    n_pulses = np.size(pulses_ms)
    masks: dict[str, NDArray[np.bool_]] = {}
    faults = []
    for fiber in fibers:
        if fiber.kind != STIMULATED_KIND:
            continue
        count = n_local if fiber.field == "local" else n_surround
        if not isinstance(count, int | np.integer) or not 0 <= count <= fiber.n_fibers:
            faults.append(
                f"{'n_local' if fiber.field == 'local' else 'n_surround'} = {count}: the class {fiber.name!r} has {fiber.n_fibers} fibers, so 0 to {fiber.n_fibers} of them can follow; use a whole number in this range."
            )
            continue
        follows = np.zeros(fiber.n_fibers, dtype=np.bool_)
        follows[recruitment_order(fiber.n_fibers)[:count]] = True
        masks[fiber.name] = np.broadcast_to(follows, (n_pulses, fiber.n_fibers))
    if faults:
        raise ModelError("\n".join(faults))
    return masked_volleys(
        fibers,
        pulses_ms,
        masks,
        latency_ms=latency_ms,
        conduction_ms=conduction_ms,
        jitter_ms=jitter_ms,
        seed=seed,
        duration_ms=duration_ms,
    )


def masked_volleys(
    fibers: Sequence[FiberClass],
    pulses_ms: ArrayLike,
    follows: Mapping[str, ArrayLike],
    *,
    latency_ms: ArrayLike | None = None,
    conduction_ms: float = 0.0,
    jitter_ms: float = 0.0,
    seed: int | np.random.SeedSequence | None = None,
    duration_ms: float = math.inf,
) -> FiberTrains:
    """Give the spikes of fibers that each answer some of the pulses.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    pulses_ms : array_like of float, shape (n_pulses,), ms
        Times of the pulses, sorted.
    follows : mapping of str to array_like of bool, shape (n_pulses, n_fibers)
        For each class that is stimulated, which fiber answers which pulse.
    latency_ms : array_like of float, shape (n_fibers,), ms, optional
        Arrival of each fiber's spike after a pulse, beside `conduction_ms`, for every stimulated class; the
        published ones (`volley_latencies_ms`) if left out.
    conduction_ms : float
        Conduction time common to all fibers, ms.
    jitter_ms : float
        Standard deviation of a normal jitter of each arrival, ms. No spike arrives before its pulse.
    seed : int or numpy.random.SeedSequence, optional
        Of the case; needed with jitter. Each fiber draws one number per pulse, whether it follows or not.
    duration_ms : float
        Length of the run, ms; spikes that would arrive later are left out.

    Returns
    -------
    FiberTrains
        Every class of the circuit.

    Raises
    ------
    ModelError
        If pulses are not sorted, finite times from 0 up, a mask has the wrong shape or is not boolean, a class is not
        known, a latency, the conduction time or the jitter is negative or not finite, or jitter has no seed.
    """
    known = {fiber.name: fiber for fiber in fibers}
    faults = _delay_faults(conduction_ms, jitter_ms, seed)
    pulses = checked_times("the stimulation", pulses_ms, faults, item="pulse")
    trains: dict[str, tuple[NDArray[np.float64], ...]] = {}
    for name, given in follows.items():
        if name not in known:
            faults.append(
                f"there is no fiber class {name!r} to stimulate; the circuit has {', '.join(known)}: name one of these."
            )
            continue
        n_fibers = known[name].n_fibers
        mask = np.asarray(given)
        if mask.dtype != np.bool_ or mask.shape != (pulses.size, n_fibers):
            faults.append(
                f"the mask of the class {name!r} is {mask.dtype} of shape {mask.shape}: it must be bool of shape ({pulses.size}, {n_fibers}), pulses by fibers."
            )
            continue
        latencies = volley_latencies_ms(n_fibers)
        if latency_ms is not None:
            latencies = np.asarray(latency_ms, dtype=np.float64)
        if latencies.shape != (n_fibers,) or not (np.isfinite(latencies) & (latencies >= 0)).all():
            faults.append(
                f"latency_ms has the shape {latencies.shape} and values {latencies.tolist()} ms: the class {name!r} needs {n_fibers} finite latencies of 0 ms or above; give one per fiber."
            )
            continue
        if not faults:
            trains[name] = tuple(
                _arrivals(
                    pulses,
                    mask[:, index],
                    conduction_ms + latencies[index],
                    _jitter(name, index, pulses.size, jitter_ms, seed),
                    duration_ms,
                )
                for index in range(n_fibers)
            )
    if faults:
        raise ModelError("\n".join(faults))
    return check_trains(fibers, FiberTrains(trains))


def _delay_faults(
    conduction_ms: float, jitter_ms: float, seed: int | np.random.SeedSequence | None
) -> list[str]:
    faults = [
        f"{name} = {value} ms: it must be a finite time of 0 ms or above; use for example 1 ms."
        for name, value in (("conduction_ms", conduction_ms), ("jitter_ms", jitter_ms))
        if not 0 <= value < math.inf
    ]
    if jitter_ms > 0 and seed is None:
        faults.append(
            f"jitter_ms = {jitter_ms} ms needs random numbers, but there is no seed: give the seed of the case, or no jitter."
        )
    return faults


def _jitter(
    name: str,
    index: int,
    n_spikes: int,
    jitter_ms: float,
    seed: int | np.random.SeedSequence | None,
) -> NDArray[np.float64]:
    if seed is None or jitter_ms == 0:
        return np.zeros(n_spikes)
    return jitter_ms * stream(seed, Purpose.JITTER, name, index).standard_normal(n_spikes)


def _arrivals(
    sources_ms: NDArray[np.float64],
    follows: NDArray[np.bool_],
    delay_ms: float,
    jitter_ms: NDArray[np.float64],
    duration_ms: float,
) -> NDArray[np.float64]:
    times = np.sort((sources_ms + np.maximum(delay_ms + jitter_ms, 0.0))[follows])
    return times[times < duration_ms]


def followed_trains(
    fibers: Sequence[FiberClass],
    spikes_ms: Mapping[str, Sequence[ArrayLike]],
    *,
    conduction_ms: float = 0.0,
    jitter_ms: float = 0.0,
    seed: int | np.random.SeedSequence | None = None,
    duration_ms: float = math.inf,
) -> FiberTrains:
    """Take the spikes that the fiber stage computed, as for kilohertz currents and bursts.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    spikes_ms : mapping of str to sequence of array_like of float
        For each class that is stimulated, the spike times of each fiber where they left the fiber stage, ms. Fewer
        fibers than the class has are allowed: they take its first places in the order of recruitment, the others are
        silent.
    conduction_ms, jitter_ms, seed, duration_ms
        As in `masked_volleys`. The listed latencies are not added: they are the fiber stage's own.

    Returns
    -------
    FiberTrains
        Every class of the circuit.

    Raises
    ------
    ModelError
        If a class is not known or has fewer fibers than trains, times are not sorted, finite and 0 or above, or as
        `masked_volleys`.
    """
    known = {fiber.name: fiber for fiber in fibers}
    faults = _delay_faults(conduction_ms, jitter_ms, seed)
    for name, given in spikes_ms.items():
        if name not in known:
            faults.append(
                f"there is no fiber class {name!r} to stimulate; the circuit has {', '.join(known)}: name one of these."
            )
        elif len(given) > known[name].n_fibers:
            faults.append(
                f"the class {name!r} has {known[name].n_fibers} fibers, but there are trains for {len(given)}: give that many or fewer."
            )
    if faults:
        raise ModelError("\n".join(faults))
    left = FiberTrains({name: tuple(given) for name, given in spikes_ms.items()}).trains  # type: ignore[arg-type]
    arriving: dict[str, tuple[NDArray[np.float64], ...]] = {}
    for name, given in left.items():
        placed = [np.empty(0)] * known[name].n_fibers
        for times, place in zip(given, recruitment_order(len(placed)), strict=False):
            jitter = _jitter(name, int(place), times.size, jitter_ms, seed)
            placed[place] = _arrivals(
                times, np.ones(times.size, dtype=np.bool_), conduction_ms, jitter, duration_ms
            )
        arriving[name] = tuple(placed)
    return check_trains(fibers, FiberTrains(arriving))
