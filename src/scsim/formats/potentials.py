"""Potentials that other software has computed: tables of points and values with units.

Three kinds of file:

- **CSV**: one row per point; columns ``x``, ``y``, ``z`` and one per contact. Lines that begin with ``#`` or ``%`` are
  left out.
- **HDF5**: a dataset ``points`` (n_points, 3), or ``x``, ``y``, ``z`` for the axes of a grid; one dataset per contact,
  (n_points,) or (n_x, n_y, n_z). Other datasets must not be there.
- **VTU** (and what else meshio reads): points of the mesh; one array of point data per contact.

Every quantity has a unit: in brackets behind its name (``c1 [mV/mA]``, ``x (mm)``), as a suffix of it (``c1_mv_per_ma``,
``x_mm``), in HDF5 as the attribute ``units``, or as an argument where the file cannot say it. What the
potentials mean belongs to the room that reads them.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping

FloatArray = npt.NDArray[np.float64]

MM_PER_UNIT: Final = MappingProxyType({"mm": 1.0, "m": 1e3, "cm": 10.0, "um": 1e-3})
"""Units of coordinates."""

MV_PER_MA_PER_UNIT: Final = MappingProxyType(
    {"mv/ma": 1.0, "v/a": 1.0, "ohm": 1.0, "v/ma": 1e3, "mv/a": 1e-3, "uv/ma": 1e-3, "uv/ua": 1.0}
)
"""Units of a potential per current; Ω is mV per mA."""

_BRACKETS: Final = re.compile(r"(?P<name>.*?)\s*[\[(]\s*(?P<unit>[^\])]*?)\s*[\])]\s*")
_SUFFIX: Final = re.compile(
    r"(?P<name>.+?)_(?P<unit>(?:mm|m|cm|um|ohm|(?:mv|v|uv)_per_(?:ma|a|ua)))", re.IGNORECASE
)
_COMMENTS: Final = ("#", "%")
_AXES: Final = ("x", "y", "z")
_HDF5: Final = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True, eq=False)
class PotentialTable:
    """What a file says about potentials, in units of scsim.

    Attributes
    ----------
    source : str
        The file.
    labels : tuple of str
        Labels of the contacts.
    points_mm : ndarray of float64, shape (n_points, 3)
        x, y and z, mm.
    unit_potential : ndarray of float64, shape (n_contacts, n_points)
        mV per mA.
    """

    source: str
    labels: tuple[str, ...]
    points_mm: FloatArray
    unit_potential: FloatArray


def read_potentials(
    path: Path | str, *, coordinate_unit: str | None = None, potential_unit: str | None = None
) -> PotentialTable:
    """Read potentials from CSV, HDF5 or VTU.

    Parameters
    ----------
    path : path
        What it is follows from its ending.
    coordinate_unit, potential_unit : str, optional
        Units of what the file gives without one: mm, cm, m or um; mV/mA, V/A, ohm, V/mA, mV/A, uV/mA or uV/uA.

    Returns
    -------
    PotentialTable

    Raises
    ------
    GeometryError
        If the file is not there or not as described above, a unit is missing or unknown, or a value is not a
        finite number; names the file and what to do.
    """
    file = Path(path)
    if file.is_dir():
        msg = f"{file} is a folder. Give the path of a CSV, HDF5 or VTU file of potentials in it."
        raise GeometryError(msg)
    if not file.is_file():
        msg = f"{file}: there is no such file of potentials. Give the path of a CSV, HDF5 or VTU file."
        raise GeometryError(msg)
    if file.suffix.lower() in _HDF5:
        columns = _read_hdf5(file)
    elif file.suffix.lower() in {".csv", ".txt"}:
        columns = _read_csv(file)
    else:
        columns = _read_mesh(file)
    return _assemble(file, columns, coordinate_unit, potential_unit)


@dataclass(frozen=True, eq=False)
class _Column:
    """One quantity of a file: name, unit as written (None if there is none), values."""

    name: str
    unit: str | None
    values: FloatArray


def _column(heading: str, values: FloatArray, unit: str | None = None) -> _Column:
    """Split a heading into name and unit."""
    for pattern in (_BRACKETS, _SUFFIX):
        match = pattern.fullmatch(heading.strip())
        if match:
            return _Column(match["name"], unit or match["unit"].replace("_per_", "/"), values)
    return _Column(heading.strip(), unit, values)


def _read_csv(file: Path) -> list[_Column]:
    """Read a table with a line of headings."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            lines = [
                line for line in text if line.strip() and not line.lstrip().startswith(_COMMENTS)
            ]
    except UnicodeDecodeError as error:
        msg = (
            f"{file} is no text in UTF-8: it has the byte {error.object[error.start]:#04x}. Save the table as CSV in "
            "UTF-8; HDF5 files must end in .h5 or .hdf5, meshes in .vtu."
        )
        raise GeometryError(msg) from error
    _check_commas(file, lines)
    try:
        rows = list(csv.reader(lines, skipinitialspace=True))
    except csv.Error as error:  # such as a cell of more than 131 072 letters
        msg = f"{file} is no table of numbers ({error}). Save it as CSV with commas between the cells."
        raise GeometryError(msg) from error
    if len(rows) < 2:
        msg = f"{file}: a line of headings and a line per point are needed; it has {len(rows)} lines. Add them."
        raise GeometryError(msg)
    heading, *body = rows
    values = np.empty((len(body), len(heading)))
    for index, row in enumerate(body):
        try:
            values[index] = [float(cell) for cell in row]
        except ValueError:  # too few cells, or one that is no number
            msg = (
                f"{file}: row {index + 1} below the headings is {','.join(row)!r}; it needs {len(heading)} numbers, "
                f"one for each of {', '.join(heading)}. Correct it."
            )
            raise GeometryError(msg) from None
    return [_column(name, values[:, index]) for index, name in enumerate(heading)]


