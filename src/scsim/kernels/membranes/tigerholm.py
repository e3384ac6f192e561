"""Membrane of Tigerholm et al. (2014): C-nociceptor with running sodium and potassium concentrations.

Rates in 1/ms, v in mV, concentrations in mM, conductances in S/cm², currents in mA/cm². Currents:

* sodium: Nav1.7 m³hs, Nav1.8 m³hsu, Nav1.9 mhs, half of the h-current, leak, 1.5 times the pump;
* potassium: KDR n⁴, KM (slow + 3 fast)/4, KA mh, KNa w, half of the h-current, leak, the pump.

With Z(v0, k) = 1 / (1 + exp((v - v0) / k)) and G(v0, w) = exp(-(v - v0)² / (2 w²)), each channel's rates times
its temperature factor::

    Nav1.7  a_m 15.5 Z(5, -12.08)       b_m 35.2 Z(-72.7, 16.7)
            a_h 0.38685 Z(-122.35, 15.29)   b_h -0.00283 + 2.00283 Z(-5.5266, -12.702)
            a_s 0.00003 + 0.00092 Z(-93.9, 16.6)   b_s 132.05 - 132.05 Z(384.9, 28.5)
    Nav1.8  a_m 2.85 - 2.839 Z(1.159, 13.95)   b_m 7.6205 Z(-46.463, 8.8289)
            h_inf Z(-32.2, 4)   tau_h 1.218 + 42.043 G(-38.1, 15.19)
            s_inf Z(-45, 8)     1/tau_s 0.001 (5.4203 Z(-79.816, 16.269) + 5.0757 Z(-15.968, -11.542))
            u_inf Z(-51, 8)     1/tau_u 0.0002 (2.0434 Z(-67.499, 19.51) + 1.9952 Z(-30.963, -14.792))
    Nav1.9  a_m 1.032 Z(-6.99, -14.8712)   b_m 5.79 Z(-130.4, 22.9)
            a_h 0.06435 Z(-73.2642, 3.71928)   b_h 0.13496 Z(-10.2785, -9.09334)
            a_s 1.6e-7 exp(-v/12)   b_s 0.0005 Z(-32, -23)
    KDR     n_inf Z(-25, -15.4)   tau_n 0.16 + 0.8 exp(-0.0267 (v + 11)), below -31 mV
            0.688 + 1000 / (exp((v + 75.2) / 6.5) + exp(-(v - 131.5) / 34.8))
    KM      both inf Z(-30, -6)   tau_slow 13 v + 1000, below -60 mV 219
            1/tau_fast 0.00395 (exp((v + 30) / 40) + exp(-(v + 30) / 20))
    KA      m_inf Z(9.6, -16.4)⁴   tau_m 0.25 + 10.04 G(-24.67, 34.8)
            h_inf Z(-34.9, 4.6)    tau_h 20 + 50 G(-40, 40)
    h       both inf Z(-87.2, 9.7)   tau_slow 300 + 542 exp(-(v + 25) / 20), below -70 mV 2500 + 100 exp((v + 240) / 50)
            tau_fast 140 + 50 exp(-(v + 25) / 20), below -70 mV 250 + 12 exp((v + 240) / 50)
    KNa     w = 0.37 / (1 + (38.7 / nai)^3.5), at once

Four constants are those that the reference program runs, rounded to 6 digits: 12.702 (Nav1.7 b_h; file 12.70195),
14.8712, 73.2642 and 10.2785 (Nav1.9; files 14.87115, 73.26415, 10.27853); the longer ones move traces by up to
7e-4 mV. The paper's lower limit of 5 ms on tau_h of KA never acts. Rates are taken at v between ±400 mV, where
every gate has long settled.

Concentrations advance with the currents of the linear solve, ion by ion ``G v - D``, at its end or, in the
second-order scheme, in the middle of the step, for which reversal potentials are half a step ahead. With d the
diameter, theta the width of the outside space and F Faraday's constant::

    dnai/dt = -4e4 I_Na / (F d)    dnao/dt = (1e4 / theta) (I_Na / F - D (nao - bath))    and the same for potassium

References
----------
Tigerholm et al. (2014), doi:10.1152/jn.00777.2012 (tigerholm2014).
"""

