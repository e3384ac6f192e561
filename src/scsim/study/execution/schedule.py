"""Runs of a plan on threads: equal units once, in batches, finished ones read back.

What a stage computes belongs in ``stages/table.py``; this file knows no physics. Batches follow from the plan
alone, never from the number of workers or from what is already finished, and a unit's outputs do not
depend on its neighbors, so neither do results.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ScsimError
from scsim.study.execution.cache import batch_path, hash_batch, hash_unit, load_batch, save_batch
from scsim.study.execution.warming import compiling_ahead
from scsim.study.provenance import source_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scsim.study.execution.plan import Plan, StagePlan
    from scsim.study.stages.stage import Outputs, Stage, Unit

_LOG = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the units done and the units in all."""

_FEW_BATCHES: Final = 4
"""Batches that the units of a stage are parted into, if they suffice to fill the lanes of each."""

_IN_FLIGHT_PER_WORKER: Final = 2
"""Batches handed to the pool ahead of time: enough to keep workers busy, few enough to bound memory."""


@dataclass(frozen=True)
class StageCount:
    """What a stage did.

    Attributes
    ----------
    name, title : str
        The stage.
    n_runs : int
        Distinct inputs by the config.
    n_units : int
        Units of work that these runs asked for.
    n_distinct : int
        Units of different content.
    n_computed, n_loaded : int
        Distinct units that were computed, and that were read from finished batches.
    wall_s, cpu_s : float
        Time spent, s. Time that a transient stage took is its own, not that of the stage that asked.
    """

    name: str
    title: str
    n_runs: int
    n_units: int
    n_distinct: int
    n_computed: int
    n_loaded: int
    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        """One line for logs."""
        return (
            f"{self.name}: {self.n_runs} runs, {self.n_units} units, {self.n_distinct} distinct, "
            f"{self.n_computed} computed, {self.n_loaded} loaded, {self.wall_s:.3f} s"
        )


@dataclass(frozen=True)
class Failure:
    """Why a unit or run has no outputs.

    Attributes
    ----------
    reason : str
        Message of the error.
    """

    reason: str


@dataclass(frozen=True)
class StageResult:
    """What a stage gave.

    Attributes
    ----------
    plan : StagePlan
    outputs : tuple of mapping of str to ndarray, or Failure
        One per run.
    count : StageCount
    """

    plan: StagePlan
    outputs: tuple[Outputs | Failure, ...]
    count: StageCount


@dataclass(frozen=True)
class Options:
    """How to run a plan; no value depends on it.

    Attributes
    ----------
    folder : Path or None
        Where finished batches are kept; None keeps none.
    workers : int
        Threads.
    batch_size : int or None
        Units per batch in place of each stage's own number.
    progress : callable or None
    """

    folder: Path | None
    workers: int
    batch_size: int | None = None
    progress: Progress | None = None


def run_stages(
    plan: Plan, options: Options
) -> tuple[dict[str, StageResult], tuple[StageCount, ...]]:
    """Run all stages of a plan.

    Parameters
    ----------
    plan : Plan
    options : Options

    Returns
    -------
    results : dict of str to StageResult
        By stage, without transient ones.
    counts : tuple of StageCount
        Of all stages, in the order of the plan.

    Raises
    ------
    ResultsError
        If a batch cannot be written.
    """
    results: dict[str, StageResult] = {}
    families: dict[str, dict[str, Outputs | Failure]] = {}
    upstream = _Upstream(plan, results)
    pool = ThreadPoolExecutor(options.workers, thread_name_prefix="scsim")
    try:
        with compiling_ahead(plan, options.workers) as helper:
            for planned in plan.stages:
                if not planned.stage.is_transient:
                    helper.wait_for(planned.stage)
                    family = families.setdefault(_family(planned.stage), {})
                    units = _Units(planned, options, pool, family)
                    results[planned.stage.name] = _run_stage(planned, upstream, units)
    finally:
        # On an interrupt the batches that are running finish and are stored; the others never start.
        pool.shutdown(wait=True, cancel_futures=True)
    found = {name: result.count for name, result in results.items()} | upstream.counts()
    counts = tuple(
        found[planned.stage.name] for planned in plan.stages if planned.stage.name in found
    )
    for count in counts:
        _LOG.info("%s", count)
    return results, counts


