"""Runs the reference cases of single cells of the spiking circuit: rest, current steps, synapses.

Columns and names are those of the circuit tables (``cases/README.md``); what a row describes is in
``circuit_inputs.py``, tolerances are in ``tolerances.py``; the cells themselves belong to `scsim.circuit`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.run_network import CurrentStep, VoltageRecording, simulate_network
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ResultsError
from scsim.units import MS_PER_S
from scsim.validate.circuit_inputs import (
    CELLS,
    cell_of,
    find_inputs,
    published_circuit,
    read_spikes,
)
from scsim.validate.circuit_spikes import (
    compare_spikes,
    compare_voltages,
    count_spikes,
    time_grid,
    times_off,
)
from scsim.validate.reading import Row, read_table
from scsim.validate.report import Case, Check, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scsim.circuit.networks.network import SpikingCircuit
    from scsim.circuit.networks.run_network import NetworkResponse

_SILENCE: Final = FiberTrains({})
_SAMPLE_MS: Final = 0.1
"""Distance of the samples of traces, of which the extremes of ``syn_unit.csv`` are taken, ms."""

_STEP_MS: Final = (200.0, 1200.0)
_STEP_RUN_MS: Final = 1300.0
_STEP_LATE_MS: Final = (700.0, 1200.0)
_STEP_PROBE_MS: Final = 1199.0
_FI_COLUMNS: Final = (
    "cell", "amp_nA", "n_spikes_200_1200", "first_ms", "last_ms", "rate_last500ms_hz",
    "v_at_1199ms_mV",
)  # fmt: skip
_REST_PROBES_MS: Final = {"v_100ms_mV": 100.0, "v_1000ms_mV": 1000.0}

_TEST_FILE: Final = "syn_unit_cases.csv"
_TEST_COLUMNS: Final = (
    "test", "target", "source", "n_fibers", "receptors", "times_ms", "duration_ms",
)  # fmt: skip
_UNIT_COLUMNS: Final = (
    "test", "v_before_mV", "v_max_mV", "t_max_ms", "v_min_mV", "n_spikes", "spike_times_ms",
)  # fmt: skip
_EVENT: Final = "event"


class _SynapseTest(NamedTuple):
    """One test of synapses: an isolated cell with one kind of input."""

    circuit: SpikingCircuit
    trains: FiberTrains
    cell: str
    first_ms: float
    duration_ms: float


def run_rest(file: Path) -> list[Case]:
    """Run cells without input: one case for each."""
    cases = []
    for row in read_table(file, ("cell", *_REST_PROBES_MS)):
        checks: list[Check] = []
        code = cell_of(row)
        for column, probe_ms in _REST_PROBES_MS.items():
            response = simulate_network(
                [_isolate(published_circuit(), code)],
                [_SILENCE],
                duration_ms=probe_ms,
                recording=_probe(code, probe_ms),
            )
            found_mv = response.voltage_mv[code][0]
            checks += compare_voltages(
                row.text("cell"), np.array([row.finite(column)]), found_mv, column
            )
        cases.append(Case(f"{row.text('cell')} at rest", file.name, tuple(checks)))
    return cases


def run_steps(file: Path) -> list[Case]:
    """Run current steps: one case for each row; the steps of a cell run together."""
    rows = read_table(file, _FI_COLUMNS)
    found: dict[int, Case] = {}
    for code, together in _by_cell(rows).items():
        response = _inject(
            code, [row.finite("amp_nA") for row in together], _probe(code, _STEP_PROBE_MS)
        )
        for i, row in enumerate(together):
            name = f"{row.text('cell')} {row.text('amp_nA')} nA"
            found[row.line] = Case(name, file.name, _compare_step(row, response, code, i))
    return [found[row.line] for row in rows]


def _compare_step(row: Row, response: NetworkResponse, code: str, i: int) -> tuple[Check, ...]:
    """Compare counts, first and last spike, rate and voltage of one step."""
    spikes_ms = response.spike_times_ms[code][i]
    rate_hz = count_spikes(spikes_ms, *_STEP_LATE_MS) * MS_PER_S / np.diff(_STEP_LATE_MS)[0]
    count = count_spikes(spikes_ms, _STEP_MS[0], _STEP_RUN_MS)
    checks = [
        measure("circuit_spikes", count - row.integer("n_spikes_200_1200"), "count"),
        measure("circuit_rate", rate_hz - row.finite("rate_last500ms_hz"), "rate"),
        *compare_voltages(
            row.text("cell"),
            np.array([row.finite("v_at_1199ms_mV")]),
            response.voltage_mv[code][i],
            "v_at_1199ms_mV",
        ),
    ]
    for column, end in (("first_ms", 0), ("last_ms", -1)):
        if row.text(column):
            found_ms = spikes_ms[end] if spikes_ms.size else np.nan
            checks.append(measure("circuit_spike_time", found_ms - row.finite(column), column))
        else:
            checks.append(measure("circuit_spikes", spikes_ms.size, column))
    return tuple(checks)


def run_step_spikes(file: Path) -> list[Case]:
    """Run the spike lists of current steps: one case for each list, and one for all times."""
    rows = read_table(file, ("cell", "amp_nA", "t_ms"))
    expected = read_spikes(rows, ("amp_nA", "cell"))
    cases, pairs = [], []
    for code in dict.fromkeys(key[1] for key in expected):
        currents = [amplitude for amplitude, cell in expected if cell == code]
        response = _inject(code, [_current(amplitude, file) for amplitude in currents])
        for i, amplitude in enumerate(currents):
            pair = (expected[amplitude, code], response.spike_times_ms[code][i])
            name = f"{_table_name(code)} {amplitude} nA, spikes"
            cases.append(Case(name, file.name, compare_spikes(*pair)))
            pairs.append(pair)
    return [*cases, *times_off(file, pairs)]


def run_step_traces(file: Path) -> list[Case]:
    """Run the traces of current steps, columns ``<cell>_<current>nA``: one case for each column."""
    rows = read_table(file, ("t_ms",))
    columns: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for column in rows[0].cells:
        if column == "t_ms":
            continue
        match = re.fullmatch(r"(\w+)_(-?[\d.]+)nA", column)
        if match is None or match[1] not in CELLS:
            msg = (
                f"{file}: the column {column!r} is none of <cell>_<current>nA with a cell of "
                f"{', '.join(CELLS)}; correct the header."
            )
            raise ResultsError(msg)
        columns[match[1]].append((column, _current(match[2], file)))
    cases = {}
    for cell, traces in columns.items():
        grid = time_grid(rows, (CELLS[cell],), _SAMPLE_MS)
        currents = [current for _, current in traces]
        response = _inject(CELLS[cell], currents, grid.recording, grid.end_ms)
        for i, (column, _) in enumerate(traces):
            expected_mv = np.array([row.finite(column) for row in rows])
            found_mv = response.voltage_mv[CELLS[cell]][i][grid.at]
            checks = compare_voltages(cell, expected_mv, found_mv)
            cases[column] = Case(f"{column} trace", file.name, checks)
    return [cases[column] for column in rows[0].cells if column != "t_ms"]


def run_synapses(file: Path) -> list[Case]:
    """Run tests of synapses: extremes and spikes, one case for each test."""
    rows = read_table(file, _UNIT_COLUMNS)
    tests = _read_tests(file)
    if isinstance(tests, str):
        return [Case(row.text("test"), file.name, reason=tests) for row in rows]
    cases = []
    for row in rows:
        test = tests.get(row.text("test"))
        if test is None:
            cases.append(_unknown_test(row.text("test"), file))
        else:
            cases.append(Case(row.text("test"), file.name, _compare_test(row, test)))
    return cases


def _compare_test(row: Row, test: _SynapseTest) -> tuple[Check, ...]:
    """Compare extremes and spikes of one test; the extremes are those of the samples from the first event on."""
    code = CELLS[test.cell]
    recording = VoltageRecording(
        (code,),
        every_ms=_SAMPLE_MS,
        from_ms=test.first_ms - _SAMPLE_MS,
        to_ms=test.duration_ms,
    )
    response = _run_test(test, test.duration_ms, recording)
    assert response.time_ms is not None
    before_mv, *after = response.voltage_mv[code][0]
    after_mv = np.array(after)
    found = {"v_before_mV": before_mv, "v_max_mV": after_mv.max(), "v_min_mV": after_mv.min()}
    checks: list[Check] = []
    for column, found_mv in found.items():
        expected_mv = np.array([row.finite(column)])
        checks += compare_voltages(test.cell, expected_mv, np.array([found_mv]), column)
    t_max_ms = response.time_ms[1:][after_mv.argmax()]
    checks.append(measure("circuit_time_of_peak", t_max_ms - row.finite("t_max_ms"), "t_max_ms"))
    spikes_ms = response.spike_times_ms[code][0]
    expected_ms = _times(row, "spike_times_ms")
    checks += compare_spikes(
        expected_ms, spikes_ms[spikes_ms >= test.first_ms], quantity="circuit_spike_time"
    )
    n_listed = expected_ms.size - row.integer("n_spikes")
    checks.append(measure("circuit_spikes", n_listed, "n_spikes against spike_times_ms"))
    return tuple(checks)


def run_synapse_traces(file: Path) -> list[Case]:
    """Run the traces of tests of synapses: one case for each test, a column named like it."""
    rows = read_table(file, ("t_ms",))
    names = [column for column in rows[0].cells if column != "t_ms"]
    tests = _read_tests(file)
    if isinstance(tests, str):
        return [Case(f"{name} trace", file.name, reason=tests) for name in names]
    cases = []
    for name in names:
        if name not in tests:
            cases.append(_unknown_test(f"{name} trace", file))
            continue
        test = tests[name]
        grid = time_grid(rows, (CELLS[test.cell],), _SAMPLE_MS)
        found_mv = _run_test(test, grid.end_ms, grid.recording).voltage_mv[CELLS[test.cell]][0]
        expected_mv = np.array([row.finite(name) for row in rows])
        checks = compare_voltages(test.cell, expected_mv, found_mv[grid.at])
        cases.append(Case(f"{name} trace", file.name, checks))
    return cases


def _isolate(circuit: SpikingCircuit, code: str) -> SpikingCircuit:
    """Take one cell out of a circuit, without synapses."""
    cells = tuple(cell for cell in circuit.cells if cell.name == code)
    return replace(circuit, cells=cells, connections=(), steady=(), projection=code)


def _probe(code: str, at_ms: float) -> VoltageRecording:
    """Ask for the voltage of a cell at one time."""
    return VoltageRecording((code,), every_ms=_SAMPLE_MS, from_ms=at_ms, to_ms=at_ms)


def _inject(
    code: str,
    currents_na: Sequence[float],
    recording: VoltageRecording | None = None,
    duration_ms: float = _STEP_RUN_MS,
) -> NetworkResponse:
    """Run current steps into an isolated cell, all together."""
    from_ms, to_ms = _STEP_MS
    return simulate_network(
        [_isolate(published_circuit(), code)] * len(currents_na),
        [_SILENCE] * len(currents_na),
        duration_ms=duration_ms,
        recording=recording,
        currents=[
            (CurrentStep(cell=code, from_ms=from_ms, to_ms=to_ms, current_na=current),)
            for current in currents_na
        ],
    )


def _by_cell(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[cell_of(row)].append(row)
    return groups


def _table_name(code: str) -> str:
    return next(name for name, known in CELLS.items() if known == code)


def _current(text: str, file: Path) -> float:
    """Read a current, nA."""
    try:
        return float(text)
    except ValueError:
        msg = f"{file}: {text!r} is no current in nA; a number is needed, correct it."
        raise ResultsError(msg) from None


def _times(row: Row, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Read rising times in one cell, with blanks between them."""
    try:
        times = np.array([float(word) for word in row.text(column).split()])
    except ValueError:
        times = np.array([np.nan])
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        msg = (
            f"{column} = {row.text(column)!r} in {row.path}:{row.line}: rising times in ms with "
            "blanks between them are needed; correct the cell."
        )
        raise ResultsError(msg)
    return times


