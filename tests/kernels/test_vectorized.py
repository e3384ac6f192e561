"""The lane loops of every cable are compiled to packed multiply-adds: every loss of SIMD seen was silent."""

import re

import llvmlite.binding
import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.kernels.cables import run
from scsim.kernels.layouts import LANES, LANES_SINGLE
from scsim.kernels.membranes.catalog import SINGLE_CABLES
from scsim.response import simulate

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


def assembly_of(cable_class: str, width: int, n_half: int | None) -> str:
    """Assembly of the compiled `run` for one kind of cable."""
    (found,) = (
        signature
        for signature in run.signatures
        if signature[0].instance_class.__name__ == cable_class
        and len(signature[0][signature[0].fields.index("width")]) == width
        and (n_half is None or len(signature[0][signature[0].fields.index("half")]) == n_half)
    )
    return str(run.inspect_asm(found))


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
    response = simulate([fiber], solver=solver, window_ms=0.02)
    assert np.all(np.isfinite(response.v_m_mv[0]))
    is_double = model == "mrg"
    assembly = assembly_of(
        "DoubleCable" if is_double else case,
        LANES_SINGLE if solver.precision == "float32" else LANES,
        solver.modes // 2 if is_double else None,
    )
    kind = "s" if solver.precision == "float32" else "d"
    packed = len(re.findall(rf"\n\s+vf\w+p{kind}\s.*%[yz]mm", assembly))
    scalar = len(re.findall(rf"\n\s+vf\w+s{kind}\s", assembly))
    print(case, packed, scalar)
    assert packed > 0
