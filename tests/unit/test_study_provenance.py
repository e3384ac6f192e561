"""Where results come from is said in full, and every source that is named exists."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from scsim.fields.catalog import FieldSection
from scsim.formats.bibliography import bibtex
from scsim.results.store import load_results
from scsim.study import provenance
from scsim.study.citations import citations
from scsim.study.config import config_hash
from scsim.study.provenance import (
    NOT_A_CHECKOUT,
    PLACE_ATTRIBUTES,
    TIME_ATTRIBUTES,
    cpu_target,
    describe,
    git_commit,
    identify,
    model_scope,
    source_hash,
    versions,
)
from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.study.small_study import small_study

ROOT_ATTRIBUTES = (
    "title",
    "config",
    "config_hash",
    "source_hash",
    "seed",
    "sweep_mode",
    "scsim_version",
    "numpy_version",
    "scipy_version",
    "numba_version",
    "h5py_version",
    "python_version",
    "git_commit",
    "platform",
    "cpu_target",
    "wall_seconds",
    "cpu_seconds",
    "seconds_of",
    "created",
    "disclaimer",
    "model_scope",
    "schema_version",
    "citations",
    "failures",
)
"""What the root of every results file says (design.md, section 2), and what rerun and cite need."""


def test_root_attributes_are_all_in_the_file_and_not_empty(tmp_path: Path):
    study = small_study('output.save=["contact_matrix"]', 'field={ solver = "spectral" }')
    execute(study, tmp_path / "study")
    attributes = load_results(tmp_path / "study").attributes
    for name in ROOT_ATTRIBUTES:
        assert str(attributes[name]).strip(), name
    assert attributes["seed"] == 7
    assert config_hash(parse_study(str(attributes["config"]))) == attributes["config_hash"]
    assert set(json.loads(attributes["wall_seconds"])) == set(json.loads(attributes["cpu_seconds"]))
    assert "inputs" not in attributes, "a study without files has none"
    described = describe(study, {"field": 1.0}, {"field": 0.5})
    assert described["wall_seconds"] == '{"field": 1.0}'
    assert set(TIME_ATTRIBUTES) <= set(ROOT_ATTRIBUTES)
    assert set(PLACE_ATTRIBUTES) <= set(ROOT_ATTRIBUTES)


def test_the_scope_names_the_models_and_one_synthetic_anatomy():
    scope = model_scope(small_study())
    assert "One synthetic anatomy (thoracic)" in scope
    assert "crodelle2019 (Rate model" in scope


def test_every_cited_key_has_an_entry():
    keys = citations(small_study())
    assert len(set(keys)) == len(keys)
    assert {"mcintyre2002", "harris2020", "lam2015"} <= set(keys)
    assert bibtex(keys).count("@") >= len(keys)


def test_identity_follows_config_and_not_the_way_it_is_written():
    assert identify(small_study()) == identify(small_study("lead.rostral_mm=0.0"))
    assert identify(small_study()) != identify(small_study("lead.rostral_mm=1.0"))


def test_the_source_hash_covers_code_and_tables_that_make_numbers(tmp_path: Path, monkeypatch):
    (tmp_path / "code.py").write_text("a")
    (tmp_path / "table.toml").write_text("b")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "map.py").write_text("c")
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    hashes = [source_hash.__wrapped__()]
    for name in ("code.py", "table.toml", "plots/map.py"):
        (tmp_path / name).write_text("changed")
        hashes.append(source_hash.__wrapped__())
    assert len(set(hashes[:3])) == 3
    assert hashes[2] == hashes[3]


def test_an_installed_package_is_no_checkout(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path / "src" / "scsim")
    assert git_commit() == NOT_A_CHECKOUT


@pytest.mark.parametrize("error", [OSError("no git"), subprocess.CalledProcessError(128, "git")])
def test_without_git_it_is_said(tmp_path: Path, monkeypatch, error: Exception):
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path / "src" / "scsim")

    def fail(*_args, **_named):
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert git_commit() == NOT_A_CHECKOUT


def test_versions_and_processor_are_named():
    assert set(versions()) == {"scsim", "numpy", "scipy", "numba", "h5py", "python"}
    name, _, vectors = cpu_target().partition(", ")
    assert name
    assert vectors


def test_a_chosen_processor_is_named(monkeypatch):
    monkeypatch.setenv("NUMBA_CPU_NAME", "skylake")
    assert cpu_target.__wrapped__() == "skylake, chosen by NUMBA_CPU_NAME"


def test_scope_and_citations_name_only_what_is_computed():
    recruitment = small_study('output.save=["recruitment"]')
    assert "circuit" not in model_scope(recruitment)
    assert not {"crodelle2019", "crodelle2021"} & set(citations(recruitment))
    assert "mcintyre2002" in citations(recruitment)
    assert "crodelle2019" in citations(small_study())


def test_citations_name_solver_and_the_conductivities_that_are_used():
    def keys(*overrides: str) -> set[str]:
        return set(citations(small_study('field={ solver = "spectral" }', *overrides)))

    plain = keys()
    assert {"capogrosso2013", "struijk1993", "quarteroni2016"} <= plain
    assert "grill1994" not in plain, "no encapsulation, nothing of nerves"
    assert "grill1994" in keys("lead.encapsulation_mm=0.1")
    changed = keys("conductivity={ dura_s_per_m = 0.1, bone_s_per_m = 0.02 }")
    assert plain - changed == set(), "the thickness of the dura has the same source"
    assert "wagner2004" in keys('conductivity.preset="wagner2004"')
    assert "capogrosso2013" not in citations(small_study())
    assert "bell2023" in set(citations(small_study('field={ solver = "voxel" }')))


def test_the_scope_names_solver_and_conductivities():
    scope = model_scope(small_study('field={ solver = "spectral" }'))
    assert "spectral (default conductivities, equipotential contacts) field" in scope
    changed = model_scope(
        small_study('field={ solver = "spectral" }', "conductivity.csf_s_per_m=1.5")
    )
    assert "default conductivities with changes, equipotential contacts" in changed
    assert "analytic (0.25 S/m) field" in model_scope(small_study())
    assert model_scope(small_study()).startswith("One synthetic anatomy (thoracic), ")
    alone = model_scope(
        small_study('field={ solver = "spectral" }', 'output.save=["contact_matrix"]')
    )
    assert "fiber" not in alone
    assert "circuit" not in alone


def test_the_scope_names_the_files_that_stand_for_anatomy_or_field():
    study = small_study()
    (case, *_) = study.cases

    def scope(**keys: object) -> str:
        config = replace(case.config, field=FieldSection(**keys))
        return model_scope(replace(study, cases=(replace(case, config=config),)))

    labels = scope(solver="voxel", label_file="spine.nii", label_tissues=("csf",))
    assert labels.startswith("The label volume spine.nii (leads and fibers placed as in thoracic)")
    assert "imported (potentials of the file a.csv) field" in scope(solver="imported", file="a.csv")
