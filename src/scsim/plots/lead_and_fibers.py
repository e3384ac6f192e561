"""Where things lie: tissue, lead and fibers across the cord and along it.

Positions come from the group ``geometry`` of the results. What the fibers do belongs in
``recruitment.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.reading import (
    config_value,
    first_computed,
    in_words,
    label,
    pick,
    require,
    swept_dims,
)
from scsim.plots.style import (
    BLACK,
    BLUE,
    MAP_COLORS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    TISSUE_FILLS,
    VERMILION,
    axes_or_new,
    head,
    new_figure,
    note,
)
from scsim.results.schema import GEOMETRY, OUTLINES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from numpy.typing import NDArray

    from scsim.results.store import Results

CONTACT_CENTER: Final = f"{GEOMETRY}/contact_center_mm"
CONTACT_DIRECTION: Final = f"{GEOMETRY}/contact_direction"
CONTACT_LENGTH: Final = f"{GEOMETRY}/contact_length_mm"
CONTACT_RADIUS: Final = f"{GEOMETRY}/contact_radius_mm"
FIBER_START: Final = f"{GEOMETRY}/fiber_start_mm"
FIBER_END: Final = f"{GEOMETRY}/fiber_end_mm"
PLACES: Final = (
    CONTACT_CENTER,
    CONTACT_DIRECTION,
    CONTACT_LENGTH,
    CONTACT_RADIUS,
    FIBER_START,
    FIBER_END,
    "fiber_diameter_um",
)

X_LABEL: Final = "x, to the left (mm)"
Y_LABEL: Final = "y, dorsal (mm)"
Z_LABEL: Final = "z, rostral (mm)"

TISSUE_NAMES: Final = {
    "bone": "bone",
    "canal": "epidural fat",
    "dura_outer": "dura",
    "dura_inner": "cerebrospinal fluid",
    "cord": "white matter",
    "gray_matter": "gray matter",
}
"""Outline and the tissue between it and the next one inside."""

LEAD_FILL: Final = "0.75"
CLOSE_UP_MARGIN_MM: Final = 0.7
CANAL_MARGIN_MM: Final = 1.5
ROOM_FOR_LABELS_MM: Final = 1.8
ALONG_MARGIN_MM: Final = 8.0
"""Shown of cord and fibers beyond the last contact at either end."""


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
        Its last collection holds the fibers; a note alone if every case failed.

    Raises
    ------
    ResultsError
        If the results hold no geometry.
    """
    require(results, PLACES, "The picture across the cord")
    is_own = ax is None
    ax = axes_or_new(ax)
    ax.set(xlabel=X_LABEL, ylabel=Y_LABEL, title="Close up" if is_close_up else "Across the cord")
    if first_computed(results, PLACES) is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    for name in OUTLINES:
        if f"{GEOMETRY}/outline_{name}_mm" in results:
            outline = _first(results, f"{GEOMETRY}/outline_{name}_mm")
            ax.fill(*outline.T, facecolor=TISSUE_FILLS[name], edgecolor="0.45", lw=0.7)
    center, radius = _first(results, CONTACT_CENTER), _first(results, CONTACT_RADIUS)
    turn = np.linspace(0, 2 * np.pi, 73)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    ax.fill(
        *(center[:, :2].mean(axis=0) + radius.mean() * ring).T,
        facecolor=LEAD_FILL,
        ec=BLACK,
        lw=0.8,
    )
    fibers = _draw_fibers_across(ax, results, size=7 if is_close_up else 2)
    ax.set_aspect("equal")
    if is_close_up:
        _look_closely(ax, np.asarray(fibers.get_offsets()), center, radius)
    else:
        _look_at_canal(ax, results)
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
    if first_computed(results, PLACES) is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    center, length = _first(results, CONTACT_CENTER), _first(results, CONTACT_LENGTH)
    left = (center[:, 2] - length).min() - ALONG_MARGIN_MM
    right = (center[:, 2] + length).max() + ALONG_MARGIN_MM
    _draw_layers(ax, results)
    _draw_fibers_along(ax, results)
    top = _draw_contacts(ax, results)
    start = _first(results, FIBER_START)
    ax.set_xlim(left, right)
    ax.set_ylim(start[:, 1].min() - 0.8, top + ROOM_FOR_LABELS_MM)
    ax.locator_params(axis="y", nbins=5, integer=True)
    return ax


