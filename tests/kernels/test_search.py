"""The compiled threshold search against a plain loop over trials."""

import inspect

import numpy as np
import pytest

from scsim.errors import Status
from scsim.fibers import Fiber
from scsim.kernels import search as kernels
from scsim.kernels.cable import step
from scsim.response import ThresholdProtocol, search_thresholds, simulate
from scsim.stimulus.pulse import Pulse

PULSE = Pulse(100.0)


def potential(fiber: Fiber, distance_mm: float, sigma: float = 0.2) -> np.ndarray:
    z = fiber.compartment_positions_mm()[:, 2]
    return -1e3 / (4 * np.pi * sigma * np.hypot(distance_mm, z))


def fires(fiber: Fiber, v_e: np.ndarray, amplitude: float, protocol: ThresholdProtocol) -> bool:
    """One trial without early stop: is there a spike at the detector within the window?"""
    response = simulate(
        [fiber], [v_e[None, :]], PULSE, amplitude_ma=amplitude, shares=[1.0],
        onsets_ms=[protocol.onset_ms], dt_us=protocol.dt_us, window_ms=protocol.window_ms,
        record_nodes=[int(protocol.detect_fraction * (fiber.node_count - 1))],
    )  # fmt: skip
    return bool(np.any(response.v_m_mv[0][0, 1:] > protocol.spike_mv))


def first_amplitude(fiber: Fiber, v_e: np.ndarray, protocol: ThresholdProtocol) -> float:
    """Predict the threshold from the largest depolarization by a tiny pulse, looked at every 4 steps."""
    end = round((protocol.onset_ms + 0.1) / 0.005)
    tiny = simulate(
        [fiber], [v_e[None, :]], PULSE, amplitude_ma=protocol.lower_ma, shares=[1.0],
        onsets_ms=[protocol.onset_ms], dt_us=protocol.dt_us, window_ms=protocol.onset_ms + 0.2,
    )  # fmt: skip
    v = tiny.v_m_mv[0][:, [*range(1, end + 1, 4), end]]
    return protocol.guess_mv * protocol.lower_ma / np.max(v - tiny.v_m_mv[0][:, :1])


def test_bracket_equals_that_of_a_plain_loop() -> None:
    protocol = ThresholdProtocol(rtol=1e-3)
    fibers = [Fiber("mrg", d, n_nodes=21) for d in (4.0, 10.0, 16.0)]
    potentials = [potential(fiber, 1.0) for fiber in fibers]
    found = search_thresholds(fibers, potentials, PULSE, protocol)
    for i, (fiber, v_e) in enumerate(zip(fibers, potentials, strict=True)):
        low, high, amplitude = 0.0, np.inf, first_amplitude(fiber, v_e, protocol)
        while low == 0.0 or high == np.inf:
            if fires(fiber, v_e, amplitude, protocol):
                high, amplitude = amplitude, amplitude / protocol.growth
            else:
                low, amplitude = amplitude, amplitude * protocol.growth
        while high - low >= protocol.rtol * high:
            middle = 0.5 * (low + high)
            if fires(fiber, v_e, middle, protocol):
                high = middle
            else:
                low = middle
        # The prediction comes from a rise of 1e-3 mV over 80 mV, so it has 1e-10 of rounding.
        assert (found.lower_ma[i], found.upper_ma[i]) == pytest.approx((low, high), rel=1e-9)
        assert (
            protocol.guess_mv / 3
            < protocol.guess_mv * found.upper_ma[i] / first_amplitude(fiber, v_e, protocol)
            < protocol.guess_mv * 3
        )


