"""How benchmarks are measured: warm, one thread, with the work done, the accuracy and the peak memory."""

from __future__ import annotations

import tracemalloc
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

from benchmarks.scenarios import BY_NAME, Scenario
from scsim.study.provenance import cpu_target
from scsim.validate.circuit import validate_circuit
from scsim.validate.fibers import validate_fibers
from scsim.validate.field import validate_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

_T = TypeVar("_T")

_ROUNDS = 20
_BYTES_PER_MB = 1e6


class Measure(Protocol):
    """Time a call of a scenario."""

    def __call__(
        self, name: str, call: Callable[[], _T], *, work: float, rounds: int = ..., note: str = ...
    ) -> _T:
        """Warm up, record peak memory, time `rounds` calls; `note` says what else was checked."""


@cache
def worst_errors() -> dict[str, tuple[float, str, str]]:
    """Run the reference cases that scsim ships; give worst error, unit and case of each quantity."""
    found = {}
    for report in (validate_fibers(), validate_field(), validate_circuit()):
        for quantity, (case, check) in report.worst().items():
            found[quantity] = (check.error, check.unit, case)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run benchmarks in the order of the table, whose names they carry."""
    order = {f"test_{name}": place for place, name in enumerate(BY_NAME)}
    items.sort(key=lambda item: order[item.name])


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Say which instructions the kernels were compiled for: speed and bits depend on them."""
    machine_info["cpu_target"] = cpu_target()


def record(benchmark: BenchmarkFixture, scenario: Scenario, work: float, note: str) -> None:
    """Write into the benchmark's file what a bare time does not say."""
    benchmark.group = scenario.stage
    info: dict[str, Any] = {
        "scenario": scenario.name,
        "title": scenario.title,
        "work": work,
        "work_unit": scenario.work,
        "note": note,
    }
    if scenario.quantity:
        error, unit, case = worst_errors()[scenario.quantity]
        info |= {"error": error, "error_unit": unit, "error_case": case}
    benchmark.extra_info.update(info)


@pytest.fixture
def measure(benchmark: BenchmarkFixture) -> Measure:
    """Give the function that times a call of a scenario."""

    def time_call(
        name: str, call: Callable[[], _T], *, work: float, rounds: int = _ROUNDS, note: str = ""
    ) -> _T:
        record(benchmark, BY_NAME[name], work, note)
        if rounds > 1:
            call()  # compiles, or loads what was compiled; long calls do so under the tracer
        tracemalloc.start()
        call()
        benchmark.extra_info["peak_mb"] = tracemalloc.get_traced_memory()[1] / _BYTES_PER_MB
        tracemalloc.stop()
        return benchmark.pedantic(call, rounds=rounds)

    return time_call
