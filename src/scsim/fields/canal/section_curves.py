"""Closed curves that the mesh of a cross-section must follow: which lies in which, and how far apart.

Sizes of elements belong to ``section_sizes.py``, points to ``section_points.py``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Body, Disc, Slab
from scsim.errors import GeometryError
from scsim.tissue.section import CrossSection, Ellipse, Outline, Polygon

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BOX: Final = 0
"""Index of the border of the domain among the curves."""

_N_SAMPLES: Final = 256
"""Points on a curve at which distances to the others are measured."""

SMALLEST_GAP_MM: Final = 1e-3
"""Curves closer than this count as touching, mm: a fifteenth of the thinnest layer that is modeled (perineurium)."""


_TOUCHING_MM: Final = 1e-6
"""Overlaps and gaps below this are reported as touching, mm: their sign is rounding."""


@dataclass(frozen=True)
class Curves:
    """All curves of a mesh: the box, then the outlines of the regions, then those of the bodies.

    Attributes
    ----------
    labels : tuple of str
        What each is called in messages.
    outlines : tuple of Ellipse or Polygon
    n_regions : int
    parents : ndarray of int64, shape (n_curves,)
        The curve that each lies directly in; -1 for the box.
    samples_mm : ndarray of float64, shape (n_samples, 2)
        Points on all curves.
    owners : ndarray of int64, shape (n_samples,)
        The curve of each sample.
    distances_mm : ndarray of float64, shape (n_curves, n_samples)
        Distance of each sample from each curve, negative inside it; to first order for ellipses.
    """

    labels: tuple[str, ...]
    outlines: tuple[Outline, ...]
    n_regions: int
    parents: IntArray
    samples_mm: FloatArray
    owners: IntArray
    distances_mm: FloatArray

    @property
    def regions(self) -> range:
        """Indices of the outlines of regions."""
        return range(1, 1 + self.n_regions)

    @property
    def bodies(self) -> range:
        """Indices of the outlines of bodies."""
        return range(1 + self.n_regions, len(self.outlines))


def body_outline(body: Body) -> Outline:
    """Give the outline of a body; of a slab with vertices at the edges of its metal.

    Raises
    ------
    GeometryError
        If columns of contacts overlap or reach beyond the slab.
    """
    if isinstance(body, Disc):
        return Ellipse(body.center_mm, (body.radius_mm, body.radius_mm))
    half_width, half_thickness = body.width_mm / 2.0, body.thickness_mm / 2.0
    face = [-half_width]
    for middle, width in sorted(body.columns_mm):
        ends = (middle - width / 2.0, middle + width / 2.0)
        if not face[-1] < ends[0] < ends[1] < half_width:
            msg = (
                f"a paddle {body.width_mm:g} mm wide has a column of contacts from {ends[0]:g} to "
                f"{ends[1]:g} mm on its face: columns must lie between {-half_width:g} and "
                f"{half_width:g} mm and must not overlap. Make them narrower, or the paddle wider."
            )
            raise GeometryError(msg)
        face += ends
    own = [(x, -half_thickness) for x in [*face, half_width]]
    own += [(half_width, half_thickness), (-half_width, half_thickness)]
    return Polygon(tuple(body.to_space(point) for point in own))


def curve_points(outline: Outline, parameter: FloatArray) -> FloatArray:
    """Give points on a curve.

    Parameters
    ----------
    outline : Ellipse or Polygon
    parameter : ndarray of float64, shape (n,)
        Ellipse: angle, rad. Polygon: number of the edge, counted from 0, and the fraction of it.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        mm.
    """
    if isinstance(outline, Ellipse):
        return outline.points(parameter)
    vertices = np.array(outline.vertices_mm)
    edge = np.floor(parameter).astype(np.int64)
    part = (parameter - edge)[:, None]
    start, end = vertices[edge % len(vertices)], vertices[(edge + 1) % len(vertices)]
    points: FloatArray = start + part * (end - start)
    return points


def period(outline: Outline) -> float:
    """Give the parameter at which a curve is back at its start."""
    return 2.0 * math.pi if isinstance(outline, Ellipse) else float(len(outline.vertices_mm))


def signed_distance(outline: Outline, points_mm: FloatArray) -> FloatArray:
    """Give the distance from a curve, negative inside.

    Exact for circles and polygons. For ellipses it is (F - 1) / |grad F| with F = √((x/a)² + (y/b)²): exact
    to first order near the curve, and right in sign everywhere.

    Parameters
    ----------
    outline : Ellipse or Polygon
    points_mm : ndarray of float64, shape (n, 2)

    Returns
    -------
    ndarray of float64, shape (n,)
        mm.
    """
    if isinstance(outline, Polygon):
        distance: FloatArray = np.sqrt(np.min(squared_distances(outline, points_mm), axis=0))
        distance[outline.contains(points_mm)] *= -1.0
        return distance
    turn = math.radians(outline.turn_deg)
    c, s = math.cos(turn), math.sin(turn)
    x, y = (points_mm - np.array(outline.center_mm)).T
    a, b = outline.half_axes_mm
    u, v = (c * x + s * y) / a, (c * y - s * x) / b
    f = np.maximum(np.hypot(u, v), 1e-12)
    signed: FloatArray = (f - 1.0) * f / np.maximum(np.hypot(u / a, v / b), 1e-12 / max(a, b))
    return signed


def squared_distances(outline: Polygon, points_mm: FloatArray) -> FloatArray:
    """Give squared distances of points from each edge of a polygon, shape (n_edges, n), mm²."""
    start = np.array(outline.vertices_mm)
    edge = np.roll(start, -1, axis=0) - start
    offset = points_mm[None, :, :] - start[:, None, :]
    along = np.einsum("enk,ek->en", offset, edge) / np.sum(edge**2, axis=1)[:, None]
    nearest = offset - np.clip(along, 0.0, 1.0)[:, :, None] * edge[:, None, :]
    squared: FloatArray = np.einsum("enk,enk->en", nearest, nearest)
    return squared


def lay_out(section: CrossSection, bodies: Sequence[Body], half_width_mm: float) -> Curves:
    """Collect the curves, and see that they lie inside each other or apart.

    Raises
    ------
    GeometryError
        If curves cross or touch, a body does not lie within one tissue, two bodies overlap, a region comes
        before the one that it lies in, or the box is too small.
    """
    w = half_width_mm
    outlines: list[Outline] = [Polygon(((-w, -w), (w, -w), (w, w), (-w, w)))]
    outlines += [region.outline for region in section.regions]
    outlines += [body_outline(body) for body in bodies]
    labels = [f"the box of half width {w:g} mm"]
    labels += [f"the outline of {region.name}" for region in section.regions]
    labels += [_body_label(number, body) for number, body in enumerate(bodies, start=1)]
    sampled = [curve_points(outline, _sample_parameters(outline)) for outline in outlines]
    samples = np.concatenate(sampled)
    owners = np.repeat(np.arange(len(outlines)), [len(points) for points in sampled])
    distances = np.array([signed_distance(outline, samples) for outline in outlines])
    curves = Curves(
        labels=tuple(labels),
        outlines=tuple(outlines),
        n_regions=len(section.regions),
        parents=np.full(len(outlines), -1),
        samples_mm=samples,
        owners=owners,
        distances_mm=distances,
    )
    return replace(curves, parents=_parents(curves, _containment(curves)))


def _body_label(number: int, body: Body) -> str:
    """Name a body for messages."""
    x, y = body.center_mm
    if isinstance(body, Slab):
        return f"body {number} (paddle of {body.width_mm:g} × {body.thickness_mm:g} mm at ({x:g}, {y:g}) mm)"
    return f"body {number} (lead of radius {body.radius_mm:g} mm at ({x:g}, {y:g}) mm)"


def _sample_parameters(outline: Outline) -> FloatArray:
    """Choose parameters all around a curve; the vertices of a polygon are among them."""
    if isinstance(outline, Ellipse):
        return np.linspace(0.0, 2.0 * math.pi, _N_SAMPLES, endpoint=False)
    start = np.array(outline.vertices_mm)
    lengths = np.hypot(*(np.roll(start, -1, axis=0) - start).T)
    counts = np.maximum(2, np.ceil(_N_SAMPLES * lengths / lengths.sum())).astype(int)
    return np.concatenate([k + np.arange(n) / n for k, n in enumerate(counts)])


def _containment(curves: Curves) -> npt.NDArray[np.bool_]:
    """Say which curve (row) lies in which (column), and raise if two cross or touch."""
    n = len(curves.outlines)
    starts = np.searchsorted(curves.owners, np.arange(n))
    nearest = np.minimum.reduceat(curves.distances_mm, starts, axis=1).T
    deepest = np.maximum.reduceat(curves.distances_mm, starts, axis=1).T
    is_inside = deepest <= -SMALLEST_GAP_MM
    is_outside = nearest >= SMALLEST_GAP_MM
    others = ~np.eye(n, dtype=np.bool_)
    wrong = np.argwhere(others & ~is_inside & ~is_outside)
    if len(wrong):
        overlap = [min(deepest[i, j], -nearest[i, j]) for i, j in wrong]
        i, j = wrong[int(np.argmax(overlap))]
        _raise_crossing(curves, int(i), int(j))
    result: npt.NDArray[np.bool_] = is_inside & others
    return result


def _raise_crossing(curves: Curves, i: int, j: int) -> None:
    """Say that two curves cross or touch, where and by how much."""
    first, second = sorted((i, j), reverse=True)
    is_box = second == BOX
    own = curves.owners == (first if is_box else i)
    distances = curves.distances_mm[BOX if is_box else j, own]
    # What sticks out of the box is what it must grow by; of two curves either may give way.
    overlap = float(distances.max() if is_box else min(distances.max(), -distances.min()))
    nearest = np.argmax(distances) if is_box else np.argmin(np.abs(distances))
    place = curves.samples_mm[own][nearest]
    if abs(overlap) < _TOUCHING_MM:
        how = f"touches {curves.labels[second]}"
    elif overlap > 0.0:
        how = f"crosses {curves.labels[second]} by {overlap:.3g} mm"
    else:
        how = f"comes within {-overlap:.2g} mm of {curves.labels[second]}"
    if is_box:
        rule = "everything must lie within the box. Make half_width_mm larger."
    elif first in curves.bodies and second in curves.bodies:
        rule = "bodies must not overlap. Move them apart."
    elif first in curves.bodies:
        rule = "a body must lie within one tissue. Move it away, or make it smaller."
    else:
        rule = "outlines must lie inside each other or apart. Change their centers or half axes."
    msg = (
        f"{curves.labels[first]} {how} near ({place[0]:.4g}, {place[1]:.4g}) mm; at least "
        f"{SMALLEST_GAP_MM:g} mm must lie between them: {rule}"
    )
    raise GeometryError(msg)


def _parents(curves: Curves, is_inside: npt.NDArray[np.bool_]) -> IntArray:
    """Find the curve that each lies directly in: the last region that holds it, or the box."""
    parents = np.full(len(curves.outlines), -1)
    for i in range(1, len(curves.outlines)):
        holders = np.flatnonzero(is_inside[i])
        if BOX not in holders:
            msg = (
                f"{curves.labels[i]} lies outside {curves.labels[BOX]}: everything must lie within it. "
                "Make half_width_mm larger."
            )
            raise GeometryError(msg)
        inner = [h for h in holders if h in curves.bodies]
        if inner:
            msg = (
                f"{curves.labels[i]} lies inside {curves.labels[inner[0]]}: bodies must lie apart and hold "
                "no tissue. Move one of them away."
            )
            raise GeometryError(msg)
        if holders.max() > i:
            msg = (
                f"{curves.labels[i]} lies inside {curves.labels[holders.max()]}, which comes later in the "
                "list: regions must be listed from the outermost inward. Change their order."
            )
            raise GeometryError(msg)
        parents[i] = holders.max()
    return parents
