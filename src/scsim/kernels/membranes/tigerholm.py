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
7e-4 mV. The paper's lower limit of 5 ms on tau_h of KA never acts. All gates but w come from a table (`steps.py`),
between ±400 mV; every gate has long settled there.

Concentrations advance with the currents of the linear solve, ion by ion ``G v - D``, at its end or, in the
second-order scheme, in the middle of the step, for which reversal potentials are half a step ahead. With d the
diameter, theta the width of the outside space and F Faraday's constant::

    dnai/dt = -4e4 I_Na / (F d)    dnao/dt = (1e4 / theta) (I_Na / F - D (nao - bath))    and the same for potassium

References
----------
Tigerholm et al. (2014), doi:10.1152/jn.00777.2012 (tigerholm2014).
"""

from __future__ import annotations

from functools import partial
from math import log as libm_log
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import exp
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import LANE_FIELDS, hand_over
from scsim.kernels.membranes.nernst import log_of_parts, ratio_parts
from scsim.kernels.membranes.steps import GATE_FIELDS, find_rows, step_gates, step_odd_gate
from scsim.kernels.membranes.steps import gate_table as tabulate
from scsim.kernels.single_cable import BEFORE, STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.kernels.jit import FloatArray

TigerholmCable = cable_kind("TigerholmCable", __name__)

TABULATED: Final = (
    *("m17", "m18", "m19", "n_dr", "h17", "h18", "h19", "m_a"),
    *("s17", "s18", "s19", "h_a", "u18", "slow_m", "fast_m", "slow_h"),
)
"""Gate in each slot of the table; `fast_h` is the odd one."""
_SLOTS: Final = (0,) * len(TABULATED)

STATES: Final = (
    *(f"slot_{slot}" for slot in range(len(TABULATED))),
    "fast_h",
    *("nai", "nao", "ki", "ko"),
    *("na_conductance", "na_drive", "k_conductance", "k_drive"),
)
"""Gates, concentrations (mM), and what the last solve had of each ion's current (S/cm², mA/cm²)."""

_FAST_H: Final = STATE + len(TABULATED)
_NAI: Final = _FAST_H + 1
_NAO: Final = _NAI + 1
_KI: Final = _NAI + 2
_KO: Final = _NAI + 3
_NA_G: Final = _NAI + 4
_NA_D: Final = _NAI + 5
_K_G: Final = _NAI + 6
_K_D: Final = _NAI + 7
# Fields of the lane array: constants of a lane, then what one loop leaves for the next.
_INVERSE_DIAMETER: Final = LANE_FIELDS + GATE_FIELDS
_SUM_NA: Final = _INVERSE_DIAMETER + 1
_SUM_K: Final = _INVERSE_DIAMETER + 2
N_SCRATCH: Final = GATE_FIELDS + 3
"""Fields that the lane array has for this membrane."""

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


def kinetics(
    values: Mapping[str, float], v: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Steady state and time constant (ms) of each gate at the voltages `v` (mV), by the table's name."""
    f17, f18, f19, f_dr, f_m, f_a, f_h = (values[f"factor.{name}"] for name in _FACTORS)
    n_low = 0.688 + 1000.0 / (np.exp((v + 75.2) / 6.5) + np.exp(-(v - 131.5) / 34.8))
    n_high = 0.16 + 0.8 * np.exp(-0.0267 * (v + 11.0))
    s18_rate = 0.001 * (5.4203 * _z(v, -79.816, 16.269) + 5.0757 * _z(v, -15.968, -11.542))
    u18_rate = 0.0002 * (2.0434 * _z(v, -67.499, 19.51) + 1.9952 * _z(v, -30.963, -14.792))
    fast_rate = 0.00395 * (np.exp((v + 30.0) / 40.0) + np.exp(-(v + 30.0) / 20.0))
    m_km = _z(v, -30.0, -6.0)
    h_infinity = _z(v, -87.2, 9.7)
    is_low = v < -70.0
    rising = np.exp((v + 240.0) / 50.0)
    falling = np.exp(-(v + 25.0) / 20.0)
    return {
        "m17": _two_rates(15.5 * _z(v, 5.0, -12.08), 35.2 * _z(v, -72.7, 16.7), f17),
        "h17": _two_rates(
            0.38685 * _z(v, -122.35, 15.29), -0.00283 + 2.00283 * _z(v, -5.5266, -12.702), f17
        ),
        "s17": _two_rates(
            0.00003 + 0.00092 * _z(v, -93.9, 16.6), 132.05 * _z(v, 384.9, -28.5), f17
        ),
        "m18": _two_rates(2.85 - 2.839 * _z(v, 1.159, 13.95), 7.6205 * _z(v, -46.463, 8.8289), f18),
        "h18": (_z(v, -32.2, 4.0), (1.218 + 42.043 * _bell(v, -38.1, 15.19)) / f18),
        "s18": (_z(v, -45.0, 8.0), 1.0 / s18_rate / f18),
        "u18": (_z(v, -51.0, 8.0), 1.0 / u18_rate / f18),
        "m19": _two_rates(1.032 * _z(v, -6.99, -14.8712), 5.79 * _z(v, -130.4, 22.9), f19),
        "h19": _two_rates(
            0.06435 * _z(v, -73.2642, 3.71928), 0.13496 * _z(v, -10.2785, -9.09334), f19
        ),
        "s19": _two_rates(1.6e-7 * np.exp(-v / 12.0), 0.0005 * _z(v, -32.0, -23.0), f19),
        "n_dr": (_z(v, -25.0, -15.4), np.where(v < -31.0, n_low, n_high) / f_dr),
        "slow_m": (m_km, np.where(v < -60.0, 219.0, 13.0 * v + 1000.0) / f_m),
        "fast_m": (m_km, 1.0 / fast_rate / f_m),
        "m_a": (_z(v, 9.6, -16.4) ** 4, (0.25 + 10.04 * _bell(v, -24.67, 34.8)) / f_a),
        "h_a": (_z(v, -34.9, 4.6), (20.0 + 50.0 * _bell(v, -40.0, 40.0)) / f_a),
        "slow_h": (
            h_infinity,
            np.where(is_low, 2500.0 + 100.0 * rising, 300.0 + 542.0 * falling) / f_h,
        ),
        "fast_h": (
            h_infinity,
            np.where(is_low, 250.0 + 12.0 * rising, 140.0 + 50.0 * falling) / f_h,
        ),
    }


def _z(v: FloatArray, v0: float, k: float) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp((v - v0) / k)))


