"""Finite volumes on a rectilinear grid: conductances between cells, the matrix, interpolation.

Lengths are in mm and conductivities in S/m, so that conductances are in S/m · mm = mS. Arrays over cells or
faces have the axis that a line of sight runs along first, then the next two in the order x, y, z, x, y.
Grids, tissues and devices as objects belong to `scsim.fields`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, IntArray, kernel
from scsim.kernels.solids import TISSUE, Solids, find_part, metal_normal

BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]

_N_STEPS: Final = 8
"""Steps in which a line between two centers is searched for solids: thinner ones might be missed."""

_N_BISECTIONS: Final = 16
"""Halvings of the step in which a line enters a solid: to 2e-6 of the distance between centers."""

_ASIDE: Final = 1e-6
"""Least distance between a plate and a bound, as a share of the layer that the plate is in."""

_SMALLEST_GAP: Final = 0.01
"""Least distance between the center of a cell and metal, as a share of the distance between centers: a
smaller one only makes the matrix stiff."""


class Lines(NamedTuple):
    """Tissue along lines parallel to one axis.

    The line through sample a of the second axis and b of the third is `first[a] + second[b]`.

    Attributes
    ----------
    bounds : ndarray of float64, shape (n_lines, n_bounds) or (1, n_bounds)
        Where the tissue changes, mm, ascending; unused ones are infinite. One row serves all lines.
    tissue : ndarray of int16, shape (n_lines, n_bounds + 1)
        Tissue before, between and behind the bounds.
    resistivity : ndarray of float64, shape (n_tissues,)
        Along the lines, Ω·m.
    weight : ndarray of float64, shape (n_tissues,)
        Conductivity across the lines, S/m.
    sheet : ndarray of float64, shape (n_lines, n_bounds) or (0, 0)
        Resistance times area of a thin layer at each bound, mm/(S/m).
    first, second : ndarray of int64
    """

    bounds: FloatArray
    tissue: npt.NDArray[np.int16]
    resistivity: FloatArray
    weight: FloatArray
    sheet: FloatArray
    first: IntArray
    second: IntArray


class Samples(NamedTuple):
    """Where lines of sight run, along one axis and spread over the other two.

    Attributes
    ----------
    axis : int
        0, 1 or 2: along x, y or z.
    edges : ndarray of float64, shape (n + 1,)
        Edges of the cells along the axis, mm.
    first, second : ndarray of float64, shapes (n_first * m_first,), (n_second * m_second,)
        Positions of the lines along the next two axes, m per cell, mm.
    first_width, second_width : ndarray of float64, shapes (n_first,), (n_second,)
        Widths of the cells, mm.
    """

    axis: int
    edges: FloatArray
    first: FloatArray
    second: FloatArray
    first_width: FloatArray
    second_width: FloatArray


class Links(NamedTuple):
    """Connections between cells and metal, in the order in which they were found.

    Attributes
    ----------
    count : ndarray of int64, shape (1,)
        How many there are; more than there is room for means that the arrays must be longer.
    cell : ndarray of int64, shape (n, 3)
        Indices of the cell along the axis and the next two.
    contact : ndarray of int64, shape (n,)
    conductance : ndarray of float64, shape (n,)
        S/m · mm.
    area : ndarray of float64, shape (n,)
        Surface of the metal that faces the cell, mm².
    """

    count: IntArray
    cell: IntArray
    contact: IntArray
    conductance: FloatArray
    area: FloatArray


@kernel
def _first_bound(lines: Lines, row: int, start: float) -> int:
    """Find the first bound beyond a position."""
    n_bounds = lines.bounds.shape[1]
    low, high = 0, n_bounds
    while low < high:
        middle = (low + high) // 2
        if lines.bounds[row, middle] <= start:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def line_resistance(lines: Lines, line: int, start: float, end: float) -> float:
    """Integrate the resistivity of tissue along a part of a line.

    Parameters
    ----------
    lines : Lines
    line : int
    start, end : float
        mm, start < end.

    Returns
    -------
    float
        ∫ ρ ds and the sheets crossed, mm/(S/m).
    """
    row = line if lines.bounds.shape[0] > 1 else 0
    n_bounds = lines.bounds.shape[1]
    k = _first_bound(lines, row, start)
    total, at = 0.0, start
    while k < n_bounds and lines.bounds[row, k] < end:
        total += lines.resistivity[lines.tissue[line, k]] * (lines.bounds[row, k] - at)
        if lines.sheet.shape[0] > 0:
            total += lines.sheet[line, k]
        at = lines.bounds[row, k]
        k += 1
    return total + lines.resistivity[lines.tissue[line, k]] * (end - at)


@kernel
def plate_position(lines: Lines, line: int, low: float, high: float) -> float:
    """Find where on a line the potential of a cell stands.

    Where tissue of high and of low conductivity meet in a cell, most of the current that passes the cell
    sideways flows in the former: that is the part whose potential counts. In layers across the line, the
    potential is linear in r = ∫ ρ ds, so the sideways current is that of the mean of r, weighted with the
    conductivity across the line. With the plain center, a layer of CSF thinner than half a cell would be
    reached through the tissue beyond it, and a sheath of CSF would conduct as if it were thinner.

    Parameters
    ----------
    lines : Lines
    line : int
    low, high : float
        Ends of the cell on the line, mm.

    Returns
    -------
    float
        mm; the center where the tissue is the same all along. Never on a bound with a sheet.
    """
    row = line if lines.bounds.shape[0] > 1 else 0
    n_bounds = lines.bounds.shape[1]
    k = _first_bound(lines, row, low)
    if k == n_bounds or lines.bounds[row, k] >= high:
        return 0.5 * (low + high)
    first = k
    at, r, total, moment = low, 0.0, 0.0, 0.0
    while at < high:
        end = min(high, lines.bounds[row, k]) if k < n_bounds else high
        tissue = lines.tissue[line, k]
        step = lines.resistivity[tissue] * (end - at)
        share = lines.weight[tissue] * (end - at)
        moment += share * (r + 0.5 * step)
        total += share
        r += step
        if lines.sheet.shape[0] > 0 and end < high:
            r += lines.sheet[line, k]
        at = end
        k += 1
    wanted = moment / total
    at, r, k = low, 0.0, first
    while True:
        end = min(high, lines.bounds[row, k]) if k < n_bounds else high
        step = lines.resistivity[lines.tissue[line, k]] * (end - at)
        if r + step >= wanted or end >= high:
            return at + (end - at) * min(1.0 - _ASIDE, max(_ASIDE, (wanted - r) / step))
        r += step
        if lines.sheet.shape[0] > 0:
            r += lines.sheet[line, k]
        at = end
        k += 1


@kernel
def face_conductances(samples: Samples, lines: Lines, out: FloatArray) -> None:
    """Compute the conductances between neighboring cells along one axis, where no solid is near.

    G = Σ over lines of (area of the line) / ∫ ρ ds between the centers: resistances in series along a line,
    lines in parallel.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    out : ndarray of float64, shape (n - 1, n_first, n_second)
        Filled, S/m · mm.
    """
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    for i in range(out.shape[0]):
        low, middle, high = samples.edges[i], samples.edges[i + 1], samples.edges[i + 2]
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                total = 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    for b in range(k * m_second, (k + 1) * m_second):
                        line = lines.first[a] + lines.second[b]
                        start = plate_position(lines, line, low, middle)
                        end = plate_position(lines, line, middle, high)
                        total += 1.0 / line_resistance(lines, line, start, end)
                area = samples.first_width[j] * samples.second_width[k] / (m_first * m_second)
                out[i, j, k] = total * area


@kernel
def cell_places(
    samples: Samples, lines: Lines, out: FloatArray, tissue: npt.NDArray[np.int16]
) -> None:
    """Find where along an axis the potential of each cell stands, and in which tissue.

    Both follow from the conductance across the lines: the mean of the plates' positions weighted with that of
    each line, and the tissue with the largest share of it.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    out : ndarray of float64, shape (n, n_first, n_second)
        Filled, mm.
    tissue : ndarray of int16, shape (n, n_first, n_second)
        Filled.
    """
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    n_bounds = lines.bounds.shape[1]
    shares = np.zeros(lines.weight.shape[0])
    for i in range(out.shape[0]):
        low, high = samples.edges[i], samples.edges[i + 1]
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                shares[:] = 0.0
                moment, total = 0.0, 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    for b in range(k * m_second, (k + 1) * m_second):
                        line = lines.first[a] + lines.second[b]
                        row = line if lines.bounds.shape[0] > 1 else 0
                        bound = _first_bound(lines, row, low)
                        at, own = low, 0.0
                        while at < high:
                            end = high
                            if bound < n_bounds:
                                end = min(high, lines.bounds[row, bound])
                            number = lines.tissue[line, bound]
                            share = lines.weight[number] * (end - at)
                            shares[number] += share
                            own += share
                            at = end
                            bound += 1
                        moment += own * plate_position(lines, line, low, high)
                        total += own
                out[i, j, k] = moment / total
                tissue[i, j, k] = np.argmax(shares)


@kernel
def _part(solids: Solids, axis: int, along: float, first: float, second: float) -> int:
    """Say what is at a point given by its coordinates along an axis and the next two."""
    if axis == 0:
        return find_part(solids, along, first, second)
    if axis == 1:
        return find_part(solids, second, along, first)
    return find_part(solids, first, second, along)


@kernel
def _slant(
    solids: Solids, contact: int, axis: int, along: float, first: float, second: float
) -> float:
    """Give the size of a component of the unit normal of a contact's surface."""
    kind, p = solids.metal_kind[contact], solids.metal[contact]
    if axis == 0:
        return abs(metal_normal(kind, p, along, first, second)[0])
    if axis == 1:
        return abs(metal_normal(kind, p, second, along, first)[1])
    return abs(metal_normal(kind, p, first, second, along)[2])


