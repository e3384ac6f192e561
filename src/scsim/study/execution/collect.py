"""Outputs of all runs → datasets over the swept keys.

A dataset gets the swept dimensions that its stage depends on, then its inner ones. What is computed
belongs in ``stages/table.py``, how a file is written in `scsim.results.store`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import Status
from scsim.formats.hdf5 import Variable, make_variable
from scsim.results.schema import (
    FLAG_MEANINGS,
    FLAG_VALUES,
    GEOMETRY,
    INNER_DIMENSIONS,
    SCALE_DESCRIPTIONS,
    SPIKES,
    STATUS_DESCRIPTION,
    Dataset,
    long_name_of,
    select_datasets,
)
from scsim.study.execution.plan import CASE_DIMENSION
from scsim.study.execution.schedule import Failure
from scsim.study.reading.sections import describe_key
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import Axis, Study
    from scsim.study.execution.plan import Plan
    from scsim.study.execution.schedule import StageResult
    from scsim.study.stages.stage import Outputs

FIXED_SCALES: Final = {
    "axis": ("x", "y", "z"),
    "section_axis": ("x", "y"),
    "end": ("caudal", "rostral"),
    "side": ("left", "right"),
}

_GEOMETRY_SCALES: Final = (*FIXED_SCALES, "lead")
"""Dimensions of the group ``geometry`` alone, beside the vertices of outlines."""

_BLANKS: Final[Mapping[str, object]] = {"f8": np.nan, "i1": Status.FAILED, "i8": -1, "O": ""}
"""What stands where a case has no value: whole numbers are counts and places, of which none is negative."""

_SPIKE: Final = "spike"
"""Dimension of the flat array of all spikes."""

_ROWS_AT_ONCE: Final = 4096
"""Runs whose outputs are stacked at once: bounds what NumPy needs beside the result."""

_WORST_FIRST: Final = (
    Status.FAILED,
    Status.NOT_FINITE,
    Status.NOT_DECIDED,
    Status.REFERENCE_TOO_LOW,
)
"""What makes a case other than OK. A fiber without a threshold does not: thin, deep fibers have none."""


def collect(plan: Plan, stages: Mapping[str, StageResult]) -> dict[str, Variable]:
    """Lay the outputs of all runs out as datasets with coordinates.

    Parameters
    ----------
    plan : Plan
    stages : mapping of str to StageResult
        By stage.

    Returns
    -------
    dict of str to Variable
        Swept coordinates first, then inner ones, ``status`` and the datasets.
    """
    study = plan.study
    selected = select_datasets(study.cases[0].config.output.save)
    runs = {name: _Runs(result) for name, result in stages.items()}
    datasets = [one for one in selected if not one.is_optional or _is_there(one, runs)]
    variables = {variable.name: variable for variable in _swept_coordinates(study)}
    scales = _inner_scales(datasets, runs)
    for dim, values in scales.items():
        group = _group_of_scale(dim)
        variables[group + dim] = make_variable(
            group + dim,
            (dim,),
            values,
            {
                "units": unit_of(dim),
                "long_name": long_name_of(dim),
                "description": SCALE_DESCRIPTIONS[dim],
            },
        )
    variables["status"] = _status(plan, runs)
    for dataset in datasets:
        stage = runs[dataset.stage]
        if dataset.dims == (_SPIKE,):
            values = np.concatenate([*stage.spikes.values(), np.empty(0)])
            variables[dataset.path] = make_variable(
                dataset.path, dataset.dims, values, _attributes_of(dataset)
            )
        else:
            variables[dataset.path] = _lay_out(study, dataset, stage, scales)
    return variables


def _group_of_scale(dim: str) -> str:
    """Give the group in which the scale of an inner dimension lies."""
    if dim == _SPIKE:
        return f"{SPIKES}/"
    return f"{GEOMETRY}/" if dim.startswith("vertex_") or dim in _GEOMETRY_SCALES else ""


class _Runs:
    """Outputs of the runs of a stage, each of them once however many runs have it.

    Attributes
    ----------
    plan : StagePlan
    distinct : list of mapping of str to ndarray
        Outputs that differ.
    row_of_run : ndarray of int64, shape (n_runs,)
        Which of them each run has; -1 for a run that failed.
    """

    def __init__(self, result: StageResult) -> None:
        self.plan = result.plan
        self.distinct: list[Outputs] = []
        self.row_of_run = np.full(len(result.outputs), -1, dtype=np.int64)
        rows: dict[int, int] = {}
        for run, outputs in enumerate(result.outputs):
            if isinstance(outputs, Failure):
                continue
            row = rows.setdefault(id(outputs), len(self.distinct))
            if row == len(self.distinct):
                self.distinct.append(outputs)
            self.row_of_run[run] = row
        self._labels: dict[str, list[NDArray[Any]]] = {}

    @cached_property
    def spikes(self) -> dict[int, NDArray[np.float64]]:
        """Spike times of all runs, each array once: runs with equal units have the same one."""
        found = [one["spike_time_ms"] for one in self.distinct if "spike_time_ms" in one]
        return {id(times): times for times in found}

    def labels(self, dim: str) -> list[NDArray[Any]]:
        """Give the labels along a dimension that differ."""
        if dim not in self._labels:
            found = (outputs[dim] for outputs in self.distinct if dim in outputs)
            self._labels[dim] = list({_content(labels): labels for labels in found}.values())
        return self._labels[dim]


def _content(values: NDArray[Any]) -> object:
    """Give what is equal for equal arrays of one type."""
    if values.dtype.kind == "O":
        return tuple(values.tolist())
    return values.dtype.str, values.tobytes()


def _is_there(dataset: Dataset, runs: Mapping[str, _Runs]) -> bool:
    """Whether any case has what an optional dataset holds."""
    needed = "spike_time_ms" if dataset.group == SPIKES else dataset.name
    return any(needed in outputs for outputs in runs[dataset.stage].distinct)


def _first_spikes(stage: _Runs) -> list[NDArray[np.int64] | None]:
    """Give for each distinct run where the spikes of its cells begin in the flat array."""
    ends = np.cumsum([0, *(times.size for times in stage.spikes.values())])
    begin = dict(zip(stage.spikes, ends[:-1].tolist(), strict=True))
    places: list[NDArray[np.int64] | None] = []
    for outputs in stage.distinct:
        if "spike_time_ms" not in outputs:
            places.append(None)
            continue
        before = np.cumsum([0, *outputs["n_spikes"][:-1].tolist()])
        places.append(begin[id(outputs["spike_time_ms"])] + before.astype(np.int64))
    return places


def beside_coordinates(study: Study) -> tuple[str, ...]:
    """Name the coordinates that lie along ``case`` and are no dimensions themselves."""
    if study.mode == "grid":
        return ()
    return ("case_name", *(axis.name for axis in study.axes))


def _swept_coordinates(study: Study) -> list[Variable]:
    if study.mode == "grid":
        return [_coordinate(axis, (axis.name,), axis.coordinate) for axis in study.axes]
    ordered = sorted(study.cases, key=lambda case: case.index)
    names = np.array([case.name for case in ordered], dtype=np.str_)
    case = np.arange(len(ordered), dtype=np.int64)
    listed = ((CASE_DIMENSION, "case", case), ("case_name", "case name", names))
    return [
        *(
            make_variable(
                name,
                (CASE_DIMENSION,),
                values,
                {"units": "1", "long_name": words, "description": SCALE_DESCRIPTIONS[name]},
            )
            for name, words, values in listed
        ),
        *(
            _coordinate(axis, (CASE_DIMENSION,), tuple(case.values[axis.key] for case in ordered))
            for axis in study.axes
        ),
    ]


def _coordinate(axis: Axis, dims: tuple[str, ...], values: Sequence[Any]) -> Variable:
    attributes = {
        "units": axis.unit,
        "long_name": long_name_of(axis.name),
        "description": describe_key(axis.key),
        "config_key": axis.key,
    }
    return make_variable(axis.name, dims, _as_array(values), attributes)


def _as_array(values: Sequence[Any]) -> NDArray[Any]:
    """Make an array of numbers where all are numbers (an unset one is NaN), else of texts."""
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.int64)
    if all(value is None or isinstance(value, int | float) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(["" if value is None else str(value) for value in values], dtype=np.str_)


def _inner_scales(
    datasets: Iterable[Dataset], runs: Mapping[str, _Runs]
) -> dict[str, NDArray[Any]]:
    """Find the values along each inner dimension: all that occur, or plain counts."""
    scales: dict[str, NDArray[Any]] = {}
    for dataset in datasets:
        for place, dim in enumerate(dataset.dims):
            if dim in FIXED_SCALES:
                scales[dim] = np.array(FIXED_SCALES[dim], dtype=np.str_)
                continue
            stage = runs[dataset.stage]
            if dim == _SPIKE:
                n_spikes = sum(times.size for times in stage.spikes.values())
                scales[dim] = np.arange(n_spikes, dtype=np.int64)
                continue
            labels = stage.labels(dim)
            if labels:
                known = [scales[dim]] if dim in scales else []
                scales[dim] = _union([*known, *labels])
            elif dim not in scales or scales[dim].dtype.kind == "i":
                found = (one[dataset.name] for one in stage.distinct if dataset.name in one)
                sizes = {values.shape[place] for values in found}
                size = max(sizes, default=0)
                size = max(size, scales[dim].size if dim in scales else 0)
                scales[dim] = np.arange(size, dtype=np.int64)
    return {dim: scales[dim] for dim in INNER_DIMENSIONS if dim in scales}


def _union(labels: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Join labels: times in order, contact labels as they first occur."""
    if all(np.array_equal(labels[0], other) for other in labels[1:]):
        return labels[0]
    joined = np.array(list(dict.fromkeys(np.concatenate(labels).tolist())))
    return np.sort(joined) if joined.dtype.kind == "f" else joined


