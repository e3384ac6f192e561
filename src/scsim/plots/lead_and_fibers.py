"""Where things lie: tissue, leads and fibers across the cord and along it.

Positions come from the group ``geometry`` of the results. What the fibers do belongs in
``recruitment.py``, the view in space in ``space.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.electrodes.contacts import PlateContact
from scsim.plots.geometry import (
    FIBER_DIAMETER,
    FIBER_END,
    FIBER_START,
    PLACES,
    X_LABEL,
    Y_LABEL,
    Z_LABEL,
    contacts_of,
    first_place,
    first_values,
    has_fibers,
    is_one_column,
    leads_of,
    montage_of,
    outlines_of,
    which_position,
)
from scsim.plots.reading import label, require
from scsim.plots.style import (
    BLACK,
    LEAD_FILL,
    LETTER_WIDTH,
    MAP_COLORS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    POINTS_PER_INCH,
    TISSUE_FILLS,
    axes_or_new,
    head,
    new_figure,
    note,
    polarity_color,
    polarity_handles,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.electrodes.contacts import RingContact
    from scsim.results.store import Results

TISSUE_NAMES: Final = {
    "bone": "bone",
    "canal": "epidural fat",
    "dura_outer": "dura",
    "dura_inner": "cerebrospinal fluid",
    "cord": "white matter",
    "gray_matter": "gray matter",
}
"""Outline and the tissue between it and the next one inside."""

CLOSE_UP_MARGIN_MM: Final = 0.7
CANAL_MARGIN_MM: Final = 1.5
ROOM_FOR_LABELS_MM: Final = 1.8
ALONG_MARGIN_MM: Final = 8.0
"""Shown of cord and fibers beyond the last contact at either end."""

BEYOND_MM: Final = 2.0
"""Drawn of a lead caudal of its first contact; rostrally it runs out of the picture."""


def cross_section(results: Results, ax: Axes | None = None, *, is_close_up: bool = False) -> Axes:
    """Draw the tissue outlines, the lead and the fibers in a plane across the cord.

    Seen from the head end: the left side of the body is on the right. Fibers are colored by diameter,
    thick ones on top. Where the sweep moves something, the first position that was computed is drawn.

    Parameters
    ----------
    results : Results
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    is_close_up : bool
        Show the lead and the fibers only, rather than the whole vertebral canal.

    Returns
    -------
    matplotlib.axes.Axes
        Its last collection holds the fibers, if there are any; a note alone if every case failed.

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    require(results, PLACES, "The picture across the cord")
    is_own = ax is None
    ax = axes_or_new(ax)
    ax.set(xlabel=X_LABEL, ylabel=Y_LABEL, title="Close up" if is_close_up else "Across the cord")
    if first_place(results) is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    outlines = outlines_of(results)
    for name, outline in outlines.items():
        ax.fill(*outline.T, facecolor=TISSUE_FILLS[name], edgecolor="0.45", lw=0.7)
    leads = [lead.outline_mm for lead in leads_of(results)]
    for outline in leads:
        ax.fill(*outline.T, facecolor=LEAD_FILL, ec=BLACK, lw=0.8)
    for contact in contacts_of(results):
        if isinstance(contact, PlateContact):
            side = 0.5 * contact.width_mm * np.cross(contact.normal, contact.direction)[:2]
            face = np.array(contact.center_mm[:2]) + np.outer([-1.0, 1.0], side)
            ax.plot(*face.T, color=BLACK, lw=2.0, solid_capstyle="butt")
    shown = leads
    if has_fibers(results):
        dots = _draw_fibers_across(ax, results, size=7 if is_close_up else 2)
        shown = [*leads, np.asarray(dots.get_offsets())]
    elif "cord" in outlines:
        shown = [*leads, outlines["cord"][[int(np.argmax(outlines["cord"][:, 1]))]]]
    ax.set_aspect("equal")
    if is_close_up:
        _look_closely(ax, np.concatenate(shown))
    elif "canal" in outlines:
        low, high = outlines["canal"].min(axis=0), outlines["canal"].max(axis=0)
        ax.set_xlim(low[0] - CANAL_MARGIN_MM, high[0] + CANAL_MARGIN_MM)
        ax.set_ylim(low[1] - CANAL_MARGIN_MM, high[1] + CANAL_MARGIN_MM)
    if is_own:
        ax.legend(
            handles=_tissue_handles(results),
            loc="center left",
            bbox_to_anchor=(1.02, 0.5),
            fontsize=NOTE_SIZE,
        )
    return ax


