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

from scsim.kernels.grid import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence


FloatArray = npt.NDArray[np.float64]
Interval = tuple[float, float]

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
    domain_mm: Interval,
    fine: Sequence[FineInterval],
    growth: float,
    planes_mm: Sequence[float] = (),
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
        Positions that should be edges of cells, mm, the most important first: one that is closer than half a width
        to an earlier one is left out. The ends of the fine parts come last.

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
    kept = [low, high]
    for plane in (*planes_mm, *ends):
        reach = _MERGE * float(np.interp(plane, middles, width))
        if low < plane < high and min(abs(plane - other) for other in kept) > reach:
            kept.append(plane)
    kept.sort()
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


def line_samples(grid: Grid, axis: int, per_cell: tuple[int, int, int]) -> Samples:
    """Lay out lines of sight along an axis, with so many per cell along x, y and z."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    return Samples(
        axis=axis,
        edges=grid.edges_mm[axis],
        first=sample_positions(grid.edges_mm[first], per_cell[first]),
        second=sample_positions(grid.edges_mm[second], per_cell[second]),
        first_width=grid.widths_mm[first],
        second_width=grid.widths_mm[second],
    )
