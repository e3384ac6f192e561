import math

import numpy as np
import pytest

from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.inputs.volleys import (
    burst_pulses_ms,
    followed_trains,
    masked_volleys,
    recruitment_order,
    stimulation_trains,
    tonic_pulses_ms,
    volley_latencies_ms,
)
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError

FIBERS = (
    FiberClass("a_beta", "touch", 15, "a_beta", "local"),
    FiberClass("a_beta_surround", "touch around", 15, "a_beta", "surround"),
    FiberClass("c", "pain", 30, "c", "local"),
)
SMALL = (FiberClass("a_beta", "touch", 2, "a_beta", "local"),)


def sizes(trains: FiberTrains, name: str) -> list[int]:
    return [train.size for train in trains.trains[name]]


@pytest.mark.parametrize("frequency_hz", [1.0, 10.0, 20.0, 50.0, 100.0, 150.0, 200.0, 1000.0])
def test_pulses_end_before_the_end(frequency_hz: float) -> None:
    pulses = tonic_pulses_ms(frequency_hz, from_ms=500.0, to_ms=2000.0)
    assert pulses.size == math.ceil(1.5 * frequency_hz)
    assert pulses[0] == 500.0
    assert pulses[-1] < 2000.0
    assert np.diff(pulses) == pytest.approx(1000 / frequency_hz)


def test_pulses_of_rate_zero_or_no_time_are_none() -> None:
    assert tonic_pulses_ms(0.0, from_ms=0.0, to_ms=1000.0).size == 0
    assert tonic_pulses_ms(50.0, from_ms=500.0, to_ms=500.0).size == 0


def test_bursts_of_pulses() -> None:
    pulses = burst_pulses_ms(40.0, n_pulses=3, interval_ms=2.0, from_ms=10.0, to_ms=37.5)
    assert pulses.tolist() == [10.0, 12.0, 14.0, 35.0, 37.0]


def test_pulses_outside_their_range_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        burst_pulses_ms(-5.0, n_pulses=0, interval_ms=0.0, from_ms=9.0, to_ms=3.0)
    rate, times, number, interval = str(caught.value).splitlines()
    assert "pulse rate = -5.0 Hz: a rate must be a finite number, 0 or above; use" in rate
    assert "pulses from 9.0 ms to 3.0 ms" in times
    assert "exchange or move the times" in times
    assert "n_pulses = 0: a burst has 1 pulse or more; use" in number
    assert "interval_ms = 0.0 ms between the pulses of a burst: it must be above 0 ms" in interval
    with pytest.raises(
        ModelError, match=r"5 pulses, 6 ms apart, lasts 24 ms, but one begins every 20"
    ):
        burst_pulses_ms(50.0, n_pulses=5, interval_ms=6.0, from_ms=0.0, to_ms=100.0)


def test_order_is_a_permutation_and_grows_with_the_class() -> None:
    for n_fibers in (1, 7, 15, 40):
        assert sorted(recruitment_order(n_fibers).tolist()) == list(range(n_fibers))
    assert recruitment_order(40)[15:].tolist() == list(range(15, 40))
    assert recruitment_order(15).tolist() != list(range(15))


def test_latencies_are_the_published_ones() -> None:
    latencies = volley_latencies_ms(15)
    assert (latencies.min(), latencies.max()) == (0.177, 1.211)  # 0.18 to 1.21 ms
    assert volley_latencies_ms(17).tolist() == [*latencies, *latencies[:2]]


def test_every_following_fiber_answers_every_pulse_at_its_latency() -> None:
    pulses = tonic_pulses_ms(50.0, from_ms=500.0, to_ms=700.0)
    trains = stimulation_trains(FIBERS, pulses, n_local=4, n_surround=15, conduction_ms=2.0)
    assert sizes(trains, "c") == [0] * 30
    local = recruitment_order(15)[:4]
    latencies = volley_latencies_ms(15)
    for fiber in range(15):
        wanted = pulses + 2.0 + latencies[fiber]
        assert trains.trains["a_beta_surround"][fiber] == pytest.approx(wanted)
        found = trains.trains["a_beta"][fiber]
        assert found == pytest.approx(wanted if fiber in local else np.empty(0))


def test_own_latencies_and_the_end_of_the_run() -> None:
    trains = stimulation_trains(
        SMALL, [0.0, 10.0], n_local=2, n_surround=0, latency_ms=[1.0, 2.0], duration_ms=12.0
    )
    assert [train.tolist() for train in trains.trains["a_beta"]] == [[1.0, 11.0], [2.0]]


