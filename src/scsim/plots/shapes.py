"""Surfaces and lines of a lead in its tissue, as plain arrays: what the view in space and the file for ParaView share.

They come from the group ``geometry`` of results, or from devices, spine and fibers in Python. How they are drawn
belongs in ``space.py``, how they are written in ``paraview.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes import (
    ArcContact,
    Cuff,
    Disc,
    Lead,
    Pads,
    PlateContact,
    RingContact,
)
from scsim.errors import GeometryError
from scsim.plots.geometry import (
    FIBER_END,
    FIBER_START,
    PLACES,
    contacts_of,
    first_place,
    first_values,
    has_fibers,
    leads_of,
    montage_of,
    outlines_of,
    roots_of,
)
from scsim.plots.reading import require
from scsim.tissue import CrossSection, Spine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.electrodes import Body, Contact, Paddle
    from scsim.fibers import Fiber
    from scsim.results.store import Results

    FloatArray = NDArray[np.float64]
    Device = Lead | Paddle | Cuff | Pads

_N_TURN: Final = 36
"""Faces around a cylinder: one every 10 degrees."""

FACE_LENGTH_MM: Final = 1.5
"""Length of the faces along z: short ones can be sorted by their distance from the reader."""

_LIFT_MM: Final = 0.02
"""How far flat metal stands out of its body in pictures, so that it is not hidden in it, mm."""

BODY_MARGIN_MM: Final = 3.0
"""How far leads are drawn beyond their outermost metal, mm; in the model they run to the ends of the tissue."""


@dataclass(frozen=True)
class Metal:
    """The surface of one contact.

    Attributes
    ----------
    label : str
    faces_mm : ndarray of float64, shape (n_faces, 4, 3)
    center_mm : ndarray of float64, shape (3,)
        Middle of the surface's box, for its label.
    share : float
        Share of the amplitude (no unit); 0 for an idle contact, NaN where the montage is not known.
    is_around_body : bool
        A ring on a lead: of its faces only those towards the reader can be seen.
    """

    label: str
    faces_mm: FloatArray
    center_mm: FloatArray
    share: float
    is_around_body: bool


@dataclass(frozen=True)
class Shapes:
    """Everything that is drawn in space.

    Attributes
    ----------
    outlines_mm : mapping of str to ndarray of float64, shape (n, 2)
        Closed outlines of tissues by the names of their regions, the same at every height.
    bodies_mm : tuple of ndarray of float64, shape (n_faces, 4, 3)
        Surface of each lead.
    contacts : tuple of Metal
    fibers_mm, roots_mm : tuple of ndarray of float64, shape (n, 3)
        Paths.
    body_name : str
        What the bodies are, for legends.
    """

    outlines_mm: Mapping[str, FloatArray]
    bodies_mm: tuple[FloatArray, ...]
    contacts: tuple[Metal, ...]
    fibers_mm: tuple[FloatArray, ...] = ()
    roots_mm: tuple[FloatArray, ...] = ()
    body_name: str = "lead"

    @property
    def span_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the metal, mm."""
        heights = np.concatenate([metal.faces_mm[:, :, 2].ravel() for metal in self.contacts])
        return float(heights.min()), float(heights.max())


