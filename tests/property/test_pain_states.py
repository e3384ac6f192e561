"""What must hold for any pain states at any doses."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scsim.circuit.catalog import load_circuit
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.states import apply_states, input_effects, state_names, states_of

SPIKING = load_circuit("zhang2014")
RATE = load_circuit("crodelle2019")

doses_of_zhang = st.dictionaries(
    st.sampled_from(states_of(SPIKING)), st.floats(0, 1), max_size=len(state_names())
)
doses_of_crodelle = st.dictionaries(
    st.sampled_from(states_of(RATE)), st.floats(0, 1), max_size=len(state_names())
)


def measures(circuit: SpikingCircuit) -> dict[str, float]:
    """Give what states change, each as one number that grows with the weight, voltage or conductance."""
    numbers = {f"reversal {r.name}": r.reversal_mv for r in circuit.receptors}
    for c in circuit.connections:
        numbers[f"weight {c.source} {c.target} {c.receptor}"] = c.weight_microsiemens
    for cell in circuit.cells:
        for section in cell.sections:
            for channel in section.channels:
                numbers[f"density {cell.name} {section.name} {channel.kind}"] = channel.density
    for name in ("glycine", "ampa"):
        together = [s.conductance_microsiemens for s in circuit.steady if s.receptor == name]
        numbers[f"steady {name}"] = sum(together)
    return numbers


@given(doses_of_zhang, st.randoms(use_true_random=False))
def test_the_order_of_states_does_not_matter(doses: dict[str, float], random: object) -> None:
    shuffled = list(doses.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert apply_states(SPIKING, dict(shuffled)) == apply_states(SPIKING, doses)
    assert input_effects(SPIKING, dict(shuffled)) == input_effects(SPIKING, doses)


@given(doses_of_zhang)
def test_states_one_after_the_other_are_states_together(doses: dict[str, float]) -> None:
    changed = SPIKING
    for state, dose in doses.items():
        changed = apply_states(changed, {state: dose})
    assert measures(changed) == pytest.approx(measures(apply_states(SPIKING, doses)), rel=1e-12)


@given(doses_of_crodelle)
def test_rate_circuits_combine_in_any_order_and_stay_sound(doses: dict[str, float]) -> None:
    backward = dict(reversed(doses.items()))
    changed = apply_states(RATE, doses)
    assert changed == apply_states(RATE, backward)
    assert 0 <= changed.g_ip <= RATE.g_ip
    assert 0 <= changed.g_ie <= RATE.g_ie


@given(st.sampled_from(states_of(SPIKING)), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_every_change_grows_with_the_dose(state: str, doses: list[float]) -> None:
    rising = sorted(doses)
    healthy = measures(SPIKING)
    full = measures(apply_states(SPIKING, {state: 1.0}))
    levels = [measures(apply_states(SPIKING, {state: dose})) for dose in rising]
    for key, at_zero in healthy.items():
        direction = full[key] - at_zero
        for before, after in pairwise(levels):
            assert (after[key] - before[key]) * direction >= 0
            if direction == 0:
                assert after[key] == before[key] == at_zero


@given(st.floats(0, 1), st.floats(0, 1))
def test_shares_of_lost_fibers_and_ectopic_rates_stay_in_range(a: float, b: float) -> None:
    effects = input_effects(SPIKING, {"deafferented": a, "ectopic_c": b, "ectopic_a": b})
    assert all(0 < share <= 1 for _, share in effects.silent_share)
    assert all(0 <= rate <= 10 for _, rate in effects.ectopic_hz)
    assert dict(effects.silent_share).get("c", 0.0) == pytest.approx(a)
