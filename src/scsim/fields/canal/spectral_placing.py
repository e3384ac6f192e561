"""Bodies in an extruded section: which contacts lie on them, and how near they come to tissue and points.

Shapes of contacts and bodies belong in `scsim.electrodes`; currents of contacts in ``spectral_contacts.py``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Disc, Slab
from scsim.electrodes.contacts import PlateContact, RingContact
from scsim.errors import GeometryError
from scsim.fields.canal.elements import slab_face
from scsim.fields.canal.spectral_contacts import PlacedContact
from scsim.tissue.section import Ellipse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.bodies import Body
    from scsim.electrodes.contacts import Contact
    from scsim.fields.canal.edges import Site
    from scsim.tissue.section import CrossSection, Polygon

FloatArray = npt.NDArray[np.float64]

_EVEN_LAYER: Final = 0.1
"""A curve whose distance from a body varies by less than this part of it ends a layer (no unit): the chords at corners
of a paddle's encapsulation come 8 % nearer than its sides."""

_N_CURVE: Final = 1441
"""Points of a curve at which its distance from a lead is measured: one every quarter degree."""

_CONCENTRIC: Final = 1e-9
"""A curve at one distance from a lead's axis, up to rounding, turns with it and wants no harmonics (no unit)."""

_HARMONICS_OF_DISCS: Final = 2.4
_HARMONICS_OF_CURVES: Final = 2.7
_MOST_HARMONICS: Final = 24
"""Harmonics per 1/α of `least_harmonics` (no unit). Between two leads of 0.65 mm radius 1.44 % is left in the contact
matrix by 6, and 0.11 % by 12, at a gap of 0.02 mm; 0.07 % by 8 at 0.06 mm; 0.04 % by 5 at 0.2 mm. Beside a dura that
conducts 16 times as well as fat, at 0.065 mm, 0.47 % is left by 4 (1.6 per 1/α) and 0.02 % by 7 (2.7); at 0.037 mm and
7 times, 0.45 % by 5 and 0.02 % by 9. The most serve a gap of 0.007 mm between leads."""

_LEAST_NECK_GAP_MM: Final = 1e-3
"""Smallest gap beside a lead for which shorter waves are taken, mm; the mesh refuses bodies that touch."""

_ROUNDING: Final = 1e-6
"""Distance between a contact and its place on a body that is rounding, mm; and of directions (no unit)."""

_EDGE_LENGTH_MM: Final = 1.5
"""A contact gets one more edge function for each such length beyond `_EDGE_FREE_MM`, mm."""

_EDGE_FREE_MM: Final = 3.0
"""Length of contact for which the number of edge functions was measured to suffice, mm."""

_GAP_EDGE: Final = 1.2
_GAP_FREE: Final = 7.5
"""Metal across a narrow gap g crowds the current at the ends of a contact of half length c: the series of edge
functions converges as exp(−n √(2g/c)), and a contact gets 1.2 (√(c/g) − √7.5) functions more (no unit). Up to c/g of 7.5
the usual ones err by 0.01 % in the contact matrix; 5 would err by 0.4 % at 30, 9 by 0.02 %."""

_LEAST_GAP_MM: Final = 0.05
"""Smallest gap between contacts of metal on one body that was measured, mm; the series grows as its inverse."""

_MOST_EDGE: Final = 24
"""Most edge functions of a contact (no unit): metal of a centimeter and more is even in its middle."""


def place_contacts(
    contacts: Sequence[Contact],
    bodies: Sequence[Body],
    sites: Sequence[Site],
    half_length_mm: float,
    n_edge: int,
    *,
    is_metal: bool = True,
) -> tuple[PlacedContact, ...]:
    """Find the site of each contact.

    Parameters
    ----------
    contacts : sequence of Contact
    bodies : sequence of Disc or Slab
    sites : sequence of Site
        Of these bodies.
    half_length_mm : float
        The domain ends at z = ± this, mm.
    n_edge : int
        Edge functions along a contact of 3 mm.
    is_metal : bool
        True if contacts are equipotential, whose current crowds across narrow gaps.

    Returns
    -------
    tuple of PlacedContact

    Raises
    ------
    GeometryError
        If there is no contact, or one does not lie on a body, is not parallel to z, reaches beyond the domain,
        overlaps another or, as metal, comes too close to it.
    """
    if not (math.isfinite(half_length_mm) and half_length_mm > 0.0):
        msg = (
            f"half_length_mm = {half_length_mm:g} mm: the domain must have a positive, finite length. "
            "60 mm is usual."
        )
        raise GeometryError(msg)
    if not contacts:
        msg = "0 contacts: an extruded medium needs at least 1. Give the contacts of the leads."
        raise GeometryError(msg)
    placed = []
    for contact in contacts:
        metal = _check_kind(contact)
        body, column = _find_body(metal, bodies)
        _check_span(metal, half_length_mm)
        site = next(i for i, s in enumerate(sites) if (s.body, s.column) == (body, column))
        extra = math.ceil(max(0.0, metal.length_mm - _EDGE_FREE_MM - _ROUNDING) / _EDGE_LENGTH_MM)
        placed.append(
            PlacedContact(
                site=site,
                center_mm=contact.center_mm[2] + half_length_mm,
                half_length_mm=metal.length_mm / 2.0,
                n_edge=max(n_edge, min(n_edge + extra, _MOST_EDGE)),
            )
        )
    _check_overlap(contacts, placed)
    if not is_metal:
        return tuple(placed)
    gaps_mm = contact_gaps_mm(placed)
    _check_gaps(contacts, placed, gaps_mm)
    return tuple(
        replace(one, n_edge=max(one.n_edge, min(one.n_edge + _gap_edge(one, gap), _MOST_EDGE)))
        for one, gap in zip(placed, gaps_mm, strict=True)
    )


