"""Membranes of Thio et al. (2024): C-fibers with twelve channels and running Na, K and Ca.

One kind of cable for the autonomic and the cutaneous fiber, whose numbers differ. With E(a, b) =
exp((v + a) / b) and Z(a, b) = 1 / (1 + E(a, b)), v in mV, times in ms, concentrations in mM, currents in
mA/cm² and conductances in S/cm²:

* sodium: Nav1.7 m³h, Nav1.8 m³hs, Nav1.9 m³hs; calcium: CaV1.2 m³h, CaV2.2 m³hs; potassium: KM
  (m³ + 3 n³)/4, Kv2.1 m³h, Kv3.4 m³h, Kv1.4 m³hs, BK mh, SK n; HCN (n³ + 3 m³)/4 for Na and K, shared so
  that its total reverses at -30 mV;
* Na/Ca exchanger and Na/K pump, which are not linear in v: their slope is part of the conductance;
* leaks and constant currents that let each ion's current vanish at rest (`derived_constants`).

The reference program looks the gates of all channels but Kv2.1, BK and SK up in tables of steady state and
time constant with linear interpolation, constant outside -120 to 100 mV (Nav1.7 in steps of 1.1 mV, the
others of 0.5 mV). Exact rates move traces by up to 1 mV, so the tables are part of the model.

Layout: the twenty gates of the finer table stand lane after lane, `SLOTS` numbers each, at the beginning of
a record's states, as do the rows of the table; so a row is read as whole vectors and nothing is gathered
number by number. All other states are fields as wide as the lanes.

Concentrations advance with the currents of the linear solve itself, ion by ion ``G v - D``, at its end or, in
the second-order scheme, in the middle of the step, for which reversal potentials are half a step ahead.

References
----------
Thio et al. (2024), doi:10.1371/journal.pcbi.1012475 (thio2024).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import exp, log
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import DIAMETER, LANE_FIELDS, hand_over
from scsim.kernels.single_cable import (
    BEFORE,
    STATE,
    cable_kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scsim.kernels.jit import FloatArray

ThioCable = cable_kind("ThioCable", __name__)

SLOTS: Final = 24
"""Numbers per lane in the block of tabulated gates: m, h and s of eight channels each, see `TABULATED`."""

TABULATED: Final = (
    *("nav18_m", "nav19_m", "cav12_m", "cav22_m", "kv34_m", "kv14_m", "hcn_m", "hcn_n"),
    *("nav18_h", "nav19_h", "cav12_h", "cav22_h", "kv34_h", "kv14_h", "km_m", "km_n"),
    *("nav18_s", "nav19_s", "always", "cav22_s", "always", "kv14_s", "always", "always"),
)
"""Gate in each slot."""

# Fields after the tabulated gates.
_NAV17_M: Final = STATE + SLOTS
_NAV17_H: Final = _NAV17_M + 1
_KV21_M: Final = _NAV17_M + 2
_KV21_H: Final = _NAV17_M + 3
_BK_M: Final = _NAV17_M + 4
_BK_H: Final = _NAV17_M + 5
_SK_N: Final = _NAV17_M + 6
_NAI: Final = _NAV17_M + 7
_NAO: Final = _NAI + 1
_KI: Final = _NAI + 2
_KO: Final = _NAI + 3
_CAI: Final = _NAI + 4
_CAO: Final = _NAI + 5
_OCCUPANCY: Final = _NAI + 6
_NA_G: Final = _NAI + 7
_NA_D: Final = _NA_G + 1
_K_G: Final = _NA_G + 2
_K_D: Final = _NA_G + 3
_CA_G: Final = _NA_G + 4
_CA_D: Final = _NA_G + 5
# Scratch in the lane array, which stays in the nearest cache.
_SUM_NA: Final = LANE_FIELDS
_SUM_K: Final = LANE_FIELDS + 1
_SUM_CA: Final = LANE_FIELDS + 2
_SUM_H: Final = LANE_FIELDS + 3
_NAV17_READ: Final = LANE_FIELDS + 4
N_SCRATCH: Final = 8
"""Fields that the lane array has for this membrane."""

STATES: Final = (
    *(f"slot_{slot}" for slot in range(SLOTS)),
    *("nav17_m", "nav17_h", "kv21_m", "kv21_h", "bk_m", "bk_h", "sk_n"),
    *("nai", "nao", "ki", "ko", "cai", "cao", "occupancy"),
    *("na_conductance", "na_drive", "k_conductance", "k_drive", "ca_conductance", "ca_drive"),
)
"""Gates, concentrations (mM; the occupancy is a share), what the last solve had of each ion's current
(S/cm², mA/cm²), and room for what one loop leaves for the next."""

CONSTANTS: Final = (
    "g_nav18_s_per_cm2",
    "g_nav19_s_per_cm2",
    "g_cav12_s_per_cm2",
    "g_cav22_s_per_cm2",
    "g_kv34_s_per_cm2",
    "g_kv14_s_per_cm2",
    "g_km_s_per_cm2",
    "g_hcn_s_per_cm2",
    "look_up.start_mv",
    "nodes_per_mv",
    "look_up.intervals",
    "nav17_nodes_per_mv",
    "look_up.nav17_intervals",
    "factor.gates",
    "g_nav17_s_per_cm2",
    "g_kv21_s_per_cm2",
    "g_bk_s_per_cm2",
    "g_sk_s_per_cm2",
    "leak_na",
    "leak_k",
    "leak_ca",
    "constant_na",
    "constant_k",
    "constant_ca",
    "nernst_mv",
    "hcn.reversal_mv",
    "exchanger_rate",
    "exchanger.saturation",
    "exchanger_per_mv",
    "pump_maximum",
    "pump.numerator_mv",
    "pump.denominator_mv",
    "pump.half_nai",
    "pump.half_ko",
    "inside_rate",
    "outside_reach",
    "outside_rate",
    "start.nao",
    "start.ko",
    "calcium_rate",
    "space.width_um",
    "space.calcium_exchange_ms",
    "start.cao",
    "buffer.binding_rate",
    "buffer.release_rate",
    "buffer.capacity",
)

_COLUMNS: Final = 2 * SLOTS + 8
"""Numbers in a row of the table: steady states and time constants of the slots, then those of Nav1.7."""

_NO_REVERSAL_MV: Final = 1e6
"""Reversal potential for a concentration that is not positive, as the reference program has it."""
_LOWEST_CALCIUM: Final = 1e-9
"""Calcium that BK and SK take for one that is not positive, mM, likewise."""
_AT_POLE_MV: Final = 1e-9
"""Distance from the pole of the pump that is taken for none, mV."""
_CM_UM: Final = 1e4
"""µm in a cm: from mA/cm² per µm to mA/cm³; 1 mA ms is 1 µC, and 1 µmol/cm³ is 1 mM."""


def look_up_table(values: Mapping[str, float]) -> FloatArray:
    """Compute both tables from the formulas.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table, with temperature factors under ``factor.…``.

    Returns
    -------
    ndarray of float64, shape (n_intervals + 1, 56)
        Row by row of the finer grid: steady states of the slots of `TABULATED`, their time constants (ms),
        then m_inf, h_inf, m_tau, h_tau of Nav1.7 on its own grid, which ends earlier, and four zeros.
    """
    grid = _grid(values, "look_up.intervals")
    gates = _tabulated(grid)
    slow = np.full_like(grid, values["factor.gates"])
    gates["always"] = (np.ones_like(grid), slow)
    slots = [gates[name] for name in TABULATED]
    table = np.zeros((grid.size, _COLUMNS))
    table[:, :SLOTS] = np.column_stack([infinity for infinity, _ in slots])
    table[:, SLOTS : 2 * SLOTS] = (
        np.column_stack([tau for _, tau in slots]) / values["factor.gates"]
    )
    nav17 = _nav17(_grid(values, "look_up.nav17_intervals"))
    factor = values["factor.nav17"]
    columns = [nav17["m"][0], nav17["h"][0], nav17["m"][1] / factor, nav17["h"][1] / factor]
    table[: columns[0].size, 2 * SLOTS : 2 * SLOTS + 4] = np.column_stack(columns)
    return table


def derived_constants(values: Mapping[str, float]) -> dict[str, float]:
    """Work out rates and scales, and the balance at rest.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table, with temperature factors under ``factor.…``.

    Returns
    -------
    dict of str to float
        ``leak_…`` (S/cm²) and ``constant_…`` (mA/cm²) of each ion: at the nominal rest, with gates at their
        steady states and concentrations at their start, the current I of an ion needs the conductance
        -I / (v - E) to vanish; where that is negative there is no leak, and the constant current is -I.
        The others are named for what they are in `advance_thio`.
    """
    kelvin = values["temperature_degc"] + values["nernst.zero_degc_kelvin"]
    faraday = values["nernst.faraday"]
    millivolts = 1e3
    calcium_faraday = 2.0 * values["nernst.calcium_faraday"]
    reach = 0.1 * values["space.exchange_m_per_s"]
    span = values["look_up.end_mv"] - values["look_up.start_mv"]
    derived = {
        "nodes_per_mv": values["look_up.intervals"] / span,
        "nav17_nodes_per_mv": values["look_up.nav17_intervals"] / span,
        "nernst_mv": millivolts * values["nernst.gas_constant"] * kelvin / faraday,
        "exchanger_rate": values["exchanger_scale"]
        * values["exchanger.rate"]
        * values["exchanger.warming"],
        "exchanger_per_mv": values["exchanger.barrier"]
        * values["exchanger.faraday"]
        / (millivolts * values["exchanger.gas_constant"] * values["exchanger.temperature_kelvin"]),
        "pump_maximum": values["pump_ma_per_cm2"] / values["factor.pump"],
        "inside_rate": 4.0 * _CM_UM / faraday,
        "outside_reach": 1.0 / (faraday * reach),
        "outside_rate": _CM_UM * reach / values["space.width_um"],
        "calcium_rate": 4.0 * _CM_UM / calcium_faraday,
    }
    for ion, (current, reversal) in _currents_at_rest({**values, **derived}).items():
        needed = -current / (values["v_rest_mv"] - reversal)
        derived[f"leak_{ion}"] = max(needed, 0.0)
        derived[f"constant_{ion}"] = 0.0 if needed >= 0.0 else -current
    return derived


def _currents_at_rest(values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Give the current (mA/cm²) of each ion before the balance, and its reversal potential (mV)."""
    v = np.array([values["v_rest_mv"]])
    start = values["look_up.start_mv"]
    place = float(v[0] - start)
    nai, nao, ki, ko, cai, cao = (
        values[f"start.{name}"] for name in ("nai", "nao", "ki", "ko", "cai", "cao")
    )

    def read(
        rates: Callable[[FloatArray], dict[str, tuple[FloatArray, FloatArray]]], steps: float
    ) -> dict[str, float]:
        k = int(place * steps)
        part = place * steps - k
        ends = rates(np.array([k, k + 1]) / steps + start)
        return {name: float(x[0] + part * (x[1] - x[0])) for name, (x, _) in ends.items()}

    gate = read(_tabulated, values["nodes_per_mv"])
    nav17 = read(_nav17, values["nav17_nodes_per_mv"])
    p = float(np.log10(cai)) - 3.0
    e_na = values["nernst_mv"] * float(np.log(nao / nai))
    e_k = values["nernst_mv"] * float(np.log(ko / ki))
    e_ca = values["nernst_mv"] * float(np.log(cao / cai)) / 2.0
    kv21_m = float(_z(v, -1.0, -10.0)[0])
    kv21_h = 0.15 + 0.85 * float(_z(v, 27.0, 7.0)[0])
    bk = float((_z(v, 50.0 * p + 232.0, -24.0) * _z(v, 8.0 * p - 35.0, 47.0))[0])
    sk = 1.0 / (1.0 + float(np.exp(-(p + 6.4) / 0.12)))
    g_na = (
        values["g_nav17_s_per_cm2"] * nav17["m"] ** 3 * nav17["h"]
        + values["g_nav18_s_per_cm2"] * gate["nav18_m"] ** 3 * gate["nav18_h"] * gate["nav18_s"]
        + values["g_nav19_s_per_cm2"] * gate["nav19_m"] ** 3 * gate["nav19_h"] * gate["nav19_s"]
    )
    g_ca = (
        values["g_cav12_s_per_cm2"] * gate["cav12_m"] ** 3 * gate["cav12_h"]
        + values["g_cav22_s_per_cm2"] * gate["cav22_m"] ** 3 * gate["cav22_h"] * gate["cav22_s"]
    )
    g_k = (
        values["g_km_s_per_cm2"] * (0.25 * gate["km_m"] ** 3 + 0.75 * gate["km_n"] ** 3)
        + values["g_kv21_s_per_cm2"] * kv21_m * kv21_h
        + values["g_kv34_s_per_cm2"] * gate["kv34_m"] ** 3 * gate["kv34_h"]
        + values["g_kv14_s_per_cm2"] * gate["kv14_m"] ** 3 * gate["kv14_h"] * gate["kv14_s"]
        + values["g_bk_s_per_cm2"] * bk
        + values["g_sk_s_per_cm2"] * sk
    )
    g_h = values["g_hcn_s_per_cm2"] * (0.25 * gate["hcn_n"] ** 3 + 0.75 * gate["hcn_m"] ** 3)
    e_h = values["hcn.reversal_mv"]
    g_na += g_h * (e_h - e_k) / (e_na - e_k)
    g_k += g_h * (e_na - e_h) / (e_na - e_k)
    rest = float(v[0])
    swing = float(np.exp(values["exchanger_per_mv"] * rest))
    exchange = (
        values["exchanger_rate"]
        * (nai**3 * cao * swing - nao**3 * cai / swing)
        / (1.0 + values["exchanger.saturation"] * (cai * nao**3 + cao * nai**3))
    )
    pump = (
        values["pump_maximum"]
        * (rest + values["pump.numerator_mv"])
        / (rest + values["pump.denominator_mv"])
        * (nai / (nai + values["pump.half_nai"])) ** 3
        * (ko / (ko + values["pump.half_ko"])) ** 2
    )
    return {
        "na": (g_na * (rest - e_na) + 3.0 * (exchange + pump), e_na),
        "k": (g_k * (rest - e_k) - 2.0 * pump, e_k),
        "ca": (g_ca * (rest - e_ca) - 2.0 * exchange, e_ca),
    }


