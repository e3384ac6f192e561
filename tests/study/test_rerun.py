"""A study run again from its results file: the same bytes in every mode, and what differs said where it does."""

import hashlib
import json
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from scsim.cli.main import main
from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.results.store import RESULTS_FILE, Results, load_results, save_results
from scsim.study import inputs, provenance
from scsim.study.provenance import TIME_ATTRIBUTES
from scsim.study.reading.parse import load_study
from scsim.study.rerun import rerun
from scsim.study.run import execute
from tests.study.small_study import CASES, SPIKING, TEXT, small_study, without_sweeps


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def drawn(mode: str, n: int) -> str:
    """The small study with two drawn keys."""
    return (
        without_sweeps(TEXT)
        .replace("amplitude_ma = 1.2", "amplitude_ma = { sweep = { uniform = [0.6, 2.4] } }")
        .replace("frequency_hz = 60", "frequency_hz = { sweep = { loguniform = [20, 60] } }")
        .replace("[output]", f'[sweep]\nmode = "{mode}"\nn = {n}\n\n[output]')
    )


MODES = {
    "grid": TEXT,
    "zip": TEXT.replace("{ sweep = [0.6, 1.2, 2.4] }", "{ sweep = [0.6, 1.2] }").replace(
        "[output]", '[sweep]\nmode = "zip"\n\n[output]'
    ),
    "one_at_a_time": TEXT.replace("[0.6, 1.2, 2.4] }", "[0.6, 2.4], base = 1.2 }")
    .replace("[20, 60] }", "[20], base = 60 }")
    .replace('{ sweep = ["healthy", "disinhibited"] }', '"healthy"')
    .replace("[output]", '[sweep]\nmode = "one_at_a_time"\n\n[output]'),
    "cases": without_sweeps(TEXT) + CASES,
    "seeds": TEXT.replace("seed = 7", "seed = { sweep = [7, 8] }"),
    "repeats": without_sweeps(TEXT).replace("[output]", "[sweep]\nrepeats = 3\n\n[output]") + CASES,
    "saltelli": drawn("saltelli", 4),
    "sobol": drawn("sobol", 8),
    "latin": drawn("latin", 5),
    "random": drawn("random", 5),
}


LONG = ("zip", "cases", "seeds", "latin", "random")
"""Modes that differ from others only in how their cases come about."""


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=[pytest.mark.long] * (mode in LONG)) for mode in MODES]
)
def test_every_mode_gives_the_same_bytes_again(mode: str, tmp_path: Path):
    outcome = execute(small_study(text=MODES[mode]), tmp_path / "first")
    path = tmp_path / "first" / RESULTS_FILE
    before = path.read_bytes()
    found = rerun(path, tmp_path / "second")
    assert found.is_same_file, repr(found)
    assert found.is_identical
    assert found.environment + found.config + found.attributes + found.different == ()
    assert len(found.datasets) == len(outcome.results.variables)
    assert path.read_bytes() == before, "the original is not touched"
    # What `is_same_file` says, done once more by hand: only the times are not those of the original.
    times = {name: outcome.results.attributes[name] for name in TIME_ATTRIBUTES}
    again = load_results(tmp_path / "second")
    by_hand = tmp_path / "third.h5"
    save_results(Results(again.variables, {**again.attributes, **times}), by_hand)
    assert by_hand.read_bytes() == before
    assert sorted(one.name for one in (tmp_path / "second").iterdir() if one.name[0] == ".") == []


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """Results of the small grid, and a rerun beside them."""
    folder = tmp_path_factory.mktemp("rerun")
    execute(small_study(), folder / "first")
    assert rerun(folder / "first", folder / "second").is_same_file
    return folder / "first" / RESULTS_FILE


@pytest.fixture
def again(original: Path, tmp_path: Path) -> Path:
    """A folder in which the rerun is complete already."""
    folder = tmp_path / "again"
    shutil.copytree(original.parent.parent / "second", folder)
    return folder


def changed(original: Path, tmp_path: Path, variables=None, **attributes) -> Path:
    """Save the original with something changed."""
    results = load_results(original)
    kept = {
        name: value
        for name, value in {**results.attributes, **attributes}.items()
        if value is not None
    }
    path = tmp_path / "changed.h5"
    save_results(Results(MappingProxyType({**results.variables, **(variables or {})}), kept), path)
    return path


