"""Messages, settings and book-keeping of the spectral solver; its accuracy is in ``tests/theory/test_spectral.py``."""

import math
from dataclasses import replace

import numpy as np
import pytest

from scsim.electrodes.bodies import Disc, Slab
from scsim.electrodes.contacts import ArcContact, PlateContact, RingContact
from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError
from scsim.fields.edges import body_sites
from scsim.fields.spectral import ExtrudedMedium, SectionProblem, SpectralSettings
from scsim.fields.spectral_basis import snapshot_wavenumbers
from scsim.fields.spectral_placing import (
    body_distances_mm,
    is_mirrored,
    place_contacts,
    smallest_gap_mm,
)
from scsim.fields.spectral_points import cosine_table, split_lines, sum_series
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region

SECTION = CrossSection("bath", "saline", (Region("dura", "csf", Ellipse((0.0, 0.0), (3.0, 2.0))),))
TISSUE = Conductivities("bath", (("saline", (1.0, 1.0)), ("csf", (1.7, 1.7))))
LEAD = Disc((0.0, 3.0), 0.65)
SLAB = Slab((0.0, 3.0), 5.0, 1.0, ((-1.0, 1.0), (1.0, 1.5)))
ALONG = (0.0, 0.0, 1.0)


def ring(label="c1", z=0.0, *, x=0.0, y=3.0, direction=ALONG, length=3.0, radius=0.65):
    return RingContact(label, (x, y, z), direction, length, radius)


def place(contacts, bodies=(LEAD,), half_length_mm=30.0, n_edge=5):
    sites = body_sites(bodies, 4, 5, is_even=False)
    return place_contacts(contacts, bodies, sites, half_length_mm, n_edge)


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
    near = SectionProblem(SECTION, TISSUE, (Disc((0.0, 2.0 + 0.65 + 0.09), 0.65),), 10.0)
    far = SectionProblem(SECTION, TISSUE, (Disc((0.0, 2.0 + 0.65 + 0.11), 0.65),), 10.0)
    assert max(near.sites[0].harmonics) == 6
    assert max(far.sites[0].harmonics) == 4


def test_encapsulation_around_a_lead_is_no_gap():
    around = Region("encapsulation_1", "saline", Ellipse((0.0, 3.0), (0.7, 0.7)))
    section = replace(SECTION, regions=(*SECTION.regions, around))
    assert smallest_gap_mm(section, (LEAD,)) == pytest.approx(0.35, abs=1e-6)
    twins = (LEAD, Disc((1.5, 3.0), 0.65))
    assert smallest_gap_mm(SECTION, twins) == pytest.approx(0.2, abs=1e-12)


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
    assert len(place([ring("c2", 3.0), ring("c1", 0.0)])) == 2


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


def test_distances_from_bodies():
    places = np.array([(0.0, 0.0), (0.0, 3.2), (4.0, 3.0), (3.5, 4.5)])
    np.testing.assert_allclose(
        body_distances_mm(places, (LEAD,))[:3], [2.35, 0.0, 3.35], atol=1e-12
    )
    expected = [2.5, 0.0, 1.5, math.hypot(1.0, 1.0)]
    np.testing.assert_allclose(body_distances_mm(places, (SLAB,)), expected, atol=1e-12)
    turned = replace(SLAB, turn_deg=90.0)
    assert body_distances_mm(np.array([(4.0, 3.0)]), (turned,))[0] == pytest.approx(3.5)
