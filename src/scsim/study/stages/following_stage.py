"""The stage in which fibers that cannot simply follow the pulses are simulated: bursts, kilohertz, fast trains.

It does nothing for tonic pulses up to the rate that every recruited fiber follows. Physics is in the rooms; the
table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.gate import fiber_counts
from scsim.circuit.sections import OWN_FILE
from scsim.electrodes.montage import share_vector
from scsim.errors import ConvergenceError, Status, advice
from scsim.fibers.assemble import lanes_of
from scsim.fibers.fiber import Fiber
from scsim.fibers.solver import Solver
from scsim.fields.unit_potential import superpose
from scsim.populations.dermatomes import conduction_ms
from scsim.response.following import (
    caudal_detector,
    follow_pattern,
    mean_rate_hz,
    needs_fibers,
    representative_fibers,
)
from scsim.response.recruitment import recruited_share
from scsim.stimulus.pattern import StimulusSection, stimulus_pulse
from scsim.study.inputs import input_path
from scsim.study.stages.fiber_stages import cathode_mm, horn_way_mm, large_weight, local_mask
from scsim.study.stages.solver import STUDY_SOLVER, study_solver
from scsim.study.stages.stage import rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit

FIELDS: Final = ("local", "surround")
"""Fields of the fibers of a circuit."""

KILOHERTZ_STEP_US: Final = 5.0
"""Longest step at kilohertz rates, µs. With steps of 10 and 5 µs, 32 fibers at 10 kHz fired 57 % and 3 % more often
than with 2.5 µs near their threshold, 21 % and 7 % less often at twice that; bursts and 1 kHz within 5 % with 10 µs."""

_N_OF_RATE_MODELS: Final = 30
"""Fibers whose mean rate stands for all in a rate model: as many as the spiking circuits have."""


def asks_for_fibers(config: StudyConfig) -> bool:
    """Whether a case needs this stage to simulate fibers."""
    return needs_fibers(config.stimulus)


def count_follow_groups(config: StudyConfig) -> int:
    """Count the lane groups of simulated fibers of a case at most."""
    if not asks_for_fibers(config):
        return 0
    n_fibers = sum(_counts(config)) or _N_OF_RATE_MODELS
    return -(-min(n_fibers, config.fibers.n_fibers) // lanes_of(STUDY_SOLVER))


def _counts(config: StudyConfig) -> tuple[int, int]:
    """Count the local and the surround fibers of the circuit of a case."""
    circuit = config.circuit
    is_own = circuit.model == OWN_FILE and circuit.file is not None
    path = str(input_path(config.folder, circuit.file)) if is_own and circuit.file else ""
    return fiber_counts(circuit.model, path)


def _chosen(config: StudyConfig, upstream: Mapping[str, Outputs]) -> list[NDArray[np.int64]]:
    """Choose the fibers that stand for those of the circuit: of each field; of all for a rate model."""
    population, threshold_ma = upstream["population"], upstream["thresholds"]["threshold_ma"]
    large, is_local = large_weight(config, population), local_mask(config, population)
    counts = _counts(config)
    if not any(counts):
        return [representative_fibers(large, threshold_ma, _N_OF_RATE_MODELS)]
    return [
        representative_fibers(np.where(mask, large, 0.0), threshold_ma, n_fibers)
        for mask, n_fibers in zip((is_local, ~is_local), counts, strict=True)
    ]


def prepare_following(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Put the fibers that stand for those of the circuit into lane groups."""
    if not asks_for_fibers(config):
        return ()
    population, field = upstream["population"], upstream["field"]
    shares = share_vector(config.montage, field["contact"].tolist())
    potential = superpose(field["unit_potential_mv_per_ma"], shares)
    ends = np.cumsum(field["n_compartments"])
    simulated = np.unique(np.concatenate(_chosen(config, upstream)))
    detector = np.array([caudal_detector(n_nodes) for n_nodes in population["n_nodes"].tolist()])
    units: list[Unit] = []
    width = lanes_of(STUDY_SOLVER)
    for first in range(0, simulated.size, width):
        group = simulated[first : first + width]
        parts = [
            potential[end - n : end]
            for n, end in zip(field["n_compartments"][group], ends[group], strict=True)
        ]
        units.append(
            {
                "model": config.fibers.model,
                "fiber": group,
                "fiber_diameter_um": population["fiber_diameter_um"][group],
                "n_nodes": population["n_nodes"][group],
                "n_compartments": field["n_compartments"][group],
                "detector": detector[group],
                "potential_mv_per_ma": np.concatenate(parts),
                **{one.name: getattr(config.stimulus, one.name) for one in fields(StimulusSection)},
                **_flat_solver(config.stimulus),
            }
        )
    return tuple(units)


def _flat_solver(section: StimulusSection) -> dict[str, Any]:
    """Fields of the solver that fits a pattern."""
    solver = study_solver(stimulus_pulse(section))
    if section.pattern == "kilohertz":
        solver = replace(solver, dt_us=min(solver.dt_us, KILOHERTZ_STEP_US))
    return asdict(solver)


