"""Where tissue and leads lie, and what a field depends on, from the config of one case.

Rooms on one floor do not know each other: anatomy gives the seat, electrodes the lead, and this file brings them
together. It is also the one place that tells studies of the canal from those of a nerve: `is_nerve`. What is computed
belongs in ``stages/table.py``, ``field_stages.py`` and ``nerve_stages.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from scsim.electrodes import (
    Cuff,
    Lead,
    lateral_positions_mm,
    lead_names,
    load_study_lead,
    place_lead,
)
from scsim.errors import GeometryError
from scsim.fields.catalog import FieldSetup, load_domain
from scsim.study.inputs import load_imported, load_labels
from scsim.tissue import (
    Conductivities,
    Seat,
    dorsal_seat,
    load_conductivities,
    load_nerve,
    load_spine,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scsim.electrodes import Contact, Device, LeadSection, Paddle
    from scsim.fields.catalog import DomainSection, FieldSection
    from scsim.fields.imported import ImportedField
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit
    from scsim.tissue import ConductivitySection, Nerve, NerveSection, Spine, SpineSection

    _Placed = TypeVar("_Placed", bound=Lead | Paddle | Cuff)
    Prepare = Callable[[StudyConfig, Mapping[str, Outputs]], tuple[Unit, ...]]


def is_nerve(config: StudyConfig) -> bool:
    """Whether a case is one of a nerve in a cuff, and not of leads in the spinal canal."""
    return config.nerve.preset is not None


def by_kind(canal: Prepare, nerve: Prepare) -> Prepare:
    """Make the first step of a stage that canal and nerve do each in its own way.

    Parameters
    ----------
    canal, nerve : callable
        As `scsim.study.stages.stage.Stage.prepare`.

    Returns
    -------
    callable
    """

    def prepare(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
        return (nerve if is_nerve(config) else canal)(config, upstream)

    return prepare


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


@dataclass(frozen=True)
class NervePlace:
    """A nerve with the cuff around it.

    Attributes
    ----------
    nerve : Nerve
    cuff : Cuff
    """

    nerve: Nerve
    cuff: Cuff


@lru_cache(maxsize=256)
def unplaced_leads(
    section: LeadSection, rostral_mm: float = 0.0
) -> tuple[Lead | Paddle | Cuff, ...]:
    """Give the leads or the cuff of a config at a height, wherever across the cord.

    Parameters
    ----------
    section : LeadSection
    rostral_mm : float
        Height of their middle, mm.

    Returns
    -------
    tuple of Lead, Paddle or Cuff
        All on the axis of the frame: for what depends on labels, areas and heights alone.
    """
    lead = load_study_lead(section)
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
    lead = load_study_lead(section)
    if isinstance(lead, Cuff):
        msg = (
            f"preset = {section.preset!r} is a cuff, which does not lie in the canal. Choose a lead or paddle, or add "
            "[nerve] with a nerve for it."
        )
        raise GeometryError(msg)
    seats = [
        dorsal_seat(spine, lead.half_thickness_mm, section.dura_gap_mm, x_mm)
        for x_mm in lateral_positions_mm(section)
    ]
    return tuple(_placed(lead, seat, section.rostral_mm, index) for index, seat in enumerate(seats))


def _placed(lead: _Placed, seat: Seat, rostral_mm: float, index: int) -> _Placed:
    """Move a lead to a seat; its contacts count on from those of the leads before it."""
    place_mm = (seat.x_mm, seat.y_mm, rostral_mm)
    first_contact = 1 + index * len(lead.contacts)
    # A turn around its own axis changes nothing of a round lead but the bits of its place.
    turn_deg = 0.0 if isinstance(lead, Lead) else seat.turn_deg
    device: Any = lead
    placed: _Placed = place_lead(device, place_mm, turn_deg=turn_deg, first_contact=first_contact)
    return placed


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


def make_nerve_place(config: StudyConfig) -> NervePlace:
    """Lay the cuff of a case around its nerve.

    Parameters
    ----------
    config : StudyConfig
        Of a nerve.

    Returns
    -------
    NervePlace

    Raises
    ------
    GeometryError
        If there is no such nerve or cuff, or the nerve does not fit into the cuff.
    """
    return _nerve_place(config.nerve, config.lead)


def _nerve_place(section: NerveSection, lead: LeadSection) -> NervePlace:
    nerve = load_nerve(section.preset or "")
    cuff = load_study_lead(lead)
    if not isinstance(cuff, Cuff):
        msg = (
            f"preset = {lead.preset!r} is no cuff; around a nerve lie {', '.join(lead_names('cuff'))}. Choose one of "
            "these, or leave [nerve] out for a lead in the canal."
        )
        raise GeometryError(msg)
    if cuff.inner_radius_mm < nerve.radius_mm:
        msg = (
            f"preset = {lead.preset!r} has inner_radius_mm = {cuff.inner_radius_mm:g} mm; the nerve {nerve.name!r} of "
            f"radius_mm = {nerve.radius_mm:g} mm does not fit into it. Choose a wider cuff or a thinner nerve."
        )
        raise GeometryError(msg)
    return NervePlace(nerve, place_lead(cuff, (0.0, 0.0, lead.rostral_mm), turn_deg=lead.turn_deg))


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
            config.nerve,
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
    nerve: NerveSection
    conductivity: ConductivitySection
    lead: LeadSection
    field: FieldSection
    domain: DomainSection
    volume: LabelVolume | None
    imported: ImportedField | None


@lru_cache(maxsize=1024)
def _make_setup(parts: _Parts) -> FieldSetup:
    """Build a setup once: plan and stages ask for the same ones, and each takes some milliseconds."""
    if parts.nerve.preset is not None:
        return _nerve_setup(parts)
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


def _nerve_setup(parts: _Parts) -> FieldSetup:
    """Build the setup of a nerve in its cuff."""
    place = _nerve_place(parts.nerve, parts.lead)
    tissue = place.nerve.cross_section()
    known = load_conductivities(parts.conductivity)
    names = dict.fromkeys((*tissue.tissues(), place.nerve.surround, place.cuff.filling))
    own = tuple((name, known[name]) for name in names)
    return FieldSetup(
        field=parts.field,
        domain=load_domain(parts.domain),
        tissue=tissue,
        conductivities=Conductivities(parts.conductivity.preset, own),
        devices=(place.cuff,),
        imported=parts.imported,
        nerve=place.nerve,
    )


def contact_span_mm(leads: Sequence[Device]) -> tuple[float, float]:
    """Give the lowest and the highest z of the metal of several leads, mm."""
    spans = [lead.span_mm for lead in leads]
    return min(low for low, _ in spans), max(high for _, high in spans)