def side_view(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the contacts with their labels and shares, the fibers and the dura along the cord.

    Heights are drawn larger than lengths. Fibers run on beyond the picture. Contacts are blue where
    the montage makes them cathodes in the first phase, red where anodes, white where off; a montage
    that is swept is left out.

    Parameters
    ----------
    results : Results
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    require(results, PLACES, "The picture along the cord")
    ax = axes_or_new(ax, height_inches=2.6)
    ax.set(xlabel=Z_LABEL, ylabel=Y_LABEL, title="Along the cord (heights stretched)")
    if first_place(results) is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    outlines = outlines_of(results)
    for name in ("bone", "canal", "dura_outer", "dura_inner", "cord"):
        if name in outlines:
            edge = outlines[name][:, 1].max()
            ax.axhspan(0, edge, facecolor=TISSUE_FILLS[name], edgecolor="0.45", lw=0.7)
    low = outlines["cord"][:, 1].max() if "cord" in outlines else 0.0
    if has_fibers(results):
        _draw_fibers_along(ax, results)
        low = first_values(results, FIBER_START)[:, 1].min()
    leads = np.concatenate([lead.outline_mm for lead in leads_of(results)])
    left, right = _limits_along(results)
    lower, upper = leads[:, 1].min(), leads[:, 1].max()
    ax.fill_between(
        [left + ALONG_MARGIN_MM - BEYOND_MM, right], lower, upper, fc=LEAD_FILL, ec=BLACK
    )
    _draw_contacts(ax, results, (lower, upper))
    ax.set(xlim=(left, right), ylim=(low - 0.8, upper + ROOM_FOR_LABELS_MM))
    ax.locator_params(axis="y", nbins=5, integer=True)
    return ax


def dorsal_view(results: Results, ax: Axes | None = None) -> Axes:
    """Draw leads, contacts with their labels and shares, and fibers as seen from behind.

    For paddles and for several leads, whose contacts hide each other from the side. Contacts are colored as in
    `side_view`; those of a paddle lie on its far side and are drawn all the same.

    Parameters
    ----------
    results : Results
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    require(results, PLACES, "The picture from behind")
    ax = axes_or_new(ax, height_inches=2.6)
    ax.set(xlabel=Z_LABEL, ylabel=X_LABEL, title="From behind")
    if first_place(results) is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    outlines = outlines_of(results)
    ax.set_facecolor(TISSUE_FILLS["dura_inner"])
    reach = 0.0
    if "cord" in outlines:
        x = outlines["cord"][:, 0]
        ax.axhspan(x.min(), x.max(), facecolor=TISSUE_FILLS["cord"], edgecolor="0.45", lw=0.7)
        reach = float(np.abs(x).max())
    if has_fibers(results):
        _draw_fibers_along(ax, results, axis=0)
    left, right = _limits_along(results)
    for lead in leads_of(results):
        x, start = lead.outline_mm[:, 0], lead.span_mm[0] - BEYOND_MM
        ax.fill_between(
            [start, right], x.min(), x.max(), fc=LEAD_FILL, ec=BLACK, lw=0.8, alpha=0.85
        )
        reach = max(reach, float(np.abs(x).max()))
    ax.set(xlim=(left, right), ylim=(-reach - 0.5, reach + 0.5))
    _draw_contacts(ax, results, None)
    return ax


def lead_and_fibers(results: Results) -> Figure:
    """Draw tissue, leads and, if there are any, fibers across the cord, close up, and along it.

    Along the cord from the side; from behind, if contacts lie side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (importing scsim must not import matplotlib)

    figure = new_figure(PAGE_WIDTH_INCHES, 6.2)
    panels = figure.subplot_mosaic(
        [["across", "close"], ["along", "along"]], height_ratios=[1.8, 1.0], width_ratios=[1.5, 1.0]
    )
    cross_section(results, panels["across"])
    cross_section(results, panels["close"], is_close_up=True)
    is_there = first_place(results) is not None
    is_narrow = not is_there or is_one_column(contacts_of(results))
    (side_view if is_narrow else dorsal_view)(results, panels["along"])
    what = "Lead and fibers" if has_fibers(results) else "Lead"
    head(figure, f"{what} ({ONE_ANATOMY}){which_position(results)}")
    if not is_there:
        return figure
    (left, right), (low, high) = panels["close"].get_xlim(), panels["close"].get_ylim()
    panels["across"].add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, ls="--", lw=0.8, zorder=4)
    )
    if has_fibers(results):
        figure.colorbar(
            panels["close"].collections[-1],
            ax=list(panels.values()),
            label=label(FIBER_DIAMETER),
            fraction=0.04,
            aspect=40,
        )
    handles = _tissue_handles(results)
    shares = montage_of(results)
    if shares is not None:
        handles += polarity_handles(list(shares.values()))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=NOTE_SIZE)
    return figure


