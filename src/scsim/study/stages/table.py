"""The table of the stages of a study, in the order in which they run, and the config keys each one reads.

A test holds each stage to its keys. With ``field_stages.py``, ``fiber_stages.py`` and ``circuit_stages.py``
the only file that knows field, fibers and circuit at once. Running is in ``run.py``.
"""

from __future__ import annotations

from typing import Final

from scsim.circuit.afferents import RATE_KEYS, SPIKING_KEYS
from scsim.study.stages.block_stage import (
    compute_block,
    count_block_groups,
    join_block,
    prepare_block,
    warm_up_block,
)
from scsim.study.stages.circuit_stages import (
    compile_ahead,
    compute_circuit,
    count_references,
    count_runs,
    join_circuit,
    join_rest,
    order_circuit,
    prepare_afferents,
    prepare_circuit,
    prepare_drive,
    prepare_rest,
    warm_up_circuit,
)
from scsim.study.stages.costs import (
    block_seconds,
    circuit_seconds,
    field_seconds,
    following_seconds,
    impedance_seconds,
    population_seconds,
    profile_seconds,
    solution_seconds,
    threshold_seconds,
)
from scsim.study.stages.fiber_stages import (
    compute_charge,
    compute_recruitment,
    compute_thresholds,
    count_groups,
    join_thresholds,
    prepare_charge,
    prepare_charge_rate,
    prepare_population,
    prepare_recruitment,
    prepare_thresholds,
    warm_up_thresholds,
)
from scsim.study.stages.field_stages import (
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
from scsim.study.stages.following_stage import (
    asks_for_fibers,
    compute_following,
    count_follow_groups,
    join_following,
    prepare_following,
    warm_up_following,
)
from scsim.study.stages.megabytes import circuit_megabytes, search_megabytes, solution_megabytes
from scsim.study.stages.nerve_stages import (
    compute_fascicles,
    prepare_fascicles,
    prepare_nerve_geometry,
    prepare_nerve_population,
)
from scsim.study.stages.places import by_kind
from scsim.study.stages.stage import Stage, only_output, pass_on

_PULSE_KEYS: Final = (
    "stimulus.pulse_width_us",
    "stimulus.shape",
    "stimulus.interphase_gap_us",
    "stimulus.recovery_ratio",
)

_FIELD_OF_PAIN: Final = (
    "afferents.a_beta_min_diameter_um",
    "afferents.painful_dermatomes",
    "afferents.painful_side",
)
"""Which fibers are local and which surround."""

_MODEL_KEYS: Final = ("circuit.model", "circuit.file")

_CIRCUIT_KEYS: Final = (
    "seed",
    "circuit",
    "states",
    "output.save",
    *(f"afferents.{key}" for key in (*RATE_KEYS, *SPIKING_KEYS)),
)
"""What a run of the dorsal horn depends on, beside what stimulation sends to it."""

_DORSAL_HORN: Final = "dorsal_horn"
"""Family of the stages that run the dorsal horn."""

_CIRCUIT_LANES: Final = 32
"""Lanes of the kernel of spiking circuits."""

_CIRCUIT_BATCH: Final = 3 * _CIRCUIT_LANES
"""Circuit runs per batch: with a few states per input, their inhibitory cells fill lanes as the others do."""


_LEAD_KEYS: Final = (
    "lead.preset",
    "lead.n_leads",
    "lead.contact_length_mm",
    "lead.contact_gap_mm",
)
"""Which contacts there are."""

_SOLUTION_KEYS: Final = (
    "tissue",
    "nerve",
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

_SOLVER_COST: Final = ("nerve.preset", "field.solver", "field.resolution", "field.spacing_mm")
_FIBER_COST: Final = ("fibers.model", "fibers.n_fibers", "fibers.margin_mm", "fibers.diameter_um")
_PATTERN_COST: Final = (
    *_PULSE_KEYS,
    "stimulus.pattern",
    "stimulus.frequency_hz",
    "stimulus.pulses_per_burst",
    "stimulus.intraburst_frequency_hz",
)
_RUN_COST: Final = (*_MODEL_KEYS, "circuit.duration_s", "circuit.readout_s", "circuit.readout")
"""On what the time of a unit depends."""


STAGES: Final = (
    Stage(
        name="geometry",
        title="where leads and tissue lie",
        keys=("tissue", "nerve", "lead", "field.label_file"),
        needs=(),
        prepare=by_kind(prepare_geometry, prepare_nerve_geometry),
        compute=pass_on,
        join=only_output,
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
        seconds=solution_seconds,
        cost_keys=(*_SOLVER_COST, *_LEAD_KEYS),
        megabytes=solution_megabytes,
    ),
    Stage(
        name="impedance",
        title="potential of each contact per current of each",
        keys=_SOLUTION_KEYS,
        needs=("solution",),
        prepare=prepare_setup,
        compute=compute_impedance,
        join=only_output,
        batch_size=1,
        seconds=impedance_seconds,
        cost_keys=("field.solver", *_LEAD_KEYS),
    ),
    Stage(
        name="profile",
        title="potential of the montage along the midline of the cord",
        keys=(*_FIELD_KEYS, "field.profile_depths_mm", "montage"),
        needs=("solution",),
        prepare=prepare_profile,
        compute=compute_profile,
        join=only_output,
        batch_size=1,
        seconds=profile_seconds,
        cost_keys=("field.solver", *_LEAD_KEYS),
    ),
    Stage(
        name="population",
        title="which fibers there are",
        keys=("seed", "tissue", "nerve", *_LEAD_KEYS, "lead.rostral_mm", "fibers"),
        needs=(),
        prepare=by_kind(prepare_population, prepare_nerve_population),
        compute=pass_on,
        join=only_output,
        seconds=population_seconds,
        cost_keys=("fibers.n_fibers",),
    ),
    Stage(
        name="field",
        title="unit potential of each contact along each fiber",
        keys=(*_FIELD_KEYS, "fibers.model"),
        needs=("solution", "population"),
        prepare=prepare_field,
        compute=compute_field,
        join=only_output,
        batch_size=1,
        is_transient=True,
        seconds=field_seconds,
        cost_keys=("field.solver", *_LEAD_KEYS, *_FIBER_COST),
    ),
    Stage(
        name="thresholds",
        title="activation threshold of each fiber",
        keys=(*_LEAD_KEYS, "fibers.model", "fibers.margin_mm", "montage", *_PULSE_KEYS),
        needs=("population", "field"),
        prepare=prepare_thresholds,
        compute=compute_thresholds,
        join=join_thresholds,
        count_units=count_groups,
        warm_up=warm_up_thresholds,
        batch_size=1,
        is_stored=True,
        seconds=threshold_seconds,
        cost_keys=(*_LEAD_KEYS, *_FIBER_COST, *_PULSE_KEYS),
        megabytes=search_megabytes,
    ),
    Stage(
        name="recruitment",
        title="share of the fibers that fire",
        keys=(
            *_LEAD_KEYS,
            "lead.rostral_mm",
            "tissue.preset",
            "montage",
            "stimulus.amplitude_ma",
            *_FIELD_OF_PAIN,
        ),
        needs=("population", "thresholds"),
        prepare=prepare_recruitment,
        compute=compute_recruitment,
        join=only_output,
    ),
    Stage(
        name="fascicles",
        title="share of the fibers of each fascicle that fire",
        keys=("nerve", "stimulus.amplitude_ma"),
        needs=("population", "thresholds"),
        prepare=prepare_fascicles,
        compute=compute_fascicles,
        join=only_output,
    ),
    Stage(
        name="block",
        title="amplitude of a kilohertz current that blocks each fiber",
        keys=(
            "fibers.model",
            "montage",
            "block",
            *_PULSE_KEYS,
            "stimulus.pattern",
            "stimulus.frequency_hz",
            "stimulus.pulses_per_burst",
            "stimulus.intraburst_frequency_hz",
        ),
        needs=("population", "field"),
        prepare=prepare_block,
        compute=compute_block,
        join=join_block,
        count_units=count_block_groups,
        warm_up=warm_up_block,
        batch_size=1,
        is_stored=True,
        seconds=block_seconds,
        cost_keys=(*_LEAD_KEYS, *_FIBER_COST, *_PATTERN_COST, "block"),
        megabytes=search_megabytes,
    ),
    Stage(
        name="following",
        title="spikes of fibers that cannot simply follow the pulses",
        keys=(
            *_LEAD_KEYS,
            "lead.rostral_mm",
            "tissue.preset",
            "fibers.model",
            "montage",
            "stimulus",
            *_FIELD_OF_PAIN,
            *_MODEL_KEYS,
        ),
        needs=("population", "field", "thresholds"),
        prepare=prepare_following,
        compute=compute_following,
        join=join_following,
        count_units=count_follow_groups,
        warm_up=warm_up_following,
        batch_size=1,
        is_stored=True,
        asks_for_transient=asks_for_fibers,
        seconds=following_seconds,
        cost_keys=(*_LEAD_KEYS, *_FIBER_COST, *_PATTERN_COST, *_MODEL_KEYS),
        megabytes=search_megabytes,
    ),
    Stage(
        name="afferents",
        title="firing rate of the A-beta afferents of a rate model",
        keys=("circuit.model", "stimulus.frequency_hz", "afferents.a_beta_rest_hz"),
        needs=("recruitment", "following"),
        prepare=prepare_afferents,
        compute=pass_on,
        join=only_output,
    ),
    Stage(
        name="drive",
        title="fibers of a spiking circuit that follow",
        keys=_MODEL_KEYS,
        needs=("recruitment",),
        prepare=prepare_drive,
        compute=pass_on,
        join=only_output,
    ),
    Stage(
        name="circuit",
        title="dorsal horn with stimulation, and its references without",
        keys=(
            *_CIRCUIT_KEYS,
            "stimulus.pattern",
            "stimulus.frequency_hz",
            "stimulus.pulses_per_burst",
            "stimulus.intraburst_frequency_hz",
        ),
        needs=("recruitment", "following", "afferents", "drive"),
        prepare=prepare_circuit,
        compute=compute_circuit,
        join=join_circuit,
        count_units=count_runs,
        warm_up=warm_up_circuit,
        batch_size=_CIRCUIT_BATCH,
        least_batch=_CIRCUIT_LANES,
        is_stored=True,
        order=order_circuit,
        family=_DORSAL_HORN,
        units_of="rest",
        compile_ahead=compile_ahead,
        seconds=circuit_seconds,
        cost_keys=_RUN_COST,
        megabytes=circuit_megabytes,
    ),
    Stage(
        name="rest",
        title="dorsal horn without stimulation",
        keys=_CIRCUIT_KEYS,
        needs=(),
        prepare=prepare_rest,
        compute=compute_circuit,
        join=join_rest,
        count_units=count_references,
        warm_up=warm_up_circuit,
        batch_size=_CIRCUIT_BATCH,
        least_batch=_CIRCUIT_LANES,
        order=order_circuit,
        family=_DORSAL_HORN,
        seconds=circuit_seconds,
        cost_keys=_RUN_COST,
        megabytes=circuit_megabytes,
    ),
    Stage(
        name="charge",
        title="charge through each contact",
        keys=(
            *_LEAD_KEYS,
            "montage",
            "stimulus.amplitude_ma",
            *_PULSE_KEYS,
        ),
        needs=(),
        prepare=prepare_charge,
        compute=compute_charge,
        join=only_output,
    ),
    Stage(
        name="charge_rate",
        title="charge per second through each contact",
        keys=("stimulus.frequency_hz", "stimulus.pulses_per_burst"),
        needs=("charge",),
        prepare=prepare_charge_rate,
        compute=pass_on,
        join=only_output,
    ),
)
"""All stages, in the order in which they run."""
