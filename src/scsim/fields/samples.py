"""Interpolation of potentials known at samples: on a grid, along parallel lines, or anywhere.

Fibers answer to second differences, so every kind is smooth along z. Where samples come from, and whether they are
plausible, belongs to ``imported.py``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from scipy import interpolate, spatial

if TYPE_CHECKING:
    from numpy.typing import NDArray

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SAME: Final = 1e-6
"""Coordinates closer than this share of the extent are one: files carry six digits or more."""

_LEAST_ALONG: Final = 4
"""Samples that a line needs for a cubic spline."""

_N_NEIGHBORS: Final = 60
"""Samples that a local fit sees; its cubic has 20 coefficients. On 1/r, 5 mm away, sampled at random 0.4 mm apart:
second differences (2 mm) within 0.2 %, where 40 samples and a quadratic give 1 %, and linear pieces 10 %."""

_POWERS: Final = tuple((i, j, k) for i in range(4) for j in range(4 - i) for k in range(4 - i - j))
"""Exponents of x, y and z of the 20 terms of a cubic; the constant comes first."""

_AT_SAMPLE: Final = 1e-12
"""Keeps weights finite at a sample, (distance / radius)²."""

_SINGULAR: Final = 1e-7
"""Least pivot of a local fit relative to the largest; below, samples lie on a line or plane."""

_CHUNK: Final = 4000
"""Points of one batch of local fits."""


class Samples(Protocol):
    """Potentials at samples, to be asked anywhere between them."""

    @property
    def method(self) -> str:
        """How values between samples are found, in words."""

    def distance_outside(self, points: FloatArray) -> FloatArray:
        """Give how far each point lies outside the samples, mm; 0 inside."""

    def relative_gap(self, points: FloatArray) -> FloatArray:
        """Give the distance to the nearest samples over the spacing of samples there (no unit)."""

    def values(self, points: FloatArray) -> FloatArray:
        """Interpolate at points inside, shape (n_contacts, n_points)."""


def arrange(points_mm: FloatArray, potential: FloatArray) -> Samples:
    """Find out how samples lie and give the interpolation that suits them.

    Parameters
    ----------
    points_mm : ndarray of float64, shape (n_points, 3)
        mm.
    potential : ndarray of float64, shape (n_contacts, n_points)

    Returns
    -------
    Samples
        `Grid` if they fill a rectilinear grid, `Lines` if they lie on lines along z with four or more on each,
        else `Cloud`.
    """
    tolerance = _SAME * float(np.ptp(points_mm, axis=0).max())
    columns = [_merge(points_mm[:, axis], tolerance) for axis in range(3)]
    sizes = tuple(len(values) for values, _ in columns)
    if np.prod(sizes, dtype=float) == len(points_mm):
        index = np.ravel_multi_index(tuple(where for _, where in columns), sizes)
        if len(np.unique(index)) == len(index):
            table = np.empty((len(potential), len(index)))
            table[:, index] = potential
            return Grid(tuple(values for values, _ in columns), table.reshape(-1, *sizes))
    line = columns[0][1] * sizes[1] + columns[1][1]
    _, line, counts = np.unique(line, return_inverse=True, return_counts=True)
    if counts.min() >= _LEAST_ALONG:
        return Lines(points_mm, potential, line, tolerance)
    return Cloud(points_mm, potential)


def _merge(values: FloatArray, tolerance: float) -> tuple[FloatArray, IntArray]:
    """Give distinct values and the index of each, those within the tolerance being one."""
    order = np.argsort(values, kind="stable")
    is_new = np.diff(values[order], prepend=-np.inf) > tolerance
    index = np.empty(len(values), dtype=np.int64)
    index[order] = np.cumsum(is_new) - 1
    return values[order][is_new], index


class Grid:
    """Samples on a rectilinear grid: tensor-product cubic spline (not-a-knot ends), twice differentiable."""

    def __init__(self, axes: tuple[FloatArray, ...], table: FloatArray) -> None:
        self._axes = axes
        self._n_contacts = len(table)
        # An axis of one sample is a plane: points must lie in it, and nothing is interpolated across.
        self._live = [axis for axis in range(3) if len(axes[axis]) > 1]
        coefficients = np.moveaxis(table, 0, -1)
        knots, degrees = [], []
        for axis in self._live:
            degree = min(3, len(axes[axis]) - 1)
            spline: Any = interpolate.make_interp_spline(
                axes[axis], np.moveaxis(coefficients, axis, 0), k=degree
            )
            coefficients = np.moveaxis(spline.c, 0, axis)
            knots.append(spline.t)
            degrees.append(degree)
        kept = [coefficients.shape[axis] for axis in self._live]
        self._coefficients = coefficients.reshape(*kept, self._n_contacts)
        self._knots, self._degrees = tuple(knots), tuple(degrees)

    @property
    def method(self) -> str:
        """How values between samples are found, in words."""
        sizes = " × ".join(str(len(axis)) for axis in self._axes)
        return f"cubic spline on a grid of {sizes} samples"

    def distance_outside(self, points: FloatArray) -> FloatArray:
        """Give how far each point lies outside the grid, mm."""
        low = np.array([axis[0] for axis in self._axes])
        high = np.array([axis[-1] for axis in self._axes])
        beyond = np.maximum(low - points, points - high)
        beyond[beyond < _SAME * max(1.0, float((high - low).max()))] = 0.0
        return np.asarray(np.linalg.norm(beyond, axis=1))

    def relative_gap(self, points: FloatArray) -> FloatArray:
        """Give 0.5 at most: between its eight neighbors a point has no gap."""
        gap = np.zeros(len(points))
        for values, x in zip(self._axes, points.T, strict=True):
            if len(values) > 1:
                left = np.clip(np.searchsorted(values, x) - 1, 0, len(values) - 2)
                width = values[left + 1] - values[left]
                nearest = np.minimum(np.abs(x - values[left]), np.abs(values[left + 1] - x))
                gap = np.maximum(gap, nearest / width)
        return gap

    def values(self, points: FloatArray) -> FloatArray:
        """Interpolate at points inside, shape (n_contacts, n_points)."""
        if not self._live:
            return np.repeat(self._coefficients.reshape(-1, 1), len(points), axis=1)
        spline: Any = interpolate.NdBSpline(self._knots, self._coefficients, self._degrees)
        low = [self._axes[axis][0] for axis in self._live]
        high = [self._axes[axis][-1] for axis in self._live]
        return np.ascontiguousarray(spline(np.clip(points[:, self._live], low, high)).T)


class Lines:
    """Samples on lines along z: a cubic spline along each, linear between the three lines around a point."""

    def __init__(
        self, points: FloatArray, potential: FloatArray, line: IntArray, tolerance: float
    ) -> None:
        self._n_contacts = len(potential)
        self._tolerance = max(tolerance, _SAME)
        self._splines: list[Any] = []
        places, ends = [], []
        for index in range(int(line.max()) + 1):
            own = np.flatnonzero(line == index)
            own = own[np.argsort(points[own, 2])]
            z = points[own, 2]
            self._splines.append(interpolate.make_interp_spline(z, potential[:, own].T, k=3))
            places.append(points[own, :2].mean(axis=0))
            ends.append((z[0], z[-1]))
        self._places, self._ends = np.array(places), np.array(ends)
        self._tree: Any = spatial.cKDTree(self._places)
        self._mesh: Any = None
        if len(places) > 2:
            try:
                self._mesh = spatial.Delaunay(self._places)
            except spatial.QhullError:  # all lines in one plane
                self._mesh = None

    @property
    def method(self) -> str:
        """How values between samples are found, in words."""
        return (
            f"cubic spline along each of {len(self._places)} lines of samples along z, linear across "
            "(on a line, its own samples alone)"
        )

    def _shares(self, points: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Give lines (n_points, 3), their weights, and the distance to them where no triangle holds a point."""
        distance, nearest = self._tree.query(points[:, :2])
        lines = np.repeat(nearest[:, None], 3, axis=1)
        weights = np.zeros((len(points), 3))
        weights[:, 0] = 1.0
        is_off = distance > self._tolerance
        if self._mesh is not None and is_off.any():
            off = np.flatnonzero(is_off)
            simplex = self._mesh.find_simplex(points[off, :2], tol=_SAME)
            held, simplex = off[simplex >= 0], simplex[simplex >= 0]
            transform = self._mesh.transform[simplex]
            local = np.einsum("nij,nj->ni", transform[:, :2], points[held, :2] - transform[:, 2])
            lines[held] = self._mesh.simplices[simplex]
            weights[held] = np.column_stack([local, 1.0 - local.sum(axis=1)])
            is_off[held] = False
        return lines, weights, np.where(is_off, distance, 0.0)

    def distance_outside(self, points: FloatArray) -> FloatArray:
        """Give how far each point lies outside the lines, mm."""
        lines, weights, across = self._shares(points)
        low = np.where(weights > 0.0, self._ends[lines, 0], -np.inf).max(axis=1)
        high = np.where(weights > 0.0, self._ends[lines, 1], np.inf).min(axis=1)
        along = np.maximum(np.maximum(low - points[:, 2], points[:, 2] - high), 0.0)
        along[along < self._tolerance] = 0.0
        return np.asarray(np.hypot(across, along))

    def relative_gap(self, points: FloatArray) -> FloatArray:
        """Give the distance to the nearest line over the mean distance of that line to its three next."""
        distance, nearest = self._tree.query(points[:, :2])
        n_nearest = min(4, len(self._places))
        if n_nearest < 2:
            return np.zeros(len(points))
        spacing = self._tree.query(self._places, k=n_nearest)[0][:, 1:].mean(axis=1)
        return np.asarray(distance / spacing[nearest])

    def values(self, points: FloatArray) -> FloatArray:
        """Interpolate at points inside, shape (n_contacts, n_points)."""
        lines, weights, _ = self._shares(points)
        total = np.zeros((self._n_contacts, len(points)))
        for line in np.unique(lines[weights != 0.0]):
            rows, corners = np.nonzero((lines == line) & (weights != 0.0))
            z = np.clip(points[rows, 2], *self._ends[line])
            total[:, rows] += weights[rows, corners] * self._splines[line](z).T
        return total


