"""What a plan costs before it runs: processor time of each stage, time on so many workers, memory, size of the file.

Work per unit is counted in ``stages/costs.py``, how fast this machine is in ``rates.py``, time left while a study runs in
``forecast.py``. Everything here is an estimate; where equal inputs merge at run time it is one of the most there is to do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.sections import SAMPLE_S, is_spiking, run_times
from scsim.formats.tables import load_table
from scsim.results.schema import GEOMETRY, select_datasets
from scsim.study.execution.memory import START_MB, batches_at_once, stage_megabytes
from scsim.study.execution.rates import RUNS, SHIPPED, MachineRates
from scsim.study.stages.costs import TABLE, Compiled, kernels_of, n_contacts, rate
from scsim.study.stages.stage import pass_on
from scsim.units import S_PER_NS, US_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scsim.results.schema import Dataset
    from scsim.study.config import StudyConfig
    from scsim.study.execution.plan import Plan, StagePlan

MB: Final = 1e6
"""Bytes in a megabyte."""

_LOOKED_UP: Final = 100
"""Fields that are looked for in the cache folder: each takes milliseconds to name."""


@dataclass(frozen=True)
class StageCost:
    """What one stage costs.

    Attributes
    ----------
    planned : StagePlan
    needs : tuple of str
        Stages of the plan whose outputs it takes.
    n_finished : int
        Units that are read and not computed.
    unit_s : float
        Processor time of one unit, s.
    cpu_s : float
        Processor time of all that is left to do, s.
    serial_s : float
        The part of it that one thread does alone.
    wall_s : float
        Time on the workers, s.
    megabytes : float
        Memory of the batches that run at once, MB.
    at_once : int
        Batches that run at once.
    compile_s : float
        Time in which its kernels are compiled before, s; 0 if they are in the cache folder, or an earlier stage
        compiles them.
    is_measured : bool
        Whether this machine has run the stage before, so that its own rate counts.
    """

    planned: StagePlan
    needs: tuple[str, ...]
    n_finished: int
    unit_s: float
    cpu_s: float
    serial_s: float
    wall_s: float
    megabytes: float
    at_once: int
    compile_s: float
    is_measured: bool

    @property
    def name(self) -> str:
        """Name of the stage."""
        return self.planned.stage.name


@dataclass(frozen=True)
class StudyCost:
    """What a study costs, at most: equal inputs merge when it runs.

    Attributes
    ----------
    stages : tuple of StageCost
    workers : int
    results_s : float
        Time to lay out and write the results, s.
    results_bytes : float
        Size of the results file before compression.
    """

    stages: tuple[StageCost, ...]
    workers: int
    results_s: float
    results_bytes: float

    @property
    def compile_s(self) -> float:
        """Processor time of kernels that are not in the cache folder, s; once on a machine."""
        return sum(one.compile_s for one in self.stages)

    @property
    def cpu_s(self) -> float:
        """Processor time of stages and results, s."""
        return sum(one.cpu_s for one in self.stages) + self.results_s

    @property
    def wall_s(self) -> float:
        """Time on the workers, without compilation, s."""
        return sum(one.wall_s for one in self.stages) + self.results_s

    @property
    def megabytes(self) -> float:
        """Largest memory of any stage, MB."""
        busiest = max((one.megabytes for one in self.stages), default=0.0)
        return START_MB + busiest + self.results_bytes / MB

    @property
    def n_measured(self) -> int:
        """Number of stages that this machine has run before."""
        return sum(one.is_measured for one in self.stages)

    def __getitem__(self, name: str) -> StageCost:
        """Give the cost of a stage by its name."""
        return next(one for one in self.stages if one.name == name)


def estimate_cost(
    plan: Plan,
    *,
    workers: int | None = None,
    memory_gb: float | None = None,
    rates: MachineRates = SHIPPED,
    finished: Mapping[str, int] | None = None,
) -> StudyCost:
    """Estimate what a study costs.

    Parameters
    ----------
    plan : Plan
    workers : int, optional
        Default: one per processor.
    memory_gb : float, optional
        Bound on memory, GB, as ``scsim run --memory``.
    rates : MachineRates
        Default: those of the reference machine.
    finished : mapping of str to int, optional
        Units of each stage that are finished already.

    Returns
    -------
    StudyCost
    """
    n_workers = n_processors() if workers is None else workers
    done = {} if finished is None else finished
    names = {planned.stage.name for planned in plan.stages}
    compiled: set[Compiled] = set()
    stages = tuple(
        _stage_cost(
            planned,
            tuple(name for name in planned.stage.needs if name in names),
            batches_at_once(planned, n_workers, memory_gb),
            rates,
            done.get(planned.stage.name, 0),
            compile_s=_compile_seconds(planned, compiled),
        )
        for planned in plan.stages
    )
    n_bytes = results_bytes(plan)
    results_s = rate("results.case_us") * plan.n_cases / US_PER_S
    results_s += rate("results.byte_ns") * S_PER_NS * n_bytes
    return StudyCost(stages, n_workers, results_s * rates.factor(RUNS), n_bytes)


def n_processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def unit_seconds(planned: StagePlan) -> float:
    """Give the processor time of one unit of a stage by the reference rates, on average over its runs, s.

    Parameters
    ----------
    planned : StagePlan

    Returns
    -------
    float
        0 where units take no noticeable time.
    """
    stage = planned.stage
    if stage.seconds is None or not planned.n_units:
        return 0.0
    total = 0.0
    for case, number in planned.alike:
        n_units = stage.count_units(case.config)
        if n_units:
            total += number * n_units * stage.seconds(case.config)
    return total / planned.n_units


def run_seconds(name: str) -> float:
    """Give the processor time that a run of a stage takes beside its units by the reference rates, s.

    Parameters
    ----------
    name : str
        Of the stage.

    Returns
    -------
    float
    """
    key = f"runs.{name}_us"
    known = key in load_table(TABLE).quantities()
    return rate(key if known else "runs.other_us") / US_PER_S


def filled_lanes(planned: StagePlan, n_units: int) -> float:
    """Give how many units' time some units take: a batch with empty lanes takes as long as a full one.

    Parameters
    ----------
    planned : StagePlan
    n_units : int

    Returns
    -------
    float
    """
    lanes = max(1, planned.stage.least_batch)
    return float(-(-n_units // lanes) * lanes)


def _stage_cost(
    planned: StagePlan,
    needs: tuple[str, ...],
    fitting: int,
    rates: MachineRates,
    n_finished: int,
    *,
    compile_s: float,
) -> StageCost:
    """Estimate the cost of a stage of which some units are finished, and so many batches fit at once."""
    stage = planned.stage
    n_finished = min(n_finished, planned.n_distinct)
    if stage.name == "solution" and not n_finished:
        n_finished = known_fields(planned)
    n_left = planned.n_distinct - n_finished
    factor = rates.factor(stage.name)
    unit_s = unit_seconds(planned) * factor
    units_s = unit_s * filled_lanes(planned, n_left)
    runs_s = planned.n_runs * run_seconds(stage.name) * rates.factor(RUNS)
    at_once = min(fitting, max(1, planned.n_batches))
    is_serial = stage.is_transient or stage.compute is pass_on
    wall_s = units_s if is_serial else _shared_wall(planned, n_left, units_s, at_once)
    return StageCost(
        planned=planned,
        needs=needs,
        n_finished=n_finished,
        unit_s=unit_s,
        cpu_s=units_s + runs_s,
        serial_s=runs_s + (units_s if is_serial else 0.0),
        wall_s=wall_s + runs_s,
        megabytes=at_once * stage_megabytes(planned) if planned.n_distinct else 0.0,
        at_once=at_once,
        compile_s=compile_s * (n_left > 0),
        is_measured=stage.name in rates.seen,
    )


def _shared_wall(planned: StagePlan, n_units: int, units_s: float, at_once: int) -> float:
    """Give the time of equal batches that share workers: whole rounds of them, on no more processors than there are."""
    if not n_units:
        return 0.0
    n_batches = -(-n_units // planned.batch_size)
    n_together = max(1, min(at_once, n_batches, n_processors()))
    return -(-n_batches // n_together) * units_s / n_batches


def finished_units(plan: Plan, folder: Path) -> dict[str, int]:
    """Count the units of each stage that lie in the batch files of a folder.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Of an earlier run; it may be absent.

    Returns
    -------
    dict of str to int
        Of stages whose batches are kept and whose program is still the same. The numbers are those at most: whether
        units are those of this config is known once the study runs.
    """
    from scsim.study.execution.cache import Shelf  # noqa: PLC0415 - with the next one, only for folders
    from scsim.study.sources import stage_source_hash  # noqa: PLC0415

    stored = [planned.stage for planned in plan.stages if planned.stage.is_stored]
    shelf = Shelf(folder, {stage.name: stage_source_hash(stage.compute) for stage in stored})
    return {stage.name: number for stage in stored if (number := shelf.n_units(stage.name))}


def known_fields(planned: StagePlan) -> int:
    """Count the fields that lie in the cache folder already, if there are few enough to look for.

    Parameters
    ----------
    planned : StagePlan
        Of the stage ``solution``.

    Returns
    -------
    int
    """
    from scsim.errors import ScsimError  # noqa: PLC0415 - with the next ones, only for plans with fields
    from scsim.fields.store import default_store, solution_key  # noqa: PLC0415

    if not 0 < planned.n_distinct <= _LOOKED_UP:
        return 0
    folder = default_store().folder
    n_known = 0
    for case in planned.run_cases:
        try:
            units = planned.stage.prepare(case.config, {})
        except ScsimError:  # the run of this stage reports it
            continue
        n_known += sum(
            (folder / f"{solution_key(unit['problem'])}.npz").is_file() for unit in units
        )
    return n_known


def _compile_seconds(planned: StagePlan, compiled: set[Compiled]) -> float:
    """Give the time of the kernels that a stage needs, no earlier stage has compiled and the cache folder lacks, s."""
    wanted: set[Compiled] = set()
    if planned.n_distinct:
        for case, _ in planned.alike:
            if planned.stage.count_units(case.config):
                wanted.update(kernels_of(planned.stage.name, case.config))
    new = wanted - compiled
    if not new:
        return 0.0
    compiled.update(new)
    from scsim.kernels.jit import is_to_be_compiled  # noqa: PLC0415 - loads the compiler

    return sum(rate(one.key) for one in new if is_to_be_compiled(one.module, one.function))


# Size of the results file.


def results_bytes(plan: Plan) -> float:
    """Estimate the size of the results file before compression, bytes.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    float
        Spikes are counted at the rate of `_SPIKES_PER_CELL_S`.
    """
    study = plan.study
    config = study.cases[0].config
    by_name = {planned.stage.name: planned for planned in plan.stages}
    total = float(_FILE_BYTES)
    total += (len(study.axes) + 1) * plan.n_cases * _VALUE_BYTES * (study.mode != "grid")
    total += plan.n_cases  # status
    for dataset in select_datasets(config.output.save):
        planned = by_name.get(dataset.stage)
        if planned is not None and (not dataset.is_optional or is_spiking(config.circuit.model)):
            total += _dataset_bytes(dataset, planned, config)
    return total


def _dataset_bytes(dataset: Dataset, planned: StagePlan, config: StudyConfig) -> float:
    """Give the bytes of one dataset."""
    if dataset.group == GEOMETRY:
        n_values = float(planned.n_runs)
    elif planned.dims and planned.dims != ("case",):
        n_values = float(np.prod([len(axis.values) for axis in planned.axes]))
    else:
        n_values = float(planned.run_of_case.size if planned.dims else 1)
    for dim in dataset.dims:
        size = _INNER_SIZES.get(dim)
        n_values *= _USUAL_SIZE if size is None else size(config)
    return n_values * (1 if dataset.dtype == "i1" else _VALUE_BYTES)


def _n_samples(config: StudyConfig) -> float:
    """Count the samples of a time course: bins of a spiking circuit, samples of a rate model."""
    step_s = load_table("studies/spiking").number("bin_s")
    step_s = step_s if is_spiking(config.circuit.model) else SAMPLE_S
    return run_times(config.circuit).duration_s / step_s


_VALUE_BYTES: Final = 8
_FILE_BYTES: Final = 150_000
"""Provenance, resolved config, attributes and scales of a small file."""

_USUAL_SIZE: Final = 40
"""Values along a dimension of which nothing is known here."""

_CELLS: Final = 4
_SPIKES_PER_CELL_S: Final = 20.0

_INNER_SIZES: Final[Mapping[str, Callable[[Any], float]]] = {
    "fiber": lambda config: config.fibers.n_fibers,
    "contact": n_contacts,
    "driven_contact": n_contacts,
    "time_s": _n_samples,
    "cell": lambda _: _CELLS,
    "depth_mm": lambda config: len(config.field.profile_depths_mm),
    "z_mm": lambda _: 200,
    "axis": lambda _: 3,
    "section_axis": lambda _: 2,
    "end": lambda _: 2,
    "side": lambda _: 2,
    "lead": lambda config: config.lead.n_leads,
    "spike": lambda config: _CELLS * _SPIKES_PER_CELL_S * run_times(config.circuit).duration_s,
}
"""Sizes of inner dimensions."""
