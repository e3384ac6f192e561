"""Alternating currents: sine, square and triangle, at kilohertz rates or any other.

Pulses with pauses between them are in `scsim.stimulus.train`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from scsim.errors import StimulusError
from scsim.stimulus.waveform import (
    FloatArray,
    SampledWaveform,
    check_grid,
    is_whole,
    sampling_limit,
    to_steps,
)
from scsim.units import MS_PER_S, MS_PER_US

Form = Literal["sine", "square", "triangle"]

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sine": "sin(2π f t)",
        "square": "+1 in the first half of the period, -1 in the second",
        "triangle": "straight from 0 to +1, to -1 and back to 0 in a period",
    }
)
"""Forms of an alternating current and what they are."""

_ROUNDING: Final = 1e-9
"""Level below which a smooth current counts as 0 at its ends (no unit): rounding of its phase."""

_FULL_TURN_DEG: Final = 360.0


@dataclass(frozen=True)
class Carrier:
    """An alternating current; a waveform.

    Attributes
    ----------
    form : {"sine", "square", "triangle"}
        See `FORMS`; the first half period is positive.
    frequency_hz : float
        Periods per second, Hz.
    onset_ms : float
        Start, ms; the current begins with the nearest step and its phase counts from there.
    end_ms : float
        End, ms; infinite for none.
    ramp_ms : float
        Time from the onset over which the amplitude grows evenly from 0, ms; 0 for full amplitude at once.
    phase_deg : float
        Phase at the onset, degrees; 90 begins a sine at its peak.

    Raises
    ------
    StimulusError
        If a number is out of range.

    Notes
    -----
    A step holds the value at its start, or at its middle. Half periods of a square current are whole
    numbers of steps; a sine or triangle has at least ``min_steps_per_period`` steps (table
    ``stimuli/sampling``), whole or not.
    Checked by ``tests/unit/test_stimulus_carrier.py`` and ``tests/theory/test_waveforms.py``.
    """

    form: Form
    frequency_hz: float
    onset_ms: float = 0.0
    end_ms: float = math.inf
    ramp_ms: float = 0.0
    phase_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            msg = f"form = {self.form!r}: forms are {', '.join(FORMS)}. Choose one of these."
            raise StimulusError(msg)
        if not (math.isfinite(self.frequency_hz) and self.frequency_hz > 0.0):
            msg = (
                f"frequency_hz = {self.frequency_hz:g} Hz: a frequency must be positive and finite; "
                "1000 to 50000 Hz are usual for block. Choose one of these."
            )
            raise StimulusError(msg)
        if not (math.isfinite(self.onset_ms) and self.onset_ms >= 0.0):
            msg = (
                f"onset_ms = {self.onset_ms:g} ms: a simulation begins at 0 ms, so an onset must be 0 "
                "or more, and finite. Move it."
            )
            raise StimulusError(msg)
        if not self.end_ms > self.onset_ms:
            msg = (
                f"end_ms = {self.end_ms:g} ms: the current must end after onset_ms = {self.onset_ms:g} "
                "ms. Move the end, or leave it out for none."
            )
            raise StimulusError(msg)
        if not 0.0 <= self.ramp_ms <= self.end_ms - self.onset_ms or math.isinf(self.ramp_ms):
            msg = (
                f"ramp_ms = {self.ramp_ms:g} ms: the ramp must be 0 or more, finite, and over before "
                f"the current ends at {self.end_ms:g} ms. Shorten it."
            )
            raise StimulusError(msg)
        if not math.isfinite(self.phase_deg):
            msg = (
                f"phase_deg = {self.phase_deg:g}: a phase must be finite. Choose 0 to 360 degrees."
            )
            raise StimulusError(msg)

    @property
    def duration_ms(self) -> float:
        """Time after which the level is 0 for good, ms; infinite if there is none."""
        return self.end_ms

    def sample(self, dt_ms: float, n_steps: int, *, midpoint: bool = False) -> SampledWaveform:
        """Give the level of each step.

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
            If the half periods of a square current, or its phase, are no whole numbers of steps, or a
            period has too few steps.
        """
        check_grid(dt_ms, n_steps)
        self._check_period(dt_ms)
        levels, edges = np.zeros(n_steps), np.zeros(n_steps, dtype=np.bool_)
        first = int(to_steps(self.onset_ms, dt_ms))
        end = n_steps if math.isinf(self.end_ms) else int(to_steps(self.end_ms, dt_ms))
        last = min(end, n_steps)
        if first >= last:
            return SampledWaveform(levels, edges)
        steps = np.arange(last - first, dtype=np.float64)
        levels[first:last] = self._levels(steps + (0.5 if midpoint else 0.0), dt_ms)
        if self.form == "square":
            at_start = self._levels(steps, dt_ms)
            # The ramp does not jump, so a square with a ramp jumps where its sign changes.
            edges[first + 1 : last] = np.signbit(at_start[1:]) != np.signbit(at_start[:-1])
        edges[first] = abs(self._levels(np.zeros(1), dt_ms)[0]) > _ROUNDING
        if end < n_steps:
            # A square current keeps the level of its last step up to the end.
            instant = end - first - (0.5 if self.form == "square" else 0.0)
            edges[end] = abs(self._levels(np.array([instant]), dt_ms)[0]) > _ROUNDING
        return SampledWaveform(levels, edges)

    def _levels(self, steps: FloatArray, dt_ms: float) -> FloatArray:
        """Levels at times after the onset, counted in steps."""
        size = np.minimum(1.0, steps * dt_ms / self.ramp_ms) if self.ramp_ms > 0.0 else 1.0
        if self.form == "square":
            half = round(MS_PER_S / self.frequency_hz / dt_ms / 2.0)
            shift = round(2 * half * self.phase_deg / _FULL_TURN_DEG)
            return size * np.where(np.floor(steps + shift) % (2 * half) < half, 1.0, -1.0)
        turns = steps * (dt_ms * self.frequency_hz / MS_PER_S) + self.phase_deg / _FULL_TURN_DEG
        turns -= np.floor(turns)
        if self.form == "sine":
            return np.asarray(size * np.sin(2.0 * math.pi * turns))
        # A triangle is the distance to the nearer trough (at 3/4 of the turn), scaled to -1 … 1.
        return np.asarray(size * (1.0 - np.abs(4.0 * ((turns + 0.25) % 1.0) - 2.0)))

    def _check_period(self, dt_ms: float) -> None:
        """Refuse steps that do not fit the period."""
        period_ms = MS_PER_S / self.frequency_hz
        n_steps = period_ms / dt_ms
        least = sampling_limit("min_steps_per_period")
        if self.form != "square":
            if n_steps < least and not is_whole(n_steps / least):
                msg = (
                    f"a {self.form} current of {self.frequency_hz:g} Hz has {n_steps:.3g} steps of "
                    f"dt_ms = {dt_ms:g} ms per period; it needs {least:g} or more. Use dt_ms = "
                    f"{period_ms / least:g} ms (dt_us = {period_ms / least / MS_PER_US:g}) or less, or a "
                    "lower frequency."
                )
                raise StimulusError(msg)
            return
        half = n_steps / 2.0
        if round(half) < 1 or not is_whole(half):
            fitting_ms = period_ms / 2.0 / math.ceil(half)
            msg = (
                f"half a period of a square current of {self.frequency_hz:g} Hz is {half:.6g} steps of "
                f"dt_ms = {dt_ms:g} ms; it must be a whole number. dt_ms = {fitting_ms:g} ms would fit "
                f"(dt_us = {fitting_ms / MS_PER_US:g})."
            )
            raise StimulusError(msg)
        shift = 2 * round(half) * self.phase_deg / _FULL_TURN_DEG
        if not is_whole(shift):
            msg = (
                f"phase_deg = {self.phase_deg:g} of a square current is {shift:.6g} steps of dt_ms = "
                f"{dt_ms:g} ms; it must be a whole number. Use a multiple of "
                f"{_FULL_TURN_DEG / (2 * round(half)):g} degrees."
            )
            raise StimulusError(msg)
