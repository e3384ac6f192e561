"""Spiking circuits as the arrays of `kernels/network.py`; the only place that does this.

A cell becomes a structure (what cells that ride in lanes together must share: geometry, leak, kinds of channels and
their reversal potentials, places of synapses) and parameters (what each lane has of its own: densities, kinetics of
synapses, steady conductances). Running, and what cells send each other, are in `circuit/run_network.py`; checks of the
values in `circuit/network.py`.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import CalciumPool, Cell, Section
from scsim.circuit.networks.wiring import Receptor
from scsim.errors import ModelError
from scsim.formats.tables import Table, load_table
from scsim.kernels import channels as ch
from scsim.kernels import network as net
from scsim.kernels import synapses as syn
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

_CM2_PER_UM2: Final = CM_PER_UM**2
_MEGAOHM_PER_OHM: Final = 1e-6
_MA_PER_CM2_PER_NA_PER_UM2: Final = 1e2
"""nA / µm² in mA/cm²."""
_UM_PER_MM_PER_LITRE: Final = 1e4
"""mA/cm² / (µm C/mol) in mM/ms."""

N_COMPARTMENTS: Final = 256
"""Compartments of a cell that the kernel has room for, see `scsim.kernels.channels.SITES`."""

WIDE: Final = 32
"""Lanes, and sites of a block, of the kernel for many conditions."""

NARROW: Final = 1
NARROW_BLOCK: Final = 96
"""Lanes, and sites of a block, of the kernel for single calls."""

_ROW: Final = 9
"""Compartments of a row where several lanes ride: few for the cache, many for what precedes each loop (measured)."""

_VECTOR: Final = 8
"""Lanes that always run together: those of the widest vector, so that no lane is left to other instructions."""

_LINE: Final = 64
"""Bytes of a line of the cache; also those of the widest vector."""

_KINDS: Final = {
    "na_b": ch.NA_B,
    "k_dri": ch.K_DRI,
    "hh2_na": ch.TRAUB_NA,
    "na_p": ch.TRAUB_NA,
    "hh2_k": ch.HH2_K,
    "ca_l": ch.CA_L,
    "k_ca": ch.K_CA,
    "can": ch.CAN,
    "k_a": ch.K_A,
}
"""Kind of a channel, and the kernel that advances it; in the order in which they are advanced."""

_POWERS: Final = {
    "na_b": {"m": 3, "h": 1},
    "k_dri": {"n": 4, "h": 1},
    "hh2_na": {"m": 3, "h": 1},
    "na_p": {"m": 1, "h": 1},
    "hh2_k": {"n": 4},
    "ca_l": {"m": 2},
    "k_ca": {"m": 3},
    "can": {"m": 2},
    "k_a": {"n": 4, "h": 1},
}
"""Powers of the gates that the kernels have."""


class SectionKey(NamedTuple):
    """All of a section but the densities of its channels; channels of density 0 are left out.

    Attributes
    ----------
    is_soma : bool
        The soma orients the line.
    length_um, near_um, far_um, n_compartments, resistivity_ohm_cm, capacitance_uf_per_cm2, leak_s_per_cm2, leak_mv, calcium
        As in `scsim.circuit.networks.neurons.Section`.
    channels : tuple of (str, float or None)
        Kind and reversal potential (mV).
    """

    is_soma: bool
    length_um: float
    near_um: float
    far_um: float
    n_compartments: int
    resistivity_ohm_cm: float
    capacitance_uf_per_cm2: float
    leak_s_per_cm2: float
    leak_mv: float
    channels: tuple[tuple[str, float | None], ...]
    calcium: CalciumPool | None


@dataclass(frozen=True)
class Structure:
    """What cells must share to ride in lanes together.

    Attributes
    ----------
    sections : tuple of SectionKey
    slots : tuple of (int, bool)
        Compartment of each synapse slot, and whether magnesium blocks it.
    spike_mv, initial_mv : float
        As in `scsim.circuit.networks.neurons.Cell`.
    """

    sections: tuple[SectionKey, ...]
    slots: tuple[tuple[int, bool], ...]
    spike_mv: float
    initial_mv: float


@dataclass(frozen=True)
class Lane:
    """One cell, ready to ride in a lane.

    Attributes
    ----------
    structure : Structure
    densities : tuple of tuple of float
        Density of each channel of each section, S/cm² or cm/s.
    slots : tuple of (float, float, float, float, float)
        Rise (ms), decay (ms), reversal (mV), magnesium (mM) and share of calcium of each slot.
    held : tuple of (int, float)
        Slot and conductance (µS) of steady conductances: synapses that neither rise nor decay.
    """

    structure: Structure
    densities: tuple[tuple[float, ...], ...]
    slots: tuple[tuple[float, float, float, float, float], ...]
    held: tuple[tuple[int, float], ...]


def compartment(cell: Cell, section: str, position: float) -> int:
    """Give the compartment of a place on a cell.

    Parameters
    ----------
    cell : Cell
    section : str
        Name of a section.
    position : float
        0 (nearest to the soma; in the soma itself its dendrite's side) to 1.

    Returns
    -------
    int
        Counted from the far end of the dendrite.
    """
    names = [s.name for s in cell.sections]
    index = names.index(section)
    first = sum(s.n_compartments for s in cell.sections[:index])
    count = cell.sections[index].n_compartments
    from_soma = min(int(position * count), count - 1)
    return first + (count - 1 - from_soma if index < names.index("soma") else from_soma)


def slot_index(circuit: SpikingCircuit, cell: Cell) -> dict[tuple[str, int], int]:
    """Give the synapse slots of a cell: one per receptor and compartment.

    Parameters
    ----------
    circuit : SpikingCircuit
    cell : Cell

    Returns
    -------
    dict of (str, int) to int
        Receptor and compartment; slot.
    """
    slots: dict[tuple[str, int], int] = {}
    for c in circuit.connections:
        if c.target == cell.name:
            slots.setdefault((c.receptor, compartment(cell, c.section, c.position)), len(slots))
    return slots


def make_lane(circuit: SpikingCircuit, cell: Cell) -> Lane:
    """Split a cell of a circuit into structure and parameters.

    Parameters
    ----------
    circuit : SpikingCircuit
    cell : Cell
        One of its cells.

    Returns
    -------
    Lane

    Raises
    ------
    ModelError
        If the cell has too many compartments.
    """
    n = sum(s.n_compartments for s in cell.sections)
    if n > N_COMPARTMENTS:
        msg = f"cell {cell.name!r} has {n} compartments: at most {N_COMPARTMENTS} are possible; use fewer per section."
        raise ModelError(msg)
    receptors = {r.name: r for r in circuit.receptors}
    index = slot_index(circuit, cell)
    slots = [_slot(receptors[name]) for name, _ in index]
    places = [(at, receptors[name].magnesium_mm is not None) for name, at in index]
    held: list[tuple[int, float]] = []
    for s in circuit.steady:
        if s.target != cell.name or s.conductance_microsiemens == 0:
            continue
        receptor = receptors[s.receptor]
        held.append((len(slots), s.conductance_microsiemens))
        slots.append((math.inf, math.inf, *_slot(receptor)[2:]))
        at = compartment(cell, s.section, s.position)
        places.append((at, receptor.magnesium_mm is not None))
    structure = Structure(
        sections=tuple(_section_key(s) for s in cell.sections),
        slots=tuple(places),
        spike_mv=cell.spike_mv,
        initial_mv=cell.initial_mv,
    )
    densities = tuple(tuple(c.density for c in s.channels if c.density != 0) for s in cell.sections)
    return Lane(structure, densities, tuple(slots), tuple(held))


def _slot(receptor: Receptor) -> tuple[float, float, float, float, float]:
    magnesium = 0.0 if receptor.magnesium_mm is None else receptor.magnesium_mm
    return (
        receptor.rise_ms,
        receptor.decay_ms,
        receptor.reversal_mv,
        magnesium,
        receptor.calcium_share,
    )


def _section_key(section: Section) -> SectionKey:
    return SectionKey(
        is_soma=section.name == "soma",
        length_um=section.length_um,
        near_um=section.diameter_um,
        far_um=section.end_diameter_um,
        n_compartments=section.n_compartments,
        resistivity_ohm_cm=section.axial_resistivity_ohm_cm,
        capacitance_uf_per_cm2=section.capacitance_uf_per_cm2,
        leak_s_per_cm2=section.leak_s_per_cm2,
        leak_mv=section.leak_mv,
        channels=tuple((c.kind, c.reversal_mv) for c in section.channels if c.density != 0),
        calcium=section.calcium,
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """Geometry of a structure along the line, one entry per compartment."""

    area_um2: NDArray[np.float64]
    half_megaohm: NDArray[np.float64]
    section: NDArray[np.int64]
    soma_middle: int
    soma_last: int


def _line(structure: Structure) -> _Line:
    areas: list[float] = []
    halves: list[float] = []
    sections: list[int] = []
    is_before = True
    soma_first, soma_count = 0, 0
    for index, key in enumerate(structure.sections):
        if key.is_soma:
            is_before = False
            soma_first, soma_count = len(areas), key.n_compartments
        dx = key.length_um / key.n_compartments
        shares = [(k + 0.5) / key.n_compartments for k in range(key.n_compartments)]
        diameters = [key.near_um + (key.far_um - key.near_um) * share for share in shares]
        if is_before:
            diameters.reverse()
        for d in diameters:
            areas.append(math.pi * d * dx)
            ohm = key.resistivity_ohm_cm / CM_PER_UM * (dx / 2) / (math.pi * d * d / 4)
            halves.append(ohm * _MEGAOHM_PER_OHM)
            sections.append(index)
    return _Line(
        area_um2=np.array(areas),
        half_megaohm=np.array(halves),
        section=np.array(sections),
        soma_middle=soma_first + soma_count // 2,
        soma_last=soma_first + soma_count - 1,
    )


def assemble_cells(lanes: Sequence[Lane], step_ms: float, n_lanes: int) -> net.CellLanes:
    """Lay cells of one structure out in lanes, at rest and with gates at their steady state.

    Parameters
    ----------
    lanes : sequence of Lane
        1 to `n_lanes`, of one structure; lanes that are left over get copies of the last, and whole vectors of them rest.
    step_ms : float
        Time step, ms.
    n_lanes : int
        `WIDE` or `NARROW`.

    Returns
    -------
    CellLanes
    """
    structure = lanes[0].structure
    width = n_lanes if n_lanes == WIDE else NARROW_BLOCK
    filled = [*lanes, *[lanes[-1]] * (n_lanes - len(lanes))]
    n_run = _vectors(len(lanes)) if n_lanes == WIDE else n_lanes
    line = _line(structure)
    n = line.area_um2.size
    along = _along(structure, line, step_ms)
    constants, offsets, table = _constants(step_ms)
    at_rest = _table_rest(constants, offsets, table, structure.initial_mv)
    stretches = list(_stretches(structure, line, filled, at_rest))
    sheets, reversals, records, rows = _sheets(stretches, n, (n_lanes, n_run), width)
    sheets[:, net.CONSTANTS] = np.array(offsets)[sheets[:, net.CONSTANTS]]
    block = load_table("synapses/magnesium_block")
    cell = net.CellLanes(
        sites=_aligned(_sites(structure, line, along, n_lanes)),
        records=_aligned(records),
        sheets=sheets,
        reversals=reversals,
        constants=constants,
        table=table,
        synapses=_aligned(_synapses(filled, step_ms, block.number("half_millimolar"))),
        slots=np.array(structure.slots, dtype=np.int64).reshape(-1, 2),
        rows=rows,
        line=_aligned(along),
        work=_aligned(np.zeros(3 * n)),
        lane=_aligned(np.zeros(net.N_LANE_ROWS * n_lanes)),
        counters=np.zeros(net.N_COUNTERS, dtype=np.int64),
        ends=(
            *_end_weights(line),
            structure.spike_mv,
            step_ms,
            math.exp(-block.number("slope") * block.number("slope_step_mv")),
            block.number("slope"),
            block.number("slope_step_mv"),
        ),
        places=(n, line.soma_middle, line.soma_last, n_run),
        width=(0,) * width,
        lanes=(0,) * n_lanes,
    )
    is_above = structure.initial_mv > structure.spike_mv
    cell.lane[: 2 * n_lanes] = float(is_above)
    cell.counters[net.STEP] = -1
    return cell


def _aligned(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Copy to memory that begins where a line of the cache does: a vector that crosses two lines costs twice."""
    spare = np.zeros(values.size + _LINE // values.itemsize)
    first = -spare.ctypes.data % _LINE // values.itemsize
    aligned = spare[first : first + values.size]
    aligned[:] = values.ravel()
    return aligned


def _end_weights(line: _Line) -> tuple[float, float]:
    """Give the weights of both neighbors in the voltage at the end of the soma."""
    halves, last = line.half_megaohm, line.soma_last
    if last + 1 == halves.size:
        return 1.0, 0.0
    a, b = 1 / halves[last], 1 / halves[last + 1]
    return float(a / (a + b)), float(b / (a + b))


def _along(structure: Structure, line: _Line, step_ms: float) -> NDArray[np.float64]:
    """Fill the line buffer: what does not change along the line."""
    keys = [structure.sections[i] for i in line.section]
    area_cm2 = line.area_um2 * _CM2_PER_UM2
    rows = np.zeros((net.N_LINE_ROWS, area_cm2.size))
    links = 1 / (line.half_megaohm[:-1] + line.half_megaohm[1:])
    cdt = (
        np.array([key.capacitance_uf_per_cm2 for key in keys])
        * area_cm2
        * NF_PER_MICROFARAD
        / step_ms
    )
    leak = np.array([key.leak_s_per_cm2 for key in keys]) * area_cm2 * MICROSIEMENS_PER_S
    rows[net.LINK, :-1] = links
    base = cdt + leak
    base[:-1] += links
    base[1:] += links
    rows[net.BASE_G], rows[net.CDT], rows[net.INVERSE] = base, cdt, 1 / base
    rows[net.BASE_J] = leak * np.array([key.leak_mv for key in keys])
    rows[net.PRODUCT, 1:] = links**2 / (base[1:] * base[:-1])
    rows[net.LEFT, 1:] = links / base[1:]
    rows[net.RIGHT, :-1] = links / base[:-1]
    middle = area_cm2.size // 2
    rows[net.TOWARD, :middle] = rows[net.RIGHT, :middle]
    rows[net.TOWARD, middle + 1 :] = rows[net.LEFT, middle + 1 :]
    return rows


def _sites(
    structure: Structure, line: _Line, along: NDArray[np.float64], n_lanes: int
) -> NDArray[np.float64]:
    """Fill the site buffer: voltage, calcium, and what does not change of slope and drive, at the start."""
    pools = [structure.sections[i].calcium for i in line.section]
    rest = [0.0 if pool is None else pool.rest_mm for pool in pools]
    sites = np.zeros(ch.N_FIELDS * ch.SITES)
    sites[ch.V : ch.V + ch.SITES] = structure.initial_mv
    for at in (ch.CA, ch.SEEN):
        sites[at : at + len(rest) * n_lanes] = np.repeat(rest, n_lanes)
    drive = along[net.BASE_J] + along[net.CDT] * structure.initial_mv
    for at, values in ((ch.G, along[net.BASE_G]), (ch.J, drive)):
        sites[at : at + len(rest) * n_lanes] = np.repeat(values, n_lanes)
    return sites


def _ranges(structure: Structure, line: _Line, kind: str) -> Iterator[tuple[int, int, float]]:
    """Give first and end compartment and reversal of each stretch of one kind of channel."""
    start: int | None = None
    before: float | None = None
    for k in range(line.area_um2.size + 1):
        now: float | None = None
        if k < line.area_um2.size:
            channels = dict(structure.sections[line.section[k]].channels)
            if kind in channels:
                now = 0.0 if channels[kind] is None else channels[kind]
        if start is not None and before is not None and now != before:
            yield start, k, before
            start = None
        if now is not None and start is None:
            start = k
        before = now


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Consecutive compartments with one kind of channel, or with calcium.

    Attributes
    ----------
    kind, constants : int
        Code of the kernel, and number of the kind.
    first : int
        First compartment.
    reversal_mv : float
    fields : ndarray of float64, shape (n_fields, n_compartments, n_lanes)
        Values of the record.
    """

    kind: int
    constants: int
    first: int
    reversal_mv: float
    fields: NDArray[np.float64]


def _stretches(
    structure: Structure, line: _Line, lanes: Sequence[Lane], at_rest: tuple[float, float]
) -> Iterator[_Stretch]:
    """Give calcium, then every kind of channel, in the order in which they are advanced."""
    table = load_table("cells/calcium_pool")
    per_charge = _UM_PER_MM_PER_LITRE / (
        table.number("valence") * table.number("faraday_c_per_mol")
    )
    pools = [structure.sections[i].calcium for i in line.section]
    where = [k for k, pool in enumerate(pools) if pool is not None]
    if where:
        # One stretch from the first pool to the last: a block that ran into another would take its current.
        fields = np.zeros((ch.N_RECORD_FIELDS[ch.POOL], where[-1] + 1 - where[0], len(lanes)))
        for k, pool in enumerate(pools):
            if pool is None:
                continue
            inflow = per_charge / pool.depth_um * _MA_PER_CM2_PER_NA_PER_UM2 / line.area_um2[k]
            values = (inflow, 1 / pool.decay_ms, pool.rest_mm)
            fields[:, k - where[0]] = np.array(values)[:, None]
        yield _Stretch(ch.POOL, 0, where[0], 0.0, fields)
    for number, (kind, code) in enumerate(_KINDS.items()):
        for first, end, reversal in _ranges(structure, line, kind):
            fields = np.zeros((ch.N_RECORD_FIELDS[code], end - first, len(lanes)))
            for k in range(first, end):
                area = line.area_um2[k] * _CM2_PER_UM2 * MICROSIEMENS_PER_S
                section = int(line.section[k])
                fields[ch.SIZE, k - first] = [
                    _density(structure, lane, section, kind) * area for lane in lanes
                ]
            if code == ch.K_DRI:
                fields[ch.LOW] = math.inf  # in no interval yet: read at the first step
                fields[ch.GATE_1], fields[ch.GATE_2] = at_rest
            yield _Stretch(code, number, first, reversal, fields)


def _sheets(
    stretches: Sequence[_Stretch], n_compartments: int, lanes: tuple[int, int], width: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Lay stretches out as sheets, row by row.

    Parameters
    ----------
    stretches : sequence of _Stretch
    n_compartments : int
    lanes : (int, int)
        Lanes that there are, and that run.
    width : int
        Sites of a block.

    Returns
    -------
    sheets, reversals, records, rows : ndarray
        As in `scsim.kernels.network.CellLanes`; the constants are numbers of kinds.
    """
    n_lanes, n_run = lanes
    middle = n_compartments // 2
    sheets: list[list[int]] = []
    reversals: list[float] = []
    records: list[NDArray[np.float64]] = [np.zeros(0)]
    size = 0
    rows: list[list[int]] = []
    for first, end in _rows(n_compartments, n_lanes):
        n_before = len(sheets)
        for s in (_part(s, first, end) for s in stretches):
            values = s.fields.reshape(s.fields.shape[0], -1)
            if not values.size:
                continue
            n_blocks = -(-values.shape[1] // width)
            record = np.zeros((values.shape[0], n_blocks * width))
            record[:, : values.shape[1]] = values
            if s.kind == ch.K_DRI:
                record[ch.LOW] = math.inf
            blocks = record.reshape(values.shape[0], n_blocks, width)
            records.append(np.swapaxes(blocks, 0, 1).ravel())
            running = n_run if n_lanes > 1 else min(_vectors(values.shape[1]), width)
            sheets.append([s.kind, s.first * n_lanes, n_blocks, size, s.constants, running])
            reversals.append(s.reversal_mv)
            size += record.size
        nearest, direction = (first, 1) if first > middle else (end - 1, -1)
        rows.append([n_before, len(sheets), nearest, direction, end - first])
    return (
        np.array(sheets, dtype=np.int64).reshape(-1, net.N_SHEET_COLUMNS),
        np.array(reversals),
        np.concatenate(records),
        np.array(rows, dtype=np.int64),
    )


def _vectors(count: int) -> int:
    """Give the least number of lanes or sites that is not below a count and fills whole vectors."""
    return -(-count // _VECTOR) * _VECTOR


def _rows(n_compartments: int, n_lanes: int) -> Iterator[tuple[int, int]]:
    """Give first and end compartment of each row, from the middle to the one end, then to the other."""
    if n_lanes == 1:
        yield 0, n_compartments
        return
    middle = n_compartments // 2
    for end in range(middle + 1, 0, -_ROW):
        yield max(end - _ROW, 0), end
    for first in range(middle + 1, n_compartments, _ROW):
        yield first, min(first + _ROW, n_compartments)


def _part(stretch: _Stretch, first: int, end: int) -> _Stretch:
    """Give what of a stretch lies between two compartments."""
    low = max(first - stretch.first, 0)
    high = max(end - stretch.first, low)
    return replace(stretch, first=stretch.first + low, fields=stretch.fields[:, low:high])


def _table_rest(
    constants: NDArray[np.float64],
    offsets: tuple[int, ...],
    table: NDArray[np.float64],
    v_mv: float,
) -> tuple[float, float]:
    """Give both gates of K_DRI at a voltage: its table holds no steady state of an endless step."""
    first, step, last = constants[offsets[list(_KINDS).index("k_dri")] :][:3]
    row = int(min(max((v_mv - first) / step, -1.0), last) + 1)
    own = table.reshape(-1, ch.N_COEFFICIENTS)[row]
    d = v_mv - (first + max(row - 1, 0) * step)
    return float(own[0] + d * own[1]), float(own[4] + d * own[5])


def _density(structure: Structure, lane: Lane, section: int, kind: str) -> float:
    kinds = [k for k, _ in structure.sections[section].channels]
    return lane.densities[section][kinds.index(kind)]


def _synapses(lanes: Sequence[Lane], step_ms: float, half_mm: float) -> NDArray[np.float64]:
    """Fill the synapse buffer: silent synapses, and conductances that are held."""
    n_slots = len(lanes[0].slots)
    fields = np.zeros((syn.N_FIELDS, n_slots, len(lanes)))
    for i, lane in enumerate(lanes):
        for slot, (rise, decay, reversal, magnesium, share) in enumerate(lane.slots):
            fields[syn.RISE_FACTOR, slot, i] = math.exp(-step_ms / rise)
            fields[syn.DECAY_FACTOR, slot, i] = math.exp(-step_ms / decay)
            fields[syn.REVERSAL, slot, i] = reversal
            fields[syn.BLOCK, slot, i] = magnesium / half_mm
            fields[syn.CALCIUM, slot, i] = share
        for slot, conductance in lane.held:
            fields[syn.DECAYING, slot, i] = conductance
    return np.swapaxes(fields, 0, 1).ravel()


def peak_factor(rise_ms: float, decay_ms: float) -> float:
    """Give f such that f (exp(-t/decay) - exp(-t/rise)) has the peak 1.

    Parameters
    ----------
    rise_ms, decay_ms : float
        Time constants, ms; the rise is the shorter one.

    Returns
    -------
    float
        No unit. The peak is at rise decay / (decay - rise) ln(decay / rise).
    """
    peak_ms = rise_ms * decay_ms / (decay_ms - rise_ms) * math.log(decay_ms / rise_ms)
    return 1 / (math.exp(-peak_ms / decay_ms) - math.exp(-peak_ms / rise_ms))


# Constants of the channels.


def _refuse(table: Table, what: str, key: str, want: str) -> None:
    msg = f"{table.name}.toml: {key} = {table.value(key)!r}: the kernel of this kind needs {what} = {want}; restore it, or extend kernels/channels.py."
    raise ModelError(msg)


def _ratio(table: Table, key: str, scale: float, times: int) -> float:
    """Give a scale of a rate, which must be a whole part of the scale of the one exponential."""
    value = table.number(f"{key}.scale_mv")
    if not math.isclose(value * times, scale, rel_tol=1e-12):
        _refuse(table, f"{key}.scale_mv", f"{key}.scale_mv", f"{scale / times:g} mV")
    return value


def _form(table: Table, key: str, form: str) -> None:
    if table.value(f"{key}.form") != form:
        _refuse(table, f"{key}.form", f"{key}.form", form)


def _q(table: Table) -> float:
    if "q10" not in table.entries:
        return 1.0
    return math.pow(table.number("q10"), table.number("q10_power"))


def _series(scale: float) -> tuple[float, float]:
    """Give limit and curvature of x / (exp(x / y) - 1) at 0."""
    return abs(scale), 1 / (12 * abs(scale))


def _get(table: Table, key: str, default: float = 0.0) -> float:
    return table.number(key) if key in table.entries else default


def _na_b(t: Table) -> list[float]:
    q = _q(t)
    for key in ("m.alpha", "m.beta", "h.alpha", "h.beta"):
        _form(t, key, "linear")
    _form(t, "h.steady", "sigmoid")
    s = -t.number("h.beta.scale_mv")
    y_m = _ratio(t, "m.alpha", s, 2)
    _ratio(t, "m.beta", s, -2)
    y_h = _ratio(t, "h.alpha", s, 6)
    y_inf = _ratio(t, "h.steady", s, -2)
    mid_m, mid_ah, mid_bh = (t.number(f"{k}.midpoint_mv") for k in ("m.alpha", "h.alpha", "h.beta"))
    if t.number("m.beta.midpoint_mv") != mid_m:
        _refuse(t, "m.beta.midpoint_mv", "m.beta.midpoint_mv", f"{mid_m:g} mV")
    limit_m, curve_m = _series(y_m)
    limit_ah, curve_ah = _series(y_h)
    limit_bh, curve_bh = _series(s)
    return [
        *(1 / s, mid_m, math.exp(-mid_m / y_m)),
        *(q * t.number("m.alpha.rate"), q * t.number("m.beta.rate"), limit_m),
        *(mid_ah, math.exp(-mid_ah / y_h), q * t.number("h.alpha.rate")),
        *(q * _get(t, "h.alpha.offset"), limit_ah),
        *(mid_bh, math.exp(-mid_bh / s), q * t.number("h.beta.rate"), limit_bh),
        math.exp(t.number("h.steady.midpoint_mv") / y_inf),
        *(curve_m, curve_ah, curve_bh),
    ]


def _traub_na(t: Table) -> list[float]:
    is_persistent = t.name.endswith("na_p")
    for key, form in (("m.alpha", "linear"), ("m.beta", "linear")):
        _form(t, key, form)
    _form(t, "h.alpha", "exponential")
    _form(t, "h.beta", "sigmoid")
    s = -10 * t.number("h.alpha.scale_mv")
    y_a = _ratio(t, "m.alpha", s, 45)
    y_b = -_ratio(t, "m.beta", s, -36)
    y_h = _ratio(t, "h.beta", s, 18 if is_persistent else 36)
    q = _q(t)
    mid = {k: t.number(f"{k}.midpoint_mv") for k in ("m.alpha", "m.beta", "h.alpha", "h.beta")}
    rate = {k: q * t.number(f"{k}.rate") for k in mid}
    return [
        1 / s,
        *(mid["m.alpha"], math.exp(-mid["m.alpha"] / y_a), rate["m.alpha"], *_series(y_a)),
        *(mid["m.beta"], math.exp(-mid["m.beta"] / y_b), rate["m.beta"], *_series(y_b)),
        rate["h.alpha"] * math.exp(mid["h.alpha"] / (s / 10)),
        math.exp(-mid["h.beta"] / y_h),
        rate["h.beta"],
        float(is_persistent),
    ]


def _hh2_k(t: Table) -> list[float]:
    _form(t, "n.alpha", "linear")
    _form(t, "n.beta", "exponential")
    s = -t.number("n.beta.scale_mv")
    y = _ratio(t, "n.alpha", s, 8)
    q = _q(t)
    mid = t.number("n.alpha.midpoint_mv")
    return [
        *(1 / s, mid, math.exp(-mid / y), q * t.number("n.alpha.rate"), *_series(y)),
        q * t.number("n.beta.rate") * math.exp(t.number("n.beta.midpoint_mv") / s),
    ]


def _ca_l(t: Table) -> list[float]:
    for key, form in (("m.alpha", "sigmoid"), ("m.beta", "linear"), ("m.steady", "sigmoid")):
        _form(t, key, form)
    q = _q(t)
    y_a, y_b, y_i = (
        t.number(f"{k}.scale_mv") * sign
        for k, sign in (("m.alpha", 1), ("m.beta", -1), ("m.steady", 1))
    )
    mid_a, mid_b, mid_i = (t.number(f"{k}.midpoint_mv") for k in ("m.alpha", "m.beta", "m.steady"))
    charge = t.number("ghk.valence") * t.number("ghk.faraday_c_per_mol")
    per_mv = 1e-3 * charge / (t.number("ghk.gas_j_per_mol_k") * t.number("ghk.temperature_kelvin"))
    probe = t.number("slope_step_mv")
    return [
        *(1 / y_a, math.exp(-mid_a / y_a), q * t.number("m.alpha.rate")),
        *(1 / y_b, math.exp(-mid_b / y_b), q * t.number("m.beta.rate"), mid_b, *_series(y_b)),
        *(1 / y_i, math.exp(-mid_i / y_i)),
        *(per_mv, 1e-3 * charge, t.number("ghk.outside_millimolar")),
        *(probe, probe * per_mv, math.exp(probe * per_mv), t.number("ghk.small_argument")),
    ]


def _k_ca(t: Table) -> list[float]:
    return [1 / t.number("half_millimolar"), t.number("rate") * _q(t), 1 / t.number("tau_min_ms")]


def _can(t: Table) -> list[float]:
    return [
        *(1 / t.number("half_millimolar"), t.number("rate")),
        *(_q(t) / t.number("tau_factor"), 1 / t.number("tau_min_ms")),
    ]


def _k_a(t: Table) -> list[float]:
    for key, form in (
        ("n.alpha", "linear"),
        ("n.beta", "exponential"),
        ("h.alpha", "sigmoid"),
        ("h.beta", "sigmoid"),
    ):
        _form(t, key, form)
    q = _q(t)
    y = t.number("n.alpha.scale_mv")
    mid = t.number("n.alpha.midpoint_mv")
    y_b = t.number("n.beta.scale_mv")
    y_h = t.number("h.beta.scale_mv")
    _ratio(t, "h.alpha", -y_h, 1)
    mid_h = t.number("h.beta.midpoint_mv")
    if t.number("h.alpha.midpoint_mv") != mid_h:
        _refuse(t, "h.alpha.midpoint_mv", "h.alpha.midpoint_mv", f"{mid_h:g} mV")
    return [
        *(1 / y, mid, math.exp(-mid / y), q * t.number("n.alpha.rate"), *_series(y)),
        *(1 / y_b, q * t.number("n.beta.rate") * math.exp(-t.number("n.beta.midpoint_mv") / y_b)),
        *(
            1 / y_h,
            math.exp(-mid_h / y_h),
            q * t.number("h.alpha.rate"),
            q * t.number("h.beta.rate"),
        ),
    ]


def _rate(t: Table, key: str, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give a rate of a table at voltages, 1/ms, before its temperature factor."""
    scale = t.number(f"{key}.scale_mv")
    z = (v - t.number(f"{key}.midpoint_mv")) / scale
    form = t.value(f"{key}.form")
    if form == "linear":
        safe = np.where(z == 0, 1.0, z)
        shape = abs(scale) * np.where(z == 0, 1.0, safe / -np.expm1(-safe))
    elif form == "exponential":
        shape = np.exp(z)
    else:
        shape = 1 / (1 + np.exp(-z))
    return np.asarray(t.number(f"{key}.rate") * shape + _get(t, f"{key}.offset"))


def _k_dri(t: Table, step_ms: float) -> tuple[list[float], NDArray[np.float64]]:
    """Give the table's place, the share of h, and value and slope of each other column in each interval."""
    first, last = t.number("table.from_mv"), t.number("table.to_mv")
    n = int(t.number("table.n_points"))
    v = np.linspace(first, last, n)
    columns = []
    for gate in ("n", "h"):
        alpha, beta = (_q(t) * _rate(t, f"{gate}.{k}", v) for k in ("alpha", "beta"))
        columns += [alpha / (alpha + beta), -np.expm1(-step_ms * (alpha + beta))]
    share = columns.pop()  # of h
    if np.ptp(share) > 1e-12 * share[0]:
        _refuse(t, "h.alpha + h.beta", "h.alpha.rate", "the same sum at every voltage")
    step = (last - first) / (n - 1)
    table = np.zeros((n + 1, ch.N_COEFFICIENTS))
    for f, column in enumerate(columns):
        table[0, 2 * f] = column[0]
        table[1:, 2 * f] = column
        table[1:-1, 2 * f + 1] = np.diff(column) / step
    return [first, step, float(n - 1), float(share[0])], table.ravel()


@functools.lru_cache(maxsize=8)
def _constants(
    step_ms: float,
) -> tuple[NDArray[np.float64], tuple[int, ...], NDArray[np.float64]]:
    """Gather the constants of all kinds, where each begins, and the table of K_DRI."""
    values: list[float] = []
    offsets: list[int] = []
    table = np.zeros(0)
    makers = {
        "na_b": _na_b,
        "hh2_na": _traub_na,
        "na_p": _traub_na,
        "hh2_k": _hh2_k,
        "ca_l": _ca_l,
        "k_ca": _k_ca,
        "can": _can,
        "k_a": _k_a,
    }
    for kind in _KINDS:
        t = load_table(f"channels/{kind}")
        for gate, power in _POWERS[kind].items():
            if t.number(f"{gate}.power") != power:
                _refuse(t, f"{gate}.power", f"{gate}.power", str(power))
        offsets.append(len(values))
        if kind == "k_dri":
            own, table = _k_dri(t, step_ms)
            values += own
        else:
            values += makers[kind](t)
    return np.array(values), tuple(offsets), table
