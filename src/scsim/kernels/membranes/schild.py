"""Membranes of Schild et al. (1994) and Schild & Kunze (1997): C-type vagal afferents with buffered calcium.

Times in ms, v in mV, concentrations in mM, conductances in S/cm², currents in mA/cm². Currents:

* sodium: fast m³hj (1997: m³h), slow m³h, leak;
* potassium: KD n, KA p³q, KDS x³y, KCa c;
* calcium: CaN d (0.55 f1 + 0.45 f2), CaT df, leak; Nernst's potential less 78.7 mV;
* calcium pump, Na/Ca exchanger, Na/K pump (the last two depend on v: their slope is part of G).

With S(h, k) = 1 / (1 + exp((v + h) / k)) and B(A, b, C, v0) = A exp(-b² (v - v0)²) + C, time constants over their
channel's temperature factor::

    Na fast 1994  m S(23.85, -4.75), B(0.75, 0.0635, 0.12, -40.35)   h S(44.5, 4.5), B(6.5, 0.0295, 0.55, -75)
                  j S(40, 1.5), 25 S(-20, 4.5) + 0.01 without temperature factor
    Na slow 1994  m S(0.35, -4.45), B(1.5, 0.0595, 0.15, -20.35)     h S(-2, 4.5), B(4.95, 0.0335, 0.75, -20)
    Na fast 1997  m S(31.62, -6.98), B(1.15, 0.06, 0.21, -40)        h S(65.99, 5.97), B(18, 0.043, 1.35, -62.5)
    Na slow 1997  m S(11.29, -5.54), B(1.45, 0.058, 0.26, -14.5)     h S(31, 5.2), B(10.75, 0.067, 3.15, -13.5)
    KD   n S(17.62, -18.38), 1 / (a + b) + 1 with a = 0.001265 (v + 14.273) / (1 - exp(-(v + 14.273) / 10)),
                  b = 0.125 exp(-(v + 55) / 2.5)
    KA   p S(31, -28), B(5, 0.022, 2.5, -65)       q S(61, 7), B(100, 0.035, 10.5, -30)
    KDS  x S(42.59, -14.68), as p                  y S(51, 7), 7500
    KCa  c a / (a + b), 4.5 / (a + b) with a = 750 cai exp((v - 10) / 12), b = 0.05 exp(-(v - 10) / 60)
    CaN  d S(13, -4.5), B(3.25, 0.042, 0.395, -31)   f1 S(13, 25), B(33.5, 0.0395, 5, -30)
         f2 S(33, 10) + 0.2 S(-2, -10), B(225, 0.0275, 75, -40)
    CaT  d S(47, -5.75), B(22, 0.052, 2.5, -68)      f S(61, 6), B(103, 0.05, 12.5, -58)

Exponentials whose slopes are multiples of one another are powers of one. Rates are taken at v between ±400 mV,
where every gate has long settled.

Calcium, with d the diameter, F Faraday's constant, O the occupancy of the buffer and k, r, n its rates and sites::

    dcai/dt = -4e4 I_Ca / (2 F d) - n dO/dt        dO/dt = k cai (1 - O) - r O
    dcao/dt = 4e4 d I_Ca / (2 F ((d + 1 µm)² - d²)) + (bath - cao) / 4511 ms

One backward Euler step of cai and O together is a quadratic equation in the change of cai, so no iteration is
needed. With h the step, s = 4e4 h I_Ca / (2 F d), the change D of cai solves ``h k D² + M D + R = 0``::

    M = q + h k (s + n (1 - O))    R = s q + n h (k cai (1 - O) - r O)    q = 1 + h (r + k cai)

and O changes by -(D + s) / n. In the second-order scheme half the step is taken and the change doubled, which is the
trapezoidal rule. I_Ca is that of the linear solve, ``G v - D``, at its end or, in the second-order scheme, in
the middle of the step, for which the concentrations are half a step ahead. c takes the new cai.

References
----------
Schild et al. (1994), doi:10.1152/jn.1994.71.6.2338 (schild1994); Schild & Kunze (1997),
doi:10.1152/jn.1997.78.6.3198 (schild1997); as a C-fiber: Pelot et al. (2021), doi:10.1152/jn.00315.2020 (pelot2021).
"""

