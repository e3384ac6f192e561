"""Runs the reference cases of a lead in an extruded canal: potentials along fibers, and the contact matrix.

Each table is run by the spectral and the voxel solver, with the contact model of its name. Geometries are read by
``field_geometry.py`` and solved in ``field_media.py``; tolerances are in ``tolerances.py``.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ResultsError
from scsim.fields.accuracy import score_matrix
from scsim.validate.field_geometry import CanalGeometry, read_canal
from scsim.validate.field_lines import (
    Line,
    check_worst,
    in_percent,
    potentials_along,
    read_lines,
    run_case,
    samples_in_step,
    score_lines,
    take_apart,
)
from scsim.validate.reading import need_beside, read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scsim.fields.accuracy import LineScore
    from scsim.fields.unit_potential import SolvedMedium
    from scsim.validate.field_media import ContactModel, Solutions

FloatArray = npt.NDArray[np.float64]

LINES: Final = (
    r"scs_(?P<geometry>\w+?)__(?P<montage>\w+?)__(?P<model>equi|uniform)__(?P<kind>dc|root)\.csv"
)
MATRIX: Final = r"scs_(?P<geometry>\w+)_contact_Z_ohm\.csv"
"""Names of the tables."""

MODELS: Final[Mapping[str, ContactModel]] = MappingProxyType(
    {"equi": "equipotential", "uniform": "uniform"}
)
"""Contact model in the name of a table, and its name here."""

_COLUMNS: Final = r"dc_x[+-][\d.]+_d(?P<depth>[\d.]+)"
_ROOT_COLUMNS: Final = ("x_mm", "y_mm", "z_mm", "V_right_mV", "V_left_mV(at -x)")

_MONTAGES: Final = "c<k>, mono_c<k>, bip<i>m<j>p, guard<ijk>"

_DEEP_MM: Final = 0.5
"""Depth below the cord surface from which on the tighter bars of the voxel solver hold, mm."""

_NEAR_BAR_MM: Final = 0.25
"""The spacing that has a bar near the surface too, mm; at any other the error there is reported."""


def run_lines(file: Path, solutions: Solutions) -> list[Case]:
    """Run a table of potentials along dorsal-column or root lines.

    Parameters
    ----------
    file : Path
        Named as `LINES`.
    solutions : Solutions

    Returns
    -------
    list of Case
        One for each solver and spacing.

    Raises
    ------
    ResultsError
        If the table or its geometry cannot be read.
    """
    parts = take_apart(LINES, file)
    geometry = geometry_of(file, parts["geometry"])
    model = MODELS[parts["model"]]
    currents_ma = read_montage(file, parts["montage"], len(geometry.contact_z_mm))
    lines = _root_lines(file) if parts["kind"] == "root" else _dorsal_lines(file, geometry)
    title = f"{parts['geometry']} {parts['montage']} {parts['model']} {parts['kind']}"

    def scores(medium: SolvedMedium) -> dict[str, LineScore]:
        return score_lines(lines, potentials_along(lines, medium, currents_ma))

    def spectral() -> Case:
        found = scores(solutions.spectral(geometry, model))
        return Case(f"{title}: spectral", file.name, check_worst("spectral", found))

    cases = [run_case(f"{title}: spectral", file, spectral)]
    for spacing_mm in solutions.spacings_mm(model):
        name = f"{title}: voxel {spacing_mm:g} mm"

        def voxel(spacing_mm: float = spacing_mm, name: str = name) -> Case:
            found = scores(solutions.voxel(geometry, model, tuple(currents_ma), spacing_mm))
            return _judge_voxel(name, file, found, spacing_mm)

        cases.append(run_case(name, file, voxel))
    return cases


def run_matrix(file: Path, solutions: Solutions) -> list[Case]:
    """Run a contact matrix: a bar for the spectral solver, the voxel solver's error beside it.

    Parameters
    ----------
    file : Path
        Named as `MATRIX`; a line that begins with ``#``, then the matrix, Ω.
    solutions : Solutions

    Returns
    -------
    list of Case
        One.

    Raises
    ------
    ResultsError
        If the table or its geometry cannot be read.
    """
    parts = take_apart(MATRIX, file)
    geometry = geometry_of(file, parts["geometry"])
    reference = _read_matrix(file, len(geometry.contact_z_mm))
    numbers = tuple(range(1, len(reference) + 1))

    def both() -> Case:
        found = solutions.spectral(geometry, "equipotential").contact_matrix_ohm()
        check = measure("spectral_contact_matrix", score_matrix(found, reference))
        remarks = []
        for spacing_mm in solutions.spacings_mm("equipotential"):
            medium = solutions.voxel(geometry, "equipotential", numbers, spacing_mm)
            off = np.abs(medium.contact_matrix_ohm() / reference - 1.0)
            own = off.diagonal().max()
            mutual = off[~np.eye(len(off), dtype=np.bool_)].max()
            remarks.append(
                f"voxel {spacing_mm:g} mm, without a bar: {100.0 * own:.2g} % on the diagonal, "
                f"{100.0 * mutual:.2g} % elsewhere"
            )
        return Case(name, file.name, (check,), "; ".join(remarks))

    name = f"{parts['geometry']} contact matrix: spectral"
    return [run_case(name, file, both)]


def read_montage(file: Path, montage: str, n_contacts: int) -> dict[int, float]:
    """Read the currents from the name of a table.

    Parameters
    ----------
    file : Path
        For messages.
    montage : str
        ``c<k>`` or ``mono_c<k>``: +1 mA on contact k; ``bip<i>m<j>p``: −1 mA on i, +1 mA on j;
        ``guard<ijk>``: −1 mA on j, +0.5 mA on i and on k. What does not sum to 0 returns at the border.
    n_contacts : int
        How many contacts there are.

    Returns
    -------
    dict of int to float
        Number of the contact, counted from 1, and its current, mA.

    Raises
    ------
    ResultsError
        If the name has another form, or a contact that is not there.
    """
    if match := re.fullmatch(r"(?:mono_)?c(\d+)", montage):
        currents = {int(match[1]): 1.0}
    elif match := re.fullmatch(r"bip(\d+)m(\d+)p", montage):
        currents = {int(match[1]): -1.0, int(match[2]): 1.0}
    elif match := re.fullmatch(r"guard(\d)(\d)(\d)", montage):
        currents = {int(match[1]): 0.5, int(match[2]): -1.0, int(match[3]): 0.5}
    else:
        msg = f"{file}: montage {montage!r}: known are {_MONTAGES}; rename the file."
        raise ResultsError(msg)
    if not all(1 <= number <= n_contacts for number in currents):
        msg = (
            f"{file}: montage {montage!r}: the geometry has contacts 1 to {n_contacts}; "
            "rename the file, or give the geometry that belongs to it."
        )
        raise ResultsError(msg)
    return currents


def _judge_voxel(name: str, file: Path, scores: Mapping[str, LineScore], spacing_mm: float) -> Case:
    """Hold the voxel solver's scores against the bars of its spacing and of the depth of each line."""
    near = {line: score for line, score in scores.items() if _depth_mm(line) < _DEEP_MM}
    deep = {line: score for line, score in scores.items() if line not in near}
    quantity = f"voxel_{spacing_mm:g}_mm"
    checks, reason = check_worst(quantity, deep), ""
    if near and spacing_mm == _NEAR_BAR_MM:
        checks += check_worst(f"{quantity}_near", near)
    elif near:
        reason = f"nearer than {_DEEP_MM:g} mm, without a bar: {in_percent(near)}"
    return Case(name, file.name, checks, reason)


