"""Every file in ``configs/``, every template and every file in ``examples/`` works as it stands."""

import json
import re
import shutil
import sys
import tomllib
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

import scsim

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "src" / "scsim" / "data" / "templates").glob("*.toml"))
CONFIGS = [*sorted((ROOT / "configs").glob("**/*.toml")), *TEMPLATES]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def name_of(path: Path) -> str:
    return path.stem


def scsim_command(*arguments: str, folder: Path) -> CompletedProcess[str]:
    command = [sys.executable, "-m", "scsim", *arguments]
    return run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_there_are_configs_and_examples() -> None:
    assert "quickstart" in {path.stem for path in CONFIGS}
    assert {"amplitude_rate_map", "strength_duration"} <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_loads(path: Path) -> None:
    study = scsim.load(path)
    assert study.title
    assert len(study.cases) >= 1


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_checks_and_writes_nothing(path: Path, tmp_path: Path) -> None:
    outcome = scsim_command("check", str(path), "--json", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_is_a_teaching_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    n_comments = sum(1 for line in text.splitlines() if "#" in line)
    assert n_comments >= 0.25 * len([line for line in text.splitlines() if line.strip()])
    assert tomllib.loads(text)["title"]


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_example_runs_prints_numbers_and_saves_one_figure(path: Path, tmp_path: Path) -> None:
    # The examples reach for ../configs, so they run in a copy of both folders.
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    folder = tmp_path / "examples"
    folder.mkdir()
    script = folder / path.name
    shutil.copyfile(path, script)
    own_table = path.with_suffix(".toml")
    if own_table.exists():
        shutil.copyfile(own_table, script.with_suffix(".toml"))
    outcome = run(
        [sys.executable, "-W", "error", script.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert re.search(r"\d", outcome.stdout)
    pictures = [found for found in tmp_path.rglob("*") if found.suffix in {".png", ".svg", ".pdf"}]
    assert len(pictures) == 1
    assert pictures[0].stat().st_size > 10_000
