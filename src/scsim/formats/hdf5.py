"""HDF5: labelled arrays in files laid out as netCDF-4 does it, and plain arrays. The only importer of h5py.

Files are written under a temporary name, flushed to disk and renamed, so a file is whole or absent. No byte
reaches the HDF5 library before it is checked, because that library takes damaged bytes for values or loops over
them: files of plain arrays end with one line, their SHA-256; those of labelled arrays with the SHA-256 of each
block, see `scsim.formats.blocks`. Readers of HDF5 ignore both. What a dataset means belongs in
`scsim.results.schema`.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import h5py
import numpy as np

from scsim.errors import ResultsError
from scsim.formats.blocks import (
    BlockReader,
    DamagedBlockError,
    Seal,
    find_seal,
    is_whole,
    read_seal,
    room_for,
    write_seal,
)
from scsim.formats.files import deferring_signals
from scsim.formats.files import (  # also used through this module
    remove_abandoned as remove_abandoned,  # noqa: PLC0414 - the alias says so
)
from scsim.formats.files import (
    temporary_beside as temporary_beside,  # noqa: PLC0414 - as above
)
from scsim.formats.new_file import NewFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

_CHECKSUM_MARK: Final = b"\nscsim sha256 "
_CHECKSUM_BYTES: Final = len(_CHECKSUM_MARK) + 2 * hashlib.sha256().digest_size + len(b"\n")
_READ_BYTES: Final = 1 << 20

_WHOLE_UP_TO_BYTES: Final = 64 << 20
"""Files up to this size are checked from begin to end when they are opened; larger ones as far as they are read."""

_DAMAGE: Final = (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError, EOFError)
"""What h5py raises for a file that is not as it should be."""

_COMPRESS_FROM_BYTES: Final = 4096
"""Smaller arrays gain nothing from compression: a chunked dataset costs more than it saves."""

_CHUNK_BYTES: Final = 1 << 20
_GZIP_LEVEL: Final = 1
"""Chosen by measurement: ``benchmarks/storage.py``, figures in ``docs/results.md``."""

_WRITE_BYTES: Final = 16 << 20
"""Values are written in parts of about this size: the library holds the interpreter while it compresses one (0.3 s),
and values that are not in memory need no more of it than this."""

_DIRECTORY_BYTES: Final = 4096
"""What the directory of a file takes at most for one variable, chunks apart."""

_ROWS_AT_ONCE: Final = 1024
"""Rows of a dataset without chunks, mostly texts, that are recovered or lost together."""

_SCALE_ATTRIBUTES: Final = frozenset(
    {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"}
)


@dataclass(frozen=True, eq=False)
class Variable:
    """A labelled array; its values are read from the file when they are asked for.

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
        Gives the values in a tuple of slices, one per dimension; all for an empty tuple.
    """

    name: str
    dims: tuple[str, ...]
    attributes: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str
    load: Callable[[tuple[slice, ...]], NDArray[Any]]

    @cached_property
    def values(self) -> NDArray[Any]:
        """The array, read once and not to be written to."""
        values = self.load(())
        values.setflags(write=False)
        return values

    def read(self, selection: tuple[slice, ...]) -> NDArray[Any]:
        """Give a part of the values, without reading or keeping the others.

        Parameters
        ----------
        selection : tuple of slice
            One per dimension, with a positive step.

        Returns
        -------
        ndarray
            Not to be written to.
        """
        if "values" in self.__dict__:
            return self.values[selection]
        part = self.load(selection)
        part.setflags(write=False)
        return part

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

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

    def load(selection: tuple[slice, ...]) -> NDArray[Any]:
        return values[selection] if selection else values

    return Variable(name, dims, attributes, values.shape, _type_name(values.dtype), load)


def write_labelled(
    path: Path, variables: Iterable[Variable], attributes: Mapping[str, Any]
) -> None:
    """Write labelled arrays, each dimension with a scale attached, whole or not at all.

    The directory of the file comes first, then small arrays, then large ones in chunks.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    variables : iterable of Variable
        Scales among them; a dimension's scale lies in the variable's group or in the root. Large ones that
        are not in memory are read and written part by part.
    attributes : mapping of str to object
        Of the root.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    scales_first = sorted(variables, key=lambda variable: not variable.is_scale)
    raw: list[tuple[int, int]] = []
    with _replacing(path) as target:
        with _new_hdf5(target) as file:
            room = file.create_dataset(None, data=np.zeros(_room_bytes(scales_first), np.uint8))
            place = (room.id.get_offset(), room.size)
            file.attrs.update(attributes)
            made = [(variable, _make_dataset(file, variable)) for variable in scales_first]
            file.flush()  # gives the directory its place, before the values
            target.check()
            for variable, dataset in sorted(made, key=lambda pair: _n_bytes(pair[0])):
                _write_values(dataset, variable, target)
                dataset.flush()  # so that they lie in this order
                target.check()
            for _, dataset in made:
                if dataset.chunks is not None:
                    dataset.id.chunk_iter(
                        lambda chunk: raw.append(
                            (chunk.byte_offset, chunk.byte_offset + chunk.size)
                        )
                    )
        target.close()
        write_seal(target.path, raw, place)


