"""Potentials in tissue: mV at any point per mA in each contact.

Leads and fibers arrive as arguments; what fibers make of the potential does not belong here. Solvers are loaded from
their own files, as they need more than a config does.
"""

from scsim.fields.catalog import (
    DomainSection,
    FieldSection,
    FieldSetup,
    field_medium,
    field_problem,
    field_sources,
)
from scsim.fields.closed_form.analytic import HomogeneousMedium, TwoHalfSpaces
from scsim.fields.unit_potential import Medium, SolvedMedium, superpose

__all__ = [
    "DomainSection",
    "FieldSection",
    "FieldSetup",
    "HomogeneousMedium",
    "Medium",
    "SolvedMedium",
    "TwoHalfSpaces",
    "field_medium",
    "field_problem",
    "field_sources",
    "superpose",
]