from __future__ import annotations

from math import exp as libm_exp
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import exp, exp_bounded, log
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import DIAMETER, hand_over
from scsim.kernels.membranes.steps import SHORT_MS, step_gate, step_slow, step_very_slow
from scsim.kernels.single_cable import BEFORE, STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.kernels.jit import FloatArray

Schild94Cable = cable_kind("Schild94Cable", __name__)
Schild97Cable = cable_kind("Schild97Cable", __name__)

STATES: Final = (
    *("fast_m", "fast_h", "fast_j", "slow_m", "slow_h"),
    *("n", "p", "q", "x", "y", "c", "can_d", "can_f1", "can_f2", "cat_d", "cat_f"),
    *("cai", "cao", "occupancy"),
    *("ca_conductance", "ca_drive"),
)
"""Gates (`fast_j` is 1 in the model of 1997), concentrations (mM; the occupancy is a share), and what the last
solve had of the calcium current (S/cm², mA/cm²)."""

_FAST_M: Final = STATE
_FAST_H: Final = STATE + 1
_FAST_J: Final = STATE + 2
_SLOW_M: Final = STATE + 3
_SLOW_H: Final = STATE + 4
_N: Final = STATE + 5
_P: Final = STATE + 6
_Q: Final = STATE + 7
_X: Final = STATE + 8
_Y: Final = STATE + 9
_C: Final = STATE + 10
_CAN_D: Final = STATE + 11
_CAN_F1: Final = STATE + 12
_CAN_F2: Final = STATE + 13
_CAT_D: Final = STATE + 14
_CAT_F: Final = STATE + 15
_CAI: Final = STATE + 16
_CAO: Final = STATE + 17
_OCCUPANCY: Final = STATE + 18
_CA_G: Final = STATE + 19
_CA_D: Final = STATE + 20

_FACTORS: Final = ("na_m", "na_h", "kd", "ka_and_kds", "kca", "can", "cat_d", "cat_f")
_CHANNELS: Final = ("na_fast", "na_slow", "kd", "ka", "kds", "kca", "can", "cat")
CONSTANTS: Final = (
    *(f"factor.{name}" for name in _FACTORS),
    *(f"g_{name}_s_per_cm2" for name in _CHANNELS),
    "g_leak_na_s_per_cm2",
    "g_leak_ca_s_per_cm2",
    "e_na_mv",
    "e_k_mv",
    "nernst_ca_mv",
    "calcium.reversal_offset_mv",
    "calcium.least_cai",
    "calcium.capacity",
    "calcium.binding_rate",
    "calcium.release_rate",
    "calcium.bath",
    "bath_rate",
    "calcium.shell_um",
    "calcium_rate",
    "calcium_pump",
    "calcium_pump.half_cai",
    "exchange_inward",
    "exchange_outward",
    "exchange_per_mv",
    "saturation_cai",
    "saturation_cao",
    "sodium_pump",
    "sodium_pump.numerator_mv",
    "sodium_pump.denominator_mv",
)

_V_LIMIT: Final = 400.0
_SERIES_BELOW: Final = 0.05
# Turn the exponential that is computed into its relatives of another offset or slope.
_SLOW_H_SHIFT: Final = libm_exp((-2.0 - 44.5) / 4.5)
_TAU_J_SHIFT: Final = libm_exp((-20.0 - 44.5) / 4.5)
_J_SHIFT: Final = libm_exp((40.0 - 44.5) / 1.5)
_B_N: Final = 0.125 * libm_exp(-(55.0 - 14.273) / 2.5)
_F2_SHIFT: Final = libm_exp((33.0 - 14.273) / 10.0)
_F2_LATE_SHIFT: Final = libm_exp((2.0 + 14.273) / 10.0)
_Q_SHIFT: Final = libm_exp((61.0 - 31.0) / 7.0)
_Y_SHIFT: Final = libm_exp((51.0 - 31.0) / 7.0)


