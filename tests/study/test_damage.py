"""Damage of a batch or of the results never gives a hang, a traceback or a wrong number, and costs no more than it must."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scsim.cli.main import main
from scsim.errors import ResultsError, Status
from scsim.formats import hdf5
from scsim.formats.blocks import read_seal
from scsim.formats.hdf5 import make_variable, read_arrays, write_labelled
from scsim.results.recover import Recovery, recover_results
from scsim.results.store import Results, load_results
from scsim.study.execution.cache import load_batch
from scsim.study.run import execute
from tests.study.small_study import TEXT, small_study
from tests.study.test_run import assert_identical

N_FLIPS = 300
LIMIT_S = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    (out / "small.toml").write_text(TEXT, encoding="utf-8")
    execute(small_study(), out / "out")
    return out


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    """Give a config with the finished folder ``out`` beside it, to be damaged."""
    for path in whole.rglob("*.*"):
        copy = tmp_path / path.relative_to(whole)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tmp_path / "small.toml"


def _flip(path: Path, chance: random.Random, whole: bytes | None = None) -> None:
    content = bytearray(whole or path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _scsim(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scsim", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


@pytest.mark.timeout(LIMIT_S)
def test_a_flip_in_a_batch_is_seen(study: Path):
    chance = random.Random(1)
    for path in sorted((study.parent / "out" / "batches").glob("*.h5")):
        content = path.read_bytes()
        batch_hash = read_arrays(path)[1]["batch_hash"]
        for _ in range(N_FLIPS // 3):
            _flip(path, chance, content)
            assert load_batch(path, batch_hash, 1) is None


@pytest.mark.timeout(LIMIT_S)
def test_a_flip_in_the_results_is_seen(study: Path):
    chance = random.Random(2)
    path = study.parent / "out" / "results.h5"
    content = path.read_bytes()
    for _ in range(N_FLIPS):
        _flip(path, chance, content)
        with pytest.raises(ResultsError, match=r"results.h5 is damaged.*run the study again"):
            load_results(path)


@pytest.mark.parametrize("seed", range(3))
def test_run_repairs_batches_and_results(study: Path, whole: Path, seed: int):
    chance = random.Random(seed)
    out = study.parent / "out"
    for path in (out / "results.h5", *(out / "batches").glob("*.h5")):
        _flip(path, chance)
    answer = _scsim("run", str(study), "--out", str(out), "--quiet")
    said = f"{out / 'results.h5'} is damaged or out of date: it is written again\n"
    assert (answer.returncode, answer.stderr) == (0, said)
    assert "nothing left to do" not in answer.stdout
    assert_identical(load_results(whole / "out"), load_results(out))


@pytest.mark.parametrize("command", ["show", "plot", "export", "cite"])
def test_commands_refuse_damaged_results(
    study: Path, command: str, capsys: pytest.CaptureFixture[str]
):
    chance = random.Random(command)
    path = study.parent / "out" / "results.h5"
    content = path.read_bytes()
    _flip(path, chance, content)
    answer = _scsim(command, str(path))
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"scsim: {path} is damaged")
    assert f"scsim recover {path}" in answer.stderr
    assert answer.stderr.count("\n") == 1
    before = set(study.parent.rglob("*"))
    for _ in range(50):
        _flip(path, chance, content)
        assert main([command, str(path)]) == 2
        assert f"scsim: {path} is damaged" in capsys.readouterr().err
    assert set(study.parent.rglob("*")) == before


def make_large(path: Path) -> Results:
    """Write results of several chunks per dataset, with texts and whole numbers among them."""
    rng = np.random.default_rng(4)
    n_cases, n_fibers = 3000, 100
    names = np.array([f"amplitude_ma={index * 1e-3:g},state=healthy" for index in range(n_cases)])
    status = {"units": "1", "flag_meanings": "OK"}
    arrays = [
        ("case", ("case",), np.arange(n_cases), {"units": "1"}),
        ("case_name", ("case",), names, {"units": "1"}),
        ("fiber", ("fiber",), np.arange(n_fibers), {"units": "1"}),
        ("status", ("case",), np.zeros(n_cases, np.int8), status),
        ("fiber_diameter_um", ("fiber",), rng.random(n_fibers), {"units": "µm"}),
        ("threshold_ma", ("case", "fiber"), rng.random((n_cases, n_fibers)), {"units": "mA"}),
        ("n_spikes", ("case", "fiber"), rng.integers(0, 99, (n_cases, n_fibers)), {"units": "1"}),
    ]
    attributes = {"schema_version": "2", "failures": "[]", "coordinates": "case_name"}
    write_labelled(path, [make_variable(*one) for one in arrays], attributes)
    return load_results(path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_large(tmp_path_factory.mktemp("large") / "results.h5")


def _is_blank(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "U":
        return values == ""
    return values == (Status.FAILED if name.endswith("status") else -1)


def assert_sound(recovery: Recovery, original: Results) -> None:
    """Every value is bit-equal to the original or a blank, and every blank lies in what is listed as lost."""
    lost = {loss.dataset for loss in recovery.losses}
    gone = {name for name in lost if name not in recovery.results}
    for name, variable in original.variables.items():
        group = name.rpartition("/")[0]
        if name not in recovery.results:
            assert gone & {name, group, "/"}
            continue
        found, expected = recovery.results.dataset(name), variable.values
        is_equal = np.equal(found, expected) | (_is_blank(found, name) & _is_blank(expected, name))
        assert np.all(is_equal | _is_blank(found, name)), name
        if name != "status":
            share = next((one.share for one in recovery.losses if one.dataset == name), 0.0)
            n_blank = np.count_nonzero(~is_equal)
            assert n_blank <= round(share * found.size), name
    failed = {failure.case for failure in recovery.results.failures}
    status = recovery.results.dataset("status").ravel()
    assert failed >= set(np.flatnonzero(status == Status.FAILED).tolist())


def _recover(content: bytes, folder: Path) -> Recovery:
    path, out = folder / "results.h5", folder / "out.h5"
    path.write_bytes(content)
    out.unlink(missing_ok=True)
    return recover_results(path, out)


def _flipped(content: bytes, chance: random.Random, n_flips: int) -> bytes:
    damaged = bytearray(content)
    for _ in range(n_flips):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("kind", ["study", "large"])
@pytest.mark.parametrize("damage", ["cut", "one flip", "flips", "zeros", "cut and flip"])
def test_what_is_recovered_is_what_was_written(
    whole: Path, large: Results, tmp_path: Path, kind: str, damage: str
):
    chance = random.Random(damage + kind)
    original = large if kind == "large" else load_results(whole / "out")
    assert original.path is not None
    content = original.path.read_bytes()
    n_recovered = 0
    for _ in range(4):
        place = chance.randrange(len(content))
        damaged = {
            "cut": content[:place],
            "one flip": _flipped(content, chance, 1),
            "flips": _flipped(content, chance, 3),
            "zeros": content[:place]
            + bytes(len(content[place : place + 9999]))
            + content[place + 9999 :],
            "cut and flip": _flipped(content[: len(content) // 2 + place // 2], chance, 2),
        }[damage]
        try:
            recovery = _recover(damaged, tmp_path)
        except ResultsError as error:
            assert "nothing can be recovered" in str(error)  # noqa: PT017 - it may also be recovered
            assert not (tmp_path / "out.h5").exists()
            continue
        n_recovered += 1
        assert_sound(recovery, original)
    assert n_recovered >= (1 if "cut" in damage else 3)


def test_a_cut_costs_what_lay_behind_it(large: Results, tmp_path: Path):
    assert large.path is not None
    content = large.path.read_bytes()
    recovery = _recover(content[: int(0.6 * len(content))], tmp_path)
    losses = {loss.dataset: loss for loss in recovery.losses}
    assert set(losses) <= {"threshold_ma", "n_spikes"}
    loss = losses["threshold_ma"]
    assert 0.0 < loss.share < 0.9
    first = int(loss.places.split()[1])
    assert loss.places == f"case {first} to 2999, fiber 0 to 99"
    assert loss.n_cases == 3000 - first
    np.testing.assert_array_equal(
        recovery.results.dataset("threshold_ma")[:first], large.dataset("threshold_ma")[:first]
    )
    assert np.isnan(recovery.results.dataset("threshold_ma")[first:]).all()
    noted = json.loads(recovery.results.attributes["recovered"])
    assert noted["from"] == "results.h5"
    assert {one["dataset"] for one in noted["losses"]} == set(losses)
    failure = recovery.results.failures[-1]
    assert failure.name == "amplitude_ma=2.999,state=healthy"
    assert failure.reason.startswith("lost in the damaged file: ")
    assert recovery.results.variable("n_spikes").attributes["_FillValue"] == -1


def test_cases_of_lost_spikes_are_named(tmp_path: Path):
    """Spike times lie in one flat array, so that their dimensions do not tell the cases."""
    n_cases, n_each = 400, 1000
    number = np.full((n_cases, 2), n_each)
    number[7] = 0
    first = np.cumsum(number.ravel()).reshape(number.shape) - number
    times = np.random.default_rng(8).random(int(number.sum()))
    flags = {"units": "1", "flag_meanings": "OK"}
    arrays = [
        ("case", ("case",), np.arange(n_cases), {"units": "1"}),
        ("case_name", ("case",), np.array([f"n{index}" for index in range(n_cases)]), {}),
        ("status", ("case",), np.zeros(n_cases, np.int8), flags),
        ("cell", ("cell",), np.array(["a", "b"]), {"units": "1"}),
        ("spikes/spike", ("spike",), np.arange(times.size), {"units": "1"}),
        ("spikes/first_spike", ("case", "cell"), first, {"units": "1"}),
        ("spikes/n_spikes", ("case", "cell"), number, {"units": "1"}),
        ("spikes/spike_time_ms", ("spike",), times, {"units": "ms"}),
    ]
    path = tmp_path / "results.h5"
    attributes = {"schema_version": "2", "failures": "[]", "coordinates": "case_name"}
    write_labelled(path, [make_variable(*one) for one in arrays], attributes)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    recovery = _recover(bytes(damaged), tmp_path)
    (loss,) = recovery.losses
    assert loss.dataset == "spikes/spike_time_ms"
    found = recovery.results
    is_nan = np.isnan(found.dataset("spikes/spike_time_ms"))
    assert 0 < np.count_nonzero(is_nan) < times.size
    expected = [
        case for case in range(n_cases) if is_nan[first[case, 0] :][: int(number[case].sum())].any()
    ]
    assert [failure.case for failure in found.failures] == expected
    assert np.flatnonzero(found.dataset("status") == Status.FAILED).tolist() == expected
    assert loss.n_cases == len(expected) < n_cases
    assert "recovered from a damaged file" in repr(found)


def test_a_flip_in_the_directory_costs_nothing(whole: Path, tmp_path: Path):
    """What describes the datasets, and small datasets, stand in the file twice."""
    original = load_results(whole / "out")
    content = (whole / "out" / "results.h5").read_bytes()
    for place in (0, 9, 40, 200, len(content) - 40, content.index(b"disinhibited")):
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        recovery = _recover(bytes(damaged), tmp_path)
        assert recovery.losses == ()
        assert not recovery.is_sound
        assert_identical(original, recovery.results)


@pytest.mark.parametrize("content", [b"", b"no results", b"\x89HDF\r\n\x1a\n" + bytes(5000)])
def test_nothing_is_recovered_without_checksums(tmp_path: Path, content: bytes):
    with pytest.raises(
        ResultsError, match=r"nothing can be recovered.*no sound list.*run the study"
    ):
        _recover(content, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.h5"]


def test_nothing_is_recovered_where_the_directory_is_cut_off(large: Results, tmp_path: Path):
    assert large.path is not None
    seal = read_seal(large.path)
    assert seal is not None
    with pytest.raises(ResultsError, match=r"directory of the file is lost.*run the study again"):
        _recover(large.path.read_bytes()[: sum(seal.room)], tmp_path)


def test_a_file_that_is_there_is_not_written_over(large: Results, tmp_path: Path):
    assert large.path is not None
    path = tmp_path / "results.h5"
    path.write_bytes(large.path.read_bytes()[:-1])
    with pytest.raises(ResultsError, match=r"results.h5 is there already: name another.*--out"):
        recover_results(path, path)
    assert path.stat().st_size == large.path.stat().st_size - 1


def test_flips_in_a_large_file_are_seen_when_they_are_read(
    large: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Files beyond the limit are not checked whole when opened; no read of them gives a wrong value."""
    assert large.path is not None
    monkeypatch.setattr(hdf5, "_WHOLE_UP_TO_BYTES", 0)
    chance = random.Random(9)
    content = large.path.read_bytes()
    path = tmp_path / "results.h5"
    n_seen = 0
    for _ in range(30):
        path.write_bytes(_flipped(content, chance, 1))
        try:
            results = load_results(path)
            read = {name: variable.values for name, variable in results.variables.items()}
        except ResultsError as error:
            assert "is damaged" in str(error)  # noqa: PT017 - it may also be read
            n_seen += 1
            continue
        for name, values in read.items():
            np.testing.assert_array_equal(values, large.dataset(name))
        with pytest.raises(ResultsError, match="is damaged"):
            load_results(path, is_checked_whole=True)
    assert n_seen > 20


def test_the_command_recovers_and_lists_what_is_lost(
    large: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert large.path is not None
    path = tmp_path / "results.h5"
    content = large.path.read_bytes()
    path.write_bytes(content)
    assert main(["recover", str(path)]) == 0
    assert "is sound: nothing to recover" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]

    path.write_bytes(content[: len(content) // 2])
    assert main(["recover", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "threshold_ma" in said
    assert f"{tmp_path / 'results_recovered.h5'}: the rest" in said
    assert main(["show", str(tmp_path / "results_recovered.h5")]) == 0
    assert "recovered from" in capsys.readouterr().out

    out = tmp_path / "again.h5"
    assert main(["recover", str(path), "--out", str(out), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == str(out)
    assert "threshold_ma" in {loss["dataset"] for loss in answer["losses"]}

    path.write_bytes(content[:-3])
    assert main(["recover", str(path), "--out", str(tmp_path / "all.h5")]) == 0
    assert "nothing is lost" in capsys.readouterr().out

    path.write_bytes(b"")
    assert main(["recover", str(path), "--out", str(tmp_path / "none.h5")]) == 2
    assert "nothing can be recovered" in capsys.readouterr().err
