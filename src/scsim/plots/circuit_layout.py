"""Where the boxes and lines of a circuit diagram lie: layers by depth, few crossings, no line behind a box.

What the boxes and lines stand for, and how they look, belongs in ``circuit_diagram.py``.

The method is that of Sugiyama, Tagawa and Toda (1981): a box lies one layer to the right of the last that feeds
it; a line that skips layers gets a place of its own in each; places are ordered by the mean height of what they
are joined to, and then put as near to it as their sizes allow.

References
----------
Sugiyama K, Tagawa S, Toda M (1981) Methods for visual understanding of hierarchical system structures. IEEE
Transactions on Systems, Man, and Cybernetics 11(2):109-125.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

GAP_INCHES: Final = 0.6
"""Between layers, where lines bend."""

LANE_INCHES: Final = 0.16
"""Height of the place that a line takes where it passes a layer."""

SPACE_INCHES: Final = 0.14
"""Between neighbors of a layer."""

PIN_INCHES: Final = 0.19
"""Between the ends of two lines in one box."""

SWEEPS: Final = 12
"""Times that the order of the layers is improved from either side; small circuits settle after three."""

Point = tuple[float, float]
Place = tuple[str, int]
"""A box (its name and -1), or where a line (its number) passes a layer (``""`` and its number)."""


@dataclass(frozen=True)
class Box:
    """A box of the diagram.

    Attributes
    ----------
    left, bottom, width, height : float
        Inches.
    """

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge, inches."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Top edge, inches."""
        return self.bottom + self.height

    @property
    def middle(self) -> float:
        """Height of the middle, inches."""
        return self.bottom + self.height / 2


@dataclass(frozen=True)
class Layout:
    """Places of everything in a diagram.

    Attributes
    ----------
    boxes : mapping of str to Box
    lines : tuple of tuple of (float, float)
        Corners of each line from the right edge of its source to the left edge of its target, inches. Stretches along
        x are straight; between them a line bends.
    width, height : float
        Of the whole, inches.
    """

    boxes: Mapping[str, Box]
    lines: tuple[tuple[Point, ...], ...]
    width: float
    height: float


class _Places(NamedTuple):
    """Sizes and heights of boxes, their layers, and the order and height of the places of each layer."""

    sizes: Mapping[str, Point]
    heights: Mapping[str, float]
    depth: Mapping[str, int]
    layers: Sequence[Sequence[Place]]
    centers: Sequence[Mapping[Place, float]]


