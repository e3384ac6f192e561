"""Metal sites: rings and plates on leads, rings and arcs in cuffs, pads on the skin.

Each has a label, a center and an area. Bodies and placing belong in ``lead.py``, currents in ``montage.py``.
"""

import math
from dataclasses import dataclass

from scsim.electrodes.sources import Vector


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
    """

    label: str
    center_mm: Vector
    direction: Vector
    length_mm: float
    radius_mm: float

    @property
    def area_mm2(self) -> float:
        """Outer surface of the ring, 2 π r L, mm²."""
        return 2.0 * math.pi * self.radius_mm * self.length_mm


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
    """

    label: str
    center_mm: Vector
    direction: Vector
    normal: Vector
    length_mm: float
    width_mm: float

    @property
    def area_mm2(self) -> float:
        """Area, L w, mm²."""
        return self.length_mm * self.width_mm


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
    """

    label: str
    center_mm: Vector
    direction: Vector
    length_mm: float
    radius_mm: float
    middle_deg: float = 90.0
    span_deg: float = 360.0

    @property
    def area_mm2(self) -> float:
        """Area, r α L, mm²."""
        return self.radius_mm * math.radians(self.span_deg) * self.length_mm


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
    """

    label: str
    center_mm: Vector
    normal: Vector
    radius_mm: float

    @property
    def area_mm2(self) -> float:
        """Area, π r², mm²."""
        return math.pi * self.radius_mm**2


Contact = RingContact | PlateContact | ArcContact | PadContact
