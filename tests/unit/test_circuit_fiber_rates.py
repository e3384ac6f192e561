"""Spike trains as the input of the rate model: drawing, counting, smoothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.rates.fiber_rates import (
    poisson_trains,
    rate_fibers,
    rates_from_trains,
    smooth_locally,
)
from scsim.circuit.rates.rate import InputBoxes, RateBox, SampledRates
from scsim.errors import ModelError

BRIEF = InputBoxes(1.0, 1.0, (RateBox(0.5, 0.52, 40.0),), (RateBox(0.59, 0.8, 22.0),))
FEW = (FiberClass("a_beta", "few", 3, "a_beta", "local"), FiberClass("c", "few", 2, "c", "local"))


def test_the_published_numbers_of_fibers() -> None:
    assert [(f.name, f.n_fibers) for f in rate_fibers()] == [("a_beta", 380), ("c", 820)]


def test_drawn_rates_are_the_given_ones() -> None:
    trains = poisson_trains(BRIEF, duration_ms=1000.0, seed=1).trains
    a_beta, c = (np.concatenate(trains[name]) for name in ("a_beta", "c"))
    during_a = np.sum((a_beta >= 500) & (a_beta < 520))
    during_c = np.sum((c >= 590) & (c < 800))
    # Counts with their Poisson standard deviations, three of them.
    for count, mean in (
        (during_a, 380 * 40 * 0.02),
        (during_c, 820 * 22 * 0.21),
        (a_beta.size - during_a, 380 * 0.98),
        (c.size - during_c, 820 * 0.79),
    ):
        assert count == pytest.approx(mean, abs=3 * np.sqrt(mean))


def test_repeated_boxes_are_drawn() -> None:
    volleys = InputBoxes(0.0, 0.0, (), (RateBox(0.1, 0.11, 900.0, repeat_every_s=0.1),))
    c = np.concatenate(poisson_trains(volleys, duration_ms=350.0, seed=1, fibers=FEW).trains["c"])
    assert set((c // 10).astype(int)) == {10, 20, 30}


def test_trains_lie_in_bins_and_begin_alike() -> None:
    long, short = (
        poisson_trains(BRIEF, duration_ms=duration_ms, seed=3).trains
        for duration_ms in (900.0, 600.0)
    )
    for name, fibers in short.items():
        for times, longer in zip(fibers, long[name], strict=True):
            assert np.array_equal(times % 1.0, np.full(times.size, 0.5))
            assert (np.diff(times) > 0).all()
            np.testing.assert_array_equal(times, longer[longer < 600.0])


def test_counts_become_rates() -> None:
    trains = FiberTrains(
        {"a_beta": ([0.5, 2.0], [0.9999999999999]), "a_delta": ([5.1],), "c": ([2.9], [], [99.0])}
    )
    rates = rates_from_trains(trains, duration_ms=6.0, c=("a_delta", "c"), span_bins=0)
    assert isinstance(rates, SampledRates)
    assert rates.sample_s == 0.001
    # 1000 x spikes / fibers; a spike on the edge of a bin to rounding belongs to the next.
    assert rates.a_beta_hz.tolist() == [500, 500, 500, 0, 0, 0]
    assert rates.c_hz.tolist() == [0, 0, 250, 0, 0, 250]


def test_the_mean_survives_smoothing() -> None:
    trains = poisson_trains(InputBoxes(20.0, 8.0), duration_ms=2000.0, seed=2)
    plain, smooth = (
        rates_from_trains(trains, duration_ms=2000.0, span_bins=span) for span in (0, None)
    )
    inner = slice(10, -10)
    for key in ("a_beta_hz", "c_hz"):
        rough, even = getattr(plain, key), getattr(smooth, key)
        assert even[inner].mean() == pytest.approx(rough[inner].mean(), rel=0.01)
        assert even.std() < 0.7 * rough.std()


def brute(values: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Local regression point by point, by a weighted fit of numpy."""
    out = []
    for position in range(values.size):
        distance = np.abs(np.arange(values.size) - position)
        farthest = np.sort(distance)[span - 1]
        inside = distance < farthest
        tricube = (1 - (distance[inside] / farthest) ** 3) ** 3
        x = np.flatnonzero(inside) - position
        fit = np.polynomial.Polynomial.fit(x, values[inside], 2, w=np.sqrt(tricube))
        out.append(fit(0))
    return np.array(out)


@pytest.mark.parametrize("span", [6, 7, 10, 11])
@pytest.mark.parametrize("n_values", [11, 12, 40])
def test_smoothing_is_a_local_regression(span: int, n_values: int) -> None:
    values = np.random.default_rng(span).normal(size=n_values)
    np.testing.assert_allclose(
        smooth_locally(values, span), brute(values, span), rtol=0, atol=1e-12
    )


def test_parabolas_pass_unchanged() -> None:
    x = np.arange(30.0)
    parabola = 3 - 2 * x + 0.1 * x**2
    np.testing.assert_allclose(smooth_locally(parabola, 10), parabola, rtol=0, atol=1e-10)


def test_bad_input_is_refused() -> None:
    silent = FiberTrains({"a_beta": ([],), "c": ([],)})
    with pytest.raises(ModelError, match=r"span = 5 for 20 values: .* 6 points or more"):
        smooth_locally(np.zeros(20), 5)
    with pytest.raises(ModelError, match=r"span = 10 for 4 values"):
        rates_from_trains(silent, duration_ms=4.0)
    with pytest.raises(ModelError, match=r"duration_ms = 4.5 ms: .* whole number of bins of 1 ms"):
        rates_from_trains(silent, duration_ms=4.5)
    with pytest.raises(ModelError, match=r"duration_ms = inf ms"):
        poisson_trains(BRIEF, duration_ms=float("inf"), seed=1)
    with pytest.raises(ModelError, match=r"no fibers of the class 'c_x'; they have a_beta, c"):
        rates_from_trains(silent, duration_ms=20.0, c=("c_x",))
    with pytest.raises(ModelError, match=r"of the kind 'a_delta': .* leave it out"):
        poisson_trains(
            BRIEF,
            duration_ms=20.0,
            seed=1,
            fibers=[FiberClass("x", "other", 1, "a_delta", "local")],
        )
