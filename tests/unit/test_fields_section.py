"""Meshes of cross-sections: every tissue has its area, every curve its edges, and impossible sections are refused."""

import math

import numpy as np
import pytest

from scsim.electrodes.bodies import Disc, Slab
from scsim.errors import GeometryError
from scsim.fields.canal.section import mesh_section
from scsim.fields.canal.section_curves import body_outline
from scsim.fields.canal.section_locate import jacobians, shape_functions, shape_gradients
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region, Sheet

# Seven-point rule, exact to degree 5 (Radon 1948; Zienkiewicz and Taylor, table of triangles): the Jacobian is
# quadratic, so areas are those of the curved triangles to rounding.
_A, _B = (6.0 - math.sqrt(15.0)) / 21.0, (6.0 + math.sqrt(15.0)) / 21.0
_WA, _WB = (155.0 - math.sqrt(15.0)) / 2400.0, (155.0 + math.sqrt(15.0)) / 2400.0
RULE = np.array(
    [(1 / 3, 1 / 3, 9 / 80)]
    + [(u, v, _WA) for u, v in ((_A, _A), (1 - 2 * _A, _A), (_A, 1 - 2 * _A))]
    + [(u, v, _WB) for u, v in ((_B, _B), (1 - 2 * _B, _B), (_B, 1 - 2 * _B))]
)

# The base canal of the references: cord, butterfly, dura of 0.3 mm, canal and bone, and a lead 0.2 mm from the dura.
GRAY_HALF = (
    (0.0, 0.45), (0.6, 0.45), (1.25, 1.3), (1.75, 2.45), (2.15, 2.35), (1.95, 1.2), (1.6, 0.3),
    (2.0, -0.5), (2.3, -1.5), (1.7, -2.2), (1.1, -1.8), (0.7, -0.6), (0.0, -0.35),
)  # fmt: skip
GRAY = Polygon(
    tuple((-x, y + 0.1) for x, y in GRAY_HALF) + tuple((x, y + 0.1) for x, y in GRAY_HALF[-2:0:-1])
)
REGIONS = (
    Region("bone", "bone", Ellipse((0.0, 0.0), (17.0, 16.0))),
    Region("canal", "epidural_fat", Ellipse((0.0, 0.0), (10.5, 9.5))),
    Region("dura_outer", "dura", Ellipse((0.0, 0.0), (8.3, 7.1))),
    Region("dura_inner", "csf", Ellipse((0.0, 0.0), (8.0, 6.8))),
    Region("cord", "white_matter", Ellipse((0.0, 0.1), (4.5, 3.5))),
    Region("gray_matter", "gray_matter", GRAY),
)
CANAL = CrossSection("base", "soft_tissue", REGIONS)
LEAD = Disc((0.0, 7.95), 0.65)


def circle(x, y, radius):
    return Ellipse((x, y), (radius, radius))


def with_encapsulation(thickness):
    ring = Region("encapsulation_1", "encapsulation", circle(0.0, 7.95, 0.65 + thickness))
    return CrossSection("encapsulated", "soft_tissue", (*REGIONS[:2], ring, *REGIONS[2:]))


