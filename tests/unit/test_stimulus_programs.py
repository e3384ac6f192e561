"""Interleaved programs take turns."""

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import PassiveRecharge, Pulse, PulseTrain, check_interleaved, interleaved

PULSE = Pulse(100.0)
WIDE = Pulse(400.0, "biphasic", 100.0)


def test_programs_divide_the_period_evenly_and_never_overlap():
    biphasic = Pulse(200.0, "biphasic", 100.0)
    trains = interleaved([PULSE, biphasic, PULSE], 500.0, n_pulses=4, onset_ms=0.1)
    assert [train.pulse for train in trains] == [PULSE, biphasic, PULSE]
    assert trains[1].onsets_ms == pytest.approx(0.1 + 2.0 / 3.0 + 2.0 * np.arange(4))
    busy = sum((train.sample(0.005, 2000).levels != 0.0).astype(int) for train in trains)
    assert busy.max() == 1


def test_offsets_may_be_given_and_programs_may_touch():
    first, second = interleaved([PULSE, PULSE], 500.0, duration_ms=4.0, offsets_ms=[0.0, 0.1])
    assert first.onsets_ms == (0.0, 2.0)
    assert second.onsets_ms == pytest.approx((0.1, 2.1))


def test_a_recharge_belongs_to_its_program():
    recharge = PassiveRecharge(200.0, duration_us=300.0)
    first, _ = interleaved([PULSE, PULSE], 500.0, n_pulses=3, recharge=recharge)
    assert first.recharge == recharge
    balanced = interleaved([WIDE, WIDE], 500.0, n_pulses=2, recharge=PassiveRecharge(200.0))
    assert len(balanced) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: interleaved([], 500.0, n_pulses=1), r"no program: pulses is empty\. Give one pulse per program"),
        (lambda: interleaved([PULSE], 0.0, n_pulses=1), r"frequency_hz = 0 Hz"),
        (lambda: interleaved([PULSE] * 2, 500.0, n_pulses=1, offsets_ms=[0.0]), r"offsets_ms has 1 values for 2 programs: give one per program, or none"),
        (lambda: interleaved([WIDE] * 3, 500.0, n_pulses=2), r"program 2 delivers current from 0.666667 ms while program 1 does until 0.9 ms: .*take turns\. Lower the frequency.*duration_us"),
        (lambda: interleaved([PULSE] * 2, 500.0, n_pulses=2, recharge=PassiveRecharge(200.0)), r"program 2 delivers current from 1 ms while program 1 does until 2 ms"),
        (lambda: interleaved([PULSE] * 2, 500.0, n_pulses=1, recharge=PassiveRecharge(200.0)), r"program 2 .* while program 1 does without end"),
    ],
)  # fmt: skip
def test_programs_that_cannot_take_turns_are_refused(make, message):
    with pytest.raises(StimulusError, match=message):
        make()


def test_a_long_pulse_is_compared_with_every_later_one():
    long, short = PulseTrain(Pulse(1000.0), (0.0,)), PulseTrain(PULSE, (1.1, 0.95))
    with pytest.raises(StimulusError, match=r"program 2 .*0.95 ms while program 1 does until 1 ms"):
        check_interleaved([long, short])


def test_programs_that_touch_do_not_overlap_by_rounding_to_steps():
    for onset_ms in [*np.random.default_rng(7).uniform(0.0, 0.01, 200).tolist(), 0.0025, 0.0075]:
        trains = interleaved(
            [PULSE] * 3, 300.0, n_pulses=3, onset_ms=onset_ms, offsets_ms=[0.0, 0.1, 0.2]
        )
        together = sum(train.sample(0.005, 1500).levels for train in trains)
        assert together.max() == 1.0
        assert together.sum() == 180.0
