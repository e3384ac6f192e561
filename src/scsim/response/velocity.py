"""Conduction velocity, from the times at which one spike passes nodes of a fiber.

The spike is started by a current into one node, without a field. How long a fiber takes to fire belongs
to `threshold.py` and `trains.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ModelError, Status, advice
from scsim.fibers.solver import Solver
from scsim.response.drive import IntracellularPulse
from scsim.response.inputs import read_numbers
from scsim.response.simulate import crossing_times_ms, simulate
from scsim.units import MM_PER_UM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

SPIKE_MV: Final = -30.0
"""v_m that a spike crosses upward, mV: the level of the reference tables."""

CLEAR_OF_ENDS: Final = 0.1
"""Share of the fiber's length that the nodes stay away from either end (assumed), and at least ..."""

NODES_CLEAR_OF_ENDS: Final = 5
"""... so many nodes: a spike speeds up toward a sealed end, and one started by a current has not yet its
final shape. From here on the time between two nodes is within 1.3 % of the final one (MRG 2, 10 and
16 µm, 41 nodes, computed at 1 µs; 3 % at the next node outward, 35 % at the last)."""

DEFAULT_SPAN: Final = (0.25, 0.75)
"""Places of the two nodes, as shares of the way from the first node to the last."""

PULSE_START_MS: Final = 0.1
PULSE_DURATION_MS: Final = 0.5
CURRENTS_NA: Final = tuple(0.125 * 2.0**k for k in range(10))
"""Currents tried until a spike passes, nA: from below the threshold of the thinnest fiber to above that of
the thickest. The spike forgets the current that started it within a few nodes."""


@dataclass(frozen=True)
class ConductionVelocity:
    """Conduction velocity of some fibers.

    Attributes
    ----------
    velocity_m_per_s : ndarray of float64, shape (n_fibers,)
        NaN where `status` is not OK.
    unevenness_ms : ndarray of float64, shape (n_fibers,)
        Largest deviation of a spike time from the straight line, ms; 0 for two nodes.
    nodes : tuple of ndarray of int64, one of shape (n_nodes,) per fiber
        Nodes used, from 0.
    spike_times_ms : tuple of ndarray of float64, one of shape (n_nodes,) per fiber
        When the first spike passed each of them, ms; NaN where none did.
    current_na : ndarray of float64, shape (n_fibers,)
        Current that started the spike, nA.
    status : ndarray of int8, shape (n_fibers,)
        OK; NO_SPIKE where no spike passed all nodes in order; NOT_FINITE.
    """

    velocity_m_per_s: FloatArray
    unevenness_ms: FloatArray
    nodes: tuple[IntArray, ...]
    spike_times_ms: tuple[FloatArray, ...]
    current_na: FloatArray
    status: npt.NDArray[np.int8]

    def __str__(self) -> str:
        """One line per fiber."""
        return "\n".join(
            f"fiber {i}: {self.velocity_m_per_s[i]:.4g} m/s between nodes {self.nodes[i][0]} and "
            f"{self.nodes[i][-1]}"
            if state == Status.OK
            else f"fiber {i}: {Status(state).name.lower()}: {advice(state)}"
            for i, state in enumerate(self.status)
        )


