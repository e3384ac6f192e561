"""Potential along the cord or along fibers, and what drives fibers: second difference, activating function.

Sections of the field belong in ``field_section.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.fields.unit_potential import superpose
from scsim.plots.geometry import (
    CONTACT_CENTER,
    CONTACT_LENGTH,
    SAME_COLUMN_MM,
    Z_LABEL,
    first_place,
    montage_of,
)
from scsim.plots.reading import (
    has_values,
    in_words,
    indices,
    label,
    literal,
    pick,
    require,
    swept_dims,
)
from scsim.plots.section_samples import medium_sources, montage_shares
from scsim.plots.style import (
    BLACK,
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
    polarity_color,
    polarity_handles,
    title_panel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.electrodes import Contact, Source
    from scsim.fibers import Fiber
    from scsim.fields.unit_potential import Medium
    from scsim.results.store import Results

    FloatArray = NDArray[np.float64]

POTENTIAL: Final = "profile_potential_mv_per_ma"
SECOND_DIFFERENCE: Final = "profile_second_difference_mv_per_ma"
DEPTH: Final = "depth_mm"
HEIGHT: Final = "z_mm"

FIBER_POTENTIAL_LABEL: Final = "Potential (mV/mA)"
ACTIVATING_LABEL: Final = "Activating function\n(mV/ms per mA)"

MAX_LINES: Final = 7

CONTACT_BAND: Final = 0.055
"""Height of the strip on the axis that shows the contacts of one column, as a share of the axes."""

_LARGEST_BANDS: Final = 0.16
"""Height of the strips of all columns together at most, as a share of the axes."""

Place = tuple[float, float, float, float]
"""x, z and length of a contact, mm, and its share (no unit)."""


def field_profile(
    results: Results,
    name: str = POTENTIAL,
    ax: Axes | None = None,
    *,
    at: Mapping[str, int] | None = None,
) -> Axes:
    """Draw the potential, or its second difference, along the midline of the cord.

    One line per depth, or per condition where the study sweeps something: of more than seven the first seven. The
    contacts lie along the lower edge, blue where cathodes in the first phase, vermilion where anodes.

    Parameters
    ----------
    results : Results
        With the group ``field_profile`` of ``output.save``.
    name : str
        ``profile_potential_mv_per_ma`` or ``profile_second_difference_mv_per_ma``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Index along ``depth_mm`` if conditions are to be compared at another depth than the first.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the profile was not saved.
    """
    require(results, (name,), "The field profile")
    is_own = ax is None
    ax = axes_or_new(ax)
    handles = _draw_profile(ax, results, name, (at or {}).get(DEPTH, 0))
    if is_own:
        ax.legend(handles=handles, fontsize=NOTE_SIZE, loc="best")
    return ax


def field_profiles(results: Results) -> Figure:
    """Draw the potential along the cord above its second difference, which drives fibers.

    Parameters
    ----------
    results : Results
        With the group ``field_profile`` of ``output.save``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the profile was not saved.
    """
    names = (POTENTIAL, SECOND_DIFFERENCE)
    require(results, names, "The field profile")
    depths = results.coordinates[DEPTH]
    conditions = _conditions(results)
    columns = range(min(len(depths), 2)) if len(conditions) > 1 else range(1)
    figure = new_figure(PAGE_WIDTH_INCHES, 4.6)
    panels = figure.subplots(2, len(columns), sharex=True, sharey="row", squeeze=False)
    for column in columns:
        for row, name in enumerate(names):
            ax = panels[row, column]
            handles = _draw_profile(ax, results, name, column)
            ax.label_outer()
            if row == 0 and len(conditions) > 1:
                title_panel(ax, in_words(results, {DEPTH: column}))
    montage = montage_of(results)
    handles += polarity_handles([*(montage or {}).values(), 0.0] if montage else [np.nan])
    heading = f"Field along the dorsal midline of the cord ({ONE_ANATOMY})"
    if len(conditions) > MAX_LINES:
        heading += f"\nfirst {MAX_LINES} of {len(conditions)} conditions"
    legend_below(figure, handles)
    head(figure, heading)
    return figure


def potential_along(
    medium: Medium,
    shares: Mapping[str, float] | Sequence[float],
    fibers: Sequence[Fiber],
    ax: Axes | None = None,
    *,
    sources: Sequence[Contact | Source] | None = None,
    names: Sequence[str] | None = None,
) -> Axes:
    """Draw the potential at all compartments of fibers against z, per mA of amplitude in the first phase.

    Parameters
    ----------
    medium, shares, fibers, sources, names
        As in `field_along`.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Its lines are labelled; the legend is left to the caller.

    Raises
    ------
    GeometryError, StimulusError
        As in `field_along`.
    """
    ax = axes_or_new(ax)
    contacts, vector = _montage(medium, shares, sources)
    potentials = medium.unit_potential_along(contacts, fibers[:MAX_LINES])
    for number, (fiber, unit) in enumerate(zip(fibers, potentials, strict=False)):
        z_mm = fiber.compartment_positions_mm()[:, 2]
        name = _fiber_name(fiber, names, number)
        ax.plot(z_mm, superpose(unit, vector), lw=1.5, label=name, **line_look(number))
    _frame_along(ax, FIBER_POTENTIAL_LABEL, contacts, vector)
    return ax


def activating_function_along(
    medium: Medium,
    shares: Mapping[str, float] | Sequence[float],
    fibers: Sequence[Fiber],
    ax: Axes | None = None,
    *,
    sources: Sequence[Contact | Source] | None = None,
    names: Sequence[str] | None = None,
) -> Axes:
    """Draw the activating function at the nodes of fibers against z, per mA of amplitude; positive depolarizes.

    Parameters
    ----------
    medium, shares, fibers, sources, names
        As in `field_along`.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Its lines are labelled; the legend is left to the caller.

    Raises
    ------
    GeometryError, StimulusError
        As in `field_along`.
    """
    from scsim.response.linear import activating_function  # noqa: PLC0415 - loads the fiber kernels

    ax = axes_or_new(ax)
    contacts, vector = _montage(medium, shares, sources)
    shown = fibers[:MAX_LINES]
    potentials = medium.unit_potential_along(contacts, shown)
    drives = activating_function(shown, potentials, shares=vector.tolist())
    for number, (fiber, drive) in enumerate(zip(shown, drives, strict=True)):
        ax.plot(
            fiber.node_positions_mm()[:, 2],
            drive.rate_mv_per_ms,
            lw=1.0,
            marker="o",
            ms=2.5,
            label=_fiber_name(fiber, names, number),
            **line_look(number),
        )
    _frame_along(ax, ACTIVATING_LABEL, contacts, vector)
    return ax


def field_along(
    medium: Medium,
    shares: Mapping[str, float] | Sequence[float],
    fibers: Sequence[Fiber],
    *,
    sources: Sequence[Contact | Source] | None = None,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw the potential along fibers above their activating function.

    Per mA of amplitude in the first phase, against z. The potential is drawn at all compartments, the activating
    function (`scsim.activating_function`) at the nodes: positive depolarizes. Contacts lie along the lower edge.

    Parameters
    ----------
    medium : Medium
    shares : mapping of str to float, or sequence of float, shape (n_contacts,)
        Share of the amplitude (no unit), by label or in the order of the contacts.
    fibers : sequence of Fiber
        The first seven are drawn, so that each line can be told from the others.
    sources : sequence of Contact or Source, optional
        By default the contacts of the medium.
    names : sequence of str, optional
        What the fibers are called; by default model and diameter.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    GeometryError
        If a compartment lies where the medium has no answer, or the medium has no contacts and none are given.
    StimulusError
        If the shares do not fit the contacts.
    """
    figure = new_figure(PAGE_WIDTH_INCHES, 4.6)
    above, below = figure.subplots(2, 1, sharex=True)
    potential_along(medium, shares, fibers, above, sources=sources, names=names)
    activating_function_along(medium, shares, fibers, below, sources=sources, names=names)
    above.label_outer()
    vector = _montage(medium, shares, sources)[1]
    lines = above.get_legend_handles_labels()[0]
    legend_below(figure, [*lines, *polarity_handles(vector.tolist())])
    head(figure, f"Field along fibers ({ONE_ANATOMY})")
    return figure


