"""Config tables of the dorsal horn: ranges, keys that a model does not read, states, times."""

import subprocess
import sys
from dataclasses import fields

import pytest
from pydantic import TypeAdapter, ValidationError

from scsim.circuit.afferents import AfferentSection, rate_input, spiking_input
from scsim.circuit.catalog import load_circuit
from scsim.circuit.sections import (
    MODELS,
    CircuitSection,
    StatesSection,
    doses_of,
    is_spiking,
    model_fault,
    run_times,
    settling_s,
    slowest_time_constant_s,
    state_fault,
    time_faults,
)
from scsim.circuit.states import HEALTHY, state_names
from scsim.errors import ModelError

RATE = CircuitSection(model="crodelle2019")


def test_defaults_have_no_faults() -> None:
    assert time_faults(CircuitSection(), AfferentSection()) == []
    assert time_faults(RATE, AfferentSection()) == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (CircuitSection, "dose", 1.1),
        (CircuitSection, "dose", -0.1),
        (CircuitSection, "duration_s", 0.0),
        (CircuitSection, "duration_s", 601.0),
        (CircuitSection, "readout_s", 0.0),
        (CircuitSection, "readout", "late"),
        (CircuitSection, "model", "other"),
        (CircuitSection, "dosis", 1.0),
        (StatesSection, "chloride_shift", 1.5),
        (StatesSection, "healthy", 1.0),
        (AfferentSection, "c_noxious_hz", -1.0),
        (AfferentSection, "a_beta_min_diameter_um", 0.0),
        (AfferentSection, "noxious_onset_s", -1.0),
        (AfferentSection, "realization", -1),
        (AfferentSection, "realization", 1.5),
        (AfferentSection, "jitter_ms", -0.5),
        (AfferentSection, "onset_s", 1.0),
    ],
)
def test_sections_refuse_what_is_out_of_range_or_unknown(
    section: type, key: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=key):
        TypeAdapter(section).validate_python({key: value})


def test_every_key_of_a_section_is_explained() -> None:
    for section in (CircuitSection, StatesSection, AfferentSection):
        attributes = (section.__doc__ or "").partition("Attributes")[2]
        assert all(f"{one.name} : " in attributes for one in fields(section))


def test_the_table_of_states_has_every_state() -> None:
    assert {one.name for one in fields(StatesSection)} == set(state_names()) - {HEALTHY}


def test_every_model_is_of_the_kind_that_its_table_says() -> None:
    kinds = {"SpikingCircuit": "spiking", "RateCircuit": "rate"}
    found = {name: type(load_circuit(name)).__name__ for name in MODELS if name != "file"}
    assert {name: kinds[kind] for name, kind in found.items()} == {
        name: kind for name, kind in MODELS.items() if name != "file"
    }


def test_keys_of_the_other_kind_are_refused() -> None:
    assert model_fault("zhang2014", "protocol") is None
    assert model_fault("crodelle2019", "c_noxious_hz") is None
    assert "does not read it" in (model_fault("zhang2014", "c_noxious_hz") or "")
    assert "no spike trains" in (model_fault("crodelle2019", "realization") or "")
    assert model_fault("crodelle2019", "a_beta_min_diameter_um") is None


def test_inputs_that_are_not_written_have_the_values_of_the_tables() -> None:
    assert rate_input(AfferentSection()).c_noxious_hz == 22.0
    assert rate_input(AfferentSection(c_noxious_hz=0.0)).c_noxious_hz == 0.0
    assert spiking_input(AfferentSection()).protocol == "ongoing"
    assert spiking_input(AfferentSection(realization=3, jitter_ms=0.5)).realization == 3


def test_doses_are_sorted_and_without_those_that_change_nothing() -> None:
    states = StatesSection(sensitized=0.5, chloride_shift=1.0, glycine_loss=0.0)
    circuit = CircuitSection(state="disinhibited", dose=0.25)
    assert doses_of(circuit, states) == (
        ("chloride_shift", 1.0),
        ("disinhibited", 0.25),
        ("sensitized", 0.5),
    )
    assert doses_of(CircuitSection(), StatesSection()) == ()
    assert doses_of(CircuitSection(state="disinhibited", dose=0.0), StatesSection()) == ()


