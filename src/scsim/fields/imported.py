"""Fields computed by other software: potentials at samples, checked and interpolated.

Reading files belongs to `scsim.formats.potentials`, interpolation to ``samples.py``.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import Contact
from scsim.errors import GeometryError
from scsim.fields.unit_potential import Medium, name_source, point_array
from scsim.units import MV_PER_MA_S_PER_M_MM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scsim.electrodes.sources import Source
    from scsim.fields.samples import Samples

FloatArray = npt.NDArray[np.float64]

_EXTENT_MM: Final = (0.3, 3000.0)
"""Extents that samples around a cord or nerve can have, mm: from a small nerve to a body. Meters taken for
millimeters, or the reverse, of anything between 3 mm and 300 mm fall outside."""

_APPARENT_S_PER_M: Final = (0.005, 10.0)
"""Apparent conductivities that are taken as they come, S/m: from a contact that a cuff shuts in to one in saline.
Tissue lies between 0.02 (bone, fat) and 2 (cerebrospinal fluid); a factor of 1000 leaves the range."""

_GAP: Final = 3.0
"""Relative gap from which a point is said to lie far from the samples (no unit)."""


@dataclass(frozen=True)
class Coverage:
    """How well samples cover points.

    Attributes
    ----------
    n_points, n_inside : int
        Points asked for, and those of them inside the samples.
    outside_mm : float
        How far the farthest point lies outside, mm; 0 if none does.
    relative_gap : float
        Largest distance of a point inside to the nearest sample over the spacing of samples there (no unit): up
        to about 1 where samples are even; on a grid 0.5 at most; between lines of samples, of the lines.
    n_far : int
        Points inside whose relative gap is above 3: in holes of the samples.
    method : str
        How values between samples are found.
    """

    n_points: int
    n_inside: int
    outside_mm: float
    relative_gap: float
    n_far: int
    method: str

    def __str__(self) -> str:
        """One line for people."""
        text = f"{self.n_inside} of {self.n_points} points inside"
        if self.n_inside < self.n_points:
            text += f" (the others up to {self.outside_mm:.3g} mm outside)"
        return f"{text}; largest distance to samples {self.relative_gap:.2g} of their spacing; {self.method}"


@dataclass(frozen=True, eq=False)
class ImportedField(Medium):
    """Potentials that other software has computed, at samples, for contacts known by their labels.

    Samples that fill a rectilinear grid are interpolated by a cubic spline; samples on lines along z (four or more
    on each) by a cubic spline along each line and linearly across; all others by a local cubic fit.
    None of these knows tissue: across a border of conductivities, where the slope of the potential jumps, values are
    smeared over about one spacing of samples. Let fibers lie on lines of samples if they run beside such a
    border.

    Attributes
    ----------
    labels : tuple of str
        Labels of the contacts.
    points_mm : array_like, shape (n_samples, 3)
        x to the left, y dorsal, z rostral, mm.
    sample_mv_per_ma : array_like, shape (n_contacts, n_samples)
        Potential per current of each contact, returning where the other software let it return.
        Both are kept as arrays of float64.
    source : str
        Where they come from, for messages.

    Raises
    ------
    GeometryError
        If shapes do not fit, a number is not finite, labels repeat, or two samples lie at one place.

    Warns
    -----
    UserWarning
        If coordinates or potentials look wrong by a large factor.

    Notes
    -----
    The plausibility of a contact: a point source in a medium of conductivity σ at distance d from a line of samples
    makes V = I/(4πσd) at most, and half of it where samples are 2 d away. So d follows from the
    samples with half of the largest potential, and 1/(4π V d) is an apparent conductivity.

    Examples
    --------
    >>> from scsim.electrodes import RingContact
    >>> axis = np.linspace(1.0, 5.0, 9)
    >>> points = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    >>> potential = 1e3 / (4.0 * np.pi * 0.2 * np.linalg.norm(points, axis=1))
    >>> field = ImportedField(("c1",), points, potential[None], "an example")
    >>> contact = RingContact("c1", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 1.0, 0.5)
    >>> round(float(field.unit_potential([contact], [(2.2, 3.1, 3.3)])[0, 0]), 1)
    79.0
    >>> print(field.coverage([(2.2, 3.1, 3.3)]))
    1 of 1 points inside; largest distance to samples 0.4 of their spacing; cubic spline on a grid of 9 × 9 × 9 samples
    """

    labels: tuple[str, ...]
    points_mm: FloatArray
    sample_mv_per_ma: FloatArray
    source: str = "imported potentials"

    def __post_init__(self) -> None:
        points = point_array(self.points_mm)
        try:
            samples = np.ascontiguousarray(self.sample_mv_per_ma, dtype=np.float64)
        except (TypeError, ValueError) as error:
            msg = (
                f"{self.source}: sample_mv_per_ma is no array of numbers ({error}). Give one row of as many "
                f"numbers as there are samples, {len(points)}, per contact."
            )
            raise GeometryError(msg) from error
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "sample_mv_per_ma", samples)
        shape = (len(self.labels), len(points))
        if samples.shape != shape or 0 in shape:
            msg = (
                f"{self.source}: potentials of shape {samples.shape} for {shape[0]} contacts and "
                f"{shape[1]} samples; (n_contacts, n_samples) and at least one of each are needed. Correct it."
            )
            raise GeometryError(msg)
        if not (is_finite := np.isfinite(samples)).all():
            row, column = np.unravel_index(int(np.argmin(is_finite)), shape)
            msg = (
                f"{self.source}: {np.count_nonzero(~is_finite)} potentials are not finite, the first of contact "
                f"{self.labels[row]} at {points[column].tolist()} mm. Leave out samples where there is no tissue."
            )
            raise GeometryError(msg)
        if len(set(self.labels)) != len(self.labels):
            msg = f"{self.source}: contacts {', '.join(self.labels)}: a label stands twice. Rename one."
            raise GeometryError(msg)
        _, first, counts = np.unique(points, axis=0, return_index=True, return_counts=True)
        if len(first) < len(points):
            index = int(first[np.argmax(counts > 1)])
            msg = (
                f"{self.source}: {len(points) - len(first)} samples lie where another lies, the first at "
                f"{points[index].tolist()} mm. Keep one of each."
            )
            raise GeometryError(msg)
        if text := plausibility_fault(self):
            warnings.warn(text, stacklevel=3)

    @cached_property
    def _samples(self) -> Samples:
        from scsim.fields.samples import arrange  # noqa: PLC0415 - scipy's interpolation takes 0.2 s to load

        return arrange(self.points_mm, self.sample_mv_per_ma)

    def coverage(self, points_mm: npt.ArrayLike) -> Coverage:
        """Report how well the samples cover points.

        Parameters
        ----------
        points_mm : array_like, shape (n_points, 3)
            mm.

        Returns
        -------
        Coverage

        Raises
        ------
        GeometryError
            If the points are not finite or of another shape.
        """
        points = point_array(points_mm)
        outside = self._samples.distance_outside(points)
        gap = self._samples.relative_gap(points)[outside <= 0.0]
        return Coverage(
            n_points=len(points),
            n_inside=len(gap),
            outside_mm=float(outside.max(initial=0.0)),
            relative_gap=float(gap.max(initial=0.0)),
            n_far=int(np.count_nonzero(gap > _GAP)),
            method=self._samples.method,
        )

    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Interpolate the potential of each contact alone, giving off 1 mA; see `Medium`.

        Parameters
        ----------
        sources : sequence of Contact
            Contacts with labels that the imported potentials have; where they lie is not looked at.
        points_mm : array_like, shape (n_points, 3)
            x, y and z within the samples, mm.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_points)
            mV per mA.

        Raises
        ------
        GeometryError
            If a contact is not among the imported ones, or a point lies outside the samples.

        Warns
        -----
        UserWarning
            If points lie in holes of the samples.
        """
        rows = [self._row(source) for source in sources]
        points = point_array(points_mm)
        if not len(points):
            return np.zeros((len(rows), 0))
        covered = self.coverage(points)
        if covered.n_inside < covered.n_points:
            outside = self._samples.distance_outside(points)
            index = int(np.argmax(outside))
            low, high = self.points_mm.min(axis=0), self.points_mm.max(axis=0)
            msg = (
                f"{self.source}: {covered.n_points - covered.n_inside} of {covered.n_points} points lie outside the "
                f"samples, point {index} at {points[index].tolist()} mm by {outside[index]:.3g} mm; samples reach from "
                f"{low.tolist()} to {high.tolist()} mm. Export samples of a larger region, shorten the fibers, or move them."
            )
            raise GeometryError(msg)
        if covered.n_far:
            text = (
                f"{self.source}: {covered.n_far} of {covered.n_points} points lie in holes, up to "
                f"{covered.relative_gap:.2g} spacings from the nearest sample. Export samples there."
            )
            warnings.warn(text, stacklevel=2)
        return np.ascontiguousarray(self._samples.values(points)[rows])

    def _row(self, source: Source | Contact) -> int:
        """Find the imported contact of a label."""
        label = source.label if isinstance(source, Contact) else None
        if label not in self.labels:
            msg = (
                f"{name_source(source)}: {self.source} has potentials of {', '.join(self.labels)}. Use contacts with "
                "these labels, or name the columns as the contacts of the lead."
            )
            raise GeometryError(msg)
        return self.labels.index(label)


