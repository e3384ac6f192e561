"""Single-cable fibers → the named tuple that the kernels take; the only place where this happens.

Here micrometers become microsiemens and nanofarads, and fibers are laid into lanes: without myelin, or
nodes in perfect myelin, which has no capacitance and no leak, so that only its axoplasm counts. Settling
to rest belongs to `assemble.py`, time stepping to `kernels/single_cable.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ModelError
from scsim.fibers.membrane import membrane_constants, temperature_factor
from scsim.fibers.morphology import SingleMorphology, load_single_morphology
from scsim.kernels.layouts import ACTIVE, LANES
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]

_KINDS: Final = MappingProxyType(
    {
        "rattay": ("rattay", "RattayCable"),
        "schild94": ("schild", "Schild94Cable"),
        "schild97": ("schild", "Schild97Cable"),
        "sundt": ("sundt", "SundtCable"),
        "sweeney": ("sweeney", "SweeneyCable"),
        "thio_autonomic": ("thio", "ThioCable"),
        "thio_cutaneous": ("thio", "ThioCable"),
        "tigerholm": ("tigerholm", "TigerholmCable"),
    }
)
"""Membrane table → module below `kernels/membranes` and its kind of cable."""


_LINE_BYTES: Final = 64


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
    from scsim.kernels.membranes import ends  # noqa: PLC0415

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
    (membrane,) = membranes
    module_name, kind_name = _KINDS[membrane]
    module = import_module(f"scsim.kernels.membranes.{module_name}")
    kind = getattr(module, kind_name)
    values = _membrane_values(membrane, module)
    states = _of_kind(module.STATES, kind)
    n_nodes = max(fiber.node_count for fiber in fibers)
    n_sources = potentials[0].shape[0]
    n_fields = at.STATE + len(states)
    records = _aligned_zeros((n_nodes + 2, n_fields, width))
    lane = _aligned_zeros((ends.LANE_FIELDS + getattr(module, "N_SCRATCH", 0), width))
    force = _aligned_zeros((n_sources, n_nodes + 2, width))
    for field, state in enumerate(states, start=at.STATE):
        records[1:-1, field] = values.get(f"start.{state.removesuffix('_before')}", 0.0)
    spare = width - len(fibers)
    for i, (fiber, v_e) in enumerate(
        zip([*fibers, *[fibers[0]] * spare], [*potentials, *[potentials[0]] * spare], strict=True)
    ):
        shape = _shape(fiber)
        inside = slice(1, fiber.node_count + 1)
        link = links_microsiemens(shape, fiber.node_count)
        records[inside, at.AREA, i] = area_cm2(shape) * MICROSIEMENS_PER_S
        records[inside, ACTIVE, i] = 1.0
        records[inside, at.LINK, i] = np.append(link, 0.0)
        lane[ends.DIAMETER, i] = fiber.fiber_diameter_um
        if shape.end is not None:
            records[[1, fiber.node_count], ACTIVE, i] = 0.0
            lane[ends.END_LEAK, i] = shape.end.leak_s_per_cm2
            lane[ends.END_DRIVE, i] = shape.end.leak_s_per_cm2 * (
                shape.end.e_leak_mv - values["v_rest_mv"]
            )
        axial = link * np.diff(v_e, axis=1)
        force[:, 1 : fiber.node_count, i] += axial
        force[:, 2 : fiber.node_count + 1, i] -= axial
    return kind(
        buffer=records.ravel(),
        lane=lane.ravel(),
        force=force.ravel(),
        table=_look_up_table(module, values),
        constants=tuple(values[key] for key in _of_kind(module.CONSTANTS, kind)),
        rest_mv=values["v_rest_mv"],
        n_nodes=n_nodes,
        record=n_fields,
        copies=1,
        width=(0,) * width,
        states=(0,) * len(states),
    )


def set_single_step(cable: Any, fibers: Sequence[Fiber], h_ms: float) -> None:
    """Write what depends on the step of the linear solve; the state is left alone.

    Parameters
    ----------
    cable : named tuple
        From `single_cable_lanes`; its fields CAPACITANCE and DIAGONAL are written.
    fibers : sequence of Fiber
        The fibers that it was made of.
    h_ms : float
        Step of the solve, ms: half the time step of the trapezoidal rule.
    """
    from scsim.kernels import single_cable as at  # noqa: PLC0415

    width = len(cable.width)
    records = cable.buffer.reshape(cable.n_nodes + 2, cable.record, width)
    records[:, at.DIAGONAL] = 1.0
    records[:, at.CAPACITANCE] = 0.0
    for i, fiber in enumerate([*fibers, *[fibers[0]] * (width - len(fibers))]):
        shape = _shape(fiber)
        n = fiber.node_count
        capacitance = np.full(n, shape.capacitance_uf_per_cm2)
        if shape.end is not None:
            capacitance[[0, -1]] = shape.end.capacitance_uf_per_cm2
        over_h = capacitance * (area_cm2(shape) * NF_PER_MICROFARAD / h_ms)
        link = records[: n + 1, at.LINK, i]
        records[1 : n + 1, at.CAPACITANCE, i] = over_h
        records[1 : n + 1, at.DIAGONAL, i] = over_h + link[:-1] + link[1:]


def _aligned_zeros(shape: tuple[int, ...]) -> FloatArray:
    """Zeros that begin on a cache line, so that no vector of lanes straddles two (6 % of a step)."""
    count = int(np.prod(shape))
    raw = np.zeros(count + _LINE_BYTES // 8)
    first = (-raw.ctypes.data % _LINE_BYTES) // raw.itemsize
    return raw[first : first + count].reshape(shape)


def _shape(fiber: Fiber) -> SingleMorphology:
    return load_single_morphology(fiber.model, fiber.fiber_diameter_um)


def area_cm2(shape: SingleMorphology) -> float:
    """Membrane area of a section, cm²."""
    return float(np.pi * shape.node_diameter_um * shape.node_length_um * CM_PER_UM**2)


def links_microsiemens(shape: SingleMorphology, n_nodes: int) -> FloatArray:
    """Axial conductance between neighbors: two half sections and the axon under myelin, if any.

    Parameters
    ----------
    shape : SingleMorphology
    n_nodes : int

    Returns
    -------
    ndarray of float64, shape (n_nodes - 1,)
        µS; 1e-8 of the others toward a passive end, which is cut off.
    """
    core_cm2 = 0.25 * np.pi * (shape.node_diameter_um * CM_PER_UM) ** 2
    rho = np.full(n_nodes, shape.axial_resistivity_ohm_cm)
    if shape.end is not None:
        rho[[0, -1]] = shape.end.axial_resistivity_ohm_cm
    half_um = 0.5 * shape.node_length_um
    covered_um = shape.internode_length_um - shape.node_length_um
    ohm_cm_um = (rho[:-1] + rho[1:]) * half_um + shape.axial_resistivity_ohm_cm * covered_um
    return np.asarray(MICROSIEMENS_PER_S * core_cm2 / (ohm_cm_um * CM_PER_UM))


def _membrane_values(membrane: str, module: ModuleType) -> dict[str, float]:
    """Numbers of the membrane table, temperature factors as ``factor.…``, and what follows from them."""
    values = dict(membrane_constants(membrane))
    for key in tuple(values):
        group, _, name = key.partition(".")
        if group == "q10" and f"{key}_reference_degc" in values:
            values[f"factor.{name}"] = temperature_factor(values, name)
    derive = getattr(module, "derived_constants", None)
    if derive is not None:
        values.update(derive(values))
    return values


def _look_up_table(module: ModuleType, values: Mapping[str, float]) -> FloatArray:
    compute = getattr(module, "look_up_table", None)
    return np.zeros((0, 0)) if compute is None else np.asarray(compute(values))


def _of_kind(names: Mapping[type, Iterable[str]] | Iterable[str], kind: type) -> tuple[str, ...]:
    """Names of one kind where a module has several kinds."""
    return tuple(names[kind] if isinstance(names, dict | MappingProxyType) else names)
