"""Membrane voltage of fibers during a stimulus, and the spikes in it.

Thresholds belong to `threshold.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scsim.errors import ModelError, Status, StimulusError
from scsim.fibers.assemble import assemble_lanes, every_mode
from scsim.kernels import layouts as at
from scsim.response.threshold import apply_shares
from scsim.stimulus.pulse import Pulse, sample_pulses
from scsim.units import MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IntracellularPulse:
    """A rectangular current into one node of every fiber.

    Attributes
    ----------
    node : int
        Index of the node, from 0; the passive end nodes cannot be used.
    current_na : float
        Current, nA; positive depolarizes.
    start_ms, duration_ms : float
        Onset and length, ms. It acts in the steps whose middle lies inside.
    """

    node: int
    current_na: float
    start_ms: float
    duration_ms: float


@dataclass(frozen=True)
class Response:
    """Membrane voltage of some fibers.

    Attributes
    ----------
    time_ms : ndarray of float64, shape (n_times,)
        Time from the end of start-up, ms.
    nodes : tuple of ndarray of int64, one of shape (n_recorded,) per fiber
        Recorded nodes.
    v_m_mv : tuple of ndarray of float64, one of shape (n_recorded, n_times) per fiber
        Membrane voltage, mV.
    status : ndarray of int8, shape (n_fibers,)
        OK, or NOT_FINITE where a voltage is not a number.
    """

    time_ms: FloatArray
    nodes: tuple[npt.NDArray[np.int64], ...]
    v_m_mv: tuple[FloatArray, ...]
    status: npt.NDArray[np.int8]


def crossing_times_ms(time_ms: FloatArray, v_m_mv: FloatArray, level_mv: float) -> FloatArray:
    """Find the times at which a voltage crosses a level upward, interpolated between samples.

    Parameters
    ----------
    time_ms : ndarray of float64, shape (n_times,)
        Time, ms.
    v_m_mv : ndarray of float64, shape (n_times,)
        Voltage, mV.
    level_mv : float
        Level, mV.

    Returns
    -------
    ndarray of float64, shape (n_crossings,)
        Times, ms.
    """
    before = np.flatnonzero((v_m_mv[:-1] <= level_mv) & (v_m_mv[1:] > level_mv))
    share = (level_mv - v_m_mv[before]) / (v_m_mv[before + 1] - v_m_mv[before])
    return np.asarray(time_ms[before] + share * (time_ms[before + 1] - time_ms[before]))


def simulate(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray] | None,
    pulse: Pulse | None,
    *,
    amplitude_ma: float | Sequence[float] | None = None,
    onsets_ms: Sequence[float] = (0.1,),
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    intracellular: IntracellularPulse | None = None,
    record_nodes: Sequence[int] | None = None,
    dt_us: float = 5.0,
    window_ms: float = 5.0,
) -> Response:
    """Simulate fibers and record v_m at their nodes.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber, or None
        Unit potential of each contact, mV per mA; None for no field.
    pulse : Pulse or None
        Pulse given at each of `onsets_ms`; None for no field.
    amplitude_ma : float or sequence of float, optional
        Amplitude, mA, > 0, one for all or one per fiber; needed with a pulse.
    onsets_ms : sequence of float
        Onsets of the pulse, ms.
    shares, polarity
        As in `scsim.find_thresholds`.
    intracellular : IntracellularPulse, optional
        Current into one node.
    record_nodes : sequence of int, optional
        Nodes to record in every fiber, from 0; default all but the passive ends, whose membrane the
        kernel does not follow.
    dt_us, window_ms : float
        Step, µs, and end of the simulation, ms.

    Returns
    -------
    Response
        Voltages, ``n_recorded × n_times × 8`` bytes per fiber.

    Raises
    ------
    GeometryError, StimulusError
        As in `scsim.find_thresholds`.
    ModelError
        If a node to record or to inject does not exist.

    Notes
    -----
    Checked by ``tests/neuron/test_fibers.py`` and ``tests/kernels/test_cable.py``.
    """
    dt_ms = dt_us * MS_PER_US
    if not (0.0 < dt_ms <= window_ms < np.inf):
        message = (
            f"dt_us = {dt_us:g} µs, window_ms = {window_ms:g} ms: both are positive and the window holds at "
            "least one step; 5 µs and 5 ms are usual."
        )
        raise StimulusError(message)
    n_steps = round(window_ms / dt_ms)
    waveforms = np.zeros((2, n_steps))
    amplitudes = _amplitudes(len(fibers), potentials, pulse, amplitude_ma)
    if potentials is None or pulse is None:
        summed = [np.zeros(fiber.n_compartments) for fiber in fibers]
    else:
        summed = apply_shares(fibers, potentials, shares, polarity)
        waveforms[0] = sample_pulses(pulse, list(onsets_ms), dt_ms, n_steps)
    if intracellular is not None:
        waveforms[1] = _sample_current(intracellular, dt_ms, n_steps)
        for fiber in fibers:
            _check_node(fiber, intracellular.node, "take a current")
    nodes = [_recorded(fiber, record_nodes) for fiber in fibers]
    voltages: list[FloatArray] = []
    for first in range(0, len(fibers), at.LANES):
        group = slice(first, first + at.LANES)
        voltages += _simulate_group(
            (fibers[group], summed[group], amplitudes[group], nodes[group]),
            waveforms,
            intracellular,
            dt_ms,
        )
    finite = np.array([bool(np.all(np.isfinite(v))) for v in voltages])
    status = np.where(finite, Status.OK, Status.NOT_FINITE).astype(np.int8)
    time_ms: FloatArray = dt_ms * np.arange(n_steps + 1, dtype=np.float64)
    return Response(time_ms, tuple(nodes), tuple(voltages), status)


def _simulate_group(
    group: tuple[
        Sequence[Fiber], Sequence[FloatArray], FloatArray, Sequence[npt.NDArray[np.int64]]
    ],
    waveforms: FloatArray,
    intracellular: IntracellularPulse | None,
    dt_ms: float,
) -> list[FloatArray]:
    """Voltages of up to sixteen fibers, each of shape (n_recorded, n_times)."""
    from scsim.kernels.cable import run  # noqa: PLC0415 - numba loads slowly

    fibers, summed, amplitudes, nodes = group
    lanes = assemble_lanes(fibers, summed, dt_ms)
    if intracellular is not None:
        lanes.records()[intracellular.node + 1, at.INJECTED] = intracellular.current_na
    amplitude = np.full(at.LANES, amplitudes[0])
    amplitude[: len(fibers)] = amplitudes
    n_recorded = max(len(chosen) for chosen in nodes)
    record = np.zeros((n_recorded, at.LANES), dtype=np.int64)
    for i, chosen in enumerate(nodes):
        record[: len(chosen), i] = chosen
    out = np.empty((waveforms.shape[1] + 1, n_recorded, at.LANES))
    run(
        lanes.buffer, lanes.lane, lanes.membrane, lanes.force, waveforms, every_mode(amplitude), dt_ms,
        lanes.n_nodes, record, out,
    )  # fmt: skip
    return [np.ascontiguousarray(out[:, : len(chosen), i].T) for i, chosen in enumerate(nodes)]


def _amplitudes(
    n_fibers: int,
    potentials: Sequence[FloatArray] | None,
    pulse: Pulse | None,
    amplitude_ma: float | Sequence[float] | None,
) -> FloatArray:
    """Check that a field stimulus is given wholly or not at all; one amplitude per fiber, mA."""
    given = {
        "potentials": potentials is not None,
        "pulse": pulse is not None,
        "amplitude_ma": amplitude_ma is not None,
    }
    if not any(given.values()):
        return np.zeros(n_fibers)
    missing = [name for name, is_given in given.items() if not is_given]
    if missing:
        message = (
            f"{' and '.join(missing)} not given: a field stimulus needs potentials, pulse and amplitude_ma; "
            "give all three, or none for an intracellular current alone."
        )
        raise StimulusError(message)
    values = np.atleast_1d(np.asarray(amplitude_ma, dtype=np.float64))
    if values.shape not in {(1,), (n_fibers,)}:
        message = f"amplitude_ma has {values.size} values for {n_fibers} fibers: give one for all or one per fiber."
        raise StimulusError(message)
    if not np.all(values > 0.0):
        message = (
            f"amplitude_ma = {np.min(values):g} mA: an amplitude is a size, above 0; shares or polarity give "
            "the sign."
        )
        raise StimulusError(message)
    return np.asarray(np.broadcast_to(values, (n_fibers,)))


def _sample_current(current: IntracellularPulse, dt_ms: float, n_steps: int) -> FloatArray:
    """Give 1 in the steps whose middle lies inside the pulse, else 0."""
    middle = (np.arange(n_steps) + 0.5) * dt_ms
    end = current.start_ms + current.duration_ms
    inside = (middle > current.start_ms) & (middle < end)
    if not inside.any():
        message = (
            f"intracellular pulse from {current.start_ms:g} to {end:g} ms covers no step of {dt_ms:g} ms in "
            f"the window of {n_steps * dt_ms:g} ms; make it longer or move it."
        )
        raise StimulusError(message)
    return inside.astype(np.float64)


def _recorded(fiber: Fiber, record_nodes: Sequence[int] | None) -> npt.NDArray[np.int64]:
    if record_nodes is None:
        return np.arange(1, fiber.node_count - 1)
    return np.array(
        [_check_node(fiber, node, "be recorded") for node in record_nodes], dtype=np.int64
    )


def _check_node(fiber: Fiber, node: int, purpose: str) -> int:
    if not isinstance(node, int | np.integer) or not 1 <= node <= fiber.node_count - 2:
        message = (
            f"node {node} cannot {purpose}: a fiber with {fiber.node_count} nodes has membranes with channels "
            f"at nodes 1 to {fiber.node_count - 2}; choose one of them."
        )
        raise ModelError(message)
    return int(node)
