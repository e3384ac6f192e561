"""Pain states act on the projection neuron of the spiking circuit in the direction that their names say."""

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.train_patterns import NormalIntervals
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.run_network import simulate_network
from scsim.circuit.states import apply_states, state_names

CIRCUIT = load_circuit("zhang2014")
DURATION_MS = 1500.0
READOUT_MS = 400.0

RAISE = ("chloride_shift", "descending_facilitation", "disinhibited", "glycine_loss", "sensitized")
LOWER = ("descending_inhibition",)
LEAVE = ("healthy", "deafferented", "ectopic_a", "ectopic_c")  # these change the input only


def ongoing_input(seed: int) -> FiberTrains:
    """Give the ongoing input of the reference runs: normal intervals, 111 ± 37 ms in A and 310 ± 148 ms in C fibers."""
    rng = np.random.default_rng(seed)
    a = NormalIntervals(mean_ms=111.0, sd_ms=37.0, floor_ms=5.0)
    c = NormalIntervals(mean_ms=310.0, sd_ms=148.0, floor_ms=7.0)
    kinds = {"a_beta": a, "a_delta": a, "c": c}
    trains = {
        fibers.name: tuple(
            kinds[fibers.kind].draw(DURATION_MS, rng) for _ in range(fibers.n_fibers)
        )
        for fibers in CIRCUIT.fibers
        if fibers.field == "local"
    }
    return FiberTrains(trains)


@pytest.mark.slow
def test_states_raise_or_lower_the_projection_rate_with_the_dose() -> None:
    assert {*RAISE, *LOWER, *LEAVE} == set(state_names())
    doses = (0.0, 0.5, 1.0)
    states = state_names()
    changed = [apply_states(CIRCUIT, {state: dose}) for state in states for dose in doses]
    response = simulate_network(
        changed, [ongoing_input(seed=3)] * len(changed), duration_ms=DURATION_MS
    )
    counts = np.array([np.sum(s > READOUT_MS) for s in response.spike_times_ms["wdr"]])
    by_state = dict(zip(states, counts.reshape(len(states), len(doses)), strict=True))
    healthy = by_state["healthy"][0]
    assert healthy > 30
    for state in RAISE:
        assert np.all(np.diff(by_state[state]) >= 0), state
        assert by_state[state][-1] > healthy, state
    for state in LOWER:
        assert np.all(np.diff(by_state[state]) <= 0), state
        assert by_state[state][-1] < healthy, state
    for state in LEAVE:
        assert np.all(by_state[state] == healthy), state


@pytest.mark.slow
def test_no_state_makes_the_circuit_fire_without_input() -> None:
    full = [apply_states(CIRCUIT, {state: 1.0}) for state in state_names()]
    response = simulate_network(full, [FiberTrains({})] * len(full), duration_ms=400.0)
    assert all(s.size == 0 for trains in response.spike_times_ms.values() for s in trains)