def _montage(
    medium: Medium,
    shares: Mapping[str, float] | Sequence[float],
    sources: Sequence[Contact | Source] | None,
) -> tuple[list[Any], FloatArray]:
    """Give the sources and their shares."""
    contacts = medium_sources(medium, sources)
    return contacts, montage_shares(shares, contacts)


def _fiber_name(fiber: Fiber, names: Sequence[str] | None, number: int) -> str:
    return literal(
        f"{fiber.model}, {fiber.fiber_diameter_um:g} µm" if names is None else names[number]
    )


def _frame_along(ax: Axes, y_label: str, contacts: Sequence[Any], shares: FloatArray) -> None:
    """Label the axes and mark the contacts."""
    ax.set(xlabel=Z_LABEL, ylabel=y_label)
    ax.axhline(0.0, color="0.6", lw=0.6, zorder=0)
    ax.grid(visible=True, alpha=0.3)
    metal = [
        (contact.center_mm[0], contact.center_mm[2], getattr(contact, "length_mm", 0.0), share)
        for contact, share in zip(contacts, shares.tolist(), strict=True)
        if hasattr(contact, "center_mm")
    ]
    _mark_contacts(ax, metal)


def _conditions(results: Results) -> list[dict[str, int]]:
    """List the places along the sweep that have a profile."""
    places = indices(results, swept_dims(results, POTENTIAL))
    return [at for at in places if has_values(results, POTENTIAL, at)]


