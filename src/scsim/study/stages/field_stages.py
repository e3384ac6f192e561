"""The stages of the field: where everything lies, the solution of the field, and what is read from it.

A solution is found once for each distinct geometry, in the threads of the study, and kept in the store of
`scsim.fields.store`; the stages behind it take it from there. The table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.electrodes.bodies import Slab
from scsim.electrodes.contacts import PlateContact
from scsim.electrodes.montage import share_vector
from scsim.errors import GeometryError
from scsim.fibers.fiber import Fiber
from scsim.fields.catalog import field_medium, field_problem, field_sources
from scsim.fields.profile import (
    SPACING_MM,
    STEP_MM,
    active_contact,
    drive_offsets_mm,
    measure_drive,
    sample_heights_mm,
    second_differences,
)
from scsim.fields.unit_potential import superpose
from scsim.results.schema import OUTLINES
from scsim.study.stages.places import contact_span_mm, is_nerve, make_place, make_setup

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.electrodes.bodies import Body
    from scsim.fields.catalog import FieldSetup
    from scsim.fields.unit_potential import Medium, Problem
    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit
    from scsim.tissue import Spine

PROFILE_MARGIN_MM: Final = 24.0
"""How far the lines of the profile reach beyond the metal, mm: as far as the lines of the reference solutions
reach beyond its outermost contacts."""

_N_CIRCLE: Final = 73
"""Points of the drawn outline of a round lead, first and last equal: one every 5 degrees."""


# Geometry: where lead and tissue lie.


def prepare_geometry(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Lay out contacts, leads and tissue outlines for pictures; outlines not where labels stand for the anatomy."""
    place = make_place(config)
    contacts = place.contacts
    nowhere = (np.nan, np.nan, np.nan)
    outlines = {name: np.asarray(line) for name, line in place.spine.outlines().items()}
    roots = _root_paths(place.spine)
    if config.field.label_file is not None:
        outlines = {name: np.full_like(line, np.nan) for name, line in outlines.items()}
        roots = np.full_like(roots, np.nan)
    bodies = [_outline(lead.body) for lead in place.leads]
    return (
        {
            "contact": np.array([one.label for one in contacts], dtype=np.str_),
            "contact_center_mm": np.array([one.center_mm for one in contacts]),
            "contact_direction": np.array(
                [getattr(one, "direction", nowhere) for one in contacts], dtype=np.float64
            ),
            "contact_normal": np.array(
                [getattr(one, "normal", nowhere) for one in contacts], dtype=np.float64
            ),
            "contact_length_mm": np.array(
                [getattr(one, "length_mm", np.nan) for one in contacts], dtype=np.float64
            ),
            "contact_radius_mm": np.array(
                [getattr(one, "radius_mm", np.nan) for one in contacts], dtype=np.float64
            ),
            "contact_width_mm": np.array(
                [one.width_mm if isinstance(one, PlateContact) else np.nan for one in contacts]
            ),
            "lead_outline_mm": np.array(bodies),
            "lead_span_mm": np.array([lead.span_mm for lead in place.leads]),
            "root_path_mm": roots,
            **{f"outline_{name}_mm": outlines[name] for name in OUTLINES},
        },
    )


def _root_paths(spine: Spine) -> NDArray[np.float64]:
    """Give the paths of the left and the right dorsal root, shape (2, n, 3), mm."""
    paths = np.full((2, 1 + len(spine.root_course_mm), 3), np.nan)
    try:
        paths[0], paths[1] = spine.root_path_mm("left"), spine.root_path_mm("right")
    except GeometryError:
        # No roots, or a course of one's own that leads into the cord: only pictures need them.
        return np.full_like(paths, np.nan)
    return paths


def _outline(body: Body) -> NDArray[np.float64]:
    """Give the closed outline of a lead across the cord, shape (n, 2), mm."""
    if isinstance(body, Slab):
        return np.array([*body.corners_mm, body.corners_mm[0]])
    angle = np.linspace(0.0, 2.0 * np.pi, _N_CIRCLE)
    return body.radius_mm * np.column_stack([np.cos(angle), np.sin(angle)]) + body.center_mm


# Solution: the field of the leads in their tissue, solved once for each distinct problem.


def count_solutions(config: StudyConfig) -> int:
    """Say how many problems a case has: none for closed forms and imported fields."""
    return int(config.field.solver in {"spectral", "voxel"})