@kernel
def _entry(
    solids: Solids, axis: int, first: float, second: float, ends: tuple[float, float]
) -> tuple[float, int]:
    """Find where a line that starts in tissue enters the first solid, by steps and bisection.

    Returns the position and what lies there, or the end and `TISSUE`.
    """
    start, end = ends
    outside = start
    for step in range(1, _N_STEPS + 1):
        inside = start + (end - start) * step / _N_STEPS
        part = _part(solids, axis, inside, first, second)
        if part != TISSUE:
            for _ in range(_N_BISECTIONS):
                middle = 0.5 * (outside + inside)
                found = _part(solids, axis, middle, first, second)
                if found == TISSUE:
                    outside = middle
                else:
                    inside, part = middle, found
            return inside, part
        outside = inside
    return end, TISSUE


@kernel
def _add_link(links: Links, cell: tuple[int, int, int], found: tuple[int, float, float]) -> None:
    """Note a connection between a cell and metal: contact, conductance, area; nothing where there is none."""
    if found[0] < 0:
        return
    n = links.count[0]
    if n < links.contact.shape[0]:
        links.cell[n, 0], links.cell[n, 1], links.cell[n, 2] = cell
        links.contact[n], links.conductance[n], links.area[n] = found
    links.count[0] = n + 1


