"""The rate kernel: compiled = plain Python = reference; NaN, events, threads, SIMD."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from llvmlite import binding
from numpy.typing import NDArray

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.assemble_rate import lane_buffer, lane_events
from scsim.circuit.rates.rate import STEP_MS, InputBoxes, RateBox, RateCircuit
from scsim.circuit.states import apply_state
from scsim.kernels import rate
from scsim.kernels.jit import FAST_MATH
from scsim.kernels.layouts import LANES
from tests.reference.rate import integrate

CIRCUIT = load_circuit("crodelle2019")
BRIEF = InputBoxes(30.0, 1.0, (RateBox(0.004, 0.008, 90.0),), (RateBox(0.002, 0.006, 40.0),))


def plain(function: Callable[..., None]) -> Callable[..., None]:
    """The function below the compiler; itself where compilation is switched off."""
    return getattr(function, "py_func", function)


def mixed_lanes() -> tuple[list[RateCircuit], list[InputBoxes]]:
    """Sixteen different conditions."""
    circuits = [apply_state(CIRCUIT, "disinhibited", lane / (LANES - 1)) for lane in range(LANES)]
    inputs = [
        InputBoxes(5.0 * lane, 1.0, c=(RateBox(0.001 * (lane % 4), 0.02, 22.0 + lane),))
        for lane in range(LANES)
    ]
    return circuits, inputs


def run(
    circuits: list[RateCircuit],
    inputs: list[InputBoxes],
    n_steps: int,
    *,
    is_compiled: bool = True,
) -> NDArray[np.float64]:
    """States at every step, shape (n_steps + 1, N_STATES, LANES)."""
    out = np.empty((n_steps + 1, rate.N_STATES, LANES))
    step, rates = lane_events(inputs, n_steps)
    function = rate.run_rates if is_compiled else plain(rate.run_rates)
    function(lane_buffer(circuits), step, rates, STEP_MS, 1, out)
    return out


def test_compiled_agrees_with_plain_python_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    circuits, inputs = mixed_lanes()
    compiled = run(circuits, inputs, 40)
    monkeypatch.setattr(rate, "advance_step", plain(rate.advance_step))
    monkeypatch.setattr(rate, "response", plain(rate.response))
    expected = run(circuits, inputs, 40, is_compiled=False)
    # 40 steps of sums of about ten terms, none above 1e2.
    np.testing.assert_allclose(compiled, expected, rtol=1e-12, atol=1e-12)


def test_agrees_with_runge_kutta_at_a_tenth_of_the_step() -> None:
    fine, n_steps = 10, 120

    def inputs(step: int) -> tuple[float, float]:
        time_ms = step * STEP_MS / fine
        return (
            90.0 if 4.0 - 1e-9 <= time_ms < 8.0 - 1e-9 else 30.0,
            40.0 if 2.0 - 1e-9 <= time_ms < 6.0 - 1e-9 else 1.0,
        )

    expected = np.array(integrate(CIRCUIT, inputs, n_steps * fine, STEP_MS / fine))[::fine]
    states = run([CIRCUIT] * LANES, [BRIEF] * LANES, n_steps)[:, :4]
    # Runge-Kutta: (h / tau)^4 / 120 of 50 Hz at h / tau = 0.01 is below 1e-8; the rest is ours.
    np.testing.assert_allclose(states[:, :, 0], expected, rtol=0, atol=2e-6)
    assert np.array_equal(states, np.repeat(states[:, :, :1], LANES, axis=2))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="plain Python has no integer for NaN")
def test_a_broken_lane_does_not_touch_the_others() -> None:
    circuits, inputs = mixed_lanes()
    expected = run(circuits, inputs, 30)
    lanes = lane_buffer(circuits)
    lanes[rate.G_IP * LANES + 3] = np.nan
    out = np.empty_like(expected)
    rate.run_rates(lanes, *lane_events(inputs, 30), STEP_MS, 1, out)
    others = np.arange(LANES) != 3
    assert np.isnan(out[-1, 0, 3])
    assert np.array_equal(out[:, :, others], expected[:, :, others])


def test_events_before_a_sample_and_at_the_first_step_count() -> None:
    late = InputBoxes(1.0, 1.0, (RateBox(0.002, 0.003, 500.0),))
    changed = run([CIRCUIT] * LANES, [late] * LANES, 40)
    constant = run([CIRCUIT] * LANES, [InputBoxes(1.0, 1.0)] * LANES, 40)
    differs = np.flatnonzero((changed != constant).any(axis=(1, 2)))
    assert differs[0] == 21  # the first step that the box covers begins at step 20


def test_one_sample_is_the_start() -> None:
    out = np.full((1, rate.N_STATES, LANES), np.nan)
    events = lane_events([BRIEF] * LANES, 1)
    rate.run_rates(lane_buffer([CIRCUIT] * LANES), *events, STEP_MS, 1, out)
    assert np.array_equal(out, np.zeros((1, rate.N_STATES, LANES)))


def test_threads_do_not_change_a_bit() -> None:
    circuits, inputs = mixed_lanes()
    expected = run(circuits, inputs, 200)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: run(circuits, inputs, 200), range(8)))
    assert all(np.array_equal(result, expected) for result in results)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="compilation is switched off")
def test_lanes_are_computed_with_packed_instructions() -> None:
    if not binding.get_host_cpu_features().get("fma", False):
        pytest.skip("this processor has no fused multiply-add")
    fresh = numba.njit(nogil=True, error_model="numpy", fastmath=set(FAST_MATH))(
        rate.advance_step.py_func
    )
    fresh.compile((numba.float64[::1], numba.float64, numba.float64))
    (assembly,) = fresh.inspect_asm().values()
    assert len(re.findall(r"vfn?m(?:add|sub)\w*pd", assembly)) > 50
    assert "divsd" not in assembly
