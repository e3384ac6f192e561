"""A nerve with one centered fascicle in a cuff: the problem and its medium.

Grid and checks are in ``cuff_grid.py``, elements in ``cuff_elements.py``, angular modes in ``cuff_modes.py``,
contacts in ``cuff_contacts.py``. Nerves with several fascicles belong to ``voxel.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.fields.cuffs.cuff_elements import make_line
from scsim.fields.cuffs.cuff_grid import TOLERANCE_MM, check_problem, cuff_ends, cuff_grid
from scsim.fields.cuffs.cuff_table import CuffTable
from scsim.fields.unit_potential import SolvedMedium, point_array, to_mv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.electrodes.contacts import Contact
    from scsim.electrodes.lead import Cuff
    from scsim.electrodes.sources import Source
    from scsim.tissue.materials import Conductivities
    from scsim.tissue.nerve import Nerve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SOURCES: Final = ("canuto2006", "berrut2004", "gradshteyn2007")
"""Bibliography keys of the method."""

_REST_IN_FASCICLE: Final = 1e-4
_REST_IN_NERVE: Final = 0.02
_LEAST_ANGULAR: Final = 12
_MOST_ANGULAR: Final = 40
"""The largest angular mode m: (r / a)^m falls below the rests at the rim of fascicle and nerve (a: the wall),
within these borders. Measured for four arcs of 60°: the contact matrix changes by 6e-5 from m = 12 on, by
2e-6 from m = 20 on."""

_DROPPED: Final = 1e-10
"""Share of the largest potential that compressing the table may lose."""

_LEAST_EDGE: Final = 8
_MOST_EDGE: Final = 32
_EDGE_PER_ROOT: Final = 1.5
_EDGE_OFFSET: Final = 4.0
"""Edge functions of a contact of half length c on a layer of thickness g: offset + 1.5 sqrt(c / g), within these
borders. Measured on rings of c / g = 5, 15, 25, 75 and 300: the contact matrix is right to 2e-5."""


@dataclass(frozen=True, kw_only=True)
class CuffSettings:
    """Settings of the cuff solver.

    Attributes
    ----------
    degree : int
        Degree of the elements' polynomials.
    ratio : float
        Ratio of the distances of an element's two ends from the nearest contact edge or cuff corner.
    finest_edge, finest_corner : float
        Smallest element at edges of contacts and corners of the cuff (no unit), per half of the shortest
        contact or the cuff's inner radius, whichever is smaller. With these defaults potentials and contact
        matrix of the reference cuffs are within 1e-4 of converged, second differences (2 mm) within 2e-4.
    n_along, n_around : int or None
        Functions of current density along and around each contact; None: chosen by the layer at the wall.
    n_angular : int or None
        Largest angular mode; None: chosen by the radii. Rings need 0, whatever stands here.
    n_halvings : int
        How often every element is halved.

    Raises
    ------
    GeometryError
        If a setting is outside its range.
    """

    degree: int = 8
    ratio: float = 4.0
    finest_edge: float = 0.01
    finest_corner: float = 0.03
    n_along: int | None = None
    n_around: int | None = None
    n_angular: int | None = None
    n_halvings: int = 0

    def __post_init__(self) -> None:
        lowest = {
            "degree": 2,
            "ratio": 2,
            "n_along": 1,
            "n_around": 1,
            "n_angular": 1,
            "n_halvings": 0,
        }
        for name, low in lowest.items():
            value = getattr(self, name)
            if value is not None and not low <= value < math.inf:
                msg = f"{name} = {value:g} of the cuff solver: at least {low} is needed. Use more, or the default."
                raise GeometryError(msg)
        for name in ("finest_edge", "finest_corner"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                msg = f"{name} = {value:g} of the cuff solver: above 0 up to 1 is allowed. Use the default."
                raise GeometryError(msg)


@dataclass(frozen=True, kw_only=True)
class CuffProblem:
    """All that the field of a cuff depends on.

    Attributes
    ----------
    nerve : Nerve
        With one centered fascicle.
    cuff : Cuff
        With all of its contacts.
    conductivities : Conductivities
        Of endoneurium, perineurium, epineurium, the cuff's filling and the nerve's surround.
    perineurium : {"sheet", "layer"}
        ``sheet``: a resistance thickness / conductivity at the rim of the endoneurium, where the epineurium
        then begins; ``layer``: the layer itself, outside that rim.
    radius_mm, half_length_mm : float
        The domain, a cylinder around z; all of its border is grounded, the ends of the nerve too.
    contact_model : {"equipotential", "uniform"}
        ``equipotential``: metal, idle contacts float; ``uniform``: an even density on the contact that gives
        off current, the others absent.
    settings : CuffSettings

    Raises
    ------
    GeometryError
        As `scsim.fields.cuffs.cuff_grid.check_problem`.
    """

    nerve: Nerve
    cuff: Cuff
    conductivities: Conductivities
    perineurium: Literal["sheet", "layer"]
    radius_mm: float
    half_length_mm: float
    contact_model: Literal["equipotential", "uniform"] = "equipotential"
    settings: CuffSettings = field(default_factory=CuffSettings)

    def __post_init__(self) -> None:
        check_problem(self)

    @property
    def solver(self) -> str:
        """Name of the solver."""
        return "cuff"

    def refined(self) -> CuffProblem:
        """Give the problem with every element halved, and half as many functions and modes more."""
        along, around, angular = self.n_functions()
        settings = replace(
            self.settings,
            n_along=math.ceil(1.5 * along),
            n_around=math.ceil(1.5 * around),
            n_angular=math.ceil(1.5 * angular) or None,
            n_halvings=self.settings.n_halvings + 1,
        )
        return replace(self, settings=settings)

    def n_functions(self) -> tuple[int, int, int]:
        """Give the numbers of functions along and around a contact, and the largest angular mode."""
        settings, wall = self.settings, self.cuff.inner_radius_mm
        fascicle = self.nerve.fascicles[0]
        gap = wall - self.nerve.radius_mm
        if gap <= TOLERANCE_MM:
            gap = wall - fascicle.outer_radius_mm
        arcs = [c for c in self.cuff.contacts if c.span_deg < 360.0]
        half = max(c.length_mm for c in self.cuff.contacts) / 2.0
        width = max((math.radians(c.span_deg) * wall / 2.0 for c in arcs), default=0.0)
        angular = 0
        if arcs:
            angular = settings.n_angular or max(
                _modes_down_to(_REST_IN_FASCICLE, fascicle.radius_mm / wall),
                _modes_down_to(_REST_IN_NERVE, self.nerve.radius_mm / wall),
            )
        return (
            settings.n_along or _n_edge(half / gap),
            settings.n_around or _n_edge(width / gap),
            angular,
        )

    def solve(self) -> Mapping[str, NDArray[Any]]:
        """Compute the potentials of all contacts on the grid.

        Returns
        -------
        dict of str to ndarray
            `across_mm`, `along_mm`: ends of the elements in both directions, mm. `orders`, `across_terms`,
            `along_terms`: potential per 1 mA as `CuffTable` has it, in mA per S/m and mm.
            `contact_matrix_ohm`, shape (n_contacts, n_contacts).

        Raises
        ------
        GeometryError
            If a tissue has no conductivity.

        Notes
        -----
        The work is a dense eigenproblem of the nodes across per region and angular mode; all contacts share
        it. Checked by ``tests/theory/test_cuff.py``.
        """
        # scipy is loaded late: a config that names this solver must not wait for it.
        from scsim.fields.cuffs import cuff_contacts, cuff_modes  # noqa: PLC0415

        grid = cuff_grid(self)
        n_along, n_around, n_angular = self.n_functions()
        basis = cuff_contacts.contact_basis(
            self.cuff.contacts,
            self.contact_model,
            n_along=n_along,
            n_around=n_around,
            n_angular=n_angular,
        )
        axial = cuff_modes.axial_modes(grid)
        moments = cuff_contacts.along_moments(basis, grid.along)[axial.nodes]
        modes = [cuff_modes.solve_mode(grid, axial, moments, m) for m in range(n_angular + 1)]
        walls = _symmetric(np.array([mode.wall for mode in modes]))
        weights, matrix = cuff_contacts.solve_contacts(basis, walls, grid.layers)
        tables = (
            cuff_modes.tabulate_mode(mode, axial, moments, weights[mode.angular]) for mode in modes
        )
        orders, across, along = _separate(tables)
        return {
            "across_mm": grid.across.breaks,
            "along_mm": grid.along.breaks,
            "orders": orders,
            "across_terms": across,
            "along_terms": along,
            "contact_matrix_ohm": to_mv(_symmetric(matrix)),
        }


def _symmetric(matrices: FloatArray) -> FloatArray:
    """Average mutual potentials with their mirror images: reciprocal up to rounding before, exactly after."""
    averaged: FloatArray = 0.5 * (matrices + np.swapaxes(matrices, -1, -2))
    return averaged


def _separate(tables: Iterable[FloatArray]) -> tuple[IntArray, FloatArray, FloatArray]:
    """Write the tables of all angular modes as few products of functions across and along.

    Parameters
    ----------
    tables : iterable of ndarray of float64, each of shape (n_contacts, 2, n_across_nodes, n_along_nodes)

    Returns
    -------
    orders, across_terms, along_terms : ndarray
        As `CuffTable` has them.

    Notes
    -----
    Singular values; what is dropped is nowhere larger than `_DROPPED` times the largest potential. Eight
    arcs need 65 MB so, in place of 200.
    """
    orders, across, along = [], [], []
    largest = 0.0
    for order, table in enumerate(tables):
        n_contacts, n_parts, n_across, n_along = table.shape
        largest = max(largest, float(np.max(np.abs(table))))
        flat = table.transpose(2, 0, 1, 3).reshape(n_across, -1)
        left, sizes, right = np.linalg.svd(flat, full_matrices=False)
        kept = sizes > _DROPPED * largest
        orders += [order] * int(np.count_nonzero(kept))
        across.append(left[:, kept])
        scaled = (sizes[:, None] * right)[kept]
        along.append(scaled.reshape(-1, n_contacts, n_parts, n_along).transpose(1, 2, 0, 3))
    return np.array(orders), np.hstack(across), np.concatenate(along, axis=2)


def _modes_down_to(rest: float, ratio: float) -> int:
    """Give m with ratio^m = rest, within the borders."""
    if ratio >= 1.0:
        return _MOST_ANGULAR
    return min(max(math.ceil(math.log(rest) / math.log(ratio)), _LEAST_ANGULAR), _MOST_ANGULAR)


def _n_edge(half_per_gap: float) -> int:
    """Give the number of edge functions of a contact, by its half length per thickness of the layer."""
    wanted = math.ceil(_EDGE_OFFSET + _EDGE_PER_ROOT * math.sqrt(half_per_gap))
    return min(max(wanted, _LEAST_EDGE), _MOST_EDGE)


@dataclass(frozen=True, eq=False)
class CuffMedium(SolvedMedium):
    """A nerve in a cuff, solved.

    Attributes
    ----------
    problem : CuffProblem
    solution : mapping of str to ndarray
        As `CuffProblem.solve` gives it.
    contacts : tuple of ArcContact
        All contacts of the cuff.
    """

    problem: CuffProblem
    solution: Mapping[str, NDArray[Any]]
    contacts: tuple[Contact, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "contacts", tuple(self.problem.cuff.contacts))

    @cached_property
    def table(self) -> CuffTable:
        """The potentials on the grid."""
        problem = self.problem
        ends = cuff_ends(problem.cuff)
        is_sheet = problem.perineurium == "sheet"
        rim = [problem.nerve.fascicles[0].radius_mm] if is_sheet else []
        degree = problem.settings.degree
        return CuffTable(
            across=make_line(self.solution["across_mm"], degree, doubled_at=rim),
            along=make_line(self.solution["along_mm"], degree, doubled_at=ends),
            orders=self.solution["orders"],
            across_terms=self.solution["across_terms"],
            along_terms=self.solution["along_terms"],
            walls_mm=(problem.cuff.inner_radius_mm, problem.cuff.outer_radius_mm),
            ends_mm=ends,
        )

    def contact_matrix_ohm(self) -> FloatArray:
        """Give the potential of each contact per current of each.

        Returns
        -------
        ndarray of float64, shape (n_contacts, n_contacts)
            Ω. With uniform densities, the mean potential over each contact.
        """
        return np.array(self.solution["contact_matrix_ohm"])

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each contact alone, giving off 1 mA.

        Parameters
        ----------
        sources : sequence of ArcContact
            Contacts of the cuff.
        points_mm : array_like, shape (n_points, 3)
            mm, in the nerve, the cuff's filling or around them; on the rim of a sheet the potential is that
            of the endoneurium.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_points)
            mV per mA. Next to an arc the potential is smoothed over about the wall's radius divided by the
            largest angular mode.

        Raises
        ------
        GeometryError
            If a source is no contact of the cuff, or a point lies in the insulator or beyond the domain.
        """
        points = point_array(points_mm)
        rows = [self._row(source) for source in sources]
        self._check_points(points)
        if not len(points) or not rows:
            return np.zeros((len(rows), len(points)))
        return to_mv(self.table.interpolate(rows, points))

    def _row(self, source: Source | Contact) -> int:
        """Find the row of a contact in the solution."""
        for row, contact in enumerate(self.contacts):
            if source == contact:
                return row
        labels = ", ".join(contact.label for contact in self.contacts)
        msg = (
            f"{source} is no contact of the cuff "
            f"{self.problem.cuff.name!r}, which was solved for {labels}. Use one of these."
        )
        raise GeometryError(msg)

    def _check_points(self, points: FloatArray) -> None:
        """Refuse points without a potential."""
        problem, cuff = self.problem, self.problem.cuff
        radius, height = np.hypot(points[:, 0], points[:, 1]), points[:, 2]
        beyond = (radius > problem.radius_mm + TOLERANCE_MM) | (
            np.abs(height) > problem.half_length_mm + TOLERANCE_MM
        )
        if beyond.any():
            index = int(np.argmax(beyond))
            msg = (
                f"points_mm[{index}] = {points[index].tolist()} mm lies outside the domain, a cylinder of "
                f"{problem.radius_mm:g} mm radius from z = {-problem.half_length_mm:g} to "
                f"{problem.half_length_mm:g} mm. Move the point, or make the domain larger."
            )
            raise GeometryError(msg)
        low, high = self.table.ends_mm
        in_wall = (
            self.table.between_walls(radius)
            & (height > low + TOLERANCE_MM)
            & (height < high - TOLERANCE_MM)
        )
        if in_wall.any():
            index = int(np.argmax(in_wall))
            msg = (
                f"points_mm[{index}] = {points[index].tolist()} mm lies in the insulator of the cuff, at a "
                f"radius of {radius[index]:g} mm between {cuff.inner_radius_mm:g} and "
                f"{cuff.outer_radius_mm:g} mm. Move the point into the tissue."
            )
            raise GeometryError(msg)
