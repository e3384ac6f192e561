"""Recruitment: share of fibers that fire against amplitude, and threshold against diameter.

Where the fibers lie is drawn in ``lead_and_fibers.py``; what their firing does to the circuit, in
``pain_map.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import Status
from scsim.plots.reading import (
    CASE_DIMENSION,
    config_value,
    first_computed,
    has_values,
    in_words,
    indices,
    label,
    pick,
    require,
    swept_dims,
    values_along,
)
from scsim.plots.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH_INCHES,
    GREEN,
    LINE_COLORS,
    MAP_COLORS,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    PURPLE,
    VERMILION,
    axes_or_new,
    head,
    legend_above,
    legend_below,
    new_figure,
    note,
    plain_log_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from scsim.results.store import Results

AMPLITUDE: Final = "stimulus.amplitude_ma"

MAX_CONDITIONS: Final = len(LINE_COLORS)
"""More pairs of curves than this in one picture cannot be told apart."""

FIELDS: Final = (
    ("recruited_share_local", "A-beta, local", None, ":", "^", GREEN),
    ("recruited_share_surround", "A-beta, surround", None, "-.", "v", PURPLE),
)
"""The two parts of the A-beta fibers, drawn where there is one condition: name, words, no steps, dash, mark, color."""

NO_THRESHOLD: Final = "no fiber has a threshold\nin the range searched"


def recruitment(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the share of fibers that fire against amplitude.

    Two curves: all fibers of the population, and those thick enough to drive the circuit as A-beta
    fibers; where there is one condition and they were saved, also the latter's local and surround parts. Marks are the amplitudes of the study. The steps, drawn where thresholds were saved, are
    the weights of the fibers below their thresholds, so they also show what lies between the marks.
    Of a study that sweeps more than the amplitude the first seven conditions are drawn: a color is
    a condition, a mark is a group of fibers.

    Parameters
    ----------
    results : Results
        With ``recruited_share`` and ``recruited_share_all``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the recruitment was not saved.
    """
    require(results, ("recruited_share", "recruited_share_all"), "The recruitment curve")
    ax = axes_or_new(ax)
    marks, colors = _draw_curves(ax, results)
    legend_above(ax, _left_out(results), handles=marks + colors)
    return ax