from __future__ import annotations

from math import exp as libm_exp
from math import log as libm_log
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import EXP_DOUBLE, exp, exp_bounded, log
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import DIAMETER, hand_over
from scsim.kernels.membranes.steps import SHORT_MS, step_gate, step_slow, step_very_slow
from scsim.kernels.single_cable import BEFORE, STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.kernels.jit import FloatArray

TigerholmCable = cable_kind("TigerholmCable", __name__)

_GATES: Final = (
    *("m17", "h17", "s17", "m18", "h18", "s18", "u18", "m19", "h19", "s19"),
    *("n_dr", "slow_m", "fast_m", "m_a", "h_a", "slow_h", "fast_h"),
)
STATES: Final = (
    *_GATES,
    *("nai", "nao", "ki", "ko"),
    *("na_conductance", "na_drive", "k_conductance", "k_drive"),
)
"""Gates, concentrations (mM), and what the last solve had of each ion's current (S/cm², mA/cm²)."""

_M17: Final = STATE
_H17: Final = STATE + 1
_S17: Final = STATE + 2
_M18: Final = STATE + 3
_H18: Final = STATE + 4
_S18: Final = STATE + 5
_U18: Final = STATE + 6
_M19: Final = STATE + 7
_H19: Final = STATE + 8
_S19: Final = STATE + 9
_N_DR: Final = STATE + 10
_SLOW_M: Final = STATE + 11
_FAST_M: Final = STATE + 12
_M_A: Final = STATE + 13
_H_A: Final = STATE + 14
_SLOW_H: Final = STATE + 15
_FAST_H: Final = STATE + 16
_NAI: Final = STATE + 17
_NAO: Final = STATE + 18
_KI: Final = STATE + 19
_KO: Final = STATE + 20
_NA_G: Final = STATE + 21
_NA_D: Final = STATE + 22
_K_G: Final = STATE + 23
_K_D: Final = STATE + 24

_CHANNELS: Final = ("nav17", "nav18", "nav19", "kdr", "km", "ka", "h", "kna")
_FACTORS: Final = ("nav17", "nav18", "nav19", "kdr", "km", "ka", "h")
CONSTANTS: Final = (
    *(f"factor.{name}" for name in _FACTORS),
    *(f"g_{name}_s_per_cm2" for name in _CHANNELS),
    "leak_na",
    "leak_k",
    "constant_na",
    "constant_k",
    "nernst_mv",
    "kna.largest_open_share",
    "kna.half_nai",
    "pump.maximum_ma_per_cm2",
    "pump.half_ko",
    "pump.nai_offset",
    "pump.strong_share",
    "strong_half_cubed",
    "weak_half_cubed",
    "pump.sodium_per_potassium",
    "inside_rate",
    "outside_reach",
    "outside_rate",
    "start.nao",
    "start.ko",
)

_V_LIMIT: Final = 400.0


@inline_kernel
def _two_rates(
    gate: float,
    a: tuple[float, float],
    b: tuple[float, float],
    dt: float,
    c: tuple[float, ...],
) -> float:
    """Advance a gate by its rates, each a numerator and a denominator; one division serves both."""
    opening = a[0] * b[1]
    total = opening + b[0] * a[1]
    common = a[1] * b[1]
    inverse = 1.0 / (total * common)
    return step_gate(gate, opening * (common * inverse), dt * (total * (total * inverse)), c)


@inline_kernel
def _bounded(u: float, rest_mv: float) -> float:
    """Bound v where rates are taken, mV."""
    return min(max(u + rest_mv, -_V_LIMIT), _V_LIMIT)


