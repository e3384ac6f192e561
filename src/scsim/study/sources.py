"""Which part of the program the outputs of a stage depend on, and its hash.

Found without running anything: from the imports in the source text, module by module, and from the folders of data
tables that these modules name. A change of the circuit then leaves finished thresholds as they are. The hash of the
whole program is in ``provenance.py``.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PACKAGE: Final = Path(__file__).resolve().parents[1]
_ROOT: Final = "scsim"
_DATA: Final = "data"
_LIBRARIES: Final = ("numba", "numpy", "scipy")
"""Libraries whose versions may change the last bits of a number."""

_NOT_READ: Final = frozenset({"templates"})
"""Folders of data that hold texts for users, not numbers."""

# Parsing 250 files takes half a second, reading them with these takes a tenth of it; a test compares both.
_FOR_CHECKERS: Final = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t]+.*)?\n)*", re.MULTILINE)
_FROM: Final = re.compile(
    r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE
)
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+([^\n]*)", re.MULTILINE)
_TEXT: Final = re.compile(r"""["']([A-Za-z_][\w.]*)(?=[/"'{])""")
_NAME: Final = re.compile(r"[\w.]+")


@dataclass(frozen=True)
class _Source:
    """What a module names: other modules, and folders of data tables."""

    modules: frozenset[str]
    folders: frozenset[str]


@functools.cache
def stage_source_hash(function: Callable[..., object]) -> str:
    """Hash every module and data table that a function of scsim may use, and the versions of what computes.

    Parameters
    ----------
    function : callable
        Of a module; one from elsewhere counts by its name only.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.

    Notes
    -----
    Of the function's own module only those imports count that the function reaches; of other modules all, also those
    inside functions, but not those for type checkers. A module that is named in a text, as ``importlib`` needs it,
    counts, with all that lies in its package where the end is left open. A folder of ``data/`` counts if a module
    names it, as a text of its own or at the beginning of a path.
    """
    digest = hashlib.sha256(f"{function.__module__}.{function.__name__}".encode())
    for library in _LIBRARIES:
        digest.update(f"\0{library} {metadata.version(library)}".encode())
    for path in used_files(function):
        digest.update(f"\0{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def used_files(function: Callable[..., object]) -> tuple[Path, ...]:
    """Give the files of a function's module, of all that it imports, and of the tables that these may read.

    Parameters
    ----------
    function : callable

    Returns
    -------
    tuple of Path
        Sorted; empty for a function from outside scsim.
    """
    files = _module_files()
    own = files.get(function.__module__)
    if own is None:
        return ()
    first = _reached(own.read_text(encoding="utf-8"), function.__name__)
    seen = {function.__module__}
    folders = set(first.folders)
    waiting = [*first.modules, *_packages(function.__module__)]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in files:
            continue
        seen.add(name)
        source = _read(files[name])
        folders.update(source.folders)
        waiting.extend(source.modules)
        waiting.extend(_packages(name))
    found = {files[name] for name in seen}
    for folder in folders:
        found.update((PACKAGE / _DATA / folder).rglob("*.toml"))
    return tuple(sorted(found))


def _packages(name: str) -> Iterator[str]:
    """Give the packages of a module, which run when it is imported; the root holds late-loaded names only."""
    while name.count(".") > 1:
        name = name.rpartition(".")[0]
        yield name


@functools.cache
def _module_files() -> Mapping[str, Path]:
    """Give the file of each module of scsim but the root."""
    found: dict[str, Path] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names = parts[:-1] if parts[-1] == "__init__" else parts
        if names:
            found[".".join((_ROOT, *names))] = path
    return found


@functools.cache
def _data_folders() -> frozenset[str]:
    return frozenset(
        path.name
        for path in (PACKAGE / _DATA).iterdir()
        if path.is_dir() and path.name not in _NOT_READ
    )


@functools.cache
def _read(path: Path) -> _Source:
    """Find what a module names."""
    text = _FOR_CHECKERS.sub("", path.read_text(encoding="utf-8"))
    modules: set[str] = set()
    for base, listed in _FROM.findall(text):
        if base.startswith(_ROOT):
            modules.add(base)
            modules.update(f"{base}.{name}" for name in _NAME.findall(listed))
    for listed in _IMPORT.findall(text):
        modules.update(_NAME.findall(listed))
    texts = _TEXT.findall(text)
    for one in texts:
        modules.update(_named_in(one))
    return _Source(frozenset(modules), _data_folders().intersection(texts))


def _named_in(text: str) -> Iterable[str]:
    """Give the modules that a text names for ``importlib``: one, or all of a package if its end is left open."""
    if not text.startswith(f"{_ROOT}."):
        return ()
    if not text.endswith("."):
        return (text,)
    return [name for name in _module_files() if name.startswith(text)]


def _reached(text: str, name: str) -> _Source:
    """Find what a function names, itself or through other definitions of its module."""
    tree = ast.parse(text)
    imports: dict[str, tuple[str, ...]] = {}
    definitions: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            imports.update(_bound(node))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            definitions.update({one.id: node for one in targets if isinstance(one, ast.Name)})
    modules: set[str] = set()
    texts: set[str] = set()
    waiting, seen = [name], set[str]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        modules.update(imports.get(one, ()))
        for part in ast.walk(definitions[one]) if one in definitions else ():
            if isinstance(part, ast.Name):
                waiting.append(part.id)
            elif isinstance(part, ast.ImportFrom | ast.Import):
                modules.update(*_bound(part).values())
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                texts.add(part.value.partition("/")[0])
                modules.update(_named_in(part.value))
    return _Source(frozenset(modules), _data_folders().intersection(texts))


def _bound(node: ast.ImportFrom | ast.Import) -> dict[str, tuple[str, ...]]:
    """Give the names that an import binds, and the modules that each may come from."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.partition(".")[0]: (alias.name,) for alias in node.names}
    base = node.module or ""
    return {alias.asname or alias.name: (base, f"{base}.{alias.name}") for alias in node.names}