def test_shards_engines_and_workers_leave_nothing_in_the_file(original: Path, tmp_path: Path):
    execute(small_study(), tmp_path / "one", workers=1, batch_size=1)
    found = rerun(tmp_path / "one", tmp_path / "again", workers=2)
    assert found.is_same_file, repr(found)
    for place in (1, 2):
        execute(small_study(), tmp_path / "shards", shard=(place, 2))
    execute(small_study(), tmp_path / "shards")
    found = rerun(tmp_path / "shards", tmp_path / "again", workers=2)
    assert found.is_same_file, repr(found)


def test_an_own_circuit_is_run_from_the_file_alone(tmp_path: Path):
    folder = tmp_path / "config"
    (folder / "circuits").mkdir(parents=True)
    own = files("scsim") / "data" / "circuits" / "zhang2014.toml"
    (folder / "circuits" / "own.toml").write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    text = without_sweeps(SPIKING).replace(
        'model = "zhang2014"', 'model = "file"\nfile = "circuits/../circuits/own.toml"'
    )
    (folder / "study.toml").write_text(text, encoding="utf-8")
    execute(load_study(folder / "study.toml"), tmp_path / "first")
    shutil.rmtree(folder)
    found = rerun(tmp_path / "first", tmp_path / "second")
    assert found.is_same_file, repr(found)


@pytest.fixture
def with_large_file(tmp_path: Path, monkeypatch) -> Path:
    """Results of a study with an own circuit that is too large to be kept."""
    monkeypatch.setattr(inputs, "MAX_STORED_BYTES", 10)
    own = files("scsim") / "data" / "circuits" / "zhang2014.toml"
    (tmp_path / "own.toml").write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    text = without_sweeps(SPIKING).replace('"zhang2014"', '"file"\nfile = "own.toml"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    execute(load_study(tmp_path / "study.toml"), tmp_path / "first")
    return tmp_path / "first"


def test_large_files_are_asked_for_and_checked(with_large_file: Path, tmp_path: Path):
    with pytest.raises(ResultsError, match=r"reads own\.toml \(.*MB, SHA-256 .* --files DIR"):
        rerun(with_large_file, tmp_path / "second")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ResultsError, match=r"empty has no such file: .* --files DIR"):
        rerun(with_large_file, tmp_path / "second", files=empty)
    (empty / "own.toml").write_text("another", encoding="utf-8")
    with pytest.raises(ResultsError, match=r"own\.toml is not the file that the study read"):
        rerun(with_large_file, tmp_path / "second", files=empty)
    assert not (tmp_path / "second").exists(), "nothing is written for bad input"
    assert rerun(with_large_file, tmp_path / "second", files=tmp_path).is_same_file


