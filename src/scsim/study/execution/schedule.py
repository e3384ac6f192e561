"""The stages of a plan, one after the other: units of all runs in batches, then one join per run.

What a stage computes belongs in ``stages/table.py``; this file knows no physics. Batches are handed out in
``batches.py`` and computed by an engine, see ``engines.py``.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from scsim.study.execution.batches import (
    IN_FLIGHT_PER_WORKER,
    Batches,
    Desk,
    Shared,
    family_of,
)
from scsim.study.execution.cache import Shelf
from scsim.study.execution.claims import Claims
from scsim.study.execution.engines import Absent, Failure, Threads, failure_of
from scsim.study.execution.memory import budget_of
from scsim.study.execution.options import Options, Progress
from scsim.study.execution.upstream import Upstream
from scsim.study.execution.warming import compiling_ahead
from scsim.study.sources import stage_source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scsim.study.execution.plan import Plan, StagePlan
    from scsim.study.stages.stage import Outputs

__all__ = [
    "Absent",
    "Failure",
    "Options",
    "Progress",
    "StageCount",
    "StageResult",
    "run_stages",
]

_LOG = logging.getLogger(__name__)

_LAST_WRITES_S: Final = 1.0
"""How long an interrupted run waits for batches that are being written, s."""

_T = TypeVar("_T")


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
class StageResult:
    """What a stage gave.

    Attributes
    ----------
    plan : StagePlan
    outputs : tuple of mapping of str to ndarray, or Failure
        One per run.
    count : StageCount
    absent : tuple of Path
        Files of the batches that are left to other shards.
    """

    plan: StagePlan
    outputs: tuple[Outputs | Failure, ...]
    count: StageCount
    absent: tuple[Path, ...] = ()


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
        If a batch cannot be written, the engine is lost, or the bound of memory is too low.
    """
    results: dict[str, StageResult] = {}
    families: dict[str, dict[str, Outputs | Failure]] = {}
    outputs: dict[str, tuple[Outputs | Failure, ...]] = {}
    note = FailureLog()
    upstream = Upstream(plan, outputs, note)
    with ExitStack() as stack:
        desk = _open_desk(plan, options, note, stack)
        helper = stack.enter_context(compiling_ahead(plan, options.workers))
        for planned in plan.stages:
            stage = planned.stage
            if stage.is_transient:
                continue
            helper.wait_for(stage)
            is_needed = not stage.is_stored or any(
                stage.name in other.stage.needs for other in plan.stages
            )
            family = families.setdefault(family_of(stage), {})
            if options.forecast is not None:
                options.forecast.start(stage.name)
            batches = Batches(planned, desk, family, is_needed=is_needed)
            results[stage.name] = _run_stage(planned, upstream, batches, note)
            outputs[stage.name] = results[stage.name].outputs
            if options.forecast is not None:
                options.forecast.finish(stage.name, results[stage.name].count)
    transient = _transient_counts(plan, upstream)
    if options.forecast is not None:
        for name, count in transient.items():
            options.forecast.finish(name, count)
    found = {name: result.count for name, result in results.items()} | transient
    counts = tuple(
        found[planned.stage.name] for planned in plan.stages if planned.stage.name in found
    )
    for count in counts:
        _LOG.info("%s", count)
    return results, counts


def _open_desk(plan: Plan, options: Options, note: FailureLog, stack: ExitStack) -> Desk:
    """Make what the stages share, and see that it ends with the run: at once if that is interrupted."""
    local = Threads(options.workers)
    stack.callback(local.close)
    engine = local if options.engine is None else options.engine
    workers = max(engine.workers, local.workers)
    pool = ThreadPoolExecutor(IN_FLIGHT_PER_WORKER * workers, thread_name_prefix="scsim-desk")
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
    shared = None
    if options.folder is not None:
        stages = (planned.stage for planned in plan.stages)
        sources = {one.name: stage_source_hash(one.compute) for one in stages if one.is_stored}
        claims = stack.enter_context(Claims(options.folder, options.shard))
        shared = Shared(options.folder, Shelf(options.folder, sources), claims)
    desk = Desk(options, engine, local, pool, budget_of(options.memory_gb), note, shared=shared)
    # On an interrupt the batches that are being written are, the others are given up. Files before claims.
    stack.callback(desk.gate.close, _LAST_WRITES_S)
    if options.forecast is not None:
        options.forecast.begin(
            plan, workers=engine.workers, batch_size=options.batch_size, shard=options.shard
        )
    return desk


