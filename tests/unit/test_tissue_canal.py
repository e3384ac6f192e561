"""The cross-section of the spine: a cord that moves and turns, its roots, and curves that must nest."""

import math
import re

import numpy as np
import pytest

from scsim.errors import GeometryError
from scsim.tissue import (
    Ellipse,
    Polygon,
    SpineSection,
    load_spine,
    make_spine,
    spine_names,
)

GRAY = ((0.0, 0.5), (1.0, 1.5), (1.5, -1.0), (0.0, -0.5))


def canal(**changes):
    numbers = {
        "cord_half_axes_mm": (4.5, 3.5),
        "csf_thickness_mm": 3.2,
        "gray_half_mm": GRAY,
        "dura_inner_half_axes_mm": (8.0, 6.8),
        "dura_outer_half_axes_mm": (8.3, 7.1),
        "canal_half_axes_mm": (10.5, 9.5),
        "bone_half_axes_mm": (17.0, 16.0),
    }
    return make_spine(**{**numbers, **changes})


def test_the_regions_have_the_names_and_tissues_that_solvers_know():
    section = canal().cross_section()
    assert [(region.name, region.tissue) for region in section.regions] == [
        ("bone", "bone"),
        ("canal", "epidural_fat"),
        ("dura_outer", "dura"),
        ("dura_inner", "csf"),
        ("cord", "white_matter"),
        ("gray_matter", "gray_matter"),
    ]
    assert section.outside == "soft_tissue"
    points = [(30.0, 0.0), (0.0, 12.0), (0.0, 9.0), (0.0, 6.95), (0.0, 5.0), (3.0, 0.1), (0.0, 0.1)]
    assert section.tissue_at(points) == [
        "soft_tissue",
        "bone",
        "epidural_fat",
        "dura",
        "csf",
        "white_matter",
        "gray_matter",
    ]


def test_the_outlines_are_those_of_the_section():
    spine = canal(cord_lateral_mm=1.0, cord_turn_deg=8.0)
    section, outlines = spine.cross_section(), spine.outlines()
    for name, outline in outlines.items():
        np.testing.assert_array_equal(outline, section.region(name).outline.polygon())


@pytest.mark.parametrize("turn_deg", [-20.0, 0.0, 35.0, 90.0])
@pytest.mark.parametrize("lateral_mm", [-1.5, 0.0, 1.0])
def test_the_fluid_is_as_thick_as_asked_above_the_middle_of_the_cord(lateral_mm, turn_deg):
    spine = canal(cord_lateral_mm=lateral_mm, cord_turn_deg=turn_deg, csf_thickness_mm=2.5)
    top = float(spine.dorsal_surface_y(lateral_mm))
    sac = 6.8 * math.sqrt(1.0 - (lateral_mm / 8.0) ** 2)
    assert sac - top == pytest.approx(2.5, abs=1e-12)
    assert spine.cord_center_mm[0] == lateral_mm
    assert spine.cord.level([(lateral_mm, top)])[0] == pytest.approx(1.0, abs=1e-12)


