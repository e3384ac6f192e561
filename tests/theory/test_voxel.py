"""The voxel solver against closed forms and invariants. All grids are small.

Reference tables and other solvers are in ``tests/unit/test_validate_field.py`` and ``tests/property/test_solvers.py``.
"""

import math

import numpy as np
import pytest

import scsim
from scsim.electrodes.contacts import ArcContact, PlateContact, RingContact
from scsim.electrodes.cuff import Cuff
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.lead import bend_lead
from scsim.electrodes.paddle import Paddle
from scsim.electrodes.sources import PointSource
from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem
from scsim.fields.cuffs.cuff import CuffMedium, CuffProblem
from scsim.fields.voxels.labels import LabelVolume
from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
from scsim.fields.voxels.voxel_grid import lay_grid, lay_tissue
from scsim.fields.voxels.voxel_matrix import make_system
from scsim.tissue.materials import Conductivities
from scsim.tissue.nerve import Fascicle, Nerve
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region, Sheet

UP = (0.0, 0.0, 1.0)
VALUES = {
    "soft_tissue": (0.3, 0.3),
    "csf": (1.7, 1.7),
    "white_matter": (0.083, 0.6),
    "poor": (0.02, 0.02),
}
SIGMA = Conductivities("test", tuple(VALUES.items()))
PLAIN = CrossSection("plain", "soft_tissue", ())
TUBES = CrossSection(
    "tubes",
    "soft_tissue",
    (
        Region("sac", "csf", Ellipse((0.0, -1.0), (4.0, 3.4))),
        Region("cord", "white_matter", Ellipse((0.0, -1.2), (2.4, 1.8))),
    ),
)


def ring(z, label, x=0.0, y=3.5):
    return RingContact(label, (x, y, z), UP, 2.0, 0.6)


def lead(*heights, x=0.0, y=3.5):
    contacts = tuple(ring(z, f"c{n}", x, y) for n, z in enumerate(heights, start=1))
    return Lead("lead", "", contacts, 0.6)


LEAD = lead(-3.0, 3.0)


def problem(section=TUBES, devices=(LEAD,), model="equipotential", spacing=0.8, **changes):
    options = {"half_width_mm": 15.0, "half_length_mm": 20.0}
    settings = VoxelSettings(spacing_mm=spacing, growth=1.4, device_share=0.7)
    return VoxelProblem(
        section, SIGMA, devices, model, **(options | {"settings": settings} | changes)
    )


def solved(*args, **kwargs):
    one = problem(*args, **kwargs)
    return VoxelMedium(one, one.solve())


def some_points():
    z = np.linspace(-9.0, 9.0, 7)
    places = [(0.0, 0.5), (1.1, -0.4), (-1.1, -0.4), (0.2, 1.4), (0.0, 7.0)]
    return np.array([(x, y, height) for x, y in places for height in z])


@pytest.fixture(scope="module")
def base():
    return solved()


def test_layers_across_the_box_are_exact_resistances_in_series():
    # Half-planes across y: a plate of current into a stack of layers between grounded walls is one-dimensional
    # where nothing depends on x. Here the grid's own conductances are summed: a column from wall to wall.
    def band(low, high):
        return Polygon(((-90.0, low), (90.0, low), (90.0, high), (-90.0, high)))

    section = CrossSection(
        "layers",
        "soft_tissue",
        (
            Region("a", "csf", band(-7.3, 6.1)),
            Region("b", "poor", band(-2.05, 0.31), Sheet("poor", 0.05)),
        ),
    )
    one = problem(section, (PointSource((0.0, 9.0, 0.0)),), spacing=1.0)
    grid = lay_grid(one)
    system = make_system(one, grid, lay_tissue(one, grid))
    number, matrix = system.number, system.matrix.tocsr()
    i, k = number.shape[0] // 2, number.shape[2] // 2
    column = number[i, :, k]
    conductance = -np.asarray(matrix[column[:-1], column[1:]]).ravel()
    area = grid.widths_mm[0][i] * grid.widths_mm[2][k]
    y = grid.centers_mm[1]
    rho = {name: 1.0 / pair[0] for name, pair in VALUES.items()}
    csf, soft, poor = rho["csf"], rho["soft_tissue"], rho["poor"]
    exact = (
        soft * (-7.3 - y[0] + y[-1] - 6.1)
        + csf * (-2.05 + 7.3 + 6.1 - 0.31)
        + poor * (0.31 + 2.05 + 2 * 0.05)
    )
    assert np.sum(area / conductance) == pytest.approx(exact, rel=1e-10)