def _depth_mm(line: str) -> float:
    """Give the depth of a line below the cord surface, mm; infinite for roots, whose bars are those of depth."""
    match = re.fullmatch(_COLUMNS, line)
    return float(match["depth"]) if match else math.inf


def geometry_of(file: Path, name: str) -> CanalGeometry:
    """Read the geometry that a table is named after, beside it or among the shipped cases."""
    return read_canal(need_beside(file, f"scs_{name}_geometry.json", shipped_folder="field"))


def _dorsal_lines(file: Path, geometry: CanalGeometry) -> list[Line]:
    """Read lines along the cord, whose x and y stand in the geometry."""
    known = dict(geometry.lines)

    def position(match: re.Match[str]) -> tuple[float, float]:
        if match[0] not in known:
            msg = (
                f"{file}: column {match[0]!r} is not among the fibre_lines of the geometry of "
                f"{geometry.name}; add its x and y there, or leave the column out."
            )
            raise ResultsError(msg)
        return geometry.line(match[0])

    return read_lines(file, _COLUMNS, position)


def _root_lines(file: Path) -> list[Line]:
    """Read a root on the right and its mirror image on the left."""
    rows = read_table(file, _ROOT_COLUMNS)
    x, y, z, right, left = (
        np.array([row.finite(column) for row in rows]) for column in _ROOT_COLUMNS
    )
    step = samples_in_step(file, z)
    # The file has x to the right: its right root lies at negative x here.
    return [
        Line("root, right", np.column_stack([-x, y, z]), right, step),
        Line("root, left", np.column_stack([x, y, z]), left, step),
    ]


def _read_matrix(file: Path, n_contacts: int) -> FloatArray:
    """Read a square matrix without a header."""
    try:
        text = file.read_text(encoding="utf-8").splitlines()
        cells = [line.split(",") for line in text if line.strip() and not line.startswith("#")]
        matrix = np.array(cells, dtype=np.float64).reshape(len(cells), -1)
    except (OSError, ValueError) as error:
        msg = (
            f"{file}: cannot be read as a matrix ({error}); "
            "give lines of numbers in Ω with commas between them."
        )
        raise ResultsError(msg) from error
    if matrix.shape != (n_contacts, n_contacts) or not np.isfinite(matrix).all():
        msg = (
            f"{file}: {matrix.shape[0]} by {matrix.shape[1]} numbers for a lead of {n_contacts} contacts: "
            "one finite number per pair of contacts is needed. Give the geometry that belongs to it."
        )
        raise ResultsError(msg)
    return matrix
