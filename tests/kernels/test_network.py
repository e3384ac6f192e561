"""The kernel of spiking cells: compiled = plain Python = reference; NaN, empty input, batches, threads, SIMD."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import llvmlite.binding
import numba
import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks import run_network
from scsim.circuit.networks.assemble_network import (
    NARROW,
    NARROW_BLOCK,
    WIDE,
    assemble_cells,
    make_lane,
)
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import Channel
from scsim.circuit.networks.run_network import (
    CurrentStep,
    NetworkResponse,
    VoltageRecording,
    simulate_network,
)
from scsim.circuit.networks.wiring import SteadyConductance
from scsim.errors import Status
from scsim.kernels import channels, elementary, network, synapses
from scsim.kernels.jit import FAST_MATH
from tests.reference import network as reference

CIRCUIT = load_circuit("zhang2014")
NAMES = tuple(cell.name for cell in CIRCUIT.cells)
SAMPLED = VoltageRecording(NAMES, every_ms=0.0125)

SOLVE_MV = 2e-6
"""Largest difference of a voltage over 20 ms: exponentials are right to 2e-10, so a gate to some 1e-10; times
100 mV of drive, and some 10² where an upstroke turns a delay into millivolts (measured: 1e-7)."""


def plain(function: Callable[..., None]) -> Callable[..., None]:
    """The function below the compiler; itself where compilation is switched off."""
    return getattr(function, "py_func", function)


def busy_trains(duration_ms: float, shift_ms: float = 0.0) -> FiberTrains:
    """Every fiber fires at 3, 9, 15 … ms, a little later than the one before."""
    first = np.arange(3.0, duration_ms, 6.0)
    return FiberTrains(
        {
            f.name: tuple(first + shift_ms + 0.131 * k for k in range(f.n_fibers))
            for f in CIRCUIT.fibers
        }
    )


def varied(index: int) -> tuple[SpikingCircuit, FiberTrains]:
    """One of many conditions: inhibition, densities and trains differ, some inputs are shared."""
    connections = tuple(
        replace(c, weight_microsiemens=c.weight_microsiemens * (1 - 0.1 * (index % 4)))
        if c.receptor == "gaba_a"
        else c
        for c in CIRCUIT.connections
    )
    return replace(CIRCUIT, connections=connections), busy_trains(30.0, 0.05 * (index // 4))


def run(conditions: Sequence[int], duration_ms: float = 25.0) -> NetworkResponse:
    pairs = [varied(index) for index in conditions]
    return simulate_network(
        [circuit for circuit, _ in pairs],
        [trains for _, trains in pairs],
        duration_ms=duration_ms,
        recording=VoltageRecording(NAMES, every_ms=0.1),
        lanes="wide",
    )


def delayed_firing() -> SpikingCircuit:
    """The published circuit with a transient potassium channel in EX, and a steady inhibition of WDR."""

    def with_k_a(cell: Any) -> Any:
        densities = {"dendrite": 0.0025, "soma": 0.015, "hillock": 0.3}
        sections = tuple(
            replace(s, channels=(*s.channels, Channel("k_a", densities[s.name], -70.0)))
            if s.name in densities
            else s
            for s in cell.sections
        )
        return replace(cell, sections=sections)

    cells = tuple(with_k_a(cell) if cell.name == "ex" else cell for cell in CIRCUIT.cells)
    return replace(CIRCUIT, cells=cells, steady=(SteadyConductance("wdr", "glycine", 1e-3),))


@pytest.mark.parametrize("lanes", ["auto", "wide"])
@pytest.mark.parametrize("make", [lambda: CIRCUIT, delayed_firing])
def test_agrees_with_the_plain_reference(lanes: str, make: Callable[[], SpikingCircuit]) -> None:
    circuit, duration_ms = make(), 12.0
    trains = busy_trains(duration_ms)
    currents = (CurrentStep("wdr", 2.0, 5.0, 0.05), CurrentStep("sg", 4.0, 9.0, 0.03))
    expected = reference.simulate(
        circuit,
        trains.trains,
        duration_ms,
        [(c.cell, c.from_ms, c.to_ms, c.current_na) for c in currents],
    )
    response = simulate_network(
        [circuit],
        [trains],
        duration_ms=duration_ms,
        recording=SAMPLED,
        currents=[currents],
        lanes=lanes,
    )
    n_spikes = 0
    for name in NAMES:
        np.testing.assert_allclose(
            response.voltage_mv[name][0], expected.soma_mv[name], rtol=0, atol=SOLVE_MV
        )
        times = response.spike_times_ms[name][0]
        np.testing.assert_allclose(times, expected.spike_times_ms[name], rtol=0, atol=1e-9)
        n_spikes += times.size
    assert n_spikes > 3


@pytest.mark.parametrize("cell", ["sg", "wdr"])
def test_compiled_agrees_with_plain_python(monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    n_steps = 6
    lane = make_lane(CIRCUIT, next(c for c in CIRCUIT.cells if c.name == cell))
    events = (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([0.01]))
    empty = np.zeros((8, 2), dtype=np.int64)
    states = []
    for is_compiled in (True, False):
        one = assemble_cells([lane], CIRCUIT.step_ms, NARROW)
        if not is_compiled:
            for module in (channels, synapses, network, elementary):
                for name, value in list(vars(module).items()):
                    if hasattr(value, "py_func"):
                        monkeypatch.setattr(module, name, value.py_func)
        function = network.run_cells if is_compiled else plain(network.run_cells)
        function(one, *events, n_steps, (1, 0), empty, empty.copy(), np.zeros((0, NARROW)))
        states.append(one)
    # Six steps of sums of some ten terms, none above 1e5 times the smallest that counts.
    for field in ("sites", "records", "synapses"):
        compiled, expected = (getattr(state, field) for state in states)
        np.testing.assert_allclose(compiled, expected, rtol=1e-9, atol=1e-12)
    assert states[0].counters.tolist() == states[1].counters.tolist()


def test_a_single_lane_agrees_with_many() -> None:
    trains = busy_trains(25.0)
    narrow, wide = (
        simulate_network([CIRCUIT], [trains], duration_ms=25.0, recording=SAMPLED, lanes=lanes)
        for lanes in ("auto", "wide")
    )
    for name in NAMES:
        np.testing.assert_allclose(
            narrow.voltage_mv[name], wide.voltage_mv[name], rtol=0, atol=SOLVE_MV
        )
        assert np.array_equal(narrow.spike_times_ms[name][0], wide.spike_times_ms[name][0])


def test_a_condition_does_not_depend_on_its_batch() -> None:
    order = np.random.default_rng(7).permutation(40)
    together = run(order)
    seven = run(range(7))
    for condition in range(7):
        alone = run([condition])
        at = int(np.flatnonzero(order == condition)[0])
        for name in NAMES:
            for other, index in ((seven, condition), (together, at)):
                assert np.array_equal(alone.voltage_mv[name][0], other.voltage_mv[name][index]), (
                    f"{name}, condition {condition}"
                )
                assert np.array_equal(
                    alone.spike_times_ms[name][0], other.spike_times_ms[name][index]
                )
    assert len({run.tobytes() for run in together.voltage_mv["wdr"]}) == 40


def test_windows_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    before = run([0, 5])
    monkeypatch.setattr(run_network, "_WINDOW", 97)
    after = run([0, 5])
    for name in NAMES:
        assert np.array_equal(before.voltage_mv[name], after.voltage_mv[name])
        for one, other in zip(before.spike_times_ms[name], after.spike_times_ms[name], strict=True):
            assert np.array_equal(one, other)


def test_a_broken_condition_is_marked_and_spares_the_others() -> None:
    trains = [busy_trains(10.0)] * 3
    currents = [(), (CurrentStep("sg", 1.0, 2.0, 1e12),), ()]
    mixed = simulate_network(
        [CIRCUIT] * 3,
        trains,
        duration_ms=10.0,
        currents=currents,
        recording=VoltageRecording(NAMES, 0.1),
    )
    clean = simulate_network(
        [CIRCUIT] * 3, trains, duration_ms=10.0, recording=VoltageRecording(NAMES, 0.1)
    )
    assert mixed.status.tolist() == [Status.OK, Status.NOT_FINITE, Status.OK]
    assert clean.status.tolist() == [Status.OK] * 3
    for name in NAMES:
        for condition in (0, 2):
            assert np.array_equal(
                mixed.voltage_mv[name][condition], clean.voltage_mv[name][condition]
            )


def test_a_voltage_far_out_leaves_gates_between_0_and_1() -> None:
    circuit = delayed_firing()
    for name in ("sg", "ex", "wdr"):
        lane = make_lane(circuit, next(c for c in circuit.cells if c.name == name))
        none = np.zeros(0, dtype=np.int64)
        room = np.zeros((8, 2), dtype=np.int64)
        for voltage_mv in (-900.0, -160.0, 160.0, 900.0):
            one = assemble_cells([lane], circuit.step_ms, NARROW)
            one.sites[channels.V : channels.V + channels.SITES] = voltage_mv
            network.run_cells(
                one, none, none, np.zeros(0), 0, (1, 0), room, room, np.zeros((0, 1))
            )  # the step that puts gates at their steady state
            for kind, _, n_blocks, at, _, _ in one.sheets:
                if kind in (channels.POOL, channels.K_DRI):
                    continue
                n_fields = channels.N_RECORD_FIELDS[kind]
                size = n_fields * n_blocks * NARROW_BLOCK
                gates = one.records[at : at + size].reshape(n_blocks, n_fields, NARROW_BLOCK)[:, 1:]
                assert np.all((gates >= 0.0) & (gates <= 1.0)), f"kind {kind} at {voltage_mv} mV"


def test_silence_and_no_conditions() -> None:
    none = simulate_network([], [], duration_ms=5.0)
    assert none.status.shape == (0,)
    assert none.spike_times_ms == {}
    silent = simulate_network([CIRCUIT], [FiberTrains({})], duration_ms=5.0)
    assert all(silent.spike_times_ms[name][0].size == 0 for name in ("sg", "z2", "ex"))
    assert silent.status.tolist() == [Status.OK]


def test_threads_do_not_matter() -> None:
    alone = [run([index]) for index in range(3)]
    with ThreadPoolExecutor(3) as pool:
        threaded = list(pool.map(lambda index: run([index]), range(3)))
    for one, other in zip(alone, threaded, strict=True):
        for name in NAMES:
            assert np.array_equal(one.voltage_mv[name], other.voltage_mv[name])


@pytest.mark.slow
@pytest.mark.skipif(
    not llvmlite.binding.get_host_cpu_features().get("fma"),
    reason="this processor has no fused multiply-add",
)
def test_blocks_are_compiled_with_packed_multiply_add() -> None:
    lane = make_lane(CIRCUIT, CIRCUIT.cells[0])
    one = assemble_cells([lane], CIRCUIT.step_ms, WIDE)
    none = np.zeros(0, dtype=np.int64)
    room = np.zeros((1, 2), dtype=np.int64)
    arguments = (one, none, none, np.zeros(0), 1, (1, 0), room, room, np.zeros((0, WIDE)))
    anew: Any = numba.njit(nogil=True, error_model="numpy", fastmath=set(FAST_MATH))
    compiled = anew(plain(network.run_cells))  # what comes from the cache cannot be inspected
    signature = tuple(numba.typeof(argument) for argument in arguments)
    compiled.compile(signature)
    assembly = compiled.inspect_asm(signature)
    packed = len(re.findall(r"\n\s+vf\w+pd\s.*%[yz]mm", assembly))
    scalar = len(re.findall(r"\n\s+vf\w+sd\s", assembly))
    divisions = len(re.findall(r"\n\s+vdivpd\s.*%[yz]mm", assembly))
    # The equations have some 150 sums of products and 18 divisions per site; each loop has a scalar copy for arrays
    # that overlap or for what is left of a block, which never runs.
    assert packed >= 130, f"{packed} packed, {scalar} scalar: some loops lost their SIMD"
    assert packed > scalar / 2, f"{packed} packed, {scalar} scalar: some loops lost their SIMD"
    assert "vgather" not in assembly, "a loop reads number by number: take slices for what it reads"
    assert divisions >= 16, f"{divisions} packed divisions: some loops lost their SIMD"
