import math

import numpy as np
import pytest

from scsim.circuit.inputs.train_patterns import (
    Burst,
    NormalIntervals,
    Poisson,
    Regular,
    TrainPattern,
)
from scsim.errors import ModelError


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_regular_intervals_begin_after_the_phase() -> None:
    assert Regular(100.0, 0.25).draw(35.0, rng()).tolist() == [2.5, 12.5, 22.5, 32.5]
    assert Regular(100.0, 0.0).draw(20.0, rng()).tolist() == [0.0, 10.0]  # the end is left out
    first = {float(Regular(100.0).draw(20.0, rng(seed))[0]) for seed in range(5)}
    assert len(first) == 5
    assert all(0 <= time < 10.0 for time in first)


def test_bursts_have_their_spikes_and_intervals() -> None:
    times = Burst(40.0, 3, 2.0, 0.0).draw(52.0, rng())
    assert times.tolist() == [0.0, 2.0, 4.0, 25.0, 27.0, 29.0, 50.0]
    assert Burst(40.0, 3, 2.0).mean_rate_hz == 120.0


@pytest.mark.parametrize("pattern", [Poisson(0.0), Regular(0.0), Burst(0.0, 3, 2.0)])
def test_rate_zero_is_silent(pattern: TrainPattern) -> None:
    assert pattern.draw(1e6, rng()).size == 0
    assert pattern.mean_rate_hz == 0.0


def test_normal_intervals_without_spread_are_regular() -> None:
    times = NormalIntervals(10.0, 0.0).draw(1000.0, rng())
    assert np.diff(times) == pytest.approx(10.0)
    assert NormalIntervals(10.0, 0.0).mean_rate_hz == 100.0


def test_mean_of_cut_intervals_is_that_of_the_cut_normal_distribution() -> None:
    pattern = NormalIntervals(310.0, 148.0, 7.0)
    grid = np.linspace(7.0, 310.0 + 12 * 148.0, 200_001)
    density = np.exp(-0.5 * ((grid - 310.0) / 148.0) ** 2)
    wanted = np.trapezoid(grid * density, grid) / np.trapezoid(density, grid)
    assert pattern.mean_interval_ms == pytest.approx(wanted, rel=1e-6)
    assert pattern.mean_rate_hz == pytest.approx(1000 / wanted, rel=1e-6)


def test_each_pattern_offers_the_interface() -> None:
    for pattern in (Poisson(5.0), Regular(5.0), Burst(5.0, 2, 3.0), NormalIntervals(100.0, 20.0)):
        assert isinstance(pattern, TrainPattern)


@pytest.mark.parametrize("rate_hz", [-1.0, 1001.0, math.nan, math.inf])
@pytest.mark.parametrize("kind", [Poisson, Regular, lambda rate: Burst(rate, 2, 0.1)])
def test_rate_outside_its_range_is_refused(kind, rate_hz: float) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match=rf"= {rate_hz} Hz: .*0 and 1000 Hz; typical"):
        kind(rate_hz)


def test_floor_must_leave_room_for_the_rate() -> None:
    with pytest.raises(
        ModelError, match=r"floor_ms = 12 ms at 100\.0 Hz: .*mean interval of 10 ms; lower"
    ):
        Poisson(100.0, 12)
    with pytest.raises(ModelError, match=r"floor_ms = -1 ms"):
        Poisson(0.0, -1)


@pytest.mark.parametrize("phase", [-0.1, 1.0, math.nan])
def test_phase_outside_its_range_is_refused(phase: float) -> None:
    for make in (lambda: Regular(10.0, phase), lambda: Burst(10.0, 2, 1.0, phase)):
        with pytest.raises(ModelError, match=rf"phase = {phase}: .*0 or above and below 1; use"):
            make()


def test_bursts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(
        ModelError,
        match=r"5 spikes, 6 ms apart, lasts 24 ms, but one begins every 20 ms: .*use fewer",
    ):
        Burst(50.0, 5, 6.0)
    with pytest.raises(ModelError) as caught:
        Burst(-1.0, 0, 0.0, 2.0)
    assert [line.split(" = ")[0] for line in str(caught.value).splitlines()] == [
        "rate of bursts",
        "phase",
        "n_spikes",
        "interval_ms",
    ]


def test_normal_intervals_outside_their_range_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        NormalIntervals(0.5, -1.0, -2.0)
    mean, sd, floor = str(caught.value).splitlines()
    assert "mean_ms = 0.5 ms: a mean interval must be 1 ms or longer; use" in mean
    assert "sd_ms = -1.0 ms: a standard deviation must be 0 ms or above; use" in sd
    assert "floor_ms = -2.0 ms: the shortest interval must be 0 ms or above; use" in floor
    with pytest.raises(
        ModelError, match=r"floor_ms = 120 ms lies above the mean interval of 111 ms.*lower it"
    ):
        NormalIntervals(111.0, 37.0, 120)
