"""A run that SIGKILL, SIGTERM or Ctrl-C ends anywhere loses no finished batch, and run again gives the same bits."""

import os
import random
import shutil
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.identical import differences
from tests.faults.processes import (
    PLACES,
    Started,
    batch_stamps,
    confirm_manners,
    run_scsim,
)
from tests.faults.studies import BRIEF

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs the signals and /proc of Linux"),
    pytest.mark.slow,
]

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

MAY_BE_KILLED = PLACES[:2]
"""Until its own code has begun, a process ends as the system or Python ends it."""


@dataclass
class Record:
    """What the runs of a test met.

    Attributes
    ----------
    hits : Counter
        Signals that ended a run, by signal and place.
    slowest_s : float
        Longest time from a signal to the end, s.
    n_complete : int
        Runs that were over before their signal.
    n_kept : int
        Finished batches that a later run had to find again, over all runs.
    n_identical : int
        Finished studies that were compared with the undisturbed one.
    """

    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest_s: float = 0.0
    n_complete: int = 0
    n_kept: int = 0
    n_identical: int = 0

    @property
    def n_hit(self) -> int:
        return self.hits.total()


def disturb(
    n_runs: int, folder: Path, *options: str, chance: random.Random, cold_every: int = 0
) -> Record:
    """Run a study again and again, each run hit by a signal at a random moment, and check what is left.

    Every so many runs the cache of compiled kernels and of fields is emptied, so that compiling is hit too, and what
    it left behind is used by later runs.
    """
    cache = folder / "cache"
    environment = {"SCSIM_CACHE_DIR": str(cache)} if cold_every else {}
    config = folder / "study.toml"
    config.write_text(BRIEF, encoding="utf-8")
    whole = folder / "undisturbed"
    undisturbed = run_scsim("run", config, "--out", whole, *options, folder=folder)
    assert undisturbed.code == 0, undisturbed.err
    longest_s = undisturbed.wall_s
    record = Record()
    kept: dict[str, tuple[int, int, str]] = {}
    place_of_study = 0
    for number in range(n_runs):
        out = folder / f"out-{place_of_study}"
        hit = SIGNALS[number % len(SIGNALS)]
        if cold_every and number % cold_every == 0:
            shutil.rmtree(cache, ignore_errors=True)
        command = ["run", config, "--out", out, *options]
        with Started(command, folder, environment=environment) as started:
            _wait_for_a_moment(started, out, longest_s, chance)
            place = started.place()
            was_running = not started.has_ended
            if hit is signal.SIGINT and was_running:
                started.press_ctrl_c()
            else:
                started.send(hit)
            before_s = _now()
            ended = started.end()
            took_s = _now() - before_s
            assert not started.survivors(5.0), f"{hit.name} while {place}"
        assert "Traceback" not in ended.err or place in MAY_BE_KILLED, f"{place}\n{ended.err}"
        stamps = batch_stamps(out)
        lost = [name for name, stamp in kept.items() if stamps.get(name) != stamp]
        assert not lost, f"{hit.name} while {place}: lost or computed again {lost}"
        if was_running and ended.code in {-hit, 130}:
            if hit is not signal.SIGKILL and place not in MAY_BE_KILLED:
                assert ended.code == 130, f"{hit.name} while {place}\n{ended.err}"
                assert "finished batches are kept" in ended.err
            record.hits[hit.name, place] += 1
            record.slowest_s = max(record.slowest_s, took_s)
        else:
            confirm_manners(ended)
            assert ended.code == 0, f"{hit.name} while {place}: {ended.code}\n{ended.err}"
            record.n_complete += 1
        if ended.code == 0:
            _confirm_same(whole, out)
            record.n_identical += 1
            place_of_study += 1
            kept = {}
        else:
            kept = stamps
            record.n_kept += len(kept)
    out = folder / f"out-{place_of_study}"
    last = run_scsim("run", config, "--out", out, *options, folder=folder, environment=environment)
    assert last.code == 0, last.err
    stamps = batch_stamps(out)
    assert all(stamps.get(name) == stamp for name, stamp in kept.items())
    _confirm_same(whole, out)
    record.n_identical += 1
    return record


def _now() -> float:
    return os.times().elapsed


def _wait_for_a_moment(
    started: Started, out: Path, longest_s: float, chance: random.Random
) -> None:
    """Wait for a moment: of the clock, or just after a file has appeared, where little time is spent but much happens."""
    kind = chance.choice(("clock", "clock", "batch", "results"))
    if kind == "clock":
        end = _now() + chance.uniform(0.02, 1.0) * longest_s
        started.wait_until(lambda: _now() > end)
    elif kind == "batch":
        n_batches = len(batch_stamps(out)) + chance.randint(0, 1)
        started.wait_until(lambda: len(list(out.glob("batches/*.h5"))) > n_batches)
    else:
        results = out / "results.h5"
        is_partial = chance.random() < 0.5
        started.wait_until(
            lambda: results.exists() or (is_partial and any(out.glob(".results.h5*")))
        )
        end = _now() + chance.uniform(0.0, 0.3) * longest_s
        started.wait_until(lambda: _now() > end)


def _confirm_same(whole: Path, out: Path) -> None:
    """Check that a study that was disturbed holds what the undisturbed one holds, and no more files."""
    assert not differences(whole / "results.h5", out / "results.h5")
    assert not {path.name for path in out.rglob("*")} ^ {path.name for path in whole.rglob("*")}
    for path in out.glob("*.png"):
        assert path.read_bytes() == (whole / path.name).read_bytes()


def test_eight_signals_at_random_moments_change_nothing(tmp_path: Path) -> None:
    record = disturb(8, tmp_path, "--workers", "2", chance=random.Random(20261121))
    assert record.n_hit >= 4, f"most runs were over before they were hit: {record}"
    assert record.n_identical >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("engine", "n_runs"),
    [("threads", 100), ("processes", 30), ("dask", 15)],
    ids=str,
)
def test_a_hundred_signals_at_random_moments_change_nothing(
    engine: str, n_runs: int, tmp_path: Path
) -> None:
    """The figures are printed: how many runs were hit where."""
    options = ("--workers", "2", "--engine", engine)
    record = disturb(n_runs, tmp_path, *options, chance=random.Random(n_runs), cold_every=10)
    sys.stdout.write(f"{tell(record)}\n")
    assert record.n_hit >= 0.6 * n_runs
    assert {name for name, _ in record.hits} == {signal.name for signal in SIGNALS}
    if engine == "threads":
        assert len({place for _, place in record.hits}) >= 6
    assert record.n_identical >= 2


def tell(record: Record) -> str:
    """Put a record into a table: signals across, places down."""
    names = [number.name for number in SIGNALS]
    rows = [f"{'hit while':32}" + "".join(f"{name:>9}" for name in names)]
    for place in PLACES:
        counts = [record.hits[name, place] for name in names]
        if any(counts):
            rows.append(f"{place:32}" + "".join(f"{count:9}" for count in counts))
    rows.append(
        f"{record.n_hit} runs were hit, {record.n_complete} were over before; slowest end {record.slowest_s:.2f} s after "
        f"its signal; {record.n_kept} times a finished batch had to be found again, none was lost or computed again; "
        f"{record.n_identical} finished studies, all identical to the undisturbed one"
    )
    return "\n".join(rows)
