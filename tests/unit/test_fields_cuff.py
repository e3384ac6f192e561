"""The cuff problem and its medium: what they refuse, where points may lie, and numbers of functions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from scsim.electrodes.contacts import ArcContact
from scsim.electrodes.lead import Cuff
from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError
from scsim.fields.cuffs.cuff import CuffMedium, CuffProblem, CuffSettings
from scsim.tissue.materials import Conductivities
from scsim.tissue.nerve import Fascicle, Nerve

ALONG = (0.0, 0.0, 1.0)
TISSUES = {
    "endoneurium": (0.17, 0.57),
    "perineurium": (9e-4, 9e-4),
    "epineurium": (0.16, 0.16),
    "saline": (1.76, 1.76),
    "muscle": (0.086, 0.35),
}
COARSE = CuffSettings(degree=5, finest_edge=0.1, finest_corner=0.2, n_angular=3)


def contact(label="c1", z=-1.0, **changes):
    return ArcContact(label, (0.0, 0.0, z), ALONG, 0.8, 0.9, **changes)


CONTACTS = (contact(), contact("c2", 1.0))


def problem(**changes):
    options = {
        "nerve": Nerve("thick", "", 0.8, (Fascicle((0.0, 0.0), 0.5, 0.02),)),
        "cuff": Cuff("short", "", CONTACTS, 0.9, 1.4, 4.0),
        "conductivities": Conductivities("test", tuple(TISSUES.items())),
        "perineurium": "sheet",
        "radius_mm": 6.0,
        "half_length_mm": 8.0,
        "settings": COARSE,
    }
    return CuffProblem(**(options | changes))


@pytest.fixture(scope="module")
def medium():
    one = problem()
    return CuffMedium(one, one.solve())


def test_the_solver_has_a_name():
    assert problem().solver == "cuff"


@pytest.mark.parametrize(
    ("name", "value", "low"),
    [
        ("degree", 1, 2),
        ("ratio", 1.5, 2),
        ("n_along", 0, 1),
        ("n_around", 0, 1),
        ("n_angular", 0, 1),
        ("n_halvings", -1, 0),
        ("ratio", math.nan, 2),
    ],
)
def test_settings_too_low_are_refused(name, value, low):
    with pytest.raises(GeometryError, match=rf"{name} = {value:g} .*at least {low} is needed"):
        CuffSettings(**{name: value})


@pytest.mark.parametrize("name", ["finest_edge", "finest_corner"])
@pytest.mark.parametrize("value", [0.0, -1.0, 2.0, math.nan])
def test_finest_elements_have_a_length(name, value):
    with pytest.raises(GeometryError, match=rf"{name} = {value:g} .*above 0 up to 1.*default"):
        CuffSettings(**{name: value})


def test_several_fascicles_are_refused():
    nerve = Nerve(
        "two", "", 0.8, (Fascicle((-0.4, 0.0), 0.2, 0.02), Fascicle((0.4, 0.0), 0.2, 0.02))
    )
    with pytest.raises(GeometryError, match=r"'two' has 2 fascicles.*Use solver = 'voxel'"):
        problem(nerve=nerve)


def test_a_fascicle_off_the_middle_is_refused():
    nerve = Nerve("off", "", 0.8, (Fascicle((0.03, 0.04), 0.5, 0.02),))
    with pytest.raises(GeometryError, match=r"'off' lies 0\.05 mm off its middle.*'voxel'"):
        problem(nerve=nerve)


def test_a_cuff_narrower_than_the_nerve_is_refused():
    nerve = Nerve("thick", "", 0.95, (Fascicle((0.0, 0.0), 0.5, 0.02),))
    with pytest.raises(
        GeometryError, match=r"inner_radius_mm = 0\.9 mm is narrower.*radius_mm = 0\.95 mm.*wider"
    ):
        problem(nerve=nerve)


def test_a_cuff_off_the_axis_is_refused():
    moved = tuple(replace(c, center_mm=(0.3, 0.0, c.center_mm[2])) for c in CONTACTS)
    cuff = Cuff("short", "", moved, 0.9, 1.4, 4.0, center_mm=(0.3, 0.0, 0.0))
    with pytest.raises(GeometryError, match=r"'short' lies 0\.3 mm off.*Center it, or use"):
        problem(cuff=cuff)


@pytest.mark.parametrize("value", [1.4, 0.5, math.nan, math.inf])
def test_a_domain_without_room_for_the_cuff_is_refused(value):
    with pytest.raises(
        GeometryError, match=rf"radius_mm = {value:g} mm.*outer_radius_mm is 1\.4 mm.*wider"
    ):
        problem(radius_mm=value)


@pytest.mark.parametrize("value", [2.0, 1.0, math.nan, math.inf])
def test_a_domain_shorter_than_the_cuff_is_refused(value):
    with pytest.raises(GeometryError, match=rf"half_length_mm = {value:g} mm.*z = 2 mm.*longer"):
        problem(half_length_mm=value)


def test_unknown_models_are_refused():
    with pytest.raises(GeometryError, match="perineurium = 'meshed': use 'sheet' or 'layer'"):
        problem(perineurium="meshed")
    with pytest.raises(
        GeometryError, match="contact_model = 'line': use 'equipotential' or 'uniform'"
    ):
        problem(contact_model="line")


def test_a_tissue_without_conductivity_is_refused():
    known = {name: pair for name, pair in TISSUES.items() if name != "saline"}
    one = problem(conductivities=Conductivities("dry", tuple(known.items())))
    with pytest.raises(GeometryError, match=r"'dry' has no 'saline'.*Choose another set"):
        one.solve()


@pytest.mark.parametrize(
    "point", [(6.1, 0.0, 0.0), (0.0, 0.0, 8.1), (0.0, 0.0, -8.1), (5.0, 4.0, 0.0)]
)
def test_points_outside_the_domain_are_refused(medium, point):
    with pytest.raises(
        GeometryError,
        match=r"points_mm\[1\] = .*outside the domain.*6 mm radius.*-8 to 8 mm.*Move the point",
    ):
        medium.unit_potential(CONTACTS, [(0.0, 0.0, 0.0), point])


@pytest.mark.parametrize("point", [(1.0, 0.0, 0.0), (0.0, -1.399, 1.999), (0.0, 0.901, -1.999)])
def test_points_in_the_insulator_are_refused(medium, point):
    with pytest.raises(
        GeometryError,
        match=r"points_mm\[1\] = .*in the insulator.*between 0\.9 and 1\.4 mm.*Move the point",
    ):
        medium.unit_potential(CONTACTS, [(0.0, 0.0, 0.0), point])


@pytest.mark.parametrize("source", [PointSource((0.0, 0.0, 0.0)), contact("c3", 1.5)])
def test_other_sources_are_refused(medium, source):
    with pytest.raises(GeometryError, match=r"is no contact of the cuff 'short'.*c1, c2.*Use one"):
        medium.unit_potential([source], [(0.0, 0.0, 0.0)])


@pytest.mark.parametrize(
    ("on", "beside"),
    [
        ((0.0, 0.9, 0.3), (0.0, 0.9 - 1e-7, 0.3)),
        ((0.9, 0.0, -1.9), (0.9 - 1e-7, 0.0, -1.9)),
        ((1.4, 0.0, 0.7), (1.4 + 1e-7, 0.0, 0.7)),
        ((1.1, 0.0, 2.0), (1.1, 0.0, 2.0 + 1e-7)),
        ((1.1, 0.0, -2.0), (1.1, 0.0, -2.0 - 1e-7)),
        ((0.3, 0.0, 2.0), (0.3, 0.0, 2.0 + 1e-7)),
        ((0.5, 0.0, 0.0), (0.5 - 1e-7, 0.0, 0.0)),
        ((0.8, 0.0, 0.0), (0.8 + 1e-7, 0.0, 0.0)),
    ],
)
def test_surfaces_belong_to_the_tissue_beside_them(medium, on, beside):
    # 1e-7 mm away the potential differs by less than 1e-5: fields are below 100 times the peak per mm.
    values = medium.unit_potential(CONTACTS, [on, beside])
    np.testing.assert_allclose(values[:, 0], values[:, 1], rtol=1e-5)
    assert np.all(values > 0.0)


def test_points_within_rounding_of_a_surface_are_on_it(medium):
    angles = np.linspace(0.0, 6.0, 50)
    for radius in (0.9, 1.4):
        points = np.column_stack(
            [radius * np.cos(angles), radius * np.sin(angles), np.full(50, 0.25)]
        )
        values = medium.unit_potential(CONTACTS, points)
        np.testing.assert_allclose(values, np.repeat(values[:, :1], 50, axis=1), rtol=1e-9)


def test_the_border_is_grounded(medium):
    points = [(6.0, 0.0, 1.0), (0.0, 0.0, 8.0), (0.3, 0.2, -8.0), (0.0, -6.0, 8.0)]
    np.testing.assert_allclose(medium.unit_potential(CONTACTS, points), 0.0, atol=1e-9)


def test_a_sheet_parts_two_potentials_and_a_layer_does_not():
    on_both_sides = [(0.5 - 1e-9, 0.0, -1.0), (0.5 + 1e-9, 0.0, -1.0)]
    jumps = []
    for perineurium in ("sheet", "layer"):
        one = problem(perineurium=perineurium)
        inside, outside = CuffMedium(one, one.solve()).unit_potential(CONTACTS[:1], on_both_sides)[
            0
        ]
        jumps.append(outside - inside)
    assert jumps[0] > 10.0
    assert abs(jumps[1]) < 1e-3


def test_contacts_in_any_order_and_number(medium):
    points = [(0.1, 0.2, 0.3), (0.0, 0.0, -3.0)]
    both = medium.unit_potential(CONTACTS, points)
    np.testing.assert_array_equal(medium.unit_potential(CONTACTS[::-1], points), both[::-1])
    np.testing.assert_array_equal(medium.unit_potential(CONTACTS[1:], points), both[1:])
    assert medium.unit_potential([], points).shape == (0, 2)
    assert medium.unit_potential(CONTACTS, np.empty((0, 3))).shape == (2, 0)
    assert medium.contacts == CONTACTS


def test_the_contact_matrix_is_a_symmetric_copy(medium):
    matrix = medium.contact_matrix_ohm()
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[0, 0] > matrix[0, 1] > 0.0
    matrix[:] = 0.0
    assert medium.contact_matrix_ohm()[0, 0] > 0.0


@pytest.mark.parametrize("span", [360.0, 100.0])
def test_lines_and_single_points_agree(span):
    contacts = (contact(middle_deg=30.0, span_deg=span), contact("c2", 1.0))
    one = problem(cuff=Cuff("short", "", contacts, 0.9, 1.4, 4.0))
    medium = CuffMedium(one, one.solve())
    rng = np.random.default_rng(4)
    places = rng.uniform(-0.6, 0.6, (5, 2))
    z = rng.uniform(-7.0, 7.0, (5, 12))
    points = np.array([(x, y, h) for (x, y), row in zip(places, z, strict=True) for h in row])
    shuffled = rng.permutation(len(points))
    as_lines = medium.unit_potential(contacts, points[shuffled])
    # Five points of five lines are too few for whole lines.
    singly = [medium.unit_potential(contacts, points[shuffled[k : k + 5]]) for k in range(0, 60, 5)]
    # The table is compressed to 1e-10 of its peak once, so both ways differ by rounding only.
    np.testing.assert_allclose(as_lines, np.hstack(singly), rtol=1e-10)


def test_a_cuff_away_from_the_origin_is_a_shifted_one():
    # The domain is so long that its ends are seen 1e-9 at most: exp(-0.2 · 100).
    wide = {"half_length_mm": 120.0}
    here = problem(**wide)
    moved = tuple(replace(c, center_mm=(0.0, 0.0, c.center_mm[2] + 2.5)) for c in CONTACTS)
    there = problem(cuff=Cuff("short", "", moved, 0.9, 1.4, 4.0, center_mm=(0.0, 0.0, 2.5)), **wide)
    z = np.linspace(-3.0, 3.0, 9)
    points = np.column_stack([np.full(9, 0.2), np.zeros(9), z])
    found = [
        CuffMedium(p, p.solve()).unit_potential(
            p.cuff.contacts, points + np.array([0.0, 0.0, shift])
        )
        for p, shift in ((here, 0.0), (there, 2.5))
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_a_cuff_without_a_gap_and_contacts_up_to_its_ends_is_solved():
    contacts = (replace(contact(z=-1.6)), replace(contact("c2", 1.6)))
    nerve = Nerve("tight", "", 0.9, (Fascicle((0.0, 0.0), 0.5, 0.02),))
    tight = problem(nerve=nerve, cuff=Cuff("tight", "", contacts, 0.9, 1.4, 4.0))
    usual = replace(tight, settings=CuffSettings())
    matrices = []
    for one in (usual, usual.refined()):
        medium = CuffMedium(one, one.solve())
        matrices.append(medium.contact_matrix_ohm())
        potential = medium.unit_potential(contacts, [(0.0, 0.0, -1.6)])[0, 0]
        assert 0.0 < potential < matrices[-1][0, 0]
    # Metal that ends at the tube's corner: the tissue fills 270 degrees between a potential and an insulator, so
    # the potential goes as r^(1/3) there and what elements of size h miss of a resistance as h^(2/3). Halves
    # of them leave 0.63 of the error: for the bar of 0.5 % the two may differ by 0.37 of it.
    np.testing.assert_allclose(*matrices, rtol=5e-3 * (1.0 - 0.5 ** (2.0 / 3.0)))


def test_numbers_of_functions_follow_the_gap_and_the_radii():
    ring, arc = problem(settings=CuffSettings()), contact(span_deg=90.0)
    # c / g = 0.4 / 0.1: 4 + 1.5 sqrt(4) = 7, at least 8.
    assert ring.n_functions() == (8, 8, 0)
    partial = replace(ring, cuff=Cuff("short", "", (arc,), 0.9, 1.4, 4.0))
    # Half of the arc is 0.707 mm: 4 + 1.5 sqrt(7.07) = 7.99; ln 0.02 / ln(0.8 / 0.9) = 33.2.
    assert partial.n_functions() == (8, 8, 34)
    near = replace(partial, nerve=Nerve("n", "", 0.899, (Fascicle((0.0, 0.0), 0.5, 0.02),)))
    # 4 + 1.5 sqrt(400) = 34 and 4 + 1.5 sqrt(707) = 44 functions, 3520 modes: at the upper borders.
    assert near.n_functions() == (32, 32, 40)
    tight = replace(partial, nerve=Nerve("n", "", 0.9, (Fascicle((0.0, 0.0), 0.5, 0.02),)))
    # Without a gap the epineurium of 0.38 mm is the layer.
    assert tight.n_functions() == (8, 8, 40)
    thin = replace(
        partial,
        nerve=Nerve("n", "", 0.2, (Fascicle((0.0, 0.0), 0.1, 0.02),)),
    )
    # ln 1e-4 / ln(1 / 9) = 4.2 and 2.6: at the lower border.
    assert thin.n_functions() == (8, 8, 12)
    chosen = replace(partial, settings=CuffSettings(n_along=5, n_around=6, n_angular=7))
    assert chosen.n_functions() == (5, 6, 7)
    assert chosen.refined().n_functions() == (8, 9, 11)


def test_the_refined_problem_has_elements_of_half_the_length():
    one = problem()
    breaks = one.solve()["along_mm"]
    fine = one.refined().solve()["along_mm"]
    np.testing.assert_array_equal(fine[::2], breaks)
    np.testing.assert_allclose(fine[1::2], 0.5 * (breaks[:-1] + breaks[1:]), rtol=1e-12)


def test_uniform_contacts_are_absent_when_idle():
    # Beneath an idle ring an equipotential shunts the current, so the potential falls less along it.
    slopes = []
    for model in ("uniform", "equipotential"):
        one = problem(contact_model=model)
        medium = CuffMedium(one, one.solve())
        ends = medium.unit_potential(CONTACTS[:1], [(0.9, 0.0, 0.65), (0.9, 0.0, 1.35)])[0]
        slopes.append((ends[0] - ends[1]) / ends[0])
    assert slopes[0] > 0.05
    assert abs(slopes[1]) < 0.1 * slopes[0]
