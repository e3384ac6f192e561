"""The passive internode of the MRG family as a linear system in its own modes.

Here micrometers become microsiemens and nanofarads. Laying fibers into lanes belongs to
`assemble.py`.

Units inside: mV, ms, nA, µS, nF; lengths µm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from scsim.fibers.membrane import load_membrane
from scsim.fibers.morphology import N_INTERNODE, Morphology, load_morphology
from scsim.units import CM_PER_UM, MICROSIEMENS_PER_S, NF_PER_MICROFARAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


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
    shapes : ndarray, shape (20, 20)
        What each mode (columns) is worth in the axoplasm of the ten compartments, then in their periaxonal
        space: ``shapes @ y`` is x, mV.
    """

    decay_per_ms: FloatArray
    coupling: FloatArray
    forcing: FloatArray
    axial_microsiemens: float
    shapes: FloatArray


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
        Modes, coupling, forcing and shapes.

    References
    ----------
    McIntyre et al. (2002), doi:10.1152/jn.00353.2001: double cable and its constants.
    """
    from scipy.linalg import eigh  # noqa: PLC0415 - scipy loads slowly, and only assembly needs it

    morphology = load_morphology(model, fiber_diameter_um)
    constants = load_membrane(morphology.membrane).constants
    capacitance, conduction, axial, periaxonal = internode_parameters(morphology, constants)
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
    decay, coupling, forcing, folded = [], [], [], []
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
        folded.append(shapes)
    return Internode(
        decay_per_ms=np.concatenate(decay),
        coupling=np.concatenate(coupling),
        forcing=np.vstack(forcing),
        axial_microsiemens=float(axial[0]),
        shapes=np.hstack(folded),
    )


def internode_parameters(
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
