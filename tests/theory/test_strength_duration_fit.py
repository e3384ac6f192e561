"""Fits of the strength-duration laws: exact data, least squares, intervals, and what passive membranes give."""

import numpy as np
import pytest
from scipy.special import erf

from scsim.response.strength_duration import fit_strength_duration

WIDTHS_US = np.array([30.0, 60.0, 100.0, 200.0, 400.0, 800.0])


def weiss(width_us: np.ndarray, rheobase_ma: float, chronaxie_us: float) -> np.ndarray:
    return rheobase_ma * (1.0 + chronaxie_us / width_us)


def lapicque(width_us: np.ndarray, rheobase_ma: float, chronaxie_us: float) -> np.ndarray:
    return rheobase_ma / (1.0 - 2.0 ** (-width_us / chronaxie_us))


LAWS = {"weiss": weiss, "lapicque": lapicque}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("rheobase_ma", [1e-4, 0.07, 30.0])
@pytest.mark.parametrize("chronaxie_us", [20.0, 180.0, 2000.0])
def test_exact_data_give_exact_numbers(law: str, rheobase_ma: float, chronaxie_us: float) -> None:
    fit = fit_strength_duration(WIDTHS_US, LAWS[law](WIDTHS_US, rheobase_ma, chronaxie_us), law)
    # Rounding of the thresholds, 1e-16, times the condition of the fit, at most 1e3 for the longest
    # chronaxie, and the square root of that of the stopping rule.
    assert fit.rheobase_ma == pytest.approx(rheobase_ma, rel=1e-10)
    assert fit.chronaxie_us == pytest.approx(chronaxie_us, rel=1e-10)
    assert fit.worst_residual < 1e-12
    assert fit.rheobase_interval_ma == pytest.approx((rheobase_ma, rheobase_ma), rel=1e-9)
    assert fit.threshold_ma(chronaxie_us) == pytest.approx(2.0 * rheobase_ma, rel=1e-9)


def test_a_leaky_capacitor_obeys_lapicque_with_chronaxie_tau_ln_2() -> None:
    # V(t) = R I (1 - exp(-t/τ)) reaches its threshold at the end of the pulse.
    tau_us, rheobase_ma = 250.0, 0.4
    threshold = rheobase_ma / -np.expm1(-WIDTHS_US / tau_us)
    fit = fit_strength_duration(WIDTHS_US, threshold, "lapicque")
    assert fit.chronaxie_us == pytest.approx(tau_us * np.log(2.0), rel=1e-10)
    assert fit.rheobase_ma == pytest.approx(rheobase_ma, rel=1e-10)
    other = fit_strength_duration(WIDTHS_US, threshold, "weiss")
    assert other.worst_residual > 1e8 * fit.worst_residual


def test_a_passive_cable_lies_between_the_laws_and_on_neither() -> None:
    # An infinite passive cable with a current at a point: V at the point rises as erf(√(t/τ)) (Hodgkin and
    # Rushton 1946), so the charge of short pulses falls as √width, slower than either law has it.
    tau_us = 200.0
    threshold = 1.0 / erf(np.sqrt(WIDTHS_US / tau_us))
    # erf(√x) = 1/2 at x = 0.2275: pulses of that width need twice the rheobase, 1.
    true_chronaxie_us = 0.22746820 * tau_us
    assert 1.0 / erf(np.sqrt(true_chronaxie_us / tau_us)) == pytest.approx(2.0, rel=1e-7)
    fits = [fit_strength_duration(WIDTHS_US, threshold, law) for law in LAWS]
    assert all(fit.worst_residual > 0.01 for fit in fits)
    # The error of each law bounds that of what it says at any width of the data: twice the rheobase, 1,
    # is said to be needed somewhere between 30 and 60 µs, where it is.
    for fit in fits:
        said = fit.threshold_ma(true_chronaxie_us)
        assert said == pytest.approx(2.0, rel=2.0 * fit.worst_residual)


@pytest.mark.parametrize("law", LAWS)
def test_the_fit_is_the_least_of_the_squared_logarithms(law: str) -> None:
    rng = np.random.default_rng(11)
    threshold = weiss(WIDTHS_US, 0.2, 150.0) * np.exp(0.05 * rng.standard_normal(WIDTHS_US.size))
    fit = fit_strength_duration(WIDTHS_US, threshold, law)

    def cost(rheobase_ma: float, chronaxie_us: float) -> float:
        said = LAWS[law](WIDTHS_US, rheobase_ma, chronaxie_us)
        return float(np.sum(np.log(said / threshold) ** 2))

    best = cost(fit.rheobase_ma, fit.chronaxie_us)
    for step in (0.99, 1.01):
        assert cost(step * fit.rheobase_ma, fit.chronaxie_us) > best
        assert cost(fit.rheobase_ma, step * fit.chronaxie_us) > best
    assert fit.rms_residual == pytest.approx(np.sqrt(best / (WIDTHS_US.size - 2)), rel=1e-9)


def test_intervals_hold_the_truth_in_95_of_100_experiments() -> None:
    rng = np.random.default_rng(7)
    n = 600
    hits = np.zeros(2)
    for _ in range(n):
        scatter = np.exp(0.02 * rng.standard_normal(WIDTHS_US.size))
        fit = fit_strength_duration(WIDTHS_US, weiss(WIDTHS_US, 0.2, 150.0) * scatter)
        hits += [
            fit.rheobase_interval_ma[0] <= 0.2 <= fit.rheobase_interval_ma[1],
            fit.chronaxie_interval_us[0] <= 150.0 <= fit.chronaxie_interval_us[1],
        ]
    # Four standard deviations of a binomial of 600 at 0.95 are 3.6 %.
    assert np.all(np.abs(hits / n - 0.95) < 0.036)


@pytest.mark.parametrize("law", LAWS)
def test_widths_that_leave_a_number_open_say_so(law: str) -> None:
    # The same threshold at all widths: any chronaxie far below them fits. The same charge: any far above.
    for threshold in (np.full(WIDTHS_US.size, 0.3), 3.0 / WIDTHS_US):
        fit = fit_strength_duration(WIDTHS_US, threshold, law)
        assert fit.chronaxie_interval_us == (0.0, np.inf)
        assert fit.rheobase_interval_ma == (0.0, np.inf)
