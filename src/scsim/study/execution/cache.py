"""Finished work: units of work named by their content, and batches of them as files in the study folder.

Two units with equal content are one, whichever case asked. What a unit computes belongs in ``stages/table.py``.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.formats.hdf5 import peek_arrays, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from scsim.study.stages.stage import Outputs, Unit

_LOG = logging.getLogger(__name__)

BATCHES: Final = "batches"
"""Folder of the batch files inside a study folder."""

_SHAPES: Final = ".shapes"
"""Suffix of the table of shapes of outputs that differ in shape from unit to unit."""

_UNITS: Final = ".units"
"""Suffix of the list of units that have an output which others lack."""

_UNIT_HASHES: Final = "unit_hashes"
"""Name of the array with the hash of each unit of a batch, as bytes."""

_NAME_DIGITS: Final = 12


def hash_unit(stage: str, source_hash: str, unit: Unit) -> str:
    """Hash a unit of work by its content.

    Parameters
    ----------
    stage : str
        The stage that runs it.
    source_hash : str
        Hash of the program that runs it.
    unit : mapping of str to ndarray, float, int, str, None or a tuple of them

    Returns
    -------
    str
        SHA-256 in hexadecimal digits; equal for units with equal names, types, shapes and bytes.
    """
    digest = hashlib.sha256(f"{source_hash}\0{stage}".encode())
    for name in sorted(unit):
        value = unit[name]
        if isinstance(value, np.ndarray):
            digest.update(f"\0{name}\0{value.dtype.str}{value.shape}\0".encode())
            digest.update(np.ascontiguousarray(value).data)
        else:
            digest.update(f"\0{name}\0{type(value).__name__}\0{value!r}".encode())
    return digest.hexdigest()


def hash_batch(unit_hashes: Sequence[str]) -> str:
    """Hash a batch by its units.

    Parameters
    ----------
    unit_hashes : sequence of str

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    return hashlib.sha256("\n".join(unit_hashes).encode()).hexdigest()


def batch_path(folder: Path, stage: str, index: int, batch_hash: str) -> Path:
    """Name the file of a batch.

    Parameters
    ----------
    folder : Path
        Folder of the study.
    stage : str
    index : int
        Place of the batch within the stage.
    batch_hash : str
        From `hash_batch`.

    Returns
    -------
    Path
    """
    return folder / BATCHES / f"{stage}-{index:05d}-{batch_hash[:_NAME_DIGITS]}.h5"


