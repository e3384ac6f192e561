"""HDF5: labelled arrays in files laid out as netCDF-4 does it, and plain arrays. The only importer of h5py.

Files are written under a temporary name, flushed to disk and renamed, so a file is whole or absent.
After the HDF5 content stands one line with its SHA-256. Readers of HDF5 ignore it; here it is compared
before the HDF5 library sees the content, because that library takes damaged bytes for values or loops
over them. What a dataset means belongs in `scsim.results.schema`.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import h5py
import numpy as np

from scsim.errors import ResultsError
from scsim.formats.files import (  # also used through this module
    remove_abandoned as remove_abandoned,  # noqa: PLC0414 - the alias says so
)
from scsim.formats.files import (
    temporary_beside as temporary_beside,  # noqa: PLC0414 - as above
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

_CHECKSUM_MARK: Final = b"\nscsim sha256 "
_CHECKSUM_BYTES: Final = len(_CHECKSUM_MARK) + 2 * hashlib.sha256().digest_size + len(b"\n")
_READ_BYTES: Final = 1 << 20

_DAMAGE: Final = (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError, EOFError)
"""What h5py raises for a file that is not as it should be."""

_COMPRESS_FROM_BYTES: Final = 4096
"""Smaller arrays gain nothing from compression: a chunked dataset costs more than it saves."""

_ONE_CHUNK_BYTES: Final = 1 << 20
_GZIP_LEVEL: Final = 4
_SCALE_ATTRIBUTES: Final = frozenset(
    {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"}
)


@dataclass(frozen=True, eq=False)
class Variable:
    """A labelled array; its values are read from the file when they are first asked for.

    Attributes
    ----------
    name : str
        Path in the file, ``group/name`` inside a group.
    dims : tuple of str
        Name of each dimension. A variable with the name of its only dimension is the scale of it.
    attributes : mapping of str to object
        Strings, numbers or arrays of numbers.
    shape : tuple of int
    dtype : str
        NumPy type, ``str`` for text.
    load : callable
        Gives the values.
    """

    name: str
    dims: tuple[str, ...]
    attributes: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str
    load: Callable[[], NDArray[Any]]

    @cached_property
    def values(self) -> NDArray[Any]:
        """The array, read once and not to be written to."""
        values = self.load()
        values.setflags(write=False)
        return values

    @property
    def is_scale(self) -> bool:
        """Whether this is the scale of a dimension."""
        return self.dims == (self.name.rpartition("/")[2],)


def make_variable(
    name: str, dims: tuple[str, ...], values: NDArray[Any], attributes: Mapping[str, Any]
) -> Variable:
    """Label an array that is in memory.

    Parameters
    ----------
    name : str
    dims : tuple of str
        As many as the array has.
    values : ndarray
        Not copied.
    attributes : mapping of str to object

    Returns
    -------
    Variable
    """
    return Variable(name, dims, attributes, values.shape, _type_name(values.dtype), lambda: values)


def write_labelled(
    path: Path, variables: Iterable[Variable], attributes: Mapping[str, Any]
) -> None:
    """Write labelled arrays, each dimension with a scale attached, whole or not at all.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    variables : iterable of Variable
        Scales among them; a dimension's scale lies in the variable's group or in the root.
    attributes : mapping of str to object
        Of the root.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    scales_first = sorted(variables, key=lambda variable: not variable.is_scale)
    with _replacing(path) as temporary, h5py.File(temporary, "w", track_order=True) as file:
        file.attrs.update(attributes)
        for variable in scales_first:
            _write_variable(file, variable)


def read_labelled(path: Path) -> tuple[dict[str, Variable], dict[str, Any]]:
    """Read what `write_labelled` wrote; the arrays themselves are read when they are asked for.

    Parameters
    ----------
    path : Path

    Returns
    -------
    variables : dict of str to Variable
        By path in the file.
    attributes : dict of str to object
        Of the root.

    Raises
    ------
    ResultsError
        If the file is missing, is damaged or was not written by `write_labelled`.
    """
    variables: dict[str, Variable] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            variables[name] = _describe(path, stamp, name, item)

    with _reading(path, is_verified=False) as file:
        stamp = _stamp(path)
        file.visititems(visit)
        return variables, _attributes_of(file)


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any]
) -> None:
    """Write plain arrays, whole or not at all.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    arrays : mapping of str to ndarray
    attributes : mapping of str to object

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    with _replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(attributes)
        for name, values in arrays.items():
            file.create_dataset(name, data=values)


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write_arrays` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    arrays : dict of str to ndarray
    attributes : dict of str to object

    Raises
    ------
    ResultsError
        If the file is missing, is damaged or was not written by `write_arrays`.
    """
    with _reading(path, is_verified=False) as file:
        arrays = {name: np.asarray(item[()]) for name, item in file.items()}
        return arrays, _attributes_of(file)


