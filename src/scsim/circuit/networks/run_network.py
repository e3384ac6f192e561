"""Running spiking circuits: which cells run, in which order, together in which lanes, and what they send each other.

Cells without feedback run once per distinct input, each after its sources; cells in a loop run together in windows of
the shortest delay. Arrays for the kernel come from `circuit/assemble_network.py`; measures of the spikes belong in
`circuit/readout.py`.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.inputs.trains import FiberTrains, check_trains
from scsim.circuit.networks.assemble_network import (
    NARROW,
    WIDE,
    Lane,
    assemble_cells,
    compartment,
    make_lane,
    peak_factor,
    slot_index,
)
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.wiring import Connection
from scsim.errors import ModelError, Status
from scsim.kernels import network as net

_WINDOW: Final = 8000
"""Steps of a window of cells without feedback: what lies between two looks at the found spikes."""

_NEVER: Final = 2.0**62
"""A step that no run comes to, for times that are endless or too late for a whole number."""

_GRID: Final = 1e-6
"""How far from a whole number of steps a time may lie, in steps: rounding of decimal times."""


@dataclass(frozen=True, eq=False)
class VoltageRecording:
    """Which voltages to keep: the middle of the soma of some cells.

    Attributes
    ----------
    cells : tuple of str
        Names of cells.
    every_ms : float
        Time between samples, ms; a whole number of time steps.
    from_ms, to_ms : float, float or None
        First and last sample, ms; None for the end of the run.
    """

    cells: tuple[str, ...]
    every_ms: float
    from_ms: float = 0.0
    to_ms: float | None = None


@dataclass(frozen=True, eq=False)
class CurrentStep:
    """A constant current into the middle of a soma.

    Attributes
    ----------
    cell : str
        Name of a cell.
    from_ms, to_ms : float
        When it flows, ms.
    current_na : float
        Positive depolarizes, nA.
    """

    cell: str
    from_ms: float
    to_ms: float
    current_na: float


@dataclass(frozen=True, eq=False)
class NetworkResponse:
    """What the cells of a circuit did.

    Attributes
    ----------
    spike_times_ms : mapping of str to tuple of ndarray of float64
        For each cell one sorted array of spike times per condition, ms, read in the middle of the soma.
    duration_ms : float
        Length of the run, ms.
    status : ndarray of int8, shape (n_conditions,)
        `Status.OK`, or `Status.NOT_FINITE` where the voltage of a cell left the finite numbers.
    time_ms : ndarray of float64, shape (n_samples,), or None
        Times of the voltage samples, ms.
    voltage_mv : mapping of str to ndarray of float64, shape (n_conditions, n_samples)
        Recorded voltages, mV; empty without a recording.
    """

    spike_times_ms: Mapping[str, tuple[NDArray[np.float64], ...]]
    duration_ms: float
    status: NDArray[np.int8]
    time_ms: NDArray[np.float64] | None = None
    voltage_mv: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Send:
    """A connection from a cell, ready for the target's events."""

    source: str
    slot: int
    size: float
    delay_steps: int
    recovery_ms: float


@dataclass(eq=False)
class _Events:
    """Events of one cell: steps, places (slot, or n_slots for the current into the soma) and sizes."""

    steps: list[NDArray[np.int64]] = field(default_factory=list)
    slots: list[NDArray[np.int64]] = field(default_factory=list)
    sizes: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, steps: NDArray[np.int64], slot: int, sizes: NDArray[np.float64]) -> None:
        self.steps.append(steps)
        self.slots.append(np.full(steps.size, slot, dtype=np.int64))
        self.sizes.append(sizes)


