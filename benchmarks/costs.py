"""Measure the rates from which `scsim check` expects what a study takes, and write ``data/studies/costs.toml``.

Run by ``python -m benchmarks.costs`` on a quiet machine; about two minutes, one thread. Each rate is the processor time
of a stage over the work that `scsim.study.stages.costs` counts for it, the smallest of several runs of the study
after one that compiles. What a study then costs is worked out in `scsim.study.execution.cost`.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Final

from scsim.circuit.sections import run_times
from scsim.fields.store import FOLDER_VARIABLE, LIMIT_VARIABLE
from scsim.formats.tables import DATA_FOLDER
from scsim.study.execution.plan import make_plan
from scsim.study.execution.schedule import Options, run_stages
from scsim.study.provenance import cpu_target
from scsim.study.reading.parse import load_study
from scsim.study.run import execute
from scsim.study.stages import costs
from scsim.study.stages.table import STAGES

TABLE: Final = DATA_FOLDER / "studies" / "costs.toml"

N_REPEATS: Final = 3

_NUMBERS: Final = count()

QUICKSTART: Final = "configs/quickstart.toml"
LATERAL: Final = "configs/lateral_sweep.toml"
NERVE: Final = "configs/block.toml"
BLOCK: Final = (
    "stimulus.frequency_hz={ sweep = [10000, 20000] }",
    "fibers.diameter_um=10.0",
)

_FIBERS_ALONE: Final = ('output.save=["thresholds"]', "stimulus.amplitude_ma=2.0")
_ONE_RATE: Final = ("stimulus.frequency_hz=50", 'circuit.state="healthy"')


@dataclass(frozen=True)
class Rate:
    """One rate: where it is measured and what it is of.

    Attributes
    ----------
    key, unit : str
        In the table; the unit says what a second is multiplied by.
    stage : str
    config : str
        Study.
    overrides : tuple of str
        As ``--set``.
    note : str
        What it is per.
    """

    key: str
    unit: str
    stage: str
    config: str
    overrides: tuple[str, ...]
    note: str


RATES: Final = (
    Rate(
        "fields.spectral_s", "s", "solution", LATERAL, ("lead.lateral_mm={ sweep = [0.0, 0.6, 1.2, 1.8] }",),
        "per solution with one lead at resolution 1, times its square",
    ),
    Rate(
        "fields.voxel_contact_s", "s", "solution", LATERAL,
        ("lead.lateral_mm=0.0", 'field.solver="voxel"', "field.spacing_mm=0.5"),
        "per contact at a spacing of 0.25 mm, times the square of how much finer it is",
    ),
    Rate(
        "fields.matrix_contact_ms", "ms", "impedance", LATERAL,
        ("lead.lateral_mm={ sweep = [0.0, 0.6, 1.2, 1.8] }",),
        "per contact of a contact matrix",
    ),
    Rate(
        "fields.profile_ms", "ms", "profile", LATERAL,
        ("lead.lateral_mm=0.0", 'field.solver="voxel"', "field.spacing_mm=1.0"),
        "per set of lines, beside what the contacts take",
    ),
    Rate(
        "fields.profile_contact_ms", "ms", "profile", LATERAL,
        ("lead.lateral_mm={ sweep = [0.0, 0.6, 1.2, 1.8] }",),
        "per contact of a set of lines in a spectral field",
    ),
    Rate("fibers.drawn_ms", "ms", "population", QUICKSTART, _FIBERS_ALONE, "per fiber drawn"),
    Rate(
        "fibers.field_spectral_ns", "ns", "field", QUICKSTART, _FIBERS_ALONE,
        "per node of a fiber and contact in a spectral field",
    ),
    Rate(
        "fibers.field_other_ns", "ns", "field", QUICKSTART,
        (*_FIBERS_ALONE, 'field={ solver = "analytic", contact_model = "line", sigma_s_per_m = 0.25 }'),
        "per node of a fiber and contact in any other field",
    ),
    Rate(
        "fibers.threshold_ns", "ns", "thresholds", QUICKSTART, _FIBERS_ALONE,
        "per node and step of one trial; the trials of a search are in it",
    ),
    Rate(
        "fibers.following_ns", "ns", "following", QUICKSTART,
        (*_ONE_RATE, "stimulus.amplitude_ma=2.0", "stimulus.frequency_hz=600", "circuit.duration_s=2.0"),
        "per node and step of fibers under a pattern",
    ),
    Rate(
        "fibers.block_ns",
        "ns",
        "block",
        NERVE,
        BLOCK,
        "per node and step of one trial of a blocking current; the trials of a search are in it",
    ),
    Rate(
        "circuit.spiking_per_run_time", "1", "circuit", QUICKSTART,
        ("stimulus.amplitude_ma=2.0", "stimulus.frequency_hz=50", "circuit.duration_s=2.0",
         'circuit.state={ sweep = ["healthy", "disinhibited"] }', "afferents.realization={ sweep = { linspace = [0, 15, 16] } }"),
        "processor time over simulated time of a run of zhang2014 in full lanes, two states per input",
    ),
    Rate(
        "circuit.rate_per_run_time", "1", "circuit", QUICKSTART,
        ('circuit={ model = "crodelle2019" }', "stimulus.amplitude_ma=2.0",
         "stimulus.frequency_hz={ sweep = { linspace = [1, 120, 120] } }"),
        "processor time over simulated time of a run of crodelle2019 in full lanes",
    ),
)  # fmt: skip
"""What is measured."""

RUNS: Final = (
    QUICKSTART,
    (
        'field={ solver = "analytic", contact_model = "line", sigma_s_per_m = 0.25 }',
        'circuit={ model = "crodelle2019" }',
        "stimulus.amplitude_ma={ sweep = { linspace = [0.5, 4.5, 50] } }",
        "stimulus.frequency_hz={ sweep = { linspace = [10, 60, 20] } }",
        "tissue.csf_thickness_mm={ sweep = [3.0, 3.2] }",
        "fibers.n_fibers=96",
        'circuit.state={ sweep = ["healthy", "disinhibited"] }',
    ),
)
"""The study from which the time per run is read: units are few and cheap, runs many."""


@dataclass
class _Clock:
    """Processor time spent in the parts of the stages, s, and the work that was counted there."""

    compute_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    work: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    prepare_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def _timed(stage: Any, clock: _Clock) -> Any:
    """Give a stage whose parts are timed."""

    def compute(units: Sequence[Any]) -> Sequence[Any]:
        start = time.thread_time()
        outputs: Sequence[Any] = stage.compute(units)
        clock.compute_s[stage.name] += time.thread_time() - start
        clock.work[stage.name] += len(units)
        return outputs

    def prepare(*arguments: Any) -> Sequence[Any]:
        start = time.thread_time()
        units: Sequence[Any] = stage.prepare(*arguments)
        clock.prepare_s[stage.name] += time.thread_time() - start
        return units

    return replace(stage, compute=compute, prepare=prepare)


def _run(config: str, overrides: tuple[str, ...]) -> tuple[_Clock, Mapping[str, Any], Any]:
    """Run a study without reading anything back; gives clock, counts of stages and plan."""
    os.environ[FOLDER_VARIABLE] = (
        f"/nowhere/{next(_NUMBERS)}"  # a new store, that knows no solution
    )
    clock = _Clock()
    stages = tuple(_timed(stage, clock) for stage in STAGES)
    plan = make_plan(load_study(Path(config), overrides), stages)
    _, counts = run_stages(plan, Options(None, workers=1))
    return clock, {count.name: count for count in counts}, plan


def measure(rates: Sequence[Rate]) -> dict[str, float]:
    """Measure rates; rates of one study are read from the same runs.

    Parameters
    ----------
    rates : sequence of Rate

    Returns
    -------
    dict of str to float
        Seconds per unit of work, by key.
    """
    found: dict[str, float] = {}
    studies: dict[tuple[str, tuple[str, ...]], list[Rate]] = {}
    for one in rates:
        studies.setdefault((one.config, one.overrides), []).append(one)
    for (config, overrides), members in studies.items():
        for repeat in range(N_REPEATS + 1):
            clock, _, plan = _run(config, overrides)
            if not repeat:
                continue  # compiles, loads libraries
            for one in members:
                seconds = _per_work(one, clock, plan)
                found[one.key] = min(seconds, found.get(one.key, seconds))
        for one in members:
            sys.stderr.write(f"{one.key}: {found[one.key]:.4g} s\n")
    for one in rates:
        if (
            one.key == "fields.profile_contact_ms"
        ):  # of what is left beside the part that every set takes
            found[one.key] -= found["fields.profile_ms"] / 8
    return found


def _per_work(one: Rate, clock: _Clock, plan: Any) -> float:
    """Give the time of a stage per unit and work of a unit."""
    config = plan[one.stage].run_cases[0].config
    works: Mapping[str, Callable[[Any], float]] = {
        "fields.spectral_s": lambda _: 1.0,
        "fields.voxel_contact_s": lambda case: (
            costs.n_contacts(case) * (costs.VOXEL_MM / case.field.spacing_mm) ** 2
        ),
        "fields.matrix_contact_ms": costs.n_contacts,
        "fields.profile_ms": lambda _: 1.0,
        "fields.profile_contact_ms": costs.n_contacts,
        "fibers.drawn_ms": lambda case: case.fibers.n_fibers,
        "fibers.field_spectral_ns": costs.field_load,
        "fibers.field_other_ns": costs.field_load,
        "fibers.threshold_ns": costs.threshold_load,
        "fibers.following_ns": costs.following_load,
        "fibers.block_ns": costs.block_load,
        "circuit.spiking_per_run_time": lambda case: run_times(case.circuit).duration_s,
        "circuit.rate_per_run_time": lambda case: run_times(case.circuit).duration_s,
    }
    spent = clock.prepare_s if one.stage == "population" else clock.compute_s
    n_units = max(clock.work[one.stage], 1.0)
    return spent[one.stage] / n_units / works[one.key](config)


def measure_results() -> dict[str, float]:
    """Measure what laying out and writing results takes per case, s: what is left of a run beside its stages."""
    config, overrides = RUNS
    study = load_study(Path(config), overrides)
    found: list[float] = []
    for _ in range(N_REPEATS + 1):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            report = execute(study, Path(folder) / "out", workers=1).report
            spent = time.process_time() - start
        found.append(spent - sum(one.cpu_s for one in report.stages))
    return {"results.case_us": min(found[1:]) / len(study.cases)}


def measure_runs() -> dict[str, float]:
    """Measure what each run of a stage takes beside the work of its units: to prepare, to name, to join, s."""
    found: dict[str, float] = {}
    for repeat in range(N_REPEATS + 1):
        clock, counts, plan = _run(*RUNS)
        if not repeat:
            continue
        for planned in plan.stages:
            name = planned.stage.name
            beside_s = (counts[name].cpu_s - clock.compute_s[name]) / planned.n_runs
            if name in {"population", "geometry"}:
                # The first is drawn as it is prepared: a rate of its own. The second is laid out once in a process,
                # so that repeats find it; its time is that of one geometry.
                continue
            found[name] = min(beside_s, found.get(name, beside_s))
    return found


def write_table(path: Path, rates: Mapping[str, float], runs: Mapping[str, float]) -> None:
    """Put measured values into the table; what is not measured here stays as it is.

    Parameters
    ----------
    path : Path
    rates : mapping of str to float
        Seconds per unit of work, by key.
    runs : mapping of str to float
        Seconds per run of each stage.
    """
    units = {one.key: one.unit for one in RATES} | {"results.case_us": "us"}
    measured = {key: seconds * _PER_SECOND[units[key]] for key, seconds in rates.items()}
    measured |= {f"runs.{name}_us": max(seconds, 1e-6) * 1e6 for name, seconds in runs.items()}
    source = f"Measured by benchmarks/costs.py on one core of {_machine()}"
    lines, group = [], ""
    for written in path.read_text(encoding="utf-8").splitlines():
        line = written
        if line.startswith("["):
            group = line.strip("[]")
        key = f"{group}.{line.partition(' ')[0]}"
        if key in measured:
            value = float(f"{measured.pop(key):.2g}")
            line = re.sub(r"value = [^,]+, ", f"value = {value!r}, ", line, count=1)
            line = re.sub(r'source = "[^"]*"', f'source = "{source}"', line, count=1)
        lines.append(line)
    if measured:
        message = f"{path} has no {', '.join(measured)}: write a line for each, with unit and note, and run again."
        raise KeyError(message)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


_PER_SECOND: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "1": 1.0}


def _machine() -> str:
    """Describe the machine by its kind, not by its maker."""
    return "a server of 2024 with AVX-512" if "avx512f" in cpu_target() else platform.machine()


def main() -> None:
    """Measure everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, default=TABLE)
    args = parser.parse_args()
    os.environ[LIMIT_VARIABLE] = "0"
    import_module(
        "scsim.kernels.jit"
    )  # takes the folder of its kernels before another one is named
    write_table(args.table, measure(RATES) | measure_results(), measure_runs())


if __name__ == "__main__":
    main()
