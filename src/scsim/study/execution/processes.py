"""Processes of this machine as an engine: for stages in which Python itself takes the time.

Each worker is an interpreter of its own that takes one batch at a time through a pipe. If it dies, only its batch is
tried again, in a new worker. It ends when its input closes, so none outlives the study. What a worker computes is in
``engines.py``.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, cast

from scsim.errors import ResultsError
from scsim.study.execution.engines import Computed, Failure, compute_batch
from scsim.study.provenance import cpu_target
from scsim.study.sources import stage_source_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from scsim.study.stages.stage import Stage, Unit

_LOG = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""Workers that may die over one batch before its units are given up: the first, and two more."""

_LAST_BREATH_S: Final = 1.0
"""How long a process whose pipes are closed may take to end by itself and give its exit code, s."""

_LENGTH: Final = struct.Struct("<Q")
"""Length of a message, before the message."""

_SERVE: Final = "from scsim.study.execution.processes import serve; serve()"


@dataclass(frozen=True)
class Task:
    """A batch on its way to another process or machine.

    Attributes
    ----------
    stage : str
        Name of the stage.
    units : tuple of mapping
    source_hash : str
        Of the part of the program that computes the stage, where it was asked for.
    """

    stage: str
    units: tuple[Unit, ...]
    source_hash: str


@dataclass(frozen=True)
class Answer:
    """What came of a task.

    Attributes
    ----------
    computed : Computed or None
        None if the program there is another one.
    source_hash, cpu_target : str
        Of the process that computed it.
    """

    computed: Computed | None
    source_hash: str
    cpu_target: str


def run_task(task: Task) -> Answer:
    """Compute a batch that came from elsewhere, if the program is the same.

    Parameters
    ----------
    task : Task

    Returns
    -------
    Answer
    """
    from scsim.study.stages.table import STAGES  # noqa: PLC0415 - loads the physics

    stage = next((one for one in STAGES if one.name == task.stage), None)
    found = "" if stage is None else stage_source_hash(stage.compute)
    if stage is None or found != task.source_hash:
        return Answer(None, found, cpu_target())
    return Answer(compute_batch(stage, task.units), found, cpu_target())


def make_task(stage: Stage, units: Sequence[Unit]) -> Task:
    """Make a batch ready to travel.

    Parameters
    ----------
    stage : Stage
    units : sequence of mapping

    Returns
    -------
    Task
    """
    return Task(stage.name, tuple(units), stage_source_hash(stage.compute))


def accept(task: Task, answer: Answer, where: str) -> Computed:
    """Take an answer, unless another program gave it.

    Parameters
    ----------
    task : Task
    answer : Answer
    where : str
        Who gave it, for the message.

    Returns
    -------
    Computed

    Raises
    ------
    ResultsError
        If the program there is another one.
    """
    if answer.computed is None:
        message = f"{where} runs another version of scsim (source of stage {task.stage} {answer.source_hash[:12] or 'unknown'}, here {task.source_hash[:12]}), so its numbers could differ: install the same version there and start its workers anew. Finished batches are kept."
        raise ResultsError(message)
    return answer.computed


class Processes:
    """Processes of this machine.

    Parameters
    ----------
    workers : int
        At least 1.
    command : sequence of str, optional
        What starts a worker.
    """

    def __init__(self, workers: int, command: Sequence[str] = ()) -> None:
        self._workers = workers
        self._command = tuple(command) or (sys.executable, "-c", _SERVE)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="scsim-process")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def workers(self) -> int:
        """Number of processes."""
        return self._workers

    def submit(self, stage: Stage, units: Sequence[Unit]) -> Future[Computed]:
        """Have a batch computed by the next process that is free."""
        return self._pool.submit(self._run, stage, tuple(units))

    def close(self) -> None:
        """Kill the processes."""
        with self._lock:
            self._is_closed = True
            workers = tuple(self._all)
        for worker in workers:
            worker.end()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, stage: Stage, units: tuple[Unit, ...]) -> Computed:
        task = make_task(stage, units)
        message = pickle.dumps(task, protocol=5)
        wall = time.perf_counter()
        code: int | None = None
        for _ in range(ATTEMPTS):
            worker = self._take()
            try:
                answer = pickle.loads(worker.ask(message))
            except (OSError, EOFError, pickle.UnpicklingError):
                code = self._bury(worker)
                if self._is_closed:
                    break
                _LOG.warning("%s: a worker process ended (code %s)", stage.name, code)
                continue
            self._idle.put(worker)
            return accept(task, answer, "a worker process")
        failure = Failure(
            f"{ATTEMPTS} worker processes ended while they computed its batch, the last with code {code}: perhaps memory "
            "ran out; run the study again with fewer workers, or with threads"
        )
        return Computed([failure] * len(units), time.perf_counter() - wall, 0.0)

    def _take(self) -> _Worker:
        """Give a process that waits, or start one."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if self._is_closed:
                message = "the processes of this engine have been ended: make a new engine."
                raise ResultsError(message)
            worker = _Worker(self._command)
            self._all.add(worker)
        return worker

    def _bury(self, worker: _Worker) -> int | None:
        """Clear away after a process that is ending by itself; gives its exit code."""
        worker.end(wait_s=_LAST_BREATH_S)
        with self._lock:
            self._all.discard(worker)
        return worker.code


class _Worker:
    """One process, and the pipes to it."""

    def __init__(self, command: Sequence[str]) -> None:
        path = os.pathsep.join(part for part in sys.path if part)
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        try:
            # A session of its own: Ctrl-C at a terminal goes to the study, which ends its workers.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            message = f"a worker process could not be started ({error.strerror or error}): run with fewer workers, or with threads."
            raise ResultsError(message) from error
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def ask(self, task: bytes) -> bytes:
        """Send a message and wait for the answer."""
        _send(self._stdin, task)
        answer = _receive(self._stdout)
        if answer is None:
            raise EOFError
        return answer

    def end(self, wait_s: float = 0.0) -> None:
        """Kill the process, if it does not end by itself in time, and clear away after it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)
        self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):
                pipe.close()


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """Read a message; None if the other end is closed."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = pipe.read(length)
    return message if len(message) == length else None


def serve() -> None:
    """Compute batches until the input closes: the whole life of a worker process."""
    # What is printed must not come between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_tasks, args=(waiting,), daemon=True).start()
    while True:
        task: Any = pickle.loads(waiting.get())
        _send(out, pickle.dumps(run_task(task), protocol=5))


def _read_tasks(waiting: queue.SimpleQueue[bytes]) -> None:
    """Hand tasks on; end the process at once when the study is gone, in whatever kernel it is."""
    with os.fdopen(os.dup(0), "rb") as source:
        while True:
            message = _receive(source)
            if message is None:
                os._exit(0)
            waiting.put(message)
