"""Finite volumes on a rectilinear grid: which tissue a cell stands for, conductances, the matrix.

Lengths are in mm and conductivities in S/m, so that conductances are in S/m · mm = mS. Arrays over cells or
faces have the axis that a line of sight runs along first, then the next two in the order x, y, z, x, y.
Grids, tissues and devices as objects belong to `scsim.fields`, interpolation to ``stencils.py``.

A cell that holds several tissues stands for one of them, its *kind*: its unknown is the potential of that
tissue, continued to the center of the cell. Current along an interface then flows through as much of a face as
its tissue takes up, and current across it meets the resistances in series between the two centers. Both are
exact where the potential is linear on either side. To let each line of sight between two centers carry current
by itself is simpler, and was measured to be wrong by three times as much: on lines that cross an interface at
an angle, the good conductor beside it never got the current that flows along it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scsim.kernels.jit import FloatArray, IntArray, inline_kernel, kernel
from scsim.kernels.solids import CUT, FULL, TISSUE, Solids, distance_to_any, find_part, metal_normal

BoolArray = npt.NDArray[np.bool_]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]

_N_STEPS: Final = 4
"""Steps in which a line between two centers is searched for solids: thinner ones might be missed."""

_N_BISECTIONS: Final = 16
"""Halvings of the step in which a line enters a solid: to 2e-6 of the distance between centers."""

_SEARCH_CELLS: Final = 4.0
"""How far an interface is looked for beyond two cells, in widths of a cell: where it is nearly parallel to the line
it lies far, and less is exchanged along the line than without. Measured on the canal at 0.25 mm: with 0 the
potential just inside the cord is 1.2 % too high, with 1 to 12 within 0.4 %."""

_SMALLEST_GAP: Final = 0.02
"""Least distance between the center of a cell and metal, as a share of half a cell: a smaller one only makes the
matrix stiff."""

_LEAST_SERIES: Final = 0.1
"""Least resistance between cells of different kinds, as a share of that of the better conductor all the way."""


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
        How much a tissue counts for what a cell stands for, per volume (no unit).
    sheet : ndarray of float64, shape (n_lines, n_bounds) or (0, 0)
        Resistance times area of a thin layer at each bound, mm/(S/m).
    first, second : ndarray of int64
    """

    bounds: FloatArray
    tissue: Int16Array
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
    n_found : ndarray of int64, shape (1,)
        How many there are; more than there is room for means that the arrays must be longer.
    cell : ndarray of int64, shape (n, 3)
        Indices of the cell along the axis and the next two.
    contact : ndarray of int64, shape (n,)
    conductance : ndarray of float64, shape (n,)
        S/m · mm.
    area : ndarray of float64, shape (n,)
        Surface of the metal that faces the cell, mm².
    """

    n_found: IntArray
    cell: IntArray
    contact: IntArray
    conductance: FloatArray
    area: FloatArray


@inline_kernel
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


@inline_kernel
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
    return float(total + lines.resistivity[lines.tissue[line, k]] * (end - at))


@inline_kernel
def _tissue_at(lines: Lines, line: int, place: float) -> int:
    """Give the tissue at a place on a line."""
    row = line if lines.bounds.shape[0] > 1 else 0
    number: int = lines.tissue[line, _first_bound(lines, row, place)]
    return number


@kernel
def find_kinds(samples: Samples, lines: Lines, out: Int16Array, purity: FloatArray) -> None:
    """Find the tissue that each cell stands for: the one with the largest sum of weight times length of lines.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    out : ndarray of int16, shape (n, n_first, n_second)
        Filled.
    purity : ndarray of float64, shape (n, n_first, n_second)
        Filled: share of the cell that this tissue takes up (no unit).
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
                for a in range(j * m_first, (j + 1) * m_first):
                    for b in range(k * m_second, (k + 1) * m_second):
                        line = lines.first[a] + lines.second[b]
                        row = line if lines.bounds.shape[0] > 1 else 0
                        bound, at = _first_bound(lines, row, low), low
                        while at < high:
                            end = high
                            if bound < n_bounds:
                                end = min(high, lines.bounds[row, bound])
                            number = lines.tissue[line, bound]
                            shares[number] += end - at
                            at = end
                            bound += 1
                kind = np.argmax(shares * lines.weight)
                out[i, j, k] = kind
                purity[i, j, k] = shares[kind] / (m_first * m_second * (high - low))


