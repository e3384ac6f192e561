"""How strongly a field drives fibers along one line: its peak, how far the peak stands out, its curvature, its width.

The definitions are those of the table of sensitivities among the reference solutions, so that studies can be
compared with it. Where the lines lie belongs to the study; potentials come from a medium.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SPACING_MM: Final = 0.5
"""Distance of the samples along a line, mm."""

STEP_MM: Final = 7.0
"""Step of the second difference, mm: the pitch of the reference lead. It spans several internodes, so it
tells the drive of a whole stretch of fiber; a node sees a step of about 1 mm."""

REACH_MM: Final = 20.0
"""Distance from the peak at which the level is taken that the peak stands above, mm."""

SEARCH_MM: Final = 10.0
"""Distance from the active contact within which the peak is looked for, mm: more than the pitch of a lead, as the
other contacts of a montage move the peak."""

_N_STEP: Final = round(STEP_MM / SPACING_MM)
_N_REACH: Final = round(REACH_MM / SPACING_MM)
_N_SEARCH: Final = round(SEARCH_MM / SPACING_MM)


@dataclass(frozen=True)
class Drive:
    """What one line says about the drive of fibers; signs as those of the potential.

    Attributes
    ----------
    at_contact : float
        Potential at the height of the active contact, mV per mA.
    peak : float
        Potential at the peak less the mean of those `REACH_MM` below and above it, mV per mA.
    second_difference : float
        Second difference at the peak with the step `STEP_MM`, mV per mA.
    half_width_mm : float
        Distance of the outermost samples around the peak that stand at least half as far above that mean
        as the peak does, mm.

    All but `at_contact` are NaN where the line ends within `REACH_MM` of the peak.
    """

    at_contact: float
    peak: float
    second_difference: float
    half_width_mm: float


def active_contact(shares: npt.ArrayLike) -> int:
    """Find the contact whose height a line is measured at.

    Parameters
    ----------
    shares : array_like, shape (n_contacts,)
        Shares of the current (no unit).

    Returns
    -------
    int
        Index of the contact with the largest current; of equal ones a cathode, which is the one that
        excites, and of these the first.
    """
    share = np.asarray(shares, dtype=np.float64)
    largest = np.flatnonzero(np.abs(share) == np.max(np.abs(share)))
    cathodes = largest[share[largest] < 0.0]
    return int(cathodes[0] if cathodes.size else largest[0])


def second_differences(potential: npt.ArrayLike) -> FloatArray:
    """Compute V(z − h) − 2 V(z) + V(z + h) with the step `STEP_MM`.

    Parameters
    ----------
    potential : array_like, shape (..., n + 2 STEP_MM / SPACING_MM)
        Samples every `SPACING_MM`, `STEP_MM` longer than the result at both ends, mV per mA.

    Returns
    -------
    ndarray of float64, shape (..., n)
        mV per mA.
    """
    v = np.asarray(potential, dtype=np.float64)
    found: FloatArray = (
        v[..., : -2 * _N_STEP] - 2.0 * v[..., _N_STEP:-_N_STEP] + v[..., 2 * _N_STEP :]
    )
    return found


def drive_offsets_mm() -> FloatArray:
    """Give the places along a line that `measure_drive` needs.

    Returns
    -------
    ndarray of float64, shape (n,)
        Distance from the height of the active contact, mm; ascending.
    """
    reach = _N_SEARCH + _N_REACH
    return SPACING_MM * np.arange(-reach, reach + 1, dtype=np.float64)


def measure_drive(potential: npt.ArrayLike, sign: float) -> Drive:
    """Measure the drive along one line.

    Parameters
    ----------
    potential : array_like, shape (n,)
        At `drive_offsets_mm`, mV per mA.
    sign : float
        +1 if the active contact is an anode, −1 if it is a cathode: whether the peak is a hill or a hollow.

    Returns
    -------
    Drive

    Notes
    -----
    The peak is the sample of largest sign × V within `SEARCH_MM` of the contact's height, which can be the
    border of that range. Checked by ``tests/unit/test_fields_profile.py`` with the reference solutions' own
    line and table.
    """
    v = sign * np.asarray(potential, dtype=np.float64)
    middle = _N_SEARCH + _N_REACH
    peak = middle - _N_SEARCH + int(np.nanargmax(v[middle - _N_SEARCH : middle + _N_SEARCH + 1]))
    height = v[peak] - 0.5 * (v[peak - _N_REACH] + v[peak + _N_REACH])
    if not np.isfinite(height):
        return Drive(float(sign * v[middle]), np.nan, np.nan, np.nan)
    is_low = v < v[peak] - 0.5 * height
    below = np.flatnonzero(is_low[:peak])
    above = np.flatnonzero(is_low[peak:])
    first = int(below[-1]) + 1 if below.size else 0
    last = peak + int(above[0]) - 1 if above.size else v.size - 1
    curvature = v[peak - _N_STEP] - 2.0 * v[peak] + v[peak + _N_STEP]
    return Drive(
        at_contact=float(sign * v[middle]),
        peak=float(sign * height),
        second_difference=float(sign * curvature),
        half_width_mm=SPACING_MM * (last - first),
    )


def sample_heights_mm(low_mm: float, high_mm: float) -> FloatArray:
    """Give even heights that cover a range.

    Parameters
    ----------
    low_mm, high_mm : float
        mm.

    Returns
    -------
    ndarray of float64, shape (n,)
        Multiples of `SPACING_MM` from `low_mm` or just above it to `high_mm` or just below it, mm.
    """
    # A limit that is a multiple must not be lost to rounding.
    first = int(np.ceil(low_mm / SPACING_MM - 1e-9))
    last = int(np.floor(high_mm / SPACING_MM + 1e-9))
    return SPACING_MM * np.arange(first, last + 1, dtype=np.float64)
