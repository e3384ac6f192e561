"""Runs of many conditions: order, length, shared natural input, what volleys and states change."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit import run_conditions as room
from scsim.circuit.afferents import AfferentSection
from scsim.circuit.gate import (
    NO_VOLLEYS,
    RateCondition,
    SpikingCondition,
    Volleys,
    rate_conditions,
    spiking_condition,
)
from scsim.circuit.run_conditions import (
    binned_rate,
    run_rate_conditions,
    run_spiking_conditions,
)
from scsim.circuit.sections import CircuitSection, StatesSection
from scsim.errors import ModelError, Status

RATE = CircuitSection(model="crodelle2019", duration_s=0.5, readout_s=0.1)
AFFERENTS = AfferentSection(noxious_onset_s=0.2)


def own(f_a_hz: float, section: CircuitSection = RATE) -> RateCondition:
    condition = rate_conditions(section, StatesSection(), AFFERENTS, f_a_hz).own
    assert isinstance(condition, RateCondition)
    return condition


def spiking(volleys: Volleys = NO_VOLLEYS, **changes: object) -> SpikingCondition:
    section = CircuitSection(duration_s=0.3, readout_s=0.2)
    condition = spiking_condition(section, StatesSection(), AfferentSection(), volleys, seed=1)
    return replace(condition, **changes)


def volleys(n_local: int, n_surround: int) -> Volleys:
    pulses = np.arange(0.0, 300.0, 20.0)
    return Volleys(n_local=n_local, n_surround=n_surround, pulses_ms=pulses, marks_ms=pulses)


def test_rate_conditions_of_different_length_keep_their_order() -> None:
    longer = replace(RATE, duration_s=0.6)
    conditions = [own(1.0), own(1.0, longer), own(60.0), own(60.0, longer)]
    responses = run_rate_conditions(conditions)
    assert [r.time_s[-1] for r in responses] == [0.5, 0.6, 0.5, 0.6]
    assert all(r.status == Status.OK for r in responses)
    assert responses[0].mean_projection_rate_hz > 10 * responses[2].mean_projection_rate_hz
    (alone,) = run_rate_conditions(conditions[3:])
    assert np.array_equal(alone.projection_rate_hz, responses[3].projection_rate_hz)
    assert alone.mean_projection_rate_hz == responses[3].mean_projection_rate_hz


def test_no_conditions_give_no_responses() -> None:
    assert run_rate_conditions([]) == ()
    assert run_spiking_conditions([]) == ()


def test_unknown_states_and_kinds_cannot_run() -> None:
    with pytest.raises(ModelError, match="no pain state 'ill'"):
        run_rate_conditions([replace(own(1.0), doses=(("ill", 1.0),))])
    with pytest.raises(ModelError, match="not all of them are rate models"):
        run_rate_conditions([replace(own(1.0), model="zhang2014")])
    with pytest.raises(ModelError, match="no spiking circuit"):
        run_spiking_conditions([spiking(model="crodelle2019")])


def test_states_change_the_input_rates_of_a_rate_model() -> None:
    """Ectopic C fibers keep the projection neurons firing before the noxious stimulus; lost fibers quiet them."""
    late = AfferentSection(noxious_onset_s=0.45)
    section = CircuitSection(model="crodelle2019", duration_s=0.4, readout_s=0.1)

    def rate(states: StatesSection, afferents: AfferentSection) -> float:
        condition = rate_conditions(section, states, afferents, 1.0).own
        (response,) = run_rate_conditions([condition])
        return response.mean_projection_rate_hz

    assert rate(StatesSection(ectopic_c=1.0), late) > rate(StatesSection(), late)
    noxious = AfferentSection(noxious_onset_s=0.1)
    assert rate(StatesSection(deafferented=1.0), noxious) < rate(StatesSection(), noxious)


def test_a_condition_gives_the_same_spikes_alone_and_among_others() -> None:
    conditions = [
        spiking(),
        spiking(volleys(15, 15)),
        spiking(volleys(15, 15), doses=(("disinhibited", 1.0),)),
        spiking(volleys(0, 15), realization=1),
        spiking(volleys(15, 15), duration_s=0.2, readout_s=0.1),
    ]
    together = run_spiking_conditions(conditions)
    assert [r.status for r in together] == [Status.OK] * 5
    for condition, found in zip(conditions, together, strict=True):
        (alone,) = run_spiking_conditions([condition])
        assert alone.cells == found.cells == ("sg", "z2", "ex", "wdr")
        for one, other in zip(alone.spikes_ms, found.spikes_ms, strict=True):
            assert one.tobytes() == other.tobytes()
    # A shorter run begins like the longer one.
    for short, long in zip(together[4].spikes_ms, together[1].spikes_ms, strict=True):
        assert np.array_equal(short, long[long < 200.0])


def test_surround_fibers_drive_the_surround_cell_alone() -> None:
    rest, surround, local = run_spiking_conditions(
        [spiking(), spiking(volleys(0, 15)), spiking(volleys(15, 0))]
    )
    z2 = rest.cells.index("z2")
    assert rest.spikes_ms[z2].size == local.spikes_ms[z2].size == 0
    assert surround.spikes_ms[z2].size > 0
    sg = rest.cells.index("sg")
    assert np.array_equal(rest.spikes_ms[sg], surround.spikes_ms[sg])
    assert local.spikes_ms[sg].size > rest.spikes_ms[sg].size
    assert rest.projection_spikes_ms is rest.spikes_ms[rest.cells.index("wdr")]


def test_all_conditions_of_a_realization_have_the_same_natural_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Spikes of C fibers are those of the realization, whatever is stimulated or changed."""
    seen = []
    real = room.merge_trains

    def spy(*parts):
        merged = real(*parts)
        seen.append(merged.trains)
        return merged

    monkeypatch.setattr(room, "merge_trains", spy)
    conditions = [
        spiking(volleys(3, 4)),
        spiking(volleys(15, 15), doses=(("disinhibited", 1.0),)),
        spiking(volleys(15, 15), realization=1),
    ]
    run_spiking_conditions(conditions)
    first, second, other = seen
    assert all(map(np.array_equal, first["c"], second["c"]))
    assert not all(map(np.array_equal, first["c"], other["c"]))


