"""A nerve in its cuff, across it, with fibers colored by threshold; and how many of each fascicle are recruited.

Positions come from the group ``geometry`` of the results. Leads in the canal are drawn in ``lead_and_fibers.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.geometry import FIBER_START, X_LABEL, montage_of
from scsim.plots.reading import (
    CASE_DIMENSION,
    config_value,
    first_computed,
    has_values,
    in_words,
    indices,
    label,
    literal,
    pick,
    require,
    swept_dims,
    values_along,
)
from scsim.plots.style import (
    BLACK,
    COLUMN_WIDTH_INCHES,
    LEAD_FILL,
    MAP_COLORS,
    MISSING_COLOR,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    legend_below,
    line_look,
    new_figure,
    note,
    plain_log_ticks,
    polarity_color,
    polarity_handles,
    title_panel,
)
from scsim.results.schema import GEOMETRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

EPINEURIUM: Final = f"{GEOMETRY}/outline_epineurium_mm"
FASCICLES: Final = f"{GEOMETRY}/outline_fascicle_mm"
INNER_WALL: Final = f"{GEOMETRY}/outline_cuff_mm"
OUTER_WALL: Final = f"{GEOMETRY}/lead_outline_mm"
MIDDLE: Final = f"{GEOMETRY}/contact_middle_deg"
SPAN: Final = f"{GEOMETRY}/contact_span_deg"
HEIGHT: Final = f"{GEOMETRY}/contact_center_mm"
RADIUS: Final = f"{GEOMETRY}/contact_radius_mm"

NEEDED: Final = (EPINEURIUM, FASCICLES, INNER_WALL, OUTER_WALL, MIDDLE, SPAN, HEIGHT, RADIUS)
RECRUITED: Final = ("recruited_share_fascicle", "recruited_share_nerve")

AMPLITUDE: Final = "stimulus.amplitude_ma"
ONE_NERVE: Final = "one synthetic nerve"

_EPINEURIUM_FILL: Final = "#f3e3cf"
_ENDONEURIUM_FILL: Final = "#fffaf0"
_SALINE_FILL: Final = "#dcebf5"

_FULL_TURN_DEG: Final = 360.0
_TOP_DEG: Final = 90.0
"""Where the names of rings stand."""

_ROOM: Final = 1.35
"""Half of the picture's width, as a share of the cuff's outer radius: with room for names of contacts."""

_N_ARC: Final = 61
"""Points of a drawn contact."""

_ROW_GAP: Final = 0.14
"""Distance between the contacts of rows at different heights, drawn one outside the other, as a share of the wall."""

_METAL: Final = 0.1
"""Drawn thickness of a contact, as a share of the wall."""

_SMALLEST_AREA: Final = 6.0
"""Area of the dot of the thinnest fiber, points²; others grow with the square of their diameter."""

_LARGEST_AREA: Final = 46.0

_ROWS: Final = "contacts at several heights are drawn one outside the other"

MAX_CONDITIONS: Final = 6
"""Panels of recruitment that one picture shows."""


def is_of_canal(results: Results) -> bool:
    """Whether results are of leads in the spinal canal, and not of a nerve in a cuff."""
    return EPINEURIUM not in results


def nerve_section(results: Results, ax: Axes | None = None) -> Axes:
    """Draw nerve, fascicles, cuff, contacts and fibers in a plane across the nerve.

    Seen from the rostral end. Contacts at several heights are drawn one outside the other, the most caudal one inside.
    Fibers are as large as they are thick, and colored by threshold if thresholds were saved; those without a threshold
    are gray. Where the sweep gives several sets of thresholds, the first that was computed is drawn.

    Parameters
    ----------
    results : Results
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A color bar, if there is one, is another axes of its figure.

    Raises
    ------
    ResultsError
        If the results are not of a nerve.
    """
    require(results, NEEDED, "The picture across a nerve")
    ax = axes_or_new(ax, height_inches=4.0)
    ax.set(xlabel=X_LABEL, ylabel="y (mm)")
    ax.set_aspect("equal")
    at = _shown(results)
    if at is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    outer, inner = pick(results, OUTER_WALL, at)[0], pick(results, INNER_WALL, at)
    ax.fill(*outer.T, facecolor=LEAD_FILL, edgecolor=BLACK, lw=0.8)
    ax.fill(*inner.T, facecolor=_SALINE_FILL, edgecolor=BLACK, lw=0.6)
    ax.fill(*pick(results, EPINEURIUM, at).T, facecolor=_EPINEURIUM_FILL, edgecolor="0.45", lw=0.7)
    for name, outline in zip(
        results.coordinates["fascicle"], pick(results, FASCICLES, at), strict=True
    ):
        if np.isfinite(outline).all():
            ax.fill(*outline.T, facecolor=_ENDONEURIUM_FILL, edgecolor="0.3", lw=1.0)
            x, y = outline.mean(axis=0)[0], outline[:, 1].max()
            ax.annotate(
                literal(str(name)), (x, y), (0, 1), textcoords="offset points", ha="center",
                va="bottom", fontsize=NOTE_SIZE,
            )  # fmt: skip
    _draw_contacts(ax, results, at, float(np.abs(outer[:, 0]).max()))
    _draw_fibers(ax, results, at)
    return ax


def _shown(results: Results) -> dict[str, int] | None:
    """Find the first place along the sweep that was laid out, with thresholds if there are any."""
    fibers = tuple(name for name in ("threshold_ma", FIBER_START) if name in results)
    return first_computed(results, (*NEEDED, *fibers)) or first_computed(results, NEEDED)


def _draw_contacts(ax: Axes, results: Results, at: Mapping[str, int], outer_mm: float) -> None:
    """Draw the metal on the inner wall, rows of different height apart, with labels and shares."""
    middle, span, radius = (pick(results, name, at) for name in (MIDDLE, SPAN, RADIUS))
    center = pick(results, HEIGHT, at)
    labels = [str(one) for one in results.coordinates["contact"]]
    is_there = np.isfinite(middle)
    rows = np.unique(np.round(center[is_there, 2], 6))
    montage = _montage(results, at)
    names: dict[float, list[str]] = {}
    for place in np.flatnonzero(is_there):
        wall = outer_mm - radius[place]
        row = int(np.searchsorted(rows, round(center[place, 2], 6)))
        low = radius[place] + wall * (0.05 + row * (_METAL + _ROW_GAP))
        half = 0.5 * np.radians(span[place])
        angle = np.radians(middle[place]) + np.linspace(-half, half, _N_ARC)
        share = None if montage is None else montage.get(labels[place], 0.0)
        edge = np.concatenate([low * _unit(angle), (low + _METAL * wall) * _unit(angle[::-1])])
        is_ring = span[place] >= _FULL_TURN_DEG
        look: dict[str, Any] = {"edgecolor": BLACK, "lw": 0.0 if is_ring else 0.6}
        fill = "white" if share is None else polarity_color(share)
        ax.fill(*(edge + center[place, :2]).T, facecolor=fill, **look)
        for end in (low, low + _METAL * wall) if is_ring else ():
            ax.plot(*(end * _unit(angle) + center[place, :2]).T, color=BLACK, lw=0.6)
        direction = _TOP_DEG if is_ring else float(middle[place]) % _FULL_TURN_DEG
        words = labels[place]
        if share:
            words += f" {share:+g}".replace("-", "\N{MINUS SIGN}")
        names.setdefault(round(direction, 3), []).append(words)
    for direction, texts in names.items():
        (x, y) = _unit(np.radians([direction]))[0]
        side = int(np.sign(np.round(x, 2)))
        ax.annotate(
            literal((", " if side == 0 else "\n").join(texts)),
            (outer_mm * x, outer_mm * y),
            (9.0 * x, 9.0 * y),
            textcoords="offset points",
            ha=("center", "left", "right")[side],
            va="center" if side else ("bottom" if y > 0.0 else "top"),
            fontsize=NOTE_SIZE,
        )
    limit = _ROOM * outer_mm
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit))


def _montage(results: Results, at: Mapping[str, int]) -> Mapping[str, float] | None:
    """Read the share of each contact at a place along the sweep, None where the config does not tell."""
    tables = config_value(results, "montage.sweep")
    if isinstance(tables, list) and "montage" in at:
        table = tables[at["montage"]]
        return {name: share for name, share in table.items() if isinstance(share, int | float)}
    return montage_of(results)


def _unit(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _draw_fibers(ax: Axes, results: Results, at: Mapping[str, int]) -> None:
    """Draw the fibers, those with low thresholds on top."""
    if FIBER_START not in results or not has_values(results, FIBER_START, at):
        return
    place, diameter_um = pick(results, FIBER_START, at), pick(results, "fiber_diameter_um", at)
    area = np.clip(
        _LARGEST_AREA * (diameter_um / np.nanmax(diameter_um)) ** 2, _SMALLEST_AREA, None
    )
    look: dict[str, Any] = {"linewidths": 0.3, "edgecolors": "0.2", "zorder": 3}
    has_thresholds = "threshold_ma" in results and has_values(results, "threshold_ma", at)
    threshold_ma = (
        pick(results, "threshold_ma", at) if has_thresholds else np.full(area.shape, np.nan)
    )
    silent = ~np.isfinite(threshold_ma) & np.isfinite(diameter_um)
    x, y = place[:, 0], place[:, 1]
    ax.scatter(x[silent], y[silent], s=area[silent], color=MISSING_COLOR, **look)
    if not has_thresholds:
        return
    from matplotlib.colors import LogNorm  # noqa: PLC0415  (importing scsim must not import matplotlib)

    found = np.flatnonzero(np.isfinite(threshold_ma))
    order = found[np.argsort(-threshold_ma[found], kind="stable")]
    dots = ax.scatter(
        x[order],
        y[order],
        s=area[order],
        c=threshold_ma[order],
        cmap=f"{MAP_COLORS}_r",
        norm=LogNorm(*_log_limits(threshold_ma[found])),
        **look,
    )
    bar = ax.figure.colorbar(dots, ax=ax, label=label("threshold_ma"), shrink=0.85)
    plain_log_ticks(bar.ax.yaxis)


def _log_limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give limits of colors that differ, even for one value."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > 1.05 * low else (0.9 * low, 1.1 * high)


def fascicle_recruitment(
    results: Results, ax: Axes | None = None, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the recruited share of each fascicle, and of the nerve, against amplitude.

    Parameters
    ----------
    results : Results
        With ``recruited_share_fascicle`` and ``recruited_share_nerve``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Dimension and index of the condition; by default the first.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the recruitment was not saved.
    """
    require(results, RECRUITED, "The recruitment of fascicles")
    ax = axes_or_new(ax)
    where = dict((_conditions(results) or [{}])[0] if at is None else at)
    amplitude = results.swept.get(AMPLITUDE, "amplitude_ma")
    amplitude_ma = np.atleast_1d(values_along(results, AMPLITUDE))
    is_line = amplitude in swept_dims(results, RECRUITED[0])
    share = np.atleast_2d(pick(results, RECRUITED[0], where))
    nerve = np.atleast_1d(pick(results, RECRUITED[1], where))
    x = np.broadcast_to(amplitude_ma, nerve.shape)
    order = np.argsort(x, kind="stable")
    line = "-" if is_line else "none"
    ax.plot(x[order], nerve[order], color=BLACK, lw=3.5, alpha=0.35, ls=line, marker="o", ms=7,
            label="nerve")  # fmt: skip
    for number, name in enumerate(results.coordinates["fascicle"]):
        values = share[:, number]
        if np.isfinite(values).any():
            look = line_look(number)
            ax.plot(x[order], values[order], **{**look, "lw": 1.4} | ({} if is_line else {"ls": "none"}),
                    ms=4.5, label=f"fascicle {literal(str(name))}")  # fmt: skip
    ax.set(xlabel=label(amplitude), ylabel="Recruited share of fibers", ylim=(-0.03, 1.03))
    positive = x[x > 0]
    if is_line and positive.size and positive.max() > 10.0 * positive.min():
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis)
    ax.grid(visible=True, which="both", alpha=0.3)
    if not np.isfinite(nerve).any():
        note(ax, NOTHING_COMPUTED)
    return ax


