"""Rate models of the dorsal horn: their parameters and inputs.

Runs in time and steady states belong in `circuit/run_rate.py`, parameter values in ``data/circuits/``,
pain states in `circuit/states.py`.
"""

import math
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.errors import ModelError
from scsim.units import S_PER_MS

STEP_MS: Final = 0.1
"""Time step, ms. Its error is below 3e-7 Hz for the published brief stimulus, below 1e-5 Hz for the same
drawn as spikes, and falls with the fourth power of the step (``tests/theory/test_rate_model.py``)."""

STEP_S: Final = STEP_MS * S_PER_MS
"""The same in s: times of input boxes must be whole numbers of it."""

_GRID_TOLERANCE: Final = 1e-6
"""How far from a whole number of steps a time may be, in steps: decimal times are not exact."""

_MIN_TAU_MS: Final = 0.5 * STEP_MS
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
        check_rate("rate of an input box", self.rate_hz)
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
        check_rate("resting rate of the A-beta fibers", self.a_beta_rest_hz)
        check_rate("resting rate of the C fibers", self.c_rest_hz)


@dataclass(frozen=True, eq=False)
class SampledRates:
    """Afferent input of one run as samples, with straight lines between them.

    Attributes
    ----------
    sample_s : float
        Distance of the samples, s, from 0 s on; a whole number of steps of 0.1 ms.
    a_beta_hz, c_hz : ndarray of float64, shape (n_samples,)
        Mean rates of the A-beta and C fibers, Hz; read-only. After its last sample a rate holds.
        Smoothed rates may dip below 0.

    Raises
    ------
    ModelError
        If there is no sample, a rate is not finite, or `sample_s` is not such a time.
    """

    sample_s: float
    a_beta_hz: NDArray[np.float64]
    c_hz: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check the samples and make them read-only."""
        whole("sample_s of sampled rates", self.sample_s, STEP_S, at_least=1)
        for key, what in (("a_beta_hz", "A-beta"), ("c_hz", "C")):
            rates = np.array(getattr(self, key), dtype=np.float64)
            if rates.ndim != 1 or rates.size == 0:
                msg = f"{key} has the shape {rates.shape}: the rates of the {what} fibers are one row of at least one sample; give one number per sample."
                raise ModelError(msg)
            wrong = np.flatnonzero(~np.isfinite(rates))
            if wrong.size:
                msg = f"{key}[{wrong[0]}] = {rates[wrong[0]]} Hz: a rate must be a finite number; correct it."
                raise ModelError(msg)
            rates.flags.writeable = False
            object.__setattr__(self, key, rates)


RateInput: TypeAlias = InputBoxes | SampledRates
"""What may drive a rate model."""


def check_rate(what: str, rate_hz: ArrayLike) -> None:
    """Refuse rates that are not finite numbers from 0 up.

    Parameters
    ----------
    what : str
        Name of the rate, for the message.
    rate_hz : array_like of float
        One or more, Hz.

    Raises
    ------
    ModelError
        With the first of them.
    """
    rates = np.atleast_1d(np.asarray(rate_hz, dtype=np.float64))
    wrong = rates[~(np.isfinite(rates) & (rates >= 0))]
    if wrong.size:
        msg = f"{what} = {wrong[0]} Hz: a rate must be a finite number, 0 or above; typical values are 1 to 100 Hz."
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