PADDLE = Slab((0.6, 8.0), 6.0, 1.0, ((-1.8, 1.0), (0.0, 1.0), (1.8, 1.0)), turn_deg=-4.0)
WIDE = CrossSection(
    "wide",
    "soft_tissue",
    (
        Region("bone", "bone", Ellipse((0.0, 0.0), (19.0, 18.0))),
        Region("canal", "epidural_fat", Ellipse((0.0, 0.0), (11.5, 10.5))),
        *REGIONS[2:],
    ),
)
FASCICLES = ((0.0, 0.55, 0.45), (-0.6, -0.4, 0.35), (0.65, -0.45, 0.25))
LAYERED_NERVE = CrossSection(
    "nerve",
    "muscle",
    (
        Region("epineurium", "epineurium", circle(0.0, 0.0, 1.5)),
        *(
            region
            for k, (x, y, r) in enumerate(FASCICLES)
            for region in (
                Region(f"perineurium_{k}", "perineurium", circle(x, y, r + 0.015)),
                Region(f"fascicle_{k}", "endoneurium", circle(x, y, r)),
            )
        ),
    ),
)
SHEETED_NERVE = CrossSection(
    "nerve",
    "muscle",
    (
        Region("epineurium", "epineurium", circle(0.0, 0.0, 1.5)),
        *(
            Region(f"fascicle_{k}", "endoneurium", circle(x, y, r), Sheet("perineurium", 0.015))
            for k, (x, y, r) in enumerate(FASCICLES)
        ),
    ),
)
TURNED = CrossSection(
    "turned",
    "soft_tissue",
    (
        *REGIONS[:4],
        Region("cord", "white_matter", Ellipse((1.3, 0.4), (5.5, 3.1), -9.0)),
    ),
)

CASES = {
    "base": (CANAL, (LEAD,), 40.0),
    "off center": (CANAL, (Disc((1.0, 7.9025), 0.65),), 40.0),
    "turned cord": (TURNED, (LEAD,), 40.0),
    "gap of 0.03 mm": (CANAL, (Disc((0.0, 7.78), 0.65),), 40.0),
    "two leads 0.02 mm apart": (
        CANAL,
        (Disc((-0.66, 7.93), 0.65), Disc((0.66, 7.93), 0.65)),
        40.0,
    ),
    "encapsulated": (with_encapsulation(0.15), (LEAD,), 40.0),
    "thin encapsulation": (with_encapsulation(0.02), (LEAD,), 40.0),
    "paddle": (WIDE, (PADDLE,), 40.0),
    "nerve with layers": (LAYERED_NERVE, (Disc((2.3, 0.3), 0.6),), 20.0),
    "nerve with sheets": (SHEETED_NERVE, (Disc((2.3, 0.3), 0.6),), 20.0),
    "no body": (LAYERED_NERVE, (), 15.0),
    "unbounded": (CANAL, (LEAD,), 250.0),
    "coarse": (CANAL, (Disc((0.0, 7.76), 0.65),), 40.0),
}
# A lead 0.01 mm from the dura: at this resolution the first triangulation lacks edges.
RESOLUTIONS = {"coarse": 0.5}


@pytest.fixture(scope="module")
def meshes():
    return {
        name: mesh_section(*case, resolution=RESOLUTIONS.get(name, 1.0))
        for name, case in CASES.items()
    }


def areas(mesh):
    """Area of each triangle, mm²."""
    slopes = np.einsum(
        "tnd,qnl->tqdl", mesh.points_mm[mesh.triangles], shape_gradients(RULE[:, :2])
    )
    return np.linalg.det(slopes) @ RULE[:, 2]


def enclosed_mm2(outline):
    if isinstance(outline, Ellipse):
        return math.pi * math.prod(outline.half_axes_mm)
    x, y = np.array(outline.vertices_mm).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def meshed_mm2(outline, mesh):
    """Area inside the parabolas through the ends and middles of the edges along an outline.

    On a circle of radius 1 an edge over the angle θ closes the triangle sin θ / 2 with the center and a segment of
    parabola, 2/3 of chord × height; an ellipse is an affine image, with its parameter as the angle. It falls short
    of the ellipse by a b θ⁵ / 960 per edge, to leading order.
    """
    if not isinstance(outline, Ellipse):
        return enclosed_mm2(outline)
    vertices = mesh.points_mm[np.unique(mesh.triangles[:, :3])]
    own = vertices[np.abs(outline.level(vertices) - 1.0) < 1e-9] - np.array(outline.center_mm)
    c, s = math.cos(math.radians(outline.turn_deg)), math.sin(math.radians(outline.turn_deg))
    a, b = outline.half_axes_mm
    # The nodes of a sheet lie there twice.
    angle = np.unique(np.round(np.arctan2((own @ (-s, c)) / b, (own @ (c, s)) / a), 10))
    theta = np.diff(angle, append=angle[0] + 2.0 * math.pi)
    parabola = 4.0 / 3.0 * np.sin(theta / 2.0) * (1.0 - np.cos(theta / 2.0))
    return a * b * float(np.sum(0.5 * np.sin(theta) + parabola))


