"""Pulses in their own time: stretches that are straight or exponential, sampled and integrated exactly.

The shapes made of them are in `scsim.stimulus.pulse` and `scsim.stimulus.shapes`; where pulses lie in
time is in `scsim.stimulus.train`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scsim.stimulus.waveform import (
    FloatArray,
    SampledWaveform,
    check_grid,
    require_short_steps,
    require_whole_steps,
)
from scsim.units import MICROCOULOMB_PER_MA_US, MS_PER_US

_ROUNDING: Final = 1e-12
"""Net charge over the sum of all charges (no unit) below which a pulse counts as balanced: rounding of its phases."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a pulse, straight or exponential.

    Attributes
    ----------
    start_us, end_us : float
        From the start of the pulse, µs.
    start_level, end_level : float
        Level just after the start and just before the end, relative to the amplitude (no unit).
    tau_us : float or None
        Time constant, µs: level = start_level · exp(−t/tau), with t from the start; negative where the
        size of the level grows. None for a straight line.
    """

    start_us: float
    end_us: float
    start_level: float
    end_level: float
    tau_us: float | None = None

    @property
    def charge(self) -> float:
        """Integral of the level over time, µs."""
        width = self.end_us - self.start_us
        if self.tau_us is None:
            return 0.5 * (self.start_level + self.end_level) * width
        tau = abs(self.tau_us)
        return -self._largest * tau * math.expm1(-width / tau)

    @property
    def _largest(self) -> float:
        """Level where an exponential has its largest size: it underflows to 0 towards the other end."""
        return self.end_level if self.tau_us is not None and self.tau_us < 0 else self.start_level

    def levels(self, n_steps: int, shift: float) -> FloatArray:
        """Sample at `shift` (0 to 1 of a step) within each of the steps that fill the stretch."""
        share = (np.arange(n_steps) + shift) / n_steps
        if self.tau_us is not None:
            away = share if self.tau_us > 0 else 1.0 - share  # from the largest level
            width = self.end_us - self.start_us
            return np.asarray(self._largest * np.exp(-away * width / abs(self.tau_us)))
        return self.start_level + (self.end_level - self.start_level) * share


class PulseShape(ABC):
    """A pulse in its own time; it starts at 0 and its first phase is positive."""

    @abstractmethod
    def segments(self) -> tuple[Segment, ...]:
        """Give the stretches in time order, the first from 0; a gap is no stretch."""

    @property
    def duration_us(self) -> float:
        """From the start of the first phase to the end of the last, µs."""
        return self.segments()[-1].end_us

    @property
    def duration_ms(self) -> float:
        """From the start of the first phase to the end of the last, ms."""
        return self.duration_us * MS_PER_US

    @property
    def net_charge_uc_per_ma(self) -> float:
        """Charge left over after the pulse per mA of amplitude, µC; 0 if it is balanced."""
        return net_charge(self.segments()) * MICROCOULOMB_PER_MA_US

    @property
    def charge_per_phase_uc_per_ma(self) -> float:
        """Size of the largest charge of a phase per mA of amplitude, µC."""
        return (
            max(abs(charge) for charge in phase_charges(self.segments())) * MICROCOULOMB_PER_MA_US
        )

    def sample(self, dt_ms: float, n_steps: int, *, midpoint: bool = False) -> SampledWaveform:
        """Give the level of each step, the pulse beginning at t = 0.

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
            If a phase is not a whole number of steps, or a step is too long for an exponential.
        """
        check_grid(dt_ms, n_steps)
        return sampled(*pulse_template(self, dt_ms, midpoint=midpoint), n_steps)


def phase_charges(segments: Sequence[Segment]) -> list[float]:
    """Integrate each phase: touching stretches of one sign.

    Parameters
    ----------
    segments : sequence of Segment

    Returns
    -------
    list of float
        Integrals of the level over time, µs.
    """
    charges: list[float] = []
    end_us = -math.inf
    for segment in segments:
        charge = segment.charge
        if segment.start_us == end_us and charge * charges[-1] > 0.0:
            charges[-1] += charge
        else:
            charges.append(charge)
        end_us = segment.end_us
    return charges


def net_charge(segments: Sequence[Segment]) -> float:
    """Integrate a pulse, µs; exactly 0 where only rounding is left."""
    charges = [segment.charge for segment in segments]
    net = math.fsum(charges)
    return 0.0 if abs(net) <= _ROUNDING * sum(map(abs, charges)) else net


def pulse_template(
    shape: PulseShape, dt_ms: float, *, midpoint: bool
) -> tuple[FloatArray, FloatArray]:
    """Sample one pulse over its own length.

    Parameters
    ----------
    shape : PulseShape
    dt_ms : float
        Time step, ms.
    midpoint : bool
        Sample at the middle of each step and not at its start.

    Returns
    -------
    levels : ndarray of float64, shape (n,)
        Level of each step of the pulse.
    jumps : ndarray of float64, shape (n + 1,)
        By how much the level jumps at the beginning of each step, and at the end of the last. Where pulses
        touch, their jumps add up.

    Raises
    ------
    StimulusError
        If a stretch is not a whole number of steps, or a step is too long for an exponential.
    """
    segments = shape.segments()
    boundaries = [time for s in segments for time in (s.start_us, s.end_us)]
    require_whole_steps("the phases of the pulse begin and end at", boundaries, dt_ms)
    for segment in segments:
        if segment.tau_us is not None:
            require_short_steps("tau_us", abs(segment.tau_us), dt_ms)
    dt_us = dt_ms / MS_PER_US
    n_steps = round(segments[-1].end_us / dt_us)
    levels, jumps = np.zeros(n_steps), np.zeros(n_steps + 1)
    for segment in segments:
        first, last = round(segment.start_us / dt_us), round(segment.end_us / dt_us)
        levels[first:last] = segment.levels(last - first, 0.5 if midpoint else 0.0)
        jumps[first] += segment.start_level
        jumps[last] -= segment.end_level
    return levels, jumps


def sampled(levels: FloatArray, jumps: FloatArray, n_steps: int) -> SampledWaveform:
    """Cut or fill up with zeros to the steps asked for; an edge is where the level jumps.

    Parameters
    ----------
    levels, jumps : ndarray of float64, shape (n,) and (n + 1,)
        As from `pulse_template`.
    n_steps : int
        Number of steps.

    Returns
    -------
    SampledWaveform
    """
    out = np.zeros(n_steps)
    edges = np.zeros(n_steps, dtype=np.bool_)
    out[: levels.size] = levels[:n_steps]
    edges[: jumps.size] = jumps[:n_steps] != 0.0
    return SampledWaveform(out, edges)
