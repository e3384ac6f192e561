"""What a unit of each stage costs: processor time from physical work and the rates of ``data/studies/costs.toml``.

Work is counted from the config alone, without laying anything out, so that a plan of a million cases is costed in a
moment: fibers times nodes times steps, fields by size and contacts, circuit runs by simulated time. Rates are those of
one machine; how they are corrected for others, and what a whole study costs, is in ``execution/cost.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.circuit.sections import is_spiking, run_times
from scsim.electrodes.catalog import load_study_lead
from scsim.electrodes.lead import LeadSection
from scsim.fibers.assemble import lanes_of
from scsim.fibers.morphology import diameter_range_um, internode_length_um
from scsim.formats.tables import load_table
from scsim.response.following import choose_stretch
from scsim.response.threshold import LATENCY_MS, slowest_mm_per_ms
from scsim.stimulus.block import first_test_ms
from scsim.stimulus.pattern import stimulus_pulse
from scsim.study.stages.places import is_nerve
from scsim.study.stages.solver import STUDY_SOLVER, study_solver
from scsim.units import MM_PER_UM, MS_PER_US, S_PER_MS, S_PER_NS

if TYPE_CHECKING:
    from scsim.stimulus.pattern import StimulusSection
    from scsim.study.config import StudyConfig

TABLE: Final = "studies/costs"
"""Table of the rates."""

VOXEL_MM: Final = 0.25
"""Spacing to which the rate of the voxel solver belongs, mm: its default."""

_DIAMETERS: Final = 9
"""Diameters that stand for a population, evenly spaced in their logarithm."""


def rate(name: str) -> float:
    """Give a rate of the reference machine.

    Parameters
    ----------
    name : str
        Key of the table, for example ``"fields.spectral_s"``.

    Returns
    -------
    float
        In the unit of the table.
    """
    return load_table(TABLE).number(name)


@dataclass(frozen=True)
class FiberLoad:
    """What the fibers of a population are made of, on average over their diameters.

    Attributes
    ----------
    nodes_per_mm : float
        Nodes along a fiber, 1/mm.
    node_ms_per_mm2 : float
        Nodes along a fiber times the time that its spike needs along it, ms/mm².
    """

    nodes_per_mm: float
    node_ms_per_mm2: float


@lru_cache(maxsize=1024)
def fiber_load(model: str, diameter_um: float | None = None) -> FiberLoad:
    """Average over the diameters of a model, or take those of one diameter.

    Parameters
    ----------
    model : str
        Fiber model.
    diameter_um : float, optional
        Of all fibers, µm.

    Returns
    -------
    FiberLoad
    """
    low_um, high_um = diameter_range_um(model)
    diameters_um = (
        np.geomspace(low_um, high_um, _DIAMETERS)
        if diameter_um is None
        else np.array([diameter_um])
    )
    per_mm = np.array(
        [1.0 / (internode_length_um(model, float(one)) * MM_PER_UM) for one in diameters_um]
    )
    slowness = np.array([1.0 / slowest_mm_per_ms(model, float(one)) for one in diameters_um])
    return FiberLoad(float(per_mm.mean()), float((per_mm * slowness).mean()))


def case_load(config: StudyConfig) -> FiberLoad:
    """Give what the fibers of a case are made of."""
    return fiber_load(config.fibers.model, config.fibers.diameter_um)


@lru_cache(maxsize=1024)
def _lead_size(section: LeadSection) -> tuple[int, float]:
    """Give the contacts of a lead, and the length of its metal in mm."""
    lead = load_study_lead(section)
    low_mm, high_mm = lead.span_mm
    return len(lead.contacts), high_mm - low_mm


def lead_size(section: LeadSection) -> tuple[int, float]:
    """Give the contacts of one of the leads of a case, and the length of its metal in mm, wherever it lies.

    Parameters
    ----------
    section : LeadSection

    Returns
    -------
    tuple of (int, float)
    """
    alone = LeadSection(
        preset=section.preset,
        contact_length_mm=section.contact_length_mm,
        contact_gap_mm=section.contact_gap_mm,
    )
    return _lead_size(alone)


def n_contacts(config: StudyConfig) -> int:
    """Count the contacts of all leads of a case."""
    return config.lead.n_leads * lead_size(config.lead)[0]


def fiber_length_mm(config: StudyConfig) -> float:
    """Give the length of the fibers of a case, mm: that of the metal, and the margin on both sides."""
    return lead_size(config.lead)[1] + 2.0 * config.fibers.margin_mm


# Fields.


def solution_seconds(config: StudyConfig) -> float:
    """Give the time of one solution of a field: by mesh and leads, or by cells and contacts."""
    field, n_leads = config.field, config.lead.n_leads
    if is_nerve(config) and field.solver == "spectral":
        return rate("fields.cuff_s")
    if is_nerve(config) and field.solver == "voxel" and field.spacing_mm is None:
        return rate("fields.cuff_voxel_s")  # its cells fit the cuff, whatever its size
    if field.solver == "spectral":
        return rate("fields.spectral_s") * n_leads * (field.resolution or 1.0) ** 2
    if field.solver == "voxel":
        finer = VOXEL_MM / (field.spacing_mm or VOXEL_MM)
        return rate("fields.voxel_contact_s") * n_contacts(config) * finer**2
    return 0.0


def impedance_seconds(config: StudyConfig) -> float:
    """Give the time of one contact matrix."""
    is_spectral = config.field.solver == "spectral"
    return rate("fields.matrix_contact_ms") * S_PER_MS * n_contacts(config) * is_spectral


def profile_seconds(config: StudyConfig) -> float:
    """Give the time of the lines of one montage: from the spectral solver every contact is summed anew."""
    is_spectral = config.field.solver == "spectral"
    each_ms = rate("fields.profile_contact_ms") * is_spectral
    return (rate("fields.profile_ms") + each_ms * n_contacts(config)) * S_PER_MS


def population_seconds(config: StudyConfig) -> float:
    """Give the time of one drawn population."""
    return rate("fibers.drawn_ms") * S_PER_MS * config.fibers.n_fibers


def field_load(config: StudyConfig) -> float:
    """Count nodes of all fibers times contacts."""
    nodes = case_load(config).nodes_per_mm * fiber_length_mm(config)
    return config.fibers.n_fibers * nodes * n_contacts(config)


def field_seconds(config: StudyConfig) -> float:
    """Give the time of the unit potentials along all fibers of one field."""
    name = "spectral" if config.field.solver == "spectral" else "other"
    return rate(f"fibers.field_{name}_ns") * S_PER_NS * field_load(config)


# Fibers.


def threshold_load(config: StudyConfig) -> float:
    """Count nodes times steps of one group of fibers in one trial that lasts to its end."""
    pulse = stimulus_pulse(config.stimulus)
    load, length_mm = case_load(config), fiber_length_mm(config)
    node_ms = (
        load.nodes_per_mm * length_mm * (pulse.duration_us * MS_PER_US + LATENCY_MS)
        + load.node_ms_per_mm2 * length_mm**2
    )
    solver = study_solver(pulse)
    return lanes_of(solver) * node_ms / solver.dt_ms


def threshold_seconds(config: StudyConfig) -> float:
    """Give the time of the search in one group of fibers."""
    return rate("fibers.threshold_ns") * S_PER_NS * threshold_load(config)


def following_load(config: StudyConfig) -> float:
    """Count nodes times steps of one group of fibers under a stretch of the pattern."""
    section = config.stimulus
    nodes = case_load(config).nodes_per_mm * fiber_length_mm(config)
    steps = choose_stretch(section).window_ms / following_step_ms(section)
    return lanes_of(STUDY_SOLVER) * nodes * steps


def following_step_ms(section: StimulusSection) -> float:
    """Give the step of fibers that are simulated under a pattern, ms."""
    from scsim.study.stages.following_stage import KILOHERTZ_STEP_US  # noqa: PLC0415 - loads the response

    step_us = study_solver(stimulus_pulse(section)).dt_us
    return (min(step_us, KILOHERTZ_STEP_US) if section.pattern == "kilohertz" else step_us) * (
        MS_PER_US
    )


def following_seconds(config: StudyConfig) -> float:
    """Give the time of one group of fibers under a stretch of the pattern."""
    return rate("fibers.following_ns") * S_PER_NS * following_load(config)


def block_load(config: StudyConfig) -> float:
    """Count nodes times steps of one group of fibers in one trial of a blocking current."""
    from scsim.study.stages.block_stage import block_solver  # noqa: PLC0415 - loads the response

    block = config.block
    tests_ms = (block.n_test_spikes - 1) * block.test_interval_ms + block.test_duration_ms
    load, length_mm = case_load(config), fiber_length_mm(config)
    window_ms = block.settle_ms + first_test_ms() + tests_ms + LATENCY_MS
    # Spikes of the onset response have the way to the detector, and so has the last test spike.
    travel = 2.0 * load.node_ms_per_mm2 * length_mm**2
    node_ms = load.nodes_per_mm * length_mm * window_ms + travel
    solver = block_solver(config.stimulus, config.block)
    return lanes_of(solver) * node_ms / solver.dt_ms


def block_seconds(config: StudyConfig) -> float:
    """Give the time of the search for block in one group of fibers."""
    return rate("fibers.block_ns") * S_PER_NS * block_load(config)


# Dorsal horn.


def circuit_seconds(config: StudyConfig) -> float:
    """Give the time of one run of the dorsal horn, its share of a batch with full lanes."""
    name = "spiking" if is_spiking(config.circuit.model) else "rate"
    return rate(f"circuit.{name}_per_run_time") * run_times(config.circuit).duration_s


# Kernels that are compiled at their first use.


@dataclass(frozen=True)
class Compiled:
    """A kernel that takes noticeable time to compile.

    Attributes
    ----------
    module, function : str
        File in ``scsim.kernels`` and kernel.
    key : str
        Its time in the table.
    """

    module: str
    function: str
    key: str


_CABLES: Final = Compiled("cables", "march", "compile.cables_s")
_NETWORK: Final = Compiled("network", "run_cells", "compile.network_s")
_RATE: Final = Compiled("rate", "run_rates", "compile.rate_s")
_GRID: Final = Compiled("grid", "assemble", "compile.grid_s")
_BETWEEN_CELLS: Final = Compiled("stencils", "interpolate", "compile.stencils_s")


def kernels_of(stage: str, config: StudyConfig) -> tuple[Compiled, ...]:
    """Name the kernels that a stage needs and that take noticeable time to compile.

    Parameters
    ----------
    stage : str
    config : StudyConfig
        Of one of its runs that has units.

    Returns
    -------
    tuple of Compiled
    """
    if stage in {"thresholds", "following", "block"}:
        return (_CABLES,)
    if stage in {"circuit", "rest"}:
        return (_NETWORK,) if is_spiking(config.circuit.model) else (_RATE,)
    if stage in {"solution", "profile", "field"} and config.field.solver == "voxel":
        return (_GRID,) if stage == "solution" else (_BETWEEN_CELLS,)
    return ()
