"""A graded rectilinear grid fitted to anatomy and metal, and the tissue along lines through it.

Conductances and matrices belong to `scsim.kernels.grid`, the solution to ``voxel.py``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.kernels.grid import Lines, Samples
from scsim.tissue.section import Ellipse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.tissue.materials import Conductivities
    from scsim.tissue.section import CrossSection, Outline

FloatArray = npt.NDArray[np.float64]
Interval = tuple[float, float]

AVG=True
_MERGE: Final = 0.5
"""Planes closer than this share of the spacing are not both kept as edges of cells."""

_STEPS_PER_WIDTH: Final = 10
"""Steps per narrowest cell with which the integral of 1/width is taken."""

_ROUNDING: Final = 1e-6
"""Share of a cell that is taken for rounding of coordinates, so that 3 mm are 6 cells of 0.5 mm, not 7."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells between planes.

    Attributes
    ----------
    edges_mm : tuple of 3 ndarrays of float64, shapes (nx + 1,), (ny + 1,), (nz + 1,)
        Planes across x, y and z, ascending, mm.
    """

    edges_mm: tuple[FloatArray, FloatArray, FloatArray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of cells along x, y and z."""
        nx, ny, nz = (len(edges) - 1 for edges in self.edges_mm)
        return nx, ny, nz

    @property
    def centers_mm(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Centers of the cells along x, y and z, mm."""
        x, y, z = (0.5 * (edges[1:] + edges[:-1]) for edges in self.edges_mm)
        return x, y, z

    @property
    def widths_mm(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Widths of the cells along x, y and z, mm."""
        x, y, z = (np.diff(edges) for edges in self.edges_mm)
        return x, y, z


@dataclass(frozen=True)
class FineInterval:
    """A part of an axis with narrow cells.

    Attributes
    ----------
    start_mm, end_mm : float
        mm.
    spacing_mm : float
        Largest width of a cell in it, mm.
    """

    start_mm: float
    end_mm: float
    spacing_mm: float


def graded_edges(
    domain_mm: Interval, fine: Sequence[FineInterval], growth: float, planes_mm: Sequence[float] = ()
) -> FloatArray:
    """Divide an interval: evenly where it must be fine, in growing steps elsewhere.

    The width wanted at a place is the least of spacing + ln(growth) · distance over the fine parts, which
    makes neighboring cells differ by about the ratio `growth`. Between two planes there are as many cells
    as the integral of 1/width asks for, at equal steps of that integral.

    Parameters
    ----------
    domain_mm : tuple of 2 floats
        Ends, mm.
    fine : sequence of FineInterval
        At least one.
    growth : float
        Ratio of the widths of neighboring cells where they grow.
    planes_mm : sequence of float
        Positions that should be edges of cells, mm. Of two that are closer than half a width, one is kept.

    Returns
    -------
    ndarray of float64, shape (n + 1,)
        Ascending, mm.
    """
    low, high = domain_mm
    ends = [end for part in fine for end in (part.start_mm, part.end_mm)]
    step = min(part.spacing_mm for part in fine) / _STEPS_PER_WIDTH
    at = np.unique(
        np.concatenate(
            [
                np.linspace(low, high, math.ceil((high - low) / step) + 1),
                [place for place in (*ends, *planes_mm) if low < place < high],
            ]
        )
    )
    slope = math.log(growth)
    middles = 0.5 * (at[1:] + at[:-1])
    width = np.full(len(middles), np.inf)
    for part in fine:
        outside = np.maximum(0.0, np.maximum(part.start_mm - middles, middles - part.end_mm))
        width = np.minimum(width, part.spacing_mm + slope * outside)
    cells = np.concatenate([[0.0], np.cumsum(np.diff(at) / width)])
    kept = [low]
    for plane in sorted({*planes_mm, *ends}):
        reach = _MERGE * float(np.interp(plane, middles, width))
        if kept[-1] + reach < plane < high - reach:
            kept.append(plane)
    kept.append(high)
    pieces = [np.array([low])]
    for a, b in itertools.pairwise(kept):
        first, last = np.interp([a, b], at, cells)
        n = max(1, math.ceil(last - first - _ROUNDING))
        piece = np.interp(np.linspace(first, last, n + 1)[1:], cells, at)
        piece[-1] = b
        pieces.append(piece)
    return np.concatenate(pieces)


def sample_positions(edges_mm: FloatArray, per_cell: int) -> FloatArray:
    """Spread lines evenly over the cells: `per_cell` in each, in the middles of equal parts, mm."""
    offsets = (np.arange(per_cell) + 0.5) / per_cell
    positions: FloatArray = (edges_mm[:-1, None] + np.diff(edges_mm)[:, None] * offsets).ravel()
    return positions


def line_samples(grid: Grid, axis: int, per_cell: tuple[int, int]) -> Samples:
    """Lay out lines of sight along an axis, with so many per cell along the next two axes."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    return Samples(
        axis=axis,
        edges=grid.edges_mm[axis],
        first=sample_positions(grid.edges_mm[first], per_cell[0]),
        second=sample_positions(grid.edges_mm[second], per_cell[1]),
        first_width=grid.widths_mm[first],
        second_width=grid.widths_mm[second],
    )


def outline_crossings(outline: Outline, axis: int, across_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find where lines parallel to x or y cross a closed curve.

    Parameters
    ----------
    outline : Ellipse or Polygon
    axis : int
        0 or 1: lines along x or y.
    across_mm : ndarray of float64, shape (n_lines,)
        y or x of each line, mm.

    Returns
    -------
    positions : ndarray of float64, shape (n_lines, n_crossings)
        x or y of the crossings, ascending, mm; unused ones are infinite.
    slants : ndarray of float64, shape (n_lines, n_crossings)
        Size of the component of the curve's unit normal along the line; 1 where unused.
    """
    if isinstance(outline, Ellipse):
        return _ellipse_crossings(outline, axis, across_mm)
    vertices = np.array(outline.vertices_mm)[:, [axis, 1 - axis]]
    n_lines = len(across_mm)
    positions = np.full((n_lines, len(vertices)), np.inf)
    slants = np.ones((n_lines, len(vertices)))
    for edge, ((s0, t0), (s1, t1)) in enumerate(
        zip(vertices, np.roll(vertices, -1, axis=0), strict=True)
    ):
        spans = (across_mm < t0) != (across_mm < t1)
        if spans.any():
            positions[spans, edge] = s0 + (across_mm[spans] - t0) * (s1 - s0) / (t1 - t0)
            slants[spans, edge] = abs(t1 - t0) / math.hypot(s1 - s0, t1 - t0)
    order = np.argsort(positions, axis=1)
    n_used = int(np.isfinite(positions).sum(axis=1).max(initial=0))
    return (
        np.take_along_axis(positions, order, axis=1)[:, :n_used],
        np.take_along_axis(slants, order, axis=1)[:, :n_used],
    )


def _ellipse_crossings(outline: Ellipse, axis: int, across_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As `outline_crossings`: roots of A s² + 2 B s t + C t² = 1 in s, around the center."""
    turn = math.radians(outline.turn_deg)
    c, s = math.cos(turn), math.sin(turn)
    wa, wb = (1.0 / half**2 for half in outline.half_axes_mm)
    xx, yy, xy = wa * c * c + wb * s * s, wa * s * s + wb * c * c, (wa - wb) * c * s
    own, other = (xx, yy) if axis == 0 else (yy, xx)
    t = across_mm - outline.center_mm[1 - axis]
    discriminant = (xy * t) ** 2 - own * (other * t * t - 1.0)
    hit = discriminant > 0.0
    positions = np.full((len(t), 2), np.inf)
    slants = np.ones((len(t), 2))
    root = np.sqrt(discriminant[hit])
    for column, sign in enumerate((-1.0, 1.0)):
        place = (-xy * t[hit] + sign * root) / own
        along, across = own * place + xy * t[hit], other * t[hit] + xy * place
        positions[hit, column] = place + outline.center_mm[axis]
        slants[hit, column] = np.abs(along) / np.hypot(along, across)
    return positions, slants


@dataclass(frozen=True, eq=False)
class SectionLines:
    """Tissue of a cross-section along lines through a grid.

    Attributes
    ----------
    along : tuple of 3 Lines
        Along x, y and z.
    codes : tuple of str
        Tissue that each number stands for.
    """

    along: tuple[Lines, Lines, Lines]
    codes: tuple[str, ...]


def section_lines(
    section: CrossSection, conductivities: Conductivities, grid: Grid, per_cell: int, along: int
) -> SectionLines:
    """Cut the curves of a cross-section with lines of sight.

    Parameters
    ----------
    section : CrossSection
    conductivities : Conductivities
    grid : Grid
    per_cell : int
        Lines per cell and axis in the plane.
    along : int
        Lines per cell along z.

    Returns
    -------
    SectionLines
    """
    codes = tuple(
        dict.fromkeys((section.outside, *(region.tissue for region in section.regions)))
    )
    number = {tissue: index for index, tissue in enumerate(codes)}
    across_resistivity = np.array([1.0 / conductivities[tissue][0] for tissue in codes])
    along_resistivity = np.array([1.0 / conductivities[tissue][1] for tissue in codes])
    x, y = (sample_positions(grid.edges_mm[axis], per_cell) for axis in (0, 1))
    n_z = along * grid.shape[2]
    pieces = []
    for axis, across in ((0, y), (1, x)):
        bounds, tissue, sheet = _cut(section, number, conductivities, axis, across)
        pieces.append((bounds, tissue, sheet, across_resistivity))
    x_bounds, x_tissue = pieces[0][:2]
    column = np.array([np.searchsorted(row, x) for row in x_bounds])  # (ny, nx)
    at_samples = np.take_along_axis(x_tissue, column, axis=1).T  # (nx, ny)
    none = np.zeros(n_z, dtype=np.int64)
    weight = 0.5 * (1.0 / across_resistivity + 1.0 / along_resistivity) if AVG else 1/across_resistivity
    lines_x = Lines(*pieces[0][:2], across_resistivity, weight, pieces[0][2], np.arange(len(y)), none)
    lines_y = Lines(*pieces[1][:2], across_resistivity, weight, pieces[1][2], none, np.arange(len(x)))
    lines_z = Lines(
        np.zeros((1, 0)),
        np.ascontiguousarray(at_samples.reshape(-1, 1)),
        along_resistivity,
        1.0 / across_resistivity,
        np.zeros((0, 0)),
        np.arange(len(x)) * len(y),
        np.arange(len(y)),
    )
    return SectionLines((lines_x, lines_y, lines_z), codes)


def _cut(
    section: CrossSection, number: dict[str, int], conductivities: Conductivities, axis: int, across: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.int16], FloatArray]:
    """Give bounds, tissue and sheets along lines, laid out as `Lines` wants them."""
    crossings = [outline_crossings(region.outline, axis, across) for region in section.regions]
    bounds = np.concatenate([np.zeros((len(across), 0)), *(c[0] for c in crossings)], axis=1)
    sheets = np.zeros_like(bounds)
    at = 0
    for region, (positions, slants) in zip(section.regions, crossings, strict=True):
        if region.sheet is not None:
            area_resistance = region.sheet.thickness_mm / conductivities[region.sheet.tissue][0]
            # Along a line that meets the layer at an angle, its thickness is t / |n|.
            sheets[:, at : at + positions.shape[1]] = area_resistance / slants
        at += positions.shape[1]
    order = np.argsort(bounds, axis=1, kind="stable")
    bounds = np.take_along_axis(bounds, order, axis=1)
    has_sheets = any(region.sheet is not None for region in section.regions)
    sheets = np.take_along_axis(sheets, order, axis=1) if has_sheets else np.zeros((0, 0))
    far = np.full((len(across), 1), np.inf)
    middles = 0.5 * (
        np.concatenate([-far, bounds], axis=1) + np.concatenate([bounds, far], axis=1)
    )
    middles[np.isnan(middles)] = np.inf
    tissue = np.full(middles.shape, number[section.outside], dtype=np.int16)
    for region, (positions, _) in zip(section.regions, crossings, strict=True):
        passed = (positions[:, None, :] < middles[:, :, None]).sum(axis=2)
        passed[~np.isfinite(middles)] = 0
        tissue[passed % 2 == 1] = number[region.tissue]
    return np.ascontiguousarray(bounds), tissue, np.ascontiguousarray(sheets)
