"""Other machines as an engine: a ``distributed`` scheduler and its workers, found by address or started from a file.

Batches go there and their outputs come back: no shared disk is needed, as this process alone writes files. The file
that describes a cluster is read in ``cluster_file.py``.
"""

from __future__ import annotations

import logging
import re
import signal
import threading
import time
import warnings
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from scsim.errors import ResultsError
from scsim.study.execution.engines import Computed, Failure
from scsim.study.execution.processes import Answer, Task, accept, make_task, run_task
from scsim.study.provenance import cpu_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scsim.study.execution.cluster_file import ClusterFile
    from scsim.study.stages.stage import Stage, Unit

_LOG = logging.getLogger(__name__)

RETRIES: Final = 2
"""How often a batch is tried again after the worker that computed it died."""

_ADDRESS: Final = re.compile(r"([a-z]+://)?(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):[0-9]+")
"""Where a scheduler may be: protocol, machine and port."""

_CONNECT_S: Final = 10.0
"""How long to wait for a scheduler, s."""

_CLOSE_S: Final = 1.0
"""How long a client or cluster may take to close, s."""

_LOUD: Final = frozenset({"distributed", "tornado", "asyncio", "dask_jobqueue"})
"""Libraries that write tracebacks to the terminal when a scheduler or worker ends."""

_NO_SCSIM: Final = "a worker of the cluster cannot load scsim ({}): install the same version there and start its workers anew. Finished batches are kept."

_LOST: Final = "the scheduler of the cluster at {} is gone ({}): finished batches are kept; start a cluster and run the same command again to go on."


class Dask:
    """Workers of a ``distributed`` scheduler.

    Parameters
    ----------
    client : distributed.Client
    workers : int
        Batches to hand out at once, halved: as many as there will be workers.
    cluster : object, optional
        What ends with the engine.
    """

    def __init__(self, client: Any, workers: int, cluster: Any = None) -> None:
        self._client = client
        self._workers = workers
        self._cluster = cluster
        self._lock = threading.Lock()
        self._targets: set[str] = set()
        self._address = str(client.scheduler.address)
        self._levels = _silence()

    @property
    def workers(self) -> int:
        """Number of workers."""
        return self._workers

    def submit(self, stage: Stage, units: Sequence[Unit]) -> Future[Computed]:
        """Have a batch computed by a worker of the cluster."""
        task = make_task(stage, units)
        answer: Future[Computed] = Future()
        start = time.perf_counter()
        try:
            remote = self._client.submit(run_task, task, pure=False, retries=RETRIES)
        except Exception as error:  # noqa: BLE001 - whatever a client that lost its scheduler raises
            answer.set_exception(ResultsError(_LOST.format(self._address, type(error).__name__)))
            return answer
        remote.add_done_callback(lambda done: self._finish(task, done, answer, start))
        return answer

    def close(self) -> None:
        """Give up what runs, and end the cluster if it was started here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for one in (self._client, self._cluster):
                try:
                    if one is not None:
                        one.close(timeout=_CLOSE_S)
                except Exception as error:  # noqa: BLE001 - it may be gone already
                    _LOG.debug("cluster: %r", error)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def _finish(self, task: Task, remote: Any, answer: Future[Computed], start: float) -> None:
        """Hand the outcome of a task on."""
        wall_s = time.perf_counter() - start
        try:
            if remote.status == "finished":
                result: Answer = remote.result()
                self._note(result)
                answer.set_result(accept(task, result, "a worker of the cluster"))
            elif remote.status == "error":
                error = remote.exception()
                if isinstance(error, ImportError):
                    answer.set_exception(ResultsError(_NO_SCSIM.format(error)))
                    return
                failures = [_failure(error)] * len(task.units)
                answer.set_result(Computed(failures, wall_s, 0.0))
            else:
                answer.set_exception(ResultsError(_LOST.format(self._address, remote.status)))
        except ResultsError as error:
            answer.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever a client that lost its scheduler raises
            answer.set_exception(ResultsError(_LOST.format(self._address, type(error).__name__)))
        finally:
            remote.release()

    def _note(self, answer: Answer) -> None:
        """Warn once of a processor on which the last bits may differ."""
        target = answer.cpu_target
        with self._lock:
            is_new = target != cpu_target() and target not in self._targets
            self._targets.add(target)
        if is_new:
            _LOG.warning(
                "workers of the cluster compile for %s, this machine for %s: the last bits of results may depend on "
                "where a batch was computed; set NUMBA_CPU_NAME to one target on all machines to avoid it",
                target,
                cpu_target(),
            )


def _silence() -> dict[str, int]:
    """Keep what the cluster says of itself off the terminal; gives the levels that its loggers had."""
    levels: dict[str, int] = {}
    for name, logger in tuple(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.partition(".")[0] in _LOUD:
            levels[name] = logger.level
            logger.setLevel(logging.CRITICAL + 1)
    return levels


@contextmanager
def _keeping_ctrl_c_here() -> Iterator[None]:
    """Let threads and processes that start now, and those that they start, never see Ctrl-C at a terminal.

    It goes to every process of a terminal; the study ends its workers itself.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _failure(error: BaseException) -> Failure:
    """Say why a worker gave no answer."""
    name = type(error).__name__
    if name == "KilledWorker":
        return Failure(
            f"{RETRIES + 1} workers of the cluster ended while they computed its batch: perhaps memory ran out; run the "
            "study again with fewer workers for each machine, or with more memory"
        )
    return Failure(f"{name} in a worker of the cluster: {error}")


