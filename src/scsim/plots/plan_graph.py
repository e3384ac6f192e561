"""The plan of a study: stages from left to right, what each takes from which, how often it runs, where the time goes.

What a plan is and what it costs is worked out in the study; this file takes plain data (`scsim.results.plan_picture`).
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from scsim.plots.style import (
    BLACK,
    BLUE,
    NOTE_SIZE,
    PAGE_WIDTH_INCHES,
    VERMILION,
    fitted,
    head,
    new_figure,
)
from scsim.results.plan_picture import PlanPicture
from scsim.results.schema import long_name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.plan_picture import Pictured, PlanBox

_BOX_INCHES: Final = (0.92, 0.72)
_LEAST_PITCH_INCHES: Final = 1.03
"""Between the left edges of boxes: a little more than a box, so that arrows fit between."""

_WIDEST_PITCH_INCHES: Final = 1.7
_ROW_GAP_INCHES: Final = 0.2
_TAG_LINE_INCHES: Final = 0.125
_HEAD_INCHES: Final = 0.75
_FOOT_INCHES: Final = 0.5
_LEAST_COLUMNS: Final = 4
"""Into which groups of stages are put side by side."""

_RIM_INCHES: Final = 0.2
_MOST_TAGS: Final = 3
"""Swept keys that are named on a box; more are counted."""

_SWEEPS: Final = 8
"""Times that the order of boxes within the columns is improved."""

_IDLE_COLOR: Final = "0.6"
_NEXT_TO_NOTHING: Final = 0.005
"""Share of the processor time that is not worth a bar."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


@dataclass(frozen=True)
class _Place:
    """Lower left corner of a box, inches."""

    x: float
    y: float


def plan_graph(plan: PlanPicture | Pictured) -> Figure:
    """Draw the plan of a study.

    Stages run from left to right. A box says how often its stage runs for all the cases of the study, in how many units
    of work, and what that takes at most; a bar along its lower edge is its share of the processor time. Swept keys stand
    above the first stage that depends on them: everything to the left is shared by all their values. Boxes in gray have
    nothing to compute.

    Parameters
    ----------
    plan : PlanPicture, or anything that gives one
        For example from `scsim.make_plan`.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    An arrow that follows from others is left out: what feeds a stage by way of another one needs no second line.
    """
    picture = plan if isinstance(plan, PlanPicture) else plan.picture()
    boxes = {box.name: box for box in picture.boxes}
    cells = _cells(picture.boxes)
    n_columns = 1 + max(column for column, _ in cells.values())
    pitch = (PAGE_WIDTH_INCHES - _BOX_INCHES[0] - _RIM_INCHES) / max(n_columns - 1, 1)
    pitch = min(max(pitch, _LEAST_PITCH_INCHES), _WIDEST_PITCH_INCHES)
    wide = (n_columns - 1) * pitch + _BOX_INCHES[0]
    width = max(PAGE_WIDTH_INCHES, wide + _RIM_INCHES)
    heights = _row_heights(picture.boxes, cells, pitch)
    height = sum(heights.values()) + _HEAD_INCHES + _FOOT_INCHES
    places: dict[str, _Place] = {}
    for name, (column, row) in cells.items():
        below = sum(tall for other, tall in heights.items() if other > row)
        x = 0.5 * (width - wide) + column * pitch
        places[name] = _Place(x, _FOOT_INCHES + below + 0.5 * _ROW_GAP_INCHES)
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set_xlim(0.0, width)
    ax.set_ylim(0.0, height)
    for box in picture.boxes:
        for name in _direct(box, boxes):
            _draw_arrow(ax, places[name], places[box.name])
    total = max(sum(box.cpu_s for box in picture.boxes), 1e-9)
    for box in picture.boxes:
        _draw_box(ax, box, places[box.name], box.cpu_s / total, pitch)
    head(figure, picture.title)
    notes = ((height - 0.5, _summary(picture), BLACK), (0.24, _foot(picture), "0.3"))
    for y, text, color in notes:
        told = fitted(text, width - _RIM_INCHES, 0.9 * NOTE_SIZE)
        ax.text(0.5 * width, y, told, ha="center", va="center", fontsize=NOTE_SIZE, color=color)
    return figure


