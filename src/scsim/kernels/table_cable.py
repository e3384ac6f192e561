"""Time stepping of one myelinated double-cable fiber, without lanes.

The cable is that of `double_cable.py`, with one lane. A fiber alone cannot fill lanes, so here the modes of
an internode take their place, and the gates come from a table: steady state and what is left after a step,
linear between voltages a fixed distance apart. Beyond the table the rates themselves are used.
"""

from typing import Any, Final, NamedTuple

from scsim.kernels.elementary import EXP_DOUBLE
from scsim.kernels.jit import FloatArray, inline_kernel, kernel
from scsim.kernels.layouts import (
    ACTIVE,
    BASE_LIMIT,
    CAPACITANCE,
    CHANNEL_DRIVE,
    CLOSE_EVEN,
    CLOSE_ODD,
    COUPLING,
    DIAGONAL,
    E_K,
    E_LEAK,
    E_NA,
    FARTHEST,
    FORCE_FIELDS,
    FORCE_LEFT,
    FORCE_NODE,
    FORCE_OLD,
    FORCE_RIGHT,
    G_KS,
    G_LEAK,
    G_NAF,
    G_NAP,
    GATE_M,
    INVERSE,
    ION_CONDUCTANCE,
    LARGEST,
    LINK,
    MODE,
    MODES,
    NEAREST,
    PIVOT,
    PUSH,
    SUM_LEFT,
    SUM_RIGHT,
    U,
)
from scsim.kernels.membranes.mrg import mrg_gates

N_GATES: Final = 4
TABLE_LOWEST_MV: Final = -149.0
TABLE_HIGHEST_MV: Final = 149.0
"""Just inside the voltages where the published rates jump."""
TABLE_STEP_MV: Final = 0.025
"""At this distance the interpolation moves v_m by less than 1e-3 mV and thresholds by less than 1e-5
(``tests/kernels/test_table_cable.py``)."""


class TableCable(NamedTuple):
    """One myelinated fiber of the MRG family; the attributes of `DoubleCable`, and a table.

    Attributes
    ----------
    table : ndarray of float64, shape (n_voltages, 2 * N_GATES)
        Steady states of the gates m, h, p, s, then the shares of a deviation left after a step.
    table_dt : float
        The step that the table is for, ms.
    """

    buffer: Any
    lane: Any
    force: Any
    membrane: Any
    exps: Any
    rest_mv: Any
    n_nodes: Any
    record: Any
    copies: Any
    width: Any
    half: Any
    table: Any
    table_dt: Any


@kernel
def tabulate_gates(factors: tuple[float, ...], table: FloatArray) -> None:
    """Fill the table of a step.

    Parameters
    ----------
    factors : tuple of float
        As in `mrg_gates`.
    table : ndarray of float64, shape (n_voltages, 2 * N_GATES)
        Filled.
    """
    for row in range(table.shape[0]):
        v = TABLE_LOWEST_MV + TABLE_STEP_MV * row
        zeros = mrg_gates(v, (0.0, 0.0, 0.0, 0.0), factors, EXP_DOUBLE)
        ones = mrg_gates(v, (1.0, 1.0, 1.0, 1.0), factors, EXP_DOUBLE)
        # A step takes x to x_inf (1 - left) + x left.
        for g in range(N_GATES):
            left = ones[g] - zeros[g]
            table[row, g] = zeros[g]
            table[row, N_GATES + g] = left