@dataclass(eq=False)
class _Job:
    """One distinct run of the cells of a component.

    Attributes
    ----------
    lanes : tuple of Lane
        One per cell.
    events : list of _Events
        What comes from outside the component, per cell.
    inner : tuple of (int, int, _Send)
        Connections within it: source, target.
    soma, out : list of ndarray of int64
        Steps of the spikes of each cell in the soma and at its end, once run.
    is_broken : bool
    voltage : list of ndarray of float64
        Samples of each cell.
    """

    lanes: tuple[Lane, ...]
    events: list[_Events]
    inner: tuple[tuple[int, int, _Send], ...]
    soma: list[NDArray[np.int64]] = field(default_factory=list)
    out: list[NDArray[np.int64]] = field(default_factory=list)
    is_broken: bool = False
    voltage: list[NDArray[np.float64]] = field(default_factory=list)


def steps_of(times_ms: NDArray[np.float64], step_ms: float) -> NDArray[np.int64]:
    """Give the step that takes up an event: the first whose start lies at most half a step before it.

    Parameters
    ----------
    times_ms : ndarray of float64
        Times of events, ms.
    step_ms : float
        Time step, ms.

    Returns
    -------
    ndarray of int64
        An event at t is taken up by the step from s step_ms on with t <= (s + 1/2) step_ms.
    """
    steps = np.ceil(times_ms / step_ms - 0.5)
    return np.clip(steps, 0.0, _NEVER).astype(np.int64)


def simulate_network(
    circuits: Sequence[SpikingCircuit],
    trains: Sequence[FiberTrains],
    *,
    duration_ms: float,
    recording: VoltageRecording | None = None,
    currents: Sequence[Sequence[CurrentStep]] | None = None,
    scheme: str = "published",
    lanes: str = "auto",
) -> NetworkResponse:
    """Run spiking circuits for many conditions.

    Each distinct run of a cell (same cell, same events) is made once and shared between conditions. A condition's
    numbers do not depend on the other conditions of the call; with ``lanes = "wide"`` they do not depend on how many
    there are either.

    Parameters
    ----------
    circuits : sequence of SpikingCircuit
        One per condition, after pain states; all with cells of the same names and one time step.
    trains : sequence of FiberTrains
        One per condition: the spikes of the fibers. Classes that are missing are silent.
    duration_ms : float
        Length of the run, ms, above 0; rounded to whole time steps.
    recording : VoltageRecording or None
        Voltages to keep.
    currents : sequence of sequences of CurrentStep, or None
        Currents into somata, one sequence per condition.
    scheme : {"published"}
        Backward Euler of first order, as the program of Zhang, Janik and Grill (2014) runs.
    lanes : {"auto", "wide"}
        ``"auto"`` takes a kernel for one cell at a time for a single condition: faster there, and equal to
        rounding.

    Returns
    -------
    NetworkResponse

    Raises
    ------
    ModelError
        If the conditions do not match each other, or a train, current or recording names what is not there.

    Notes
    -----
    A spike is counted at the first step at which the voltage in the middle of the soma lies above ``spike_mv`` after
    having been at or below it; other cells get the spikes of the soma's end toward the axon.

    The cheaper setting is a circuit with ``step_ms = 0.025``: half the time, with errors of the same first order. In
    the reference case of 2 s with stimulation at 50 Hz it moves the first 12 spikes by up to 0.11 ms (projection
    neuron) and 0.88 ms (tonic cells) against 0.0125 ms, and the counts from 54, 63, 142 and 120 to 54, 63, 140 and
    119 (projection, excitatory, local and surround inhibitory cell), as NEURON does.

    Checked by ``tests/kernels/test_network.py``, ``tests/theory/test_network.py`` and ``scsim validate circuit``.
    """
    _check_options(duration_ms, scheme, lanes)
    _check(circuits, trains, currents)
    if not circuits:
        return NetworkResponse({}, float(duration_ms), np.zeros(0, dtype=np.int8))
    step_ms = circuits[0].step_ms
    n_steps = round(duration_ms / step_ms)
    if n_steps < 1:
        msg = f"duration_ms = {duration_ms:g} ms: a run must last at least one time step, {step_ms:g} ms; lengthen it."
        raise ModelError(msg)
    samples = _Samples(circuits, recording, step_ms, n_steps)
    run = _Run(circuits, trains, currents, step_ms=step_ms, n_steps=n_steps, samples=samples)
    narrow = lanes == "auto" and len(circuits) <= NARROW
    for level in _levels(circuits):
        jobs: dict[object, _Job] = {}
        for component in level:
            for condition in range(len(circuits)):
                run.request(component, condition, jobs)
        _run_jobs(list(jobs.values()), run, NARROW if narrow else WIDE)
    names = [cell.name for cell in circuits[0].cells]
    spikes = {
        name: tuple(
            np.asarray(run.job(name, i).soma[run.place(name, i)] * step_ms, dtype=np.float64)
            for i in range(len(circuits))
        )
        for name in names
    }
    status = np.array(
        [
            Status.NOT_FINITE if any(run.job(name, i).is_broken for name in names) else Status.OK
            for i in range(len(circuits))
        ],
        dtype=np.int8,
    )
    voltage = {
        name: np.array([run.job(name, i).voltage[run.place(name, i)] for i in range(len(circuits))])
        for name in samples.cells
    }
    return NetworkResponse(
        MappingProxyType(spikes), n_steps * step_ms, status, samples.time_ms, voltage
    )


