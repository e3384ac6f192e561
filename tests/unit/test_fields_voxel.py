"""The voxel solver: problems, settings, media, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.electrodes.contacts import ArcContact, PadContact, PlateContact, RingContact
from scsim.electrodes.cuff import Cuff, Pads
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.lead import bend_lead
from scsim.electrodes.paddle import Paddle
from scsim.electrodes.sources import PointSource
from scsim.errors import ConvergenceError, GeometryError
from scsim.fields.voxels.labels import LabelVolume
from scsim.fields.voxels.solids import body_box, contact_box, device_contacts
from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
from scsim.fields.voxels.voxel_checks import check_apart, lead_surface
from scsim.fields.voxels.voxel_crossings import outline_crossings
from scsim.fields.voxels.voxel_grid import filled_slices, lay_grid, tissue_names
from scsim.fields.voxels.voxel_solve import solve_all
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region

UP = (0.0, 0.0, 1.0)
SIGMA = Conductivities(
    "test", (("soft_tissue", (0.3, 0.3)), ("dura", (0.03, 0.03)), ("saline", (1.76, 1.76)))
)
SECTION = CrossSection(
    "tube", "soft_tissue", (Region("sac", "dura", Ellipse((0.0, -4.0), (2.0, 2.0))),)
)
SETTINGS = VoxelSettings(spacing_mm=1.5, growth=1.6, device_share=0.8)


def lead(z=0.0, x=0.0, label="c1"):
    return Lead("lead", "", (RingContact(label, (x, 0.0, z), UP, 3.0, 0.65),), 0.65)


def problem(devices=None, section=SECTION, **changes):
    options = {"half_width_mm": 10.0, "half_length_mm": 10.0, "settings": SETTINGS}
    return VoxelProblem(
        section, SIGMA, (lead(),) if devices is None else devices, "equipotential",
        **(options | changes),
    )  # fmt: skip


@pytest.fixture(scope="module")
def medium():
    one = problem()
    return VoxelMedium(one, one.solve())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"spacing_mm": 0.0}, r"spacing_mm = 0 mm.*0.001 to 10 mm"),
        ({"growth": 1.0}, r"growth = 1: .*1.01 to 2"),
        ({"device_share": 2.0}, r"device_share = 2: .*0.1 to 1"),
        ({"n_lines": 0}, r"n_lines = 0: .*1 to 64"),
        ({"tolerance": 1.0}, r"tolerance = 1: .*Choose a value in that range"),
        ({"max_iterations": 0}, r"max_iterations = 0: .*1 to 100000"),
    ],
)
def test_settings_out_of_range(changes, text):
    with pytest.raises(GeometryError, match=text):
        VoxelSettings(**changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"half_width_mm": 0.0}, r"half_width_mm = 0 mm.*Make it larger"),
        ({"half_length_mm": np.inf}, r"half_length_mm = inf mm.*finite size"),
        ({"devices": ()}, r"0 devices without any contact.*Give at least one lead"),
        ({"devices": (lead(9.0),)}, r"contact c1 reaches to z = 10.5 mm.*10 mm.*half_length_mm"),
        ({"devices": (lead(x=9.5),)}, r"reaches to x = 10.15 mm.*Make half_width_mm larger"),
        ({"devices": (PointSource((0.0, 0.0, 11.0)),)}, r"PointSource.*z = 11 mm"),
    ],
)
def test_impossible_problems(changes, text):
    with pytest.raises(GeometryError, match=text):
        problem(**changes)


def test_an_unknown_contact_model():
    with pytest.raises(GeometryError, match=r"contact_model = 'line'.*Choose one of them"):
        replace(problem(), contact_model="line")


def test_refined_halves_the_spacing():
    one = problem()
    finer = one.refined()
    assert finer.solver == "voxel"
    assert finer.settings.spacing_mm == 0.75
    assert np.prod(lay_grid(finer).shape) > 3 * np.prod(lay_grid(one).shape)
    assert repr(finer) != repr(one)
    assert replace(one) == one
    assert hash(replace(one)) == hash(one)


def test_too_many_cells_are_counted():
    one = problem(settings=replace(SETTINGS, max_cells=1000))
    with pytest.raises(GeometryError, match=r"spacing_mm = 1.5 mm makes .* cells, about .* GB.*raise max_cells"):  # fmt: skip
        one.solve()


def test_a_tissue_without_conductivity():
    section = CrossSection("odd", "marrow", ())
    with pytest.raises(GeometryError, match=r"has no 'marrow'.*Choose another set"):
        problem(section=section).solve()


def test_no_convergence_is_said():
    one = problem(settings=replace(SETTINGS, max_iterations=1, tolerance=1e-12))
    with pytest.raises(ConvergenceError, match=r"after 1 iterations the residual is .* 1e-12 is wanted.*growth"):  # fmt: skip
        one.solve()


def test_a_contact_hidden_in_another_body():
    plate = PlateContact("c2", (0.0, -1.5, 0.0), UP, (0.0, -1.0, 0.0), 3.0, 2.0)
    paddle = Paddle("paddle", "", (plate,), (0.0, 0.0, 0.0), 6.0, 3.0)
    with pytest.raises(GeometryError, match=r"contact c1 of 12.2\d+ mm² touches no tissue.*spacing_mm"):  # fmt: skip
        problem((lead(), paddle)).solve()


def test_sources_in_any_order_and_number(medium):
    points = [[0.0, 3.0, 0.0], [2.0, 2.0, 4.0]]
    assert medium.unit_potential((), points).shape == (0, 2)
    assert medium.unit_potential(medium.contacts, np.zeros((0, 3))).shape == (1, 0)
    twice = medium.unit_potential((*medium.contacts, *medium.contacts), points)
    np.testing.assert_array_equal(twice[0], twice[1])
    with pytest.raises(GeometryError, match=r"not among the 1 sources of this medium \(c1\)"):
        medium.unit_potential(lead(1.0).contacts, points)


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ((0.0, 0.0, 11.0), r"points_mm\[1\] = \[0.0, 0.0, 11.0\] mm lies outside the box.*10 mm"),
        ((0.3, 0.3, 0.0), r"points_mm\[1\] = .* inside a lead, paddle or cuff wall.*Move"),
    ],
)
def test_points_without_an_answer(medium, point, text):
    points = [[0.0, 3.0, 0.0], list(point)]
    with pytest.raises(GeometryError, match=text):
        medium.unit_potential(medium.contacts, points)
    assert medium.has_answer(points).tolist() == [True, False]


def test_a_tissue_too_thin_for_the_grid():
    thin = CrossSection(
        "thin", "soft_tissue",
        (Region("a", "dura", Ellipse((0.0, 5.0), (2.0, 2.0))), Region("b", "saline", Ellipse((0.0, 5.0), (1.999, 1.999)))),
    )  # fmt: skip
    one = problem(section=thin)
    medium = VoxelMedium(one, one.solve())
    point = [[0.0, 6.9995, 0.0]]
    with pytest.raises(GeometryError, match=r"points_mm\[0\] = .*too thin there.*spacing_mm"):
        medium.unit_potential(medium.contacts, point)
    assert not medium.has_answer(point)[0]


def test_grounded_borders_are_at_zero(medium):
    border = np.array([[10.0, 1.0, 2.0], [-1.0, -10.0, 0.0]])
    largest = medium.contact_matrix_ohm()[0, 0]
    assert np.abs(medium.unit_potential(medium.contacts, border)).max() < 0.01 * largest


def test_a_point_source_in_a_solid():
    one = problem((lead(), PointSource((0.0, 0.0, 5.0))))
    with pytest.raises(GeometryError, match=r"lies inside a lead.*Move the source"):
        one.solve()


def test_points_alone_need_no_contact():
    source = PointSource((1.0, 2.0, 3.0))
    for model in ("equipotential", "uniform"):
        one = replace(problem((source,)), contact_model=model)
        medium = VoxelMedium(one, one.solve())
        assert medium.contacts == ()
        assert medium.contact_matrix_ohm().shape == (0, 0)
        assert medium.unit_potential([source], [[4.0, 2.0, 3.0]])[0, 0] > 0.0
        with pytest.raises(GeometryError, match="points only"):
            medium.unit_potential([PointSource((0.0, 0.0, 0.0))], [[4.0, 2.0, 3.0]])


def test_a_lead_through_the_dura():
    path = [(0.0, 6.0, -30.0), (0.0, -10.0, 30.0)]
    with pytest.raises(
        GeometryError, match=r"'lead' runs through dura at \(.*Move or tilt it less"
    ):
        problem((bend_lead(lead(), path),)).solve()


def test_leads_through_each_other():
    other = replace(bend_lead(lead(), [(-20.0, 0.0, -20.0), (20.0, 0.0, 20.0)]), name="other")
    with pytest.raises(
        GeometryError, match=r"'lead' .* and 'other' .* cross each other at \(.*Move"
    ):
        check_apart([lead(), other])
    check_apart([lead(), lead(x=3.0)])


def test_the_surface_of_a_lead():
    points = lead_surface(bend_lead(lead(), [(0.0, 0.0, -5.0), (3.0, 0.0, 5.0)]))
    along = np.array([3.0, 0.0, 10.0]) / np.linalg.norm([3.0, 0.0, 10.0])
    offset = points - np.array([0.0, 0.0, -5.0])
    across = offset - np.outer(offset @ along, along)
    np.testing.assert_allclose(np.linalg.norm(across, axis=1), 0.65, rtol=1e-12)


def cuff(z=0.0):
    contact = ArcContact("c1", (0.0, 0.0, z), UP, 1.0, 1.0)
    return Cuff("cuff", "", (contact,), 1.0, 1.5, 4.0, center_mm=(0.0, 0.0, z))


def test_a_cuff_is_filled():
    nerve = CrossSection(
        "nerve", "soft_tissue", (Region("n", "dura", Ellipse((0.0, 0.0), (0.6, 0.6))),)
    )
    one = problem((cuff(1.0),), nerve)
    below, inside, above = filled_slices(one)
    assert (below.start_mm, below.end_mm, inside.end_mm, above.end_mm) == (-10.0, -1.0, 3.0, 10.0)
    assert [r.tissue for r in inside.section.regions] == ["saline", "dura"]
    points = np.array([[0.8, 0.0, 1.0], [0.8, 0.0, 5.0], [0.1, 0.0, 1.0], [1.2, 0.0, 1.0]])
    assert tissue_names(one, points) == ["saline", "soft_tissue", "dura", "soft_tissue"]


@pytest.mark.parametrize("heights", [(-1.0, 1.0), (9.0,)])
def test_cuffs_at_one_height_or_beyond_the_box(heights):
    devices = tuple(cuff(z) for z in heights)
    if heights == (9.0,):
        devices = (replace(devices[0], center_mm=(0.0, 0.0, -8.5), contacts=(replace(devices[0].contacts[0], center_mm=(0.0, 0.0, -8.5)),)),)  # fmt: skip
    with pytest.raises(GeometryError, match=r"the cuff 'cuff' begins at z = .*Move it"):
        filled_slices(problem(devices))


def test_boxes_of_contacts_and_bodies():
    tilted = RingContact("c1", (1.0, 0.0, 0.0), (0.6, 0.0, 0.8), 2.0, 0.5)
    box = contact_box(tilted)
    np.testing.assert_allclose(box.high_mm, [1.0 + 0.6 + 0.4, 0.5, 0.8 + 0.3])
    pad = PadContact("c1", (0.0, 1.0, 2.0), (0.0, -1.0, 0.0), 3.0)
    box = contact_box(pad)
    np.testing.assert_allclose(box.low_mm, [-3.0, 1.0, -1.0])
    np.testing.assert_allclose(body_box(Pads("pads", "", (pad,))).high_mm, [3.0, 1.0, 5.0])
    assert device_contacts((lead(), PointSource((0.0, 0.0, 0.0)), cuff())) == (*lead().contacts, *cuff().contacts)  # fmt: skip


def test_a_pad_on_skin():
    # Air above y = 4 conducts a millionth; the pad lies on the skin and drives current down.
    sigma = Conductivities("skin", (("soft_tissue", (0.3, 0.3)), ("air", (1e-6, 1e-6))))
    air = Polygon(((-50.0, 4.0), (50.0, 4.0), (50.0, 50.0), (-50.0, 50.0)))
    section = CrossSection("skin", "soft_tissue", (Region("air", "air", air),))
    pads = Pads("pads", "", (PadContact("c1", (0.0, 4.0, 0.0), (0.0, -1.0, 0.0), 3.0),))
    one = VoxelProblem(
        section, sigma, (pads,), "equipotential", 15.0, 15.0,
        VoxelSettings(spacing_mm=0.75, growth=1.3), grounded_ends=True,
    )  # fmt: skip
    medium = VoxelMedium(one, one.solve())
    # Its face and a tenth of its edge of one spacing; known to half a cell of 0.3 mm in 3 mm.
    area_mm2 = np.pi * (9.0 + 0.1 * 6.0 * 0.75)
    assert medium.solution["metal_mm2"][0] == pytest.approx(area_mm2, rel=0.1)
    # An equipotential disk on a half-space has 1 / (4 σ a); the walls at 15 mm take a part of it.
    unbounded = 1e3 / (4.0 * 0.3 * 3.0)
    assert 0.6 * unbounded < medium.contact_matrix_ohm()[0, 0] < 1.1 * unbounded


@pytest.mark.parametrize("axis", [0, 1])
def test_crossings_bound_what_is_inside(axis):
    across = np.linspace(-3.0, 3.0, 41)
    for outline in (
        Ellipse((0.3, -0.2), (2.0, 1.1), 30.0),
        Polygon(((-1.0, -1.0), (1.5, -0.7), (0.4, 0.2), (1.2, 1.7), (-0.9, 1.1))),
    ):
        positions, slants = outline_crossings(outline, axis, across)
        assert ((slants > 0.0) & (slants <= 1.0 + 1e-12)).all()
        along = np.linspace(-3.0, 3.0, 97)
        for line, place in enumerate(across):
            points = np.zeros((len(along), 2))
            points[:, axis], points[:, 1 - axis] = along, place
            inside = (positions[line][None, :] < along[:, None]).sum(axis=1) % 2 == 1
            np.testing.assert_array_equal(inside, outline.contains(points))


def test_a_label_volume_smaller_than_the_box():
    volume = LabelVolume(
        np.zeros((4, 4, 4), dtype=int), (-1.5, -1.5, -1.5), (1.0, 1.0, 1.0), {0: "soft_tissue"}
    )
    with pytest.raises(GeometryError, match=r"label volume from -2 to 2 mm.*half_width_mm = 2 "):
        problem(section=volume).solve()


def test_loads_without_current_give_nothing():
    from scipy.sparse import diags

    matrix = diags([np.full(700, 3.0), np.full(699, -1.0), np.full(699, -1.0)], [0, 1, -1]).tocsr()
    loads = np.zeros((3, 700))
    loads[0, 5] = loads[2, 600] = 1.0
    found = solve_all(matrix, loads, 1e-10, 50)
    np.testing.assert_allclose(matrix @ found.T, loads.T, atol=1e-9)
    np.testing.assert_array_equal(found[1], 0.0)


def test_metal_belongs_to_its_own_lead():
    # Two leads side by side, the ring of one beside the bare body of the other.
    one, other = lead(-2.0, -0.75), lead(2.0, 0.75, label="c2")
    settings = VoxelSettings(spacing_mm=0.5, growth=1.6)
    medium_of_two = problem(
        (one, other), CrossSection("plain", "soft_tissue", ()), settings=settings
    )
    area_mm2 = medium_of_two.solve()["metal_mm2"]
    # Half a step of the lines of sight, 0.25 mm / 16, in the radius of 0.65 mm: 2.4 %.
    np.testing.assert_allclose(area_mm2, one.contacts[0].area_mm2, rtol=0.024)
