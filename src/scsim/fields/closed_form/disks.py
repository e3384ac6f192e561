"""Potentials of disks in an insulating plane, in closed form.

Where the disks lie, and in which tissue, belongs to the medium: ``analytic.py``.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]

SOURCES: Final = ("wiley1982", "carlson1995", "jackson1999")
"""Bibliography keys of the closed forms."""

_FAR: Final = 4.0
"""Distance from which a uniform disk is a sum of multipoles (radii).

The multipoles fall with (1/4)² per term there, and the closed form, a difference of terms of the size of the
distance, loses a factor of 4² of its 16 digits at most.
"""

_N_MULTIPOLES: Final = 14
"""Multipoles of a uniform disk: the first one left out is (1/4)²⁸ = 1e-17 of the first."""


def equipotential_disk(radial_mm: FloatArray, depth_mm: FloatArray, radius_mm: float) -> FloatArray:
    """Compute the potential of an equipotential disk in an insulating plane.

    Parameters
    ----------
    radial_mm, depth_mm : ndarray of float64, equal shapes
        Distance from the axis of the disk, and from the plane, mm.
    radius_mm : float
        Radius of the disk, mm.

    Returns
    -------
    ndarray of float64
        Potential times conductivity per current, 1/mm.

    Notes
    -----
    V = I / (2π σ a) asin(2a / (√((r−a)² + z²) + √((r+a)² + z²))) (Wiley and Webster 1982), written as
    I / (2π σ a) atan(a / λ) with the spheroidal coordinate λ, 2λ² = s + √(s² + 4a²z²), s = r² + z² − a²: at the
    disk the asin of nearly 1 would lose half of the digits. Checked by ``tests/theory/test_disks.py``.
    """
    s = (radial_mm - radius_mm) * (radial_mm + radius_mm) + depth_mm**2
    product = 2.0 * radius_mm * depth_mm
    root = np.hypot(s, product)
    # The half of the sum that does not cancel; its partner follows from their product, (2az)²/4.
    larger = np.sqrt(0.5 * (root + np.abs(s)))
    smaller = np.divide(0.5 * product, larger, out=np.zeros_like(larger), where=larger > 0.0)
    coordinate = np.where(s >= 0.0, larger, smaller)
    return np.arctan2(radius_mm, coordinate) / (2.0 * np.pi * radius_mm)


def uniform_disk(radial_mm: FloatArray, depth_mm: FloatArray, radius_mm: float) -> FloatArray:
    """Compute the potential of a disk of uniform current density in an insulating plane.

    Parameters
    ----------
    radial_mm, depth_mm : ndarray of float64, equal shapes
        Distance from the axis of the disk, and from the plane, mm.
    radius_mm : float
        Radius of the disk, mm.

    Returns
    -------
    ndarray of float64
        Potential times conductivity per current, 1/mm.

    Notes
    -----
    The disk is an even layer of point sources, V = I / (2π² a² σ) ∫∫ dS / distance, which is the
    I / (π a σ) ∫ J0(kr) J1(ka) exp(−kz) dk/k of Wiley and Webster (1982). Near the disk the integral is

    2/q [q² E(m) + (a² − r²) K(m) + z² (a−r)/(a+r) Π(n, m)] − 2π z (inside r < a; half of it at r = a),
    q² = (a+r)² + z², m = 4ar/q², n = 4ar/(a+r)²,

    with complete elliptic integrals of parameter m, by Carlson's forms (Carlson 1995). Far away it is the sum of multipoles
    2π Σ binom(1/2, l+1) a^(2l+2) / R^(2l+1) P_2l(z/R), which is what √(z² + a²) − z is on the axis.
    Checked by ``tests/theory/test_disks.py``.
    """
    distance = np.hypot(radial_mm, depth_mm)
    is_far = distance >= _FAR * radius_mm
    integral = np.empty_like(distance)
    integral[is_far] = _multipoles(distance[is_far], depth_mm[is_far], radius_mm)
    integral[~is_far] = _elliptic(radial_mm[~is_far], depth_mm[~is_far], radius_mm)
    return integral / (2.0 * (np.pi * radius_mm) ** 2)


def _multipoles(distance: FloatArray, depth: FloatArray, radius: float) -> FloatArray:
    """Sum the multipoles of an even disk, mm."""
    ratio = (radius / distance) ** 2
    cosine = depth / distance
    total = np.zeros_like(distance)
    for order in range(_N_MULTIPOLES, -1, -1):  # smallest terms first
        weight = special.binom(0.5, order + 1) * ratio ** (order + 1)
        total += weight * special.eval_legendre(2 * order, cosine)
    return 2.0 * np.pi * distance * total


def _elliptic(radial: FloatArray, depth: FloatArray, radius: float) -> FloatArray:
    """Integrate 1/distance over a disk in terms of elliptic integrals, mm."""
    wide = radius + radial
    narrow = radius - radial
    q2 = wide**2 + depth**2
    complement = (narrow**2 + depth**2) / q2  # 1 − m
    parameter = np.minimum(
        4.0 * radius * radial / q2, 1.0
    )  # m, which may round to above 1 at the rim
    third = (narrow / wide) ** 2  # 1 − n
    # At the rim itself K and Π are infinite and what they multiply is 0: leave them out there.
    off_rim = complement > 0.0
    first = np.where(off_rim, special.ellipkm1(np.where(off_rim, complement, 1.0)), 0.0)
    total = q2 * special.ellipe(parameter) + narrow * wide * first
    has_third = (depth > 0.0) & (narrow != 0.0)
    n = 1.0 - third[has_third]
    kc2 = complement[has_third]
    carlson = special.elliprj(0.0, kc2, 1.0, third[has_third])
    total[has_third] += (
        depth[has_third] ** 2
        * (narrow / wide)[has_third]
        * (first[has_third] + n / 3.0 * carlson)  # Π = K + n/3 R_J(0, 1−m, 1, 1−n)
    )
    share = np.where(narrow > 0.0, 1.0, np.where(narrow == 0.0, 0.5, 0.0))
    result: FloatArray = 2.0 * total / np.sqrt(q2) - 2.0 * np.pi * share * depth
    return result
