"""Disks in an insulating plane: closed forms against quadrature, limits, images and other shapes."""

import math

import numpy as np
import pytest

from scsim.electrodes import LineSource, PadContact, PointSource
from scsim.electrodes.sources import DiskSource
from scsim.fields import TwoHalfSpaces
from scsim.fields.closed_form.analytic import InsulatedHalfSpace
from scsim.fields.closed_form.disks import equipotential_disk, uniform_disk

UP = (0.0, 0.0, 1.0)
RADIUS = 0.5
FORMULAS = [equipotential_disk, uniform_disk]


def around(n_points=200, reach=5.0):
    rng = np.random.default_rng(2)
    return rng.uniform(0.0, reach, n_points), rng.uniform(0.0, reach, n_points)


def test_the_uniform_disk_is_the_integral_over_its_points():
    # In polar coordinates around the foot of a point outside the disk, 1/distance integrates in closed form along
    # each ray, which leaves an integral over the rim: ∫ a (a − r cos t) / (√(s² + z²) + z) dt, s² = a² + r² − 2 a r cos t.
    # It is periodic and smooth, so that the mean over 4096 points is exact where z is 0.05 mm or more.
    t = 2.0 * np.pi * np.arange(4096) / 4096
    radial, depth = around()
    depth = depth + 0.05
    r, z = radial[:, None], depth[:, None]
    s = np.sqrt(RADIUS**2 + r**2 - 2.0 * RADIUS * r * np.cos(t))
    integral = (RADIUS * (RADIUS - r * np.cos(t)) / (np.hypot(s, z) + z)).mean(axis=1) * 2.0 * np.pi
    expected = integral / (2.0 * np.pi**2 * RADIUS**2)
    np.testing.assert_allclose(uniform_disk(radial, depth, RADIUS), expected, rtol=1e-12)


def test_the_uniform_disk_on_its_plane():
    # Center 1/(π a); rim 2/π of it, E(1) = 1; both for unit current and conductivity.
    value = uniform_disk(np.array([0.0, RADIUS]), np.zeros(2), RADIUS) * np.pi * RADIUS
    np.testing.assert_allclose(value, [1.0, 2.0 / np.pi], rtol=1e-14)


@pytest.mark.parametrize("radial", [0.3, 0.5, 0.8])
def test_the_uniform_disk_has_no_steps(radial):
    # Around the rim, the plane and the border between near and far forms; the slope of V is 1/(π a²) at most,
    # and at the rim grows as the logarithm of the step.
    step = 1e-9
    for depth in (0.0, 1e-7, 1e-3, math.sqrt((4.0 * RADIUS) ** 2 - radial**2)):
        near = uniform_disk(
            np.array([radial - step, radial, radial + step, radial]),
            np.array([depth, depth, depth, depth + step]),
            RADIUS,
        )
        assert np.ptp(near) < 2.0 * step / RADIUS**2 * abs(math.log(step))


def test_the_equipotential_disk_is_at_one_potential():
    radial = np.concatenate([np.linspace(0.0, RADIUS, 1001), [np.nextafter(RADIUS, 0.0)]])
    value = equipotential_disk(radial, np.zeros_like(radial), RADIUS)
    np.testing.assert_allclose(value, 1.0 / (4.0 * RADIUS), rtol=1e-14)


def test_the_equipotential_disk_is_the_textbook_form():
    radial, depth = around()
    depth = depth + 0.05  # there the asin of the textbook keeps its digits
    sides = np.hypot(radial - RADIUS, depth) + np.hypot(radial + RADIUS, depth)
    expected = np.arcsin(2.0 * RADIUS / sides) / (2.0 * np.pi * RADIUS)
    np.testing.assert_allclose(equipotential_disk(radial, depth, RADIUS), expected, rtol=1e-13)


def test_the_equipotential_disk_is_the_sum_of_its_rings():
    # Metal has the density I / (2π a √(a² − s²)). With s² = a² (1 − w²) each dw carries the current I dw, on a ring
    # whose potential on the axis is I dw / (2π √(z² + s²)).
    nodes, weights = np.polynomial.legendre.leggauss(60)
    w = 0.5 * (nodes + 1.0)
    for depth in (0.2, 1.0, 7.0):
        rings = 0.5 * weights / (2.0 * np.pi * np.sqrt(depth**2 + RADIUS**2 * (1.0 - w**2)))
        value = equipotential_disk(np.zeros(1), np.array([depth]), RADIUS)[0]
        assert value == pytest.approx(rings.sum(), rel=1e-12)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_disk_far_away_is_a_point_on_the_plane(formula):
    # The quadrupole is (a/R)² times a number of order 1.
    for far in (50.0, 1e4, 1e8):
        value = formula(np.array([0.6 * far]), np.array([0.8 * far]), RADIUS)
        assert value[0] == pytest.approx(1.0 / (2.0 * np.pi * far), rel=(RADIUS / far) ** 2 + 1e-14)