@inline_kernel
def _advance_sodium(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    factors: tuple[float, float, float],
    gate_dt: float,
    short: bool,
    c: tuple[float, ...],
) -> None:
    """Advance the ten gates of the sodium channels."""
    f17, f18, f19 = factors
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        p = exp_bounded((v - 5.0) * (-1.0 / 12.08), c)
        q = exp_bounded((v + 72.7) * (1.0 / 16.7), c)
        here[_M17 * width + i] = _two_rates(
            here[_M17 * width + i], (15.5, 1.0 + p), (35.2, 1.0 + q), f17 * gate_dt, c
        )
        p = exp_bounded((v + 122.35) * (1.0 / 15.29), c)
        q = exp_bounded((v + 5.5266) * (-1.0 / 12.702), c)
        here[_H17 * width + i] = _two_rates(
            here[_H17 * width + i],
            (0.38685, 1.0 + p),
            (2.0 - 0.00283 * q, 1.0 + q),
            f17 * gate_dt,
            c,
        )
        p = exp_bounded((v + 93.9) * (1.0 / 16.6), c)
        q = exp_bounded((v - 384.9) * (1.0 / 28.5), c)
        here[_S17 * width + i] = _two_rates(
            here[_S17 * width + i],
            (0.00095 + 0.00003 * p, 1.0 + p),
            (132.05 * q, 1.0 + q),
            f17 * gate_dt,
            c,
        )
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        p = exp_bounded((v + 6.99) * (-1.0 / 14.8712), c)
        q = exp_bounded((v + 130.4) * (1.0 / 22.9), c)
        here[_M19 * width + i] = _two_rates(
            here[_M19 * width + i], (1.032, 1.0 + p), (5.79, 1.0 + q), f19 * gate_dt, c
        )
        p = exp_bounded((v + 73.2642) * (1.0 / 3.71928), c)
        q = exp_bounded((v + 10.2785) * (-1.0 / 9.09334), c)
        a = 0.06435 * (1.0 + q)
        total = a + 0.13496 * (1.0 + p)
        common = (1.0 + p) * (1.0 + q)
        inverse = 1.0 / (total * common)
        here[_H19 * width + i] = step_slow(
            here[_H19 * width + i],
            a * (common * inverse),
            f19 * gate_dt * (total * (total * inverse)),
            short,
            c,
        )
        p = exp_bounded(v * (-1.0 / 12.0), c)
        q = exp_bounded((v + 32.0) * (-1.0 / 23.0), c)
        here[_S19 * width + i] = _two_rates(
            here[_S19 * width + i], (1.6e-7 * p, 1.0), (0.0005, 1.0 + q), f19 * gate_dt, c
        )
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        p = exp_bounded((v - 1.159) * (1.0 / 13.95), c)
        q = exp_bounded((v + 46.463) * (1.0 / 8.8289), c)
        here[_M18 * width + i] = _two_rates(
            here[_M18 * width + i], (0.011 + 2.85 * p, 1.0 + p), (7.6205, 1.0 + q), f18 * gate_dt, c
        )
        e = exp_bounded((v + 45.0) * (1.0 / 8.0), c)
        h_low = 1.0 + _SHIFT_H18 * (e * e)
        s_low = 1.0 + e
        u_low = 1.0 + _SHIFT_U18 * e
        x = v + 38.1
        h_tau = 1.218 + 42.043 * exp_bounded(x * x * (-0.5 / (15.19 * 15.19)), c)
        inverse = 1.0 / (h_low * h_tau)
        here[_H18 * width + i] = step_slow(
            here[_H18 * width + i], h_tau * inverse, f18 * gate_dt * (h_low * inverse), short, c
        )
        p = 1.0 + exp_bounded((v + 79.816) * (1.0 / 16.269), c)
        q = 1.0 + exp_bounded((v + 15.968) * (-1.0 / 11.542), c)
        inverse = 1.0 / (s_low * (p * q))
        here[_S18 * width + i] = step_very_slow(
            here[_S18 * width + i],
            p * q * inverse,
            0.001 * f18 * gate_dt * ((5.4203 * q + 5.0757 * p) * (s_low * inverse)),
            short,
            c,
        )
        p = 1.0 + exp_bounded((v + 67.499) * (1.0 / 19.51), c)
        q = 1.0 + exp_bounded((v + 30.963) * (-1.0 / 14.792), c)
        inverse = 1.0 / (u_low * (p * q))
        here[_U18 * width + i] = step_very_slow(
            here[_U18 * width + i],
            p * q * inverse,
            0.0002 * f18 * gate_dt * ((2.0434 * q + 1.9952 * p) * (u_low * inverse)),
            short,
            c,
        )


