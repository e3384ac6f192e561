"""The spectral solver: canals and nerves that do not change along z, with leads and paddles along z.

A cosine series along z leaves one sparse problem in the plane per wavenumber k, and a dozen of them make a reduced
basis in which all wavenumbers cost nothing:

    u(k) = Σ_r e_r (β_r · y(k)) / (λ_r + k²),

with the eigenvectors e_r of the section's own problem K e = λ M e in that basis, their moments β_r on the
bodies, and the transform y(k) of the current in the contacts. Elements are in ``elements.py``, edge functions in
``edges.py``, currents of contacts in ``spectral_contacts.py``, meshes in ``section.py``.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from scsim.electrodes.bodies import Body
from scsim.electrodes.contacts import Contact
from scsim.errors import GeometryError
from scsim.fields.canal.edges import Coat, Site, body_sites
from scsim.fields.canal.section import SectionMesh, SheetEdges, locate, mesh_section
from scsim.fields.canal.section_locate import shape_functions
from scsim.fields.canal.spectral_basis import solve_section
from scsim.fields.canal.spectral_contacts import (
    ContactSolution,
    PlacedContact,
    Series,
    equipotential_contacts,
    make_series,
    uniform_contacts,
)
from scsim.fields.canal.spectral_placing import (
    body_distances_mm,
    contact_gaps_mm,
    curve_neck_mm,
    find_layer,
    is_mirrored,
    least_harmonics,
    neck_mm,
    place_contacts,
)
from scsim.fields.canal.spectral_points import split_lines, sum_series
from scsim.fields.unit_potential import SolvedMedium, point_array, to_mv
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scsim.electrodes.sources import Source

FloatArray = npt.NDArray[np.float64]
ContactModel = Literal["equipotential", "uniform"]

SOURCES: Final = ("gradshteyn2007", "quarteroni2016", "zienkiewicz2013")
"""Bibliography keys of the method."""

_ALLOWED: Final = MappingProxyType(
    {
        "resolution": (0.01, 100.0),
        "n_harmonics": (0, 64),
        "n_edge": (1, 64),
        "n_across": (1, 64),
        "largest_per_mm": (0.1, 1000.0),
    }
)
"""What the settings may be: configurations get the narrower range of the annotations, and `SpectralSettings.refined`,
also of the largest of them, goes beyond it."""

_REFERENCE_RADIUS_MM: Final = 0.65
"""Radius of the lead for which the largest wavenumber is given; thinner bodies need more in proportion, mm."""

_USUAL_HARMONICS: Final = 4
"""Default of `SpectralSettings.n_harmonics`; what narrow gaps ask for grows in proportion with the setting."""

_REFERENCE_NECK_MM: Final = 5.0 / 7.9
"""Narrowest neck between leads for which that wavenumber is enough, mm: 5 over it. At gaps of 0.2, 0.06 and 0.02 mm the
closed form of a lead alone from 7.9 /mm on leaves 0.2, 0.6 and 0.9 % between two contacts; this leaves 0.10 % at 0.2,
0.15 % at 0.06 and 0.18 % at 0.03 mm, and just over 0.2 % at 0.02 mm, of elements and harmonics as much as of waves."""

_REFERENCE_CURVE_NECK_MM: Final = 3.5 / 7.9
"""The same between a lead and a curve, mm: 3.5 over the neck. Beside a dura that conducts 7 times as well as fat, at
0.037 mm, 7.9 /mm leave 0.31 % in the contact matrix and this 0.05 %; 16 times at 0.065 mm, 0.14 and 0.03 %."""

_LINES_AT_A_TIME: Final = 16384
"""Places in the plane whose modes are held at a time: 20 MB."""

_NEGLIGIBLE: Final = 1e-7
"""Waves are left out of sums at points where they have decayed to this (no unit): 4.6 /mm at 3.5 mm from the lead."""


@dataclass(frozen=True)
class SpectralSettings:
    """How finely the spectral solver works.

    Attributes
    ----------
    resolution : float
        Elements per length, relative to the default mesh (no unit).
    n_harmonics : int
        Largest harmonic of the current's density around a lead; more are taken in proportion where the gap
        to the dura or another lead is narrow.
    n_edge : int
        Edge functions along a contact of 3 mm; longer ones get more.
    n_across : int
        Edge functions across a contact of a paddle.
    largest_per_mm : float
        Largest wavenumber that is solved for a lead of 0.65 mm radius, 1/mm; thinner ones, leads close
        together and leads close to the dura get more in proportion. Shorter waves are known in closed form at the contacts, and are absent elsewhere.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    resolution: Annotated[float, Ge(0.25), Le(8.0)] = 1.0
    n_harmonics: Annotated[int, Ge(0), Le(16)] = _USUAL_HARMONICS
    n_edge: Annotated[int, Ge(1), Le(16)] = 5
    n_across: Annotated[int, Ge(1), Le(16)] = 5
    largest_per_mm: Annotated[float, Ge(1.0), Le(64.0)] = 7.9

    def __post_init__(self) -> None:
        for name, (low, high) in _ALLOWED.items():
            value = getattr(self, name)
            if not low <= value <= high:
                msg = (
                    f"{name} = {value:g} of the spectral solver: {low:g} to {high:g} is allowed. "
                    "Take the default, or one from this range."
                )
                raise GeometryError(msg)

    def refined(self) -> SpectralSettings:
        """Give settings with elements half as long, and twice the waves and harmonics."""
        return replace(
            self,
            resolution=2.0 * self.resolution,
            n_harmonics=2 * self.n_harmonics,
            n_edge=self.n_edge + 3,
            n_across=self.n_across + 3,
            largest_per_mm=2.0 * self.largest_per_mm,
        )


