"""The dorsal horn of a study: from config tables and recruited fibers to everything that a run depends on.

The tables themselves are in `circuit/sections.py`; the conditions run in `circuit/run_conditions.py`.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scsim.circuit import catalog
from scsim.circuit.afferents import AfferentSection, rate_input, spiking_input
from scsim.circuit.inputs.volleys import STIMULATED_KIND
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.rates.rate import RateCircuit
from scsim.circuit.sections import (
    OWN_FILE,
    CircuitSection,
    StatesSection,
    doses_of,
    run_times,
    slowest_time_constant_s,
)
from scsim.errors import ModelError

Doses = tuple[tuple[str, float], ...]
"""Pain states and their doses, as `scsim.circuit.sections.doses_of` gives them."""


@dataclass(frozen=True)
class RateCondition:
    """Everything that one run of a rate model depends on, as plain numbers and names.

    Attributes
    ----------
    model : str
        The circuit.
    doses : tuple of (str, float)
        Pain states and doses.
    f_a_hz, a_beta_rest_hz : float
        A-beta rate over the whole run, and the part of it that is natural, Hz.
    c_rest_hz, c_noxious_hz : float
        C rate before and during the noxious stimulus, Hz.
    noxious_onset_s, duration_s, readout_s : float
        Begin of the noxious stimulus, length of the run and of the readout at its end, s. A run
        that ends before the onset goes without the stimulus; `scsim.circuit.sections.time_faults` refuses it in
        a study.
    """

    model: str
    doses: Doses
    f_a_hz: float
    a_beta_rest_hz: float
    c_rest_hz: float
    c_noxious_hz: float
    noxious_onset_s: float
    duration_s: float
    readout_s: float


def _no_times() -> NDArray[np.float64]:
    return np.empty(0)


def _no_counts() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Volleys:
    """What stimulation sends to the circuit.

    Attributes
    ----------
    n_local, n_surround : int
        A-beta fibers of the circuit that follow every pulse.
    pulses_ms : ndarray of float64
        Times of the pulses, ms; empty where no fiber follows.
    marks_ms : ndarray of float64
        Times from which answers are told apart: the pulses, or the begin of each burst, ms.
    burst_ms : float
        Length of a burst, ms; 0 for single pulses.
    local_times_ms, surround_times_ms : ndarray of float64
        Spikes of fibers that do not follow pulse by pulse, one fiber after the other, ms.
    local_counts, surround_counts : ndarray of int64
        How many of these spikes each fiber has; empty where all fibers follow pulse by pulse.
    conduction_ms : float
        Time from a pulse to the dorsal horn beside the latencies of the fibers, ms; already in the times of spikes.
    """

    n_local: int = 0
    n_surround: int = 0
    pulses_ms: NDArray[np.float64] = field(default_factory=_no_times)
    marks_ms: NDArray[np.float64] = field(default_factory=_no_times)
    burst_ms: float = 0.0
    local_times_ms: NDArray[np.float64] = field(default_factory=_no_times)
    local_counts: NDArray[np.int64] = field(default_factory=_no_counts)
    surround_times_ms: NDArray[np.float64] = field(default_factory=_no_times)
    surround_counts: NDArray[np.int64] = field(default_factory=_no_counts)
    conduction_ms: float = 0.0


NO_VOLLEYS: Final = Volleys()
"""No stimulation, or none that reaches a fiber of the circuit."""


@dataclass(frozen=True, eq=False)
class SpikingCondition:
    """Everything that one run of a spiking circuit depends on.

    Attributes
    ----------
    model : str
        The circuit, or `scsim.circuit.sections.OWN_FILE`.
    path : str
        Path of the user's own circuit; empty for a circuit of the catalog.
    doses : tuple of (str, float)
        Pain states and doses.
    protocol : str
        Natural input.
    seed, realization : int
        Seed of the study, and which realization of the random trains.
    jitter_ms : float
        Spread of the volleys, ms.
    duration_s, readout_s : float
        Length of the run and of the readout at its end, s.
    volleys : Volleys
    """

    model: str
    path: str
    doses: Doses
    protocol: str
    seed: int
    realization: int
    jitter_ms: float
    duration_s: float
    readout_s: float
    volleys: Volleys = NO_VOLLEYS


class CaseConditions(NamedTuple):
    """The runs that one case needs, all of a rate model or all of a spiking circuit.

    Attributes
    ----------
    own : RateCondition or SpikingCondition
        The case itself.
    state_rest : RateCondition or SpikingCondition
        Same state without stimulation: the reference of the relief.
    healthy_rest : RateCondition or SpikingCondition
        Healthy circuit without stimulation: the reference of the pain signal.
    """

    own: RateCondition | SpikingCondition
    state_rest: RateCondition | SpikingCondition
    healthy_rest: RateCondition | SpikingCondition


@lru_cache(maxsize=8)
def _read_own(path: str, _: tuple[int, int]) -> SpikingCircuit:
    circuit = catalog.read_circuit(Path(path))
    if not isinstance(circuit, SpikingCircuit):
        msg = f"{path}: a study takes a spiking circuit; this one is of another kind. Choose it by circuit.model, or run it from Python."
        raise ModelError(msg)
    check_fibers(circuit)
    return circuit


def study_circuit(model: str, path: str | Path = "") -> RateCircuit | SpikingCircuit:
    """Give the healthy circuit of a study.

    Parameters
    ----------
    model : str
        One of `scsim.circuit.sections.MODELS`.
    path : str or Path
        The user's own circuit, if `model` asks for one.

    Returns
    -------
    RateCircuit or SpikingCircuit
        The same object while a file does not change.

    Raises
    ------
    ModelError, ScsimError, OSError
        If a file cannot be read or its circuit does not fit.
    """
    if model == OWN_FILE:
        status = Path(path).stat()
        return _read_own(str(path), (status.st_mtime_ns, status.st_size))
    circuit = catalog.load_circuit(model)
    if not isinstance(circuit, RateCircuit | SpikingCircuit):
        msg = f"a study does not run the circuit {model!r}; call scsim.simulate_integrate_fire from Python."
        raise ModelError(msg)
    return circuit


def check_fibers(circuit: SpikingCircuit) -> None:
    """Refuse a circuit without the fiber classes that a study drives.

    Parameters
    ----------
    circuit : SpikingCircuit

    Raises
    ------
    ModelError
        If local or surround A-beta fibers are missing: what stimulation recruits must reach the circuit.
    """
    found = {(one.kind, one.field) for one in circuit.fibers}
    missing = [field for field in ("local", "surround") if (STIMULATED_KIND, field) not in found]
    if missing:
        msg = f"the circuit {circuit.name!r} has no A-beta fibers of the {' or the '.join(missing)} field, which stimulation recruits; it has {', '.join(one.name for one in circuit.fibers) or 'no fibers'}. Add fiber classes of kind a_beta and the fields local and surround."
        raise ModelError(msg)


def fiber_counts(model: str, path: str | Path = "") -> tuple[int, int]:
    """Count the A-beta fibers that stimulation may drive in a circuit.

    Parameters
    ----------
    model, path
        As `study_circuit`.

    Returns
    -------
    tuple of int
        Local and surround fibers; (0, 0) for a rate model, which knows a mean rate only.
    """
    circuit = study_circuit(model, path)
    if isinstance(circuit, RateCircuit):
        return 0, 0
    counts = {
        field: sum(
            one.n_fibers
            for one in circuit.fibers
            if (one.kind, one.field) == (STIMULATED_KIND, field)
        )
        for field in ("local", "surround")
    }
    return counts["local"], counts["surround"]


def rate_conditions(
    circuit: CircuitSection, states: StatesSection, afferents: AfferentSection, f_a_hz: float
) -> CaseConditions:
    """Give the runs of a rate model that a case needs, in a form in which equal runs are equal.

    Parameters
    ----------
    circuit : CircuitSection
    states : StatesSection
    afferents : AfferentSection
    f_a_hz : float
        Mean A-beta rate of the case, Hz; see `scsim.circuit.afferents.a_beta_rate_hz`.

    Returns
    -------
    CaseConditions
    """
    inputs, times = rate_input(afferents), run_times(circuit)
    own = RateCondition(
        model=circuit.model,
        doses=doses_of(circuit, states),
        f_a_hz=f_a_hz,
        a_beta_rest_hz=inputs.a_beta_rest_hz,
        c_rest_hz=inputs.c_rest_hz,
        c_noxious_hz=inputs.c_noxious_hz,
        noxious_onset_s=inputs.noxious_onset_s,
        duration_s=times.duration_s,
        readout_s=times.readout_s,
    )
    state_rest = replace(own, f_a_hz=inputs.a_beta_rest_hz)
    return CaseConditions(own, state_rest, replace(state_rest, doses=()))


def spiking_conditions(own: SpikingCondition) -> CaseConditions:
    """Give the runs of a spiking circuit that a case needs.

    Parameters
    ----------
    own : SpikingCondition
        The case itself.

    Returns
    -------
    CaseConditions
        Those without stimulation have the same natural input.
    """
    state_rest = replace(own, volleys=NO_VOLLEYS)
    return CaseConditions(own, state_rest, replace(state_rest, doses=()))


def spiking_condition(
    circuit: CircuitSection,
    states: StatesSection,
    afferents: AfferentSection,
    volleys: Volleys,
    *,
    seed: int,
    path: str = "",
) -> SpikingCondition:
    """Give the run of a spiking circuit that a case asks for.

    Parameters
    ----------
    circuit : CircuitSection
    states : StatesSection
    afferents : AfferentSection
    volleys : Volleys
    seed : int
        Of the study.
    path : str
        Path of the user's own circuit.

    Returns
    -------
    SpikingCondition
    """
    inputs = spiking_input(afferents)
    times = run_times(circuit, slowest_time_constant_s(study_circuit(circuit.model, path)))
    return SpikingCondition(
        model=circuit.model,
        path=path,
        doses=doses_of(circuit, states),
        protocol=inputs.protocol,
        seed=seed,
        realization=inputs.realization,
        jitter_ms=inputs.jitter_ms,
        duration_s=times.duration_s,
        readout_s=times.readout_s,
        volleys=volleys,
    )