def test_results_do_not_depend_on_the_neighbors() -> None:
    fibers = [
        Fiber("mrg", d, n_nodes=n)
        for d, n in zip(np.linspace(3, 16, 20), range(15, 55, 2), strict=True)
    ]
    potentials = [potential(fiber, 0.5 + 0.1 * i) for i, fiber in enumerate(fibers)]
    protocol = ThresholdProtocol()
    together = search_thresholds(fibers, potentials, PULSE, protocol)
    shuffle = np.random.default_rng(3).permutation(len(fibers))
    mixed = search_thresholds(
        [fibers[i] for i in shuffle], [potentials[i] for i in shuffle], PULSE, protocol
    )
    alone = [
        search_thresholds([f], [v], PULSE, protocol)
        for f, v in zip(fibers, potentials, strict=True)
    ]
    assert np.array_equal(together.threshold_ma[shuffle], mixed.threshold_ma, equal_nan=True)
    assert np.array_equal(together.threshold_ma, [a.threshold_ma[0] for a in alone], equal_nan=True)
    assert np.array_equal(together.status, [a.status[0] for a in alone])


def test_every_status_can_be_reached() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=21)
    v_e = potential(fiber, 1.0)

    def status(v: np.ndarray, **changes: float) -> Status:
        return Status(
            search_thresholds([fiber], [v], PULSE, ThresholdProtocol(**changes)).status[0]
        )

    assert status(v_e) == Status.OK
    assert status(v_e, upper_ma=0.1) == Status.NO_THRESHOLD_IN_RANGE
    assert status(v_e, lower_ma=0.5) == Status.ACTIVE_AT_LOWER_BOUND
    assert status(v_e, window_ms=0.45) == Status.NOT_DECIDED
    assert status(v_e * 1e300, upper_ma=1e10) == Status.NOT_FINITE
    z = fiber.compartment_positions_mm()[:, 2]
    assert status(-1e3 / (4 * np.pi * 0.2 * np.hypot(1.0, z - z[-1]))) == Status.END_EXCITATION


def test_no_threshold_is_never_a_number() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=21)
    found = search_thresholds(
        [fiber], [potential(fiber, 1.0)], PULSE, ThresholdProtocol(upper_ma=0.1)
    )
    assert np.isnan(found.threshold_ma[0])
    assert "upper_ma" in str(found)


def test_codes_are_those_of_the_status() -> None:
    for name in (
        "OK",
        "NOT_FINITE",
        "NO_THRESHOLD_IN_RANGE",
        "ACTIVE_AT_LOWER_BOUND",
        "NOT_DECIDED",
    ):
        assert getattr(kernels, name) == Status[name]


def test_compiled_search_equals_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    # The state machine of the search in plain Python around compiled trials.
    fiber = Fiber("mrg", 10.0, n_nodes=11)
    protocol = ThresholdProtocol(rtol=0.01)
    compiled = search_thresholds([fiber], [potential(fiber, 1.0)], PULSE, protocol)
    monkeypatch.setattr(kernels, "search", kernels.search.py_func)
    plain = search_thresholds([fiber], [potential(fiber, 1.0)], PULSE, protocol)
    assert compiled.lower_ma[0] == plain.lower_ma[0]
    assert compiled.upper_ma[0] == plain.upper_ma[0]


def test_step_is_compiled_with_packed_multiply_add() -> None:
    # Every loss of SIMD seen was silent, so the assembly itself is looked at.
    import llvmlite.binding
    import numba

    features = llvmlite.binding.get_host_cpu_features()
    if not features.get("fma"):
        pytest.skip("this processor has no fused multiply-add")
    vector = numba.float64[::1]
    pair = numba.types.UniTuple(numba.float64, 2)
    plain = numba.njit(
        (vector, vector, vector, vector, vector, pair, numba.float64, numba.int64),
        nogil=True, error_model="numpy", fastmath={"nsz", "arcp", "contract", "afn", "reassoc"},
    )(step.py_func)  # fmt: skip
    assembly = "".join(plain.inspect_asm().values())
    packed = [
        line for line in assembly.splitlines()
        if "vfmadd" in line and "pd" in line.split()[0] and ("zmm" in line or "ymm" in line)
    ]  # fmt: skip
    # 20 modes, 12 exponentials of a dozen terms: one packed instruction each, at least.
    assert len(packed) > 100, inspect.cleandoc(
        "the lane loops of the cable step are not vectorized"
    )
