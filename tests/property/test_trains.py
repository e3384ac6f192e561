"""Invariants of spike trains: sorted, at their rates, the same in longer runs and whatever else is drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scsim.circuit.inputs.damage import add_input_effects, damage_trains, published_damage
from scsim.circuit.inputs.protocols import load_protocol, natural_trains, protocol_names
from scsim.circuit.inputs.train_patterns import (
    Burst,
    NormalIntervals,
    Poisson,
    Regular,
    TrainPattern,
)
from scsim.circuit.inputs.trains import FiberTrains, Purpose, merge_trains, nested_choice
from scsim.circuit.inputs.volleys import recruitment_order, stimulation_trains
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.states import InputEffects
from scsim.errors import ModelError

FIBERS = (
    FiberClass("a_beta", "", 15, "a_beta", "local"),
    FiberClass("a_beta_surround", "", 15, "a_beta", "surround"),
    FiberClass("a_delta", "", 15, "a_delta", "local"),
    FiberClass("c", "", 30, "c", "local"),
)
SEEDS = st.integers(0, 2**63)
RATES = st.floats(0.1, 300.0)
PHASES = st.one_of(st.none(), st.floats(0.0, 1.0, exclude_max=True))
PATTERNS = st.one_of(
    st.builds(lambda rate, floor: Poisson(rate, floor * 1000 / rate), RATES, st.floats(0.0, 0.9)),
    st.builds(Regular, RATES, PHASES),
    st.builds(
        lambda rate, n, gap, phase: Burst(rate, n, gap * 1000 / rate / n, phase),
        st.floats(0.1, 50.0),
        st.integers(1, 6),
        st.floats(0.01, 0.99),
        PHASES,
    ),
    st.builds(
        lambda mean, sd, floor: NormalIntervals(mean, sd * mean, floor * mean),
        st.floats(2.0, 1000.0),
        st.floats(0.0, 1.0),
        st.floats(0.0, 1.0),
    ),
)
DURATIONS = st.floats(1.0, 5000.0)
TIMES = st.lists(st.floats(0.0, 1e4), max_size=8).map(lambda times: np.array(sorted(times)))
PAIRS = st.lists(TIMES, min_size=2, max_size=2).map(
    lambda fibers: FiberTrains({"c": tuple(fibers)})
)


def arrays(trains: FiberTrains) -> dict[str, list[list[float]]]:
    return {name: [train.tolist() for train in fibers] for name, fibers in trains.trains.items()}


@given(PATTERNS, DURATIONS, st.floats(0.0, 1.0), SEEDS)
def test_trains_are_sorted_and_begin_like_longer_ones(
    pattern: TrainPattern, duration_ms: float, share: float, seed: int
) -> None:
    long = pattern.draw(duration_ms, np.random.default_rng(seed))
    short = pattern.draw(share * duration_ms, np.random.default_rng(seed))
    assert (np.diff(long) >= 0).all()
    assert long.size == 0 or 0 <= long[0] <= long[-1] < duration_ms
    assert short.tolist() == long[long < share * duration_ms].tolist()


@given(PATTERNS, SEEDS)
def test_no_interval_is_below_the_floor(pattern: TrainPattern, seed: int) -> None:
    floor_ms = {
        Poisson: lambda p: p.floor_ms,
        NormalIntervals: lambda p: p.floor_ms,
        Regular: lambda p: 1000 / p.rate_hz,
        Burst: lambda p: min(
            p.interval_ms, 1000 / p.burst_rate_hz - (p.n_spikes - 1) * p.interval_ms
        ),
    }[type(pattern)](pattern)
    times = pattern.draw(3000.0, np.random.default_rng(seed))
    # Times are sums of some thousand intervals: each difference is exact to a rounding of 3000 ms.
    assert (np.diff(times) >= floor_ms - 2 * np.spacing(3000.0)).all()


@given(PATTERNS, SEEDS)
def test_counts_lie_within_the_bounds_of_a_renewal_process(
    pattern: TrainPattern, seed: int
) -> None:
    n_fibers, duration_ms = 40, 3000.0
    rng = np.random.default_rng(seed)
    count = sum(pattern.draw(duration_ms, rng).size for _ in range(n_fibers))
    mean_ms = 1000 / pattern.mean_rate_hz
    if isinstance(pattern, Regular | Burst):
        per_onset = pattern.n_spikes if isinstance(pattern, Burst) else 1
        sd_ms, slack = 0.0, per_onset  # one burst more or fewer
    else:
        # A cut normal distribution is narrower than the normal one, an exponential rest than the mean.
        sd_ms = (
            pattern.sd_ms if isinstance(pattern, NormalIntervals) else mean_ms - pattern.floor_ms
        )
        # Renewal theory: the count from a start without memory is off by no more than one and the squared
        # coefficient of variation.
        slack = 1 + (sd_ms / mean_ms) ** 2
    # Variance of the count: T σ² / μ³ in the limit, and at most one more from the first and last interval.
    variance = duration_ms * sd_ms**2 / mean_ms**3 + 1
    bound = 6 * math.sqrt(n_fibers * variance) + n_fibers * slack
    assert abs(count - n_fibers * duration_ms / mean_ms) <= bound


@pytest.mark.parametrize(
    "pattern",
    [NormalIntervals(111.0, 37.0, 5.0), NormalIntervals(310.0, 148.0, 7.0), Poisson(20.0, 1.0)],
)
def test_published_intervals_have_their_mean_and_spread(pattern: TrainPattern) -> None:
    times = pattern.draw(4_000_000.0, np.random.default_rng(2))
    intervals = np.diff(times)
    n, mean_ms = intervals.size, 1000 / pattern.mean_rate_hz
    assert abs(intervals.mean() - mean_ms) < 5 * intervals.std() / math.sqrt(n)
    sd_ms = pattern.sd_ms if isinstance(pattern, NormalIntervals) else mean_ms - 1.0
    # Cutting takes from the spread: for 148 ms, 2.05 standard deviations below the mean, at most 6 %.
    assert 0.94 * sd_ms < intervals.std() < sd_ms * (1 + 5 / math.sqrt(n))


@given(PAIRS, PAIRS, PAIRS)
def test_merging_keeps_every_spike_in_any_order(
    one: FiberTrains, two: FiberTrains, three: FiberTrains
) -> None:
    merged = merge_trains(one, two, three)
    assert merged.n_spikes() == one.n_spikes() + two.n_spikes() + three.n_spikes()
    assert arrays(merged) == arrays(merge_trains(three, merge_trains(two, one)))
    for index, train in enumerate(merged.trains["c"]):
        parts = np.concatenate([part.trains["c"][index] for part in (one, two, three)])
        assert train.tolist() == sorted(parts.tolist())


@given(TIMES.filter(lambda times: times.size > 1 and times[0] < times[-1]))
def test_trains_out_of_order_are_refused(times: np.ndarray) -> None:
    with pytest.raises(ModelError, match="sort them"):
        FiberTrains({"c": (times[::-1],)})


@settings(max_examples=30)
@given(st.sampled_from(protocol_names()), st.integers(10, 6000), st.floats(0.05, 1.0), SEEDS)
def test_a_longer_run_begins_like_a_shorter_one(
    name: str, duration_ms: int, share: float, seed: int
) -> None:
    long = natural_trains(FIBERS, name, duration_ms=duration_ms, seed=seed)
    short = natural_trains(FIBERS, name, duration_ms=share * duration_ms, seed=seed)
    cut = {
        kind: [[time for time in train if time < share * duration_ms] for train in fibers]
        for kind, fibers in arrays(long).items()
    }
    assert arrays(short) == cut


@settings(max_examples=30)
@given(st.sampled_from(protocol_names()), SEEDS, st.permutations(FIBERS), st.integers(1, 15))
def test_natural_input_does_not_depend_on_company(
    name: str, seed: int, order: list[FiberClass], n_fibers: int
) -> None:
    alone = arrays(natural_trains(FIBERS, name, duration_ms=2000.0, seed=seed))
    fewer = [replace(fiber, n_fibers=min(n_fibers, fiber.n_fibers)) for fiber in order]
    case = np.random.SeedSequence(seed)
    case.spawn(2)
    # Anything else that a condition draws, drawn first.
    stimulation_trains(FIBERS, [1.0], n_local=3, n_surround=3, jitter_ms=1.0, seed=case)
    nested_choice(15, 0.5, case, Purpose.SILENT, "c")
    company = arrays(natural_trains(fewer, name, duration_ms=2000.0, seed=case))
    assert company == {fiber.name: alone[fiber.name][: fiber.n_fibers] for fiber in fewer}


@settings(max_examples=30)
@given(st.integers(0, 15), st.integers(0, 15), st.floats(0.0, 2.0), SEEDS)
def test_more_recruitment_adds_fibers_and_changes_none(
    first: int, second: int, jitter_ms: float, seed: int
) -> None:
    pulses = np.arange(20) * 20.0
    fewer, more = (
        arrays(
            stimulation_trains(
                FIBERS, pulses, n_local=n, n_surround=0, jitter_ms=jitter_ms, seed=seed
            )
        )["a_beta"]
        for n in sorted((first, second))
    )
    assert [index for index in recruitment_order(15) if fewer[index]] == list(
        recruitment_order(15)[: min(first, second)]
    )
    assert all(train in ([], more[index]) for index, train in enumerate(fewer))
    shorter = stimulation_trains(
        FIBERS, pulses[:7], n_local=15, n_surround=0, jitter_ms=jitter_ms, seed=seed
    )
    longer = stimulation_trains(
        FIBERS, pulses, n_local=15, n_surround=0, jitter_ms=jitter_ms, seed=seed
    )
    for short, long in zip(shorter.trains["a_beta"], longer.trains["a_beta"], strict=True):
        # Spikes of the first seven pulses, unless jitter of later ones came between them.
        assert set(short.tolist()) <= set(long.tolist())


@given(st.integers(1, 60), st.floats(0.0, 1.0), st.floats(0.0, 1.0), SEEDS)
def test_a_larger_share_takes_the_same_fibers_and_more(
    n_fibers: int, one: float, two: float, seed: int
) -> None:
    smaller, larger = (
        nested_choice(n_fibers, share, seed, Purpose.SILENT, "c") for share in sorted((one, two))
    )
    assert smaller.sum() == round(min(one, two) * n_fibers)
    assert (larger | ~smaller).all()


@settings(max_examples=30)
@given(st.sampled_from(sorted(published_damage())), st.floats(0.0, 1.0), SEEDS)
def test_damage_is_sorted_repeatable_and_hits_only_its_class(
    kind: str, share: float, seed: int
) -> None:
    natural = natural_trains(FIBERS, "pinch", duration_ms=2500.0, seed=seed)
    damage = {"c": published_damage()[kind]}
    damaged = damage_trains(natural, damage, share=share, duration_ms=2500.0, seed=seed)
    again = damage_trains(natural, damage, share=share, duration_ms=2500.0, seed=seed)
    assert arrays(damaged) == arrays(again)
    before, after = arrays(natural), arrays(damaged)
    assert all(before[name] == after[name] for name in before if name != "c")
    # A fiber may stay as it was although it was hit, as when no spike comes in a blocked time.
    n_changed = sum(old != new for old, new in zip(before["c"], after["c"], strict=True))
    assert n_changed <= round(share * 30)
    for old, new in zip(before["c"], after["c"], strict=True):
        assert new == sorted(new)
        if kind in ("block", "longer_refractory_period", "intermittent_block"):
            assert set(new) <= set(old)
        elif kind == "extra_spikes":
            assert set(old) <= set(new)
        if kind == "longer_refractory_period" and old != new:
            assert (np.diff(new) >= 15.0).all()


@settings(max_examples=30)
@given(st.floats(0.0, 1.0), st.floats(0.0, 50.0), SEEDS)
def test_ectopic_spikes_do_not_depend_on_what_falls_silent(
    share: float, rate_hz: float, seed: int
) -> None:
    natural = natural_trains(FIBERS, load_protocol("pinch"), duration_ms=2000.0, seed=seed)
    nothing = FiberTrains({})
    effects = InputEffects((("c", rate_hz),), (("c", share),))
    ectopic = add_input_effects(FIBERS, nothing, effects, duration_ms=2000.0, seed=seed)
    both = add_input_effects(FIBERS, natural, effects, duration_ms=2000.0, seed=seed)
    silent = nested_choice(30, share, seed, Purpose.SILENT, "c")
    for index, quiet in enumerate(silent):
        parts = [ectopic.trains["c"][index], *(() if quiet else (natural.trains["c"][index],))]
        assert both.trains["c"][index].tolist() == sorted(np.concatenate(parts).tolist())
