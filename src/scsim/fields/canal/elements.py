"""Six-node isoparametric triangles: matrices, loads on the surface of bodies, values at points.

What is solved with them belongs in ``spectral.py``, meshes in ``section.py``. The elements are the standard
ones (Zienkiewicz, Taylor and Zhu 2013, chapters 3 and 5); checked by ``tests/theory/test_spectral.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.canal.section_locate import shape_functions, shape_gradients

if TYPE_CHECKING:
    from scsim.electrodes.bodies import Disc, Slab
    from scsim.fields.canal.section import SectionMesh

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]

_ROOT15: Final = math.sqrt(15.0)
_NEAR, _FAR = (6.0 - _ROOT15) / 21.0, (6.0 + _ROOT15) / 21.0

RULE_POINTS: Final = np.array(
    [
        (1 / 3, 1 / 3),
        *((_NEAR, _NEAR), (1 - 2 * _NEAR, _NEAR), (_NEAR, 1 - 2 * _NEAR)),
        *((_FAR, _FAR), (1 - 2 * _FAR, _FAR), (_FAR, 1 - 2 * _FAR)),
    ]
)
"""Local coordinates of the seven-point rule on a triangle, exact up to degree 5 (Radon 1948)."""

RULE_WEIGHTS: Final = np.array([270.0, *3 * (155.0 - _ROOT15,), *3 * (155.0 + _ROOT15,)]) / 2400.0
"""Its weights; they sum to 1/2, the area of the triangle (0, 0), (1, 0), (0, 1)."""

_N_EDGE_RULE: Final = 6
"""Gauss points on an edge: exact to degree 11, beyond cos 8θ times a quadratic at the edges of a lead."""

_ON_FACE: Final = 1e-7
"""How far a vertex may lie from the strip in half widths (no unit) and still be on it: rounding."""

_N_CHEBYSHEV_RULE: Final = 24
"""Gauss points on the part of an edge function over one edge, of at most half a turn of its angle."""


def edge_functions(t: npt.ArrayLike) -> FloatArray:
    """Give the three quadratic functions on an edge: start, end, middle; t from 0 to 1, shape (n, 3)."""
    t = np.asarray(t, dtype=np.float64)
    return np.column_stack([(1 - t) * (1 - 2 * t), t * (2 * t - 1), 4 * t * (1 - t)])


def edge_rule(n_points: int = _N_EDGE_RULE) -> tuple[FloatArray, FloatArray]:
    """Give Gauss points and weights on the interval from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(n_points)
    return (points + 1.0) / 2.0, weights / 2.0


