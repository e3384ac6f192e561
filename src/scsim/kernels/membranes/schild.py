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

All gates but c come from a table (`steps.py`), between ±400 mV; every gate has long settled there.

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

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import decay, exp_bounded
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import LANE_FIELDS, hand_over
from scsim.kernels.membranes.nernst import log_of_parts, ratio_parts
from scsim.kernels.membranes.steps import ALWAYS, GATE_FIELDS, find_rows, step_gates
from scsim.kernels.membranes.steps import gate_table as tabulate
from scsim.kernels.single_cable import BEFORE, STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.kernels.jit import FloatArray

SchildCable = cable_kind("SchildCable", __name__)

TABULATED: Final = (
    *("fast_m", "slow_m", "p", "x", "fast_h", "slow_h", "q", "y"),
    *("fast_j", "n", "can_d", "cat_d", "can_f1", "can_f2", "cat_f", ALWAYS),
)
"""Gate in each slot of the table; `fast_j` is 1 in the model of 1997."""
_SLOTS: Final = (0,) * len(TABULATED)

STATES: Final = (
    *(f"slot_{slot}" for slot in range(len(TABULATED))),
    "c",
    *("cai", "cao", "occupancy"),
    *("ca_conductance", "ca_drive"),
)
"""Gates, concentrations (mM; the occupancy is a share), and what the last solve had of the calcium current (S/cm²,
mA/cm²)."""

_C: Final = STATE + len(TABULATED)
_CAI: Final = _C + 1
_CAO: Final = _C + 2
_OCCUPANCY: Final = _C + 3
_CA_G: Final = _C + 4
_CA_D: Final = _C + 5
# Fields of the lane array: constants of a lane, then what one loop leaves for the next.
_INVERSE_DIAMETER: Final = LANE_FIELDS + GATE_FIELDS
_OVER_RING: Final = _INVERSE_DIAMETER + 1
_SUM_NA: Final = _INVERSE_DIAMETER + 2
_SUM_K: Final = _INVERSE_DIAMETER + 3
_SUM_CA: Final = _INVERSE_DIAMETER + 4
N_SCRATCH: Final = GATE_FIELDS + 5
"""Fields that the lane array has for this membrane."""

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
"""Bound of v where exponentials are taken, mV."""
_SERIES_BELOW: Final = 0.01