def test_a_state_whose_mechanism_is_missing_is_a_fault() -> None:
    assert state_fault(load_circuit("zhang2014"), "glycine_loss") is None
    fault = state_fault(load_circuit("crodelle2019"), "glycine_loss") or ""
    assert "crodelle2019 lacks what the state glycine_loss changes" in fault
    assert "disinhibited" in fault
    assert "did you mean 'disinhibited'" in (
        state_fault(load_circuit("crodelle2019"), "disinhibitd") or ""
    )


@pytest.mark.parametrize("duration_s", [1.5, 2.0])
def test_a_rate_model_that_ends_before_its_readout_is_a_fault(duration_s: float) -> None:
    section = CircuitSection(model="crodelle2019", duration_s=duration_s)
    ((key, message),) = time_faults(section, AfferentSection())
    assert key == "circuit.duration_s"
    assert f"a run of {duration_s:g} s" in message
    assert "longer than 2 s; lengthen duration_s, or shorten" in message


def test_times_off_the_grid_are_faults() -> None:
    section = CircuitSection(model="crodelle2019", duration_s=3.001, readout_s=1.004)
    faults = dict(time_faults(section, AfferentSection(noxious_onset_s=1.00004)))
    assert "the nearest is 3 s" in faults["circuit.duration_s"]
    assert "the nearest is 1 s" in faults["circuit.readout_s"]
    assert "the nearest is 1 s" in faults["afferents.noxious_onset_s"]


def test_what_a_readout_leaves_out_depends_on_the_kind() -> None:
    assert run_times(CircuitSection(duration_s=3.0)) == (3.0, 2.0)
    assert run_times(CircuitSection(model="crodelle2019", duration_s=3.0)) == (3.0, 1.0)
    assert run_times(CircuitSection(duration_s=3.0, readout_s=0.5)) == (3.0, 0.5)


def test_a_spiking_run_must_outlast_its_transient() -> None:
    ((key, message),) = time_faults(CircuitSection(duration_s=1.0), AfferentSection())
    assert key == "circuit.duration_s"
    assert "leaves nothing to read" in message
    ((key, message),) = time_faults(
        CircuitSection(duration_s=1.0, readout_s=0.8), AfferentSection()
    )
    assert "transient at its start takes 0.5 s. Write at least 1.3 s" in message
    assert time_faults(CircuitSection(duration_s=1.3, readout_s=0.8), AfferentSection()) == []


def test_steady_rates_need_three_slowest_time_constants() -> None:
    """NK1 receptors decay with 3000 ms, the NMDA gain of the rate model with 1 s (models.md 1.6, 4a)."""
    assert slowest_time_constant_s(load_circuit("zhang2014")) == pytest.approx(3.0)
    assert slowest_time_constant_s(load_circuit("crodelle2019")) == pytest.approx(1.0)
    with pytest.raises(ModelError, match="a study runs rate models and spiking circuits"):
        slowest_time_constant_s("zhang2014")
    steady = CircuitSection(duration_s=5.0, readout="steady")
    assert settling_s(steady) == 9.0
    ((key, message),) = time_faults(steady, AfferentSection())
    assert key == "circuit.duration_s"
    assert "the slowest transient of zhang2014 needs 9 s" in message
    assert 'readout = "window"' in message
    long = CircuitSection(duration_s=10.0, readout="steady")
    assert time_faults(long, AfferentSection()) == []
    assert run_times(long) == (10.0, 1.0)
    rate = CircuitSection(model="crodelle2019", duration_s=4.0, readout="steady")
    ((_, message),) = time_faults(rate, AfferentSection())
    assert "needs 4 s before a readout of 1 s" in message
    longer = CircuitSection(model="crodelle2019", duration_s=5.0, readout="steady")
    assert time_faults(longer, AfferentSection()) == []


def test_kinds_are_told_apart() -> None:
    assert is_spiking("zhang2014")
    assert is_spiking("file")
    assert not is_spiking("crodelle2019")


def test_reading_the_sections_loads_no_compiler() -> None:
    code = (
        "import sys, scsim.circuit.gate, scsim.circuit.run_conditions; "
        "print({'numba', 'scipy', 'matplotlib', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
