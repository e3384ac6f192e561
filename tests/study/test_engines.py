"""The same bits from threads, processes and a cluster of this machine; a worker that dies costs its batch at most."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.study.execution.cluster import local_cluster
from scsim.study.execution.engines import Computed, Threads
from scsim.study.execution.processes import Processes, Task, accept, make_task, run_task
from scsim.study.run import execute
from scsim.study.sources import stage_source_hash
from scsim.study.stages.table import STAGES
from tests.study.small_study import SPIKING, TEXT, small_study
from tests.study.test_run import assert_identical

FIELD_SWEEP = (
    TEXT.replace("amplitude_ma = { sweep = [0.6, 1.2, 2.4] }", "amplitude_ma = 1.2")
    .replace("frequency_hz = { sweep = [20, 60] }", "frequency_hz = 60")
    .replace("sigma_s_per_m = 0.25", "sigma_s_per_m = { sweep = [0.2, 0.25, 0.3] }")
)

STUDIES = {"rate model": TEXT, "spiking": SPIKING, "field sweep": FIELD_SWEEP}


@pytest.fixture(scope="module", params=STUDIES)
def reference(request):
    """Give a text and its results on one thread."""
    text = STUDIES[request.param]
    return text, execute(small_study(text=text), workers=1).results


@pytest.fixture(scope="module")
def engines():
    """Give one engine of each kind, as starting them takes most of the time."""
    made = {"threads": Threads(2), "processes": Processes(2), "dask": local_cluster(2)}
    yield made
    for engine in made.values():
        engine.close()


@pytest.mark.parametrize("name", ["threads", "processes", "dask"])
def test_bits_do_not_depend_on_the_engine(reference, engines, name: str, tmp_path: Path):
    text, expected = reference
    outcome = execute(small_study(text=text), tmp_path, batch_size=2, engine=engines[name])
    assert_identical(expected, outcome.results)
    assert sum(count.n_computed for count in outcome.report.stages) > 0
    assert not list(tmp_path.rglob("*.partial"))


def test_an_engine_is_named_by_a_word():
    results = execute(small_study(), workers=1, engine="processes").results
    assert_identical(execute(small_study()).results, results)


def test_every_unit_of_a_stored_stage_can_travel():
    """Units are plain arrays, numbers and texts: pickled and back they have the same hash."""
    sent: dict[str, int] = {}

    class Pickled:
        workers = 2

        def submit(self, stage, units):
            task = pickle.loads(pickle.dumps(make_task(stage, units)))
            sent[stage.name] = sent.get(stage.name, 0) + len(task.units)
            done: Future[Computed] = Future()
            done.set_result(run_task(task).computed)
            return done

        def close(self) -> None:
            pass

    for text in (TEXT, SPIKING):
        expected = execute(small_study(text=text)).results
        assert_identical(expected, execute(small_study(text=text), engine=Pickled()).results)
    assert {"thresholds", "circuit"} <= set(sent)


def test_an_engine_that_cannot_be_had_is_refused_before_a_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ResultsError, match=r"engine = 'cloud': there are threads, processes, dask"):
        execute(small_study(), tmp_path / "out", engine="cloud")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ResultsError, match=r"distributed, which is not installed: .*extra 'dask'"):
        execute(small_study(), tmp_path / "out", engine="dask")
    assert not (tmp_path / "out").exists()


# Processes.

DEADLY = """
import os, sys
from scsim.study.execution import processes
real = processes.compute_batch
def compute(stage, units):
    mark = {mark!r}
    lives = int(open(mark).read()) if os.path.exists(mark) else 0
    if lives < {deaths} and any({condition} for unit in units):
        open(mark, "w").write(str(lives + 1))
        os._exit(9)
    return real(stage, units)
