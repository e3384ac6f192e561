"""Devices for nerves: cuffs around them, and pads on the skin above.

Numbers are in ``data/leads``, read by ``catalog.py``; placing is in ``lead.py``. A percutaneous lead beside a
nerve is a `scsim.electrodes.Lead`.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import ArcContact, Device, PadContact, check_contacts
from scsim.electrodes.sources import Vector
from scsim.errors import GeometryError

_ROUNDING: Final = 1e-9
"""Lengths in mm and parts of unit vectors that differ by less are one: rounding."""


@dataclass(frozen=True)
class Cuff(Device):
    """An insulating tube around a nerve with contacts on its inner wall.

    Attributes
    ----------
    name, title : str
        Preset and one line for people; not compared.
    contacts : tuple of ArcContact
        From caudal to rostral.
    inner_radius_mm, outer_radius_mm, length_mm : float
        Size of the tube, mm.
    center_mm : tuple of 3 floats
        Middle of the tube, mm; its axis is along z.
    filling : str
        Tissue between nerve and wall.
    sources : tuple of str
        Bibliography keys of its numbers; not compared.

    Raises
    ------
    GeometryError
        If the wall has no thickness, contacts overlap, do not lie on the inner wall or reach beyond the ends
        of the tube.
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    contacts: tuple[ArcContact, ...]
    inner_radius_mm: float
    outer_radius_mm: float
    length_mm: float
    center_mm: Vector = (0.0, 0.0, 0.0)
    filling: str = "saline"
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.inner_radius_mm < self.outer_radius_mm:
            msg = (
                f"the cuff {self.name!r} has inner_radius_mm = {self.inner_radius_mm:g} mm and "
                f"outer_radius_mm = {self.outer_radius_mm:g} mm: the wall must be thicker than 0. "
                "Make the outer radius larger."
            )
            raise GeometryError(msg)
        check_contacts(self.name, self.contacts)
        for contact in self.contacts:
            is_on_wall = (
                isinstance(contact, ArcContact)
                and abs(contact.radius_mm - self.inner_radius_mm) <= _ROUNDING
                and math.dist(contact.center_mm[:2], self.center_mm[:2]) <= _ROUNDING
                and math.hypot(*contact.direction[:2]) <= _ROUNDING
            )
            if not is_on_wall:
                msg = (
                    f"contact {contact.label} is no ring or arc on the inner wall of the cuff {self.name!r}, at a "
                    f"radius of {self.inner_radius_mm:g} mm around its axis. Give it as an ArcContact of that "
                    "radius, along z."
                )
                raise GeometryError(msg)
        low, high = self.span_mm
        reach_mm = max(high - self.center_mm[2], self.center_mm[2] - low)
        if not reach_mm <= self.length_mm / 2.0:
            msg = (
                f"contacts of the cuff {self.name!r} reach {reach_mm:g} mm from its middle; it is "
                f"length_mm = {self.length_mm:g} mm long. Make it longer than {2.0 * reach_mm:g} mm."
            )
            raise GeometryError(msg)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which points, array_like of shape (n, 3) in mm, lie inside the wall, shape (n,)."""
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3) - np.array(self.center_mm)
        radius = np.hypot(points[:, 0], points[:, 1])
        in_wall = (radius > self.inner_radius_mm) & (radius < self.outer_radius_mm)
        return np.asarray(in_wall & (np.abs(points[:, 2]) < self.length_mm / 2.0))


@dataclass(frozen=True)
class Pads(Device):
    """Disks on the skin, which have no body in the tissue.

    Attributes
    ----------
    name, title : str
        Preset and one line for people; not compared.
    contacts : tuple of PadContact
        From caudal to rostral.
    sources : tuple of str
        Bibliography keys of its numbers; not compared.

    Raises
    ------
    GeometryError
        If contacts overlap.
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    contacts: tuple[PadContact, ...]
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        check_contacts(self.name, self.contacts)
