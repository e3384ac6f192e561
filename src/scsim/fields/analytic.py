"""Closed-form media: homogeneous, anisotropic along the axes, and two half-spaces.

Each potential is the one that vanishes far away. Media that need a mesh do not belong here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from scsim.electrodes.contacts import Contact
from scsim.electrodes.sources import Source
from scsim.errors import GeometryError
from scsim.fields.unit_potential import Medium, point_array, source_array, to_mv
from scsim.formats.tables import load_table

FloatArray = npt.NDArray[np.float64]
Conductivity = float | tuple[float, float, float]

SOURCES: Final = ("nicholson1975", "holt1999", "plonsey2007", "jackson1999")
"""Bibliography keys of the closed forms."""

_AXES: Final = {"x": 0, "y": 1, "z": 2}
_Conducting = Annotated[float, Ge(1e-6), Le(1e6)]


def _default_sigma() -> Conductivity:
    """Give the conductivity of the table ``media/homogeneous``."""
    return load_table("media/homogeneous").number("sigma_s_per_m")


@dataclass(frozen=True, kw_only=True)
class FieldSection:
    """The table ``[field]`` of a config.

    Attributes
    ----------
    solver : {"analytic"}
        ``analytic``: closed forms in one homogeneous medium.
    contact_model : {"line"}
        ``line``: each contact is an even line source on the lead's axis.
    sigma_s_per_m : float or list of 3 floats
        Conductivity of the medium, S/m; three numbers are along x, y and z.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    solver: Literal["analytic"] = "analytic"
    contact_model: Literal["line"] = "line"
    sigma_s_per_m: _Conducting | tuple[_Conducting, _Conducting, _Conducting] = field(
        default_factory=_default_sigma
    )


def field_medium(section: FieldSection) -> Medium:
    """Give the medium that a config describes.

    Parameters
    ----------
    section : FieldSection

    Returns
    -------
    Medium

    Raises
    ------
    GeometryError
        If a conductivity is not positive.
    """
    return HomogeneousMedium(section.sigma_s_per_m)


