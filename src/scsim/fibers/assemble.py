"""Fibers → the arrays that the cable kernels take; the only place where this happens.

Here micrometers become microsiemens and nanofarads, the passive internode becomes its modes, and
sixteen fibers are laid into lanes. Time stepping belongs to `kernels/cable.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import GeometryError, ModelError
from scsim.fibers.membrane import Membrane, load_membrane
from scsim.fibers.morphology import N_INTERNODE, Morphology, load_morphology
from scsim.kernels import layouts as at
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]

SETTLE_STEPS: Final = 40
SETTLE_DT_MS: Final = 5.0
"""Start-up of the reference models: 40 implicit steps of 5 ms without a field, then time is 0."""

_HALF: Final = at.N_MODES // 2


@dataclass(frozen=True)
class Internode:
    """The passive internode of one fiber diameter as a linear system in its own modes.

    Attributes
    ----------
    decay_per_ms : ndarray, shape (20,)
        λ of the modes, 1/ms: ten even ones, then ten odd ones.
    coupling : ndarray, shape (20,)
        b_j, current from mode to node, in units that make `b_j y_j` nA.
    forcing : ndarray, shape (20, 12)
        Drive of each mode by the potentials (mV) at node, ten compartments, next node.
    axial_microsiemens : float
        g_a between a node and its neighbor, µS.
    """

    decay_per_ms: FloatArray
    coupling: FloatArray
    forcing: FloatArray
    axial_microsiemens: float


@dataclass(frozen=True)
class Lanes:
    """Up to sixteen fibers, at rest at t = 0, as kernels take them.

    Attributes
    ----------
    buffer, lane, membrane, force : ndarray of float64
        See `scsim.kernels.layouts`.
    n_nodes : int
        Nodes of the longest fiber.
    node_counts : tuple of int
        Nodes of each lane; lanes from `n_fibers` on are copies of the first.
    n_fibers : int
        Lanes that hold a fiber of their own.
    dt_ms : float
        Step, ms.
    """

    buffer: FloatArray
    lane: FloatArray
    membrane: FloatArray
    force: FloatArray
    n_nodes: int
    node_counts: tuple[int, ...]
    n_fibers: int
    dt_ms: float

    def records(self) -> FloatArray:
        """View of the buffer, shape (n_nodes + 2, RECORD, LANES)."""
        return self.buffer.reshape(self.n_nodes + 2, at.RECORD, at.LANES)


def _chain(conductances: FloatArray) -> FloatArray:
    """Laplacian rows of a chain of 12 points (node, ten compartments, node), shape (10, 12)."""
    rows = np.zeros((N_INTERNODE, N_INTERNODE + 2))
    for i in range(N_INTERNODE):
        left, right = conductances[i], conductances[i + 1]
        rows[i, i] -= left
        rows[i, i + 1] += left + right
        rows[i, i + 2] -= right
    return rows


def _conductance_microsiemens(half_resistance_mohm: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (half_resistance_mohm[:-1] + half_resistance_mohm[1:]))


@lru_cache(maxsize=65536)
def internode_modes(model: str, fiber_diameter_um: float) -> Internode:
    """Diagonalize the passive internode of a fiber.

    ``C x' = -K x + b_left u_k + b_right u_(k+1) - L v_e`` with x = (p, q), the axoplasmic and
    periaxonal potentials relative to the local outside potential (and p relative to rest); solved as
    ``K X = C X Λ``, ``Xᵀ C X = 1`` in the even and the odd subspace apart, so that mirror symmetry
    survives degenerate pairs.

    Parameters
    ----------
    model : str
        Fiber model.
    fiber_diameter_um : float
        Diameter, µm.

    Returns
    -------
    Internode
        Modes, coupling and forcing.

    References
    ----------
    McIntyre et al. (2002), doi:10.1152/jn.00353.2001: double cable and its constants.
    """
    from scipy.linalg import eigh  # noqa: PLC0415 - scipy loads slowly, and only assembly needs it

    morphology = load_morphology(model, fiber_diameter_um)
    constants = load_membrane(morphology.membrane).constants
    capacitance, conduction, axial, periaxonal = _internode_parameters(morphology, constants)
    chain_p, chain_q = _chain(axial), _chain(periaxonal)
    axolemma_c, myelin_c = capacitance
    axolemma_g, myelin_g = conduction
    big_c = np.block(
        [
            [np.diag(axolemma_c), -np.diag(axolemma_c)],
            [-np.diag(axolemma_c), np.diag(axolemma_c + myelin_c)],
        ]
    )
    big_k = np.block(
        [
            [np.diag(axolemma_g) + chain_p[:, 1:-1], -np.diag(axolemma_g)],
            [-np.diag(axolemma_g), np.diag(axolemma_g + myelin_g) + chain_q[:, 1:-1]],
        ]
    )
    laplacian = np.vstack([chain_p, chain_q])
    half = N_INTERNODE // 2
    decay, coupling, forcing = [], [], []
    for sign in (1.0, -1.0):
        fold = np.zeros((2 * N_INTERNODE, N_INTERNODE))
        for i in range(half):
            for part in range(2):
                fold[part * N_INTERNODE + i, part * half + i] = np.sqrt(0.5)
                fold[part * N_INTERNODE + N_INTERNODE - 1 - i, part * half + i] = sign * np.sqrt(
                    0.5
                )
        values, vectors = eigh(fold.T @ big_k @ fold, fold.T @ big_c @ fold)
        shapes = fold @ vectors
        decay.append(values)
        coupling.append(axial[0] * shapes[0])
        forcing.append(-shapes.T @ laplacian)
    return Internode(
        decay_per_ms=np.concatenate(decay),
        coupling=np.concatenate(coupling),
        forcing=np.vstack(forcing),
        axial_microsiemens=float(axial[0]),
    )


def _internode_parameters(
    morphology: Morphology, constants: Mapping[str, float]
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray], FloatArray, FloatArray]:
    """Capacitances (nF), leak conductances and the two axial chains (µS) of an internode."""
    lengths = morphology.compartment_lengths_um
    is_mysa = np.zeros(N_INTERNODE, dtype=bool)
    is_mysa[[0, -1]] = True
    is_flut = np.zeros(N_INTERNODE, dtype=bool)
    is_flut[[1, -2]] = True
    diameter = np.where(is_mysa, morphology.node_diameter_um, morphology.axon_diameter_um)
    width = np.where(
        is_mysa,
        constants["internode.mysa_periaxonal_width_um"],
        constants["internode.stin_periaxonal_width_um"],
    )
    leak = np.select(
        [is_mysa, is_flut],
        [constants["internode.mysa_leak_s_per_cm2"], constants["internode.flut_leak_s_per_cm2"]],
        constants["internode.stin_leak_s_per_cm2"],
    )
    axolemma_cm2 = np.pi * diameter * lengths * CM_PER_UM**2
    myelin_cm2 = np.pi * morphology.fiber_diameter_um * lengths * CM_PER_UM**2
    membranes = 2.0 * morphology.lamellae
    capacitance = (
        constants["internode.axolemma_capacitance_uf_per_cm2"] * axolemma_cm2 * NF_PER_MICROFARAD,
        constants["internode.myelin_capacitance_uf_per_cm2"]
        / membranes
        * myelin_cm2
        * NF_PER_MICROFARAD,
    )
    conduction = (
        leak * axolemma_cm2 * MICROSIEMENS_PER_S,
        constants["internode.myelin_leak_s_per_cm2"] / membranes * myelin_cm2 * MICROSIEMENS_PER_S,
    )
    ends = np.concatenate([[morphology.node_length_um], lengths, [morphology.node_length_um]])
    node_d = np.array([morphology.node_diameter_um])
    node_w = np.array([constants["internode.mysa_periaxonal_width_um"]])
    d = np.concatenate([node_d, diameter, node_d])
    w = np.concatenate([node_w, width, node_w])
    rho = constants["internode.axial_resistivity_ohm_cm"]
    half_cm = 0.5 * ends * CM_PER_UM
    core_cm2 = 0.25 * np.pi * d**2 * CM_PER_UM**2
    ring_cm2 = np.pi * ((0.5 * d + w) ** 2 - (0.5 * d) ** 2) * CM_PER_UM**2
    mohm_per_ohm = 1.0 / MICROSIEMENS_PER_S
    axial = _conductance_microsiemens(rho * half_cm / core_cm2 * mohm_per_ohm)
    periaxonal = _conductance_microsiemens(rho * half_cm / ring_cm2 * mohm_per_ohm)
    return capacitance, conduction, axial, periaxonal


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


def _fill_lane(lanes: Lanes, i: int, fiber: Fiber, v_e: FloatArray, dt_ms: float) -> None:
    """Write the constants of one fiber for a given step into lane `i`; the state is left alone."""
    modes = internode_modes(fiber.model, fiber.fiber_diameter_um)
    morphology = fiber.morphology
    record = lanes.records()[1:-1, :, i]
    lane = lanes.lane.reshape(at.LANE_FIELDS, at.LANES)[:, i]
    n = fiber.node_count
    a = 1.0 / (1.0 + modes.decay_per_ms * dt_ms)
    self_coupling = a * dt_ms * modes.coupling**2
    even, odd = self_coupling[:_HALF].sum(), self_coupling[_HALF:].sum()
    constants = _node_constants(morphology, load_membrane(morphology.membrane))
    for field, value in constants.items():
        lane[field] = value
    lane[at.CAPACITANCE] = constants[at.CAPACITANCE] / dt_ms
    lane[at.COUPLING] = even - odd
    lane[at.DECAY : at.DECAY + at.N_MODES] = a
    lane[at.GAIN : at.GAIN + at.N_MODES] = a * self_coupling
    sides = np.full(n, 2.0)
    sides[[0, -1]] = 1.0
    active = np.ones(n)
    active[[0, -1]] = 0.0
    record[:, at.DIAGONAL] = 1.0
    record[:n, at.DIAGONAL] = (
        active * lane[at.CAPACITANCE]
        + sides * (modes.axial_microsiemens - (even + odd))
        + (1.0 - active) * _end_leak_microsiemens(morphology)
    )
    record[:n, at.ACTIVE] = active
    record[: n - 1, at.LINK] = 1.0
    if not v_e.any():
        return
    # Potentials of each internode: node, ten compartments, next node.
    windows = np.lib.stride_tricks.sliding_window_view(v_e, N_INTERNODE + 2)[:: N_INTERNODE + 1]
    h = (windows @ modes.forcing.T) * (modes.coupling * a * dt_ms)
    lanes.force.reshape(lanes.n_nodes, at.N_MODES, at.LANES)[: n - 1, :, i] = h
    current = np.zeros(n)
    current[:-1] += h.sum(axis=1) + modes.axial_microsiemens * (windows[:, 1] - windows[:, 0])
    current[1:] += (
        h[:, :_HALF].sum(axis=1)
        - h[:, _HALF:].sum(axis=1)
        + modes.axial_microsiemens * (windows[:, -2] - windows[:, -1])
    )
    record[:n, at.FORCE] = current


def every_mode(amplitude_ma: FloatArray) -> FloatArray:
    """Repeat the amplitude of each lane for every mode, as the step kernel takes it.

    Parameters
    ----------
    amplitude_ma : ndarray of float64, shape (LANES,)
        mA.

    Returns
    -------
    ndarray of float64, shape (N_MODES * LANES,)
        mA.
    """
    return np.tile(amplitude_ma, at.N_MODES)


def check_potentials(fibers: Sequence[Fiber], potentials: Sequence[FloatArray]) -> None:
    """Refuse potentials that do not belong to the fibers.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray, each of shape (n_compartments,)
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
        if v_e.shape != (fiber.n_compartments,):
            message = (
                f"potential of fiber {index} has shape {v_e.shape}: a {fiber.fiber_diameter_um:g} µm fiber "
                f"with {fiber.node_count} nodes has {fiber.n_compartments} compartments; compute it at "
                "fiber.compartment_positions_mm()."
            )
            raise GeometryError(message)
        if not np.all(np.isfinite(v_e)):
            bad = int(np.flatnonzero(~np.isfinite(v_e))[0])
            message = (
                f"potential of fiber {index} at compartment {bad} is {v_e[bad]}: every value must be a "
                "finite number of mV per mA; move the fiber off the contact."
            )
            raise GeometryError(message)


