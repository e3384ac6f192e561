"""The pain signal over the sweep: maps over two swept numbers, curves over one, dots over cases.

How the signal comes about over time is drawn in ``time_course.py``; recruitment, in
``recruitment.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.plots.reading import (
    circuit_label,
    has_values,
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
from scsim.plots.realizations import mean_over_realizations
from scsim.plots.style import (
    BLACK,
    LINE_MARKS,
    MAP_COLORS,
    MISSING_COLOR,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    VERMILION,
    axes_or_new,
    cell_edges,
    head,
    is_better_in_log,
    label_rim,
    legend_above,
    line_look,
    new_figure,
    note,
    plain_log_ticks,
    title_panel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.contour import ContourSet
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

EDGE_HZ: Final = 10.0
"""Projection rate at which the border of the quiet region is drawn: a reading aid, no threshold of pain."""

AFFERENT_LEVELS_HZ: Final = (25.0, 35.0, 60.0, 90.0, 150.0, 300.0, 600.0)
"""A-beta rates at which contours are drawn. The steady map of the rate model crodelle2019 at 22 Hz of
C-fiber input is why 25, 35 and 90 are among them: the healthy circuit falls silent from about 25 Hz
on, the one with half its inhibition only between about 35 and 90 Hz."""

CONTOUR_RIM: Final = 2.0
EDGE_WIDTH: Final = 2.2
EDGE_RIM: Final = 3.8
"""Widths in points; a rim is the dark line below that makes the upper one readable on any color."""

LABEL_COLUMNS: Final = (0.8, 0.55, 0.35)
"""Where contours are labelled, as a share of the width: neighbors apart, as they may lie close."""

MEANS: Final = ("pain_signal", "projection_rate_hz", "a_beta_rate_hz")
"""Datasets that are drawn as means over realizations."""

MAX_PANELS: Final = 6
MAX_CURVES: Final = 7
MAX_TICKS: Final = 12
NARROW_RATIO: Final = 6
"""Last over first value of a logarithmic axis below which 1, 2 and 5 would be too few ticks."""


def map_dims(results: Results) -> tuple[str, ...]:
    """Choose the swept dimensions that the pain signal is laid over.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str
        The first two dimensions with numbers for a map, one for curves, none where cases or labels
        are all there is.
    """
    dims = swept_dims(results, "pain_signal")
    return tuple(dim for dim in dims if is_numeric(results, dim))[:2]


def pain_map(
    results: Results, ax: Axes | None = None, *, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the pain signal over two swept numbers for one condition, the mean of several realizations.

    One cell per computed case, borders half-way between the values; the map ends at the first and the
    last value, so that cells along its rim are half as wide. A red line follows the cell borders
    where the projection rate crosses 10 Hz; white contours give the rate of the A-beta afferents,
    which is all that the stimulus hands to a rate model. Cells without a value are gray.

    Parameters
    ----------
    results : Results
        With ``pain_signal``; ``projection_rate_hz`` and ``a_beta_rate_hz`` add the lines.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure, with a color bar.
    at : mapping of str to int, optional
        Index along each swept dimension that is not an axis of the map; default 0.

    Returns
    -------
    matplotlib.axes.Axes
        Its first collection is the map.

    Raises
    ------
    ResultsError
        If the pain signal was not saved or the study does not sweep two numbers.
    """
    require(results, ("pain_signal",), "The map of the pain signal")
    results, _ = mean_over_realizations(results, MEANS, at)
    along = map_dims(results)
    if len(along) < 2:
        message = (
            f"a map needs two swept numbers; this study sweeps {len(along)} "
            f"({', '.join(along) or 'labels or cases only'}). Draw pain_curves instead."
        )
        raise ResultsError(message)
    needs_bar = ax is None
    ax = axes_or_new(ax)
    at = _complete(results, at, along)
    x, y = (np.sort(np.asarray(results.coordinates[dim], dtype=np.float64)) for dim in along)
    edges = (
        cell_edges(x, is_log=is_better_in_log(x)),
        cell_edges(y, is_log=is_better_in_log(y)),
    )
    cells = ax.pcolormesh(
        *edges,
        _over(results, "pain_signal", at, along),
        cmap=MAP_COLORS,
        vmin=0,
        vmax=_largest_signal(results),
    )
    ax.set_facecolor(MISSING_COLOR)
    _set_scales(ax, x, y)
    if "a_beta_rate_hz" in results and set(along) <= set(results.dims("a_beta_rate_hz")):
        _draw_afferents(ax, x, y, _over(results, "a_beta_rate_hz", at, along))
    if "projection_rate_hz" in results:
        _draw_edge(ax, edges, _over(results, "projection_rate_hz", at, along))
    if not has_values(results, "pain_signal", at):
        note(ax, NOTHING_COMPUTED)
    ax.set(xlabel=label(along[0]), ylabel=label(along[1]))
    title_panel(ax, in_words(results, at))
    if needs_bar:
        ax.figure.colorbar(cells, ax=ax, label=_signal_label())
    return ax


