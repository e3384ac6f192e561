"""The spiking circuit against NEURON, the rate and sleep models against other solvers: the shipped cases.

The tables, and how they were made, are in ``src/scsim/validate/cases``; tolerances are in
``src/scsim/validate/tolerances.py``.
"""

import re
from functools import cache

import pytest

from scsim.validate.circuit import INPUTS, RUNNERS, validate_circuit
from scsim.validate.reading import SHIPPED, read_table
from scsim.validate.report import Outcome, Report

pytestmark = pytest.mark.timeout(900)
"""The first test may compile the kernels of every cell."""

GATE = SHIPPED / "gate"

TABLES = {
    "afi_counts.csv": 9,
    "afi_spikes.csv": 37,
    "crodelle_C1_brief_noxious.csv": 1,
    "crodelle_C3_Aonly.csv": 1,
    "crodelle_C5_windup.csv": 10,
    "crodelle_steady.csv": 72,
    "det_network_spikes.csv": 17,
    "det_traces_D0_0_120ms.csv": 4,
    "det_traces_D1_490_580ms.csv": 4,
    "single_fi.csv": 24,
    "single_fi_spikes.csv": 19,
    "single_rest.csv": 3,
    "single_step_traces.csv": 6,
    "sleeppain_days1_5.csv": 10,
    "sweep_rates.csv": 13,
    "syn_unit.csv": 9,
    "syn_unit_traces.csv": 9,
    "windup_counts.csv": 20,
    "windup_spikes_first7.csv": 5,
}
"""Table and its number of cases."""


@cache
def _report(file: str) -> Report:
    return validate_circuit(GATE / file)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "count"), TABLES.items())
def test_every_shipped_case_holds(file: str, count: int) -> None:
    cases = _report(file).cases
    assert len(cases) == count
    outside = [(case.name, case.worst) for case in cases if case.outcome is not Outcome.HOLDS]
    assert not outside


def test_every_table_is_shipped_with_its_inputs() -> None:
    names = {file.name for file in GATE.glob("*.csv")}
    assert {name for name in names if any(re.fullmatch(p, name) for p in RUNNERS)} == set(TABLES)
    assert {name for name in names if any(re.fullmatch(p, name) for p in INPUTS)} == {
        "crodelle_cases.csv", "det_cases.csv", "det_inputs.csv", "foreman1976_digitised.csv",
        "scs_latency.csv", "sweep_inputs_seed0.csv", "syn_unit_cases.csv", "windup_latency.csv",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "bar_ms"),
    [
        ("det_network_spikes.csv", 1e-9),
        ("windup_spikes_first7.csv", 1e-9),
        # Times after the test volley are printed to four decimals.
        ("afi_spikes.csv", 1e-9),
    ],
)
def test_every_spike_of_a_network_lies_in_its_step(file: str, bar_ms: float) -> None:
    """The scheme is NEURON's, so what is left of a time is rounding, far below the tolerance."""
    case, check = _report(file).worst()["circuit_spike_step"]
    assert check.error < bar_ms, case


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "quantity", "bar"),
    [
        ("single_rest.csv", "circuit_voltage", 1e-5),
        ("single_step_traces.csv", "circuit_voltage", 1e-3),
        ("syn_unit_traces.csv", "circuit_voltage", 1e-3),
        # Two exact programs differ by 0.005 mV during spikes of the tonic cells.
        ("syn_unit_traces.csv", "circuit_voltage_tonic_spike", 0.01),
    ],
)
def test_same_scheme_gives_the_same_voltages(file: str, quantity: str, bar: float) -> None:
    """Five decimals are printed, and weights with five digits."""
    case, check = _report(file).worst()[quantity]
    assert check.error < bar, case


def test_every_state_and_mode_is_shipped() -> None:
    rows = read_table(GATE / "sweep_rates.csv", ("mode", "state"))
    assert {row.text("mode") for row in rows} == {"both", "surround", "local"}
    assert {row.text("state") for row in rows} == {
        "intact", "gaba50", "gaba25", "gly0", "ecl60", "ecl55",
    }  # fmt: skip
