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

Here a table for the step of the gates is made of those (`steps.py`), and of the exact rates of Kv2.1; the nodes of
both lie between its rows, so that steady states are the model's to rounding. BK and SK see calcium and are computed.

Concentrations advance with the currents of the linear solve itself, ion by ion ``G v - D``, at its end or, in
the second-order scheme, in the middle of the step, for which reversal potentials are half a step ahead.

References
----------
Thio et al. (2024), doi:10.1371/journal.pcbi.1012475 (thio2024).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import decay, exp_bounded, log
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import LANE_FIELDS, hand_over
from scsim.kernels.membranes.nernst import log_of_parts, ratio_parts
from scsim.kernels.membranes.steps import GATE_FIELDS, find_rows, step_gates
from scsim.kernels.membranes.steps import gate_table as tabulate
from scsim.kernels.single_cable import BEFORE, STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scsim.kernels.jit import FloatArray

ThioCable = cable_kind("ThioCable", __name__)

TABULATED: Final = (
    *("nav18_m", "nav19_m", "cav22_m", "kv14_m", "nav17_m", "cav12_m", "kv34_m", "kv21_m"),
    *("nav18_h", "nav19_h", "cav22_h", "kv14_h", "nav17_h", "cav12_h", "kv34_h", "kv21_h"),
    *("nav18_s", "nav19_s", "cav22_s", "kv14_s", "km_m", "km_n", "hcn_m", "hcn_n"),
)
"""Gate in each slot of the table."""
_SLOTS: Final = (0,) * len(TABULATED)

# Fields after the tabulated gates.
_BK_M: Final = STATE + len(TABULATED)
_BK_H: Final = _BK_M + 1
_SK_N: Final = _BK_M + 2
_NAI: Final = _BK_M + 3
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
# Fields of the lane array: constants of a lane, then what one loop leaves for the next.
_INVERSE_DIAMETER: Final = LANE_FIELDS + GATE_FIELDS
_OVER_RING: Final = _INVERSE_DIAMETER + 1
_SUM_NA: Final = _INVERSE_DIAMETER + 2
_SUM_K: Final = _INVERSE_DIAMETER + 3
_SUM_CA: Final = _INVERSE_DIAMETER + 4
_SUM_H: Final = _INVERSE_DIAMETER + 5
N_SCRATCH: Final = GATE_FIELDS + 6
"""Fields that the lane array has for this membrane."""

STATES: Final = (
    *(f"slot_{slot}" for slot in range(len(TABULATED))),
    *("bk_m", "bk_h", "sk_n"),
    *("nai", "nao", "ki", "ko", "cai", "cao", "occupancy"),
    *("na_conductance", "na_drive", "k_conductance", "k_drive", "ca_conductance", "ca_drive"),
)
"""Gates, concentrations (mM; the occupancy is a share), and what the last solve had of each ion's current
(S/cm², mA/cm²)."""

_CHANNELS: Final = (
    *("nav18", "nav19", "cav22", "kv14", "nav17", "cav12", "kv34", "kv21", "km", "hcn", "bk", "sk"),
)
CONSTANTS: Final = (
    *(f"g_{name}_s_per_cm2" for name in _CHANNELS),
    "factor.gates",
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
    "space.calcium_exchange_ms",
    "start.cao",
    "buffer.binding_rate",
    "buffer.release_rate",
    "buffer.capacity",
)

_NO_REVERSAL_MV: Final = 1e6
"""Reversal potential for a concentration that is not positive, as the reference program has it."""
_LOWEST_CALCIUM: Final = 1e-9
"""Calcium that BK and SK take for one that is not positive, mM, likewise."""
_AT_POLE_MV: Final = 1e-9
"""Distance from the pole of the pump that is taken for none, mV."""
_V_LIMIT: Final = 400.0
"""Bound of v where exponentials are taken, mV."""
_CM_UM: Final = 1e4
"""µm in a cm: from mA/cm² per µm to mA/cm³; 1 mA ms is 1 µC, and 1 µmol/cm³ is 1 mM."""


