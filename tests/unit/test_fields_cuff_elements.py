"""Elements on a line: nodes, polynomials, grading, quadrature."""

import itertools
import math

import numpy as np
import pytest
from scipy import special

from scsim.fields.cuffs.cuff_elements import (
    graded_breaks,
    halved,
    lagrange_values,
    lobatto_nodes,
    make_line,
    moments,
)


@pytest.mark.parametrize(
    ("degree", "nodes"),
    [
        (1, [-1.0, 1.0]),
        (2, [-1.0, 0.0, 1.0]),
        (3, [-1.0, -math.sqrt(1 / 5), math.sqrt(1 / 5), 1.0]),
        (4, [-1.0, -math.sqrt(3 / 7), 0.0, math.sqrt(3 / 7), 1.0]),
    ],
)
def test_nodes_are_those_of_gauss_and_lobatto(degree, nodes):
    # Abramowitz and Stegun 1964, table 25.6.
    np.testing.assert_allclose(lobatto_nodes(degree), nodes, atol=1e-15)


@pytest.mark.parametrize("degree", [1, 2, 5, 9, 14])
def test_polynomials_are_reproduced(degree):
    rng = np.random.default_rng(degree)
    series = np.polynomial.Polynomial(rng.standard_normal(degree + 1))
    x = np.concatenate([rng.uniform(-1.0, 1.0, 20), lobatto_nodes(degree), [-1.0, 1.0]])
    values = lagrange_values(degree, x) @ series(lobatto_nodes(degree))
    np.testing.assert_allclose(values, series(x), rtol=1e-12, atol=1e-12)


def test_at_a_node_the_weights_are_one_and_zero():
    np.testing.assert_array_equal(lagrange_values(6, lobatto_nodes(6)), np.eye(7))


def test_gauss_points_integrate_and_slopes_differentiate():
    line = make_line([-1.0, 0.5, 3.0], 4)
    points, weights, values, slopes = line.quadrature()
    series = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.3, -0.1])
    at_nodes = series(line.nodes)[line.table]
    np.testing.assert_allclose(values @ at_nodes[1], series(points[1]), rtol=1e-12)
    np.testing.assert_allclose(
        np.einsum("eqi,ei->eq", slopes, at_nodes), series.deriv()(points), rtol=1e-11
    )
    square = (series * series * series.deriv()).integ()
    found = np.sum(weights * series(points) ** 2 * series.deriv()(points))
    assert found == pytest.approx(square(3.0) - square(-1.0), rel=1e-12)


def test_nodes_are_shared_but_for_doubled_ones():
    line = make_line([0.0, 1.0, 2.0, 4.0], 2, doubled_at=[1.0])
    np.testing.assert_allclose(line.nodes, [0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(line.table, [[0, 1, 2], [3, 4, 5], [5, 6, 7]])
    total = line.assemble(np.ones((3, 3, 3)))
    assert total[2, 3] == 0.0
    assert total[5, 5] == 2.0
    assert total.sum() == 27.0


def test_a_position_on_a_break_belongs_to_the_element_below():
    line = make_line([0.0, 1.0, 2.0], 2)
    np.testing.assert_array_equal(
        line.element_of(np.array([0.0, 0.5, 1.0, 1.1, 2.0])), [0, 0, 0, 1, 1]
    )
    element = line.element_of(np.array([0.25]))
    assert line.weights_at(np.array([0.25]), element)[0] @ line.nodes[:3] == pytest.approx(0.25)


def test_elements_shrink_toward_singular_points():
    # From 1 inward the distance falls by 4 until an element is no longer than 4 times the finest length.
    assert graded_breaks([0.0, 1.0], [(0.0, 0.01)], 4.0) == [0.0, 1 / 64, 1 / 16, 1 / 4, 1.0]
    assert graded_breaks([0.0, 1.0], [(1.0, 0.1)], 4.0) == [0.0, 0.75, 1.0]
    assert graded_breaks([0.0, 1.0, 3.0], [], 4.0) == [0.0, 1.0, 3.0]
    # One seen from afar: 3 / 1 is within the ratio, 5 / 1 is not.
    assert graded_breaks([0.0, 1.0, 3.0], [(0.0, 0.5)], 4.0) == [0.0, 1.0, 3.0]
    assert graded_breaks([0.0, 1.0, 5.0], [(0.0, 0.5)], 4.0) == [0.0, 1.0, 1.25, 5.0]


@pytest.mark.parametrize("seed", range(20))
def test_graded_elements_keep_their_ratio(seed):
    rng = np.random.default_rng(seed)
    points = np.sort(rng.uniform(0.0, 10.0, 8)).tolist()
    chosen = rng.choice(8, 3, replace=False)
    singular = [(points[k], float(10.0 ** rng.uniform(-4.0, -1.0))) for k in sorted(chosen)]
    breaks = graded_breaks(points, singular, 4.0)
    assert breaks == sorted(set(breaks))
    assert set(points) <= set(breaks)
    for (low, high), (place, finest) in itertools.product(itertools.pairwise(breaks), singular):
        near, far = sorted((abs(low - place), abs(high - place)))
        assert far <= 4.0 * max(near, finest) * (1.0 + 1e-6)
    # And no more of them than that takes, a constant aside.
    assert len(breaks) < 8 + 6 * sum(2 + math.log(10.0 / finest, 4.0) for _, finest in singular)


def test_halving_keeps_the_breaks():
    assert halved([0.0, 1.0, 4.0], 0) == [0.0, 1.0, 4.0]
    assert halved([0.0, 1.0, 4.0], 1) == [0.0, 0.5, 1.0, 2.5, 4.0]
    assert halved([0.0, 2.0], 2) == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_moments_of_edge_functions_are_modified_bessel_functions():
    # ∫ e^{κz} T_p(ζ) / (π c sqrt(1 - ζ²)) dz = e^{κ z0} I_p(κ c) (Abramowitz and Stegun 1964, 9.6.19). The elements
    # represent e^{κz} to about (κ h / 4)^9 / 9! / 2^8, h = 0.4, κ = 3: 1e-12.
    line = make_line(np.linspace(-2.0, 2.0, 11), 8)
    kappa, center, half = 3.0, 0.4, 0.8

    def density(angle):
        p = np.arange(5)[:, None]
        return (-1.0) ** p * np.cos(p * angle) / np.pi

    found = np.exp(kappa * line.nodes) @ moments(line, center, half, density)
    expected = math.exp(kappa * center) * special.iv(np.arange(5), kappa * half)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
