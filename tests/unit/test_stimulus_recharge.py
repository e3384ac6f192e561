"""The charge of the capacitor from pulse to pulse, by hand."""

import math

import pytest

from scsim.errors import StimulusError
from scsim.stimulus import PassiveRecharge
from scsim.stimulus.recharge import Discharge, discharges

E1 = math.exp(-1.0)


def test_charge_left_by_the_next_pulse_adds_to_its_own():
    recharge = PassiveRecharge(tau_us=1000.0, delay_us=50.0)
    found, left = discharges(recharge, [0.0, 1150.0, 2300.0], [100.0] * 3, 100.0)
    assert [(d.start_us, d.end_us) for d in found] == [
        (150.0, 1150.0),
        (1300.0, 2300.0),
        (2450.0, math.inf),
    ]
    assert [d.charge for d in found] == pytest.approx(
        [100.0, 100.0 * (1.0 + E1), 100.0 * (1.0 + E1 + E1 * E1)]
    )
    assert left == 0.0


def test_a_stated_end_leaves_charge_for_good():
    recharge = PassiveRecharge(tau_us=500.0, duration_us=500.0)
    found, left = discharges(recharge, [0.0, 5000.0], [10.0, 20.0], 100.0)
    assert [d.end_us for d in found] == [600.0, 5600.0]
    assert left == pytest.approx((10.0 * E1 + 20.0) * E1)


def test_after_a_burst_all_its_charge_flows_back_at_once():
    recharge = PassiveRecharge(tau_us=1000.0, duration_us=1000.0, every=3)
    starts = [0.0, 200.0, 400.0, 5000.0, 5200.0]
    found, left = discharges(recharge, starts, [100.0] * 5, 100.0)
    assert found == [Discharge(500.0, 1500.0, 300.0)]
    assert left == pytest.approx(300.0 * E1 + 200.0)


def test_a_balanced_pulse_and_one_without_pause_have_no_recharge():
    recharge = PassiveRecharge(tau_us=1000.0)
    assert discharges(recharge, [0.0, 1000.0], [0.0, 0.0], 100.0) == ([], 0.0)
    found, _ = discharges(recharge, [0.0, 100.0], [50.0, 50.0], 100.0)
    assert found == [Discharge(200.0, math.inf, 100.0)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), r"tau_us = 0 µs: .*positive and finite\. Choose resistance times capacitance"),
        ((math.inf,), r"tau_us = inf µs"),
        ((100.0, -1.0), r"delay_us = -1 µs: .*0 or more.*Choose 0 for none"),
        ((100.0, 0.0, 0.0), r"duration_us = 0 µs: the recharge must last; leave it out"),
        ((100.0, 0.0, math.nan), r"duration_us = nan µs"),
        ((100.0, 0.0, 10.0, 0), r"every = 0: .*1 pulse or more\. Choose 1, or the number"),
    ],
)
def test_an_impossible_recharge_is_refused(arguments, message):
    with pytest.raises(StimulusError, match=message):
        PassiveRecharge(*arguments)
