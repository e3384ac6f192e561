"""Gates of the MRG node against the published formulas, clamps and removable singularities included."""

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.solver import Solver
from scsim.kernels import layouts as at
from scsim.kernels.cables import refresh
from tests.reference import double_cable as plain

GATES = {"m": at.GATE_M, "h": at.GATE_H, "p": at.GATE_P, "s": at.GATE_S}
SINGULAR = (-27.0, -34.0, -21.4, -25.7, -114.0)
GRID = np.concatenate([np.linspace(-400.0, 400.0, 1601), SINGULAR, np.add(SINGULAR, 1e-4)])
STARTS = {"m": 0.3, "h": 0.9, "p": 0.01, "s": 0.5}


def advanced(v: np.ndarray, dt: float, solver: Solver) -> dict[str, np.ndarray]:
    """Gates after a step of dt ms at voltages v, mV, from `STARTS`: one node of a long fiber each."""
    fiber = Fiber("mrg", 10.0, n_nodes=v.size + 2)
    lanes = assemble_lanes([fiber], [np.zeros((0, fiber.n_compartments))], solver)
    cable = lanes.cable
    nodes = cable.buffer.reshape(-1, cable.record, lanes.n_lanes)[2:-2]
    nodes[:, at.U] = v[:, None] - cable.rest_mv
    for gate, start in STARTS.items():
        nodes[:, GATES[gate]] = start
    refresh(cable, dt)
    return {gate: nodes[:, field, 0].astype(np.float64) for gate, field in GATES.items()}


def expected(v: np.ndarray, dt: float) -> dict[str, np.ndarray]:
    """The same by the published formulas."""
    table: dict[str, list[float]] = {gate: [] for gate in GATES}
    for voltage in v:
        for gate, (a, b) in plain.rates(float(voltage)).items():
            steady = a / (a + b)
            table[gate].append(steady + (STARTS[gate] - steady) * np.exp(-dt * (a + b)))
    return {gate: np.array(values) for gate, values in table.items()}


# A gate changes by at most 1/4 (steady state) + 1/e (decay) of the relative error of a rate. Within `nearest` of a
# removable singularity the kernels take x / (1 - exp(-x)) there, which is off by half of it. Elsewhere rates are as
# good as the exponential: 1.6e-10, ten times that where it is raised to its tenth power; 3e-7 in float32, and some
# roundings of 6e-8.
SENSITIVITY = 0.25 + 1.0 / np.e


def tolerance(v: np.ndarray, nearest: float, elsewhere: float) -> np.ndarray:
    is_near = np.min(np.abs(np.subtract.outer(v, SINGULAR)), axis=1) < 0.1
    return SENSITIVITY * np.where(is_near, 0.5 * nearest, elsewhere)


@pytest.mark.parametrize("dt", [0.001, 0.005, 0.01, 5.0, np.inf])
def test_gate_step_equals_the_published_formula(dt: float) -> None:
    mine, published = advanced(GRID, dt, Solver()), expected(GRID, min(dt, 1e6))
    for gate in GATES:
        assert np.all(np.abs(mine[gate] - published[gate]) < tolerance(GRID, 1e-6, 1.6e-9)), gate


@pytest.mark.parametrize("dt", [0.001, 0.005, 0.01])
@pytest.mark.parametrize("modes", [20, 12])
def test_single_gate_step_is_near_the_published_formula(dt: float, modes: int) -> None:
    v = GRID[np.abs(GRID) <= 150.0]
    mine = advanced(v, dt, Solver(modes=modes, precision="float32"))
    published = expected(v, dt)
    for gate in GATES:
        assert np.all(np.abs(mine[gate] - published[gate]) < tolerance(v, 1e-3, 4e-6)), gate


def test_a_step_of_no_length_leaves_the_gates() -> None:
    mine = advanced(GRID, 0.0, Solver())
    for gate, start in STARTS.items():
        # The kernel takes 1e-12 ms for 0; rates reach 1e4 per ms at 400 mV.
        assert np.max(np.abs(mine[gate] - start)) < 1e-8, gate


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_gates_stay_between_0_and_1_for_absurd_voltages(precision: str) -> None:
    v = np.array([-1e9, -1e4, -400.0, 400.0, 1e4, 1e9])
    for dt in (0.005, np.inf):
        for gate, values in advanced(v, dt, Solver(precision=precision)).items():
            assert np.all((values >= 0.0) & (values <= 1.0)), gate
