"""Levels of the spine: reference geometry, a cord that moves with the fluid, posture, and where leads fit."""

import itertools

import numpy as np
import pytest

from scsim.electrodes import epidural_lead_names, load_epidural, place_lead
from scsim.errors import GeometryError
from scsim.formats import load_table
from scsim.tissue import SpineSection, dorsal_seat, load_spine, spine_names


@pytest.fixture
def spine():
    return load_spine(SpineSection())


def test_the_default_is_the_thoracic_level_with_3_2_mm_of_fluid(spine):
    assert spine_names() == ("cervical", "lumbar", "mid-thoracic", "thoracic")
    assert spine.name == "thoracic"
    assert spine.csf_thickness_mm == 3.2
    assert spine.cord_center_mm == pytest.approx((0.0, 0.1))
    assert spine.dura_outer_half_axes_mm == pytest.approx((8.3, 7.1))
    assert {"frostell2016", "holsheimer1994"} <= set(spine.sources)


def test_the_cord_moves_with_the_fluid_and_the_sac_stays(spine):
    near = load_spine(SpineSection(csf_thickness_mm=2.0))
    assert near.cord_center_mm[1] == pytest.approx(1.3)
    assert near.dura_inner_half_axes_mm == spine.dura_inner_half_axes_mm
    assert np.asarray(near.gray_matter_mm) == pytest.approx(
        np.asarray(spine.gray_matter_mm) + np.array([0.0, 1.2])
    )
    assert dorsal_seat(near, 0.65, 0.2, 0.0) == dorsal_seat(spine, 0.65, 0.2, 0.0)


def test_the_lead_lies_4_35_mm_above_the_cord(spine):
    x, y, _ = dorsal_seat(spine, 0.65, 0.2, 0.0)
    assert x == 0.0
    # fluid 3.2 + dura 0.3 + gap 0.2 + radius 0.65
    assert y - float(spine.dorsal_surface_y(0.0)) == pytest.approx(4.35)


@pytest.mark.parametrize("lateral_mm", [-3.0, -1.0, -0.2, 0.0, 1.0, 2.5])
def test_the_gap_is_the_smallest_distance_to_the_dura(spine, lateral_mm):
    axis = np.array(dorsal_seat(spine, 0.65, 0.2, lateral_mm)[:2])
    a, b = spine.dura_outer_half_axes_mm
    angle = np.linspace(0.0, 2.0 * np.pi, 200_001)
    dura = np.column_stack([a * np.cos(angle), b * np.sin(angle)])
    distance = np.sqrt(((dura - axis) ** 2).sum(axis=1)).min()
    assert axis[0] == lateral_mm
    assert distance == pytest.approx(0.85, abs=1e-8)


def test_the_surface_of_the_cord_is_an_ellipse(spine):
    # The lines of the reference geometry at x = 0, 0.5 and 1 mm.
    np.testing.assert_allclose(
        spine.dorsal_surface_y([0.0, 0.5, -1.0]), [3.6, 3.5783279649996724, 3.5124861506524914]
    )
    assert float(spine.dorsal_surface_y(4.5)) == pytest.approx(0.1)


def test_gray_matter_is_symmetric_and_inside_the_cord(spine):
    gray = np.asarray(spine.gray_matter_mm)
    mirrored = {(round(-x, 9), round(y, 9)) for x, y in gray}
    assert mirrored == {(round(x, 9) + 0.0, round(y, 9)) for x, y in gray}
    relative = (gray - spine.cord_center_mm) / spine.cord_half_axes_mm
    assert ((relative**2).sum(axis=1) < 1.0).all()
    # Shoelace formula: a butterfly that runs once around has the area of its two halves.
    x, y = gray.T
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    assert 5.0 < area < 15.0


def test_outlines_are_closed_and_nested(spine):
    outlines = spine.outlines()
    assert list(outlines) == ["gray_matter", "cord", "dura_inner", "dura_outer", "canal", "bone"]
    reach = [np.abs(outline[:, 0]).max() for outline in outlines.values()]
    assert reach == sorted(reach)
    for outline in outlines.values():
        assert outline.shape[1] == 2
        np.testing.assert_allclose(outline[0], outline[-1], atol=1e-12)


def test_an_unknown_anatomy_is_refused_with_the_nearest():
    with pytest.raises(GeometryError, match=r"no anatomy 'thorasic'.*Did you mean 'thoracic'"):
        load_spine(SpineSection(preset="thorasic"))
    with pytest.raises(
        GeometryError, match=r"no anatomy 'zz'; anatomies are cervical, .*, thoracic\. Choose one"
    ):
        load_spine(SpineSection(preset="zz"))


@pytest.mark.parametrize("csf_mm", [6.6, 9.0, -1.0, 0.0])
def test_a_cord_that_does_not_fit_is_refused(csf_mm):
    message = rf"csf_thickness_mm = {csf_mm:g} mm: .* layer of 0.01 to 6.59 mm, .* Choose"
    with pytest.raises(GeometryError, match=message):
        load_spine(SpineSection(csf_thickness_mm=csf_mm))


