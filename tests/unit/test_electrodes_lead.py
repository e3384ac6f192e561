"""Leads in space: placing, turning, bending, what is modelled, and the sources that stand for contacts."""

import dataclasses
import itertools
import math

import pytest

from scsim.electrodes import (
    ArcContact,
    Cuff,
    Disc,
    LeadSection,
    LineSource,
    Paddle,
    PlateContact,
    PointSource,
    RingContact,
    bend_lead,
    contact_sources,
    lateral_positions_mm,
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
    with pytest.raises(
        GeometryError, match=r"no lead 'x'; leads are cuff-bipolar.*percutaneous-4.*Choose one"
    ):
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


UP = (0.0, 0.0, 1.0)


def test_a_lead_along_z_is_a_disc():
    lead = place_lead(load_lead("percutaneous-8"), (1.0, 7.9, 3.0))
    assert lead.body == Disc((1.0, 7.9), 0.65)
    inside = lead.contains([(1.0, 7.9, 900.0), (1.6, 7.9, 0.0), (1.7, 7.9, 0.0)])
    assert inside.tolist() == [True, True, False]


def test_parallel_leads_are_counted_through():
    section = LeadSection(n_leads=3, lead_spacing_mm=2.5, lateral_mm=0.5)
    positions = lateral_positions_mm(section)
    assert positions == (-2.0, 0.5, 3.0)
    second = place_lead(load_lead("percutaneous-4"), (0.5, 8.0, 0.0), first_contact=5)
    assert second.labels == ("c5", "c6", "c7", "c8")
    assert lateral_positions_mm(LeadSection(lateral_mm=-1.0)) == (-1.0,)
    assert LeadSection().lead_spacing_mm == 3.0


def test_a_turned_paddle_looks_along_its_turn():
    paddle = place_lead(load_lead("paddle-3-column"), (2.0, 8.0, 1.0), turn_deg=-10.0)
    angle = math.radians(-10.0)
    assert paddle.turn_deg == -10.0
    assert paddle.center_mm == (2.0, 8.0, 1.0)
    for contact in paddle.contacts:
        assert contact.normal == pytest.approx((math.sin(angle), -math.cos(angle), 0.0))
        assert contact.direction == UP
        # The metal lies on the face: half the thickness from the middle, along the normal.
        along, out = paddle.body.to_body(contact.center_mm[:2])
        assert out == pytest.approx(-paddle.thickness_mm / 2.0)
        assert min(abs(along - x) for x, _ in paddle.body.columns_mm) < 1e-9
    assert [x for x, _ in paddle.body.columns_mm] == pytest.approx([-2.5, 0.0, 2.5])
    held = paddle.contains([(2.0, 8.0, 50.0), (2.0, 8.7, 0.0), (2.0 + 3.6, 8.0, 0.0)])
    assert held.tolist() == [True, False, False]


def test_a_turned_cuff_turns_its_arcs():
    cuff = place_lead(load_lead("cuff-bipolar-partial"), (0.1, 0.0, 5.0), turn_deg=45.0)
    assert [contact.middle_deg for contact in cuff.contacts] == [135.0, 135.0]
    assert cuff.center_mm == (0.1, 0.0, 5.0)
    assert cuff.span_mm == (2.0, 8.0)
    held = cuff.contains([(1.1, 0.0, 5.0), (0.1, 0.0, 5.0), (1.1, 0.0, 9.1)])
    assert held.tolist() == [True, False, False]


def test_turned_pads_look_along_their_turn():
    pads = place_lead(load_lead("pads-2-disk"), (0.0, 20.0, 0.0), turn_deg=90.0)
    assert pads.contacts[0].normal == pytest.approx((1.0, 0.0, 0.0))
    assert pads.contacts[0].center_mm == (0.0, 20.0, -50.0)


def test_a_turn_that_is_not_finite_is_refused():
    with pytest.raises(GeometryError, match=r"turn_deg = nan degrees is not finite\. Write 0"):
        place_lead(load_lead("paddle-3-column"), (0.0, 0.0, 0.0), turn_deg=math.nan)


def test_a_tilted_lead_keeps_the_distances_of_its_contacts():
    lead = bend_lead(load_lead("percutaneous-8"), [(0.0, 0.0, -40.0), (0.0, 36.0, 8.0)])
    for contact in lead.contacts:
        assert contact.direction == pytest.approx((0.0, 0.6, 0.8))
    centers = [contact.center_mm for contact in lead.contacts]
    steps = [math.dist(a, b) for a, b in itertools.pairwise(centers)]
    assert steps == pytest.approx([7.0] * 7)
    middle = [(a + b) / 2.0 for a, b in zip(centers[3], centers[4], strict=True)]
    assert middle == pytest.approx([0.0, 18.0, -16.0])
    assert lead.contains([(0.0, 18.0, -16.0), (0.7, 18.0, -16.0)]).tolist() == [True, False]
    assert lead.contains([(0.0, 36.0, 8.6), (0.0, 36.5, 8.6)]).tolist() == [True, False]
    with pytest.raises(
        GeometryError, match=r"'percutaneous-8' follows a path of 2 points.*along z"
    ):
        _ = lead.body
    with pytest.raises(GeometryError, match=r"'percutaneous-8' follows a path of 2 .*bend_lead"):
        place_lead(lead, (0.0, 0.0, 0.0))


def test_a_lead_on_an_arc_follows_it():
    radius = 100.0
    angles = [math.radians(a) for a in range(-40, 41)]
    path = [(0.0, radius * math.cos(a), radius * math.sin(a)) for a in angles]
    lead = bend_lead(load_lead("percutaneous-8"), path)
    for contact in lead.contacts:
        _, y, z = contact.center_mm
        # The path is a polygon of one-degree steps: it departs from the arc by R (1 − cos 0.5°).
        assert math.hypot(y, z) == pytest.approx(radius, abs=radius * (1 - math.cos(math.pi / 360)))
        # Tangent of the arc, within half of the polygon's corner of one degree.
        along = (contact.direction[1] * -z + contact.direction[2] * y) / math.hypot(y, z)
        assert along >= math.cos(math.radians(0.5)) - 1e-12


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ([(0.0, 0.0, 0.0)], r"a path of 1 points .*at least two"),
        ([(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)], r"a path of 2 points .*none twice"),
        (
            [(0.0, 0.0, -20.0), (0.0, 0.0, 20.0)],
            r"a path of 40 mm is too short .* span 52 mm.*longer",
        ),
        ([(0.0, 0.0, -20.0), (0.0, math.nan, 20.0)], r"path_mm\[1\] = .*three finite numbers"),
    ],
)
def test_a_path_that_does_not_hold_the_contacts_is_refused(path, message):
    with pytest.raises(GeometryError, match=message):
        bend_lead(load_lead("percutaneous-8"), path)


