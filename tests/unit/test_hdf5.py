"""Files are whole or absent, labels survive, and bad files are refused with advice."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from scsim.errors import ResultsError
from scsim.formats import files, hdf5
from scsim.formats.blocks import find_seal, read_seal
from scsim.formats.hdf5 import (
    make_variable,
    read_arrays,
    read_foreign_arrays,
    read_labelled,
    remove_abandoned,
    temporary_beside,
    write_arrays,
    write_labelled,
)
from scsim.formats.new_file import NewFile


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


def test_parts_are_read_without_the_rest(tmp_path: Path):
    path = tmp_path / "file.h5"
    given = {variable.name: variable for variable in _variables()}
    write_labelled(path, given.values(), {})
    found, _ = read_labelled(path)
    part = (slice(10, 30, 5), slice(1, 2))
    np.testing.assert_array_equal(found["rate_hz"].read(part), given["rate_hz"].values[part])
    assert "values" not in vars(found["rate_hz"])
    assert found["state"].read((slice(1, 2),)).tolist() == ["µ"]
    assert found["one"].read(()) == 2.5


def test_what_is_not_in_memory_is_written_in_parts(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hdf5, "_WRITE_BYTES", 1 << 20)
    values = np.random.default_rng(3).random((3000, 100))
    asked = []

    def load(selection):
        asked.append(selection)
        return values[selection]

    source = hdf5.Variable("x", ("a", "b"), {}, values.shape, "f8", load)
    scales = [make_variable(dim, (dim,), np.arange(n), {}) for dim, n in (("a", 3000), ("b", 100))]
    write_labelled(tmp_path / "file.h5", [*scales, source], {})
    assert len(asked) >= 3
    assert all(rows.stop - rows.start <= 1311 for rows, _ in asked)
    np.testing.assert_array_equal(read_labelled(tmp_path / "file.h5")[0]["x"].values, values)


def test_large_arrays_are_compressed_small_ones_are_not(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    with h5py.File(path) as file:
        assert file["rate_hz"].compression == "gzip"
        assert file["rate_hz"].compression_opts == 1
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


_WITHOUT_ROOM = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable, write_arrays, write_labelled

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
variables = [make_variable("case", ("case",), np.arange(900), {"units": "1"})]
variables += [
    make_variable(f"x{i}", ("case",), rng.random(900), {"units": "1"}) for i in range(20)
]
arrays = {one.name: one.values for one in variables}
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
said = set()
for limit in (0, 1, 100, 1000, 2048, 4096, 10_000, 20_000, 50_000, 90_000, 130_000, 143_000):
    for write in (write_labelled, write_arrays):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        try:
            write(folder / "f.h5", variables if write is write_labelled else arrays, {"a": "b" * 500})
        except ResultsError as error:
            said.add(str(error).replace(str(folder), ""))
        else:
            sys.exit(f"{limit} bytes were enough for {write.__name__}")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        assert not list(folder.iterdir()), list(folder.iterdir())
print(*said, sep="|")
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_file_that_has_no_room_is_named_and_not_left_behind(tmp_path: Path):
    """The system refuses to let the file grow, at any size: what a full disk does."""
    answer = subprocess.run(
        [sys.executable, "-c", _WITHOUT_ROOM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == (
        "/f.h5 cannot be written (File too large): choose a folder that you may write to and that has room.\n"
    )


@pytest.mark.parametrize("method", ["write", "seek", "_write_all"])
def test_an_interrupt_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch, method: str):
    """A signal that comes inside the HDF5 library waits until it can do no harm there."""
    original = getattr(NewFile, method)
    for when in (1, 2, 5, 9, 14):
        calls = []

        def interrupted(self, *given, calls=calls, when=when):
            calls.append(given)
            if len(calls) == when:
                signal.raise_signal(signal.SIGINT)
            return original(self, *given)

        handler = signal.getsignal(signal.SIGINT)
        monkeypatch.setattr(NewFile, method, interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_labelled(tmp_path / "file.h5", _variables(), {})
        assert len(calls) >= when
        assert not list(tmp_path.iterdir())
        assert signal.getsignal(signal.SIGINT) is handler
    monkeypatch.undo()
    write_labelled(tmp_path / "file.h5", _variables(), {})
    assert set(read_labelled(tmp_path / "file.h5")[0]) == {one.name for one in _variables()}


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(ResultsError, match=r"absent/file.h5 cannot be written .*choose a folder"):
        write_arrays(tmp_path / "absent" / "file.h5", {"a": np.zeros(2)}, {})


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(
        ResultsError, match=r"none.h5: there is no such results file. Give the path"
    ):
        read_labelled(tmp_path / "none.h5")


@pytest.mark.parametrize("damage", ["nothing", "text", "cut", "cut by one", "longer"])
def test_a_file_without_its_checksum_is_named(tmp_path: Path, damage: str):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    whole = path.read_bytes()
    damaged = {
        "nothing": b"",
        "text": b"no HDF5",
        "cut": whole[:2000],
        "cut by one": whole[:-1],
        "longer": whole + b"\0",
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(
        ResultsError, match=r"file.h5 is damaged or not by scsim: .*scsim run wrote"
    ):
        read_labelled(path)


def test_a_file_of_another_program_is_named(tmp_path: Path):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["a"] = 1.0
    with pytest.raises(ResultsError, match=r"file.h5 is damaged or not by scsim"):
        read_arrays(path)


def test_the_checksum_is_the_last_line_and_covers_all_before_it(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_arrays(path, {"a": np.arange(3.0)}, {})
    content, _, line = path.read_bytes().rstrip(b"\n").rpartition(b"\n")
    assert line == b"scsim sha256 " + hashlib.sha256(content).hexdigest().encode()
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["a"][()], np.arange(3.0))


def test_files_with_one_checksum_are_read_as_before(tmp_path: Path):
    """Older versions wrote labelled arrays, too, with a single checksum at the end."""
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {"title": "T"})
    seal = read_seal(path)
    assert seal is not None
    content = path.read_bytes()[: seal.n_bytes]
    path.write_bytes(
        content + b"\nscsim sha256 " + hashlib.sha256(content).hexdigest().encode() + b"\n"
    )
    found, attributes = read_labelled(path)
    assert attributes == {"title": "T"}
    for variable in _variables():
        np.testing.assert_array_equal(found[variable.name].values, variable.values)
    path.write_bytes(content[:-1] + b"?" + path.read_bytes()[len(content) :])
    with pytest.raises(
        ResultsError, match=r"not what its checksum says. Delete it and run the study"
    ):
        read_labelled(path)


def test_other_programs_read_around_the_checksums(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {"title": "T"})
    with h5py.File(path) as file:
        assert set(file) == {"amplitude_ma", "group", "one", "rate_hz", "state", "status"}
        np.testing.assert_array_equal(file["rate_hz"][()], _variables()[1].values)


def test_the_directory_stands_before_the_values(tmp_path: Path):
    """So that a file that lost its end still says what it held."""
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {"title": "T"})
    seal = read_seal(path)
    assert seal is not None
    assert find_seal(path) == seal
    with h5py.File(path) as file:
        first = min(file[name].id.get_chunk_info(0).byte_offset for name in ("rate_hz",))
    cut = path.read_bytes()[: first + 1]
    path.write_bytes(cut)
    assert read_seal(path) is None
    assert find_seal(path) == seal


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["labelled", "arrays"])
def test_no_flipped_bit_goes_unnoticed(tmp_path: Path, kind: str):
    """Without the checksum such files gave wrong numbers, other exceptions and endless loops."""
    path = tmp_path / "file.h5"
    if kind == "labelled":
        write_labelled(path, _variables(), {"title": "T"})
    else:
        write_arrays(path, {one.name: one.values for one in _variables()[1:3]}, {"hash": "x"})
    whole = path.read_bytes()
    chance = random.Random(20261120)
    places = [*chance.choices(range(len(whole)), k=400), *range(len(whole) - 100, len(whole))]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ResultsError, match=r"file.h5 is damaged.*elete it and run the study"):
            (read_labelled if kind == "labelled" else read_arrays)(path)


@pytest.mark.parametrize(
    "error", [OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError, EOFError]
)
def test_whatever_h5py_raises_is_named(tmp_path: Path, monkeypatch, error: type[Exception]):
    path = tmp_path / "file.h5"
    write_arrays(path, {"a": np.zeros(2)}, {})

    def fail(*_: object) -> None:
        message = "odd"
        raise error(message)

    monkeypatch.setattr(h5py.File, "items", fail)
    with pytest.raises(
        ResultsError, match=r"file.h5 cannot be read \('?odd'?\).*run the study again"
    ):
        read_arrays(path)


def test_temporary_names_never_meet(tmp_path: Path):
    names = {temporary_beside(tmp_path / "results.h5") for _ in range(100)}
    assert len(names) == 100
    assert all(name.parent == tmp_path and name.name.startswith(".results.h5.") for name in names)


def test_only_abandoned_temporary_files_are_deleted(tmp_path: Path, monkeypatch):
    def make(name: str, pid: int, host: str, age_h: float) -> Path:
        monkeypatch.setattr(files, "_HOST", host)
        monkeypatch.setattr(os, "getpid", lambda: pid)
        path = temporary_beside(tmp_path / name)
        path.write_text("half")
        then = time.time() - age_h * 3600
        os.utime(path, (then, then))
        return path

    here, me, dead = files._HOST, os.getpid(), 999_999_999
    kept = {
        make("mine", me, here, 1),
        make("of the first process, which is not ours", 1, here, 1),
        make("elsewhere", dead, "elsewhere", 23),
    }
    gone = {make("old elsewhere", dead, "elsewhere", 25), make("old", me, here, 25)}
    killed = make("killed", dead, here, 0)
    (kept if os.name == "nt" else gone).add(killed)
    foreign = tmp_path / ".mine.partial"
    foreign.write_text("not by scsim")
    os.utime(foreign, (0, 0))
    monkeypatch.setattr(files, "_HOST", here)

    remove_abandoned(tmp_path)

    assert set(tmp_path.iterdir()) == {*kept, foreign}
    assert not any(path.exists() for path in gone)


def test_values_of_a_replaced_file_are_refused(tmp_path: Path):
    path = tmp_path / "file.h5"
    write_labelled(path, _variables(), {})
    found, _ = read_labelled(path)
    write_labelled(path, _variables()[2:3], {})
    with pytest.raises(ResultsError, match=r"replaced after it was opened.*load the file again"):
        _ = found["rate_hz"].values


def test_foreign_files_need_no_checksum(tmp_path: Path):
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["inside/small"] = np.arange(3, dtype=np.int8)
        file["single"] = np.array([1.5], dtype=np.float32)
        file["single"].attrs["units"] = np.bytes_("mV")
        file["text"] = "left out"
    arrays, attributes = read_foreign_arrays(path)
    assert {name: values.dtype.name for name, values in arrays.items()} == {
        "inside/small": "int64",
        "single": "float64",
    }
    assert attributes == {"inside/small": {}, "single": {"units": "mV"}}


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_foreign_files_of_another_format_are_refused(tmp_path: Path, content):
    path = tmp_path / "foreign.h5"
    path.write_bytes(content)
    with pytest.raises(
        ResultsError, match=r"foreign.h5 cannot be read as HDF5 .* Check it with the program"
    ):
        read_foreign_arrays(path)
