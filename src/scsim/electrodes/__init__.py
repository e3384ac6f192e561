"""Leads, paddles, cuffs and pads, their contacts, and which contact carries which share of the current.

What the current does in tissue does not belong here.
"""

from scsim.electrodes.bodies import Body, Disc, Slab
from scsim.electrodes.catalog import (
    epidural_lead_names,
    lead_names,
    load_epidural,
    load_lead,
    load_study_lead,
)
from scsim.electrodes.contacts import (
    ArcContact,
    Contact,
    Device,
    PadContact,
    PlateContact,
    RingContact,
)
from scsim.electrodes.cuff import Cuff, Pads
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.lead import (
    LeadSection,
    bend_lead,
    contact_sources,
    lateral_positions_mm,
    place_lead,
)
from scsim.electrodes.montage import Montage, montage_faults, parse_montage, share_vector
from scsim.electrodes.paddle import Paddle
from scsim.electrodes.sources import DiskSource, LineSource, PointSource, Source

__all__ = [
    "ArcContact",
    "Body",
    "Contact",
    "Cuff",
    "Device",
    "Disc",
    "DiskSource",
    "Lead",
    "LeadSection",
    "LineSource",
    "Montage",
    "PadContact",
    "Paddle",
    "Pads",
    "PlateContact",
    "PointSource",
    "RingContact",
    "Slab",
    "Source",
    "bend_lead",
    "contact_sources",
    "epidural_lead_names",
    "lateral_positions_mm",
    "lead_names",
    "load_epidural",
    "load_lead",
    "load_study_lead",
    "montage_faults",
    "parse_montage",
    "place_lead",
    "share_vector",
]
