"""Points in a mesh of six-node triangles: in which triangle each lies, and its local coordinates there.

With ξ and η from 0, ξ + η up to 1, and λ = (1 - ξ - η, ξ, η), the shape functions are λ_i (2 λ_i - 1) at the
vertices and 4 λ_i λ_j at the middle nodes (Zienkiewicz and Taylor, The Finite Element Method).
"""

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scsim.fields.canal.section import SectionMesh

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SLACK: Final = 1e-9
"""How far outside a triangle a point may lie, in local coordinates: rounding of points on an edge."""

_SHEET_SLACK: Final = 1e-3
"""The same for triangles inside a sheet, so that points on its exact curve count as inside: edges follow a curve
only to 1e-4 of their length."""

_CLOSED: Final = 1e-13
"""Residual of Newton's method in units of the triangle: a few roundings."""

_FAR: Final = 1.5
"""Local coordinates of the straight triangle farther than this from 0.5 are not in the curved one either."""

_NEWTON_STEPS: Final = 8
"""Most steps of Newton's method; straight triangles need one, curved ones three or four."""

_NEAREST: Final = 6
"""Triangles tried at first for each point: those with the nearest centers."""

_CHUNK: Final = 2_000_000
"""Most pairs of a point and a triangle compared at once, so that memory stays small."""

_NODES: Final = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)])
"""Local coordinates of the six nodes."""


def shape_functions(local: FloatArray) -> FloatArray:
    """Evaluate the six shape functions.

    Parameters
    ----------
    local : ndarray of float64, shape (n, 2)
        ξ and η.

    Returns
    -------
    ndarray of float64, shape (n, 6)
    """
    second, third = local.T
    first = 1.0 - second - third
    return np.column_stack(
        [
            first * (2.0 * first - 1.0),
            second * (2.0 * second - 1.0),
            third * (2.0 * third - 1.0),
            4.0 * first * second,
            4.0 * second * third,
            4.0 * third * first,
        ]
    )


def shape_gradients(local: FloatArray) -> FloatArray:
    """Evaluate the derivatives of the shape functions by ξ and η.

    Parameters
    ----------
    local : ndarray of float64, shape (n, 2)

    Returns
    -------
    ndarray of float64, shape (n, 6, 2)
    """
    second, third = local.T
    first = 1.0 - second - third
    zero = np.zeros_like(first)
    by_xi = [
        1.0 - 4.0 * first,
        4.0 * second - 1.0,
        zero,
        4.0 * (first - second),
        4.0 * third,
        -4.0 * third,
    ]
    by_eta = [
        1.0 - 4.0 * first,
        zero,
        4.0 * third - 1.0,
        -4.0 * second,
        4.0 * second,
        4.0 * (first - third),
    ]
    return np.stack([np.column_stack(by_xi), np.column_stack(by_eta)], axis=2)


def jacobians(points_mm: FloatArray, triangles: npt.NDArray[np.integer]) -> FloatArray:
    """Give the Bernstein coefficients of the Jacobian determinant, a quadratic function of ξ and η.

    Where all are positive the determinant is positive everywhere in the triangle.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n_nodes, 2)
    triangles : ndarray of int, shape (n_triangles, 6)

    Returns
    -------
    ndarray of float64, shape (n_triangles, 6)
        mm².
    """
    slopes = np.einsum("tnd,qnl->tqdl", points_mm[triangles], shape_gradients(_NODES))
    values = slopes[..., 0, 0] * slopes[..., 1, 1] - slopes[..., 0, 1] * slopes[..., 1, 0]
    corners = values[:, :3]
    middles = 2.0 * values[:, 3:] - 0.5 * (corners + np.roll(corners, -1, axis=1))
    return np.hstack([corners, middles])


