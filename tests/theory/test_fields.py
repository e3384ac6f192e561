"""Closed forms of fields: limits, images, symmetry, reciprocity, Laplace's equation, charge conservation."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from scsim.electrodes import LineSource, PointSource, contact_sources, load_lead
from scsim.fields import HomogeneousMedium, TwoHalfSpaces, superpose

UP = (0.0, 0.0, 1.0)
SLANTED = (2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0)
WHITE = (0.083, 0.1, 0.6)
MEDIA = [
    HomogeneousMedium(0.25),
    HomogeneousMedium(WHITE),
    TwoHalfSpaces(1.7, 0.23, -0.5, "y"),
]
POINTS = np.random.default_rng(5).uniform(1.0, 6.0, (50, 3))


def test_a_point_in_an_isotropic_medium_is_i_over_4_pi_sigma_r():
    value = HomogeneousMedium(0.25).unit_potential(
        [PointSource((1.0, 2.0, 3.0))], [[1.0, 5.0, 7.0]]
    )
    np.testing.assert_allclose(value, 1e3 / (4.0 * math.pi * 0.25 * 5.0), rtol=1e-15)


def test_three_equal_conductivities_are_one():
    sources = [PointSource((0.0, 0.0, 0.0)), LineSource((0.0, 0.0, 0.0), SLANTED, 3.0)]
    one = HomogeneousMedium(0.3).unit_potential(sources, POINTS)
    three = HomogeneousMedium((0.3, 0.3, 0.3)).unit_potential(sources, POINTS)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("direction", [UP, SLANTED])
def test_a_line_far_away_is_a_point(medium, direction):
    # Beyond the point the next term is a quadrupole, (h/r)² times a number of order 1 (twice the ratio
    # of conductivities where the medium is anisotropic).
    for far_mm in (50.0, 500.0):
        points = far_mm * POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
        line, point = medium.unit_potential(
            [LineSource((0.0, 1.0, 0.0), direction, 3.0), PointSource((0.0, 1.0, 0.0))], points
        )
        np.testing.assert_allclose(line, point, rtol=10.0 * (1.5 / far_mm) ** 2)


@pytest.mark.parametrize("medium", MEDIA)
def test_a_line_is_the_sum_of_its_halves(medium):
    whole, low, high = medium.unit_potential(
        [
            LineSource((0.0, 0.0, 0.0), SLANTED, 0.8),
            LineSource(tuple(-0.2 * d for d in SLANTED), SLANTED, 0.4),
            LineSource(tuple(0.2 * d for d in SLANTED), SLANTED, 0.4),
        ],
        POINTS,
    )
    np.testing.assert_allclose(whole, 0.5 * (low + high), rtol=1e-13)


@pytest.mark.parametrize("medium", MEDIA)
def test_a_line_is_the_mean_of_its_points(medium):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    spots = [PointSource(tuple(0.4 * n * d for d in SLANTED)) for n in nodes]
    points = superpose(medium.unit_potential(spots, POINTS), 0.5 * weights)
    line = medium.unit_potential([LineSource((0.0, 0.0, 0.0), SLANTED, 0.8)], POINTS)[0]
    np.testing.assert_allclose(line, points, rtol=1e-13)


@pytest.mark.parametrize("medium", MEDIA)
def test_source_and_point_may_be_exchanged(medium):
    rng = np.random.default_rng(8)
    for a, b in rng.uniform(-6.0, 6.0, (40, 2, 3)).tolist():
        there = medium.unit_potential([PointSource(tuple(a))], [b])[0, 0]
        back = medium.unit_potential([PointSource(tuple(b))], [a])[0, 0]
        assert there == pytest.approx(back, rel=1e-13)


def test_contacts_see_each_other_alike():
    # The mean potential of a line over another line is the same the other way round.
    medium = HomogeneousMedium(WHITE)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    first = LineSource((0.0, 0.0, 0.0), UP, 3.0)
    second = LineSource((2.0, 1.0, 4.0), SLANTED, 5.0)

    def mean_over(line, of):
        points = np.array(line.center_mm) + np.outer(nodes, line.direction) * line.length_mm / 2.0
        return 0.5 * weights @ medium.unit_potential([of], points)[0]

    assert mean_over(first, second) == pytest.approx(mean_over(second, first), rel=1e-10)


def test_potentials_superpose():
    medium = HomogeneousMedium(0.25)
    lead = contact_sources(load_lead("percutaneous-8"))
    points = POINTS + np.array([0.0, -12.0, 0.0])
    table = medium.unit_potential(lead, points)
    alone = [medium.unit_potential([source], points)[0] for source in lead]
    np.testing.assert_allclose(table, alone, rtol=1e-14)
    shares = np.zeros(8)
    shares[[3, 4]] = -1.0, 1.0
    np.testing.assert_allclose(superpose(table, shares), alone[4] - alone[3], rtol=1e-12)


def test_a_bipole_has_no_potential_in_its_plane_of_symmetry():
    lead = contact_sources(load_lead("percutaneous-8"))
    shares = np.zeros(8)
    shares[[3, 4]] = -1.0, 1.0
    points = np.column_stack([POINTS[:, :2], np.zeros(len(POINTS))])
    potential = superpose(HomogeneousMedium(0.25).unit_potential(lead, points), shares)
    assert np.abs(potential).max() < 1e-12


def test_an_insulating_plane_acts_as_a_second_equal_source():
    half = TwoHalfSpaces(0.25, 0.0, 1.0, "x")
    whole = HomogeneousMedium(0.25)
    source = LineSource((3.0, 0.0, 0.0), (0.6, 0.0, 0.8), 2.0)
    image = LineSource((-1.0, 0.0, 0.0), (-0.6, 0.0, 0.8), 2.0)
    points = POINTS + np.array([0.01, 6.0, 0.0])
    expected = whole.unit_potential([source, image], points).sum(axis=0)
    np.testing.assert_allclose(half.unit_potential([source], points)[0], expected, rtol=1e-13)


def test_a_perfect_conductor_acts_as_a_second_opposite_source():
    half = TwoHalfSpaces(0.25, 1e15, 0.0, "z")
    whole = HomogeneousMedium(0.25)
    sources = [PointSource((0.0, 0.0, 2.0)), PointSource((0.0, 0.0, -2.0))]
    first, image = whole.unit_potential(sources, POINTS)
    np.testing.assert_allclose(
        half.unit_potential(sources[:1], POINTS)[0], first - image, rtol=1e-12, atol=1e-12
    )


def test_two_equal_half_spaces_are_one_medium():
    sources = [PointSource((0.0, 0.0, 2.0)), LineSource((0.0, 0.0, -3.0), SLANTED, 3.0)]
    np.testing.assert_allclose(
        TwoHalfSpaces(0.25, 0.25, 0.3, "z").unit_potential(sources, POINTS - 3.0),
        HomogeneousMedium(0.25).unit_potential(sources, POINTS - 3.0),
        rtol=1e-14,
    )


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_potential_and_current_pass_the_plane_unbroken(axis):
    medium = TwoHalfSpaces(1.7, 0.04, 0.5, axis)
    index = "xyz".index(axis)
    place = [0.0, 0.0, 0.0]
    place[index] = 3.5
    source = LineSource(tuple(place), SLANTED, 2.0)
    step = 1e-3
    points = np.repeat(POINTS[:20], 5, axis=0).reshape(20, 5, 3)
    points[:, :, index] = 0.5 + step * np.arange(-2.0, 3.0)
    v = medium.unit_potential([source], points.reshape(-1, 3))[0].reshape(20, 5)
    below = (3.0 * v[:, 2] - 4.0 * v[:, 1] + v[:, 0]) / (2.0 * step)
    above = (-3.0 * v[:, 2] + 4.0 * v[:, 3] - v[:, 4]) / (2.0 * step)
    # The value in the plane belongs to both sides, so a jump would show as a slope of 1/step. One-sided
    # differences of second order at 3 mm from the source have a relative error of order (step / 3 mm)²,
    # times the ratio of conductivities on the side where the normal slope is small: 5e-6.
    np.testing.assert_allclose(1.7 * above, 0.04 * below, rtol=5e-5)


@pytest.mark.parametrize("medium", MEDIA[:2])
@pytest.mark.parametrize(
    "source", [PointSource((0.0, 0.0, 0.0)), LineSource((0.0, 0.0, 0.0), SLANTED, 2.0)]
)
def test_current_is_conserved(medium, source):
    """The flux through a box around a source is the current that it gives off: 1 mA."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    side, step = 3.0, 1e-3
    u, v = np.meshgrid(side * nodes, side * nodes, indexing="ij")
    area = np.outer(weights, weights) * side**2
    sigma = np.broadcast_to(np.asarray(medium.sigma_s_per_m, dtype=float), (3,))
    flux = 0.0
    for axis in range(3):
        for sign in (-1.0, 1.0):
            ends = []
            for offset in (-step, step):
                points = np.empty((u.size, 3))
                points[:, axis] = sign * side + offset
                points[:, (axis + 1) % 3], points[:, (axis + 2) % 3] = u.ravel(), v.ravel()
                ends.append(medium.unit_potential([source], points)[0])
            slope = (ends[1] - ends[0]).reshape(u.shape) / (2.0 * step)
            flux -= sign * sigma[axis] * (slope * area).sum() / 1e3  # mV back to V
    # Central differences: error (step / 3 mm)² / 6; quadrature with 40 nodes is exact beside it.
    assert flux == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("medium", MEDIA[:2])
