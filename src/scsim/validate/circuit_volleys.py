"""Runs the reference cases of volleys into the spiking circuit: wind-up and A-fiber inhibition.

Columns and names are those of the circuit tables (``cases/README.md``); what a row describes is in
``circuit_inputs.py``, tolerances are in ``tolerances.py``; the circuit itself belongs to `scsim.circuit`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.circuit.inputs.trains import merge_trains
from scsim.circuit.networks.run_network import simulate_network
from scsim.errors import ResultsError
from scsim.validate.circuit_inputs import (
    CELLS,
    find_inputs,
    published_circuit,
    read_fiber_latencies,
    read_spikes,
    volley_trains,
)
from scsim.validate.circuit_spikes import compare_spikes, count_spikes, times_off
from scsim.validate.reading import Row, read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from scsim.circuit.networks.run_network import NetworkResponse

_WINDUP_LATENCY: Final = "windup_latency.csv"
_WINDUP_FIRST_MS: Final = 1000.0
_WINDUP_PERIOD_MS: Final = 1000.0
_WINDUP_LATE_MS: Final = 100.0
_WINDUP_COLUMNS: Final = (
    "stimulus", "SG_all", "EX_all", "WDR_all", "EX_100_1000ms", "WDR_100_1000ms",
)  # fmt: skip

_AFI_DELAYS_MS: Final = (None, 150, 140, 130, 120, 110, 100, 80, 60, 40, 20, None)
"""Delay of the conditioning volley in each cycle, ms; all of them are run whatever is listed."""

_AFI_FIRST_MS: Final = 1000.0
_AFI_PERIOD_MS: Final = 2000.0
_AFI_EARLY_MS: Final = 35.0
_AFI_LATENCY_FACTOR: Final = 4 / 7
_AFI_LATENCY_DIGITS: Final = 3
"""The published list of latencies has these digits of a millisecond."""


def run_windup_counts(file: Path) -> list[Case]:
    """Run the counts of wind-up: one case for each volley."""
    rows = read_table(file, _WINDUP_COLUMNS)
    volleys = [row.integer("stimulus") for row in rows]
    response = _run_windup(file, max(volleys))
    if isinstance(response, str):
        return [Case(file.stem, file.name, reason=response)]
    cases = []
    for row, volley in zip(rows, volleys, strict=True):
        start_ms = _volley_ms(volley)
        checks = []
        for column in _WINDUP_COLUMNS[1:]:
            cell, _, part = column.partition("_")
            from_ms = start_ms + (0.0 if part == "all" else _WINDUP_LATE_MS)
            spikes_ms = response.spike_times_ms[CELLS[cell]][0]
            count = count_spikes(spikes_ms, from_ms, start_ms + _WINDUP_PERIOD_MS)
            checks.append(measure("circuit_count", count - row.integer(column), column))
        cases.append(Case(f"{file.stem} volley {volley}", file.name, tuple(checks)))
    return cases


def run_windup_spikes(file: Path) -> list[Case]:
    """Run the spike lists of wind-up, ``windup_spikes_first<N>.csv``: every spike of the first N volleys."""
    expected = read_spikes(read_table(file, ("cell", "t_ms")), ("cell",))
    match = re.fullmatch(r"windup_spikes_first(\d+)", file.stem)
    volleys = int(match[1]) if match else 0
    if volleys < 1:
        msg = f"{file}: the name must say how many volleys it lists, as in windup_spikes_first7.csv; rename it."
        raise ResultsError(msg)
    response = _run_windup(file, volleys)
    if isinstance(response, str):
        return [Case(file.stem, file.name, reason=response)]
    return _compare_cells(file, expected, response, _volley_ms(volleys + 1))


def _compare_cells(
    file: Path,
    expected: Mapping[tuple[str, ...], NDArray[np.float64]],
    response: NetworkResponse,
    end_ms: float,
) -> list[Case]:
    """Compare every spike of all cells before an end."""
    cases, pairs = [], []
    for cell, code in CELLS.items():
        spikes_ms = response.spike_times_ms[code][0]
        pair = (expected.get((code,), np.empty(0)), spikes_ms[spikes_ms <= end_ms])
        cases.append(Case(f"{file.stem} {cell}", file.name, compare_spikes(*pair)))
        pairs.append(pair)
    return [*cases, *times_off(file, pairs)]


def run_afi_counts(file: Path) -> list[Case]:
    """Run the counts of A-fiber inhibition: one case for each cycle."""
    columns = ("cycle", "conditioning_delay_ms", "WDR_all", "WDR_0_35ms", "WDR_35ms_on")
    rows = read_table(file, columns)
    cycles = [_cycle_of(row) for row in rows]
    response = _run_afi(file)
    if isinstance(response, str):
        return [Case(file.stem, file.name, reason=response)]
    cases = []
    for row, cycle in zip(rows, cycles, strict=True):
        spikes_ms = _of_cycle(response, "wdr", cycle)
        counts = (
            spikes_ms.size,
            count_spikes(spikes_ms, 0.0, _AFI_EARLY_MS),
            count_spikes(spikes_ms, _AFI_EARLY_MS, _AFI_PERIOD_MS),
        )
        checks = tuple(
            measure("circuit_count", count - row.integer(column), column)
            for column, count in zip(columns[2:], counts, strict=True)
        )
        cases.append(Case(f"{file.stem} cycle {cycle}", file.name, checks))
    return cases


def run_afi_spikes(file: Path) -> list[Case]:
    """Run the spike lists of A-fiber inhibition: one case for each cycle and cell."""
    rows = read_table(file, ("cycle", "conditioning_delay_ms", "cell", "t_after_test_ms"))
    cycles = list(dict.fromkeys(_cycle_of(row) for row in rows))
    expected = read_spikes(rows, ("cycle", "cell"), "t_after_test_ms")
    response = _run_afi(file)
    if isinstance(response, str):
        return [Case(file.stem, file.name, reason=response)]
    cases, pairs = [], []
    for cycle in cycles:
        for cell, code in CELLS.items():
            pair = (expected.get((str(cycle), code), np.empty(0)), _of_cycle(response, code, cycle))
            cases.append(
                Case(f"{file.stem} cycle {cycle} {cell}", file.name, compare_spikes(*pair))
            )
            pairs.append(pair)
    return [*cases, *times_off(file, pairs)]


def _run_windup(file: Path, volleys: int) -> NetworkResponse | str:
    """Run wind-up up to the end of a volley's window; surround fibers are silent."""
    paths = find_inputs(file, _WINDUP_LATENCY)
    if isinstance(paths, str):
        return paths
    circuit = published_circuit()
    latency_ms = read_fiber_latencies(paths[0], circuit)
    starts_ms = [_volley_ms(volley) for volley in range(1, volleys + 1)]
    trains = volley_trains(latency_ms, starts_ms)
    return simulate_network([circuit], [trains], duration_ms=_volley_ms(volleys + 1))


