"""Conduction block: its threshold and the onset response, against frequency, diameter or what else was swept.

Excitation thresholds are drawn in ``recruitment.py`` and ``threshold_sweep.py``.
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
    pick,
    require,
    swept_dims,
)
from scsim.plots.style import (
    COLUMN_WIDTH_INCHES,
    LINE_COLORS,
    LINE_MARKS,
    NOTHING_COMPUTED,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    is_better_in_log,
    legend_below,
    line_look,
    new_figure,
    note,
    plain_log_ticks,
)
from scsim.units import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.store import Results

THRESHOLD: Final = "block_threshold_ma"
ONSET: Final = "block_onset_spikes"
DIAMETER: Final = "fiber_diameter_um"
NEEDED: Final = (THRESHOLD, ONSET, DIAMETER)

MAX_LINES: Final = len(LINE_COLORS)

MAX_TICKS: Final = 8
"""Swept values up to this number stand along the axis themselves."""

_KHZ: Final = 1e3
"""Hz per kHz."""

_FREQUENCY: Final = "frequency_hz"
NO_BLOCK: Final = "no fiber is blocked\nin the range searched"


def block_threshold(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the amplitude that blocks fibers, against what was swept, else against their diameter.

    A line is a condition: the median over its fibers, with a band from the lowest to the highest. Fibers without a block
    threshold are left out.

    Parameters
    ----------
    results : Results
        With ``block_threshold_ma``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If block was not saved.
    """
    require(results, NEEDED, "The picture of block")
    ax = axes_or_new(ax)
    _draw(ax, results, THRESHOLD, lowest=0.0)
    values = np.asarray(results.dataset(THRESHOLD))
    found = values[np.isfinite(values)]
    if not found.size:
        note(
            ax,
            NO_BLOCK
            if np.isfinite(np.asarray(results.dataset(DIAMETER))).any()
            else NOTHING_COMPUTED,
        )
        return ax
    if found.max() > 4.0 * found.min():
        ax.set_yscale("log")
        plain_log_ticks(ax.yaxis)
    else:
        ax.set_ylim(bottom=0)
    return ax


def onset_response(results: Results, ax: Axes | None = None) -> Axes:
    """Draw how many spikes the blocking current starts before it blocks, as `block_threshold` draws the amplitude.

    Parameters
    ----------
    results : Results
        With ``block_onset_spikes``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If block was not saved.
    """
    require(results, NEEDED, "The picture of the onset response")
    ax = axes_or_new(ax)
    _draw(ax, results, ONSET, lowest=-0.5)
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", integer=True)
    return ax


def _draw(ax: Axes, results: Results, name: str, *, lowest: float) -> None:
    """Draw a dataset of fibers; values that are not above `lowest` are none."""
    dims = [dim for dim in swept_dims(results, name) if dim != CASE_DIMENSION]
    numeric = [dim for dim in dims if is_numeric(results, dim)]
    along = _FREQUENCY if _FREQUENCY in numeric else next(iter(numeric), None)
    conditions = list(indices(results, [dim for dim in dims if dim != along]))
    for number, at in enumerate(conditions[:MAX_LINES]):
        words = in_words(results, at) or "median (band: all fibers)"
        look = {**line_look(number), "marker": LINE_MARKS[number % len(LINE_MARKS)], "ms": 4.5}
        if along is None:
            x, y = (np.atleast_2d(pick(results, one, at)).T for one in (DIAMETER, name))
            x = np.broadcast_to(x, y.shape)
            kept = y > lowest
            ax.plot(x[kept], y[kept], **{**look, "linestyle": "none"}, label=words)
            continue
        x = np.asarray(results.coordinates[along], dtype=np.float64)
        order = np.argsort(x)
        parts = [pick(results, name, at | {along: int(index)}).ravel() for index in order]
        kept_parts = [part[part > lowest] for part in parts]
        low, middle, high = (
            np.array([float(of(part)) if part.size else np.nan for part in kept_parts])
            for of in (np.min, np.median, np.max)
        )
        x = x[order] / (_KHZ if along == _FREQUENCY else 1.0)
        ax.plot(x, middle, **look, label=words)
        ax.fill_between(x, low, high, color=look["color"], alpha=0.16, lw=0)
        if is_better_in_log(x):
            ax.set_xscale("log")
            plain_log_ticks(ax.xaxis)
        if x.size <= MAX_TICKS:
            ax.set_xticks(x, [f"{value:g}" for value in x])
            ax.set_xticks([], minor=True)
    ax.set(xlabel=_axis_label(results, along), ylabel=label(name))
    ax.grid(visible=True, which="both", alpha=0.3)


def _axis_label(results: Results, along: str | None) -> str:
    """Write the label of what lies along the axis: a frequency in kHz."""
    if along is None:
        return label(DIAMETER)
    return "Frequency (kHz)" if along == _FREQUENCY and unit_of(along) == "Hz" else label(along)


def blocks(results: Results) -> Figure:
    """Draw block thresholds and onset responses side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If block was not saved.
    """
    figure = new_figure(max(PAGE_WIDTH_INCHES, COLUMN_WIDTH_INCHES), 3.4)
    left, right = figure.subplots(1, 2)
    block_threshold(results, left)
    onset_response(results, right)
    handles = left.get_legend_handles_labels()[0]
    if handles:
        several = len(handles) > 1
        legend_below(figure, handles, "medians; bands hold all fibers" if several else "")
    head(figure, "Block by a kilohertz current (one model of fibers)")
    return figure
