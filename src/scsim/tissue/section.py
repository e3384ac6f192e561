"""Cross-sections: closed curves in the plane across the cord or nerve, and the tissue inside each.

What conducts how well is in ``materials.py``; meshes belong to `scsim.fields`. The anatomies themselves are
in ``canal.py`` and ``nerve.py``.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]

_N_OUTLINE: Final = 181
"""Points of a drawn ellipse, first and last equal: one every 2 degrees."""


_N_FOOT_STEPS: Final = 8
"""Steps to the foot of a point on an ellipse: the error falls below 1e-9 of the axes for axes up to 1 : 3."""


@dataclass(frozen=True)
class Ellipse:
    """An ellipse.

    Attributes
    ----------
    center_mm : tuple of 2 floats
        x and y, mm.
    half_axes_mm : tuple of 2 floats
        Half axes, mm; along x and y before the turn.
    turn_deg : float
        Turn of the ellipse around its center, from x (left) towards y (dorsal), degrees.

    Raises
    ------
    GeometryError
        If a number is not finite or a half axis not positive.
    """

    center_mm: Pair
    half_axes_mm: Pair
    turn_deg: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.center_mm, *self.half_axes_mm, self.turn_deg)
        if not all(map(math.isfinite, numbers)) or min(self.half_axes_mm) <= 0.0:
            msg = (
                f"an ellipse around {self.center_mm} mm with half axes {self.half_axes_mm} mm, turned by "
                f"{self.turn_deg:g} degrees: all numbers must be finite and the half axes positive. "
                "Correct them."
            )
            raise GeometryError(msg)

    def points(self, parameter: npt.ArrayLike) -> FloatArray:
        """Give points on the curve.

        Parameters
        ----------
        parameter : array_like, shape (n,)
            Angle from the first half axis, 0 to 2π, rad: the point is center + (a cos t, b sin t), turned.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            x and y, mm; counterclockwise with growing parameter.
        """
        t = np.asarray(parameter, dtype=np.float64)
        a, b = self.half_axes_mm
        centered = np.column_stack([a * np.cos(t), b * np.sin(t)])
        points: FloatArray = turned(centered, self.turn_deg) + np.array(self.center_mm)
        return points

    def level(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Give (x/a)² + (y/b)² in the frame of the ellipse: below 1 inside.

        Parameters
        ----------
        points_mm : array_like, shape (n, 2)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        own = turned(points - np.array(self.center_mm), -self.turn_deg)
        level: FloatArray = np.sum((own / np.array(self.half_axes_mm)) ** 2, axis=1)
        return level

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which points lie inside, shape (n,)."""
        return self.level(points_mm) < 1.0

    def distance_mm(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Give the distance of points from the curve, negative inside.

        Parameters
        ----------
        points_mm : array_like, shape (n, 2)

        Returns
        -------
        ndarray of float64, shape (n,)
            mm.

        Notes
        -----
        By symmetry in the first quadrant. The foot of a point is where the curve's normal leads to it: from
        a guess, the curve is replaced by its circle of curvature, whose center e lies on the evolute, the
        foot moves to where the line from e to the point meets the curve, and so on; the error is squared
        with each step.
        Checked by ``tests/unit/test_tissue_section.py``.
        """
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        x, y = np.abs(turned(points - np.array(self.center_mm), -self.turn_deg)).T
        a, b = self.half_axes_mm
        c, s = np.full_like(x, math.sqrt(0.5)), np.full_like(x, math.sqrt(0.5))
        for _ in range(_N_FOOT_STEPS):
            e_x, e_y = (a**2 - b**2) * c**3 / a, (b**2 - a**2) * s**3 / b
            radius = np.hypot(a * c - e_x, b * s - e_y)
            reach = np.maximum(np.hypot(x - e_x, y - e_y), np.finfo(float).tiny)
            c = np.clip((e_x + radius * (x - e_x) / reach) / a, 0.0, 1.0)
            s = np.clip((e_y + radius * (y - e_y) / reach) / b, 0.0, 1.0)
            norm = np.maximum(np.hypot(c, s), np.finfo(float).tiny)
            c, s = c / norm, s / norm
        distance = np.hypot(x - a * c, y - b * s)
        signed: FloatArray = np.where(self.contains(points), -distance, distance)
        return signed

    def polygon(self, n_points: int = _N_OUTLINE) -> FloatArray:
        """Give a closed polygon on the curve, shape (n_points, 2), first and last point equal."""
        return self.points(np.linspace(0.0, 2.0 * np.pi, n_points))


@dataclass(frozen=True)
class Polygon:
    """A polygon without self-crossings, which need not be convex.

    Attributes
    ----------
    vertices_mm : tuple of (float, float)
        x and y, mm, counterclockwise; the first vertex is not repeated.

    Raises
    ------
    GeometryError
        If there are fewer than three vertices, one is not finite, or they run clockwise.
    """

    vertices_mm: tuple[Pair, ...]

    def __post_init__(self) -> None:
        vertices = np.array(self.vertices_mm, dtype=np.float64)
        is_plane = vertices.ndim == 2 and vertices.shape[0] >= 3 and vertices.shape[1] == 2
        if not is_plane or not np.isfinite(vertices).all() or _area_mm2(vertices) <= 0.0:
            msg = (
                f"a polygon of {len(self.vertices_mm)} vertices: at least three finite pairs of x and y "
                "are needed, counterclockwise. Correct them, or reverse their order."
            )
            raise GeometryError(msg)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say which points lie inside, shape (n,): an odd number of edges crossed on the way out."""
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        start = np.array(self.vertices_mm)
        inside = np.zeros(len(points), dtype=np.bool_)
        for (x0, y0), (x1, y1) in zip(start, np.roll(start, -1, axis=0), strict=True):
            if y0 == y1:
                continue
            spans = (points[:, 1] < y0) != (points[:, 1] < y1)
            crossing = x0 + (points[:, 1] - y0) * (x1 - x0) / (y1 - y0)
            inside ^= spans & (points[:, 0] < crossing)
        return inside

    def polygon(self) -> FloatArray:
        """Give the closed polygon, shape (n + 1, 2), first and last point equal."""
        return np.array([*self.vertices_mm, self.vertices_mm[0]])


Outline = Ellipse | Polygon


@dataclass(frozen=True)
class Sheet:
    """A thin layer of tissue on an outline that is not resolved: a resistance between its two sides.

    Attributes
    ----------
    tissue : str
        Tissue of the layer.
    thickness_mm : float
        Its thickness, mm. The resistance is thickness / conductivity (transverse), Ω·m².
    """

    tissue: str
    thickness_mm: float


@dataclass(frozen=True)
class Region:
    """A tissue inside a closed curve.

    Attributes
    ----------
    name : str
        Name of the curve, for example ``dura_outer``.
    tissue : str
        Tissue inside it, up to the curves that lie within.
    outline : Ellipse or Polygon
    sheet : Sheet or None
        A thin layer on the curve.
    """

    name: str
    tissue: str
    outline: Outline
    sheet: Sheet | None = None


@dataclass(frozen=True)
class CrossSection:
    """Tissues in the plane, the same at every height.

    Attributes
    ----------
    name : str
        Preset, for messages; not compared.
    outside : str
        Tissue outside all curves.
    regions : tuple of Region
        From the outermost inward: curves do not cross, and each comes after those that it lies in.
    """

    name: str = field(compare=False)
    outside: str
    regions: tuple[Region, ...]

    def tissues(self) -> tuple[str, ...]:
        """Give the tissues, those of sheets too, each once, from outside inward."""
        names = [self.outside]
        for region in self.regions:
            names += [region.sheet.tissue] if region.sheet else []
            names.append(region.tissue)
        return tuple(dict.fromkeys(names))

    def tissue_at(self, points_mm: npt.ArrayLike) -> list[str]:
        """Name the tissue at points.

        Parameters
        ----------
        points_mm : array_like, shape (n, 2)
            x and y, mm.

        Returns
        -------
        list of str
            One per point: the innermost region that holds it.
        """
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        innermost = np.full(len(points), -1)
        for index, region in enumerate(self.regions):
            innermost[region.outline.contains(points)] = index
        return [self.outside if i < 0 else self.regions[i].tissue for i in innermost]

    def region(self, name: str) -> Region:
        """Give a region by its name; KeyError if there is none: names here come from code."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)


def turned(points: FloatArray, turn_deg: float) -> FloatArray:
    """Turn points, shape (n, 2), around the origin, from x towards y."""
    if turn_deg == 0.0:
        return points
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    turned: FloatArray = points @ np.array([[c, s], [-s, c]])
    return turned


def _area_mm2(vertices: FloatArray) -> float:
    """Area of a polygon, mm², positive if it runs counterclockwise."""
    x, y = vertices.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
