"""Running a study: from its cases to results, in memory or in a folder that can be resumed.

How runs are scheduled belongs in ``schedule.py``, what a stage computes in ``stages/table.py``.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, overload

from scsim.errors import ResultsError
from scsim.results.store import RESULTS_FILE, CaseFailure, Results, save_results
from scsim.study.execution.engines import Absent, Failure, check_engine, n_processors, opened
from scsim.study.execution.folder import confirm_folder, logging_to, open_folder, remove_partial
from scsim.study.execution.memory import limit_bytes
from scsim.study.execution.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.study.config import Study
    from scsim.study.execution.engines import Engine
    from scsim.study.execution.options import Forecast, Progress
    from scsim.study.execution.plan import Plan
    from scsim.study.execution.schedule import StageCount, StageResult

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunReport:
    """What running a study took.

    Attributes
    ----------
    stages : tuple of StageCount
        Empty if nothing was left to do.
    wall_s : float
        Time from start to results, s.
    is_nothing_left : bool
        Whether the folder held the finished results already.
    n_fields_solved, n_fields_loaded : int
        Solutions of fields that were computed, and that were read from the cache folder.
    """

    stages: tuple[StageCount, ...]
    wall_s: float
    is_nothing_left: bool
    n_fields_solved: int = 0
    n_fields_loaded: int = 0

    def __getitem__(self, name: str) -> StageCount:
        """Give the counts of a stage by its name."""
        return next(count for count in self.stages if count.name == name)


@dataclass(frozen=True)
class Outcome:
    """Results of a study and what they took.

    Attributes
    ----------
    found : Results or None
        None if other shards have not finished.
    report : RunReport
    n_left : int
        Batches that other shards have not finished.
    failures : tuple of CaseFailure
        Cases that have failed so far.
    """

    found: Results | None
    report: RunReport
    n_left: int = 0
    failures: tuple[CaseFailure, ...] = ()

    @property
    def results(self) -> Results:
        """The results.

        Raises
        ------
        ResultsError
            If other shards have not finished.
        """
        if self.found is None:
            message = f"{self.n_left} batches of other shards are missing, so there are no results yet: run those shards, or the study without a shard to compute what is left."
            raise ResultsError(message)
        return self.found


@overload
def run(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    engine: str | Engine = "threads",
    shard: None = None,
    memory_gb: float | None = None,
    keep: bool = False,
) -> Results: ...
@overload
def run(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    engine: str | Engine = "threads",
    shard: tuple[int, int],
    memory_gb: float | None = None,
    keep: bool = False,
) -> Results | None: ...
def run(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    engine: str | Engine = "threads",
    shard: tuple[int, int] | None = None,
    memory_gb: float | None = None,
    keep: bool = False,
) -> Results | None:
    """Run a study and give its results.

    Parameters
    ----------
    study : Study
        From `scsim.load`.
    out : str or Path, optional
        Folder for ``results.h5``, batch files and log. A run that was interrupted goes on where it
        stopped; finished results are opened. Without it everything stays in memory.
    workers : int, optional
        Threads or processes; as many as there are processors if left out. Results do not depend on it.
    fresh : bool
        Whether to delete first what scsim wrote into `out`.
    progress : callable, optional
        Called with stage, units done and units in all.
    engine : str or Engine
        What computes: ``"threads"`` of this process, ``"processes"`` of this machine, or ``"dask"``, which starts a
        cluster on this machine; or an engine of one's own. Results do not depend on it.
    shard : tuple of int, optional
        ``(i, n)``: compute the i-th of n shares, i from 1, while other programs compute the others into the same
        folder.
    memory_gb : float, optional
        Bound of the memory of this process, GB; 80 % of what is available if left out.
    keep : bool
        Whether to go on in a folder of another config or of another version of scsim, with those of its finished
        batches that fit.

    Returns
    -------
    Results or None
        Cases that could not be computed are listed in its `failures`. None only with `shard`, if other shards have
        not finished.

    Raises
    ------
    ResultsError
        If `out` holds another study or cannot be written, or an option is out of range.
    """
    return execute(
        study,
        out,
        workers=workers,
        fresh=fresh,
        progress=progress,
        engine=engine,
        shard=shard,
        memory_gb=memory_gb,
        keep=keep,
    ).found


def execute(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    batch_size: int | None = None,
    engine: str | Engine = "threads",
    shard: tuple[int, int] | None = None,
    memory_gb: float | None = None,
    keep: bool = False,
    forecast: Forecast | None = None,
    is_assembly: bool = False,
) -> Outcome:
    """Run a study as `run` does, and report what was computed.

    Parameters
    ----------
    study, out, workers, fresh, progress, engine, shard, memory_gb, keep
        As `run`.
    batch_size : int, optional
        Units per batch instead of the number of each stage. Values do not depend on it; finished
        batches of another size are used unit by unit.
    forecast : Forecast, optional
        Told of every batch.
    is_assembly : bool
        Whether to put results together from finished batches only; what is missing is counted and left.

    Returns
    -------
    Outcome

    Raises
    ------
    ResultsError
        As `run`.
    ScsimError
        If the environment variable with the size of the store of fields is not a number of GB.
    """
    start = time.perf_counter()
    _check(workers, shard, out)
    check_engine(engine)
    limit_bytes(memory_gb)
    _check_store()
    folder = None if out is None else Path(out)
    if folder is not None:
        finished = open_folder(folder, study, fresh=fresh, keep=keep)
        if finished is not None:
            return Outcome(
                finished, RunReport((), time.perf_counter() - start, is_nothing_left=True)
            )
    n_workers = workers or n_processors()
    with logging_to(folder), opened(engine, n_workers) as opened_engine:
        _log_coverage(study)
        before = _fields()
        options = Options(
            folder,
            n_workers,
            batch_size,
            progress,
            opened_engine,
            shard=shard,
            memory_gb=memory_gb,
            forecast=forecast,
            is_assembly=is_assembly,
        )
        results, counts, n_left, failures = _compute(study, options)
        n_solved, n_loaded = (now - then for now, then in zip(_fields(), before, strict=True))
        _LOG.info("fields: %d solved, %d read from the cache folder", n_solved, n_loaded)
        if folder is not None and results is not None:
            confirm_folder(folder, study)
            results = save_results(results, folder / RESULTS_FILE)
            remove_partial(folder)
            _LOG.info("results in %s", results.path)
        if n_left:
            _LOG.info("%d batches are left to other shards", n_left)
        if forecast is not None:
            forecast.end(is_complete=results is not None)
    report = RunReport(
        counts,
        time.perf_counter() - start,
        is_nothing_left=False,
        n_fields_solved=n_solved,
        n_fields_loaded=n_loaded,
    )
    return Outcome(results, report, n_left, failures)


def _check(workers: int | None, shard: tuple[int, int] | None, out: str | Path | None) -> None:
    """Refuse options that are out of range, before a folder is made.

    Raises
    ------
    ResultsError
        If one is.
    """
    if workers is not None and workers < 1:
        message = f"workers = {workers}: at least one must do the work; leave it out to use all processors."
        raise ResultsError(message)
    if shard is None:
        return
    number, n_shards = shard
    if not 1 <= number <= n_shards:
        message = f"shard {number}/{n_shards}: shards are counted from 1 to their number, for example 1/{max(n_shards, 1)}."
        raise ResultsError(message)
    if out is None:
        message = f"shard {number}/{n_shards}: shards meet in a folder, so name it with out."
        raise ResultsError(message)


def _log_coverage(study: Study) -> None:
    """Note how well imported potentials cover fibers and lines, if the study imports any."""
    configs = [case.config for case in study.cases if case.config.field.file is not None]
    if configs:
        from scsim.study.reading.file_checks import coverage_lines  # noqa: PLC0415 - few studies import fields

        for line in coverage_lines(configs):
            _LOG.info("coverage: %s", line)


def _check_store() -> None:
    """Refuse settings of the store of fields that cannot be read, before a folder is made.

    Raises
    ------
    ScsimError
        If the environment variable with the limit is not a number of GB.
    """
    from scsim.fields.store import default_limit_bytes  # noqa: PLC0415 - configs need no store

    default_limit_bytes()


def _fields() -> tuple[int, int]:
    """Count the solutions of fields that this process has computed and read from disk so far."""
    from scsim.fields.store import default_store  # noqa: PLC0415 - finished results need no store

    store = default_store()
    return store.n_solved, store.n_loaded


def _compute(
    study: Study, options: Options
) -> tuple[Results | None, tuple[StageCount, ...], int, tuple[CaseFailure, ...]]:
    """Give the results, what each stage did, how many batches other shards have not finished, and failed cases."""
    # The rooms with the physics load numba and scipy, which finished results do not need.
    import scipy.linalg  # noqa: PLC0415, F401 - only libraries that are loaded can be limited
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    from scsim.study.execution.plan import make_plan  # noqa: PLC0415
    from scsim.study.execution.schedule import run_stages  # noqa: PLC0415

    plan = make_plan(study)
    _LOG.info("%s: %d cases", study.title, plan.n_cases)
    while True:
        # The number of threads of linear algebra is in the last digits of a field: 4e-11 of it with two.
        with threadpool_limits(limits=1, user_api="blas"):
            stages, counts = run_stages(plan, options)
        absent = [path for result in stages.values() for path in result.absent]
        n_left = sum(not path.is_file() for path in absent)
        if absent and not n_left:
            continue  # The others have finished in the meantime: all is there to be read.
        failures = _failures(plan, stages)
        for failure in failures:
            _LOG.error("case %d (%s) failed: %s", failure.case, failure.name, failure.reason)
        results = None if n_left else _assemble(plan, stages, counts, failures)
        return results, counts, n_left, failures


def _assemble(
    plan: Plan,
    stages: Mapping[str, StageResult],
    counts: tuple[StageCount, ...],
    failures: tuple[CaseFailure, ...],
) -> Results:
    from scsim.study.execution.collect import beside_coordinates, collect  # noqa: PLC0415
    from scsim.study.provenance import describe  # noqa: PLC0415

    attributes = describe(
        plan.study,
        {count.name: count.wall_s for count in counts},
        {count.name: count.cpu_s for count in counts},
    )
    attributes["seconds_of"] = _describe_session(counts)
    attributes["failures"] = json.dumps([asdict(failure) for failure in failures])
    beside = beside_coordinates(plan.study)
    if beside:
        attributes["coordinates"] = " ".join(beside)
    return Results(MappingProxyType(collect(plan, stages)), MappingProxyType(attributes))


def _describe_session(counts: tuple[StageCount, ...]) -> str:
    """Say what the seconds in the attributes were spent on."""
    n_computed = sum(count.n_computed for count in counts)
    n_loaded = sum(count.n_loaded for count in counts)
    return (
        f"wall_seconds and cpu_seconds are of the session that wrote this file: it computed "
        f"{n_computed} units of work and read {n_loaded} from batches of earlier sessions"
    )


def _failures(plan: Plan, stages: Mapping[str, StageResult]) -> tuple[CaseFailure, ...]:
    """Find for each case the first stage that has failed for it; what other shards have not finished has not."""
    found: dict[int, CaseFailure] = {}
    for result in stages.values():
        failed = {
            run: outputs.reason
            for run, outputs in enumerate(result.outputs)
            if isinstance(outputs, Failure) and not isinstance(outputs, Absent)
        }
        if not failed:
            continue
        for case, run in zip(plan.study.cases, result.plan.run_of_case.tolist(), strict=True):
            if run in failed and case.index not in found:
                found[case.index] = CaseFailure(case.index, case.name, failed[run])
    return tuple(found[index] for index in sorted(found))
