"""Membrane of Sweeney, Mortimer & Durand (1987): mammalian node, fast sodium and leak.

Rates in 1/ms, v in mV. I = g_na m² h (v - e_na) + g_leak (v - e_leak), no dependence on temperature::

    a_m = (126 + 0.363 v) / (1 + exp(-(v + 49) / 5.3))     b_m = a_m exp(-(v + 56.2) / 4.17)
    b_h = 15.6 / (1 + exp(-(v + 56) / 10))                 a_h = b_h exp(-(v + 74.5) / 5)

so that m_inf = 1 / (1 + X) with X = b_m / a_m, and h_inf = W / (1 + W) with W = a_h / b_h; W is taken from
the square of the exponential in b_h. a_m changes its sign at -347 mV, where the model has no meaning.

References
----------
Sweeney, Mortimer & Durand (1987), Proc. 9th Conf. IEEE EMBS, 1577 (sweeney1987).
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
    from scsim.kernels.jit import FloatArray

SweeneyCable = cable_kind("SweeneyCable", __name__)

STATES: Final = ("m", "h")

CONSTANTS: Final = ("g_na_s_per_cm2", "e_na_mv", "g_leak_s_per_cm2", "e_leak_mv")

_M: Final = STATE
_H: Final = STATE + 1

_SHIFT_H: Final = libm_exp(-(74.5 - 56.0) / 5.0)
"""exp(-(v + 74.5) / 5) is this times the square of exp(-(v + 56) / 10)."""


@inline_kernel
def advance_sweeney(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    g_na, e_na, g_leak, e_leak = cable.constants
    for i in range(width):
        v = here[U * width + i] + cable.rest_mv
        x = 1.0 + exp(-(v + 56.2) / 4.17)
        y = 1.0 + exp(-(v + 49.0) / 5.3)
        e = exp(-(v + 56.0) / 10.0)
        z = 1.0 + e
        ratio = _SHIFT_H * (e * e)
        w = 1.0 + ratio
        xy = x * y
        zw = z * w
        inverse = 1.0 / (xy * zw)
        of_m = inverse * zw
        of_h = inverse * xy
        m_inf = of_m * y
        h_inf = of_h * (ratio * z)
        m_rate = (126.0 + 0.363 * v) * (of_m * (x * x))
        h_rate = 15.6 * (of_h * (w * w))
        m = m_inf + (here[_M * width + i] - m_inf) * exp(-gate_dt * m_rate)
        h = h_inf + (here[_H * width + i] - h_inf) * exp(-gate_dt * h_rate)
        here[_M * width + i] = m
        here[_H * width + i] = h
        sodium = g_na * (m * m * h)
        hand_over(cable, here, i, sodium + g_leak, sodium * e_na + g_leak * e_leak)
