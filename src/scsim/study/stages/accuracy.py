"""How accurate the fields of a study are: each solved again with twice the resolution, and compared.

What the numbers mean is in `scsim.fields.accuracy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from scsim.fields.accuracy import compare_media, sample_evenly
from scsim.fields.catalog import field_medium, field_problem
from scsim.study.reading.modes import case_part
from scsim.study.stages.field_stages import PROFILE_MARGIN_MM, fetch_solution
from scsim.study.stages.places import contact_span_mm, make_place, make_setup
from scsim.study.stages.table import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from scsim.fields.accuracy import FieldAccuracy
    from scsim.fields.catalog import FieldSetup
    from scsim.fields.unit_potential import SolvedMedium
    from scsim.study.config import Case, StudyConfig
    from scsim.study.execution.plan import Plan, StagePlan

N_FIBERS: Final = 24
"""Fibers along which a field is compared, evenly chosen by diameter: as many lines as the reference solutions have."""

_SOLUTION: Final = "solution"


@dataclass(frozen=True)
class CheckedField:
    """The estimated error of one field.

    Attributes
    ----------
    case : str
        Swept values of the first case that uses it, as far as the field depends on them.
    solver : str
    accuracy : FieldAccuracy
    n_lines : int
        Lines that it was compared along.
    """

    case: str
    solver: str
    accuracy: FieldAccuracy
    n_lines: int


def count_fields(plan: Plan) -> int:
    """Count the distinct fields of a plan that are solved: none of closed forms and imported ones."""
    planned = plan[_SOLUTION]
    return sum(planned.stage.count_units(case.config) for case in planned.run_cases)


def check_fields(plan: Plan, at_most: int | None = None) -> Iterator[CheckedField]:
    """Solve each distinct field of a plan twice, the second time with twice the resolution, and compare.

    Parameters
    ----------
    plan : Plan
    at_most : int, optional
        Stop after this many fields.

    Yields
    ------
    CheckedField
        In the order of the plan. The solutions stay in the store.

    Raises
    ------
    GeometryError, ConvergenceError
        If a field cannot be solved.
    """
    planned = plan[_SOLUTION]
    cases = [case for case in planned.run_cases if planned.stage.count_units(case.config)]
    has_fibers = any(one.stage.name == "population" for one in plan.stages)
    for case in cases[:at_most]:
        lines = _lines(case.config, has_fibers=has_fibers)
        media = [_solved(case.config, is_refined=refined) for refined in (False, True)]
        found = compare_media(media[0], media[1], lines)
        yield CheckedField(_name(planned, case), case.config.field.solver, found, len(lines))


def _name(planned: StagePlan, case: Case) -> str:
    """Name a field by the swept values that it depends on."""
    values = {axis.name: case.values[axis.key] for axis in planned.axes}
    return ",".join(case_part(name, value) for name, value in values.items()) or "all cases"


def _solved(config: StudyConfig, *, is_refined: bool) -> SolvedMedium:
    """Solve the field of a case."""
    setup = make_setup(config)
    problem = field_problem(setup)
    if problem is not None and is_refined:
        problem = problem.refined()
    solution = None if problem is None else fetch_solution(problem)
    return cast("SolvedMedium", field_medium(setup, solution, problem))


def _lines(config: StudyConfig, *, has_fibers: bool) -> list[NDArray[np.float64]]:
    """Give lines along cord or nerve and, if the study has fibers, some of them, evenly sampled, mm."""
    setup = make_setup(config)
    low_mm, high_mm = contact_span_mm(setup.devices)
    low_mm = max(low_mm - PROFILE_MARGIN_MM, -setup.domain.half_length_mm)
    high_mm = min(high_mm + PROFILE_MARGIN_MM, setup.domain.half_length_mm)
    lines = [sample_evenly([(x, y, low_mm), (x, y, high_mm)]) for x, y in _places_mm(config, setup)]
    if not has_fibers:
        return lines
    stage = next(stage for stage in STAGES if stage.name == "population")
    (population,) = stage.prepare(config, {})
    ends = np.stack([population["fiber_start_mm"], population["fiber_end_mm"]], axis=1)
    chosen = np.unique(np.linspace(0, len(ends) - 1, N_FIBERS).round().astype(np.int64))
    return [*lines, *(sample_evenly(path) for path in ends[chosen])]


def _places_mm(config: StudyConfig, setup: FieldSetup) -> NDArray[np.float64]:
    """Give x and y of the lines of the profile or, of a nerve, of the middles of its fascicles, shape (n, 2), mm."""
    if setup.nerve is not None:
        return np.array([fascicle.center_mm for fascicle in setup.nerve.fascicles])
    depths_mm = np.unique(np.array(config.field.profile_depths_mm, dtype=np.float64))
    return make_place(config).spine.cord_point_mm(np.zeros(depths_mm.size), depths_mm)
