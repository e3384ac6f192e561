"""Currents for voltages and voltages for currents: circuits that can be worked out by hand, and refusals."""

import math

import numpy as np
import pytest

from scsim.errors import GeometryError, StimulusError
from scsim.fields.control import access_resistance_ohm, current_control, voltage_control

NAN = math.nan
MATRIX = np.array(
    [
        [1300.0, 60.0, 30.0, 20.0],
        [60.0, 1250.0, 60.0, 30.0],
        [30.0, 60.0, 1250.0, 60.0],
        [20.0, 30.0, 60.0, 1300.0],
    ]
)


def test_currents_make_potentials_by_the_matrix():
    state = current_control(MATRIX, [0.0, -2.0, 1.5, 0.5])
    np.testing.assert_allclose(state.potential_mv, MATRIX @ [0.0, -2.0, 1.5, 0.5], rtol=1e-15)
    np.testing.assert_array_equal(state.terminal_mv, state.potential_mv)
    # The generator is at contacts 2, 3 and 4; contact 1 floats.
    assert state.voltage_mv == pytest.approx(
        max(state.potential_mv[1:]) - min(state.potential_mv[1:])
    )
    assert not state.returns_far_away


def test_a_distant_return_is_a_terminal_too():
    state = current_control(MATRIX, [0.0, -1.0, 0.0, 0.0], distant_return=True)
    assert state.voltage_mv == pytest.approx(1250.0)
    assert state.power_uw == pytest.approx(1250.0)
    assert state.returns_far_away


def test_power_is_that_of_the_resistance_between_two_contacts():
    state = current_control(MATRIX, [-2.0, 2.0, 0.0, 0.0], series_ohm=100.0)
    resistance = access_resistance_ohm(MATRIX, 0, 1) + 200.0
    assert state.voltage_mv == pytest.approx(2.0 * resistance)
    assert state.power_uw == pytest.approx(4.0 * resistance)


def test_no_current_needs_no_voltage():
    state = current_control(MATRIX, np.zeros(4))
    assert (state.voltage_mv, state.power_uw, state.returns_far_away) == (0.0, 0.0, False)


def test_access_resistances():
    assert access_resistance_ohm(MATRIX, 1) == 1250.0
    assert access_resistance_ohm(MATRIX, 0, 3) == pytest.approx(2600.0 - 40.0)
    assert access_resistance_ohm(MATRIX, 3, 0) == access_resistance_ohm(MATRIX, 0, 3)


def test_two_contacts_share_the_voltage_between_them():
    # −0.5 and +0.5 V, or 0 and 1 V: only the difference counts without a distant return.
    expected = 1000.0 / access_resistance_ohm(MATRIX, 0, 2)
    for low in (-0.5, 0.0, 7.0):
        state = voltage_control(MATRIX, [low, NAN, low + 1.0, NAN])
        np.testing.assert_allclose(
            state.current_ma, [-expected, 0.0, expected, 0.0], rtol=1e-12, atol=1e-15
        )


def test_voltages_come_back_from_their_currents():
    wanted = np.array([-1.0, 0.4, NAN, 2.0])
    for distant in (False, True):
        voltage = voltage_control(
            MATRIX, wanted, distant_return=distant, series_ohm=[50.0, 0.0, 9.0, 10.0]
        )
        state = current_control(
            MATRIX, voltage.current_ma, distant_return=distant, series_ohm=[50.0, 0.0, 9.0, 10.0]
        )
        difference = state.terminal_mv[[0, 1, 3]] - 1e3 * wanted[[0, 1, 3]]
        np.testing.assert_allclose(difference, difference[0], atol=1e-9)
        assert distant == (abs(difference[0]) < 1e-9)
        assert distant == state.returns_far_away
        assert voltage.current_ma[2] == 0.0
        np.testing.assert_allclose(state.potential_mv, voltage.potential_mv, rtol=1e-12)