def _unknown_test(name: str, file: Path) -> Case:
    return Case(name, file.name, reason=f"{_TEST_FILE} has no test of this name")


def _read_tests(file: Path) -> dict[str, _SynapseTest] | str:
    """Read what the tests of synapses are, or say which file is missing."""
    paths = find_inputs(file, _TEST_FILE)
    if isinstance(paths, str):
        return paths
    return {row.text("test"): _make_test(row) for row in read_table(paths[0], _TEST_COLUMNS)}


def _make_test(row: Row) -> _SynapseTest:
    """Make the isolated cell and the input of a test: its source is one class of fibers, whatever it was."""
    circuit = published_circuit()
    target = cell_of(row, "target")
    source = CELLS.get(row.text("source"), row.text("source"))
    families = {receptor.name: receptor.family for receptor in circuit.receptors}
    wanted = row.text("receptors").lower()
    connections = tuple(
        replace(connection, source=_EVENT, delay_ms=0.0)
        for connection in circuit.connections
        if connection.target == target
        and connection.source == source
        and wanted in ("all", families[connection.receptor])
    )
    if not connections:
        msg = (
            f"{row.path}:{row.line}: the circuit has no connection from {row.text('source')} to "
            f"{row.text('target')} with receptors = {row.text('receptors')!r}; write a class of "
            "fibers or a cell that has one, and a receptor of it or all."
        )
        raise ResultsError(msg)
    n_fibers = row.integer("n_fibers")
    times_ms = _times(row, "times_ms")
    if n_fibers < 1 or times_ms.size == 0:
        msg = (
            f"{row.path}:{row.line}: n_fibers = {n_fibers} and times_ms = "
            f"{row.text('times_ms')!r}: at least one fiber and one time are needed."
        )
        raise ResultsError(msg)
    duration_ms = row.finite("duration_ms")
    if not _SAMPLE_MS <= times_ms[0] < duration_ms:
        msg = (
            f"{row.path}:{row.line}: times_ms begins at {times_ms[0]:g} ms and the run lasts "
            f"duration_ms = {duration_ms:g} ms: the first event must come within it and not before "
            f"{_SAMPLE_MS:g} ms; correct the line."
        )
        raise ResultsError(msg)
    fibers = FiberClass(_EVENT, "Input of the test", n_fibers, "a_beta", "local")
    isolated = _isolate(circuit, target)
    return _SynapseTest(
        circuit=replace(isolated, fibers=(fibers,), connections=connections),
        trains=FiberTrains({_EVENT: (times_ms,) * n_fibers}),
        cell=row.text("target"),
        first_ms=float(times_ms[0]),
        duration_ms=duration_ms,
    )


def _run_test(
    test: _SynapseTest, duration_ms: float, recording: VoltageRecording
) -> NetworkResponse:
    return simulate_network(
        [test.circuit], [test.trains], duration_ms=duration_ms, recording=recording
    )