@dataclass(frozen=True)
class HomogeneousMedium(Medium):
    """A conductor without boundaries, isotropic or anisotropic along the axes.

    Attributes
    ----------
    sigma_s_per_m : float or tuple of 3 floats
        Conductivity, S/m; three numbers are along x, y and z.

    Raises
    ------
    GeometryError
        If a conductivity is not positive and finite.

    Notes
    -----
    Point source: V = I / (4π √(σy σz x² + σx σz y² + σx σy z²)) (Nicholson and Freeman 1975). A line is
    the mean over its points (Holt and Koch 1999). Checked by ``tests/theory/test_fields.py``.

    Examples
    --------
    >>> from scsim.electrodes import PointSource
    >>> medium = HomogeneousMedium(sigma_s_per_m=0.25)
    >>> round(float(medium.unit_potential([PointSource((0.0, 0.0, 0.0))], [(1.0, 0.0, 0.0)])[0, 0]), 6)
    318.309886
    """

    sigma_s_per_m: Conductivity

    def __post_init__(self) -> None:
        sigma = self._diagonal()
        if sigma.shape != (3,) or not np.all(np.isfinite(sigma) & (sigma > 0.0)):
            msg = (
                f"sigma_s_per_m = {self.sigma_s_per_m} S/m: one positive number, or three along x, y and "
                "z. Tissue lies between 0.001 and 2 S/m."
            )
            raise GeometryError(msg)

    def _diagonal(self) -> FloatArray:
        """Give the conductivity along x, y and z."""
        sigma = np.atleast_1d(np.asarray(self.sigma_s_per_m, dtype=np.float64))
        return np.repeat(sigma, 3) if sigma.shape == (1,) else sigma

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each source alone, giving off 1 mA; see `Medium`."""
        from scsim.kernels.potential import homogeneous  # noqa: PLC0415 - the config imports this file, and must not load numba

        rows, points = source_array(sources), point_array(points_mm)
        _refuse_inside(rows, points)
        potential = np.empty((len(rows), len(points)))
        homogeneous(rows, points, self._diagonal(), potential)
        return to_mv(potential)


@dataclass(frozen=True)
class TwoHalfSpaces(Medium):
    """Two isotropic conductors that meet at a plane.

    Attributes
    ----------
    sigma_positive_s_per_m, sigma_negative_s_per_m : float
        Conductivity on the side where the coordinate is above and below the plane, S/m. One of them may
        be 0 (an insulator); the potential there is then the limit of a very poor conductor.
    interface_mm : float
        Where the plane cuts the axis, mm.
    axis : {"x", "y", "z"}
        Axis that the plane is perpendicular to.

    Raises
    ------
    GeometryError
        If a conductivity is negative, both are 0, or the axis or position is unknown.

    Notes
    -----
    With the source in medium 1: V1 = I/(4πσ1) [1/r + (σ1−σ2)/(σ1+σ2) / r'], V2 = I / (2π(σ1+σ2) r), where r'
    is the distance to the source's mirror image (Jackson 1999, section 4.4, with conductivity for
    permittivity). Checked by ``tests/theory/test_fields.py``.
    """

    sigma_positive_s_per_m: float
    sigma_negative_s_per_m: float
    interface_mm: float = 0.0
    axis: Literal["x", "y", "z"] = "z"

    def __post_init__(self) -> None:
        sigma = (self.sigma_positive_s_per_m, self.sigma_negative_s_per_m)
        if not all(math.isfinite(value) and value >= 0.0 for value in sigma) or not any(sigma):
            msg = (
                f"conductivities of {sigma[0]:g} and {sigma[1]:g} S/m: both must be 0 or more, and one "
                "above 0. Tissue lies between 0.001 and 2 S/m."
            )
            raise GeometryError(msg)
        if self.axis not in _AXES or not math.isfinite(self.interface_mm):
            msg = (
                f"interface_mm = {self.interface_mm:g} mm on axis {self.axis!r}: the plane needs a finite "
                "position on x, y or z. Correct it."
            )
            raise GeometryError(msg)

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each source alone, giving off 1 mA; see `Medium`."""
        from scsim.kernels.potential import half_spaces  # noqa: PLC0415 - the config imports this file, and must not load numba

        rows, points = source_array(sources), point_array(points_mm)
        _refuse_inside(rows, points)
        sides = self._sides(rows)
        potential = np.empty((len(rows), len(points)))
        sigma = np.array([self.sigma_negative_s_per_m, self.sigma_positive_s_per_m])
        half_spaces(rows, points, sides, (_AXES[self.axis], self.interface_mm), sigma, potential)
        return to_mv(potential)

    def _sides(self, rows: FloatArray) -> npt.NDArray[np.int64]:
        """Give 1 for sources on the positive side and 0 for the others; refuse any that cross."""
        axis = _AXES[self.axis]
        height = rows[:, axis] - self.interface_mm
        reach = np.abs(rows[:, 3 + axis]) * rows[:, 6]
        crossing = np.flatnonzero(np.abs(height) < reach)
        if crossing.size:
            index = int(crossing[0])
            msg = (
                f"source {index} crosses the plane {self.axis} = {self.interface_mm:g} mm: it reaches from "
                f"{rows[index, axis] - reach[index]:g} to {rows[index, axis] + reach[index]:g} mm. "
                "Move it to one side."
            )
            raise GeometryError(msg)
        # A source in the plane belongs to the better conductor; the formula is the same for both.
        better = int(self.sigma_positive_s_per_m >= self.sigma_negative_s_per_m)
        sides = np.where(height == 0.0, better, height > 0.0).astype(np.int64)
        sigma = np.where(sides == 1, self.sigma_positive_s_per_m, self.sigma_negative_s_per_m)
        dead = np.flatnonzero(sigma == 0.0)
        if dead.size:
            index = int(dead[0])
            msg = (
                f"source {index} at {self.axis} = {rows[index, axis]:g} mm lies in the insulator (0 S/m). "
                "Move it to the conducting side."
            )
            raise GeometryError(msg)
        return sides


def _refuse_inside(rows: FloatArray, points: FloatArray) -> None:
    """Refuse points inside a contact, or on a source, where the potential has no meaning."""
    from scsim.kernels.potential import first_inside  # noqa: PLC0415 - as above

    index = np.empty(2, dtype=np.int64)
    first_inside(rows, points, index)
    i_source, i_point = (int(value) for value in index)
    if i_source < 0:
        return
    row, point = rows[i_source], points[i_point]
    distance = float(np.linalg.norm(np.cross(point - row[:3], row[3:6])))
    if row[6] == 0.0:
        where, limit = "on source", "anywhere else"
    else:
        where = f"{distance:g} mm from the axis of source"
        limit = f"at least {row[7]:g} mm from the axis, or beyond the ends of its {2 * row[6]:g} mm"
    msg = (
        f"point {i_point} at {point.tolist()} mm lies {where} {i_source} at {row[:3].tolist()} mm; the "
        f"potential is known {limit}. Move the point or the lead."
    )
    raise GeometryError(msg)