def lead_and_fibers(results: Results) -> Figure:
    """Draw tissue, lead and fibers across the cord, close up, and along it.

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
    from matplotlib.patches import Patch, Rectangle  # noqa: PLC0415  (importing scsim must not import matplotlib)

    figure = new_figure(PAGE_WIDTH_INCHES, 6.2)
    panels = figure.subplot_mosaic(
        [["across", "close"], ["along", "along"]], height_ratios=[1.8, 1.0], width_ratios=[1.5, 1.0]
    )
    cross_section(results, panels["across"])
    cross_section(results, panels["close"], is_close_up=True)
    side_view(results, panels["along"])
    head(figure, f"Lead and fibers ({ONE_ANATOMY}){_which_position(results)}")
    if first_computed(results, PLACES) is None:
        return figure
    (left, right), (low, high) = panels["close"].get_xlim(), panels["close"].get_ylim()
    panels["across"].add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, ls="--", lw=0.8, zorder=4)
    )
    figure.colorbar(
        panels["close"].collections[-1],
        ax=list(panels.values()),
        label=label("fiber_diameter_um"),
        fraction=0.04,
        aspect=40,
    )
    handles = _tissue_handles(results)
    if _montage(results):
        handles.append(Patch(facecolor=BLUE, edgecolor=BLACK, label="cathode (first phase)"))
        handles.append(Patch(facecolor=VERMILION, edgecolor=BLACK, label="anode (first phase)"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=NOTE_SIZE)
    return figure


def _first(results: Results, name: str) -> NDArray[Any]:
    """Take a dataset at the first place along the sweep that was computed.

    Fibers and contacts that other cases have and this one lacks are left out.
    """
    values = pick(results, name, _first_place(results))
    is_there: NDArray[np.bool_] = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    return np.asarray(values[is_there])


def _first_place(results: Results) -> Mapping[str, int]:
    return first_computed(results, PLACES) or {}


def _which_position(results: Results) -> str:
    """Say which of several positions is drawn, on a line of its own."""
    at = _first_place(results)
    if not at:
        return ""
    dims = dict.fromkeys(dim for name in PLACES for dim in swept_dims(results, name))
    sizes = [len(results.coordinates[dim]) for dim in dims]
    number = int(np.ravel_multi_index([at[dim] for dim in dims], sizes)) + 1
    place = "first" if number == 1 else f"number {number}"
    return f"\n{place} of {np.prod(sizes)} positions: {in_words(results, at)}"


def _draw_fibers_across(ax: Axes, results: Results, *, size: float) -> PathCollection:
    """Draw each fiber as a dot where it crosses the plane in its middle."""
    middle = (_first(results, FIBER_START) + _first(results, FIBER_END)) / 2
    diameter_um = _first(results, "fiber_diameter_um")
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


def _look_closely(ax: Axes, dots: NDArray[Any], center: NDArray[Any], radius: NDArray[Any]) -> None:
    """Set limits around the fibers and the lead."""
    lead = np.concatenate([center[:, :2] - radius[:, None], center[:, :2] + radius[:, None]])
    points = np.concatenate([dots, lead])
    low, high = points.min(axis=0) - CLOSE_UP_MARGIN_MM, points.max(axis=0) + CLOSE_UP_MARGIN_MM
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _look_at_canal(ax: Axes, results: Results) -> None:
    """Set limits around the vertebral canal, if its outline is there."""
    if f"{GEOMETRY}/outline_canal_mm" in results:
        outline = _first(results, f"{GEOMETRY}/outline_canal_mm")
        low, high = outline.min(axis=0) - CANAL_MARGIN_MM, outline.max(axis=0) + CANAL_MARGIN_MM
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _tissue_handles(results: Results) -> list[Patch]:
    """Make legend entries for the tissues, the lead and what the montage makes of contacts."""
    from matplotlib.patches import Patch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    handles = [
        Patch(facecolor=TISSUE_FILLS[name], edgecolor="0.45", label=text)
        for name, text in TISSUE_NAMES.items()
        if f"{GEOMETRY}/outline_{name}_mm" in results
    ]
    return [*handles, Patch(facecolor=LEAD_FILL, edgecolor=BLACK, label="lead")]


def _draw_layers(ax: Axes, results: Results) -> None:
    """Draw the layers between cord and lead as bands up to their dorsal edges."""
    for name in ("bone", "canal", "dura_outer", "dura_inner", "cord"):
        if f"{GEOMETRY}/outline_{name}_mm" in results:
            edge = _first(results, f"{GEOMETRY}/outline_{name}_mm")[:, 1].max()
            ax.axhspan(0, edge, facecolor=TISSUE_FILLS[name], edgecolor="0.45", lw=0.7)


def _draw_fibers_along(ax: Axes, results: Results) -> None:
    """Draw each fiber as a line, thick fibers last."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  (importing scsim must not import matplotlib)

    ends = np.stack([_first(results, FIBER_START), _first(results, FIBER_END)], axis=1)
    diameter_um = _first(results, "fiber_diameter_um")
    order = np.argsort(diameter_um)
    lines = LineCollection(
        list(ends[order][:, :, [2, 1]]), array=diameter_um[order], cmap=MAP_COLORS, linewidths=0.5
    )
    ax.add_collection(lines, autolim=False)