@inline_kernel
def _bounded(u: float, rest_mv: float) -> float:
    """Bound v where rates are taken, mV."""
    return min(max(u + rest_mv, -_V_LIMIT), _V_LIMIT)


@inline_kernel
def _sigmoid_low(v: float, h: float, per_mv: float, exps: tuple[float, ...]) -> float:
    """Give 1 / S(h, k); the slope arrives as 1 / k."""
    return float(1.0 + exp_bounded((v + h) * per_mv, exps))


@inline_kernel
def _bell(
    v: float, size: float, b: float, base: float, v0: float, exps: tuple[float, ...]
) -> float:
    """Give B(A, b, C, v0), ms."""
    x = b * (v - v0)
    return float(base + size * exp_bounded(-min(x * x, 700.0), exps))


@inline_kernel
def _relaxed(gate: float, low: float, tau: float, dt: float, exps: tuple[float, ...]) -> float:
    """Advance a gate toward ``1 / low``; one division serves steady state and rate."""
    inverse = 1.0 / (low * tau)
    return step_gate(gate, tau * inverse, dt * (low * inverse), exps)


@inline_kernel
def _relaxed_slow(
    gate: float, low: float, tau: float, dt: float, short: bool, exps: tuple[float, ...]
) -> float:
    """As `_relaxed`, for gates with dt / tau <= 0.1 in short steps."""
    inverse = 1.0 / (low * tau)
    return step_slow(gate, tau * inverse, dt * (low * inverse), short, exps)


@inline_kernel
def _advance_sodium_94(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    m_dt: float,
    h_dt: float,
    dt: float,
    short: bool,
    exps: tuple[float, ...],
) -> None:
    """Advance the five sodium gates of 1994; `m_dt`, `h_dt` are the step times the temperature factor."""
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        e = exp_bounded((v + 44.5) * (1.0 / 4.5), exps)
        here[_FAST_M * width + i] = _relaxed(
            here[_FAST_M * width + i],
            _sigmoid_low(v, 23.85, -1.0 / 4.75, exps),
            _bell(v, 0.75, 0.0635, 0.12, -40.35, exps),
            m_dt,
            exps,
        )
        here[_FAST_H * width + i] = _relaxed_slow(
            here[_FAST_H * width + i],
            1.0 + e,
            _bell(v, 6.5, 0.0295, 0.55, -75.0, exps),
            h_dt,
            short,
            exps,
        )
        # 1 / tau_j = (1 + E) / (25.01 + 0.01 E)
        late = 1.0 + _TAU_J_SHIFT * e
        low = 1.0 + _J_SHIFT * (e * e * e)
        tau = 25.0 + 0.01 * late
        inverse = 1.0 / (low * tau)
        infinity = tau * inverse
        here[_FAST_J * width + i] = step_gate(
            here[_FAST_J * width + i], infinity, dt * (late * (low * inverse)), exps
        )
        here[_SLOW_M * width + i] = _relaxed(
            here[_SLOW_M * width + i],
            _sigmoid_low(v, 0.35, -1.0 / 4.45, exps),
            _bell(v, 1.5, 0.0595, 0.15, -20.35, exps),
            m_dt,
            exps,
        )
        here[_SLOW_H * width + i] = _relaxed_slow(
            here[_SLOW_H * width + i],
            1.0 + _SLOW_H_SHIFT * e,
            _bell(v, 4.95, 0.0335, 0.75, -20.0, exps),
            h_dt,
            short,
            exps,
        )


