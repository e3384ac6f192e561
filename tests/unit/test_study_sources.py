"""A stage depends on the modules and tables that it may use: found in the text as Python itself would find them."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scsim.study import sources
from scsim.study.sources import PACKAGE, stage_source_hash, used_files
from scsim.study.stages.table import STAGES

STORED = [stage for stage in STAGES if stage.is_stored]


def _names(function) -> set[str]:
    return {path.relative_to(sources.PACKAGE).as_posix() for path in used_files(function)}


def _compute(name: str):
    return next(stage.compute for stage in STAGES if stage.name == name)


def test_thresholds_do_not_depend_on_the_circuit_nor_anything_on_plots():
    thresholds, circuit = _names(_compute("thresholds")), _names(_compute("circuit"))
    assert "kernels/search.py" in thresholds or any("search" in one for one in thresholds)
    assert not any(
        one.startswith(("circuit/", "data/circuits", "data/channels")) for one in thresholds
    )
    assert "data/fibers/mrg.toml" in thresholds
    assert any(one.startswith("data/membranes/") for one in thresholds)
    assert {"data/circuits/zhang2014.toml", "data/channels/can.toml"} <= circuit
    for stage in STORED:
        names = _names(stage.compute)
        assert not any(one.startswith(("plots/", "cli/", "validate/", "results/")) for one in names)
        assert not any(one.startswith(("data/templates", "study/execution")) for one in names)


def test_modules_that_were_loaded_by_a_computation_are_among_those_found(repository: Path):
    """The kernels of a membrane are named in a text: what Python really loads must be in the closure."""
    program = (
        "import sys, json\n"
        "from tests.study.small_study import small_study\n"
        "from scsim.study.stages.fiber_stages import warm_up_thresholds\n"
        "import scsim.study.stages.fiber_stages as f\n"
        "before = set(sys.modules); warm_up_thresholds(())\n"
        "print(json.dumps([n for n in sys.modules if n.startswith('scsim.') and n not in before]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    names = _names(_compute("thresholds"))
    missing = [
        one
        for one in loaded
        if not {f"{one[6:].replace('.', '/')}.py", f"{one[6:].replace('.', '/')}/__init__.py"}
        & names
    ]
    assert missing == []


@pytest.mark.parametrize(
    "room", ["kernels", "fibers", "circuit", "response", "stimulus", "formats"]
)
def test_the_quick_reader_finds_every_import_that_the_parser_finds(room: str):
    for path in (PACKAGE / room).rglob("*.py"):
        quick = sources._read(path).modules
        assert _imports(path) <= quick, path


def _imports(path: Path) -> set[str]:
    """Give the modules of scsim that a file imports, by Python's own parser."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scsim"):
            assert node.level == 0
            found |= {str(node.module), *(f"{node.module}.{one.name}" for one in node.names)}
        waiting.extend(ast.iter_child_nodes(node))
    return {one for one in found if one in sources._module_files()}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch):
    """Give a copy of the program, and a function that hashes a stage of it."""
    package = tmp_path / "scsim"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "PACKAGE", package)
    cached = (sources._module_files, sources._data_folders, sources._read, stage_source_hash)

    def hash_of(name: str) -> str:
        for one in cached:
            one.cache_clear()
        return stage_source_hash(_compute(name))

    yield package, hash_of
    monkeypatch.undo()
    for one in cached:
        one.cache_clear()


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("circuit/gate.py", {"circuit"}),
        ("data/circuits/zhang2014.toml", {"circuit"}),
        ("data/membranes/mrg_node.toml", {"thresholds", "following"}),
        ("plots/raster.py", set()),
        ("cli/run.py", set()),
        ("study/execution/schedule.py", set()),
        ("fields/canal/spectral.py", set()),
        ("units.py", {"circuit", "thresholds", "following"}),
    ],
)
def test_a_change_of_a_file_changes_the_hash_of_those_that_use_it(
    copy, file: str, changed: set[str]
):
    package, hash_of = copy
    names = ("thresholds", "following", "circuit")
    before = {name: hash_of(name) for name in names}
    path = package / file
    assert path.is_file()
    path.write_text(path.read_text(encoding="utf-8") + "\n# a change\n", encoding="utf-8")
    assert {name for name in names if hash_of(name) != before[name]} == changed


def test_a_function_from_elsewhere_has_no_files():
    assert used_files(re.compile) == ()
    assert stage_source_hash(re.compile) != stage_source_hash(re.match)


def test_another_version_of_a_library_that_computes_is_another_hash(
    monkeypatch: pytest.MonkeyPatch,
):
    stage_source_hash.cache_clear()
    before = stage_source_hash(_compute("thresholds"))
    version = sources.metadata.version
    for library in ("numba", "numpy", "scipy"):
        stage_source_hash.cache_clear()
        changed = {library: "0.0"}
        monkeypatch.setattr(
            sources.metadata, "version", lambda name, of=changed: of.get(name) or version(name)
        )
        assert stage_source_hash(_compute("thresholds")) != before
    monkeypatch.undo()
    stage_source_hash.cache_clear()
    assert stage_source_hash(_compute("thresholds")) == before
