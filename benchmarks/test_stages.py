"""Speed of the stages of a study as their rooms offer them: field, assembly, thresholds, circuit, storage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tomli_w

import scsim
from benchmarks.scenarios import (
    BY_NAME,
    bipolar_potentials,
    canal_geometry,
    canal_lines,
    cuff_geometry,
    fluid_config,
    gate_conditions,
    lead_sources,
    overhead_config,
    straight_fibers,
)
from scsim.circuit.run_conditions import run_rate_conditions
from scsim.errors import Status
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.solver import Solver
from scsim.fields.canal.spectral import ExtrudedMedium
from scsim.fields.store import FieldStore
from scsim.fields.unit_potential import superpose
from scsim.results.store import load_results, save_results
from scsim.validate.field_media import cuff_medium, spectral_medium

if TYPE_CHECKING:
    import numpy.typing as npt
    import pytest

    from benchmarks.conftest import Measure
    from scsim.results.store import Results

    FloatArray = npt.NDArray[np.float64]

QUICKSTART = Path(__file__).resolve().parent.parent / "configs" / "quickstart.toml"


def test_field_of_a_lead(measure: Measure) -> None:
    sizes = BY_NAME["field_of_a_lead"].sizes
    fibers = straight_fibers(sizes["fibers"], sizes["nodes"])
    medium = scsim.HomogeneousMedium(sigma_s_per_m=0.25)
    sources = lead_sources()
    n_values = len(sources) * sum(fiber.n_compartments for fiber in fibers)
    measure("field_of_a_lead", lambda: medium.unit_potential_along(sources, fibers), work=n_values)


def test_canal_solve(measure: Measure) -> None:
    geometry = canal_geometry()
    medium = measure("canal_solve", lambda: spectral_medium(geometry, "equipotential"), work=1)
    assert np.all(np.isfinite(medium.solution["modes"]))


def test_canal_table(measure: Measure) -> None:
    geometry = canal_geometry()
    problem = spectral_medium(geometry, "equipotential").problem
    solution = problem.solve()
    points = canal_lines(geometry)

    def tabulate() -> FloatArray:
        # A new medium each time: contacts are solved with the first question.
        medium = ExtrudedMedium(problem, solution, geometry.contacts())
        medium.contact_matrix_ohm()
        return medium.unit_potential(medium.contacts, points)

    n_values = len(geometry.contacts()) * len(points)
    table = measure("canal_table", tabulate, work=n_values)
    assert np.all(np.isfinite(table))


def test_cuff_solve(measure: Measure) -> None:
    geometry = cuff_geometry()
    medium = measure("cuff_solve", lambda: cuff_medium(geometry, "sheet"), work=1)
    assert np.all(np.isfinite(medium.contact_matrix_ohm()))


def test_assemble(measure: Measure) -> None:
    sizes = BY_NAME["assemble"].sizes
    fibers = straight_fibers(sizes["fibers"], sizes["nodes"])
    potentials = [superpose(unit, (-1.0, 1.0))[None] for unit in bipolar_potentials(fibers)]
    measure("assemble", lambda: assemble_lanes(fibers, potentials, Solver()), work=len(fibers))


def _time_thresholds(measure: Measure, name: str) -> None:
    sizes = BY_NAME[name].sizes
    fibers = straight_fibers(sizes["fibers"], sizes["nodes"])
    potentials = bipolar_potentials(fibers)
    pulse = scsim.Pulse(pulse_width_us=210)
    found = measure(
        name,
        lambda: scsim.find_thresholds(fibers, potentials, pulse, shares=(-1.0, 1.0), rtol=1e-3),
        work=len(fibers),
        rounds=10,
    )
    assert np.all(found.status == Status.OK)


def test_threshold_of_one_fiber(measure: Measure) -> None:
    _time_thresholds(measure, "threshold_of_one_fiber")


def test_thresholds_of_64_fibers(measure: Measure) -> None:
    _time_thresholds(measure, "thresholds_of_64_fibers")


def test_circuit_of_64_conditions(measure: Measure) -> None:
    conditions = gate_conditions(BY_NAME["circuit_of_64_conditions"].sizes["conditions"])
    found = measure(
        "circuit_of_64_conditions",
        lambda: run_rate_conditions(conditions),
        work=len(conditions),
        rounds=3,
    )
    assert all(response.status == Status.OK for response in found)


def test_storage(measure: Measure, tmp_path: Path) -> None:
    results = scsim.run(scsim.load(QUICKSTART))
    path = tmp_path / "results.h5"

    def write_and_read() -> Results:
        save_results(results, path)
        return load_results(path)

    read = measure("storage", write_and_read, work=1, note="bits equal after reading back")
    for name in results.names:
        before = results.dataset(name)
        is_number = before.dtype.kind == "f"  # texts have no NaN to ask for
        assert np.array_equal(read.dataset(name), before, equal_nan=is_number), name


def test_study_overhead(measure: Measure, tmp_path: Path) -> None:
    n_cases = BY_NAME["study_overhead"].sizes["cases"]
    path = tmp_path / "overhead.toml"
    path.write_text(tomli_w.dumps(overhead_config(n_cases)), encoding="utf-8")

    def load_and_run() -> Results:
        return scsim.run(scsim.load(path), workers=1)

    results = measure("study_overhead", load_and_run, work=n_cases, rounds=1)
    assert results.dataset("pain_signal").size == n_cases


def test_fluid_sweep(measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_fields = BY_NAME["fluid_sweep"].sizes["fields"]
    path = tmp_path / "fluid.toml"
    path.write_text(tomli_w.dumps(fluid_config(n_fields)), encoding="utf-8")

    def load_and_run() -> Results:
        empty = FieldStore(tmp_path / "fields", limit_bytes=0)
        monkeypatch.setattr("scsim.fields.store.default_store", lambda: empty)
        found = scsim.run(scsim.load(path), workers=2)
        assert empty.n_solved == n_fields
        return found

    results = measure("fluid_sweep", load_and_run, work=n_fields, rounds=3)
    assert np.isfinite(results.dataset("profile_peak_mv_per_ma")).all()


def test_first_study(measure: Measure) -> None:
    def load_and_run() -> Results:
        return scsim.run(scsim.load(QUICKSTART), workers=1)

    n_cases = len(scsim.load(QUICKSTART).cases)
    results = measure("first_study", load_and_run, work=n_cases, rounds=1)
    assert results.dataset("pain_signal").size == n_cases