@pytest.mark.parametrize("density", ["equipotential", "uniform"])
def test_the_current_of_a_disk_flows_through_a_half_sphere(density):
    medium = InsulatedHalfSpace(0.25)
    source = DiskSource((0.0, 0.0, 0.0), UP, RADIUS, density)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    cosine = 0.5 * (nodes + 1.0)
    sphere, step = 1.5, 1e-4
    ends = []
    for radius in (sphere - step, sphere + step):
        points = radius * np.column_stack([np.sqrt(1.0 - cosine**2), 0.0 * cosine, cosine])
        ends.append(medium.unit_potential([source], points)[0])
    slope = (ends[1] - ends[0]) / (2.0 * step)
    flux = -0.25 * (0.5 * weights * slope).sum() * 2.0 * np.pi * sphere**2 / 1e3
    # Central differences: (step / sphere)², times a number of order 10 for the multipoles.
    assert flux == pytest.approx(1.0, rel=1e-7)


def test_points_and_lines_have_an_equal_image():
    tilt = (0.6, 0.0, 0.8)
    medium = InsulatedHalfSpace(0.25, surface_mm=(0.0, 0.0, 1.0), normal=UP)
    other = TwoHalfSpaces(0.25, 0.0, 1.0, "z")
    sources = [PointSource((0.0, 1.0, 3.0)), LineSource((2.0, 0.0, 4.0), tilt, 3.0)]
    points = np.random.default_rng(0).uniform(1.0, 9.0, (50, 3))
    np.testing.assert_allclose(
        medium.unit_potential(sources, points), other.unit_potential(sources, points), rtol=1e-13
    )


def test_turning_plane_disk_and_points_changes_nothing():
    # A rotation by a third of a turn around (1, 1, 1) exchanges the axes, and one around x is not exact.
    angle = 0.7
    turn = np.array(
        [
            [1.0, 0.0, 0.0],
            [0.0, math.cos(angle), -math.sin(angle)],
            [0.0, math.sin(angle), math.cos(angle)],
        ]
    )
    shift = np.array([3.0, -2.0, 5.0])
    points = np.random.default_rng(1).uniform(0.0, 4.0, (60, 3))
    flat = InsulatedHalfSpace(0.25, contact_model="uniform")
    turned = InsulatedHalfSpace(
        0.25, tuple(shift), tuple((turn @ UP).tolist()), contact_model="uniform"
    )
    pad = PadContact("p1", (1.0, 1.0, 0.0), UP, RADIUS)
    moved = PadContact(
        "p1",
        tuple((turn @ pad.center_mm + shift).tolist()),
        tuple((turn @ UP).tolist()),
        RADIUS,
    )
    np.testing.assert_allclose(
        turned.unit_potential([moved], points @ turn.T + shift),
        flat.unit_potential([pad], points),
        rtol=1e-11,
    )


def test_pads_follow_the_contact_model():
    points = [[0.2, 0.1, 0.3], [2.0, 0.0, 0.0]]
    for model in ("equipotential", "uniform"):
        medium = InsulatedHalfSpace(0.3, contact_model=model)
        pad = PadContact("p1", (0.0, 0.0, 0.0), UP, RADIUS)
        disk = DiskSource((0.0, 0.0, 0.0), UP, RADIUS, model)
        both = medium.unit_potential([pad, disk], points)
        np.testing.assert_array_equal(both[0], both[1])


def test_the_numbers_of_an_independent_table():
    # Radius 0.5 mm, 0.25 S/m: rows of the table of disks that other solvers are scored against.
    points = [[0.25, 0.0, 0.0], [0.6, 0.0, 0.0], [0.0, 0.0, 1.0], [2.0, 0.0, 0.5], [4.0, 0.0, 3.0]]
    disks = [DiskSource((0.0, 0.0, 0.0), UP, 0.5, kind) for kind in ("equipotential", "uniform")]
    metal, even = InsulatedHalfSpace(0.25).unit_potential(disks, points)
    np.testing.assert_allclose(
        metal,
        [2000.0, 1254.28200529065, 590.334470601733, 311.335290214831, 127.305935882828],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        even,
        [2378.96012801073, 1193.10903073715, 601.142168396766, 310.698456644585, 127.310571028943],
        rtol=1e-12,
    )
