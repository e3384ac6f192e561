"""The canal of the reference as a three-dimensional finite-element problem of scikit-fem: quadratic tetrahedra.

The mesh is scsim's own of the cross-section, pulled along z into prisms of three tetrahedra each, so that no mesher is
needed. Assembly is scikit-fem's, the linear solver pyamg's. What it is compared with, and the table, are in
``field_measure.py`` and ``field_report.py``. Needs the environment of ``make bench-peers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.canal.section import mesh_section

if TYPE_CHECKING:
    from scsim.validate.field_geometry import CanalGeometry

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RESOLUTION: Final = 0.8
"""Elements per length across, relative to scsim's own mesh."""

_ALONG_MM: Final = (0.3, 1.5, 4.0)
"""Layers along z, mm: at the ends of a contact, between contacts, and far from all."""

_TOLERANCE: Final = 1e-8
"""Relative residual at which the iteration stops; errors of the mesh are 1e-3 and more."""

_TOUCHING_MM: Final = 1e-6
"""How near to the lead's surface, or to a wall, a point counts as on it, mm."""


@dataclass(frozen=True)
class FemProblem:
    """The assembled problem.

    Attributes
    ----------
    basis : skfem.CellBasis
    reduced : scipy sparse matrix, shape (n_free + n_contacts, n_free + n_contacts)
        Conductance, S/m mm; walls left out, each contact one unknown, which come last.
    spread : scipy sparse matrix, shape (n_dofs, n_free + n_contacts)
        Gives the value of every degree of freedom.
    n_contacts, n_tetrahedra : int
    flat_mm, triangles, heights_mm : ndarray
        The section's corners (n, 2) and triangles (t, 3), and the heights of the layers.
    """

    basis: Any
    reduced: Any
    spread: Any
    n_contacts: int
    n_tetrahedra: int
    flat_mm: FloatArray
    triangles: IntArray
    heights_mm: FloatArray


def layers_mm(geometry: CanalGeometry) -> FloatArray:
    """Give the heights of the layers: fine at the ends of contacts, coarse far away, mm."""
    half = geometry.contact_length_mm / 2.0
    ends = np.sort([z + side * half for z in geometry.contact_z_mm for side in (-1.0, 1.0)])
    stops = np.concatenate([[-geometry.half_length_mm], ends, [geometry.half_length_mm]])
    heights = [stops[0]]
    finest, middle, coarse = _ALONG_MM
    for low, high in pairwise(stops):
        is_far = low == stops[0] or high == stops[-1]
        largest = coarse if is_far else middle
        at_ends = (low > stops[0], high < stops[-1])
        heights += list(low + _graded(high - low, finest, largest, at_ends))
    return np.array(heights)


def _graded(length: float, finest: float, largest: float, fine_at: tuple[bool, bool]) -> FloatArray:
    """Cut a length into steps that grow by a half from its fine ends; gives the upper ends."""
    where = np.linspace(0.0, length, 2001)
    distance = np.full_like(where, np.inf)
    if fine_at[0]:
        distance = np.minimum(distance, where)
    if fine_at[1]:
        distance = np.minimum(distance, length - where)
    size = np.minimum(finest + 0.5 * distance, largest)
    count = np.concatenate([[0.0], np.cumsum(np.diff(where) / (0.5 * (size[1:] + size[:-1])))])
    n_steps = int(np.ceil(count[-1]))
    found: FloatArray = np.interp(np.arange(1, n_steps + 1) * count[-1] / n_steps, count, where)
    return found