def _lay_out(
    study: Study, dataset: Dataset, stage: _Runs, scales: Mapping[str, NDArray[Any]]
) -> Variable:
    inner = tuple(scales[dim].size for dim in dataset.dims)
    blank = Status.FAILED if dataset.is_status else _BLANKS[dataset.dtype]
    found: Sequence[NDArray[Any] | None]
    if dataset.name == "first_spike":
        found = _first_spikes(stage)
    else:
        found = [outputs.get(dataset.name) for outputs in stage.distinct]
    # The last row is what a run without outputs has: row -1.
    stacked = np.full((len(found) + 1, *inner), blank, dtype=dataset.dtype)
    is_aligned = _aligned_rows(dataset, stage, scales)
    plain: list[int] = []
    for row, values in enumerate(found):
        if values is None:
            continue
        if is_aligned[row] and values.shape == inner:
            plain.append(row)
        else:
            places = _places(dataset, stage.distinct[row], values.shape, scales)
            stacked[row][places] = values
    for begin in range(0, len(plain), _ROWS_AT_ONCE):
        rows = plain[begin : begin + _ROWS_AT_ONCE]
        stacked[rows] = [found[row] for row in rows]
    laid = _over_sweep(study, stage, stacked)
    if dataset.dtype == "O":
        laid = laid.astype(np.str_)
    dims = (*stage.plan.dims, *dataset.dims)
    return make_variable(dataset.path, dims, laid, _attributes_of(dataset))


