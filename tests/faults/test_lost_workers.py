"""A worker that dies costs its batch and nothing more; a scheduler that dies stops the run, and a rerun completes it."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from tests.faults.identical import differences
from tests.faults.processes import Ended, Started, batch_stamps, confirm_manners, run_scsim
from tests.faults.studies import MANY

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs the signals and /proc of Linux"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    execute(parse_study(MANY), folder)
    return folder


def _n_circuits(out: Path) -> int:
    return sum(name.startswith("circuit") for name in batch_stamps(out))


def _start(folder: Path, *options: str) -> Started:
    (folder / "study.toml").write_text(MANY, encoding="utf-8")
    return Started(["run", "study.toml", "--out", "out", *options], folder)


def _workers(run: Started, of: str) -> list[int]:
    """Give the numbers of the worker processes, those that started last at the end."""
    return sorted(run.children(of))


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _completed(ended: Ended, undisturbed: Path, out: Path) -> None:
    confirm_manners(ended)
    assert ended.code == 0, ended.err
    assert not differences(undisturbed / "results.h5", out / "results.h5")


@pytest.mark.long
@pytest.mark.parametrize("n_kills", [1, 2])
def test_a_study_completes_though_a_worker_process_dies(
    tmp_path: Path, undisturbed: Path, n_kills: int
) -> None:
    out = tmp_path / "out"
    with _start(tmp_path, "--engine", "processes", "--workers", "2") as run:
        for number in range(n_kills):
            n_before = number + 1
            assert run.wait_until(lambda n=n_before: _n_circuits(out) >= n), run.err
            kept = batch_stamps(out)
            workers = _workers(run, WORKER)
            assert len(workers) == 2, run.children()
            _kill(workers[number])
        ended = run.end()
        assert not run.survivors(within_s=5.0)
    _completed(ended, undisturbed, out)
    stamps = batch_stamps(out)
    assert {name: stamps.get(name) for name in kept} == kept


WORKER = "scsim"
DASK_WORKER = "distributed"


@pytest.mark.long
def test_a_worker_that_dies_again_and_again_is_an_answer_and_no_hang(tmp_path: Path) -> None:
    """A batch that kills each worker (as one that needs too much memory does) ends in words."""
    with _start(tmp_path, "--engine", "processes", "--workers", "2") as run:
        batches = tmp_path / "out" / "batches"
        assert run.wait_until(lambda: len(list(batches.glob("thresholds-*.h5"))) == 3), run.err
        killed: set[int] = set()

        def kill_all() -> bool:
            for pid in _workers(run, WORKER):
                killed.add(pid)
                _kill(pid)
            return False

        run.wait_until(kill_all, limit_s=60.0)
        ended = run.end()
    confirm_manners(ended)
    assert len(killed) >= 2, ended.err
    assert ended.code in {1, 2}, ended.err


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def scheduler_and_workers(
    folder: Path, n_workers: int = 2
) -> Iterator[tuple[str, Started, list[Started]]]:
    """Start a scheduler and workers of `distributed`, as processes on 127.0.0.1."""
    address = f"tcp://127.0.0.1:{_free_port()}"
    port = address.rpartition(":")[2]
    begin = ("-m", "distributed.cli.dask_scheduler")
    options = ["--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"]
    with Started(options, folder, program=begin) as scheduler:
        assert scheduler.wait_until(lambda: "Scheduler at" in scheduler.err)
        begin = ("-m", "distributed.cli.dask_worker")
        options = [
            address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        workers = [Started(options, folder, program=begin) for _ in range(n_workers)]
        try:
            for worker in workers:
                assert worker.wait_until(lambda worker=worker: "Registered to" in worker.err)
            yield address, scheduler, workers
        finally:
            for worker in workers:
                worker.__exit__(None, None, None)


def test_a_study_completes_though_a_worker_of_dask_dies(tmp_path: Path, undisturbed: Path) -> None:
    out = tmp_path / "out"
    with (
        scheduler_and_workers(tmp_path) as (address, _, workers),
        _start(tmp_path, "--scheduler", address) as run,
    ):
        assert run.wait_until(lambda: _n_circuits(out) >= 1), run.err
        kept = batch_stamps(out)
        workers[0].send(signal.SIGKILL)
        ended = run.end()
        _completed(ended, undisturbed, out)
    stamps = batch_stamps(out)
    assert {name: stamps.get(name) for name in kept} == kept


@pytest.mark.long
def test_a_dead_scheduler_stops_the_run_and_a_rerun_completes_it_from_batches(
    tmp_path: Path, undisturbed: Path
) -> None:
    out = tmp_path / "out"
    with (
        scheduler_and_workers(tmp_path) as (address, scheduler, _),
        _start(tmp_path, "--scheduler", address) as run,
    ):
        assert run.wait_until(lambda: _n_circuits(out) >= 1), run.err
        scheduler.send(signal.SIGKILL)
        ended = run.end()
        assert not run.survivors(within_s=5.0)
    confirm_manners(ended)
    assert ended.code == 2, ended.err
    assert address in ended.err
    assert "again" in ended.err
    kept = batch_stamps(out)
    assert _n_circuits(out) >= 1
    assert not (out / "results.h5").exists()
    again = execute(parse_study(MANY), out)
    assert again.report["circuit"].n_loaded > 0
    assert again.report["circuit"].n_computed > 0
    stamps = batch_stamps(out)
    assert {name: stamps.get(name) for name in kept} == kept
    assert not differences(undisturbed / "results.h5", out / "results.h5")


@pytest.mark.long
def test_a_scheduler_that_is_not_there_is_said_soon(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(MANY, encoding="utf-8")
    address = f"tcp://127.0.0.1:{_free_port()}"
    ended = run_scsim("run", "study.toml", "--out", "out", "--scheduler", address, folder=tmp_path)
    assert ended.code == 2, ended.err
    assert address in ended.err
