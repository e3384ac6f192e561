"""Where tissue and leads lie, and what a field depends on, from the config of one case.

Rooms on one floor do not know each other: anatomy gives the seat, electrodes the lead, and this file brings them
together. What is computed from it belongs in ``stages/table.py`` and ``field_stages.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from scsim.electrodes import Lead, lateral_positions_mm, load_epidural, place_lead
from scsim.fields.catalog import FieldSetup, load_domain
from scsim.study.inputs import load_imported, load_labels
from scsim.tissue import Conductivities, Seat, dorsal_seat, load_conductivities, load_spine

if TYPE_CHECKING:
    from scsim.electrodes import Contact, LeadSection, Paddle
    from scsim.fields.catalog import DomainSection, FieldSection
    from scsim.fields.imported import ImportedField
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.study.config import StudyConfig
    from scsim.tissue import ConductivitySection, Spine, SpineSection


@dataclass(frozen=True)
class Place:
    """A spine with the leads in it.

    Attributes
    ----------
    spine : Spine
    leads : tuple of Lead or Paddle
        From the smallest x on; their contacts are counted on.
    """

    spine: Spine
    leads: tuple[Lead | Paddle, ...]

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The contacts of all leads."""
        return tuple(contact for lead in self.leads for contact in lead.contacts)

    @property
    def span_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the metal, mm."""
        return contact_span_mm(self.leads)


def unplaced_leads(section: LeadSection, rostral_mm: float = 0.0) -> tuple[Lead | Paddle, ...]:
    """Give the leads of a config at a height, wherever across the cord.

    Parameters
    ----------
    section : LeadSection
    rostral_mm : float
        Height of their middle, mm.

    Returns
    -------
    tuple of Lead or Paddle
        All on the axis of the frame: for what depends on labels, areas and heights alone.
    """
    lead = load_epidural(section.preset)
    seat = Seat(0.0, 0.0, 0.0)
    return tuple(_placed(lead, seat, rostral_mm, index) for index in range(section.n_leads))


def place_leads(spine: Spine, section: LeadSection) -> tuple[Lead | Paddle, ...]:
    """Lay the leads of a config on the dorsal dura, side by side.

    Parameters
    ----------
    spine : Spine
    section : LeadSection

    Returns
    -------
    tuple of Lead or Paddle
        From the smallest x on.

    Raises
    ------
    GeometryError
        If a lead would not lie on the dorsal side of the dura.
    """
    lead = load_epidural(section.preset)
    seats = [
        dorsal_seat(spine, lead.half_thickness_mm, section.dura_gap_mm, x_mm)
        for x_mm in lateral_positions_mm(section)
    ]
    return tuple(_placed(lead, seat, section.rostral_mm, index) for index, seat in enumerate(seats))


def _placed(lead: Lead | Paddle, seat: Seat, rostral_mm: float, index: int) -> Lead | Paddle:
    """Move a lead to a seat; its contacts count on from those of the leads before it."""
    place_mm = (seat.x_mm, seat.y_mm, rostral_mm)
    first_contact = 1 + index * len(lead.contacts)
    if isinstance(lead, Lead):
        # A turn around its own axis changes nothing of a round lead but the bits of its place.
        return place_lead(lead, place_mm, first_contact=first_contact)
    return place_lead(lead, place_mm, turn_deg=seat.turn_deg, first_contact=first_contact)


def make_place(config: StudyConfig) -> Place:
    """Lay leads and tissue of a case out.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    Place

    Raises
    ------
    GeometryError
        If cord or leads do not fit.
    """
    spine = load_spine(config.tissue)
    return Place(spine, place_leads(spine, config.lead))


def make_setup(config: StudyConfig) -> FieldSetup:
    """Give everything that the field of a case depends on.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    FieldSetup

    Raises
    ------
    GeometryError
        If cord, leads or their encapsulation do not fit.
    """
    return _make_setup(
        _Parts(
            config.tissue,
            config.conductivity,
            config.lead,
            config.field,
            config.domain,
            load_labels(config.field, config.folder),
            load_imported(config.field, config.folder),
        )
    )


class _Parts(NamedTuple):
    """What makes a setup: sections of a config, and what was read from the files that it names."""

    tissue: SpineSection
    conductivity: ConductivitySection
    lead: LeadSection
    field: FieldSection
    domain: DomainSection
    volume: LabelVolume | None
    imported: ImportedField | None


@lru_cache(maxsize=1024)
def _make_setup(parts: _Parts) -> FieldSetup:
    """Build a setup once: plan and stages ask for the same ones, and each takes some milliseconds."""
    spine = load_spine(parts.tissue)
    leads = place_leads(spine, parts.lead)
    section = spine.cross_section([one.body for one in leads], parts.lead.encapsulation_mm)
    tissues = section.tissues() if parts.volume is None else parts.volume.tissue_names
    known = load_conductivities(parts.conductivity)
    # Only what conducts here: a change of another tissue must not ask for a new solution.
    own = tuple((name, known[name]) for name in tissues)
    return FieldSetup(
        field=parts.field,
        domain=load_domain(parts.domain),
        tissue=section if parts.volume is None else parts.volume,
        conductivities=Conductivities(parts.conductivity.preset, own),
        devices=leads,
        imported=parts.imported,
    )


def contact_span_mm(leads: tuple[Lead | Paddle, ...]) -> tuple[float, float]:
    """Give the lowest and the highest z of the metal of several leads, mm."""
    spans = [lead.span_mm for lead in leads]
    return min(low for low, _ in spans), max(high for _, high in spans)
