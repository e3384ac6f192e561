"""Analytic potentials of point and line sources in homogeneous media and two half-spaces.

Layout of ``sources``, float64, shape (n_sources, 8), the last axis contiguous: columns 0 to 2 center (mm),
3 to 5 unit direction, 6 half length (mm; 0 for a point), 7 radius of the contact (mm). ``points`` is
float64, shape (n_points, 3), mm. Potentials are in mA / (S/m · mm) per mA, that is V; whoever calls turns
them into mV. Media that need a mesh do not belong here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scsim.kernels.jit import inline_kernel, kernel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]


@inline_kernel
def mean_inverse_distance(x: float, y: float, z: float, vx: float, vy: float, vz: float) -> float:
    """Mean of 1/distance between a point and the points of a line, 1/mm.

    (x, y, z) is the point relative to the middle of the line and (vx, vy, vz) the half line, all mm.

    With a ≥ 0 the point's position along the line, ρ its distance from the axis, h the half length, r1
    and r2 its distances from the far and the near end:
    (1/2h) ∫ ds / √(ρ² + (a−s)²) = (1/2h) ln((r1 + r2 + 2h) / (r1 + r2 − 2h)).

    Written so that nothing cancels: r1 + r2 − 2h is the sum of r1 − (a+h) = ρ² / (r1 + a + h) and
    r2 − (h−a), by the same identity beside the line; and the logarithm is log1p(4h / (r1 + r2 − 2h)),
    which is small and exact far away, where the difference of two asinh is lost.

    Holt and Koch (1999), doi:10.1023/A:1008832702585. Checked by ``tests/kernels/test_potential.py``
    (against quadrature in extended precision) and ``tests/theory/test_fields.py``.
    """
    h = math.sqrt(vx * vx + vy * vy + vz * vz)
    if h == 0.0:
        return 1.0 / math.sqrt(x * x + y * y + z * z)
    dx, dy, dz = vx / h, vy / h, vz / h
    a = abs(x * dx + y * dy + z * dz)
    cx = y * dz - z * dy
    cy = z * dx - x * dz
    cz = x * dy - y * dx
    rho2 = cx * cx + cy * cy + cz * cz
    far = a + h
    near = h - a
    r1 = math.sqrt(rho2 + far * far)
    r2 = math.sqrt(rho2 + near * near)
    excess = rho2 / (r1 + far)
    if near > 0.0:
        excess += rho2 / (r2 + near)
    else:
        excess += r2 - near
    return math.log1p(4.0 * h / excess) / (2.0 * h)


@kernel
def homogeneous(
    sources: FloatArray, points: FloatArray, sigma: FloatArray, out: FloatArray
) -> None:
    """Fill ``out`` (n_sources, n_points) with the unit potentials in a homogeneous medium.

    ``sigma`` (3,), S/m along x, y and z. Dividing each coordinate by √σ of its axis turns the equation
    ∇·(σ∇V) = −I δ into an isotropic one, and an even line into an even line, so
    V = I / (4π √(σx σy σz)) · mean of 1/u with u the distance in the new coordinates; for a point that is
    I / (4π √(σy σz x² + σx σz y² + σx σy z²)).

    Nicholson and Freeman (1975), doi:10.1152/jn.1975.38.2.356. Checked by
    ``tests/theory/test_fields.py`` and the reference table A1.
    """
    sx = 1.0 / math.sqrt(sigma[0])
    sy = 1.0 / math.sqrt(sigma[1])
    sz = 1.0 / math.sqrt(sigma[2])
    scale = sx * sy * sz / (4.0 * math.pi)
    for i in range(sources.shape[0]):
        h = sources[i, 6]
        vx, vy, vz = h * sources[i, 3] * sx, h * sources[i, 4] * sy, h * sources[i, 5] * sz
        for j in range(points.shape[0]):
            x = (points[j, 0] - sources[i, 0]) * sx
            y = (points[j, 1] - sources[i, 1]) * sy
            z = (points[j, 2] - sources[i, 2]) * sz
            out[i, j] = scale * mean_inverse_distance(x, y, z, vx, vy, vz)


@kernel
def half_spaces(
    sources: FloatArray,
    points: FloatArray,
    sides: IntArray,
    plane: tuple[int, float],
    sigma: FloatArray,
    out: FloatArray,
) -> None:
    """Fill ``out`` (n_sources, n_points) with the unit potentials in two half-spaces.

    ``sides`` (n_sources,): 1 for a source on the positive side of the plane, 0 for the others; no source
    crosses it. ``plane``: its axis (0, 1, 2) and position (mm). ``sigma`` (2,), S/m: negative side,
    positive side; the source's side is a conductor.

    With the source in medium 1, on its side V1 = I/(4πσ1) [1/r + (σ1−σ2)/(σ1+σ2) / r'], on the other
    V2 = I / (2π(σ1+σ2) r). r' is measured from the mirrored point, which is as far from the source as the
    point is from the source's image; points in the plane count to the source's side, where both agree.

    Jackson (1999), section 4.4. Checked by ``tests/theory/test_fields.py`` and the reference table A2.
    """
    axis, position = plane
    for i in range(sources.shape[0]):
        own = sigma[sides[i]]
        other = sigma[1 - sides[i]]
        direct = 1.0 / (4.0 * math.pi * own)
        mirrored = direct * (own - other) / (own + other)
        through = 1.0 / (2.0 * math.pi * (own + other))
        h = sources[i, 6]
        vx, vy, vz = h * sources[i, 3], h * sources[i, 4], h * sources[i, 5]
        for j in range(points.shape[0]):
            x = points[j, 0] - sources[i, 0]
            y = points[j, 1] - sources[i, 1]
            z = points[j, 2] - sources[i, 2]
            height = points[j, axis] - position
            value = mean_inverse_distance(x, y, z, vx, vy, vz)
            if height == 0.0 or (height > 0.0) == (sides[i] == 1):
                if axis == 0:
                    x -= 2.0 * height
                elif axis == 1:
                    y -= 2.0 * height
                else:
                    z -= 2.0 * height
                image = mean_inverse_distance(x, y, z, vx, vy, vz)
                out[i, j] = direct * value + mirrored * image
            else:
                out[i, j] = through * value


@kernel
def first_inside(sources: FloatArray, points: FloatArray, out: IntArray) -> None:
    """Find the first point that lies inside a contact or on a source.

    ``out`` (2,): index of the source and of the point, both −1 if there is none. A contact is a cylinder
    of the source's length and radius; its surface is outside. A source without radius holds its own
    points only.
    """
    out[0] = -1
    out[1] = -1
    for i in range(sources.shape[0]):
        half, radius2 = sources[i, 6], sources[i, 7] * sources[i, 7]
        dx, dy, dz = sources[i, 3], sources[i, 4], sources[i, 5]
        for j in range(points.shape[0]):
            x = points[j, 0] - sources[i, 0]
            y = points[j, 1] - sources[i, 1]
            z = points[j, 2] - sources[i, 2]
            if abs(x * dx + y * dy + z * dz) > half:
                continue
            cx = y * dz - z * dy
            cy = z * dx - x * dz
            cz = x * dy - y * dx
            rho2 = cx * cx + cy * cy + cz * cz
            if rho2 < radius2 or rho2 == 0.0:
                out[0] = i
                out[1] = j
                return
