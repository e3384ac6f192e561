"""Interpolation between the cells of a grid, from one side of an interface.

The potential has a kink where two tissues meet, and a layer thinner than a cell hides a step of it. So a value
in a tissue is made from cells of that tissue alone: in each plane across z a quadratic is fitted around the
point by weighted least squares, and four planes are joined by a cubic. Grids and tissues belong to ``grid.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, kernel

_REACH: Final = 4
"""Cells to each side that a fit may use."""

_RADII: Final = (2.4, 3.2, 4.2)
"""Radius of the weights of a fit, in widths of the cell that holds the point; a wider one where a narrower one
does not hold enough cells of the tissue."""

_N_QUADRATIC: Final = 6
_N_LINEAR: Final = 3

_SPARE: Final = 2
"""Cells more than unknowns that a fit must have."""

_LEAST_PIVOT: Final = 1e-3
"""Least pivot of a fit, as a share of its diagonal (no unit): below it the cells lie nearly on a curve that
leaves the polynomial undetermined."""

OUTSIDE: Final = 1
NO_CELLS: Final = 2


class CellValues(NamedTuple):
    """Where the potentials of cells stand, and in which tissue.

    Attributes
    ----------
    tissue : ndarray of int16, shape (nx, ny, nz)
        Number of the tissue whose potential the cell holds; -1 for none.
    x, y : ndarray of float64, shape (nx, ny, nz)
        Where it stands, mm.
    x_edges, y_edges : ndarray of float64, shapes (nx + 1,), (ny + 1,)
        mm.
    z : ndarray of float64, shape (nz,)
        Centers, mm.
    """

    tissue: npt.NDArray[np.int16]
    x: FloatArray
    y: FloatArray
    x_edges: FloatArray
    y_edges: FloatArray
    z: FloatArray


class Stencil(NamedTuple):
    """Work space: the cells of a fit in one plane and their weights.

    Attributes
    ----------
    i, j : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    basis : ndarray of float64, shape (n, 6)
    matrix : ndarray of float64, shape (6, 6)
    solution : ndarray of float64, shape (6,)
    """

    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    weight: FloatArray
    basis: FloatArray
    matrix: FloatArray
    solution: FloatArray


@kernel
def _solve_first(matrix: FloatArray, n: int, out: FloatArray) -> bool:
    """Solve A x = e_0 for a symmetric positive matrix, in place; False if it is nearly singular."""
    for c in range(n):
        limit = _LEAST_PIVOT * matrix[c, c]
        for k in range(c):
            matrix[c, c] -= matrix[c, k] * matrix[c, k]
        if not matrix[c, c] > limit:
            return False
        matrix[c, c] = np.sqrt(matrix[c, c])
        for r in range(c + 1, n):
            for k in range(c):
                matrix[r, c] -= matrix[r, k] * matrix[c, k]
            matrix[r, c] /= matrix[c, c]
    for r in range(n):
        out[r] = 1.0 if r == 0 else 0.0
        for k in range(r):
            out[r] -= matrix[r, k] * out[k]
        out[r] /= matrix[r, r]
    for r in range(n - 1, -1, -1):
        for k in range(r + 1, n):
            out[r] -= matrix[k, r] * out[k]
        out[r] /= matrix[r, r]
    return True


@kernel
def _fit(stencil: Stencil, n_cells: int, n: int) -> bool:
    """Turn the weights of cells into those of the value at the point of a fitted polynomial with n terms."""
    if n_cells < n + _SPARE:
        return False
    for r in range(n):
        for c in range(r + 1):
            stencil.matrix[r, c] = 0.0
    for cell in range(n_cells):
        for r in range(n):
            for c in range(r + 1):
                stencil.matrix[r, c] += (
                    stencil.weight[cell] * stencil.basis[cell, r] * stencil.basis[cell, c]
                )
    if not _solve_first(stencil.matrix, n, stencil.solution):
        return False
    for cell in range(n_cells):
        value = 0.0
        for r in range(n):
            value += stencil.basis[cell, r] * stencil.solution[r]
        stencil.weight[cell] *= value
    return True


@kernel
def _gather(
    cells: CellValues,
    at: tuple[float, float, int, int],
    k: int,
    radius: float,
    tissue: int,
    stencil: Stencil,
) -> int:
    """Collect the cells of a tissue around a point in a plane; `at` is x, y and the cell that holds them."""
    x, y, i0, j0 = at
    nx, ny, _ = cells.tissue.shape
    width_x = cells.x_edges[i0 + 1] - cells.x_edges[i0]
    width_y = cells.y_edges[j0 + 1] - cells.y_edges[j0]
    n = 0
    for i in range(max(0, i0 - _REACH), min(nx, i0 + _REACH + 1)):
        for j in range(max(0, j0 - _REACH), min(ny, j0 + _REACH + 1)):
            if cells.tissue[i, j, k] != tissue:
                continue
            u = (cells.x[i, j, k] - x) / width_x
            v = (cells.y[i, j, k] - y) / width_y
            share = 1.0 - (u * u + v * v) / (radius * radius)
            if share > 0.0:
                stencil.i[n], stencil.j[n], stencil.weight[n] = i, j, share * share
                stencil.basis[n, 0] = 1.0
                stencil.basis[n, 1], stencil.basis[n, 2] = u, v
                stencil.basis[n, 3], stencil.basis[n, 4], stencil.basis[n, 5] = u * u, u * v, v * v
                n += 1
    return n


@kernel
def plane_stencil(
    cells: CellValues, at: tuple[float, float, int, int], k: int, tissue: int, stencil: Stencil
) -> int:
    """Find the weights of cells of one plane for the value at a point of a tissue.

    A quadratic where there are enough cells, then a linear function, then a mean.

    Parameters
    ----------
    cells : CellValues
    at : tuple
        x and y, mm, and the indices of the cell that holds them.
    k : int
        Index of the plane.
    tissue : int
    stencil : Stencil
        Filled.

    Returns
    -------
    int
        Number of cells; 0 if no cell of the tissue is near.
    """
    for radius in _RADII:
        n = _gather(cells, at, k, radius, tissue, stencil)
        if _fit(stencil, n, _N_QUADRATIC):
            return n
    for radius in _RADII:
        n = _gather(cells, at, k, radius, tissue, stencil)
        if _fit(stencil, n, _N_LINEAR):
            return n
    for radius in _RADII:
        n = _gather(cells, at, k, radius, tissue, stencil)
        total = 0.0
        for cell in range(n):
            total += stencil.weight[cell]
        if total > 0.0:
            for cell in range(n):
                stencil.weight[cell] /= total
            return n
    return 0


@kernel
def _cubic(z: FloatArray, first: int, n: int, at: float, out: FloatArray) -> None:
    """Give the weights of n values from `first` on for Lagrange's polynomial at a place."""
    for a in range(n):
        out[a] = 1.0
        for b in range(n):
            if a != b:
                out[a] *= (at - z[first + b]) / (z[first + a] - z[first + b])


