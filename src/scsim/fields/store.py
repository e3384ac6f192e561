"""Solutions of fields, kept in memory and on disk by the content of their problem.

A solution is a set of arrays by name. Its name in the store follows from the numbers of the problem, the
solver, the versions and the source of the program, so that no change of any of them is ever answered with an
old solution. How a problem is solved belongs to the files of the solvers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ScsimError
from scsim.formats.files import remove_abandoned, temporary_beside
from scsim.formats.npz import read_npz, write_npz
from scsim.units import BYTES_PER_GB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from scsim.fields.unit_potential import Problem

Solution = dict[str, "NDArray[Any]"]

_LOG = logging.getLogger(__name__)

LIMIT_BYTES: Final = 2_000_000_000
"""Largest size of the folder of solutions, bytes: a few hundred canals, or about twenty voxel solutions."""

MEMORY_BYTES: Final = 500_000_000
"""Largest size of the solutions kept in memory, bytes."""

FOLDER_VARIABLE: Final = "SCSIM_CACHE_DIR"
"""Environment variable with the folder of all that scsim caches."""

LIMIT_VARIABLE: Final = "SCSIM_FIELD_CACHE_GB"
"""Environment variable with the size limit of the folder of solutions, GB; 0 keeps nothing on disk."""

_SUFFIX: Final = ".npz"
_NAME_DIGITS: Final = 40

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_HASHED: Final = ("units.py", "electrodes", "fields", "kernels", "tissue")
"""Files and folders of the package whose source makes solutions."""

_LIBRARIES: Final = ("scsim", "numpy", "scipy", "pyamg")
"""Distributions whose version is part of a solution's name: the last three triangulate and solve."""


