"""A fiber as a chain of nodes: axial conductances from node to node, and the capacitance of each node.

What the activating function weighs potentials with. The full cable, with what lies between the nodes
of a double cable, is in `double.py` and `single.py`.

Units inside: µS, nF; lengths µm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scsim.fibers.internode import internode_parameters
from scsim.fibers.membrane import load_membrane
from scsim.fibers.morphology import Morphology
from scsim.fibers.single import area_cm2, links_microsiemens
from scsim.units import CM_PER_UM, NF_PER_MICROFARAD

if TYPE_CHECKING:
    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NodeChain:
    """Nodes of a fiber and what links them.

    Attributes
    ----------
    link_microsiemens : ndarray of float64, shape (n_nodes - 1,)
        Axial conductance from each node to the next, in series through what lies between, µS; 0 toward an
        end node that is cut off.
    capacitance_nf : float
        Membrane capacitance of a node with channels, nF.
    is_active : ndarray of bool, shape (n_nodes,)
        False for passive end nodes.
    """

    link_microsiemens: FloatArray
    capacitance_nf: float
    is_active: npt.NDArray[np.bool_]


def node_chain(fiber: Fiber) -> NodeChain:
    """Give the nodes of a fiber and the axial conductances between them.

    Current is taken not to leave between two nodes, as in a fiber with perfect myelin.

    Parameters
    ----------
    fiber : Fiber

    Returns
    -------
    NodeChain

    Notes
    -----
    Passive end nodes are cut off by their resistivity of 1e10 Ω cm; what is left of the link, less than 1e-5 of
    that between other nodes, is taken as none. Checked by ``tests/theory/test_activating_function.py``.
    """
    shape = fiber.morphology
    n = fiber.node_count
    is_active = np.ones(n, dtype=bool)
    if isinstance(shape, Morphology):
        is_active[[0, -1]] = False
        constants = load_membrane(shape.membrane).constants
        _, _, axial, _ = internode_parameters(shape, constants)
        link = np.full(n - 1, 1.0 / np.sum(1.0 / axial))
        membrane_cm2 = np.pi * shape.node_diameter_um * shape.node_length_um * CM_PER_UM**2
        capacitance_uf_per_cm2 = constants["node.capacitance_uf_per_cm2"]
    else:
        is_active[[0, -1]] = shape.end is None
        link = np.array(links_microsiemens(shape, n))
        membrane_cm2 = area_cm2(shape)
        capacitance_uf_per_cm2 = shape.capacitance_uf_per_cm2
    link[~(is_active[:-1] & is_active[1:])] = 0.0
    return NodeChain(link, capacitance_uf_per_cm2 * membrane_cm2 * NF_PER_MICROFARAD, is_active)
