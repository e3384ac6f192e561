"""Contacts on insulating bodies in an extruded section: their transforms, and the currents that make each equipotential.

Density on a contact is a sum of edge functions, which know the inverse root at a border of metal: along z
T_p(ζ)/(πc√(1−ζ²)) with ζ = (z − z_c)/c and half length c; around a disc cos mθ and sin mθ; across a strip
again T_q/(π√(1−ξ²)). The sections behind the responses belong in ``spectral.py``.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Disc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.bodies import Body

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_N_STRIP_RULE: Final = 80
"""Gauss points of the strip's integral over an angle, graded towards its logarithm: 1e-9 relative."""

_STRIP_STEPS_PER_E: Final = 8
"""Points of the strip's table per factor e in the wavenumber: cubic in between, 1e-6 relative."""

EVEN: Final = -1
"""Stands for an even density where an order of an edge function is asked for."""

_STRIP_RANGE: Final = (1e-3, 1e6)
"""Wavenumbers times half width that the strip's table covers (no unit)."""


@dataclass(frozen=True)
class Coat:
    """Tissue on a site: a layer of even thickness, and what lies beyond it.

    Attributes
    ----------
    sigma : tuple of 2 floats
        Conductivity of the layer across (σt) and along z (σl), S/m.
    thickness_mm : float
        mm; infinite without an end.
    beyond : tuple of 2 floats
        Conductivity beyond the layer, S/m.
    """

    sigma: tuple[float, float]
    thickness_mm: float = math.inf
    beyond: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Site:
    """Where metal can be on a body: all around a disc, or one strip of a slab's face.

    Attributes
    ----------
    body : int
        Which body.
    column : int
        Which strip of the slab; 0 on a disc.
    half_width_mm : float
        Radius of the disc or half width of the strip, mm.
    first, count : int
        Its moments among those of all sites: where they begin, and how many take part in equipotential
        contacts. A strip has one more behind them, for even density; on a disc that is the first.
    harmonics : tuple of int
        On a disc, m of each moment; on a strip empty.
    """

    body: int
    column: int
    half_width_mm: float
    first: int
    count: int
    harmonics: tuple[int, ...]

    @property
    def moments(self) -> slice:
        """Its moments for equipotential contacts."""
        return slice(self.first, self.first + self.count)

    @property
    def even_moment(self) -> int:
        """Its moment for an even density."""
        return self.first if self.harmonics else self.first + self.count

    @property
    def parity_pairs(self) -> list[tuple[int, int]]:
        """Pairs of own moments that a contact alone in a homogeneous medium couples."""
        if self.harmonics:
            return [(i, i) for i in range(self.count)]
        return [(i, j) for i in range(self.count) for j in range(self.count) if (i + j) % 2 == 0]


def body_sites(
    bodies: Sequence[Body], n_harmonics: int, n_across: int, *, is_even: bool
) -> tuple[Site, ...]:
    """List where metal can be, in the order of bodies and columns.

    Parameters
    ----------
    bodies : sequence of Disc or Slab
    n_harmonics, n_across : int
        Largest m around a disc; number of edge functions across a strip.
    is_even : bool
        True if the section is its own mirror image and nothing can turn around the disc: sin mθ is left out.

    Returns
    -------
    tuple of Site
    """
    sites: list[Site] = []
    first = 0
    for index, body in enumerate(bodies):
        if isinstance(body, Disc):
            cosines = range(n_harmonics + 1)
            sines = () if is_even else range(1, n_harmonics + 1)
            harmonics = (*cosines, *sines)
            sites.append(Site(index, 0, body.radius_mm, first, len(harmonics), harmonics))
            first += len(harmonics)
            continue
        for column, (_, width_mm) in enumerate(body.columns_mm):
            sites.append(Site(index, column, width_mm / 2.0, first, n_across, ()))
            first += n_across + 1
    return tuple(sites)


def edge_amplitudes(wavenumbers: FloatArray, *, half_length_mm: float, n_edge: int) -> FloatArray:
    """Give J_p(kc) for p = 0, 1, …: how strongly edge functions of half length c excite waves.

    Parameters
    ----------
    wavenumbers : ndarray of float64, shape (n,)
        k, 1/mm.
    half_length_mm : float
        c, mm.
    n_edge : int
        Number of functions.

    Returns
    -------
    ndarray of float64, shape (n_edge, n)
    """
    from scipy.special import jv  # noqa: PLC0415 - the config imports the fields, and must stay light

    return np.asarray(jv(np.arange(n_edge)[:, None], wavenumbers * half_length_mm))


