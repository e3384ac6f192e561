"""Files that a config names: where they lie, what they hold, and a hash of their content.

A name is looked up beside the config. What the files mean belongs to `scsim.fields`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.errors import ScsimError
from scsim.fields.catalog import load_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scsim.fields.catalog import FieldSection
    from scsim.fields.imported import ImportedField
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.study.config import StudyConfig

FILE_KEYS: Final = ("file", "label_file")
"""Keys of ``[field]`` that name a file."""


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
    return Path(name) if folder is None else folder / name


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
    paths = {
        input_path(config.folder, name)
        for config in configs
        for name in (*(getattr(config.field, key) for key in FILE_KEYS), config.circuit.file)
        if name is not None
    }
    if not paths:
        return ""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


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
