"""Single-cable fibers → the named tuple that the kernels take; the only place where this happens.

Here micrometers become microsiemens and nanofarads, and fibers are laid into lanes: without myelin, or
nodes in perfect myelin, which has no capacitance and no leak, so that only its axoplasm counts. Settling
to rest belongs to `assemble.py`, time stepping to `kernels/single_cable.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from scsim.errors import ModelError
from scsim.fibers.membrane import membrane_constants, temperature_factor
from scsim.fibers.morphology import SingleMorphology, load_single_morphology
from scsim.kernels.layouts import ACTIVE, LANES
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]

_KINDS: Final = MappingProxyType(
    {
        "rattay": ("rattay", "RattayCable"),
        "schild94": ("schild", "SchildCable"),
        "schild97": ("schild", "SchildCable"),
        "sundt": ("sundt", "SundtCable"),
        "sweeney": ("sweeney", "SweeneyCable"),
        "thio_autonomic": ("thio", "ThioCable"),
        "thio_cutaneous": ("thio", "ThioCable"),
        "tigerholm": ("tigerholm", "TigerholmCable"),
    }
)
"""Membrane table → module below `kernels/membranes` and its kind of cable."""


_LINE_BYTES: Final = 64

_FIRST_GATE_STEP_MS: Final = 0.005
"""Step of the table of gates that a cable has before `set_single_step`; a common one, so that it is made once."""


def single_cable_lanes(
    fibers: Sequence[Fiber], potentials: Sequence[FloatArray], width: int = LANES
) -> Any:
    """Lay single-cable fibers into lanes, at nominal rest, gates not yet set.

    Parameters
    ----------
    fibers : sequence of Fiber
        One to `width` fibers with one membrane; spare lanes become copies of the first.
    potentials : sequence of ndarray of float64, each of shape (n_sources, n_compartments)
        Outside potential along each fiber, mV per mA of each source.
    width : int
        Number of lanes.

    Returns
    -------
    named tuple
        A kind of single cable (`kernels/single_cable.py`) without a step: call `set_single_step` next.
        ``force`` has the current that each source drives into each compartment, nA/mA, flat over
        (n_sources, n_nodes + 2, width).

    Raises
    ------
    ModelError
        If there are more fibers than lanes, or they do not share a membrane.
    """
    # Kernels load numba, which is slow.
    from scsim.kernels import single_cable as at  # noqa: PLC0415
    from scsim.kernels.elementary import EXP_DOUBLE  # noqa: PLC0415
    from scsim.kernels.membranes import ends  # noqa: PLC0415
    from scsim.kernels.membranes.steps import GATE_FIELDS  # noqa: PLC0415

    if not 1 <= len(fibers) <= width:
        message = f"{len(fibers)} fibers for {width} lanes: lanes hold from one fiber to {width}; lay them in groups."
        raise ModelError(message)
    membranes = {fiber.morphology.membrane for fiber in fibers}
    if len(membranes) != 1:
        message = (
            f"fibers with the membranes {', '.join(sorted(membranes))} in one group: lanes share a membrane; "
            "give fibers of one model at a time."
        )
        raise ModelError(message)
    channels = load_channels(*membranes)
    n_nodes = max(fiber.node_count for fiber in fibers)
    n_sources = potentials[0].shape[0]
    n_fields = at.STATE + len(channels.starts)
    records = _aligned_zeros((n_nodes + 2, n_fields, width))
    lane = _aligned_zeros((ends.LANE_FIELDS + channels.n_scratch, width))
    force = _aligned_zeros((n_sources, n_nodes + 2, width))
    records[1:-1, at.STATE :] = np.array(channels.starts)[:, None]
    gates_end = ends.LANE_FIELDS + GATE_FIELDS
    for shape, n, lanes in _lanes_of_a_kind(fibers, width):
        link = links_microsiemens(shape, n)
        records[1 : n + 1, at.AREA, lanes] = area_cm2(shape) * MICROSIEMENS_PER_S
        records[1 : n + 1, ACTIVE, lanes] = 1.0
        records[1:n, at.LINK, lanes] = link[:, None]
        lane[ends.DIAMETER, lanes] = shape.fiber_diameter_um
        own = channels.lane_constants(shape.fiber_diameter_um)
        lane[gates_end : gates_end + len(own), lanes] = np.array(own)[:, None]
        if shape.end is not None:
            records[1, ACTIVE, lanes] = records[n, ACTIVE, lanes] = 0.0
            lane[ends.END_LEAK, lanes] = shape.end.leak_s_per_cm2
            lane[ends.END_DRIVE, lanes] = shape.end.leak_s_per_cm2 * (
                shape.end.e_leak_mv - channels.rest_mv
            )
        outside = [potentials[i] if i < len(fibers) else potentials[0] for i in lanes]
        axial = link[:, None] * np.diff(np.stack(outside, axis=-1), axis=1)
        force[:, 1:n, lanes] += axial
        force[:, 2 : n + 1, lanes] -= axial
    table_dt = () if channels.module is None else (_FIRST_GATE_STEP_MS,)
    return channels.kind(
        buffer=records.ravel(),
        lane=lane.ravel(),
        force=force.ravel(),
        table=_gate_table(*membranes, _FIRST_GATE_STEP_MS),
        constants=channels.constants + table_dt,
        rest_mv=channels.rest_mv,
        n_nodes=n_nodes,
        record=n_fields,
        copies=1,
        exps=EXP_DOUBLE,
        width=(0,) * width,
        states=(0,) * len(channels.starts),
    )


def set_single_step(cable: Any, fibers: Sequence[Fiber], h_ms: float, gate_dt_ms: float) -> Any:
    """Write what depends on the steps of the linear solve and of the gates; the state is left alone.

    Parameters
    ----------
    cable : named tuple
        From `single_cable_lanes`; its fields CAPACITANCE and DIAGONAL are written.
    fibers : sequence of Fiber
        The fibers that it was made of.
    h_ms : float
        Step of the solve, ms: half the time step of the trapezoidal rule.
    gate_dt_ms : float
        Step of the gates, ms: that of the time loop. Others are right too, but slow.

    Returns
    -------
    named tuple
        The cable with the gates' table for that step, if its membrane has one; all other arrays are shared.
    """
    from scsim.kernels import single_cable as at  # noqa: PLC0415

    width = len(cable.width)
    records = cable.buffer.reshape(cable.n_nodes + 2, cable.record, width)
    records[:, at.DIAGONAL] = 1.0
    records[:, at.CAPACITANCE] = 0.0
    for shape, n, lanes in _lanes_of_a_kind(fibers, width):
        capacitance = np.full(n, shape.capacitance_uf_per_cm2)
        if shape.end is not None:
            capacitance[[0, -1]] = shape.end.capacitance_uf_per_cm2
        over_h = capacitance * (area_cm2(shape) * NF_PER_MICROFARAD / h_ms)
        sides = np.zeros(n)
        link = links_microsiemens(shape, n)
        sides[:-1] += link
        sides[1:] += link
        records[1 : n + 1, at.CAPACITANCE, lanes] = over_h[:, None]
        records[1 : n + 1, at.DIAGONAL, lanes] = (over_h + sides)[:, None]
    membrane = fibers[0].morphology.membrane
    if load_channels(membrane).module is None:
        return cable
    return cable._replace(
        table=_gate_table(membrane, gate_dt_ms), constants=(*cable.constants[:-1], gate_dt_ms)
    )


def _lanes_of_a_kind(
    fibers: Sequence[Fiber], width: int
) -> list[tuple[SingleMorphology, int, list[int]]]:
    """Shape and number of nodes of the fibers that differ in them, and the lanes of each."""
    groups: dict[tuple[SingleMorphology, int], list[int]] = {}
    for i in range(width):
        fiber = fibers[i] if i < len(fibers) else fibers[0]
        shape = load_single_morphology(fiber.model, fiber.fiber_diameter_um)
        groups.setdefault((shape, fiber.node_count), []).append(i)
    return [(shape, n, lanes) for (shape, n), lanes in groups.items()]


def _aligned_zeros(shape: tuple[int, ...]) -> FloatArray:
    """Zeros that begin on a cache line, so that no vector of lanes straddles two (6 % of a step)."""
    count = int(np.prod(shape))
    raw = np.zeros(count + _LINE_BYTES // 8)
    first = (-raw.ctypes.data % _LINE_BYTES) // raw.itemsize
    return raw[first : first + count].reshape(shape)


def area_cm2(shape: SingleMorphology) -> float:
    """Membrane area of a section, cm²."""
    return float(np.pi * shape.node_diameter_um * shape.node_length_um * CM_PER_UM**2)


@lru_cache(maxsize=1024)
def links_microsiemens(shape: SingleMorphology, n_nodes: int) -> FloatArray:
    """Axial conductance between neighbors: two half sections and the axon under myelin, if any.

    Parameters
    ----------
    shape : SingleMorphology
    n_nodes : int

    Returns
    -------
    ndarray of float64, shape (n_nodes - 1,)
        µS; 1e-8 of the others toward a passive end, which is cut off. Shared, and so read-only.
    """
    core_cm2 = 0.25 * np.pi * (shape.node_diameter_um * CM_PER_UM) ** 2
    rho = np.full(n_nodes, shape.axial_resistivity_ohm_cm)
    if shape.end is not None:
        rho[[0, -1]] = shape.end.axial_resistivity_ohm_cm
    half_um = 0.5 * shape.node_length_um
    covered_um = shape.internode_length_um - shape.node_length_um
    ohm_cm_um = (rho[:-1] + rho[1:]) * half_um + shape.axial_resistivity_ohm_cm * covered_um
    link = np.asarray(MICROSIEMENS_PER_S * core_cm2 / (ohm_cm_um * CM_PER_UM))
    link.flags.writeable = False  # shared by all callers
    return link


class _Channels(NamedTuple):
    """What a kernel needs of a membrane: kind of cable, start of each state, constants, table.

    A module that tabulates gates for a step has ``gate_table`` instead; the step is then the last constant, which
    `constants` is without.
    """

    kind: Any
    module: Any  # None without a table of gates
    values: Mapping[str, float]
    starts: tuple[float, ...]
    constants: tuple[float, ...]
    table: FloatArray
    rest_mv: float
    n_scratch: int

    def lane_constants(self, diameter_um: float) -> tuple[float, ...]:
        """Give what the module wants to know of a lane."""
        return () if self.module is None else self.module.lane_constants(self.values, diameter_um)


@lru_cache(maxsize=16)
def load_channels(membrane: str) -> _Channels:
    """Read a membrane table, and work out what its kernel wants to know of it.

    Temperature factors join the values of the table as ``factor.…``; then come the kernel's own
    ``derived_constants`` and ``look_up_table``, where it has them. A state starts at ``start.…``, as does the
    same state ``…_before`` the step; gates start at 0, because they are set afterwards.
    """
    module_name, kind_name = _KINDS[membrane]
    module = import_module(f"scsim.kernels.membranes.{module_name}")
    kind = getattr(module, kind_name)
    values = dict(membrane_constants(membrane))
    for key in tuple(values):
        group, _, name = key.partition(".")
        if group == "q10" and f"{key}_reference_degc" in values:
            values[f"factor.{name}"] = temperature_factor(values, name)
    derive = getattr(module, "derived_constants", None)
    if derive is not None:
        values.update(derive(values))
    compute = getattr(module, "look_up_table", None)
    return _Channels(
        kind=kind,
        module=module if hasattr(module, "gate_table") else None,
        values=MappingProxyType(values),
        starts=tuple(
            values.get(f"start.{state.removesuffix('_before')}", 0.0)
            for state in _of_kind(module.STATES, kind)
        ),
        constants=tuple(values[key] for key in _of_kind(module.CONSTANTS, kind)),
        table=np.zeros((0, 0)) if compute is None else np.asarray(compute(values)),
        rest_mv=values["v_rest_mv"],
        n_scratch=getattr(module, "N_SCRATCH", 0),
    )


@lru_cache(maxsize=8)
def _gate_table(membrane: str, dt_ms: float) -> FloatArray:
    """Table of a membrane, for a step of its gates if it depends on that; shared, kernels only read it."""
    channels = load_channels(membrane)
    if channels.module is None:
        return channels.table
    table = channels.module.gate_table(membrane, channels.values, dt_ms)
    aligned = _aligned_zeros(table.shape)
    aligned[:] = table
    return aligned


def _of_kind(names: Mapping[type, Iterable[str]] | Iterable[str], kind: type) -> tuple[str, ...]:
    """Names of one kind where a module has several kinds."""
    return tuple(names[kind] if isinstance(names, dict | MappingProxyType) else names)