def element_matrices(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Integrate ∇u·∇v and u v over each triangle.

    Parameters
    ----------
    corners : ndarray of float64, shape (t, 6, 2)
        Nodes of each triangle, mm.

    Returns
    -------
    tuple of 2 ndarrays of float64, shape (t, 6, 6)
        ∫∇N_a·∇N_b (no unit) and ∫N_a N_b (mm²).
    """
    local = shape_gradients(RULE_POINTS)
    jacobian = np.tensordot(corners, local, axes=(1, 1)).transpose(0, 2, 1, 3)  # (t, 7, xy, ξη)
    (x_xi, x_eta), (y_xi, y_eta) = np.moveaxis(jacobian, (2, 3), (0, 1))
    determinant = x_xi * y_eta - x_eta * y_xi
    inverse = np.moveaxis(np.array([[y_eta, -y_xi], [-x_eta, x_xi]]), (0, 1), (2, 3))
    inverse = inverse / determinant[:, :, None, None]  # (t, 7, xy, ξη), transposed inverse
    gradient = np.einsum("qai,tqji->taqj", local, inverse, optimize=True)
    weight = RULE_WEIGHTS * determinant
    n_triangles = len(corners)
    flat = gradient.reshape(n_triangles, 6, -1)
    scaled = (gradient * weight[:, None, :, None]).reshape(n_triangles, 6, -1)
    stiffness = scaled @ flat.transpose(0, 2, 1)
    values = shape_functions(RULE_POINTS)
    products = (values[:, :, None] * values[:, None, :]).reshape(len(values), 36)
    mass: FloatArray = (weight @ products).reshape(n_triangles, 6, 6)
    return stiffness, mass


def edge_mass(points: FloatArray) -> FloatArray:
    """Integrate u v along curved edges.

    Parameters
    ----------
    points : ndarray of float64, shape (e, 3, 2)
        Start, end and middle of each edge, mm.

    Returns
    -------
    ndarray of float64, shape (e, 3, 3)
        mm.
    """
    t, weights = edge_rule()
    slopes = np.column_stack([4 * t - 3, 4 * t - 1, 4 - 8 * t])
    speed = np.linalg.norm(np.einsum("qa,eai->eqi", slopes, points), axis=2)
    values = edge_functions(t)
    mass: FloatArray = np.einsum("eq,qa,qb->eab", speed * weights, values, values, optimize=True)
    return mass


def assemble(mesh: SectionMesh, across: FloatArray, along: FloatArray, sheets: FloatArray) -> Any:
    """Assemble ∫σt ∇u·∇v + Σ∮(σt/d)[u][v] and ∫σl u v.

    Parameters
    ----------
    mesh : SectionMesh
    across, along : ndarray of float64, shape (t,)
        Conductivity of each triangle across (σt) and along z (σl), S/m.
    sheets : ndarray of float64, shape (n_sheets,)
        Conductivity of each sheet across itself over its thickness, S/m/mm.

    Returns
    -------
    scipy.sparse.csc_matrix of complex128, shape (n_nodes, n_nodes)
        The first in the real part, the second in the imaginary part: so both have one sparsity pattern,
        and entries are gathered once.
    """
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - the config imports the fields, and must stay light

    stiffness, mass = element_matrices(mesh.points_mm[mesh.triangles])
    values = [(stiffness * across[:, None, None] + 1j * (mass * along[:, None, None])).ravel()]
    rows = [np.repeat(mesh.triangles, 6, axis=1).ravel()]
    columns = [np.tile(mesh.triangles, 6).ravel()]
    for sheet, conductance in zip(mesh.sheets, sheets, strict=True):
        matrix = conductance * edge_mass(mesh.points_mm[sheet.inside])
        # The jump [u] = u_inside − u_outside, of functions that have nodes on both sides.
        nodes = np.hstack([sheet.inside, sheet.outside])
        values.append(np.block([[matrix, -matrix], [-matrix, matrix]]).ravel() + 0j)
        rows.append(np.repeat(nodes, 6, axis=1).ravel())
        columns.append(np.tile(nodes, 6).ravel())
    n_nodes = len(mesh.points_mm)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return coo_matrix(entries, shape=(n_nodes, n_nodes)).tocsc()


def harmonic_loads(
    points_mm: FloatArray, edges: IntArray, disc: Disc, n_harmonics: int
) -> FloatArray:
    """Integrate cos mθ and sin mθ times each shape function around a disc.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n_nodes, 2)
    edges : ndarray of int, shape (e, 3)
        Start, end and middle of each edge of the disc.
    disc : Disc
    n_harmonics : int
        Largest m.

    Returns
    -------
    ndarray of float64, shape (n_nodes, 2 n_harmonics + 1)
        Means around the disc, (1/2π)∫ cos mθ N dθ for m = 0, 1, …, then those of sin mθ for m = 1, …; θ runs
        from y (dorsal) towards −x, so that cos mθ is even in x around a lead on the midline.
    """
    offset = points_mm[edges[:, :2]] - np.array(disc.center_mm)
    start, end = np.arctan2(-offset[:, :, 0], offset[:, :, 1]).T
    step = np.mod(end - start, 2.0 * np.pi)
    t, weights = edge_rule()
    # The nodes lie on the circle and the middle ones halfway, so θ is linear in t and 1 integrates exactly.
    theta = start[:, None] + step[:, None] * t
    order = np.arange(n_harmonics + 1)[:, None, None]
    waves = np.concatenate([np.cos(order * theta), np.sin(order[1:] * theta)])
    local = np.einsum("meq,qa,e->eam", waves * weights, edge_functions(t), step / (2.0 * np.pi))
    return _gather(len(points_mm), edges, local)


def strip_loads(
    points_mm: FloatArray, edges: IntArray, slab: Slab, column: int, n_across: int
) -> FloatArray:
    """Integrate edge functions across a strip of a slab's face times each shape function.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n_nodes, 2)
    edges : ndarray of int, shape (e, 3)
        Start, end and middle of each edge of the slab; vertices lie on the borders of the strip.
    slab : Slab
    column : int
        Which strip.
    n_across : int
        Number of edge functions.

    Returns
    -------
    ndarray of float64, shape (n_nodes, n_across + 1)
        ∫ T_q(ξ)/(π√(1−ξ²)) N dξ for q = 0, 1, …, with ξ from −1 to 1 across the strip, then the mean of N.
    """
    offset_mm, width_mm = slab.columns_mm[column]
    middle, tangent, normal = slab_face(slab, offset_mm)
    offset = (points_mm[edges[:, :2]] - middle) / (width_mm / 2.0)
    xi, height = offset @ tangent, np.abs(offset @ normal)
    is_on = (height < _ON_FACE).all(axis=1) & (np.abs(xi) < 1.0 + _ON_FACE).all(axis=1)
    # Rounding at the borders, where the root is steep, would cost half of all digits.
    xi = np.where(np.abs(xi) > 1.0 - _ON_FACE, np.sign(xi), xi)
    edges, (start, end) = edges[is_on], xi[is_on].T
    # ξ = −cos s takes the root away: ∫ T_q(ξ)/√(1−ξ²) N dξ = ∫ T_q(−cos s) N ds, smooth in s.
    s, weights = edge_rule(_N_CHEBYSHEV_RULE)
    first, last = np.arccos(-start)[:, None], np.arccos(-end)[:, None]
    angle = first + (last - first) * s
    q = np.arange(n_across)[:, None, None]
    waves = (-1.0) ** q * np.cos(q * angle) / np.pi
    along = (-np.cos(angle) - start[:, None]) / (end - start)[:, None]
    values = edge_functions(along.ravel()).reshape(*along.shape, 3)
    local = np.einsum("qes,esa,es->eaq", waves, values, np.abs(last - first) * weights)
    mean = np.abs(end - start)[:, None] / 2.0 * np.array([1.0, 1.0, 4.0]) / 6.0
    return _gather(len(points_mm), edges, np.concatenate([local, mean[:, :, None]], axis=2))


def slab_face(slab: Slab, offset_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give a point on the face of a slab that carries metal.

    Parameters
    ----------
    slab : Slab
    offset_mm : float
        Distance from the middle of the face, towards +x before the turn, mm.

    Returns
    -------
    tuple of 3 ndarrays, each of shape (2,)
        The point, mm; the unit vector along the face; the unit vector out of it.
    """
    turn = math.radians(slab.turn_deg)
    tangent = np.array([math.cos(turn), math.sin(turn)])
    normal = np.array([math.sin(turn), -math.cos(turn)])
    middle = np.array(slab.center_mm) + normal * slab.thickness_mm / 2.0 + tangent * offset_mm
    return middle, tangent, normal


def _gather(n_nodes: int, edges: IntArray, local: FloatArray) -> FloatArray:
    """Add what each edge gives to its three nodes, shape (n_nodes, local.shape[2])."""
    loads = np.zeros((n_nodes, local.shape[2]))
    np.add.at(loads, edges, local)
    return loads
