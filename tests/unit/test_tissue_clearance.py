"""Where devices can lie in the canal: seats on the dura, distances, encapsulation."""

import re

import numpy as np
import pytest

from scsim.electrodes import Disc, Slab
from scsim.errors import GeometryError
from scsim.tissue import Ellipse, Polygon, SpineSection, check_bodies, dorsal_seat, load_spine
from scsim.tissue.clearance import LEAST_GAP_MM, encapsulation_outline

RADIUS_MM = 0.65


@pytest.fixture(scope="module")
def spine():
    return load_spine(SpineSection())


def lead(spine, gap_mm=0.2, lateral_mm=0.0):
    seat = dorsal_seat(spine, RADIUS_MM, gap_mm, lateral_mm)
    return Disc((seat.x_mm, seat.y_mm), RADIUS_MM)


def paddle(spine, gap_mm=0.2, lateral_mm=0.0, width_mm=7.5, thickness_mm=1.2):
    seat = dorsal_seat(spine, thickness_mm / 2.0, gap_mm, lateral_mm)
    return Slab((seat.x_mm, seat.y_mm), width_mm, thickness_mm, ((0.0, 1.0),), seat.turn_deg)


@pytest.mark.parametrize("lateral_mm", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_a_paddle_lies_along_the_dura_at_the_gap(spine, lateral_mm):
    body = paddle(spine, 0.2, lateral_mm)
    face = np.linspace(body.corners_mm[0], body.corners_mm[1], 4001)
    dura = Ellipse((0.0, 0.0), spine.dura_outer_half_axes_mm)
    distance = dura.distance_mm(face)
    # Neighboring points of the face are 7.5 / 4000 mm apart; near the foot the distance grows by
    # s² / 2R, which is below 1e-7 mm there.
    assert distance.min() == pytest.approx(0.2, abs=1e-7)
    assert abs(np.argmin(distance) - 2000) <= 1
    assert body.center_mm[0] == lateral_mm
    assert np.sign(body.turn_deg) == -np.sign(lateral_mm)


def test_seats_mirror(spine):
    left, right = dorsal_seat(spine, 0.6, 0.2, 1.3), dorsal_seat(spine, 0.6, 0.2, -1.3)
    assert (left.x_mm, left.y_mm, left.turn_deg) == (-right.x_mm, right.y_mm, -right.turn_deg)


def test_a_seat_beside_the_dura_is_refused(spine):
    with pytest.raises(GeometryError, match=r"lateral_mm = -9.2 mm .* -9.15 and 9.15 mm\. Move"):
        dorsal_seat(spine, RADIUS_MM, 0.2, -9.2)


def test_bodies_that_fit_pass(spine):
    check_bodies(spine, [lead(spine)])
    check_bodies(spine, [lead(spine, lateral_mm=-1.5), lead(spine, lateral_mm=1.5)], 0.15)
    check_bodies(spine, [paddle(spine, lateral_mm=1.0)], 0.1)
    check_bodies(spine, [lead(spine, gap_mm=LEAST_GAP_MM)])


@pytest.mark.parametrize(
    ("body", "thickness_mm", "message"),
    [
        (Disc((0.0, 7.65), 0.65), 0.0, r"lead 1 reaches 0.1 mm beyond the outer dura; 0.01 mm are"),
        (
            Disc((0.0, 0.0), 0.65),
            0.0,
            r"lead 1 reaches 7.75 mm beyond the outer dura.*Make dura_gap",
        ),
        (
            Disc((0.0, 9.0), 0.65),
            0.0,
            r"lead 1 reaches 0.15 mm beyond the wall of the canal.*smaller",
        ),
        (Disc((0.0, 12.0), 0.65), 0.0, r"lead 1 reaches 3.15 mm beyond the wall"),
        (
            Disc((0.0, 7.95), 0.65),
            0.3,
            r"lead 1 is 0.2 mm from the outer dura; 0.31 mm are needed, 0.3",
        ),
        (
            Disc((0.0, 7.75), 0.65),
            0.0,
            r"lead 1 is 0 mm from the outer dura.* larger by 0.01 mm\.$",
        ),
    ],
)
def test_a_lead_that_crosses_dura_or_bone_is_refused(spine, body, thickness_mm, message):
    with pytest.raises(GeometryError, match=message):
        check_bodies(spine, [body], thickness_mm)


def test_the_remedy_for_a_thick_encapsulation_works(spine):
    with pytest.raises(
        GeometryError, match=r"dura_gap_mm larger by 0.11 mm, or make encapsulation_mm smaller"
    ):
        spine.cross_section([lead(spine)], 0.3)
    section = spine.cross_section([lead(spine, gap_mm=0.2 + 0.11)], 0.3)
    assert section.region("encapsulation_1").tissue == "encapsulation"


def test_a_paddle_whose_edges_meet_the_bone_is_refused(spine):
    with pytest.raises(GeometryError, match=r"lead 1 reaches .* beyond the wall of the canal"):
        check_bodies(spine, [paddle(spine, width_mm=12.0)])


@pytest.mark.parametrize(
    ("spacing_mm", "text"),
    [
        (1.4, r"leads 1 and 2 are 0.1\d* mm apart; they need 0.31 mm"),
        (1.0, r"leads 1 and 2 are crossing each other"),
    ],
)
def test_leads_too_near_to_each_other_are_refused(spine, spacing_mm, text):
    both = [lead(spine, lateral_mm=side * spacing_mm / 2.0) for side in (-1.0, 1.0)]
    with pytest.raises(GeometryError, match=rf"{text}.*lead_spacing_mm larger by at least"):
        check_bodies(spine, both, 0.15)


def test_a_lead_inside_a_paddle_is_refused(spine):
    flat = paddle(spine)
    # The farthest corner of the paddle is √(3.75² + 0.6²) = 3.798 mm from its middle.
    with pytest.raises(
        GeometryError,
        match=r"leads 1 and 2 are crossing.*7.5 mm and 0.2 mm wide: make lead_spacing_mm.*at least 3.91 mm",
    ):
        check_bodies(spine, [flat, Disc(flat.center_mm, 0.1)])


@pytest.mark.parametrize("spacing_mm", [0.5, 2.0, 3.0])
@pytest.mark.parametrize("encapsulation_mm", [0.0, 0.1])
def test_the_spacing_named_for_paddles_that_cross_suffices(spine, spacing_mm, encapsulation_mm):
    def pair(spacing_mm):
        sides = (-0.5 * spacing_mm, 0.5 * spacing_mm)
        return [paddle(spine, 0.2, x, width_mm=3.5, thickness_mm=1.0) for x in sides]

    with pytest.raises(
        GeometryError, match=r"1 and 2 are crossing each other; they need"
    ) as caught:
        check_bodies(spine, pair(spacing_mm), encapsulation_mm)
    text = str(caught.value)
    assert "Their bodies are 3.5 mm and 3.5 mm wide" in text
    named_mm = float(re.search(r"at least (\S+) mm\.$", text)[1])
    # No wider than the diagonal of the bodies, the distance needed and the rounding.
    assert 3.5 < named_mm <= np.hypot(3.5, 1.0) + 2.0 * encapsulation_mm + 0.02
    check_bodies(spine, pair(named_mm), encapsulation_mm)


@pytest.mark.parametrize("thickness_mm", [-0.1, float("nan")])
def test_an_impossible_encapsulation_is_refused(spine, thickness_mm):
    with pytest.raises(GeometryError, match=r"encapsulation_mm = .*0 or more.*Write 0"):
        spine.cross_section([lead(spine)], thickness_mm)


def test_encapsulation_surrounds_each_body(spine):
    bodies = [lead(spine, lateral_mm=-3.0), lead(spine, lateral_mm=0.0)]
    section = spine.cross_section(bodies, 0.1)
    for number, body in enumerate(bodies, start=1):
        outline = section.region(f"encapsulation_{number}").outline
        assert outline == Ellipse(body.center_mm, (0.75, 0.75))
        x, y = body.center_mm
        assert section.tissue_at([(x + 0.7, y)]) == ["encapsulation"]
    assert spine.cross_section(bodies).regions == spine.cross_section().regions


@pytest.mark.parametrize("turn_deg", [0.0, 17.0])
def test_the_encapsulation_of_a_paddle_is_nowhere_thicker_than_asked(turn_deg):
    body = Slab((1.0, 8.0), 6.0, 1.0, (), turn_deg)
    outline = encapsulation_outline(body, 0.2)
    assert isinstance(outline, Polygon)
    corners, points = np.array(body.corners_mm), np.array(outline.vertices_mm)
    assert len(points) == 12
    nearest = np.sqrt(((points[:, None] - corners[None]) ** 2).sum(axis=2)).min(axis=1)
    np.testing.assert_allclose(nearest, 0.2, rtol=1e-12)
    assert not Polygon(body.corners_mm).contains(points).any()
    assert encapsulation_outline(body, 0.0) == Polygon(body.corners_mm)
