"""`scsim run`: run a study, then draw its pictures.

Everything that is computed belongs to `scsim.study`; progress is drawn by ``progress.py``.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scsim.results.store import CaseFailure, Results
    from scsim.study.execution.engines import Engine
    from scsim.study.run import RunReport

ENGINES: Final = ("threads", "processes", "dask")
"""Engines that a study can run on, as `scsim.study.execution.engines` names them."""

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
        "--workers", type=int, metavar="N", help="threads or processes (default: one per processor)"
    )
    _add_engine_arguments(parser)
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument(
        "--fresh", action="store_true", help="delete what scsim wrote into the folder, then run"
    )
    beginning.add_argument(
        "--continue",
        action="store_true",
        dest="keep",
        help="go on in a folder of another config or version, with the finished batches that match",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(command=run)


def _add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where a study is computed, and with how much memory."""
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument(
        "--engine",
        choices=ENGINES,
        default="threads",
        help="what computes: threads, processes, or a dask cluster on this machine (default: threads)",
    )
    engine.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="workers of a dask scheduler that runs already, for example tcp://10.0.0.5:8786",
    )
    engine.add_argument(
        "--cluster",
        type=Path,
        metavar="FILE",
        help="jobs of a cluster (SLURM, PBS, LSF, SGE, OAR), described in a few lines of TOML",
    )
    parser.add_argument(
        "--shard",
        type=read_shard,
        metavar="I/N",
        help="compute the I-th of N shares, while others compute theirs into the same folder",
    )
    parser.add_argument(
        "--memory",
        type=float,
        metavar="GB",
        help="bound of the memory of this process (default: 80 %% of what is available)",
    )


def read_shard(text: str) -> tuple[int, int]:
    """Read the number of a shard and of all: ``2/4``.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of int

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    number, _, n_shards = text.partition("/")
    if not (number.isascii() and number.isdigit() and n_shards.isascii() and n_shards.isdigit()):
        message = f"{text!r} is no shard: give its number and that of all, for example 2/4"
        raise argparse.ArgumentTypeError(message)
    if not 1 <= int(number) <= int(n_shards):
        message = f"{text!r} is no shard: they are counted from 1 to their number, for example 1/{max(int(n_shards), 1)}"
        raise argparse.ArgumentTypeError(message)
    return int(number), int(n_shards)


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
        `config`, `overrides`, `out`, `workers`, `engine`, `scheduler`, `cluster`, `shard`, `memory`, `fresh`, `keep`,
        `quiet`.

    Returns
    -------
    int
        0, or 1 if some cases failed.
    """
    from scsim.cli.progress import make_progress
    from scsim.study.execution.forecast import Forecast
    from scsim.study.reading.parse import load_study
    from scsim.study.run import execute

    forecast = Forecast()
    study = load_study(args.config, tuple(args.overrides), tuple(args.presets))
    folder = RESULTS_ROOT / args.config.stem if args.out is None else args.out
    with _engine(args) as engine, make_progress(forecast, is_quiet=args.quiet) as progress:
        outcome = execute(
            study,
            folder,
            workers=args.workers,
            fresh=args.fresh,
            progress=progress,
            engine=engine,
            shard=args.shard,
            memory_gb=args.memory,
            keep=args.keep,
            forecast=forecast,
        )
    if outcome.found is None:
        say(_describe(outcome.report, len(study.cases)), is_quiet=args.quiet)
        print(_what_is_left(outcome.n_left, args, folder))
        return _name_failures(outcome.failures)
    report, results = outcome.report, outcome.results
    pictures = _draw(results, folder, is_new=not report.is_nothing_left)
    if report.is_nothing_left:
        print("nothing left to do: the study is complete")
    else:
        say(_describe(report, len(study.cases)), is_quiet=args.quiet)
    print(f"results: {results.path}")
    for picture in pictures:
        print(f"picture: {picture}")
    return _name_failures(results.failures)


@contextmanager
def _engine(args: argparse.Namespace) -> Iterator[str | Engine]:
    """Give the engine that the command line asks for; one on other machines is left when the study is done."""
    if args.scheduler is None and args.cluster is None:
        yield args.engine
        return
    from scsim.study.execution.cluster import connect_scheduler, start_cluster
    from scsim.study.execution.cluster_file import read_cluster

    engine = (
        connect_scheduler(args.scheduler)
        if args.cluster is None
        else start_cluster(read_cluster(args.cluster))
    )
    try:
        yield engine
    finally:
        engine.close()


def _what_is_left(n_left: int, args: argparse.Namespace, folder: Path) -> str:
    """Say what a shard leaves to others, and what completes the study."""
    number, n_shards = args.shard
    return (
        f"shard {number}/{n_shards} is done: {n_left} batches of other shards are left in {folder}\n"
        f"to complete: run those shards; or `scsim run {args.config} --out {folder}` to compute what is left here; or "
        "`scsim merge DIR...` to join folders of other machines"
    )


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


def _name_failures(failures: tuple[CaseFailure, ...]) -> int:
    """Name the cases that failed and give the exit code."""
    if not failures:
        return 0
    say(f"{len(failures)} cases failed; the others are saved:")
    for failure in failures:
        say(f"  case {failure.case} ({failure.name}): {failure.reason}")
    return 1
