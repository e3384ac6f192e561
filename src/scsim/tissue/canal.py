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
        Points of the left root after its entry, from there, mm.
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
            Points on the path, x, y and z, mm; straight between them. The first lies on the cord's surface;
            the others keep their distance from it when the cord is moved or turned.

        Raises
        ------
        GeometryError
            If the anatomy has no roots, or a point lies outside the sac.
        """
        if self.root_entry_mm is None:
            msg = (
                f"the anatomy {self.name!r} has no dorsal roots. Give root_entry_mm and root_course_mm, "
                "or choose a level that has them."
            )
            raise GeometryError(msg)
        sign = {"left": 1.0, "right": -1.0}[side]
        entry_x, entry_y = self.cord_point_mm([sign * self.root_entry_mm], [0.0])[0].tolist()
        path = [(entry_x, entry_y, rostral_mm)]
        path += [
            (entry_x + sign * x, entry_y + y, rostral_mm + z) for x, y, z in self.root_course_mm
        ]
        sac = Ellipse((0.0, 0.0), self.dura_inner_half_axes_mm)
        is_inside = sac.contains([point[:2] for point in path])
        if not bool(is_inside.all()):
            x, y, _ = path[int(np.argmin(is_inside))]
            msg = (
                f"the {side} dorsal root reaches x = {x:.3g}, y = {y:.3g} mm, outside the sac with half axes "
                f"of {_pair_text(self.dura_inner_half_axes_mm)}. Move the cord toward the midline, or "
                "make csf_thickness_mm larger."
            )
            raise GeometryError(msg)
        return tuple(path)

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
    relative = points[:, 0] / inner_x
    half_width, _, half_height = upper_half(spine.cord_half_axes_mm, spine.cord_turn_deg)
    turn = f", turned by {spine.cord_turn_deg:g} degrees," if spine.cord_turn_deg else ""
    room = inner_y * np.sqrt(np.maximum(0.0, 1.0 - relative**2))
    # How far every point can move up and down before it leaves the sac: the cord moves by the least.
    up, down = float(np.min(room - points[:, 1])), float(np.min(room + points[:, 1]))
    if bool(np.any(np.abs(relative) >= 1.0)) or up + down <= 0.0:
        msg = (
            f"cord_lateral_mm = {spine.cord_center_mm[0]:g} mm: a cord{turn} that reaches {half_width:g} mm to "
            f"each side of its middle does not fit into a sac of half width {inner_x:g} mm there. "
            "Move it to the midline."
        )
        raise GeometryError(msg)
    sac = Ellipse((0.0, 0.0), spine.dura_inner_half_axes_mm)
    gap_mm = -float(np.max(sac.distance_mm(points)))
    csf_mm = spine.csf_thickness_mm
    if not (csf_mm > 0.0 and gap_mm >= LEAST_GAP_MM):
        least, most = max(0.0, round(csf_mm - up, 6)), round(csf_mm + down, 6)
        msg = (
            f"csf_thickness_mm = {csf_mm:g} mm: a cord of {2 * half_height:.4g} mm{turn} in a sac of "
            f"{2 * inner_y:.4g} mm leaves room for a dorsal layer of more than {least:.3g} and less than "
            f"{most:.3g} mm, as {LEAST_GAP_MM:g} mm of fluid must stay on every side. Choose a value inside"
            f"{', or move the cord to the midline' if spine.cord_center_mm[0] else ''}."
        )
        raise GeometryError(msg)


def _pair_text(pair: Pair) -> str:
    """Write two lengths."""
    return f"{pair[0]:g} and {pair[1]:g} mm"