def local_cluster(workers: int) -> Dask:
    """Start a scheduler and workers on this machine, as processes on 127.0.0.1.

    Parameters
    ----------
    workers : int

    Returns
    -------
    Dask

    Raises
    ------
    ResultsError
        If ``distributed`` is not installed, or the cluster cannot be started.
    """
    distributed = _distributed()
    try:
        with _keeping_ctrl_c_here():
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
            client = distributed.Client(cluster, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, RuntimeError) as error:
        message = f"a cluster on this machine could not be started ({error}): run with threads or processes."
        raise ResultsError(message) from error
    return Dask(client, workers, cluster)


def connect_scheduler(address: str) -> Dask:
    """Use the workers of a scheduler that runs already.

    Parameters
    ----------
    address : str
        For example ``tcp://10.0.0.5:8786``.

    Returns
    -------
    Dask

    Raises
    ------
    ResultsError
        If this is no address, no scheduler answers there, or it has no workers.
    """
    distributed = _distributed()
    if not _ADDRESS.fullmatch(address):
        # A client that was given none of these waits while it is thrown away, and writes a traceback.
        message = f"{address!r} is no address of a scheduler: give it as tcp://HOST:8786, with its port, as `dask scheduler` prints it."
        raise ResultsError(message)
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        n_workers = sum(client.nthreads().values())
    except (OSError, ValueError, TimeoutError) as error:
        message = f"no scheduler answers at {address} ({error}): start one with `dask scheduler`, or give its address as tcp://HOST:8786."
        raise ResultsError(message) from error
    if not n_workers:
        client.close()
        message = (
            f"the scheduler at {address} has no workers: start some with `dask worker {address}`."
        )
        raise ResultsError(message)
    return Dask(client, n_workers)


def start_cluster(file: ClusterFile) -> Dask:
    """Have the jobs of a cluster started, and use their workers as they come.

    Parameters
    ----------
    file : ClusterFile

    Returns
    -------
    Dask

    Raises
    ------
    ResultsError
        If ``dask_jobqueue`` is not installed, or the jobs cannot be submitted.
    """
    distributed = _distributed()
    cluster = make_jobs(file)
    try:
        for _ in range(file.jobs):
            cluster.worker_spec.update(cluster.new_worker_spec())
        # Not cluster.scale(): it submits later, and a job that is refused then is waited for without end.
        cluster.sync(cluster._correct_state)
        client = distributed.Client(cluster, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, RuntimeError) as error:
        for job in cluster.workers.values():
            # Else the cluster waits for jobs that never were.
            job.status = distributed.Status.failed
        cluster.close(timeout=_CLOSE_S)
        reason = " ".join(str(error).split())
        message = f"jobs could not be submitted to {file.kind} ({reason}): check the cluster file, and run this where the commands of {file.kind} are, on a login node for example."
        raise ResultsError(message) from error
    return Dask(client, file.jobs * file.cores, cluster)


def make_jobs(file: ClusterFile) -> Any:
    """Make the cluster of ``dask_jobqueue`` that a file describes; no job is submitted yet.

    Parameters
    ----------
    file : ClusterFile

    Returns
    -------
    dask_jobqueue.core.JobQueueCluster

    Raises
    ------
    ResultsError
        If ``dask_jobqueue`` is not installed.
    """
    _distributed()
    try:
        import dask_jobqueue  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "jobs of a cluster need dask_jobqueue, which is not installed: install the package dask-jobqueue (extra 'dask' of scsim)."
        raise ResultsError(message) from error
    options: dict[str, Any] = {}
    if file.queue:
        options["queue"] = file.queue
    if file.account:
        options["project" if file.kind in {"lsf", "sge", "oar"} else "account"] = file.account
    if file.interface:
        options["interface"] = file.interface
    if file.kind == "oar":
        # Else it warns: OAR has no property of its own for memory, so it goes by the directives alone.
        options["memory_per_core_property_name"] = "not_applicable"
    return getattr(dask_jobqueue, f"{file.kind.upper()}Cluster")(
        cores=file.cores,
        processes=file.cores,  # a worker computes one batch at a time
        memory=f"{file.memory_gb:g}GB",
        walltime=file.walltime,
        job_extra_directives=list(file.directives),
        job_script_prologue=["export OMP_NUM_THREADS=1", *file.prologue],
        scheduler_options={"dashboard_address": ":0", "dashboard": False},
        **options,
    )


def _distributed() -> Any:
    """Load ``distributed``.

    Raises
    ------
    ResultsError
        If it is not installed.
    """
    try:
        import distributed  # noqa: PLC0415 - an extra, and a second to import
    except ImportError as error:
        message = "engine dask needs distributed, which is not installed: install the package distributed (extra 'dask' of scsim), or use threads or processes."
        raise ResultsError(message) from error
    return distributed
