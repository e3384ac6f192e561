"""The reduced basis of a section: solutions at a dozen wavenumbers that span those at all others.

What a section is, and what is done with its basis, belongs in ``spectral.py``; matrices of elements are in
``elements.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Disc
from scsim.fields.canal.elements import assemble, harmonic_loads, strip_loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.bodies import Body
    from scsim.fields.canal.edges import Site
    from scsim.fields.canal.section import SectionMesh
    from scsim.tissue.materials import Conductivities

FloatArray = npt.NDArray[np.float64]

_SMALLEST_WAVES: Final = (0.8, 2.0)
"""Smallest wavenumbers of snapshots but 0, times the half width of the domain (no unit): 0.02 and 0.05 /mm in a box
of ±40 mm. From 0.15 /mm on, the potential would be off by 1 to 5 %."""

_SNAPSHOT_RATIO: Final = 1.6
"""Ratio of a snapshot's wavenumber to the one before (no unit): 12 from 0.05 to 8 /mm, at which the reduced basis errs
less than the elements; 10 would leave 0.2 to 0.5 % in the second difference."""

_DROP: Final = 1e-10
"""Singular value of the normalized snapshots, relative to the largest, below which a direction is dropped (no unit)."""

_ON_BODY: Final = 1e-7
"""Distance of a node from a body's surface that is rounding, relative to the size of the strip (no unit)."""


def snapshot_wavenumbers(half_width_mm: float, largest_per_mm: float) -> FloatArray:
    """Choose the wavenumbers that are solved: 0, one very small, then even in the logarithm.

    Parameters
    ----------
    half_width_mm : float
        Half width of the domain, mm: its first modes need the smallest.
    largest_per_mm : float
        Largest wavenumber, 1/mm.

    Returns
    -------
    ndarray of float64, shape (n,)
        1/mm.
    """
    least, first = (value / half_width_mm for value in _SMALLEST_WAVES)
    n_steps = max(1, math.ceil(math.log(largest_per_mm / first) / math.log(_SNAPSHOT_RATIO)))
    return np.array([0.0, least, *np.geomspace(first, largest_per_mm, n_steps + 1)])


def solve_section(
    mesh: SectionMesh,
    conductivities: Conductivities,
    bodies: Sequence[Body],
    sites: Sequence[Site],
    largest_per_mm: float,
) -> dict[str, npt.NDArray[Any]]:
    """Compute the reduced basis of a meshed section.

    Parameters
    ----------
    mesh : SectionMesh
    conductivities : Conductivities
    bodies : sequence of Disc or Slab
    sites : sequence of Site
        Where metal can be.
    largest_per_mm : float
        Largest wavenumber, 1/mm.

    Returns
    -------
    dict of str to ndarray
        As `scsim.fields.canal.spectral.SectionProblem.solve` describes.
    """
    pairs = np.array([conductivities[tissue] for tissue in mesh.tissues])
    across, along = pairs[mesh.tissue].T
    sheets = [conductivities[s.tissue][0] / s.thickness_mm for s in mesh.sheets]
    matrices = assemble(mesh, across, along, np.array(sheets))
    loads = site_loads(mesh, bodies, sites)
    is_free = np.ones(len(mesh.points_mm), dtype=np.bool_)
    is_free[mesh.outer_nodes] = False
    (free,) = np.nonzero(is_free)
    half_width = float(np.abs(mesh.points_mm).max())
    wavenumbers = snapshot_wavenumbers(half_width, largest_per_mm)
    eigenvalues, reduced = reduced_basis(matrices[free][:, free], loads[free], wavenumbers)
    modes = np.zeros((len(mesh.points_mm), len(eigenvalues)))
    modes[free] = reduced
    empty = np.zeros((0, 3), dtype=np.int32)
    return {
        "points_mm": mesh.points_mm,
        "triangles": mesh.triangles,
        "tissue": mesh.tissue,
        "outer_nodes": mesh.outer_nodes,
        "sheet_inside": np.concatenate([empty, *(s.inside for s in mesh.sheets)]),
        "sheet_outside": np.concatenate([empty, *(s.outside for s in mesh.sheets)]),
        "eigenvalues_per_mm2": eigenvalues,
        "modes": modes,
        "moments": loads.T @ modes,
        "site_s_per_m": _conductivity_on(mesh, pairs, loads, sites),
    }


