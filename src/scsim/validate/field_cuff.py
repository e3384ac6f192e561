"""Runs the reference cases of cuffs: potentials in the fascicle and voltages of the contacts.

A table whose name ends in ``_meshedperi`` is run with the resolved perineurium, the others with the sheet.
Geometries are read by ``field_geometry.py`` and solved in ``field_media.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.validate.field_geometry import read_cuff
from scsim.validate.field_lines import (
    check_worst,
    potentials_along,
    read_lines,
    run_case,
    score_lines,
    take_apart,
)
from scsim.validate.reading import need_beside, read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from pathlib import Path

    from scsim.validate.field_media import Perineurium, Solutions

TABLE: Final = r"cuff_(?P<geometry>[a-zA-Z0-9]+)__(?P<montage>\w+?)(?P<layer>_meshedperi)?(?P<contacts>_contacts)?\.csv"
"""Names of the tables."""

_COLUMNS: Final = r"V_mV_r(?P<radius>[\d.]+)"
_CONTACT_COLUMNS: Final = ("contact", "current_mA", "V_mV")


def run_cuff(file: Path, solutions: Solutions) -> list[Case]:
    """Run a table of potentials along lines in the fascicle, or of voltages of the contacts.

    Parameters
    ----------
    file : Path
        Named as `TABLE`; the currents stand in the file of contacts.
    solutions : Solutions

    Returns
    -------
    list of Case
        One.

    Raises
    ------
    ResultsError
        If the table, its currents or its geometry cannot be read.
    """
    parts = take_apart(TABLE, file)
    geometry = read_cuff(
        need_beside(file, f"cuff_{parts['geometry']}_geometry.json", shipped_folder="field")
    )
    perineurium: Perineurium = "layer" if parts["layer"] else "sheet"
    name = f"cuff {parts['geometry']} {parts['montage']}, {perineurium}"
    if parts["contacts"]:
        currents, voltages = _read_contacts(file, len(geometry.contact_z_mm))

        def judge_contacts() -> Case:
            matrix = solutions.cuff(geometry, perineurium).contact_matrix_ohm()
            found = matrix @ np.array(list(currents.values()))
            errors = dict(zip(currents, found / voltages - 1.0, strict=True))
            worst = max(errors, key=lambda number: abs(errors[number]))
            check = measure("cuff_contact_voltage", errors[worst], f"contact {worst}")
            return Case(f"{name}: contacts", file.name, (check,))

        return [run_case(f"{name}: contacts", file, judge_contacts)]
    beside = need_beside(file, f"{file.stem}_contacts.csv", shipped_folder="field")
    currents, _ = _read_contacts(beside, len(geometry.contact_z_mm))
    lines = read_lines(file, _COLUMNS, lambda match: (float(match["radius"]), 0.0))

    def judge_lines() -> Case:
        medium = solutions.cuff(geometry, perineurium)
        scores = score_lines(lines, potentials_along(lines, medium, currents))
        return Case(name, file.name, check_worst("cuff", scores))

    return [run_case(name, file, judge_lines)]


def _read_contacts(file: Path, n_contacts: int) -> tuple[dict[int, float], np.ndarray]:
    """Read the current (mA) of every contact by its number, and their voltages (mV)."""
    rows = read_table(file, _CONTACT_COLUMNS)
    currents = {row.integer("contact"): row.finite("current_mA") for row in rows}
    if list(currents) != list(range(1, n_contacts + 1)) or len(rows) != n_contacts:
        msg = (
            f"{file}: contacts {', '.join(row.text('contact') for row in rows)} where the geometry has 1 to "
            f"{n_contacts}: each needs one line, in order. Correct the table, or give its geometry."
        )
        raise ResultsError(msg)
    return currents, np.array([row.finite("V_mV") for row in rows])
