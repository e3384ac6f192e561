"""Points in curved triangles: found again where they were put, on every edge, and nowhere in a body."""

import math

import numpy as np
import pytest

from scsim.electrodes.bodies import Disc
from scsim.fields.canal.section import locate, mesh_section
from scsim.fields.canal.section_locate import jacobians, shape_functions, shape_gradients
from scsim.tissue.section import CrossSection, Ellipse, Region, Sheet

CORD = Ellipse((0.3, 0.1), (4.5, 3.5), 5.0)
CANAL = CrossSection(
    "canal",
    "bone",
    (
        Region("canal", "epidural_fat", Ellipse((0.0, 0.0), (10.5, 9.5))),
        Region("dura_outer", "dura", Ellipse((0.0, 0.0), (8.3, 7.1))),
        Region("dura_inner", "csf", Ellipse((0.0, 0.0), (8.0, 6.8))),
        Region("cord", "white_matter", CORD),
    ),
)
LEAD = Disc((0.5, 7.95), 0.65)
FASCICLE = Ellipse((0.2, 0.0), (0.5, 0.5))
NERVE = CrossSection(
    "nerve",
    "muscle",
    (
        Region("nerve", "epineurium", Ellipse((0.0, 0.0), (0.9, 0.9))),
        Region("fascicle", "endoneurium", FASCICLE, Sheet("perineurium", 0.015)),
    ),
)


@pytest.fixture(scope="module")
def canal():
    return mesh_section(CANAL, (LEAD,), 40.0)


@pytest.fixture(scope="module")
def nerve():
    return mesh_section(NERVE, (), 10.0)


def mapped(mesh, triangle, local):
    return np.einsum("nk,nkd->nd", shape_functions(local), mesh.points_mm[mesh.triangles[triangle]])


@pytest.mark.parametrize("name", ["canal", "nerve"])
def test_points_are_found_where_they_were_put(name, request):
    mesh = request.getfixturevalue(name)
    rng = np.random.default_rng(1)
    triangle = np.repeat(np.arange(len(mesh.triangles)), 4)
    weights = rng.dirichlet((1.0, 1.0, 1.0), len(triangle))
    # Off the edges, where two triangles (on a sheet: the inner one by intent) would be right.
    local = 0.01 + 0.97 * weights[:, 1:]
    found, coordinates = locate(mesh, mapped(mesh, triangle, local))
    np.testing.assert_array_equal(found, triangle)
    # Newton ends at 1e-13 of the triangle; strips 20 times longer than thick lose a factor of that.
    np.testing.assert_allclose(coordinates, local, atol=1e-10)


def test_vertices_middle_nodes_and_curves_belong_to_a_triangle(canal):
    points = canal.points_mm
    found, local = locate(canal, points)
    assert np.all(found >= 0)
    np.testing.assert_allclose(mapped(canal, found, local), points, atol=1e-10)
    on_cord = CORD.points(np.linspace(0.0, 2.0 * math.pi, 1000))
    found, local = locate(canal, on_cord)
    assert np.all(found >= 0)
    np.testing.assert_allclose(mapped(canal, found, local), on_cord, atol=1e-10)


def test_tissues_of_located_points_are_those_of_the_section(canal):
    rng = np.random.default_rng(2)
    points = rng.uniform(-12.0, 12.0, (5000, 2))
    found, _ = locate(canal, points)
    in_lead = np.hypot(*(points - LEAD.center_mm).T) < LEAD.radius_mm
    # Edges follow curves to 1e-4 of their length of up to 2 mm.
    clear = np.abs(np.hypot(*(points - LEAD.center_mm).T) - LEAD.radius_mm) > 1e-3
    for region in CANAL.regions:
        clear &= np.abs(np.sqrt(region.outline.level(points)) - 1.0) > 1e-3
    assert np.all(found[clear & in_lead] == -1)
    tissues = np.array(CANAL.tissue_at(points))
    is_tissue = clear & ~in_lead
    assert is_tissue.sum() > 4000
    meshed = np.array(canal.tissues)[canal.tissue[found[is_tissue]]]
    np.testing.assert_array_equal(meshed, tissues[is_tissue])


def test_there_is_no_tissue_in_a_lead_and_beyond_the_box(canal):
    found, local = locate(canal, [LEAD.center_mm, (40.1, 0.0), (0.0, -1000.0), (0.5, 8.59)])
    np.testing.assert_array_equal(found, -1)
    assert np.isnan(local).all()


def test_no_points_give_no_triangles(canal):
    found, local = locate(canal, np.empty((0, 2)))
    assert found.shape == (0,)
    assert local.shape == (0, 2)


def test_points_on_a_sheet_count_as_inside(nerve):
    on_sheet = FASCICLE.points(np.linspace(0.0, 2.0 * math.pi, 500))
    found, _ = locate(nerve, on_sheet)
    assert {nerve.tissues[k] for k in nerve.tissue[found]} == {"endoneurium"}
    beside = 1.005 * (on_sheet - FASCICLE.center_mm) + FASCICLE.center_mm
    found, _ = locate(nerve, beside)
    assert {nerve.tissues[k] for k in nerve.tissue[found]} == {"epineurium"}


def test_shape_functions_are_one_at_their_node_and_sum_to_one():
    nodes = np.array([(0, 0), (1, 0), (0, 1), (0.5, 0), (0.5, 0.5), (0, 0.5)], dtype=float)
    np.testing.assert_array_equal(shape_functions(nodes), np.eye(6))
    local = np.random.default_rng(3).uniform(0.0, 0.5, (20, 2))
    np.testing.assert_allclose(shape_functions(local).sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(shape_gradients(local).sum(axis=1), 0.0, atol=1e-14)


def test_gradients_are_the_slopes_of_the_shape_functions():
    local = np.random.default_rng(4).uniform(0.0, 0.5, (20, 2))
    step = 0.25  # the functions are quadratic: central differences are exact
    for axis in (0, 1):
        shift = step * np.eye(2)[axis]
        slopes = (shape_functions(local + shift) - shape_functions(local - shift)) / (2.0 * step)
        np.testing.assert_allclose(shape_gradients(local)[:, :, axis], slopes, atol=1e-13)


def test_jacobians_tell_a_folded_triangle_from_a_proper_one():
    straight = np.array([(0, 0), (2, 0), (0, 2), (1, 0), (1, 1), (0, 1)], dtype=float)
    folded = straight.copy()
    folded[3] = (1.0, 1.2)  # beyond the opposite vertex' half-way line
    triangles = np.arange(6)[None]
    np.testing.assert_allclose(jacobians(straight, triangles), 4.0)
    assert jacobians(folded, triangles).min() < 0.0
