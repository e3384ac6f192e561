"""Messages, settings and book-keeping of the spectral solver; its accuracy is in ``tests/theory/test_spectral.py``."""

import math
from dataclasses import replace

import numpy as np
import pytest

from scsim.electrodes.bodies import Disc, Slab
from scsim.electrodes.contacts import ArcContact, PlateContact, RingContact
from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError
from scsim.fields.canal.edges import body_sites
from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem, SpectralSettings
from scsim.fields.canal.spectral_basis import snapshot_wavenumbers
from scsim.fields.canal.spectral_placing import (
    body_distances_mm,
    contact_gaps_mm,
    curve_neck_mm,
    find_layer,
    is_mirrored,
    least_harmonics,
    neck_mm,
    place_contacts,
)
from scsim.fields.canal.spectral_points import cosine_table, split_lines, sum_series
from scsim.tissue.clearance import encapsulation_outline
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region, Sheet

SECTION = CrossSection("bath", "saline", (Region("dura", "csf", Ellipse((0.0, 0.0), (3.0, 2.0))),))
TISSUE = Conductivities("bath", (("saline", (1.0, 1.0)), ("csf", (1.7, 1.7))))
LEAD = Disc((0.0, 3.0), 0.65)
SLAB = Slab((0.0, 3.0), 5.0, 1.0, ((-1.0, 1.0), (1.0, 1.5)))
ALONG = (0.0, 0.0, 1.0)


def ring(label="c1", z=0.0, *, x=0.0, y=3.0, direction=ALONG, length=3.0, radius=0.65):
    return RingContact(label, (x, y, z), direction, length, radius)


def place(contacts, bodies=(LEAD,), half_length_mm=30.0, n_edge=5, *, is_metal=True):
    sites = body_sites(bodies, 4, 5, is_even=False)
    return place_contacts(contacts, bodies, sites, half_length_mm, n_edge, is_metal=is_metal)


@pytest.fixture(scope="module")
def solved():
    problem = SectionProblem(SECTION, TISSUE, (LEAD,), 10.0, SpectralSettings(resolution=0.5))
    return problem, problem.solve()


@pytest.fixture(scope="module")
def medium(solved):
    contacts = (ring("c1", -4.0), ring("c2", 0.0), ring("c3", 5.0, length=2.0))
    return ExtrudedMedium(*solved, contacts, half_length_mm=15.0)


# ------------------------------------------------------------------------------------------------ problems


def test_refined_doubles_resolution_waves_and_harmonics():
    problem = SectionProblem(SECTION, TISSUE, (LEAD,), 10.0)
    finer = problem.refined()
    assert finer.settings == SpectralSettings(2.0, 8, 8, 8, 15.8)
    assert finer == replace(problem, settings=finer.settings)
    assert finer.largest_per_mm == 2.0 * problem.largest_per_mm
    assert problem.solver == "spectral"


def test_thin_leads_get_shorter_waves_and_narrow_gaps_more_harmonics():
    thin = SectionProblem(SECTION, TISSUE, (Disc((0.0, 3.0), 0.13),), 10.0)
    assert thin.largest_per_mm == pytest.approx(7.9 * 5.0)
    near = SectionProblem(SECTION, TISSUE, (Disc((0.0, 2.0 + 0.65 + 0.02), 0.65),), 10.0)
    far = SectionProblem(SECTION, TISSUE, (Disc((0.0, 2.0 + 0.65 + 0.2), 0.65),), 10.0)
    assert max(near.sites[0].harmonics) == 11  # 2.7 / arcosh(1 + 0.02/0.65)
    assert max(far.sites[0].harmonics) == 4
    assert max(near.refined().sites[0].harmonics) == 22


def test_harmonics_grow_as_gaps_between_leads_narrow():
    # 2.4 / arcosh(1 + g/2a), a = 0.65 mm: 2.8, 4.4, 13.7 and beyond the most that are taken.
    def beside(gap):
        return LEAD, Disc((1.3 + gap, 3.0), 0.65)

    found = [least_harmonics(SECTION, beside(gap)) for gap in (0.5, 0.2, 0.02, 0.001, 0.0, -0.1)]
    assert found == [3, 5, 14, 24, 24, 24]
    assert least_harmonics(SECTION, (SLAB,)) == 0


