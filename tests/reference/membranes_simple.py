"""Membranes without changing concentrations, by the published formulas: Sweeney, Rattay, Sundt.

Each has the shape of `Membrane` in `single_cable.py`. Rates in 1/ms, voltages in mV.
"""

from __future__ import annotations

import numpy as np

T = 37.0


def floored_exp(x: np.ndarray) -> np.ndarray:
    """exp, with exponents below -100 taken as exp = 0."""
    return np.where(x < -100.0, 0.0, np.exp(np.maximum(x, -100.0)))


def ratio(x: np.ndarray, scale: float) -> np.ndarray:
    """x / (exp(x / scale) - 1), `scale` at 0."""
    y = x / scale
    near = np.abs(y) < 1e-7
    return np.where(near, scale * (1 - y / 2), x / np.expm1(np.where(near, 1.0, y)))


class Gated:
    """Gates with steady states and time constants of the voltage alone, ohmic channels."""

    rest_mv: float
    gates: dict[str, np.ndarray]

    def kinetics(self, v: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Steady state and time constant (ms) of each gate."""
        raise NotImplementedError

    def channels(self) -> list[tuple[np.ndarray, float]]:
        """Conductance (S/cm²) and reversal (mV) of each channel."""
        raise NotImplementedError

    def start(self, n: int, diameter_um: float) -> None:
        del diameter_um
        rest = self.kinetics(np.full(n, self.rest_mv))
        self.gates = {name: infinity for name, (infinity, _) in rest.items()}

    def currents(self, v: np.ndarray, lead: float) -> tuple[np.ndarray, np.ndarray]:
        del lead
        nothing = np.zeros_like(v)
        channels = self.channels()
        return sum((g for g, _ in channels), nothing), sum((g * e for g, e in channels), nothing)

    def advance_ions(self, v: np.ndarray, dt: float, lead: float) -> None:
        """Nothing moves."""

    def advance_gates(self, v: np.ndarray, dt: float) -> None:
        for name, (infinity, tau) in self.kinetics(v).items():
            self.gates[name] = infinity + (self.gates[name] - infinity) * np.exp(-dt / tau)


class Sweeney(Gated):
    """Sweeney, Mortimer & Durand (1987)."""

    rest_mv = -80.0

    def kinetics(self, v: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        a_m = (126 + 0.363 * v) / (1 + floored_exp(-(v + 49) / 5.3))
        b_m = a_m * floored_exp(-(v + 56.2) / 4.17)
        b_h = 15.6 / (1 + floored_exp(-(v + 56) / 10))
        a_h = b_h * floored_exp(-(v + 74.5) / 5)
        return {
            "m": (a_m / (a_m + b_m), 1 / (a_m + b_m)),
            "h": (a_h / (a_h + b_h), 1 / (a_h + b_h)),
        }

    def channels(self) -> list[tuple[np.ndarray, float]]:
        m, h = self.gates["m"], self.gates["h"]
        return [(1.445 * m**2 * h, 35.64), (np.full_like(m, 0.128), -80.01)]


class Rattay(Gated):
    """Rattay & Aberham (1993), with the look-up table of the reference program."""

    rest_mv = -70.0

    def exact(self, v: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Steady state and time constant by the formulas."""
        u = v + 70
        k = 2.24659524757 ** ((T - 6.3) / 10)
        rates = {
            "m": (ratio(2.5 - 0.1 * u, 1.0), 4 * np.exp(-u / 18)),
            "h": (0.07 * np.exp(-u / 20), 1 / (np.exp(3 - 0.1 * u) + 1)),
            "n": (0.1 * ratio(1 - 0.1 * u, 1.0), 0.125 * np.exp(-u / 80)),
        }
        return {gate: (a / (a + b), 1 / (a + b) / k) for gate, (a, b) in rates.items()}

    def kinetics(self, v: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        grid = np.linspace(-100.0, 100.0, 201)
        return {
            gate: (np.interp(v, grid, infinity), np.interp(v, grid, tau))
            for gate, (infinity, tau) in self.exact(grid).items()
        }

    def channels(self) -> list[tuple[np.ndarray, float]]:
        m, h, n = (self.gates[gate] for gate in "mhn")
        return [(0.12 * m**3 * h, 45.0), (0.036 * n**4, -82.0), (np.full_like(m, 0.0003), -59.4)]


class Sundt(Gated):
    """Sundt, Gamper & Jaffe (2015)."""

    rest_mv = -60.0

    def kinetics(self, v: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        q = 3 ** ((T - 30) / 10)
        um, uh = v + 65 - 6, v + 65 + 6
        a_m, b_m = q * 0.32 * ratio(13.1 - um, 4.0), q * 0.28 * ratio(um - 40.1, 5.0)
        a_h, b_h = q * 0.128 * np.exp((17 - uh) / 18), q * 4 / (np.exp((40 - uh) / 5) + 1)
        k = 9.648e4 / (8.315 * (273.16 + T)) * 1e-3
        a_n, a_l = np.exp(-5 * (v + 32) * k), np.exp(2 * (v + 61) * k)
        return {
            "m": (a_m / (a_m + b_m), 1 / (a_m + b_m)),
            "h": (a_h / (a_h + b_h), 1 / (a_h + b_h)),
            "n": (1 / (1 + a_n), np.exp(-5 * 0.4 * (v + 32) * k) / (q * 0.03 * (1 + a_n))),
            "l": (1 / (1 + a_l), np.exp(2 * 1.0 * (v + 61) * k) / (q * 0.001 * (1 + a_l))),
        }

    def channels(self) -> list[tuple[np.ndarray, float]]:
        m, h, n, el = (self.gates[gate] for gate in "mhnl")
        leak = np.full_like(m, 1e-4)
        return [(0.04 * m**3 * h, 50.0), (0.04 * n**3 * el, -90.0), (leak, -60.0)]