def test_masks_say_which_fiber_follows_which_pulse() -> None:
    mask = np.array([[True, False], [False, False], [True, True]])
    trains = masked_volleys(SMALL, [0.0, 10.0, 20.0], {"a_beta": mask}, latency_ms=[0.0, 0.5])
    assert [train.tolist() for train in trains.trains["a_beta"]] == [[0.0, 20.0], [20.5]]


def test_jitter_has_its_standard_deviation_and_never_goes_before_the_pulse() -> None:
    pulses = tonic_pulses_ms(100.0, from_ms=0.0, to_ms=20_000.0)
    trains = stimulation_trains(
        SMALL, pulses, n_local=2, n_surround=0, latency_ms=[5.0, 5.0], jitter_ms=1.0, seed=3
    )
    delays = np.concatenate([train - pulses for train in trains.trains["a_beta"]]) - 5.0
    n = delays.size
    assert n == 4000
    assert abs(delays.mean()) < 5 / math.sqrt(n)
    # The standard error of a standard deviation of n normal numbers is 1 / sqrt(2 n).
    assert abs(delays.std() - 1.0) < 5 / math.sqrt(2 * n)
    wide = stimulation_trains(
        SMALL, [100.0] * 50, n_local=2, n_surround=0, latency_ms=[0.1, 0.1], jitter_ms=3.0, seed=3
    )
    assert all(train.min() >= 100.0 for train in wide.trains["a_beta"])
    with pytest.raises(
        ModelError, match=r"jitter_ms = 1\.0 ms needs random numbers.*give the seed"
    ):
        stimulation_trains(SMALL, pulses, n_local=1, n_surround=0, jitter_ms=1.0)


def test_faults_of_a_stimulation_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        stimulation_trains(FIBERS, [0.0], n_local=16, n_surround=-1)
    local, surround = str(caught.value).splitlines()
    assert "n_local = 16: the class 'a_beta' has 15 fibers, so 0 to 15 of them can follow" in local
    assert "n_surround = -1: the class 'a_beta_surround'" in surround
    with pytest.raises(
        ModelError, match=r"pulse 1 of the stimulation is at 1 ms, before.*sort them"
    ):
        stimulation_trains(FIBERS, [2.0, 1.0], n_local=1, n_surround=0)
    with pytest.raises(ModelError) as caught:
        masked_volleys(
            SMALL,
            [0.0],
            {"d": [[True]], "a_beta": [[1, 0]]},
            conduction_ms=-1.0,
            jitter_ms=math.nan,
        )
    conduction, jitter, unknown, mask = str(caught.value).splitlines()
    assert "conduction_ms = -1.0 ms: it must be a finite time of 0 ms or above; use" in conduction
    assert "jitter_ms = nan ms" in jitter
    assert "no fiber class 'd' to stimulate; the circuit has a_beta: name one" in unknown
    assert "mask of the class 'a_beta' is int64 of shape (1, 2): it must be bool" in mask
    with pytest.raises(
        ModelError, match=r"latency_ms .* class 'a_beta' needs 2 finite .*give one per"
    ):
        masked_volleys(SMALL, [0.0], {"a_beta": [[True, True]]}, latency_ms=[1.0, -1.0])


def test_computed_spikes_take_the_first_places_of_the_order() -> None:
    trains = followed_trains(FIBERS, {"a_beta": [[1.0, 2.0], [3.0]]}, conduction_ms=0.5)
    first, second = recruitment_order(15)[:2]
    assert trains.trains["a_beta"][first].tolist() == [1.5, 2.5]
    assert trains.trains["a_beta"][second].tolist() == [3.5]
    assert sum(sizes(trains, "a_beta")) == trains.n_spikes() == 3
    moved = followed_trains(FIBERS, {"a_beta": [[1.0, 2.0]]}, jitter_ms=0.2, seed=4)
    assert moved.trains["a_beta"][first].tolist() != [1.0, 2.0]
    assert moved.trains["a_beta"][first].size == 2


def test_faults_of_computed_spikes_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        followed_trains(SMALL, {"d": [[1.0]], "a_beta": [[], [], []]}, conduction_ms=math.inf)
    conduction, unknown, many = str(caught.value).splitlines()
    assert "conduction_ms = inf ms" in conduction
    assert "no fiber class 'd'" in unknown
    assert "class 'a_beta' has 2 fibers, but there are trains for 3: give that many" in many
    with pytest.raises(ModelError, match="spike 1 of fiber 0 of the class 'a_beta' is at 1 ms"):
        followed_trains(SMALL, {"a_beta": [[2.0, 1.0]]})
