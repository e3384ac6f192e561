"""Metal on the inner wall of a cuff: densities of current, and the conditions that make contacts equipotential.

Densities are sums of functions along the cuff times functions around it; what the tissue answers to each
comes from ``cuff_modes.py``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import linalg, special

from scsim.fields.cuffs.cuff_elements import moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.contacts import ArcContact
    from scsim.fields.cuffs.cuff_elements import Line
    from scsim.fields.cuffs.cuff_grid import WallLayers

FloatArray = npt.NDArray[np.float64]
ContactModel = Literal["equipotential", "uniform"]

_FULL_CIRCLE_DEG: Final = 360.0
_N_TAIL: Final = 4096
"""Angular modes of the closed-form tail; what is left beyond falls as ln m / m."""
_N_TAIL_SAMPLES: Final = 24
"""Modes at which the tail is integrated; between them m S_m is interpolated in ln m."""
_TAIL_STEP: Final = 0.1
_TAIL_LENGTH: Final = 2000.0
"""Step and end of the trapezoidal rule over k c (no unit); beyond, the mean of the Bessel functions is used."""


@dataclass(frozen=True)
class ContactBasis:
    """Functions of current density on all contacts.

    Attributes
    ----------
    contacts : tuple of ArcContact
    bands : tuple of (float, float)
        Distinct places along the cuff: middle and half length, mm.
    n_along : int
        Functions along each band.
    around : tuple of ndarray of float64, each of shape (n_around, n_modes, 2)
        Per contact, moments of its functions around the cuff with cos mφ and sin mφ (no unit); the first
        function carries 1 mA, the others none.
    model : {"equipotential", "uniform"}
    n_angular : int
        Largest m.
    """

    contacts: tuple[ArcContact, ...]
    bands: tuple[tuple[float, float], ...]
    n_along: int
    around: tuple[FloatArray, ...]
    model: ContactModel
    n_angular: int

    def band_of(self, contact: ArcContact) -> int:
        """Give the index of the band that a contact lies on."""
        return self.bands.index(band(contact))


def is_ring(contact: ArcContact) -> bool:
    """Say whether a contact goes all around."""
    return contact.span_deg >= _FULL_CIRCLE_DEG


def band(contact: ArcContact) -> tuple[float, float]:
    """Give middle and half length of a contact along the cuff, mm."""
    return contact.center_mm[2], contact.length_mm / 2.0


def contact_basis(
    contacts: Sequence[ArcContact],
    model: ContactModel,
    *,
    n_along: int,
    n_around: int,
    n_angular: int,
) -> ContactBasis:
    """Choose the functions of all contacts.

    Parameters
    ----------
    contacts : sequence of ArcContact
    model : {"equipotential", "uniform"}
        ``equipotential``: metal, the density follows from the potential being the same all over a contact.
        ``uniform``: the same density all over the contact that gives off current; the others are absent.
    n_along, n_around : int
        Functions of an equipotential contact along the cuff and around it.
    n_angular : int
        Largest angular mode; 0 when all contacts are rings.
    """
    uniform = model == "uniform"
    orders = np.arange(n_angular + 1, dtype=np.float64)
    around = tuple(
        _around(c, orders, 1 if uniform else n_around, uniform=uniform) for c in contacts
    )
    bands = tuple(dict.fromkeys(band(c) for c in contacts))
    return ContactBasis(tuple(contacts), bands, 1 if uniform else n_along, around, model, n_angular)


def _around(contact: ArcContact, orders: FloatArray, n_around: int, *, uniform: bool) -> FloatArray:
    """Give moments of the functions around one contact, shape (n_around, n_orders, 2).

    Notes
    -----
    Arc of half span α around φ0: T_q(θ) / (π a α sqrt(1 - θ²)), θ = (φ - φ0) / α, with
    ∫ T_q(θ) e^{imαθ} / (π sqrt(1 - θ²)) dθ = i^q J_q(mα) (Gradshteyn and Ryzhik 2007, 8.411). Ring: 1 / (2π a),
    cos mφ / (π a), sin mφ / (π a).
    """
    if is_ring(contact):
        n_ring = 0 if uniform else min(len(orders) - 1, n_around)
        result = np.zeros((1 + 2 * n_ring, len(orders), 2))
        result[0, orders == 0, 0] = 1.0
        for k in range(1, n_ring + 1):
            result[2 * k - 1, orders == k, 0] = 1.0
            result[2 * k, orders == k, 1] = 1.0
        return result
    alpha = math.radians(contact.span_deg) / 2.0
    middle = math.radians(contact.middle_deg)
    cosine, sine = np.cos(orders * middle), np.sin(orders * middle)
    if uniform:
        strength = np.asarray(np.sinc(orders * alpha / np.pi), dtype=np.float64)
        return np.stack([strength * cosine, strength * sine], axis=-1)[None]
    rows = []
    for q in range(n_around):
        strength = (-1.0) ** (q // 2) * special.jv(q, orders * alpha)
        even = (strength * cosine, strength * sine)
        odd = (-strength * sine, strength * cosine)
        rows.append(np.stack(even if q % 2 == 0 else odd, axis=-1))
    return np.array(rows)


def along_moments(basis: ContactBasis, line: Line) -> FloatArray:
    """Integrate the functions along the cuff against the polynomials of its elements.

    Parameters
    ----------
    basis : ContactBasis
    line : Line

    Returns
    -------
    ndarray of float64, shape (n_nodes, n_bands * n_along)
        ∫ φ_i(z) T_p(ζ) / (π c sqrt(1 - ζ²)) dz, or ∫ φ_i(z) / 2c dz (no unit).
    """

    def edge_functions(angle: FloatArray) -> FloatArray:
        # ζ = -cos t, so T_p(ζ) = (-1)^p cos pt and dζ / sqrt(1 - ζ²) = dt.
        p = np.arange(basis.n_along)[:, None]
        signs = np.where(p % 2, -1.0, 1.0)
        values: FloatArray = signs * np.cos(p * angle) / np.pi
        return values

    def uniform(angle: FloatArray) -> FloatArray:
        return 0.5 * np.sin(angle)[None]

    density = uniform if basis.model == "uniform" else edge_functions
    return np.hstack([moments(line, center, half, density) for center, half in basis.bands])


def solve_contacts(
    basis: ContactBasis, wall: FloatArray, layers: WallLayers
) -> tuple[FloatArray, FloatArray]:
    """Find the densities of all contacts, each giving off 1 mA alone, and the potentials of all.

    Parameters
    ----------
    basis : ContactBasis
    wall : ndarray of float64, shape (n_angular + 1, n_functions, n_functions)
        Potential on the wall per angular mode, as `ModeSolution.wall`.
    layers : WallLayers
        For the modes above `n_angular`.

    Returns
    -------
    weights : ndarray of float64, shape (n_angular + 1, n_functions, n_contacts, 2)
        Weight of each function along the cuff in the cos mφ and sin mφ parts, per contact that gives off
        1 mA.
    matrix : ndarray of float64, shape (n_contacts, n_contacts)
        Potential of each contact, mA per S/m and mm; symmetric but for rounding.

    Notes
    -----
    Galerkin: with A the mutual potentials of all functions, currents x0 in the first function of each contact
    and A11 x1 = -A10 x0 for the others, which carry none. So driven and idle contacts are equipotential, and
    idle ones float.
    """
    mode_weight = np.full(basis.n_angular + 1, 1.0 / np.pi)
    mode_weight[0] = 0.5 / np.pi
    system = _system(basis, wall, mode_weight)
    if basis.n_angular:
        _add_tail(system, basis, layers)
    sizes = [len(a) * basis.n_along for a in basis.around]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    first = starts[:-1]
    rest = np.setdiff1d(np.arange(starts[-1]), first)
    densities = np.zeros((starts[-1], len(first)))
    densities[first, np.arange(len(first))] = 1.0
    if len(rest):
        scale = 1.0 / np.sqrt(np.diag(system)[rest])
        inner = system[np.ix_(rest, rest)] * scale[:, None] * scale[None, :]
        answer = linalg.solve(inner, -scale[:, None] * system[np.ix_(rest, first)], assume_a="pos")
        densities[rest] = scale[:, None] * answer
    matrix = system[first] @ densities
    weights = np.zeros((basis.n_angular + 1, wall.shape[1], len(first), 2))
    for index, (contact, around) in enumerate(zip(basis.contacts, basis.around, strict=True)):
        own = densities[starts[index] : starts[index + 1]].reshape(len(around), basis.n_along, -1)
        rows = slice(basis.band_of(contact) * basis.n_along, None)
        weights[:, rows][:, : basis.n_along] += np.einsum(
            "m,qms,qpc->mpcs", mode_weight, around, own
        )
    return weights, matrix


def _system(basis: ContactBasis, wall: FloatArray, mode_weight: FloatArray) -> FloatArray:
    """Give the mutual potentials of all functions, around first and along second within a contact."""
    n = basis.n_along
    rows = []
    for one, a in zip(basis.contacts, basis.around, strict=True):
        i = basis.band_of(one) * n
        blocks = []
        for other, b in zip(basis.contacts, basis.around, strict=True):
            j = basis.band_of(other) * n
            around = np.einsum("m,qms,rms->mqr", mode_weight, a, b)
            block = np.einsum("mqr,mpt->qprt", around, wall[:, i : i + n, j : j + n], optimize=True)
            blocks.append(block.reshape(len(a) * n, len(b) * n))
        rows.append(np.hstack(blocks))
    return np.vstack(rows)


def _add_tail(system: FloatArray, basis: ContactBasis, layers: WallLayers) -> None:
    """Add the angular modes above the largest one, between contacts on the same band, in place.

    Rings have no part in it: their functions end at the largest mode.
    """
    n = basis.n_along
    orders = np.arange(basis.n_angular + 1, _N_TAIL, dtype=np.float64)
    uniform = basis.model == "uniform"
    arcs = [k for k, contact in enumerate(basis.contacts) if not is_ring(contact)]
    around = {
        k: _around(basis.contacts[k], orders, len(basis.around[k]), uniform=uniform) for k in arcs
    }
    starts = np.concatenate([[0], np.cumsum([len(a) * n for a in basis.around])])
    tails = {
        half: _tail(orders, half, n, layers, uniform=uniform)
        for half in {band(basis.contacts[k])[1] for k in arcs}
    }
    for k in arcs:
        for other in arcs:
            if basis.band_of(basis.contacts[k]) != basis.band_of(basis.contacts[other]):
                continue
            tail = tails[band(basis.contacts[k])[1]]
            rows, columns = around[k].reshape(len(around[k]), -1), around[other]
            for p, t in itertools.product(range(n), range(n)):
                if (p + t) % 2:
                    continue
                weighted = columns * (tail[p, t] / np.pi)[:, None]
                block = rows @ weighted.reshape(len(columns), -1).T
                place = (
                    slice(starts[k] + p, starts[k + 1], n),
                    slice(starts[other] + t, starts[other + 1], n),
                )
                system[place] += block


def _tail(
    orders: FloatArray, half_length: float, n_along: int, layers: WallLayers, *, uniform: bool
) -> FloatArray:
    """Give the wall's potential in high angular modes, shape (n_along, n_along, n_orders).

    Notes
    -----
    Waves of less than a few layers' thickness see a flat wall with two layers on it. With κ_i a wave's rate
    of decay in layer i, κ_i² = (σz k² + σt m² / a²) / σt, Y_i = σt κ_i and Γ = (Y_1 - Y_2) / (Y_1 + Y_2),
    the potential per current is (1 + Γ e^{-2 κ_1 g}) / (1 - Γ e^{-2 κ_1 g}) / (a Y_1). A function T_p has the
    transform i^p J_p(kc), so functions of different parity do not meet.
    """
    # Dense in the small modes, where the sum gathers most, then ever wider.
    samples = np.unique(np.geomspace(orders[0], orders[-1], _N_TAIL_SAMPLES))
    x = np.arange(0.0, _TAIL_LENGTH, _TAIL_STEP)
    weight = np.full(len(x), _TAIL_STEP)
    weight[0] = 0.5 * _TAIL_STEP
    response = np.array([_flat_wall(x / half_length, m, layers) for m in samples])
    orders_along = np.arange(n_along)[:, None]
    transforms = np.sinc(x / np.pi)[None] if uniform else special.jv(orders_along, x)
    tail = np.zeros((n_along, n_along, len(orders)))
    for p in range(n_along):
        for t in range(p % 2, n_along, 2):
            sign = (-1.0) ** ((p - t) // 2)
            values = response @ (weight * transforms[p] * transforms[t]) * sign
            if not uniform:
                # Beyond the end J_p J_t has the mean ±1/(πx); the response is that of layer 1 alone.
                values = values + _beyond(samples, half_length, layers)
            values = values / (np.pi * half_length)
            tail[p, t] = np.interp(np.log(orders), np.log(samples), values * samples) / orders
    return tail


def _flat_wall(k: FloatArray, m: float, layers: WallLayers) -> FloatArray:
    """Give the potential of a flat wall of two layers per current, as `_tail`, shape of `k`."""
    radius = layers.radius_mm
    rates, admittances = [], []
    for across, along in (layers.first, layers.second):
        rate = np.sqrt((along * k**2 + across * (m / radius) ** 2) / across)
        rates.append(rate)
        admittances.append(across * rate)
    mismatch = (admittances[0] - admittances[1]) / (admittances[0] + admittances[1])
    echo = mismatch * np.exp(-2.0 * rates[0] * layers.thickness_mm)
    potential: FloatArray = (1.0 + echo) / (1.0 - echo) / (radius * admittances[0])
    return potential


def _beyond(m: FloatArray, half_length: float, layers: WallLayers) -> FloatArray:
    """Integrate 1/(πx) times the response of the first layer from the end of the rule on.

    ∫_X^∞ dx / (x sqrt(x² + b²)) = asinh(b / X) / b, with b = m c sqrt(σt / σz) / a.
    """
    across, along = layers.first
    b = m * half_length * math.sqrt(across / along) / layers.radius_mm
    scale = half_length / (layers.radius_mm * math.sqrt(across * along) * math.pi)
    integral: FloatArray = scale * np.arcsinh(b / _TAIL_LENGTH) / b
    return integral