def locate(mesh: "SectionMesh", points_mm: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """Find the triangle that holds each point.

    Parameters
    ----------
    mesh : SectionMesh
    points_mm : array_like, shape (n, 2)
        x and y, mm.

    Returns
    -------
    triangle : ndarray of int64, shape (n,)
        -1 in a body or outside the box. A point on an edge belongs to one of its triangles; on a sheet to one
        inside.
    local : ndarray of float64, shape (n, 2)
        ξ and η; NaN where there is no triangle.
    """
    points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
    triangle = np.full(len(points), -1)
    local = np.full((len(points), 2), np.nan)
    if not len(points):
        return triangle, local
    slack, is_outer = _sheet_sides(mesh)
    pairs = _nearest_pairs(mesh, points)
    _assign(mesh, points, pairs, (slack, is_outer), (triangle, local))
    # On the outer side of a sheet the point may lie on it: then an inner triangle has it too.
    (open_points,) = np.nonzero((triangle < 0) | is_outer[triangle])
    step = max(1, _CHUNK // len(mesh.triangles))
    lower, upper = _boxes(mesh)
    for start in range(0, len(open_points), step):
        chunk = open_points[start : start + step]
        own = points[chunk][:, None, :]
        one, other = np.nonzero(((own >= lower) & (own <= upper)).all(axis=2))
        _assign(mesh, points, (chunk[one], other), (slack, is_outer), (triangle, local))
    return triangle, local


def _sheet_sides(mesh: "SectionMesh") -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Give the slack of each triangle, and say which lie outside a sheet and touch it."""
    slack = np.full(len(mesh.triangles), _SLACK)
    is_outer = np.zeros(len(mesh.triangles), dtype=np.bool_)
    for sheet in mesh.sheets:
        slack[np.isin(mesh.triangles[:, 3:], sheet.inside[:, 2]).any(axis=1)] = _SHEET_SLACK
        is_outer |= np.isin(mesh.triangles[:, 3:], sheet.outside[:, 2]).any(axis=1)
    return slack, is_outer


def _nearest_pairs(mesh: "SectionMesh", points_mm: FloatArray) -> tuple[IntArray, IntArray]:
    """Pair each point with the triangles whose centers are nearest."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  # late: `scsim --help` stays fast

    centers = mesh.points_mm[mesh.triangles[:, :3]].mean(axis=1)
    n_nearest = min(_NEAREST, len(centers))
    _, nearest = cKDTree(centers).query(points_mm, k=n_nearest)
    return np.repeat(np.arange(len(points_mm)), n_nearest), nearest.ravel()


def _boxes(mesh: "SectionMesh") -> tuple[FloatArray, FloatArray]:
    """Give the smallest and largest x and y of each triangle, widened by the slack, shape (n_triangles, 2)."""
    nodes = mesh.points_mm[mesh.triangles]
    corners, middles = nodes[:, :3], nodes[:, 3:]
    # A parabola lies within its control points; the middle one follows from the middle node.
    controls = 2.0 * middles - 0.5 * (corners + np.roll(corners, -1, axis=1))
    hull = np.concatenate([corners, controls], axis=1)
    lower, upper = hull.min(axis=1), hull.max(axis=1)
    margin = 2.0 * _SHEET_SLACK * (upper - lower)
    return lower - margin, upper + margin


def _assign(
    mesh: "SectionMesh",
    points_mm: FloatArray,
    pairs: tuple[IntArray, IntArray],
    sides: tuple[FloatArray, npt.NDArray[np.bool_]],
    found: tuple[IntArray, FloatArray],
) -> None:
    """Enter the triangles that hold their points into `found`; of several the one inside a sheet, then the first."""
    point, triangle = pairs
    slack, is_outer = sides
    local, is_solved = _invert(mesh, points_mm[point], triangle)
    margin = np.minimum(local.min(axis=1), 1.0 - local.sum(axis=1))
    (held,) = np.nonzero(is_solved & (margin >= -slack[triangle]))
    # The last entry of each point stays: so the preferred ones come last.
    order = held[np.lexsort((-triangle[held], ~is_outer[triangle[held]], point[held]))]
    found[0][point[order]] = triangle[order]
    found[1][point[order]] = local[order]


def _invert(
    mesh: "SectionMesh", points_mm: FloatArray, triangle: IntArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Find local coordinates of points in given triangles by Newton's method, and say where it converged."""
    nodes = mesh.points_mm[mesh.triangles[triangle]]
    edges = nodes[:, 1:3] - nodes[:, :1]
    scale = np.abs(edges).max(axis=(1, 2))
    local = _solve(np.swapaxes(edges, 1, 2), points_mm - nodes[:, 0])
    is_solved = np.zeros(len(local), dtype=np.bool_)
    # Far outside there is nothing to find, and the quadratic map may have no inverse.
    active = np.flatnonzero((np.abs(local - 0.5) < _FAR).all(axis=1))
    for _ in range(_NEWTON_STEPS):
        own = nodes[active]
        mapped = np.einsum("nk,nkd->nd", shape_functions(local[active]), own)
        residual = points_mm[active] - mapped
        done = np.abs(residual).max(axis=1) <= _CLOSED * scale[active]
        is_solved[active[done]] = True
        active, own, residual = active[~done], own[~done], residual[~done]
        if not len(active):
            break
        slope = np.einsum("nkd,nkl->ndl", own, shape_gradients(local[active]))
        local[active] += np.clip(_solve(slope, residual), -1.0, 1.0)
    return local, is_solved


def _solve(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Solve systems of two equations, shapes (n, 2, 2) and (n, 2); singular ones give large numbers."""
    a, b, c, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1]
    determinant = a * d - b * c
    determinant = np.where(determinant == 0.0, np.finfo(float).tiny, determinant)
    u, v = right.T
    with np.errstate(over="ignore", invalid="ignore"):
        solved = np.column_stack([(d * u - b * v) / determinant, (a * v - c * u) / determinant])
    far = 2.0 * _FAR
    finite: FloatArray = np.nan_to_num(solved, nan=far, posinf=far, neginf=-far)
    return finite