def test_gray_matter_turns_with_the_cord():
    straight, moved = canal(), canal(cord_lateral_mm=1.5, cord_turn_deg=30.0)
    angle = math.radians(30.0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    own = np.array(straight.gray_matter_mm) - straight.cord_center_mm
    expected = own @ turn.T + moved.cord_center_mm
    np.testing.assert_allclose(moved.gray_matter_mm, expected, atol=1e-14)
    Polygon(moved.gray_matter_mm)  # counterclockwise


@pytest.mark.parametrize("turn_deg", [-15.0, 0.0, 25.0])
def test_the_dorsal_surface_is_the_upper_half_of_the_turned_ellipse(turn_deg):
    spine = canal(cord_turn_deg=turn_deg, cord_lateral_mm=0.5)
    x = 0.5 + np.linspace(-4.3, 4.3, 40)
    y = spine.dorsal_surface_y(x)
    # The bound is the conditioning of the level near the sides of the ellipse times rounding.
    np.testing.assert_allclose(spine.cord.level(np.column_stack([x, y])), 1.0, rtol=1e-12)
    lower = 2.0 * np.array(spine.cord_center_mm) - np.column_stack([x, y])
    np.testing.assert_allclose(spine.cord.level(lower), 1.0, rtol=1e-12)
    assert (y > np.interp(x, lower[::-1, 0], lower[::-1, 1])).all()
    with pytest.raises(GeometryError, match=r"x = 5.1 mm lies beside the cord"):
        spine.dorsal_surface_y([0.0, 5.1])


def test_points_in_the_cord_keep_their_place_when_it_moves():
    lateral, depth = [0.0, 1.0, -2.0], [0.0, 0.3, 1.0]
    straight, moved = canal(), canal(cord_lateral_mm=-1.0, cord_turn_deg=12.0)
    plain = straight.cord_point_mm(lateral, depth)
    np.testing.assert_allclose(
        plain, np.column_stack([lateral, straight.dorsal_surface_y(lateral) - depth]), atol=1e-14
    )
    # The level in the frame of the cord depends on lateral position and depth alone.
    np.testing.assert_allclose(
        moved.cord.level(moved.cord_point_mm(lateral, depth)), straight.cord.level(plain)
    )
    with pytest.raises(GeometryError, match=r"5 mm to the side .* reaches 4.5 mm .* toward"):
        straight.cord_point_mm([5.0], [0.0])


def test_the_reference_roots():
    # First and last point of the roots in the reference solutions of the canal, which have x to the right.
    spine = load_spine(SpineSection())
    left, right = spine.root_path_mm("left"), spine.root_path_mm("right")
    np.testing.assert_allclose(left[0], [2.6, 2.9566794156766374, 0.0], atol=1e-14)
    np.testing.assert_allclose(left[-1], [7.0, 1.0066794156766374, -15.0], atol=1e-14)
    np.testing.assert_allclose(np.array(right) * [-1.0, 1.0, 1.0], left, atol=1e-14)
    near = load_spine(SpineSection(csf_thickness_mm=2.0)).root_path_mm("right", rostral_mm=4.0)
    np.testing.assert_allclose(near[-1], [-7.0, 2.2066794156766374, -11.0], atol=1e-14)


def test_roots_that_are_not_there_or_run_into_the_cord_are_refused():
    with pytest.raises(GeometryError, match=r"'spine' has no dorsal roots.*choose a level"):
        canal().root_path_mm("left")
    inward = canal(root_entry_mm=2.6, root_course_mm=((1.0, -2.0, -5.0),))
    with pytest.raises(
        GeometryError,
        match=r"right dorsal root runs up to 0\.\d+ mm deep .* x = -2.6, .* Let root_c",
    ):
        inward.root_path_mm("right")


def test_a_root_that_would_leave_the_sac_ends_at_its_wall():
    course = ((6.0, 0.0, -5.0), (7.0, -1.0, -9.0))
    root = np.array(canal(root_entry_mm=2.6, root_course_mm=course).root_path_mm("left"))
    np.testing.assert_array_equal(root[:, 2], [0.0, -5.0, -9.0])
    # On the straight line, 0.01 mm inside the wall: 1e-9 mm of it count as rounding.
    assert root[1, 1] == root[0, 1]
    sac = Ellipse((0.0, 0.0), (8.0, 6.8))
    np.testing.assert_allclose(sac.distance_mm(root[1:, :2]), -0.01, atol=1e-8)


@pytest.mark.parametrize("preset", spine_names())
@pytest.mark.parametrize("turn_deg", [-25.0, 10.0, 25.0])
@pytest.mark.parametrize("lateral_mm", [0.0, 2.0])
def test_roots_of_a_moved_and_turned_cord_stay_in_the_fluid(preset, turn_deg, lateral_mm):
    # A turned cervical cord beside the midline has room for 0.3 to 1.5 mm, or 1.9 to 3.1 mm, of fluid only.
    moved = {"cord_turn_deg": turn_deg, "cord_lateral_mm": lateral_mm}
    csf_mm = 1.5 if turn_deg < 0.0 else 2.4
    spine = load_spine(SpineSection(preset=preset, csf_thickness_mm=csf_mm, **moved))
    straight = load_spine(SpineSection(preset=preset))
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    sac = Ellipse((0.0, 0.0), spine.dura_inner_half_axes_mm)
    for side in ("left", "right"):
        path, plain = (np.array(one.root_path_mm(side)) for one in (spine, straight))
        np.testing.assert_array_equal(path[:, 2], plain[:, 2])
        rigid = (plain[:, :2] - straight.cord_center_mm) @ turn.T + spine.cord_center_mm
        np.testing.assert_allclose(path[0, :2], rigid[0], atol=1e-12)
        for start, end, free in zip(path[:-1, :2], path[1:, :2], rigid[1:], strict=True):
            line = start + np.linspace(0.0, 1.0, 400)[1:, None] * (end - start)
            assert set(spine.cross_section().tissue_at(line)) == {"csf"}
            # One rigid body with the cord, but for an end that is drawn back along its own line.
            if sac.distance_mm([free])[0] > -0.01:
                whole = free - start
                free = start + (end - start) @ whole / (whole @ whole) * whole  # noqa: PLW2901
                assert sac.distance_mm([end])[0] == pytest.approx(-0.01, abs=1e-8)
            np.testing.assert_allclose(end, free, atol=1e-12)


@pytest.mark.parametrize(("turn_deg", "lateral_mm"), [(0.0, 0.0), (25.0, 0.0), (-10.0, 2.0)])
def test_the_room_that_a_refusal_names_is_what_is_accepted(turn_deg, lateral_mm):
    def moved(csf_mm):
        return canal(cord_turn_deg=turn_deg, cord_lateral_mm=lateral_mm, csf_thickness_mm=csf_mm)

    with pytest.raises(GeometryError, match=r"as 0\.01 mm of fluid must stay .* Choose") as refusal:
        moved(9.0)
    text = re.search(r"layer of ([\d.]+) to ([\d.]+) mm", str(refusal.value))
    assert text is not None
    low, high = map(float, text.groups())
    for inside, outside in ((low, low - 0.0011), (high, high + 0.0011)):
        moved(inside)
        # Both are rounded inward to microns.
        with pytest.raises(GeometryError, match="csf_thickness_mm"):
            moved(outside)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"dura_outer_half_axes_mm": (8.0, 7.1)},
            r"dura_inner .* 8 and 6.8 mm .*dura_outer.*larger",
        ),
        ({"canal_half_axes_mm": (10.5, 7.0)}, r"dura_outer .*canal of 10.5 and 7 mm"),
        ({"bone_half_axes_mm": (10.5, 16.0)}, r"canal .*bone of 10.5 and 16 mm.*Correct them"),
        ({"canal_half_axes_mm": (math.nan, 9.5)}, r"canal of nan and 9.5 mm"),
        (
            {"gray_half_mm": ((0.0, 3.6), (1.0, 1.0), (0.0, -1.0))},
            r"gray matter .* y = 3.7 mm.*small",
        ),
        (
            {"cord_lateral_mm": 4.0},
            r"cord_lateral_mm = 4 mm: .* reaches 4.5 mm .*half width 8 mm.*Move",
        ),
        ({"cord_lateral_mm": 8.5}, r"cord_lateral_mm = 8.5 mm: the sac reaches 8 mm.*midline"),
        (
            {"cord_lateral_mm": 2.0, "csf_thickness_mm": 6.2},
            r"csf_thickness_mm = 6.2 mm: .*Choose a value inside, or move the cord to the midline",
        ),
        (
            {"cord_half_axes_mm": (7.9, 3.5), "cord_turn_deg": 80.0},
            r"cord_lateral_mm = 0 mm: a cord, turned by 80 degrees, .* does not fit",
        ),
        ({"csf_thickness_mm": math.nan}, r"nan.*must be finite"),
        # 0.005 mm of fluid stay, which is below what a cross-section resolves.
        ({"csf_thickness_mm": 6.595}, r"as 0.01 mm of fluid must stay"),
    ],
)
def test_curves_that_do_not_nest_are_refused(changes, message):
    with pytest.raises(GeometryError, match=message):
        canal(**changes)