@inline_kernel
def _advance_sodium_97(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    m_dt: float,
    h_dt: float,
    short: bool,
    exps: tuple[float, ...],
) -> None:
    """Advance the four sodium gates of 1997."""
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        here[_FAST_J * width + i] = 1.0
        here[_FAST_M * width + i] = _relaxed(
            here[_FAST_M * width + i],
            _sigmoid_low(v, 31.62, -1.0 / 6.98, exps),
            _bell(v, 1.15, 0.06, 0.21, -40.0, exps),
            m_dt,
            exps,
        )
        here[_FAST_H * width + i] = _relaxed_slow(
            here[_FAST_H * width + i],
            _sigmoid_low(v, 65.99, 1.0 / 5.97, exps),
            _bell(v, 18.0, 0.043, 1.35, -62.5, exps),
            h_dt,
            short,
            exps,
        )
        here[_SLOW_M * width + i] = _relaxed(
            here[_SLOW_M * width + i],
            _sigmoid_low(v, 11.29, -1.0 / 5.54, exps),
            _bell(v, 1.45, 0.058, 0.26, -14.5, exps),
            m_dt,
            exps,
        )
        here[_SLOW_H * width + i] = _relaxed_slow(
            here[_SLOW_H * width + i],
            _sigmoid_low(v, 31.0, 1.0 / 5.2, exps),
            _bell(v, 10.75, 0.067, 3.15, -13.5, exps),
            h_dt,
            short,
            exps,
        )


@inline_kernel
def _advance_potassium_and_can(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    kd_dt: float,
    k_dt: float,
    can_dt: float,
    short: bool,
    exps: tuple[float, ...],
) -> None:
    """Advance the gates of KD, KA, KDS and CaN."""
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        x = (v + 14.273) * 0.1
        t = exp_bounded(-x, exps)
        near = abs(x) < _SERIES_BELOW
        x2 = x * x
        top = 1.0 + 0.5 * x + x2 * (1.0 / 12.0 - x2 * (1.0 / 720.0)) if near else x
        bottom = 1.0 if near else 1.0 - t
        t2 = t * t
        total = 0.01265 * top + _B_N * (t2 * t2) * bottom
        low = _sigmoid_low(v, 17.62, -1.0 / 18.38, exps)
        slow = bottom + total
        inverse = 1.0 / (low * slow)
        infinity = slow * inverse
        here[_N * width + i] = step_slow(
            here[_N * width + i], infinity, kd_dt * (total * (low * inverse)), short, exps
        )
        here[_CAN_D * width + i] = _relaxed(
            here[_CAN_D * width + i],
            _sigmoid_low(v, 13.0, -1.0 / 4.5, exps),
            _bell(v, 3.25, 0.042, 0.395, -31.0, exps),
            can_dt,
            exps,
        )
        here[_CAN_F1 * width + i] = _relaxed_slow(
            here[_CAN_F1 * width + i],
            _sigmoid_low(v, 13.0, 1.0 / 25.0, exps),
            _bell(v, 33.5, 0.0395, 5.0, -30.0, exps),
            can_dt,
            short,
            exps,
        )
        early_low = t + _F2_SHIFT
        late_low = 1.0 + _F2_LATE_SHIFT * t
        low = early_low * late_low
        tau = _bell(v, 225.0, 0.0275, 75.0, -40.0, exps)
        inverse = 1.0 / (low * tau)
        here[_CAN_F2 * width + i] = step_very_slow(
            here[_CAN_F2 * width + i],
            (t * late_low + 0.2 * early_low) * (tau * inverse),
            can_dt * (low * inverse),
            short,
            exps,
        )
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        e = exp_bounded((v + 31.0) * (-1.0 / 28.0), exps)
        e4 = e * e * (e * e)
        p_low = 1.0 + e
        x_low = _sigmoid_low(v, 42.59, -1.0 / 14.68, exps)
        tau = _bell(v, 5.0, 0.022, 2.5, -65.0, exps)
        inverse = 1.0 / (p_low * (x_low * tau))
        p_infinity = x_low * tau * inverse
        x_infinity = p_low * tau * inverse
        y = k_dt * (p_low * (x_low * inverse))
        here[_P * width + i] = step_slow(here[_P * width + i], p_infinity, y, short, exps)
        here[_X * width + i] = step_slow(here[_X * width + i], x_infinity, y, short, exps)
        q_low = e4 + _Q_SHIFT
        y_low = e4 + _Y_SHIFT
        tau = _bell(v, 100.0, 0.035, 10.5, -30.0, exps)
        inverse = 1.0 / (q_low * (y_low * tau))
        q_infinity = e4 * (y_low * (tau * inverse))
        y_infinity = e4 * (q_low * (tau * inverse))
        here[_Q * width + i] = step_very_slow(
            here[_Q * width + i], q_infinity, k_dt * (q_low * (y_low * inverse)), short, exps
        )
        here[_Y * width + i] = step_very_slow(
            here[_Y * width + i], y_infinity, k_dt * (1.0 / 7500.0), short, exps
        )


