"""Insulating bodies in the plane across a lead: what a cross-section must leave out, and where metal can be on it.

Contacts along the lead do not belong here: ``contacts.py``.
"""

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


Body = Disc | Slab
