"""Points of a mesh: as far apart as their sizes want, off the curves, with no hole left between them."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from scsim.electrodes.bodies import Disc
from scsim.fields.canal.section_curves import curve_points, lay_out, signed_distance
from scsim.fields.canal.section_points import fill, make_chains, push_apart
from scsim.fields.canal.section_sizes import SizeField, base_sizes, final_sizes, space
from scsim.fields.canal.section_strips import find_strips
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region

HALF_WIDTH_MM = 20.0
LEAD = Disc((0.4, 7.95), 0.65)
CORD = Ellipse((0.0, 0.1), (4.5, 3.5))
SECTION = CrossSection(
    "canal",
    "epidural_fat",
    (
        Region("dura_outer", "dura", Ellipse((0.0, 0.0), (8.3, 7.1))),
        Region("dura_inner", "csf", Ellipse((0.0, 0.0), (8.0, 6.8))),
        Region("cord", "white_matter", CORD),
    ),
)


def prepared(section=SECTION, bodies=(LEAD,), resolution=1.0):
    curves = lay_out(section, bodies, HALF_WIDTH_MM)
    base = base_sizes(section, curves, bodies, resolution)
    strips = find_strips(section, curves, base)
    field = final_sizes(curves, base, strips)
    return curves, strips, field, make_chains(curves, strips, field)


@pytest.fixture(scope="module")
def canal():
    curves, strips, field, chains = prepared()
    return curves, strips, field, chains, fill(curves, chains, field)


def test_free_points_keep_their_distance(canal):
    _, _, field, _, free = canal
    pairs = cKDTree(free).query_pairs(5.0, output_type="ndarray")
    apart = np.hypot(*(free[pairs[:, 0]] - free[pairs[:, 1]]).T)
    size = field.at(free)
    wanted = 0.5 * (size[pairs[:, 0]] + size[pairs[:, 1]])
    # Points of lattices two steps apart, in places where the size grows fastest, are not compared.
    assert np.min(apart / wanted) > 0.7


def test_free_points_keep_off_curves_bodies_and_layers(canal):
    curves, _, _, chains, free = canal
    for chain in chains:
        start, end = (chain.vertices()[chain.segments()[:, k]] for k in (0, 1))
        reach = 0.75 * np.hypot(*(end - start).T)
        distance, _ = cKDTree(free).query(chain.middles())
        assert np.all(distance > reach - 1e-12)
    assert np.all(np.hypot(*(free - LEAD.center_mm).T) > LEAD.radius_mm)
    outer, inner = (curves.outlines[k] for k in (1, 2))
    assert not np.any(outer.contains(free) & ~inner.contains(free))


def test_no_place_is_left_open(canal):
    curves, _, field, chains, free = canal
    points = np.concatenate([*(chain.vertices() for chain in chains), free])
    rng = np.random.default_rng(1)
    places = rng.uniform(-HALF_WIDTH_MM, HALF_WIDTH_MM, (20000, 2)) * rng.choice(
        [1.0, 0.4], (20000, 1)
    )
    places = places[signed_distance(curves.outlines[curves.bodies[0]], places) > 0.0]
    distance, _ = cKDTree(points).query(places)
    # Farther than the size from all others, there would be room for one more point.
    assert np.max(distance / field.at(places)) < 1.0


def test_sizes_grow_no_faster_than_the_search_for_points_allows(canal):
    field = canal[2]
    rng = np.random.default_rng(2)
    one = rng.uniform(-HALF_WIDTH_MM, HALF_WIDTH_MM, (5000, 2))
    other = one + rng.normal(0.0, 0.5, one.shape)
    growth = np.abs(field.at(one) - field.at(other)) / np.hypot(*(one - other).T)
    # Around the cord the growth off its outline (0.4) and that with the distance from the lead (0.15) add up.
    assert growth.max() < 0.55 + 1e-9


def test_sizes_are_those_of_lead_gap_and_box(canal):
    curves, _, field, _, _ = canal
    # 0.28 of the radius on the lead; 0.225 of the half width far away.
    assert field.at(np.array([(0.4, 8.6)])) == pytest.approx(0.28 * 0.65)
    assert field.at(np.array([(-19.0, -19.0)])) == pytest.approx(0.225 * HALF_WIDTH_MM)
    twice = prepared(resolution=2.0)[2]
    places = curves.samples_mm[::7]
    np.testing.assert_allclose(twice.at(places), 0.5 * field.at(places))


def test_dura_is_a_layer_and_the_cord_has_a_rim(canal):
    _, strips, _, _, _ = canal
    dura, rim = strips
    assert (dura.curves[0], dura.curves[-1]) == (1, 2)
    assert rim.curves == (3, -1)
    # 0.08 of the smaller half axis of 3.5 mm.
    np.testing.assert_allclose(rim.outlines[1].half_axes_mm, (4.5 - 0.28, 3.5 - 0.28))


def test_gray_matter_close_to_the_surface_leaves_no_room_for_a_rim():
    near = Region("gray_matter", "gray_matter", Ellipse((0.0, 0.1), (4.2, 3.2)))
    section = CrossSection("near", "epidural_fat", (*SECTION.regions, near))
    _, strips, _, _ = prepared(section)
    assert all(-1 not in (strip.curves[0], strip.curves[-1]) for strip in strips)


def test_layers_of_uneven_thickness_are_no_strips():
    shifted = Region("dura_inner", "csf", Ellipse((0.0, 0.05), (8.0, 6.8)))
    section = CrossSection(
        "shifted", "epidural_fat", (SECTION.regions[0], shifted, SECTION.regions[2])
    )
    _, strips, _, _ = prepared(section)
    assert [strip.curves for strip in strips] == [(3, -1)]


def even(size_mm):
    none = np.empty((0, 2))
    return SizeField(size_mm, (), (), (), none, np.empty(0), 1.0)


def test_vertices_on_an_ellipse_are_evenly_spaced():
    outline = Ellipse((1.0, 2.0), (6.0, 3.0), 20.0)
    points = curve_points(outline, space([outline], even(0.5)))
    lengths = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    assert lengths.max() <= 0.5
    assert lengths.min() > 0.95 * lengths.max()


def test_vertices_on_a_polygon_include_its_corners():
    outline = Polygon(((0.0, 0.0), (3.0, 0.0), (3.0, 0.3), (0.0, 1.0)))
    parameter = space([outline], even(0.5))
    assert set(parameter) >= {0.0, 1.0, 2.0, 3.0}
    points = curve_points(outline, parameter)
    lengths = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    assert lengths.max() < 0.55
    assert np.sum(parameter < 1.0) == 6


def test_edges_follow_the_waist_of_a_polygon():
    # Two squares joined by a bridge 0.1 mm wide: the edges along the bridge are at most 1.5 times as long.
    outline = Polygon(
        ((0, 0), (3, 0), (3, 1.4), (5, 1.4), (5, 0), (8, 0),
         (8, 3), (5, 3), (5, 1.5), (3, 1.5), (3, 3), (0, 3))
    )  # fmt: skip
    section = CrossSection("waist", "fat", (Region("waist", "muscle", outline),))
    _, _, _, chains = prepared(section, ())
    parameter = chains[1].parameter
    assert np.sum((parameter >= 2.0) & (parameter < 3.0)) >= 2.0 / (1.5 * 0.1) * 0.8


def test_points_push_each_other_apart_but_not_those_on_curves(canal):
    curves, _, _, chains, _ = canal
    del curves
    fixed = np.concatenate([chain.vertices() for chain in chains])
    pair = np.array([(15.0, 15.0), (15.4, 15.0)])
    points = np.concatenate([fixed, pair])
    n = len(fixed)
    edges = np.array([(n, n + 1), (0, n)])
    moved = push_apart(points, n, edges, even(2.0), chains)
    np.testing.assert_array_equal(moved[:n], fixed)
    # A fifth of what is missing to 1.15 times the size, each in its direction.
    shift = 0.2 * (1.15 * 2.0 - 0.4)
    np.testing.assert_allclose(moved[n:], np.add(pair, [(-shift, 0.0), (shift, 0.0)]))


def test_a_point_is_not_pushed_onto_a_curve(canal):
    chains = canal[3]
    fixed = np.concatenate([chain.vertices() for chain in chains])
    n = len(fixed)
    # The lower one would land on the rim, 0.28 mm below the cord's surface at 3.6 mm.
    pair = np.array([(0.05, 4.0), (0.05, 4.05)])
    moved = push_apart(np.concatenate([fixed, pair]), n, np.array([(n, n + 1)]), even(3.0), chains)
    np.testing.assert_array_equal(moved[n], pair[0])
    assert moved[n + 1, 1] > pair[1, 1]
