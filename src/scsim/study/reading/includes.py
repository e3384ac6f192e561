"""``include = ["lead.toml"]``: several files become one config.

Paths are relative to the file that names them. Files are merged key by key: a later one over an earlier one, a
file over those that it includes. What is one thing is replaced as a whole: a montage, a swept key or table, a
list of cases, a preset. Data files that an included file names (a field, a circuit) lie beside that file.
What the keys mean belongs in ``expand.py``.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scsim.errors import ConfigError, Fault
from scsim.study.reading.faults import (
    MAX_FAULTS,
    Findings,
    Source,
    kind_of,
    nearest,
    shown,
)
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.sweep import is_swept
from scsim.study.reading.texts import Page, read_page

MAX_FILES: Final = 100
"""Files that one config may include, directly or not: more are a slip."""

_WHOLE: Final = ("montage",)
"""Tables that are replaced as a whole: half of one and half of another is rarely meant."""

_DATA_FILES: Final = ("file", "label_file")
"""Keys whose value is the name of a data file."""

Origins = dict[KeyPath, tuple[Source, KeyPath]]
"""Tables and keys that come from another place, and where they stand there."""


def joins(name: str, below: object, above: object) -> bool:
    """Whether two values of one name are merged key by key; otherwise the upper one replaces the lower one.

    Parameters
    ----------
    name : str
        A key above the tables, or a table.
    below, above : object
        Its values.

    Returns
    -------
    bool
    """
    are_tables = isinstance(below, Mapping) and isinstance(above, Mapping)
    return are_tables and name not in _WHOLE and not is_swept(below) and not is_swept(above)


def read_includes(page: Page, path: Path | None) -> tuple[dict[str, Any], Origins]:
    """Merge a config with the files that it includes.

    Parameters
    ----------
    page : Page
        The config.
    path : pathlib.Path or None
        Where it lies; None: includes are looked up in the current folder.

    Returns
    -------
    tuple of dict and Origins
        The merged document without ``include``, and where its parts come from; empty without includes.

    Raises
    ------
    ConfigError
        With every file that is missing, cannot be read, is not TOML, or includes itself.
    """
    if "include" not in page.document:
        return dict(page.document), {}
    here = Path("config.toml") if path is None else path
    reader = _Reader(here.parent)
    layers = reader.layers(page, here, (_identity(here),))
    if reader.faults:
        raise ConfigError(reader.faults)
    document: dict[str, Any] = {}
    origins: Origins = {}
    for layer in layers:
        _lay_over(document, origins, layer)
    return document, origins


def _lay_over(document: dict[str, Any], origins: Origins, layer: Page) -> None:
    """Put one file over those below it."""
    for name, value in layer.document.items():
        if name == "include":
            continue
        if joins(name, document.get(name), value):
            document[name] = {**document[name], **value}
        else:
            document[name] = value
            for key in [path for path in origins if path[0] == name]:
                del origins[key]
        if isinstance(value, Mapping):
            origins.update({(name, key): (layer.source, (name, key)) for key in value})
        origins[name,] = (layer.source, (name,))


def _identity(path: Path) -> str:
    """Name a file whichever way a config writes its path."""
    return os.path.realpath(path)


class _Reader:
    """Reads each included file once; `faults` fills as it goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.known: dict[str, list[Page]] = {}

    def layers(self, page: Page, path: Path, chain: tuple[str, ...]) -> list[Page]:
        """List a file and all that it includes, the lowest first, each once."""
        below: list[Page] = []
        for row, name in self.names(page):
            if len(self.faults) >= MAX_FAULTS:
                break
            target = path.parent / name
            identity = _identity(target)
            if identity in chain:
                files = [*chain[chain.index(identity) :], identity]
                arrows = " → ".join(Path(file).name for file in files)
                problem = f"the files include each other in a circle: {arrows}."
                self.add(page, row, name, problem, "Remove one of these includes.")
                continue
            if identity not in self.known:
                if len(self.known) == MAX_FILES:
                    problem = f"the config includes more than {MAX_FILES} files."
                    self.add(page, row, name, problem, "Join some of them.")
                    break
                self.known[identity] = []
                self.known[identity] = self.read(page, row, name, target, (*chain, identity))
            below.extend(self.known[identity])
        # A file that is included twice counts where it lies highest.
        highest = {id(one): one for one in reversed(below)}
        return [*reversed(highest.values()), page]

    def read(
        self, page: Page, row: int, name: str, target: Path, chain: tuple[str, ...]
    ) -> list[Page]:
        """Read one included file with all that it includes."""
        if not target.is_file():
            kind = "this is a folder." if target.is_dir() else f"there is no file {target}."
            near = nearest(target.name, (other.name for other in target.parent.glob("*.toml")))
            remedy = (
                f"Did you mean {shown(str(Path(name).with_name(near)))}?"
                if near
                else "Write a path from the folder of this file on."
            )
            self.add(page, row, name, kind, remedy)
            return []
        try:
            found = read_page(target)
        except ConfigError as error:
            self.faults.extend(error.faults)
            return []
        moved = _moved(found.document, self.prefix(target.parent))
        return self.layers(Page(found.file, found.text, moved), target, chain)

    def prefix(self, folder: Path) -> str:
        """Give the way from the folder of the config to that of an included file."""
        try:
            way = Path(os.path.relpath(folder, self.folder)).as_posix()
        except ValueError:  # on another drive
            way = folder.resolve().as_posix()
        return "" if way == "." else f"{way}/"

    def names(self, page: Page) -> list[tuple[int, str]]:
        """Read what a file includes: rows of its list, and names."""
        written = page.document.get("include", [])
        if not isinstance(written, list):
            problem = f"{kind_of(written)} stands where a list of files is expected."
            example = shown(written) if isinstance(written, str) else '"lead.toml"'
            findings = Findings(page.source)
            findings.add(("include",), shown(written), problem, f"Write include = [{example}].")
            self.faults.extend(findings.faults())
            return []
        names = []
        for row, name in enumerate(written):
            if isinstance(name, str) and name.strip() and "\0" not in name:
                names.append((row, name))
            elif len(self.faults) < MAX_FAULTS:
                problem = "the name of an included file must be text in quotes that is not empty."
                self.add(page, row, name, problem, 'Write, for example, include = ["lead.toml"].')
        return names

    def add(self, page: Page, row: int, name: object, problem: str, remedy: str) -> None:
        """Note a fault of one entry of ``include``."""
        findings = Findings(page.source)
        findings.add(("include", row), shown(name), problem, remedy, key="include")
        self.faults.extend(findings.faults())


def _moved(value: Any, prefix: str, key: str = "") -> Any:
    """Write the names of data files from another folder on."""
    if not prefix:
        return value
    if isinstance(value, Mapping):
        # Values of a swept key lie below "sweep" and "base".
        return {
            name: _moved(
                item,
                prefix,
                key if name in {"sweep", "base"} and key else name.rpartition(".")[2],
            )
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_moved(item, prefix, key) for item in value]
    is_path = key in _DATA_FILES and isinstance(value, str) and not Path(value).is_absolute()
    return f"{prefix}{value}" if is_path else value
