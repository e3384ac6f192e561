"""Closed-form media: what they refuse. Values are in tests/theory."""

import math
import subprocess
import sys

import numpy as np
import pytest

from scsim.electrodes import LineSource, PointSource
from scsim.errors import GeometryError
from scsim.fields import HomogeneousMedium, TwoHalfSpaces

UP = (0.0, 0.0, 1.0)
SIDEWAYS = (1.0, 0.0, 0.0)


def test_the_schema_loads_no_compiler():
    code = "import sys, scsim.fields, scsim.populations; assert not {'numba', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf, (0.1, 0.0, 0.1), (0.1, 0.2)])
def test_impossible_conductivities_are_refused(sigma):
    with pytest.raises(
        GeometryError, match=r"sigma_s_per_m = .* S/m: one positive number.*Tissue lies"
    ):
        HomogeneousMedium(sigma)


@pytest.mark.parametrize("sigma", [(-0.1, 1.0), (0.0, 0.0), (math.nan, 1.0)])
def test_impossible_half_spaces_are_refused(sigma):
    with pytest.raises(GeometryError, match=r"conductivities of .* S/m: both must be 0 or more"):
        TwoHalfSpaces(*sigma)


@pytest.mark.parametrize(("position", "axis"), [(0.0, "w"), (math.nan, "z")])
def test_an_impossible_plane_is_refused(position, axis):
    with pytest.raises(
        GeometryError, match=r"interface_mm = .* finite position on x, y or z\. Correct"
    ):
        TwoHalfSpaces(0.1, 0.2, position, axis)


def test_a_point_on_a_source_is_refused():
    with pytest.raises(GeometryError) as caught:
        HomogeneousMedium(0.2).unit_potential(
            [PointSource((5.0, 0.0, 0.0)), PointSource((1.0, 2.0, 3.0))], [[0, 0, 0], [1, 2, 3]]
        )
    assert "point 1 at [1.0, 2.0, 3.0] mm lies on source 1" in str(caught.value)
    assert "Move the point" in str(caught.value)


def test_a_point_inside_a_contact_is_refused_with_the_numbers():
    contact = LineSource((0.0, 0.0, 0.0), UP, 3.0, 0.65)
    with pytest.raises(GeometryError) as caught:
        HomogeneousMedium(0.2).unit_potential([contact], [[0.6, 0.0, 1.4]])
    text = str(caught.value)
    assert "lies 0.6 mm from the axis of source 0" in text
    assert "at least 0.65 mm from the axis, or beyond the ends of its 3 mm" in text


@pytest.mark.parametrize("point", [[0.65, 0.0, 0.0], [0.0, 0.0, 1.6], [0.6, 0.0, -1.51]])
def test_points_on_and_beyond_a_contact_are_answered(point):
    contact = LineSource((0.0, 0.0, 0.0), UP, 3.0, 0.65)
    assert HomogeneousMedium(0.2).unit_potential([contact], [point])[0, 0] > 0.0


def test_a_point_on_a_bare_line_is_refused():
    with pytest.raises(GeometryError, match=r"lies 0 mm from the axis of source 0"):
        TwoHalfSpaces(0.1, 0.2).unit_potential(
            [LineSource((0.0, 0.0, 2.0), SIDEWAYS, 3.0)], [[1.0, 0.0, 2.0]]
        )


def test_a_source_across_the_plane_is_refused():
    with pytest.raises(
        GeometryError, match=r"source 0 crosses the plane z = 0.5 mm: .* -0.5 to 2.5 mm"
    ):
        TwoHalfSpaces(0.1, 0.2, 0.5).unit_potential(
            [LineSource((0.0, 0.0, 1.0), UP, 3.0)], [[5.0, 0.0, 0.0]]
        )


def test_a_source_in_the_insulator_is_refused():
    with pytest.raises(
        GeometryError, match=r"source 0 at z = -1 mm lies in the insulator .* Move it"
    ):
        TwoHalfSpaces(0.25, 0.0).unit_potential([PointSource((0.0, 0.0, -1.0))], [[5.0, 0.0, 1.0]])


def test_a_source_in_the_plane_belongs_to_the_conductor():
    for medium in (TwoHalfSpaces(0.25, 0.0), TwoHalfSpaces(0.0, 0.25)):
        value = medium.unit_potential([PointSource((0.0, 0.0, 0.0))], [[2.0, 0.0, 0.0]])
        np.testing.assert_allclose(value, 1e3 / (2.0 * math.pi * 0.25 * 2.0), rtol=1e-14)


def test_no_points_and_no_sources_give_empty_tables():
    medium = HomogeneousMedium(0.2)
    assert medium.unit_potential([], np.zeros((4, 3)) + 1.0).shape == (0, 4)
    assert medium.unit_potential([PointSource((0.0, 0.0, 0.0))], np.zeros((0, 3))).shape == (1, 0)
