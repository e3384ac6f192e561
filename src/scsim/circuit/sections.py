"""Config tables of the dorsal horn, and what of them goes together.

How a case runs is in `circuit/gate.py`, what its fibers carry in `circuit/afferents.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from annotated_types import Gt, Le

from scsim.circuit.afferents import (
    DEFAULTS,
    RATE_KEYS,
    SPIKING_DEFAULTS,
    SPIKING_KEYS,
    AfferentSection,
    Share,
    rate_input,
    table_default,
)
from scsim.circuit.catalog import load_circuit
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.rates.rate import STEP_S, RateCircuit, grid_fault
from scsim.circuit.states import HEALTHY, state_names, states_of
from scsim.errors import ModelError
from scsim.formats.tables import load_table
from scsim.units import S_PER_MS

SAMPLE_S: Final = 0.01
"""Grid of run times, s, and distance of the samples of a rate model's time course: half the longest time
constant of its neurons."""

OWN_FILE: Final = "file"
"""Name of the model that stands for a circuit file of the user."""

MODELS: Final[Mapping[str, str]] = MappingProxyType(
    {"zhang2014": "spiking", "crodelle2019": "rate", OWN_FILE: "spiking"}
)
"""Circuits of a study, and which kind each is."""

Dose = Share
"""Dose of a pain state: 0 (healthy) to 1 (full change)."""


@dataclass(frozen=True)
class CircuitSection:
    """Config table ``[circuit]``: the dorsal-horn model, its pain state and how long it runs.

    Attributes
    ----------
    model : str
        The circuit: "zhang2014", four spiking neurons of many compartments; "crodelle2019", a rate model; "file",
        a spiking circuit of your own.
    file : str or None
        Circuit table for model "file", beside the config. It needs the fiber classes a_beta, a_beta_surround,
        a_delta and c; see ``examples/own_circuit.toml``.
    state : str
        The pain state: "healthy", or another name of ``scsim list states``. States that act together stand in
        ``[states]``.
    dose : float
        How far the state is from healthy, 0 (healthy) to 1. At 2/3 the disinhibited circuit has
        half of its inhibition.
    duration_s : float or None
        Length of a run, s, above 0, at most 600; a whole number of 0.01 s. None is 4 s.
    readout_s : float or None
        Rates are means over the last `readout_s` of a run, s, above 0; a whole number of 0.01 s.
        None: spiking circuits leave out the first second, rate models read the last one. With rate models
        the noxious stimulus must have begun by then: `duration_s` must exceed
        `afferents.noxious_onset_s` + `readout_s`. The rate may still be changing: near
        the edges of what stimulation can switch off it drifts for many seconds, and only a longer
        run shows where it ends.
    readout : {"window", "steady"}
        "window": the mean over the readout, whatever still changes in it. "steady": refused unless the run
        before the readout lasts three time constants of the slowest transient (NK1 receptors of zhang2014: 3 s;
        NMDA gain of crodelle2019: 1 s, from the noxious stimulus on).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    model: Literal["zhang2014", "crodelle2019", "file"] = "zhang2014"
    file: str | None = None
    state: str = HEALTHY
    dose: Dose = field(default_factory=table_default(DEFAULTS, "circuit.dose"))
    duration_s: Annotated[float, Gt(0), Le(600)] | None = None
    readout_s: Annotated[float, Gt(0), Le(600)] | None = None
    readout: Literal["window", "steady"] = "window"


