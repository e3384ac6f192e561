"""What a rate model does with its inputs: runs in time and steady states.

The time loop is in `kernels/rate.py`, its arrays are laid out in `circuit/assemble_rate.py`; parameters and
inputs are defined in `circuit/rate.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.rates.assemble_rate import lane_buffer, lane_events
from scsim.circuit.rates.rate import STEP_MS, STEP_S, RateCircuit, RateInput, check_rate, whole
from scsim.errors import ConvergenceError, ModelError, Status
from scsim.kernels.layouts import LANES
from scsim.kernels.rate import N_STATES, run_rates
from scsim.units import MS_PER_S, S_PER_MS

_GAIN_TOLERANCE: Final = 1e-13
"""Change of the NMDA gain, relative to its maximum, at which a steady state counts as found."""

_MAX_ITERATIONS: Final = 1_000_000


@dataclass(frozen=True)
class RateResponse:
    """What a batch of conditions did over time.

    Attributes
    ----------
    time_s : ndarray of float64, shape (n_samples,)
        Sample times from 0 s, s.
    projection_rate_hz, excitatory_rate_hz, inhibitory_rate_hz : ndarray of float64, shape (n_conditions, n_samples)
        Mean rate of each population, Hz.
    nmda_gain : ndarray of float64, shape (n_conditions, n_samples)
        Gain of C input onto projection neurons, no unit.
    projection_spikes : ndarray of float64, shape (n_conditions, n_samples)
        Spikes per projection neuron since 0 s: the integral of its rate over every step.
    mean_projection_rate_hz : ndarray of float64, shape (n_conditions,)
        Mean over the readout at the end of the run, Hz; NaN where `status` is not OK.
    status : ndarray of int8, shape (n_conditions,)
        `Status.OK` or `Status.NOT_FINITE`.
    """

    time_s: NDArray[np.float64]
    projection_rate_hz: NDArray[np.float64]
    excitatory_rate_hz: NDArray[np.float64]
    inhibitory_rate_hz: NDArray[np.float64]
    nmda_gain: NDArray[np.float64]
    projection_spikes: NDArray[np.float64]
    mean_projection_rate_hz: NDArray[np.float64]
    status: NDArray[np.int8]

    def __repr__(self) -> str:
        """One line."""
        n_conditions, n_samples = self.projection_rate_hz.shape
        end = self.time_s[-1]
        return (
            f"RateResponse({n_conditions} conditions, {n_samples} samples over {end:g} s, "
            f"mean projection rate {np.array2string(self.mean_projection_rate_hz, precision=3, threshold=8)} Hz)"
        )


@dataclass(frozen=True)
class SteadyState:
    """Lowest resting point of a rate circuit under constant input.

    Attributes
    ----------
    projection_rate_hz, excitatory_rate_hz, inhibitory_rate_hz : ndarray of float64
        Rates, Hz, of the broadcast shape of the inputs.
    nmda_gain : ndarray of float64
        Gain, no unit, of the same shape.
    """

    projection_rate_hz: NDArray[np.float64]
    excitatory_rate_hz: NDArray[np.float64]
    inhibitory_rate_hz: NDArray[np.float64]
    nmda_gain: NDArray[np.float64]


def simulate_rates(
    circuits: Sequence[RateCircuit],
    inputs: Sequence[RateInput],
    *,
    duration_s: float,
    sample_s: float = 0.01,
    readout_s: float | None = None,
) -> RateResponse:
    """Run rate circuits from rest (all rates and the gain zero).

    Conditions ride in lanes; the last batch is filled with copies of its first condition, which
    are dropped. A condition's numbers do not depend on the others.

    Parameters
    ----------
    circuits : sequence of RateCircuit
        One per condition.
    inputs : sequence of InputBoxes or SampledRates
        One per condition. Box edges and samples must lie on whole steps of 0.1 ms.
    duration_s : float
        Length of each run, s; a whole number of `sample_s`.
    sample_s : float
        Distance of the samples, s; a whole number of steps of 0.1 ms.
    readout_s : float or None
        The mean rate is taken over the last `readout_s` of the run, s, a whole number of
        `sample_s`; None for the whole run.

    Returns
    -------
    RateResponse

    Raises
    ------
    ModelError
        If the two sequences differ in length, times do not lie on the grid, boxes overlap, or the
        readout is longer than the run.

    Notes
    -----
    Fourth order in the step; see `scsim.kernels.rate.advance_step`.
    Checked by ``tests/theory/test_rate_model.py`` and ``tests/published/test_crodelle.py``.
    """
    if len(circuits) != len(inputs):
        msg = f"{len(circuits)} circuits and {len(inputs)} inputs: each condition needs one of both; give two sequences of equal length."
        raise ModelError(msg)
    per_sample = whole("sample_s", sample_s, STEP_S, at_least=1)
    n_intervals = whole("duration_s", duration_s, sample_s, at_least=1)
    n_readout = n_intervals
    if readout_s is not None:
        n_readout = whole("readout_s", readout_s, sample_s, at_least=1)
    if n_readout > n_intervals:
        msg = f"readout_s = {readout_s} s in a run of {duration_s} s: the readout must fit into the run; shorten it."
        raise ModelError(msg)

    n_conditions = len(circuits)
    n_samples = n_intervals + 1
    states = np.empty((N_STATES, n_conditions, n_samples))
    for start in range(0, n_conditions, LANES):
        members = np.arange(start, min(start + LANES, n_conditions))
        full = np.concatenate([members, np.full(LANES - members.size, start)])
        lanes = lane_buffer([circuits[i] for i in full])
        event_step, event_input = lane_events([inputs[i] for i in full], n_intervals * per_sample)
        out = np.empty((n_samples, N_STATES, LANES))
        run_rates(lanes, event_step, event_input, STEP_MS, per_sample, out)
        states[:, members] = out.transpose(1, 2, 0)[:, : members.size]

    spikes = states[4] * S_PER_MS
    mean = (spikes[:, -1] - spikes[:, -1 - n_readout]) / (n_readout * sample_s)
    is_finite = np.isfinite(states).all(axis=(0, 2))
    return RateResponse(
        time_s=np.arange(n_samples) * per_sample / (MS_PER_S / STEP_MS),
        projection_rate_hz=states[0],
        excitatory_rate_hz=states[1],
        inhibitory_rate_hz=states[2],
        nmda_gain=states[3],
        projection_spikes=spikes,
        mean_projection_rate_hz=np.where(is_finite, mean, np.nan),
        status=np.where(is_finite, Status.OK, Status.NOT_FINITE).astype(np.int8),
    )


def _curve(
    x: NDArray[np.float64], maximum: float, width_hz: float, half_hz: float
) -> NDArray[np.float64]:
    """Response curve m / 2 (1 + tanh((x - b) / a)), Hz."""
    return np.asarray(0.5 * maximum * (1 + np.tanh((x - half_hz) / width_hz)))


def steady_state(circuit: RateCircuit, f_a_hz: ArrayLike, f_c_hz: ArrayLike) -> SteadyState:
    """Find the lowest resting point of the circuit under constant input.

    The gain g drives itself through the projection rate, monotonically, so the circuit may have
    two resting points. Iterating g from zero ends on the lower one.

    A run in time need not end there. From zero the projection neurons answer within milliseconds,
    inhibition takes tens of them: near the input at which the lower point vanishes, the gain may
    meanwhile pass the divide, and the run ends on the upper one.

    Parameters
    ----------
    circuit : RateCircuit
    f_a_hz, f_c_hz : array_like of float
        Constant A-beta and C rates, Hz; broadcast against each other.

    Returns
    -------
    SteadyState

    Raises
    ------
    ModelError
        If an input is negative or not finite.
    ConvergenceError
        If the iteration has not settled, which happens only where the lower resting point is
        about to vanish.

    Notes
    -----
    Checked by ``tests/theory/test_rate_model.py`` and ``tests/published/test_crodelle.py``.
    """
    check_rate("f_a_hz", f_a_hz)
    check_rate("f_c_hz", f_c_hz)
    f_a, f_c = np.broadcast_arrays(np.asarray(f_a_hz, float), np.asarray(f_c_hz, float))
    c = circuit
    f_i = c.inhibitory_rest_hz + _curve(
        c.g_abi * f_a, c.inhibitory_max_hz, c.inhibitory_width_hz, c.inhibitory_half_hz
    )
    f_e = _curve(
        c.g_ce * f_c - c.g_ie * f_i,
        c.excitatory_max_hz,
        c.excitatory_width_hz,
        c.excitatory_half_hz,
    )
    drive = c.g_abp * f_a + c.g_cp * f_c + c.g_ep * f_e - c.g_ip * f_i

    def projection(gain: NDArray[np.float64]) -> NDArray[np.float64]:
        return _curve(
            drive + gain * f_c, c.projection_max_hz, c.projection_width_hz, c.projection_half_hz
        )

    gain = np.zeros(f_a.shape)
    change = math.inf
    for _ in range(_MAX_ITERATIONS):
        following = _curve(projection(gain), c.nmda_max**2, c.nmda_width_hz, c.nmda_half_hz)
        change = float(np.max(np.abs(following - gain), initial=0.0))
        gain = following
        if change <= _GAIN_TOLERANCE * c.nmda_max**2:
            break
    else:
        msg = f"steady state of {c.name}: the NMDA gain still changes by {change:.1e} after {_MAX_ITERATIONS} iterations; the inputs lie where the lower resting point vanishes: move them slightly."
        raise ConvergenceError(msg)
    return SteadyState(
        projection_rate_hz=projection(gain),
        excitatory_rate_hz=f_e,
        inhibitory_rate_hz=f_i,
        nmda_gain=gain,
    )
