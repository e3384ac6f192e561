"""Spiking cells against closed forms: charge, cable theory, synapses, feedback, order of convergence."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import scsim.validate
from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.assemble_network import NARROW, assemble_cells, make_lane, peak_factor
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import Cell, Section
from scsim.circuit.networks.run_network import CurrentStep, VoltageRecording, simulate_network
from scsim.circuit.networks.wiring import Connection, FiberClass, Receptor, SteadyConductance
from scsim.kernels import channels, network, synapses
from tests.reference import network as reference

ZHANG = load_circuit("zhang2014")
GATE = Path(scsim.validate.__file__).parent / "cases" / "gate"
SILENT = FiberTrains({})
EVENT = FiberClass("event", "One fiber", 1, "c", "local")


def section(name: str, length_um: float, n: int, *, leak: float = 1e-4, d: float = 2.0) -> Section:
    return Section(name, length_um, d, d, n, 100.0, 1.0, leak, -65.0)


def passive(*sections: Section) -> Cell:
    return Cell("cell", "Passive cell", sections, False, -30.0, -65.0)


def circuit_of(
    *cells: Cell,
    receptors: tuple[Receptor, ...] = (),
    connections: tuple[Connection, ...] = (),
    steady: tuple[SteadyConductance, ...] = (),
    step_ms: float = 0.0125,
) -> SpikingCircuit:
    return SpikingCircuit(
        name="test",
        title="Test circuit",
        fibers=(EVENT,),
        cells=cells,
        receptors=receptors,
        connections=connections,
        projection=cells[-1].name,
        steady=steady,
        step_ms=step_ms,
    )


def soma_mv(
    circuit: SpikingCircuit, duration_ms: float, current_na: float, lanes: str
) -> NDArray[np.float64]:
    """Voltage of the only cell at every step under a constant current."""
    response = simulate_network(
        [circuit],
        [SILENT],
        duration_ms=duration_ms,
        currents=[(CurrentStep("cell", 0.0, 2 * duration_ms, current_na),)],
        recording=VoltageRecording(("cell",), circuit.step_ms),
        lanes=lanes,
    )
    return response.voltage_mv["cell"][0]


@pytest.mark.parametrize("lanes", ["auto", "wide"])
def test_isopotential_cell_charges_as_backward_euler_says(lanes: str) -> None:
    cell = passive(section("soma", 20.0, 1))
    area_cm2 = np.pi * 2.0 * 20.0 * 1e-8
    g, c, dt, current = 1e-4 * area_cm2 * 1e6, area_cm2 * 1e3, 0.0125, 0.001  # µS, nF, ms, nA
    steps = np.arange(401)
    expected = -65.0 + current / g * (1 - (1 + dt * g / c) ** -steps)
    np.testing.assert_allclose(
        soma_mv(circuit_of(cell), 5.0, current, lanes), expected, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("lanes", ["auto", "wide"])
def test_input_resistance_of_a_sealed_cable(lanes: str) -> None:
    errors = []
    for n in (25, 75):
        # A cable of 1000 µm, current into the middle of the soma, a compartment at its end; 1/3 of the length each.
        size = 1000.0 / n
        cell = passive(
            section("dendrite", size * (n - 1), n - 1, leak=2e-3),
            section("soma", size, 1, leak=2e-3),
        )
        v = soma_mv(circuit_of(cell, step_ms=1.0), 60.0, 0.001, lanes)[-1] + 65.0
        r_axial = 0.01 * 100.0 / (np.pi * 1.0**2)  # MΩ/µm
        g_membrane = 2e-3 * np.pi * 2.0 * 1e-2  # µS/µm
        length = 1 / np.sqrt(r_axial * g_membrane)
        at = size / 2
        exact = (
            0.001
            * r_axial
            * length
            * np.cosh((1000.0 - at) / length)
            * np.cosh(at / length)
            / np.sinh(1000.0 / length)
        )
        # Middle compartments: relative error (dx/λ)² / 24 per second difference, twice that at the source.
        assert abs(v / exact - 1) < (size / length) ** 2 / 6
        errors.append(abs(v / exact - 1))
    assert errors[0] / errors[1] == pytest.approx(9.0, rel=0.15)  # second order in the length


@pytest.mark.parametrize("n_lanes", [1, 32])
def test_charge_is_conserved(n_lanes: int) -> None:
    cell = passive(
        section("dendrite", 300.0, 20, leak=0.0), section("soma", 20.0, 3, leak=0.0, d=20.0)
    )
    circuit = circuit_of(cell)
    lanes = assemble_cells([make_lane(circuit, cell)], circuit.step_ms, n_lanes)
    n_steps, current = 200, 0.02
    event = (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([current]))
    room = np.zeros((n_lanes * 200, 2), dtype=np.int64)
    network.run_cells(lanes, *event, n_steps, (1, 0), room, room.copy(), np.zeros((0, n_lanes)))
    v = lanes.sites[channels.V : channels.V + 23 * n_lanes].reshape(23, n_lanes)[:, 0]
    cdt = lanes.line.reshape(network.N_LINE_ROWS, 23)[network.CDT]
    # Σ C ΔV = I T; C in nF is (C/dt) dt.
    assert (cdt * (v + 65.0)).sum() == pytest.approx(current * n_steps, rel=1e-9)


def test_conductance_of_a_synapse_peaks_at_its_weight() -> None:
    receptor = Receptor("ampa", "ampa", 0.5, 5.0, 0.0)
    connection = Connection("event", "cell", "ampa", 0.003, section="soma")
    cell = passive(section("soma", 20.0, 1))
    circuit = circuit_of(cell, receptors=(receptor,), connections=(connection,))
    lanes = assemble_cells([make_lane(circuit, cell)], circuit.step_ms, NARROW)
    event = np.zeros(1, dtype=np.int64)
    size = np.array([0.003 * peak_factor(0.5, 5.0)])
    room = np.zeros((4, 2), dtype=np.int64)
    g = []
    for _ in range(300):
        network.run_cells(lanes, event, event, size, 1, (1, 0), room, room, np.zeros((0, 1)))
        g.append(lanes.synapses[synapses.DECAYING] - lanes.synapses[synapses.RISING])
    peak_ms = 0.5 * 5.0 / 4.5 * np.log(10.0)
    assert np.argmax(g) + 1 == pytest.approx(peak_ms / 0.0125, abs=1)
    # Near the peak g falls by g'' t²/2, with |g''| = w / (rise decay) there, half a step away at most.
    assert max(g) == pytest.approx(0.003, rel=(0.0125 / 2) ** 2 / (2 * 0.5 * 5.0) + 1e-12)


def test_steady_conductance_moves_the_resting_voltage() -> None:
    cell = passive(section("soma", 20.0, 1))
    g_leak = 1e-4 * np.pi * 2.0 * 20.0 * 1e-2
    receptor = Receptor("gaba_a", "gaba_a", 0.1, 20.0, -80.0)
    steady = SteadyConductance("cell", "gaba_a", 2 * g_leak, section="soma")
    circuit = circuit_of(cell, receptors=(receptor,), steady=(steady,), step_ms=0.1)
    v = soma_mv(circuit, 100.0, 0.0, "auto")[-1]
    assert v == pytest.approx((-65.0 - 2 * 80.0) / 3, abs=1e-9)  # 30 time constants of 3.3 ms


def loop(recovery_ms: float) -> SpikingCircuit:
    """Two excitatory cells that drive each other, and one of them itself, with three delays."""
    ex = next(cell for cell in ZHANG.cells if cell.name == "ex")
    cells = (replace(ex, name="a"), replace(ex, name="b"))
    connections = (
        Connection("event", "a", "ampa", 0.02),
        Connection("a", "b", "ampa", 0.02, delay_ms=0.5, recovery_ms=recovery_ms),
        Connection("b", "a", "ampa", 0.02, delay_ms=0.75, recovery_ms=recovery_ms),
        Connection("a", "a", "gaba_a", 0.01, delay_ms=1.0),
    )
    return replace(
        ZHANG, cells=cells, connections=connections, projection="b", fibers=(EVENT,), mechanisms=()
    )


@pytest.mark.parametrize("lanes", ["auto", "wide"])
@pytest.mark.parametrize("recovery_ms", [0.0, 30.0])
def test_feedback_in_windows_equals_all_cells_step_by_step(lanes: str, recovery_ms: float) -> None:
    trains = FiberTrains({"event": (np.array([2.0, 14.0]),)})
    circuit, duration_ms = loop(recovery_ms), 30.0
    expected = reference.simulate(circuit, trains.trains, duration_ms)
    response = simulate_network([circuit], [trains], duration_ms=duration_ms, lanes=lanes)
    for name in ("a", "b"):
        times = response.spike_times_ms[name][0]
        np.testing.assert_allclose(times, expected.spike_times_ms[name], rtol=0, atol=1e-9)
        assert times.size >= 3


def test_first_order_in_time() -> None:
    errors = {}
    current = CurrentStep("wdr", 1.0, 20.0, 0.01)  # below threshold
    voltages = {}
    wdr = replace(
        ZHANG,
        cells=tuple(c for c in ZHANG.cells if c.name == "wdr"),
        connections=(),
        projection="wdr",
        mechanisms=(),
    )
    steps = (0.05, 0.025, 0.0125, 0.003125)
    for step_ms in steps:
        response = simulate_network(
            [replace(wdr, step_ms=step_ms)],
            [SILENT],
            duration_ms=10.0,
            currents=[(current,)],
            recording=VoltageRecording(("wdr",), 10.0, 10.0),
        )
        voltages[step_ms] = response.voltage_mv["wdr"][0, 0]
        assert response.spike_times_ms["wdr"][0].size == 0
    # With an error c h, the finest run is itself off by c h_min, and 1 to 4 to 8 of these remain.
    exact = voltages[0.003125] + (voltages[0.003125] - voltages[0.0125]) / 3
    errors = [abs(voltages[step_ms] - exact) for step_ms in steps[:3]]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.1)


def rows(name: str) -> list[dict[str, str]]:
    with (GATE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def case_d1() -> FiberTrains:
    """Inputs of case D1: peripheral trains of 2 s, with 50 Hz stimulation of local and surround fibers."""
    classes = {"Ab": "a_beta", "Ad": "a_delta", "C": "c"}
    times = {f.name: [list[float]() for _ in range(f.n_fibers)] for f in ZHANG.fibers}
    for row in rows("det_inputs.csv"):
        times[classes[row["fibre_type"]]][int(row["fibre"])].append(float(row["t_ms"]))
    latency_ms = [float(list(row.values())[-1]) for row in rows("scs_latency.csv")]
    for fiber, latency in enumerate(latency_ms):
        for name in ("a_beta", "a_beta_surround"):
            times[name][fiber] += list(np.arange(500.0, 2000.0, 20.0) + latency)
    return FiberTrains({k: tuple(np.sort(v) for v in fibers) for k, fibers in times.items()})


def test_double_step_errs_as_the_reference_program_does() -> None:
    """The cheaper setting; NEURON at 0.025 ms: det_convergence.csv of the reference data, variant D1dt05."""
    published, double = (
        simulate_network([replace(ZHANG, step_ms=h)], [case_d1()], duration_ms=2000.0)
        for h in (0.0125, 0.025)
    )
    counts = [double.spike_times_ms[name][0].size for name in ("sg", "z2", "ex", "wdr")]
    assert counts == [140, 119, 63, 54]
    for name, shift_ms in (("wdr", 0.1125), ("sg", 0.875)):
        moved = double.spike_times_ms[name][0][:12] - published.spike_times_ms[name][0][:12]
        assert np.abs(moved).max() == pytest.approx(shift_ms, abs=1e-6)
