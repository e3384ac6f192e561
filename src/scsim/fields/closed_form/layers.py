"""Concentric layers of tissue: point, line and ring sources in closed form, as sums of cylindrical waves.

How a wave passes layers belongs to ``layer_modes.py``; tissue of any other shape needs a solver.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import RingContact
from scsim.electrodes.sources import LineSource, PointSource
from scsim.errors import ConvergenceError, GeometryError
from scsim.fields.closed_form.analytic import refuse_inside
from scsim.fields.closed_form.layer_sums import Origin, Places, Stack, efforts, sum_waves
from scsim.fields.unit_potential import Medium, name_source, point_array, source_array, to_mv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.contacts import Contact
    from scsim.electrodes.sources import Source

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SOURCES: Final = ("altman1988", "amos1974")
"""Bibliography keys of the closed form."""

_ALIGNED: Final = 1e-9
"""How far a direction may be from the axis, and a ring's center from it or a point from a surface (mm): rounding."""

_FREE_FLOOR: Final = 1e-3
"""Where layers and ground leave less than this share of a source's potential, the error is measured by it."""

_N_COMPARED: Final = 200
"""Points, of each call, at which the error is estimated."""


@dataclass(frozen=True)
class ConcentricLayers(Medium):
    """Concentric cylinders of tissue, each isotropic across the axis, with ground around them.

    The axis is along z. Points and lines along z may lie anywhere; a ring must be around the axis. Metal does
    not disturb the field, except that the core is an insulator: a ring around it is a contact of even
    current density on a lead in the middle.

    Attributes
    ----------
    outer_radii_mm : tuple of float
        Outer radius of each layer but the last, from the inside, mm.
    sigma_s_per_m : tuple of (float, float)
        Conductivity of each layer across and along the axis, S/m; one more than radii.
    ground_radius_mm : float
        Where the last layer ends and the potential is 0, mm.
    center_mm : tuple of 2 floats
        x and y of the axis, mm.
    core_radius_mm : float
        Radius of an insulating core, mm; 0 for none.
    tolerance : float
        Largest error of a potential, relative to itself (no unit).

    Raises
    ------
    GeometryError
        If radii do not grow, conductivities are not positive, their numbers do not fit, or the tolerance lies
        outside 1e-12 to 1e-2.

    Notes
    -----
    With G_n the solution of −(1/r)(r σt G')' + (σt n²/r² + σl k²) G = δ(r − rs)/r that is regular at the axis and
    0 at the ground, V = (1/2π²) Σ ε_n cos nφ ∫ cos kz G_n(k) dk over k from 0, ε_0 = 1, ε_n = 2: waves
    I_n(αkr), K_n(αkr) with α = √(σl/σt) in each layer (Altman and Plonsey 1988). In the source's own layer the
    source without boundaries is added in closed form and only what the layers reflect is summed. A line of
    half length h has sin(kh)/(kh) in the integral.

    At 200 of the points, the nearest and the farthest among them, the potential is computed again with more
    waves and nodes; the difference is the estimate of its error. Checked by ``tests/theory/test_layers.py`` and the reference tables A4.

    Examples
    --------
    >>> from scsim.electrodes import PointSource
    >>> medium = ConcentricLayers(
    ...     outer_radii_mm=(4.0, 7.0, 9.5),
    ...     sigma_s_per_m=((0.083, 0.6), (1.7, 1.7), (0.04, 0.04), (0.1, 0.1)),
    ...     ground_radius_mm=40.0,
    ... )
    >>> round(float(medium.unit_potential([PointSource((8.0, 0.0, 0.0))], [(3.9, 0.0, 0.0)])[0, 0]), 4)
    67.3086
    """

    outer_radii_mm: tuple[float, ...]
    sigma_s_per_m: tuple[tuple[float, float], ...]
    ground_radius_mm: float
    center_mm: tuple[float, float] = (0.0, 0.0)
    core_radius_mm: float = 0.0
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        radii = self._stack().radii_mm
        if not all(math.isfinite(b) and a < b for a, b in itertools.pairwise(radii)) or not (
            radii[0] >= 0.0
        ):
            msg = (
                f"radii of {', '.join(f'{radius:g}' for radius in radii)} mm from core to ground: each must be "
                "larger than the one before, and the core 0 or more. Sort them."
            )
            raise GeometryError(msg)
        if len(self.sigma_s_per_m) != len(radii) - 1:
            msg = (
                f"{len(self.sigma_s_per_m)} conductivities for {len(radii) - 1} layers "
                f"({len(self.outer_radii_mm)} outer radii and the ground). Give one pair per layer."
            )
            raise GeometryError(msg)
        for index, pair in enumerate(self.sigma_s_per_m):
            if len(pair) != 2 or not all(math.isfinite(value) and value > 0.0 for value in pair):
                msg = (
                    f"sigma_s_per_m[{index}] = {pair} S/m: two positive numbers are needed, across and along. "
                    "Tissue lies between 0.001 and 2 S/m."
                )
                raise GeometryError(msg)
        if not 1e-12 <= self.tolerance <= 1e-2:
            msg = f"tolerance = {self.tolerance:g}: allowed is 1e-12 to 1e-2. Use 1e-8."
            raise GeometryError(msg)

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each source alone, giving off 1 mA; see `Medium`.

        Parameters
        ----------
        sources : sequence of PointSource, LineSource or RingContact
            Lines along z; rings around the axis, with even current density.
        points_mm : array_like, shape (n_points, 3)
            x, y and z, mm.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_points)
            mV per mA.

        Raises
        ------
        GeometryError
            If a source or a point lies in the core or beyond the ground, a point as far from the axis as a
            ring, or a source is of another kind.
        ConvergenceError
            If a source and a point lie so close to each other, across or beside a boundary, that the waves
            between them are too many.
        """
        points = point_array(points_mm)
        place = self._place(points)
        origins = [self._origin(index, source) for index, source in enumerate(sources)]
        potential = np.zeros((len(sources), len(points)))
        for origin in dict.fromkeys(origins) if len(points) else ():
            members = [index for index, other in enumerate(origins) if other == origin]
            rows = [_line_row(sources[index]) for index in members]
            if origin.is_ring:
                _refuse_beside_ring(origin, place)
            free = self._free(np.array(rows), origin, points, place)
            lines = np.array(rows)[:, [2, 6]]
            potential[members] = free + self._waves(origin, lines, place, free)
        return to_mv(potential)

    def _stack(self) -> Stack:
        """Give all surfaces from the core, or the axis, to the ground, and what lies between."""
        radii = (self.core_radius_mm, *self.outer_radii_mm, self.ground_radius_mm)
        return Stack(radii, self.sigma_s_per_m)

    def _place(self, points: FloatArray) -> Places:
        """Turn points into cylinder coordinates and refuse those without tissue."""
        x, y = points[:, 0] - self.center_mm[0], points[:, 1] - self.center_mm[1]
        radius = np.hypot(x, y)
        # Points written as r cos φ and r sin φ lie on the surface of radius r up to rounding.
        low, high = self.core_radius_mm, self.ground_radius_mm
        outside = np.flatnonzero((radius > high + _ALIGNED) | (radius < low - _ALIGNED))
        if outside.size:
            index = int(outside[0])
            msg = (
                f"point {index} at {points[index].tolist()} mm lies {radius[index]:g} mm from the axis; tissue "
                f"reaches from {self.core_radius_mm:g} to {self.ground_radius_mm:g} mm. Move the point, or the "
                "ground outwards."
            )
            raise GeometryError(msg)
        radius = np.clip(radius, low, high)
        return Places(radius, np.arctan2(y, x), points[:, 2], self._stack().layer_of(radius))

    def _origin(self, index: int, source: Source | Contact) -> Origin:
        """Find where the waves of a source begin."""
        if isinstance(source, RingContact):
            off_mm = math.dist(source.center_mm[:2], self.center_mm)
            if off_mm > _ALIGNED or abs(abs(source.direction[2]) - 1.0) > _ALIGNED:
                msg = (
                    f"{name_source(source)}: its axis lies {off_mm:g} mm off and along {source.direction}; the "
                    "potential is known for rings around the axis of the layers. Use contact_sources(lead) "
                    "for a line elsewhere, or a solver that knows metal."
                )
                raise GeometryError(msg)
            radius, angle = source.radius_mm, 0.0
        elif isinstance(source, PointSource | LineSource):
            if isinstance(source, LineSource) and abs(abs(source.direction[2]) - 1.0) > _ALIGNED:
                msg = (
                    f"source {index}: a line along {source.direction}; the potential is known for lines along "
                    "z. Turn it, or use several points."
                )
                raise GeometryError(msg)
            x, y = np.array(_line_row(source)[:2]) - self.center_mm
            radius, angle = math.hypot(x, y), math.atan2(y, x)
        else:
            msg = (
                f"{name_source(source)}: this medium knows points, lines along z and rings around its axis. "
                "Use contact_sources(lead) for a lead, or a solver that knows metal."
            )
            raise GeometryError(msg)
        if abs(radius - self.core_radius_mm) <= _ALIGNED:
            radius = self.core_radius_mm
        if not self.core_radius_mm <= radius < self.ground_radius_mm:
            msg = (
                f"source {index} lies {radius:g} mm from the axis; tissue reaches from {self.core_radius_mm:g} to "
                f"{self.ground_radius_mm:g} mm. Move the source, or the ground outwards."
            )
            raise GeometryError(msg)
        is_ring = isinstance(source, RingContact)
        return Origin(radius, angle, int(self._stack().layer_of(radius)), is_ring)

    def _free(
        self, rows: FloatArray, origin: Origin, points: FloatArray, place: Places
    ) -> FloatArray:
        """Give the potential of points and lines without boundaries in their own layer, 0 elsewhere."""
        from scsim.kernels.potential import homogeneous  # noqa: PLC0415 - only programs that use a closed form need numba

        free = np.zeros((len(rows), len(points)))
        if origin.is_ring:
            return free
        refuse_inside(rows, points)
        own = np.flatnonzero(place.layer == origin.layer)
        across, along = self.sigma_s_per_m[origin.layer]
        part = np.empty((len(rows), len(own)))
        homogeneous(rows, points[own], np.array([across, across, along]), part)
        free[:, own] = part
        return free

    def _waves(
        self, origin: Origin, lines: FloatArray, place: Places, free: FloatArray
    ) -> FloatArray:
        """Sum what boundaries add, and again with more waves for some of the points."""
        stack = self._stack()
        usual, finer = efforts(self.tolerance)
        waves = sum_waves(stack, origin, lines, place, usual)
        # Waves are most where a point is nearest to the source, and nodes where it is farthest along z.
        distance = np.hypot(place.radius - origin.radius, place.z - lines[0, 0])
        some = np.linspace(0, len(distance) - 1, min(len(distance), _N_COMPARED)).astype(np.int64)
        some = np.unique([*some, distance.argmin(), distance.argmax()])
        sample = Places(place.radius[some], place.angle[some], place.z[some], place.layer[some])
        difference = np.abs(sum_waves(stack, origin, lines, sample, finer) - waves[:, some])
        across, along = self.sigma_s_per_m[origin.layer]
        size = np.maximum(distance[some], self.core_radius_mm + _FREE_FLOOR)
        floor = _FREE_FLOOR / (4.0 * math.pi * max(across, along) * size)
        error = difference / np.maximum(np.abs(waves + free)[:, some], floor)
        worst = float(error.max())
        if not worst <= self.tolerance:
            index = some[int(error.max(axis=0).argmax())]
            msg = (
                f"the potential {place.radius[index]:g} mm from the axis, of a source {origin.radius:g} mm from it, "
                f"changes by {worst:.2g} of itself with more waves; {self.tolerance:g} was asked for. "
                "Move one of them away from the boundary beside or between them, or raise tolerance."
            )
            raise ConvergenceError(msg)
        return waves


def _refuse_beside_ring(origin: Origin, place: Places) -> None:
    """Refuse points as far from the axis as a ring: waves of any length reach them undamped."""
    beside = np.flatnonzero(np.abs(place.radius - origin.radius) <= _ALIGNED)
    if beside.size:
        msg = (
            f"point {int(beside[0])} lies {origin.radius:g} mm from the axis, as far as the metal of a ring: the "
            "sum of waves does not end there. Move it outward by a hundredth of a millimeter."
        )
        raise GeometryError(msg)


def _line_row(source: Source | Contact) -> list[float]:
    """Lay one source out as the kernels do; a ring as the line on its axis."""
    if isinstance(source, RingContact):
        return [*source.center_mm, 0.0, 0.0, 1.0, source.length_mm / 2.0, 0.0]
    if isinstance(source, PointSource | LineSource):
        row: list[float] = source_array([source])[0].tolist()
        return row
    return []
