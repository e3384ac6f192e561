"""From grid, tissue and solids to the matrix of the finite volumes and its right-hand sides.

Kernels that do the work are in `scsim.kernels.grid`; solving is in ``voxel_solve.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.fields.voxels.grid import line_samples
from scsim.fields.voxels.solids import device_contacts, make_solids, point_sources
from scsim.fields.voxels.voxel_tissue import find_cell_kinds, one_plane
from scsim.kernels import grid as kernels
from scsim.kernels.solids import CUT, mark_cells, mark_centers, mark_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from scsim.electrodes.sources import PointSource
    from scsim.fields.voxels.grid import Grid
    from scsim.fields.voxels.voxel import VoxelProblem
    from scsim.fields.voxels.voxel_tissue import CellKinds, TissueLines
    from scsim.kernels.grid import Samples
    from scsim.kernels.solids import Solids

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_ORDER: Final = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
"""Axes of the kernels' arrays for lines along x, y and z."""

_BACK: Final = ((0, 1, 2), (2, 0, 1), (1, 2, 0))
"""How to transpose them into the order x, y, z."""

_LINKS_PER_CELL: Final = 4
"""Room for connections with metal along one axis: two would do where a cell faces one contact."""


@dataclass(frozen=True, eq=False)
class MetalLinks:
    """Connections between cells and contacts.

    Attributes
    ----------
    cell : ndarray of int64, shape (n,)
        Flat index of the cell in the grid.
    contact : ndarray of int64, shape (n,)
    conductance : ndarray of float64, shape (n,)
        S/m · mm.
    area_mm2 : ndarray of float64, shape (n,)
        Surface of metal that faces the cell.
    """

    cell: IntArray
    contact: IntArray
    conductance: FloatArray
    area_mm2: FloatArray


NO_LINKS: Final = MetalLinks(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
)
"""Where contacts are insulators, or there are none."""


@dataclass(frozen=True, eq=False)
class System:
    """Linear equations of a grid.

    Attributes
    ----------
    matrix : csr_matrix, shape (n, n)
        Symmetric, positive definite, S/m · mm; contacts behind the cells.
    loads : ndarray of float64, shape (n_sources, n)
        Where 1 mA of each contact, then of each point source, enters.
    number : ndarray of int32, shape (nx, ny, nz)
        Unknown of each cell, -1 in solids.
    metal_mm2 : ndarray of float64, shape (n_contacts,)
        Surface of each contact as the grid sees it.
    """

    matrix: csr_matrix
    loads: FloatArray
    number: npt.NDArray[np.int32]
    metal_mm2: FloatArray


def make_system(problem: VoxelProblem, grid: Grid, tissue: TissueLines) -> System:
    """Assemble the equations of a problem.

    Parameters
    ----------
    problem : VoxelProblem
    grid : Grid
    tissue : TissueLines

    Returns
    -------
    System

    Raises
    ------
    GeometryError
        If a contact meets no tissue, or a point source lies in a solid.
    """
    solids = make_solids(problem.devices, problem.settings.spacing_mm)
    check_points(point_sources(problem.devices), solids)
    contacts = device_contacts(problem.devices)
    kinds = find_cell_kinds(grid, tissue)
    faces, links = find_conductances(grid, tissue, solids, kinds)
    metal_mm2 = np.zeros(len(contacts))
    np.add.at(metal_mm2, links.contact, links.area_mm2)
    for contact, area_mm2 in zip(contacts, metal_mm2, strict=True):
        if area_mm2 <= 0.0:
            msg = (
                f"contact {contact.label} of {contact.area_mm2:g} mm² touches no tissue that cells of "
                f"spacing_mm = {problem.settings.spacing_mm:g} mm resolve. Make spacing_mm smaller, or check where the "
                "device lies."
            )
            raise GeometryError(msg)
    ground = border_conductance(grid, tissue, kinds, (True, True, problem.grounded_ends))
    ground[centers_in_solids(solids, grid)] = 0.0
    if problem.contact_model == "equipotential":
        matrix, number = assemble(faces, ground, links, len(contacts))
        loads = metal_loads(len(contacts), matrix.shape[0])
    else:
        matrix, number = assemble(faces, ground, NO_LINKS, 0)
        loads = surface_loads(links, number, len(contacts), matrix.shape[0])
    points = point_loads(grid, point_sources(problem.devices), number, matrix.shape[0])
    return System(matrix, np.concatenate([loads, points]), number, metal_mm2)


