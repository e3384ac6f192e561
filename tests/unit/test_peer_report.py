"""Tables beside NEURON and PyFibers, the turns they are measured in, and their place in the README.

None of this needs the other software.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers_timing
from benchmarks.peers_cases import ENGINE_ROWS, SEARCH_ROWS, PeerFiber
from benchmarks.peers_report import (
    MARKS,
    engine_row,
    factor,
    loop_s,
    main,
    report,
    search_row,
    spread,
)
from benchmarks.peers_timing import in_turns, measure_rows, time_once, time_repeated


def turns(*cpu_s: float) -> dict[str, list[float]]:
    return {"cpu_s": list(cpu_s), "wall_s": [2.0 * value for value in cpu_s]}


def engine_entry(**changes: Any) -> dict[str, Any]:
    entry = {
        "title": "MRG, 10 µm, 21 nodes",
        "setting": "float64",
        "lanes": 16,
        "short_share": 0.1,
        "first_call_s": [2.5, 5.0],
        "times": {
            "neuron_loop": turns(0.2, 0.16, 0.24),
            "scsim": turns(0.008, 0.0064, 0.0096),
            "scsim_short": turns(0.0019, 0.003, 0.0025),
        },
        "v_difference_mv": 3.56e-7,
        "loop_against_pyfibers_mv": 0.0,
        "neuron_threshold_ma": 0.102,
        "scsim_threshold_ma": 0.102 * (1.0 - 7e-7),
    }
    return entry | changes


def search_entry(**changes: Any) -> dict[str, Any]:
    entry = {
        "title": "MRG, 256 fibers of 21 nodes",
        "setting": "20 modes, float64",
        "n_fibers": 256,
        "n_sampled": 4,
        "rtol": 1e-3,
        "first_call_s": [0.5, 0.6],
        "times": {"pyfibers": turns(12.0, 16.0, 14.0), "scsim": turns(0.256, 0.512, 0.3)},
        "pyfibers_error": 5.4e-3,
        "scsim_error": 3.2e-4,
    }
    return entry | changes


def content(**sections: Any) -> dict[str, Any]:
    return {
        "date": "2026-11-21",
        "machine": {
            "processor": "Some CPU",
            "cpu_target": "znver4, avx512f",
            "n_cores": 2,
            "load_average": 0.34,
        },
        "versions": {
            "python": "3.11.7",
            "scsim": "1.2.3",
            "neuron": "9.0.2",
            "pyfibers": "0.13.0",
        },
        **sections,
    }


def both() -> dict[str, Any]:
    return content(neuron={"a": engine_entry()}, pyfibers={"b": search_entry()})


def test_best_time_stands_before_the_worst_per_fiber() -> None:
    assert spread([0.3, 0.2, 0.4], 4) == "50 ms (to 100 ms)"


@pytest.mark.parametrize(
    ("slow_s", "fast_s", "expected"),
    [(1.0, 8.0, "0.125×"), (34.56, 1.0, "34.6×"), (99.96, 1.0, "100×"), (4149.4, 1.0, "4149×")],
)
def test_ratios_have_three_digits_or_no_fraction(
    slow_s: float, fast_s: float, expected: str
) -> None:
    assert factor(slow_s, fast_s) == expected


def test_loop_is_the_slope_between_two_lengths() -> None:
    # 1 ms of set-up and 10 ms for all steps; a tenth of the steps takes 2 ms with the set-up.
    times = {"scsim": turns(0.011, 0.02), "scsim_short": turns(0.004, 0.002)}
    assert loop_s(times, 0.1) == pytest.approx(0.01, rel=1e-12)


def test_engine_row_compares_best_with_best_per_lane() -> None:
    row = engine_row(engine_entry(neuron_limit_ma=0.1))
    # 160 ms against 6.4 ms / 16 lanes; the loop is (6.4 - 1.9) ms / 0.9 = 5 ms, over 16 lanes.
    assert row == (
        "MRG, 10 µm, 21 nodes",
        "float64, 16 lanes",
        "160 ms (to 240 ms)",
        "400 µs (to 600 µs)",
        "400×",
        "512×",
        "3.6e-07 mV",
        "7.0e-07",
        "+2.00 %",
    )


def test_limit_that_was_not_searched_is_a_dash() -> None:
    assert engine_row(engine_entry())[-1] == "–"


def test_one_fiber_alone_names_no_lanes() -> None:
    assert engine_row(engine_entry(lanes=1, setting="one fiber"))[1] == "one fiber"


def test_search_row_gives_times_per_fiber_of_each_side() -> None:
    # 12 s for the four of PyFibers, 0.256 s for the 256 of scsim.
    assert search_row(search_entry()) == (
        "MRG, 256 fibers of 21 nodes",
        "20 modes, float64",
        "3 s (to 4 s)",
        "5.4e-03",
        "1 ms (to 2 ms)",
        "3.2e-04",
        "0.001",
        "3000×",
    )


def test_report_says_where_when_and_with_what() -> None:
    head = report(both()).splitlines()[0]
    for part in (
        "2026-11-21: Some CPU (znver4, avx512f, 2 cores, load 0.3 before)",
        "Python 3.11.7, NEURON 9.0.2, PyFibers 0.13.0, scsim 1.2.3",
        "best of 3 turns",
        "took 500 ms to 2.5 s and is not counted",
    ):
        assert part in head


def test_every_row_has_the_columns_of_its_head() -> None:
    tables = [line for line in report(both()).splitlines() if line.startswith("|")]
    assert [line.count("|") for line in tables] == [10, 10, 10, 9, 9, 9]


def test_report_says_how_near_the_two_loops_of_the_peer_are() -> None:
    assert "own loop to the bit" in report(both())
    apart = content(neuron={"a": engine_entry(loop_against_pyfibers_mv=2e-9)})
    assert "own loop within 2.0e-09 mV" in report(apart)


def test_part_that_was_not_measured_is_left_out() -> None:
    assert "find_threshold" not in report(content(neuron={"a": engine_entry()}))
    only_searches = report(content(pyfibers={"b": search_entry()}))
    assert "compiled loop alone" not in only_searches
    assert "PyFibers searches 4" in only_searches


def test_report_says_when_the_peer_searched_a_sample() -> None:
    whole = search_entry(n_fibers=1, n_sampled=1)
    assert "Of many fibers" not in report(content(pyfibers={"one": whole}))
    mixed = report(content(pyfibers={"one": whole, "many": search_entry()}))
    assert "Of many fibers PyFibers searches 4" in mixed


@pytest.mark.parametrize("sections", [{}, {"neuron": {}, "pyfibers": {}}])
def test_file_without_rows_is_refused(sections: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no row of NEURON.*make bench-peers"):
        report(content(**sections))


def test_readme_has_the_marks(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert "a new report" in MARKS.replace(readme, "a new report")


def test_program_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured, readme = tmp_path / "peers.json", tmp_path / "README.md"
    measured.write_text(json.dumps(both()), encoding="utf-8")
    readme.write_text(f"{MARKS.begin}{MARKS.end}", encoding="utf-8")
    assert main([str(measured), "--readme", str(readme)]) == 0
    printed = capsys.readouterr().out
    assert readme.read_text(encoding="utf-8") == f"{MARKS.begin}\n\n{printed}\n{MARKS.end}"


def test_program_leaves_the_readme_alone_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = tmp_path / "peers.json"
    measured.write_text(json.dumps(both()), encoding="utf-8")
    assert main([str(measured)]) == 0
    assert "400×" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["peers.json"]


def test_sides_take_turns() -> None:
    order: list[str] = []

    def side(name: str, cpu_s: float) -> tuple[float, float]:
        order.append(name)
        return cpu_s, 10.0 * cpu_s

    times = in_turns({"a": lambda: side("a", 1.0), "b": lambda: side("b", 2.0)}, 3)
    assert order == ["a", "b"] * 3
    assert times == {
        "a": {"cpu_s": [1.0] * 3, "wall_s": [10.0] * 3},
        "b": {"cpu_s": [2.0] * 3, "wall_s": [20.0] * 3},
    }


class Clock:
    """Time that goes on by what a call is said to take: wall twice the CPU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpu_s = 0.0
        self.calls = 0
        monkeypatch.setattr(peers_timing.time, "process_time", lambda: self.cpu_s)
        monkeypatch.setattr(peers_timing.time, "perf_counter", lambda: 2.0 * self.cpu_s)

    def work(self) -> None:
        self.calls += 1
        self.cpu_s += 0.03125