def read_foreign_arrays(
    path: Path,
) -> tuple[dict[str, NDArray[Any]], dict[str, dict[str, Any]]]:
    """Read the numbers of a file that another program wrote, which has no checksum.

    Parameters
    ----------
    path : Path

    Returns
    -------
    arrays : dict of str to ndarray of float64 or int64
        Every dataset of numbers, by its path in the file.
    attributes : dict of str to dict
        Attributes of each of these datasets.

    Raises
    ------
    ResultsError
        If the file is missing or no HDF5 file, or holds damage that the library notices.
    """
    arrays: dict[str, NDArray[Any]] = {}
    attributes: dict[str, dict[str, Any]] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf":
            wide = np.float64 if item.dtype.kind == "f" else np.int64
            arrays[name] = np.asarray(item[()], dtype=wide)
            attributes[name] = {
                key: value.decode() if isinstance(value, bytes) else value
                for key, value in _attributes_of(item).items()
            }

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except _DAMAGE as error:
        message = f"{path} cannot be read as HDF5 ({error}): it is another format, is damaged, or you may not read it. Check it with the program that wrote it."
        raise ResultsError(message) from error
    return arrays, attributes


def _write_variable(file: h5py.File, variable: Variable) -> None:
    values = variable.values
    storage: dict[str, Any] = {}
    if values.dtype.kind in "UO":
        storage["dtype"] = h5py.string_dtype("utf-8")
        values = values.astype(object)
    elif values.nbytes >= _COMPRESS_FROM_BYTES:
        one_chunk = values.nbytes <= _ONE_CHUNK_BYTES
        storage = {
            "compression": "gzip",
            "compression_opts": _GZIP_LEVEL,
            "shuffle": True,
            "chunks": values.shape if one_chunk else True,
        }
    dataset = file.create_dataset(variable.name, data=values, track_order=True, **storage)
    dataset.attrs.update(variable.attributes)
    if variable.is_scale:
        dataset.make_scale(variable.dims[0])
        return
    group = dataset.parent
    for index, dim in enumerate(variable.dims):
        dataset.dims[index].attach_scale(group[dim] if dim in group else file[dim])


def _describe(path: Path, stamp: tuple[int, ...], name: str, item: h5py.Dataset) -> Variable:
    if item.is_scale:
        dims: tuple[str, ...] = (name.rpartition("/")[2],)
    else:
        dims = tuple(dim[0].name.rpartition("/")[2] for dim in item.dims)
    is_text = h5py.check_string_dtype(item.dtype) is not None
    return Variable(
        name=name,
        dims=dims,
        attributes=_attributes_of(item),
        shape=item.shape,
        dtype="str" if is_text else _type_name(item.dtype),
        load=partial(_read_values, path, stamp, name),
    )


def _read_values(path: Path, stamp: tuple[int, ...], name: str) -> NDArray[Any]:
    with _reading(path, is_verified=True) as file:
        if _stamp(path) != stamp:
            message = f"{path} was replaced after it was opened, so {name} may belong to another study: load the file again."
            raise ResultsError(message)
        item = file[name]
        if h5py.check_string_dtype(item.dtype) is not None:
            return np.asarray(item.asstr()[()], dtype=np.str_)
        return np.asarray(item[()])


def _attributes_of(item: h5py.Dataset | h5py.Group) -> dict[str, Any]:
    found = {name: value for name, value in item.attrs.items() if name not in _SCALE_ATTRIBUTES}
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in found.items()
    }


def _type_name(dtype: np.dtype[Any]) -> str:
    return "str" if dtype.kind in "UO" else dtype.str.lstrip("<|=>")


def _stamp(path: Path) -> tuple[int, ...]:
    """Give what changes when a file is replaced by another."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def _reading(path: Path, *, is_verified: bool) -> Iterator[h5py.File]:
    if not path.is_file():
        message = f"{path}: there is no such results file. Give the path of a results.h5 that scsim run wrote."
        raise ResultsError(message)
    try:
        if not is_verified:
            _verify(path)
        with h5py.File(path, "r") as file:
            yield file
    except _DAMAGE as error:
        message = f"{path} cannot be read ({error}): it is damaged, or you may not read it. Check its permissions, or delete it and run the study again."
        raise ResultsError(message) from error


def _verify(path: Path) -> None:
    """Refuse a file whose content is not what its checksum says."""
    n_bytes = path.stat().st_size - _CHECKSUM_BYTES
    with path.open("rb") as file:
        digest = _digest(file, n_bytes)
        line = file.read()
    if line == _checksum_line(digest):
        return
    if line.startswith(_CHECKSUM_MARK):
        message = f"{path} is damaged: its content is not what its checksum says. Delete it and run the study again."
    else:
        message = f"{path} is damaged or not by scsim: it does not end with a checksum. Delete it and run the study again, or give a results.h5 that scsim run wrote and no other program has changed."
    raise ResultsError(message)


def _digest(file: BinaryIO, n_bytes: int) -> str:
    """Hash the next bytes of a file."""
    digest = hashlib.sha256()
    while n_bytes > 0 and (part := file.read(min(n_bytes, _READ_BYTES))):
        digest.update(part)
        n_bytes -= len(part)
    return digest.hexdigest()


def _checksum_line(digest: str) -> bytes:
    return _CHECKSUM_MARK + digest.encode() + b"\n"


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside the target, flush it to disk and rename it at the end."""
    temporary = temporary_beside(path)
    try:
        yield temporary
        with temporary.open("r+b") as file:
            file.write(_checksum_line(_digest(file, temporary.stat().st_size)))
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror or error}): choose a folder that you may write to and that has room."
        raise ResultsError(message) from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