def _conditions(results: Results) -> list[dict[str, int]]:
    """List the places along all that is swept but the amplitude."""
    amplitude = results.swept.get(AMPLITUDE, "amplitude_ma")
    dims = swept_dims(results, RECRUITED[0])
    return list(indices(results, [dim for dim in dims if dim not in {amplitude, CASE_DIMENSION}]))


def nerve_sections(results: Results) -> Figure:
    """Draw the nerve across, as a figure of its own.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(COLUMN_WIDTH_INCHES, 4.3)
    nerve_section(results, figure.add_subplot())
    at = _shown(results)
    montage = _montage(results, at or {})
    handles: list[Artist] = [] if montage is None else polarity_handles(list(montage.values()))
    if handles:
        rows = np.unique(np.round(np.asarray(results.dataset(HEIGHT))[..., 2], 6))
        legend_below(figure, handles, _ROWS if rows[np.isfinite(rows)].size > 1 else "")
    words = in_words(results, at) if at else ""
    head(figure, f"Nerve and cuff ({ONE_NERVE})" + (f"\n{words}" if words else ""))
    return figure


def nerve_recruitments(results: Results) -> Figure:
    """Draw the recruitment of fascicles, a panel per condition, as a figure of its own.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure
    """
    require(results, RECRUITED, "The recruitment of fascicles")
    conditions = _conditions(results) or [{}]
    shown = conditions[:MAX_CONDITIONS]
    n_across = min(len(shown), 3)
    n_down = -(-len(shown) // n_across)
    width = COLUMN_WIDTH_INCHES if n_across == 1 else PAGE_WIDTH_INCHES
    figure = new_figure(width, 1.0 + 2.4 * n_down)
    panels = figure.subplots(n_down, n_across, squeeze=False, sharey=True)
    for number, ax in enumerate(panels.flat):
        if number >= len(shown):
            ax.set_axis_off()
            continue
        fascicle_recruitment(results, ax, shown[number])
        if shown[number]:
            title_panel(ax, in_words(results, shown[number]))
        if number % n_across:
            ax.set_ylabel("")
        if number + n_across < len(shown):
            ax.set_xlabel("")
    left_out = len(conditions) - len(shown)
    legend_below(
        figure,
        panels[0, 0].get_legend_handles_labels()[0],
        f"first {len(shown)} of {len(conditions)} conditions" if left_out else "",
    )
    head(figure, f"Recruitment of fascicles ({ONE_NERVE})")
    return figure
