"""A clock that was set back, or files from the future, change no number and lose no batch."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import Started, batch_stamps, confirm_manners
from tests.faults.studies import BRIEF

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the processes of POSIX")

TEN_YEARS_S: Final = 10 * 365.25 * 86400

SET_BACK: Final = """
import time as _time

def _shifted(clock, scale):
    return lambda: clock() - type(clock())({shift_s} * scale)

_time.time = _shifted(_time.time, 1)
_time.time_ns = _shifted(_time.time_ns, 10**9)
"""

RUNS_BACK: Final = """
import itertools as _itertools, time as _time
_ticks = _itertools.count()
_start = _time.time()
_time.time = lambda: _start - 60.0 * next(_ticks)
_time.time_ns = lambda: int(_time.time() * 1e9)
"""
"""A clock that goes back by a minute whenever it is asked."""

CLOCKS: Final = {
    "ten years back": SET_BACK.format(shift_s=TEN_YEARS_S),
    "before 1970": SET_BACK.format(shift_s=6 * TEN_YEARS_S),
    "backward": RUNS_BACK,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    execute(parse_study(BRIEF), folder)
    return folder


def _date(folder: Path, shift_s: float) -> None:
    """Change the times of all files of a folder."""
    for path in folder.rglob("*"):
        time_s = path.stat().st_mtime + shift_s
        os.utime(path, (time_s, time_s))


@pytest.mark.parametrize(
    "clock",
    ["ten years back", *(pytest.param(name, marks=pytest.mark.long) for name in list(CLOCKS)[1:])],
)
def test_a_clock_that_was_set_back_changes_nothing(
    clock: str, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(BRIEF, encoding="utf-8")
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    (out / "results.h5").unlink()
    lost = min((out / "batches").glob("thresholds-*.h5"))
    lost.unlink()
    _date(out, TEN_YEARS_S)
    before = batch_stamps(out)
    for is_first in (True, False):
        with Started(
            ["run", "study.toml", "--out", "out"], tmp_path, on_start=CLOCKS[clock]
        ) as run:
            ended = run.end()
        confirm_manners(ended)
        assert ended.code == 0, ended.err
        assert is_first == ("nothing left to do" not in ended.out)
    after = batch_stamps(out)
    assert {name: after[name] for name in before} == before
    assert set(after) == {*before, lost.name}
    assert not differences(finished / "results.h5", out / "results.h5")
    assert not list(out.rglob("*.partial"))


def test_files_from_the_past_and_the_future_are_taken_as_they_are(
    finished: Path, tmp_path: Path
) -> None:
    for shift_s in (TEN_YEARS_S, -2 * TEN_YEARS_S):
        out = tmp_path / f"out{shift_s}"
        shutil.copytree(finished, out)
        (out / "results.h5").unlink()
        _date(out, shift_s)
        before = batch_stamps(out)
        execute(parse_study(BRIEF), out)
        assert batch_stamps(out) == before
        assert not differences(finished / "results.h5", out / "results.h5")
