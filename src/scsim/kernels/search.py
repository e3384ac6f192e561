"""Threshold search over many fibers inside compiled code, each lane on its own.

A lane starts where the linearized fiber says, brackets its threshold by growth or shrinking, and then
bisects. Every round runs all lanes
from the same start, each at its own amplitude, and ends when every lane is decided; a decision is
kept, so what happens to a lane never depends on its neighbors. What a fiber is does not belong here.
"""

from typing import Final

import numpy as np

from scsim.kernels.cable import step
from scsim.kernels.jit import FloatArray, IntArray, kernel
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
_LARGEST_MV: Final = 1e6
_LOOK_EVERY: Final = 4


@kernel
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


@kernel
def trial(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveform: FloatArray,
    amplitude: FloatArray,
    rules: tuple[float, float, float, int, int],
    detector: IntArray,
    rise: FloatArray,
    outcome: IntArray,
) -> None:
    """Run all lanes until each has fired at its detector, is at rest again, or time is over.

    Parameters
    ----------
    buffer, lane, membrane, force, amplitude
        As in `scsim.kernels.cable.step`; `buffer` holds the start.
    waveform : ndarray of float64, shape (n_steps,)
        Stimulus waveform, one value per step (no unit).
    rules : tuple
        dt (ms), voltage of a spike (mV), rise below which a node counts as at rest (mV), first step
        at which rest may be declared, nodes of the longest fiber.
    detector : ndarray of int64, shape (LANES,)
        Index of the node where a spike counts.
    rise : ndarray of float64, shape (LANES,)
        Work space.
    outcome : ndarray of int64, shape (LANES,)
        FIRED, SILENT, OPEN (a spike was still on its way when the time was over) or BROKEN (a
        voltage was not finite). A lane that enters with SILENT is not looked at; others enter OPEN.
    """
    dt, spike_mv, rest_mv, rest_from, n_nodes = rules
    threshold = spike_mv - membrane[E_REST]
    for n in range(waveform.size):
        step(buffer, lane, membrane, force, amplitude, (waveform[n], 0.0), dt, n_nodes)
        undecided = 0
        for i in range(LANES):
            if outcome[i] == OPEN:
                u = buffer[(detector[i] + 1) * _STRIDE + U * LANES + i]
                if u > threshold:
                    outcome[i] = FIRED
                elif not abs(u) < _LARGEST_MV:
                    outcome[i] = BROKEN
                else:
                    undecided += 1
        if n >= rest_from and n % _LOOK_EVERY == 0 and undecided > 0:
            rises(buffer, n_nodes, rise)
            for i in range(LANES):
                if outcome[i] == OPEN and rise[i] < rest_mv:
                    outcome[i] = SILENT
                    undecided -= 1
        if undecided == 0:
            return
    rises(buffer, n_nodes, rise)
    for i in range(LANES):
        if outcome[i] == OPEN and rise[i] < threshold:
            outcome[i] = SILENT


