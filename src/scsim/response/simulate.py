"""Membrane voltage of fibers during a stimulus, what else is to be recorded, and the spikes in it.

What acts on the fibers is in `drive.py`, what is kept in `recording.py`; thresholds belong to `threshold.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

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
    sample_drive,
)
from scsim.response.quantities import V_M, Recording, plan_recording, unit_of
from scsim.units import BYTES_PER_GB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """Membrane voltage, spikes and whatever else was recorded of some fibers.

    Attributes
    ----------
    time_ms : ndarray of float64, shape (n_times,)
        Time from the end of start-up, ms.
    nodes : tuple of ndarray of int64, one of shape (n_recorded,) per fiber
        Recorded nodes.
    v_m_mv : tuple of ndarray of float64, one of shape (n_recorded, n_times) per fiber
        Membrane voltage, mV.
    status : ndarray of int8, shape (n_fibers,)
        OK, or NOT_FINITE where a voltage is not a number or beyond 1e6 mV.
    spike_nodes : tuple of int
        Nodes whose spikes were timed, see `spikes_at`; empty where each fiber has its own.
    spike_times_ms : tuple, per fiber, of tuple of ndarray of float64, one of shape (n_spikes,) per node
        Times of upward crossings of -30 mV, linear between steps, ms.
    recorded : mapping of str to tuple of ndarray of float64, one of shape (n_recorded, n_times) per fiber
        Quantities at the nodes by name, ``v_m`` (the arrays of `v_m_mv`) always among them; see `units`.
    compartments : tuple of ndarray of int64, one of shape (n_compartments,) per fiber
        Recorded compartments, see `record_compartments`; empty where none were asked for.
    at_compartments : mapping of str to tuple of ndarray of float64, one of shape (n_compartments, n_times) per fiber
        ``v_m`` and, if asked for, ``v_periaxonal`` at the compartments, mV.
    """

    time_ms: FloatArray
    nodes: tuple[npt.NDArray[np.int64], ...]
    v_m_mv: tuple[FloatArray, ...]
    status: npt.NDArray[np.int8]
    spike_nodes: tuple[int, ...] = ()
    spike_times_ms: tuple[tuple[FloatArray, ...], ...] = field(default=())
    recorded: Mapping[str, tuple[FloatArray, ...]] = field(default_factory=dict)
    compartments: tuple[npt.NDArray[np.int64], ...] = ()
    at_compartments: Mapping[str, tuple[FloatArray, ...]] = field(default_factory=dict)

    @property
    def units(self) -> dict[str, str]:
        """Unit of each recorded quantity: mV, nA (outward positive), mM, or 1 of gates and shares."""
        return {name: unit_of(name) for name in (*self.recorded, *self.at_compartments)}

    @property
    def recorded_bytes(self) -> int:
        """Bytes of all that was recorded."""
        arrays = [v for kept in (self.recorded, self.at_compartments) for v in kept.values()]
        return sum(one.nbytes for per_fiber in arrays for one in per_fiber)

    def __str__(self) -> str:
        """Say what was recorded and how much memory it takes."""
        n = len(self.v_m_mv)
        text = (
            f"response of {n} fiber{'s' if n != 1 else ''} over {self.time_ms[-1]:g} ms, "
            f"{self.time_ms.size} samples, {self.recorded_bytes / BYTES_PER_GB * 1e3:.3g} MB"
        )
        text += "".join(
            f"\n{what}: {', '.join(f'{name} ({unit_of(name)})' for name in kept)}"
            for what, kept in (
                ("at nodes", self.recorded),
                ("at compartments", self.at_compartments),
            )
            if kept
        )
        for i, times in enumerate(self.spike_times_ms if self.spike_nodes else ()):
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
    record: Sequence[str] = (V_M,),
    record_nodes: Sequence[int] | None = None,
    record_compartments: Sequence[int] = (),
    every: int = 1,
    record_from_ms: float = 0.0,
    record_until_ms: float | None = None,
    spikes_at: Sequence[int] | Sequence[Sequence[int]] = (),
    solver: Solver | None = None,
    window_ms: float = 5.0,
    memory_gb: float = 4.0,
) -> Response:
    """Simulate fibers and record v_m and other quantities at chosen places and times, and spikes.

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
    record : sequence of str
        Quantities to record at nodes: ``v_m`` (mV; always recorded), gates and concentrations (mM) of the model
        by name, ``i_ion`` (nA), the ionic current of a node, outward positive, and of the MRG family its parts
        ``i_naf``, ``i_nap``, ``i_ks`` and ``i_leak``; ``v_periaxonal`` (mV) at `record_compartments`, the
        potential under the myelin against the outside, 0 at a node. `scsim.recordable` lists what a
        fiber has.
    record_nodes : sequence of int, optional
        Nodes to record in every fiber, from 0; default all but the ends.
    record_compartments : sequence of int
        Compartments in which v_m, the voltage across the axolemma, is recorded as well, indices into
        `Fiber.compartment_positions_mm`. Those between nodes need a solver with 20 modes and float64.
    every : int
        Steps between recorded samples.
    record_from_ms, record_until_ms : float
        Samples outside this stretch are not handed back, ms; default all.
    spikes_at : sequence of int, or one such sequence per fiber
        Nodes at which upward crossings of -30 mV are timed at every step, however little is recorded.
    solver : Solver, optional
        Scheme, step, modes and precision; default NEURON's scheme at 5 µs.
    window_ms : float
        End of the simulation, ms.
    memory_gb : float
        Most memory that the recording may take, GB: 8 bytes per fiber, quantity, place and time, and what is
        kept while a group of fibers runs. `scsim.recording_bytes` gives it beforehand.

    Returns
    -------
    Response

    Raises
    ------
    GeometryError, StimulusError
        As in `scsim.find_thresholds`.
    ModelError
        If a node, compartment or quantity to record, or a node to inject, does not exist, or the recording would
        take more memory than allowed.

    Notes
    -----
    Everything recorded stands at `Response.time_ms`. The second-order scheme has its gates half a step ahead of
    the voltage: gates, and conductances in currents, are the mean over the step around the sample, which keeps
    the order of the scheme; the first sample is exact, and the second lies two thirds of the way from t = 0
    to 3/2 steps. With gates or currents the kernels then keep every step, whatever `every` is.

    Voltages between nodes are the sum of the modes of their internode, which the kernels follow.

    Checked by ``tests/neuron/test_fibers.py``, ``tests/kernels/test_double_cable.py`` and
    ``tests/kernels/test_quantities.py``.
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
    plan = plan_recording(
        fibers,
        record=record,
        record_nodes=record_nodes,
        record_compartments=record_compartments,
        every=every,
        record_from_ms=record_from_ms,
        record_until_ms=record_until_ms,
        solver=used,
        window_ms=window_ms,
    )
    common, watched = _watched(fibers, spikes_at)
    _check_memory(plan, memory_gb)
    found: list[_OfFiber] = [_OfFiber({}, {}, (), is_finite=True)] * len(fibers)
    for group in lane_groups(fibers, used):
        for i, of_fiber in zip(
            group, _simulate_group(group, plan, drive, amplitudes, watched), strict=True
        ):
            found[i] = of_fiber
    finite = np.array([one.is_finite for one in found], dtype=np.bool_)
    recorded = _by_quantity([one.at_nodes for one in found])
    return Response(
        time_ms=plan.time_ms,
        nodes=plan.nodes,
        v_m_mv=recorded.get(V_M, ()),
        status=np.where(finite, Status.OK, Status.NOT_FINITE).astype(np.int8),
        spike_nodes=common,
        spike_times_ms=tuple(one.spike_times_ms for one in found),
        recorded=recorded,
        compartments=plan.compartments,
        at_compartments=_by_quantity([one.at_compartments for one in found]),
    )


