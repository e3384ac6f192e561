"""Following of bursts, kilohertz and fast trains: stretches, cuts, repetition, and fibers that stand for others."""

import math

import numpy as np
import pytest

from scsim.electrodes import PointSource
from scsim.errors import Status, StimulusError
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.fields import HomogeneousMedium
from scsim.formats import load_table
from scsim.response.following import (
    Stretch,
    caudal_detector,
    choose_cut_ms,
    choose_stretch,
    extend_spikes,
    follow_pattern,
    mean_rate_hz,
    needs_fibers,
    representative_fibers,
    separate_spikes,
)
from scsim.response.recruitment import recruited_share
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.response.trains import measure_train
from scsim.stimulus import Pulse, StimulusSection

SOLVER = Solver(scheme="second_order", dt_us=10.0)
FIBERS = [Fiber("mrg", 12.0, n_nodes=51), Fiber("mrg", 15.0, n_nodes=41)]
DETECTORS = [caudal_detector(51), caudal_detector(41)]


def section(**changes):
    values = {"pulse_width_us": 210.0, "amplitude_ma": 2.0, "frequency_hz": 50.0}
    return StimulusSection(**{**values, **changes})


def burst(**changes):
    values = {"pattern": "burst", "frequency_hz": 40.0, "pulses_per_burst": 3}
    return section(**{**values, "intraburst_frequency_hz": 500.0, **changes})


@pytest.fixture(scope="module")
def potentials():
    medium = HomogeneousMedium(sigma_s_per_m=0.2)
    found = medium.unit_potential_along([PointSource((3.0, 0.0, 0.0))], FIBERS)
    return [-one[0] for one in found]  # a cathode


@pytest.fixture(scope="module")
def threshold_ma(potentials):
    protocol = ThresholdProtocol(solver=SOLVER, onset_ms=0.0)
    units = [one[np.newaxis] for one in potentials]
    return find_thresholds(
        FIBERS, units, Pulse(210.0), shares=[1.0], protocol=protocol
    ).threshold_ma


# Which patterns need fibers.


def test_only_slow_tonic_pulses_are_followed_without_a_look():
    assert not needs_fibers(section(frequency_hz=500.0))
    assert needs_fibers(section(frequency_hz=501.0))
    assert needs_fibers(burst())
    assert needs_fibers(
        section(pattern="kilohertz", shape="biphasic", frequency_hz=1000.0, pulse_width_us=60.0)
    )


@pytest.mark.parametrize(
    ("frequency_hz", "excess"),
    [(10.0, 1.03), (50.0, 1.22), (100.0, 1.2), (200.0, 1.07), (500.0, 1.22)],
)
def test_recruited_fibers_follow_from_little_above_threshold(
    potentials, threshold_ma, frequency_hz, excess
):
    # The multiples of the table, computed in another field, and 2 % more. Trains of 300 ms, as there.
    response = measure_train(
        FIBERS,
        [one[np.newaxis] for one in potentials],
        Pulse(210.0),
        frequency_hz=frequency_hz,
        n_pulses=max(3, round(0.3 * frequency_hz)),
        amplitude_ma=(excess * threshold_ma).tolist(),
        shares=[1.0],
        protocol=ThresholdProtocol(solver=SOLVER),
    )
    assert response.follows.all()


def test_at_800_hz_no_amplitude_is_followed(potentials, threshold_ma):
    response = measure_train(
        FIBERS,
        [one[np.newaxis] for one in potentials],
        Pulse(210.0),
        frequency_hz=800.0,
        n_pulses=80,
        amplitude_ma=(2.0 * threshold_ma).tolist(),
        shares=[1.0],
        protocol=ThresholdProtocol(solver=SOLVER),
    )
    assert not response.follows.any()


# Stretches.


@pytest.mark.parametrize("frequency_hz", [15.0, 40.0, 90.0])
def test_a_stretch_holds_the_onset_and_whole_periods(frequency_hz):
    stretch = choose_stretch(burst(frequency_hz=frequency_hz))
    period_ms = 1000.0 / frequency_hz
    assert stretch.repeat_ms / period_ms == pytest.approx(round(stretch.repeat_ms / period_ms))
    assert stretch.cut_from_ms - stretch.repeat_ms >= 100.0 - 1e-9
    assert stretch.window_ms == pytest.approx(stretch.n_volleys * period_ms)
    assert stretch.cut_to_ms == stretch.window_ms
    assert stretch.cut_to_ms - stretch.cut_from_ms >= 20.0 - 1e-9
    assert abs(stretch.repeat_ms - 200.0) <= 0.5 * period_ms