@inline_kernel
def _crosses_sheet(lines: Lines, line: int, start: float, end: float) -> bool:
    """Say whether a part of a line crosses a sheet."""
    if lines.sheet.shape[0] == 0:
        return False
    row = line if lines.bounds.shape[0] > 1 else 0
    k = _first_bound(lines, row, start)
    while k < lines.bounds.shape[1] and lines.bounds[row, k] < end:
        if lines.sheet[line, k] > 0.0:
            return True
        k += 1
    return False


@inline_kernel
def _within(lines: Lines, line: int, edges: FloatArray, kind: int) -> float:
    """Give the resistance times area of a line between the centers of two cells of one kind, mm/(S/m).

    What lies at the face counts: potential and its slope along the line are those of the tissue. Another tissue
    at the face, or a sheet, is in series with what lies around it.
    """
    start, end = 0.5 * (edges[0] + edges[1]), 0.5 * (edges[1] + edges[2])
    if _tissue_at(lines, line, edges[1]) == kind and not _crosses_sheet(lines, line, start, end):
        return float(lines.resistivity[kind] * (end - start))
    return line_resistance(lines, line, start, end)


@inline_kernel
def _between(
    lines: Lines, line: int, edges: FloatArray, below: int, above: int
) -> tuple[float, float, float]:
    """Find where a line leaves the tissue of one cell and enters that of the next.

    Looks some cells beyond the two, because the tissue of a cell may only touch the face elsewhere; where it is not
    met, the end of the search stands for it.

    Returns
    -------
    tuple of 3 floats
        Last exit from the tissue of the lower cell, mm; first entry after it into that of the upper one, mm; and
        the resistance times area between them, mm/(S/m).
    """
    row = line if lines.bounds.shape[0] > 1 else 0
    n_bounds = lines.bounds.shape[1]
    low = edges[0] - _SEARCH_CELLS * (edges[1] - edges[0])
    high = edges[2] + _SEARCH_CELLS * (edges[2] - edges[1])
    center = 0.5 * (edges[1] + edges[2])
    leave, first = low, -1
    k, at = _first_bound(lines, row, low), low
    start = k
    while at <= center:
        end = high
        if k < n_bounds:
            end = min(high, lines.bounds[row, k])
        if lines.tissue[line, k] == below:
            leave, first = end, k
        if end >= high:
            break
        at = end
        k += 1
    total, at = 0.0, leave
    k = start if first < 0 else first + 1
    if first >= 0 and leave < high and lines.sheet.shape[0] > 0:
        total += lines.sheet[line, first]
    while at < high and lines.tissue[line, k] != above:
        end = high
        if k < n_bounds:
            end = min(high, lines.bounds[row, k])
        total += lines.resistivity[lines.tissue[line, k]] * (end - at)
        if end < high and lines.sheet.shape[0] > 0:
            total += lines.sheet[line, k]
        at = end
        k += 1
    return leave, at, total


@inline_kernel
def _series(
    lines: Lines, edges: FloatArray, kinds: tuple[int, int], means: tuple[float, float, float]
) -> float:
    """Give the resistance times area between the centers of two cells of different kinds, mm/(S/m).

    `means` are those of what `_between` gives over the lines of the face; they are linear in the position of a
    line if the interface is plane, so that they hold for the line through both centers. The tissue of a cell
    reaches from its center to where it ends, which counts negative if that is before the center.
    """
    start, end = 0.5 * (edges[0] + edges[1]), 0.5 * (edges[1] + edges[2])
    below, above = lines.resistivity[kinds[0]], lines.resistivity[kinds[1]]
    leave, enter, total = means
    resistance = below * (leave - start) + total + above * (end - enter)
    return float(max(resistance, _LEAST_SERIES * min(below, above) * (end - start)))