def _watched(
    fibers: Sequence[Fiber], spikes_at: Sequence[int] | Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], list[list[int]]]:
    """Nodes at which spikes are timed: those of every fiber, and those of each."""
    common = tuple(node for node in spikes_at if isinstance(node, int | np.integer))
    own = [nodes for nodes in spikes_at if not isinstance(nodes, int | np.integer)]
    if own and (common or len(own) != len(fibers)):
        message = (
            f"spikes_at has {len(own)} lists of nodes and {len(common)} nodes beside them for {len(fibers)} fibers: "
            "give nodes that hold for all fibers, or one list per fiber."
        )
        raise ModelError(message)
    lists = own or [common] * len(fibers)
    return common, [
        [check_node(fiber, node, "be watched") for node in nodes]
        for fiber, nodes in zip(fibers, lists, strict=True)
    ]


class _OfFiber(NamedTuple):
    """What a run gives of one fiber."""

    at_nodes: Mapping[str, FloatArray]
    at_compartments: Mapping[str, FloatArray]
    spike_times_ms: tuple[FloatArray, ...]
    is_finite: bool


def _by_quantity(
    per_fiber: Sequence[Mapping[str, FloatArray]],
) -> dict[str, tuple[FloatArray, ...]]:
    names = per_fiber[0] if per_fiber else ()
    return {name: tuple(one[name] for one in per_fiber) for name in names}


