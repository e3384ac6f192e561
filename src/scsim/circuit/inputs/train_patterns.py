"""Patterns of one spike train: Poisson, regular, bursts, normal intervals.

Each pattern draws the train of one fiber from a stream of its own, in such a way that a longer train begins like a
shorter one. Which fibers have which pattern belongs in `circuit/protocols.py`.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from scsim.errors import ModelError
from scsim.units import MS_PER_S

MAX_RATE_HZ: Final = 1000.0
"""Largest mean rate of a fiber, Hz. A choice of this project: beyond it intervals are shorter than the absolute
refractory period of the fastest fibers, about 0.7 ms (Tackmann & Lehmann 1974, abstract), allows for long."""

_BLOCK_MARGIN: Final = 4.0
"""Standard deviations of a Poisson count by which a first block of draws exceeds the expected number (no unit): one
block is nearly always enough, and which spikes come out does not depend on it."""

_MIN_KEPT_SHARE: Final = 0.5
"""Smallest share of normal intervals that may lie above their floor (no unit): below it the distribution would be
mostly its cut tail, and its mean far from the one given."""


@runtime_checkable
class TrainPattern(Protocol):
    """What every pattern of one spike train offers."""

    @property
    @abstractmethod
    def mean_rate_hz(self) -> float:
        """Long-run mean rate, Hz."""

    @abstractmethod
    def draw(self, duration_ms: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give the times of one fiber, ms, sorted, at 0 or later and before `duration_ms`."""


def _check(faults: list[str]) -> None:
    if faults:
        raise ModelError("\n".join(faults))


def _rate_faults(what: str, rate_hz: float) -> list[str]:
    if 0 <= rate_hz <= MAX_RATE_HZ:
        return []
    return [
        f"{what} = {rate_hz} Hz: a rate must lie between 0 and {MAX_RATE_HZ:g} Hz; typical values are 1 to 100 Hz."
    ]


def _phase_faults(phase: float | None) -> list[str]:
    if phase is None or 0 <= phase < 1:
        return []
    return [
        f"phase = {phase}: a phase is the share of an interval before the first spike, 0 or above and below 1; use for example 0.5, or leave it out for one drawn per fiber."
    ]


