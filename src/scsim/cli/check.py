"""`scsim check`: read a config, print the plan of the study and what it costs; run nothing.

On request the plan is drawn, or errors of the fields are estimated.
What a plan is belongs to `scsim.study.execution.plan`, what it costs to `scsim.study.execution.cost`, how fields are
compared to `scsim.study.stages.accuracy`.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.amounts import duration, size
from scsim.cli.console import print_json, print_table
from scsim.cli.run import add_study_arguments

if TYPE_CHECKING:
    from scsim.study.config import Axis, Study
    from scsim.study.execution.cost import StageCost, StudyCost
    from scsim.study.execution.plan import Plan, StagePlan
    from scsim.study.stages.accuracy import CheckedField

_FORMATS: Final = (".svg", ".png", ".pdf")
"""Endings of pictures of a plan."""

_NOTICED: Final = 0.02
"""Share of the whole time below which a stage is not worth a word."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="read a config and print its plan",
        description=(
            "Resolve and validate CONFIG and print how many cases it has, how often each stage runs and what that "
            "takes. Nothing is computed, unless --field-accuracy asks for fields."
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
    parser.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="expect so many workers (default: one per processor)",
    )
    parser.add_argument(
        "--memory", type=float, metavar="GB", help="expect this bound on memory, as of scsim run"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="count units that are finished in this folder of an earlier run as done",
    )
    parser.add_argument(
        "--graph",
        type=_picture,
        metavar="FILE",
        help="draw the plan as a picture: FILE.svg, FILE.png or FILE.pdf",
    )
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=check)


def _count(text: str) -> int:
    """Read a number of fields or workers."""
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is no number to count with: write a whole number from 1 on"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _picture(text: str) -> Path:
    """Read the name of a picture."""
    path = Path(text)
    if path.suffix.lower() not in _FORMATS:
        message = (
            f"{text!r}: a plan is drawn as {', '.join(_FORMATS)}; end the name with one of these"
        )
        raise argparse.ArgumentTypeError(message)
    return path