def test_files_of_older_results_are_looked_up_in_the_folder_given(
    with_large_file: Path, tmp_path: Path
):
    """Before the attribute ``inputs`` there was only the hash of config and files."""
    path = changed(with_large_file / RESULTS_FILE, tmp_path, inputs=None)
    with pytest.raises(ResultsError, match=r"(?s)own\.toml is not there.*--files DIR"):
        rerun(path, tmp_path / "second")
    found = rerun(path, tmp_path / "second", files=tmp_path)
    assert found.is_identical, repr(found)
    own = tmp_path / "own.toml"
    own.write_text(own.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    found = rerun(path, tmp_path / "third", files=tmp_path)
    assert [one.name for one in found.config] == ["hash of config and files"]
    assert not found.is_identical
    assert found.different == ()


def test_other_numbers_are_said_with_the_case(original: Path, again: Path, tmp_path: Path):
    results = load_results(original)
    rate = results.variable("projection_rate_hz")
    values = np.array(rate.values)
    values[2, 1, 0] += 0.5
    path = changed(
        original,
        tmp_path,
        {"projection_rate_hz": make_variable(rate.name, rate.dims, values, rate.attributes)},
    )
    found = rerun(path, again)
    assert not found.is_identical
    (one,) = found.different
    assert one.name == "projection_rate_hz"
    assert one.largest_absolute == pytest.approx(0.5, rel=1e-12)
    assert one.case == "amplitude_ma=2.4, frequency_hz=60.0, state=healthy"
    text = repr(found)
    assert "not identical: " in text
    assert "at most by 0.5 Hz at amplitude_ma=2.4" in text
    assert "the study is not reproducible as it stands" in text


def test_other_versions_are_said_and_leave_equal_numbers_identical(
    original: Path, again: Path, tmp_path: Path
):
    path = changed(original, tmp_path, numpy_version="1.0", cpu_target="none", source_hash="00")
    found = rerun(path, again)
    assert found.is_identical
    assert not found.is_same_file
    assert {one.name for one in found.environment} == {"numpy_version", "cpu_target", "source_hash"}
    assert "made with numpy_version: 1.0, now" in repr(found)
    assert "identical numbers" in repr(found)


def test_other_failures_and_another_reading_of_the_config_are_differences(
    original: Path, again: Path, tmp_path: Path
):
    config = str(load_results(original).attributes["config"])
    failures = json.dumps([{"case": 0, "name": "first", "reason": "none"}])
    path = changed(
        original,
        tmp_path,
        failures=failures,
        config=config.replace("cord_turn_deg = 0.0\n", ""),
    )
    found = rerun(path, again)
    assert not found.is_identical
    assert [one.name for one in found.attributes] == ["failures"]
    assert [(one.name, one.original) for one in found.config] == [("tissue.cord_turn_deg", "")]
    assert "config key tissue.cord_turn_deg: absent, now 0.0" in repr(found)


def test_the_folder_of_the_original_is_not_touched(original: Path):
    with pytest.raises(ResultsError, match=r"is the folder of the original.*--out"):
        rerun(original, original.parent)


def test_without_a_folder_one_is_made_by_the_hash(original: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = rerun(original)
    attributes = load_results(original).attributes
    name = f"rerun-{attributes['config_hash'][:8]}-{attributes['source_hash'][:8]}"
    assert found.results.path == Path("results") / name / RESULTS_FILE


@pytest.mark.parametrize("name", ["config", "config_hash", "failures"])
def test_a_file_without_what_is_needed_is_refused(original: Path, tmp_path: Path, name: str):
    path = changed(original, tmp_path, **{name: None})
    with pytest.raises(ResultsError, match=rf"lacks the attribute {name}, .* scsim run wrote"):
        rerun(path, tmp_path / "second")


def test_a_config_that_this_version_cannot_read_is_refused(original: Path, tmp_path: Path):
    path = changed(original, tmp_path, config="title = 3", scsim_version="0.0.1")
    with pytest.raises(
        ResultsError, match=r"(?s)cannot read its config, which scsim 0\.0\.1 wrote"
    ):
        rerun(path, tmp_path / "second")
    assert not (tmp_path / "second").exists()


# The command.


def test_the_command_says_identical_and_leaves_with_0(original: Path, again: Path, capsys):
    assert main(["rerun", str(original), "--out", str(again), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("identical: every byte of results.h5 is the same, times apart")
    assert captured.err == ""


def test_the_command_says_what_differs_and_leaves_with_1(
    original: Path, again: Path, tmp_path: Path, capsys
):
    path = changed(original, tmp_path, failures='[{"case": 0, "name": "a", "reason": "b"}]')
    assert main(["rerun", str(path), "--out", str(again), "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert not report["is_identical"]
    assert [one["name"] for one in report["attributes"]] == ["failures"]
    assert all(one["is_equal"] for one in report["datasets"])
    assert "an earlier rerun is compared again" in captured.err


def test_the_command_runs_again_when_asked_to(original: Path, again: Path, capsys):
    assert main(["rerun", str(original), "--out", str(again), "--fresh"]) == 0
    captured = capsys.readouterr()
    assert "run again in" in captured.err
    assert "fields: " in captured.err


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_the_command_leaves_with_2_for_what_is_no_results_file(
    content: bytes, tmp_path: Path, capsys
):
    path = tmp_path / "foreign.h5"
    path.write_bytes(content)
    for command in (["rerun", str(path), "--out", str(tmp_path / "out")], ["cite", str(path)]):
        assert main(command) == 2
        message = capsys.readouterr().err
        assert "foreign.h5" in message
        assert message.count("\n") == 1, "one clear error"
    assert not (tmp_path / "out").exists()
    assert main(["rerun", str(tmp_path / "none.h5")]) == 2
    assert "there is no such results file" in capsys.readouterr().err


def test_damage_is_found_before_anything_runs(original: Path, tmp_path: Path, capsys):
    damaged = bytearray(original.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.h5").write_bytes(damaged)
    assert main(["rerun", str(tmp_path / "damaged.h5"), "--out", str(tmp_path / "out")]) == 2
    assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_times_are_all_that_a_second_run_may_change():
    """`TIME_ATTRIBUTES` are attributes of every file, and the only ones of a description that differ."""
    study = small_study()
    one = provenance.describe(study, {"field": 1.0}, {"field": 1.0})
    two = provenance.describe(replace(study), {"field": 2.0}, {"field": 3.0})
    assert {name for name in one if one[name] != two[name]} <= set(TIME_ATTRIBUTES)