_SHIFT_H18: Final = libm_exp((32.2 - 2.0 * 22.5) / 4.0)
"""Turns exp((v + 45) / 8)² into exp((v + 32.2) / 4)."""
_SHIFT_U18: Final = libm_exp((51.0 - 45.0) / 8.0)
_SHIFT_KM: Final = libm_exp(30.0 / 40.0)


@inline_kernel
def _advance_potassium(
    here: FloatArray,
    width: Any,
    rest_mv: float,
    factors: tuple[float, float, float, float],
    gate_dt: float,
    short: bool,
    c: tuple[float, ...],
) -> None:
    """Advance the five gates of the potassium channels and the two of the h-current."""
    f_dr, f_m, f_a, f_h = factors
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        low = v < -31.0
        e = exp_bounded((v + 75.2) * (1.0 / 6.5) if low else (v + 11.0) * -0.0267, c)
        both = e + exp_bounded((v - 131.5) * (-1.0 / 34.8), c)
        tau = 0.688 * both + 1000.0 if low else 0.16 + 0.8 * e
        over = both if low else 1.0
        n_low = 1.0 + exp_bounded((v + 25.0) * (-1.0 / 15.4), c)
        inverse = 1.0 / (n_low * tau)
        here[_N_DR * width + i] = step_gate(
            here[_N_DR * width + i], tau * inverse, f_dr * gate_dt * (over * (n_low * inverse)), c
        )
        m_low = 1.0 + exp_bounded((v + 30.0) * (-1.0 / 6.0), c)
        e = exp_bounded((v + 30.0) * (-1.0 / 40.0), c)
        tau = 219.0 if v < -60.0 else 13.0 * v + 1000.0
        inverse = 1.0 / (m_low * (e * tau))
        infinity = e * tau * inverse
        here[_SLOW_M * width + i] = step_very_slow(
            here[_SLOW_M * width + i], infinity, f_m * gate_dt * (m_low * (e * inverse)), short, c
        )
        here[_FAST_M * width + i] = step_gate(
            here[_FAST_M * width + i],
            infinity,
            0.00395 * f_m * gate_dt * ((1.0 + e * (e * e)) * (m_low * (tau * inverse))),
            c,
        )
    for i in range(width):
        v = _bounded(here[U * width + i], rest_mv)
        m_low = 1.0 + exp_bounded((v - 9.6) * (-1.0 / 16.4), c)
        x = v + 24.67
        tau = 0.25 + 10.04 * exp_bounded(x * x * (-0.5 / (34.8 * 34.8)), c)
        inverse = 1.0 / (m_low * tau)
        root = tau * inverse
        here[_M_A * width + i] = step_gate(
            here[_M_A * width + i],
            root * root * (root * root),
            f_a * gate_dt * (m_low * inverse),
            c,
        )
        h_low = 1.0 + exp_bounded((v + 34.9) * (1.0 / 4.6), c)
        x = v + 40.0
        tau = 20.0 + 50.0 * exp_bounded(x * x * (-0.5 / (40.0 * 40.0)), c)
        inverse = 1.0 / (h_low * tau)
        here[_H_A * width + i] = step_very_slow(
            here[_H_A * width + i], tau * inverse, f_a * gate_dt * (h_low * inverse), short, c
        )
        low = v < -70.0
        e = exp_bounded((v + 240.0) * (1.0 / 50.0) if low else (v + 25.0) * (-1.0 / 20.0), c)
        slow = 2500.0 + 100.0 * e if low else 300.0 + 542.0 * e
        fast = 250.0 + 12.0 * e if low else 140.0 + 50.0 * e
        h_low = 1.0 + exp_bounded((v + 87.2) * (1.0 / 9.7), c)
        inverse = 1.0 / (h_low * (slow * fast))
        infinity = slow * fast * inverse
        here[_SLOW_H * width + i] = step_very_slow(
            here[_SLOW_H * width + i],
            infinity,
            f_h * gate_dt * (h_low * (fast * inverse)),
            short,
            c,
        )
        here[_FAST_H * width + i] = step_very_slow(
            here[_FAST_H * width + i],
            infinity,
            f_h * gate_dt * (h_low * (slow * inverse)),
            short,
            c,
        )


