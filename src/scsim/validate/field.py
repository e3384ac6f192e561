"""Runs the reference cases of potentials: point sources in infinite media and half-spaces.

Columns and names are those of the field tables (``cases/README.md``). Tolerances are in
``tolerances.py``; the solvers themselves belong to `scsim.fields`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes.sources import PointSource
from scsim.errors import ResultsError
from scsim.fields.analytic import HomogeneousMedium, TwoHalfSpaces
from scsim.validate.reading import SHIPPED, Row, read_table, run_files
from scsim.validate.report import Case, Report, measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scsim.fields.unit_potential import Medium

ROOM: Final = "field"

_A1_COLUMNS: Final = ("medium", "x_mm", "y_mm", "z_mm", "V_mV_per_mA")
_A2_COLUMNS: Final = ("sigma1_S_m", "sigma2_S_m", "h_mm", "x_mm", "z_mm", "V_mV_per_mA")

_NOT_RUN: Final = MappingProxyType(
    {
        r"A3_disk_halfspace\.csv": "disk sources are not in this version",
        r"A4_\w+\.csv": "concentric layers are not in this version",
        r"scs_\w+_contact_Z_ohm\.csv": "no solver of the extruded canal in this version",
        r"scs_\w+__\w+__\w+__(dc|root)\.csv": "no solver of the extruded canal in this version",
        r"cuff_\w+\.csv": "no solver of cuffs in this version",
        r"sensitivity_\w+\.csv": "no solver of the extruded canal in this version",
    }
)
"""Pattern of a file name and why such a file is not run."""

_INPUTS: Final = MappingProxyType({r"\w+_geometry\.json": "geometry of the cases named after it"})

_KNOWN: Final = (
    "A1_point_source.csv, A2_two_halfspaces.csv, A3_*.csv, A4_*.csv, scs_*.csv, cuff_*.csv, "
    "sensitivity_*.csv"
)


def validate_field(path: Path | None = None) -> Report:
    """Run the reference cases of potentials.

    Parameters
    ----------
    path : Path, optional
        A table or a folder of them; the shipped cases if not given.

    Returns
    -------
    Report
        One case for each row of a table that is run, one for each file that is not.

    Raises
    ------
    ResultsError
        If a table cannot be read, or nothing at `path` belongs to this room.
    """
    return run_files(
        ROOM,
        path or SHIPPED / "field",
        runners=_RUNNERS,
        not_run=_NOT_RUN,
        inputs=_INPUTS,
        known=_KNOWN,
    )


def _run_point_sources(file: Path) -> list[Case]:
    """Run A1: a point source of 1 mA at the origin of an infinite medium."""
    source = PointSource((0.0, 0.0, 0.0))
    cases = []
    for row in read_table(file, _A1_COLUMNS):
        point = (row.finite("x_mm"), row.finite("y_mm"), row.finite("z_mm"))
        medium = HomogeneousMedium(sigma_s_per_m=_read_conductivity(row))
        name = f"{row.text('medium')} at ({point[0]:g}, {point[1]:g}, {point[2]:g}) mm"
        cases.append(_judge(row, name, "A1", _potential(medium, source, point)))
    return cases


def _run_half_spaces(file: Path) -> list[Case]:
    """Run A2: a point source of 1 mA at height h above a plane between two media."""
    cases = []
    for row in read_table(file, _A2_COLUMNS):
        above, below = row.finite("sigma1_S_m"), row.finite("sigma2_S_m")
        height = row.finite("h_mm")
        point = (row.finite("x_mm"), 0.0, row.finite("z_mm"))
        medium = TwoHalfSpaces(
            sigma_positive_s_per_m=above, sigma_negative_s_per_m=below, interface_mm=0.0, axis="z"
        )
        source = PointSource((0.0, 0.0, height))
        name = (
            f"{above:g} over {below:g} S/m, h = {height:g} mm, at ({point[0]:g}, {point[2]:g}) mm"
        )
        cases.append(_judge(row, name, "A2", _potential(medium, source, point)))
    return cases


_RUNNERS: Final[MappingProxyType[str, Callable[[Path], list[Case]]]] = MappingProxyType(
    {
        r"A1_point_source\.csv": _run_point_sources,
        r"A2_two_halfspaces\.csv": _run_half_spaces,
    }
)
"""Pattern of a file name and the function that runs it."""


def _read_conductivity(row: Row) -> float | tuple[float, float, float]:
    """Read a medium's name: ``iso_<s>``, or ``<name>_<transverse>_<longitudinal>``."""
    _, *texts = row.text("medium").split("_")
    try:
        values = [_read_fraction(text) for text in texts]
    except (ValueError, ZeroDivisionError):
        values = []
    is_isotropic = row.text("medium").startswith("iso_")
    if is_isotropic and len(values) == 1:
        return values[0]
    if not is_isotropic and len(values) == 2:
        transverse, longitudinal = values
        return (transverse, transverse, longitudinal)
    msg = (
        f"medium = {row.text('medium')!r} in {row.path}:{row.line}: allowed are iso_<S/m> and "
        "<name>_<transverse S/m>_<longitudinal S/m>, each a decimal or a fraction a/b; rename it."
    )
    raise ResultsError(msg)


def _read_fraction(text: str) -> float:
    """Read a decimal or a fraction of two decimals."""
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or "1")


def _potential(medium: Medium, source: PointSource, point_mm: tuple[float, float, float]) -> float:
    """Give the potential at one point, mV for 1 mA."""
    return float(medium.unit_potential([source], np.array([point_mm]))[0, 0])


def _judge(row: Row, name: str, quantity: str, potential_mv: float) -> Case:
    """Compare one potential: error relative to the reference."""
    expected = row.finite("V_mV_per_mA")
    check = measure(quantity, (potential_mv - expected) / expected)
    return Case(name, row.path.name, (check,))
