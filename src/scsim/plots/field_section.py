"""The field of a montage in a plane across the cord or nerve: potential, or current density.

What is drawn comes from ``section_samples.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from scsim.electrodes.contacts import ArcContact, PlateContact, RingContact, height_range_mm
from scsim.errors import GeometryError
from scsim.fields.profile import active_contact
from scsim.plots.geometry import X_LABEL, Y_LABEL
from scsim.plots.section_samples import (
    Setting,
    medium_sources,
    montage_shares,
    sample_plane,
    setting_of,
)
from scsim.plots.shapes import body_outline, section_outlines
from scsim.plots.style import (
    BLACK,
    LEAD_FILL,
    NOTE_SIZE,
    ONE_ANATOMY,
    axes_or_new,
    polarity_color,
    title_panel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from scsim.electrodes import Body, Contact, Source
    from scsim.fields.unit_potential import Medium
    from scsim.plots.section_samples import PlaneSamples, Window
    from scsim.tissue import Conductivities, CrossSection, Spine

    FloatArray = NDArray[np.float64]

Quantity = Literal["potential", "current_density"]

POTENTIAL_LABEL: Final = "Potential (mV/mA)"
DENSITY_LABEL: Final = "Current density (µA/mm² per mA)"

N_LEVELS: Final = 9
"""Steps of the potential on either side of 0, in the order 1, 2, 5, 10: three decades."""

DECADES: Final = 3.0
"""Of current density below its largest value that are told apart; the rest has one color."""

CANAL_MARGIN_MM: Final = 1.0
"""Shown beyond the canal or nerve, mm."""

_ROUNDING: Final = 1e-9
"""Share by which a level may be missed by rounding."""

_PALE: Final = 0.46
"""Where on the scale from blue to red the palest blue lies; 0.5 is white."""

_BAR: Final[Mapping[str, Any]] = {"shrink": 0.8, "aspect": 22}
"""Color bars about as high as the plane."""

_OUTLIERS: Final = 0.05
"""Share of the points, in percent, beyond the levels at either end, which have the color of the last: next to points
and lines of current the potential has no bound."""

_METAL_WIDTH: Final = 2.6
"""Of the line that stands for metal, points."""


def field_section(
    medium: Medium,
    shares: Mapping[str, float] | Sequence[float],
    *,
    quantity: Quantity = "potential",
    z_mm: float | None = None,
    section: CrossSection | Spine | None = None,
    conductivities: Conductivities | None = None,
    sources: Sequence[Contact | Source] | None = None,
    window_mm: Window | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the potential or the current density of a montage in a plane across the cord or nerve.

    Per mA of amplitude in the first phase, in which a negative share is a cathode. Tissue borders are lines, leads are
    gray; metal in the plane is blue where it is a cathode, vermilion where an anode, white where idle. Seen from the
    head end: the left side of the body is on the right.

    Parameters
    ----------
    medium : Medium
        Solved fields know their tissues, leads and contacts; for closed forms and imported fields give `sources`.
    shares : mapping of str to float, or sequence of float, shape (n_contacts,)
        Share of the amplitude (no unit), by label or in the order of the contacts.
    quantity : {"potential", "current_density"}
        ``potential``: filled contours. ``current_density``: its size in logarithmic steps, and lines that it follows
        in the plane.
    z_mm : float, optional
        Height of the plane, mm; by default that of the contact with the largest share.
    section : CrossSection or Spine, optional
        Tissues; by default those of the medium.
    conductivities : Conductivities, optional
        By default those of the medium.
    sources : sequence of Contact or Source, optional
        By default the contacts of the medium.
    window_mm : tuple of 4 floats, optional
        Smallest and largest x, smallest and largest y, mm; by default the canal or the nerve.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The color bar is another axes of its figure.

    Raises
    ------
    GeometryError
        If a point of the plane lies outside the domain, the quantity is unknown, there are no sources, or the current density is asked for
        where the conductivities are not known.
    StimulusError
        If the shares do not fit the contacts.
    """
    if quantity not in {"potential", "current_density"}:
        msg = (
            f"quantity = {quantity!r}: 'potential' and 'current_density' can be drawn. Choose one."
        )
        raise GeometryError(msg)
    contacts = medium_sources(medium, sources)
    vector = montage_shares(shares, contacts)
    height_mm = height_of(contacts[active_contact(vector)]) if z_mm is None else z_mm
    setting = _setting(medium, section, conductivities)
    outlines = section_outlines(setting.section)
    window = section_window(outlines, contacts) if window_mm is None else window_mm
    samples = sample_plane(
        medium,
        contacts,
        vector,
        height_mm,
        setting=setting,
        window_mm=window,
        has_density=quantity == "current_density",
    )
    ax = axes_or_new(ax, height_inches=3.9)
    if quantity == "potential":
        _draw_potential(ax, samples)
    else:
        _draw_density(ax, samples)
    for outline in outlines.values():
        ax.plot(*outline.T, color=BLACK, lw=0.6, alpha=0.75)
    _draw_solids(ax, setting)
    _draw_metal(ax, contacts, vector, height_mm)
    ax.set(xlabel=X_LABEL, ylabel=Y_LABEL, xlim=window[:2], ylim=window[2:])
    ax.set_aspect("equal")
    ax.locator_params(nbins=6, integer=True)
    title_panel(
        ax,
        f"{_montage_words(contacts, vector)}, {_with_minus(f'z = {height_mm:.4g} mm')}, {ONE_ANATOMY}",
    )
    return ax


