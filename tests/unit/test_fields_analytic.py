"""Closed-form media: what they refuse. Values are in tests/theory."""

import math
import subprocess
import sys

import numpy as np
import pytest

from scsim.electrodes import (
    ArcContact,
    LineSource,
    PadContact,
    PlateContact,
    PointSource,
    RingContact,
)
from scsim.electrodes.sources import DiskSource
from scsim.errors import GeometryError
from scsim.fields import HomogeneousMedium, TwoHalfSpaces
from scsim.fields.closed_form.analytic import InsulatedHalfSpace

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


CONTACTS = [
    RingContact("c1", (0.0, 0.0, 0.0), UP, 3.0, 0.65),
    PlateContact("c2", (0.0, 0.0, 0.0), UP, SIDEWAYS, 4.0, 2.0),
    ArcContact("c3", (0.0, 0.0, 0.0), UP, 1.0, 0.85),
]
PAD = PadContact("p1", (0.0, 0.0, 0.0), UP, 5.0)


@pytest.mark.parametrize("medium", [HomogeneousMedium(0.2), TwoHalfSpaces(0.1, 0.2)])
@pytest.mark.parametrize("source", [*CONTACTS, PAD, DiskSource((0.0, 0.0, 0.0), UP, 5.0)])
def test_media_of_points_and_lines_refuse_all_else(medium, source):
    with pytest.raises(GeometryError) as caught:
        medium.unit_potential([PointSource((9.0, 0.0, 0.0)), source], [[1.0, 2.0, 3.0]])
    name = type(source).__name__ + ("" if isinstance(source, DiskSource) else f" {source.label!r}")
    assert f"{name}: this medium knows points and lines only" in str(caught.value)
    assert "Use contact_sources(lead)" in str(caught.value)


@pytest.mark.parametrize("source", CONTACTS)
def test_a_half_space_with_pads_refuses_other_contacts(source):
    with pytest.raises(
        GeometryError,
        match=rf"'{source.label}': this medium knows disks .* contact_sources\(lead\)",
    ):
        InsulatedHalfSpace(0.2).unit_potential([source], [[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_half_space_with_pads_is_refused(sigma):
    with pytest.raises(GeometryError, match=r"sigma_s_per_m = .* S/m: one positive, .*Tissue lies"):
        InsulatedHalfSpace(sigma)


def test_an_unknown_contact_model_is_refused():
    with pytest.raises(
        GeometryError, match=r"contact_model = 'line': pads are known .* Choose one"
    ):
        InsulatedHalfSpace(0.2, contact_model="line")


def test_a_normal_that_is_no_direction_is_refused():
    with pytest.raises(
        GeometryError, match=r"normal = .* has length 2: .* Divide it by its length"
    ):
        InsulatedHalfSpace(0.2, normal=(0.0, 0.0, 2.0))


def test_a_point_above_the_skin_is_refused():
    with pytest.raises(
        GeometryError, match=r"point 1 at .* lies 0.5 mm outside the tissue, .* turn the normal"
    ):
        InsulatedHalfSpace(0.2).unit_potential([PAD], [[0.0, 0.0, 0.0], [0.0, 1.0, -0.5]])


@pytest.mark.parametrize(
    "pad",
    [
        PadContact("p1", (0.0, 0.0, 1.0), UP, 5.0),
        PadContact("p1", (0.0, 0.0, 0.0), (0.0, 0.0, -1.0), 5.0),
        PadContact("p1", (0.0, 0.0, 0.0), SIDEWAYS, 5.0),
    ],
)
def test_a_pad_off_the_skin_is_refused(pad):
    with pytest.raises(
        GeometryError, match=r"PadContact 'p1' at .* does not lie in .* Move or turn"
    ):
        InsulatedHalfSpace(0.2).unit_potential([pad], [[0.0, 0.0, 1.0]])


def test_a_line_out_of_the_skin_is_refused():
    with pytest.raises(
        GeometryError, match=r"LineSource at .* reaches 0.5 mm out of .* Move it into"
    ):
        InsulatedHalfSpace(0.2).unit_potential(
            [LineSource((0.0, 0.0, 1.0), UP, 3.0)], [[5.0, 0.0, 1.0]]
        )


def test_a_point_in_a_contact_below_the_skin_is_refused():
    with pytest.raises(GeometryError, match=r"0.2 mm from the axis of source 0 .* Move the point"):
        InsulatedHalfSpace(0.2).unit_potential(
            [LineSource((0.0, 0.0, 9.0), UP, 3.0, 0.65)], [[0.2, 0.0, 9.0]]
        )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"radius_mm": 0.0}, r"radius_mm = 0 mm: .* Use PointSource"),
        ({"radius_mm": math.inf}, r"radius_mm = inf mm: a disk must have a positive"),
        ({"normal": (0.0, 1.0, 1.0)}, r"normal = .* has length 1.41421: .* Divide it"),
        (
            {"center_mm": (0.0, math.nan, 0.0)},
            r"center_mm = .*: three finite numbers.* Give x, y and z",
        ),
        ({"density": "even"}, r"density = 'even': .* 'equipotential' and 'uniform'. Choose"),
    ],
)
def test_impossible_disks_are_refused(change, text):
    whole = {"center_mm": (0.0, 0.0, 0.0), "normal": UP, "radius_mm": 5.0}
    with pytest.raises(GeometryError, match=text):
        DiskSource(**(whole | change))
