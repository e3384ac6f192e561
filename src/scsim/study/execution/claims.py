"""Who computes what in a study folder that several runs share: claims on batches, and signs of life.

Each run has a file whose time stamp it moves on by a second per beat; another run watches whether the stamp changes,
by its own monotonic clock, so that clocks of machines may differ and may be set back. A claim is an empty promise: if
two runs compute one batch all the same, both write the same file. Which batches are whose is decided in
``schedule.py``.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError
from scsim.formats.files import is_gone, remove_abandoned, temporary_beside

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger(__name__)

CLAIMS: Final = "claims"
"""Folder of the claims inside a study folder."""

_BEAT_S: Final = 2.0
"""Seconds between two signs of life."""

SILENT_S: Final = 30.0
"""Seconds without a sign of life after which a run on another machine is taken for gone: a network file system shows
a change late, often by several seconds."""

_ATTEMPTS: Final = 20
"""How often a run tries to write its file into a folder that others, as they end, remove."""

_FIRST_STAMP_S: Final = 1_000_000_000
"""Time stamp of the first beat, s: later ones count up from here and tell no time."""


@dataclass(frozen=True)
class _Run:
    """What the file of a run says."""

    name: str
    host: str
    pid: int
    shard: tuple[int, int] | None
    finished: tuple[str, ...]


class Claims:
    """The claims of one run, and what it knows of others.

    Parameters
    ----------
    folder : Path
        Of the study.
    shard : tuple of int, optional
        Number of this shard, from 1, and of all.
    silent_s : float
        Time after which a run without a sign of life is taken for gone, s.
    """

    def __init__(
        self, folder: Path, shard: tuple[int, int] | None = None, *, silent_s: float = SILENT_S
    ) -> None:
        self._folder = folder / CLAIMS
        self._shard = shard
        self._silent_s = silent_s
        self.name = uuid.uuid4().hex
        self._finished: list[str] = []
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._seen: dict[str, tuple[int, float]] = {}
        self._thread = threading.Thread(target=self._beat, name="scsim-beat", daemon=True)

    def __enter__(self) -> Claims:
        try:
            with suppress(FileNotFoundError):  # another run was faster
                remove_dead(self._folder.parent)
            self._write()
        except OSError as error:
            message = f"{self._folder} cannot be written ({error.strerror or error}): choose a folder that you may write to with --out."
            raise ResultsError(message) from error
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with self._lock:
            held = tuple(self._held)
        for batch in held:
            self.release(batch)
        self._leave()

    def _leave(self) -> None:
        """Delete the file of this run, and the folder unless others are still at it."""
        with suppress(OSError):
            self._path(self.name).unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()

    def take(self, batch: str) -> bool:
        """Claim a batch.

        Parameters
        ----------
        batch : str
            Name of its file without suffix.

        Returns
        -------
        bool
            False if a run that lives has claimed it.
        """
        path = self._claim(batch)
        if self._ended.is_set():
            return False
        for _ in range(2):
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(self.name)
            except FileExistsError:
                if self.is_claimed(batch):
                    return False
                path.unlink(missing_ok=True)
            except OSError as error:
                # Without claims work may be done twice; that batches can be written is checked where they are.
                _LOG.info("%s cannot be written (%s)", path, error.strerror or error)
                return True
            else:
                with self._lock:
                    self._held.add(batch)
                return True
        return False

    def release(self, batch: str) -> None:
        """Give a claim up."""
        with self._lock:
            is_held = batch in self._held
            self._held.discard(batch)
        if is_held:
            try:
                self._claim(batch).unlink(missing_ok=True)
            except OSError as error:
                _LOG.info("claim on %s stays (%s)", batch, error.strerror or error)
        if self._ended.is_set():  # the last to leave
            self._leave()

    def is_claimed(self, batch: str) -> bool:
        """Whether another run that lives has claimed a batch."""
        try:
            owner = self._claim(batch).read_text(encoding="utf-8").strip()
        except OSError:
            return False
        if not owner:
            # Between its two steps, or cut short: as a run that says nothing.
            return self._is_moving(f"claim {batch}", 0)
        return owner != self.name and self._is_alive(owner)

    def is_shard_at_work(self, number: int, stage: str) -> bool:
        """Whether a run that lives computes a shard and has not finished a stage.

        Parameters
        ----------
        number : int
            Of the shard, from 1.
        stage : str

        Returns
        -------
        bool
        """
        for path in self._folder.glob("run-*.json"):
            run = _read_run(path)
            if run is None or run.name == self.name or run.shard is None:
                continue
            if (
                run.shard[0] == number
                and self._shard is not None
                and run.shard[1] == self._shard[1]
                and stage not in run.finished
                and self._is_alive(run.name)
            ):
                return True
        return False

    def finish_stage(self, stage: str) -> None:
        """Tell others that this run computes no more batches of a stage unless nobody else does."""
        self._finished.append(stage)
        try:
            self._write()
        except OSError as error:
            _LOG.info("claims: %s", error.strerror or error)

    def _path(self, run: str) -> Path:
        return self._folder / f"run-{run}.json"

    def _claim(self, batch: str) -> Path:
        return self._folder / f"{batch}.claim"

    def _write(self) -> None:
        content = {
            "name": self.name,
            "host": _machine(),
            "pid": os.getpid(),
            "shard": self._shard,
            "finished": self._finished,
        }
        for left in reversed(range(_ATTEMPTS)):
            self._folder.mkdir(exist_ok=True)
            temporary = temporary_beside(self._path(self.name))
            try:
                temporary.write_text(json.dumps(content), encoding="utf-8")
                temporary.replace(self._path(self.name))
            except FileNotFoundError:  # a run that ends has removed the folder, as it was empty
                if not left:
                    raise
            else:
                return
            finally:
                temporary.unlink(missing_ok=True)

    def _beat(self) -> None:
        count = 0
        while not self._ended.wait(_BEAT_S):
            count += 1
            stamp = _FIRST_STAMP_S + count
            try:
                os.utime(self._path(self.name), (stamp, stamp))
            except OSError as error:
                _LOG.debug("no sign of life: %s", error)

    def _is_alive(self, name: str) -> bool:
        path = self._path(name)
        run = _read_run(path)
        if run is None:
            return False
        if run.host == _machine() and is_gone(run.pid):
            return False
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            return False
        return self._is_moving(name, stamp)

    def _is_moving(self, name: str, stamp: int) -> bool:
        """Whether a stamp has changed within the time that counts, by the clock of this process."""
        now = time.monotonic()
        with self._lock:
            last, since = self._seen.get(name, (None, now))
            if last != stamp:
                self._seen[name] = (stamp, now)
                return True
        return now - since < self._silent_s


def remove_dead(folder: Path) -> None:
    """Delete what runs of this machine that are gone have left, with their claims.

    Parameters
    ----------
    folder : Path
        Of the study.

    Raises
    ------
    OSError
        If it cannot be deleted.
    """
    claims = folder / CLAIMS
    runs = {path: _read_run(path) for path in claims.glob("run-*.json")}
    gone = {
        path: run.name
        for path, run in runs.items()
        if run is not None and run.host == _machine() and is_gone(run.pid)
    }
    # Claims first: who is killed in here leaves a run that the next one finds. Where no run is left, neither is an
    # owner of a claim, as a run makes its file before it claims anything.
    is_all_gone = len(gone) == len(runs)
    for path in claims.glob("*.claim") if gone or is_all_gone else ():
        if is_all_gone or _owner_of(path) in gone.values():
            path.unlink(missing_ok=True)
    for path in gone:
        path.unlink(missing_ok=True)
    remove_abandoned(claims)
    with suppress(OSError):  # absent, or others are at it
        claims.rmdir()


def _owner_of(claim: Path) -> str:
    """Give the name of the run that has a claim; empty if it is not there or not yet written."""
    try:
        return claim.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _read_run(path: Path) -> _Run | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        shard = content["shard"]
        return _Run(
            str(content["name"]),
            str(content["host"]),
            int(content["pid"]),
            None if shard is None else (int(shard[0]), int(shard[1])),
            tuple(content["finished"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _machine() -> str:
    return platform.node()
