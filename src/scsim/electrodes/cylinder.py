"""Cylindrical leads, straight along z or along a path.

Numbers are in ``data/leads``, read by ``catalog.py``; placing is in ``lead.py``.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Disc
from scsim.electrodes.contacts import Device, RingContact, check_contacts
from scsim.electrodes.sources import Vector
from scsim.errors import GeometryError

_ROUNDING: Final = 1e-9
"""Lengths in mm and parts of unit vectors that differ by less are one: rounding."""


@dataclass(frozen=True)
class Lead(Device):
    """A cylindrical lead in space.

    Attributes
    ----------
    name, title : str
        Preset and one line for people; not compared.
    contacts : tuple of RingContact
        From caudal to rostral.
    radius_mm : float
        Radius of the body, mm.
    sources : tuple of str
        Bibliography keys of its numbers; not compared.
    path_mm : tuple of (float, float, float)
        Points of the axis, from caudal to rostral, mm, straight between them; the body is all that lies
        within the radius of it. Empty: the axis runs along z through the contacts, to both ends of the
        tissue.

    Raises
    ------
    GeometryError
        If contacts overlap or are not as thick as the body, or those of a straight lead are not on one axis
        along z.
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    contacts: tuple[RingContact, ...]
    radius_mm: float
    sources: tuple[str, ...] = field(default=(), compare=False)
    path_mm: tuple[Vector, ...] = ()

    def __post_init__(self) -> None:
        check_contacts(self.name, self.contacts)
        for contact in self.contacts:
            if not abs(contact.radius_mm - self.radius_mm) <= _ROUNDING:
                msg = (
                    f"contact {contact.label} of the lead {self.name!r} has radius_mm = "
                    f"{contact.radius_mm:g} mm, the body radius_mm = {self.radius_mm:g} mm. Make them equal: "
                    "rings lie in the surface of the body."
                )
                raise GeometryError(msg)
        if not self.path_mm:
            self._check_axis()

    def _check_axis(self) -> None:
        """Refuse contacts of a straight lead that are not on one axis along z."""
        x, y, _ = self.contacts[0].center_mm
        for contact in self.contacts:
            off_mm = math.dist(contact.center_mm[:2], (x, y))
            if off_mm > _ROUNDING or math.hypot(*contact.direction[:2]) > _ROUNDING:
                msg = (
                    f"contact {contact.label} of the lead {self.name!r} lies {off_mm:g} mm off the axis of the "
                    f"first and along {contact.direction}; a straight lead runs along z. Give path_mm, or use "
                    "bend_lead."
                )
                raise GeometryError(msg)

    @property
    def half_thickness_mm(self) -> float:
        """Distance from the middle of the body to the tissue it rests on, mm."""
        return self.radius_mm

    @property
    def body(self) -> Disc:
        """The cross-section of a lead along z.

        Raises
        ------
        GeometryError
            If the lead is tilted or curved.
        """
        if self.path_mm:
            msg = (
                f"the lead {self.name!r} follows a path of {len(self.path_mm)} points, so it has no one "
                "cross-section. Use a solver for three dimensions, or a lead along z."
            )
            raise GeometryError(msg)
        x, y, _ = self.contacts[0].center_mm
        return Disc((x, y), self.radius_mm)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which points lie inside the body.

        Parameters
        ----------
        points_mm : array_like, shape (n, 3)
            mm.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
        if not self.path_mm:
            axis = np.array(self.contacts[0].center_mm)[:2]
            return np.asarray(np.sum((points[:, :2] - axis) ** 2, axis=1) < self.radius_mm**2)
        squared = np.full(len(points), np.inf)
        path = np.array(self.path_mm)
        for start, step in zip(path[:-1], np.diff(path, axis=0), strict=True):
            along = np.clip((points - start) @ step / (step @ step), 0.0, 1.0)
            apart = points - start - along[:, None] * step
            squared = np.minimum(squared, np.sum(apart**2, axis=1))
        return np.asarray(squared < self.radius_mm**2)