def check(args: argparse.Namespace) -> int:
    """Print the cases, the plan and what it costs.

    Parameters
    ----------
    args : argparse.Namespace
        `config`, `overrides`, `presets`, `field_accuracy`, `at_most`, `workers`, `memory`, `out`, `graph`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.results.store import RESULTS_FILE
    from scsim.study.execution.plan import make_plan
    from scsim.study.reading.parse import load_study

    study = load_study(args.config, tuple(args.overrides), tuple(args.presets))
    plan = make_plan(study)
    cost = _cost(plan, args)
    if args.graph is not None:
        _draw(plan, cost, args.graph)
    if args.json:
        checked = _check_fields(plan, args) if args.field_accuracy else None
        print_json(_as_json(plan, cost, checked))
        return 0
    print(f"{args.config}: {study.title}")
    print(f"{plan.n_cases} cases ({study.mode}), seed {study.seed}\n")
    if study.axes:
        rows = [(axis.key, str(len(axis.values)), _span(axis), axis.unit) for axis in study.axes]
        print_table(("swept key", "values", "from, to", "unit"), rows)
        print()
    _print_cost(plan, cost)
    if args.out is not None and (args.out / RESULTS_FILE).is_file():
        print(
            f"results: {args.out / RESULTS_FILE} is there already; scsim run says whether they are of this study"
        )
    for line in _coverage(study):
        print(f"\ncoverage: {line}")
    if args.graph is not None:
        print(f"\npicture: {args.graph}")
    if args.field_accuracy:
        print()
        _print_fields(plan, args)
    return 0


def _cost(plan: Plan, args: argparse.Namespace) -> StudyCost:
    """Estimate what the plan costs on this machine, beside what a folder holds already."""
    from scsim.study.execution.cost import estimate_cost, finished_units
    from scsim.study.execution.rates import load_rates

    finished: dict[str, int] = {}
    if args.out is not None:
        finished = finished_units(plan, args.out)
    return estimate_cost(
        plan, workers=args.workers, memory_gb=args.memory, rates=load_rates(), finished=finished
    )


def _draw(plan: Plan, cost: StudyCost, path: Path) -> None:
    """Draw the plan."""
    from scsim.plots.plan_graph import plan_graph
    from scsim.plots.style import PRINT_DPI
    from scsim.study.execution.graph import plan_picture

    plan_graph(plan_picture(plan, cost)).savefig(path, dpi=PRINT_DPI)


def _print_cost(plan: Plan, cost: StudyCost) -> None:
    """Print the stages, what each costs, and the totals."""
    print_table(
        ("stage", "runs", "units", "batches", "CPU", "wall", "memory", "for each", "needs", "what"),
        [
            (
                one.name,
                _runs(one.planned),
                _units(one),
                _batches(one),
                duration(one.cpu_s),
                duration(one.wall_s),
                f"{one.megabytes:.0f} MB" if one.megabytes else "",
                ", ".join(one.planned.dims) or "(all cases)",
                ", ".join(one.needs),
                one.planned.stage.title,
            )
            for one in cost.stages
        ],
    )
    workers = "1 worker" if cost.workers == 1 else f"{cost.workers} workers"
    print(
        f"\ntotal: at most {duration(cost.cpu_s)} of processor time, {duration(cost.wall_s)} on {workers}; "
        f"memory {size(cost.megabytes * 1e6)}; results file {size(cost.results_bytes)} before compression"
    )
    if cost.compile_s:
        print(
            f"first use: {duration(cost.compile_s)} more to compile kernels, once on this machine"
        )
    for line in _notes(plan, cost):
        print(line)


def _notes(plan: Plan, cost: StudyCost) -> list[str]:
    """Say what the numbers rest on."""
    lines = [f"rates: {_rates(cost)}"]
    if any(_is_at_most(one.planned) for one in cost.stages):
        lines.append(
            "at most: runs whose inputs turn out equal, such as amplitudes that recruit the same fibers, share "
            "their work"
        )
    for one in cost.stages:
        if one.n_finished:
            where = "in the cache folder" if one.name == "solution" else "in finished batches"
            lines.append(
                f"finished: {one.n_finished} of {one.planned.n_distinct} units of {one.name} are {where}"
            )
    if any(not one.at_once for one in cost.stages):
        lines.append("memory: the bound is too small for a single batch; allow more with --memory")
    return lines


def _rates(cost: StudyCost) -> str:
    """Say whose rates the estimate is by."""
    costly = [one for one in cost.stages if one.cpu_s >= _NOTICED * cost.cpu_s]
    known = [one.name for one in costly if one.is_measured]
    if len(known) == len(costly):
        return "as measured on this machine"
    if not known:
        return (
            "of the reference machine, one core of a server of 2024; this machine's own take their place once it "
            "has run a study"
        )
    return f"as measured on this machine for {', '.join(known)}; else of the reference machine"


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


def _is_at_most(planned: StagePlan) -> bool:
    return planned.n_runs > 1 and planned.stage.distinct is None


def _runs(planned: StagePlan) -> str:
    return f"{planned.n_runs}"


def _units(cost: StageCost) -> str:
    n_units = cost.planned.n_distinct
    return f"{cost.n_finished} of {n_units} done" if cost.n_finished else f"{n_units}"


def _batches(cost: StageCost) -> str:
    """Say how many batches there are, and how large."""
    planned = cost.planned
    if planned.n_batches <= 1:
        return f"{planned.n_batches}"
    return f"{planned.n_batches} of {min(planned.batch_size, planned.n_distinct)}"


def _as_json(plan: Plan, cost: StudyCost, checked: list[CheckedField] | None) -> dict[str, object]:
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
        "workers": cost.workers,
        "cpu_s_at_most": cost.cpu_s,
        "wall_s_at_most": cost.wall_s,
        "compile_s": cost.compile_s,
        "memory_mb": cost.megabytes,
        "results_bytes": cost.results_bytes,
        "results_s": cost.results_s,
        "rates": _rates(cost),
        "stages": [
            {
                "name": one.name,
                "title": one.planned.stage.title,
                "needs": list(one.needs),
                "n_runs_at_most": one.planned.n_runs,
                "n_units_at_most": one.planned.n_distinct,
                "n_units_finished": one.n_finished,
                "n_batches_at_most": one.planned.n_batches,
                "batch_size": one.planned.batch_size,
                "batches_at_once": one.at_once,
                "unit_s": one.unit_s,
                "cpu_s_at_most": one.cpu_s,
                "wall_s_at_most": one.wall_s,
                "memory_mb": one.megabytes,
                "is_measured_here": one.is_measured,
                "dims": list(one.planned.dims),
            }
            for one in cost.stages
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
