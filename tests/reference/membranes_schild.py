"""The C-type vagal afferents of Schild et al. (1994) and Schild & Kunze (1997), in plain numpy.

Of the shape of `Membrane` in `single_cable.py`. Voltages in mV, concentrations in mM.
"""

from __future__ import annotations

import numpy as np

T, KELVIN = 37.0, 310.15
REST = -46.5
R_GAS, FARADAY = 8.314, 96500.0
E_NA, E_K = 76.1792474793765, -87.9213973182458
NAI, NAO, KO = 8.9, 154.0, 5.4
G94 = (0.0689671, 0.00104335, 1.80376e-4, 1.41471e-4, 1.06103e-4, 1.41471e-4, 1.06103e-4)
G94 += (1.23787e-5, 1.85681e-5, 3.00626e-6)
G97 = (0.022434928, 0.022434928, 1.956534e-3, 1.304356e-3, 7.82614e-4, 9.13049e-4, 5.21743e-4)
G97 += (1.8261e-4, 1.8261e-5, 9.13049e-6)

Gate = tuple[np.ndarray, np.ndarray]


def sigmoid(v: np.ndarray, h: float, k: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp((v + h) / k))


def bell(v: np.ndarray, a: float, b: float, c: float, v0: float) -> np.ndarray:
    return a * np.exp(-((b * (v - v0)) ** 2)) + c


def q10(base: float, reference: float = 22.85) -> float:
    return base ** ((reference - T) / 10)


def sodium94(v: np.ndarray) -> dict[str, Gate]:
    m, h = q10(2.3), q10(1.5)
    return {
        "fm": (sigmoid(v, 41.35 - 17.5, -4.75), m * bell(v, 0.75, 0.0635, 0.12, -40.35)),
        "fh": (sigmoid(v, 62 - 17.5, 4.5), h * bell(v, 6.5, 0.0295, 0.55, -75)),
        "fj": (sigmoid(v, 40, 1.5), 25 * sigmoid(v, -20, 4.5) + 0.01),
        "sm": (sigmoid(v, 20.35 - 20, -4.45), m * bell(v, 1.5, 0.0595, 0.15, -20.35)),
        "sh": (sigmoid(v, 18 - 20, 4.5), h * bell(v, 4.95, 0.0335, 0.75, -20)),
    }


def sodium97(v: np.ndarray) -> dict[str, Gate]:
    m, h = q10(2.3, 22), q10(1.5, 22)
    return {
        "fm": (sigmoid(v, 31.62, -6.98), m * bell(v, 1.15, 0.06, 0.21, -40)),
        "fh": (sigmoid(v, 65.99, 5.97), h * bell(v, 18, 0.043, 1.35, -62.5)),
        "sm": (sigmoid(v, 11.29, -5.54), m * bell(v, 1.45, 0.058, 0.26, -14.5)),
        "sh": (sigmoid(v, 31, 5.2), h * bell(v, 10.75, 0.067, 3.15, -13.5)),
    }


def others(v: np.ndarray, cai: np.ndarray) -> dict[str, Gate]:
    x = (v + 14.273) / 10
    near = np.abs(x) < 1e-6
    a_n = 0.01265 * np.where(near, 1 + x / 2, x / -np.expm1(-np.where(near, 1.0, x)))
    b_n = 0.125 * np.exp((v + 55) / -2.5)
    a_c, b_c = 750 * cai * np.exp((v - 10) / 12), 0.05 * np.exp((v - 10) / -60)
    ka, ca = q10(1.93), q10(4.3)
    return {
        "n": (sigmoid(v, 17.62, -18.38), q10(1.4) * (1 / (a_n + b_n) + 1)),
        "p": (sigmoid(v, 31, -28), ka * bell(v, 5, 0.022, 2.5, -65)),
        "q": (sigmoid(v, 61, 7), ka * bell(v, 100, 0.035, 10.5, -30)),
        "x": (sigmoid(v, 42.59, -14.68), ka * bell(v, 5, 0.022, 2.5, -65)),
        "y": (sigmoid(v, 51, 7), ka * np.full_like(v, 7500.0)),
        "c": (a_c / (a_c + b_c), q10(2.3) * 4.5 / (a_c + b_c)),
        "nd": (sigmoid(v, 13, -4.5), ca * bell(v, 3.25, 0.042, 0.395, -31)),
        "f1": (sigmoid(v, 13, 25), ca * bell(v, 33.5, 0.0395, 5, -30)),
        "f2": (sigmoid(v, 33, 10) + 0.2 * sigmoid(v, -2, -10), ca * bell(v, 225, 0.0275, 75, -40)),
        "td": (sigmoid(v, 47, -5.75), q10(1.9) * bell(v, 22, 0.052, 2.5, -68)),
        "tf": (sigmoid(v, 61, 6), q10(2.2) * bell(v, 103, 0.05, 12.5, -58)),
    }


