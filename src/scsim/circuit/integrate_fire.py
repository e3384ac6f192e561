"""The integrate-and-fire circuit: what synchronous and irregular afferent volleys do to two routes.

Parameter values belong in ``data/circuits/``, the update of a cell in `kernels/integrate_fire.py`, pain
states in `circuit/states.py`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.checks import count_fault, number_fault, refuse
from scsim.circuit.inputs.train_patterns import Poisson
from scsim.circuit.inputs.trains import FiberTrains, Purpose, check_trains, stream
from scsim.circuit.mechanisms import table_mechanisms
from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError, Status
from scsim.formats.tables import Table
from scsim.units import MS_PER_S, S_PER_MS

if TYPE_CHECKING:
    from scsim.kernels.integrate_fire import CellConstants

FIBERS: Final = "a_beta"
"""Name of the one fiber class of the circuit."""


_NOISE_BLOCK_MS: Final = 1000.0
"""Noise is drawn in blocks of this length, ms, so that a longer run begins like a shorter one."""


@dataclass(frozen=True)
class IntegrateFireCircuit:
    """Excitatory and inhibitory cells driven by afferents and noise; names as in ``data/circuits/*.toml``.

    Every afferent reaches every cell, every inhibitory cell every excitatory one. The excitatory
    cells stand for the route to paresthesia, not for pain.

    Attributes
    ----------
    name, title : str
        Name of the table, and one line about it.
    tau_excitatory_ms, tau_inhibitory_ms : tuple of float
        Membrane time constant of each cell, ms; their numbers are the numbers of cells.
    n_afferents : int
    start_mv, rest_mv, threshold_mv : float
        Voltage at 0 ms; what it decays to and is set to after a spike; above what a cell fires.
    refractory_ms : float
        Time after a spike in which events are lost, ms.
    capacitance_pf, tau_synapse_ms, constant_pa : float
        Capacitance, time constant of the synaptic current, constant current into every cell.
    afferent_to_excitatory_pa, afferent_to_inhibitory_pa, inhibitory_to_excitatory_pa : float
        Current that one spike adds, pA; the last is negative for inhibition.
    inhibitory_to_excitatory_delay_ms : float
        ms.
    noise_rate_hz, noise_pa : float
        Poisson events of every cell, and the current that each adds.
    locked_frequency_hz, locked_vector_strength, locked_interval_sd_ms : float
        Locked trains, see `locked_trains`.
    irregular_rates_hz : tuple of float
        Rate of each afferent in `irregular_trains`, Hz.
    mechanisms : tuple of (str, tuple of str)
        For each mechanism that a pain state may change, the parameters that carry it.

    Raises
    ------
    ModelError
        With every parameter that is not allowed.
    """

    name: str
    title: str
    tau_excitatory_ms: tuple[float, ...]
    tau_inhibitory_ms: tuple[float, ...]
    n_afferents: int
    start_mv: float
    rest_mv: float
    threshold_mv: float
    refractory_ms: float
    capacitance_pf: float
    tau_synapse_ms: float
    constant_pa: float
    afferent_to_excitatory_pa: float
    afferent_to_inhibitory_pa: float
    inhibitory_to_excitatory_pa: float
    inhibitory_to_excitatory_delay_ms: float
    noise_rate_hz: float
    noise_pa: float
    locked_frequency_hz: float
    locked_vector_strength: float
    locked_interval_sd_ms: float
    irregular_rates_hz: tuple[float, ...]
    mechanisms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        """Check the parameters; one error for all."""
        faults = [*count_fault(f"{self.name}: n_afferents", self.n_afferents)]
        for key in _number_names():
            value, unit = getattr(self, key), _unit(key)
            what = f"{self.name}: {key}"
            if key in {"capacitance_pf", "tau_synapse_ms", "locked_frequency_hz"}:
                faults += number_fault(what, value, unit, above=0)
            elif key == "locked_vector_strength":
                faults += number_fault(what, value, unit, above=0, at_most=1)
            elif key.endswith(("_ms", "_hz")):
                faults += number_fault(what, value, unit, at_least=0)
            else:
                faults += number_fault(what, value, unit)
        for key in ("tau_excitatory_ms", "tau_inhibitory_ms"):
            for cell, tau in enumerate(getattr(self, key)):
                faults += number_fault(f"{self.name}: {key} of cell {cell}", tau, "ms", above=0)
        for fiber, rate in enumerate(self.irregular_rates_hz):
            faults += number_fault(
                f"{self.name}: irregular_rates_hz of fiber {fiber}", rate, "Hz", at_least=0
            )
        if len(self.irregular_rates_hz) != self.n_afferents:
            faults.append(
                f"{self.name}: {len(self.irregular_rates_hz)} irregular_rates_hz for {self.n_afferents} afferents: give one rate per afferent."
            )
        refuse(faults)

    @property
    def fibers(self) -> tuple[FiberClass, ...]:
        """The one fiber class: large afferents of the painful field."""
        return (
            FiberClass(
                name=FIBERS,
                title="large afferents",
                n_fibers=self.n_afferents,
                kind="a_beta",
                field="local",
            ),
        )


def _number_names() -> tuple[str, ...]:
    """Give the names of the single numbers of a circuit, without the count of afferents."""
    return tuple(f.name for f in fields(IntegrateFireCircuit) if f.type is float)


def _unit(key: str) -> str:
    """Give the unit at the end of a name, for messages."""
    units = {"_mv": "mV", "_ms": "ms", "_pa": "pA", "_pf": "pF", "_hz": "Hz"}
    return units.get(key[-3:], "")


def circuit_from_table(name: str, table: Table) -> IntegrateFireCircuit:
    """Read an integrate-and-fire circuit from its table.

    Parameters
    ----------
    name : str
        Name of the circuit.
    table : Table
        With the keys of `IntegrateFireCircuit`, each in any part of the table.

    Returns
    -------
    IntegrateFireCircuit

    Raises
    ------
    ModelError
        If a parameter is not allowed.
    ScsimError
        If one is missing or not a number.
    """
    keys = {key.rpartition(".")[2]: key for key in table.quantities()}

    def many(key: str) -> tuple[float, ...]:
        return tuple(table.array(keys.get(key, key)).tolist())

    numbers = {key: table.number(keys.get(key, key)) for key in _number_names()}
    return IntegrateFireCircuit(
        name=name,
        title=table.title,
        tau_excitatory_ms=many("tau_excitatory_ms"),
        tau_inhibitory_ms=many("tau_inhibitory_ms"),
        n_afferents=table.value(keys.get("n_afferents", "n_afferents")),  # type: ignore[arg-type]
        irregular_rates_hz=many("irregular_rates_hz"),
        mechanisms=table_mechanisms(table),
        **numbers,
    )


def locked_trains(
    circuit: IntegrateFireCircuit, *, duration_ms: float, seed: int | np.random.SeedSequence
) -> FiberTrains:
    """Make afferent trains that follow every pulse of a slow stimulus.

    Parameters
    ----------
    circuit : IntegrateFireCircuit
        Says the rate (50 Hz), the vector strength over all fibers and the spread of intervals.
    duration_ms : float
        Spikes come before this time, ms.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    FiberTrains

    Raises
    ------
    ModelError
        If the duration is not a finite time above 0, or the seed is negative.

    Notes
    -----
    Fiber f fires at (k + 1/2) T + δ_f + ε: δ_f normal and kept, ε normal and new for each spike. For
    normal phases the vector strength is exp(−σ²/2), σ in rad, and an interval has √2 times the
    spread of ε, which gives both widths. The half period keeps all spikes behind 0 ms.
    """
    _check_duration(duration_ms)
    period_ms = MS_PER_S / circuit.locked_frequency_hz
    phase_rad = math.sqrt(-2 * math.log(circuit.locked_vector_strength))
    offset_sd_ms = phase_rad / (2 * math.pi) * period_ms
    jitter_sd_ms = circuit.locked_interval_sd_ms / math.sqrt(2)
    pulses_ms = period_ms * (np.arange(math.ceil(duration_ms / period_ms)) + 0.5)
    trains = []
    for fiber in range(circuit.n_afferents):
        offset_ms = stream(seed, Purpose.LATENCY, FIBERS, fiber).normal(0, offset_sd_ms)
        jitter_ms = stream(seed, Purpose.JITTER, FIBERS, fiber).normal(
            0, jitter_sd_ms, pulses_ms.size
        )
        times_ms = np.sort(pulses_ms + offset_ms + jitter_ms)
        trains.append(times_ms[(times_ms >= 0) & (times_ms < duration_ms)])
    return FiberTrains({FIBERS: tuple(trains)})


def irregular_trains(
    circuit: IntegrateFireCircuit, *, duration_ms: float, seed: int | np.random.SeedSequence
) -> FiberTrains:
    """Make afferent trains without a common rhythm, as fibers fire during a fast stimulus.

    Parameters
    ----------
    circuit : IntegrateFireCircuit
        Says the rate of each fiber (0 to 147 Hz, mean 57 Hz).
    duration_ms : float
        Spikes come before this time, ms.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    FiberTrains
        Independent Poisson trains.

    Raises
    ------
    ModelError
        If the duration is not a finite time above 0, or the seed is negative.
    """
    _check_duration(duration_ms)
    return FiberTrains(
        {
            FIBERS: tuple(
                Poisson(rate_hz).draw(duration_ms, stream(seed, Purpose.NATURAL, FIBERS, fiber))
                if rate_hz > 0
                else np.empty(0)
                for fiber, rate_hz in enumerate(circuit.irregular_rates_hz)
            )
        }
    )


def _check_duration(duration_ms: float) -> None:
    """Refuse a duration that is not a finite time above 0."""
    if not (math.isfinite(duration_ms) and duration_ms > 0):
        msg = f"duration_ms = {duration_ms} ms: a run must last a finite time above 0 ms; use for example 5000."
        raise ModelError(msg)


@dataclass(frozen=True, eq=False)
class IntegrateFireResponse:
    """What a batch of conditions did.

    Attributes
    ----------
    spike_times_ms : mapping of str to tuple of ndarray of float64
        For each cell (``"e0"``, ``"e1"``, …, ``"i0"``, …) its spike times per condition, ms.
    duration_ms : float
        Length of the runs, ms.
    excitatory_rate_hz, inhibitory_rate_hz : ndarray of float64, shape (n_conditions,)
        Mean rate per cell over the whole run, Hz; NaN where `status` is not OK.
    status : ndarray of int8, shape (n_conditions,)
        `Status.OK`, or `Status.NOT_FINITE`: the explicit step of the cells grows without limit
        where events lie several synaptic time constants apart, as without noise.
    """

    spike_times_ms: Mapping[str, tuple[NDArray[np.float64], ...]]
    duration_ms: float
    excitatory_rate_hz: NDArray[np.float64]
    inhibitory_rate_hz: NDArray[np.float64]
    status: NDArray[np.int8]

    def __repr__(self) -> str:
        """One line."""
        rates = [
            np.array2string(rate, precision=1, threshold=8)
            for rate in (self.excitatory_rate_hz, self.inhibitory_rate_hz)
        ]
        return (
            f"IntegrateFireResponse({self.status.size} conditions of {self.duration_ms * S_PER_MS:g} s, "
            f"excitatory {rates[0]} Hz, inhibitory {rates[1]} Hz)"
        )


def simulate_integrate_fire(
    circuits: Sequence[IntegrateFireCircuit],
    trains: Sequence[FiberTrains],
    *,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> IntegrateFireResponse:
    """Run integrate-and-fire circuits.

    Parameters
    ----------
    circuits : sequence of IntegrateFireCircuit
        One per condition.
    trains : sequence of FiberTrains
        Of the class ``"a_beta"``, one per condition; for example from `locked_trains`.
    duration_ms : float
        Length of each run, ms. Events from this time on are not taken.
    seed : int or numpy.random.SeedSequence
        Of the noise. Every condition gets the same noise, cell by cell, so that they can be
        compared.

    Returns
    -------
    IntegrateFireResponse

    Raises
    ------
    ModelError
        If the sequences differ in length, trains do not fit the circuit, or the duration is not a
        finite time above 0.

    Notes
    -----
    Inhibitory cells get no input from others, so they run first. Noise is one Poisson process per
    cell: the sum of the hundred sources of the published program, whose events are taken one by one
    there too. Events of one cell at the same time are taken in the order: end of the refractory
    time, afferents, inhibition, noise.
    Checked by ``tests/kernels/test_integrate_fire.py`` and ``tests/published/test_sagalajev.py``.

    References
    ----------
    Sagalajev et al. (2024), doi:10.1016/j.neuron.2023.10.021 (key sagalajev2024).
    """
    if len(circuits) != len(trains):
        msg = f"{len(circuits)} circuits and {len(trains)} sets of trains: each condition needs one of both; give two sequences of equal length."
        raise ModelError(msg)
    _check_duration(duration_ms)

    afferents = [
        _before(np.concatenate(check_trains(circuit.fibers, given).trains[FIBERS]), duration_ms)
        for circuit, given in zip(circuits, trains, strict=True)
    ]
    run = _Run(tuple(circuits), tuple(afferents), duration_ms, seed)
    nothing = (np.empty(0),) * len(circuits)
    inhibitory = _run_population(run, nothing, is_excitatory=False)
    inhibition = tuple(
        _before(
            np.concatenate([np.empty(0), *cells]) + c.inhibitory_to_excitatory_delay_ms, duration_ms
        )
        for c, cells in zip(circuits, inhibitory.spike_ms, strict=True)
    )
    excitatory = _run_population(run, inhibition, is_excitatory=True)

    is_good = excitatory.is_good & inhibitory.is_good
    spike_times = {
        f"{prefix}{cell}": tuple(
            cells[cell] if cell < len(cells) else np.empty(0) for cells in population.spike_ms
        )
        for prefix, population in (("e", excitatory), ("i", inhibitory))
        for cell in range(max((len(cells) for cells in population.spike_ms), default=0))
    }
    return IntegrateFireResponse(
        spike_times_ms=MappingProxyType(spike_times),
        duration_ms=duration_ms,
        excitatory_rate_hz=np.where(is_good, excitatory.mean_rates_hz(duration_ms), np.nan),
        inhibitory_rate_hz=np.where(is_good, inhibitory.mean_rates_hz(duration_ms), np.nan),
        status=np.where(is_good, Status.OK, Status.NOT_FINITE).astype(np.int8),
    )


def _before(times_ms: NDArray[np.float64], end_ms: float) -> NDArray[np.float64]:
    """Sort times and drop those from an end on."""
    return np.sort(times_ms[times_ms < end_ms])


class _Run(NamedTuple):
    """What both populations of a batch share: one circuit and one sorted input per condition."""

    circuits: tuple[IntegrateFireCircuit, ...]
    afferent_ms: tuple[NDArray[np.float64], ...]
    duration_ms: float
    seed: int | np.random.SeedSequence


class _Population(NamedTuple):
    """Spike times of a population, per condition and cell, ms, and which conditions stayed finite."""

    spike_ms: tuple[list[NDArray[np.float64]], ...]
    is_good: NDArray[np.bool_]

    def mean_rates_hz(self, duration_ms: float) -> NDArray[np.float64]:
        """Give the mean rate per cell of each condition, Hz; 0 for a population without cells."""
        counts = [
            sum(times.size for times in cells) / max(1, len(cells)) for cells in self.spike_ms
        ]
        return np.array(counts, dtype=np.float64) / (duration_ms * S_PER_MS)


def _noise_ms(run: _Run, population: str, cell: int, rate_hz: float) -> NDArray[np.float64]:
    """Draw the sorted noise events of a cell, ms: in each block uniform, their number Poisson."""
    rng = stream(run.seed, Purpose.NOISE, population, cell)
    blocks = []
    for block in range(math.ceil(run.duration_ms / _NOISE_BLOCK_MS)):
        n_events = rng.poisson(rate_hz * _NOISE_BLOCK_MS * S_PER_MS)
        blocks.append(_NOISE_BLOCK_MS * (block + rng.uniform(size=n_events)))
    return _before(np.concatenate(blocks), run.duration_ms)


def _run_population(
    run: _Run, inhibition_ms: Sequence[NDArray[np.float64]], *, is_excitatory: bool
) -> _Population:
    """Run one population in every condition, cell by cell: the noise of a cell serves them all."""
    # Loaded here, so that reading a circuit does not load the compiler.
    from scsim.kernels.integrate_fire import LOST, run_cell  # noqa: PLC0415

    name = "e" if is_excitatory else "i"
    taus = [c.tau_excitatory_ms if is_excitatory else c.tau_inhibitory_ms for c in run.circuits]
    constants = [_constants(c, is_excitatory=is_excitatory) for c in run.circuits]
    found: tuple[list[NDArray[np.float64]], ...] = tuple([] for _ in run.circuits)
    is_good = np.ones(len(run.circuits), dtype=np.bool_)
    for cell in range(max((len(tau_ms) for tau_ms in taus), default=0)):
        noise: dict[float, NDArray[np.float64]] = {}
        for index, circuit in enumerate(run.circuits):
            if cell >= len(taus[index]):
                continue
            rate_hz = circuit.noise_rate_hz
            if rate_hz not in noise:
                noise[rate_hz] = _noise_ms(run, name, cell, rate_hz)
            events = (run.afferent_ms[index], inhibition_ms[index], noise[rate_hz])
            spike_ms = np.empty(sum(times.size for times in events))
            count = run_cell(constants[index], taus[index][cell], *events, spike_ms)
            is_good[index] &= count != LOST
            found[index].append(spike_ms[: max(0, count)].copy())
    return _Population(found, is_good)


def _constants(circuit: IntegrateFireCircuit, *, is_excitatory: bool) -> "CellConstants":
    """Give what the cells of a population share, in the units of the kernel (which are the same)."""
    from scsim.kernels.integrate_fire import CellConstants  # noqa: PLC0415

    return CellConstants(
        start_mv=circuit.start_mv,
        rest_mv=circuit.rest_mv,
        threshold_mv=circuit.threshold_mv,
        refractory_ms=circuit.refractory_ms,
        capacitance_pf=circuit.capacitance_pf,
        tau_synapse_ms=circuit.tau_synapse_ms,
        constant_pa=circuit.constant_pa,
        afferent_pa=(
            circuit.afferent_to_excitatory_pa
            if is_excitatory
            else circuit.afferent_to_inhibitory_pa
        ),
        inhibition_pa=circuit.inhibitory_to_excitatory_pa,
        noise_pa=circuit.noise_pa,
    )
