"""A folder belongs to one study and one program; only what scsim wrote is ever deleted."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable, temporary_beside
from scsim.plots.pictures import _PICTURES as PICTURES_DRAWN
from scsim.plots.pictures import PICTURE_FORMATS
from scsim.results.store import Results, save_results
from scsim.study.execution import folder as folder_module
from scsim.study.execution import identity as identity_module
from scsim.study.execution.claims import Claims
from scsim.study.execution.folder import (
    PICTURES,
    confirm_folder,
    finished_units,
    logging_to,
    open_folder,
)
from scsim.study.provenance import identify, versions
from scsim.study.run import execute
from tests.study.small_study import small_study

STUDY = small_study()


def _finish(folder: Path, **changes: str) -> None:
    status = make_variable("status", (), np.array(0, np.int8), {"units": "1"})
    attributes = {**identify(STUDY), "failures": "[]", **changes}
    save_results(Results({"status": status}, attributes), folder / "results.h5")


def test_a_new_folder_is_claimed_and_taken_up_again(tmp_path: Path):
    folder = tmp_path / "a" / "b"
    assert open_folder(folder, STUDY) is None
    assert json.loads((folder / "study.json").read_text())["title"] == "A small study"
    assert open_folder(folder, STUDY) is None


def test_finished_results_are_given_back(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path)
    results = open_folder(tmp_path, STUDY)
    assert results is not None
    assert results.path == tmp_path / "results.h5"


def test_what_a_killed_run_left_in_a_finished_folder_is_cleared_away(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with Claims(tmp_path) as dead:
        dead.take("circuit-00000-aaaaaaaaaaaa")
        run = tmp_path / "claims" / f"run-{dead.name}.json"
        run.write_text(json.dumps({**json.loads(run.read_text()), "pid": gone.pid}))
        picture = temporary_beside(tmp_path / "recruitment.png")
        picture = picture.with_name(picture.name.replace(f".{os.getpid()}.", f".{gone.pid}."))
        picture.write_text("half a picture")
        assert open_folder(tmp_path, STUDY) is not None
    assert {path.name for path in tmp_path.iterdir()} == {"batches", "results.h5", "study.json"}


@pytest.mark.parametrize(
    "changes",
    [
        {"failures": '[{"case": 0, "name": "a", "reason": "no memory"}]'},
        {"recovered": "2 datasets are lost"},
    ],
    ids=["failures", "recovered"],
)
def test_results_with_failures_or_gaps_are_not_finished(tmp_path: Path, changes):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path, **changes)
    assert open_folder(tmp_path, STUDY) is None


def test_fresh_leaves_files_of_others_among_the_batches_and_goes_on(tmp_path: Path):
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "measured.h5").write_text("mine")
    assert open_folder(tmp_path, STUDY, fresh=True) is None
    assert (tmp_path / "batches" / "measured.h5").read_text() == "mine"


def test_results_of_another_config_in_the_right_folder_are_not_finished(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path, config_hash="0" * 64)
    assert open_folder(tmp_path, STUDY) is None


def test_damaged_results_are_written_again(tmp_path: Path, caplog):
    open_folder(tmp_path, STUDY)
    (tmp_path / "results.h5").write_bytes(b"damage")
    assert open_folder(tmp_path, STUDY) is None
    assert "results.h5 is damaged or out of date: it is written again" in caplog.text


def test_asking_for_finished_results_changes_nothing(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path)
    (tmp_path / "batches").rmdir()
    assert open_folder(tmp_path, STUDY) is not None
    assert not (tmp_path / "batches").exists()


def test_another_study_is_refused_with_both_remedies(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    with pytest.raises(ResultsError, match=r"holds another study, 'A small study'.*--out.*--fresh"):
        open_folder(tmp_path, small_study("seed=8"))


def test_another_study_of_another_program_is_told_as_both(tmp_path: Path, monkeypatch):
    open_folder(tmp_path, STUDY)
    monkeypatch.setattr(
        identity_module, "identify", lambda study: {**identify(study), "source_hash": "0" * 64}
    )
    with pytest.raises(
        ResultsError, match=r"another study.*seed: 7, now 8\), computed by another version of"
    ):
        open_folder(tmp_path, small_study("seed=8"))


def test_another_program_is_refused_with_both_remedies(tmp_path: Path, monkeypatch):
    open_folder(tmp_path, STUDY)
    monkeypatch.setattr(
        identity_module, "identify", lambda study: {**identify(study), "source_hash": "0" * 64}
    )
    with pytest.raises(ResultsError, match=r"another version of scsim \(source .*0{12}.*--fresh"):
        open_folder(tmp_path, STUDY)


def test_a_refusal_names_the_keys_that_changed_and_all_remedies(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    changed = small_study("stimulus.pulse_width_us=210", "fibers.n_fibers=24")
    with pytest.raises(
        ResultsError,
        match=r"stimulus.pulse_width_us: 200.0, now 210.0; fibers.n_fibers: 20, now 24\).*--out.*--continue.*--fresh",
    ):
        open_folder(tmp_path, changed)
    assert open_folder(tmp_path, changed, keep=True) is None
    with pytest.raises(ResultsError, match=r"stimulus.pulse_width_us: 210.0, now 200.0"):
        open_folder(tmp_path, STUDY)


def test_other_versions_of_libraries_are_named(tmp_path: Path, monkeypatch):
    open_folder(tmp_path, STUDY)
    monkeypatch.setattr(
        identity_module, "versions", lambda: {**versions(), "numpy": "9.9.9", "h5py": "9.9.9"}
    )
    with pytest.raises(
        ResultsError,
        match=r"other versions of libraries \(numpy [\d.]+, now 9.9.9\), so.*last bits.*--continue",
    ):
        open_folder(tmp_path, STUDY)
    assert open_folder(tmp_path, STUDY, keep=True) is None
    assert open_folder(tmp_path, STUDY) is None


def test_a_run_on_another_processor_says_that_last_bits_may_differ(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    open_folder(tmp_path, STUDY)  # on the same one it says nothing
    path = tmp_path / "study.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "cpu_target": "z80"}, indent=2))
    with pytest.warns(UserWarning, match=r"holds was computed on z80, the rest on .*last bits"):
        assert open_folder(tmp_path, STUDY) is None


@pytest.mark.parametrize("name", ["results.h5", "log.txt"])
def test_fresh_does_not_delete_files_of_others(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ResultsError, match=rf"{name} was not written by scsim.*--out"):
        open_folder(tmp_path, STUDY, fresh=True)
    assert (tmp_path / name).read_text() == "mine"


def test_finished_units_are_counted_for_their_study_alone(tmp_path: Path):
    assert finished_units(tmp_path / "none", STUDY) == {}
    execute(STUDY, tmp_path)
    assert finished_units(tmp_path, STUDY) == {"thresholds": 2, "circuit": 10}
    assert finished_units(tmp_path, small_study("seed=8")) == {}
    next((tmp_path / "batches").glob("thresholds-00001-*.h5")).unlink()
    assert finished_units(tmp_path, STUDY)["thresholds"] == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_that_runs_full_is_told_once_and_at_the_end(tmp_path: Path, capsys):
    (tmp_path / "log.txt").symlink_to("/dev/full")

    def write_two_lines() -> None:
        with logging_to(tmp_path):
            logging.getLogger("scsim.study.run").info("one")
            logging.getLogger("scsim.study.run").info("two")

    with pytest.raises(
        ResultsError, match=r"log.txt cannot be written \(No space left on device\)"
    ):
        write_two_lines()
    assert capsys.readouterr().err == ""


def test_results_without_identity_are_refused(tmp_path: Path):
    _finish(tmp_path)
    with pytest.raises(ResultsError, match=r"holds results but no study.json.*--fresh"):
        open_folder(tmp_path, STUDY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "null",
        '{"title": 1}',
        '{"title": 1, "config_hash": 3, "source_hash": null}',
        '{"title": "T", "config_hash": "0", "source_hash": null}',
        '{"title": "T", "config_hash": ["0"], "source_hash": "0"}',
    ],
)
def test_a_damaged_identity_is_refused(tmp_path: Path, text: str):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(ResultsError, match=r"study.json is damaged.*--fresh"):
        open_folder(tmp_path, STUDY)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"file cannot be used \(.*\): choose a folder"):
        open_folder(tmp_path / "file", STUDY)


def test_fresh_deletes_what_scsim_wrote_and_nothing_else(tmp_path: Path):
    open_folder(tmp_path, small_study("seed=8"))
    _finish(tmp_path)
    abandoned = temporary_beside(tmp_path / "batches" / "circuit-00001-ffffffffffff.h5")
    for name in ("batches/circuit-00000-ffffffffffff.h5", "log.txt", abandoned):
        (tmp_path / name).write_text("")
    os.utime(abandoned, (0, 0))
    live = temporary_beside(tmp_path / "results.h5")
    for name in ("mine.txt", "batches/mine.csv", "batches/.x.partial", live):
        (tmp_path / name).write_text("keep")

    assert open_folder(tmp_path, STUDY, fresh=True) is None

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    kept = {"batches", "batches/mine.csv", "batches/.x.partial", "mine.txt", live.name}
    assert left == {*kept, "study.json"}
    identity = json.loads((tmp_path / "study.json").read_text())
    assert {name: identity[name] for name in identify(STUDY)} == identify(STUDY)


def test_fresh_deletes_pictures_that_scsim_drew(tmp_path: Path):
    mark = f"scsim 0.1.0, config {'0' * 64}"
    ours = ["pain_map.png", "recruitment.svg", "time_course.pdf"]
    for name in ours:
        (tmp_path / name).write_text(f"head {mark} body")
    (tmp_path / "lead_and_fibers.png").write_text("drawn by hand")
    (tmp_path / "figure_1.png").write_text(f"a copy under a name of its own: {mark}")

    open_folder(tmp_path, STUDY, fresh=True)

    assert {path.name for path in tmp_path.iterdir()} == {
        "batches",
        "figure_1.png",
        "lead_and_fibers.png",
        "study.json",
    }


def test_the_names_of_pictures_are_those_that_are_drawn():
    assert set(PICTURES) == set(PICTURES_DRAWN)
    assert {f".{one}" for one in PICTURE_FORMATS} == set(folder_module._PICTURE_SUFFIXES)


def test_a_folder_that_another_run_took_is_not_confirmed(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    confirm_folder(tmp_path, STUDY)
    open_folder(tmp_path, small_study("seed=8"), fresh=True)
    with pytest.raises(ResultsError, match=r"holds another study.*--out"):
        confirm_folder(tmp_path, STUDY)
    (tmp_path / "study.json").unlink()
    with pytest.raises(ResultsError, match=r"study.json is gone \(.*another run.*--out"):
        confirm_folder(tmp_path, STUDY)


def test_the_log_goes_to_the_folder_and_leaves_no_trace_in_logging(tmp_path: Path):
    logger = logging.getLogger("scsim")
    before = (logger.level, list(logger.handlers))
    with logging_to(tmp_path):
        logging.getLogger("scsim.study.run").info("hello")
    assert "INFO hello" in (tmp_path / "log.txt").read_text()
    assert (logger.level, list(logger.handlers)) == before


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "log.txt").mkdir()
    with (
        pytest.raises(ResultsError, match=r"log.txt cannot be written \(.*\): choose a folder"),
        logging_to(tmp_path),
    ):
        pass
