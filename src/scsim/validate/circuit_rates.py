"""Runs the reference cases of the rate model and of the sleep model: curves, wind-up, steady states, days.

Columns and names are those of the circuit tables (``cases/README.md``). Tolerances are in
``tolerances.py``; the models themselves belong to `scsim.circuit`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes, RateBox
from scsim.circuit.rates.run_rate import simulate_rates, steady_state
from scsim.circuit.rates.sleep import simulate_sleep
from scsim.errors import ResultsError
from scsim.units import HOURS_PER_DAY, MIN_PER_HOUR
from scsim.validate.reading import Row, find_beside, read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from pathlib import Path

    from scsim.circuit.rates.run_rate import RateResponse

_MODEL: Final = "crodelle2019"
_INPUT_FILE: Final = "crodelle_cases.csv"
_INPUT_COLUMNS: Final = (
    "file",
    "variable",
    "base_hz",
    "from_s",
    "to_s",
    "hz",
    "repeat_every_s",
)
_VOLLEY_PERIOD_S: Final = 1.0
_FIRST_VOLLEY_S: Final = 1.0
_CURVE_SAMPLE_S: Final = 0.001
_CURVES: Final = MappingProxyType(
    {
        "fW": "projection_rate_hz",
        "fE": "excitatory_rate_hz",
        "fI": "inhibitory_rate_hz",
        "gNMDA": "nmda_gain",
    }
)
"""Column of a curve file and the field of `RateResponse`."""

_SLEEP: Final = MappingProxyType(
    {
        "fW": "wake_hz",
        "fS": "sleep_hz",
        "fSCN": "clock_hz",
        "h": "sleep_pressure",
        "c": "circadian",
        "xc": "circadian_complement",
        "n": "light_response",
        "C_pain": "circadian_pain",
        "H_pain": "homeostatic_pain",
        "P_total": "pain",
    }
)
"""Column of a table of days and the field of `SleepCourse`."""

_SLEEP_SAMPLE_MIN: Final = 1.0


def run_curve(file: Path) -> list[Case]:
    """Run a curve file: rates and gain at every listed time."""
    rows = read_table(file, ("t_s", *_CURVES))
    time_s = np.array([row.finite("t_s") for row in rows])
    inputs = _read_inputs(file)
    if isinstance(inputs, str):
        return [Case(file.stem, file.name, reason=inputs)]
    response = _run(inputs, float(time_s[-1]))
    at = np.rint(time_s / _CURVE_SAMPLE_S).astype(int)
    if not np.allclose(response.time_s[at], time_s, rtol=0, atol=1e-9):
        msg = f"{file}: the times must be whole milliseconds; leave out the others."
        raise ResultsError(msg)
    checks = []
    for column, field in _CURVES.items():
        expected = np.array([row.finite(column) for row in rows])
        error = np.abs(getattr(response, field)[0, at] - expected).max()
        quantity = "crodelle_gain" if column == "gNMDA" else "crodelle_curve"
        checks.append(measure(quantity, float(error)))
    return [Case(file.stem, file.name, tuple(checks))]


def run_wind_up(file: Path) -> list[Case]:
    """Run a wind-up file: area of the projection rate after each volley, and gain at its start."""
    rows = read_table(file, ("volley", "area_fW_spikes", "gNMDA_at_start"))
    inputs = _read_inputs(file)
    if isinstance(inputs, str):
        return [Case(file.stem, file.name, reason=inputs)]
    starts = [_FIRST_VOLLEY_S + (row.integer("volley") - 1) * _VOLLEY_PERIOD_S for row in rows]
    response = _run(inputs, max(starts) + _VOLLEY_PERIOD_S)
    cases = []
    for row, start_s in zip(rows, starts, strict=True):
        first = round(start_s / _CURVE_SAMPLE_S)
        last = round((start_s + _VOLLEY_PERIOD_S) / _CURVE_SAMPLE_S)
        area = response.projection_spikes[0, last] - response.projection_spikes[0, first]
        expected = row.finite("area_fW_spikes")
        gain_error = abs(response.nmda_gain[0, first] - row.finite("gNMDA_at_start"))
        checks = (
            measure("crodelle_windup_area", float(abs(area - expected) / abs(expected))),
            measure("crodelle_gain", float(gain_error)),
        )
        cases.append(Case(f"{file.stem} volley {row.text('volley')}", file.name, checks))
    return cases


def run_steady(file: Path) -> list[Case]:
    """Run the steady states: rates and gain under constant input."""
    rows = read_table(file, ("fA_hz", "fC_hz", *_CURVES))
    f_a_hz = np.array([row.finite("fA_hz") for row in rows])
    f_c_hz = np.array([row.finite("fC_hz") for row in rows])
    steady = steady_state(load_circuit(_MODEL), f_a_hz, f_c_hz)
    errors = np.array(
        [
            np.abs(getattr(steady, field) - np.array([row.finite(column) for row in rows]))
            for column, field in _CURVES.items()
        ]
    )
    return [
        Case(
            f"steady state at A {row.text('fA_hz')} Hz, C {row.text('fC_hz')} Hz",
            file.name,
            (
                measure("crodelle_steady", float(errors[:3, i].max())),
                measure("crodelle_gain", float(errors[3, i])),
            ),
        )
        for i, row in enumerate(rows)
    ]


def run_sleep(file: Path) -> list[Case]:
    """Run days of sleep and pain sensitivity: one case for each column."""
    rows = read_table(file, ("t_min", *_SLEEP))
    time_min = np.array([row.finite("t_min") for row in rows])
    at = np.rint(time_min / _SLEEP_SAMPLE_MIN).astype(int)
    if (at * _SLEEP_SAMPLE_MIN != time_min).any() or at.min() < 0 or at.max() < 1:
        msg = f"{file}: the times must be whole minutes from 0 on; leave out the others."
        raise ResultsError(msg)
    days = float(time_min.max()) / (HOURS_PER_DAY * MIN_PER_HOUR)
    course = simulate_sleep(days=days, sample_min=_SLEEP_SAMPLE_MIN)
    cases = []
    for column, field in _SLEEP.items():
        expected = np.array([row.finite(column) for row in rows])
        error = np.abs(getattr(course, field)[at] - expected)
        worst = int(error.argmax())
        quantity = "sleep_pressure" if column == "h" else "sleep_other"
        check = measure(quantity, float(error[worst]), f"at {time_min[worst]:g} min")
        cases.append(Case(f"{file.stem} {column}", file.name, (check,)))
    return cases


def _read_inputs(file: Path) -> InputBoxes | str:
    """Read the inputs of a curve file, or say why there are none."""
    path = find_beside(file, _INPUT_FILE, "gate")
    if path is None:
        return f"{_INPUT_FILE} is neither beside it nor among the shipped cases"
    rows = [row for row in read_table(path, _INPUT_COLUMNS) if row.text("file") == file.name]
    base = {row.text("variable"): row.finite("base_hz") for row in rows}
    if set(base) != {"A", "C"}:
        return f"{path.name} does not list variables A and C of this file"
    boxes = {
        variable: tuple(
            _read_box(row) for row in rows if row.text("variable") == variable and row.text("hz")
        )
        for variable in base
    }
    return InputBoxes(
        a_beta_rest_hz=base["A"], c_rest_hz=base["C"], a_beta=boxes["A"], c=boxes["C"]
    )


def _read_box(row: Row) -> RateBox:
    return RateBox(
        start_s=row.finite("from_s"),
        end_s=row.finite("to_s"),
        rate_hz=row.finite("hz"),
        repeat_every_s=row.finite("repeat_every_s") if row.text("repeat_every_s") else None,
    )


def _run(inputs: InputBoxes, duration_s: float) -> RateResponse:
    return simulate_rates(
        [load_circuit(_MODEL)], [inputs], duration_s=duration_s, sample_s=_CURVE_SAMPLE_S
    )
