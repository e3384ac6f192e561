"""The potential around a cuff for one angular mode: elements across the nerve, exact along it.

The regions below, inside and above a cuff are each the same all along. Inside a region the elements across
give (K + m² R) x = λ M x; along z each such radial mode obeys -w'' + λ w = q, which exponentials solve. The
regions meet at the two ends of the cuff, where one dense system makes potential and current continuous.
Contacts are in ``cuff_contacts.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import linalg

if TYPE_CHECKING:
    from scsim.fields.cuffs.cuff_grid import CuffGrid

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SLOWEST_PER_MM: Final = 1e-7
"""Rate that stands for 0, 1/mm: over a cuff's length it changes nothing, and formulas need no second form."""


@dataclass(frozen=True)
class RadialModes:
    """Radial modes of one region: vectors x_j with xᵀ M x = 1 and λ_j.

    Attributes
    ----------
    free : ndarray of int64, shape (n,)
        Nodes of the region that are not grounded.
    vectors : ndarray of float64, shape (n, n)
        One mode per column.
    rates : ndarray of float64, shape (n,)
        sqrt(λ_j), 1/mm.
    mass : ndarray of float64, shape (n, n)
        M of the region's free nodes.
    """

    free: IntArray
    vectors: FloatArray
    rates: FloatArray
    mass: FloatArray


@dataclass(frozen=True)
class AxialModes:
    """Modes along the cuff with potential 0 at both of its ends: Kz y = μ Mz y, yᵀ Mz y = 1.

    Attributes
    ----------
    nodes : ndarray of int64, shape (n,)
        Nodes of the cuff's length, of the grid's line along z.
    depth_low, depth_high : ndarray of float64, shape (n,)
        Distance of the nodes from the lower and upper end of the cuff, mm.
    vectors : ndarray of float64, shape (n, n - 2)
        One mode per column, 0 at both ends.
    squares : ndarray of float64, shape (n - 2,)
        μ, 1/mm².
    """

    nodes: IntArray
    depth_low: FloatArray
    depth_high: FloatArray
    vectors: FloatArray
    squares: FloatArray


@dataclass(frozen=True)
class ModeSolution:
    """What the wall's current densities do in one angular mode.

    Attributes
    ----------
    angular : int
        m.
    grid : CuffGrid
    inner, outer : RadialModes
        Of the cuff's length and of the lengths beyond it.
    coupling : ndarray of float64, shape (n_inner, n_outer)
        Outer modes in terms of the inner ones at the ends of the cuff.
    traces : ndarray of float64, shape (2, n_outer, n_functions)
        Outer modes at the lower and upper end of the cuff, per function.
    wall : ndarray of float64, shape (n_functions, n_functions)
        bᵀ K⁻¹ b: potential on the wall, mm/S·m.
    """

    angular: int
    grid: CuffGrid
    inner: RadialModes
    outer: RadialModes
    coupling: FloatArray
    traces: FloatArray
    wall: FloatArray


def axial_modes(grid: CuffGrid) -> AxialModes:
    """Diagonalize the direction along the cuff, once for all angular modes."""
    first, last = grid.cuff_elements
    table = grid.along.table[first:last]
    _, weights, values, slopes = grid.along.quadrature()
    w, s = weights[first:last], slopes[first:last]
    stiffness = np.einsum("eq,eqi,eqj->eij", w, s, s)
    mass = np.einsum("eq,qi,qj->eij", w, values, values)
    nodes = np.arange(table[0, 0], table[-1, -1] + 1)
    size = len(nodes)
    dense = np.zeros((2, size, size))
    for element, local in enumerate(table - nodes[0]):
        dense[0][np.ix_(local, local)] += stiffness[element]
        dense[1][np.ix_(local, local)] += mass[element]
    squares, inner = linalg.eigh(dense[0][1:-1, 1:-1], dense[1][1:-1, 1:-1])
    vectors = np.zeros((size, size - 2))
    vectors[1:-1] = inner
    z = grid.along.nodes[nodes]
    return AxialModes(nodes, z - z[0], z[-1] - z, vectors, squares)


