import math
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from scsim.circuit.inputs.protocols import (
    BORDER_GAP_MS,
    ClassInput,
    NaturalProtocol,
    Volleys,
    fiber_latencies_ms,
    load_protocol,
    mean_rates_hz,
    natural_trains,
    protocol_names,
)
from scsim.circuit.inputs.train_patterns import Burst, NormalIntervals, Poisson, Regular
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError

FIBERS = (
    FiberClass("a_beta", "touch", 15, "a_beta", "local"),
    FiberClass("a_beta_surround", "touch around", 15, "a_beta", "surround"),
    FiberClass("a_delta", "first pain", 15, "a_delta", "local"),
    FiberClass("c", "second pain", 30, "c", "local"),
)


def drawn(protocol: str | NaturalProtocol, duration_ms: float, seed: int = 1) -> FiberTrains:
    return natural_trains(FIBERS, protocol, duration_ms=duration_ms, seed=seed)


def test_the_protocols_of_the_issue_are_there() -> None:
    wanted = {"ongoing", "brush", "pinch", "pinprick", "wind_up", "a_fiber_test"}
    assert set(protocol_names()) == wanted
    for name in wanted:
        protocol = load_protocol(name)
        assert protocol.name == name
        assert protocol.title
        assert set(protocol.inputs) == {"a_beta", "a_delta", "c"}


def test_unknown_protocol_is_refused() -> None:
    with pytest.raises(
        ModelError, match=r"no natural protocol 'tickle'; known are .*pinch.*choose"
    ):
        natural_trains(FIBERS, "tickle", duration_ms=1.0, seed=1)


def test_ongoing_input_has_the_published_intervals() -> None:
    inputs = load_protocol("ongoing").inputs
    assert inputs["a_beta"].evoked == NormalIntervals(111.0, 37.0, 5.0)
    assert inputs["a_delta"].evoked == NormalIntervals(111.0, 37.0, 5.0)
    assert inputs["c"].evoked == NormalIntervals(310.0, 148.0, 7.0)


def test_the_surround_is_silent_unless_it_is_named() -> None:
    protocol = load_protocol("ongoing")
    assert all(train.size == 0 for train in drawn(protocol, 2000.0).trains["a_beta_surround"])
    around = dict(protocol.inputs) | {"a_beta_surround": ClassInput(Regular(10.0, 0.0))}
    wide = replace(protocol, inputs=MappingProxyType(around))
    assert {train.size for train in drawn(wide, 2000.0).trains["a_beta_surround"]} == {20}


def test_a_lasting_stimulus_keeps_its_times_and_its_rest() -> None:
    quiet = ClassInput(evoked=Regular(100.0, 0.0), rest=Regular(10.0, 0.0))
    protocol = NaturalProtocol("own", "", 300.0, 50.0, {"c": quiet})
    train = natural_trains(FIBERS, protocol, duration_ms=500.0, seed=1).trains["c"][4]
    assert train.tolist() == [0.0, 100.0, 200.0, 300.0, 310.0, 320.0, 330.0, 340.0, 350.0, 450.0]


def test_fibers_that_do_not_answer_go_on_as_at_rest() -> None:
    resting = ClassInput(rest=Regular(10.0, 0.0))
    protocol = NaturalProtocol("own", "", 150.0, 100.0, {"c": resting})
    train = natural_trains(FIBERS, protocol, duration_ms=450.0, seed=1).trains["c"][4]
    assert train.tolist() == [0.0, 100.0, 200.0, 300.0, 400.0]
    rate = mean_rates_hz(protocol)["c"]
    assert (rate.rest_hz, rate.boxes) == (10.0, ())


def test_spikes_of_two_parts_are_not_closer_than_a_fiber_can_fire() -> None:
    dense = Burst(5.0, 2, 199.9, 0.0)
    protocol = NaturalProtocol("own", "", 200.0, 200.0, {"c": ClassInput(dense, dense)})
    train = natural_trains(FIBERS, protocol, duration_ms=600.0, seed=1).trains["c"][0]
    assert train.tolist() == pytest.approx([0.0, 199.9, 399.9, 599.9])
    assert np.diff(train).min() >= BORDER_GAP_MS