class FieldStore:
    """Keeps solutions, so that each problem is solved once.

    A problem is looked up in memory, then on disk, and solved if it is in neither. Threads that ask for one
    problem at the same time solve it once; processes may each solve it, and the last to finish leaves
    its file, whole. A file on disk ends with a checksum of its content and its name: one that does not
    fit is deleted and the problem solved again. If the folder cannot be written, the store warns once and
    goes on without it.

    Parameters
    ----------
    folder : path, optional
        Where solutions lie; by default ``fields`` in the folder that the environment variable
        ``SCSIM_CACHE_DIR`` names, or else in the user's cache folder of the platform.
    limit_bytes : int, optional
        Largest size of the folder, bytes. The solutions used least recently are deleted until the rest
        fits, and a larger solution is not stored. 0 keeps nothing on disk. By default what the environment
        variable ``SCSIM_FIELD_CACHE_GB`` says, or else `LIMIT_BYTES`.
    memory_bytes : int
        Largest size of the solutions kept in memory, bytes.

    Attributes
    ----------
    n_solved : int
        Problems solved so far.
    n_loaded : int
        Solutions read from disk so far.
    n_found : int
        Solutions found in memory so far.

    Raises
    ------
    ScsimError
        If the environment variable with the limit is not a number of GB.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Square:
    ...     side_mm: float
    ...     solver: str = "example"
    ...
    ...     def solve(self):
    ...         return {"area_mm2": np.array([self.side_mm**2])}
    ...
    ...     def refined(self):
    ...         return self
    >>> store = FieldStore(limit_bytes=0)
    >>> store.fetch(Square(3.0))["area_mm2"], store.fetch(Square(3.0))["area_mm2"], store.n_solved
    (array([9.]), array([9.]), 1)
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        limit_bytes: int | None = None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.folder = default_folder() if folder is None else Path(folder)
        self.limit_bytes = default_limit_bytes() if limit_bytes is None else limit_bytes
        self.memory_bytes = memory_bytes
        self.n_solved = 0
        self.n_loaded = 0
        self.n_found = 0
        self._recent: OrderedDict[str, Solution] = OrderedDict()
        self._guard = Lock()
        self._busy: dict[str, Lock] = {}
        self._has_warned = False

    def fetch(self, problem: Problem) -> Solution:
        """Give the solution of a problem.

        Parameters
        ----------
        problem : Problem
            A frozen dataclass of numbers, texts, arrays, tuples, mappings and dataclasses of these.

        Returns
        -------
        dict of str to ndarray
            Arrays by name, not to be written to.

        Raises
        ------
        TypeError
            If the problem holds something whose content cannot be named.
        GeometryError, ConvergenceError
            As the problem's ``solve``.
        """
        key = solution_key(problem)
        with self._guard:
            busy = self._busy.setdefault(key, Lock())
        with busy:
            solution = self._remembered(key)
            if solution is None:
                solution = self._load(key)
                if solution is None:
                    solution = _frozen(problem.solve())
                    with self._guard:
                        self.n_solved += 1
                    self._save(key, solution)
                self._remember(key, solution)
        return dict(solution)

    def _remembered(self, key: str) -> Solution | None:
        """Look a solution up in memory."""
        with self._guard:
            solution = self._recent.get(key)
            if solution is not None:
                self.n_found += 1
                self._recent.move_to_end(key)
            return solution

    def _remember(self, key: str, solution: Solution) -> None:
        """Keep a solution in memory, and forget the oldest that no longer fit."""
        with self._guard:
            self._recent[key] = solution
            size = sum(_n_bytes(kept) for kept in self._recent.values())
            while size > self.memory_bytes:
                size -= _n_bytes(self._recent.popitem(last=False)[1])

    def _load(self, key: str) -> Solution | None:
        """Read a solution from disk; None if there is no whole one."""
        if self.limit_bytes <= 0:
            return None
        path = self.folder / f"{key}{_SUFFIX}"
        try:
            with path.open("rb") as file:
                arrays = read_npz(file, key)
        except OSError:  # not there, or not readable: both mean that it must be solved
            return None
        if arrays is None:
            _LOG.warning("%s is damaged: it is deleted and solved again", path)
            _delete(path)
            return None
        with self._guard:
            self.n_loaded += 1
        _mark_as_used(path)
        return _frozen(arrays)

    def _save(self, key: str, solution: Solution) -> None:
        """Write a solution to disk, if it fits and the folder can be written."""
        if _n_bytes(solution) >= self.limit_bytes:  # the file is a little larger than the arrays
            return
        path = self.folder / f"{key}{_SUFFIX}"
        temporary = temporary_beside(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.folder)
            # Not flushed to disk before it is renamed: what a crash leaves half written does not fit its checksum.
            with temporary.open("w+b") as file:
                write_npz(file, key, solution)
            if temporary.stat().st_size <= self.limit_bytes:
                temporary.replace(path)
                self._make_room()
        except OSError as error:
            self._warn(error)
        finally:
            _delete(temporary)

    def _make_room(self) -> None:
        """Delete the solutions used least recently until the rest fits the limit."""
        files = sorted(_files(self.folder))
        size = sum(n_bytes for _, n_bytes, _ in files)
        for _, n_bytes, path in files:
            if size <= self.limit_bytes:
                return
            _delete(path)
            size -= n_bytes

    def _warn(self, error: OSError) -> None:
        """Say once that solutions are not kept on disk."""
        with self._guard:
            is_first, self._has_warned = not self._has_warned, True
        if is_first:
            message = (
                f"solutions of fields cannot be kept in {self.folder} ({error.strerror or error}), so each "
                f"program solves them again. Set {FOLDER_VARIABLE} to a folder that you may write to and "
                "that has room."
            )
            warnings.warn(message, stacklevel=4)


def default_store() -> FieldStore:
    """Give the store in the default folder, one per process.

    Returns
    -------
    FieldStore

    Raises
    ------
    ScsimError
        If the environment variable with the limit is not a number of GB.
    """
    return _store(default_folder(), default_limit_bytes())


@cache
def _store(folder: Path, limit_bytes: int) -> FieldStore:
    return FieldStore(folder, limit_bytes=limit_bytes)


def default_folder() -> Path:
    """Give the folder of solutions that the environment or the platform asks for.

    Returns
    -------
    Path
        It need not exist.
    """
    import platformdirs  # noqa: PLC0415 - only programs that solve fields need it

    root = os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("scsim", appauthor=False)
    return Path(root) / "fields"


def default_limit_bytes() -> int:
    """Give the size limit that the environment asks for, or else `LIMIT_BYTES`.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    ScsimError
        If the environment variable is not a number of GB.
    """
    text = os.environ.get(LIMIT_VARIABLE, "")
    if not text:
        return LIMIT_BYTES
    try:
        limit_gb = float(text)
    except ValueError:
        limit_gb = -1.0
    if not 0.0 <= limit_gb < float("inf"):
        msg = (
            f"{LIMIT_VARIABLE} = {text!r}: the size limit must be a number of GB, 0 or more. "
            f"Write one, for example {LIMIT_BYTES / BYTES_PER_GB:g}, or unset the variable."
        )
        raise ScsimError(msg)
    return int(limit_gb * BYTES_PER_GB)


def solution_key(problem: Problem) -> str:
    """Name the solution of a problem by its content.

    Numbers that are equal give equal names. Fields of a dataclass with ``compare=False`` are left out, as they
    are in a comparison: titles and sources of numbers change no solution.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    str
        Forty hexadecimal digits.

    Raises
    ------
    TypeError
        If the problem holds something whose content cannot be named.
    """
    digest = hashlib.sha256(f"{_program()}\0{problem.solver}\0".encode())
    for part in _content(problem):
        digest.update(part)
    return digest.hexdigest()[:_NAME_DIGITS]


@cache
def _program() -> str:
    """Hash the source that makes solutions and the versions of the libraries beneath it."""
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}\0".encode())
    for room in _HASHED:
        place = _PACKAGE / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _content(value: object) -> Iterator[bytes]:
    """Write a value out so that different contents never give equal bytes."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        yield f"{value!r};".encode()
    elif isinstance(value, int | float):
        # Equal numbers are written alike: 1 as 1.0, -0.0 as 0.0. The text of a float is exact.
        yield f"{value if isinstance(value, int) and float(value) != value else float(value) + 0.0!r};".encode()
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"array {value.dtype.str} {value.shape}:".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, tuple | list):
        yield f"{len(value)}(".encode()
        for item in value:
            yield from _content(item)
    elif isinstance(value, Mapping):
        yield f"{len(value)}{{".encode()
        for name in sorted(value, key=repr):
            yield from _content(name)
            yield from _content(value[name])
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__qualname__}[".encode()
        for field in dataclasses.fields(value):
            if field.compare:
                yield f"{field.name}=".encode()
                yield from _content(getattr(value, field.name))
        yield b"]"
    else:
        msg = (
            f"a problem holds {value!r} of type {type(value).__name__}, whose content cannot be named; "
            "allowed are numbers, texts, None, arrays of numbers, and tuples, mappings and dataclasses of "
            "these. Replace it."
        )
        raise TypeError(msg)


def _frozen(arrays: Mapping[str, NDArray[Any]]) -> Solution:
    """Give views that cannot be written to: several callers share them."""
    solution = {}
    for name, values in arrays.items():
        view = np.asarray(values).view()
        if view.dtype.hasobject:
            msg = f"array {name!r} of a solution holds objects; only numbers and texts can be kept. Convert it."
            raise TypeError(msg)
        view.setflags(write=False)
        solution[name] = view
    return solution


def _n_bytes(solution: Solution) -> int:
    return sum(values.nbytes for values in solution.values())


def _files(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Give time of last use, size and path of every solution in a folder."""
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            status = path.stat()
        except FileNotFoundError:  # another process was faster
            continue
        yield status.st_mtime_ns, status.st_size, path


def _mark_as_used(path: Path) -> None:
    """Note the time, which orders solutions by their last use."""
    try:
        os.utime(path)
    except OSError:  # deleted meanwhile, or a folder that may only be read
        _LOG.debug("the time of %s could not be changed", path)


def _delete(path: Path) -> None:
    """Delete a file if it is there; one that another process holds open on Windows stays."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        _LOG.debug("%s could not be deleted", path)
