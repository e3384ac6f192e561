"""Finite volumes written out the long way: short, slow, obvious. Nothing here is shared with the package.

A grid is a list of edges per axis; tissue is a function of a point. Lines are followed in many small steps.
"""

import itertools

import numpy as np

STEPS = 4000


def resistance(resistivity_at, start, end):
    """Integrate a resistivity along a line, in small steps."""
    s = start + (end - start) * (np.arange(STEPS) + 0.5) / STEPS
    return sum(resistivity_at(value) for value in s) * (end - start) / STEPS


def kind(tissue_at, low, high, weight):
    """Tissue with the largest weight times length on a line."""
    s = low + (high - low) * (np.arange(STEPS) + 0.5) / STEPS
    shares = {}
    for value in s:
        tissue = tissue_at(value)
        shares[tissue] = shares.get(tissue, 0.0) + weight[tissue]
    return max(shares, key=shares.get)


def dense_matrix(faces, ground):
    """Matrix of a grid from its conductances, cell by cell and face by face."""
    shape = ground.shape
    number = np.arange(ground.size).reshape(shape)
    matrix = np.diag(ground.ravel().copy())
    for axis, face in enumerate(faces):
        for index in itertools.product(*(range(n) for n in face.shape)):
            other = list(index)
            other[axis] += 1
            a, b = number[index], number[tuple(other)]
            g = face[index]
            matrix[a, a] += g
            matrix[b, b] += g
            matrix[a, b] -= g
            matrix[b, a] -= g
    return matrix


def inside_tube(point, center, axis, inner, outer, half_length):
    """Whether a point lies in the wall of a tube."""
    offset = np.subtract(point, center)
    along = float(offset @ np.array(axis))
    radial = float(np.linalg.norm(offset - along * np.array(axis)))
    return inner < radial < outer and abs(along) < half_length


def two_grid_cycle(matrix, prolongation, load):
    """Forward Gauss–Seidel from zero, exact correction, backward Gauss–Seidel, in dense algebra."""
    lower, upper = np.tril(matrix), np.triu(matrix)
    x = np.linalg.solve(lower, load)
    coarse = prolongation.T @ matrix @ prolongation
    x = x + prolongation @ np.linalg.solve(coarse, prolongation.T @ (load - matrix @ x))
    return x + np.linalg.solve(upper, load - matrix @ x)
