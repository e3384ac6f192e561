"""Functions of current density on the contacts of a cuff, and what is beyond the last angular mode."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from scsim.electrodes.contacts import ArcContact
from scsim.fields.cuffs.cuff_contacts import (
    _tail,
    along_moments,
    band,
    contact_basis,
    is_ring,
    solve_contacts,
)
from scsim.fields.cuffs.cuff_elements import make_line
from scsim.fields.cuffs.cuff_grid import WallLayers

ALONG = (0.0, 0.0, 1.0)


def arc(z=0.0, middle=35.0, span=80.0, label="c1"):
    return ArcContact(label, (0.0, 0.0, z), ALONG, 1.0, 0.9, middle, span)


def basis(contacts, model="equipotential", n_along=4, n_around=4, n_angular=6):
    return contact_basis(contacts, model, n_along=n_along, n_around=n_around, n_angular=n_angular)


def test_contacts_at_one_place_share_a_band():
    one = basis([arc(), arc(middle=200.0, label="c2"), arc(2.0, span=360.0, label="c3")])
    assert one.bands == ((0.0, 0.5), (2.0, 0.5))
    assert [one.band_of(c) for c in one.contacts] == [0, 0, 1]
    assert band(arc(2.0)) == (2.0, 0.5)
    assert [is_ring(c) for c in one.contacts] == [False, False, True]


def test_functions_around_an_arc_have_the_moments_of_their_integrals():
    # With φ = φ0 + α sin s the edge functions are smooth: T_q(sin s) ds / π.
    found = basis([arc()]).around[0]
    alpha, middle = math.radians(40.0), math.radians(35.0)
    for q in range(4):
        for m in range(7):
            for part, turn in enumerate((math.cos, math.sin)):
                expected, _ = integrate.quad(
                    lambda s, q=q, m=m, turn=turn: (
                        math.cos(q * (math.pi / 2.0 - s))
                        * turn(m * (middle + alpha * math.sin(s)))
                        / math.pi
                    ),
                    -math.pi / 2.0,
                    math.pi / 2.0,
                )
                assert found[q, m, part] == pytest.approx(expected, abs=1e-10)


def test_an_even_arc_has_the_moments_of_its_integrals():
    found = basis([arc()], "uniform").around[0]
    assert found.shape == (1, 7, 2)
    low, high = math.radians(-5.0), math.radians(75.0)
    for m in range(1, 7):
        cosine = (math.sin(m * high) - math.sin(m * low)) / m / (high - low)
        sine = (math.cos(m * low) - math.cos(m * high)) / m / (high - low)
        np.testing.assert_allclose(found[0, m], [cosine, sine], atol=1e-14)
    np.testing.assert_allclose(found[0, 0], [1.0, 0.0])


def test_a_ring_has_one_function_per_angular_mode():
    found = basis([arc(span=360.0)]).around[0]
    assert found.shape == (9, 7, 2)
    np.testing.assert_array_equal(found.sum(axis=0), [[1, 0], *4 * [[1, 1]], *2 * [[0, 0]]])
    alone = basis([arc(span=360.0)], n_angular=0).around[0]
    np.testing.assert_array_equal(alone, [[[1.0, 0.0]]])


@pytest.mark.parametrize("model", ["equipotential", "uniform"])
def test_only_the_first_function_carries_current(model):
    line = make_line([-2.0, -0.5, -0.4, 0.3, 0.5, 2.0], 5)
    totals = along_moments(basis([arc()], model), line).sum(axis=0)
    expected = np.eye(4)[0] if model == "equipotential" else [1.0]
    np.testing.assert_allclose(totals, expected, atol=1e-13)


def test_an_even_density_has_its_center_in_the_middle():
    line = make_line([-2.0, -0.5, 0.1, 0.5, 2.0], 3)
    weights = along_moments(basis([arc()], "uniform"), line)[:, 0]
    # ∫ z² dz / 2c = c² / 3
    assert line.nodes @ weights == pytest.approx(0.0, abs=1e-14)
    assert line.nodes**2 @ weights == pytest.approx(0.25 / 3.0, rel=1e-12)


@pytest.mark.parametrize("uniform", [False, True])
def test_the_tail_is_that_of_a_cylinder_of_one_tissue(uniform):
    # One tissue: u = I_m(ka) / (σ k a I'_m(ka)) per current. Its flat form differs by about 1 / (2 m) at most
    # (second term of the uniform expansion, Abramowitz and Stegun 1964, 9.7.7 and 9.7.9).
    sigma, a, c = 0.4, 0.9, 0.5
    layers = WallLayers(a, 0.1, (sigma, sigma), (sigma, sigma))
    n = 1 if uniform else 3
    orders = np.arange(10.0, 4096.0)
    tail = _tail(orders, c, n, layers, uniform=uniform)
    x = np.arange(0.005, 3000.0, 0.01)
    for m in (10, 40):
        k = x / c
        # Scaled functions: I'_m / I_m = I_{m+1} / I_m + m / (ka).
        slope = special.ive(m + 1, k * a) / special.ive(m, k * a) + m / (k * a)
        response = 1.0 / (sigma * k * a * slope)
        for p in range(n):
            transform = np.sinc(x / np.pi) if uniform else special.jv(p, x)
            expected = np.sum(response * transform**2) * 0.01 / (np.pi * c)
            if not uniform:
                # ∫ of 1 / (π x) · c / (σ a x) from the end on
                expected += c / (sigma * a * np.pi * 3000.0) / (np.pi * c)
            assert tail[p, p, m - 10] == pytest.approx(expected, rel=1.0 / (2 * m))
    if not uniform:
        assert np.all(tail[0, 1] == 0.0)
        np.testing.assert_allclose(tail[0, 2], tail[2, 0])


def test_the_tail_knows_the_layer_behind():
    # Waves much longer than the layer see the conductor behind it: σ1 g κ² ≪ σ2 κ; much shorter ones, the layer.
    layers = WallLayers(1.0, 1e-6, (2.0, 2.0), (0.1, 0.1))
    bare = WallLayers(1.0, 1e-6, (0.1, 0.1), (0.1, 0.1))
    thick = WallLayers(1.0, 1.0, (2.0, 2.0), (0.1, 0.1))
    orders = np.arange(20.0, 40.0)
    near, far, own = (_tail(orders, 1e3, 1, w, uniform=True)[0, 0] for w in (layers, bare, thick))
    # σ1 κ g / σ2 = 20 · 40 · 1e-6
    np.testing.assert_allclose(near, far, rtol=1e-3)
    np.testing.assert_allclose(own * 20.0, far, rtol=1e-3)


def test_currents_and_conditions_of_two_contacts():
    # A made-up answer of the wall without tissue: whatever it is, an idle contact must carry no current and the
    # potential of every function but the first must vanish on every contact.
    rng = np.random.default_rng(2)
    one = basis([arc(span=360.0), arc(2.0, span=360.0, label="c2")], n_angular=0)
    root = rng.standard_normal((8, 8))
    wall = (root @ root.T + 8.0 * np.eye(8))[None]
    layers = WallLayers(0.9, 0.1, (1.0, 1.0), (1.0, 1.0))
    weights, matrix = solve_contacts(one, wall, layers)
    densities = weights[0, :, :, 0] * 2.0 * np.pi
    np.testing.assert_allclose(densities[[0, 4]], np.eye(2), atol=1e-14)
    potentials = wall[0] @ densities / (2.0 * np.pi)
    np.testing.assert_allclose(potentials[[1, 2, 3, 5, 6, 7]], 0.0, atol=1e-13)
    np.testing.assert_allclose(potentials[[0, 4]], matrix, rtol=1e-12)
    # Less than without the freedom to spread (Thomson's principle of least dissipation).
    assert np.all(np.diag(matrix) < wall[0, [0, 4], [0, 4]] / (2.0 * np.pi))
