"""Threshold search over many fibers inside compiled code, each lane on its own.

A lane starts where the linearized fiber says, brackets its threshold by growth or shrinking, and then
bisects. Every round runs all lanes
from the same start, each at its own amplitude, and ends when every lane is decided; a decision is
kept, so what happens to a lane never depends on its neighbors. What a fiber is does not belong here.
"""

from typing import Final

import numpy as np

from scsim.kernels.cable import step
from scsim.kernels.jit import FloatArray, IntArray, inline_kernel, kernel
from scsim.kernels.layouts import (
    ACTIVE,
    BISECTING,
    DECIDED,
    E_REST,
    LANES,
    N_MODES,
    RECORD,
    SEEKING,
    U_START,
    U,
)

# Values of scsim.errors.Status; kernels import nothing above them. A test compares the two.
OK: Final = 0
NOT_FINITE: Final = 1
NO_THRESHOLD_IN_RANGE: Final = 2
ACTIVE_AT_LOWER_BOUND: Final = 4
NOT_DECIDED: Final = 5

SILENT: Final = 0
FIRED: Final = 1
OPEN: Final = 2
BROKEN: Final = 3

_STRIDE: Final = RECORD * LANES
PREDICT: Final = 0
TRIAL: Final = 1
ORIGIN: Final = 2
DONE: Final = 3

_LARGEST_MV: Final = 1e6
_LOOK_EVERY: Final = 4
"""Steps between looks at all nodes."""

_NEAR_SPIKE: Final = 0.5
"""Share of the spike's rise from which nodes are looked at one by one."""


@inline_kernel
def rises(buffer: FloatArray, n_nodes: int, rise: FloatArray) -> None:
    """Largest rise of v_m above its start over the active nodes of each lane, mV.

    Parameters
    ----------
    buffer : ndarray of float64
        As in `scsim.kernels.cable.step`.
    n_nodes : int
        Nodes of the longest fiber.
    rise : ndarray of float64, shape (LANES,)
        Filled here.
    """
    for i in range(LANES):
        rise[i] = -np.inf
    for k in range(1, n_nodes + 1):
        b = k * _STRIDE
        for i in range(LANES):
            change = buffer[b + U * LANES + i] - buffer[b + U_START * LANES + i]
            value = change if buffer[b + ACTIVE * LANES + i] > 0.0 else -np.inf
            rise[i] = max(rise[i], value)


