"""Trains: where pulses lie, their recharge, and refusals."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import PassiveRecharge, Pulse, PulseTrain, sample_pulses

DT_MS = 0.005
PULSE = Pulse(100.0)
BIPHASIC = Pulse(20.0, "biphasic", 10.0)


def edges_of(train, n_steps):
    return np.flatnonzero(train.sample(DT_MS, n_steps).edges).tolist()


def test_pulses_lie_at_their_onsets_in_any_order():
    train = PulseTrain(BIPHASIC, [0.3, 0.1])
    expected = np.zeros(80)
    for start in (20, 60):
        expected[start : start + 4] = 1.0
        expected[start + 6 : start + 10] = -1.0
    np.testing.assert_array_equal(train.sample(DT_MS, 80).levels, expected)
    assert edges_of(train, 80) == [20, 24, 26, 30, 60, 64, 66, 70]
    assert train.onsets_ms == (0.1, 0.3)
    assert train.duration_ms == pytest.approx(0.35)
    assert train == PulseTrain(BIPHASIC, (0.1, 0.3))


def test_a_train_has_the_levels_of_sample_pulses():
    onsets = np.arange(30) * 1000.0 / 30.0 + 0.1
    for midpoint in (False, True):
        np.testing.assert_array_equal(
            PulseTrain(BIPHASIC, tuple(onsets)).sample(DT_MS, 200_000, midpoint=midpoint).levels,
            sample_pulses(BIPHASIC, onsets, DT_MS, 200_000),
        )


def test_touching_pulses_of_equal_level_do_not_jump():
    assert edges_of(PulseTrain(Pulse(50.0), (0.0, 0.05, 0.1)), 40) == [0, 30]
    third = PulseTrain(Pulse(50.0), (0.0, 0.05), sizes=(1.0 / 3.0, 1.0 / 3.0))
    assert edges_of(third, 40) == [0, 20]


def test_pulses_that_touch_do_not_overlap_by_the_rounding_of_their_onsets():
    period_ms = 100.0 / 3.0 / 1000.0 * 3.0
    onsets = tuple(0.0025 + k * period_ms for k in range(1000))
    levels = PulseTrain(PULSE, onsets).sample(DT_MS, 20_010).levels
    assert levels.sum() == 20_000
    np.testing.assert_array_equal(np.flatnonzero(levels == 0.0), [0, *range(20_001, 20_010)])


def test_onsets_on_either_side_of_half_a_step_do_not_overlap():
    # 5e-8 steps above and below the limit of rounding, 1e-7 steps nearer than the pulse is long.
    train = PulseTrain(PULSE, (0.49999905 * DT_MS, 0.1 + 0.49999895 * DT_MS))
    assert train.sample(DT_MS, 100).levels.sum() == 40.0


def test_pulses_after_the_sampled_time_are_left_out():
    train = PulseTrain(PULSE, (0.0, 0.2, 0.5))
    levels = train.sample(DT_MS, 50).levels
    assert levels.sum() == 30.0
    np.testing.assert_array_equal(levels, train.sample(DT_MS, 150).levels[:50])


def test_sizes_follow_their_onsets():
    train = PulseTrain(PULSE, (0.2, 0.0), sizes=(1.0, 0.25))
    assert train.sizes == (0.25, 1.0)
    levels = train.sample(DT_MS, 60).levels
    assert (levels[:20] == 0.25).all()
    assert (levels[40:] == 1.0).all()
    assert train.net_charge_uc_per_ma == pytest.approx(0.125)


def test_a_regular_train_by_number_or_by_time():
    by_number = PulseTrain.regular(PULSE, 250.0, n_pulses=3, onset_ms=0.1)
    assert by_number.onsets_ms == pytest.approx((0.1, 4.1, 8.1))
    assert PulseTrain.regular(PULSE, 250.0, duration_ms=12.0, onset_ms=0.1) == by_number
    assert len(PulseTrain.regular(PULSE, 250.0, duration_ms=12.1).onsets_ms) == 4
    assert len(PulseTrain.regular(PULSE, 250.0, duration_ms=0.5).onsets_ms) == 1
    # 30 Hz for 1 s are 30 pulses although a third of a second is no decimal fraction.
    assert len(PulseTrain.regular(PULSE, 30.0, duration_ms=1000.0).onsets_ms) == 30


def test_a_train_may_grow_to_its_full_size():
    train = PulseTrain.regular(PULSE, 1000.0, n_pulses=6, ramp_ms=4.0)
    assert train.sizes == pytest.approx((0.25, 0.5, 0.75, 1.0, 1.0, 1.0))
    assert PulseTrain.regular(PULSE, 1000.0, n_pulses=2).sizes is None


def test_bursts():
    train = PulseTrain.burst(
        PULSE, 40.0, pulses_per_burst=3, intraburst_frequency_hz=500.0, n_bursts=2, onset_ms=0.1
    )
    assert train.onsets_ms == pytest.approx((0.1, 2.1, 4.1, 25.1, 27.1, 29.1))
    by_time = PulseTrain.burst(
        PULSE, 40.0, pulses_per_burst=3, intraburst_frequency_hz=500.0, duration_ms=50.0, onset_ms=0.1
    )  # fmt: skip
    assert by_time == train


def test_a_recharge_begins_after_the_pulse_and_ends_with_the_next():
    train = PulseTrain(PULSE, (0.0, 1.0), PassiveRecharge(500.0, delay_us=50.0))
    found = train.sample(DT_MS, 300)
    assert np.flatnonzero(found.edges).tolist() == [0, 20, 30, 200, 220, 230]
    first = -(100.0 / 500.0) * np.exp(-np.arange(170) * 5.0 / 500.0)
    np.testing.assert_allclose(found.levels[30:200], first, rtol=1e-12)
    np.testing.assert_array_equal(found.levels[20:30], 0.0)
    left = 100.0 * math.exp(-850.0 / 500.0)
    second = -((100.0 + left) / 500.0) * np.exp(-np.arange(70) * 5.0 / 500.0)
    np.testing.assert_allclose(found.levels[230:], second, rtol=1e-12)


def test_a_recharge_at_the_middle_of_the_steps():
    train = PulseTrain(PULSE, (0.0,), PassiveRecharge(500.0))
    levels = train.sample(DT_MS, 300, midpoint=True).levels
    np.testing.assert_array_equal(levels[:20], 1.0)
    expected = -0.2 * np.exp(-(np.arange(280) + 0.5) / 100.0)
    np.testing.assert_allclose(levels[20:], expected, rtol=1e-12)


def test_a_recharge_with_a_stated_end_jumps_back_to_zero():
    train = PulseTrain(PULSE, (0.0,), PassiveRecharge(500.0, duration_us=200.0))
    found = train.sample(DT_MS, 100)
    assert np.flatnonzero(found.edges).tolist() == [0, 20, 60]
    np.testing.assert_array_equal(found.levels[60:], 0.0)
    assert train.duration_ms == pytest.approx(0.3)
    assert train.net_charge_uc_per_ma == pytest.approx(0.1 * math.exp(-0.4))


def test_a_recharge_without_end_is_over_when_a_thousandth_is_left():
    train = PulseTrain(PULSE, (0.1,), PassiveRecharge(500.0, delay_us=50.0))
    assert train.pulses_end_ms == pytest.approx(0.2)
    assert train.duration_ms == pytest.approx(0.25 + 0.5 * math.log(1000.0))
    assert train.net_charge_uc_per_ma == 0.0
    n_steps = round(train.duration_ms / DT_MS)
    levels = train.sample(DT_MS, n_steps + 1).levels
    assert levels[n_steps] / levels[50] == pytest.approx(1e-3, rel=DT_MS / 0.5)


def test_pulses_after_the_last_recharge_end_the_train():
    recharge = PassiveRecharge(100.0, duration_us=100.0, every=2)
    train = PulseTrain(PULSE, (0.0, 0.2, 3.0), recharge)
    assert train.duration_ms == pytest.approx(3.1)
    assert train.net_charge_uc_per_ma == pytest.approx(0.2 * math.exp(-1.0) + 0.1)


def test_a_balanced_pulse_needs_no_recharge():
    with_it = PulseTrain(Pulse(210.0, "asymmetric", 0.0, 7.0), (0.0,), PassiveRecharge(500.0))
    without = PulseTrain(Pulse(210.0, "asymmetric", 0.0, 7.0), (0.0,))
    a, b = with_it.sample(DT_MS, 1000), without.sample(DT_MS, 1000)
    np.testing.assert_array_equal(a.levels, b.levels)
    np.testing.assert_array_equal(a.edges, b.edges)
    assert with_it.duration_ms == without.duration_ms


def test_intervals_with_current():
    train = PulseTrain(PULSE, (0.0, 1.0012), PassiveRecharge(500.0, delay_us=50.0))
    flat = [time for interval in train.intervals_ms() for time in interval]
    assert flat == pytest.approx([0.0, 0.1, 1.0012, 1.1012, 0.15, 1.0012, 1.1512, math.inf])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PulseTrain(PULSE, ()), r"no pulse: onsets_ms is empty\. Give at least one onset"),
        (lambda: PulseTrain(PULSE, (-0.1,)), r"an onset of -0.1 ms: .*begins at 0 ms.*Move the train"),
        (lambda: PulseTrain(PULSE, (math.nan,)), r"an onset of nan ms"),
        (lambda: PulseTrain(PULSE, (0.0, 0.05)), r"pulses of 100 µs overlap: .* 50 µs apart\. Lower the frequency"),
        (lambda: PulseTrain(PULSE, (0.0, 1.0), sizes=(1.0,)), r"sizes has 1 values for 2 pulses: give one per pulse"),
        (lambda: PulseTrain(PULSE, (0.0,), sizes=(0.0,)), r"a pulse of size 0: .*above 0 and up to 1\. Scale"),
        (lambda: PulseTrain(PULSE, (0.0,), sizes=(1.5,)), r"a pulse of size 1.5"),
        (lambda: PulseTrain.regular(PULSE, 0.0, n_pulses=2), r"frequency_hz = 0 Hz: .*positive and finite\. Give one pulse"),
        (lambda: PulseTrain.regular(PULSE, 50.0), r"neither of n_pulses and duration_ms given: .*Give one"),
        (lambda: PulseTrain.regular(PULSE, 50.0, n_pulses=2, duration_ms=1.0), r"both of n_pulses and duration_ms given"),
        (lambda: PulseTrain.regular(PULSE, 50.0, n_pulses=0), r"n_pulses = 0: a train has 1 or more\. Choose"),
        (lambda: PulseTrain.regular(PULSE, 50.0, duration_ms=0.0), r"duration_ms = 0 ms: .*positive and finite length\. Choose"),
        (lambda: PulseTrain.regular(PULSE, 50.0, n_pulses=2, ramp_ms=-1.0), r"ramp_ms = -1 ms: .*0 or more.*Choose 0 for none"),
        (lambda: PulseTrain.regular(PULSE, 20_000.0, n_pulses=2), r"pulses of 100 µs overlap: .* 50 µs apart"),
        (lambda: PulseTrain.burst(PULSE, 40.0, pulses_per_burst=0, intraburst_frequency_hz=500.0, n_bursts=1), r"pulses_per_burst = 0: .*1 pulse or more\. Choose 2"),
        (lambda: PulseTrain.burst(PULSE, 40.0, pulses_per_burst=14, intraburst_frequency_hz=500.0, n_bursts=2), r"at 40 Hz a burst begins every 25 ms, but one lasts 26.1 ms; .*38.3142 Hz or less, or shorten"),
        (lambda: PulseTrain.burst(PULSE, -1.0, pulses_per_burst=2, intraburst_frequency_hz=500.0, n_bursts=2), r"burst_frequency_hz = -1 Hz"),
        (lambda: PulseTrain.burst(PULSE, 40.0, pulses_per_burst=2, intraburst_frequency_hz=math.inf, n_bursts=2), r"intraburst_frequency_hz = inf Hz"),
        (lambda: PulseTrain.burst(PULSE, 40.0, pulses_per_burst=2, intraburst_frequency_hz=500.0), r"neither of n_bursts and duration_ms"),
    ],
)  # fmt: skip
def test_an_impossible_train_is_refused(make, message):
    with pytest.raises(StimulusError, match=message):
        make()


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (PulseTrain(Pulse(62.0), (0.0,)), r"phases of the pulse begin and end at 0, 62 µs.*dt_us = 4.76923"),
        (PulseTrain(PULSE, (0.0,), PassiveRecharge(500.0, delay_us=7.0)), r"the recharge begins and ends, counted from the end of the pulse, at 7 µs"),
        (PulseTrain(PULSE, (0.0,), PassiveRecharge(500.0, duration_us=7.0)), r"the recharge begins and ends.* at 0, 7 µs"),
        (PulseTrain(PULSE, (0.0,), PassiveRecharge(40.0)), r"recharge.tau_us = 40 µs is 8 steps .*Use dt_ms = 0.004 ms"),
    ],
)  # fmt: skip
def test_a_train_that_does_not_fit_the_step_is_refused(train, message):
    with pytest.raises(StimulusError, match=message):
        train.sample(DT_MS, 100)


def test_an_impossible_grid_is_refused():
    train = PulseTrain(PULSE, (0.0,))
    with pytest.raises(StimulusError, match=r"dt_ms = 0 ms: .*0.005 ms"):
        train.sample(0.0, 10)
