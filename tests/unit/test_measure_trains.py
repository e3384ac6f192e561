"""Trains: whose spike is whose, following frequency, messages, and a real fiber."""

import numpy as np
import pytest

from scsim.electrodes.sources import PointSource
from scsim.errors import Status, StimulusError
from scsim.fibers import Fiber
from scsim.fields import HomogeneousMedium
from scsim.response.detection import Trial
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.response.trains import (
    TrainResponse,
    assign_spikes,
    find_following_frequency,
    following_limits,
    measure_train,
)
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.train import PulseTrain

FIBER = Fiber("mrg_discrete", 10.0, n_nodes=31)
POTENTIAL = HomogeneousMedium(0.2).unit_potential_along([PointSource((1.0, 0.0, 0.0))], [FIBER])
PULSE = Pulse(100.0)


@pytest.fixture(scope="module")
def threshold_ma() -> float:
    return float(find_thresholds([FIBER], POTENTIAL, PULSE).threshold_ma[0])


def test_spikes_belong_to_the_pulse_they_follow() -> None:
    counts, latency = assign_spikes([0.6, 10.7, 31.0], [0.1, 10.1, 20.1, 30.1], 0.5)
    assert counts.tolist() == [1, 1, 0, 1]
    assert latency == pytest.approx([0.5, 0.6, np.nan, 0.9], nan_ok=True)


def test_a_latency_longer_than_the_period_is_no_trouble() -> None:
    # 2 ms of conduction at 1000 Hz: the first spike comes when the third pulse is given.
    onsets = np.arange(4.0)
    counts, latency = assign_spikes(onsets + 2.0 + 0.05 * onsets, onsets, 2.0)
    assert counts.tolist() == [1, 1, 1, 1]
    assert latency == pytest.approx([2.0, 2.05, 2.1, 2.15])


def test_two_spikes_of_one_pulse_are_not_following() -> None:
    counts, latency = assign_spikes([0.6, 1.6, 10.6], [0.1, 10.1], 0.5)
    assert counts.tolist() == [2, 1]
    assert latency == pytest.approx([0.5, 0.5])


def test_spikes_before_the_train_belong_to_no_pulse() -> None:
    counts, _ = assign_spikes([1.0, 5.6], [5.0, 10.0], 0.5 + 2.0)
    assert counts.tolist() == [0, 0]
    single, latency = assign_spikes([5.6], [5.0], 0.5)
    assert single.tolist() == [1]
    assert latency == pytest.approx([0.6])


def test_no_spikes_at_all() -> None:
    counts, latency = assign_spikes([], [0.0, 1.0], 0.0)
    assert counts.tolist() == [0, 0]
    assert np.isnan(latency).all()


@pytest.mark.parametrize(
    ("row", "highest", "lowest", "status"),
    [
        ([True, True, False], 20.0, 30.0, Status.OK),
        ([True, True, True], 30.0, np.nan, Status.FOLLOWS_AT_UPPER_BOUND),
        ([False, False, False], np.nan, 10.0, Status.NOT_FOLLOWING),
        ([True, False, True], 30.0, 20.0, Status.NOT_MONOTONIC),
        ([False, True, False], 20.0, 10.0, Status.NOT_MONOTONIC),
    ],
)
def test_following_frequency_is_the_highest_rate_that_is_followed(
    row: list[bool], highest: float, lowest: float, status: Status
) -> None:
    found = following_limits(np.array([10.0, 20.0, 30.0]), np.array([row]))
    assert found[0] == pytest.approx([highest], nan_ok=True)
    assert found[1] == pytest.approx([lowest], nan_ok=True)
    assert found[2].tolist() == [status]


def test_slow_pulses_are_all_followed(threshold_ma: float) -> None:
    found = measure_train(
        [FIBER], POTENTIAL, PULSE, frequency_hz=100.0, n_pulses=3, amplitude_ma=2.0 * threshold_ma
    )
    assert found.follows.tolist() == [True]
    assert found.onsets_ms == pytest.approx([0.1, 10.1, 20.1])
    assert found.spike_times_ms[0].size == 3
    assert found.latency_ms[0] == pytest.approx(found.spike_times_ms[0] - found.onsets_ms)
    drift = found.latency_ms[0, 2] - found.latency_ms[0, 0]
    assert found.latency_drift_ms[0] == pytest.approx(drift)
    assert "fiber 0 at 100 Hz" in str(found)
    assert "3 of 3 pulses followed, 3 spikes" in str(found)


def test_pulses_below_threshold_are_not_followed(threshold_ma: float) -> None:
    found = measure_train(
        [FIBER], POTENTIAL, PULSE, frequency_hz=50.0, n_pulses=2, amplitude_ma=0.8 * threshold_ma
    )
    assert found.spikes_per_pulse.tolist() == [[0, 0]]
    assert not found.follows[0]
    assert np.isnan(found.latency_drift_ms[0])