@inline_kernel
def run_round(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveform: FloatArray,
    amplitude: FloatArray,
    rules: tuple[float, float, float, int, int],
    stage: int,
    detector: IntArray,
    rise: FloatArray,
    highest: FloatArray,
    origin: IntArray,
    outcome: IntArray,
) -> None:
    """Run all lanes once, for one of three purposes.

    ``PREDICT`` follows the fibers to the end of the stimulus and keeps their largest rise; ``TRIAL``
    until each lane has fired at its detector, is at rest again, or time is over; ``ORIGIN`` until each
    lane has shown where its spike starts. One loop serves all three, so that the step is compiled once.

    Parameters
    ----------
    buffer, lane, membrane, force, amplitude
        As in `scsim.kernels.cable.step`; `buffer` holds the start.
    waveform : ndarray of float64, shape (n_steps,)
        Stimulus waveform, one value per step (no unit).
    rules : tuple
        dt (ms), voltage of a spike (mV), rise below which a node counts as at rest (mV), step at which
        the stimulus is over for long enough that rest may be declared, nodes of the longest fiber.
    stage : int
        PREDICT, TRIAL or ORIGIN.
    detector : ndarray of int64, shape (LANES,)
        Index of the node where a spike counts.
    rise : ndarray of float64, shape (LANES,)
        Work space.
    highest : ndarray of float64, shape (LANES,)
        Enters 0; filled by PREDICT with the largest rise, mV.
    origin : ndarray of int64, shape (LANES,)
        Enters -1; filled by ORIGIN with the node that crosses the spike voltage first.
    outcome : ndarray of int64, shape (LANES,)
        Enters OPEN; lanes that enter SILENT are not looked at. Filled by TRIAL with FIRED, SILENT, OPEN
        (a spike was still on its way when the time was over) or BROKEN (a voltage was not finite).
    """
    dt, spike_mv, rest_mv, rest_from, n_nodes = rules
    threshold = spike_mv - membrane[E_REST]
    last = waveform.size
    if stage == PREDICT:
        while last > 0 and waveform[last - 1] == 0.0:
            last -= 1
    for n in range(last):
        step(buffer, lane, membrane, force, amplitude, (waveform[n], 0.0), dt, n_nodes)
        undecided = 0
        if stage == TRIAL:
            for i in range(LANES):
                if outcome[i] == OPEN:
                    u = buffer[(detector[i] + 1) * _STRIDE + U * LANES + i]
                    if not abs(u) < _LARGEST_MV:
                        outcome[i] = BROKEN
                    elif u > threshold:
                        outcome[i] = FIRED
                    else:
                        undecided += 1
            if undecided == 0:
                return
        is_last = n == last - 1
        if (
            stage == ORIGIN
            or is_last
            or (n % _LOOK_EVERY == 0 and (stage == PREDICT or n >= rest_from))
        ):
            rises(buffer, n_nodes, rise)
            for i in range(LANES):
                if stage == PREDICT:
                    highest[i] = max(highest[i], rise[i])
                elif stage == ORIGIN:
                    if outcome[i] == OPEN and rise[i] > _NEAR_SPIKE * threshold:
                        origin[i] = first_above(buffer, n_nodes, threshold, i)
                        outcome[i] = FIRED if origin[i] >= 0 else OPEN
                    undecided += outcome[i] == OPEN
                elif outcome[i] == OPEN and (
                    # At the end of the window a lane without a spike on its way is silent too.
                    (n >= rest_from and rise[i] < rest_mv) or (is_last and rise[i] < threshold)
                ):
                    outcome[i] = SILENT
                    undecided -= 1
            if undecided == 0 and stage != PREDICT:
                return


@inline_kernel
def first_above(buffer: FloatArray, n_nodes: int, threshold: float, i: int) -> int:
    """Give the node with the highest voltage of lane `i` if that is above a threshold, else -1."""
    found = -1
    highest = threshold
    for k in range(1, n_nodes + 1):
        u = buffer[k * _STRIDE + U * LANES + i]
        if u > highest:
            highest = u
            found = k - 1
    return found


