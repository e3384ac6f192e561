"""Elements of high order on a line, graded toward singular points: the two directions of the cuff's grid.

What conducts where, and what the two directions make of it together, is in ``cuff_modes.py``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEWTON_STEPS: Final = 50
"""Steps of Newton's iteration for the nodes; from Chebyshev's points it needs fewer than ten."""
_LEAST_SHARE: Final = 1e-9
"""Shortest element per part of the line: rounding makes none."""


@cache
def lobatto_nodes(degree: int) -> FloatArray:
    """Give the Gauss–Lobatto nodes on [-1, 1], shape (degree + 1,), ascending.

    Zeros of (1 - x²) P'_n(x), by Newton's iteration from Chebyshev's points.

    References
    ----------
    Canuto, Hussaini, Quarteroni, Zang (2006), Spectral Methods, section 2.3.
    """
    x = -np.cos(np.pi * np.arange(degree + 1) / degree)
    series = np.zeros(degree + 1)
    series[-1] = 1.0
    for _ in range(_NEWTON_STEPS):
        slope = np.polynomial.legendre.legval(x, np.polynomial.legendre.legder(series))
        value = np.polynomial.legendre.legval(x, series)
        # ((1 - x²) P')' = -n (n + 1) P, so this is Newton's step for (1 - x²) P'.
        step = (1.0 - x**2) * slope / (degree * (degree + 1) * value)
        x = x + step
        if np.max(np.abs(step)) < np.finfo(np.float64).eps:
            break
    x.setflags(write=False)
    return x


@cache
def _barycentric_weights(degree: int) -> FloatArray:
    """Give the barycentric weights of the Gauss–Lobatto nodes, shape (degree + 1,)."""
    nodes = lobatto_nodes(degree)
    difference = nodes[:, None] - nodes[None, :] + np.eye(degree + 1)
    weights: FloatArray = 1.0 / np.prod(difference, axis=1)
    return weights


def lagrange_values(degree: int, local: FloatArray) -> FloatArray:
    """Evaluate the polynomials that are 1 at one node and 0 at the others.

    Parameters
    ----------
    degree : int
    local : ndarray of float64, shape (n,)
        Local coordinates, -1 to 1.

    Returns
    -------
    ndarray of float64, shape (n, degree + 1)

    Notes
    -----
    Barycentric form (Berrut and Trefethen 2004, SIAM Rev 46:501, eq. 4.2); at a node, exactly its row of the
    unit matrix.
    """
    nodes = lobatto_nodes(degree)
    distance = local[:, None] - nodes[None, :]
    hit = distance == 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = _barycentric_weights(degree) / distance
        values: FloatArray = terms / np.sum(terms, axis=1, keepdims=True)
    on_node = hit.any(axis=1)
    values[on_node] = hit[on_node]
    return values


@cache
def _derivative_matrix(degree: int) -> FloatArray:
    """Give the derivatives of the polynomials at the nodes: row node, column polynomial."""
    nodes = lobatto_nodes(degree)
    weights = _barycentric_weights(degree)
    difference = nodes[:, None] - nodes[None, :] + np.eye(degree + 1)
    matrix = weights[None, :] / weights[:, None] / difference
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -np.sum(matrix, axis=1))
    return matrix


@dataclass(frozen=True)
class Line:
    """Elements along a line.

    Attributes
    ----------
    breaks : ndarray of float64, shape (n_elements + 1,)
        Ends of the elements, ascending, mm.
    degree : int
        Degree of the polynomials.
    nodes : ndarray of float64, shape (n_nodes,)
        Coordinates, mm; a doubled node stands twice.
    table : ndarray of int64, shape (n_elements, degree + 1)
        Nodes of each element.
    """

    breaks: FloatArray
    degree: int
    nodes: FloatArray
    table: IntArray

    def quadrature(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Give Gauss points of each element, exact for degree 2p + 3, and the polynomials there.

        Returns
        -------
        points, weights : ndarray of float64, shape (n_elements, n_points)
            mm.
        values, slopes : ndarray of float64, shapes (n_points, degree + 1) and (n_elements, n_points, degree + 1)
            Polynomials (no unit) and their derivatives, 1/mm.
        """
        x, w = np.polynomial.legendre.leggauss(self.degree + 2)
        half = 0.5 * np.diff(self.breaks)[:, None]
        middle = 0.5 * (self.breaks[:-1] + self.breaks[1:])[:, None]
        values = lagrange_values(self.degree, x)
        local_slopes = values @ _derivative_matrix(self.degree)
        return middle + half * x, half * w, values, local_slopes / half[:, :, None]

    def assemble(self, element_matrices: FloatArray) -> FloatArray:
        """Add matrices of elements, shape (n_elements, degree + 1, degree + 1), to one of all nodes."""
        size = self.degree + 1
        total = np.zeros((len(self.nodes), len(self.nodes)))
        rows = np.repeat(self.table, size, axis=1).ravel()
        columns = np.tile(self.table, (1, size)).ravel()
        np.add.at(total, (rows, columns), element_matrices.ravel())
        return total

    def element_of(self, position: FloatArray) -> IntArray:
        """Find the element of each position, shape (n,); on a break, the one below it."""
        index = np.searchsorted(self.breaks, position, side="left") - 1
        return np.clip(index, 0, len(self.table) - 1)

    def weights_at(self, position: FloatArray, element: IntArray) -> FloatArray:
        """Give the weights of the element's nodes at each position, shape (n, degree + 1)."""
        low, high = self.breaks[element], self.breaks[element + 1]
        local = np.clip((2.0 * position - low - high) / (high - low), -1.0, 1.0)
        return lagrange_values(self.degree, local)