def radial_modes(grid: CuffGrid, sigma: FloatArray, angular: int) -> RadialModes:
    """Diagonalize the direction across one region.

    Parameters
    ----------
    grid : CuffGrid
    sigma : ndarray of float64, shape (n_elements, 2)
        `grid.inside` or `grid.outside`, S/m.
    angular : int
        m of cos mφ and sin mφ.

    Notes
    -----
    K + m² R = ∫ σt (u' v' + m² u v / r²) r dr + (σ/t) r [u] [v] on the sheet, M = ∫ σz u v r dr; u = 0 on the
    border, and on the axis for m > 0.
    """
    radius, weights, values, slopes = grid.across.quadrature()
    conducts = np.isfinite(sigma[:, 0])
    across, along = np.where(conducts[:, None], sigma, 0.0).T
    stiffness = np.einsum(
        "e,eq,eqi,eqj->eij", across, weights * radius, slopes, slopes, optimize=True
    )
    if angular:
        stiffness += angular**2 * np.einsum(
            "e,eq,qi,qj->eij", across, weights / radius, values, values, optimize=True
        )
    mass = np.einsum("e,eq,qi,qj->eij", along, weights * radius, values, values, optimize=True)
    total = grid.across.assemble(stiffness)
    if grid.sheet_node >= 0:
        pair = [grid.sheet_node, grid.sheet_node + 1]
        conductance = grid.sheet_s_per_m_mm * grid.across.nodes[grid.sheet_node]
        total[np.ix_(pair, pair)] += conductance * np.array([[1.0, -1.0], [-1.0, 1.0]])
    free = np.unique(grid.across.table[conducts])
    free = free[(free < len(grid.across.nodes) - 1) & ((free > 0) | (angular == 0))]
    own = np.ix_(free, free)
    own_mass = grid.across.assemble(mass)[own]
    # The slow modes matter most, and inside the cuff one has λ = 0: so θ = 1 / (λ + shift) is solved for, whose
    # rounding errors are relative to the largest θ.
    shift = 1.0 / grid.across.nodes[grid.wall_node] ** 2
    inverse, vectors = linalg.eigh(own_mass, total[own] + shift * own_mass)
    rates = np.sqrt(np.maximum(1.0 / inverse - shift, _SLOWEST_PER_MM**2))
    return RadialModes(free, vectors / np.sqrt(inverse), rates, own_mass)


def solve_mode(
    grid: CuffGrid, axial: AxialModes, moments: FloatArray, angular: int
) -> ModeSolution:
    """Solve one angular mode for all functions of current density on the inner wall.

    Parameters
    ----------
    grid : CuffGrid
    axial : AxialModes
    moments : ndarray of float64, shape (n_cuff_nodes, n_functions)
        Densities integrated against the polynomials along the cuff.
    angular : int
        m.

    Notes
    -----
    Inside the cuff, w = w0 + g₋ sinh κ(z₊ - z) / sinh κL + g₊ sinh κ(z - z₋) / sinh κL, with w0 = 0 at both
    ends; beyond it, w = g sinh κ(H - |z|) / sinh κ(H - L/2). The current into each end is s g, with
    s = κ coth κl, and -κ / sinh κL between the two ends.
    """
    inner = radial_modes(grid, grid.inside, angular)
    outer = radial_modes(grid, grid.outside, angular)
    shared = np.searchsorted(outer.free, inner.free)
    coupling = inner.vectors.T @ (inner.mass @ outer.vectors[shared])
    wall = inner.vectors[np.searchsorted(inner.free, grid.wall_node)]
    length = axial.depth_low[-1]
    low, high = (
        _rises(inner.rates, axial.depth_high, length),
        _rises(inner.rates, axial.depth_low, length),
    )
    # The current that the functions drive into grounded ends, by reciprocity with unit potential there.
    currents = np.stack([wall[:, None] * (low @ moments), wall[:, None] * (high @ moments)])
    n_outer = len(outer.rates)
    ends = (grid.along.breaks[grid.cuff_elements[0]], grid.along.breaks[grid.cuff_elements[1]])
    beyond = (ends[0] - grid.along.breaks[0], grid.along.breaks[-1] - ends[1])
    own = coupling.T @ (_self_admittance(inner.rates, length)[:, None] * coupling)
    mutual = coupling.T @ (_mutual_admittance(inner.rates, length)[:, None] * coupling)
    system = np.empty((2 * n_outer, 2 * n_outer))
    for k in (0, 1):
        part = slice(k * n_outer, (k + 1) * n_outer)
        other = slice((1 - k) * n_outer, (2 - k) * n_outer)
        system[part, part] = own + np.diag(_self_admittance(outer.rates, beyond[k]))
        system[part, other] = -mutual
    driven = np.concatenate([coupling.T @ currents[0], coupling.T @ currents[1]])
    traces = linalg.solve(system, driven, assume_a="pos").reshape(2, n_outer, -1)
    projected = axial.vectors.T @ moments
    weight = np.sum(wall[:, None] ** 2 / (inner.rates[:, None] ** 2 + axial.squares), axis=0)
    potential = projected.T @ (weight[:, None] * projected)
    potential += driven.T @ traces.reshape(2 * n_outer, -1)
    return ModeSolution(angular, grid, inner, outer, coupling, traces, potential)