@inline_kernel
def _advance_kca_and_cat(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    c_dt: float,
    cat_d_dt: float,
    cat_f_dt: float,
    short: bool,
    exps: tuple[float, ...],
) -> None:
    """Advance the gates of KCa, which see the new calcium, and of CaT."""
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        z = exp_bounded((v - 10.0) * (1.0 / 60.0), exps)
        z3 = z * z * z
        a = 750.0 * here[_CAI * width + i] * (z3 * z3)
        total = a + 0.05
        inverse = 1.0 / (total * z)
        infinity = a * (z * inverse)
        here[_C * width + i] = step_gate(
            here[_C * width + i], infinity, c_dt * (total * (total * inverse)) * (1.0 / 4.5), exps
        )
        here[_CAT_D * width + i] = _relaxed_slow(
            here[_CAT_D * width + i],
            _sigmoid_low(v, 47.0, -1.0 / 5.75, exps),
            _bell(v, 22.0, 0.052, 2.5, -68.0, exps),
            cat_d_dt,
            short,
            exps,
        )
        here[_CAT_F * width + i] = _relaxed_slow(
            here[_CAT_F * width + i],
            _sigmoid_low(v, 61.0, 1.0 / 6.0, exps),
            _bell(v, 103.0, 0.05, 12.5, -58.0, exps),
            cat_f_dt,
            short,
            exps,
        )


