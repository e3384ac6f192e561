"""Kernels of the voxel solver: compiled = plain Python = the obvious loop."""

import math

import numpy as np
import pytest

from scsim.kernels import grid, multigrid, solids, stencils
from tests.reference.grid import dense_matrix, inside_tube, kind, resistance, two_grid_cycle

RHO = np.array([0.6, 12.0, 25.0])
WEIGHT = np.array([4.0, 1.0, 0.4])
EDGES = np.array([-1.0, 0.3, 0.9, 2.0])


def plain_python(kernel):
    """Give the function before compilation; it is the same where compilation is switched off."""
    return getattr(kernel, "py_func", kernel)


def one_line(bounds=(0.1, 0.5, 1.4), tissue=(0, 1, 2, 0), sheet=None):
    return grid.Lines(
        np.array([[*bounds, np.inf]]),
        np.array([[*tissue, tissue[-1]]], dtype=np.int16),
        RHO,
        WEIGHT,
        np.zeros((0, 0)) if sheet is None else np.array([[*sheet, 0.0]]),
        np.zeros(1, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )


def along(edges=EDGES):
    one, width = np.array([0.0]), np.array([2.0])
    return grid.Samples(0, edges, one, one, width, width)


def tissue_of(lines):
    return lambda s: int(lines.tissue[0, np.searchsorted(lines.bounds[0], s, side="right")])


@pytest.mark.parametrize(("start", "end"), [(-1.0, 2.0), (0.1, 0.5), (0.2, 0.3), (1.4, 3.0)])
def test_the_resistance_of_a_line(start, end):
    lines = one_line()
    tissue = tissue_of(lines)
    expected = resistance(lambda s: RHO[tissue(s)], start, end)
    for kernel in (grid.line_resistance, plain_python(grid.line_resistance)):
        # Stepping misses each bound by half a step at most.
        assert kernel(lines, 0, start, end) == pytest.approx(
            expected, abs=3 * RHO.max() * (end - start) / 4000
        )


def test_a_sheet_adds_its_resistance_once():
    plain, covered = one_line(), one_line(sheet=(0.0, 7.0, 0.0))
    for start, end, extra in ((-1.0, 2.0, 7.0), (0.0, 0.4, 0.0), (0.6, 1.0, 0.0)):
        difference = grid.line_resistance(covered, 0, start, end) - grid.line_resistance(
            plain, 0, start, end
        )
        assert difference == pytest.approx(extra, abs=1e-12)


def test_kinds_are_the_heaviest_tissues():
    lines = one_line()
    n = len(EDGES) - 1
    for kernel in (grid.find_kinds, plain_python(grid.find_kinds)):
        found, purity = np.empty((n, 1, 1), np.int16), np.empty((n, 1, 1))
        kernel(along(), lines, found, purity)
        expected = [kind(tissue_of(lines), *EDGES[i : i + 2], WEIGHT) for i in range(n)]
        assert found.ravel().tolist() == expected
    # The last cell, from 0.9 to 2, holds 0.5 mm of tissue 2 and 0.6 mm of tissue 0.
    assert purity[2, 0, 0] == pytest.approx(0.6 / 1.1)


def test_layers_across_a_line_are_resistances_in_series():
    # Cells of one tissue each: between their centers all that lies there is in series.
    lines = one_line(bounds=(0.3, 0.9), tissue=(0, 1, 2))
    kinds = np.array([0, 1, 2], dtype=np.int16).reshape(3, 1, 1)
    expected = [
        4.0 / (0.65 * RHO[0] + 0.3 * RHO[1]),
        4.0 / (0.3 * RHO[1] + 0.55 * RHO[2]),
    ]
    for kernel in (grid.face_conductances, plain_python(grid.face_conductances)):
        out = np.empty((2, 1, 1))
        kernel(along(), lines, kinds, out)
        np.testing.assert_allclose(out.ravel(), expected, rtol=1e-14)


def test_a_cell_stands_for_its_tissue_beyond_where_it_ends():
    # The tissue of the lower cell ends at -0.8, before its center at -0.35: the length counts negative.
    lines = one_line(bounds=(-0.8,), tissue=(0, 1))
    kinds = np.array([0, 1, 1], dtype=np.int16).reshape(3, 1, 1)
    out, place, share = np.empty((2, 1, 1)), np.empty((2, 2, 1, 1)), np.empty((2, 2, 1, 1))
    grid.face_conductances(along(), lines, kinds, out)
    series = RHO[0] * (-0.8 + 0.35) + RHO[1] * (0.6 + 0.8)
    assert out[0, 0, 0] == pytest.approx(4.0 / series, rel=1e-14)
    for kernel in (grid.find_interfaces, plain_python(grid.find_interfaces)):
        kernel(along(), lines, kinds, place, share)
        assert place[:, 0, 0, 0] == pytest.approx([-0.8, -0.8])
        assert share[:, 0, 0, 0] == pytest.approx(2 * [RHO[0] * (-0.8 + 0.35) / series])
        assert np.isnan(place[:, 1]).all()  # both cells are of tissue 1


def test_the_matrix_equals_the_obvious_one():
    rng = np.random.default_rng(4)
    shape = (3, 4, 2)
    faces = tuple(
        rng.uniform(0.1, 2.0, [n - (axis == own) for axis, n in enumerate(shape)])
        for own in range(3)
    )
    ground = rng.uniform(0.0, 1.0, shape)
    no_links = (np.zeros(25, np.int32), np.zeros(0, np.int32), np.zeros(0))
    for count, fill in (
        (grid.number_cells, grid.assemble),
        (plain_python(grid.number_cells), plain_python(grid.assemble)),
    ):
        number = np.empty(shape, np.int32)
        assert count(faces, ground, number) == 24
        starts, columns, values = np.zeros(25, np.int32), np.zeros(168, np.int32), np.zeros(168)
        used = fill(faces, ground, no_links, number, (starts, columns, values))
        matrix = np.zeros((24, 24))
        for row in range(24):
            own = slice(starts[row], starts[row + 1])
            assert (np.diff(columns[own]) > 0).all()
            matrix[row, columns[own]] = values[own]
        assert starts[24] == used
        np.testing.assert_allclose(matrix, dense_matrix(faces, ground), rtol=1e-14, atol=1e-14)


def test_cells_without_any_connection_are_no_unknowns():
    faces = (np.zeros((1, 2, 1)), np.zeros((2, 1, 1)), np.zeros((2, 2, 0)))
    ground = np.array([[[0.0], [1.0]], [[2.0], [0.0]]])
    number = np.empty((2, 2, 1), np.int32)
    assert grid.number_cells(faces, ground, number) == 2
    assert number.ravel().tolist() == [-1, 0, 1, -1]


def test_parts_of_a_tube_with_an_arc():
    axis, half = np.array([0.0, 0.6, 0.8]), math.cos(math.radians(60.0))
    tube = [1.0, 0.0, -1.0, *axis, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0]
    arc = [1.0, 0.0, -1.0, *axis, 1.0, 0.0, 0.0, 1.5, 2.5, half]
    packed = solids.Solids(
        np.array([solids.TUBE]),
        np.array([tube]),
        np.array([3]),
        np.array([solids.ARC]),
        np.array([arc]),
        np.array([3]),
    )
    other = packed._replace(metal_device=np.array([2]))
    points = np.random.default_rng(5).uniform(-5.0, 5.0, (400, 3))
    seen = set()
    for point in points:
        expected = solids.TISSUE
        if inside_tube(point, (1.0, 0.0, -1.0), axis, 2.0, 3.0, 4.0):
            offset = point - (1.0, 0.0, -1.0)
            height = offset @ axis
            across = offset - height * axis
            radial = np.linalg.norm(across)
            is_metal = abs(height) < 1.5 and radial < 2.5 and across[0] > half * radial
            expected = 0 if is_metal else solids.INSULATOR
        for kernel in (solids.find_part, plain_python(solids.find_part)):
            assert kernel(packed, *point) == expected
        assert solids.find_part(other, *point) == min(
            expected, solids.INSULATOR
        )  # metal of another device
        seen.add(expected)
    assert seen == {solids.TISSUE, solids.INSULATOR, 0}


@pytest.mark.parametrize(
    ("kind_of_solid", "numbers"),
    [
        (solids.CAPSULE, [0, 0, -2, 1, 0, 3, 0.7, 0, 0, 0, 0, 0]),
        (solids.TUBE, [0, 0, 0, 0, 0, 1, 1.0, 1.5, 2.0, 0, 0, 0]),
        (solids.SLAB, [0, 0, 0, 0, 0, 1, 0, -1, 0, 2.0, 1.0, 0.3]),
    ],
)
def test_distances_never_reach_into_a_solid(kind_of_solid, numbers):
    # No solid lies nearer than its distance: that is what lines of sight rely on.
    p = np.array(numbers, dtype=float)
    rng = np.random.default_rng(6)
    for point in rng.uniform(-3.0, 3.0, (60, 3)):
        distance = solids.distance_to_solid(kind_of_solid, p, *point)
        if distance <= 0.0:
            continue
        direction = rng.normal(size=(40, 3))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        for step in direction:
            near = point + 0.999 * distance * step
            assert solids.distance_to_solid(kind_of_solid, p, *near) > 0.0


def some_cells(n=9, width=0.5):
    edges = width * (np.arange(n + 1) - n / 2)
    centers = 0.5 * (edges[1:] + edges[:-1])
    nothing = np.full((2, n - 1, n, 1), np.nan), np.full((2, n, n - 1, 1), np.nan)
    none = np.zeros((2, n - 1, n, 1)), np.zeros((2, n, n - 1, 1))
    cells = stencils.CellValues(
        np.zeros((n, n, 1), np.int16),
        np.ones((n, n, 1)),
        np.zeros(n, np.int64),
        (centers, centers, centers),
        (edges, edges),
        nothing,
        none,
    )
    return cells, centers


@pytest.mark.parametrize(
    "kernel",
    [stencils.interpolate, plain_python(stencils.interpolate)],
    ids=["compiled", "plain"],
)
def test_quadratics_across_and_cubics_along_are_exact(kernel):
    cells, c = some_cells()

    def potential(x, y, z):
        return (1 + x - 2 * y + x * x - x * y + 0.5 * y * y) * (1 + z - 0.3 * z**2 + 0.1 * z**3)

    values = potential(*np.meshgrid(c, c, c, indexing="ij"))[None]
    points = np.random.default_rng(7).uniform(-0.7, 0.7, (6, 3))
    out, status = np.empty((1, 6)), np.empty(6, np.int8)
    kernel(cells, values, points, np.zeros(6, np.int16), out, status)
    assert (status == 0).all()
    np.testing.assert_allclose(out[0], potential(*points.T), rtol=1e-11)


def test_a_kink_is_not_smoothed():
    # Potential linear on either side of x = 0, slopes 1 and 10, the resistivities 1 and 10: a cell border.
    cells, c = some_cells(n=10)
    kinds = np.zeros((10, 10, 1), np.int16)
    kinds[5:] = 1
    place, share = cells.place[0].copy(), cells.share[0].copy()
    place[:, 4], share[:, 4] = 0.0, 1.0 / 11.0
    cells = cells._replace(
        kinds=kinds, place=(place, cells.place[1]), share=(share, cells.share[1])
    )
    x = np.where(c < 0.0, c, 10.0 * c)
    values = np.broadcast_to(x[:, None, None], (10, 10, 10))[None].copy()
    points = np.array([[-0.01, 0.1, 0.2], [0.0, 0.1, 0.2], [0.01, 0.1, 0.2], [0.2, -0.3, 0.0]])
    out, status = np.empty((1, 4)), np.empty(4, np.int8)
    kinds_at = np.array([0, 0, 1, 1], np.int16)
    stencils.interpolate(cells, values, points, kinds_at, out, status)
    np.testing.assert_allclose(out[0], [-0.01, 0.0, 0.1, 2.0], atol=1e-12)


def test_a_tissue_without_cells_has_no_answer():
    cells, _ = some_cells()
    out, status = np.empty((1, 1)), np.empty(1, np.int8)
    stencils.interpolate(
        cells, np.zeros((1, 9, 9, 9)), np.zeros((1, 3)), np.array([5], np.int16), out, status
    )
    assert status[0] == stencils.NO_CELLS


def compressed(matrix):
    from scipy.sparse import csr_matrix

    one = csr_matrix(matrix)
    one.sort_indices()
    return one


def test_a_cycle_equals_dense_algebra():
    rng = np.random.default_rng(8)
    n, lanes = 12, 4
    matrix = np.diag(np.full(n, 2.2)) - np.diag(np.ones(n - 1), 1) - np.diag(np.ones(n - 1), -1)
    up = np.zeros((n, 4))
    up[np.arange(n), np.arange(n) // 3] = rng.uniform(0.5, 1.0, n)
    load = rng.normal(size=(n, lanes))
    own, way = compressed(matrix), compressed(up)
    level = multigrid.Level(
        own.indptr, own.indices, own.data.astype(np.float32),
        (1.0 / own.diagonal()).astype(np.float32),
        way.indptr, way.indices, way.data.astype(np.float32),
    )  # fmt: skip
    expected = two_grid_cycle(matrix, up, load)
    width = (0,) * lanes
    for restrict, correct in (
        (multigrid.smooth_and_restrict, multigrid.correct_and_smooth),
        (
            plain_python(multigrid.smooth_and_restrict),
            plain_python(multigrid.correct_and_smooth),
        ),
    ):
        x, coarse = np.empty((n, lanes), np.float32), np.empty((4, lanes), np.float32)
        restrict(level, load.astype(np.float32), x, coarse, width)
        solved = np.linalg.solve(up.T @ matrix @ up, coarse).astype(np.float32)
        correct(level, load.astype(np.float32), x, solved, width)
        # float32: some 1e-7 per operation, in sums of some ten terms of order 1.
        np.testing.assert_allclose(x, expected, atol=2e-5)


def test_steps_of_conjugate_gradients():
    rng = np.random.default_rng(9)
    n, lanes = 7, 4
    width = (0,) * lanes
    dense = rng.normal(size=(n, n))
    own = compressed(dense @ dense.T)
    p, z = rng.normal(size=(n, lanes)), rng.normal(size=(n, lanes)).astype(np.float32)
    r, x, alpha = rng.normal(size=(n, lanes)), rng.normal(size=(n, lanes)), rng.normal(size=lanes)
    for pick in (lambda kernel: kernel, plain_python):
        product, dots, squares = np.empty((n, lanes)), np.empty(lanes), np.empty(lanes)
        pick(multigrid.multiply)((own.indptr, own.indices, own.data), p, product, dots, width)
        np.testing.assert_allclose(product, own @ p, rtol=1e-12)
        np.testing.assert_allclose(dots, np.sum(p * (own @ p), axis=0), rtol=1e-12)
        new_x, new_r, new_p = x.copy(), r.copy(), p.copy()
        pick(multigrid.take_step)(alpha, p, product, new_x, new_r, squares, width)
        np.testing.assert_allclose(new_x, x + alpha * p, rtol=1e-12)
        np.testing.assert_allclose(squares, np.sum((r - alpha * product) ** 2, axis=0), rtol=1e-12)
        pick(multigrid.turn)(alpha, z, new_p, width)
        np.testing.assert_allclose(new_p, z + alpha * p, rtol=1e-12)
        pick(multigrid.dot)(z, r, dots, width)
        np.testing.assert_allclose(dots, np.sum(z * r, axis=0), rtol=1e-12)
