"""From a small config to a results file: labels, provenance, and the same bits however it is run."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from scsim.circuit.afferents import a_beta_rate_hz
from scsim.errors import ModelError, ResultsError, Status
from scsim.results.schema import DATASETS
from scsim.results.store import Results, load_results
from scsim.study.run import execute, run
from tests.study.small_study import CASES, TEXT, small_study, without_sweeps


def assert_identical(one: Results, other: Results) -> None:
    """Compare every dataset and coordinate bit by bit."""
    assert set(one.variables) == set(other.variables)
    for name, variable in one.variables.items():
        assert variable.dims == other.variables[name].dims
        assert variable.values.dtype == other.variables[name].values.dtype
        assert variable.values.tobytes() == other.variables[name].values.tobytes(), name


@pytest.fixture(scope="module")
def outcome():
    return execute(small_study())


@pytest.fixture(scope="module")
def reference(outcome) -> Results:
    return outcome.results


def test_each_stage_ran_as_often_as_the_plan_says(outcome):
    runs = {count.name: count.n_runs for count in outcome.report.stages}
    assert runs["field"] == runs["thresholds"] == 1
    assert runs["recruitment"] == 3
    assert runs["circuit"] == 12
    assert outcome.report["thresholds"].n_computed == 2
    assert outcome.report["field"].n_computed == 1
    circuit = outcome.report["circuit"]
    assert circuit.n_computed == circuit.n_distinct <= 12


def test_datasets_have_the_dimensions_they_depend_on(reference: Results):
    assert reference.dims("status") == ("amplitude_ma", "frequency_hz", "state")
    assert reference.dims("threshold_ma") == ("fiber",)
    assert reference.dims("recruited_share") == ("amplitude_ma",)
    assert reference.dims("a_beta_rate_hz") == ("amplitude_ma", "frequency_hz")
    assert reference.dims("rest_rate_hz") == ("state",)
    assert reference.dims("projection_time_course_hz") == (*reference.dims("status"), "time_s")
    assert reference.dims("charge_per_phase_uc") == ("amplitude_ma", "contact")


def test_values_agree_with_each_other(reference: Results):
    """Definitions of design and schema, recomputed from the stored datasets alone."""
    threshold = reference.dataset("threshold_ma")
    weight = reference.dataset("fiber_weight")
    is_large = reference.dataset("fiber_diameter_um") >= 10.7
    amplitude = reference.coordinates["amplitude_ma"]
    fires = threshold[None, :] <= amplitude[:, None]
    share = (fires * weight * is_large).sum(axis=1) / (weight * is_large).sum()
    np.testing.assert_allclose(reference.dataset("recruited_share"), share, rtol=1e-12)
    rate = 1.0 + share[:, None] * reference.coordinates["frequency_hz"]
    np.testing.assert_allclose(reference.dataset("a_beta_rate_hz"), rate, rtol=1e-12)
    projection = reference.dataset("projection_rate_hz")
    np.testing.assert_allclose(
        reference.dataset("pain_signal"), projection / reference.dataset("healthy_rest_rate_hz")
    )
    np.testing.assert_allclose(
        reference.dataset("relief"), 1.0 - projection / reference.dataset("rest_rate_hz")
    )
    charge = np.abs(amplitude[:, None] * np.array([0.0, -1.0, 1.0, 0.0]) * 200 * 1e-3)
    np.testing.assert_allclose(reference.dataset("charge_per_phase_uc"), charge)


def test_the_readout_is_the_end_of_the_time_course(reference: Results):
    course = reference.dataset("projection_time_course_hz")
    time_s = reference.coordinates["time_s"]
    end = course[..., time_s >= 0.4 - 1e-9]
    mean = np.trapezoid(end, dx=0.01, axis=-1) / 0.2
    np.testing.assert_allclose(reference.dataset("projection_rate_hz"), mean, rtol=2e-2, atol=0.1)


def test_everything_is_well(reference: Results):
    assert np.all(reference.dataset("status") == Status.OK)
    assert reference.failures == ()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_bits_do_not_depend_on_workers_or_batches(reference: Results, workers, batch_size):
    results = execute(small_study(), workers=workers, batch_size=batch_size).results
    assert_identical(reference, results)


def test_bits_do_not_depend_on_the_order_of_cases(reference: Results):
    study = small_study()
    order = np.random.default_rng(3).permutation(len(study.cases))
    shuffled = replace(study, cases=tuple(study.cases[place] for place in order))
    assert_identical(reference, run(shuffled))


def test_a_case_gives_the_same_bits_alone(reference: Results):
    alone = run(
        small_study(
            "stimulus.amplitude_ma=1.2", "stimulus.frequency_hz=60", "circuit.state=disinhibited"
        )
    )
    assert alone.dims("status") == ()
    for name in ("projection_rate_hz", "relief", "pain_signal", "projection_time_course_hz"):
        assert alone.dataset(name).tobytes() == reference.dataset(name)[1, 1, 1].tobytes()


def test_memory_and_file_hold_the_same(reference: Results, tmp_path: Path):
    assert_identical(reference, run(small_study(), tmp_path / "out"))
    assert_identical(reference, load_results(tmp_path / "out"))


def test_xarray_opens_the_file_with_labels_and_units(tmp_path: Path):
    path = run(small_study(), tmp_path).path
    assert path is not None
    with xarray.open_dataset(path, engine="h5netcdf") as data:
        assert list(data["state"].values) == ["healthy", "disinhibited"]
        assert data["amplitude_ma"].attrs["units"] == "mA"
        for name, variable in data.variables.items():
            assert variable.attrs["units"], name
            assert variable.attrs["long_name"], name
            assert variable.attrs["description"], name
            if name in DATASETS:
                assert variable.attrs["units"] == DATASETS[name].unit
        assert data["shannon_k"].attrs["caveat"]
        assert "OK" in data["status"].attrs["flag_meanings"]
        assert all(not str(dim).startswith("phony") for dim in data.sizes)
        assert all(str(value) for value in data.attrs.values())
        picked = data["relief"].sel(amplitude_ma=1.2, frequency_hz=60, state="healthy")
        assert np.isfinite(picked)
    with xarray.open_datatree(path, engine="h5netcdf") as tree:
        assert tree["geometry/contact_center_mm"].dims == ("contact", "axis")


def test_listed_cases_have_one_dimension_with_their_values_beside(tmp_path: Path):
    text = without_sweeps(TEXT) + CASES
    results = run(small_study(text=text), tmp_path)
    assert results.dims("recruited_share") == results.dims("status") == ("case",)
    assert results.dims("threshold_ma") == ("fiber",)
    assert results.dims("amplitude_ma") == ("case",)
    assert results.coordinates["case_name"].tolist() == ["weak", "strong", "strong and slow"]
    share = results.dataset("recruited_share")
    assert share[1] == share[2]
    assert results.path is not None
    with xarray.open_dataset(results.path, engine="h5netcdf") as data:
        assert {"case", "case_name", "amplitude_ma", "frequency_hz"} == set(data.coords) - {
            "fiber",
            "contact",
            "time_s",
        }
    shuffled = small_study(text=text)
    shuffled = replace(shuffled, cases=shuffled.cases[::-1])
    assert_identical(results, run(shuffled))


def test_swept_sizes_are_padded_and_labelled():
    """Leads of 4 and 8 contacts, runs of two lengths: values lie at their labels, the rest is NaN."""
    text = without_sweeps(TEXT).replace(
        'preset = "percutaneous-4"', 'preset = { sweep = ["percutaneous-4", "percutaneous-8"] }'
    )
    text = text.replace("duration_s = 0.6", "duration_s = { sweep = [0.6, 0.5] }")
    results = run(small_study(text=text))
    assert results.coordinates["contact"].tolist() == [f"c{number}" for number in range(1, 9)]
    charge = results.dataset("charge_per_phase_uc")
    assert np.isnan(charge[0, 4:]).all()
    assert np.isfinite(charge[1]).all()
    course = results.dataset("projection_time_course_hz")
    assert results.dims("projection_time_course_hz") == ("preset", "duration_s", "time_s")
    assert np.isfinite(course[:, 0]).all()
    assert np.isnan(course[:, 1, -10:]).all()
    assert np.isfinite(course[:, 1, :-10]).all()
    long, short = results.dataset("projection_time_course_hz")[0]
    assert long[:51].tobytes() == short[:51].tobytes()


def test_a_case_that_cannot_be_computed_is_listed_and_the_rest_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse_some(section, share, frequency_hz):
        if section.a_beta_min_diameter_um > 11.0:
            message = "this diameter cannot be computed today; choose another."
            raise ModelError(message)
        return a_beta_rate_hz(section, share, frequency_hz)

    monkeypatch.setattr("scsim.study.stages.circuit_stages.a_beta_rate_hz", refuse_some)
    study = small_study("afferents.a_beta_min_diameter_um={ sweep = [10.7, 12.0] }")
    outcome = execute(study, tmp_path)
    results = outcome.results
    status = results.dataset("status")
    axis = results.dims("status").index("a_beta_min_diameter_um")
    assert np.all(np.take(status, 1, axis=axis) == Status.FAILED)
    assert np.all(np.take(status, 0, axis=axis) == Status.OK)
    assert len(results.failures) == 12
    assert "cannot be computed today" in results.failures[0].reason
    assert np.isfinite(results.dataset("threshold_ma")).all()
    rate = results.dataset("a_beta_rate_hz")
    axis = results.dims("a_beta_rate_hz").index("a_beta_min_diameter_um")
    assert np.isnan(np.take(rate, 1, axis=axis)).all()
    assert np.isfinite(np.take(rate, 0, axis=axis)).all()
    assert "failed" in (tmp_path / "log.txt").read_text()
    again = execute(study, tmp_path)
    assert again.results.failures == results.failures
    monkeypatch.undo()
    assert execute(study, tmp_path).results.failures == ()
    assert execute(study, tmp_path).report.is_nothing_left


def test_a_number_of_workers_below_one_is_refused():
    with pytest.raises(
        ResultsError, match=r"workers = 0: at least one must do the work; leave it out"
    ):
        run(small_study(), workers=0)


def test_nothing_left_to_do_needs_neither_numba_nor_scipy(tmp_path: Path):
    (tmp_path / "small.toml").write_text(TEXT)
    run(small_study(), tmp_path / "out")
    program = (
        "import sys, json, time\n"
        "from scsim.study.reading.parse import load_study\n"
        "from scsim.study.run import execute\n"
        "start = time.process_time()\n"
        f"outcome = execute(load_study({str(tmp_path / 'small.toml')!r}), {str(tmp_path / 'out')!r})\n"
        "loaded = [name for name in ('numba', 'scipy', 'matplotlib') if name in sys.modules]\n"
        "took_s = time.process_time() - start\n"
        "print(json.dumps([outcome.report.is_nothing_left, took_s, loaded]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    is_nothing_left, took_s, loaded = json.loads(answer.stdout)
    assert is_nothing_left
    # Processor time: beside other tests the clock on the wall tells what else runs.
    assert took_s < 1.0
    assert loaded == []
