"""Files that are being written, so that a reader finds a file whole or not at all.

A writer fills a temporary file beside its target and renames it. What is in the files does not belong here.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

_TEMPORARY_NAME: Final = re.compile(
    r"\..+\.(?P<host>[A-Za-z0-9-]+)\.(?P<pid>\d{1,9})\.[0-9a-f]{32}\.partial"
)
"""Names that `temporary_beside` gives."""

_ABANDONED_AFTER_S: Final = 24 * 3600.0
"""Age of a temporary file at which whoever wrote it is taken for gone, s."""

_HOST: Final = re.sub(r"[^A-Za-z0-9]+", "-", platform.node()) or "host"


def temporary_beside(path: Path) -> Path:
    """Name a file to write before it takes the place of another, unique among threads and machines.

    Parameters
    ----------
    path : Path
        The file that will be replaced.

    Returns
    -------
    Path
        Hidden, in the same folder.
    """
    return path.with_name(f".{path.name}.{_HOST}.{os.getpid()}.{uuid.uuid4().hex}.partial")


def remove_abandoned(folder: Path) -> None:
    """Delete the temporary files of killed programs: those of this machine at once, others after a day.

    Parameters
    ----------
    folder : Path
    """
    for path in folder.glob(".*.partial"):
        owner = _TEMPORARY_NAME.fullmatch(path.name)
        if owner is not None and _is_abandoned(path, owner["host"], int(owner["pid"])):
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path, host: str, pid: int) -> bool:
    if host == _HOST and is_gone(pid):
        return True
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S
    except FileNotFoundError:  # its owner was faster
        return False


def is_gone(pid: int) -> bool:
    """Tell whether a process of this machine has ended.

    Parameters
    ----------
    pid : int

    Returns
    -------
    bool
        False where it cannot be told: on Windows to ask would end the process.
    """
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)  # signal 0 asks only whether the process is there
    except ProcessLookupError:
        return True
    except PermissionError:  # someone else's
        pass
    return False


@contextmanager
def deferring_signals() -> Iterator[Callable[[], None]]:
    """Let signals wait while a library calls back into Python, where an exception would break it.

    Only the main thread gets signals; in others this does nothing.

    Yields
    ------
    callable
        Handles a signal that has come, if any has, as it would have been: call it where an interrupt is safe.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    waiting: list[tuple[int, FrameType | None]] = []

    def defer(number: int, frame: FrameType | None) -> None:
        waiting.append((number, frame))

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    deferred = {number: handler for number, handler in handlers.items() if callable(handler)}

    def handle() -> None:
        while waiting:
            number, frame = waiting.pop(0)
            handler = deferred[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

    for number in deferred:
        signal.signal(number, defer)
    try:
        yield handle
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
    handle()
