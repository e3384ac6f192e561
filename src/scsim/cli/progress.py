"""Progress of a run on stderr: bars on a terminal, plain lines elsewhere, nothing if asked.

How far a run is and how long it still takes is worked out in `scsim.study.execution.forecast`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Protocol

from scsim.cli.amounts import duration
from scsim.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[str, int, int], None]

_LINE_EVERY_S: Final = 5.0
"""Seconds between two plain lines."""

_ALL: Final = "all stages"


class Foresight(Protocol):
    """What is known of the time that a run takes; `scsim.study.execution.forecast.Forecast` is one."""

    def left_s(self) -> float | None:
        """Give the time left, s; None before the plan is known."""

    def share_done(self) -> float:
        """Give how much of the whole time is over, from 0 to 1."""

    def rate(self, stage: str) -> float | None:
        """Give the units of a stage that are computed per second; None if none was computed yet."""


@contextmanager
def make_progress(forecast: Foresight, *, is_quiet: bool) -> Iterator[Progress | None]:
    """Give a function that takes stage, units done and units in all, and draws them.

    Parameters
    ----------
    forecast : Foresight
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
        with _bars(forecast) as progress:
            yield progress
    else:
        with _lines(forecast) as progress:
            yield progress


def in_words(stage: str, done: int, total: int, forecast: Foresight) -> str:
    """Write how far a run is, in one line.

    Parameters
    ----------
    stage : str
    done, total : int
        Units of the stage.
    forecast : Foresight

    Returns
    -------
    str
        For example ``circuit: 192 of 448, 4.8/s; 43 % of all, about 1 min 02 s left``.
    """
    speed, left = forecast.rate(stage), forecast.left_s()
    text = f"{stage}: {done} of {total}"
    if speed is not None and done < total:
        text += f", {speed:.3g}/s"
    if left is not None:
        text += f"; {100.0 * forecast.share_done():.0f} % of all, about {duration(left)} left"
    return text


@contextmanager
def _bars(forecast: Foresight) -> Iterator[Progress]:
    """Draw a bar of the whole run with the time left, and one of the stage that runs with its count and rate."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Beside(ProgressColumn):
        """What stands beside a bar: percentage and time left of the run, count and rate of a stage."""

        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            if task.description == _ALL:
                left = forecast.left_s()
                told = (
                    ""
                    if left is None
                    else f"{100.0 * forecast.share_done():.0f} %, about {duration(left)} left"
                )
                return Text(told)
            speed = forecast.rate(task.description)
            each = "" if speed is None else f", {speed:.3g}/s"
            return Text(f"{task.completed:.0f} of {task.total or 0:.0f}{each}")

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), Beside())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        whole = bars.add_task(_ALL, total=1.0)

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for before in tasks.values():
                    bars.update(before, visible=False)
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)
            bars.update(whole, completed=forecast.share_done())

        yield show


@contextmanager
def _lines(forecast: Foresight) -> Iterator[Progress]:
    """Write a plain line every few seconds, also while a long batch runs."""
    at: dict[str, tuple[int, int]] = {}
    guard, over = Lock(), Event()

    def write() -> None:
        while not over.wait(_LINE_EVERY_S):
            with guard:
                last = next(reversed(at.items()), None)
            if last is not None:
                say(in_words(last[0], *last[1], forecast))

    def show(stage: str, done: int, total: int) -> None:
        with guard:
            at[stage] = done, total

    writer = Thread(target=write, name="scsim-progress", daemon=True)
    writer.start()
    try:
        yield show
    finally:
        over.set()
        writer.join()
