"""Contacts: areas, heights, and contacts that overlap or have no size."""

import math
from dataclasses import replace

import pytest

from scsim.electrodes import ArcContact, PadContact, PlateContact, RingContact
from scsim.electrodes.contacts import check_contacts, height_range_mm
from scsim.errors import GeometryError

UP = (0.0, 0.0, 1.0)
DOWN = (0.0, -1.0, 0.0)


def ring(label, z, length_mm=3.0, direction=UP):
    return RingContact(label, (0.0, 0.0, z), direction, length_mm, 0.65)


def plate(label, x, z):
    return PlateContact(label, (x, 0.0, z), UP, DOWN, 4.0, 1.5)


def arc(label, z, middle_deg, span_deg):
    return ArcContact(label, (0.0, 0.0, z), UP, 1.0, 0.85, middle_deg, span_deg)


def pad(label, z, radius_mm=25.0):
    return PadContact(label, (0.0, 0.0, z), DOWN, radius_mm)


def test_areas_are_those_of_the_shapes():
    assert ring("c1", 0.0).area_mm2 == pytest.approx(2.0 * math.pi * 0.65 * 3.0)
    assert plate("c1", 0.0, 0.0).area_mm2 == 6.0
    assert arc("c1", 0.0, 0.0, 90.0).area_mm2 == pytest.approx(math.pi / 2.0 * 0.85)
    assert pad("c1", 0.0).area_mm2 == pytest.approx(math.pi * 625.0)


@pytest.mark.parametrize(
    ("contact", "reach_mm"),
    [
        (ring("c1", 1.0), 1.5),
        (ring("c1", 1.0, direction=(1.0, 0.0, 0.0)), 0.65),
        (ring("c1", 1.0, direction=(0.0, 0.6, 0.8)), 0.8 * 1.5 + 0.6 * 0.65),
        (plate("c1", 0.0, 1.0), 2.0),
        (arc("c1", 1.0, 0.0, 90.0), 0.5),
        (pad("c1", 1.0), 25.0),
        (PadContact("c1", (0.0, 0.0, 1.0), UP, 25.0), 0.0),
    ],
)
def test_the_heights_are_those_of_the_highest_and_lowest_point(contact, reach_mm):
    assert height_range_mm(contact) == pytest.approx((1.0 - reach_mm, 1.0 + reach_mm))


@pytest.mark.parametrize(
    "contacts",
    [
        (ring("c1", 0.0), ring("c2", 3.0)),
        (plate("c1", 0.0, 0.0), plate("c2", 1.5, 0.0)),
        (plate("c1", 0.0, 0.0), plate("c2", 0.0, 4.0)),
        (arc("c1", 0.0, 45.0, 90.0), arc("c2", 0.0, 135.0, 90.0)),
        (arc("c1", 0.0, 350.0, 20.0), arc("c2", 0.0, 10.0, 20.0)),
        (arc("c1", 0.0, 90.0, 360.0), arc("c2", 1.0, 90.0, 360.0)),
        (pad("c1", 0.0), pad("c2", 50.0)),
    ],
)
def test_contacts_may_touch(contacts):
    check_contacts("test", contacts)


@pytest.mark.parametrize(
    ("contacts", "overlap"),
    [
        ((ring("c1", 0.0), ring("c2", 2.5)), "0.5 mm"),
        ((plate("c1", 0.0, 0.0), plate("c2", 1.25, 3.0)), "0.25 mm"),
        # 30 degrees of a circle of 0.85 mm
        ((arc("c1", 0.0, 45.0, 120.0), arc("c2", 0.5, 135.0, 120.0)), "0.445 mm"),
        # apart by 180 degrees, both more than half of the circle: they meet on both sides
        ((arc("c1", 0.0, 0.0, 200.0), arc("c2", 0.0, 180.0, 200.0)), "0.297 mm"),
        ((arc("c1", 0.0, 90.0, 360.0), arc("c2", 0.9, 90.0, 360.0)), "0.1 mm"),
        ((pad("c1", 0.0), pad("c2", 40.0)), "10 mm"),
    ],
)
def test_contacts_that_overlap_are_refused(contacts, overlap):
    with pytest.raises(
        GeometryError, match=rf"c1 and c2 of 'test' overlap by {overlap}\. Move them"
    ):
        check_contacts("test", contacts)


@pytest.mark.parametrize(
    ("contact", "size"),
    [
        (ring("c1", 0.0), "length_mm"),
        (ring("c1", 0.0), "radius_mm"),
        (plate("c1", 0.0, 0.0), "length_mm"),
        (plate("c1", 0.0, 0.0), "width_mm"),
        (arc("c1", 0.0, 0.0, 90.0), "length_mm"),
        (arc("c1", 0.0, 0.0, 90.0), "radius_mm"),
        (pad("c1", 0.0), "radius_mm"),
    ],
)
@pytest.mark.parametrize("value", [0.0, -3.0, math.nan, math.inf])
def test_every_size_of_a_contact_is_positive(contact, size, value):
    with pytest.raises(
        GeometryError, match=rf"contact c1: {size} = {value:g} mm; .*positive and finite.*Correct"
    ):
        replace(contact, **{size: value})


def test_two_negative_sizes_do_not_make_a_contact():
    with pytest.raises(GeometryError, match="contact c1: length_mm = -3 mm"):
        RingContact("c1", (0.0, 0.0, 0.0), UP, -3.0, -0.65)


@pytest.mark.parametrize("span_deg", [0.0, -90.0, 400.0, 720.0, math.nan, math.inf])
def test_an_arc_covers_at_most_the_circle(span_deg):
    with pytest.raises(
        GeometryError,
        match=rf"contact c1: .*span_deg = {span_deg:g} .*at most 360.* 360 for a ring",
    ):
        arc("c1", 0.0, 0.0, span_deg)
    with pytest.raises(GeometryError, match=r"middle_deg = nan degrees.*the middle finite"):
        arc("c1", 0.0, math.nan, 90.0)


@pytest.mark.parametrize(
    "contact",
    [
        ring("c1", 0.0),
        plate("c1", 0.0, 0.0),
        arc("c1", 0.0, 0.0, 90.0),
        pad("c1", 0.0),
    ],
)
def test_a_contact_has_a_place_and_a_direction(contact):
    with pytest.raises(GeometryError, match=r"c1: center_mm = .*nan.*three finite numbers"):
        replace(contact, center_mm=(0.0, 0.0, math.nan))
    name = "normal" if isinstance(contact, PadContact) else "direction"
    with pytest.raises(
        GeometryError, match=rf"c1: {name} = \(0.0, 0.0, 2.0\) has length 2: .* Divide"
    ):
        replace(contact, **{name: (0.0, 0.0, 2.0)})


def test_contacts_need_a_number_of_their_own_and_one_kind():
    with pytest.raises(GeometryError, match=r"two contacts of 'test' are called c1\. Number them"):
        check_contacts("test", [ring("c1", 0.0), ring("c1", 9.0)])
    with pytest.raises(GeometryError, match=r"'test' has no contact \(0\).*Give one"):
        check_contacts("test", [])
    with pytest.raises(GeometryError, match=r"a RingContact and a PadContact.*Make two devices"):
        check_contacts("test", [ring("c1", 0.0), pad("c2", 90.0)])