def centers_in_solids(solids: Solids, grid: Grid) -> npt.NDArray[np.bool_]:
    """Say which cells have their center in a solid, shape (nx, ny, nz)."""
    inside = np.zeros(grid.shape, dtype=np.bool_)
    mark_centers(solids, *grid.centers_mm, inside)
    return inside


def find_conductances(
    grid: Grid, tissue: TissueLines, solids: Solids, kinds: CellKinds
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], MetalLinks]:
    """Compute all conductances of a grid.

    Parameters
    ----------
    grid : Grid
    tissue : TissueLines
    solids : Solids
    kinds : CellKinds

    Returns
    -------
    faces : tuple of 3 ndarrays of float64, shapes (nx - 1, ny, nz), (nx, ny - 1, nz), (nx, ny, nz - 1)
        Between neighbors, S/m · mm.
    links : MetalLinks
    """
    state = np.empty(grid.shape, dtype=np.int8)
    mark_cells(solids, *grid.edges_mm, state)
    whole = kinds.whole()
    faces, links = [], []
    for axis in range(3):
        samples = line_samples(grid, axis, tissue.per_cell)
        out = _face_conductances(grid, tissue, samples, kinds)
        links.append(_cut(samples, tissue.along[axis], solids, (state, whole), out))
        faces.append(np.ascontiguousarray(out.transpose(_BACK[axis])))
    return (faces[0], faces[1], faces[2]), MetalLinks(
        *(np.concatenate(column) for column in zip(*links, strict=True))
    )


