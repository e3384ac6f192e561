"""Time stepping of many myelinated double-cable fibers at once (MRG family).

The passive internode between two nodes is a constant linear system of 20 unknowns (axoplasm and
periaxonal space of ten compartments). In the basis of its own modes each unknown relaxes by itself,
driven by the two node voltages and by the stimulus, so only a scalar tridiagonal system over the
nodes is left per step. With all 20 modes and plain steps this is NEURON's fixed step to rounding; with
the 12 slow ones the others follow at once, but keep the charge they hold.

Fibers ride in lanes. One flat buffer holds everything that varies along the fiber: separate arrays or
special cases at the ends cost the vectorizer its SIMD. Shapes of fibers and units of parameters do
not belong here: `fibers/assemble.py` fills the buffers.

Symbols: u = v_m - E_rest, mV; h the step of the linear solve, ms; Z_j = b_j a_j y_j, the scaled modes,
nA; S = u_k ± u_(k+1) for even and odd modes; a_j = 1 / (1 + λ_j h). One solve, backward Euler with
frozen gates:

    (C/h + g_ion) u' - i_ion + sides (g_a - α_d) u'_k - α_o (u'_(k-1) + u'_(k+1)) = C/h u + Σ Z + f s(t)
    Z'_j = a_j (Z_j + H_j s) + c_j S',      c_j = a_j² h b_j²,     H_j = b_j a_j h F_j

and then ``x <- x + w (x' - x)`` for u and Z. A plain step has w = 1. A trapezoidal one has w = 2, so that
h is half the step; it is second order, and plain half steps after an edge of the waveform damp what
the trapezoidal rule would let ring (Rannacher 1984, doi:10.1007/BF01379130).
"""

from typing import Any, Final

from scsim.kernels.jit import FloatArray, inline_kernel
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
    F1,
    F2,
    F3,
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
    GATE_H,
    GATE_M,
    GATE_P,
    GATE_S,
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

_NONE: Final = 0.0
_NO_TIME_MS: Final = 1e-12
"""A step in which no gate moves: the fastest rate is 1e3 per ms."""
_FOREVER_MS: Final = 1e6
"""A step after which every gate is in its steady state: the slowest rate is 0.01 per ms."""


@inline_kernel
def double_refresh(cable: Any, gate_dt: float) -> None:
    """Advance the gates alone, and bring conductances and sums of modes up to date.

    Parameters
    ----------
    cable : DoubleCable
        Changed in place.
    gate_dt : float
        Step of the gates, ms: infinite for their steady state, 0 to leave them.
    """
    width = len(cable.width)
    half = len(cable.half)
    buffer = cable.buffer
    lane = cable.lane
    stride = (MODE + 2 * half) * width
    real = type(buffer[0])
    dt = real(min(max(gate_dt, _NO_TIME_MS), _FOREVER_MS))
    rest = real(cable.rest_mv)
    c = cable.membrane
    factors = (
        c[F1] * dt,
        c[F2] * dt,
        c[F3] * dt,
        c[LARGEST],
        c[BASE_LIMIT],
        c[NEAREST],
        c[FARTHEST],
    )
    for k in range(1, cable.n_nodes + 1):
        two = buffer[k * stride : (k + 2) * stride]
        for i in range(width):
            u = two[U * width + i]
            gates = (
                two[GATE_M * width + i],
                two[GATE_H * width + i],
                two[GATE_P * width + i],
                two[GATE_S * width + i],
            )
            m, h, p, s = mrg_gates(u + rest, gates, factors, cable.exps)
            two[GATE_M * width + i] = m
            two[GATE_H * width + i] = h
            two[GATE_P * width + i] = p
            two[GATE_S * width + i] = s
            sodium = lane[G_NAF * width + i] * m * m * m * h + lane[G_NAP * width + i] * p * p * p
            potassium = lane[G_KS * width + i] * s
            leak = lane[G_LEAK * width + i]
            active = two[ACTIVE * width + i]
            two[ION_CONDUCTANCE * width + i] = active * (sodium + potassium + leak)
            two[CHANNEL_DRIVE * width + i] = active * (
                sodium * c[E_NA] + potassium * c[E_K] + leak * c[E_LEAK]
            )
            u_right = two[stride + U * width + i]
            even = lane[CLOSE_EVEN * width + i] * (u + u_right)
            odd = lane[CLOSE_ODD * width + i] * (u - u_right)
            for j in range(half):
                even += two[(MODE + j) * width + i]
                odd += two[(MODE + half + j) * width + i]
            link = two[LINK * width + i]
            two[SUM_LEFT * width + i] = link * (even + odd)
            two[SUM_RIGHT * width + i] = link * (even - odd)


