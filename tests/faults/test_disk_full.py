"""A disk that is full stops a run with a sentence; once there is room, it goes on from the batches that fitted."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import Ended, batch_stamps, run_scsim
from tests.faults.studies import BRIEF

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs mounts and limits of Linux")

_PAGE = 4096


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    execute(parse_study(BRIEF), folder)
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own of 64 pages, where mounting is permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={64 * _PAGE}", "scsim-test", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"mounting a disk is not permitted here ({made.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _limit_files(n_bytes: int) -> None:
    """Let no file of the next program grow beyond a size: writing then fails, as it does on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def _run(folder: Path, out: Path, limit_bytes: int | None = None) -> Ended:
    (folder / "study.toml").write_text(BRIEF, encoding="utf-8")
    return run_scsim(
        "run",
        "study.toml",
        "--out",
        out,
        "--workers",
        "1",
        folder=folder,
        before=None if limit_bytes is None else lambda: _limit_files(limit_bytes),
    )


def _stopped_well(ended: Ended, *parts: str) -> None:
    assert ended.code == 2, ended.err
    last = ended.err.splitlines()[-1]
    assert last.startswith("scsim: ")
    for part in parts:
        assert part in last


def _goes_on(out: Path, undisturbed: Path, kept: dict[str, tuple[int, int, str]]) -> None:
    """Check that a run with room completes the study, from the batches that were finished."""
    again = execute(parse_study(BRIEF), out)
    stamps = batch_stamps(out)
    assert {name: stamps.get(name) for name in kept} == kept
    if kept and not again.report.is_nothing_left:
        assert sum(count.n_loaded for count in again.report.stages) > 0
    assert not differences(undisturbed / "results.h5", out / "results.h5")
    assert not list(out.rglob("*.partial"))


@pytest.mark.parametrize(
    "n_free_pages",
    [
        pytest.param(0, id="folder", marks=pytest.mark.long),
        pytest.param(2, id="batch"),
        pytest.param(10, id="results"),
        pytest.param(40, id="picture", marks=pytest.mark.long),
    ],
)
def test_a_full_disk_stops_the_run_with_a_sentence_and_loses_nothing(
    disk: Path, tmp_path: Path, undisturbed: Path, n_free_pages: int
) -> None:
    status = os.statvfs(disk)
    (disk / "full").write_bytes(bytes((status.f_bavail - n_free_pages) * status.f_frsize))
    ended = _run(tmp_path, disk / "out")
    _stopped_well(ended, "o space left on device", str(disk / "out"))
    kept = batch_stamps(disk / "out")
    assert not list((disk / "out").rglob("*.partial"))
    if n_free_pages >= 10:
        assert kept
    (disk / "full").unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    _goes_on(disk / "out", undisturbed, kept)


@pytest.mark.parametrize(
    "limit_kb",
    [
        pytest.param(4, id="batch", marks=pytest.mark.long),
        pytest.param(20, id="results"),
        pytest.param(120, id="picture", marks=pytest.mark.long),
    ],
)
def test_a_file_that_may_not_grow_stops_the_run_with_a_sentence_and_loses_nothing(
    tmp_path: Path, undisturbed: Path, limit_kb: int
) -> None:
    out = tmp_path / "out"
    ended = _run(tmp_path, out, limit_kb * 1024)
    _stopped_well(ended, "File too large", str(out))
    kept = batch_stamps(out)
    assert not list(out.rglob("*.partial"))
    assert bool(kept) == (limit_kb >= 20)
    _goes_on(out, undisturbed, kept)


@pytest.mark.long
def test_pictures_of_finished_results_are_drawn_once_there_is_room(tmp_path: Path) -> None:
    out = tmp_path / "out"
    execute(parse_study(BRIEF), out)
    _stopped_well(_run(tmp_path, out, 120 * 1024), "File too large", ".png")
    assert not any(path.stat().st_size == 0 for path in out.glob("*.png"))
    shutil.copy(out / "results.h5", tmp_path / "before.h5")
    ended = _run(tmp_path, out)
    assert ended.code == 0, ended.err
    assert (tmp_path / "before.h5").read_bytes() == (out / "results.h5").read_bytes()
    assert len(list(out.glob("*.png"))) == ended.out.count("picture: ")
