"""Cylindrical waves: ratios against the functions themselves, and where those leave the range of numbers."""

import numpy as np
import pytest
from scipy import special

from scsim.fields.closed_form.layer_modes import i_ratio, k_ratio, make_waves

# Arguments and orders at which the scaled functions of scipy are within range.
X = np.array([[0.5, 3.0, 30.0, 300.0, 2500.0]])


@pytest.mark.parametrize("order", [1, 2, 7, 39])
def test_steps_are_ratios_of_neighboring_orders(order):
    waves = make_waves(X, 40)
    np.testing.assert_allclose(
        waves.i_steps[order], special.ive(order, X) / special.ive(order - 1, X), rtol=1e-12
    )
    np.testing.assert_allclose(
        waves.k_steps[order], special.kve(order - 1, X) / special.kve(order, X), rtol=1e-12
    )


@pytest.mark.parametrize("order", [0, 1, 7, 39])
def test_slopes_are_logarithmic_derivatives(order):
    waves = make_waves(X, 40)
    # I' and -K' are the means of the neighboring orders (Abramowitz and Stegun 9.6.26).
    neighbors = 0.5 * (special.ive(abs(order - 1), X) + special.ive(order + 1, X))
    np.testing.assert_allclose(
        waves.i_slope[order], X * neighbors / special.ive(order, X), rtol=1e-12
    )
    neighbors = 0.5 * (special.kve(abs(order - 1), X) + special.kve(order + 1, X))
    np.testing.assert_allclose(
        waves.k_slope[order], X * neighbors / special.kve(order, X), rtol=1e-12
    )


@pytest.mark.parametrize("order", [0, 3, 39])
def test_ratios_between_radii(order):
    inner, outer = make_waves(0.8 * X, 40), make_waves(X, 40)
    decay = np.exp(-0.2 * X)
    np.testing.assert_allclose(
        i_ratio(inner, outer)[order],
        special.ive(order, 0.8 * X) / special.ive(order, X) * decay,
        rtol=1e-11,
    )
    np.testing.assert_allclose(
        k_ratio(inner, outer)[order],
        special.kve(order, X) / special.kve(order, 0.8 * X) * decay,
        rtol=1e-11,
    )


def test_high_orders_of_small_arguments_are_powers():
    # I_n ∝ xⁿ and K_n ∝ x⁻ⁿ up to 1 + x²/(4(n+1)): at order 300 and x = 1e-3 the functions are 1e±1600.
    x = np.array([[1e-3, 1e-12]])
    inner, outer = make_waves(0.7 * x, 301), make_waves(x, 301)
    for ratio in (i_ratio(inner, outer), k_ratio(inner, outer)):
        np.testing.assert_allclose(ratio[300], 0.7**300, rtol=1e-6)
    np.testing.assert_allclose(outer.i_slope[300], 300.0, rtol=1e-8)
    np.testing.assert_allclose(outer.k_slope[300], 300.0, rtol=1e-8)


def test_the_wronskian_holds():
    # I K (x I'/I − x K'/K) = 1.
    waves = make_waves(X, 40)
    for order in (0, 1, 20):
        product = special.ive(order, X) * special.kve(order, X)
        np.testing.assert_allclose(
            product * (waves.i_slope + waves.k_slope)[order], 1.0, rtol=1e-12
        )


def test_the_axis_has_waves_of_order_zero_only():
    waves, outer = make_waves(np.zeros((1, 3)), 5), make_waves(np.full((1, 3), 2.0), 5)
    ratio = i_ratio(waves, outer)
    np.testing.assert_allclose(ratio[0], 1.0 / special.iv(0, 2.0), rtol=1e-13)
    assert np.abs(ratio[1:]).max() < 1e-149  # 0 is taken for 1e-150
