"""The time left that a run tells is near the truth, also where the rates of the machine are not known."""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from scsim.study.execution.cost import unit_seconds
from scsim.study.execution.forecast import UNSURE, Forecast, whole_s
from scsim.study.execution.plan import Plan, StagePlan, make_plan
from scsim.study.execution.rates import SHIPPED
from scsim.study.execution.schedule import StageCount
from scsim.study.reading.parse import load_study
from scsim.study.stages.stage import pass_on
from tests.study.small_study import SPIKING, small_study

SHARES = (0.1, 0.25, 0.5, 0.75)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Simulated:
    """A run whose stages take known times: what happens when, and when it is over."""

    forecast: Forecast
    clock: Clock
    events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    end_s: float = 0.0

    def told_at(self, share: float) -> float:
        """Let the run go to a share of its whole time and give the time left that is told there, over the truth."""
        until = self.end_s * share
        start = 1000.0
        for at_s, event in self.events:
            if at_s > until:
                break
            self.clock.now_s = start + at_s
            event()
        self.events = [one for one in self.events if one[0] > until]
        self.clock.now_s = start + until
        left = self.forecast.left_s()
        assert left is not None
        return left / (self.end_s - until)


def simulate(
    plan: Plan,
    wrong: Mapping[str, float] | float,
    *,
    workers: int = 2,
    merged: float = 0.0,
    loaded: float = 0.0,
    seed: int = 0,
) -> Simulated:
    """Lay out a run in which units of a stage take `wrong` times as long as the reference machine says, and vary by 20 %.

    `merged` is the share of units that turn out equal to others, `loaded` the share that is read in no time.
    """
    clock = Clock()
    forecast = Forecast(clock=clock, rates=SHIPPED)
    run = Simulated(forecast, clock)
    forecast.begin(plan, workers=workers)
    rng = np.random.default_rng(seed)
    now = 0.0
    for planned in plan.stages:
        if planned.stage.is_transient:
            continue
        factor = wrong if isinstance(wrong, float) else wrong.get(planned.stage.name, 1.0)
        now = _lay_stage(run, planned, factor, now, (workers, merged, loaded), rng)
    run.end_s = now
    return run


def _lay_stage(
    run: Simulated,
    planned: StagePlan,
    factor: float,
    now: float,
    how: tuple[int, float, float],
    rng: np.random.Generator,
) -> float:
    """Add the events of one stage; gives when it ends."""
    workers, merged, loaded = how
    forecast, name, total = run.forecast, planned.stage.name, planned.n_units
    run.events.append((now, lambda: forecast.start(name)))
    n_units = planned.n_distinct - round(merged * planned.n_distinct)
    done = total - n_units
    each_s = unit_seconds(planned) * factor
    if planned.stage.compute is pass_on or not each_s:
        each_s = 1e-6
    n_loaded = round(loaded * n_units)
    sizes = list(_parts(n_units, planned.batch_size))
    run.events.append((now, _units(forecast, name, done, total)))
    run.events.append((now, lambda: forecast.warmed(name)))
    free = [now] * workers
    ends: list[tuple[float, int, float, bool]] = []
    for size in sizes:
        is_loaded = n_loaded >= size
        n_loaded -= size * is_loaded
        lasts = 1e-4 if is_loaded else each_s * size * float(rng.uniform(0.8, 1.2))
        end = heapq.heappop(free) + lasts
        heapq.heappush(free, end)
        ends.append((end, size, lasts, is_loaded))
    for end, size, lasts, is_loaded in sorted(ends):
        done += size
        run.events.append((end, _batch(forecast, name, size, lasts, is_loaded=is_loaded)))
        run.events.append((end, _units(forecast, name, done, total)))
        now = end
    count = StageCount(name, "", planned.n_runs, total, n_units, n_units, 0, 0.0, 0.0)
    run.events.append((now, lambda: forecast.finish(name, count)))
    return now


def _parts(n_units: int, size: int) -> Iterator[int]:
    n_batches = -(-n_units // size)
    for batch in range(n_batches):
        yield n_units * (batch + 1) // n_batches - n_units * batch // n_batches


def _batch(
    forecast: Forecast, name: str, size: int, lasts: float, *, is_loaded: bool
) -> Callable[[], None]:
    return lambda: forecast.batch(name, size, lasts, lasts, is_loaded)


def _units(forecast: Forecast, name: str, done: int, total: int) -> Callable[[], None]:
    return lambda: forecast.units(name, done, total)