def tabulate_mode(
    solution: ModeSolution, axial: AxialModes, moments: FloatArray, weights: FloatArray
) -> FloatArray:
    """Tabulate the potential of sums of densities on the grid.

    Parameters
    ----------
    solution : ModeSolution
    axial : AxialModes
    moments : ndarray of float64, shape (n_cuff_nodes, n_functions)
    weights : ndarray of float64, shape (n_functions, n_contacts, 2)
        Weight of each function in the cosine and the sine part of each contact.

    Returns
    -------
    ndarray of float64, shape (n_contacts, 2, n_across_nodes, n_along_nodes)
        mA per S/m and mm; 0 in the insulator.
    """
    grid, inner, outer = solution.grid, solution.inner, solution.outer
    sums = weights.reshape(len(weights), -1)
    traces = np.einsum("ejf,fs->esj", solution.traces, sums)
    table = np.zeros((sums.shape[1], len(grid.across.nodes), len(grid.along.nodes)))
    first, last = axial.nodes[0], axial.nodes[-1] + 1
    z = grid.along.nodes
    sides = (
        (slice(0, first), z[:first] - z[0], z[first - 1] - z[0]),
        (slice(last, None), z[-1] - z[last:], z[-1] - z[last]),
    )
    for trace, (nodes, distance, length) in zip(traces, sides, strict=True):
        rises = _rises(outer.rates, distance, length)
        for k, amplitude in enumerate(trace):
            table[k, outer.free, nodes] = (outer.vectors * amplitude) @ rises
    low, high = (
        _rises(inner.rates, depth, axial.depth_low[-1])
        for depth in (axial.depth_high, axial.depth_low)
    )
    wall = inner.vectors[np.searchsorted(inner.free, grid.wall_node)]
    projected = (axial.vectors.T @ (moments @ sums)).T
    shares = wall[:, None] / (inner.rates[:, None] ** 2 + axial.squares)
    at_ends = traces @ solution.coupling.T
    for k, along_modes in enumerate(projected):
        along = (shares * along_modes) @ axial.vectors.T
        along += at_ends[0, k][:, None] * low + at_ends[1, k][:, None] * high
        table[k, inner.free, first:last] = inner.vectors @ along
    return table.reshape(*weights.shape[1:], *table.shape[1:])


def _rises(rates: FloatArray, distance: FloatArray, length: float) -> FloatArray:
    """Give sinh κd / sinh κl without overflow, shape (n_rates, n_distances)."""
    kappa = rates[:, None]
    rises: FloatArray = (
        np.exp(-kappa * (length - distance))
        * np.expm1(-2.0 * kappa * distance)
        / np.expm1(-2.0 * kappa * length)
    )
    return rises


def _self_admittance(rates: FloatArray, length: float) -> FloatArray:
    """Give κ coth κl, 1/mm."""
    return rates / np.tanh(rates * length)


def _mutual_admittance(rates: FloatArray, length: float) -> FloatArray:
    """Give κ / sinh κl without overflow, 1/mm."""
    return -2.0 * rates * np.exp(-rates * length) / np.expm1(-2.0 * rates * length)
