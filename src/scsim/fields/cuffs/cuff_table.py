"""Interpolation in the table of a solved cuff, with the polynomials of the elements that hold a point.

So no interface between tissues is ever crossed. Which points have a potential at all is asked in ``cuff.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.cuffs.cuff_grid import TOLERANCE_MM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.cuffs.cuff_elements import Line

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_POINTS_PER_LINE: Final = 8
"""Points per distinct (x, y) above which it is cheaper to interpolate whole lines along z first."""
_CHUNK: Final = 4096
"""Points interpolated at a time: 81 nodes each, 2.7 MB."""
_LINE_CHUNK: Final = 256
"""Lines interpolated at a time: some MB for all contacts of a cuff."""


@dataclass(frozen=True, eq=False)
class CuffTable:
    """Potentials on the grid, and where the insulator lies in it.

    The potential is a sum over k of across_k(r) (cos_k(z) cos m_k φ + sin_k(z) sin m_k φ).

    Attributes
    ----------
    across, along : Line
    orders : ndarray of int64, shape (n_terms,)
        m of each term, ascending.
    across_terms : ndarray of float64, shape (n_across_nodes, n_terms)
    along_terms : ndarray of float64, shape (n_contacts, 2, n_terms, n_along_nodes)
        Cosine and sine parts, in the unit of the potential.
    walls_mm : tuple of 2 floats
        Inner and outer radius of the insulator, mm.
    ends_mm : tuple of 2 floats
        z of its lower and upper end, mm.
    """

    across: Line
    along: Line
    orders: IntArray
    across_terms: FloatArray
    along_terms: FloatArray
    walls_mm: tuple[float, float]
    ends_mm: tuple[float, float]

    def between_walls(self, radius: FloatArray) -> npt.NDArray[np.bool_]:
        """Say which radii, mm, lie between the inner and outer wall of the insulator."""
        inner, outer = self.walls_mm
        between: npt.NDArray[np.bool_] = (radius > inner + TOLERANCE_MM) & (
            radius < outer - TOLERANCE_MM
        )
        return between

    def interpolate(self, rows: Sequence[int], points: FloatArray) -> FloatArray:
        """Interpolate the potential of some contacts.

        Parameters
        ----------
        rows : sequence of int
            Contacts.
        points : ndarray of float64, shape (n_points, 3)
            mm, inside the domain and outside the insulator.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_points)
            In the unit of the table.
        """
        lines, line_of = np.unique(points[:, :2], axis=0, return_inverse=True)
        if len(points) < _POINTS_PER_LINE * len(lines):
            return self._at_points(rows, points)
        result = np.empty((len(rows), len(points)))
        order = np.argsort(line_of, kind="stable")
        starts = np.searchsorted(line_of[order], np.arange(len(lines) + 1))
        for first in range(0, len(lines), _LINE_CHUNK):
            chunk = lines[first : first + _LINE_CHUNK]
            for index, line in enumerate(self._whole_lines(rows, chunk), start=first):
                own = order[starts[index] : starts[index + 1]]
                radius = np.full(len(own), np.hypot(*lines[index]))
                nodes, weights = self._along_at(radius, points[own, 2])
                result[:, own] = np.einsum("rnb,nb->rn", line[:, nodes], weights)
        return result

    def _whole_lines(self, rows: Sequence[int], places: FloatArray) -> FloatArray:
        """Give potentials at all nodes along z, shape (n_places, n_rows, n_along_nodes)."""
        nodes, weights = self._across_at(np.hypot(*places.T))
        terms = np.einsum("na,nak->nk", weights, self.across_terms[nodes])
        turns = np.arctan2(places[:, 1], places[:, 0])[:, None] * self.orders
        parts = np.stack([terms * np.cos(turns), terms * np.sin(turns)], axis=1)
        lines: FloatArray = np.tensordot(
            parts, self.along_terms[np.array(rows)], axes=((1, 2), (1, 2))
        )
        return lines

    def _at_points(self, rows: Sequence[int], points: FloatArray) -> FloatArray:
        """Interpolate point by point, shape (n_rows, n_points)."""
        x, y, z = points.T
        radius, angle = np.hypot(x, y), np.arctan2(y, x)
        nodes, weights = self._across_at(radius)
        along_nodes, along_weights = self._along_at(radius, z)
        result = np.zeros((len(rows), len(points)))
        for order in np.unique(self.orders):
            own = self.orders == order
            for part, turn in enumerate((np.cos, np.sin)[: 2 if order else 1]):
                factor = turn(order * angle)
                for k, row in enumerate(rows):
                    table = self.across_terms[:, own] @ self.along_terms[row, part, own]
                    for start in range(0, len(points), _CHUNK):
                        c = slice(start, start + _CHUNK)
                        local = table[nodes[c, :, None], along_nodes[c, None, :]]
                        collapsed = np.einsum("nab,nb->na", local, along_weights[c])
                        result[k, c] += factor[c] * np.einsum("na,na->n", collapsed, weights[c])
        return result

    def _across_at(self, radius: FloatArray) -> tuple[IntArray, FloatArray]:
        """Give nodes and weights across, each of shape (n, degree + 1)."""
        for wall in self.walls_mm:
            radius = np.where(np.abs(radius - wall) <= TOLERANCE_MM, wall, radius)
        element = self.across.element_of(radius)
        return self.across.table[element], self.across.weights_at(radius, element)

    def _along_at(self, radius: FloatArray, z: FloatArray) -> tuple[IntArray, FloatArray]:
        """Give nodes and weights along, each of shape (n, degree + 1)."""
        element = self.along.element_of(z)
        # A point on an end face of the insulator belongs to the tissue beyond it.
        first, last = np.searchsorted(self.along.breaks, self.ends_mm)
        on_face = self.between_walls(radius) & (element >= first) & (element < last)
        above = z > 0.5 * (self.ends_mm[0] + self.ends_mm[1])
        element = np.where(on_face, np.where(above, last, first - 1), element)
        return self.along.table[element], self.along.weights_at(z, element)
