"""Three-dimensional fields: finite volumes on a graded rectilinear grid.

For what is not the same all along: tilted and curved leads, cuffs around several fascicles, anatomy from images.
The grid is laid in ``voxel_grid.py``, the tissue along lines through it in ``voxel_tissue.py``, the matrix in
``voxel_matrix.py``; it is solved in ``voxel_solve.py``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.fields.unit_potential import SolvedMedium, point_array, to_mv
from scsim.fields.voxels.solids import (
    check_devices,
    device_contacts,
    make_solids,
    point_sources,
)
from scsim.tissue.section import CrossSection

if TYPE_CHECKING:
    from scsim.electrodes.contacts import Contact
    from scsim.electrodes.sources import Source
    from scsim.fields.voxels.grid import Grid
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.fields.voxels.solids import Device
    from scsim.fields.voxels.voxel_tissue import TissueLines
    from scsim.kernels.solids import Solids
    from scsim.kernels.stencils import CellValues
    from scsim.tissue.materials import Conductivities

FloatArray = npt.NDArray[np.float64]
ContactModel = Literal["equipotential", "uniform"]

SOURCES: Final = ("bell2023",)
"""Bibliography keys of the method."""


@dataclass(frozen=True, kw_only=True)
class VoxelSettings:
    """Settings of the voxel solver.

    Attributes
    ----------
    spacing_mm : float
        Largest width of a cell around contacts and where fibers run, mm. A cuff needs about a tenth of its radius.
    growth : float
        Ratio of the widths of neighboring cells away from there.
    device_share : float
        Width of cells across a lead, paddle or cuff, as a share of the spacing (no unit).
    fine_tissues : tuple of str
        Tissues in which fibers run.
    n_lines : int
        Lines of sight per cell and axis, along which tissue is followed.
    tolerance : float
        Largest residual of a solution, relative to its load (no unit).
    max_iterations : int
        Most iterations for one contact.
    max_cells : int
        Largest number of cells. While a problem is solved it takes about 600 bytes per cell, and 20 per cell and
        contact.

    Raises
    ------
    GeometryError
        If a setting is out of its range.
    """

    spacing_mm: float = 0.25
    growth: float = 1.25
    device_share: float = 0.5
    fine_tissues: tuple[str, ...] = ("white_matter", "endoneurium")
    n_lines: int = 8
    tolerance: float = 1e-8
    max_iterations: int = 200
    max_cells: int = 6_000_000

    def __post_init__(self) -> None:
        ranges = (
            ("spacing_mm", self.spacing_mm, 1e-3, 10.0, " mm"),
            ("growth", self.growth, 1.01, 2.0, ""),
            ("device_share", self.device_share, 0.1, 1.0, ""),
            ("n_lines", self.n_lines, 1, 64, ""),
            ("tolerance", self.tolerance, 1e-13, 1e-2, ""),
            ("max_iterations", self.max_iterations, 1, 100_000, ""),
        )
        for name, value, low, high, unit in ranges:
            if not low <= value <= high:
                msg = (
                    f"{name} = {value:g}{unit}: the voxel solver takes {low:g} to {high:g}{unit}. "
                    "Choose a value in that range."
                )
                raise GeometryError(msg)

    def refined(self) -> VoxelSettings:
        """Give settings with cells half as wide."""
        return replace(
            self,
            spacing_mm=self.spacing_mm / 2.0,
            growth=math.sqrt(self.growth),
            max_cells=8 * self.max_cells,
        )


@dataclass(frozen=True)
class VoxelProblem:
    """Tissue with devices in it, in a box.

    Attributes
    ----------
    tissue : CrossSection or LabelVolume
        The same all along, or voxel by voxel.
    conductivities : Conductivities
    devices : tuple of Lead, Paddle, Cuff, Pads or PointSource
        Placed. A cuff is filled with its own tissue around what lies in it. A point gives off its current in the
        cell that holds it.
    contact_model : {"equipotential", "uniform"}
        Metal, idle contacts floating; or an even density on the driven contact, idle ones insulating.
    half_width_mm, half_length_mm : float
        The box is |x|, |y| ≤ half width, |z| ≤ half length, mm. Its sides are at 0 mV.
    settings : VoxelSettings
    grounded_ends : bool
        Whether the ends along z are at 0 mV too; if not, no current flows through them.

    Raises
    ------
    GeometryError
        If the box has no size, the contact model is unknown, or a contact lies beyond the box.
    """

    tissue: CrossSection | LabelVolume
    conductivities: Conductivities
    devices: tuple[Device, ...]
    contact_model: ContactModel
    half_width_mm: float
    half_length_mm: float
    settings: VoxelSettings = VoxelSettings()
    grounded_ends: bool = False

    def __post_init__(self) -> None:
        for name, value in (
            ("half_width_mm", self.half_width_mm),
            ("half_length_mm", self.half_length_mm),
        ):
            if not (math.isfinite(value) and value > 0.0):
                msg = f"{name} = {value:g} mm: the box must have a positive, finite size. Make it larger."
                raise GeometryError(msg)
        if self.contact_model not in {"equipotential", "uniform"}:
            msg = (
                f"contact_model = {self.contact_model!r}: the voxel solver knows 'equipotential' and 'uniform'. "
                "Choose one of them."
            )
            raise GeometryError(msg)
        check_devices(self.devices, self.half_width_mm, self.half_length_mm)

    @property
    def solver(self) -> str:
        """Name of the solver."""
        return "voxel"

    def refined(self) -> VoxelProblem:
        """Give the same problem with cells half as wide."""
        return replace(self, settings=self.settings.refined())

    def solve(self) -> Mapping[str, npt.NDArray[Any]]:
        """Compute the potentials of all cells for 1 mA from each contact and point source.

        Returns
        -------
        dict of str to ndarray
            ``x_edges_mm``, ``y_edges_mm``, ``z_edges_mm``: planes of the grid; ``potential_v``, float64, shape
            (n_sources, nx, ny, nz), NaN in solids; ``matrix_v``, float64, shape (n_sources, n_sources): potential of
            each (row) for 1 mA in each (column); ``metal_mm2``: surface of each contact as the grid sees it.

        Raises
        ------
        GeometryError
            If the grid would have too many cells, a contact is too small for it, or devices cross tissue.
        ConvergenceError
            If the iteration does not reach its tolerance.
        """
        from scsim.fields.voxels.voxel_grid import lay_grid, lay_tissue  # noqa: PLC0415 - loads numba, as below
        from scsim.fields.voxels.voxel_matrix import make_system  # noqa: PLC0415
        from scsim.fields.voxels.voxel_solve import solve_all  # noqa: PLC0415

        grid = lay_grid(self)
        system = make_system(self, grid, lay_tissue(self, grid))
        settings = self.settings
        solutions = solve_all(
            system.matrix, system.loads, settings.tolerance, settings.max_iterations
        )
        potential = solutions[:, system.number]
        potential[:, system.number < 0] = np.nan
        matrix = system.loads @ solutions.T
        x, y, z = grid.edges_mm
        return {
            "x_edges_mm": x,
            "y_edges_mm": y,
            "z_edges_mm": z,
            "potential_v": potential,
            "matrix_v": 0.5 * (matrix + matrix.T),
            "metal_mm2": system.metal_mm2,
        }


@dataclass(frozen=True, eq=False)
class VoxelMedium(SolvedMedium):
    """Tissue solved with finite volumes.

    Attributes
    ----------
    problem : VoxelProblem
    solution : mapping of str to ndarray
        What `VoxelProblem.solve` gave.

    Notes
    -----
    A value in a tissue is interpolated from cells of that tissue alone, so the kink of the potential where tissues
    meet is kept. Potentials within about a cell of metal are rough. Checked by ``tests/theory/test_voxel.py``.
    """

    problem: VoxelProblem
    solution: Mapping[str, npt.NDArray[Any]]

    @property
    def contacts(self) -> tuple[Contact, ...]:  # type: ignore[override]
        """All metal in the tissue, device by device."""
        return device_contacts(self.problem.devices)

    def contact_matrix_ohm(self) -> FloatArray:
        """Give the potential of each contact per current of each; see `SolvedMedium`."""
        n = len(self.contacts)
        return to_mv(np.array(self.solution["matrix_v"][:n, :n]))

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of contacts and point sources of the problem alone, giving off 1 mA each.

        Raises
        ------
        GeometryError
            If a source is not among those of the problem, or a point lies in a solid or outside the box.
        """
        rows = self._rows(sources)
        points = point_array(points_mm)
        self._check_points(points)
        potential = self.solution["potential_v"]
        if rows != list(range(len(potential))):
            potential = potential[rows]
        values, has_cells = self._interpolate(potential, points)
        if not has_cells.all():
            index = int(np.argmin(has_cells))
            msg = (
                f"points_mm[{index}] = {points[index].tolist()} mm: no cell of its tissue is near, the tissue is too "
                "thin there for the grid. Make spacing_mm smaller, or move the point."
            )
            raise GeometryError(msg)
        return to_mv(values)

    def has_answer(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say for which points `unit_potential` has an answer.

        Parameters
        ----------
        points_mm : array_like, shape (n, 3)
            mm.

        Returns
        -------
        ndarray of bool, shape (n,)
            False outside the box, in solids, and where the tissue is too thin for the grid.
        """
        from scsim.kernels.solids import mark_points  # noqa: PLC0415 - loads numba

        points = point_array(points_mm)
        answered: npt.NDArray[np.bool_] = np.all(np.abs(points) <= self._half_mm, axis=1)
        in_solid = np.empty(len(points), dtype=np.bool_)
        mark_points(self._solids, points, in_solid)
        answered &= ~in_solid
        inside = np.ascontiguousarray(points[answered])
        answered[answered] = self._interpolate(self.solution["potential_v"][:1], inside)[1]
        return answered

    def _interpolate(
        self, potential: npt.NDArray[Any], points_mm: FloatArray
    ) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Give potentials at points of the box, V, and at which of them there are cells of the tissue near."""
        from scsim.kernels.stencils import interpolate  # noqa: PLC0415 - loads numba

        values = np.empty((len(potential), len(points_mm)))
        status = np.empty(len(points_mm), dtype=np.int8)
        interpolate(self._cells, potential, points_mm, self._tissue_at(points_mm), values, status)
        return values, status == 0

    @property
    def _half_mm(self) -> FloatArray:
        """Half sizes of the box along x, y and z, mm."""
        problem = self.problem
        return np.array([problem.half_width_mm, problem.half_width_mm, problem.half_length_mm])

    @functools.cached_property
    def _grid(self) -> Grid:
        from scsim.fields.voxels.grid import Grid  # noqa: PLC0415 - loads numba

        names = ("x_edges_mm", "y_edges_mm", "z_edges_mm")
        x, y, z = (np.asarray(self.solution[name]) for name in names)
        return Grid((x, y, z))

    @functools.cached_property
    def _lines(self) -> TissueLines:
        from scsim.fields.voxels.voxel_grid import lay_tissue  # noqa: PLC0415 - loads numba

        return lay_tissue(self.problem, self._grid)

    @functools.cached_property
    def _cells(self) -> CellValues:
        from scsim.fields.voxels.voxel_grid import cell_values  # noqa: PLC0415 - loads numba

        return cell_values(self._grid, self._lines)

    @functools.cached_property
    def _solids(self) -> Solids:
        return make_solids(self.problem.devices, self.problem.settings.spacing_mm)

    def _rows(self, sources: Sequence[Source | Contact]) -> list[int]:
        """Find sources among those of the problem."""
        known: list[Any] = [*self.contacts, *point_sources(self.problem.devices)]
        rows = []
        for source in sources:
            if source not in known:
                labels = ", ".join(contact.label for contact in self.contacts) or "points only"
                msg = (
                    f"{source} is not among the {len(known)} sources of this medium ({labels}). Ask for one of them, "
                    "or solve a problem whose devices have it."
                )
                raise GeometryError(msg)
            rows.append(known.index(source))
        return rows

    def _check_points(self, points_mm: FloatArray) -> None:
        """Refuse points outside the box or in solids."""
        from scsim.kernels.solids import mark_points  # noqa: PLC0415 - loads numba

        half = self._half_mm
        outside = np.any(np.abs(points_mm) > half, axis=1)
        if outside.any():
            index = int(np.argmax(outside))
            msg = (
                f"points_mm[{index}] = {points_mm[index].tolist()} mm lies outside the box |x|, |y| ≤ {half[0]:g} mm, "
                f"|z| ≤ {half[2]:g} mm. Move the point, or make half_width_mm or half_length_mm larger."
            )
            raise GeometryError(msg)
        in_solid = np.empty(len(points_mm), dtype=np.bool_)
        mark_points(self._solids, points_mm, in_solid)
        if in_solid.any():
            index = int(np.argmax(in_solid))
            msg = (
                f"points_mm[{index}] = {points_mm[index].tolist()} mm lies inside a lead, paddle or cuff wall, where "
                "there is no tissue. Move the point or the device."
            )
            raise GeometryError(msg)

    def _tissue_at(self, points_mm: FloatArray) -> npt.NDArray[np.int16]:
        """Give the number of the tissue at each point."""
        from scsim.fields.voxels.voxel_grid import tissue_numbers  # noqa: PLC0415 - loads numba

        return tissue_numbers(self.problem, self._lines.tissues, points_mm)