def pain_curves(
    results: Results, ax: Axes | None = None, *, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the pain signal against one swept number, or a dot beside the name of each case.

    Of several realizations, the mean is drawn.

    Parameters
    ----------
    results : Results
        With ``pain_signal``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Index along each swept dimension that is neither the axis nor told apart by lines; default:
        the first seven combinations of the other dimensions are a line each.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the pain signal was not saved.
    """
    require(results, ("pain_signal",), "The picture of the pain signal")
    ax = axes_or_new(ax)
    results, _ = mean_over_realizations(results, MEANS, at)
    dims = swept_dims(results, "pain_signal")
    along = map_dims(results)[:1] or dims[-1:]
    at = dict(at or {})
    others = [dim for dim in dims if dim not in along and dim not in at]
    is_line = bool(along) and is_numeric(results, along[0])
    x = labels_along(results, along[0]) if along else np.array([""])
    order = np.argsort(x) if is_line else np.arange(x.size)
    places = x[order] if is_line else order
    for number, condition in enumerate(list(indices(results, others))[:MAX_CURVES]):
        signal = np.atleast_1d(pick(results, "pain_signal", at | condition))[order]
        look = line_look(number) | {"marker": LINE_MARKS[number], "markersize": 4.5}
        name = in_words(results, condition)
        if is_line:
            ax.plot(places, signal, label=name, **look)
        else:
            ax.plot(signal, places, label=name, **(look | {"linestyle": "none"}))
    name = label(along[0]) if along else ""
    if is_line:
        ax.axhline(1, color="0.5", lw=1, ls=":")
        ax.set(xlabel=name, ylabel=_signal_label())
        ax.set_ylim(bottom=-0.03)
    else:
        ax.axvline(1, color="0.5", lw=1, ls=":")
        ax.set(xlabel=_signal_label(), ylabel=name, ylim=(x.size - 0.5, -0.5))
        ax.set_xlim(left=-0.03)
        if x.size <= MAX_TICKS:
            ax.set_yticks(places, [literal(str(value)) for value in x], fontsize=NOTE_SIZE)
    if not has_values(results, "pain_signal", at):
        note(ax, NOTHING_COMPUTED)
    title_panel(ax, in_words(results, at))
    legend_above(ax)
    ax.grid(visible=True, alpha=0.3)
    return ax


def pain_maps(results: Results) -> Figure:
    """Draw the pain signal over the whole sweep: a map per condition, or curves.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the pain signal was not saved.
    """
    require(results, ("pain_signal",), "The map of the pain signal")
    results, about = mean_over_realizations(results, MEANS)
    along = map_dims(results)
    heading = f"Pain signal ({circuit_label(results)}, {ONE_ANATOMY})"
    if len(along) < 2:
        figure = new_figure(PAGE_WIDTH_INCHES, 3.6)
        pain_curves(results, figure.add_subplot())
        head(figure, f"{heading}\n{about}" if about else heading)
        return figure
    others = [dim for dim in swept_dims(results, "pain_signal") if dim not in along]
    conditions = list(indices(results, others))
    shown = conditions[:MAX_PANELS]
    if len(shown) < len(conditions):
        heading += f": first {len(shown)} of {len(conditions)} conditions"
    n_columns = min(len(shown), 3)
    n_rows = -(-len(shown) // n_columns)
    figure = new_figure(PAGE_WIDTH_INCHES, 1.1 + 2.7 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for ax, at in zip(panels.flat, shown, strict=False):
        pain_map(results, ax, at=at)
    label_rim(panels, len(shown))
    figure.colorbar(panels.flat[0].collections[0], ax=list(panels.flat), label=_signal_label())
    handles = _line_handles(list(panels.flat))
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(handles), fontsize=NOTE_SIZE
        )
    head(figure, f"{heading}\n{about}" if about else heading)
    return figure


def _complete(
    results: Results, at: Mapping[str, int] | None, along: Sequence[str]
) -> dict[str, int]:
    """Fill in index 0 for the swept dimensions that neither the map nor the caller covers."""
    others = [dim for dim in swept_dims(results, "pain_signal") if dim not in along]
    return {dim: (at or {}).get(dim, 0) for dim in others}


def _over(
    results: Results, name: str, at: Mapping[str, int], along: Sequence[str]
) -> NDArray[np.float64]:
    """Take a dataset over the two axes of a map, both ascending, the vertical one first."""
    values = pick(results, name, at)
    left = [dim for dim in results.dims(name) if dim in along]
    for axis, dim in enumerate(left):
        values = np.take(values, np.argsort(results.coordinates[dim]), axis=axis)
    return values.T if left == list(along) else values


def _largest_signal(results: Results) -> float:
    """Give the upper end of the color scale, the same for all panels and never below 1."""
    signal = results.dataset("pain_signal")
    return float(np.nanmax(signal, initial=1.0))


def _signal_label() -> str:
    return f"{label('pain_signal')} (1 = healthy, no stimulation)"


def _set_scales(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Use a logarithmic axis where it spaces the values more evenly; few values are the ticks."""
    from matplotlib.ticker import MaxNLocator, NullLocator  # noqa: PLC0415  (importing scsim must not import matplotlib)

    if is_better_in_log(x):
        ax.set_xscale("log")
    if is_better_in_log(y):
        ax.set_yscale("log")
    for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
        if values.size <= MAX_TICKS // 2:
            axis.set_ticks(values, [f"{value:.3g}" for value in values])
            axis.set_minor_locator(NullLocator())
        elif is_better_in_log(values):
            plain_log_ticks(axis)
            if values[-1] < NARROW_RATIO * values[0]:
                axis.set_major_locator(MaxNLocator(nbins=4))
                axis.set_minor_locator(NullLocator())


def _draw_afferents(
    ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], rate_hz: NDArray[np.float64]
) -> None:
    """Draw contours of the A-beta rate, each with its value."""
    known = rate_hz[np.isfinite(rate_hz)]
    low, high = np.min(known, initial=np.inf), np.max(known, initial=-np.inf)
    inside = [level for level in AFFERENT_LEVELS_HZ if low < level < high]
    if not inside:
        return
    contours = ax.contour(x, y, rate_hz, levels=inside, colors="white", linewidths=0.9)
    contours.set_path_effects(_outlined(CONTOUR_RIM))
    columns = [x[0] + share * (x[-1] - x[0]) for share in LABEL_COLUMNS]
    targets = ax.transData.transform([(column, y[-1]) for column in columns])[:, 0]
    places = _label_places(contours, targets)
    plate = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    for text in ax.clabel(contours, fmt="%g", fontsize=NOTE_SIZE, manual=places):
        text.set(color=BLACK, bbox=plate, zorder=5)


