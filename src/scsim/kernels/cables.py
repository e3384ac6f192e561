"""What every kind of cable can do: one step, a run that records, and a trial that ends when decided.

The kinds themselves are in `double_cable.py` and `single_cable.py`; searching for thresholds is in
`scsim.response`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from scsim.kernels.dispatch import by_kind
from scsim.kernels.double_cable import double_refresh, double_step
from scsim.kernels.jit import inline_kernel, kernel
from scsim.kernels.layouts import (
    ACTIVE,
    BROKEN,
    FIRED,
    LARGEST_MV,
    OPEN,
    ORIGIN,
    PREDICT,
    RUN,
    SILENT,
    TRIAL,
    U_START,
    DoubleCable,
    U,
)
from scsim.kernels.membranes.catalog import SINGLE_CABLES
from scsim.kernels.single_cable import single_refresh, single_step
from scsim.kernels.table_cable import TableCable, table_step

if TYPE_CHECKING:
    from scsim.kernels.jit import FloatArray, IntArray

STEP: Final[dict[type, Any]] = {
    DoubleCable: double_step,
    TableCable: table_step,
    **dict.fromkeys(SINGLE_CABLES, single_step),
}
REFRESH: Final[dict[type, Any]] = {
    DoubleCable: double_refresh,
    TableCable: double_refresh,
    **dict.fromkeys(SINGLE_CABLES, single_refresh),
}

NEURON: Final = 0
SECOND_ORDER: Final = 1

_LOOK_EVERY: Final = 4
"""Steps between looks at all nodes."""

_NEAR_SPIKE: Final = 0.5
"""Share of the spike's rise from which nodes are looked at one by one."""


def step(cable: Any, *rest: Any) -> None:
    """One linear solve and one step of the membrane, see `double_step` and `single_step`."""
    STEP[type(cable)](cable, *rest)


def refresh_kind(cable: Any, gate_dt: float) -> None:
    """Advance the gates alone, see `double_refresh` and `single_refresh`."""
    REFRESH[type(cable)](cable, gate_dt)


by_kind(step, STEP)
by_kind(refresh_kind, REFRESH)


@kernel
def refresh(cable: Any, gate_dt: float) -> None:
    """Advance the gates alone, and bring all that follows from them up to date.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of cable; changed in place.
    gate_dt : float
        Step of the gates, ms: infinite for their steady state, 0 to leave them.
    """
    refresh_kind(cable, gate_dt)


class Recording(NamedTuple):
    """What is kept of a run.

    Attributes
    ----------
    every : int
        Steps between samples.
    where : ndarray of int64, shape (n_recorded,)
        Places in the buffer to keep.
    out : ndarray, shape (n_steps // every + 1, n_recorded)
        Filled; row 0 is the start.
    watched : ndarray of int64, shape (n_watched,)
        Places of u where upward crossings are timed.
    rise : float
        Voltage of a spike from rest, mV.
    times : ndarray of float64, shape (n_watched, n_most)
        Filled with times, ms, linear between steps; later crossings are counted, not kept.
    counts : ndarray of int64, shape (n_watched,)
        Enters 0; filled.
    """

    every: Any
    where: Any
    out: Any
    watched: Any
    rise: Any
    times: Any
    counts: Any


class Decision(NamedTuple):
    """What is decided in a trial, one value per lane; empty in a plain run.

    Attributes
    ----------
    detector : ndarray of int64
        Index of the node where a spike counts.
    highest : ndarray of float64
        Enters 0; filled by PREDICT with the largest rise, mV.
    origin : ndarray of int64
        Enters -1; filled by ORIGIN with the node that crosses the spike voltage first.
    outcome : ndarray of int64
        Enters OPEN; lanes that enter SILENT are not looked at. Filled by TRIAL with FIRED, SILENT, OPEN
        (a spike was still on its way when the time was over) or BROKEN (a voltage was not finite).
    """

    detector: Any
    highest: Any
    origin: Any
    outcome: Any


Rules = tuple[float, int, float, float, int, int, int, int]
"""dt (ms); NEURON or SECOND_ORDER; rise of a spike, and rise below which a node counts as at rest (mV);
step from which rest may be declared; spikes that count as firing; step from which they are counted; 1 if
a lane without them is to be called FIRED and one with them SILENT (block)."""


