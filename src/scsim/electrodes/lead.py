"""How a config asks for leads, and devices in space: moved, turned, bent, and inside what is modelled.

Their numbers are in ``data/leads``, read by ``catalog.py``; currents are in ``montage.py``. Where in the anatomy a
device may lie belongs to `scsim.tissue`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from scsim.electrodes.contacts import (
    ArcContact,
    PadContact,
    PlateContact,
    RingContact,
)
from scsim.electrodes.cuff import Cuff, Pads
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.paddle import Paddle
from scsim.electrodes.sources import LineSource, Vector, check_vector
from scsim.errors import GeometryError
from scsim.formats.tables import load_table

__all__ = [
    "Cuff",
    "Lead",
    "LeadSection",
    "Paddle",
    "Pads",
    "bend_lead",
    "contact_sources",
    "lateral_positions_mm",
    "place_lead",
]

FloatArray = npt.NDArray[np.float64]

_Placed = TypeVar("_Placed", Lead, Paddle, Cuff, Pads)
_Contact = TypeVar("_Contact", RingContact, PlateContact, ArcContact, PadContact)

_ROUNDING: Final = 1e-9
"""Lengths that differ by less are one, mm: rounding of sums of millimeters."""

_PLACEMENT: Final = "placement/epidural"


def _default_gap_mm() -> float:
    """Give the distance between lead and dura of the table ``placement/epidural``."""
    return load_table(_PLACEMENT).number("dura_gap_mm")


def _default_spacing_mm() -> float:
    """Give the distance between parallel leads of the table ``placement/epidural``."""
    return load_table(_PLACEMENT).number("lead_spacing_mm")


@dataclass(frozen=True, kw_only=True)
class LeadSection:
    """The table ``[lead]`` of a config.

    Attributes
    ----------
    preset : str
        A lead of ``scsim list leads``.
    lateral_mm : float
        Middle of the lead, or of several side by side, to the left of the midline, mm; negative is to the
        right.
    rostral_mm : float
        Middle of the contacts above the origin along the cord, of a cuff along the nerve, mm.
    dura_gap_mm : float
        Smallest distance between the lead's surface and the outer surface of the dura, mm.
    n_leads : int
        How many equal leads lie side by side. Contacts are counted through: those of the rightmost lead
        first.
    lead_spacing_mm : float
        Distance between the middles of neighboring leads, from right to left, mm.
    encapsulation_mm : float
        Thickness of the tissue that has grown around the lead, mm; 0 for none. It must stay 0.01 mm from
        the dura: make `dura_gap_mm`, 0.2 mm if left out, larger than that for a thicker one.
    contact_length_mm : float, optional
        Length of each ring along the lead, mm; percutaneous leads only. Left out, it is the preset's.
    contact_gap_mm : float, optional
        Insulation between neighboring rings, from edge to edge, mm; the distance of their middles is this plus the
        contact length. Percutaneous leads only. Left out, it is the preset's.
    turn_deg : float
        Turn of a cuff around the nerve, from x towards y, degrees; cuffs only.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str = "percutaneous-8"
    lateral_mm: float = 0.0
    rostral_mm: float = 0.0
    dura_gap_mm: Annotated[float, Ge(0), Le(100)] = field(default_factory=_default_gap_mm)
    n_leads: Annotated[int, Ge(1), Le(8)] = 1
    lead_spacing_mm: Annotated[float, Gt(0), Le(100)] = field(default_factory=_default_spacing_mm)
    encapsulation_mm: Annotated[float, Ge(0), Le(10)] = 0.0
    contact_length_mm: Annotated[float, Ge(0.1), Le(50)] | None = None
    contact_gap_mm: Annotated[float, Ge(0.1), Le(100)] | None = None
    turn_deg: Annotated[float, Ge(-360), Le(360)] = 0.0


def lateral_positions_mm(section: LeadSection) -> tuple[float, ...]:
    """Give x of the middle of each lead, mm, from right to left, as contacts are counted.

    Parameters
    ----------
    section : LeadSection

    Returns
    -------
    tuple of float
        One per lead.
    """
    first = section.lateral_mm - 0.5 * (section.n_leads - 1) * section.lead_spacing_mm
    return tuple(first + index * section.lead_spacing_mm for index in range(section.n_leads))