def test_bursts_that_a_fiber_forgets_are_simulated_once():
    stretch = choose_stretch(burst(frequency_hz=2.0))
    assert stretch == Stretch(1, pytest.approx(104.0), 500.0, 500.0, 500.0)
    # 9.9 Hz: the pause of 97 ms is too short for that.
    assert choose_stretch(burst(frequency_hz=9.9)).n_volleys > 1


# Cuts and repetition.


def test_the_cut_keeps_away_from_spikes_at_both_ends():
    stretch = Stretch(13, 325.0, 200.0, 300.0, 325.0)
    spikes = np.concatenate([[5.0], 25.0 * np.arange(1, 13) + 3.0])
    cut = choose_cut_ms(spikes, stretch)
    assert 300.0 < cut <= 325.0
    for end in (cut, cut - 200.0):
        assert np.abs(spikes - end).min() > 11.0  # half a period, but for the grid of the places
    assert choose_cut_ms(np.empty(0), stretch) == 325.0


def test_a_periodic_train_goes_on_without_a_seam():
    stretch = Stretch(13, 325.0, 200.0, 300.0, 325.0)
    spikes = 25.0 * np.arange(13) + 3.0
    cut = choose_cut_ms(spikes, stretch)
    train = extend_spikes(spikes[spikes < cut], cut, 200.0, 2000.0)
    np.testing.assert_allclose(train, 25.0 * np.arange(80) + 3.0)
    assert mean_rate_hz(spikes[spikes < cut], cut, 200.0) == pytest.approx(40.0)


def test_the_onset_is_not_repeated():
    onset = [1.0, 2.0, 3.0, 4.0]
    train = extend_spikes([*onset, 150.0, 250.0], 300.0, 200.0, 801.0)
    np.testing.assert_allclose(train, [*onset, 150.0, 250.0, 350.0, 450.0, 550.0, 650.0, 750.0])
    np.testing.assert_allclose(extend_spikes([*onset, 150.0], 300.0, 200.0, 2.5), [1.0, 2.0])
    assert extend_spikes([], 300.0, 200.0, 900.0).size == 0


@pytest.mark.parametrize("repeat_ms", [0.0, -1.0, math.nan, math.inf])
def test_a_repetition_without_length_is_refused(repeat_ms):
    with pytest.raises(StimulusError, match=r"repeat_ms = .*has a length above 0; give a whole"):
        extend_spikes([1.0], 10.0, repeat_ms, 20.0)


# Simulated patterns.


def test_strong_bursts_are_followed_pulse_by_pulse(potentials, threshold_ma):
    given = burst(amplitude_ma=2.0 * float(threshold_ma.max()))
    found = follow_pattern(FIBERS, potentials, given, DETECTORS, SOLVER)
    assert found.status.tolist() == [Status.OK, Status.OK]
    for times, cut, repeat in zip(found.spike_times_ms, found.cut_ms, found.repeat_ms, strict=True):
        assert mean_rate_hz(times, cut, repeat) == pytest.approx(120.0)
        train = extend_spikes(times, cut, repeat, 1000.0)
        pulses = (25.0 * np.arange(40)[:, np.newaxis] + [0.0, 2.0, 4.0]).ravel()
        latency = train - pulses
        assert latency.min() > 0.0
        assert latency.max() < 1.0


def test_weak_pulses_give_no_spikes(potentials, threshold_ma):
    given = burst(amplitude_ma=0.5 * float(threshold_ma.min()))
    found = follow_pattern(FIBERS, potentials, given, DETECTORS, SOLVER)
    assert [times.size for times in found.spike_times_ms] == [0, 0]


