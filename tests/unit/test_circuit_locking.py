"""Spikes that answer pulses and spikes that do not, told apart in mixtures of known parts."""

import csv
from pathlib import Path

import numpy as np
import pytest

import scsim.validate
from scsim.circuit.readouts.locking import (
    FASTEST_HZ,
    LOCK_MS,
    RateSplit,
    bound_split,
    pulse_phases,
    split_by_pulse,
    split_rates,
    vector_strength,
)
from scsim.errors import ModelError

GATE = Path(scsim.validate.__file__).parent / "cases" / "gate"
END_MS = 3000.0
N_DRAWS = 200

SLOW_HZ = (1.0, 10.0, 20.0, 40.0, 50.0, 59.0)
FAST_HZ = (60.0, 70.0, 80.0, 100.0, 150.0, 200.0)


def mixtures(
    unlocked_hz: float, n_answers: int, pulse_hz: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Poisson spikes of a known rate, and answers 3 ms after each pulse with a jitter of 0.3 ms."""
    rng = np.random.default_rng(7)
    pulses = np.arange(0.0, END_MS + 1, 1000 / pulse_hz)
    trains = []
    for _ in range(N_DRAWS):
        free = rng.uniform(0, END_MS, rng.poisson(unlocked_hz * END_MS / 1000))
        answers = [
            pulses + 3 + 2 * number + rng.normal(0, 0.3, pulses.size) for number in range(n_answers)
        ]
        trains.append(np.sort(np.concatenate([free, *answers])))
    return pulses, trains


def mean_split(pulses: np.ndarray, trains: list[np.ndarray]) -> tuple[RateSplit, float]:
    """Mean over draws, and the standard error of the mean of the C-driven rate."""
    splits = np.array([split_rates(s, pulses, from_ms=0, to_ms=END_MS) for s in trains])
    error = splits[:, 1].std(ddof=1) / np.sqrt(len(trains))
    return RateSplit(*splits.mean(axis=0)), float(error)


@pytest.mark.parametrize("pulse_hz", [*SLOW_HZ, *FAST_HZ])
@pytest.mark.parametrize("unlocked_hz", [5.0, 20.0, 60.0])
def test_unlocked_spikes_are_counted_among_answers(pulse_hz: float, unlocked_hz: float) -> None:
    """The mean over draws is the known rate, to four standard errors and the bias of the bound.

    No more spikes are made up for than were seen, which lowers a noisy estimate: by less than a fiftieth here.
    """
    found, error = mean_split(*mixtures(unlocked_hz, 1, pulse_hz))
    assert abs(found.c_driven_rate_hz - unlocked_hz) < 4 * error + unlocked_hz / 50
    assert found.c_driven_rate_hz + found.pulse_locked_rate_hz == pytest.approx(
        found.total_rate_hz, rel=1e-12
    )


@pytest.mark.parametrize("pulse_hz", [*SLOW_HZ, *FAST_HZ])
def test_without_answers_nearly_all_is_unlocked(pulse_hz: float) -> None:
    """A cap at all spikes cuts the upper half of the noise off: a tenth at most of 180 spikes.

    The number n = 180 has an error of sqrt(n / 0.28) = 25; the mean of the smaller of a normal number and its mean
    lies 0.4 standard deviations, 10 spikes, below.
    """
    pulses, trains = mixtures(60.0, 0, pulse_hz)
    found, _ = mean_split(pulses, trains)
    assert 0.9 * 60 < found.c_driven_rate_hz <= found.total_rate_hz
    if pulse_hz >= 40:
        assert found.late_rate_hz < 0.55 * 60  # the plain count takes idle pulses for relief


@pytest.mark.parametrize(
    ("pulse_hz", "n_answers"),
    [
        *((pulse_hz, 1) for pulse_hz in (*SLOW_HZ, *FAST_HZ)),
        *((pulse_hz, 2) for pulse_hz in (*SLOW_HZ, *FAST_HZ) if pulse_hz <= 150),
    ],
)
def test_answers_alone_are_all_locked(pulse_hz: float, n_answers: int) -> None:
    """Two answers 2 ms apart fill the cycle at 200 Hz: a stated limit of the rule."""
    pulses, trains = mixtures(0.0, n_answers, pulse_hz)
    for train in trains[:20]:
        found = split_rates(train, pulses, from_ms=0, to_ms=END_MS)
        assert found.c_driven_rate_hz < 0.5
        assert found.pulse_locked_rate_hz == pytest.approx(n_answers * pulse_hz, rel=0.03)


@pytest.mark.parametrize("pulse_hz", [10.0, 20.0, 40.0, 50.0])
def test_both_rules_agree_where_both_apply(pulse_hz: float) -> None:
    """Below 60 Hz the rule for short intervals is called by a lock time of the whole interval."""
    pulses, trains = mixtures(30.0, 1, pulse_hz)
    by_time = [split_rates(s, pulses, from_ms=0, to_ms=END_MS).c_driven_rate_hz for s in trains]
    by_phase = [
        split_rates(s, pulses, from_ms=0, to_ms=END_MS, lock_ms=1000 / pulse_hz).c_driven_rate_hz
        for s in trains
    ]
    difference = np.array(by_time) - by_phase
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(N_DRAWS)


def test_a_pause_after_the_answers_leaves_the_plain_count() -> None:
    pulses = np.arange(0.0, 3000.0, 100.0)
    answers, late = pulses + 4.0, pulses + 60.0
    found = split_rates(np.sort(np.r_[answers, late]), pulses, from_ms=0, to_ms=3000)
    assert found == RateSplit(20.0, 10.0, 10.0, 10.0)


def test_published_runs_agree_with_the_plain_count_where_the_gate_is_closed() -> None:
    """det_network_spikes.csv: 10 Hz and 50 Hz, intact: every answer is followed by a pause."""
    with (GATE / "det_network_spikes.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["cell"] == "WDR"]
    for case, pulse_hz in (("D4", 10.0), ("D1", 50.0)):
        spikes = [float(row["t_ms"]) for row in rows if row["case"] == case]
        pulses = np.arange(500.0, 2000.0, 1000 / pulse_hz)
        found = split_rates(spikes, pulses, from_ms=700, to_ms=2000)
        assert found.c_driven_rate_hz == pytest.approx(found.late_rate_hz, abs=1e-9)
        assert found.pulse_locked_rate_hz > 10


def test_without_pulses_everything_is_unlocked() -> None:
    assert split_rates([1.0, 2.0, 5.0], [], from_ms=0, to_ms=10) == RateSplit(300, 300, 0, 300)
    assert split_rates([], [5.0], from_ms=0, to_ms=10) == RateSplit(0, 0, 0, 0)


def test_stimulation_in_part_of_the_readout_does_not_touch_the_rest() -> None:
    """One second without pulses at 50 Hz, then one second of answers to 100 pulses: both parts are found."""
    free = np.arange(5.0, 1000.0, 20.0)
    pulses = np.arange(1000.0, 2000.0, 10.0)
    found = split_rates(np.r_[free, pulses + 3], pulses, from_ms=0, to_ms=2000)
    assert found.c_driven_rate_hz == 25.0
    assert found.pulse_locked_rate_hz == 50.0


def test_mask_is_that_of_the_reference() -> None:
    mask = split_by_pulse([99.0, 100.0, 112.0, 112.1, 205.0], [100.0, 200.0])
    assert mask.tolist() == [True, False, False, True, False]
    assert split_by_pulse([], [1.0]).shape == (0,)
    assert split_by_pulse([3.0], []).tolist() == [True]
    assert split_by_pulse([103.0], [100.0], lock_ms=2.0).tolist() == [True]


def test_rules_meet_at_sixty_hertz() -> None:
    assert LOCK_MS * FASTEST_HZ / 1000 == 0.72
    # An answer 14 ms after every pulse is late for the first rule and locked for the second.
    for pulse_hz, driven in ((59.9, True), (60.0, False)):
        pulses = np.arange(0.0, 3000.0, 1000 / pulse_hz)
        found = split_rates(pulses + 14.0, pulses, from_ms=0, to_ms=3000)
        assert (found.c_driven_rate_hz > 0.5 * pulse_hz) == driven


def test_no_more_is_unlocked_than_without_stimulation() -> None:
    split = RateSplit(200.0, 150.0, 50.0, 0.0)
    assert bound_split(split, 60.0) == RateSplit(200.0, 60.0, 140.0, 0.0)
    assert bound_split(split, 160.0) == split
    train = np.arange(0.0, 3000.0, 4.1)
    found = split_rates(
        train, np.arange(0, 3000, 10.0), from_ms=0, to_ms=3000, unstimulated_rate_hz=61.0
    )
    assert found.c_driven_rate_hz == 61.0
    with pytest.raises(ModelError, match="unstimulated_rate_hz = nan Hz: a rate is 0 or above"):
        bound_split(split, np.nan)


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(ModelError, match=r"pulses_ms\[1\] = 1.0 ms comes after 2.0 ms"):
        split_rates([], [2.0, 1.0], from_ms=0, to_ms=10)
    with pytest.raises(ModelError, match="give from_ms < to_ms"):
        split_rates([], [], from_ms=10, to_ms=10)
    with pytest.raises(ModelError, match="lock_ms = 0 ms: the longest delay of an answer"):
        split_rates([], [], from_ms=0, to_ms=10, lock_ms=0)
    with pytest.raises(ModelError, match="lock_ms = nan ms"):
        split_by_pulse([], [], lock_ms=np.nan)


def test_phases_are_shares_of_each_interval() -> None:
    phases = pulse_phases([5.0, 10.0, 12.5, 40.0, 60.0], [10.0, 20.0, 60.0])
    assert phases.tolist() == [0.0, 0.25, 0.5]
    assert pulse_phases([1.0], []).shape == (0,)


def test_vector_strength_is_one_when_locked_and_small_when_spread() -> None:
    assert vector_strength([0.3, 1.3, 7.3]) == pytest.approx(1.0)
    assert vector_strength([0.0, 0.5]) == pytest.approx(0.0, abs=1e-15)
    assert vector_strength(np.arange(100) / 100) == pytest.approx(0.0, abs=1e-13)
    assert np.isnan(vector_strength([]))
    # Spread evenly at random: the mean of a Rayleigh variable, sqrt(pi / 4 n).
    rng = np.random.default_rng(3)
    mean = np.mean([vector_strength(rng.uniform(size=400)) for _ in range(2000)])
    assert mean == pytest.approx(np.sqrt(np.pi / 1600), rel=0.05)  # 4 standard errors
