"""How a study steps its fibers: scheme, precision, and the step that fits a pulse. The only place that says so.

The pulse itself belongs to `scsim.stimulus`, the solver to `scsim.fibers`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scsim.errors import StimulusError
from scsim.fibers.solver import Solver
from scsim.stimulus.waveform import is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scsim.stimulus.pulse import Pulse

STEPS_US: Final = (10.0, 5.0, 2.5)
"""Steps that a study may take, µs. Few and each half of the one before, so that every one divides what the next
coarser one divides, and pulses of nearly equal width are stepped alike."""

STUDY_SOLVER: Final = Solver(scheme="second_order", dt_us=max(STEPS_US))
"""Solver of every study, but for the step, which the pulse may need shorter."""

FINEST_US: Final = min(STEPS_US)
"""Times of a pulse are multiples of this, µs."""


def fits(time_us: float, step_us: float = FINEST_US) -> bool:
    """Tell whether a time is a whole number of steps, and not so short that it would be none.

    Parameters
    ----------
    time_us : float
        Time, µs.
    step_us : float
        Step, µs.

    Returns
    -------
    bool
    """
    steps = time_us / step_us
    return is_whole(steps) and (round(steps) > 0 or time_us == 0.0)


def study_solver(pulse: Pulse) -> Solver:
    """Choose the solver of a study: `STUDY_SOLVER` with the largest step that fits the pulse.

    Parameters
    ----------
    pulse : Pulse

    Returns
    -------
    Solver

    Raises
    ------
    StimulusError
        If a phase does not begin and end on multiples of the finest step.

    Notes
    -----
    Checked by ``tests/unit/test_study_solver.py``.
    """
    times_us = [time for phase in pulse.phases() for time in (phase.start_us, phase.end_us)]
    return replace(STUDY_SOLVER, dt_us=_largest_step_us(times_us))


def _largest_step_us(times_us: Iterable[float]) -> float:
    times = tuple(times_us)
    for step_us in STEPS_US:
        if all(fits(time, step_us) for time in times):
            return step_us
    odd = ", ".join(f"{time:g}" for time in times if not fits(time))
    message = (
        f"the phases of the pulse begin or end at {odd} µs: the fibers of a study take steps of at least "
        f"{FINEST_US:g} µs; round widths and gap to multiples of {FINEST_US:g} µs."
    )
    raise StimulusError(message)
