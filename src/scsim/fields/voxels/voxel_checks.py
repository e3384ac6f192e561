"""Leads that cannot lie where they are put, in three dimensions: through dura or bone, or through one another.

Straight leads in an extruded canal are checked in the plane before they come here (`scsim.tissue`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.cylinder import Lead
from scsim.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.voxels.solids import Device
    from scsim.fields.voxels.voxel import VoxelProblem

FloatArray = npt.NDArray[np.float64]

WALLS: Final = ("dura", "bone", "white_matter", "gray_matter")
"""Tissues that a lead must not touch."""

_N_AROUND: Final = 24
"""Points around a lead: one every 15 degrees."""

_STEP_MM: Final = 0.5
"""Distance of the circles of points along a lead, mm."""


def check_leads(problem: VoxelProblem) -> None:
    """Refuse leads that run through walls or through one another.

    Parameters
    ----------
    problem : VoxelProblem

    Raises
    ------
    GeometryError
        With the lead, the tissue or the other lead, and where.
    """
    from scsim.fields.voxels.voxel_grid import tissue_names  # noqa: PLC0415 - it imports this module's neighbors

    leads = [device for device in problem.devices if isinstance(device, Lead)]
    for lead in leads:
        points = _inside_box(problem, lead_surface(lead))
        for point, tissue in zip(points, tissue_names(problem, points), strict=True):
            if tissue in WALLS:
                msg = (
                    f"the lead {lead.name!r} runs through {tissue} at ({point[0]:.3g}, {point[1]:.3g}, {point[2]:.3g}) mm. "
                    "Move or tilt it less, or give its path more points."
                )
                raise GeometryError(msg)
    check_apart(leads)


def check_apart(leads: Sequence[Device]) -> None:
    """Refuse leads that cross one another.

    Parameters
    ----------
    leads : sequence of Lead

    Raises
    ------
    GeometryError
        With both leads and where.
    """
    for one, other in itertools.permutations(leads, 2):
        if not (isinstance(one, Lead) and isinstance(other, Lead)):
            continue
        points = lead_surface(one)
        inside = other.contains(points)
        if inside.any():
            x, y, z = points[int(np.argmax(inside))]
            msg = (
                f"the leads {one.name!r} ({one.labels[0]}…) and {other.name!r} ({other.labels[0]}…) cross each other at "
                f"({x:.3g}, {y:.3g}, {z:.3g}) mm. Move one of them."
            )
            raise GeometryError(msg)


def lead_surface(lead: Lead) -> FloatArray:
    """Give points on the surface of a lead: all along its path, or along the contacts of a straight one.

    Parameters
    ----------
    lead : Lead

    Returns
    -------
    ndarray of float64, shape (n, 3)
        mm.
    """
    if lead.path_mm:
        path = np.array(lead.path_mm)
    else:
        x, y, _ = lead.contacts[0].center_mm
        path = np.array([(x, y, z) for z in lead.span_mm])
    angle = np.linspace(0.0, 2.0 * np.pi, _N_AROUND, endpoint=False)
    circles = []
    for start, end in itertools.pairwise(path):
        length = float(np.linalg.norm(end - start))
        along = (end - start) / length
        first = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
        first /= np.linalg.norm(first)
        second = np.cross(along, first)
        around = lead.radius_mm * (np.outer(np.cos(angle), first) + np.outer(np.sin(angle), second))
        steps = np.linspace(0.0, length, max(2, round(length / _STEP_MM) + 1))
        circles.append((start + steps[:, None, None] * along + around).reshape(-1, 3))
    return np.concatenate(circles)


def _inside_box(problem: VoxelProblem, points_mm: FloatArray) -> FloatArray:
    """Keep the points inside the box of a problem."""
    half = np.array([problem.half_width_mm, problem.half_width_mm, problem.half_length_mm])
    kept: FloatArray = points_mm[np.all(np.abs(points_mm) <= half, axis=1)]
    return kept
