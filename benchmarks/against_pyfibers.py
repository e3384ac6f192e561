"""Thresholds by PyFibers as it comes, and by scsim: time and error against a fine search.

PyFibers keeps its defaults (bounds, tolerance, early exit) but for the step, which is scsim's. The
simulation itself is compared in ``against_neuron.py``.
"""

from __future__ import annotations

import gc
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.peers_cases import DT_MS, SEARCH_ROWS
from benchmarks.peers_timing import in_turns, measure_rows, time_once, time_repeated

if TYPE_CHECKING:
    import argparse

    from benchmarks.peers_cases import PeerFiber
    from benchmarks.peers_timing import Sample

FINE_RTOL: Final = 1e-5
"""Width of the bracket of the search that both are judged by (no unit)."""


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one row in this process.

    Parameters
    ----------
    name : str
        Row of `SEARCH_ROWS`.
    options : argparse.Namespace
        `repeats`.

    Returns
    -------
    dict
        Times in s per turn and fiber, relative errors; the layout is that of ``peers_report.py``.
    """
    from benchmarks.peers_neuron import NeuronFiber  # noqa: PLC0415 - only in the row's own process
    from benchmarks.peers_scsim import build, search  # noqa: PLC0415 - as above

    row = SEARCH_ROWS[name]
    fibers, potentials = build(row.fibers)
    chosen = [row.fibers[index] for index in row.sample]
    found: dict[PeerFiber, float] = {}

    def search_here() -> np.ndarray[Any, np.dtype[np.float64]]:
        return search(fibers, potentials, row.fibers[0], row.setting, row.rtol)

    def search_there() -> Sample:
        total = np.zeros(2)
        for case in chosen:
            peer = NeuronFiber(case)
            peer.fiber.potentials = peer.potentials()
            stimulus = peer.stimulus(case.search_window_ms)

            def call(stimulus: Any = stimulus, peer: Any = peer, case: PeerFiber = case) -> None:
                found[case] = abs(stimulus.find_threshold(peer.fiber)[0])

            total += time_once(call)
            del peer, stimulus, call
            gc.collect()
        return float(total[0]), float(total[1])

    fine = []
    for case in chosen:
        peer = NeuronFiber(case)
        near_ma = case.amplitude_ma
        fine.append(peer.threshold(dt_ms=DT_MS, rtol=FINE_RTOL, near_ma=near_ma, growth=1.3))
        del peer
        gc.collect()
    first_call_s = time_once(search_here)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyFibers warns of several sites of excitation
        times = in_turns(
            {"pyfibers": search_there, "scsim": lambda: time_repeated(search_here)},
            options.repeats,
        )
    ours = search_here()[list(row.sample)]
    theirs = np.array([found[case] for case in chosen])
    truth = np.array(fine)
    return {
        "title": row.fibers[0].title
        if len(row.fibers) == 1
        else f"MRG, {len(row.fibers)} fibers of 21 nodes",
        "setting": row.setting.title,
        "n_fibers": len(row.fibers),
        "n_sampled": len(chosen),
        "rtol": row.rtol,
        "first_call_s": first_call_s,
        "times": times,
        "pyfibers_error": float(np.max(np.abs(theirs / truth - 1.0))),
        "scsim_error": float(np.max(np.abs(ours / truth - 1.0))),
    }


if __name__ == "__main__":
    sys.exit(measure_rows("benchmarks.against_pyfibers", "pyfibers", SEARCH_ROWS, measure))
