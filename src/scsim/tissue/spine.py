"""Vertebral levels by name, read from ``data/tissues``, and the config table that chooses one.

What a level can tell is in ``canal.py``; conductivities and fibers do not belong here.
"""

import difflib
import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from scsim.errors import GeometryError
from scsim.formats.tables import Table, load_table, table_names
from scsim.tissue.canal import Pair, Spine, Vector, upper_half
from scsim.tissue.section import turned

__all__ = ["Spine", "SpineSection", "load_spine", "make_spine", "spine_names"]

SUPINE: Final = "supine"


@dataclass(frozen=True, kw_only=True)
class SpineSection:
    """The table ``[tissue]`` of a config.

    Attributes
    ----------
    preset : str
        An anatomy of ``scsim list tissues``.
    csf_thickness_mm : float, optional
        Cerebrospinal fluid between cord and dura, dorsally at the middle of the cord, mm. It moves the
        cord; sac and lead stay. Left out, it is the preset's value for the posture.
    posture : {"supine", "prone"}
        Which value of the preset is taken if `csf_thickness_mm` is left out.
    cord_lateral_mm : float
        Middle of the cord to the left of the middle of the sac, mm; negative is to the right.
    cord_turn_deg : float
        Turn of the cord around its center, from x (left) towards y (dorsal), degrees.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str = "thoracic"
    csf_thickness_mm: Annotated[float, Gt(0)] | None = None
    posture: Literal["supine", "prone"] = "supine"
    cord_lateral_mm: float = 0.0
    cord_turn_deg: Annotated[float, Ge(-90), Le(90)] = 0.0


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
        If there is no such preset, it has no value for the posture, or the cord does not fit into the
        sac where it is asked to lie.
    """
    names = spine_names()
    if section.preset not in names:
        near = difflib.get_close_matches(section.preset, names, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        msg = f"there is no anatomy {section.preset!r}; anatomies are {', '.join(names)}. {advice}"
        raise GeometryError(msg)
    table = load_table(f"tissues/{section.preset}")
    dura_mm = table.number("dura.thickness_mm")
    inner = _pair(table, "dura.inner_half_axes_mm")
    return make_spine(
        name=section.preset,
        title=table.title,
        cord_half_axes_mm=_pair(table, "cord.half_axes_mm"),
        csf_thickness_mm=_csf_mm(table, section),
        cord_lateral_mm=section.cord_lateral_mm,
        cord_turn_deg=section.cord_turn_deg,
        gray_half_mm=table.array("gray_matter.half_mm"),
        dura_inner_half_axes_mm=inner,
        dura_outer_half_axes_mm=(inner[0] + dura_mm, inner[1] + dura_mm),
        canal_half_axes_mm=_pair(table, "canal.half_axes_mm"),
        bone_half_axes_mm=_pair(table, "bone.half_axes_mm"),
        root_entry_mm=table.number("roots.entry_lateral_mm"),
        root_course_mm=tuple((x, y, z) for x, y, z in table.array("roots.course_mm").tolist()),
        sources=table.sources,
    )


def make_spine(
    *,
    cord_half_axes_mm: Pair,
    csf_thickness_mm: float,
    gray_half_mm: npt.ArrayLike,
    dura_inner_half_axes_mm: Pair,
    dura_outer_half_axes_mm: Pair,
    canal_half_axes_mm: Pair,
    bone_half_axes_mm: Pair,
    cord_lateral_mm: float = 0.0,
    cord_turn_deg: float = 0.0,
    root_entry_mm: float | None = None,
    root_course_mm: tuple[Vector, ...] = (),
    name: str = "spine",
    title: str = "",
    sources: tuple[str, ...] = (),
) -> Spine:
    """Build an anatomy from its dimensions.

    Parameters
    ----------
    cord_half_axes_mm, dura_inner_half_axes_mm, dura_outer_half_axes_mm : tuple of 2 floats
    canal_half_axes_mm, bone_half_axes_mm : tuple of 2 floats
        As in `Spine`, mm.
    csf_thickness_mm : float
        Dorsal layer of fluid at the middle of the cord, mm.
    gray_half_mm : array_like, shape (n, 2)
        Left half of the gray matter: distance from the cord's midline (0 or more) and height above its
        center, from dorsal to ventral, mm.
    cord_lateral_mm, cord_turn_deg : float
        As in `SpineSection`.
    root_entry_mm, root_course_mm, name, title, sources
        As in `Spine`.

    Returns
    -------
    Spine

    Raises
    ------
    GeometryError
        If the curves do not lie within one another.
    """
    inner_x, inner_y = dura_inner_half_axes_mm
    relative = cord_lateral_mm / inner_x
    if not abs(relative) < 1.0:
        msg = (
            f"cord_lateral_mm = {cord_lateral_mm:g} mm: the sac reaches {inner_x:g} mm to each side, and the "
            "cord must lie inside. Move it to the midline."
        )
        raise GeometryError(msg)
    _, _, half_height = upper_half(cord_half_axes_mm, cord_turn_deg)
    sac_y = inner_y * math.sqrt(1.0 - relative**2)
    center = (cord_lateral_mm, sac_y - csf_thickness_mm - half_height)
    half = np.asarray(gray_half_mm, dtype=np.float64)
    mirror = half[::-1][half[::-1, 0] > 0.0] * (-1.0, 1.0)
    # The half runs from dorsal to ventral on the left, its mirror image back on the right: clockwise.
    gray = turned(np.vstack([half, mirror])[::-1], cord_turn_deg) + np.array(center)
    return Spine(
        name=name,
        title=title,
        cord_center_mm=center,
        cord_half_axes_mm=cord_half_axes_mm,
        cord_turn_deg=cord_turn_deg,
        dura_inner_half_axes_mm=dura_inner_half_axes_mm,
        dura_outer_half_axes_mm=dura_outer_half_axes_mm,
        canal_half_axes_mm=canal_half_axes_mm,
        bone_half_axes_mm=bone_half_axes_mm,
        gray_matter_mm=tuple((float(x), float(y)) for x, y in gray),
        csf_thickness_mm=csf_thickness_mm,
        root_entry_mm=root_entry_mm,
        root_course_mm=root_course_mm,
        sources=sources,
    )


def _csf_mm(table: Table, section: SpineSection) -> float:
    """Give the dorsal layer of fluid: the config's own, or that of the preset for the posture."""
    own_mm = section.csf_thickness_mm
    if section.posture == SUPINE:
        return table.number("cord.csf_thickness_mm") if own_mm is None else own_mm
    if own_mm is not None:
        msg = (
            f"csf_thickness_mm = {own_mm:g} mm: posture = {section.posture!r} chooses this layer from the "
            "preset, so both together contradict each other. Leave one of them out."
        )
        raise GeometryError(msg)
    if "cord.prone_shift_mm" not in table.entries:
        known = [
            n for n in spine_names() if "cord.prone_shift_mm" in load_table(f"tissues/{n}").entries
        ]
        msg = (
            f"posture = {section.posture!r}: how far the cord sinks when a person lies prone is not known for "
            f"{section.preset!r}, only for {', '.join(known)}. Give csf_thickness_mm instead."
        )
        raise GeometryError(msg)
    return table.number("cord.csf_thickness_mm") + table.number("cord.prone_shift_mm")


def _pair(table: Table, key: str) -> Pair:
    """Read two half axes."""
    first, second = table.array(key)
    return float(first), float(second)
