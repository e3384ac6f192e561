"""Nerve fibers: morphology, membrane, path in space, and the arrays that kernels take."""

from scsim.fibers.fiber import Fiber
from scsim.fibers.morphology import (
    Morphology,
    diameter_range_um,
    fiber_models,
    internode_length_um,
    is_myelinated,
    load_morphology,
    takes_any_diameter,
)

__all__ = [
    "Fiber",
    "Morphology",
    "diameter_range_um",
    "fiber_models",
    "internode_length_um",
    "is_myelinated",
    "load_morphology",
    "takes_any_diameter",
]
