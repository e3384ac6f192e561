"""The peak of a run stays below its bound, measured in a process of its own; what cannot fit is refused with figures."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.study.execution import memory
from scsim.study.execution.memory import (
    START_MB,
    Budget,
    available_bytes,
    batches_at_once,
    limit_bytes,
    stage_megabytes,
    used_bytes,
)
from scsim.study.execution.plan import make_plan
from scsim.study.run import execute
from scsim.study.stages.table import STAGES
from tests.study.small_study import SPIKING, small_study

PEAK_GB = """
from pathlib import Path

def peak_gb():
    # The peak of this program alone: getrusage would begin with that of the process that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e9
"""

PEAK = (
    PEAK_GB
    + """
import json, sys, time
import numpy as np
from scsim.study.execution.options import Options
from scsim.study.execution.plan import make_plan
from scsim.study.execution.schedule import run_stages
from scsim.study.stages.stage import Stage
from tests.study.small_study import small_study

def compute(units):
    room = np.ones(12_500_000)  # 100 MB
    time.sleep(0.3)
    return [{"value": np.array(room[:10].sum() + unit["value"])} for unit in units]

stage = Stage(
    name="circuit", title="", keys=("stimulus.amplitude_ma",), needs=(),
    prepare=lambda config, _: ({"value": config.stimulus.amplitude_ma},),
    compute=compute, join=lambda _, __, outputs: outputs[0], batch_size=1,
    megabytes=lambda _: 100.0,
)
study = small_study("stimulus.amplitude_ma={ sweep = { linspace = [1, 8, 12] } }")
results, _ = run_stages(make_plan(study, [stage]), Options(None, 8, memory_gb=float(sys.argv[1])))
values = [float(one["value"]) for one in results["circuit"].outputs]
print(json.dumps([peak_gb(), values]))
"""
)

SPIKING_PEAK = (
    PEAK_GB
    + """
import sys
from scsim.study.run import run
from tests.study.small_study import SPIKING, small_study

results = run(small_study(text=SPIKING), workers=2, memory_gb=float(sys.argv[1]))
assert not results.failures
print(peak_gb())
"""
)

TOO_MUCH = """
import sys
from scsim.errors import ResultsError
from scsim.study.run import execute
from tests.study.small_study import SPIKING, small_study

try:
    execute(small_study(text=SPIKING), sys.argv[2], memory_gb=float(sys.argv[1]))
except ResultsError as error:
    print(error)
"""


def _run(repository: Path, program: str, memory_gb: float, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, str(memory_gb), *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read as Linux tells it")
def test_the_peak_stays_below_the_bound_and_values_do_not_depend_on_it(repository: Path):
    bound_gb = 0.56
    wide_gb, wide = json.loads(_run(repository, PEAK, 4.0))
    narrow_gb, narrow = json.loads(_run(repository, PEAK, bound_gb))
    assert wide_gb > bound_gb  # eight batches at once do not fit
    assert narrow_gb < bound_gb
    assert narrow == wide


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read as Linux tells it")
def test_a_real_study_stays_below_its_bound(repository: Path):
    assert float(_run(repository, SPIKING_PEAK, 0.5)) < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read as Linux tells it")
def test_what_does_not_fit_is_refused_with_figures_and_advice(repository: Path, tmp_path: Path):
    # In a program of its own: what this one takes depends on the tests before.
    said = _run(repository, TOO_MUCH, 0.2, str(tmp_path / "out"))
    pattern = r"stage \w+ needs 0\.\d\d GB for one batch at a time \(0\.\d\d GB for the program, .* and 0\.20 GB are allowed.*--memory.*output.save"
    assert re.search(pattern, said)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bound_that_is_none_is_refused_before_a_folder_is_made(value: float, tmp_path: Path):
    with pytest.raises(
        ResultsError, match=r"memory = .* GB: a bound must be a positive number.*80%"
    ):
        execute(small_study(), tmp_path / "out", memory_gb=value)
    assert not (tmp_path / "out").exists()


def test_outputs_that_will_not_fit_are_refused_after_the_first_batch():
    budget = Budget(limit_bytes(2.0))
    stage = STAGES[0]
    outputs = [{"course_hz": np.zeros(125_000)} for _ in range(10)]  # 1 MB each
    budget.add(outputs)
    budget.check_kept(stage, 10, 500, 10_000_000)
    with pytest.raises(
        ResultsError,
        match=r"the 10000 units of stage geometry give about 10.00 GB, .* 20.42 GB; 2.00 GB are allowed.*time courses",
    ):
        budget.check_kept(stage, 10, 10_000, 10_000_000)
    budget.check_kept(stage, 0, 10_000, 0)


def test_how_many_batches_run_at_once_follows_from_the_bound():
    plan = make_plan(small_study(text=SPIKING))
    planned = plan["circuit"]
    each_gb = stage_megabytes(planned) / 1e3
    start_gb = START_MB / 1e3
    assert batches_at_once(planned, 8, start_gb + 0.99 * each_gb) == 0
    assert batches_at_once(planned, 8, start_gb + 1.01 * each_gb) == 1
    assert batches_at_once(planned, 8, start_gb + 3.5 * each_gb) == 3
    assert batches_at_once(planned, 8, start_gb + 100 * each_gb) == 8
    bare = replace(plan["thresholds"], stage=replace(plan["thresholds"].stage, megabytes=None))
    assert stage_megabytes(bare) == memory.BATCH_MB


def test_where_nobody_set_a_bound_one_batch_at_a_time_runs_under_any():
    planned = make_plan(small_study())["circuit"]
    assert Budget(1, is_asked=False).in_flight(planned, 8) == 1
    with pytest.raises(ResultsError, match=r"stage circuit needs"):
        Budget(1).in_flight(planned, 8)


def test_without_a_bound_most_of_the_available_memory_is_allowed():
    assert 0 < used_bytes() < available_bytes() + used_bytes()
    assert limit_bytes(None) == pytest.approx(0.8 * available_bytes() + used_bytes(), rel=0.1)


def test_a_control_group_counts_as_the_machine_does(tmp_path: Path, monkeypatch):
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert available_bytes() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes() > 2_000_000
