"""Time from nothing: a new process that imports, compiles, or finds compiled kernels in its cache.

Times are wall time of the whole process; the note beside them is its processor time.
"""

from __future__ import annotations

import os
import resource
import sys
from subprocess import run
from typing import TYPE_CHECKING

import pytest

from benchmarks.conftest import record
from benchmarks.scenarios import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

THRESHOLD = """
import scsim
fiber = scsim.Fiber("mrg", fiber_diameter_um=10.0, n_nodes=21)
medium = scsim.HomogeneousMedium(sigma_s_per_m=0.2)
potentials = medium.unit_potential_along([scsim.PointSource((1.0, 0.0, 0.0))], [fiber])
found = scsim.find_thresholds([fiber], potentials, scsim.Pulse(pulse_width_us=100))
assert found.threshold_ma[0] > 0
"""


def _run(arguments: list[str], environment: Mapping[str, str] = os.environ) -> None:
    run([sys.executable, *arguments], env=environment, check=True, capture_output=True)


def _time_process(
    benchmark: BenchmarkFixture,
    name: str,
    arguments: list[str],
    *,
    rounds: int,
    environment: Mapping[str, str] = os.environ,
) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    benchmark.pedantic(_run, args=(arguments, environment), rounds=rounds)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / rounds
    record(benchmark, BY_NAME[name], 1, f"{cpu:.2f} s CPU")


def test_help(benchmark: BenchmarkFixture) -> None:
    _run(["-m", "scsim", "--help"])
    _time_process(benchmark, "help", ["-m", "scsim", "--help"], rounds=5)


def test_import(benchmark: BenchmarkFixture) -> None:
    _run(["-c", "import scsim"])
    _time_process(benchmark, "import", ["-c", "import scsim"], rounds=5)


def test_first_threshold_compiling(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    environment = os.environ | {"SCSIM_CACHE_DIR": str(tmp_path)}
    _time_process(
        benchmark,
        "first_threshold_compiling",
        ["-c", THRESHOLD],
        rounds=1,
        environment=environment,
    )
    if not list(tmp_path.rglob("*.nbi")):
        pytest.fail("nothing was compiled into the empty cache, so no compilation was timed")


def test_first_threshold_cached(benchmark: BenchmarkFixture) -> None:
    _run(["-c", THRESHOLD])
    _time_process(benchmark, "first_threshold_cached", ["-c", THRESHOLD], rounds=3)