@kernel
def cut_conductances(
    samples: Samples, lines: Lines, solids: Solids, near: BoolArray, out: FloatArray, links: Links
) -> None:
    """Compute the conductances between neighboring cells, and between cells and metal, near solids.

    A line that meets a solid between two centers connects nothing if the solid is insulating there; if it
    is metal, it connects the cell with the contact. A line whose start lies in a solid connects the cell
    at its end alone. A line of cross-section dA that meets metal whose normal makes an angle φ with it meets
    a surface dA / cos φ; lines of all three axes meet the same surface, so each counts cos² φ of it.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    solids : Solids
    near : ndarray of bool, shape (n, n_first, n_second)
        Cells that a solid may cut or fill; faces between others are left alone.
    out : ndarray of float64, shape (n - 1, n_first, n_second)
        Overwritten where a cell beside the face is near a solid, S/m · mm.
    links : Links
        Filled.
    """
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    axis = samples.axis
    for i in range(out.shape[0]):
        edges = samples.edges[i : i + 3]
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                if not (near[i, j, k] or near[i + 1, j, k]):
                    continue
                area = samples.first_width[j] * samples.second_width[k] / (m_first * m_second)
                total = 0.0
                below, below_g, below_area = TISSUE, 0.0, 0.0
                above, above_g, above_area = TISSUE, 0.0, 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    first = samples.first[a]
                    for b in range(k * m_second, (k + 1) * m_second):
                        second = samples.second[b]
                        line = lines.first[a] + lines.second[b]
                        low = plate_position(lines, line, edges[0], edges[1])
                        high = plate_position(lines, line, edges[1], edges[2])
                        gap = _SMALLEST_GAP * (high - low)
                        at_low = _part(solids, axis, low, first, second)
                        at_high = _part(solids, axis, high, first, second)
                        if at_low == TISSUE:
                            end, part = _entry(solids, axis, first, second, (low, high))
                            if part == TISSUE:
                                total += area / line_resistance(lines, line, low, high)
                                continue
                            if part >= 0:
                                if part != below:
                                    _add_link(links, (i, j, k), (below, below_g, below_area))
                                    below, below_g, below_area = part, 0.0, 0.0
                                below_g += area / line_resistance(
                                    lines, line, low, max(end, low + gap)
                                )
                                below_area += area * _slant(solids, part, axis, end, first, second)
                        if at_high == TISSUE:
                            end, part = _entry(solids, axis, first, second, (high, low))
                            if part >= 0:
                                if part != above:
                                    _add_link(links, (i + 1, j, k), (above, above_g, above_area))
                                    above, above_g, above_area = part, 0.0, 0.0
                                above_g += area / line_resistance(
                                    lines, line, min(end, high - gap), high
                                )
                                above_area += area * _slant(solids, part, axis, end, first, second)
                _add_link(links, (i, j, k), (below, below_g, below_area))
                _add_link(links, (i + 1, j, k), (above, above_g, above_area))
                out[i, j, k] = total


