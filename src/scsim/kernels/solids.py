"""Which part of a device a point lies in: insulating solids and the metal on them, in arrays.

What a lead is belongs to `scsim.electrodes`; how solids cut a grid to ``grid.py``.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, IntArray, inline_kernel, kernel

CAPSULE: Final = 0
"""Solid: all points within a radius of a straight segment. Numbers: start (3), end (3), radius."""
TUBE: Final = 1
"""Solid: wall of a tube with flat ends. Numbers: center (3), axis (3), inner and outer radius, half length."""
SLAB: Final = 2
"""Solid: a box. Numbers: center (3), direction of its length (3), its normal (3), half length, half width,
half thickness."""

RING: Final = 0
"""Metal around a cylinder. Numbers: center (3), axis (3), half length."""
ARC: Final = 1
"""Metal on the inner wall of a tube. Numbers: center (3), axis (3), direction of its middle (3), half length,
outer radius of the metal, cosine of half its span."""
PLATE: Final = 2
"""Rectangle of metal. Numbers: center (3), direction (3), normal (3), half length, half width, depth."""
DISK: Final = 3
"""Disk of metal. Numbers: center (3), normal (3), radius, depth."""

TISSUE: Final = -2
"""No solid at the point."""
INSULATOR: Final = -1
"""In a solid, not in metal; numbers from 0 on are contacts."""

FREE: Final = 0
"""A cell that no solid touches."""
CUT: Final = 1
"""A cell that the surface of a solid may pass."""
FULL: Final = 2
"""A cell inside a solid."""

_SLACK: Final = 1e-9
"""Distance that counts as touching, mm: rounding of coordinates of some 10 mm."""


class Solids(NamedTuple):
    """Devices as the kernels see them.

    Attributes
    ----------
    kind : ndarray of int64, shape (n_solids,)
    numbers : ndarray of float64, shape (n_solids, 12)
        As the kinds above say, mm; unused ones are 0.
    device : ndarray of int64, shape (n_solids,)
        Number of the device that each solid is part of.
    metal_kind : ndarray of int64, shape (n_contacts,)
    metal : ndarray of float64, shape (n_contacts, 12)
    metal_device : ndarray of int64, shape (n_contacts,)
        Number of the device that each contact is on: it is metal in the solids of that one alone.
    """

    kind: IntArray
    numbers: FloatArray
    device: IntArray
    metal_kind: IntArray
    metal: FloatArray
    metal_device: IntArray


@inline_kernel
def distance_to_solid(kind: int, p: FloatArray, x: float, y: float, z: float) -> float:
    """Give how far a point lies outside a solid, mm; negative inside.

    Parameters
    ----------
    kind : int
        `CAPSULE`, `TUBE` or `SLAB`.
    p : ndarray of float64, shape (12,)
        Numbers of the solid.
    x, y, z : float
        The point, mm.

    Returns
    -------
    float
        mm. Exact outside a capsule; never more than the distance for the others.
    """
    dx, dy, dz = x - p[0], y - p[1], z - p[2]
    if kind == CAPSULE:
        ax, ay, az = p[3] - p[0], p[4] - p[1], p[5] - p[2]
        square = ax * ax + ay * ay + az * az
        t = 0.0
        if square > 0.0:
            t = min(1.0, max(0.0, (dx * ax + dy * ay + dz * az) / square))
        dx, dy, dz = dx - t * ax, dy - t * ay, dz - t * az
        return float(math.sqrt(dx * dx + dy * dy + dz * dz) - p[6])
    along = dx * p[3] + dy * p[4] + dz * p[5]
    if kind == TUBE:
        radial = math.sqrt(max(0.0, dx * dx + dy * dy + dz * dz - along * along))
        return float(max(p[6] - radial, radial - p[7], abs(along) - p[8]))
    through = dx * p[6] + dy * p[7] + dz * p[8]
    across = math.sqrt(max(0.0, dx * dx + dy * dy + dz * dz - along * along - through * through))
    return float(max(abs(along) - p[9], across - p[10], abs(through) - p[11]))


@inline_kernel
def is_in_metal(kind: int, p: FloatArray, x: float, y: float, z: float) -> bool:
    """Say whether a point of a solid lies in the metal of a contact.

    Parameters
    ----------
    kind : int
        `RING`, `ARC`, `PLATE` or `DISK`.
    p : ndarray of float64, shape (12,)
        Numbers of the metal.
    x, y, z : float
        The point, mm.

    Returns
    -------
    bool
    """
    dx, dy, dz = x - p[0], y - p[1], z - p[2]
    along = dx * p[3] + dy * p[4] + dz * p[5]
    square = dx * dx + dy * dy + dz * dz
    radial = math.sqrt(max(0.0, square - along * along))
    if kind == RING:
        return bool(abs(along) <= p[6] and radial <= p[7] + _SLACK)
    if kind == DISK:
        return bool(-p[7] <= along <= _SLACK and radial <= p[6])
    if kind == ARC:
        if abs(along) > p[9] or radial > p[10]:
            return False
        return bool(dx * p[6] + dy * p[7] + dz * p[8] >= p[11] * radial - _SLACK)
    through = dx * p[6] + dy * p[7] + dz * p[8]
    across = math.sqrt(max(0.0, square - along * along - through * through))
    return bool(abs(along) <= p[9] and across <= p[10] and -p[11] <= through <= _SLACK)


@inline_kernel
def distance_to_any(solids: Solids, x: float, y: float, z: float) -> float:
    """Give how far a point lies outside all solids, mm; negative inside one.

    Parameters
    ----------
    solids : Solids
    x, y, z : float
        The point, mm.

    Returns
    -------
    float
        mm, as `distance_to_solid`; infinite without solids.
    """
    least = np.inf
    for index in range(solids.kind.shape[0]):
        least = min(least, distance_to_solid(solids.kind[index], solids.numbers[index], x, y, z))
    return least


@inline_kernel
def find_part(solids: Solids, x: float, y: float, z: float) -> int:
    """Say what is at a point.

    Parameters
    ----------
    solids : Solids
    x, y, z : float
        The point, mm.

    Returns
    -------
    int
        `TISSUE`, `INSULATOR`, or the number of a contact.
    """
    least, device = 0.0, -1
    for index in range(solids.kind.shape[0]):
        distance = distance_to_solid(solids.kind[index], solids.numbers[index], x, y, z)
        if distance < least:
            least, device = distance, solids.device[index]
    if device < 0:
        return TISSUE
    for contact in range(solids.metal_kind.shape[0]):
        if solids.metal_device[contact] == device and is_in_metal(
            solids.metal_kind[contact], solids.metal[contact], x, y, z
        ):
            return contact
    return INSULATOR


@inline_kernel
def metal_normal(
    kind: int, p: FloatArray, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Give the unit normal of the surface of a contact at a point on it.

    Parameters
    ----------
    kind : int
    p : ndarray of float64, shape (12,)
    x, y, z : float
        The point, mm.

    Returns
    -------
    tuple of 3 floats
        Its sign is of no use.
    """
    if kind == PLATE:
        return p[6], p[7], p[8]
    if kind == DISK:
        return p[3], p[4], p[5]
    dx, dy, dz = x - p[0], y - p[1], z - p[2]
    along = dx * p[3] + dy * p[4] + dz * p[5]
    dx, dy, dz = dx - along * p[3], dy - along * p[4], dz - along * p[5]
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    if size == 0.0:
        return 0.0, 0.0, 0.0
    return dx / size, dy / size, dz / size


