import math
from dataclasses import replace

import pytest

from scsim.circuit.catalog import circuit_names, load_circuit
from scsim.circuit.mechanisms import INPUT_MECHANISMS, SPIKING_MECHANISMS, carrier_faults
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.wiring import SteadyConductance
from scsim.circuit.states import (
    HEALTHY,
    InputEffects,
    apply_state,
    apply_states,
    input_effects,
    state_names,
    states_of,
)
from scsim.errors import ModelError
from scsim.formats.tables import load_table

RATE = load_circuit("crodelle2019")
SPIKING = load_circuit("zhang2014")


def weights(circuit: SpikingCircuit) -> dict[tuple[str, str, str], float]:
    return {(c.source, c.target, c.receptor): c.weight_microsiemens for c in circuit.connections}


def reversals(circuit: SpikingCircuit) -> dict[str, float]:
    return {r.name: r.reversal_mv for r in circuit.receptors}


def densities(circuit: SpikingCircuit) -> dict[tuple[str, str, str], float]:
    return {
        (cell.name, section.name, channel.kind): channel.density
        for cell in circuit.cells
        for section in cell.sections
        for channel in section.channels
    }


def test_healthy_comes_first() -> None:
    assert state_names() == (
        "healthy", "chloride_shift", "deafferented", "descending_facilitation", "descending_inhibition",
        "disinhibited", "ectopic_a", "ectopic_c", "glycine_loss", "sensitized",
    )  # fmt: skip


def test_circuits_have_the_states_whose_mechanisms_they_have() -> None:
    assert states_of(SPIKING) == state_names()
    assert states_of(RATE) == tuple(s for s in state_names() if s != "glycine_loss")
    assert states_of(replace(SPIKING, mechanisms=())) == (HEALTHY,)
    assert "disinhibited" in states_of(load_circuit("sagalajev2024"))
    assert "sensitized" not in states_of(load_circuit("sagalajev2024"))


@pytest.mark.parametrize("state", state_names())
def test_every_state_names_known_mechanisms_in_their_units(state: str) -> None:
    for key, quantity in load_table(f"pain_states/{state}").quantities().items():
        part, _, mechanism = key.partition(".")
        if part == "basis":
            assert quantity.bib_key is not None
        elif part == "change_at_full_dose":
            assert SPIKING_MECHANISMS[mechanism].unit == quantity.unit
        else:
            assert part == "change_at_full_dose_in_rate_models"
            assert mechanism in dict(RATE.mechanisms)


# Rate model.


@pytest.mark.parametrize(("dose", "factor"), [(0.0, 1.0), (2 / 3, 0.5), (1.0, 0.25)])
def test_disinhibition_scales_both_inhibitory_weights_and_nothing_else(
    dose: float, factor: float
) -> None:
    changed = apply_state(RATE, "disinhibited", dose)
    assert changed.g_ip == pytest.approx(1.8 * factor)
    assert changed.g_ie == pytest.approx(0.6 * factor)
    assert replace(changed, g_ip=RATE.g_ip, g_ie=RATE.g_ie) == RATE


def test_states_of_the_rate_model() -> None:
    full = apply_states(RATE, {"chloride_shift": 1.0})
    assert (full.g_ip, full.g_ie) == (0.0, 0.0)
    assert apply_states(RATE, {"sensitized": 1.0}).nmda_max == 2.5
    for state, shift in (("descending_inhibition", 5.75), ("descending_facilitation", -5.75)):
        changed = apply_states(RATE, {state: 0.5})
        assert changed.projection_half_hz == pytest.approx(28.2 + shift / 2)
        assert replace(changed, projection_half_hz=RATE.projection_half_hz) == RATE


def test_states_of_inputs_leave_the_circuit_as_it_is() -> None:
    doses = {"ectopic_a": 0.5, "ectopic_c": 1.0, "deafferented": 0.25}
    assert apply_states(RATE, doses) is RATE
    assert apply_states(SPIKING, doses) is SPIKING
    assert input_effects(RATE, doses) == InputEffects(
        ectopic_hz=(("a_beta", 5.0), ("c", 1.0)), silent_share=(("a_beta", 0.25), ("c", 0.25))
    )
    effects = input_effects(SPIKING, doses)
    assert effects.ectopic_hz == (("a_beta", 5.0), ("a_delta", 5.0), ("c", 1.0))
    assert effects.silent_share == (("a_beta", 0.25), ("a_delta", 0.25), ("c", 0.25))


