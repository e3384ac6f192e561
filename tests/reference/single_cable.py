"""One single-cable fiber written out in plain numpy: short, slow, obvious.

One banded linear solve per step over the sections of a straight chain, then concentrations, then gates.
Nothing of `scsim.kernels` or `scsim.fibers` is used. Membranes are objects of the shape of `Membrane`,
one file each (``membranes_*.py``). Units: mV, ms, nA, µS, nF, µm; membranes work per cm², in S/cm² and
mA/cm².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import solve_banded


class Membrane(Protocol):
    """Channels of all sections at once; holds its own gates and concentrations, each of shape (n,)."""

    rest_mv: float
    """Nominal rest, mV."""

    def start(self, n: int, diameter_um: float) -> None:
        """Set concentrations to their start and every gate to its steady state at rest."""

    def currents(self, v: np.ndarray, lead: float) -> tuple[np.ndarray, np.ndarray]:
        """Give G (S/cm²) and D (mA/cm²) such that the ionic current is G v' - D for v' near v.

        `lead`: part of a step by which concentrations are extrapolated, 0 or 0.5.
        """

    def advance_ions(self, v: np.ndarray, dt: float, lead: float) -> None:
        """Advance the concentrations with the ionic currents at v; gates are those before the step.

        `lead`: 0.5 in a trapezoidal step, else 0.
        """

    def advance_gates(self, v: np.ndarray, dt: float) -> None:
        """Advance the gates at v; rates that depend on a concentration take the new one."""


@dataclass
class Chain:
    """Sections of one fiber, ends included.

    `active` is False for the passive end sections, whose leak is `end_leak` (S/cm²) toward `end_mv`.
    """

    diameter_um: float
    area_cm2: np.ndarray
    capacitance: np.ndarray  # µF/cm²
    axial: np.ndarray  # µS, (n - 1,)
    active: np.ndarray
    end_leak: float
    end_mv: float


def unmyelinated(
    n: int, diameter_um: float, resistivity: float, capacitance: float, end_mv: float | None
) -> Chain:
    """A chain of `n` sections of 8.333 µm; `end_mv` None leaves the ends as they are."""
    resistivities = np.full(n, resistivity)
    capacitances = np.full(n, capacitance)
    active = np.ones(n, dtype=bool)
    if end_mv is not None:
        resistivities[[0, -1]] = 1e10
        capacitances[[0, -1]] = 1.0
        active[[0, -1]] = False
    half = resistivities * 8.333e-4 / 2 / (np.pi / 4 * (diameter_um * 1e-4) ** 2) * 1e-6  # MΩ
    return Chain(
        diameter_um=diameter_um,
        area_cm2=np.full(n, np.pi * diameter_um * 8.333e-8),
        capacitance=capacitances,
        axial=1 / (half[:-1] + half[1:]),
        active=active,
        end_leak=1e-4,
        end_mv=0.0 if end_mv is None else end_mv,
    )


def nodes_in_perfect_myelin(n: int, fiber_diameter_um: float) -> Chain:
    """Sweeney's nodes, linked by the axoplasm of two nodes' halves and the myelin section between."""
    inner = 0.6 * fiber_diameter_um
    core = np.pi / 4 * (inner * 1e-4) ** 2
    node_half = np.full(n, 54.7 * 1.5e-4 / 2 / core * 1e-6)
    node_half[[0, -1]] = 1e10 * 1.5e-4 / 2 / core * 1e-6
    myelin = 54.7 * (100 * fiber_diameter_um - 1.5) * 1e-4 / core * 1e-6
    active = np.ones(n, dtype=bool)
    active[[0, -1]] = False
    return Chain(
        diameter_um=fiber_diameter_um,
        area_cm2=np.full(n, np.pi * inner * 1.5e-8),
        capacitance=np.where(active, 2.5, 1.0),
        axial=1 / (node_half[:-1] + myelin + node_half[1:]),
        active=active,
        end_leak=1e-4,
        end_mv=-80.0,
    )


class Simulator:
    """State of one fiber, advanced step by step."""

    def __init__(self, chain: Chain, membrane: Membrane) -> None:
        self.chain, self.membrane = chain, membrane
        n = chain.active.size
        self.v = np.full(n, membrane.rest_mv)
        membrane.start(n, chain.diameter_um)
        self.lead = 0.0  # of the conductances, which follow the step before

    def linear_step(self, e: np.ndarray, injected: np.ndarray, h: float, w: float) -> np.ndarray:
        """One implicit solve over `h` ms with frozen gates, extrapolated by `w`; gives v before it."""
        chain = self.chain
        conductance, drive = self.membrane.currents(self.v, self.lead)
        conductance = np.where(chain.active, conductance, chain.end_leak)
        drive = np.where(chain.active, drive, chain.end_leak * chain.end_mv)
        scale = chain.area_cm2 * 1e6  # S to µS, mA to nA
        c_h = chain.capacitance * 1e-3 * scale / h
        g = np.concatenate([[0.0], chain.axial, [0.0]])
        from_field = np.zeros_like(e)
        step = chain.axial * np.diff(e)
        from_field[:-1] += step
        from_field[1:] -= step
        banded = np.zeros((3, e.size))
        banded[0, 1:] = -chain.axial
        banded[1] = c_h + conductance * scale + g[:-1] + g[1:]
        banded[2, :-1] = -chain.axial
        right = c_h * self.v + drive * scale + from_field + injected
        before = self.v
        self.v = before + w * (solve_banded((1, 1), banded, right) - before)
        return before

    def step(self, e: np.ndarray, injected: np.ndarray, dt: float) -> None:
        """NEURON's fixed step: voltage, concentrations at the voltage before, gates at the new one."""
        before = self.linear_step(e, injected, dt, 1.0)
        self.membrane.advance_ions(before, dt, 0.0)
        self.membrane.advance_gates(self.v, dt)

    def step_second_order(
        self, e: np.ndarray, injected: np.ndarray, dt: float, *, edge: bool
    ) -> None:
        """Trapezoidal voltage with gates half a step ahead; two implicit half steps after an edge."""
        if edge:
            for gate_dt in (0.0, dt):
                before = self.linear_step(e, injected, dt / 2, 1.0)
                self.membrane.advance_ions(before, dt / 2, 0.0)
                self.membrane.advance_gates(self.v, gate_dt)
                self.lead = 0.0
            return
        before = self.linear_step(e, injected, dt / 2, 2.0)
        self.membrane.advance_ions(0.5 * (before + self.v), dt, 0.5)
        self.membrane.advance_gates(self.v, dt)
        self.lead = 0.5


