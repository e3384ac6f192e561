"""Invariants of fields and montages, for any numbers that make sense."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scsim.electrodes import LineSource, PointSource, montage_faults, parse_montage, share_vector
from scsim.electrodes.sources import DiskSource
from scsim.fields import HomogeneousMedium, TwoHalfSpaces, superpose
from scsim.fields.closed_form.analytic import InsulatedHalfSpace
from scsim.fields.closed_form.layers import ConcentricLayers

coordinate = st.floats(-40.0, 40.0)
place = st.tuples(coordinate, coordinate, coordinate)
conductivity = st.floats(1e-3, 10.0)
length = st.floats(1e-3, 20.0)


@st.composite
def directions(draw):
    vector = draw(st.tuples(*[st.floats(-1.0, 1.0)] * 3))
    norm = math.hypot(*vector)
    assume(norm > 1e-3)
    return tuple(component / norm for component in vector)


def far_enough(source, point):
    return math.dist(source.center_mm, point) > 0.51 * source.length_mm + 1e-3


lines = st.builds(LineSource, place, directions(), length)


@given(lines, place, conductivity, st.floats(0.01, 100.0))
def test_potential_falls_with_conductivity(line, point, sigma, factor):
    assume(far_enough(line, point))
    one = HomogeneousMedium(sigma).unit_potential([line], [point])
    other = HomogeneousMedium(factor * sigma).unit_potential([line], [point])
    np.testing.assert_allclose(other * factor, one, rtol=1e-12)


@given(lines, place, st.floats(0.1, 10.0))
def test_potential_falls_with_size(line, point, factor):
    assume(far_enough(line, point))
    medium = HomogeneousMedium((0.083, 0.2, 0.6))

    def scaled(vector):
        return tuple(factor * component for component in vector)

    larger = LineSource(scaled(line.center_mm), line.direction, factor * line.length_mm)
    one = medium.unit_potential([line], [point])
    other = medium.unit_potential([larger], [scaled(point)])
    np.testing.assert_allclose(other * factor, one, rtol=1e-9)


@given(lines, place, st.sampled_from([0, 1, 2]))
def test_a_mirror_changes_nothing(line, point, axis):
    assume(far_enough(line, point))
    medium = HomogeneousMedium((0.083, 0.2, 0.6))

    def mirrored(vector):
        return tuple(-c if i == axis else c for i, c in enumerate(vector))

    image = LineSource(mirrored(line.center_mm), mirrored(line.direction), line.length_mm)
    one = medium.unit_potential([line], [point])
    np.testing.assert_allclose(medium.unit_potential([image], [mirrored(point)]), one, rtol=1e-12)


@given(lines, place)
def test_a_line_has_no_preferred_end(line, point):
    assume(far_enough(line, point))
    medium = HomogeneousMedium((0.083, 0.2, 0.6))
    turned = LineSource(line.center_mm, tuple(-c for c in line.direction), line.length_mm)
    one, other = medium.unit_potential([line, turned], [point])
    np.testing.assert_allclose(one, other, rtol=1e-12)


@given(place, place, conductivity, conductivity, st.floats(-40.0, 40.0), st.sampled_from("xyz"))
def test_swapping_sides_of_a_plane_is_a_mirror(source, point, sigma_a, sigma_b, plane, axis):
    index = "xyz".index(axis)
    assume(math.dist(source, point) > 1e-3)
    assume(abs(source[index] - plane) > 1e-3)

    def mirrored(vector):
        return tuple(2.0 * plane - c if i == index else c for i, c in enumerate(vector))

    one = TwoHalfSpaces(sigma_a, sigma_b, plane, axis).unit_potential(
        [PointSource(source)], [point]
    )
    other = TwoHalfSpaces(sigma_b, sigma_a, plane, axis).unit_potential(
        [PointSource(mirrored(source))], [mirrored(point)]
    )
    np.testing.assert_allclose(one, other, rtol=1e-6)


@given(lines, place, st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_shares_scale_and_add(line, point, first, second):
    assume(far_enough(line, point))
    table = HomogeneousMedium(0.25).unit_potential([line, line], [point])
    np.testing.assert_allclose(
        superpose(table, [first, second]), (first + second) * table[0], rtol=1e-9, atol=1e-9
    )


@given(
    st.dictionaries(
        st.sampled_from([f"c{k}" for k in range(1, 9)]),
        st.floats(-4.0, 4.0).filter(lambda share: abs(share) > 1e-6),
        min_size=1,
        max_size=7,
    )
)
def test_any_shares_with_their_opposite_make_a_montage(shares):
    labels = tuple(f"c{k}" for k in range(1, 10))
    table = {**shares, "c9": -math.fsum(shares.values())}
    assert montage_faults(table, labels) == []
    vector = share_vector(parse_montage(table, labels), labels)
    assert abs(math.fsum(vector)) <= 1e-9
    assert dict(zip(labels, vector.tolist(), strict=True)) == {
        label: table.get(label, 0.0) for label in labels
    }


def turned(vector, angle):
    c, s = math.cos(angle), math.sin(angle)
    return (c * vector[0] - s * vector[1], s * vector[0] + c * vector[1], vector[2])


half_space_place = st.tuples(coordinate, coordinate, st.floats(0.0, 40.0))
disks = st.builds(
    DiskSource,
    st.tuples(coordinate, coordinate, st.just(0.0)),
    st.just((0.0, 0.0, 1.0)),
    st.floats(0.1, 20.0),
    st.sampled_from(["equipotential", "uniform"]),
)


@given(disks, half_space_place, conductivity, st.floats(0.1, 10.0))
def test_disks_scale_with_size_and_conductivity(disk, point, sigma, factor):
    def scaled(vector):
        return tuple(factor * component for component in vector)

    larger = DiskSource(scaled(disk.center_mm), disk.normal, factor * disk.radius_mm, disk.density)
    one = InsulatedHalfSpace(sigma).unit_potential([disk], [point])
    other = InsulatedHalfSpace(2.0 * sigma).unit_potential([larger], [scaled(point)])
    # At the rim the slope of V is steep: rounding of the point, 1e-16 · 40 mm, is 1e-14 of the radius, and an equipotential
    # disk goes as its square root there.
    np.testing.assert_allclose(other * 2.0 * factor, one, rtol=1e-6)


@given(disks, half_space_place, st.floats(0.0, 6.3))
def test_turning_a_disk_about_its_axis_changes_nothing(disk, offset, angle):
    medium = InsulatedHalfSpace(0.25)
    x, y, _ = disk.center_mm
    first = (x + offset[0], y + offset[1], offset[2])
    around = turned(offset, angle)
    second = (x + around[0], y + around[1], offset[2])
    one, other = medium.unit_potential([disk], [first, second])[0]
    np.testing.assert_allclose(
        one, other, rtol=1e-5
    )  # square root of the rounding at the rim, as above


@given(disks)
def test_no_point_is_above_the_metal(disk):
    # The potential of a source is largest on it; that of even density in its middle.
    medium = InsulatedHalfSpace(0.25)
    x, y, _ = disk.center_mm
    r = disk.radius_mm
    points = [(x, y, 0.0), (x + 0.5 * r, y, 0.0), (x, y + r, 0.0), (x + 2.0 * r, y, 0.0), (x, y, r)]
    v = medium.unit_potential([disk], points)[0]
    assert (v <= v[0] * (1.0 + 1e-12)).all()
    assert (v > 0.0).all()


@given(half_space_place, half_space_place, directions())
def test_exchange_below_an_insulating_plane(a, b, normal):
    assume(math.dist(a, b) > 1e-3)
    plane = tuple(-50.0 * component for component in normal)
    assume(all(np.dot(normal, place) > -50.0 for place in (a, b)))
    medium = InsulatedHalfSpace(0.25, plane, normal)
    there = medium.unit_potential([PointSource(a)], [b])
    back = medium.unit_potential([PointSource(b)], [a])
    np.testing.assert_allclose(there, back, rtol=1e-9)


@st.composite
def layers_with_places(draw):
    """Three layers, and three places at least 0.7 mm from every surface and, across the axis, from each other."""
    inner = draw(st.floats(3.0, 5.0))
    outer = inner + draw(st.floats(2.0, 5.0))
    sigma = [(draw(conductivity), draw(conductivity)) for _ in range(3)]
    assume(all(along < 20.0 * across and across < 20.0 * along for across, along in sigma))
    medium = ConcentricLayers((inner, outer), tuple(sigma), 3.0 * outer, tolerance=1e-6)
    bands = [(0.0, inner - 0.7), (inner + 0.7, outer - 0.7), (outer + 0.7, 2.0 * outer)]
    places = []
    for low, high in draw(st.permutations(bands)):
        radius, angle = draw(st.floats(low, high)), draw(st.floats(0.0, 6.3))
        places.append(
            (radius * math.cos(angle), radius * math.sin(angle), draw(st.floats(-9.0, 9.0)))
        )
    return medium, places


# Each of two values is within 1e-6 of itself, or of a thousandth of the potential without layers, which 0.7 mm from a
# source in 0.001 S/m is 1e5 mV.
WITHIN = {"rtol": 3e-6, "atol": 3e-4}


@settings(max_examples=15)
@given(layers_with_places())
def test_exchange_in_layers(case):
    medium, (a, b, _) = case
    there = medium.unit_potential([PointSource(a)], [b])
    back = medium.unit_potential([PointSource(b)], [a])
    np.testing.assert_allclose(there, back, **WITHIN)


@settings(max_examples=15)
@given(layers_with_places(), st.floats(0.0, 6.3))
def test_turns_and_mirrors_of_layers_change_nothing(case, angle):
    medium, (a, b, c) = case
    source = LineSource(a, (0.0, 0.0, 1.0), 2.0)

    def moved(vector):
        x, y, z = turned(vector, angle)
        return (x, -y, 3.0 - z)

    one = medium.unit_potential([source], [b, c])
    image = LineSource(moved(a), (0.0, 0.0, -1.0), 2.0)
    np.testing.assert_allclose(medium.unit_potential([image], [moved(b), moved(c)]), one, **WITHIN)


@settings(max_examples=15)
@given(layers_with_places(), st.floats(0.3, 3.0))
def test_layers_scale_with_size_and_conductivity(case, factor):
    medium, places = case
    larger = ConcentricLayers(
        tuple(factor * radius for radius in medium.outer_radii_mm),
        tuple((2.0 * across, 2.0 * along) for across, along in medium.sigma_s_per_m),
        factor * medium.ground_radius_mm,
        tolerance=1e-6,
    )
    a, *rest = [tuple(factor * component for component in place) for place in places]
    one = medium.unit_potential([PointSource(places[0])], places[1:])
    other = larger.unit_potential([PointSource(a)], rest)
    np.testing.assert_allclose(2.0 * factor * other, one, **WITHIN)
