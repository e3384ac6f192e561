"""Patterns of pulses over time, as a config describes them.

One pulse is in `scsim.stimulus.pulse`. What a pattern does to fibers and circuits does not belong here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le

from scsim.stimulus.pulse import Pulse, Shape, shape_faults
from scsim.stimulus.train import SAME_MS, PulseTrain
from scsim.units import MS_PER_S, MS_PER_US, US_PER_S

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tonic": "equal pulses at one rate, without pause",
        "burst": "groups of equal pulses at a high rate, with pauses between them",
        "kilohertz": "charge-balanced pulses at a rate of kilohertz, without pause",
    }
)
"""Patterns and what they are."""

BURST_KEYS: Final = ("pulses_per_burst", "intraburst_frequency_hz")
"""Keys that only bursts have, and need."""

_USUAL_BURST: Final[Mapping[str, str]] = MappingProxyType(
    {"pulses_per_burst": "5", "intraburst_frequency_hz": "500"}
)
"""A usual burst, for messages: five pulses at 500 Hz, 40 times per second."""

FASTEST_PULSES_HZ: Final = 1000.0
"""Highest rate of tonic pulses and of bursts, and lowest of the kilohertz pattern, Hz."""


@dataclass(frozen=True, kw_only=True)
class StimulusSection:
    """The table ``[stimulus]`` of a config.

    Attributes
    ----------
    pattern : {"tonic", "burst", "kilohertz"}
        ``tonic``: equal pulses at one rate, without pause. ``burst``: groups of pulses with pauses between
        them. ``kilohertz``: charge-balanced pulses at a rate of 1000 Hz or more.
    pulse_width_us : float
        Width of the first phase, µs; clinical values are 60 to 1000.
    amplitude_ma : float
        Size of the current, mA; how it is shared and with which sign stands in ``[montage]``.
    frequency_hz : float
        Pulses per second, Hz, up to 1000 (tonic), or 1000 and more (kilohertz); bursts per second (burst).
    pulses_per_burst : int or None
        Pulses of each burst; pattern ``burst`` only, which needs it. Clinical values are 3 to 5.
    intraburst_frequency_hz : float or None
        Pulses per second within a burst, Hz; pattern ``burst`` only, which needs it. The clinical value is 500.
    shape : {"monophasic", "biphasic", "asymmetric"}
        ``monophasic``: one phase. ``biphasic``: two equal phases of opposite sign. ``asymmetric``: the
        second phase is ``recovery_ratio`` times as long and as many times lower.
    interphase_gap_us : float
        Time without current between the phases, µs.
    recovery_ratio : float
        See ``asymmetric``; 1 for the other shapes.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    pattern: Literal["tonic", "burst", "kilohertz"] = "tonic"
    pulse_width_us: Annotated[float, Gt(0), Le(10_000)]
    amplitude_ma: Annotated[float, Gt(0), Le(100)]
    frequency_hz: Annotated[float, Gt(0), Le(50_000)]
    pulses_per_burst: Annotated[int, Ge(2), Le(100)] | None = None
    intraburst_frequency_hz: Annotated[float, Gt(0), Le(5000)] | None = None
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


def pulses_per_s(section: StimulusSection) -> float:
    """Give the mean number of pulses per second, 1/s.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    float
    """
    return section.frequency_hz * (section.pulses_per_burst or 1)


def burst_length_ms(section: StimulusSection) -> float:
    """Give the time from the first to the last pulse of a burst.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    float
        ms; 0 for the other patterns.
    """
    if section.pulses_per_burst is None or section.intraburst_frequency_hz is None:
        return 0.0
    return (section.pulses_per_burst - 1) * MS_PER_S / section.intraburst_frequency_hz


def volley_onsets_ms(section: StimulusSection, until_ms: float) -> tuple[float, ...]:
    """Give the times at which what repeats begins: a pulse, or the first of a burst.

    Parameters
    ----------
    section : StimulusSection
    until_ms : float
        End of the stimulation, which begins at 0, ms.

    Returns
    -------
    tuple of float
        From 0 to below the end, ms.
    """
    period_ms = MS_PER_S / section.frequency_hz
    count = max(0, math.ceil((until_ms - SAME_MS) / period_ms))
    return tuple(k * period_ms for k in range(count))


