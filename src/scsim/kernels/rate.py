"""Time stepping of rate models of the dorsal horn, many conditions in lanes.

What a weight or a pain state means, and how input boxes become events, do not belong here: see
``circuit/rate.py``.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scsim.kernels.elementary import exp
from scsim.kernels.jit import inline_kernel, kernel
from scsim.kernels.layouts import LANES

# Rows of the lane buffer: one flat float64 array of shape (N_ROWS * LANES,), lane fastest, so that
# the compiler sees one base pointer and constant distances and needs no check for overlap.
# Parameters: weights, then (maximum, 2 / width, half point) of each response curve.
G_ABP: Final = 0
G_CP: Final = 1
G_EP: Final = 2
G_IP: Final = 3
G_CE: Final = 4
G_IE: Final = 5
G_ABI: Final = 6
CURVE_W: Final = 7
CURVE_E: Final = 10
CURVE_I: Final = 13
CURVE_N: Final = 16
REST_I: Final = 19
TAU_W: Final = 20
# Weights of the exponential quadrature: decay, then start, middle and end value of the forcing,
# for the full step and then for the half step.
STEP_W: Final = 21
STEP_E: Final = 29
STEP_N: Final = 37
STEP_I: Final = 45
# Inputs until the next event, each (rate in Hz, its change per step in Hz, step at which it began).
INPUT_A: Final = 53
INPUT_C: Final = 56
# State: rates in Hz, gain without unit, integral of f_w in Hz ms.
F_W: Final = 59
F_E: Final = 60
F_I: Final = 61
G_N: Final = 62
AREA_W: Final = 63
N_ROWS: Final = 64
N_STATES: Final = 5
N_INPUTS: Final = 6


@inline_kernel
def response(x: float, maximum: float, steepness: float, half: float) -> float:
    """Sigmoid response curve of a population.

    ``m / (1 + exp(2 (b - x) / a))``, which equals ``m / 2 (1 + tanh((x - b) / a))``.

    Parameters
    ----------
    x : float
        Summed input, Hz.
    maximum : float
        m, the saturated rate, Hz.
    steepness : float
        2 / a, 1/Hz.
    half : float
        b, input of half the maximum, Hz.

    Returns
    -------
    float
        Rate that the population tends to, Hz.
    """
    return float(maximum / (1.0 + exp((half - x) * steepness)))


@inline_kernel
def advance_step(lanes: NDArray[np.float64], step: float, step_ms: float) -> None:
    """Advance every lane by one step.

    Equations (time in ms, rates in Hz)::

        tau_w f_w' = S_w(g_abp f_a + (g_cp + g) f_c + g_ep f_e - g_ip f_i) - f_w
        tau_e f_e' = S_e(g_ce f_c - g_ie f_i) - f_e
        tau_i f_i' = S_i(g_abi f_a) + rest_i - f_i
        tau_n g'   = S_n(f_w) - g

    f_a and f_c are straight lines between events. Each equation is linear in its own unknown, so it
    is integrated exactly against a forcing that is a parabola through the start, middle and end of
    the step (order 4; no limit from tau_w). f_i depends on the input alone, exactly so where that is
    constant; f_e depends on f_i and the input; f_w and g are coupled by the slow g alone, so two
    passes leave an error below that of the parabola.

    Parameters
    ----------
    lanes : ndarray of float64, shape (N_ROWS * LANES,), lane fastest
        Parameters, weights, inputs and state, in the rows named above. The state is updated.
    step : float
        Number of the step, from 0.
    step_ms : float
        Step, ms.

    Notes
    -----
    The forcing at the start is computed anew in every step, so that an event of one lane cannot
    change the rounding of another.
    Checked by ``tests/kernels/test_rate.py`` and ``tests/theory/test_rate_model.py``.

    References
    ----------
    Crodelle et al. (2019), doi:10.1371/journal.pcbi.1007106 (key crodelle2019); equations and
    values from the program of Crodelle and Maia (2021), doi:10.3390/brainsci11040505.
    """
    for lane in range(LANES):
        slope = lanes[(INPUT_A + 1) * LANES + lane]
        f_a0 = lanes[INPUT_A * LANES + lane] + slope * (step - lanes[(INPUT_A + 2) * LANES + lane])
        f_a1 = f_a0 + 0.5 * slope
        f_a2 = f_a0 + slope
        slope = lanes[(INPUT_C + 1) * LANES + lane]
        f_c0 = lanes[INPUT_C * LANES + lane] + slope * (step - lanes[(INPUT_C + 2) * LANES + lane])
        f_c1 = f_c0 + 0.5 * slope
        f_c2 = f_c0 + slope
        f_w0 = lanes[F_W * LANES + lane]
        f_e0 = lanes[F_E * LANES + lane]
        f_i0 = lanes[F_I * LANES + lane]
        g0 = lanes[G_N * LANES + lane]
        g_ep = lanes[G_EP * LANES + lane]
        g_ip = lanes[G_IP * LANES + lane]
        g_ie = lanes[G_IE * LANES + lane]

        m = lanes[(CURVE_I + 0) * LANES + lane]
        s = lanes[(CURVE_I + 1) * LANES + lane]
        b = lanes[(CURVE_I + 2) * LANES + lane]
        g_abi = lanes[G_ABI * LANES + lane]
        rest_i = lanes[REST_I * LANES + lane]
        i0 = response(g_abi * f_a0, m, s, b) + rest_i
        i1 = response(g_abi * f_a1, m, s, b) + rest_i
        i2 = response(g_abi * f_a2, m, s, b) + rest_i
        f_i2 = (
            lanes[(STEP_I + 0) * LANES + lane] * f_i0
            + lanes[(STEP_I + 1) * LANES + lane] * i0
            + lanes[(STEP_I + 2) * LANES + lane] * i1
            + lanes[(STEP_I + 3) * LANES + lane] * i2
        )
        f_i1 = (
            lanes[(STEP_I + 4) * LANES + lane] * f_i0
            + lanes[(STEP_I + 5) * LANES + lane] * i0
            + lanes[(STEP_I + 6) * LANES + lane] * i1
            + lanes[(STEP_I + 7) * LANES + lane] * i2
        )

        m = lanes[(CURVE_E + 0) * LANES + lane]
        s = lanes[(CURVE_E + 1) * LANES + lane]
        b = lanes[(CURVE_E + 2) * LANES + lane]
        g_ce = lanes[G_CE * LANES + lane]
        e0 = response(g_ce * f_c0 - g_ie * f_i0, m, s, b)
        e1 = response(g_ce * f_c1 - g_ie * f_i1, m, s, b)
        e2 = response(g_ce * f_c2 - g_ie * f_i2, m, s, b)
        f_e2 = (
            lanes[(STEP_E + 0) * LANES + lane] * f_e0
            + lanes[(STEP_E + 1) * LANES + lane] * e0
            + lanes[(STEP_E + 2) * LANES + lane] * e1
            + lanes[(STEP_E + 3) * LANES + lane] * e2
        )
        f_e1 = (
            lanes[(STEP_E + 4) * LANES + lane] * f_e0
            + lanes[(STEP_E + 5) * LANES + lane] * e0
            + lanes[(STEP_E + 6) * LANES + lane] * e1
            + lanes[(STEP_E + 7) * LANES + lane] * e2
        )

        m_n = lanes[(CURVE_N + 0) * LANES + lane]
        s_n = lanes[(CURVE_N + 1) * LANES + lane]
        b_n = lanes[(CURVE_N + 2) * LANES + lane]
        n0 = response(f_w0, m_n, s_n, b_n)
        # Prediction of g: the forcing of the start held over the step.
        g2 = n0 + (g0 - n0) * lanes[(STEP_N + 0) * LANES + lane]
        g1 = n0 + (g0 - n0) * lanes[(STEP_N + 4) * LANES + lane]

        m = lanes[(CURVE_W + 0) * LANES + lane]
        s = lanes[(CURVE_W + 1) * LANES + lane]
        b = lanes[(CURVE_W + 2) * LANES + lane]
        g_abp = lanes[G_ABP * LANES + lane]
        g_cp = lanes[G_CP * LANES + lane]
        drive0 = g_abp * f_a0 + g_cp * f_c0 + g_ep * f_e0 - g_ip * f_i0
        drive1 = g_abp * f_a1 + g_cp * f_c1 + g_ep * f_e1 - g_ip * f_i1
        drive2 = g_abp * f_a2 + g_cp * f_c2 + g_ep * f_e2 - g_ip * f_i2
        w0 = response(drive0 + g0 * f_c0, m, s, b)
        w1 = w0
        w2 = w0
        f_w2 = f_w0
        for _ in range(2):
            w1 = response(drive1 + g1 * f_c1, m, s, b)
            w2 = response(drive2 + g2 * f_c2, m, s, b)
            f_w2 = (
                lanes[(STEP_W + 0) * LANES + lane] * f_w0
                + lanes[(STEP_W + 1) * LANES + lane] * w0
                + lanes[(STEP_W + 2) * LANES + lane] * w1
                + lanes[(STEP_W + 3) * LANES + lane] * w2
            )
            f_w1 = (
                lanes[(STEP_W + 4) * LANES + lane] * f_w0
                + lanes[(STEP_W + 5) * LANES + lane] * w0
                + lanes[(STEP_W + 6) * LANES + lane] * w1
                + lanes[(STEP_W + 7) * LANES + lane] * w2
            )
            n1 = response(f_w1, m_n, s_n, b_n)
            n2 = response(f_w2, m_n, s_n, b_n)
            g2 = (
                lanes[(STEP_N + 0) * LANES + lane] * g0
                + lanes[(STEP_N + 1) * LANES + lane] * n0
                + lanes[(STEP_N + 2) * LANES + lane] * n1
                + lanes[(STEP_N + 3) * LANES + lane] * n2
            )
            g1 = (
                lanes[(STEP_N + 4) * LANES + lane] * g0
                + lanes[(STEP_N + 5) * LANES + lane] * n0
                + lanes[(STEP_N + 6) * LANES + lane] * n1
                + lanes[(STEP_N + 7) * LANES + lane] * n2
            )

        # The first equation integrated over the step gives the area under f_w.
        lanes[AREA_W * LANES + lane] += step_ms * (w0 + 4.0 * w1 + w2) / 6.0 - lanes[
            TAU_W * LANES + lane
        ] * (f_w2 - f_w0)
        lanes[F_W * LANES + lane] = f_w2
        lanes[F_E * LANES + lane] = f_e2
        lanes[F_I * LANES + lane] = f_i2
        lanes[G_N * LANES + lane] = g2


@kernel
def run_rates(
    lanes: NDArray[np.float64],
    event_step: NDArray[np.int64],
    event_input: NDArray[np.float64],
    step_ms: float,
    steps_per_sample: int,
    out: NDArray[np.float64],
) -> None:
    """Run a batch of conditions and sample their state.

    Parameters
    ----------
    lanes : ndarray of float64, shape (N_ROWS * LANES,), lane fastest
        Parameters, quadrature weights and the state at time 0. Left at the state of the last step.
    event_step : ndarray of int64, shape (n_events,)
        Steps before which inputs change, ascending.
    event_input : ndarray of float64, shape (n_events, N_INPUTS, LANES)
        Inputs of every lane from that step on, in the order of the rows from INPUT_A: of the A-beta
        fibers the rate (Hz), its change per step (Hz) and the step at which it has that rate, then
        the same of the C fibers.
    step_ms : float
        Step, ms.
    steps_per_sample : int
        Steps between samples, at least 1.
    out : ndarray of float64, shape (n_samples, N_STATES, LANES)
        f_w, f_e, f_i (Hz), g (no unit) and the integral of f_w (Hz ms) at steps 0,
        steps_per_sample, 2 steps_per_sample and so on.

    Notes
    -----
    No lane reads another, and a lane's arithmetic does not depend on the events of others.
    """
    n_samples = out.shape[0]
    n_events = event_step.shape[0]
    event = 0
    step = 0
    for sample in range(n_samples):
        for state in range(N_STATES):
            for lane in range(LANES):
                out[sample, state, lane] = lanes[(F_W + state) * LANES + lane]
        if sample == n_samples - 1:
            break
        for _ in range(steps_per_sample):
            while event < n_events and event_step[event] <= step:
                for row in range(N_INPUTS):
                    for lane in range(LANES):
                        lanes[(INPUT_A + row) * LANES + lane] = event_input[event, row, lane]
                event += 1
            advance_step(lanes, float(step), step_ms)
            step += 1