def _cells(boxes: Sequence[PlanBox]) -> dict[str, tuple[int, int]]:
    """Give column and row of each stage: groups that hang together by themselves, small ones side by side below."""
    columns = _columns(boxes)
    neighbors: dict[str, set[str]] = {box.name: set(box.needs) for box in boxes}
    for box in boxes:
        for name in box.needs:
            neighbors[name].add(box.name)
    cells: dict[str, tuple[int, int]] = {}
    n_columns = max(_LEAST_COLUMNS, 1 + max(columns.values()))
    top, bottom, left = 0, 0, n_columns
    for part in _parts(neighbors):
        members = [box.name for box in boxes if box.name in part]
        rows = _rows(members, columns, neighbors)
        wide = 1 + max(columns[name] for name in members) - min(columns[name] for name in members)
        if left + wide > n_columns:
            top, left = bottom, 0
        first = min(columns[name] for name in members)
        for name in members:
            cells[name] = (left + columns[name] - first, top + rows[name])
        bottom = max(bottom, top + 1 + max(rows.values()))
        left += wide
    return cells


def _columns(boxes: Sequence[PlanBox]) -> dict[str, int]:
    """Give the column of each stage: one more than the last one it needs."""
    found: dict[str, int] = {}
    for box in boxes:
        found[box.name] = 1 + max((found[name] for name in box.needs), default=-1)
    # What has only later readers moves next to the first of them.
    for box in reversed(boxes):
        readers = [found[other.name] for other in boxes if box.name in other.needs]
        if readers and not box.needs:
            found[box.name] = min(readers) - 1
    return found


def _rows(
    members: Sequence[str], columns: Mapping[str, int], neighbors: Mapping[str, set[str]]
) -> dict[str, int]:
    """Give the row of each stage of a group, from the top: neighbors near each other."""
    by_column: dict[int, list[str]] = {}
    for name in members:
        by_column.setdefault(columns[name], []).append(name)
    n_rows = max(map(len, by_column.values()))
    row: dict[str, int] = {}
    for names in by_column.values():
        row |= _spread({name: float(index) for index, name in enumerate(names)}, n_rows)
    for _ in range(_SWEEPS):
        for names in by_column.values():
            wish = {
                name: sum(row[one] for one in neighbors[name]) / max(len(neighbors[name]), 1)
                for name in names
            }
            row |= _spread(wish, n_rows)
    return row


def _spread(wish: Mapping[str, float], n_rows: int) -> dict[str, int]:
    """Put the stages of a column into rows of their own, as near to where they wish to be as their order allows."""
    row: dict[str, int] = {}
    free = 0
    for index, name in enumerate(sorted(wish, key=lambda one: wish[one])):
        last = n_rows - (len(wish) - index)
        row[name] = min(max(round(wish[name]), free), last)
        free = row[name] + 1
    return row


def _parts(neighbors: Mapping[str, set[str]]) -> list[set[str]]:
    """Part the stages into groups that hang together, the largest first."""
    parts: list[set[str]] = []
    for name in neighbors:
        if any(name in part for part in parts):
            continue
        part, edge = {name}, [name]
        while edge:
            new = neighbors[edge.pop()] - part
            part |= new
            edge += new
        parts.append(part)
    return sorted(parts, key=len, reverse=True)


def _direct(box: PlanBox, boxes: Mapping[str, PlanBox]) -> list[str]:
    """Give the needs of a stage that do not follow from its other needs."""

    def above(name: str) -> set[str]:
        return {name}.union(*(above(one) for one in boxes[name].needs))

    implied = set().union(*(above(name) - {name} for name in box.needs))
    return [name for name in box.needs if name not in implied]


def _row_heights(
    boxes: Sequence[PlanBox], cells: Mapping[str, tuple[int, int]], pitch: float
) -> dict[int, float]:
    """Give the height of each row: a box, and the swept keys above it."""
    heights: dict[int, float] = {}
    for box in boxes:
        n_lines = len(_tags(box, pitch))
        tall = _BOX_INCHES[1] + _ROW_GAP_INCHES + n_lines * _TAG_LINE_INCHES
        row = cells[box.name][1]
        heights[row] = max(heights.get(row, 0.0), tall)
    return dict(sorted(heights.items()))


def _tags(box: PlanBox, pitch: float) -> list[str]:
    """Write the swept keys of a stage, in lines that fit above its box."""
    if len(box.swept) > _MOST_TAGS:
        return [f"{len(box.swept)} swept keys"]
    n_letters = max(12, int(pitch * 72 / (0.52 * NOTE_SIZE)))
    return [
        line
        for name, number in box.swept
        for line in wrap(
            f"{number} × {long_name_of(name)}" if number else long_name_of(name), n_letters
        )
    ]


