"""What the sweep does to the field: the drive of fibers below the lead, over a swept number or case by case.

The field along the cord in single conditions is drawn in ``field_lines.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.reading import (
    CASE_DIMENSION,
    in_words,
    indices,
    is_numeric,
    label,
    labels_along,
    literal,
    pick,
    require,
    swept_dims,
)
from scsim.plots.style import (
    COLUMN_WIDTH_INCHES,
    LINE_MARKS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    fitted,
    head,
    legend_below,
    line_look,
    new_figure,
    note,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.store import Results

DRIVE: Final = "profile_peak_second_difference_mv_per_ma"
DEPTH: Final = "depth_mm"
MAX_LINES: Final = 7
MAX_CASES: Final = 30
NAME_INCHES: Final = 2.6
PERCENT: Final = 100.0
LISTED: Final = ("one_at_a_time", "cases")
"""Modes whose first case is what the others are compared with."""


def has_field_sweep(results: Results) -> bool:
    """Tell whether results hold field profiles over a swept number, or of cases beside a first one.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    if DRIVE not in results:
        return False
    dims = swept_dims(results, DRIVE)
    return _is_listed(results) or any(is_numeric(results, dim) for dim in dims)


def field_sweep(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the second difference below the active contact, which drives fibers, over the sweep.

    Over a swept number: a line per depth and other condition. Of listed cases, and of one change at a time: bars with
    the change against the first case, in percent.

    Parameters
    ----------
    results : Results
        With profiles of several conditions (`has_field_sweep`).
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the profiles were not saved.
    """
    require(results, (DRIVE,), "The picture of fields over a sweep")
    ax = axes_or_new(ax)
    if _is_listed(results):
        _draw_changes(ax, results)
    else:
        _draw_lines(ax, results)
    if not np.isfinite(np.asarray(results.dataset(DRIVE))).any():
        note(ax, NOTHING_COMPUTED)
    return ax


def field_sweeps(results: Results) -> Figure:
    """Draw the drive of fibers over the sweep as a figure of its own.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the profiles were not saved.
    """
    require(results, (DRIVE,), "The picture of fields over a sweep")
    if _is_listed(results):
        n_cases = min(len(results.coordinates[CASE_DIMENSION]), MAX_CASES)
        figure = new_figure(PAGE_WIDTH_INCHES, 1.2 + 0.27 * n_cases)
        heading = f"Change of the drive of fibers ({ONE_ANATOMY})"
    else:
        figure = new_figure(COLUMN_WIDTH_INCHES, 3.3)
        heading = f"Drive of fibers below the lead ({ONE_ANATOMY})"
    ax = field_sweep(results, figure.add_subplot())
    handles = ax.get_legend_handles_labels()[0]
    if handles:
        legend_below(figure, handles)
    head(figure, heading)
    return figure


def _is_listed(results: Results) -> bool:
    return (
        results.attributes.get("sweep_mode") in LISTED
        and CASE_DIMENSION in swept_dims(results, DRIVE)
        and 1 < len(results.coordinates[CASE_DIMENSION]) <= MAX_CASES
    )


def _draw_changes(ax: Axes, results: Results) -> None:
    """Draw bars side by side, one per depth, for each case but the first."""
    names = [str(name) for name in labels_along(results, CASE_DIMENSION)]
    depths = np.asarray(results.coordinates[DEPTH], dtype=np.float64)
    rows = np.arange(1, len(names))
    height = 0.8 / depths.size
    for number, depth_mm in enumerate(depths):
        drive = pick(results, DRIVE, {DEPTH: number}).astype(np.float64)
        change = PERCENT * (drive[1:] / drive[0] - 1.0)
        ax.barh(
            rows - 0.4 + (number + 0.5) * height,
            change,
            height,
            color=line_look(number)["color"],
            label=f"{depth_mm:g} mm below the surface of the cord",
        )
    ax.axvline(0, color="0.3", lw=1)
    ax.set_yticks(
        rows,
        [fitted(literal(name), NAME_INCHES, NOTE_SIZE) for name in names[1:]],
        fontsize=NOTE_SIZE,
    )
    ax.set(
        ylim=(len(names) - 0.5, 0.5),
        xlabel=f"Second difference at the peak, change against “{literal(names[0])}” (%)",
    )
    ax.grid(visible=True, axis="x", alpha=0.3)
    ax.set_axisbelow(True)


def _draw_lines(ax: Axes, results: Results) -> None:
    along = next(dim for dim in swept_dims(results, DRIVE) if is_numeric(results, dim))
    x = np.asarray(results.coordinates[along], dtype=np.float64)
    order = np.argsort(x)
    others = [dim for dim in results.dims(DRIVE) if dim != along]
    for number, place in enumerate(list(indices(results, others))[:MAX_LINES]):
        ax.plot(
            x[order],
            pick(results, DRIVE, place)[order],
            marker=LINE_MARKS[number],
            markersize=4,
            label=in_words(results, place),
            **line_look(number),
        )
    ax.set(xlabel=label(along), ylabel=fitted(label(DRIVE), 2.4, 10))
    ax.grid(visible=True, alpha=0.3)
