"""The spine: reference geometry, a cord that moves with the fluid, and where a lead can lie."""

import numpy as np
import pytest

from scsim.errors import GeometryError
from scsim.tissue import SpineSection, lead_axis, load_spine, spine_names


@pytest.fixture
def spine():
    return load_spine(SpineSection())


def test_the_default_is_the_thoracic_level_with_3_2_mm_of_fluid(spine):
    assert spine_names() == ("thoracic",)
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
    assert lead_axis(near, 0.65, 0.2, 0.0) == lead_axis(spine, 0.65, 0.2, 0.0)


def test_the_lead_lies_4_35_mm_above_the_cord(spine):
    x, y = lead_axis(spine, 0.65, 0.2, 0.0)
    assert x == 0.0
    # fluid 3.2 + dura 0.3 + gap 0.2 + radius 0.65
    assert y - float(spine.dorsal_surface_y(0.0)) == pytest.approx(4.35)


@pytest.mark.parametrize("lateral_mm", [-3.0, -1.0, -0.2, 0.0, 1.0, 2.5])
def test_the_gap_is_the_smallest_distance_to_the_dura(spine, lateral_mm):
    axis = np.array(lead_axis(spine, 0.65, 0.2, lateral_mm))
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
        GeometryError, match=r"no anatomy 'zz'; anatomies are thoracic\. Choose one"
    ):
        load_spine(SpineSection(preset="zz"))


@pytest.mark.parametrize("csf_mm", [6.6, 9.0, -1.0, 0.0])
def test_a_cord_that_does_not_fit_is_refused(csf_mm):
    message = rf"csf_thickness_mm = {csf_mm:g} mm: .* more than 0 and less than 6.6 mm\. Choose"
    with pytest.raises(GeometryError, match=message):
        load_spine(SpineSection(csf_thickness_mm=csf_mm))


def test_a_lead_outside_the_canal_is_refused(spine):
    with pytest.raises(
        GeometryError, match=r"radius 0.65 mm .* dura_gap_mm = 3 mm sticks out .* smaller"
    ):
        lead_axis(spine, 0.65, 3.0, 0.0)
    with pytest.raises(GeometryError, match=r"lateral_mm = -12 mm puts the lead beside .* Move it"):
        lead_axis(spine, 0.65, 0.2, -12.0)


def test_a_point_beside_the_cord_is_refused(spine):
    with pytest.raises(
        GeometryError, match=r"x = 5 mm lies beside the cord, .* -4.5 to 4.5 mm\. Move"
    ):
        spine.dorsal_surface_y([0.0, 5.0])
