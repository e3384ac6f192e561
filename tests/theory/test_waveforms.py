"""Waveforms against closed forms: charge, balance, sampling, and each shape made in two ways."""

import math

import numpy as np
import pytest

from scsim.formats.tables import load_table
from scsim.stimulus import (
    Carrier,
    ExponentialPulse,
    PassiveRecharge,
    Pulse,
    PulseTrain,
    Samples,
    TrapezoidPulse,
)

DT_MS = 0.005
DT_US = 5.0

ZOO = {
    "pulse": Pulse(100.0, "asymmetric", 20.0, 4.0),
    "trapezoid": TrapezoidPulse(100.0, 30.0, 50.0, "biphasic", 20.0),
    "exponential": ExponentialPulse(100.0, 60.0, "rising", "asymmetric", 0.0, 2.0),
    "train": PulseTrain.regular(Pulse(60.0, "biphasic"), 2000.0, n_pulses=5, ramp_ms=1.0),
    "burst": PulseTrain.burst(
        Pulse(100.0), 200.0, pulses_per_burst=4, intraburst_frequency_hz=2000.0, n_bursts=2,
        recharge=PassiveRecharge(400.0, delay_us=50.0, every=4),
    ),
    "recharge": PulseTrain.regular(Pulse(100.0), 800.0, n_pulses=9, recharge=PassiveRecharge(900.0)),
    "sine": Carrier("sine", 7000.0, 0.3, 4.1, 0.7, 30.0),
    "square": Carrier("square", 5000.0, 0.3, 4.1),
    "ramped square": Carrier("square", 5000.0, 0.3, 4.1, 0.7),
    "triangle": Carrier("triangle", 7000.0, 0.3, 4.1, 0.7),
    "hold": Samples((0.1, 0.3, 1.0, 2.0), (1.0, -0.5, 0.3, 0.0)),
    "linear": Samples((0.1, 0.3, 1.0, 2.0), (1.0, -0.5, 0.3, 0.0), "linear"),
}  # fmt: skip
HELD = ("pulse", "train", "square", "hold")
"""Levels that are constant between edges."""


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("midpoint", [False, True], ids=["start", "middle"])
def test_a_longer_simulation_begins_like_a_shorter_one(name, midpoint):
    long = ZOO[name].sample(DT_MS, 2000, midpoint=midpoint)
    for n_steps in (1, 20, 21, 117, 500):
        short = ZOO[name].sample(DT_MS, n_steps, midpoint=midpoint)
        np.testing.assert_array_equal(short.levels, long.levels[:n_steps])
        np.testing.assert_array_equal(short.edges, long.edges[:n_steps])


@pytest.mark.parametrize("name", ZOO)
def test_edges_are_where_the_level_jumps(name):
    """With steps a hundred times shorter a smooth waveform changes little in a step; a jump stays.

    The slopes of the zoo are at most 1/0.030 and 2 pi 7 per ms: below 0.0025 in 5e-5 ms. Its jumps are
    larger than 0.01.
    """
    fine = ZOO[name].sample(DT_MS / 100.0, 90_000)
    change = np.abs(np.diff(fine.levels, prepend=0.0))
    seen = change > 0.005
    np.testing.assert_array_equal(fine.edges, seen)
    at_start = ZOO[name].sample(DT_MS, 900)
    np.testing.assert_array_equal(np.flatnonzero(seen), 100 * np.flatnonzero(at_start.edges))
    middle = ZOO[name].sample(DT_MS, 900, midpoint=True)
    np.testing.assert_array_equal(middle.edges, at_start.edges)