def extrude(
    points_mm: FloatArray, triangles: IntArray, z_mm: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Pull triangles along z into tetrahedra.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n, 2)
    triangles : ndarray of int, shape (t, 3)
    z_mm : ndarray of float64, shape (m,)
        Heights of the layers.

    Returns
    -------
    points : ndarray of float64, shape (m n, 3)
    tetrahedra : ndarray of int, shape (3 t (m - 1), 4)
        Those of one layer after the other; in a layer all first, all second and all third ones.
    """
    n_points = len(points_mm)
    points = np.column_stack([np.tile(points_mm, (len(z_mm), 1)), np.repeat(z_mm, n_points)])
    # With the corners in order of their numbers, neighbors cut their common face along the same diagonal.
    a, b, c = np.sort(triangles, axis=1).T
    up = n_points
    layer = np.concatenate(
        [
            np.column_stack([a, b, c, c + up]),
            np.column_stack([a, b, b + up, c + up]),
            np.column_stack([a, a + up, b + up, c + up]),
        ]
    )
    offsets = n_points * np.arange(len(z_mm) - 1)
    return points, (offsets[:, None, None] + layer).reshape(-1, 4)


def assemble(geometry: CanalGeometry, resolution: float = RESOLUTION) -> FemProblem:
    """Mesh and assemble the canal with equipotential contacts, of which idle ones float.

    Parameters
    ----------
    geometry : CanalGeometry
    resolution : float
        Elements per length across, relative to scsim's own mesh.

    Returns
    -------
    FemProblem
    """
    import skfem  # noqa: PLC0415 - only the validation environment has it
    from scipy import sparse  # noqa: PLC0415 - as above
    from skfem.helpers import grad  # noqa: PLC0415 - as above

    section = mesh_section(
        geometry.section(), (geometry.body(),), geometry.half_width_mm, resolution=resolution
    )
    corners = section.triangles[:, :3].astype(np.int64)
    used, numbers = np.unique(corners, return_inverse=True)
    flat, triangles, z = section.points_mm[used], numbers.reshape(-1, 3), layers_mm(geometry)
    points, tetrahedra = extrude(flat, triangles, z)
    mesh = skfem.MeshTet(np.ascontiguousarray(points.T), np.ascontiguousarray(tetrahedra.T))
    conductivities = geometry.conductivities()
    pairs = np.array([conductivities[name] for name in section.tissues])[section.tissue]
    across, along = np.tile(pairs, (3 * (len(z) - 1), 1)).T

    @skfem.BilinearForm
    def conductance(u: Any, v: Any, w: Any) -> Any:
        (ux, uy, uz), (vx, vy, vz) = grad(u), grad(v)
        return w["across"] * (ux * vx + uy * vy) + w["along"] * uz * vz

    basis = skfem.CellBasis(mesh, skfem.ElementTetP2(), intorder=2)
    full = conductance.assemble(basis, across=across[:, None], along=along[:, None])
    groups = _contact_dofs(geometry, mesh, basis)
    walls = basis.get_dofs(
        lambda x: np.max(np.abs(x[:2]), axis=0) > geometry.half_width_mm - _TOUCHING_MM
    )
    fixed = np.zeros(basis.N, dtype=np.bool_)
    fixed[walls.flatten()] = True
    for group in groups:
        fixed[group] = True
    free = np.flatnonzero(~fixed)
    rows = np.concatenate([free, *groups])
    columns = np.concatenate(
        [np.arange(free.size), *(np.full(g.size, free.size + i) for i, g in enumerate(groups))]
    )
    spread = sparse.csr_array(
        (np.ones(rows.size), (rows, columns)), shape=(basis.N, free.size + len(groups))
    )
    reduced = sparse.csr_array(spread.T @ full @ spread)
    return FemProblem(basis, reduced, spread, len(groups), mesh.t.shape[1], flat, triangles, z)


def _contact_dofs(geometry: CanalGeometry, mesh: Any, basis: Any) -> list[IntArray]:
    """Give the degrees of freedom on the metal of each contact."""
    body = geometry.body()
    x, y = body.center_mm
    half = geometry.contact_length_mm / 2.0
    groups = []
    for z in geometry.contact_z_mm:
        facets = mesh.facets_satisfying(
            lambda m, z=z: (
                (np.hypot(m[0] - x, m[1] - y) <= body.radius_mm + _TOUCHING_MM)
                & (np.abs(m[2] - z) < half)
            ),
            boundaries_only=True,
        )
        groups.append(np.unique(basis.get_dofs(facets).flatten()))
    return groups


def set_up(problem: FemProblem) -> Any:
    """Make pyamg's multigrid for the problem."""
    import pyamg  # noqa: PLC0415 - only where it is measured

    matrix = problem.reduced.tocsr()
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    # Smoothed aggregation: 11 s for a solution of 210 000 unknowns, classical multigrid 16 s.
    return pyamg.smoothed_aggregation_solver(matrix, symmetry="symmetric", max_coarse=500)


def solve(problem: FemProblem, solver: Any, contact: int) -> tuple[FloatArray, int]:
    """Solve for 1 mA in one contact; gives potentials of the unknowns, mV, and iterations."""
    load = np.zeros(problem.reduced.shape[0])
    load[load.size - problem.n_contacts + contact] = 1.0
    residuals: list[float] = []
    found = solver.solve(load, tol=_TOLERANCE, accel="cg", residuals=residuals, maxiter=300)
    return 1e3 * found, len(residuals) - 1  # mA / (S/m mm) is V


def evaluate(problem: FemProblem, unknowns: FloatArray, points_mm: FloatArray) -> FloatArray:
    """Give potentials at points, mV; `unknowns` and the result are (n_contacts, n).

    scikit-fem's own search for the elements of points takes tens of gigabytes here; layers and prisms are known.
    """
    element, local = _find(problem, points_mm)
    values = problem.spread @ unknowns.T
    dofs = problem.basis.element_dofs[:, element]
    shapes = np.stack([problem.basis.elem.lbasis(local, i)[0] for i in range(len(dofs))])
    found: FloatArray = np.einsum("in,inc->cn", shapes, values[dofs])
    return found


def _find(problem: FemProblem, points_mm: FloatArray) -> tuple[IntArray, FloatArray]:
    """Find the tetrahedron of each point and the local coordinates in it, shape (3, n)."""
    from matplotlib.tri import Triangulation  # noqa: PLC0415 - only where it is measured

    flat, heights = problem.flat_mm, problem.heights_mm
    triangle = Triangulation(*flat.T, problem.triangles).get_trifinder()(*points_mm[:, :2].T)
    n_layers = len(heights) - 1
    layer = np.clip(np.searchsorted(heights, points_mm[:, 2]) - 1, 0, n_layers - 1)
    n_triangles = len(problem.triangles)
    corners = problem.basis.mesh.p[:, problem.basis.mesh.t]
    best = np.full(len(points_mm), -np.inf)
    element, local = np.zeros(len(points_mm), dtype=np.int64), np.zeros((3, len(points_mm)))
    for third in range(3):
        candidate = (3 * layer + third) * n_triangles + triangle
        origin = corners[:, 0, candidate]
        edges = corners[:, 1:, candidate] - origin[:, None]
        inside = np.linalg.solve(np.moveaxis(edges, 2, 0), (points_mm.T - origin).T[..., None])[
            ..., 0
        ].T
        worst = np.minimum(inside.min(axis=0), 1.0 - inside.sum(axis=0))
        better = worst > best
        best[better], element[better] = worst[better], candidate[better]
        local[:, better] = inside[:, better]
    return element, local
