"""The C-nociceptor membrane of Tigerholm et al. (2014), with running concentrations, in plain numpy.

Of the shape of `Membrane` in `single_cable.py`. Rates in 1/ms, voltages in mV, concentrations in mM.
"""

from __future__ import annotations

import numpy as np

T = 37.0
REST = -55.0
R_GAS, FARADAY = 8.314462618, 96485.33212
RT_F = 1e3 * R_GAS * (T + 273.15) / FARADAY
START = {"nai": 11.4, "nao": 154.0, "ki": 121.7, "ko": 5.6}
THETA, LEAVE = 0.029, 0.1 * 1e-7

Gate = tuple[np.ndarray, np.ndarray]
Part = tuple[np.ndarray, np.ndarray]


def q(base: float, reference: float) -> float:
    return base ** ((T - reference) / 10)


def s(v: np.ndarray, half: float, slope: float) -> np.ndarray:
    """1 / (1 + exp((v - half) / slope))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp((v - half) / slope))


def from_rates(a: np.ndarray, b: np.ndarray, factor: float) -> Gate:
    return a / (a + b), 1 / (a + b) / factor


def kinetics(v: np.ndarray) -> dict[str, Gate]:
    """Steady state and time constant (ms) of each gate."""
    q17, q18, q19 = q(2.5, 21), q(2.5, 22), q(2.5, 21)
    qdr, qm, qa, qh = q(3.3, 22), q(3.3, 21), q(3.3, 23), q(3, 22)
    with np.errstate(over="ignore"):
        n_infinity = s(v, -25, -15.4)
        n_low = 1000 * (0.000688 + 1 / (np.exp((v + 75.2) / 6.5) + np.exp(-(v - 131.5) / 34.8)))
        n_tau = np.where(v < -31, n_low, 0.16 + 0.8 * np.exp(-0.0267 * (v + 11)))
        km = s(v, -30, -6)
        hc = s(v, -87.2, 9.7)
        low = np.exp((v + 240) / 50)
        high = np.exp(-(v + 25) / 20)
        tau_u = 1 / (
            0.0002 * 2.0434 * s(v, -67.499, 19.51) + 0.0002 * 1.9952 * s(v, -30.963, -14.792)
        )
        tau_s = 1 / (
            0.001 * 5.4203 * s(v, -79.816, 16.269) + 0.001 * 5.0757 * s(v, -15.968, -11.542)
        )
        return {
            "m17": from_rates(15.5 * s(v, 5, -12.08), 35.2 * s(v, -72.7, 16.7), q17),
            "h17": from_rates(
                0.38685 * s(v, -122.35, 15.29), -0.00283 + 2.00283 * s(v, -5.5266, -12.702), q17
            ),
            "s17": from_rates(
                0.00003 + 0.00092 * s(v, -93.9, 16.6), 132.05 - 132.05 * s(v, 384.9, 28.5), q17
            ),
            "m18": from_rates(
                2.85 - 2.839 * s(v, 1.159, 13.95), 7.6205 * s(v, -46.463, 8.8289), q18
            ),
            "h18": (
                s(v, -32.2, 4),
                (1.218 + 42.043 * np.exp(-((v + 38.1) ** 2) / (2 * 15.19**2))) / q18,
            ),
            "s18": (s(v, -45, 8), tau_s / q18),
            "u18": (s(v, -51, 8), tau_u / q18),
            "m19": from_rates(1.032 * s(v, -6.99, -14.8712), 5.79 * s(v, -130.4, 22.9), q19),
            "h19": from_rates(
                0.06435 * s(v, -73.2642, 3.71928), 0.13496 * s(v, -10.2785, -9.09334), q19
            ),
            "s19": from_rates(1.6e-7 * np.exp(-v / 12), 0.0005 * s(v, -32, -23), q19),
            "ndr": (n_infinity, n_tau / qdr),
            "nsm": (km, np.where(v < -60, 219, 13 * v + 1000) / qm),
            "nfm": (
                km,
                1 / (0.00395 * np.exp((v + 30) / 40) + 0.00395 * np.exp(-(v + 30) / 20)) / qm,
            ),
            "ma": (
                s(v, 9.6, -16.4) ** 4,
                (0.25 + 10.04 * np.exp(-((v + 24.67) ** 2) / (2 * 34.8**2))) / qa,
            ),
            "ha": (
                s(v, -34.9, 4.6),
                np.maximum(20 + 50 * np.exp(-((v + 40) ** 2) / (2 * 40**2)), 5) / qa,
            ),
            "nsh": (hc, np.where(v < -70, 2500 + 100 * low, 300 + 542 * high) / qh),
            "nfh": (hc, np.where(v < -70, 250 + 12 * low, 140 + 50 * high) / qh),
        }


class Tigerholm:
    """Membrane of TIGERHOLM."""

    rest_mv = REST

    def start(self, n: int, diameter_um: float) -> None:
        v = np.full(n, REST)
        self.d = diameter_um
        self.c = {name: np.full(n, value) for name, value in START.items()}
        self.before = self.c
        self.gates = {name: infinity for name, (infinity, _) in kinetics(v).items()}
        self.leak = {"na": 0.0, "k": 0.0}
        self.leak = {
            ion: float(-(g * v - drive)[0] / (REST - e[0]))
            for ion, (g, drive, e) in self.ionic(self.c).items()
        }

    def ionic(
        self, c: dict[str, np.ndarray]
    ) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Conductance, drive (current = G v - D) and reversal of each ion."""
        x = self.gates
        e_na = RT_F * np.log(c["nao"] / c["nai"])
        e_k = RT_F * np.log(c["ko"] / c["ki"])
        half_h = 0.5 * 0.0025377 * 0.5 * (x["nsh"] + x["nfh"])
        g_na = (
            0.10664 * x["m17"] ** 3 * x["h17"] * x["s17"]
            + 0.24271 * x["m18"] ** 3 * x["h18"] * x["s18"] * x["u18"]
            + 9.4779e-5 * x["m19"] * x["h19"] * x["s19"]
            + half_h
            + self.leak["na"]
        )
        w = 0.37 / (1 + (38.7 / c["nai"]) ** 3.5)
        g_k = (
            0.018002 * x["ndr"] ** 4
            + 0.0069733 * (x["nsm"] / 4 + 3 * x["nfm"] / 4)
            + 0.012756 * x["ma"] * x["ha"]
            + 0.00042 * w
            + half_h
            + self.leak["k"]
        )
        inside = c["nai"] + 8
        pump = -0.0047891 / (1 + 1 / c["ko"]) ** 2
        pump = pump * (1.62 / (1 + (6.7 / inside) ** 3) + 1 / (1 + (67.6 / inside) ** 3))
        return {"na": (g_na, g_na * e_na + 1.5 * pump, e_na), "k": (g_k, g_k * e_k - pump, e_k)}

    def currents(self, v: np.ndarray, lead: float) -> tuple[np.ndarray, np.ndarray]:
        del v
        c = {name: self.c[name] + lead * (self.c[name] - self.before[name]) for name in self.c}
        self.parts = self.ionic(c)
        return sum(g for g, _, _ in self.parts.values()), sum(d for _, d, _ in self.parts.values())

    def advance_ions(self, v: np.ndarray, dt: float, lead: float = 0.0) -> None:
        del lead
        flow = {ion: g * v - drive for ion, (g, drive, _) in self.parts.items()}
        new = {}
        for ion, bath in (("na", 154.0), ("k", 5.6)):
            new[ion + "i"] = self.c[ion + "i"] - dt * 4e4 * flow[ion] / (FARADAY * self.d)
            settled = bath + flow[ion] / (FARADAY * LEAVE)
            decay = np.exp(-dt * 1e4 * LEAVE / THETA)
            new[ion + "o"] = settled + (self.c[ion + "o"] - settled) * decay
        self.before, self.c = self.c, new

    def advance_gates(self, v: np.ndarray, dt: float) -> None:
        for name, (infinity, tau) in kinetics(v).items():
            self.gates[name] = infinity + (self.gates[name] - infinity) * np.exp(-dt / tau)
