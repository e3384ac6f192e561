"""Starting scsim is fast, and importing it pulls in nothing heavy."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HELP_LIMIT_S = 0.15
"""CPU seconds of ``scsim --help`` (design: `to reach`)."""

REPEATS = 5
HEAVY = ("numba", "llvmlite", "matplotlib", "scipy", "h5py", "pydantic", "numpy", "rich")


def _environment(cache: Path) -> dict[str, str]:
    """Byte code may be written, as in an installation, but into a folder of this test."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(cache)}


def _cpu_seconds(arguments: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_help_starts_within_its_limit(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    _cpu_seconds(["-m", "scsim", "--help"], environment)
    best = min(_cpu_seconds(["-m", "scsim", "--help"], environment) for _ in range(REPEATS))
    assert best <= HELP_LIMIT_S


@pytest.mark.parametrize("statement", ["import scsim", "import scsim.cli.main"])
def test_importing_pulls_in_nothing_heavy(statement: str) -> None:
    assert not _modules_after(statement) & set(HEAVY)


def test_parsing_a_command_line_pulls_in_nothing_heavy() -> None:
    parse = "from scsim.cli.main import make_parser; make_parser().parse_args(['run', 'x.toml'])"
    assert not _modules_after(parse) & set(HEAVY)


def test_errors_are_public_without_anything_heavy() -> None:
    assert not _modules_after("import scsim; scsim.ConfigError; scsim.Status") & set(HEAVY)