def run(
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    edges: IntArray,
    dt: float,
    scheme: int,
    *recording: Any,
) -> None:
    """Run all lanes to the end and keep what is asked for.

    Parameters
    ----------
    cable, wide, levels, edges
        As in `march`.
    dt : float
        Step, ms.
    scheme : int
        NEURON or SECOND_ORDER.
    *recording
        The attributes of a `Recording`, in their order.
    """
    rules = (dt, scheme, 0.0, 0.0, 0, 0, 0, 0)
    none = np.zeros(0, dtype=np.int64)
    decision = Decision(none, np.zeros(0), none, none)
    march(cable, wide, levels, edges, rules, RUN, Recording(*recording), decision)


def trial(
    start: FloatArray,
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    edges: IntArray,
    rules: Rules,
    purpose: int,
    *decision: Any,
) -> None:
    """Run all lanes from a start, for one of three purposes, until every lane is decided.

    Parameters
    ----------
    start : ndarray
        Buffer at the start, copied to `cable.buffer` first.
    cable, wide, levels, edges, rules, purpose
        As in `march`.
    *decision
        The attributes of a `Decision`, in their order.
    """
    cable.buffer[:] = start
    none = np.zeros(0, dtype=np.int64)
    nothing = np.zeros((0, 0), dtype=cable.buffer.dtype)
    recording = Recording(1, none, nothing, none, 0.0, np.zeros((0, 0)), none)
    march(cable, wide, levels, edges, rules, purpose, recording, Decision(*decision))


@inline_kernel
def schedule(scheme: int, parts: int, part: int, dt: float) -> tuple[int, float, float]:
    """Rule of a solve and steps of gates and concentrations in one part of a step.

    A step of the second-order scheme is one trapezoidal solve with gates half a step ahead; at an edge
    it is two plain solves of half a step, and the gates follow after the second.

    Parameters
    ----------
    scheme : int
        NEURON or SECOND_ORDER.
    parts, part : int
        Number of solves in the step, and which one this is.
    dt : float
        Step, ms.

    Returns
    -------
    tuple
        1 for a trapezoidal solve or 0, step of the gates and of the concentrations, ms.
    """
    is_trapezoidal = scheme == SECOND_ORDER and parts == 1
    gate_dt = dt if part == parts - 1 else 0.0
    return (1 if is_trapezoidal else 0), gate_dt, dt / parts


@inline_kernel
def rises(cable: Any, rise: FloatArray) -> None:
    """Largest rise of v_m above its start over the active nodes of each lane, mV.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of cable.
    rise : ndarray, shape (n_lanes,)
        Filled here, in the precision of the buffer.
    """
    width = len(cable.width)
    stride = cable.record * width
    real = type(cable.buffer[0])
    none = real(-np.inf)
    for i in range(width):
        rise[i] = none
    for k in range(1, cable.n_nodes + 1):
        here = cable.buffer[k * stride : k * stride + 3 * width]
        for i in range(width):
            change = here[U * width + i] - here[U_START * width + i]
            value = change if here[ACTIVE * width + i] > real(0.0) else none
            rise[i] = max(rise[i], value)


@inline_kernel
def first_above(cable: Any, threshold: float, i: int) -> int:
    """Give the node with the highest voltage of lane `i` if that is above a threshold, else -1."""
    width = len(cable.width)
    stride = cable.record * width
    found = -1
    highest = threshold
    for k in range(1, cable.n_nodes + 1):
        u = np.float64(cable.buffer[k * stride + U * width + i])
        if u > highest:
            highest = u
            found = k - 1
    return found


