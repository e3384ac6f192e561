"""Sleep, body clock and pain sensitivity of Crodelle, Vanty & Booth (2023).

The table holds five days of the published equations, solved by another program every 30 minutes and
printed to five decimals. Sleep per day and the extremes of day 6 come from the same program.
"""

from pathlib import Path

import numpy as np
import pytest

import scsim.validate as validate_room
from scsim.circuit.rates.sleep import SleepCourse, simulate_sleep

CASES = Path(validate_room.__file__).resolve().parent / "cases" / "gate"
COLUMNS = {
    "t_min": "time_min",
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
DAY_MIN = 1440


@pytest.fixture(scope="module")
def six_days() -> SleepCourse:
    return simulate_sleep(days=6, sample_min=1)


@pytest.mark.parametrize("column", COLUMNS)
def test_five_days(six_days: SleepCourse, column: str) -> None:
    table = np.genfromtxt(CASES / "sleeppain_days1_5.csv", delimiter=",", names=True)
    course = getattr(six_days, COLUMNS[column])[: 5 * DAY_MIN + 1 : 30]
    # The tolerances of the table's own description.
    tolerance = 1e-3 if column == "h" else 1e-4
    np.testing.assert_allclose(course, table[column], rtol=0, atol=tolerance)


def test_sleep_lasts_seven_hours_and_a_third(six_days: SleepCourse) -> None:
    begin, end = six_days.switch_min[::2], six_days.switch_min[1::2]
    hours = (end[: begin.size] - begin[: end.size]) / 60
    np.testing.assert_allclose(hours, 7.3, atol=0.05)
    assert np.mean(six_days.is_asleep[: 5 * DAY_MIN]) * 24 == pytest.approx(7.3, abs=0.05)


def test_pain_of_day_six(six_days: SleepCourse) -> None:
    # Numbers are given to three digits, times to a tenth of an hour.
    pain = six_days.pain[5 * DAY_MIN :]
    assert pain.min() == pytest.approx(-0.516, abs=6e-4)
    assert pain.max() == pytest.approx(0.464, abs=6e-4)
    assert pain.argmin() / 60 == pytest.approx(5.1, abs=0.051)
    assert pain.argmax() / 60 == pytest.approx(16.4, abs=0.051)