def test_waves_grow_shorter_as_gaps_between_leads_narrow():
    # 5 / √(ag + g²/4) with a = 0.65 mm: 7.9 /mm suffice at 0.6 mm, 43.7 /mm are taken at 0.02 mm.
    def largest(gap):
        bodies = (LEAD, Disc((1.3 + gap, 3.0), 0.65))
        return SectionProblem(SECTION, TISSUE, bodies, 10.0).largest_per_mm

    assert largest(0.6) == 7.9
    assert largest(0.02) == pytest.approx(5.0 / math.sqrt(0.65 * 0.02 + 1e-4), rel=1e-9)
    assert neck_mm((LEAD,)) == neck_mm((LEAD, SLAB)) == math.inf
    assert neck_mm((LEAD, Disc((1.0, 3.0), 0.65))) == pytest.approx(math.sqrt(0.65e-3), rel=1e-3)


def test_waves_grow_shorter_as_the_gap_to_a_curve_narrows():
    # 3.5 / √(2ag + g²) with a = 0.65 mm: 7.9 /mm suffice from 0.14 mm on, 21.5 /mm are taken at 0.02 mm.
    def largest(gap):
        return SectionProblem(SECTION, TISSUE, (beside(gap),), 10.0).largest_per_mm

    def beside(gap):
        return Disc((0.0, 2.0 + gap + 0.65), 0.65)

    assert largest(0.14) == largest(0.3) == 7.9
    assert largest(0.02) == pytest.approx(3.5 / math.sqrt(1.3 * 0.02 + 4e-4), rel=1e-4)
    assert curve_neck_mm(SECTION, (SLAB,)) == math.inf
    touching = math.sqrt(1.3e-3 + 1e-6)
    assert curve_neck_mm(SECTION, (beside(-0.1),)) == pytest.approx(touching, rel=1e-9)


def test_encapsulation_around_a_lead_is_no_gap():
    around = Region("encapsulation_1", "saline", Ellipse((0.0, 3.0), (0.7, 0.7)))
    section = replace(SECTION, regions=(*SECTION.regions, around))
    assert least_harmonics(section, (LEAD,)) == least_harmonics(SECTION, (LEAD,)) == 3
    aside = replace(around, outline=Ellipse((0.001, 3.0), (0.7, 0.7)))
    section = replace(SECTION, regions=(*SECTION.regions, aside))
    assert least_harmonics(section, (LEAD,)) == 7  # 2.7 / arcosh(1 + 0.049/0.65)


def test_layers_of_even_thickness_are_found():
    around = Region("encapsulation_1", "csf", Ellipse((0.0, 3.0), (0.7, 0.7)))
    section = replace(SECTION, regions=(*SECTION.regions, around))
    thickness, beyond = find_layer(section, LEAD)
    assert (thickness, beyond) == (pytest.approx(0.05), "saline")
    assert find_layer(SECTION, LEAD) is None
    thin = replace(around, sheet=Sheet("dura", 0.01))
    assert find_layer(replace(SECTION, regions=(thin,)), LEAD) is None
    grown = replace(around, outline=encapsulation_outline(SLAB, 0.1))
    section = replace(SECTION, regions=(grown,))
    thickness, beyond = find_layer(section, SLAB)
    assert (thickness, beyond) == (pytest.approx(0.1), "saline")
    # A box 0.1 mm beyond the sides has corners 0.14 mm away.
    box = Polygon(((-2.6, 2.4), (2.6, 2.4), (2.6, 3.6), (-2.6, 3.6)))
    assert find_layer(replace(SECTION, regions=(replace(around, outline=box),)), SLAB) is None


@pytest.mark.parametrize(
    ("name", "values", "allowed"),
    [
        ("resolution", (0.0, -1.0, math.nan, 101.0), r"0\.01 to 100"),
        ("n_harmonics", (-1, 65), "0 to 64"),
        ("n_edge", (0, 65), "1 to 64"),
        ("n_across", (0, 65), "1 to 64"),
        ("largest_per_mm", (0.0, -1.0, math.inf), r"0\.1 to 1000"),
    ],
)
def test_settings_out_of_range_are_refused(name, values, allowed):
    for value in values:
        message = rf"{name} = {value:g} of the spectral solver: {allowed} is allowed.*default"
        with pytest.raises(GeometryError, match=message):
            SpectralSettings(**{name: value})


