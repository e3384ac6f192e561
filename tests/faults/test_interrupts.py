"""Ctrl-C and SIGTERM end a run within two seconds, in the midst of long batches and in every engine."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.faults.processes import Ended, Started, batch_stamps, confirm_manners
from tests.faults.studies import BRIEF, LONG

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs the signals and /proc of Linux"),
    pytest.mark.slow,
]

LONGEST_S: Final = 2.0
"""From the signal to the end of the process, s."""

N_TRIES: Final = 3
"""Runs of which one must be quick enough: on a machine that is busy with other work, none may get the processor."""

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def _cpu_s(pids: dict[int, str]) -> float:
    """Add up the processor time of processes, s."""
    ticks = 0
    for pid in pids:
        try:
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def wait_for_the_circuit(run: Started) -> None:
    """Wait until a run is in the midst of the batches of its circuit."""
    batches = run.folder / "out" / "batches"
    assert run.wait_until(lambda: len(list(batches.glob("thresholds-*.h5"))) == 3), run.err
    began = _cpu_s(run.descendants())
    assert run.wait_until(lambda: _cpu_s(run.descendants()) > began + 1.0)
    assert not list(batches.glob("circuit-*.h5"))


def interrupt(folder: Path, number: signal.Signals, *options: str) -> tuple[Ended, float]:
    """Interrupt a run of the long study in its circuit; gives how it ended and after which time, s."""
    (folder / "study.toml").write_text(LONG, encoding="utf-8")
    with Started(["run", "study.toml", "--out", "out", *options], folder) as run:
        wait_for_the_circuit(run)
        kept = batch_stamps(folder / "out")
        assert kept
        began = time.monotonic()
        if number is signal.SIGINT:
            run.press_ctrl_c()
        else:
            run.send(number)
        ended = run.end()
        took_s = time.monotonic() - began
        assert not run.survivors(within_s=5.0)
    confirm_manners(ended)
    assert ended.code == 130, ended.err
    assert ended.err.splitlines()[-1] == (
        "scsim: interrupted; finished batches are kept: run the same command again to go on."
    )
    stamps = batch_stamps(folder / "out")
    assert {name: stamps.get(name) for name in kept} == kept
    return ended, took_s


ENGINES: Final = {
    "one thread": ("--workers", "1"),
    "threads": ("--workers", "2"),
    "processes": ("--workers", "2", "--engine", "processes"),
    "dask": ("--workers", "2", "--engine", "dask"),
}

IN_EVERY_RUN: Final = (
    ("threads", signal.SIGINT),
    ("processes", signal.SIGTERM),
    ("dask", signal.SIGINT),
)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param(
            engine,
            number,
            id=f"{engine}, {number.name}",
            marks=() if (engine, number) in IN_EVERY_RUN else pytest.mark.long,
        )
        for engine in ENGINES
        for number in (signal.SIGINT, signal.SIGTERM)
    ],
)
def test_a_run_in_its_circuit_ends_within_two_seconds(
    engine: str, number: signal.Signals, tmp_path: Path
) -> None:
    times_s = []
    for attempt in range(N_TRIES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        times_s.append(interrupt(folder, number, *ENGINES[engine])[1])
        if times_s[-1] <= LONGEST_S:
            break
    told = ", ".join(f"{time_s:.2f}" for time_s in times_s)
    sys.stdout.write(f"{engine}, {number.name}: {told} s\n")
    assert min(times_s) <= LONGEST_S


def test_ctrl_c_pressed_again_and_again_is_no_worse(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(BRIEF, encoding="utf-8")
    with Started(["run", "study.toml", "--out", "out"], tmp_path) as run:
        assert run.wait_until((tmp_path / "out" / "study.json").exists)
        for _ in range(20):
            if run.has_ended:
                break
            run.press_ctrl_c()
            time.sleep(0.01)
        ended = run.end()
        assert not run.survivors(within_s=5.0)
    confirm_manners(ended)
    assert ended.code == 130, ended.err


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_run_leaves_no_process_behind(engine: str, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(LONG, encoding="utf-8")
    with Started(["run", "study.toml", "--out", "out", *ENGINES[engine]], tmp_path) as run:
        wait_for_the_circuit(run)
        run.send(signal.SIGKILL)
        assert run.end().code == -signal.SIGKILL
        assert not run.survivors(within_s=10.0)


@pytest.mark.parametrize(
    "command", [["check", "study.toml"], ["show", "results.h5"], ["list", "fibers"]]
)
@pytest.mark.long
def test_other_commands_end_too(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(LONG, encoding="utf-8")
    for delay_s in (0.1, 0.2, 0.3, 0.4):
        with Started(command, tmp_path) as run:
            time.sleep(delay_s)
            place = run.place()
            run.press_ctrl_c()
            ended = run.end(LONGEST_S * 2)
        if place not in {"starting Python", "loading the command line"}:
            confirm_manners(ended)
