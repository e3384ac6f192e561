"""Points of a cross-section's mesh: those on curves with what must be an edge, and those between the curves.

How long edges should be belongs to ``section_sizes.py``. Nothing here is random: equal sections give equal points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.fields.canal.section_curves import BOX, Curves, curve_points, period, signed_distance
from scsim.fields.canal.section_sizes import SizeField, space
from scsim.fields.canal.section_strips import Strip
from scsim.tissue.section import Outline

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_KEEP_CLEAR: Final = 0.75
"""Radius around the middle of an edge on a curve that no other point may enter, in units of the edge."""

_THIN: Final = 0.78
"""Smallest distance between points off the curves, in units of the size: a hexagonal lattice keeps all its points."""

_STRETCH: Final = 1.15
"""Length at which two points no longer push each other, in units of the size."""

_PUSH: Final = 0.2
"""Part of the missing length that a point moves in one sweep."""

_CELL: Final = 1.0
"""Largest square of the search for points, in units of the size in it."""


@dataclass(frozen=True)
class Chain:
    """Vertices on one curve, or on the curves of one thin layer.

    Attributes
    ----------
    outlines : tuple of Ellipse or Polygon
        From the outside inward: one, or a strip's outer curve, those between its sublayers, its inner curve.
    curves : tuple of int
        The curve that each is; -1 for one between sublayers.
    parameter : ndarray of float64, shape (n,)
        Parameters of the vertices, the same on all.
    """

    outlines: tuple[Outline, ...]
    curves: tuple[int, ...]
    parameter: FloatArray

    @property
    def n_vertices(self) -> int:
        """Number of vertices on all outlines together."""
        return len(self.outlines) * len(self.parameter)

    def vertices(self) -> FloatArray:
        """Give all vertices, outline by outline, shape (n_vertices, 2), mm."""
        return np.concatenate([curve_points(one, self.parameter) for one in self.outlines])

    def middles(self) -> FloatArray:
        """Give the points on the curves half-way between vertices, ordered as `vertices`, mm."""
        half = self.parameter + 0.5 * self._steps()
        return np.concatenate([curve_points(one, half) for one in self.outlines])

    def segments(self) -> IntArray:
        """Give the edges along the curves, shape (n_vertices, 2): numbers among `vertices`."""
        n = len(self.parameter)
        numbers = np.arange(self.n_vertices)
        return np.column_stack([numbers, numbers - numbers % n + (numbers + 1) % n])

    def split(self, which: BoolArray) -> "Chain":
        """Halve edges: `which`, shape (n,), says which of the parameter."""
        middle = (self.parameter + 0.5 * self._steps())[which]
        return replace(self, parameter=np.sort(np.concatenate([self.parameter, middle])))

    def _steps(self) -> FloatArray:
        """Give the step of the parameter from each vertex to the next."""
        steps: FloatArray = np.diff(self.parameter, append=period(self.outlines[0]))
        return steps


def make_chains(curves: Curves, strips: Sequence[Strip], field: SizeField) -> tuple[Chain, ...]:
    """Place vertices on all curves."""
    chains = []
    in_strips = {index for strip in strips for index in strip.curves}
    for index, outline in enumerate(curves.outlines):
        if index not in in_strips:
            chains.append(Chain((outline,), (index,), space([outline], field)))
    for strip in strips:
        parameter = space([strip.outlines[0], strip.outlines[-1]], field)
        chains.append(Chain(strip.outlines, strip.curves, parameter))
    return tuple(chains)


def fill(curves: Curves, chains: Sequence[Chain], field: SizeField) -> FloatArray:
    """Choose the points between the curves.

    Hexagonal lattices whose spacings differ by √2 cover the squares of a tree that follow the size; of each
    the points are taken where the size fits. Where lattices meet, and near curves, points too close to others
    are left out.

    Parameters
    ----------
    curves : Curves
    chains : sequence of Chain
    field : SizeField

    Returns
    -------
    ndarray of float64, shape (n, 2)
        mm.
    """
    points, levels = _candidates(curves, field)
    free = is_clear(points, chains) & _is_open(points, curves, chains)
    points, levels = points[free], levels[free]
    size = field.at(points)
    own_level = _level(size)
    # A lattice one step finer fills what is left open where two lattices meet.
    fits = (levels == own_level) | (levels == own_level - 1)
    points, size, own_level, is_fill = (
        points[fits],
        size[fits],
        own_level[fits],
        levels[fits] != own_level[fits],
    )
    order = np.lexsort((points[:, 0], points[:, 1], own_level, is_fill))
    kept: FloatArray = points[order][_thin(points[order], size[order], own_level[order])]
    return kept


def _level(size: FloatArray) -> IntArray:
    """Give the number of the lattice whose spacing, 1 mm × √2 to the number, is closest to a size."""
    return np.rint(2.0 * np.log2(size)).astype(np.int64)


def _candidates(curves: Curves, field: SizeField) -> tuple[FloatArray, IntArray]:
    """Give points of the lattices that may fit, and the number of the lattice of each."""
    side = 2.0 * float(np.max(np.array(curves.outlines[BOX].polygon())))
    centers = np.zeros((1, 2))
    quarter = np.array([(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)])
    points, levels = [], []
    while len(centers):
        size = field.at(centers)
        is_small = side <= _CELL * size
        # The size grows by at most 0.55 per length, so by 39 % from the center to the corners: one lattice more, two less.
        for level in np.unique(_level(size[is_small])):
            for shift in (-2, -1, 0, 1):
                corners = centers[is_small & (_level(size) == level)] - side / 2.0
                points.append(_lattice(corners, side, 2.0 ** ((level + shift) / 2.0)))
                levels.append(np.full(len(points[-1]), level + shift))
        centers = (centers[~is_small][:, None, :] + side * quarter).reshape(-1, 2)
        side /= 2.0
    return np.concatenate(points), np.concatenate(levels)


def _lattice(corners: FloatArray, side: float, spacing: float) -> FloatArray:
    """Give the points of one hexagonal lattice around the origin in half-open squares."""
    rise = spacing * math.sqrt(0.75)
    first = np.ceil(corners[:, 1] / rise).astype(np.int64)
    rows = first[:, None] + np.arange(math.ceil(side / rise) + 1)
    shift = 0.5 * spacing * (rows % 2)
    start = np.ceil((corners[:, :1] - shift) / spacing)
    columns = start[:, :, None] + np.arange(math.ceil(side / spacing) + 1)
    x = columns * spacing + shift[:, :, None]
    y = np.broadcast_to((rows * rise)[:, :, None], x.shape)
    end = corners + side
    inside = (x < end[:, :1, None]) & (y < end[:, 1:, None])
    return np.column_stack([x[inside], y[inside]])


def is_clear(points_mm: FloatArray, chains: Sequence[Chain]) -> BoolArray:
    """Say which points keep off the edges on curves: outside circles around their middles."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  # late: `scsim --help` stays fast

    middles = np.concatenate([chain.middles() for chain in chains])
    reach = _KEEP_CLEAR * np.concatenate([_edge_lengths(chain) for chain in chains])
    hits = cKDTree(points_mm).query_ball_point(middles, reach)
    clear = np.ones(len(points_mm), dtype=np.bool_)
    clear[[index for hit in hits for index in hit]] = False
    return clear