def height_of(source: Contact | Source) -> float:
    """Give the height of the middle of a source.

    Parameters
    ----------
    source : Contact or Source

    Returns
    -------
    float
        z, mm.
    """
    center = getattr(source, "center_mm", None) or source.position_mm  # type: ignore[union-attr]
    return float(center[2])


def _setting(
    medium: Medium,
    section: CrossSection | Spine | None,
    conductivities: Conductivities | None,
) -> Setting:
    """Say what lies in the plane: what the caller gave, else what the medium knows."""
    from scsim.tissue import CrossSection  # noqa: PLC0415 - a name of its own for the type above

    own = setting_of(medium)
    if section is not None and not isinstance(section, CrossSection):
        section = section.cross_section()
    return Setting(
        own.section if section is None else section,
        own.solids,
        own.conductivities if conductivities is None else conductivities,
    )


def section_window(outlines: Mapping[str, FloatArray], contacts: Sequence[Any]) -> Window:
    """Give the part of the plane around the canal or the nerve, else around the sources.

    Parameters
    ----------
    outlines : mapping of str to ndarray of float64, shape (n, 2)
        By the names of the regions, mm.
    contacts : sequence of Contact or Source

    Returns
    -------
    tuple of 4 floats
        Smallest and largest x, smallest and largest y, mm.
    """
    for name in ("canal", "cuff_filling", "nerve"):
        if name in outlines:
            low, high = outlines[name].min(axis=0), outlines[name].max(axis=0)
            break
    else:
        centers = np.array([getattr(one, "center_mm", None) or one.position_mm for one in contacts])
        low, high = centers[:, :2].min(axis=0) - 10.0, centers[:, :2].max(axis=0) + 10.0
    margin = CANAL_MARGIN_MM * min(1.0, float((high - low).max()) / 8.0)
    low, high = low - margin, high + margin
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _draw_potential(ax: Axes, samples: PlaneSamples) -> None:
    """Fill contours of the potential in steps of 1, 2, 5, 10: blue where it is negative, red where positive."""
    import matplotlib as mpl  # noqa: PLC0415  (importing scsim must not import matplotlib)

    value = samples.potential_mv_per_ma
    low, high = np.nanpercentile(value, [_OUTLIERS, 100.0 - _OUTLIERS]).tolist()
    levels = potential_levels(low, high)
    value = np.clip(value, levels[0], levels[-1])
    n_below, n_above = int((levels < 0.0).sum()), int((levels > 0.0).sum())
    is_two_sided = bool(n_below and n_above)
    cmap = mpl.colormaps["RdBu_r"]
    colors = [
        *cmap(np.linspace(0.0, _PALE, N_LEVELS)[N_LEVELS - n_below + is_two_sided :]),
        *([cmap(0.5)] if is_two_sided else []),
        *cmap(np.linspace(1.0 - _PALE, 1.0, N_LEVELS)[: n_above - is_two_sided]),
    ]
    filled = ax.contourf(samples.x_mm, samples.y_mm, value, levels=levels, colors=colors)
    ax.contour(samples.x_mm, samples.y_mm, value, levels=levels, colors="0.3", linewidths=0.35)
    bar = ax.figure.colorbar(filled, ax=ax, label=POTENTIAL_LABEL, spacing="uniform", **_BAR)
    bar.set_ticks(levels.tolist(), labels=[_with_minus(f"{level:g}") for level in levels])


def potential_levels(low: float, high: float) -> FloatArray:
    """Choose levels of 1, 2, 5, 10 that hold a range, on both sides of 0 if the range has both.

    Parameters
    ----------
    low, high : float

    Returns
    -------
    ndarray of float64
        Ascending, without 0 where there are both signs: the smallest of each side enclose it.
    """
    largest = max(-low, high)
    if largest == 0.0:
        return np.array([-1.0, 0.0, 1.0])
    decade = 10.0 ** np.floor(np.log10(largest))
    steps = np.sort(np.outer(decade * 10.0 ** np.arange(-5.0, 2.0), [1.0, 2.0, 5.0]).ravel())
    top = int(np.searchsorted(steps, largest * (1.0 - _ROUNDING)))
    sizes = steps[top - N_LEVELS + 1 : top + 1]

    def side(reach: float) -> FloatArray:
        last = int(np.searchsorted(sizes, reach * (1.0 - _ROUNDING)))
        return sizes[: last + 1] if reach > sizes[0] else sizes[:0]

    below, above = side(-low), side(high)
    if below.size and above.size:
        return np.concatenate([-below[::-1], above])
    return np.concatenate([-below[::-1], [0.0]]) if below.size else np.concatenate([[0.0], above])