@inline_kernel
def _advance_rest(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance all but the sodium gates, and hand conductances over."""
    width = len(cable.width)
    _, _, f_kd, f_k, f_kca, f_can, f_cat_d, f_cat_f = cable.constants[:8]
    g_fast, g_slow, g_kd, g_ka, g_kds, g_kca, g_can, g_cat = cable.constants[8:16]
    leak_na, leak_ca, e_na, e_k, nernst, offset, least = cable.constants[16:23]
    capacity, binding, release, bath, bath_rate, shell = cable.constants[23:29]
    calcium_rate, ca_pump, half_cai, x_in, x_out, x_per_mv = cable.constants[29:35]
    saturation_cai, saturation_cao, na_pump, numerator, denominator = cable.constants[35:]
    kd_dt, k_dt, can_dt = f_kd * gate_dt, f_k * gate_dt, f_can * gate_dt
    if gate_dt <= SHORT_MS:
        _advance_potassium_and_can(
            here, width, cable.rest_mv, kd_dt, k_dt, can_dt, True, cable.exps
        )
    else:
        _advance_potassium_and_can(
            here, width, cable.rest_mv, kd_dt, k_dt, can_dt, False, cable.exps
        )
    h = ion_dt * (1.0 - lead)
    reach = 1.0 + 2.0 * lead
    bath_share = h * bath_rate
    to_bath = 1.0 / (1.0 + bath_share)
    for i in range(width):
        before = here[BEFORE * width + i]
        v = cable.rest_mv + before + lead * (here[U * width + i] - before)
        flow = h * calcium_rate * (here[_CA_G * width + i] * v - here[_CA_D * width + i])
        d = cable.lane[DIAMETER * width + i]
        ring = shell * (2.0 * d + shell)
        inverse = 1.0 / (d * ring)
        s = flow * (ring * inverse)
        cai = here[_CAI * width + i]
        cao = here[_CAO * width + i]
        occupancy = here[_OCCUPANCY * width + i]
        free = 1.0 - occupancy
        hk = h * binding
        bound = 1.0 + h * release + hk * cai
        middle = bound + hk * (s + capacity * free)
        rest = s * bound + capacity * (hk * cai * free - h * release * occupancy)
        change = -2.0 * rest / (middle + np.sqrt(middle * middle - 4.0 * hk * rest))
        change_cai = reach * change
        change_cao = reach * (flow * (d * d * inverse) + bath_share * (bath - cao)) * to_bath
        here[_OCCUPANCY * width + i] = occupancy - reach * (change + s) / capacity
        here[_CAI * width + i] = cai + change_cai
        here[_CAO * width + i] = cao + change_cao
        # Half a step ahead in the second-order scheme.
        here[_CA_G * width + i] = cai + (1.0 + lead) * change_cai
        here[_CA_D * width + i] = cao + (1.0 + lead) * change_cao
    c_dt, cat_d_dt, cat_f_dt = f_kca * gate_dt, f_cat_d * gate_dt, f_cat_f * gate_dt
    if gate_dt <= SHORT_MS:
        _advance_kca_and_cat(here, width, cable.rest_mv, c_dt, cat_d_dt, cat_f_dt, True, cable.exps)
    else:
        _advance_kca_and_cat(
            here, width, cable.rest_mv, c_dt, cat_d_dt, cat_f_dt, False, cable.exps
        )
    for i in range(width):
        v = here[U * width + i] + cable.rest_mv
        cai = here[_CA_G * width + i]
        cao = here[_CA_D * width + i]
        safe = cai if cai > 0.0 else least
        e_in = exp(x_per_mv * v)
        saturation = 1.0 + saturation_cai * cai + saturation_cao * cao
        to_pump = cai + half_cai
        to_pole = v + denominator
        inverse = 1.0 / (safe * (e_in * saturation) * (to_pump * to_pole))
        over_pole = inverse * (safe * (e_in * saturation)) * to_pump
        over_pump = inverse * (safe * (e_in * saturation)) * to_pole
        rest = inverse * (to_pump * to_pole)
        over_both = rest * safe  # 1 / (exp(u) S)
        inward = x_in * cao * (e_in * e_in * over_both)
        outward = x_out * cai * over_both
        exchange = inward - outward
        exchange_slope = x_per_mv * (inward + outward)
        e_ca = nernst * log(cao * (rest * (e_in * saturation))) + offset
        pump = na_pump * (v + numerator) * over_pole
        pump_slope = na_pump * (denominator - numerator) * (over_pole * over_pole)
        fast_m = here[_FAST_M * width + i]
        slow_m = here[_SLOW_M * width + i]
        p = here[_P * width + i]
        x = here[_X * width + i]
        sodium = (
            g_fast
            * (fast_m * fast_m * fast_m)
            * (here[_FAST_H * width + i] * here[_FAST_J * width + i])
            + g_slow * (slow_m * slow_m * slow_m) * here[_SLOW_H * width + i]
            + leak_na
        )
        potassium = (
            g_kd * here[_N * width + i]
            + g_ka * (p * p * p) * here[_Q * width + i]
            + g_kds * (x * x * x) * here[_Y * width + i]
            + g_kca * here[_C * width + i]
        )
        calcium = (
            g_can
            * here[_CAN_D * width + i]
            * (0.55 * here[_CAN_F1 * width + i] + 0.45 * here[_CAN_F2 * width + i])
            + g_cat * here[_CAT_D * width + i] * here[_CAT_F * width + i]
            + leak_ca
        )
        ca_g = calcium - 2.0 * exchange_slope
        ca_d = calcium * e_ca - ca_pump * cai * over_pump + 2.0 * (exchange - exchange_slope * v)
        slope = 3.0 * exchange_slope + pump_slope
        here[_CA_G * width + i] = ca_g
        here[_CA_D * width + i] = ca_d
        hand_over(
            cable,
            here,
            i,
            sodium + potassium + ca_g + slope,
            sodium * e_na + potassium * e_k + ca_d - 3.0 * exchange - pump + slope * v,
        )


@inline_kernel
def advance_schild94(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    f_m, f_h = cable.constants[:2]
    width, rest_mv, m_dt, h_dt = len(cable.width), cable.rest_mv, f_m * gate_dt, f_h * gate_dt
    if gate_dt <= SHORT_MS:
        _advance_sodium_94(here, width, rest_mv, m_dt, h_dt, gate_dt, True, cable.exps)
    else:
        _advance_sodium_94(here, width, rest_mv, m_dt, h_dt, gate_dt, False, cable.exps)
    _advance_rest(cable, here, gate_dt, ion_dt, lead)


@inline_kernel
def advance_schild97(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    f_m, f_h = cable.constants[:2]
    width, rest_mv, m_dt, h_dt = len(cable.width), cable.rest_mv, f_m * gate_dt, f_h * gate_dt
    if gate_dt <= SHORT_MS:
        _advance_sodium_97(here, width, rest_mv, m_dt, h_dt, True, cable.exps)
    else:
        _advance_sodium_97(here, width, rest_mv, m_dt, h_dt, False, cable.exps)
    _advance_rest(cable, here, gate_dt, ion_dt, lead)


def derived_constants(values: Mapping[str, float]) -> dict[str, float]:
    """Work out slopes of voltage, speeds of calcium, and pumps and exchanger at their fixed concentrations.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table, with its temperature factors as ``factor.…``.

    Returns
    -------
    dict of str to float
        `nernst_ca_mv`, R T / (2 F); `bath_rate`, 1/ms; `calcium_rate`, 4e4 / (2 F), mM µm/ms per mA/cm²;
        `calcium_pump`, `sodium_pump`, mA/cm²; `exchange_inward`, `exchange_outward`, mA/cm² per mM of cao and cai;
        `exchange_per_mv`, 1/mV; `saturation_cai`, `saturation_cao`, 1/mM.
    """
    mv_per_v, um_per_cm = 1e3, 1e4
    faraday = values["physics.faraday_c_per_mol"]
    kelvin = values["temperature_degc"] + values["physics.zero_celsius_kelvin"]
    volt = mv_per_v * values["physics.gas_j_per_mol_k"] * kelvin / faraday
    nai, nao, ko = (values[f"constant.{name}"] for name in ("nai", "nao", "ko"))
    scale = values["exchanger.scale_ma_per_cm2"] / values["factor.exchanger"]
    return {
        "nernst_ca_mv": volt / 2.0,
        "bath_rate": 1.0 / values["calcium.bath_exchange_ms"],
        "calcium_rate": 4.0 * um_per_cm / (2.0 * faraday),
        "calcium_pump": values["calcium_pump.maximum_ma_per_cm2"] / values["factor.calcium_pump"],
        "exchange_inward": scale * nai**3,
        "exchange_outward": scale * nao**3,
        "exchange_per_mv": values["exchanger.position"] / volt,
        "saturation_cai": values["exchanger.saturation"] * nao**3,
        "saturation_cao": values["exchanger.saturation"] * nai**3,
        "sodium_pump": values["sodium_pump.maximum_ma_per_cm2"]
        / values["factor.sodium_pump"]
        * (nai / (nai + values["sodium_pump.half_nai"])) ** 3
        * (ko / (ko + values["sodium_pump.half_ko"])) ** 2,
    }
