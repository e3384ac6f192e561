"""Fibers → the arrays that the cable kernels take, at rest at t = 0.

Fibers are laid into lanes, settled as the reference models are, and handed over. Time stepping belongs
to `kernels`, the internode of myelinated fibers to `internode.py`, single cables to `single.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import GeometryError, ModelError
from scsim.fibers.double import double_cable_lanes, set_double_step, with_table
from scsim.fibers.single import set_single_step, single_cable_lanes
from scsim.kernels import layouts as at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.fibers.solver import Solver

    FloatArray = npt.NDArray[np.float64]

SETTLE_STEPS: Final = 40
SETTLE_DT_MS: Final = 5.0
"""Start-up of the reference models: 40 implicit steps of 5 ms without a field, then time is 0."""


@dataclass(frozen=True)
class Lanes:
    """A group of fibers as kernels take them, at rest at t = 0.

    Attributes
    ----------
    cable : named tuple
        One of the kinds of cable in `scsim.kernels`; every array has the lanes as its last axis.
    node_counts : tuple of int
        Nodes of each lane; lanes from `n_fibers` on are copies of the first.
    n_fibers : int
        Lanes that hold a fiber of their own.
    n_sources : int
        Sources of stimulation, fields first, then intracellular currents.
    """

    cable: Any
    node_counts: tuple[int, ...]
    n_fibers: int
    n_sources: int

    @property
    def n_lanes(self) -> int:
        """Number of lanes."""
        return len(self.node_counts)

    def place(self, node: int, field: int, lane: int) -> int:
        """Index into the buffer of a field at a node, from 0, of a lane."""
        return int(((node + 1) * self.cable.record + field) * self.n_lanes + lane)

    def take(self, order: npt.NDArray[np.int64]) -> Lanes:
        """Lay lanes anew: lane i of the result is lane ``order[i]`` of this.

        Parameters
        ----------
        order : ndarray of int64, shape (n_lanes,)

        Returns
        -------
        Lanes
            With arrays of its own.
        """
        from scsim.kernels.membranes.catalog import LANE_MAJOR  # noqa: PLC0415 - numba loads slowly

        def chosen(array: FloatArray) -> FloatArray:
            return np.ascontiguousarray(array.reshape(-1, self.n_lanes)[:, order]).ravel()

        cable = self.cable._replace(
            buffer=chosen(self.cable.buffer),
            lane=chosen(self.cable.lane),
            force=chosen(self.cable.force),
        )
        if type(cable) in LANE_MAJOR:
            first, n_fields = LANE_MAJOR[type(cable)]
            before, after = (
                one.buffer.reshape(-1, cable.record, self.n_lanes)[:, first : first + n_fields]
                for one in (self.cable, cable)
            )
            after[:] = before.reshape(-1, self.n_lanes, n_fields)[:, order].reshape(after.shape)
        counts = tuple(self.node_counts[i] for i in order)
        return Lanes(cable, counts, self.n_lanes, self.n_sources)

    def widen(self, amplitudes: FloatArray) -> FloatArray:
        """Amplitudes as kernels take them.

        Parameters
        ----------
        amplitudes : ndarray of float64, shape (n_sources, n_lanes)
            mA for fields, 1 for intracellular currents.

        Returns
        -------
        ndarray, shape (n_sources * copies * n_lanes,)
            In the precision of the buffer.
        """
        wide = np.repeat(amplitudes[:, None, :], self.cable.copies, axis=1)
        return wide.astype(self.cable.buffer.dtype).ravel()


def check_potentials(fibers: Sequence[Fiber], potentials: Sequence[FloatArray]) -> None:
    """Refuse potentials that do not belong to the fibers.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray, each of shape (n_compartments,) or (n_fields, n_compartments)
        mV per mA.

    Raises
    ------
    GeometryError
        If a shape is wrong or a value is not finite.
    """
    if len(fibers) != len(potentials):
        message = f"{len(potentials)} potentials for {len(fibers)} fibers: give one array per fiber, in the same order."
        raise GeometryError(message)
    for index, (fiber, v_e) in enumerate(zip(fibers, potentials, strict=True)):
        if v_e.shape[-1:] != (fiber.n_compartments,) or v_e.ndim > 2:
            message = (
                f"potential of fiber {index} has shape {v_e.shape}: a {fiber.fiber_diameter_um:g} µm fiber "
                f"with {fiber.node_count} nodes has {fiber.n_compartments} compartments; compute it at "
                "fiber.compartment_positions_mm()."
            )
            raise GeometryError(message)
        if not np.all(np.isfinite(v_e)):
            bad = tuple(int(i) for i in np.argwhere(~np.isfinite(v_e))[0])
            message = (
                f"potential of fiber {index} at compartment {bad[-1]} is {v_e[bad]}: every value must be a "
                "finite number of mV per mA; move the fiber off the contact."
            )
            raise GeometryError(message)


def assemble_lanes(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    solver: Solver,
    injections: Sequence[tuple[int, float]] = (),
) -> Lanes:
    """Lay fibers into lanes, settled to rest.

    Parameters
    ----------
    fibers : sequence of Fiber
        As many as there are lanes, or fewer; spare lanes become copies of the first.
    potentials : sequence of ndarray of float64, each of shape (n_fields, n_compartments)
        Outside potential of each field source along each fiber, mV per mA, shares applied.
    solver : Solver
        Scheme, step, modes and precision.
    injections : sequence of (int, float)
        Node and current (nA) of each intracellular source.

    Returns
    -------
    Lanes
        At rest at t = 0.

    Raises
    ------
    ModelError
        If the fibers do not share a membrane, or the model has no such precision or modes.
    """
    from scsim.kernels.cables import NEURON, refresh, run  # noqa: PLC0415 - numba loads slowly

    membranes = {fiber.morphology.membrane for fiber in fibers}
    if len(membranes) != 1:
        message = (
            f"fibers with the membranes {', '.join(sorted(membranes))} in one group: lanes share a membrane; "
            "give fibers of one model at a time."
        )
        raise ModelError(message)
    solver.check_model(fibers[0].model)
    width = lanes_of(solver)
    spare = width - len(fibers)
    all_fibers = [*fibers, *[fibers[0]] * spare]
    all_potentials = [*potentials, *[potentials[0]] * spare]
    n_sources = potentials[0].shape[0] + len(injections)
    is_double = not fibers[0].is_single_cable
    if is_double:
        cable = double_cable_lanes(all_fibers, n_sources, solver, SETTLE_DT_MS)
    else:
        none_of = ((0, len(injections)), (0, 0))
        padded = [np.pad(v_e, none_of) for v_e in all_potentials]
        cable = single_cable_lanes(all_fibers, padded, width)
        cable = set_single_step(cable, all_fibers, SETTLE_DT_MS, SETTLE_DT_MS)
    lanes = Lanes(cable, tuple(fiber.node_count for fiber in all_fibers), len(fibers), n_sources)
    nowhere = np.zeros(0, dtype=np.int64)
    none = np.zeros((0, 0))
    refresh(cable, np.inf)
    run(
        cable, lanes.widen(np.zeros((n_sources, width))), np.zeros((SETTLE_STEPS + 1, n_sources)),
        np.zeros(SETTLE_STEPS, dtype=np.int64), SETTLE_DT_MS, NEURON, SETTLE_STEPS, nowhere,
        np.zeros((2, 0), dtype=cable.buffer.dtype), nowhere, 0.0, none, nowhere,
    )  # fmt: skip
    if is_double:
        set_double_step(cable, all_fibers, all_potentials, SETTLE_DT_MS, solver.solve_ms)
    else:
        cable = set_single_step(cable, all_fibers, solver.solve_ms, solver.dt_ms)
        lanes = replace(lanes, cable=cable)
    records = cable.buffer.reshape(-1, cable.record, width)
    records[:, at.U_START] = records[:, at.U]
    node_field = cable.copies if is_double else 0
    force = cable.force.reshape(
        n_sources, cable.n_nodes + 2, node_field + at.FORCE_FIELDS if is_double else 1, width
    )
    for index, (node, current_na) in enumerate(injections):
        force[n_sources - len(injections) + index, node + 1, node_field] = current_na
    refresh(cable, 0.0)
    if solver.layout == "alone":
        return replace(lanes, cable=with_table(cable, solver.dt_ms))
    return lanes


def lanes_of(solver: Solver) -> int:
    """Lanes that ride together with a solver."""
    if solver.layout == "alone":
        return 1
    return at.LANES_SINGLE if solver.precision == "float32" else at.LANES


def lane_groups(fibers: Sequence[Fiber], solver: Solver) -> list[npt.NDArray[np.int64]]:
    """Choose which fibers ride together: those of one membrane, of like length.

    Parameters
    ----------
    fibers : sequence of Fiber
    solver : Solver

    Returns
    -------
    list of ndarray of int64
        Indices into `fibers`, as many per group as there are lanes or fewer.
    """
    membranes = [fiber.morphology.membrane for fiber in fibers]
    counts = [fiber.node_count for fiber in fibers]
    order = sorted(range(len(fibers)), key=lambda i: (membranes[i], counts[i]))
    groups: list[npt.NDArray[np.int64]] = []
    width = lanes_of(solver)
    for name in dict.fromkeys(membranes[i] for i in order):
        same = [i for i in order if membranes[i] == name]
        groups += [np.array(same[k : k + width]) for k in range(0, len(same), width)]
    return groups
