"""Every file in ``configs/``, every template and every file in ``examples/`` works as it stands."""

import json
import re
import shutil
import sys
import tomllib
from pathlib import Path
from subprocess import run

import pytest

import scsim
from benchmarks.gallery import CONFIGS as CONFIG_FOLDER
from benchmarks.gallery import JSON, PAGE, PICTURES, figure_of, header_of, lay_out
from benchmarks.gallery_numbers import NUMBERS
from scsim.cli.main import main
from scsim.cli.new import template_text
from scsim.plots.pictures import STANDARD_PICTURES
from scsim.study.config import SECTIONS
from scsim.study.reading.keys import field_types

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "src" / "scsim" / "data" / "templates").glob("*.toml"))
CONFIGS = [*sorted((ROOT / "configs").glob("**/*.toml")), *TEMPLATES]
STUDIES = sorted(CONFIG_FOLDER.glob("*.toml"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def test_there_are_configs_and_examples() -> None:
    assert "quickstart" in {path.stem for path in CONFIGS}
    assert {"amplitude_rate_map", "strength_duration"} <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_loads(path: Path) -> None:
    study = scsim.load(path)
    assert study.title
    assert len(study.cases) >= 1


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_checks_and_writes_nothing(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_config_is_a_teaching_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    n_comments = sum(1 for line in text.splitlines() if "#" in line)
    assert n_comments >= 0.25 * len([line for line in text.splitlines() if line.strip()])
    assert tomllib.loads(text)["title"]


@pytest.mark.parametrize("path", STUDIES, ids=name_of)
def test_config_has_a_header_a_figure_and_a_small_setting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = header_of(text)
    for part in ("What happens:", "What to look at:", "What it shows in this model:", "Limits:"):
        assert part in header, part
    assert figure_of(text) in STANDARD_PICTURES
    small = scsim.load(path, presets=("small",))
    assert len(small.cases) <= 32
    assert max(len(line) for line in text.splitlines()) <= 140


def test_there_are_many_unlike_studies() -> None:
    assert len(STUDIES) >= 10
    assert len({figure_of(path.read_text(encoding="utf-8")) for path in STUDIES}) >= 7


def test_the_gallery_is_what_the_configs_say_and_the_program_measured() -> None:
    measured = json.loads(JSON.read_text(encoding="utf-8"))
    assert measured.keys() == {path.stem for path in STUDIES} == NUMBERS.keys()
    assert PAGE.read_text(encoding="utf-8") == lay_out(measured), "run make gallery ARGS=--page"
    for path in STUDIES:
        picture = PICTURES / f"{path.stem}.png"
        assert 5_000 < picture.stat().st_size < 250_000


def test_every_key_stands_with_a_comment_in_a_starter_config() -> None:
    """Keys written or commented out count; the montage names contacts, which are the lead's own."""
    found: dict[str, set[str]] = {}
    for path in TEMPLATES:
        table = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if head := re.match(r"\[(\w+)\]", line):
                table = head[1]
            elif key := re.match(r"(?:# )?(\w+)\s*=[^=].*#", line):
                found.setdefault(table, set()).add(key[1])
    missing = {
        f"{table}.{key}"
        for table, section in SECTIONS.items()
        if table not in {"montage", "output"}
        for key in field_types(section)
        if key
        not in found.get(table, set())
        | (found.get("states", set()) if table == "states" else set())
    }
    assert missing == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_starter_config_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    first = template_text(path.stem).partition("\n")[0]
    assert re.match(r"# [A-Z][\w -]+: \w", first), first


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