def _check_kind(contact: Contact) -> RingContact | PlateContact:
    """Refuse contacts of other kinds, and those that are not parallel to z."""
    if not isinstance(contact, RingContact | PlateContact):
        msg = (
            f"contact {contact.label!r} is a {type(contact).__name__}; the spectral solver of sections knows "
            "RingContact on cylinders and PlateContact on paddles. Use the solver of cuffs or the voxel solver."
        )
        raise GeometryError(msg)
    if abs(abs(contact.direction[2]) - 1.0) > _ROUNDING:
        tilt = math.degrees(math.acos(min(1.0, abs(contact.direction[2]))))
        msg = (
            f"contact {contact.label!r} is tilted by {tilt:.3g} degrees from z; leads must run along z here. "
            "Make it parallel, or use the voxel solver."
        )
        raise GeometryError(msg)
    return contact


def _find_body(contact: RingContact | PlateContact, bodies: Sequence[Body]) -> tuple[int, int]:
    """Give the body and column that a contact lies on."""
    for index, body in enumerate(bodies):
        if isinstance(contact, RingContact) and isinstance(body, Disc):
            if _on_disc(contact, body):
                return index, 0
        elif isinstance(contact, PlateContact) and isinstance(body, Slab):
            for column in range(len(body.columns_mm)):
                if _on_column(contact, body, column):
                    return index, column
    x, y = contact.center_mm[:2]
    size = (
        f"radius {contact.radius_mm:g} mm"
        if isinstance(contact, RingContact)
        else f"width {contact.width_mm:g} mm"
    )
    places = "; ".join(_describe(body) for body in bodies)
    msg = (
        f"contact {contact.label!r} at x = {x:g}, y = {y:g} mm, {size}, lies on no body of the section ({places}). "
        "Place lead and section together."
    )
    raise GeometryError(msg)


def _on_disc(contact: RingContact, body: Disc) -> bool:
    """Say whether a ring lies around a disc."""
    off = math.dist(contact.center_mm[:2], body.center_mm)
    return max(off, abs(contact.radius_mm - body.radius_mm)) < _ROUNDING


def _on_column(contact: PlateContact, body: Slab, column: int) -> bool:
    """Say whether a plate lies on a column of a slab's face."""
    offset_mm, width_mm = body.columns_mm[column]
    middle, _, normal = slab_face(body, offset_mm)
    off = math.dist(contact.center_mm[:2], middle)
    turned = float(np.max(np.abs(np.array(contact.normal) - (*normal, 0.0))))
    return max(off, abs(contact.width_mm - width_mm), turned) < _ROUNDING


def _describe(body: Body) -> str:
    """Name a body and its numbers."""
    x, y = body.center_mm
    if isinstance(body, Disc):
        return f"lead at x = {x:g}, y = {y:g} mm, radius {body.radius_mm:g} mm"
    columns = ", ".join(f"{width:g} mm at {offset:+g} mm" for offset, width in body.columns_mm)
    return f"paddle at x = {x:g}, y = {y:g} mm, columns {columns}"


def _check_span(contact: RingContact | PlateContact, half_length_mm: float) -> None:
    """Refuse contacts that reach beyond the ends of the domain."""
    z, half = contact.center_mm[2], contact.length_mm / 2.0
    if not abs(z) + half < half_length_mm:
        msg = (
            f"contact {contact.label!r} reaches from z = {z - half:g} to {z + half:g} mm, but the domain ends at "
            f"±{half_length_mm:g} mm. Shift the lead, or raise half_length_mm."
        )
        raise GeometryError(msg)


