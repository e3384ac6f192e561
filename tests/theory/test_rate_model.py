"""Closed forms and qualitative laws of the rate model."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad, simpson, solve_ivp

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates import assemble_rate
from scsim.circuit.rates.fiber_rates import poisson_trains, rates_from_trains
from scsim.circuit.rates.rate import InputBoxes, RateBox, RateCircuit, SampledRates
from scsim.circuit.rates.run_rate import simulate_rates, steady_state
from scsim.circuit.states import apply_state
from scsim.kernels import rate
from scsim.kernels.layouts import LANES
from tests.reference.rate import slope

HEALTHY = load_circuit("crodelle2019")
HALF_INHIBITED = apply_state(HEALTHY, "disinhibited", 2 / 3)
NOXIOUS_HZ = 22.0


def lasting(f_a_hz: float, *, from_s: float = 0.0, rest_hz: float = 1.0) -> InputBoxes:
    """A-beta rate from one time on, noxious C input from 1 s on."""
    return InputBoxes(
        rest_hz,
        1.0,
        (RateBox(from_s, np.inf, f_a_hz),),
        (RateBox(1.0, np.inf, NOXIOUS_HZ),),
    )


def final_rate(circuit: RateCircuit, inputs: list[InputBoxes]) -> NDArray[np.float64]:
    response = simulate_rates([circuit] * len(inputs), inputs, duration_s=10.0, readout_s=1.0)
    return response.mean_projection_rate_hz


def test_inhibitory_rate_relaxes_exponentially() -> None:
    f_a = 31.0
    response = simulate_rates([HEALTHY], [InputBoxes(f_a, 1.0)], duration_s=0.2, sample_s=0.001)
    curve = 40.0 * (1 + np.tanh((0.8 * f_a - 28.0) / 9.5))
    expected = (curve + 1.0) * -np.expm1(-response.time_s / 0.020)
    np.testing.assert_allclose(response.inhibitory_rate_hz[0], expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("z", [1e-4, 0.01, 0.1, 1.0, 2.0])
def test_quadrature_is_exact_for_a_parabola(z: float) -> None:
    # y' = z (F(s) - y) with F = 2 - 3 s + 5 s², by the variation of constants.
    def forcing(s: float) -> float:
        return 2.0 - 3.0 * s + 5.0 * s**2

    rows = assemble_rate._quadrature(z)
    values = [forcing(s) for s in (0.0, 0.5, 1.0)]
    for start, end in ((0, 1.0), (4, 0.5)):
        area, _ = quad(lambda s, end=end: z * np.exp(-z * (end - s)) * forcing(s), 0.0, end)
        exact = 0.7 * np.exp(-z * end) + area
        assert rows[start] * 0.7 + np.dot(rows[start + 1 : start + 4], values) == pytest.approx(
            exact, rel=1e-13
        )


@pytest.mark.parametrize("slopes", [(0.0, 0.0), (1.0, -0.4)], ids=["constant", "sloping"])
def test_order_of_convergence_is_four(
    slopes: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    f_a, f_c, sample_ms, n_samples = 25.0, 30.0, 0.8, 51
    times_ms = sample_ms * np.arange(n_samples)
    exact = solve_ivp(
        lambda t, y: slope(HEALTHY, tuple(y), f_a + slopes[0] * t, f_c + slopes[1] * t),
        (0.0, times_ms[-1]),
        np.zeros(4),
        method="DOP853",
        t_eval=times_ms,
        rtol=1e-13,
        atol=1e-14,
        max_step=0.4,
    ).y
    errors = []
    for step_ms in (0.8, 0.4, 0.2, 0.1):
        monkeypatch.setattr(assemble_rate, "STEP_MS", step_ms)
        out = np.empty((n_samples, rate.N_STATES, LANES))
        lines = [[f_a], [slopes[0] * step_ms], [0.0], [f_c], [slopes[1] * step_ms], [0.0]]
        rate.run_rates(
            assemble_rate.lane_buffer([HEALTHY] * LANES),
            np.zeros(1, dtype=np.int64),
            np.repeat([lines], LANES, axis=2),
            step_ms,
            round(sample_ms / step_ms),
            out,
        )
        errors.append(np.abs(out[:, :4, 0] - exact.T).max(axis=0)[[0, 1, 3]])
    coarse, fine = np.array(errors[:-1]), np.array(errors[1:])
    above_rounding = fine > 1e-11
    order = np.log2(coarse / fine)
    assert above_rounding[0].all()
    assert (order[above_rounding] > 3.7).all(), (order, errors)
    assert np.max(errors[-1]) < 3e-7  # Hz, at the step in use


def test_error_of_the_published_brief_stimulus() -> None:
    # Piece by piece between the edges of the boxes: A-beta and C rate from one time to the next, ms.
    pieces = [(0, 500, 1, 1), (500, 520, 40, 1), (520, 590, 1, 1), (590, 800, 1, 22)]
    brief = InputBoxes(1.0, 1.0, (RateBox(0.5, 0.52, 40.0),), (RateBox(0.59, 0.8, 22.0),))
    response = simulate_rates([HEALTHY], [brief], duration_s=1.0, sample_s=0.001)
    exact = np.zeros((4, 1001))
    for start, end, f_a, f_c in [*pieces, (800, 1000, 1, 1)]:
        exact[:, start : end + 1] = solve_ivp(
            lambda _, y, f_a=f_a, f_c=f_c: slope(HEALTHY, tuple(y), f_a, f_c),
            (start, end),
            exact[:, start],
            method="DOP853",
            t_eval=np.arange(start, end + 1),
            rtol=1e-13,
            atol=1e-14,
        ).y
    names = ("projection_rate_hz", "excitatory_rate_hz", "inhibitory_rate_hz", "nmda_gain")
    errors = [
        np.abs(getattr(response, name)[0] - exact[row]).max() for row, name in enumerate(names)
    ]
    assert max(errors) < 3e-7, dict(zip(names, errors, strict=True))  # Hz; the gain has no unit


def test_error_with_smoothed_spike_counts() -> None:
    # The rates of the brief stimulus as the published program makes them, shortened to 0.2 s: up to
    # 15 Hz/ms steep, where the parabola of a step is least exact.
    brief = InputBoxes(1.0, 1.0, (RateBox(0.02, 0.04, 40.0),), (RateBox(0.06, 0.2, 22.0),))
    trains = poisson_trains(brief, duration_ms=200.0, seed=1)
    sampled = rates_from_trains(trains, duration_ms=200.0)
    response = simulate_rates([HEALTHY], [sampled], duration_s=0.2, sample_s=0.001)
    exact = np.zeros((4, 201))
    for ms in range(200):
        a, c = (np.append(f, f[-1])[ms : ms + 2] for f in (sampled.a_beta_hz, sampled.c_hz))
        exact[:, ms + 1] = solve_ivp(
            lambda t, y, a=a, c=c, ms=ms: slope(
                HEALTHY, tuple(y), a[0] + (t - ms) * (a[1] - a[0]), c[0] + (t - ms) * (c[1] - c[0])
            ),
            (ms, ms + 1),
            exact[:, ms],
            method="DOP853",
            rtol=1e-12,
            atol=1e-13,
        ).y[:, -1]
    names = ("projection_rate_hz", "excitatory_rate_hz", "inhibitory_rate_hz", "nmda_gain")
    errors = [
        np.abs(getattr(response, name)[0] - exact[row]).max() for row, name in enumerate(names)
    ]
    assert max(errors) < 1e-5, dict(zip(names, errors, strict=True))  # Hz; the gain has no unit


def test_constant_samples_are_constant_boxes() -> None:
    boxes = simulate_rates([HEALTHY], [InputBoxes(25.0, 18.0)], duration_s=0.3)
    samples = simulate_rates(
        [HEALTHY], [SampledRates(0.02, np.full(9, 25.0), np.array([18.0]))], duration_s=0.3
    )
    np.testing.assert_array_equal(boxes.projection_rate_hz, samples.projection_rate_hz)


def test_sampled_conditions_do_not_depend_on_their_neighbors() -> None:
    rng = np.random.default_rng(2)
    sampled = [SampledRates(0.001, rng.uniform(0, 40, 99), rng.uniform(0, 30, 99)) for _ in "ab"]
    box = InputBoxes(1.0, 1.0, (RateBox(0.0101, 0.0503, 40.0),))
    together = simulate_rates([HEALTHY] * 3, [*sampled, box], duration_s=0.1)
    for row, given in enumerate([*sampled, box]):
        alone = simulate_rates([HEALTHY], [given], duration_s=0.1)
        np.testing.assert_array_equal(alone.projection_rate_hz[0], together.projection_rate_hz[row])


def test_spikes_are_the_integral_of_the_rate() -> None:
    response = simulate_rates(
        [HEALTHY], [lasting(20.0)], duration_s=1.5, sample_s=0.0001, readout_s=0.5
    )
    rate_hz = response.projection_rate_hz[0]
    parts = [simpson(part, dx=1e-4) for part in (rate_hz[:10001], rate_hz[10000:])]
    assert response.projection_spikes[0, -1] == pytest.approx(sum(parts), rel=1e-8)
    assert response.mean_projection_rate_hz[0] == pytest.approx(parts[1] / 0.5, rel=1e-8)


@pytest.mark.parametrize("circuit", [HEALTHY, HALF_INHIBITED], ids=["healthy", "half"])
def test_a_run_ends_in_the_steady_state(circuit: RateCircuit) -> None:
    f_a = np.array([1.0, 20.0, 27.0, 35.0, 60.0, 90.0, 120.0])
    response = simulate_rates(
        [circuit] * f_a.size,
        [InputBoxes(f, NOXIOUS_HZ) for f in f_a],
        duration_s=40.0,
        sample_s=0.1,
    )
    steady = steady_state(circuit, f_a, NOXIOUS_HZ)
    for name in ("projection_rate_hz", "excitatory_rate_hz", "inhibitory_rate_hz", "nmda_gain"):
        np.testing.assert_allclose(
            getattr(response, name)[:, -1], getattr(steady, name), rtol=1e-8, atol=1e-10
        )
    slopes = [
        slope(circuit, state, float(f), NOXIOUS_HZ)
        for f, state in zip(
            f_a,
            zip(
                steady.projection_rate_hz,
                steady.excitatory_rate_hz,
                steady.inhibitory_rate_hz,
                steady.nmda_gain,
                strict=True,
            ),
            strict=True,
        )
    ]
    np.testing.assert_allclose(slopes, 0.0, atol=1e-10)


def test_a_run_may_leave_the_lowest_resting_point_near_its_end() -> None:
    # From zero, inhibition builds up too late and the gain passes the divide; with inhibition settled
    # before the C input begins, the run stays.
    from_zero = InputBoxes(90.0, 28.0)
    settled = InputBoxes(90.0, 1.0, c=(RateBox(0.5, np.inf, 28.0),))
    response = simulate_rates(
        [HALF_INHIBITED] * 2, [from_zero, settled], duration_s=30.0, readout_s=1.0
    )
    lowest_hz = float(steady_state(HALF_INHIBITED, 90.0, 28.0).projection_rate_hz)
    assert lowest_hz == pytest.approx(15.03, abs=5e-3)
    assert response.mean_projection_rate_hz[0] > 49.0
    assert response.mean_projection_rate_hz[1] == pytest.approx(lowest_hz, rel=1e-6)


def test_lower_of_two_resting_points_is_found() -> None:
    gain = np.linspace(0.0, 4.0, 4001)
    steady = steady_state(HALF_INHIBITED, 60.0, NOXIOUS_HZ)
    curve = HALF_INHIBITED
    drive = (
        curve.g_abp * 60.0
        + curve.g_cp * NOXIOUS_HZ
        + curve.g_ep * steady.excitatory_rate_hz
        - curve.g_ip * steady.inhibitory_rate_hz
    )
    f_w = 25.0 * (1 + np.tanh((drive + gain * NOXIOUS_HZ - 28.2) / 11.5))
    balance = 2.0 * (1 + np.tanh((f_w - 38.0) / 10.0)) - gain
    roots = gain[:-1][np.diff(np.sign(balance)) != 0]
    assert roots.size == 3  # two resting points with the divide between them
    assert abs(float(steady.nmda_gain) - roots[0]) < 2e-3


def test_a_beta_input_closes_the_gate_of_the_healthy_circuit() -> None:
    rates = final_rate(HEALTHY, [lasting(f) for f in (1.0, 15.0, 25.0, 30.0, 100.0)])
    assert (rates[:2] > 49.0).all()
    assert rates[2] < 10.0
    assert (rates[3:] < 1.0).all()


def test_half_the_inhibition_leaves_a_window() -> None:
    inside = final_rate(HALF_INHIBITED, [lasting(f) for f in (35.0, 50.0, 70.0, 90.0)])
    outside = final_rate(HALF_INHIBITED, [lasting(f) for f in (25.0, 101.0, 120.0)])
    assert (inside < 10.0).all()
    assert (outside > 49.0).all()


def test_stimulation_after_the_pain_comes_too_late_for_half_the_inhibition() -> None:
    f_a = (35.0, 50.0, 70.0, 90.0)
    early = final_rate(HALF_INHIBITED, [lasting(f) for f in f_a])
    late = final_rate(HALF_INHIBITED, [lasting(f, from_s=2.0) for f in f_a])
    healthy_late = final_rate(HEALTHY, [lasting(f, from_s=2.0) for f in f_a])
    assert (early < 10.0).all()
    assert (late > 49.0).all()
    assert (healthy_late < 1.0).all()
