"""The search for one amplitude: what to try next, and what a trial says.

Every fiber walks on its own: from a first trial by growth or shrinking to a bracket, then by bisection. The
walk is fixed by the outcomes, so trials that may be needed soon can be run beforehand in lanes that
would be idle, without changing what is found. Running trials belongs to `threshold.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scsim.errors import Status
from scsim.kernels.layouts import BROKEN, FIRED, OPEN, SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class SearchRange:
    """Where and how finely is searched.

    Attributes
    ----------
    smallest_ma, largest_ma : float
        Range of amplitudes, mA.
    growth : float
        Factor between trials until there is a bracket.
    rtol : float
        Relative width of the final bracket.
    """

    smallest_ma: float
    largest_ma: float
    growth: float
    rtol: float


@dataclass(frozen=True)
class Bracket:
    """How far the search of one fiber has come.

    Attributes
    ----------
    amplitude_ma : float
        Next amplitude to try, mA; the last one tried once `is_decided`.
    lower_ma, upper_ma : float
        Largest amplitude seen silent and smallest seen to fire, mA; 0 and infinity where none was.
    was_open : bool
        Whether a trial has ended with a spike on its way: such a fiber is never called without threshold.
    lower_is_open : bool
        Whether that was so at `lower_ma`: then the bracket may hold no threshold.
    is_decided : bool
    status : Status
    """

    amplitude_ma: float
    lower_ma: float = 0.0
    upper_ma: float = float("inf")
    was_open: bool = False
    lower_is_open: bool = False
    is_decided: bool = False
    status: Status = Status.OK

    def after(self, outcome: int, within: SearchRange) -> Bracket:
        """Give the state after a trial at `amplitude_ma`.

        Parameters
        ----------
        outcome : int
            SILENT, FIRED, OPEN (undecided at the end of the window) or BROKEN (not finite).
        within : SearchRange

        Returns
        -------
        Bracket
        """
        tried = self.amplitude_ma
        if outcome == BROKEN:
            return replace(self, status=Status.NOT_FINITE, is_decided=True)
        if outcome == FIRED:
            status = Status.NOT_DECIDED if self.lower_is_open else Status.OK
            now = replace(self, upper_ma=tried, status=status)
        else:
            is_open = outcome == OPEN
            now = replace(
                self,
                lower_ma=tried,
                was_open=self.was_open or is_open,
                lower_is_open=is_open,
                status=Status.NOT_DECIDED if is_open else Status.OK,
            )
        if now.lower_ma > 0.0 and now.upper_ma < float("inf"):
            middle = 0.5 * (now.lower_ma + now.upper_ma)
            is_narrow = now.upper_ma - now.lower_ma < within.rtol * now.upper_ma
            # Two neighboring numbers have no middle.
            is_done = is_narrow or middle in (now.lower_ma, now.upper_ma)
            return replace(now, amplitude_ma=tried if is_done else middle, is_decided=is_done)
        return now._beyond(outcome, within)

    def _beyond(self, outcome: int, within: SearchRange) -> Bracket:
        """Go on where nothing has fired yet, or everything has."""
        now, tried = self, self.amplitude_ma
        if outcome == FIRED:
            if tried <= within.smallest_ma:
                return replace(now, status=Status.ACTIVE_AT_LOWER_BOUND, is_decided=True)
            return replace(now, amplitude_ma=max(tried / within.growth, within.smallest_ma))
        if tried >= within.largest_ma:
            status = Status.NOT_DECIDED if now.was_open else Status.NO_THRESHOLD_IN_RANGE
            return replace(now, status=status, is_decided=True)
        return replace(now, amplitude_ma=min(tried * within.growth, within.largest_ma))


def next_amplitudes(bracket: Bracket, n_most: int, within: SearchRange) -> list[float]:
    """Give the amplitude to try next, and those that may follow, nearest in time first.

    Parameters
    ----------
    bracket : Bracket
        Not decided.
    n_most : int
        How many amplitudes there is room for.
    within : SearchRange

    Returns
    -------
    list of float
        mA; the first one is needed, the others may be.
    """
    found: list[float] = []
    waiting = deque([bracket])
    while waiting and len(found) < n_most:
        state = waiting.popleft()
        if state.is_decided:
            continue
        if state.amplitude_ma not in found:
            found.append(state.amplitude_ma)
        waiting.extend(state.after(outcome, within) for outcome in (FIRED, SILENT))
    return found


def walk(bracket: Bracket, outcomes: Mapping[float, int], within: SearchRange) -> Bracket:
    """Follow a search as far as trials have been run.

    Parameters
    ----------
    bracket : Bracket
    outcomes : mapping
        Outcome of each amplitude tried, mA.
    within : SearchRange

    Returns
    -------
    Bracket
    """
    while not bracket.is_decided and bracket.amplitude_ma in outcomes:
        bracket = bracket.after(outcomes[bracket.amplitude_ma], within)
    return bracket
