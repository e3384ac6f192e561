"""Shards and folders that are joined give the bits of one run; nobody waits for ever, and work is not done twice."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scsim.circuit.afferents import a_beta_rate_hz
from scsim.cli.main import main
from scsim.errors import ModelError, ResultsError
from scsim.results.store import load_results
from scsim.study.execution import claims as claims_module
from scsim.study.execution.claims import Claims
from scsim.study.merge import merge_folders
from scsim.study.run import execute, run
from tests.study.small_study import SPIKING, TEXT, small_study
from tests.study.test_run import assert_identical

PROGRAM = """
import json, sys
from tests.study.small_study import small_study
from scsim.study.run import execute

print("ready", flush=True)
sys.stdin.readline()
shard = json.loads(sys.argv[2])
outcome = execute(small_study(), sys.argv[1], workers=1, batch_size=1, shard=shard and tuple(shard))
stages = {count.name: count.n_computed for count in outcome.report.stages}
print(json.dumps([outcome.n_left, stages["thresholds"], stages["circuit"]]))
"""


def _start(root: Path, out: Path, shard: tuple[int, int] | None) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(out), json.dumps(shard)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _end(process: subprocess.Popen[str]) -> list[int]:
    answer, _ = process.communicate("\n", timeout=120)
    assert process.returncode == 0
    return json.loads(answer)


@pytest.fixture(scope="module")
def reference():
    return execute(small_study(), batch_size=1)


@pytest.mark.parametrize("text", [TEXT, SPIKING], ids=["rate model", "spiking"])
def test_four_shards_one_after_the_other_give_the_bits_of_one_run(text: str, tmp_path: Path):
    study = small_study(text=text)
    expected = execute(study).results
    left = []
    for number in (3, 1, 4, 2):
        outcome = execute(study, tmp_path, batch_size=2, shard=(number, 4))
        left.append(outcome.n_left)
    assert left == sorted(left, reverse=True)
    assert left[0] > 0
    assert left[-1] == 0
    assert_identical(expected, outcome.results)
    assert_identical(expected, load_results(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {
        "batches",
        "log.txt",
        "results.h5",
        "study.json",
    }


@pytest.mark.slow
def test_shards_at_once_share_the_work_and_the_last_writes_the_results(
    repository: Path, tmp_path: Path, reference
):
    n_twice = []
    for attempt in range(3):
        out = tmp_path / str(attempt)
        shards = [_start(repository, out, (number, 3)) for number in (1, 2, 3)]
        for shard in shards:
            assert shard.stdin is not None
            shard.stdin.write("\n")
            shard.stdin.flush()
        answers = [_end(shard) for shard in shards]
        assert 0 in [n_left for n_left, _, _ in answers]
        assert_identical(reference.results, load_results(out))
        n_batches = len(list((out / "batches").glob("*.h5")))
        n_twice.append(sum(a + b for _, a, b in answers) - n_batches)
        assert n_twice[-1] >= 0
        if n_twice[-1] <= 3:
            break
    # Batches that two began at the same moment may be computed twice, most are not: in one of three tries at least,
    # as other tests that run beside this one may hold a shard up between its claims.
    assert min(n_twice) <= 3


def test_one_shard_alone_ends_and_says_how_many_batches_are_left(tmp_path: Path):
    outcome = execute(small_study(), tmp_path, batch_size=1, shard=(2, 4))
    assert outcome.found is None
    assert (
        outcome.report["thresholds"].n_computed == 2
    )  # later stages need them, and nobody else is there
    assert (
        outcome.n_left
        == outcome.report["circuit"].n_distinct - outcome.report["circuit"].n_computed
    )
    with pytest.raises(
        ResultsError, match=rf"{outcome.n_left} batches of other shards are missing"
    ):
        _ = outcome.results
    assert not (tmp_path / "results.h5").exists()
    assert run(small_study(), tmp_path, shard=(2, 4)) is None


def test_a_run_without_shard_completes_what_shards_have_left(tmp_path: Path, reference):
    shard = execute(small_study(), tmp_path, batch_size=1, shard=(1, 4))
    outcome = execute(small_study(), tmp_path, batch_size=1)
    assert outcome.report["circuit"].n_loaded == shard.report["circuit"].n_computed
    assert outcome.report["circuit"].n_computed == shard.n_left
    assert_identical(reference.results, outcome.results)


@pytest.mark.parametrize(
    ("shard", "out", "words"),
    [
        ((0, 4), "out", r"shard 0/4: shards are counted from 1"),
        ((5, 4), "out", r"shard 5/4: shards are counted from 1 to their number, for example 1/4"),
        ((1, 4), None, r"shard 1/4: shards meet in a folder, so name it with out"),
    ],
)
def test_shards_out_of_range_are_refused(shard, out, words, tmp_path: Path):
    with pytest.raises(ResultsError, match=words):
        execute(small_study(), None if out is None else tmp_path / out, shard=shard)
    assert not list(tmp_path.iterdir())


def test_the_command_tells_what_completes_a_study(tmp_path: Path, capsys):
    config, out = tmp_path / "study.toml", tmp_path / "out"
    config.write_text(TEXT)
    assert main(["run", str(config), "--out", str(out), "--shard", "1/2", "--quiet"]) == 0
    told = capsys.readouterr().out
    if "results:" in told:  # the first shard has had all batches
        return
    assert "shard 1/2 is done: 1 batches of other shards are left" in told
    assert f"scsim run {config} --out {out}" in told
    assert main(["run", str(config), "--out", str(out), "--quiet"]) == 0
    assert "results:" in capsys.readouterr().out


def test_a_shard_names_the_cases_that_have_failed_in_its_exit_code(
    tmp_path: Path, capsys, monkeypatch
):
    def refuse_some(section, share, frequency_hz):
        if section.a_beta_min_diameter_um > 11.0:
            message = "this diameter cannot be computed today; choose another."
            raise ModelError(message)
        return a_beta_rate_hz(section, share, frequency_hz)

    monkeypatch.setattr("scsim.study.stages.circuit_stages.a_beta_rate_hz", refuse_some)
    config, out = tmp_path / "study.toml", tmp_path / "out"
    config.write_text(
        TEXT.replace(
            "[afferents]", "[afferents]\na_beta_min_diameter_um = { sweep = [10.7, 12.0] }"
        )
    )
    assert main(["run", str(config), "--out", str(out), "--shard", "2/2", "--quiet"]) == 1
    told = capsys.readouterr()
    assert "shard 2/2 is done: 1 batches of other shards are left" in told.out
    assert "12 cases failed; the others are saved" in told.err
    assert "cannot be computed today" in told.err


@pytest.mark.parametrize("text", ["4", "a/b", "0/4", "5/4", "1/0", "-1/4", "1/4/2"])
def test_a_shard_that_is_none_is_refused_by_the_command(text: str, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", "none.toml", f"--shard={text}"])
    assert caught.value.code == 2
    assert "is no shard: " in capsys.readouterr().err


# Claims.


def test_a_claim_is_had_by_one_run_at_a_time(tmp_path: Path):
    with Claims(tmp_path) as one, Claims(tmp_path) as other:
        assert one.take("circuit-00000-aaaaaaaaaaaa")
        assert not other.take("circuit-00000-aaaaaaaaaaaa")
        assert other.is_claimed("circuit-00000-aaaaaaaaaaaa")
        assert not one.is_claimed("circuit-00000-aaaaaaaaaaaa")
        one.release("circuit-00000-aaaaaaaaaaaa")
        assert not other.is_claimed("circuit-00000-aaaaaaaaaaaa")
        assert other.take("circuit-00000-aaaaaaaaaaaa")
    assert not (tmp_path / "claims").exists()


def test_of_a_dead_run_the_claims_are_void(tmp_path: Path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = Claims(tmp_path)
    with dead:
        dead.take("circuit-00000-aaaaaaaaaaaa")
        path = tmp_path / "claims" / f"run-{dead.name}.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "pid": gone.pid}))
        with Claims(tmp_path) as one:
            assert one.take("circuit-00000-aaaaaaaaaaaa")


def test_a_run_on_another_machine_is_alive_while_its_stamp_moves_whatever_its_clock(
    tmp_path: Path, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(claims_module.time, "monotonic", lambda: now[0])
    other = Claims(tmp_path)
    with other, Claims(tmp_path, silent_s=10.0) as one:
        other.take("circuit-00000-aaaaaaaaaaaa")
        path = tmp_path / "claims" / f"run-{other.name}.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "host": "elsewhere", "pid": 1}))
        for stamp in (1e9 + 1, 1e9 + 2, 4e9, 12.0):  # a clock that was set forth and back
            os.utime(path, (stamp, stamp))
            assert one.is_claimed("circuit-00000-aaaaaaaaaaaa")
            now[0] += 9.0
            assert one.is_claimed("circuit-00000-aaaaaaaaaaaa")
        now[0] += 2.0
        assert not one.is_claimed("circuit-00000-aaaaaaaaaaaa")
        assert one.take("circuit-00000-aaaaaaaaaaaa")


def test_a_run_gives_signs_of_life(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(claims_module, "_BEAT_S", 0.01)
    with Claims(tmp_path) as one:
        path = tmp_path / "claims" / f"run-{one.name}.json"
        seen = set()
        limit = time.monotonic() + 5.0
        while len(seen) < 4 and time.monotonic() < limit:
            seen.add(path.stat().st_mtime_ns)
            time.sleep(0.01)
    assert len(seen) >= 4


def test_a_shard_is_waited_for_until_it_has_finished_the_stage(tmp_path: Path):
    with Claims(tmp_path, (1, 2)) as one, Claims(tmp_path, (2, 2)) as two:
        assert one.is_shard_at_work(2, "thresholds")
        assert not one.is_shard_at_work(1, "thresholds")
        two.finish_stage("thresholds")
        assert not one.is_shard_at_work(2, "thresholds")
        assert one.is_shard_at_work(2, "circuit")
    with Claims(tmp_path, (1, 2)) as one, Claims(tmp_path, (2, 3)):
        assert not one.is_shard_at_work(2, "thresholds")  # shards of another number


def test_a_folder_without_room_for_claims_is_named(tmp_path: Path):
    (tmp_path / "claims").write_text("")
    with pytest.raises(ResultsError, match=r"claims cannot be written \(.*--out"), Claims(tmp_path):
        pass


def test_runs_that_end_may_remove_the_folder_of_claims_while_another_begins(
    tmp_path: Path, monkeypatch
):
    real, removed = claims_module.temporary_beside, []

    def remove_first(path: Path) -> Path:
        if len(removed) < 3:
            removed.append(path)
            path.parent.rmdir()
        return real(path)

    monkeypatch.setattr(claims_module, "temporary_beside", remove_first)
    with Claims(tmp_path) as one:
        assert one.take("circuit-00000-aaaaaaaaaaaa")
    assert len(removed) == 3
    assert not (tmp_path / "claims").exists()


def test_a_batch_that_another_run_has_claimed_is_taken_from_it(tmp_path: Path, reference):
    """A run that claims a batch and dies silently holds up the others for a moment only."""
    other = Claims(tmp_path)
    (tmp_path / "batches").mkdir()
    names: list[str] = []
    first = execute(small_study(), tmp_path / "first", batch_size=1)
    names = [path.stem for path in (tmp_path / "first" / "batches").glob("*.h5")]
    out = tmp_path / "out"
    execute(small_study(), out, batch_size=1)
    for path in (out / "batches").glob("*.h5"):
        path.unlink()
    (out / "results.h5").unlink()
    other = Claims(out)
    with other:
        assert all(map(other.take, names))
        threading.Timer(0.5, lambda: [other.release(name) for name in names]).start()
        start = time.monotonic()
        outcome = execute(small_study(), out, batch_size=1)
        assert time.monotonic() - start >= 0.4
    assert_identical(first.results, outcome.results)


# Joining folders.


def test_folders_of_machines_without_a_shared_disk_are_joined(tmp_path: Path, capsys):
    folders = [tmp_path / f"machine{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(folders, start=1):
        assert execute(small_study(), folder, batch_size=1, shard=(number, 3)).n_left > 0
    out = tmp_path / "whole"

    some = merge_folders(folders[:2], out)
    assert some.outcome.found is None
    assert some.outcome.n_left > 0
    assert not (out / "results.h5").exists()
    assert main(["merge", str(out), str(folders[0]), "--quiet"]) == 0
    assert "batches are missing at least" in capsys.readouterr().out

    damaged = next((folders[2] / "batches").glob("circuit-*.h5"))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    assert merge_folders([out, folders[2]], out).n_damaged == 1
    damaged.write_bytes(whole)

    assert main(["merge", *map(str, folders), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert f"results: {out / 'results.h5'}" in told.out
    assert "1 batches copied" in told.err
    assert_identical(execute(small_study()).results, load_results(out))


def test_folders_that_do_not_belong_together_are_not_joined(tmp_path: Path):
    for name, overrides in (("a", ()), ("b", ("seed=8",))):
        execute(small_study(*overrides), tmp_path / name, shard=(1, 2))
    with pytest.raises(ResultsError, match=r"b holds another study than .*a.*folders of one study"):
        merge_folders([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ResultsError, match=r"b holds another study than"):
        merge_folders([tmp_path / "a"], tmp_path / "b")
    with pytest.raises(ResultsError, match=r"none holds no study \(study.json.*scsim run"):
        merge_folders([tmp_path / "none"], tmp_path / "out")

    path = tmp_path / "a" / "study.json"
    content = json.loads(path.read_text())
    for change, words in (
        ({"source_hash": "0" * 64}, r"was computed by another version of scsim than.*one version"),
        ({"config": ""}, r"holds no config.*run the study again"),
    ):
        other = tmp_path / "other"
        other.mkdir(exist_ok=True)
        (other / "study.json").write_text(json.dumps({**content, **change}))
        with pytest.raises(ResultsError, match=words):
            merge_folders([tmp_path / "a", other], tmp_path / "out")
    (other / "study.json").write_text(json.dumps({**content, "source_hash": "0" * 64}))
    with pytest.raises(
        ResultsError, match=r"other was computed by another version .*merge with what"
    ):
        merge_folders([other], tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    (other / "study.json").write_text(json.dumps({**content, "cpu_target": "z80"}))
    with pytest.warns(UserWarning, match=r"other was computed on z80.*NUMBA_CPU_NAME"):
        merge_folders([tmp_path / "a", other], tmp_path / "out")
