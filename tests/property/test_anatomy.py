"""Random anatomies: either a cross-section whose curves nest, or a message that says what to change."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scsim.electrodes import Disc
from scsim.errors import GeometryError
from scsim.tissue import Ellipse, dorsal_seat, make_spine
from scsim.tissue.clearance import LEAST_GAP_MM

RADIUS_MM = 0.65


@st.composite
def anatomies(draw):
    """Draw dimensions from the measured ranges of canals: all from the middle of the sac, mm."""
    half_width = draw(st.floats(3.3, 6.5))
    half_height = draw(st.floats(2.6, 4.2))
    csf = draw(st.floats(0.8, 5.0))
    dura = draw(st.floats(0.1, 0.5))
    fat = draw(st.floats(1.8, 3.2))
    inner = (half_width + draw(st.floats(1.5, 4.0)), half_height + draw(st.floats(1.0, 3.5)))
    outer = (inner[0] + dura, inner[1] + dura)
    gray = np.array([(0.0, 0.15), (0.3, 0.2), (0.4, 0.6), (0.5, -0.3), (0.0, -0.15)])
    return {
        "cord_half_axes_mm": (half_width, half_height),
        "csf_thickness_mm": csf,
        "gray_half_mm": gray * (half_width, half_height),
        "dura_inner_half_axes_mm": inner,
        "dura_outer_half_axes_mm": outer,
        "canal_half_axes_mm": (outer[0] + fat, outer[1] + fat),
        "bone_half_axes_mm": (outer[0] + fat + 6.5, outer[1] + fat + 6.5),
        "cord_lateral_mm": draw(st.floats(-2.0, 2.0)),
        "cord_turn_deg": draw(st.floats(-20.0, 20.0)),
    }


lateral_positions = st.floats(-2.5, 2.5)
gaps = st.floats(0.03, 0.4)
thicknesses = st.one_of(st.just(0.0), st.floats(0.02, 0.5))


def refusal(*arguments):
    """Give the message with which an anatomy is refused; empty if it is not."""
    try:
        section_with_lead(*arguments)
    except GeometryError as error:
        return f"{error}"
    return ""


def section_with_lead(dimensions, lateral_mm, gap_mm, thickness_mm):
    spine = make_spine(**dimensions)
    seat = dorsal_seat(spine, RADIUS_MM, gap_mm, lateral_mm)
    body = Disc((seat.x_mm, seat.y_mm), RADIUS_MM)
    return spine, body, spine.cross_section([body], thickness_mm)


@given(anatomies(), lateral_positions, gaps, thicknesses)
def test_an_anatomy_is_a_valid_section_or_refused(dimensions, lateral_mm, gap_mm, thickness_mm):
    if message := refusal(dimensions, lateral_mm, gap_mm, thickness_mm):
        # "Problem. Remedy.": the last sentence says what to do.
        assert message.endswith(".")
        assert message.rstrip(".").rpartition(". ")[2].startswith(("Choose", "Move", "Make"))
        return
    spine, body, section = section_with_lead(dimensions, lateral_mm, gap_mm, thickness_mm)
    outlines = spine.outlines()
    inside_of = [("cord", "dura_inner"), ("dura_inner", "dura_outer"), ("dura_outer", "canal")]
    for inner, outer in [*inside_of, ("canal", "bone")]:
        distance = section.region(outer).outline.distance_mm(outlines[inner])
        assert distance.max() <= -LEAST_GAP_MM + 1e-5
    assert section.region("cord").outline.level(outlines["gray_matter"]).max() < 1.0
    around = Ellipse(body.center_mm, (RADIUS_MM + thickness_mm,) * 2).polygon()
    assert section.region("canal").outline.contains(around).all()
    assert not section.region("dura_outer").outline.contains(around).any()


@given(anatomies(), lateral_positions, gaps, thicknesses)
def test_a_mirrored_anatomy_gives_the_mirrored_section(
    dimensions, lateral_mm, gap_mm, thickness_mm
):
    mirrored = {
        **dimensions,
        "cord_lateral_mm": -dimensions["cord_lateral_mm"],
        "cord_turn_deg": -dimensions["cord_turn_deg"],
    }
    if refusal(dimensions, lateral_mm, gap_mm, thickness_mm):
        assert refusal(mirrored, -lateral_mm, gap_mm, thickness_mm)
        return
    _, body, section = section_with_lead(dimensions, lateral_mm, gap_mm, thickness_mm)
    _, other_body, other = section_with_lead(mirrored, -lateral_mm, gap_mm, thickness_mm)
    x, y = body.center_mm
    assert other_body.center_mm == (-x, y)
    points = np.random.default_rng(7).uniform(-12.0, 12.0, (200, 2))
    # A point within rounding of a curve may fall on either side; 200 even points come nowhere near that.
    assert section.tissue_at(points) == other.tissue_at(points * (-1.0, 1.0))


@given(anatomies(), st.floats(0.02, 0.4))
def test_the_gap_that_a_message_asks_for_is_enough(dimensions, thickness_mm):
    if refusal(dimensions, 0.0, thickness_mm + 0.02, thickness_mm):
        return  # the cord, or the lead in the canal
    short_mm = 0.5 * thickness_mm
    message = refusal(dimensions, 0.0, short_mm, thickness_mm)
    asked_mm = float(message.partition("dura_gap_mm larger by ")[2].partition(" mm")[0])
    assert not refusal(dimensions, 0.0, short_mm + asked_mm, thickness_mm)