def _attributes_of(dataset: Dataset) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "units": dataset.unit,
        "long_name": dataset.long_name,
        "description": dataset.description,
    }
    if dataset.is_status:
        attributes |= _FLAGS
    if dataset.caveat:
        attributes["caveat"] = dataset.caveat
    return attributes


_FLAGS: Final = {
    "flag_values": np.array(FLAG_VALUES, dtype=np.int8),
    "flag_meanings": FLAG_MEANINGS,
}


def _aligned_rows(
    dataset: Dataset, stage: _Runs, scales: Mapping[str, NDArray[Any]]
) -> NDArray[np.bool_]:
    """Find the distinct outputs whose labels are those of the file, in the same order."""
    is_aligned = np.ones(len(stage.distinct), dtype=np.bool_)
    for dim in dataset.dims:
        labels = stage.labels(dim)
        equal = {_content(one) for one in labels if np.array_equal(one, scales[dim])}
        if len(equal) < len(labels):
            for row, outputs in enumerate(stage.distinct):
                is_aligned[row] &= dim not in outputs or _content(outputs[dim]) in equal
    return is_aligned


def _places(
    dataset: Dataset, outputs: Outputs, shape: Sequence[int], scales: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], ...]:
    """Find where a run's values lie along scales that hold more than this run has."""
    places = []
    for size, dim in zip(shape, dataset.dims, strict=True):
        if dim in outputs:
            index = {label: place for place, label in enumerate(scales[dim].tolist())}
            places.append(np.array([index[label] for label in outputs[dim].tolist()], np.int64))
        else:
            places.append(np.arange(size, dtype=np.int64))
    return np.ix_(*places)


