"""How both sides of a comparison are timed: in turns, on one core, in a process of their own.

What is timed stands in ``peers_cases.py``; the table for people is made by ``peers_report.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REPEATS: Final = 5
"""Turns of each row; the best counts and the worst is printed beside it."""

SHORTEST_S: Final = 0.2
"""A turn lasts at least this long, s: shorter calls are repeated and averaged."""

_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NEURON_MODULE_OPTIONS": "-nogui",
}
"""One thread for every library, and no search for a screen by NEURON."""

Sample = tuple[float, float]
"""CPU time (user and system) and wall time, s."""


def time_once(call: Callable[[], object]) -> Sample:
    """Time one call.

    Parameters
    ----------
    call : callable

    Returns
    -------
    tuple of 2 float
        CPU time of the process and wall time, s.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def time_repeated(call: Callable[[], object]) -> Sample:
    """Time a call that may be short: repeat it for `SHORTEST_S` and average.

    Parameters
    ----------
    call : callable

    Returns
    -------
    tuple of 2 float
        CPU time and wall time of one call, s.
    """
    n_calls = 0
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SHORTEST_S:
        call()
        n_calls += 1
    return (time.process_time() - cpu) / n_calls, (time.perf_counter() - wall) / n_calls


def in_turns(
    sides: Mapping[str, Callable[[], Sample]], repeats: int
) -> dict[str, dict[str, list[float]]]:
    """Time several sides in turns, so that a slow minute hits all of them.

    Parameters
    ----------
    sides : mapping of str to callable
        Each gives the CPU and wall time of one turn, s.
    repeats : int
        Number of turns.

    Returns
    -------
    dict
        ``{side: {"cpu_s": [...], "wall_s": [...]}}``, one number per turn.
    """
    times: dict[str, dict[str, list[float]]] = {side: {"cpu_s": [], "wall_s": []} for side in sides}
    for _ in range(repeats):
        for side, turn in sides.items():
            cpu_s, wall_s = turn()
            times[side]["cpu_s"].append(cpu_s)
            times[side]["wall_s"].append(wall_s)
    return times


def stay_on_one_core() -> None:
    """Keep this process on one core, where the system can do that."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def processor() -> str:
    """Give the name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def circumstances() -> dict[str, Any]:
    """Say where, when and with which versions the rows were measured."""
    from scsim.study.provenance import cpu_target, git_commit  # noqa: PLC0415 - loads numba

    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": processor(),
            "cpu_target": cpu_target(),
            "n_cores": os.cpu_count(),
            "load_average": os.getloadavg()[0],
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("scsim", "neuron", "pyfibers", "numpy", "numba")},
        },
        "commit": git_commit(),
    }


def _run_apart(module: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure a row in a process of its own: NEURON steps everything that its process holds."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "row.json"
        command = [sys.executable, "-m", module, str(out), "--row", name]
        command += ["--repeats", str(options.repeats)]
        command += ["--without-limit"] if options.without_limit else []
        subprocess.run(
            command,
            check=True,
            env=os.environ | _ENVIRONMENT,
            stdout=subprocess.DEVNULL,  # NEURON speaks there
        )
        return dict(json.loads(out.read_text(encoding="utf-8")))


def measure_rows(
    module: str,
    section: str,
    rows: Mapping[str, Any],
    measure: Callable[[str, argparse.Namespace], dict[str, Any]],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a program that measures rows: parent of one process per row, and that process itself.

    Parameters
    ----------
    module : str
        Module of the program, started again for each row.
    section : str
        Name under which its rows stand in the file.
    rows : mapping
        All rows by name.
    measure : callable
        Measures one row in this process.
    arguments : sequence of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0, or 1 if a row could not be measured; the others are written.
    """
    parser = argparse.ArgumentParser(description="Measure scsim beside other software.")
    parser.add_argument("json", type=Path, help="file to write; sections of others are kept")
    parser.add_argument("--only", nargs="+", choices=rows, help="rows to measure; others are kept")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="default %(default)s")
    parser.add_argument(
        "--without-limit", action="store_true", help="leave out the search at a finer step"
    )
    parser.add_argument("--row", choices=rows, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.row is not None:
        stay_on_one_core()
        row = measure(options.row, options)
        options.json.write_text(json.dumps(row), encoding="utf-8")
        return 0
    content: dict[str, Any] = {}
    if options.json.exists():
        content = json.loads(options.json.read_text(encoding="utf-8"))
    kept = content.get(section, {}) if options.only else {}
    content |= circumstances()
    failed = []
    for name in options.only or rows:
        sys.stdout.write(f"{module}: {name}\n")
        sys.stdout.flush()
        try:
            kept[name] = _run_apart(module, name, options)
        except subprocess.CalledProcessError:
            failed.append(name)
            kept.pop(name, None)
        content[section] = {name: kept[name] for name in rows if name in kept}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    if failed:
        sys.stderr.write(f"{module}: not measured: {', '.join(failed)}; see above why.\n")
    return 1 if failed else 0
