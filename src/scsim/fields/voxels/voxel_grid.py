"""Lays the grid of a voxel problem, and finds the tissue in it.

What a problem is, is said in ``voxel.py``; general tools for grids are in ``grid.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import RingContact
from scsim.electrodes.cuff import Cuff
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError
from scsim.fields.voxels.grid import FineInterval, Grid, graded_edges, line_samples
from scsim.fields.voxels.solids import Box, body_box, contact_box, device_contacts, point_sources
from scsim.fields.voxels.voxel_checks import check_leads
from scsim.fields.voxels.voxel_tissue import (
    Slice,
    TissueLines,
    find_cell_kinds,
    one_plane,
    slice_lines,
    volume_lines,
)
from scsim.kernels.grid import find_interfaces
from scsim.kernels.stencils import CellValues
from scsim.tissue.section import CrossSection, Ellipse, Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.voxels.solids import Device
    from scsim.fields.voxels.voxel import VoxelProblem

FloatArray = npt.NDArray[np.float64]

_MARGIN_CELLS: Final = 4
"""Cells of the finest spacing beyond the last contact along z."""

_DEVICE_MARGIN: Final = 0.5
"""How far the narrower cells reach beyond a device, in spacings."""

_BYTES_PER_CELL: Final = 600
_BYTES_PER_VALUE: Final = 20
"""Largest memory while a problem is solved, per cell, and per cell and contact: matrix and multigrid, and solutions.
Measured with 8 contacts and 1.76 million cells: 1.31 GB."""

_LINES_PER_VOXEL: Final = 2
"""Lines of sight per voxel of a label volume: finer ones see the same labels."""


def lay_grid(problem: VoxelProblem) -> Grid:
    """Lay the grid: fine around contacts and where fibers run, growing outward.

    Parameters
    ----------
    problem : VoxelProblem

    Returns
    -------
    Grid

    Raises
    ------
    GeometryError
        If there would be too many cells, or a lead runs through a wall or another lead.
    """
    check_leads(problem)
    settings = problem.settings
    spacing = settings.spacing_mm
    half = (problem.half_width_mm, problem.half_width_mm, problem.half_length_mm)
    metal = [contact_box(contact) for contact in device_contacts(problem.devices)]
    metal += [body_box(point) for point in point_sources(problem.devices)]
    bodies = [device for device in problem.devices if not isinstance(device, PointSource)]
    targets = _fine_boxes(problem)
    edges = []
    for axis in range(3):
        fine = [_hull([*metal, *targets] if axis < 2 else metal, axis, spacing)]
        planes = _point_planes(problem, axis, spacing)
        if axis == 2:
            fine[0] = replace(
                fine[0],
                start_mm=fine[0].start_mm - _MARGIN_CELLS * spacing,
                end_mm=fine[0].end_mm + _MARGIN_CELLS * spacing,
            )
            planes += _contact_planes(problem)
            # Current leaves the film in a cuff through its two ends.
            fine += [
                FineInterval(end, end, settings.device_share * spacing)
                for end in _cuff_ends(problem)
            ]
        else:
            reach = _DEVICE_MARGIN * spacing
            for device in bodies:
                box = _device_box(device)
                low, high = float(box.low_mm[axis]), float(box.high_mm[axis])
                planes += [low, high]
                fine.append(
                    FineInterval(low - reach, high + reach, settings.device_share * spacing)
                )
        edges.append(graded_edges((-half[axis], half[axis]), fine, settings.growth, planes))
    grid = Grid((edges[0], edges[1], edges[2]))
    n_cells = int(np.prod(grid.shape))
    if n_cells > settings.max_cells:
        msg = (
            f"spacing_mm = {spacing:g} mm makes {grid.shape[0]} × {grid.shape[1]} × {grid.shape[2]} = {n_cells} cells, "
            f"about {n_cells * (_BYTES_PER_CELL + _BYTES_PER_VALUE * len(metal)) / 1e9:.1f} GB; max_cells = {settings.max_cells}. Make spacing_mm or growth "
            "larger, the box smaller, or raise max_cells."
        )
        raise GeometryError(msg)
    return grid


def lay_tissue(problem: VoxelProblem, grid: Grid) -> TissueLines:
    """Find the tissue along lines through the grid.

    Parameters
    ----------
    problem : VoxelProblem
    grid : Grid

    Returns
    -------
    TissueLines

    Raises
    ------
    GeometryError
        If a tissue has no conductivity, or the box reaches out of a label volume.
    """
    n_lines = problem.settings.n_lines
    if isinstance(problem.tissue, CrossSection):
        along = max(1, n_lines // 2)
        return slice_lines(
            filled_slices(problem), problem.conductivities, grid, (n_lines, n_lines, along)
        )
    volume = problem.tissue
    volume.check_covers(problem.half_width_mm, problem.half_length_mm)
    per_cell = [
        int(np.clip(np.ceil(_LINES_PER_VOXEL * widths.min() / step), 1, n_lines))
        for widths, step in zip(grid.widths_mm, volume.spacing_mm, strict=True)
    ]
    return volume_lines(
        volume, problem.conductivities, grid, (per_cell[0], per_cell[1], per_cell[2])
    )


def filled_slices(problem: VoxelProblem) -> tuple[Slice, ...]:
    """Give the cross-sections of a problem from below upward: another one where a cuff is, with what fills it.

    Parameters
    ----------
    problem : VoxelProblem
        With a cross-section as tissue.

    Returns
    -------
    tuple of Slice

    Raises
    ------
    GeometryError
        If two cuffs lie at the same height.
    """
    section = problem.tissue
    assert isinstance(section, CrossSection)
    cuffs = sorted(
        (device for device in problem.devices if isinstance(device, Cuff)),
        key=lambda cuff: cuff.center_mm[2],
    )
    slices, at = [], -problem.half_length_mm
    for cuff in cuffs:
        start = cuff.center_mm[2] - cuff.length_mm / 2.0
        if start < at:
            msg = (
                f"the cuff {cuff.name!r} begins at z = {start:g} mm, below {at:g} mm, where the one before it or the "
                "box ends. Move it, or make half_length_mm larger."
            )
            raise GeometryError(msg)
        slices.append(Slice(at, start, section))
        at = start + cuff.length_mm
        slices.append(Slice(start, at, _filled(section, cuff)))
    slices.append(Slice(at, problem.half_length_mm, section))
    return tuple(slices)


def cell_values(grid: Grid, tissue: TissueLines) -> CellValues:
    """Say where potentials of cells stand, in which tissue, and where tissues of neighbors meet.

    Parameters
    ----------
    grid : Grid
    tissue : TissueLines

    Returns
    -------
    CellValues
    """
    kinds = find_cell_kinds(grid, tissue)
    n_planes = kinds.kinds.shape[2]
    found = []
    for axis, order, back in ((0, (0, 1, 2), (0, 1, 2, 3)), (1, (1, 2, 0), (0, 3, 1, 2))):
        samples, lines = line_samples(grid, axis, tissue.per_cell), tissue.along[axis]
        own = np.ascontiguousarray(kinds.kinds.transpose(order))
        shape = (2, own.shape[0] - 1, *own.shape[1:])
        place, share = np.empty(shape), np.empty(shape)
        if not tissue.is_sliced:
            find_interfaces(samples, lines, own, place, share)
        for number in range(n_planes if tissue.is_sliced else 0):
            height = int(np.argmax(kinds.plane == number)) * tissue.per_cell[2]
            one = (slice(None),) * (3 if axis == 0 else 2) + (slice(number, number + 1),)
            flat = np.ascontiguousarray(kinds.kinds[:, :, [number]].transpose(order))
            parts = np.empty((2, 2, own.shape[0] - 1, *flat.shape[1:]))
            find_interfaces(*one_plane(samples, lines, height), flat, parts[0], parts[1])
            place[one], share[one] = parts
        found += [np.ascontiguousarray(array.transpose(back)) for array in (place, share)]
    x, y, z = grid.centers_mm
    return CellValues(
        kinds.kinds,
        kinds.purity,
        kinds.plane,
        (x, y, z),
        grid.edges_mm[:2],
        (found[0], found[2]),
        (found[1], found[3]),
    )


def tissue_numbers(
    problem: VoxelProblem, tissues: Sequence[str], points_mm: FloatArray
) -> npt.NDArray[np.int16]:
    """Give the number of the tissue at each point, as `TissueLines` numbers them.

    Parameters
    ----------
    problem : VoxelProblem
    tissues : sequence of str
    points_mm : ndarray of float64, shape (n, 3)

    Returns
    -------
    ndarray of int16, shape (n,)
    """
    if not isinstance(problem.tissue, CrossSection):
        return problem.tissue.codes_at(points_mm)
    slices = filled_slices(problem)
    which = np.searchsorted([part.end_mm for part in slices[:-1]], points_mm[:, 2])
    numbers = np.empty(len(points_mm), dtype=np.int16)
    for index, part in enumerate(slices):
        own = which == index
        numbers[own] = tissues.index(part.section.outside)
        for region in part.section.regions:
            inside = own.copy()
            inside[own] = region.outline.contains(points_mm[own, :2])
            numbers[inside] = tissues.index(region.tissue)
    return numbers


def tissue_names(problem: VoxelProblem, points_mm: FloatArray) -> list[str]:
    """Name the tissue at each point, shape (n, 3)."""
    if not isinstance(problem.tissue, CrossSection):
        names = problem.tissue.tissue_names
    else:
        names = tuple(
            dict.fromkeys(
                tissue for part in filled_slices(problem) for tissue in part.section.tissues()
            )
        )
    return [names[number] for number in tissue_numbers(problem, names, points_mm)]


def _filled(section: CrossSection, cuff: Cuff) -> CrossSection:
    """Give a cross-section with the bore of a cuff filled around what lies in it."""
    x, y, _ = cuff.center_mm
    bore = Ellipse((x, y), (cuff.inner_radius_mm, cuff.inner_radius_mm))
    filling = Region("cuff_filling", cuff.filling, bore)
    around = [region for region in section.regions if region.outline.contains(bore.polygon()).any()]
    inside = [region for region in section.regions if region not in around]
    return replace(section, regions=(*around, filling, *inside))


def _fine_boxes(problem: VoxelProblem) -> list[Box]:
    """Give the boxes around the tissues in which fibers run."""
    fine = problem.settings.fine_tissues
    if not isinstance(problem.tissue, CrossSection):
        return problem.tissue.boxes_of(fine)
    boxes = []
    for region in problem.tissue.regions:
        if region.tissue in fine:
            polygon = region.outline.polygon()
            low, high = polygon.min(axis=0), polygon.max(axis=0)
            boxes.append(Box(np.append(low, 0.0), np.append(high, 0.0)))
    return boxes


def _hull(boxes: Sequence[Box], axis: int, spacing_mm: float) -> FineInterval:
    """Give the interval that holds all boxes, at least three cells wide: a point is in the middle of one."""
    low = min(float(box.low_mm[axis]) for box in boxes)
    high = max(float(box.high_mm[axis]) for box in boxes)
    if high - low < 3.0 * spacing_mm:
        middle = 0.5 * (low + high)
        low, high = middle - 1.5 * spacing_mm, middle + 1.5 * spacing_mm
    return FineInterval(low, high, spacing_mm)


def _device_box(device: Device) -> Box:
    """Give the box in which cells are narrower: the body, or the metal alone of a lead that follows a path."""
    if isinstance(device, Lead) and device.path_mm:
        metal = [contact_box(contact) for contact in device.contacts]
        return Box(
            np.min([box.low_mm for box in metal], axis=0),
            np.max([box.high_mm for box in metal], axis=0),
        )
    return body_box(device)


def _contact_planes(problem: VoxelProblem) -> list[float]:
    """Give the planes across z in which contacts and cuffs end; those of tilted rings are not across z."""
    planes = []
    for contact in device_contacts(problem.devices):
        if isinstance(contact, RingContact) and abs(contact.direction[2]) < 1.0 - 1e-9:
            continue
        box = contact_box(contact)
        planes += [float(box.low_mm[2]), float(box.high_mm[2])]
    return planes + _cuff_ends(problem)


def _cuff_ends(problem: VoxelProblem) -> list[float]:
    """Give z of the ends of all cuffs, mm."""
    return [
        device.center_mm[2] + sign * 0.5 * device.length_mm
        for device in problem.devices
        if isinstance(device, Cuff)
        for sign in (-1.0, 1.0)
    ]


def _point_planes(problem: VoxelProblem, axis: int, spacing_mm: float) -> list[float]:
    """Give the sides of a cell around each point source, so that it is the center."""
    return [
        point.position_mm[axis] + sign * 0.5 * spacing_mm
        for point in point_sources(problem.devices)
        for sign in (-1.0, 1.0)
    ]