class Cloud:
    """Samples anywhere: a cubic fitted to the samples around each point, weighted by nearness.

    The weights vanish smoothly at the farthest of the samples and grow without bound towards a sample, so that
    the result is smooth and exact at samples (interpolating moving least squares; Lancaster and Salkauskas 1981).
    """

    def __init__(self, points: FloatArray, potential: FloatArray) -> None:
        self._points = points
        self._potential = potential
        self._tree: Any = spatial.cKDTree(points)

    @property
    def method(self) -> str:
        """How values between samples are found, in words."""
        n_used = min(_N_NEIGHBORS, len(self._points))
        return (
            f"cubic fitted to the {n_used} of {len(self._points)} scattered samples nearest to each point "
            "(moving least squares, exact at samples)"
        )

    @cached_property
    def _hull(self) -> NDArray[np.float64] | None:
        """Planes around the samples: outward normal and offset; None if they do not span space."""
        try:
            planes: FloatArray = np.unique(spatial.ConvexHull(self._points).equations, axis=0)
        except (spatial.QhullError, ValueError):
            return None
        return planes

    @cached_property
    def _spacing(self) -> FloatArray:
        """Mean distance of each sample to its six nearest, mm."""
        n_nearest = min(7, len(self._points))
        distance = self._tree.query(self._points, k=n_nearest)[0].reshape(len(self._points), -1)
        return np.asarray(distance[:, 1:].mean(axis=1)) if n_nearest > 1 else np.ones(1)

    def distance_outside(self, points: FloatArray) -> FloatArray:
        """Give how far each point lies outside the hull, mm; of a flat cloud, outside the reach of its samples."""
        if self._hull is None:
            distance, nearest = self._tree.query(points)
            outside = distance - self._spacing[nearest]
        else:
            outside = np.full(len(points), -np.inf)
            for plane in self._hull:
                np.maximum(outside, points @ plane[:3] + plane[3], out=outside)
        outside[outside < _SAME * float(np.ptp(self._points, axis=0).max())] = 0.0
        return np.asarray(outside)

    def relative_gap(self, points: FloatArray) -> FloatArray:
        """Give the distance to the nearest sample over its distance to its neighbors."""
        distance, nearest = self._tree.query(points)
        return np.asarray(distance / self._spacing[nearest])

    def values(self, points: FloatArray) -> FloatArray:
        """Interpolate at points, shape (n_contacts, n_points)."""
        total = np.empty((len(self._potential), len(points)))
        n_used = min(_N_NEIGHBORS, len(self._points))
        for start in range(0, len(points), _CHUNK):
            part = slice(start, start + _CHUNK)
            distance, index = self._tree.query(points[part], k=n_used)
            distance, index = (a.reshape(-1, n_used) for a in (distance, index))
            offset = self._points[index] - points[part, None, :]
            weights = _fit_at_center(offset, distance)
            total[:, part] = np.einsum("cnk,nk->cn", self._potential[:, index], weights)
        return total


