"""The interface of every field: mV at any point per mA in each contact, and superposition.

How a medium computes it belongs to the file of that medium.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import Contact
from scsim.electrodes.sources import LineSource, PointSource
from scsim.errors import GeometryError, StimulusError
from scsim.units import MV_PER_MA_S_PER_M_MM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.electrodes.sources import Source
    from scsim.fibers import Fiber

FloatArray = npt.NDArray[np.float64]


class Problem(Protocol):
    """All that one solution of a field depends on: a frozen dataclass of dataclasses, numbers and texts.

    What does not need a new solution (contacts and height of a lead in an extruded canal, the montage) is not
    in it. Its ``repr`` names the solution in the store.
    """

    @property
    def solver(self) -> str:
        """Name of the solver, for example ``spectral``."""

    def solve(self) -> Mapping[str, NDArray[Any]]:
        """Compute the solution: arrays by name, ready to be stored.

        Raises
        ------
        GeometryError
            If the geometry cannot be meshed.
        ConvergenceError
            If a linear solver does not reach its tolerance.
        """

    def refined(self) -> Problem:
        """Give the same problem with twice the resolution, for an estimate of the error."""


class Medium(ABC):
    """Tissue as a conductor.

    A subclass gives `unit_potential`; everything else follows from it.
    """

    @abstractmethod
    def unit_potential(
        self, sources: Sequence[Source | Contact], points_mm: npt.ArrayLike
    ) -> FloatArray:
        """Compute the potential of each source alone, giving off 1 mA.

        Parameters
        ----------
        sources : sequence of Source or Contact
            Points, lines or disks for closed forms; contacts of its leads for solved fields.
        points_mm : array_like, shape (n_points, 3)
            x, y and z, mm.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_points)
            mV per mA; 0 far away, or on the grounded border of a bounded domain.

        Raises
        ------
        GeometryError
            If a point lies inside a contact or where the medium has no answer, or the medium does not know
            this kind of source.
        """

    @final
    def unit_potential_along(
        self, sources: Sequence[Source | Contact], fibers: Sequence[Fiber]
    ) -> list[FloatArray]:
        """Compute the potential of each source along each fiber.

        Parameters
        ----------
        sources : sequence of Source or Contact
        fibers : sequence of Fiber

        Returns
        -------
        list of ndarray of float64, one of shape (n_sources, n_compartments) per fiber
            mV per mA at the centers of the compartments.

        Raises
        ------
        GeometryError
            As `unit_potential`.
        """
        if not fibers:
            return []
        positions = [fiber.compartment_positions_mm() for fiber in fibers]
        stacked = self.unit_potential(sources, np.concatenate(positions))
        ends = np.cumsum([len(points) for points in positions])[:-1]
        return [np.ascontiguousarray(part) for part in np.split(stacked, ends, axis=1)]


class SolvedMedium(Medium):
    """Tissue with metal in it, solved for a set of contacts.

    Attributes
    ----------
    contacts : tuple of Contact
        All metal in the tissue. One carries current at a time; with the equipotential contact model the
        others float: each has one potential and no net current.
    """

    contacts: tuple[Contact, ...]

    @abstractmethod
    def contact_matrix_ohm(self) -> FloatArray:
        """Give the potential of each contact per current of each.

        Returns
        -------
        ndarray of float64, shape (n_contacts, n_contacts)
            Row: contact whose potential it is; column: contact that gives off 1 mA, which returns at the
            border of the domain. Ω, which is mV per mA. Symmetric.
        """


def superpose(unit_potential: npt.ArrayLike, shares: npt.ArrayLike) -> FloatArray:
    """Apply the shares of a montage to unit potentials.

    Parameters
    ----------
    unit_potential : array_like, shape (n_sources, n_points)
        mV per mA.
    shares : array_like, shape (n_sources,)
        Share of the amplitude in each source (no unit).

    Returns
    -------
    ndarray of float64, shape (n_points,)
        mV per mA of amplitude in the first phase.

    Raises
    ------
    StimulusError
        If the numbers of sources differ, or a share is not finite.
    """
    potential = np.asarray(unit_potential, dtype=np.float64)
    weights = np.asarray(shares, dtype=np.float64)
    if potential.ndim != 2 or weights.shape != potential.shape[:1]:
        msg = (
            f"shares of shape {weights.shape} do not fit unit potentials of shape {potential.shape}; "
            "give one share per source."
        )
        raise StimulusError(msg)
    if not (is_finite := np.isfinite(weights)).all():
        index = int(np.argmin(is_finite))
        msg = f"shares[{index}] = {weights[index]:g} is not finite. Give a finite share, 0 for a contact that is off."
        raise StimulusError(msg)
    # One source after the other, so that the sum never depends on the linear-algebra library's threads.
    total = np.zeros(potential.shape[1])
    for weight, row in zip(weights, potential, strict=True):
        if weight != 0.0:
            total += weight * row
    return total


def source_array(sources: Sequence[Source | Contact]) -> FloatArray:
    """Lay points and lines out for the kernels of `scsim.kernels.potential`.

    Parameters
    ----------
    sources : sequence of PointSource or LineSource

    Returns
    -------
    ndarray of float64, shape (n_sources, 8)
        Center (3), unit direction (3), half length and radius per row, mm; a point has half length 0.

    Raises
    ------
    GeometryError
        If a source is neither a point nor a line.
    """
    rows = np.zeros((len(sources), 8))
    for row, source in zip(rows, sources, strict=True):
        if not isinstance(source, PointSource | LineSource):
            msg = (
                f"{name_source(source)}: this medium knows points and lines only. Use contact_sources(lead) "
                "for a lead, InsulatedHalfSpace for disks on the skin, or a solver that knows metal."
            )
            raise GeometryError(msg)
        if isinstance(source, LineSource):
            row[:] = (
                *source.center_mm,
                *source.direction,
                source.length_mm / 2.0,
                source.radius_mm,
            )
        else:
            row[:] = (*source.position_mm, 0.0, 0.0, 1.0, 0.0, 0.0)
    return rows


def name_source(source: Source | Contact) -> str:
    """Name a source in a message: its kind, and its label if it has one.

    Parameters
    ----------
    source : Source or Contact

    Returns
    -------
    str
    """
    kind = type(source).__name__
    return f"{kind} {source.label!r}" if isinstance(source, Contact) else kind


def point_array(points_mm: npt.ArrayLike) -> FloatArray:
    """Check points and lay them out for the kernels.

    Parameters
    ----------
    points_mm : array_like, shape (n_points, 3)
        mm.

    Returns
    -------
    ndarray of float64, shape (n_points, 3), C order

    Raises
    ------
    GeometryError
        If the shape is another one or a coordinate is not finite.
    """
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        msg = f"points_mm has shape {points.shape}; (n_points, 3) is needed. Give x, y and z per point."
        raise GeometryError(msg)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        index = int(np.argmin(finite))
        msg = (
            f"points_mm[{index}] = {points[index].tolist()} mm is not finite. "
            "Give finite coordinates."
        )
        raise GeometryError(msg)
    return points


def to_mv(potential: FloatArray) -> FloatArray:
    """Turn potentials in mA / (S/m · mm) into mV, in place."""
    potential *= MV_PER_MA_S_PER_M_MM
    return potential