def stimulus_train(section: StimulusSection, n_volleys: int) -> PulseTrain:
    """Give the pulses of a config as a waveform.

    Parameters
    ----------
    section : StimulusSection
    n_volleys : int
        How many pulses, or bursts; the first one begins at 0.

    Returns
    -------
    PulseTrain

    Raises
    ------
    StimulusError
        If its settings do not go together.
    """
    pulse = stimulus_pulse(section)
    if section.pulses_per_burst is None or section.intraburst_frequency_hz is None:
        return PulseTrain.regular(pulse, section.frequency_hz, n_pulses=n_volleys)
    return PulseTrain.burst(
        pulse,
        section.frequency_hz,
        pulses_per_burst=section.pulses_per_burst,
        intraburst_frequency_hz=section.intraburst_frequency_hz,
        n_bursts=n_volleys,
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
    return faults or [*pattern_faults(section), *_time_faults(section)]


def pattern_faults(section: StimulusSection) -> list[tuple[str, str]]:
    """Find keys that do not go with the pattern.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    list of (str, str)
        As of `section_faults`.
    """
    faults: list[tuple[str, str]] = []
    is_burst = section.pattern == "burst"
    for key in BURST_KEYS:
        value = getattr(section, key)
        if is_burst and value is None:
            message = f"bursts need this key. Write, for example, {key} = {_USUAL_BURST[key]}."
            faults.append((key, message))
        elif not is_burst and value is not None:
            message = (
                f'{key} = {value:g}: the pattern "{section.pattern}" has no bursts. Remove the key, or write '
                'pattern = "burst".'
            )
            faults.append((key, message))
    if section.pattern == "kilohertz":
        if section.frequency_hz < FASTEST_PULSES_HZ:
            message = (
                f"the kilohertz pattern begins at {FASTEST_PULSES_HZ:g} Hz. Raise the frequency, or write "
                'pattern = "tonic".'
            )
            faults.append(("frequency_hz", message))
        if section.shape == "monophasic":
            message = (
                "pulses at kilohertz rates must be charge-balanced: without a second phase their charge would add "
                'up. Write shape = "biphasic".'
            )
            faults.append(("shape", message))
    elif section.frequency_hz > FASTEST_PULSES_HZ:
        what = "bursts" if is_burst else "tonic pulses"
        message = (
            f"{what} come at {FASTEST_PULSES_HZ:g} Hz or less. Lower the frequency, or write "
            'pattern = "kilohertz".'
        )
        faults.append(("frequency_hz", message))
    return faults


def _time_faults(section: StimulusSection) -> list[tuple[str, str]]:
    """Find pulses or bursts that do not end before the next begins."""
    duration_us = stimulus_pulse(section).duration_us
    within_hz = section.intraburst_frequency_hz
    if section.pattern != "burst":
        if duration_us <= US_PER_S / section.frequency_hz:
            return []
        return [("frequency_hz", _too_fast("a pulse", section.frequency_hz, duration_us))]
    if within_hz is None or section.pulses_per_burst is None:
        return []
    if duration_us > US_PER_S / within_hz:
        return [("intraburst_frequency_hz", _too_fast("a pulse", within_hz, duration_us))]
    length_us = burst_length_ms(section) / MS_PER_US + duration_us
    if length_us > US_PER_S / section.frequency_hz + SAME_MS / MS_PER_US:
        return [("frequency_hz", _too_fast("a burst", section.frequency_hz, length_us))]
    return []


def _too_fast(what: str, frequency_hz: float, duration_us: float) -> str:
    return (
        f"at {frequency_hz:g} Hz {what} begins every {US_PER_S / frequency_hz:g} µs, but one lasts "
        f"{duration_us:g} µs; it must end before the next begins. Lower the frequency to "
        f"{US_PER_S / duration_us:g} Hz or less, or shorten {'the pulse' if what == 'a pulse' else 'the burst'}."
    )
