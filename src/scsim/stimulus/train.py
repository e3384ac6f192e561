"""Pulses in time: regular trains, bursts, any onsets, with passive recharge.

The pulse itself is in `scsim.stimulus.pulse` and `scsim.stimulus.shapes`, trains that take turns in
`scsim.stimulus.programs`. The patterns that a config may name are in `scsim.stimulus.pattern`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.stimulus.recharge import Discharge, PassiveRecharge, discharges
from scsim.stimulus.segments import PulseShape, net_charge, pulse_template, sampled
from scsim.stimulus.waveform import (
    SampledWaveform,
    check_grid,
    require_short_steps,
    require_whole_steps,
    sampling_limit,
    to_steps,
)
from scsim.units import MICROCOULOMB_PER_MA_US, MS_PER_S, MS_PER_US

SAME_MS: Final = 1e-9
"""Times nearer than this count as equal (ms): rounding of decimal fractions, a millionth of a short step."""


@dataclass(frozen=True)
class PulseTrain:
    """Equal pulses at given times; a waveform.

    Attributes
    ----------
    pulse : PulseShape
        The pulse, for example `scsim.Pulse`.
    onsets_ms : tuple of float
        Starts of the pulses, ms from 0; given in any order, kept in rising order. A pulse begins with the step
        nearest to its onset.
    recharge : PassiveRecharge, optional
        How the charge flows back; None if it does not.
    sizes : tuple of float, optional
        Size of each pulse relative to the amplitude, above 0 and up to 1, in the order of the onsets; None
        for 1.

    Raises
    ------
    StimulusError
        If there is no pulse, pulses overlap, an onset is negative or not finite, or a size is out of range.

    Notes
    -----
    Checked by ``tests/unit/test_stimulus_train.py`` and ``tests/theory/test_waveforms.py``.
    """

    pulse: PulseShape
    onsets_ms: tuple[float, ...]
    recharge: PassiveRecharge | None = None
    sizes: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        onsets = [float(onset) for onset in self.onsets_ms]
        sizes = [1.0] * len(onsets) if self.sizes is None else [float(size) for size in self.sizes]
        if not onsets:
            msg = "there is no pulse: onsets_ms is empty. Give at least one onset in ms."
            raise StimulusError(msg)
        for onset in onsets:
            if not (math.isfinite(onset) and onset >= 0.0):
                msg = (
                    f"an onset of {onset:g} ms: a simulation begins at 0 ms, so onsets must be 0 or "
                    "more, and finite. Move the train."
                )
                raise StimulusError(msg)
        if len(sizes) != len(onsets):
            msg = f"sizes has {len(sizes)} values for {len(onsets)} pulses: give one per pulse, or none."
            raise StimulusError(msg)
        for size in sizes:
            if not 0.0 < size <= 1.0:
                msg = (
                    f"a pulse of size {size:g}: sizes are relative to the amplitude, above 0 and up to "
                    "1. Scale them by the largest and raise the amplitude."
                )
                raise StimulusError(msg)
        order = sorted(range(len(onsets)), key=onsets.__getitem__)
        object.__setattr__(self, "onsets_ms", tuple(onsets[k] for k in order))
        if self.sizes is not None:
            object.__setattr__(self, "sizes", tuple(sizes[k] for k in order))
        if len(onsets) > 1:
            closest_ms = float(np.min(np.diff(self.onsets_ms)))
            if closest_ms < self.pulse.duration_ms - SAME_MS:
                msg = (
                    f"pulses of {self.pulse.duration_us:g} µs overlap: the closest onsets are "
                    f"{closest_ms / MS_PER_US:g} µs apart. Lower the frequency or shorten the pulse."
                )
                raise StimulusError(msg)

    @classmethod
    def regular(
        cls,
        pulse: PulseShape,
        frequency_hz: float,
        *,
        n_pulses: int | None = None,
        duration_ms: float | None = None,
        onset_ms: float = 0.0,
        ramp_ms: float = 0.0,
        recharge: PassiveRecharge | None = None,
    ) -> Self:
        """Make a train of one rate.

        Parameters
        ----------
        pulse : PulseShape
        frequency_hz : float
            Pulses per second, Hz.
        n_pulses : int, optional
            Number of pulses; this or `duration_ms`.
        duration_ms : float, optional
            Time within which pulses begin, from the onset, ms.
        onset_ms : float
            Start of the first pulse, ms.
        ramp_ms : float
            Time over which the pulses grow, ms: those that begin at t after the onset have the size
            (t + period) / ramp_ms, at most 1. 0 for full size at once.
        recharge : PassiveRecharge, optional

        Returns
        -------
        PulseTrain

        Raises
        ------
        StimulusError
            If a number is out of range, or pulses overlap.
        """
        period_ms = period_ms_of("frequency_hz", frequency_hz)
        count = _count("n_pulses", n_pulses, duration_ms, period_ms)
        if not (math.isfinite(ramp_ms) and ramp_ms >= 0.0):
            msg = f"ramp_ms = {ramp_ms:g} ms: a ramp must be 0 or more, and finite. Choose 0 for none."
            raise StimulusError(msg)
        onsets = tuple(onset_ms + k * period_ms for k in range(count))
        if ramp_ms == 0.0:
            return cls(pulse, onsets, recharge)
        sizes = tuple(min(1.0, (k + 1) * period_ms / ramp_ms) for k in range(count))
        return cls(pulse, onsets, recharge, sizes)

    @classmethod
    def burst(
        cls,
        pulse: PulseShape,
        burst_frequency_hz: float,
        *,
        pulses_per_burst: int,
        intraburst_frequency_hz: float,
        n_bursts: int | None = None,
        duration_ms: float | None = None,
        onset_ms: float = 0.0,
        recharge: PassiveRecharge | None = None,
    ) -> Self:
        """Make a train of bursts.

        Parameters
        ----------
        pulse : PulseShape
        burst_frequency_hz : float
            Bursts per second, Hz.
        pulses_per_burst : int
            Number of pulses in each.
        intraburst_frequency_hz : float
            Pulses per second within a burst, Hz.
        n_bursts : int, optional
            Number of bursts; this or `duration_ms`.
        duration_ms : float, optional
            Time within which bursts begin, from the onset, ms.
        onset_ms : float
            Start of the first pulse, ms.
        recharge : PassiveRecharge, optional
            With ``every=pulses_per_burst`` the charge flows back after each burst, with ``every=1`` after
            each pulse.

        Returns
        -------
        PulseTrain

        Raises
        ------
        StimulusError
            If a number is out of range, or pulses or bursts overlap.
        """
        period_ms = period_ms_of("burst_frequency_hz", burst_frequency_hz)
        within_ms = period_ms_of("intraburst_frequency_hz", intraburst_frequency_hz)
        if pulses_per_burst < 1:
            msg = (
                f"pulses_per_burst = {pulses_per_burst}: a burst has 1 pulse or more. "
                "Choose 2 or more for a burst."
            )
            raise StimulusError(msg)
        length_ms = (pulses_per_burst - 1) * within_ms + pulse.duration_ms
        if length_ms > period_ms + SAME_MS:
            msg = (
                f"at {burst_frequency_hz:g} Hz a burst begins every {period_ms:g} ms, but one lasts "
                f"{length_ms:g} ms; it must end before the next begins. Lower the burst frequency to "
                f"{MS_PER_S / length_ms:g} Hz or less, or shorten the burst."
            )
            raise StimulusError(msg)
        count = _count("n_bursts", n_bursts, duration_ms, period_ms)
        onsets = tuple(
            onset_ms + k * period_ms + i * within_ms
            for k in range(count)
            for i in range(pulses_per_burst)
        )
        return cls(pulse, onsets, recharge)

    @property
    def duration_ms(self) -> float:
        """Time after which the level is 0 for good, ms.

        A recharge without end counts as over when ``recharge_over_share`` of the table
        ``stimuli/sampling`` is left of its current.
        """
        found, _ = self._discharges([onset / MS_PER_US for onset in self.onsets_ms])
        if not found or self.recharge is None:
            return self.pulses_end_ms
        tail_us = -self.recharge.tau_us * math.log(sampling_limit("recharge_over_share"))
        end_us = min(found[-1].end_us, found[-1].start_us + tail_us)
        return max(self.pulses_end_ms, end_us * MS_PER_US)

    @property
    def pulses_end_ms(self) -> float:
        """End of the last pulse without its recharge, ms."""
        return self.onsets_ms[-1] + self.pulse.duration_ms

    @property
    def net_charge_uc_per_ma(self) -> float:
        """Charge that is left for good per mA of amplitude, µC."""
        _, left = self._discharges([onset / MS_PER_US for onset in self.onsets_ms])
        return left * MICROCOULOMB_PER_MA_US

    def sample(self, dt_ms: float, n_steps: int, *, midpoint: bool = False) -> SampledWaveform:
        """Give the level of each step.

        Each phase takes its exact number of steps, whatever the onset.

        Parameters
        ----------
        dt_ms, n_steps, midpoint
            As in `scsim.stimulus.Waveform`.

        Returns
        -------
        SampledWaveform

        Raises
        ------
        StimulusError
            If a phase, or the delay or length of the recharge, is not a whole number of steps, or a step is
            too long for an exponential.
        """
        check_grid(dt_ms, n_steps)
        levels, jumps = np.zeros(n_steps), np.zeros(n_steps + 1)
        template, template_jumps = pulse_template(self.pulse, dt_ms, midpoint=midpoint)
        starts = _starts(self.onsets_ms, dt_ms, template.size)
        sizes = self.sizes or (1.0,) * len(starts)
        for start, size in zip(starts.tolist(), sizes, strict=True):
            if start >= n_steps:
                break
            end = min(start + template.size, n_steps)
            levels[start:end] = size * template[: end - start]
            jumps[start : end + 1] += size * template_jumps[: end - start + 1]
        if self.recharge is not None:
            self._check_recharge_steps(self.recharge, dt_ms)
            dt_us = dt_ms / MS_PER_US
            for discharge in self._discharges((starts * dt_us).tolist())[0]:
                _lay_discharge(discharge, self.recharge.tau_us, dt_us, midpoint, (levels, jumps))
        return sampled(levels, jumps, n_steps)

    def intervals_ms(self) -> list[tuple[float, float]]:
        """Give the times with current, gaps within a pulse included.

        Returns
        -------
        list of (float, float)
            Start and end of each pulse, then of each recharge, ms; the last end may be infinite.
        """
        found, _ = self._discharges([onset / MS_PER_US for onset in self.onsets_ms])
        pulses = [(start, start + self.pulse.duration_ms) for start in self.onsets_ms]
        return pulses + [(d.start_us * MS_PER_US, d.end_us * MS_PER_US) for d in found]

    def _discharges(self, starts_us: Sequence[float]) -> tuple[list[Discharge], float]:
        """Discharges of the capacitor for pulses at these times, and the charge left, µs."""
        net = net_charge(self.pulse.segments())
        charges = [net * size for size in self.sizes or (1.0,) * len(starts_us)]
        if self.recharge is None:
            return [], math.fsum(charges)
        return discharges(self.recharge, starts_us, charges, self.pulse.duration_us)

    @staticmethod
    def _check_recharge_steps(recharge: PassiveRecharge, dt_ms: float) -> None:
        """Refuse steps that do not fit the recharge."""
        times_us = [recharge.delay_us]
        if math.isfinite(recharge.duration_us):
            times_us.append(recharge.delay_us + recharge.duration_us)
        subject = "the recharge begins and ends, counted from the end of the pulse, at"
        require_whole_steps(subject, times_us, dt_ms)
        require_short_steps("recharge.tau_us", recharge.tau_us, dt_ms)


def period_ms_of(name: str, frequency_hz: float) -> float:
    """Give the period of a rate.

    Parameters
    ----------
    name : str
        Name of the rate, for messages.
    frequency_hz : float
        Hz.

    Returns
    -------
    float
        ms.

    Raises
    ------
    StimulusError
        If the rate is not positive and finite.
    """
    if not (math.isfinite(frequency_hz) and frequency_hz > 0.0):
        msg = (
            f"{name} = {frequency_hz:g} Hz: a rate must be positive and finite. "
            "Give one pulse by its onset if there is no rate."
        )
        raise StimulusError(msg)
    return MS_PER_S / frequency_hz


def _lay_discharge(
    discharge: Discharge,
    tau_us: float,
    dt_us: float,
    midpoint: bool,
    out: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    """Add a discharge to the levels and jumps of a train."""
    levels, jumps = out
    first, last = round(discharge.start_us / dt_us), levels.size
    if math.isfinite(discharge.end_us):
        last = min(round(discharge.end_us / dt_us), levels.size)
    if first >= last:
        return
    top = -discharge.charge / tau_us
    jumps[first] += top
    jumps[last] -= top * math.exp(-(last - first) * dt_us / tau_us)
    steps = np.arange(last - first) + (0.5 if midpoint else 0.0)
    levels[first:last] = top * np.exp(-steps * dt_us / tau_us)


def _starts(onsets_ms: npt.ArrayLike, dt_ms: float, length: int) -> npt.NDArray[np.int64]:
    """Round onsets to steps; pulses that touch do not overlap by a rounding of their onsets."""
    steps = to_steps(onsets_ms, dt_ms)
    reserved = length * np.arange(steps.size)
    return np.asarray(np.maximum.accumulate(steps - reserved) + reserved)


def _count(name: str, count: int | None, duration_ms: float | None, period_ms: float) -> int:
    """Count the periods: given, or from the time within which they begin."""
    if (count is None) == (duration_ms is None):
        given = "neither" if count is None else "both"
        msg = f"{given} of {name} and duration_ms given: one of them says how long the train is. Give one."
        raise StimulusError(msg)
    if duration_ms is not None:
        if not (math.isfinite(duration_ms) and duration_ms > 0.0):
            msg = (
                f"duration_ms = {duration_ms:g} ms: a train must have a positive and finite length. "
                "Choose one of at least a period."
            )
            raise StimulusError(msg)
        return max(1, math.ceil((duration_ms - SAME_MS) / period_ms))
    if count is None or count < 1:
        msg = f"{name} = {count}: a train has 1 or more. Choose a positive number."
        raise StimulusError(msg)
    return count
