"""What 10 000 cheap cases cost beyond their kernels: one study in this process, its user CPU time part by part.

    python -m benchmarks.study_overhead KIND N_CASES

prints one object of JSON. Repeating and printing tables belongs to ``study_scaling.py``; the goal is held by
``tests/study/test_scaling.py``.
"""

from __future__ import annotations

import functools
import gc
import json
import resource
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import tomli_w

from benchmarks.scenarios import overhead_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KERNEL_STAGES: Final = ("thresholds", "following", "block", "circuit", "rest")
"""Stages whose units are computed in compiled code; what the others compute counts as overhead."""

PARTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "reading": (("scsim.study.reading.parse", "load_study"),),
    "planning": (("scsim.study.execution.plan", "make_plan"),),
    "preparing, joining": (("scsim.study.execution.schedule", "run_stages"),),
    "hashing": (
        ("scsim.study.execution.cache", "hash_unit"),
        ("scsim.study.execution.batches", "hash_unit"),
    ),
    "storing batches": (("scsim.study.execution.batches", "save_batch"),),
    "collecting": (("scsim.study.execution.collect", "collect"),),
    "storing results": (("scsim.study.run", "save_results"),),
}
"""Functions that belong to each part, by module and name. What is called inside another part counts for itself alone."""


def _rate_model(n_cases: int) -> dict[str, Any]:
    """Give a grid: amplitudes that recruit the same fibers share a run of the rate model."""
    return overhead_config(n_cases)


def _drawn(n_cases: int) -> dict[str, Any]:
    """Draw amplitude and rate by a Latin hypercube, recruitment only."""
    config = _recruitment_only(n_cases)
    config["stimulus"]["amplitude_ma"] = {"sweep": {"uniform": [0.5, 8.0]}}
    config["stimulus"]["frequency_hz"] = {"sweep": {"uniform": [10.0, 100.0]}}
    config["sweep"] = {"mode": "latin", "n": n_cases}
    return config


def _listed(n_cases: int) -> dict[str, Any]:
    """Give a table for each case, recruitment only."""
    config = _recruitment_only(n_cases)
    del config["stimulus"]["amplitude_ma"]
    config["case"] = [
        {"name": f"case {index}", "stimulus": {"amplitude_ma": 0.5 + 7.5 * index / n_cases}}
        for index in range(n_cases)
    ]
    return config


def _repeated(n_cases: int) -> dict[str, Any]:
    """Give amplitudes, each with ten seeds of the random fibers: recruitment only."""
    config = _recruitment_only(n_cases)
    config["stimulus"]["amplitude_ma"] = {"sweep": {"linspace": [0.5, 8.0, n_cases // 10]}}
    config["sweep"] = {"repeats": 10}
    return config


def _recruitment_only(n_cases: int) -> dict[str, Any]:
    config = overhead_config(n_cases)
    config["stimulus"]["frequency_hz"] = 50.0
    config["fibers"]["n_fibers"] = 64
    del config["circuit"]
    config["output"]["save"] = ["recruitment"]
    return config


KINDS: Final[dict[str, Callable[[int], dict[str, Any]]]] = {
    "grid with a rate model": _rate_model,
    "Latin hypercube, recruitment": _drawn,
    "a table for each case, recruitment": _listed,
    "grid with ten seeds, recruitment": _repeated,
}
"""Studies whose physics is nearly all shared, by the number of their cases."""


class Kernels:
    """Adds up the processor time of stages in compiled code, as a run tells it batch by batch."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    def batch(
        self, stage: str, n_units: int, wall_s: float, cpu_s: float, is_loaded: bool, /
    ) -> None:
        """Add a batch."""
        if stage in KERNEL_STAGES:
            self.cpu_s += cpu_s

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Take nothing from whatever else a run tells."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_, **__: None


class Clocks:
    """User CPU time of parts, each without what is called inside it and belongs to another."""

    def __init__(self) -> None:
        self.parts_s: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._inside: list[str] = []
        self._last_s = 0.0

    def _turn(self) -> None:
        """Give the time since the last turn to the innermost part."""
        now = _user_s()
        if self._inside:
            self.parts_s[self._inside[-1]] += now - self._last_s
        self._last_s = now

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that its time counts for a part."""

        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            self._turn()
            self._inside.append(part)
            try:
                return function(*arguments, **options)
            finally:
                self._turn()
                self._inside.pop()

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time all parts; functions that are called ten thousand times cost a microsecond or two more."""
        with ExitStack() as stack:
            for part, places in PARTS.items():
                for module_name, name in places:
                    module = import_module(module_name)
                    timed = self.timed(part, getattr(module, name))
                    stack.enter_context(mock.patch.object(module, name, timed))
            yield


def _user_s() -> float:
    """User CPU time of this process, s, to the microsecond."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def measure(kind: str, n_cases: int) -> dict[str, Any]:
    """Read, run and store a study in this process.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    n_cases : int

    Returns
    -------
    dict
        `user_s`, `system_s`, `wall_s` in all, `kernels_s` (CPU), `overhead_ms_per_case`, and `parts_ms_per_case`.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        few, many = folder / "few.toml", folder / "many.toml"
        few.write_text(tomli_w.dumps(KINDS[kind](40)), encoding="utf-8")
        many.write_text(tomli_w.dumps(KINDS[kind](n_cases)), encoding="utf-8")
        _run(few, folder / "few")  # loads modules and kernels
        gc.collect()
        kernels, clocks = Kernels(), Clocks()
        with clocks.running():
            wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
            found = _run(many, folder / "many", kernels)
            wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
        assert found == n_cases, found
    user_s = after.ru_utime - before.ru_utime
    parts_s = dict(clocks.parts_s)
    parts_s["preparing, joining"] -= kernels.cpu_s
    parts_s["the rest"] = user_s - kernels.cpu_s - sum(parts_s.values())
    return {
        "kind": kind,
        "n_cases": n_cases,
        "user_s": user_s,
        "system_s": after.ru_stime - before.ru_stime,
        "wall_s": wall,
        "kernels_s": kernels.cpu_s,
        "overhead_ms_per_case": 1e3 * (user_s - kernels.cpu_s) / n_cases,
        "parts_ms_per_case": {part: 1e3 * time_s / n_cases for part, time_s in parts_s.items()},
    }


def _run(path: Path, out: Path, forecast: Kernels | None = None) -> int:
    """Read and run a study with one worker; gives the number of its cases."""
    from scsim.study import run  # noqa: PLC0415 - its functions are replaced by timed ones
    from scsim.study.reading import parse  # noqa: PLC0415 - as above

    study = parse.load_study(path)
    outcome = run.execute(study, out, workers=1, forecast=forecast)
    assert not outcome.results.failures
    return len(study.cases)


def main(arguments: Mapping[int, str] | list[str] | None = None) -> int:
    """Measure one kind and print it as JSON."""
    kind, n_cases = sys.argv[1:] if arguments is None else arguments
    sys.stdout.write(json.dumps(measure(kind, int(n_cases))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
