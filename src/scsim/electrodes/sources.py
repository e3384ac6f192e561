"""Current sources in space: the shapes that closed-form fields know.

Each gives off 1 mA; shares and amplitudes are applied to the potential. Leads do not belong here.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from scsim.errors import GeometryError

Vector = tuple[float, float, float]

_UNIT_TOLERANCE: Final = 1e-9
"""How far the length of a direction may be from 1 (no unit): rounding, not a wrong vector."""


@dataclass(frozen=True)
class PointSource:
    """A point that gives off current.

    Attributes
    ----------
    position_mm : tuple of 3 floats
        Where it lies, mm.

    Raises
    ------
    GeometryError
        If a coordinate is not finite.
    """

    position_mm: Vector

    def __post_init__(self) -> None:
        check_vector("position_mm", self.position_mm)


@dataclass(frozen=True)
class LineSource:
    """A straight line that gives off current evenly along its length.

    Attributes
    ----------
    center_mm : tuple of 3 floats
        Middle of the line, mm.
    direction : tuple of 3 floats
        Unit vector along the line.
    length_mm : float
        Length, mm.
    radius_mm : float
        Radius of the contact that the line stands for, mm. It does not change the potential; points
        inside the contact are refused.

    Raises
    ------
    GeometryError
        If a number is not finite, the length not positive, the radius negative or the direction not a
        unit vector.
    """

    center_mm: Vector
    direction: Vector
    length_mm: float
    radius_mm: float = 0.0

    def __post_init__(self) -> None:
        check_vector("center_mm", self.center_mm)
        check_direction("direction", self.direction)
        if not (math.isfinite(self.length_mm) and self.length_mm > 0.0):
            msg = (
                f"length_mm = {self.length_mm:g} mm: a line must have a positive, finite length. "
                "Use PointSource for a source without length."
            )
            raise GeometryError(msg)
        if not (math.isfinite(self.radius_mm) and self.radius_mm >= 0.0):
            msg = (
                f"radius_mm = {self.radius_mm:g} mm: a radius must be 0 or more, and finite. "
                "Use 0 for a bare line."
            )
            raise GeometryError(msg)


@dataclass(frozen=True)
class DiskSource:
    """A disk in an insulating plane that gives off current to one side.

    Attributes
    ----------
    center_mm : tuple of 3 floats
        Middle of the disk, mm.
    normal : tuple of 3 floats
        Unit vector out of the disk, into the tissue.
    radius_mm : float
        Radius, mm.
    density : {"equipotential", "uniform"}
        ``equipotential``: bare metal, all at one potential, so that the current crowds at the rim.
        ``uniform``: as much current from every part.

    Raises
    ------
    GeometryError
        If a number is not finite, the radius not positive, the normal not a unit vector or the density
        unknown.
    """

    center_mm: Vector
    normal: Vector
    radius_mm: float
    density: Literal["equipotential", "uniform"] = "equipotential"

    def __post_init__(self) -> None:
        check_vector("center_mm", self.center_mm)
        check_direction("normal", self.normal)
        if not (math.isfinite(self.radius_mm) and self.radius_mm > 0.0):
            msg = (
                f"radius_mm = {self.radius_mm:g} mm: a disk must have a positive, finite radius. "
                "Use PointSource for a source without size."
            )
            raise GeometryError(msg)
        if self.density not in {"equipotential", "uniform"}:
            msg = (
                f"density = {self.density!r}: the current of a disk is known for 'equipotential' and "
                "'uniform'. Choose one."
            )
            raise GeometryError(msg)


Source = PointSource | LineSource | DiskSource


def check_vector(name: str, vector: Vector) -> None:
    """Refuse a vector that does not hold three finite numbers.

    Raises
    ------
    GeometryError
        Naming the vector and its value.
    """
    if len(vector) != 3 or not all(math.isfinite(component) for component in vector):
        msg = f"{name} = {vector}: three finite numbers are needed. Give x, y and z."
        raise GeometryError(msg)


def check_direction(name: str, vector: Vector) -> None:
    """Refuse a vector that is not a unit vector.

    Raises
    ------
    GeometryError
        Naming the vector, its value and its length.
    """
    check_vector(name, vector)
    norm = math.hypot(*vector)
    if abs(norm - 1.0) > _UNIT_TOLERANCE:
        msg = (
            f"{name} = {vector} has length {norm:g}: a direction must have length 1. "
            "Divide it by its length."
        )
        raise GeometryError(msg)
