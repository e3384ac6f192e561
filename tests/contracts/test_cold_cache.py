"""A process that compiles the kernels and one that finds them in the cache compute the same bits.

A kernel that calls another one by name is linked to the callee's own compilation in the process that
compiles both, and to the copy in its own module once it is loaded from the cache. The two copies may be
rounded differently (they were, by one bit, in the rate model). Absorbed callees have no such choice.
"""

import ast
import os
import sys
from pathlib import Path
from subprocess import run

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "src" / "scsim" / "kernels"
DECORATORS = {"kernel", "inline_kernel", "exact_inline_kernel"}

PROGRAM = """
import hashlib
import numpy as np
import scsim
from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes, RateBox
from scsim.circuit.rates.run_rate import simulate_rates

source = scsim.LineSource((1.0, 0.0, 0.3), (0.0, 0.0, 1.0), 1.0)
fibers = [scsim.Fiber("mrg", fiber_diameter_um=d, n_nodes=21) for d in (8.0, 10.0, 12.0)]
pulse = scsim.Pulse(pulse_width_us=100)
one = scsim.HomogeneousMedium(sigma_s_per_m=(0.1, 0.2, 0.6)).unit_potential_along([source], fibers)
two = scsim.TwoHalfSpaces(0.2, 0.6, -1.0, "x").unit_potential_along([source], fibers)
found = scsim.find_thresholds(fibers, one, pulse)
response = scsim.simulate(fibers, two, pulse, amplitude_ma=1.0, window_ms=2.0)
single = [scsim.Fiber("rattay", fiber_diameter_um=d, n_nodes=61) for d in (0.5, 1.0)]
near = scsim.HomogeneousMedium(sigma_s_per_m=0.2).unit_potential_along([source], single)
solver = scsim.Solver(scheme="second_order")
unmyelinated = scsim.simulate(
    single, near, pulse, amplitude_ma=1.0, window_ms=1.0, spikes_at=(30,), solver=solver
)
noxious = RateBox(start_s=0.2, end_s=0.5, rate_hz=22.0)
inputs = [InputBoxes(a_beta_rest_hz=f, c_rest_hz=1.0, c=(noxious,)) for f in (1.0, 33.0, 71.0)]
rates = simulate_rates([load_circuit("crodelle2019")] * 3, inputs, duration_s=0.5)
arrays = [*one, *two, found.lower_ma, found.upper_ma, *response.v_m_mv, rates.projection_rate_hz]
arrays += unmyelinated.v_m_mv
for array in (*arrays, rates.projection_spikes, rates.nmda_gain):
    assert np.all(np.isfinite(array))
    print(hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_compiling_and_loading_give_the_same_bits(tmp_path: Path) -> None:
    environment = os.environ | {"SCSIM_CACHE_DIR": str(tmp_path)}

    def compute() -> list[str]:
        outcome = run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout.split()

    compiling = compute()
    assert list(tmp_path.rglob("*.nbi")), "nothing was written to the cache"
    assert len(compiling) == 16
    assert compute() == compiling


def test_kernels_absorb_the_kernels_they_call() -> None:
    decorated: dict[str, str] = {}
    called: dict[str, set[str]] = {}
    for path in sorted(KERNELS.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            marks = {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}
            if marks & DECORATORS:
                decorated[node.name] = (marks & DECORATORS).pop()
                called[node.name] = {
                    call.func.id
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
                }
    callees = set().union(*called.values()) & set(decorated)
    assert callees
    assert {name for name in callees if decorated[name] == "kernel"} == set()
