"""Membrane voltage of fibers during a stimulus, and the spikes in it.

What acts on the fibers is in `drive.py`; thresholds belong to `threshold.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ModelError, Status, StimulusError
from scsim.fibers.assemble import assemble_lanes, check_potentials, lane_groups
from scsim.fibers.solver import Solver
from scsim.kernels import layouts as at
from scsim.response.drive import (
    Drive,
    IntracellularPulse,
    Source,
    as_pulses,
    check_amplitude,
    check_node,
    n_steps_of,
    sample_drive,
)
from scsim.units import BYTES_PER_GB

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.stimulus.segments import PulseShape
    from scsim.stimulus.waveform import Waveform

    FloatArray = npt.NDArray[np.float64]

SPIKE_MV: Final = -30.0
"""A spike is an upward crossing of this voltage, mV (as in the reference software)."""

MOST_SPIKES_PER_MS: Final = 10.0
"""Room for spike times: no fiber fires faster (refractory for 0.5 ms), and a kilohertz carrier of 10 kHz
crosses the voltage as often near its electrode."""


@dataclass(frozen=True)
class Response:
    """Membrane voltage and spikes of some fibers.

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
    spike_nodes : tuple of int
        Nodes whose spikes were timed, see `spikes_at`.
    spike_times_ms : tuple, per fiber, of tuple of ndarray of float64, one of shape (n_spikes,) per node
        Times of upward crossings of -30 mV, linear between steps, ms.
    """

    time_ms: FloatArray
    nodes: tuple[npt.NDArray[np.int64], ...]
    v_m_mv: tuple[FloatArray, ...]
    status: npt.NDArray[np.int8]
    spike_nodes: tuple[int, ...] = ()
    spike_times_ms: tuple[tuple[FloatArray, ...], ...] = field(default=())

    def __str__(self) -> str:
        """Say what was recorded."""
        n = len(self.v_m_mv)
        voltages = sum(v.nbytes for v in self.v_m_mv) / BYTES_PER_GB
        text = (
            f"response of {n} fiber{'s' if n != 1 else ''} over {self.time_ms[-1]:g} ms, "
            f"{self.time_ms.size} samples, {voltages * 1e3:.3g} MB"
        )
        for i, times in enumerate(self.spike_times_ms):
            counts = ", ".join(
                f"{t.size} at node {node}" for node, t in zip(self.spike_nodes, times, strict=True)
            )
            text += f"\nfiber {i}: spikes: {counts}"
        return text


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
    potentials: Sequence[FloatArray] | None = None,
    waveform: Waveform | PulseShape | None = None,
    *,
    amplitude_ma: float | Sequence[float] | None = None,
    onsets_ms: Sequence[float] = (0.1,),
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    sources: Sequence[Source] = (),
    intracellular: IntracellularPulse | Sequence[IntracellularPulse] | None = None,
    record_nodes: Sequence[int] | None = None,
    every: int = 1,
    spikes_at: Sequence[int] = (),
    solver: Solver | None = None,
    window_ms: float = 5.0,
    memory_gb: float = 4.0,
) -> Response:
    """Simulate fibers and record v_m at their nodes, and spikes.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber, optional
        Unit potential of each contact, mV per mA; None for no field.
    waveform : Waveform or Pulse, optional
        Current relative to the amplitude; a lone pulse is given at each of `onsets_ms`.
    amplitude_ma : float or sequence of float, optional
        Amplitude, mA, > 0, one for all or one per fiber; needed with a waveform.
    onsets_ms : sequence of float
        Onsets of a lone pulse, ms.
    shares, polarity
        As in `scsim.find_thresholds`.
    sources : sequence of Source
        Further sources, each with contacts, waveform and amplitude of its own.
    intracellular : IntracellularPulse or sequence of them, optional
        Currents into nodes.
    record_nodes : sequence of int, optional
        Nodes to record in every fiber, from 0; default all but the ends.
    every : int
        Steps between recorded samples.
    spikes_at : sequence of int
        Nodes at which upward crossings of -30 mV are timed at every step, however little is recorded.
    solver : Solver, optional
        Scheme, step, modes and precision; default NEURON's scheme at 5 µs.
    window_ms : float
        End of the simulation, ms.
    memory_gb : float
        Most memory that the recording may take, GB. It takes ``n_recorded × n_times × 8`` bytes per fiber.

    Returns
    -------
    Response

    Raises
    ------
    GeometryError, StimulusError
        As in `scsim.find_thresholds`.
    ModelError
        If a node to record or to inject does not exist, or the recording would take more memory than allowed.

    Notes
    -----
    Checked by ``tests/neuron/test_fibers.py`` and ``tests/kernels/test_double_cable.py``.
    """
    used = solver if solver is not None else Solver()
    amplitudes = _amplitudes(len(fibers), potentials, waveform, amplitude_ma)
    main = None
    if potentials is not None and waveform is not None:
        main = Source(potentials, waveform, 1.0, shares, polarity)
    drive = sample_drive(
        fibers,
        main,
        sources,
        as_pulses(intracellular),
        solver=used,
        window_ms=window_ms,
        onsets_ms=onsets_ms,
    )
    check_potentials(fibers, drive.fields)
    nodes = [_recorded(fiber, record_nodes) for fiber in fibers]
    watched = [[check_node(fiber, node, "be watched") for node in spikes_at] for fiber in fibers]
    n_samples = _n_samples(n_steps_of(window_ms, used), every)
    _check_memory(sum(len(chosen) for chosen in nodes) * n_samples, memory_gb)
    voltages: list[FloatArray] = [np.zeros(0)] * len(fibers)
    spikes: list[tuple[FloatArray, ...]] = [()] * len(fibers)
    finite = np.ones(len(fibers), dtype=np.bool_)
    for group in lane_groups(fibers, used):
        recorded, timed, finite[group] = _simulate_group(
            [fibers[i] for i in group],
            [drive.fields[i] for i in group],
            amplitudes[group],
            drive,
            ([nodes[i] for i in group], [watched[i] for i in group]),
            solver=used,
            every=every,
        )
        for i, v_m, times in zip(group, recorded, timed, strict=True):
            voltages[i], spikes[i] = v_m, times
    status = np.where(finite, Status.OK, Status.NOT_FINITE).astype(np.int8)
    time_ms: FloatArray = used.dt_ms * every * np.arange(n_samples, dtype=np.float64)
    return Response(time_ms, tuple(nodes), tuple(voltages), status, tuple(spikes_at), tuple(spikes))


def _simulate_group(
    fibers: Sequence[Fiber],
    fields: Sequence[FloatArray],
    amplitudes: FloatArray,
    drive: Drive,
    places: tuple[Sequence[npt.NDArray[np.int64]], Sequence[Sequence[int]]],
    *,
    solver: Solver,
    every: int,
) -> tuple[list[FloatArray], list[tuple[FloatArray, ...]], npt.NDArray[np.bool_]]:
    """Voltages, each of shape (n_recorded, n_times), spike times, and whether all is finite, of one group."""
    from scsim.kernels.cables import NEURON, SECOND_ORDER, run  # noqa: PLC0415 - numba loads slowly

    nodes, watched = places
    lanes = assemble_lanes(fibers, fields, solver, drive.injections)
    cable = lanes.cable
    main = np.full(lanes.n_lanes, amplitudes[0])
    main[: len(fibers)] = amplitudes
    where = [lanes.place(int(node), at.U, i) for i, chosen in enumerate(nodes) for node in chosen]
    at_nodes = [lanes.place(node, at.U, i) for i, chosen in enumerate(watched) for node in chosen]
    n_samples = _n_samples(drive.n_steps, every)
    out = np.empty((n_samples, len(where)), dtype=cable.buffer.dtype)
    room = int(MOST_SPIKES_PER_MS * drive.n_steps * solver.dt_ms) + 1
    times = np.zeros((len(at_nodes), room))
    counts = np.zeros(len(at_nodes), dtype=np.int64)
    run(
        cable, lanes.widen(drive.amplitudes(main)), drive.levels, drive.edges, solver.dt_ms,
        NEURON if solver.scheme == "neuron" else SECOND_ORDER, every, np.array(where, dtype=np.int64),
        out, np.array(at_nodes, dtype=np.int64), SPIKE_MV - cable.rest_mv, times, counts,
    )  # fmt: skip
    v_m = out.T.astype(np.float64) + cable.rest_mv
    ends = np.cumsum([0, *[len(chosen) for chosen in nodes]])
    watched_ends = np.cumsum([0, *[len(chosen) for chosen in watched]])
    voltages = [np.ascontiguousarray(v_m[a:b]) for a, b in itertools.pairwise(ends)]
    timed = [
        tuple(times[w, : min(counts[w], room)].copy() for w in range(a, b))
        for a, b in itertools.pairwise(watched_ends)
    ]
    # What is not finite stays so: the end tells of nodes that are not recorded.
    ended = cable.buffer.reshape(-1, cable.record, lanes.n_lanes)[:, at.U, : len(fibers)]
    return voltages, timed, np.isfinite(ended).all(axis=0)


def _n_samples(n_steps: int, every: int) -> int:
    if not (isinstance(every, int | np.integer) and every >= 1):
        message = f"every = {every!r}: steps between samples are counted; give 1 for every step."
        raise ModelError(message)
    return n_steps // int(every) + 1


def _check_memory(n_values: int, memory_gb: float) -> None:
    """Refuse a recording that is too large, before anything runs."""
    needed = 8 * n_values / BYTES_PER_GB
    if needed > memory_gb:
        message = (
            f"the recording would take {needed:.3g} GB, more than memory_gb = {memory_gb:g} GB: record fewer nodes "
            "(record_nodes), fewer samples (every), only spikes (record_nodes=() and spikes_at), or raise memory_gb."
        )
        raise ModelError(message)


def _amplitudes(
    n_fibers: int,
    potentials: Sequence[FloatArray] | None,
    waveform: Waveform | PulseShape | None,
    amplitude_ma: float | Sequence[float] | None,
) -> FloatArray:
    """Check that a field stimulus is given wholly or not at all; one amplitude per fiber, mA."""
    given = {
        "potentials": potentials is not None,
        "waveform": waveform is not None,
        "amplitude_ma": amplitude_ma is not None,
    }
    if not any(given.values()):
        return np.zeros(n_fibers)
    missing = [name for name, is_given in given.items() if not is_given]
    if missing:
        message = (
            f"{' and '.join(missing)} not given: a field stimulus needs potentials, waveform and amplitude_ma; "
            "give all three, or none for an intracellular current alone."
        )
        raise StimulusError(message)
    values = np.atleast_1d(np.asarray(amplitude_ma, dtype=np.float64))
    if values.shape not in {(1,), (n_fibers,)}:
        message = f"amplitude_ma has {values.size} values for {n_fibers} fibers: give one for all or one per fiber."
        raise StimulusError(message)
    check_amplitude(float(np.min(values)))
    return np.asarray(np.broadcast_to(values, (n_fibers,)))


def _recorded(fiber: Fiber, record_nodes: Sequence[int] | None) -> npt.NDArray[np.int64]:
    if record_nodes is None:
        return np.arange(1, fiber.node_count - 1)
    return np.array(
        [check_node(fiber, node, "be recorded") for node in record_nodes], dtype=np.int64
    )
