"""The time left that a run tells is near the truth, also where the rates of the machine are not known."""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from scsim.study.execution.cost import unit_seconds
from scsim.study.execution.forecast import UNSURE, Forecast, whole_s
from scsim.study.execution.plan import Plan, StagePlan, make_plan
from scsim.study.execution.rates import SHIPPED, load_rates
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


PLANS = {
    name: lambda name=name: make_plan(load_study(f"configs/{name}.toml"))
    for name in ("pain_states", "contact_spacing", "kilohertz")
}
"""Studies of one long stage in few large batches, and in many small ones; of two long stages."""


@pytest.mark.parametrize("wrong", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("name", PLANS)
def test_time_left_is_told_within_its_bounds_though_all_rates_are_wrong(name: str, wrong: float):
    """All units take 5 times, or a fifth, of what the shipped rates say: from 10 % of the time on it no longer shows.

    The bounds are wide where they must be: batches vary by 20 %, and with 5 of them on 2 workers the last round is a
    third of the whole.
    """
    plan = PLANS[name]()
    for seed in range(3):
        run = simulate(plan, wrong, seed=seed)
        for share in SHARES:
            ratio = run.told_at(share)
            assert 0.65 < ratio < (1.7 if wrong < 1.0 else 1.35), (share, seed)


@pytest.mark.parametrize("name", PLANS)
def test_time_left_is_at_most_half_too_long_where_units_merge_or_are_read(name: str):
    """A fifth of the units turn out equal, or half of them lie in finished batches: both are known only as they come."""
    plan = PLANS[name]()
    for seed in range(3):
        merged = simulate(plan, 5.0, merged=0.2, seed=seed)
        assert all(0.65 < merged.told_at(share) < 1.6 for share in SHARES)
        loaded = simulate(plan, 5.0, loaded=0.5, seed=seed)
        assert all(0.65 < loaded.told_at(share) < 2.0 for share in SHARES)


def test_rates_wrong_in_different_ways_no_longer_show_once_a_batch_of_the_long_stage_is_done():
    """Thresholds take 5 times, the dorsal horn a fifth of what is expected: at first the time left is 25 times too long."""
    plan = PLANS["pain_states"]()
    for seed in range(3):
        run = simulate(plan, {"thresholds": 5.0, "circuit": 0.2}, seed=seed)
        assert 5.0 < run.told_at(0.25) < 25.0
        assert all(0.65 < run.told_at(share) < 1.7 for share in (0.6, 0.7, 0.8, 0.9))


def test_units_that_are_read_are_no_speed():
    plan = make_plan(small_study(text=SPIKING))
    clock = Clock()
    forecast = Forecast(clock=clock, rates=SHIPPED)
    assert forecast.left_s() is None
    assert forecast.rate("circuit") is None
    forecast.begin(plan, workers=1)
    for planned in plan.stages:
        name = planned.stage.name
        if name == "circuit" or planned.stage.is_transient:
            continue
        forecast.start(name)
        forecast.finish(name, StageCount(name, "", 1, 1, 1, 1, 0, 0.0, 0.0))
    forecast.start("circuit")
    total = plan["circuit"].n_units
    forecast.units("circuit", total - 10, total)
    forecast.warmed("circuit")
    before = forecast.left_s()
    clock.now_s += 0.001
    forecast.batch("circuit", 8, 0.001, 0.001, True)
    forecast.units("circuit", total - 2, total)
    after = forecast.left_s()
    assert forecast.rate("circuit") is None
    assert before is not None
    assert after is not None
    # Two of ten units are left, and they take what they were expected to take.
    assert after == pytest.approx(0.2 * before, rel=0.3)
    clock.now_s += 2.0
    forecast.batch("circuit", 1, 2.0, 2.0, False)
    assert forecast.rate("circuit") == pytest.approx(1 / 2.001, rel=1e-3)


def test_time_left_runs_down_between_batches_and_grows_when_one_is_overdue():
    plan = make_plan(load_study("configs/pain_states.toml"))
    run = simulate(plan, 1.0)
    run.told_at(0.4)
    told = []
    for _ in range(3):
        run.clock.now_s += 1.0
        told.append(run.forecast.left_s())
    assert told[0] - told[2] == pytest.approx(2.0, abs=0.2)
    run.clock.now_s += 200.0
    assert run.forecast.left_s() > told[2]
    assert 0.0 < run.forecast.share_done() < 1.0


@pytest.mark.parametrize(
    ("age", "whole"),
    [(0.0, 10.0), (5.0, 10.0), (9.0, 9.0 + 10.0 * UNSURE * 0.9), (12.0, 14.0), (30.0, 50.0)],
)
def test_a_batch_that_is_overdue_takes_as_long_again_as_it_is_overdue(age: float, whole: float):
    assert whole_s(10.0, age) == pytest.approx(whole)


def test_nothing_is_left_at_the_end():
    plan = make_plan(small_study())
    run = simulate(plan, 1.0)
    for _, event in run.events:
        event()
    run.forecast.end(is_complete=True)
    assert run.forecast.left_s() == 0.0


def test_a_shard_expects_its_share():
    plan = make_plan(load_study("configs/pain_states.toml"))
    told = []
    for shard in (None, (1, 4)):
        forecast = Forecast(clock=Clock(), rates=SHIPPED)
        forecast.begin(plan, workers=1, shard=shard)
        told.append(forecast.left_s())
    assert told[1] == pytest.approx(0.25 * told[0], rel=0.1)


def test_times_are_noted_without_what_was_read_or_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SCSIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("scsim.study.execution.rates.LEAST_S", 0.0)
    plan = make_plan(small_study(text=SPIKING))
    clock = Clock()
    forecast = Forecast(clock=clock)
    forecast.begin(plan, workers=1)
    each = {one.stage.name: unit_seconds(one) for one in plan.stages}
    for name in ("population", "thresholds", "circuit"):
        forecast.start(name)
    forecast.batch("population", 1, 9.0, 9.0, False)
    forecast.batch("thresholds", 3, 0.001, 0.001, True)
    forecast.batch("thresholds", 2, 9.0, 4.0 * each["thresholds"], False)
    forecast.batch("circuit", 20, 9.0, 32 * 2.0 * each["circuit"], False)
    for name in ("population", "thresholds", "circuit"):
        forecast.finish(name, StageCount(name, "", 1, 5, 5, 5, 0, 9.0, 9.0))
    forecast.end(is_complete=True)
    known = load_rates()
    assert known.factor("thresholds") == pytest.approx(2.0)
    assert known.factor("circuit") == pytest.approx(2.0), "20 runs take as long as 32 lanes"
    assert set(known.seen) == {"thresholds", "circuit"}
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    other = Forecast(clock=clock)
    other.begin(plan, workers=1)
    other.start("thresholds")
    other.batch("thresholds", 5, 900.0, 900.0, False)
    other.finish("thresholds", StageCount("thresholds", "", 1, 5, 5, 5, 0, 900.0, 900.0))
    other.end(is_complete=True)
    assert load_rates().factor("thresholds") == pytest.approx(2.0), "plain Python is no speed"
