"""Paddles: flat insulating bodies with plates on the face towards the dura.

Numbers are in ``data/leads``, read by ``catalog.py``; placing is in ``lead.py``.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Slab
from scsim.electrodes.contacts import Device, PlateContact, check_contacts
from scsim.electrodes.sources import Vector
from scsim.errors import GeometryError

_ROUNDING: Final = 1e-9
"""Lengths that differ by less are one, mm: rounding of sums of millimeters."""


@dataclass(frozen=True)
class Paddle(Device):
    """A flat insulating body along z with rectangular contacts on the face towards the dura.

    Attributes
    ----------
    name, title : str
        Preset and one line for people; not compared.
    contacts : tuple of PlateContact
        Column by column, the rightmost first; in each from caudal to rostral.
    center_mm : tuple of 3 floats
        Middle of the body, mm; it runs along z to both ends of the tissue.
    width_mm, thickness_mm : float
        Size across, mm.
    turn_deg : float
        Turn around z, from x (left) towards y (dorsal), degrees. Unturned, the contacts look towards -y.
    sources : tuple of str
        Bibliography keys of its numbers; not compared.

    Raises
    ------
    GeometryError
        If contacts overlap or reach beyond the face, or the body has no thickness.
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    contacts: tuple[PlateContact, ...]
    center_mm: Vector
    width_mm: float
    thickness_mm: float
    turn_deg: float = 0.0
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        check_contacts(self.name, self.contacts)
        reach_mm = max(abs(x) + width / 2.0 for x, width in self.body.columns_mm)
        if not 0.0 < self.thickness_mm < math.inf:
            msg = (
                f"the paddle {self.name!r} has thickness_mm = {self.thickness_mm:g} mm: a body must be thicker "
                "than 0, and finite. Correct it."
            )
            raise GeometryError(msg)
        if not reach_mm <= self.width_mm / 2.0 < math.inf:
            msg = (
                f"contacts of the paddle {self.name!r} reach {reach_mm:g} mm from the middle of a face of "
                f"width_mm = {self.width_mm:g} mm. Make the body wider, or the columns narrower."
            )
            raise GeometryError(msg)

    @property
    def half_thickness_mm(self) -> float:
        """Distance from the middle of the body to the face with the contacts, mm."""
        return self.thickness_mm / 2.0

    @property
    def body(self) -> Slab:
        """The cross-section of the paddle; its columns run from right to left."""
        bare = self._bare_body
        columns: list[tuple[float, float]] = []
        for contact in self.contacts:
            x = bare.to_body(contact.center_mm[:2])[0]
            if not any(abs(x - other) < _ROUNDING for other, _ in columns):
                columns.append((round(x, 9), contact.width_mm))
        return replace(bare, columns_mm=tuple(sorted(columns)))

    @property
    def _bare_body(self) -> Slab:
        """The cross-section without contacts."""
        x, y, _ = self.center_mm
        return Slab((x, y), self.width_mm, self.thickness_mm, (), self.turn_deg)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which points, array_like of shape (n, 3) in mm, lie inside the body, shape (n,)."""
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
        x, y = self._bare_body.to_body((points[:, 0], points[:, 1]))  # type: ignore[arg-type]
        inside = (np.abs(x) < self.width_mm / 2.0) & (np.abs(y) < self.thickness_mm / 2.0)
        return np.asarray(inside)