def simulate(
    chain: Chain,
    membrane: Membrane,
    potential: np.ndarray,
    waveform: np.ndarray,
    dt: float,
    *,
    injected: tuple[int, np.ndarray] | None = None,
    scheme: str = "neuron",
    edges: np.ndarray | None = None,
) -> np.ndarray:
    """v_m of all sections, mV, shape (n_steps + 1, n), after the start-up of 40 steps of 5 ms.

    `potential` (mV) times `waveform` (one value per step) is the outside potential; `injected` is a
    section and its current in each step, nA; `edges` tells before which steps the waveform jumps.
    """
    nothing = np.zeros(chain.active.size)
    fiber = Simulator(chain, membrane)
    for _ in range(40):
        fiber.step(nothing, nothing, 5.0)
    if scheme == "second_order":
        membrane.advance_gates(fiber.v, dt / 2)
    rows = [fiber.v]
    for n, level in enumerate(waveform):
        current = nothing.copy()
        if injected is not None:
            current[injected[0]] = injected[1][n]
        if scheme == "second_order":
            edge = edges is not None and bool(edges[n])
            fiber.step_second_order(level * potential, current, dt, edge=edge)
        else:
            fiber.step(level * potential, current, dt)
        rows.append(fiber.v)
    return np.array(rows)


def trace_pulse(row: dict[str, str]) -> tuple[int, np.ndarray]:
    """Section and current (nA) of each step of a row of the published table of traces."""
    dt = float(row["dt_ms"])
    middle = (np.arange(round(float(row["tstop_ms"]) / dt)) + 0.5) * dt
    on = float(row["iclamp_on_ms"])
    inside = (middle > on) & (middle < on + float(row["iclamp_dur_ms"]))
    return int(row["iclamp_node"]), np.where(inside, float(row["iclamp_nA"]), 0.0)
