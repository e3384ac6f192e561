"""Invariants of fields and montages, for any numbers that make sense."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from scsim.electrodes import LineSource, PointSource, montage_faults, parse_montage, share_vector
from scsim.fields import HomogeneousMedium, TwoHalfSpaces, superpose

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