def _check_overlap(contacts: Sequence[Contact], placed: Sequence[PlacedContact]) -> None:
    """Refuse contacts that lie over each other on one site."""
    order = sorted(range(len(placed)), key=lambda i: (placed[i].site, placed[i].center_mm))
    for low, high in itertools.pairwise(order):
        one, other = placed[low], placed[high]
        gap = other.center_mm - one.center_mm - one.half_length_mm - other.half_length_mm
        if one.site == other.site and gap < -_ROUNDING:
            msg = (
                f"contacts {contacts[low].label!r} and {contacts[high].label!r} overlap by {-gap:g} mm along z. "
                "Move them apart."
            )
            raise GeometryError(msg)


def contact_gaps_mm(placed: Sequence[PlacedContact]) -> list[float]:
    """Give the smallest gap along z between each contact and another of its site, mm; infinite if it is alone."""
    gaps = [math.inf] * len(placed)
    order = sorted(range(len(placed)), key=lambda i: (placed[i].site, placed[i].center_mm))
    for low, high in itertools.pairwise(order):
        one, other = placed[low], placed[high]
        if one.site == other.site:
            gap = other.center_mm - one.center_mm - one.half_length_mm - other.half_length_mm
            gaps[low], gaps[high] = min(gaps[low], gap), min(gaps[high], gap)
    return gaps


def _gap_edge(contact: PlacedContact, gap_mm: float) -> int:
    """Give the number of edge functions that a narrow gap asks for beyond the usual ones."""
    crowding = math.sqrt(contact.half_length_mm / gap_mm) - math.sqrt(_GAP_FREE)
    return math.ceil(max(0.0, _GAP_EDGE * crowding))


def _check_gaps(
    contacts: Sequence[Contact], placed: Sequence[PlacedContact], gaps_mm: Sequence[float]
) -> None:
    """Refuse metal too close to other metal of its site."""
    least = min(range(len(placed)), key=lambda i: gaps_mm[i])
    if gaps_mm[least] < _LEAST_GAP_MM - _ROUNDING:
        msg = (
            f"contact {contacts[least].label!r} lies {max(0.0, gaps_mm[least]):.3g} mm from the next one on its body; "
            f"contacts of metal need {_LEAST_GAP_MM:g} mm here, where the contact matrix is known to 0.2 %. Move them "
            "apart, join them to one contact, or take the uniform contact model."
        )
        raise GeometryError(msg)


def body_distances_mm(places_mm: FloatArray, bodies: Sequence[Body]) -> FloatArray:
    """Give the distance of places in the plane from the nearest body.

    Parameters
    ----------
    places_mm : ndarray of float64, shape (n, 2)
    bodies : sequence of Disc or Slab

    Returns
    -------
    ndarray of float64, shape (n,)
        mm; 0 inside.
    """
    nearest = np.full(len(places_mm), np.inf)
    for body in bodies:
        offset = places_mm - np.array(body.center_mm)
        if isinstance(body, Disc):
            distance = np.hypot(*offset.T) - body.radius_mm
        else:
            _, tangent, normal = slab_face(body, 0.0)
            beyond = np.abs(np.column_stack([offset @ tangent, offset @ normal]))
            beyond -= np.array([body.width_mm, body.thickness_mm]) / 2.0
            distance = np.hypot(*np.maximum(beyond, 0.0).T)
        nearest = np.minimum(nearest, distance)
    distances: FloatArray = np.maximum(nearest, 0.0)
    return distances


def least_harmonics(section: CrossSection, bodies: Sequence[Body]) -> int:
    """Give the largest harmonic that the narrowest gaps beside discs ask for.

    Parameters
    ----------
    section : CrossSection
    bodies : sequence of Disc or Slab

    Returns
    -------
    int
        From 0 to `_MOST_HARMONICS`.

    Notes
    -----
    In bipolar coordinates around a disc of radius a and its neighbor the harmonics fall as exp(−2αm), where
    cosh α = 1 + g/a with a flat neighbor at a gap g, and 1 + g/2a with an equal disc. Hence n = C/α, where C was
    measured: `_HARMONICS_OF_DISCS`, `_HARMONICS_OF_CURVES`.
    """
    most = 0.0
    for body in bodies:
        if not isinstance(body, Disc):
            continue
        to_curves, to_discs = _gaps_beside(body, section, bodies)
        for constant, gap in (
            (_HARMONICS_OF_CURVES, to_curves),
            (_HARMONICS_OF_DISCS, to_discs / 2.0),
        ):
            # Bodies that touch are refused by the mesh.
            decay = math.acosh(1.0 + max(gap, 0.0) / body.radius_mm)
            most = max(most, constant / max(decay, constant / _MOST_HARMONICS))
    return math.ceil(most - _ROUNDING)


