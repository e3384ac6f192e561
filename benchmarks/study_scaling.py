"""How studies scale: cost per case, two workers against one, processes against threads, memory under a bound.

    python -m benchmarks.study_scaling .benchmarks/studies.json [--only overhead workers memory] [--repeats 5]

measures on the machine as it is, each run in a process of its own, sides in turns; the tables for people are made by
``study_scaling_report.py``. What a run of cheap cases costs part by part is measured in ``study_overhead.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.peers_timing import processor
from benchmarks.scenarios import fluid_config, overhead_config
from benchmarks.study_overhead import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS: Final = ("overhead", "workers", "memory")

N_CASES: Final = 10_000
"""Cases of a study that measures the overhead."""

_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "SCSIM_FIELD_CACHE_GB": "0",  # fields are solved, not read
}

_ONCE_OVER: Final = 8
"""The study that warms up has this many times fewer values."""


@dataclass(frozen=True)
class Work:
    """A study in which one kind of work takes nearly all the time.

    Attributes
    ----------
    title : str
    config : callable
        ``(number of values) -> config``.
    n_values : int
        For about ten seconds with one worker.
    """

    title: str
    config: Callable[[int], dict[str, Any]]
    n_values: int


def _thresholds(n_values: int) -> dict[str, Any]:
    """Fibers of one population, their thresholds for one pulse."""
    config = overhead_config(4)
    config["stimulus"] |= {"amplitude_ma": 1.0, "frequency_hz": 50.0}
    config["fibers"] = {"n_fibers": 32 * n_values}
    config["output"]["save"] = ["thresholds"]
    del config["circuit"]
    return config


def _spiking(n_values: int) -> dict[str, Any]:
    """Rates of pulses, each with four realizations of the natural trains."""
    config = overhead_config(4)
    config["stimulus"] |= {
        "amplitude_ma": 5.0,
        "frequency_hz": {"sweep": {"linspace": [20.0, 120.0, n_values]}},
    }
    config["fibers"] = {"n_fibers": 64}
    config["afferents"] = {"realization": {"sweep": [0, 1, 2, 3]}}
    config["circuit"] = {"model": "zhang2014", "duration_s": 2.0}
    config["output"]["save"] = ["cell_rates"]
    return config


def _rates(n_values: int) -> dict[str, Any]:
    """Rates of pulses, each a run of the rate model."""
    config = overhead_config(4)
    config["stimulus"] |= {
        "amplitude_ma": 5.0,
        "frequency_hz": {"sweep": {"linspace": [20.0, 120.0, n_values]}},
    }
    config["fibers"] = {"n_fibers": 64}
    config["circuit"] = {"model": "crodelle2019", "duration_s": 20.0}
    config["output"]["save"] = ["pain_signal"]
    return config


WORKS: Final[dict[str, Work]] = {
    "fields": Work("spectral fields, one per fluid thickness", fluid_config, 24),
    "thresholds": Work("thresholds of fibers", _thresholds, 32),
    "spiking": Work("spiking circuit", _spiking, 20),
    "rates": Work("rate model", _rates, 1200),
}
"""Studies whose time is compared between workers and engines, and under a bound of memory."""

WAYS: Final[dict[str, tuple[str, int]]] = {
    "1 thread": ("threads", 1),
    "2 threads": ("threads", 2),
    "2 processes": ("processes", 2),
}

BOUNDS_GB: Final = (0.6, 1.0, 2.0)
"""Bounds of memory that are asked for."""


def run_work(name: str, engine: str, workers: int, memory_gb: float | None) -> dict[str, Any]:
    """Run a study in this process, once small to load modules and kernels, then whole.

    Parameters
    ----------
    name : str
        One of `WORKS`.
    engine : str
    workers : int
    memory_gb : float or None

    Returns
    -------
    dict
        `wall_s`, `cpu_s` with that of child processes, `peak_mb` of this process, `n_units` that were computed; or
        `refused`, the message of a bound that is too low.
    """
    import tomli_w  # noqa: PLC0415 - as those of scsim: loaded in the child alone

    from scsim.errors import ResultsError  # noqa: PLC0415 - as above
    from scsim.study.reading.parse import parse_study  # noqa: PLC0415 - as above
    from scsim.study.run import execute  # noqa: PLC0415 - as above

    work = WORKS[name]
    few = parse_study(tomli_w.dumps(work.config(max(2, work.n_values // _ONCE_OVER))))
    study = parse_study(tomli_w.dumps(work.config(work.n_values)))
    execute(few, workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        wall, before = time.perf_counter(), _cpu_s()
        try:
            report = execute(
                study, folder, workers=workers, engine=engine, memory_gb=memory_gb
            ).report
        except ResultsError as error:
            return {"refused": str(error)}
        wall, after = time.perf_counter() - wall, _cpu_s()
    return {
        "wall_s": wall,
        "cpu_s": after - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "n_units": sum(count.n_computed for count in report.stages),
    }


def _cpu_s() -> float:
    """Processor time of this process and of the children that it has waited for, s."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _apart(module: str, *arguments: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(json.loads(answer.stdout))


def measure_overhead(repeats: int) -> dict[str, Any]:
    """Measure every kind of cheap cases; gives the runs of each."""
    return {
        kind: [
            _apart("benchmarks.study_overhead", kind, str(N_CASES)) for _ in range(min(repeats, 3))
        ]
        for kind in KINDS
    }


def measure_workers(repeats: int) -> dict[str, Any]:
    """Measure every study in every way, in turns; gives the runs of each."""
    found: dict[str, dict[str, list[Any]]] = {name: {way: [] for way in WAYS} for name in WORKS}
    for name, ways in found.items():
        for _ in range(repeats):
            for way, runs in ways.items():
                engine, workers = WAYS[way]
                command = ["--work", name, "--engine", engine, "--workers", str(workers)]
                runs.append(_apart("benchmarks.study_scaling", "-", *command))
    return found


def measure_memory() -> dict[str, Any]:
    """Measure the peak of memory of every study under every bound."""
    return {
        name: {
            str(bound): _apart(
                "benchmarks.study_scaling", "-", "--work", name, "--memory", str(bound)
            )
            for bound in BOUNDS_GB
        }
        for name in WORKS
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or be one of the processes that are measured.

    Parameters
    ----------
    arguments : sequence of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description="Measure how studies scale.")
    parser.add_argument(
        "json", type=Path, help="file to write; parts that are not measured are kept"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--repeats", type=int, default=5, help="default %(default)s")
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="threads", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=2, help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work is not None:
        answer = run_work(options.work, options.engine, options.workers, options.memory)
        sys.stdout.write(json.dumps(answer) + "\n")
        return 0
    content: dict[str, Any] = {}
    if options.json.exists():
        content = json.loads(options.json.read_text(encoding="utf-8"))
    content |= {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "n_cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "versions": {name: version(name) for name in ("scsim", "numpy", "numba")},
    }
    measures = {
        "overhead": lambda: measure_overhead(options.repeats),
        "workers": lambda: measure_workers(options.repeats),
        "memory": measure_memory,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    for part in options.only:
        content[part] = measures[part]()
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
