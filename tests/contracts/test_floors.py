"""The floors of the house: what a room may import."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest

ALLOWED_IN_KERNELS = {"numpy", "numba"}
ALLOWED_BESIDES = {"jit.py": {"platformdirs"}}
"""The compile decorator asks where the system keeps caches."""


def imports_of(path: Path) -> Iterator[str]:
    """Give the dotted names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            yield node.module or ""


def kernel_files() -> list[Path]:
    return sorted((Path(__file__).resolve().parents[2] / "src" / "scsim" / "kernels").rglob("*.py"))


def test_import_linter_holds(repository: Path) -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    outcome = run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert " 0 broken." in outcome.stdout


@pytest.mark.parametrize("path", kernel_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_kernels_import_only_numpy_and_numba(path: Path) -> None:
    allowed = ALLOWED_IN_KERNELS | ALLOWED_BESIDES.get(path.name, set())
    for name in imports_of(path):
        top = name.partition(".")[0]
        if top == "scsim":
            assert name.startswith("scsim.kernels") or name in ("scsim.errors", "scsim.units"), name
        else:
            assert top in allowed or top in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_kernel_contract_forbids_every_other_dependency(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        requirement.partition(">=")[0].replace("-", "_")
        for requirement in settings["project"]["dependencies"]
    }
    contracts = {
        contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]
    }
    assert needed - ALLOWED_IN_KERNELS <= set(contracts["kernels"]["forbidden_modules"])


def test_every_room_is_held_to_plain_dataclasses(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {
        contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]
    }
    rooms = {
        f"scsim.{path.parent.name}" for path in (repository / "src" / "scsim").glob("*/__init__.py")
    }
    assert set(contracts["pydantic"]["source_modules"]) == rooms - {"scsim.study"}