@dataclass(frozen=True)
class StatesSection:
    """Config table ``[states]``: pain states that act together, each with its dose.

    They act beside `CircuitSection.state`. A state whose mechanism the circuit lacks is refused.

    Attributes
    ----------
    disinhibited : float
        Weaker GABA: dose 0 to 1.
    glycine_loss : float
        Weaker glycine: dose 0 to 1.
    chloride_shift : float
        Reversal potential of inhibition less negative: dose 0 to 1.
    sensitized : float
        Stronger NMDA and NK1 receptors, as after wind-up: dose 0 to 1.
    ectopic_a : float
        Discharge of A fibers by themselves: dose 0 to 1.
    ectopic_c : float
        Discharge of C fibers by themselves: dose 0 to 1.
    deafferented : float
        Lost afferent fibers: dose 0 to 1.
    descending_inhibition : float
        Steady inhibition from the brain: dose 0 to 1.
    descending_facilitation : float
        Steady excitation from the brain: dose 0 to 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    disinhibited: Dose = 0.0
    glycine_loss: Dose = 0.0
    chloride_shift: Dose = 0.0
    sensitized: Dose = 0.0
    ectopic_a: Dose = 0.0
    ectopic_c: Dose = 0.0
    deafferented: Dose = 0.0
    descending_inhibition: Dose = 0.0
    descending_facilitation: Dose = 0.0


class RunTimes(NamedTuple):
    """Times of a run, defaults filled in.

    Attributes
    ----------
    duration_s, readout_s : float
        Length of a run, and of the readout at its end, s; the readout may be 0 or below where a section has faults.
    """

    duration_s: float
    readout_s: float


def is_spiking(model: str) -> bool:
    """Whether a circuit of a study has spiking cells.

    Parameters
    ----------
    model : str
        One of `MODELS`.

    Returns
    -------
    bool
    """
    return MODELS[model] == "spiking"


def run_times(circuit: CircuitSection, slowest_s: float | None = None) -> RunTimes:
    """Give the length of a run and of its readout.

    Parameters
    ----------
    circuit : CircuitSection
    slowest_s : float, optional
        Slowest time constant, s, for a readout of steady rates; that of the circuit of the catalog if left out.

    Returns
    -------
    RunTimes
        Keys that are not written have the values of the tables ``studies/rate`` and ``studies/spiking``.
    """
    kind = MODELS[circuit.model]
    table = load_table(f"studies/{kind}")
    duration_s = circuit.duration_s
    if duration_s is None:
        duration_s = table.number("duration_s")
    readout_s = circuit.readout_s
    if readout_s is None and kind == "rate":
        readout_s = table.number("readout_s")
    elif readout_s is None:
        unread_s = table.number("unread_s")
        if circuit.readout == "steady":
            unread_s = max(unread_s, settling_s(circuit, slowest_s))
        readout_s = round(duration_s - unread_s, 10)
    return RunTimes(duration_s, readout_s)


def settling_s(circuit: CircuitSection, slowest_s: float | None = None) -> float:
    """Give the time that the slowest transient of a circuit needs, s.

    Parameters
    ----------
    circuit : CircuitSection
    slowest_s : float, optional
        As `run_times`.

    Returns
    -------
    float
        Three of its time constants: then it is within 5 % of its end; rounded up to the grid of times.
    """
    if slowest_s is None:
        slowest_s = slowest_time_constant_s(load_circuit(circuit.model))
    settling = load_table(DEFAULTS).number("steady.time_constants") * slowest_s
    return round(-(-round(settling / SAMPLE_S, 6) // 1) * SAMPLE_S, 10)


def slowest_time_constant_s(circuit: object) -> float:
    """Give the slowest time constant of a circuit, s.

    Parameters
    ----------
    circuit : RateCircuit or SpikingCircuit

    Returns
    -------
    float
        Of the receptors of a spiking circuit that are connected, of the populations and the gain of a rate model.

    Raises
    ------
    ModelError
        If the circuit is of another kind.
    """
    if isinstance(circuit, SpikingCircuit):
        used = {connection.receptor for connection in circuit.connections}
        decays = [one.decay_ms for one in circuit.receptors if one.name in used]
        return max(decays, default=0.0) * S_PER_MS
    if isinstance(circuit, RateCircuit):
        names = [one.name for one in fields(circuit) if one.name.startswith("tau_")]
        return max(float(getattr(circuit, name)) for name in names) * S_PER_MS
    msg = f"{circuit!r}: a study runs rate models and spiking circuits; choose one of {', '.join(MODELS)}."
    raise ModelError(msg)


def doses_of(circuit: CircuitSection, states: StatesSection) -> tuple[tuple[str, float], ...]:
    """Give all pain states of a case with their doses.

    Parameters
    ----------
    circuit : CircuitSection
    states : StatesSection

    Returns
    -------
    tuple of (str, float)
        In alphabetical order, without those of dose 0, so that equal circuits are equal.
    """
    doses = {one.name: float(getattr(states, one.name)) for one in fields(StatesSection)}
    if circuit.state != HEALTHY:
        doses[circuit.state] = circuit.dose
    return tuple(sorted((name, dose) for name, dose in doses.items() if dose > 0))


def state_fault(circuit: RateCircuit | SpikingCircuit, state: str) -> str | None:
    """Say why a circuit cannot have a pain state.

    Parameters
    ----------
    circuit : RateCircuit or SpikingCircuit
    state : str

    Returns
    -------
    str or None
        Message; None if the circuit has the mechanisms of the state.
    """
    if state not in state_names():
        return unknown_name("pain state", state, state_names())
    known = states_of(circuit)
    if state in known:
        return None
    return f"the circuit {circuit.name} lacks what the state {state} changes; it has the states {', '.join(known)}. Choose one of these, or another circuit."


def model_fault(model: str, key: str) -> str | None:
    """Say why a key does not go with a model.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    key : str
        Key of ``[afferents]``, written.

    Returns
    -------
    str or None
        Message; None if the model reads the key.
    """
    spiking = [name for name, kind in MODELS.items() if kind == "spiking" and name != OWN_FILE]
    rate = [name for name, kind in MODELS.items() if kind == "rate"]
    if is_spiking(model) and key in RATE_KEYS:
        return f"the spiking circuit {model} does not read it; its fibers fire as afferents.protocol says. Remove it, or choose a rate model: {', '.join(rate)}."
    if not is_spiking(model) and key in SPIKING_KEYS:
        return f"the rate model {model} has no spike trains and does not read it. Remove it, or choose a spiking circuit: {', '.join(spiking)}."
    return None


def time_faults(
    circuit: CircuitSection, afferents: AfferentSection, slowest_s: float | None = None
) -> list[tuple[str, str]]:
    """List what is wrong with the times of a run.

    Parameters
    ----------
    circuit : CircuitSection
    afferents : AfferentSection
    slowest_s : float, optional
        As `run_times`.

    Returns
    -------
    list of (str, str)
        Dotted key, and a message that says what is wrong and what to do; empty if all is well.
    """
    faults = list(_grid_faults(circuit, afferents))
    if not faults:
        faults += _order_faults(circuit, afferents, slowest_s)
    return faults


def _grid_faults(circuit: CircuitSection, afferents: AfferentSection) -> Iterator[tuple[str, str]]:
    for key, value_s, unit_s in (
        ("circuit.duration_s", circuit.duration_s, SAMPLE_S),
        ("circuit.readout_s", circuit.readout_s, SAMPLE_S),
        ("afferents.noxious_onset_s", afferents.noxious_onset_s, STEP_S),
    ):
        fault = None if value_s is None else grid_fault(value_s, unit_s)
        if fault:
            yield key, fault


def _order_faults(
    circuit: CircuitSection, afferents: AfferentSection, slowest_s: float | None
) -> Iterator[tuple[str, str]]:
    """Find a readout that begins before the circuit is ready for it."""
    duration_s, readout_s = run_times(circuit, slowest_s)
    is_rate = not is_spiking(circuit.model)
    onset_s = rate_input(afferents).noxious_onset_s if is_rate else 0.0
    if circuit.readout == "steady":
        ready_s = onset_s + settling_s(circuit, slowest_s)
        least_s = SAMPLE_S if circuit.readout_s is None and not is_rate else readout_s
        if _is_below(duration_s, ready_s + least_s):
            message = (
                f"a run of {duration_s:g} s is too short for steady rates: the slowest transient of "
                f"{circuit.model} needs {ready_s:g} s before a readout of {least_s:g} s. Write at least "
                f'{ready_s + least_s:g} s, or readout = "window" for the mean of what still changes.'
            )
            yield "circuit.duration_s", message
        return
    if is_rate:
        earliest_s = onset_s + readout_s
        if duration_s <= earliest_s:
            message = (
                f"a run of {duration_s:g} s ends before the readout of {readout_s:g} s can "
                f"follow the noxious stimulus at {onset_s:g} s: it must be longer than "
                f"{earliest_s:g} s; lengthen duration_s, or shorten readout_s or afferents.noxious_onset_s."
            )
            yield "circuit.duration_s", message
        return
    transient_s = load_table(SPIKING_DEFAULTS).number("transient_s")
    if circuit.readout_s is None and readout_s <= 0:
        unread_s = round(duration_s - readout_s, 10)
        message = (
            f"a run of {duration_s:g} s leaves nothing to read: without readout_s the first {unread_s:g} s "
            f"are left out. Write more than {unread_s:g} s, or readout_s."
        )
        yield "circuit.duration_s", message
    elif _is_below(duration_s, transient_s + readout_s):
        message = (
            f"a run of {duration_s:g} s is too short for a readout of {readout_s:g} s: the transient at its "
            f"start takes {transient_s:g} s. Write at least {transient_s + readout_s:g} s, or a shorter readout_s."
        )
        yield "circuit.duration_s", message


def _is_below(value: float, limit: float) -> bool:
    """Whether a time lies below a limit by more than rounding."""
    return value < limit - 0.5 * SAMPLE_S
