"""Charge per contact: by hand, and without ever calling anything safe."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import CAVEAT, ExponentialPulse, Pulse, TrapezoidPulse, charge_report
from scsim.stimulus.safety import SHANNON_DAMAGE_K

AREA_MM2 = 2.0 * math.pi * 0.65 * 3.0


def test_charge_density_and_shannon_number_by_hand():
    report = charge_report(Pulse(300.0, "biphasic"), [-9.8, 9.8, 0.0], [AREA_MM2] * 3)
    np.testing.assert_allclose(report.charge_per_phase_uc, [2.94, 2.94, 0.0])
    np.testing.assert_allclose(report.charge_density_uc_per_cm2, [24.0, 24.0, 0.0], rtol=1e-3)
    # 2.94 µC through this contact is where the criterion of k = 1.85 stands.
    np.testing.assert_allclose(report.shannon_k[:2], SHANNON_DAMAGE_K, atol=2e-3)
    assert math.isnan(report.shannon_k[2])


def test_net_charge_is_what_the_second_phase_leaves():
    current, area = [-2.0, 1.0], [AREA_MM2, AREA_MM2]
    np.testing.assert_allclose(
        charge_report(Pulse(200.0), current, area).net_charge_uc, [-0.4, 0.2]
    )
    for pulse in (Pulse(200.0, "biphasic", 30.0), Pulse(200.0, "asymmetric", 0.0, 3.0)):
        np.testing.assert_array_equal(charge_report(pulse, current, area).net_charge_uc, 0.0)


def test_an_asymmetric_pulse_has_the_charge_of_its_first_phase():
    slow = charge_report(Pulse(200.0, "asymmetric", 0.0, 7.0), [3.0], [AREA_MM2])
    np.testing.assert_allclose(slow.charge_per_phase_uc, 0.6)


def test_ramps_and_exponentials_count_with_their_integral():
    area = [AREA_MM2]
    ramped = charge_report(TrapezoidPulse(200.0, 50.0, 50.0, "biphasic"), [2.0], area)
    np.testing.assert_allclose(ramped.charge_per_phase_uc, 0.3)
    np.testing.assert_array_equal(ramped.net_charge_uc, 0.0)
    falling = charge_report(ExponentialPulse(200.0, 100.0), [2.0], area)
    np.testing.assert_allclose(falling.net_charge_uc, 0.2 * (1.0 - math.exp(-2.0)))


def test_the_caveat_clears_nothing():
    assert "does not show safety" in CAVEAT
    assert "published damage criterion for some macro-electrodes" in CAVEAT


@pytest.mark.parametrize(
    ("current", "area", "message"),
    [
        ([1.0, -1.0], [12.0], r"shape \(2,\) .* shape \(1,\) do not match; give one"),
        ([math.nan], [12.0], r"contact_current_ma = \[nan\] mA: .*finite\. Correct"),
        ([1.0], [0.0], r"contact_area_mm2 = \[0.0\] mm²: .*positive\. Correct the lead"),
    ],
)
def test_impossible_input_is_refused(current, area, message):
    with pytest.raises(StimulusError, match=message):
        charge_report(Pulse(200.0), current, area)
