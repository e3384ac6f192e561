"""Sums a cosine series at points: fast where many points share their place in the plane.

Where in the mesh a point lies belongs in ``section.py``; what is summed comes from ``spectral.py``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BATCH: Final = 4096
"""Points whose cosines are held at a time: the table of 120 waves then stays in the second cache."""

_LINE_BATCH: Final = 256
"""Lines of equal heights that are summed at a time; bounds the memory."""

_LONG_LINE: Final = 4.0
"""Points per place in the plane from which on summing modes first pays."""


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
        φ = π(z + H)/2H, rad.
    starts : ndarray of int64, shape (n_lines + 1,)
        As `split_lines` gives them.

    Returns
    -------
    ndarray of float64, shape (n_contacts, n_points)
    """
    n_lines, n_points = len(starts) - 1, len(phase)
    n_each = n_points // n_lines
    if n_lines * n_each == n_points and np.all(np.diff(starts) == n_each):
        heights = phase.reshape(n_lines, n_each)
        if np.all(heights == heights[0]):
            return _sum_equal(values, weights, heights[0])
    if n_points >= _LONG_LINE * n_lines:
        return _sum_long(values, weights, phase, starts)
    return _sum_scattered(values, weights, phase, starts)


def _sum_equal(values: FloatArray, weights: FloatArray, phase: FloatArray) -> FloatArray:
    """Sum where all lines have the same heights."""
    n_contacts, _, n_waves = weights.shape
    table = cosine_table(phase, n_waves)
    out = np.empty((n_contacts, len(values), len(phase)))
    for contact, weight in enumerate(weights):
        for first in range(0, len(values), _LINE_BATCH):
            lines = slice(first, first + _LINE_BATCH)
            np.matmul(values[lines] @ weight, table, out=out[contact, lines])
    return out.reshape(n_contacts, -1)


def _sum_long(
    values: FloatArray, weights: FloatArray, phase: FloatArray, starts: IntArray
) -> FloatArray:
    """Sum where lines have many points, each line at its own heights."""
    n_contacts, n_modes, n_waves = weights.shape
    out = np.empty((n_contacts, len(phase)))
    stacked = np.ascontiguousarray(weights.transpose(1, 0, 2)).reshape(n_modes, -1)
    for first, last in _batches(starts, _BATCH):
        begin = starts[first]
        table = cosine_table(phase[begin : starts[last]], n_waves)
        sums = (values[first:last] @ stacked).reshape(last - first, n_contacts, n_waves)
        for line in range(first, last):
            own = slice(starts[line], starts[line + 1])
            out[:, own] = sums[line - first] @ table[:, own.start - begin : own.stop - begin]
    return out


def _sum_scattered(
    values: FloatArray, weights: FloatArray, phase: FloatArray, starts: IntArray
) -> FloatArray:
    """Sum where every point, or nearly so, has its own place in the plane."""
    n_contacts, _, n_waves = weights.shape
    out = np.empty((n_contacts, len(phase)))
    line_of = np.repeat(np.arange(len(values)), np.diff(starts))
    for begin in range(0, len(phase), _BATCH):
        own = slice(begin, begin + _BATCH)
        table = cosine_table(phase[own], n_waves)
        here = values[line_of[own]].T
        for contact, weight in enumerate(weights):
            out[contact, own] = np.einsum("rp,rp->p", weight @ table, here)
    return out


def _batches(starts: IntArray, n_points: int) -> list[tuple[int, int]]:
    """Split lines into runs of about so many points; a longer line is a run of its own."""
    batches, first = [], 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + n_points, side="right")) - 1
        last = max(last, first + 1)
        batches.append((first, last))
        first = last
    return batches
