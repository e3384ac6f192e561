"""Scores of a line against a reference, and of two solutions against each other."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scsim.electrodes.contacts import RingContact
from scsim.errors import GeometryError
from scsim.fields.accuracy import (
    compare_media,
    sample_evenly,
    score_line,
    score_matrix,
    second_difference,
)
from scsim.fields.unit_potential import SolvedMedium

Z = np.arange(-20.0, 20.5, 0.5)
RING = RingContact("c1", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 3.0, 0.65)


def test_second_difference_of_a_parabola_is_its_curvature() -> None:
    """(z + h)² − 2 z² + (z − h)² = 2 h²; here h is 4 samples of 0.5 mm."""
    found = second_difference(3.0 * Z**2 + 5.0 * Z - 1.0, 4)
    assert found.shape == (len(Z) - 8,)
    np.testing.assert_allclose(found, 3.0 * 2.0 * 2.0**2, rtol=1e-12)
    assert second_difference(Z[:5], 4).shape == (0,)


def test_equal_lines_have_no_error() -> None:
    score = score_line(Z**2, Z**2, step=4)
    assert (score.potential, score.shape, score.second_difference) == (0.0, 0.0, 0.0)


def test_offset_is_an_error_of_potential_alone() -> None:
    """z² on ±20 mm has maximum 400 and its second difference is 8 everywhere: an offset of 4 is 1 %."""
    score = score_line(Z**2 + 4.0, Z**2, step=4)
    assert score.potential == pytest.approx(0.01, rel=1e-12)
    assert score.shape == pytest.approx(0.0, abs=1e-15)
    assert score.second_difference == pytest.approx(0.0, abs=1e-13)


def test_shape_is_relative_to_the_peak_to_peak() -> None:
    """100 + z has maximum 120 and peak-to-peak 40; an error of 0.1 z has mean 0 and largest size 2."""
    score = score_line(100.0 + 1.1 * Z, 100.0 + Z, step=4)
    assert score.potential == pytest.approx(2.0 / 120.0, rel=1e-12)
    assert score.shape == pytest.approx(2.0 / 40.0, rel=1e-12)


def test_second_difference_finds_one_wrong_sample() -> None:
    """A sample off by 1 is off by 2 in the second difference centered there; z² has 8."""
    wrong = Z**2
    wrong[40] += 1.0
    assert score_line(wrong, Z**2, step=4).second_difference == pytest.approx(0.25, rel=1e-9)


def test_flat_line_is_scored_against_its_file() -> None:
    """Second difference 8e-6 beside 8 in the file: a wrong sample of 1 is 2 over 8, not 2 over 8e-6."""
    flat = 1e-6 * Z**2
    wrong = flat.copy()
    wrong[40] += 1.0
    kept = score_line(wrong, flat, step=4, largest_second_difference=8e-3)
    ruled = score_line(wrong, flat, step=4, largest_second_difference=8.01e-3)
    assert kept.second_difference == pytest.approx(2.0 / 8e-6, rel=1e-6)
    assert ruled.second_difference == pytest.approx(2.0 / 8.01e-3, rel=1e-6)


def test_reference_without_size_has_no_relative_error() -> None:
    score = score_line(Z, np.zeros_like(Z), step=4)
    assert math.isnan(score.potential)
    assert math.isnan(score.shape)
    assert math.isnan(score.second_difference)


@pytest.mark.parametrize(("n", "n_reference", "step"), [(8, 8, 4), (20, 21, 4), (20, 20, 0)])
def test_lines_that_cannot_be_scored_are_refused(n: int, n_reference: int, step: int) -> None:
    with pytest.raises(
        GeometryError, match=rf"\({n},\).*\({n_reference},\).*step of {step} .*longer lines"
    ):
        score_line(np.ones(n), np.ones(n_reference), step=step)


def test_matrix_error_is_relative_to_each_entry() -> None:
    reference = np.array([[1000.0, 10.0], [10.0, 1000.0]])
    off = np.array([[1.0, 0.1], [0.0, 0.0]])
    assert score_matrix(reference + off, reference) == pytest.approx(0.01)
    with pytest.raises(GeometryError, match=r"\(1, 1\).*\(2, 2\).*Compare the same lead"):
        score_matrix(reference[:1, :1], reference)


def test_even_samples_keep_both_ends_of_a_whole_number_of_steps() -> None:
    samples = sample_evenly([(0.0, 0.0, -5.0), (0.0, 0.0, 5.0)], 0.1)
    assert samples.shape == (101, 3)
    np.testing.assert_allclose(samples[[0, -1], 2], [-5.0, 5.0], rtol=0, atol=1e-12)


def test_even_samples_go_around_a_corner() -> None:
    samples = sample_evenly([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 2.2)], 0.5)
    wanted = [(0, 0, 0), (0.5, 0, 0), (1, 0, 0), (1, 0, 0.5), (1, 0, 1), (1, 0, 1.5), (1, 0, 2)]
    np.testing.assert_allclose(samples, wanted, rtol=0, atol=1e-12)


@dataclass(frozen=True)
class _Parabola(SolvedMedium):
    """V = height − z², times x + 1, for whatever contact."""

    height: float
    contacts: tuple[RingContact, ...] = (RING,)

    def unit_potential(self, sources: Any, points_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        x, _, z = np.asarray(points_mm, dtype=np.float64).T
        return np.tile((self.height - z**2) * (x + 1.0), (len(sources), 1))

    def contact_matrix_ohm(self) -> npt.NDArray[np.float64]:
        return np.array([[self.height]])


def test_two_solutions_are_compared_line_by_line() -> None:
    """1010 − z² against 1000 − z²: the offset of 10 is 1 % of both lines and of the matrix."""
    lines = [np.column_stack([np.full_like(Z, x), np.zeros_like(Z), Z]) for x in (0.0, 1.0)]
    found = compare_media(_Parabola(1010.0), _Parabola(1000.0), lines)
    assert found.potential == pytest.approx(0.01, rel=1e-12)
    assert found.shape == pytest.approx(0.0, abs=1e-12)
    assert found.second_difference == pytest.approx(0.0, abs=1e-12)
    assert found.contact_matrix == pytest.approx(0.01, rel=1e-12)


def test_comparison_without_lines_is_refused() -> None:
    with pytest.raises(GeometryError, match=r"no line to compare .*such as a fiber"):
        compare_media(_Parabola(1.0), _Parabola(1.0), [])


def test_solution_that_is_no_number_is_not_passed_over() -> None:
    lines = [np.column_stack([np.full_like(Z, x), np.zeros_like(Z), Z]) for x in (0.0, 1.0)]
    found = compare_media(_Parabola(math.nan), _Parabola(1000.0), lines)
    assert math.isnan(found.potential)
    assert math.isnan(found.contact_matrix)