def test_following_frequency_of_a_fiber(threshold_ma: float) -> None:
    rates = [100.0, 3000.0, 200.0]
    found = find_following_frequency(
        [FIBER], POTENTIAL, PULSE, frequency_hz=rates, n_pulses=4, amplitude_ma=2.0 * threshold_ma
    )
    # The test pulse 0.33 ms after another falls into the absolute refractory period of every MRG fiber
    # (none is found up to 40 times threshold at 0.6 ms in the reference rows).
    assert found.frequency_hz.tolist() == [100.0, 200.0, 3000.0]
    assert found.following_frequency_hz.tolist() == [200.0]
    assert found.failing_frequency_hz.tolist() == [3000.0]
    assert found.status.tolist() == [Status.OK]
    assert str(found) == "fiber 0: follows 200 Hz, fails at 3000 Hz"
    assert all(isinstance(train, TrainResponse) for train in found.trains)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frequency_hz": 0.0}, ["frequency_hz = 0 Hz", "positive and finite", "10 to 1000"]),
        ({"frequency_hz": 20000.0}, ["frequency_hz = 20000 Hz", "100 µs overlap", "below 10000 Hz"]),
        ({"n_pulses": 1}, ["n_pulses = 1:", "at least 2"]),
        ({"n_pulses": 2.5, "frequency_hz": np.inf}, ["n_pulses = 2.5", "frequency_hz = inf Hz"]),
        ({"n_pulses": np.nan}, ["n_pulses = nan:", "whole number of pulses"]),
        ({"n_pulses": np.inf}, ["n_pulses = inf:", "at most 100000"]),
        ({"n_pulses": 10**9}, ["n_pulses = 1000000000:", "at most 100000; 10 to 100 are usual"]),
        ({"n_pulses": "many", "frequency_hz": "fast", "amplitude_ma": "strong"}, ["n_pulses = 'many'", "frequency_hz = 'fast': not a number", "amplitude_ma = 'strong'", "give numbers"]),
        ({"amplitude_ma": np.nan, "n_pulses": 1}, ["amplitude_ma = nan mA", "an amplitude is a size, above 0", "n_pulses = 1:"]),
        ({"amplitude_ma": [-0.2]}, ["amplitude_ma = -0.2 mA", "shares or polarity give the sign"]),
        ({"amplitude_ma": [0.2, 0.3]}, ["amplitude_ma has 2 values for 1 fibers", "one for all or one per fiber"]),
        ({"amplitude_ma": []}, ["amplitude_ma has 0 values for 1 fibers"]),
        ({"frequency_hz": [20.0, 50.0]}, ["2 values of frequency_hz", "give one in Hz"]),
    ],
)  # fmt: skip
def test_trains_that_cannot_be_are_refused(changes: dict, words: list[str]) -> None:
    arguments = {"frequency_hz": 50.0, "n_pulses": 3, "amplitude_ma": 1.0, **changes}
    with pytest.raises(StimulusError) as caught:
        measure_train([FIBER], POTENTIAL, PULSE, **arguments)
    for word in words:
        assert word in str(caught.value)


def test_what_is_no_pulse_is_refused() -> None:
    with pytest.raises(
        StimulusError, match=r"pulse = None: no pulse; give the shape of one, .*Pulse\(100"
    ):
        measure_train([FIBER], POTENTIAL, None, frequency_hz=50.0, n_pulses=3, amplitude_ma=1.0)


@pytest.mark.parametrize("amplitude_ma", [np.inf, 1e300])
def test_an_amplitude_beyond_numbers_is_a_status_and_gives_no_count(amplitude_ma: float) -> None:
    found = find_following_frequency(
        [FIBER] * 2,
        POTENTIAL * 2,
        PULSE,
        frequency_hz=[200.0],
        n_pulses=2,
        amplitude_ma=[amplitude_ma, 1e-3],
    )
    assert found.status.tolist() == [Status.NOT_FINITE, Status.NOT_FOLLOWING]
    train = found.trains[0]
    assert train.spikes_per_pulse.tolist() == [[-1, -1], [0, 0]]
    assert np.isnan(train.latency_ms).all()
    assert not train.follows.any()
    lines = str(train).splitlines()
    assert lines[0].startswith("fiber 0: not_finite: ")
    assert "0 of 2 pulses followed" in lines[1]


def test_each_fiber_gets_its_own_amplitude(threshold_ma: float) -> None:
    found = measure_train(
        [FIBER] * 2,
        POTENTIAL * 2,
        PULSE,
        frequency_hz=100.0,
        n_pulses=2,
        amplitude_ma=[0.8 * threshold_ma, 2.0 * threshold_ma],
    )
    assert found.follows.tolist() == [False, True]


def test_a_field_is_left_away_by_a_flag_and_not_by_an_amplitude(threshold_ma: float) -> None:
    train = PulseTrain(PULSE, (0.1,))
    trial = Trial([FIBER] * 2, POTENTIAL * 2, train, ThresholdProtocol())
    with_field, status = trial.spikes_ms(2.0 * threshold_ma, has_field=[True, False])
    assert [times.size for times in with_field] == [1, 0]
    assert status.tolist() == [Status.OK, Status.OK]
    # A number that is none is not looked at where there is no field, and refused where there is one.
    without, _ = trial.spikes_ms([2.0 * threshold_ma, np.nan], has_field=[True, False])
    assert without[0].tolist() == with_field[0].tolist()
    with pytest.raises(
        StimulusError, match="amplitude_ma = nan mA: an amplitude is a size, above 0"
    ):
        trial.spikes_ms([2.0 * threshold_ma, np.nan])
    with pytest.raises(
        StimulusError, match="has 3 values for 2 fibers: give one for all or one per"
    ):
        trial.spikes_ms([1.0, 1.0, 1.0])


def test_no_rate_to_try_is_refused() -> None:
    with pytest.raises(StimulusError, match="no frequency_hz: give at least one rate in Hz"):
        find_following_frequency(
            [FIBER], POTENTIAL, PULSE, frequency_hz=[], n_pulses=3, amplitude_ma=1.0
        )