def lay_out(
    sizes: Mapping[str, Point],
    links: Sequence[tuple[str, str]],
    *,
    first: Sequence[str],
    head_inches: float,
) -> Layout:
    """Find places for boxes and lines.

    Parameters
    ----------
    sizes : mapping of str to (float, float)
        Least width and height of each box, inches; a box grows with the lines that end in it.
    links : sequence of (str, str)
        Source and target of each line.
    first : sequence of str
        Boxes of the first layer: the inputs.
    head_inches : float
        Room for the name at the top of a box with lines that end in it, inches.

    Returns
    -------
    Layout
    """
    depth, is_back = depths(list(sizes), links, first)
    forward = [number for number in range(len(links)) if not is_back[number]]
    layers: list[list[Place]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in sizes:
        layers[depth[name]].append((name, -1))
    joints: list[list[tuple[Place, Place]]] = [[] for _ in layers]
    for number in forward:
        source, target = links[number]
        through: list[Place] = [("", number)] * (depth[target] - depth[source] - 1)
        chain: list[Place] = [(source, -1), *through, (target, -1)]
        for layer, joint in enumerate(pairwise(chain), depth[source]):
            joints[layer].append(joint)
            if joint[1][1] >= 0:
                layers[layer + 1].append(joint[1])
    _order(layers, joints)

    n_pins = {name: sum(target == name for _, target in links) for name in sizes}
    heights = {
        name: max(size[1], head_inches + n_pins[name] * PIN_INCHES) if n_pins[name] else size[1]
        for name, size in sizes.items()
    }
    centers = _heights_of_places(layers, joints, heights)
    return _draw_up(_Places(sizes, heights, depth, layers, centers), links, is_back)


def depths(
    names: Sequence[str], links: Sequence[tuple[str, str]], first: Sequence[str]
) -> tuple[dict[str, int], list[bool]]:
    """Give the layer of each box, and which lines lead back.

    Parameters
    ----------
    names : sequence of str
    links : sequence of (str, str)
    first : sequence of str
        Boxes of layer 0. Others lie in layer 1 or above if there are any.

    Returns
    -------
    dict of str to int
        One more than the deepest source, lines that lead back left out.
    list of bool
        For each line, whether it closes a loop.
    """
    is_back = [False] * len(links)
    state: dict[str, int] = {}

    def visit(name: str) -> None:
        state[name] = 1
        for number, (source, target) in enumerate(links):
            if source != name:
                continue
            if state.get(target) == 1:
                is_back[number] = True
            elif target not in state:
                visit(target)
        state[name] = 2

    for name in names:
        if name not in state:
            visit(name)
    depth = {name: 0 if name in first or not first else 1 for name in names}
    for _ in names:
        for (source, target), leads_back in zip(links, is_back, strict=True):
            if not leads_back:
                depth[target] = max(depth[target], depth[source] + 1)
    return depth, is_back


def _order(layers: list[list[Place]], joints: Sequence[Sequence[tuple[Place, Place]]]) -> None:
    """Order each layer by the mean place of its neighbors, and keep the order with fewest crossings."""
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, joints)
    for sweep in range(SWEEPS):
        is_rightward = sweep % 2 == 0
        numbers = range(1, len(layers)) if is_rightward else range(len(layers) - 2, -1, -1)
        for number in numbers:
            other = layers[number - 1] if is_rightward else layers[number + 1]
            rank = {place: (index + 0.5) / len(other) for index, place in enumerate(other)}
            pairs = joints[number - 1] if is_rightward else joints[number]
            own = {
                place: (index + 0.5) / len(layers[number])
                for index, place in enumerate(layers[number])
            }
            mean: dict[Place, float] = {}
            for place in layers[number]:
                near = [
                    rank[start if is_rightward else end]
                    for start, end in pairs
                    if (end if is_rightward else start) == place
                ]
                mean[place] = float(np.mean(near)) if near else own[place]
            layers[number].sort(key=mean.__getitem__)
        crossings = _crossings(layers, joints)
        if crossings < fewest:
            fewest, best = crossings, [list(layer) for layer in layers]
    layers[:] = best


def _crossings(
    layers: Sequence[Sequence[Place]], joints: Sequence[Sequence[tuple[Place, Place]]]
) -> int:
    """Count the pairs of joints that cross."""
    total = 0
    for number, pairs in enumerate(joints[:-1]):
        before = {place: index for index, place in enumerate(layers[number])}
        after = {place: index for index, place in enumerate(layers[number + 1])}
        ends = np.array([(before[start], after[end]) for start, end in pairs]).reshape(-1, 2)
        gap = ends[:, None, :] - ends[None, :, :]
        total += int(np.count_nonzero(gap[..., 0] * gap[..., 1] < 0)) // 2
    return total


def _heights_of_places(
    layers: Sequence[Sequence[Place]],
    joints: Sequence[Sequence[tuple[Place, Place]]],
    heights: Mapping[str, float],
) -> list[dict[Place, float]]:
    """Put every place as near to what it is joined to as its neighbors' sizes allow; up is positive."""
    size = [
        np.array([heights[name] if number < 0 else LANE_INCHES for name, number in layer])
        for layer in layers
    ]
    apart = [(s[:-1] + s[1:]) / 2 + SPACE_INCHES for s in size]
    centers = []
    for layer, step in zip(layers, apart, strict=True):
        y = -np.concatenate([[0.0], np.cumsum(step)])
        centers.append(dict(zip(layer, y - y.mean(), strict=True)))
    for sweep in range(2 * SWEEPS):
        numbers = range(len(layers)) if sweep % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in numbers:
            wanted = []
            for place in layers[number]:
                near = [centers[number + 1][end] for start, end in joints[number] if start == place]
                if number:
                    near += [
                        centers[number - 1][start]
                        for start, end in joints[number - 1]
                        if end == place
                    ]
                wanted.append(float(np.mean(near)) if near else centers[number][place])
            placed = _nearest_in_order(np.array(wanted), apart[number])
            centers[number] = dict(zip(layers[number], placed, strict=True))
    return centers


