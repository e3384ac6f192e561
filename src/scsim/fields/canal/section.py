"""Meshes of cross-sections: triangles with curved edges that follow every outline of tissue and every body.

Nothing is solved here. Curves, sizes and points are in the files beside this one, and `locate` in
``section_locate.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.bodies import Body
from scsim.errors import GeometryError
from scsim.fields.canal.section_curves import BOX, Curves, curve_points, lay_out
from scsim.fields.canal.section_locate import jacobians, locate
from scsim.fields.canal.section_points import Chain, fill, is_clear, make_chains, push_apart
from scsim.fields.canal.section_sizes import SizeField, base_sizes, final_sizes
from scsim.fields.canal.section_strips import find_strips
from scsim.tissue.section import CrossSection

__all__ = ["SectionMesh", "SheetEdges", "locate", "mesh_section"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IndexArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_SWEEPS: Final = 2
"""Sweeps that push points apart; more change little."""

_REPAIRS: Final = 12
"""Rounds in which edges that the triangulation lacks are halved; random canals need none."""

_EDGES: Final = ((0, 1), (1, 2), (2, 0))
"""Edges of a triangle, in the order of their middle nodes."""


@dataclass(frozen=True)
class SheetEdges:
    """Edges of a thin layer that is not resolved; its nodes are doubled.

    Attributes
    ----------
    tissue : str
        Tissue of the layer.
    thickness_mm : float
    inside, outside : ndarray of int32, shape (n_edges, 3)
        Start, end and middle node of each edge, counterclockwise around the curve, on its two sides.
    """

    tissue: str
    thickness_mm: float
    inside: IndexArray
    outside: IndexArray


@dataclass(frozen=True)
class SectionMesh:
    """Six-node triangles that fill a cross-section around the bodies in it.

    Attributes
    ----------
    points_mm : ndarray of float64, shape (n_nodes, 2)
        Nodes.
    triangles : ndarray of int32, shape (n_triangles, 6)
        Three vertices, counterclockwise, then the middle nodes of the edges 0-1, 1-2 and 2-0.
    tissue : ndarray of int64, shape (n_triangles,)
        Index into `tissues`.
    tissues : tuple of str
    outer_nodes : ndarray of int32
        Nodes on the border of the box.
    body_edges : tuple of ndarray of int32, one of shape (n_edges, 3) per body
        Start, end and middle node of each edge, counterclockwise around the body.
    sheets : tuple of SheetEdges
    """

    points_mm: FloatArray
    triangles: IndexArray
    tissue: IntArray
    tissues: tuple[str, ...]
    outer_nodes: IndexArray
    body_edges: tuple[IndexArray, ...]
    sheets: tuple[SheetEdges, ...]


def mesh_section(
    section: CrossSection,
    bodies: Sequence[Body],
    half_width_mm: float,
    *,
    resolution: float = 1.0,
) -> SectionMesh:
    """Mesh a cross-section.

    Points on every curve, as far apart as their distance to metal, fibers and other curves wants; between them
    points of hexagonal lattices, pushed apart; the Delaunay triangulation of all, in which every edge of a curve
    must occur; middle nodes of edges on ellipses moved onto them.

    Parameters
    ----------
    section : CrossSection
    bodies : sequence of Disc or Slab
        Holes.
    half_width_mm : float
        The box is |x|, |y| ≤ this.
    resolution : float
        Elements are this many times shorter than by default (no unit).

    Returns
    -------
    SectionMesh

    Raises
    ------
    GeometryError
        If curves cross or touch, a body does not lie within one tissue, bodies overlap, the box does not hold
        everything, or the curves are too close for a mesh.
    """
    for name, value in (("half_width_mm", half_width_mm), ("resolution", resolution)):
        if not (np.isfinite(value) and value > 0.0):
            msg = f"{name} = {value:g}: a positive number is needed. Give one."
            raise GeometryError(msg)
    curves = lay_out(section, bodies, half_width_mm)
    base = base_sizes(section, curves, bodies, resolution)
    strips = find_strips(section, curves, base)
    field = final_sizes(curves, base, strips)
    triangulation = _triangulate(section, curves, make_chains(curves, strips, field), field)
    return _finish(section, curves, triangulation)


@dataclass(frozen=True)
class _Triangulation:
    """Triangles outside the bodies, before nodes of sheets are doubled.

    `points_mm` (n, 2): vertices of the chains, chain by chain, free vertices, middle nodes; `triangles` (t, 6);
    `region` (t,): the curve that each triangle lies directly in.
    """

    chains: tuple[Chain, ...]
    points_mm: FloatArray
    triangles: IntArray
    region: IntArray


def _triangulate(
    section: CrossSection, curves: Curves, chains: tuple[Chain, ...], field: SizeField
) -> _Triangulation:
    """Triangulate, and halve edges of curves until all are in the triangulation and no triangle folds."""
    free = fill(curves, chains, field)
    for repair in range(_REPAIRS):
        fixed = np.concatenate([chain.vertices() for chain in chains])
        segments = _segments(chains)
        points = np.concatenate([fixed, free])
        corners = _delaunay(points)
        if repair == 0:
            for _ in range(_SWEEPS):
                points = push_apart(points, len(fixed), _unique_edges(corners), field, chains)
            free = points[len(fixed) :]
            corners = _delaunay(points)
        found = _keys(_unique_edges(corners), len(points))
        wrong: BoolArray = np.isin(_keys(segments, len(points)), found, invert=True)
        if not wrong.any():
            result = _with_middles(curves, chains, points, corners)
            folded = jacobians(result.points_mm, result.triangles).min(axis=1) <= 0.0
            if not folded.any():
                return result
            wrong = np.all(np.isin(segments, result.triangles[folded, :3]), axis=1)
        chains = _split(chains, wrong)
        free = free[is_clear(free, chains)]
    x, y = points[segments[np.argmax(wrong)]].mean(axis=0)
    msg = (
        f"the cross-section {section.name!r} could not be meshed: after {_REPAIRS} rounds {wrong.sum()} edges of "
        f"its curves are still missing, the first near ({x:.4g}, {y:.4g}) mm. An outline that crosses itself "
        "cannot be meshed; correct it, or move curves that nearly touch apart."
    )
    raise GeometryError(msg)


def _segments(chains: Sequence[Chain]) -> IntArray:
    """Give the edges along all chains, shape (n_fixed, 2)."""
    firsts = np.cumsum([0, *(chain.n_vertices for chain in chains)])
    return np.concatenate(
        [chain.segments() + first for chain, first in zip(chains, firsts, strict=False)]
    )


def _split(chains: Sequence[Chain], wrong: BoolArray) -> tuple[Chain, ...]:
    """Halve the marked edges, on all curves of a strip alike."""
    ends = np.cumsum([chain.n_vertices for chain in chains])[:-1]
    marks = np.split(wrong, ends)
    return tuple(
        chain.split(np.any(mark.reshape(len(chain.outlines), -1), axis=0))
        for chain, mark in zip(chains, marks, strict=True)
    )


def _delaunay(points_mm: FloatArray) -> IntArray:
    """Triangulate points; scipy gives triangles of the plane counterclockwise."""
    from scipy.spatial import Delaunay  # noqa: PLC0415  # late: `scsim --help` stays fast

    corners: IntArray = Delaunay(points_mm).simplices.astype(np.int64)
    return corners


def _keys(edges: IntArray, n_points: int) -> IntArray:
    """Give one number for each edge, whatever its direction."""
    keys: IntArray = edges.min(axis=1) * n_points + edges.max(axis=1)
    return keys


def _unique_edges(corners: IntArray) -> IntArray:
    """Give the edges of triangles, each once, shape (n_edges, 2), the smaller number first."""
    n_points = int(corners.max()) + 1
    keys = np.unique(_keys(_half_edges(corners), n_points))
    return np.column_stack(np.divmod(keys, n_points))


def _half_edges(corners: IntArray) -> IntArray:
    """Give the edges of triangles with their directions: edge 0 of all, edge 1 of all, edge 2 of all."""
    return np.concatenate([corners[:, pair] for pair in _EDGES])


def _with_middles(
    curves: Curves, chains: tuple[Chain, ...], points_mm: FloatArray, corners: IntArray
) -> _Triangulation:
    """Leave out the triangles in bodies, and add the middle nodes."""
    region = _regions(curves, chains, corners, len(points_mm))
    is_tissue = region <= curves.n_regions
    corners, region = corners[is_tissue], region[is_tissue]
    n = len(points_mm)
    keys, edge_of = np.unique(_keys(_half_edges(corners), n), return_inverse=True)
    start, end = np.divmod(keys, n)
    middles = 0.5 * (points_mm[start] + points_mm[end])
    first = 0
    for chain in chains:
        if len(chain.outlines) == 1:
            edge = np.searchsorted(keys, _keys(chain.segments() + first, n))
            middles[edge] = chain.middles()
        else:
            own = (start >= first) & (end < first + chain.n_vertices)
            edge, middle = _strip_middles(chain, start[own] - first, end[own] - first)
            middles[np.flatnonzero(own)[edge]] = middle
        first += chain.n_vertices
    triangles = np.column_stack([corners, n + edge_of.reshape(3, -1).T])
    return _Triangulation(chains, np.concatenate([points_mm, middles]), triangles, region)


def _strip_middles(chain: Chain, start: IntArray, end: IntArray) -> tuple[IntArray, FloatArray]:
    """Give the middle nodes of edges in a strip, on curves that run with its borders.

    Parameters
    ----------
    chain : Chain
    start, end : ndarray of int64, shape (m,)
        Vertices of the chain.

    Returns
    -------
    edge : ndarray of int64
        Those of the m edges that lie in the strip: between neighbors along it. The others are chords.
    middle : ndarray of float64, shape (len(edge), 2)
        mm.
    """
    n = len(chain.parameter)
    step = (end - start) % n
    (edge,) = np.nonzero((step <= 1) | (step == n - 1))
    start, end, step = start[edge], end[edge], step[edge]
    earlier = np.where(step == n - 1, end, start) % n
    following = np.append(chain.parameter[1:], 2.0 * np.pi)
    parameter = chain.parameter[earlier]
    parameter = np.where(step == 0, parameter, 0.5 * (parameter + following[earlier]))
    # Half axes change evenly from sublayer to sublayer, so that points mix linearly.
    depth = 0.5 * (start // n + end // n) / (len(chain.outlines) - 1)
    outer, inner = chain.outlines[0], chain.outlines[-1]
    mixed = (1.0 - depth)[:, None] * curve_points(outer, parameter)
    mixed += depth[:, None] * curve_points(inner, parameter)
    return edge, mixed


def _regions(curves: Curves, chains: Sequence[Chain], corners: IntArray, n_points: int) -> IntArray:
    """Find the curve that each triangle lies directly in.

    Triangles that meet in an edge off all curves share it; one to the left of a curve's edge lies in that curve,
    one to the right in the curve around it. No point is tested, so chords in thin layers cannot mislead.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415  # late: `scsim --help` stays fast
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    segments, owners = _curve_segments(chains)
    n_triangles = len(corners)
    half_edges = _half_edges(corners)
    keys = _keys(half_edges, n_points)
    order = np.argsort(keys, kind="stable")
    is_pair = np.append(keys[order][1:] == keys[order][:-1], [False])
    is_pair &= ~np.isin(keys[order], _keys(segments, n_points))
    (pair,) = np.nonzero(is_pair)
    one, other = order[pair] % n_triangles, order[pair + 1] % n_triangles
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(n_triangles, n_triangles))
    _, part = connected_components(graph, directed=False)

    directed = half_edges @ np.array([n_points, 1])
    order = np.argsort(directed)
    left = order[np.searchsorted(directed[order], segments @ np.array([n_points, 1]))]
    inner = np.flatnonzero(owners != BOX)
    right = order[np.searchsorted(directed[order], segments[inner] @ np.array([1, n_points]))]
    region = np.full(part.max() + 1, -1)
    region[part[left % n_triangles]] = owners
    region[part[right % n_triangles]] = curves.parents[owners[inner]]
    result: IntArray = region[part]
    return result


