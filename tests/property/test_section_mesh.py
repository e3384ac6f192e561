"""Meshes of canals within the ranges of the anatomical facts, whatever the numbers."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scsim.electrodes.bodies import Disc
from scsim.fields.canal.section import locate, mesh_section
from scsim.fields.canal.section_locate import jacobians
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region

GRAY_HALF = np.array(
    [(0.0, 0.45), (0.6, 0.45), (1.25, 1.3), (1.75, 2.45), (2.15, 2.35), (1.95, 1.2), (1.6, 0.3),
     (2.0, -0.5), (2.3, -1.5), (1.7, -2.2), (1.1, -1.8), (0.7, -0.6), (0.0, -0.35)]
)  # fmt: skip
LEAD_RADIUS_MM = 0.65
LEAST_GAP_MM = 0.03


def gray_matter(cord):
    """The butterfly of the references, stretched with the cord, counterclockwise."""
    mirrored = GRAY_HALF[-2:0:-1] * (-1.0, 1.0)
    own = np.concatenate([GRAY_HALF, mirrored])[::-1] * np.array(cord.half_axes_mm) / (4.5, 3.5)
    c, s = math.cos(math.radians(cord.turn_deg)), math.sin(math.radians(cord.turn_deg))
    points = own @ np.array([[c, s], [-s, c]]) + np.array(cord.center_mm)
    return Polygon(tuple((float(x), float(y)) for x, y in points))


def seat(half_axes, lateral, distance):
    """The point whose distance from the dorsal side of an ellipse is given, at a lateral position."""
    t = np.linspace(0.2, math.pi - 0.2, 20001)
    curve = np.column_stack([half_axes[0] * np.cos(t), half_axes[1] * np.sin(t)])
    normal = curve / np.array(half_axes) ** 2
    points = curve + distance * normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return tuple(map(float, points[np.argmin(np.abs(points[:, 0] - lateral))]))


@st.composite
def canals(draw):
    a = draw(st.floats(3.3, 6.5))
    b = a * draw(st.floats(0.65, 0.95))
    csf = draw(st.floats(0.8, 5.0))
    dura = draw(st.floats(0.1, 0.5))
    fat = draw(st.floats(1.8, 3.2))
    gap = min(draw(st.floats(LEAST_GAP_MM, 0.4)), fat - 2.0 * LEAD_RADIUS_MM - LEAST_GAP_MM)
    turn, offset = draw(st.floats(-10.0, 10.0)), draw(st.floats(-2.0, 2.0))
    # Ventrally and to the sides at least 0.8 mm of fluid, so that the turned cord stays within the dura.
    inner = (
        a + abs(offset) + draw(st.floats(1.0, 3.0)),
        b + 0.5 * (csf + draw(st.floats(1.0, 3.0))),
    )
    cord = Ellipse((offset, inner[1] - csf - b), (a, b), turn)
    outer = (inner[0] + dura, inner[1] + dura)
    canal = (outer[0] + fat, outer[1] + fat)
    regions = (
        Region("bone", "bone", Ellipse((0.0, 0.0), (canal[0] + 6.0, canal[1] + 6.0))),
        Region("canal", "epidural_fat", Ellipse((0.0, 0.0), canal)),
        Region("dura_outer", "dura", Ellipse((0.0, 0.0), outer)),
        Region("dura_inner", "csf", Ellipse((0.0, 0.0), inner)),
        Region("cord", "white_matter", cord),
        Region("gray_matter", "gray_matter", gray_matter(cord)),
    )
    lead = Disc(seat(outer, draw(st.floats(-2.5, 2.5)), LEAD_RADIUS_MM + gap), LEAD_RADIUS_MM)
    return CrossSection("random", "soft_tissue", regions), lead


def fits(section):
    """Say whether the cord lies within the dura with 0.3 mm to spare, as in life."""
    dura, cord = section.regions[3].outline, section.regions[4].outline
    shrunk = Ellipse((0.0, 0.0), tuple(axis - 0.3 for axis in dura.half_axes_mm))
    return bool(shrunk.contains(cord.polygon()).all())


def quality(mesh):
    """4 √3 area / sum of squared edges of each triangle with straight edges: 1 if even, 0 if flat."""
    corners = mesh.points_mm[mesh.triangles[:, :3]]
    edges = np.roll(corners, -1, axis=1) - corners
    area = 0.5 * (edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    return 4.0 * math.sqrt(3.0) * area / np.sum(edges**2, axis=(1, 2))


def check(section, lead):
    mesh = mesh_section(section, (lead,), 40.0)
    assert jacobians(mesh.points_mm, mesh.triangles).min() > 0.0
    worst = quality(mesh)
    is_dura = mesh.tissue == mesh.tissues.index("dura")
    # The dura's quadrangles are as thin as the dura is: up to 17 times as long.
    assert worst[~is_dura].min() > 0.1
    assert worst[is_dura].min() > 0.05
    assert len(mesh.points_mm) < 4500
    assert set(mesh.tissue) == set(range(len(mesh.tissues)))
    cord = section.regions[4].outline
    depths = 0.99 * (np.array(cord.points(np.linspace(0.0, 6.0, 50))) - cord.center_mm)
    triangle, _ = locate(mesh, depths + cord.center_mm)
    tissues = {mesh.tissues[k] for k in mesh.tissue[triangle]}
    assert tissues == {"white_matter"}
    return mesh


@settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much])
@given(canals().filter(lambda pair: fits(pair[0])))
def test_every_canal_is_meshed(pair):
    check(*pair)


@pytest.mark.long
@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])
@given(canals().filter(lambda pair: fits(pair[0])))
def test_two_hundred_canals_are_meshed(pair):
    check(*pair)


@settings(max_examples=10)
@given(canals().filter(lambda pair: fits(pair[0])), st.floats(0.02, 1.5))
def test_two_leads_are_meshed_however_close(pair, apart):
    section, lead = pair
    canal = section.regions[1].outline
    beside = Disc(
        (lead.center_mm[0] + 2.0 * LEAD_RADIUS_MM + apart, lead.center_mm[1]), LEAD_RADIUS_MM
    )
    around = Ellipse(beside.center_mm, (LEAD_RADIUS_MM + 0.02,) * 2).polygon()
    dura = section.regions[2].outline
    if not canal.contains(around).all() or dura.contains(around).any():
        return
    mesh = mesh_section(section, (lead, beside), 40.0)
    assert jacobians(mesh.points_mm, mesh.triangles).min() > 0.0
    assert quality(mesh).min() > 0.03
    assert len(mesh.body_edges) == 2