def arcs(z, length_mm=1.0):
    return (ArcContact("c1", (0.0, 0.0, z), UP, length_mm, 0.85),)


@pytest.mark.parametrize(
    ("sizes", "contacts", "message"),
    [
        (
            (0.85, 0.85, 8.0),
            arcs(0.0),
            r"inner_radius_mm = 0.85 mm and .* 0.85 mm.*outer radius larger",
        ),
        ((-1.0, 1.35, 8.0), arcs(0.0), r"inner_radius_mm = -1 mm"),
        ((0.85, 1.35, 8.0), arcs(3.6), r"reach 4.1 mm .*length_mm = 8 mm long.*longer than 8.2 mm"),
    ],
)
def test_an_impossible_cuff_is_refused(sizes, contacts, message):
    with pytest.raises(GeometryError, match=message):
        Cuff("test", "Test", contacts, *sizes)


@pytest.mark.parametrize(
    "wrong",
    [
        ArcContact("bad", (0.0, 0.0, 0.0), UP, 1.0, 0.8),
        ArcContact("bad", (0.1, 0.0, 0.0), UP, 1.0, 0.85),
        ArcContact("bad", (0.0, 0.0, 0.0), (0.6, 0.0, 0.8), 1.0, 0.85),
        RingContact("bad", (0.0, 0.0, 0.0), UP, 1.0, 0.85),
        PlateContact("bad", (0.0, 0.0, 0.0), UP, (0.0, -1.0, 0.0), 4.0, 1.5),
    ],
)
def test_contacts_of_a_cuff_lie_on_its_wall(wrong):
    with pytest.raises(
        GeometryError, match=r"bad is no ring or arc .*'test', at a radius of 0.85 mm.* ArcContact"
    ):
        Cuff("test", "Test", (wrong,), 0.85, 1.35, 8.0)


@pytest.mark.parametrize("radius_mm", [0.6, 0.0, -0.65, math.nan])
def test_rings_lie_in_the_surface_of_their_lead(radius_mm):
    lead = load_lead("percutaneous-8")
    with pytest.raises(
        GeometryError,
        match=rf"c1 of .* = 0.65 mm, the body radius_mm = {radius_mm:g} mm\. Make them",
    ):
        dataclasses.replace(lead, radius_mm=radius_mm)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center_mm": (0.3, 0.4, 24.5)}, r"lies 0.5 mm off the axis of the first"),
        (
            {"direction": (0.6, 0.0, 0.8)},
            r"along \(0.6, 0.0, 0.8\); .* Give path_mm, or use bend_lead",
        ),
    ],
)
def test_contacts_of_a_straight_lead_have_one_axis(change, message):
    lead = load_lead("percutaneous-8")
    last = dataclasses.replace(lead.contacts[-1], **change)
    with pytest.raises(GeometryError, match=rf"c8 of the lead 'percutaneous-8' .*{message}"):
        dataclasses.replace(lead, contacts=(*lead.contacts[:-1], last))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thickness_mm": 0.0}, r"thickness_mm = 0 mm.*thicker than 0.*Correct it"),
        ({"width_mm": math.nan}, r"width_mm = nan mm\. Make the body wider"),
    ],
)
def test_an_impossible_paddle_is_refused(change, message):
    with pytest.raises(GeometryError, match=message):
        dataclasses.replace(load_lead("paddle-3-column"), **change)


def test_contacts_beyond_the_face_of_a_paddle_are_refused():
    contact = PlateContact("c1", (2.0, -0.5, 0.0), UP, (0.0, -1.0, 0.0), 4.0, 1.5)
    with pytest.raises(
        GeometryError, match=r"reach 2.75 mm .*width_mm = 5 mm\. Make the body wider"
    ):
        Paddle("test", "Test", (contact,), (0.0, 0.0, 0.0), 5.0, 1.0)


def test_the_name_of_a_device_does_not_matter_for_equality():
    lead = load_lead("percutaneous-8")
    assert dataclasses.replace(lead, name="other", title="Other", sources=("x",)) == lead
    assert dataclasses.replace(lead, contacts=lead.contacts[:-1]) != lead
