"""Response to trains: which pulses a fiber follows, up to which rate, and how its latency drifts.

A pulse is *followed* if exactly one spike belongs to it, and a rate, if every pulse of the train is (the
one-to-one criterion of frequency following, Lipski 1981). Trains as waveforms are in
`scsim.stimulus.pattern`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status, StimulusError, advice
from scsim.response.detection import Trial
from scsim.response.inputs import pulse_faults, read_numbers
from scsim.response.threshold import ThresholdProtocol
from scsim.stimulus.segments import PulseShape
from scsim.stimulus.train import PulseTrain
from scsim.units import MS_PER_S, MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

EARLY_SHARE: Final = 0.25
"""A spike belongs to a pulse from this share of the period before the pulse's own latency (assumed: spikes
of a train come later than the first, by refractoriness, more than they come earlier)."""

FEWEST_PULSES: Final = 2

MOST_PULSES: Final = 100_000
"""Pulses of the longest train: 100 s, the longest window at 5 µs, at 1000 Hz."""


@dataclass(frozen=True)
class TrainResponse:
    """What some fibers make of a train of pulses.

    Attributes
    ----------
    frequency_hz : float
        Rate of the pulses, Hz.
    onsets_ms : ndarray of float64, shape (n_pulses,)
        Onsets of the pulses, ms.
    amplitude_ma : ndarray of float64, shape (n_fibers,)
        Amplitude given to each fiber, mA.
    spike_times_ms : tuple of ndarray of float64, one per fiber
        Spikes at the detector, ms.
    spikes_per_pulse : ndarray of int64, shape (n_fibers, n_pulses)
        Spikes that belong to each pulse; -1 where `status` is not OK.
    latency_ms : ndarray of float64, shape (n_fibers, n_pulses)
        From the onset of a pulse to its first spike at the detector, ms; NaN without one.
    status : ndarray of int8, shape (n_fibers,)
        OK or NOT_FINITE.
    """

    frequency_hz: float
    onsets_ms: FloatArray
    amplitude_ma: FloatArray
    spike_times_ms: tuple[FloatArray, ...]
    spikes_per_pulse: IntArray
    latency_ms: FloatArray
    status: npt.NDArray[np.int8]

    @property
    def followed_mask(self) -> npt.NDArray[np.bool_]:
        """True for pulses with exactly one spike, shape (n_fibers, n_pulses)."""
        return np.asarray(self.spikes_per_pulse == 1)

    @property
    def follows(self) -> npt.NDArray[np.bool_]:
        """True for fibers that follow every pulse, shape (n_fibers,)."""
        return np.asarray(np.all(self.followed_mask, axis=1))

    @property
    def latency_drift_ms(self) -> FloatArray:
        """Latency of the last followed pulse less that of the first, ms, shape (n_fibers,).

        NaN with fewer than two followed pulses.
        """
        drift = np.full(len(self.latency_ms), np.nan)
        for i, mask in enumerate(self.followed_mask):
            followed = self.latency_ms[i, mask]
            if followed.size >= FEWEST_PULSES:
                drift[i] = followed[-1] - followed[0]
        return drift

    def __str__(self) -> str:
        """One line per fiber."""
        n_pulses = self.onsets_ms.size
        return "\n".join(
            f"fiber {i} at {self.frequency_hz:g} Hz, {self.amplitude_ma[i]:.4g} mA: "
            f"{int(self.followed_mask[i].sum())} of {n_pulses} pulses followed, "
            f"{self.spike_times_ms[i].size} spikes, latency drift {self.latency_drift_ms[i]:.3g} ms"
            if state == Status.OK
            else f"fiber {i}: {Status(state).name.lower()}: {advice(state)}"
            for i, state in enumerate(self.status)
        )


@dataclass(frozen=True)
class FollowingFrequency:
    """Highest rate that some fibers follow pulse by pulse.

    Attributes
    ----------
    frequency_hz : ndarray of float64, shape (n_rates,)
        Rates tried, Hz, rising.
    follows : ndarray of bool, shape (n_fibers, n_rates)
        Whether every pulse at that rate was followed.
    following_frequency_hz : ndarray of float64, shape (n_fibers,)
        Highest rate tried that is followed, Hz; NaN if none is.
    failing_frequency_hz : ndarray of float64, shape (n_fibers,)
        Lowest rate tried that is not followed, Hz; NaN if all are. Unless `status` is NOT_MONOTONIC the limit
        lies between the two.
    status : ndarray of int8, shape (n_fibers,)
        OK; NOT_FOLLOWING if no rate is followed; FOLLOWS_AT_UPPER_BOUND if all are; NOT_MONOTONIC if a rate
        above one that fails is followed.
    trains : tuple of TrainResponse, one per rate
    """

    frequency_hz: FloatArray
    follows: npt.NDArray[np.bool_]
    following_frequency_hz: FloatArray
    failing_frequency_hz: FloatArray
    status: npt.NDArray[np.int8]
    trains: tuple[TrainResponse, ...]

    def __str__(self) -> str:
        """One line per fiber."""
        lines = []
        for i, state in enumerate(self.status):
            bounds = f"follows {self.following_frequency_hz[i]:g} Hz, fails at {self.failing_frequency_hz[i]:g} Hz"
            remark = (
                "" if state == Status.OK else f" ({Status(state).name.lower()}: {advice(state)})"
            )
            lines.append(f"fiber {i}: {bounds}{remark}")
        return "\n".join(lines)


def assign_spikes(
    spike_times_ms: npt.ArrayLike, onsets_ms: npt.ArrayLike, latency_ms: float
) -> tuple[IntArray, FloatArray]:
    """Say which pulse of a train each spike belongs to.

    A spike belongs to the pulse whose onset, plus the latency of a single pulse, less a quarter of the
    period, is the latest before it. Spikes before the first such time belong to none.

    Parameters
    ----------
    spike_times_ms : array_like, shape (n_spikes,)
        Spikes, ms.
    onsets_ms : array_like, shape (n_pulses,)
        Onsets, ms, rising.
    latency_ms : float
        From the onset of a single pulse to its spike, ms.

    Returns
    -------
    spikes_per_pulse : ndarray of int64, shape (n_pulses,)
    first_latency_ms : ndarray of float64, shape (n_pulses,)
        From each onset to the first spike that belongs to it, ms; NaN without one.
    """
    spikes = np.sort(np.asarray(spike_times_ms, dtype=np.float64))
    onsets = np.asarray(onsets_ms, dtype=np.float64)
    period = float(np.min(np.diff(onsets))) if onsets.size > 1 else np.inf
    opens = onsets + latency_ms - (EARLY_SHARE * period if np.isfinite(period) else latency_ms)
    owner = np.searchsorted(opens, spikes, side="right") - 1
    spikes, owner = spikes[owner >= 0], owner[owner >= 0]
    counts = np.bincount(owner, minlength=onsets.size).astype(np.int64)
    first = np.full(onsets.size, np.nan)
    pulses, at = np.unique(owner, return_index=True)
    first[pulses] = spikes[at] - onsets[pulses]
    return counts, first


def measure_train(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse: PulseShape,
    *,
    frequency_hz: float,
    n_pulses: int,
    amplitude_ma: float | Sequence[float],
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    protocol: ThresholdProtocol | None = None,
) -> TrainResponse:
    """Give a train of pulses and say which of them each fiber follows.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    pulse : PulseShape
        For example `scsim.Pulse`.
    frequency_hz : float
        Rate, Hz.
    n_pulses : int
        Number of pulses, 2 to 100 000.
    amplitude_ma : float or sequence of float
        Amplitude, mA, above 0, one for all or one per fiber. An infinite one ends in a status.
    shares, polarity
        As in `scsim.find_thresholds`.
    protocol : ThresholdProtocol, optional
        Onset of the first pulse, detector, voltage of a spike, step; its window is what follows the onset
        of the last pulse.

    Returns
    -------
    TrainResponse

    Raises
    ------
    StimulusError
        If there is no pulse, pulses would overlap, their number is out of range, the rate or an amplitude is not
        positive, or there are neither one amplitude nor one per fiber; all faults at once.
    GeometryError, ModelError, StimulusError
        As in `scsim.simulate`.

    Notes
    -----
    The latency that spikes are assigned by is that of the first pulse alone; where that does not fire, the
    one from the latest onset before the first spike. Checked by ``tests/unit/test_measure_trains.py`` and
    ``tests/neuron/test_measurements.py``.
    """
    used = protocol if protocol is not None else ThresholdProtocol()
    rates, amplitudes = _checked_train(pulse, frequency_hz, n_pulses, amplitude_ma, len(fibers))
    if rates.size != 1:
        message = (
            f"train: {rates.size} values of frequency_hz: a train has one rate; give one in Hz."
        )
        raise StimulusError(message)
    rate_hz, n_pulses = float(rates[0]), int(n_pulses)
    onsets: FloatArray = used.onset_ms + np.arange(n_pulses, dtype=np.float64) * (
        MS_PER_S / rate_hz
    )
    window_ms = float(onsets[-1]) + used.window_ms
    spikes, status = Trial(
        fibers,
        potentials,
        PulseTrain(pulse, tuple(onsets)),
        replace(used, window_ms=window_ms),
        shares,
        polarity,
    ).spikes_ms(amplitudes)
    alone, status_alone = Trial(
        fibers, potentials, PulseTrain(pulse, (used.onset_ms,)), used, shares, polarity
    ).spikes_ms(amplitudes)
    rows = [
        assign_spikes(found, onsets, _latency_ms(single, found, onsets))
        for single, found in zip(alone, spikes, strict=True)
    ]
    shape = (len(fibers), n_pulses)
    status = np.maximum(status, status_alone)
    counts = np.array([count for count, _ in rows], dtype=np.int64).reshape(shape)
    latency = np.array([first for _, first in rows], dtype=np.float64).reshape(shape)
    counts[status != Status.OK], latency[status != Status.OK] = -1, np.nan
    return TrainResponse(
        frequency_hz=rate_hz,
        onsets_ms=onsets,
        amplitude_ma=amplitudes,
        spike_times_ms=tuple(spikes),
        spikes_per_pulse=counts,
        latency_ms=latency,
        status=status,
    )


def find_following_frequency(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse: PulseShape,
    *,
    frequency_hz: Sequence[float],
    n_pulses: int,
    amplitude_ma: float | Sequence[float],
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    protocol: ThresholdProtocol | None = None,
) -> FollowingFrequency:
    """Find the highest rate at which each fiber answers every pulse with one spike.

    Every rate is tried, because following need not be monotonic in the rate: pulses near threshold may fail
    at a low rate, in the subnormal period, and be followed at a higher one, in the supernormal period.

    Parameters
    ----------
    fibers, potentials, pulse, n_pulses, amplitude_ma, shares, polarity, protocol
        As in `measure_train`.
    frequency_hz : sequence of float
        Rates to try, Hz, in any order.

    Returns
    -------
    FollowingFrequency

    Raises
    ------
    StimulusError
        As in `measure_train`, and if no rate is given.

    Notes
    -----
    Definition: highest rate with one spike per pulse, for every pulse of the train (Lipski 1981, frequency
    following). It depends on the number of pulses and on the amplitude; state both. Checked by
    ``tests/unit/test_measure_trains.py``.

    References
    ----------
    Lipski (1981), doi:10.1016/0165-0270(81)90015-7 (lipski1981).
    """
    checked, _ = _checked_train(pulse, frequency_hz, n_pulses, amplitude_ma, len(fibers))
    rates = np.unique(checked)
    trains = tuple(
        measure_train(
            fibers,
            potentials,
            pulse,
            frequency_hz=float(rate),
            n_pulses=n_pulses,
            amplitude_ma=amplitude_ma,
            shares=shares,
            polarity=polarity,
            protocol=protocol,
        )
        for rate in rates
    )
    follows = np.array([train.follows for train in trains], dtype=bool).T.reshape(-1, rates.size)
    states = np.array([train.status for train in trains], dtype=np.int8).T.reshape(-1, rates.size)
    highest, lowest, status = following_limits(rates, follows)
    broken = states.max(axis=1) != Status.OK
    status[broken] = states.max(axis=1)[broken]
    highest[broken], lowest[broken] = np.nan, np.nan
    return FollowingFrequency(rates, follows, highest, lowest, status, trains)


def following_limits(
    frequency_hz: FloatArray, follows: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int8]]:
    """Read the following frequency off the rates that were followed.

    Parameters
    ----------
    frequency_hz : ndarray of float64, shape (n_rates,)
        Rates, Hz, rising.
    follows : ndarray of bool, shape (n_fibers, n_rates)

    Returns
    -------
    following_frequency_hz, failing_frequency_hz : ndarray of float64, shape (n_fibers,)
        Highest rate followed, and lowest not followed, Hz; NaN where there is none.
    status : ndarray of int8, shape (n_fibers,)
    """
    n_fibers = follows.shape[0]
    highest, lowest = np.full(n_fibers, np.nan), np.full(n_fibers, np.nan)
    status = np.full(n_fibers, Status.OK, dtype=np.int8)
    for i, row in enumerate(follows):
        if row.any():
            highest[i] = frequency_hz[row].max()
        if not row.all():
            lowest[i] = frequency_hz[~row].min()
        if row.all():
            status[i] = Status.FOLLOWS_AT_UPPER_BOUND
        elif not row.any():
            status[i] = Status.NOT_FOLLOWING
        elif lowest[i] < highest[i]:
            status[i] = Status.NOT_MONOTONIC
    return highest, lowest, status


def _latency_ms(alone_ms: FloatArray, spikes_ms: FloatArray, onsets_ms: FloatArray) -> float:
    """Latency that spikes of a train are assigned by, ms."""
    if alone_ms.size:
        return float(alone_ms[0] - onsets_ms[0])
    if not spikes_ms.size:
        return 0.0
    before = onsets_ms[onsets_ms <= spikes_ms[0]]
    return float(spikes_ms[0] - before[-1]) if before.size else 0.0


def _checked_train(
    pulse: PulseShape,
    frequency_hz: float | Sequence[float],
    n_pulses: int,
    amplitude_ma: float | Sequence[float],
    n_fibers: int,
) -> tuple[FloatArray, FloatArray]:
    """Rates and one amplitude per fiber, or every fault at once."""
    faults = pulse_faults(pulse)
    n_faults = len(faults)
    rates = read_numbers("frequency_hz", frequency_hz, faults)
    if not rates.size and len(faults) == n_faults:
        faults.append("no frequency_hz: give at least one rate in Hz")
    bad = rates[~(np.isfinite(rates) & (rates > 0.0))]
    if bad.size:
        faults.append(
            f"frequency_hz = {_listed(bad)} Hz: a rate is positive and finite; 10 to 1000 are usual"
        )
    faults += _count_faults(n_pulses)
    if isinstance(pulse, PulseShape):
        duration_ms = pulse.duration_us * MS_PER_US
        fast = rates[np.isfinite(rates) & (rates * duration_ms > MS_PER_S)]
        if fast.size:
            faults.append(
                f"frequency_hz = {_listed(fast)} Hz: pulses of {pulse.duration_us:g} µs overlap; stay below "
                f"{MS_PER_S / duration_ms:g} Hz or shorten the pulse"
            )
    n_faults = len(faults)
    amplitudes = read_numbers("amplitude_ma", amplitude_ma, faults)
    if len(faults) == n_faults and amplitudes.size not in {1, n_fibers}:
        faults.append(
            f"amplitude_ma has {amplitudes.size} values for {n_fibers} fibers: give one for all or one per fiber"
        )
    low = amplitudes[~(amplitudes > 0.0)]
    if low.size:
        faults.append(
            f"amplitude_ma = {_listed(low)} mA: an amplitude is a size, above 0; shares or polarity give the sign"
        )
    if faults:
        message = f"train: {'; '.join(faults)}."
        raise StimulusError(message)
    return rates, np.array(np.broadcast_to(amplitudes, (n_fibers,)))


def _count_faults(n_pulses: int) -> list[str]:
    found: list[str] = []
    values = read_numbers("n_pulses", n_pulses, found)
    if found:
        return found
    is_whole = values.size == 1 and float(values[0]).is_integer()
    if is_whole and FEWEST_PULSES <= values[0] <= MOST_PULSES:
        return []
    fault = (
        f"n_pulses = {n_pulses}: a train has a whole number of pulses, at least {FEWEST_PULSES} and at most "
        f"{MOST_PULSES}; 10 to 100 are usual"
    )
    return [fault]


def _listed(values: FloatArray) -> str:
    return ", ".join(f"{value:g}" for value in values)
