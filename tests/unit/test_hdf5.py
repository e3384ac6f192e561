"""Files are whole or absent, labels survive, and bad files are refused with advice."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from scsim.errors import ResultsError
from scsim.formats import hdf5
from scsim.formats.hdf5 import (
    make_variable,
    read_arrays,
    read_labelled,
    write_arrays,
    write_labelled,
)


def _variables():
    rng = np.random.default_rng(0)
    return [
        make_variable("group/vertex", ("vertex",), np.arange(3), {"units": "1"}),
        make_variable("rate_hz", ("amplitude_ma", "state"), rng.random((600, 2)), {"units": "Hz"}),
        make_variable("amplitude_ma", ("amplitude_ma",), np.linspace(0, 1, 600), {"units": "mA"}),
        make_variable("state", ("state",), np.array(["healthy", "µ"]), {"units": "1"}),
        make_variable(
            "group/path_mm", ("amplitude_ma", "vertex"), rng.random((600, 3)), {"units": "mm"}
        ),
        make_variable("status", ("state",), np.array([0, 7], np.int8), {"flag": np.array([1, 2])}),
        make_variable("one", (), np.array(2.5), {"units": "1"}),
    ]


def test_labelled_arrays_survive_bit_by_bit(tmp_path: Path):
    path = tmp_path / "file.h5"
    given = {variable.name: variable for variable in _variables()}
    write_labelled(path, given.values(), {"title": "T", "seed": 3})

    found, attributes = read_labelled(path)

    assert attributes == {"title": "T", "seed": 3}
    assert set(found) == set(given)
    for name, variable in given.items():
        assert found[name].dims == variable.dims
        assert found[name].shape == variable.shape
        assert found[name].dtype == variable.dtype
        np.testing.assert_array_equal(found[name].values, variable.values)
    assert found["rate_hz"].attributes == {"units": "Hz"}
    np.testing.assert_array_equal(found["status"].attributes["flag"], [1, 2])


def test_values_cannot_be_written_to(tmp_path: Path):
    write_labelled(tmp_path / "file.h5", _variables(), {})
    found, _ = read_labelled(tmp_path / "file.h5")
    with pytest.raises(ValueError, match="read-only"):
        found["rate_hz"].values[0] = 1.0


def test_xarray_finds_every_dimension(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    with xarray.open_dataset(path, engine="h5netcdf") as root:
        assert root["rate_hz"].dims == ("amplitude_ma", "state")
        assert list(root["state"].values) == ["healthy", "µ"]
        assert root["rate_hz"].attrs["units"] == "Hz"
    with xarray.open_dataset(path, engine="h5netcdf", group="group") as group:
        assert group["path_mm"].dims == ("amplitude_ma", "vertex")


def test_large_arrays_are_compressed_small_ones_are_not(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    with h5py.File(path) as file:
        assert file["rate_hz"].compression == "gzip"
        assert file["rate_hz"].compression_opts == 4
        assert file["rate_hz"].shuffle
        assert file["status"].compression is None


def test_plain_arrays_survive(tmp_path: Path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([1], np.int8)}
    write_arrays(tmp_path / "file.h5", arrays, {"hash": "x"})
    found, attributes = read_arrays(tmp_path / "file.h5")
    assert attributes == {"hash": "x"}
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch):
    path = tmp_path / "file.h5"
    write_arrays(path, {"a": np.zeros(2)}, {})
    before = path.read_bytes()

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hdf5, "_flush", full)
    with pytest.raises(ResultsError, match=r"file.h5 cannot be written \(No space left.*room"):
        write_arrays(path, {"a": np.ones(2)}, {})
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["file.h5"]


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(ResultsError, match=r"absent/file.h5 cannot be written .*choose a folder"):
        write_arrays(tmp_path / "absent" / "file.h5", {"a": np.zeros(2)}, {})


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(
        ResultsError, match=r"none.h5: there is no such results file. Give the path"
    ):
        read_labelled(tmp_path / "none.h5")


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    path.write_bytes(b"no HDF5" if damage == "text" else path.read_bytes()[:2000])
    with pytest.raises(ResultsError, match=r"file.h5 cannot be read as HDF5 .*run the study again"):
        read_labelled(path)


def test_values_of_a_replaced_file_are_refused(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    found, _ = read_labelled(path)
    write_labelled(path, _variables()[2:3], {})
    with pytest.raises(ResultsError, match=r"replaced after it was opened.*load the file again"):
        _ = found["rate_hz"].values
