"""A plan and what it costs → what a picture of it shows. Drawing is in `scsim.plots.plan_graph`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scsim.results.plan_picture import PlanBox, PlanPicture

if TYPE_CHECKING:
    from scsim.study.execution.cost import StageCost, StudyCost
    from scsim.study.execution.plan import Plan


def plan_picture(plan: Plan, cost: StudyCost) -> PlanPicture:
    """Put together what a picture of a plan shows.

    Parameters
    ----------
    plan : Plan
    cost : StudyCost
        Of this plan.

    Returns
    -------
    PlanPicture
    """
    return PlanPicture(
        title=plan.study.title,
        n_cases=plan.n_cases,
        boxes=tuple(_box(one, cost, is_grid=plan.study.mode == "grid") for one in cost.stages),
        cpu_s=cost.cpu_s,
        wall_s=cost.wall_s,
        workers=cost.workers,
    )


def _box(one: StageCost, cost: StudyCost, *, is_grid: bool) -> PlanBox:
    """Describe one stage; only in a grid do numbers of values multiply, so that they are told."""
    planned = one.planned
    before = {axis.key for name in one.needs for axis in cost[name].planned.axes}
    new = [axis for axis in planned.axes if axis.key not in before]
    return PlanBox(
        name=one.name,
        title=planned.stage.title,
        needs=one.needs,
        n_runs=planned.n_runs,
        n_units=planned.n_distinct,
        n_finished=one.n_finished,
        n_batches=planned.n_batches,
        cpu_s=one.cpu_s,
        swept=tuple((axis.name, len(axis.values) if is_grid else 0) for axis in new),
    )
