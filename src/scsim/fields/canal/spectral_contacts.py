"""Currents in the contacts of an extruded section: Galerkin conditions of metal, and the matrix between contacts.

The response of the section to edge functions arrives as an argument; it is computed in ``spectral.py``. What the
edge functions are, and how they answer in homogeneous tissue, is in ``edges.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.fields.canal.edges import bare_response, edge_amplitudes, edge_transforms, even_transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.fields.canal.edges import Coat, Site

FloatArray = npt.NDArray[np.float64]

_TAIL: Final = 5.0
"""The closed form of short waves reaches this many times beyond the solved ones (no unit): 39 instead of
7.9 /mm. With the mean of the rest the self-resistance is then known to 1e-4."""

_TAIL_HALF_LENGTHS: Final = 60.0
"""It reaches at least to k c = 60 (no unit) for the shortest contact, well above the highest order p: edge
functions that the series cannot tell apart make the system nearly singular."""

_TAIL_GAPS: Final = 30.0
"""It reaches at least to this over the smallest gap between contacts (no unit): 20 leaves 0.01 % between rings 0.05
to 0.5 mm apart, 10 leaves 0.1 %."""

_FAR_STEPS: Final = 400
"""Points of the integral over waves beyond the series, even in log k."""

_FAR_REACH: Final = 1e5
"""Where it ends, as a multiple of its beginning (no unit); the integrand falls as log k / k²."""


@dataclass(frozen=True)
class PlacedContact:
    """A contact in the frame of the series.

    Attributes
    ----------
    site : int
        Which site it lies on.
    center_mm : float
        Its middle above the lower end of the domain, mm.
    half_length_mm : float
    n_edge : int
        Number of edge functions along it.
    """

    site: int
    center_mm: float
    half_length_mm: float
    n_edge: int


@dataclass(frozen=True)
class Series:
    """A cosine series along z: u(z) = Σ w_n û(k_n) cos k_n(z + H), with k_n = nπ/2H.

    Attributes
    ----------
    wavenumbers : ndarray of float64, shape (n_all,)
        k_n, 1/mm: the solved ones, then those of the closed form.
    weights : ndarray of float64, shape (n_all,)
        w_n = 1/2H for n = 0, else 1/H, 1/mm.
    n_solved : int
    """

    wavenumbers: FloatArray
    weights: FloatArray
    n_solved: int


def make_series(
    half_length_mm: float,
    largest_per_mm: float,
    contacts: Sequence[PlacedContact],
    gap_mm: float = math.inf,
) -> Series:
    """Lay out the series.

    Parameters
    ----------
    half_length_mm : float
        H, mm.
    largest_per_mm : float
        Largest solved wavenumber, 1/mm.
    contacts : sequence of PlacedContact
    gap_mm : float
        Smallest gap between contacts of metal, mm.

    Returns
    -------
    Series
    """
    step = np.pi / (2.0 * half_length_mm)
    shortest = min(contact.half_length_mm for contact in contacts)
    n_solved = math.ceil(largest_per_mm / step)
    reach = max(_TAIL * largest_per_mm, _TAIL_HALF_LENGTHS / shortest, _TAIL_GAPS / gap_mm)
    n_all = math.ceil(reach / step)
    weights = np.full(n_all, 1.0 / half_length_mm)
    weights[0] /= 2.0
    wavenumbers: FloatArray = step * np.arange(n_all, dtype=np.float64)
    return Series(wavenumbers, weights, n_solved)


@dataclass(frozen=True)
class ContactSolution:
    """Currents and potentials of contacts.

    Attributes
    ----------
    spectra : ndarray of float64, shape (n_contacts, n_moments, n_solved)
        For 1 mA in each contact, the transform of the current in every moment of every site, mA.
    matrix : ndarray of float64, shape (n_contacts, n_contacts)
        Potential of each contact per current of each, V/mA.
    """

    spectra: FloatArray
    matrix: FloatArray


def uniform_contacts(
    contacts: Sequence[PlacedContact],
    sites: Sequence[Site],
    series: Series,
    response: FloatArray,
    coats: Sequence[Coat],
) -> ContactSolution:
    """Give off 1 mA evenly from each contact alone; the others are absent.

    Parameters
    ----------
    contacts : sequence of PlacedContact
    sites : sequence of Site
    series : Series
    response : ndarray of float64, shape (n_moments, n_moments, n_solved)
        Moments of the potential per moment of the current at the solved wavenumbers, V·mm/mA.
    coats : sequence of Coat
        Tissue on each site.

    Returns
    -------
    ContactSolution
        The matrix holds mean potentials over the areas of contacts.
    """
    n_solved = series.n_solved
    spectra = np.zeros((len(contacts), len(response), n_solved))
    matrix = np.zeros((len(contacts), len(contacts)))
    bases = [
        even_transform(series.wavenumbers, contact.center_mm, contact.half_length_mm)
        for contact in contacts
    ]
    for row, (contact, basis) in enumerate(zip(contacts, bases, strict=True)):
        site = sites[contact.site]
        spectra[row, site.even_moment] = basis[0, :n_solved]
        for column, (other, basis_other) in enumerate(zip(contacts, bases, strict=True)):
            kernel = (
                series.weights[:n_solved]
                * response[site.even_moment, sites[other.site].even_moment]
            )
            matrix[row, column] = (basis[0, :n_solved] * kernel) @ basis_other[0, :n_solved]
            if other.site == contact.site:
                tail = series.weights[n_solved:] * bare_response(
                    site, series.wavenumbers[n_solved:], coats[contact.site], is_even=True
                )
                matrix[row, column] += (basis[0, n_solved:] * tail[0]) @ basis_other[0, n_solved:]
    return ContactSolution(spectra, matrix)


def equipotential_contacts(
    contacts: Sequence[PlacedContact],
    sites: Sequence[Site],
    series: Series,
    response: FloatArray,
    coats: Sequence[Coat],
) -> ContactSolution:
    """Give off 1 mA from each contact while all contacts are metal: one potential each, idle ones floating.

    Parameters
    ----------
    contacts, sites, series, response, coats
        As `uniform_contacts`.

    Returns
    -------
    ContactSolution

    Notes
    -----
    Unknowns are the amplitudes x of products of edge functions. A x is the potential weighted with each of them:
    Galerkin's conditions ask it to vanish for all but the first of each contact, whose amplitude is the current:
    x_1 = −A_11⁻¹ A_10 x_0, and the potentials are A_00 − A_01 A_11⁻¹ A_10.
    """
    groups = _group(contacts, sites, series, coats)
    matrix = np.block(
        [[_mutual(row, column, series, response) for column in groups] for row in groups]
    )
    offset = 0
    for group in groups:
        _replace_own(matrix, offset, group, (series, response))
        offset += group.size
    leading, order = _leading(groups)
    others = np.setdiff1d(np.arange(len(matrix)), leading)
    leading = leading[order]
    coupling = matrix[np.ix_(others, leading)]
    amplitudes = np.zeros((len(matrix), len(contacts)))
    amplitudes[leading, np.arange(len(contacts))] = 1.0
    amplitudes[others] = -np.linalg.solve(matrix[np.ix_(others, others)], coupling)
    potentials = matrix[np.ix_(leading, leading)] + coupling.T @ amplitudes[others]
    spectra = np.zeros((len(contacts), len(response), series.n_solved))
    offset = 0
    for group in groups:
        own = amplitudes[offset : offset + group.size].reshape(*group.shape, len(contacts))
        spectra[:, group.site.moments] = np.einsum(
            "fbd,fn->dbn", own, group.basis[:, : series.n_solved], optimize=True
        )
        offset += group.size
    return ContactSolution(spectra, potentials)


@dataclass(frozen=True)
class _Group:
    """The contacts of one site: their edge functions along z, one below the other.

    Attributes
    ----------
    site : Site
    members : tuple of int
        Which contacts.
    starts : tuple of int
        First row of each contact in `basis`.
    half_lengths_mm : tuple of float
        Of each contact.
    basis : ndarray of float64, shape (n_functions, n_all)
        Their transforms.
    bare : ndarray of float64, shape (n_pairs, n_all - n_solved // 2)
        Response of the site alone in its tissue to the shorter half of the solved waves and all beyond, for
        each of its `parity_pairs`, V·mm/mA.
    rest : ndarray of float64, shape (n_pairs,)
        What all still shorter waves add, times the half length of the contact, V·mm/mA.
    """

    site: Site
    members: tuple[int, ...]
    starts: tuple[int, ...]
    half_lengths_mm: tuple[float, ...]
    basis: FloatArray
    bare: FloatArray
    rest: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Functions along z and moments across."""
        return len(self.basis), self.site.count

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return len(self.basis) * self.site.count


def _group(
    contacts: Sequence[PlacedContact],
    sites: Sequence[Site],
    series: Series,
    coats: Sequence[Coat],
) -> list[_Group]:
    """Collect contacts by site; sites without contacts are left out."""
    groups = []
    for index, (site, coat) in enumerate(zip(sites, coats, strict=True)):
        members = [i for i, contact in enumerate(contacts) if contact.site == index]
        if not members:
            continue
        bases = _edge_bases([contacts[i] for i in members], series)
        group = _Group(
            site=site,
            members=tuple(members),
            starts=tuple(np.cumsum([0, *(len(basis) for basis in bases[:-1])]).tolist()),
            half_lengths_mm=tuple(contacts[i].half_length_mm for i in members),
            basis=np.concatenate(bases),
            bare=bare_response(site, series.wavenumbers[series.n_solved // 2 :], coat),
            rest=_far_rest(series, site, coat),
        )
        groups.append(group)
    return groups


def _edge_bases(contacts: Sequence[PlacedContact], series: Series) -> list[FloatArray]:
    """Transform the edge functions of contacts; Bessel functions once for each length."""
    shapes = {(contact.half_length_mm, contact.n_edge) for contact in contacts}
    amplitudes = {
        shape: edge_amplitudes(series.wavenumbers, half_length_mm=shape[0], n_edge=shape[1])
        for shape in shapes
    }
    return [
        edge_transforms(
            amplitudes[contact.half_length_mm, contact.n_edge],
            series.wavenumbers,
            contact.center_mm,
        )
        for contact in contacts
    ]


def _leading(groups: Sequence[_Group]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the unknowns that are the contacts' currents, and the order that sorts them by contact."""
    offset = 0
    leading: list[int] = []
    members: list[int] = []
    for group in groups:
        leading += [offset + start * group.site.count for start in group.starts]
        members += group.members
        offset += group.size
    return np.array(leading), np.argsort(members)


def _window(n_waves: int) -> FloatArray:
    """Fall as half a cosine from 1 at half the waves to 0 at the last.

    Between different contacts the sum over waves oscillates instead of converging; cut off sharply it rings by
    0.35 % of the mutual resistance.
    """
    phase = np.clip(2.0 * np.arange(n_waves) / (n_waves - 1) - 1.0, 0.0, 1.0)
    window: FloatArray = 0.5 + 0.5 * np.cos(np.pi * phase)
    return window


def _mutual(row: _Group, column: _Group, series: Series, response: FloatArray) -> FloatArray:
    """Weigh potentials of one site's functions by those of another, shape (row.size, column.size).

    Solved waves fade out where they become short. On one site the closed form fades in instead, and out again at its
    own end, far beyond: without it contacts 1 mm apart, edge to edge, would err by 1 % in their mutual resistance.
    """
    n_solved, half = series.n_solved, series.n_solved // 2
    window = _window(n_solved)
    kernel = response[row.site.moments, column.site.moments] * (series.weights[:n_solved] * window)
    if row is not column:
        return _weigh(row.basis[:, :n_solved], kernel, column.basis[:, :n_solved])
    fading = series.weights * _window(len(series.weights))
    fading[:n_solved] *= 1.0 - window
    tail = row.bare * fading[half:]
    for (i, j), bare in zip(row.site.parity_pairs, tail, strict=True):
        kernel[i, j, half:] += bare[: n_solved - half]
    matrix = _weigh(row.basis[:, :n_solved], kernel, row.basis[:, :n_solved])
    blocks = matrix.reshape(*row.shape, *row.shape)
    short = row.basis[:, n_solved:]
    for (i, j), bare in zip(row.site.parity_pairs, tail[:, n_solved - half :], strict=True):
        blocks[:, i, :, j] += (short * bare) @ short.T
    return matrix


def _weigh(basis: FloatArray, kernel: FloatArray, other: FloatArray) -> FloatArray:
    """Sum φ(n) S(b, b', n) φ'(n) over n.

    Parameters
    ----------
    basis, other : ndarray of float64, shapes (f, n) and (g, n)
    kernel : ndarray of float64, shape (b, b', n)

    Returns
    -------
    ndarray of float64, shape (f b, g b')
    """
    n_row, n_column = kernel.shape[:2]
    result = np.empty((len(basis), n_row, len(other), n_column))
    for index, row in enumerate(kernel):
        scaled = (basis[:, None, :] * row).reshape(-1, basis.shape[1])
        product = (scaled @ other.T).reshape(len(basis), n_column, len(other))
        result[:, index] = product.transpose(0, 2, 1)
    return result.reshape(len(basis) * n_row, len(other) * n_column)


def _replace_own(
    matrix: FloatArray, offset: int, group: _Group, solved: tuple[Series, FloatArray]
) -> None:
    """Replace the blocks of each contact with itself: no window, and all shorter waves in closed form."""
    series, response = solved
    n_solved, site = series.n_solved, group.site
    kernel = series.weights[:n_solved] * response[site.moments, site.moments]
    tail = (series.weights[n_solved // 2 :] * group.bare)[:, n_solved - n_solved // 2 :]
    for position, start in enumerate(group.starts):
        stop = [*group.starts, len(group.basis)][position + 1]
        basis, short = group.basis[start:stop, :n_solved], group.basis[start:stop, n_solved:]
        n_edge = len(basis)
        own = _weigh(basis, kernel, basis).reshape(n_edge, site.count, n_edge, site.count)
        order = np.arange(n_edge)
        mean = ((order[:, None] + order) % 2 == 0) / group.half_lengths_mm[position]
        for (i, j), bare, rest in zip(site.parity_pairs, tail, group.rest, strict=True):
            own[:, i, :, j] += (short * bare) @ short.T + rest * mean
        where = slice(offset + start * site.count, offset + stop * site.count)
        matrix[where, where] = own.reshape(n_edge * site.count, -1)


def _far_rest(series: Series, site: Site, coat: Coat) -> FloatArray:
    """Sum over the waves beyond the series, with the mean 1/(2πkc) of φ_p φ_p' for p, p' of equal parity.

    Returns
    -------
    ndarray of float64, shape (len(site.parity_pairs),)
        c (2/π)∫ S(k)/(2πkc) dk from halfway behind the last wave of the series, V·mm/mA.
    """
    step = series.wavenumbers[1]
    begin = math.log(series.wavenumbers[-1] + step / 2.0)
    log_k, spacing = np.linspace(begin, begin + math.log(_FAR_REACH), _FAR_STEPS, retstep=True)
    # dk/k = d log k takes the 1/k of the mean away.
    values = bare_response(site, np.exp(log_k), coat) / np.pi**2
    rest: FloatArray = spacing * (values.sum(axis=1) - 0.5 * (values[:, 0] + values[:, -1]))
    return rest