def outline_of(body):
    return circle(*body.center_mm, body.radius_mm) if isinstance(body, Disc) else body_outline(body)


def holders(section, bodies):
    """For each region and then each body: the innermost region around it, -1 for none."""
    outlines = [region.outline for region in section.regions]
    points = [outline.polygon()[:1] for outline in outlines]
    held = [
        max((k for k in range(i) if outlines[k].contains(points[i])[0]), default=-1)
        for i in range(len(outlines))
    ]
    return held + [
        max((k for k, one in enumerate(outlines) if one.contains([body.center_mm])[0]), default=-1)
        for body in bodies
    ]


@pytest.mark.parametrize("name", CASES)
def test_every_tissue_has_its_area(meshes, name):
    section, bodies, half_width = CASES[name]
    mesh = meshes[name]
    outlines = [region.outline for region in section.regions] + [outline_of(b) for b in bodies]
    inside = [4.0 * half_width**2] + [meshed_mm2(outline, mesh) for outline in outlines]
    names = [section.outside, *(region.tissue for region in section.regions)]
    expected = dict.fromkeys(names, 0.0)
    for tissue, area in zip(names, inside, strict=False):
        expected[tissue] += area
    for holder, area in zip(holders(section, bodies), inside[1:], strict=True):
        expected[names[holder + 1]] -= area
    own = areas(mesh)
    for tissue, area in expected.items():
        meshed = own[mesh.tissue == mesh.tissues.index(tissue)].sum()
        assert meshed == pytest.approx(area, rel=1e-9, abs=1e-12 * inside[0]), tissue


@pytest.mark.parametrize("outline", [region.outline for region in REGIONS] + [outline_of(LEAD)])
def test_curves_keep_their_area(meshes, outline):
    # a b θ⁵ / 960 per edge is θ⁴ / 480 of the area, and no edge is longer than 0.45 radii of curvature.
    meshed = meshed_mm2(outline, meshes["base"])
    assert meshed == pytest.approx(enclosed_mm2(outline), rel=0.45**4 / 480.0)


@pytest.mark.parametrize("name", CASES)
def test_triangles_are_proper_and_cover_the_plane_once(meshes, name):
    mesh = meshes[name]
    assert jacobians(mesh.points_mm, mesh.triangles).min() > 0.0
    # Every edge has a triangle on each side, but for those of bodies, the box and sheets: with positive
    # Jacobians and the right area in all, nothing overlaps.
    corners = mesh.triangles[:, :3]
    edges = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]))
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    assert counts.max() == 2
    bordering = [edge[:, :2] for edge in mesh.body_edges]
    bordering += [side[:, :2] for sheet in mesh.sheets for side in (sheet.inside, sheet.outside)]
    on_box = np.isin(unique, mesh.outer_nodes).all(axis=1) & (counts == 1)
    n_border = sum(len(edge) for edge in bordering) + int(on_box.sum())
    assert int(np.sum(counts == 1)) == n_border
    assert np.array_equal(np.unique(mesh.triangles), np.arange(len(mesh.points_mm)))


@pytest.mark.parametrize("name", CASES)
def test_no_triangle_reaches_into_another_tissue(meshes, name):
    section = CASES[name][0]
    mesh = meshes[name]
    points = np.einsum("qn,tnd->tqd", shape_functions(RULE[:, :2]), mesh.points_mm[mesh.triangles])
    tissues = np.array(section.tissue_at(points.reshape(-1, 2))).reshape(points.shape[:2])
    meshed = np.array(mesh.tissues)[mesh.tissue]
    # Curved edges depart from their ellipses by 1e-4 of their length; the points lie a tenth of it inside.
    assert np.array_equal(tissues, np.broadcast_to(meshed[:, None], tissues.shape))