@kernel
def march(
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    edges: IntArray,
    rules: Rules,
    purpose: int,
    recording: Recording,
    decision: Decision,
) -> None:
    """Take all lanes through time.

    ``RUN`` goes to the end and records. ``PREDICT`` follows the fibers to the end of the stimulus and keeps
    their largest rise; ``TRIAL`` until each lane has fired often enough at its detector, is at rest
    again, or time is over; ``ORIGIN`` until each lane has shown where its spike starts. A decision is kept,
    so what happens to a lane never depends on its neighbors. One loop serves all, so that the step is
    compiled once.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of cable, with lane constants for h = dt (NEURON) or dt / 2 (SECOND_ORDER);
        changed in place.
    wide : ndarray, shape (n_sources * copies * n_lanes,)
        Amplitude of each source in each lane, mA, repeated `copies` times.
    levels : ndarray of float64, shape (n_steps + 1, n_sources)
        Waveforms (no unit); row 0 is the level before the run.
    edges : ndarray of int64, shape (n_steps,)
        1 where a waveform jumps at the beginning of a step.
    rules : tuple
        See `Rules`.
    purpose : int
        RUN, PREDICT, TRIAL or ORIGIN.
    recording : Recording
        Filled by RUN.
    decision : Decision
        Filled by the others.
    """
    dt, scheme, threshold, rest_mv, rest_from, n_spikes, count_from, is_block = rules
    where, out, watched = recording.where, recording.out, recording.watched
    detector, outcome = decision.detector, decision.outcome
    buffer = cable.buffer
    width = len(cable.width)
    stride = cable.record * width
    rise = np.zeros(width, dtype=buffer.dtype)
    counted = np.zeros(width, dtype=np.int64)
    was_above = np.zeros(width, dtype=np.int64)
    enough = SILENT if is_block != 0 else FIRED
    too_few = FIRED if is_block != 0 else SILENT
    last_u = np.empty(watched.size)
    for w in range(watched.size):
        last_u[w] = buffer[watched[w]]
    for r in range(where.size):
        out[0, r] = buffer[where[r]]
    last = levels.shape[0] - 1
    if purpose == PREDICT:
        while last > 0 and not np.any(levels[last]):
            last -= 1
    if scheme == SECOND_ORDER:
        refresh_kind(cable, 0.5 * dt)
    if purpose == TRIAL:
        for i in range(width):
            was_above[i] = buffer[(detector[i] + 1) * stride + U * width + i] > threshold
    for n in range(last):
        parts = 2 if scheme == SECOND_ORDER and edges[n] != 0 else 1
        for part in range(parts):
            trapezoidal, gate_dt, ion_dt = schedule(scheme, parts, part, dt)
            step(cable, wide, levels, n + 1, n + part, trapezoidal, gate_dt, ion_dt)
        if purpose == RUN:
            if (n + 1) % recording.every == 0:
                m = (n + 1) // recording.every
                for r in range(where.size):
                    out[m, r] = buffer[where[r]]
            for w in range(watched.size):
                u = np.float64(buffer[watched[w]])
                if last_u[w] <= recording.rise and u > recording.rise:
                    count = recording.counts[w]
                    if count < recording.times.shape[1]:
                        share = (recording.rise - last_u[w]) / (u - last_u[w])
                        recording.times[w, count] = dt * (n + share)
                    recording.counts[w] = count + 1
                last_u[w] = u
            continue
        undecided = 0
        if purpose == TRIAL:
            for i in range(width):
                if outcome[i] == OPEN:
                    u = np.float64(buffer[(detector[i] + 1) * stride + U * width + i])
                    above = u > threshold
                    if not abs(u) < LARGEST_MV:
                        outcome[i] = BROKEN
                    elif above and was_above[i] == 0 and n >= count_from:
                        counted[i] += 1
                        if counted[i] >= n_spikes:
                            outcome[i] = enough
                    was_above[i] = above
                undecided += outcome[i] == OPEN
            if undecided == 0:
                return
        is_last = n == last - 1
        if (
            purpose == ORIGIN
            or is_last
            or (n % _LOOK_EVERY == 0 and (purpose == PREDICT or n >= rest_from))
        ):
            rises(cable, rise)
            for i in range(width):
                if purpose == PREDICT:
                    decision.highest[i] = max(decision.highest[i], np.float64(rise[i]))
                elif purpose == ORIGIN:
                    if outcome[i] == OPEN and rise[i] > _NEAR_SPIKE * threshold:
                        decision.origin[i] = first_above(cable, threshold, i)
                        outcome[i] = FIRED if decision.origin[i] >= 0 else OPEN
                    undecided += outcome[i] == OPEN
                elif outcome[i] == OPEN and (
                    # At the end of the window a lane without a spike on its way is decided too.
                    (n >= rest_from and rise[i] < rest_mv)
                    or (is_last and (rise[i] < threshold or is_block != 0))
                ):
                    outcome[i] = too_few
                    undecided -= 1
            if undecided == 0 and purpose != PREDICT:
                return