def _draw_profile(ax: Axes, results: Results, name: str, depth: int) -> list[Artist]:
    """Draw the lines of one panel; give their legend entries."""
    conditions = _conditions(results)
    ax.set(xlabel=Z_LABEL, ylabel=fitted(label(name), 1.9, 10))
    ax.grid(visible=True, alpha=0.3)
    if not conditions:
        note(ax, NOTHING_COMPUTED)
        return []
    z = np.asarray(results.coordinates[HEIGHT])
    ax.axhline(0.0, color="0.6", lw=0.6, zorder=0)
    if len(conditions) == 1:
        rows = [(conditions[0], index) for index in range(len(results.coordinates[DEPTH]))]
        words = [in_words(results, {DEPTH: index}) for _, index in rows]
    else:
        rows = [(at, depth) for at in conditions]
        words = [in_words(results, at) for at in conditions]
    handles: list[Artist] = []
    for number, ((at, index), text) in enumerate(zip(rows[:MAX_LINES], words, strict=False)):
        (line,) = ax.plot(
            z, pick(results, name, at | {DEPTH: index}), lw=1.5, label=text, **line_look(number)
        )
        handles.append(line)
    _mark_contacts(ax, _metal_of(results))
    return handles


def _metal_of(results: Results) -> list[Place]:
    """Give the contacts of all cases; none if their heights, sizes or columns differ, as one strip shows one place."""
    if CONTACT_CENTER not in results:
        return []
    dims = tuple(
        dict.fromkeys(
            dim for name in (CONTACT_CENTER, CONTACT_LENGTH) for dim in swept_dims(results, name)
        )
    )
    strips = [
        _strip(results, at)
        for at in indices(results, dims)
        if has_values(results, CONTACT_LENGTH, at)
    ]
    if any(not np.allclose(strips[0], strip, equal_nan=True) for strip in strips[1:]):
        return []
    at = first_place(results) or {}
    shares = montage_of(results)
    center, length = pick(results, CONTACT_CENTER, at), pick(results, CONTACT_LENGTH, at)
    return [
        (float(x), float(z), float(size), np.nan if shares is None else shares.get(str(name), 0.0))
        for name, (x, _, z), size in zip(
            results.coordinates["contact"], center, length, strict=True
        )
        if np.isfinite(size)
    ]


def _strip(results: Results, at: Mapping[str, int]) -> FloatArray:
    """Give what a strip shows of the contacts of one case: columns side by side, heights and lengths, mm."""
    center = np.asarray(pick(results, CONTACT_CENTER, at), dtype=np.float64)
    length = np.asarray(pick(results, CONTACT_LENGTH, at), dtype=np.float64)
    return np.column_stack([center[:, 0] - center[0, 0], center[:, 2], length])


def _mark_contacts(ax: Axes, metal: Sequence[Place]) -> None:
    """Draw the contacts as boxes along the lower edge: a row per column of contacts, the rightmost lowest."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - as above

    if not metal:
        return
    x = np.array([place[0] for place in metal])
    order = np.sort(x)
    columns = order[np.concatenate([[True], np.diff(order) > SAME_COLUMN_MM])]
    height = min(CONTACT_BAND, _LARGEST_BANDS / len(columns))
    # A margin m of the data leaves m / (1 + 2 m) of the axes below them.
    share_below = len(columns) * height
    ax.margins(y=0.03 + share_below / (1.0 - 2.0 * share_below))
    for across, z, length, current in metal:
        row = int(np.argmin(np.abs(columns - across)))
        ax.add_patch(
            Rectangle(
                (z - length / 2.0, row * height),
                max(length, 0.5),
                height,
                transform=ax.get_xaxis_transform(),
                facecolor=polarity_color(current),
                edgecolor=BLACK,
                lw=0.6,
                zorder=3,
            )
        )
