"""Where fibers lie, how many there are and of what diameter.

What a stimulus does to them does not belong here.
"""

from scsim.populations.dorsal_column import (
    FiberSection,
    Population,
    check_place,
    sample_dorsal_column,
)
from scsim.populations.nerve import NervePopulation, sample_nerve

__all__ = [
    "FiberSection",
    "NervePopulation",
    "Population",
    "check_place",
    "sample_dorsal_column",
    "sample_nerve",
]
