"""Leads, their contacts, and which contact carries which share of the current.

What the current does in tissue does not belong here.
"""

from scsim.electrodes.catalog import lead_names, load_lead
from scsim.electrodes.contacts import (
    ArcContact,
    Contact,
    PadContact,
    PlateContact,
    RingContact,
)
from scsim.electrodes.lead import Lead, LeadSection, contact_sources, place_lead
from scsim.electrodes.montage import Montage, montage_faults, parse_montage, share_vector
from scsim.electrodes.sources import LineSource, PointSource, Source

__all__ = [
    "ArcContact",
    "Contact",
    "Lead",
    "LeadSection",
    "LineSource",
    "Montage",
    "PadContact",
    "PlateContact",
    "PointSource",
    "RingContact",
    "Source",
    "contact_sources",
    "lead_names",
    "load_lead",
    "montage_faults",
    "parse_montage",
    "place_lead",
    "share_vector",
]
