"""The stages of a study: from config sections and earlier outputs to named arrays.

With ``field_stages.py`` the only file that knows field, fibers and circuit at once. Each stage says which config
keys it reads; a test holds it to that. Physics is in the rooms, running in ``run.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from scsim.circuit.afferents import AfferentSection, a_beta_rate_hz
from scsim.circuit.gate import (
    SAMPLE_S,
    CircuitSection,
    Condition,
    case_conditions,
    run_conditions,
)
from scsim.circuit.pain import pain_signal, relief
from scsim.electrodes.montage import share_vector
from scsim.fibers.assemble import lanes_of
from scsim.fibers.fiber import Fiber
from scsim.fibers.solver import Solver
from scsim.fields.unit_potential import superpose
from scsim.kernels.layouts import LANES
from scsim.populations.dorsal_column import sample_dorsal_column
from scsim.response.recruitment import recruited_share
from scsim.response.threshold import (
    ThresholdProtocol,
    long_fiber_protocol,
    search_thresholds,
)
from scsim.stimulus.pattern import stimulus_pulse
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.safety import charge_report
from scsim.study.field_stages import (
    compute_field,
    compute_impedance,
    compute_profile,
    compute_solution,
    count_solutions,
    distinct_solution,
    join_solution,
    prepare_field,
    prepare_geometry,
    prepare_profile,
    prepare_setup,
    prepare_solution,
)
from scsim.study.places import contact_span_mm, unplaced_leads
from scsim.study.solver import STUDY_SOLVER, study_solver
from scsim.tissue import load_spine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig

Unit = Mapping[str, Any]
"""What one piece of work depends on: arrays, numbers and texts by name. Equal units run once.

Units of transient stages are not compared, so they may hold objects."""

Outputs = Mapping[str, "NDArray[Any]"]
"""Arrays by name, those of datasets as `scsim.results.schema` calls them."""

POPULATION_STREAM: Final = 0
"""Place of the population among the random streams of a seed; each stage that draws has its own."""

_TIME_COURSE: Final = "time_course"

_T = TypeVar("_T", Pulse, Solver, ThresholdProtocol, Condition)


_MANY: Final = 256
"""Units per batch of a stage whose units take microseconds."""


def _one(_: StudyConfig) -> int:
    return 1


def _two(_: StudyConfig) -> int:
    return 2


def _nothing() -> None:
    """Warm up a stage without kernels."""


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name, title : str
        Short name, and what it gives.
    keys : tuple of str
        Config keys, or whole tables, that it reads.
    needs : tuple of str
        Stages whose outputs it takes.
    prepare : callable
        ``(config, outputs of the needed stages) -> units``.
    compute : callable
        ``(units) -> outputs, one per unit``. A unit's outputs do not depend on its neighbors.
    join : callable
        ``(config, outputs of the needed stages that are kept, outputs of its units) -> outputs``.
    count_units : callable
        ``(config) -> number of units`` of one run.
    warm_up : callable
        ``() -> None``: makes the kernels of `compute` ready on a tiny input, once, before threads need them.
    batch_size : int
        Units that are handed to a thread, and stored, together.
    is_stored : bool
        Whether finished batches are kept on disk; others are cheaper to compute than to read.
    is_transient : bool
        Whether outputs are made when a later stage asks for them and then dropped, because they are large.
    distinct : callable or None
        ``(config) -> str`` that is equal for inputs with equal outputs, where the keys tell more of them apart.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    needs: tuple[str, ...]
    prepare: Callable[[StudyConfig, Mapping[str, Outputs]], Sequence[Unit]]
    compute: Callable[[Sequence[Unit]], Sequence[Outputs]]
    join: Callable[[StudyConfig, Mapping[str, Outputs], Sequence[Outputs]], Outputs]
    count_units: Callable[[StudyConfig], int] = _one
    warm_up: Callable[[], None] = _nothing
    batch_size: int = _MANY
    is_stored: bool = False
    is_transient: bool = False
    distinct: Callable[[StudyConfig], str] | None = None


def _only(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Join of a stage whose run is one unit."""
    return outputs[0]


def _rebuild(kind: type[_T], unit: Unit) -> _T:
    """Make a flat dataclass again from the fields that a unit holds among others."""
    return kind(**{field.name: unit[field.name] for field in fields(kind)})