def kinetics(
    values: Mapping[str, float], v: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Steady state and time constant (ms) of each tabulated gate at the voltages `v` (mV), by its name."""
    gates: dict[str, tuple[FloatArray, FloatArray]] = {}
    for rates, intervals, factor in (
        (_tabulated, "look_up.intervals", values["factor.gates"]),
        (_nav17, "look_up.nav17_intervals", values["factor.nav17"]),
    ):
        grid = _grid(values, intervals)
        for name, (infinity, tau) in rates(grid).items():
            gates[name] = (np.interp(v, grid, infinity), np.interp(v, grid, tau) / factor)
    factor = values["factor.gates"]
    gates["kv21_m"] = (
        _root(v, -1.0, -10.0),
        (2.0 + 1.2 / (_e(v, -15.0, 8.5) + _e(v, 68.0, -15.0))) / factor,
    )
    gates["kv21_h"] = (
        0.15 + 0.85 * _z(v, 27.0, 7.0),
        (45.0 / (_e(v, -10.2, 8.0) + _e(v, 101.0, -8.0)) + 8200.0 * _z(v, 0.0, -60.0)) / factor,
    )
    return gates


def gate_table(membrane: str, values: Mapping[str, float], dt_ms: float) -> FloatArray:
    """Tabulate the gates for a step (ms), see `scsim.kernels.membranes.steps`."""
    del membrane
    return tabulate(partial(kinetics, values), TABULATED, None, dt_ms)


def lane_constants(values: Mapping[str, float], diameter_um: float) -> tuple[float, ...]:
    """Give what speeds the concentrations: surface over volume inside and outside, over 4, 1/µm."""
    space = values["space.width_um"]
    return 1.0 / diameter_um, diameter_um / (space * (2.0 * diameter_um + space))


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
    gate |= read(_nav17, values["nav17_nodes_per_mv"])
    p = float(np.log10(cai)) - 3.0
    e_na = values["nernst_mv"] * float(np.log(nao / nai))
    e_k = values["nernst_mv"] * float(np.log(ko / ki))
    e_ca = values["nernst_mv"] * float(np.log(cao / cai)) / 2.0
    kv21_m = float(_z(v, -1.0, -10.0)[0])
    kv21_h = 0.15 + 0.85 * float(_z(v, 27.0, 7.0)[0])
    bk = float((_z(v, 50.0 * p + 232.0, -24.0) * _z(v, 8.0 * p - 35.0, 47.0))[0])
    sk = 1.0 / (1.0 + float(np.exp(-(p + 6.4) / 0.12)))
    g_na = (
        values["g_nav17_s_per_cm2"] * gate["nav17_m"] ** 3 * gate["nav17_h"]
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
        "nav17_m": (
            _root(v, 25.0, -7.0),
            0.5 * (0.07 / (_e(v, -11.4, 14.0) + _e(v, 61.0, -9.4)) + 0.1 * _z(v, 5.5, -8.0)),
        ),
        "nav17_h": (_z(v, 79.0, 7.0), 1.0 / (_e(v, 131.0, -9.5) + _e(v, 5.7, 12.4))),
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
def _channel_sums(cable: Any, here: FloatArray, i: int) -> None:
    """Add up the tabulated channels of lane `i`, ion by ion."""
    width = len(cable.width)
    (g_nav18, g_nav19, g_cav22, g_kv14, g_nav17, g_cav12, g_kv34, g_kv21, g_km, g_hcn) = (
        cable.constants[:10]
    )
    lane = cable.lane
    m = here[STATE * width + i * len(_SLOTS) : STATE * width + (i + 1) * len(_SLOTS)]
    h = m[8:]
    s = m[16:]
    lane[_SUM_NA * width + i] = (
        g_nav18 * (m[0] * m[0] * (m[0] * h[0]) * s[0])
        + g_nav19 * (m[1] * m[1] * (m[1] * h[1]) * s[1])
        + g_nav17 * (m[4] * m[4] * (m[4] * h[4]))
    )
    lane[_SUM_CA * width + i] = g_cav22 * (m[2] * m[2] * (m[2] * h[2]) * s[2]) + g_cav12 * (
        m[5] * m[5] * (m[5] * h[5])
    )
    lane[_SUM_K * width + i] = (
        g_kv14 * (m[3] * m[3] * (m[3] * h[3]) * s[3])
        + g_kv34 * (m[6] * m[6] * (m[6] * h[6]))
        + g_kv21 * (m[7] * m[7] * (m[7] * h[7]))
        + g_km * (0.25 * (s[4] * s[4] * s[4]) + 0.75 * (s[5] * s[5] * s[5]))
    )
    lane[_SUM_H * width + i] = g_hcn * (0.75 * (s[6] * s[6] * s[6]) + 0.25 * (s[7] * s[7] * s[7]))


@inline_kernel
def _exp(x: float, exps: tuple[float, ...]) -> float:
    """Exponential of any number, as at its bounds beyond ±100."""
    return float(exp_bounded(min(max(x, -100.0), 100.0), exps))


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
        g_bk,
        g_sk,
        factor,
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
        calcium_exchange,
        bath_ca,
        binding,
        release,
        capacity,
        table_dt,
    ) = cable.constants[10:]
    lane = cable.lane
    exps = cable.exps
    # Not a constant of compilation: sixteen copies of this loop would not fit the nearest cache.
    n_lanes = here.size // cable.record
    power = gate_dt / table_dt
    find_rows(cable, here, n_lanes)
    for pair in range(n_lanes // 2):
        i = 2 * pair
        step_gates(cable, here, _SLOTS, i, power)
        _channel_sums(cable, here, i)
        _channel_sums(cable, here, i + 1)

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
        slender = lane[_INVERSE_DIAMETER * width + i]
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
        calcium_outside = calcium_rate * lane[_OVER_RING * width + i] * i_ca
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

        v_bounded = min(max(v, -_V_LIMIT), _V_LIMIT)
        # Seven reciprocals by one division.
        p = log(cai_new if cai_new > 0.0 else _LOWEST_CALCIUM) * _PER_LN_10 - 3.0
        nai3 = nai * nai * nai
        nao3 = nao * nao * nao
        whole_na, above_na, below_na = ratio_parts(
            nao if nao > 0.0 else 1.0, nai if nai > 0.0 else 1.0
        )
        whole_k, above_k, below_k = ratio_parts(ko if ko > 0.0 else 1.0, ki if ki > 0.0 else 1.0)
        whole_ca, above_ca, below_ca = ratio_parts(
            cao if cao > 0.0 else 1.0, cai if cai > 0.0 else 1.0
        )
        from_pole = v + pump_denominator
        from_pole = from_pole if from_pole != 0.0 else _AT_POLE_MV
        to_nai = nai + half_nai
        to_ko = ko + half_ko
        unsaturated = 1.0 + saturation * (cai * nao3 + cao * nai3)
        q1 = below_na * below_k
        q2 = below_ca * p
        q3 = to_nai * to_ko
        q4 = from_pole * unsaturated
        q12 = q1 * q2
        q34 = q3 * q4
        inverse = 1.0 / (q12 * q34)
        q34 = q34 * inverse
        q12 = q12 * inverse
        q1 = q1 * q34  # 1 / q2
        q2 = q2 * q34  # 1 / q1
        q3 = q3 * q12  # 1 / q4
        q4 = q4 * q12  # 1 / q3
        r = q1 * below_ca
        na_share = nai * (q4 * to_ko)
        k_share = ko * (q4 * to_nai)
        pole = q3 * unsaturated
        exchange_scale = exchanger_rate * (q3 * from_pole)
        e_na = nernst * log_of_parts(whole_na, above_na * (below_k * q2))
        e_k = nernst * log_of_parts(whole_k, above_k * (below_na * q2))
        e_ca = 0.5 * nernst * log_of_parts(whole_ca, above_ca * (p * q1))
        e_na = e_na if nao > 0.0 else -_NO_REVERSAL_MV
        e_k = e_k if ko > 0.0 else -_NO_REVERSAL_MV
        e_ca = e_ca if cao > 0.0 else -_NO_REVERSAL_MV
        e_na = e_na if nai > 0.0 else _NO_REVERSAL_MV
        e_k = e_k if ki > 0.0 else _NO_REVERSAL_MV
        e_ca = e_ca if cai > 0.0 else _NO_REVERSAL_MV

        # Gates that see calcium, and the exchanger.
        e5 = exp_bounded(v_bounded * (1.0 / 24.0), exps)
        z = exp_bounded(p * (-25.0 / 12.0), exps)
        z2 = z * z
        bk_m_rate = _exp((v_bounded + 303.0) * r * (1.0 / 3.2) + 58.0 / 3.2, exps) + _exp(
            (v_bounded + 453.0) * r * (-1.0 / 6.8) - 107.0 / 6.8, exps
        )
        bk_h_rate = _exp((v_bounded + 100.0) * r * (1.0 / 3.0) + 1.0, exps) + _exp(
            (v_bounded + 600.0) * r * (-1.0 / 17.0) - 191.0 / 17.0, exps
        )
        swing = exp_bounded(exchanger_per_mv * v_bounded, exps)
        apart = e_na - e_k
        # Six reciprocals by one division.
        n1 = e5 + _E_232_24 * z
        n2 = 1.0 + _E_64_012 * (z2 * z2)
        n3 = 1.0 + exp_bounded((v_bounded + 8.0 * p - 35.0) * (1.0 / 47.0), exps)
        n4 = 1.0 + 0.4 * bk_m_rate
        n5 = apart * swing
        q1 = n1 * n2
        q2 = n3 * n4
        q12 = q1 * q2
        inverse = 1.0 / (q12 * n5)
        over_n5 = inverse * q12
        inverse *= n5
        q2 = q2 * inverse
        q1 = q1 * inverse
        bk_m_inf = e5 * (q2 * n2)
        sk_n_inf = q2 * n1
        bk_h_inf = q1 * n4
        bk_m_rate *= q1 * n3
        y = gate_dt * factor
        bk_m = here[_BK_M * width + i]
        bk_h = here[_BK_H * width + i]
        sk_n = here[_SK_N * width + i]
        bk_m = bk_m_inf + (bk_m - bk_m_inf) * decay(y * bk_m_rate, exps)
        bk_h = bk_h_inf + (bk_h - bk_h_inf) * decay(y * bk_h_rate, exps)
        sk_n = sk_n_inf + (sk_n - sk_n_inf) * decay(-y * r, exps)
        here[_BK_M * width + i] = bk_m
        here[_BK_H * width + i] = bk_h
        here[_SK_N * width + i] = sk_n

        # Channels, ion by ion.
        split = lane[_SUM_H * width + i] * (over_n5 * swing)
        g_na = lane[_SUM_NA * width + i] + split * (e_hcn - e_k) + leak_na
        g_ca = lane[_SUM_CA * width + i] + leak_ca
        g_k = (
            lane[_SUM_K * width + i]
            + (g_bk * (bk_m * bk_h) + g_sk * sk_n)
            + split * (e_na - e_hcn)
            + leak_k
        )

        # Exchanger and pump, linear around v.
        inward = exchange_scale * (nai3 * cao * swing)
        outward = exchange_scale * (nao3 * cai * (over_n5 * apart))
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
_E_232_24: Final = float(np.exp(-232.0 / 24.0))
_E_64_012: Final = float(np.exp(-6.4 / 0.12))
