"""Time stepping of many myelinated double-cable fibers at once (MRG family).

The passive internode between two nodes is a constant linear system of 20 unknowns (axoplasm and
periaxonal space of ten compartments). In the basis of its own modes each unknown relaxes by itself,
driven by the two node voltages and by the stimulus, so only a scalar tridiagonal system over the
nodes is left per step. With all 20 modes this is NEURON's fixed step to rounding.

Sixteen fibers ride in lanes. One flat buffer holds everything that varies along the fiber, a record
of `RECORD` values × lanes per node, with an empty ghost record at either end: separate arrays or
special cases at the ends cost the vectorizer its SIMD. Shapes of fibers and units of parameters do
not belong here: `fibers/assemble.py` fills the buffers.

Symbols: u = v_m - E_rest, mV; Z_j = b_j a_j y_j, the scaled modes, nA; S = u_k ± u_(k+1) for even and
odd modes; a_j = 1 / (1 + λ_j dt). One step, backward Euler with frozen gates:

    (C/dt + g_ion) u - i_ion + sides (g_a - α_d) u_k - α_o (u_(k-1) + u_(k+1)) = C/dt u_old + Σ Z + f s(t)
    Z_j <- a_j (Z_j + H_j s) + c_j S,      c_j = a_j² dt b_j²,     H_j = b_j a_j dt F_j
"""

from typing import Final

from scsim.kernels.jit import FloatArray, IntArray, inline_kernel, kernel
from scsim.kernels.layouts import (
    ACTIVE,
    CAPACITANCE,
    COUPLING,
    DECAY,
    DIAGONAL,
    DRIVE,
    E_K,
    E_LEAK,
    E_NA,
    E_REST,
    F1,
    F2,
    F3,
    FORCE,
    G_KS,
    G_LEAK,
    G_NAF,
    G_NAP,
    GAIN,
    GATE_H,
    GATE_M,
    GATE_P,
    GATE_S,
    INJECTED,
    INVERSE,
    ION_CONDUCTANCE,
    LANES,
    LINK,
    MODE,
    N_MODES,
    PIVOT,
    RECORD,
    SUM_LEFT,
    SUM_RIGHT,
    U,
)
from scsim.kernels.membranes.mrg import mrg_h, mrg_m, mrg_p, mrg_s

_HALF: Final = N_MODES // 2
_STRIDE: Final = RECORD * LANES


@kernel
def ions(buffer: FloatArray, lane: FloatArray, membrane: FloatArray, n_nodes: int) -> None:
    """Conductance and driving current of every node from its gates, and the sums of its modes.

    Run once after a state has been written from outside; a step keeps them up to date itself.

    Parameters
    ----------
    buffer : ndarray of float64, shape ((n_nodes + 2) * RECORD * LANES,)
        State and constants along the fibers, see ``kernels/layouts.py``.
    lane : ndarray of float64, shape (LANE_FIELDS * LANES,)
        Constants of each lane.
    membrane : ndarray of float64, shape (MEMBRANE_FIELDS,)
        Temperature factors f1, f2, f3 (no unit), E_rest, E_na, E_k and E_leak (mV).
    n_nodes : int
        Nodes of the longest fiber in the lanes.
    """
    e_na = membrane[E_NA] - membrane[E_REST]
    e_k = membrane[E_K] - membrane[E_REST]
    e_l = membrane[E_LEAK] - membrane[E_REST]
    for k in range(1, n_nodes + 1):
        b = k * _STRIDE
        for i in range(LANES):
            m = buffer[b + GATE_M * LANES + i]
            p = buffer[b + GATE_P * LANES + i]
            sodium = (
                lane[G_NAF * LANES + i] * m * m * m * buffer[b + GATE_H * LANES + i]
                + lane[G_NAP * LANES + i] * p * p * p
            )
            potassium = lane[G_KS * LANES + i] * buffer[b + GATE_S * LANES + i]
            leak = lane[G_LEAK * LANES + i]
            active = buffer[b + ACTIVE * LANES + i]
            buffer[b + ION_CONDUCTANCE * LANES + i] = active * (sodium + potassium + leak)
            buffer[b + DRIVE * LANES + i] = active * (sodium * e_na + potassium * e_k + leak * e_l)
            even = 0.0
            odd = 0.0
            for j in range(_HALF):
                even += buffer[b + (MODE + j) * LANES + i]
                odd += buffer[b + (MODE + _HALF + j) * LANES + i]
            link = buffer[b + LINK * LANES + i]
            buffer[b + SUM_LEFT * LANES + i] = link * (even + odd)
            buffer[b + SUM_RIGHT * LANES + i] = link * (even - odd)