def _nearest_in_order(
    wanted: NDArray[np.float64], apart: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give falling heights at least `apart` from each other that lie nearest to the wanted ones."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415  (slow to import)

    down = np.concatenate([[0.0], np.cumsum(apart)])
    nearest = isotonic_regression(wanted + down, increasing=False).x
    return np.asarray(nearest - down, dtype=np.float64)


def _draw_up(places: _Places, links: Sequence[tuple[str, str]], is_back: Sequence[bool]) -> Layout:
    """Turn heights into boxes and lines."""
    sizes, heights, depth, layers, centers = places
    widths = [
        max((sizes[name][0] for name, number in layer if number < 0), default=0.0)
        for layer in layers
    ]
    lefts = np.concatenate([[0.0], np.cumsum(np.array(widths) + GAP_INCHES)])
    backs = [number for number, leads_back in enumerate(is_back) if leads_back]
    lowest = min(
        center - (heights[name] if number < 0 else LANE_INCHES) / 2
        for layer in centers
        for (name, number), center in layer.items()
    )
    floor = lowest - len(backs) * PIN_INCHES
    boxes = {
        name: Box(
            float(lefts[depth[name]]),
            centers[depth[name]][(name, -1)] - heights[name] / 2 - floor,
            widths[depth[name]],
            heights[name],
        )
        for name in sizes
    }
    through = {
        number: [
            (
                float(lefts[layer]),
                float(lefts[layer] + widths[layer]),
                centers[layer][("", number)] - floor,
            )
            for layer in range(depth[source] + 1, depth[target])
        ]
        for number, (source, target) in enumerate(links)
        if not is_back[number]
    }
    pins = _pins(links, boxes, through)
    lines = []
    for number, (source, target) in enumerate(links):
        start, end = (boxes[source].right, boxes[source].middle), (boxes[target].left, pins[number])
        if is_back[number]:
            lane = lowest - floor - (backs.index(number) + 0.5) * PIN_INCHES
            reach = GAP_INCHES / 4
            around = [
                (start[0] + reach, start[1]),
                (start[0] + reach, lane),
                (end[0] - reach, lane),
                (end[0] - reach, end[1]),
            ]
            lines.append((start, *around, end))
        else:
            middle = [(x, y) for left, right, y in through[number] for x in (left, right)]
            lines.append((start, *middle, end))
    tops = [box.top for box in boxes.values()] + [y for line in lines for _, y in line]
    return Layout(boxes, tuple(lines), float(lefts[-1] - GAP_INCHES), float(max(tops)))


def _pins(
    links: Sequence[tuple[str, str]],
    boxes: Mapping[str, Box],
    through: Mapping[int, Sequence[tuple[float, float, float]]],
) -> dict[int, float]:
    """Give the height at which each line ends, in the order in which the lines come, loops last."""
    pins = {}
    for name, box in boxes.items():
        ending = [number for number, (_, target) in enumerate(links) if target == name]

        def comes_from(number: int) -> float:
            if number not in through:
                return -np.inf
            passed = through[number]
            return passed[-1][2] if passed else boxes[links[number][0]].middle

        ending.sort(key=comes_from, reverse=True)
        for index, number in enumerate(ending):
            pins[number] = box.bottom + (len(ending) - index - 0.5) * PIN_INCHES
    return pins
