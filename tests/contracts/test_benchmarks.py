"""The table of benchmark scenarios and the benchmarks agree, and each time has its accuracy beside it."""

import ast
from pathlib import Path

import tomli_w

from benchmarks.scenarios import BY_NAME, SCENARIOS, fluid_config, overhead_config
from scsim.study.reading.parse import parse_study
from scsim.validate.tolerances import TOLERANCES


def test_each_scenario_is_measured_once(repository: Path) -> None:
    measured = [
        node.name.removeprefix("test_")
        for path in (repository / "benchmarks").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert sorted(measured) == sorted(scenario.name for scenario in SCENARIOS)
    assert len(BY_NAME) == len(SCENARIOS)


def test_each_computation_names_the_quantity_that_shows_its_accuracy() -> None:
    stages = {scenario.stage for scenario in SCENARIOS}
    assert stages == {
        "assemble",
        "circuit",
        "field",
        "start",
        "step",
        "storage",
        "study",
        "threshold",
    }
    for scenario in SCENARIOS:
        if scenario.stage in {"assemble", "circuit", "field", "step", "threshold"}:
            assert scenario.quantity in TOLERANCES, scenario.name
        else:
            assert scenario.quantity in {"", *TOLERANCES}, scenario.name


def test_overhead_study_has_the_cases_it_says() -> None:
    sweeps = overhead_config(2000)["stimulus"]
    n_amplitudes = sweeps["amplitude_ma"]["sweep"]["linspace"][2]
    assert n_amplitudes * len(sweeps["frequency_hz"]["sweep"]) == 2000


def test_overhead_study_is_a_valid_config() -> None:
    # Benchmarks do not run with the tests, so a refused config would show only there.
    assert len(parse_study(tomli_w.dumps(overhead_config(40))).cases) == 40
    assert len(parse_study(tomli_w.dumps(fluid_config(8))).cases) == 8