@inline_kernel
def step(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    amplitude: FloatArray,
    drive: tuple[float, float],
    dt: float,
    n_nodes: int,
) -> None:
    """Advance all lanes by one step of NEURON's scheme.

    Parameters
    ----------
    buffer, lane, membrane, n_nodes
        As in `ions`; changed in place.
    force : ndarray of float64, shape (n_nodes * N_MODES * LANES,)
        H_j of every internode, nA per mA.
    amplitude : ndarray of float64, shape (N_MODES * LANES,)
        Stimulus amplitude of each lane, mA, repeated for every mode: one flat loop keeps its SIMD.
    drive : tuple of float
        Value of the stimulus waveform and of the intracellular waveform in this step (no unit).
    dt : float
        Step, ms.
    """
    f1 = membrane[F1]
    f2 = membrane[F2]
    f3 = membrane[F3]
    e_rest = membrane[E_REST]
    e_na = membrane[E_NA] - e_rest
    e_k = membrane[E_K] - e_rest
    e_l = membrane[E_LEAK] - e_rest
    s = drive[0]
    inject = drive[1]
    # Forward: assemble and eliminate. A slice holds the record before and this one, so that every
    # index inside the lane loop is a plain sum (a possible negative index would cost all SIMD).
    for k in range(1, n_nodes + 1):
        two = buffer[(k - 1) * _STRIDE : (k + 1) * _STRIDE]
        for i in range(LANES):
            o = lane[COUPLING * LANES + i]
            before = two[LINK * LANES + i] * o * two[INVERSE * LANES + i]
            diagonal = (
                two[_STRIDE + DIAGONAL * LANES + i]
                + two[_STRIDE + ION_CONDUCTANCE * LANES + i]
                - before * o
            )
            right = (
                two[_STRIDE + ACTIVE * LANES + i]
                * lane[CAPACITANCE * LANES + i]
                * two[_STRIDE + U * LANES + i]
                + two[_STRIDE + DRIVE * LANES + i]
                + two[_STRIDE + SUM_LEFT * LANES + i]
                + two[SUM_RIGHT * LANES + i]
                + two[_STRIDE + FORCE * LANES + i] * (amplitude[i] * s)
                + two[_STRIDE + INJECTED * LANES + i] * inject
                + before * two[PIVOT * LANES + i]
            )
            two[_STRIDE + INVERSE * LANES + i] = 1.0 / diagonal
            two[_STRIDE + PIVOT * LANES + i] = right
    if s != 0.0:
        for k in range(n_nodes):
            modes = buffer[(k + 1) * _STRIDE + MODE * LANES : (k + 2) * _STRIDE]
            push = force[k * N_MODES * LANES : (k + 1) * N_MODES * LANES]
            for j in range(N_MODES * LANES):
                modes[j] += push[j] * (amplitude[j] * s)
    # Backward: node voltages, then gates, modes and what the next step needs of them.
    for k in range(n_nodes, 0, -1):
        two = buffer[k * _STRIDE : (k + 2) * _STRIDE]
        for i in range(LANES):
            link = two[LINK * LANES + i]
            u_right = two[_STRIDE + U * LANES + i]
            u = (two[PIVOT * LANES + i] + link * lane[COUPLING * LANES + i] * u_right) * two[
                INVERSE * LANES + i
            ]
            two[U * LANES + i] = u
            v = u + e_rest
            m = mrg_m(two[GATE_M * LANES + i], v, dt, f1)
            p = mrg_p(two[GATE_P * LANES + i], v, dt, f1)
            h = mrg_h(two[GATE_H * LANES + i], v, dt, f2)
            g = mrg_s(two[GATE_S * LANES + i], v, dt, f3)
            two[GATE_M * LANES + i] = m
            two[GATE_P * LANES + i] = p
            two[GATE_H * LANES + i] = h
            two[GATE_S * LANES + i] = g
            sodium = lane[G_NAF * LANES + i] * m * m * m * h + lane[G_NAP * LANES + i] * p * p * p
            potassium = lane[G_KS * LANES + i] * g
            leak = lane[G_LEAK * LANES + i]
            active = two[ACTIVE * LANES + i]
            two[ION_CONDUCTANCE * LANES + i] = active * (sodium + potassium + leak)
            two[DRIVE * LANES + i] = active * (sodium * e_na + potassium * e_k + leak * e_l)
            even_drive = u + u_right
            odd_drive = u - u_right
            even = 0.0
            odd = 0.0
            for j in range(_HALF):
                z = (
                    lane[(DECAY + j) * LANES + i] * two[(MODE + j) * LANES + i]
                    + lane[(GAIN + j) * LANES + i] * even_drive
                )
                two[(MODE + j) * LANES + i] = z
                even += z
            for j in range(_HALF, N_MODES):
                z = (
                    lane[(DECAY + j) * LANES + i] * two[(MODE + j) * LANES + i]
                    + lane[(GAIN + j) * LANES + i] * odd_drive
                )
                two[(MODE + j) * LANES + i] = z
                odd += z
            two[SUM_LEFT * LANES + i] = link * (even + odd)
            two[SUM_RIGHT * LANES + i] = link * (even - odd)


@kernel
def run(
    buffer: FloatArray,
    lane: FloatArray,
    membrane: FloatArray,
    force: FloatArray,
    waveforms: FloatArray,
    amplitude: FloatArray,
    dt: float,
    n_nodes: int,
    record: IntArray,
    out: FloatArray,
) -> None:
    """Run all lanes for a number of steps and keep v_m at chosen nodes.

    Parameters
    ----------
    buffer, lane, membrane, force, amplitude, dt, n_nodes
        As in `step`.
    waveforms : ndarray of float64, shape (2, n_steps)
        Stimulus and intracellular waveform, one value per step (no unit).
    record : ndarray of int64, shape (n_recorded, LANES)
        Node index to record, lane by lane.
    out : ndarray of float64, shape (n_steps + 1, n_recorded, LANES)
        v_m, mV; row 0 is the start.
    """
    for r in range(record.shape[0]):
        for i in range(LANES):
            out[0, r, i] = buffer[(record[r, i] + 1) * _STRIDE + U * LANES + i] + membrane[E_REST]
    for n in range(waveforms.shape[1]):
        drive = (waveforms[0, n], waveforms[1, n])
        step(buffer, lane, membrane, force, amplitude, drive, dt, n_nodes)
        for r in range(record.shape[0]):
            for i in range(LANES):
                out[n + 1, r, i] = (
                    buffer[(record[r, i] + 1) * _STRIDE + U * LANES + i] + membrane[E_REST]
                )