def test_one_call_is_timed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    assert time_once(clock.work) == (0.03125, 0.0625)
    assert clock.calls == 1


def test_short_calls_are_repeated_and_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    assert time_repeated(clock.work) == (0.03125, 0.0625)
    assert clock.calls == 4  # the first number of calls that lasts 0.2 s: 4 × 62.5 ms


@pytest.fixture
def fake_rows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Rows that are measured without a process: those named "bad" fail."""
    measured: list[str] = []

    def run_apart(module: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
        measured.append(name)
        if name == "bad":
            raise subprocess.CalledProcessError(1, [module])
        return {"value": options.repeats}

    monkeypatch.setattr(peers_timing, "_run_apart", run_apart)
    monkeypatch.setattr(peers_timing, "circumstances", lambda: {"date": "today"})
    return measured


def measure_nothing(name: str, options: argparse.Namespace) -> dict[str, Any]:
    return {"value": f"{name}, {options.repeats} turns"}


def run_rows(path: Path, *arguments: str) -> int:
    rows = {"one": 1, "bad": 2, "three": 3}
    return measure_rows("fake", "neuron", rows, measure_nothing, [str(path), *arguments])


def test_a_row_that_fails_does_not_cost_the_others(
    tmp_path: Path, fake_rows: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "peers.json"
    path.write_text('{"pyfibers": {"kept": {}}, "neuron": {"old": {}}}', encoding="utf-8")
    assert run_rows(path, "--repeats", "2") == 1
    assert fake_rows == ["one", "bad", "three"]
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "date": "today",
        "pyfibers": {"kept": {}},
        "neuron": {"one": {"value": 2}, "three": {"value": 2}},
    }
    assert "not measured: bad" in capsys.readouterr().err


def test_single_rows_are_renewed_in_the_order_of_the_table(
    tmp_path: Path, fake_rows: list[str]
) -> None:
    path = tmp_path / "peers.json"
    path.write_text('{"neuron": {"three": {"value": 9}}}', encoding="utf-8")
    assert run_rows(path, "--only", "one") == 0
    assert fake_rows == ["one"]
    rows = json.loads(path.read_text(encoding="utf-8"))["neuron"]
    assert list(rows.items()) == [("one", {"value": 5}), ("three", {"value": 9})]


def test_a_row_that_fails_leaves_no_old_numbers(tmp_path: Path, fake_rows: list[str]) -> None:
    path = tmp_path / "peers.json"
    path.write_text('{"neuron": {"bad": {"value": 9}}}', encoding="utf-8")
    assert run_rows(path, "--only", "bad") == 1
    assert fake_rows == ["bad"]
    assert json.loads(path.read_text(encoding="utf-8"))["neuron"] == {}


def test_the_process_of_a_row_writes_that_row_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers_timing, "stay_on_one_core", lambda: None)
    path = tmp_path / "row.json"
    assert run_rows(path, "--row", "three", "--repeats", "4") == 0
    assert json.loads(path.read_text(encoding="utf-8")) == {"value": "three, 4 turns"}


def test_the_detector_is_that_of_the_peer() -> None:
    fiber = PeerFiber("mrg_discrete", "MRG_DISCRETE", 10.0, 41, 1.0, 0.1, 0.15, 5.0)
    assert fiber.detector == 36  # int(0.9 × 40), reference of PyFibers


def test_rows_fit_together() -> None:
    for row in ENGINE_ROWS.values():
        assert row.setting.lanes in {1, 16, 32}
        assert (row.setting.precision == "float32") == (row.setting.lanes == 32)
    for search in SEARCH_ROWS.values():
        shared = {(f.pulse_width_ms, f.search_window_ms) for f in search.fibers}
        assert len(shared) == 1, "scsim searches them in one call, with one pulse and window"
        assert len(set(search.sample)) == len(search.sample)
        assert max(search.sample) < len(search.fibers)
    assert len({search.fibers for search in SEARCH_ROWS.values()}) == 2
    assert max(len(search.fibers) for search in SEARCH_ROWS.values()) == 256
