"""A flipped bit in a batch or in the results never gives a hang, a traceback or a wrong number."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from scsim.cli.main import main
from scsim.errors import ResultsError
from scsim.formats.hdf5 import read_arrays
from scsim.results.store import load_results
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
    assert answer.stderr.count("\n") == 1
    before = set(study.parent.rglob("*"))
    for _ in range(50):
        _flip(path, chance, content)
        assert main([command, str(path)]) == 2
        assert f"scsim: {path} is damaged" in capsys.readouterr().err
    assert set(study.parent.rglob("*")) == before
