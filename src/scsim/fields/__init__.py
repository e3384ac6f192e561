"""Potentials in tissue: mV at any point per mA in each contact.

Leads and fibers arrive as arguments; what fibers make of the potential does not belong here.
"""

from scsim.fields.analytic import FieldSection, HomogeneousMedium, TwoHalfSpaces, field_medium
from scsim.fields.unit_potential import Medium, superpose

__all__ = [
    "FieldSection",
    "HomogeneousMedium",
    "Medium",
    "TwoHalfSpaces",
    "field_medium",
    "superpose",
]