def velocity_m_per_s(
    position_mm: npt.ArrayLike, spike_time_ms: npt.ArrayLike
) -> tuple[float, float]:
    """Fit a straight line to the times at which a spike passed some places.

    Least squares of time over place: places are exact, times are not. With two places it is distance over
    the difference of the times.

    Parameters
    ----------
    position_mm : array_like, shape (n_places,)
        Places along the fiber, mm, rising in the direction of travel; at least two.
    spike_time_ms : array_like, shape (n_places,)
        When the spike passed them, ms.

    Returns
    -------
    velocity_m_per_s : float
        m/s, which is mm/ms.
    unevenness_ms : float
        Largest deviation of a time from the line, ms.

    Raises
    ------
    ModelError
        If there are fewer than two places, places do not rise, a time is missing, or the times do not
        rise with the places.
    """
    place = np.asarray(position_mm, dtype=np.float64)
    time = np.asarray(spike_time_ms, dtype=np.float64)
    faults = []
    if place.ndim != 1 or place.shape != time.shape or place.size < 2:
        message = (
            f"{place.size} places with {time.size} times: a velocity needs at least two places and one time "
            "for each; give both."
        )
        raise ModelError(message)
    if not (np.all(np.isfinite(place)) and np.all(np.diff(place) > 0.0)):
        faults.append(
            "position_mm: places are finite and rise in the direction of travel; sort them"
        )
    if not np.all(np.isfinite(time)):
        missing = ", ".join(str(k) for k in np.flatnonzero(~np.isfinite(time)))
        faults.append(f"no spike passed place {missing}; use places that it reached")
    elif np.any(np.diff(time) <= 0.0):
        faults.append(
            "spike_time_ms: the spike does not pass the places in order; use places on one side of where it "
            "starts"
        )
    if faults:
        message = f"conduction velocity: {'; '.join(faults)}."
        raise ModelError(message)
    away = place - place.mean()
    slowness = float(away @ time / (away @ away))
    line = time.mean() + slowness * away
    return 1.0 / slowness, float(np.max(np.abs(time - line)))


def measure_velocity(
    fibers: Sequence[Fiber],
    *,
    nodes: Sequence[int] | None = None,
    intracellular: IntracellularPulse | None = None,
    window_ms: float = 20.0,
    spike_mv: float = SPIKE_MV,
    solver: Solver | None = None,
) -> ConductionVelocity:
    """Start a spike at one node and measure how fast it travels.

    Parameters
    ----------
    fibers : sequence of Fiber
        Simulated without a field.
    nodes : sequence of int, optional
        Nodes at which the spike is timed, from 0, rising; with more than two a line is fitted to all times.
        They stay five nodes and a tenth of the length away from either end. Default two nodes, at a quarter and
        three quarters of the length.
    intracellular : IntracellularPulse, optional
        Current that starts the spike, at a node before the first of `nodes`. Default a current into the
        first node with channels, doubled from 0.125 nA until a spike passes.
    window_ms : float
        End of the simulation, ms.
    spike_mv : float
        v_m that the spike crosses upward, mV.
    solver : Solver, optional
        Scheme and step. NEURON's scheme is first order: at 5 µs an MRG fiber conducts 9 % too slowly.

    Returns
    -------
    ConductionVelocity

    Raises
    ------
    ModelError
        If nodes are no indices, too few, not in order, near an end, or not beyond the current, a fiber is too
        short, `spike_mv` is out of range, or `intracellular` is no current; all faults of a fiber at once.

    Notes
    -----
    Checked by ``tests/neuron/test_measurements.py`` (NEURON, same scheme and step) and
    ``tests/unit/test_measure_velocity.py``.
    """
    used = solver if solver is not None else Solver()
    _check_settings(intracellular, spike_mv)
    starts = [1 if intracellular is None else intracellular.node] * len(fibers)
    timed = [_timed_nodes(fiber, nodes, start) for fiber, start in zip(fibers, starts, strict=True)]
    times = [np.full(len(chosen), np.nan) for chosen in timed]
    current = np.full(len(fibers), np.nan)
    status = np.full(len(fibers), Status.NO_SPIKE, dtype=np.int8)
    trials = (
        [intracellular]
        if intracellular is not None
        else [IntracellularPulse(1, na, PULSE_START_MS, PULSE_DURATION_MS) for na in CURRENTS_NA]
    )
    for trial in trials:
        waiting: list[int] = np.flatnonzero(status == Status.NO_SPIKE).tolist()
        for chosen in sorted({tuple(timed[i].tolist()) for i in waiting}):
            group = [i for i in waiting if tuple(timed[i].tolist()) == chosen]
            response = simulate(
                [fibers[i] for i in group],
                intracellular=trial,
                record_nodes=chosen,
                solver=used,
                window_ms=window_ms,
            )
            for i, v_m, state in zip(group, response.v_m_mv, response.status, strict=True):
                current[i] = trial.current_na
                if state == Status.OK:
                    times[i] = _first_spike_ms(response.time_ms, v_m, spike_mv)
                is_passage = bool(np.all(np.diff(times[i]) > 0.0))
                status[i] = state if state != Status.OK or is_passage else np.int8(Status.NO_SPIKE)
    velocity, unevenness = np.full(len(fibers), np.nan), np.full(len(fibers), np.nan)
    for i in np.flatnonzero(status == Status.OK).tolist():
        along_mm = _node_places_mm(fibers[i])[timed[i]]
        velocity[i], unevenness[i] = velocity_m_per_s(along_mm, times[i])
    return ConductionVelocity(velocity, unevenness, tuple(timed), tuple(times), current, status)