@kernel
def search(
    start: FloatArray,
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveform: FloatArray,
    rules: tuple[float, float, float, int, int],
    bounds: tuple[float, float, float, float, float],
    detector: IntArray,
    lower: FloatArray,
    upper: FloatArray,
    origin: IntArray,
    status: IntArray,
) -> None:
    """Bracket and bisect the threshold of every lane.

    Parameters
    ----------
    start : ndarray of float64
        Buffer at rest, copied to `buffer` before each round.
    buffer, lane, membrane, force, waveform, rules, detector
        As in `run_round`.
    bounds : tuple of float
        Smallest and largest amplitude (mA), factor of growth (> 1), relative width of the final
        bracket (no unit), and the depolarization of the linearized fiber at the first trial (mV).
    lower, upper : ndarray of float64, shape (LANES,)
        Filled with the largest silent and the smallest firing amplitude, mA; 0 and infinity where not
        found.
    origin : ndarray of int64, shape (LANES,)
        Filled with the node at which the spike starts at `upper`; -1 where there is no threshold.
    status : ndarray of int64, shape (LANES,)
        Filled with OK, NOT_FINITE, NO_THRESHOLD_IN_RANGE, ACTIVE_AT_LOWER_BOUND or NOT_DECIDED.

    Notes
    -----
    The first trial comes from a round at the smallest amplitude: far below threshold the fiber is linear,
    so its largest depolarization gives mV per mA, and a fiber fires at a depolarization that varies little.
    Checked by ``tests/kernels/test_search.py`` against a plain loop.
    """
    smallest, largest, _, _, guess_mv = bounds
    wide = np.full(N_MODES * LANES, smallest)
    amplitude = wide[:LANES]
    rise = np.zeros(LANES)
    highest = np.zeros(LANES)
    phase = np.zeros(LANES, dtype=np.int64)
    outcome = np.zeros(LANES, dtype=np.int64)
    was_open = np.zeros(LANES, dtype=np.int64)
    for i in range(LANES):
        lower[i] = 0.0
        upper[i] = np.inf
        origin[i] = -1
        status[i] = OK
        phase[i] = SEEKING
    stage = PREDICT
    while stage != DONE:
        buffer[:] = start
        for i in range(LANES):
            is_wanted = phase[i] != DECIDED if stage != ORIGIN else status[i] == OK
            outcome[i] = OPEN if is_wanted else SILENT
            for j in range(1, N_MODES):
                wide[j * LANES + i] = amplitude[i]
        run_round(
            buffer, lane, membrane, force, waveform, wide, rules, stage, detector, rise, highest,
            origin, outcome,
        )  # fmt: skip
        if stage == ORIGIN:
            stage = DONE
        elif stage == PREDICT:
            for i in range(LANES):
                guess = guess_mv * smallest / highest[i] if highest[i] > 0.0 else largest
                amplitude[i] = min(max(guess, smallest), largest)
            stage = TRIAL
        elif settle(amplitude, phase, outcome, was_open, lower, upper, status, bounds) == 0:
            for i in range(LANES):
                amplitude[i] = upper[i] if status[i] == OK else 0.0
            stage = ORIGIN


@inline_kernel
def settle(
    amplitude: FloatArray,
    phase: IntArray,
    outcome: IntArray,
    was_open: IntArray,
    lower: FloatArray,
    upper: FloatArray,
    status: IntArray,
    bounds: tuple[float, float, float, float, float],
) -> int:
    """Take in the outcomes of a trial and choose the next amplitudes.

    Parameters
    ----------
    amplitude, phase, outcome, lower, upper, status
        One value per lane, as in `search`; changed in place.
    was_open : ndarray of int64, shape (LANES,)
        Whether a trial has ended with a spike on its way: such a lane is never called without threshold.
    bounds : tuple of float
        As in `search`.

    Returns
    -------
    int
        Lanes that are not decided yet.
    """
    smallest, largest, growth, rtol, _ = bounds
    pending = 0
    for i in range(LANES):
        if phase[i] == DECIDED:
            continue
        if outcome[i] == BROKEN:
            status[i] = NOT_FINITE
            phase[i] = DECIDED
            continue
        if outcome[i] == FIRED:
            upper[i] = amplitude[i]
        else:
            lower[i] = amplitude[i]
            status[i] = NOT_DECIDED if outcome[i] == OPEN else OK
            was_open[i] |= outcome[i] == OPEN
        if phase[i] == SEEKING:
            if lower[i] > 0.0 and upper[i] < np.inf:
                phase[i] = BISECTING
            elif outcome[i] == FIRED and amplitude[i] <= smallest:
                status[i] = ACTIVE_AT_LOWER_BOUND
                phase[i] = DECIDED
            elif outcome[i] != FIRED and amplitude[i] >= largest:
                status[i] = NOT_DECIDED if was_open[i] else NO_THRESHOLD_IN_RANGE
                phase[i] = DECIDED
            elif outcome[i] == FIRED:
                amplitude[i] = max(amplitude[i] / growth, smallest)
            else:
                amplitude[i] = min(amplitude[i] * growth, largest)
        if phase[i] == BISECTING:
            if upper[i] - lower[i] < rtol * upper[i]:
                phase[i] = DECIDED
            else:
                amplitude[i] = 0.5 * (lower[i] + upper[i])
        if phase[i] != DECIDED:
            pending += 1
    return pending
