"""The tables ``[field]`` and ``[domain]``: what goes with which solver, and what a solver is given."""

import numpy as np
import pytest

from scsim.electrodes import LineSource, RingContact, load_epidural, place_lead
from scsim.errors import GeometryError
from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem
from scsim.fields.catalog import (
    CONTACT_MODELS,
    KEYS_OF_SOLVERS,
    SOLVERS,
    Domain,
    DomainSection,
    FieldSection,
    FieldSetup,
    contact_model,
    domain_faults,
    field_medium,
    field_problem,
    field_sources,
    load_domain,
    solver_faults,
)
from scsim.fields.closed_form.analytic import HomogeneousMedium
from scsim.formats.tables import load_table
from scsim.tissue import ConductivitySection, SpineSection, load_conductivities, load_spine

VALUES = {
    "sigma_s_per_m": 0.3,
    "resolution": 2.0,
    "spacing_mm": 0.5,
    "file": "a.csv",
    "coordinate_unit": "mm",
    "potential_unit": "mV/mA",
}


def _setup(**keys: object) -> FieldSetup:
    lead = place_lead(load_epidural("percutaneous-4"), (0.0, 7.95, 2.0))
    return FieldSetup(
        field=FieldSection(**keys),
        domain=Domain(40.0, 60.0),
        tissue=load_spine(SpineSection()).cross_section([lead.body]),
        conductivities=load_conductivities(ConductivitySection()),
        devices=(lead,),
    )


def test_every_solver_is_explained_and_has_its_contact_models():
    assert set(SOLVERS) == set(CONTACT_MODELS)
    assert next(iter(SOLVERS)) == FieldSection().solver
    assert contact_model(FieldSection()) == "equipotential"
    assert contact_model(FieldSection(solver="analytic")) == "line"
    assert contact_model(FieldSection(solver="imported")) == ""
    assert contact_model(FieldSection(contact_model="uniform")) == "uniform"


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("key", VALUES)
def test_a_key_of_another_solver_is_a_fault(solver: str, key: str):
    faults = dict(solver_faults(FieldSection(solver=solver, **{key: VALUES[key]})))
    faults.pop("solver", None)  # an imported field without its file
    if solver in KEYS_OF_SOLVERS[key]:
        assert faults == {}
        return
    assert list(faults) == [key]
    assert f"{key} = {VALUES[key]}: the {solver} solver does not read it" in faults[key]
    assert f'write solver = "{KEYS_OF_SOLVERS[key][0]}"' in faults[key]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", ["equipotential", "uniform", "line"])
def test_a_contact_model_of_another_solver_is_a_fault(solver: str, model: str):
    file = "a.csv" if solver == "imported" else None
    faults = solver_faults(FieldSection(solver=solver, contact_model=model, file=file))
    if model in CONTACT_MODELS[solver]:
        assert faults == []
        return
    ((key, message),) = faults
    assert key == "contact_model"
    assert message.startswith(f"contact_model = {model}: the {solver} solver knows ")
    models = CONTACT_MODELS[solver]
    assert (f'Write contact_model = "{models[0]}"' if models else "Remove it") in message


def test_an_imported_field_without_its_file_is_a_fault():
    ((key, message),) = solver_faults(FieldSection(solver="imported"))
    assert key == "solver"
    assert "Add the key file" in message


def test_only_a_box_has_a_size():
    assert domain_faults(DomainSection(kind="box", half_width_mm=50.0), "spectral") == []
    ((key, message),) = domain_faults(DomainSection(half_length_mm=50.0), "voxel")
    assert key == "half_length_mm"
    assert message.startswith("half_length_mm = 50 mm: only a box")
    assert 'Write kind = "box"' in message
    ((key, message),) = domain_faults(DomainSection(kind="box"), "analytic")
    assert key == "kind"
    assert "the analytic solver knows no box" in message
    assert 'Write kind = "unbounded"' in message


def test_sizes_come_from_the_tables_where_the_config_leaves_them_out():
    assert load_domain(DomainSection(kind="box")) == Domain(40.0, 60.0)
    assert load_domain(DomainSection(kind="box", half_width_mm=80.0)) == Domain(80.0, 60.0)
    unbounded = load_domain(DomainSection())
    assert unbounded.half_length_mm >= 100.0
    assert unbounded.half_width_mm >= 100.0


def test_the_analytic_field_is_one_medium_with_lines_for_contacts():
    setup = _setup(solver="analytic", sigma_s_per_m=(0.1, 0.1, 0.6))
    assert field_problem(setup) is None
    assert field_medium(setup) == HomogeneousMedium((0.1, 0.1, 0.6))
    sources = field_sources(setup)
    assert [type(one) for one in sources] == [LineSource] * 4
    assert sources[0].center_mm == setup.contacts[0].center_mm
    usual = load_table("media/homogeneous").number("sigma_s_per_m")
    assert field_medium(_setup(solver="analytic")) == HomogeneousMedium(usual)


def test_the_spectral_problem_holds_what_needs_a_solution_and_no_more():
    setup = _setup(resolution=0.5)
    problem = field_problem(setup)
    assert isinstance(problem, SectionProblem)
    assert problem.bodies == (setup.devices[0].body,)
    assert problem.half_width_mm == 40.0
    assert problem.settings.resolution == 0.5
    higher = place_lead(load_epidural("percutaneous-8"), (0.0, 7.95, -3.0))
    same = FieldSetup(
        FieldSection(resolution=0.5, contact_model="uniform"),
        Domain(40.0, 90.0),
        setup.tissue,
        setup.conductivities,
        (higher,),
    )
    assert field_problem(same) == problem
    medium = field_medium(setup, problem.solve(), problem)
    assert isinstance(medium, ExtrudedMedium)
    assert medium.contacts == setup.contacts
    assert medium.half_length_mm == 60.0
    assert [type(one) for one in field_sources(setup)] == [RingContact] * 4
    assert np.all(np.diag(medium.contact_matrix_ohm()) > 0.0)


def test_a_problem_without_its_solution_is_refused():
    with pytest.raises(GeometryError, match=r"solver = spectral.*needs the solution.*store"):
        field_medium(_setup())
