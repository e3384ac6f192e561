"""The stages of the fibers: which there are, what excites them, and how many of them a stimulus reaches.

Also what each contact delivers. Physics is in the rooms; the table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes.montage import share_vector
from scsim.fibers.assemble import lanes_of
from scsim.fibers.fiber import Fiber
from scsim.fibers.solver import Solver
from scsim.fields.unit_potential import superpose
from scsim.populations.dermatomes import (
    conduction_ms,
    fiber_dermatomes,
    horn_distance_mm,
    painful_mask,
)
from scsim.populations.dorsal_column import sample_dorsal_column
from scsim.response.recruitment import recruited_share
from scsim.response.threshold import (
    ThresholdProtocol,
    long_fiber_protocol,
    search_thresholds,
)
from scsim.stimulus.pattern import pulses_per_s, stimulus_pulse
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.safety import charge_report
from scsim.study.stages.places import contact_span_mm, unplaced_leads
from scsim.study.stages.solver import STUDY_SOLVER, study_solver
from scsim.study.stages.stage import rebuild
from scsim.tissue import load_spine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit

POPULATION_STREAM: Final = 0
"""Place of the population among the random streams of a seed; each stage that draws has its own."""


# Population: which fibers, where, how thick.


def prepare_population(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Draw the fibers of a case."""
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
            "fiber_dermatome": fiber_dermatomes(population.lateral_mm, config.tissue.preset),
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
        model=config.fibers.model,
    )
    return replace(protocol, solver=study_solver(pulse))


def _flat(protocol: ThresholdProtocol) -> Unit:
    """Fields of a protocol and of its solver side by side."""
    return {**asdict(protocol), **asdict(protocol.solver), "solver": ""}


def _unflatten(unit: Unit) -> ThresholdProtocol:
    """Make the protocol of a unit again."""
    return rebuild(ThresholdProtocol, {**unit, "solver": rebuild(Solver, unit)})


def count_groups(config: StudyConfig) -> int:
    """Count the lane groups of the fibers."""
    return -(-config.fibers.n_fibers // lanes_of(STUDY_SOLVER))


def prepare_thresholds(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Put fibers together that are searched together."""
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


def compute_thresholds(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Search the thresholds of each group."""
    outputs: list[Outputs] = []
    for unit in units:
        fibers = [
            Fiber(unit["model"], diameter_um, n_nodes)
            for diameter_um, n_nodes in zip(
                unit["fiber_diameter_um"].tolist(), unit["n_nodes"].tolist(), strict=True
            )
        ]
        potentials = np.split(unit["potential_mv_per_ma"], np.cumsum(unit["n_compartments"])[:-1])
        found = search_thresholds(fibers, potentials, rebuild(Pulse, unit), _unflatten(unit))
        outputs.append({"threshold_ma": found.threshold_ma, "threshold_status": found.status})
    return outputs


def warm_up_thresholds(_: Sequence[Unit]) -> None:
    """Make the kernels of the search ready."""
    fiber = Fiber("mrg", 10.0, n_nodes=5)
    pulse = Pulse(100.0)
    protocol = ThresholdProtocol(
        solver=study_solver(pulse), window_ms=0.3, lower_ma=1.0, upper_ma=2.0
    )
    search_thresholds([fiber], [np.zeros(fiber.n_compartments)], pulse, protocol)


def join_thresholds(
    _: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    """Put the groups in a row again."""
    return {
        name: np.concatenate([part[name] for part in outputs])
        for name in ("threshold_ma", "threshold_status")
    }


# Recruitment: which share of the fibers an amplitude reaches.


def prepare_recruitment(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Collect thresholds, weights and the amplitude of a case."""
    population = upstream["population"]
    large = large_weight(config, population)
    is_local = local_mask(config, population)
    diameter_um = population["fiber_diameter_um"]
    total = float(large.sum())
    mean_um = float(large @ diameter_um) / total if total else float(diameter_um[-1])
    return (
        {
            "threshold_ma": upstream["thresholds"]["threshold_ma"],
            "weight_all": population["fiber_weight"],
            "weight_large": large,
            "weight_local": np.where(is_local, large, 0.0),
            "weight_surround": np.where(is_local, 0.0, large),
            "amplitude_ma": config.stimulus.amplitude_ma,
            "conduction_ms": float(conduction_ms(horn_way_mm(config), mean_um)),
        },
    )


def compute_recruitment(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Sum the weights of the fibers that fire."""
    outputs: list[Outputs] = []
    for unit in units:
        threshold_ma, amplitude_ma = unit["threshold_ma"], unit["amplitude_ma"]
        shares = {
            name: np.array(recruited_share(threshold_ma, unit[f"weight_{group}"], amplitude_ma))
            for name, group in _SHARES.items()
        }
        if not unit["weight_surround"].any():
            shares["recruited_share_surround"] = np.array(0.0)  # no fibers, so none fires
        outputs.append({**shares, "conduction_ms": np.array(unit["conduction_ms"])})
    return outputs


_SHARES: Final = {
    "recruited_share": "large",
    "recruited_share_all": "all",
    "recruited_share_local": "local",
    "recruited_share_surround": "surround",
}
"""Shares by dataset, and the fibers that each one is of."""


def large_weight(config: StudyConfig, population: Outputs) -> NDArray[np.float64]:
    """Give the weight of the fibers that are thick enough to count as A-beta input, 0 of the others."""
    is_large = population["fiber_diameter_um"] >= config.afferents.a_beta_min_diameter_um
    return np.where(is_large, population["fiber_weight"], 0.0)


def local_mask(config: StudyConfig, population: Outputs) -> NDArray[np.bool_]:
    """Tell which fibers come from the painful dermatomes."""
    return painful_mask(
        population["fiber_dermatome"],
        population["fiber_lateral_mm"],
        config.afferents.painful_dermatomes,
        config.afferents.painful_side,
    )


def cathode_mm(config: StudyConfig) -> float:
    """Give the height of the strongest cathode, where spikes start, mm; of the strongest contact if there is none."""
    shares = dict(config.montage.shares)
    if min(shares.values()) >= 0.0:
        shares = {label: -share for label, share in shares.items()}
    heights = {
        contact.label: contact.center_mm[2]
        for lead in unplaced_leads(config.lead, config.lead.rostral_mm)
        for contact in lead.contacts
    }
    return float(heights[min(shares, key=lambda label: (shares[label], heights[label]))])


def horn_way_mm(config: StudyConfig) -> float:
    """Give the way of a spike from the cathode to the dorsal horn of the painful segments, mm."""
    distance = horn_distance_mm(config.tissue.preset, config.afferents.painful_dermatomes)
    return abs(cathode_mm(config) + distance)


# Charge: what each contact delivers.


def prepare_charge(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Collect what decides the charge through each contact."""
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


def compute_charge(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Compute the charge of each contact."""
    outputs: list[Outputs] = []
    for unit in units:
        report = charge_report(rebuild(Pulse, unit), unit["current_ma"], unit["area_mm2"])
        outputs.append({"contact": unit["contact"], **vars(report)})
    return outputs


def prepare_charge_rate(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give the charge of all pulses of a second."""
    charge = upstream["charge"]
    per_s = charge["charge_per_phase_uc"] * pulses_per_s(config.stimulus)
    return ({"contact": charge["contact"], "charge_per_second_uc": per_s},)
