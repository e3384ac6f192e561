"""scsim as a process of its own: started on real files, signaled, and what it left behind.

Which study runs, and what is done to it, belongs to the tests.
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LIMIT_S = 150.0
"""Longest time that a process of these tests may take, s: beyond it, it hangs."""

EXIT_CODES = (0, 1, 2, 130)
"""What scsim may leave with; a process that a signal killed leaves with minus its number."""

_MARK = "SCSIM_TEST_MARK"
_PLACES = "SCSIM_TEST_PLACES"
_PARENT = "SCSIM_TEST_PARENT"

_ON_START = """
import os

if os.getppid() == int(os.environ["SCSIM_TEST_PARENT"]):
    import sys, threading, traceback

    def tell_places(folder):
        with open(os.path.join(folder, "ask")):
            frames = sys._current_frames()
        stacks = ["".join(traceback.format_stack(frame)) for frame in frames.values()]
        with open(os.path.join(folder, "telling"), "w") as file:
            file.write("\\n".join(stacks))
        os.rename(os.path.join(folder, "telling"), os.path.join(folder, "told"))

    os.mkfifo(os.path.join(os.environ["SCSIM_TEST_PLACES"], "ask"))
    threading.Thread(target=tell_places, args=(os.environ["SCSIM_TEST_PLACES"],), daemon=True).start()
"""
"""Read by Python as it starts: a thread that writes, once it is asked to, where every thread is.

