"""Cross-sections: ellipses, polygons, distances and which tissue lies where."""

import math

import numpy as np
import pytest

from scsim.errors import GeometryError
from scsim.tissue import CrossSection, Ellipse, Polygon, Region, Sheet

SQUARE = Polygon(((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)))


@pytest.mark.parametrize("turn_deg", [0.0, 30.0, -75.0])
def test_points_of_an_ellipse_lie_on_it_and_run_counterclockwise(turn_deg):
    ellipse = Ellipse((1.0, -2.0), (4.0, 1.5), turn_deg)
    points = ellipse.polygon()
    np.testing.assert_allclose(ellipse.level(points), 1.0, rtol=1e-13)
    np.testing.assert_allclose(points[0], points[-1], atol=1e-14)
    x, y = (points[:-1] - ellipse.center_mm).T
    turning = x * np.roll(y, -1) - y * np.roll(x, -1)
    assert (turning > 0.0).all()


def test_a_turn_goes_from_left_to_dorsal():
    tip = Ellipse((0.0, 0.0), (4.0, 1.0), 90.0).points([0.0])[0]
    np.testing.assert_allclose(tip, [0.0, 4.0], atol=1e-15)


@pytest.mark.parametrize(
    "ellipse",
    [
        Ellipse((0.0, 0.0), (8.3, 7.1)),
        Ellipse((0.5, -1.0), (6.0, 2.0), 35.0),
        Ellipse((0.0, 0.0), (2.0, 2.0)),
        Ellipse((0.0, 0.0), (3.0, 9.0)),
    ],
    ids=repr,
)
def test_the_distance_is_that_of_the_nearest_point(ellipse):
    rng = np.random.default_rng(5)
    points = rng.uniform(-12.0, 12.0, (60, 2))
    n_points = 20_001
    curve = ellipse.polygon(n_points)
    sampled = np.sqrt(((points[:, None] - curve[None]) ** 2).sum(axis=2)).min(axis=1)
    distance = np.abs(ellipse.distance_mm(points))
    # The nearest of finitely many points is at most half their spacing h from the foot, so it is no nearer
    # and at most sqrt(d² + h²) − d, which is at most h, farther.
    half_spacing = math.pi * max(ellipse.half_axes_mm) / (n_points - 1)
    assert (distance <= sampled + 1e-9).all()
    assert (sampled <= np.hypot(distance, half_spacing) + 1e-6).all()
    np.testing.assert_array_equal(ellipse.distance_mm(points) < 0.0, ellipse.contains(points))


def test_distances_from_middle_and_axes_are_known():
    ellipse = Ellipse((0.0, 0.0), (9.0, 3.0))
    distance = ellipse.distance_mm([(0.0, 0.0), (9.0, 0.0), (0.0, 3.0), (0.0, 8.0), (12.0, 0.0)])
    np.testing.assert_allclose(distance, [-3.0, 0.0, 0.0, 5.0, 3.0], atol=1e-9)


@pytest.mark.parametrize(
    ("half_axes", "text"),
    [((0.0, 1.0), r"\(0.0, 1.0\) mm"), ((-2.0, 1.0), r"-2.0"), ((math.nan, 1.0), r"nan")],
)
def test_an_impossible_ellipse_is_refused(half_axes, text):
    with pytest.raises(GeometryError, match=rf"{text}.* positive\. Correct them"):
        Ellipse((0.0, 0.0), half_axes)


@pytest.mark.parametrize(
    "vertices",
    [
        ((0.0, 0.0), (1.0, 0.0)),
        ((0.0, 0.0), (0.0, 2.0), (2.0, 0.0)),  # clockwise
        ((0.0, 0.0), (1.0, 0.0), (math.inf, 1.0)),
    ],
)
def test_an_impossible_polygon_is_refused(vertices):
    with pytest.raises(
        GeometryError, match=rf"polygon of {len(vertices)} vertices.*reverse their order"
    ):
        Polygon(vertices)


def test_a_polygon_with_a_notch_holds_what_is_inside():
    notched = Polygon(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)))
    inside = notched.contains([(2.0, 0.5), (2.0, 2.0), (0.5, 2.5), (3.5, 2.5), (5.0, 1.0)])
    assert inside.tolist() == [True, False, True, True, False]
    np.testing.assert_array_equal(SQUARE.polygon()[0], SQUARE.polygon()[-1])


def test_the_innermost_region_gives_the_tissue():
    section = CrossSection(
        "test",
        "soft_tissue",
        (
            Region("outer", "csf", Ellipse((0.0, 0.0), (5.0, 5.0))),
            Region(
                "inner",
                "white_matter",
                Ellipse((0.0, 0.0), (3.0, 3.0)),
                sheet=Sheet("dura", 0.3),
            ),
            Region("square", "gray_matter", SQUARE),
        ),
    )
    assert section.tissue_at([(9.0, 0.0), (4.0, 0.0), (-1.0, 0.0), (1.0, 1.0)]) == [
        "soft_tissue",
        "csf",
        "white_matter",
        "gray_matter",
    ]
    assert section.tissues() == ("soft_tissue", "csf", "dura", "white_matter", "gray_matter")
    assert section.region("inner").sheet == Sheet("dura", 0.3)
    with pytest.raises(KeyError):
        section.region("nowhere")


def test_the_name_of_a_section_does_not_matter_for_equality():
    assert CrossSection("one", "csf", ()) == CrossSection("other", "csf", ())
    assert CrossSection("one", "csf", ()) != CrossSection("one", "fat", ())
