"""Where lines across a cross-section meet the curves of its tissues.

What lies between the crossings belongs in ``voxel_tissue.py``; the curves to `scsim.tissue.section`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scsim.tissue.section import Ellipse

if TYPE_CHECKING:
    from scsim.tissue.section import Outline

FloatArray = npt.NDArray[np.float64]


def outline_crossings(
    outline: Outline, axis: int, across_mm: FloatArray
) -> tuple[FloatArray, FloatArray]:
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
    positions = np.full((len(across_mm), len(vertices)), np.inf)
    slants = np.ones((len(across_mm), len(vertices)))
    ends = zip(vertices, np.roll(vertices, -1, axis=0), strict=True)
    for edge, ((s0, t0), (s1, t1)) in enumerate(ends):
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


def _ellipse_crossings(
    outline: Ellipse, axis: int, across_mm: FloatArray
) -> tuple[FloatArray, FloatArray]:
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
