import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from scsim.circuit.afferents import AfferentSection
from scsim.circuit.gate import (
    CircuitSection,
    Condition,
    case_conditions,
    run_conditions,
    section_faults,
)
from scsim.errors import ModelError, Status

SECTION = CircuitSection(duration_s=0.5, readout_s=0.1)
AFFERENTS = AfferentSection(noxious_onset_s=0.2)


def own(f_a_hz: float, section: CircuitSection = SECTION) -> Condition:
    return case_conditions(section, AFFERENTS, f_a_hz).own


def test_defaults_have_no_faults() -> None:
    assert section_faults(CircuitSection(), AfferentSection()) == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (CircuitSection, "dose", 1.1),
        (CircuitSection, "dose", -0.1),
        (CircuitSection, "duration_s", 0.0),
        (CircuitSection, "duration_s", 601.0),
        (CircuitSection, "readout_s", 0.0),
        (CircuitSection, "model", "other"),
        (CircuitSection, "dosis", 1.0),
        (AfferentSection, "c_noxious_hz", -1.0),
        (AfferentSection, "a_beta_min_diameter_um", 0.0),
        (AfferentSection, "noxious_onset_s", -1.0),
        (AfferentSection, "onset_s", 1.0),
    ],
)
def test_sections_refuse_what_is_out_of_range_or_unknown(
    section: type, key: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=key):
        TypeAdapter(section).validate_python({key: value})


def test_every_key_of_a_section_is_explained() -> None:
    for section in (CircuitSection, AfferentSection):
        attributes = (section.__doc__ or "").partition("Attributes")[2]
        assert all(f"{field.name} : " in attributes for field in fields(section))


def test_unknown_state_is_a_fault_with_the_nearest() -> None:
    ((key, message),) = section_faults(CircuitSection(state="disinhibitd"), AfferentSection())
    assert key == "circuit.state"
    assert "'disinhibitd'" in message
    assert "did you mean 'disinhibited'?" in message


@pytest.mark.parametrize("duration_s", [1.5, 2.0])
def test_run_that_ends_before_its_readout_is_a_fault(duration_s: float) -> None:
    section = CircuitSection(duration_s=duration_s)
    ((key, message),) = section_faults(section, AfferentSection())
    assert key == "circuit.duration_s"
    assert f"a run of {duration_s:g} s" in message
    assert "longer than 2 s; lengthen duration_s, or shorten" in message


def test_times_off_the_grid_are_faults() -> None:
    section = CircuitSection(duration_s=3.001, readout_s=1.004)
    faults = dict(section_faults(section, AfferentSection(noxious_onset_s=1.00004)))
    assert "the nearest is 3 s" in faults["circuit.duration_s"]
    assert "the nearest is 1 s" in faults["circuit.readout_s"]
    assert "the nearest is 1 s" in faults["afferents.noxious_onset_s"]


def test_a_case_needs_itself_and_two_references() -> None:
    runs = case_conditions(replace(SECTION, state="disinhibited", dose=0.5), AFFERENTS, 40.0)
    assert (runs.own.state, runs.own.dose, runs.own.f_a_hz) == ("disinhibited", 0.5, 40.0)
    assert (runs.healthy_rest.state, runs.healthy_rest.dose) == ("healthy", 0.0)
    assert runs.healthy_rest.f_a_hz == AFFERENTS.a_beta_rest_hz
    assert runs.state_rest == replace(runs.own, f_a_hz=AFFERENTS.a_beta_rest_hz)


def test_equal_runs_are_equal() -> None:
    healthy = own(40.0)
    assert own(40.0, replace(SECTION, dose=0.1)) == healthy
    assert own(40.0, replace(SECTION, state="disinhibited", dose=0.0)) == healthy
    rest = case_conditions(SECTION, AFFERENTS, AFFERENTS.a_beta_rest_hz)
    assert rest.own == rest.healthy_rest == rest.state_rest


def test_conditions_of_different_length_keep_their_order() -> None:
    longer = replace(SECTION, duration_s=0.6)
    conditions = [own(1.0), own(1.0, longer), own(60.0), own(60.0, longer)]
    responses = run_conditions(conditions)
    assert [r.time_s[-1] for r in responses] == [0.5, 0.6, 0.5, 0.6]
    assert all(r.status == Status.OK for r in responses)
    assert responses[0].mean_projection_rate_hz > 10 * responses[2].mean_projection_rate_hz
    (alone,) = run_conditions(conditions[3:])
    assert np.array_equal(alone.projection_rate_hz, responses[3].projection_rate_hz)
    assert alone.mean_projection_rate_hz == responses[3].mean_projection_rate_hz


def test_no_conditions_give_no_responses() -> None:
    assert run_conditions([]) == ()


def test_unknown_state_cannot_run() -> None:
    with pytest.raises(ModelError, match="no pain state 'ill'"):
        run_conditions([replace(own(1.0), state="ill")])


def test_reading_the_sections_loads_no_compiler() -> None:
    code = (
        "import sys, scsim.circuit.gate; "
        "print({'numba', 'scipy', 'matplotlib', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