def _volley_ms(volley: int) -> float:
    """Give the start of a wind-up volley, counted from 1, ms."""
    return _WINDUP_FIRST_MS + (volley - 1) * _WINDUP_PERIOD_MS


def _run_afi(file: Path) -> NetworkResponse | str:
    """Run all cycles of A-fiber inhibition, one after the other."""
    paths = find_inputs(file, _WINDUP_LATENCY)
    if isinstance(paths, str):
        return paths
    circuit = published_circuit()
    latency_ms = {
        name: np.round(_AFI_LATENCY_FACTOR * times, _AFI_LATENCY_DIGITS)
        for name, times in read_fiber_latencies(paths[0], circuit).items()
    }
    starts_ms = [_cycle_ms(cycle) for cycle in range(len(_AFI_DELAYS_MS))]
    conditioning_ms = [
        start + delay
        for start, delay in zip(starts_ms, _AFI_DELAYS_MS, strict=True)
        if delay is not None
    ]
    trains = merge_trains(
        volley_trains(latency_ms, starts_ms),
        volley_trains(latency_ms, conditioning_ms, ("a_beta", "a_delta")),
    )
    return simulate_network([circuit], [trains], duration_ms=_cycle_ms(len(_AFI_DELAYS_MS)))


def _cycle_ms(cycle: int) -> float:
    """Give the start of a cycle of A-fiber inhibition, counted from 0, ms."""
    return _AFI_FIRST_MS + cycle * _AFI_PERIOD_MS


def _cycle_of(row: Row) -> int:
    """Give the number of a cycle, whose delay must be the one of the published order."""
    cycle = row.integer("cycle")
    known = 0 <= cycle < len(_AFI_DELAYS_MS)
    text = row.text("conditioning_delay_ms")
    delay = row.finite("conditioning_delay_ms") if text else None
    if not known or delay != _AFI_DELAYS_MS[cycle]:
        order = ", ".join("none" if d is None else f"{d}" for d in _AFI_DELAYS_MS)
        msg = (
            f"cycle {cycle} with conditioning_delay_ms = {text!r} in {row.path}:{row.line}: the "
            f"cycles from 0 on have the delays {order}; correct the line."
        )
        raise ResultsError(msg)
    return cycle


def _of_cycle(response: NetworkResponse, code: str, cycle: int) -> NDArray[np.float64]:
    """Give the spikes of a cell in one cycle, ms after the test volley."""
    after_ms = response.spike_times_ms[code][0] - _cycle_ms(cycle)
    return after_ms[(after_ms > 0) & (after_ms <= _AFI_PERIOD_MS)]