def assemble(
    faces: tuple[FloatArray, FloatArray, FloatArray],
    ground: FloatArray,
    links: MetalLinks,
    n_contacts: int,
) -> tuple[csr_matrix, npt.NDArray[np.int32]]:
    """Assemble the matrix.

    Parameters
    ----------
    faces : tuple of 3 ndarrays
        As `find_conductances` gives them.
    ground : ndarray of float64, shape (nx, ny, nz)
        Conductance to the grounded border, S/m · mm.
    links : MetalLinks
    n_contacts : int
        Contacts that are unknowns, behind the cells.

    Returns
    -------
    matrix : csr_matrix
    number : ndarray of int32, shape (nx, ny, nz)
        Unknown of each cell, -1 for none.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - the config imports the fields, and must stay light

    to_metal = np.bincount(links.cell, links.conductance, minlength=ground.size)
    diagonal = ground + to_metal.reshape(ground.shape)
    number = np.empty(ground.shape, dtype=np.int32)
    n_cells = kernels.number_cells(faces, diagonal, number)
    n_unknowns = n_cells + n_contacts
    entries = (links.conductance, (number.ravel()[links.cell], links.contact))
    sides: Any = csr_matrix(entries, shape=(n_cells, n_contacts))
    sides.sum_duplicates()
    n_entries = 7 * n_cells + 2 * sides.nnz + n_contacts
    indptr = np.zeros(n_unknowns + 1, dtype=np.int32)
    indices, data = np.zeros(n_entries, dtype=np.int32), np.zeros(n_entries)
    columns = (
        sides.indptr.astype(np.int32),
        (sides.indices + n_cells).astype(np.int32),
        sides.data,
    )
    rows = (indptr[: n_cells + 1], indices, data)
    used = kernels.assemble(faces, diagonal, columns, number, rows)
    used = _contact_rows(sides, used, indptr, indices, data)
    matrix: Any = csr_matrix((data[:used], indices[:used], indptr), shape=(n_unknowns, n_unknowns))
    return matrix, number


def metal_loads(n_contacts: int, n_unknowns: int) -> FloatArray:
    """Let 1 mA of each contact enter at its own unknown, shape (n_contacts, n_unknowns)."""
    loads = np.zeros((n_contacts, n_unknowns))
    contacts = np.arange(n_contacts)
    loads[contacts, n_unknowns - n_contacts + contacts] = 1.0
    return loads


def surface_loads(
    links: MetalLinks, number: npt.NDArray[np.int32], n_contacts: int, n_unknowns: int
) -> FloatArray:
    """Let 1 mA of each contact enter the cells around it, each by the metal it faces.

    Returns
    -------
    ndarray of float64, shape (n_contacts, n_unknowns)
    """
    loads = np.zeros((n_contacts, n_unknowns))
    rows = number.ravel()[links.cell]
    # A cell may face metal with no more than a corner and be no unknown.
    known = rows >= 0
    np.add.at(loads, (links.contact[known], rows[known]), links.area_mm2[known])
    normalized: FloatArray = loads / loads.sum(axis=1, keepdims=True)
    return normalized


def point_loads(
    grid: Grid, points: Sequence[PointSource], number: npt.NDArray[np.int32], n_unknowns: int
) -> FloatArray:
    """Let 1 mA of each point source enter the cell that holds it.

    Returns
    -------
    ndarray of float64, shape (n_points, n_unknowns)
    """
    loads = np.zeros((len(points), n_unknowns))
    for row, source in zip(loads, points, strict=True):
        cell = tuple(
            int(np.searchsorted(edges, at, side="right")) - 1
            for edges, at in zip(grid.edges_mm, source.position_mm, strict=True)
        )
        row[number[cell]] = 1.0
    return loads


def check_points(points: Sequence[PointSource], solids: Solids) -> None:
    """Refuse point sources in solids.

    Raises
    ------
    GeometryError
        With the source.
    """
    inside = np.zeros(len(points), dtype=np.bool_)
    mark_points(solids, np.array([source.position_mm for source in points]).reshape(-1, 3), inside)
    if inside.any():
        msg = (
            f"{points[int(np.argmax(inside))]} lies inside a lead, paddle or cuff wall, where there is no tissue. "
            "Move the source."
        )
        raise GeometryError(msg)


def border_conductance(
    grid: Grid, tissue: TissueLines, kinds: CellKinds, is_grounded: tuple[bool, bool, bool]
) -> FloatArray:
    """Compute the conductance of each cell to the grounded faces of the box: half a cell of its tissue.

    Parameters
    ----------
    grid : Grid
    tissue : TissueLines
    kinds : CellKinds
    is_grounded : tuple of 3 bools
        Whether the faces across x, y and z are at 0 mV; through others no current flows.

    Returns
    -------
    ndarray of float64, shape (nx, ny, nz)
        S/m · mm.
    """
    ground = np.zeros(grid.shape)
    whole, widths = kinds.whole(), grid.widths_mm
    for axis in range(3):
        if not is_grounded[axis]:
            continue
        first, second = (other for other in range(3) if other != axis)
        area = np.multiply.outer(widths[first], widths[second])
        resistivity = tissue.along[axis].resistivity
        for side in (0, -1):
            own = resistivity[np.moveaxis(whole, axis, 0)[side]]
            np.moveaxis(ground, axis, 0)[side] += area / (own * 0.5 * widths[axis][side])
    return ground


def _face_conductances(
    grid: Grid, tissue: TissueLines, samples: Samples, kinds: CellKinds
) -> FloatArray:
    """Compute the conductances along one axis away from solids, once where planes across z are alike."""
    axis = samples.axis
    lines = tissue.along[axis]
    shape = tuple(grid.shape[other] for other in _ORDER[axis])
    out = np.empty((shape[0] - 1, *shape[1:]))
    if not tissue.is_sliced:
        own = np.ascontiguousarray(kinds.kinds.transpose(_ORDER[axis]))
        kernels.face_conductances(samples, lines, own, out)
        return out
    if axis == 2:
        _stack_along_z(samples, lines, kinds, out)
        return out
    for number in range(kinds.kinds.shape[2]):
        planes = np.flatnonzero(kinds.plane == number)
        thin = one_plane(samples, lines, planes[0] * tissue.per_cell[2])
        own = np.ascontiguousarray(kinds.kinds[:, :, [number]].transpose(_ORDER[axis]))
        flat = np.empty((shape[0] - 1, *own.shape[1:]))
        kernels.face_conductances(*thin, own, flat)
        if axis == 0:
            out[:, :, planes] = flat * grid.widths_mm[2][planes]
        else:
            out[:, planes, :] = flat * grid.widths_mm[2][planes][:, None]
    return out


def _stack_along_z(
    samples: Samples, lines: kernels.Lines, kinds: CellKinds, out: FloatArray
) -> None:
    """Fill the conductances along z: within a slice they differ by the distance of the centers only."""
    edges, plane = samples.edges, kinds.plane
    distance = 0.5 * (edges[2:] - edges[:-2])

    def one(k: int) -> FloatArray:
        flat = np.empty((1, *out.shape[1:]))
        own = np.ascontiguousarray(kinds.kinds[:, :, plane[k : k + 2]].transpose(2, 0, 1))
        kernels.face_conductances(samples._replace(edges=edges[k : k + 3]), lines, own, flat)
        return flat

    same = plane[1:] == plane[:-1]
    for number in range(kinds.kinds.shape[2]):
        planes = np.flatnonzero(same & (plane[1:] == number))
        if len(planes):
            k = int(planes[0])
            out[planes] = one(k) * (distance[k] / distance[planes])[:, None, None]
    for k in np.flatnonzero(~same).tolist():
        out[k] = one(k)[0]


def _cut(
    samples: Samples,
    lines: kernels.Lines,
    solids: Solids,
    cells: tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]],
    out: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Overwrite conductances near solids, and give the connections with metal: cell, contact, conductance, area."""
    order = _ORDER[samples.axis]
    state = np.ascontiguousarray(cells[0].transpose(order))
    kinds = np.ascontiguousarray(cells[1].transpose(order))
    room = _LINKS_PER_CELL * (int(np.count_nonzero(state == CUT)) + 1)
    links = kernels.Links(
        np.zeros(1, dtype=np.int64),
        np.zeros((room, 3), dtype=np.int64),
        np.zeros(room, dtype=np.int64),
        np.zeros(room),
        np.zeros(room),
    )
    kernels.cut_conductances(samples, lines, solids, (state, kinds), out, links)
    n = int(links.n_found[0])
    if n > room:
        msg = (
            f"{n} connections between cells and metal, where there is room for {room}: contacts are smaller than "
            "cells. Make spacing_mm smaller."
        )
        raise GeometryError(msg)
    index = np.empty((3, n), dtype=np.int64)
    index[list(order)] = links.cell[:n].T
    cell = np.asarray(np.ravel_multi_index(tuple(index), cells[0].shape), dtype=np.int64)
    return cell, links.contact[:n].copy(), links.conductance[:n].copy(), links.area[:n].copy()


def _contact_rows(
    sides: Any,
    used: int,
    indptr: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    data: FloatArray,
) -> int:
    """Append the rows of the contacts: minus each conductance, and their sum on the diagonal."""
    n_cells = sides.shape[0]
    columns = sides.T.tocsr()
    columns.sort_indices()
    for contact in range(columns.shape[0]):
        own = slice(columns.indptr[contact], columns.indptr[contact + 1])
        n = own.stop - own.start
        indices[used : used + n] = columns.indices[own]
        data[used : used + n] = -columns.data[own]
        indices[used + n] = n_cells + contact
        data[used + n] = columns.data[own].sum()
        used += n + 1
        indptr[n_cells + contact + 1] = used
    return used
