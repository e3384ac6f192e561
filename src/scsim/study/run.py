"""Running a study: from its cases to results, in memory or in a folder that can be resumed.

How runs are scheduled belongs in ``schedule.py``, what a stage computes in ``stages/table.py``.
"""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from scsim.errors import ResultsError
from scsim.results.store import RESULTS_FILE, CaseFailure, Results, save_results
from scsim.study.execution.folder import confirm_folder, logging_to, open_folder, remove_partial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.study.config import Study
    from scsim.study.execution.plan import Plan
    from scsim.study.execution.schedule import Progress, StageCount, StageResult

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
    results : Results
    report : RunReport
    """

    results: Results
    report: RunReport


def run(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Run a study and give its results.

    Parameters
    ----------
    study : Study
        From `scsim.load`.
    out : str or Path, optional
        Folder for ``results.h5``, batch files and log. A run that was interrupted goes on where it
        stopped; finished results are opened. Without it everything stays in memory.
    workers : int, optional
        Threads; as many as there are processors if left out. Results do not depend on it.
    fresh : bool
        Whether to delete first what scsim wrote into `out`.
    progress : callable, optional
        Called with stage, units done and units in all.

    Returns
    -------
    Results
        Cases that could not be computed are listed in its `failures`.

    Raises
    ------
    ResultsError
        If `out` holds another study or cannot be written, or `workers` is not positive.
    """
    return execute(study, out, workers=workers, fresh=fresh, progress=progress).results


def execute(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    batch_size: int | None = None,
) -> Outcome:
    """Run a study as `run` does, and report what was computed.

    Parameters
    ----------
    study, out, workers, fresh, progress
        As `run`.
    batch_size : int, optional
        Units per batch instead of the number of each stage. Values do not depend on it; finished
        batches of another size are not used again.

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
    if workers is not None and workers < 1:
        message = f"workers = {workers}: at least one thread must do the work; leave it out to use all processors."
        raise ResultsError(message)
    _check_store()
    folder = None if out is None else Path(out)
    if folder is not None:
        finished = open_folder(folder, study, fresh=fresh)
        if finished is not None:
            return Outcome(
                finished, RunReport((), time.perf_counter() - start, is_nothing_left=True)
            )
    with logging_to(folder):
        _log_coverage(study)
        before = _fields()
        results, counts = _compute(study, folder, workers or _n_processors(), batch_size, progress)
        n_solved, n_loaded = (now - then for now, then in zip(_fields(), before, strict=True))
        _LOG.info("fields: %d solved, %d read from the cache folder", n_solved, n_loaded)
        if folder is not None:
            confirm_folder(folder, study)
            results = save_results(results, folder / RESULTS_FILE)
            remove_partial(folder)
            _LOG.info("results in %s", results.path)
    report = RunReport(
        counts,
        time.perf_counter() - start,
        is_nothing_left=False,
        n_fields_solved=n_solved,
        n_fields_loaded=n_loaded,
    )
    return Outcome(results, report)


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
    study: Study,
    folder: Path | None,
    workers: int,
    batch_size: int | None,
    progress: Progress | None,
) -> tuple[Results, tuple[StageCount, ...]]:
    # The rooms with the physics load numba and scipy, which finished results do not need.
    from scsim.study.execution.plan import make_plan  # noqa: PLC0415
    from scsim.study.execution.schedule import Options, run_stages  # noqa: PLC0415

    plan = make_plan(study)
    _LOG.info("%s: %d cases", study.title, plan.n_cases)
    stages, counts = run_stages(plan, Options(folder, workers, batch_size, progress))
    return _assemble(plan, stages, counts), counts


def _assemble(
    plan: Plan, stages: Mapping[str, StageResult], counts: tuple[StageCount, ...]
) -> Results:
    from scsim.study.execution.collect import beside_coordinates, collect  # noqa: PLC0415
    from scsim.study.provenance import describe  # noqa: PLC0415

    failures = _failures(plan, stages)
    for failure in failures:
        _LOG.error("case %d (%s) failed: %s", failure.case, failure.name, failure.reason)
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
    """Find for each case the first stage that has no outputs for it."""
    from scsim.study.execution.schedule import Failure  # noqa: PLC0415

    found: dict[int, CaseFailure] = {}
    for result in stages.values():
        failed = {
            run: outputs.reason
            for run, outputs in enumerate(result.outputs)
            if isinstance(outputs, Failure)
        }
        if not failed:
            continue
        for case, run in zip(plan.study.cases, result.plan.run_of_case.tolist(), strict=True):
            if run in failed and case.index not in found:
                found[case.index] = CaseFailure(case.index, case.name, failed[run])
    return tuple(found[index] for index in sorted(found))


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