class _Samples:
    """Steps at whose end voltages are kept."""

    def __init__(
        self,
        circuits: Sequence[SpikingCircuit],
        recording: VoltageRecording | None,
        step_ms: float,
        n_steps: int,
    ) -> None:
        self.cells: tuple[str, ...] = ()
        self.first, self.every, self.count = 1, 0, 0
        self.time_ms: NDArray[np.float64] | None = None
        if recording is None:
            return
        names = [cell.name for cell in circuits[0].cells]
        if isinstance(recording.cells, str):
            msg = f"recording of cells = {recording.cells!r}: a tuple of names is expected; write ({recording.cells!r},)."
            raise ModelError(msg)
        for name in recording.cells:
            if name not in names:
                msg = f"recording of cell {name!r}: the circuit has the cells {', '.join(names)}. Name some of these."
                raise ModelError(msg)
        to_ms = n_steps * step_ms if recording.to_ms is None else recording.to_ms
        every = round(recording.every_ms / step_ms)
        if every < 1 or abs(every - recording.every_ms / step_ms) > _GRID * every:
            msg = f"every_ms = {recording.every_ms:g} ms: samples must be a whole number of time steps of {step_ms:g} ms apart; take a multiple of it."
            raise ModelError(msg)
        if not 0 <= recording.from_ms <= to_ms <= n_steps * step_ms * (1 + _GRID):
            msg = f"recording from {recording.from_ms:g} to {to_ms:g} ms: it must lie within the run of {n_steps * step_ms:g} ms; move its ends there."
            raise ModelError(msg)
        self.cells = tuple(recording.cells)
        self.every = every
        self.first = round(recording.from_ms / step_ms)
        self.count = int((to_ms / step_ms - self.first) / every + _GRID) + 1
        self.time_ms = np.asarray(
            (self.first + every * np.arange(self.count)) * step_ms, dtype=np.float64
        )