def _over_sweep(study: Study, stage: _Runs, stacked: NDArray[Any]) -> NDArray[Any]:
    """Put the outputs of each run into its place along the swept dimensions."""
    plan = stage.plan
    if not plan.dims:
        return np.asarray(stacked[stage.row_of_run[0]])
    if plan.dims == (CASE_DIMENSION,) and study.mode != "grid":
        place = np.array([case.index for case in study.cases], dtype=np.int64)
        shape: tuple[int, ...] = (place.size,)
        row = stage.row_of_run[plan.run_of_case]
    else:
        shape = tuple(len(axis.values) for axis in plan.axes)
        place = np.ravel_multi_index(tuple(plan.positions.T), shape)
        row = stage.row_of_run
    row_at = np.full(int(np.prod(shape)), -1, dtype=np.int64)
    row_at[place] = row
    is_in_order = np.array_equal(row_at, np.arange(len(stacked) - 1))
    laid = stacked[:-1] if is_in_order else stacked[row_at]  # mostly in order, which needs no copy
    return laid.reshape(*shape, *stacked.shape[1:])


def _status(plan: Plan, runs: Mapping[str, _Runs]) -> Variable:
    """Give each case the worst thing that happened in any of its stages."""
    study = plan.study
    code = np.array([*(int(status) for status in _WORST_FIRST), int(Status.OK)], dtype=np.int8)
    worst = np.full(len(study.cases), len(_WORST_FIRST), dtype=np.int64)
    for stage in runs.values():
        # Row -1, of a run that failed, is the last one.
        rank = np.append(_ranks(stage), _WORST_FIRST.index(Status.FAILED))
        worst = np.minimum(worst, rank[stage.row_of_run][stage.plan.run_of_case])
    shape = study.shape
    values = np.empty(shape, dtype=np.int8)
    if study.mode == "grid":
        dims = tuple(axis.name for axis in study.axes)
        where = np.array([case.axis_index for case in study.cases], dtype=np.int64)
        flat = np.ravel_multi_index(tuple(where.T), shape) if dims else np.zeros(1, dtype=np.int64)
        values.reshape(-1)[flat] = code[worst]
    else:
        dims = (CASE_DIMENSION,)
        values[[case.index for case in study.cases]] = code[worst]
    attributes = {"units": "1", "long_name": "status", "description": STATUS_DESCRIPTION, **_FLAGS}
    return make_variable("status", dims, values, attributes)


def _ranks(stage: _Runs) -> NDArray[np.int64]:
    """Give the rank of the worst status in each distinct outputs, shape (n_distinct,)."""
    rank_of = np.full(max(Status) + 1, len(_WORST_FIRST), dtype=np.int64)
    for place, status in enumerate(_WORST_FIRST):
        rank_of[status] = place
    ranks = np.full(len(stage.distinct), len(_WORST_FIRST), dtype=np.int64)
    rows_of: dict[str, list[int]] = {}
    for row, outputs in enumerate(stage.distinct):
        for name in outputs:
            if name.endswith("_status") and outputs[name].size:
                rows_of.setdefault(name, []).append(row)
    for name, rows in rows_of.items():
        found = [stage.distinct[row][name].reshape(-1) for row in rows]
        begins = np.cumsum([0, *(values.size for values in found)])[:-1]
        of_run = np.minimum.reduceat(rank_of[np.concatenate(found)], begins)
        ranks[rows] = np.minimum(ranks[rows], of_run)
    return ranks
