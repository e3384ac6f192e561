"""`scsim check` tells what a study costs: as a table, as JSON and as a picture; nothing is computed."""

import json
import time
from pathlib import Path

import pytest

from scsim.cli.main import main
from scsim.study.execution.rates import Seen, note_rates
from tests.study.small_study import TEXT


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCSIM_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "small.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def rows_of(text: str) -> dict[str, str]:
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


def test_the_table_tells_runs_units_batches_and_what_they_are_for(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(config), "--workers", "3"]) == 0
    text = capsys.readouterr().out
    rows = rows_of(text)
    assert "12 cases (grid), seed 7" in text
    assert rows["thresholds"].split()[1:5] == ["1", "2", "2", "of"]
    assert "population, field" in rows["thresholds"]
    assert "(all cases)" in rows["thresholds"]
    # 12 runs of their own, and two states times two runs without stimulation.
    assert rows["circuit"].split()[1:4] == ["12", "16", "1"]
    assert "amplitude_ma, frequency_hz, state" in rows["circuit"]
    assert rows["total:"].startswith("total: at most ")
    assert "on 3 workers" in rows["total:"]
    assert "results file" in rows["total:"]
    assert "of the reference machine" in rows["rates:"]


def test_rates_of_this_machine_are_told_and_used(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", str(config), "--json"])
    before = json.loads(capsys.readouterr().out)
    note_rates({name: Seen(1.0, 10.0) for name in ("thresholds", "circuit", "field", "population")})
    main(["check", str(config), "--json"])
    after = json.loads(capsys.readouterr().out)
    stages = [{one["name"]: one for one in content["stages"]} for content in (before, after)]
    slower = [one["thresholds"]["unit_s"] for one in stages]
    assert slower[1] == pytest.approx(10.0 * slower[0])
    assert stages[1]["thresholds"]["is_measured_here"]
    assert not stages[0]["thresholds"]["is_measured_here"]
    assert "this machine for" in after["rates"]
    assert "thresholds" in after["rates"]


def test_json_holds_all_that_the_table_tells(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(config), "--json", "--set", "seed=3", "--workers", "2"]) == 0
    content = json.loads(capsys.readouterr().out)
    stages = {stage["name"]: stage for stage in content["stages"]}
    assert (content["n_cases"], content["seed"], content["workers"]) == (12, 3, 2)
    assert stages["thresholds"]["n_runs_at_most"] == 1
    assert stages["circuit"]["n_runs_at_most"] == 12
    assert stages["circuit"]["n_units_at_most"] == 16
    assert stages["circuit"]["n_batches_at_most"] == 1
    assert stages["circuit"]["needs"] == ["recruitment", "following", "afferents", "drive"]
    assert content["axes"][0]["values"] == [0.6, 1.2, 2.4]
    of_stages = sum(stage["cpu_s_at_most"] for stage in content["stages"])
    assert content["cpu_s_at_most"] == pytest.approx(of_stages + content["results_s"])
    assert content["memory_mb"] > 0
    assert content["results_bytes"] > 0


def test_units_of_an_earlier_run_count_as_done(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--set", 'output.save=["thresholds"]', "--out", str(tmp_path / "out")]
    assert main(["check", str(config), *short]) == 0
    assert "finished:" not in capsys.readouterr().out, "the folder is not there"
    assert main(["run", str(config), *short, "--quiet", "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["check", str(config), *short]) == 0
    text = capsys.readouterr().out
    assert "2 of 2 units of thresholds are in finished batches" in text
    assert "2 of 2 done" in rows_of(text)["thresholds"]
    assert "results.h5 is there already" in text


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_plan_is_drawn(
    config: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / f"plan.{ending}"
    assert main(["check", str(config), "--graph", str(picture)]) == 0
    assert f"picture: {picture}" in capsys.readouterr().out
    begin = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert picture.read_bytes().startswith(begin)


def test_a_plan_is_not_drawn_as_something_else(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", str(config), "--graph", "plan.gif"])
    assert left.value.code == 2
    assert "a plan is drawn as .svg, .png, .pdf; end the name with one of these" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "²"])
def test_workers_are_counted_from_1(
    config: Path, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", str(config), f"--workers={number}"])
    assert left.value.code == 2
    assert f"{number!r} is no number to count with: write a whole number from 1 on" in (
        capsys.readouterr().err
    )


def test_a_bound_that_leaves_no_room_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(config), "--memory", "0.1"]) == 0
    assert "the bound is too small for a single batch; allow more with --memory" in (
        capsys.readouterr().out
    )
    assert main(["check", str(config), "--memory", "-1"]) == 2
    assert "a bound must be a positive number of GB" in capsys.readouterr().err


def test_ten_thousand_cases_are_checked_in_two_seconds(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit is processor time, as other tests may share the machine."""
    main(["check", str(config)])  # loads what is loaded late
    start = time.process_time()
    sweeps = (
        "stimulus.amplitude_ma={ sweep = { linspace = [0.5, 4.5, 50] } }",
        "stimulus.frequency_hz={ sweep = { linspace = [10, 100, 100] } }",
    )
    arguments = ["check", str(config), *(part for one in sweeps for part in ("--set", one))]
    assert main(arguments) == 0
    assert time.process_time() - start < 2.0
    assert "10000 cases" in capsys.readouterr().out
