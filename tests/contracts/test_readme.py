"""What the README shows works: its config, its Python, its numbers, its pictures and its links."""

import re
import sys
from pathlib import Path
from subprocess import run

import pytest

import scsim

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_blocks_are_found() -> None:
    assert len(blocks("toml")) == 2
    assert len(blocks("python")) == 1


def test_first_config_loads(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(blocks("toml")[0], encoding="utf-8")
    assert len(scsim.load(path).cases) == 48


def test_the_dorsal_horn_goes_into_the_first_config(tmp_path: Path) -> None:
    first, horn = blocks("toml")
    path = tmp_path / "horn.toml"
    whole = first.partition("[output]")[0].replace("n_fibers = 60", "n_fibers = 200") + horn
    path.write_text(whole, encoding="utf-8")
    study = scsim.load(path)
    assert len(study.cases) == 48 * 4 * 2 * 3


@pytest.mark.slow
def test_first_config_runs(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(blocks("toml")[0], encoding="utf-8")
    results = scsim.run(scsim.load(path))
    assert results.dims("recruited_share_all") == ("csf_thickness_mm", "amplitude_ma")


def test_first_python_prints_what_the_readme_says(tmp_path: Path) -> None:
    (source,) = blocks("python")
    outcome = run(
        [sys.executable, "-W", "error", "-c", source],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    shown = README.partition(source)[2].partition("```\n\n```\n")[2].partition("```")[0]
    number = re.compile(r"\d+(?:\.\d+)?")
    expected = [float(text) for text in number.findall(shown)]
    printed = [float(text) for text in number.findall(outcome.stdout)]
    assert len(expected) == 12
    # Rounded to 0.01 mA, from brackets of 0.1 %.
    assert printed == pytest.approx(expected, rel=2e-3, abs=0.0101)
    assert number.sub("#", outcome.stdout).split() == number.sub("#", shown).split()


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) >= 2
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_picture_says_what_it_shows() -> None:
    assert all(text.strip() for text in re.findall(r"!\[([^\]]*)\]", README))


def test_named_commands_exist() -> None:
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`scsim ([a-z]+)[^`]*`", prose))
    named |= set(re.findall(r"^\.venv/bin/scsim (\w+)", README, re.MULTILINE))
    assert {"run", "check", "show", "validate", "cite"} <= named
    for name in named:
        outcome = run(
            [sys.executable, "-m", "scsim", name, "--help"], capture_output=True, check=False
        )
        assert outcome.returncode == 0, name


def test_named_files_exist() -> None:
    named = set(re.findall(r"`((?:src|configs|examples|benchmarks|tests|docs)/[\w./-]*)`", README))
    named |= {"CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md"}
    assert [name for name in named if not (ROOT / name).exists()] == []
