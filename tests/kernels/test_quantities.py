"""What is recorded of a run, against the plain cables, which keep every compartment, gate and concentration."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.internode import internode_modes
from scsim.fibers.morphology import load_morphology
from scsim.fibers.solver import Solver
from scsim.response import IntracellularPulse, Source, simulate
from scsim.response.quantities import recordable
from scsim.stimulus.pulse import Pulse
from tests.reference import double_cable as double
from tests.reference import single_cable as single
from tests.reference.membranes_schild import Schild
from tests.reference.membranes_simple import Rattay, Sundt, Sweeney
from tests.reference.membranes_thio import PARAMETERS, Thio
from tests.reference.membranes_tigerholm import Tigerholm

DT = 0.005
N_STEPS = 90
LEVELS = np.zeros(N_STEPS)
LEVELS[20:40] = 1.0  # Pulse(100) from 0.1 ms
PULSE = Pulse(100.0)
SCHEMES = ("neuron", "second_order")
CURRENTS = ("i_naf", "i_nap", "i_ks", "i_leak")

# Two exact solutions of one linear scheme: rounding times the condition of the dense solve, as in
# test_double_cable.py. Gates and currents follow by their largest slopes, 0.1 per mV and 1 nA per mV.
SAME_MV = 1e-5
SAME_GATE = 0.1 * SAME_MV
SAME_NA = 1.0 * SAME_MV


def is_edge(step: int) -> bool:
    return bool(LEVELS[step] != (LEVELS[step - 1] if step else 0.0))


def rough_potential(fiber: Fiber, size_mv: float, seed: int = 1) -> np.ndarray:
    """A source off the middle, and noise from compartment to compartment, which drives every mode."""
    z = fiber.arc_lengths_um() * 1e-3
    smooth = -1e3 / (4 * np.pi * 0.3 * np.hypot(0.6, z - 0.37 * z[-1]))
    return smooth + size_mv * np.random.default_rng(seed).standard_normal(z.size)


def plain_double(fiber: Fiber, v_e: np.ndarray, amplitude: float, scheme: str) -> dict[str, Any]:
    """v_m and v_periaxonal of all compartments, (n, n_times), and gates of the nodes after each step."""
    cable = double.build(fiber)
    for _ in range(40):
        double.advance(cable, np.zeros(v_e.size), 5.0)
    v_m, ring, gates = [], [], []

    def keep() -> None:
        v_m.append(cable.v_m.copy())
        ring.append(cable.v_p - cable.e)
        gates.append([dict(cable.gates[i]) for i in range(11, v_e.size - 1, 11)])

    keep()
    if scheme == "second_order":
        double.move_gates(cable, 0.5 * DT)
    for step, level in enumerate(LEVELS):
        e = level * amplitude * v_e
        if scheme == "neuron":
            double.advance(cable, e, DT)
        else:
            for _ in range(2 if is_edge(step) else 1):
                double.solve(cable, e, 0.5 * DT, weight=1.0 if is_edge(step) else 2.0)
            double.move_gates(cable, DT)
        keep()
    return {
        "v_m": np.array(v_m).T,
        "v_periaxonal": np.array(ring).T,
        **{name: np.array([[g[name] for g in row] for row in gates]).T for name in "mhps"},
    }


def centered(gate: np.ndarray) -> np.ndarray:
    """Gates of the second-order scheme, t = 0 and then half a step ahead, at the times of the voltage."""
    times = np.concatenate([[0.0], np.arange(1, gate.shape[1]) + 0.5])
    return np.array([np.interp(np.arange(gate.shape[1]), times, row) for row in gate])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("model", "diameter", "amplitude"), [("mrg_discrete", 10.0, 0.4), ("mrg", 2.5, 4.0)]
)
def test_every_compartment_of_a_double_cable_in_a_rough_field(
    model: str, diameter: float, amplitude: float, scheme: str
) -> None:
    fiber = Fiber(model, diameter, n_nodes=5)
    v_e = rough_potential(fiber, 20.0)
    compartments = range(1, fiber.n_compartments - 1)
    response = simulate(
        [fiber], [v_e[None]], PULSE, amplitude_ma=amplitude, polarity="anodic", window_ms=N_STEPS * DT,
        record=("m", "h", "p", "s", "v_periaxonal", "i_ion", *CURRENTS),
        record_compartments=compartments, solver=Solver(scheme=scheme),
    )  # fmt: skip
    expected = plain_double(fiber, v_e, amplitude, scheme)
    for name in ("v_m", "v_periaxonal"):
        ours = response.at_compartments[name][0]
        assert np.max(np.abs(ours - expected[name][1:-1])) < SAME_MV, name
    assert np.max(np.abs(expected["v_periaxonal"])) > 40.0  # mV: the field acts between the nodes
    assert np.max(expected["v_m"][11:-11:11]) > -20.0  # mV: a spike
    for name in "mhps":
        there = centered(expected[name]) if scheme == "second_order" else expected[name]
        assert np.max(np.abs(response.recorded[name][0] - there)) < SAME_GATE, name
    at_nodes = response.at_compartments["v_m"][0][10::11]
    assert np.array_equal(at_nodes, response.v_m_mv[0])
    assert response.recorded["v_m"][0] is response.v_m_mv[0]


def test_currents_of_the_mrg_node_are_those_of_its_gates_and_add_up() -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=5)
    v_e = rough_potential(fiber, 0.0)
    response = simulate(
        [fiber], [v_e[None]], PULSE, amplitude_ma=0.4, polarity="anodic", window_ms=N_STEPS * DT,
        record=("m", "h", "p", "s", "i_ion", *CURRENTS),
    )  # fmt: skip
    r = {name: arrays[0] for name, arrays in response.recorded.items()}
    shape = load_morphology("mrg_discrete", 10.0)
    area_cm2 = np.pi * shape.node_diameter_um * shape.node_length_um * 1e-8
    millions = area_cm2 * 1e6  # mA/cm² to nA
    expected = {
        "i_naf": millions * 3.0 * r["m"] ** 3 * r["h"] * (r["v_m"] - 50.0),
        "i_nap": millions * 0.01 * r["p"] ** 3 * (r["v_m"] - 50.0),
        "i_ks": millions * 0.08 * r["s"] * (r["v_m"] + 90.0),
        "i_leak": millions * 0.007 * (r["v_m"] + 90.0),
    }
    for name, current in expected.items():
        # Rounding of a product of six.
        assert np.max(np.abs(r[name] - current)) < 1e-12 * np.max(np.abs(current)), name
    assert np.min(r["i_naf"]) < -1.0  # nA: inward during the spike
    assert np.max(r["i_ks"]) > 0.05


@pytest.mark.parametrize("setting", [
    Solver(), Solver(scheme="second_order"), Solver(precision="float32"), Solver(modes=12),
    Solver(layout="alone"),
])  # fmt: skip
def test_parts_of_the_current_add_up_in_every_setting(setting: Solver) -> None:
    fiber = Fiber("mrg", 8.0, n_nodes=7)
    response = simulate(
        [fiber], [rough_potential(fiber, 5.0)[None]], PULSE, amplitude_ma=0.4, polarity="anodic",
        window_ms=N_STEPS * DT, record=("i_ion", *CURRENTS), solver=setting,
    )  # fmt: skip
    whole = response.recorded["i_ion"][0]
    parts = np.sum([response.recorded[name][0] for name in CURRENTS], axis=0)
    # Rounding of g (u - E), which is up to 1 µS times 130 mV: 20 units in the last place.
    assert np.max(np.abs(whole - parts)) < 20 * 130.0 * np.finfo(setting.precision).eps
    assert np.ptp(whole) > 1.0


def test_a_fiber_alone_gives_the_same_voltages_between_its_nodes() -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=5)
    v_e = rough_potential(fiber, 20.0)
    response = simulate(
        [fiber], [v_e[None]], PULSE, amplitude_ma=0.4, polarity="anodic", window_ms=N_STEPS * DT,
        record=("v_periaxonal",), record_compartments=range(1, fiber.n_compartments - 1),
        solver=Solver(layout="alone"),
    )  # fmt: skip
    expected = plain_double(fiber, v_e, 0.4, "neuron")
    for name in ("v_m", "v_periaxonal"):
        # The table of the gates moves v_m by less than this (kernels/table_cable.py).
        assert np.max(np.abs(response.at_compartments[name][0] - expected[name][1:-1])) < 1e-3


@pytest.mark.parametrize("model", ["mrg", "mrg_discrete", "mrg_small"])
def test_every_mode_of_an_internode_is_coupled_to_its_nodes(model: str) -> None:
    # Voltages between nodes divide by the coupling: 1e-150 would be lost when it is squared.
    diameters = {"mrg_discrete": (1, 2, 5.7, 7.3, 8.7, 10, 11.5, 12.8, 14, 15, 16)}.get(
        model, np.linspace(2.0, 3.0, 11) if model == "mrg_small" else np.linspace(2.0, 16.0, 57)
    )
    for diameter in diameters:
        modes = internode_modes(model, float(diameter))
        assert np.min(np.abs(modes.coupling)) > 1e-9 * np.max(np.abs(modes.coupling))
        assert np.allclose(np.linalg.inv(modes.shapes) @ modes.shapes, np.eye(20), atol=1e-6)


UNMYELINATED = {
    "rattay": (Rattay, 100.0, 1.0, -70.0),
    "sundt": (Sundt, 100.0, 1.0, -60.0),
    "tigerholm": (Tigerholm, 35.4, 1.0, None),
    "schild94": (lambda: Schild(94), 100.0, 1.326291192, -46.5),
    "schild97": (lambda: Schild(97), 100.0, 1.326291192, -46.5),
    "thio_autonomic": (
        lambda: Thio("autonomic"), PARAMETERS["autonomic"]["resistivity"], 1.326291192, None,
    ),
    "thio_cutaneous": (
        lambda: Thio("cutaneous"), PARAMETERS["cutaneous"]["resistivity"], 1.326291192, None,
    ),
}  # fmt: skip
SHORT_NAMES = {
    "tigerholm": {"n_dr": "ndr", "slow_m": "nsm", "fast_m": "nfm", "m_a": "ma", "h_a": "ha",
                  "slow_h": "nsh", "fast_h": "nfh"},
    "schild": {"fast_m": "fm", "fast_h": "fh", "fast_j": "fj", "slow_m": "sm", "slow_h": "sh",
               "can_d": "nd", "can_f1": "f1", "can_f2": "f2", "cat_d": "td", "cat_f": "tf"},
}  # fmt: skip
MODELS = ("sweeney", *UNMYELINATED)


def plain_single(model: str, diameter_um: float, n: int) -> tuple[single.Chain, Any]:
    if model == "sweeney":
        return single.nodes_in_perfect_myelin(n, diameter_um), Sweeney()
    make: Callable[[], Any]
    make, resistivity, capacitance, end_mv = UNMYELINATED[model]
    return single.unmyelinated(n, diameter_um, resistivity, capacitance, end_mv), make()


def plain_name(model: str, name: str) -> str:
    """Name of a state of ours in the plain membrane."""
    for start, names in SHORT_NAMES.items():
        if model.startswith(start):
            return names.get(name, name)
    return name.replace("_", "")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("model", MODELS)
def test_gates_concentrations_and_current_of_single_cables(model: str, scheme: str) -> None:
    diameters = (7.0, 9.0) if model == "sweeney" else (1.0, 0.7)
    n, node = 11, 3
    # Two fibers of unlike length and diameter; the longer one rides in the second lane.
    fibers = [Fiber(model, diameters[0], n_nodes=n - 2), Fiber(model, diameters[1], n_nodes=n)]
    potentials = [rough_potential(fiber, 40.0)[None] for fiber in fibers]
    into = 2.0 if model == "sweeney" else 0.1
    compartments = (0, 4, n - 3)
    names = recordable(fibers[1])
    response = simulate(
        fibers, potentials, PULSE, amplitude_ma=1.0, polarity="anodic",
        intracellular=IntracellularPulse(2, into, 0.1, 0.1), window_ms=N_STEPS * DT, record=names,
        record_nodes=(node, 5), record_compartments=compartments, solver=Solver(scheme=scheme),
    )  # fmt: skip
    chain, membrane = plain_single(model, diameters[1], n)
    simulator = single.Simulator(chain, membrane)
    nothing = np.zeros(n)
    for _ in range(40):
        simulator.step(nothing, nothing, 5.0)
    rows: list[dict[str, np.ndarray]] = []

    def keep() -> None:
        conductance, drive = membrane.currents(simulator.v, simulator.lead)
        kept = {"g": conductance, "d": drive, "v_m": simulator.v, **membrane.gates}
        kept |= {("occupancy" if k == "O" else k): x for k, x in getattr(membrane, "c", {}).items()}
        rows.append({k.lower() if k[0] != "O" else k: np.array(x) for k, x in kept.items()})

    keep()
    if scheme == "second_order":
        membrane.advance_gates(simulator.v, DT / 2)
    v_e = potentials[1][0]
    for step, level in enumerate(LEVELS):
        current = nothing.copy()
        current[2] = into * level
        if scheme == "second_order":
            simulator.step_second_order(level * v_e, current, DT, edge=is_edge(step))
        else:
            simulator.step(level * v_e, current, DT)
        keep()
    plain = {name: np.array([row[name] for row in rows]).T for name in rows[0]}
    at_gates = centered if scheme == "second_order" else np.asarray
    chosen = [node, 5]
    v_m = plain["v_m"]
    # v_m is good to 5e-5 mV (test_membranes_thio.py), and gates to 0.1 per mV of that; the current to that share of
    # the range of v_m, so 5e-7, times ten for its steepest part. Concentrations sum up, from the start-up of 200 ms
    # on, currents of gates good to 1e-8; what a spike changes of them is good to the share of v_m.
    assert np.max(np.abs(response.v_m_mv[1] - v_m[chosen])) < 5e-5
    assert np.max(np.abs(response.at_compartments["v_m"][1] - v_m[list(compartments)])) < 5e-5
    assert np.ptp(v_m) > 50.0
    for name in names:
        ours = response.recorded[name][1]
        if name == "i_ion":
            scale = chain.area_cm2[chosen, None] * 1e6
            there = at_gates(plain["g"][chosen]) * v_m[chosen] - at_gates(plain["d"][chosen])
            there = there * scale
            tolerance = 5e-6 * np.ptp(there)
        elif name == "fast_j" and model == "schild97":
            there, tolerance = np.ones_like(ours), 1e-15  # the model of 1997 has no such gate
        elif name in {"nai", "nao", "ki", "ko", "cai", "cao", "occupancy"}:
            there = plain[name][chosen]
            tolerance = 1e-8 * np.max(there) + 5e-7 * np.ptp(there)
        else:
            key = "v_m" if name == "v_m" else plain_name(model, name)
            there = plain[key][chosen] if name == "v_m" else at_gates(plain[key][chosen])
            tolerance = 5e-5 if name == "v_m" else 0.1 * 5e-5
        assert np.max(np.abs(ours - there)) <= tolerance, (name, np.max(np.abs(ours - there)))


@pytest.mark.parametrize("model", ["mrg_discrete", "tigerholm"])
def test_gates_and_currents_of_the_second_order_scheme_are_second_order(model: str) -> None:
    fiber = Fiber(model, 10.0 if model == "mrg_discrete" else 1.0, n_nodes=11)
    names = ("m", "h", "i_ion") if model == "mrg_discrete" else ("m17", "n_dr", "i_ion")
    size = 1.0 if model == "mrg_discrete" else 0.1

    def recorded(dt_us: float) -> dict[str, np.ndarray]:
        response = simulate(
            [fiber], intracellular=IntracellularPulse(2, size, 0.08, 0.16), window_ms=0.64,
            record=names, record_nodes=(5,), every=round(40.0 / dt_us), record_from_ms=0.32,
            solver=Solver(scheme="second_order", dt_us=dt_us),
        )  # fmt: skip
        return {name: arrays[0][0] for name, arrays in response.recorded.items()}

    fine = recorded(0.3125)
    for name in names:
        coarse, half = (np.max(np.abs(recorded(dt)[name] - fine[name])) for dt in (5.0, 2.5))
        # Nearer to order 2 than to 1, which a gate half a step from its time would have.
        assert np.log2(coarse / half) > 1.5, (name, coarse, half)


def test_places_and_times_are_those_asked_for_in_every_lane() -> None:
    fibers = [
        Fiber("mrg", 10.0, n_nodes=9), Fiber("thio_autonomic", 1.0, n_nodes=15),
        Fiber("mrg", 6.0, n_nodes=7), Fiber("thio_cutaneous", 0.8, n_nodes=9),
    ]  # fmt: skip
    potentials = [rough_potential(fiber, 1.0)[None] for fiber in fibers]
    options: dict[str, Any] = {
        "amplitude_ma": 0.1, "polarity": "anodic", "window_ms": 0.45, "record": ("i_ion",),
        "sources": (), "solver": Solver(scheme="second_order"),
    }  # fmt: skip
    whole = simulate(fibers, potentials, PULSE, record_compartments=range(1, 8), **options)
    some = simulate(
        fibers, potentials, PULSE, record_nodes=(5, 2), record_compartments=(7, 3), every=3,
        record_from_ms=0.1, record_until_ms=0.31, **options,
    )  # fmt: skip
    steps = np.arange(21, 63, 3)
    assert some.time_ms == pytest.approx(steps * DT)
    for i in range(4):
        for name in ("v_m", "i_ion"):
            rows = whole.recorded[name][i][[4, 1]]
            assert np.array_equal(some.recorded[name][i], rows[:, steps])
        # Sums over modes may be taken in another order.
        between = whole.at_compartments["v_m"][i][[6, 2]][:, steps]
        assert np.allclose(some.at_compartments["v_m"][i], between, rtol=0.0, atol=1e-9)
    alone = simulate([fibers[3]], [potentials[3]], PULSE, record_nodes=(4,), **options)
    assert np.array_equal(alone.recorded["i_ion"][0][0], whole.recorded["i_ion"][3][3])


def test_two_sources_force_the_modes_as_their_sum() -> None:
    fiber = Fiber("mrg", 8.0, n_nodes=5)
    first, second = (rough_potential(fiber, 20.0, seed) for seed in (1, 2))
    chosen = range(1, fiber.n_compartments - 1)
    options: dict[str, Any] = {
        "amplitude_ma": 0.1, "polarity": "anodic", "onsets_ms": (0.0,), "window_ms": 0.2,
        "record": ("v_periaxonal",), "record_compartments": chosen,
    }  # fmt: skip
    two = simulate(
        [fiber], [first[None]], PULSE, **options,
        sources=[Source([second[None]], PULSE, 0.1, polarity="anodic")],
    )  # fmt: skip
    one = simulate([fiber], [(first + second)[None]], PULSE, **options)
    difference = two.at_compartments["v_periaxonal"][0] - one.at_compartments["v_periaxonal"][0]
    # Rounding of 100 mV, times 1e4 for what the fast modes make of it.
    assert np.max(np.abs(difference)) < 1e-8
    assert np.ptp(one.at_compartments["v_periaxonal"][0]) > 10.0
