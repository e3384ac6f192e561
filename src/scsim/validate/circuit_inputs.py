"""What the reference cases of the spiking circuit describe, as circuits and spike trains of scsim.

Names of cells, fibers and states, pulses and volleys, and lists of spike times, as the circuit tables have them
(``cases/README.md``). Nothing is run or judged here: that is in ``circuit_network.py`` and ``circuit_cells.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains, merge_trains
from scsim.circuit.inputs.volleys import stimulation_trains
from scsim.errors import ResultsError
from scsim.validate.reading import Row, find_beside, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from scsim.circuit.networks.network import SpikingCircuit

MODEL: Final = "zhang2014"
CELLS: Final = MappingProxyType({"SG": "sg", "Z2": "z2", "EX": "ex", "WDR": "wdr"})
"""Cell in the tables and in the circuit."""

FIBERS: Final = MappingProxyType({"Ab": "a_beta", "Ad": "a_delta", "C": "c"})
"""Fiber type in the tables and class of the circuit."""

LOCAL: Final = "a_beta"
SURROUND: Final = "a_beta_surround"
LATENCY_FILE: Final = "scs_latency.csv"
_TARGETS: Final = MappingProxyType(
    {"both": (LOCAL, SURROUND), "surround": (SURROUND,), "local": (LOCAL,)}
)
"""Mode, and the classes of fibers that each pulse drives."""

_INHIBITION: Final = ("gaba_a", "glycine")
_STATES: Final = (
    "intact, gabaNN (per cent of the GABA_A weights), glyNN, eclNN (reversal at -NN mV)"
)


def published_circuit() -> SpikingCircuit:
    """Load the circuit that the tables are about."""
    return load_circuit(MODEL)


def scale_inhibition(
    circuit: SpikingCircuit,
    *,
    gaba: float = 1.0,
    glycine: float = 1.0,
    reversal_mv: float | None = None,
) -> SpikingCircuit:
    """Change the weights of inhibitory synapses and where their current reverses.

    Parameters
    ----------
    circuit : SpikingCircuit
    gaba, glycine : float
        Factors of the weights of GABA_A and glycine receptors.
    reversal_mv : float, optional
        Reversal potential of both, mV; unchanged if not given.

    Returns
    -------
    SpikingCircuit
    """
    factor = {"gaba_a": gaba, "glycine": glycine}
    families = {receptor.name: receptor.family for receptor in circuit.receptors}
    connections = tuple(
        replace(
            connection,
            weight_microsiemens=connection.weight_microsiemens
            * factor.get(families[connection.receptor], 1.0),
        )
        for connection in circuit.connections
    )
    receptors = tuple(
        replace(receptor, reversal_mv=reversal_mv)
        if reversal_mv is not None and receptor.family in _INHIBITION
        else receptor
        for receptor in circuit.receptors
    )
    return replace(circuit, connections=connections, receptors=receptors)


def circuit_in_state(circuit: SpikingCircuit, row: Row) -> SpikingCircuit:
    """Bring a circuit into the state that a row names.

    Raises
    ------
    ResultsError
        If there is no such state.
    """
    name = row.text("state")
    match = re.fullmatch(r"(gaba|gly|ecl)(\d+)", name)
    if name == "intact":
        return circuit
    if match is None:
        raise _unknown(row, "state", _STATES)
    number = float(match[2])
    if match[1] == "ecl":
        return scale_inhibition(circuit, reversal_mv=-number)
    # The number is in per cent.
    if match[1] == "gaba":
        return scale_inhibition(circuit, gaba=number / 100)
    return scale_inhibition(circuit, glycine=number / 100)


def cell_of(row: Row, column: str = "cell") -> str:
    """Give the circuit's name of a cell.

    Raises
    ------
    ResultsError
        If the circuit has no such cell.
    """
    if row.text(column) not in CELLS:
        raise _unknown(row, column, ", ".join(CELLS))
    return CELLS[row.text(column)]


def stimulated(
    circuit: SpikingCircuit,
    natural: FiberTrains,
    pulses_ms: NDArray[np.float64],
    latency_ms: NDArray[np.float64],
    mode: str,
) -> FiberTrains:
    """Add the volleys that pulses send into A-beta fibers to natural trains.

    Parameters
    ----------
    circuit : SpikingCircuit
    natural : FiberTrains
    pulses_ms : ndarray of float64, shape (n_pulses,), ms
    latency_ms : ndarray of float64, shape (n_fibers,), ms
        Arrival of each fiber after a pulse, the same for local and surround fibers.
    mode : str
        ``"both"``, ``"surround"`` or ``"local"``.

    Returns
    -------
    FiberTrains
    """
    volleys = stimulation_trains(
        circuit.fibers,
        pulses_ms,
        n_local=latency_ms.size if LOCAL in _TARGETS[mode] else 0,
        n_surround=latency_ms.size if SURROUND in _TARGETS[mode] else 0,
        latency_ms=latency_ms,
    )
    return merge_trains(natural, volleys)


def mode_of(row: Row) -> str:
    """Give the mode of a row.

    Raises
    ------
    ResultsError
        If there is no such mode.
    """
    if row.text("mode") not in _TARGETS:
        raise _unknown(row, "mode", ", ".join(_TARGETS))
    return row.text("mode")


def read_trains(path: Path, circuit: SpikingCircuit) -> FiberTrains:
    """Read a list of spikes of fibers: ``fibre_type``, ``fibre``, ``t_ms``.

    Raises
    ------
    ResultsError
        If the circuit has no such fiber, or the times of a fiber do not rise.
    """
    counts = {fiber.name: fiber.n_fibers for fiber in circuit.fibers}
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in read_table(path, ("fibre_type", "fibre", "t_ms")):
        _append(times[_fiber_of(row, counts)], row, "t_ms", "of a fiber")
    return FiberTrains(
        {
            name: tuple(np.array(times[name, fiber]) for fiber in range(counts[name]))
            for name in FIBERS.values()
        }
    )


def read_fiber_latencies(path: Path, circuit: SpikingCircuit) -> Mapping[str, NDArray[np.float64]]:
    """Read when each fiber of each type arrives after a volley, ms: ``fibre_type``, ``fibre``, ``latency_ms``.

    Raises
    ------
    ResultsError
        If the circuit has no such fiber, or one of its fibers is missing or listed twice.
    """
    counts = {fiber.name: fiber.n_fibers for fiber in circuit.fibers}
    latency: dict[tuple[str, int], float] = {}
    for row in read_table(path, ("fibre_type", "fibre", "latency_ms")):
        _put(latency, _fiber_of(row, counts), row)
    return {
        name: np.array([_listed(latency, (name, fiber), path) for fiber in range(counts[name])])
        for name in FIBERS.values()
    }


def read_pulse_latencies(path: Path, circuit: SpikingCircuit) -> NDArray[np.float64]:
    """Read when each A-beta fiber arrives after a pulse, ms: ``fibre``, ``latency_ms``.

    Raises
    ------
    ResultsError
        If a fiber of the circuit is missing or listed twice.
    """
    latency: dict[tuple[str, int], float] = {}
    for row in read_table(path, ("fibre", "latency_ms")):
        _put(latency, (SURROUND, row.integer("fibre")), row)
    count = next(fiber.n_fibers for fiber in circuit.fibers if fiber.name == SURROUND)
    return np.array([_listed(latency, (SURROUND, fiber), path) for fiber in range(count)])


def volley_trains(
    latency_ms: Mapping[str, NDArray[np.float64]],
    starts_ms: Iterable[float],
    classes: Iterable[str] = tuple(FIBERS.values()),
) -> FiberTrains:
    """Give volleys in which every fiber of the classes fires once.

    Parameters
    ----------
    latency_ms : mapping of str to ndarray of float64, shape (n_fibers,), ms
        Class and arrival of each fiber after a volley's start.
    starts_ms : iterable of float
        ms.
    classes : iterable of str
        Classes that take part.

    Returns
    -------
    FiberTrains
    """
    starts = np.array(list(starts_ms))
    return FiberTrains(
        {
            name: tuple(
                np.sort(starts + latency).astype(np.float64) for latency in latency_ms[name]
            )
            for name in classes
        }
    )


def read_spikes(
    rows: Iterable[Row], columns: tuple[str, ...], time_column: str = "t_ms"
) -> dict[tuple[str, ...], NDArray[np.float64]]:
    """Read lists of spikes of cells.

    Parameters
    ----------
    rows : iterable of Row
    columns : tuple of str
        Columns that tell the lists apart; ``cell`` is the last.
    time_column : str
        Column of the time, ms.

    Returns
    -------
    dict of tuple of str to ndarray of float64, shape (n_spikes,), ms
        The cell is named as in the circuit.

    Raises
    ------
    ResultsError
        If there is no such cell, or the times of a list do not rise.
    """
    spikes: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in rows:
        key = (*(row.text(column) for column in columns[:-1]), cell_of(row, columns[-1]))
        _append(spikes[key], row, time_column, "of a cell")
    return {key: np.array(times) for key, times in spikes.items()}


def find_inputs(file: Path, *names: str) -> tuple[Path, ...] | str:
    """Find the input files of a table, or say which one is missing."""
    found = []
    for name in names:
        path = find_beside(file, name, "gate")
        if path is None:
            return f"{name} is neither beside it nor among the shipped cases"
        found.append(path)
    return tuple(found)


def _append(times: list[float], row: Row, column: str, of: str) -> None:
    """Add a time to a rising list."""
    time_ms = row.finite(column)
    if time_ms < 0:
        msg = (
            f"{column} = {row.text(column)} ms in {row.path}:{row.line}: a time must not be "
            "negative; correct the cell or remove the line."
        )
        raise ResultsError(msg)
    if times and time_ms < times[-1]:
        msg = (
            f"{column} = {row.text(column)} ms in {row.path}:{row.line}: the times {of} must "
            f"rise, and the one before is {times[-1]:g} ms; sort the lines."
        )
        raise ResultsError(msg)
    times.append(time_ms)


def _fiber_of(row: Row, counts: Mapping[str, int]) -> tuple[str, int]:
    """Give class and number of the fiber of a row."""
    if row.text("fibre_type") not in FIBERS:
        raise _unknown(row, "fibre_type", ", ".join(FIBERS))
    name = FIBERS[row.text("fibre_type")]
    fiber = row.integer("fibre")
    if not 0 <= fiber < counts[name]:
        msg = (
            f"fibre = {fiber} in {row.path}:{row.line}: the circuit has {counts[name]} fibers of "
            f"type {row.text('fibre_type')}, counted from 0; correct the number."
        )
        raise ResultsError(msg)
    return name, fiber


def _put(latency: dict[tuple[str, int], float], key: tuple[str, int], row: Row) -> None:
    """Enter the latency of a fiber, once."""
    if key in latency:
        msg = f"{row.path}:{row.line}: fiber {key[1]} is listed twice; remove one of the lines."
        raise ResultsError(msg)
    times: list[float] = []
    _append(times, row, "latency_ms", "of a fiber")
    latency[key] = times[0]


def _listed(latency: Mapping[tuple[str, int], float], key: tuple[str, int], path: Path) -> float:
    """Give the latency of a fiber that must be listed."""
    if key not in latency:
        msg = (
            f"{path}: fiber {key[1]} of {key[0]} is missing; list every fiber of the circuit once."
        )
        raise ResultsError(msg)
    return latency[key]


def _unknown(row: Row, column: str, allowed: str) -> ResultsError:
    """Say what a cell of a table may hold."""
    return ResultsError(
        f"{column} = {row.text(column)!r} in {row.path}:{row.line}: allowed are {allowed}; "
        "correct the cell."
    )