def _draw_curves(ax: Axes, results: Results) -> tuple[list[Line2D], list[Line2D]]:
    """Draw the curves; give legend entries for the groups of fibers and for the conditions."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  (importing scsim must not import matplotlib)

    smallest = config_value(results, "afferents.a_beta_min_diameter_um")
    groups: tuple[tuple[str, str, float | None, str, str, str], ...] = (
        ("recruited_share_all", "all fibers", 0.0, "--", "s", VERMILION),
        ("recruited_share", _thick_fibers(smallest), smallest, "-", "o", BLUE),
    )
    dims = swept_dims(results, "recruited_share")
    amplitude = results.swept.get(AMPLITUDE, "amplitude_ma")
    amplitude_ma = values_along(results, AMPLITUDE)
    conditions = _conditions(results)
    has_several = conditions != [{}]
    if not has_several and all(name in results for name, *_ in FIELDS):
        groups += FIELDS
    shown = min(len(conditions), MAX_CONDITIONS)
    entries = []
    for number, at in enumerate(conditions[:shown]):
        words = in_words(results, at)
        # The first is the widest, so that it shows below another that it coincides with.
        extra = (shown - 1 - number) / max(shown - 1, 1)
        for name, text, above_um, dash, mark, own_color in groups:
            color = LINE_COLORS[number] if has_several else own_color
            has_steps = _draw_steps(
                ax, results, at, above_um, color=color, linestyle=dash, lw=1 + 2 * extra
            )
            share = np.atleast_1d(pick(results, name, at))
            ax.plot(
                np.broadcast_to(amplitude_ma, share.shape),
                share,
                color=color,
                linestyle="none" if has_steps or CASE_DIMENSION in dims else dash,
                lw=1.5 + 2.5 * extra,
                marker=mark,
                markersize=4.5 + 4 * extra,
                markerfacecolor=color if dash == "-" else "white",
                label=f"{text}, {words}" if words else text,
            )
        if has_several:
            entries.append(Line2D([], [], color=LINE_COLORS[number], lw=3, label=words))
    ax.set(xlabel=label(amplitude), ylabel="Recruited share of fibers", ylim=(-0.03, 1.03))
    ax.set_xlim(0, 1.05 * np.nanmax(amplitude_ma, initial=0) or None)
    ax.grid(visible=True, alpha=0.3)
    if first_computed(results, ("recruited_share",)) is None:
        note(ax, NOTHING_COMPUTED)
    elif "threshold_ma" in results and first_computed(results, ("threshold_ma",)) is None:
        note(ax, NO_THRESHOLD)
    marks = []
    for _, text, _, dash, mark, own_color in groups:
        color = BLACK if has_several else own_color
        look: dict[str, Any] = {"linestyle": dash, "lw": 1, "marker": mark, "markersize": 4.5}
        fill = color if dash == "-" else "white"
        marks.append(Line2D([], [], color=color, markerfacecolor=fill, label=text, **look))
    return marks, entries


def _conditions(results: Results) -> list[dict[str, int]]:
    """List the places along all that is swept but the amplitude."""
    amplitude = results.swept.get(AMPLITUDE, "amplitude_ma")
    dims = swept_dims(results, "recruited_share")
    return list(indices(results, [dim for dim in dims if dim not in {amplitude, CASE_DIMENSION}]))


def _left_out(results: Results) -> str:
    """Say how many conditions are drawn, if not all are."""
    n_conditions = len(_conditions(results))
    is_all = n_conditions <= MAX_CONDITIONS
    return "" if is_all else f"first {MAX_CONDITIONS} of {n_conditions} conditions"


def thresholds(results: Results, ax: Axes | None = None) -> Axes:
    """Draw every fiber's threshold against its diameter, colored by its depth below the cord surface.

    Fibers without a threshold are drawn along the upper edge, with the reason in the legend. If the
    sweep gives several sets of thresholds, the first that was computed is drawn and named in the
    title.

    Parameters
    ----------
    results : Results
        With ``threshold_ma``, ``fiber_diameter_um`` and ``fiber_depth_mm``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The color bar is another axes of its figure.

    Raises
    ------
    ResultsError
        If the thresholds were not saved.
    """
    names = ("threshold_ma", "fiber_diameter_um", "fiber_depth_mm")
    require(results, names, "The picture of thresholds")
    ax = axes_or_new(ax)
    ax.set(xlabel=label("fiber_diameter_um"), ylabel=label("threshold_ma"))
    at = first_computed(results, names) or first_computed(results, names[1:])
    if at is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    threshold_ma, diameter_um, depth_mm = (pick(results, name, at) for name in names)
    colors: dict[str, Any] = {"vmin": 0.0, "vmax": float(np.nanmax(depth_mm)), "cmap": MAP_COLORS}
    dots = ax.scatter(
        diameter_um, threshold_ma, c=depth_mm, s=14, linewidths=0.3, edgecolors="0.3", **colors
    )
    is_silent = ~np.isfinite(threshold_ma) & np.isfinite(diameter_um)
    if is_silent.any():
        ax.scatter(
            diameter_um[is_silent],
            np.full(is_silent.sum(), 0.97),
            c=depth_mm[is_silent],
            marker="^",
            s=18,
            transform=ax.get_xaxis_transform(),
            label=_why_silent(results, at, is_silent),
            **colors,
        )
    smallest = config_value(results, "afferents.a_beta_min_diameter_um")
    if smallest is not None:
        ax.axvline(smallest, color="0.3", linestyle="--", lw=1, label=f"{smallest:g} µm")
    if has_values(results, "threshold_ma", at):
        ax.set_yscale("log")
        plain_log_ticks(ax.yaxis)
    else:
        note(ax, NO_THRESHOLD)
        ax.set_yticks([])
    # Fibers without a threshold do not widen the axis by themselves.
    shown_um = diameter_um[np.isfinite(diameter_um)]
    margin_um = 0.05 * np.ptp(shown_um) or 1.0
    ax.set_xlim(shown_um.min() - margin_um, shown_um.max() + margin_um)
    ax.grid(visible=True, which="both", alpha=0.3)
    legend_above(ax, in_words(results, at))
    ax.figure.colorbar(dots, ax=ax, label=label("fiber_depth_mm"))
    return ax


def recruitment_and_thresholds(results: Results) -> Figure:
    """Draw recruitment and, where they were saved, the thresholds behind it side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure
    """
    has_thresholds = "threshold_ma" in results
    is_wide = has_thresholds or len(_conditions(results)) > 1
    figure = new_figure(PAGE_WIDTH_INCHES if is_wide else COLUMN_WIDTH_INCHES, 3.4)
    panels = figure.subplots(1, 2 if has_thresholds else 1, squeeze=False)[0]
    require(results, ("recruited_share", "recruited_share_all"), "The recruitment curve")
    marks, colors = _draw_curves(panels[0], results)
    legend_above(panels[0], handles=marks)
    if has_thresholds:
        thresholds(results, panels[1])
    if colors:
        legend_below(figure, colors, _left_out(results))
    head(figure, f"Recruitment of dorsal-column fibers ({ONE_ANATOMY})")
    return figure


def _thick_fibers(smallest_um: float | None) -> str:
    """Name the fibers that drive the circuit."""
    return "A-beta fibers" if smallest_um is None else f"A-beta (≥ {smallest_um:g} µm)"


def _why_silent(results: Results, at: Mapping[str, int], is_silent: NDArray[np.bool_]) -> str:
    """Count the fibers without a threshold, by status if that was saved."""
    if "threshold_status" not in results:
        return f"no threshold ({is_silent.sum()})"
    found, counts = np.unique(pick(results, "threshold_status", at)[is_silent], return_counts=True)
    names = [Status(status).name.lower().replace("_", " ") for status in found]
    return "\n".join(f"{name} ({count})" for name, count in zip(names, counts, strict=True))


def _draw_steps(
    ax: Axes, results: Results, at: Mapping[str, int], above_um: float | None, **look: Any
) -> bool:
    """Draw the cumulated weights of the fibers' thresholds, if they were saved and there are any."""
    names = ("threshold_ma", "fiber_weight", "fiber_diameter_um")
    if above_um is None or not all(name in results for name in names):
        return False
    threshold_ma, weight, diameter_um = (pick(results, name, at) for name in names)
    if threshold_ma.ndim != 1 or diameter_um.ndim != 1 or not (diameter_um >= above_um).any():
        return False
    group = diameter_um >= above_um
    if not np.isfinite(threshold_ma[group]).any():
        return False
    reached = np.where(np.isfinite(threshold_ma), threshold_ma, np.inf)
    ax.ecdf(reached[group], weights=weight[group], alpha=0.8, **look)
    return True
