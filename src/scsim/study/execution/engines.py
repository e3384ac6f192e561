"""Engines: what computes the units of a batch. The interface, the attempt that never raises, and threads.

Other processes are in ``processes.py``, other machines in ``cluster.py``; which batches there are, and where finished
ones are kept, is decided in ``schedule.py``. No value depends on the engine.
"""

from __future__ import annotations

import importlib.util
import os
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from scsim.errors import ResultsError, ScsimError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from scsim.study.stages.stage import Outputs, Stage, Unit


ENGINES: Final = ("threads", "processes", "dask")
"""Names of the engines."""


@dataclass(frozen=True)
class Failure:
    """Why a unit or run has no outputs.

    Attributes
    ----------
    reason : str
        Message of the error; with its type in front if it is not one of scsim's own.
    details : str
        Where it arose, for the log; empty if `reason` says all.
    """

    reason: str
    details: str = ""


@dataclass(frozen=True)
class Absent(Failure):
    """A unit or run that another shard computes, and has not finished."""

    reason: str = "another shard computes it"


@dataclass(frozen=True)
class Computed:
    """A batch that has been computed.

    Attributes
    ----------
    outputs : sequence of mapping of str to ndarray, or Failure
        One per unit.
    wall_s, cpu_s : float
        Time that it took where it was computed, s.
    """

    outputs: Sequence[Outputs | Failure]
    wall_s: float
    cpu_s: float


class Engine(Protocol):
    """What computes batches: some workers, which may be threads, processes or other machines."""

    @property
    def workers(self) -> int:
        """Batches that are computed at once."""

    def submit(self, stage: Stage, units: Sequence[Unit]) -> Future[Computed]:
        """Have a batch computed.

        Parameters
        ----------
        stage : Stage
        units : sequence of mapping

        Returns
        -------
        Future of Computed
            Raises only what ends the whole run: `ResultsError` if the engine is lost.
        """

    def close(self) -> None:
        """End the engine at once: what runs is given up, nobody waits for it."""


def failure_of(error: BaseException) -> Failure:
    """Put an error into words.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    Failure
    """
    if isinstance(error, ScsimError):
        return Failure(str(error))
    name = type(error).__name__
    text = str(error).strip()
    reason = f"{name}: {text}" if text else name
    return Failure(reason, "".join(traceback.format_exception(error)))


def attempt(stage: Stage, units: Sequence[Unit]) -> Sequence[Outputs | Failure]:
    """Compute units together; if that fails, in halves, until those at fault stand alone.

    Parameters
    ----------
    stage : Stage
    units : sequence of mapping

    Returns
    -------
    sequence of mapping of str to ndarray, or Failure
        One per unit.
    """
    try:
        outputs = stage.compute(units)
    except Exception as error:  # noqa: BLE001 - whatever a unit raises is its own failure; the other cases go on
        if len(units) == 1:
            return [failure_of(error)]
    else:
        if len(outputs) == len(units):
            return outputs
        return [Failure(f"{stage.name} gave {len(outputs)} outputs for {len(units)} units")] * len(
            units
        )
    half = len(units) // 2
    return [*attempt(stage, units[:half]), *attempt(stage, units[half:])]


def compute_batch(stage: Stage, units: Sequence[Unit]) -> Computed:
    """Compute a batch here and now, and note the time.

    Parameters
    ----------
    stage : Stage
    units : sequence of mapping

    Returns
    -------
    Computed
    """
    wall, cpu = time.perf_counter(), time.thread_time()
    outputs = attempt(stage, units)
    return Computed(outputs, time.perf_counter() - wall, time.thread_time() - cpu)


def n_processors() -> int:
    """Count the processors that this process may use.

    Returns
    -------
    int
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_engine(engine: str | Engine) -> None:
    """Refuse an engine that cannot be had, before a folder is made.

    Parameters
    ----------
    engine : str or Engine

    Raises
    ------
    ResultsError
        If there is no such engine, or what it needs is not installed.
    """
    if not isinstance(engine, str):
        return
    if engine not in ENGINES:
        raise ResultsError(_no_engine(engine))
    if engine == "dask" and importlib.util.find_spec("distributed") is None:
        message = "engine dask needs distributed, which is not installed: install the package distributed (extra 'dask' of scsim), or use threads or processes."
        raise ResultsError(message)


def _no_engine(engine: str) -> str:
    return f"engine = {engine!r}: there are {', '.join(ENGINES)}."


@contextmanager
def opened(engine: str | Engine, workers: int) -> Iterator[Engine | None]:
    """Make an engine, and end it with the run.

    Parameters
    ----------
    engine : str or Engine
        ``threads``, ``processes`` or ``dask``; an engine of one's own is taken as it is, and not ended.
    workers : int

    Yields
    ------
    Engine or None
        None: the threads of the run itself.

    Raises
    ------
    ResultsError
        If there is no such engine.
    """
    if not isinstance(engine, str):
        yield engine
        return
    if engine == "threads":
        yield None
        return
    if engine == "processes":
        from scsim.study.execution.processes import Processes  # noqa: PLC0415 - few runs need them

        made: Engine = Processes(workers)
    elif engine == "dask":
        from scsim.study.execution.cluster import local_cluster  # noqa: PLC0415 - an extra

        made = local_cluster(workers)
    else:
        raise ResultsError(_no_engine(engine))
    try:
        yield made
    finally:
        made.close()


class Threads:
    """Threads of this process: nothing is copied, and kernels run beside each other.

    Parameters
    ----------
    workers : int
        At least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="scsim")

    @property
    def workers(self) -> int:
        """Number of threads."""
        return self._workers

    def submit(self, stage: Stage, units: Sequence[Unit]) -> Future[Computed]:
        """Have a batch computed by the next thread that is free."""
        return self._pool.submit(compute_batch, stage, units)

    def close(self) -> None:
        """Start no more batches; those that run go on by themselves, and nobody takes their outputs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
