"""Measures of spike trains: rates, histograms after pulses, wind-up, latencies, confidence."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import scsim.validate
from scsim.circuit.readouts.readout import (
    confidence_interval,
    first_spike_latency_ms,
    peristimulus_histogram,
    spike_rate_hz,
    wind_up_curve,
)
from scsim.errors import ModelError, Status

GATE = Path(scsim.validate.__file__).parent / "cases" / "gate"


def test_rate_counts_the_begin_of_the_window_and_not_its_end() -> None:
    spikes = [100.0, 200.0, 300.0]
    assert spike_rate_hz(spikes, 100.0, 300.0) == 10.0
    assert spike_rate_hz([], 0.0, 10.0) == 0.0


@pytest.mark.parametrize("window", [(5.0, 5.0), (6.0, 5.0), (0.0, np.nan), (0.0, np.inf)])
def test_empty_windows_are_refused(window: tuple[float, float]) -> None:
    with pytest.raises(ModelError, match="must end after it begins; give from_ms < to_ms"):
        spike_rate_hz([1.0], *window)


@pytest.mark.parametrize(
    ("spikes", "text"),
    [
        ([2.0, 1.0], r"spikes_ms\[1\] = 1.0 ms comes after 2.0 ms: times must be sorted"),
        ([-1.0, 1.0], r"spikes_ms\[0\] = -1.0 ms: times must be finite and not before 0 ms"),
        ([1.0, np.nan], r"spikes_ms\[1\] = nan ms"),
        ([1.0, np.inf], r"spikes_ms\[1\] = inf ms"),
        ([[1.0], [2.0]], "has 2 axes: a spike train is one row of times, ms; read one cell"),
    ],
)
def test_what_is_no_spike_train_is_refused(spikes: list[float], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        spike_rate_hz(spikes, 0.0, 10.0)


def test_histogram_counts_by_hand() -> None:
    pulses = [200.0, 500.0]
    spikes = [185.0, 195.0, 203.0, 219.9, 495.0, 500.0, 510.0, 790.0]
    found = peristimulus_histogram(spikes, pulses, from_ms=-20, to_ms=30, bin_ms=10)
    assert found.edges_ms.tolist() == [-20, -10, 0, 10, 20, 30]
    assert found.counts.tolist() == [1, 2, 2, 2, 0]
    assert found.rate_hz.tolist() == [50, 100, 100, 100, 0]  # one spike in 2 × 10 ms is 50 Hz
    assert found.control_rate_hz == 75.0
    assert np.allclose(found.percent_of_control, [200 / 3, 400 / 3, 400 / 3, 400 / 3, 0])
    assert (found.n_pulses, found.status) == (2, Status.OK)


def test_a_spike_on_a_border_falls_into_the_same_bin_after_every_pulse() -> None:
    pulses = np.arange(1, 400) * 0.1 + 0.7  # many of these differences are a rounding error below 5
    counts = [
        peristimulus_histogram([pulse + 5.0], [pulse], from_ms=0, to_ms=10, bin_ms=5).counts
        for pulse in pulses
    ]
    assert np.array_equal(np.array(counts), np.tile([0, 1], (pulses.size, 1)))


def test_windows_of_neighboring_pulses_may_overlap() -> None:
    found = peristimulus_histogram([25.0], [0.0, 20.0], from_ms=0, to_ms=40, bin_ms=10)
    assert found.counts.tolist() == [1, 0, 1, 0]


def test_histogram_without_a_control_has_a_status() -> None:
    silent = peristimulus_histogram([105.0], [100.0], from_ms=-10, to_ms=10, bin_ms=10)
    assert silent.status == Status.REFERENCE_TOO_LOW
    assert np.isnan(silent.percent_of_control).all()
    assert silent.rate_hz.tolist() == [0.0, 100.0]
    no_pulse = peristimulus_histogram([105.0], [], from_ms=-10, to_ms=10, bin_ms=10)
    assert no_pulse.status == Status.REFERENCE_TOO_LOW
    assert np.isnan(no_pulse.rate_hz).all()
    assert no_pulse.counts.sum() == 0
    only_after = peristimulus_histogram([105.0], [100.0], from_ms=0, to_ms=10, bin_ms=10)
    assert only_after.status == Status.REFERENCE_TOO_LOW
    assert np.isnan(only_after.control_rate_hz)


def test_bins_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match=r"from_ms = -15\.0 ms is no whole number of bins of 10"):
        peristimulus_histogram([], [], from_ms=-15.0)
    with pytest.raises(ModelError, match=r"bin_ms = 0\.0 ms: a bin must have a positive width"):
        peristimulus_histogram([], [], bin_ms=0.0)
    with pytest.raises(ModelError, match="give from_ms < to_ms"):
        peristimulus_histogram([], [], from_ms=100, to_ms=100)


def test_histogram_is_in_percent_of_the_ten_bins_before() -> None:
    """Reference gate/foreman_psth.csv: spikes of 17 volleys in bins of 10 ms, and percent, printed to 0.1."""
    counts = [14, 10, 7, 14, 11, 10, 11, 7, 12, 8, 20, 0, 0, 0, 0, 0, 5, 10]
    percent = [134.6, 96.2, 67.3, 134.6, 105.8, 96.2, 105.8, 67.3, 115.4, 76.9, 192.3]
    percent += [0.0, 0.0, 0.0, 0.0, 0.0, 48.1, 96.2]
    pulses = 1000.0 * np.arange(1, 18)
    # Which volley a spike belongs to is not listed and does not matter.
    times = [pulses[np.arange(n) % 17] + 10 * place - 95 for place, n in enumerate(counts)]
    found = peristimulus_histogram(np.sort(np.concatenate(times)), pulses, to_ms=80)
    assert found.counts.tolist() == counts
    assert np.allclose(found.percent_of_control, percent, atol=0.05)


def test_published_wind_up_is_counted_as_listed() -> None:
    """windup_spikes_first7.csv (NEURON) holds the spikes that windup_counts.csv counts."""
    with (GATE / "windup_spikes_first7.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (GATE / "windup_counts.csv").open(encoding="utf-8") as file:
        counts = list(csv.DictReader(file))[:7]
    for cell in ("EX", "WDR"):
        spikes = [float(row["t_ms"]) for row in rows if row["cell"] == cell]
        curve = wind_up_curve(spikes, 1000.0 * np.arange(1, 8))
        assert curve.late_counts.tolist() == [int(row[f"{cell}_100_1000ms"]) for row in counts]
        assert curve.counts.tolist() == [int(row[f"{cell}_all"]) for row in counts]


def test_wind_up_counts_late_spikes() -> None:
    spikes = [10.0, 100.0, 100.1, 999.0, 1050.0, 1101.0, 1500.0, 1999.0, 2200.0]
    curve = wind_up_curve(spikes, [0.0, 1000.0])
    assert curve.late_counts.tolist() == [2, 3]
    assert curve.counts.tolist() == [4, 4]
    assert (curve.ratio, curve.status) == (1.5, Status.OK)


def test_wind_up_needs_late_spikes_at_first() -> None:
    curve = wind_up_curve([1500.0], [0.0, 1000.0])
    assert curve.late_counts.tolist() == [0, 1]
    assert np.isnan(curve.ratio)
    assert curve.status == Status.REFERENCE_TOO_LOW


def test_wind_up_of_one_volley_takes_a_window() -> None:
    assert wind_up_curve([150.0, 450.0], [0.0], window_ms=400.0).late_counts.tolist() == [1]
    with pytest.raises(ModelError, match="1 volleys: a wind-up curve needs at least two, or one"):
        wind_up_curve([150.0], [0.0])
    with pytest.raises(ModelError, match="0 volleys"):
        wind_up_curve([150.0], [], window_ms=400.0)
    with pytest.raises(ModelError, match="in a window of 50 ms: the window must be longer"):
        wind_up_curve([150.0], [0.0, 50.0])


def test_latency_is_that_of_the_first_spike_before_the_next_pulse() -> None:
    latency = first_spike_latency_ms([5.0, 103.0, 104.0, 390.0], [100.0, 200.0, 300.0, 400.0])
    assert np.array_equal(latency, [3.0, np.nan, 90.0, np.nan], equal_nan=True)
    short = first_spike_latency_ms([103.0, 390.0], [100.0, 300.0], within_ms=50.0)
    assert np.array_equal(short, [3.0, np.nan], equal_nan=True)
    assert first_spike_latency_ms([1.0], []).shape == (0,)
    assert np.isnan(first_spike_latency_ms([], [1.0])).all()
    with pytest.raises(ModelError, match=r"within_ms = 0\.0 ms: the longest latency must be"):
        first_spike_latency_ms([], [], within_ms=0.0)


def test_interval_is_that_of_students_t() -> None:
    values = np.array([26.3, 24.7, 24.0])
    found = confidence_interval(values, level=0.9)
    low, high = stats.t.interval(0.9, 2, values.mean(), stats.sem(values))
    assert np.allclose([found.low, found.mean, found.high], [low, values.mean(), high], rtol=1e-12)
    assert found.n == 3


def test_interval_leaves_out_what_is_not_finite() -> None:
    values = np.array([[1.0, 5.0, np.nan], [3.0, np.nan, np.nan], [np.inf, np.nan, np.nan]])
    found = confidence_interval(values)
    assert found.n.tolist() == [2, 1, 0]
    assert np.array_equal(found.mean, [2.0, 5.0, np.nan], equal_nan=True)
    assert np.isfinite(found.low).tolist() == [True, False, False]
    assert np.allclose(confidence_interval(values.T, axis=1).mean, found.mean, equal_nan=True)


def test_interval_holds_the_mean_as_often_as_it_says() -> None:
    """Of 4000 sets of four normal values 95 % hold the mean: 4 binomial standard errors are 1.4 %."""
    values = np.random.default_rng(1).normal(10.0, 3.0, (4, 4000))
    found = confidence_interval(values)
    share = np.mean((found.low < 10.0) & (found.high > 10.0))
    assert abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)


def test_interval_refuses_single_numbers_and_impossible_levels() -> None:
    with pytest.raises(ModelError, match="level = 95: a confidence level lies between 0 and 1"):
        confidence_interval([1.0, 2.0], level=95)
    with pytest.raises(ModelError, match="is over seeds; give one value per seed"):
        confidence_interval(1.0)