def _draw_density(ax: Axes, samples: PlaneSamples) -> None:
    """Fill contours of the size of the current density in logarithmic steps, and draw lines along it."""
    from matplotlib.colors import LogNorm  # noqa: PLC0415 - as above
    from matplotlib.ticker import LogLocator, StrMethodFormatter  # noqa: PLC0415 - as above

    density = samples.density_ua_per_mm2_per_ma
    assert density is not None
    size = np.sqrt((density**2).sum(axis=0))
    top = np.ceil(3.0 * np.log10(np.nanmax(size))) / 3.0
    levels = 10.0 ** np.arange(top - DECADES, top + 0.01, 1.0 / 3.0)
    filled = ax.contourf(
        samples.x_mm,
        samples.y_mm,
        np.maximum(size, levels[0]),
        levels=levels,
        norm=LogNorm(levels[0], levels[-1]),
        cmap="YlGnBu",
    )
    bar = ax.figure.colorbar(filled, ax=ax, label=DENSITY_LABEL, **_BAR)
    bar.ax.yaxis.set_major_locator(LogLocator())
    bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.streamplot(
        samples.x_mm,
        samples.y_mm,
        density[0],
        density[1],
        color="0.15",
        linewidth=0.5,
        arrowsize=0.6,
        density=1.1,
        broken_streamlines=True,
    )


def _draw_solids(ax: Axes, setting: Setting) -> None:
    """Fill leads, paddles and the walls of cuffs."""
    from scsim.electrodes import Cuff, Disc, Slab  # noqa: PLC0415 - only where there are solids

    for solid in setting.solids:
        if isinstance(solid, Cuff):
            from matplotlib.patches import Annulus  # noqa: PLC0415 - as above

            wall = solid.outer_radius_mm - solid.inner_radius_mm
            ax.add_patch(
                Annulus(
                    solid.center_mm[:2],
                    solid.outer_radius_mm,
                    wall,
                    facecolor=LEAD_FILL,
                    edgecolor=BLACK,
                    lw=0.6,
                    zorder=3,
                )
            )
            continue
        body: Body | None = solid if isinstance(solid, Disc | Slab) else _body_or_none(solid)
        if body is not None:
            ax.fill(*body_outline(body).T, facecolor=LEAD_FILL, edgecolor=BLACK, lw=0.6, zorder=3)


def _body_or_none(device: Any) -> Body | None:
    """Give the cross-section of a lead along z; a tilted or curved one leaves the hole it makes in the field."""
    return None if getattr(device, "path_mm", ()) else device.body


def _draw_metal(ax: Axes, contacts: Sequence[Any], shares: FloatArray, height_mm: float) -> None:
    """Draw the metal that the plane cuts as thick lines in the color of its polarity."""
    for contact, share in zip(contacts, shares.tolist(), strict=True):
        if not isinstance(contact, RingContact | PlateContact | ArcContact):
            continue
        low, high = height_range_mm(contact)
        if not low <= height_mm <= high:
            continue
        center = np.array(contact.center_mm[:2])
        if isinstance(contact, PlateContact):
            side = np.cross(contact.normal, contact.direction)[:2]
            line = center + np.outer([-0.5, 0.5], contact.width_mm * side)
        else:
            middle, span = 90.0, 360.0
            if isinstance(contact, ArcContact):
                middle, span = contact.middle_deg, contact.span_deg
            angle = np.radians(np.linspace(middle - span / 2.0, middle + span / 2.0, 73))
            line = center + contact.radius_mm * np.column_stack([np.cos(angle), np.sin(angle)])
        ax.plot(*line.T, color=BLACK, lw=_METAL_WIDTH + 1.2, solid_capstyle="butt", zorder=4)
        color = polarity_color(share)
        ax.plot(*line.T, color=color, lw=_METAL_WIDTH, solid_capstyle="butt", zorder=4)
        if isinstance(contact, RingContact):
            ax.text(
                center[0],
                center[1],
                contact.label,
                fontsize=NOTE_SIZE - 2,
                ha="center",
                va="center",
                zorder=5,
            )


def _montage_words(contacts: Sequence[Any], shares: FloatArray) -> str:
    """Write the shares of the contacts that are on."""
    words = [
        f"{getattr(contact, 'label', f'source {number}')} {_with_minus(f'{share:+.3g}')}"
        for number, (contact, share) in enumerate(zip(contacts, shares.tolist(), strict=True))
        if share
    ]
    return ", ".join(words)


def _with_minus(text: str) -> str:
    return text.replace("-", "−")
