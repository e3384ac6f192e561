"""A folder that cannot be used is refused in a sentence, with exit code 2, and what lies in it is left alone."""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scsim.cli.main import main
from scsim.errors import ResultsError
from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import Ended, files_below, run_scsim
from tests.faults.studies import BRIEF, QUICK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the permissions of Linux")

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def obey_permissions() -> None:
    """Make root obey the permissions of files from its next program on, as every other user does."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "capability cannot be given up")


BEFORE: Callable[[], None] | None = obey_permissions if os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the config and, in ``out``, its finished study."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "study.toml").write_text(QUICK, encoding="utf-8")
    assert main(["run", str(folder / "study.toml"), "--out", str(folder / "out"), "--quiet"]) == 0
    return folder


def _run(folder: Path, out: Path | str, *options: str, text: str = QUICK) -> Ended:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return run_scsim(
        "run", "study.toml", "--out", out, "--quiet", *options, folder=folder, before=BEFORE
    )


def _refused(ended: Ended, *parts: str) -> None:
    assert ended.code == 2, ended.err
    assert ended.out == ""
    for part in parts:
        assert part in ended.err
    assert ended.err.startswith("scsim: ")
    assert len(ended.err.splitlines()) == 1, ended.err


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    _refused(_run(tmp_path, "locked"), "locked", "ermission denied", "--out")
    _refused(_run(tmp_path, "locked/below"), "locked", "ermission denied", "--out")
    assert not list(locked.iterdir())


def test_a_finished_folder_that_cannot_be_written_any_more_is_only_read(
    finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished / "out", out)
    before = files_below(out)
    for path in (out, out / "batches"):
        path.chmod(0o555)
    try:
        ended = _run(tmp_path, "out")
    finally:
        for path in (out, out / "batches"):
            path.chmod(0o755)
    assert ended.code == 0, ended.err
    assert "nothing left to do" in ended.out
    assert files_below(out) == before


def test_batches_that_cannot_be_written_stop_the_run_and_it_goes_on_once_they_can(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    (out / "batches").mkdir(parents=True)
    (out / "batches").chmod(0o555)
    _refused(_run(tmp_path, "out", text=BRIEF), "batches", "ermission denied")
    assert not (out / "results.h5").exists()
    (out / "batches").chmod(0o755)
    again = execute(parse_study(BRIEF), out)
    assert again.report["thresholds"].n_computed > 0
    execute(parse_study(BRIEF), tmp_path / "undisturbed")
    assert not differences(tmp_path / "undisturbed" / "results.h5", out / "results.h5")


def test_a_path_that_is_a_file_is_refused_and_the_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine\n", encoding="utf-8")
    _refused(_run(tmp_path, "out"), "out", "--out")
    _refused(_run(tmp_path, "out", "--fresh"), "out", "--out")
    _refused(_run(tmp_path, "out/below"), "out", "--out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine\n"


def test_a_path_that_points_nowhere_or_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    _refused(_run(tmp_path, "circle"), "circle", "--out")
    _refused(_run(tmp_path, "x" * 300), "File name too long", "--out")


def test_a_folder_of_another_study_is_refused_and_kept(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "out", tmp_path / "out")
    before = files_below(tmp_path / "out")
    _refused(_run(tmp_path, "out", "--set", "seed=8"), "A small study", "--out", "--fresh")
    assert files_below(tmp_path / "out") == before


@pytest.mark.parametrize("is_fresh", [False, True], ids=["run", "fresh"])
def test_foreign_files_are_never_touched(tmp_path: Path, is_fresh: bool) -> None:
    foreign = {
        "results.csv": b"mine",
        "notes.txt": b"mine",
        ".hidden.partial": b"mine",
        "recruitment.png": b"a picture of mine",
        "batches/table.csv": b"mine",
        "batches/.data.h5.partial": b"mine",
        "batches/below/data.h5": b"mine",
        "older/results.h5": b"mine",
    }
    out = tmp_path / "out"
    for name, content in foreign.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    execute(parse_study(QUICK), out, fresh=is_fresh)
    found = files_below(out)
    assert {name: found.get(name) for name in foreign} == foreign


def test_fresh_deletes_no_file_of_batches_that_scsim_did_not_write(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "batches").mkdir(parents=True)
    (out / "batches" / "measured.h5").write_bytes(b"mine")
    execute(parse_study(QUICK), out, fresh=True)
    assert (out / "batches" / "measured.h5").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["results.h5", "log.txt"])
def test_fresh_deletes_no_file_of_another_program_that_has_the_name_of_ours(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    with pytest.raises(ResultsError, match=rf"{name}.*--out"):
        execute(parse_study(QUICK), out, fresh=True)
    assert (out / name).read_bytes() == b"mine"


def test_results_that_are_a_folder_are_refused_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "results.h5").mkdir(parents=True)
    (out / "results.h5" / "mine.txt").write_bytes(b"mine")
    _refused(_run(tmp_path, "out"), "out", "--out")
    _refused(_run(tmp_path, "out", "--fresh"), "out", "--out")
    assert (out / "results.h5" / "mine.txt").read_bytes() == b"mine"