def _renewal_times(
    first_ms: float,
    duration_ms: float,
    mean_ms: float,
    intervals: Callable[[int], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Add up intervals until the end of the run.

    Parameters
    ----------
    first_ms, duration_ms, mean_ms : float
        First spike, end of the run and mean interval, ms.
    intervals : callable
        Draws about the given number of intervals, ms, and continues where it stopped when called again.

    Returns
    -------
    ndarray of float64
        Times before `duration_ms`, ms.
    """
    expected = max(duration_ms - first_ms, 0.0) / mean_ms
    n_drawn = int(expected + _BLOCK_MARGIN * math.sqrt(expected)) + 1
    steps = times = np.array([first_ms])
    while times[-1] < duration_ms:
        steps = np.concatenate([steps, intervals(n_drawn)])
        times = np.cumsum(steps)
    return times[times < duration_ms]


@dataclass(frozen=True)
class Poisson:
    """Spikes at random, at least a dead time apart.

    Attributes
    ----------
    rate_hz : float
        Mean rate, Hz, 0 to 1000.
    floor_ms : float
        Shortest interval, ms; shorter than the mean interval. The rest of each interval is exponential, so that the
        mean rate stays `rate_hz`.

    Raises
    ------
    ModelError
        If a value lies outside its range.
    """

    rate_hz: float
    floor_ms: float = 0.0

    def __post_init__(self) -> None:
        """Check rate and floor."""
        faults = _rate_faults("mean rate of a Poisson train", self.rate_hz)
        mean_ms = MS_PER_S / self.rate_hz if not faults and self.rate_hz > 0 else math.inf
        if not 0 <= self.floor_ms < mean_ms:
            faults.append(
                f"floor_ms = {self.floor_ms} ms at {self.rate_hz} Hz: the shortest interval must be 0 or above and below the mean interval of {mean_ms:g} ms; lower it or the rate."
            )
        _check(faults)

    @property
    def mean_rate_hz(self) -> float:
        """Long-run mean rate, Hz."""
        return self.rate_hz

    def draw(self, duration_ms: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give the times of one fiber, ms, sorted, before `duration_ms`."""
        if self.rate_hz == 0:
            return np.empty(0)
        scale_ms = MS_PER_S / self.rate_hz - self.floor_ms
        # The first wait has no dead time before it: the fiber may have been silent for long.
        first_ms = scale_ms * float(rng.standard_exponential())
        return _renewal_times(
            first_ms,
            duration_ms,
            MS_PER_S / self.rate_hz,
            lambda n: self.floor_ms + scale_ms * rng.standard_exponential(n),
        )


@dataclass(frozen=True)
class Regular:
    """Equal intervals.

    Attributes
    ----------
    rate_hz : float
        Rate, Hz, 0 to 1000.
    phase : float or None
        Share of an interval before the first spike, 0 or above and below 1, no unit; None: drawn for each fiber,
        so that fibers are not in step.

    Raises
    ------
    ModelError
        If a value lies outside its range.
    """

    rate_hz: float
    phase: float | None = None

    def __post_init__(self) -> None:
        """Check rate and phase."""
        _check([*_rate_faults("rate of a regular train", self.rate_hz), *_phase_faults(self.phase)])

    @property
    def mean_rate_hz(self) -> float:
        """Long-run mean rate, Hz."""
        return self.rate_hz

    def draw(self, duration_ms: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give the times of one fiber, ms, sorted, before `duration_ms`."""
        if self.rate_hz == 0:
            return np.empty(0)
        phase = float(rng.random()) if self.phase is None else self.phase
        n_intervals = math.ceil(duration_ms * self.rate_hz / MS_PER_S) + 1
        times = (phase + np.arange(n_intervals, dtype=np.float64)) * (MS_PER_S / self.rate_hz)
        return np.asarray(times[times < duration_ms], dtype=np.float64)


@dataclass(frozen=True)
class Burst:
    """Bursts of a few spikes, one burst after each equal interval.

    Attributes
    ----------
    burst_rate_hz : float
        Bursts per second, Hz, 0 to 1000.
    n_spikes : int
        Spikes in a burst, 1 or more.
    interval_ms : float
        Between the spikes of a burst, ms, above 0.
    phase : float or None
        As in `Regular`, of the bursts.

    Raises
    ------
    ModelError
        If a value lies outside its range, or a burst does not end before the next begins.
    """

    burst_rate_hz: float
    n_spikes: int
    interval_ms: float
    phase: float | None = None

    def __post_init__(self) -> None:
        """Check that the bursts fit."""
        faults = [
            *_rate_faults("rate of bursts", self.burst_rate_hz),
            *_phase_faults(self.phase),
        ]
        if self.n_spikes < 1:
            faults.append(
                f"n_spikes = {self.n_spikes}: a burst has 1 spike or more; use for example 5."
            )
        if not 0 < self.interval_ms < math.inf:
            faults.append(
                f"interval_ms = {self.interval_ms} ms between the spikes of a burst: it must be above 0 ms; use for example 2 ms."
            )
        _check(faults)
        length_ms = (self.n_spikes - 1) * self.interval_ms
        if self.burst_rate_hz > 0 and length_ms >= MS_PER_S / self.burst_rate_hz:
            msg = f"a burst of {self.n_spikes} spikes, {self.interval_ms:g} ms apart, lasts {length_ms:g} ms, but one begins every {MS_PER_S / self.burst_rate_hz:g} ms: it must end before the next; use fewer spikes, shorter intervals or fewer bursts per second."
            raise ModelError(msg)

    @property
    def mean_rate_hz(self) -> float:
        """Long-run mean rate, Hz."""
        return self.burst_rate_hz * self.n_spikes

    def draw(self, duration_ms: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give the times of one fiber, ms, sorted, before `duration_ms`."""
        onsets = Regular(self.burst_rate_hz, self.phase).draw(duration_ms, rng)
        times = (onsets[:, None] + np.arange(self.n_spikes) * self.interval_ms).ravel()
        return times[times < duration_ms]


@dataclass(frozen=True)
class NormalIntervals:
    """Normally distributed intervals, drawn again below a floor; the first spike uniform in one mean interval.

    Attributes
    ----------
    mean_ms, sd_ms : float
        Mean and standard deviation of the normal distribution before intervals are drawn again, ms.
    floor_ms : float
        Shortest interval, ms.

    Raises
    ------
    ModelError
        If a value lies outside its range, or less than half of the intervals would lie above the floor.
    """

    mean_ms: float
    sd_ms: float
    floor_ms: float = 0.0

    def __post_init__(self) -> None:
        """Check the distribution."""
        faults = []
        if not MS_PER_S / MAX_RATE_HZ <= self.mean_ms < math.inf:
            faults.append(
                f"mean_ms = {self.mean_ms} ms: a mean interval must be {MS_PER_S / MAX_RATE_HZ:g} ms or longer; use for example 111 ms."
            )
        if not 0 <= self.sd_ms < math.inf:
            faults.append(
                f"sd_ms = {self.sd_ms} ms: a standard deviation must be 0 ms or above; use for example 37 ms."
            )
        if not 0 <= self.floor_ms < math.inf:
            faults.append(
                f"floor_ms = {self.floor_ms} ms: the shortest interval must be 0 ms or above; use for example 5 ms."
            )
        _check(faults)
        if self.floor_ms > self.mean_ms or self._kept_share < _MIN_KEPT_SHARE:
            msg = f"floor_ms = {self.floor_ms} ms lies above the mean interval of {self.mean_ms:g} ms, so most intervals would be drawn again: lower it to {self.mean_ms:g} ms or less."
            raise ModelError(msg)

    @property
    def _kept_share(self) -> float:
        """Share of draws at the floor or above (no unit)."""
        if self.sd_ms == 0:
            return 1.0
        return 0.5 * math.erfc((self.floor_ms - self.mean_ms) / (self.sd_ms * math.sqrt(2)))

    @property
    def mean_interval_ms(self) -> float:
        """Mean of the intervals that are kept, ms: that of a normal distribution cut at the floor."""
        if self.sd_ms == 0:
            return self.mean_ms
        z = (self.floor_ms - self.mean_ms) / self.sd_ms
        density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        return self.mean_ms + self.sd_ms * density / self._kept_share

    @property
    def mean_rate_hz(self) -> float:
        """Long-run mean rate, Hz."""
        return MS_PER_S / self.mean_interval_ms

    def draw(self, duration_ms: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give the times of one fiber, ms, sorted, before `duration_ms`."""

        def intervals(n: int) -> NDArray[np.float64]:
            drawn = self.mean_ms + self.sd_ms * rng.standard_normal(n)
            return drawn[drawn >= self.floor_ms]

        first_ms = self.mean_ms * float(rng.random())
        return _renewal_times(first_ms, duration_ms, self.mean_ms, intervals)
