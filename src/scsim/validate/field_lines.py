"""Lines of the field tables: reading them, and scoring a solver's potential along them.

Geometries are in ``field_geometry.py``; which solver runs on which table in ``field_canal.py`` and ``field_cuff.py``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ConvergenceError, GeometryError, ResultsError
from scsim.fields.accuracy import LineScore, score_line, second_difference
from scsim.fields.unit_potential import superpose
from scsim.validate.reading import read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from scsim.fields.unit_potential import SolvedMedium
    from scsim.validate.report import Check

FloatArray = npt.NDArray[np.float64]

PARTS: Final = ("potential", "shape", "second_difference")
"""What is scored along a line."""

_STEP_MM: Final = 2.0
"""Step of the second difference, mm of z (scoring rule of the tables)."""

_EVEN_SHARE: Final = 1e-3
"""How far a sample may lie from an even one, share of the spacing: coordinates have five decimals."""


@dataclass(frozen=True)
class Line:
    """A line of a table.

    Attributes
    ----------
    name : str
        Its column.
    points_mm : ndarray of float64, shape (n, 3)
        x to the left, y dorsal, z rostral.
    reference_mv : ndarray of float64, shape (n,)
        mV for the currents of the table.
    step : int
        Samples in 2 mm of z.
    """

    name: str
    points_mm: FloatArray
    reference_mv: FloatArray
    step: int


def read_lines(
    file: Path, columns: str, position: Callable[[re.Match[str]], tuple[float, float]]
) -> list[Line]:
    """Read a table of lines along z.

    Parameters
    ----------
    file : Path
        Columns ``z_mm`` and one for each line.
    columns : str
        Pattern of the name of a line's column.
    position : callable
        Gives x (to the left) and y of a line, mm, from the match of its name.

    Returns
    -------
    list of Line

    Raises
    ------
    ResultsError
        If the table cannot be read, has a column of another name, or its steps are not even.
    """
    rows = read_table(file, ("z_mm",))
    z = np.array([row.finite("z_mm") for row in rows])
    step = samples_in_step(file, z)
    lines = []
    for name in rows[0].cells:
        if name == "z_mm":
            continue
        match = re.fullmatch(columns, name)
        if match is None:
            msg = (
                f"{file}: column {name!r} is no line: a name of the form {columns} is needed; "
                "compare the header with the shipped cases."
            )
            raise ResultsError(msg)
        x, y = position(match)
        points = np.column_stack([np.full_like(z, x), np.full_like(z, y), z])
        lines.append(Line(name, points, np.array([row.finite(name) for row in rows]), step))
    if not lines:
        msg = f"{file}: there is no column beside z_mm; give at least one line."
        raise ResultsError(msg)
    return lines


def samples_in_step(file: Path, z_mm: FloatArray) -> int:
    """Give the number of samples in the 2 mm of the second difference.

    Raises
    ------
    ResultsError
        If the samples are not even in z, 2 mm is no whole number of them, or they are too few.
    """
    steps = np.diff(z_mm)
    spacing = abs(float(steps.mean())) if steps.size else 0.0
    n_samples = round(_STEP_MM / spacing) if spacing > 0.0 else 0
    is_even = spacing > 0.0 and np.allclose(
        np.abs(steps), spacing, rtol=0.0, atol=_EVEN_SHARE * spacing
    )
    is_whole = abs(n_samples * spacing - _STEP_MM) <= _EVEN_SHARE * _STEP_MM
    if not is_even or not is_whole or n_samples < 1 or z_mm.size <= 2 * n_samples:
        msg = (
            f"{file}: {z_mm.size} samples {spacing:g} mm of z apart: even samples of which a whole number makes "
            f"{_STEP_MM:g} mm are needed, over more than {2 * _STEP_MM:g} mm. Leave out the others."
        )
        raise ResultsError(msg)
    return n_samples


def potentials_along(
    lines: Sequence[Line], medium: SolvedMedium, currents_ma: Mapping[int, float]
) -> list[FloatArray]:
    """Compute the potential of a montage along lines.

    Parameters
    ----------
    lines : sequence of Line
    medium : SolvedMedium
        Its contacts are labeled ``c<number>``.
    currents_ma : mapping of int to float
        Number of a contact and its current, mA.

    Returns
    -------
    list of ndarray of float64
        One for each line, mV.
    """
    by_label = {contact.label: contact for contact in medium.contacts}
    contacts = [by_label[f"c{number}"] for number in currents_ma]
    points = np.concatenate([line.points_mm for line in lines])
    unit = medium.unit_potential(contacts, points)
    total = superpose(unit, list(currents_ma.values()))
    ends = np.cumsum([len(line.points_mm) for line in lines])[:-1]
    return np.split(total, ends)


def score_lines(lines: Sequence[Line], potentials_mv: Sequence[FloatArray]) -> dict[str, LineScore]:
    """Score each line of a file.

    Parameters
    ----------
    lines : sequence of Line
        All lines of the file.
    potentials_mv : sequence of ndarray of float64
        What the solver gives along each, mV.

    Returns
    -------
    dict of str to LineScore
        By name of the line.
    """
    largest = max(
        float(np.max(np.abs(second_difference(line.reference_mv, line.step)))) for line in lines
    )
    return {
        line.name: score_line(
            potential, line.reference_mv, step=line.step, largest_second_difference=largest
        )
        for line, potential in zip(lines, potentials_mv, strict=True)
    }


def check_worst(prefix: str, scores: Mapping[str, LineScore]) -> tuple[Check, ...]:
    """Hold the worst line of each part against its bar.

    Parameters
    ----------
    prefix : str
        Quantities are ``<prefix>_<part>``.
    scores : mapping of str to LineScore
        By name of the line; none gives no check.

    Returns
    -------
    tuple of Check
        One for each part.
    """
    if not scores:
        return ()
    checks = []
    for part in PARTS:
        name = worst_line(part, scores)
        checks.append(measure(f"{prefix}_{part}", getattr(scores[name], part), name))
    return tuple(checks)


def worst_line(part: str, scores: Mapping[str, LineScore]) -> str:
    """Name the line with the largest error of a part; one that could not be measured is the worst."""

    def error(name: str) -> float:
        found: float = getattr(scores[name], part)
        return math.inf if math.isnan(found) else found

    return max(scores, key=error)


def in_percent(scores: Mapping[str, LineScore]) -> str:
    """Write the worst errors for people, ``1.2 / 0.8 / 5.4 %`` for potential, shape and second difference."""
    worst = [100.0 * getattr(scores[worst_line(part, scores)], part) for part in PARTS]
    return f"{' / '.join(f'{error:.2g}' for error in worst)} %"


def run_case(name: str, file: Path, solve: Callable[[], Case]) -> Case:
    """Run a case; where the solver refuses, say why and go on with the next.

    Parameters
    ----------
    name : str
    file : Path
    solve : callable
        Gives the case.

    Returns
    -------
    Case
        Without checks, so not run, if the geometry cannot be solved.
    """
    try:
        return solve()
    except (GeometryError, ConvergenceError) as error:
        return Case(name, file.name, reason=f"the solver refused: {error}")


def take_apart(pattern: str, file: Path) -> dict[str, str]:
    """Take the name of a table apart.

    Parameters
    ----------
    pattern : str
        The one by which the file was chosen.
    file : Path

    Returns
    -------
    dict of str to str
        Named groups of the pattern; empty where absent.

    Raises
    ------
    ResultsError
        If the name has another form.
    """
    match = re.fullmatch(pattern, file.name)
    if match is None:
        msg = f"{file}: a name of the form {pattern} is needed; rename the file."
        raise ResultsError(msg)
    return match.groupdict(default="")
