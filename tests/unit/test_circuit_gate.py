"""What a run of the dorsal horn depends on: equal runs are equal, references share the natural input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.circuit.afferents import AfferentSection
from scsim.circuit.catalog import load_circuit
from scsim.circuit.gate import (
    NO_VOLLEYS,
    Volleys,
    check_fibers,
    fiber_counts,
    rate_conditions,
    spiking_condition,
    spiking_conditions,
    study_circuit,
)
from scsim.circuit.sections import CircuitSection, StatesSection
from scsim.errors import ModelError

RATE = CircuitSection(model="crodelle2019", duration_s=0.5, readout_s=0.1)
SPIKING = CircuitSection(duration_s=1.0, readout_s=0.5)
AFFERENTS = AfferentSection(noxious_onset_s=0.2)
NO_STATES = StatesSection()
ZHANG_TABLE = Path(load_circuit.__code__.co_filename).parents[1] / "data/circuits/zhang2014.toml"


def test_a_case_of_a_rate_model_needs_itself_and_two_references() -> None:
    section = replace(RATE, state="disinhibited", dose=0.5)
    runs = rate_conditions(section, NO_STATES, AFFERENTS, 40.0)
    assert (runs.own.doses, runs.own.f_a_hz) == ((("disinhibited", 0.5),), 40.0)
    assert (runs.healthy_rest.doses, runs.healthy_rest.f_a_hz) == ((), 1.0)
    assert runs.state_rest == replace(runs.own, f_a_hz=1.0)


def test_equal_runs_of_a_rate_model_are_equal() -> None:
    healthy = rate_conditions(RATE, NO_STATES, AFFERENTS, 40.0).own
    for section in (replace(RATE, dose=0.1), replace(RATE, state="disinhibited", dose=0.0)):
        assert rate_conditions(section, NO_STATES, AFFERENTS, 40.0).own == healthy
    together = rate_conditions(RATE, StatesSection(disinhibited=0.5), AFFERENTS, 40.0).own
    alone = rate_conditions(
        replace(RATE, state="disinhibited", dose=0.5), NO_STATES, AFFERENTS, 40.0
    ).own
    assert together == alone
    rest = rate_conditions(RATE, NO_STATES, AFFERENTS, 1.0)
    assert rest.own == rest.healthy_rest == rest.state_rest


def test_references_of_a_spiking_circuit_have_its_natural_input_and_no_volleys() -> None:
    volleys = Volleys(n_local=3, n_surround=5, pulses_ms=np.array([10.0, 30.0]))
    section = replace(SPIKING, state="disinhibited", dose=0.5)
    own = spiking_condition(section, NO_STATES, AfferentSection(realization=2), volleys, seed=7)
    runs = spiking_conditions(own)
    assert runs.own.volleys is volleys
    assert runs.state_rest.volleys is runs.healthy_rest.volleys is NO_VOLLEYS
    assert (runs.state_rest.doses, runs.healthy_rest.doses) == (own.doses, ())
    for one in runs:
        assert (one.seed, one.realization, one.protocol) == (7, 2, "ongoing")
        assert (one.duration_s, one.readout_s) == (1.0, 0.5)


def test_fibers_of_each_model() -> None:
    assert fiber_counts("zhang2014") == (15, 15)
    assert fiber_counts("crodelle2019") == (0, 0)


def test_a_file_of_ones_own_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ZHANG_TABLE.read_text(encoding="utf-8"), encoding="utf-8")
    first = study_circuit("file", path)
    assert study_circuit("file", path) is first
    assert first.name == "mine"
    assert fiber_counts("file", path) == (15, 15)
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert study_circuit("file", path) is not first


def test_a_circuit_without_surround_fibers_cannot_be_stimulated() -> None:
    circuit = load_circuit("zhang2014")
    names = {one.name for one in circuit.fibers if one.field == "surround"}
    less = replace(
        circuit,
        fibers=tuple(one for one in circuit.fibers if one.name not in names),
        connections=tuple(one for one in circuit.connections if one.source not in names),
    )
    with pytest.raises(ModelError, match="no A-beta fibers of the surround field"):
        check_fibers(less)
    check_fibers(circuit)


def test_other_circuits_are_not_for_studies(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a study does not run the circuit 'sagalajev2024'"):
        study_circuit("sagalajev2024")
    rate = tmp_path / "rate.toml"
    table = ZHANG_TABLE.with_name("crodelle2019.toml")
    rate.write_text(table.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ModelError, match="a study takes a spiking circuit"):
        study_circuit("file", rate)
