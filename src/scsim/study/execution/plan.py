"""Cases → runs: which stages a study needs, and every distinct input of each stage once.

A plan follows from the config alone. Merging of runs whose inputs turn out equal (two amplitudes that
recruit the same fibers) happens when the study runs, in ``run.py``; physics is in the rooms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.results.schema import select_datasets
from scsim.study.stages.stage import Stage
from scsim.study.stages.table import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import Axis, Case, Study, StudyConfig

CASE_DIMENSION: Final = "case"
"""The one dimension of studies that are not a grid."""


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
    run_cases : tuple of Case
        For each run, the first case that needs it.
    run_places : ndarray of int64, shape (n_runs,)
        Place of that case among the cases of the study.
    run_of_case : ndarray of int64, shape (n_cases,)
        The run that each case uses, cases in the order of the study.
    positions : ndarray of int64, shape (n_runs, n_dims)
        Where each run lies along `dims`; empty columns where it has none.
    """

    stage: Stage
    axes: tuple[Axis, ...]
    dims: tuple[str, ...]
    run_cases: tuple[Case, ...]
    run_places: NDArray[np.int64]
    run_of_case: NDArray[np.int64]
    positions: NDArray[np.int64]

    @property
    def n_runs(self) -> int:
        """Number of distinct inputs."""
        return len(self.run_cases)

    @property
    def n_units(self) -> int:
        """At most this many units of work: runs split into what a kernel takes at once."""
        return sum(self.stage.count_units(case.config) for case in self.run_cases)

    @property
    def expected_s(self) -> float:
        """Processor time that the runs are expected to take at most, s; 0 where it is not worth telling."""
        seconds = self.stage.seconds
        return 0.0 if seconds is None else sum(seconds(case.config) for case in self.run_cases)


@dataclass(frozen=True)
class Plan:
    """All runs of a study.

    Attributes
    ----------
    study : Study
    stages : tuple of StagePlan
        Those that the saved datasets need, in the order in which they run.
    """

    study: Study
    stages: tuple[StagePlan, ...]

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.study.cases)

    def __getitem__(self, name: str) -> StagePlan:
        """Give the plan of a stage by its name."""
        return next(planned for planned in self.stages if planned.stage.name == name)

    def __repr__(self) -> str:
        lines = [f"Plan: {self.n_cases} cases"]
        for planned in self.stages:
            at_most = "" if planned.stage.distinct is not None else "at most "
            runs = "1 run" if planned.n_runs == 1 else f"{at_most}{planned.n_runs} runs"
            over = f" over {', '.join(planned.dims)}" if planned.dims else " for all cases"
            lines.append(f"  {planned.stage.name}: {runs}{over}")
        return "\n".join(lines)


def make_plan(study: Study, stages: Sequence[Stage] = STAGES) -> Plan:
    """Work out which runs of which stages a study needs.

    Parameters
    ----------
    study : Study
    stages : sequence of Stage
        In the order in which they can run.

    Returns
    -------
    Plan
    """
    wanted = needed_stages((data.stage for data in select_datasets(_saved(study))), stages)
    keys = _transitive_keys(stages)
    return Plan(
        study,
        tuple(
            _plan_stage(study, stage, keys[stage.name]) for stage in stages if stage.name in wanted
        ),
    )


def needed_stages(names: Iterable[str], stages: Sequence[Stage]) -> frozenset[str]:
    """Give some stages and all that they need.

    Parameters
    ----------
    names : iterable of str
    stages : sequence of Stage
        In the order in which they can run.

    Returns
    -------
    frozenset of str
    """
    wanted = set(names)
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted.update(stage.needs)
    return frozenset(wanted)


def _saved(study: Study) -> tuple[str, ...]:
    return study.cases[0].config.output.save


def _transitive_keys(stages: Sequence[Stage]) -> dict[str, frozenset[str]]:
    keys: dict[str, frozenset[str]] = {}
    for stage in stages:
        keys[stage.name] = frozenset(stage.keys).union(*(keys[name] for name in stage.needs))
    return keys


def _touches(swept: str, key: str) -> bool:
    """Whether a swept key is a key that a stage reads, lies inside it, or holds it."""
    return swept == key or swept.startswith(f"{key}.") or key.startswith(f"{swept}.")


def _plan_stage(study: Study, stage: Stage, keys: frozenset[str]) -> StagePlan:
    chosen = [
        index
        for index, axis in enumerate(study.axes)
        if any(_touches(axis.key, key) for key in keys)
    ]
    axes = tuple(study.axes[index] for index in chosen)
    codes = _codes(study, chosen)
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    if stage.distinct is not None:
        first, inverse = _merged(study, stage.distinct, first, inverse.reshape(-1))
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    places = first[order].astype(np.int64)
    run_cases = tuple(study.cases[place] for place in places)
    if study.mode == "grid":
        dims = tuple(axis.name for axis in axes)
        positions = codes[places]
    elif axes:
        dims = (CASE_DIMENSION,)
        positions = np.array([[case.index] for case in run_cases], dtype=np.int64)
    else:
        dims = ()
        positions = np.empty((1, 0), dtype=np.int64)
    return StagePlan(stage, axes, dims, run_cases, places, rank[inverse.reshape(-1)], positions)


def _merged(
    study: Study,
    distinct: Callable[[StudyConfig], str],
    first: NDArray[np.int64],
    row_of_case: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join rows of keys whose inputs are equal all the same: first case of each row, and row of each case."""
    names = [distinct(study.cases[place].config) for place in first]
    _, joined = np.unique(names, return_inverse=True)
    new_row = joined.reshape(-1)
    new_first = np.array([first[new_row == row].min() for row in range(new_row.max() + 1)])
    return new_first, new_row[row_of_case]


def _codes(study: Study, chosen: Sequence[int]) -> NDArray[np.int64]:
    """Turn the values of some swept keys into numbers: equal rows are equal inputs, shape (n_cases, n_keys)."""
    n_cases = len(study.cases)
    if study.mode == "grid":
        table = [[case.axis_index[index] for index in chosen] for case in study.cases]
        return np.array(table, dtype=np.int64).reshape(n_cases, len(chosen))
    codes = np.empty((n_cases, len(chosen)), dtype=np.int64)
    for column, index in enumerate(chosen):
        seen: dict[Any, int] = {}
        key = study.axes[index].key
        codes[:, column] = [seen.setdefault(case.values[key], len(seen)) for case in study.cases]
    return codes
