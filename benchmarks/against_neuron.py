"""The same fiber, step and drive in NEURON's compiled loop and in scsim: time and difference.

NEURON's time is that of its loop alone, without building, settling and recording; scsim's is that of
the whole call of `scsim.simulate`, divided by its lanes. Searches belong to ``against_pyfibers.py``.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.peers_cases import DT_MS, ENGINE_ROWS, WINDOW_MS
from benchmarks.peers_timing import in_turns, measure_rows, time_once, time_repeated

if TYPE_CHECKING:
    import argparse

    from benchmarks.peers_neuron import NeuronFiber

THRESHOLD_RTOL: Final = 1e-5
"""Width of the final bracket on both sides (no unit): a tenth of the 1e-4 that is asked of scsim."""

FINE_DT_MS: Final = 0.001
"""Step from which, with `DT_MS`, the limit dt -> 0 is extrapolated (first order), ms."""

LIMIT_RTOL: Final = 1e-4
"""Width of the bracket at the finer step (no unit): the error at `DT_MS` comes out to 6e-5, half the last
digit that is printed."""

SHORT_MS: Final = 1.0
"""End of a shorter run, ms: scsim's time loop is the slope between it and the full one."""


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one row in this process.

    Parameters
    ----------
    name : str
        Row of `ENGINE_ROWS`.
    options : argparse.Namespace
        `repeats` and `without_limit`.

    Returns
    -------
    dict
        Times in s per turn, differences in mV and relative; the layout is that of ``peers_report.py``.
    """
    from benchmarks.peers_neuron import NeuronFiber  # noqa: PLC0415 - only in the row's own process
    from benchmarks.peers_scsim import Lanes, thresholds  # noqa: PLC0415 - as above

    row = ENGINE_ROWS[name]
    case, setting = row.fiber, row.setting
    peer = NeuronFiber(case)
    lanes = Lanes(case, setting)
    recorded = (case.detector,)
    first_call_s = time_once(lambda: lanes.run(record_nodes=recorded))

    theirs = peer.record(case.amplitude_ma)
    nodes, ours = lanes.record()
    peer_threshold = peer.threshold(
        dt_ms=DT_MS, rtol=THRESHOLD_RTOL, near_ma=case.amplitude_ma / 1.2, growth=1.1
    )
    threshold = float(thresholds([case], setting, THRESHOLD_RTOL)[0])

    peer.drive(case.amplitude_ma)
    gc.collect()  # what records or listens costs NEURON time until it is gone
    times = in_turns(
        {
            "neuron_start": lambda: time_once(peer.start),
            "neuron_loop": lambda: time_once(peer.loop),
            "scsim": lambda: time_repeated(lambda: lanes.run(record_nodes=recorded)),
            "scsim_short": lambda: time_repeated(
                lambda: lanes.run(window_ms=SHORT_MS, record_nodes=recorded)
            ),
        },
        options.repeats,
    )
    by_pyfibers = peer.record_by_pyfibers(case.amplitude_ma)
    result = {
        "title": case.title,
        "setting": setting.title,
        "lanes": setting.lanes,
        "n_sections": peer.n_sections,
        "n_steps": round(WINDOW_MS / DT_MS),
        "short_share": SHORT_MS / WINDOW_MS,
        "first_call_s": first_call_s,
        "times": times,
        "v_difference_mv": float(np.max(np.abs(ours - theirs[nodes]))),
        "v_peak_mv": float(np.max(theirs)),
        "loop_against_pyfibers_mv": float(np.max(np.abs(theirs - by_pyfibers))),
        "neuron_threshold_ma": peer_threshold,
        "scsim_threshold_ma": threshold,
    }
    if row.has_limit and not options.without_limit:
        result["neuron_limit_ma"] = limit(peer, peer_threshold)
    return result


def limit(peer: NeuronFiber, threshold_ma: float) -> float:
    """Extrapolate NEURON's threshold to dt -> 0 along the line through two steps.

    Parameters
    ----------
    peer : NeuronFiber
    threshold_ma : float
        Its threshold at `DT_MS`, mA.

    Returns
    -------
    float
        mA.
    """
    fine = peer.threshold(
        dt_ms=FINE_DT_MS, rtol=LIMIT_RTOL, near_ma=0.99 * threshold_ma, growth=1.02
    )
    return fine - (threshold_ma - fine) * FINE_DT_MS / (DT_MS - FINE_DT_MS)


if __name__ == "__main__":
    sys.exit(measure_rows("benchmarks.against_neuron", "neuron", ENGINE_ROWS, measure))