@kernel
def face_conductances(samples: Samples, lines: Lines, kinds: Int16Array, out: FloatArray) -> None:
    """Compute the conductances between neighboring cells along one axis, where no solid is near.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    kinds : ndarray of int16, shape (n, n_first, n_second)
        Tissue that each cell stands for.
    out : ndarray of float64, shape (n - 1, n_first, n_second)
        Filled, S/m · mm.
    """
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    n_lines = m_first * m_second
    for i in range(out.shape[0]):
        edges = samples.edges[i : i + 3]
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                below, above = kinds[i, j, k], kinds[i + 1, j, k]
                area = samples.first_width[j] * samples.second_width[k]
                total, leave, enter, between = 0.0, 0.0, 0.0, 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    for b in range(k * m_second, (k + 1) * m_second):
                        line = lines.first[a] + lines.second[b]
                        if below == above:
                            total += 1.0 / _within(lines, line, edges, below)
                        else:
                            one, other, rest = _between(lines, line, edges, below, above)
                            leave, enter, between = leave + one, enter + other, between + rest
                if below != above:
                    means = leave / n_lines, enter / n_lines, between / n_lines
                    total = n_lines / _series(lines, edges, (below, above), means)
                out[i, j, k] = total * area / n_lines


@kernel
def find_interfaces(
    samples: Samples, lines: Lines, kinds: Int16Array, place: FloatArray, share: FloatArray
) -> None:
    """Find where the tissues of neighboring cells end, and what part of the potential between them drops before.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    kinds : ndarray of int16, shape (n, n_first, n_second)
    place : ndarray of float64, shape (2, n - 1, n_first, n_second)
        Filled, mm: end of the tissue of the lower cell, and beginning of that of the upper one; NaN between
        cells of one kind, and where the interface does not lie in the two.
    share : ndarray of float64, shape (2, n - 1, n_first, n_second)
        Filled (no unit): the potential there is that of the lower cell plus this times the difference.
    """
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    n_lines = m_first * m_second
    place[:] = np.nan
    share[:] = 0.0
    for i in range(kinds.shape[0] - 1):
        edges = samples.edges[i : i + 3]
        start = 0.5 * (edges[0] + edges[1])
        for j in range(kinds.shape[1]):
            for k in range(kinds.shape[2]):
                below, above = kinds[i, j, k], kinds[i + 1, j, k]
                if below == above:
                    continue
                leave, enter, between = 0.0, 0.0, 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    for b in range(k * m_second, (k + 1) * m_second):
                        line = lines.first[a] + lines.second[b]
                        one, other, rest = _between(lines, line, edges, below, above)
                        leave, enter, between = leave + one, enter + other, between + rest
                means = leave / n_lines, enter / n_lines, between / n_lines
                resistance = _series(lines, edges, (below, above), means)
                before = lines.resistivity[below] * (means[0] - start)
                if means[0] < edges[0] or means[1] > edges[2]:
                    continue
                place[0, i, j, k], place[1, i, j, k] = means[0], means[1]
                share[0, i, j, k] = before / resistance
                share[1, i, j, k] = (before + means[2]) / resistance


@inline_kernel
def _part(solids: Solids, axis: int, along: float, first: float, second: float) -> int:
    """Say what is at a point given by its coordinates along an axis and the next two."""
    if axis == 0:
        return find_part(solids, along, first, second)
    if axis == 1:
        return find_part(solids, second, along, first)
    return find_part(solids, first, second, along)


@inline_kernel
def _distance(solids: Solids, axis: int, along: float, first: float, second: float) -> float:
    """Give the distance from solids of a point given by its coordinates along an axis and the next two."""
    if axis == 0:
        return distance_to_any(solids, along, first, second)
    if axis == 1:
        return distance_to_any(solids, second, along, first)
    return distance_to_any(solids, first, second, along)


@inline_kernel
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


