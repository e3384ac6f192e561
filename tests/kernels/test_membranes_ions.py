"""Membranes of Tigerholm and Schild in lanes, with their concentrations, against the formulas in plain numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.assemble import assemble_lanes
from scsim.fibers.membrane import membrane_constants
from scsim.fibers.single import set_single_step, single_cable_lanes
from scsim.fibers.solver import Solver
from scsim.kernels.layouts import U
from scsim.kernels.membranes import schild, tigerholm
from scsim.kernels.membranes.nernst import log_of_parts, ratio_parts
from scsim.kernels.membranes.steps import ALWAYS
from scsim.kernels.single_cable import ADVANCE, BEFORE, STATE
from tests.kernels.assembly import assembly_of
from tests.kernels.single_cables import FOREVER, refresh, settled, voltages
from tests.reference import membranes_tigerholm
from tests.reference import single_cable as plain
from tests.reference.membranes_schild import Schild
from tests.reference.membranes_tigerholm import Tigerholm

ADVANCE.setdefault(tigerholm.TigerholmCable, tigerholm.advance_tigerholm)
ADVANCE.setdefault(schild.SchildCable, schild.advance_schild)

DT = 0.005
MEMBRANES: dict[str, Callable[[], Any]] = {
    "tigerholm": Tigerholm,
    "schild94": lambda: Schild(94),
    "schild97": lambda: Schild(97),
}
STATES = {"tigerholm": tigerholm.STATES, "schild94": schild.STATES, "schild97": schild.STATES}
TABULATED = {
    "tigerholm": tigerholm.TABULATED,
    "schild94": schild.TABULATED,
    "schild97": schild.TABULATED,
}
# Name of a gate in the plain membrane, where it is another.
PLAIN = {
    "n_dr": "ndr",
    "slow_m": "nsm",
    "fast_m": "nfm",
    "m_a": "ma",
    "h_a": "ha",
    "slow_h": "nsh",
    "fast_h": "nfh",
}
PLAIN_SCHILD = {
    "fast_m": "fm",
    "fast_h": "fh",
    "fast_j": "fj",
    "slow_m": "sm",
    "slow_h": "sh",
    "can_d": "nd",
    "can_f1": "f1",
    "can_f2": "f2",
    "cat_d": "td",
    "cat_f": "tf",
}

# Parabolas over 0.1 mV are off by 6.5e-7 / k³ of a gate's range: 1e-8 for slopes of 4 mV, with either sign, so that
# less is left while v moves. A spike that is early or late by 1e-8 ms moves by 5e-6 mV at 500 mV/ms.
SAME_MV = 5e-6


def chain(model: str, diameter_um: float, n: int) -> plain.Chain:
    """Lay out the fiber of the plain simulator."""
    if model == "tigerholm":
        return plain.unmyelinated(n, diameter_um, 35.4, 1.0, None)
    return plain.unmyelinated(n, diameter_um, 100.0, 1.326291192, -46.5)


def bumpy_potential(fiber: Fiber) -> np.ndarray:
    """A source beside the fiber, off its middle; 1 mV between its highest and lowest value."""
    z = fiber.node_positions_mm()[:, 2]
    potential = 1.0 / np.hypot(0.05 * np.ptp(z) + 0.1, z - 0.13 * np.ptp(z))
    return potential / np.ptp(potential)


def gates_of(model: str, cable: Any) -> dict[str, np.ndarray]:
    """Give the gates by the names of the plain membrane, shape (n_nodes, 16): views of the records."""
    records = cable.buffer.reshape(-1, cable.record, 16)
    n_slots = len(TABULATED[model])
    slots = records[1:-1, STATE : STATE + n_slots].reshape(-1, 16, n_slots)
    names = PLAIN if model == "tigerholm" else PLAIN_SCHILD
    gates = {
        names.get(name, name): slots[:, :, i]
        for i, name in enumerate(TABULATED[model])
        if name != ALWAYS and (model, name) != ("schild97", "fast_j")
    }
    odd = {"tigerholm": ("fast_h", "nfh")}.get(model, ("c", "c"))
    return gates | {odd[1]: records[1:-1, STATE + STATES[model].index(odd[0])]}


@pytest.mark.parametrize("model", MEMBRANES)
@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("size_mv", [-250.0, 200.0])
def test_response_equals_the_plain_cable(model: str, second_order: bool, size_mv: float) -> None:
    diameters = (0.6, 1.0, 1.5, 0.8)
    fibers = [Fiber(model, d, n_nodes=31) for d in diameters]
    potential = bumpy_potential(fibers[0])
    levels = np.zeros((400, 2))
    levels[20:60, 0] = 1.0
    levels[80:120, 0] = -0.5
    levels[150:250, 1] = 1.0
    edges = np.any(np.diff(levels, axis=0, prepend=0.0) != 0.0, axis=1)
    amplitudes = np.array([[size_mv], [1.0]]) * np.ones(16)
    lanes = voltages(
        fibers, [np.stack([potential, 0.0 * potential])] * 4, levels, amplitudes, 2 * DT,
        injected=(3, 0.3), edges=edges, second_order=second_order,
    )  # fmt: skip
    for lane in (0, 2):
        expected = plain.simulate(
            chain(model, diameters[lane], 31), MEMBRANES[model](), size_mv * potential,
            levels[:, 0], 2 * DT, injected=(3, 0.3 * levels[:, 1]),
            scheme="second_order" if second_order else "neuron", edges=edges,
        )  # fmt: skip
        assert np.max(np.abs(lanes[:, :, lane] - expected)) < SAME_MV
        assert np.ptp(expected) > 150.0  # mV: a spike, and far outside of it


# Middle node of 361 after a current pulse at node 1 from 0.1 to 1.1 ms, by another program (NEURON 9.0.2 with
# PyFibers 0.13.0, dt 5 µs): diameter (µm), current (nA), then times (ms) and v_m (mV, to 1e-6).
TRACES = {
    "tigerholm": (
        1.0, 0.6,
        {0.5: -55.0, 1.5: -54.964049, 2.2: -49.67826, 2.4: -33.00821, 2.5: -10.735272, 2.7: 31.83442,
         3.0: 14.662688, 4.0: -8.113077, 6.0: -44.441987},
    ),
    "schild94": (
        1.0, 0.4,
        {0.5: -46.461662, 2.0: -46.461403, 3.0: -44.001366, 3.1: -37.101798, 3.2: -10.910899,
         3.5: 50.74234, 4.5: 35.455099, 7.0: -3.011621},
    ),
    "schild97": (
        1.0, 0.4,
        {0.5: -68.386072, 3.0: -68.387712, 5.6: -44.530693, 5.7: -31.127582, 5.8: -10.360273,
         6.0: 40.599875, 7.0: 58.247644, 9.0: 20.143483},
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", MEMBRANES)
def test_traces_are_those_of_another_program(model: str) -> None:
    diameter, size, samples = TRACES[model]
    n_steps = round(max(samples) / DT)
    middles = (np.arange(n_steps) + 0.5) * DT
    current = ((middles > 0.1) & (middles < 1.1)).astype(float)
    nothing = np.zeros(361)
    ours = voltages(
        [Fiber(model, diameter, n_nodes=361)], [nothing[None]], current[:, None], np.ones((1, 16)), DT,
        injected=(1, size),
    )[:, 180, 0]  # fmt: skip
    obvious = plain.simulate(
        chain(model, diameter, 361), MEMBRANES[model](), nothing, 0 * current, DT,
        injected=(1, size * current),
    )[:, 180]  # fmt: skip
    for t_ms, v_mv in samples.items():
        step = round(t_ms / DT)
        # Half a unit of the last digit, and what rounding of NEURON's pump slopes leaves (models.md 1).
        assert obvious[step] == pytest.approx(v_mv, abs=1e-6), t_ms
        assert ours[step] == pytest.approx(v_mv, abs=1e-6 + SAME_MV), t_ms


# models.md 6 and 7: after the start-up, to the digits given there.
@pytest.mark.parametrize(
    ("model", "diameter", "rest_mv"),
    [
        ("tigerholm", 1.0, -55.0),
        ("schild94", 1.0, -46.46174897252845),
        ("schild94", 0.8, -46.459886),
        ("schild97", 1.0, -68.38564404279094),
        ("schild97", 0.8, -68.402246),
    ],
)
def test_rest_is_the_published_one(model: str, diameter: float, rest_mv: float) -> None:
    fiber = Fiber(model, diameter, n_nodes=361)
    cable = settled([fiber], [np.zeros((1, 361))], DT)
    v = cable.buffer.reshape(-1, cable.record, 16)[181, U, 0] + cable.rest_mv
    assert v == pytest.approx(rest_mv, abs=6e-7)


def test_gates_of_tigerholm_at_rest_are_the_published_ones() -> None:
    published = {
        "m17": 0.011697, "h17": 0.111780, "s17": 0.808794, "m18": 0.010890, "h18": 0.996665,
        "s18": 0.777300, "u18": 0.622459, "m19": 0.159384, "h19": 0.324465, "s19": 0.104276,
        "n_dr": 0.124766, "slow_m": 0.015267, "fast_m": 0.015267, "h_a": 0.987501,
        "slow_h": 0.034905, "fast_h": 0.034905,
    }  # fmt: skip
    cable = settled([Fiber("tigerholm", 1.0, n_nodes=11)], [np.zeros((1, 11))], DT)
    gates = gates_of("tigerholm", cable)
    for name, value in published.items():
        assert gates[PLAIN.get(name, name)][5, 3] == pytest.approx(value, abs=6e-7), name
    assert gates["ma"][5, 3] == pytest.approx(1.3296e-7, abs=6e-12)


def test_leaks_of_tigerholm_are_the_probed_ones() -> None:
    values = dict(membrane_constants("tigerholm"))
    for name in ("nav17", "nav18", "nav19", "kdr", "km", "ka", "h"):
        tens = (values["temperature_degc"] - values[f"q10.{name}_reference_degc"]) / 10.0
        values[f"factor.{name}"] = values[f"q10.{name}"] ** tens
    derived = tigerholm.derived_constants(values)
    # models.md 6, nine digits.
    assert derived["leak_na"] == pytest.approx(2.05825492e-5, abs=6e-14)
    assert derived["leak_k"] == pytest.approx(4.22776744e-5, abs=6e-14)
    assert derived["constant_na"] == derived["constant_k"] == 0.0
    # A leak that would be negative becomes a constant current: without the pump, sodium flows in at rest.
    without = tigerholm.derived_constants({**values, "pump.maximum_ma_per_cm2": 0.0})
    assert without["leak_na"] == 0.0
    assert without["constant_na"] > 0.0  # outward, as the pump was


# Parabolas over 0.1 mV (`steps.py`): 6.5e-7 / k³ for a Boltzmann curve of slope k, and eight times that for an
# exponential, as a share of itself. The steepest: `fj` with k = 1.5 mV; `h19`, whose rates of 3.7 and 9.1 mV work
# against each other, as with 2.6 mV; `h18` with 4 mV; in rates, `n` with an exponential of 2.5 mV.
STEADY = {"fj": 2e-7, "h19": 4e-8}
CHANGE = {"fj": 3.4e-7, "n": 3.4e-7}


@pytest.mark.parametrize("model", MEMBRANES)
@pytest.mark.parametrize("dt", [0.001, DT, 5.0])
def test_gates_far_from_rest(model: str, dt: float) -> None:
    # Either side of every jump of a rate, and the removable singularity.
    v = np.concatenate(
        [np.linspace(-390.0, 390.0, 1501)]
        + [[at - 1e-4, at + 1e-4] for at in (-31.0, -60.0, -70.0, -14.273)]
    )
    fiber = Fiber(model, 1.0, n_nodes=v.size)
    cable = set_single_step(single_cable_lanes([fiber], [np.zeros((1, v.size))]), [fiber], DT, dt)
    records = cable.buffer.reshape(-1, cable.record, 16)
    records[1:-1, U] = v[:, None] - cable.rest_mv
    gates = gates_of(model, cable)
    membrane = MEMBRANES[model]()
    membrane.start(v.size, 1.0)
    kinetics = membranes_tigerholm.kinetics(v) if model == "tigerholm" else membrane.kinetics(v)
    assert len(gates) == {"tigerholm": 17, "schild94": 16, "schild97": 15}[model]
    refresh(cable, FOREVER)
    for name, gate in gates.items():
        error = np.max(np.abs(gate - kinetics[name][0][:, None]))
        assert error < STEADY.get(name, 1.02e-8), name
    # The table's own step, half of it (a root), and another (a power).
    for step in (dt, 0.5 * dt, 0.3 * dt, 0.0):
        for gate in gates.values():
            gate[:] = 0.5
        refresh(cable, step)
        for name, gate in gates.items():
            infinity, tau = kinetics[name]
            with np.errstate(under="ignore"):
                covered = -np.expm1(-step / tau)
            error = np.abs(gate[:, 0] - 0.5 - (infinity - 0.5) * covered)
            # Of the change, so that slow gates count too; 0.5 is rounded to 1e-16.
            assert np.all(error <= CHANGE.get(name, 5e-8) * covered + 2e-16), (name, step)


def test_gates_beyond_the_table_step_as_at_its_end() -> None:
    fiber = Fiber("tigerholm", 1.0, n_nodes=4)
    cable = single_cable_lanes([fiber], [np.zeros((1, 4))])
    records = cable.buffer.reshape(-1, cable.record, 16)
    at = np.array([-400.0, -1e6, 400.0, 1e6])
    records[1:-1, U] = at[:, None] - cable.rest_mv
    records[1, U, 5] = np.nan
    refresh(cable, FOREVER)
    gates = gates_of("tigerholm", cable)
    for name, gate in gates.items():
        assert np.array_equal(gate[0], gate[1]), name  # a voltage that is not finite, too
        assert np.array_equal(gate[2], gate[3]), name
    assert gates["m17"][0, 0] < 1e-9
    assert gates["m17"][3, 0] > 0.999


def test_logarithms_of_ratios_that_share_a_division() -> None:
    for a, b in ((154.0, 11.4), (5.6, 121.7), (2.0, 1e-4), (1.0, 1.0), (3.0, 2.0), (1e-9, 1e6)):
        whole, above, below = ratio_parts(a, b)
        assert log_of_parts(whole, above / below) == pytest.approx(np.log(a / b), rel=5e-11, abs=0)
    ratios = np.exp(np.linspace(-3.0, 3.0, 6001))
    ours = [log_of_parts(whole, above / below) for whole, above, below in map(_against_7, ratios)]
    # 3e-11 of the logarithm that is left within a factor of 1.51.
    assert np.allclose(ours, np.log(ratios), rtol=3e-11, atol=3e-11 * 0.41 + 1e-16)
    for a, b in ((-1.0, 2.0), (2.0, 0.0), (2.0, -3.0)):
        whole, above, below = ratio_parts(a, b)
        assert np.isnan(log_of_parts(whole, above / below if below else 0.0))


def _against_7(ratio: float) -> tuple[float, float, float]:
    return ratio_parts(7.0 * float(ratio), 7.0)


@pytest.mark.parametrize("model", MEMBRANES)
def test_concentrations_stand_still_while_only_gates_advance(model: str) -> None:
    cable = settled([Fiber(model, 1.0, n_nodes=7)], [np.zeros((1, 7))], DT)
    records = cable.buffer.reshape(-1, cable.record, 16)
    names = [
        name
        for name in ("nai", "nao", "ki", "ko", "cai", "cao", "occupancy")
        if name in STATES[model]
    ]
    fields = [STATE + STATES[model].index(name) for name in names]
    before = records[:, fields].copy()
    records[:, U] += 30.0
    refresh(cable, 0.5 * DT)
    assert np.array_equal(records[:, fields], before)


@pytest.mark.parametrize("cai", [-1e-5, 1e-12, 1e-4, 0.05])
@pytest.mark.parametrize("dt", [0.005, 5.0])
def test_calcium_and_its_buffer_equal_newton(cai: float, dt: float) -> None:
    v = np.linspace(-150.0, 100.0, 21)
    membrane = Schild(94)
    membrane.start(v.size, 0.7)
    membrane.c["cai"] = np.full(v.size, cai)
    cable = single_cable_lanes([Fiber("schild94", 0.7, n_nodes=v.size)], [np.zeros((1, v.size))])
    records = cable.buffer.reshape(-1, cable.record, 16)
    field = {name: STATE + index for index, name in enumerate(schild.STATES)}
    records[1:-1, field["cai"]] = cai
    records[1:-1, U] = v[:, None] - cable.rest_mv
    refresh(cable, 0.0)  # currents with all gates shut
    membrane.gates = {name: np.zeros_like(gate) for name, gate in membrane.gates.items()}
    conductance, drive = membrane.currents(v, 0.0)
    inner = slice(2, -2)  # the ends are passive
    area = records[inner, 12, 0]
    assert records[inner, 4, 0] / area == pytest.approx(conductance[1:-1], rel=1e-9)
    assert (records[inner, 5, 0] / area + conductance[1:-1] * cable.rest_mv) == pytest.approx(
        drive[1:-1], rel=1e-9
    )
    for lead in (0.0, 0.5):
        state = cable.buffer.copy()
        before = records[:, BEFORE].copy()
        membrane.before, kept = membrane.c, dict(membrane.c)
        membrane.advance_ions(v, dt, lead)
        for k in range(1, v.size + 1):
            here = cable.buffer[k * cable.record * 16 : (k + 1) * cable.record * 16]
            _advance_once(cable, here, dt, lead)
        for name, plain_name in (("cai", "cai"), ("cao", "cao"), ("occupancy", "O")):
            assert records[1:-1, field[name], 0] == pytest.approx(
                membrane.c[plain_name], rel=1e-9, abs=1e-16
            ), (name, lead)
        cable.buffer[:] = state
        assert np.array_equal(records[:, BEFORE], before)
        membrane.c = kept


def _advance_once(cable: Any, here: np.ndarray, dt: float, lead: float) -> None:
    plain_function = getattr(schild.advance_schild, "py_func", schild.advance_schild)
    plain_function(cable, here, 0.0, dt, lead)


@pytest.mark.parametrize("model", ["tigerholm", "schild94"])
def test_second_order_scheme_is_of_second_order(model: str) -> None:
    n = 61
    fiber = Fiber(model, 1.0, n_nodes=n)
    latencies = []
    for dt in (0.02, 0.01, 0.005, 0.0025):
        n_steps = round(2.4 / dt)
        levels = np.zeros((n_steps, 1))
        levels[round(0.1 / dt) : round(0.5 / dt)] = 1.0
        edges = np.diff(levels[:, 0], prepend=0.0) != 0.0
        v = voltages(
            [fiber], [np.zeros((1, n))], levels, np.ones((1, 16)), dt,
            injected=(1, 0.6), edges=edges, second_order=True,
        )[:, 45, 0]  # fmt: skip
        k = int(np.flatnonzero((v[:-1] <= -20.0) & (v[1:] > -20.0))[0])
        # Cubic through four samples: its error is of fourth order.
        t = np.arange(k - 1, k + 3) * dt
        inverse = np.polynomial.Polynomial.fit(t, v[k - 1 : k + 3] + 20.0, 3)
        roots = inverse.roots()
        real = roots[np.abs(roots.imag) < 1e-9].real
        latencies.append(float(real[np.argmin(np.abs(real - t[1] - 0.5 * dt))]))
    steps = np.abs(np.diff(latencies))
    order = np.log2(steps[:-1] / steps[1:])
    assert order[-1] > 1.8, (latencies, order)


@pytest.mark.parametrize("model", MEMBRANES)
def test_a_lane_that_is_not_finite_stays_alone(model: str) -> None:
    fiber = Fiber(model, 1.0, n_nodes=21)
    potential = bumpy_potential(fiber)[None]
    waveform = np.zeros((30, 1))
    waveform[5:25] = 1.0
    amplitudes = np.full((1, 16), -50.0)
    clean = voltages([fiber], [potential], waveform, amplitudes, DT)
    amplitudes[0, 3] = np.nan
    broken = voltages([fiber], [potential], waveform, amplitudes, DT)
    assert not np.any(np.isfinite(broken[-1, :, 3]))
    others = np.arange(16) != 3
    assert np.array_equal(broken[:, :, others], clean[:, :, others])


@pytest.mark.parametrize("model", MEMBRANES)
def test_gates_follow_their_lane_when_lanes_are_laid_anew(model: str) -> None:
    lanes = assemble_lanes([Fiber(model, 1.0, n_nodes=5)], [np.zeros((1, 5))], Solver())
    for k, gate in enumerate(gates_of(model, lanes.cable).values()):
        gate[:] = np.arange(16) + 100 * np.arange(5)[:, None] + 1000 * k
    order = np.array([3, 3, 0, 15, *range(4, 16)])
    anew = gates_of(model, lanes.take(order).cable)
    for name, gate in gates_of(model, lanes.cable).items():
        assert np.array_equal(anew[name], gate[:, order]), name


@pytest.mark.parametrize("model", [*MEMBRANES, "thio_autonomic"])
def test_rows_of_the_table_are_not_gathered(model: str) -> None:
    fiber = Fiber(model, 1.0, n_nodes=5)
    assembly = assembly_of(assemble_lanes([fiber], [np.zeros((1, 5))], Solver()))
    # Number by number it takes twice as long, and the compiler does it wherever it can.
    assert "gather" not in assembly
