"""The tissue along lines through a grid: from cross-sections, cut exactly, or from the voxels of a label volume.

What the lines are for is in `scsim.kernels.grid`; outlines belong to `scsim.tissue`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.voxels.grid import line_samples, sample_positions
from scsim.fields.voxels.voxel_crossings import outline_crossings
from scsim.kernels import grid as kernels
from scsim.kernels.grid import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.voxels.grid import Grid
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.kernels.grid import Samples
    from scsim.tissue.materials import Conductivities
    from scsim.tissue.section import CrossSection, Region

FloatArray = npt.NDArray[np.float64]
Int16Array = npt.NDArray[np.int16]

_BEYOND_MM: Final = 1e6
"""A coordinate outside all curves, mm."""

_LEAST_SLANT: Final = 1e-6
"""Where a line only touches a sheet, its resistance along the line must stay finite (no unit)."""


@dataclass(frozen=True)
class Slice:
    """A part of the height in which the cross-section is the same.

    Attributes
    ----------
    start_mm, end_mm : float
        z, mm.
    section : CrossSection
    """

    start_mm: float
    end_mm: float
    section: CrossSection


@dataclass(frozen=True, eq=False)
class TissueLines:
    """Tissue along lines of sight parallel to each axis.

    Attributes
    ----------
    along : tuple of 3 Lines
        Along x, y and z.
    tissues : tuple of str
        What each number stands for.
    per_cell : tuple of 3 ints
        Lines per cell along x, y and z.
    is_sliced : bool
        Whether planes across z differ by the bounds of the lines along z only.
    """

    along: tuple[Lines, Lines, Lines]
    tissues: tuple[str, ...]
    per_cell: tuple[int, int, int]
    is_sliced: bool


def slice_lines(
    slices: Sequence[Slice],
    conductivities: Conductivities,
    grid: Grid,
    per_cell: tuple[int, int, int],
) -> TissueLines:
    """Cut the curves of cross-sections with lines of sight.

    Parameters
    ----------
    slices : sequence of Slice
        One above the other.
    conductivities : Conductivities
    grid : Grid
    per_cell : tuple of 3 ints
        Lines per cell along x, y and z.

    Returns
    -------
    TissueLines

    Raises
    ------
    GeometryError
        If a tissue has no conductivity.
    """
    tissues = tuple(
        dict.fromkeys(
            tissue
            for part in slices
            for tissue in (part.section.outside, *(r.tissue for r in part.section.regions))
        )
    )
    number = {tissue: index for index, tissue in enumerate(tissues)}
    x, y, z = (sample_positions(grid.edges_mm[axis], per_cell[axis]) for axis in range(3))
    which = np.searchsorted([part.end_mm for part in slices[:-1]], z)
    across, along = _resistivities(tissues, conductivities)
    weight = _weights(across, along)
    cut_x = _stacked([_cut(part.section, number, conductivities, 0, y) for part in slices])
    cut_y = _stacked([_cut(part.section, number, conductivities, 1, x) for part in slices])
    bounds, line_tissue, _ = cut_x
    columns = []
    for index in range(len(slices)):
        rows = slice(index * len(y), (index + 1) * len(y))
        column = np.array([np.searchsorted(row, x) for row in bounds[rows]])
        columns.append(np.take_along_axis(line_tissue[rows], column, axis=1).T.ravel())
    lines_x = Lines(
        bounds, line_tissue, across, weight, cut_x[2], np.arange(len(y)), which * len(y)
    )
    lines_y = Lines(*cut_y[:2], across, weight, cut_y[2], which * len(x), np.arange(len(x)))
    lines_z = Lines(
        np.array([[part.end_mm for part in slices[:-1]]]).reshape(1, -1),
        np.ascontiguousarray(np.array(columns).T),
        along,
        weight,
        np.zeros((0, 0)),
        np.arange(len(x)) * len(y),
        np.arange(len(y)),
    )
    return TissueLines((lines_x, lines_y, lines_z), tissues, per_cell, is_sliced=True)


def volume_lines(
    volume: LabelVolume, conductivities: Conductivities, grid: Grid, per_cell: tuple[int, int, int]
) -> TissueLines:
    """Lay lines of sight through the voxels of a label volume.

    Parameters
    ----------
    volume : LabelVolume
    conductivities : Conductivities
    grid : Grid
        Inside the volume.
    per_cell : tuple of 3 ints
        Lines per cell along x, y and z.

    Returns
    -------
    TissueLines

    Raises
    ------
    GeometryError
        If a tissue has no conductivity.
    """
    tissues = volume.tissue_names
    codes = volume.tissue_codes()
    across, along = _resistivities(tissues, conductivities)
    weight = _weights(across, along)
    voxel = [
        np.clip(
            np.searchsorted(
                volume.edges_mm[axis],
                sample_positions(grid.edges_mm[axis], per_cell[axis]),
                "right",
            )
            - 1,
            0,
            volume.labels.shape[axis] - 1,
        )
        for axis in range(3)
    ]
    lines = []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        rows = codes.transpose(first, second, axis)
        lines.append(
            Lines(
                volume.edges_mm[axis][None, 1:-1].copy(),
                np.ascontiguousarray(rows).reshape(-1, rows.shape[2]),
                along if axis == 2 else across,
                weight,
                np.zeros((0, 0)),
                voxel[first] * rows.shape[1],
                voxel[second],
            )
        )
    return TissueLines((lines[0], lines[1], lines[2]), tissues, per_cell, is_sliced=False)


@dataclass(frozen=True, eq=False)
class CellKinds:
    """The tissue that each cell stands for.

    Attributes
    ----------
    kinds : ndarray of int16, shape (nx, ny, n_planes)
        Number of the tissue.
    purity : ndarray of float64, shape (nx, ny, n_planes)
        Share of the cell that it takes up (no unit).
    plane : ndarray of int64, shape (nz,)
        Which of them each layer of cells across z has: its slice, or its own.
    """

    kinds: Int16Array
    purity: FloatArray
    plane: npt.NDArray[np.int64]

    def whole(self) -> Int16Array:
        """Give the kinds of all cells, shape (nx, ny, nz)."""
        return np.ascontiguousarray(self.kinds[:, :, self.plane])


def find_cell_kinds(grid: Grid, tissue: TissueLines) -> CellKinds:
    """Find the tissue that each cell stands for.

    Parameters
    ----------
    grid : Grid
    tissue : TissueLines

    Returns
    -------
    CellKinds
    """
    samples, lines = line_samples(grid, 0, tissue.per_cell), tissue.along[0]
    plane = plane_numbers(grid, tissue)
    kinds = np.empty((*grid.shape[:2], int(plane.max()) + 1), dtype=np.int16)
    purity = np.empty(kinds.shape)
    if not tissue.is_sliced:
        kernels.find_kinds(samples, lines, kinds, purity)
        return CellKinds(kinds, purity, plane)
    for number in np.unique(plane):
        thin = one_plane(samples, lines, int(np.argmax(plane == number)) * tissue.per_cell[2])
        flat, share = np.empty((*grid.shape[:2], 1), dtype=np.int16), np.empty((*grid.shape[:2], 1))
        kernels.find_kinds(*thin, flat, share)
        kinds[:, :, number], purity[:, :, number] = flat[:, :, 0], share[:, :, 0]
    return CellKinds(kinds, purity, plane)


def plane_numbers(grid: Grid, tissue: TissueLines) -> npt.NDArray[np.int64]:
    """Give each layer of cells across z a number, shape (nz,): one per slice, or its own in a label volume."""
    if not tissue.is_sliced:
        return np.arange(grid.shape[2])
    slices = np.searchsorted(tissue.along[2].bounds[0], grid.centers_mm[2])
    return np.unique(slices, return_inverse=True)[1]


def one_plane(samples: Samples, lines: Lines, sample: int) -> tuple[Samples, Lines]:
    """Take from lines along x or y those of one height, as if cells were 1 mm high.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    sample : int
        Index of the height among the positions along z.

    Returns
    -------
    samples : Samples
    lines : Lines
    """
    one = slice(sample, sample + 1)
    width = np.ones(1)
    if samples.axis == 0:
        thin = samples._replace(second=samples.second[one], second_width=width)
        return thin, lines._replace(second=lines.second[one])
    thin = samples._replace(first=samples.first[one], first_width=width)
    return thin, lines._replace(first=lines.first[one])


def _resistivities(
    tissues: Sequence[str], conductivities: Conductivities
) -> tuple[FloatArray, FloatArray]:
    """Give the resistivity of each tissue across and along, Ω·m."""
    pairs = np.array([conductivities[tissue] for tissue in tissues]).reshape(-1, 2)
    return 1.0 / pairs[:, 0], 1.0 / pairs[:, 1]


def _weights(across: FloatArray, along: FloatArray) -> FloatArray:
    """Say how much each tissue counts for what a cell stands for: its mean conductivity, cubed.

    A layer of CSF that fills a hundredth of a cell of white matter then takes it. Powers from 0 to 8 were measured on
    canals against fitted elements, at 0.25 to 0.5 mm: up to 2 the good conductor beside an interface is rough, beyond 4
    too little is left of thin parts of poor ones.
    """
    weights: FloatArray = (0.5 * (1.0 / across + 1.0 / along)) ** 3
    return weights


def _cut(
    section: CrossSection,
    number: dict[str, int],
    conductivities: Conductivities,
    axis: int,
    across: FloatArray,
) -> tuple[FloatArray, Int16Array, FloatArray]:
    """Give bounds, tissue and sheets along lines, laid out as `Lines` wants them, sheets always in full."""
    crossings = [outline_crossings(region.outline, axis, across) for region in section.regions]
    bounds = np.concatenate([np.zeros((len(across), 0)), *(c[0] for c in crossings)], axis=1)
    sheets = np.concatenate(
        [np.zeros((len(across), 0))]
        + [
            _sheet_resistance(region, conductivities) / np.maximum(slants, _LEAST_SLANT)
            for region, (_, slants) in zip(section.regions, crossings, strict=True)
        ],
        axis=1,
    )
    order = np.argsort(bounds, axis=1, kind="stable")
    bounds = np.take_along_axis(bounds, order, axis=1)
    sheets = np.take_along_axis(sheets, order, axis=1)
    # A point between each bound and the next; beyond the last one, far outside.
    n_lines = len(across)
    below = np.concatenate([np.full((n_lines, 1), -_BEYOND_MM), bounds], axis=1)
    above = np.concatenate([bounds, np.full((n_lines, 1), np.inf)], axis=1)
    middles = 0.5 * (np.minimum(below, _BEYOND_MM) + np.minimum(above, _BEYOND_MM))
    tissue = np.full(middles.shape, number[section.outside], dtype=np.int16)
    for region, (positions, _) in zip(section.regions, crossings, strict=True):
        passed = (positions[:, None, :] < middles[:, :, None]).sum(axis=2)
        tissue[passed % 2 == 1] = number[region.tissue]
    return bounds, tissue, sheets


def _sheet_resistance(region: Region, conductivities: Conductivities) -> float:
    """Give the resistance times area of a region's sheet, mm/(S/m); 0 without one.

    Along a line that meets the sheet at an angle it counts as t/(σ |n|), as does a layer that is resolved.
    """
    if region.sheet is None:
        return 0.0
    return region.sheet.thickness_mm / conductivities[region.sheet.tissue][0]


def _stacked(
    cuts: Sequence[tuple[FloatArray, Int16Array, FloatArray]],
) -> tuple[FloatArray, Int16Array, FloatArray]:
    """Put the lines of several slices below each other, with as many bounds as the richest has."""
    n_bounds = max(bounds.shape[1] for bounds, _, _ in cuts)

    def wider(array: npt.NDArray, n_columns: int, fill: float) -> npt.NDArray:  # type: ignore[type-arg]
        extra = ((0, 0), (0, n_columns - array.shape[1]))
        return np.pad(array, extra, mode="constant", constant_values=fill)

    bounds = np.concatenate([wider(cut[0], n_bounds, np.inf) for cut in cuts])
    tissue = np.concatenate(
        [np.pad(cut[1], ((0, 0), (0, n_bounds + 1 - cut[1].shape[1])), mode="edge") for cut in cuts]
    )
    sheets = np.concatenate([wider(cut[2], n_bounds, 0.0) for cut in cuts])
    if not sheets.any():
        sheets = np.zeros((0, 0))
    return np.ascontiguousarray(bounds), np.ascontiguousarray(tissue), np.ascontiguousarray(sheets)