def test_other_states_leave_the_inputs_as_they_are() -> None:
    doses = dict.fromkeys(set(states_of(SPIKING)) - {"ectopic_a", "ectopic_c", "deafferented"}, 1.0)
    assert input_effects(SPIKING, doses) == InputEffects()


# Spiking circuit.


@pytest.mark.parametrize(("dose", "factor"), [(2 / 3, 0.5), (1.0, 0.25)])
def test_disinhibition_scales_gaba_and_leaves_glycine(dose: float, factor: float) -> None:
    changed = apply_states(SPIKING, {"disinhibited": dose})
    before, after = weights(SPIKING), weights(changed)
    for key, value in before.items():
        assert after[key] == pytest.approx(value * (factor if key[2] == "gaba_a" else 1), rel=1e-15)
    assert replace(changed, connections=SPIKING.connections) == SPIKING


def test_loss_of_glycine_takes_glycine_only() -> None:
    after = weights(apply_states(SPIKING, {"glycine_loss": 1.0}))
    assert after == weights(SPIKING) | {("sg", "wdr", "glycine"): 0.0}


@pytest.mark.parametrize(("dose", "reversal"), [(2 / 3, -60.0), (1.0, -55.0)])
def test_chloride_shift_moves_both_reversals(dose: float, reversal: float) -> None:
    changed = apply_states(SPIKING, {"chloride_shift": dose})
    expected = reversals(SPIKING) | {"gaba_a": reversal, "glycine": reversal}
    assert reversals(changed) == pytest.approx(expected, rel=1e-15)
    assert replace(changed, receptors=SPIKING.receptors) == SPIKING


def test_sensitization_strengthens_nmda_nk1_and_calcium_currents() -> None:
    changed = apply_states(SPIKING, {"sensitized": 1.0})
    before, after = weights(SPIKING), weights(changed)
    for key, value in before.items():
        factor = 1.5 if key[2] in {"nmda", "nk1_ex", "nk1_wdr"} else 1.0
        assert after[key] == value * factor
    for key, value in densities(SPIKING).items():
        factor = 1.5 if key[2] in {"can", "ca_l"} else 1.0
        assert densities(changed)[key] == value * factor


@pytest.mark.parametrize(
    ("state", "receptor", "conductance"),
    [("descending_inhibition", "glycine", 1.6e-3), ("descending_facilitation", "ampa", 1e-4)],
)
def test_descending_fibers_give_a_steady_conductance(
    state: str, receptor: str, conductance: float
) -> None:
    changed = apply_states(SPIKING, {state: 0.5})
    assert changed.steady == (SteadyConductance("wdr", receptor, 0.5 * conductance),)
    again = apply_states(changed, {state: 0.25})
    (steady,) = again.steady
    assert steady.conductance_microsiemens == pytest.approx(0.75 * conductance)


def test_descending_inhibition_halves_the_input_resistance_at_rest() -> None:
    # Reference run of the isolated cell: -0.01 nA takes it from -64.747 to -70.968 mV.
    at_rest_microsiemens = 0.01 / (70.9676 - 64.747)
    (steady,) = apply_states(SPIKING, {"descending_inhibition": 1.0}).steady
    assert steady.conductance_microsiemens == pytest.approx(at_rest_microsiemens, rel=0.01)


def test_states_act_together() -> None:
    both = apply_states(SPIKING, {"disinhibited": 1.0, "chloride_shift": 1.0, "glycine_loss": 0.5})
    assert reversals(both)["gaba_a"] == -55.0
    assert weights(both)["sg", "ex", "gaba_a"] == pytest.approx(5.32e-3 * 0.25)
    assert weights(both)["sg", "wdr", "glycine"] == pytest.approx(5.32e-3 * 0.5)