@dataclass
class _Clock:
    """Time of one stage; threads add to it."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def add(self, *, wall_s: float = 0.0, cpu_s: float = 0.0) -> None:
        with self.lock:
            self.wall_s += wall_s
            self.cpu_s += cpu_s


class _Upstream:
    """Outputs of the stages that a run needs; those of transient stages are made when asked for."""

    def __init__(self, plan: Plan, results: Mapping[str, StageResult]) -> None:
        self._plan = plan
        self._results = results
        self._last: dict[str, tuple[int, Outputs | Failure]] = {}
        self._made: dict[str, set[int]] = {}
        self._clocks: dict[str, _Clock] = {}

    @property
    def wall_s(self) -> float:
        """Time that transient stages have taken, s."""
        return sum(clock.wall_s for clock in self._clocks.values())

    def gather(
        self, planned: StagePlan, run: int, *, kept_only: bool = False
    ) -> dict[str, Outputs] | Failure:
        """Give the outputs of all stages, or of those that are kept, that a run needs."""
        place = planned.run_places[run]
        asks = planned.stage.asks_for_transient
        if asks is not None and not asks(planned.run_cases[run].config):
            kept_only = True
        found: dict[str, Outputs] = {}
        for name in planned.stage.needs:
            needed = self._plan[name]
            if kept_only and needed.stage.is_transient:
                continue
            run_above = int(needed.run_of_case[place])
            outputs = (
                self._transient(needed, run_above)
                if needed.stage.is_transient
                else self._results[name].outputs[run_above]
            )
            if isinstance(outputs, Failure):
                return outputs
            found[name] = outputs
        return found

    def order(self, planned: StagePlan) -> list[int]:
        """Order runs so that each output of a transient stage is made once."""
        keys = [
            self._plan[name].run_of_case[planned.run_places]
            for name in planned.stage.needs
            if self._plan[name].stage.is_transient
        ]
        return [int(run) for run in np.lexsort(keys)] if keys else list(range(planned.n_runs))

    def counts(self) -> dict[str, StageCount]:
        """Say what the transient stages did."""
        return {
            name: StageCount(
                name=name,
                title=self._plan[name].stage.title,
                n_runs=self._plan[name].n_runs,
                n_units=self._plan[name].n_runs,
                n_distinct=self._plan[name].n_runs,
                n_computed=len(self._made[name]),
                n_loaded=0,
                wall_s=clock.wall_s,
                cpu_s=clock.cpu_s,
            )
            for name, clock in self._clocks.items()
        }

    def _transient(self, planned: StagePlan, run: int) -> Outputs | Failure:
        name = planned.stage.name
        last = self._last.get(name)
        if last is None or last[0] != run:
            self._last.pop(name, None)
            last = (run, self._make(planned, run))
            self._last[name] = last
        return last[1]

    def _make(self, planned: StagePlan, run: int) -> Outputs | Failure:
        stage = planned.stage
        upstream = self.gather(planned, run)
        if isinstance(upstream, Failure):
            return upstream
        clock = self._clocks.setdefault(stage.name, _Clock())
        wall, cpu = time.perf_counter(), time.thread_time()
        config = planned.run_cases[run].config
        outputs: Outputs | Failure
        try:
            units = stage.prepare(config, upstream)
            outputs = stage.join(config, upstream, stage.compute(units))
        except ScsimError as error:
            outputs = Failure(str(error))
        clock.add(wall_s=time.perf_counter() - wall, cpu_s=time.thread_time() - cpu)
        self._made.setdefault(stage.name, set()).add(run)
        return outputs


def _family(stage: Stage) -> str:
    """Name the stages that share their units."""
    return stage.family or stage.name


def _run_stage(planned: StagePlan, upstream: _Upstream, units: _Units) -> StageResult:
    """Run one stage: distinct units of all runs in batches, then one join per run."""
    stage = planned.stage
    wall, elsewhere = time.perf_counter(), upstream.wall_s
    asked: dict[int, tuple[str, ...] | Failure] = {}
    for run in upstream.order(planned):
        needed = upstream.gather(planned, run)
        config = planned.run_cases[run].config
        try:
            asked[run] = (
                needed if isinstance(needed, Failure) else units.add(stage.prepare, config, needed)
            )
        except ScsimError as error:
            asked[run] = Failure(str(error))
    done = units.finish()
    cpu = time.thread_time()
    outputs = tuple(
        _join(planned, run, asked[run], done, upstream) for run in range(planned.n_runs)
    )
    units.clock.add(cpu_s=time.thread_time() - cpu)
    count = StageCount(
        name=stage.name,
        title=stage.title,
        n_runs=planned.n_runs,
        n_units=units.n_asked,
        n_distinct=units.n_distinct,
        n_computed=units.n_computed,
        n_loaded=units.n_loaded,
        wall_s=time.perf_counter() - wall - (upstream.wall_s - elsewhere),
        cpu_s=units.clock.cpu_s,
    )
    return StageResult(planned, outputs, count)


def _join(
    planned: StagePlan,
    run: int,
    asked: tuple[str, ...] | Failure,
    done: Mapping[str, Outputs | Failure],
    upstream: _Upstream,
) -> Outputs | Failure:
    if isinstance(asked, Failure):
        return asked
    parts: list[Outputs] = []
    for unit_hash in asked:
        part = done[unit_hash]
        if isinstance(part, Failure):
            return part
        parts.append(part)
    needed = upstream.gather(planned, run, kept_only=True)
    if isinstance(needed, Failure):
        return needed
    return planned.stage.join(planned.run_cases[run].config, needed, parts)


@dataclass(frozen=True)
class _Batch:
    """Outputs of a batch, one per unit."""

    hashes: tuple[str, ...]
    outputs: Sequence[Outputs | Failure]
    is_loaded: bool


class _Units:
    """The units of one stage: equal ones merged, the others handed to the pool in batches.

    Stages of one family give the same mapping of finished outputs, so that none computes what another has.
    """

    def __init__(
        self,
        planned: StagePlan,
        options: Options,
        pool: ThreadPoolExecutor,
        done: dict[str, Outputs | Failure],
    ) -> None:
        self._stage = planned.stage
        self._total = planned.n_units
        self._options = options
        self._pool = pool
        self._size = options.batch_size or planned.stage.batch_size
        self._open: dict[str, Unit] = {}
        self._known: set[str] = set()
        self._pending: set[Future[_Batch]] = set()
        self._done = done
        self._n_batches = 0
        self._n_reported = 0
        self._warming = Lock()
        self._is_warm = False
        self.clock = _Clock()
        self.n_asked = 0
        self.n_computed = 0
        self.n_loaded = 0

    def add(
        self,
        prepare: Callable[..., Sequence[Unit]],
        *arguments: object,
    ) -> tuple[str, ...]:
        """Prepare the units of a run and take them in; gives their hashes."""
        cpu = time.thread_time()
        units = prepare(*arguments)
        family = _family(self._stage)
        hashes = tuple(hash_unit(family, source_hash(), unit) for unit in units)
        self.clock.add(cpu_s=time.thread_time() - cpu)
        self.n_asked += len(units)
        for unit_hash, unit in zip(hashes, units, strict=True):
            is_new = unit_hash not in self._known
            self._known.add(unit_hash)
            if not is_new or unit_hash in self._done:
                self._report(1)
                continue
            self._open[unit_hash] = unit
            if self._stage.order is None and len(self._open) == self._size:
                self._submit(self._take(self._size))
        return hashes

    @property
    def n_distinct(self) -> int:
        """Number of units of different content."""
        return len(self._known)

    def finish(self) -> Mapping[str, Outputs | Failure]:
        """Wait for all units; gives their outputs by hash."""
        if self._stage.order is not None:
            self._sort(self._stage.order)
        n_open = len(self._open)
        n_batches = -(-n_open // self._size_for(n_open))
        for batch in range(n_batches):
            n_units = n_open * (batch + 1) // n_batches - n_open * batch // n_batches
            self._submit(self._take(n_units))
        while self._pending:
            self._collect()
        if self._n_reported < self._total:
            self._report(self._total - self._n_reported)
        return self._done

    def _size_for(self, n_units: int) -> int:
        """Give the largest batch for a number of units: smaller where they would be too few for several batches."""
        least = self._stage.least_batch
        if not least or self._options.batch_size is not None:
            return self._size
        return min(self._size, max(1, -(-n_units // (least * _FEW_BATCHES))) * least)

    def _sort(self, order: Callable[[Unit], tuple[object, ...]]) -> None:
        """Bring the open units into the order of the stage; the content decides among equal ones."""
        ranked = sorted(self._open, key=lambda name: (order(self._open[name]), name))
        self._open = {name: self._open[name] for name in ranked}

    def _take(self, n_units: int) -> dict[str, Unit]:
        """Take the first open units."""
        names = list(islice(self._open, n_units))
        return {name: self._open.pop(name) for name in names}

    def _submit(self, units: Mapping[str, Unit]) -> None:
        while len(self._pending) >= _IN_FLIGHT_PER_WORKER * self._options.workers:
            self._collect()
        self._pending.add(self._pool.submit(self._do, self._n_batches, units))
        self._n_batches += 1

    def _collect(self) -> None:
        finished, self._pending = wait(self._pending, return_when=FIRST_COMPLETED)
        for future in finished:
            batch = future.result()
            self._done.update(zip(batch.hashes, batch.outputs, strict=True))
            if batch.is_loaded:
                self.n_loaded += len(batch.hashes)
            else:
                self.n_computed += len(batch.hashes)
            self._report(len(batch.hashes))

    def _report(self, n_units: int) -> None:
        self._n_reported += n_units
        if self._options.progress is not None:
            self._options.progress(self._stage.name, self._n_reported, self._total)

    def _do(self, index: int, units: Mapping[str, Unit]) -> _Batch:
        """Load or compute one batch, in a thread."""
        cpu = time.thread_time()
        hashes = tuple(units)
        stage, folder = self._stage, self._options.folder
        if folder is None or not stage.is_stored:
            batch = _Batch(hashes, self._compute(tuple(units.values())), is_loaded=False)
        else:
            batch_hash = hash_batch(hashes)
            path = batch_path(folder, stage.name, index, batch_hash)
            loaded = load_batch(path, batch_hash, len(hashes))
            outputs = self._compute(tuple(units.values())) if loaded is None else loaded
            batch = _Batch(hashes, outputs, is_loaded=loaded is not None)
            sound = [output for output in outputs if not isinstance(output, Failure)]
            if loaded is None and len(sound) == len(hashes):
                save_batch(path, batch_hash, sound)
        self.clock.add(cpu_s=time.thread_time() - cpu)
        return batch

    def _compute(self, units: Sequence[Unit]) -> Sequence[Outputs | Failure]:
        """Compute units once one thread has made the kernels ready."""
        with self._warming:
            if not self._is_warm:
                self._stage.warm_up(units)
                self._is_warm = True
        return _try(self._stage, units)


def _try(stage: Stage, units: Sequence[Unit]) -> Sequence[Outputs | Failure]:
    """Compute units together; if that fails, each alone, to find the ones at fault."""
    try:
        return stage.compute(units)
    except ScsimError as error:
        if len(units) == 1:
            return [Failure(str(error))]
    return [outputs for unit in units for outputs in _try(stage, [unit])]
