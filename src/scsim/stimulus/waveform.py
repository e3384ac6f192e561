"""What every stimulus in time has in common: levels relative to the amplitude, one per time step.

The shapes themselves are in the other files of this room. Which contact carries the current and with
which sign (montage), and how large it is (amplitude), do not belong here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.formats.tables import load_table
from scsim.units import MS_PER_US

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_STEP_TOLERANCE: Final = 1e-6
"""How far a time may be from a whole number of steps, relative to it (no unit): steps are quoted with six digits."""

_STEP_TOLERANCE_MAX: Final = 0.01
"""The same in steps: a long time must not pass just because it is long."""

_FINEST_SPLIT: Final = 10_000
"""Largest number of steps per greatest common divisor for which a fitting dt is proposed."""

_NS_PER_US: Final = 1000
_DECIMALS_US: Final = 9
"""Decimals of a time in µs that count; the rest is rounding."""

_N_QUOTED: Final = 6
"""Times that a message quotes before it breaks off."""


@dataclass(frozen=True, eq=False)
class SampledWaveform:
    """A waveform in time steps.

    Attributes
    ----------
    levels : ndarray of float64, shape (n_steps,)
        Current relative to the amplitude (no unit), held for the step.
    edges : ndarray of bool, shape (n_steps,)
        True where the waveform jumps at the beginning of the step.
    """

    levels: FloatArray
    edges: BoolArray


@runtime_checkable
class Waveform(Protocol):
    """A current in time, relative to its amplitude, from t = 0; 0 before."""

    @property
    def duration_ms(self) -> float:
        """Time after which the level is 0 for good, ms; infinite if there is none.

        Onsets round to steps, so the samples may end up to half a step later.
        """
        ...

    def sample(self, dt_ms: float, n_steps: int, *, midpoint: bool = False) -> SampledWaveform:
        """Give the level of each step.

        Parameters
        ----------
        dt_ms : float
            Time step, ms.
        n_steps : int
            Number of steps; what comes later is left out.
        midpoint : bool
            Sample at the middle of a step, as second-order schemes need it, and not at its start. Levels
            that are constant within a step are the same either way.
        """
        ...


def check_grid(dt_ms: float, n_steps: int) -> None:
    """Refuse time steps that cannot be.

    Parameters
    ----------
    dt_ms : float
        Time step, ms.
    n_steps : int
        Number of steps.

    Raises
    ------
    StimulusError
        If the step is not positive and finite, or there is none.
    """
    if not (math.isfinite(dt_ms) and dt_ms > 0.0):
        msg = f"dt_ms = {dt_ms:g} ms: a time step must be positive and finite. A usual one is 0.005 ms."
        raise StimulusError(msg)
    if n_steps < 1:
        msg = f"n_steps = {n_steps}: a waveform needs at least 1 step. Lengthen the time."
        raise StimulusError(msg)


def is_whole(steps: float) -> bool:
    """Tell whether a number of steps is whole but for rounding."""
    tolerance = min(_STEP_TOLERANCE * max(1.0, abs(steps)), _STEP_TOLERANCE_MAX)
    return abs(steps - round(steps)) <= tolerance


def require_whole_steps(subject: str, times_us: Iterable[float], dt_ms: float) -> None:
    """Refuse times between the steps, and say which step would fit.

    Parameters
    ----------
    subject : str
        What has these times, with its verb: ``the phases of the pulse begin and end at``.
    times_us : iterable of float
        Times, µs.
    dt_ms : float
        Time step, ms.

    Raises
    ------
    StimulusError
        If a time is not a whole number of steps, or two times fall into one step.
    """
    times = sorted({round(time, _DECIMALS_US) for time in times_us})
    steps = [time * MS_PER_US / dt_ms for time in times]
    if all(map(is_whole, steps)) and len({round(step) for step in steps}) == len(times):
        return
    fitting_ms = _fitting_step_ms(times, dt_ms)
    if fitting_ms is None:
        advice = "Round the phases to whole steps."
    else:
        advice = f"dt_ms = {fitting_ms:g} ms would fit (dt_us = {fitting_ms / MS_PER_US:g})."
    shown = [f"{time:g}" for time in times[:_N_QUOTED]]
    text = ", ".join([*shown, "…"] if len(times) > _N_QUOTED else shown)
    msg = f"{subject} {text} µs; these are no whole numbers of steps of dt_ms = {dt_ms:g} ms. {advice}"
    raise StimulusError(msg)


def require_short_steps(name: str, tau_us: float, dt_ms: float) -> None:
    """Refuse steps that are too long for an exponential.

    Parameters
    ----------
    name : str
        Name of the time constant.
    tau_us : float
        Time constant, µs.
    dt_ms : float
        Time step, ms.

    Raises
    ------
    StimulusError
        If the time constant has fewer steps than ``min_steps_per_tau`` of the table ``stimuli/sampling``.
    """
    least = sampling_limit("min_steps_per_tau")
    n_steps = tau_us * MS_PER_US / dt_ms
    if n_steps < least and not is_whole(n_steps / least):
        msg = (
            f"{name} = {tau_us:g} µs is {n_steps:.3g} steps of dt_ms = {dt_ms:g} ms: an exponential needs "
            f"{least:g} steps per time constant or more. Use dt_ms = {tau_us * MS_PER_US / least:g} ms "
            f"(dt_us = {tau_us / least:g}) or less, or a longer time constant."
        )
        raise StimulusError(msg)


def sampling_limit(key: str) -> float:
    """Give a number of the table ``stimuli/sampling``."""
    return load_table("stimuli/sampling").number(key)


def to_steps(times_ms: npt.ArrayLike, dt_ms: float) -> npt.NDArray[np.int64]:
    """Round times to steps; half a step counts up, whatever the rounding of the decimal fractions.

    Parameters
    ----------
    times_ms : array_like of float
        Times, ms.
    dt_ms : float
        Time step, ms.

    Returns
    -------
    ndarray of int64, shape of `times_ms`
    """
    steps = np.asarray(times_ms, dtype=np.float64) / dt_ms
    return np.floor(steps + 0.5 + _STEP_TOLERANCE).astype(np.int64)


def _fitting_step_ms(times_us: list[float], dt_ms: float) -> float | None:
    """Largest step, ms, up to the given one that divides all times; None if they are no whole ns."""
    in_ns = [round(time * _NS_PER_US) for time in times_us]
    exact = all(
        abs(time * _NS_PER_US - n) <= _STEP_TOLERANCE
        for time, n in zip(times_us, in_ns, strict=True)
    )
    common_ns = math.gcd(*in_ns)
    if not (exact and common_ns):
        return None
    common_ms = common_ns * MS_PER_US / _NS_PER_US
    n_parts = math.ceil(common_ms / dt_ms)
    return common_ms / n_parts if n_parts <= _FINEST_SPLIT else None