def shapes_of_results(results: Results) -> Shapes:
    """Read the shapes from results, at the first place along the sweep that was computed.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Shapes
        Empty if every case failed.

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    require(results, PLACES, "The view in space")
    if first_place(results) is None:
        return Shapes({}, (), ())
    shares = montage_of(results)
    fibers: tuple[FloatArray, ...] = ()
    if has_fibers(results):
        ends = (first_values(results, FIBER_START), first_values(results, FIBER_END))
        fibers = tuple(np.stack(ends, axis=1))
    return Shapes(
        outlines_of(results),
        tuple(_prism_along(lead.outline_mm, lead.span_mm) for lead in leads_of(results)),
        tuple(_metal(contact, _share(contact, shares)) for contact in contacts_of(results)),
        fibers,
        roots_of(results),
    )


def make_shapes(
    devices: Sequence[Device],
    tissue: Spine | CrossSection | None = None,
    *,
    shares: Mapping[str, float] | None = None,
    fibers: Sequence[Fiber] = (),
) -> Shapes:
    """Make the shapes of devices in tissue.

    Parameters
    ----------
    devices : sequence of Lead, Paddle, Cuff or Pads
        Placed in space.
    tissue : Spine or CrossSection, optional
        A spine brings its dorsal roots along, if it has any, as those that enter at z = 0.
    shares : mapping of str to float, optional
        Share of the amplitude of each contact (no unit), by label; contacts that it leaves out are idle.
        Left out, no contact is told from another.
    fibers : sequence of Fiber

    Returns
    -------
    Shapes

    Raises
    ------
    GeometryError
        If there is no device.
    """
    if not devices:
        msg = "there are 0 devices; a view in space needs at least 1. Give a lead, a paddle, a cuff or pads."
        raise GeometryError(msg)
    metal = tuple(
        _metal(contact, _share(contact, shares))
        for device in devices
        for contact in device.contacts
    )
    bodies = tuple(_body(device) for device in devices if not isinstance(device, Pads))
    paths = tuple(fiber.compartment_positions_mm() for fiber in fibers)
    names = dict.fromkeys(type(device).__name__.lower() for device in devices)
    return Shapes(section_outlines(tissue), bodies, metal, paths, _roots(tissue), ", ".join(names))


def section_outlines(tissue: Spine | CrossSection | None) -> dict[str, FloatArray]:
    """Give the closed outlines of a spine or cross-section by the names of the regions, outermost first.

    Parameters
    ----------
    tissue : Spine or CrossSection, optional

    Returns
    -------
    dict of str to ndarray of float64, shape (n, 2)
        mm.
    """
    if tissue is None:
        return {}
    section = tissue if isinstance(tissue, CrossSection) else tissue.cross_section()
    return {region.name: region.outline.polygon() for region in section.regions}


def prism(
    outline_mm: FloatArray,
    low_mm: float,
    high_mm: float,
    *,
    has_ends: bool = True,
    face_length_mm: float = FACE_LENGTH_MM,
) -> FloatArray:
    """Extrude a closed outline along z.

    Parameters
    ----------
    outline_mm : ndarray of float64, shape (n, 2)
        First and last point equal, mm.
    low_mm, high_mm : float
        mm.
    has_ends : bool
        Close both ends by fans around the middle of the outline.
    face_length_mm : float
        Length of the faces along z, about, mm.

    Returns
    -------
    ndarray of float64, shape (n_faces, 4, 3)
        Corners of the faces, mm; those at the ends are triangles whose last corner repeats the first.
    """
    n_steps = max(1, round((high_mm - low_mm) / face_length_mm))
    heights = np.linspace(low_mm, high_mm, n_steps + 1)
    parts = []
    for below, above in pairwise(heights):
        lower, upper = _at_height(outline_mm, below), _at_height(outline_mm, above)
        parts.append(np.stack([lower[:-1], lower[1:], upper[1:], upper[:-1]], axis=1))
    if has_ends:
        parts += [_fan(_at_height(outline_mm, height)) for height in (low_mm, high_mm)]
    return np.concatenate(parts)


def tube(
    path_mm: FloatArray, radius_mm: float, turn_deg: tuple[float, float] = (0.0, 360.0)
) -> FloatArray:
    """Lay a tube around a path.

    Parameters
    ----------
    path_mm : ndarray of float64, shape (n, 3)
        Points of the axis, mm, straight between them.
    radius_mm : float
    turn_deg : tuple of 2 floats
        Where the wall begins and ends around the axis, degrees; of a tube along z from x towards y.

    Returns
    -------
    ndarray of float64, shape (n_faces, 4, 3)
        mm; open at both ends.
    """
    path = np.asarray(path_mm, dtype=np.float64)
    steps = np.diff(path, axis=0)
    along = steps / np.linalg.norm(steps, axis=1)[:, None]
    # At a bend the ring halves the angle.
    mean = np.concatenate([along[:1], along[1:] + along[:-1], along[-1:]])
    mean /= np.linalg.norm(mean, axis=1)[:, None]
    first, last = np.radians(turn_deg)
    angle = np.linspace(first, last, 1 + max(2, round(_N_TURN * (last - first) / (2 * np.pi))))
    rings = []
    for point, direction in zip(path, mean, strict=True):
        helper = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.9 else np.array([0.0, 0.0, 1.0])
        side = np.cross(helper, direction)
        side /= np.linalg.norm(side)
        rise = np.cross(direction, side)
        rings.append(
            point + radius_mm * (np.outer(np.cos(angle), side) + np.outer(np.sin(angle), rise))
        )
    parts = []
    for lower, upper in pairwise(rings):
        n_steps = max(
            1, round(np.linalg.norm(upper.mean(axis=0) - lower.mean(axis=0)) / FACE_LENGTH_MM)
        )
        at = np.linspace(0.0, 1.0, n_steps + 1)[:, None, None]
        between = (1.0 - at) * lower + at * upper
        for one, other in pairwise(between):
            parts.append(np.stack([one[:-1], one[1:], other[1:], other[:-1]], axis=1))
    return np.concatenate(parts)


def _share(contact: Contact, shares: Mapping[str, float] | None) -> float:
    """Give the share of a contact (no unit); NaN if the montage is not known."""
    return np.nan if shares is None else shares.get(contact.label, 0.0)


def _prism_along(outline_mm: FloatArray, span_mm: tuple[float, float]) -> FloatArray:
    """Extrude the outline of a lead a little beyond its metal."""
    return prism(outline_mm, span_mm[0] - BODY_MARGIN_MM, span_mm[1] + BODY_MARGIN_MM)


def _metal(contact: Contact, share: float) -> Metal:
    """Give the surface of a contact."""
    center = np.array(contact.center_mm)
    if isinstance(contact, RingContact | ArcContact):
        half = 0.5 * contact.length_mm * np.array(contact.direction)
        turn, sign = (0.0, 360.0), 1.0
        if isinstance(contact, ArcContact):
            half_span, sign = contact.span_deg / 2.0, -1.0
            turn = (contact.middle_deg - half_span, contact.middle_deg + half_span)
        radius = contact.radius_mm + sign * _LIFT_MM
        faces = tube(np.array([center - half, center + half]), radius, turn)
    elif isinstance(contact, PlateContact):
        along, out = np.array(contact.direction), np.array(contact.normal)
        side = 0.5 * contact.width_mm * np.cross(out, along)
        half = 0.5 * contact.length_mm * along
        corners = [center + i * half + j * side for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        faces = np.array([corners]) + _LIFT_MM * out
    else:
        out = np.array(contact.normal)
        ring = tube(np.array([center, center + _LIFT_MM * out]), contact.radius_mm)
        faces = _fan(np.concatenate([ring[:, 0], ring[:1, 0]]))
    points = faces.reshape(-1, 3)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    return Metal(contact.label, faces, middle, float(share), isinstance(contact, RingContact))


def _body(device: Lead | Paddle | Cuff) -> FloatArray:
    """Give the surface of a device."""
    if isinstance(device, Cuff):
        middle, half = np.array(device.center_mm), np.array([0.0, 0.0, device.length_mm / 2.0])
        ends = np.array([middle - half, middle + half])
        walls = (device.inner_radius_mm, device.outer_radius_mm)
        return np.concatenate([tube(ends, radius) for radius in walls])
    if isinstance(device, Lead) and device.path_mm:
        return tube(np.array(device.path_mm), device.radius_mm)
    return _prism_along(body_outline(device.body), device.span_mm)


def body_outline(body: Body) -> FloatArray:
    """Give the closed outline of a lead or paddle across it.

    Parameters
    ----------
    body : Disc or Slab

    Returns
    -------
    ndarray of float64, shape (n, 2)
        mm.
    """
    if not isinstance(body, Disc):
        return np.array([*body.corners_mm, body.corners_mm[0]])
    angle = np.linspace(0.0, 2.0 * np.pi, 2 * _N_TURN + 1)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.asarray(body.radius_mm * circle + np.array(body.center_mm))


def _roots(tissue: Spine | CrossSection | None) -> tuple[FloatArray, ...]:
    """Give the dorsal roots of a spine that has them."""
    if not isinstance(tissue, Spine) or tissue.root_entry_mm is None:
        return ()
    try:
        return tuple(np.array(tissue.root_path_mm(side)) for side in ("left", "right"))
    except GeometryError:  # a moved cord takes them out of the sac: a picture does without them
        return ()


def _at_height(outline_mm: FloatArray, height_mm: float) -> FloatArray:
    return np.column_stack([outline_mm, np.full(len(outline_mm), height_mm)])


def _fan(ring_mm: FloatArray) -> FloatArray:
    """Fill a closed ring, shape (n, 3), by triangles around its middle."""
    middle = np.broadcast_to(ring_mm[:-1].mean(axis=0), ring_mm[:-1].shape)
    return np.stack([middle, ring_mm[:-1], ring_mm[1:], middle], axis=1)
