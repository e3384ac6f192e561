"""Membrane of Rattay & Aberham (1993): Hodgkin and Huxley's channels shifted to -70 mV and warmed.

Rates in 1/ms, v in mV. I = g_na m³ h (v - e_na) + g_k n⁴ (v - e_k) + g_leak (v - e_leak). With u = v + 70 and
a temperature factor that divides every time constant::

    a_m = (2.5 - 0.1 u) / (exp(2.5 - 0.1 u) - 1)          b_m = 4 exp(-u / 18)
    a_h = 0.07 exp(-u / 20)                               b_h = 1 / (exp(3 - 0.1 u) + 1)
    a_n = 0.1 (1 - 0.1 u) / (exp(1 - 0.1 u) - 1)          b_n = 0.125 exp(-u / 80)

The reference program looks steady states and time constants up in a table of 1 mV with linear
interpolation, constant outside -100 to 100 mV, which moves voltages near threshold by up to 1.4 mV; so the
table is part of the model.

References
----------
Rattay & Aberham (1993), doi:10.1109/10.250575 (rattay1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.elementary import exp
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import LANE_FIELDS, hand_over
from scsim.kernels.single_cable import STATE, cable_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scsim.kernels.jit import FloatArray

RattayCable = cable_kind("RattayCable", __name__)

STATES: Final = ("m", "h", "n")

N_SCRATCH: Final = 8
"""Fields after the constants of a lane: row of the table and place in it, then what was read."""

CONSTANTS: Final = (
    "g_na_s_per_cm2",
    "e_na_mv",
    "g_k_s_per_cm2",
    "e_k_mv",
    "g_leak_s_per_cm2",
    "e_leak_mv",
    "look_up.start_mv",
    "look_up.step_mv",
    "look_up.intervals",
)

_M: Final = STATE
_H: Final = STATE + 1
_N: Final = STATE + 2

_READ: Final = 6
"""Columns read: m_inf, h_inf, n_inf, m_tau, h_tau, n_tau."""
_ROW: Final = LANE_FIELDS
_PART: Final = LANE_FIELDS + 1
_VALUE: Final = LANE_FIELDS + 2


_ROUNDING: Final = 1e-6
"""Far above the rounding of an argument that should be 0, far below 0.1, the next entry's."""


def look_up_table(values: Mapping[str, float]) -> FloatArray:
    """Compute the table from the formulas.

    Parameters
    ----------
    values : mapping of str to float
        The membrane table, with the temperature factor under ``factor.rates``.

    Returns
    -------
    ndarray of float64, shape (n_intervals, 12)
        For each interval m_inf, h_inf, n_inf, m_tau, h_tau, n_tau at its beginning (ms), then what each
        gains until its end.
    """
    n_intervals = round(values["look_up.intervals"])
    u = values["look_up.start_mv"] + values["look_up.step_mv"] * np.arange(n_intervals + 1) + 70.0
    a = np.vstack(
        [_limited(2.5 - 0.1 * u), 0.07 * np.exp(-u / 20.0), 0.1 * _limited(1.0 - 0.1 * u)]
    )
    b = np.vstack(
        [4.0 * np.exp(-u / 18.0), 1.0 / (np.exp(3.0 - 0.1 * u) + 1.0), 0.125 * np.exp(-u / 80.0)]
    )
    read = np.vstack([a / (a + b), 1.0 / ((a + b) * values["factor.rates"])])
    return np.ascontiguousarray(np.vstack([read[:, :-1], np.diff(read)]).T)


def _limited(x: npt.NDArray[np.floating]) -> FloatArray:
    """Give x / (exp(x) - 1); 1 where x is 0 but for rounding, as it is on entries of the table."""
    near = np.abs(x) < _ROUNDING
    return np.asarray(np.where(near, 1.0, x / np.expm1(np.where(near, 1.0, x))))


@inline_kernel
def advance_rattay(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes, as `kernels/single_cable.py` calls it."""
    width = len(cable.width)
    g_na, e_na, g_k, e_k, g_leak, e_leak, start, step, intervals = cable.constants
    table = cable.table
    lane = cable.lane
    # Reading the table is scalar work, so that it has a loop of its own, on a scratch that stays in the
    # nearest cache.
    for i in range(width):
        place = (here[U * width + i] + cable.rest_mv - start) * (1.0 / step)
        # This order, unlike min and max, takes a voltage that is not finite to the first entry.
        place = place if place > 0.0 else 0.0  # noqa: FURB136
        place = min(place, intervals)
        row = np.floor(min(place, intervals - 1.0))
        lane[_ROW * width + i] = row
        lane[_PART * width + i] = place - row
    for i in range(width):
        row = np.int64(lane[_ROW * width + i])
        part = lane[_PART * width + i]
        for j in range(_READ):
            lane[(_VALUE + j) * width + i] = table[row, j] + part * table[row, _READ + j]
    for i in range(width):
        m_inf = lane[_VALUE * width + i]
        h_inf = lane[(_VALUE + 1) * width + i]
        n_inf = lane[(_VALUE + 2) * width + i]
        m_tau = lane[(_VALUE + 3) * width + i]
        h_tau = lane[(_VALUE + 4) * width + i]
        n_tau = lane[(_VALUE + 5) * width + i]
        hn = h_tau * n_tau
        inverse = -gate_dt / (m_tau * hn)
        m = m_inf + (here[_M * width + i] - m_inf) * exp(inverse * hn)
        h = h_inf + (here[_H * width + i] - h_inf) * exp(inverse * (m_tau * n_tau))
        n = n_inf + (here[_N * width + i] - n_inf) * exp(inverse * (m_tau * h_tau))
        here[_M * width + i] = m
        here[_H * width + i] = h
        here[_N * width + i] = n
        sodium = g_na * (m * m * (m * h))
        squared = n * n
        potassium = g_k * (squared * squared)
        hand_over(
            cable,
            here,
            i,
            sodium + potassium + g_leak,
            sodium * e_na + potassium * e_k + g_leak * e_leak,
        )
