"""Membrane of Sundt, Gamper & Jaffe (2015): sodium of Traub and Miles, delayed rectifier, leak.

Rates in 1/ms, v in mV. I = g_na m³ h (v - e_na) + g_k n³ l (v - e_k) + g_leak (v - e_leak). With q the
temperature factor, F(x, y) = x / (exp(x / y) - 1) and K = F / (R T) in 1/mV::

    a_m = 0.32 q F(-(v + 45.9), 4)            b_m = 0.28 q F(v + 18.9, 5)
    a_h = 0.128 q exp(-(v + 54) / 18)         b_h = 4 q / (exp(-(v + 31) / 5) + 1)
    A = exp(-5 (v + 32) K)     n_inf = 1 / (1 + A)    tau_n = exp(-2 (v + 32) K) / (0.03 q (1 + A))
    B = exp(2 (v + 61) K)      l_inf = 1 / (1 + B)    tau_l = B / (0.001 q (1 + B))

The kernel takes A and B as powers of P = exp(-(v + 32) K), and the exponentials of v/4 and v/5 as powers of
one of v/20. The reference traces hold for n³ l and not for n⁴ l.

References
----------
Sundt, Gamper & Jaffe (2015), doi:10.1152/jn.00226.2015 (sundt2015).
"""

from __future__ import annotations

from math import exp as libm_exp
from typing import TYPE_CHECKING, Any, Final

from scsim.kernels.elementary import exp
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import hand_over
from scsim.kernels.single_cable import STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.kernels.jit import FloatArray

SundtCable = cable_kind("SundtCable", __name__)

STATES: Final = ("m", "h", "n", "l")

CONSTANTS: Final = (
    "g_na_s_per_cm2",
    "e_na_mv",
    "g_k_s_per_cm2",
    "e_k_mv",
    "g_leak_s_per_cm2",
    "e_leak_mv",
    "factor.rates",
    "valence_slope_per_mv",
    "shift_of_l",
)

_M: Final = STATE
_H: Final = STATE + 1
_N: Final = STATE + 2
_L: Final = STATE + 3

_SHIFT_A_M: Final = libm_exp(-45.9 / 4.0)
_SHIFT_B_M: Final = libm_exp(-18.9 / 5.0)
_SHIFT_B_H: Final = libm_exp(-31.0 / 5.0)
_SERIES_BELOW: Final = 0.05
_LOWEST_MV: Final = -300.0


def derived_constants(values: Mapping[str, float]) -> dict[str, float]:
    """Work out what the gates n and l need of temperature.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table.

    Returns
    -------
    dict of str to float
        `valence_slope_per_mv`, K in 1/mV, and `shift_of_l`, the factor that makes 1 / P² to B.
    """
    kelvin = values["temperature_degc"] + values["gates.zero_celsius_kelvin"]
    mv_per_v = 1e3
    slope = (
        values["gates.faraday_c_per_mol"] / (values["gates.gas_j_per_mol_k"] * kelvin) / mv_per_v
    )
    return {
        "valence_slope_per_mv": slope,
        "shift_of_l": libm_exp(2.0 * (61.0 - 32.0) * slope),
    }


@inline_kernel
def advance_sundt(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    g_na, e_na, g_k, e_k, g_leak, e_leak, q, slope, shift = cable.constants
    for i in range(width):
        v = here[U * width + i] + cable.rest_mv
        # Below -300 mV what the bound changes is lost in rounding; without it products would overflow.
        e = exp(-max(v, _LOWEST_MV) / 20.0)
        e2 = e * e
        e4 = e2 * e2
        # a_m = 1.28 q x / (1 - exp(-x)), x = (v + 45.9) / 4
        x = (v + 45.9) / 4.0
        near = abs(x) < _SERIES_BELOW
        x2 = x * x
        a_top = 1.0 + 0.5 * x + x2 * (1.0 / 12.0 - x2 * (1.0 / 720.0)) if near else x
        a_low = 1.0 if near else 1.0 - _SHIFT_A_M * (e4 * e)
        # b_m = 1.4 q y / (1 - exp(-y)) = 1.4 q y exp(y) / (exp(y) - 1), y = -(v + 18.9) / 5
        y = -(v + 18.9) / 5.0
        near = abs(y) < _SERIES_BELOW
        y2 = y * y
        growth = _SHIFT_B_M * e4
        b_top = 1.0 + 0.5 * y + y2 * (1.0 / 12.0 - y2 * (1.0 / 720.0)) if near else y * growth
        b_low = 1.0 if near else growth - 1.0
        a = (1.28 * q) * (a_top * b_low)
        total = a + (1.4 * q) * (b_top * a_low)
        common = a_low * b_low
        a_h = (0.128 * q) * exp(-(v + 54.0) / 18.0)
        low = 1.0 + _SHIFT_B_H * e4
        total_h = a_h * low + 4.0 * q
        below_m = total * common
        below_h = total_h * low
        inverse = 1.0 / (below_m * below_h)
        of_m = inverse * below_h
        of_h = inverse * below_m
        m_inf = a * (common * of_m)
        m_rate = total * (total * of_m)
        h_inf = a_h * (low * (low * of_h))
        h_rate = total_h * (total_h * of_h)
        p = exp(-(v + 32.0) * slope)
        p2 = p * p
        n_low = 1.0 + p2 * (p2 * p)
        l_low = p2 + shift
        inverse = 1.0 / (n_low * (p2 * l_low))
        n_inf = inverse * (p2 * l_low)
        l_inf = inverse * (n_low * (p2 * p2))
        n_rate = (0.03 * q) * (n_low * (n_low * (l_low * inverse)))
        l_rate = (0.001 * q / shift) * l_low
        m = m_inf + (here[_M * width + i] - m_inf) * exp(-gate_dt * m_rate)
        h = h_inf + (here[_H * width + i] - h_inf) * exp(-gate_dt * h_rate)
        n = n_inf + (here[_N * width + i] - n_inf) * exp(-gate_dt * n_rate)
        el = l_inf + (here[_L * width + i] - l_inf) * exp(-gate_dt * l_rate)
        here[_M * width + i] = m
        here[_H * width + i] = h
        here[_N * width + i] = n
        here[_L * width + i] = el
        sodium = g_na * (m * m * (m * h))
        potassium = g_k * (n * n * (n * el))
        hand_over(
            cable,
            here,
            i,
            sodium + potassium + g_leak,
            sodium * e_na + potassium * e_k + g_leak * e_leak,
        )
