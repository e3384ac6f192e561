"""Leads: numbers from the tables, placing, and the sources that stand for contacts."""

import math

import pytest

from scsim.electrodes import (
    LeadSection,
    LineSource,
    PointSource,
    contact_sources,
    lead_names,
    load_lead,
    place_lead,
)
from scsim.errors import GeometryError


def test_the_eight_contact_lead_has_the_geometry_of_its_name():
    lead = load_lead("percutaneous-8")
    assert lead.labels == ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")
    heights = [contact.center_mm[2] for contact in lead.contacts]
    assert heights == [-24.5, -17.5, -10.5, -3.5, 3.5, 10.5, 17.5, 24.5]
    assert lead.span_mm == (-26.0, 26.0)
    assert lead.radius_mm == 0.65


def test_the_area_of_a_contact_is_that_of_its_ring():
    contact = load_lead("percutaneous-8").contacts[0]
    assert contact.area_mm2 == pytest.approx(12.25, abs=0.005)  # 3 mm long, 1.3 mm across


@pytest.mark.parametrize("name", lead_names())
def test_every_lead_is_counted_from_caudal_and_centered(name):
    lead = load_lead(name)
    heights = [contact.center_mm[2] for contact in lead.contacts]
    assert heights == sorted(heights)
    assert sum(heights) == pytest.approx(0.0, abs=1e-12)
    assert lead.labels[0] == "c1"
    assert len(lead.contacts) == int(name.rpartition("-")[2])


def test_placing_moves_every_contact_and_nothing_else():
    lead = place_lead(load_lead("percutaneous-4"), (1.0, 7.9, 3.0))
    assert [c.center_mm for c in lead.contacts] == [
        (1.0, 7.9, -10.5),
        (1.0, 7.9, -1.5),
        (1.0, 7.9, 7.5),
        (1.0, 7.9, 16.5),
    ]
    assert lead.span_mm == (-12.0, 18.0)


def test_a_contact_becomes_a_line_on_the_axis():
    sources = contact_sources(place_lead(load_lead("percutaneous-8"), (0.0, 7.95, 0.0)), "line")
    assert sources[3] == LineSource((0.0, 7.95, -3.5), (0.0, 0.0, 1.0), 3.0, 0.65)


def test_the_default_gap_is_that_of_the_table():
    assert LeadSection().dura_gap_mm == 0.2


def test_an_unknown_lead_is_refused_with_the_nearest():
    with pytest.raises(
        GeometryError, match=r"no lead 'percutaneus-8'.*Did you mean 'percutaneous-8'"
    ):
        load_lead("percutaneus-8")
    with pytest.raises(GeometryError, match=r"no lead 'x'; leads are percutaneous-4.*Choose one"):
        load_lead("x")


def test_an_unknown_contact_model_is_refused():
    with pytest.raises(GeometryError, match=r"contact_model = 'disk'.*Use 'line'"):
        contact_sources(load_lead("percutaneous-8"), "disk")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_place_that_is_not_finite_is_refused(bad):
    with pytest.raises(
        GeometryError, match=r"axis_point_mm = .*three finite numbers.*Give x, y and z"
    ):
        place_lead(load_lead("percutaneous-8"), (0.0, bad, 0.0))
    with pytest.raises(GeometryError, match=r"position_mm = .*three finite numbers"):
        PointSource((bad, 0.0, 0.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.0, 0.0, 0.0), (0.0, 0.0, 2.0), 3.0), r"has length 2: .*Divide it by its length"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.0), r"length_mm = 0 mm: .*Use PointSource"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), math.nan), r"length_mm = nan mm"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 3.0, -0.1), r"radius_mm = -0.1 mm: .*Use 0"),
        (((0.0, 0.0), (0.0, 0.0, 1.0), 3.0), r"center_mm = \(0.0, 0.0\): three finite numbers"),
    ],
)
def test_an_impossible_line_is_refused(arguments, message):
    with pytest.raises(GeometryError, match=message):
        LineSource(*arguments)
