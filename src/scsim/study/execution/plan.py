"""Cases → runs: which stages a study needs, every distinct input of each stage once, and in how many batches.

A plan follows from the config alone. Merging of runs whose inputs turn out equal (two amplitudes that
recruit the same fibers) happens when the study runs, in ``schedule.py``, so numbers of runs and units are those at
most; physics is in the rooms, what a plan costs in ``cost.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from scsim.results.schema import select_datasets
from scsim.study.config import lookup
from scsim.study.stages.stage import Stage, one_unit
from scsim.study.stages.table import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from numpy.typing import NDArray

    from scsim.results.plan_picture import PlanPicture
    from scsim.study.config import Axis, Case, Study, StudyConfig

CASE_DIMENSION: Final = "case"
"""The one dimension of studies that are not a grid."""

FEW_BATCHES: Final = 4
"""Batches that the units of a stage are parted into, if they suffice to fill the lanes of each."""

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
        return self._cases[int(self._places[run])]

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
    n_distinct : int
        Units that it computes at most: those that runs share counted once, those of an earlier stage of its family not
        at all.
    """

    stage: Stage
    axes: tuple[Axis, ...]
    dims: tuple[str, ...]
    run_cases: Sequence[Case]
    run_places: NDArray[np.int64]
    run_of_case: NDArray[np.int64]
    codes: NDArray[np.int32]
    alike: tuple[tuple[Case, int], ...]
    n_distinct: int

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

    @property
    def batch_size(self) -> int:
        """Units in a full batch, if no units merge."""
        return size_of_batches(self.stage, self.n_distinct)

    @property
    def n_batches(self) -> int:
        """Batches at most: they follow from the plan alone, so that neither workers nor memory change a result."""
        return -(-self.n_distinct // self.batch_size)


def size_of_batches(stage: Stage, n_units: int, batch_size: int | None = None) -> int:
    """Give the units in a batch: fewer where they would be too few for several batches.

    Parameters
    ----------
    stage : Stage
    n_units : int
        Distinct units that are to be computed.
    batch_size : int, optional
        In place of the stage's own number.

    Returns
    -------
    int
        At least 1.
    """
    largest = batch_size or stage.batch_size
    if not stage.least_batch or batch_size is not None:
        return largest
    lanes = max(1, -(-n_units // (stage.least_batch * FEW_BATCHES))) * stage.least_batch
    return min(largest, lanes)


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

    def picture(self, workers: int | None = None) -> PlanPicture:
        """Give what a picture of the plan shows, with the costs on this machine, for `scsim.plots.plan_graph`.

        Parameters
        ----------
        workers : int, optional
            Default: one per processor.

        Returns
        -------
        PlanPicture
        """
        # What a plan costs builds on plans.
        from scsim.study.execution.cost import estimate_cost  # noqa: PLC0415
        from scsim.study.execution.graph import plan_picture  # noqa: PLC0415
        from scsim.study.execution.rates import load_rates  # noqa: PLC0415

        return plan_picture(self, estimate_cost(self, workers=workers, rates=load_rates()))

    def __repr__(self) -> str:
        """One line per stage: runs, what they are for, distinct units and batches, all at most."""
        lines = [f"Plan: {self.n_cases} cases ({self.study.mode})"]
        for planned in self.stages:
            at_most = (
                "" if planned.n_runs == 1 or planned.stage.distinct is not None else "at most "
            )
            lines.append(
                f"  {planned.stage.name}: {at_most}{_counted(planned.n_runs, 'run')}"
                f"{_over(planned.dims)}, {_counted(planned.n_distinct, 'unit')}"
                f" in {_counted(planned.n_batches, 'batch', 'batches')}"
            )
        return "\n".join(lines)


def _over(dims: tuple[str, ...]) -> str:
    return f" over {', '.join(dims)}" if dims else " for all cases"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def make_plan(study: Study, stages: Sequence[Stage] = STAGES) -> Plan:
    """Work out which runs of which stages a study needs.

    Parameters
    ----------
    study : Study
        From `scsim.load`.
    stages : sequence of Stage
        In the order in which they can run.

    Returns
    -------
    Plan
        Prints as a list of its stages.
    """
    wanted = needed_stages((data.stage for data in select_datasets(_saved(study))), stages)
    keys = _transitive_keys(stages)
    by_name = {stage.name: stage for stage in stages}
    codes = _axis_codes(study)
    planned: list[StagePlan] = []
    families: set[str] = set()
    for stage in stages:
        if stage.name not in wanted:
            continue
        one = _plan_stage(study, stage, keys[stage.name], codes)
        if stage.family in families:
            one = replace(one, n_distinct=0)
        elif stage.units_of:
            other = by_name[stage.units_of]
            shared = _plan_stage(study, other, keys[other.name], codes)
            own = sum(
                (stage.count_units(case.config) - other.count_units(case.config)) * number
                for case, number in one.alike
            )
            one = replace(one, n_distinct=own + shared.n_units)
        if stage.family:
            families.add(stage.family)
        planned.append(one)
    return Plan(study, tuple(planned))


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


def _touched(study: Study, keys: Iterable[str]) -> list[int]:
    """Give the places of the swept keys that touch some keys."""
    wanted = tuple(keys)
    return [
        index
        for index, axis in enumerate(study.axes)
        if any(_touches(axis.key, key) for key in wanted)
    ]


def _plan_stage(
    study: Study, stage: Stage, keys: frozenset[str], codes: NDArray[np.int32]
) -> StagePlan:
    chosen = _touched(study, keys)
    axes = tuple(study.axes[index] for index in chosen)
    first, run_of_case = _distinct_rows(codes, chosen)
    if stage.distinct is not None:
        first, run_of_case = _merged(study, stage.distinct, first, run_of_case)
    if study.mode == "grid":
        dims, along = tuple(axis.name for axis in axes), chosen
    else:
        dims, along = ((CASE_DIMENSION,), [len(study.axes)]) if axes else ((), [])
    alike = _alike(study, stage, codes, first)
    return StagePlan(
        stage=stage,
        axes=axes,
        dims=dims,
        run_cases=RunCases(study.cases, first),
        run_places=first,
        run_of_case=run_of_case,
        codes=codes[:, along],
        alike=alike,
        n_distinct=sum(stage.count_units(case.config) * number for case, number in alike),
    )


def _alike(
    study: Study, stage: Stage, codes: NDArray[np.int32], places: NDArray[np.int64]
) -> tuple[tuple[Case, int], ...]:
    """Put runs together that agree in every key that their cost may depend on."""
    keys = stage.keys if stage.cost_keys is None else stage.cost_keys
    if stage.count_units is one_unit and stage.seconds is None:
        keys = ()
    first, group = _distinct_rows(codes[places], _touched(study, keys))
    numbers = np.bincount(group, minlength=first.size)
    return tuple(
        (study.cases[place], number)
        for place, number in zip(places[first].tolist(), numbers.tolist(), strict=True)
    )


def _merged(
    study: Study,
    distinct: Callable[[StudyConfig], Hashable],
    first: NDArray[np.int64],
    row_of_case: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join rows of keys whose inputs are equal all the same: first case of each row, and row of each case."""
    seen: dict[Hashable, int] = {}
    new_row = np.array(
        [
            seen.setdefault(distinct(study.cases[place].config), len(seen))
            for place in first.tolist()
        ],
        dtype=np.int64,
    )
    # Rows are in the order of their first cases, so the first row of a name has its first case.
    _, first_row = np.unique(new_row, return_index=True)
    return first[first_row], new_row[row_of_case]


def _distinct_rows(
    codes: NDArray[np.int32], columns: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find equal rows in some columns: place of the first of each kind, in rising order, and the kind of each row."""
    folded = np.zeros(len(codes), dtype=np.int64)
    n_codes = 1
    for column in columns:
        n_values = int(codes[:, column].max(initial=0)) + 1
        if n_codes * n_values >= _LARGEST_CODE:
            kinds, folded = np.unique(folded, return_inverse=True)
            n_codes = kinds.size
        folded = folded * n_values + codes[:, column]
        n_codes *= n_values
    _, first, inverse = np.unique(folded, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order].astype(np.int64), rank[inverse.reshape(-1)].astype(np.int64)


def _axis_codes(study: Study) -> NDArray[np.int32]:
    """Turn the values of all swept keys into numbers, equal ones for equal values, shape (n_cases, n_keys + 1).

    The last column is the number of the case.
    """
    codes = np.empty((len(study.cases), len(study.axes) + 1), dtype=np.int32)
    codes[:, -1] = np.fromiter((case.index for case in study.cases), np.int32, len(study.cases))
    if study.mode == "grid":
        for column, _ in enumerate(study.axes):
            codes[:, column] = [case.axis_index[column] for case in study.cases]
        return codes
    for column, axis in enumerate(study.axes):
        seen: dict[Any, int] = {}
        key = axis.key
        # What names a table or list of a `[[case]]` is shortened: others may have the same name.
        is_shortened = study.mode == "cases" and axis.labels is not None
        values = (
            lookup(case.config, key) if is_shortened else case.values[key] for case in study.cases
        )
        codes[:, column] = [seen.setdefault(value, len(seen)) for value in values]
    return codes
