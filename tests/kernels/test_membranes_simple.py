"""Membranes of Sweeney, Rattay and Sundt in lanes, against the formulas in plain numpy."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.membrane import membrane_constants
from scsim.fibers.single import single_cable_lanes
from scsim.kernels.layouts import U
from scsim.kernels.membranes.rattay import look_up_table
from scsim.kernels.single_cable import STATE
from tests.kernels.single_cables import FOREVER, advance_all, refresh, voltages
from tests.reference import single_cable as plain
from tests.reference.membranes_simple import Gated, Rattay, Sundt, Sweeney

DT = 0.005
MEMBRANES: dict[str, Callable[[], Gated]] = {"rattay": Rattay, "sundt": Sundt, "sweeney": Sweeney}
DIAMETER = {"rattay": 0.8, "sundt": 1.3, "sweeney": 7.0}
END_MV = {"rattay": -70.0, "sundt": -60.0}

# The exponential of the kernels is good to 5e-11 of its value, and so are rates and decays. A spike that has
# run for 4 ms is then up to 4e-10 ms early or late, which its flanks of 500 mV/ms turn into 2e-7 mV.
SAME_MV = 1e-6


def chain(model: str, diameter_um: float, n: int) -> plain.Chain:
    """Lay out the fiber of the plain simulator."""
    if model == "sweeney":
        return plain.nodes_in_perfect_myelin(n, diameter_um)
    return plain.unmyelinated(n, diameter_um, 100.0, 1.0, END_MV[model])


def bumpy_potential(fiber: Fiber) -> np.ndarray:
    """A source beside the fiber, off its middle, in a medium of 0.2 S/m, mV per mA."""
    z = fiber.node_positions_mm()[:, 2]
    return 1e3 / (4 * np.pi * 0.2 * np.hypot(0.05 * np.ptp(z) + 0.1, z - 0.13 * np.ptp(z)))


@pytest.mark.parametrize("model", MEMBRANES)
@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("size", [-1.0, 0.5])
def test_field_response_equals_the_plain_cable(model: str, second_order: bool, size: float) -> None:
    fiber = Fiber(model, DIAMETER[model], n_nodes=41)
    potential = bumpy_potential(fiber)
    potential *= 250.0 / np.ptp(potential)
    waveform = np.zeros(400)
    waveform[20:60] = 1.0
    waveform[80:120] = -0.5
    edges = np.diff(waveform, prepend=0.0) != 0.0
    expected = plain.simulate(
        chain(model, DIAMETER[model], 41), MEMBRANES[model](), size * potential, waveform, 2 * DT,
        scheme="second_order" if second_order else "neuron", edges=edges,
    )  # fmt: skip
    lanes = voltages(
        [fiber], [potential[None]], waveform[:, None].copy(), np.full((1, 16), size), 2 * DT,
        edges=edges, second_order=second_order,
    )  # fmt: skip
    assert np.max(np.abs(lanes - expected[:, :, None])) < SAME_MV
    assert np.ptp(expected) > 20.0  # mV, far from rest


@pytest.mark.parametrize("model", MEMBRANES)
def test_response_to_a_current_equals_the_plain_cable(model: str) -> None:
    fiber = Fiber(model, DIAMETER[model], n_nodes=61)
    current = np.zeros(800)
    current[10:110] = 1.0
    size = {"rattay": 0.2, "sundt": 0.3, "sweeney": 4.0}[model]
    nothing = np.zeros(61)
    expected = plain.simulate(
        chain(model, DIAMETER[model], 61), MEMBRANES[model](), nothing, 0 * current, DT,
        injected=(3, size * current),
    )  # fmt: skip
    lanes = voltages(
        [fiber], [nothing[None]], current[:, None].copy(), np.ones((1, 16)), DT, injected=(3, size)
    )
    assert np.max(np.abs(lanes - expected[:, :, None])) < SAME_MV
    assert np.max(expected[:, 50]) > -10.0


# Middle node after a current pulse of another program (NEURON 9.0.2 with PyFibers 0.13.0, dt 5 µs): fiber,
# then node, start, length and size of the pulse (ms, nA), then times (ms) and v_m (mV, to 1e-6).
TRACES = {
    "rattay": (
        1.5, 361, (1, 0.1, 1.0, 0.2),
        {1.0: -69.999718, 2.5: -68.223515, 2.7: -33.801404, 2.8: -5.346435, 3.0: -50.06859, 3.5: -74.781045},
    ),
    "sundt": (
        1.0, 361, (1, 0.1, 1.0, 0.2),
        {1.0: -59.931124, 2.5: -59.928183, 3.4: -44.386882, 3.5: -20.984565, 3.6: 7.093347, 4.0: -11.765833},
    ),
    "sweeney": (
        10.0, 41, (1, 0.1, 0.1, 6.0),
        {0.3: -79.997777, 0.45: -74.455218, 0.48: -51.965922, 0.5: -4.29559, 0.52: 8.170955, 0.6: -13.12547},
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", MEMBRANES)
def test_traces_are_those_of_another_program(model: str) -> None:
    diameter, n, (node, start, length, size), samples = TRACES[model]
    n_steps = round(max(samples) / DT)
    middles = (np.arange(n_steps) + 0.5) * DT
    current = ((middles > start) & (middles < start + length)).astype(float)
    nothing = np.zeros(n)
    ours = voltages(
        [Fiber(model, diameter, n_nodes=n)], [nothing[None]], current[:, None], np.ones((1, 16)), DT,
        injected=(node, size),
    )[:, n // 2, 0]  # fmt: skip
    obvious = plain.simulate(
        chain(model, diameter, n), MEMBRANES[model](), nothing, 0 * current, DT,
        injected=(node, size * current),
    )[:, n // 2]  # fmt: skip
    for t_ms, v_mv in samples.items():
        step = round(t_ms / DT)
        assert obvious[step] == pytest.approx(v_mv, abs=1e-6), t_ms
        assert ours[step] == pytest.approx(v_mv, abs=SAME_MV), t_ms


@pytest.mark.parametrize("model", MEMBRANES)
def test_gates_at_rest_and_far_from_it(model: str) -> None:
    v = np.concatenate(
        [np.linspace(-900.0, 300.0, 1500), [-45.9, -18.9, -45.0, -60.0, -100.0, 100.0]]
    )
    if model == "sweeney":
        v = v[v > -340.0]  # the model ends where a_m changes its sign, at -347 mV
    fiber = Fiber(model, DIAMETER[model], n_nodes=v.size)
    cable = single_cable_lanes([fiber], [np.zeros((1, v.size))])
    records = cable.buffer.reshape(-1, cable.record, 16)
    records[1:-1, U] = v[:, None] - cable.rest_mv
    refresh(cable, FOREVER)
    kinetics = MEMBRANES[model]().kinetics(v)
    names = ("m", "h", "n", "l")[: cable.record - STATE]
    for field, name in enumerate(names, start=STATE):
        steady = records[1:-1, field, 0]
        # Of a gate smaller than 1e-26 no current is left; the kernels bound exponentials there.
        assert np.allclose(steady, kinetics[name][0], rtol=2e-9, atol=1e-26)
    records[1:-1, STATE:] = 0.5
    refresh(cable, 0.02)
    for field, name in enumerate(names, start=STATE):
        infinity, tau = kinetics[name]
        with np.errstate(under="ignore"):
            expected = infinity + (0.5 - infinity) * np.exp(-0.02 / tau)
        assert np.allclose(records[1:-1, field, 0], expected, rtol=2e-9, atol=1e-26)


def test_table_of_rattay_ends_where_it_should() -> None:
    # models.md: 200 intervals of 1 mV from -100 mV; a_m and a_n are 0/0 at -45 and -60 mV, on entries.
    table = look_up_table({**membrane_constants("rattay"), "factor.rates": 12.0})
    assert table.shape == (200, 12)
    a_m, b_m = 1.0, 4.0 * np.exp(-25.0 / 18.0)
    assert table[55, 0] == pytest.approx(a_m / (a_m + b_m), rel=1e-12)
    a_n, b_n = 0.1, 0.125 * np.exp(-10.0 / 80.0)
    assert table[40, 5] == pytest.approx(1.0 / (12.0 * (a_n + b_n)), rel=1e-12)
    assert np.allclose(table[:-1, :6] + table[:-1, 6:], table[1:, :6], rtol=1e-12)


def test_temperature_factor_of_rattay_is_twelve() -> None:
    # Rattay & Aberham (1993): all rates times 12 at 37 °C.
    values = membrane_constants("rattay")
    tens = (values["temperature_degc"] - values["q10.rates_reference_degc"]) / 10.0
    assert values["q10.rates"] ** tens == pytest.approx(12.0, rel=1e-9)


@pytest.mark.parametrize(
    ("model", "rest_mv"),
    [("rattay", -69.99971833), ("sundt", -59.93112451), ("sweeney", -79.99926462)],
)
def test_rest_is_the_published_one(model: str, rest_mv: float) -> None:
    # cv_rest.csv of the reference: voltage at the middle after start-up, to 1e-8 mV.
    n = 41 if model == "sweeney" else 361
    fiber = Fiber(model, 10.0 if model == "sweeney" else 1.5, n_nodes=n)
    out = voltages([fiber], [np.zeros((1, n))], np.zeros((1, 1)), np.zeros((1, 16)), DT)
    assert out[0, fiber.middle_node, 0] == pytest.approx(rest_mv, abs=2e-8)


@pytest.mark.parametrize("model", MEMBRANES)
def test_a_lane_that_is_not_finite_stays_alone(model: str) -> None:
    fiber = Fiber(model, DIAMETER[model], n_nodes=21)
    potential = bumpy_potential(fiber)[None]
    waveform = np.zeros((30, 1))
    waveform[5:25] = 1.0
    amplitudes = np.full((1, 16), -0.05)
    clean = voltages([fiber], [potential], waveform, amplitudes, DT)
    amplitudes[0, 3] = np.nan
    broken = voltages([fiber], [potential], waveform, amplitudes, DT)
    assert not np.any(np.isfinite(broken[-1, :, 3]))
    others = np.arange(16) != 3
    assert np.array_equal(broken[:, :, others], clean[:, :, others])


@pytest.mark.parametrize("model", MEMBRANES)
def test_lanes_are_vectors(model: str) -> None:
    voltages(
        [Fiber(model, DIAMETER[model], n_nodes=5)], [np.zeros((1, 5))], np.zeros((1, 1)), np.zeros((1, 16)), DT
    )  # fmt: skip
    assembly = next(
        text
        for signature, text in advance_all.inspect_asm().items()  # type: ignore[attr-defined]
        if model.capitalize() in str(signature[0])
    )
    wide = "zmm" if "zmm" in assembly else "ymm"
    if wide not in assembly:
        pytest.skip("this processor has no wide vectors")
    n_multiply_adds = len(re.findall(rf"vfn?m(?:add|sub)\w*pd[^\n]*{wide}", assembly))
    # Each exponential has eight; the kernel is compiled into three places of the loop.
    n_exponentials = {"rattay": 3, "sundt": 7, "sweeney": 5}[model]
    assert n_multiply_adds > 3 * 8 * n_exponentials
