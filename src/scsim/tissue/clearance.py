"""Where devices can lie in the canal: seats on the dorsal dura, and distances that must stay open.

Devices come as bodies of another room, of which only their shape is known here. The anatomy itself is in ``canal.py``.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.tissue.section import Ellipse, Polygon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.tissue.canal import Spine
    from scsim.tissue.section import Outline

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]

LEAST_GAP_MM: Final = 0.01
"""Smallest distance between two curves of a cross-section, mm: thinner films are below what is known of
an anatomy, and would need triangles of their own size. A tenth of the thinnest encapsulation in use."""

_SPACING_MM: Final = 0.1
"""Distance of the points along straight edges at which clearances are measured, mm. Between two of them a
curve of radius 7 mm departs by 2e-4 mm, far less than `LEAST_GAP_MM`."""

_DIGITS: Final = 6
"""Decimals of a distance in mm that count: a gap of 0.01 mm asked for is one, whatever the rounding."""

_BISECTIONS: Final = 80
"""Halvings of an interval of 1 rad: far below rounding."""


class Solid(Protocol):
    """The shape of an insulating body across the cord: all points within a radius of a convex polygon.

    A round lead has one corner and its radius, a paddle four corners and the radius 0.
    """

    @property
    def corners_mm(self) -> tuple[Pair, ...]:
        """Corners, counterclockwise, mm; one for a round body."""

    @property
    def radius_mm(self) -> float:
        """Radius, mm."""


class Seat(NamedTuple):
    """Where a body rests on the dorsal dura.

    Attributes
    ----------
    x_mm, y_mm : float
        Middle of the body, mm.
    turn_deg : float
        Turn with which a flat body lies along the dura, from x (left) towards y (dorsal), degrees.
    """

    x_mm: float
    y_mm: float
    turn_deg: float


def dorsal_seat(spine: Spine, half_thickness_mm: float, gap_mm: float, lateral_mm: float) -> Seat:
    """Find where a body lies that rests on the dorsal dura.

    Parameters
    ----------
    spine : Spine
    half_thickness_mm : float
        Radius of a lead, or half the thickness of a paddle, mm.
    gap_mm : float
        Smallest distance between the body's surface and the outer dura, mm.
    lateral_mm : float
        x of the middle of the body, mm.

    Returns
    -------
    Seat

    Raises
    ------
    GeometryError
        If the body would not lie on the dorsal side of the dura.

    Notes
    -----
    All points at distance d = half thickness + gap from an ellipse with half axes a, b are
    p(t) + d n(t), with p = (a sin t, b cos t) and n its outward normal; x grows with t from the dorsal
    midline (t = 0), so t follows by bisection. A flat body lies across n: its face, a tangent of the
    ellipse moved outward by the gap, is nowhere nearer to the convex dura.
    Checked by ``tests/unit/test_tissue_clearance.py``.
    """
    distance = half_thickness_mm + gap_mm
    a, b = spine.dura_outer_half_axes_mm
    if not abs(lateral_mm) < a + distance:
        msg = (
            f"lateral_mm = {lateral_mm:g} mm puts the lead beside the dura; on its dorsal side the "
            f"axis can lie between {-(a + distance):g} and {a + distance:g} mm. Move it to the midline."
        )
        raise GeometryError(msg)
    if lateral_mm == 0.0:
        return Seat(0.0, b + distance, 0.0)

    def offset_point(angle: float) -> tuple[float, float, float, float]:
        x, y = a * math.sin(angle), b * math.cos(angle)
        normal = (x / a**2, y / b**2)
        norm = math.hypot(*normal)
        n_x, n_y = normal[0] / norm, normal[1] / norm
        return x + distance * n_x, y + distance * n_y, n_x, n_y

    low, high = 0.0, math.pi / 2.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if offset_point(middle)[0] < abs(lateral_mm):
            low = middle
        else:
            high = middle
    _, y_mm, n_x, n_y = offset_point(0.5 * (low + high))
    turn_deg = -math.degrees(math.atan2(n_x, n_y))
    return Seat(lateral_mm, y_mm, math.copysign(turn_deg, -lateral_mm))


def check_bodies(spine: Spine, bodies: Sequence[Solid], encapsulation_mm: float = 0.0) -> None:
    """Refuse bodies that cross dura, bone or each other, with the tissue that has grown around them.

    Parameters
    ----------
    spine : Spine
    bodies : sequence of Solid
        In space, mm.
    encapsulation_mm : float
        Thickness of the encapsulation around each, mm; 0 for none.

    Raises
    ------
    GeometryError
        With the distance there is, the distance that is needed, and what to change.
    """
    if not (math.isfinite(encapsulation_mm) and encapsulation_mm >= 0.0):
        msg = (
            f"encapsulation_mm = {encapsulation_mm:g} mm: a thickness must be 0 or more, and finite. "
            "Write 0 for a lead without encapsulation."
        )
        raise GeometryError(msg)
    for number, body in enumerate(bodies, start=1):
        _check_wall(spine.dura_outer_half_axes_mm, "dura", body, number, encapsulation_mm)
        _check_wall(spine.canal_half_axes_mm, "canal", body, number, encapsulation_mm)
    for (i, first), (j, second) in combinations(enumerate(bodies, start=1), 2):
        gap_mm = _body_distance_mm(first, second)
        needed_mm = round(2.0 * encapsulation_mm + LEAST_GAP_MM, _DIGITS)
        if gap_mm < needed_mm:
            msg = (
                f"leads {i} and {j} are {_gap_text(gap_mm)}; they need {needed_mm:g} mm between their "
                f"surfaces{_with_encapsulation(encapsulation_mm)}. {_wider((first, second), gap_mm, needed_mm)}"
            )
            raise GeometryError(msg)


def encapsulation_outline(body: Solid, encapsulation_mm: float) -> Outline:
    """Give the curve around a body at the distance of its encapsulation.

    Parameters
    ----------
    body : Solid
    encapsulation_mm : float
        mm; 0 gives the outline of the body.

    Returns
    -------
    Ellipse or Polygon
        A circle around a round body. Around a flat one the edges move outward, and each corner becomes
        three points on its circle, so that nothing lies farther out than the encapsulation is thick.
    """
    reach_mm = body.radius_mm + encapsulation_mm
    if len(body.corners_mm) == 1:
        return Ellipse(body.corners_mm[0], (reach_mm, reach_mm))
    corners = np.array(body.corners_mm)
    along = np.roll(corners, -1, axis=0) - corners
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = np.column_stack([along[:, 1], -along[:, 0]])
    before = np.roll(outward, 1, axis=0)
    middle = before + outward
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    points = corners[:, None, :] + reach_mm * np.stack([before, middle, outward], axis=1)
    if reach_mm == 0.0:
        points = corners[:, None, :]
    return Polygon(tuple((float(x), float(y)) for x, y in points.reshape(-1, 2)))


def _check_wall(
    half_axes_mm: Pair, wall: str, body: Solid, number: int, encapsulation_mm: float
) -> None:
    """Refuse a body too near to the dura, which it lies outside of, or to the canal, inside."""
    curve = Ellipse((0.0, 0.0), half_axes_mm)
    side = 1.0 if wall == "dura" else -1.0
    distance_mm = float(np.min(side * curve.distance_mm(_edge_points(body))))
    gap_mm = round(distance_mm - body.radius_mm, _DIGITS) + 0.0
    needed_mm = encapsulation_mm + LEAST_GAP_MM
    if gap_mm >= round(needed_mm, _DIGITS):
        return
    short_mm = _rounded_up(needed_mm - gap_mm)
    name = "the outer dura" if wall == "dura" else "the wall of the canal, which is bone"
    if gap_mm < 0.0:
        fault = f"lead {number} reaches {-gap_mm:.3g} mm beyond {name}"
    else:
        fault = f"lead {number} is {gap_mm:.3g} mm from {name}"
    remedies = {
        "dura": f"Make dura_gap_mm larger by {short_mm:g} mm",
        "canal": f"Make dura_gap_mm smaller by {short_mm:g} mm, move the lead to the midline",
    }
    thinner = ", or make encapsulation_mm smaller" if encapsulation_mm > 0.0 else ""
    other = ", or choose a thinner lead or a wider level" if wall == "canal" else ""
    msg = (
        f"{fault}; {needed_mm:g} mm are needed{_with_encapsulation(encapsulation_mm)}. "
        f"{remedies[wall]}{thinner}{other}."
    )
    raise GeometryError(msg)


def _with_encapsulation(encapsulation_mm: float) -> str:
    """Say what the needed distance holds."""
    if encapsulation_mm == 0.0:
        return ""
    return f", {encapsulation_mm:g} mm of encapsulation included"


def _gap_text(gap_mm: float) -> str:
    """Describe a distance between two bodies."""
    return f"{gap_mm:.3g} mm apart" if gap_mm > 0.0 else "crossing each other"


def _wider(pair: tuple[Solid, Solid], gap_mm: float, needed_mm: float) -> str:
    """Name a distance between two bodies that suffices.

    How deep flat bodies cross is not measured. Whatever their turns, they are apart if their middles are farther
    from each other than their farthest corners reach.
    """
    if gap_mm > 0.0 or all(len(body.corners_mm) == 1 for body in pair):
        return f"Make lead_spacing_mm larger by at least {_rounded_up(needed_mm - gap_mm):g} mm."
    reach_mm, widths = 0.0, []
    for body in pair:
        corners = np.array(body.corners_mm)
        edges = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        widths.append(f"{float(edges.max()) + 2.0 * body.radius_mm:.3g} mm")
        from_middle = np.linalg.norm(corners - corners.mean(axis=0), axis=1)
        reach_mm += float(from_middle.max()) + body.radius_mm
    return (
        f"Their bodies are {' and '.join(widths)} wide: make lead_spacing_mm, from middle to middle, at least "
        f"{_rounded_up(reach_mm + needed_mm):g} mm."
    )


def _rounded_up(length_mm: float) -> float:
    """Round up to the next hundredth of a millimeter, so that the remedy suffices."""
    return math.ceil(round(length_mm * 100.0, _DIGITS)) / 100.0


def _edge_points(body: Solid) -> FloatArray:
    """Give points along the straight edges of a body, shape (n, 2); its only corner for a round one."""
    corners = np.array(body.corners_mm, dtype=np.float64)
    if len(corners) == 1:
        return corners
    parts = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        n_steps = max(1, math.ceil(float(np.linalg.norm(end - start)) / _SPACING_MM))
        fraction = np.arange(n_steps)[:, None] / n_steps
        parts.append(start + fraction * (end - start))
    return np.concatenate(parts)


def _body_distance_mm(first: Solid, second: Solid) -> float:
    """Smallest distance between the surfaces of two bodies, mm; not positive if they cross."""
    one, other = _edge_points(first), _edge_points(second)
    if _holds_any(first, other) or _holds_any(second, one):
        return 0.0
    apart = np.sqrt(((one[:, None, :] - other[None]) ** 2).sum(axis=2)).min()
    return float(apart) - first.radius_mm - second.radius_mm


def _holds_any(body: Solid, points: FloatArray) -> bool:
    """Say whether a flat body holds one of the points; round ones are judged by their distance."""
    if len(body.corners_mm) == 1:
        return False
    return bool(Polygon(body.corners_mm).contains(points).any())
