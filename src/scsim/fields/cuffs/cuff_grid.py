"""The grid around a cuff: which tissue lies where, elements graded toward contacts, and checks of the geometry.

Only nerves with one centered fascicle are axially symmetric enough; what is solved on the grid is in
``cuff_modes.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.fields.cuffs.cuff_elements import Line, graded_breaks, halved, make_line

if TYPE_CHECKING:
    from scsim.electrodes.lead import Cuff
    from scsim.fields.cuffs.cuff import CuffProblem

FloatArray = npt.NDArray[np.float64]

TOLERANCE_MM: Final = 1e-9
"""Lengths below this are rounding: far below any size of a nerve, far above the spacing of doubles at 1 m."""


@dataclass(frozen=True)
class WallLayers:
    """What lies at the inner wall of the cuff.

    Attributes
    ----------
    radius_mm, thickness_mm : float
        Radius of the wall, and thickness of the innermost layer on it, mm.
    first, second : tuple of 2 floats
        Conductivity across and along of that layer and of the one behind it, S/m.
    """

    radius_mm: float
    thickness_mm: float
    first: tuple[float, float]
    second: tuple[float, float]


@dataclass(frozen=True)
class CuffGrid:
    """Geometry and conductivities on the grid.

    Attributes
    ----------
    across : Line
        Elements from the axis to the border of the domain; the node on a sheet stands twice.
    along : Line
        Elements from end to end of the domain; the nodes at the two ends of the cuff stand twice.
    inside, outside : ndarray of float64, shape (n_elements, 2)
        Conductivity across and along of each element across, inside and outside the cuff's length, S/m;
        inside, NaN in the insulator.
    sheet_s_per_m_mm : float
        Conductivity over thickness of the sheet, S/m per mm; 0 without a sheet.
    sheet_node : int
        Inner one of the doubled nodes; -1 without a sheet.
    wall_node : int
        Node on the inner wall of the cuff.
    cuff_elements : tuple of (int, int)
        First element along inside the cuff, and the first above it.
    layers : WallLayers
    """

    across: Line
    along: Line
    inside: FloatArray
    outside: FloatArray
    sheet_s_per_m_mm: float
    sheet_node: int
    wall_node: int
    cuff_elements: tuple[int, int]
    layers: WallLayers


def cuff_grid(problem: CuffProblem) -> CuffGrid:
    """Lay the grid of a problem.

    Parameters
    ----------
    problem : CuffProblem

    Returns
    -------
    CuffGrid

    Raises
    ------
    GeometryError
        If a tissue has no conductivity.
    """
    conductivities = problem.conductivities
    radii, tissues = _layers(problem)
    wall, outer = problem.cuff.inner_radius_mm, problem.cuff.outer_radius_mm
    surround = problem.nerve.surround
    across = _across(problem, radii)
    along = _along(problem)
    middles = 0.5 * (across.breaks[:-1] + across.breaks[1:])
    inside, outside = [], []
    for middle, layer in zip(middles, np.searchsorted(radii, middles) - 1, strict=True):
        in_nerve = middle < problem.nerve.radius_mm
        own = conductivities[tissues[layer]] if not wall < middle < outer else (math.nan, math.nan)
        inside.append(own)
        outside.append(own if in_nerve else conductivities[surround])
    fascicle = problem.nerve.fascicles[0]
    is_sheet = problem.perineurium == "sheet"
    low, high = cuff_ends(problem.cuff)
    last = int(np.searchsorted(radii, wall)) - 1
    return CuffGrid(
        across=across,
        along=along,
        inside=np.array(inside),
        outside=np.array(outside),
        sheet_s_per_m_mm=(
            conductivities["perineurium"][0] / fascicle.perineurium_mm if is_sheet else 0.0
        ),
        sheet_node=int(np.searchsorted(across.nodes, fascicle.radius_mm)) if is_sheet else -1,
        wall_node=int(np.searchsorted(across.nodes, wall)),
        cuff_elements=(
            int(np.searchsorted(along.breaks, low)),
            int(np.searchsorted(along.breaks, high)),
        ),
        layers=WallLayers(
            wall,
            radii[last + 1] - radii[last],
            conductivities[tissues[last]],
            conductivities[tissues[last - 1]],
        ),
    )


def _layers(problem: CuffProblem) -> tuple[list[float], list[str]]:
    """Give the radii between layers inside the cuff's length, mm, and the tissue of each layer.

    The insulator, which has no tissue, stands with that around the nerve.
    """
    nerve, cuff = problem.nerve, problem.cuff
    fascicle = nerve.fascicles[0]
    radii, tissues = [0.0, fascicle.radius_mm], ["endoneurium"]
    if problem.perineurium == "layer":
        radii.append(fascicle.outer_radius_mm)
        tissues.append("perineurium")
    radii.append(nerve.radius_mm)
    tissues.append("epineurium")
    if cuff.inner_radius_mm > nerve.radius_mm + TOLERANCE_MM:
        radii.append(cuff.inner_radius_mm)
        tissues.append(cuff.filling)
    else:
        radii[-1] = cuff.inner_radius_mm
    return [*radii, cuff.outer_radius_mm, problem.radius_mm], [*tissues, *2 * [nerve.surround]]


def _across(problem: CuffProblem, radii: list[float]) -> Line:
    """Lay the elements across."""
    settings, cuff = problem.settings, problem.cuff
    finest = _finest_scale_mm(cuff)
    singular = [
        (cuff.inner_radius_mm, settings.finest_edge * finest),
        (cuff.outer_radius_mm, settings.finest_corner * finest),
    ]
    breaks = halved(graded_breaks(radii, singular, settings.ratio), settings.n_halvings)
    doubled = [problem.nerve.fascicles[0].radius_mm] if problem.perineurium == "sheet" else []
    return make_line(breaks, settings.degree, doubled_at=doubled)


def _along(problem: CuffProblem) -> Line:
    """Lay the elements along."""
    settings, cuff = problem.settings, problem.cuff
    finest = _finest_scale_mm(cuff)
    ends = cuff_ends(cuff)
    singular = [(end, settings.finest_corner * finest) for end in ends]
    for contact in cuff.contacts:
        for side in (-0.5, 0.5):
            edge = contact.center_mm[2] + side * contact.length_mm
            if all(abs(edge - place) > TOLERANCE_MM for place, _ in singular):
                singular.append((edge, settings.finest_edge * finest))
    points = [-problem.half_length_mm, *sorted(z for z, _ in singular), problem.half_length_mm]
    breaks = halved(graded_breaks(points, singular, settings.ratio), settings.n_halvings)
    return make_line(breaks, settings.degree, doubled_at=ends)


def _finest_scale_mm(cuff: Cuff) -> float:
    """Give the length that the finest elements are a share of, mm."""
    return min(cuff.inner_radius_mm, *(contact.length_mm / 2.0 for contact in cuff.contacts))


def cuff_ends(cuff: Cuff) -> tuple[float, float]:
    """Give z of the lower and upper end of a cuff, mm."""
    return cuff.center_mm[2] - cuff.length_mm / 2.0, cuff.center_mm[2] + cuff.length_mm / 2.0


def check_problem(problem: CuffProblem) -> None:
    """Refuse geometries that this solver cannot represent.

    Raises
    ------
    GeometryError
        If the nerve has several fascicles or one off its middle, the cuff is narrower than the nerve or off
        its axis, or the domain is too small.
    """
    _check_nerve(problem)
    _check_cuff(problem)
    if problem.perineurium not in {"sheet", "layer"}:
        msg = f"perineurium = {problem.perineurium!r}: use 'sheet' or 'layer'."
        raise GeometryError(msg)
    if problem.contact_model not in {"equipotential", "uniform"}:
        msg = f"contact_model = {problem.contact_model!r}: use 'equipotential' or 'uniform'."
        raise GeometryError(msg)
    outer = problem.cuff.outer_radius_mm
    if not outer + TOLERANCE_MM < problem.radius_mm < math.inf:
        msg = (
            f"radius_mm = {problem.radius_mm:g} mm of the domain does not hold the cuff, whose "
            f"outer_radius_mm is {outer:g} mm. Make the domain wider than that, and finite."
        )
        raise GeometryError(msg)
    reach = max(abs(z) for z in cuff_ends(problem.cuff))
    if not reach + TOLERANCE_MM < problem.half_length_mm < math.inf:
        msg = (
            f"half_length_mm = {problem.half_length_mm:g} mm of the domain does not hold the cuff, which "
            f"reaches to z = {reach:g} mm. Make the domain longer than that, and finite."
        )
        raise GeometryError(msg)


def _check_nerve(problem: CuffProblem) -> None:
    """Refuse nerves without axial symmetry."""
    nerve = problem.nerve
    if len(nerve.fascicles) != 1:
        msg = (
            f"the nerve {nerve.name!r} has {len(nerve.fascicles)} fascicles; the cuff solver takes a nerve "
            "with one centered fascicle. Use solver = 'voxel'."
        )
        raise GeometryError(msg)
    off_center = math.hypot(*nerve.fascicles[0].center_mm)
    if not off_center <= TOLERANCE_MM:
        msg = (
            f"the fascicle of the nerve {nerve.name!r} lies {off_center:g} mm off its middle; the cuff "
            "solver takes a centered one. Use solver = 'voxel'."
        )
        raise GeometryError(msg)


def _check_cuff(problem: CuffProblem) -> None:
    """Refuse cuffs that do not fit around the nerve; its wall may touch the nerve."""
    nerve, cuff = problem.nerve, problem.cuff
    if not cuff.inner_radius_mm >= nerve.radius_mm - TOLERANCE_MM:
        msg = (
            f"the cuff {cuff.name!r} of inner_radius_mm = {cuff.inner_radius_mm:g} mm is narrower than the "
            f"nerve of radius_mm = {nerve.radius_mm:g} mm. Use a wider cuff."
        )
        raise GeometryError(msg)
    off_axis = math.hypot(*cuff.center_mm[:2])
    if not off_axis <= TOLERANCE_MM:
        msg = (
            f"the axis of the cuff {cuff.name!r} lies {off_axis:g} mm off the middle of the nerve; the cuff "
            "solver takes a centered one. Center it, or use solver = 'voxel'."
        )
        raise GeometryError(msg)