def distinct_solution(config: StudyConfig) -> Hashable:
    """Name the problem of a case, so that a plan counts each one once, whatever keys were swept.

    Two heights of a lead are one problem of the spectral solver and two of the voxel solver. The name is made of
    config values alone, without laying tissue and leads out, which takes milliseconds: a plan may have to name a
    million. Configs of one name have one problem; problems that turn out equal all the same are solved once when the
    study runs.
    """
    if not count_solutions(config):
        return None
    field = replace(config.field, profile_depths_mm=())
    lead, domain = config.lead, config.domain
    if is_nerve(config):
        return config.nerve, config.conductivity, lead, field, domain
    if field.solver == "spectral":
        # What `scsim.fields.catalog.field_problem` leaves out of the problem.
        field = replace(field, contact_model=None)
        lead = replace(lead, rostral_mm=0.0)
        domain = replace(domain, half_length_mm=None)
    return config.tissue, config.conductivity, lead, field, domain


def prepare_solution(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give the problem of a case."""
    problem = field_problem(make_setup(config))
    return () if problem is None else ({"key": _solution_key(problem), "problem": problem},)


def compute_solution(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Solve problems that the store does not know yet; the solutions stay in the store."""
    for unit in units:
        fetch_solution(unit["problem"])
    return [{"solution": np.array(unit["key"])} for unit in units]


def join_solution(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Name the solution of a case; empty if it needs none."""
    return outputs[0] if outputs else {"solution": np.array("")}


def _solution_key(problem: Problem | None) -> str:
    # The store brings platformdirs and zipfile, which a plan without a field does not need.
    from scsim.fields.store import solution_key  # noqa: PLC0415

    return "" if problem is None else solution_key(problem)


def fetch_solution(problem: Problem) -> Mapping[str, NDArray[Any]]:
    """Give the solution of a problem: from the store, which solves it if it does not know it.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    mapping of str to ndarray
    """
    from scsim.fields.store import default_store  # noqa: PLC0415 - as above

    return default_store().fetch(problem)


def solved_medium(setup: FieldSetup) -> Medium:
    """Give the medium of a setup, with its solution from the store if it needs one.

    Parameters
    ----------
    setup : FieldSetup

    Returns
    -------
    Medium
    """
    problem = field_problem(setup)
    return field_medium(setup, None if problem is None else fetch_solution(problem), problem)


# Field: mV per mA of each contact along each fiber.


def prepare_field(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give setup and fibers."""
    population = upstream["population"]
    places = zip(
        population["fiber_start_mm"].tolist(), population["fiber_end_mm"].tolist(), strict=True
    )
    fibers = [
        Fiber(config.fibers.model, diameter_um, n_nodes, place, phase)
        for diameter_um, n_nodes, place, phase in zip(
            population["fiber_diameter_um"].tolist(),
            population["n_nodes"].tolist(),
            places,
            population["node_phase"].tolist(),
            strict=True,
        )
    ]
    return ({"setup": make_setup(config), "fibers": fibers},)


def compute_field(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Evaluate the unit potentials at the compartments of all fibers."""
    outputs: list[Outputs] = []
    for unit in units:
        setup = unit["setup"]
        medium = solved_medium(setup)
        parts = medium.unit_potential_along(field_sources(setup), unit["fibers"])
        outputs.append(
            {
                "contact": _labels(setup),
                "unit_potential_mv_per_ma": np.concatenate(parts, axis=1),
                "n_compartments": np.array([part.shape[1] for part in parts], dtype=np.int64),
            }
        )
    return outputs


def _labels(setup: FieldSetup) -> NDArray[np.str_]:
    return np.array([contact.label for contact in setup.contacts], dtype=np.str_)


# Impedance: the contact matrix.


def prepare_setup(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give the setup, and the name of its solution."""
    return ({"setup": make_setup(config), "solution": upstream["solution"]["solution"]},)


def compute_impedance(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Read the contact matrix of each setup."""
    outputs: list[Outputs] = []
    for unit in units:
        medium: Any = solved_medium(unit["setup"])
        labels = _labels(unit["setup"])
        matrix = np.asarray(medium.contact_matrix_ohm(), dtype=np.float64)
        outputs.append({"contact": labels, "driven_contact": labels, "contact_matrix_ohm": matrix})
    return outputs


# Profile: the potential of a montage along the dorsal midline of the cord.


def prepare_profile(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give setup, shares and places of the lines across the cord."""
    (unit,) = prepare_setup(config, upstream)
    setup = unit["setup"]
    depths_mm = np.unique(np.array(config.field.profile_depths_mm, dtype=np.float64))
    place = make_place(config)
    return (
        {
            **unit,
            "share": share_vector(config.montage, _labels(setup).tolist()),
            "depth_mm": depths_mm,
            "line_mm": place.spine.cord_point_mm(np.zeros(depths_mm.size), depths_mm),
        },
    )


def compute_profile(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Measure the lines of each setup."""
    return [_measure_profile(unit) for unit in units]


def _measure_profile(unit: Unit) -> Outputs:
    setup, share = unit["setup"], unit["share"]
    medium, sources = solved_medium(setup), field_sources(setup)
    heights_mm = _heights_mm(setup)
    active = active_contact(share)
    around_mm = setup.contacts[active].center_mm[2] + drive_offsets_mm()
    # Second differences need the line a step longer at both ends.
    n_step = round(STEP_MM / SPACING_MM)
    below_mm = heights_mm[0] - SPACING_MM * np.arange(n_step, 0, -1)
    above_mm = heights_mm[-1] + SPACING_MM * np.arange(1, n_step + 1)
    z_mm = np.concatenate([below_mm, heights_mm, above_mm, around_mm])
    points = np.array([(x, y, z) for x, y in unit["line_mm"] for z in z_mm])
    is_inside = _is_inside(setup, points)
    potential = np.full(len(points), np.nan)
    potential[is_inside] = superpose(medium.unit_potential(sources, points[is_inside]), share)
    lines = potential.reshape(len(unit["line_mm"]), z_mm.size)
    long, around = lines[:, : -around_mm.size], lines[:, -around_mm.size :]
    drives = [measure_drive(line, np.sign(share[active])) for line in around]
    return {
        "depth_mm": unit["depth_mm"],
        "z_mm": heights_mm,
        "profile_potential_mv_per_ma": long[:, n_step:-n_step],
        "profile_second_difference_mv_per_ma": second_differences(long),
        "profile_at_contact_mv_per_ma": np.array([drive.at_contact for drive in drives]),
        "profile_peak_mv_per_ma": np.array([drive.peak for drive in drives]),
        "profile_peak_second_difference_mv_per_ma": np.array(
            [drive.second_difference for drive in drives]
        ),
        "profile_half_width_mm": np.array([drive.half_width_mm for drive in drives]),
    }


def profile_line_ends_mm(config: StudyConfig) -> NDArray[np.float64]:
    """Give where the lines of the profile begin and end, with all that is read beside them.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    ndarray of float64, shape (n_lines, 2, 3)
        mm.
    """
    (unit,) = prepare_profile(config, {"solution": {"solution": np.array("")}})
    setup = unit["setup"]
    heights_mm, offsets_mm = _heights_mm(setup), drive_offsets_mm()
    active_mm = setup.contacts[active_contact(unit["share"])].center_mm[2]
    low_mm = min(heights_mm[0] - STEP_MM, active_mm + offsets_mm[0])
    high_mm = max(heights_mm[-1] + STEP_MM, active_mm + offsets_mm[-1])
    return np.array([[(x, y, low_mm), (x, y, high_mm)] for x, y in unit["line_mm"]])


def _heights_mm(setup: FieldSetup) -> NDArray[np.float64]:
    """Give the heights of the samples along the lines, mm."""
    low_mm, high_mm = contact_span_mm(setup.devices)
    limit_mm = _half_length_mm(setup)
    return sample_heights_mm(
        max(low_mm - PROFILE_MARGIN_MM, -limit_mm), min(high_mm + PROFILE_MARGIN_MM, limit_mm)
    )


def _half_length_mm(setup: FieldSetup) -> float:
    """Give how far the potential is known along the cord, mm."""
    return setup.domain.half_length_mm if setup.field.solver in {"spectral", "voxel"} else np.inf


def _is_inside(setup: FieldSetup, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which points of a line lie inside the domain."""
    inside: NDArray[np.bool_] = np.abs(points_mm[:, 2]) <= _half_length_mm(setup)
    return inside
