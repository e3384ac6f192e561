"""Thresholds against what was swept: anatomy, contacts, pulse width.

Thresholds of single fibers of one condition are drawn in ``recruitment.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.reading import (
    config_value,
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
from scsim.plots.realizations import seed_dims
from scsim.plots.style import (
    COLUMN_WIDTH_INCHES,
    LINE_MARKS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    axes_or_new,
    head,
    is_better_in_log,
    legend_below,
    line_look,
    new_figure,
    note,
    plain_log_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

NEEDED: Final = ("threshold_ma", "fiber_diameter_um", "fiber_weight")
SHARES: Final = (0.1, 0.5, 0.9)
"""Shares of the thick fibers at whose amplitudes the band begins, the line runs and the band ends."""

ROUNDING: Final = 1.0 - 1e-9
"""Sums of weights may fall short of a share by rounding."""

HALF_AND_BAND: Final = "half of them (band: 10 to 90 %)"
"""What a line and its band show."""

MAX_LINES: Final = 7
MAX_NAMES: Final = 24
MAX_BANDS: Final = 3
"""Bands of more lines than this would hide each other."""


def has_threshold_sweep(results: Results) -> bool:
    """Tell whether thresholds were computed for more than one condition.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
        False where nothing but seeds tells them apart.
    """
    return all(name in results for name in NEEDED) and bool(_dims(results))


def threshold_sweep(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the amplitudes that recruit 10, 50 and 90 % of the thick fibers, against what was swept.

    Thick fibers are those that drive the dorsal horn; of a nerve, all fibers are meant. A swept number is the axis, with a line per other
    condition; labels and cases are dots with whiskers. Of several seeds, the mean is drawn.

    Parameters
    ----------
    results : Results
        With thresholds of more than one condition (`has_threshold_sweep`).
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the thresholds were not saved.
    """
    require(results, NEEDED, "The picture of thresholds")
    ax = axes_or_new(ax)
    dims = _dims(results)
    along = next((dim for dim in dims if is_numeric(results, dim)), dims[0] if dims else None)
    if along is not None and is_numeric(results, along):
        _draw_lines(ax, results, along)
    else:
        _draw_names(ax, results, along)
    ax.grid(visible=True, which="both", alpha=0.3)
    if not np.isfinite(np.asarray(results.dataset("threshold_ma"))).any():
        note(ax, NOTHING_COMPUTED)
    return ax


def threshold_sweeps(results: Results) -> Figure:
    """Draw thresholds against what was swept as a figure of its own.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the thresholds were not saved.
    """
    require(results, NEEDED, "The picture of thresholds")
    dims = _dims(results)
    along = next((dim for dim in dims if is_numeric(results, dim)), None)
    n_names = 1
    for dim in dims if along is None else ():
        n_names *= len(results.coordinates[dim])
    height = 3.3 if along is not None else 1.4 + 0.24 * min(n_names, MAX_NAMES)
    figure = new_figure(COLUMN_WIDTH_INCHES, height)
    ax = threshold_sweep(results, figure.add_subplot())
    handles = ax.get_legend_handles_labels()[0]
    if len(handles) > 1:
        is_banded = len(handles) <= MAX_BANDS
        legend_below(figure, handles, HALF_AND_BAND if is_banded else "half of them")
    elif handles:
        legend_below(figure, handles)
    is_nerve = config_value(results, "afferents.a_beta_min_diameter_um") is None
    what = "the fibers of the nerve" if is_nerve else "thick fibers"
    head(figure, f"Amplitudes for {what} ({ONE_ANATOMY})")
    return figure


def _dims(results: Results) -> tuple[str, ...]:
    """Give the swept dimensions of thresholds that are no seeds and have several values."""
    seeds = seed_dims(results)
    return tuple(
        dim
        for dim in swept_dims(results, "threshold_ma")
        if dim not in seeds and len(results.coordinates[dim]) > 1
    )


def _draw_lines(ax: Axes, results: Results, along: str) -> None:
    x = np.asarray(results.coordinates[along], dtype=np.float64)
    order = np.argsort(x)
    conditions = list(indices(results, [dim for dim in _dims(results) if dim != along]))
    shown = conditions[:MAX_LINES]
    for number, condition in enumerate(shown):
        low, middle, high = np.array(
            [_amplitudes(results, condition | {along: int(index)}) for index in order]
        ).T
        look = line_look(number)
        name = in_words(results, condition) or HALF_AND_BAND
        ax.plot(x[order], middle, marker=LINE_MARKS[number], markersize=4, label=name, **look)
        if len(shown) <= MAX_BANDS:
            ax.fill_between(x[order], low, high, color=look["color"], alpha=0.16, lw=0)
    if is_better_in_log(x[order]):
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis)
        ax.set_yscale("log")
        plain_log_ticks(ax.yaxis)
    else:
        ax.set_ylim(bottom=0)
    ax.set(xlabel=label(along), ylabel=label("amplitude_ma"))


def _draw_names(ax: Axes, results: Results, along: str | None) -> None:
    """Draw a dot with whiskers beside the name of each condition."""
    places = list(indices(results, _dims(results)))[:MAX_NAMES]
    for row, place in enumerate(places):
        low, middle, high = _amplitudes(results, place)
        look = line_look(0)
        ax.plot([low, high], [row, row], color=look["color"], lw=4, alpha=0.3)
        ax.plot(middle, row, marker="o", markersize=5, color=look["color"])
    names = [
        literal(str(labels_along(results, along)[place[along]]))
        if along is not None and len(place) == 1
        else in_words(results, place)
        for place in places
    ]
    ax.set_yticks(range(len(places)), names, fontsize=NOTE_SIZE)
    ax.set(xlabel=label("amplitude_ma"), ylim=(len(places) - 0.5, -0.5))
    ax.set_xlim(left=0)


def _amplitudes(results: Results, place: Mapping[str, int]) -> NDArray[np.float64]:
    """Read off the amplitudes that recruit the shares of the thick fibers, means over seeds."""
    parts = np.broadcast_arrays(*(pick(results, name, place) for name in NEEDED))
    rows = (part.reshape(-1, part.shape[-1]) for part in parts)
    smallest = config_value(results, "afferents.a_beta_min_diameter_um", 0.0)
    found = np.array(
        [
            _reached(threshold_ma, diameter_um, weight, smallest)
            for threshold_ma, diameter_um, weight in zip(*rows, strict=True)
        ]
    )
    is_known = np.isfinite(found).any(axis=0)
    return np.where(is_known, np.nanmean(np.where(is_known, found, 0.0), axis=0), np.nan)


def _reached(
    threshold_ma: NDArray[np.float64],
    diameter_um: NDArray[np.float64],
    weight: NDArray[np.float64],
    smallest_um: float,
) -> list[float]:
    """Give the amplitude at which each share of the thick fibers is recruited; NaN where it never is."""
    is_thick = diameter_um >= smallest_um
    total = float(weight[is_thick].sum())
    order = np.argsort(threshold_ma[is_thick])  # NaN, without a threshold, come last
    reached = np.cumsum(weight[is_thick][order])
    return [
        float(threshold_ma[is_thick][order][np.searchsorted(reached, share * total * ROUNDING)])
        if total > 0
        else np.nan
        for share in SHARES
    ]
