"""A batch file that is cut, emptied, changed or another's is computed again, and the results are the same."""

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from scsim.errors import ResultsError
from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import batch_stamps, run_scsim
from tests.faults.studies import BRIEF


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    execute(parse_study(BRIEF), folder)
    return folder


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a finished study whose batches hold other numbers."""
    folder = tmp_path_factory.mktemp("another")
    execute(parse_study(BRIEF, overrides=["seed=8", "stimulus.pulse_width_us=210"]), folder)
    return folder


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """Give the finished batches without the results that came from them."""
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    (folder / "results.h5").unlink()
    return folder


def _batches(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "batches").rglob("*.h5"))


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in random.Random(5).sample(range(len(content)), 20):
        content[place] ^= 0xFF
    path.write_bytes(content)


DAMAGES: Final[dict[str, Callable[[Path], object]]] = {
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: path.write_bytes(b""),
    "flipped": _flip,
    "without its last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0" * 4096),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a text": lambda path: path.write_text("mine\n", encoding="utf-8"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_batches_are_computed_again(damage: str, out: Path, finished: Path) -> None:
    before = batch_stamps(out)
    n_batches = len(before)
    spoiled = _batches(out)[::2]
    for path in spoiled:
        DAMAGES[damage](path)
    report = execute(parse_study(BRIEF), out).report
    assert sum(count.n_loaded for count in report.stages) > 0
    assert not differences(finished / "results.h5", out / "results.h5")
    after = batch_stamps(out)
    assert len(after) == n_batches
    for name, (_, _, digest) in after.items():
        assert digest == before[name][2], name
        assert (after[name] == before[name]) == (name not in {path.name for path in spoiled})
    log = (out / "log.txt").read_text(encoding="utf-8")
    for path in spoiled:
        assert f"{path.name} is damaged" in log


def test_a_batch_of_another_study_under_the_name_of_ours_is_not_taken(
    out: Path, another: Path, finished: Path
) -> None:
    for mine in _batches(out):
        stage = mine.name.split("-")[0]
        theirs = next(path for path in _batches(another) if path.name.startswith(stage))
        assert theirs.name != mine.name
        mine.write_bytes(theirs.read_bytes())
    report = execute(parse_study(BRIEF), out).report
    assert report["thresholds"].n_loaded == 0
    assert not differences(finished / "results.h5", out / "results.h5")


def test_batches_of_another_study_beside_ours_are_left_alone(
    out: Path, another: Path, finished: Path
) -> None:
    for theirs in _batches(another):
        shutil.copy2(theirs, out / "batches" / theirs.name)
    before = batch_stamps(out)
    report = execute(parse_study(BRIEF), out).report
    assert (
        sum(count.n_computed for count in report.stages if count.name in {"thresholds", "circuit"})
        == 0
    )
    assert batch_stamps(out) == before
    assert not differences(finished / "results.h5", out / "results.h5")


def test_batches_that_swap_their_names_are_not_taken(out: Path, finished: Path) -> None:
    one, other, *_ = (path for path in _batches(out) if path.name.startswith("thresholds"))
    mine, theirs = one.read_bytes(), other.read_bytes()
    one.write_bytes(theirs)
    other.write_bytes(mine)
    execute(parse_study(BRIEF), out)
    assert not differences(finished / "results.h5", out / "results.h5")
    assert (one.read_bytes(), other.read_bytes()) == (mine, theirs)


def test_a_batch_that_has_become_a_folder_stops_the_run_in_words(out: Path, finished: Path) -> None:
    path = _batches(out)[0]
    path.unlink()
    path.mkdir()
    (path / "mine.txt").write_bytes(b"mine")
    with pytest.raises(ResultsError, match=rf"{path.name}.*(is a directory|Is a directory)"):
        execute(parse_study(BRIEF), out)
    assert (path / "mine.txt").read_bytes() == b"mine"
    shutil.rmtree(path)
    execute(parse_study(BRIEF), out)
    assert not differences(finished / "results.h5", out / "results.h5")


@pytest.mark.skipif(sys.platform == "win32", reason="links need permission there")
def test_a_batch_that_is_a_link_to_nothing_is_computed_again(out: Path, finished: Path) -> None:
    for path in _batches(out):
        path.unlink()
        path.symlink_to("nowhere")
    execute(parse_study(BRIEF), out)
    assert not differences(finished / "results.h5", out / "results.h5")


@pytest.mark.long
def test_a_process_repairs_a_damaged_folder_in_silence(out: Path, finished: Path) -> None:
    for path, damage in zip(_batches(out), ("cut in half", "emptied", "flipped"), strict=False):
        DAMAGES[damage](path)
    (out / "results.h5").write_bytes(b"")
    (out.parent / "study.toml").write_text(BRIEF, encoding="utf-8")
    ended = run_scsim("run", "study.toml", "--out", out, folder=out.parent)
    assert ended.code == 0, ended.err
    assert not differences(finished / "results.h5", out / "results.h5")
