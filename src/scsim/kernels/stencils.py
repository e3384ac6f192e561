"""Interpolation between the cells of a grid, from one side of an interface.

The potential has a kink where two tissues meet, and a layer thinner than a cell hides a step of it. So a value
in a tissue is made from cells of that tissue alone: in each plane across z a quadratic is fitted around the
point by weighted least squares, and four planes are joined by a cubic. Grids and tissues belong to ``grid.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, inline_kernel, kernel

_REACH: Final = 4
"""Cells to each side that a fit may use."""

_RADII: Final = (2.7, 3.4, 4.2)
"""Radius of the weights of a fit, in widths of the cell that holds the point; a wider one where a narrower one
does not hold enough cells of the tissue."""

_TERMS: Final = (6, 3, 1)
"""Terms of a quadratic, of a linear function and of a constant."""

_N_TERMS: Final = 6

_SPARE: Final = 2
"""Values more than terms that a fit must have."""

_LEAST_PIVOT: Final = 1e-3
"""Least pivot of a fit, as a share of its diagonal (no unit): below it the cells lie nearly on a curve that
leaves the polynomial undetermined."""

_LARGEST_SUM: Final = 4.0
"""Largest sum of the sizes of the weights of a fit, which add up to 1: a larger one looks too far beyond its values."""

_LARGEST_SHARE: Final = 0.5
"""How far a value at an interface may lie beyond those of its two cells, as a share of their difference: cells whose
tissue ends before their center reach a little beyond."""

_VALUES_PER_CELL: Final = 5
"""Values that a cell can give: its own, and one at each of four interfaces."""

NO_CELLS: Final = 1
"""Status of a point whose tissue has no cell near."""


class CellValues(NamedTuple):
    """Where the potentials of cells stand, and in which tissue.

    Attributes
    ----------
    kinds : ndarray of int16, shape (nx, ny, n_planes)
        Number of the tissue whose potential, continued to the center of the cell, its unknown is.
    purity : ndarray of float64, shape (nx, ny, n_planes)
        Share of the cell that this tissue takes up (no unit).
    plane : ndarray of int64, shape (nz,)
        Which of the planes each layer of cells across z has.
    centers : tuple of 3 ndarrays of float64, shapes (nx,), (ny,), (nz,)
        mm.
    edges : tuple of 2 ndarrays of float64, shapes (nx + 1,), (ny + 1,)
        mm.
    place : tuple of 2 ndarrays of float64, shapes (2, nx - 1, ny, n_planes), (2, nx, ny - 1, n_planes)
        x or y where the tissue of the lower cell ends and that of the upper one begins, mm; NaN between cells of
        one kind.
    share : tuple of 2 ndarrays of float64, as `place`
        The potential there is that of the lower cell plus this times the difference (no unit).
    """

    kinds: npt.NDArray[np.int16]
    purity: FloatArray
    plane: npt.NDArray[np.int64]
    centers: tuple[FloatArray, FloatArray, FloatArray]
    edges: tuple[FloatArray, FloatArray]
    place: tuple[FloatArray, FloatArray]
    share: tuple[FloatArray, FloatArray]


class Stencil(NamedTuple):
    """Work space: values in one plane, each between those of two cells, and their weights.

    Attributes
    ----------
    cell : ndarray of int64, shape (n, 4)
        Indices along x and y of the one cell and of the other; -1 for the grounded border as the other.
    share : ndarray of float64, shape (n,)
        Share of the other.
    weight : ndarray of float64, shape (n,)
    basis : ndarray of float64, shape (n, 6)
    matrix : ndarray of float64, shape (6, 6)
    solution : ndarray of float64, shape (6,)
    """

    cell: npt.NDArray[np.int64]
    share: FloatArray
    weight: FloatArray
    basis: FloatArray
    matrix: FloatArray
    solution: FloatArray


class Query(NamedTuple):
    """What is asked: a point, the cell that holds it, and its tissue.

    Attributes
    ----------
    x, y : float
        mm.
    i, j : int
    kind : int
    """

    x: float
    y: float
    i: int
    j: int
    kind: int


@inline_kernel
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


@inline_kernel
def _fit(stencil: Stencil, n_cells: int, n: int) -> bool:
    """Turn the weights of cells into those of the value at the point of a fitted polynomial with n terms."""
    if n_cells < (n + _SPARE if n > 1 else 1):
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
    total = 0.0
    for cell in range(n_cells):
        value = 0.0
        for r in range(n):
            value += stencil.basis[cell, r] * stencil.solution[r]
        stencil.weight[cell] *= value
        total += abs(stencil.weight[cell])
    return total <= _LARGEST_SUM


@inline_kernel
def _note(
    stencil: Stencil,
    n: int,
    at: tuple[float, float],
    cell: tuple[int, int, int, int],
    how: tuple[float, float, float],
) -> int:
    """Add a value at a place, and count it; `at` is in widths from the point, beyond the radius nothing is added.

    `how` is the share of the other cell, the radius, and what the value counts for.
    """
    u, v = at
    share, radius, own = how
    near = 1.0 - (u * u + v * v) / (radius * radius)
    if not near > 0.0:
        return n
    for index in range(4):
        stencil.cell[n, index] = cell[index]
    stencil.share[n] = share
    stencil.weight[n] = near * near * own
    stencil.basis[n, 0] = 1.0
    stencil.basis[n, 1] = u
    stencil.basis[n, 2] = v
    stencil.basis[n, 3] = u * u
    stencil.basis[n, 4] = u * v
    stencil.basis[n, 5] = v * v
    return n + 1


@inline_kernel
def _gather(
    cells: CellValues, potential: FloatArray, query: Query, k: int, radius: float, stencil: Stencil
) -> int:
    """Collect values of a tissue around a point in a plane: its cells, and where it meets other tissues.

    Where the tissue of a cell meets that of its neighbor, the potential follows from both cells and the resistances
    between them. These values hold the fit at the interface, beyond which it must not look; they count by the share of
    the potential that drops on the way there, as without a drop they say nothing new. Cells with little of the tissue
    count little.
    """
    nx, ny, _ = cells.kinds.shape
    plane = cells.plane[k]
    width_x = cells.edges[0][query.i + 1] - cells.edges[0][query.i]
    width_y = cells.edges[1][query.j + 1] - cells.edges[1][query.j]
    n = 0
    for i in range(max(0, query.i - _REACH), min(nx, query.i + _REACH + 1)):
        u = (cells.centers[0][i] - query.x) / width_x
        for j in range(max(0, query.j - _REACH), min(ny, query.j + _REACH + 1)):
            # NaN is not equal to itself.
            if cells.kinds[i, j, plane] != query.kind or potential[i, j, k] != potential[i, j, k]:
                continue
            v = (cells.centers[1][j] - query.y) / width_y
            pure = cells.purity[i, j, plane] ** 2
            n = _note(stencil, n, (u, v), (i, j, i, j), (0.0, radius, pure))
            for side in range(4):
                axis, which = side // 2, side % 2
                step = 1 - 2 * which  # the next cell, then the one before
                oi, oj = i + step * (1 - axis), j + step * axis
                if oi < 0 or oj < 0 or oi >= nx or oj >= ny:
                    place, share = cells.edges[axis][(i if axis == 0 else j) + 1 - which], 1.0
                    oi = -1
                else:
                    if (
                        cells.kinds[oi, oj, plane] == query.kind
                        or potential[oi, oj, k] != potential[oi, oj, k]
                    ):
                        continue
                    place = cells.place[axis][which, min(i, oi), min(j, oj), plane]
                    share = cells.share[axis][which, min(i, oi), min(j, oj), plane]
                    share = share if which == 0 else 1.0 - share
                    if abs(share - 0.5) > 0.5 + _LARGEST_SHARE:
                        continue
                at_u = (place - query.x) / width_x if axis == 0 else u
                at_v = (place - query.y) / width_y if axis == 1 else v
                own = pure * min(1.0, max(0.0, share))
                n = _note(stencil, n, (at_u, at_v), (i, j, oi, oj), (share, radius, own))
    return n


@inline_kernel
def plane_stencil(
    cells: CellValues, potential: FloatArray, query: Query, k: int, stencil: Stencil
) -> int:
    """Find the weights of values in one plane for the potential at a point of a tissue.

    A quadratic where there are enough values, then a linear function, then a mean.

    Parameters
    ----------
    cells : CellValues
    potential : ndarray of float64, shape (nx, ny, nz)
        Of any contact: NaN marks cells that hold none.
    query : Query
    k : int
        Index of the plane.
    stencil : Stencil
        Filled.

    Returns
    -------
    int
        Number of values; 0 if there is none of the tissue near.
    """
    # One place that fits, in a loop over what is tried: each more would double the time to compile.
    for attempt in range(3 * len(_RADII)):
        n = _gather(cells, potential, query, k, _RADII[attempt % len(_RADII)], stencil)
        if _fit(stencil, n, _TERMS[attempt // len(_RADII)]):
            return n
    return 0


@inline_kernel
def _apply(stencil: Stencil, n: int, potential: FloatArray, k: int, out: FloatArray) -> None:
    """Sum weighted values of a plane for each contact."""
    for contact in range(potential.shape[0]):
        total = 0.0
        for value in range(n):
            one = potential[contact, stencil.cell[value, 0], stencil.cell[value, 1], k]
            other = 0.0
            if stencil.cell[value, 2] >= 0:
                other = potential[contact, stencil.cell[value, 2], stencil.cell[value, 3], k]
            total += stencil.weight[value] * (one + stencil.share[value] * (other - one))
        out[contact] = total


@inline_kernel
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
    kinds: npt.NDArray[np.int16],
    out: FloatArray,
    status: npt.NDArray[np.int8],
) -> None:
    """Interpolate potentials at points, from values of the tissue of each point.

    Four planes around a point are joined by a cubic, or two of them by a line, or the nearest one stands alone,
    where the tissue does not reach through more.

    Parameters
    ----------
    cells : CellValues
    potential : ndarray of float64, shape (n_contacts, nx, ny, nz)
        Of the cells; NaN in solids.
    points : ndarray of float64, shape (n_points, 3)
        Inside the grid, mm.
    kinds : ndarray of int16, shape (n_points,)
        Tissue of each point.
    out : ndarray of float64, shape (n_contacts, n_points)
        Filled.
    status : ndarray of int8, shape (n_points,)
        Filled: 0, or `NO_CELLS` of that tissue near.
    """
    n_contacts, nx, ny, nz = potential.shape
    room = _VALUES_PER_CELL * (2 * _REACH + 1) ** 2
    stencil = Stencil(
        np.empty((room, 4), np.int64),
        np.empty(room),
        np.empty(room),
        np.empty((room, _N_TERMS)),
        np.empty((_N_TERMS, _N_TERMS)),
        np.empty(_N_TERMS),
    )
    z = cells.centers[2]
    weights = np.empty(4)
    values = np.empty((4, n_contacts))
    for p in range(points.shape[0]):
        i = min(nx - 1, max(0, np.searchsorted(cells.edges[0], points[p, 0], side="right") - 1))
        j = min(ny - 1, max(0, np.searchsorted(cells.edges[1], points[p, 1], side="right") - 1))
        query = Query(points[p, 0], points[p, 1], i, j, kinds[p])
        above = np.searchsorted(z, points[p, 2])
        nearest = above
        if above == nz or (above > 0 and points[p, 2] - z[above - 1] < z[above] - points[p, 2]):
            nearest = above - 1
        status[p] = NO_CELLS
        for width in (4, 2, 1):
            n = min(width, nz)
            first = nearest if width == 1 else min(max(above - width // 2, 0), nz - n)
            complete = True
            for a in range(n):
                n_values = plane_stencil(cells, potential[0], query, first + a, stencil)
                if n_values == 0:
                    complete = False
                    break
                _apply(stencil, n_values, potential, first + a, values[a])
            if complete:
                _cubic(z, first, n, points[p, 2], weights)
                status[p] = 0
                for contact in range(n_contacts):
                    out[contact, p] = 0.0
                    for a in range(n):
                        out[contact, p] += weights[a] * values[a, contact]
                break
