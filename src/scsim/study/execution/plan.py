"""Cases → runs: which stages a study needs, every distinct input of each stage once, and in how many batches.

A plan follows from the config alone. Merging of runs whose inputs turn out equal (two amplitudes that
recruit the same fibers) happens when the study runs, in ``schedule.py``, so numbers of runs and units are those at
most; physics is in the rooms, what a plan costs in ``cost.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from scsim.results.schema import select_datasets
from scsim.study.stages.stage import Stage
from scsim.study.stages.table import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from scsim.study.config import Axis, Case, Study, StudyConfig

CASE_DIMENSION: Final = "case"
"""The one dimension of studies that are not a grid."""

_LARGEST_CODE: Final = 2**62
"""Codes of several keys are folded into one 64-bit integer while they stay below this."""


class RunCases(Sequence["Case"]):
    """The first case of each run, found by its place: a million runs need no list of their own.

    Parameters
    ----------
    cases : tuple of Case
        Of the study.
    places : ndarray of int64, shape (n_runs,)
        Places among them.
    """

    def __init__(self, cases: tuple[Case, ...], places: NDArray[np.int64]) -> None:
        self._cases = cases
        self._places = places

    def __len__(self) -> int:
        """Count the runs."""
        return int(self._places.size)

    @overload
    def __getitem__(self, run: int) -> Case: ...
    @overload
    def __getitem__(self, run: slice) -> RunCases: ...
    def __getitem__(self, run: int | slice) -> Case | RunCases:
        """Give the first case of a run, or those of several."""
        if isinstance(run, slice):
            return RunCases(self._cases, self._places[run])
        return self._cases[self._places[run]]

    def __iter__(self) -> Iterator[Case]:
        """Give the first case of each run."""
        return map(self._cases.__getitem__, self._places.tolist())


@dataclass(frozen=True)
class StagePlan:
    """The runs of one stage.

    Attributes
    ----------
    stage : Stage
    axes : tuple of Axis
        Swept keys that the stage depends on, itself or through the stages it needs.
    dims : tuple of str
        Dimensions that its datasets get from the sweep.
    run_cases : sequence of Case
        For each run, the first case that needs it.
    run_places : ndarray of int64, shape (n_runs,)
        Place of that case among the cases of the study.
    run_of_case : ndarray of int64, shape (n_cases,)
        The run that each case uses, cases in the order of the study.
    codes : ndarray of int32, shape (n_cases, n_dims)
        Where each case lies along `dims`.
    alike : tuple of (Case, int)
        Runs that cost the same, as one case that stands for them and their number.
    n_shared : int
        Distinct units at most that its runs share with those of another stage of its family, which is left out of
        the plan or comes later; 0 where each unit is of one run.
    """

    stage: Stage
    axes: tuple[Axis, ...]
    dims: tuple[str, ...]
    run_cases: Sequence[Case]
    run_places: NDArray[np.int64]
    run_of_case: NDArray[np.int64]
    codes: NDArray[np.int32]
    alike: tuple[tuple[Case, int], ...]
    n_shared: int = 0

    @property
    def n_runs(self) -> int:
        """Number of distinct inputs."""
        return len(self.run_cases)

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where each run lies along `dims`, shape (n_runs, n_dims); no columns where it has none."""
        return self.codes[self.run_places].astype(np.int64)

    @cached_property
    def n_units(self) -> int:
        """At most this many units of work: runs split into what a kernel takes at once."""
        return sum(self.stage.count_units(case.config) * number for case, number in self.alike)
