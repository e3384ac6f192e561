"""Rate model by classical Runge-Kutta in plain Python: short, slow, obvious.

Written from the equations in the docstring of ``kernels/rate.py``, in their tanh form.
"""

from collections.abc import Callable
from math import tanh

from scsim.circuit.rates.rate import RateCircuit

State = tuple[float, float, float, float]


def slope(c: RateCircuit, y: State, f_a: float, f_c: float) -> State:
    """Time derivative of f_w, f_e, f_i (Hz) and g, per ms."""

    def curve(x: float, m: float, a: float, b: float) -> float:
        return m / 2 * (1 + tanh((x - b) / a))

    f_w, f_e, f_i, g = y
    w = c.g_abp * f_a + (c.g_cp + g) * f_c + c.g_ep * f_e - c.g_ip * f_i
    e = c.g_ce * f_c - c.g_ie * f_i
    to_w = curve(w, c.projection_max_hz, c.projection_width_hz, c.projection_half_hz)
    to_e = curve(e, c.excitatory_max_hz, c.excitatory_width_hz, c.excitatory_half_hz)
    to_i = curve(c.g_abi * f_a, c.inhibitory_max_hz, c.inhibitory_width_hz, c.inhibitory_half_hz)
    to_g = c.nmda_max * curve(f_w, c.nmda_max, c.nmda_width_hz, c.nmda_half_hz)
    return (
        (to_w - f_w) / c.tau_projection_ms,
        (to_e - f_e) / c.tau_excitatory_ms,
        (to_i + c.inhibitory_rest_hz - f_i) / c.tau_inhibitory_ms,
        (to_g - g) / c.tau_nmda_ms,
    )


def integrate(
    c: RateCircuit,
    inputs: Callable[[int], tuple[float, float]],
    n_steps: int,
    step_ms: float,
) -> list[State]:
    """State after every step from zero; `inputs` gives f_a and f_c (Hz) of each step."""

    def moved(y: State, k: State, h: float) -> State:
        return tuple(a + h * b for a, b in zip(y, k, strict=True))  # type: ignore[return-value]

    y: State = (0.0, 0.0, 0.0, 0.0)
    states = [y]
    for step in range(n_steps):
        f_a, f_c = inputs(step)
        k1 = slope(c, y, f_a, f_c)
        k2 = slope(c, moved(y, k1, step_ms / 2), f_a, f_c)
        k3 = slope(c, moved(y, k2, step_ms / 2), f_a, f_c)
        k4 = slope(c, moved(y, k3, step_ms), f_a, f_c)
        for k, share in ((k1, 1 / 6), (k2, 1 / 3), (k3, 1 / 3), (k4, 1 / 6)):
            y = moved(y, k, share * step_ms)
        states.append(y)
    return states