@pytest.mark.parametrize("name", CASES)
def test_every_curve_is_a_ring_of_edges(meshes, name):
    section, _, _ = CASES[name]
    mesh = meshes[name]
    corners, middles = mesh.triangles[:, :3], mesh.triangles[:, 3:]
    for region in section.regions:
        level = region.outline
        if not isinstance(level, Ellipse):
            continue
        on_curve = np.abs(level.level(mesh.points_mm) - 1.0) < 1e-9
        ends = on_curve[corners] & on_curve[np.roll(corners, -1, axis=1)] & on_curve[middles]
        starts = corners[ends]
        # Each node on the curve but the middles starts one edge inside and one outside the curve.
        vertices = np.intersect1d(np.unique(corners), np.flatnonzero(on_curve))
        found, counts = np.unique(starts, return_counts=True)
        expected = 1 if region.sheet else 2
        assert np.array_equal(found, vertices), region.name
        assert set(counts) == {expected}, region.name


def test_corners_of_polygons_are_vertices(meshes):
    mesh = meshes["base"]
    vertices = mesh.points_mm[np.unique(mesh.triangles[:, :3])]
    for corner in GRAY.vertices_mm:
        assert np.min(np.hypot(*(vertices - corner).T)) < 1e-12


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[1]])
def test_edges_of_bodies_run_counterclockwise_around_them(meshes, name):
    mesh = meshes[name]
    for body, edges in zip(CASES[name][1], mesh.body_edges, strict=True):
        assert np.array_equal(edges[:, 1], np.roll(edges[:, 0], -1))
        start, end, middle = (mesh.points_mm[edges[:, k]] for k in range(3))
        # Simpson's rule is exact for the area beside a parabola: ½ ∮ x dy - y dx.
        slope = np.stack([4 * middle - 3 * start - end, end - start, 3 * end + start - 4 * middle])
        points = np.stack([start, middle, end])
        turn = points[..., 0] * slope[..., 1] - points[..., 1] * slope[..., 0]
        area = 0.5 * float(np.sum(np.array([1.0, 4.0, 1.0]) / 6.0 @ turn))
        assert area == pytest.approx(meshed_mm2(outline_of(body), mesh), rel=1e-9)


def test_edges_follow_the_gap_between_lead_and_dura(meshes):
    lead = CASES["gap of 0.03 mm"][1][0]
    mesh = meshes["gap of 0.03 mm"]
    start, end = (mesh.points_mm[mesh.body_edges[0][:, k]] for k in (0, 1))
    lengths = np.hypot(*(end - start).T)
    lowest = np.argmin(start[:, 1] + end[:, 1])
    # 1.5 times the gap, and the size grows by 0.4 of the distance: 0.18 mm elsewhere on the lead.
    assert lengths[lowest] < 1.5 * 1.4 * 0.03
    assert lengths.max() == pytest.approx(0.28 * lead.radius_mm, rel=0.1)


def test_borders_of_metal_are_vertices(meshes):
    mesh = meshes["paddle"]
    vertices = mesh.points_mm[mesh.body_edges[0][:, 0]]
    for middle, width in PADDLE.columns_mm:
        for x in (middle - width / 2.0, middle + width / 2.0):
            border = np.array(PADDLE.to_space((x, -PADDLE.thickness_mm / 2.0)))
            assert np.min(np.hypot(*(vertices - border).T)) < 1e-12


def test_outer_nodes_are_those_on_the_box(meshes):
    mesh = meshes["base"]
    on_box = np.flatnonzero(np.abs(mesh.points_mm).max(axis=1) == 40.0)
    assert np.array_equal(np.sort(mesh.outer_nodes), on_box)


