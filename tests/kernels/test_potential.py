"""The potential kernels: compiled = plain Python = reference; cancellation, NaN, empty, threads."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scsim.kernels import potential
from tests.reference.potential import half_spaces, line, point

SLANTED = (2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0)
ANISOTROPIC = (0.083, 0.1, 0.6)


def row(center, direction=(0.0, 0.0, 1.0), half_length=0.0, radius=0.0):
    return [*center, *direction, half_length, radius]


def plain_python(kernel):
    """Give the function before compilation; it is the same where compilation is switched off."""
    return getattr(kernel, "py_func", kernel)


def some_sources():
    return np.array(
        [
            row((0.0, 0.0, 0.0)),
            row((1.0, -2.0, 3.0), SLANTED, 1.5, 0.65),
            row((0.0, 7.95, 3.5), (0.0, 0.0, 1.0), 1.5, 0.65),
        ]
    )


def some_points(n_points=60):
    return np.random.default_rng(3).uniform(-9.0, 9.0, (n_points, 3))


def filled(kernel, *arguments):
    out = np.full((len(arguments[0]), len(arguments[1])), np.nan)
    kernel(*arguments, out)
    return out


def test_homogeneous_equals_plain_python_and_reference():
    sources, points = some_sources(), some_points(12)
    for sigma in (np.full(3, 0.25), np.array(ANISOTROPIC)):
        compiled = filled(potential.homogeneous, sources, points, sigma)
        plain = filled(plain_python(potential.homogeneous), sources, points, sigma)
        np.testing.assert_allclose(compiled, plain, rtol=1e-14)
        for i, (*place, dx, dy, dz, half, _) in enumerate(sources.tolist()):
            for j, at in enumerate(points.tolist()):
                expected = (
                    line(place, (dx, dy, dz), half, at, sigma) if half else point(place, at, sigma)
                )
                assert compiled[i, j] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_half_spaces_equal_plain_python_and_reference(axis):
    points = some_points(40)
    points[:5, axis] = 1.0  # in the plane itself
    sigma = np.array([0.04, 1.7])
    sources = np.array([row((0.5, 2.0, 3.0)), row((-0.5, -2.0, -3.0))])
    sides = (sources[:, axis] > 1.0).astype(np.int64)
    plane = (axis, 1.0)
    compiled = filled(potential.half_spaces, sources, points, sides, plane, sigma)
    plain = filled(plain_python(potential.half_spaces), sources, points, sides, plane, sigma)
    np.testing.assert_allclose(compiled, plain, rtol=1e-14)
    for i, place in enumerate(sources[:, :3].tolist()):
        for j, at in enumerate(points.tolist()):
            expected = half_spaces(place, at, axis, 1.0, *sigma)
            assert compiled[i, j] == pytest.approx(expected, rel=1e-13)


def test_a_line_function_equals_its_plain_python():
    for arguments in (
        (1.0, 2.0, 3.0, 0.0, 0.0, 1.5),
        (0.3, 0.1, 0.0, 0.0, 0.4, 1.0),
        (1.0, 0, 0, 0, 0, 0),
    ):
        plain = plain_python(potential.mean_inverse_distance)(*arguments)
        assert potential.mean_inverse_distance(*arguments) == pytest.approx(plain, rel=1e-15)


@pytest.mark.parametrize("distance_mm", [2.0, 30.0, 1e3, 1e6, 1e9])
def test_nothing_cancels_far_along_the_axis(distance_mm):
    # On the axis the mean is artanh(h/a)/h, whose series is 1/a (1 + q²/3 + q⁴/5 + …) with q = h/a.
    h = 1.5
    q = h / distance_mm
    series = math.fsum(q ** (2 * n) / (2 * n + 1) for n in range(200)) / distance_mm
    value = potential.mean_inverse_distance(0.0, 0.0, distance_mm, 0.0, 0.0, h)
    assert value == pytest.approx(series, rel=1e-15 * 4)
    naive = (math.asinh((distance_mm + h) / 1e-9) - math.asinh((distance_mm - h) / 1e-9)) / (2 * h)
    if distance_mm >= 1e6:
        assert abs(naive / series - 1.0) > 1e-11  # what the difference of two asinh would give


@pytest.mark.parametrize("rho_mm", [1e-12, 1e-6, 1e-3, 0.5])
@pytest.mark.parametrize("along_mm", [0.0, 0.7, 1.4999, 1.5, 1.5001])
def test_nothing_cancels_beside_the_line(rho_mm, along_mm):
    # Beside the line asinh itself is exact: both arguments are large and of opposite sign.
    h = 1.5
    value = potential.mean_inverse_distance(rho_mm, 0.0, along_mm, 0.0, 0.0, h)
    exact = (math.asinh((along_mm + h) / rho_mm) - math.asinh((along_mm - h) / rho_mm)) / (2 * h)
    # Beyond the end the difference of two asinh loses the digits of the near one.
    assert value == pytest.approx(exact, rel=1e-14 if along_mm <= h else 1e-10)


def test_a_nan_stays_with_its_point():
    sources, points = some_sources(), some_points(20)
    clean = filled(potential.homogeneous, sources, points, np.full(3, 0.25))
    points[7, 1] = np.nan
    dirty = filled(potential.homogeneous, sources, points, np.full(3, 0.25))
    assert np.isnan(dirty[:, 7]).all()
    rest = np.arange(20) != 7
    np.testing.assert_array_equal(dirty[:, rest], clean[:, rest])


def test_no_point_and_one_point():
    sources, sigma = some_sources(), np.full(3, 0.25)
    assert filled(potential.homogeneous, sources, np.zeros((0, 3)), sigma).shape == (3, 0)
    points = some_points(33)
    whole = filled(potential.homogeneous, sources, points, sigma)
    alone = filled(potential.homogeneous, sources, points[11:12].copy(), sigma)
    np.testing.assert_allclose(alone[:, 0], whole[:, 11], rtol=1e-15)


def test_threads_change_nothing():
    sources, points, sigma = some_sources(), some_points(5000), np.array(ANISOTROPIC)
    expected = filled(potential.homogeneous, sources, points, sigma)
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(filled, potential.homogeneous, sources, points, sigma) for _ in range(8)
        ]
        for job in jobs:
            np.testing.assert_array_equal(job.result(), expected)


def test_the_first_point_inside_is_found_by_both():
    contact = np.array([row((5.0, 0.0, 0.0)), row((1.0, 1.0, 1.0), SLANTED, 1.5, 0.65)])
    cases = [
        ([[0.0, 0.0, 0.0], [1.1, 1.0, 1.0]], (1, 1)),
        ([[5.0, 0.0, 0.0], [1.1, 1.0, 1.0]], (0, 0)),
        ([[1.0 + 2.0 * 6 / 7, 1.0, 1.0 - 2.0 * 2 / 7]], (-1, -1)),
        ([[math.nan, 0.0, 0.0]], (-1, -1)),
    ]
    for points, expected in cases:
        for kernel in (potential.first_inside, plain_python(potential.first_inside)):
            out = np.full(2, 99)
            kernel(contact, np.array(points), out)
            assert tuple(out) == expected
