"""How far a potential along a line is from a reference: three scores, and two solutions compared with each other.

Bars belong to `scsim.validate.tolerances`; how a solution is refined to the file of its solver.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.unit_potential import SolvedMedium

FloatArray = npt.NDArray[np.float64]

SPACING_MM: Final = 0.5
"""Distance between samples of a line, mm: that of the reference tables along the cord."""

STEP_MM: Final = 2.0
"""Step of the second difference, mm: twice the internode of a fiber of 10 µm, as the reference tables ask."""

_FLAT_SHARE: Final = 1e-3
"""A line whose own largest second difference is a smaller share of its file's than this is scored against the
file's (scoring rule of the reference tables): relative to itself it would be rounding over rounding."""


@dataclass(frozen=True)
class LineScore:
    """Errors of a potential along one line, each relative (no unit).

    Attributes
    ----------
    potential : float
        Largest error over the largest size of the reference.
    shape : float
        Largest error after the mean error is taken away, over the peak-to-peak of the reference.
    second_difference : float
        Largest error of the second difference over the largest size of the reference's.
    """

    potential: float
    shape: float
    second_difference: float


@dataclass(frozen=True)
class FieldAccuracy:
    """Difference between a solution and one with a finer resolution, relative (no unit): the worst found.

    Attributes
    ----------
    potential, shape, second_difference : float
        As in `LineScore`, worst over contacts and lines.
    contact_matrix : float
        Largest difference of an entry of the contact matrix over that entry.
    """

    potential: float
    shape: float
    second_difference: float
    contact_matrix: float


def second_difference(potential: npt.ArrayLike, step: int) -> FloatArray:
    """Compute V(i − step) − 2 V(i) + V(i + step), which drives a fiber.

    Parameters
    ----------
    potential : array_like, shape (..., n)
        Even samples along a line, mV.
    step : int
        In samples.

    Returns
    -------
    ndarray of float64, shape (..., n - 2 step)
        mV; empty if the line is too short for one.
    """
    v = np.asarray(potential, dtype=np.float64)
    n_inner = max(v.shape[-1] - 2 * step, 0)
    found: FloatArray = v[..., :n_inner] - 2.0 * v[..., step : step + n_inner] + v[..., 2 * step :]
    return found