def test_the_base_canal_is_as_small_as_promised(meshes):
    # 2.5-D solves cost 6 ms per 3000 nodes and wave number; a dozen of them and the mesh make the 0.2 s.
    assert 2500 < len(meshes["base"].points_mm) < 3400


def test_unknown_linear_functions_are_kept(meshes):
    # Isoparametric elements represent x and y exactly (patch test), also where edges are curved.
    mesh = meshes["encapsulated"]
    values = mesh.points_mm @ (1.0, -2.0)
    slopes = np.einsum(
        "tnd,qnl->tqdl", mesh.points_mm[mesh.triangles], shape_gradients(RULE[:, :2])
    )
    local = np.einsum("tn,qnl->tql", values[mesh.triangles], shape_gradients(RULE[:, :2]))
    gradient = np.linalg.solve(np.swapaxes(slopes, 2, 3), local[..., None])[..., 0]
    np.testing.assert_allclose(gradient, np.broadcast_to((1.0, -2.0), gradient.shape), rtol=1e-9)


def test_sheets_have_nodes_of_their_own_on_both_sides(meshes):
    mesh = meshes["nerve with sheets"]
    assert [sheet.tissue for sheet in mesh.sheets] == ["perineurium"] * 3
    assert [sheet.thickness_mm for sheet in mesh.sheets] == [0.015] * 3
    fascicles = mesh.tissue == mesh.tissues.index("endoneurium")
    assert not np.intersect1d(mesh.triangles[fascicles], mesh.triangles[~fascicles]).size
    for sheet, (x, y, r) in zip(mesh.sheets, FASCICLES, strict=True):
        assert np.isin(sheet.inside, mesh.triangles[fascicles]).all()
        assert np.isin(sheet.outside, mesh.triangles[~fascicles]).all()
        np.testing.assert_array_equal(mesh.points_mm[sheet.inside], mesh.points_mm[sheet.outside])
        np.testing.assert_allclose(np.hypot(*(mesh.points_mm[sheet.inside] - (x, y)).T), r)
        start, end = (mesh.points_mm[sheet.inside[:, k]] - (x, y) for k in (0, 1))
        assert np.all(start[:, 0] * end[:, 1] > start[:, 1] * end[:, 0])  # counterclockwise


def test_twice_the_resolution_halves_the_edges():
    one, two = (mesh_section(CANAL, (LEAD,), 40.0, resolution=r) for r in (1.0, 2.0))
    assert 3.5 < len(two.triangles) / len(one.triangles) < 4.5
    assert 1.9 < len(two.body_edges[0]) / len(one.body_edges[0]) < 2.1


def test_equal_sections_give_equal_meshes(meshes):
    again = mesh_section(*CASES["base"])
    np.testing.assert_array_equal(again.points_mm, meshes["base"].points_mm)
    np.testing.assert_array_equal(again.triangles, meshes["base"].triangles)


def test_sizes_follow_the_geometry():
    # A canal ten times smaller, in a box ten times smaller, has the same elements.
    def scaled(outline):
        if isinstance(outline, Ellipse):
            center, axes = np.array(outline.center_mm) / 10, np.array(outline.half_axes_mm) / 10
            return Ellipse(tuple(center), tuple(axes))
        return Polygon(tuple((x / 10, y / 10) for x, y in outline.vertices_mm))

    regions = tuple(Region(r.name, r.tissue, scaled(r.outline)) for r in REGIONS)
    small = mesh_section(
        CrossSection("small", "soft_tissue", regions), (Disc((0.0, 0.795), 0.065),), 4.0
    )
    n_nodes = len(mesh_section(CANAL, (LEAD,), 40.0).points_mm)
    # The lattices start from 1 mm, so the fill differs a little.
    assert len(small.points_mm) == pytest.approx(n_nodes, rel=0.05)


