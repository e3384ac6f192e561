"""What the README shows works: its config, its Python, its numbers, its pictures and its links."""

import re
import shlex
import sys
from pathlib import Path
from subprocess import run

import pytest

import scsim
from scsim.cli.main import make_parser
from scsim.study.execution.cluster_file import read_cluster

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_blocks_are_found() -> None:
    assert len(blocks("toml")) == 3
    assert len(blocks("python")) == 1


def test_first_config_loads(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(blocks("toml")[0], encoding="utf-8")
    assert len(scsim.load(path).cases) == 48


def test_the_dorsal_horn_goes_into_the_first_config(tmp_path: Path) -> None:
    first, _, horn = blocks("toml")
    path = tmp_path / "horn.toml"
    whole = first.partition("[output]")[0].replace("n_fibers = 60", "n_fibers = 200") + horn
    path.write_text(whole, encoding="utf-8")
    study = scsim.load(path)
    assert len(study.cases) == 48 * 4 * 2 * 3


def test_the_preset_goes_into_the_first_config(tmp_path: Path) -> None:
    first, preset, _ = blocks("toml")
    head, _, table = preset.partition("\n\n")
    path = tmp_path / "quick.toml"
    path.write_text(f"{head}\n{first}\n{table}", encoding="utf-8")
    study = scsim.load(path)
    assert len(study.cases) == 3 * 2
    assert study.cases[0].config.fibers.n_fibers == 48


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


COMMANDS = [
    (page.name, line)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for block in re.findall(
        r"^```(?:bash|sh)?\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for line in block.splitlines()
    if re.match(r"(?:\.venv/bin/)?scsim \w+", line)
]


def test_named_commands_exist() -> None:
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`scsim ([a-z]+)[^`]*`", prose))
    named |= {line.removeprefix(".venv/bin/").split()[1] for _, line in COMMANDS}
    assert {"run", "check", "show", "validate", "cite", "rerun", "recover", "summarize"} <= named
    parser = make_parser()
    for name in named:
        with pytest.raises(SystemExit) as end:
            parser.parse_args([name, "--help"])
        assert end.value.code == 0, name


@pytest.mark.parametrize(
    ("page", "line"),
    COMMANDS,
    ids=[f"{number}-{page}" for number, (page, _) in enumerate(COMMANDS)],
)
def test_commands_of_the_pages_are_understood(page: str, line: str) -> None:
    words = shlex.split(line.removeprefix(".venv/bin/"), comments=True)[1:]
    words = [word.replace("$SLURM_ARRAY_TASK_ID", "3") for word in words]
    args = make_parser().parse_args(words)
    assert args.command is not None
    config = Path(getattr(args, "config", ""))
    if config.parts[:1] == ("configs",):
        assert (ROOT / config).is_file(), page


def test_the_cluster_file_of_the_page_is_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = tmp_path / "cluster.toml"
    path.write_text(text, encoding="utf-8")
    cluster = read_cluster(path)
    assert (cluster.kind, cluster.jobs, cluster.prologue) == ("slurm", 10, ("module load python",))


def test_named_files_exist() -> None:
    named = set(re.findall(r"`((?:src|configs|examples|benchmarks|tests|docs)/[\w./-]*)`", README))
    named |= {"CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md"}
    assert [name for name in named if not (ROOT / name).exists()] == []
