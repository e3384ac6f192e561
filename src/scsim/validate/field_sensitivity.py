"""Runs the sensitivity table of the canal: how potential and drive change when one choice of the model changes.

Each row is a geometry of its own, solved by the spectral solver. What is compared is the change relative to the
base row, and the half-width.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.fields.unit_potential import superpose
from scsim.validate.field_canal import MODELS, geometry_of, read_montage
from scsim.validate.field_lines import run_case, take_apart
from scsim.validate.reading import Row, read_table
from scsim.validate.report import Case, Check, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scsim.fields.unit_potential import SolvedMedium
    from scsim.validate.field_geometry import CanalGeometry
    from scsim.validate.field_media import Solutions

TABLE: Final = r"sensitivity_(?P<geometry>\w+?)_(?P<montage>c\d+)_(?P<model>equi|uniform)\.csv"
"""Names of the tables."""

_SHALLOW: Final = "dc_x+0.0_d0.2"
_DEEP: Final = "dc_x+0.0_d1.0"

_HALF_WIDTH: Final = "FWHM_mm"
_CHANGES: Final = (
    "V0_d0.2_mV",
    "peak_minus_20mm_mV",
    "second_diff_7mm_mV",
    "V_d1.0/V_d0.2(peak-20mm)",
)
"""Columns whose change relative to the base row is compared."""

_SPACING_MM: Final = 0.5
_FAR_MM: Final = 20.0
_STEP_MM: Final = 7.0
"""Samples, distance of the level that the peak is taken above, and step of the second difference, mm; as the
table was made."""

_VALUE: Final = r"(?P<value>[\d.]+)"
_CASES: Final[Mapping[str, Callable[[CanalGeometry, float], CanalGeometry]]] = {
    rf"dura_{_VALUE}": lambda canal, value: canal.with_sigma("dura", value),
    rf"fat_{_VALUE}": lambda canal, value: canal.with_sigma("epidural_fat", value),
    rf"bone_{_VALUE}": lambda canal, value: canal.with_sigma("bone", value),
    rf"soft_{_VALUE}": lambda canal, value: canal.with_sigma("soft_tissue", value),
    rf"csf_{_VALUE}": lambda canal, value: canal.with_sigma("csf", value),
    rf"grey_{_VALUE}": lambda canal, value: canal.with_sigma("gray_matter", value),
    rf"wm_iso_{_VALUE}": lambda canal, value: canal.with_sigma("white_matter", value),
    rf"box_z_{_VALUE}": lambda canal, value: replace(canal, half_length_mm=value),
    rf"box_xy_{_VALUE}": lambda canal, value: replace(canal, half_width_mm=value),
    rf"gap_{_VALUE}": lambda canal, value: canal.with_gap(value),
    rf"dcsf_{_VALUE}": lambda canal, value: canal.with_csf(value),
}
"""Name of a row and the geometry that it stands for."""

_WHITE_MATTER: Final = r"wm_t_(?P<across>[\d.]+)_l_(?P<along>[\d.]+)"


def run_sensitivity(file: Path, solutions: Solutions) -> list[Case]:
    """Run a sensitivity table.

    Parameters
    ----------
    file : Path
        Named as `TABLE`; one row is called ``base``.
    solutions : Solutions

    Returns
    -------
    list of Case
        One for each row. The base row is compared itself, the others by their change from it.

    Raises
    ------
    ResultsError
        If the table or its geometry cannot be read, a row has an unknown name, or none is the base.
    """
    parts = take_apart(TABLE, file)
    canal = geometry_of(file, parts["geometry"])
    model = MODELS[parts["model"]]
    (number,) = read_montage(file, parts["montage"], len(canal.contact_z_mm))
    rows = read_table(file, ("case", _HALF_WIDTH, *_CHANGES))
    geometries = {row.text("case"): _changed(canal, row) for row in rows}
    if "base" not in geometries:
        msg = f"{file}: no row is called base, which the others are compared with; add it."
        raise ResultsError(msg)
    wanted = {
        row.text("case"): {column: row.finite(column) for column in (*_CHANGES, _HALF_WIDTH)}
        for row in rows
    }

    def found(name: str) -> dict[str, float]:
        medium = solutions.spectral(geometries[name], model)
        return _measure_line(medium, geometries[name], number)

    base: dict[str, float] = {}
    cases = []
    for name in sorted(geometries, key=lambda name: name != "base"):

        def judge(name: str = name) -> Case:
            values = found(name)
            if name == "base":
                base.update(values)
            checks = _compare(name, values, wanted[name], base, wanted["base"])
            return Case(f"{file.stem} {name}", file.name, checks)

        cases.append(run_case(f"{file.stem} {name}", file, judge))
    return cases


def _changed(canal: CanalGeometry, row: Row) -> CanalGeometry:
    """Give the geometry that a row stands for."""
    name = row.text("case")
    if name == "base":
        return canal
    if match := re.fullmatch(_WHITE_MATTER, name):
        return canal.with_sigma("white_matter", float(match["across"]), float(match["along"]))
    for pattern, change in _CASES.items():
        if match := re.fullmatch(pattern, name):
            return change(canal, float(match["value"]))
    known = ", ".join(pattern.replace(_VALUE, "<value>") for pattern in _CASES)
    msg = (
        f"case = {name!r} in {row.path}:{row.line}: known are base, wm_t_<across>_l_<along>, {known}; "
        "rename the row."
    )
    raise ResultsError(msg)


def _measure_line(medium: SolvedMedium, canal: CanalGeometry, number: int) -> dict[str, float]:
    """Measure potential, drive and width on the midline around a contact."""
    z_contact = canal.contact_z_mm[number - 1]
    n_far, n_step = round(_FAR_MM / _SPACING_MM), round(_STEP_MM / _SPACING_MM)
    z = z_contact + _SPACING_MM * np.arange(-n_far, n_far + 1)
    contact = next(c for c in medium.contacts if c.label == f"c{number}")
    points = [
        np.column_stack([np.full_like(z, x), np.full_like(z, y), z])
        for x, y in map(canal.line, (_SHALLOW, _DEEP))
    ]
    unit = medium.unit_potential([contact], np.concatenate(points))
    shallow, deep = np.split(superpose(unit, (1.0,)), 2)
    middle = n_far
    peak, deep_peak = (v[middle] - 0.5 * (v[0] + v[-1]) for v in (shallow, deep))
    level = 0.5 * (shallow[0] + shallow[-1])
    above = z[shallow - level >= 0.5 * peak]
    return {
        "V0_d0.2_mV": float(shallow[middle]),
        "peak_minus_20mm_mV": float(peak),
        "second_diff_7mm_mV": float(
            shallow[middle - n_step] - 2.0 * shallow[middle] + shallow[middle + n_step]
        ),
        _HALF_WIDTH: float(above[-1] - above[0]),
        "V_d1.0/V_d0.2(peak-20mm)": float(deep_peak / peak),
    }


def _compare(
    name: str,
    values: Mapping[str, float],
    wanted: Mapping[str, float],
    base: Mapping[str, float],
    wanted_base: Mapping[str, float],
) -> tuple[Check, ...]:
    """Hold the change of each column against that of the table."""
    errors = {}
    for column in _CHANGES:
        if name == "base":
            errors[column] = values[column] / wanted[column] - 1.0
        else:
            errors[column] = values[column] / base[column] - wanted[column] / wanted_base[column]
    worst = max(errors, key=lambda column: abs(errors[column]))
    return (
        measure("sensitivity_change", errors[worst], worst),
        measure("sensitivity_half_width", values[_HALF_WIDTH] - wanted[_HALF_WIDTH]),
    )
