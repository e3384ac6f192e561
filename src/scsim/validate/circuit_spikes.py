"""Compares spikes and voltages of the cells of a circuit with those of a reference table.

Where they come from is in ``circuit_network.py``, ``circuit_volleys.py`` and ``circuit_cells.py``; the bars are in
``tolerances.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scsim.circuit.networks.run_network import VoltageRecording
from scsim.errors import ResultsError
from scsim.validate.report import Case, Check, measure
from scsim.validate.tolerances import TOLERANCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from scsim.validate.reading import Row

    SpikePair = tuple[NDArray[np.float64], NDArray[np.float64]]

_TONIC: Final = frozenset({"SG", "Z2"})
"""Cells whose voltage during spikes has a bar of its own."""

_SPIKE_REGION_MV: Final = -50.0


class TimeGrid(NamedTuple):
    """Where the samples of a trace are found in a recording."""

    recording: VoltageRecording
    at: NDArray[np.int64]
    end_ms: float


def compare_spikes(
    expected_ms: NDArray[np.float64],
    found_ms: NDArray[np.float64],
    where: str = "",
    quantity: str = "circuit_spike_step",
) -> tuple[Check, ...]:
    """Compare two lists of spikes one by one.

    Parameters
    ----------
    expected_ms, found_ms : ndarray of float64, shape (n_spikes,), ms
    where : str
        Part of the case.
    quantity : str
        Tolerance of the times.

    Returns
    -------
    tuple of Check
        The number of spikes, and the largest difference of the spikes that both lists have.
    """
    return (
        measure("circuit_spikes", found_ms.size - expected_ms.size, where),
        measure(quantity, max(_differences(expected_ms, found_ms), default=0.0), where),
    )


def times_off(file: Path, pairs: Sequence[SpikePair]) -> list[Case]:
    """Give the share of all spikes of a file that are not in their step.

    Parameters
    ----------
    file : Path
    pairs : sequence of (ndarray, ndarray)
        Expected and found spike times of each list, ms.

    Returns
    -------
    list of Case
        One case, none where the file could not be run.
    """
    if not pairs:
        return []
    limit_ms = TOLERANCES["circuit_spike_time"].limit
    differences = [difference for pair in pairs for difference in _differences(*pair)]
    off = sum(difference > limit_ms for difference in differences)
    share = off / max(1, sum(expected.size for expected, _ in pairs))
    return [Case(f"{file.stem} all spikes", file.name, (measure("circuit_spikes_off", share),))]


def _differences(expected_ms: NDArray[np.float64], found_ms: NDArray[np.float64]) -> list[float]:
    count = min(expected_ms.size, found_ms.size)
    differences = np.abs(found_ms[:count] - expected_ms[:count])
    return [float(difference) for difference in differences]


def compare_voltages(
    cell: str,
    expected_mv: NDArray[np.float64],
    found_mv: NDArray[np.float64],
    where: str = "",
) -> tuple[Check, ...]:
    """Compare voltages of a cell; those of the tonic cells above -50 mV have a bar of their own.

    Parameters
    ----------
    cell : str
        Its name in the tables.
    expected_mv, found_mv : ndarray of float64, shape (n_samples,), mV
    where : str
        Part of the case.

    Returns
    -------
    tuple of Check
    """
    error_mv = np.abs(found_mv - expected_mv)
    above = (expected_mv >= _SPIKE_REGION_MV) & (cell in _TONIC)
    parts = (("circuit_voltage", ~above), ("circuit_voltage_tonic_spike", above))
    return tuple(
        measure(quantity, float(error_mv[mask].max()), where)
        for quantity, mask in parts
        if mask.any()
    )


def time_grid(rows: Sequence[Row], cells: tuple[str, ...], sample_ms: float) -> TimeGrid:
    """Find what to record for the times of a trace, column ``t_ms``.

    Parameters
    ----------
    rows : sequence of Row
    cells : tuple of str
        Cells of the circuit.
    sample_ms : float
        Distance of the samples, ms.

    Returns
    -------
    TimeGrid

    Raises
    ------
    ResultsError
        If a time is negative or not a whole number of samples.
    """
    time_ms = np.array([row.finite("t_ms") for row in rows])
    number = np.rint(time_ms / sample_ms)
    # A millionth of a sample: decimal times are not exact.
    is_off = (np.abs(time_ms / sample_ms - number) > 1e-6) | (number < 0)
    if is_off.any():
        row = rows[int(np.argmax(is_off))]
        msg = (
            f"t_ms = {row.text('t_ms')} in {row.path}:{row.line}: times must be whole steps of "
            f"{sample_ms:g} ms from 0 on; leave out the others."
        )
        raise ResultsError(msg)
    first = number.min()
    recording = VoltageRecording(
        cells, every_ms=sample_ms, from_ms=first * sample_ms, to_ms=number.max() * sample_ms
    )
    return TimeGrid(recording, (number - first).astype(np.int64), float(time_ms.max()))


def count_spikes(spikes_ms: NDArray[np.float64], from_ms: float, to_ms: float) -> int:
    """Count spikes in (from, to]: a listed time ends the step in which the voltage crossed, as in the tables."""
    return int(np.count_nonzero((spikes_ms > from_ms) & (spikes_ms <= to_ms)))
