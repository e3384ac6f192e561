"""Edges of graded grids, and the lines of sight through them."""

import numpy as np
import pytest

from scsim.fields.voxels.grid import (
    FineInterval,
    Grid,
    graded_edges,
    line_samples,
    sample_positions,
)


def test_even_where_fine_and_growing_outside():
    edges = graded_edges((-40.0, 40.0), [FineInterval(-2.0, 3.0, 0.25)], 1.25)
    widths = np.diff(edges)
    assert edges[0] == -40.0
    assert edges[-1] == 40.0
    assert (widths > 0.0).all()
    inside = (edges[:-1] >= -2.0 - 1e-9) & (edges[1:] <= 3.0 + 1e-9)
    np.testing.assert_allclose(widths[inside], 0.25, rtol=1e-6)
    ratio = widths[1:] / widths[:-1]
    assert ratio.max() < 1.3
    assert ratio.min() > 1.0 / 1.3
    assert len(widths) < 70  # 320 of 0.25 mm without growth


def test_planes_are_edges_the_first_before_the_others():
    fine = [FineInterval(-5.0, 5.0, 0.5)]
    edges = graded_edges((-10.0, 10.0), fine, 1.2, [0.13, 0.2, 3.4])
    for plane in (0.13, 3.4, -5.0, 5.0):
        assert np.abs(edges - plane).min() < 1e-12
    assert np.abs(edges - 0.2).min() > 0.05  # nearer than half a cell to 0.13, which came first
    # Rounding up to whole cells between planes never makes them wider than wanted.
    inside = (edges[:-1] > -5.01) & (edges[1:] < 5.01)
    assert np.diff(edges)[inside].max() <= 0.5 + 1e-9


def test_the_narrowest_interval_counts():
    fine = [FineInterval(-5.0, 5.0, 1.0), FineInterval(-1.0, 1.0, 0.25)]
    edges = graded_edges((-5.0, 5.0), fine, 1.3)
    widths, middles = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    assert widths[np.abs(middles) < 1.0].max() <= 0.25 + 1e-9
    assert widths.max() > 0.7


def test_a_symmetric_domain_has_symmetric_edges():
    edges = graded_edges((-40.0, 40.0), [FineInterval(-4.5, 4.5, 0.5)], 1.25, [-0.65, 0.65])
    np.testing.assert_allclose(edges, -edges[::-1], atol=1e-9)


def test_lines_lie_in_the_middles_of_equal_parts():
    np.testing.assert_allclose(
        sample_positions(np.array([0.0, 1.0, 3.0]), 2), [0.25, 0.75, 1.5, 2.5]
    )


@pytest.mark.parametrize(("axis", "first", "second"), [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_the_axes_of_lines_go_round(axis, first, second):
    edges = (np.arange(3.0), np.arange(4.0), np.arange(6.0))
    grid = Grid(edges)
    assert grid.shape == (2, 3, 5)
    samples = line_samples(grid, axis, (1, 2, 3))
    assert samples.axis == axis
    np.testing.assert_array_equal(samples.edges, edges[axis])
    assert len(samples.first) == grid.shape[first] * (1, 2, 3)[first]
    assert len(samples.second) == grid.shape[second] * (1, 2, 3)[second]
    np.testing.assert_array_equal(samples.first_width, np.ones(grid.shape[first]))