def _limits_along(results: Results) -> tuple[float, float]:
    """Give the heights between which the cord is shown, mm."""
    spans = np.array([lead.span_mm for lead in leads_of(results)])
    return float(spans.min()) - ALONG_MARGIN_MM, float(spans.max()) + ALONG_MARGIN_MM


def _draw_fibers_across(ax: Axes, results: Results, *, size: float) -> PathCollection:
    """Draw each fiber as a dot where it crosses the plane in its middle."""
    middle = (first_values(results, FIBER_START) + first_values(results, FIBER_END)) / 2
    diameter_um = first_values(results, FIBER_DIAMETER)
    order = np.argsort(diameter_um)
    return ax.scatter(
        middle[order, 0],
        middle[order, 1],
        c=diameter_um[order],
        s=size * diameter_um[order] / diameter_um.mean(),
        cmap=MAP_COLORS,
        linewidths=0,
        zorder=3,
    )


def _look_closely(ax: Axes, points: NDArray[Any]) -> None:
    """Set limits around points, mm."""
    low, high = points.min(axis=0) - CLOSE_UP_MARGIN_MM, points.max(axis=0) + CLOSE_UP_MARGIN_MM
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _tissue_handles(results: Results) -> list[Artist]:
    """Make legend entries for the tissues, the lead and what the montage makes of contacts."""
    from matplotlib.patches import Patch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    outlines = outlines_of(results)
    handles: list[Artist] = [
        Patch(facecolor=TISSUE_FILLS[name], edgecolor="0.45", label=text)
        for name, text in TISSUE_NAMES.items()
        if name in outlines
    ]
    return [*handles, Patch(facecolor=LEAD_FILL, edgecolor=BLACK, label="lead")]


def _draw_fibers_along(ax: Axes, results: Results, axis: int = 1) -> None:
    """Draw each fiber as a line, thick fibers last."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  (importing scsim must not import matplotlib)

    ends = np.stack([first_values(results, FIBER_START), first_values(results, FIBER_END)], axis=1)
    diameter_um = first_values(results, FIBER_DIAMETER)
    order = np.argsort(diameter_um)
    lines = LineCollection(
        list(ends[order][:, :, [2, axis]]),
        array=diameter_um[order],
        cmap=MAP_COLORS,
        linewidths=0.5,
    )
    ax.add_collection(lines, autolim=False)


def _draw_contacts(ax: Axes, results: Results, between: tuple[float, float] | None) -> None:
    """Draw contacts with labels and shares: between two heights, or each where it lies across the cord."""
    shares = montage_of(results) or {}
    for contact in contacts_of(results):
        low, high = _reach_across(contact) if between is None else between
        z, half = contact.center_mm[2], contact.length_mm / 2.0
        share = shares.get(contact.label, 0.0)
        corners = np.array([[z - half, low], [z + half, low], [z + half, high], [z - half, high]])
        ax.fill(*corners.T, facecolor=polarity_color(share), edgecolor=BLACK, lw=0.8, zorder=3)
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": NOTE_SIZE, "zorder": 4}
        number = f"{share:+.3g}".replace("-", "−")
        if between is None:
            text = f"{contact.label} {number}" if share else contact.label
            room = width_of(ax) * contact.length_mm / np.ptp(ax.get_xlim())
            if len(text) * LETTER_WIDTH * NOTE_SIZE / POINTS_PER_INCH > room:
                text = contact.label
            ax.text(z, (low + high) / 2.0, text, color="white" if share else BLACK, **look)
            continue
        if share:
            ax.text(z, (low + high) / 2.0, number, color="white", fontweight="bold", **look)
        look |= {"va": "bottom", "xytext": (0, 2), "textcoords": "offset points"}
        ax.annotate(contact.label, (z, high), **look)


def _reach_across(contact: RingContact | PlateContact) -> tuple[float, float]:
    """Give the smallest and largest x of a contact along z, mm."""
    half = contact.width_mm / 2.0 if isinstance(contact, PlateContact) else contact.radius_mm
    if isinstance(contact, PlateContact):
        half *= abs(contact.normal[1])  # turned with the paddle
    return contact.center_mm[0] - half, contact.center_mm[0] + half