def place_lead(
    device: _Placed,
    axis_point_mm: Vector,
    *,
    turn_deg: float = 0.0,
    first_contact: int = 1,
) -> _Placed:
    """Turn a device around z and move it, so that what lay at the origin lies at a point.

    Parameters
    ----------
    device : Lead, Paddle, Cuff or Pads
        As the catalog gives it: along z, the middle of the contacts, or of a paddle's or cuff's body, at
        the origin.
    axis_point_mm : tuple of 3 floats
        Where the middle goes, mm.
    turn_deg : float
        Turn before that, from x (left) towards y (dorsal), degrees.
    first_contact : int
        Number of the first contact: ``c1`` for a single device; further ones count on.

    Returns
    -------
    Lead, Paddle, Cuff or Pads

    Raises
    ------
    GeometryError
        If a number is not finite, or the device is a lead that follows a path.
    """
    check_vector("axis_point_mm", axis_point_mm)
    if not math.isfinite(turn_deg):
        msg = f"turn_deg = {turn_deg:g} degrees is not finite. Write 0 for no turn."
        raise GeometryError(msg)
    how = (axis_point_mm, turn_deg, first_contact)
    if isinstance(device, Lead):
        if device.path_mm:
            msg = (
                f"the lead {device.name!r} follows a path of {len(device.path_mm)} points, which says where "
                "it lies. Give bend_lead another path."
            )
            raise GeometryError(msg)
        return replace(device, contacts=_moved(device.contacts, *how))
    if isinstance(device, Pads):
        return replace(device, contacts=_moved(device.contacts, *how))
    center = _sum(_turned(device.center_mm, turn_deg), axis_point_mm)
    if isinstance(device, Paddle):
        return replace(
            device,
            contacts=_moved(device.contacts, *how),
            center_mm=center,
            turn_deg=device.turn_deg + turn_deg,
        )
    return replace(device, contacts=_moved(device.contacts, *how), center_mm=center)


def bend_lead(lead: Lead, path_mm: Sequence[Vector]) -> Lead:
    """Lay a lead along a path: tilted between two points, curved along more.

    Parameters
    ----------
    lead : Lead
        As the catalog gives it, along z.
    path_mm : sequence of (float, float, float)
        Points of the axis, from caudal to rostral, mm, straight between them. The middle of the contacts
        comes to lie in the middle of its length.

    Returns
    -------
    Lead
        Each contact is a straight ring, in the direction from where it begins on the path to where it ends.

    Raises
    ------
    GeometryError
        If the path is no line, or shorter than the contacts need.
    """
    for index, corner in enumerate(path_mm):
        check_vector(f"path_mm[{index}]", corner)
    path = np.array(path_mm, dtype=np.float64).reshape(-1, 3)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    if len(path) < 2 or not bool((steps > 0.0).all()):
        msg = (
            f"a path of {len(path)} points for the lead {lead.name!r}: at least two are needed, none twice in "
            "a row. Give the points where its axis begins, bends and ends."
        )
        raise GeometryError(msg)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    low, high = lead.span_mm
    if at[-1] < 2.0 * max(-low, high) - _ROUNDING:
        msg = (
            f"a path of {at[-1]:.4g} mm is too short for the contacts of the lead {lead.name!r}, which span "
            f"{high - low:g} mm. Make it longer at both ends."
        )
        raise GeometryError(msg)

    def place_at(along_mm: float) -> FloatArray:
        return np.array([np.interp(along_mm, at, path[:, axis]) for axis in range(3)])

    contacts = []
    for contact in lead.contacts:
        middle = at[-1] / 2.0 + contact.center_mm[2]
        half = contact.length_mm / 2.0
        chord = place_at(middle + half) - place_at(middle - half)
        x, y, z = (chord / np.linalg.norm(chord)).tolist()
        center_x, center_y, center_z = place_at(middle).tolist()
        contacts.append(
            replace(contact, center_mm=(center_x, center_y, center_z), direction=(x, y, z))
        )
    points = tuple((float(x), float(y), float(z)) for x, y, z in path)
    return replace(lead, contacts=tuple(contacts), path_mm=points)


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


def _moved(
    contacts: tuple[_Contact, ...], shift_mm: Vector, turn_deg: float, first: int
) -> tuple[_Contact, ...]:
    """Turn contacts around z, move them and number them."""
    moved: list[_Contact] = []
    for number, contact in enumerate(contacts, start=first):
        center = _sum(_turned(contact.center_mm, turn_deg), shift_mm)
        one = replace(contact, label=f"c{number}", center_mm=center)
        if isinstance(one, RingContact):
            one = replace(one, direction=_turned(one.direction, turn_deg))
        elif isinstance(one, ArcContact):
            one = replace(one, middle_deg=one.middle_deg + turn_deg)
        elif isinstance(one, PlateContact):
            direction, normal = (_turned(v, turn_deg) for v in (one.direction, one.normal))
            one = replace(one, direction=direction, normal=normal)
        else:
            one = replace(one, normal=_turned(one.normal, turn_deg))
        moved.append(one)
    return tuple(moved)


def _turned(vector: Vector, turn_deg: float) -> Vector:
    """Turn a vector around z, from x towards y."""
    if turn_deg == 0.0:
        return vector
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    x, y, z = vector
    return c * x - s * y, s * x + c * y, z


def _sum(one: Vector, other: Vector) -> Vector:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
