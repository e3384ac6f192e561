"""`scsim validate`: run reference cases of other software against this installation.

Cases, tolerances and errors belong to `scsim.validate`; this file draws the report.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.console import print_json, print_table, say

if TYPE_CHECKING:
    import argparse

    from scsim.validate.report import Case, Check, Report

ROOMS: Final = ("fibers", "field", "circuit")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "validate",
        help="run reference cases of other software",
        description=(
            "Run reference cases and print the error of each, then the worst. Without PATH the "
            "cases that ship with scsim; without a room all of them. Exit code 0 only if every "
            "case was run and holds."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("room", nargs="?", choices=ROOMS, help="what to check (default: all)")
    parser.add_argument(
        "path", nargs="?", type=Path, metavar="PATH", help="a reference table or a folder of them"
    )
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.add_argument("--quiet", action="store_true", help="only the closing lines")
    parser.set_defaults(command=validate)


def validate(args: argparse.Namespace) -> int:
    """Run the cases and draw the report.

    Parameters
    ----------
    args : argparse.Namespace
        `room`, `path`, `json`, `quiet`.

    Returns
    -------
    int
        0 if every case was run and holds, else 1.
    """
    from scsim.validate.report import closing_line

    rooms = ROOMS if args.room is None else (args.room,)
    reports = []
    for room in rooms:
        say(f"validating {room}", is_quiet=args.quiet or args.json)
        reports.append(_run_room(room, args.path))
    if args.json:
        print_json([_as_json(report) for report in reports])
    else:
        for report in reports:
            _draw(report, is_quiet=args.quiet)
        print(closing_line(tuple(reports)))
    return 0 if all(report.is_good for report in reports) else 1


def _run_room(room: str, path: Path | None) -> Report:
    """Run the cases of one room, importing only what it needs."""
    if room == "fibers":
        from scsim.validate.fibers import validate_fibers

        return validate_fibers(path)
    if room == "field":
        from scsim.validate.field import validate_field

        return validate_field(path)
    from scsim.validate.circuit import validate_circuit

    return validate_circuit(path)


def _draw(report: Report, *, is_quiet: bool) -> None:
    """Write one table of cases, the files that are no cases, and the worst errors."""
    if not is_quiet:
        print_table(
            ("file", "case", "worst of", "error", "allowed", "unit", "outcome"),
            [_cells(case) for case in report.cases],
            title=f"{report.room}: {len(report.cases)} cases",
        )
        for entry in report.inputs:
            print(f"not a case: {entry.file}: {entry.why}")
        print()
    worst = [
        (quantity, f"{check.error:.3g}", f"{check.limit:.3g}", check.unit, name)
        for quantity, (name, check) in report.worst().items()
    ]
    if worst:
        print_table(
            ("quantity", "worst error", "allowed", "unit", "in case"),
            worst,
            title=f"{report.room}: worst of each quantity",
        )
        print()


def _cells(case: Case) -> tuple[str, ...]:
    worst = case.worst
    outcome = f"{case.outcome}: {case.reason}" if case.reason else str(case.outcome)
    if worst is None:
        return (case.file, case.name, "", "", "", "", outcome)
    return (
        case.file,
        case.name,
        f"{worst.quantity}, {worst.where}" if worst.where else worst.quantity,
        f"{worst.error:.3g}",
        f"{worst.limit:.3g}",
        worst.unit,
        outcome,
    )


def _as_json(report: Report) -> dict[str, object]:
    from scsim.validate.report import Outcome

    return {
        "room": report.room,
        "n_cases": len(report.cases),
        **{f"n_{outcome.replace(' ', '_')}": report.count(outcome) for outcome in Outcome},
        "cases": [
            {
                "file": case.file,
                "case": case.name,
                "outcome": str(case.outcome),
                "reason": case.reason,
                "checks": [_check_as_json(check) for check in case.checks],
            }
            for case in report.cases
        ],
        "not_cases": [{"file": entry.file, "why": entry.why} for entry in report.inputs],
    }


def _check_as_json(check: Check) -> dict[str, object]:
    from scsim.validate.tolerances import TOLERANCES

    return {
        "quantity": check.quantity,
        "where": check.where,
        "error": check.error,
        "allowed": check.limit,
        "unit": check.unit,
        "holds": check.is_held,
        "source_of_tolerance": TOLERANCES[check.quantity].source,
    }