def reduced_basis(
    matrices: Any, loads: FloatArray, wavenumbers: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Solve at some wavenumbers and reduce the section's problem to what these solutions span.

    Parameters
    ----------
    matrices : scipy.sparse.csc_matrix of complex128, shape (n, n)
        K + iM, as `scsim.fields.canal.elements.assemble` gives them.
    loads : ndarray of float64, shape (n, b)
    wavenumbers : ndarray of float64, shape (n_snapshots,)
        1/mm.

    Returns
    -------
    eigenvalues : ndarray of float64, shape (m,)
        λ of K e = λ M e in the basis, 1/mm², ascending.
    modes : ndarray of float64, shape (n, m)
        e, with eᵀ M e = 1.

    Notes
    -----
    A reduced basis of snapshots (Quarteroni, Manzoni and Negri 2016, chapters 3 and 6), here exact at the snapshots.
    The singular values of their triangular factor choose the basis: eigenvalues of the Gram matrix, which squares
    small parts, stop gaining accuracy with more snapshots. (Pivoted QR chooses as well, but column by column: with
    more threads than idle cores it took 1 s instead of 0.02 s.)
    """
    from scipy.linalg import eigh, qr, svd  # noqa: PLC0415 - the config imports the fields, and must stay light
    from scipy.sparse import csc_matrix  # noqa: PLC0415

    # A column order found once serves all wavenumbers: the pattern is the same (a fifth of the time).
    stiffness = csc_matrix(
        (matrices.data.real.copy(), matrices.indices, matrices.indptr), shape=matrices.shape
    )
    order = np.argsort(_factorize(stiffness, "MMD_AT_PLUS_A").perm_c)
    matrices = matrices[order][:, order].tocsc()
    matrices.sort_indices()
    right = loads[order]
    stiff, mass = (
        csc_matrix((values.copy(), matrices.indices, matrices.indptr), shape=matrices.shape)
        for values in (matrices.data.real, matrices.data.imag)
    )
    snapshots = []
    system = stiff.copy()
    for k in wavenumbers:
        system.data = stiff.data + k * k * mass.data
        solution = _factorize(system, "NATURAL").solve(right)
        snapshots.append(solution / np.linalg.norm(solution, axis=0))
    columns, triangle = qr(np.hstack(snapshots), mode="economic")
    left, size, _ = svd(triangle)
    basis = columns @ left[:, size > _DROP * size[0]]
    small = [basis.T @ (matrix @ basis) for matrix in (stiff, mass)]
    eigenvalues, vectors = eigh(*((matrix + matrix.T) / 2.0 for matrix in small))
    modes = np.empty((len(order), len(eigenvalues)))
    modes[order] = basis @ vectors
    return eigenvalues, modes


def _factorize(matrix: Any, order: str) -> Any:
    """Factorize a symmetric positive definite matrix; its columns are ordered by `order`."""
    from scipy.sparse import linalg  # noqa: PLC0415 - the config imports the fields, and must stay light

    splu: Any = linalg.splu  # its stub tells the orders apart by literal strings
    # Without pivoting the symmetric order keeps its fill: half of that of the default order.
    return splu(matrix, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def site_loads(mesh: SectionMesh, bodies: Sequence[Body], sites: Sequence[Site]) -> FloatArray:
    """Give the moments of every shape function on every site, shape (n_nodes, n_moments)."""
    loads = []
    for site in sites:
        body, edges = bodies[site.body], mesh.body_edges[site.body]
        if isinstance(body, Disc):
            own = harmonic_loads(mesh.points_mm, edges, body, max(site.harmonics))
            loads.append(own[:, : site.count])
        else:
            loads.append(strip_loads(mesh.points_mm, edges, body, site.column, site.count))
    return np.hstack(loads)


def _conductivity_on(
    mesh: SectionMesh, pairs: FloatArray, loads: FloatArray, sites: Sequence[Site]
) -> FloatArray:
    """Give the conductivity across and along z of the tissue on each site, S/m, shape (n_sites, 2)."""
    found = []
    for site in sites:
        on_site = np.flatnonzero(loads[:, site.even_moment])
        # Only triangles with a whole edge on the site: three nodes.
        touches = np.isin(mesh.triangles, on_site).sum(axis=1) >= 3
        found.append(pairs[mesh.tissue[touches]].mean(axis=0))
    return np.array(found)