def test_a_point_in_an_even_box_has_the_potential_of_its_images():
    # Grounded walls at ±a in x and y, insulating ends at ±c: images of sign (−1)^(i+j), all of one sign along z.
    a, c, place = 15.0, 20.0, (1.0, -2.0, 3.0)
    settings = VoxelSettings(spacing_mm=0.5, growth=1.12)
    medium = solved(PLAIN, (PointSource(place),), settings=settings)
    points = np.array([(5.0, -2.0, 3.0), (1.0, 3.0, -1.0), (-3.0, -4.0, 7.0), (1.0, -2.0, 10.0)])
    n = np.arange(-20, 21)
    weight = np.where(abs(n) == 20, 0.5, 1.0)  # so that the images cut off have no net charge
    shift = (2 * a * n + (-1.0) ** n * place[0], 2 * a * n + (-1.0) ** n * place[1])
    x, y, z = np.meshgrid(*shift, 2 * c * n + (-1.0) ** n * place[2], indexing="ij")
    sign = np.multiply.outer(np.multiply.outer(weight * (-1.0) ** n, weight * (-1.0) ** n), weight)
    exact = [
        float(np.sum(sign / np.sqrt((x - p[0]) ** 2 + (y - p[1]) ** 2 + (z - p[2]) ** 2)))
        / (4.0 * math.pi * 0.3)
        * 1e3
        for p in points
    ]
    found = medium.unit_potential(point_of(medium), points)[0]
    # Cells grow to 0.5 + 0.11 r, about 1 mm at r = 4 mm: a second difference of 1/r errs by (h/r)²/12 · 6 or so, which
    # is 3 % there; interpolation adds as much of the same sign or the other.
    np.testing.assert_allclose(found, exact, rtol=0.03)


def point_of(medium):
    return [device for device in medium.problem.devices if isinstance(device, PointSource)]


def test_the_order_of_convergence_on_an_even_medium_is_two():
    # Away from a source the potential is smooth: with cells of one width, errors fall by four or more per halving.
    source = PointSource((0.0, 0.0, 0.0))
    points = np.array([(3.2, 2.1, 0.3), (0.4, 3.1, 3.3), (2.9, 0.2, 3.7)])
    results = []
    for spacing in (1.0, 0.5, 0.25):
        one = problem(
            PLAIN, (source,), half_width_mm=5.5, half_length_mm=5.5,
            settings=VoxelSettings(spacing_mm=spacing, growth=1.01), grounded_ends=True,
        )  # fmt: skip
        results.append(VoxelMedium(one, one.solve()).unit_potential([source], points)[0])
    ratio = np.abs(results[0] - results[1]).max() / np.abs(results[1] - results[2]).max()
    assert math.log2(ratio) > 1.6


def test_current_is_conserved(base):
    # What flows to the grounded walls is 1 mA for each contact: A x = b summed over all cells.
    one = base.problem
    grid = lay_grid(one)
    system = make_system(one, grid, lay_tissue(one, grid))
    potential = base.solution["potential_v"]
    to_ground = np.asarray(system.matrix.sum(axis=0)).ravel()
    n_cells = int((system.number >= 0).sum())
    for row, own in enumerate(potential):
        flat = np.empty(n_cells)
        flat[system.number[system.number >= 0]] = own[system.number >= 0]
        contacts = base.solution["matrix_v"][:, row]
        assert to_ground @ np.concatenate([flat, contacts]) == pytest.approx(1.0, abs=1e-6)


