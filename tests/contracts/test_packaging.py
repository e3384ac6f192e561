"""The lock, the version, the commands of the Makefile and the jobs of the CI agree with each other."""

import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import scsim

INDEX_ADDRESS = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|pypi\.org|pythonhosted|/simple\b"
)
NOT_OURS = {
    ".venv",
    ".venv-validation",
    ".git",
    "results",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
}


LOCKS = {"dev.txt": {"xarray", "dask", "io", "test", "dev"}, "validation.txt": {"validation"}}


def project(repository: Path) -> dict[str, object]:
    content = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    table = content["project"]
    assert isinstance(table, dict)
    return table


def lock_of(repository: Path, name: str = "dev.txt") -> dict[str, list[tuple[Requirement, int]]]:
    """Give each locked project's pins, and how many hashes each has."""
    text = (repository / "requirements" / name).read_text(encoding="utf-8")
    pins: dict[str, list[tuple[Requirement, int]]] = {}
    for block in text.replace("\\\n", " ").splitlines():
        if block.strip() and not block.startswith("#"):
            head, *hashes = block.split("--hash=sha256:")
            requirement = Requirement(head.strip())
            pins.setdefault(canonicalize_name(requirement.name), []).append(
                (requirement, len(hashes))
            )
    return pins


def declared(repository: Path, chosen: set[str] | None = None) -> list[Requirement]:
    """Give what the project declares: with some extras, or with all."""
    table = project(repository)
    extras = table["optional-dependencies"]
    dependencies = table["dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(dependencies, list)
    content = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    texts = [*dependencies, *content["build-system"]["requires"]]
    for name, requirements in extras.items():
        if chosen is None or name in chosen:
            texts.extend(requirements)
    return [Requirement(text) for text in texts]


def test_every_extra_is_locked_somewhere(repository: Path) -> None:
    extras = project(repository)["optional-dependencies"]
    assert isinstance(extras, dict)
    assert set.union(*LOCKS.values()) == set(extras)


def test_both_locks_hold_the_same_versions(repository: Path) -> None:
    """Else speeds beside other software would be those of another numpy or numba."""
    first, second = lock_of(repository), lock_of(repository, "validation.txt")
    shared = first.keys() & second.keys()
    assert {"numpy", "numba", "llvmlite", "scipy"} <= shared
    for name in shared:
        assert {str(pin) for pin, _ in first[name]} == {str(pin) for pin, _ in second[name]}, name


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_one_version_with_hashes(repository: Path, lock: str) -> None:
    pins = lock_of(repository, lock)
    assert len(pins) > len(declared(repository, LOCKS[lock])) / 2
    for name, entries in pins.items():
        for requirement, n_hashes in entries:
            assert [part.operator for part in requirement.specifier] == ["=="], name
            assert n_hashes > 0, name
            assert requirement.url is None, name


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_lock_holds_every_declared_dependency_for_every_python(
    repository: Path, python: str, lock: str
) -> None:
    pins = lock_of(repository, lock)
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    for wanted in declared(repository, LOCKS[lock]):
        name = canonicalize_name(wanted.name)
        assert name in pins, f"{name} is not in the lock: run `make lock`"
        locked = [
            next(iter(requirement.specifier)).version
            for requirement, _ in pins[name]
            if requirement.marker is None or requirement.marker.evaluate(environment)
        ]
        assert len(locked) == 1, f"{name} on Python {python}: {locked}"
        assert wanted.specifier.contains(locked[0]), f"{wanted} is locked at {locked[0]}"


def test_the_installed_environment_is_the_locked_one(repository: Path) -> None:
    for name, entries in lock_of(repository).items():
        for requirement, _ in entries:
            if requirement.marker is None or requirement.marker.evaluate():
                locked = next(iter(requirement.specifier)).version
                assert version(name) == locked, f"{name}: run `make test`, which renews .venv"


def own_files(repository: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(repository):
        subfolders[:] = sorted(set(subfolders) - NOT_OURS)
        yield from (Path(folder) / name for name in sorted(names))


def test_no_file_names_an_index_address(repository: Path) -> None:
    found = []
    for path in own_files(repository):
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path}: {match}" for match in INDEX_ADDRESS.findall(text)]
    assert found == []


def test_no_text_installs_a_stranger(repository: Path) -> None:
    """Another project has the name scsim on the package index, and extras that name it fetch that one."""
    assert all(canonicalize_name(wanted.name) != "scsim" for wanted in declared(repository))
    for path in (
        *repository.glob("*.md"),
        *repository.glob("docs/**/*.md"),
        repository / "Makefile",
    ):
        assert not re.search(
            r"pip install\s+(?:-\S+\s+)*scsim", path.read_text(encoding="utf-8")
        ), path


def test_the_version_is_written_once(repository: Path) -> None:
    written = project(repository)["version"]
    assert isinstance(written, str)
    assert scsim.__version__ == version("scsim") == written
    for path in (*(repository / "src").rglob("*.py"), repository / "CITATION.cff"):
        assert written not in path.read_text(encoding="utf-8"), f"{path} repeats the version"


def test_pins_at_run_time_are_lower_bounds_only(repository: Path) -> None:
    for wanted in declared(repository):
        assert [part.operator for part in wanted.specifier] == [">="], str(wanted)


def test_ci_runs_every_supported_python(repository: Path) -> None:
    classifiers = project(repository)["classifiers"]
    assert isinstance(classifiers, list)
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))
    workflow = (repository / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix is not None
    assert re.findall(r"3\.\d+", matrix[1]) == supported
    assert project(repository)["requires-python"] == f">={supported[0]}"


def test_readme_and_ci_name_commands_that_exist(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"run", "test", "lint", "bench", "bench-peers", "lock", "clean"} <= targets
    command = re.compile(r"^\s*(?:\$ |- run: |run: |`)?make (?:-C \S+ )?([a-z-]+)", re.MULTILINE)
    for name in ("README.md", "CONTRIBUTING.md", ".ci/run", ".github/workflows/ci.yml"):
        named = set(command.findall((repository / name).read_text(encoding="utf-8")))
        assert named, name
        assert named <= targets, name
    assert "make test" in (repository / ".ci" / "run").read_text(encoding="utf-8")


def test_ci_script_can_be_run(repository: Path) -> None:
    assert (repository / ".ci" / "run").stat().st_mode & 0o111
