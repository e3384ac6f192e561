"""The MRG double cable written out compartment by compartment: short, slow, obvious.

One dense linear solve per step over the intracellular and periaxonal potentials of every compartment,
gates by the published formulas. Schemes: ``neuron`` (implicit, gates after the voltage) and ``second_order``
(half a step implicit, then twice as far; gates half a step ahead; two implicit half steps at an edge). Nothing of `scsim.kernels` or `scsim.fibers.assemble` is used; sizes
come from `Morphology`, whose numbers other tests check. Units: mV, ms, nA, µS, nF, µm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scsim.fibers import Fiber

F1 = 2.2 ** ((37.0 - 20.0) / 10.0)
F2 = 2.9 ** ((37.0 - 20.0) / 10.0)
F3 = 3.0 ** ((37.0 - 36.0) / 10.0)


def vtrap(x: float, scale: float) -> float:
    """x / (1 - exp(-x / scale)), its limit within 1e-6 of 0."""
    if abs(x / scale) < 1e-6:
        return scale
    return x / -np.expm1(-x / scale)


def rates(v: float) -> dict[str, tuple[float, float]]:
    """Opening and closing rates of the gates of the node, 1/ms, clamps included."""
    a_p = 0.00086725 * F1 if v < -150 else F1 * 0.01 * vtrap(v + 27, 10.2)
    b_p = 1.5855e-5 * F1 if v > 150 else F1 * 0.00025 * vtrap(-(v + 34), 10)
    a_m = 0.15733 * F1 if v < -150 else F1 * 1.86 * vtrap(v + 21.4, 10.3)
    b_m = 0.0057268 * F1 if v > 150 else F1 * 0.086 * vtrap(-(v + 25.7), 9.16)
    a_h = 0.0032594 * F2 if v > 150 else F2 * 0.062 * vtrap(-(v + 114), 11)
    b_h = 0.0014054 * F2 if v < -150 else F2 * 2.3 / (1 + np.exp(-(v + 31.8) / 13.4))
    a_s = 3.3484e-5 * F3 if v < -150 else F3 * 0.3 / (1 + np.exp(-(v + 53) / 5))
    b_s = 3.3484e-6 * F3 if v < -150 else F3 * 0.03 / (1 + np.exp(-(v + 90)))
    return {"p": (a_p, b_p), "m": (a_m, b_m), "h": (a_h, b_h), "s": (a_s, b_s)}


def steady(v: float) -> dict[str, float]:
    """Gates at rest at a voltage."""
    return {gate: a / (a + b) for gate, (a, b) in rates(v).items()}


@dataclass
class DoubleCable:
    """State and constants of one fiber."""

    kind: list[str]
    c_ax: np.ndarray
    g_ax: np.ndarray
    c_my: np.ndarray
    g_my: np.ndarray
    axial: np.ndarray
    periaxonal: np.ndarray
    area_cm2: np.ndarray
    v_i: np.ndarray
    v_p: np.ndarray
    gates: list[dict[str, float]]
    e: np.ndarray

    @property
    def v_m(self) -> np.ndarray:
        """Transmembrane voltage of every compartment, mV."""
        return self.v_i - self.v_p


def build(fiber: Fiber) -> DoubleCable:
    """Lay out a fiber, nodes and internodes in a row."""
    shape = fiber.morphology
    kinds = (["node"] + ["mysa", "flut"] + ["stin"] * 6 + ["flut", "mysa"]) * fiber.node_count
    kinds = kinds[: fiber.n_compartments]
    kinds[0] = kinds[-1] = "end"
    length = {
        "end": shape.node_length_um, "node": shape.node_length_um, "mysa": shape.mysa_length_um,
        "flut": shape.flut_length_um, "stin": shape.stin_length_um,
    }  # fmt: skip
    inner = {
        "end": shape.node_diameter_um, "node": shape.node_diameter_um, "mysa": shape.node_diameter_um,
        "flut": shape.axon_diameter_um, "stin": shape.axon_diameter_um,
    }  # fmt: skip
    ell = np.array([length[k] for k in kinds])
    d = np.array([inner[k] for k in kinds])
    w = np.array([0.004 if k in {"flut", "stin"} else 0.002 for k in kinds])
    rho = np.array([1e10 if k == "end" else 70.0 for k in kinds])
    area = np.pi * d * ell * 1e-8
    myelin = np.pi * shape.fiber_diameter_um * ell * 1e-8
    leak = np.array([{"end": 1e-4, "node": 0.0, "mysa": 1e-3}.get(k, 1e-4) for k in kinds])
    c_ax = np.array([1.0 if k == "end" else 2.0 for k in kinds]) * area * 1e3
    half = rho * (ell / 2) * 1e-4 / (np.pi * d**2 / 4 * 1e-8) * 1e-6
    ring = np.pi * ((d / 2 + w) ** 2 - (d / 2) ** 2) * 1e-8
    half_p = 70.0 * (ell / 2) * 1e-4 / ring * 1e-6
    n = len(kinds)
    v = np.full(n, -80.0)
    return DoubleCable(
        kind=kinds, c_ax=c_ax, g_ax=leak * area * 1e6, area_cm2=area,
        c_my=0.1 / (2 * shape.lamellae) * myelin * 1e3, g_my=0.001 / (2 * shape.lamellae) * myelin * 1e6,
        axial=1 / (half[:-1] + half[1:]), periaxonal=1 / (half_p[:-1] + half_p[1:]),
        v_i=v.copy(), v_p=np.zeros(n), gates=[steady(-80.0) for _ in kinds], e=np.zeros(n),
    )  # fmt: skip


def solve(
    cable: DoubleCable,
    e: np.ndarray,
    dt: float,
    injected: np.ndarray | None = None,
    weight: float = 1.0,
) -> None:
    """One implicit step of all voltages with frozen gates, `weight` times as far."""
    n = len(cable.kind)
    matrix = np.zeros((2 * n, 2 * n))
    right = np.zeros(2 * n)
    for i, kind in enumerate(cable.kind):
        gate = cable.gates[i]
        conductance, drive = cable.g_ax[i], cable.g_ax[i] * -80.0
        if kind == "node":
            siemens = cable.area_cm2[i] * 1e6
            sodium = siemens * (3.0 * gate["m"] ** 3 * gate["h"] + 0.01 * gate["p"] ** 3)
            other = siemens * (0.08 * gate["s"] + 0.007)
            conductance, drive = sodium + other, sodium * 50.0 + other * -90.0
        membrane = cable.c_ax[i] / dt + conductance
        charge = cable.c_ax[i] / dt * (cable.v_i[i] - cable.v_p[i]) + drive
        matrix[i, i] += membrane
        matrix[i, n + i] -= membrane
        right[i] += charge + (0.0 if injected is None else injected[i])
        if kind in {"node", "end"}:
            matrix[n + i, n + i] = 1.0
            right[n + i] = e[i]
        else:
            myelin = cable.c_my[i] / dt
            matrix[n + i, n + i] += membrane + myelin + cable.g_my[i]
            matrix[n + i, i] -= membrane
            right[n + i] += -charge + (myelin + cable.g_my[i]) * e[i]
            right[n + i] += myelin * (cable.v_p[i] - cable.e[i])
        for j, k in ((i - 1, i - 1), (i + 1, i)):
            if 0 <= j < n:
                matrix[i, i] += cable.axial[k]
                matrix[i, j] -= cable.axial[k]
                if kind not in {"node", "end"}:
                    matrix[n + i, n + i] += cable.periaxonal[k]
                    matrix[n + i, n + j] -= cable.periaxonal[k]
    solution = np.linalg.solve(matrix, right)
    # Every capacitor sees v_i - v_p or v_p - e, so voltages from the outside are what moves on.
    inside, ring = cable.v_i - cable.e, cable.v_p - cable.e
    inside += weight * (solution[:n] - e - inside)
    ring += weight * (solution[n:] - e - ring)
    cable.v_i, cable.v_p, cable.e = inside + e, ring + e, e.copy()


def move_gates(cable: DoubleCable, dt: float) -> None:
    """Gates of every node with the rates of its voltage held."""
    for i, kind in enumerate(cable.kind):
        if kind == "node":
            for gate, (a, b) in rates(float(cable.v_m[i])).items():
                infinity = a / (a + b)
                old = cable.gates[i][gate]
                cable.gates[i][gate] = infinity + (old - infinity) * np.exp(-dt * (a + b))


def advance(
    cable: DoubleCable, e: np.ndarray, dt: float, injected: np.ndarray | None = None
) -> None:
    """One step of NEURON's scheme: voltage implicit with frozen gates, then the gates."""
    solve(cable, e, dt, injected)
    move_gates(cable, dt)


