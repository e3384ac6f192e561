"""Where in a nerve fibers are easy to excite: a panel per montage or diameter, fibers colored by their place in the order.

Cuff and contacts are drawn in ``nerve_section.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.geometry import FIBER_START, X_LABEL
from scsim.plots.nerve_section import FASCICLES, ONE_NERVE
from scsim.plots.reading import has_values, in_words, indices, pick, require, swept_dims
from scsim.plots.realizations import seed_dims
from scsim.plots.style import (
    MAP_COLORS,
    NOTHING_COMPUTED,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    label_rim,
    new_figure,
    note,
    title_panel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

    from scsim.results.store import Results

THRESHOLD: Final = "threshold_ma"
NEEDED: Final = (THRESHOLD, FASCICLES, FIBER_START)
MAX_PANELS: Final = 6
MAX_COLUMNS: Final = 3
RATIO_LIMIT: Final = 1.5
"""Ends of the color scale: thresholds so many times the middle one, and the inverse."""

RATIO_TICKS: Final = (0.67, 0.8, 1.0, 1.25, 1.5)


def has_nerve_places(results: Results) -> bool:
    """Tell whether results hold thresholds of the fibers of a nerve for several conditions.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    return all(name in results for name in NEEDED) and len(_conditions(results)) > 1


def nerve_places(
    results: Results, ax: Axes | None = None, *, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the fibers of a nerve across it, colored by their threshold over the middle one of the condition.

    Parameters
    ----------
    results : Results
        Of a nerve, with thresholds.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Index along each swept dimension of the thresholds; default 0.

    Returns
    -------
    matplotlib.axes.Axes
        Its last collection has the colors.

    Raises
    ------
    ResultsError
        If the results are not of a nerve, or lack thresholds.
    """
    from matplotlib.colors import LogNorm  # noqa: PLC0415  (importing scsim must not import matplotlib)

    require(results, NEEDED, "The picture of places in a nerve")
    is_own = ax is None
    ax = axes_or_new(ax)
    at = dict.fromkeys(swept_dims(results, THRESHOLD), 0) | dict(at or {})
    for outline in pick(results, FASCICLES, at):
        ax.fill(*outline.T, facecolor="white", edgecolor="0.3", lw=1.0)
    threshold_ma, place = pick(results, THRESHOLD, at), pick(results, FIBER_START, at)
    is_found = np.isfinite(threshold_ma)
    if has_values(results, THRESHOLD, at):
        x, y = place[is_found, 0], place[is_found, 1]
        dots = ax.scatter(
            x,
            y,
            c=threshold_ma[is_found] / np.median(threshold_ma[is_found]),
            cmap=f"{MAP_COLORS}_r",
            norm=LogNorm(1.0 / RATIO_LIMIT, RATIO_LIMIT),
            s=16,
            linewidths=0.3,
            edgecolors="0.2",
            zorder=3,
        )
        if is_own:
            _add_bar(ax.figure, dots, ax)
    else:
        note(ax, NOTHING_COMPUTED)
    ax.set_aspect("equal")
    ax.set(xlabel=X_LABEL, ylabel="y (mm)")
    title_panel(ax, in_words(results, at))
    return ax


def nerves_places(results: Results) -> Figure:
    """Draw where fibers are easy to excite, a panel per condition.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the results are not of a nerve, or lack thresholds.
    """
    require(results, NEEDED, "The picture of places in a nerve")
    conditions = _conditions(results)
    shown = conditions[:MAX_PANELS]
    n_columns = min(len(shown), MAX_COLUMNS)
    n_rows = -(-len(shown) // n_columns)
    figure = new_figure(PAGE_WIDTH_INCHES, 0.9 + 2.15 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    dots: Any = None
    for ax, at in zip(panels.flat, shown, strict=False):
        nerve_places(results, ax, at=at)
        dots = ax.collections[-1] if ax.collections else dots
    label_rim(panels, len(shown))
    if dots is not None:
        _add_bar(figure, dots, list(panels.flat))
    heading = f"Where fibers are easy to excite ({ONE_NERVE})"
    if len(shown) < len(conditions):
        heading += f": first {len(shown)} of {len(conditions)} conditions"
    head(figure, heading)
    return figure


def _add_bar(figure: Any, dots: ScalarMappable, axes: Any) -> None:
    """Add the bar of colors."""
    bar = figure.colorbar(dots, ax=axes, label="threshold / median threshold", extend="both")
    bar.set_ticks(RATIO_TICKS, labels=[f"{ratio:g}" for ratio in RATIO_TICKS])
    bar.ax.minorticks_off()


def _conditions(results: Results) -> list[dict[str, int]]:
    """List the conditions; of two swept keys, the first runs fastest, so that it goes along a row of panels."""
    seeds = seed_dims(results)
    dims = [dim for dim in swept_dims(results, THRESHOLD) if dim not in seeds]
    return list(indices(results, dims[::-1]))
