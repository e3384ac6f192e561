"""A cross-section of the spine: cord, gray matter, dural sac, canal and bone, the same at every height.

The origin is the center of the dural sac; x points to the patient's left, y dorsal, z rostral.
Levels by name are in ``spine.py``, conductivities in ``materials.py``; where devices lie is in ``clearance.py``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.tissue.clearance import LEAST_GAP_MM, Solid, check_bodies, encapsulation_outline
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region, turned

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]
Vector = tuple[float, float, float]

_N_CHECK: Final = 1441
"""Points of the cord's surface at which its room in the sac is measured: one every quarter of a degree,
the ends of the axes among them. Between two of them the surface departs by 2e-5 mm."""

_N_ROOT: Final = 101
"""Points of a straight part of a root at which its depth in the cord is measured. Between two of them a part
of 6 mm changes its depth by 1e-4 mm at most (60 µm apart, radii of curvature above 3 mm)."""

_ROOT_ROUNDING_MM: Final = 1e-6
"""Depth of a root in the cord that is rounding, mm: its first point lies on the surface."""

_ENOUGH_MM: Final = LEAST_GAP_MM - 1e-9
"""Distance that counts as `LEAST_GAP_MM`, whatever the rounding."""

_N_HALVINGS: Final = 50
"""Halvings of an interval: down to rounding."""


@dataclass(frozen=True, kw_only=True)
class Spine:
    """A cross-section of the spine; nothing depends on z but the roots.

    Attributes
    ----------
    name, title : str
        Preset and one line for people.
    cord_center_mm : tuple of 2 floats
        x and y of the middle of the cord, mm.
    cord_half_axes_mm, dura_inner_half_axes_mm, dura_outer_half_axes_mm : tuple of 2 floats
        Half axes along x and y, mm; those of the cord before its turn.
    canal_half_axes_mm, bone_half_axes_mm : tuple of 2 floats
        Half axes along x and y, mm.
    gray_matter_mm : tuple of (float, float)
        Closed polygon in the coordinates of the spine, mm, counterclockwise; the first point is not
        repeated.
    csf_thickness_mm : float
        Dorsal layer of cerebrospinal fluid, along y at the middle of the cord, mm.
    cord_turn_deg : float
        Turn of the cord around its center, from x (left) towards y (dorsal), degrees.
    root_entry_mm : float
        Where the dorsal roots enter, to the side of the cord's own midline, mm.
    root_course_mm : tuple of (float, float, float)
        Points of the left root after its entry, from there, mm: to the left, dorsal and rostral in the frame
        of the cord, with which they move and turn.
    sources : tuple of str
        Bibliography keys of the numbers.

    Raises
    ------
    GeometryError
        If the curves do not lie within one another.
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
    cord_turn_deg: float = 0.0
    root_entry_mm: float | None = None
    root_course_mm: tuple[Vector, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_nesting(self)
        _check_cord(self)
        level = self.cord.level(self.gray_matter_mm)
        if not bool(np.all(level < 1.0)):
            x, y = self.gray_matter_mm[int(np.argmax(level))]
            msg = (
                f"the gray matter of {self.name!r} reaches out of the cord at x = {x:g}, y = {y:g} mm; "
                f"the cord has half axes of {_pair_text(self.cord_half_axes_mm)}. Draw it smaller."
            )
            raise GeometryError(msg)

    @property
    def cord(self) -> Ellipse:
        """The surface of the cord."""
        return Ellipse(self.cord_center_mm, self.cord_half_axes_mm, self.cord_turn_deg)

    def dorsal_surface_y(self, x_mm: npt.ArrayLike) -> FloatArray:
        """Give the height of the dorsal surface of the cord.

        Parameters
        ----------
        x_mm : array_like
            Lateral positions, mm.

        Returns
        -------
        ndarray of float64, shape of `x_mm`
            y of the surface, mm: the larger root of the turned ellipse's equation.

        Raises
        ------
        GeometryError
            If a position lies beside the cord.
        """
        x = np.asarray(x_mm, dtype=np.float64)
        half_width, slope, half_height = upper_half(self.cord_half_axes_mm, self.cord_turn_deg)
        offset = x - self.cord_center_mm[0]
        relative = offset / half_width
        if not bool(np.all(np.abs(relative) <= 1.0)):
            worst = float(x.flat[int(np.argmax(np.abs(relative)))])
            msg = (
                f"x = {worst:g} mm lies beside the cord, which reaches from "
                f"{self.cord_center_mm[0] - half_width:g} to "
                f"{self.cord_center_mm[0] + half_width:g} mm. Move the point toward the midline."
            )
            raise GeometryError(msg)
        return self.cord_center_mm[1] + slope * offset + half_height * np.sqrt(1.0 - relative**2)

    def cord_point_mm(self, lateral_mm: npt.ArrayLike, depth_mm: npt.ArrayLike) -> FloatArray:
        """Place points that are given by their position in the cord, wherever it lies and however turned.

        Parameters
        ----------
        lateral_mm : array_like, shape (n,)
            To the left of the cord's own midline, mm.
        depth_mm : array_like, shape (n,)
            Below the dorsal surface, along the cord's own dorsoventral axis, mm.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            x and y, mm.

        Raises
        ------
        GeometryError
            If a position lies beside the cord.
        """
        lateral = np.asarray(lateral_mm, dtype=np.float64).reshape(-1)
        half_width, half_height = self.cord_half_axes_mm
        if not bool(np.all(np.abs(lateral) <= half_width)):
            worst = float(lateral[int(np.argmax(np.abs(lateral)))])
            msg = (
                f"a point {worst:g} mm to the side of the cord's midline lies beside the cord, which reaches "
                f"{half_width:g} mm to each side. Move the point toward the midline."
            )
            raise GeometryError(msg)
        surface = half_height * np.sqrt(1.0 - (lateral / half_width) ** 2)
        own = np.column_stack([lateral, surface - np.asarray(depth_mm, dtype=np.float64)])
        points: FloatArray = turned(own, self.cord_turn_deg) + np.array(self.cord_center_mm)
        return points

    def root_path_mm(
        self, side: Literal["left", "right"], rostral_mm: float = 0.0
    ) -> tuple[Vector, ...]:
        """Give the path of a dorsal root from its entry into the cord.

        Parameters
        ----------
        side : {"left", "right"}
        rostral_mm : float
            z of the entry, mm.

        Returns
        -------
        tuple of (float, float, float)
            Points on the path, x, y and z, mm; straight between them. The first lies on the cord's surface.
            The others move and turn with the cord as one rigid body; one that would come to lie outside
            the sac, or nearer to the dura than 0.01 mm, is drawn back toward the point before it, at its own
            height: the root then leaves the sac there.

        Raises
        ------
        GeometryError
            If the anatomy has no roots, or the path runs through the cord.
        """
        if self.root_entry_mm is None:
            msg = (
                f"the anatomy {self.name!r} has no dorsal roots. Give root_entry_mm and root_course_mm, "
                "or choose a level that has them."
            )
            raise GeometryError(msg)
        sign = {"left": 1.0, "right": -1.0}[side]
        course = np.array([(0.0, 0.0, 0.0), *self.root_course_mm]) * (sign, 1.0, 1.0)
        entry = self.cord_point_mm([sign * self.root_entry_mm], [0.0])
        across = entry + turned(course[:, :2], self.cord_turn_deg)
        sac = Ellipse((0.0, 0.0), self.dura_inner_half_axes_mm)
        for start, end in pairwise(across):
            end[:] = _drawn_into(sac, start, end)
            if (depth_mm := _depth_mm(self.cord, start, end)) > _ROOT_ROUNDING_MM:
                msg = (
                    f"the {side} dorsal root runs up to {depth_mm:.3g} mm deep through the cord, from x = "
                    f"{start[0]:.3g}, y = {start[1]:.3g} mm to x = {end[0]:.3g}, y = {end[1]:.3g} mm. Let "
                    "root_course_mm lead away from the cord's surface."
                )
                raise GeometryError(msg)
        heights = (rostral_mm + course[:, 2]).tolist()
        return tuple((x, y, z) for (x, y), z in zip(across.tolist(), heights, strict=True))

    def cross_section(
        self, bodies: Sequence[Solid] = (), encapsulation_mm: float = 0.0
    ) -> CrossSection:
        """Give the tissues across the spine.

        Parameters
        ----------
        bodies : sequence of Solid
            Devices in the canal, mm; see `scsim.tissue.clearance`.
        encapsulation_mm : float
            Thickness of the tissue that has grown around each, mm; 0 for none.

        Returns
        -------
        CrossSection
            Regions ``bone``, ``canal``, ``encapsulation_1``… (in the order of the bodies, if there is
            encapsulation), ``dura_outer``, ``dura_inner``, ``cord`` and ``gray_matter``. The bodies
            themselves are no tissue; a mesher leaves them out.

        Raises
        ------
        GeometryError
            If a body, with its encapsulation, crosses dura, bone or another.
        """
        check_bodies(self, bodies, encapsulation_mm)
        grown = [encapsulation_outline(body, encapsulation_mm) for body in bodies]
        center = (0.0, 0.0)
        capsules = tuple(
            Region(f"encapsulation_{number}", "encapsulation", outline)
            for number, outline in enumerate(grown if encapsulation_mm > 0.0 else (), start=1)
        )
        return CrossSection(
            name=self.name,
            outside="soft_tissue",
            regions=(
                Region("bone", "bone", Ellipse(center, self.bone_half_axes_mm)),
                Region("canal", "epidural_fat", Ellipse(center, self.canal_half_axes_mm)),
                *capsules,
                Region("dura_outer", "dura", Ellipse(center, self.dura_outer_half_axes_mm)),
                Region("dura_inner", "csf", Ellipse(center, self.dura_inner_half_axes_mm)),
                Region("cord", "white_matter", self.cord),
                Region("gray_matter", "gray_matter", Polygon(self.gray_matter_mm)),
            ),
        )

    def outlines(self) -> dict[str, FloatArray]:
        """Give every outline as a closed polygon.

        Returns
        -------
        dict of str to ndarray of float64, shape (n, 2)
            x and y, mm, first and last point equal; from the cord outward.
        """
        regions = reversed(self.cross_section().regions)
        return {region.name: region.outline.polygon() for region in regions}


def upper_half(half_axes_mm: Pair, turn_deg: float) -> tuple[float, float, float]:
    """Give half width w, slope s and height h of a turned ellipse: y = s x + h sqrt(1 − (x/w)²), mm."""
    a, b = half_axes_mm
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    half_width = math.hypot(a * c, b * s)
    return half_width, s * c * (a**2 - b**2) / half_width**2, b * (a / half_width)


def _check_nesting(spine: Spine) -> None:
    """Refuse ellipses around the middle of the sac of which one does not hold the next."""
    ellipses = (
        ("dura_inner", spine.dura_inner_half_axes_mm),
        ("dura_outer", spine.dura_outer_half_axes_mm),
        ("canal", spine.canal_half_axes_mm),
        ("bone", spine.bone_half_axes_mm),
    )
    for (inside, inner), (outside, outer) in pairwise(ellipses):
        if not all(
            small + LEAST_GAP_MM <= large for small, large in zip(inner, outer, strict=True)
        ):
            msg = (
                f"{inside} has half axes of {_pair_text(inner)} and {outside} of {_pair_text(outer)}: the "
                f"second must be larger by at least {LEAST_GAP_MM:g} mm in both directions. Correct them."
            )
            raise GeometryError(msg)


def _check_cord(spine: Spine) -> None:
    """Refuse a cord that does not lie inside the inner dura."""
    inner_x, inner_y = spine.dura_inner_half_axes_mm
    points = spine.cord.polygon(_N_CHECK)
    half_width, _, half_height = upper_half(spine.cord_half_axes_mm, spine.cord_turn_deg)
    sac = Ellipse((0.0, 0.0), spine.dura_inner_half_axes_mm)
    csf_mm = spine.csf_thickness_mm
    if csf_mm > 0.0 and _gap_mm(sac, points) >= _ENOUGH_MM:
        return
    turn = f", turned by {spine.cord_turn_deg:g} degrees," if spine.cord_turn_deg else ""
    lateral_mm = spine.cord_center_mm[0]
    room = _fluid_room_mm(sac, points, csf_mm)
    if room is None:
        msg = (
            f"cord_lateral_mm = {lateral_mm:g} mm: a cord{turn} that reaches {half_width:g} mm to "
            f"each side of its middle does not fit into a sac of half width {inner_x:g} mm there, with "
            f"{LEAST_GAP_MM:g} mm of fluid on every side. Move it to the midline, or choose a wider level."
        )
        raise GeometryError(msg)
    msg = (
        f"csf_thickness_mm = {csf_mm:g} mm: a cord of {2 * half_height:.4g} mm{turn} in a sac of "
        f"{2 * inner_y:.4g} mm leaves room for a dorsal layer of {room[0]:g} to {room[1]:g} mm, as "
        f"{LEAST_GAP_MM:g} mm of fluid must stay on every side. Choose a value inside"
        f"{', or move the cord to the midline' if lateral_mm else ''}."
    )
    raise GeometryError(msg)


def _gap_mm(sac: Ellipse, points: FloatArray, shift_mm: float = 0.0) -> float:
    """Give the smallest distance of points, moved along y, from the wall around them; negative outside, mm."""
    return -float(np.max(sac.distance_mm(points + np.array([0.0, shift_mm]))))


def _fluid_room_mm(sac: Ellipse, points: FloatArray, csf_mm: float) -> Pair | None:
    """Give the least and most dorsal layer of fluid that `_check_cord` accepts, mm; None if there is none.

    The distance to the wall of a convex sac is a concave function of the cord's height: its peak is found by
    thirds, the borders on both sides of it by halves.
    """
    reach_mm = 2.0 * float(np.max(np.abs(points))) + 2.0 * max(sac.half_axes_mm)
    low, high = -reach_mm, reach_mm
    while high - low > _ROOT_ROUNDING_MM:
        one, other = (2.0 * low + high) / 3.0, (low + 2.0 * high) / 3.0
        if _gap_mm(sac, points, one) < _gap_mm(sac, points, other):
            low = one
        else:
            high = other
    peak = 0.5 * (low + high)
    if not _gap_mm(sac, points, peak) >= _ENOUGH_MM:
        return None
    borders = []
    for outside in (peak + reach_mm, peak - reach_mm):
        near, far = peak, outside
        for _ in range(_N_HALVINGS):
            middle = 0.5 * (near + far)
            if _gap_mm(sac, points, middle) >= _ENOUGH_MM:
                near = middle
            else:
                far = middle
        borders.append(csf_mm - near)
    # Rounded to microns inward, so that both numbers of the message are accepted.
    return math.ceil(borders[0] * 1e3 - 1e-6) / 1e3, math.floor(borders[1] * 1e3 + 1e-6) / 1e3


def _drawn_into(sac: Ellipse, start: FloatArray, end: FloatArray) -> FloatArray:
    """Draw the end of a line toward its start until it lies in the sac, `LEAST_GAP_MM` from its wall."""
    if _gap_mm(sac, end[None]) >= _ENOUGH_MM:
        return end
    low, high = 0.0, 1.0
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (low + high)
        if _gap_mm(sac, (start + middle * (end - start))[None]) >= _ENOUGH_MM:
            low = middle
        else:
            high = middle
    drawn: FloatArray = start + low * (end - start)
    return drawn


def _depth_mm(cord: Ellipse, start: FloatArray, end: FloatArray) -> float:
    """Say how deep a straight line runs in the cord, mm; not positive if it stays outside."""
    line = start + np.linspace(0.0, 1.0, _N_ROOT)[:, None] * (end - start)
    return -float(np.min(cord.distance_mm(line)))


def _pair_text(pair: Pair) -> str:
    """Write two lengths."""
    return f"{pair[0]:g} and {pair[1]:g} mm"
