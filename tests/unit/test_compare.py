"""The judge of the benchmarks: ratio and floor together, several turns, and bad input."""

import json
from pathlib import Path

import pytest

from benchmarks.compare import best_times, judge, main, table


def write(path: Path, times: dict[str, float]) -> Path:
    entries = [{"name": name, "stats": {"min": seconds}} for name, seconds in times.items()]
    path.write_text(json.dumps({"benchmarks": entries}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("base", "branch", "expected"),
    [
        (1.0, 1.0, "same"),
        (1.0, 1.24, "same"),
        (1.0, 1.26, "slower"),
        (1.0, 0.5, "faster"),
        (1.0, 0.81, "same"),
        (1e-5, 5e-5, "same"),  # five times, but 0.04 ms
        (5e-5, 1e-5, "same"),
        (1e-5, 5e-4, "slower"),  # above both
        (10.0, 12.4, "same"),  # 2.4 s more, but within the ratio
    ],
)
def test_growth_must_pass_ratio_and_floor(base: float, branch: float, expected: str) -> None:
    (found,) = judge({"step": base}, {"step": branch}, max_ratio=1.25, floor_s=1e-4)
    assert found.verdict == expected
    assert found.ratio == pytest.approx(branch / base)


def test_limits_can_be_set() -> None:
    assert judge({"a": 1.0}, {"a": 1.1}, max_ratio=1.05, floor_s=0.05)[0].verdict == "slower"
    assert judge({"a": 1.0}, {"a": 1.1}, max_ratio=1.05, floor_s=0.2)[0].verdict == "same"


def test_benchmarks_of_one_side_only_do_not_fail(tmp_path: Path) -> None:
    found = judge({"old": 1.0, "kept": 1.0}, {"kept": 1.0, "fresh": 9.0})
    assert [(item.name, item.verdict) for item in found] == [
        ("old", "gone"),
        ("kept", "same"),
        ("fresh", "new"),
    ]
    assert [item.ratio for item in found] == [None, 1.0, None]
    base = write(tmp_path / "base.json", {"old": 1.0})
    branch = write(tmp_path / "branch.json", {"fresh": 1.0})
    assert main(["--base", str(base), "--branch", str(branch)]) == 0


def test_best_of_several_turns_counts(tmp_path: Path) -> None:
    first = write(tmp_path / "1.json", {"step": 3.0, "only here": 1.0})
    second = write(tmp_path / "2.json", {"step": 2.0})
    assert best_times([first, second]) == {"step": 2.0, "only here": 1.0}


def test_verdict_is_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = write(tmp_path / "base.json", {"step": 1.0, "field": 0.002})
    slow = write(tmp_path / "slow.json", {"step": 1.5, "field": 0.002})
    assert main(["--base", str(base), "--branch", str(base)]) == 0
    assert "0 slower by more than 1.3 times and 0.1 ms" in capsys.readouterr().out
    assert main(["--base", str(base), "--branch", str(slow)]) == 1
    printed = capsys.readouterr().out
    assert "step" in printed
    assert "1.50  slower" in printed
    assert main(["--base", str(base), "--branch", str(slow), "--max-ratio", "2"]) == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": [{"name": "a"}]}'])
def test_file_of_another_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"odd\.json is not a file of pytest-benchmark.*make bench"
    ):
        best_times([path])
    assert main(["--base", str(path), "--branch", str(path)]) == 2
    assert "odd.json" in capsys.readouterr().err


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.json is not a file of pytest-benchmark"):
        best_times([tmp_path / "none.json"])


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_time_that_is_none_is_refused(tmp_path: Path, seconds: float) -> None:
    path = write(tmp_path / "odd.json", {"step": seconds})
    with pytest.raises(ValueError, match=rf"step took {seconds} s.*Measure it again"):
        best_times([path])


@pytest.mark.parametrize("ratio", [1.0, 0.5, float("nan")])
def test_ratio_without_room_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=rf"max_ratio = {ratio}.*above 1.*1\.3"):
        judge({}, {}, max_ratio=ratio)


@pytest.mark.parametrize("floor", [-1.0, float("nan")])
def test_negative_floor_is_refused(floor: float) -> None:
    with pytest.raises(ValueError, match=rf"floor_s = {floor}.*1e-4"):
        judge({}, {}, floor_s=floor)


def test_table_of_nothing_has_a_head() -> None:
    assert table([]).split() == ["benchmark", "base", "ms", "branch", "ms", "ratio", "verdict"]
