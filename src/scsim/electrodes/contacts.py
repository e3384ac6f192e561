"""Metal sites: rings and plates on leads, rings and arcs in cuffs, pads on the skin; and what all devices share.

Each has a label, a center and an area. Bodies belong in ``cylinder.py``, ``paddle.py`` and ``cuff.py``, currents in
``montage.py``.
"""

import math
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, final

from scsim.electrodes.sources import Vector, check_direction, check_vector
from scsim.errors import GeometryError

_ROUNDING: Final = 1e-9
"""Lengths that differ by less are one, mm: rounding of sums of millimeters."""

_FULL_TURN_DEG: Final = 360.0


@final
@dataclass(frozen=True)
class RingContact:
    """A ring of metal around a cylindrical lead.

    Attributes
    ----------
    label : str
        Its name on the lead, for example ``c1``.
    center_mm : tuple of 3 floats
        Middle of the ring, on the axis of the lead, mm.
    direction : tuple of 3 floats
        Unit vector along the lead.
    length_mm, radius_mm : float
        Length along the lead and outer radius, mm.

    Raises
    ------
    GeometryError
        If a size is not positive and finite, a coordinate not finite, or a direction not a unit vector.
    """

    label: str
    center_mm: Vector
    direction: Vector
    length_mm: float
    radius_mm: float

    def __post_init__(self) -> None:
        _check_site(self, sizes=("length_mm", "radius_mm"), directions=("direction",))

    @property
    def area_mm2(self) -> float:
        """Outer surface of the ring, 2 π r L, mm²."""
        return 2.0 * math.pi * self.radius_mm * self.length_mm


@final
@dataclass(frozen=True)
class PlateContact:
    """A flat rectangle of metal on one face of a paddle.

    Attributes
    ----------
    label : str
    center_mm : tuple of 3 floats
        Middle of the rectangle, on the face of the body, mm.
    direction : tuple of 3 floats
        Unit vector along its length.
    normal : tuple of 3 floats
        Unit vector out of the body, into the tissue.
    length_mm, width_mm : float
        Size along `direction` and across it, mm.

    Raises
    ------
    GeometryError
        If a size is not positive and finite, a coordinate not finite, or a direction not a unit vector.
    """

    label: str
    center_mm: Vector
    direction: Vector
    normal: Vector
    length_mm: float
    width_mm: float

    def __post_init__(self) -> None:
        _check_site(self, sizes=("length_mm", "width_mm"), directions=("direction", "normal"))

    @property
    def area_mm2(self) -> float:
        """Area, L w, mm²."""
        return self.length_mm * self.width_mm


@final
@dataclass(frozen=True)
class ArcContact:
    """A ring, or a part of one, on the inner wall of a cuff.

    Attributes
    ----------
    label : str
    center_mm : tuple of 3 floats
        On the axis of the cuff, halfway along the contact, mm.
    direction : tuple of 3 floats
        Unit vector along the cuff.
    length_mm, radius_mm : float
        Length along the cuff and radius of the inner wall, mm.
    middle_deg : float
        Where the middle of the arc lies: angle from x towards y, degrees.
    span_deg : float
        How much of the circle the metal covers, degrees; 360 for a ring.

    Raises
    ------
    GeometryError
        If a size is not positive and finite, `span_deg` not above 0 and up to 360,
        a coordinate not finite, or a direction not a unit vector.
    """

    label: str
    center_mm: Vector
    direction: Vector
    length_mm: float
    radius_mm: float
    middle_deg: float = 90.0
    span_deg: float = 360.0

    def __post_init__(self) -> None:
        _check_site(self, sizes=("length_mm", "radius_mm"), directions=("direction",))
        if not (math.isfinite(self.middle_deg) and 0.0 < self.span_deg <= _FULL_TURN_DEG):
            msg = (
                f"contact {self.label}: an arc of span_deg = {self.span_deg:g} around middle_deg = "
                f"{self.middle_deg:g} degrees: the span must be above 0 and at most 360, the middle finite. "
                "Write 360 for a ring."
            )
            raise GeometryError(msg)

    @property
    def area_mm2(self) -> float:
        """Area, r α L, mm²."""
        return self.radius_mm * math.radians(self.span_deg) * self.length_mm


@final
@dataclass(frozen=True)
class PadContact:
    """A disk of metal or gel on a flat surface, the skin.

    Attributes
    ----------
    label : str
    center_mm : tuple of 3 floats
        Middle of the disk, in the surface, mm.
    normal : tuple of 3 floats
        Unit vector from the surface into the tissue.
    radius_mm : float
        Radius, mm.

    Raises
    ------
    GeometryError
        If a size is not positive and finite, a coordinate not finite, or a direction not a unit vector.
    """

    label: str
    center_mm: Vector
    normal: Vector
    radius_mm: float

    def __post_init__(self) -> None:
        _check_site(self, sizes=("radius_mm",), directions=("normal",))

    @property
    def area_mm2(self) -> float:
        """Area, π r², mm²."""
        return math.pi * self.radius_mm**2


Contact = RingContact | PlateContact | ArcContact | PadContact
"""A metal site of any kind."""