@inline_kernel
def _entry(
    solids: Solids, axis: int, first: float, second: float, ends: tuple[float, float]
) -> tuple[float, int]:
    """Find where a line that starts in tissue enters the first solid, by steps and bisection.

    Returns the position and what lies there, or the end and `TISSUE`.
    """
    start, end = ends
    outside, inside, part, step = start, end, TISSUE, 0
    # Steps until a solid is met, then halvings, in one loop: each place that asks doubles the time to compile.
    for _ in range(_N_STEPS + _N_BISECTIONS):
        place = 0.5 * (outside + inside)
        if part == TISSUE:
            step += 1
            if step > _N_STEPS:
                break
            place = start + (end - start) * step / _N_STEPS
        found = _part(solids, axis, place, first, second)
        if found == TISSUE:
            outside = place
        else:
            inside, part = place, found
    return inside, part


@inline_kernel
def _add_link(links: Links, cell: tuple[int, int, int], found: tuple[int, float, float]) -> None:
    """Note a connection between a cell and metal: contact, conductance, area; nothing where there is none."""
    if found[0] < 0:
        return
    n = links.n_found[0]
    if n < links.contact.shape[0]:
        links.cell[n, 0], links.cell[n, 1], links.cell[n, 2] = cell
        links.contact[n], links.conductance[n], links.area[n] = found
    links.n_found[0] = n + 1


@inline_kernel
def _to_metal(
    lines: Lines, line: int, ends: tuple[float, float, float], kind: int, is_upper: bool
) -> float:
    """Give the resistance times area between the tissue of a cell and metal on a line, mm/(S/m).

    `ends` are the far edge of the cell, its center and the surface of the metal.
    """
    far, center, metal = ends
    low, high = (metal, far) if is_upper else (far, metal)
    row = line if lines.bounds.shape[0] > 1 else 0
    n_bounds = lines.bounds.shape[1]
    # The end nearest to the metal of the cell's tissue; without any, all that lies between counts.
    nearest = center
    k, at = _first_bound(lines, row, low), low
    while at < high:
        end = high
        if k < n_bounds:
            end = min(high, lines.bounds[row, k])
        if lines.tissue[line, k] == kind:
            if is_upper:
                nearest = at
                break
            nearest = end
        at = end
        k += 1
    own = nearest - center if metal > center else center - nearest
    between = line_resistance(lines, line, min(nearest, metal), max(nearest, metal))
    least = _SMALLEST_GAP * abs(far - center) * lines.resistivity[kind]
    return float(max(least, lines.resistivity[kind] * own + between))