@dataclass(frozen=True)
class SectionProblem:
    """A section with bodies in it: all that the spectral solver must solve for.

    Height, length and number of contacts, their current and the length of the domain need no new solution and
    are in `ExtrudedMedium`.

    Attributes
    ----------
    section : CrossSection
    conductivities : Conductivities
    bodies : tuple of Disc or Slab
        Leads and paddles.
    half_width_mm : float
        The domain is |x|, |y| below it, mm; the potential is 0 on its border.
    settings : SpectralSettings
    """

    section: CrossSection
    conductivities: Conductivities
    bodies: tuple[Body, ...]
    half_width_mm: float
    settings: SpectralSettings = field(default_factory=SpectralSettings)

    @property
    def solver(self) -> str:
        """Name of the solver."""
        return "spectral"

    def refined(self) -> SectionProblem:
        """Give the same problem with twice the resolution."""
        return replace(self, settings=self.settings.refined())

    @functools.cached_property
    def sites(self) -> tuple[Site, ...]:
        """Where metal can be, and the moments of each place."""
        wanted = self.settings.n_harmonics
        needed = least_harmonics(self.section, self.bodies) * wanted / _USUAL_HARMONICS
        n_harmonics = max(wanted, math.ceil(needed))
        is_even = is_mirrored(self.section, self.bodies)
        return body_sites(self.bodies, n_harmonics, self.settings.n_across, is_even=is_even)

    @functools.cached_property
    def largest_per_mm(self) -> float:
        """Largest wavenumber that is solved, 1/mm."""
        smallest = min(site.half_width_mm for site in self.sites)
        needed = max(
            1.0,
            _REFERENCE_RADIUS_MM / smallest,
            _REFERENCE_NECK_MM / neck_mm(self.bodies),
            _REFERENCE_CURVE_NECK_MM / curve_neck_mm(self.section, self.bodies),
        )
        return self.settings.largest_per_mm * needed

    def solve(self) -> Mapping[str, npt.NDArray[Any]]:
        """Mesh the section and compute the reduced basis.

        Returns
        -------
        mapping of str to ndarray
            Mesh: ``points_mm`` (n, 2), ``triangles`` (t, 6), ``tissue`` (t,). Basis: ``eigenvalues_per_mm2`` (m,),
            ``modes`` (n, m) at the nodes, ``moments`` (b, m) on the sites; ``site_s_per_m`` (sites, 2): conductivity
            across and along of the tissue on each site.

        Raises
        ------
        GeometryError
            If there is no body, a conductivity is missing, or the section cannot be meshed.
        """
        if not self.bodies:
            msg = (
                f"the section {self.section.name!r} has 0 leads and paddles; the spectral solver needs at "
                "least 1, to carry contacts. Add a lead, or use a closed form for point sources."
            )
            raise GeometryError(msg)
        mesh = mesh_section(
            self.section, self.bodies, self.half_width_mm, resolution=self.settings.resolution
        )
        return solve_section(
            mesh, self.conductivities, self.bodies, self.sites, self.largest_per_mm
        )