def _check_commas(file: Path, lines: list[str]) -> None:
    """Refuse a table with other signs between its cells."""
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if lines and sign in lines[0] and "," not in lines[0]:
            msg = (
                f"{file}: the headings {lines[0].strip()!r} are separated by {name}; commas are needed. Save the table "
                "with commas between the cells, and points in decimal numbers."
            )
            raise GeometryError(msg)


def _read_hdf5(file: Path) -> list[_Column]:
    """Read points, or the axes of a grid, and one dataset per contact."""
    from scsim.formats.hdf5 import read_foreign_arrays  # noqa: PLC0415 - h5py takes 0.3 s to load

    arrays, attributes = read_foreign_arrays(file)

    def unit_of(name: str) -> str | None:
        found = attributes[name].get("units")
        return None if found is None else str(found)

    found = {_column(name, np.empty(0)).name: name for name in arrays}
    if "points" in found:
        name = found.pop("points")
        points = arrays[name]
        if points.ndim != 2 or points.shape[1] != 3:
            msg = f"{file}: dataset {name!r} has shape {points.shape}; (n_points, 3) is needed. Transpose it."
            raise GeometryError(msg)
        own = _column(name, points, unit_of(name))
        columns = [_Column(axis, own.unit, points[:, i]) for i, axis in enumerate(_AXES)]
        shape: tuple[int, ...] = (len(points),)
    elif all(axis in found for axis in _AXES):
        names = [found.pop(axis) for axis in _AXES]
        axes = [_column(name, arrays[name], unit_of(name)) for name in names]
        shape = tuple(axis.values.size for axis in axes)
        grid = np.meshgrid(*(axis.values.ravel() for axis in axes), indexing="ij")
        columns = [
            _Column(axis.name, axis.unit, values.ravel())
            for axis, values in zip(axes, grid, strict=True)
        ]
    else:
        msg = (
            f"{file}: datasets {', '.join(arrays) or 'none'}; 'points' (n_points, 3), or 'x', 'y' and 'z' for the "
            "axes of a grid, are needed. Add them."
        )
        raise GeometryError(msg)
    for name in found.values():
        if arrays[name].shape != shape:
            msg = (
                f"{file}: dataset {name!r} has shape {arrays[name].shape}; the points ask for {shape}. "
                "Every dataset beside the points must be the potential of one contact."
            )
            raise GeometryError(msg)
        columns.append(_column(name, arrays[name].ravel(), unit_of(name)))
    return columns