def read_labelled(
    path: Path, *, is_checked_whole: bool = False
) -> tuple[dict[str, Variable], dict[str, Any]]:
    """Read what `write_labelled` wrote; the arrays themselves are read when they are asked for.

    Parameters
    ----------
    path : Path
    is_checked_whole : bool
        Whether to check every byte of a large file too, rather than those that are read when they are read.

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
    source = _open_source(path, is_checked_whole=is_checked_whole)

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            variables[name] = _describe(item, name, partial(_read_values, source, name))

    with _reading(source) as file:
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
    with _replacing(path) as target:
        with _new_hdf5(target) as file:
            file.attrs.update(attributes)
            for name, values in arrays.items():
                file.create_dataset(name, data=values)
                target.check()
        target.close()
        with target.path.open("r+b") as written:
            written.write(_checksum_line(_digest(written, target.path.stat().st_size)))


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
    with _reading(_open_source(path, is_checked_whole=True)) as file:
        arrays = {name: np.asarray(item[()]) for name, item in file.items()}
        return arrays, _attributes_of(file)


def peek_arrays(path: Path, names: Iterable[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read some arrays of what `write_arrays` wrote; the rest of the file is checked, but not laid out in memory.

    Parameters
    ----------
    path : Path
    names : iterable of str

    Returns
    -------
    arrays : dict of str to ndarray
        Those that are there.
    attributes : dict of str to object

    Raises
    ------
    ResultsError
        If the file is missing, is damaged or was not written by `write_arrays`.
    """
    with _reading(_open_source(path, is_checked_whole=True)) as file:
        arrays = {name: np.asarray(file[name][()]) for name in names if name in file}
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


@dataclass(frozen=True)
class Lost:
    """A part of a dataset that could not be read.

    Attributes
    ----------
    name : str
        Path of the dataset or group.
    region : tuple of slice or None
        The part; None for all of it, its shape unknown.
    """

    name: str
    region: tuple[slice, ...] | None


@dataclass(frozen=True, eq=False)
class Salvage:
    """What is sound in a damaged file.

    Attributes
    ----------
    variables : dict of str to Variable
        By path. Their values are read from the damaged file when they are asked for, with blanks in the parts
        that are lost.
    attributes : dict of str to object
        Of the root.
    lost : tuple of Lost
        Parts that are lost.
    """

    variables: dict[str, Variable]
    attributes: dict[str, Any]
    lost: tuple[Lost, ...]


