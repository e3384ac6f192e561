"""Anatomy: tissues of spine and nerve as outlines, what they conduct, and where devices may lie in them.

Fields and fibers do not belong here.
"""

from scsim.tissue.clearance import Seat, check_bodies, dorsal_seat
from scsim.tissue.materials import (
    Conductivities,
    ConductivitySection,
    conductivity_names,
    load_conductivities,
)
from scsim.tissue.nerve import Fascicle, Nerve, NerveSection, load_nerve, nerve_names
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region, Sheet
from scsim.tissue.spine import Spine, SpineSection, load_spine, make_spine, spine_names

__all__ = [
    "Conductivities",
    "ConductivitySection",
    "CrossSection",
    "Ellipse",
    "Fascicle",
    "Nerve",
    "NerveSection",
    "Polygon",
    "Region",
    "Seat",
    "Sheet",
    "Spine",
    "SpineSection",
    "check_bodies",
    "conductivity_names",
    "dorsal_seat",
    "load_conductivities",
    "load_nerve",
    "load_spine",
    "make_spine",
    "nerve_names",
    "spine_names",
]
