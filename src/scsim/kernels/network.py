"""Time stepping of spiking cells: many cells of one structure at once, each an unbranched line of compartments.

A lane is one cell with its own densities, synapses and events. Compartments and lanes share one flat index, compartment
× n_lanes + lane, so that one cell fills the vectors too. Channels are in `kernels/channels.py`, synapses in
`kernels/synapses.py`; which cells run, and what they send each other, in ``circuit/run_network.py``.

One step from t to t + dt, first order (models of Zhang, Janik and Grill 2014 as their program runs them):
(a) events due by t + dt/2; (b) currents and slopes at v(t); (c) backward Euler for v(t + dt),
``(C/dt + Σ slopes + axial) v' - axial v'_neighbors = C/dt v + Σ (slope v - current)``; (d) calcium; (e) gates with
v(t + dt). Gates and the currents of the next step are taken in one pass.
Checked by ``tests/kernels/test_network.py`` and ``tests/theory/test_network.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from scsim.kernels import channels as ch
from scsim.kernels.borrow import borrowed
from scsim.kernels.channels import (
    ca_l,
    can,
    hh2_k,
    k_a,
    k_ca,
    k_dri,
    na_b,
    pool,
    traub_na,
)
from scsim.kernels.jit import inline_kernel, kernel
from scsim.kernels.layouts import LARGEST_MV
from scsim.kernels.synapses import DECAYING, N_FIELDS, RISING, add_synapses

if TYPE_CHECKING:
    from scsim.kernels.jit import FloatArray, IntArray

# Columns of the table of sheets.
KIND: Final = 0
START: Final = 1
"""First site."""
N_BLOCKS: Final = 2
RECORDS: Final = 3
"""Where the records begin."""
CONSTANTS: Final = 4
"""Where the constants of the kind begin."""
N_RUN: Final = 5
"""Sites of a block that run: fewer than it has room for where lanes or compartments are few."""
N_SHEET_COLUMNS: Final = 6

# Columns of the table of rows.
FIRST_SHEET: Final = 0
END_SHEET: Final = 1
FIRST: Final = 2
"""Compartment of the row that is nearest to the middle of the line."""
DIRECTION: Final = 3
"""1 or -1: away from the middle."""
COUNT: Final = 4
"""Compartments."""
N_ROW_COLUMNS: Final = 5

# Rows of the lane buffer, each as wide as there are lanes.
IS_ABOVE: Final = 0
"""1 where the middle of the soma lies above the spike voltage, else 0."""
IS_OUT_ABOVE: Final = 1
"""The same at the end of the soma toward the axon."""
IS_BROKEN: Final = 2
"""1 from the step on at which the voltage is not a finite number of sensible size."""
CURRENT: Final = 3
"""Current into the middle of the soma, nA."""
N_LANE_ROWS: Final = 4

# Rows of the line buffer, each as wide as there are compartments.
LINK: Final = 0
"""Axial conductance to the next compartment, µS; 0 for the last. The kernel reads it without this offset."""
BASE_G: Final = 1
"""C/dt, leak and axial conductances, µS."""
BASE_J: Final = 2
"""Drive of the leak, nA."""
CDT: Final = 3
"""C/dt, µS."""
INVERSE: Final = 4
"""1 / BASE_G, 1/µS."""
PRODUCT: Final = 5
"""Square of the link to the compartment before, over both BASE_G (no unit)."""
LEFT: Final = 6
"""Link to the compartment before over BASE_G (no unit)."""
RIGHT: Final = 7
"""Link to the next compartment over BASE_G (no unit)."""
TOWARD: Final = 8
"""RIGHT before the middle compartment, LEFT behind it."""
N_LINE_ROWS: Final = 9

ENDLESS_MS: Final = 1e30
"""A step after which every gate has come to its steady state (all but 4e-11 of the way to it), ms."""

# Counters, shape (N_COUNTERS,).
STEP: Final = 0
"""Steps made; -1 before gates were put at their steady state."""
CURSOR: Final = 1
N_SOMA: Final = 2
N_OUT: Final = 3
N_COUNTERS: Final = 4


class CellLanes(NamedTuple):
    """Cells of one structure in lanes; everything that lasts from one window to the next.

    Attributes
    ----------
    sites : ndarray of float64, shape (channels.N_FIELDS * channels.SITES,)
        State along the compartments, see `kernels/channels.py`.
    records : ndarray of float64
        Sizes and gates of the channels, sheet after sheet, block after block.
    sheets : ndarray of int64, shape (n_sheets, N_SHEET_COLUMNS)
        Kinds of channels and the sites that have them; pools come first.
    reversals : ndarray of float64, shape (n_sheets,)
        Reversal potentials, mV.
    constants, table : ndarray of float64
        Constants of the kinds, and the table of K_DRI.
    synapses : ndarray of float64, shape (n_slots * synapses.N_FIELDS * n_lanes,)
        See `kernels/synapses.py`.
    slots : ndarray of int64, shape (n_slots, 2)
        Compartment, and whether magnesium blocks.
    rows : ndarray of int64, shape (n_rows, N_ROW_COLUMNS)
        Compartments that follow each other, and their sheets. Where several lanes ride, rows are short: channels follow
        as soon as the voltage of their row is known, while it is in the nearest cache. A single lane has one row.
    line : ndarray of float64, shape (N_LINE_ROWS * n_compartments,)
        What does not change along the line.
    work : ndarray of float64, shape (3 * n_compartments,)
        Room for the solve of a single lane.
    lane : ndarray of float64, shape (N_LANE_ROWS * n_lanes,)
    counters : ndarray of int64, shape (N_COUNTERS,)
    ends : tuple of float
        Weights of the last soma compartment and of the next in the voltage at the end of the soma; spike voltage, mV;
        time step, ms; exp of the block's slope times the probing voltage; slope of the block, 1/mV; probing voltage, mV.
    places : tuple of int
        Compartments, middle of the soma, last compartment of the soma; lanes that run: fewer than there are where
        conditions are few.
    width, lanes : tuple
        As many entries as a block has sites, and as there are lanes.
    """

    sites: Any
    records: Any
    sheets: Any
    reversals: Any
    constants: Any
    table: Any
    synapses: Any
    slots: Any
    rows: Any
    line: Any
    work: Any
    lane: Any
    counters: Any
    ends: Any
    places: Any
    width: Any
    lanes: Any


@inline_kernel
def eliminate(
    sites: FloatArray, line: FloatArray, n_compartments: int, lanes: Any, n_run: int
) -> None:
    """Eliminate from both ends up to the middle compartment and solve for it; the way back is `substitute`.

    G is overwritten by the inverse pivots, J by the right sides.

    Parameters
    ----------
    sites : ndarray of float64
    line : ndarray of float64, shape (N_LINE_ROWS * n_compartments,)
    n_compartments : int
    lanes : tuple
    n_run : int
        Number of lanes, not known to the compiler: it unrolls short loops of known length to scalar code.
    """
    n = len(lanes)
    middle = n_compartments // 2
    for i in range(n_run):
        sites[ch.G + i] = 1.0 / sites[ch.G + i]
    last = (n_compartments - 1) * n
    if n_compartments > 2:
        end = sites[last : last + ch.G + n]
        for i in range(n_run):
            end[ch.G + i] = 1.0 / end[ch.G + i]
    for k in range(1, middle):
        link = line[k - 1]
        two = sites[(k - 1) * n : (k - 1) * n + ch.J + 2 * n]
        for i in range(n_run):
            before = link * two[ch.G + i]
            two[ch.J + n + i] += before * two[ch.J + i]
            two[ch.G + n + i] = 1.0 / (two[ch.G + n + i] - link * before)
    for k in range(n_compartments - 2, middle, -1):
        link = line[k]
        two = sites[k * n : k * n + ch.J + 2 * n]
        for i in range(n_run):
            before = link * two[ch.G + n + i]
            two[ch.J + i] += before * two[ch.J + n + i]
            two[ch.G + i] = 1.0 / (two[ch.G + i] - link * before)
    if n_compartments > 1:
        left, right = line[middle - 1], line[middle]
        # Without a compartment on the right, `right` is 0 and what it meets any finite number.
        three = sites[(middle - 1) * n : (middle - 1) * n + ch.J + 3 * n]
        for i in range(n_run):
            a = left * three[ch.G + i]
            b = right * three[ch.G + 2 * n + i]
            drive = three[ch.J + n + i] + a * three[ch.J + i] + b * three[ch.J + 2 * n + i]
            diagonal = three[ch.G + n + i] - left * a - right * b
            three[ch.J + n + i] = drive
            three[ch.G + n + i] = 1.0 / diagonal


@inline_kernel
def substitute(
    sites: FloatArray, line: FloatArray, k: int, n_compartments: int, lanes: Any, n_run: int
) -> None:
    """Give one compartment its new voltage, and set its slope and drive back to what does not change.

    Parameters
    ----------
    sites : ndarray of float64
    line : ndarray of float64, shape (N_LINE_ROWS * n_compartments,)
    k, n_compartments : int
        Compartment; that toward the middle comes before it.
    lanes : tuple
    n_run : int
        Number of lanes, not known to the compiler: it unrolls short loops of known length to scalar code.
    """
    n = len(lanes)
    middle = n_compartments // 2
    base_g = line[BASE_G * n_compartments + k]
    base_j = line[BASE_J * n_compartments + k]
    cdt = line[CDT * n_compartments + k]
    if k < middle:
        link = line[k]
        two = sites[k * n : k * n + ch.J + 2 * n]
        for i in range(n_run):
            v = (two[ch.J + i] + link * two[n + i]) * two[ch.G + i]
            two[i] = v
            two[ch.G + i] = base_g
            two[ch.J + i] = base_j + cdt * v
    elif k > middle:
        link = line[k - 1]
        two = sites[(k - 1) * n : (k - 1) * n + ch.J + 2 * n]
        for i in range(n_run):
            v = (two[ch.J + n + i] + link * two[i]) * two[ch.G + n + i]
            two[n + i] = v
            two[ch.G + n + i] = base_g
            two[ch.J + n + i] = base_j + cdt * v
    else:
        one = sites[k * n : k * n + ch.J + n]
        for i in range(n_run):
            v = one[ch.J + i] * one[ch.G + i]
            one[i] = v
            one[ch.G + i] = base_g
            one[ch.J + i] = base_j + cdt * v


@inline_kernel
def solve_one(sites: FloatArray, line: FloatArray, work: FloatArray, n: int) -> None:
    """Solve a single line without waiting for divisions, from both ends to the middle and back.

    With b the diagonal at rest, ``p_k = (G_k / b_k) p_(k-1) - (l² / (b_k b_(k-1))) p_(k-2)`` is the determinant of
    what was eliminated over that of the resting diagonal, and ``s_k = (J_k / b_k) p_(k-1) + (l / b_k) s_(k-1)``:
    then ``v_k = (s_k + (l_k / b_k) p_(k-1) v_(k+1)) / p_k``, and all divisions can be made at once. p of a line at
    rest falls at most by a factor of 2 per compartment, so it neither under- nor overflows within 256 of them.

    Parameters
    ----------
    sites : ndarray of float64
    line : ndarray of float64, shape (N_LINE_ROWS * n,)
    work : ndarray of float64, shape (3 * n,)
    n : int
        Compartments.
    """
    middle = n // 2
    n_left, n_right = middle, n - 1 - middle  # the left chain is the longer one, by one at most
    slope, drive = sites[ch.G : ch.G + n], sites[ch.J : ch.J + n]
    p, s, before = work[:n], work[n : 2 * n], work[2 * n : 3 * n]
    inverses = line[INVERSE * n : (INVERSE + 1) * n]
    product = line[PRODUCT * n : (PRODUCT + 1) * n]
    product_next = line[PRODUCT * n + 1 : (PRODUCT + 1) * n + 1]
    left, right = line[LEFT * n : (LEFT + 1) * n], line[RIGHT * n : (RIGHT + 1) * n]
    toward = line[TOWARD * n : (TOWARD + 1) * n]
    for k in range(n):
        p[k] = slope[k] * inverses[k]
        s[k] = drive[k] * inverses[k]
    p_1, p_2, s_1 = 1.0, 0.0, 0.0
    q_1, q_2, t_1 = 1.0, 0.0, 0.0
    for k in range(n_right):
        m = np.uint64(n - 1 - k)  # unsigned: a signed index is looked at for its sign, each time
        p_0 = p[k] * p_1 - product[k] * p_2
        q_0 = p[m] * q_1 - product_next[m] * q_2
        s_1 = s[k] * p_1 + left[k] * s_1
        t_1 = s[m] * q_1 + right[m] * t_1
        before[k], before[m] = p_1, q_1
        p[k], p[m] = p_0, q_0
        s[k], s[m] = s_1, t_1
        p_1, p_2 = p_0, p_1
        q_1, q_2 = q_0, q_1
    for k in range(n_right, n_left):
        p_0 = p[k] * p_1 - product[k] * p_2
        s_1 = s[k] * p_1 + left[k] * s_1
        before[k] = p_1
        p[k], s[k] = p_0, s_1
        p_1, p_2 = p_0, p_1
    # The middle: (G - l² p_2/p_1 - r² q_2/q_1) v = J + l s_1/p_1 + r t_1/q_1, over b and times p_1 q_1.
    diagonal = (p[middle] * p_1 - product[middle] * p_2) * q_1 - product_next[middle] * q_2 * p_1
    right_side = (s[middle] * p_1 + left[middle] * s_1) * q_1 + right[middle] * t_1 * p_1
    for k in range(n):
        inverse = 1.0 / p[k]
        s[k] *= inverse
        before[k] *= inverse * toward[k]
    left_v = right_v = right_side / diagonal
    sites[middle] = left_v
    for k in range(n_right):
        down, up = np.uint64(middle - 1 - k), np.uint64(middle + 1 + k)
        left_v = s[down] + before[down] * left_v
        right_v = s[up] + before[up] * right_v
        sites[down] = left_v
        sites[up] = right_v
    if n_left > n_right:
        sites[0] = s[0] + before[0] * left_v
    base_g = line[BASE_G * n : (BASE_G + 1) * n]
    base_j = line[BASE_J * n : (BASE_J + 1) * n]
    cdt = line[CDT * n : (CDT + 1) * n]
    for k in range(n):
        slope[k] = base_g[k]
        drive[k] = base_j[k] + cdt[k] * sites[k]


@inline_kernel
def find_spikes(
    sites: FloatArray,
    lane: FloatArray,
    counters: IntArray,
    middle: int,
    end: int,
    ends: Any,
    lanes: Any,
    n_run: int,
    soma_spikes: IntArray,
    out_spikes: IntArray,
) -> None:
    """Note lanes whose voltage has come to lie above the spike voltage in this step.

    Parameters
    ----------
    sites, lane : ndarray of float64
    counters : ndarray of int64, shape (N_COUNTERS,)
    middle, end : int
        First site of the middle of the soma, and of its last compartment.
    ends, lanes : tuple
        As in `CellLanes`.
    n_run : int
        As in `eliminate`.
    soma_spikes, out_spikes : ndarray of int64, shape (n_room, 2)
        Step at whose end, and lane: at the middle of the soma, and at its end toward the axon.
    """
    n = len(lanes)
    w_0, w_1, spike_mv = ends[0], ends[1], ends[2]
    # Slices: for an index from another array the compiler takes care of its sign, and gathers number by number.
    soma, last = sites[middle : middle + n], sites[end : end + 2 * n]
    n_changed = 0
    for i in range(n_run):
        v = soma[i]
        is_above = 1.0 if v > spike_mv else 0.0
        is_out_above = 1.0 if w_0 * last[i] + w_1 * last[n + i] > spike_mv else 0.0
        was_broken = lane[IS_BROKEN * n + i]
        is_broken = was_broken if abs(v) < LARGEST_MV else 1.0
        changed = (
            (is_above != lane[IS_ABOVE * n + i])
            | (is_out_above != lane[IS_OUT_ABOVE * n + i])
            | (is_broken != was_broken)
        )
        n_changed += 1 if changed else 0
    if n_changed > 0:
        for i in range(n_run):
            v = soma[i]
            is_above = 1.0 if v > spike_mv else 0.0
            is_out_above = 1.0 if w_0 * last[i] + w_1 * last[n + i] > spike_mv else 0.0
            if not abs(v) < LARGEST_MV:
                lane[IS_BROKEN * n + i] = 1.0
            if is_above > lane[IS_ABOVE * n + i]:
                soma_spikes[counters[N_SOMA], 0] = counters[STEP]
                soma_spikes[counters[N_SOMA], 1] = i
                counters[N_SOMA] += 1
            if is_out_above > lane[IS_OUT_ABOVE * n + i]:
                out_spikes[counters[N_OUT], 0] = counters[STEP]
                out_spikes[counters[N_OUT], 1] = i
                counters[N_OUT] += 1
            lane[IS_ABOVE * n + i] = is_above
            lane[IS_OUT_ABOVE * n + i] = is_out_above


@kernel
def run_cells(
    cell: CellLanes,
    event_step: IntArray,
    event_place: IntArray,
    event_size: FloatArray,
    n_steps: int,
    record: tuple[int, int],
    soma_spikes: IntArray,
    out_spikes: IntArray,
    voltage: FloatArray,
) -> None:
    """Advance cells by some steps; a later call goes on where this one ends.

    Parameters
    ----------
    cell : CellLanes
        Changed in place. ``counters`` hold the steps made, the events taken, and the spikes found in this call.
    event_step : ndarray of int64, shape (n_events,)
        Step before which an event takes effect, in rising order; counted from the start of the run.
    event_place : ndarray of int64, shape (n_events,)
        slot × n_lanes + lane; n_slots × n_lanes + lane for a change of the current into the soma.
    event_size : ndarray of float64, shape (n_events,)
        What it adds to both exponentials of a synapse, µS, or to the current, nA.
    n_steps : int
    record : (int, int)
        First step whose end is recorded, and steps from one sample to the next; the latter 0 for none.
    soma_spikes, out_spikes : ndarray of int64, shape (n_room, 2)
        Filled with steps (at whose end) and lanes; a lane spikes at most every second step.
    voltage : ndarray of float64, shape (n_samples, n_lanes)
        Filled with the voltage in the middle of the soma, mV.
    """
    # Once, and without counts of references: every look into the tuple within the loop would count.
    sites, records = borrowed(cell.sites), borrowed(cell.records)
    sheets, reversals = borrowed(cell.sheets), borrowed(cell.reversals)
    constants, table = borrowed(cell.constants), borrowed(cell.table)
    synapses, slots = borrowed(cell.synapses), borrowed(cell.slots)
    rows, line, work = borrowed(cell.rows), borrowed(cell.line), borrowed(cell.work)
    lane, counters = borrowed(cell.lane), borrowed(cell.counters)
    ends, lanes, width = cell.ends, cell.lanes, cell.width
    n = len(lanes)
    n_run = cell.places[3]
    end = cell.places[2] * n
    n_compartments = cell.places[0]
    dt = ends[3]
    n_slots = slots.shape[0]
    n_events = event_step.shape[0]
    n_rows = rows.shape[0]
    middle = cell.places[1] * n
    drive = sites[ch.J + middle : ch.J + middle + n]
    counters[N_SOMA] = 0
    counters[N_OUT] = 0
    for _ in range(n_steps if counters[STEP] >= 0 else n_steps + 1):
        step = counters[STEP]
        is_settling = step < 0
        gate_dt = ENDLESS_MS if is_settling else dt
        if not is_settling:
            cursor = counters[CURSOR]
            while cursor < n_events and event_step[cursor] <= step:
                slot, i = event_place[cursor] // n, event_place[cursor] % n
                if slot < n_slots:
                    synapses[(slot * N_FIELDS + RISING) * n + i] += event_size[cursor]
                    synapses[(slot * N_FIELDS + DECAYING) * n + i] += event_size[cursor]
                else:
                    lane[CURRENT * n + i] += event_size[cursor]
                cursor += 1
            counters[CURSOR] = cursor
            add_synapses(sites, synapses, slots, ends, lanes, n_run)
            for i in range(n_run):
                drive[i] += lane[CURRENT * n + i]
            if n == 1:
                solve_one(sites, line, work, n_compartments)
            else:
                eliminate(sites, line, n_compartments, lanes, n_run)
        for r in range(n_rows):
            if n > 1 and not is_settling:
                at = rows[r, FIRST]
                for _ in range(rows[r, COUNT]):
                    substitute(sites, line, at, n_compartments, lanes, n_run)
                    at += rows[r, DIRECTION]
            for k in range(rows[r, FIRST_SHEET], rows[r, END_SHEET]):
                kind, start, blocks = sheets[k, KIND], sheets[k, START], sheets[k, N_BLOCKS]
                at, c = sheets[k, RECORDS], sheets[k, CONSTANTS]
                e, n_block = reversals[k], sheets[k, N_RUN]
                # The branches are here, not in a function of their own: that would be compiled twice.
                if kind == ch.K_DRI:
                    k_dri(sites, records, table, constants, start, blocks, at, c, e, width, n_block)
                elif kind == ch.NA_B:
                    na_b(
                        sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block
                    )
                elif kind == ch.HH2_K:
                    hh2_k(
                        sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block
                    )
                elif kind == ch.TRAUB_NA:
                    traub_na(
                        sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block
                    )
                elif kind == ch.K_CA:
                    k_ca(
                        sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block
                    )
                elif kind == ch.CA_L:
                    ca_l(sites, records, constants, start, blocks, at, c, gate_dt, width, n_block)
                elif kind == ch.CAN:
                    can(sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block)
                elif kind == ch.K_A:
                    k_a(sites, records, constants, start, blocks, at, c, e, gate_dt, width, n_block)
                elif not is_settling:
                    pool(sites, records, start, blocks, at, dt, width, n_block)
        counters[STEP] = step + 1
        if not is_settling:
            find_spikes(
                sites, lane, counters, middle, end, ends, lanes, n_run, soma_spikes, out_spikes
            )
            sample = step + 1 - record[0]
            if record[1] > 0 and sample >= 0 and sample % record[1] == 0:
                sample //= record[1]
                if sample < voltage.shape[0]:
                    for i in range(n):
                        voltage[sample, i] = sites[middle + i]
