"""Pulses that are not rectangular: with ramps, and exponential.

Their second phase, if any, is the first one turned over, `recovery_ratio` times as long and as many
times lower. The rectangular pulse is in `scsim.stimulus.pulse`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from scsim.errors import StimulusError
from scsim.stimulus.pulse import Shape, check_phases
from scsim.stimulus.segments import PulseShape, Segment

Direction = Literal["rising", "falling"]

DIRECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rising": "grows exponentially and reaches 1 at its end",
        "falling": "begins at 1 and decays exponentially",
    }
)
"""Directions of an exponential pulse and what they are."""

_SAME_US: Final = 1e-9
"""Times nearer than this count as equal (µs): rounding of decimal fractions."""


@dataclass(frozen=True)
class TrapezoidPulse(PulseShape):
    """A pulse with linear rise and fall.

    With a rise as long as the phase it is a rising ramp, with a fall as long as the phase a falling one,
    and a triangle if both share the phase.

    Attributes
    ----------
    pulse_width_us : float
        Width of the first phase with its rise and fall, µs.
    rise_us, fall_us : float
        Time from 0 to the full level and back, µs; 0 for a jump.
    shape, interphase_gap_us, recovery_ratio
        As in `scsim.Pulse`.

    Raises
    ------
    StimulusError
        If a number is out of range, or the ramps are longer than the phase.
    """

    pulse_width_us: float
    rise_us: float = 0.0
    fall_us: float = 0.0
    shape: Shape = "monophasic"
    interphase_gap_us: float = 0.0
    recovery_ratio: float = 1.0

    def __post_init__(self) -> None:
        check_phases(self.pulse_width_us, self.shape, self.interphase_gap_us, self.recovery_ratio)
        for name, value in (("rise_us", self.rise_us), ("fall_us", self.fall_us)):
            if not (math.isfinite(value) and value >= 0.0):
                msg = (
                    f"{name} = {value:g} µs: a ramp must be 0 or more, and finite. "
                    "Choose 0 for a jump."
                )
                raise StimulusError(msg)
        if self._plateau_us < 0.0:
            msg = (
                f"rise_us = {self.rise_us:g} µs and fall_us = {self.fall_us:g} µs are longer than the "
                f"phase of pulse_width_us = {self.pulse_width_us:g} µs, which holds both. "
                "Shorten them or widen the pulse."
            )
            raise StimulusError(msg)

    @property
    def _plateau_us(self) -> float:
        """Time at the full level, µs; exactly 0 where only rounding is left."""
        plateau = self.pulse_width_us - self.rise_us - self.fall_us
        return 0.0 if abs(plateau) <= _SAME_US else plateau

    def segments(self) -> tuple[Segment, ...]:
        """Give rise, plateau and fall of each phase."""
        fall_start = self.pulse_width_us - self.fall_us if self._plateau_us else self.rise_us
        parts = (
            (self.rise_us, Segment(0.0, self.rise_us, 0.0, 1.0)),
            (self._plateau_us, Segment(self.rise_us, fall_start, 1.0, 1.0)),
            (self.fall_us, Segment(fall_start, self.pulse_width_us, 1.0, 0.0)),
        )
        phase = tuple(part for length, part in parts if length > 0.0)
        return _with_recovery(phase, self.shape, self.interphase_gap_us, self.recovery_ratio)


@dataclass(frozen=True)
class ExponentialPulse(PulseShape):
    """A pulse whose level grows or decays exponentially; its largest level is 1.

    Attributes
    ----------
    pulse_width_us : float
        Width of the first phase, µs.
    tau_us : float
        Time constant, µs.
    direction : {"rising", "falling"}
        See `DIRECTIONS`.
    shape, interphase_gap_us, recovery_ratio
        As in `scsim.Pulse`; the second phase has the time constant times the ratio.

    Raises
    ------
    StimulusError
        If a number is out of range.

    References
    ----------
    Wongsarnpigoon and Grill (2010), doi:10.1088/1741-2560/7/4/046009, compare these and other shapes.
    """

    pulse_width_us: float
    tau_us: float
    direction: Direction = "falling"
    shape: Shape = "monophasic"
    interphase_gap_us: float = 0.0
    recovery_ratio: float = 1.0

    def __post_init__(self) -> None:
        check_phases(self.pulse_width_us, self.shape, self.interphase_gap_us, self.recovery_ratio)
        if not (math.isfinite(self.tau_us) and self.tau_us > 0.0):
            msg = (
                f"tau_us = {self.tau_us:g} µs: a time constant must be positive and finite. "
                "Choose about the width of the pulse, or a rectangular pulse."
            )
            raise StimulusError(msg)
        if self.direction not in DIRECTIONS:
            msg = f"direction = {self.direction!r}: directions are {', '.join(DIRECTIONS)}. Choose one of these."
            raise StimulusError(msg)

    def segments(self) -> tuple[Segment, ...]:
        """Give each phase."""
        width, tau = self.pulse_width_us, self.tau_us
        least = math.exp(-width / tau)
        if self.direction == "falling":
            phase = Segment(0.0, width, 1.0, least, tau)
        else:
            phase = Segment(0.0, width, least, 1.0, -tau)
        return _with_recovery((phase,), self.shape, self.interphase_gap_us, self.recovery_ratio)


def _with_recovery(
    phase: tuple[Segment, ...], shape: str, interphase_gap_us: float, recovery_ratio: float
) -> tuple[Segment, ...]:
    """Add the second phase: the first turned over, longer and lower by the ratio."""
    if shape == "monophasic":
        return phase
    start = phase[-1].end_us + interphase_gap_us
    second = tuple(
        Segment(
            start + part.start_us * recovery_ratio,
            start + part.end_us * recovery_ratio,
            -part.start_level / recovery_ratio,
            -part.end_level / recovery_ratio,
            None if part.tau_us is None else part.tau_us * recovery_ratio,
        )
        for part in phase
    )
    return phase + second
