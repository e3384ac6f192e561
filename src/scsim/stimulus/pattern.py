"""Patterns of pulses over time, as a config describes them.

One pulse is in `scsim.stimulus.pulse`. What a pattern does to fibers and circuits does not belong here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le

from scsim.stimulus.pulse import Pulse, Shape, shape_faults
from scsim.units import US_PER_S

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {"tonic": "equal pulses at one rate, without pause"}
)
"""Patterns and what they are."""


@dataclass(frozen=True, kw_only=True)
class StimulusSection:
    """The table ``[stimulus]`` of a config.

    Attributes
    ----------
    pattern : {"tonic"}
        ``tonic``: equal pulses at one rate, without pause.
    pulse_width_us : float
        Width of the first phase, µs; clinical values are 60 to 1000.
    amplitude_ma : float
        Size of the current, mA; how it is shared and with which sign stands in ``[montage]``.
    frequency_hz : float
        Pulses per second, Hz.
    shape : {"monophasic", "biphasic", "asymmetric"}
        ``monophasic``: one phase. ``biphasic``: two equal phases of opposite sign. ``asymmetric``: the
        second phase is ``recovery_ratio`` times as long and as many times lower.
    interphase_gap_us : float
        Time without current between the phases, µs.
    recovery_ratio : float
        See ``asymmetric``; 1 for the other shapes.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    pattern: Literal["tonic"] = "tonic"
    pulse_width_us: Annotated[float, Gt(0), Le(10_000)]
    amplitude_ma: Annotated[float, Gt(0), Le(100)]
    frequency_hz: Annotated[float, Gt(0), Le(1000)]
    shape: Shape = "monophasic"
    interphase_gap_us: Annotated[float, Ge(0)] = 0.0
    recovery_ratio: Annotated[float, Ge(1)] = 1.0


def stimulus_pulse(section: StimulusSection) -> Pulse:
    """Give the pulse that a config describes.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    Pulse

    Raises
    ------
    StimulusError
        If its settings do not go together.
    """
    return Pulse(
        pulse_width_us=section.pulse_width_us,
        shape=section.shape,
        interphase_gap_us=section.interphase_gap_us,
        recovery_ratio=section.recovery_ratio,
    )


def section_faults(section: StimulusSection) -> list[tuple[str, str]]:
    """Find settings that are each in range but do not go together.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    list of (str, str)
        Key within the section and message with value, what is allowed and what to do.
    """
    faults = shape_faults(section.shape, section.interphase_gap_us, section.recovery_ratio)
    if faults:
        return faults
    duration_us = stimulus_pulse(section).duration_us
    period_us = US_PER_S / section.frequency_hz
    if duration_us > period_us:
        message = (
            f"at {section.frequency_hz:g} Hz a pulse begins every {period_us:g} µs, but one lasts "
            f"{duration_us:g} µs; it must end before the next begins. Lower the frequency to "
            f"{US_PER_S / duration_us:g} Hz or less, or shorten the pulse."
        )
        faults.append(("frequency_hz", message))
    return faults
