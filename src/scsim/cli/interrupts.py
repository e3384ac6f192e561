"""Ctrl-C and SIGTERM: a command ends within two seconds, whatever it is at.

The first signal raises `KeyboardInterrupt` in the main thread, so that files are closed and workers end. A main thread
inside compiled code hears of it late, so a second thread watches and ends the program when the time is up, or at a
second signal. What is finished then is on disk: files are whole or absent.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

INTERRUPTED: Final = 130
"""Exit code of an interrupted command, as shells have it."""

_PATIENCE_S: Final = 1.5
"""Time that the main thread has to end by itself, s."""

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)

_SHOW_CURSOR: Final = "\x1b[?25h"
"""Bars hide the cursor of a terminal."""


class Watch:
    """What is known of signals while a command runs.

    Attributes
    ----------
    message : str
        What to say when the command is interrupted.
    """

    def __init__(self) -> None:
        self.message = "interrupted."
        self._is_said = False
        self._asked = threading.Event()

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal has come."""
        return self._asked.is_set()

    def say(self) -> None:
        """Write the message, once."""
        if not self._is_said:
            self._is_said = True
            cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
            print(f"{cursor}scsim: {self.message}", file=sys.stderr, flush=True)

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt the main thread; at the second signal end the program."""
        if self.is_interrupted:
            self.leave()
        self._asked.set()
        raise KeyboardInterrupt

    def leave(self) -> NoReturn:
        """End the program now. Threads in compiled code would hold up, or break, an orderly end."""
        with suppress(OSError, ValueError):
            self.say()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(INTERRUPTED)

    def listen(self, ear: socket.socket) -> None:
        """Wait for signals, in a thread of its own, until told to end.

        Parameters
        ----------
        ear : socket
            Gives the number of each signal as a byte, 0 at the end.
        """
        n_signals = 0
        with ear:
            while told := self._hear(ear):
                if told in _SIGNALS:
                    n_signals += 1
                    if n_signals > 1:
                        self.leave()
                    ear.settimeout(_PATIENCE_S)

    def _hear(self, ear: socket.socket) -> int:
        try:
            return (ear.recv(1) or b"\0")[0]
        except TimeoutError:
            self.leave()


def _without_interrupts(
    tell: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], object]:
    """Keep quiet about an interrupt that falls into a callback of the interpreter, which drops it.

    The second thread ends the program all the same.
    """

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            tell(dropped)

    return hook


@contextmanager
def watched(*, is_program: bool) -> Iterator[Watch]:
    """Watch for signals while a command runs.

    Parameters
    ----------
    is_program : bool
        Whether the process ends with the command: signals are then ignored at its end, where nothing is left to
        interrupt; otherwise they do again what they did before.

    Yields
    ------
    Watch
    """
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    listener = threading.Thread(target=watch.listen, args=(ear,), name="scsim-signals", daemon=True)
    listener.start()
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    descriptor = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    for one in _SIGNALS:
        signal.signal(one, watch.handle)
    told, sys.unraisablehook = sys.unraisablehook, _without_interrupts(sys.unraisablehook)
    try:
        yield watch
    finally:
        sys.unraisablehook = told
        for one, handler in before.items():
            signal.signal(one, signal.SIG_IGN if is_program else handler)
        signal.set_wakeup_fd(descriptor)
        mouth.send(b"\0")
        mouth.close()
