"""Potential along the cord or along fibers, and what drives fibers: second difference, activating function.

Sections of the field belong in ``field_section.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.geometry import CONTACT_CENTER, CONTACT_LENGTH, Z_LABEL, first_place, montage_of
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
from scsim.plots.section_samples import montage_shares
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
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
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
"""Height of the strip on the axis that shows the contacts, as a share of the axes."""


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
                ax.set_title(in_words(results, {DEPTH: column}), fontsize=NOTE_SIZE + 2)
    montage = montage_of(results)
    handles += polarity_handles([*(montage or {}).values(), 0.0] if montage else [np.nan])
    heading = f"Field along the dorsal midline of the cord ({ONE_ANATOMY})"
    if len(conditions) > MAX_LINES:
        heading += f"\nfirst {MAX_LINES} of {len(conditions)} conditions"
    legend_below(figure, handles)
    head(figure, heading)
    return figure


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
    function (`scsim.activating_function`) at the nodes: positive depolarizes.

    Parameters
    ----------
    medium : Medium
    shares : mapping of str to float, or sequence of float, shape (n_contacts,)
        Share of the amplitude (no unit), by label or in the order of the contacts.
    fibers : sequence of Fiber
        At most seven, so that each line can be told from the others.
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
        If a compartment lies where the medium has no answer.
    StimulusError
        If the shares do not fit the contacts.
    """
    from matplotlib.lines import Line2D  # noqa: PLC0415  (importing scsim must not import matplotlib)

    from scsim.response.linear import activating_function  # noqa: PLC0415 - loads the fiber kernels

    contacts = list(getattr(medium, "contacts", ()) if sources is None else sources)
    vector = montage_shares(shares, contacts)
    potentials = medium.unit_potential_along(contacts, fibers)
    drives = activating_function(fibers, potentials, shares=vector.tolist())
    figure = new_figure(PAGE_WIDTH_INCHES, 4.6)
    above, below = figure.subplots(2, 1, sharex=True)
    handles = []
    for number, fiber in enumerate(fibers[:MAX_LINES]):
        look = line_look(number)
        name = f"{fiber.model}, {fiber.fiber_diameter_um:g} µm" if names is None else names[number]
        z = fiber.compartment_positions_mm()[:, 2]
        above.plot(z, vector @ potentials[number], lw=1.5, **look)
        nodes = fiber.node_positions_mm()[:, 2]
        below.plot(nodes, drives[number].rate_mv_per_ms, lw=1.0, marker="o", ms=2.5, **look)
        handles.append(Line2D([], [], label=literal(name), lw=1.5, **look))
    metal = [
        (contact.center_mm[2], getattr(contact, "length_mm", 0.0), share)
        for contact, share in zip(contacts, vector.tolist(), strict=True)
        if hasattr(contact, "center_mm")
    ]
    for ax in (above, below):
        _mark_contacts(ax, metal)
        ax.axhline(0.0, color="0.6", lw=0.6, zorder=0)
        ax.grid(visible=True, alpha=0.3)
    above.set_ylabel(FIBER_POTENTIAL_LABEL)
    below.set(xlabel=Z_LABEL, ylabel=ACTIVATING_LABEL)
    legend_below(figure, [*handles, *polarity_handles(vector.tolist())])
    head(figure, f"Field along fibers ({ONE_ANATOMY})")
    return figure


def _conditions(results: Results) -> list[dict[str, int]]:
    """List the places along the sweep that have a profile."""
    places = indices(results, swept_dims(results, POTENTIAL))
    return [at for at in places if has_values(results, POTENTIAL, at)]


def _draw_profile(ax: Axes, results: Results, name: str, depth: int) -> list[Line2D]:
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
    handles = []
    for number, ((at, index), text) in enumerate(zip(rows[:MAX_LINES], words, strict=False)):
        (line,) = ax.plot(
            z, pick(results, name, at | {DEPTH: index}), lw=1.5, label=text, **line_look(number)
        )
        handles.append(line)
    _mark_contacts(ax, _metal_of(results))
    return handles


def _metal_of(results: Results) -> list[tuple[float, float, float]]:
    """Give height, length and share of the contacts where the first case put them."""
    if CONTACT_CENTER not in results:
        return []
    at = first_place(results) or {}
    shares = montage_of(results)
    center, length = pick(results, CONTACT_CENTER, at), pick(results, CONTACT_LENGTH, at)
    return [
        (float(z), float(size), np.nan if shares is None else shares.get(str(name), 0.0))
        for name, z, size in zip(results.coordinates["contact"], center[:, 2], length, strict=True)
        if np.isfinite(size)
    ]


def _mark_contacts(ax: Axes, metal: Sequence[tuple[float, float, float]]) -> None:
    """Draw the contacts as boxes along the lower edge; those that are on come last, on top."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - as above

    ax.margins(y=0.12)
    order = sorted(metal, key=lambda one: abs(np.nan_to_num(one[2])))
    for z, length, share in order:
        ax.add_patch(
            Rectangle(
                (z - length / 2.0, 0.0),
                max(length, 0.5),
                CONTACT_BAND,
                transform=ax.get_xaxis_transform(),
                facecolor=polarity_color(share),
                edgecolor=BLACK,
                lw=0.6,
                zorder=3,
            )
        )
