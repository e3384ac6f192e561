"""How long a running study still takes: what the plan expects, corrected by what the run has shown so far.

The schedule tells of every stage and batch; whoever draws progress asks for the time left. At the end the times of the run
are noted for the next estimates on this machine. Nothing a study computes depends on this file. What a plan costs before
it runs is in ``cost.py``, what is known of the machine in ``rates.py``.
"""

from __future__ import annotations

import heapq
import math
import os
import time
from collections import deque
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Final

from scsim.study.execution.cost import (
    StageCost,
    estimate_cost,
    filled_lanes,
    n_processors,
    run_seconds,
    unit_seconds,
)
from scsim.study.execution.plan import size_of_batches
from scsim.study.execution.rates import RUNS, Seen, load_rates, note_rates
from scsim.study.stages.stage import pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scsim.study.execution.plan import Plan
    from scsim.study.execution.rates import MachineRates
    from scsim.study.execution.schedule import StageCount

BELIEVED_S: Final = 0.1
"""Time, s, that the estimate counts for beside what the run has measured: short batches say little."""

UNSURE: Final = 0.2
"""Share of a batch that is told to be left for as long as the batch runs (no unit)."""

_LEAST_RUNS_S: Final = 0.5
"""Time expected for runs beside their units, s, below which first calls would be taken for the speed of the machine."""

_EXACT_BATCHES: Final = 2000
"""Batches that are laid onto workers one by one; of more the number alone counts."""


