"""The interface of fields: layout, superposition along fibers, refusals."""

import numpy as np
import pytest

from scsim.electrodes import LineSource, PointSource
from scsim.errors import GeometryError, StimulusError
from scsim.fibers import Fiber
from scsim.fields import HomogeneousMedium, superpose
from scsim.fields.unit_potential import source_array

UP = (0.0, 0.0, 1.0)


def test_sources_are_laid_out_as_the_kernels_say():
    rows = source_array([PointSource((1.0, 2.0, 3.0)), LineSource((4.0, 5.0, 6.0), UP, 3.0, 0.65)])
    np.testing.assert_array_equal(rows, [[1, 2, 3, 0, 0, 1, 0, 0], [4, 5, 6, 0, 0, 1, 1.5, 0.65]])


def test_potentials_along_fibers_are_those_at_their_compartments():
    medium = HomogeneousMedium(0.2)
    sources = [PointSource((1.0, 0.0, 0.0)), LineSource((2.0, 0.0, 0.0), UP, 3.0)]
    path = ((0.0, 1.0, -20.0), (0.0, 1.0, 20.0))
    fibers = [Fiber("mrg", 10.0, n_nodes=5), Fiber("mrg", 12.0, n_nodes=7, path_mm=path)]
    along = medium.unit_potential_along(sources, fibers)
    assert [part.shape for part in along] == [(2, fiber.n_compartments) for fiber in fibers]
    for fiber, part in zip(fibers, along, strict=True):
        expected = medium.unit_potential(sources, fiber.compartment_positions_mm())
        np.testing.assert_allclose(part, expected, rtol=1e-14)
    assert medium.unit_potential_along(sources, []) == []


def test_superposition_weighs_and_adds():
    potential = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(superpose(potential, [-1.0, 0.5]), [1.0, 0.5, 0.0])


@pytest.mark.parametrize(
    ("potential", "shares"),
    [(np.ones((2, 3)), [1.0]), (np.ones(3), [1.0, 1.0, 1.0]), (np.ones((2, 3)), [[1.0], [1.0]])],
)
def test_shares_that_do_not_fit_are_refused(potential, shares):
    with pytest.raises(
        StimulusError, match=r"shares of shape .* do not fit .* give one share per source"
    ):
        superpose(potential, shares)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_shares_that_are_not_finite_are_refused(bad):
    with pytest.raises(
        StimulusError, match=rf"shares\[1\] = {bad:g} is not finite\. Give a finite share"
    ):
        superpose(np.ones((3, 2)), [-1.0, bad, 1.0])


def test_points_of_another_shape_are_refused():
    with pytest.raises(
        GeometryError, match=r"shape \(2,\); \(n_points, 3\) is needed\. Give x, y and z"
    ):
        HomogeneousMedium(0.2).unit_potential([], [1.0, 2.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_points_that_are_not_finite_are_refused(bad):
    with pytest.raises(GeometryError, match=r"points_mm\[1\] = .* is not finite\. Give finite"):
        HomogeneousMedium(0.2).unit_potential([], [[1.0, 2.0, 3.0], [bad, 0.0, 0.0]])
