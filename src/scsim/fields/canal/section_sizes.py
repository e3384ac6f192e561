"""How long the edges of a cross-section's mesh should be, and the points on its curves spaced accordingly.

Elements are smallest at the metal, small where fibers run, and grow with the distance; where curves come
close to each other they follow the gap. The curves themselves belong to ``section_curves.py``, thin layers to
``section_strips.py``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Body, Disc
from scsim.fields.canal.section_curves import (
    BOX,
    Curves,
    curve_points,
    period,
    signed_distance,
    squared_distances,
)
from scsim.fields.canal.section_strips import Strip
from scsim.tissue.section import CrossSection, Ellipse, Outline, Polygon

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# The sizes started from a measured recipe (0.18 mm on the lead, 0.5 mm in the cord, 9 mm at the box) and were tuned
# on the reference's four canals: errors at its fiber lines and roots against the number of nodes. They are written
# relative to the geometry, so that nerves and leads of other sizes get as many elements.
_DISC_SIZE: Final = 0.28
"""Edge on a lead, in units of its radius: 23 around it, four per period of the sixth harmonic."""

_BODY_GROWTH: Final = 0.25
"""Growth of edges with the distance from a body, where fibers may be (no unit)."""

_DISC_REACH: Final = 4.0
"""Distance up to which that growth holds, in units of the radius: 2.6 mm for a lead in the canal."""

_SLAB_REACH: Final = 2.0
"""The same for a paddle, in units of its thickness."""

_FAR_GROWTH: Final = 0.4
"""Growth beyond that distance (no unit)."""

_SLAB_SIZE: Final = 0.2
"""Edge on a paddle away from metal, in units of its thickness."""

_METAL_EDGE_SIZE: Final = 0.003
"""Edge at the borders of metal on a paddle, in units of the width of the metal: the current crowds there as the inverse
root of the distance. The contact matrix of three columns errs by 0.38 % with 0.03, 0.16 % with 0.01 and 0.08 % with
0.004, for a fifth more nodes."""

_FIBER_SIZES: Final = MappingProxyType(
    {
        "white_matter": (1.0 / 14.0, 0.2),
        "csf": (1.0 / 10.5, 1.05),
        "endoneurium": (1.0 / 4.0, 0.0),
    }
)
"""Edge where fibers run, and the distance from the bodies up to which it holds, beyond the smallest, both in units of
the smaller half axis of the outline. The cord: 0.25 of 3.5 mm. Roots run in the cerebrospinal fluid beside the cord:
0.65 of 6.8 mm. The perineurium evens the potential out, so that fascicles need less."""

_FIBER_GROWTH: Final = 0.15
"""Growth of that edge with the distance from the nearest body, from where the tissue is closest (no unit)."""

_OUTER_GROWTH: Final = 0.4
"""Growth of edges with the distance from tissue with fibers, and from narrow gaps (no unit)."""

_CURVATURE_SIZE: Final = 0.45
"""Largest edge on a curve in units of its smallest radius of curvature: 14 on a circle."""

_GAP_SIZE: Final = 1.5
"""Largest edge in units of the distance to the next curve: shorter ones are edges of the Delaunay triangulation."""

_LARGEST_SIZE: Final = 0.225
"""Largest edge in units of the half width of the box: 9 of 40 mm."""

_WELL_BELOW: Final = 0.8
"""A size at a point is kept if it is below this part of what the other sizes give there."""

_CHUNK: Final = 1_000_000
"""Most distances between points computed at once, so that memory stays small."""


@dataclass(frozen=True)
class SizeField:
    """Wanted length of edges at any point.

    Attributes
    ----------
    largest_mm : float
    bodies : tuple of (Outline, float, float)
        Outline of each body, the size on it, and the distance from which sizes grow faster, mm.
    fibers : tuple of (Outline, float, float)
        Outline of tissue with fibers, the size there, and the distance from bodies where it begins to grow, mm.
    lines : tuple of (Outline, float)
        Curves with a size of their own: bent ones and thin layers.
    points_mm : ndarray of float64, shape (n, 2)
        Points with a size of their own: metal edges and narrow gaps.
    sizes_mm : ndarray of float64, shape (n,)
        Their sizes.
    resolution : float
        All sizes are divided by it (no unit).
    """

    largest_mm: float
    bodies: tuple[tuple[Outline, float, float], ...]
    fibers: tuple[tuple[Outline, float, float], ...]
    lines: tuple[tuple[Outline, float], ...]
    points_mm: FloatArray
    sizes_mm: FloatArray
    resolution: float

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Give the size at points, shape (n, 2), mm: shape (n,), mm."""
        size = np.full(len(points_mm), self.largest_mm)
        to_body = np.full(len(points_mm), np.inf)
        for outline, own, reach in self.bodies:
            distance = np.maximum(signed_distance(outline, points_mm), 0.0)
            np.minimum(to_body, distance, out=to_body)
            far = np.maximum(distance - reach, 0.0)
            grown = own + _BODY_GROWTH * (distance - far) + _FAR_GROWTH * far
            np.minimum(size, grown, out=size)
        for outline, own, near in self.fibers:
            grown = own + _OUTER_GROWTH * np.maximum(signed_distance(outline, points_mm), 0.0)
            if self.bodies:
                grown += _FIBER_GROWTH * np.maximum(to_body - near, 0.0)
            np.minimum(size, grown, out=size)
        for outline, own in self.lines:
            distance = np.abs(signed_distance(outline, points_mm))
            np.minimum(size, own + _OUTER_GROWTH * distance, out=size)
        step = max(1, _CHUNK // max(1, len(self.sizes_mm)))
        for start in range(0, len(size) if len(self.sizes_mm) else 0, step):
            chunk = slice(start, start + step)
            (x, y), (px, py) = points_mm[chunk].T, self.points_mm.T
            distance = np.hypot(x[:, None] - px, y[:, None] - py)
            own = np.min(self.sizes_mm + _OUTER_GROWTH * distance, axis=1)
            np.minimum(size[chunk], own, out=size[chunk])
        return size / self.resolution


def base_sizes(
    section: CrossSection, curves: Curves, bodies: Sequence[Body], resolution: float
) -> SizeField:
    """Give the sizes that bodies and tissue with fibers ask for."""
    half_width = float(np.max(np.array(curves.outlines[BOX].polygon())))
    sized, edges = [], []
    for index, body in zip(curves.bodies, bodies, strict=True):
        if isinstance(body, Disc):
            own, reach = _DISC_SIZE * body.radius_mm, _DISC_REACH * body.radius_mm
        else:
            own, reach = _SLAB_SIZE * body.thickness_mm, _SLAB_REACH * body.thickness_mm
        sized.append((curves.outlines[index], own, reach))
        edges += _metal_edges(body, curves.outlines[index])
    fibers = []
    for index, region in zip(curves.regions, section.regions, strict=True):
        if region.tissue in _FIBER_SIZES and isinstance(region.outline, Ellipse):
            own, reach = _FIBER_SIZES[region.tissue]
            unit = min(region.outline.half_axes_mm)
            to_bodies = curves.distances_mm[np.ix_(list(curves.bodies), curves.owners == index)]
            near = float(to_bodies.min(initial=np.inf)) + reach * unit
            fibers.append((region.outline, own * unit, near))
    points = np.array([(x, y) for x, y, _ in edges]).reshape(-1, 2)
    sizes = np.array([size for *_, size in edges])
    largest = _LARGEST_SIZE * half_width
    return SizeField(largest, tuple(sized), tuple(fibers), (), points, sizes, resolution)


def _metal_edges(body: Body, outline: Outline) -> list[tuple[float, float, float]]:
    """Give x, y and size at the borders of metal on a paddle, mm."""
    if isinstance(body, Disc) or isinstance(outline, Ellipse):
        return []
    widths = [width for _, width in sorted(body.columns_mm)]
    # Vertex 0 is the corner of the slab; then two vertices for each column.
    corners = outline.vertices_mm[1 : 1 + 2 * len(widths)]
    return [(x, y, _METAL_EDGE_SIZE * widths[k // 2]) for k, (x, y) in enumerate(corners)]


def final_sizes(curves: Curves, base: SizeField, strips: Sequence[Strip]) -> SizeField:
    """Add the sizes that bends, thin layers and narrow gaps ask for."""
    gaps = np.abs(curves.distances_mm)
    gaps[curves.owners, np.arange(gaps.shape[1])] = _own_gaps(curves)
    lines = []
    for strip in strips:
        outer, inner = strip.curves[0], strip.curves[-1]
        if inner >= 0:
            gaps[inner, curves.owners == outer] = np.inf
            gaps[outer, curves.owners == inner] = np.inf
            lines.append((inner, strip.edge_mm))
    for index, outline in enumerate(curves.outlines):
        if isinstance(outline, Ellipse):
            smaller, larger = sorted(outline.half_axes_mm)
            lines.append((index, _CURVATURE_SIZE * smaller**2 / larger))
    there = base.resolution * base.at(curves.samples_mm)
    kept = [
        (curves.outlines[index], own)
        for index, own in lines
        if own < _WELL_BELOW * float(there[curves.owners == index].max())
    ]
    with_lines = replace(base, lines=tuple(kept))
    return _with_points(with_lines, curves.samples_mm, _GAP_SIZE * gaps.min(axis=0))


def _own_gaps(curves: Curves) -> FloatArray:
    """Give the distance of each sample from other edges of its own polygon that do not touch its edge, mm."""
    gaps = np.full(len(curves.owners), np.inf)
    for index, outline in enumerate(curves.outlines):
        if isinstance(outline, Polygon) and index != BOX:
            own = np.flatnonzero(curves.owners == index)
            gaps[own] = _polygon_gaps(outline, curves.samples_mm[own])
    return gaps


def _polygon_gaps(outline: Polygon, points_mm: FloatArray) -> FloatArray:
    """Give the distance of points on a polygon from its edges two or more away, mm."""
    squared = squared_distances(outline, points_mm)
    n = len(squared)
    edge = np.argmin(squared, axis=0)
    for step in (-1, 0, 1):
        squared[(edge + step) % n, np.arange(len(edge))] = np.inf
    # A vertex belongs to two edges: the neighbor of either touches it.
    squared[squared < 1e-18] = np.inf
    gaps: FloatArray = np.sqrt(squared.min(axis=0))
    return gaps


def _with_points(base: SizeField, points_mm: FloatArray, wanted_mm: FloatArray) -> SizeField:
    """Add those points whose size is well below what the field has there, smallest first."""
    size = base.resolution * base.at(points_mm)
    kept: list[int] = []
    (below,) = np.nonzero(wanted_mm < _WELL_BELOW * size)
    below = below[np.argsort(wanted_mm[below], kind="stable")]
    (x, y), size = points_mm[below].T, size[below]
    for rank, index in enumerate(below):
        if wanted_mm[index] < _WELL_BELOW * size[rank]:
            kept.append(int(index))
            distance = np.hypot(x - x[rank], y - y[rank])
            np.minimum(size, wanted_mm[index] + _OUTER_GROWTH * distance, out=size)
    return replace(
        base,
        points_mm=np.concatenate([base.points_mm, points_mm[kept]]),
        sizes_mm=np.concatenate([base.sizes_mm, wanted_mm[kept]]),
    )


def space(outlines: Sequence[Outline], field: SizeField) -> FloatArray:
    """Choose the parameters of the vertices on a curve, or on several that share them.

    Parameters
    ----------
    outlines : sequence of Ellipse or Polygon
        One curve, or ellipses of the same center and turn.
    field : SizeField

    Returns
    -------
    ndarray of float64, shape (n,)
        Increasing, from 0 to below the period; the corners of a polygon are among them.
    """
    n_pieces = 64 if isinstance(outlines[0], Ellipse) else 16 * round(period(outlines[0]))
    coarse = np.linspace(0.0, period(outlines[0]), n_pieces + 1)
    steps = np.max([_edges_per_step(outline, coarse, field) for outline in outlines], axis=0)
    # Four steps for each edge, so that the size varies little along a step.
    counts = np.ceil(4.0 * steps).astype(int)
    fraction = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    fine = np.repeat(coarse[:-1], counts) + fraction / np.repeat(counts, counts) * coarse[1]
    fine = np.append(fine, coarse[-1])
    steps = np.max([_edges_per_step(outline, fine, field) for outline in outlines], axis=0)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    if isinstance(outlines[0], Ellipse):
        n_edges = max(8, math.ceil(total[-1]))
        even: FloatArray = np.interp(np.arange(n_edges) / n_edges * total[-1], total, fine)
        return even
    corners = np.interp(np.arange(round(period(outlines[0])) + 1), fine, total)
    counts = np.maximum(1, np.ceil(np.diff(corners) - 0.1)).astype(int)
    parts = [
        start + np.arange(n) / n * (end - start)
        for start, end, n in zip(corners[:-1], corners[1:], counts, strict=True)
    ]
    parameter: FloatArray = np.interp(np.concatenate(parts), total, fine)
    # Corners exactly, whatever the rounding of the sums.
    parameter[np.cumsum(counts) - counts] = np.arange(len(counts))
    return parameter


def _edges_per_step(outline: Outline, parameter: FloatArray, field: SizeField) -> FloatArray:
    """Give the number of edges that fit between successive parameters, shape (n - 1,)."""
    points = curve_points(outline, parameter)
    inverse = 1.0 / field.at(points)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    edges: FloatArray = lengths * 0.5 * (inverse[1:] + inverse[:-1])
    return edges