def _label_places(contours: ContourSet, targets: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Choose for each contour the point, off its ends, that is nearest to its column of the picture."""
    places = []
    for number, lines in enumerate(contours.allsegs):
        # Beside missing values a contour may be a single point.
        if lines and len(line := max(lines, key=len)) > 1:
            middle = (line[1:] + line[:-1]) / 2
            across = contours.axes.transData.transform(middle)[:, 0]
            places.append(middle[np.argmin(np.abs(across - targets[number % len(targets)]))])
    return places


def _draw_edge(
    ax: Axes,
    edges: tuple[NDArray[np.float64], NDArray[np.float64]],
    rate_hz: NDArray[np.float64],
) -> None:
    """Draw a line along the borders of cells whose rates lie on either side of the edge."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  (importing scsim must not import matplotlib)

    x, y = edges
    is_quiet, is_loud = rate_hz < EDGE_HZ, rate_hz >= EDGE_HZ  # a missing rate is neither
    across = [
        [(x[column + 1], y[row]), (x[column + 1], y[row + 1])]
        for row, column in np.argwhere(
            (is_quiet[:, 1:] & is_loud[:, :-1]) | (is_loud[:, 1:] & is_quiet[:, :-1])
        )
    ]
    below = [
        [(x[column], y[row + 1]), (x[column + 1], y[row + 1])]
        for row, column in np.argwhere(
            (is_quiet[1:] & is_loud[:-1]) | (is_loud[1:] & is_quiet[:-1])
        )
    ]
    if not across + below:
        return
    for color, width in ((BLACK, EDGE_RIM), (VERMILION, EDGE_WIDTH)):
        border = LineCollection(
            across + below, colors=color, linewidths=width, capstyle="projecting"
        )
        ax.add_collection(border, autolim=False)


def _outlined(width: float) -> list[Any]:
    """Give a line a dark rim, so that it can be read on any color of the map."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415  (importing scsim must not import matplotlib)

    return [withStroke(linewidth=width, foreground=BLACK)]


def _line_handles(panels: Sequence[Axes]) -> list[Any]:
    """Make legend entries for the lines that any of some maps has."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  (importing scsim must not import matplotlib)
    from matplotlib.contour import ContourSet  # noqa: PLC0415  (as above)
    from matplotlib.lines import Line2D  # noqa: PLC0415  (as above)

    white: dict[str, Any] = {"color": "white", "lw": 0.9, "path_effects": _outlined(CONTOUR_RIM)}
    red: dict[str, Any] = {
        "color": VERMILION,
        "lw": EDGE_WIDTH,
        "path_effects": _outlined(EDGE_RIM),
    }
    drawn = [collection for ax in panels for collection in ax.collections]
    handles = []
    if any(isinstance(collection, ContourSet) for collection in drawn):
        handles.append(Line2D([], [], label=label("a_beta_rate_hz"), **white))
    if any(isinstance(collection, LineCollection) for collection in drawn):
        text = f"projection-neuron rate crosses {EDGE_HZ:g} Hz"
        handles.append(Line2D([], [], label=text, **red))
    return handles
