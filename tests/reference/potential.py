"""Potentials computed the long way: short, slow, obvious, in extended precision.

Nothing here is shared with the package: a line is an integral over its points, done by quadrature, and
the images of a plane are written out as in a textbook.
"""

import itertools
import math

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_PANELS = 160


def point(place, at, sigma):
    """Potential, V per mA (mm, S/m), of points in a homogeneous medium with conductivity (sx, sy, sz).

    ``place`` is one position, or an array of them with the coordinates on the last axis.
    """
    sx, sy, sz = (np.longdouble(value) for value in sigma)
    x, y, z = np.moveaxis(
        np.asarray(at, dtype=np.longdouble) - np.asarray(place, dtype=np.longdouble), -1, 0
    )
    root = np.sqrt(sy * sz * x * x + sx * sz * y * y + sx * sy * z * z)
    return 1 / (4 * np.longdouble(math.pi) * root)


def line(center, direction, half_length, at, sigma):
    """Potential of an even line, as the mean over its points."""
    edges = np.linspace(-1.0, 1.0, _PANELS + 1)
    total = np.longdouble(0.0)
    for low, high in itertools.pairwise(edges):
        s = half_length * (0.5 * (low + high) + 0.5 * (high - low) * _NODES)
        places = np.asarray(center) + s[:, None] * np.asarray(direction)
        total += 0.25 * (high - low) * (_WEIGHTS * point(places, at, sigma)).sum()
    return float(total)


def half_spaces(place, at, axis, position, sigma_negative, sigma_positive):
    """Potential of a point in two half-spaces that meet at ``axis`` = ``position``."""
    above = place[axis] > position
    own, other = (sigma_positive, sigma_negative) if above else (sigma_negative, sigma_positive)
    distance = math.dist(place, at)
    if (at[axis] > position) != above and at[axis] != position:
        return 1.0 / (2.0 * math.pi * (own + other) * distance)
    image = list(place)
    image[axis] = 2.0 * position - place[axis]
    mirror = (own - other) / (own + other)
    return (1.0 / distance + mirror / math.dist(image, at)) / (4.0 * math.pi * own)