@kernel
def cut_conductances(
    samples: Samples,
    lines: Lines,
    solids: Solids,
    cells: tuple[npt.NDArray[np.int8], Int16Array],
    out: FloatArray,
    links: Links,
) -> None:
    """Compute the conductances between neighboring cells, and between cells and metal, near solids.

    An insulator closes the part of a face that it covers, and lines between two centers on which it lies. A line of sight that meets metal between a center and
    the next connects the cell with the contact instead. A line of cross-section dA that meets metal whose normal
    makes an angle φ with it meets a surface dA / cos φ; lines of all three axes meet the same surface, so each
    counts cos² φ of it.

    Parameters
    ----------
    samples : Samples
    lines : Lines
    solids : Solids
    cells : tuple of 2 ndarrays, shape (n, n_first, n_second)
        Whether a solid cuts or fills a cell (`scsim.kernels.solids.mark_cells`), int8; and its kind, int16.
    out : ndarray of float64, shape (n - 1, n_first, n_second)
        Overwritten where a solid cuts or fills a cell beside the face, S/m · mm.
    links : Links
        Filled.
    """
    state, kinds = cells
    m_first = samples.first.shape[0] // samples.first_width.shape[0]
    m_second = samples.second.shape[0] // samples.second_width.shape[0]
    axis = samples.axis
    centers, metal = np.empty(2), np.empty(2, dtype=np.int64)
    to_metal, surface = np.empty(2), np.empty(2)
    for i in range(out.shape[0]):
        edges = samples.edges[i : i + 3]
        centers[0], centers[1] = 0.5 * (edges[0] + edges[1]), 0.5 * (edges[1] + edges[2])
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                if state[i, j, k] == FULL and state[i + 1, j, k] == FULL:
                    out[i, j, k] = 0.0
                if state[i, j, k] != CUT and state[i + 1, j, k] != CUT:
                    continue
                area = samples.first_width[j] * samples.second_width[k] / (m_first * m_second)
                total, n_open, leave, enter, between = 0.0, 0, 0.0, 0.0, 0.0
                kind_below, kind_above = kinds[i, j, k], kinds[i + 1, j, k]
                for side in range(2):
                    metal[side], to_metal[side], surface[side] = TISSUE, 0.0, 0.0
                for a in range(j * m_first, (j + 1) * m_first):
                    first = samples.first[a]
                    for b in range(k * m_second, (k + 1) * m_second):
                        second = samples.second[b]
                        line = lines.first[a] + lines.second[b]
                        room = _distance(solids, axis, centers[0], first, second)
                        rest = _distance(solids, axis, centers[1], first, second)
                        # No solid can lie between points that are together farther from it than from each other.
                        is_clear = min(room, rest) >= 0.0 and room + rest > centers[1] - centers[0]
                        is_closed = False
                        for side in range(0 if not is_clear else 2, 2):
                            away = rest if side == 0 else room
                            if (room if side == 0 else rest) < 0.0:
                                continue
                            end, part = _entry(
                                solids, axis, first, second, (centers[side], centers[1 - side])
                            )
                            # An insulator closes the line if both centers lie in tissue; metal does in any case.
                            is_closed = is_closed or part >= 0 or (part != TISSUE and away >= 0.0)
                            if part < 0:
                                continue
                            if part != metal[side]:
                                found = metal[side], to_metal[side], surface[side]
                                _add_link(links, (i + side, j, k), found)
                                metal[side], to_metal[side], surface[side] = part, 0.0, 0.0
                            kind = kind_below if side == 0 else kind_above
                            ends = edges[2 * side], centers[side], end
                            to_metal[side] += area / _to_metal(lines, line, ends, kind, side == 1)
                            slant = _slant(solids, part, axis, end, first, second)
                            surface[side] += area * slant
                        if is_closed or (
                            not is_clear and _distance(solids, axis, edges[1], first, second) < 0.0
                        ):
                            continue
                        n_open += 1
                        if kind_below == kind_above:
                            total += area / _within(lines, line, edges, kind_below)
                        else:
                            one, other, through = _between(
                                lines, line, edges, kind_below, kind_above
                            )
                            leave, enter, between = leave + one, enter + other, between + through
                for side in range(2):
                    _add_link(links, (i + side, j, k), (metal[side], to_metal[side], surface[side]))
                if kind_below != kind_above and n_open > 0:
                    means = leave / n_open, enter / n_open, between / n_open
                    total = n_open * area / _series(lines, edges, (kind_below, kind_above), means)
                out[i, j, k] = total


@kernel
def number_cells(
    faces: tuple[FloatArray, FloatArray, FloatArray], ground: FloatArray, out: Int32Array
) -> int:
    """Give a number to each cell that is connected with anything; the others lie in solids.

    Parameters
    ----------
    faces : tuple of 3 ndarrays of float64, shapes (nx - 1, ny, nz), (nx, ny - 1, nz), (nx, ny, nz - 1)
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
    gx, gy, gz = faces
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


@inline_kernel
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
    faces: tuple[FloatArray, FloatArray, FloatArray],
    ground: FloatArray,
    links: tuple[Int32Array, Int32Array, FloatArray],
    number: Int32Array,
    rows: tuple[Int32Array, Int32Array, FloatArray],
) -> int:
    """Assemble the matrix of the cells and the contacts' columns in their rows.

    Parameters
    ----------
    faces : tuple of 3 ndarrays of float64
        As in `number_cells`.
    ground : ndarray of float64, shape (nx, ny, nz)
        Added to the diagonal, S/m · mm.
    links : tuple of ndarrays
        Connections with contacts as rows of a sparse matrix: shape (n_cells + 1,), then column (the number
        of the contact's unknown) and conductance of each entry, S/m · mm.
    number : ndarray of int32, shape (nx, ny, nz)
    rows : tuple of 3 ndarrays
        Filled: starts, columns (ascending) and values of the compressed rows of the cells.

    Returns
    -------
    int
        Entries written.
    """
    gx, gy, gz = faces
    indptr, indices, data = rows
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