processes.compute_batch = compute
processes.serve()
"""


def _deadly(tmp_path: Path, deaths: int, condition: str = "True") -> Processes:
    program = DEADLY.format(mark=str(tmp_path / "deaths"), deaths=deaths, condition=condition)
    return Processes(2, [sys.executable, "-c", program])


def test_a_batch_whose_worker_dies_twice_is_computed_by_the_third(tmp_path: Path, caplog):
    expected = execute(small_study()).results
    engine = _deadly(tmp_path, 2, "'threshold_ma' not in unit and 'potential_mv_per_ma' in unit")
    try:
        results = execute(small_study(), workers=2, engine=engine).results
    finally:
        engine.close()
    assert_identical(expected, results)
    assert caplog.text.count("a worker process ended (code 9)") == 2


def test_a_batch_that_kills_every_worker_fails_and_the_others_go_on(tmp_path: Path):
    study = small_study()
    engine = _deadly(tmp_path, 1000, "unit.get('doses') and unit['f_a_hz'] > 40.0")
    try:
        outcome = execute(study, tmp_path / "out", workers=2, batch_size=1, engine=engine)
    finally:
        engine.close()
    failures = outcome.results.failures
    assert 0 < len(failures) < len(study.cases)
    assert all(
        "3 worker processes ended while they computed its batch, the last with code 9" in one.reason
        and "threads" in one.reason
        for one in failures
    )
    # What failed is tried again, and by threads computed.
    (tmp_path / "out" / "results.h5").unlink()
    again = execute(study, tmp_path / "out")
    assert again.results.failures == ()
    assert_identical(execute(study).results, again.results)


def test_a_worker_with_another_program_is_refused():
    stage = STAGES[[one.name for one in STAGES].index("thresholds")]
    other = Task(stage.name, (), "0" * 64)
    answer = run_task(other)
    assert answer.computed is None
    with pytest.raises(
        ResultsError, match=r"a machine runs another version of scsim .*here 0{12}.*same version"
    ):
        accept(other, answer, "a machine")
    unknown = run_task(Task("none", (), "0" * 64))
    with pytest.raises(ResultsError, match=r"source of stage none unknown"):
        accept(Task("none", (), "0" * 64), unknown, "a machine")
    assert run_task(Task(stage.name, (), stage_source_hash(stage.compute))).computed is not None


def test_a_worker_that_cannot_be_started_is_named(tmp_path: Path):
    engine = Processes(1, [str(tmp_path / "no-program")])
    try:
        with pytest.raises(ResultsError, match=r"could not be started \(.*threads"):
            engine.submit(STAGES[0], ()).result()
    finally:
        engine.close()
    with pytest.raises((ResultsError, RuntimeError)):
        engine.submit(STAGES[0], ()).result()


ORPHANS = """
import sys, time
from scsim.study.execution.processes import Processes
from scsim.study.stages.table import STAGES

engine = Processes(2)
for _ in range(2):
    engine.submit(STAGES[0], ()).result()
    worker = engine._take()
    print(worker._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="looks for processes as POSIX does")
def test_workers_end_with_a_study_that_is_killed(repository: Path):
    study = subprocess.Popen(
        [sys.executable, "-c", ORPHANS], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert study.stdout is not None
    with study.stdout:
        pids = [int(study.stdout.readline()) for _ in range(2)]
        study.send_signal(signal.SIGKILL)
        study.wait()
    limit = time.monotonic() + 5.0
    while any(map(_is_running, pids)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not any(map(_is_running, pids))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def test_what_a_worker_prints_does_not_come_between_its_answers(tmp_path: Path, capfd):
    program = (
        "from scsim.study.execution import processes as p; real = p.compute_batch\n"
        "def compute(*a):\n    print('loud', flush=True); return real(*a)\n"
        "p.compute_batch = compute; p.serve()"
    )
    engine = Processes(1, [sys.executable, "-c", program])
    stage = next(one for one in STAGES if one.name == "charge_rate")
    try:
        computed = engine.submit(stage, ({"x": np.arange(3.0)},)).result()
    finally:
        engine.close()
    np.testing.assert_array_equal(computed.outputs[0]["x"], [0.0, 1.0, 2.0])
    assert "loud" in capfd.readouterr().err
