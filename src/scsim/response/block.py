"""Conduction block by a continuous waveform, for example kilohertz current.

Test spikes are started by a current into a node on one side of the electrode; they are blocked if
none arrives at the detector on the other side. A strong enough block begins with spikes of its own (the
onset response), which are counted and not tested. How fibers are excited belongs to `threshold.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status, StimulusError, advice
from scsim.response.detection import Trial
from scsim.response.threshold import ThresholdProtocol, find_thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.response.drive import IntracellularPulse
    from scsim.stimulus.waveform import Waveform

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

GROWTH: Final = 1.25
"""Factor between trials until the block threshold is bracketed (that of the reference rows): smaller than for
excitation, because block need not hold at every larger amplitude."""

TRAVEL_MS: Final = 4.0
"""Time for the last test spike to arrive, ms (that of the reference rows, 35 mm of fiber)."""


@dataclass(frozen=True)
class BlockThresholds:
    """Block thresholds of some fibers.

    Attributes
    ----------
    threshold_ma : ndarray of float64, shape (n_fibers,)
        Middle of the final bracket, mA; NaN where `status` is neither OK nor NOT_MONOTONIC.
    lower_ma, upper_ma : ndarray of float64, shape (n_fibers,)
        Largest amplitude seen not to block and smallest seen to block, mA.
    n_test_spikes : int
        Test spikes given after `count_from_ms`.
    n_onset_spikes : ndarray of int64, shape (n_fibers,)
        Spikes at the detector before `count_from_ms` at `upper_ma`; -1 without a threshold.
    onset_end_ms : ndarray of float64, shape (n_fibers,)
        Time of the last of them, ms; NaN without any.
    n_spikes_below : ndarray of int64, shape (n_fibers,)
        Spikes at the detector from `count_from_ms` on at `lower_ma`, or, without a threshold, at the largest
        amplitude searched; -1 where voltages there are not finite. Below `n_test_spikes` and above 0 it means partial block; above
        `n_test_spikes`, spikes that the waveform itself starts.
    amplitudes_above_ma : ndarray of float64, shape (n_fibers, n_multiples)
        Amplitudes above the threshold that were sampled, mA.
    n_spikes_above : ndarray of int64, shape (n_fibers, n_multiples)
        Spikes at the detector from `count_from_ms` on at each of them; -1 without a threshold, or where voltages
        there are not finite.
    status : ndarray of int8, shape (n_fibers,)
        OK; NOT_MONOTONIC where spikes pass again at a sampled amplitude; PARTIAL_BLOCK where no amplitude blocks
        all test spikes but the largest blocks some; NO_SPIKE where test spikes do not arrive even without
        the waveform; NOT_FINITE where voltages at a sampled amplitude are not finite; else that of the
        search.
    """

    threshold_ma: FloatArray
    lower_ma: FloatArray
    upper_ma: FloatArray
    n_test_spikes: int
    n_onset_spikes: IntArray
    onset_end_ms: FloatArray
    n_spikes_below: IntArray
    amplitudes_above_ma: FloatArray
    n_spikes_above: IntArray
    status: npt.NDArray[np.int8]

    def __str__(self) -> str:
        """One line per fiber."""
        lines = []
        for i, state in enumerate(self.status):
            parts = []
            if np.isfinite(self.threshold_ma[i]):
                parts.append(
                    f"blocked from {self.threshold_ma[i]:.4g} mA, {self.n_onset_spikes[i]} onset spikes, "
                    f"{self.n_spikes_below[i]} of {self.n_test_spikes} spikes just below"
                )
            if state != Status.OK:
                parts.append(f"{Status(state).name.lower()}: {advice(state)}")
            lines.append(f"fiber {i}: {'; '.join(parts)}")
        return "\n".join(lines)


def find_block_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    waveform: Waveform,
    *,
    test_pulses: Sequence[IntracellularPulse],
    count_from_ms: float,
    multiples_above: Sequence[float] = (),
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    protocol: ThresholdProtocol | None = None,
) -> BlockThresholds:
    """Find the smallest amplitude at which no test spike arrives.

    The first amplitude that blocks is bracketed by growth from below and bisected. Block need not hold at all
    larger amplitudes; `multiples_above` samples some of them.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    waveform : Waveform
        The blocking current, from 0 on.
    test_pulses : sequence of IntracellularPulse
        Currents that start the test spikes, on the side of the electrode away from the detector.
    count_from_ms : float
        From here on no spike may arrive, ms: after the onset response, before the first test spike.
    multiples_above : sequence of float
        Multiples of the threshold, above 1, at which block is looked at again (no unit).
    shares, polarity
        As in `scsim.find_thresholds`.
    protocol : ThresholdProtocol, optional
        Detector, range, tolerance, step and window; its `confirm_at` is not used. Default: growth of 1.25, window until 4 ms after the last
        test pulse starts.

    Returns
    -------
    BlockThresholds

    Raises
    ------
    StimulusError
        If there is no test pulse, one starts before `count_from_ms`, that is negative, or a multiple is not
        above 1; all faults at once.
    GeometryError, ModelError, StimulusError
        As in `scsim.find_thresholds`.

    Notes
    -----
    Checked by ``tests/neuron/test_measurements.py`` (NEURON, same scheme and step) and
    ``tests/unit/test_measure_block.py``. The threshold depends on the length of the fiber and, for a sine of
    tens of kilohertz, on the samples per period.
    """
    _check(test_pulses, count_from_ms, multiples_above)
    last_ms = max(pulse.start_ms for pulse in test_pulses)
    used = replace(
        protocol
        if protocol is not None
        else ThresholdProtocol(growth=GROWTH, window_ms=last_ms + TRAVEL_MS),
        outcome="blocks",
        count_from_ms=count_from_ms,
        confirm_at=(),
    )
    trial = Trial(fibers, potentials, waveform, used, shares, polarity, tuple(test_pulses))
    # The search comes first: it checks everything before anything runs.
    found = find_thresholds(
        fibers,
        potentials,
        waveform,
        shares=shares,
        polarity=polarity,
        intracellular=tuple(test_pulses),
        protocol=used,
    )
    status = found.status.copy()
    is_found = np.isfinite(found.threshold_ma)
    free = _counted(trial, used.upper_ma, has_field=np.zeros(len(fibers), dtype=np.bool_))
    below = _counted(trial, np.where(is_found, found.lower_ma, used.upper_ma))
    spikes_at_block, state_at_block = trial.spikes_ms(found.upper_ma, has_field=is_found)
    at_block = _count(spikes_at_block, state_at_block, count_from_ms)
    above_ma = np.where(is_found, found.upper_ma, np.nan)[:, None] * np.asarray(
        multiples_above, dtype=np.float64
    )
    above = np.full(above_ma.shape, -1, dtype=np.int64)
    for k in range(above_ma.shape[1]):
        counted = _counted(trial, above_ma[:, k], has_field=is_found)[:, 1]
        above[:, k] = np.where(is_found, counted, -1)
    n_tests = len(test_pulses)
    missed = status == Status.NO_THRESHOLD_IN_RANGE
    status[missed & (below[:, 1] > 0) & (below[:, 1] < n_tests)] = Status.PARTIAL_BLOCK
    status[is_found & np.any(above > 0, axis=1)] = Status.NOT_MONOTONIC
    # -1 is the count of a run without a number.
    is_broken = is_found & (np.any(above < 0, axis=1) | (below[:, 1] < 0) | (at_block[:, 1] < 0))
    status[is_broken | (free[:, 1] < 0)] = Status.NOT_FINITE
    status[(free[:, 1] >= 0) & (free[:, 1] < n_tests)] = Status.NO_SPIKE
    has_number = (status == Status.OK) | (status == Status.NOT_MONOTONIC)
    return BlockThresholds(
        threshold_ma=np.where(has_number, found.threshold_ma, np.nan),
        lower_ma=found.lower_ma,
        upper_ma=found.upper_ma,
        n_test_spikes=n_tests,
        n_onset_spikes=np.where(is_found, at_block[:, 0], -1),
        onset_end_ms=np.where(is_found, _last_before_ms(spikes_at_block, count_from_ms), np.nan),
        n_spikes_below=below[:, 1],
        amplitudes_above_ma=above_ma,
        n_spikes_above=above,
        status=status,
    )


def _counted(
    trial: Trial, amplitude_ma: npt.ArrayLike, *, has_field: npt.ArrayLike = True
) -> IntArray:
    """Spikes at the detector before and from `count_from_ms`, shape (n_fibers, 2); -1 where not finite."""
    return _count(*trial.spikes_ms(amplitude_ma, has_field=has_field), trial.protocol.count_from_ms)


def _count(
    spikes: Sequence[FloatArray], status: npt.NDArray[np.int8], count_from_ms: float
) -> IntArray:
    """Spikes of each fiber before and from a time, shape (n_fibers, 2); -1 where not finite."""
    late = [int(np.count_nonzero(times >= count_from_ms)) for times in spikes]
    counts = np.array(
        [[times.size - n, n] for times, n in zip(spikes, late, strict=True)], dtype=np.int64
    ).reshape(-1, 2)
    counts[status != Status.OK] = -1
    return counts


def _last_before_ms(spikes_ms: Sequence[FloatArray], before_ms: float) -> FloatArray:
    """Time of the last spike of each fiber before a time, ms; NaN without one."""
    last = [np.max(times[times < before_ms], initial=-np.inf) for times in spikes_ms]
    return np.array([time if time > -np.inf else np.nan for time in last], dtype=np.float64)


def _check(
    test_pulses: Sequence[IntracellularPulse],
    count_from_ms: float,
    multiples_above: Sequence[float],
) -> None:
    faults = []
    if not (np.isfinite(count_from_ms) and count_from_ms >= 0.0):
        faults.append(
            f"count_from_ms = {count_from_ms:g} ms: a time from 0 on; leave room for the onset response, 10 to "
            "20 ms"
        )
    if not test_pulses:
        faults.append("no test_pulses: block is tested by spikes; give at least one current pulse")
    early = [pulse.start_ms for pulse in test_pulses if pulse.start_ms < count_from_ms]
    if early:
        faults.append(
            f"test pulse at {', '.join(f'{start:g}' for start in early)} ms: its spike would not be counted "
            f"before count_from_ms = {count_from_ms:g} ms; start it later"
        )
    low = [value for value in multiples_above if not (np.isfinite(value) and value > 1.0)]
    if low:
        faults.append(
            f"multiples_above = {', '.join(f'{value:g}' for value in low)}: multiples of the threshold are "
            "above 1; 1.25, 1.5 and 2 are usual"
        )
    if faults:
        message = f"block threshold: {'; '.join(faults)}."
        raise StimulusError(message)