@pytest.mark.parametrize(
    ("name", "kind", "first_ms", "last_ms"),
    [  # models of the published spike lists, to the decimals that were read off
        ("wind_up", "a_beta", 1.8, 7.2),
        ("wind_up", "a_delta", 16.8, 42.5),
        ("wind_up", "c", 69.0, 315.0),
        ("a_fiber_test", "a_beta", 1.0, 4.1),
        ("a_fiber_test", "a_delta", 9.6, 24.3),
        ("a_fiber_test", "c", 39.0, 180.0),
    ],
)
def test_volleys_arrive_at_the_published_latencies(
    name: str, kind: str, first_ms: float, last_ms: float
) -> None:
    trains = drawn(name, 1400.0).trains[kind]
    assert {train.size for train in trains} == {1}
    latencies = np.concatenate(trains) - 1000.0
    assert latencies.min() == pytest.approx(first_ms, abs=0.5 if kind == "c" else 0.05)
    assert latencies.max() == pytest.approx(last_ms, abs=0.5 if kind == "c" else 0.05)


def test_wind_up_has_twenty_volleys_one_second_apart() -> None:
    trains = drawn("wind_up", 30_000.0)
    for kind in ("a_beta", "a_delta", "c"):
        for train in trains.trains[kind]:
            assert train.size == 20
            assert np.diff(train) == pytest.approx(1000.0)
    slow = replace(load_protocol("wind_up"), volleys=Volleys(3000.0, 4))
    assert drawn(slow, 30_000.0).trains["c"][0].size == 4


def test_conditioning_volleys_excite_a_fibers_only() -> None:
    trains = drawn("a_fiber_test", 25_000.0).trains
    delays = (None, 150.0, 140.0, 130.0, 120.0, 110.0, 100.0, 80.0, 60.0, 40.0, 20.0, None)
    for kind in ("a_beta", "a_delta"):
        for train in trains[kind]:
            latency = train[0] - 1000.0
            tests = 1000.0 + 2000.0 * np.arange(12)
            after = [start + delay for start, delay in zip(tests, delays, strict=True) if delay]
            assert train == pytest.approx(np.sort([*tests, *after]) + latency)
    assert {train.size for train in trains["c"]} == {12}


def test_volleys_end_with_the_stimulus_and_delays_are_used_again() -> None:
    a = ClassInput(latency_ms=(2.0,), is_conditioned=True)
    one = (FiberClass("a_beta", "", 1, "a_beta", "local"),)
    volleys = Volleys(100.0, 50, conditioning_delay_ms=(10.0, math.inf))
    protocol = NaturalProtocol("own", "", 0.0, 400.0, {"a_beta": a}, volleys)
    train = natural_trains(one, protocol, duration_ms=1000.0, seed=1).trains["a_beta"][0]
    assert train.tolist() == [2.0, 12.0, 102.0, 202.0, 212.0, 302.0]


def test_rest_goes_on_between_volleys() -> None:
    c = ClassInput(rest=Regular(10.0, 0.0), latency_ms=(5.0, 6.0))
    two = (FiberClass("c", "", 2, "c", "local"),)
    protocol = NaturalProtocol("own", "", 0.0, math.inf, {"c": c}, Volleys(200.0, 1))
    trains = natural_trains(two, protocol, duration_ms=250.0, seed=1).trains["c"]
    assert trains[1].tolist() == [0.0, 6.0, 100.0, 200.0]


def test_fibers_beyond_the_list_have_speeds_like_the_listed_ones() -> None:
    listed = load_protocol("wind_up").inputs["c"].latency_ms
    many = replace(FIBERS[3], n_fibers=2000)
    latencies = fiber_latencies_ms(many, listed, 3)
    assert latencies[:30].tolist() == list(listed)
    assert fiber_latencies_ms(many, listed, 3).tolist() == latencies.tolist()
    assert fiber_latencies_ms(replace(many, n_fibers=7), listed, 3).tolist() == list(listed[:7])
    drawn_ms = latencies[30:]
    assert min(listed) <= drawn_ms.min() < drawn_ms.max() <= max(listed)
    speeds, new = 1 / np.array(listed), 1 / drawn_ms
    # Normal, cut at the smallest and largest listed speed; five standard errors of the mean of the cut distribution.
    grid = np.linspace(speeds.min(), speeds.max(), 20_001)
    density = np.exp(-0.5 * ((grid - speeds.mean()) / speeds.std(ddof=1)) ** 2)
    mean = np.trapezoid(grid * density, grid) / np.trapezoid(density, grid)
    assert abs(new.mean() - mean) < 5 * new.std() / math.sqrt(new.size)