def salvage_labelled(path: Path, blank_of: Callable[[Variable], Any]) -> Salvage:
    """Find what is sound in a damaged file that `write_labelled` wrote.

    Parameters
    ----------
    path : Path
    blank_of : callable
        Gives the value that stands in the lost parts of a variable.

    Returns
    -------
    Salvage

    Raises
    ------
    ResultsError
        If sound parts cannot be told from damaged ones, or the directory of the file is lost.
    """
    _check_there(path)
    seal = find_seal(path)
    if seal is None:
        message = f"{path}: nothing can be recovered, for the file has no sound list of checksums by which sound bytes are told from damaged ones: it is empty, was cut near its begin, was written by an old version of scsim or is not by scsim. Delete it and run the study again; finished batches in its folder are used."
        raise ResultsError(message)
    source = _Source(path, _stamp(path), seal, is_repairing=True)
    variables: dict[str, Variable] = {}
    lost: list[Lost] = []
    try:
        with _opened(source) as (file, reader):
            attributes = _attributes_of(file)
            for name, item in _walk(file, reader, lost):
                found = _describe_if_sound(item, name, reader, source)
                if found is None:
                    lost.append(Lost(name, None))
                    continue
                blank = blank_of(found)
                if _n_bytes(found) <= _WRITE_BYTES:
                    whole = tuple(slice(0, size) for size in item.shape)
                    values, regions = _fill(item, whole, blank, reader)
                    variables[name] = make_variable(name, found.dims, values, found.attributes)
                else:
                    load = partial(_read_with_blanks, source, name, blank)
                    variables[name] = replace(found, load=load)
                    parts = _regions(item)
                    regions = [one for one in parts if _read_region(item, one, reader) is None]
                lost.extend(Lost(name, region) for region in regions)
    except _DAMAGE as error:
        message = f"{path}: nothing can be recovered, for the directory of the file is lost ({error}). Delete it and run the study again; finished batches in its folder are used."
        raise ResultsError(message) from error
    return Salvage(variables, attributes, tuple(lost))


def _walk(
    group: h5py.Group, reader: BlockReader, lost: list[Lost]
) -> Iterator[tuple[str, h5py.Dataset]]:
    """Give the datasets of a damaged file that can be opened, and note what cannot."""
    inside = group.name.strip("/")
    try:
        n_before = reader.n_refused
        names = list(group)
        is_whole_list = reader.n_refused == n_before
    except _DAMAGE:
        names, is_whole_list = [], False
    if not is_whole_list:
        lost.append(Lost(inside or "/", None))
    for name in names:
        path = f"{inside}/{name}" if inside else name
        try:
            item = group[name]
        except _DAMAGE:
            lost.append(Lost(path, None))
            continue
        if isinstance(item, h5py.Group):
            yield from _walk(item, reader, lost)
        else:
            yield path, item


def _describe_if_sound(
    item: h5py.Dataset, name: str, reader: BlockReader, source: _Source
) -> Variable | None:
    """Describe a dataset of a damaged file, unless what describes it is damaged."""
    n_before = reader.n_refused
    try:
        found = _describe(item, name, partial(_read_values, source, name))
    except _DAMAGE:
        return None
    return found if reader.n_refused == n_before else None


def _regions(
    item: h5py.Dataset, selection: tuple[slice, ...] | None = None
) -> Iterator[tuple[slice, ...]]:
    """Cut a part of a dataset along its chunks, or along some rows if it has none."""
    part = selection or tuple(slice(0, size) for size in item.shape)
    if item.chunks is not None:
        yield from item.iter_chunks(part)
    elif not part:
        yield ()
    else:
        for begin in range(part[0].start, part[0].stop, _ROWS_AT_ONCE):
            yield (slice(begin, min(begin + _ROWS_AT_ONCE, part[0].stop)), *part[1:])


def _read_region(
    item: h5py.Dataset, region: tuple[slice, ...], reader: BlockReader
) -> NDArray[Any] | None:
    """Read a part of a dataset of a damaged file, or nothing if any byte that it needs is damaged."""
    n_before = reader.n_refused
    try:
        is_text = h5py.check_string_dtype(item.dtype) is not None
        values = item.asstr()[region] if is_text else item[region]
    except _DAMAGE:
        return None
    return values if reader.n_refused == n_before else None


def _fill(
    item: h5py.Dataset, part: tuple[slice, ...], blank: Any, reader: BlockReader
) -> tuple[NDArray[Any], list[tuple[slice, ...]]]:
    """Read a part of a dataset of a damaged file, blanks where values are lost, and say which regions are."""
    is_text = h5py.check_string_dtype(item.dtype) is not None
    sizes = [one.stop - one.start for one in part]
    values = np.full(sizes, blank, dtype=object if is_text else item.dtype)
    lost = []
    for region in _regions(item, part) if values.size else ():
        found = _read_region(item, region, reader)
        if found is None:
            lost.append(region)
            continue
        place = tuple(
            slice(one.start - whole.start, one.stop - whole.start)
            for one, whole in zip(region, part, strict=True)
        )
        values[place] = found
    return (values.astype(np.str_) if is_text else values), lost