def _draw_contacts(ax: Axes, results: Results) -> float:
    """Draw the lead's shaft and its contacts; give the height of its upper edge."""
    center, direction = _first(results, CONTACT_CENTER), _first(results, CONTACT_DIRECTION)
    half = _first(results, CONTACT_LENGTH) / 2
    radius = _first(results, CONTACT_RADIUS)
    shares = _montage(results)
    along = direction[:, [2, 1]]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    middle = center[:, [2, 1]]
    last, first = middle[-1] + along[-1] * (half[-1] + 20), middle[0] - along[0] * (half[0] + 2)
    rim = across.mean(axis=0) * radius.mean()
    ax.fill(
        *np.array([first - rim, last - rim, last + rim, first + rim]).T,
        fc=LEAD_FILL,
        ec=BLACK,
        lw=0.8,
    )
    has_contact = np.isfinite(pick(results, CONTACT_LENGTH, _first_place(results)))
    for index, name in enumerate(results.coordinates["contact"][has_contact]):
        run, rise = along[index] * half[index], across[index] * radius[index]
        corners = middle[index] + np.array([-run - rise, run - rise, run + rise, rise - run])
        share = shares.get(str(name), 0.0)
        fill = "white" if share == 0 else (BLUE if share < 0 else VERMILION)
        ax.fill(*corners.T, facecolor=fill, edgecolor=BLACK, lw=0.8, zorder=3)
        ax.annotate(
            str(name),
            (middle[index][0], corners[:, 1].max()),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=NOTE_SIZE,
        )
        if share:
            ax.text(
                middle[index, 0],
                middle[index, 1],
                f"{share:+.3g}".replace("-", "−"),
                color="white",
                ha="center",
                va="center",
                fontsize=NOTE_SIZE,
                fontweight="bold",
                zorder=4,
            )
    return float((middle[:, 1] + radius).max())


def _montage(results: Results) -> Mapping[str, float]:
    """Read the share of each contact, nothing if the montage is swept."""
    table = config_value(results, "montage", {})
    return {name: share for name, share in table.items() if isinstance(share, int | float)}