@inline_kernel
def table_step(
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    row: int,
    row_before: int,
    trapezoidal: int,
    gate_dt: float,
    ion_dt: float,
) -> None:
    """Advance the fiber as `scsim.kernels.double_cable.double_step` does.

    Parameters
    ----------
    cable : TableCable
        Changed in place.
    wide, levels, row, row_before, trapezoidal, gate_dt, ion_dt
        As in `double_step`; `gate_dt` is 0 or the step of the table, any other is computed without it.
    """
    # Known only at run time, so that loops over modes are vectorized and not unrolled.
    n_modes = cable.copies
    half = n_modes // 2
    n_nodes = cable.n_nodes
    buffer = cable.buffer
    force = cable.force
    lane = cable.lane
    table = cable.table
    stride = MODE + n_modes
    block = n_modes + FORCE_FIELDS
    c = cable.membrane
    coupling = lane[COUPLING]
    capacitance = lane[CAPACITANCE]
    g_naf = lane[G_NAF]
    g_nap = lane[G_NAP]
    g_ks = lane[G_KS]
    g_leak = lane[G_LEAK]
    close_even = lane[CLOSE_EVEN]
    close_odd = lane[CLOSE_ODD]
    e_na = c[E_NA]
    e_k = c[E_K]
    e_leak = c[E_LEAK]
    first = MODES + trapezoidal * 2 * n_modes
    left = lane[first : first + n_modes]
    gain = lane[first + n_modes : first + 2 * n_modes]
    extrapolation = 1.0 + trapezoidal
    n_sources = levels.shape[1]
    pushed = 0.0
    for q in range(n_sources):
        if levels[row, q] != 0.0 or levels[row_before, q] != 0.0:
            s = wide[q * n_modes] * levels[row, q]
            s_before = wide[q * n_modes] * levels[row_before, q]
            if trapezoidal != 0:
                s_before = 0.5 * (s + s_before)
            for k in range(1, n_nodes + 1):
                at = (q * (n_nodes + 2) + k) * block + n_modes
                buffer[k * stride + PUSH] = (
                    buffer[k * stride + PUSH] * pushed
                    + force[at + FORCE_NODE] * s
                    + force[at + FORCE_OLD] * s_before
                )
            pushed = 1.0
    inverse = 0.0
    pivot = 0.0
    link = 0.0
    right_sum = 0.0
    for k in range(1, n_nodes + 1):
        here = buffer[k * stride : (k + 1) * stride]
        before = link * coupling * inverse
        pivot = (
            here[ACTIVE] * capacitance * here[U]
            + here[CHANNEL_DRIVE]
            + here[SUM_LEFT]
            + right_sum
            + here[PUSH] * pushed
            + before * pivot
        )
        inverse = 1.0 / (here[DIAGONAL] + here[ION_CONDUCTANCE] - before * coupling)
        here[INVERSE] = inverse
        here[PIVOT] = pivot
        right_sum = here[SUM_RIGHT]
        link = here[LINK]
    solved_right = 0.0
    u_right = 0.0
    has_table = gate_dt == cable.table_dt
    for k in range(n_nodes, 0, -1):
        here = buffer[k * stride : (k + 1) * stride]
        link = here[LINK]
        solved = (here[PIVOT] + link * coupling * solved_right) * here[INVERSE]
        before = here[U]
        u = before + extrapolation * (solved - before)
        here[U] = u
        here[PIVOT] = solved
        v = u + cable.rest_mv
        if gate_dt != 0.0:
            gates = here[GATE_M : GATE_M + N_GATES]
            if has_table and TABLE_LOWEST_MV <= v < TABLE_HIGHEST_MV:
                place = (v - TABLE_LOWEST_MV) * (1.0 / TABLE_STEP_MV)
                index = int(place)
                share = place - index
                lower = table[index]
                upper = table[index + 1]
                for g in range(N_GATES):
                    steady = lower[g] + share * (upper[g] - lower[g])
                    kept = lower[N_GATES + g] + share * (upper[N_GATES + g] - lower[N_GATES + g])
                    gates[g] = steady + kept * gates[g]
            else:
                dt = max(gate_dt, 1e-12)
                factors = (
                    c[0] * dt,
                    c[1] * dt,
                    c[2] * dt,
                    c[LARGEST],
                    c[BASE_LIMIT],
                    c[NEAREST],
                    c[FARTHEST],
                )
                m, h, p, g_s = mrg_gates(
                    v, (gates[0], gates[1], gates[2], gates[3]), factors, cable.exps
                )
                gates[0] = m
                gates[1] = h
                gates[2] = p
                gates[3] = g_s
            m = gates[0]
            p = gates[2]
            sodium = g_naf * m * m * m * gates[1] + g_nap * p * p * p
            potassium = g_ks * gates[3]
            active = here[ACTIVE]
            here[ION_CONDUCTANCE] = active * (sodium + potassium + g_leak)
            here[CHANNEL_DRIVE] = active * (sodium * e_na + potassium * e_k + g_leak * e_leak)
        even_drive = solved + solved_right
        odd_drive = solved - solved_right
        modes = here[MODE : MODE + n_modes]
        both = 0.0
        difference = 0.0
        for j in range(n_modes):
            is_even = j < half
            z = left[j] * modes[j] + gain[j] * (even_drive if is_even else odd_drive)
            modes[j] = z
            both += z
            difference += z if is_even else -z
        even = close_even * (u + u_right)
        odd = close_odd * (u - u_right)
        here[SUM_LEFT] = link * (both + (even + odd))
        here[SUM_RIGHT] = link * (difference + (even - odd))
        solved_right = solved
        u_right = u
    for q in range(n_sources):
        if levels[row, q] != 0.0:
            s = extrapolation * wide[q * n_modes] * levels[row, q]
            for k in range(1, n_nodes + 1):
                at = (q * (n_nodes + 2) + k) * block
                modes = buffer[k * stride + MODE : (k + 1) * stride]
                moved = force[at : at + n_modes]
                for j in range(n_modes):
                    modes[j] += moved[j] * s
                buffer[k * stride + SUM_LEFT] += force[at + n_modes + FORCE_LEFT] * s
                buffer[k * stride + SUM_RIGHT] += force[at + n_modes + FORCE_RIGHT] * s
