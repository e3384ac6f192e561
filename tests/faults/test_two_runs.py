"""Several runs of one study in one folder: all end well, and the results are those of one run alone."""

import os
import sys
from pathlib import Path

import pytest

from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import Started, batch_stamps, confirm_manners
from tests.faults.studies import BRIEF

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the processes of POSIX")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    execute(parse_study(BRIEF), folder)
    return folder


def _start(folder: Path, *options: str) -> Started:
    return Started(["run", "study.toml", "--out", "out", "--workers", "1", *options], folder)


@pytest.mark.parametrize("n_runs", [2, pytest.param(3, marks=pytest.mark.long)])
def test_runs_at_once_give_the_results_of_one(
    tmp_path: Path, undisturbed: Path, n_runs: int
) -> None:
    (tmp_path / "study.toml").write_text(BRIEF, encoding="utf-8")
    with _start(tmp_path) as first, _start(tmp_path) as second, _start(tmp_path) as third:
        runs = [first, second, third][:n_runs]
        for ended in [run.end() for run in runs]:
            confirm_manners(ended)
            assert ended.code == 0, ended.err
    assert not differences(undisturbed / "results.h5", tmp_path / "out" / "results.h5")
    assert set(batch_stamps(tmp_path / "out")) == set(batch_stamps(undisturbed))
    assert not list((tmp_path / "out").rglob("*.partial"))


@pytest.mark.long
@pytest.mark.parametrize("moment", range(6))
def test_a_run_that_starts_over_beside_another_leaves_whole_results(
    tmp_path: Path, undisturbed: Path, moment: int
) -> None:
    """What `--fresh` deletes below another run is computed again by one of them, or said to be gone."""
    (tmp_path / "study.toml").write_text(BRIEF, encoding="utf-8")
    with _start(tmp_path) as first:
        seen = os.times().elapsed + 0.4 * moment
        first.wait_until(lambda: os.times().elapsed > seen)
        with _start(tmp_path, "--fresh") as second:
            ends = [first.end(), second.end()]
    for ended in ends:
        confirm_manners(ended)
        assert ended.code in {0, 2}, ended.err
    assert ends[1].code == 0, ends[1].err
    assert not differences(undisturbed / "results.h5", tmp_path / "out" / "results.h5")


@pytest.mark.long
def test_a_run_of_another_study_is_refused_while_the_first_goes_on(
    tmp_path: Path, undisturbed: Path
) -> None:
    (tmp_path / "study.toml").write_text(BRIEF, encoding="utf-8")
    with _start(tmp_path) as first:
        assert first.wait_until((tmp_path / "out" / "study.json").exists)
        with _start(tmp_path, "--set", "seed=8") as second:
            refused = second.end()
        ended = first.end()
    assert refused.code == 2
    assert "holds another study" in refused.err
    assert ended.code == 0
    assert not differences(undisturbed / "results.h5", tmp_path / "out" / "results.h5")
