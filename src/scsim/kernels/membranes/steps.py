"""Gates that depend on the voltage alone, from a table for one time step.

A row of the table serves an interval of voltage: parabolas for the steady states of all such gates, and for the
shares of their deviations that are left after the step, exp(-dt / tau). The gates of a lane stand side by side in
slots, as in a row, so that look-up and step are vectors over gates and nothing is gathered number by number; which
gate stands in which slot is for the membrane to know. Rates do not belong here.

With s the width of an interval and D the third derivative of either quantity, a parabola through its three Chebyshev
points is off by at most ``s³ D / 192``: for a steady state that runs from 0 to 1 as 1 / (1 + exp(-v / k)),
6.5e-7 / k³ with k in mV. The points lie inside the interval, so that rates may jump where two intervals meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.kernels.jit import exact_inline_kernel, inline_kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.ends import LANE_FIELDS
from scsim.kernels.single_cable import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scsim.kernels.jit import FloatArray

LOWEST_MV: Final = -400.0
HIGHEST_MV: Final = 400.0
"""Ends of the table. Beyond them gates step as at the end, where every one of them has long settled."""

ROWS_PER_MV: Final = 10
_N_INTERVALS: Final = round((HIGHEST_MV - LOWEST_MV) * ROWS_PER_MV)

_WHOLE: Final = 1.5 * 2.0**52
"""The number whose addition leaves a whole number in the low bits."""
_ROW_BITS: Final = np.int64(2**20 - 1)

# Fields of the lane array that these gates need.
ROW: Final = LANE_FIELDS
PART: Final = LANE_FIELDS + 1
GATE_FIELDS: Final = 2

ALWAYS: Final = "always"
"""Name of a slot that is 1 throughout."""


def gate_table(
    kinetics: Callable[[FloatArray], Mapping[str, tuple[FloatArray, FloatArray]]],
    slots: Sequence[str],
    odd: str | None,
    dt_ms: float,
) -> FloatArray:
    """Tabulate gates for a step.

    Parameters
    ----------
    kinetics : callable
        Takes voltages (mV) and gives steady state and time constant (ms) of each gate by name.
    slots : sequence of str
        Gate of each slot, or `ALWAYS`; a multiple of eight, so that rows begin on cache lines.
    odd : str or None
        A gate that found no slot.
    dt_ms : float
        The step, ms.

    Returns
    -------
    ndarray of float64, flat
        Row by row the coefficients of t⁰, t¹ and t² of the steady states of the slots, and those of the shares left;
        t runs from -1/2 to 1/2. After all rows, row by row the same six numbers of the odd gate, if there is one.
    """
    reach = 0.5 * float(np.cos(np.pi / 6.0))
    middles = LOWEST_MV + (np.arange(_N_INTERVALS) + 0.5) / ROWS_PER_MV
    v = middles + np.array([-reach, 0.0, reach])[:, None] / ROWS_PER_MV
    rows = np.zeros((_N_INTERVALS, 6, len(slots)))
    odd_rows = np.zeros((_N_INTERVALS if odd else 0, 6))
    with np.errstate(over="ignore", under="ignore"):
        gates = {**kinetics(v), ALWAYS: (np.ones_like(v), np.full_like(v, 1e-9 * dt_ms))}
        for slot, name in enumerate((*slots, odd)):
            if name is None:
                continue
            into = odd_rows if slot == len(slots) else rows[:, :, slot]
            infinity, tau = gates[name]
            for first, (low, middle, high) in ((0, infinity), (3, np.exp(-dt_ms / tau))):
                into[:, first] = middle
                into[:, first + 1] = (high - low) / (2.0 * reach)
                into[:, first + 2] = (0.5 * (high + low) - middle) / (reach * reach)
    return np.append(rows.ravel(), odd_rows.ravel())


@exact_inline_kernel
def _place_bits(v: float) -> tuple[float, float]:
    """Row of a voltage (mV), in the low bits of the first number, and place in it from -1/2 to 1/2."""
    place = (v - LOWEST_MV) * ROWS_PER_MV - 0.5
    # This order, unlike min and max, takes a voltage that is not finite to the first row.
    place = place if place > 0.0 else 0.0  # noqa: FURB136
    place = min(place, _N_INTERVALS - 1.0)
    shifted = place + _WHOLE
    return shifted, place - (shifted - _WHOLE)


@inline_kernel
def find_rows(cable: Any, here: FloatArray, n_lanes: int) -> None:
    """Find the place of every lane of a compartment in the table: fields ROW and PART of the lane array.

    Parameters
    ----------
    cable : named tuple
        A kind of single cable with a `gate_table`.
    here : ndarray, shape (record * width,)
        Record of the compartment.
    n_lanes : int
        Number of lanes, known only at run time, or this short loop is unrolled to scalars.
    """
    width = len(cable.width)
    u = here[U * width : (U + 1) * width]
    rows = cable.lane[ROW * width : (ROW + 1) * width]
    parts = cable.lane[PART * width : (PART + 1) * width]
    rest_mv = cable.rest_mv
    for i in range(n_lanes):
        bits, part = _place_bits(u[i] + rest_mv)
        rows[i] = bits
        parts[i] = part


@inline_kernel
def step_gates(cable: Any, here: FloatArray, slots: tuple[int, ...], i: int, power: float) -> None:
    """Advance the gates in slots of lanes `i` and `i + 1`, after `find_rows`.

    Two lanes at a time, so that the loop over slots is long enough for the compiler to make vectors of it before it
    unrolls it.

    Parameters
    ----------
    cable, here
        As in `find_rows`; the slots of a lane are the first states, lane after lane.
    slots : tuple
        One entry per slot, so that their number is known to the compiler.
    i : int
        Lane.
    power : float
        Step over that of the table: 0 or 1; others take powers, which is slow: there are few of them, before a run.
    """
    width = len(cable.width)
    n = len(slots)
    s = cable.lane[PART * width + i]
    t = cable.lane[PART * width + i + 1]
    first = _row(cable.lane[ROW * width + i]) * (6 * n)
    second = _row(cable.lane[ROW * width + i + 1]) * (6 * n)
    a = cable.table[first : first + 6 * n]
    b = cable.table[second : second + 6 * n]
    gates = here[STATE * width + i * n : STATE * width + (i + 2) * n]
    if power == 1.0:
        for j in range(n):
            steady_a = a[j] + s * (a[n + j] + s * a[2 * n + j])
            left_a = a[3 * n + j] + s * (a[4 * n + j] + s * a[5 * n + j])
            steady_b = b[j] + t * (b[n + j] + t * b[2 * n + j])
            left_b = b[3 * n + j] + t * (b[4 * n + j] + t * b[5 * n + j])
            gates[j] = steady_a + (gates[j] - steady_a) * left_a
            gates[n + j] = steady_b + (gates[n + j] - steady_b) * left_b
    elif power != 0.0:
        for j in range(n):
            steady_a = a[j] + s * (a[n + j] + s * a[2 * n + j])
            left_a = a[3 * n + j] + s * (a[4 * n + j] + s * a[5 * n + j])
            steady_b = b[j] + t * (b[n + j] + t * b[2 * n + j])
            left_b = b[3 * n + j] + t * (b[4 * n + j] + t * b[5 * n + j])
            gates[j] = steady_a + (gates[j] - steady_a) * _power(left_a, power)
            gates[n + j] = steady_b + (gates[n + j] - steady_b) * _power(left_b, power)


@inline_kernel
def step_odd_gate(
    cable: Any, here: FloatArray, slots: tuple[int, ...], field: int, i: int, power: float
) -> None:
    """Advance the gate that found no slot, and is the state `field`, in lane `i`; as `step_gates`."""
    width = len(cable.width)
    t = cable.lane[PART * width + i]
    first = (_row(cable.lane[ROW * width + i]) + len(slots) * _N_INTERVALS) * 6
    c = cable.table[first : first + 6]
    gates = here[field * width : (field + 1) * width]
    steady = c[0] + t * (c[1] + t * c[2])
    left = c[3] + t * (c[4] + t * c[5])
    if power != 1.0:
        left = _power(left, power)
    gates[i] = steady + (gates[i] - steady) * left


@inline_kernel
def _row(bits: float) -> Any:
    """Row of the table from what `_place_bits` gave."""
    return np.float64(bits).view(np.int64) & _ROW_BITS


@inline_kernel
def _power(left: float, power: float) -> float:
    """Give what is left after another step; half of one is the usual case."""
    if power == 0.0:
        return 1.0
    return float(np.sqrt(max(left, 0.0)) if power == 0.5 else max(left, 0.0) ** power)