It takes part in nothing else. (A handler of faulthandler would read the stacks of threads that run on meanwhile, which
ends in a segmentation fault now and then.)
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code : int
        Exit code, or minus the number of the signal that killed it.
    out, err : str
    wall_s : float
        From its start to its end, s.
    cpu_s : float
        Processor time of it and of the children that it waited for, s.
    peak_kb : int
        Largest resident memory, 1024 bytes.
    """

    code: int
    out: str
    err: str
    wall_s: float
    cpu_s: float
    peak_kb: int


class Started:
    """A command of scsim that runs, in a session of its own.

    Parameters
    ----------
    arguments : sequence of str or Path
        Of the command line.
    folder : Path
        Where it runs; what it writes to stdout and stderr is kept below.
    environment : mapping of str to str, optional
        Added to that of the tests.
    program : sequence of str
        What the interpreter runs.
    before : callable, optional
        Called in the child just before it becomes Python.
    on_start : str
        A program that Python runs as it starts, before anything else.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "scsim"),
        before: Callable[[], None] | None = None,
        on_start: str = "",
    ) -> None:
        self.folder = folder
        self._mark = uuid.uuid4().hex
        self._files = folder / f".process-{self._mark}"
        self._files.mkdir(parents=True)
        (self._files / "sitecustomize.py").write_text(_ON_START + on_start, encoding="utf-8")
        added = {
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join(
                part for part in (str(self._files), os.environ.get("PYTHONPATH")) if part
            ),
            _MARK: self._mark,
            _PLACES: str(self._files),
            _PARENT: str(os.getpid()),
        }
        self._ended: Ended | None = None
        with (self._files / "out").open("wb") as out, (self._files / "err").open("wb") as err:
            self._began = time.perf_counter()
            self._process = subprocess.Popen(
                [sys.executable, *program, *map(str, arguments)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **added, **(environment or {})},
                start_new_session=True,
                preexec_fn=before,  # noqa: PLW1509 - it takes no lock that a thread of the tests may hold
            )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid in self.descendants():
            _send(pid, signal.SIGKILL)
        self.end()

    @property
    def has_ended(self) -> bool:
        """Whether the process has left."""
        if self._ended is None:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._note_end(os.waitstatus_to_exitcode(status), used)
        return self._ended is not None

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return (self._files / "err").read_text(encoding="utf-8", errors="replace")

    def wait_until(self, is_so: Callable[[], bool], *, limit_s: float = LIMIT_S) -> bool:
        """Wait until something is so; gives False if the process ended before it was."""
        last = time.monotonic() + limit_s
        while not is_so():
            if self.has_ended:
                return is_so()
            assert time.monotonic() < last, f"waited {limit_s:.0f} s in vain\n{self.err}"
            time.sleep(0.003)
        return True

    def press_ctrl_c(self) -> None:
        """Send SIGINT to the process and its children, as a terminal does."""
        os.killpg(self.pid, signal.SIGINT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        if not self.has_ended:
            _send(self.pid, number)

    def place(self) -> str:
        """Say in a few words where the process is just now."""
        try:
            asked = os.open(self._files / "ask", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # it has not got so far, or has ended
            return PLACES[0]
        os.close(asked)
        told = self._files / "told"
        last = time.monotonic() + 1.0
        while not told.exists() and time.monotonic() < last and not self.has_ended:
            time.sleep(0.001)
        return name_place(told.read_text(encoding="utf-8") if told.exists() else "")

    def end(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end, for at most some time."""
        last = time.monotonic() + limit_s
        while not self.has_ended:
            assert time.monotonic() < last, (
                f"it runs for {limit_s:.0f} s more than expected\n{self.err}"
            )
            time.sleep(0.003)
        assert self._ended is not None
        return self._ended

    def descendants(self) -> dict[int, str]:
        """Find all living processes that descend from it, whoever their parent is now: number and command."""
        found: dict[int, str] = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                environment = (path / "environ").read_bytes()
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (path / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"{_MARK}={self._mark}".encode() in environment and state not in "ZX":
                found[int(path.name)] = command
        return found

    def children(self, of: str = "") -> dict[int, str]:
        """Find the living descendants other than itself, those whose command holds some words."""
        return {
            pid: command
            for pid, command in self.descendants().items()
            if pid != self.pid and of in command
        }

    def survivors(self, within_s: float) -> dict[int, str]:
        """Find descendants that outlive it by more than some time."""
        last = time.monotonic() + within_s
        while (found := self.children()) and time.monotonic() < last:
            time.sleep(0.02)
        return found

    def _note_end(self, code: int, used: object) -> None:
        self._process.returncode = code
        self._ended = Ended(
            code,
            (self._files / "out").read_text(encoding="utf-8", errors="replace"),
            self.err,
            time.perf_counter() - self._began,
            used.ru_utime + used.ru_stime,  # type: ignore[attr-defined]
            used.ru_maxrss,  # type: ignore[attr-defined]
        )


def run_scsim(
    *arguments: str | Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    limit_s: float = LIMIT_S,
) -> Ended:
    """Run a command of scsim to its end, and hold it to good manners."""
    with Started(arguments, folder, environment=environment, before=before) as started:
        ended = started.end(limit_s)
        assert not started.survivors(2.0)
    confirm_manners(ended)
    return ended


def confirm_manners(ended: Ended) -> None:
    """Check that a process ended with a code of its own and without a traceback."""
    told = f"exit code {ended.code}\n{ended.out}\n{ended.err[:1500]}\n...\n{ended.err[-500:]}"
    assert ended.code in EXIT_CODES, told
    for sign in ("Traceback (most recent", "Exception ignored", "Error in sys", "Fatal Python"):
        assert sign not in ended.err, told


def batch_stamps(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Give what tells a batch file from one that was written later: inode, time and content, by name."""
    found = {}
    for path in (folder / "batches").rglob("*.h5"):
        if path.name.startswith("."):
            continue
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.name] = (status.st_ino, status.st_mtime_ns, digest)
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    """Give the content of all files of a folder by their path, without those that processes of tests keep."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".process-" not in str(path.relative_to(folder))
    }


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


PLACES = (
    "starting Python",
    "loading the command line",
    "loading modules",
    "reading the config",
    "planning and preparing",
    "compiling or loading kernels",
    "solving the field",
    "searching thresholds",
    "running the circuit",
    "writing a batch",
    "merging and writing results",
    "drawing pictures",
    "elsewhere",
    "leaving",
)
"""Where a process can be hit, in the order of a run."""

_SIGNS: tuple[tuple[str, str], ...] = (
    (r"scsim/plots/|matplotlib", "drawing pictures"),
    (
        r"in save_results|in collect\b|in _assemble\b|execution/collect",
        "merging and writing results",
    ),
    (r"in save_batch|in write_arrays", "writing a batch"),
    (r"/numba/|/llvmlite/", "compiling or loading kernels"),
    (
        r"scsim/kernels/network|kernels/rate|circuit/networks/run|in compute_circuit",
        "running the circuit",
    ),
    (r"scsim/kernels/search|response/threshold|in compute_thresholds", "searching thresholds"),
    (r"scsim/fields/|in compute_field|in compute_solution", "solving the field"),
    (r"scsim/study/reading/", "reading the config"),
    (r"scsim/study/", "planning and preparing"),
)
"""Words in the frames of its threads, and the place that they stand for; the first that fits is taken."""


def name_place(frames: str) -> str:
    """Name the place from what a process wrote about its threads."""
    if not frames:
        return "elsewhere"
    if not re.search(r"scsim/cli/main\.py\", line \d+, in main\b", frames):
        return "loading the command line" if "importlib" in frames else "leaving"
    busy = [stack for stack in frames.split("\n\n") if "importlib" not in stack]
    for pattern, place in _SIGNS:
        if any(re.search(pattern, stack) for stack in busy):
            return place
    return "loading modules" if "importlib" in frames else "elsewhere"