def test_the_matrix_is_symmetric_and_positive(base):
    grid = lay_grid(base.problem)
    matrix = make_system(base.problem, grid, lay_tissue(base.problem, grid)).matrix
    assert abs(matrix - matrix.T).max() <= 1e-12 * abs(matrix).max()
    off = matrix - np.diag(matrix.diagonal()) if matrix.shape[0] < 10 else matrix.copy()
    off.setdiag(0.0)
    assert off.max() <= 0.0  # so no potential lies outside those of its neighbors
    assert (matrix.sum(axis=1) >= -1e-9).all()


def test_contact_matrix_symmetric_and_idle_contacts_equipotential(base):
    matrix = base.contact_matrix_ohm()
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12)
    assert (np.linalg.eigvalsh(matrix) > 0.0).all()
    np.testing.assert_allclose(matrix[0, 0], matrix[1, 1], rtol=1e-6)  # mirrored along z


def test_superposition(base):
    # Two montages of the same unit potentials: linear, and in any order of the contacts.
    points = some_points()
    both = base.unit_potential(base.contacts, points)
    swapped = base.unit_potential(base.contacts[::-1], points)
    np.testing.assert_array_equal(both, swapped[::-1])
    np.testing.assert_array_equal(both[:1], base.unit_potential(base.contacts[:1], points))


@pytest.mark.parametrize("model", ["equipotential", "uniform"])
def test_reciprocity(model):
    # 1 mA at a point gives a contact the potential that 1 mA in the contact gives the point.
    point = PointSource((1.7, -0.9, 6.0))
    medium = solved(TUBES, (LEAD, point), model)
    there = medium.solution["matrix_v"][2, :2]
    here = medium.solution["matrix_v"][:2, 2]
    np.testing.assert_allclose(there, here, rtol=1e-9)
    grid = medium.solution
    cell = [int(np.searchsorted(grid[f"{axis}_edges_mm"], at)) - 1 for axis, at in zip("xyz", point.position_mm, strict=True)]  # fmt: skip
    np.testing.assert_allclose(grid["potential_v"][(slice(0, 2), *cell)], here, rtol=1e-6)


def test_mirror_symmetry(base):
    points = some_points()
    mirrored = points * np.array([-1.0, 1.0, 1.0])
    one, other = (base.unit_potential(base.contacts, at) for at in (points, mirrored))
    np.testing.assert_allclose(
        one, other, rtol=1e-6
    )  # up to the residual of the solution, 1e-8 of its load
    upside = base.unit_potential(base.contacts, points * np.array([1.0, 1.0, -1.0]))
    np.testing.assert_allclose(one, upside[::-1], rtol=1e-6)


def test_potentials_lie_between_ground_and_the_driven_contact(base):
    # Maximum principle, also of interpolated values: fine lines across thin layers and along interfaces.
    rng = np.random.default_rng(1)
    points = rng.uniform([-5.0, -5.0, -8.0], [5.0, 4.9, 8.0], (4000, 3))
    points = points[base.has_answer(points)]
    values = base.unit_potential(base.contacts, points)
    largest = base.contact_matrix_ohm().diagonal()[:, None]
    assert (values > -0.02 * largest).all()
    assert (values < 1.02 * largest).all()


def test_the_potential_is_continuous_across_an_interface(base):
    # Beside an interface each side has its own fit; they meet at it. The drop over one cell is some 10 %.
    angle = np.radians(np.arange(5.0, 360.0, 10.0))
    cord = np.column_stack([2.4 * np.cos(angle), -1.2 + 1.8 * np.sin(angle)])
    heights = np.full((len(cord), 1), 2.0)
    inward = 1e-4 * (cord - np.array([0.0, -1.2]))
    both = [
        base.unit_potential(base.contacts, np.hstack([cord + sign * inward, heights]))
        for sign in (-1.0, 1.0)
    ]
    assert np.abs(both[0] / both[1] - 1.0).max() < 0.05


