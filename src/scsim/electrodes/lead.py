"""Leads: bodies with contacts, and placing them in space.

The numbers of a lead are in ``data/leads``; currents are in `scsim.electrodes.montage`.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from scsim.electrodes.contacts import RingContact
from scsim.electrodes.sources import LineSource, Vector, check_vector
from scsim.errors import GeometryError
from scsim.formats.tables import load_table


def _default_gap_mm() -> float:
    """Give the distance between lead and dura of the table ``placement/epidural``."""
    return load_table("placement/epidural").number("dura_gap_mm")


@dataclass(frozen=True, kw_only=True)
class LeadSection:
    """The table ``[lead]`` of a config.

    Attributes
    ----------
    preset : str
        A lead of ``scsim list leads``.
    lateral_mm : float
        Lead axis to the left of the midline, mm; negative is to the right.
    rostral_mm : float
        Middle of the contacts above the origin along the cord, mm.
    dura_gap_mm : float
        Smallest distance between the lead's surface and the outer surface of the dura, mm.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str = "percutaneous-8"
    lateral_mm: float = 0.0
    rostral_mm: float = 0.0
    dura_gap_mm: Annotated[float, Ge(0), Le(100)] = field(default_factory=_default_gap_mm)


@dataclass(frozen=True)
class Lead:
    """A lead in space.

    Attributes
    ----------
    name, title : str
        Preset and one line for people.
    contacts : tuple of RingContact
        From caudal to rostral.
    radius_mm : float
        Radius of the body, mm.
    sources : tuple of str
        Bibliography keys of its numbers.
    """

    name: str
    title: str
    contacts: tuple[RingContact, ...]
    radius_mm: float
    sources: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the contacts, from caudal to rostral."""
        return tuple(contact.label for contact in self.contacts)

    @property
    def span_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the metal, mm."""
        reach = [abs(c.direction[2]) * c.length_mm / 2.0 for c in self.contacts]
        middle = [c.center_mm[2] for c in self.contacts]
        return (
            min(z - r for z, r in zip(middle, reach, strict=True)),
            max(z + r for z, r in zip(middle, reach, strict=True)),
        )


def place_lead(lead: Lead, axis_point_mm: Vector) -> Lead:
    """Move a lead so that the middle of its contacts lies at a point, along z.

    Parameters
    ----------
    lead : Lead
        As the catalog gives it: along z, the middle of the contacts at the origin.
    axis_point_mm : tuple of 3 floats
        Where the middle goes, mm.

    Returns
    -------
    Lead

    Raises
    ------
    GeometryError
        If a coordinate is not finite.
    """
    check_vector("axis_point_mm", axis_point_mm)
    x, y, z = axis_point_mm
    moved = tuple(
        replace(c, center_mm=(c.center_mm[0] + x, c.center_mm[1] + y, c.center_mm[2] + z))
        for c in lead.contacts
    )
    return replace(lead, contacts=moved)


def contact_sources(lead: Lead, contact_model: Literal["line"] = "line") -> tuple[LineSource, ...]:
    """Give the current source that stands for each contact.

    Parameters
    ----------
    lead : Lead
        A placed lead.
    contact_model : {"line"}
        ``line``: an even line on the lead's axis, as long as the contact. It has the far field of the
        ring; within about a lead's diameter of the metal it is too simple.

    Returns
    -------
    tuple of LineSource
        In the order of the contacts.

    Raises
    ------
    GeometryError
        If the contact model is unknown.
    """
    if contact_model != "line":
        msg = f"contact_model = {contact_model!r}: closed-form fields know 'line'. Use 'line'."
        raise GeometryError(msg)
    return tuple(
        LineSource(c.center_mm, c.direction, c.length_mm, c.radius_mm) for c in lead.contacts
    )