class Schild:
    """Membrane of SCHILD94 (year 94) or SCHILD97 (year 97)."""

    rest_mv = REST

    def __init__(self, year: int) -> None:
        self.sodium, self.g = {94: (sodium94, G94), 97: (sodium97, G97)}[year]

    def kinetics(self, v: np.ndarray) -> dict[str, Gate]:
        """Steady state and time constant (ms) of each gate."""
        return self.sodium(v) | others(v, self.c["cai"])

    def start(self, n: int, diameter_um: float) -> None:
        self.d = diameter_um
        start = {"cai": 0.000117, "cao": 2.0, "O": 0.05}
        self.c = {name: np.full(n, value) for name, value in start.items()}
        self.before = self.c
        self.gates = {name: x for name, (x, _) in self.kinetics(np.full(n, REST)).items()}

    def currents(self, v: np.ndarray, lead: float) -> tuple[np.ndarray, np.ndarray]:
        c = {name: self.c[name] + lead * (self.c[name] - self.before[name]) for name in self.c}
        x, (fast, slow, kd, ka, kds, kca, can, cat, na_leak, ca_leak) = self.gates, self.g
        cai, cao = c["cai"], c["cao"]
        volt = 1e3 * R_GAS * KELVIN / FARADAY
        e_ca = volt / 2 * np.log(cao / np.where(cai > 0, cai, 1e-9)) - 78.7
        sodium = fast * x["fm"] ** 3 * x["fh"] * x.get("fj", 1.0) + slow * x["sm"] ** 3 * x["sh"]
        potassium = (
            kd * x["n"] + ka * x["p"] ** 3 * x["q"] + kds * x["x"] ** 3 * x["y"] + kca * x["c"]
        )
        calcium = can * x["nd"] * (0.55 * x["f1"] + 0.45 * x["f2"]) + cat * x["td"] * x["tf"]

        ca_pump = 0.000859437 * q10(2.3, 22) * cai / (cai + 0.0005)
        u = 0.5 * v / volt
        factor = 1.27324e-6 * q10(2.2) / (1 + 0.0036 * (cai * NAO**3 + cao * NAI**3))
        inward = factor * NAI**3 * cao * np.exp(u)
        outward = factor * NAO**3 * cai * np.exp(-u)
        exchange, exchange_slope = inward - outward, 0.5 / volt * (inward + outward)
        top = 0.00972614 * q10(1.16) * (NAI / (NAI + 5.46)) ** 3 * (KO / (KO + 0.621)) ** 2
        pump, pump_slope = top * (v + 150) / (v + 200), top * 50 / (v + 200) ** 2

        g_ca = calcium + ca_leak
        slope_ca = g_ca - 2 * exchange_slope
        self.calcium_part = slope_ca, g_ca * e_ca - ca_pump + 2 * exchange - 2 * exchange_slope * v
        rest_g = sodium + na_leak + potassium + 3 * exchange_slope + pump_slope
        rest_d = (
            (sodium + na_leak) * E_NA
            + potassium * E_K
            - 3 * exchange
            - pump
            + (3 * exchange_slope + pump_slope) * v
        )
        return rest_g + self.calcium_part[0], rest_d + self.calcium_part[1]

    def advance_ions(self, v: np.ndarray, dt: float, lead: float = 0.0) -> None:
        """Backward Euler; with lead 0.5 over half the step, then extrapolated: the trapezoidal rule."""
        old, d = self.c, self.d
        flow = self.calcium_part[0] * v - self.calcium_part[1]
        dt, w = dt * (1 - lead), 1 + 2 * lead
        cai, taken = old["cai"].copy(), old["O"].copy()
        for _ in range(60):
            a = cai - old["cai"] + dt * 4e4 * flow / (2 * FARADAY * d) + 0.004 * (taken - old["O"])
            b = taken - old["O"] - dt * (100 * cai * (1 - taken) - 0.238 * taken)
            bc, bo = -dt * 100 * (1 - taken), 1 + dt * (100 * cai + 0.238)
            determinant = bo - 0.004 * bc
            cai = cai - (a * bo - 0.004 * b) / determinant
            taken = taken - (b - bc * a) / determinant
        gain = 1e4 * 4 * d * flow / (2 * FARADAY * ((d + 1) ** 2 - d**2))
        cao = (old["cao"] + dt * (gain + 2.0 / 4511)) / (1 + dt / 4511)
        new = {"cai": cai, "cao": cao, "O": taken}
        self.before = old
        self.c = {name: old[name] + w * (new[name] - old[name]) for name in new}

    def advance_gates(self, v: np.ndarray, dt: float) -> None:
        for name, (infinity, tau) in self.kinetics(v).items():
            self.gates[name] = infinity + (self.gates[name] - infinity) * np.exp(-dt / tau)