@dataclass(frozen=True, eq=False)
class ExtrudedMedium(SolvedMedium):
    """Tissue that does not change along z, with contacts on the bodies of its section.

    Attributes
    ----------
    problem : SectionProblem
    solution : mapping of str to ndarray
        What `SectionProblem.solve` gave.
    contacts : tuple of Contact
        On the bodies of the problem, parallel to z.
    contact_model : {"equipotential", "uniform"}
        Metal, idle contacts floating; or an even density on the driven contact, idle ones absent. With the
        latter the contact matrix holds mean potentials.
    half_length_mm : float
        The domain ends at z = ± this, mm, where no current flows.

    Raises
    ------
    GeometryError
        If the contact model is unknown, or a contact does not lie on a body, is not parallel to z, reaches beyond
        the domain, overlaps another, or is metal less than 0.05 mm from other metal of its body.

    Notes
    -----
    Waves up to `SectionProblem.largest_per_mm` are summed. Against 40 /mm, potentials beside a driven contact of the
    reference's canal err by 5 to 7 % at 0.05 mm from the metal, 0.4 to 1 % at 0.3 mm, 0.24 % at 0.5 mm and below
    0.15 % from 1 mm on; the contact matrix has the shorter waves in closed form. The shortest of these know no
    mirror images behind the ends of the domain: a contact that touches an end errs by 0.03 to 0.05 % in its resistance.
    Checked by ``tests/theory/test_spectral.py``.
    """

    problem: SectionProblem
    solution: Mapping[str, npt.NDArray[Any]]
    contacts: tuple[Contact, ...]
    contact_model: ContactModel = "equipotential"
    half_length_mm: float = 60.0

    def __post_init__(self) -> None:
        if self.contact_model not in get_args(ContactModel):
            msg = (
                f"contact_model = {self.contact_model!r}: the spectral solver knows 'equipotential' and 'uniform'. "
                "Choose one."
            )
            raise GeometryError(msg)
        _ = self._placed

    def contact_matrix_ohm(self) -> FloatArray:
        """Give the potential of each contact per current of each; see `SolvedMedium`."""
        return to_mv(self._contact_solution.matrix.copy())

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of contacts alone, giving off 1 mA each; see `Medium`.

        Raises
        ------
        GeometryError
            If a source is not among the contacts, or a point lies in a body or outside the domain.
        """
        rows = self._rows(sources)
        points = point_array(points_mm)
        if not len(points) or not rows:
            return np.zeros((len(rows), len(points)))
        self._check_domain(points)
        starts = split_lines(points)
        step = np.pi / (2.0 * self.half_length_mm)
        potential = np.empty((len(rows), len(points)))
        for first in range(0, len(starts) - 1, _LINES_AT_A_TIME):
            lines = starts[first : first + _LINES_AT_A_TIME + 1]
            own = slice(lines[0], lines[-1])
            values, distance_mm = self._modes_at(points, lines[:-1])
            weights = self._weights[rows, :, : self._n_waves(distance_mm)]
            phase = step * (points[own, 2] + self.half_length_mm)
            potential[:, own] = sum_series(values, weights, phase, lines - lines[0])
        return to_mv(potential)

    @functools.cached_property
    def _series(self) -> Series:
        """The waves along z."""
        is_metal = self.contact_model == "equipotential"
        gap_mm = min(contact_gaps_mm(self._placed)) if is_metal else math.inf
        # A finer problem has more waves for gaps too.
        gap_mm /= self.problem.settings.resolution
        return make_series(self.half_length_mm, self.problem.largest_per_mm, self._placed, gap_mm)

    @functools.cached_property
    def _placed(self) -> tuple[PlacedContact, ...]:
        """The contacts on their sites."""
        return place_contacts(
            self.contacts,
            self.problem.bodies,
            self.problem.sites,
            self.half_length_mm,
            self.problem.settings.n_edge,
            is_metal=self.contact_model == "equipotential",
        )

    @functools.cached_property
    def _propagator(self) -> FloatArray:
        """1/(λ_r + k_n²), shape (n_modes, n_solved), mm²."""
        solved = self._series.wavenumbers[: self._series.n_solved]
        propagator: FloatArray = 1.0 / (self.solution["eigenvalues_per_mm2"][:, None] + solved**2)
        return propagator

    @functools.cached_property
    def _contact_solution(self) -> ContactSolution:
        """Currents and potentials of the contacts."""
        moments = self.solution["moments"]
        n_moments = len(moments)
        products = (moments[:, None, :] * moments[None, :, :]).reshape(n_moments**2, -1)
        response = (products @ self._propagator).reshape(n_moments, n_moments, -1)
        solve = {"equipotential": equipotential_contacts, "uniform": uniform_contacts}
        return solve[self.contact_model](
            self._placed, self.problem.sites, self._series, response, self._coats
        )

    @property
    def _coats(self) -> list[Coat]:
        """The tissue on each site."""
        section, bodies = self.problem.section, self.problem.bodies
        coats = []
        for site, pair in zip(self.problem.sites, self.solution["site_s_per_m"], strict=True):
            sigma = (float(pair[0]), float(pair[1]))
            layer = find_layer(section, bodies[site.body])
            if layer is None:
                coats.append(Coat(sigma))
            else:
                coats.append(Coat(sigma, layer[0], self.problem.conductivities[layer[1]]))
        return coats

    @functools.cached_property
    def _weights(self) -> FloatArray:
        """Weight of each mode and wave for 1 mA in each contact, shape (n_contacts, n_modes, n_solved), V/mA."""
        weighting = self._propagator * self._series.weights[: self._series.n_solved]
        spectra = self._contact_solution.spectra
        return np.asarray(np.matmul(self.solution["moments"].T, spectra) * weighting)

    @functools.cached_property
    def _mesh(self) -> SectionMesh:
        """The mesh of the solution, as far as finding points needs it."""
        arrays = self.solution
        sheet = SheetEdges("", math.nan, arrays["sheet_inside"], arrays["sheet_outside"])
        return SectionMesh(
            points_mm=arrays["points_mm"],
            triangles=arrays["triangles"],
            tissue=arrays["tissue"],
            tissues=self.problem.section.tissues(),
            outer_nodes=arrays["outer_nodes"],
            body_edges=(),
            sheets=(sheet,) if len(sheet.inside) else (),
        )

    def _rows(self, sources: Sequence[Source | Contact]) -> list[int]:
        """Find sources among the contacts."""
        known = {contact: row for row, contact in enumerate(self.contacts)}
        rows = []
        for source in sources:
            if source not in known:
                labels = ", ".join(contact.label for contact in self.contacts)
                msg = (
                    f"{source} is not among the {len(self.contacts)} contacts of this medium ({labels}). Ask for one "
                    "of them, or make a medium with it: on the same bodies that needs no new solution."
                )
                raise GeometryError(msg)
            rows.append(known[source])
        return rows

    def _modes_at(
        self, points_mm: FloatArray, first: npt.NDArray[np.int64]
    ) -> tuple[FloatArray, float]:
        """Give the modes at the places of lines, and how near to a body they come.

        Parameters
        ----------
        points_mm : ndarray of float64, shape (n_points, 3)
        first : ndarray of int64, shape (n_lines,)
            A point of each line.

        Returns
        -------
        values : ndarray of float64, shape (n_lines, n_modes)
        distance_mm : float
        """
        places = points_mm[first, :2]
        triangle, local = locate(self._mesh, places)
        if np.any(triangle < 0):
            index = int(first[np.argmax(triangle < 0)])
            msg = (
                f"points_mm[{index}] = {points_mm[index].tolist()} mm lies inside a lead or paddle, where there is no "
                "tissue. Move the point or the lead."
            )
            raise GeometryError(msg)
        shapes = shape_functions(local)
        nodes, modes = self.solution["triangles"][triangle], self.solution["modes"]
        values = np.zeros((len(places), modes.shape[1]))
        for index in range(nodes.shape[1]):
            values += shapes[:, index, None] * modes[nodes[:, index]]
        return values, float(body_distances_mm(places, self.problem.bodies).min())

    def _check_domain(self, points_mm: FloatArray) -> None:
        """Refuse points outside the domain."""
        half = np.array([self.problem.half_width_mm] * 2 + [self.half_length_mm])
        outside = np.any(np.abs(points_mm) > half, axis=1)
        if outside.any():
            index = int(np.argmax(outside))
            msg = (
                f"points_mm[{index}] = {points_mm[index].tolist()} mm lies outside the domain |x|, |y| ≤ {half[0]:g} mm, "
                f"|z| ≤ {half[2]:g} mm. Move the point, or make the domain larger."
            )
            raise GeometryError(msg)

    def _n_waves(self, distance_mm: float) -> int:
        """Count the waves that have not decayed at a distance from the bodies: exp(−k√(σl/σt) d)."""
        ratios = [
            along / across
            for across, along in (
                self.problem.conductivities[tissue] for tissue in self.problem.section.tissues()
            )
        ]
        decay = math.sqrt(min(1.0, *ratios))
        step = np.pi / (2.0 * self.half_length_mm)
        n_solved = self._series.n_solved
        if distance_mm * decay * n_solved * step <= -math.log(_NEGLIGIBLE):
            return n_solved
        return 1 + math.ceil(-math.log(_NEGLIGIBLE) / (decay * distance_mm * step))
