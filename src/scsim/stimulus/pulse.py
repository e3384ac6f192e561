"""The rectangular pulse: its phases, the gap between them, and its samples in time.

The level is +1 in the first phase, always; polarity lives in the montage. Pulses of other shapes are in
`scsim.stimulus.shapes`, trains in `scsim.stimulus.train`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.stimulus.segments import PulseShape, Segment
from scsim.stimulus.train import PulseTrain
from scsim.stimulus.waveform import check_grid, require_whole_steps, to_steps
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
class Pulse(PulseShape):
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
        check_phases(self.pulse_width_us, self.shape, self.interphase_gap_us, self.recovery_ratio)

    def phases(self) -> tuple[Phase, ...]:
        """Give the phases in time order, the first from 0; a gap is no phase."""
        width, ratio = self.pulse_width_us, self.recovery_ratio
        first = Phase(0.0, width, 1.0)
        if self.shape == "monophasic":
            return (first,)
        start = width + self.interphase_gap_us
        return (first, Phase(start, start + width * ratio, -1.0 / ratio))

    def segments(self) -> tuple[Segment, ...]:
        """Give the phases as stretches of constant level."""
        return tuple(Segment(p.start_us, p.end_us, p.level, p.level) for p in self.phases())


def check_phases(
    pulse_width_us: float, shape: str, interphase_gap_us: float, recovery_ratio: float
) -> None:
    """Refuse numbers that are out of range or do not go with the shape.

    Parameters
    ----------
    pulse_width_us : float
        Width of the first phase, µs.
    shape : str
        See `SHAPES`.
    interphase_gap_us : float
        µs.
    recovery_ratio : float
        No unit.

    Raises
    ------
    StimulusError
        As said.
    """
    if not (math.isfinite(pulse_width_us) and pulse_width_us > 0.0):
        msg = (
            f"pulse_width_us = {pulse_width_us:g} µs: a pulse width must be positive and "
            "finite; typical values are 60 to 1000 µs. Choose one of these."
        )
        raise StimulusError(msg)
    if shape not in SHAPES:
        msg = f"shape = {shape!r}: shapes are {', '.join(SHAPES)}. Choose one of these."
        raise StimulusError(msg)
    if not (math.isfinite(interphase_gap_us) and interphase_gap_us >= 0.0):
        msg = (
            f"interphase_gap_us = {interphase_gap_us:g} µs: a gap must be 0 or more, and "
            "finite; typical values are 0 to 100 µs. Choose one of these."
        )
        raise StimulusError(msg)
    if not (math.isfinite(recovery_ratio) and recovery_ratio >= 1.0):
        msg = (
            f"recovery_ratio = {recovery_ratio:g}: the ratio must be 1 or more, and finite; "
            "typical values are 4 to 10. Choose one of these."
        )
        raise StimulusError(msg)
    for _, message in shape_faults(shape, interphase_gap_us, recovery_ratio):
        raise StimulusError(message)


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
    check_grid(dt_ms, n_steps)
    edges_us = [time for phase in pulse.phases() for time in (phase.start_us, phase.end_us)]
    require_whole_steps("the phases of the pulse begin and end at", edges_us, dt_ms)
    onsets = np.sort(np.asarray(onsets_ms, dtype=np.float64).ravel())
    length = round(pulse.duration_us * MS_PER_US / dt_ms)
    for onset in onsets[[0, -1]] if onsets.size else ():
        if not 0 <= to_steps(onset, dt_ms) <= n_steps - length:
            msg = (
                f"a pulse of {pulse.duration_us:g} µs at {onset:g} ms does not lie inside the "
                f"sampled time of 0 to {n_steps * dt_ms:g} ms. Move the onset or lengthen the time."
            )
            raise StimulusError(msg)
    return PulseTrain(pulse, tuple(onsets.tolist())).sample(dt_ms, n_steps).levels
