"""A real scheduler with workers as processes on 127.0.0.1: what dies costs no finished batch; files of clusters are checked."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from scsim.cli.main import main
from scsim.errors import ConfigError, ResultsError
from scsim.study.execution.cluster import connect_scheduler, make_jobs, start_cluster
from scsim.study.execution.cluster_file import KINDS, ClusterFile, read_cluster
from scsim.study.run import execute
from tests.study.small_study import TEXT, small_study
from tests.study.test_run import assert_identical

SLURM = """
kind = "slurm"
queue = "long"
account = "pain"
cores = 4
memory_gb = 16
walltime = "04:00:00"
jobs = 3
directives = ["--constraint=avx512"]
prologue = ["module load python"]
"""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _cluster(repository: Path, n_workers: int):
    """Start a scheduler and workers as programs of their own; gives its address and the processes."""
    address = f"tcp://127.0.0.1:{_free_port()}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=repository,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    port = address.rpartition(":")[2]
    local = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = start(
        "distributed.cli.dask_scheduler", "--port", port, "--dashboard-address", ":0", *local
    )
    options = ("--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--dashboard-address", ":0")
    workers = [
        start("distributed.cli.dask_worker", address, *options, *local) for _ in range(n_workers)
    ]
    try:
        limit = time.monotonic() + 60.0
        while time.monotonic() < limit:
            try:
                engine = connect_scheduler(address)
            except ResultsError:
                time.sleep(0.2)
                continue
            n_there = engine.workers
            engine.close()
            if n_there == n_workers:
                break
        yield address, scheduler, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@pytest.mark.parametrize("address", ["nowhere", "tcp://10.0.0.5", "tcp://:8786", "a b:1", ""])
def test_what_is_no_address_of_a_scheduler_is_refused_at_once(address: str):
    start = time.monotonic()
    with pytest.raises(ResultsError, match=r"is no address of a scheduler: give it as tcp://HOST:"):
        connect_scheduler(address)
    assert time.monotonic() - start < 5.0, "it waited for an answer"


@pytest.mark.slow
def test_a_worker_and_then_the_scheduler_are_killed_and_no_finished_batch_is_lost(
    repository: Path, tmp_path: Path
):
    study = small_study("stimulus.frequency_hz={ sweep = { linspace = [10, 120, 6] } }")
    expected = execute(study).results
    with _cluster(repository, 2) as (address, scheduler, workers):
        engine = connect_scheduler(address)
        killed = []

        def kill_a_worker(stage: str, _done: int, _total: int) -> None:
            if stage == "circuit" and not killed:
                killed.append(workers[0].pid)
                workers[0].send_signal(signal.SIGKILL)

        try:
            results = execute(study, batch_size=1, engine=engine, progress=kill_a_worker).results
        finally:
            engine.close()
        assert killed
        assert_identical(expected, results)

        out = tmp_path / "out"
        engine = connect_scheduler(address)

        def kill_the_scheduler(stage: str, done: int, _total: int) -> None:
            if stage == "circuit" and done > 40 and scheduler.poll() is None:
                scheduler.send_signal(signal.SIGKILL)
                scheduler.wait()

        try:
            with pytest.raises(
                ResultsError, match=rf"cluster at {address} is gone \(.*finished batches are kept"
            ):
                execute(study, out, batch_size=1, engine=engine, progress=kill_the_scheduler)
        finally:
            engine.close()
    n_finished = len(list((out / "batches").glob("*.h5")))
    assert n_finished >= 2
    outcome = execute(study, out, batch_size=1)
    assert sum(count.n_loaded for count in outcome.report.stages) == n_finished
    assert_identical(expected, outcome.results)


def test_an_address_where_nobody_listens_is_refused_in_time(tmp_path: Path, capsys):
    config = tmp_path / "study.toml"
    config.write_text(TEXT)
    start = time.monotonic()
    address = f"tcp://127.0.0.1:{_free_port()}"
    out = tmp_path / "out"
    assert main(["run", str(config), "--out", str(out), "--scheduler", address]) == 2
    assert time.monotonic() - start < 25.0
    told = capsys.readouterr().err
    assert f"no scheduler answers at {address}" in told
    assert "dask scheduler" in told
    assert not out.exists()


# Files of clusters.


def _write(folder: Path, text: str) -> Path:
    path = folder / "cluster.toml"
    path.write_text(text)
    return path


def test_a_file_of_a_few_lines_makes_the_job_script_of_slurm(tmp_path: Path):
    cluster = make_jobs(read_cluster(_write(tmp_path, SLURM)))
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    for line in (
        "#SBATCH -p long",
        "#SBATCH -A pain",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH -t 04:00:00",
        "#SBATCH --constraint=avx512",
        "export OMP_NUM_THREADS=1",
        "module load python",
    ):
        assert f"{line}\n" in script
    assert "--nworkers 4" in script
    assert "--nthreads 1" in script
    assert "15G" in script or "16G" in script


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_cluster_makes_a_job_script(kind: str):
    file = ClusterFile(kind, 2, 8.0, "01:00:00", 1, queue="q", account="a", directives=("-x y",))
    cluster = make_jobs(file)
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    assert "--nworkers 2" in script
    assert "-x y" in script


@pytest.mark.skipif(
    sys.platform == "win32", reason="the commands of schedulers are programs of POSIX"
)
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (None, r"No such file or directory: 'sbatch'"),
        ("echo 'error: invalid account' >&2; exit 1", r"error: invalid account"),
    ],
    ids=["no scheduler of jobs", "refused"],
)
def test_jobs_that_cannot_be_submitted_are_told_at_once(
    command: str | None, words: str, tmp_path: Path, monkeypatch
):
    """Nobody waits for workers that never come."""
    if command is not None:
        program = tmp_path / "sbatch"
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    start = time.monotonic()
    with pytest.raises(
        ResultsError, match=rf"jobs could not be submitted to slurm \(.*{words}.*login node"
    ):
        start_cluster(ClusterFile("slurm", 1, 1.0, "01:00:00", 2))
    assert time.monotonic() - start < 10.0


def test_all_faults_of_a_cluster_file_come_at_once(tmp_path: Path):
    path = _write(
        tmp_path,
        'kind = "slrum"\ncores = 0\nwalltime = "4h"\nmemry_gb = 3\nqueue = 7\ndirectives = "x"\n',
    )
    with pytest.raises(ConfigError) as caught:
        read_cluster(path)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (1, "kind"),
        (2, "cores"),
        (3, "walltime"),
        (4, "memry_gb"),
        (5, "queue"),
        (6, "directives"),
        (None, "memory_gb"),
        (None, "jobs"),
    ]
    text = str(caught.value)
    assert 'kind = "slrum": must be one of slurm, pbs, lsf, sge, oar.' in text
    assert "cores = 0: must be a whole number from 1 to 1024." in text
    assert "Did you mean memory_gb?" in text
    assert "memory_gb: is missing. It must be a number of GB" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [("kind = ", "is no TOML"), (None, r"cannot be read \(No such file")],
)
def test_a_file_that_cannot_be_read_is_named(text, words, tmp_path: Path):
    path = tmp_path / "cluster.toml" if text is None else _write(tmp_path, text)
    with pytest.raises(ConfigError, match=words):
        read_cluster(path)


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0", "0", "true", '"16GB"'])
def test_memory_of_a_job_is_a_sensible_number(value: str, tmp_path: Path):
    path = _write(tmp_path, SLURM.replace("memory_gb = 16", f"memory_gb = {value}"))
    with pytest.raises(ConfigError, match="memory_gb"):
        read_cluster(path)


def test_a_cluster_file_and_an_engine_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        main(["run", "x.toml", "--cluster", "c.toml", "--scheduler", "tcp://h:1"])
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["distributed", "dask_jobqueue"])
def test_without_the_extra_the_message_says_what_to_install(name: str, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ResultsError, match=r"which is not installed: install the package .*extra 'dask'"
    ):
        make_jobs(ClusterFile("slurm", 1, 1.0, "01:00:00", 1))