def _fit_at_center(offset: FloatArray, distance: FloatArray) -> FloatArray:
    """Give the weight of each neighbor in the value of a weighted cubic fit at the center.

    Parameters
    ----------
    offset : ndarray of float64, shape (n_points, n_neighbors, 3)
    distance : ndarray of float64, shape (n_points, n_neighbors)
        Sorted.

    Returns
    -------
    ndarray of float64, shape (n_points, n_neighbors)
        Each row sums to 1.
    """
    radius = np.maximum(distance[:, -1:], np.finfo(float).tiny)
    u = distance / radius
    root = (1.0 - u) ** 2 * np.sqrt((1.0 + 4.0 * u) / (u**2 + _AT_SAMPLE))
    x = offset / radius[:, :, None]
    terms = np.stack(
        [x[..., 0] ** i * x[..., 1] ** j * x[..., 2] ** k for i, j, k in _POWERS], axis=-1
    )
    # With W^½ X = Q R the constant term is e_0ᵀ R⁻¹ Qᵀ W^½ v.
    matrix = terms * root[..., None]
    first = np.zeros(len(_POWERS))
    first[0] = 1.0
    weights = np.empty_like(distance)
    is_full = np.zeros(len(distance), dtype=bool)
    if matrix.shape[1] >= len(_POWERS):
        q, r = np.linalg.qr(matrix)
        size = np.maximum(np.linalg.norm(matrix, axis=1), np.finfo(float).tiny)
        pivots = np.abs(np.einsum("nii->ni", r)) / size
        is_full = pivots.min(axis=1) > _SINGULAR
        solved = np.linalg.solve(
            np.swapaxes(r[is_full], 1, 2),
            np.broadcast_to(first, (is_full.sum(), len(first)))[..., None],
        )
        weights[is_full] = (q[is_full] @ solved)[..., 0]
    if not is_full.all():  # samples on a line or plane, or too few: the smallest of all fits
        weights[~is_full] = np.linalg.pinv(matrix[~is_full], rcond=_SINGULAR)[:, 0, :]
    return weights * root
