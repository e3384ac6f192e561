"""What a machine has taken is remembered, whatever happens to the file."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scsim.study.execution import rates
from scsim.study.execution.rates import (
    EXTREME,
    LEAST_S,
    REMEMBERED_S,
    RUNS,
    SHIPPED,
    MachineRates,
    Seen,
    load_rates,
    note_rates,
    rates_path,
)


def test_times_of_runs_add_up_and_give_the_factor(tmp_path: Path):
    path = tmp_path / "deep" / "rates.json"
    assert load_rates(path) is SHIPPED
    note_rates({"circuit": Seen(10.0, 20.0)}, path)
    note_rates({"circuit": Seen(10.0, 40.0), "thresholds": Seen(1.0, 0.5)}, path)
    known = load_rates(path)
    assert known.factor("circuit") == pytest.approx(60.0 / 20.0)
    assert known.factor("thresholds") == pytest.approx(0.5)
    assert known.factor("solution") == pytest.approx((3.0 * 0.5) ** 0.5), "the machine in general"
    assert SHIPPED.factor("circuit") == 1.0


def test_old_times_fade(tmp_path: Path):
    path = tmp_path / "rates.json"
    note_rates({"circuit": Seen(10 * REMEMBERED_S, 10 * REMEMBERED_S)}, path)
    note_rates({"circuit": Seen(REMEMBERED_S, 3 * REMEMBERED_S)}, path)
    assert load_rates(path).factor("circuit") == pytest.approx((1.0 + 3.0) / 2.0)


def test_too_short_and_impossible_times_are_not_noted(tmp_path: Path):
    path = tmp_path / "rates.json"
    note_rates({"circuit": Seen(1.0, 0.5 * LEAST_S), "field": Seen(0.0, 1.0)}, path)
    note_rates({"thresholds": Seen(0.004, 2.0 * LEAST_S)}, path)
    assert not path.exists()
    assert Seen(1.0, 1e9).factor == EXTREME
    assert Seen(1e9, 1.0).factor == 1.0 / EXTREME


def test_time_beside_units_says_nothing_of_other_stages():
    seen = {RUNS: Seen(1.0, 50.0), "circuit": Seen(1.0, 2.0)}
    assert MachineRates(seen).general == pytest.approx(2.0)


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[1, 2]",
        '{"table": 1}',
        '{"table": "TABLE", "stages": 3}',
        '{"table": "TABLE", "stages": {"circuit": {"expected_s": -1, "measured_s": 1}}}',
        '{"table": "TABLE", "stages": {"circuit": {"expected_s": NaN, "measured_s": 1}}}',
        '{"table": "TABLE", "stages": {"circuit": {"expected_s": "x", "measured_s": 1}}}',
        '{"table": "of other rates", "stages": {"circuit": {"expected_s": 1, "measured_s": 9}}}',
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: str):
    path = tmp_path / "rates.json"
    path.write_text(damage.replace("TABLE", rates._table_hash()), encoding="latin-1")
    assert load_rates(path) is SHIPPED
    note_rates({"circuit": Seen(1.0, 2.0)}, path)
    assert load_rates(path).factor("circuit") == pytest.approx(2.0)


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path):
    path = tmp_path / "file" / "rates.json"
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    note_rates({"circuit": Seen(1.0, 2.0)}, path)
    assert load_rates(path) is SHIPPED


def test_several_runs_at_once_leave_a_whole_file(tmp_path: Path):
    path = tmp_path / "rates.json"
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda _: note_rates({"circuit": Seen(1.0, 2.0)}, path), range(80)):
            content = json.loads(path.read_text(encoding="utf-8"))
            assert content["stages"]["circuit"]["measured_s"] >= 2.0
    assert load_rates(path).factor("circuit") == pytest.approx(2.0)
    assert [one.name for one in tmp_path.iterdir()] == ["rates.json"], "nothing is left behind"


def test_the_file_lies_in_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCSIM_CACHE_DIR", str(tmp_path))
    assert rates_path().parent == tmp_path / "rates"
