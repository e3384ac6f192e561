"""What fibers make of a pattern of pulses that they cannot simply follow: bursts, kilohertz, fast trains.

A stretch of the pattern is simulated and repeated for as long as a circuit needs. Whether every pulse is answered
is measured in `trains.py`; what the spikes do to the dorsal horn belongs to `scsim.circuit`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scsim.errors import Status, StimulusError
from scsim.formats.tables import load_table
from scsim.response.simulate import simulate
from scsim.response.threshold import FARTHEST_DETECTOR
from scsim.stimulus.pattern import burst_length_ms, stimulus_train
from scsim.units import MS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.fibers.solver import Solver
    from scsim.stimulus.pattern import StimulusSection

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

TABLE: Final = "response/following"

_N_CUTS: Final = 64
"""Places tried for the end of the repeated stretch."""

_ROUNDING: Final = 1e-9
"""Share of a period by which a sum of periods may be off (no unit)."""


def needs_fibers(section: StimulusSection) -> bool:
    """Tell whether fibers must be simulated to know which pulses they follow.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    bool
        False for tonic pulses up to the rate that every recruited fiber is taken to follow.
    """
    if section.pattern != "tonic":
        return True
    return section.frequency_hz > load_table(TABLE).number("tonic_limit_hz")


class Stretch(NamedTuple):
    """The part of a pattern that is simulated.

    Attributes
    ----------
    n_volleys : int
        Pulses, or bursts, that are given.
    window_ms : float
        Simulated time, ms.
    repeat_ms : float
        Length of what repeats, a whole number of periods, ms.
    cut_from_ms, cut_to_ms : float
        Within which the end of the repeated part is laid, ms.
    """

    n_volleys: int
    window_ms: float
    repeat_ms: float
    cut_from_ms: float
    cut_to_ms: float


def choose_stretch(section: StimulusSection) -> Stretch:
    """Say which part of a pattern is simulated.

    Parameters
    ----------
    section : StimulusSection

    Returns
    -------
    Stretch
        Onset, until a fiber has forgotten that there was none before, and a whole number of periods after it;
        one volley alone if a fiber forgets it before the next.
    """
    table = load_table(TABLE)
    memory_ms, period_ms = table.number("memory_ms"), MS_PER_S / section.frequency_hz
    if period_ms >= memory_ms:
        length_ms = burst_length_ms(section)
        if length_ms + memory_ms <= period_ms:
            return Stretch(1, length_ms + memory_ms, period_ms, period_ms, period_ms)
    n_repeat = max(1, round(table.number("stretch_ms") / period_ms))
    n_settle = math.ceil(memory_ms / period_ms - _ROUNDING)
    n_cut = max(1, math.ceil(table.number("cut_range_ms") / period_ms - _ROUNDING))
    cut_from_ms = (n_settle + n_repeat) * period_ms
    n_volleys = n_settle + n_repeat + n_cut
    end_ms = n_volleys * period_ms
    return Stretch(n_volleys, end_ms, n_repeat * period_ms, cut_from_ms, end_ms)


@dataclass(frozen=True)
class Followed:
    """Spikes of some fibers under a pattern of pulses.

    Attributes
    ----------
    spike_times_ms : tuple of ndarray of float64, one per fiber
        From the first pulse to the cut, ms, rising, at the detector.
    cut_ms : ndarray of float64, shape (n_fibers,)
        Where the simulated spikes end, ms.
    repeat_ms : ndarray of float64, shape (n_fibers,)
        Length of the stretch before the cut that repeats after it, ms.
    status : ndarray of int8, shape (n_fibers,)
        OK or NOT_FINITE; a fiber that is not finite has no spikes.
    """

    spike_times_ms: tuple[FloatArray, ...]
    cut_ms: FloatArray
    repeat_ms: FloatArray
    status: npt.NDArray[np.int8]


def follow_pattern(
    fibers: Sequence[Fiber],
    potentials_mv_per_ma: Sequence[FloatArray],
    section: StimulusSection,
    detectors: Sequence[int],
    solver: Solver,
) -> Followed:
    """Simulate a stretch of a pattern and give the spikes of each fiber.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials_mv_per_ma : sequence of ndarray of float64, one of shape (n_compartments,) per fiber
        Potential of the montage, mV per mA.
    section : StimulusSection
        Pattern, pulse and amplitude.
    detectors : sequence of int
        Node of each fiber at which spikes are timed.
    solver : Solver

    Returns
    -------
    Followed

    Raises
    ------
    GeometryError, ModelError, StimulusError
        As `scsim.simulate`.

    Notes
    -----
    The spikes of the onset are kept. After the cut the train goes on with the spikes of the last `repeat_ms` before
    it, again and again (`extend_spikes`). The cut lies where no spike is near, neither there nor a stretch earlier,
    so that the seam neither loses nor doubles one; one interval at each seam differs from those of the fiber if it does
    not repeat with the pulses. Checked by ``tests/unit/test_response_following.py``.
    """
    stretch = choose_stretch(section)
    response = simulate(
        fibers,
        [np.asarray(one, dtype=np.float64)[np.newaxis] for one in potentials_mv_per_ma],
        stimulus_train(section, stretch.n_volleys),
        amplitude_ma=section.amplitude_ma,
        shares=[1.0],
        record_nodes=(),
        spikes_at=[(node,) for node in detectors],
        solver=solver,
        window_ms=_whole_steps_ms(stretch.window_ms, solver),
    )
    is_fine = response.status == Status.OK
    spikes = [
        separate_spikes(times) if fine else np.zeros(0)
        for (times,), fine in zip(response.spike_times_ms, is_fine, strict=True)
    ]
    cuts = [choose_cut_ms(times, stretch) for times in spikes]
    return Followed(
        spike_times_ms=tuple(times[times < cut] for times, cut in zip(spikes, cuts, strict=True)),
        cut_ms=np.array(cuts),
        repeat_ms=np.full(len(cuts), stretch.repeat_ms),
        status=response.status,
    )


def separate_spikes(crossings_ms: FloatArray) -> FloatArray:
    """Take crossings that the ripple of a fast current adds to a spike for one, and refuse a ripple without spikes.

    Parameters
    ----------
    crossings_ms : ndarray of float64
        Upward crossings of the voltage of a spike, ms, rising.

    Returns
    -------
    ndarray of float64
        The first crossing of each spike, ms.

    Raises
    ------
    StimulusError
        If crossings follow each other for longer than a spike lasts: the stimulus itself moves the detector.
    """
    table = load_table(TABLE)
    refractory_ms, spike_ms = table.number("refractory_ms"), table.number("spike_ms")
    if not crossings_ms.size:
        return crossings_ms
    is_first = np.diff(crossings_ms, prepend=-np.inf) >= refractory_ms
    first = crossings_ms[is_first]
    last = crossings_ms[np.append(np.flatnonzero(is_first)[1:] - 1, crossings_ms.size - 1)]
    if np.any(last - first > spike_ms):
        message = (
            f"the stimulus itself moves the detector across the voltage of a spike, for {np.max(last - first):.3g} ms "
            "without a pause, so that spikes cannot be told from it. Lower the amplitude, or lengthen the fibers "
            "(fibers.margin_mm)."
        )
        raise StimulusError(message)
    return np.asarray(first)


def choose_cut_ms(spikes_ms: FloatArray, stretch: Stretch) -> float:
    """Choose where the simulated spikes end and their repetition begins.

    Parameters
    ----------
    spikes_ms : ndarray of float64
        Spikes of a fiber, ms.
    stretch : Stretch

    Returns
    -------
    float
        The place, ms, that is farthest from any spike, both itself and a repetition earlier.
    """
    places = np.linspace(stretch.cut_to_ms, stretch.cut_from_ms, _N_CUTS, endpoint=False)
    if not spikes_ms.size:
        return float(places[0])
    ends = np.stack([places, places - stretch.repeat_ms])
    nearest = np.abs(ends[..., np.newaxis] - spikes_ms).min(axis=-1)
    return float(places[np.argmax(nearest.min(axis=0))])


def extend_spikes(
    spikes_ms: npt.ArrayLike, cut_ms: float, repeat_ms: float, until_ms: float
) -> FloatArray:
    """Make a train of any length from a simulated stretch.

    Parameters
    ----------
    spikes_ms : array_like
        Spikes before the cut, ms, rising.
    cut_ms, repeat_ms : float
        End of the stretch and length of its repeated part, ms.
    until_ms : float
        End of the train, ms.

    Returns
    -------
    ndarray of float64
        Spikes before `until_ms`, rising, ms: those given, then those of the last `repeat_ms` before the cut again
        and again.

    Raises
    ------
    StimulusError
        If the repeated part has no length.
    """
    if not (math.isfinite(repeat_ms) and repeat_ms > 0.0):
        message = (
            f"repeat_ms = {repeat_ms:g} ms: what repeats has a length above 0; give a whole number of periods of the "
            "stimulus."
        )
        raise StimulusError(message)
    spikes = np.asarray(spikes_ms, dtype=np.float64)
    again = spikes[spikes >= cut_ms - repeat_ms]
    n_repeats = max(0, math.ceil((until_ms - cut_ms) / repeat_ms))
    shifts = repeat_ms * np.arange(1, n_repeats + 1)
    train = np.concatenate([spikes, (shifts[:, np.newaxis] + again).ravel()])
    return np.asarray(train[train < until_ms])


def mean_rate_hz(spikes_ms: npt.ArrayLike, cut_ms: float, repeat_ms: float) -> float:
    """Give the rate of the repeated part of a train.

    Parameters
    ----------
    spikes_ms, cut_ms, repeat_ms
        As in `extend_spikes`.

    Returns
    -------
    float
        Hz.
    """
    spikes = np.asarray(spikes_ms, dtype=np.float64)
    inside = (spikes >= cut_ms - repeat_ms) & (spikes < cut_ms)
    return float(np.count_nonzero(inside)) * MS_PER_S / repeat_ms


def representative_fibers(
    weight: npt.ArrayLike, threshold_ma: npt.ArrayLike, n_representatives: int
) -> IntArray:
    """Choose fibers of a population that stand for the few fibers of a circuit.

    Parameters
    ----------
    weight : array_like, shape (n_fibers,)
        Share of the population that each fiber stands for; 0 leaves a fiber out.
    threshold_ma : array_like, shape (n_fibers,)
        Thresholds, mA; NaN where there is none.
    n_representatives : int
        Fibers of the circuit.

    Returns
    -------
    ndarray of int64, shape (n_representatives,)
        Places in the population, the most excitable first; a heavy fiber may stand there more than once. Empty
        without weight.

    Notes
    -----
    Fibers are put in order of their threshold, those without one last; circuit fiber j of n is the one in which the
    cumulated weight passes (j + 1/2) / n. So n · share of the fibers below any amplitude, rounded, are among them.
    """
    share = np.asarray(weight, dtype=np.float64)
    threshold = np.asarray(threshold_ma, dtype=np.float64)
    usable = np.flatnonzero(share > 0.0)
    if not usable.size:
        return np.empty(0, dtype=np.int64)
    order = usable[np.argsort(threshold[usable], kind="stable")]  # NaN comes last
    reached = np.cumsum(share[order])
    middles = (np.arange(n_representatives) + 0.5) / n_representatives * reached[-1]
    return np.asarray(order[np.searchsorted(reached, middles)])


def caudal_detector(n_nodes: int) -> int:
    """Give the node of a fiber at which spikes on their way to the dorsal horn are timed.

    Parameters
    ----------
    n_nodes : int
        Nodes, the most caudal one first.

    Returns
    -------
    int
        A tenth of the fiber from its caudal end (`scsim.response.threshold.FARTHEST_DETECTOR`): far from the contacts,
        because a current of kilohertz may block fibers, or move their voltage, some way from where it excites them.
    """
    node = round((1.0 - FARTHEST_DETECTOR) * (n_nodes - 1))
    return min(max(node, 1), n_nodes - 2)


def _whole_steps_ms(window_ms: float, solver: Solver) -> float:
    """Lengthen a window to a whole number of steps, a step more than the last pulse needs."""
    return (math.ceil(window_ms / solver.dt_ms - _ROUNDING) + 1) * solver.dt_ms