def n_answered(spikes_ms: np.ndarray, volleys_ms: np.ndarray) -> int:
    """Count the volleys after which a cell fires within 10 ms."""
    following = np.append(spikes_ms, np.inf)[np.searchsorted(spikes_ms, volleys_ms)]
    return int(np.count_nonzero(following - volleys_ms < 10.0))


def test_trains_of_the_fiber_stage_take_the_place_of_volleys() -> None:
    """Fifteen local fibers that fire together every 20 ms do what volleys of all local fibers do, and no more."""
    volley = np.arange(5.0, 300.0, 20.0)
    given = Volleys(
        n_surround=15,
        marks_ms=volley,
        local_times_ms=np.tile(volley, 15),
        local_counts=np.full(15, volley.size),
        surround_counts=np.zeros(0, dtype=np.int64),
        conduction_ms=5.0,
    )
    (response,) = run_spiking_conditions([spiking(given)])
    (rest,) = run_spiking_conditions([spiking()])
    sg, z2 = response.cells.index("sg"), response.cells.index("z2")
    assert n_answered(response.spikes_ms[sg], volley) > n_answered(rest.spikes_ms[sg], volley)
    assert response.spikes_ms[sg].size > rest.spikes_ms[sg].size
    assert response.spikes_ms[z2].size == 0
    (spread,) = run_spiking_conditions([spiking(given, jitter_ms=3.0)])
    assert not np.array_equal(spread.spikes_ms[sg], response.spikes_ms[sg])


def test_binned_rates_hold_every_spike() -> None:
    time_s, rate_hz = binned_rate(np.array([0.0, 10.0, 60.0, 129.0]), 0.13)
    assert time_s.tolist() == pytest.approx([0.025, 0.075, 0.115])
    assert rate_hz.tolist() == pytest.approx([40.0, 20.0, 1 / 0.03])
    assert float(np.sum(rate_hz * [0.05, 0.05, 0.03])) == pytest.approx(4.0)
