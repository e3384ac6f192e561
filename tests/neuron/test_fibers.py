"""Every fiber model against NEURON: the shipped cases of thresholds, action potentials, trains and block.

The tables, and how they were made, are in ``src/scsim/validate/cases``; tolerances are in
``src/scsim/validate/tolerances.py``.
"""

import math
from functools import cache

import pytest

from scsim.fibers import fiber_models
from scsim.validate.fiber_rows import model_name
from scsim.validate.fibers import validate_fibers
from scsim.validate.reading import SHIPPED, read_table
from scsim.validate.report import Case, Outcome, Report

pytestmark = pytest.mark.timeout(900)
"""The first test may compile the kernels of every membrane: 140 s of CPU time on the machine of the README."""

TABLES = {
    "activation_thresholds.csv": 34,
    "ap_traces.csv": 12,
    "cv_rest.csv": 13,
    "khz_block.csv": 3,
    "recovery_cycle.csv": 5,
    "trains.csv": 5,
}
"""Table and its number of cases."""

WITHOUT_THRESHOLD = {"schild97"}
"""The larger table has no threshold of this model: its resting point is not the published one."""


@cache
def _report(file: str) -> Report:
    return validate_fibers(SHIPPED / "fibers" / file)


def _models(file: str) -> set[str]:
    rest = {
        row.text("case_id"): model_name(row.text("model"))
        for name in ("cv_rest.csv", "activation_thresholds.csv")
        for row in read_table(SHIPPED / "fibers" / name, ("case_id", "model"))
    }
    return {rest[case.name] for case in _report(file).cases}


@pytest.mark.slow
@pytest.mark.parametrize(("file", "count"), TABLES.items())
def test_every_shipped_case_holds(file: str, count: int) -> None:
    cases = _report(file).cases
    assert len(cases) == count
    outside = [(case.name, case.worst) for case in cases if case.outcome is not Outcome.HOLDS]
    assert not outside


def test_every_table_is_shipped() -> None:
    assert {file.name for file in (SHIPPED / "fibers").glob("*.csv")} == set(TABLES)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["cv_rest.csv", "ap_traces.csv"])
def test_every_model_has_its_action_potential(file: str) -> None:
    assert _models(file) == set(fiber_models())


@pytest.mark.slow
def test_every_model_has_its_threshold() -> None:
    assert _models("activation_thresholds.csv") == set(fiber_models()) - WITHOUT_THRESHOLD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "quantity", "bar"),
    [
        ("ap_traces.csv", "trace", 1e-5),
        ("cv_rest.csv", "v_peak", 1e-6),
        ("cv_rest.csv", "v_rest", 1e-6),
        ("cv_rest.csv", "conduction_velocity", 1e-7),
        ("activation_thresholds.csv", "t_ap_detect", 1e-5),
        ("activation_thresholds.csv", "t_ap_center", 1e-5),
    ],
)
def test_same_scheme_gives_the_same_numbers(file: str, quantity: str, bar: float) -> None:
    """The scheme is NEURON's, so what is left is rounding, far below the tolerance."""
    case, check = _report(file).worst()[quantity]
    assert check.error < bar, case


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d10.0_r1000_sine_20kHz", "d5.7_r1000_sine_10kHz"])
def test_sine_blocks_from_the_same_amplitude(name: str) -> None:
    """The same amplitudes are tried, so the brackets are equal up to the rounding of their ends."""
    (case,) = (case for case in _report("khz_block.csv").cases if case.name.endswith(name))
    assert case.checks[0].error < 1e-12


@pytest.mark.slow
def test_trains_have_the_same_steps() -> None:
    assert _report("trains.csv").worst()["train_times"][1].error == 0.0


def test_all_kinds_of_cases_are_shipped() -> None:
    rows = read_table(SHIPPED / "fibers" / "activation_thresholds.csv", ("case_id",))
    names = [row.text("case_id") for row in rows]
    for part in ("_aniso_", "_bipole_x1mm_", "_bipole_z3mm_", "_asym-", "_biphasic-", "_a_", "_c_"):
        assert any(part in name for name in names), part
    for part in ("dt0.001", "dt0.005"):
        assert any(part in name for name in names), part
    rows = read_table(SHIPPED / "fibers" / "recovery_cycle.csv", ("test_threshold_mA",))
    assert any(math.isnan(row.number("test_threshold_mA")) for row in rows)
    assert any(row.number("test_threshold_mA") < 0.0 for row in rows)


@pytest.mark.slow
def test_spike_times_are_measured_in_every_case() -> None:
    cases: tuple[Case, ...] = _report("activation_thresholds.csv").cases
    for case in cases:
        quantities = {check.quantity for check in case.checks}
        assert {"threshold", "t_ap_detect"} <= quantities
        assert all(math.isfinite(check.error) for check in case.checks)