@pytest.mark.parametrize("name", ZOO)
def test_the_middle_of_a_step_is_the_start_of_a_step_twice_as_fine(name):
    n_steps = 1000
    middle = ZOO[name].sample(DT_MS, n_steps, midpoint=True).levels
    fine = ZOO[name].sample(DT_MS / 2.0, 2 * n_steps).levels
    np.testing.assert_allclose(middle, fine[1::2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        ZOO[name].sample(DT_MS, n_steps).levels, fine[::2], rtol=1e-9, atol=1e-12
    )
    if name in HELD:
        np.testing.assert_array_equal(middle, ZOO[name].sample(DT_MS, n_steps).levels)


@pytest.mark.parametrize("name", ZOO)
def test_after_its_duration_a_waveform_is_over(name):
    waveform = ZOO[name]
    end = math.ceil(round(waveform.duration_ms / DT_MS, 6))
    found = waveform.sample(DT_MS, end + 50)
    largest = np.abs(found.levels).max()
    # A recharge without end is over at a thousandth of its start, which is below the largest level here.
    left = (
        load_table("stimuli/sampling").number("recharge_over_share")
        if name in {"burst", "recharge"}
        else 0.0
    )
    assert np.abs(found.levels[end:]).max() <= left * largest
    assert np.abs(found.levels[: end - 2]).max() == largest
    assert found.levels[end - 2] != 0.0


@pytest.mark.parametrize("name", ["pulse", "trapezoid", "exponential", "train", "hold", "linear"])
def test_net_charge_is_the_integral(name):
    """The midpoint rule is exact for straight stretches, and of second order for exponentials."""
    waveform = ZOO[name]
    dt_ms = DT_MS / 5.0
    levels = waveform.sample(dt_ms, 6000, midpoint=True).levels
    charge_uc = levels.sum() * dt_ms  # mA times ms is µC
    # Error of the midpoint rule over an exponential of time constant tau: (dt/tau)²/24 of its charge.
    bound = 0.06 * (1.0 / 60.0) ** 2 / 24.0 if name == "exponential" else 1e-14
    assert waveform.net_charge_uc_per_ma == pytest.approx(charge_uc, abs=2.0 * bound + 1e-14)


@pytest.mark.parametrize(("midpoint", "order"), [(False, 1), (True, 2)])
def test_the_charge_of_a_sampled_recharge_converges(midpoint, order):
    """Held at the start of steps an exponential has x/(1 - exp(-x)) of its charge, x = dt/tau; at the middle times exp(-x/2)."""
    tau_us, width_us = 800.0, 100.0
    train = PulseTrain(Pulse(width_us), (0.0,), PassiveRecharge(tau_us, duration_us=1600.0))
    errors = []
    for dt_us in (20.0, 10.0, 5.0):
        levels = train.sample(dt_us * 1e-3, 2000, midpoint=midpoint).levels
        back_us = -levels[levels < 0.0].sum() * dt_us
        x = dt_us / tau_us
        factor = x / -math.expm1(-x) * (math.exp(-x / 2.0) if midpoint else 1.0)
        exact = width_us * -math.expm1(-2.0)
        assert back_us == pytest.approx(exact * factor, rel=1e-12)
        errors.append(abs(back_us - exact))
    # Next term of the series: x/6 of the error at the start of the steps, smaller at the middle.
    ratios = np.array(errors[:-1]) / errors[1:]
    np.testing.assert_allclose(ratios, 2.0**order, rtol=20.0 / tau_us)


def test_the_charge_of_the_capacitor_settles_where_as_much_flows_back_as_a_pulse_brings():
    """Q/(1 - exp(-T/tau)) at the start of each recharge; the way there is geometric."""
    width_us, tau_us, period_us = 200.0, 3000.0, 2000.0
    train = PulseTrain.regular(
        Pulse(width_us), 500.0, n_pulses=40, recharge=PassiveRecharge(tau_us)
    )
    levels = train.sample(DT_MS, 16_000).levels
    starts = np.arange(40) * 400 + 40
    keep = math.exp(-(period_us - width_us) / tau_us)
    settled = -width_us / tau_us / (1.0 - keep)
    expected = settled * (1.0 - keep ** np.arange(1, 41))
    np.testing.assert_allclose(levels[starts], expected, rtol=1e-12)
    assert levels[starts[-1]] == pytest.approx(settled, rel=keep**40 * 1.01)
    # In the settled state a period carries no net charge. Held at the start of the steps too much flows
    # back by the factor of the test above.
    last_us = levels[-400 - 400 * 1 : -400].sum() * DT_US
    x = DT_US / tau_us
    assert last_us == pytest.approx(
        width_us * (1.0 - x / -math.expm1(-x)), abs=2.0 * width_us * keep**39
    )


@pytest.mark.parametrize("every", [1, 5])
def test_the_recharge_is_that_of_a_capacitor(every):
    """Against the circuit itself, stepped naively: dq/dt = w, and w = -q/tau while the switch is closed.

    Explicit steps of x = dt/tau leave (1 - x)^n of a charge and not exp(-x n), less by x/2 times
    s exp(-s) with s = n x, which is at most 1/e. So the charge errs by x/(2e) of all that was brought
    (and a little more by higher orders of x = 4e-4).
    """
    tau_us, delay_us, closed_us, dt_us = 1000.0, 100.0, 700.0, 0.4
    pulse = Pulse(200.0)
    train = PulseTrain.burst(
        pulse, 250.0, pulses_per_burst=5, intraburst_frequency_hz=2000.0, n_bursts=3,
        recharge=PassiveRecharge(tau_us, delay_us, closed_us, every),
    )  # fmt: skip
    n_steps = round(12_000.0 / dt_us)
    begins = np.rint(np.array(train.onsets_ms) * 1e3 / dt_us).astype(int)
    width, wait, closed = (round(t / dt_us) for t in (200.0, delay_us, closed_us))
    driven, shorted = np.zeros(n_steps, dtype=bool), np.zeros(n_steps, dtype=bool)
    for k, begin in enumerate(begins):
        driven[begin : begin + width] = True
        shorted[begin:] = False  # a pulse opens the switch
        if (k + 1) % every == 0:
            shorted[begin + width + wait : begin + width + wait + closed] = True
    charge, levels = 0.0, np.zeros(n_steps)
    for n in range(n_steps):
        levels[n] = 1.0 if driven[n] else -charge / tau_us if shorted[n] else 0.0
        charge += levels[n] * dt_us
    found = train.sample(dt_us * 1e-3, n_steps).levels
    bound_us = 1.01 * dt_us / tau_us / (2.0 * math.e) * 15 * 200.0
    assert np.abs(found - levels).max() <= bound_us / tau_us
    assert train.net_charge_uc_per_ma * 1e3 == pytest.approx(charge, abs=bound_us)
    assert (levels < 0.0).any()


@pytest.mark.parametrize("form", ["sine", "square", "triangle"])
def test_the_fundamental_of_an_alternating_current(form):
    """Amplitude 1, 4/pi and 8/pi² of sine, square and triangle; sampling N points per period turns the
    square's into (2/N)/sin(pi/N)·2 and the triangle's into (4/N)²/2/sin²(pi/N) (sums of the series)."""
    n, periods = 40, 25
    found = Carrier(form, 5000.0).sample(DT_MS, n * periods).levels
    turns = np.arange(n * periods) / n
    amplitude = abs(2.0 * np.mean(found * np.exp(-2j * math.pi * turns)))
    exact = {
        "sine": 1.0,
        "square": 4.0 / n / math.sin(math.pi / n),
        "triangle": 8.0 / n**2 / math.sin(math.pi / n) ** 2,
    }[form]
    assert amplitude == pytest.approx(exact, rel=1e-12)
    assert found.sum() == pytest.approx(0.0, abs=1e-11)


def test_the_least_steps_per_period_deliver_what_their_source_says():
    """A held sine has sin(x)/x of its fundamental, x = pi/N."""
    n = int(load_table("stimuli/sampling").number("min_steps_per_period"))
    levels = Carrier("sine", 25_000.0).sample(DT_MS, n).levels
    held = np.repeat(levels, 1000)
    turns = (np.arange(held.size) + 0.5) / held.size
    share = abs(2.0 * np.mean(held * np.exp(-2j * math.pi * turns)))
    assert share == pytest.approx(math.sin(math.pi / n) / (math.pi / n), rel=1e-6)
    assert share == pytest.approx(0.974, abs=5e-4)


def test_the_least_steps_per_time_constant_deliver_what_their_source_says():
    n = load_table("stimuli/sampling").number("min_steps_per_tau")
    tau_us = n * DT_US
    levels = PulseTrain(Pulse(50.0), (0.0,), PassiveRecharge(tau_us)).sample(DT_MS, 1000).levels
    back = -levels[levels < 0.0].sum() / levels[levels > 0.0].sum()
    assert back == pytest.approx(1.05, abs=2e-3)


def test_a_square_current_is_a_train_of_touching_biphasic_pulses():
    square = Carrier("square", 5000.0, 0.1, 4.1).sample(DT_MS, 1000)
    train = PulseTrain.regular(Pulse(100.0, "biphasic"), 5000.0, n_pulses=20, onset_ms=0.1)
    pulses = train.sample(DT_MS, 1000)
    np.testing.assert_array_equal(square.levels, pulses.levels)
    np.testing.assert_array_equal(square.edges, pulses.edges)


@pytest.mark.parametrize("midpoint", [False, True])
def test_samples_draw_the_other_shapes(midpoint):
    rectangle = PulseTrain(Pulse(100.0, "asymmetric", 50.0, 4.0), (0.1,))
    held = Samples((0.1, 0.2, 0.25, 0.65), (1.0, 0.0, -0.25, 0.0))
    trapezoid = PulseTrain(TrapezoidPulse(100.0, 20.0, 50.0), (0.1,))
    drawn = Samples((0.1, 0.12, 0.15, 0.2), (0.0, 1.0, 1.0, 0.0), "linear")
    triangle = Carrier("triangle", 5000.0, 0.1, 0.3)
    corners = Samples((0.1, 0.15, 0.25, 0.3), (0.0, 1.0, -1.0, 0.0), "linear")
    for one, other in ((rectangle, held), (trapezoid, drawn), (triangle, corners)):
        a = one.sample(DT_MS, 200, midpoint=midpoint)
        b = other.sample(DT_MS, 200, midpoint=midpoint)
        np.testing.assert_allclose(a.levels, b.levels, atol=1e-12)
        np.testing.assert_array_equal(a.edges, b.edges)


def test_turning_an_exponential_around_in_time_mirrors_its_samples():
    rising = ExponentialPulse(100.0, 60.0, "rising").sample(DT_MS, 20, midpoint=True).levels
    falling = ExponentialPulse(100.0, 60.0, "falling").sample(DT_MS, 20, midpoint=True).levels
    np.testing.assert_allclose(rising, falling[::-1], rtol=1e-14)