def simulate(
    fiber: Fiber,
    v_e: np.ndarray,
    waveform: np.ndarray,
    amplitude: float,
    dt: float,
    injected: tuple[int, np.ndarray] | None = None,
    scheme: str = "neuron",
) -> np.ndarray:
    """v_m at the nodes, mV, shape (n_nodes, n_steps + 1).

    `v_e` of shape (n_compartments,) with one waveform, or of (n_sources, n_compartments) with a row of
    `waveform` for each. Every change of a level or current counts as an edge.
    """
    cable = build(fiber)
    zero = np.zeros(fiber.n_compartments)
    for _ in range(40):
        advance(cable, zero, 5.0)
    fields = amplitude * np.atleast_2d(v_e)
    levels = np.atleast_2d(waveform)
    into = np.zeros((levels.shape[1], fiber.n_compartments))
    if injected is not None:
        into[:, 11 * injected[0]] = injected[1]
    rows = [cable.v_m[::11].copy()]
    if scheme == "second_order":
        move_gates(cable, 0.5 * dt)
    for step in range(levels.shape[1]):
        e, current = levels[:, step] @ fields, into[step]
        last = step - 1
        before = levels[:, last] if step else 0.0 * levels[:, 0]
        is_edge = np.any(levels[:, step] != before) or np.any(
            current != (into[last] if step else 0.0 * current)
        )
        if scheme == "neuron":
            advance(cable, e, dt, current)
        elif is_edge:
            solve(cable, e, 0.5 * dt, current)
            solve(cable, e, 0.5 * dt, current)
            move_gates(cable, dt)
        else:
            solve(cable, e, 0.5 * dt, current, 2.0)
            move_gates(cable, dt)
        rows.append(cable.v_m[::11].copy())
    return np.array(rows).T
