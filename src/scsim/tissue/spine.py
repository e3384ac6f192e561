"""A vertebral level as ellipses: cord, gray matter, dural sac, canal and bone, the same at every height.

The origin is the center of the dural sac; x points to the patient's left, y dorsal, z rostral.
Conductivities and fibers do not belong here.
"""

import difflib
import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
import numpy.typing as npt
from annotated_types import Gt

from scsim.errors import GeometryError
from scsim.formats.tables import Table, load_table, table_names

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]

_N_OUTLINE: Final = 181
"""Points of a drawn ellipse, first and last equal: one every 2 degrees."""

_N_CHECK: Final = 721
"""Points of an ellipse at which clearances are checked: one every half degree, the axes among them."""

_TOUCHING: Final = 1e-9
"""Clearance in units of the half axis (no unit) below which two outlines count as touching."""

_BISECTIONS: Final = 80
"""Halvings of an interval of 1 rad: far below rounding."""


@dataclass(frozen=True, kw_only=True)
class SpineSection:
    """The table ``[tissue]`` of a config.

    Attributes
    ----------
    preset : str
        An anatomy of ``scsim list tissues``.
    csf_thickness_mm : float, optional
        Cerebrospinal fluid between cord and dura, dorsally on the midline, mm. It moves the cord; sac
        and lead stay. Left out, it is the preset's value.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str = "thoracic"
    csf_thickness_mm: Annotated[float, Gt(0)] | None = None


@dataclass(frozen=True)
class Spine:
    """A cross-section of the spine; nothing depends on z.

    Attributes
    ----------
    name, title : str
        Preset and one line for people.
    cord_center_mm : tuple of 2 floats
        x and y of the middle of the cord, mm.
    cord_half_axes_mm, dura_inner_half_axes_mm, dura_outer_half_axes_mm : tuple of 2 floats
        Half axes along x and y, mm.
    canal_half_axes_mm, bone_half_axes_mm : tuple of 2 floats
        Half axes along x and y, mm.
    gray_matter_mm : tuple of (float, float)
        Closed polygon in the coordinates of the spine, mm; the first point is not repeated.
    csf_thickness_mm : float
        Dorsal layer of cerebrospinal fluid on the midline, mm.
    sources : tuple of str
        Bibliography keys of the numbers.
    """

    name: str
    title: str
    cord_center_mm: Pair
    cord_half_axes_mm: Pair
    dura_inner_half_axes_mm: Pair
    dura_outer_half_axes_mm: Pair
    canal_half_axes_mm: Pair
    bone_half_axes_mm: Pair
    gray_matter_mm: tuple[Pair, ...]
    csf_thickness_mm: float
    sources: tuple[str, ...]

    def dorsal_surface_y(self, x_mm: npt.ArrayLike) -> FloatArray:
        """Give the height of the dorsal surface of the cord.

        Parameters
        ----------
        x_mm : array_like
            Lateral positions, mm.

        Returns
        -------
        ndarray of float64, shape of `x_mm`
            y of the surface, mm.

        Raises
        ------
        GeometryError
            If a position lies beside the cord.
        """
        x = np.asarray(x_mm, dtype=np.float64)
        half_width, half_height = self.cord_half_axes_mm
        relative = (x - self.cord_center_mm[0]) / half_width
        if not bool(np.all(np.abs(relative) <= 1.0)):
            worst = float(x.flat[int(np.argmax(np.abs(relative)))])
            msg = (
                f"x = {worst:g} mm lies beside the cord, which reaches from "
                f"{self.cord_center_mm[0] - half_width:g} to "
                f"{self.cord_center_mm[0] + half_width:g} mm. Move the point toward the midline."
            )
            raise GeometryError(msg)
        return self.cord_center_mm[1] + half_height * np.sqrt(1.0 - relative**2)

    def outlines(self) -> dict[str, FloatArray]:
        """Give every outline as a closed polygon.

        Returns
        -------
        dict of str to ndarray of float64, shape (n, 2)
            x and y, mm, first and last point equal; from the cord outward.
        """
        gray = np.array([*self.gray_matter_mm, self.gray_matter_mm[0]])
        return {
            "gray_matter": gray,
            "cord": _ellipse(self.cord_half_axes_mm, self.cord_center_mm),
            "dura_inner": _ellipse(self.dura_inner_half_axes_mm),
            "dura_outer": _ellipse(self.dura_outer_half_axes_mm),
            "canal": _ellipse(self.canal_half_axes_mm),
            "bone": _ellipse(self.bone_half_axes_mm),
        }


def spine_names() -> tuple[str, ...]:
    """List the anatomies, in the order of their names."""
    return table_names("tissues")


def load_spine(section: SpineSection) -> Spine:
    """Build the anatomy that a config asks for.

    Parameters
    ----------
    section : SpineSection

    Returns
    -------
    Spine

    Raises
    ------
    GeometryError
        If there is no such preset, or the cord does not fit into the sac with this layer of fluid.
    """
    names = spine_names()
    if section.preset not in names:
        near = difflib.get_close_matches(section.preset, names, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        msg = f"there is no anatomy {section.preset!r}; anatomies are {', '.join(names)}. {advice}"
        raise GeometryError(msg)
    table = load_table(f"tissues/{section.preset}")
    csf_mm = section.csf_thickness_mm
    if csf_mm is None:
        csf_mm = table.number("cord.csf_thickness_mm")
    cord = _pair(table, "cord.half_axes_mm")
    inner = _pair(table, "dura.inner_half_axes_mm")
    dura_mm = table.number("dura.thickness_mm")
    center = (0.0, inner[1] - csf_mm - cord[1])
    _check_cord(csf_mm, center, cord, inner)
    half = table.array("gray_matter.half_mm")
    # The half runs from dorsal to ventral on the left; its mirror image runs back on the right.
    mirror = half[::-1][half[::-1, 0] > 0.0] * (-1.0, 1.0)
    gray = np.vstack([half, mirror]) + center
    return Spine(
        name=section.preset,
        title=table.title,
        cord_center_mm=center,
        cord_half_axes_mm=cord,
        dura_inner_half_axes_mm=inner,
        dura_outer_half_axes_mm=(inner[0] + dura_mm, inner[1] + dura_mm),
        canal_half_axes_mm=_pair(table, "canal.half_axes_mm"),
        bone_half_axes_mm=_pair(table, "bone.half_axes_mm"),
        gray_matter_mm=tuple((float(x), float(y)) for x, y in gray),
        csf_thickness_mm=csf_mm,
        sources=table.sources,
    )


def lead_axis(spine: Spine, radius_mm: float, gap_mm: float, lateral_mm: float) -> Pair:
    """Find where the axis of a lead lies that rests on the dorsal dura.

    Parameters
    ----------
    spine : Spine
    radius_mm : float
        Radius of the lead, mm.
    gap_mm : float
        Smallest distance between lead surface and outer dura, mm.
    lateral_mm : float
        x of the axis, mm.

    Returns
    -------
    tuple of 2 floats
        x and y of the axis, mm.

    Raises
    ------
    GeometryError
        If the lead would not lie on the dorsal side of the dura or would stick out of the canal.

    Notes
    -----
    All points at distance d = radius + gap from an ellipse with half axes a, b are
    p(t) + d n(t), with p = (a sin t, b cos t) and n its outward normal; x grows with t from the dorsal
    midline (t = 0), so t follows by bisection.
    Checked by ``tests/unit/test_tissue_spine.py``.
    """
    distance = radius_mm + gap_mm
    a, b = spine.dura_outer_half_axes_mm
    if not abs(lateral_mm) < a + distance:
        msg = (
            f"lateral_mm = {lateral_mm:g} mm puts the lead beside the dura; on its dorsal side the "
            f"axis can lie between {-(a + distance):g} and {a + distance:g} mm. Move it to the midline."
        )
        raise GeometryError(msg)

    def offset_point(angle: float) -> Pair:
        x, y = a * math.sin(angle), b * math.cos(angle)
        normal = (x / a**2, y / b**2)
        scale = distance / math.hypot(*normal)
        return x + scale * normal[0], y + scale * normal[1]

    low, high = 0.0, math.pi / 2.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if offset_point(middle)[0] < abs(lateral_mm):
            low = middle
        else:
            high = middle
    y_mm = b + distance if lateral_mm == 0.0 else offset_point(0.5 * (low + high))[1]
    surface = _ellipse((radius_mm, radius_mm), (lateral_mm, y_mm), n_points=_N_CHECK)
    if np.any(_level(surface, spine.canal_half_axes_mm) > 1.0):
        msg = (
            f"a lead of radius {radius_mm:g} mm at lateral_mm = {lateral_mm:g} mm and dura_gap_mm = "
            f"{gap_mm:g} mm sticks out of the canal, whose half axes are "
            f"{spine.canal_half_axes_mm[0]:g} and {spine.canal_half_axes_mm[1]:g} mm. "
            "Move it to the midline or make the gap smaller."
        )
        raise GeometryError(msg)
    return lateral_mm, y_mm


def _check_cord(csf_mm: float, center: Pair, cord: Pair, inner: Pair) -> None:
    """Refuse a cord that touches or crosses the inner dura."""
    outline = _ellipse(cord, center, n_points=_N_CHECK)
    if not csf_mm > 0.0 or bool(np.any(_level(outline, inner) >= 1.0 - _TOUCHING)):
        room = 2.0 * (inner[1] - cord[1])
        msg = (
            f"csf_thickness_mm = {csf_mm:g} mm: a cord of {2 * cord[1]:g} mm in a sac of "
            f"{2 * inner[1]:g} mm leaves room for a dorsal layer of more than 0 and less than "
            f"{room:g} mm. Choose a value inside."
        )
        raise GeometryError(msg)


def _pair(table: Table, key: str) -> Pair:
    """Read two half axes."""
    first, second = table.array(key)
    return float(first), float(second)


def _ellipse(
    half_axes: Pair, center: Pair = (0.0, 0.0), *, n_points: int = _N_OUTLINE
) -> FloatArray:
    """Give a closed polygon on an ellipse, shape (n_points, 2)."""
    angle = np.linspace(0.0, 2.0 * np.pi, n_points)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * half_axes + center


def _level(points: FloatArray, half_axes: Pair) -> FloatArray:
    """Give (x/a)² + (y/b)², which is below 1 inside an ellipse around the origin."""
    level: FloatArray = np.sum((points / half_axes) ** 2, axis=1)
    return level
