"""Runs the reference cases of the whole spiking circuit under stimulation: test networks and the sweep.

Columns and names are those of the circuit tables (``cases/README.md``); what a row describes is in
``circuit_inputs.py``, tolerances are in ``tolerances.py``; the circuit itself belongs to `scsim.circuit`.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scsim.circuit.inputs.volleys import tonic_pulses_ms
from scsim.circuit.networks.run_network import VoltageRecording, simulate_network
from scsim.circuit.readouts.locking import split_by_pulse
from scsim.errors import ResultsError
from scsim.units import MS_PER_S
from scsim.validate.circuit_inputs import (
    CELLS,
    LATENCY_FILE,
    circuit_in_state,
    find_inputs,
    mode_of,
    published_circuit,
    read_pulse_latencies,
    read_spikes,
    read_trains,
    scale_inhibition,
    stimulated,
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
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from scsim.circuit.inputs.trains import FiberTrains
    from scsim.circuit.networks.network import SpikingCircuit
    from scsim.circuit.networks.run_network import NetworkResponse

_CASE_COLUMNS: Final = (
    "case", "f_scs_hz", "t_scs_start_ms", "duration_ms", "gaba_scale", "glycine_scale",
    "e_gaba_gly_mV",
)  # fmt: skip
_TRACE_SAMPLE_MS: Final = 0.1

_SWEEP_START_MS: Final = 500.0
_SWEEP_DURATION_MS: Final = 4500.0
_SWEEP_EARLY_MS: Final = (500.0, 1500.0)
_SWEEP_LATE_MS: Final = (1500.0, 4500.0)
_SWEEP_LOCK_MS: Final = 12.0
_SWEEP_FAST_HZ: Final = 150.0
"""From here on one spike of SG may differ (format of the tables)."""

_SWEEP_RATES: Final = MappingProxyType(
    {
        "WDR_hz_1.5_4.5s": ("wdr", _SWEEP_LATE_MS),
        "EX_hz": ("ex", _SWEEP_LATE_MS),
        "SG_hz": ("sg", _SWEEP_LATE_MS),
        "Z2_hz": ("z2", _SWEEP_LATE_MS),
        "WDR_hz_0.5_1.5s": ("wdr", _SWEEP_EARLY_MS),
    }
)
"""Column, the cell whose rate it is, and the window."""

_SWEEP_LOCKED: Final = "WDR_hz_later_than_12ms_after_pulse"


class _Network(NamedTuple):
    """One test network: its circuit, trains and length."""

    circuit: SpikingCircuit
    trains: FiberTrains
    duration_ms: float


def run_spikes(file: Path) -> list[Case]:
    """Run the spike lists of test networks: one case for each network and cell, and one for all times."""
    rows = read_table(file, ("case", "cell", "t_ms"))
    expected = read_spikes(rows, ("case", "cell"))
    networks = _read_networks(file)
    if isinstance(networks, str):
        return [Case(file.stem, file.name, reason=networks)]
    names = list(dict.fromkeys(row.text("case") for row in rows))
    found = _run_networks({name: networks[name] for name in names if name in networks})
    cases, pairs = [], []
    for name in names:
        if name not in found:
            cases.append(Case(name, file.name, reason="det_cases.csv has no case of this name"))
            continue
        for cell, code in CELLS.items():
            pair = (expected.get((name, code), np.empty(0)), found[name].spike_times_ms[code][0])
            cases.append(Case(f"{name} {cell}", file.name, compare_spikes(*pair)))
            pairs.append(pair)
    return [*cases, *times_off(file, pairs)]


def run_traces(file: Path) -> list[Case]:
    """Run voltage traces of a test network, ``det_traces_<case>_<from>_<to>ms.csv``."""
    rows = read_table(file, ("t_ms", *CELLS))
    networks = _read_networks(file)
    if isinstance(networks, str):
        return [Case(file.stem, file.name, reason=networks)]
    match = re.fullmatch(r"det_traces_(\w+?)_\d+_\d+ms", file.stem)
    if match is None or match[1] not in networks:
        reason = "det_cases.csv has no case that the name of the file begins with"
        return [Case(file.stem, file.name, reason=reason)]
    network = networks[match[1]]
    grid = time_grid(rows, tuple(CELLS.values()), _TRACE_SAMPLE_MS)
    if grid.end_ms > network.duration_ms:
        msg = (
            f"{file}: the times go on to {grid.end_ms:g} ms, but case {match[1]} in det_cases.csv "
            f"ends at {network.duration_ms:g} ms; leave out the later ones or correct duration_ms."
        )
        raise ResultsError(msg)
    response = _run(network, max(grid.end_ms, _TRACE_SAMPLE_MS), grid.recording)
    return [
        Case(
            f"{match[1]} {cell} trace",
            file.name,
            compare_voltages(
                cell,
                np.array([row.finite(cell) for row in rows]),
                response.voltage_mv[code][0][grid.at],
            ),
        )
        for cell, code in CELLS.items()
    ]


def run_sweep(file: Path) -> list[Case]:
    """Run the sweep of stimulation rates: all rows of one call, so that cells of equal input are shared."""
    columns = ("seed", "mode", "state", "f_scs_hz", *_SWEEP_RATES, _SWEEP_LOCKED)
    rows = read_table(file, columns)
    circuit = published_circuit()
    natural: dict[int, FiberTrains | str] = {}
    latency_ms: NDArray[np.float64] = np.empty(0)
    for seed in dict.fromkeys(row.integer("seed") for row in rows):
        paths = find_inputs(file, f"sweep_inputs_seed{seed}.csv", LATENCY_FILE)
        if isinstance(paths, str):
            natural[seed] = paths
            continue
        natural[seed] = read_trains(paths[0], circuit)
        latency_ms = read_pulse_latencies(paths[1], circuit)

    runnable, circuits, trains, pulses = [], [], [], []
    for row in rows:
        given = natural[row.integer("seed")]
        if isinstance(given, str):
            continue
        times = tonic_pulses_ms(
            _frequency_of(row), from_ms=_SWEEP_START_MS, to_ms=_SWEEP_DURATION_MS
        )
        runnable.append(row)
        circuits.append(circuit_in_state(circuit, row))
        trains.append(stimulated(circuit, given, times, latency_ms, mode_of(row)))
        pulses.append(times)
    cases = {
        row.line: Case(_sweep_name(row), file.name, reason=given)
        for row in rows
        if isinstance(given := natural[row.integer("seed")], str)
    }
    if runnable:
        response = simulate_network(circuits, trains, duration_ms=_SWEEP_DURATION_MS)
        for i, row in enumerate(runnable):
            checks = _compare_rates(row, response, i, pulses[i])
            cases[row.line] = Case(_sweep_name(row), file.name, checks)
    return [cases[row.line] for row in rows]


def _compare_rates(
    row: Row, response: NetworkResponse, i: int, pulses: NDArray[np.float64]
) -> tuple[Check, ...]:
    """Compare every rate of one condition of the sweep."""
    is_fast = _frequency_of(row) >= _SWEEP_FAST_HZ
    checks = []
    for column, (code, window_ms) in _SWEEP_RATES.items():
        rate_hz = _rate_hz(response.spike_times_ms[code][i], window_ms)
        quantity = "circuit_rate_fast_sg" if is_fast and code == "sg" else "circuit_rate"
        checks.append(measure(quantity, rate_hz - row.finite(column), column))
    spikes_ms = response.spike_times_ms["wdr"][i]
    unlocked_ms = spikes_ms[split_by_pulse(spikes_ms, pulses, lock_ms=_SWEEP_LOCK_MS)]
    rate_hz = _rate_hz(unlocked_ms, _SWEEP_LATE_MS)
    checks.append(measure("circuit_rate", rate_hz - row.finite(_SWEEP_LOCKED), _SWEEP_LOCKED))
    return tuple(checks)


def _read_networks(file: Path) -> dict[str, _Network] | str:
    """Read the test networks, or say which file is missing."""
    paths = find_inputs(file, "det_cases.csv", "det_inputs.csv", LATENCY_FILE)
    if isinstance(paths, str):
        return paths
    circuit = published_circuit()
    natural = read_trains(paths[1], circuit)
    latency_ms = read_pulse_latencies(paths[2], circuit)
    networks = {}
    for row in read_table(paths[0], _CASE_COLUMNS):
        duration_ms = row.finite("duration_ms")
        times = tonic_pulses_ms(
            _frequency_of(row), from_ms=row.finite("t_scs_start_ms"), to_ms=duration_ms
        )
        changed = scale_inhibition(
            circuit,
            gaba=row.finite("gaba_scale"),
            glycine=row.finite("glycine_scale"),
            reversal_mv=row.finite("e_gaba_gly_mV"),
        )
        trains = stimulated(circuit, natural, times, latency_ms, "both")
        networks[row.text("case")] = _Network(changed, trains, duration_ms)
    return networks


def _run_networks(networks: Mapping[str, _Network]) -> dict[str, NetworkResponse]:
    """Run test networks, each for its own time."""
    return {name: _run(network, network.duration_ms) for name, network in networks.items()}


def _run(
    network: _Network, duration_ms: float, recording: VoltageRecording | None = None
) -> NetworkResponse:
    return simulate_network(
        [network.circuit], [network.trains], duration_ms=duration_ms, recording=recording
    )


def _frequency_of(row: Row) -> float:
    """Give a stimulation rate, Hz."""
    frequency_hz = row.finite("f_scs_hz")
    if frequency_hz < 0:
        msg = (
            f"f_scs_hz = {row.text('f_scs_hz')} in {row.path}:{row.line}: a rate must not be "
            "negative; 0 means no stimulation."
        )
        raise ResultsError(msg)
    return frequency_hz


def _sweep_name(row: Row) -> str:
    parts = (row.text("mode"), row.text("state"), f"{row.text('f_scs_hz')} Hz")
    return f"{', '.join(parts)}, seed {row.text('seed')}"


def _rate_hz(spikes_ms: NDArray[np.float64], window_ms: tuple[float, float]) -> float:
    from_ms, to_ms = window_ms
    return count_spikes(spikes_ms, from_ms, to_ms) * MS_PER_S / (to_ms - from_ms)