def make_line(breaks: npt.ArrayLike, degree: int, *, doubled_at: Sequence[float] = ()) -> Line:
    """Lay nodes of a degree into elements.

    Parameters
    ----------
    breaks : array_like, shape (n_elements + 1,)
        Ends of the elements, ascending, mm.
    degree : int
    doubled_at : sequence of float, optional
        Breaks at which the elements on both sides do not share their node.
    """
    ends = np.array(breaks, dtype=np.float64)
    first = degree * np.arange(len(ends) - 1)
    for place in doubled_at:
        first += ends[:-1] >= place
    table = first[:, None] + np.arange(degree + 1)[None, :]
    nodes = np.empty(int(table[-1, -1]) + 1)
    half = 0.5 * np.diff(ends)[:, None]
    nodes[table] = 0.5 * (ends[:-1] + ends[1:])[:, None] + half * lobatto_nodes(degree)
    nodes[table[:, 0]], nodes[table[:, -1]] = ends[:-1], ends[1:]
    return Line(ends, degree, nodes, table)


def graded_breaks(
    points: Sequence[float], singular: Sequence[tuple[float, float]], ratio: float
) -> list[float]:
    """Divide a line into elements that shrink toward singular points.

    Parameters
    ----------
    points : sequence of float
        Positions where elements must end, ascending, mm; the singular ones among them.
    singular : sequence of (float, float)
        Position of each singular point and the finest length there, mm.
    ratio : float
        Largest ratio of the distances of an element's two ends from a singular point (no unit, above 2).

    Returns
    -------
    list of float
        Ends of the elements, ascending, mm.
    """
    breaks = [points[0]]
    for low, high in itertools.pairwise(points):
        below = [(low - s, fine) for s, fine in singular if s <= low]
        above = [(s - high, fine) for s, fine in singular if s >= high]
        length = high - low
        if below and above:
            # Each part belongs to the singular points that are nearer.
            seam = 0.5 * (length + min(above)[0] - min(below)[0])
            seam = min(max(seam, 0.0), length)
        else:
            seam = length if below else 0.0
        rising, falling = _distances(below, seam, ratio), _distances(above, length - seam, ratio)
        breaks += [low + d for d in rising]
        breaks += [low + seam] if 0.0 < seam < length else []
        breaks += [high - d for d in reversed(falling)]
        breaks.append(high)
    return breaks


def halved(breaks: Sequence[float], n_times: int) -> list[float]:
    """Divide each element into 2**n_times of equal length."""
    ends = list(breaks)
    for _ in range(n_times):
        middles = [0.5 * (a + b) for a, b in itertools.pairwise(ends)]
        ends = [x for pair in zip(ends, [*middles, math.nan], strict=True) for x in pair][:-1]
    return ends


def _distances(singular: Sequence[tuple[float, float]], length: float, ratio: float) -> list[float]:
    """Divide a part that has singular points on one side: positions from its end on that side.

    Parameters
    ----------
    singular : sequence of (float, float)
        Distance of each point from that end, and the finest length there, mm.
    length, ratio : float
    """
    positions: list[float] = []
    reach = length
    while True:
        starts = [
            (reach + distance) / ratio - distance
            for distance, finest in singular
            if reach + distance > ratio * finest
        ]
        reach = max(starts, default=0.0)
        if reach <= _LEAST_SHARE * length:
            return positions[::-1]
        positions.append(reach)


def moments(
    line: Line, center: float, half_length: float, density: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Integrate densities on a part of the line against the polynomials.

    Parameters
    ----------
    line : Line
        With ends of elements at both ends of the part.
    center, half_length : float
        The part, mm.
    density : callable
        From angles t, shape (n,), to densities per angle, shape (n_functions, n); z = center - half_length cos t.
        So functions with inverse square roots at the ends become smooth ones.

    Returns
    -------
    ndarray of float64, shape (n_nodes, n_functions)
        ∫ φ_i(z) q(t) dt (no unit).
    """
    x, w = np.polynomial.legendre.leggauss(2 * line.degree + 8)
    middles = 0.5 * (line.breaks[:-1] + line.breaks[1:])
    elements = np.flatnonzero(np.abs(middles - center) < half_length)
    result = np.zeros((len(line.nodes), len(density(x))))
    for element in elements:
        ends = (line.breaks[element : element + 2] - center) / half_length
        low, high = np.arccos(-np.clip(ends, -1.0, 1.0))
        angle = 0.5 * (low + high) + 0.5 * (high - low) * x
        position = center - half_length * np.cos(angle)
        values = line.weights_at(position, np.full(len(x), element))
        weighted = values * (0.5 * (high - low) * w)[:, None]
        result[line.table[element]] += weighted.T @ density(angle).T
    return result
