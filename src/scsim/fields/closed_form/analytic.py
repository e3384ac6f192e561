"""Closed-form media: homogeneous, anisotropic along the axes, two half-spaces, and one below an insulator.

Each potential is the one that vanishes far away. Media that need a mesh do not belong here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import Contact, PadContact
from scsim.electrodes.sources import (
    DiskSource,
    LineSource,
    PointSource,
    Source,
    Vector,
    check_direction,
    check_vector,
)
from scsim.errors import GeometryError
from scsim.fields.unit_potential import Medium, name_source, point_array, source_array, to_mv

FloatArray = npt.NDArray[np.float64]
Conductivity = float | tuple[float, float, float]

SOURCES: Final = ("nicholson1975", "holt1999", "plonsey2007", "jackson1999")
"""Bibliography keys of the closed forms."""

_IN_PLANE_MM: Final = 1e-6
"""How far a disk or a point may lie off the plane that it should lie in, mm: rounding of a turned plane."""

_AXES: Final = {"x": 0, "y": 1, "z": 2}


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
        refuse_inside(rows, points)
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
        refuse_inside(rows, points)
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


@dataclass(frozen=True)
class InsulatedHalfSpace(Medium):
    """Isotropic tissue below an insulating plane: skin and air, with pads on the skin.

    Each disk has the potential that it has alone. Other pads, whose metal would shunt it, are neglected:
    between disks of radius a whose centers are d apart that is an error of order (a/d)³.

    Attributes
    ----------
    sigma_s_per_m : float
        Conductivity of the tissue, S/m.
    surface_mm : tuple of 3 floats
        A point of the plane, mm.
    normal : tuple of 3 floats
        Unit vector from the plane into the tissue.
    contact_model : {"equipotential", "uniform"}
        How the current leaves a `PadContact`: bare metal, or evenly. A `DiskSource` says so itself.

    Raises
    ------
    GeometryError
        If the conductivity is not positive and finite, the normal not a unit vector, or the contact model
        unknown.

    Notes
    -----
    Disks: ``disks.py``. Points and lines have an equal image behind the plane (Jackson 1999, section 4.4).
    Checked by ``tests/theory/test_disks.py`` and the reference table A3.

    Examples
    --------
    >>> from scsim.electrodes import PadContact
    >>> medium = InsulatedHalfSpace(sigma_s_per_m=0.25)
    >>> pad = PadContact("p1", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), radius_mm=0.5)
    >>> round(float(medium.unit_potential([pad], [(0.0, 0.0, 0.0)])[0, 0]), 6)
    2000.0
    """

    sigma_s_per_m: float
    surface_mm: Vector = (0.0, 0.0, 0.0)
    normal: Vector = (0.0, 0.0, 1.0)
    contact_model: Literal["equipotential", "uniform"] = "equipotential"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma_s_per_m) and self.sigma_s_per_m > 0.0):
            msg = (
                f"sigma_s_per_m = {self.sigma_s_per_m} S/m: one positive, finite number is needed. Tissue lies "
                "between 0.001 and 2 S/m."
            )
            raise GeometryError(msg)
        check_vector("surface_mm", self.surface_mm)
        check_direction("normal", self.normal)
        if self.contact_model not in {"equipotential", "uniform"}:
            msg = (
                f"contact_model = {self.contact_model!r}: pads are known as 'equipotential' and 'uniform'. "
                "Choose one."
            )
            raise GeometryError(msg)

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each source alone, giving off 1 mA; see `Medium`.

        Parameters
        ----------
        sources : sequence of DiskSource, PadContact, PointSource or LineSource
            Disks in the plane; points and lines in the tissue.
        points_mm : array_like, shape (n_points, 3)
            x, y and z in the tissue or in the plane, mm.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_points)
            mV per mA.

        Raises
        ------
        GeometryError
            If a source or a point does not lie in the tissue, or a source is of another kind.
        """
        points = point_array(points_mm)
        depth = self._depth(points)
        outside = np.flatnonzero(depth < -_IN_PLANE_MM)
        if outside.size:
            index = int(outside[0])
            msg = (
                f"point {index} at {points[index].tolist()} mm lies {-depth[index]:g} mm outside the tissue, "
                f"which is where the normal {self.normal} points from {self.surface_mm} mm. "
                "Move the point, or turn the normal."
            )
            raise GeometryError(msg)
        potential = np.empty((len(sources), len(points)))
        for index, source in enumerate(sources):
            if isinstance(source, DiskSource | PadContact):
                potential[index] = self._disk_potential(source, points, np.maximum(depth, 0.0))
            elif isinstance(source, PointSource | LineSource):
                potential[index] = self._line_potential(source, points)
            else:
                msg = (
                    f"{name_source(source)}: this medium knows disks in its plane, points and lines. Use pads, "
                    "contact_sources(lead) for a lead, or a solver that knows metal."
                )
                raise GeometryError(msg)
        return to_mv(potential)

    def _depth(self, points: FloatArray) -> FloatArray:
        """Give the distance of points below the plane, negative outside the tissue."""
        depth: FloatArray = (points - np.array(self.surface_mm)) @ np.array(self.normal)
        return depth

    def _disk_potential(
        self, disk: DiskSource | PadContact, points: FloatArray, depth: FloatArray
    ) -> FloatArray:
        """Give the potential of a disk in the plane, V per mA."""
        from scsim.fields.closed_form import disks  # noqa: PLC0415 - the config imports this file, and must not load scipy

        center = np.array(disk.center_mm)
        off_mm = float(self._depth(center[None])[0])
        off_normal = math.dist(disk.normal, self.normal)
        if abs(off_mm) > _IN_PLANE_MM or off_normal > _IN_PLANE_MM:
            msg = (
                f"{name_source(disk)} at {disk.center_mm} mm with normal {disk.normal} does not lie in the "
                f"insulating plane through {self.surface_mm} mm with normal {self.normal}: its center is "
                f"{off_mm:g} mm below it. Move or turn the disk, or the plane."
            )
            raise GeometryError(msg)
        density = disk.density if isinstance(disk, DiskSource) else self.contact_model
        formula = disks.equipotential_disk if density == "equipotential" else disks.uniform_disk
        radial = np.linalg.norm(np.cross(points - center, np.array(self.normal)), axis=1)
        return np.asarray(formula(radial, depth, disk.radius_mm) / self.sigma_s_per_m)

    def _line_potential(self, source: PointSource | LineSource, points: FloatArray) -> FloatArray:
        """Give the potential of a point or a line and its image behind the plane, V per mA."""
        from scsim.kernels.potential import homogeneous  # noqa: PLC0415 - as above, for numba

        rows = np.repeat(source_array([source]), 2, axis=0)
        normal = np.array(self.normal)
        depth = float(self._depth(rows[:1, :3])[0])
        slope = float(rows[0, 3:6] @ normal)
        nearest = depth - abs(slope) * rows[0, 6]
        if nearest < -_IN_PLANE_MM:
            msg = (
                f"{name_source(source)} at {rows[0, :3].tolist()} mm reaches {-nearest:g} mm out of the tissue. "
                "Move it into the tissue."
            )
            raise GeometryError(msg)
        refuse_inside(rows[:1], points)
        rows[1, :3] -= 2.0 * depth * normal
        rows[1, 3:6] -= 2.0 * slope * normal
        both = np.empty((2, len(points)))
        homogeneous(rows, points, np.full(3, self.sigma_s_per_m), both)
        total: FloatArray = both[0] + both[1]
        return total


def refuse_inside(rows: FloatArray, points: FloatArray) -> None:
    """Refuse points inside a contact, or on a source, where the potential has no meaning.

    Parameters
    ----------
    rows : ndarray of float64, shape (n_sources, 8)
        As `source_array` gives them.
    points : ndarray of float64, shape (n_points, 3)
        mm.

    Raises
    ------
    GeometryError
        Naming the first such point and source, where they lie, and what is allowed.
    """
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