def _edge_lengths(chain: Chain) -> FloatArray:
    """Give the lengths of a chain's edges, mm."""
    vertices = chain.vertices()
    start, end = chain.segments().T
    lengths: FloatArray = np.hypot(*(vertices[end] - vertices[start]).T)
    return lengths


def _is_open(points_mm: FloatArray, curves: Curves, chains: Sequence[Chain]) -> BoolArray:
    """Say which points lie neither in a body nor in a strip."""
    is_open = np.ones(len(points_mm), dtype=np.bool_)
    for index in curves.bodies:
        is_open &= signed_distance(curves.outlines[index], points_mm) > 0.0
    for chain in chains:
        if len(chain.outlines) > 1:
            in_outer = signed_distance(chain.outlines[0], points_mm) < 0.0
            is_open &= ~in_outer | (signed_distance(chain.outlines[-1], points_mm) < 0.0)
    return is_open


def _thin(points_mm: FloatArray, size: FloatArray, level: IntArray) -> IntArray:
    """Choose points, the first of each conflict first, so that none is too close to another.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n, 2)
        In the order of preference.
    size : ndarray of float64, shape (n,)
        Wanted distance, mm.
    level : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64
        Indices of the points kept.
    """
    better, worse = _conflicts(points_mm, size, level)
    state = np.zeros(len(points_mm), dtype=np.int8)  # 0 open, 1 kept, -1 left out
    while True:
        blocked = np.zeros(len(points_mm), dtype=np.bool_)
        blocked[worse] = True
        state[~blocked & (state == 0)] = 1
        if not len(better):
            break
        state[worse[state[better] == 1]] = -1
        undecided = (state[better] == 0) & (state[worse] == 0)
        better, worse = better[undecided], worse[undecided]
    (kept,) = np.nonzero(state == 1)
    return kept


def _conflicts(
    points_mm: FloatArray, size: FloatArray, level: IntArray
) -> tuple[IntArray, IntArray]:
    """Give pairs of points that are too close, the preferred one first."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    members = {int(number): np.flatnonzero(level == number) for number in np.unique(level)}
    trees = {number: cKDTree(points_mm[index]) for number, index in members.items()}
    pairs = []
    for number, index in members.items():
        # Points of one lattice, and of the next coarser; further ones are far apart where sizes are graded.
        for other in (number, number + 1):
            if other in members:
                reach = _THIN * 2.0 ** ((other + 0.5) / 2.0)
                found = trees[number].sparse_distance_matrix(
                    trees[other], reach, output_type="ndarray"
                )
                i, j = index[found["i"]], members[other][found["j"]]
                is_close = found["v"] < _THIN * 0.5 * (size[i] + size[j])
                is_pair = is_close & ((i < j) if other == number else True)
                pairs.append((i[is_pair], j[is_pair]))
    one, two = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return np.minimum(one, two), np.maximum(one, two)


def push_apart(
    points_mm: FloatArray, n_fixed: int, edges: IntArray, field: SizeField, chains: Sequence[Chain]
) -> FloatArray:
    """Move free points away from neighbors that are too close.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n, 2)
        Fixed points first.
    n_fixed : int
    edges : ndarray of int64, shape (m, 2)
        Pairs of neighbors.
    field : SizeField
    chains : sequence of Chain

    Returns
    -------
    ndarray of float64, shape (n, 2)
        A point that would come too close to a curve stays where it was.
    """
    size = field.at(points_mm)
    start, end = edges.T
    offset = points_mm[end] - points_mm[start]
    length = np.hypot(*offset.T)
    wanted = _STRETCH * 0.5 * (size[start] + size[end])
    push = (_PUSH * np.maximum(wanted / length - 1.0, 0.0))[:, None] * offset
    moved = points_mm.copy()
    for axis in (0, 1):
        moved[:, axis] += np.bincount(end, push[:, axis], len(moved))
        moved[:, axis] -= np.bincount(start, push[:, axis], len(moved))
    moved[:n_fixed] = points_mm[:n_fixed]
    blocked = np.flatnonzero(~is_clear(moved[n_fixed:], chains)) + n_fixed
    moved[blocked] = points_mm[blocked]
    return moved