def _pass_on(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Give units on as outputs: there is nothing left to compute."""
    return units


# Population: which fibers, where, how thick.


def _prepare_population(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    stream = np.random.SeedSequence(config.seed, spawn_key=(POPULATION_STREAM,))
    span_mm = contact_span_mm(unplaced_leads(config.lead, config.lead.rostral_mm))
    population = sample_dorsal_column(
        config.fibers, load_spine(config.tissue), span_mm, np.random.default_rng(stream)
    )
    paths = np.array([fiber.path_mm for fiber in population.fibers])
    return (
        {
            "fiber_diameter_um": population.fiber_diameter_um,
            "fiber_weight": population.weight,
            "fiber_lateral_mm": population.lateral_mm,
            "fiber_depth_mm": population.depth_mm,
            "fiber_start_mm": paths[:, 0],
            "fiber_end_mm": paths[:, -1],
            "node_phase": population.node_phase,
            "n_nodes": np.array([fiber.node_count for fiber in population.fibers]),
        },
    )


# Thresholds: one unit per lane group of fibers, so that threads share one run.


def _threshold_protocol(config: StudyConfig, pulse: Pulse, diameter_um: float) -> ThresholdProtocol:
    """Say how fibers are stepped, where a spike counts and how long to wait for it in the thinnest one."""
    leads = unplaced_leads(config.lead)
    low_mm, high_mm = contact_span_mm(leads)
    active = dict(config.montage.shares)
    last_mm = max(
        one.center_mm[2] + 0.5 * one.length_mm
        for lead in leads
        for one in lead.contacts
        if active.get(one.label)
    )
    margin_mm = config.fibers.margin_mm
    protocol = long_fiber_protocol(
        pulse,
        diameter_um,
        length_mm=high_mm - low_mm + 2.0 * margin_mm,
        active_end_mm=last_mm - low_mm + margin_mm,
    )
    return replace(protocol, solver=study_solver(pulse))


def _flat(protocol: ThresholdProtocol) -> Unit:
    """Fields of a protocol and of its solver side by side."""
    return {**asdict(protocol), **asdict(protocol.solver), "solver": ""}


def _unflatten(unit: Unit) -> ThresholdProtocol:
    """Make the protocol of a unit again."""
    return _rebuild(ThresholdProtocol, {**unit, "solver": _rebuild(Solver, unit)})


def _count_groups(config: StudyConfig) -> int:
    return -(-config.fibers.n_fibers // lanes_of(STUDY_SOLVER))


def _prepare_thresholds(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    population, field = upstream["population"], upstream["field"]
    shares = share_vector(config.montage, field["contact"].tolist())
    potential = superpose(field["unit_potential_mv_per_ma"], shares)
    ends = np.cumsum(field["n_compartments"])
    pulse = stimulus_pulse(config.stimulus)
    units: list[Unit] = []
    width = lanes_of(STUDY_SOLVER)
    for first in range(0, ends.size, width):
        group = slice(first, first + width)
        begin = ends[first] - field["n_compartments"][first]
        diameter_um = population["fiber_diameter_um"][group]
        protocol = _threshold_protocol(config, pulse, float(diameter_um[0]))
        units.append(
            {
                "model": config.fibers.model,
                "fiber_diameter_um": diameter_um,
                "n_nodes": population["n_nodes"][group],
                "n_compartments": field["n_compartments"][group],
                "potential_mv_per_ma": potential[begin : ends[group][-1]],
                **asdict(pulse),
                **_flat(protocol),
            }
        )
    return tuple(units)


def _compute_thresholds(units: Sequence[Unit]) -> Sequence[Outputs]:
    outputs: list[Outputs] = []
    for unit in units:
        fibers = [
            Fiber(unit["model"], diameter_um, n_nodes)
            for diameter_um, n_nodes in zip(
                unit["fiber_diameter_um"].tolist(), unit["n_nodes"].tolist(), strict=True
            )
        ]
        potentials = np.split(unit["potential_mv_per_ma"], np.cumsum(unit["n_compartments"])[:-1])
        found = search_thresholds(fibers, potentials, _rebuild(Pulse, unit), _unflatten(unit))
        outputs.append({"threshold_ma": found.threshold_ma, "threshold_status": found.status})
    return outputs


def _warm_up_thresholds() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=5)
    pulse = Pulse(100.0)
    protocol = ThresholdProtocol(
        solver=study_solver(pulse), window_ms=0.3, lower_ma=1.0, upper_ma=2.0
    )
    search_thresholds([fiber], [np.zeros(fiber.n_compartments)], pulse, protocol)


def _join_thresholds(
    _: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    return {
        name: np.concatenate([part[name] for part in outputs])
        for name in ("threshold_ma", "threshold_status")
    }


# Recruitment: which share of the fibers an amplitude reaches.


def _prepare_recruitment(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    population = upstream["population"]
    diameter_um = population["fiber_diameter_um"]
    is_large = diameter_um >= config.afferents.a_beta_min_diameter_um
    return (
        {
            "threshold_ma": upstream["thresholds"]["threshold_ma"],
            "weight": population["fiber_weight"],
            "is_large": is_large,
            "amplitude_ma": config.stimulus.amplitude_ma,
        },
    )


def _compute_recruitment(units: Sequence[Unit]) -> Sequence[Outputs]:
    outputs: list[Outputs] = []
    for unit in units:
        threshold_ma, weight, amplitude_ma = (
            unit[name] for name in ("threshold_ma", "weight", "amplitude_ma")
        )
        large = recruited_share(threshold_ma, np.where(unit["is_large"], weight, 0.0), amplitude_ma)
        everyone = recruited_share(threshold_ma, weight, amplitude_ma)
        outputs.append(
            {"recruited_share": np.array(large), "recruited_share_all": np.array(everyone)}
        )
    return outputs


# Afferents: what the recruited fibers carry to the dorsal horn.


def _prepare_afferents(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    share = upstream["recruitment"]["recruited_share"]
    rate_hz = a_beta_rate_hz(config.afferents, share, config.stimulus.frequency_hz)
    return ({"a_beta_rate_hz": rate_hz},)


# Rest and circuit: the dorsal horn without and with stimulation.


def _condition_unit(condition: Condition, config: StudyConfig) -> Unit:
    return {**asdict(condition), _TIME_COURSE: int(_TIME_COURSE in config.output.save)}


def _prepare_rest(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    conditions = case_conditions(config.circuit, config.afferents, config.afferents.a_beta_rest_hz)
    return (
        _condition_unit(conditions.state_rest, config),
        _condition_unit(conditions.healthy_rest, config),
    )


def _prepare_circuit(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    rate_hz = float(upstream["afferents"]["a_beta_rate_hz"])
    own = case_conditions(config.circuit, config.afferents, rate_hz).own
    return (_condition_unit(own, config),)


def _compute_circuit(units: Sequence[Unit]) -> Sequence[Outputs]:
    conditions = [_rebuild(Condition, unit) for unit in units]
    outputs: list[Outputs] = []
    for unit, response in zip(units, run_conditions(conditions), strict=True):
        output = {
            "rate_hz": np.array(response.mean_projection_rate_hz),
            "circuit_status": np.array(response.status, dtype=np.int8),
        }
        if unit[_TIME_COURSE]:
            output |= {"time_s": response.time_s, "course_hz": response.projection_rate_hz}
        outputs.append(output)
    return outputs


def _warm_up_circuit() -> None:
    section = CircuitSection(duration_s=2 * SAMPLE_S, readout_s=SAMPLE_S)
    run_conditions(case_conditions(section, AfferentSection(noxious_onset_s=0.0), 1.0)[:1])


def _course(output: Outputs, name: str) -> dict[str, NDArray[Any]]:
    """Give the time course of a circuit run, if it was asked for, under the name of its dataset."""
    if "course_hz" not in output:
        return {}
    return {"time_s": output["time_s"], name: output["course_hz"]}


def _join_rest(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    own, healthy = outputs
    return {
        "rest_rate_hz": own["rate_hz"],
        "healthy_rest_rate_hz": healthy["rate_hz"],
        **_course(own, "rest_time_course_hz"),
    }


def _join_circuit(
    _: StudyConfig, upstream: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    (own,) = outputs
    rate_hz, rest = own["rate_hz"], upstream["rest"]
    signal = pain_signal(rate_hz, rest["healthy_rest_rate_hz"])
    eased = relief(rate_hz, rest["rest_rate_hz"])
    return {
        "projection_rate_hz": rate_hz,
        "circuit_status": own["circuit_status"],
        "pain_signal": signal.value,
        "pain_status": signal.status,
        "relief": eased.value,
        "relief_status": eased.status,
        **_course(own, "projection_time_course_hz"),
    }


# Charge: what each contact delivers.


def _prepare_charge(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    contacts = [contact for lead in unplaced_leads(config.lead) for contact in lead.contacts]
    labels = [contact.label for contact in contacts]
    return (
        {
            "contact": np.array(labels, dtype=np.str_),
            "current_ma": config.stimulus.amplitude_ma * share_vector(config.montage, labels),
            "area_mm2": np.array([contact.area_mm2 for contact in contacts]),
            **asdict(stimulus_pulse(config.stimulus)),
        },
    )


def _compute_charge(units: Sequence[Unit]) -> Sequence[Outputs]:
    outputs: list[Outputs] = []
    for unit in units:
        report = charge_report(_rebuild(Pulse, unit), unit["current_ma"], unit["area_mm2"])
        outputs.append({"contact": unit["contact"], **vars(report)})
    return outputs


_PULSE_KEYS: Final = (
    "stimulus.pulse_width_us",
    "stimulus.shape",
    "stimulus.interphase_gap_us",
    "stimulus.recovery_ratio",
)

_NOXIOUS_KEYS: Final = (
    "afferents.a_beta_rest_hz",
    "afferents.c_rest_hz",
    "afferents.c_noxious_hz",
    "afferents.noxious_onset_s",
)

_CIRCUIT_BATCH: Final = 4 * LANES
"""Circuit runs per batch: about half a second of work for the rate model."""


_LEAD_KEYS: Final = ("lead.preset", "lead.n_leads")
"""Which contacts there are."""

_SOLUTION_KEYS: Final = (
    "tissue",
    "conductivity",
    "lead",
    "domain",
    "field.solver",
    "field.contact_model",
    "field.resolution",
    "field.spacing_mm",
    "field.label_file",
    "field.label_tissues",
)
"""What a solution of the field may depend on; that of a solver may need less: `field_stages.distinct_solution`."""

_FIELD_KEYS: Final = (
    *_SOLUTION_KEYS,
    "field.sigma_s_per_m",
    "field.file",
    "field.coordinate_unit",
    "field.potential_unit",
)
"""What the field depends on."""


STAGES: Final = (
    Stage(
        name="geometry",
        title="where leads and tissue lie",
        keys=("tissue", "lead", "field.label_file"),
        needs=(),
        prepare=prepare_geometry,
        compute=_pass_on,
        join=_only,
    ),
    Stage(
        name="solution",
        title="field of the leads in their tissue, solved once per geometry",
        keys=_SOLUTION_KEYS,
        needs=(),
        prepare=prepare_solution,
        compute=compute_solution,
        join=join_solution,
        count_units=count_solutions,
        batch_size=1,
        distinct=distinct_solution,
    ),
    Stage(
        name="impedance",
        title="potential of each contact per current of each",
        keys=_SOLUTION_KEYS,
        needs=("solution",),
        prepare=prepare_setup,
        compute=compute_impedance,
        join=_only,
        batch_size=1,
    ),
    Stage(
        name="profile",
        title="potential of the montage along the midline of the cord",
        keys=(*_FIELD_KEYS, "field.profile_depths_mm", "montage"),
        needs=("solution",),
        prepare=prepare_profile,
        compute=compute_profile,
        join=_only,
        batch_size=1,
    ),
    Stage(
        name="population",
        title="which fibers there are",
        keys=("seed", "tissue", *_LEAD_KEYS, "lead.rostral_mm", "fibers"),
        needs=(),
        prepare=_prepare_population,
        compute=_pass_on,
        join=_only,
    ),
    Stage(
        name="field",
        title="unit potential of each contact along each fiber",
        keys=(*_FIELD_KEYS, "fibers.model"),
        needs=("solution", "population"),
        prepare=prepare_field,
        compute=compute_field,
        join=_only,
        batch_size=1,
        is_transient=True,
    ),
    Stage(
        name="thresholds",
        title="activation threshold of each fiber",
        keys=(*_LEAD_KEYS, "fibers.model", "fibers.margin_mm", "montage", *_PULSE_KEYS),
        needs=("population", "field"),
        prepare=_prepare_thresholds,
        compute=_compute_thresholds,
        join=_join_thresholds,
        count_units=_count_groups,
        warm_up=_warm_up_thresholds,
        batch_size=1,
        is_stored=True,
    ),
    Stage(
        name="recruitment",
        title="share of the fibers that fire",
        keys=("stimulus.amplitude_ma", "afferents.a_beta_min_diameter_um"),
        needs=("population", "thresholds"),
        prepare=_prepare_recruitment,
        compute=_compute_recruitment,
        join=_only,
    ),
    Stage(
        name="afferents",
        title="firing rate of the A-beta afferents",
        keys=("stimulus.frequency_hz", "afferents.a_beta_rest_hz"),
        needs=("recruitment",),
        prepare=_prepare_afferents,
        compute=_pass_on,
        join=_only,
    ),
    Stage(
        name="rest",
        title="dorsal horn without stimulation",
        keys=("circuit", "output.save", *_NOXIOUS_KEYS),
        needs=(),
        prepare=_prepare_rest,
        compute=_compute_circuit,
        join=_join_rest,
        count_units=_two,
        warm_up=_warm_up_circuit,
        batch_size=_CIRCUIT_BATCH,
    ),
    Stage(
        name="circuit",
        title="dorsal horn with stimulation",
        keys=("circuit", "output.save", *_NOXIOUS_KEYS),
        needs=("afferents", "rest"),
        prepare=_prepare_circuit,
        compute=_compute_circuit,
        join=_join_circuit,
        warm_up=_warm_up_circuit,
        batch_size=_CIRCUIT_BATCH,
        is_stored=True,
    ),
    Stage(
        name="charge",
        title="charge through each contact",
        keys=(*_LEAD_KEYS, "montage", "stimulus.amplitude_ma", *_PULSE_KEYS),
        needs=(),
        prepare=_prepare_charge,
        compute=_compute_charge,
        join=_only,
    ),
)
"""All stages, in the order in which they run."""