def test_the_potential_solves_laplace(medium):
    step = 0.02
    sigma = np.broadcast_to(np.asarray(medium.sigma_s_per_m, dtype=float), (3,))
    source = [LineSource((0.0, 0.0, 0.0), SLANTED, 2.0)]
    points = POINTS + 2.0
    middle = medium.unit_potential(source, points)[0]
    terms = []
    for axis in range(3):
        shift = np.zeros(3)
        shift[axis] = step
        outer = [medium.unit_potential(source, points + s * shift)[0] for s in (-1.0, 1.0)]
        terms.append(sigma[axis] * (outer[0] + outer[1] - 2.0 * middle) / step**2)
    size = np.abs(terms).max(axis=0)
    # Central differences at 4 mm and more: relative error of order (step / 4 mm)² = 2.5e-5.
    assert (np.abs(np.sum(terms, axis=0)) < 2.5e-4 * size).all()


SHIPPED = Path(__file__).resolve().parents[2] / "src" / "scsim" / "validate" / "cases" / "field"


def test_the_numbers_of_an_independent_table():
    # One row each of the closed-form tables that other solvers are scored against.
    white = HomogeneousMedium((0.083, 0.083, 0.6))
    value = white.unit_potential([PointSource((0.0, 0.0, 0.0))], [[3.0, -2.0, 10.0]])
    np.testing.assert_allclose(value, 68.8395704581251, rtol=1e-13)
    fat_and_fluid = TwoHalfSpaces(0.04, 1.7)
    value = fat_and_fluid.unit_potential(
        [PointSource((0.0, 0.0, 1.0))], [[0.0, 0.0, 0.5], [5.0, 0.0, -2.0]]
    )
    np.testing.assert_allclose(value[0], [2713.56129026412, 15.6866939992509], rtol=1e-13)


def test_every_row_of_the_shipped_point_tables():
    def number(text):
        top, _, bottom = text.partition("/")
        return float(top) / float(bottom or 1.0)

    with (SHIPPED / "A1_point_source.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            _, transverse, *longitudinal = row["medium"].split("_")
            sigma = number(transverse)
            medium = HomogeneousMedium(
                (sigma, sigma, number(longitudinal[0])) if longitudinal else sigma
            )
            at = [[float(row[key]) for key in ("x_mm", "y_mm", "z_mm")]]
            value = medium.unit_potential([PointSource((0.0, 0.0, 0.0))], at)
            np.testing.assert_allclose(value, float(row["V_mV_per_mA"]), rtol=1e-13)
    with (SHIPPED / "A2_two_halfspaces.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            medium = TwoHalfSpaces(float(row["sigma1_S_m"]), float(row["sigma2_S_m"]))
            source = PointSource((0.0, 0.0, float(row["h_mm"])))
            value = medium.unit_potential([source], [[float(row["x_mm"]), 0.0, float(row["z_mm"])]])
            np.testing.assert_allclose(value, float(row["V_mV_per_mA"]), rtol=1e-13)
