"""Sums a cosine series at points: fast where many points share their place in the plane, or are many.

Where in the mesh a point lies belongs in ``section.py``; what is summed comes from ``spectral.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LINE_BATCH: Final = 256
"""Lines of equal heights that are summed at a time; bounds the memory."""

_FEW: Final = 500
"""Up to so many points are summed directly: tables on a grid would cost more."""

_LONG_LINE: Final = 50
"""Points per place in the plane from which on each place gets a table of its own."""

_GRID_VALUES: Final = 2**20
"""Values of tables on grids that are held at a time, 8 MB."""

_POINT_BATCH: Final = 16384
"""Scattered points that are summed at a time."""

_STEPS_PER_WAVE: Final = 4
"""Least steps of the grid per wave of the series: the shortest wave has 8 steps per period, and 0.8 rad each."""

_N_LAGRANGE: Final = 6
"""Grid points that a value is interpolated from. The error is 3.5 (kh)⁶/6! of a wave with kh rad per step; waves
weigh exp(−kd) at distance d from the lead, and kh = 0.8 where that is 1e-7: 5e-9 of the largest potential from 1 mm on;
right beside the metal, where all waves weigh alike, 8e-7."""


def split_lines(points_mm: FloatArray) -> IntArray:
    """Find where points that follow each other leave their place in the plane.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n_points, 3)

    Returns
    -------
    ndarray of int64, shape (n_lines + 1,)
        First point of each line, and the number of points.
    """
    moves = np.any(np.diff(points_mm[:, :2], axis=0) != 0.0, axis=1)
    return np.concatenate([[0], np.flatnonzero(moves) + 1, [len(points_mm)]])


def cosine_table(phase: FloatArray, n_waves: int) -> FloatArray:
    """Give cos nφ for n = 0, 1, …, shape (n_waves, n).

    By cos (n+1)φ = 2 cos φ cos nφ − cos (n−1)φ, whose error grows as n² times rounding at worst: 1e-10 for 1000
    waves, and 5 times faster than cosines.
    """
    table = np.empty((n_waves, len(phase)))
    table[0] = 1.0
    if n_waves > 1:
        np.cos(phase, out=table[1])
        twice = 2.0 * table[1]
    for n in range(2, n_waves):
        np.multiply(twice, table[n - 1], out=table[n])
        table[n] -= table[n - 2]
    return table


def sum_series(
    values: FloatArray, weights: FloatArray, phase: FloatArray, starts: IntArray
) -> FloatArray:
    """Sum e_r W(c, r, n) cos nφ over modes r and waves n.

    Parameters
    ----------
    values : ndarray of float64, shape (n_lines, n_modes)
        e_r at the place of each line.
    weights : ndarray of float64, shape (n_contacts, n_modes, n_waves)
    phase : ndarray of float64, shape (n_points,)
        φ = π(z + H)/2H, from 0 to π, rad.
    starts : ndarray of int64, shape (n_lines + 1,)
        As `split_lines` gives them.

    Returns
    -------
    ndarray of float64, shape (n_contacts, n_points)
        Exact for lines of equal heights and for few points, else interpolated on a grid with an error
        below 1e-8 from 1 mm on, and below 1e-6 anywhere (`_N_LAGRANGE`).
    """
    n_lines, n_points = len(starts) - 1, len(phase)
    n_each = n_points // n_lines
    if n_lines * n_each == n_points and np.all(np.diff(starts) == n_each):
        heights = phase.reshape(n_lines, n_each)
        if np.all(heights == heights[0]):
            return _sum_equal(values, weights, heights[0])
    if n_points <= _FEW:
        return _sum_few(np.repeat(values, np.diff(starts), axis=0), weights, phase)
    if n_points >= _LONG_LINE * n_lines:
        return _sum_lines(values, weights, phase, starts)
    return _sum_scattered(values, weights, phase, starts)


def _sum_equal(values: FloatArray, weights: FloatArray, phase: FloatArray) -> FloatArray:
    """Sum where all lines have the same heights."""
    n_contacts, _, n_waves = weights.shape
    table = cosine_table(phase, n_waves)
    out = np.empty((n_contacts, len(values), len(phase)))
    # Heights first costs modes × heights × (waves + lines), lines first lines × waves × (modes + heights).
    n_modes, n_lines, n_heights = values.shape[1], len(values), len(phase)
    if n_modes * n_heights * (n_waves + n_lines) < n_lines * n_waves * (n_modes + n_heights):
        for contact, weight in enumerate(weights):
            np.matmul(values, weight @ table, out=out[contact])
        return out.reshape(n_contacts, -1)
    for contact, weight in enumerate(weights):
        for first in range(0, len(values), _LINE_BATCH):
            lines = slice(first, first + _LINE_BATCH)
            np.matmul(values[lines] @ weight, table, out=out[contact, lines])
    return out.reshape(n_contacts, -1)


def _sum_few(values: FloatArray, weights: FloatArray, phase: FloatArray) -> FloatArray:
    """Sum directly, with modes at every point, shape (n_points, n_modes)."""
    table = cosine_table(phase, weights.shape[2])
    return np.array([np.einsum("rp,pr->p", weight @ table, values) for weight in weights])


def _sum_lines(
    values: FloatArray, weights: FloatArray, phase: FloatArray, starts: IntArray
) -> FloatArray:
    """Sum where lines have many points: each line's series on a grid, then between its points."""
    n_contacts, n_modes, n_waves = weights.shape
    n_steps = _grid_steps(n_waves)
    stacked = np.ascontiguousarray(weights.transpose(1, 0, 2)).reshape(n_modes, -1)
    out = np.empty((n_contacts, len(phase)))
    n_batch = max(1, _GRID_VALUES // (n_contacts * (n_steps + 1)))
    for first in range(0, len(values), n_batch):
        lines = slice(first, first + n_batch)
        series = (values[lines] @ stacked).reshape(-1, n_contacts, n_waves)
        grid = _on_grid(series, n_steps).transpose(0, 2, 1).reshape(-1, n_contacts)
        lengths = np.diff(starts[first : first + n_batch + 1])
        own = slice(starts[first], starts[first + len(lengths)])
        offset = np.repeat(np.arange(len(lengths)) * (n_steps + 1), lengths)
        out[:, own] = (_interpolation(phase[own], n_steps, offset, len(grid)) @ grid).T
    return out


def _sum_scattered(
    values: FloatArray, weights: FloatArray, phase: FloatArray, starts: IntArray
) -> FloatArray:
    """Sum where nearly every point has its own place: each mode's series on a grid, then at the points."""
    n_contacts, _, n_waves = weights.shape
    n_steps = _grid_steps(n_waves)
    out = np.empty((n_contacts, len(phase)))
    line_of = np.repeat(np.arange(len(values)), np.diff(starts))
    batches = [
        (own, _interpolation(phase[own], n_steps, 0, n_steps + 1))
        for own in _slices(len(phase), _POINT_BATCH)
    ]
    for contact, weight in enumerate(weights):
        grid = np.ascontiguousarray(_on_grid(weight, n_steps).T)
        for own, between in batches:
            out[contact, own] = np.einsum("pr,pr->p", between @ grid, values[line_of[own]])
    return out


def _slices(n: int, n_batch: int) -> Iterator[slice]:
    """Cut a range into batches."""
    return (slice(first, min(n, first + n_batch)) for first in range(0, n, n_batch))


def _grid_steps(n_waves: int) -> int:
    """Give the number of steps of the grid from 0 to π: a power of two, for the transform."""
    return 1 << math.ceil(math.log2(max(_STEPS_PER_WAVE * n_waves, 2 * _N_LAGRANGE)))


def _on_grid(series: FloatArray, n_steps: int) -> FloatArray:
    """Sum a cosine series, last axis, on the grid φ_j = jπ/n_steps: shape (..., n_steps + 1)."""
    from scipy.fft import dct  # noqa: PLC0415 - the config imports the fields, and must stay light

    # Type 1 is y_j = x_0 + (−1)^j x_N + 2 Σ x_n cos nφ_j; x_N is 0 here.
    padded = np.zeros((*series.shape[:-1], n_steps + 1))
    padded[..., : series.shape[-1]] = 0.5 * series
    padded[..., 0] *= 2.0
    return np.asarray(dct(padded, type=1, axis=-1, overwrite_x=True))


def _interpolation(phase: FloatArray, n_steps: int, offset: IntArray | int, n_rows: int) -> Any:
    """Build the matrix that interpolates between points of a grid by Lagrange's polynomials.

    Parameters
    ----------
    phase : ndarray of float64, shape (n_points,)
    n_steps : int
        Steps of the grid from 0 to π.
    offset : ndarray of int64, shape (n_points,), or int
        Where the grid of each point begins among all rows.
    n_rows : int
        Rows of all grids.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (n_points, n_rows)
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - as above

    position = phase * (n_steps / np.pi)
    first = np.floor(position).astype(np.int64) - (_N_LAGRANGE // 2 - 1)
    first = np.clip(first, 0, n_steps + 1 - _N_LAGRANGE)
    distance = (position - first)[:, None] - np.arange(_N_LAGRANGE)
    weights = np.empty_like(distance)
    for i in range(_N_LAGRANGE):
        others = [j for j in range(_N_LAGRANGE) if j != i]
        scale = math.prod(i - j for j in others)
        np.multiply(distance[:, others[0]], 1.0 / scale, out=weights[:, i])
        for j in others[1:]:
            weights[:, i] *= distance[:, j]
    columns = (first + offset)[:, None] + np.arange(_N_LAGRANGE)
    pointer = np.arange(0, weights.size + 1, _N_LAGRANGE)
    return csr_matrix((weights.ravel(), columns.ravel(), pointer), shape=(len(phase), n_rows))