def edge_transforms(
    amplitudes: FloatArray, wavenumbers: FloatArray, center_mm: float
) -> FloatArray:
    """Transform the edge functions of one contact along z.

    Parameters
    ----------
    amplitudes : ndarray of float64, shape (n_edge, n)
        Of `edge_amplitudes`.
    wavenumbers : ndarray of float64, shape (n,)
        k, 1/mm.
    center_mm : float
        Middle of the contact above the lower end of the domain, z_c + H, mm.

    Returns
    -------
    ndarray of float64, shape (n_edge, n)
        ∫ T_p(ζ)/(πc√(1−ζ²)) cos k(z + H) dz = J_p(kc) cos(k(z_c + H) + pπ/2) (Gradshteyn and Ryzhik 2007,
        7.355).
    """
    phase = wavenumbers * center_mm
    cosine, sine = np.cos(phase), np.sin(phase)
    # cos(φ + pπ/2) repeats with period 4 in p.
    turns = np.array([cosine, -sine, -cosine, sine])
    transforms: FloatArray = amplitudes * turns[np.arange(len(amplitudes)) % 4]
    return transforms


def even_transform(wavenumbers: FloatArray, center_mm: float, half_length_mm: float) -> FloatArray:
    """Transform an even density of one contact along z, shape (1, n); as `edge_transforms`."""
    amplitude = np.sinc(wavenumbers * half_length_mm / np.pi)
    return (amplitude * np.cos(wavenumbers * center_mm))[None]


def bare_response(
    site: Site, wavenumbers: FloatArray, coat: Coat, *, is_even: bool = False
) -> FloatArray:
    """Give the mutual moments of a site alone in its tissue: what every site tends to at short waves.

    Parameters
    ----------
    site : Site
    wavenumbers : ndarray of float64, shape (n,)
        k > 0, 1/mm.
    coat : Coat
        Tissue on the site.
    is_even : bool
        True for even densities alone: one row.

    Returns
    -------
    ndarray of float64, shape (len(site.parity_pairs), n)
        V·mm per mA, one row for each pair of `Site.parity_pairs`.

    Notes
    -----
    Around a disc of radius a: c_m/(2πa) K_m(κa)/(σt κ |K_m'(κa)|), c_0 = 1, else 1/2, with κ = k√(σl/σt); in a
    layer K_m + ρ I_m replaces K_m, with the ρ of `_echo`.
    On a strip of half width h in an insulating half-plane: F(κh)/(πσt), see `_strip_integral`; in a layer of
    thickness t times (1 + r)/(1 − r), r = e^(−2κt) (s − s')/(s + s') with s = √(σt σl) in and beyond it, which is exact
    for a strip much wider than the layer.
    """
    across, along = coat.sigma
    kappa = wavenumbers * math.sqrt(along / across)
    if not site.harmonics:
        pairs = [(EVEN, EVEN)] if is_even else site.parity_pairs
        x = kappa * site.half_width_mm
        bare = np.array([strip_response(i, j, x) for i, j in pairs]) / (np.pi * across)
        if math.isinf(coat.thickness_mm):
            return bare
        inner, outer = (math.sqrt(pair[0] * pair[1]) for pair in (coat.sigma, coat.beyond))
        echo = np.exp(-2.0 * kappa * coat.thickness_mm) * (inner - outer) / (inner + outer)
        return bare * (1.0 + echo) / (1.0 - echo)
    m = np.array(site.harmonics[:1] if is_even else site.harmonics)
    radius = site.half_width_mm
    share = np.where(m == 0, 1.0, 0.5) / (2.0 * np.pi * radius)
    falling, fall = _falling_bessel(m, kappa * radius)
    if math.isfinite(coat.thickness_mm):
        echo = _echo(m, wavenumbers, radius + coat.thickness_mm, coat)
        echo *= np.exp(-2.0 * kappa * coat.thickness_mm)
        rising, rise = _rising_bessel(m, kappa * radius)
        falling, fall = falling + echo * rising, fall - echo * rise
    response: FloatArray = share[:, None] * falling / (fall * across * kappa)
    return response


def _echo(m: IntArray, wavenumbers: FloatArray, radius_mm: float, coat: Coat) -> FloatArray:
    """Give what the end of a layer at a radius b adds to waves cos mθ around a disc.

    Parameters
    ----------
    m : ndarray of int64, shape (n_harmonics,)
    wavenumbers : ndarray of float64, shape (n,)
        1/mm.
    radius_mm : float
        b, mm.
    coat : Coat

    Returns
    -------
    ndarray of float64, shape (n_harmonics, n)
        ρ e^(2κb), where u = K_m(κr) + ρ I_m(κr) in the layer and u ∝ K_m beyond: potential and current across b are
        continuous.
    """
    (across, along), (across_beyond, along_beyond) = coat.sigma, coat.beyond
    kappa = wavenumbers * math.sqrt(along / across)
    beyond = wavenumbers * math.sqrt(along_beyond / across_beyond)
    (falling, fall), (rising, rise) = (
        bessel(m, kappa * radius_mm) for bessel in (_falling_bessel, _rising_bessel)
    )
    outside, fall_outside = _falling_bessel(m, beyond * radius_mm)
    own, other = across * kappa, across_beyond * beyond * fall_outside / outside
    echo: FloatArray = (own * fall - other * falling) / (own * rise + other * rising)
    return echo


