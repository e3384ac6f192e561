"""MRG fibers against NEURON: thresholds, spike times, velocities and traces of the shipped cases.

The tables, and how they were made, are in ``src/scsim/validate/cases``; tolerances are in
``src/scsim/validate/tolerances.py``.
"""

import math

import pytest

from scsim.validate.fibers import validate_fibers
from scsim.validate.report import Case, Outcome, Report

SHIPPED_THRESHOLDS = 15
SHIPPED_REST = 4
SHIPPED_TRACES = 3


@pytest.fixture(scope="module")
def report() -> Report:
    return validate_fibers()


def _cases(report: Report, file: str) -> list[Case]:
    return [case for case in report.cases if case.file == file]


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("activation_thresholds.csv", SHIPPED_THRESHOLDS),
        ("cv_rest.csv", SHIPPED_REST),
        ("ap_traces.csv", SHIPPED_TRACES),
    ],
)
def test_every_shipped_case_holds(report: Report, file: str, count: int) -> None:
    cases = _cases(report, file)
    assert len(cases) == count
    outside = [(case.name, case.worst) for case in cases if case.outcome is not Outcome.HOLDS]
    assert not outside


@pytest.mark.parametrize(
    ("quantity", "bar"),
    [
        ("trace", 1e-5),
        ("v_peak", 1e-6),
        ("v_rest", 1e-6),
        ("conduction_velocity", 1e-7),
        ("t_ap_detect", 1e-5),
        ("t_ap_center", 1e-5),
    ],
)
def test_same_scheme_gives_the_same_numbers(report: Report, quantity: str, bar: float) -> None:
    """The scheme is NEURON's, so what is left is rounding, far below the tolerance."""
    case, check = report.worst()[quantity]
    assert check.error < bar, case


def test_all_kinds_of_cases_are_shipped(report: Report) -> None:
    names = [case.name for case in _cases(report, "activation_thresholds.csv")]
    for part in ("_aniso_", "_bipole_x1mm_", "_bipole_z3mm_", "_asym-", "_biphasic-", "_a_", "_c_"):
        assert any(part in name for name in names), part
    for part in ("MRG_DISCRETE", "MRG_INTERPOLATION", "dt0.001", "dt0.005"):
        assert any(part in name for name in names), part


def test_spike_times_are_measured_in_every_case(report: Report) -> None:
    for case in _cases(report, "activation_thresholds.csv"):
        quantities = {check.quantity for check in case.checks}
        assert {"threshold", "t_ap_detect"} <= quantities
        assert all(math.isfinite(check.error) for check in case.checks)