@inline_kernel
def double_step(
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    row: int,
    row_before: int,
    trapezoidal: int,
    gate_dt: float,
    ion_dt: float,
) -> None:
    """Advance all lanes by one linear solve and one step of the gates.

    Parameters
    ----------
    cable : DoubleCable
        Changed in place; its lane constants are those of a solve of h ms.
    wide : ndarray, shape (n_sources * copies * n_lanes,)
        Amplitude of each source in each lane, mA, repeated for every mode: one flat loop keeps its SIMD.
    levels : ndarray of float64, shape (n_rows, n_sources)
        Waveform of each source (no unit).
    row, row_before : int
        Row of `levels` in force during this solve and during the one before.
    trapezoidal : int
        1 for w = 2, 0 for w = 1.
    gate_dt : float
        Step of the gates, ms.
    ion_dt : float
        Step of concentrations, ms; there are none.
    """
    width = len(cable.width)
    half = len(cable.half)
    buffer = cable.buffer
    force = cable.force
    n_nodes = cable.n_nodes
    stride = (MODE + 2 * half) * width
    real = type(buffer[0])
    one = real(1.0)
    dt = real(min(max(gate_dt, _NO_TIME_MS), _FOREVER_MS))
    rest = real(cable.rest_mv)
    c = cable.membrane
    e_na = c[E_NA]
    e_k = c[E_K]
    e_l = c[E_LEAK]
    factors = (
        c[F1] * dt,
        c[F2] * dt,
        c[F3] * dt,
        c[LARGEST],
        c[BASE_LIMIT],
        c[NEAREST],
        c[FARTHEST],
    )
    extrapolation = real(1 + trapezoidal)
    n_modes = 2 * half
    lane = cable.lane
    mode_lane = lane[(MODES + trapezoidal * 2 * n_modes) * width :]
    block = (n_modes + FORCE_FIELDS) * width
    n_sources = levels.shape[1]
    pushed = real(_NONE)
    for q in range(n_sources):
        if levels[row, q] != _NONE or levels[row_before, q] != _NONE:
            s = real(levels[row, q])
            # A trapezoidal step starts from the mean of its own level and the one before.
            s_before = real(levels[row_before, q])
            if trapezoidal != 0:
                s_before = real(0.5) * (s + s_before)
            amplitude = wide[q * n_modes * width : (q + 1) * n_modes * width]
            for k in range(1, n_nodes + 1):
                pushes = buffer[k * stride + PUSH * width : k * stride + (PUSH + 1) * width]
                start = (q * (n_nodes + 2) + k) * block + n_modes * width
                nodes = force[start : start + FORCE_FIELDS * width]
                for i in range(width):
                    pushes[i] = pushes[i] * pushed + amplitude[i] * (
                        nodes[FORCE_NODE * width + i] * s + nodes[FORCE_OLD * width + i] * s_before
                    )
            pushed = one
    # Forward: assemble and eliminate. A slice holds the record before and this one, so that every
    # index inside the lane loop is a plain sum (a possible negative index would cost all SIMD).
    for k in range(1, n_nodes + 1):
        two = buffer[(k - 1) * stride : (k + 1) * stride]
        for i in range(width):
            o = lane[COUPLING * width + i]
            before = two[LINK * width + i] * o * two[INVERSE * width + i]
            diagonal = (
                two[stride + DIAGONAL * width + i]
                + two[stride + ION_CONDUCTANCE * width + i]
                - before * o
            )
            right = (
                two[stride + ACTIVE * width + i]
                * lane[CAPACITANCE * width + i]
                * two[stride + U * width + i]
                + two[stride + CHANNEL_DRIVE * width + i]
                + two[stride + SUM_LEFT * width + i]
                + two[SUM_RIGHT * width + i]
                + two[stride + PUSH * width + i] * pushed
                + before * two[PIVOT * width + i]
            )
            two[stride + INVERSE * width + i] = one / diagonal
            two[stride + PIVOT * width + i] = right
    # Backward: node voltages, then gates, modes and what the next step needs of them.
    for k in range(n_nodes, 0, -1):
        two = buffer[k * stride : (k + 2) * stride]
        for i in range(width):
            link = two[LINK * width + i]
            solved_right = two[stride + PIVOT * width + i]
            solved = (
                two[PIVOT * width + i] + link * lane[COUPLING * width + i] * solved_right
            ) * two[INVERSE * width + i]
            before = two[U * width + i]
            u = before + extrapolation * (solved - before)
            two[PIVOT * width + i] = solved
            two[U * width + i] = u
            gates = (
                two[GATE_M * width + i],
                two[GATE_H * width + i],
                two[GATE_P * width + i],
                two[GATE_S * width + i],
            )
            m, h, p, g = mrg_gates(u + rest, gates, factors, cable.exps)
            two[GATE_M * width + i] = m
            two[GATE_H * width + i] = h
            two[GATE_P * width + i] = p
            two[GATE_S * width + i] = g
            sodium = lane[G_NAF * width + i] * m * m * m * h + lane[G_NAP * width + i] * p * p * p
            potassium = lane[G_KS * width + i] * g
            leak = lane[G_LEAK * width + i]
            active = two[ACTIVE * width + i]
            two[ION_CONDUCTANCE * width + i] = active * (sodium + potassium + leak)
            two[CHANNEL_DRIVE * width + i] = active * (sodium * e_na + potassium * e_k + leak * e_l)
            u_right = two[stride + U * width + i]
            even_drive = solved + solved_right
            odd_drive = solved - solved_right
            even = lane[CLOSE_EVEN * width + i] * (u + u_right)
            odd = lane[CLOSE_ODD * width + i] * (u - u_right)
            for j in range(half):
                z = (
                    mode_lane[j * width + i] * two[(MODE + j) * width + i]
                    + mode_lane[(n_modes + j) * width + i] * even_drive
                )
                two[(MODE + j) * width + i] = z
                even += z
            for j in range(half, n_modes):
                z = (
                    mode_lane[j * width + i] * two[(MODE + j) * width + i]
                    + mode_lane[(n_modes + j) * width + i] * odd_drive
                )
                two[(MODE + j) * width + i] = z
                odd += z
            two[SUM_LEFT * width + i] = link * (even + odd)
            two[SUM_RIGHT * width + i] = link * (even - odd)
    for q in range(n_sources):
        if levels[row, q] != _NONE:
            s = extrapolation * real(levels[row, q])
            amplitude = wide[q * n_modes * width : (q + 1) * n_modes * width]
            for k in range(1, n_nodes + 1):
                start = (q * (n_nodes + 2) + k) * block
                modes = buffer[k * stride + MODE * width : (k + 1) * stride]
                moved = force[start : start + n_modes * width]
                for j in range(n_modes * width):
                    modes[j] += moved[j] * (amplitude[j] * s)
                sums = buffer[k * stride + SUM_LEFT * width : k * stride + (SUM_RIGHT + 1) * width]
                nodes = force[start + n_modes * width : start + block]
                for i in range(width):
                    sums[i] += nodes[FORCE_LEFT * width + i] * (amplitude[i] * s)
                    sums[width + i] += nodes[FORCE_RIGHT * width + i] * (amplitude[i] * s)
