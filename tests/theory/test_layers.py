"""Concentric layers: against zeros of Bessel functions, plane averages, images, equal layers and a table."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from scsim.electrodes import LineSource, PointSource, RingContact
from scsim.fields import HomogeneousMedium
from scsim.fields.closed_form.layers import ConcentricLayers

UP = (0.0, 0.0, 1.0)
WHITE, FLUID, FAT, TISSUE = (0.083, 0.6), (1.7, 1.7), (0.04, 0.04), (0.1, 0.1)
CANAL = ConcentricLayers((4.0, 7.0, 9.5), (WHITE, FLUID, FAT, TISSUE), 40.0)
WITH_DURA = ConcentricLayers((4.0, 7.0, 7.3, 9.5), (WHITE, FLUID, (0.03, 0.03), FAT, TISSUE), 40.0)


def at(radius, angle, z):
    return (radius * math.cos(angle), radius * math.sin(angle), z)


def scattered(n_points, reach_mm, seed=3):
    rng = np.random.default_rng(seed)
    radius, angle = reach_mm * np.sqrt(rng.uniform(size=n_points)), rng.uniform(0.0, 6.3, n_points)
    z = rng.uniform(-25.0, 25.0, n_points)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), z])


@pytest.mark.parametrize(
    ("medium", "place", "expected"),
    [  # rows of the tables of layers that other solvers are scored against, source at radius 8 mm
        (CANAL, (3.9, 0.0, 0.0), 67.3086307),
        (CANAL, (3.9, 0.0, 16.0), 30.8857523),
        (CANAL, (3.9, 1.5, 3.0), 43.3744432),
        (CANAL, (1.0, 2.0, 5.0), 39.3581248),
        (WITH_DURA, (3.9, 0.0, 0.0), 66.1558583),
        (WITH_DURA, (3.9, 0.5, 0.0), 59.4646768),
        (WITH_DURA, (2.0, 0.0, 20.0), 26.7038886),
    ],
)
def test_the_numbers_of_an_independent_table(medium, place, expected):
    value = medium.unit_potential([PointSource((8.0, 0.0, 0.0))], [at(*place)])
    assert value[0, 0] == pytest.approx(expected, rel=2e-9)  # half of the last digit printed


@pytest.mark.parametrize("sigma", [(0.2, 0.2), (0.083, 0.6)])
def test_one_grounded_cylinder_by_zeros_of_bessel_functions(sigma):
    """Expand in J_n(j r/R) across and exp(−κ|z|) along, κ = (j/R) √(σt/σl): an expansion of another kind."""
    across, along = sigma
    ground, source = 10.0, (3.0, 0.4, 0.0)
    places = [(2.0, 1.0, 6.0), (7.0, -2.0, 9.0), (0.0, 0.0, 5.0), (9.9, 0.5, -7.0)]
    expected = []
    for radius, angle, z in places:
        total = 0.0
        for order in range(40):
            zeros = special.jn_zeros(order, 60)
            decay = zeros / ground * math.sqrt(across / along)
            terms = special.jv(order, zeros * radius / ground)
            terms *= special.jv(order, zeros * source[0] / ground) * np.exp(-decay * abs(z))
            terms /= special.jv(order + 1, zeros) ** 2 * decay
            weight = (1.0 if order == 0 else 2.0) * math.cos(order * (angle - source[1]))
            total += weight * terms.sum()
        expected.append(1e3 * total / (2.0 * math.pi * along * ground**2))
    medium = ConcentricLayers((), (sigma,), ground)
    value = medium.unit_potential([PointSource(at(*source))], [at(*place) for place in places])[0]
    # The first terms left out, order 40 or zero 60, are exp(−40 · 5 mm / 10 mm √(0.083/0.6)) = 6e-4 of powers
    # (r r'/R²)^40 < 1e-15, and exp(−190 · 0.5 · 0.37) = 1e-15.
    np.testing.assert_allclose(value, expected, rtol=1e-8)


def test_equal_layers_are_one():
    four = ConcentricLayers((4.0, 7.0, 9.5), (WHITE,) * 4, 40.0)
    one = ConcentricLayers((), (WHITE,), 40.0)
    sources = [PointSource((8.0, 1.0, 2.0)), LineSource((3.0, 1.0, -2.0), UP, 3.0)]
    points = scattered(60, 30.0)
    np.testing.assert_allclose(
        four.unit_potential(sources, points), one.unit_potential(sources, points), rtol=2e-8
    )


def test_a_distant_ground_lowers_the_potential_evenly():
    # Far inside a grounded cylinder the missing part is harmonic with its scale R: it varies by (r/R)² of itself.
    wide = ConcentricLayers((), ((0.2, 0.2),), 4000.0)
    source = [PointSource((1.0, 2.0, 0.0))]
    points = scattered(40, 10.0)
    missing = HomogeneousMedium(0.2).unit_potential(source, points) - wide.unit_potential(
        source, points
    )
    # On the axis of a grounded cylinder the image makes 2/π ∫ K0(x)/I0(x) dx = 0.8706 of what a point at distance R makes.
    image = 2.0 / math.pi * integrate.quad(lambda x: special.k0(x) / special.i0(x), 0.0, 40.0)[0]
    # The samples lie within 25 mm: (25 / 4000)² = 4e-5.
    np.testing.assert_allclose(missing, 1e3 * image / (4.0 * math.pi * 0.2 * 4000.0), rtol=1e-4)


@pytest.mark.parametrize("medium", [CANAL, WITH_DURA])
def test_source_and_point_may_be_exchanged(medium):
    points = scattered(14, 30.0, seed=8)
    for a, b in zip(points[::2].tolist(), points[1::2].tolist(), strict=True):
        there = medium.unit_potential([PointSource(tuple(a))], [b])[0, 0]
        back = medium.unit_potential([PointSource(tuple(b))], [a])[0, 0]
        assert there == pytest.approx(back, rel=2e-8)


def test_potential_and_current_pass_every_surface_unbroken():
    source, step = [PointSource((8.2, 0.0, 0.0))], 1e-3
    sigma = [pair[0] for pair in WITH_DURA.sigma_s_per_m]
    for index, radius in enumerate(WITH_DURA.outer_radii_mm):
        radii = radius + step * np.arange(-2.0, 3.0)
        v = WITH_DURA.unit_potential(source, [at(r, 1.0, 3.0) for r in radii])[0]
        below = (3.0 * v[2] - 4.0 * v[1] + v[0]) / (2.0 * step)
        above = (-3.0 * v[2] + 4.0 * v[3] - v[4]) / (2.0 * step)
        # One-sided differences of second order some millimeters from the source: (step / 1 mm)², and the errors of V,
        # 1e-8 of it, over the smaller slope times the step: 1e-8 · 50 mV / (0.4 mV/mm · 1e-3 mm) = 1e-3 at worst.
        assert sigma[index] * below == pytest.approx(sigma[index + 1] * above, rel=1e-3)


def test_the_potential_solves_laplace_in_the_anisotropic_core():
    step, source = 0.05, [LineSource((8.0, 0.0, 1.0), UP, 3.0)]
    middle = np.array([[1.0, 0.5, 0.0], [-2.0, 1.0, 4.0], [3.0, 0.2, 2.0]])
    terms = []
    for axis, sigma in enumerate((WHITE[0], WHITE[0], WHITE[1])):
        shift = np.zeros(3)
        shift[axis] = step
        low, here, high = (CANAL.unit_potential(source, middle + s * shift)[0] for s in (-1, 0, 1))
        terms.append(sigma * (low + high - 2.0 * here) / step**2)
    # Central differences 4 mm and more from the source: (step / 4 mm)² times numbers of order 1.
    assert (np.abs(np.sum(terms, axis=0)) < 5e-3 * np.abs(terms).max(axis=0)).all()


def test_nothing_flows_through_an_insulating_core():
    medium = ConcentricLayers((3.0,), (FAT, TISSUE), 20.0, core_radius_mm=0.65)
    step = 1e-3
    radii = 0.65 + step * np.arange(3.0)
    for angle in (0.0, 1.0, 3.0):
        v = medium.unit_potential(
            [PointSource((2.0, 0.0, 0.0))], [at(r, angle, 0.5) for r in radii]
        )[0]
        slope = (-3.0 * v[0] + 4.0 * v[1] - v[2]) / (2.0 * step)
        # The slope vanishes up to (step / 0.65 mm)² of the fields along the surface, V / 1 mm.
        assert abs(slope) < 1e-4 * v[0]


@pytest.mark.parametrize("core_mm", [0.0, 0.65])
def test_the_mean_along_the_axis_is_that_of_a_line_charge(core_mm):
    # Integrated over z, a source of any kind is a line: ∫ V dz = Σ ln(b/a) / (2π σ) over the layers between ring and ground.
    medium = ConcentricLayers((3.0,), (FAT, TISSUE), 10.0, core_radius_mm=core_mm)
    ring = RingContact("c1", (0.0, 0.0, 0.0), UP, 2.0, 0.65)
    z = 0.05 * np.arange(-1400.0, 1401.0)
    for radius, expected in (
        (2.0, math.log(1.5) / 0.04 + math.log(10.0 / 3.0) / 0.1),
        (5.0, math.log(2.0) / 0.1),
    ):
        v = medium.unit_potential([ring], [(radius, 0.0, height) for height in z])[0]
        # The trapezoidal rule is exact for waves shorter than 0.1 mm; beyond 70 mm V is exp(−2.4 · 7) = 5e-8 of its peak.
        assert v.sum() * 0.05 == pytest.approx(1e3 * expected / (2.0 * math.pi), rel=1e-6)


@pytest.mark.parametrize("source", [(8.0, 0.0), (1.0, 2.0)])
def test_a_line_is_the_mean_of_its_points(source):
    nodes, weights = np.polynomial.legendre.leggauss(12)
    spots = [PointSource((*source, 2.0 + 1.5 * node)) for node in nodes]
    points = scattered(20, 20.0)
    points = points[np.hypot(*(points[:, :2] - source).T) > 2.0]
    line = CANAL.unit_potential([LineSource((*source, 2.0), UP, 3.0)], points)[0]
    # Twelve Gauss nodes on 1/√(ρ² + s²), ρ > 2 mm (0.75 mm in stretched white matter), half length 1.5 mm: 1e-7.
    mean = 0.5 * weights @ CANAL.unit_potential(spots, points)
    np.testing.assert_allclose(line, mean, rtol=1e-6)


def test_a_ring_is_the_mean_of_points_around_it():
    ring = RingContact("c1", (0.0, 0.0, 1.0), UP, 2.0, 5.0)
    lines = [
        LineSource((*at(5.0, angle, 0.0)[:2], 1.0), UP, 2.0)
        for angle in 2 * np.pi * np.arange(24) / 24
    ]
    points = [(1.0, 0.5, 0.0), (-2.0, 0.0, 6.0), (0.0, 0.0, 1.0), (9.0, 3.0, -4.0)]
    even = CANAL.unit_potential([ring], points)[0]
    mean = CANAL.unit_potential(lines, points).mean(axis=0)
    # 24 lines leave orders 24 and above: (2.0 / 5.0)^24 and (5.0 / 9.5)^24 = 2e-7, times the order's weight 1/24.
    np.testing.assert_allclose(even, mean, rtol=1e-7)


def test_shifting_the_axis_shifts_everything():
    moved = ConcentricLayers(
        CANAL.outer_radii_mm, CANAL.sigma_s_per_m, CANAL.ground_radius_mm, center_mm=(1.5, -2.0)
    )
    shift = np.array([1.5, -2.0, 7.0])
    points = scattered(10, 30.0)
    source = np.array([8.0, 0.5, 0.0])
    one = CANAL.unit_potential([PointSource(tuple(source))], points)
    other = moved.unit_potential([PointSource(tuple(source + shift))], points + shift)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_ground_is_at_zero():
    value = CANAL.unit_potential(
        [PointSource((8.0, 0.0, 0.0))], [(0.0, 40.0, 1.0), (4.0, 0.0, 0.0)]
    )[0]
    assert abs(value[0]) < 1e-9 * value[1]
