"""Contacts: areas, heights, and contacts that overlap or have no size."""

import math

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


@pytest.mark.parametrize("length_mm", [0.0, -3.0, math.nan, math.inf])
def test_a_contact_without_size_is_refused(length_mm):
    with pytest.raises(GeometryError, match=r"contact c1 of 'test' has an area of .* mm².*Correct"):
        check_contacts("test", [ring("c1", 0.0, length_mm)])


def test_contacts_need_a_number_of_their_own_and_one_kind():
    with pytest.raises(GeometryError, match=r"two contacts of 'test' are called c1\. Number them"):
        check_contacts("test", [ring("c1", 0.0), ring("c1", 9.0)])
    with pytest.raises(GeometryError, match=r"'test' has no contact \(0\).*Give one"):
        check_contacts("test", [])
    with pytest.raises(GeometryError, match=r"a RingContact and a PadContact.*Make two devices"):
        check_contacts("test", [ring("c1", 0.0), pad("c2", 90.0)])
