import math

import numpy as np
import pytest

from scsim.circuit.inputs.damage import (
    Advance,
    Block,
    Damage,
    Delay,
    ExtraSpikes,
    IntermittentBlock,
    LongerRefractoryPeriod,
    add_input_effects,
    damage_trains,
    published_damage,
)
from scsim.circuit.inputs.protocols import natural_trains
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.states import InputEffects
from scsim.errors import ModelError

FIBERS = (
    FiberClass("a_beta", "touch", 15, "a_beta", "local"),
    FiberClass("c", "pain", 30, "c", "local"),
)
TIMES = np.array([0.0, 10.0, 18.0, 30.0, 200.0])


def changed(damage: Damage, times: np.ndarray = TIMES) -> list[float]:
    return damage.change(times, np.random.default_rng(1)).tolist()


def test_what_each_damage_does() -> None:
    assert changed(Block()) == []
    assert changed(Delay(125.0)) == [125.0, 135.0, 143.0, 155.0, 325.0]
    assert changed(Advance(15.0)) == [3.0, 15.0, 185.0]
    # 10 is lost to 0; 18 passes, since the fiber was last refractory after 0; 30 is lost to 18.
    assert changed(LongerRefractoryPeriod(15.0)) == [0.0, 18.0, 200.0]
    assert changed(IntermittentBlock(20.0)) == [0.0, 10.0, 18.0, 200.0]
    assert changed(ExtraSpikes(0.0, 2, 5.0)) == TIMES.tolist()
    assert changed(ExtraSpikes(1.0, 2, 5.0), TIMES[:2]) == [0.0, 5.0, 10.0, 15.0, 20.0]


def test_extra_spikes_come_with_their_probability() -> None:
    times = 100.0 * np.arange(4000.0)
    n_extra = len(changed(ExtraSpikes(0.3, 2, 5.0), times)) - times.size
    assert n_extra % 2 == 0
    # Binomial: five standard deviations of the number of spikes that evoke extra ones.
    assert abs(n_extra / 2 - 1200) < 5 * math.sqrt(4000 * 0.3 * 0.7)


def test_published_sizes() -> None:
    assert published_damage() == {
        "block": Block(),
        "delay": Delay(125.0),
        "advance": Advance(125.0),
        "longer_refractory_period": LongerRefractoryPeriod(15.0),
        "intermittent_block": IntermittentBlock(20.0),
        "extra_spikes": ExtraSpikes(0.3, 2, 5.0),
    }
    assert all(isinstance(damage, Damage) for damage in published_damage().values())


def test_a_share_of_the_fibers_of_a_class_is_damaged() -> None:
    natural = natural_trains(FIBERS, "ongoing", duration_ms=3000.0, seed=1)
    damaged = damage_trains(natural, {"c": Block()}, share=0.25, duration_ms=3000.0, seed=1)
    assert sum(train.size == 0 for train in damaged.trains["c"]) == 8  # 7.5 rounded to even
    for before, after in zip(natural.trains["a_beta"], damaged.trains["a_beta"], strict=True):
        assert np.array_equal(before, after)


def test_spikes_delayed_beyond_the_run_are_left_out() -> None:
    trains = FiberTrains({"c": (np.array([10.0, 90.0]),)})
    late = damage_trains(trains, {"c": Delay(50.0)}, share=1.0, duration_ms=100.0, seed=1)
    assert late.trains["c"][0].tolist() == [60.0]


def test_damage_outside_its_range_is_refused() -> None:
    for make, name in (
        (Delay, "delay_ms"),
        (Advance, "advance_ms"),
        (LongerRefractoryPeriod, "period_ms"),
        (IntermittentBlock, "half_period_ms"),
        (lambda value: ExtraSpikes(0.3, 2, value), "interval_ms"),
    ):
        for value in (0.0, -1.0, math.inf, math.nan):
            with pytest.raises(
                ModelError, match=rf"^{name} = {value} ms: .*above 0 ms; the published"
            ):
                make(value)
    with pytest.raises(ModelError, match=r"probability = 1\.5: .*between 0 and 1; the published"):
        ExtraSpikes(1.5, 2, 5.0)
    with pytest.raises(ModelError, match="n_spikes = 0: 1 extra spike or more must follow; the"):
        ExtraSpikes(0.5, 0, 5.0)
    trains = FiberTrains({"c": (TIMES,)})
    with pytest.raises(
        ModelError, match=r"no trains of a fiber class 'd' to damage; there are c: name"
    ):
        damage_trains(trains, {"d": Block()}, share=1.0, duration_ms=10.0, seed=1)
    with pytest.raises(ModelError, match=r"share = 2\.0 of the fibers of the class 'c'"):
        damage_trains(trains, {"c": Block()}, share=2.0, duration_ms=10.0, seed=1)


def test_states_silence_natural_trains_and_add_ectopic_ones() -> None:
    natural = natural_trains(FIBERS, "ongoing", duration_ms=3000.0, seed=1)
    none = add_input_effects(FIBERS, natural, InputEffects(), duration_ms=3000.0, seed=1)
    lost = InputEffects(silent_share=(("a_beta", 1.0), ("c", 0.5)))
    quiet = add_input_effects(FIBERS, natural, lost, duration_ms=3000.0, seed=1)
    both = InputEffects((("a_beta", 40.0),), lost.silent_share)
    noisy = add_input_effects(FIBERS, natural, both, duration_ms=3000.0, seed=1)
    for name in ("a_beta", "c"):
        for before, after in zip(natural.trains[name], none.trains[name], strict=True):
            assert np.array_equal(before, after)
    assert [train.size for train in quiet.trains["a_beta"]] == [0] * 15
    assert sum(train.size == 0 for train in quiet.trains["c"]) == 15
    n_ectopic = sum(train.size for train in noisy.trains["a_beta"])
    assert abs(n_ectopic - 1800) < 5 * math.sqrt(1800)  # Poisson: 15 fibers × 40 Hz × 3 s
    for before, after in zip(quiet.trains["c"], noisy.trains["c"], strict=True):
        assert np.array_equal(before, after)


def test_effects_on_a_class_that_is_not_there_are_refused() -> None:
    effects = InputEffects(ectopic_hz=(("a_gamma", 5.0),))
    with pytest.raises(
        ModelError, match=r"no fiber class 'a_gamma' to change; the circuit has a_beta, c"
    ):
        add_input_effects(FIBERS, FiberTrains({}), effects, duration_ms=10.0, seed=1)
