"""Runs the reference cases of potentials: says which file is run by what.

Columns and names are those of the field tables (``cases/README.md``). Closed forms are run in ``field_closed.py``, leads
in the canal in ``field_canal.py`` and ``field_sensitivity.py``, cuffs in ``field_cuff.py``.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.validate import field_canal, field_closed, field_cuff, field_sensitivity
from scsim.validate.field_media import Solutions
from scsim.validate.reading import SHIPPED, run_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scsim.validate.report import Case, Report

ROOM: Final = "field"

VOXEL_SPACINGS_MM: Final = (0.5, 0.25)
"""Spacings for which the field tables state bars, mm."""

_INPUTS: Final = MappingProxyType({r"\w+_geometry\.json": "geometry of the cases named after it"})

_KNOWN: Final = (
    "A1_point_source.csv, A2_two_halfspaces.csv, A3_*.csv, A4_*.csv, scs_*.csv, cuff_*.csv, "
    "sensitivity_*.csv"
)


def validate_field(
    path: Path | None = None, *, voxel_spacings_mm: tuple[float, ...] | None = None
) -> Report:
    """Run the reference cases of potentials.

    Parameters
    ----------
    path : Path, optional
        A table or a folder of them; the shipped cases if not given.
    voxel_spacings_mm : tuple of float, optional
        With which spacings the voxel solver runs, mm; none leaves it out. If not given: where a path is given
        both that have bars, which takes minutes for each geometry; for the shipped cases 0.5 mm, and only on
        tables that need one solution.

    Returns
    -------
    Report
        One case for each row of a table of closed forms, one for each solver of every other table.

    Raises
    ------
    ResultsError
        If a table cannot be read, or nothing at `path` belongs to this room.
    """
    if voxel_spacings_mm is not None:
        solutions = Solutions(voxel_spacings_mm)
    elif path is not None:
        solutions = Solutions(VOXEL_SPACINGS_MM)
    else:
        solutions = Solutions(VOXEL_SPACINGS_MM[:1], voxel_models=("uniform",))
    runners: dict[str, Callable[[Path], list[Case]]] = {
        r"A1_point_source\.csv": field_closed.run_point_sources,
        r"A2_two_halfspaces\.csv": field_closed.run_half_spaces,
        r"A3_disk_halfspace\.csv": field_closed.run_disks,
        r"A4_\w+\.csv": partial(field_closed.run_layers, solutions=solutions),
        field_canal.MATRIX: partial(field_canal.run_matrix, solutions=solutions),
        field_canal.LINES: partial(field_canal.run_lines, solutions=solutions),
        field_cuff.TABLE: partial(field_cuff.run_cuff, solutions=solutions),
        field_sensitivity.TABLE: partial(field_sensitivity.run_sensitivity, solutions=solutions),
    }
    return run_files(
        ROOM,
        path or SHIPPED / "field",
        runners=runners,
        not_run={},
        inputs=_INPUTS,
        known=_KNOWN,
    )