def read_imported(
    path: Path | str, *, coordinate_unit: str | None = None, potential_unit: str | None = None
) -> ImportedField:
    """Read a field that other software has computed.

    Parameters
    ----------
    path : path
        CSV, HDF5 or VTU; see `scsim.formats.potentials` for what it must hold.
    coordinate_unit, potential_unit : str, optional
        Units of what the file gives without one.

    Returns
    -------
    ImportedField

    Raises
    ------
    GeometryError
        If the file cannot be read, a unit is missing, or a value is not finite.
    ResultsError
        If an HDF5 file is damaged.

    Warns
    -----
    UserWarning
        If coordinates or potentials look wrong by a large factor.
    """
    from scsim.formats.potentials import read_potentials  # noqa: PLC0415 - only studies with such files need it

    table = read_potentials(path, coordinate_unit=coordinate_unit, potential_unit=potential_unit)
    return ImportedField(table.labels, table.points_mm, table.unit_potential, table.source)


def plausibility_fault(field: ImportedField) -> str:
    """Say what looks wrong by a large factor in imported potentials.

    Parameters
    ----------
    field : ImportedField

    Returns
    -------
    str
        About coordinates, or else about potentials; empty if nothing is odd.
    """
    extent = float(np.ptp(field.points_mm, axis=0).max())
    low, high = _EXTENT_MM
    if len(field.points_mm) > 1 and not low <= extent <= high:
        return (
            f"{field.source}: the samples extend over {extent:.3g} mm; {low:g} to {high:g} mm are usual around cord and "
            "nerves. Check the unit of the coordinates (mm or m)."
        )
    apparent = [_apparent_conductivity(field.points_mm, row) for row in field.sample_mv_per_ma]
    known = [(value, label) for value, label in zip(apparent, field.labels, strict=True) if value]
    low, high = _APPARENT_S_PER_M
    middle, label = (
        sorted(known)[len(known) // 2] if known else (1.0, "")
    )  # one odd contact says little about units
    if low <= middle <= high:
        return ""
    peak = float(np.abs(field.sample_mv_per_ma[field.labels.index(label)]).max())
    return (
        f"{field.source}: up to {peak:.3g} mV per mA of contact {label} would be a point source in a medium of "
        f"{middle:.2g} S/m; tissue has 0.02 to 2 S/m. Check the unit of the potentials (mV or V, per mA or A) "
        "and of the coordinates (mm or m)."
    )


def _apparent_conductivity(points: FloatArray, potential: FloatArray) -> float | None:
    """Give the conductivity in which a point source would make such potentials, S/m; None if it shows no distance."""
    size = np.abs(potential)
    peak = int(np.argmax(size))
    distance = np.linalg.norm(points - points[peak], axis=1)
    below = size < 0.5 * size[peak]
    if not size[peak] > 0.0 or not below.any():
        return None
    # Beside a source at distance d the potential is halved √3 d along the line of samples.
    source_distance = float(distance[below].min()) / math.sqrt(3.0)
    return MV_PER_MA_S_PER_M_MM / (4.0 * math.pi * float(size[peak]) * source_distance)