def test_a_lead_along_a_straight_path_is_a_straight_lead(base):
    # The path leaves the box, so the bodies are the same; the grid follows the metal in both cases.
    path = [(0.0, 3.5, -50.0), (0.0, 3.5, 50.0)]
    bent = bend_lead(lead(-3.0, 3.0, y=0.0), path)
    medium = solved(devices=(bent,))
    points = some_points()
    np.testing.assert_allclose(
        medium.unit_potential(medium.contacts, points),
        base.unit_potential(base.contacts, points),
        rtol=1e-6,
    )


def test_a_tilted_lead_is_the_straight_one_turned():
    # In an even medium; walls are 10 mm away and turn with nothing, so a point near the lead is compared, offset-free.
    settings = VoxelSettings(spacing_mm=0.5, growth=1.4)
    c, s = math.cos(math.radians(25.0)), math.sin(math.radians(25.0))
    turn = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    straight = lead(-2.5, 2.5, y=0.0)
    path = [tuple(turn @ np.array([0.0, 0.0, z])) for z in (-60.0, 60.0)]
    options = {"half_length_mm": 15.0, "grounded_ends": True, "settings": settings}
    one = solved(PLAIN, (straight,), **options)
    other = solved(PLAIN, (bend_lead(straight, path),), **options)
    points = np.array([(2.0, y, z) for y in (-1.0, 0.0, 1.0) for z in (-4.0, -2.5, 0.0, 2.5, 4.0)])
    first = one.unit_potential(one.contacts, points)
    second = other.unit_potential(other.contacts, points @ turn.T)
    first, second = first[1] - first[0], second[1] - second[0]
    # The surface is known to half a cell, 0.125 mm of the 2 mm between the axis and the points: 6 % of the peak.
    assert np.abs(first - second).max() < 0.06 * np.abs(first).max()


def test_a_label_volume_of_a_cross_section_gives_the_same_matrix():
    # Blocks whose sides are planes of voxels: cut exactly either way.
    def block(x, low, high):
        return Polygon(((-x, low), (x, low), (x, high), (-x, high)))

    section = CrossSection(
        "blocks",
        "soft_tissue",
        (
            Region("sac", "csf", block(4.0, -4.0, 2.0)),
            Region("cord", "white_matter", block(2.0, -3.0, 0.5)),
        ),
    )
    step = 0.5
    count = (60, 60, 80)
    centers = [step * (np.arange(n) - (n - 1) / 2.0) for n in count]
    plane = np.array(np.meshgrid(*centers[:2], indexing="ij")).reshape(2, -1).T
    codes = {"soft_tissue": 7, "csf": 2, "white_matter": 5}
    flat = np.array([codes[tissue] for tissue in section.tissue_at(plane)]).reshape(60, 60, 1)
    volume = LabelVolume(
        np.repeat(flat, count[2], axis=2),
        tuple(float(axis[0]) for axis in centers),
        (step, step, step),
        {code: tissue for tissue, code in codes.items()},
    )
    # As many lines of sight per cell in both, and no device whose surface they would sample differently along z.
    settings = VoxelSettings(spacing_mm=0.8, growth=1.4, n_lines=2)
    source = PointSource((0.0, 5.0, 1.0))
    media, matrices = [], []
    for tissue in (section, volume):
        one = problem(tissue, (source,), settings=settings)
        grid = lay_grid(one)
        matrices.append(make_system(one, grid, lay_tissue(one, grid)).matrix)
        media.append(VoxelMedium(one, one.solve()))
    assert abs(matrices[0] - matrices[1]).max() < 1e-12 * abs(matrices[0]).max()
    points = some_points()
    one, other = (medium.unit_potential([source], points) for medium in media)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def cuff_media(spacing, span=360.0):
    nerve = Nerve("n", "", 0.75, (Fascicle((0.0, 0.0), 0.5, 0.015),))
    sigma = Conductivities(
        "nerve",
        (
            ("endoneurium", (1.0 / 6.0, 1.0 / 1.75)),
            ("perineurium", (1.0 / 1149.0, 1.0 / 1149.0)),
            ("epineurium", (1.0 / 6.3, 1.0 / 6.3)),
            ("saline", (1.76, 1.76)),
            ("muscle", (0.086, 0.35)),
        ),
    )
    contacts = tuple(
        ArcContact(f"c{n}", (0.0, 0.0, z), UP, 1.0, 0.95, 90.0, span)
        for n, z in enumerate((-1.0, 1.0), start=1)
    )
    cuff = Cuff("c", "", contacts, 0.95, 1.45, 5.0)
    smooth = CuffProblem(
        nerve=nerve, cuff=cuff, conductivities=sigma, perineurium="sheet", radius_mm=11.0,
        half_length_mm=12.0,
    )  # fmt: skip
    voxel = VoxelProblem(
        nerve.cross_section("sheet"), sigma, (cuff,), "equipotential", 10.0, 12.0,
        VoxelSettings(spacing_mm=spacing, growth=1.4), grounded_ends=True,
    )  # fmt: skip
    return CuffMedium(smooth, smooth.solve()), VoxelMedium(voxel, voxel.solve())