class _Run:
    """What is known while a call runs: the distinct jobs of each component, and who uses which."""

    def __init__(
        self,
        circuits: Sequence[SpikingCircuit],
        trains: Sequence[FiberTrains],
        currents: Sequence[Sequence[CurrentStep]] | None,
        *,
        step_ms: float,
        n_steps: int,
        samples: _Samples,
    ) -> None:
        self.circuits, self.trains, self.currents = circuits, trains, currents
        self.step_ms, self.n_steps, self.samples = step_ms, n_steps, samples
        self._jobs: dict[tuple[str, int], tuple[_Job, int]] = {}
        self._lanes: dict[int, dict[str, Lane]] = {}
        self._tokens: dict[tuple[int, str], bytes] = {}
        self._parts: dict[object, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def job(self, name: str, condition: int) -> _Job:
        return self._jobs[name, condition][0]

    def place(self, name: str, condition: int) -> int:
        return self._jobs[name, condition][1]

    def request(self, component: tuple[str, ...], condition: int, jobs: dict[object, _Job]) -> None:
        """Find the job of a component under one condition, or add it."""
        circuit = self.circuits[condition]
        lanes = tuple(self._lane(circuit, name) for name in component)
        outside = [list(self._outside(component, name, condition)) for name in component]
        inner = tuple(self._inner(component, circuit))
        key = (
            lanes,
            inner,
            tuple(tuple(token for token, *_ in parts) for parts in outside),
        )
        if key not in jobs:
            events = []
            for parts in outside:
                one = _Events()
                for _, steps, slot, sizes in parts:
                    one.add(steps, slot, sizes)
                events.append(one)
            jobs[key] = _Job(lanes, events, inner)
        for index, name in enumerate(component):
            self._jobs[name, condition] = (jobs[key], index)

    def _lane(self, circuit: SpikingCircuit, name: str) -> Lane:
        known = self._lanes.setdefault(id(circuit), {})
        if not known:
            known.update({cell.name: make_lane(circuit, cell) for cell in circuit.cells})
        return known[name]

    def _sends(self, circuit: SpikingCircuit, name: str) -> Iterator[tuple[Connection, _Send]]:
        """Give the connections onto a cell that have a weight."""
        cell = next(c for c in circuit.cells if c.name == name)
        slots = slot_index(circuit, cell)
        receptors = {r.name: r for r in circuit.receptors}
        for c in circuit.connections:
            if c.target != name or c.weight_microsiemens == 0:
                continue
            receptor = receptors[c.receptor]
            size = c.weight_microsiemens * c.n_synapses
            yield (
                c,
                _Send(
                    source=c.source,
                    slot=slots[c.receptor, compartment(cell, c.section, c.position)],
                    size=size * peak_factor(receptor.rise_ms, receptor.decay_ms),
                    delay_steps=math.ceil(c.delay_ms / self.step_ms - 0.5),
                    recovery_ms=c.recovery_ms,
                ),
            )

    def _inner(
        self, component: tuple[str, ...], circuit: SpikingCircuit
    ) -> Iterator[tuple[int, int, _Send]]:
        for target, name in enumerate(component):
            for connection, send in self._sends(circuit, name):
                if connection.source in component:
                    yield component.index(connection.source), target, send

    def _outside(
        self, component: tuple[str, ...], name: str, condition: int
    ) -> Iterator[tuple[object, NDArray[np.int64], int, NDArray[np.float64]]]:
        """Give what arrives at a cell from outside its component: a token that names it, steps, slot, sizes."""
        circuit = self.circuits[condition]
        for connection, send in self._sends(circuit, name):
            if connection.source in component:
                continue
            if (connection.source, condition) in self._jobs:
                job, place = self._jobs[connection.source, condition]
                origin: object = (id(job), place)
                key: tuple[object, float, float] = (origin, send.delay_steps, send.recovery_ms)
                if key not in self._parts:
                    self._parts[key] = self._from_cell(job.out[place], send)
            else:
                origin = self._token(condition, connection.source)
                key = (origin, connection.delay_ms, send.recovery_ms)
                if key not in self._parts:
                    self._parts[key] = self._from_fibers(condition, connection)
            steps, shares = self._parts[key]
            if steps.size:
                yield (*key, send.slot, send.size), steps, send.slot, shares * send.size
        n_slots = len(self._lane(circuit, name).slots)
        for c in () if self.currents is None else self.currents[condition]:
            if c.cell == name and c.current_na != 0:
                ends = steps_of(np.array([c.from_ms, c.to_ms]), self.step_ms)
                sizes = np.array([c.current_na, -c.current_na])
                yield (*ends.tolist(), c.current_na), ends, n_slots, sizes

    def _token(self, condition: int, fibers: str) -> bytes:
        """Give a digest of the trains of one class of fibers."""
        key = (id(self.trains[condition]), fibers)
        if key not in self._tokens:
            digest = hashlib.sha256()
            for times in self.trains[condition].trains.get(fibers, ()):
                digest.update(np.int64(len(times)).tobytes())
                digest.update(np.ascontiguousarray(times, dtype=np.float64).tobytes())
            self._tokens[key] = digest.digest()
        return self._tokens[key]

    def _from_fibers(
        self, condition: int, connection: Connection
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Give steps and shares of the weight of all spikes of a class of fibers."""
        times, shares = [np.zeros(0)], [np.zeros(0)]
        for train in self.trains[condition].trains.get(connection.source, ()):
            one = np.asarray(train, dtype=np.float64)
            times.append(one)
            shares.append(_recovered(np.diff(one), one.size, connection.recovery_ms))
        every, share = np.concatenate(times), np.concatenate(shares)
        steps = steps_of(every + connection.delay_ms, self.step_ms)
        kept = (share > 0) & (steps < self.n_steps)
        return steps[kept], share[kept]

    def _from_cell(
        self, spikes: NDArray[np.int64], send: _Send
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        share = _recovered(np.diff(spikes) * self.step_ms, spikes.size, send.recovery_ms)
        return spikes + send.delay_steps, share


def _recovered(
    intervals_ms: NDArray[np.float64], n_spikes: int, recovery_ms: float
) -> NDArray[np.float64]:
    """Give the share of the weight that each spike finds: 1 - exp(-interval / recovery)."""
    share = np.ones(n_spikes)
    if recovery_ms > 0 and n_spikes > 1:
        share[1:] = -np.expm1(-intervals_ms / recovery_ms)
    return share


def _levels(circuits: Sequence[SpikingCircuit]) -> list[list[tuple[str, ...]]]:
    """Sort the cells: components of cells that feed back on each other, each after all that it hears from."""
    names = [cell.name for cell in circuits[0].cells]
    hears: dict[str, set[str]] = {name: set() for name in names}
    for circuit in {id(c): c for c in circuits}.values():
        for c in circuit.connections:
            if c.source in hears and c.weight_microsiemens != 0:
                hears[c.target].add(c.source)
    reach = {name: set(hears[name]) for name in names}
    for _ in names:
        for name in names:
            reach[name].update(*(reach[other] for other in tuple(reach[name])))
    components: list[tuple[str, ...]] = []
    for name in names:
        group = tuple(
            other
            for other in names
            if other == name or (other in reach[name] and name in reach[other])
        )
        if group not in components:
            components.append(group)
    depth: dict[tuple[str, ...], int] = {}
    while len(depth) < len(components):
        for component in components:
            before = [
                other
                for other in components
                if other != component and any(reach[name] & set(other) for name in component)
            ]
            if component not in depth and all(other in depth for other in before):
                depth[component] = max((depth[other] + 1 for other in before), default=0)
    levels: list[list[tuple[str, ...]]] = [[] for _ in range(max(depth.values()) + 1)]
    for component, level in depth.items():
        levels[level].append(component)
    return levels


def _run_jobs(jobs: list[_Job], run: _Run, n_lanes: int) -> None:
    """Run jobs, those of equal structure together in lanes."""
    groups: dict[tuple[object, object, int], list[_Job]] = {}
    for job in jobs:
        pattern = tuple((source, target) for source, target, _ in job.inner)
        delay = min((send.delay_steps for _, _, send in job.inner), default=0)
        key = (tuple(lane.structure for lane in job.lanes), pattern, delay)
        groups.setdefault(key, []).append(job)
    for (_, _, delay), members in groups.items():
        for first in range(0, len(members), n_lanes):
            _run_batch(members[first : first + n_lanes], run, n_lanes, delay)


def _run_batch(jobs: list[_Job], run: _Run, n_lanes: int, delay_steps: int) -> None:
    """Run up to `n_lanes` jobs of one structure."""
    n_cells = len(jobs[0].lanes)
    step_ms, samples = run.step_ms, run.samples
    cells = [
        assemble_cells([job.lanes[c] for job in jobs], step_ms, n_lanes) for c in range(n_cells)
    ]
    events = [_merge([job.events[c] for job in jobs], n_lanes) for c in range(n_cells)]
    window = delay_steps or _WINDOW
    room = n_lanes * (window // 2 + 1)
    soma_spikes = np.zeros((room, 2), dtype=np.int64)
    out_spikes = np.zeros((room, 2), dtype=np.int64)
    soma: list[list[NDArray[np.int64]]] = [[] for _ in range(n_cells)]
    out: list[list[NDArray[np.int64]]] = [[] for _ in range(n_cells)]
    voltage = [np.full((samples.count, n_lanes), np.nan) for _ in range(n_cells)]
    if samples.every and samples.first == 0:
        for c in range(n_cells):
            voltage[c][0] = jobs[0].lanes[c].structure.initial_mv
    feedback = _Feedback(jobs, step_ms)
    for start in range(0, run.n_steps, window):
        sent: list[NDArray[np.int64]] = []
        for c, cell in enumerate(cells):
            due = events[c]
            if delay_steps:
                due = feedback.due(c, events[c], start, start + window)
                cell.counters[net.CURSOR] = 0
            net.run_cells(
                cell,
                *due,
                min(window, run.n_steps - start),
                (samples.first, samples.every),
                soma_spikes,
                out_spikes,
                voltage[c],
            )
            soma[c].append(soma_spikes[: cell.counters[net.N_SOMA]].copy())
            sent.append(out_spikes[: cell.counters[net.N_OUT]].copy())
            out[c].append(sent[-1])
        if delay_steps:
            feedback.take(sent, n_lanes)
    for c, cell in enumerate(cells):
        broken = cell.lane[net.IS_BROKEN * n_lanes :][: len(jobs)]
        every_soma, every_out = np.concatenate(soma[c]), np.concatenate(out[c])
        for i, job in enumerate(jobs):
            job.soma.append(every_soma[every_soma[:, 1] == i, 0])
            job.out.append(every_out[every_out[:, 1] == i, 0])
            job.is_broken |= bool(broken[i] > 0)
            job.voltage.append(voltage[c][:, i].copy())


_Merged = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def _merge(events: Sequence[_Events], n_lanes: int) -> _Merged:
    """Put the events of all lanes in order of their steps; within a lane and step they keep their order."""
    steps: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    places: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    sizes: list[NDArray[np.float64]] = [np.zeros(0)]
    for lane, one in enumerate(events):
        steps += one.steps
        places += [slot * n_lanes + lane for slot in one.slots]
        sizes += one.sizes
    step, place, size = np.concatenate(steps), np.concatenate(places), np.concatenate(sizes)
    order = np.argsort(step, kind="stable")
    return step[order], place[order], size[order]


class _Feedback:
    """Spikes of the cells of a loop on their way to each other."""

    def __init__(self, jobs: Sequence[_Job], step_ms: float) -> None:
        self._jobs, self._step_ms = jobs, step_ms
        self._pending: dict[int, list[_Merged]] = {}
        self._last: dict[tuple[int, int], NDArray[np.int64]] = {}

    def take(self, sent: Sequence[NDArray[np.int64]], n_lanes: int) -> None:
        """Turn the spikes of one window into events of later ones, within each job."""
        for i, job in enumerate(self._jobs):
            for number, (source, target, send) in enumerate(job.inner):
                steps = sent[source][sent[source][:, 1] == i, 0]
                if not steps.size:
                    continue
                before = self._last.get((i, number), steps[:0])
                intervals = np.diff(np.concatenate([before, steps])) * self._step_ms
                share = _recovered(intervals, intervals.size + 1, send.recovery_ms)
                self._last[i, number] = steps[-1:]
                places = np.full(steps.size, send.slot * n_lanes + i, dtype=np.int64)
                event = (steps + send.delay_steps, places, share[-steps.size :] * send.size)
                self._pending.setdefault(target, []).append(event)

    def due(self, target: int, outside: _Merged, start: int, end: int) -> _Merged:
        """Give the events of one window: those from outside, then those fed back, in order of their steps."""
        first, last = np.searchsorted(outside[0], (start, end))
        parts: list[_Merged] = [
            (outside[0][first:last], outside[1][first:last], outside[2][first:last])
        ]
        later: list[_Merged] = []
        for step, place, size in self._pending.pop(target, ()):
            now = step < end
            parts.append((step[now], place[now], size[now]))
            if not now.all():
                later.append((step[~now], place[~now], size[~now]))
        if later:
            self._pending[target] = later
        step, place, size = (
            np.concatenate([part[0] for part in parts]),
            np.concatenate([part[1] for part in parts]),
            np.concatenate([part[2] for part in parts]),
        )
        order = np.argsort(step, kind="stable")
        return step[order], place[order], size[order]


def _check(
    circuits: Sequence[SpikingCircuit],
    trains: Sequence[FiberTrains],
    currents: Sequence[Sequence[CurrentStep]] | None,
) -> None:
    """Refuse conditions that do not fit together."""
    n = len(circuits)
    if len(trains) != n or (currents is not None and len(currents) != n):
        counts = f"{n} circuits, {len(trains)} trains"
        counts += "" if currents is None else f", {len(currents)} lists of currents"
        msg = f"{counts}: a condition has one of each; give lists of equal length."
        raise ModelError(msg)
    for index, circuit in enumerate(circuits):
        if not isinstance(circuit, SpikingCircuit):
            msg = f"circuit of condition {index} is of the kind {type(circuit).__name__}: this runs spiking circuits; use load_circuit of one, or simulate_rates and simulate_integrate_fire for the other kinds."
            raise ModelError(msg)
    seen: set[int] = set()
    for index, circuit in enumerate(circuits):
        if id(circuit) not in seen:
            seen.add(id(circuit))
            _check_like(index, circuit, circuits[0])
    checked: set[tuple[int, int]] = set()
    for circuit, one in zip(circuits, trains, strict=True):
        if (id(circuit.fibers), id(one)) not in checked:
            checked.add((id(circuit.fibers), id(one)))
            check_trains(circuit.fibers, one)
    for index, steps in enumerate(() if currents is None else currents):
        names = [c.name for c in circuits[index].cells]
        for step in steps:
            _check_current(index, step, names)


def _check_current(index: int, step: CurrentStep, names: Sequence[str]) -> None:
    if step.cell not in names:
        msg = f"current of condition {index}: there is no cell {step.cell!r}; the circuit has {', '.join(names)}. Name one of these."
        raise ModelError(msg)
    if not (0 <= step.from_ms <= step.to_ms and math.isfinite(step.current_na)):
        msg = f"current of condition {index} into {step.cell!r}: {step.current_na:g} nA from {step.from_ms:g} to {step.to_ms:g} ms: it must be finite and end after it begins, at 0 ms or later; correct it."
        raise ModelError(msg)


def _check_options(duration_ms: float, scheme: str, lanes: str) -> None:
    """Refuse settings of a call that there are not."""
    if not (math.isfinite(duration_ms) and duration_ms > 0):
        msg = f"duration_ms = {duration_ms:g} ms: a run must last longer than 0 ms; give a positive number."
        raise ModelError(msg)
    if scheme != "published":
        msg = f"scheme = {scheme!r}: known is 'published'; choose it."
        raise ModelError(msg)
    if lanes not in ("auto", "wide"):
        msg = f"lanes = {lanes!r}: known are 'auto' and 'wide'; choose one of these."
        raise ModelError(msg)


def _check_like(index: int, circuit: SpikingCircuit, first: SpikingCircuit) -> None:
    names, wanted = [c.name for c in circuit.cells], [c.name for c in first.cells]
    if names != wanted:
        msg = f"condition {index} has the cells {', '.join(names)}, condition 0 {', '.join(wanted)}: conditions of one call need the same cells; run others in a call of their own."
        raise ModelError(msg)
    if circuit.step_ms != first.step_ms:
        msg = f"condition {index} has step_ms = {circuit.step_ms:g} ms, condition 0 {first.step_ms:g} ms: conditions of one call need one time step; run others in a call of their own."
        raise ModelError(msg)
