"""Runs of the dorsal horn in a study: many conditions together.

What a condition is stands in `circuit/gate.py`; what the models compute, in `circuit/run_rate.py` and
`circuit/run_network.py`; what their output means, in `circuit/readout.py` and `circuit/pain.py`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.afferents import SPIKING_DEFAULTS, RateInput, noxious_boxes
from scsim.circuit.gate import Doses, RateCondition, SpikingCondition, Volleys, study_circuit
from scsim.circuit.inputs.damage import add_input_effects
from scsim.circuit.inputs.protocols import natural_trains
from scsim.circuit.inputs.trains import FiberTrains, merge_trains
from scsim.circuit.inputs.volleys import STIMULATED_KIND, followed_trains, stimulation_trains
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.rates.rate import InputBoxes, RateCircuit
from scsim.circuit.sections import SAMPLE_S
from scsim.circuit.states import apply_states, input_effects
from scsim.errors import ModelError
from scsim.formats.tables import load_table
from scsim.units import MS_PER_S

AFFERENT_STREAM: Final = 1
"""Place of the trains of the afferent fibers among the random streams of a study's seed."""


class _Timed(Protocol):
    """A condition that runs for some time and is read at its end."""

    @property
    def duration_s(self) -> float: ...

    @property
    def readout_s(self) -> float: ...


_C = TypeVar("_C", bound=_Timed)
_R = TypeVar("_R")


@dataclass(frozen=True)
class RateResponse:
    """What one run of a rate model did.

    Attributes
    ----------
    time_s : ndarray of float64, shape (n_samples,)
        Sample times, `SAMPLE_S` apart, s.
    projection_rate_hz : ndarray of float64, shape (n_samples,)
        Projection rate over time, Hz.
    mean_projection_rate_hz : float
        Mean over the readout, Hz; NaN where `status` is not OK.
    status : int
        `Status.OK` or `Status.NOT_FINITE`.
    """

    time_s: NDArray[np.float64]
    projection_rate_hz: NDArray[np.float64]
    mean_projection_rate_hz: float
    status: int


@dataclass(frozen=True)
class SpikingResponse:
    """What one run of a spiking circuit did.

    Attributes
    ----------
    cells : tuple of str
        Names of the cells.
    projection : str
        Which of them leaves the circuit.
    spikes_ms : tuple of ndarray of float64
        Spike times of each cell, ms.
    status : int
        `Status.OK` or `Status.NOT_FINITE`.
    """

    cells: tuple[str, ...]
    projection: str
    spikes_ms: tuple[NDArray[np.float64], ...]
    status: int

    @property
    def projection_spikes_ms(self) -> NDArray[np.float64]:
        """Spike times of the projection cell, ms."""
        return self.spikes_ms[self.cells.index(self.projection)]


def run_rate_conditions(conditions: Sequence[RateCondition]) -> tuple[RateResponse, ...]:
    """Run conditions of rate models, those of equal length together in lanes.

    Parameters
    ----------
    conditions : sequence of RateCondition
        In any order; a condition's numbers do not depend on the others.

    Returns
    -------
    tuple of RateResponse
        One per condition, in the same order.

    Raises
    ------
    ModelError
        If a model or state is not known, or times do not lie on the grid.
    """
    return _run_by_times(conditions, _run_rate_group)


def run_spiking_conditions(conditions: Sequence[SpikingCondition]) -> tuple[SpikingResponse, ...]:
    """Run conditions of spiking circuits, those of equal length together in lanes.

    Parameters
    ----------
    conditions : sequence of SpikingCondition
        In any order; a condition's spikes do not depend on the others.

    Returns
    -------
    tuple of SpikingResponse
        One per condition, in the same order.

    Raises
    ------
    ModelError
        If a model, state or protocol is not known.
    """
    return _run_by_times(conditions, _run_spiking_group)


def _run_by_times(
    conditions: Sequence[_C], run: Callable[[Sequence[_C]], Sequence[_R]]
) -> tuple[_R, ...]:
    """Run conditions in groups of equal duration and readout."""
    groups: dict[tuple[float, float], list[int]] = {}
    for index, condition in enumerate(conditions):
        groups.setdefault((condition.duration_s, condition.readout_s), []).append(index)
    responses: dict[int, _R] = {}
    for members in groups.values():
        together = run([conditions[index] for index in members])
        responses.update(zip(members, together, strict=True))
    return tuple(responses[index] for index in range(len(conditions)))


def _run_rate_group(conditions: Sequence[RateCondition]) -> list[RateResponse]:
    # Loaded here, so that reading a config does not load the compiler.
    from scsim.circuit.rates.run_rate import simulate_rates  # noqa: PLC0415

    healthy = [study_circuit(one.model) for one in conditions]
    circuits = [circuit for circuit in healthy if isinstance(circuit, RateCircuit)]
    if len(circuits) < len(healthy):
        msg = f"circuits {', '.join(one.model for one in conditions)}: not all of them are rate models; run the others as spiking circuits."
        raise ModelError(msg)
    together = simulate_rates(
        [
            apply_states(circuit, dict(one.doses))
            for circuit, one in zip(circuits, conditions, strict=True)
        ],
        [_boxes(circuit, one) for circuit, one in zip(circuits, conditions, strict=True)],
        duration_s=conditions[0].duration_s,
        sample_s=SAMPLE_S,
        readout_s=conditions[0].readout_s,
    )
    return [
        RateResponse(
            time_s=together.time_s,
            projection_rate_hz=together.projection_rate_hz[row],
            mean_projection_rate_hz=float(together.mean_projection_rate_hz[row]),
            status=int(together.status[row]),
        )
        for row in range(len(conditions))
    ]