def test_the_largest_settings_of_a_configuration_can_be_refined():
    largest = SpectralSettings(8.0, 16, 16, 16, 64.0)
    assert largest.refined() == SpectralSettings(16.0, 32, 19, 19, 128.0)


def test_only_sections_that_are_their_own_mirror_image_are_taken_for_even():
    triangle = Polygon(((-1.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
    crooked = Polygon(((-1.0, 0.0), (1.1, 0.0), (0.0, 1.0)))
    turned = Ellipse((0.0, 0.0), (3.0, 2.0), 5.0)
    aside = Ellipse((0.1, 0.0), (3.0, 2.0))
    assert is_mirrored(SECTION, (LEAD,))
    assert is_mirrored(replace(SECTION, regions=(Region("t", "csf", triangle),)), (LEAD,))
    for outline in (crooked, turned, aside):
        assert not is_mirrored(replace(SECTION, regions=(Region("t", "csf", outline),)), (LEAD,))
    assert not is_mirrored(SECTION, (Disc((0.1, 3.0), 0.65),))
    assert not is_mirrored(SECTION, (SLAB,))
    assert not is_mirrored(SECTION, (LEAD, Disc((0.0, -3.0), 0.65)))


def test_snapshots_reach_from_zero_to_the_largest_wave():
    waves = snapshot_wavenumbers(40.0, 8.0)
    assert waves[:3].tolist() == pytest.approx([0.0, 0.02, 0.05])
    assert waves[-1] == pytest.approx(8.0)
    assert np.all(waves[3:] / waves[2:-1] <= 1.6)
    assert len(waves) == 14


def test_a_section_without_leads_is_refused():
    problem = SectionProblem(SECTION, TISSUE, (), 10.0)
    with pytest.raises(GeometryError, match=r"'bath' has 0 leads.*at least 1.*Add a lead"):
        problem.solve()


def test_a_missing_conductivity_is_refused():
    problem = SectionProblem(SECTION, Conductivities("bare", TISSUE.values[:1]), (LEAD,), 10.0)
    with pytest.raises(GeometryError, match=r"'bare' has no 'csf'.*Choose another set"):
        problem.solve()


# ------------------------------------------------------------------------------------------------ contacts


def test_contacts_find_their_sites():
    plates = tuple(
        PlateContact(f"p{x}", (x, 2.5, 1.0), ALONG, (0.0, -1.0, 0.0), 4.0, width)
        for x, width in ((-1.0, 1.0), (1.0, 1.5))
    )
    beside = Disc((6.0, 3.0), 0.5)
    placed = place((plates[1], ring(x=6.0, radius=0.5), plates[0]), (SLAB, beside))
    assert [contact.site for contact in placed] == [1, 2, 0]
    assert [contact.center_mm for contact in placed] == [31.0, 30.0, 31.0]
    assert [contact.half_length_mm for contact in placed] == [2.0, 1.5, 2.0]


def test_long_contacts_get_more_edge_functions():
    assert place([ring(length=3.0)])[0].n_edge == 5
    assert place([ring(length=6.0)])[0].n_edge == 7
    assert place([ring(length=50.0)])[0].n_edge == 24


@pytest.mark.parametrize(
    ("contact", "message"),
    [
        (ring(y=3.1), r"'c1' at x = 0, y = 3\.1 mm, radius 0\.65 mm.*lead at x = 0, y = 3 mm"),
        (ring(radius=0.6), r"radius 0\.6 mm, lies on no body.*Place lead and section together"),
        (
            ring(direction=(0.0, math.sin(0.1), math.cos(0.1))),
            r"'c1' is tilted by 5\.73 degrees.*voxel solver",
        ),
        (ring(z=29.0), r"from z = 27\.5 to 30\.5 mm.*ends at ±30 mm.*raise half_length_mm"),
        (
            ArcContact("c1", (0.0, 3.0, 0.0), ALONG, 3.0, 0.65),
            r"'c1' is a ArcContact.*Use the solver of cuffs",
        ),
        (
            PlateContact("c1", (0.0, 2.5, 0.0), ALONG, (0.0, -1.0, 0.0), 4.0, 1.5),
            r"width 1\.5 mm, lies on no body.*Place lead",
        ),
    ],
)
def test_contacts_that_are_on_no_body_are_refused(contact, message):
    with pytest.raises(GeometryError, match=message):
        place([contact])


def test_plates_must_look_out_of_the_face_and_have_its_width():
    good = PlateContact("c1", (1.0, 2.5, 0.0), ALONG, (0.0, -1.0, 0.0), 4.0, 1.5)
    assert place([good], (SLAB,))[0].site == 1
    for bad in (
        replace(good, normal=(0.0, 1.0, 0.0)),
        replace(good, width_mm=1.0),
        replace(good, center_mm=(1.0, 3.5, 0.0)),
    ):
        with pytest.raises(
            GeometryError, match=r"lies on no body.*columns 1 mm at -1 mm, 1\.5 mm at \+1"
        ):
            place([bad], (SLAB,))


def test_overlapping_contacts_are_refused():
    with pytest.raises(GeometryError, match=r"'c1' and 'c2' overlap by 0\.5 mm.*Move them apart"):
        place([ring("c2", 2.5), ring("c1", 0.0)])
    assert len(place([ring("c2", 3.0), ring("c1", 0.0)], is_metal=False)) == 2


def test_metal_that_nearly_touches_is_refused():
    for gap in (0.0, 0.04):
        message = rf"lies {gap:g} mm from the next one.*need 0\.05 mm.*Move them apart.*uniform"
        with pytest.raises(GeometryError, match=message):
            place([ring("c2", 3.0 + gap), ring("c1", 0.0)])
    assert len(place([ring("c2", 3.05), ring("c1", 0.0)])) == 2


def test_contacts_beside_narrow_gaps_get_more_edge_functions():
    # 1.2 (√(c/g) − √7.5) more: 1.4 at 1.5/0.1 mm; the contact beyond a gap of 1 mm keeps the usual 5.
    placed = place([ring("c1", -3.1), ring("c2", 0.0), ring("c3", 4.0)])
    assert [one.n_edge for one in placed] == [7, 7, 5]
    np.testing.assert_allclose(contact_gaps_mm(placed), [0.1, 0.1, 1.0], atol=1e-12)
    assert contact_gaps_mm(place([ring()])) == [math.inf]
    assert place([ring("c1", -3.1), ring("c2")], is_metal=False)[0].n_edge == 5


@pytest.mark.parametrize("half_length_mm", [0.0, -60.0, math.inf, math.nan])
def test_the_domain_needs_a_length(half_length_mm):
    with pytest.raises(GeometryError, match=r"half_length_mm = .* mm.*60 mm is usual"):
        place([ring()], half_length_mm=half_length_mm)


def test_a_medium_needs_contacts():
    with pytest.raises(GeometryError, match=r"0 contacts.*at least 1.*Give the contacts"):
        place([])


# -------------------------------------------------------------------------------------------------- medium


def test_contacts_can_be_asked_for_in_any_order(medium):
    points = np.array([(0.5, 0.0, 1.0), (0.5, 0.0, 2.0), (-1.0, 1.0, 0.0)])
    all_of_them = medium.unit_potential(medium.contacts, points)
    assert all_of_them.shape == (3, 3)
    some = medium.unit_potential([medium.contacts[2], medium.contacts[0]], points)
    np.testing.assert_allclose(some, all_of_them[[2, 0]], rtol=1e-12)
    assert medium.unit_potential([], points).shape == (0, 3)
    assert medium.unit_potential(medium.contacts, np.zeros((0, 3))).shape == (3, 0)


def test_other_contact_models_are_refused(solved):
    with pytest.raises(
        GeometryError, match=r"contact_model = 'line'.*'equipotential' and 'uniform'.*Choose"
    ):
        ExtrudedMedium(*solved, (ring(),), "line")


@pytest.mark.parametrize("source", [ring("c9", 9.0), PointSource((0.0, 0.0, 0.0))])
def test_other_sources_are_refused(medium, source):
    message = r"is not among the 3 contacts of this medium \(c1, c2, c3\).*needs no new solution"
    with pytest.raises(GeometryError, match=message):
        medium.unit_potential([source], [(0.0, 0.0, 0.0)])


@pytest.mark.parametrize("point", [(10.1, 0.0, 0.0), (0.0, -11.0, 0.0), (0.0, 0.0, 15.1)])
def test_points_outside_the_domain_are_refused(medium, point):
    message = r"points_mm\[1\] = \[.*\] mm lies outside.*≤ 10 mm, \|z\| ≤ 15 mm.*larger"
    with pytest.raises(GeometryError, match=message):
        medium.unit_potential(medium.contacts, [(0.0, 0.0, 0.0), point])


def test_points_in_a_lead_are_refused(medium):
    message = r"points_mm\[2\] = \[0\.1, 3\.0, 1\.0\] mm lies inside a lead.*Move the point"
    with pytest.raises(GeometryError, match=message):
        medium.unit_potential(medium.contacts, [(0, 0, 0), (0, 0, 1), (0.1, 3.0, 1.0)])


def test_the_border_of_the_domain_belongs_to_it_and_is_grounded(medium):
    v = medium.unit_potential(medium.contacts, [(10.0, 0.0, 0.0), (0.0, 0.0, 15.0)])
    np.testing.assert_allclose(v[:, 0], 0.0, atol=1e-12)
    assert np.all(v[:, 1] > 0.0)


def test_potential_does_not_depend_on_how_points_are_arranged(medium):
    # Three ways of summing: equal heights, long lines, scattered points. The number of waves follows from the
    # points nearest to the lead; the waves left out are below 1e-7 in tissue, and 1e-5 in elements as coarse as here.
    z = np.linspace(-8.0, 8.0, 33)
    lines = [(0.5, 0.3), (-1.0, 1.2), (2.0, -1.0)]
    points = np.concatenate([np.column_stack([np.tile(xy, (33, 1)), z]) for xy in lines])
    equal = medium.unit_potential(medium.contacts, points)
    uneven = medium.unit_potential(medium.contacts, points[:-1])
    np.testing.assert_allclose(uneven, equal[:, :-1], rtol=1e-12)
    order = np.random.default_rng(4).permutation(len(points))
    scattered = medium.unit_potential(medium.contacts, points[order])
    np.testing.assert_allclose(scattered, equal[:, order], rtol=1e-12)
    alone = np.hstack([medium.unit_potential(medium.contacts, point[None]) for point in points])
    assert np.abs(alone - equal).max() < 1e-5 * equal.max()


def test_shift_and_other_contacts_come_from_one_solution(solved):
    problem, solution = solved
    points = np.array([(0.5, 0.0, z) for z in np.linspace(-3.0, 3.0, 7)])
    here = ExtrudedMedium(problem, solution, (ring(z=0.0),), half_length_mm=300.0)
    there = ExtrudedMedium(problem, solution, (ring(z=1.3),), half_length_mm=300.0)
    # The ends are 50 radii of the grounded box away: exp(−π/20 · 300) is nothing.
    moved = there.unit_potential(there.contacts, points + np.array([0.0, 0.0, 1.3]))
    np.testing.assert_allclose(moved, here.unit_potential(here.contacts, points), rtol=1e-6)


def test_even_contacts_do_not_see_each_other(solved):
    problem, solution = solved
    pair = (ring("c1", -4.0), ring("c2", 0.0))
    points = np.array([(0.5, 0.0, 0.0)])
    both = ExtrudedMedium(problem, solution, pair, "uniform", 15.0)
    alone = ExtrudedMedium(problem, solution, pair[:1], "uniform", 15.0)
    np.testing.assert_allclose(
        both.unit_potential(pair[:1], points), alone.unit_potential(pair[:1], points), rtol=1e-12
    )


def test_solution_is_plain_arrays(solved):
    _, solution = solved
    assert all(isinstance(array, np.ndarray) for array in solution.values())
    assert set(solution) >= {"points_mm", "triangles", "modes", "moments", "eigenvalues_per_mm2"}
    assert np.all(np.diff(solution["eigenvalues_per_mm2"]) >= 0.0)
    assert solution["eigenvalues_per_mm2"][0] > 0.0


# ---------------------------------------------------------------------------------------------------- sums


def test_lines_begin_where_the_place_in_the_plane_changes():
    points = np.array([(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 2, 1), (1, 2, 2), (0, 0, 2)], float)
    assert split_lines(points).tolist() == [0, 2, 3, 5, 6]
    assert split_lines(points[:1]).tolist() == [0, 1]


def test_cosines_by_recurrence_are_cosines():
    phase = np.concatenate([[0.0, 1e-9, np.pi, np.pi - 1e-9], np.linspace(0.0, np.pi, 50)])
    n = 1000
    expected = np.cos(np.outer(np.arange(n), phase))
    # Rounding grows as n² at worst: 1000² · 2e-16.
    np.testing.assert_allclose(cosine_table(phase, n), expected, atol=2e-10)
    assert cosine_table(phase, 1).shape == (1, 54)


@pytest.mark.parametrize(
    "lengths", [(5, 5, 5), (20, 7, 30), (1, 2, 1, 1), (600, 500, 1), (300,) * 3, (1, 2) * 300]
)
def test_sums_are_those_of_the_plain_loop(lengths):
    # Few points and equal heights are exact; a grid of N steps errs by (nπ/N)⁶/6! times the largest |s(s−1)…(s−5)|
    # between its ends, 16.9, for each wave n.
    rng = np.random.default_rng(len(lengths))
    starts = np.cumsum([0, *lengths])
    values, weights = rng.normal(size=(len(lengths), 4)), rng.normal(size=(2, 4, 9))
    phase = rng.uniform(0.0, np.pi, starts[-1])
    phase[:2] = 0.0, np.pi
    found = sum_series(values, weights, phase, starts)
    order = np.arange(9)
    n_steps = 64  # the power of two from 4 steps for each of 9 waves
    error = (order * np.pi / n_steps) ** 6 / 720.0 * 16.9 if starts[-1] > 500 else 0.0 * order
    for index in {0, 1, *range(0, starts[-1], max(1, starts[-1] // 200))}:
        line = int(np.searchsorted(starts, index, side="right")) - 1
        series = np.einsum("r,crn->cn", values[line], weights)
        expected = series @ np.cos(order * phase[index])
        allowed = np.abs(series) @ error + 1e-12
        assert np.all(np.abs(found[:, index] - expected) < allowed)


def test_sums_at_equal_heights_are_those_of_the_plain_loop():
    rng = np.random.default_rng(2)
    values, weights = rng.normal(size=(3, 4)), rng.normal(size=(2, 4, 9))
    phase = rng.uniform(0.0, np.pi, 300)
    found = sum_series(values, weights, np.tile(phase, 3), np.array([0, 300, 600, 900]))
    expected = np.einsum("lr,crn,np->clp", values, weights, np.cos(np.outer(np.arange(9), phase)))
    np.testing.assert_allclose(found, expected.reshape(2, -1), atol=1e-12)


def test_sums_in_a_plane_are_those_of_the_plain_loop():
    # One height and many lines: the other order of products.
    rng = np.random.default_rng(3)
    values, weights = rng.normal(size=(700, 4)), rng.normal(size=(2, 4, 9))
    found = sum_series(values, weights, np.full(700, 1.3), np.arange(701))
    expected = np.einsum("lr,crn,n->cl", values, weights, np.cos(np.arange(9) * 1.3))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_distances_from_bodies():
    places = np.array([(0.0, 0.0), (0.0, 3.2), (4.0, 3.0), (3.5, 4.5)])
    np.testing.assert_allclose(
        body_distances_mm(places, (LEAD,))[:3], [2.35, 0.0, 3.35], atol=1e-12
    )
    expected = [2.5, 0.0, 1.5, math.hypot(1.0, 1.0)]
    np.testing.assert_allclose(body_distances_mm(places, (SLAB,)), expected, atol=1e-12)
    turned = replace(SLAB, turn_deg=90.0)
    assert body_distances_mm(np.array([(4.0, 3.0)]), (turned,))[0] == pytest.approx(3.5)