@kernel
def interpolate(
    cells: CellValues,
    potential: FloatArray,
    points: FloatArray,
    tissue: npt.NDArray[np.int16],
    out: FloatArray,
    status: npt.NDArray[np.int8],
) -> None:
    """Interpolate potentials at points, from cells of the tissue of each point.

    Parameters
    ----------
    cells : CellValues
    potential : ndarray of float64, shape (n_contacts, nx, ny, nz)
        Of the cells.
    points : ndarray of float64, shape (n_points, 3)
        mm.
    tissue : ndarray of int16, shape (n_points,)
    out : ndarray of float64, shape (n_contacts, n_points)
        Filled.
    status : ndarray of int8, shape (n_points,)
        Filled: 0, `OUTSIDE` the grid, or `NO_CELLS` of that tissue near.
    """
    nx, ny, nz = cells.tissue.shape
    room = (2 * _REACH + 1) ** 2
    stencil = Stencil(
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room),
        np.empty((room, _N_QUADRATIC)),
        np.empty((_N_QUADRATIC, _N_QUADRATIC)),
        np.empty(_N_QUADRATIC),
    )
    weights = np.empty(4)
    values = np.empty((4, potential.shape[0]))
    for p in range(points.shape[0]):
        x, y, z = points[p]
        i = min(nx - 1, np.searchsorted(cells.x_edges, x, side="right") - 1)
        j = min(ny - 1, np.searchsorted(cells.y_edges, y, side="right") - 1)
        status[p] = 0
        out[:, p] = np.nan
        if i < 0 or j < 0 or x > cells.x_edges[nx] or y > cells.y_edges[ny]:
            status[p] = OUTSIDE
            continue
        above = np.searchsorted(cells.z, z)
        done = False
        for half in (2, 1):
            n = min(2 * half, nz)
            first = min(max(above - half, 0), nz - n)
            complete = True
            for a in range(n):
                n_cells = plane_stencil(cells, (x, y, i, j), first + a, tissue[p], stencil)
                if n_cells == 0:
                    complete = False
                    break
                for contact in range(potential.shape[0]):
                    total = 0.0
                    for cell in range(n_cells):
                        total += (
                            stencil.weight[cell]
                            * potential[contact, stencil.i[cell], stencil.j[cell], first + a]
                        )
                    values[a, contact] = total
            if complete:
                _cubic(cells.z, first, n, z, weights)
                for contact in range(potential.shape[0]):
                    total = 0.0
                    for a in range(n):
                        total += weights[a] * values[a, contact]
                    out[contact, p] = total
                done = True
                break
        if done:
            continue
        for k in (above, above - 1):
            if 0 <= k < nz and not done:
                n_cells = plane_stencil(cells, (x, y, i, j), k, tissue[p], stencil)
                if n_cells > 0:
                    for contact in range(potential.shape[0]):
                        total = 0.0
                        for cell in range(n_cells):
                            total += (
                                stencil.weight[cell]
                                * potential[contact, stencil.i[cell], stencil.j[cell], k]
                            )
                        out[contact, p] = total
                    done = True
        if not done:
            status[p] = NO_CELLS
