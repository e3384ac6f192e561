"""A results file of 5 GB: opened in a second, read in parts, checked as far as it is read."""

import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.formats import hdf5
from scsim.formats.hdf5 import Variable, make_variable, write_labelled
from scsim.results.store import load_results

N_CASES, N_TIMES = 1_000_000, 640
GIGABYTE = 10**9


def _course(case: int) -> np.ndarray:
    return np.arange(N_TIMES) * 1e-3 * (1.0 + case % 977) + case


def _child_s() -> float:
    """Processor time of the programs that were started and have ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 5 GB: compression level 0, so that they are on the disk and not only in memory."""

    def load(selection: tuple[slice, ...]) -> np.ndarray:
        cases = np.arange(selection[0].start, selection[0].stop)
        times = np.arange(N_TIMES)[selection[1]] * 1e-3
        return times * (1.0 + cases[:, None] % 977) + cases[:, None]

    words = {"long_name": "a name", "description": "What it means."}
    one = {"units": "1", **words}
    amplitudes = {"units": "mA", "config_key": "stimulus.amplitude_ma", **words}
    course = {"units": "Hz", **words}
    rng = np.random.default_rng(0)
    variables = [
        make_variable("case", ("case",), np.arange(N_CASES), one),
        make_variable("amplitude_ma", ("case",), np.arange(N_CASES) * 1e-5, amplitudes),
        make_variable("time_s", ("time_s",), np.arange(N_TIMES) * 1e-3, {"units": "s", **words}),
        make_variable(
            "status", ("case",), np.zeros(N_CASES, np.int8), {"flag_meanings": "OK", **one}
        ),
        make_variable("relief", ("case",), rng.random(N_CASES), one),
        Variable(
            "projection_time_course_hz",
            ("case", "time_s"),
            course,
            (N_CASES, N_TIMES),
            "f8",
            load,
        ),
    ]
    path = tmp_path_factory.mktemp("large") / "results.h5"
    attributes = {
        "schema_version": "2",
        "failures": "[]",
        "title": "large",
        "coordinates": "amplitude_ma",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5, "_GZIP_LEVEL", 0)
        start = time.perf_counter()
        write_labelled(path, variables, attributes)
    sys.stdout.write(
        f"\n{path.stat().st_size / GIGABYTE:.2f} GB in {time.perf_counter() - start:.0f} s" + "\n"
    )
    return path


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_show_answers_within_a_second(large: Path):
    assert large.stat().st_size > 5 * GIGABYTE
    walls, cpus = [], []
    for _ in range(3):
        start, before = time.perf_counter(), _child_s()
        answer = subprocess.run(
            [sys.executable, "-m", "scsim", "show", str(large)],
            capture_output=True,
            text=True,
            check=True,
        )
        walls.append(time.perf_counter() - start)
        cpus.append(_child_s() - before)
        assert f"{N_CASES} cases, 0 of them failed" in answer.stdout
    sys.stdout.write(f"scsim show: {min(walls):.2f} s wall, {min(cpus):.2f} s of processor\n")
    assert min(cpus) < 1.0  # the wall time is this on a machine that does nothing else


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_part_is_read_without_the_rest(large: Path):
    tracemalloc.start()
    start = time.perf_counter()
    results = load_results(large)
    relief = results.dataset("relief")
    course = results["projection_time_course_hz"].sel(case=654_321).values
    wall_s = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert relief.shape == (N_CASES,)
    np.testing.assert_array_equal(course, _course(654_321))
    sys.stdout.write(
        f"open, one dataset of 8 MB, one row: {wall_s:.2f} s, {peak / 1e6:.0f} MB" + "\n"
    )
    assert wall_s < 2.0
    assert peak < 200e6


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_damage_is_seen_where_it_is_read(large: Path):
    place = large.stat().st_size // 2
    with large.open("r+b") as file:
        file.seek(place)
        before = file.read(1)
        file.seek(place)
        file.write(bytes([before[0] ^ 1]))
    results = load_results(large)
    assert results.dataset("relief").size == N_CASES
    course = results["projection_time_course_hz"]
    np.testing.assert_array_equal(course.isel(case=5).values, _course(5))
    with pytest.raises(ResultsError, match=r"is damaged: bytes .*scsim recover"):
        _ = course.isel(case=slice(N_CASES // 2 - 5000, N_CASES // 2 + 5000)).values