@kernel
def number_cells(
    gx: FloatArray, gy: FloatArray, gz: FloatArray, ground: FloatArray, out: Int32Array
) -> int:
    """Number the cells that are connected with anything; the others lie in solids.

    Parameters
    ----------
    gx, gy, gz : ndarray of float64, shapes (nx - 1, ny, nz), (nx, ny - 1, nz), (nx, ny, nz - 1)
        Conductances between neighbors, S/m · mm.
    ground : ndarray of float64, shape (nx, ny, nz)
        Conductances to the grounded border and to metal, S/m · mm.
    out : ndarray of int32, shape (nx, ny, nz)
        Filled: number of the unknown, -1 for none.

    Returns
    -------
    int
        How many unknowns there are.
    """
    nx, ny, nz = out.shape
    count = 0
    for i in range(nx):
        for j in range(ny):
            for k in range(nz):
                total = ground[i, j, k]
                total += gx[i - 1, j, k] if i > 0 else 0.0
                total += gx[i, j, k] if i < nx - 1 else 0.0
                total += gy[i, j - 1, k] if j > 0 else 0.0
                total += gy[i, j, k] if j < ny - 1 else 0.0
                total += gz[i, j, k - 1] if k > 0 else 0.0
                total += gz[i, j, k] if k < nz - 1 else 0.0
                if total > 0.0:
                    out[i, j, k] = count
                    count += 1
                else:
                    out[i, j, k] = -1
    return count


@kernel
def _put(
    number: Int32Array,
    at: tuple[int, int, int],
    conductance: float,
    indices: Int32Array,
    data: FloatArray,
    n: int,
) -> int:
    """Write an off-diagonal entry, if there is a connection."""
    if conductance > 0.0 and number[at] >= 0:
        indices[n] = number[at]
        data[n] = -conductance
        return n + 1
    return n


@kernel
def assemble(
    g: tuple[FloatArray, FloatArray, FloatArray],
    ground: FloatArray,
    links: tuple[Int32Array, Int32Array, FloatArray],
    number: Int32Array,
    indptr: Int32Array,
    indices: Int32Array,
    data: FloatArray,
) -> int:
    """Assemble the matrix of the cells and the contacts' columns in their rows.

    Parameters
    ----------
    g : tuple of 3 ndarrays of float64
        As in `number_cells`.
    ground : ndarray of float64, shape (nx, ny, nz)
        Added to the diagonal, S/m · mm.
    links : tuple of ndarrays
        Connections with contacts as rows of a sparse matrix: shape (n_cells + 1,), then column (the number
        of the contact's unknown) and conductance of each entry, S/m · mm.
    number : ndarray of int32, shape (nx, ny, nz)
    indptr, indices, data : ndarrays
        Filled: compressed rows of the cells, columns ascending.

    Returns
    -------
    int
        Entries written.
    """
    gx, gy, gz = g
    nx, ny, nz = number.shape
    n, row = 0, 0
    for i in range(nx):
        for j in range(ny):
            for k in range(nz):
                if number[i, j, k] < 0:
                    continue
                indptr[row] = n
                below = gx[i - 1, j, k] if i > 0 else 0.0
                above = gx[i, j, k] if i < nx - 1 else 0.0
                left = gy[i, j - 1, k] if j > 0 else 0.0
                right = gy[i, j, k] if j < ny - 1 else 0.0
                back = gz[i, j, k - 1] if k > 0 else 0.0
                front = gz[i, j, k] if k < nz - 1 else 0.0
                n = _put(number, (i - 1, j, k), below, indices, data, n)
                n = _put(number, (i, j - 1, k), left, indices, data, n)
                n = _put(number, (i, j, k - 1), back, indices, data, n)
                indices[n] = row
                data[n] = below + above + left + right + back + front + ground[i, j, k]
                n += 1
                n = _put(number, (i, j, k + 1), front, indices, data, n)
                n = _put(number, (i, j + 1, k), right, indices, data, n)
                n = _put(number, (i + 1, j, k), above, indices, data, n)
                for entry in range(links[0][row], links[0][row + 1]):
                    indices[n] = links[1][entry]
                    data[n] = -links[2][entry]
                    n += 1
                row += 1
    indptr[row] = n
    return n