def kinetics(
    membrane: str, values: Mapping[str, float], v: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Steady state and time constant (ms) of each tabulated gate at the voltages `v` (mV), by its name.

    `membrane` is ``schild94`` or ``schild97``.
    """
    _, _, f_kd, f_k, _, f_can, f_cat_d, f_cat_f = (values[f"factor.{name}"] for name in _FACTORS)
    x = (v + 14.273) / 10.0
    # x / (1 - exp(-x)) near 0 by its series.
    near = np.abs(x) < _SERIES_BELOW
    far = np.where(near, 1.0, x)
    quotient = np.where(near, 1.0 + x / 2.0 + x * x / 12.0, far / -np.expm1(-far))
    n_tau = 1.0 / (0.01265 * quotient + 0.125 * np.exp(-(v + 55.0) / 2.5)) + 1.0
    k_tau = _bell(v, 5.0, 0.022, 2.5, -65.0) / f_k
    sodium = _sodium_94 if membrane == "schild94" else _sodium_97
    return {
        **sodium(values["factor.na_m"], values["factor.na_h"], v),
        "n": (_s(v, 17.62, -18.38), n_tau / f_kd),
        "p": (_s(v, 31.0, -28.0), k_tau),
        "q": (_s(v, 61.0, 7.0), _bell(v, 100.0, 0.035, 10.5, -30.0) / f_k),
        "x": (_s(v, 42.59, -14.68), k_tau),
        "y": (_s(v, 51.0, 7.0), np.full_like(v, 7500.0 / f_k)),
        "can_d": (_s(v, 13.0, -4.5), _bell(v, 3.25, 0.042, 0.395, -31.0) / f_can),
        "can_f1": (_s(v, 13.0, 25.0), _bell(v, 33.5, 0.0395, 5.0, -30.0) / f_can),
        "can_f2": (
            _s(v, 33.0, 10.0) + 0.2 * _s(v, -2.0, -10.0),
            _bell(v, 225.0, 0.0275, 75.0, -40.0) / f_can,
        ),
        "cat_d": (_s(v, 47.0, -5.75), _bell(v, 22.0, 0.052, 2.5, -68.0) / f_cat_d),
        "cat_f": (_s(v, 61.0, 6.0), _bell(v, 103.0, 0.05, 12.5, -58.0) / f_cat_f),
    }


def _sodium_94(f_m: float, f_h: float, v: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    return {
        "fast_m": (_s(v, 23.85, -4.75), _bell(v, 0.75, 0.0635, 0.12, -40.35) / f_m),
        "fast_h": (_s(v, 44.5, 4.5), _bell(v, 6.5, 0.0295, 0.55, -75.0) / f_h),
        "fast_j": (_s(v, 40.0, 1.5), 25.0 * _s(v, -20.0, 4.5) + 0.01),
        "slow_m": (_s(v, 0.35, -4.45), _bell(v, 1.5, 0.0595, 0.15, -20.35) / f_m),
        "slow_h": (_s(v, -2.0, 4.5), _bell(v, 4.95, 0.0335, 0.75, -20.0) / f_h),
    }


def _sodium_97(f_m: float, f_h: float, v: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    return {
        "fast_m": (_s(v, 31.62, -6.98), _bell(v, 1.15, 0.06, 0.21, -40.0) / f_m),
        "fast_h": (_s(v, 65.99, 5.97), _bell(v, 18.0, 0.043, 1.35, -62.5) / f_h),
        "fast_j": (np.ones_like(v), np.ones_like(v)),
        "slow_m": (_s(v, 11.29, -5.54), _bell(v, 1.45, 0.058, 0.26, -14.5) / f_m),
        "slow_h": (_s(v, 31.0, 5.2), _bell(v, 10.75, 0.067, 3.15, -13.5) / f_h),
    }


def _s(v: FloatArray, h: float, k: float) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp((v + h) / k)))


def _bell(v: FloatArray, size: float, b: float, base: float, v0: float) -> FloatArray:
    return np.asarray(size * np.exp(-(b * b) * (v - v0) ** 2) + base)


def gate_table(membrane: str, values: Mapping[str, float], dt_ms: float) -> FloatArray:
    """Tabulate the gates for a step (ms), see `scsim.kernels.membranes.steps`."""
    return tabulate(partial(kinetics, membrane, values), TABULATED, None, dt_ms)


def lane_constants(values: Mapping[str, float], diameter_um: float) -> tuple[float, ...]:
    """Give what speeds the concentrations: surface over volume inside and outside, over 4, 1/µm."""
    shell = values["calcium.shell_um"]
    return 1.0 / diameter_um, diameter_um / (shell * (2.0 * diameter_um + shell))


@inline_kernel
def _channel_sums(cable: Any, here: FloatArray, i: int) -> None:
    """Add up the channels of lane `i`, ion by ion; all but KCa."""
    width = len(cable.width)
    g_fast, g_slow, g_kd, g_ka, g_kds, _, g_can, g_cat = cable.constants[8:16]
    lane = cable.lane
    gates = here[STATE * width + i * len(_SLOTS) : STATE * width + (i + 1) * len(_SLOTS)]
    fast_m = gates[0]
    slow_m = gates[1]
    p = gates[2]
    x = gates[3]
    lane[_SUM_NA * width + i] = (
        g_fast * (fast_m * fast_m * fast_m) * (gates[4] * gates[8])
        + g_slow * (slow_m * slow_m * slow_m) * gates[5]
    )
    lane[_SUM_K * width + i] = (
        g_kd * gates[9] + g_ka * (p * p * p) * gates[6] + g_kds * (x * x * x) * gates[7]
    )
    lane[_SUM_CA * width + i] = g_can * gates[10] * (0.55 * gates[12] + 0.45 * gates[13]) + (
        g_cat * gates[11] * gates[14]
    )


@inline_kernel
def advance_schild(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    f_kca = cable.constants[4]
    g_kca = cable.constants[13]
    leak_na, leak_ca, e_na, e_k, nernst, offset, least = cable.constants[16:23]
    capacity, binding, release, bath, bath_rate = cable.constants[23:28]
    calcium_rate, ca_pump, half_cai, x_in, x_out, x_per_mv = cable.constants[28:34]
    saturation_cai, saturation_cao, na_pump, numerator, denominator, table_dt = cable.constants[34:]
    lane = cable.lane
    # Not a constant of compilation: sixteen copies of this loop would not fit the nearest cache.
    n_lanes = here.size // cable.record
    power = gate_dt / table_dt
    find_rows(cable, here, n_lanes)
    for pair in range(n_lanes // 2):
        i = 2 * pair
        step_gates(cable, here, _SLOTS, i, power)
        _channel_sums(cable, here, i)
        _channel_sums(cable, here, i + 1)
    h = ion_dt * (1.0 - lead)
    reach = 1.0 + 2.0 * lead
    bath_share = h * bath_rate
    to_bath = reach / (1.0 + bath_share)
    flowing = h * calcium_rate
    hk = h * binding
    hr = h * release
    per_capacity = reach / capacity
    c_dt = f_kca * gate_dt / 4.5
    for i in range(width):
        before = here[BEFORE * width + i]
        v = cable.rest_mv + here[U * width + i]
        v_mean = cable.rest_mv + before + lead * (here[U * width + i] - before)
        flow = flowing * (here[_CA_G * width + i] * v_mean - here[_CA_D * width + i])
        s = flow * lane[_INVERSE_DIAMETER * width + i]
        cai = here[_CAI * width + i]
        cao = here[_CAO * width + i]
        occupancy = here[_OCCUPANCY * width + i]
        free = 1.0 - occupancy
        bound = 1.0 + hr + hk * cai
        middle = bound + hk * (s + capacity * free)
        rest = s * bound + capacity * (hk * cai * free - hr * occupancy)
        change = -2.0 * rest / (middle + np.sqrt(middle * middle - 4.0 * hk * rest))
        change_cai = reach * change
        change_cao = (flow * lane[_OVER_RING * width + i] + bath_share * (bath - cao)) * to_bath
        here[_OCCUPANCY * width + i] = occupancy - (change + s) * per_capacity
        here[_CAI * width + i] = cai + change_cai
        here[_CAO * width + i] = cao + change_cao
        new = cai + change_cai
        # Half a step ahead in the second-order scheme.
        cai = cai + (1.0 + lead) * change_cai
        cao = cao + (1.0 + lead) * change_cao
        safe = cai if cai > 0.0 else least
        v_bounded = min(max(v, -_V_LIMIT), _V_LIMIT)
        z = exp_bounded((v_bounded - 10.0) * (1.0 / 60.0), cable.exps)
        e_in = exp_bounded(x_per_mv * v_bounded, cable.exps)
        z3 = z * z * z
        a = 750.0 * new * (z3 * z3)
        total = a + 0.05
        saturation = 1.0 + saturation_cai * cai + saturation_cao * cao
        to_pump = cai + half_cai
        to_pole = v + denominator
        # Five reciprocals by one division.
        whole, above, below = ratio_parts(cao, safe)
        opening = total * z
        exchanging = e_in * saturation
        pumping = to_pump * to_pole
        q1 = opening * below
        q2 = exchanging * pumping
        inverse = 1.0 / (q1 * q2)
        q1 = q1 * inverse
        q2 = q2 * inverse
        over_pole = q1 * (exchanging * to_pump)
        over_pump = q1 * (exchanging * to_pole)
        over_both = q1 * pumping
        over_opening = q2 * below
        e_ca = nernst * log_of_parts(whole, above * (q2 * opening)) + offset
        infinity = a * (z * over_opening)
        open_share = infinity + (here[_C * width + i] - infinity) * decay(
            c_dt * (total * (total * over_opening)), cable.exps
        )
        here[_C * width + i] = open_share
        inward = x_in * cao * (e_in * e_in * over_both)
        outward = x_out * cai * over_both
        exchange = inward - outward
        exchange_slope = x_per_mv * (inward + outward)
        pump = na_pump * (v + numerator) * over_pole
        pump_slope = na_pump * (denominator - numerator) * (over_pole * over_pole)
        sodium = lane[_SUM_NA * width + i] + leak_na
        potassium = lane[_SUM_K * width + i] + g_kca * open_share
        calcium = lane[_SUM_CA * width + i] + leak_ca
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