def _read_with_blanks(
    source: _Source, name: str, blank: Any, selection: tuple[slice, ...]
) -> NDArray[Any]:
    """Read values of a damaged file, with a blank where they are lost."""
    with _opened(source) as (file, reader):
        item = file[name]
        chosen = selection or (slice(None),) * item.ndim
        bounds = [one.indices(size) for one, size in zip(chosen, item.shape, strict=True)]
        part = tuple(slice(begin, max(begin, end)) for begin, end, _ in bounds)
        values, _ = _fill(item, part, blank, reader)
    found: NDArray[Any] = values[tuple(slice(None, None, step) for _, _, step in bounds)]
    return found


def _n_bytes(variable: Variable) -> int:
    """Give about the size of the values, texts as long as most are."""
    return variable.size * (40 if variable.dtype == "str" else np.dtype(variable.dtype).itemsize)


def _chunks_of(variable: Variable) -> tuple[int, ...] | None:
    """Choose the shape of the chunks: whole rows of the last dimensions, as many as fill a chunk."""
    n_bytes = _n_bytes(variable)
    if variable.dtype == "str" or n_bytes < _COMPRESS_FROM_BYTES:
        return None
    chunks = list(variable.shape)
    for place in range(len(chunks)):
        if n_bytes <= _CHUNK_BYTES:
            break
        row = n_bytes // chunks[place]
        chunks[place] = max(1, min(chunks[place], _CHUNK_BYTES // row))
        n_bytes = row * chunks[place]
    return tuple(chunks)


def _room_bytes(variables: Sequence[Variable]) -> int:
    return room_for(sum(_DIRECTORY_BYTES + _n_bytes(variable) for variable in variables))


def _make_dataset(file: h5py.File, variable: Variable) -> h5py.Dataset:
    """Make a dataset with all that describes it, but no values."""
    storage: dict[str, Any] = {"dtype": variable.dtype}
    if variable.dtype == "str":
        storage["dtype"] = h5py.string_dtype("utf-8")
    elif (chunks := _chunks_of(variable)) is not None:
        storage |= {"chunks": chunks, "compression": "gzip", "compression_opts": _GZIP_LEVEL}
        storage["shuffle"] = True
    dataset = file.create_dataset(variable.name, variable.shape, track_order=True, **storage)
    dataset.attrs.update(variable.attributes)
    if variable.is_scale:
        dataset.make_scale(variable.dims[0])
        return dataset
    group = dataset.parent
    for index, dim in enumerate(variable.dims):
        dataset.dims[index].attach_scale(group[dim] if dim in group else file[dim])
    return dataset


def _write_values(dataset: h5py.Dataset, variable: Variable, target: NewFile) -> None:
    n_bytes = _n_bytes(variable)
    if n_bytes <= _WRITE_BYTES or not variable.shape:
        _put(dataset, (), variable.read(()))
        return
    row = n_bytes // variable.shape[0]
    n_rows = max(1, _WRITE_BYTES // row)
    if dataset.chunks is not None:
        n_rows = max(n_rows // dataset.chunks[0], 1) * dataset.chunks[0]
    rest = tuple(slice(0, size) for size in variable.shape[1:])
    for begin in range(0, variable.shape[0], n_rows):
        part = (slice(begin, min(begin + n_rows, variable.shape[0])), *rest)
        _put(dataset, part, variable.read(part))
        target.check()


def _put(dataset: h5py.Dataset, part: tuple[slice, ...], values: NDArray[Any]) -> None:
    if values.size:
        dataset[part] = values.astype(object) if values.dtype.kind in "UO" else values


def _describe(
    item: h5py.Dataset, name: str, load: Callable[[tuple[slice, ...]], NDArray[Any]]
) -> Variable:
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
        load=load,
    )


def _read_values(source: _Source, name: str, selection: tuple[slice, ...]) -> NDArray[Any]:
    _check_there(source.path)
    if _stamp(source.path) != source.stamp:
        message = f"{source.path} was replaced after it was opened, so {name} may belong to another study: load the file again."
        raise ResultsError(message)
    with _reading(source) as file:
        item = file[name]
        if h5py.check_string_dtype(item.dtype) is not None:
            return np.asarray(item.asstr()[selection], dtype=np.str_)
        return np.asarray(item[selection])


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


@dataclass(frozen=True)
class _Source:
    """A file that was opened once.

    Attributes
    ----------
    path : Path
    stamp : tuple of int
        From `_stamp`, when it was opened.
    seal : Seal or None
        None for a file that ends with a single checksum, which was checked whole.
    is_repairing : bool
        Whether damaged blocks are taken from their copies.
    """

    path: Path
    stamp: tuple[int, ...]
    seal: Seal | None
    is_repairing: bool = False


def _check_there(path: Path) -> None:
    if not path.is_file():
        message = f"{path}: there is no such results file. Give the path of a results.h5 that scsim run wrote."
        raise ResultsError(message)


def _open_source(path: Path, *, is_checked_whole: bool) -> _Source:
    """Refuse a file that is not what its checksums say, as far as it is checked now."""
    _check_there(path)
    try:
        seal = read_seal(path)
        source = _Source(path, _stamp(path), seal)
        if seal is None:
            _verify(path)
            return source
        is_checked_now = is_checked_whole or source.stamp[-1] <= _WHOLE_UP_TO_BYTES
        is_sound = is_whole(path, seal) if is_checked_now else True
    except OSError as error:
        raise ResultsError(_unreadable(path, error)) from error
    if not is_sound:
        raise ResultsError(_damaged(path, "its content is not what its checksums say"))
    return source


@contextmanager
def _opened(source: _Source) -> Iterator[tuple[h5py.File, BlockReader]]:
    """Open the HDF5 content of a sealed file behind its checksums."""
    assert source.seal is not None, "a file without seal has no blocks to check"
    with (
        BlockReader(source.path, source.seal, is_repairing=source.is_repairing) as reader,
        h5py.File(reader, "r") as file,
    ):
        yield file, reader


@contextmanager
def _reading(source: _Source) -> Iterator[h5py.File]:
    try:
        if source.seal is None:
            with h5py.File(source.path, "r") as file:
                yield file
            return
        with _opened(source) as (file, reader):
            yield file
            is_refused = reader.n_refused > 0
    except DamagedBlockError as error:
        raise ResultsError(_damaged(source.path, str(error))) from error
    except _DAMAGE as error:
        raise ResultsError(_unreadable(source.path, error)) from error
    if is_refused:
        raise ResultsError(_damaged(source.path, "some of its bytes are not what was written"))


def _damaged(path: Path, what: str) -> str:
    return f"{path} is damaged: {what}. `scsim recover {path}` saves what is sound of it; or delete it and run the study again."


def _unreadable(path: Path, error: Exception) -> str:
    return f"{path} cannot be read ({error}): it is damaged, or you may not read it. Check its permissions, or delete it and run the study again."


def _verify(path: Path) -> None:
    """Refuse a file whose content is not what the one checksum at its end says."""
    n_bytes = path.stat().st_size - _CHECKSUM_BYTES
    with path.open("rb") as file:
        digest = _digest(file, n_bytes)
        line = file.read()
    if line == _checksum_line(digest):
        return
    if line.startswith(_CHECKSUM_MARK):
        message = f"{path} is damaged: its content is not what its checksum says. Delete it and run the study again."
    else:
        message = f"{path} is damaged or not by scsim: it does not end with a checksum. `scsim recover {path}` saves what is sound of it; or delete it and run the study again, or give a results.h5 that scsim run wrote and no other program has changed."
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
def _new_hdf5(target: NewFile) -> Iterator[h5py.File]:
    """Give a new HDF5 file in a new file."""
    with deferring_signals() as target.interrupt:
        try:
            with h5py.File(target, "w", track_order=True) as file:
                yield file
        except _DAMAGE:
            target.check()
            raise
        target.check()


@contextmanager
def _replacing(path: Path) -> Iterator[NewFile]:
    """Give a temporary file beside the target, flush it to disk and rename it at the end."""
    temporary = temporary_beside(path)
    try:
        with NewFile(temporary) as target:
            yield target
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