def test_a_point_beside_the_cord_is_refused(spine):
    with pytest.raises(
        GeometryError, match=r"x = 5 mm lies beside the cord, .* -4.5 to 4.5 mm\. Move"
    ):
        spine.dorsal_surface_y([0.0, 5.0])


@pytest.mark.parametrize("preset", spine_names())
def test_every_level_has_what_it_cites(preset):
    level, table = load_spine(SpineSection(preset=preset)), load_table(f"tissues/{preset}")
    low, high = table.array("cord.csf_range_mm")
    assert low <= level.csf_thickness_mm <= high
    # Diameters of the cord: weighted means and standard deviations of Frostell 2016, abstract; the spread
    # between the segments around a vertebra is within one standard deviation.
    means = {"cervical": (13.3, 2.2), "mid-thoracic": (8.3, 2.1), "thoracic": (8.3, 2.1)}
    mean, deviation = means.get(preset, (9.4, 1.5))
    assert abs(2.0 * level.cord_half_axes_mm[0] - mean) <= deviation
    assert {"frostell2016", "holsheimer1994", "struijk1993"} <= set(level.sources)


@pytest.mark.parametrize("preset", spine_names())
def test_every_level_takes_the_whole_measured_range_of_fluid(preset):
    for csf_mm in load_table(f"tissues/{preset}").array("cord.csf_range_mm").tolist():
        level = load_spine(SpineSection(preset=preset, csf_thickness_mm=csf_mm))
        assert level.csf_thickness_mm == csf_mm


@pytest.mark.parametrize("preset", spine_names())
@pytest.mark.parametrize("lateral_mm", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("name", epidural_lead_names())
def test_every_lead_fits_into_every_level(preset, lateral_mm, name):
    level, lead = load_spine(SpineSection(preset=preset)), load_epidural(name)
    x_mm, y_mm, turn_deg = dorsal_seat(level, lead.half_thickness_mm, 0.2, lateral_mm)
    placed = place_lead(lead, (x_mm, y_mm, 0.0), turn_deg=turn_deg)
    assert level.cross_section([placed.body]) == level.cross_section()


@pytest.mark.parametrize("preset", spine_names())
def test_roots_run_through_the_fluid_from_the_cord(preset):
    level = load_spine(SpineSection(preset=preset))
    for side in ("left", "right"):
        path = np.array(level.root_path_mm(side))
        assert level.cord.level(path[:1, :2])[0] == pytest.approx(1.0)
        steps = np.linspace(0.0, 1.0, 100)[1:, None]
        parts = [start + steps * (end - start) for start, end in itertools.pairwise(path)]
        assert set(level.cross_section().tissue_at(np.concatenate(parts)[:, :2])) == {"csf"}
        assert path[-1, 2] < 0.0


@pytest.mark.parametrize(("preset", "shift_mm"), [("thoracic", 2.2), ("lumbar", 3.4)])
def test_the_cord_sinks_when_the_person_lies_prone(preset, shift_mm):
    # Holsheimer 1994, abstract: T11 and T12.
    supine = load_spine(SpineSection(preset=preset))
    prone = load_spine(SpineSection(preset=preset, posture="prone"))
    assert prone.csf_thickness_mm - supine.csf_thickness_mm == pytest.approx(shift_mm)
    assert supine.cord_center_mm[1] - prone.cord_center_mm[1] == pytest.approx(shift_mm)


def test_a_posture_without_a_known_shift_is_refused():
    with pytest.raises(
        GeometryError,
        match=r"posture = 'prone': .* not known for 'cervical', only for lumbar, thorac.*Give",
    ):
        load_spine(SpineSection(preset="cervical", posture="prone"))
    with pytest.raises(
        GeometryError, match=r"csf_thickness_mm = 3 mm: posture = 'prone' .*Leave one of them out"
    ):
        load_spine(SpineSection(posture="prone", csf_thickness_mm=3.0))
    assert load_spine(SpineSection(posture="supine", csf_thickness_mm=3.0)).csf_thickness_mm == 3.0


@pytest.mark.parametrize(
    ("name", "cord_y_mm", "lead_x_mm", "lead_y_mm"),
    # `derived` in the geometry files of the reference solutions, whose x points to the right.
    [("T_d32", 0.1, 0.0, 7.95), ("T_d20", 1.3, 0.0, 7.95), ("T_off10", 0.1, -1.0, 7.9025)],
)
def test_cord_and_lead_lie_where_the_reference_solutions_have_them(
    name, cord_y_mm, lead_x_mm, lead_y_mm
):
    csf_mm = 2.0 if name == "T_d20" else 3.2
    level = load_spine(SpineSection(csf_thickness_mm=csf_mm))
    assert level.cord_center_mm == pytest.approx((0.0, cord_y_mm))
    seat = dorsal_seat(level, 0.65, 0.2, -lead_x_mm)
    assert (seat.x_mm, seat.y_mm) == pytest.approx((-lead_x_mm, lead_y_mm), abs=5e-5)
