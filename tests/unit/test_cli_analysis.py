"""The commands summarize, sensitivity and cite: what they print, write and refuse."""

import csv
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from scsim.cli.main import main
from scsim.results.store import save_results
from scsim.study.provenance import versions
from tests.study.small_study import TEXT
from tests.unit.made_results import made_results
from tests.unit.test_results_sensitivity import additive, ishigami, saltelli_rows, uniform


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Results of four studies: seeds, saltelli, random and a plain grid."""
    folder = tmp_path_factory.mktemp("analysis")
    seeds = made_results(
        {"seed": [1, 2, 3, 4], "stimulus.amplitude_ma": [1.0, 2.0]},
        {
            "projection_rate_hz": (("seed", "amplitude_ma"), np.arange(8.0).reshape(4, 2)),
            "relief": (("seed", "amplitude_ma"), np.full((4, 2), np.nan)),
        },
    )
    rows = saltelli_rows(64, 3, uniform)
    saltelli = made_results(
        {f"tissue.x{column}": rows[:, column] for column in range(3)},
        {
            "projection_rate_hz": (("case",), ishigami(rows)),
            "relief": (("case",), np.full(len(rows), np.nan)),
            "threshold_ma": (("case", "fiber"), np.stack([ishigami(rows), additive(rows)], 1)),
        },
        mode="saltelli",
        sweep={"n": 64},
        inner={"fiber": [0, 1]},
    )
    x = np.random.default_rng(1).uniform(size=(40, 2))
    drawn = made_results(
        {"tissue.x0": x[:, 0], "tissue.x1": x[:, 1]},
        {"projection_rate_hz": (("case",), x[:, 0] ** 2)},
        mode="random",
    )
    grid = made_results(
        {"stimulus.amplitude_ma": [1.0, 2.0]},
        {"projection_rate_hz": (("amplitude_ma",), np.arange(2.0))},
    )
    for name, results in (
        ("seeds", seeds),
        ("saltelli", saltelli),
        ("drawn", drawn),
        ("grid", grid),
    ):
        attributes = {**results.attributes, "schema_version": "2"}
        save_results(type(results)(results.variables, attributes), folder / f"{name}.h5")
    return folder


def test_summarize_prints_means_and_what_they_assume(folder: Path, capsys):
    assert main(["summarize", str(folder / "seeds.h5")]) == 0
    text = capsys.readouterr().out
    assert "over seed; mean (standard deviation), 95 % confidence interval" in text
    # Values 0, 2, 4, 6: mean 3, standard deviation 2.582, half width t(0.975, 3) 2.582 / 2 = 4.1085.
    assert "amplitude_ma=1: 3 (2.6), -1.109 to 7.109, n = 4" in text
    assert "Student's t" in text


def test_summarize_writes_rows(folder: Path, tmp_path: Path, capsys):
    path = tmp_path / "means.csv"
    arguments = ["--dataset", "projection_rate_hz", "--confidence", "0.9", "--out", str(path)]
    assert main(["summarize", str(folder / "seeds.h5"), *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"table: {path}" in captured.err
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["mean"] for row in rows] == ["3.0", "4.0"]
    assert main(["summarize", str(folder / "seeds.h5"), "--json", "--over", "seed"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["confidence"] == 0.95
    assert report["rows"][0]["n"] == 4
    assert report["rows"][-1]["mean"] is None, "NaN is null in JSON"


def test_summarize_refuses_what_is_not_repeated(folder: Path, capsys):
    assert main(["summarize", str(folder / "grid.h5")]) == 2
    assert "no case of the study is repeated" in capsys.readouterr().err
    assert main(["summarize", str(folder / "seeds.h5"), "--dataset", "none"]) == 2
    assert "no dataset 'none'" in capsys.readouterr().err


def test_sensitivity_prints_indices_and_leaves_out_what_failed(folder: Path, capsys):
    assert main(["sensitivity", str(folder / "saltelli.h5")]) == 0
    captured = capsys.readouterr()
    assert "Sensitivity of projection_rate_hz (Hz): sobol indices" in captured.out
    assert "tissue.x1  first order" in captured.out
    assert "left out: relief: 64 of 64 rows" in captured.err
    assert "threshold_ma" not in captured.out


def test_sensitivity_of_datasets_that_are_named(folder: Path, tmp_path: Path, capsys):
    path = tmp_path / "indices.csv"
    arguments = ["--dataset", "threshold_ma", "--resamples", "200", "--out", str(path), "--json"]
    assert main(["sensitivity", str(folder / "saltelli.h5"), *arguments]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["kind"] == "sobol indices"
    assert report["n_resamples"] == 200
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(report["rows"]) == 2 * 3 * 2
    assert main(["sensitivity", str(folder / "saltelli.h5"), "--dataset", "relief"]) == 2
    assert "narrow the distributions" in capsys.readouterr().err


def test_drawn_studies_have_correlations_clearly_told_apart(folder: Path, capsys):
    assert main(["sensitivity", str(folder / "drawn.h5")]) == 0
    text = capsys.readouterr().out
    assert "rank correlations" in text
    assert "not shares of variance" in text
    assert "tissue.x0  spearman 1.000" in text
    assert "first order" not in text


def test_sensitivity_judges_a_few_numbers_per_case_where_there_is_no_single_one(
    tmp_path: Path, capsys
):
    rows = saltelli_rows(64, 3, uniform)
    outputs = np.stack([ishigami(rows), additive(rows)], 1)
    for n_depths, is_judged in ((2, True), (5, False)):
        results = made_results(
            {f"tissue.x{column}": rows[:, column] for column in range(3)},
            {
                "profile_peak_mv_per_ma": (
                    ("case", "depth_mm"),
                    np.resize(outputs.T, (n_depths, len(rows))).T,
                )
            },
            mode="saltelli",
            sweep={"n": 64},
            inner={"depth_mm": np.arange(n_depths) / 10.0},
        )
        attributes = {**results.attributes, "schema_version": "2"}
        path = tmp_path / f"{n_depths}.h5"
        save_results(type(results)(results.variables, attributes), path)
        assert main(["sensitivity", str(path)]) == (0 if is_judged else 2)
        captured = capsys.readouterr()
        if is_judged:
            assert "depth_mm=0.1\n    tissue.x0  first order" in captured.out
        else:
            assert "name another with --dataset; scsim show lists them" in captured.err


def test_one_seed_has_no_interval(tmp_path: Path, capsys):
    results = made_results(
        {"seed": [3], "stimulus.amplitude_ma": [1.0, 2.0]},
        {"projection_rate_hz": (("seed", "amplitude_ma"), np.ones((1, 2)))},
    )
    attributes = {**results.attributes, "schema_version": "2"}
    save_results(type(results)(results.variables, attributes), tmp_path / "one.h5")
    assert main(["summarize", str(tmp_path / "one.h5")]) == 2
    message = capsys.readouterr().err
    assert "the study has one seed" in message
    assert "Write repeats = 10" in message


def test_sensitivity_refuses_other_modes(folder: Path, capsys):
    assert main(["sensitivity", str(folder / "grid.h5")]) == 2
    assert '[sweep] mode = "saltelli"' in capsys.readouterr().err


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_cite_names_scsim_with_its_version_first(config: Path, capsys):
    assert main(["cite", str(config)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("@software{scsim,")
    assert f"version = {{{versions()['scsim']}}}" in text
    assert text.count("{") == text.count("}")
    assert f"version = {{{versions()['numpy']}}}" in text


def test_cite_gives_plain_text_and_json(config: Path, capsys):
    assert main(["cite", str(config), "--format", "text"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The scsim developers (2026). scsim: electrical stimulation")
    assert any("doi:10.1152/jn.00353.2001" in line for line in lines)
    assert not any("{" in line or "\\" in line for line in lines)
    assert main(["cite", str(config), "--format", "json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert len(entries) == len(lines)
    assert {"key", "type", "short", "title"} <= set(entries[0])


def test_cite_gives_the_methods_above_the_references(config: Path, capsys):
    assert main(["cite", str(config), "--methods", "--format", "text"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Electrical stimulation was simulated with scsim")
    assert text.index("seed 7") < text.index("doi:")
    assert main(["cite", str(config), "--methods", "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"methods", "references"}


def test_the_entry_of_scsim_is_that_of_the_citation_file(repository: Path, capsys, config: Path):
    """CITATION.cff is for people and GitHub; it is no part of the package, so the entry stands a second time."""
    lines = (repository / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    title = next(line for line in lines if line.startswith("title: ")).split('"')[1]
    author = next(line for line in lines if "- name: " in line).split("- name: ")[1]
    assert main(["cite", str(config), "--format", "json"]) == 0
    entry = json.loads(capsys.readouterr().out)[0]
    assert (entry["title"], entry["author"]) == (title, author)
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert entry["version"] == project["version"]


def test_cite_refuses_results_of_another_program(folder: Path, capsys):
    assert main(["cite", str(folder / "grid.h5")]) == 2
    message = capsys.readouterr().err
    assert "lack the attribute citations" in message
    assert message.count("\n") == 1
