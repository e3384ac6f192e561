"""The integrate-and-fire circuit: reading, checks, borders of a run."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.integrate_fire import (
    circuit_from_table,
    irregular_trains,
    locked_trains,
    simulate_integrate_fire,
)
from scsim.circuit.states import apply_states
from scsim.errors import ModelError, Status
from scsim.formats.tables import load_table

CIRCUIT = circuit_from_table("sagalajev2024", load_table("circuits/sagalajev2024"))


def test_the_table_gives_ten_cells_of_each_kind() -> None:
    assert len(CIRCUIT.tau_excitatory_ms) == len(CIRCUIT.tau_inhibitory_ms) == 10
    assert [(f.name, f.n_fibers, f.kind) for f in CIRCUIT.fibers] == [("a_beta", 10, "a_beta")]
    assert CIRCUIT.noise_rate_hz == 100 * 100
    assert dict(CIRCUIT.mechanisms) == {"inhibitory_weight": ("inhibitory_to_excitatory_pa",)}
    assert hash(CIRCUIT) == hash(replace(CIRCUIT))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacitance_pf": 0.0}, r"capacitance_pf = 0.0 pF: it must be above 0 pF"),
        ({"noise_rate_hz": -1.0}, r"noise_rate_hz = -1.0 Hz: it must be at least 0 Hz"),
        ({"rest_mv": float("nan")}, r"rest_mv = nan mV: it must be a finite number"),
        ({"tau_excitatory_ms": (1.0, 0.0)}, r"tau_excitatory_ms of cell 1 = 0.0 ms: .* above 0"),
        ({"locked_vector_strength": 1.5}, r"locked_vector_strength = 1.5: .* at most 1"),
        ({"n_afferents": 0}, r"n_afferents = 0: it must be a whole number of at least 1"),
        ({"irregular_rates_hz": (1.0,)}, r"1 irregular_rates_hz for 10 afferents: give one rate"),
        ({"irregular_rates_hz": (-1.0,) * 10}, r"irregular_rates_hz of fiber 0 = -1.0 Hz"),
    ],
    ids=["capacitance", "noise", "nan", "tau", "strength", "count", "too_few", "rate"],
)
def test_parameters_are_checked(change: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replace(CIRCUIT, **change)  # type: ignore[arg-type]


def test_all_faults_come_together() -> None:
    with pytest.raises(ModelError, match=r"(?s)capacitance_pf.*noise_rate_hz") as caught:
        replace(CIRCUIT, capacitance_pf=-1.0, noise_rate_hz=-1.0)
    assert str(caught.value).count("correct it") == 2


def test_the_seed_is_that_of_the_noise_alone() -> None:
    trains = irregular_trains(CIRCUIT, duration_ms=400.0, seed=5)
    one, again, other = (
        simulate_integrate_fire([CIRCUIT], [trains], duration_ms=400.0, seed=seed)
        for seed in (1, 1, 2)
    )
    names = [f"{kind}{cell}" for kind in "ei" for cell in range(10)]
    same = [np.array_equal(one.spike_times_ms[n][0], again.spike_times_ms[n][0]) for n in names]
    differs = [
        not np.array_equal(one.spike_times_ms[n][0], other.spike_times_ms[n][0]) for n in names
    ]
    assert all(same)
    assert any(differs)


def test_conditions_do_not_depend_on_each_other() -> None:
    trains = [irregular_trains(CIRCUIT, duration_ms=300.0, seed=seed) for seed in (1, 2)]
    together = simulate_integrate_fire([CIRCUIT] * 2, trains, duration_ms=300.0, seed=1)
    alone = simulate_integrate_fire([CIRCUIT], trains[1:], duration_ms=300.0, seed=1)
    for name, spikes in together.spike_times_ms.items():
        np.testing.assert_array_equal(spikes[1], alone.spike_times_ms[name][0])


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    long, short = (
        simulate_integrate_fire(
            [CIRCUIT],
            [locked_trains(CIRCUIT, duration_ms=duration_ms, seed=4)],
            duration_ms=duration_ms,
            seed=4,
        )
        for duration_ms in (1700.0, 600.0)
    )
    for name, (spikes,) in short.spike_times_ms.items():
        np.testing.assert_array_equal(
            spikes, [t for t in long.spike_times_ms[name][0] if t < 600.0]
        )


def test_inhibition_acts_after_its_delay() -> None:
    late = replace(CIRCUIT, inhibitory_to_excitatory_delay_ms=1e4)
    trains = irregular_trains(CIRCUIT, duration_ms=800.0, seed=1)
    response = simulate_integrate_fire([CIRCUIT, late], [trains, trains], duration_ms=800.0, seed=1)
    inhibitory = [response.spike_times_ms[f"i{cell}"][0] for cell in range(10)]
    felt_ms = min(spikes[0] for spikes in inhibitory if spikes.size)
    felt_ms += CIRCUIT.inhibitory_to_excitatory_delay_ms
    for cell in range(10):
        with_it, without = response.spike_times_ms[f"e{cell}"]
        np.testing.assert_array_equal(with_it[with_it < felt_ms], without[without < felt_ms])
    assert response.excitatory_rate_hz[0] < 0.5 * response.excitatory_rate_hz[1]


def test_a_circuit_that_leaves_the_numbers_is_told() -> None:
    broken = replace(CIRCUIT, constant_pa=1e308, capacitance_pf=1e-3)
    trains = [irregular_trains(c, duration_ms=400.0, seed=1) for c in (CIRCUIT, broken)]
    response = simulate_integrate_fire([CIRCUIT, broken], trains, duration_ms=400.0, seed=1)
    assert response.status.tolist() == [Status.OK, Status.NOT_FINITE]
    assert np.isfinite(response.excitatory_rate_hz[0])
    assert np.isnan(response.excitatory_rate_hz[1])
    assert np.isnan(response.inhibitory_rate_hz[1])


def test_no_condition_gives_no_row() -> None:
    response = simulate_integrate_fire([], [], duration_ms=10.0, seed=1)
    assert response.status.size == response.excitatory_rate_hz.size == 0


def test_inputs_are_checked() -> None:
    silent = FiberTrains({})
    with pytest.raises(ModelError, match=r"1 circuits and 2 sets of trains: .* equal length"):
        simulate_integrate_fire([CIRCUIT], [silent] * 2, duration_ms=10.0, seed=1)
    with pytest.raises(ModelError, match=r"duration_ms = 0 ms: .* above 0 ms"):
        simulate_integrate_fire([CIRCUIT], [silent], duration_ms=0, seed=1)
    with pytest.raises(ModelError, match=r"no fiber class 'c' in this circuit"):
        simulate_integrate_fire([CIRCUIT], [FiberTrains({"c": ()})], duration_ms=10.0, seed=1)
    with pytest.raises(ModelError, match=r"duration_ms = inf ms"):
        locked_trains(CIRCUIT, duration_ms=float("inf"), seed=1)
    with pytest.raises(ModelError, match=r"duration_ms = -1 ms"):
        irregular_trains(CIRCUIT, duration_ms=-1, seed=1)


def test_a_response_prints_its_rates() -> None:
    response = simulate_integrate_fire([CIRCUIT], [FiberTrains({})], duration_ms=200.0, seed=1)
    assert repr(response) == (
        "IntegrateFireResponse(1 conditions of 0.2 s, excitatory [0.] Hz, inhibitory [0.] Hz)"
    )


def test_states_change_what_the_circuit_has() -> None:
    circuit = load_circuit("sagalajev2024")
    weaker = apply_states(circuit, {"disinhibited": 2 / 3})
    assert weaker.inhibitory_to_excitatory_pa == pytest.approx(-40.0)
    assert replace(weaker, inhibitory_to_excitatory_pa=-80.0) == circuit
    with pytest.raises(ModelError, match="sagalajev2024"):
        apply_states(circuit, {"sensitized": 1.0})


def test_populations_of_any_size_run_together() -> None:
    small = replace(CIRCUIT, tau_excitatory_ms=(14.0,), tau_inhibitory_ms=())
    trains = irregular_trains(CIRCUIT, duration_ms=300.0, seed=1)
    response = simulate_integrate_fire([small, CIRCUIT], [trains] * 2, duration_ms=300.0, seed=1)
    assert response.spike_times_ms["e0"][0].size > 0
    assert response.spike_times_ms["e5"][0].size == response.spike_times_ms["i0"][0].size == 0
    assert response.excitatory_rate_hz[0] > response.excitatory_rate_hz[1]
    assert response.inhibitory_rate_hz[0] == 0


def test_the_order_of_the_fibers_does_not_matter() -> None:
    trains = irregular_trains(CIRCUIT, duration_ms=300.0, seed=1)
    turned = FiberTrains({"a_beta": trains.trains["a_beta"][::-1]})
    response = simulate_integrate_fire([CIRCUIT] * 2, [trains, turned], duration_ms=300.0, seed=1)
    for one, other in response.spike_times_ms.values():
        np.testing.assert_array_equal(one, other)