def assemble_lanes(
    fibers: Sequence[Fiber], potentials: Sequence[FloatArray], dt_ms: float
) -> Lanes:
    """Lay up to sixteen fibers into lanes, settled to rest.

    Parameters
    ----------
    fibers : sequence of Fiber
        One to sixteen fibers; spare lanes become copies of the first.
    potentials : sequence of ndarray of float64, each of shape (n_compartments,)
        Outside potential along each fiber, mV per mA, shares applied.
    dt_ms : float
        Step, ms.

    Returns
    -------
    Lanes
        At rest at t = 0.

    Raises
    ------
    GeometryError
        If potentials do not belong to the fibers.
    ModelError
        If the fibers do not share a membrane.
    """
    from scsim.kernels.cable import ions, run  # noqa: PLC0415 - numba loads slowly
    from scsim.kernels.membranes.mrg import mrg_h, mrg_m, mrg_p, mrg_s  # noqa: PLC0415

    check_potentials(fibers, potentials)
    membranes = {fiber.morphology.membrane for fiber in fibers}
    if len(membranes) != 1:
        message = (
            f"fibers with the membranes {', '.join(sorted(membranes))} in one group: lanes share a membrane; "
            "give fibers of one model at a time."
        )
        raise ModelError(message)
    spare = at.LANES - len(fibers)
    all_fibers = [*fibers, *[fibers[0]] * spare]
    all_potentials = [*potentials, *[potentials[0]] * spare]
    n_nodes = max(fiber.node_count for fiber in fibers)
    membrane = load_membrane(fibers[0].morphology.membrane)
    constants = np.zeros(at.MEMBRANE_FIELDS)
    constants[at.F1], constants[at.F2], constants[at.F3] = membrane.f1, membrane.f2, membrane.f3
    constants[at.E_REST] = membrane.v_rest_mv
    constants[at.E_NA] = membrane.constants["node.e_na_mv"]
    constants[at.E_K] = membrane.constants["node.e_k_mv"]
    constants[at.E_LEAK] = membrane.constants["node.e_leak_mv"]
    lanes = Lanes(
        buffer=np.zeros((n_nodes + 2) * at.RECORD * at.LANES),
        lane=np.zeros(at.LANE_FIELDS * at.LANES),
        membrane=constants,
        force=np.zeros(n_nodes * at.N_MODES * at.LANES),
        n_nodes=n_nodes,
        node_counts=tuple(fiber.node_count for fiber in all_fibers),
        n_fibers=len(fibers),
        dt_ms=dt_ms,
    )
    records = lanes.records()
    forever = np.inf
    v = membrane.v_rest_mv
    records[1:-1, at.GATE_M] = mrg_m(0.0, v, forever, membrane.f1)
    records[1:-1, at.GATE_H] = mrg_h(0.0, v, forever, membrane.f2)
    records[1:-1, at.GATE_P] = mrg_p(0.0, v, forever, membrane.f1)
    records[1:-1, at.GATE_S] = mrg_s(0.0, v, forever, membrane.f3)
    none = np.zeros(0)
    for i, fiber in enumerate(all_fibers):
        _fill_lane(lanes, i, fiber, none, SETTLE_DT_MS)
    ions(lanes.buffer, lanes.lane, constants, n_nodes)
    run(
        lanes.buffer, lanes.lane, constants, lanes.force, np.zeros((2, SETTLE_STEPS)),
        every_mode(np.zeros(at.LANES)), SETTLE_DT_MS, n_nodes, np.zeros((0, at.LANES), dtype=np.int64),
        np.zeros((SETTLE_STEPS + 1, 0, at.LANES)),
    )  # fmt: skip
    settled = lanes.lane.reshape(at.LANE_FIELDS, at.LANES)[at.DECAY : at.DECAY + at.N_MODES].copy()
    for i, (fiber, v_e) in enumerate(zip(all_fibers, all_potentials, strict=True)):
        _fill_lane(lanes, i, fiber, v_e, dt_ms)
    # Modes are stored scaled by a_j, which depends on the step.
    now = lanes.lane.reshape(at.LANE_FIELDS, at.LANES)[at.DECAY : at.DECAY + at.N_MODES]
    records[1:-1, at.MODE :] *= now / settled
    records[:, at.U_START] = records[:, at.U]
    ions(lanes.buffer, lanes.lane, constants, n_nodes)
    return lanes