def test_a_repeated_stretch_is_what_a_longer_simulation_gives(potentials, threshold_ma):
    # Twelve more bursts at 1.3 times threshold, simulated and repeated: the same spikes within a step or two.
    given = burst(amplitude_ma=1.3 * float(threshold_ma[0]))
    found = follow_pattern(FIBERS[:1], potentials[:1], given, DETECTORS[:1], SOLVER)
    repeated = extend_spikes(
        found.spike_times_ms[0], float(found.cut_ms[0]), float(found.repeat_ms[0]), 620.0
    )
    from scsim.response.simulate import simulate
    from scsim.stimulus.pattern import stimulus_train

    longer = simulate(
        FIBERS[:1],
        [potentials[0][np.newaxis]],
        stimulus_train(given, 25),
        amplitude_ma=given.amplitude_ma,
        shares=[1.0],
        record_nodes=(),
        spikes_at=(DETECTORS[0],),
        solver=SOLVER,
        window_ms=625.0,
    ).spike_times_ms[0][0]
    longer = longer[longer < 620.0]
    assert repeated.size == longer.size > 25
    np.testing.assert_allclose(repeated, longer, atol=0.02)


def test_what_is_not_finite_has_no_spikes(potentials):
    found = follow_pattern(
        FIBERS[:1], potentials[:1], burst(amplitude_ma=100.0), DETECTORS[:1], SOLVER
    )
    assert found.status.tolist() == [Status.OK]
    wild = [potentials[0] * 1e9]
    found = follow_pattern(FIBERS[:1], wild, burst(amplitude_ma=100.0), DETECTORS[:1], SOLVER)
    assert found.status.tolist() == [Status.NOT_FINITE]
    assert found.spike_times_ms[0].size == 0


# Kilohertz currents: excitation at some amplitudes, block by stronger ones.


def kilohertz(amplitude_ma):
    return section(
        pattern="kilohertz",
        shape="biphasic",
        pulse_width_us=30.0,
        frequency_hz=10_000.0,
        amplitude_ma=amplitude_ma,
    )


def test_kilohertz_currents_excite_and_then_block(potentials):
    rates = []
    for amplitude_ma in (0.5, 4.0, 14.0):
        found = follow_pattern(
            FIBERS,
            potentials,
            kilohertz(amplitude_ma),
            DETECTORS,
            Solver(scheme="second_order", dt_us=5.0),
        )
        rates.append(
            [
                mean_rate_hz(times, cut, repeat)
                for times, cut, repeat in zip(
                    found.spike_times_ms, found.cut_ms, found.repeat_ms, strict=True
                )
            ]
        )
    assert rates[0] == [0.0, 0.0]
    assert min(rates[1]) > 100.0
    assert rates[2] == [0.0, 0.0]


def test_a_ripple_on_a_spike_counts_once_and_one_without_spikes_is_refused(potentials):
    spikes = separate_spikes(np.array([1.0, 1.1, 1.2, 3.0, 3.5, 5.0]))
    assert spikes.tolist() == [1.0, 3.0, 3.5, 5.0]
    assert separate_spikes(np.empty(0)).size == 0
    with pytest.raises(StimulusError, match=r"for 1.2 ms without a pause.* Lower the amplitude"):
        separate_spikes(np.arange(0.0, 1.25, 0.1))
    near = [FIBERS[0].node_count // 2 - 4]
    with pytest.raises(StimulusError, match=r"the stimulus itself moves the detector"):
        follow_pattern(
            FIBERS[:1],
            potentials[:1],
            kilohertz(60.0),
            near,
            Solver(scheme="second_order", dt_us=5.0),
        )


# Fibers that stand for others.


def test_representatives_count_as_the_share_does():
    rng = np.random.default_rng(3)
    weight, threshold = rng.random(40), rng.random(40)
    chosen = representative_fibers(weight, threshold, 15)
    assert (np.diff(threshold[chosen]) >= 0.0).all()
    for amplitude in rng.random(50):
        share = recruited_share(threshold, weight, amplitude)
        assert np.count_nonzero(threshold[chosen] <= amplitude) == math.floor(15 * share + 0.5)


def test_fibers_without_weight_stand_for_nothing():
    chosen = representative_fibers([0.0, 1.0, 0.0, 3.0], [1.0, np.nan, 2.0, 5.0], 4)
    assert chosen.tolist() == [3, 3, 3, 1]  # without a threshold: last
    assert representative_fibers([0.0, 0.0], [1.0, 2.0], 15).size == 0


def test_the_detector_lies_a_tenth_from_the_caudal_end():
    assert caudal_detector(21) == 2
    assert caudal_detector(101) == 10
    assert caudal_detector(3) == 1  # never an end


def test_the_table_says_what_was_computed():
    quantity = load_table("response/following").quantity("tonic_limit_hz")
    assert (quantity.value, quantity.evidence) == (500.0, "computed")
