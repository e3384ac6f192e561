"""Each command on a small study: output, files, exit codes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scsim.cli.main import main
from scsim.cli.new import template_names, template_text
from scsim.errors import StimulusError
from scsim.formats.hdf5 import make_variable
from scsim.results.store import Results, load_results, save_results
from scsim.stimulus.pattern import StimulusSection, stimulus_pulse
from scsim.stimulus.pulse import Pulse
from scsim.validate.reading import SHIPPED

CONFIG = """
title = "A small study"
seed = 1

[field]
solver = "analytic"
contact_model = "line"

[montage]
c4 = -1.0
c5 = 1.0

[stimulus]
pulse_width_us = 210
amplitude_ma = { sweep = [1.0, 4.0] }
frequency_hz = 50

[fibers]
n_fibers = 8
margin_mm = 20.0

[circuit]
model = "crodelle2019"
state = { sweep = ["healthy", "disinhibited"] }
duration_s = 1.5
readout_s = 0.4

[output]
save = ["recruitment", "thresholds", "projection_rate", "pain_signal", "relief", "time_course"]
"""

INTERRUPT_POLLS = 2400
"""How often to look for a first finished batch, every 0.05 s: kernels may compile first."""

POINT_SOURCES = SHIPPED / "field" / "A1_point_source.csv"
STEADY_STATES = SHIPPED / "gate" / "crodelle_steady.csv"
"""Reference cases that take milliseconds."""

PICTURES = ("lead_and_fibers", "lead_in_space", "recruitment", "pain_map", "time_course")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "small.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "small"
    assert main(["run", str(config), "--out", str(out), "--quiet", "--workers", "1"]) == 0
    return out


# run


def test_run_ends_by_naming_results_and_pictures(
    config: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(config)]) == 0
    said = capsys.readouterr()
    out = Path("results") / "small"
    lines = said.out.splitlines()
    assert lines == [
        f"results: {out / 'results.h5'}",
        *(f"picture: {out / name}.png" for name in PICTURES),
    ]
    assert all((out / f"{name}.png").stat().st_size > 0 for name in PICTURES)
    assert "4 cases in" in said.err
    assert "thresholds" in said.err


def test_finished_study_has_nothing_left_to_do(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    capsys.readouterr()
    assert main(["run", str(config), "--out", str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("nothing left to do")
    assert f"results: {folder / 'results.h5'}" in said.out
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_picture_older_than_the_results_is_drawn_again(config: Path, folder: Path) -> None:
    picture = folder / "recruitment.png"
    picture.write_bytes(b"of another study")
    then = (folder / "results.h5").stat().st_mtime - 1.0
    os.utime(picture, (then, then))
    assert main(["run", str(config), "--out", str(folder), "--quiet"]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_fresh_leaves_no_picture_of_the_study_before(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    arguments = ["run", str(config), "--out", str(out), "--quiet"]
    assert main(arguments) == 0
    assert main([*arguments, "--fresh", "--set", 'output.save=["recruitment"]']) == 0
    assert "time_course.png" not in {path.name for path in out.iterdir()}


@pytest.mark.parametrize("out", ["", " "])
def test_empty_out_is_refused(
    config: Path,
    out: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["run", str(config), "--out", out])
    assert end.value.code == 2
    assert f"{out!r} names no folder: give one, or leave --out away" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_picture_of_a_finished_study_is_drawn_again(config: Path, folder: Path) -> None:
    (folder / "recruitment.png").unlink()
    assert main(["run", str(config), "--out", str(folder), "--quiet"]) == 0
    assert (folder / "recruitment.png").is_file()


def test_quiet_run_says_nothing_on_stderr(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(config), "--out", str(tmp_path / "o"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_folder_of_another_study_is_refused_unless_fresh(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    arguments = ["run", str(config), "--out", str(out), "--quiet"]
    assert main(arguments) == 0
    changed = [*arguments, "--set", "stimulus.pulse_width_us=300"]
    assert main(changed) == 2
    said = capsys.readouterr().err
    assert "another study" in said
    assert "--fresh" in said
    assert main([*changed, "--fresh"]) == 0
    assert "300" in str(load_results(out).attributes["config"])


def test_folder_that_cannot_be_written_is_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["run", str(config), "--out", str(tmp_path / "file" / "o")]) == 2
    said = capsys.readouterr().err
    assert "file" in said
    assert "Traceback" not in said


def test_number_of_workers_is_checked(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(config), "--out", str(tmp_path / "o"), "--workers", "0"]) == 2
    assert "workers = 0" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_bad_config_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.toml"
    text = CONFIG.replace("pulse_width_us = 210", "pulse_width_us = -60")
    bad.write_text(text.replace("c4 =", "c9 ="), encoding="utf-8")
    assert main(["run", "bad.toml"]) == 2
    said = capsys.readouterr().err
    assert "stimulus.pulse_width_us" in said
    assert "c9" in said
    assert list(tmp_path.iterdir()) == [bad]


def test_missing_config_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "check", "cite"):
        assert main([command, str(tmp_path / "none.toml")]) == 2
        assert "none.toml" in capsys.readouterr().err


def test_cases_that_fail_are_listed_and_the_others_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_wide(section: StimulusSection) -> Pulse:
        if section.pulse_width_us > 250:
            msg = "the pulse of this test is too wide: shorten it."
            raise StimulusError(msg)
        return stimulus_pulse(section)

    monkeypatch.setattr("scsim.study.stages.fiber_stages.stimulus_pulse", refuse_wide)
    path = tmp_path / "wide.toml"
    text = CONFIG.replace("pulse_width_us = 210", "pulse_width_us = { sweep = [210, 300] }")
    path.write_text(text, encoding="utf-8")
    assert main(["run", str(path), "--out", str(tmp_path / "o"), "--quiet"]) == 1
    said = capsys.readouterr()
    assert "4 cases failed; the others are saved" in said.err
    assert "pulse_width_us=300" in said.err
    assert "too wide: shorten it" in said.err
    assert len(load_results(tmp_path / "o").failures) == 4


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let programs that a test starts hear an interrupt, also where the tests themselves run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_interrupted_run_leaves_with_130_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text(CONFIG.replace("n_fibers = 8", "n_fibers = 480"), encoding="utf-8")
    out = tmp_path / "o"
    command = [sys.executable, "-m", "scsim", "run", str(path), "--out", str(out), "--workers", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        for _ in range(INTERRUPT_POLLS):
            if list(out.glob("batches/thresholds-*.h5")) or run.poll() is not None:
                break
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate()
    assert run.returncode == 130, said
    assert "finished batches are kept: run the same command again" in said
    assert "Traceback" not in said
    assert not (out / "results.h5").exists()
    finished = {file: file.stat().st_mtime_ns for file in out.glob("batches/*.h5")}
    assert finished
    assert main(command[3:]) == 0
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in finished.items())


# show, plot, export, cite


def test_check_estimates_the_errors_of_the_fields(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fields.toml"
    spectral = CONFIG.replace('solver = "analytic"\ncontact_model = "line"', 'solver = "spectral"')
    path.write_text(spectral, encoding="utf-8")
    swept = ["--set", "tissue.csf_thickness_mm={ sweep = [2.0, 3.2] }"]
    arguments = ["check", str(path), "--field-accuracy", "--at-most", "1", *swept]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "difference from a solution of twice the resolution" in text
    assert "csf_thickness_mm=2" in text
    assert "1 of 2 fields; leave --at-most out to see all." in text
    assert main([*arguments, "--json"]) == 0
    (field,) = json.loads(capsys.readouterr().out)["field_accuracy"]
    assert field["solver"] == "spectral"
    assert field["n_lines"] == 2 + 8  # the depths of the profile, and all fibers
    # Bars of the spectral solver against the reference solutions, which twice the resolution must keep too.
    assert 0.0 < field["potential"] <= 1e-3
    assert 0.0 < field["shape"] <= 1e-3
    assert 0.0 < field["second_difference"] <= 5e-3
    assert 0.0 < field["contact_matrix"] <= 2e-3


def test_check_has_no_error_to_estimate_of_a_closed_form(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(config), "--field-accuracy"]) == 0
    assert "there is no error to estimate" in capsys.readouterr().out


def test_number_of_fields_to_check_is_checked(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", str(config), "--field-accuracy", "--at-most", "0"])
    assert left.value.code == 2
    assert "'0' is no number to count with: write a whole number" in capsys.readouterr().err


def test_show_prints_datasets_provenance_and_scope(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(folder)]) == 0
    text = capsys.readouterr().out
    for word in (
        "A small study",
        "threshold_ma",
        "mA",
        "config_hash",
        "amplitude_ma",
        "not a medical",
    ):
        assert word in text


def test_show_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder / "results.h5"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["datasets"]["threshold_ma"]["units"] == "mA"
    assert content["coordinates"]["amplitude_ma"] == [1.0, 4.0]
    assert content["attributes"]["seed"] == 1
    assert isinstance(content["attributes"]["wall_seconds"], dict)


def test_plot_writes_the_format_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["plot", str(folder / "results.h5"), "--out", str(tmp_path), "--format", "svg"]) == 0
    )
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == [
        f"{name}.svg" for name in PICTURES
    ]
    assert all((tmp_path / f"{name}.svg").is_file() for name in PICTURES)


def test_cite_gives_the_same_for_config_and_results(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cite", str(config)]) == 0
    of_config = capsys.readouterr().out
    assert main(["cite", str(folder)]) == 0
    assert capsys.readouterr().out == of_config
    assert "@article{" in of_config
    assert "mcintyre2002" in of_config
    assert "harris2020" in of_config


@pytest.mark.parametrize("command", ["show", "plot", "export", "cite"])
def test_missing_and_foreign_results_are_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path / "none.h5")]) == 2
    assert "none.h5" in capsys.readouterr().err
    (tmp_path / "foreign.h5").write_text("no HDF5", encoding="utf-8")
    assert main([command, str(tmp_path / "foreign.h5")]) == 2
    assert "foreign.h5" in capsys.readouterr().err


# list, new


def test_list_names_what_a_config_can_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for word in (
        "percutaneous-8",
        "thoracic",
        "mrg_discrete",
        "dorsal_column",
        "crodelle2019",
        "disinhibited",
        "healthy",
        "tonic",
        "biphasic",
        "study",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("leads", "percutaneous-8"),
        ("leads", "cuff-bipolar"),
        ("tissues", "thoracic"),
        ("conductivities", "default"),
        ("nerves", "single-fascicle"),
        ("fields", "spectral"),
        ("fields", "unbounded"),
        ("fibers", "mrg"),
        ("circuits", "crodelle2019"),
        ("stimuli", "tonic"),
        ("configs", "study"),
    ],
)
def test_list_of_one_kind_as_json(kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert list(content) == [kind]
    assert name in [entry["name"] for entry in content[kind]]
    assert all(entry["what"] for entry in content[kind])


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [
        ("leads", "percutaneous-8", "lead.preset"),
        ("leads", "cuff-bipolar", "lead.preset, with [nerve]"),
        ("leads", "pads-2-disk", "in Python: load_lead(name)"),
        ("nerves", "three-fascicle", "nerve.preset"),
    ],
)
def test_list_says_which_key_takes_a_name(
    kind: str, name: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", kind, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)[kind]
    assert [entry["key"] for entry in entries if entry["name"] == name] == [key]


def test_new_config_is_written_checked_and_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "mine"]) == 0
    assert capsys.readouterr().out == "mine.toml\n"
    assert main(["check", "mine.toml"]) == 0
    (tmp_path / "mine.toml").write_text("kept", encoding="utf-8")
    assert main(["new", "mine.toml"]) == 2
    assert "mine.toml: the file exists and is left as it is" in capsys.readouterr().err
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "kept"


def test_unknown_template_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "mine"), "--template", "stduy"]) == 2
    said = capsys.readouterr().err
    assert "--template stduy" in said
    assert "study" in said.replace("stduy", "")
    assert list(tmp_path.iterdir()) == []


def test_new_config_in_a_missing_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "none" / "mine")]) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_every_template_has_comments_and_a_title() -> None:
    assert template_names()
    for name in template_names():
        assert "#" in template_text(name)
        assert "title =" in template_text(name)


# validate


def test_validate_prints_errors_the_worst_and_the_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["validate", "field", str(POINT_SOURCES)]) == 0
    text = capsys.readouterr().out
    assert "A1_point_source.csv" in text
    assert "worst of each quantity" in text
    assert text.splitlines()[-1] == "24 cases: 24 hold, 0 outside, 0 not run"


def test_validate_leaves_with_1_if_a_case_is_outside_or_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "medium,x_mm,y_mm,z_mm,V_mV_per_mA\niso_0.25,1,0,0,318\n"
    (tmp_path / "A1_point_source.csv").write_text(table, encoding="utf-8")
    (tmp_path / "B7_torus.csv").write_text("x\n", encoding="utf-8")
    (tmp_path / "x_geometry.json").write_text("{}", encoding="utf-8")
    assert main(["validate", "field", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert "outside" in text
    assert "not run: " in text
    assert "not a case: x_geometry.json" in text
    assert text.splitlines()[-1] == "2 cases: 0 hold, 1 outside, 1 not run"


def test_validate_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "circuit", str(STEADY_STATES), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["room"] == "circuit"
    assert report["n_cases"] == report["n_holds"]
    assert report["n_outside"] == report["n_not_run"] == 0
    assert all(check["source_of_tolerance"] for check in report["cases"][0]["checks"])


def test_quiet_validate_prints_only_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "field", str(POINT_SOURCES), "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "(1, 2, 3) mm" not in said.out.split("worst of each quantity", maxsplit=1)[0]


def test_validate_of_a_missing_path_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for room in ("fibers", "field", "circuit"):
        assert main(["validate", room, str(tmp_path / "none")]) == 2
        assert "no such file or folder" in capsys.readouterr().err


def test_geometry_is_exported_for_programs_that_draw_in_space(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meshio = pytest.importorskip("meshio")
    out = tmp_path / "space"
    assert main(["export", str(folder), "--format", "vtu", "--out", str(out)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {"leads.vtu", "tissues.vtu", "fibers.vtu"} <= {path.name for path in written}
    for path in written:
        assert path.parent == out
        assert len(meshio.read(path).points)


def test_exported_tables_are_tidy(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder), "--out", str(tmp_path / "csv")]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert paths
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        assert len({len(row) for row in rows}) == 1


def test_chosen_datasets_are_exported_as_parquet(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    chosen = ["--dataset", "threshold_ma", "--dataset", "relief"]
    out = tmp_path / "tables"
    assert main(["export", str(folder), "--format", "parquet", *chosen, "--out", str(out)]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {path.name for path in paths} == {"fibers.parquet", "cases.parquet"}
    field = parquet.read_schema(out / "fibers.parquet").field("threshold_ma")
    assert field.metadata[b"units"] == b"mA"


def test_a_dataset_that_is_not_there_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tables"
    assert main(["export", str(folder), "--dataset", "pain_signl", "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert "there is no dataset 'pain_signl'" in message
    assert "Did you mean pain_signal" in message
    assert not out.exists()
    vtu = ["export", str(folder), "--format", "vtu", "--dataset", "relief", "--out", str(out)]
    assert main(vtu) == 2
    assert "leave --dataset out, or write tables with --format" in capsys.readouterr().err


def test_show_of_many_cases_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n_cases = 100_000
    flags = {"units": "1", "long_name": "status", "flag_meanings": "OK"}
    drawn = np.random.default_rng(0).uniform(1.0, 9.0, n_cases)
    swept = {"units": "mA", "config_key": "stimulus.amplitude_ma"}
    variables = [
        make_variable("case", ("case",), np.arange(n_cases), {"units": "1"}),
        make_variable("amplitude_ma", ("case",), drawn, swept),
        make_variable("status", ("case",), np.full(n_cases, 7, np.int8), flags),
    ]
    failures = [{"case": case, "name": f"c{case}", "reason": "why"} for case in range(1000)]
    attributes = {
        "schema_version": "2",
        "failures": json.dumps(failures),
        "coordinates": "amplitude_ma",
    }
    save_results(Results({one.name: one for one in variables}, attributes), tmp_path / "results.h5")
    assert main(["show", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) < 60
    assert "100000 cases, 1000 of them failed" in text
    assert "980 more cases; --json lists all" in text
    assert f"{drawn.min():g}, {drawn.max():g}" in text
    assert main(["show", str(tmp_path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["coordinates"]["case"] == {"size": n_cases, "first": 0, "last": n_cases - 1}
    assert len(content["attributes"]["failures"]) == 1000