def cuff_error(spacing):
    smooth, voxel = cuff_media(spacing)
    z = np.linspace(-3.0, 3.0, 25)
    points = np.column_stack([0 * z + 0.2, 0 * z + 0.1, z])
    one, other = (medium.unit_potential(medium.contacts, points) for medium in (smooth, voxel))
    # Bipolar, free of the square border that stands for a round one.
    one, other = one[1] - one[0], other[1] - other[0]
    return np.abs(one - other).max() / np.abs(one).max()


FASCICLE_MM = 0.5


def sheet_shifts(*spacings):
    """Errors in cells: by how much of a cell a sheet of radius 0.5 mm would have to lie elsewhere."""
    return np.array([cuff_error(spacing) * FASCICLE_MM / spacing for spacing in spacings])


def assert_sheet_is_somewhere_in_its_cells(shifts):
    # Contacts end at edges of cells, so what is left is the perineurium, which carries most of the drop: a circle of
    # 4 to 10 cells across. The current into the fascicle goes as its circumference, and links between cells know where
    # they cross the sheet to a cell: off by half of one at most, evenly spread by 1/√12 in the mean square.
    assert shifts.max() < 0.5
    assert math.sqrt(np.mean(shifts**2)) < 1.0 / math.sqrt(12.0)


def test_a_cuff_with_a_sheet_is_near_the_cuff_solver():
    # 4.2, 11.9 and 2.7 % of the peak: 0.09, 0.30 and 0.09 cells.
    assert_sheet_is_somewhere_in_its_cells(sheet_shifts(0.225, 0.2, 0.15))


@pytest.mark.long
def test_a_cuff_with_a_sheet_equals_the_cuff_solver():
    # 1.3, 2.1 and 1.2 %: 0.05, 0.10 and 0.08 cells. The error is of first order, so that it falls with the spacing.
    coarse, fine = (0.25, 0.225, 0.2), (0.125, 0.1, 0.08)
    large, small = sheet_shifts(*coarse), sheet_shifts(*fine)
    assert_sheet_is_somewhere_in_its_cells(small)
    assert small @ fine <= large @ coarse * sum(fine) / sum(coarse)


