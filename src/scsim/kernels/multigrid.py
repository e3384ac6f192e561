"""One cycle of algebraic multigrid and the steps of conjugate gradients, for several right-hand sides at once.

Right-hand sides ride side by side: vectors have shape (n, k), the last axis contiguous, and each entry of a matrix
that is fetched serves all k. The number of lanes comes as the length of a tuple, `width`, so that it is a constant of
the compiled code. The cycle works in float32, which only a preconditioner may: it halves what is fetched. Coarse
levels are made by a library (`scsim.fields.voxels.voxel_solve`), not here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, kernel

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Width = tuple[int, ...]


class Level(NamedTuple):
    """One level of the multigrid: a symmetric matrix in compressed rows, and the way up from the next level.

    Attributes
    ----------
    starts : ndarray of int32, shape (n + 1,)
    columns : ndarray of int32, shape (n_entries,)
        Ascending in each row.
    values : ndarray of float32, shape (n_entries,)
    inverse : ndarray of float32, shape (n,)
        1 / diagonal.
    up_starts, up_columns : ndarray of int32
    up_values : ndarray of float32
        Interpolation from the next coarser level, compressed rows.
    """

    starts: Int32Array
    columns: Int32Array
    values: Float32Array
    inverse: Float32Array
    up_starts: Int32Array
    up_columns: Int32Array
    up_values: Float32Array


@kernel
def smooth_and_restrict(
    level: Level, load: Float32Array, x: Float32Array, coarse: Float32Array, width: Width
) -> None:
    """Do a forward Gauss–Seidel sweep from zero, and pass the residual to the coarser level.

    With (D + L) x = b the residual b − A x is −U x, so each half of the matrix is fetched once. The residual goes
    down by the transpose of the interpolation.

    Parameters
    ----------
    level : Level
    load : ndarray of float32, shape (n, k)
        b.
    x : ndarray of float32, shape (n, k)
        Filled.
    coarse : ndarray of float32, shape (n_coarse, k)
        Filled: load of the coarser level.
    width : tuple
        Of length k.
    """
    n = load.shape[0]
    for i in range(n):
        for lane in range(len(width)):
            x[i, lane] = load[i, lane]
        for entry in range(level.starts[i], level.starts[i + 1]):
            j = level.columns[entry]
            if j >= i:
                break
            for lane in range(len(width)):
                x[i, lane] -= level.values[entry] * x[j, lane]
        for lane in range(len(width)):
            x[i, lane] *= level.inverse[i]
    coarse[:] = 0.0
    residual = np.empty(len(width), dtype=np.float32)
    for i in range(n):
        for lane in range(len(width)):
            residual[lane] = 0.0
        for entry in range(level.starts[i + 1] - 1, level.starts[i] - 1, -1):
            j = level.columns[entry]
            if j <= i:
                break
            for lane in range(len(width)):
                residual[lane] -= level.values[entry] * x[j, lane]
        for entry in range(level.up_starts[i], level.up_starts[i + 1]):
            j = level.up_columns[entry]
            for lane in range(len(width)):
                coarse[j, lane] += level.up_values[entry] * residual[lane]


@kernel
def correct_and_smooth(
    level: Level, load: Float32Array, x: Float32Array, coarse: Float32Array, width: Width
) -> None:
    """Add the correction of the coarser level, and do a backward Gauss–Seidel sweep.

    Backward after forward, so that the whole cycle is symmetric.

    Parameters
    ----------
    level : Level
    load : ndarray of float32, shape (n, k)
    x : ndarray of float32, shape (n, k)
        Changed.
    coarse : ndarray of float32, shape (n_coarse, k)
        Solution of the coarser level.
    width : tuple
        Of length k.
    """
    n = load.shape[0]
    for i in range(n):
        for entry in range(level.up_starts[i], level.up_starts[i + 1]):
            j = level.up_columns[entry]
            for lane in range(len(width)):
                x[i, lane] += level.up_values[entry] * coarse[j, lane]
    new = np.empty(len(width), dtype=np.float32)
    for i in range(n - 1, -1, -1):
        for lane in range(len(width)):
            new[lane] = load[i, lane]
        for entry in range(level.starts[i], level.starts[i + 1]):
            j = level.columns[entry]
            if j != i:
                for lane in range(len(width)):
                    new[lane] -= level.values[entry] * x[j, lane]
        for lane in range(len(width)):
            x[i, lane] = new[lane] * level.inverse[i]


@kernel
def multiply(
    matrix: tuple[Int32Array, Int32Array, FloatArray],
    direction: FloatArray,
    out: FloatArray,
    dots: FloatArray,
    width: Width,
) -> None:
    """Compute A p, and pᵀ A p of each lane.

    Parameters
    ----------
    matrix : tuple of 3 ndarrays
        Row starts, columns and values (float64) of A.
    direction : ndarray of float64, shape (n, k)
        p.
    out : ndarray of float64, shape (n, k)
        Filled: A p.
    dots : ndarray of float64, shape (k,)
        Filled: pᵀ A p.
    width : tuple
        Of length k.
    """
    starts, columns, values = matrix
    dots[:] = 0.0
    for i in range(out.shape[0]):
        for lane in range(len(width)):
            out[i, lane] = 0.0
        for entry in range(starts[i], starts[i + 1]):
            j = columns[entry]
            for lane in range(len(width)):
                out[i, lane] += values[entry] * direction[j, lane]
        for lane in range(len(width)):
            dots[lane] += out[i, lane] * direction[i, lane]


@kernel
def take_step(
    alpha: FloatArray,
    direction: FloatArray,
    product: FloatArray,
    x: FloatArray,
    residual: FloatArray,
    squares: FloatArray,
    width: Width,
) -> None:
    """Take the step of conjugate gradients: x += α p, r −= α A p; and the squared norm of r of each lane.

    Parameters
    ----------
    alpha : ndarray of float64, shape (k,)
    direction, product : ndarray of float64, shape (n, k)
        p and A p.
    x, residual : ndarray of float64, shape (n, k)
        Changed.
    squares : ndarray of float64, shape (k,)
        Filled.
    width : tuple
        Of length k.
    """
    squares[:] = 0.0
    for i in range(x.shape[0]):
        for lane in range(len(width)):
            x[i, lane] += alpha[lane] * direction[i, lane]
            residual[i, lane] -= alpha[lane] * product[i, lane]
            squares[lane] += residual[i, lane] * residual[i, lane]


@kernel
def turn(beta: FloatArray, z: Float32Array, direction: FloatArray, width: Width) -> None:
    """Find the next direction of conjugate gradients: p = z + β p.

    Parameters
    ----------
    beta : ndarray of float64, shape (k,)
    z : ndarray of float32, shape (n, k)
        Preconditioned residual.
    direction : ndarray of float64, shape (n, k)
        Changed.
    width : tuple
        Of length k.
    """
    for i in range(direction.shape[0]):
        for lane in range(len(width)):
            direction[i, lane] = z[i, lane] + beta[lane] * direction[i, lane]


@kernel
def dot(z: Float32Array, residual: FloatArray, out: FloatArray, width: Width) -> None:
    """Compute rᵀ z of each lane.

    Parameters
    ----------
    z : ndarray of float32, shape (n, k)
    residual : ndarray of float64, shape (n, k)
    out : ndarray of float64, shape (k,)
        Filled.
    width : tuple
        Of length k.
    """
    out[:] = 0.0
    for i in range(z.shape[0]):
        for lane in range(len(width)):
            out[lane] += z[i, lane] * residual[i, lane]
