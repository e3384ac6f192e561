"""What a picture of a plan shows: stages, what each takes from which, how often it runs and what that costs.

Plain data between `scsim.study`, which makes it, and `scsim.plots.plan_graph`, which draws it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PlanBox:
    """One stage of a plan.

    Attributes
    ----------
    name, title : str
        Short name, and what it gives.
    needs : tuple of str
        Stages whose outputs it takes.
    n_runs : int
        Distinct inputs.
    n_units : int
        Units of work at most; 0 where there is nothing to compute.
    n_finished : int
        Units that are read and not computed.
    n_batches : int
        Batches of the units.
    cpu_s : float
        Processor time expected, s.
    swept : tuple of (str, int)
        Swept keys that no stage before it depends on, by the names of their coordinates, and how many values each has; 0
        where their values do not multiply, as in lists of cases.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    n_runs: int
    n_units: int
    n_finished: int
    n_batches: int
    cpu_s: float
    swept: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PlanPicture:
    """A plan as it is drawn.

    Attributes
    ----------
    title : str
        Of the study.
    n_cases : int
    boxes : tuple of PlanBox
        In the order in which they run.
    cpu_s, wall_s : float
        Processor time at most, and time on the workers, s.
    workers : int
    """

    title: str
    n_cases: int
    boxes: tuple[PlanBox, ...]
    cpu_s: float
    wall_s: float
    workers: int


class Pictured(Protocol):
    """What can be drawn as a plan."""

    def picture(self) -> PlanPicture:
        """Give what a picture of it shows."""
