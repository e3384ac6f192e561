"""Sums of cylindrical waves over angular orders, and their integrals over wavenumbers.

Which sources and points are allowed belongs to ``layers.py``, one wave to ``layer_modes.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ConvergenceError
from scsim.fields.closed_form.layer_modes import Response, make_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MARGIN: Final = 5.0
"""Natural logarithm of how far below the tolerance the first neglected wave lies."""

_FINER: Final = 1.3
"""Exponent of the neglected waves in the second evaluation over that in the first."""

_FIRST_POWER: Final = 6
"""The first panel begins at k = 0, where waves go as ln k: k ∝ t⁶ makes that smooth."""

_LEAST_ROOT: Final = 2.4
"""First zero of J_0: the lowest wave that fits into the ground cylinder bounds where waves are smooth in k."""

_PANEL_PHASE: Final = 10.0
"""Largest phase k z, or exponent of decay, across a panel; sixteen nodes integrate it to 1e-13."""

_MAX_ORDERS: Final = 4096
_MAX_NODES: Final = 50_000
"""Beyond these a sum would take minutes."""

_CHUNK: Final = 2_000_000
"""Numbers in one intermediate array."""


@dataclass(frozen=True)
class Stack:
    """Surfaces from the core, or the axis, to the ground (mm), and (across, along) of each layer (S/m)."""

    radii_mm: tuple[float, ...]
    sigma_s_per_m: tuple[tuple[float, float], ...]

    def stretch(self, layer: int) -> float:
        """Give α = √(along / across) of a layer."""
        across, along = self.sigma_s_per_m[layer]
        return math.sqrt(along / across)

    def layer_of(self, radius_mm: npt.ArrayLike) -> IntArray:
        """Find the layer of each radius; a surface belongs to the layer inside it."""
        return np.searchsorted(np.array(self.radii_mm[1:-1]), radius_mm, side="left")


@dataclass(frozen=True)
class Origin:
    """Where the waves of a source begin: radius (mm), angle (rad), layer; a ring begins at all angles."""

    radius: float
    angle: float
    layer: int
    is_ring: bool


@dataclass(frozen=True)
class Places:
    """Points in cylinder coordinates, arrays of shape (n_points,): mm, rad, mm, and the layer of each."""

    radius: FloatArray
    angle: FloatArray
    z: FloatArray
    layer: IntArray


@dataclass(frozen=True)
class Effort:
    """How far to sum: waves below exp(−exponent) are neglected; Gauss nodes of first and other panels."""

    exponent: float
    n_first: int
    n_nodes: int


def efforts(tolerance: float) -> tuple[Effort, Effort]:
    """Give the efforts of two evaluations whose difference estimates the error."""
    exponent = _MARGIN - math.log(tolerance)
    return Effort(exponent, 30, 16), Effort(_FINER * exponent, 36, 20)


def sum_waves(
    stack: Stack, origin: Origin, lines: FloatArray, place: Places, effort: Effort
) -> FloatArray:
    """Sum the waves of a source at points.

    In the source's own layer only what boundaries reflect is summed; of a ring, all.

    Parameters
    ----------
    stack : Stack
    origin : Origin
    lines : ndarray of float64, shape (n_lines, 2)
        z of the middle and half length of each source at the origin, mm.
    place : Places
    effort : Effort

    Returns
    -------
    ndarray of float64, shape (n_lines, n_points)
        V per mA.

    Raises
    ------
    ConvergenceError
        If too many waves are needed.
    """
    total = np.zeros((len(lines), len(place.radius)))
    z_reach = float(np.abs(place.z - lines[:, :1]).max()) + float(lines[:, 1].max())
    for n_orders, k_max, members in _batches(stack, origin, place, effort):
        k, weight = _wavenumbers(stack, k_max, z_reach, effort)
        spots, back = np.unique(
            np.column_stack([place.radius[members], place.angle[members]]),
            axis=0,
            return_inverse=True,
        )
        order = np.argsort(back.ravel(), kind="stable")  # points of one spot side by side
        ends = np.cumsum(np.bincount(back.ravel(), minlength=len(spots)))
        n_spots = max(1, _CHUNK // len(k))
        for start in range(0, len(spots), n_spots):
            amplitude = weight * _amplitudes(
                stack, origin, spots[start : start + n_spots], k, n_orders
            )
            for row, end, size in zip(
                amplitude,
                ends[start : start + n_spots],
                np.diff(ends, prepend=0)[start : start + n_spots],
                strict=True,
            ):
                own = members[order[end - size : end]]
                total[:, own] = _over_z(row, k, place.z[own], lines)
    return total


def _over_z(amplitude: FloatArray, k: FloatArray, z: FloatArray, lines: FloatArray) -> FloatArray:
    """Integrate amplitude (n_wavenumbers,) × cos k(z − z_line) × sin(kh)/(kh), shape (n_lines, n_points)."""
    middle = 0.5 * (float(z.min()) + float(z.max()))  # keeps the phases small
    shift = np.outer(lines[:, 0] - middle, k)
    even = amplitude * np.sinc(np.outer(lines[:, 1], k) / np.pi) / (2.0 * np.pi**2)
    total = np.empty((len(lines), len(z)))
    step = max(1, _CHUNK // len(k))
    for start in range(0, len(z), step):
        phase = np.outer(k, z[start : start + step] - middle)
        part = (even * np.cos(shift)) @ np.cos(phase)
        part += (even * np.sin(shift)) @ np.sin(phase)
        total[:, start : start + step] = part
    return total


def _batches(
    stack: Stack, origin: Origin, place: Places, effort: Effort
) -> Iterator[tuple[int, float, IntArray]]:
    """Group points by layer and by how many waves they need: orders, largest wavenumber, indices of points."""
    reach, ratio = _separation(stack, origin, place)
    with np.errstate(divide="ignore"):
        k_max = effort.exponent / reach
        n_orders = 2.0 + effort.exponent / -np.log(ratio)
    if origin.is_ring:
        n_orders = np.ones_like(n_orders)
    worst = int(np.argmax(n_orders + k_max))
    if not (n_orders[worst] < _MAX_ORDERS and np.isfinite(k_max[worst])):
        msg = (
            f"a source {origin.radius:g} mm and a point {place.radius[worst]:g} mm from the axis need "
            f"{n_orders[worst]:.3g} angular orders; {_MAX_ORDERS} are the most that are summed. Move one of them "
            "away from the boundary beside or between them, or raise tolerance."
        )
        raise ConvergenceError(msg)
    step = np.ceil(np.log2(np.maximum(n_orders, k_max * stack.radii_mm[-1])))
    group = step * len(stack.sigma_s_per_m) + place.layer
    for value in np.unique(group):
        members = np.flatnonzero(group == value)
        yield int(np.ceil(n_orders[members].max())), float(k_max[members].max()), members


def _separation(stack: Stack, origin: Origin, place: Places) -> tuple[FloatArray, FloatArray]:
    """Find how waves fall off: exp(−k reach) with the wavenumber, ratioⁿ with the order."""
    r, rs = place.radius, origin.radius
    reach, ratio = np.full(len(r), np.inf), np.zeros(len(r))
    own = place.layer == origin.layer
    a, b = stack.radii_mm[origin.layer], stack.radii_mm[origin.layer + 1]
    stretch = stack.stretch(origin.layer)
    reach[own] = stretch * (2.0 * b - r[own] - rs)  # by the outer surface
    ratio[own] = r[own] * rs / b**2
    if a > 0.0:  # by the inner surface
        reach[own] = np.minimum(reach[own], stretch * (r[own] + rs - 2.0 * a))
        ratio[own] = np.maximum(ratio[own], a**2 / (r[own] * rs))
    if origin.is_ring:
        reach[own] = np.minimum(reach[own], stretch * np.abs(r[own] - rs))
    low, high = np.minimum(r, rs), np.maximum(r, rs)
    direct = np.zeros(len(r))
    for index, (inner, outer) in enumerate(
        zip(stack.radii_mm[:-1], stack.radii_mm[1:], strict=True)
    ):
        crossed = np.clip(np.minimum(high, outer) - np.maximum(low, inner), 0.0, None)
        direct += stack.stretch(index) * crossed
    reach[~own] = direct[~own]
    ratio[~own] = low[~own] / high[~own]
    return reach, ratio


def _wavenumbers(
    stack: Stack, k_max: float, z_reach: float, effort: Effort
) -> tuple[FloatArray, FloatArray]:
    """Give Gauss nodes and weights from 0 to k_max, 1/mm.

    Panels double in width from the first, and are at most as wide as the phase at the farthest point and the
    decay allow.
    """
    stretch = max(stack.stretch(layer) for layer in range(len(stack.sigma_s_per_m)))
    first = 0.25 * _LEAST_ROOT / (stretch * stack.radii_mm[-1])
    widest = min(_PANEL_PHASE / max(z_reach, 1e-300), k_max * _PANEL_PHASE / effort.exponent)
    first = min(first, widest, k_max)
    edges = [first]
    while edges[-1] < k_max:
        edges.append(min(k_max, edges[-1] + min(edges[-1], widest)))
        if len(edges) * effort.n_nodes > _MAX_NODES:
            msg = (
                f"wavenumbers up to {k_max:.3g} /mm and points {z_reach:g} mm away along z need more than "
                f"{_MAX_NODES} nodes. Move source and point away from the boundary beside or between them, or "
                "ask for fewer points at a time along z."
            )
            raise ConvergenceError(msg)
    t, weight = np.polynomial.legendre.leggauss(effort.n_first)
    t = 0.5 * (t + 1.0)
    nodes = [first * t**_FIRST_POWER]
    weights = [0.5 * weight * first * _FIRST_POWER * t ** (_FIRST_POWER - 1)]
    t, weight = np.polynomial.legendre.leggauss(effort.n_nodes)
    low, high = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    nodes.append((0.5 * (low + high) + 0.5 * (high - low) * t).ravel())
    weights.append((0.5 * (high - low) * weight).ravel())
    return np.concatenate(nodes), np.concatenate(weights)


def _amplitudes(
    stack: Stack,
    origin: Origin,
    spots: FloatArray,
    k: FloatArray,
    n_orders: int,
) -> FloatArray:
    """Sum ε_n cos nφ G_n(k) over orders.

    Parameters
    ----------
    spots : ndarray of float64, shape (n_spots, 2)
        Radius (mm) and angle (rad) of points, all in one layer.
    k : ndarray of float64, shape (n_wavenumbers,)
        1/mm.

    Returns
    -------
    ndarray of float64, shape (n_spots, n_wavenumbers)
        m/S.
    """
    total = np.empty((len(spots), len(k)))
    order = np.arange(n_orders)
    share = np.where(order == 0, 1.0, 2.0) * np.cos(order * (spots[:, 1:] - origin.angle))
    layer = int(stack.layer_of(spots[0, 0]))
    block = max(1, _CHUNK // (4 * n_orders))
    for first in range(0, len(k), block):
        some_k = slice(first, first + block)
        layers = make_layers(stack.radii_mm, stack.sigma_s_per_m, k[some_k], n_orders)
        response = Response(layers, origin.layer, origin.radius)
        step = max(1, _CHUNK // (4 * n_orders * len(k[some_k])))
        for start in range(0, len(spots), step):
            few = slice(start, start + step)
            radii, back = np.unique(spots[few, 0], return_inverse=True)
            waves = response.at(layer, radii, is_whole=origin.is_ring)
            total[few, some_k] = np.einsum("sn,nsk->sk", share[few], waves[:, back])
    return total
