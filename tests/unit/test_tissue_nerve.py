"""Nerves: the reference nerve, fascicles that fit, perineurium as sheet or layer."""

import math

import pytest

from scsim.errors import GeometryError
from scsim.tissue import (
    Ellipse,
    Fascicle,
    Nerve,
    Sheet,
    load_nerve,
    nerve_names,
)


def circle(center, radius):
    return Ellipse(center, (radius, radius))


def test_the_single_fascicle_is_the_nerve_of_the_reference_cuffs():
    nerve = load_nerve("single-fascicle")
    assert nerve.radius_mm == 0.75
    assert nerve.fascicles == (Fascicle((0.0, 0.0), 0.5, 0.015),)
    assert nerve.surround == "muscle"


def test_a_sheet_lies_on_the_endoneurium():
    section = load_nerve("single-fascicle").cross_section("sheet")
    assert section.outside == "muscle"
    assert [region.name for region in section.regions] == ["nerve", "endoneurium_1"]
    inner = section.region("endoneurium_1")
    assert inner.sheet == Sheet("perineurium", 0.015)
    assert inner.outline == circle((0.0, 0.0), 0.5)
    assert section.tissue_at([(0.0, 0.0), (0.51, 0.0), (0.8, 0.0)]) == [
        "endoneurium",
        "epineurium",
        "muscle",
    ]


def test_a_layer_lies_outside_the_endoneurium():
    section = load_nerve("single-fascicle").cross_section("layer")
    assert section.region("perineurium_1").outline == circle((0.0, 0.0), 0.515)
    assert section.region("endoneurium_1").sheet is None
    assert section.tissue_at([(0.507, 0.0), (0.516, 0.0)]) == ["perineurium", "epineurium"]


@pytest.mark.parametrize("name", nerve_names())
def test_every_nerve_has_its_fascicles(name):
    nerve = load_nerve(name)
    count = {"single": 1, "three": 3, "six": 6}[name.split("-", maxsplit=1)[0]]
    assert len(nerve.fascicles) == count
    middles = [fascicle.center_mm for fascicle in nerve.fascicles]
    assert nerve.cross_section("layer").tissue_at(middles) == ["endoneurium"] * count
    assert len(nerve.cross_section("layer").regions) == 1 + 2 * count


@pytest.mark.parametrize("name", ["three-fascicle", "six-fascicle"])
def test_the_perineurium_is_three_percent_of_the_diameter(name):
    for fascicle in load_nerve(name).fascicles:
        assert fascicle.perineurium_mm == pytest.approx(0.03 * 2.0 * fascicle.radius_mm)


def test_a_lead_lies_beside_the_nerve():
    nerve = load_nerve("single-fascicle")
    assert nerve.axis_beside(0.65, 0.2) == pytest.approx((0.0, 1.6))
    assert nerve.axis_beside(0.1, 0.5, angle_deg=0.0) == pytest.approx((1.35, 0.0))
    with pytest.raises(
        GeometryError, match=r"gap_mm = -0.1 mm .*0.01 mm are needed\. Make it larger"
    ):
        nerve.axis_beside(0.65, -0.1)


def test_equal_numbers_are_equal_nerves():
    fascicles = (Fascicle((0.0, 0.0), 0.5, 0.015),)
    assert Nerve("a", "A", 0.75, fascicles) == Nerve("b", "B", 0.75, fascicles, sources=("c",))


@pytest.mark.parametrize(
    ("radius_mm", "perineurium_mm"), [(0.0, 0.01), (-0.5, 0.01), (0.5, 0.0), (math.nan, 0.01)]
)
def test_an_impossible_fascicle_is_refused(radius_mm, perineurium_mm):
    with pytest.raises(
        GeometryError, match=rf"radius_mm = {radius_mm:g} mm .* {perineurium_mm:g} mm.*Correct"
    ):
        Fascicle((0.0, 0.0), radius_mm, perineurium_mm)


@pytest.mark.parametrize(
    ("radius_mm", "fascicles", "message"),
    [
        (0.75, (), r"'test' has no fascicle \(0\).*Give one"),
        (
            0.75,
            (Fascicle((0.3, 0.0), 0.5, 0.015),),
            r"fascicle 1 of 'test' reaches 0.815 mm .*radius_mm = 0.75 mm.*Move it inward",
        ),
        (math.nan, (Fascicle((0.0, 0.0), 0.5, 0.015),), r"radius_mm = nan mm"),
        (
            2.0,
            (Fascicle((-0.5, 0.0), 0.5, 0.015), Fascicle((0.5, 0.0), 0.5, 0.015)),
            r"fascicles 1 and 2 of 'test' have -0.03 mm between .*0.01 mm.*Move them apart",
        ),
    ],
)
def test_fascicles_that_do_not_fit_are_refused(radius_mm, fascicles, message):
    with pytest.raises(GeometryError, match=message):
        Nerve("test", "Test", radius_mm, fascicles)


def test_an_unknown_nerve_is_refused_with_the_nearest():
    with pytest.raises(GeometryError, match=r"no nerve 'six-fasicle'.*mean 'six-fascicle'"):
        load_nerve("six-fasicle")
    with pytest.raises(
        GeometryError, match=r"no nerve 'x'; nerves are single-fascicle, .*Choose one"
    ):
        load_nerve("x")
