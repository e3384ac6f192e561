"""Insulating bodies in the plane across a lead: what a cross-section must leave out, and where metal can be on it.

Contacts along the lead do not belong here: ``contacts.py``.
"""

import math
from dataclasses import dataclass

Pair = tuple[float, float]


@dataclass(frozen=True)
class Disc:
    """The cross-section of a cylindrical lead; metal can be all around it.

    Attributes
    ----------
    center_mm : tuple of 2 floats
        x and y of the axis, mm.
    radius_mm : float
    """

    center_mm: Pair
    radius_mm: float

    @property
    def corners_mm(self) -> tuple[Pair, ...]:
        """The center: all points of the body lie within the radius of it."""
        return (self.center_mm,)


@dataclass(frozen=True)
class Slab:
    """The cross-section of a paddle: a rectangle with metal on its lower face.

    Attributes
    ----------
    center_mm : tuple of 2 floats
        Middle of the rectangle, mm.
    width_mm, thickness_mm : float
        Size across and through, mm.
    columns_mm : tuple of (float, float)
        For each column of contacts, where its middle lies on the face, from the middle of the face towards
        +x before the turn, and its width, mm.
    turn_deg : float
        Turn around its center, from x (left) towards y (dorsal), degrees. Unturned, the face with the metal
        looks towards -y (ventral).
    """

    center_mm: Pair
    width_mm: float
    thickness_mm: float
    columns_mm: tuple[Pair, ...]
    turn_deg: float = 0.0

    @property
    def radius_mm(self) -> float:
        """Rounding of the corners: none, mm."""
        return 0.0

    @property
    def corners_mm(self) -> tuple[Pair, ...]:
        """Corners, counterclockwise from the right end of the face with the metal, mm."""
        half_width, half_thickness = self.width_mm / 2.0, self.thickness_mm / 2.0
        own = (
            (-half_width, -half_thickness),
            (half_width, -half_thickness),
            (half_width, half_thickness),
            (-half_width, half_thickness),
        )
        return tuple(self.to_space(point) for point in own)

    def to_space(self, point_mm: Pair) -> Pair:
        """Turn and move a point of the body's own frame, whose origin is its center, mm."""
        c, s = math.cos(math.radians(self.turn_deg)), math.sin(math.radians(self.turn_deg))
        x, y = point_mm
        return self.center_mm[0] + c * x - s * y, self.center_mm[1] + s * x + c * y

    def to_body(self, point_mm: Pair) -> Pair:
        """Give a point of space in the body's own frame: along the face and out of its back, mm."""
        c, s = math.cos(math.radians(self.turn_deg)), math.sin(math.radians(self.turn_deg))
        x, y = point_mm[0] - self.center_mm[0], point_mm[1] - self.center_mm[1]
        return c * x + s * y, -s * x + c * y


Body = Disc | Slab
