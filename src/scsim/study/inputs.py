"""Files that a config names: where they lie, what they hold, a hash of their content, and copies for the results.

A name is looked up beside the config, or among the stand-ins that a rerun puts there. What the files mean belongs to
`scsim.fields` and `scsim.circuit`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError, ScsimError
from scsim.fields.catalog import load_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scsim.fields.catalog import FieldSection
    from scsim.fields.imported import ImportedField
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.study.config import StudyConfig

FILE_KEYS: Final = ("file", "label_file")
"""Keys of ``[field]`` that name a file."""

STAND_INS: Final = ".scsim-files"
"""Folder beside a config with files that stand in for those that it names; `place_stand_in` fills it."""

MAX_STORED_BYTES: Final = 1 << 20
"""Larger files are not copied into the results, only their hash: circuits have some 20 kB, fields up to GBs."""

_DIGITS_OF_NAME: Final = 16


@dataclass(frozen=True)
class InputFile:
    """A file that a config names, as the results know it.

    Attributes
    ----------
    name : str
        As the config has it.
    sha256 : str
        Hash of its content, hexadecimal digits.
    n_bytes : int
    content : bytes or None
        None where the file is too large to be kept.
    """

    name: str
    sha256: str
    n_bytes: int
    content: bytes | None


def input_path(folder: Path | None, name: str) -> Path:
    """Say where a file lies that a config names.

    Parameters
    ----------
    folder : Path or None
        Folder of the config; None for a config without a file, whose names are looked up in the current folder.
    name : str

    Returns
    -------
    Path
    """
    if folder is None:
        return Path(name)
    if (folder / STAND_INS).is_dir():
        stand_in = _stand_in(folder, name)
        if stand_in.is_file():
            return stand_in
    return folder / name


def _stand_in(folder: Path, name: str) -> Path:
    """Give the place of a stand-in: never outside the folder, whatever the name."""
    digits = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS_OF_NAME]
    return folder / STAND_INS / digits / Path(name).name


def place_stand_in(folder: Path, name: str, content: bytes) -> Path:
    """Write a file that stands in for one that a config names, absolute names and ``..`` among them.

    Parameters
    ----------
    folder : Path
        Folder of the config.
    name : str
        As the config has it.
    content : bytes

    Returns
    -------
    Path
        Below `folder`; `input_path` gives it from now on.
    """
    path = _stand_in(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def named_files(configs: Iterable[StudyConfig]) -> dict[str, Path]:
    """Name the files that some cases read, and say where they lie.

    Parameters
    ----------
    configs : iterable of StudyConfig
        Of one study.

    Returns
    -------
    dict of str to Path
        By the name that the config has, in alphabetical order.
    """
    found = {
        (config.folder, name)
        for config in configs
        for name in (*(getattr(config.field, key) for key in FILE_KEYS), config.circuit.file)
        if name is not None
    }
    return {
        name: input_path(folder, name) for folder, name in sorted(found, key=lambda one: one[1])
    }


def describe_files(configs: Iterable[StudyConfig]) -> str:
    """Describe the files that some cases read, with the content of small ones, for the results.

    Parameters
    ----------
    configs : iterable of StudyConfig

    Returns
    -------
    str
        JSON: a list with ``name``, ``sha256``, ``bytes``, and ``text`` or ``base64`` where the file is not larger
        than `MAX_STORED_BYTES`; empty if they read none.
    """
    entries = []
    for name, path in named_files(configs).items():
        content = path.read_bytes()
        entry: dict[str, str | int] = {
            "name": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        }
        if len(content) <= MAX_STORED_BYTES:
            try:
                entry["text"] = content.decode()
            except UnicodeDecodeError:
                entry["base64"] = base64.b64encode(content).decode()
        entries.append(entry)
    return json.dumps(entries) if entries else ""


def read_described(text: str) -> tuple[InputFile, ...]:
    """Read what `describe_files` wrote.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of InputFile

    Raises
    ------
    ResultsError
        If the text is not of this form, or a content does not fit its hash.
    """
    if not text:
        return ()
    try:
        files = tuple(_described(entry) for entry in json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        message = f"the attribute inputs, with the files that the study read, cannot be read ({error!r}): the results were changed. Give a results.h5 that scsim run wrote and no other program has changed."
        raise ResultsError(message) from error
    for file in files:
        if file.content is not None and hashlib.sha256(file.content).hexdigest() != file.sha256:
            message = f"the copy of {file.name} in the attribute inputs does not fit its hash {file.sha256[:12]}: the results were changed. Give a results.h5 that scsim run wrote and no other program has changed."
            raise ResultsError(message)
    return files


def _described(entry: dict[str, str | int]) -> InputFile:
    content = None
    if "text" in entry:
        content = str(entry["text"]).encode()
    elif "base64" in entry:
        content = base64.b64decode(str(entry["base64"]), validate=True)
    return InputFile(str(entry["name"]), str(entry["sha256"]), int(entry["bytes"]), content)


def load_imported(field: FieldSection, folder: Path | None) -> ImportedField | None:
    """Read the imported field of a config, None if it has none.

    Parameters
    ----------
    field : FieldSection
    folder : Path or None
        As `input_path`.

    Returns
    -------
    ImportedField or None
        The same object while the file does not change.

    Raises
    ------
    GeometryError, ResultsError
        If the file cannot be read or its content does not fit.
    """
    if field.solver != "imported" or field.file is None:
        return None
    path = input_path(folder, field.file)
    return _imported(path, _stamp(path), field.coordinate_unit, field.potential_unit)


def load_labels(field: FieldSection, folder: Path | None) -> LabelVolume | None:
    """Read the label volume of a config, None if it has none.

    Parameters
    ----------
    field : FieldSection
    folder : Path or None
        As `input_path`.

    Returns
    -------
    LabelVolume or None
        The same object while the file does not change.

    Raises
    ------
    GeometryError, ResultsError
        If the file cannot be read or its content does not fit.
    """
    if field.solver != "voxel" or field.label_file is None or field.label_tissues is None:
        return None
    path = input_path(folder, field.label_file)
    return _labels(path, _stamp(path), field.label_tissues)


def file_faults(config: StudyConfig) -> list[tuple[str, str]]:
    """Find what is wrong with the files that a config names.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    list of (str, str)
        Key of ``[field]`` and message.
    """
    field, folder = config.field, config.folder
    for key in FILE_KEYS:
        name = getattr(field, key)
        if name is not None and not input_path(folder, name).is_file():
            message = (
                f"there is no file {input_path(folder, name)}. "
                "Write the name of a file, from the folder of the config on."
            )
            return [(key, message)]
    try:
        load_imported(field, folder)
    except (ScsimError, OSError) as error:
        return [("file", f"{error}")]
    try:
        volume = load_labels(field, folder)
        if volume is not None:
            domain = load_domain(config.domain)
            volume.check_covers(domain.half_width_mm, domain.half_length_mm)
    except (ScsimError, OSError) as error:
        return [("label_file", f"{error}")]
    return []


def content_hash(configs: Iterable[StudyConfig]) -> str:
    """Hash the content of all files that some cases read.

    Parameters
    ----------
    configs : iterable of StudyConfig

    Returns
    -------
    str
        SHA-256 in hexadecimal digits; empty if they read none.
    """
    digest = hashlib.sha256()
    files = named_files(configs)
    for name, path in files.items():
        # By name, not by place: a rerun reads the same files from elsewhere.
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest() if files else ""


def _stamp(path: Path) -> tuple[int, int]:
    """Tell one version of a file from another."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _imported(
    path: Path, _: tuple[int, int], coordinate_unit: str | None, potential_unit: str | None
) -> ImportedField:
    from scsim.fields.imported import read_imported  # noqa: PLC0415 - few studies import fields

    return read_imported(path, coordinate_unit=coordinate_unit, potential_unit=potential_unit)


@lru_cache(maxsize=4)
def _labels(path: Path, _: tuple[int, int], tissues: tuple[str, ...]) -> LabelVolume:
    from scsim.fields.voxels.labels import read_label_volume  # noqa: PLC0415 - few studies have volumes

    return read_label_volume(path, dict(enumerate(tissues)))