def _grid(values: Mapping[str, float], intervals: str) -> FloatArray:
    return np.linspace(
        values["look_up.start_mv"], values["look_up.end_mv"], round(values[intervals]) + 1
    )


def _e(v: FloatArray, a: float, b: float) -> FloatArray:
    return np.asarray(np.exp((v + a) / b))


def _z(v: FloatArray, a: float, b: float) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp((v + a) / b)))


def _root(v: FloatArray, a: float, b: float) -> FloatArray:
    """Cube root of Z(a, b), the steady state of a gate that enters the current cubed."""
    return np.asarray(np.cbrt(_z(v, a, b)))


def _nav17(v: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Steady state, and time constant (ms) before the temperature factor, of the gates of Nav1.7."""
    return {
        "m": (
            _root(v, 25.0, -7.0),
            0.5 * (0.07 / (_e(v, -11.4, 14.0) + _e(v, 61.0, -9.4)) + 0.1 * _z(v, 5.5, -8.0)),
        ),
        "h": (_z(v, 79.0, 7.0), 1.0 / (_e(v, 131.0, -9.5) + _e(v, 5.7, 12.4))),
    }


def _tabulated(v: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Steady state, and time constant (ms) before the temperature factor, of the gates of `TABULATED`."""
    return {
        "nav18_m": (
            _root(v, 4.0, -7.0),
            0.5 * (0.03 + 0.5 / (_e(v, 0.0, 12.0) + _e(v, 29.0, -18.0))),
        ),
        "nav18_h": (
            _z(v, 28.0, 4.56),
            2.63 + 250.0 / (_e(v, 36.0, 7.7) + _e(v, 0.0, -16.3)) + 1.4 * _z(v, 0.6, -2.95),
        ),
        "nav18_s": (
            _z(v, 50.0, 7.5),
            34.0 / (_e(v, 2.0, 16.0) + _e(v, 108.0, -8.0)) + 160.0 * _z(v, 110.0, -75.0),
        ),
        "nav19_m": (
            _root(v, 51.0, -8.4),
            0.5 * (0.3 + 1.0 / (_e(v, 1.3, 22.0) + _e(v, 82.0, -10.0))),
        ),
        "nav19_h": (_z(v, 55.0, 11.5), 2.0 + 1.0 / (_e(v, -32.0, 14.0) + _e(v, 157.0, -12.0))),
        "nav19_s": (
            0.03 + 0.97 * _z(v, 79.0, 6.87),
            1.0 / (_e(v, -195.0, 29.0) + _e(v, 193.0, -12.4)) + 1165.0 * _z(v, 40.0, -30.0),
        ),
        "cav12_m": (
            _root(v, -1.75, -10.0),
            0.25 + 0.5 / (_e(v, -15.0, 5.0) + _e(v, 27.0, -12.0)),
        ),
        "cav12_h": (_z(v, -10.0, 8.0), 1.4 / (_e(v, -145.0, 30.0) + _e(v, 150.0, -16.4))),
        "cav22_m": (_root(v, 4.0, -7.5), 0.1 + 0.5 / (_e(v, -3.0, 6.7) + _e(v, 37.0, -13.5))),
        "cav22_h": (_z(v, 48.0, 7.0), 10.0 / (_e(v, -54.0, 23.0) + _e(v, 150.0, -35.0))),
        "cav22_s": (_z(v, 81.0, 8.6), 50.0 + 30.0 / (_e(v, -50.0, 26.0) + _e(v, 150.0, -26.0))),
        "km_m": (
            _root(v, 44.0, -6.4),
            0.5 * (104.0 / (_e(v, -7.0, 20.0) + _e(v, 32.0, -20.0)) + 30.0 * _z(v, 40.0, -80.0)),
        ),
        "km_n": (
            _root(v, 32.0, -9.2),
            0.5
            * (15.0 + 62.0 / (_e(v, -13.0, 20.0) + _e(v, 90.0, -20.0)) + 50.0 * _z(v, 50.0, -8.0)),
        ),
        "hcn_m": (_root(v, 97.0, 7.35), 0.5 / (_e(v, -42.0, 11.8) + _e(v, 498.0, -66.6))),
        "hcn_n": (_root(v, 94.0, 8.9), 0.5 / (_e(v, 25.0, 4.1) + _e(v, 356.0, -32.0))),
        "kv34_m": (_root(v, -24.0, -17.0), 0.5 / (_e(v, -39.0, 13.0) + _e(v, 134.0, -47.0))),
        "kv34_h": (_z(v, 31.0, 12.0), 15.0 + 1.0 / (_e(v, -60.0, 15.0) + _e(v, 300.0, -27.0))),
        "kv14_m": (
            _root(v, 25.0, -12.0),
            0.5
            * (0.6 + 2748.0 / (_e(v, 128.0, 14.5) + _e(v, 10.0, -8.0)) + 1.7 * _z(v, 8.5, 10.65)),
        ),
        "kv14_h": (
            0.073 + 0.924 * _z(v, 47.0, 4.75),
            35.0 + 11.22 / (_e(v, 21.4, 9.48) + _e(v, 155.3, -16.4)),
        ),
        "kv14_s": (
            0.415 + 0.576 * _z(v, 44.5, 5.93) + 0.103 * _z(v, 0.0, -18.37),
            1000.0 * (3.97 / (_e(v, 35.1, 9.97) + _e(v, 83.3, -18.0)) + 2.5 * _z(v, 27.3, -7.11)),
        ),
    }


@inline_kernel
def pade(y: float) -> tuple[float, float]:
    """Numerator and denominator of an approximation of exp(-y) whose 16th power is good for any y >= 0.

    Padé approximation of degree 4; y is cut at 20. The 16th power has an absolute error below 1e-12 of
    exp(-16 y) for all y, infinity included. The denominator lies between 1 and 245, so that lanes may
    multiply several and divide once.

    Parameters
    ----------
    y : float
        A sixteenth of step over time constant, no unit.

    Returns
    -------
    tuple of float
        Numerator and denominator.
    """
    y = min(y, 20.0)
    y2 = y * y
    even = 1.0 + y2 * ((3.0 / 28.0) + (1.0 / 1680.0) * y2)
    odd = y * (0.5 + (1.0 / 84.0) * y2)
    return even - odd, even + odd


@inline_kernel
def power_16(x: float) -> float:
    """Sixteenth power."""
    x = x * x
    x = x * x
    x = x * x
    return x * x


_THIRD: Final = 1430200000.0
"""Upper 32 bits of a number less a third of those of x are those of x^(-1/3), to within 5 % for this one."""


@inline_kernel
def inverse_cube_root(x: float) -> float:
    """x^(-1/3) of a positive normal number: from its bits, then two iterations of fourth order.

    The relative error is below 1e-15.
    """
    bits = np.float64(x).view(np.int64)
    # A third of the exponent (and of the mantissa, about) by a product of the upper 32 bits.
    upper = np.int64(np.int32(_THIRD - np.float64(np.int32(bits >> np.int64(32))) * (1.0 / 3.0)))
    y = np.int64(upper << np.int64(32)).view(np.float64)
    r = 1.0 - x * (y * y * y)
    y = y + y * r * ((1.0 / 3.0) + r * ((2.0 / 9.0) + r * (14.0 / 81.0)))
    r = 1.0 - x * (y * y * y)
    return y + y * r * ((1.0 / 3.0) + r * ((2.0 / 9.0) + r * (14.0 / 81.0)))


@inline_kernel
def _place(v: float, nodes_per_mv: float, intervals: float) -> tuple[Any, float]:
    """Interval of a table, and place within it from 0 to 1, for v from the first entry (mV); safe for NaN."""
    place = v * nodes_per_mv
    # This order, unlike min and max, takes a voltage that is not finite to the first entry.
    place = place if place > 0.0 else 0.0  # noqa: FURB136
    place = place if place < intervals else intervals  # noqa: FURB136
    row = np.int64(min(place, intervals - 1.0))
    return row, float(place - row)


@inline_kernel
def _m3h(here: FloatArray, at: int) -> float:
    """m³h of the channel whose m stands at `at`."""
    m = here[at]
    return float((m * m) * (m * here[at + 8]))


@inline_kernel
def _m3hs(here: FloatArray, at: int) -> float:
    """m³hs of the channel whose m stands at `at`."""
    return float(_m3h(here, at) * here[at + 16])


@inline_kernel
def _channel_sums(cable: Any, here: FloatArray, i: int) -> None:
    """Add up the tabulated channels of lane `i`, ion by ion."""
    width = len(cable.width)
    g_nav18, g_nav19, g_cav12, g_cav22, g_kv34, g_kv14, g_km, g_hcn = cable.constants[:8]
    lane = cable.lane
    m_at = STATE * width + i * SLOTS
    hcn_m = here[m_at + 6]
    hcn_n = here[m_at + 7]
    km_m = here[m_at + 14]
    km_n = here[m_at + 15]
    lane[_SUM_NA * width + i] = g_nav18 * _m3hs(here, m_at + 0) + g_nav19 * _m3hs(here, m_at + 1)
    lane[_SUM_CA * width + i] = g_cav12 * _m3h(here, m_at + 2) + g_cav22 * _m3hs(here, m_at + 3)
    lane[_SUM_K * width + i] = (
        g_kv34 * _m3h(here, m_at + 4)
        + g_kv14 * _m3hs(here, m_at + 5)
        + g_km * (0.25 * (km_m * km_m * km_m) + 0.75 * (km_n * km_n * km_n))
    )
    lane[_SUM_H * width + i] = g_hcn * (
        0.75 * (hcn_m * hcn_m * hcn_m) + 0.25 * (hcn_n * hcn_n * hcn_n)
    )


@inline_kernel
def advance_thio(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    (
        start_mv,
        nodes_per_mv,
        intervals,
        nav17_nodes_per_mv,
        nav17_intervals,
        factor,
        g_nav17,
        g_kv21,
        g_bk,
        g_sk,
        leak_na,
        leak_k,
        leak_ca,
        constant_na,
        constant_k,
        constant_ca,
        nernst,
        e_hcn,
        exchanger_rate,
        saturation,
        exchanger_per_mv,
        pump_maximum,
        pump_numerator,
        pump_denominator,
        half_nai,
        half_ko,
        inside_rate,
        outside_reach,
        outside_rate,
        bath_na,
        bath_k,
        calcium_rate,
        space,
        calcium_exchange,
        bath_ca,
        binding,
        release,
        capacity,
    ) = cable.constants[8:]
    table = cable.table
    lane = cable.lane
    x = gate_dt * (1.0 / 16.0)
    # Coefficients of the Padé approximations of degree 4, by powers of the time constant.
    c1 = 0.5 * x
    c2 = (3.0 / 28.0) * x * x
    c3 = (1.0 / 84.0) * x * x * x
    c4 = (1.0 / 1680.0) * x * x * x * x
    fastest = x * (1.0 / 20.0)
    # Not a constant of compilation: sixteen copies of these loops would not fit the nearest cache.
    n_lanes = here.size // cable.record
    for i in range(n_lanes):
        row, part = _place(here[U * width + i] + cable.rest_mv - start_mv, nodes_per_mv, intervals)
        m_at = STATE * width + i * SLOTS
        for j in range(SLOTS):
            infinity = table[row, j]
            infinity += part * (table[row + 1, j] - infinity)
            t = table[row, SLOTS + j]
            t += part * (table[row + 1, SLOTS + j] - t)
            t2 = t * t
            even = t2 * (t2 + c2) + c4
            odd = t * (c1 * t2 + c3)
            left = power_16((even - odd) / (even + odd))
            # Beyond 320 time constants nothing is left; this also takes an infinite step.
            left = left if t > fastest else 0.0
            here[m_at + j] = infinity + (here[m_at + j] - infinity) * left
    for i in range(n_lanes):
        _channel_sums(cable, here, i)
    for i in range(n_lanes):
        row, part = _place(
            here[U * width + i] + cable.rest_mv - start_mv, nav17_nodes_per_mv, nav17_intervals
        )
        for j in range(4):
            low = table[row, 2 * SLOTS + j]
            lane[(_NAV17_READ + j) * width + i] = low + part * (table[row + 1, 2 * SLOTS + j] - low)

    # What leaves the outside per step: 1 - exp(-dt rate), accurate for small steps.
    y = ion_dt * outside_rate * (1.0 / 16.0)
    y2 = y * y
    odd = y * (0.5 + (1.0 / 84.0) * y2)
    even = 1.0 + y2 * ((3.0 / 28.0) + (1.0 / 1680.0) * y2)
    left = 2.0 * odd / (even + odd)
    left = left * (2.0 - left)
    left = left * (2.0 - left)
    left = left * (2.0 - left)
    left = left * (2.0 - left)
    # Calcium: backward Euler; in the second-order scheme to the middle of the step, and as far again.
    calcium_dt = ion_dt * (1.0 - lead)
    reach = 1.0 + 2.0 * lead
    released = release * calcium_dt
    bound = binding * calcium_dt
    calcium_bath = calcium_dt / calcium_exchange
    calcium_left = 1.0 / (1.0 + calcium_bath)
    a = 1.0 + released
    for i in range(width):
        v = here[U * width + i] + cable.rest_mv
        v_before = here[BEFORE * width + i] + cable.rest_mv
        v_mean = v_before + lead * (v - v_before)
        i_na = here[_NA_G * width + i] * v_mean - here[_NA_D * width + i]
        i_k = here[_K_G * width + i] * v_mean - here[_K_D * width + i]
        i_ca = here[_CA_G * width + i] * v_mean - here[_CA_D * width + i]
        diameter = lane[DIAMETER * width + i]
        # Area over volume is 4/d inside, and 4 d / ((d + w)² - d²) in the space around.
        around = space * (2.0 * diameter + space)
        over = 1.0 / (diameter * around)
        slender = over * around
        nai = here[_NAI * width + i]
        nao = here[_NAO * width + i]
        ki = here[_KI * width + i]
        ko = here[_KO * width + i]
        cai = here[_CAI * width + i]
        cao = here[_CAO * width + i]
        occupancy = here[_OCCUPANCY * width + i]
        nai_new = nai - ion_dt * inside_rate * slender * i_na
        ki_new = ki - ion_dt * inside_rate * slender * i_k
        nao_new = nao + left * ((bath_na - nao) + outside_reach * i_na)
        ko_new = ko + left * ((bath_k - ko) + outside_reach * i_k)
        # Backward Euler for calcium and its buffer together is a quadratic equation for the new calcium.
        inflow = cai - calcium_dt * calcium_rate * slender * i_ca
        b = a + bound * (capacity - (inflow + capacity * occupancy))
        c = inflow * a + capacity * occupancy * released
        wide = abs(b) + np.sqrt(b * b + 4.0 * bound * c)
        cai_new = (2.0 * c if b > 0.0 else wide) / (wide if b > 0.0 else 2.0 * bound)
        occupancy_new = occupancy + reach * ((inflow - cai_new) * (1.0 / capacity))
        cai_new = cai + reach * (cai_new - cai)
        calcium_outside = calcium_rate * diameter * diameter * over * i_ca
        cao_new = (cao + calcium_dt * calcium_outside + calcium_bath * bath_ca) * calcium_left
        cao_new = cao + reach * (cao_new - cao)
        here[_NAI * width + i] = nai_new
        here[_NAO * width + i] = nao_new
        here[_KI * width + i] = ki_new
        here[_KO * width + i] = ko_new
        here[_CAI * width + i] = cai_new
        here[_CAO * width + i] = cao_new
        here[_OCCUPANCY * width + i] = occupancy_new
        nai = nai_new + lead * (nai_new - nai)
        nao = nao_new + lead * (nao_new - nao)
        ki = ki_new + lead * (ki_new - ki)
        ko = ko_new + lead * (ko_new - ko)
        cai = cai_new + lead * (cai_new - cai)
        cao = cao_new + lead * (cao_new - cao)

        # Six reciprocals by one division.
        p = log(cai_new if cai_new > 0.0 else _LOWEST_CALCIUM) * _PER_LN_10 - 3.0
        nai_safe = nai if nai > 0.0 else 1.0
        ki_safe = ki if ki > 0.0 else 1.0
        cai_safe = cai if cai > 0.0 else 1.0
        nai3 = nai * nai * nai
        nao3 = nao * nao * nao
        q1 = nai_safe * ki_safe * cai_safe
        q2 = q1 * p
        q3 = q2 * (nai + half_nai)
        q4 = q3 * (ko + half_ko)
        from_pole = v + pump_denominator
        from_pole = from_pole if from_pole != 0.0 else _AT_POLE_MV
        q5 = q4 * from_pole
        unsaturated = 1.0 + saturation * (cai * nao3 + cao * nai3)
        inverse = 1.0 / (q5 * unsaturated)
        exchange_scale = exchanger_rate * (inverse * q5)
        inverse *= unsaturated
        pole = inverse * q4
        inverse *= from_pole
        k_share = ko * (inverse * q3)
        inverse *= ko + half_ko
        na_share = nai * (inverse * q2)
        inverse *= nai + half_nai
        r = inverse * q1
        inverse *= p
        e_na = nernst * log(nao * (ki_safe * cai_safe * inverse))
        e_k = nernst * log(ko * (nai_safe * cai_safe * inverse))
        e_ca = 0.5 * nernst * log(cao * (nai_safe * ki_safe * inverse))
        e_na = e_na if nao > 0.0 else -_NO_REVERSAL_MV
        e_k = e_k if ko > 0.0 else -_NO_REVERSAL_MV
        e_ca = e_ca if cao > 0.0 else -_NO_REVERSAL_MV
        e_na = e_na if nai > 0.0 else _NO_REVERSAL_MV
        e_k = e_k if ki > 0.0 else _NO_REVERSAL_MV
        e_ca = e_ca if cai > 0.0 else _NO_REVERSAL_MV

        # Gates that are not tabulated: powers of exp(v / 120) and exp(v / 119) serve Kv2.1.
        e1 = exp(v * (1.0 / 120.0))
        e2 = e1 * e1
        e4 = e2 * e2
        e5 = e4 * e1
        e8 = e4 * e4
        e15 = e8 * (e5 * e2)
        f1 = exp(v * (1.0 / 119.0))
        f2 = f1 * f1
        f4 = f2 * f2
        f14 = (f4 * f4) * (f4 * f2)
        f17 = f14 * (f2 * f1)
        z = exp(p * (-25.0 / 12.0))
        z2 = z * z
        kv21_m_rate = _E_15_85 * (f14 * e8) + _E_68_15
        kv21_h_part = _E_102_8 * (e15 * e15) + _E_101_8
        kv21_h_rate = kv21_h_part * (1.0 + e2)
        bk_m_rate = exp((v + 303.0) * r * (1.0 / 3.2) + 58.0 / 3.2) + exp(
            (v + 453.0) * r * (-1.0 / 6.8) - 107.0 / 6.8
        )
        bk_h_rate = exp((v + 100.0) * r * (1.0 / 3.0) + 1.0) + exp(
            (v + 600.0) * r * (-1.0 / 17.0) - 191.0 / 17.0
        )
        # Nine reciprocals by two divisions, so that their products stay finite.
        n1 = 1.0 + _E_27_7 * f17
        n2 = 2.0 * kv21_m_rate + 1.2 * e8
        n3 = e5 + _E_232_24 * z
        n4 = 1.0 + _E_64_012 * (z2 * z2)
        q1 = n1 * n2
        q2 = n3 * n4
        inverse = 1.0 / (q1 * q2)
        q2 = q2 * inverse
        q1 = q1 * inverse
        kv21_h_inf = 0.15 + 0.85 * (q2 * n2)
        kv21_m_rate *= q2 * n1
        bk_m_inf = e5 * (q1 * n4)
        sk_n_inf = q1 * n3
        n1 = 45.0 * (e15 * (1.0 + e2)) + 8200.0 * (e2 * kv21_h_part)
        n2 = 1.0 + exp((v + 8.0 * p - 35.0) * (1.0 / 47.0))
        n3 = 1.0 + 0.4 * bk_m_rate
        n4 = lane[(_NAV17_READ + 2) * width + i]
        n5 = lane[(_NAV17_READ + 3) * width + i]
        q1 = n1 * n2
        q2 = n4 * n5
        q3 = q1 * n3
        inverse = 1.0 / (q3 * q2)
        q2 = q2 * inverse
        q3 = q3 * inverse
        nav17_m_rate = q3 * n5
        nav17_h_rate = q3 * n4
        bk_m_rate *= q1 * q2
        q2 = q2 * n3
        kv21_h_rate *= q2 * n2
        bk_h_inf = q2 * n1
        # Seven decays by one division.
        y = x * factor
        a1, b1 = pade(y * kv21_m_rate)
        a2, b2 = pade(y * kv21_h_rate)
        a3, b3 = pade(y * bk_m_rate)
        a4, b4 = pade(y * bk_h_rate)
        a5, b5 = pade(-y * r)
        a6, b6 = pade(x * nav17_m_rate)
        a7, b7 = pade(x * nav17_h_rate)
        q1 = b1 * b2
        q2 = b3 * b4
        q3 = b5 * b6
        q4 = q1 * q2
        q5 = q3 * b7
        inverse = 1.0 / (q4 * q5)
        q4 = q4 * inverse
        q5 = q5 * inverse
        q1 = q1 * q5
        q2 = q2 * q5
        kv21_m = here[_KV21_M * width + i]
        kv21_h = here[_KV21_H * width + i]
        bk_m = here[_BK_M * width + i]
        bk_h = here[_BK_H * width + i]
        sk_n = here[_SK_N * width + i]
        nav17_m = here[_NAV17_M * width + i]
        nav17_h = here[_NAV17_H * width + i]
        kv21_m_inf = e4 * inverse_cube_root(e8 * e4 + _E_1_10)
        nav17_m_inf = lane[_NAV17_READ * width + i]
        nav17_h_inf = lane[(_NAV17_READ + 1) * width + i]
        kv21_m = kv21_m_inf + (kv21_m - kv21_m_inf) * power_16(a1 * (b2 * q2))
        kv21_h = kv21_h_inf + (kv21_h - kv21_h_inf) * power_16(a2 * (b1 * q2))
        bk_m = bk_m_inf + (bk_m - bk_m_inf) * power_16(a3 * (b4 * q1))
        bk_h = bk_h_inf + (bk_h - bk_h_inf) * power_16(a4 * (b3 * q1))
        sk_n = sk_n_inf + (sk_n - sk_n_inf) * power_16(a5 * (b6 * (b7 * q4)))
        nav17_m = nav17_m_inf + (nav17_m - nav17_m_inf) * power_16(a6 * (b5 * (b7 * q4)))
        nav17_h = nav17_h_inf + (nav17_h - nav17_h_inf) * power_16(a7 * (q3 * q4))
        here[_KV21_M * width + i] = kv21_m
        here[_KV21_H * width + i] = kv21_h
        here[_BK_M * width + i] = bk_m
        here[_BK_H * width + i] = bk_h
        here[_SK_N * width + i] = sk_n
        here[_NAV17_M * width + i] = nav17_m
        here[_NAV17_H * width + i] = nav17_h

        # Channels, ion by ion.
        g_na = g_nav17 * (nav17_m * nav17_m * (nav17_m * nav17_h)) + lane[_SUM_NA * width + i]
        g_ca = lane[_SUM_CA * width + i] + leak_ca
        g_k = (
            g_kv21 * (kv21_m * kv21_m * (kv21_m * kv21_h))
            + (g_bk * (bk_m * bk_h) + g_sk * sk_n)
            + lane[_SUM_K * width + i]
        )
        swing = exp(exchanger_per_mv * v)
        apart = e_na - e_k
        inverse = 1.0 / (apart * swing)
        split = lane[_SUM_H * width + i] * (inverse * swing)
        g_na += split * (e_hcn - e_k) + leak_na
        g_k += split * (e_na - e_hcn) + leak_k

        # Exchanger and pump, linear around v.
        inward = exchange_scale * (nai3 * cao * swing)
        outward = exchange_scale * (nao3 * cai * (inverse * apart))
        exchange = inward - outward
        exchange_slope = exchanger_per_mv * (inward + outward)
        top = pump_maximum * (na_share * na_share * na_share) * (k_share * k_share)
        pump = top * (v + pump_numerator) * pole
        pump_slope = top * (pump_denominator - pump_numerator) * (pole * pole)
        drive_na = g_na * e_na - 3.0 * (exchange + pump) - constant_na
        drive_k = g_k * e_k + 2.0 * pump - constant_k
        drive_ca = g_ca * e_ca + 2.0 * exchange - constant_ca
        slope = 3.0 * (exchange_slope + pump_slope)
        g_na += slope
        drive_na += slope * v
        slope = -2.0 * pump_slope
        g_k += slope
        drive_k += slope * v
        slope = -2.0 * exchange_slope
        g_ca += slope
        drive_ca += slope * v
        here[_NA_G * width + i] = g_na
        here[_NA_D * width + i] = drive_na
        here[_K_G * width + i] = g_k
        here[_K_D * width + i] = drive_k
        here[_CA_G * width + i] = g_ca
        here[_CA_D * width + i] = drive_ca
        hand_over(cable, here, i, g_na + g_k + g_ca, drive_na + drive_k + drive_ca)


_PER_LN_10: Final = float(1.0 / np.log(10.0))
_E_1_10: Final = float(np.exp(1.0 / 10.0))
_E_27_7: Final = float(np.exp(27.0 / 7.0))
_E_15_85: Final = float(np.exp(-15.0 / 8.5))
_E_68_15: Final = float(np.exp(-68.0 / 15.0))
_E_102_8: Final = float(np.exp(-10.2 / 8.0))
_E_101_8: Final = float(np.exp(-101.0 / 8.0))
_E_232_24: Final = float(np.exp(-232.0 / 24.0))
_E_64_012: Final = float(np.exp(-6.4 / 0.12))
