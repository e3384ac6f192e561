"""`scsim run`: run a study, then draw its pictures.

Everything that is computed belongs to `scsim.study`; progress is drawn by ``progress.py``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.console import say

if TYPE_CHECKING:
    from scsim.results.store import Results
    from scsim.study.run import RunReport

RESULTS_ROOT: Final = Path("results")
"""Folder below the current one that takes the results of a study without ``--out``."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="run a study",
        description=(
            "Run the study of CONFIG and draw its pictures. A run that was interrupted goes on "
            "where it stopped."
        ),
        allow_abbrev=False,
    )
    add_study_arguments(parser)
    parser.add_argument(
        "--out",
        type=_folder,
        metavar="DIR",
        help="folder for results, pictures and log (default: results/<name of the config>)",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="threads (default: one per processor)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete what scsim wrote into the folder, then run"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(command=run)


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every command that reads a config: CONFIG, ``--set`` and ``--preset``."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a study in TOML")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="KEY=VALUE",
        help="replace a value of the config, for example --set stimulus.pulse_width_us=300",
    )
    parser.add_argument(
        "--preset",
        action="append",
        default=[],
        dest="presets",
        metavar="NAME",
        help="use [preset.NAME] of the config; may be given several times, and comes before --set",
    )


def _folder(text: str) -> Path:
    """Read the name of a folder; an empty one would be the current folder by accident."""
    if not text.strip():
        message = f"{text!r} names no folder: give one, or leave --out away"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def run(args: argparse.Namespace) -> int:
    """Run the study, draw missing and outdated pictures, say where everything is.

    Parameters
    ----------
    args : argparse.Namespace
        `config`, `overrides`, `out`, `workers`, `fresh`, `quiet`.

    Returns
    -------
    int
        0, or 1 if some cases failed.
    """
    from scsim.cli.progress import make_progress
    from scsim.study.reading.parse import load_study
    from scsim.study.run import execute

    study = load_study(args.config, tuple(args.overrides), tuple(args.presets))
    folder = RESULTS_ROOT / args.config.stem if args.out is None else args.out
    with make_progress(is_quiet=args.quiet) as progress:
        outcome = execute(study, folder, workers=args.workers, fresh=args.fresh, progress=progress)
    report, results = outcome.report, outcome.results
    pictures = _draw(results, folder, is_new=not report.is_nothing_left)
    if report.is_nothing_left:
        print("nothing left to do: the study is complete")
    else:
        say(_describe(report, len(study.cases)), is_quiet=args.quiet)
    print(f"results: {results.path}")
    for picture in pictures:
        print(f"picture: {picture}")
    return _name_failures(results)


def _draw(results: Results, folder: Path, *, is_new: bool) -> list[Path]:
    """Draw the standard pictures, or those of finished results if one is missing or older than them."""
    from scsim.plots.pictures import picture_names, save_pictures
    from scsim.results.store import RESULTS_FILE

    expected = [folder / f"{name}.png" for name in picture_names(results)]
    written = (folder / RESULTS_FILE).stat().st_mtime_ns
    if not is_new and all(
        path.is_file() and path.stat().st_mtime_ns >= written for path in expected
    ):
        return expected
    return save_pictures(results, folder, "png")


def _describe(report: RunReport, n_cases: int) -> str:
    """Say what was computed and what was there already."""
    counts = [
        f"  {count.name}: {count.n_distinct} distinct of {count.n_units} units"
        + (f", {count.n_loaded} from finished batches" if count.n_loaded else "")
        + f", {count.wall_s:.2f} s"
        for count in report.stages
    ]
    fields = (
        f"  fields: {report.n_fields_solved} solved, "
        f"{report.n_fields_loaded} read from the cache folder"
    )
    return "\n".join([f"{n_cases} cases in {report.wall_s:.1f} s", *counts, fields])


def _name_failures(results: Results) -> int:
    """Name the cases that failed and give the exit code."""
    failures = results.failures
    if not failures:
        return 0
    say(f"{len(failures)} cases failed; the others are saved:")
    for failure in failures:
        say(f"  case {failure.case} ({failure.name}): {failure.reason}")
    return 1