def _bell(v: FloatArray, v0: float, width: float) -> FloatArray:
    return np.asarray(np.exp(-((v - v0) ** 2) / (2.0 * width * width)))


def _two_rates(
    opening: FloatArray, closing: FloatArray, factor: float
) -> tuple[FloatArray, FloatArray]:
    total = opening + closing
    return opening / total, 1.0 / (factor * total)


def gate_table(membrane: str, values: Mapping[str, float], dt_ms: float) -> FloatArray:
    """Tabulate the gates for a step (ms), see `scsim.kernels.membranes.steps`."""
    del membrane
    return tabulate(partial(kinetics, values), TABULATED, "fast_h", dt_ms)


def lane_constants(values: Mapping[str, float], diameter_um: float) -> tuple[float, ...]:
    """Give the inverse diameter, 1/µm."""
    del values
    return (1.0 / diameter_um,)


@inline_kernel
def _channel_sums(cable: Any, here: FloatArray, i: int) -> None:
    """Add up the channels of lane `i`, ion by ion; all but the fast gate of the h-current."""
    width = len(cable.width)
    g17, g18, g19, g_dr, g_m, g_a, g_h = cable.constants[7:14]
    lane = cable.lane
    gates = here[STATE * width + i * len(_SLOTS) : STATE * width + (i + 1) * len(_SLOTS)]
    m17 = gates[0]
    m18 = gates[1]
    n2 = gates[3] * gates[3]
    shared = 0.25 * g_h * gates[15]
    lane[_SUM_NA * width + i] = (
        g17 * (m17 * m17 * m17) * (gates[4] * gates[8])
        + g18 * (m18 * m18 * m18) * (gates[5] * gates[9] * gates[12])
        + g19 * (gates[2] * gates[6] * gates[10])
        + shared
    )
    lane[_SUM_K * width + i] = (
        g_dr * (n2 * n2)
        + 0.25 * g_m * (gates[13] + 3.0 * gates[14])
        + g_a * (gates[7] * gates[11])
        + shared
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
    g_h, g_kna, leak_na, leak_k, constant_na, constant_k, nernst = cable.constants[13:20]
    open_share, half_nai, p_max, half_ko, offset, strong = cable.constants[20:26]
    strong_cubed, weak_cubed, exchanged, inside_rate, reach, outside_rate = cable.constants[26:32]
    bath_na, bath_k, table_dt = cable.constants[32:]
    # Not a constant of compilation: sixteen copies of this loop would not fit the nearest cache.
    n_lanes = here.size // cable.record
    power = gate_dt / table_dt
    find_rows(cable, here, n_lanes)
    for pair in range(n_lanes // 2):
        i = 2 * pair
        step_gates(cable, here, _SLOTS, i, power)
        step_odd_gate(cable, here, _SLOTS, _FAST_H, i, power)
        step_odd_gate(cable, here, _SLOTS, _FAST_H, i + 1, power)
        _channel_sums(cable, here, i)
        _channel_sums(cable, here, i + 1)
    lost = 1.0 - exp(-ion_dt * outside_rate)
    inflow = -ion_dt * inside_rate
    per_half_nai = 1.0 / half_nai
    lane = cable.lane
    for i in range(width):
        before = here[BEFORE * width + i]
        v = cable.rest_mv + before + lead * (here[U * width + i] - before)
        i_na = here[_NA_G * width + i] * v - here[_NA_D * width + i]
        i_k = here[_K_G * width + i] * v - here[_K_D * width + i]
        inward = inflow * lane[_INVERSE_DIAMETER * width + i]
        change_nai = inward * i_na
        change_ki = inward * i_k
        change_nao = (bath_na + reach * i_na - here[_NAO * width + i]) * lost
        change_ko = (bath_k + reach * i_k - here[_KO * width + i]) * lost
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
        y = nai * per_half_nai
        open_power = y * y * (y * np.sqrt(y))
        inside = nai + offset
        s3 = inside * (inside * inside)
        to_ko = half_ko + ko
        strong_low = s3 + strong_cubed
        weak_low = s3 + weak_cubed
        pump_low = to_ko * to_ko * (strong_low * weak_low)
        open_low = 1.0 + open_power
        # Four reciprocals by one division.
        whole_na, above_na, below_na = ratio_parts(nao, nai)
        whole_k, above_k, below_k = ratio_parts(ko, ki)
        lows = open_low * pump_low
        logs = below_na * below_k
        inverse = 1.0 / (lows * logs)
        for_logs = inverse * lows
        for_lows = inverse * logs
        e_na = nernst * log_of_parts(whole_na, above_na * (below_k * for_logs))
        e_k = nernst * log_of_parts(whole_k, above_k * (below_na * for_logs))
        w = open_share * (open_power * (pump_low * for_lows))
        pump = p_max * (ko * ko * (s3 * (strong * weak_low + strong_low)) * (open_low * for_lows))
        shared = 0.25 * g_h * here[_FAST_H * width + i]
        na = lane[_SUM_NA * width + i] + (shared + leak_na)
        k = lane[_SUM_K * width + i] + (shared + leak_k + g_kna * w)
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
    exchange = to_current * values["space.exchange_m_per_s"]
    derived = {
        "nernst_mv": mv_per_v * values["physics.gas_j_per_mol_k"] * kelvin / faraday,
        "strong_half_cubed": values["pump.strong_half_nai"] ** 3,
        "weak_half_cubed": values["pump.weak_half_nai"] ** 3,
        "inside_rate": 4.0 * um_per_cm / faraday,
        "outside_rate": um_per_cm * exchange / values["space.width_um"],
        "outside_reach": 1.0 / (faraday * exchange),
        **dict.fromkeys(("leak_na", "leak_k", "constant_na", "constant_k"), 0.0),
    }
    nai, nao, ki, ko = (values[f"start.{name}"] for name in ("nai", "nao", "ki", "ko"))
    v = values["v_rest_mv"]
    gate = {
        name: float(infinity[0]) for name, (infinity, _) in kinetics(values, np.array([v])).items()
    }
    g = {name: values[f"g_{name}_s_per_cm2"] for name in _CHANNELS}
    shared = 0.25 * g["h"] * (gate["slow_h"] + gate["fast_h"])
    g_na = (
        g["nav17"] * gate["m17"] ** 3 * gate["h17"] * gate["s17"]
        + g["nav18"] * gate["m18"] ** 3 * gate["h18"] * gate["s18"] * gate["u18"]
        + g["nav19"] * gate["m19"] * gate["h19"] * gate["s19"]
        + shared
    )
    open_share = values["kna.largest_open_share"] / (1.0 + (values["kna.half_nai"] / nai) ** 3.5)
    g_k = (
        g["kdr"] * gate["n_dr"] ** 4
        + 0.25 * g["km"] * (gate["slow_m"] + 3.0 * gate["fast_m"])
        + g["ka"] * gate["m_a"] * gate["h_a"]
        + g["kna"] * open_share
        + shared
    )
    s3 = (nai + values["pump.nai_offset"]) ** 3
    shares = values["pump.strong_share"] * s3 / (s3 + derived["strong_half_cubed"])
    shares += s3 / (s3 + derived["weak_half_cubed"])
    pump = values["pump.maximum_ma_per_cm2"] * shares / (1.0 + values["pump.half_ko"] / ko) ** 2
    for ion, inside, outside, conductance, pumped in (
        ("na", nai, nao, g_na, values["pump.sodium_per_potassium"] * pump),
        ("k", ki, ko, g_k, -pump),
    ):
        reversal = derived["nernst_mv"] * libm_log(outside / inside)
        current = conductance * (v - reversal) + pumped
        leak = -current / (v - reversal)
        derived[f"leak_{ion}"] = max(leak, 0.0)
        derived[f"constant_{ion}"] = 0.0 if leak >= 0.0 else -current
    return derived