def _falling_bessel(m: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give e^x K_m and −e^x K_m', each of shape (n_harmonics, n).

    By K_{m+1} = K_{m−1} + (2m/x) K_m, which is stable upward, from K_0 and K_1: five times faster than `kve`.
    """
    from scipy.special import k0e, k1e  # noqa: PLC0415 - as above

    bessel = np.empty((int(m.max()) + 2, len(x)))
    bessel[0], bessel[1] = k0e(x), k1e(x)
    for order in range(1, len(bessel) - 1):
        bessel[order + 1] = bessel[order - 1] + (2.0 * order / x) * bessel[order]
    # K_m' = −(K_{m−1} + K_{m+1})/2
    fall: FloatArray = 0.5 * (bessel[np.abs(m - 1)] + bessel[m + 1])
    return bessel[m], fall


def _rising_bessel(m: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give e^(−x) I_m and e^(−x) I_m', each of shape (n_harmonics, n)."""
    from scipy.special import ive  # noqa: PLC0415 - as above

    bessel: FloatArray = np.asarray(ive(np.arange(int(m.max()) + 2)[:, None], x), dtype=np.float64)
    # I_m' = (I_{m−1} + I_{m+1})/2
    return bessel[m], 0.5 * (bessel[np.abs(m - 1)] + bessel[m + 1])


def strip_response(q: int, q_other: int, x: FloatArray) -> FloatArray:
    """Give F of `_strip_integral` for two edge functions of equal parity, or two even densities.

    Parameters
    ----------
    q, q_other : int
        Orders; both `EVEN` for even densities.
    x : ndarray of float64, shape (n,)
        κh (no unit).

    Returns
    -------
    ndarray of float64, shape (n,)
        Interpolated in a table over log x, to 1e-6 relative.
    """
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 - as above

    log_x, table = _strip_table(q, q_other)
    bounded = np.clip(x, *_STRIP_RANGE)
    return np.asarray(
        CubicSpline(log_x, table)(np.log(bounded)) / (1.0 + bounded), dtype=np.float64
    )


@functools.lru_cache(maxsize=256)
def _strip_table(q: int, q_other: int) -> tuple[FloatArray, FloatArray]:
    """Tabulate (1 + x) F(x), which is smooth and tame, over log x."""
    low, high = (math.log(value) for value in _STRIP_RANGE)
    log_x = np.linspace(low, high, int((high - low) * _STRIP_STEPS_PER_E))
    x = np.exp(log_x)
    integral = _even_integral(x) if q == EVEN else _strip_integral(q, q_other, x)
    return log_x, integral * (1.0 + x)


def _strip_integral(q: int, q_other: int, x: FloatArray) -> FloatArray:
    """Compute F(x) = ∫∫ f_q(ξ) f_q'(ξ') K_0(x|ξ−ξ'|) dξ dξ' with f_q = T_q/(π√(1−ξ²)).

    In the Fourier plane F = ∫ J_q(t) J_q'(t)/√(t²+x²) dt (−1)^((q−q')/2) for equal parity, else 0. With
    J_q J_q' = (2/π)∫ J_{q+q'}(2t cos φ) cos((q−q')φ) dφ over a quarter turn and
    ∫ J_ν(bt)/√(t²+x²) dt = I_{ν/2}(bx/2) K_{ν/2}(bx/2) (Gradshteyn and Ryzhik 2007, 6.519 and 6.552) one
    smooth integral is left, with a logarithm at φ = π/2 at most.
    """
    from scipy.special import ive, kve  # noqa: PLC0415 - as above

    angle, weight = _graded_rule(np.pi / 2.0)
    weight = weight * np.cos((q - q_other) * (np.pi / 2.0 - angle)) * (2.0 / np.pi)
    argument = np.outer(x, np.sin(angle))
    order = (q + q_other) // 2
    sign = 1.0 if (q - q_other) % 4 == 0 else -1.0
    result: FloatArray = sign * ((ive(order, argument) * kve(order, argument)) @ weight)
    return result


def _even_integral(x: FloatArray) -> FloatArray:
    """Compute F(x) for even densities f = 1/2: ∫ (1 − s/2) K_0(x s) ds from 0 to 2."""
    from scipy.special import k0  # noqa: PLC0415 - as above

    s, weight = _graded_rule(2.0)
    result: FloatArray = k0(np.outer(x, s)) @ (weight * (1.0 - s / 2.0))
    return result


def _graded_rule(length: float) -> tuple[FloatArray, FloatArray]:
    """Give points and weights from 0 to `length`, even in the logarithm.

    Both a logarithm at 0 and a layer of width 1/x are smooth there; what lies below the first point,
    a thousandth of the thinnest layer, is less than the rule's own error.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_N_STRIP_RULE)
    low = math.log(1e-3 / _STRIP_RANGE[1])
    half = (math.log(length) - low) / 2.0
    points = np.exp(low + half * (nodes + 1.0))
    return points, weights * half * points