def test_one_latency_does_not_make_a_distribution() -> None:
    with pytest.raises(
        ModelError, match=r"class 'c' has 30 fibers, .* all 5 ms: list at least two"
    ):
        fiber_latencies_ms(FIBERS[3], (5.0,), 1)
    assert fiber_latencies_ms(FIBERS[3], (), 1).size == 0


def test_mean_rates_of_a_lasting_stimulus() -> None:
    rates = mean_rates_hz("pinch")
    for kind, wanted in (("a_beta", 10.0), ("a_delta", 20.0), ("c", 10.0)):
        (box,) = rates[kind].boxes
        assert (box.start_s, box.end_s, box.rate_hz) == (1.0, 4.0, wanted)
        assert rates[kind].rest_hz == 1.0
    (box,) = mean_rates_hz("ongoing")["c"].boxes
    assert (box.start_s, box.end_s) == (0.0, math.inf)
    assert box.rate_hz == pytest.approx(1000 / NormalIntervals(310.0, 148.0, 7.0).mean_interval_ms)


def test_mean_rates_of_volleys_hold_one_spike_each() -> None:
    for name, n_boxes in (("wind_up", 20), ("a_fiber_test", 22)):
        boxes = mean_rates_hz(name)["a_delta"].boxes
        assert len(boxes) == n_boxes
        for box in boxes:
            assert (box.end_s - box.start_s) * box.rate_hz == pytest.approx(1.0)
    first = mean_rates_hz("wind_up")["c"].boxes[0]
    assert (first.start_s, first.end_s) == pytest.approx((1.069, 1.3149))
    silent = NaturalProtocol("own", "", 0.0, 1.0, {"c": ClassInput()}, Volleys(10.0, 2))
    assert mean_rates_hz(silent)["c"].boxes == ()


def test_mean_rates_are_those_of_the_trains() -> None:
    protocol = load_protocol("brush")
    many = tuple(replace(fiber, n_fibers=400) for fiber in FIBERS)
    trains = natural_trains(many, protocol, duration_ms=2000.0, seed=5).trains
    for kind in ("a_beta", "a_delta", "c"):
        (box,) = mean_rates_hz(protocol)[kind].boxes
        merged = np.concatenate(trains[kind])
        during = ((merged >= 1000.0) & (merged < 2000.0)).sum()
        # A dead time makes counts less variable than Poisson counts and shifts each fiber's by less than one floor
        # per interval at each border.
        expected = 400 * box.rate_hz
        shift = 400 * 2 * BORDER_GAP_MS * box.rate_hz / 1000
        assert abs(during - expected) < 5 * math.sqrt(expected) + shift


@pytest.mark.parametrize("duration_ms", [0.0, math.inf])
def test_duration_outside_its_range_is_refused(duration_ms: float) -> None:
    with pytest.raises(ModelError, match=rf"duration_ms = {duration_ms} ms"):
        drawn("pinch", duration_ms)


def test_protocols_outside_their_range_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        NaturalProtocol("own", "", -1.0, 0.0, {})
    onset, length = str(caught.value).splitlines()
    assert "own: onset_ms = -1.0 ms: a stimulus begins at 0 ms or later; use" in onset
    assert "own: duration_ms = 0.0 ms: a stimulus lasts longer than 0 ms; use" in length
    with pytest.raises(ModelError) as caught:
        Volleys(0.0, 0, -1.0, (5.0, math.nan))
    interval, number, scale, delay = str(caught.value).splitlines()
    assert "interval_ms = 0.0 ms between volleys: it must be above 0 ms; use" in interval
    assert "n_volleys = 0: there must be 1 volley or more; use" in number
    assert "latency_scale = -1.0: the factor on the latencies must be above 0; use" in scale
    assert "conditioning_delay_ms = nan ms: a delay must be 0 ms or above" in delay
    for latency in (0.0, math.inf):
        with pytest.raises(ModelError, match=rf"latency_ms = {latency} ms: .*finite.*correct"):
            ClassInput(latency_ms=(1.0, latency))


def test_patterns_are_read_with_their_numbers() -> None:
    c = load_protocol("pinch").inputs["c"]
    assert c.evoked == Poisson(10.0, 1.0)
    assert c.rest == Poisson(1.0, 1.0)
    assert load_protocol("pinch").end_ms == 4000.0