def compute_following(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Simulate each group of fibers; voltages that are not finite are an error, not silence."""
    outputs: list[Outputs] = []
    for unit in units:
        fibers = [
            Fiber(unit["model"], diameter_um, n_nodes)
            for diameter_um, n_nodes in zip(
                unit["fiber_diameter_um"].tolist(), unit["n_nodes"].tolist(), strict=True
            )
        ]
        potentials = np.split(unit["potential_mv_per_ma"], np.cumsum(unit["n_compartments"])[:-1])
        section = rebuild(StimulusSection, unit)
        found = follow_pattern(
            fibers,
            potentials,
            section,
            unit["detector"].tolist(),
            rebuild(Solver, unit),
        )
        broken = found.status != Status.OK
        if broken.any():
            message = (
                f"{np.count_nonzero(broken)} of {broken.size} fibers under {section.amplitude_ma:g} mA: "
                f"{advice(int(found.status[broken][0]))}."
            )
            raise ConvergenceError(message)
        outputs.append(
            {
                "fiber": unit["fiber"],
                "n_spikes": np.array([times.size for times in found.spike_times_ms]),
                "spike_times_ms": np.concatenate([*found.spike_times_ms, np.empty(0)]),
                "cut_ms": found.cut_ms,
                "repeat_ms": found.repeat_ms,
            }
        )
    return outputs


def warm_up_following(units: Sequence[Unit]) -> None:
    """Make the kernels of the simulation ready, on the first fibers and one short pulse."""
    from scsim.response.simulate import simulate  # noqa: PLC0415 - as the units need it

    unit = units[0]
    fiber = Fiber(unit["model"], float(unit["fiber_diameter_um"][0]), n_nodes=5)
    pulse = stimulus_pulse(rebuild(StimulusSection, unit))
    simulate(
        [fiber],
        [np.zeros((1, fiber.n_compartments))],
        pulse,
        amplitude_ma=1.0,
        onsets_ms=(0.0,),
        record_nodes=(),
        spikes_at=(1,),
        solver=rebuild(Solver, unit),
        window_ms=2.0 * pulse.duration_ms + 1.0,
    )


def join_following(
    config: StudyConfig, upstream: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    """Give each fiber of the circuit the train of the fiber that stands for it, as it reaches the dorsal horn."""
    population = upstream["population"]
    if not asks_for_fibers(config):
        threshold_ma = upstream["thresholds"]["threshold_ma"]
        weight, amplitude_ma = large_weight(config, population), config.stimulus.amplitude_ma
        share = recruited_share(threshold_ma, weight, amplitude_ma)
        return {
            "is_followed": np.array(0, dtype=np.int8),
            "followed_rate_hz": np.array(share * config.stimulus.frequency_hz),
        }
    trains = _trains(config, population, outputs)
    chosen = _chosen(config, upstream)
    large, is_local = large_weight(config, population), local_mask(config, population)
    found: dict[str, NDArray[Any]] = {"is_followed": np.array(1, dtype=np.int8)}
    rates = [np.array([trains[fiber].rate_hz for fiber in some]) for some in chosen]
    weights = [large.sum()] if len(chosen) == 1 else [large[is_local].sum(), large[~is_local].sum()]
    present = [
        (rate.mean(), weight) for rate, weight in zip(rates, weights, strict=True) if rate.size
    ]
    means, parts = np.transpose(present) if present else (np.zeros(1), np.ones(1))
    found["followed_rate_hz"] = np.array(float(means @ parts) / float(parts.sum()))
    if len(chosen) == len(FIELDS):
        for field, some, n_fibers in zip(FIELDS, chosen, _counts(config), strict=True):
            # A field in which no fiber lies has silent fibers.
            of_field = [trains[fiber] for fiber in some] or [_SILENT] * n_fibers
            found |= _flat_trains(field, of_field)
    return found


@dataclass(frozen=True)
class _Train:
    """Spikes of one fiber at the dorsal horn: times, the cut and the length of what repeats before it, ms; rate, Hz."""

    times_ms: NDArray[np.float64]
    cut_ms: float
    repeat_ms: float
    rate_hz: float


_SILENT: Final = _Train(np.empty(0), cut_ms=1.0, repeat_ms=1.0, rate_hz=0.0)


def _trains(
    config: StudyConfig, population: Outputs, outputs: Sequence[Outputs]
) -> dict[int, _Train]:
    """Bring the spikes of each simulated fiber from the detector to the dorsal horn."""
    start, end = population["fiber_start_mm"][:, 2], population["fiber_end_mm"][:, 2]
    found: dict[int, _Train] = {}
    for output in outputs:
        spikes = np.split(output["spike_times_ms"], np.cumsum(output["n_spikes"])[:-1])
        for fiber, times, cut, repeat in zip(
            output["fiber"].tolist(),
            spikes,
            output["cut_ms"].tolist(),
            output["repeat_ms"].tolist(),
            strict=True,
        ):
            n_nodes = int(population["n_nodes"][fiber])
            share = caudal_detector(n_nodes) / (n_nodes - 1)
            detector_mm = start[fiber] + share * (end[fiber] - start[fiber])
            way_mm = horn_way_mm(config) - abs(cathode_mm(config) - detector_mm)
            delay = float(conduction_ms(way_mm, population["fiber_diameter_um"][fiber]))
            found[fiber] = _Train(
                np.maximum(times + delay, 0.0),
                cut + delay,
                repeat,
                mean_rate_hz(times, cut, repeat),
            )
    return found


def _flat_trains(field: str, trains: Sequence[_Train]) -> dict[str, NDArray[Any]]:
    """Lay the trains of a field flat."""
    sizes = [train.times_ms.size for train in trains]
    return {
        f"{field}_follow_times_ms": np.concatenate(
            [*(train.times_ms for train in trains), np.empty(0)]
        ),
        f"{field}_follow_offsets": np.cumsum([0, *sizes], dtype=np.int64),
        f"{field}_follow_cut_ms": np.array([train.cut_ms for train in trains]),
        f"{field}_follow_repeat_ms": np.array([train.repeat_ms for train in trains]),
    }