def _read_mesh(file: Path) -> list[_Column]:
    """Read points and point data of a mesh; its cells are not used."""
    try:
        import meshio  # noqa: PLC0415 - an optional library
    except ModuleNotFoundError:
        msg = f"{file}: reading meshes needs meshio. Install it with: pip install 'scsim[io]'"
        raise GeometryError(msg) from None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            mesh = meshio.read(file)
    except (
        meshio.ReadError,
        SystemExit,
        SyntaxError,
        OSError,
        ValueError,
        KeyError,
        AttributeError,
    ) as error:
        # Of some files meshio prints that it cannot read them, and leaves with an exit status, which says no more.
        said = "" if isinstance(error, SystemExit) else f" ({error})"
        msg = (
            f"{file} cannot be read as a mesh{said}: it is damaged, or not of the format that its ending "
            f"'{file.suffix}' names. Give a CSV, HDF5 or VTU file, or one that meshio reads."
        )
        raise GeometryError(msg) from error
    sys.stderr.write(printed.getvalue())
    points: Any = np.asarray(mesh.points, dtype=np.float64)
    columns = [
        _Column(axis, None, points[:, index]) for index, axis in enumerate(_AXES[: points.shape[1]])
    ]
    for name, values in mesh.point_data.items():
        columns.append(_column(name, np.asarray(values, dtype=np.float64).squeeze()))
    return columns


def _assemble(
    file: Path, columns: list[_Column], coordinate_unit: str | None, potential_unit: str | None
) -> PotentialTable:
    """Bring columns to mm and mV per mA."""
    by_name = {column.name: column for column in columns}
    if len(by_name) != len(columns):
        names = [column.name for column in columns]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"{file}: {twice!r} occurs more than once. Rename or delete one."
        raise GeometryError(msg)
    missing = [axis for axis in _AXES if axis not in by_name]
    contacts = [column for column in columns if column.name not in _AXES]
    if missing or not contacts:
        msg = (
            f"{file}: it has {', '.join(by_name) or 'nothing'}; x, y and z and the potential of at least one contact "
            "are needed. Add what is missing, or rename it."
        )
        raise GeometryError(msg)
    points = np.column_stack(
        [_convert(file, by_name[axis], coordinate_unit, MM_PER_UNIT) for axis in _AXES]
    )
    potentials = [_convert(file, column, potential_unit, MV_PER_MA_PER_UNIT) for column in contacts]
    return PotentialTable(
        str(file), tuple(column.name for column in contacts), points, np.array(potentials)
    )


def _convert(
    file: Path, column: _Column, default: str | None, factors: Mapping[str, float]
) -> FloatArray:
    """Bring a column to the unit of scsim."""
    unit = column.unit or default
    allowed = ", ".join(factors)
    what = "coordinate" if factors is MM_PER_UNIT else "potential per current"
    if unit is None:
        msg = (
            f"{file}: {column.name!r} has no unit; a {what} needs one of {allowed}. Write it behind the name, as in "
            f"'{column.name} [{next(iter(factors))}]', as attribute 'units' in HDF5, or pass it as "
            f"{'coordinate_unit' if factors is MM_PER_UNIT else 'potential_unit'}."
        )
        raise GeometryError(msg)
    key = unit.lower().replace(" ", "").replace("µ", "u").replace("μ", "u").replace("ω", "ohm")
    if key not in factors:
        msg = (
            f"{file}: {column.name!r} is in {unit!r}, which is no unit of a {what} that scsim knows; allowed are "
            f"{allowed}. Convert it, or correct the unit."
        )
        raise GeometryError(msg)
    bad = np.flatnonzero(~np.isfinite(column.values))
    if bad.size:
        msg = (
            f"{file}: {column.name!r} is {column.values[bad[0]]} at point {bad[0]} and {bad.size} of "
            f"{column.values.size} values are not finite. Leave such points out (inside metal or insulators)."
        )
        raise GeometryError(msg)
    return np.asarray(column.values * factors[key], dtype=np.float64)