class FailureLog:
    """Writes failures into the log: each reason once, and of a traceback, which may come a thousand times, one."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, stage: str, failure: Failure) -> None:
        """Note a failure of a stage."""
        frames = failure.details.rpartition("File ")[2].partition("\n")[0]
        key = (stage, frames or failure.reason)
        if isinstance(failure, Absent) or key in self._seen:
            return
        self._seen.add(key)
        details = f"\n{failure.details.rstrip()}" if failure.details else ""
        _LOG.error("%s: %s%s", stage, failure.reason, details)


def _transient_counts(plan: Plan, upstream: Upstream) -> dict[str, StageCount]:
    """Say what the transient stages did."""
    return {
        name: StageCount(
            name=name,
            title=plan[name].stage.title,
            n_runs=plan[name].n_runs,
            n_units=plan[name].n_runs,
            n_distinct=plan[name].n_runs,
            n_computed=len(upstream.made[name]),
            n_loaded=0,
            wall_s=clock.wall_s,
            cpu_s=clock.cpu_s,
        )
        for name, clock in upstream.clocks.items()
    }


def _run_stage(
    planned: StagePlan, upstream: Upstream, batches: Batches, note: FailureLog
) -> StageResult:
    """Run one stage: distinct units of all runs in batches, then one join per run."""
    stage = planned.stage
    wall, elsewhere = time.perf_counter(), upstream.wall_s
    asked: dict[int, tuple[str, ...] | Failure] = {}
    for run in upstream.order(planned):
        needed = upstream.gather(planned, run)
        if isinstance(needed, Failure):
            asked[run] = needed
            continue
        config = planned.run_cases[run].config
        units = _attempted(stage.name, note, stage.prepare, config, needed)
        asked[run] = units if isinstance(units, Failure) else batches.add(units)
    done = batches.finish()
    cpu = time.thread_time()
    outputs = tuple(
        _join(planned, run, _parts(asked[run], done), upstream, note)
        for run in range(planned.n_runs)
    )
    batches.clock.add(cpu_s=time.thread_time() - cpu)
    count = StageCount(
        name=stage.name,
        title=stage.title,
        n_runs=planned.n_runs,
        n_units=batches.n_asked,
        n_distinct=batches.n_distinct,
        n_computed=batches.n_computed,
        n_loaded=batches.n_loaded,
        wall_s=time.perf_counter() - wall - (upstream.wall_s - elsewhere),
        cpu_s=batches.clock.cpu_s,
    )
    return StageResult(planned, outputs, count, tuple(batches.absent))


def _attempted(
    stage: str, note: FailureLog, function: Callable[..., _T], *arguments: object
) -> _T | Failure:
    """Call a function of a stage; what it raises is the failure of its run."""
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a run raises is its own failure; the other cases go on
        failure = failure_of(error)
        note(stage, failure)
        return failure


def _parts(
    asked: tuple[str, ...] | Failure, done: Mapping[str, Outputs | Failure]
) -> list[Outputs] | Failure:
    """Give the outputs of the units of a run."""
    if isinstance(asked, Failure):
        return asked
    parts: list[Outputs] = []
    for unit_hash in asked:
        part = done[unit_hash]
        if isinstance(part, Failure):
            return part
        parts.append(part)
    return parts


def _join(
    planned: StagePlan,
    run: int,
    parts: list[Outputs] | Failure,
    upstream: Upstream,
    note: FailureLog,
) -> Outputs | Failure:
    """Make the outputs of a run from those of its units."""
    if isinstance(parts, Failure):
        return parts
    needed = upstream.gather(planned, run, kept_only=True)
    if isinstance(needed, Failure):
        return needed
    config = planned.run_cases[run].config
    return _attempted(planned.stage.name, note, planned.stage.join, config, needed, parts)
