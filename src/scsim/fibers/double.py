"""Myelinated double cables in lanes: the arrays of `scsim.kernels.layouts.DoubleCable`.

The internode itself is in `internode.py`; settling to rest belongs to `assemble.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scsim.fibers.internode import Internode, internode_modes
from scsim.fibers.membrane import Membrane, load_membrane
from scsim.fibers.morphology import N_INTERNODE, Morphology, load_morphology
from scsim.kernels import layouts as at
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.fibers.solver import Solver
    from scsim.kernels.table_cable import TableCable

    FloatArray = npt.NDArray[np.float64]

_HALF: Final = at.N_MODES // 2

_LARGEST: Final = {"float64": 1e40, "float32": 1e7}
"""Exponentials beyond it are as good as infinite in a rate, and their products stay within the precision."""

_NEAREST: Final = {"float64": 1e-6, "float32": 1e-3}
"""Arguments x within so much of 0 are moved to it in x / (1 - exp(-x)): where rounding outgrows the series."""


_FARTHEST_MV: Final = {"float64": 1000.0, "float32": 750.0}
"""Rates beyond this voltage are those at it: the argument of the steepest exponential stays in range."""


def _node_constants(morphology: Morphology, membrane: Membrane) -> dict[int, float]:
    """Capacitance (nF, not yet over dt) and channel conductances (µS) of a node."""
    constants = membrane.constants
    area_cm2 = np.pi * morphology.node_diameter_um * morphology.node_length_um * CM_PER_UM**2
    siemens = area_cm2 * MICROSIEMENS_PER_S
    return {
        at.CAPACITANCE: constants["node.capacitance_uf_per_cm2"] * area_cm2 * NF_PER_MICROFARAD,
        at.G_NAF: constants["node.g_naf_s_per_cm2"] * siemens,
        at.G_NAP: constants["node.g_nap_s_per_cm2"] * siemens,
        at.G_KS: constants["node.g_ks_s_per_cm2"] * siemens,
        at.G_LEAK: constants["node.g_leak_s_per_cm2"] * siemens,
    }


def _end_leak_microsiemens(morphology: Morphology) -> float:
    """Conductance from the end of the cable to the passive end node, which stays at rest, µS.

    The end node is cut off by its resistivity of 1e10 Ω cm. What is left of the coupling, 1e-6 of
    that between nodes, still moves spikes by 1e-6 ms, so it is kept; that the end node itself moves
    by less than 1 mV is not.
    """
    constants = load_membrane(morphology.membrane).constants
    half_cm = 0.5 * morphology.node_length_um * CM_PER_UM
    core_cm2 = 0.25 * np.pi * (morphology.node_diameter_um * CM_PER_UM) ** 2
    extra = (
        constants["end.axial_resistivity_ohm_cm"] - constants["internode.axial_resistivity_ohm_cm"]
    )
    return float(MICROSIEMENS_PER_S / (extra * half_cm / core_cm2))


def double_cable_lanes(
    fibers: Sequence[Fiber], n_sources: int, solver: Solver, solve_ms: float
) -> at.DoubleCable:
    """Lay double cables into lanes at nominal rest, without a field.

    Parameters
    ----------
    fibers : sequence of Fiber
        One for each lane.
    n_sources : int
        Sources of stimulation.
    solver : Solver
    solve_ms : float
        Step h of the linear solve, ms.

    Returns
    -------
    DoubleCable
        With u = 0 and every gate 0.
    """
    from scsim.kernels.elementary import EXP_DOUBLE, EXP_SINGLE  # noqa: PLC0415 - numba loads slowly

    width = len(fibers)
    n_half = solver.modes // 2
    n_nodes = max(fiber.node_count for fiber in fibers)
    membrane = load_membrane(fibers[0].morphology.membrane)
    real = np.dtype(solver.precision).type
    rest = membrane.v_rest_mv
    constants = (
        membrane.f1,
        membrane.f2,
        membrane.f3,
        membrane.constants["node.e_na_mv"] - rest,
        membrane.constants["node.e_k_mv"] - rest,
        membrane.constants["node.e_leak_mv"] - rest,
        _LARGEST[solver.precision],
        _LARGEST[solver.precision] ** 0.1,
        _NEAREST[solver.precision],
        _FARTHEST_MV[solver.precision],
    )
    record = at.MODE + 2 * n_half
    cable = at.DoubleCable(
        buffer=np.zeros((n_nodes + 2) * record * width, dtype=real),
        lane=np.zeros((at.MODES + 8 * n_half) * width, dtype=real),
        force=np.zeros(
            n_sources * (n_nodes + 2) * (2 * n_half + at.FORCE_FIELDS) * width, dtype=real
        ),
        membrane=tuple(real(value) for value in constants),
        exps=EXP_SINGLE if solver.precision == "float32" else EXP_DOUBLE,
        rest_mv=rest,
        n_nodes=n_nodes,
        record=record,
        copies=2 * n_half,
        width=(0,) * width,
        half=(0,) * n_half,
    )
    records = cable.buffer.reshape(n_nodes + 2, record, width)
    for fiber, lanes in _alike(fibers).items():
        records[1 : fiber.n_nodes, at.LINK, lanes] = 1.0
        records[2 : fiber.n_nodes, at.ACTIVE, lanes] = 1.0
    _fit_lanes(cable, fibers, solve_ms)
    return cable


class _Shape(NamedTuple):
    """What two fibers must share to have the same constants."""

    model: str
    fiber_diameter_um: float
    n_nodes: int


def _alike(fibers: Sequence[Fiber]) -> dict[_Shape, list[int]]:
    """Lanes of each shape of fiber."""
    lanes: dict[_Shape, list[int]] = {}
    for i, fiber in enumerate(fibers):
        shape = _Shape(fiber.model, fiber.fiber_diameter_um, fiber.node_count)
        lanes.setdefault(shape, []).append(i)
    return lanes


def with_table(cable: at.DoubleCable, dt_ms: float) -> TableCable:
    """Give a cable of one lane the table of its gates.

    Parameters
    ----------
    cable : DoubleCable
        Of one lane, in float64.
    dt_ms : float
        Step of the gates, ms.

    Returns
    -------
    TableCable
        Sharing the arrays of `cable`.
    """
    from scsim.kernels.table_cable import TableCable  # noqa: PLC0415 - numba loads slowly

    return TableCable(*cable, _gate_table(cable.membrane, dt_ms), dt_ms)


@lru_cache(maxsize=8)
def _gate_table(membrane: tuple[float, ...], dt_ms: float) -> FloatArray:
    from scsim.kernels import table_cable as table  # noqa: PLC0415

    n_rows = round((table.TABLE_HIGHEST_MV - table.TABLE_LOWEST_MV) / table.TABLE_STEP_MV) + 2
    values = np.empty((n_rows, 2 * table.N_GATES))
    factors = [membrane[i] * dt_ms for i in (at.F1, at.F2, at.F3)]
    table.tabulate_gates((*factors, *membrane[at.LARGEST :]), values)
    return values


def _kept(n_half: int) -> npt.NDArray[np.bool_]:
    """Which of the twenty modes a kernel follows: the slowest even and odd ones."""
    is_slow = np.arange(_HALF) < n_half
    return np.concatenate([is_slow, is_slow])


@lru_cache(maxsize=4096)
def _fit(
    model: str, fiber_diameter_um: float, n_half: int, solve_ms: float
) -> tuple[FloatArray, float, float, float]:
    """Lane constants; diagonal of a passive end, of one more side, and of channels (µS)."""
    modes = internode_modes(model, fiber_diameter_um)
    morphology = load_morphology(model, fiber_diameter_um)
    decay = 1.0 / (1.0 + modes.decay_per_ms * solve_ms)
    kept = _kept(n_half)
    static = modes.coupling**2 / modes.decay_per_ms
    stored = static / (modes.decay_per_ms * solve_ms)
    conductance = np.where(kept, decay * solve_ms * modes.coupling**2, static - stored)
    even, odd = conductance[:_HALF].sum(), conductance[_HALF:].sum()
    memory = np.where(kept, 0.0, stored)
    lane = np.zeros(at.MODES + 8 * n_half)
    for field, value in _node_constants(morphology, load_membrane(morphology.membrane)).items():
        lane[field] = value
    lane[at.CAPACITANCE] /= solve_ms
    lane[at.COUPLING] = even - odd
    lane[at.CLOSE_EVEN] = memory[:_HALF].sum()
    lane[at.CLOSE_ODD] = memory[_HALF:].sum()
    a, gain = decay[kept], (decay * conductance)[kept]
    lane[at.MODES :] = np.concatenate([a, gain, 2.0 * a - 1.0, 2.0 * gain])
    side = modes.axial_microsiemens - float(even + odd)
    return lane, side + _end_leak_microsiemens(morphology), side, float(lane[at.CAPACITANCE])


def _fit_lanes(cable: at.DoubleCable, fibers: Sequence[Fiber], solve_ms: float) -> None:
    """Write what depends on the step of the linear solve."""
    width = len(cable.width)
    diagonal = cable.buffer.reshape(cable.n_nodes + 2, cable.record, width)[1:-1, at.DIAGONAL]
    constants = cable.lane.reshape(-1, width)
    diagonal[:] = 1.0
    for shape, lanes in _alike(fibers).items():
        lane, end, side, capacitance = _fit(
            shape.model, shape.fiber_diameter_um, len(cable.half), solve_ms
        )
        constants[:, lanes] = lane[:, None]
        diagonal[: shape.n_nodes, lanes] = capacitance + 2.0 * side
        diagonal[0, lanes] = end
        diagonal[shape.n_nodes - 1, lanes] = end


def set_double_step(
    cable: at.DoubleCable,
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    solve_before_ms: float,
    solve_ms: float,
) -> None:
    """Change the step of the linear solve, and lay in the fields.

    Parameters
    ----------
    cable : DoubleCable
        Changed in place.
    fibers : sequence of Fiber
        One for each lane.
    potentials : sequence of ndarray of float64, each of shape (n_fields, n_compartments)
        mV per mA.
    solve_before_ms, solve_ms : float
        Step h until now and from now on, ms.
    """
    width, n_half = len(cable.width), len(cable.half)
    kept = _kept(n_half)
    records = cable.buffer.reshape(cable.n_nodes + 2, cable.record, width)
    n_sources = cable.force.size // ((cable.n_nodes + 2) * (2 * n_half + at.FORCE_FIELDS) * width)
    force = cable.force.reshape(n_sources, cable.n_nodes + 2, 2 * n_half + at.FORCE_FIELDS, width)
    _fit_lanes(cable, fibers, solve_ms)
    for shape, lanes in _alike(fibers).items():
        modes = internode_modes(shape.model, shape.fiber_diameter_um)
        # Modes are stored scaled by a_j, which depends on the step.
        change = (1.0 + modes.decay_per_ms * solve_before_ms) / (
            1.0 + modes.decay_per_ms * solve_ms
        )
        records[1:-1, at.MODE :, lanes] *= change[kept].astype(records.dtype)[:, None]
        # Lanes that hold one and the same potential are copies: work it out once.
        distinct = {id(potentials[i]): potentials[i] for i in lanes}
        n_fields = len(potentials[lanes[0]])
        if n_fields == 0:
            continue
        pushes = _forces(
            modes, np.concatenate(list(distinct.values())), shape.n_nodes, solve_ms, kept
        ).reshape(len(distinct), n_fields, shape.n_nodes, -1)
        place = {key: index for index, key in enumerate(distinct)}
        chosen = [place[id(potentials[i])] for i in lanes]
        force[:n_fields, 1 : shape.n_nodes + 1, :, lanes] = np.moveaxis(pushes[chosen], 0, -1)


def _forces(
    modes: Internode,
    v_e: FloatArray,
    n_nodes: int,
    solve_ms: float,
    kept: npt.NDArray[np.bool_],
) -> FloatArray:
    """Give what fields of 1 mA do: shape (n_fields, n_nodes, n_kept + FORCE_FIELDS), nA per mA."""
    # Potentials of each internode: node, ten compartments, next node.
    windows = np.lib.stride_tricks.sliding_window_view(v_e, N_INTERNODE + 2, axis=1)
    windows = windows[:, :: N_INTERNODE + 1]
    decay = 1.0 / (1.0 + modes.decay_per_ms * solve_ms)
    drive = (windows @ modes.forcing.T) * modes.coupling
    static = drive / modes.decay_per_ms
    stored = static / (modes.decay_per_ms * solve_ms)
    now = np.where(kept, drive * (decay * solve_ms), static - stored)
    then = np.where(kept, 0.0, stored)
    moved = (now * decay)[..., kept]
    n_half = moved.shape[-1] // 2
    result = np.zeros((v_e.shape[0], n_nodes, moved.shape[-1] + at.FORCE_FIELDS))
    result[:, :-1, : -at.FORCE_FIELDS] = moved
    field = result[:, :, -at.FORCE_FIELDS :]
    axial = modes.axial_microsiemens
    left, right = _toward_nodes(now)
    field[:, :-1, at.FORCE_NODE] += left + axial * (windows[..., 1] - windows[..., 0])
    field[:, 1:, at.FORCE_NODE] += right + axial * (windows[..., -2] - windows[..., -1])
    left, right = _toward_nodes(then)
    field[:, :-1, at.FORCE_OLD] += left
    field[:, 1:, at.FORCE_OLD] += right
    even, odd = moved[..., :n_half].sum(axis=-1), moved[..., n_half:].sum(axis=-1)
    field[:, :-1, at.FORCE_LEFT] = even + odd
    field[:, :-1, at.FORCE_RIGHT] = even - odd
    return result


def _toward_nodes(by_mode: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum over the modes of an internode as the node on the left and that on the right see it."""
    even, odd = by_mode[..., :_HALF].sum(axis=-1), by_mode[..., _HALF:].sum(axis=-1)
    return even + odd, even - odd
