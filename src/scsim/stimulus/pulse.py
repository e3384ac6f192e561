"""One pulse: its phases, the gap between them, and its samples in time.

The level is +1 in the first phase, always; polarity lives in the montage. Trains are in
`scsim.stimulus.pattern`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.units import MS_PER_US

Shape = Literal["monophasic", "biphasic", "asymmetric"]

SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "monophasic": "one phase; the charge is not recovered",
        "biphasic": "two phases of equal width and opposite level",
        "asymmetric": "the second phase is recovery_ratio times as long and as many times lower",
    }
)
"""Shapes of a pulse and what they are."""

_STEP_TOLERANCE: Final = 1e-6
"""How far a phase may be from a whole number of steps (steps): rounding of decimal fractions."""

_NS_PER_US: Final = 1000
_FINEST_SPLIT: Final = 10_000
"""Largest number of steps per greatest common divisor for which a fitting dt is proposed."""


@dataclass(frozen=True)
class Phase:
    """A stretch of constant level.

    Attributes
    ----------
    start_us, end_us : float
        From the start of the pulse, µs.
    level : float
        Current relative to the amplitude (no unit).
    """

    start_us: float
    end_us: float
    level: float


@dataclass(frozen=True)
class Pulse:
    """A rectangular current pulse.

    Attributes
    ----------
    pulse_width_us : float
        Width of the first phase, µs.
    shape : {"monophasic", "biphasic", "asymmetric"}
        See `SHAPES`.
    interphase_gap_us : float
        Time without current between the phases, µs.
    recovery_ratio : float
        Width of the second phase over that of the first, and level of the first over that of the
        second (no unit). 1 unless the pulse is asymmetric.

    Raises
    ------
    StimulusError
        If a number is out of range or does not go with the shape.
    """

    pulse_width_us: float
    shape: Shape = "monophasic"
    interphase_gap_us: float = 0.0
    recovery_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.pulse_width_us) and self.pulse_width_us > 0.0):
            msg = (
                f"pulse_width_us = {self.pulse_width_us:g} µs: a pulse width must be positive and "
                "finite; typical values are 60 to 1000 µs. Choose one of these."
            )
            raise StimulusError(msg)
        if self.shape not in SHAPES:
            msg = f"shape = {self.shape!r}: shapes are {', '.join(SHAPES)}. Choose one of these."
            raise StimulusError(msg)
        if not (math.isfinite(self.interphase_gap_us) and self.interphase_gap_us >= 0.0):
            msg = (
                f"interphase_gap_us = {self.interphase_gap_us:g} µs: a gap must be 0 or more, and "
                "finite; typical values are 0 to 100 µs. Choose one of these."
            )
            raise StimulusError(msg)
        if not (math.isfinite(self.recovery_ratio) and self.recovery_ratio >= 1.0):
            msg = (
                f"recovery_ratio = {self.recovery_ratio:g}: the ratio must be 1 or more, and finite; "
                "typical values are 4 to 10. Choose one of these."
            )
            raise StimulusError(msg)
        for _, message in shape_faults(self.shape, self.interphase_gap_us, self.recovery_ratio):
            raise StimulusError(message)

    @property
    def duration_us(self) -> float:
        """From the start of the first phase to the end of the last, µs."""
        return self.phases()[-1].end_us

    def phases(self) -> tuple[Phase, ...]:
        """Give the phases in time order, the first from 0; a gap is no phase."""
        width, ratio = self.pulse_width_us, self.recovery_ratio
        first = Phase(0.0, width, 1.0)
        if self.shape == "monophasic":
            return (first,)
        start = width + self.interphase_gap_us
        return (first, Phase(start, start + width * ratio, -1.0 / ratio))


def shape_faults(
    shape: str, interphase_gap_us: float, recovery_ratio: float
) -> list[tuple[str, str]]:
    """Find the settings of a pulse that do not go with its shape.

    Parameters
    ----------
    shape : str
    interphase_gap_us : float
        µs.
    recovery_ratio : float
        No unit.

    Returns
    -------
    list of (str, str)
        Key and message.
    """
    faults = []
    if shape == "monophasic" and interphase_gap_us != 0.0:
        message = (
            f"interphase_gap_us = {interphase_gap_us:g} µs: a monophasic pulse has no second phase, "
            "so its gap must be 0. Choose biphasic or asymmetric, or remove the gap."
        )
        faults.append(("interphase_gap_us", message))
    if shape != "asymmetric" and recovery_ratio != 1.0:
        message = (
            f"recovery_ratio = {recovery_ratio:g}: a {shape} pulse has ratio 1. "
            "Choose the shape asymmetric, or remove the ratio."
        )
        faults.append(("recovery_ratio", message))
    return faults


def sample_pulses(
    pulse: Pulse, onsets_ms: npt.ArrayLike, dt_ms: float, n_steps: int
) -> npt.NDArray[np.float64]:
    """Sample a train of equal pulses, one level per time step.

    A step holds the level at its start. A pulse that begins at t covers steps from round(t/dt) on, and
    each phase takes its exact number of steps, whatever the onset.

    Parameters
    ----------
    pulse : Pulse
    onsets_ms : array_like of float
        Starts of the pulses, ms, in any order.
    dt_ms : float
        Time step, ms.
    n_steps : int
        Number of steps.

    Returns
    -------
    ndarray of float64, shape (n_steps,)
        Current relative to the amplitude (no unit).

    Raises
    ------
    StimulusError
        If the phases are not whole numbers of steps, pulses overlap, a pulse leaves the sampled time, or
        there is no pulse.

    Notes
    -----
    Checked by ``tests/unit/test_stimulus_pulse.py``.
    """
    if not (math.isfinite(dt_ms) and dt_ms > 0.0):
        msg = f"dt_ms = {dt_ms:g} ms: a time step must be positive and finite. A usual one is 0.005 ms."
        raise StimulusError(msg)
    dt_us = dt_ms / MS_PER_US
    phases = pulse.phases()
    if not all(_is_whole(t / dt_us) for phase in phases for t in (phase.start_us, phase.end_us)):
        raise StimulusError(_step_message(pulse, dt_ms))
    edges = [(round(p.start_us / dt_us), round(p.end_us / dt_us), p.level) for p in phases]
    length = edges[-1][1]
    starts = np.sort(np.rint(np.asarray(onsets_ms, dtype=np.float64).ravel() / dt_ms))
    if starts.size == 0:
        msg = "there is no pulse: onsets_ms is empty. Give at least one onset in ms."
        raise StimulusError(msg)
    if not (starts[0] >= 0 and starts[-1] + length <= n_steps):
        worst = starts[0] if starts[0] < 0 else starts[-1]
        msg = (
            f"a pulse of {pulse.duration_us:g} µs at {worst * dt_ms:g} ms does not lie inside the "
            f"sampled time of 0 to {n_steps * dt_ms:g} ms. Move the onset or lengthen the time."
        )
        raise StimulusError(msg)
    if np.any(np.diff(starts) < length):
        gap_us = float(np.min(np.diff(starts))) * dt_ms / MS_PER_US
        msg = (
            f"pulses of {pulse.duration_us:g} µs overlap: the closest onsets are {gap_us:g} µs apart. "
            "Lower the frequency or shorten the pulse."
        )
        raise StimulusError(msg)
    levels = np.zeros(n_steps)
    for start in starts.astype(np.int64):
        for first, last, level in edges:
            levels[start + first : start + last] = level
    return levels


def _is_whole(steps: float) -> bool:
    """Tell whether a number of steps is whole but for rounding."""
    return abs(steps - round(steps)) <= _STEP_TOLERANCE * max(1.0, steps)


def _step_message(pulse: Pulse, dt_ms: float) -> str:
    """Say that a pulse does not fit the time step, and which step would fit."""
    edges_us = [edge for phase in pulse.phases() for edge in (phase.start_us, phase.end_us)]
    in_ns = [round(edge * _NS_PER_US) for edge in edges_us]
    common_ns = math.gcd(*in_ns)
    n_parts = math.ceil(common_ns * MS_PER_US / _NS_PER_US / dt_ms) if common_ns else 0
    exact = all(
        abs(e * _NS_PER_US - n) <= _STEP_TOLERANCE for e, n in zip(edges_us, in_ns, strict=True)
    )
    if exact and 0 < n_parts <= _FINEST_SPLIT:
        advice = f"dt_ms = {common_ns * MS_PER_US / _NS_PER_US / n_parts:g} ms would fit."
    else:
        advice = "Round the phases to whole steps."
    text = ", ".join(f"{edge:g}" for edge in sorted(set(edges_us)))
    return (
        f"the phases of the pulse begin and end at {text} µs; these are no whole numbers of steps of "
        f"dt_ms = {dt_ms:g} ms. {advice}"
    )