@dataclass
class _Stage:
    """What is expected of a stage, and what it has done.

    Attributes
    ----------
    cost : StageCost
    size : int
        Units of a full batch.
    workers : int
        Batches that run at once.
    share : float
        Of the units, those that this run computes (no unit); other shards do the rest.
    begin_s : float
        When it started; NaN before.
    done, total : int
        Units as progress tells them, merged ones among them.
    n_computed, n_loaded : int
        Units of batches.
    expected_s : float
        What the computed batches should have taken, s.
    wall_s, cpu_s : float
        What they took.
    ends : deque of float
        When the last batches ended, one per worker: the next ones began then.
    work_s : float
        When its first batch was begun, its kernels ready, s; the time now until then.
    is_warm : bool
        Whether its kernels are ready.
    has_ended : bool
    """

    cost: StageCost
    size: int
    workers: int
    share: float = 1.0
    begin_s: float = float("nan")
    done: int = 0
    total: int = 0
    n_computed: int = 0
    n_loaded: int = 0
    expected_s: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    ends: deque[float] = field(default_factory=deque)
    work_s: float = float("inf")
    is_warm: bool = False
    has_ended: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether it runs or has run."""
        return self.begin_s == self.begin_s  # NaN is not equal to itself

    @property
    def n_left(self) -> int:
        """Distinct units that are left at most."""
        planned = self.cost.planned
        left = math.ceil(self.share * planned.n_distinct) - self.n_computed - self.n_loaded
        return max(0, min(left, self.total - self.done) if self.total else left)


class Forecast:
    """Time left of a study that runs.

    Parameters
    ----------
    clock : callable, optional
        Gives the time, s; for tests.
    rates : MachineRates, optional
        What is known of the machine; default: what its cache folder holds, and then the times of the run are noted
        there.
    finished : mapping of str to int, optional
        Units by stage that will be read.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        rates: MachineRates | None = None,
        finished: Mapping[str, int] | None = None,
    ) -> None:
        self._clock = clock
        self._rates = rates
        self._finished = finished
        self._stages: dict[str, _Stage] = {}
        self._counts: dict[str, StageCount] = {}
        self._results_s = 0.0
        self._begin_s = clock()
        self._n_solved = 0
        self._current = ""
        self._guard = RLock()

    # Told by the schedule.

    def begin(
        self,
        plan: Plan,
        *,
        workers: int,
        batch_size: int | None = None,
        shard: tuple[int, int] | None = None,
    ) -> None:
        """Take in a plan that is about to run.

        Parameters
        ----------
        plan : Plan
        workers : int
        batch_size : int, optional
            Units per batch in place of each stage's own number.
        shard : tuple of int, optional
            Number of this shard and of all: it computes its share of the batches that are kept.
        """
        rates = load_rates() if self._rates is None else self._rates
        cost = estimate_cost(plan, workers=workers, rates=rates, finished=self._finished)
        with self._guard:
            self._begin_s = self._clock()
            self._results_s = cost.results_s
            self._n_solved = _fields_solved()
            for one in cost.stages:
                size = size_of_batches(one.planned.stage, one.planned.n_distinct, batch_size)
                together = max(1, min(one.at_once, n_processors()))
                n_shares = shard[1] if shard is not None and one.planned.stage.is_stored else 1
                self._stages[one.name] = _Stage(one, size, together, 1.0 / n_shares)

    def start(self, name: str) -> None:
        """Note that a stage starts."""
        with self._guard:
            stage = self._stages[name]
            now = self._clock()
            stage.begin_s = now
            stage.ends = deque([now] * stage.workers, maxlen=stage.workers)
            self._current = name

    def warmed(self, name: str) -> None:
        """Note that the kernels of a stage are ready: its first batches are begun."""
        with self._guard:
            stage = self._stages[name]
            stage.is_warm = True
            stage.work_s = self._clock()
            stage.ends.extend([stage.work_s] * stage.workers)

    def batch(
        self,
        name: str,
        n_units: int,
        wall_s: float,
        cpu_s: float,
        is_loaded: bool,
    ) -> None:
        """Note a finished batch.

        Parameters
        ----------
        name : str
            Of the stage.
        n_units : int
        wall_s, cpu_s : float
            What it took where it was computed, s.
        is_loaded : bool
            Whether it was read: that says nothing about speed.
        """
        with self._guard:
            stage = self._stages[name]
            if is_loaded:
                stage.n_loaded += n_units
                return
            stage.n_computed += n_units
            stage.expected_s += stage.cost.unit_s * filled_lanes(stage.cost.planned, n_units)
            stage.wall_s += wall_s
            stage.cpu_s += cpu_s
            stage.ends.append(self._clock())

    def units(self, name: str, done: int, total: int) -> None:
        """Note how far a stage is, as progress is told: units done, and units in all."""
        with self._guard:
            stage = self._stages[name]
            stage.done, stage.total = done, total

    def finish(self, name: str, count: StageCount) -> None:
        """Note that a stage has ended, or at the end of all what a transient one has done."""
        with self._guard:
            self._stages[name].has_ended = True
            self._counts[name] = count

    def end(self, *, is_complete: bool) -> None:
        """Note the times of the run in the cache folder.

        Parameters
        ----------
        is_complete : bool
            Whether the results are there; a shard ends without them.
        """
        del is_complete  # what was computed was measured either way
        with self._guard:
            for stage in self._stages.values():
                stage.has_ended = True
            self._results_s = 0.0
            # Without compiled kernels a run says nothing about the machine.
            if self._rates is None and os.environ.get("NUMBA_DISABLE_JIT", "0") in {"", "0"}:
                note_rates(self._observed())

    # Asked by whoever draws progress.

    @property
    def current(self) -> str:
        """Name of the stage that runs; empty before the first."""
        return self._current

    @property
    def elapsed_s(self) -> float:
        """Time since the plan began, s."""
        return self._clock() - self._begin_s

    def left_s(self) -> float | None:
        """Give the time left until the results are written.

        Returns
        -------
        float or None
            s; None before the plan is known.
        """
        with self._guard:
            if not self._stages:
                return None
            pace = self._pace()
            waiting = {
                name
                for name, stage in self._stages.items()
                if not stage.has_begun and not stage.has_ended
            }
            left = self._results_s
            for stage in self._stages.values():
                if stage.has_ended or stage.cost.planned.stage.is_transient:
                    continue
                left += (
                    self._left_of(stage, pace)
                    if stage.has_begun
                    else stage.cost.wall_s * stage.share * pace + stage.cost.compile_s
                )
                # A transient stage runs while the first stage asks for it that takes it.
                for above in stage.cost.needs:
                    transient = self._stages[above]
                    if transient.cost.planned.stage.is_transient and above in waiting:
                        waiting.discard(above)
                        share = 1.0 - stage.done / stage.total if stage.total else 1.0
                        left += transient.cost.wall_s * pace * share * (not stage.n_computed)
            return left

    def share_done(self) -> float:
        """Give how much of the whole time is over, from 0 to 1."""
        left, elapsed = self.left_s(), self.elapsed_s
        if left is None or elapsed <= 0.0:
            return 0.0
        return elapsed / (elapsed + left)

    def rate(self, stage: str) -> float | None:
        """Give the units of a stage that are computed per second.

        Parameters
        ----------
        stage : str

        Returns
        -------
        float or None
            1/s; None if none was computed yet. Units that were read do not count.
        """
        with self._guard:
            found = self._stages.get(stage)
            if found is None or not found.n_computed or not found.has_begun:
                return None
            elapsed = max(found.ends) - found.begin_s
            return found.n_computed / elapsed if elapsed > 0.0 else None

    def _pace(self) -> float:
        """Give the time that batches took over what they should have taken, of all stages (no unit)."""
        expected = sum(stage.expected_s for stage in self._stages.values())
        wall = sum(stage.wall_s for stage in self._stages.values())
        pace = (BELIEVED_S + wall) / (BELIEVED_S + expected)
        running = self._stages.get(self._current)
        if (
            running is not None
            and running.is_warm
            and not running.has_ended
            and not running.n_computed
        ):
            batch_s = running.cost.unit_s * min(running.size, max(running.n_left, 1))
            age_s = self._clock() - running.work_s
            if batch_s > 0.0 and age_s > batch_s * pace:
                lasting_s = whole_s(batch_s * pace, age_s)
                pace = (BELIEVED_S + wall + lasting_s) / (BELIEVED_S + expected + batch_s)
        return pace

    def _left_of(self, stage: _Stage, pace: float) -> float:
        """Give the time left of the stage that runs."""
        now = self._clock()
        if not stage.is_warm and stage.cost.unit_s and not stage.n_computed:
            compiling_s = max(0.0, stage.cost.compile_s - (now - stage.begin_s))
            return compiling_s + stage.cost.wall_s * pace * stage.n_left / max(
                self._n_expected(stage), 1
            )
        n_left = stage.n_left
        planned = stage.cost.planned
        runs_s = planned.n_runs * run_seconds(stage.cost.name) * pace
        share_left = 1.0 - stage.done / stage.total if stage.total else 1.0
        if planned.stage.compute is pass_on or not stage.cost.unit_s:
            expected = (stage.cost.serial_s + stage.cost.wall_s) * 0.5 * pace
            elapsed = now - stage.begin_s
            done = 1.0 - share_left
            if done > 0.0 and elapsed > BELIEVED_S:
                return elapsed * share_left / done
            return expected * share_left
        beside = runs_s * share_left
        if planned.stage.order is None and stage.n_computed:
            # Time in which workers waited for units to be prepared goes on with the units.
            idle = max(
                0.0, now - stage.begin_s - stage.wall_s / stage.workers - self._batch_s(stage, pace)
            )
            beside = idle * n_left / max(stage.n_computed + stage.n_loaded, 1)
        return self._schedule(stage, n_left, self._batch_s(stage, pace), now) + beside

    @staticmethod
    def _n_expected(stage: _Stage) -> int:
        """Count the units that the plan expects to be computed."""
        return stage.cost.planned.n_distinct - stage.cost.n_finished

    @staticmethod
    def _batch_s(stage: _Stage, pace: float) -> float:
        """Give the time of a full batch of a stage, s."""
        if stage.n_computed:
            return stage.wall_s / stage.n_computed * stage.size
        return stage.cost.unit_s * stage.size * pace

    @staticmethod
    def _schedule(stage: _Stage, n_left: int, batch_s: float, now: float) -> float:
        """Lay the batches that are left onto the workers; gives when the last one ends, s from now."""
        if not n_left:
            return 0.0
        n_batches = -(-n_left // stage.size)
        last_s = batch_s * n_left / (n_batches * stage.size)  # batches are of nearly equal size
        running = sorted(stage.ends)[-min(stage.workers, n_batches) :]
        free = [whole_s(last_s, now - begin) - (now - begin) for begin in running]
        queued = n_batches - len(running)
        if queued > _EXACT_BATCHES:
            return sum(free) / len(free) + queued * last_s / stage.workers
        heapq.heapify(free)
        for _ in range(queued):
            heapq.heapreplace(free, free[0] + last_s)
        return max(free)

    # What the run says about the machine.

    def _observed(self) -> dict[str, Seen]:
        """Give expected times by the reference rates, and measured ones, of all that was computed."""
        found: dict[str, Seen] = {}
        runs = [0.0, 0.0]
        for name, stage in self._stages.items():
            count, planned = self._counts.get(name), stage.cost.planned
            if count is None:
                continue
            each, n_units, measured = unit_seconds(planned), float(stage.n_computed), stage.cpu_s
            if planned.stage.is_transient:
                n_units, measured = float(count.n_computed), count.cpu_s
            elif planned.stage.compute is not pass_on:
                if not each:  # others also make kernels ready
                    runs[0] += planned.n_runs * run_seconds(name)
                    runs[1] += max(0.0, count.cpu_s - stage.cpu_s)
                if stage.n_computed and planned.stage.least_batch:
                    factor = stage.cost.unit_s / each if each else 1.0
                    n_units = stage.expected_s / (factor * each) if each else 0.0
            else:
                each = 0.0  # done as it is prepared
            if name == "solution":
                n_units = float(_fields_solved() - self._n_solved)
            if each > 0.0 and n_units > 0.0 and measured > 0.0:
                found[name] = Seen(each * n_units, measured)
        if runs[0] >= _LEAST_RUNS_S and runs[1] > 0.0:
            found[RUNS] = Seen(runs[0], runs[1])
        return found


def whole_s(expected_s: float, age_s: float) -> float:
    """Give how long a batch takes in all that runs for some time.

    Parameters
    ----------
    expected_s, age_s : float
        What it should take, and has taken, s.

    Returns
    -------
    float
        As expected; near its end and beyond at least `UNSURE` of that longer than it has run, and if it is overdue by
        more, as long again as it is overdue, s.
    """
    least_s = UNSURE * min(age_s, expected_s)
    return age_s + max(expected_s - age_s, least_s, age_s - expected_s)


def _fields_solved() -> int:
    """Count the fields that this process has solved so far."""
    from scsim.fields.store import default_store  # noqa: PLC0415 - loads platformdirs

    return default_store().n_solved
