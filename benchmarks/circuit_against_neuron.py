"""The same spiking circuit in NEURON's compiled loop and in scsim: time per simulated second, and spikes.

NEURON's time is that of its loop alone, without building and without handing it the spikes of the fibers; scsim's
is that of the whole call of `simulate_network`, divided by its conditions.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.circuit_cases import DURATION_MS, ROWS
from benchmarks.peers_timing import in_turns, measure_rows, time_once, time_repeated

if TYPE_CHECKING:
    import argparse

    import numpy.typing as npt

LIBRARY: Final = Path(".benchmarks") / "neuron_mechanisms"
_HALF_A_STEP: Final = 0.5


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one row in this process.

    Parameters
    ----------
    name : str
        Row of `ROWS`.
    options : argparse.Namespace
        `repeats`.

    Returns
    -------
    dict
        Times in s per turn, and how many spikes lie how many steps apart; the layout is that of ``circuit_report.py``.
    """
    from benchmarks.circuit_neuron import NeuronCircuit, load_mechanisms  # noqa: PLC0415 - only in the row's own process
    from scsim.circuit.networks.run_network import simulate_network  # noqa: PLC0415 - as above

    row = ROWS[name]
    load_mechanisms(LIBRARY)
    circuits, trains = row.conditions()
    middle = row.n_conditions // 2
    peer = NeuronCircuit(circuits[middle], trains[middle])

    def run() -> Any:
        return simulate_network(circuits, trains, duration_ms=DURATION_MS, lanes=row.lanes)

    first_call_s = time_once(run)
    peer.start()
    peer.loop(DURATION_MS)
    theirs, ours = peer.spike_times_ms(), run().spike_times_ms
    gc.collect()  # what was recorded costs NEURON time until it is gone

    def neuron_turn() -> tuple[float, float]:
        peer.start()
        return time_once(lambda: peer.loop(DURATION_MS))

    times = in_turns({"neuron": neuron_turn, "scsim": lambda: time_repeated(run)}, options.repeats)
    steps = {
        cell: steps_apart(theirs[cell], ours[cell][middle], circuits[middle].step_ms)
        for cell in theirs
    }
    return {
        "title": row.title,
        "n_conditions": row.n_conditions,
        "duration_s": DURATION_MS / 1e3,
        "n_compartments": peer.n_compartments,
        "n_synapses": peer.n_synapses,
        "first_call_s": first_call_s,
        "times": times,
        "n_spikes": {cell: len(theirs[cell]) for cell in theirs},
        "n_spikes_scsim": {cell: len(ours[cell][middle]) for cell in theirs},
        "steps_apart": steps,
    }


def steps_apart(
    theirs_ms: npt.NDArray[np.float64], ours_ms: npt.NDArray[np.float64], step_ms: float
) -> list[int]:
    """Give how many steps the spikes of a cell lie apart, those that can be paired in order.

    Parameters
    ----------
    theirs_ms, ours_ms : ndarray of float64
        Spikes, ms.
    step_ms : float
        Time step, ms.

    Returns
    -------
    list of int
        One per pair; as many as the shorter of both has spikes.
    """
    n_pairs = min(theirs_ms.size, ours_ms.size)
    apart = np.abs(theirs_ms[:n_pairs] - ours_ms[:n_pairs]) / step_ms
    return [int(one) for one in np.floor(apart + _HALF_A_STEP)]


if __name__ == "__main__":
    sys.exit(measure_rows("benchmarks.circuit_against_neuron", "circuit", ROWS, measure))
