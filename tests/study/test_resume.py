"""A study that is killed and run again gives the bits of one that was not, and loses no finished batch."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.results.store import load_results
from scsim.study.execution import batches, identity
from scsim.study.execution.folder import open_folder
from scsim.study.provenance import identify
from scsim.study.run import execute
from scsim.study.stages import circuit_stages
from scsim.study.stages.circuit_stages import compute_circuit
from tests.study.small_study import small_study
from tests.study.test_run import assert_identical

# One circuit run per batch, and pauses, so that there is something to interrupt on a fast machine too.
PROGRAM = """
import json, sys, time
from tests.study.small_study import small_study
from scsim.results.store import load_results
from scsim.study.run import execute

print("ready", flush=True)
report = execute(
    small_study(*json.loads(sys.argv[2])),
    sys.argv[1],
    workers=2,
    batch_size=1,
    progress=lambda *_: time.sleep(0.03),
).report
print(json.dumps({count.name: [count.n_loaded, count.n_computed] for count in report.stages}))
"""

N_KILLS = 10


def _start(root: Path, out: Path, overrides: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(out), json.dumps(overrides)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _stored(out: Path) -> dict[str, int]:
    """Count the finished batches of each stage; here each holds one unit."""
    names = [path.name for path in (out / "batches").glob("*.h5")]
    return {
        stage: sum(name.startswith(stage) for name in names) for stage in ("thresholds", "circuit")
    }


@pytest.mark.slow
def test_ten_kills_change_nothing_and_lose_no_finished_batch(repository: Path, tmp_path: Path):
    overrides = ["stimulus.frequency_hz={ sweep = { linspace = [10, 120, 12] } }"]
    reference = execute(small_study(*overrides)).results
    out = tmp_path / "out"
    chance = random.Random(20261120)
    stored = {"thresholds": 0, "circuit": 0}
    n_killed = 0
    for _ in range(N_KILLS):
        process = _start(repository, out, overrides)
        time.sleep(chance.uniform(0.05, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        n_killed += process.returncode == -signal.SIGKILL
        now = _stored(out)
        assert all(now[stage] >= stored[stage] for stage in stored)
        stored = now
        if (out / "results.h5").exists():
            break
    assert n_killed >= 2, "the study was over before it could be killed"
    (out / "results.h5").unlink(missing_ok=True)

    process = _start(repository, out, overrides)
    answer, _ = process.communicate(timeout=120)
    assert process.returncode == 0

    counts = json.loads(answer)
    for stage, n_stored in stored.items():
        n_loaded, n_computed = counts[stage]
        assert n_loaded == n_stored
        assert n_loaded + n_computed == _stored(out)[stage]
    assert_identical(reference, load_results(out))
    assert not list(out.rglob("*.partial"))


def test_a_damaged_batch_is_computed_again(tmp_path: Path):
    first = execute(small_study(), tmp_path)
    (tmp_path / "results.h5").unlink()
    damaged = next((tmp_path / "batches").glob("thresholds-00000-*.h5"))
    damaged.write_bytes(damaged.read_bytes()[:1000])

    again = execute(small_study(), tmp_path)

    assert (again.report["thresholds"].n_loaded, again.report["thresholds"].n_computed) == (1, 1)
    assert again.report["circuit"].n_computed == 0
    assert_identical(first.results, again.results)
    assert re.search(r"thresholds-00000-\w+.h5 is damaged", (tmp_path / "log.txt").read_text())


def test_two_runs_in_one_folder_do_not_break_each_other(repository: Path, tmp_path: Path):
    out = tmp_path / "out"
    runs = [_start(repository, out, []) for _ in range(2)]
    for run in runs:
        run.communicate(timeout=120)
        assert run.returncode == 0
    assert_identical(execute(small_study()).results, load_results(out))
    assert not list(out.rglob("*.partial"))


def test_results_are_not_written_into_a_folder_that_another_study_took(tmp_path: Path):
    other = small_study("seed=8")

    def take_away(*_: object) -> None:
        open_folder(tmp_path, other, fresh=True)

    with pytest.raises(ResultsError, match=r"holds another study.*--out"):
        execute(small_study(), tmp_path, progress=take_away)
    assert not (tmp_path / "results.h5").exists()
    assert not execute(other, tmp_path).report.is_nothing_left


def test_the_seconds_of_a_resumed_study_say_what_they_are_of(tmp_path: Path):
    first = execute(small_study(), tmp_path).results
    assert first.attributes["seconds_of"].endswith("read 0 from batches of earlier sessions")
    (tmp_path / "results.h5").unlink()
    again = execute(small_study(), tmp_path)
    n_loaded = sum(count.n_loaded for count in again.report.stages)
    assert n_loaded > 0
    assert f"read {n_loaded} from batches of" in again.results.attributes["seconds_of"]


def test_fresh_computes_everything_again(tmp_path: Path):
    execute(small_study(), tmp_path)
    again = execute(small_study(), tmp_path, fresh=True)
    assert not again.report.is_nothing_left
    assert again.report["thresholds"].n_computed == 2


def test_values_survive_storage_with_their_nans(tmp_path: Path):
    first = execute(small_study("fibers.depth_max_mm=3.0"), tmp_path).results
    (tmp_path / "results.h5").unlink()
    again = execute(small_study("fibers.depth_max_mm=3.0"), tmp_path).results
    assert_identical(first, again)
    assert np.isfinite(first.dataset("recruited_share")).all()


def test_of_another_config_the_batches_that_match_are_used(tmp_path: Path):
    execute(small_study(), tmp_path)
    changed = small_study(
        "stimulus.amplitude_ma={ sweep = [0.3, 0.6, 1.2, 2.4, 8.0] }",
        "stimulus.frequency_hz={ sweep = [20, 60, 90] }",
    )
    with pytest.raises(ResultsError, match=r"stimulus.amplitude_ma.sweep: \[0.6, .*--continue"):
        execute(changed, tmp_path)
    outcome = execute(changed, tmp_path, keep=True)
    assert (outcome.report["thresholds"].n_loaded, outcome.report["thresholds"].n_computed) == (
        2,
        0,
    )
    assert outcome.report["circuit"].n_loaded == 10
    assert outcome.report["circuit"].n_computed > 0
    assert_identical(execute(changed).results, outcome.results)


def test_a_change_of_the_program_throws_away_only_the_stages_it_concerns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    execute(small_study(), tmp_path)
    real = batches.stage_source_hash
    monkeypatch.setattr(
        batches,
        "stage_source_hash",
        lambda function: "0" * 64 if function is compute_circuit else real(function),
    )
    monkeypatch.setattr(
        identity, "identify", lambda study: {**identify(study), "source_hash": "0" * 64}
    )
    with pytest.raises(ResultsError, match=r"another version of scsim \(source .*--continue"):
        execute(small_study(), tmp_path)
    outcome = execute(small_study(), tmp_path, keep=True)
    assert outcome.report["thresholds"].n_loaded == 2
    assert (outcome.report["circuit"].n_loaded, outcome.report["circuit"].n_computed) == (0, 10)


def test_a_failed_case_is_tried_again_by_the_next_run(tmp_path: Path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(circuit_stages, "relief", lambda *_: 1 / 0)
        first = execute(small_study(), tmp_path)
    assert len(first.results.failures) == len(small_study().cases)
    assert {one.reason for one in first.results.failures} == {"ZeroDivisionError: division by zero"}
    log = (tmp_path / "log.txt").read_text()
    assert log.count("Traceback (most recent call last)") == 1
    again = execute(small_study(), tmp_path)
    assert again.results.failures == ()
    assert again.report["circuit"].n_computed == 0
    assert_identical(execute(small_study()).results, again.results)