@kernel
def predict(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveform: FloatArray,
    amplitude: FloatArray,
    rules: tuple[float, float, float, int, int],
    guess_mv: float,
    rise: FloatArray,
    first: FloatArray,
) -> None:
    """Predict amplitudes near threshold from the response to a tiny stimulus.

    The fiber is linear far below threshold, so its largest depolarization until the end of the stimulus
    gives mV per mA; a fiber fires at a depolarization that varies little.

    Parameters
    ----------
    buffer, lane, membrane, force, waveform, rules, rise
        As in `trial`.
    amplitude : ndarray of float64, shape (N_MODES * LANES,)
        The tiny amplitude, mA.
    guess_mv : float
        Depolarization to predict, mV.
    first : ndarray of float64, shape (LANES,)
        Filled with amplitudes, mA; infinity where the stimulus depolarizes no node.
    """
    last = 0
    for n in range(waveform.size):
        if waveform[n] != 0.0:
            last = n + 1
    for i in range(LANES):
        first[i] = 0.0
    for n in range(last):
        step(buffer, lane, membrane, force, amplitude, (waveform[n], 0.0), rules[0], rules[4])
        if n % _LOOK_EVERY == 0 or n == last - 1:
            rises(buffer, rules[4], rise)
            for i in range(LANES):
                first[i] = max(first[i], rise[i])
    for i in range(LANES):
        first[i] = guess_mv * amplitude[i] / first[i] if first[i] > 0.0 else np.inf


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
    first: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    status: IntArray,
) -> None:
    """Bracket and bisect the threshold of every lane.

    Parameters
    ----------
    start : ndarray of float64
        Buffer at rest, copied to `buffer` before each trial.
    buffer, lane, membrane, force, waveform, rules, detector
        As in `trial`.
    bounds : tuple of float
        Smallest and largest amplitude (mA), factor of growth (> 1), relative width of the final
        bracket (no unit), and the depolarization of the linearized fiber at the first trial (mV).
    first : ndarray of float64, shape (LANES,)
        Filled with the amplitude of the first trial, mA.
    lower, upper : ndarray of float64, shape (LANES,)
        Largest silent and smallest firing amplitude, mA; 0 and infinity where not found.
    status : ndarray of int64, shape (LANES,)
        OK, NOT_FINITE, NO_THRESHOLD_IN_RANGE, ACTIVE_AT_LOWER_BOUND or NOT_DECIDED.

    Notes
    -----
    Checked by ``tests/kernels/test_search.py`` against a plain loop.
    """
    smallest, largest, growth, rtol, guess_mv = bounds
    wide = np.full(N_MODES * LANES, smallest)
    amplitude = wide[:LANES]
    rise = np.zeros(LANES)
    buffer[:] = start
    predict(buffer, lane, membrane, force, waveform, wide, rules, guess_mv, rise, first)
    phase = np.zeros(LANES, dtype=np.int64)
    outcome = np.zeros(LANES, dtype=np.int64)
    for i in range(LANES):
        lower[i] = 0.0
        upper[i] = np.inf
        status[i] = OK
        amplitude[i] = min(max(first[i], smallest), largest)
        phase[i] = SEEKING
    pending = LANES
    while pending > 0:
        buffer[:] = start
        for i in range(LANES):
            outcome[i] = SILENT if phase[i] == DECIDED else OPEN
            for j in range(1, N_MODES):
                wide[j * LANES + i] = amplitude[i]
        trial(buffer, lane, membrane, force, waveform, wide, rules, detector, rise, outcome)
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
                status[i] = OK if status[i] != NOT_DECIDED else NOT_DECIDED
            else:
                lower[i] = amplitude[i]
                status[i] = NOT_DECIDED if outcome[i] == OPEN else OK
            if phase[i] == SEEKING:
                if lower[i] > 0.0 and upper[i] < np.inf:
                    phase[i] = BISECTING
                elif outcome[i] == FIRED and amplitude[i] <= smallest:
                    status[i] = ACTIVE_AT_LOWER_BOUND
                    phase[i] = DECIDED
                elif outcome[i] != FIRED and amplitude[i] >= largest:
                    status[i] = NO_THRESHOLD_IN_RANGE if outcome[i] == SILENT else NOT_DECIDED
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


@kernel
def spike_origin(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveform: FloatArray,
    rules: tuple[float, float, float, int, int],
    amplitude: FloatArray,
    rise: FloatArray,
    origin: IntArray,
) -> None:
    """Find the node that crosses the spike voltage first in each lane.

    Parameters
    ----------
    buffer, lane, membrane, force, waveform, rules, amplitude, rise
        As in `trial`.
    origin : ndarray of int64, shape (LANES,)
        Enters -1; filled with the index of the node. Lanes with amplitude 0 are not looked at.
    """
    dt, spike_mv, _, _, n_nodes = rules
    threshold = spike_mv - membrane[E_REST]
    for n in range(waveform.size):
        step(buffer, lane, membrane, force, amplitude, (waveform[n], 0.0), dt, n_nodes)
        rises(buffer, n_nodes, rise)
        missing = 0
        for i in range(LANES):
            if amplitude[i] > 0.0 and origin[i] < 0:
                missing += 1
                if rise[i] > 0.5 * threshold:
                    highest = threshold
                    for k in range(1, n_nodes + 1):
                        u = buffer[k * _STRIDE + U * LANES + i]
                        if u > highest:
                            highest = u
                            origin[i] = k - 1
        if missing == 0:
            return
