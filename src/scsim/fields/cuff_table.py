"""Interpolation in the table of a solved cuff, with the polynomials of the elements that hold a point.

So no interface between tissues is ever crossed. Which points have a potential at all is asked in ``cuff.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.cuff_grid import TOLERANCE_MM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.cuff_elements import Line

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_POINTS_PER_LINE: Final = 8
"""Points per distinct (x, y) above which it is cheaper to interpolate whole lines along z first."""
_CHUNK: Final = 4096
"""Points interpolated at a time: 81 nodes each, 2.7 MB."""


@dataclass(frozen=True, eq=False)
class CuffTable:
    """Potentials on the grid, and where the insulator lies in it.

    Attributes
    ----------
    across, along : Line
    potential : ndarray of float64, shape (n_contacts, n_parts, n_across_nodes, n_along_nodes)
        Parts are 1, cos φ … cos Mφ, sin φ … sin Mφ.
    walls_mm : tuple of 2 floats
        Inner and outer radius of the insulator, mm.
    ends_mm : tuple of 2 floats
        z of its lower and upper end, mm.
    """

    across: Line
    along: Line
    potential: FloatArray
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
        for index, (x, y) in enumerate(lines):
            own = order[starts[index] : starts[index + 1]]
            result[:, own] = self._on_line(rows, (x, y), points[own, 2])
        return result

    def _on_line(
        self, rows: Sequence[int], place: tuple[float, float], z: FloatArray
    ) -> FloatArray:
        """Interpolate along a line of constant x and y, shape (n_rows, n)."""
        radius = np.array([np.hypot(*place)])
        nodes, weights = self._across_at(radius)
        parts = self._angular_parts(np.arctan2(place[1], place[0]))
        line = np.stack(
            [
                np.tensordot(
                    parts[:, None] * weights,
                    self.potential[row][:, nodes[0]],
                    axes=((0, 1), (0, 1)),
                )
                for row in rows
            ]
        )
        along_nodes, along_weights = self._along_at(np.full(len(z), radius[0]), z)
        values: FloatArray = np.einsum("rnb,nb->rn", line[:, along_nodes], along_weights)
        return values

    def _at_points(self, rows: Sequence[int], points: FloatArray) -> FloatArray:
        """Interpolate point by point, shape (n_rows, n_points)."""
        result = np.empty((len(rows), len(points)))
        for start in range(0, len(points), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            x, y, z = points[chunk].T
            radius = np.hypot(x, y)
            nodes, weights = self._across_at(radius)
            along_nodes, along_weights = self._along_at(radius, z)
            parts = self._angular_parts(np.arctan2(y, x))
            for k, row in enumerate(rows):
                total = np.zeros(len(x))
                for part, table in zip(parts, self.potential[row], strict=True):
                    local = table[nodes[:, :, None], along_nodes[:, None, :]]
                    total += part * np.einsum(
                        "na,nab,nb->n", weights, local, along_weights, optimize=True
                    )
                result[k, chunk] = total
        return result

    def _angular_parts(self, angle: npt.ArrayLike) -> FloatArray:
        """Give 1, cos φ … cos Mφ, sin φ … sin Mφ, shape (n_parts, …)."""
        n_angular = (self.potential.shape[1] - 1) // 2
        order = np.arange(1, n_angular + 1).reshape(-1, *np.ndim(angle) * [1])
        turns = order * np.asarray(angle)
        return np.concatenate([np.ones((1, *np.shape(angle))), np.cos(turns), np.sin(turns)])

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
