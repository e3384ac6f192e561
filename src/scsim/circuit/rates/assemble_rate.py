"""Rate circuits and their inputs as the arrays of `kernels/rate.py`; the only place that does this.

Parameters and checks of them belong in `circuit/rate.py`.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.rates.rate import (
    STEP_MS,
    STEP_S,
    InputBoxes,
    RateBox,
    RateCircuit,
    RateInput,
    whole,
)
from scsim.errors import ModelError
from scsim.kernels import rate as k

_TAYLOR_TERMS: Final = 25
"""Terms of the φ functions; enough for 1e-16 at steps of up to two time constants."""


def _phi(order: int, z: float) -> float:
    """Give φ of an order at −z: the integral of exp(−z (1 − s)) s^(k−1) / (k−1)! over 0 to 1."""
    return math.fsum((-z) ** j / math.factorial(j + order) for j in range(_TAYLOR_TERMS))


def _quadrature(z: float) -> tuple[float, ...]:
    """Give the rows of one unknown: decay and weights of a parabola, full step then half step."""
    rows: list[float] = []
    for share in (1.0, 0.5):
        y = z * share
        phi_1, phi_2, phi_3 = (_phi(order, y) for order in (1, 2, 3))
        # ∫ s = φ2, ∫ s² = 2 φ3; the parabola is F0 + s (4 Fm - 3 F0 - F1) + s² (2 F0 - 4 Fm + 2 F1).
        first, second = y * phi_2 * share, 2 * y * phi_3 * share**2
        rows += [
            math.exp(-y),
            y * phi_1 - 3 * first + 2 * second,
            4 * first - 4 * second,
            2 * second - first,
        ]
    return tuple(rows)


def _column(circuit: RateCircuit) -> NDArray[np.float64]:
    """Lay one circuit out as a column of the lane buffer, state at zero."""
    column = np.zeros(k.N_ROWS)
    c = circuit
    column[k.G_ABP : k.CURVE_W] = (c.g_abp, c.g_cp, c.g_ep, c.g_ip, c.g_ce, c.g_ie, c.g_abi)
    curves = (
        (k.CURVE_W, c.projection_max_hz, c.projection_width_hz, c.projection_half_hz),
        (k.CURVE_E, c.excitatory_max_hz, c.excitatory_width_hz, c.excitatory_half_hz),
        (k.CURVE_I, c.inhibitory_max_hz, c.inhibitory_width_hz, c.inhibitory_half_hz),
        (k.CURVE_N, c.nmda_max**2, c.nmda_width_hz, c.nmda_half_hz),
    )
    for row, maximum, width, half in curves:
        column[row : row + 3] = (maximum, 2 / width, half)
    column[k.REST_I] = c.inhibitory_rest_hz
    column[k.TAU_W] = c.tau_projection_ms
    column[k.STEP_W : k.STEP_E] = _quadrature(STEP_MS / c.tau_projection_ms)
    column[k.STEP_E : k.STEP_N] = _quadrature(STEP_MS / c.tau_excitatory_ms)
    column[k.STEP_N : k.STEP_I] = _quadrature(STEP_MS / c.tau_nmda_ms)
    column[k.STEP_I : k.INPUT_A] = _quadrature(STEP_MS / c.tau_inhibitory_ms)
    return column


class _Lines(NamedTuple):
    """A rate as straight lines: from each step on its value and its change per step, both in Hz."""

    step: NDArray[np.int64]
    rate_hz: NDArray[np.float64]
    slope_hz: NDArray[np.float64]


def _box_lines(rest_hz: float, boxes: Sequence[RateBox], n_steps: int) -> _Lines:
    """Give a rate that jumps, as lines without slope."""
    spans: list[tuple[int, int, float]] = []
    for box in boxes:
        start = whole("start of an input box", box.start_s, STEP_S)
        length, period = n_steps, n_steps
        if math.isfinite(box.end_s):
            whole("end of an input box", box.end_s, STEP_S)
            length = whole("length of an input box", box.end_s - box.start_s, STEP_S, at_least=1)
        if box.repeat_every_s is not None:
            period = whole("repeat of an input box", box.repeat_every_s, STEP_S, at_least=1)
        spans += [(at, at + length, box.rate_hz) for at in range(start, n_steps, period)]
    spans.sort()
    changes = {0: rest_hz}
    last_end = 0
    for start, end, rate_hz in spans:
        if start < last_end:
            msg = f"input boxes overlap at {start * STEP_S:.10g} s: at any time one rate must hold; shorten or move one of them."
            raise ModelError(msg)
        changes[start] = rate_hz
        changes[end] = rest_hz
        last_end = end
    step = np.array(sorted(changes), dtype=np.int64)
    return _Lines(step, np.array([changes[at] for at in step.tolist()]), np.zeros(step.size))


def _sample_lines(rates_hz: NDArray[np.float64], per_sample: int) -> _Lines:
    """Give a rate that is interpolated between samples, and holds after the last."""
    slope_hz = np.append(np.diff(rates_hz) / per_sample, 0.0)
    return _Lines(np.arange(rates_hz.size) * per_sample, rates_hz, slope_hz)


def _lines(given: RateInput, n_steps: int) -> tuple[_Lines, _Lines]:
    """Give the A-beta and the C rate of one input as lines."""
    if isinstance(given, InputBoxes):
        return (
            _box_lines(given.a_beta_rest_hz, given.a_beta, n_steps),
            _box_lines(given.c_rest_hz, given.c, n_steps),
        )
    per_sample = whole("sample_s of sampled rates", given.sample_s, STEP_S, at_least=1)
    return _sample_lines(given.a_beta_hz, per_sample), _sample_lines(given.c_hz, per_sample)


def lane_buffer(circuits: Sequence[RateCircuit]) -> NDArray[np.float64]:
    """Lay circuits out as the lane buffer, state at zero.

    Parameters
    ----------
    circuits : sequence of RateCircuit
        One per lane.

    Returns
    -------
    ndarray of float64, shape (N_ROWS * n_lanes,)
        Rows as named in `scsim.kernels.rate`, lane fastest.
    """
    columns = {circuit: _column(circuit) for circuit in dict.fromkeys(circuits)}
    return np.stack([columns[circuit] for circuit in circuits], axis=1).ravel()


def lane_events(
    inputs: Sequence[RateInput], n_steps: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Merge the inputs of a batch into events.

    Parameters
    ----------
    inputs : sequence of InputBoxes or SampledRates
        One per lane.
    n_steps : int
        Steps of the run.

    Returns
    -------
    event_step : ndarray of int64, shape (n_events,)
        Steps before which an input of any lane changes.
    event_input : ndarray of float64, shape (n_events, N_INPUTS, n_lanes)
        Of the A-beta and then of the C fibers: the rate, its change per step and the step at which
        it has that rate. A lane without a change is told its own line again.

    Raises
    ------
    ModelError
        If boxes overlap, or boxes or samples do not lie on steps.
    """
    lines = {id(given): _lines(given, n_steps) for given in inputs}
    steps = np.unique(np.concatenate([one.step for pair in lines.values() for one in pair]))
    events = np.empty((steps.size, k.N_INPUTS, len(inputs)))
    for lane, given in enumerate(inputs):
        for fiber_class, one in enumerate(lines[id(given)]):
            at = np.searchsorted(one.step, steps, side="right") - 1
            rows = events[:, 3 * fiber_class : 3 * fiber_class + 3, lane]
            rows[:] = np.stack([one.rate_hz[at], one.slope_hz[at], one.step[at]], axis=1)
    return steps, events
