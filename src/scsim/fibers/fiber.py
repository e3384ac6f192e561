"""`Fiber`: model, diameter and path in space.

The path may be any polyline; compartments lie on it at their arc lengths. Origin and axes are those
of the lead and tissue: x left, y dorsal, z rostral, mm. Potentials belong to `fields`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scsim.errors import GeometryError, ModelError
from scsim.fibers.morphology import (
    N_INTERNODE,
    Morphology,
    SingleMorphology,
    is_single_cable,
    load_morphology,
    load_single_morphology,
)
from scsim.units import MM_PER_UM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

MIN_NODES = 3
"""Both end nodes are passive in most models, so a fiber with fewer nodes has no channels at all."""


@dataclass(frozen=True)
class Fiber:
    """A nerve fiber in space.

    Of a fiber without myelin every section of the cable is a node, and its spacing the internode.

    Attributes
    ----------
    model : str
        Name of the model, one of `fiber_models`.
    fiber_diameter_um : float
        Outer diameter with myelin, µm.
    n_nodes : int or None
        Number of nodes, both ends included. None takes as many as the path holds.
    path_mm : sequence of points or None
        Polyline of shape (n_points, 3), mm. None is a straight fiber along z with its middle at 0.
    node_phase : float
        Distance of the first node from the start of the path in internodes, 0 to below 1. Only with
        a path.

    Raises
    ------
    ModelError
        If the model or diameter does not exist, or the number of nodes is too small.
    GeometryError
        If the path is not finite, has no length, or is too short for the nodes.

    Examples
    --------
    >>> Fiber("mrg_discrete", 10.0, n_nodes=21).n_compartments
    221
    >>> Fiber("sundt", 1.0, n_nodes=361).n_compartments
    361
    """

    model: str
    fiber_diameter_um: float
    n_nodes: int | None = None
    path_mm: Sequence[Sequence[float]] | None = None
    node_phase: float = 0.0

    def __post_init__(self) -> None:
        """Check the fiber as a whole and fix the number of nodes."""
        internode_mm = self.morphology.internode_length_um * MM_PER_UM
        if self.n_nodes is not None and not isinstance(self.n_nodes, int | np.integer):
            message = f"n_nodes = {self.n_nodes!r}: nodes are counted; give a whole number."
            raise ModelError(message)
        if self.path_mm is None:
            if self.n_nodes is None:
                message = "n_nodes = None: a fiber without a path needs its number of nodes; give n_nodes or path_mm."
                raise ModelError(message)
            if self.node_phase != 0.0:
                message = f"node_phase = {self.node_phase:g}: only a fiber with a path can be shifted along it; give path_mm."
                raise GeometryError(message)
        else:
            self._fit_to_path(internode_mm)
        if self.n_nodes is None or self.n_nodes < MIN_NODES:
            message = (
                f"n_nodes = {self.n_nodes}: a fiber needs at least {MIN_NODES} nodes, two ends and one "
                "between; give more nodes or a longer path."
            )
            raise ModelError(message)

    def _fit_to_path(self, internode_mm: float) -> None:
        points = np.asarray(self.path_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[0] < 2 or points.shape[1] != 3:
            message = f"path_mm of shape {points.shape}: a path is two or more points (x, y, z) in mm; give an array of shape (n_points, 3)."
            raise GeometryError(message)
        if not np.all(np.isfinite(points)):
            message = (
                "path_mm: every coordinate must be a finite number in mm; remove NaN and infinity."
            )
            raise GeometryError(message)
        if not 0.0 <= self.node_phase < 1.0:
            message = f"node_phase = {self.node_phase:g}: the shift is in internodes and lies from 0 to below 1; take its fraction."
            raise GeometryError(message)
        object.__setattr__(self, "path_mm", tuple(map(tuple, points.tolist())))
        length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        fit = int(np.floor(length / internode_mm - self.node_phase + 1e-9)) + 1
        if fit < MIN_NODES or (self.n_nodes is not None and self.n_nodes > fit):
            wanted = MIN_NODES if self.n_nodes is None else max(self.n_nodes, MIN_NODES)
            message = (
                f"path_mm is {length:.3g} mm long: {wanted} nodes of a {self.fiber_diameter_um:g} µm "
                f"fiber, {internode_mm:.3g} mm apart, need "
                f"{(wanted - 1 + self.node_phase) * internode_mm:.3g} mm; lengthen the path or take fewer nodes."
            )
            raise GeometryError(message)
        if self.n_nodes is None:
            object.__setattr__(self, "n_nodes", fit)

    @property
    def is_single_cable(self) -> bool:
        """Whether every compartment is a node, as without myelin, and not one in eleven."""
        return is_single_cable(self.model)

    @property
    def morphology(self) -> Morphology | SingleMorphology:
        """Dimensions of one repeat; the class tells the double from the single cable."""
        load = load_single_morphology if self.is_single_cable else load_morphology
        return load(self.model, self.fiber_diameter_um)

    @property
    def compartments_per_node(self) -> int:
        """Compartments from one node to the next, the node included: 11 of a double cable, else 1."""
        return 1 if self.is_single_cable else N_INTERNODE + 1

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        assert self.n_nodes is not None
        return self.n_nodes

    @property
    def n_compartments(self) -> int:
        """Number of compartments: nodes, and ten for every internode of a double cable."""
        return self.compartments_per_node * (self.node_count - 1) + 1

    @property
    def middle_node(self) -> int:
        """Index of the middle node, counted from 0.

        Raises
        ------
        ModelError
            If the number of nodes is even.
        """
        if self.node_count % 2 == 0:
            message = f"n_nodes = {self.node_count}: an even number of nodes has no middle node; take {self.node_count + 1} nodes."
            raise ModelError(message)
        return self.node_count // 2

    def arc_lengths_um(self) -> FloatArray:
        """Centers of all compartments along the fiber from the first node, µm, shape (n_compartments,)."""
        morphology = self.morphology
        starts = morphology.internode_length_um * np.arange(self.node_count)
        centers = starts[:, None] + morphology.compartment_offsets_um[None, :]
        return centers.ravel()[: self.n_compartments]

    def compartment_positions_mm(self) -> FloatArray:
        """Centers of all compartments, mm, shape (n_compartments, 3); node k is row k `compartments_per_node`."""
        along = self.arc_lengths_um() * MM_PER_UM
        if self.path_mm is None:
            z = (
                along
                - 0.5 * (self.node_count - 1) * self.morphology.internode_length_um * MM_PER_UM
            )
            return np.column_stack([np.zeros_like(z), np.zeros_like(z), z])
        points = np.asarray(self.path_mm, dtype=np.float64)
        reach = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        along = along + self.node_phase * self.morphology.internode_length_um * MM_PER_UM
        return np.column_stack([np.interp(along, reach, points[:, i]) for i in range(3)])

    def node_positions_mm(self) -> FloatArray:
        """Centers of the nodes, mm, shape (n_nodes, 3)."""
        return self.compartment_positions_mm()[:: self.compartments_per_node]
