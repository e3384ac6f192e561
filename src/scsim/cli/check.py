"""`scsim check`: read a config, print the plan of the study, run nothing; on request, estimate errors of its fields.

What a plan is belongs to `scsim.study.execution.plan`, how fields are compared to `scsim.study.stages.accuracy`.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from scsim.cli.console import print_json, print_table
from scsim.cli.run import add_study_arguments

if TYPE_CHECKING:
    from scsim.study.config import Axis, Study
    from scsim.study.execution.plan import Plan, StagePlan
    from scsim.study.stages.accuracy import CheckedField


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="read a config and print its plan",
        description=(
            "Resolve and validate CONFIG and print how many cases it has and how often each stage "
            "runs. Nothing is computed or written, unless --field-accuracy asks for fields."
        ),
        allow_abbrev=False,
    )
    add_study_arguments(parser)
    parser.add_argument(
        "--field-accuracy",
        action="store_true",
        help="solve each field, and again with twice the resolution, and print how far they differ",
    )
    parser.add_argument(
        "--at-most",
        type=_count,
        metavar="N",
        help="with --field-accuracy: only the first N fields of the plan",
    )
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=check)


def _count(text: str) -> int:
    """Read a number of fields."""
    if not text.isdigit() or int(text) < 1:
        message = f"{text!r} is no number of fields: write a whole number from 1 on"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def check(args: argparse.Namespace) -> int:
    """Print the cases and the plan.

    Parameters
    ----------
    args : argparse.Namespace
        `config`, `overrides`, `field_accuracy`, `at_most`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.study.execution.plan import make_plan
    from scsim.study.reading.parse import load_study

    study = load_study(args.config, tuple(args.overrides), tuple(args.presets))
    plan = make_plan(study)
    if args.json:
        checked = _check_fields(plan, args) if args.field_accuracy else None
        print_json(_as_json(plan, checked))
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
    for planned in plan.stages:
        if False:
            print(
                f"\nexpected: {planned.stage.name} takes at most {planned.expected_s:.2g} s of one processor "
                "(2024, AVX-512; about 2.5 times that with AVX2); cases with equal fibers share runs."
            )
    for line in _coverage(study):
        print(f"\ncoverage: {line}")
    if args.field_accuracy:
        print()
        _print_fields(plan, args)
    return 0


def _coverage(study: Study) -> list[str]:
    """Say how well imported potentials cover fibers and lines, if the study imports any."""
    if all(case.config.field.file is None for case in study.cases):
        return []
    from scsim.study.reading.file_checks import coverage_lines

    return coverage_lines([case.config for case in study.cases])


def _check_fields(plan: Plan, args: argparse.Namespace) -> list[CheckedField]:
    """Estimate the errors of the fields that the arguments ask for."""
    from scsim.study.stages.accuracy import check_fields

    return list(check_fields(plan, args.at_most))


def _print_fields(plan: Plan, args: argparse.Namespace) -> None:
    """Print the estimated errors of the fields."""
    from scsim.fields.accuracy import STEP_MM
    from scsim.study.stages.accuracy import count_fields

    n_fields = count_fields(plan)
    if n_fields == 0:
        print("No field of this study is solved on a mesh or grid: there is no error to estimate.")
        return
    checked = _check_fields(plan, args)
    rows = [
        (
            one.case,
            one.solver,
            str(one.n_lines),
            *(
                _percent(value)
                for value in (
                    one.accuracy.potential,
                    one.accuracy.shape,
                    one.accuracy.second_difference,
                    one.accuracy.contact_matrix,
                )
            ),
        )
        for one in checked
    ]
    print_table(
        ("field of case", "solver", "lines", "potential", "shape", "2nd diff.", "contact matrix"),
        rows,
        title="difference from a solution of twice the resolution, worst of all contacts and lines",
    )
    print(
        "Potential relative to its largest value on the line, shape without the mean and relative to its range, "
        f"second difference with a step of {STEP_MM:g} mm relative to its largest value."
    )
    if len(checked) < n_fields:
        print(f"{len(checked)} of {n_fields} fields; leave --at-most out to see all.")


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %"


def _span(axis: Axis) -> str:
    """Give the first and last value of an axis."""
    first, last = axis.coordinate[0], axis.coordinate[-1]
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in (first, last)]
    return ", ".join(dict.fromkeys(texts))


def _runs(planned: StagePlan) -> str:
    is_exact = planned.n_runs == 1 or planned.stage.distinct is not None
    return f"{planned.n_runs}" if is_exact else f"at most {planned.n_runs}"


def _over(planned: StagePlan) -> str:
    """Say which cases share a run."""
    return f"each {', '.join(planned.dims)}" if planned.dims else "all cases together"


def _as_json(plan: Plan, checked: list[CheckedField] | None) -> dict[str, object]:
    study: Study = plan.study
    fields = {} if checked is None else {"field_accuracy": [_field_as_json(one) for one in checked]}
    covered = _coverage(study)
    return {
        **fields,
        **({"coverage": covered} if covered else {}),
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


def _field_as_json(checked: CheckedField) -> dict[str, object]:
    return {
        "case": checked.case,
        "solver": checked.solver,
        "n_lines": checked.n_lines,
        **asdict(checked.accuracy),
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