def _run_spiking_group(conditions: Sequence[SpikingCondition]) -> list[SpikingResponse]:
    # Loaded here, so that reading a config does not load the compiler.
    from scsim.circuit.networks.run_network import simulate_network  # noqa: PLC0415

    circuits = [_spiking_circuit(one.model, one.path, one.doses) for one in conditions]
    natural: dict[object, FiberTrains] = {}
    trains = [
        _trains(one, circuit, natural) for one, circuit in zip(conditions, circuits, strict=True)
    ]
    together = simulate_network(
        circuits, trains, duration_ms=conditions[0].duration_s * MS_PER_S, lanes="wide"
    )
    return [
        SpikingResponse(
            cells=tuple(cell.name for cell in circuit.cells),
            projection=circuit.projection,
            spikes_ms=tuple(together.spike_times_ms[cell.name][row] for cell in circuit.cells),
            status=int(together.status[row]),
        )
        for row, circuit in enumerate(circuits)
    ]


@lru_cache(maxsize=256)
def _changed(healthy: SpikingCircuit, doses: Doses) -> SpikingCircuit:
    """Apply pain states once, so that conditions of one state share one circuit."""
    return apply_states(healthy, dict(doses))


def _spiking_circuit(model: str, path: str, doses: Doses) -> SpikingCircuit:
    healthy = study_circuit(model, path)
    if not isinstance(healthy, SpikingCircuit):
        msg = f"{model!r} is no spiking circuit; run it as a rate model."
        raise ModelError(msg)
    return _changed(healthy, doses)


def _trains(
    condition: SpikingCondition, circuit: SpikingCircuit, known: dict[object, FiberTrains]
) -> FiberTrains:
    """Draw the natural input of a condition, changed as its pain states say, and add the volleys."""
    duration_ms = condition.duration_s * MS_PER_S
    seed = np.random.SeedSequence(
        condition.seed, spawn_key=(AFFERENT_STREAM, condition.realization)
    )
    effects = input_effects(study_circuit(condition.model, condition.path), dict(condition.doses))
    key = (condition.seed, condition.realization, condition.protocol, circuit.fibers, effects)
    if key not in known:
        natural = natural_trains(
            circuit.fibers, condition.protocol, duration_ms=duration_ms, seed=seed
        )
        known[key] = add_input_effects(
            circuit.fibers, natural, effects, duration_ms=duration_ms, seed=seed
        )
    volleys = condition.volleys
    if volleys.local_counts.size or volleys.surround_counts.size:
        driven = followed_trains(
            circuit.fibers,
            _spikes_by_class(circuit, volleys),
            conduction_ms=volleys.conduction_ms,
            jitter_ms=condition.jitter_ms,
            seed=seed,
            duration_ms=duration_ms,
        )
        return merge_trains(known[key], driven)
    if not volleys.pulses_ms.size:
        return known[key]
    driven = stimulation_trains(
        circuit.fibers,
        volleys.pulses_ms,
        n_local=volleys.n_local,
        n_surround=volleys.n_surround,
        conduction_ms=volleys.conduction_ms,
        jitter_ms=condition.jitter_ms,
        seed=seed,
        duration_ms=duration_ms,
    )
    return merge_trains(known[key], driven)


def _spikes_by_class(
    circuit: SpikingCircuit, volleys: Volleys
) -> dict[str, list[NDArray[np.float64]]]:
    """Part flat spike times into the trains of the local and of the surround fibers, as they left the fiber stage."""
    flat = {
        "local": (volleys.local_times_ms, volleys.local_counts),
        "surround": (volleys.surround_times_ms, volleys.surround_counts),
    }
    return {
        one.name: np.split(
            np.maximum(flat[one.field][0] - volleys.conduction_ms, 0.0),
            np.cumsum(flat[one.field][1])[:-1],
        )
        for one in circuit.fibers
        if one.kind == STIMULATED_KIND
    }


def _boxes(circuit: RateCircuit, condition: RateCondition) -> InputBoxes:
    """Give the afferent input of a condition, changed as its pain states say."""
    effects = input_effects(circuit, dict(condition.doses))
    ectopic_hz, silent_share = dict(effects.ectopic_hz), dict(effects.silent_share)

    def changed(fibers: str, rate_hz: float, driven_hz: float = 0.0) -> float:
        natural_hz = (1.0 - silent_share.get(fibers, 0.0)) * rate_hz
        return natural_hz + driven_hz + ectopic_hz.get(fibers, 0.0)

    rest_hz = condition.a_beta_rest_hz
    inputs = RateInput(
        a_beta_rest_hz=rest_hz,
        c_rest_hz=changed("c", condition.c_rest_hz),
        c_noxious_hz=changed("c", condition.c_noxious_hz),
        noxious_onset_s=condition.noxious_onset_s,
    )
    return noxious_boxes(inputs, changed("a_beta", rest_hz, condition.f_a_hz - rest_hz))


def binned_rate(
    spikes_ms: NDArray[np.float64], duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count spikes in bins of the whole run.

    Parameters
    ----------
    spikes_ms : ndarray of float64
        Spike times of one cell, ms.
    duration_s : float
        Length of the run, s.

    Returns
    -------
    time_s : ndarray of float64, shape (n_bins,)
        Middle of each bin, s; the last bin may be cut by the end of the run.
    rate_hz : ndarray of float64, shape (n_bins,)
        Spikes per length of the bin, Hz.
    """
    bin_s = load_table(SPIKING_DEFAULTS).number("bin_s")
    n_bins = math.ceil(round(duration_s / bin_s, 6))
    edges_s = np.minimum(np.arange(n_bins + 1) * bin_s, duration_s)
    counts, _ = np.histogram(spikes_ms / MS_PER_S, edges_s)
    return 0.5 * (edges_s[1:] + edges_s[:-1]), counts / np.diff(edges_s)
