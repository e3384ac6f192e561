"""Results in memory and in a file answer alike, and refuse what is not there."""

import builtins
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.results.store import CaseFailure, Results, load_results, save_results
from scsim.results.tables import tidy_tables, write_tables


def make_results(**attributes) -> Results:
    variables = [
        make_variable(
            "amplitude_ma",
            ("amplitude_ma",),
            np.array([1.0, 2.0]),
            {"units": "mA", "config_key": "stimulus.amplitude_ma"},
        ),
        make_variable(
            "state",
            ("state",),
            np.array(["healthy", "disinhibited"]),
            {"units": "1", "config_key": "circuit.state"},
        ),
        make_variable("fiber", ("fiber",), np.arange(3), {"units": "1"}),
        make_variable(
            "status",
            ("amplitude_ma", "state"),
            np.array([[0, 7], [0, 0]], np.int8),
            {"units": "1", "flag_meanings": "OK"},
        ),
        make_variable("threshold_ma", ("fiber",), np.array([1.0, 2.0, np.nan]), {"units": "mA"}),
        make_variable("recruited_share", ("amplitude_ma",), np.array([0.2, 0.5]), {"units": "1"}),
        make_variable(
            "relief", ("amplitude_ma", "state"), np.arange(4.0).reshape(2, 2), {"units": "1"}
        ),
        make_variable("geometry/axis", ("axis",), np.array(["x", "y", "z"]), {"units": "1"}),
        make_variable(
            "geometry/fiber_start_mm", ("fiber", "axis"), np.zeros((3, 3)), {"units": "mm"}
        ),
    ]
    given = {
        "title": "Two amplitudes",
        "schema_version": "1",
        "failures": '[{"case": 1, "name": "a=1", "reason": "no fluid"}]',
        "model_scope": "One synthetic anatomy.",
        **attributes,
    }
    return Results({variable.name: variable for variable in variables}, given)


@pytest.fixture(params=["memory", "file"])
def results(request, tmp_path: Path) -> Results:
    made = make_results()
    if request.param == "memory":
        return made
    save_results(made, tmp_path / "results.h5")
    return load_results(tmp_path)


def test_names_coordinates_and_axes_are_apart(results: Results):
    assert results.names == (
        "status",
        "threshold_ma",
        "recruited_share",
        "relief",
        "geometry/fiber_start_mm",
    )
    assert set(results.coordinates) == {"amplitude_ma", "state", "fiber"}
    assert results.swept == {"stimulus.amplitude_ma": "amplitude_ma", "circuit.state": "state"}
    assert results.dims("relief") == ("amplitude_ma", "state")
    assert "relief" in results
    assert "pain_signal" not in results


def test_failures_carry_their_reason(results: Results):
    assert results.failures == (CaseFailure(1, "a=1", "no fluid"),)


def test_an_unknown_dataset_is_named_with_those_there(results: Results):
    with pytest.raises(ResultsError, match=r"no dataset 'pain_signal'.*relief.*output.save"):
        results.dataset("pain_signal")


def test_xarray_gets_labels_and_units(results: Results):
    data = results.to_xarray()
    assert data["relief"].sel(amplitude_ma=2.0, state="disinhibited") == 3.0
    assert data["threshold_ma"].attrs["units"] == "mA"
    assert set(data.coords) == {"amplitude_ma", "state", "fiber"}


def test_without_xarray_the_remedy_is_named(results: Results, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "xarray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ResultsError, match="xarray, which is not installed: install"):
        results.to_xarray()


def test_the_notebook_text_says_what_is_inside(results: Results):
    text = repr(results)
    assert "Two amplitudes" in text
    assert "cases: 4, 1 of them failed" in text
    assert "amplitude_ma  2 values: 1.0, 2.0" in text
    assert "state  2 values: healthy, disinhibited" in text
    assert "threshold_ma             (fiber: 3)  mA" in text
    assert "One synthetic anatomy." in text


def test_a_file_of_another_program_is_refused(tmp_path: Path):
    made = make_results()
    attributes = dict(made.attributes)
    del attributes["schema_version"]
    save_results(Results(made.variables, attributes), tmp_path / "other.h5")
    with pytest.raises(ResultsError, match=r"other.h5 has no attribute schema_version.*scsim run"):
        load_results(tmp_path / "other.h5")


def test_a_file_of_a_later_version_is_refused(tmp_path: Path):
    save_results(make_results(schema_version="99", scsim_version="9.0"), tmp_path / "later.h5")
    with pytest.raises(ResultsError, match=r"schema version 99; this scsim reads 1.*\(9.0\)"):
        load_results(tmp_path / "later.h5")


def test_tables_have_one_row_per_observation(results: Results):
    tables = tidy_tables(results)
    assert set(tables) == {"cases", "fibers", "fiber_ends"}
    cases = tables["cases"]
    assert cases.columns == ("amplitude_ma", "state", "status", "recruited_share", "relief")
    assert cases.n_rows == 4
    rows = list(zip(*(column.tolist() for column in cases.values), strict=True))
    assert rows[1] == (1.0, "disinhibited", "FAILED", 0.2, 1.0)
    assert rows[2] == (2.0, "healthy", "OK", 0.5, 2.0)
    assert tables["fiber_ends"].columns == ("fiber", "axis", "fiber_start_mm")
    assert tables["fiber_ends"].n_rows == 9


def test_tables_are_written_as_csv(results: Results, tmp_path: Path):
    paths = write_tables(results, tmp_path / "csv")
    assert {path.name for path in paths} == {"cases.csv", "fibers.csv", "fiber_ends.csv"}
    lines = (tmp_path / "csv" / "fibers.csv").read_text().splitlines()
    assert lines[0] == "fiber,threshold_ma"
    assert lines[3] == "2,nan"


def test_tables_that_cannot_be_written_name_the_folder(results: Results, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot be written to .*file.*with --out"):
        write_tables(results, tmp_path / "file")


def test_swept_keys_keep_the_order_of_the_sweep(tmp_path: Path):
    """A file lists its datasets by the alphabet; analyses of samples need the order of the config."""
    variables = [
        make_variable("case", ("case",), np.arange(2), {"units": "1"}),
        make_variable("zeta_ma", ("case",), np.ones(2), {"units": "mA", "config_key": "a.zeta_ma"}),
        make_variable(
            "alpha_ma", ("case",), np.ones(2), {"units": "mA", "config_key": "a.alpha_ma"}
        ),
        make_variable("status", ("case",), np.zeros(2, np.int8), {"units": "1"}),
    ]
    attributes = {"schema_version": "2", "failures": "[]", "coordinates": "zeta_ma alpha_ma"}
    made = Results({one.name: one for one in variables}, attributes)
    save_results(made, tmp_path / "results.h5")
    for results in (made, load_results(tmp_path)):
        assert list(results.swept.values()) == ["zeta_ma", "alpha_ma"]
        assert list(results.coordinates) == ["case", "zeta_ma", "alpha_ma"]
