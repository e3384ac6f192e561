"""The lane loops of every cable are compiled to packed multiply-adds: every loss of SIMD seen was silent."""

import llvmlite.binding
import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.solver import Solver
from scsim.kernels.membranes.catalog import SINGLE_CABLES
from tests.kernels.assembly import assembly_of, multiply_adds

LEAST_PACKED = {"mrg": 100}
LEAST_PACKED_OF_SINGLE_CABLES = 50
"""Fewest packed multiply-adds of a cable. With AVX-512 the double cables have 144 to 180, the single ones 55 (Rattay), 80
(Sweeney), 84 (Tigerholm), 117 (Sundt, Schild) and 236 (Thio): a loop that vanished with its scalar copy falls below."""

SINGLE_MODELS = {
    "SweeneyCable": ("sweeney", 10.0),
    "RattayCable": ("rattay", 1.0),
    "SundtCable": ("sundt", 1.0),
    "TigerholmCable": ("tigerholm", 1.0),
    "SchildCable": ("schild94", 1.0),
    "ThioCable": ("thio_autonomic", 1.0),
}
CASES = {
    "double cable": ("mrg", 8.0, Solver()),
    "double cable, 12 modes": ("mrg", 8.0, Solver(modes=12)),
    "double cable, float32": ("mrg", 8.0, Solver(precision="float32")),
    "double cable, 12 modes, float32": ("mrg", 8.0, Solver(modes=12, precision="float32")),
    **{name: (*model, Solver()) for name, model in SINGLE_MODELS.items()},
}


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
    packed, scalar = multiply_adds(assembly_of(lanes), solver.precision)
    # Each vectorized loop has a scalar copy for arrays that overlap, which never runs; a loop that lost its SIMD has
    # the scalar code alone.
    assert packed > scalar / 2, f"{packed} packed, {scalar} scalar: some loops lost their SIMD"
    least = LEAST_PACKED.get(model, LEAST_PACKED_OF_SINGLE_CABLES)
    assert packed >= least, (
        f"{packed} packed multiply-adds, {least} or more are usual: a loop is gone"
    )