REFUSED = {
    "regions cross": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 2)), Region("two", "b", circle(1, 0, 2)))),
        (),
        r"outline of two crosses the outline of one by 1 mm near .* outlines must lie inside each other or apart",
    ),
    "regions touch": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 2)), Region("two", "b", circle(1, 0, 1)))),
        (),
        r"outline of two touches the outline of one near \(2, .*\) mm; at least 0.001 mm",
    ),
    "regions nearly touch": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 2)), Region("two", "b", circle(0, 0, 1.9995)))),
        (),
        r"outline of two comes within 0.0005 mm of the outline of one .* Change their centers or half axes",
    ),
    "order of regions": (
        CrossSection("x", "fat", (Region("in", "a", circle(0, 0, 1)), Region("out", "b", circle(0, 0, 2)))),
        (),
        r"outline of in lies inside the outline of out, which comes later .* Change their order",
    ),
    "lead crosses the dura": (
        CANAL,
        (Disc((0.0, 7.65), 0.65),),
        r"body 1 \(lead of radius 0.65 mm at \(0, 7.65\) mm\) crosses .* dura_outer by 0.1 mm .* one tissue. Move it away",
    ),
    "bodies overlap": (
        CANAL,
        (Disc((-0.6, 7.95), 0.65), Disc((0.6, 7.95), 0.65)),
        r"body 2 .* crosses body 1 .* by 0.1 mm .* bodies must not overlap. Move them apart",
    ),
    "body in a body": (
        CrossSection("x", "fat", ()),
        (Disc((0.0, 0.0), 2.0), Disc((0.0, 0.0), 1.0)),
        r"body 2 .* lies inside body 1 .*: bodies must lie apart .* Move one of them away",
    ),
    "body around a region": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 1)),)),
        (Disc((0.0, 0.0), 2.0),),
        r"outline of one lies inside body 1 .* hold no tissue. Move one of them away",
    ),
    "small box": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 50)),)),
        (),
        r"outline of one crosses the box of half width 40 mm by 10 mm .* Make half_width_mm larger",
    ),
    "box within a region": (
        CrossSection("x", "fat", (Region("one", "a", circle(0, 0, 60)),)),
        (),
        r"outline of one lies outside the box of half width 40 mm: .* Make half_width_mm larger",
    ),
    "body outside the box": (
        CANAL,
        (Disc((0.0, 45.0), 0.65),),
        r"body 1 .* lies outside the box of half width 40 mm: .* Make half_width_mm larger",
    ),
    "columns overlap": (
        CANAL,
        (Slab((0.0, 8.0), 6.0, 1.0, ((0.0, 1.0), (0.9, 1.0))),),
        r"paddle 6 mm wide has a column of contacts from 0.4 to 1.4 mm .* between -3 and 3 mm .* Make them narrower",
    ),
    "outline crosses itself": (
        CrossSection("bow", "fat", (Region("s", "a", Polygon(((0, 0), (4, 0), (4, 3), (1, -1), (0, 3)))),)),
        (),
        r"section 'bow' could not be meshed: after 12 rounds \d+ edges .* near \(.*\) mm. .* correct it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_sections_are_refused(name):
    section, bodies, message = REFUSED[name]
    with pytest.raises(GeometryError, match=message):
        mesh_section(section, bodies, 40.0)


@pytest.mark.parametrize(
    ("half_width", "resolution", "message"),
    [
        (-40.0, 1.0, r"half_width_mm = -40: a positive number is needed. Give one"),
        (math.inf, 1.0, r"half_width_mm = inf: a positive number is needed"),
        (40.0, 0.0, r"resolution = 0: a positive number is needed"),
    ],
)
def test_sizes_must_be_positive(half_width, resolution, message):
    with pytest.raises(GeometryError, match=message):
        mesh_section(CANAL, (LEAD,), half_width, resolution=resolution)
