"""Membranes of Thio in lanes, against the formulas in plain numpy and another program's traces."""

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.membrane import membrane_constants, temperature_factor
from scsim.fibers.single import single_cable_lanes
from scsim.kernels.layouts import U
from scsim.kernels.membranes import thio
from scsim.kernels.single_cable import ADVANCE, STATE
from tests.kernels.single_cables import FOREVER, refresh, settled, voltages
from tests.reference import single_cable as plain
from tests.reference.membranes_thio import PARAMETERS, Thio

ADVANCE.setdefault(thio.ThioCable, thio.advance_thio)

DT = 0.005
NAMES = ("autonomic", "cutaneous")

# Parabolas over 0.1 mV hold the model's own tables exactly, Kv2.1 to 1e-9 of its range (slope 7 mV), and what is
# left after a step to 1e-8 of the change. A spike 1e-8 ms early or late moves by 5e-6 mV at 500 mV/ms; the cutaneous
# fiber in a field near its limit carries ten times that along.
SAME_MV = 5e-5


def chain(name: str, diameter_um: float, n: int) -> plain.Chain:
    """Lay out the fiber of the plain simulator."""
    return plain.unmyelinated(n, diameter_um, PARAMETERS[name]["resistivity"], 1.326291192, None)


def bump(n: int) -> np.ndarray:
    """Potential of a source beside a fiber, off its middle, mV per mA."""
    z = np.arange(n) - 0.4 * n
    return 300.0 / np.hypot(1.0, z / 8.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("second_order", [False, True])
def test_field_response_equals_the_plain_cable_in_every_lane(name: str, second_order: bool) -> None:
    n = 41
    diameters = [0.6, 1.0, 1.5]
    fibers = [Fiber(f"thio_{name}", d, n_nodes=n) for d in diameters]
    waveform = np.zeros(500)
    waveform[20:60] = -1.0
    waveform[80:120] = 0.5
    edges = np.diff(waveform, prepend=0.0) != 0.0
    sizes = np.full((1, 16), 0.4)
    sizes[0, :3] = (0.4, -0.5, 0.3)
    lanes = voltages(
        fibers, [bump(n)[None]] * 3, waveform[:, None].copy(), sizes, 2 * DT,
        edges=edges, second_order=second_order,
    )  # fmt: skip
    for i, d in enumerate(diameters):
        expected = plain.simulate(
            chain(name, d, n), Thio(name), sizes[0, i] * bump(n), waveform, 2 * DT,
            scheme="second_order" if second_order else "neuron", edges=edges,
        )  # fmt: skip
        assert np.max(np.abs(lanes[:, :, i] - expected)) < SAME_MV
        assert np.ptp(expected) > 100.0  # mV, through spikes and both ends of the table


# Another program (NEURON 9.0.2 with PyFibers 0.13.0, dt 5 µs): 0.4 nA for 1 ms from 0.1 ms into the second of 361
# sections; times (ms) and v_m of the middle one (mV, to 1e-6).
TRACES = {
    ("autonomic", 1.0): {0.0: -58.500422, 1.5: -58.457751, 2.0: -46.299614, 2.04: -38.360472, 2.06: -32.682744, 2.1: -16.437446, 2.2: 44.469231, 2.5: 60.401828, 3.0: 39.980662, 4.0: -14.599757},
    ("cutaneous", 0.8): {0.0: -58.698921, 1.5: -58.386670, 2.0: -45.561270, 2.04: -35.534586, 2.06: -28.000363, 2.1: -5.509267, 2.2: 45.877967, 2.5: -36.911530, 3.0: -71.723786, 4.0: -66.040606},
    ("cutaneous", 1.0): {0.0: -58.729666, 1.5: -58.364181, 2.0: -42.540860, 2.04: -30.238619, 2.06: -21.061338, 2.1: 5.688131, 2.2: 45.072149, 2.5: -43.483529, 3.0: -71.676040, 4.0: -65.908348},
}  # fmt: skip


@pytest.mark.parametrize(("name", "diameter"), TRACES)
def test_traces_are_those_of_another_program(name: str, diameter: float) -> None:
    samples = TRACES[name, diameter]
    middles = (np.arange(round(max(samples) / DT)) + 0.5) * DT
    current = ((middles > 0.1) & (middles < 1.1)).astype(float)
    nothing = np.zeros(361)
    ours = voltages(
        [Fiber(f"thio_{name}", diameter, n_nodes=361)], [nothing[None]], current[:, None],
        np.ones((1, 16)), DT, injected=(1, 0.4),
    )[:, 180, 0]  # fmt: skip
    obvious = plain.simulate(
        chain(name, diameter, 361),
        Thio(name),
        nothing,
        0 * current,
        DT,
        injected=(1, 0.4 * current),
    )[:, 180]
    for t_ms, v_mv in samples.items():
        step = round(t_ms / DT)
        assert obvious[step] == pytest.approx(v_mv, abs=1e-6), t_ms
        assert ours[step] == pytest.approx(v_mv, abs=SAME_MV), t_ms


# State after the start-up as the same program prints it, 1 µm.
AT_START = {
    "autonomic": {
        "v": -58.500422, "nai": 11.3999994, "nao": 153.999996, "ki": 144.900012, "ko": 5.59993222,
        "cai": 1.19482105e-4, "cao": 2.00010019, "occupancy": 0.0478163701, "nav17_m": 0.202317,
        "nav17_h": 0.050808, "kv21_m": 0.137489, "kv21_h": 0.990661, "bk_m": 0.000751163,
        "bk_h": 0.959601, "sk_n": 0.0126699, "nav18_s": 0.756461, "km_n": 0.375928, "hcn_m": 0.174161,
    },
    "cutaneous": {
        "v": -58.729666, "nai": 11.3997548, "nao": 154.000775, "ki": 144.899575, "ko": 5.60466079,
        "cai": 1.18896077e-4, "cao": 2.00013224, "occupancy": 0.0474523359, "nav17_m": 0.200171,
        "nav17_h": 0.0512114, "kv21_m": 0.136449, "kv21_h": 0.990663, "bk_m": 0.000740727,
        "bk_h": 0.959803, "sk_n": 0.0124393, "nav18_s": 0.756631, "km_n": 0.375577, "hcn_m": 0.174306,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_state_after_the_start_up(name: str) -> None:
    cable = settled([Fiber(f"thio_{name}", 1.0, n_nodes=5)], [np.zeros((1, 5))], DT)
    record = cable.buffer.reshape(-1, cable.record, 16)[3]
    states = dict(zip(thio.STATES, record[STATE:, 0], strict=True))
    gates = dict(
        zip(thio.TABULATED, record[STATE : STATE + len(thio.TABULATED)].ravel(), strict=False)
    )
    states |= gates | {"v": record[U, 0] + cable.rest_mv}
    for state, value in AT_START[name].items():
        assert states[state] == pytest.approx(value, rel=6e-6), (
            state
        )  # printed with 6 digits at least


@pytest.mark.parametrize(
    ("name", "leaks", "constants"),
    [
        ("autonomic", (1.20472495e-4, 3.06118471e-4, 0.0), (0.0, 0.0, 7.18335131e-5)),
        ("cutaneous", (0.0, 0.0, 0.0), (7.26127272e-3, -2.45828345e-2, 8.81774667e-5)),
    ],
)
def test_balance_at_rest(name: str, leaks: tuple[float, ...], constants: tuple[float, ...]) -> None:
    values = dict(membrane_constants(f"thio_{name}"))
    values |= {
        f"factor.{key}": temperature_factor(values, key) for key in ("nav17", "gates", "pump")
    }
    derived = thio.derived_constants(values)
    for ion, leak, constant in zip(("na", "k", "ca"), leaks, constants, strict=True):
        assert derived[f"leak_{ion}"] == pytest.approx(leak, rel=5e-9)
        assert derived[f"constant_{ion}"] == pytest.approx(constant, rel=5e-9)


@pytest.mark.parametrize("name", NAMES)
def test_gates_at_rest_and_far_from_it(name: str) -> None:
    v = np.concatenate([np.linspace(-399.0, 399.0, 1200), [-120.0, 100.0, -58.5]])
    cable = single_cable_lanes(
        [Fiber(f"thio_{name}", 1.0, n_nodes=v.size)], [np.zeros((1, v.size))]
    )
    records = cable.buffer.reshape(-1, cable.record, 16)
    records[1:-1, U] = v[:, None] - cable.rest_mv
    first = STATE + thio.STATES.index("nai")
    ions = slice(first, first + 7)
    concentrations = records[1:-1, ions].copy()
    refresh(cable, FOREVER)
    assert np.array_equal(records[1:-1, ions], concentrations)
    membrane = Thio(name)
    membrane.start(v.size, 1.0)
    membrane.advance_gates(v, np.inf)
    tabulated = records[1:-1, STATE : STATE + len(thio.TABULATED)].reshape(
        v.size, 16, len(thio.TABULATED)
    )
    there = {"nav": "Nav", "cav": "CaV", "kv": "Kv", "km": "KM", "hcn": "HCN"}
    for slot, gate in enumerate(thio.TABULATED):
        channel, kind = gate.split("_")
        plain_name = next(
            new + channel[len(old) :] for old, new in there.items() if channel.startswith(old)
        )
        steady = membrane.gates[plain_name + kind]
        # Tables to rounding; Kv2.1 as `steps.py` says for a slope of 7 mV.
        atol = 2e-9 if channel == "kv21" else 1e-14
        assert np.allclose(tabulated[:, :, slot], steady[:, None], rtol=1e-11, atol=atol), gate
    for field, gate in enumerate(("BKm", "BKh", "SKn"), start=STATE + len(thio.TABULATED)):
        steady = membrane.gates[gate]
        # Of a gate smaller than 1e-26 no current is left; the kernels bound exponentials there.
        assert np.allclose(records[1:-1, field], steady[:, None], rtol=2e-9, atol=1e-13), gate


def test_a_lane_that_is_lost_leaves_its_neighbors_alone() -> None:
    n = 11
    fiber = Fiber("thio_cutaneous", 1.0, n_nodes=n)
    levels = np.full((30, 1), 1.0)
    sizes = np.full((1, 16), 0.1)
    expected = voltages([fiber], [bump(n)[None]], levels, sizes, DT)
    sizes[0, 4] = np.nan
    lanes = voltages([fiber], [bump(n)[None]], levels, sizes, DT)
    assert np.all(np.isnan(lanes[-1, :, 4]))
    assert np.array_equal(np.delete(lanes, 4, axis=2), np.delete(expected, 4, axis=2))


def latency(dt: float) -> float:
    """Time at which a spike passes section 60 in the second-order scheme, ms."""
    fiber = Fiber("thio_autonomic", 1.0, n_nodes=81)
    n_steps = round(2.4 / dt)
    current = np.zeros(n_steps)
    first, last = round(0.1 / dt), round(0.6 / dt)
    current[first:last] = 1.0
    edges = np.zeros(n_steps, dtype=bool)
    edges[[first, last]] = True
    v = voltages(
        [fiber], [np.zeros((1, 81))], current[:, None], np.ones((1, 16)), dt,
        injected=(1, 0.4), edges=edges, second_order=True,
    )[:, 60, 0]  # fmt: skip
    crossing = int(np.argmax(v > -30.0))
    # The voltage at a crossing is smooth: a cubic through four samples does not limit the order.
    around = np.arange(crossing - 2, crossing + 2)
    poly = np.polynomial.Polynomial.fit(around * dt, v[around] + 30.0, 3)
    roots = poly.roots()
    real = roots[np.abs(roots.imag) < 1e-9].real
    return float(real[np.argmin(np.abs(real - (crossing - 0.5) * dt))])


def test_second_order_converges_with_order_two() -> None:
    times = [latency(dt) for dt in (0.02, 0.01, 0.005, 0.0025)]
    steps = np.diff(times)
    orders = np.log2(np.abs(steps[:-1] / steps[1:]))
    # Errors fall fourfold per halving; kinks of the tables and higher terms leave a few tenths.
    assert np.all(orders > 1.6), (times, orders)
    assert np.all(orders < 2.6), (times, orders)