def score_line(
    potential: npt.ArrayLike,
    reference: npt.ArrayLike,
    *,
    step: int,
    largest_second_difference: float | None = None,
) -> LineScore:
    """Score a potential along a line against a reference.

    Parameters
    ----------
    potential, reference : array_like, shape (n,)
        Even samples along the line, mV; more than ``2 step`` of them.
    step : int
        Step of the second difference, samples.
    largest_second_difference : float, optional
        Largest size over all lines of the file, mV. A line that stays below a thousandth of it is scored
        against it; without it each line is scored against its own largest.

    Returns
    -------
    LineScore
        A part is NaN where the reference offers nothing to compare with (zero everywhere, or constant).

    Raises
    ------
    GeometryError
        If the lines differ in length, or are too short for a second difference.

    Notes
    -----
    The rules are those of the reference tables. Checked by ``tests/unit/test_fields_accuracy.py``.
    """
    v, ref = np.asarray(potential, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if v.ndim != 1 or v.shape != ref.shape or step < 1 or v.size <= 2 * step:
        msg = (
            f"a line of shape {v.shape} against a reference of shape {ref.shape} with a step of {step} samples: "
            f"both need the same number of samples, at least {2 * max(step, 1) + 1}. "
            "Give longer lines or a shorter step."
        )
        raise GeometryError(msg)
    error = v - ref
    expected = second_difference(ref, step)
    largest = _size(expected)
    if largest_second_difference is not None and largest < _FLAT_SHARE * largest_second_difference:
        largest = largest_second_difference
    return LineScore(
        potential=_ratio(_size(error), _size(ref)),
        shape=_ratio(_size(error - error.mean()), float(np.ptp(ref))),
        second_difference=_ratio(_size(second_difference(error, step)), largest),
    )


def score_matrix(matrix_ohm: npt.ArrayLike, reference_ohm: npt.ArrayLike) -> float:
    """Give the largest error of an entry of a contact matrix, relative to that entry (no unit).

    Parameters
    ----------
    matrix_ohm, reference_ohm : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    GeometryError
        If the shapes differ.
    """
    z, ref = np.asarray(matrix_ohm, dtype=np.float64), np.asarray(reference_ohm, dtype=np.float64)
    if z.shape != ref.shape:
        msg = (
            f"a contact matrix of shape {z.shape} against a reference of shape {ref.shape}: "
            "the numbers of contacts differ. Compare the same lead."
        )
        raise GeometryError(msg)
    return float(np.max(np.abs(z - ref) / np.abs(ref)))


def sample_evenly(path_mm: npt.ArrayLike, spacing_mm: float = SPACING_MM) -> FloatArray:
    """Give even samples along a path, for second differences along a fiber.

    Parameters
    ----------
    path_mm : array_like, shape (n, 3)
        Corners of the path, mm: compartments of a fiber, or two ends.
    spacing_mm : float
        Distance between samples along the path, mm.

    Returns
    -------
    ndarray of float64, shape (n_samples, 3)
        mm; from the first point on, as far as whole steps reach.
    """
    path = np.asarray(path_mm, dtype=np.float64)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    # A path of a whole number of steps must not lose its last sample to rounding.
    n_steps = math.floor(arc[-1] / spacing_mm * (1.0 + 1e-12))
    where = np.minimum(spacing_mm * np.arange(n_steps + 1), arc[-1])
    return np.column_stack([np.interp(where, arc, path[:, axis]) for axis in range(3)])


def compare_media(
    medium: SolvedMedium,
    refined: SolvedMedium,
    lines: Sequence[FloatArray],
    *,
    step: int = round(STEP_MM / SPACING_MM),
) -> FieldAccuracy:
    """Compare a solved field with one of finer resolution along lines: an estimate of its error.

    Parameters
    ----------
    medium, refined : SolvedMedium
        The same tissue and contacts; all contacts are compared.
    lines : sequence of ndarray of float64, each of shape (n, 3)
        Even samples, mm, each line more than ``2 step`` long; see `sample_evenly`.
    step : int
        Step of the second difference, samples.

    Returns
    -------
    FieldAccuracy
        The worst over contacts and lines.

    Raises
    ------
    GeometryError
        If there is no line, a line is too short, or a point lies outside the medium.

    Notes
    -----
    The difference estimates the error of the coarser solution. If halving the elements divides the error by q,
    the difference is the error times 1 − 1/q: half the error for a first-order method, 7/8 and more for
    a third-order one. A line that is flat beside the others of the same contact is scored by the rule of
    `score_line`.
    """
    if not lines:
        msg = (
            "no line to compare two solutions on: at least one is needed. "
            "Give a line through the tissue, such as a fiber."
        )
        raise GeometryError(msg)
    points = np.concatenate(lines)
    ends = np.cumsum([len(line) for line in lines])[:-1]
    coarse, fine = (
        [np.split(row, ends) for row in one.unit_potential(medium.contacts, points)]
        for one in (medium, refined)
    )
    scores = []
    for rows, expected in zip(coarse, fine, strict=True):
        largest = max(_size(second_difference(line, step)) for line in expected)
        scores += [
            score_line(line, reference, step=step, largest_second_difference=largest)
            for line, reference in zip(rows, expected, strict=True)
        ]
    return FieldAccuracy(
        potential=_worst([score.potential for score in scores]),
        shape=_worst([score.shape for score in scores]),
        second_difference=_worst([score.second_difference for score in scores]),
        contact_matrix=score_matrix(medium.contact_matrix_ohm(), refined.contact_matrix_ohm()),
    )


def _size(values: FloatArray) -> float:
    """Give the largest size, 0 for none."""
    return float(np.max(np.abs(values), initial=0.0))


def _worst(errors: Sequence[float]) -> float:
    """Give the largest, NaN if one is: an error that could not be measured is not passed over."""
    return float(np.max(errors))


def _ratio(error: float, size: float) -> float:
    """Give error over size, NaN where there is nothing to compare with."""
    return error / size if size > 0.0 else math.nan