def _check_settings(intracellular: IntracellularPulse | None, spike_mv: float) -> None:
    faults = []
    if not -60.0 <= spike_mv <= 20.0:
        faults.append(
            f"spike_mv = {spike_mv:g} mV: a spike crosses between -60 and 20; use {SPIKE_MV:g}"
        )
    if not isinstance(intracellular, IntracellularPulse | None):
        faults.append(
            f"intracellular = {intracellular!r}: one current starts the spike; give one IntracellularPulse"
        )
    if faults:
        message = f"conduction velocity: {'; '.join(faults)}."
        raise ModelError(message)


def _first_spike_ms(time_ms: FloatArray, v_m_mv: FloatArray, spike_mv: float) -> FloatArray:
    """First upward crossing at each node, ms; NaN where there is none."""
    crossings = [crossing_times_ms(time_ms, v, spike_mv) for v in v_m_mv]
    return np.array([found[0] if found.size else np.nan for found in crossings])


def _node_places_mm(fiber: Fiber) -> FloatArray:
    """Places of the nodes along the fiber, mm."""
    spacing_mm = fiber.morphology.internode_length_um * MM_PER_UM
    return spacing_mm * np.arange(fiber.node_count, dtype=np.float64)


def _timed_nodes(fiber: Fiber, nodes: Sequence[int] | None, start: int) -> IntArray:
    """Nodes at which the spike is timed, or every fault of them at once."""
    last = fiber.node_count - 1
    faults: list[str] = []
    given = (
        np.array([float(int(share * last)) for share in DEFAULT_SPAN])
        if nodes is None
        else read_numbers("nodes", nodes, faults)
    )
    if not faults and not all(float(k).is_integer() for k in given):
        faults.append(f"nodes = {given.tolist()}: nodes are counted from 0; give whole numbers")
    lowest = max(int(np.ceil(CLEAR_OF_ENDS * last)), NODES_CLEAR_OF_ENDS)
    highest = last - lowest
    if highest <= lowest:
        faults.append(
            f"a fiber of {fiber.node_count} nodes has no two of them clear of its ends; lengthen it to at least "
            f"{2 * NODES_CLEAR_OF_ENDS + 2} nodes, or {4 * NODES_CLEAR_OF_ENDS + 1} for the default nodes"
        )
    if faults:
        message = f"conduction velocity: {'; '.join(faults)}."
        raise ModelError(message)
    chosen = given.astype(np.int64)
    if chosen.size < 2:
        faults.append(f"{chosen.size} nodes: a velocity needs at least two; add nodes")
    if np.any(np.diff(chosen) <= 0):
        faults.append(f"nodes = {chosen.tolist()}: each node lies beyond the one before; sort them")
    near = [int(k) for k in chosen if not lowest <= k <= highest]
    if near:
        faults.append(
            f"node {', '.join(map(str, near))} of {fiber.node_count}: too near an end, where spikes are faster; "
            f"choose nodes {lowest} to {highest}, or lengthen the fiber"
        )
    if chosen.size and chosen[0] <= start:
        faults.append(
            f"node {chosen[0]} does not lie beyond node {start}, where the spike starts; choose nodes beyond it"
        )
    if faults:
        message = f"conduction velocity: {'; '.join(faults)}."
        raise ModelError(message)
    return chosen
