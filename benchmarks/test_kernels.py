"""Speed of the compiled kernels alone, on arrays made beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scenarios import (
    BY_NAME,
    bipolar_potentials,
    gate_conditions,
    lead_sources,
    straight_fibers,
)
from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.assemble_rate import lane_buffer, lane_events
from scsim.circuit.rates.rate import STEP_MS, InputBoxes, RateBox
from scsim.circuit.states import apply_states
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.solver import Solver
from scsim.fields.unit_potential import source_array, superpose
from scsim.kernels.cables import NEURON, run
from scsim.kernels.layouts import LANES, U
from scsim.kernels.potential import homogeneous
from scsim.kernels.rate import N_STATES, run_rates

if TYPE_CHECKING:
    from benchmarks.conftest import Measure


def test_field_kernel(measure: Measure) -> None:
    sizes = BY_NAME["field_kernel"].sizes
    sources = source_array(lead_sources())
    z = np.linspace(-50.0, 50.0, sizes["points"])
    x = np.linspace(-2.0, 2.0, sizes["lines"])
    points = np.array([(a, -0.1, b) for a in x for b in z])
    sigma = np.full(3, 0.25)
    out = np.empty((len(sources), len(points)))
    measure("field_kernel", lambda: homogeneous(sources, points, sigma, out), work=out.size)
    assert np.all(np.isfinite(out))


def _time_steps(measure: Measure, name: str) -> None:
    sizes = BY_NAME[name].sizes
    fibers = straight_fibers(sizes["fibers"], sizes["nodes"])
    potentials = [superpose(unit, (-1.0, 1.0)) for unit in bipolar_potentials(fibers)]
    solver = Solver()
    levels = np.zeros((sizes["steps"] + 1, 1))
    levels[21:63] = 1.0
    edges = np.zeros(sizes["steps"], dtype=np.int64)
    start = assemble_lanes(fibers, [v_e[None] for v_e in potentials], solver)
    where = np.array([start.place(sizes["nodes"] // 2, U, i) for i in range(start.n_lanes)])
    out = np.empty((sizes["steps"] + 1, where.size))
    cable = start.cable._replace(buffer=start.cable.buffer.copy())
    wide = start.widen(np.full((1, start.n_lanes), 4.0))
    nowhere, never = np.zeros(0, dtype=np.int64), np.zeros((0, 0))

    def step() -> None:
        cable.buffer[:] = start.cable.buffer
        run(
            cable, wide, levels, edges, solver.dt_ms, NEURON, 1, where, out,
            nowhere, 0.0, never, nowhere,
        )  # fmt: skip

    n_compartments = sum(fiber.n_compartments for fiber in fibers)
    measure(name, step, work=n_compartments * sizes["steps"])
    assert np.all(np.isfinite(out))
    assert out.max() + cable.rest_mv > 0.0, "no fiber fired, so no spike was timed"


def test_mrg_steps_21_nodes(measure: Measure) -> None:
    _time_steps(measure, "mrg_steps_21_nodes")


def test_mrg_steps_201_nodes(measure: Measure) -> None:
    _time_steps(measure, "mrg_steps_201_nodes")


def test_rate_steps(measure: Measure) -> None:
    conditions = gate_conditions(BY_NAME["rate_steps"].sizes["conditions"])
    n_steps, per_sample = 30_000, 100
    start = lane_buffer([apply_states(load_circuit(c.model), dict(c.doses)) for c in conditions])
    noxious = RateBox(start_s=1.0, end_s=float("inf"), rate_hz=22.0)
    inputs = [InputBoxes(a_beta_rest_hz=c.f_a_hz, c_rest_hz=1.0, c=(noxious,)) for c in conditions]
    event_step, event_input = lane_events(inputs, n_steps)
    out = np.empty((n_steps // per_sample + 1, N_STATES, LANES))
    lanes = start.copy()

    def step() -> None:
        lanes[:] = start
        run_rates(lanes, event_step, event_input, STEP_MS, per_sample, out)

    measure("rate_steps", step, work=len(conditions))
    assert np.all(np.isfinite(out))
