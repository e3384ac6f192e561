"""Progress says how far a run is and how long it still takes, at most every 5 s, and is silent if asked."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from scsim.cli import progress as module
from scsim.cli.amounts import duration, size
from scsim.cli.progress import in_words, make_progress


@dataclass(frozen=True)
class Told:
    """A forecast that always tells the same."""

    left: float | None = 62.0
    speed: float | None = 4.8

    def left_s(self) -> float | None:
        return self.left

    def share_done(self) -> float:
        return 0.43

    def rate(self, stage: str) -> float | None:
        return self.speed if stage == "circuit" else None


def test_a_line_tells_count_rate_share_and_time_left() -> None:
    told = in_words("circuit", 192, 448, Told())
    assert told == "circuit: 192 of 448, 4.8/s; 43 % of all, about 1 min 02 s left"


def test_a_line_without_a_plan_or_a_rate_leaves_them_out() -> None:
    assert in_words("circuit", 2, 4, Told(None, None)) == "circuit: 2 of 4"
    assert (
        in_words("geometry", 1, 1, Told(3.2)) == "geometry: 1 of 1; 43 % of all, about 3.2 s left"
    )
    assert "/s" not in in_words("circuit", 4, 4, Told()), "a stage that is done has no rate"


def wait_for(is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20.0
    while not is_there():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_plain_lines_come_at_intervals_also_while_a_long_batch_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module._LINE_EVERY_S == 5.0
    monkeypatch.setattr(module, "_LINE_EVERY_S", 0.05)
    lines: list[tuple[float, str]] = []
    monkeypatch.setattr(module, "say", lambda text: lines.append((time.monotonic(), text)))
    with make_progress(Told(), is_quiet=False) as progress:
        assert progress is not None
        for done in range(1000):
            progress("circuit", done, 1000)
        wait_for(lambda: len(lines) >= 3)
    n_lines = len(lines)
    assert all(text.startswith("circuit: 999 of 1000, 4.8/s") for _, text in lines[1:])
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(lines)]
    assert min(gaps) > 0.04
    time.sleep(0.15)
    assert len(lines) == n_lines, "nothing is written after the end"


def test_a_short_run_writes_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with make_progress(Told(), is_quiet=False) as progress:
        assert progress is not None
        progress("circuit", 1, 1)
    assert not capsys.readouterr().err


def failing_run() -> None:
    message = "broken"
    with make_progress(Told(), is_quiet=False):
        raise ValueError(message)


def test_lines_end_with_the_run_that_fails() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="broken"):
        failing_run()
    assert threading.active_count() == before


def test_bars_are_drawn_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with make_progress(Told(), is_quiet=False) as progress:
        assert progress is not None
        progress("thresholds", 13, 13)
        progress("circuit", 1, 2)
        progress("circuit", 2, 2)
    text = capsys.readouterr().err
    assert "all stages" in text
    assert "about 1 min 02 s left" in text
    assert "2 of 2, 4.8/s" in text


def test_quiet_progress_is_none() -> None:
    with make_progress(Told(), is_quiet=True) as progress:
        assert progress is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "< 0.1 s"),
        (0.1, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200.0, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7500.0, "2 h 05 min"),
        (4.5 * 86400, "4.5 days"),
    ],
)
def test_times_are_written_in_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 kB"), (11_600, "12 kB"), (3.44e6, "3.4 MB"), (45e6, "45 MB"), (1.2e9, "1.2 GB")],
)
def test_sizes_are_written_in_the_unit_that_reads_best(n_bytes: float, text: str) -> None:
    assert size(n_bytes) == text
