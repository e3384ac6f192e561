"""Rate models of the dorsal horn: parameters, inputs, runs in time and steady states.

The time loop is in `kernels/rate.py`, its arrays are laid out in `circuit/assemble.py`; the parameter values in ``data/circuits/``, pain states in
`circuit/states.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.errors import ConvergenceError, ModelError, Status
from scsim.units import MS_PER_S, S_PER_MS

STEP_MS: Final = 0.1
"""Time step, ms. Its error is below 3e-7 Hz for the published brief stimulus and falls with the
fourth power of the step (``tests/theory/test_rate_model.py``)."""

STEP_S: Final = STEP_MS * S_PER_MS
"""The same in s: times of input boxes must be whole numbers of it."""

_GRID_TOLERANCE: Final = 1e-6
"""How far from a whole number of steps a time may be, in steps: decimal times are not exact."""

_GAIN_TOLERANCE: Final = 1e-13
"""Change of the NMDA gain, relative to its maximum, at which a steady state counts as found."""

_MAX_ITERATIONS: Final = 1_000_000

_MIN_TAU_MS: Final = 0.05
"""Shortest time constant, ms: half a step, beyond which a run would no longer resolve it."""


@dataclass(frozen=True)
class RateCircuit:
    """Parameters of a rate model of the dorsal horn; names as in ``data/circuits/*.toml``.

    Four populations: projection (w), excitatory (e) and inhibitory (i) neurons and an NMDA gain.
    The equations stand in `scsim.kernels.rate.advance_step`.

    Attributes
    ----------
    name, title : str
        Name of the table, and one line about it.
    g_abp, g_cp, g_ep, g_ip : float
        Weights of A-beta fibers, C fibers, excitatory and inhibitory neurons onto projection
        neurons, no unit.
    g_ce, g_ie : float
        Weights of C fibers and inhibitory neurons onto excitatory neurons.
    g_abi : float
        Weight of A-beta fibers onto inhibitory neurons.
    projection_max_hz, projection_width_hz, projection_half_hz : float
        Response curve of the projection neurons: largest rate, width and input of half the maximum.
    excitatory_max_hz, excitatory_width_hz, excitatory_half_hz : float
        The same of the excitatory neurons.
    inhibitory_max_hz, inhibitory_width_hz, inhibitory_half_hz : float
        The same of the inhibitory neurons.
    inhibitory_rest_hz : float
        Rate that the inhibitory neurons keep without input.
    nmda_max : float
        G, no unit. The model uses it twice, so that the gain saturates at G².
    nmda_width_hz, nmda_half_hz : float
        Width and half point of the NMDA gain over the projection rate.
    tau_projection_ms, tau_excitatory_ms, tau_inhibitory_ms, tau_nmda_ms : float
        Time constants.
    mechanisms : tuple of (str, tuple of str)
        For each mechanism that a pain state may change, the parameters that carry it.

    Raises
    ------
    ModelError
        If a parameter is not finite, a width or maximum is not positive, or a time constant is
        shorter than half a step.
    """

    name: str
    title: str
    g_abp: float
    g_cp: float
    g_ep: float
    g_ip: float
    g_ce: float
    g_ie: float
    g_abi: float
    projection_max_hz: float
    projection_width_hz: float
    projection_half_hz: float
    excitatory_max_hz: float
    excitatory_width_hz: float
    excitatory_half_hz: float
    inhibitory_max_hz: float
    inhibitory_width_hz: float
    inhibitory_half_hz: float
    inhibitory_rest_hz: float
    nmda_max: float
    nmda_width_hz: float
    nmda_half_hz: float
    tau_projection_ms: float
    tau_excitatory_ms: float
    tau_inhibitory_ms: float
    tau_nmda_ms: float
    mechanisms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        """Check the parameters."""
        for key in parameter_names():
            value = getattr(self, key)
            if not math.isfinite(value):
                msg = f"{self.name}: {key} = {value}: a parameter must be a finite number; correct the table."
                raise ModelError(msg)
            if key.endswith(("_width_hz", "_max_hz")) and value <= 0:
                msg = f"{self.name}: {key} = {value} Hz: widths and maxima must be above 0; correct the table."
                raise ModelError(msg)
            if key.startswith("tau_") and value < _MIN_TAU_MS:
                msg = f"{self.name}: {key} = {value} ms: a time constant must be at least {_MIN_TAU_MS} ms, half a step; correct the table."
                raise ModelError(msg)


def parameter_names() -> tuple[str, ...]:
    """Give the names of the numbers that make up a rate circuit.

    Returns
    -------
    tuple of str
        Fields of `RateCircuit` that are floats, in its order.
    """
    return tuple(f.name for f in fields(RateCircuit) if f.type is float)


@dataclass(frozen=True)
class RateBox:
    """A rate that holds from one time to another, once or repeated.

    Attributes
    ----------
    start_s, end_s : float
        First time that belongs to the box, and the first that no longer does, s. `end_s` may be
        infinite.
    rate_hz : float
        Mean rate inside the box, Hz; it replaces the resting rate.
    repeat_every_s : float or None
        Distance from one start to the next, s; None for a single box.

    Raises
    ------
    ModelError
        If the box does not end after it starts, starts before 0, has a rate below 0, or repeats
        before it has ended.
    """

    start_s: float
    end_s: float
    rate_hz: float
    repeat_every_s: float | None = None

    def __post_init__(self) -> None:
        """Check times and rate."""
        if not (0 <= self.start_s < self.end_s and math.isfinite(self.start_s)):
            msg = f"input box from {self.start_s} s to {self.end_s} s: it must start at 0 s or later and end after its start; exchange or move the two times."
            raise ModelError(msg)
        _check_rate("rate of an input box", self.rate_hz)
        if self.repeat_every_s is not None and not (
            self.end_s - self.start_s <= self.repeat_every_s * (1 + _GRID_TOLERANCE) < math.inf
        ):
            msg = f"input box of {self.end_s - self.start_s:g} s repeated every {self.repeat_every_s} s: the repeats would overlap; use at least its length."
            raise ModelError(msg)


@dataclass(frozen=True)
class InputBoxes:
    """Afferent input of one run: resting rates with boxes in which another rate holds.

    Attributes
    ----------
    a_beta_rest_hz, c_rest_hz : float
        Mean rates of the A-beta and C fibers outside their boxes, Hz.
    a_beta, c : tuple of RateBox
        Boxes of each class; they must not overlap.

    Raises
    ------
    ModelError
        If a resting rate is negative or not finite.
    """

    a_beta_rest_hz: float
    c_rest_hz: float
    a_beta: tuple[RateBox, ...] = ()
    c: tuple[RateBox, ...] = ()

    def __post_init__(self) -> None:
        """Check the resting rates."""
        _check_rate("resting rate of the A-beta fibers", self.a_beta_rest_hz)
        _check_rate("resting rate of the C fibers", self.c_rest_hz)


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
    """Where a rate circuit comes to rest under constant input, starting without NMDA gain.

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


def _check_rate(what: str, rate_hz: float) -> None:
    if not (math.isfinite(rate_hz) and rate_hz >= 0):
        msg = f"{what} = {rate_hz} Hz: a rate must be a finite number, 0 or above; typical values are 1 to 100 Hz."
        raise ModelError(msg)


def grid_fault(length_s: float, unit_s: float) -> str:
    """Say what is wrong with a time that should be a whole number of units.

    Parameters
    ----------
    length_s, unit_s : float
        The time and the unit, s.

    Returns
    -------
    str
        What is allowed and which value is near; empty if the time is a whole number of units to
        rounding.
    """
    if not math.isfinite(length_s):
        return f"it must be a finite, whole number of {unit_s:g} s; use for example 1 s."
    count = length_s / unit_s
    if abs(count - round(count)) <= _GRID_TOLERANCE:
        return ""
    near_s = max(1, round(count)) * unit_s
    return f"it must be a whole number of {unit_s:g} s; the nearest is {near_s:.12g} s."


def whole(name: str, length_s: float, unit_s: float, *, at_least: int = 0) -> int:
    """Count how many units a time is.

    Parameters
    ----------
    name : str
        What the time is, for the message.
    length_s, unit_s : float
        The time and the unit, s.
    at_least : int
        Smallest count allowed.

    Returns
    -------
    int

    Raises
    ------
    ModelError
        If the time is not a whole number of units, or too few; the message names a time that is.
    """
    fault = grid_fault(length_s, unit_s)
    if fault:
        msg = f"{name} = {length_s} s: {fault}"
        raise ModelError(msg)
    count = round(length_s / unit_s)
    if count < at_least:
        msg = f"{name} = {length_s} s: it must be above 0; use at least {at_least * unit_s:g} s."
        raise ModelError(msg)
    return count


def simulate_rates(
    circuits: Sequence[RateCircuit],
    inputs: Sequence[InputBoxes],
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
    inputs : sequence of InputBoxes
        One per condition. Box edges must lie on whole steps of 0.1 ms.
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

    # Loaded here, so that reading a config does not load the compiler.
    from scsim.circuit.assemble import lane_buffer, lane_events  # noqa: PLC0415
    from scsim.kernels.layouts import LANES  # noqa: PLC0415
    from scsim.kernels.rate import N_STATES, run_rates  # noqa: PLC0415

    n_conditions = len(circuits)
    n_samples = n_intervals + 1
    states = np.empty((N_STATES, n_conditions, n_samples))
    for start in range(0, n_conditions, LANES):
        members = np.arange(start, min(start + LANES, n_conditions))
        full = np.concatenate([members, np.full(LANES - members.size, start)])
        lanes = lane_buffer([circuits[i] for i in full])
        event_step, event_rate_hz = lane_events([inputs[i] for i in full], n_intervals * per_sample)
        out = np.empty((n_samples, N_STATES, LANES))
        run_rates(lanes, event_step, event_rate_hz, STEP_MS, per_sample, out)
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
    """Find where the circuit rests under constant input when the NMDA gain starts at zero.

    The gain g drives itself through the projection rate, monotonically, so the circuit may have
    two resting points. Iterating g from zero ends on the lower one, which is where a run in time
    that starts without gain ends.

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
    """
    f_a, f_c = np.broadcast_arrays(np.asarray(f_a_hz, float), np.asarray(f_c_hz, float))
    for what, values in (("f_a_hz", f_a), ("f_c_hz", f_c)):
        for value in values[~(np.isfinite(values) & (values >= 0))].flat:
            _check_rate(what, float(value))
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