def _curve_segments(chains: Sequence[Chain]) -> tuple[IntArray, IntArray]:
    """Give the edges on curves, counterclockwise, and the curve of each; not those between sublayers."""
    owners = np.concatenate(
        [np.repeat(np.array(chain.curves), len(chain.parameter)) for chain in chains]
    )
    return _segments(chains)[owners >= 0], owners[owners >= 0]


def _finish(section: CrossSection, curves: Curves, mesh: _Triangulation) -> SectionMesh:
    """Name the tissues, collect the edges of bodies and the box, and double the nodes of sheets."""
    names = [section.outside, *(region.tissue for region in section.regions)]
    tissues = tuple(dict.fromkeys(names))
    tissue_of = np.array([tissues.index(name) for name in names])
    edges = _curve_edges(mesh)
    points, triangles, sheets = mesh.points_mm, mesh.triangles, []
    for index, region in zip(curves.regions, section.regions, strict=True):
        if region.sheet is None:
            continue
        nodes = np.unique(edges[index])
        doubled = np.arange(len(points))
        doubled[nodes] = len(points) + np.arange(len(nodes))
        outside = ~np.isin(mesh.region, _held_by(curves, index))
        triangles = np.where(outside[:, None], doubled[triangles], triangles)
        points = np.concatenate([points, points[nodes]])
        sheets.append(
            SheetEdges(
                region.sheet.tissue,
                region.sheet.thickness_mm,
                edges[index].astype(np.int32),
                doubled[edges[index]].astype(np.int32),
            )
        )
    return SectionMesh(
        points,
        triangles.astype(np.int32),
        tissue_of[mesh.region],
        tissues,
        np.unique(edges[BOX]).astype(np.int32),
        tuple(edges[index].astype(np.int32) for index in curves.bodies),
        tuple(sheets),
    )


def _curve_edges(mesh: _Triangulation) -> dict[int, IntArray]:
    """Give start, end and middle node of the edges of each curve, counterclockwise."""
    segments, owners = _curve_segments(mesh.chains)
    n = len(mesh.points_mm)
    keys = _keys(_half_edges(mesh.triangles[:, :3]), n)
    order = np.argsort(keys)
    found = order[np.searchsorted(keys[order], _keys(segments, n))]
    middles = mesh.triangles[:, 3:].T.ravel()[found]
    edges = np.column_stack([segments, middles])
    return {int(curve): edges[owners == curve] for curve in np.unique(owners)}


def _held_by(curves: Curves, index: int) -> list[int]:
    """List a curve and all that lie in it."""
    held = {index}
    for inner in range(index + 1, len(curves.outlines)):
        if int(curves.parents[inner]) in held:
            held.add(inner)
    return sorted(held)
