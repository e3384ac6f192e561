"""What a validation found: checks, cases and the report over all of them.

Drawing on a terminal belongs to the command line; how a case is run belongs to its room's file.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from scsim.validate.tolerances import TOLERANCES


class Outcome(StrEnum):
    """How a case ended."""

    HOLDS = "holds"
    OUTSIDE = "outside"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Check:
    """One measured quantity of a case.

    Attributes
    ----------
    quantity : str
        A key of `scsim.validate.tolerances.TOLERANCES`.
    error : float
        Size of the error in `unit`; NaN where nothing could be measured, which does not hold.
    limit : float
        Largest error that holds, in `unit`.
    unit : str
        Unit of both; ``"1"`` for relative errors.
    where : str
        Part of the case in which this error was found, such as a line; empty where there is one part.
    """

    quantity: str
    error: float
    limit: float
    unit: str
    where: str = ""

    @property
    def is_held(self) -> bool:
        """Whether the error is a number within the limit."""
        return self.error <= self.limit

    @property
    def ratio(self) -> float:
        """Error over limit, infinite for NaN."""
        return math.inf if math.isnan(self.error) else self.error / self.limit


def measure(quantity: str, error: float, where: str = "") -> Check:
    """Hold an error against the tolerance of its quantity.

    Parameters
    ----------
    quantity : str
        A key of `scsim.validate.tolerances.TOLERANCES`.
    error : float
        In the unit of the tolerance, of either sign.
    where : str
        Part of the case in which it was found.

    Returns
    -------
    Check
    """
    bar = TOLERANCES[quantity]
    return Check(quantity, abs(float(error)), bar.limit, bar.unit, where)


@dataclass(frozen=True)
class Case:
    """One reference case.

    Attributes
    ----------
    name : str
        Its name in the file.
    file : str
        Name of the file.
    checks : tuple of Check
        What was measured; empty for a case that was not run.
    reason : str
        Why it was not run, or what to know of its outcome; may be empty for a case that was run.
    """

    name: str
    file: str
    checks: tuple[Check, ...] = ()
    reason: str = ""

    @property
    def outcome(self) -> Outcome:
        """Holds if every check holds."""
        if not self.checks:
            return Outcome.NOT_RUN
        return Outcome.HOLDS if all(check.is_held for check in self.checks) else Outcome.OUTSIDE

    @property
    def worst(self) -> Check | None:
        """The check nearest to its limit or farthest outside, None for a case that was not run."""
        return max(self.checks, key=lambda check: check.ratio, default=None)


@dataclass(frozen=True)
class InputFile:
    """A file that is read or passed over, and is no case.

    Attributes
    ----------
    file : str
        Its name.
    why : str
        What it is for.
    """

    file: str
    why: str


@dataclass(frozen=True)
class Report:
    """All cases of a room, in the order of their files.

    Attributes
    ----------
    room : str
        ``"fibers"``, ``"field"`` or ``"circuit"``.
    cases : tuple of Case
        The cases.
    inputs : tuple of InputFile
        Files that are named and not counted.
    """

    room: str
    cases: tuple[Case, ...]
    inputs: tuple[InputFile, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Count the cases with an outcome."""
        return sum(case.outcome is outcome for case in self.cases)

    @property
    def is_good(self) -> bool:
        """Whether every case was run and holds."""
        return all(case.outcome is Outcome.HOLDS for case in self.cases)

    def worst(self) -> dict[str, tuple[str, Check]]:
        """Find the worst check of each quantity.

        Returns
        -------
        dict of str to (str, Check)
            Quantity, and the name of the case (with the part of it) and the check with the largest error
            over limit.
        """
        found: dict[str, list[tuple[str, Check]]] = defaultdict(list)
        for case in self.cases:
            for check in case.checks:
                name = f"{case.name}, {check.where}" if check.where else case.name
                found[check.quantity].append((name, check))
        return {
            quantity: max(checks, key=lambda item: item[1].ratio)
            for quantity, checks in found.items()
        }


def closing_line(reports: tuple[Report, ...]) -> str:
    """Say how many cases hold, lie outside or were not run.

    Parameters
    ----------
    reports : tuple of Report
        One for each room.

    Returns
    -------
    str
        ``N cases: a hold, b outside, c not run``.
    """
    counts = [sum(report.count(outcome) for report in reports) for outcome in Outcome]
    total = sum(len(report.cases) for report in reports)
    return f"{total} cases: {counts[0]} hold, {counts[1]} outside, {counts[2]} not run"