def save_batch(
    path: Path,
    batch_hash: str,
    outputs: Sequence[Outputs],
    unit_hashes: Sequence[str] = (),
    stage_hash: str = "",
) -> None:
    """Write the outputs of a batch to its file, whole or not at all.

    Parameters
    ----------
    path : Path
        From `batch_path`.
    batch_hash : str
    outputs : sequence of mapping of str to ndarray
        One per unit.
    unit_hashes : sequence of str
        From `hash_unit`, so that each unit can be found without its batch.
    stage_hash : str
        Hash of the part of the program that computed them.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    arrays = _pack(outputs)
    if unit_hashes:
        names = b"".join(bytes.fromhex(one) for one in unit_hashes)
        arrays[_UNIT_HASHES] = np.frombuffer(names, np.uint8).reshape(len(unit_hashes), -1)
    attributes = {"batch_hash": batch_hash, "stage_hash": stage_hash, "n_units": len(outputs)}
    write_arrays(path, arrays, attributes)


def load_batch(path: Path, batch_hash: str, n_units: int) -> list[Outputs] | None:
    """Read the outputs of a batch if its file is there and sound.

    Parameters
    ----------
    path : Path
        From `batch_path`.
    batch_hash : str
    n_units : int

    Returns
    -------
    list of mapping of str to ndarray, or None
        None if the batch has to be computed: no file, another batch, or a damaged file, which is
        noted in the log.
    """
    found = _read_sound(path)
    if found is None:
        return None
    arrays, attributes = found
    if attributes.get("batch_hash") != batch_hash:
        return None
    try:
        return _unpack(arrays, n_units)
    except (KeyError, ValueError, IndexError):
        _LOG.warning("%s is damaged: it is computed again", path)
        return None


def _read_sound(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    if not path.is_file():
        return None
    try:
        return read_arrays(path)
    except ResultsError:
        _LOG.warning("%s is damaged: it is computed again", path)
        return None


def list_units(path: Path, stage_hash: str) -> tuple[str, ...]:
    """Name the units in the file of a batch, without reading what they gave.

    Parameters
    ----------
    path : Path
        From `batch_path`.
    stage_hash : str
        Hash of the part of the program that must have computed them.

    Returns
    -------
    tuple of str
        Empty if the file is damaged or another version of scsim wrote it.
    """
    try:
        arrays, attributes = peek_arrays(path, [_UNIT_HASHES])
    except ResultsError:
        return ()
    return _names_in(arrays, attributes, stage_hash)


def _names_in(
    arrays: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any], stage_hash: str
) -> tuple[str, ...]:
    """Give the hashes of the units of a batch; none if another version of scsim wrote it."""
    names = arrays.get(_UNIT_HASHES)
    if names is None or names.ndim != 2 or attributes.get("stage_hash") != stage_hash:
        return ()
    return tuple(row.tobytes().hex() for row in names)


class Shelf:
    """The units in the batch files of a folder, found by their content whatever batch they are in.

    Batches change with the config: one more value in a sweep shifts those behind it. The files are looked through
    once, when the first batch is asked for that has no file of its own.

    Parameters
    ----------
    folder : Path
        Of the study.
    stages : mapping of str to str
        Hash of the part of the program that each stage depends on, by stage.
    """

    def __init__(self, folder: Path, stages: Mapping[str, str]) -> None:
        self._stages = stages
        self._lock = threading.Lock()
        self._places: dict[str, dict[str, Path]] = {}
        self._files: dict[str, list[Path]] = {}
        for path in sorted((folder / BATCHES).glob("*.h5")):
            self._files.setdefault(path.name.rpartition("-")[0].rpartition("-")[0], []).append(path)

    def n_units(self, stage: str) -> int:
        """Count the units of a stage that are there."""
        return len(self._of(stage))

    def find(self, stage: str, unit_hashes: Sequence[str]) -> dict[str, Outputs]:
        """Give what is there of some units.

        Parameters
        ----------
        stage : str
        unit_hashes : sequence of str

        Returns
        -------
        dict of str to mapping of str to ndarray
            By hash of unit.
        """
        if stage not in self._files:
            return {}
        places = self._of(stage)
        wanted = dict.fromkeys(places[one] for one in unit_hashes if one in places)
        found: dict[str, Outputs] = {}
        for path in wanted:
            # Names and outputs from one reading: another thread may put another batch there in the meantime.
            sound = _read_sound(path)
            names = () if sound is None else _names_in(*sound, self._stages[stage])
            if sound is None or not names:
                continue
            outputs = dict(zip(names, _unpack(sound[0], len(names)), strict=True))
            found.update((one, outputs[one]) for one in unit_hashes if one in outputs)
        return found

    def _of(self, stage: str) -> dict[str, Path]:
        with self._lock:
            if stage not in self._places:
                self._places[stage] = {
                    unit: path
                    for path in self._files.get(stage, ())
                    for unit in list_units(path, self._stages.get(stage, ""))
                }
            return self._places[stage]


def _pack(outputs: Sequence[Outputs]) -> dict[str, NDArray[Any]]:
    """Stack the outputs of all units; those of unequal shapes lie flat beside a table of shapes."""
    arrays: dict[str, NDArray[Any]] = {}
    for name in dict.fromkeys(name for output in outputs for name in output):
        places = [place for place, output in enumerate(outputs) if name in output]
        values = [_stored(outputs[place][name]) for place in places]
        if len(places) < len(outputs):
            arrays[name + _UNITS] = np.array(places, dtype=np.int64)
        if len({value.shape for value in values}) == 1:
            arrays[name] = np.stack(values)
        else:
            arrays[name] = np.concatenate([value.ravel() for value in values])
            arrays[name + _SHAPES] = np.array([value.shape for value in values], dtype=np.int64)
    return arrays


def _unpack(arrays: Mapping[str, NDArray[Any]], n_units: int) -> list[Outputs]:
    outputs: list[dict[str, NDArray[Any]]] = [{} for _ in range(n_units)]
    for name, values in arrays.items():
        if name.endswith((_SHAPES, _UNITS)) or name == _UNIT_HASHES:
            continue
        parts = list(values)
        if name + _SHAPES in arrays:
            shapes = arrays[name + _SHAPES]
            cuts = np.split(values, np.cumsum(shapes.prod(axis=1))[:-1])
            parts = [cut.reshape(shape) for cut, shape in zip(cuts, shapes, strict=True)]
        places = arrays.get(name + _UNITS, np.arange(n_units))
        for place, part in zip(places.tolist(), parts, strict=True):
            outputs[place][name] = _as_computed(np.asarray(part))
    return list(outputs)


def _stored(values: NDArray[Any]) -> NDArray[Any]:
    """Give texts as bytes, which HDF5 holds at a fixed length."""
    return np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values


def _as_computed(values: NDArray[Any]) -> NDArray[Any]:
    """Give stored bytes as texts again."""
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