def test_a_paddle_equals_the_spectral_solver():
    plates = tuple(
        PlateContact(f"c{n}", (0.0, 3.2, z), UP, (0.0, -1.0, 0.0), 3.0, 2.0)
        for n, z in enumerate((-3.5, 3.5), start=1)
    )
    paddle = Paddle("paddle", "", plates, (0.0, 4.0, 0.0), 6.0, 1.6)
    one = SectionProblem(TUBES, SIGMA, (paddle.body,), 15.0)
    smooth = ExtrudedMedium(one, one.solve(), plates, "equipotential", 20.0)
    medium = solved(devices=(paddle,), spacing=0.5)
    z = np.linspace(-8.0, 8.0, 33)
    points = np.column_stack([0 * z, 0 * z - 0.5, z])
    first, second = (m.unit_potential(m.contacts, points)[1] for m in (smooth, medium))
    assert np.abs(first - second).max() < 0.03 * np.abs(first).max()


@pytest.mark.parametrize("model", ["equipotential", "uniform"])
def test_a_lead_equals_the_spectral_solver(model):
    one = SectionProblem(TUBES, SIGMA, (LEAD.body,), 15.0)
    smooth = ExtrudedMedium(one, one.solve(), LEAD.contacts, model, 20.0)
    medium = solved(model=model, settings=VoxelSettings(spacing_mm=0.5))
    for x, y in ((0.0, 0.3), (0.8, -0.3), (0.0, -1.0)):
        z = np.linspace(-10.0, 10.0, 41)
        points = np.column_stack([0 * z + x, 0 * z + y, z])
        first, second = (m.unit_potential(m.contacts[:1], points)[0] for m in (smooth, medium))
        # The bar of the reference tables at this spacing.
        assert np.abs(first - second).max() < 0.025 * np.abs(first).max()


def test_refinement_changes_little(base):
    finer = base.problem.refined()
    medium = VoxelMedium(finer, finer.solve())
    points = some_points()
    one, other = (m.unit_potential(m.contacts, points) for m in (base, medium))
    assert finer.settings.spacing_mm == 0.4
    assert np.abs(one - other).max() < 0.08 * np.abs(other).max()


@pytest.mark.long
def test_errors_in_the_thoracic_canal_hold_the_bars():
    # The whole chain at 0.5 mm on the reference's base case; all tables: scsim validate field FOLDER.
    spine = scsim.load_spine(scsim.SpineSection(preset="thoracic"))
    seat = scsim.dorsal_seat(spine, 0.65, 0.2, 0.0)
    contacts = tuple(
        RingContact(f"c{n}", (seat.x_mm, seat.y_mm, z), UP, 3.0, 0.65)
        for n, z in enumerate((-3.5, 3.5), start=1)
    )
    device = Lead("lead", "", contacts, 0.65)
    sigma = scsim.load_conductivities(scsim.ConductivitySection())
    section = spine.cross_section((device.body,))
    one = SectionProblem(section, sigma, (device.body,), 40.0)
    smooth = ExtrudedMedium(one, one.solve(), contacts, "equipotential", 60.0)
    two = VoxelProblem(section, sigma, (device,), "equipotential", 40.0, 60.0, VoxelSettings(spacing_mm=0.5))  # fmt: skip
    medium = VoxelMedium(two, two.solve())
    z = np.arange(-30.0, 30.5, 0.5)
    for depth in (0.5, 1.0, 2.0):
        ((x, y),) = np.reshape(spine.cord_point_mm(0.0, depth), (1, 2))
        points = np.column_stack([0 * z + x, 0 * z + y, z])
        first, second = (m.unit_potential(m.contacts[:1], points)[0] for m in (smooth, medium))
        bend = [v[8:] - 2 * v[4:-4] + v[:-8] for v in (first, second)]
        assert np.abs(first - second).max() < 0.025 * np.abs(first).max()
        assert np.abs(bend[0] - bend[1]).max() < 0.12 * np.abs(bend[0]).max()