def test_a_floating_contact_takes_the_potential_around_it():
    state = voltage_control(MATRIX, [1.0, NAN, NAN, NAN], distant_return=True)
    assert state.current_ma[0] == pytest.approx(1000.0 / 1300.0)
    np.testing.assert_allclose(state.potential_mv[1:], MATRIX[0, 1:] * state.current_ma[0])


def test_currents_are_proportional_to_voltages():
    one = voltage_control(MATRIX, [-1.0, NAN, 1.0, 0.5])
    three = voltage_control(MATRIX, [-3.0, NAN, 3.0, 1.5])
    np.testing.assert_allclose(three.current_ma, 3.0 * one.current_ma, rtol=1e-12)


@pytest.mark.parametrize("n_driven", [0, 1])
def test_too_few_voltages_are_refused(n_driven):
    voltage = np.full(4, NAN)
    voltage[:n_driven] = 1.0
    with pytest.raises(
        StimulusError,
        match=rf"gives {n_driven} contacts a voltage; at least 2 .* distant_return=True",
    ):
        voltage_control(MATRIX, voltage)


def test_no_voltage_against_the_ground_is_refused():
    with pytest.raises(StimulusError, match=r"gives 0 contacts a voltage; at least 1 are needed"):
        voltage_control(MATRIX, np.full(4, NAN), distant_return=True)


def test_currents_that_do_not_return_are_refused():
    with pytest.raises(
        StimulusError, match=r"current_ma sums to -1 mA; .* pass distant_return=True"
    ):
        current_control(MATRIX, [-1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: current_control(MATRIX, [1.0, -1.0]),
            r"current_ma = \[ 1. -1.\] mA: .* 4 contacts",
        ),
        (
            lambda: current_control(MATRIX, [NAN, 0, 0, 0]),
            r"current_ma = \[nan.* one finite number",
        ),
        (
            lambda: voltage_control(MATRIX, [1.0, -1.0]),
            r"voltage_v = .* V: one finite .* Correct it",
        ),
        (
            lambda: voltage_control(MATRIX, [1.0, math.inf, 0, 0]),
            r"voltage_v = .*inf.* V: one finite",
        ),
        (
            lambda: current_control(MATRIX, np.zeros(4), series_ohm=[1.0]),
            r"series_ohm = \[1.\] Ω: one",
        ),
        (
            lambda: current_control(MATRIX, np.zeros(4), series_ohm=-5.0),
            r"series_ohm = -5 Ω: .* 0 or more",
        ),
        (lambda: access_resistance_ohm(MATRIX, 0, 0), r"contacts 0 and 0: two different .* 0 to 3"),
        (
            lambda: access_resistance_ohm(MATRIX, 4),
            r"contacts 4: two different indices .* Correct them",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_refused(call, text):
    with pytest.raises(StimulusError, match=text):
        call()


@pytest.mark.parametrize("shape", [(0, 0), (3,), (2, 3)])
def test_what_is_no_matrix_is_refused(shape):
    with pytest.raises(GeometryError, match=r"a contact matrix of shape .* Use contact_matrix_ohm"):
        current_control(np.ones(shape), [1.0])


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        ([[10.0, 5.0], [3.0, 10.0]], r"mutual resistances differ by 2 Ω"),
        ([[10.0, 12.0], [12.0, 10.0]], r"the least resistance is -2 Ω; it must be symmetric"),
        ([[10.0, NAN], [NAN, 10.0]], r"a resistance is not finite; .* solve the field again"),
    ],
)
def test_what_is_not_passive_is_refused(matrix, text):
    with pytest.raises(GeometryError, match=text):
        access_resistance_ohm(matrix, 0)


def test_the_rounding_of_a_solver_is_evened_out():
    rough = MATRIX.copy()
    rough[0, 1] += 0.5
    assert access_resistance_ohm(rough, 0, 1) == pytest.approx(access_resistance_ohm(rough, 1, 0))
    assert access_resistance_ohm(rough, 0, 1) == pytest.approx(2550.0 - 120.5)
