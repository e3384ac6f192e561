"""Recovery cycle: threshold of a second pulse after a fiber has fired, over the interval between the pulses.

After a spike a fiber cannot be fired at all (absolutely refractory), then only by a larger pulse
(relatively refractory), then by a smaller one than at rest (supernormal), and again by a larger one
(subnormal), as in threshold tracking (Burke et al. 2001). Responses to more than two pulses belong to
`trains.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status, StimulusError, advice
from scsim.response.drive import Source
from scsim.response.inputs import pulse_faults, read_numbers
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.stimulus.segments import PulseShape
from scsim.stimulus.train import PulseTrain
from scsim.units import MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.response.threshold import Thresholds

    FloatArray = npt.NDArray[np.float64]
    StatusArray = npt.NDArray[np.int8]

ABSOLUTE: Final = "absolute refractory"
RELATIVE: Final = "relative refractory"
SUPERNORMAL: Final = "supernormal"
SUBNORMAL: Final = "subnormal"
RECOVERED: Final = "recovered"
UNKNOWN: Final = "unknown"

TOLERANCE: Final = 0.01
"""Deviation of the ratio from 1 that counts as no change (no unit): ten times the default width of a bracket."""

N_SPIKES: Final = 2
"""The spike of the conditioning pulse and that of the test pulse."""

SMALLEST_MULTIPLE: Final = 0.05
"""Smallest test pulse searched, over the unconditioned threshold (no unit): deeper supernormality than any
model shows."""

GROWTH: Final = 1.3
"""Factor between trials until a threshold is bracketed. Late in the absolute refractory period a fiber may
fire in a narrow range of amplitudes only, which larger steps jump over."""


@dataclass(frozen=True)
class PairOfPulses:
    """A conditioning pulse and a test pulse.

    Attributes
    ----------
    pulse : PulseShape
        Shape of both.
    interval_ms : float
        From onset to onset, ms.
    conditioning_multiple, largest_multiple : float
        Conditioning pulse, and largest test pulse searched, over the unconditioned threshold (no unit).
    """

    pulse: PulseShape
    interval_ms: float
    conditioning_multiple: float
    largest_multiple: float


@dataclass(frozen=True)
class RecoveryCycle:
    """Thresholds of a test pulse after a conditioning pulse.

    Attributes
    ----------
    interval_ms : ndarray of float64, shape (n_intervals,)
        From the onset of the conditioning pulse to that of the test pulse, ms, rising.
    conditioning_multiple, largest_multiple : float
        Conditioning pulse, and largest test pulse searched, over the unconditioned threshold (no unit).
    unconditioned_ma : ndarray of float64, shape (n_fibers,)
        Threshold of a single pulse, mA; NaN where there is none.
    threshold_ma : ndarray of float64, shape (n_fibers, n_intervals)
        Threshold of the test pulse, mA; NaN where `status` is not OK.
    status : ndarray of int8, shape (n_fibers, n_intervals)
        OK; REFRACTORY where no test pulse up to `largest_multiple` fires the fiber again; else what kept
        the search from an answer.
    tolerance : float
        Deviation of the ratio from 1 that counts as no change (no unit).
    """

    interval_ms: FloatArray
    conditioning_multiple: float
    largest_multiple: float
    unconditioned_ma: FloatArray
    threshold_ma: FloatArray
    status: StatusArray
    tolerance: float

    @property
    def ratio(self) -> FloatArray:
        """Test threshold over unconditioned threshold (no unit), shape (n_fibers, n_intervals)."""
        return np.asarray(self.threshold_ma / self.unconditioned_ma[:, None])

    @property
    def phases(self) -> tuple[tuple[str, ...], ...]:
        """Phase of every interval, per fiber; see `classify_recovery`."""
        return tuple(
            classify_recovery(row, state, tolerance=self.tolerance)
            for row, state in zip(self.ratio, self.status, strict=True)
        )

    @property
    def refractory_until_ms(self) -> FloatArray:
        """Longest interval that is absolutely refractory, ms, shape (n_fibers,); NaN if none is.

        The absolute refractory period ends between it and the next interval.
        """
        return np.array(
            [
                self.interval_ms[np.flatnonzero(row == Status.REFRACTORY)[-1]]
                if np.any(row == Status.REFRACTORY)
                else np.nan
                for row in self.status
            ]
        )

    @property
    def first_recovery_ms(self) -> FloatArray:
        """Interval at which the ratio first falls to 1, ms, interpolated, shape (n_fibers,).

        The relative refractory period ends here; NaN where the ratio does not pass 1 between two
        neighboring intervals.
        """
        return np.array([_first_fall(self.interval_ms, row) for row in self.ratio])

    def __str__(self) -> str:
        """One line per fiber and interval."""
        lines = []
        for i, phases in enumerate(self.phases):
            for k, phase in enumerate(phases):
                state = Status(self.status[i, k])
                result = (
                    f"{self.threshold_ma[i, k]:.4g} mA, {self.ratio[i, k]:.3f} × unconditioned"
                    if state == Status.OK
                    else f"{state.name.lower()}: {advice(state)}"
                )
                lines.append(f"fiber {i}, {self.interval_ms[k]:g} ms, {phase}: {result}")
        return "\n".join(lines)


def classify_recovery(
    ratio: npt.ArrayLike, status: npt.ArrayLike, *, tolerance: float = TOLERANCE
) -> tuple[str, ...]:
    """Name the phase of the recovery cycle that each interval lies in.

    Parameters
    ----------
    ratio : array_like, shape (n_intervals,)
        Test threshold over unconditioned threshold (no unit), by rising interval.
    status : array_like, shape (n_intervals,)
        `scsim.errors.Status` of each.
    tolerance : float
        Deviation of the ratio from 1 that counts as no change (no unit).

    Returns
    -------
    tuple of str, one per interval
        ``absolute refractory`` where no test pulse fires the fiber; ``relative refractory`` where the ratio
        is above 1 and no earlier interval had recovered; ``supernormal`` where it is below 1;
        ``subnormal`` where it is above 1 after the fiber had recovered; ``recovered`` where it is 1 within
        the tolerance; ``unknown`` where there is no threshold for another reason.

    Raises
    ------
    StimulusError
        If the tolerance is not from 0 to below 1.

    References
    ----------
    Burke et al. (2001), doi:10.1016/S1388-2457(01)00595-8 (burke2001): refractory, supernormal and late
    subnormal periods of human axons.
    """
    _refuse(_tolerance_faults(tolerance))
    phases = []
    has_recovered = False
    for value, state in zip(np.asarray(ratio, dtype=np.float64), np.asarray(status), strict=True):
        if state == Status.REFRACTORY:
            phases.append(ABSOLUTE)
        elif not np.isfinite(value):
            phases.append(UNKNOWN)
        elif value > 1.0 + tolerance:
            phases.append(SUBNORMAL if has_recovered else RELATIVE)
        else:
            has_recovered = True
            phases.append(SUPERNORMAL if value < 1.0 - tolerance else RECOVERED)
    return tuple(phases)


def measure_recovery_cycle(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse: PulseShape,
    interval_ms: Sequence[float],
    *,
    conditioning_multiple: float = 1.5,
    largest_multiple: float = 40.0,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    tolerance: float = TOLERANCE,
    protocol: ThresholdProtocol | None = None,
) -> RecoveryCycle:
    """Search the threshold of a test pulse at intervals after a conditioning pulse.

    Both pulses have the same shape and come from the same contacts. The test pulse is at threshold when a
    second spike arrives at the detector.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    pulse : PulseShape
        Shape of both, for example `scsim.Pulse`.
    interval_ms : sequence of float
        From onset to onset, ms, each longer than the pulse.
    conditioning_multiple : float
        Conditioning pulse over the unconditioned threshold (no unit), above 1.
    largest_multiple : float
        Largest test pulse searched, over the unconditioned threshold (no unit).
    shares, polarity
        As in `scsim.find_thresholds`.
    tolerance : float
        Deviation of the ratio from 1 that counts as no change (no unit).
    protocol : ThresholdProtocol, optional
        Onset of the conditioning pulse, detector, tolerance, step; its window is what follows the onset of the
        test pulse.

    Returns
    -------
    RecoveryCycle

    Raises
    ------
    StimulusError
        If there is no pulse, an interval is not longer than the pulse, intervals repeat or are missing, or a
        multiple or the tolerance is out of range; all faults at once.
    GeometryError, ModelError, StimulusError
        As in `scsim.find_thresholds`.

    Notes
    -----
    The search is carried out in units of each fiber's own threshold, so that fibers of all thresholds ride
    together. Checked by ``tests/neuron/test_measurements.py`` (NEURON, same scheme and step) and
    ``tests/unit/test_measure_recovery.py``.
    """
    intervals = np.sort(
        _checked_intervals(pulse, interval_ms, conditioning_multiple, largest_multiple, tolerance)
    )
    used = protocol if protocol is not None else ThresholdProtocol()
    alone = find_thresholds(
        fibers, potentials, pulse, shares=shares, polarity=polarity, protocol=used
    )
    ratio = np.full((len(fibers), intervals.size), np.nan)
    status = np.repeat(alone.status[:, None], intervals.size, axis=1)
    chosen: list[int] = np.flatnonzero(alone.status == Status.OK).tolist()
    for k, interval in enumerate(intervals if chosen else ()):
        found = _search_test_pulse(
            [fibers[i] for i in chosen],
            # 1 mA in these is the unconditioned threshold of the fiber.
            [np.asarray(potentials[i]) * alone.threshold_ma[i] for i in chosen],
            PairOfPulses(pulse, float(interval), conditioning_multiple, largest_multiple),
            shares=shares,
            polarity=polarity,
            protocol=used,
        )
        ratio[chosen, k], status[chosen, k] = found.threshold_ma, found.status
    status[status == Status.NO_THRESHOLD_IN_RANGE] = Status.REFRACTORY
    status[alone.status != Status.OK] = alone.status[alone.status != Status.OK, None]
    return RecoveryCycle(
        interval_ms=intervals,
        conditioning_multiple=float(conditioning_multiple),
        largest_multiple=float(largest_multiple),
        unconditioned_ma=alone.threshold_ma,
        threshold_ma=ratio * alone.threshold_ma[:, None],
        status=status,
        tolerance=tolerance,
    )


def _search_test_pulse(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pair: PairOfPulses,
    *,
    shares: Sequence[float] | None,
    polarity: str,
    protocol: ThresholdProtocol,
) -> Thresholds:
    """Smallest test pulse that gives a second spike, in units of the unconditioned threshold."""
    conditioning = Source(
        potentials,
        PulseTrain(pair.pulse, (protocol.onset_ms,)),
        amplitude_ma=pair.conditioning_multiple,
        shares=shares,
        polarity=polarity,
    )
    return find_thresholds(
        fibers,
        potentials,
        pair.pulse,
        shares=shares,
        polarity=polarity,
        sources=(conditioning,),
        protocol=replace(
            protocol,
            onset_ms=protocol.onset_ms + pair.interval_ms,
            window_ms=protocol.window_ms + pair.interval_ms,
            n_spikes=N_SPIKES,
            start_ma=1.0,
            lower_ma=SMALLEST_MULTIPLE,
            upper_ma=pair.largest_multiple,
            growth=GROWTH,
        ),
    )


def _first_fall(interval_ms: FloatArray, ratio: FloatArray) -> float:
    """Interval at which the ratio first falls to 1, interpolated; NaN where it does not."""
    falls = np.flatnonzero((ratio[:-1] > 1.0) & (ratio[1:] <= 1.0))
    if not falls.size:
        return float("nan")
    k = int(falls[0])
    share = (ratio[k] - 1.0) / (ratio[k] - ratio[k + 1])
    return float(interval_ms[k] + share * (interval_ms[k + 1] - interval_ms[k]))


def _refuse(faults: list[str]) -> None:
    if faults:
        message = f"recovery cycle: {'; '.join(faults)}."
        raise StimulusError(message)


def _tolerance_faults(tolerance: float) -> list[str]:
    if 0.0 <= tolerance < 1.0:
        return []
    fault = (
        f"tolerance = {tolerance:g}: a deviation from 1 that counts as no change, from 0 to below 1; "
        f"{TOLERANCE:g} is usual"
    )
    return [fault]


def _checked_intervals(
    pulse: PulseShape,
    interval_ms: float | Sequence[float],
    conditioning_multiple: float,
    largest_multiple: float,
    tolerance: float,
) -> FloatArray:
    """Intervals as an array, or every fault at once."""
    faults = pulse_faults(pulse) + _tolerance_faults(tolerance)
    n_faults = len(faults)
    intervals = read_numbers("interval_ms", interval_ms, faults)
    duration_ms = pulse.duration_us * MS_PER_US if isinstance(pulse, PulseShape) else 0.0
    if not intervals.size and len(faults) == n_faults:
        faults.append("no interval_ms: give at least one; 0.5 to 100 ms are usual")
    bad = intervals[~(np.isfinite(intervals) & (intervals >= duration_ms))]
    if bad.size:
        faults.append(
            f"interval_ms = {', '.join(f'{value:g}' for value in bad)} ms: the test pulse starts when the "
            f"conditioning pulse of {duration_ms:g} ms is over; use longer intervals"
        )
    values, counts = np.unique(intervals, return_counts=True)
    if np.any(counts > 1):
        listed = ", ".join(f"{value:g}" for value in values[counts > 1])
        faults.append(f"interval_ms = {listed} ms is given more than once; give each interval once")
    if not (np.isfinite(conditioning_multiple) and conditioning_multiple > 1.0):
        faults.append(
            f"conditioning_multiple = {conditioning_multiple:g}: a conditioning pulse fires the fiber, so it is "
            "above 1; 1.5 is usual"
        )
    if not (np.isfinite(largest_multiple) and largest_multiple > 1.0):
        faults.append(
            f"largest_multiple = {largest_multiple:g}: refractory fibers need more than the unconditioned "
            "threshold, so it is above 1; 40 is usual"
        )
    _refuse(faults)
    return intervals