class Device(ABC):
    """Anything that carries contacts.

    Attributes
    ----------
    name, title : str
        Preset and one line for people.
    contacts : tuple of Contact
        In the order of their numbers.
    sources : tuple of str
        Bibliography keys of its numbers.
    """

    name: str
    title: str
    contacts: tuple[Contact, ...]
    sources: tuple[str, ...]

    @property
    @final
    def labels(self) -> tuple[str, ...]:
        """The labels of the contacts, in their order."""
        return tuple(contact.label for contact in self.contacts)

    @property
    @final
    def span_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the metal, mm."""
        ranges = [height_range_mm(contact) for contact in self.contacts]
        return min(low for low, _ in ranges), max(high for _, high in ranges)


def height_range_mm(contact: Contact) -> tuple[float, float]:
    """Give the lowest and highest z of a contact, mm.

    Parameters
    ----------
    contact : Contact

    Returns
    -------
    tuple of 2 floats
    """
    if isinstance(contact, PadContact):
        reach = contact.radius_mm * _across(contact.normal)
    elif isinstance(contact, PlateContact):
        side = _cross(contact.normal, contact.direction)
        reach = abs(contact.direction[2]) * contact.length_mm / 2.0
        reach += abs(side[2]) * contact.width_mm / 2.0
    else:
        reach = abs(contact.direction[2]) * contact.length_mm / 2.0
        reach += contact.radius_mm * _across(contact.direction)
    return contact.center_mm[2] - reach, contact.center_mm[2] + reach


def check_contacts(name: str, contacts: Sequence[Contact]) -> None:
    """Refuse no contact, two of one label, and contacts that overlap.

    Parameters
    ----------
    name : str
        Device that they are on.
    contacts : sequence of Contact
        All of one kind.

    Raises
    ------
    GeometryError
        With the contacts and how far they overlap.
    """
    if not contacts:
        msg = f"the lead {name!r} has no contact (0); at least one is needed. Give one."
        raise GeometryError(msg)
    for one, other in combinations(contacts, 2):
        if one.label == other.label:
            msg = f"two contacts of {name!r} are called {one.label}. Number them through."
            raise GeometryError(msg)
        overlap_mm = _overlap_mm(one, other)
        if overlap_mm > _ROUNDING:
            msg = (
                f"contacts {one.label} and {other.label} of {name!r} overlap by {overlap_mm:.3g} mm. Move them "
                "apart, or make them smaller."
            )
            raise GeometryError(msg)


def _check_site(contact: Contact, *, sizes: Sequence[str], directions: Sequence[str]) -> None:
    """Refuse metal without a size, a place or a direction."""
    for name in sizes:
        size = getattr(contact, name)
        if not (math.isfinite(size) and size > 0.0):
            msg = (
                f"contact {contact.label}: {name} = {size:g} mm; a size must be positive and finite. "
                "Correct it."
            )
            raise GeometryError(msg)
    check_vector(f"contact {contact.label}: center_mm", contact.center_mm)
    for name in directions:
        check_direction(f"contact {contact.label}: {name}", getattr(contact, name))


def _overlap_mm(one: Contact, other: Contact) -> float:
    """Say how deep two contacts of one device reach into each other, mm; not positive if they do not."""
    apart = (
        other.center_mm[0] - one.center_mm[0],
        other.center_mm[1] - one.center_mm[1],
        other.center_mm[2] - one.center_mm[2],
    )
    if isinstance(one, PadContact) and isinstance(other, PadContact):
        return one.radius_mm + other.radius_mm - math.hypot(*apart)
    if isinstance(one, PlateContact) and isinstance(other, PlateContact):
        side = _cross(one.normal, one.direction)
        along = (one.length_mm + other.length_mm) / 2.0 - abs(_dot(apart, one.direction))
        across = (one.width_mm + other.width_mm) / 2.0 - abs(_dot(apart, side))
        return min(along, across)
    if isinstance(one, ArcContact) and isinstance(other, ArcContact):
        along = (one.length_mm + other.length_mm) / 2.0 - abs(_dot(apart, one.direction))
        turn = (other.middle_deg - one.middle_deg) % _FULL_TURN_DEG
        between = min(turn, _FULL_TURN_DEG - turn)
        spans = (one.span_deg + other.span_deg) / 2.0
        # Two arcs that together cover more than the circle meet at their far ends too.
        common_deg = max(spans - between, spans + between - _FULL_TURN_DEG)
        return min(along, math.radians(common_deg) * one.radius_mm)
    if isinstance(one, RingContact) and isinstance(other, RingContact):
        return (one.length_mm + other.length_mm) / 2.0 - math.hypot(*apart)
    msg = (
        f"{one.label} and {other.label} are a {type(one).__name__} and a {type(other).__name__}; contacts of "
        "one device are of one kind. Make two devices."
    )
    raise GeometryError(msg)


def _across(vector: Vector) -> float:
    """Length of the part of a unit vector across z."""
    return math.hypot(vector[0], vector[1])


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: Vector, other: Vector) -> Vector:
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )
