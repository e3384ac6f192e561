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

from scsim.kernels import channels as ch
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
from scsim.kernels.synapses import add_synapses, decay_synapses

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
N_SHEET_COLUMNS: Final = 5

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

# Counters, shape (N_COUNTERS,).
STEP: Final = 0
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
    synapses : ndarray of float64, shape (synapses.N_FIELDS * n_slots * n_lanes,)
        See `kernels/synapses.py`.
    slots : ndarray of int64, shape (n_slots, 2)
        Compartment, and whether magnesium blocks.
    links : ndarray of float64, shape (n_compartments,)
        Axial conductance to the next compartment, µS; 0 for the last.
    lane : ndarray of float64, shape (N_LANE_ROWS * n_lanes,)
    counters : ndarray of int64, shape (N_COUNTERS,)
    ends : tuple of float
        Weights of the last soma compartment and of the next in the voltage at the end of the soma; spike voltage, mV;
        time step, ms; exp of the block's slope times the probing voltage; slope of the block, 1/mV; probing voltage, mV.
    places : tuple of int
        Compartments, middle of the soma, last compartment of the soma, pools among the sheets.
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
    links: Any
    lane: Any
    counters: Any
    ends: Any
    places: Any
    width: Any
    lanes: Any


@inline_kernel
def advance_sheets(cell: CellLanes, first: int, dt: float) -> None:
    """Bring pools and gates one step forward, then currents up to date.

    Parameters
    ----------
    cell : CellLanes
        Changed in place.
    first : int
        First sheet; the number of pools where they must rest.
    dt : float
        Step, ms; infinite (1e30) for the steady state of the gates.
    """
    sites, records, c = cell.sites, cell.records, cell.constants
    width = cell.width
    n = len(width)
    n_sites = cell.places[0] * len(cell.lanes)
    for b in range((n_sites + n - 1) // n):
        here = sites[b * n : b * n + ch.CDT + n]
        for i in range(n):
            here[ch.G + i] = here[ch.BASE_G + i]
            here[ch.J + i] = here[ch.BASE_J + i] + here[ch.CDT + i] * here[i]
    for s in range(first, cell.sheets.shape[0]):
        kind = cell.sheets[s, KIND]
        start = cell.sheets[s, START]
        blocks = cell.sheets[s, N_BLOCKS]
        rec = records[cell.sheets[s, RECORDS] :]
        const = c[cell.sheets[s, CONSTANTS] :]
        e = cell.reversals[s]
        if kind == ch.POOL:
            pool(sites, rec, start, blocks, dt, width)
        elif kind == ch.NA_B:
            na_b(sites, rec, const, start, blocks, e, dt, width)
        elif kind == ch.K_DRI:
            k_dri(sites, rec, cell.table, const, start, blocks, e, width)
        elif kind == ch.TRAUB_NA:
            traub_na(sites, rec, const, start, blocks, e, dt, width)
        elif kind == ch.HH2_K:
            hh2_k(sites, rec, const, start, blocks, e, dt, width)
        elif kind == ch.CA_L:
            ca_l(sites, rec, const, start, blocks, dt, width)
        elif kind == ch.K_CA:
            k_ca(sites, rec, const, start, blocks, e, dt, width)
        elif kind == ch.CAN:
            can(sites, rec, const, start, blocks, e, dt, width)
        else:
            k_a(sites, rec, const, start, blocks, e, dt, width)


@inline_kernel
def solve_lines(sites: FloatArray, links: FloatArray, n_compartments: int, lanes: Any) -> None:
    """Solve for the new voltages: eliminate from both ends at once, meet in the middle, go back.

    Parameters
    ----------
    sites : ndarray of float64
        V is overwritten.
    links : ndarray of float64, shape (n_compartments,)
    n_compartments : int
    lanes : tuple
    """
    n = len(lanes)
    middle = n_compartments // 2
    for i in range(n):
        sites[ch.P + i] = 1.0 / sites[ch.G + i]
        sites[ch.Q + i] = sites[ch.J + i]
    if n_compartments > 1:
        last = (n_compartments - 1) * n
        for i in range(n):
            sites[ch.P + last + i] = 1.0 / sites[ch.G + last + i]
            sites[ch.Q + last + i] = sites[ch.J + last + i]
    for k in range(1, middle):
        link = links[k - 1]
        two = sites[(k - 1) * n : (k - 1) * n + ch.Q + 2 * n]
        for i in range(n):
            before = link * two[ch.P + i]
            two[ch.Q + n + i] = two[ch.J + n + i] + before * two[ch.Q + i]
            two[ch.P + n + i] = 1.0 / (two[ch.G + n + i] - link * before)
    for k in range(n_compartments - 2, middle, -1):
        link = links[k]
        two = sites[k * n : k * n + ch.Q + 2 * n]
        for i in range(n):
            before = link * two[ch.P + n + i]
            two[ch.Q + i] = two[ch.J + i] + before * two[ch.Q + n + i]
            two[ch.P + i] = 1.0 / (two[ch.G + i] - link * before)
    here = middle * n
    left = links[middle - 1] if middle > 0 else 0.0
    right = links[middle] if middle + 1 < n_compartments else 0.0
    for i in range(n):
        diagonal = sites[ch.G + here + i]
        drive = sites[ch.J + here + i]
        if middle > 0:
            before = left * sites[ch.P + here - n + i]
            diagonal -= left * before
            drive += before * sites[ch.Q + here - n + i]
        if middle + 1 < n_compartments:
            before = right * sites[ch.P + here + n + i]
            diagonal -= right * before
            drive += before * sites[ch.Q + here + n + i]
        sites[here + i] = drive / diagonal
    for k in range(middle - 1, -1, -1):
        link = links[k]
        two = sites[k * n : k * n + ch.Q + 2 * n]
        for i in range(n):
            two[i] = (two[ch.Q + i] + link * two[n + i]) * two[ch.P + i]
    for k in range(middle + 1, n_compartments):
        link = links[k - 1]
        two = sites[(k - 1) * n : (k - 1) * n + ch.Q + 2 * n]
        for i in range(n):
            two[n + i] = (two[ch.Q + n + i] + link * two[i]) * two[ch.P + n + i]


@inline_kernel
def find_spikes(cell: CellLanes, soma_spikes: IntArray, out_spikes: IntArray) -> None:
    """Note lanes whose voltage has come to lie above the spike voltage in this step.

    Parameters
    ----------
    cell : CellLanes
    soma_spikes, out_spikes : ndarray of int64, shape (n_room, 2)
        Step at whose end, and lane: at the middle of the soma, and at its end toward the axon.
    """
    sites, lane, counters = cell.sites, cell.lane, cell.counters
    n = len(cell.lanes)
    middle = cell.places[1] * n
    end = cell.places[2] * n
    w_0, w_1, spike_mv = cell.ends[0], cell.ends[1], cell.ends[2]
    n_changed = 0
    for i in range(n):
        v = sites[middle + i]
        out = w_0 * sites[end + i] + w_1 * sites[end + n + i]
        is_above = 1.0 if v > spike_mv else 0.0
        is_out_above = 1.0 if out > spike_mv else 0.0
        is_broken = lane[IS_BROKEN * n + i] if abs(v) < LARGEST_MV else 1.0
        changed = (
            (is_above != lane[IS_ABOVE * n + i])
            | (is_out_above != lane[IS_OUT_ABOVE * n + i])
            | (is_broken != lane[IS_BROKEN * n + i])
        )
        n_changed += 1 if changed else 0
    if n_changed > 0:
        for i in range(n):
            v = sites[middle + i]
            out = w_0 * sites[end + i] + w_1 * sites[end + n + i]
            is_above = 1.0 if v > spike_mv else 0.0
            is_out_above = 1.0 if out > spike_mv else 0.0
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
def settle_cells(cell: CellLanes) -> None:
    """Put all gates at their steady state for the voltages that the sites hold.

    Parameters
    ----------
    cell : CellLanes
        Changed in place.
    """
    advance_sheets(cell, cell.places[3], 1e30)


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
    sites, lane, counters = cell.sites, cell.lane, cell.counters
    n = len(cell.lanes)
    n_slots = cell.slots.shape[0]
    n_events = event_step.shape[0]
    dt = cell.ends[3]
    middle = cell.places[1] * n
    counters[N_SOMA] = 0
    counters[N_OUT] = 0
    for _ in range(n_steps):
        step = counters[STEP]
        cursor = counters[CURSOR]
        while cursor < n_events and event_step[cursor] <= step:
            place = event_place[cursor]
            if place < n_slots * n:
                cell.synapses[place] += event_size[cursor]
                cell.synapses[n_slots * n + place] += event_size[cursor]
            else:
                lane[CURRENT * n + place - n_slots * n] += event_size[cursor]
            cursor += 1
        counters[CURSOR] = cursor
        add_synapses(cell.sites, cell.synapses, cell.slots, cell.ends, cell.lanes)
        for i in range(n):
            sites[ch.J + middle + i] += lane[CURRENT * n + i]
        solve_lines(sites, cell.links, cell.places[0], cell.lanes)
        counters[STEP] = step + 1
        find_spikes(cell, soma_spikes, out_spikes)
        if record[1] > 0 and step + 1 >= record[0] and (step + 1 - record[0]) % record[1] == 0:
            sample = (step + 1 - record[0]) // record[1]
            if sample < voltage.shape[0]:
                for i in range(n):
                    voltage[sample, i] = sites[middle + i]
        decay_synapses(cell.synapses, n_slots, cell.lanes)
        advance_sheets(cell, 0, dt)
