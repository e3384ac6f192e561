import math

import numpy as np
import pytest

from scsim.circuit.inputs.trains import (
    FiberTrains,
    Purpose,
    check_duration,
    check_trains,
    merge_trains,
    nested_choice,
    recorded_trains,
    silence,
    stream,
)
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError

A = FiberClass("a_beta", "touch", 2, "a_beta", "local")
C = FiberClass("c", "pain", 3, "c", "local")


def times(trains: FiberTrains, name: str) -> list[list[float]]:
    return [train.tolist() for train in trains.trains[name]]


def test_trains_are_copied_and_cannot_be_changed() -> None:
    given = np.array([1.0, 2.0, 2.0])
    trains = FiberTrains({"c": (given, np.empty(0))})
    given[0] = 9.0
    assert times(trains, "c") == [[1.0, 2.0, 2.0], []]
    assert trains.n_spikes() == 3
    with pytest.raises(ValueError, match="read-only"):
        trains.trains["c"][0][0] = 5.0
    with pytest.raises(TypeError, match="item assignment"):
        trains.trains["c"] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([3.0, math.nan], r"spike 1 of fiber 0 of the class 'c' is at nan ms: .*finite.*correct"),
        ([math.inf], r"spike 0 of fiber 0 .* inf ms: .*finite number; remove"),
        ([-2.5, 1.0], r"spike 0 of fiber 0 .* -2\.5 ms: times begin at 0 ms; shift"),
        (
            [5.0, 4.0],
            r"spike 1 of fiber 0 .* 4 ms, before the one ahead of it at 5 ms: .*sort them",
        ),
        ([[1.0], [2.0]], r"fiber 0 .* shape \(2, 1\): there must be one row of times; give one"),
        (["soon"], r"fiber 0 .* \['soon'\]: they must be numbers in ms; give one row"),
    ],
)
def test_wrong_times_are_refused(given: object, wanted: str) -> None:
    with pytest.raises(ModelError, match=wanted):
        FiberTrains({"c": (given,)})  # type: ignore[arg-type]


def test_every_wrong_fiber_is_named_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        FiberTrains({"c": (np.array([2.0, 1.0]), np.array([-1.0])), "a": (np.array([np.nan]),)})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "fiber 0 of the class 'c'" in lines[0]
    assert "fiber 1 of the class 'c'" in lines[1]
    assert "fiber 0 of the class 'a'" in lines[2]


def test_a_class_without_trains_is_silent() -> None:
    full = check_trains([A, C], FiberTrains({"c": (np.array([1.0]), np.empty(0), np.empty(0))}))
    assert list(full.trains) == ["a_beta", "c"]
    assert times(full, "a_beta") == [[], []]
    assert times(full, "c") == [[1.0], [], []]


def test_trains_must_fit_the_circuit() -> None:
    with pytest.raises(ModelError) as caught:
        check_trains([A, C], FiberTrains({"delta": (np.empty(0),), "c": (np.empty(0),)}))
    unknown, wrong = str(caught.value).splitlines()
    assert "no fiber class 'delta' in this circuit; it has a_beta, c: rename" in unknown
    assert "class 'c' has trains for 1 fibers, but the circuit has 3: give one" in wrong


def test_merging_sorts_and_keeps_every_spike() -> None:
    merged = merge_trains(
        FiberTrains({"c": (np.array([1.0, 5.0]), np.empty(0))}),
        FiberTrains({"c": (np.array([2.0, 5.0]), np.array([3.0])), "a": (np.array([4.0]),)}),
    )
    assert times(merged, "c") == [[1.0, 2.0, 5.0, 5.0], [3.0]]
    assert times(merged, "a") == [[4.0]]
    assert merge_trains().n_spikes() == 0


def test_merging_refuses_different_numbers_of_fibers() -> None:
    one, two = (FiberTrains({"c": (np.empty(0),) * n}) for n in (1, 2))
    with pytest.raises(ModelError, match=r"class 'c' has 1 and 2 fibers .*must agree; give empty"):
        merge_trains(two, one)


def test_recorded_trains_leave_other_fibers_silent() -> None:
    trains = recorded_trains([A, C], {"c": [[10.0, 320.5]]})
    assert times(trains, "c") == [[10.0, 320.5], [], []]
    assert times(trains, "a_beta") == [[], []]
    with pytest.raises(ModelError, match="trains for 4 fibers, but the circuit has 3"):
        recorded_trains([C], {"c": [[]] * 4})
    with pytest.raises(ModelError, match="no fiber class 'd'"):
        recorded_trains([C], {"d": [[1.0]]})


def test_streams_differ_by_every_part_of_their_key_and_by_nothing_else() -> None:
    seed = np.random.SeedSequence(7)
    keys = [
        (Purpose.NATURAL, "c", 0, 0),
        (Purpose.ECTOPIC, "c", 0, 0),
        (Purpose.NATURAL, "a", 0, 0),
        (Purpose.NATURAL, "c", 1, 0),
        (Purpose.NATURAL, "c", 0, 1),
    ]
    first = [stream(seed, *key).random() for key in keys]
    assert len(set(first)) == len(keys)
    seed.spawn(3)
    assert [stream(seed, *key).random() for key in reversed(keys)] == first[::-1]
    assert stream(7, *keys[0]).random() == first[0]
    assert stream(8, *keys[0]).random() != first[0]
    child = np.random.SeedSequence(7, spawn_key=(4,))
    assert stream(child, *keys[0]).random() != first[0]


@pytest.mark.parametrize("seed", [-1, 1.5, "3", np.int64(-2)])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(ModelError, match=r"seed = .*whole number of 0 or above, or a Seed.*; use"):
        stream(seed, Purpose.NATURAL)  # type: ignore[arg-type]
    wanted = stream(3, Purpose.NATURAL).random()
    assert stream(np.int64(3), Purpose.NATURAL).random() == wanted  # type: ignore[arg-type]


def test_share_is_rounded_to_whole_fibers() -> None:
    assert nested_choice(15, 0.5, 1, Purpose.SILENT, "c").sum() == 8
    assert nested_choice(15, 0.0, 1, Purpose.SILENT, "c").sum() == 0
    assert nested_choice(15, 1.0, 1, Purpose.SILENT, "c").all()


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ModelError, match=rf"share = {share} of .*'c': .*0 \(none\) and 1 \(all\)"):
        nested_choice(15, share, 1, Purpose.SILENT, "c")


def test_silence_empties_only_what_it_names() -> None:
    trains = FiberTrains({"c": (np.array([1.0]), np.array([2.0])), "a": (np.array([3.0]),)})
    quiet = silence(trains, {"c": [False, True]})
    assert times(quiet, "c") == [[1.0], []]
    assert times(quiet, "a") == [[3.0]]


@pytest.mark.parametrize("duration_ms", [0.0, -1.0, math.inf, math.nan])
def test_duration_outside_its_range_is_refused(duration_ms: float) -> None:
    with pytest.raises(ModelError, match=rf"duration_ms = {duration_ms} ms: .*above 0 ms; use"):
        check_duration(duration_ms)


def test_trains_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(
        ModelError, match=r"trains = \[1, 2\]: a mapping is expected.*write for example"
    ):
        FiberTrains([1, 2])  # type: ignore[arg-type]