def _draw_box(ax: Axes, box: PlanBox, place: _Place, share: float, pitch: float) -> None:
    """Draw one stage."""
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    width, height = _BOX_INCHES
    is_idle = not box.n_units
    ink = _IDLE_COLOR if is_idle else BLACK
    ax.add_patch(
        FancyBboxPatch(
            (place.x, place.y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor="white",
            edgecolor=ink,
            lw=0.8,
            zorder=3,
        )
    )
    middle = place.x + 0.5 * width
    ax.text(
        middle, place.y + height - 0.1, box.name, ha="center", va="center", fontsize=NOTE_SIZE + 1,
        fontweight="bold", color=ink, zorder=5,
    )  # fmt: skip
    for line, text in enumerate(_lines(box)):
        ax.text(
            middle, place.y + height - 0.26 - 0.135 * line, text, ha="center", va="center", fontsize=NOTE_SIZE,
            color=ink, zorder=5,
        )  # fmt: skip
    if not is_idle:
        _draw_bar(ax, place, share)
    for line, text in enumerate(reversed(_tags(box, pitch))):
        ax.text(
            middle, place.y + height + 0.085 + line * _TAG_LINE_INCHES, text, ha="center", va="center",
            fontsize=NOTE_SIZE, color=VERMILION, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def _draw_bar(ax: Axes, place: _Place, share: float) -> None:
    """Draw the share of a stage in the processor time along the lower edge of its box."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (importing scsim must not import matplotlib)

    corner, whole = (place.x + 0.05, place.y + 0.045), _BOX_INCHES[0] - 0.1
    ax.add_patch(Rectangle(corner, whole, 0.045, facecolor="0.92", edgecolor="none", zorder=4))
    if share > _NEXT_TO_NOTHING:
        ax.add_patch(
            Rectangle(corner, whole * share, 0.045, facecolor=BLUE, edgecolor="none", zorder=5)
        )


def _lines(box: PlanBox) -> list[str]:
    """Write what a box says below its name."""
    runs = "1 run" if box.n_runs == 1 else f"{box.n_runs} runs"
    if not box.n_units:
        return [runs, "nothing", "to compute"]
    units = "1 unit" if box.n_units == 1 else f"{box.n_units} units"
    if box.n_finished:
        units = f"{box.n_finished} of {box.n_units} done"
    return [runs, units, _time(box.cpu_s)]


def _time(seconds: float) -> str:
    """Write a processor time in two figures."""
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < _MINUTE_S:
        return f"{seconds:.2g} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.2g} min"
    return f"{seconds / _HOUR_S:.3g} h"


def _draw_arrow(ax: Axes, start: _Place, end: _Place) -> None:
    """Draw an arrow from the right edge of a box to the left edge of another."""
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    width, height = _BOX_INCHES
    ax.add_patch(
        FancyArrowPatch(
            (start.x + width, start.y + 0.5 * height),
            (end.x, end.y + 0.5 * height),
            arrowstyle="-|>",
            mutation_scale=7,
            color="0.35",
            lw=0.9,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )


def _summary(picture: PlanPicture) -> str:
    """Say how the cases share work, along the stages that take time."""
    cases = "1 case" if picture.n_cases == 1 else f"{picture.n_cases} cases"
    chain = [box for box in picture.boxes if box.n_units and _is_told(box, picture)]
    steps = [f"{box.n_units} {_of(box)}" for box in chain]
    return " → ".join([cases, *steps])


def _is_told(box: PlanBox, picture: PlanPicture) -> bool:
    return box.cpu_s > _NEXT_TO_NOTHING * picture.cpu_s or box.name in {"solution", "recruitment"}


_UNITS: Final = {
    "solution": ("field", "fields"),
    "field": ("set of potentials along fibers", "sets of potentials along fibers"),
    "thresholds": ("group of fibers", "groups of fibers"),
    "recruitment": ("recruitment", "recruitments"),
    "following": ("group under trains", "groups under trains"),
    "block": ("group under block", "groups under block"),
    "circuit": ("circuit run", "circuit runs"),
    "profile": ("profile", "profiles"),
    "impedance": ("contact matrix", "contact matrices"),
}
"""What a unit of a stage is called."""


def _of(box: PlanBox) -> str:
    one, many = _UNITS.get(box.name, (f"unit of {box.name}", f"units of {box.name}"))
    return one if box.n_units == 1 else many


def _foot(picture: PlanPicture) -> str:
    workers = "1 worker" if picture.workers == 1 else f"{picture.workers} workers"
    return (
        f"at most {_time(picture.cpu_s)} of processor time, about {_time(picture.wall_s)} on {workers}\n"
        "blue: share of a stage in the processor time; red: swept keys, at the first stages that depend on them"
    )
