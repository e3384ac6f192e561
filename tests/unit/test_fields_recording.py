"""Recording by reciprocity: against the direct sum of point sources, units, pairs and refusals."""

import numpy as np
import pytest

from scsim.electrodes import LineSource, PointSource
from scsim.errors import StimulusError
from scsim.fields import HomogeneousMedium
from scsim.fields.closed_form.layers import ConcentricLayers
from scsim.fields.recording import recorded_potential, recording_weights

UP = (0.0, 0.0, 1.0)
MEDIA = [
    HomogeneousMedium((0.083, 0.083, 0.6)),
    ConcentricLayers((4.0, 7.0), ((0.083, 0.6), (1.7, 1.7), (0.1, 0.1)), 40.0),
]
CONTACTS = [(0.0, 8.0, -3.5), (0.0, 8.0, 3.5), (0.0, 8.0, 10.5)]


def a_fiber(n_compartments=12, n_times=5, seed=4):
    rng = np.random.default_rng(seed)
    points = np.column_stack(
        [
            np.full(n_compartments, 0.5),
            np.full(n_compartments, 2.0),
            np.linspace(-9.0, 9.0, n_compartments),
        ]
    )
    current = rng.normal(size=(n_times, n_compartments))
    return points, current - current.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("medium", MEDIA)
def test_a_pair_sees_the_direct_sum_of_point_sources(medium):
    points, current_na = a_fiber()
    table = medium.unit_potential([PointSource(place) for place in CONTACTS], points)
    seen = recorded_potential([current_na], [recording_weights(table, 2, 0)])
    # The other way round: each compartment is a source of its membrane current, seen at the contacts.
    direct = medium.unit_potential([PointSource(tuple(p)) for p in points.tolist()], CONTACTS)
    at_contacts = 1e-6 * current_na @ direct  # nA · mV/mA = 1e-6 mV
    expected = at_contacts[:, 2] - at_contacts[:, 0]
    np.testing.assert_allclose(seen, expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


def test_a_long_contact_sees_the_mean_over_its_length():
    medium = MEDIA[0]
    points, current_na = a_fiber()
    table = medium.unit_potential([LineSource(CONTACTS[0], UP, 3.0)], points)
    seen = recorded_potential([current_na], [recording_weights(table, 0)])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    along = np.array(CONTACTS[0]) + np.outer(1.5 * nodes, UP)
    direct = medium.unit_potential([PointSource(tuple(p)) for p in points.tolist()], along)
    expected = 1e-6 * current_na @ (direct @ (0.5 * weights))
    np.testing.assert_allclose(seen, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_an_offset_of_the_ground_changes_nothing():
    # All current that leaves a fiber enters it elsewhere.
    points, current_na = a_fiber()
    weights = MEDIA[0].unit_potential([PointSource(CONTACTS[0])], points)[0]
    one = recorded_potential([current_na], [weights])
    other = recorded_potential([current_na], [weights + 1e4])
    np.testing.assert_allclose(one, other, atol=1e-6 * 1e4 * 1e-13)


def test_fibers_add():
    first, second = a_fiber(seed=1), a_fiber(n_compartments=7, seed=2)
    weights = [
        MEDIA[0].unit_potential([PointSource(CONTACTS[0])], points)[0]
        for points, _ in (first, second)
    ]
    both = recorded_potential([first[1], second[1]], weights)
    alone = [
        recorded_potential([current], [w])
        for (_, current), w in zip((first, second), weights, strict=True)
    ]
    np.testing.assert_allclose(both, alone[0] + alone[1], rtol=1e-13)


def test_a_nanoampere_at_a_thousand_ohms_is_a_microvolt():
    assert recorded_potential([[[1.0]]], [[1000.0]])[0] == pytest.approx(1e-3, rel=1e-15)


def test_exchanging_the_inputs_changes_the_sign():
    table = np.random.default_rng(0).normal(size=(3, 8))
    np.testing.assert_array_equal(recording_weights(table, 0, 2), -recording_weights(table, 2, 0))
    np.testing.assert_array_equal(recording_weights(table, 1), table[1])


@pytest.mark.parametrize(("positive", "negative"), [(0, 0), (3, None), (0, 3), (-1, None)])
def test_contacts_that_are_not_there_are_refused(positive, negative):
    with pytest.raises(
        StimulusError, match=r"recording contacts .* two different .* 0 to 2 .* Correct"
    ):
        recording_weights(np.ones((3, 4)), positive, negative)


@pytest.mark.parametrize(
    ("currents", "weights", "text"),
    [
        ([], [], r"currents of 0 fibers and weights of 0: .* Give both"),
        ([np.ones((2, 3))], [], r"currents of 1 fibers and weights of 0"),
        (
            [np.ones((2, 3))],
            [np.ones(4)],
            r"fiber 0: currents of shape \(2, 3\) and weights of shape \(4,\)",
        ),
        ([np.ones(3)], [np.ones(3)], r"fiber 0: .* \(n_times, n_compartments\)"),
        (
            [np.ones((2, 3)), np.ones((5, 3))],
            [np.ones(3)] * 2,
            r"fiber 1: .* as many times .* Give both at",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused(currents, weights, text):
    with pytest.raises(StimulusError, match=text):
        recorded_potential(currents, weights)
