"""The lane loops of every cable are compiled to packed multiply-adds: every loss of SIMD seen was silent."""

import re

import llvmlite.binding
import numpy as np
import pytest
from numba import typeof

from scsim.fibers import Fiber
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.solver import Solver
from scsim.kernels.cables import step
from scsim.kernels.jit import kernel
from scsim.kernels.membranes.catalog import SINGLE_CABLES

SINGLE_MODELS = {
    "SweeneyCable": ("sweeney", 10.0),
    "RattayCable": ("rattay", 1.0),
    "SundtCable": ("sundt", 1.0),
    "TigerholmCable": ("tigerholm", 1.0),
    "Schild94Cable": ("schild94", 1.0),
    "Schild97Cable": ("schild97", 1.0),
    "ThioCable": ("thio_autonomic", 1.0),
}
CASES = {
    "double cable": ("mrg", 8.0, Solver()),
    "double cable, 12 modes": ("mrg", 8.0, Solver(modes=12)),
    "double cable, float32": ("mrg", 8.0, Solver(precision="float32")),
    "double cable, 12 modes, float32": ("mrg", 8.0, Solver(modes=12, precision="float32")),
    **{name: (*model, Solver()) for name, model in SINGLE_MODELS.items()},
}


@kernel  # of a test file, so not cached: what comes from the cache has no assembly to look at
def one_step(cable, wide, levels, trapezoidal, dt) -> None:
    """The step that `run` and `trial` absorb."""
    step(cable, wide, levels, 1, 0, trapezoidal, dt, dt)


def test_every_kind_of_single_cable_is_looked_at() -> None:
    assert {kind.__name__ for kind in SINGLE_CABLES} == set(SINGLE_MODELS)


@pytest.mark.skipif(
    not llvmlite.binding.get_host_cpu_features().get("fma"),
    reason="this processor has no fused multiply-add",
)
@pytest.mark.parametrize("case", CASES)
def test_lane_loops_are_compiled_with_packed_multiply_add(case: str) -> None:
    model, diameter_um, solver = CASES[case]
    fiber = Fiber(model, diameter_um, n_nodes=5)
    lanes = assemble_lanes([fiber], [np.zeros((1, fiber.n_compartments))], solver)
    arguments = (lanes.cable, lanes.widen(np.ones((1, lanes.n_lanes))), np.zeros((2, 1)), 1, 0.005)
    signature = tuple(typeof(argument) for argument in arguments)
    one_step.compile(signature)
    assembly = one_step.inspect_asm(signature)
    kind = "s" if solver.precision == "float32" else "d"
    packed = len(re.findall(rf"\n\s+vf\w+p{kind}\s.*%[yz]mm", assembly))
    scalar = len(re.findall(rf"\n\s+vf\w+s{kind}\s", assembly))
    # Each vectorized loop has a scalar copy for arrays that overlap, which never runs; a loop that lost its SIMD has
    # the scalar code alone. The solve and the shortest membrane (Sweeney) have 65 such operations.
    assert packed >= (100 if model == "mrg" else 60), f"{packed} packed, {scalar} scalar"
    assert packed > scalar / 2, f"{packed} packed, {scalar} scalar: some loops lost their SIMD"
