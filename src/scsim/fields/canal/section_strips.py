"""Thin layers of a cross-section that are meshed as rows of quadrangles, each cut into two triangles.

Both borders of such a strip have vertices at the same parameters, so that its quadrangles are nearly cyclic and
survive in the Delaunay triangulation, however thin they are. Vertices belong to ``section_points.py``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.fields.canal.section_curves import Curves, signed_distance
from scsim.tissue.section import CrossSection, Ellipse

if TYPE_CHECKING:
    from scsim.fields.canal.section_sizes import SizeField

_LAYER_SIZE: Final = 1.0 / 4.0
"""Largest edge along a thin layer, in units of the smaller half axis (the dura: 1.7 of 6.8 mm)."""

_LAYER_ASPECT: Final = 1.5
"""Thickest row, in units of the edge along it."""

_EVEN_GAP: Final = 3.0
"""Largest thickness of a thin layer in units of its smallest."""

_SAME_CENTER_MM: Final = 1e-9
"""Ellipses whose centers are closer than this are concentric, mm."""

_EVEN_TURN_DEG: Final = 1e-9
"""Ellipses turned by less than this against each other are parallel, degrees."""

_RIM_DEPTHS: Final = MappingProxyType({"white_matter": 0.08})
"""Thickness of the first row of elements, in units of the smaller half axis (the cord: 0.28 of 3.5 mm)."""

_RIM_CLEARANCE: Final = 0.5
"""Smallest distance between the rim and what lies within, in units of its thickness."""


@dataclass(frozen=True)
class Strip:
    """A layer between ellipses of the same center and turn.

    Attributes
    ----------
    outlines : tuple of Ellipse
        Borders of the rows from the outside inward, evenly spaced.
    curves : tuple of int
        The curve that each is; -1 where none is.
    edge_mm : float
        Largest edge along it.
    """

    outlines: tuple[Ellipse, ...]
    curves: tuple[int, ...]
    edge_mm: float


def find_strips(section: CrossSection, curves: Curves, field: "SizeField") -> tuple[Strip, ...]:
    """Find thin layers, and the rim of the cord.

    A thin layer is a curve that holds nothing but one other of the same center and turn, close to it. The rim
    is there for accuracy only: it keeps the elements at the surface, where potentials change fastest and the
    fibers of interest run, equally thick wherever lattices fall.

    Parameters
    ----------
    section : CrossSection
    curves : Curves
    field : SizeField
        Without the sizes that thin layers ask for.

    Returns
    -------
    tuple of Strip
        No curve is in two of them.
    """
    strips = list(_thin_layers(curves, field))
    used = {index for strip in strips for index in strip.curves}
    for index, region in zip(curves.regions, section.regions, strict=True):
        depth = _RIM_DEPTHS.get(region.tissue)
        if depth is not None and index not in used:
            strips += _rim(curves, index, depth)
    return tuple(strips)


def _thin_layers(curves: Curves, field: "SizeField") -> Iterator[Strip]:
    """Give the thin layers, from the outermost inward."""
    sizes = field.at(curves.samples_mm)
    used: set[int] = set()
    for index, outer in enumerate(curves.outlines):
        held = np.flatnonzero(curves.parents == index)
        if index in used or len(held) != 1:
            continue
        partner = int(held[0])
        inner = curves.outlines[partner]
        if not (isinstance(outer, Ellipse) and isinstance(inner, Ellipse)) or not _is_parallel(
            outer, inner
        ):
            continue
        own = curves.owners == partner
        gap = np.abs(curves.distances_mm[index, own])
        edge_mm = _LAYER_SIZE * min(inner.half_axes_mm)
        along = np.minimum(sizes[own], edge_mm / field.resolution)
        if gap.max() <= min(float(np.median(along)), _EVEN_GAP * float(gap.min())):
            n_rows = math.ceil(float(np.max(gap / along)) / _LAYER_ASPECT)
            inside = (-1,) * (n_rows - 1)
            yield Strip(_borders(outer, inner, n_rows), (index, *inside, partner), edge_mm)
            used |= {index, partner}


def _is_parallel(one: Ellipse, other: Ellipse) -> bool:
    """Say whether two ellipses have the same center and turn; circles have any turn."""
    are_round = all(len(set(ellipse.half_axes_mm)) == 1 for ellipse in (one, other))
    turned = abs(one.turn_deg - other.turn_deg)
    are_concentric = math.dist(one.center_mm, other.center_mm) < _SAME_CENTER_MM
    return are_concentric and (are_round or turned < _EVEN_TURN_DEG)


def _borders(outer: Ellipse, inner: Ellipse, n_rows: int) -> tuple[Ellipse, ...]:
    """Give the borders of evenly thick rows, from the outside inward."""
    axes = np.linspace(outer.half_axes_mm, inner.half_axes_mm, n_rows + 1)
    # Circles may differ in a turn that means nothing: all take that of the outer one.
    return tuple(Ellipse(outer.center_mm, (float(a), float(b)), outer.turn_deg) for a, b in axes)


def _rim(curves: Curves, index: int, depth: float) -> list[Strip]:
    """Give the rim of a region, if nothing within is too close to it."""
    outline = curves.outlines[index]
    if not isinstance(outline, Ellipse):
        return []
    a, b = outline.half_axes_mm
    depth_mm = depth * min(a, b)
    inner = Ellipse(outline.center_mm, (a - depth_mm, b - depth_mm), outline.turn_deg)
    within = np.isin(curves.owners, np.flatnonzero(curves.parents == index))
    clearance = -signed_distance(inner, curves.samples_mm[within])
    if clearance.min(initial=np.inf) < _RIM_CLEARANCE * depth_mm:
        return []
    return [Strip(_borders(outline, inner, 1), (index, -1), math.inf)]