@inline_kernel
def advance_tigerholm(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    f17, f18, f19, f_dr, f_m, f_a, f_h = cable.constants[:7]
    g17, g18, g19, g_dr, g_m, g_a, g_h, g_kna = cable.constants[7:15]
    leak_na, leak_k, constant_na, constant_k, nernst = cable.constants[15:20]
    open_share, half_nai, p_max, half_ko, offset, strong = cable.constants[20:26]
    strong_cubed, weak_cubed, exchanged, inside_rate, reach, outside_rate = cable.constants[26:32]
    bath_na, bath_k = cable.constants[32:]
    kept = exp(-ion_dt * outside_rate)
    exps = cable.exps
    if gate_dt <= SHORT_MS:
        _advance_sodium(here, width, cable.rest_mv, (f17, f18, f19), gate_dt, True, exps)
        _advance_potassium(here, width, cable.rest_mv, (f_dr, f_m, f_a, f_h), gate_dt, True, exps)
    else:
        _advance_sodium(here, width, cable.rest_mv, (f17, f18, f19), gate_dt, False, exps)
        _advance_potassium(here, width, cable.rest_mv, (f_dr, f_m, f_a, f_h), gate_dt, False, exps)
    for i in range(width):
        before = here[BEFORE * width + i]
        v = cable.rest_mv + before + lead * (here[U * width + i] - before)
        i_na = here[_NA_G * width + i] * v - here[_NA_D * width + i]
        i_k = here[_K_G * width + i] * v - here[_K_D * width + i]
        inward = ion_dt * inside_rate / cable.lane[DIAMETER * width + i]
        change_nai = -inward * i_na
        change_ki = -inward * i_k
        change_nao = (bath_na + reach * i_na - here[_NAO * width + i]) * (1.0 - kept)
        change_ko = (bath_k + reach * i_k - here[_KO * width + i]) * (1.0 - kept)
        nai = here[_NAI * width + i] + change_nai
        nao = here[_NAO * width + i] + change_nao
        ki = here[_KI * width + i] + change_ki
        ko = here[_KO * width + i] + change_ko
        here[_NAI * width + i] = nai
        here[_NAO * width + i] = nao
        here[_KI * width + i] = ki
        here[_KO * width + i] = ko
        nai = nai + lead * change_nai
        nao = nao + lead * change_nao
        ki = ki + lead * change_ki
        ko = ko + lead * change_ko
        inverse = 1.0 / (nai * ki)
        e_na = nernst * log(nao * (ki * inverse))
        e_k = nernst * log(ko * (nai * inverse))
        y = nai / half_nai
        open_power = y * y * (y * np.sqrt(y))
        s = nai + offset
        s3 = s * (s * s)
        to_ko = half_ko + ko
        strong_low = s3 + strong_cubed
        weak_low = s3 + weak_cubed
        pump_low = to_ko * to_ko * (strong_low * weak_low)
        open_low = 1.0 + open_power
        inverse = 1.0 / (open_low * pump_low)
        w = open_share * (open_power * (pump_low * inverse))
        pump = p_max * (ko * ko * (s3 * (strong * weak_low + strong_low)) * (open_low * inverse))
        m17 = here[_M17 * width + i]
        m18 = here[_M18 * width + i]
        n2 = here[_N_DR * width + i] * here[_N_DR * width + i]
        shared = 0.25 * g_h * (here[_SLOW_H * width + i] + here[_FAST_H * width + i])
        na = (
            g17 * (m17 * m17 * m17) * (here[_H17 * width + i] * here[_S17 * width + i])
            + g18
            * (m18 * m18 * m18)
            * (here[_H18 * width + i] * here[_S18 * width + i] * here[_U18 * width + i])
            + g19 * (here[_M19 * width + i] * here[_H19 * width + i] * here[_S19 * width + i])
            + (shared + leak_na)
        )
        k = (
            g_dr * (n2 * n2)
            + 0.25 * g_m * (here[_SLOW_M * width + i] + 3.0 * here[_FAST_M * width + i])
            + g_a * (here[_M_A * width + i] * here[_H_A * width + i])
            + g_kna * w
            + (shared + leak_k)
        )
        na_drive = na * e_na - exchanged * pump - constant_na
        k_drive = k * e_k + pump - constant_k
        here[_NA_G * width + i] = na
        here[_NA_D * width + i] = na_drive
        here[_K_G * width + i] = k
        here[_K_D * width + i] = k_drive
        hand_over(cable, here, i, na + k, na_drive + k_drive)


def derived_constants(values: Mapping[str, float]) -> dict[str, float]:
    """Work out Nernst's slope, the speeds of the concentrations, and what balances the membrane at rest.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table, with its temperature factors as ``factor.…``.

    Returns
    -------
    dict of str to float
        `nernst_mv`, R T / F; `strong_half_cubed`, `weak_half_cubed`, mM³; `inside_rate`, 4e4 / F, mM µm/ms per
        mA/cm²; `outside_rate`, 1/ms; `outside_reach`, mM per mA/cm²; `leak_na`, `leak_k`, S/cm², and
        `constant_na`, `constant_k`, mA/cm².

    Notes
    -----
    A constant current replaces a leak whose conductance would be negative. Checked by
    ``tests/kernels/test_membranes_ions.py``.
    """
    faraday = values["physics.faraday_c_per_mol"]
    kelvin = values["temperature_degc"] + values["physics.zero_celsius_kelvin"]
    mv_per_v, um_per_cm = 1e3, 1e4
    to_current = 0.1  # m/s times mM in mA/cm² over C/mol: 1e2 cm/m x 1e-6 mol/cm³ per mM x 1e3 mA/A
    exchange = to_current * values["space.exchange_rate"]
    derived = {
        "nernst_mv": mv_per_v * values["physics.gas_j_per_mol_k"] * kelvin / faraday,
        "strong_half_cubed": values["pump.strong_half_nai"] ** 3,
        "weak_half_cubed": values["pump.weak_half_nai"] ** 3,
        "inside_rate": 4.0 * um_per_cm / faraday,
        "outside_rate": um_per_cm * exchange / values["space.width_um"],
        "outside_reach": 1.0 / (faraday * exchange),
        **dict.fromkeys(("leak_na", "leak_k", "constant_na", "constant_k"), 0.0),
    }
    everything = {**values, **derived}
    here = np.zeros(STATE + len(STATES))
    for name in ("nai", "nao", "ki", "ko"):
        here[STATE + STATES.index(name)] = values[f"start.{name}"]
    cable = TigerholmCable(
        buffer=here,
        lane=np.ones(3),
        force=here[:0],
        table=here[:0].reshape(0, 0),
        constants=tuple(everything[key] for key in CONSTANTS),
        exps=EXP_DOUBLE,
        rest_mv=values["v_rest_mv"],
        n_nodes=1,
        record=here.size,
        copies=1,
        width=(0,),
        states=(0,) * len(STATES),
    )
    plain = getattr(advance_tigerholm, "py_func", advance_tigerholm)
    plain(cable, here, float("inf"), 0.0, 0.0)
    for ion, inside, outside, conductance, drive in (
        ("na", _NAI, _NAO, _NA_G, _NA_D),
        ("k", _KI, _KO, _K_G, _K_D),
    ):
        current = here[conductance] * values["v_rest_mv"] - here[drive]
        reversal = derived["nernst_mv"] * libm_log(here[outside] / here[inside])
        leak = -current / (values["v_rest_mv"] - reversal)
        derived[f"leak_{ion}"] = float(max(leak, 0.0))
        derived[f"constant_{ion}"] = 0.0 if leak >= 0.0 else float(-current)
    return derived
