"""Solves symmetric positive definite systems with several right-hand sides: conjugate gradients with multigrid.

What the matrix stands for belongs in ``voxel_matrix.py``; the inner loops are in `scsim.kernels.multigrid`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ConvergenceError
from scsim.kernels import multigrid as kernels

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

_LARGEST_COARSE: Final = 500
"""Unknowns of the coarsest level, which is solved directly."""

_LANES: Final = 4
"""Right-hand sides that are solved together; single ones are solved alone. At 0.25 mm in the canal four take
0.25 GB, twice as many gain little."""


@dataclass(frozen=True, eq=False)
class Multigrid:
    """A preconditioner: levels from fine to coarse.

    Attributes
    ----------
    levels : tuple of Level
    inverse : ndarray of float32, shape (m, m)
        Inverse of the matrix of the coarsest level.
    """

    levels: tuple[kernels.Level, ...]
    inverse: Float32Array

    def apply(
        self, residual: FloatArray, work: list[tuple[Float32Array, Float32Array]]
    ) -> Float32Array:
        """Do one cycle from zero.

        Parameters
        ----------
        residual : ndarray of float64, shape (n, k)
        work : list of (ndarray, ndarray)
            As `make_work` gives it.

        Returns
        -------
        ndarray of float32, shape (n, k)
            Approximate solution, part of `work`.
        """
        width = (0,) * residual.shape[1]
        work[0][0][:] = residual
        for level, (load, x), (coarse, _) in zip(self.levels, work[:-1], work[1:], strict=True):
            kernels.smooth_and_restrict(level, load, x, coarse, width)
        np.matmul(self.inverse, work[-1][0], out=work[-1][1])
        for level, (load, x), (_, coarse) in zip(
            self.levels[::-1], work[-2::-1], work[:0:-1], strict=True
        ):
            kernels.correct_and_smooth(level, load, x, coarse, width)
        return work[0][1]

    def make_work(self, n_lanes: int) -> list[tuple[Float32Array, Float32Array]]:
        """Give room for load and solution of each level, fine to coarse."""
        sizes = [len(level.inverse) for level in self.levels] + [len(self.inverse)]
        return [
            (np.empty((n, n_lanes), np.float32), np.empty((n, n_lanes), np.float32)) for n in sizes
        ]


def make_multigrid(matrix: csr_matrix) -> Multigrid:
    """Set the multigrid up: classical (Ruge–Stüben) coarsening.

    Measured on the canal at 0.5 mm (320 000 unknowns), CPU s of set-up and of one solution to 1e-8 with the library's
    own cycle: classical 1.3 + 1.2 with 14 iterations, smoothed aggregation 1.5 + 4.2 with 35, because the layers
    conduct so differently.

    Parameters
    ----------
    matrix : csr_matrix, shape (n, n)
        Symmetric, positive definite.

    Returns
    -------
    Multigrid

    References
    ----------
    Bell, Olson, Schroder and Southworth (2023), doi:10.21105/joss.05495.
    """
    import pyamg  # type: ignore[import-untyped]  # noqa: PLC0415 - not needed to load the module

    hierarchy = pyamg.ruge_stuben_solver(matrix, max_coarse=_LARGEST_COARSE)
    levels = []
    for level in hierarchy.levels[:-1]:
        own, up = level.A.tocsr(), level.P.tocsr()
        own.sort_indices()
        levels.append(
            kernels.Level(
                own.indptr.astype(np.int32),
                own.indices.astype(np.int32),
                own.data.astype(np.float32),
                (1.0 / own.diagonal()).astype(np.float32),
                up.indptr.astype(np.int32),
                up.indices.astype(np.int32),
                up.data.astype(np.float32),
            )
        )
        # What is copied is not needed twice: the matrices of the library would take as much again.
        del level.A, level.P, level.R
    coarsest = hierarchy.levels[-1].A.toarray()
    # The pseudo-inverse, because pockets of tissue between solids may be cut off from the ground.
    return Multigrid(tuple(levels), np.linalg.pinv(coarsest, hermitian=True).astype(np.float32))


def solve_all(
    matrix: csr_matrix, loads: FloatArray, tolerance: float, max_iterations: int
) -> FloatArray:
    """Solve A x = b for every b with one set-up of the multigrid.

    Parameters
    ----------
    matrix : csr_matrix, shape (n, n)
        Symmetric, positive definite.
    loads : ndarray of float64, shape (n_loads, n)
    tolerance : float
        Largest norm of b − A x over that of b (no unit).
    max_iterations : int

    Returns
    -------
    ndarray of float64, shape (n_loads, n)

    Raises
    ------
    ConvergenceError
        If a solution does not reach the tolerance.
    """
    multigrid = make_multigrid(matrix)
    solutions = np.empty(loads.shape)
    for first in range(0, len(loads), _LANES):
        rows = slice(first, first + _LANES)
        some = loads[rows]
        n_lanes = 1 if len(some) == 1 else _LANES
        block = np.zeros((loads.shape[1], n_lanes))
        block[:, : len(some)] = some.T
        found = conjugate_gradients(matrix, block, multigrid, tolerance, max_iterations)
        solutions[rows] = found[:, : len(some)].T
    return solutions


def conjugate_gradients(
    matrix: csr_matrix,
    loads: FloatArray,
    multigrid: Multigrid,
    tolerance: float,
    max_iterations: int,
) -> FloatArray:
    """Solve A x = b for some b side by side, by the method of conjugate gradients.

    Parameters
    ----------
    matrix : csr_matrix, shape (n, n)
    loads : ndarray of float64, shape (n, k)
        Each column one b; zeros give zeros.
    multigrid : Multigrid
    tolerance : float
        Largest norm of b − A x over that of b (no unit).
    max_iterations : int

    Returns
    -------
    ndarray of float64, shape (n, k)

    Raises
    ------
    ConvergenceError
        If the tolerance is not reached.

    References
    ----------
    Hestenes and Stiefel (1952), doi:10.6028/jres.049.044.
    """
    width = (0,) * loads.shape[1]
    arrays: Any = (matrix.indptr, matrix.indices, matrix.data)
    work = multigrid.make_work(len(width))
    x, residual = np.zeros_like(loads), loads.copy()
    direction, product = np.zeros_like(loads), np.empty_like(loads)
    rho, dots, squares = np.ones(len(width)), np.empty(len(width)), np.empty(len(width))
    size = np.linalg.norm(loads, axis=0)
    size[size == 0.0] = 1.0
    squares = np.sum(loads**2, axis=0)
    for _ in range(max_iterations):
        active = np.sqrt(squares) > tolerance * size
        if not active.any():
            return x
        z = multigrid.apply(residual, work)
        previous = rho.copy()
        kernels.dot(z, residual, rho, width)
        kernels.turn(np.where(active, rho / previous, 0.0), z, direction, width)
        kernels.multiply(arrays, direction, product, dots, width)
        # A lane that has arrived takes no more steps: its numbers would only be rounding.
        alpha = np.where(active, rho / np.where(dots > 0.0, dots, 1.0), 0.0)
        kernels.take_step(alpha, direction, product, x, residual, squares, width)
        rho[~active] = 1.0
    reached = float(np.max(np.sqrt(squares) / size))
    if reached <= tolerance:
        return x
    msg = (
        f"the potential of {len(loads)} cells did not converge: after {max_iterations} iterations the residual is "
        f"{reached:.2g} of the load, {tolerance:g} is wanted. Make max_iterations or tolerance larger; if that does "
        "not help, look for conductivities that differ by more than 1e6, or make growth smaller."
    )
    raise ConvergenceError(msg)
