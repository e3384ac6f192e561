"""Interleaved programs: trains of pulses that take turns, each with contacts of its own.

One train is in `scsim.stimulus.train`; the contacts and amplitudes of the programs belong to the caller.
"""

import math
from collections.abc import Sequence

from scsim.errors import StimulusError
from scsim.stimulus.recharge import PassiveRecharge
from scsim.stimulus.segments import PulseShape
from scsim.stimulus.train import SAME_MS, PulseTrain, period_ms_of


def interleaved(
    pulses: Sequence[PulseShape],
    frequency_hz: float,
    *,
    n_pulses: int | None = None,
    duration_ms: float | None = None,
    onset_ms: float = 0.0,
    offsets_ms: Sequence[float] | None = None,
    recharge: PassiveRecharge | None = None,
) -> tuple[PulseTrain, ...]:
    """Make interleaved programs: trains of one rate that take turns.

    Each train belongs to a source of its own, with its own contacts and amplitude.

    Parameters
    ----------
    pulses : sequence of PulseShape
        The pulse of each program.
    frequency_hz : float
        Pulses per second of each program, Hz.
    n_pulses : int, optional
        Number of pulses of each program; this or `duration_ms`.
    duration_ms : float, optional
        Time within which the pulses of a program begin, ms.
    onset_ms : float
        Start of the period of the first program, ms.
    offsets_ms : sequence of float, optional
        Start of each program after `onset_ms`, ms; default the period divided evenly.
    recharge : PassiveRecharge, optional
        Of every program; it must end before the next program's pulse, so its length must be given.

    Returns
    -------
    tuple of PulseTrain
        One per program.

    Raises
    ------
    StimulusError
        If a number is out of range, or pulses of the programs, with their recharge, overlap.
    """
    period_ms = period_ms_of("frequency_hz", frequency_hz)
    if not pulses:
        msg = "there is no program: pulses is empty. Give one pulse per program."
        raise StimulusError(msg)
    if offsets_ms is None:
        offsets_ms = [k * period_ms / len(pulses) for k in range(len(pulses))]
    if len(offsets_ms) != len(pulses):
        msg = (
            f"offsets_ms has {len(offsets_ms)} values for {len(pulses)} programs: give one per program, "
            "or none to divide the period evenly."
        )
        raise StimulusError(msg)
    trains = tuple(
        PulseTrain.regular(
            pulse,
            frequency_hz,
            n_pulses=n_pulses,
            duration_ms=duration_ms,
            onset_ms=onset_ms + offset,
            recharge=recharge,
        )
        for pulse, offset in zip(pulses, offsets_ms, strict=True)
    )
    check_interleaved(trains)
    return trains


def check_interleaved(trains: Sequence[PulseTrain]) -> None:
    """Refuse programs of which two deliver current at a time.

    Parameters
    ----------
    trains : sequence of PulseTrain
        One per program.

    Raises
    ------
    StimulusError
        If a pulse with its recharge lasts into a pulse of another program.

    Notes
    -----
    Rounding the onsets to steps makes no overlap: all are rounded alike and pulses are whole numbers of
    steps.
    """
    busy: list[tuple[float, float, int]] = []
    for program, train in enumerate(trains, start=1):
        busy += [(start, end, program) for start, end in train.intervals_ms()]
    latest_end, latest_program = -math.inf, 0
    for start, end, program in sorted(busy):
        if latest_end > start + SAME_MS and program != latest_program:
            until = "without end" if math.isinf(latest_end) else f"until {latest_end:g} ms"
            msg = (
                f"program {program} delivers current from {start:g} ms while program {latest_program} does "
                f"{until}: interleaved programs take turns. Lower the frequency, shorten the pulses, move "
                "the offsets, or give recharge a shorter duration_us."
            )
            raise StimulusError(msg)
        if end > latest_end:
            latest_end, latest_program = end, program
