"""The two C-fiber membranes of Thio et al. (2024), with running concentrations, in plain numpy.

Of the shape of `Membrane` in `single_cable.py`. `tables=False` evaluates every rate exactly instead of
interpolating the look-up tables of the reference program.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CELSIUS = 37.0
KELVIN = 310.15
R_GAS = 8.314462618
FARADAY = 96485.33212
REST = -58.5

PARAMETERS = {
    "autonomic": {
        "Nav17": 0.036813,
        "Nav18": 0.075747,
        "Nav19": 0.000376,
        "BK": 0.000156,
        "CaV12": 0.000004,
        "CaV22": 0.009546,
        "KM": 0.002864,
        "HCN": 0.002789,
        "Kv21": 0.005337,
        "Kv34": 0.000289,
        "Kv14": 0.000024,
        "SK": 0.000006,
        "exchanger": 0.000210,
        "pump": 0.056316,
        "resistivity": 23.117539,
    },
    "cutaneous": {
        "Nav17": 0.035663,
        "Nav18": 0.115643,
        "Nav19": 0.000504,
        "BK": 0.002016,
        "CaV12": 0.000188,
        "CaV22": 0.000361,
        "KM": 0.000003,
        "HCN": 0.000106,
        "Kv21": 0.327196,
        "Kv34": 0.001786,
        "Kv14": 0.000044,
        "SK": 0.000755,
        "exchanger": 0.009242,
        "pump": 0.000456,
        "resistivity": 27.513088,
    },
}

START = {"nai": 11.4, "nao": 154.0, "ki": 144.9, "ko": 5.6, "cai": 0.000117, "cao": 2.0, "O": 0.05}

Gate = tuple[np.ndarray, np.ndarray]


def rise(v: np.ndarray, a: float, b: float) -> np.ndarray:
    return np.exp((v + a) / b)


def fall(v: np.ndarray, a: float, b: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp((v + a) / b))


def nav17(v: np.ndarray) -> dict[str, Gate]:
    return {
        "Nav17m": (
            fall(v, 25, -7) ** (1 / 3),
            0.5 * (0.07 / (rise(v, -11.4, 14) + rise(v, 61, -9.4)) + 0.1 * fall(v, 5.5, -8)),
        ),
        "Nav17h": (fall(v, 79, 7), 1 / (rise(v, 131, -9.5) + rise(v, 5.7, 12.4))),
    }


def others(v: np.ndarray) -> dict[str, Gate]:
    third = 1 / 3
    return {
        "Nav18m": (
            fall(v, 4, -7) ** third,
            0.5 * (0.03 + 0.5 / (rise(v, 0, 12) + rise(v, 29, -18))),
        ),
        "Nav18h": (
            fall(v, 28, 4.56),
            2.63 + 250 / (rise(v, 36, 7.7) + rise(v, 0, -16.3)) + 1.4 * fall(v, 0.6, -2.95),
        ),
        "Nav18s": (
            fall(v, 50, 7.5),
            34 / (rise(v, 2, 16) + rise(v, 108, -8)) + 160 * fall(v, 110, -75),
        ),
        "Nav19m": (
            fall(v, 51, -8.4) ** third,
            0.5 * (0.3 + 1 / (rise(v, 1.3, 22) + rise(v, 82, -10))),
        ),
        "Nav19h": (fall(v, 55, 11.5), 2 + 1 / (rise(v, -32, 14) + rise(v, 157, -12))),
        "Nav19s": (
            0.03 + 0.97 * fall(v, 79, 6.87),
            1 / (rise(v, -195, 29) + rise(v, 193, -12.4)) + 1165 * fall(v, 40, -30),
        ),
        "CaV12m": (fall(v, -1.75, -10) ** third, 0.25 + 0.5 / (rise(v, -15, 5) + rise(v, 27, -12))),
        "CaV12h": (fall(v, -10, 8), 1.4 / (rise(v, -145, 30) + rise(v, 150, -16.4))),
        "CaV22m": (fall(v, 4, -7.5) ** third, 0.1 + 0.5 / (rise(v, -3, 6.7) + rise(v, 37, -13.5))),
        "CaV22h": (fall(v, 48, 7), 10 / (rise(v, -54, 23) + rise(v, 150, -35))),
        "CaV22s": (fall(v, 81, 8.6), 50 + 30 / (rise(v, -50, 26) + rise(v, 150, -26))),
        "KMm": (
            fall(v, 44, -6.4) ** third,
            0.5 * (104 / (rise(v, -7, 20) + rise(v, 32, -20)) + 30 * fall(v, 40, -80)),
        ),
        "KMn": (
            fall(v, 32, -9.2) ** third,
            0.5 * (15 + 62 / (rise(v, -13, 20) + rise(v, 90, -20)) + 50 * fall(v, 50, -8)),
        ),
        "HCNm": (fall(v, 97, 7.35) ** third, 0.5 / (rise(v, -42, 11.8) + rise(v, 498, -66.6))),
        "HCNn": (fall(v, 94, 8.9) ** third, 0.5 / (rise(v, 25, 4.1) + rise(v, 356, -32))),
        "Kv34m": (fall(v, -24, -17) ** third, 0.5 / (rise(v, -39, 13) + rise(v, 134, -47))),
        "Kv34h": (fall(v, 31, 12), 15 + 1 / (rise(v, -60, 15) + rise(v, 300, -27))),
        "Kv14m": (
            fall(v, 25, -12) ** third,
            0.5 * (0.6 + 2748 / (rise(v, 128, 14.5) + rise(v, 10, -8)) + 1.7 * fall(v, 8.5, 10.65)),
        ),
        "Kv14h": (
            0.073 + 0.924 * fall(v, 47, 4.75),
            35 + 11.22 / (rise(v, 21.4, 9.48) + rise(v, 155.3, -16.4)),
        ),
        "Kv14s": (
            0.415 + 0.576 * fall(v, 44.5, 5.93) + 0.103 * fall(v, 0, -18.37),
            1000 * (3.97 / (rise(v, 35.1, 9.97) + rise(v, 83.3, -18)) + 2.5 * fall(v, 27.3, -7.11)),
        ),
    }


def untabulated(v: np.ndarray, cai: np.ndarray) -> dict[str, Gate]:
    p = np.log10(np.where(cai > 0, cai, 1e-9)) - 3
    with np.errstate(over="ignore"):
        return {
            "Kv21m": (
                fall(v, -1, -10) ** (1 / 3),
                2 + 1.2 / (rise(v, -15, 8.5) + rise(v, 68, -15)),
            ),
            "Kv21h": (
                0.15 + 0.85 * fall(v, 27, 7),
                45 / (rise(v, -10.2, 8) + rise(v, 101, -8)) + 8200 * fall(v, 0, -60),
            ),
            "BKm": (
                1 / (1 + np.exp((v + 50 * p + 232) / -24)),
                0.4
                + 1
                / (
                    np.exp((v + 58 * p + 303) / (3.2 * p))
                    + np.exp((v + 107 * p + 453) / (-6.8 * p))
                ),
            ),
            "BKh": (
                1 / (1 + np.exp((v + 8 * p - 35) / 47)),
                1 / (np.exp((v + 3 * p + 100) / (3 * p)) + np.exp((v + 191 * p + 600) / (-17 * p))),
            ),
            "SKn": (1 / (1 + np.exp(-(p + 6.4) / 0.12)), -p),
        }


def tabulated(
    rates: Callable[[np.ndarray], dict[str, Gate]], intervals: int
) -> Callable[[np.ndarray], dict[str, Gate]]:
    """Linear interpolation between `intervals` + 1 nodes from -120 to 100 mV, constant outside."""
    nodes = np.linspace(-120, 100, intervals + 1)
    table = rates(nodes)

    def look_up(v: np.ndarray) -> dict[str, Gate]:
        return {
            name: (np.interp(v, nodes, infinity), np.interp(v, nodes, tau))
            for name, (infinity, tau) in table.items()
        }

    return look_up


def reversal(inside: np.ndarray, outside: np.ndarray, valence: int) -> np.ndarray:
    safe = np.log(np.where(outside > 0, outside, 1.0) / np.where(inside > 0, inside, 1.0))
    e = 1e3 * R_GAS * KELVIN / (valence * FARADAY) * safe
    e = np.where(outside > 0, e, -1e6)
    return np.where(inside > 0, e, 1e6)


class Thio:
    """Membrane of THIO_AUTONOMIC ("autonomic") or THIO_CUTANEOUS ("cutaneous")."""

    rest_mv = REST

    def __init__(self, name: str, *, tables: bool = True) -> None:
        self.g = PARAMETERS[name]
        self.nav17 = tabulated(nav17, 200) if tables else nav17
        self.others = tabulated(others, 440) if tables else others

    def kinetics(self, v: np.ndarray) -> dict[str, Gate]:
        """Steady state and time constant (ms) of each gate."""
        fast, slow = 3 ** ((CELSIUS - 21) / 10), 3 ** ((CELSIUS - 22) / 10)
        gates = {name: (i, tau / fast) for name, (i, tau) in self.nav17(v).items()}
        rest = self.others(v) | untabulated(v, self.c["cai"])
        return gates | {name: (i, tau / slow) for name, (i, tau) in rest.items()}

    def start(self, n: int, diameter_um: float | np.ndarray) -> None:
        self.d = diameter_um
        self.c = {name: np.full(n, value) for name, value in START.items()}
        self.before = self.c
        v = np.full(n, REST)
        self.gates = {name: infinity for name, (infinity, _) in self.kinetics(v).items()}
        self.leak = dict.fromkeys(("na", "k", "ca"), 0.0)
        self.constant = dict.fromkeys(("na", "k", "ca"), 0.0)
        leak, constant = {}, {}
        for ion, (g, d, e) in self.ionic(v, self.c).items():
            current = float((g * v - d)[0])
            conductance = -current / (REST - float(e[0]))
            leak[ion] = conductance if conductance >= 0 else 0.0
            constant[ion] = 0.0 if conductance >= 0 else -current
        self.leak, self.constant = leak, constant

    def ionic(
        self, v: np.ndarray, c: dict[str, np.ndarray]
    ) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Conductance, drive (current = G v' - D near v) and reversal of each ion."""
        g, x = self.g, self.gates
        e_na = reversal(c["nai"], c["nao"], 1)
        e_k = reversal(c["ki"], c["ko"], 1)
        e_ca = reversal(c["cai"], c["cao"], 2)
        g_na = (
            g["Nav17"] * x["Nav17m"] ** 3 * x["Nav17h"]
            + g["Nav18"] * x["Nav18m"] ** 3 * x["Nav18h"] * x["Nav18s"]
            + g["Nav19"] * x["Nav19m"] ** 3 * x["Nav19h"] * x["Nav19s"]
        )
        g_ca = (
            g["CaV12"] * x["CaV12m"] ** 3 * x["CaV12h"]
            + g["CaV22"] * x["CaV22m"] ** 3 * x["CaV22h"] * x["CaV22s"]
        )
        g_k = (
            g["KM"] * (0.25 * x["KMm"] ** 3 + 0.75 * x["KMn"] ** 3)
            + g["Kv21"] * x["Kv21m"] ** 3 * x["Kv21h"]
            + g["Kv34"] * x["Kv34m"] ** 3 * x["Kv34h"]
            + g["Kv14"] * x["Kv14m"] ** 3 * x["Kv14h"] * x["Kv14s"]
            + g["BK"] * x["BKm"] * x["BKh"]
            + g["SK"] * x["SKn"]
        )
        g_h = g["HCN"] * (0.25 * x["HCNn"] ** 3 + 0.75 * x["HCNm"] ** 3)
        g_na = g_na + g_h * (-30 - e_k) / (e_na - e_k)
        g_k = g_k + g_h * (-30 - e_na) / (e_k - e_na)

        nai, nao, cai, cao = c["nai"], c["nao"], c["cai"], c["cao"]
        scale = 0.5 * 96500 / (8314 * 310)
        factor = g["exchanger"] * 36e-9 * 2.2 / (1 + 0.0036 * (cai * nao**3 + cao * nai**3))
        inward = factor * nai**3 * cao * np.exp(scale * v)
        outward = factor * nao**3 * cai * np.exp(-scale * v)
        exchange, exchange_slope = inward - outward, scale * (inward + outward)

        top = g["pump"] * 1.16 ** ((22.85 - CELSIUS) / 10)
        top = top * (nai / (nai + 5.46)) ** 3 * (c["ko"] / (c["ko"] + 0.621)) ** 2
        pump, pump_slope = top * (v + 150) / (v + 200), top * 50 / (v + 200) ** 2

        result = {}
        for ion, conductance, e, (exchanged, pumped) in (
            ("na", g_na, e_na, (3, 3)),
            ("k", g_k, e_k, (0, -2)),
            ("ca", g_ca, e_ca, (-2, 0)),
        ):
            total = conductance + self.leak[ion]
            slope = exchanged * exchange_slope + pumped * pump_slope
            rest = exchanged * exchange + pumped * pump + self.constant[ion]
            result[ion] = (total + slope, total * e + slope * v - rest, e)
        return result

    def currents(self, v: np.ndarray, lead: float) -> tuple[np.ndarray, np.ndarray]:
        c = {name: self.c[name] + lead * (self.c[name] - self.before[name]) for name in self.c}
        self.parts = self.ionic(v, c)
        nothing = np.zeros_like(v)
        return (
            sum((g for g, _, _ in self.parts.values()), nothing),
            sum((d for _, d, _ in self.parts.values()), nothing),
        )

    def advance_ions(self, v: np.ndarray, dt: float, lead: float) -> None:
        """With the currents of the last solve at v; lead 0.5: calcium by the implicit midpoint rule."""
        c, d = self.c, self.d
        flow = {ion: g * v - drive for ion, (g, drive, _) in self.parts.items()}
        theta, leave = 0.03, 0.1 * 1e-7
        new = {}
        new["nai"] = c["nai"] - dt * 4e4 * flow["na"] / (FARADAY * d)
        new["ki"] = c["ki"] - dt * 4e4 * flow["k"] / (FARADAY * d)
        gone = -np.expm1(-dt * 1e4 * leave / theta)
        for name, ion, bath in (("nao", "na", 154.0), ("ko", "k", 5.6)):
            new[name] = c[name] + gone * (bath + flow[ion] / (FARADAY * leave) - c[name])
        h, w = (dt / 2, 2.0) if lead else (dt, 1.0)
        cai, taken = self.calcium(flow["ca"], h)
        gain = 1e4 * 4 * d * flow["ca"] / (2 * 96500 * ((d + theta) ** 2 - d**2))
        cao = (c["cao"] + h * (gain + 2.0 / 4511)) / (1 + h / 4511)
        for name, there in (("cai", cai), ("O", taken), ("cao", cao)):
            new[name] = c[name] + w * (there - c[name])
        self.before, self.c = c, new

    def calcium(self, flow: np.ndarray, dt: float) -> Gate:
        """One backward Euler step of calcium and its buffer together, by Newton until it stands."""
        cai, taken = self.c["cai"].copy(), self.c["O"].copy()
        for _ in range(20):
            rate = 100 * cai * (1 - taken) - 0.238 * taken
            inflow = -dt * 4e4 * flow / (2 * 96500 * self.d)
            a = cai - self.c["cai"] - inflow + 0.004 * (taken - self.c["O"])
            b = taken - self.c["O"] - dt * rate
            bc, bo = -dt * 100 * (1 - taken), 1 + dt * (100 * cai + 0.238)
            determinant = bo - 0.004 * bc
            cai = cai - (a * bo - 0.004 * b) / determinant
            taken = taken - (b - bc * a) / determinant
        return cai, taken

    def advance_gates(self, v: np.ndarray, dt: float) -> None:
        for name, (infinity, tau) in self.kinetics(v).items():
            self.gates[name] = infinity + (self.gates[name] - infinity) * np.exp(-dt / tau)