def _simulate_group(
    group: npt.NDArray[np.int64],
    plan: Recording,
    drive: Drive,
    amplitudes: FloatArray,
    watched: Sequence[Sequence[int]],
) -> list[_OfFiber]:
    """Run the fibers of one group together."""
    from scsim.kernels.cables import NEURON, SECOND_ORDER, run  # noqa: PLC0415 - numba loads slowly

    solver = plan.solver
    lanes = assemble_lanes(
        [plan.fibers[i] for i in group], [drive.fields[i] for i in group], solver, drive.injections
    )
    cable = lanes.cable
    main = np.full(lanes.n_lanes, amplitudes[group[0]])
    main[: group.size] = amplitudes[group]
    where = [plan.places(int(i), lanes, lane) for lane, i in enumerate(group)]
    at_nodes = [
        [lanes.place(node, at.U, lane) for node in watched[i]] for lane, i in enumerate(group)
    ]
    rows = np.empty((plan.n_rows, sum(map(len, where))), dtype=cable.buffer.dtype)
    room = int(MOST_SPIKES_PER_MS * drive.n_steps * solver.dt_ms) + 1
    n_watched = sum(map(len, at_nodes))
    times = np.zeros((n_watched, room))
    counts = np.zeros(n_watched, dtype=np.int64)
    run(
        cable, lanes.widen(drive.amplitudes(main)), drive.levels, drive.edges, solver.dt_ms,
        NEURON if solver.scheme == "neuron" else SECOND_ORDER, plan.row_every, _flat(where), rows,
        _flat(at_nodes), SPIKE_MV - cable.rest_mv, times, counts,
    )  # fmt: skip
    # What is not finite stays so: the end tells of nodes that are not recorded. Other quantities are far smaller.
    ended = cable.buffer.reshape(-1, cable.record, lanes.n_lanes)[:, at.U]
    columns = np.cumsum([0, *map(len, where)])
    crossings = np.cumsum([0, *map(len, at_nodes)])
    found = []
    for lane, i in enumerate(group):
        kept = rows[:, columns[lane] : columns[lane + 1]]
        timed = range(crossings[lane], crossings[lane + 1])
        found.append(
            _OfFiber(
                *plan.read(int(i), kept, lanes, lane),
                spike_times_ms=tuple(times[w, : min(counts[w], room)].copy() for w in timed),
                is_finite=all(
                    bool((np.abs(values) < at.LARGEST_MV).all())
                    for values in (ended[:, lane], kept)
                ),
            )
        )
    return found


def _flat(per_fiber: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    return np.array(list(itertools.chain.from_iterable(per_fiber)), dtype=np.int64)


def _check_memory(plan: Recording, memory_gb: float) -> None:
    """Refuse a recording that is too large, before anything runs."""
    kept, working = plan.kept_bytes / BYTES_PER_GB, plan.working_bytes / BYTES_PER_GB
    if kept + working > memory_gb:
        message = (
            f"the recording would take {kept:.3g} GB, and {working:.3g} GB more while it is made, more than "
            f"memory_gb = {memory_gb:g} GB: record fewer nodes (record_nodes), quantities (record), compartments "
            "(record_compartments) or samples (every, record_from_ms), only spikes (record_nodes=() and spikes_at), "
            "or raise memory_gb."
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
    if values.size:
        check_amplitude(float(np.min(values)))
    return np.asarray(np.broadcast_to(values, (n_fibers,)))