@kernel
def mark_cells(
    solids: Solids, x: FloatArray, y: FloatArray, z: FloatArray, out: npt.NDArray[np.int8]
) -> None:
    """Say which cells a solid may cut, and which it fills.

    Parameters
    ----------
    solids : Solids
    x, y, z : ndarray of float64, shapes (nx + 1,), (ny + 1,), (nz + 1,)
        Edges of the cells, mm.
    out : ndarray of int8, shape (nx, ny, nz)
        Filled: `FREE`, `CUT` or `FULL`.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                reach = 0.5 * math.sqrt(
                    (x[i + 1] - x[i]) ** 2 + (y[j + 1] - y[j]) ** 2 + (z[k + 1] - z[k]) ** 2
                )
                center = 0.5 * (x[i] + x[i + 1]), 0.5 * (y[j] + y[j + 1]), 0.5 * (z[k] + z[k + 1])
                distance = distance_to_any(solids, *center)
                out[i, j, k] = FREE if distance > reach else (FULL if distance < -reach else CUT)


@kernel
def mark_centers(
    solids: Solids,
    x: FloatArray,
    y: FloatArray,
    z: FloatArray,
    out: npt.NDArray[np.bool_],
) -> None:
    """Mark the points of a lattice that lie in a solid.

    Parameters
    ----------
    solids : Solids
    x, y, z : ndarray of float64, shapes (nx,), (ny,), (nz,)
        Coordinates, mm.
    out : ndarray of bool, shape (nx, ny, nz)
        Filled.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[i, j, k] = distance_to_any(solids, x[i], y[j], z[k]) < 0.0


@kernel
def mark_points(solids: Solids, points: FloatArray, out: npt.NDArray[np.bool_]) -> None:
    """Mark the points that lie in a solid.

    Parameters
    ----------
    solids : Solids
    points : ndarray of float64, shape (n, 3)
        mm.
    out : ndarray of bool, shape (n,)
        Filled.
    """
    for index in range(points.shape[0]):
        out[index] = (
            distance_to_any(solids, points[index, 0], points[index, 1], points[index, 2]) < 0.0
        )