def neck_mm(bodies: Sequence[Body]) -> float:
    """Give the half width of the narrowest neck between discs: short waves are shared across it.

    Parameters
    ----------
    bodies : sequence of Disc or Slab

    Returns
    -------
    float
        √(ag + g²/4) for discs of radius a at a gap g, mm: half the distance between the foci of their bipolar
        coordinates. Infinite without two discs.
    """
    discs = [body for body in bodies if isinstance(body, Disc)]
    necks = [math.inf]
    for one, other in itertools.combinations(discs, 2):
        radius = min(one.radius_mm, other.radius_mm)
        gap = math.dist(one.center_mm, other.center_mm) - one.radius_mm - other.radius_mm
        gap = max(gap, _LEAST_NECK_GAP_MM)
        necks.append(math.sqrt(radius * gap + gap**2 / 4.0))
    return min(necks)


def curve_neck_mm(section: CrossSection, bodies: Sequence[Body]) -> float:
    """Give the half width of the narrowest neck between a disc and a curve of the section.

    Parameters
    ----------
    section : CrossSection
    bodies : sequence of Disc or Slab

    Returns
    -------
    float
        √(2ag + g²) for a disc of radius a at a gap g from a curve, mm: the distance of the foci of their bipolar
        coordinates from the curve, as if it were straight. Infinite without a disc.
    """
    necks = [math.inf]
    for body in bodies:
        if isinstance(body, Disc):
            gap = max(_gaps_beside(body, section, bodies)[0], _LEAST_NECK_GAP_MM)
            necks.append(math.sqrt(2.0 * body.radius_mm * gap + gap**2))
    return min(necks)


def _gaps_beside(body: Disc, section: CrossSection, bodies: Sequence[Body]) -> tuple[float, float]:
    """Give the distance of a disc from curves, but not from one around its own center, and from other discs, mm."""
    to_curves, to_discs = [math.inf], [math.inf]
    for region in section.regions:
        distance = np.hypot(*(_curve_points(region.outline) - np.array(body.center_mm)).T)
        if np.ptp(distance) > _CONCENTRIC * distance.max():
            to_curves.append(float(distance.min()) - body.radius_mm)
    to_discs += [
        math.dist(body.center_mm, other.center_mm) - body.radius_mm - other.radius_mm
        for other in bodies
        if isinstance(other, Disc) and other is not body
    ]
    return min(to_curves), min(to_discs)


def find_layer(section: CrossSection, body: Body) -> tuple[float, str] | None:
    """Find a layer of even thickness around a body: an encapsulation.

    Parameters
    ----------
    section : CrossSection
    body : Disc or Slab

    Returns
    -------
    thickness_mm : float
    tissue : str
        Beyond it. None instead of both where no curve runs around the body at one distance, or a thin layer lies on it.
    """
    found = []
    for region in section.regions:
        curve = _curve_points(region.outline)
        curve = np.concatenate([curve, (curve + np.roll(curve, 1, axis=0)) / 2.0])
        distances = body_distances_mm(curve, [body])
        thickness = float(distances.max())
        if thickness > 0.0 and np.ptp(distances) < _EVEN_LAYER * thickness:
            found.append((thickness, region, curve[0]))
    if not found:
        return None
    thickness, region, start = min(found, key=lambda one: one[0])
    if region.sheet is not None:
        return None
    away = start - np.array(body.center_mm)
    beyond = start + away / np.hypot(*away) * _EVEN_LAYER * thickness
    return thickness, section.tissue_at(beyond[None])[0]


def _curve_points(outline: Ellipse | Polygon) -> FloatArray:
    """Give points on a curve, close enough for its distance from a lead."""
    return outline.polygon(_N_CURVE) if isinstance(outline, Ellipse) else outline.polygon()


def is_mirrored(section: CrossSection, bodies: Sequence[Body]) -> bool:
    """Say whether the section with its bodies is its own mirror image in x."""
    if len(bodies) != 1 or not isinstance(bodies[0], Disc) or bodies[0].center_mm[0] != 0.0:
        return False
    for region in section.regions:
        outline = region.outline
        if isinstance(outline, Ellipse):
            if outline.center_mm[0] != 0.0 or outline.turn_deg != 0.0:
                return False
        elif {(-x, y) for x, y in outline.vertices_mm} != set(outline.vertices_mm):
            return False
    return True
