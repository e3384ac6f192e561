"""A folder belongs to one study and one program; only what scsim wrote is ever deleted."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.results.store import Results, save_results
from scsim.study import folder as folder_module
from scsim.study.folder import logging_to, open_folder
from scsim.study.provenance import identify
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


def test_results_of_another_config_in_the_right_folder_are_not_finished(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    _finish(tmp_path, config_hash="0" * 64)
    assert open_folder(tmp_path, STUDY) is None


def test_damaged_results_are_written_again(tmp_path: Path, caplog):
    open_folder(tmp_path, STUDY)
    (tmp_path / "results.h5").write_bytes(b"damage")
    assert open_folder(tmp_path, STUDY) is None
    assert "it is written again" in caplog.text


def test_another_study_is_refused_with_both_remedies(tmp_path: Path):
    open_folder(tmp_path, STUDY)
    with pytest.raises(ResultsError, match=r"holds another study, 'A small study'.*--out.*--fresh"):
        open_folder(tmp_path, small_study("seed=8"))


def test_another_program_is_refused_with_both_remedies(tmp_path: Path, monkeypatch):
    open_folder(tmp_path, STUDY)
    monkeypatch.setattr(
        folder_module, "identify", lambda study: {**identify(study), "source_hash": "0" * 64}
    )
    with pytest.raises(ResultsError, match=r"another version of scsim \(source .*0{12}.*--fresh"):
        open_folder(tmp_path, STUDY)


def test_results_without_identity_are_refused(tmp_path: Path):
    _finish(tmp_path)
    with pytest.raises(ResultsError, match=r"holds results but no study.json.*--fresh"):
        open_folder(tmp_path, STUDY)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"title": 1}'])
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
    for name in ("batches/circuit-00000-ffffffffffff.h5", "batches/.x.partial", "log.txt"):
        (tmp_path / name).write_text("")
    for name in ("mine.txt", "batches/mine.csv"):
        (tmp_path / name).write_text("keep")

    assert open_folder(tmp_path, STUDY, fresh=True) is None

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"batches", "batches/mine.csv", "mine.txt", "study.json"}
    assert json.loads((tmp_path / "study.json").read_text()) == identify(STUDY)


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