def test_factors_multiply_and_shifts_add_in_any_order() -> None:
    doses = {"disinhibited": 0.4, "chloride_shift": 0.5}
    both = apply_states(RATE, doses)
    assert both.g_ip == pytest.approx(1.8 * (1 - 0.75 * 0.4) * (1 - 0.5))
    opposed = {"descending_inhibition": 0.5, "descending_facilitation": 0.2}
    assert apply_states(RATE, opposed).projection_half_hz == pytest.approx(28.2 + 5.75 * 0.3)
    every = {state: 0.1 + 0.08 * place for place, state in enumerate(states_of(SPIKING))}
    turned = dict(reversed(every.items()))
    for circuit in (SPIKING, RATE):
        given = {state: dose for state, dose in every.items() if state in states_of(circuit)}
        back = {state: dose for state, dose in turned.items() if state in given}
        assert apply_states(circuit, given) == apply_states(circuit, back)
        assert input_effects(circuit, given) == input_effects(circuit, back)


# Refusals.


@pytest.mark.parametrize("name", circuit_names())
def test_dose_zero_of_every_state_gives_the_circuit_itself(name: str) -> None:
    circuit = load_circuit(name)
    assert apply_states(circuit, dict.fromkeys(state_names(), 0.0)) is circuit
    assert apply_states(circuit, {}) is circuit
    assert apply_states(circuit, {HEALTHY: 1.0}) is circuit
    assert input_effects(circuit, dict.fromkeys(state_names(), 0.0)) == InputEffects()


def test_unknown_state_names_the_nearest() -> None:
    with pytest.raises(
        ModelError, match=r"no pain state 'disinhibit'.*did you mean 'disinhibited'"
    ):
        apply_states(RATE, {"disinhibit": 0.5})


@pytest.mark.parametrize("dose", [-0.1, 1.5, math.nan, math.inf, "0.5", None])
def test_dose_outside_its_range_is_refused(dose: float) -> None:
    message = rf"dose = {dose!r} of the state 'disinhibited': .*between 0 .*use for example 0.667"
    with pytest.raises(ModelError, match=message):
        apply_states(RATE, {"disinhibited": dose})
    with pytest.raises(ModelError, match=message):
        input_effects(SPIKING, {"disinhibited": dose})


def test_state_that_the_circuit_lacks_is_refused() -> None:
    bare = replace(RATE, mechanisms=())
    with pytest.raises(
        ModelError,
        match=r"no 'inhibitory_weight'.*has no mechanism.*states healthy: choose another state or circuit",
    ):
        apply_states(bare, {"disinhibited": 0.5})
    assert apply_states(bare, {HEALTHY: 0.5}) is bare
    with pytest.raises(
        ModelError,
        match=r"'crodelle2019' has no 'glycine_weight', which the pain state 'glycine_loss' changes; "
        r"it has inhibitory_weight, .*, and so the states healthy, .*disinhibited.*: choose another",
    ):
        apply_states(RATE, {"glycine_loss": 0.1})
    with pytest.raises(
        ModelError,
        match=r"'sagalajev2024' has no 'nmda_weight' and 'nk1_weight' and 'calcium_currents', which the pain state 'sensitized'",
    ):
        apply_states(load_circuit("sagalajev2024"), {"sensitized": 1.0})


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        apply_states(
            RATE, {"glycine_loss": 1.0, "sadness": 1.0, "ectopic_c": 2.0, "disinhibited": 1.0}
        )
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    for part in ("'glycine_weight'", "'sadness'", "dose = 2.0"):
        assert sum(part in line for line in lines) == 1


def test_mechanisms_of_inputs_are_carried_by_fibers() -> None:
    assert {SPIKING_MECHANISMS[name].carrier for name in INPUT_MECHANISMS} == {"fiber"}
    known = {"fiber": ("c",), "receptor": (), "channel": (), "cell.receptor": ()}
    assert list(carrier_faults((("ectopic_c_hz", ("c",)),), known)) == []
    ((mechanism, fault),) = carrier_faults((("ectopic_c_hz", ("d",)),), known)
    assert mechanism == "ectopic_c_hz"
    assert fault == "there is no fiber 'd'; known are c: choose one of these."


@pytest.mark.parametrize("doses", ["disinhibited", ["disinhibited"], None])
def test_states_without_doses_are_refused(doses: object) -> None:
    with pytest.raises(ModelError, match=r"pain states come with their doses; write, for example"):
        apply_states(RATE, doses)  # type: ignore[arg-type]
