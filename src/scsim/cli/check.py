"""`scsim check`: read a config, print the plan of the study, run nothing.

What a plan is belongs to `scsim.study.plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scsim.cli.console import print_json, print_table
from scsim.cli.run import add_study_arguments

if TYPE_CHECKING:
    import argparse

    from scsim.study.config import Axis, Study
    from scsim.study.plan import Plan, StagePlan


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="read a config and print its plan",
        description=(
            "Resolve and validate CONFIG and print how many cases it has and how often each stage "
            "runs. Nothing is computed or written."
        ),
        allow_abbrev=False,
    )
    add_study_arguments(parser)
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=check)


def check(args: argparse.Namespace) -> int:
    """Print the cases and the plan.

    Parameters
    ----------
    args : argparse.Namespace
        `config`, `overrides`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.study.parse import load_study
    from scsim.study.plan import make_plan

    study = load_study(args.config, tuple(args.overrides))
    plan = make_plan(study)
    if args.json:
        print_json(_as_json(plan))
        return 0
    print(f"{args.config}: {study.title}")
    print(f"{plan.n_cases} cases ({study.mode}), seed {study.seed}\n")
    if study.axes:
        rows = [(axis.key, str(len(axis.values)), _span(axis), axis.unit) for axis in study.axes]
        print_table(("swept key", "values", "from, to", "unit"), rows)
        print()
    print_table(
        ("stage", "what", "runs", "units of work", "for"),
        [
            (
                planned.stage.name,
                planned.stage.title,
                _runs(planned),
                str(planned.n_units),
                _over(planned),
            )
            for planned in plan.stages
        ],
    )
    return 0


def _span(axis: Axis) -> str:
    """Give the first and last value of an axis."""
    first, last = axis.coordinate[0], axis.coordinate[-1]
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in (first, last)]
    return ", ".join(dict.fromkeys(texts))


def _runs(planned: StagePlan) -> str:
    return "1" if planned.n_runs == 1 else f"at most {planned.n_runs}"


def _over(planned: StagePlan) -> str:
    """Say which cases share a run."""
    return f"each {', '.join(planned.dims)}" if planned.dims else "all cases together"


def _as_json(plan: Plan) -> dict[str, object]:
    study: Study = plan.study
    return {
        "title": study.title,
        "seed": study.seed,
        "mode": study.mode,
        "n_cases": plan.n_cases,
        "axes": [
            {
                "key": axis.key,
                "name": axis.name,
                "unit": axis.unit,
                "values": [_plain(value) for value in axis.coordinate],
            }
            for axis in study.axes
        ],
        "stages": [
            {
                "name": planned.stage.name,
                "title": planned.stage.title,
                "n_runs_at_most": planned.n_runs,
                "n_units_at_most": planned.n_units,
                "dims": list(planned.dims),
            }
            for planned in plan.stages
        ],
        "resolved": study.resolved,
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
