"""Progress of a run on stderr: bars on a terminal, plain lines elsewhere, nothing if asked.

What is counted belongs to `scsim.study.run`.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from scsim.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[str, int, int], None]

_LINE_EVERY_S: Final = 5.0
"""Seconds between two plain lines of one stage."""


@contextmanager
def make_progress(*, is_quiet: bool) -> Iterator[Progress | None]:
    """Give a function that takes stage, units done and units in all, and draws them.

    Parameters
    ----------
    is_quiet : bool
        Whether to draw nothing.

    Yields
    ------
    callable or None
        None if nothing is to be drawn.
    """
    if is_quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield _Lines().show


@contextmanager
def _bars() -> Iterator[Progress]:
    """Draw one bar per stage, with rate and time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, rate="")
            speed = bars.tasks[tasks[stage]].speed
            rate = "" if speed is None else f"{speed:.3g}/s"
            bars.update(tasks[stage], completed=done, total=total, rate=rate)

        yield show


class _Lines:
    """Plain lines: one when a stage ends, and one every few seconds while it lasts."""

    def __init__(self) -> None:
        self._start_s: dict[str, float] = {}
        self._last_s: dict[str, float] = {}

    def show(self, stage: str, done: int, total: int) -> None:
        """Write a line if it is time for one."""
        now = time.monotonic()
        start = self._start_s.setdefault(stage, now)
        last = self._last_s.setdefault(stage, now)
        if done < total and now - last < _LINE_EVERY_S:
            return
        self._last_s[stage] = now
        elapsed = now - start
        text = f"{stage}: {done} of {total}"
        if done < total and done and elapsed > 0:
            rate = done / elapsed
            text += f", {rate:.3g}/s, {(total - done) / rate:.0f} s left"
        say(text)
