"""A results file opens in programs that know nothing of scsim, with labels and units; files of older versions are read."""

import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from scsim.cli.main import main
from scsim.formats.hdf5 import make_variable
from scsim.results.schema import DATASETS, INNER_DIMENSIONS, SAVE_GROUPS
from scsim.results.store import Results, load_results, save_results
from scsim.study.run import run
from tests.study.small_study import SPIKING, TEXT, small_study

VERSION_1 = Path(__file__).parents[1] / "data" / "results_version_1.h5"

ELSEWHERE = ("contact_matrix", "field_profile", "wind_up", "block", "nerve_recruitment")
"""Groups that need other studies than these two: fields, volleys, nerves."""

WITH_SPIKES = ("cell_rates", "psth", "spikes")
"""Groups that rate models do not have."""


@pytest.fixture(scope="module", params=["rate model", "spiking"])
def everything(request, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give the file of a study that saves all it can."""
    text = TEXT if request.param == "rate model" else SPIKING
    left_out = (*ELSEWHERE, *(WITH_SPIKES if text is TEXT else ()))
    save = [name for name in SAVE_GROUPS if name not in left_out]
    override = f"output.save={save}".replace("'", '"')
    return run(small_study(override, text=text), tmp_path_factory.mktemp("everything"))


def test_every_dataset_has_unit_name_and_description(everything: Results):
    assert everything.path is not None
    seen = set()

    def check(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            seen.add(name)
            for attribute in ("units", "long_name", "description"):
                assert item.attrs[attribute], f"{name} has no {attribute}"
            if name in DATASETS:
                assert item.attrs["units"] == DATASETS[name].unit

    with h5py.File(everything.path) as file:
        file.visititems(check)
    assert seen == set(everything.variables)
    assert len(seen & set(DATASETS)) > 40


def test_xarray_opens_every_group_with_labels(everything: Results):
    assert everything.path is not None
    groups = {name.rpartition("/")[0] for name in everything.names}
    for group in groups:
        with xarray.open_dataset(everything.path, engine="h5netcdf", group=group or None) as found:
            for name, array in found.data_vars.items():
                path = f"{group}/{name}" if group else str(name)
                assert array.dims == everything.dims(path)
                assert array.attrs["units"]
                assert not any(str(dim).startswith("phony_dim") for dim in array.dims)


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a dataset of 1000 cases x 1000 fibers."""
    rng = np.random.default_rng(0)
    amplitudes = np.linspace(0.5, 8.0, 1000)
    fiber = {"units": "1", "long_name": INNER_DIMENSIONS["fiber"]}
    flags = {"units": "1", "long_name": "status", "flag_meanings": "OK"}
    variables = [
        make_variable("amplitude_ma", ("amplitude_ma",), amplitudes, {"units": "mA"}),
        make_variable("fiber", ("fiber",), np.arange(1000), fiber),
        make_variable("status", ("amplitude_ma",), np.zeros(1000, np.int8), flags),
        make_variable(
            "threshold_ma",
            ("amplitude_ma", "fiber"),
            rng.random((1000, 1000)),
            {"units": DATASETS["threshold_ma"].unit, "long_name": "activation threshold"},
        ),
    ]
    results = Results(
        {one.name: one for one in variables}, {"schema_version": "2", "failures": "[]"}
    )
    path = tmp_path_factory.mktemp("million") / "results.h5"
    save_results(results, path)
    return path


def test_a_million_values_open_in_xarray(million: Path):
    expected = load_results(million).dataset("threshold_ma")
    with xarray.open_dataset(million, engine="h5netcdf") as found:
        assert found["threshold_ma"].dims == ("amplitude_ma", "fiber")
        assert found["threshold_ma"].attrs["units"] == "mA"
        row = found["threshold_ma"].sel(amplitude_ma=8.0, fiber=999)
        assert row == expected[999, 999]
        np.testing.assert_array_equal(found["threshold_ma"].values, expected)


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="h5dump is not installed")
def test_a_million_values_open_in_h5dump(million: Path):
    head = subprocess.run(
        ["h5dump", "-H", str(million)], capture_output=True, text=True, check=True, timeout=60
    )
    assert head.stderr == ""
    assert 'DATASET "threshold_ma"' in head.stdout
    assert "( 1000, 1000 ) / ( 1000, 1000 )" in head.stdout
    part = ["-d", "/threshold_ma", "-s", "998,997", "-c", "2,3", "-m", "%.17g", str(million)]
    found = subprocess.run(
        ["h5dump", *part], capture_output=True, text=True, check=True, timeout=60
    )
    assert 'ATTRIBUTE "units"' in found.stdout
    assert '"mA"' in found.stdout
    rows = [line for line in found.stdout.splitlines() if line.strip().startswith("(99")]
    values = [float(x) for row in rows for x in row.partition(":")[2].split(",") if x.strip()]
    expected = load_results(million).dataset("threshold_ma")[998:, 997:]
    np.testing.assert_array_equal(values, expected.ravel())


def test_files_of_version_1_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The file was written by the last version of scsim before spiking circuits."""
    results = load_results(VERSION_1)
    assert results.attributes["schema_version"] == "1"
    assert results["relief"].sel(amplitude_ma=2.4, frequency_hz=60, state="healthy").shape == ()
    assert results.dataset("threshold_ma").shape == (6,)
    assert np.isfinite(results.dataset("a_beta_rate_hz")).all()
    assert results["threshold_ma"].unit == "mA"
    assert main(["show", str(VERSION_1)]) == 0
    assert "schema_version" in capsys.readouterr().out
    assert main(["export", str(VERSION_1), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "cases.csv").read_text().startswith("amplitude_ma,frequency_hz,state,status")
