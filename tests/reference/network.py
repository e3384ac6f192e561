"""A spiking circuit in plain numpy: short, slow, obvious.

Written from the equations of the published program of Zhang, Janik and Grill (2014) as NEURON's fixed step takes them:
one banded linear solve per cell and step, then calcium, then gates. All cells advance together, so feedback needs no
care. Nothing of `scsim.kernels` is used, no constant of ``data/channels``, and no event is summed with another.
Units: mV, ms, nA, µS, nF, µm, mM.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_banded

from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import Cell, Channel
from scsim.circuit.networks.wiring import Connection, Receptor

Gates = list[tuple[np.ndarray, np.ndarray]]
"""Steady state of each gate, and the share of the way to it that one step goes."""

FARADAY = 96485.33  # C/mol
Q_NA_K = 3.0**1.3
OUTSIDE_CALCIUM_MM = 2.0
PROBE_MV = 0.001  # over which the slope of a current that is not ohmic is taken


def f(x: np.ndarray, y: float) -> np.ndarray:
    """x / (exp(x / y) - 1)."""
    near = np.abs(x / y) < 1e-6
    safe = np.where(near, 1.0, x)
    return np.where(near, y - x / 2, safe / np.expm1(safe / y))


def from_rates(a: np.ndarray, b: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    return a / (a + b), 1 - np.exp(-dt * (a + b))


def na_b(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    q = Q_NA_K
    m = from_rates(0.182 * q * f(-(v + 28), 9), 0.124 * q * f(v + 28, 9), dt)
    a = q * (0.061 * f(-(v + 35), 3) + 0.0166)
    b = 0.0018 * q * f(v + 71, 18)
    return [m, (1 / (1 + np.exp((v + 64) / 9)), 1 - np.exp(-dt * (a + b)))]


def k_dri_exact(v: np.ndarray, dt: float) -> Gates:
    q = Q_NA_K
    n = from_rates(0.035 * q * f(-(v + 15), 9), 0.014 * q * np.exp((12 - v) / 46), dt)
    a = 0.0083 * q * (1 + 1 / (1 + np.exp((v + 20) / 10)))
    b = 0.0083 * q / (1 + np.exp(-(v + 20) / 10))
    return [n, from_rates(a, b, dt)]


def k_dri(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    table_mv = np.linspace(-160, 100, 201)
    return [
        (np.interp(v, table_mv, steady), np.interp(v, table_mv, share))
        for steady, share in k_dri_exact(table_mv, dt)
    ]


def k_a(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    q = Q_NA_K
    n = from_rates(0.032 * q * f(-(v + 64), 6), 0.203 * q * np.exp(-(v + 40) / 24), dt)
    h = from_rates(
        0.05 * q / (1 + np.exp((v + 86) / 10)), 0.05 * q / (1 + np.exp(-(v + 86) / 10)), dt
    )
    return [n, h]


def hh2_na(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    u = v + 55
    m = from_rates(0.32 * f(13 - u, 4), 0.28 * f(u - 40, 5), dt)
    h = from_rates(0.128 * np.exp((12 - u) / 18), 4 / (1 + np.exp((35 - u) / 5)), dt)
    return [m, h]


def hh2_k(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    u = v + 55
    return [from_rates(0.032 * f(15 - u, 5), 0.5 * np.exp((10 - u) / 40), dt)]


def na_p(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    u = v + 55
    m = from_rates(0.32 * f(11 - u, 4), 0.28 * f(u - 42, 5), dt)
    h = from_rates(0.128 * np.exp((12 - u) / 18), 4 / (1 + np.exp((35 - u) / 10)), dt)
    return [m, h]


def ca_l(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    a = 1.6 / (1 + np.exp(-0.072 * (v - 5)))
    b = 0.02 * f(v - 1.31, 5.36)
    return [(1 / (1 + np.exp(-(v + 10) / 10)), 1 - np.exp(-dt * (a + b) * 3**1.25))]


def k_ca(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    c = (ca / 0.001) ** 2
    tau = np.maximum(0.1, 1 / (0.03 * (1 + c) * 3**1.4))
    return [(c / (1 + c), (dt / tau) / (1 + dt / tau))]  # implicit Euler


def can(v: np.ndarray, ca: np.ndarray, dt: float) -> Gates:
    a = 0.002 * (ca / 0.0005) ** 2
    tau = np.maximum(0.1, 40 / ((a + 0.002) * 3**1.4))
    return [(a / (a + 0.002), 1 - np.exp(-dt / tau))]


def goldman(v: np.ndarray, ca: np.ndarray) -> np.ndarray:
    """Driving force of a permeability for calcium; times cm/s it is mA/cm²."""
    w = 0.001 * v * 2 * 96480 / (8.314 * 309.16)
    near = np.abs(w) <= 1e-4
    safe = np.where(near, 1.0, w)
    ratio = np.where(near, 1 - w / 2, safe / np.expm1(safe))
    return -0.002 * 96480 * (OUTSIDE_CALCIUM_MM - ca * np.exp(w)) * ratio


GATES: dict[str, tuple[Callable[[np.ndarray, np.ndarray, float], Gates], tuple[int, ...]]] = {
    "na_b": (na_b, (3, 1)),
    "k_dri": (k_dri, (4, 1)),
    "k_a": (k_a, (4, 1)),
    "hh2_na": (hh2_na, (3, 1)),
    "hh2_k": (hh2_k, (4,)),
    "na_p": (na_p, (1, 1)),
    "ca_l": (ca_l, (2,)),
    "k_ca": (k_ca, (3,)),
    "can": (can, (2,)),
}
"""Kind of channel: its gates and the power of each."""


@dataclass
class PlainChannel:
    """One kind of channel in one section."""

    kind: str
    where: slice
    size: np.ndarray  # µS; nA per unit of `goldman` for a permeability
    reversal: float | None
    gates: list[np.ndarray]

    def open_size(self) -> np.ndarray:
        size = self.size.copy()
        for gate, power in zip(self.gates, GATES[self.kind][1], strict=True):
            size = size * gate**power
        return size

    def advance(self, v: np.ndarray, ca: np.ndarray, dt: float) -> None:
        for i, (steady, share) in enumerate(GATES[self.kind][0](v, ca, dt)):
            self.gates[i] = self.gates[i] + share * (steady - self.gates[i])


@dataclass
class PlainSynapse:
    """All synapses of one receptor at one place."""

    receptor: Receptor
    where: int
    peak_scale: float
    rise: float = 0.0  # µS
    decay: float = 0.0  # µS

    def current(self, v: float) -> float:
        mg = self.receptor.magnesium_mm
        block = 1.0 if mg is None else 1 / (1 + np.exp(-0.062 * v) * mg / 3.57)
        return (self.decay - self.rise) * block * (v - self.receptor.reversal_mv)

    def slope(self, v: float) -> float:
        if self.receptor.magnesium_mm is None:
            return self.decay - self.rise
        return (self.current(v + PROBE_MV) - self.current(v)) / PROBE_MV


def compartment(cell: Cell, section: str, position: float) -> int:
    """Number along the line, from the far end of the dendrite, of a place in a section."""
    names = [s.name for s in cell.sections]
    at, soma = names.index(section), names.index("soma")
    n = cell.sections[at].n_compartments
    from_soma = min(int(position * n), n - 1)
    first = sum(s.n_compartments for s in cell.sections[:at])
    return first + (n - 1 - from_soma if at < soma else from_soma)


@dataclass
class PlainCell:
    """One cell while it runs."""

    cell: Cell
    receptors: Mapping[str, Receptor]
    dt: float
    synapses: dict[tuple[str, int], PlainSynapse] = field(default_factory=dict)
    steady: list[tuple[int, float, float]] = field(default_factory=list)  # place, µS, mV

    def __post_init__(self) -> None:
        sections = self.cell.sections
        names = [s.name for s in sections]
        soma = names.index("soma")
        lengths, diameters, resistivity = [], [], []
        for i, s in enumerate(sections):
            middle = (np.arange(s.n_compartments) + 0.5) / s.n_compartments
            diameter = s.diameter_um + (s.end_diameter_um - s.diameter_um) * middle
            diameters.append(diameter[::-1] if i < soma else diameter)
            lengths.append(np.full(s.n_compartments, s.length_um / s.n_compartments))
            resistivity.append(np.full(s.n_compartments, s.axial_resistivity_ohm_cm))
        length, diameter = np.concatenate(lengths), np.concatenate(diameters)
        self.area = np.pi * diameter * length  # µm²
        self.half = 0.01 * np.concatenate(resistivity) * (length / 2) / (np.pi * diameter**2 / 4)
        self.axial = 1 / (self.half[:-1] + self.half[1:])
        n = len(length)

        def spread(name: str) -> np.ndarray:
            return np.concatenate([np.full(s.n_compartments, getattr(s, name)) for s in sections])

        self.capacitance = spread("capacitance_uf_per_cm2") * self.area * 1e-5  # nF
        self.leak = spread("leak_s_per_cm2") * self.area * 1e-2  # µS
        self.leak_mv = spread("leak_mv")
        self.v = np.full(n, self.cell.initial_mv)

        ends = np.cumsum([0] + [s.n_compartments for s in sections])
        self.where = {s.name: slice(ends[i], ends[i + 1]) for i, s in enumerate(sections)}
        self.soma_middle = compartment(self.cell, "soma", 0.5)
        self.soma_end = int(ends[soma + 1]) - 1
        self.ca = np.zeros(n)
        for s in sections:
            if s.calcium is not None:
                self.ca[self.where[s.name]] = s.calcium.rest_mm
        self.seen_ca = self.ca.copy()  # what currents see: the pool one step ago
        self.channels = [self.start(s.name, c) for s in sections for c in s.channels]
        self.events: dict[int, list[tuple[PlainSynapse, float]]] = defaultdict(list)

    def start(self, section: str, channel: Channel) -> PlainChannel:
        where = self.where[section]
        gates = GATES[channel.kind][0](self.v[where], self.ca[where], self.dt)
        return PlainChannel(
            kind=channel.kind,
            where=where,
            size=channel.density * self.area[where] * 1e-2,
            reversal=channel.reversal_mv,
            gates=[steady for steady, _ in gates],
        )

    def synapse(self, connection: Connection) -> PlainSynapse:
        where = compartment(self.cell, connection.section, connection.position)
        key = (connection.receptor, where)
        if key not in self.synapses:
            r = self.receptors[connection.receptor]
            peak = (
                r.rise_ms * r.decay_ms / (r.decay_ms - r.rise_ms) * np.log(r.decay_ms / r.rise_ms)
            )
            scale = 1 / (np.exp(-peak / r.decay_ms) - np.exp(-peak / r.rise_ms))
            self.synapses[key] = PlainSynapse(r, where, scale)
        return self.synapses[key]

    def soma_1(self) -> float:
        """Voltage where the soma ends toward the axon: a node without membrane."""
        a, b = self.soma_end, self.soma_end + 1
        if b == len(self.v):
            return self.v[a]
        g_a, g_b = 1 / self.half[a], 1 / self.half[b]
        return (self.v[a] * g_a + self.v[b] * g_b) / (g_a + g_b)

    def step(self, step: int, injected_na: float) -> None:
        """One step: events, currents, voltages, calcium, gates."""
        for synapse, weight in self.events.pop(step, ()):
            synapse.rise += weight * synapse.peak_scale
            synapse.decay += weight * synapse.peak_scale

        v, dt = self.v, self.dt
        current = self.leak * (v - self.leak_mv)
        slope = self.leak.copy()
        calcium_na = np.zeros(len(v))
        for channel in self.channels:
            at, size = channel.where, channel.open_size()
            if channel.reversal is None:
                i = size * goldman(v[at], self.seen_ca[at])
                g = (size * goldman(v[at] + PROBE_MV, self.seen_ca[at]) - i) / PROBE_MV
                calcium_na[at] += i
            else:
                i, g = size * (v[at] - channel.reversal), size
            current[at] += i
            slope[at] += g
        for synapse in self.synapses.values():
            at = synapse.where
            i = synapse.current(v[at])
            current[at] += i
            slope[at] += synapse.slope(v[at])
            calcium_na[at] += synapse.receptor.calcium_share * i
        for at, conductance, reversal in self.steady:
            current[at] += conductance * (v[at] - reversal)
            slope[at] += conductance
        current[self.soma_middle] -= injected_na

        bands = np.zeros((3, len(v)))
        bands[1] = self.capacitance / dt + slope
        bands[1, :-1] += self.axial
        bands[1, 1:] += self.axial
        bands[0, 1:] = -self.axial
        bands[2, :-1] = -self.axial
        right = -current
        flow = self.axial * np.diff(v)
        right[:-1] += flow
        right[1:] -= flow
        self.v = v + solve_banded((1, 1), bands, right, check_finite=False)

        self.seen_ca = self.ca.copy()
        for s in self.cell.sections:
            if s.calcium is not None:
                at, pool = self.where[s.name], s.calcium
                density = calcium_na[at] * 100 / self.area[at]  # mA/cm²
                inflow = np.maximum(0.0, -1e4 * density / (2 * FARADAY * pool.depth_um))
                self.ca[at] += dt * (inflow + (pool.rest_mm - self.seen_ca[at]) / pool.decay_ms)
        for channel in self.channels:
            channel.advance(self.v[channel.where], self.seen_ca[channel.where], dt)
        for synapse in self.synapses.values():
            synapse.rise *= np.exp(-dt / synapse.receptor.rise_ms)
            synapse.decay *= np.exp(-dt / synapse.receptor.decay_ms)


@dataclass(frozen=True)
class PlainResponse:
    """Spike times of each cell, ms, and the voltage of its soma before the first and after every step, mV."""

    spike_times_ms: dict[str, np.ndarray]
    soma_mv: dict[str, np.ndarray]


def first_step(time_ms: float, dt: float) -> int:
    """Number of the step that takes up an event: the first that starts at most half a step before it."""
    step = int(np.floor(time_ms / dt)) - 1
    while time_ms > step * dt + dt / 2:
        step += 1
    return step


def weights_of(times_ms: np.ndarray, connection: Connection) -> np.ndarray:
    """Weight of each spike of one source: less if it follows the one before within the recovery."""
    weights = np.full(len(times_ms), connection.weight_microsiemens * connection.n_synapses)
    if connection.recovery_ms > 0:
        weights[1:] *= 1 - np.exp(-np.diff(times_ms) / connection.recovery_ms)
    return weights


def simulate(
    circuit: SpikingCircuit,
    trains: Mapping[str, Sequence[np.ndarray]],
    duration_ms: float,
    currents: Sequence[tuple[str, float, float, float]] = (),
) -> PlainResponse:
    """Run a circuit; `currents` are (cell, from ms, to ms, nA) into the middle of the soma."""
    dt = circuit.step_ms
    receptors = {r.name: r for r in circuit.receptors}
    cells = {c.name: PlainCell(c, receptors, dt) for c in circuit.cells}
    outgoing: dict[str, list[Connection]] = defaultdict(list)
    for connection in circuit.connections:
        synapse = cells[connection.target].synapse(connection)
        if connection.source in cells:
            outgoing[connection.source].append(connection)
            continue
        for times_ms in trains.get(connection.source, ()):
            for time_ms, weight in zip(times_ms, weights_of(times_ms, connection), strict=True):
                step = first_step(time_ms + connection.delay_ms, dt)
                cells[connection.target].events[step].append((synapse, weight))
    for s in circuit.steady:
        at = compartment(cells[s.target].cell, s.section, s.position)
        reversal = receptors[s.receptor].reversal_mv
        cells[s.target].steady.append((at, s.conductance_microsiemens, reversal))

    n_steps = round(duration_ms / dt)
    spikes: dict[str, list[float]] = {name: [] for name in cells}
    sent: dict[str, list[float]] = {name: [] for name in cells}
    soma = {name: np.empty(n_steps + 1) for name in cells}
    for name, cell in cells.items():
        soma[name][0] = cell.v[cell.soma_middle]
    for step in range(n_steps):
        for name, cell in cells.items():
            before = cell.soma_1()
            middle = (step + 0.5) * dt
            cell.step(step, sum(i for c, a, b, i in currents if c == name and a <= middle < b))
            now_ms = (step + 1) * dt
            soma[name][step + 1] = cell.v[cell.soma_middle]
            threshold = cell.cell.spike_mv
            if soma[name][step] <= threshold < soma[name][step + 1]:
                spikes[name].append(now_ms)
            if before <= threshold < cell.soma_1():
                sent[name].append(now_ms)
                for connection in outgoing[name]:
                    target = cells[connection.target]
                    weight = weights_of(np.array(sent[name][-2:]), connection)[-1]
                    at = first_step(now_ms + connection.delay_ms, dt)
                    target.events[at].append((target.synapse(connection), weight))
    return PlainResponse({k: np.array(v) for k, v in spikes.items()}, soma)
