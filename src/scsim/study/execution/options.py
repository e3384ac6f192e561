"""How a study is run: folder, workers, engine, shard, memory, and who is told. No value depends on any of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from scsim.study.execution.engines import Engine
    from scsim.study.execution.plan import Plan
    from scsim.study.execution.schedule import StageCount

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the units done and the units in all."""


class Forecast(Protocol):
    """What listens to a run, to tell how long it will take."""

    def begin(
        self, plan: Plan, *, workers: int, batch_size: int | None, shard: tuple[int, int] | None
    ) -> None:
        """Take in what will be done."""

    def start(self, stage: str) -> None:
        """Take in that a stage starts."""

    def warmed(self, stage: str) -> None:
        """Take in that the kernels of a stage are ready."""

    def batch(
        self, stage: str, n_units: int, wall_s: float, cpu_s: float, is_loaded: bool, /
    ) -> None:
        """Take in what a batch took where it was computed, s."""

    def units(self, stage: str, done: int, total: int) -> None:
        """Take in how many units are done."""

    def finish(self, stage: str, count: StageCount) -> None:
        """Take in what a stage did."""

    def end(self, *, is_complete: bool) -> None:
        """Take in that the run is over."""


@dataclass(frozen=True)
class Options:
    """How to run a plan; no value depends on it.

    Attributes
    ----------
    folder : Path or None
        Where finished batches are kept; None keeps none.
    workers : int
        Threads of this process.
    batch_size : int or None
        Units per batch in place of each stage's own number.
    progress : callable or None
    engine : Engine or None
        What computes the batches that are worth sending; None: the threads of this process.
    shard : tuple of int or None
        Number of this shard, from 1, and of all: only its share of the batches is computed here, as far as others
        compute theirs.
    memory_gb : float or None
        Bound of the memory of this process, GB; None: a share of what is available.
    forecast : Forecast or None
    is_assembly : bool
        Whether to take finished batches only and leave what is missing.
    """

    folder: Path | None
    workers: int
    batch_size: int | None = None
    progress: Progress | None = None
    engine: Engine | None = None
    shard: tuple[int, int] | None = None
    memory_gb: float | None = None
    forecast: Forecast | None = None
    is_assembly: bool = False
