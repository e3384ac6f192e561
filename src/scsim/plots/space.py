"""One view of lead, cord, dura and fibers in space.

What is drawn, as arrays, comes from ``shapes.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.geometry import FIBER_DIAMETER, first_values, has_fibers, which_position
from scsim.plots.reading import label
from scsim.plots.shapes import Shapes, prism, shapes_of_results
from scsim.plots.style import (
    BLACK,
    LEAD_FILL,
    MAP_COLORS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    TISSUE_FILLS,
    head,
    new_figure,
    polarity_color,
    polarity_handles,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D
    from numpy.typing import NDArray

    from scsim.results.store import Results

    FloatArray = NDArray[np.float64]

ELEVATION_DEG: Final = 32.0
AZIMUTH_DEG: Final = -68.0
"""Where the reader stands: dorsal of the cord, a little to the right and caudal of its middle."""

ALONG_MARGIN_MM: Final = 9.0
"""Shown of cord and fibers beyond the last metal at either end, mm."""

MAX_FIBERS: Final = 60
"""More lines than these run into one area."""

_SKIN: Final = {
    "cord": ("#e9dfc6", 1.0),
    "dura_outer": ("#8fa9bd", 0.16),
    "nerve": ("#e9dfc6", 0.35),
}
"""Color and opacity of the surfaces that are drawn; other outlines would hide what lies inside."""

_LIGHT: Final = np.array([0.35, -0.45, 0.82])
"""Direction towards the light in the coordinates of the picture: z, x and y of the body."""

_SHADE: Final = 0.35
"""How much darker a face is that looks away from the light, as a share."""


def lead_in_space(results: Results) -> Figure:
    """Draw lead, cord, dura and fibers of results in space.

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
    shapes = shapes_of_results(results)
    figure = new_figure(PAGE_WIDTH_INCHES, 4.6)
    ax: Any = figure.add_subplot(projection="3d")
    diameters = first_values(results, FIBER_DIAMETER) if has_fibers(results) else None
    view_in_space(shapes, ax, fiber_diameters_um=diameters if shapes.fibers_mm else None)
    head(figure, f"Lead in space ({ONE_ANATOMY}){which_position(results)}")
    return figure


def view_in_space(
    shapes: Shapes,
    ax: Axes3D | None = None,
    *,
    fiber_diameters_um: FloatArray | None = None,
) -> Axes3D:
    """Draw shapes in space, in true proportions.

    Seen from behind: the cord lies from left (caudal) to right (rostral), dorsal is up. Cathodes of the first phase
    are blue, anodes vermilion, idle contacts white; the dura is a veil. Of many fibers every so many-th is drawn.

    Parameters
    ----------
    shapes : Shapes
        From `scsim.plots.make_shapes` or `scsim.plots.shapes_of_results`.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Default: axes of a new figure.
    fiber_diameters_um : ndarray of float64, shape (n_fibers,), optional
        Colors the fibers, µm.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D
    """
    from mpl_toolkits.mplot3d import Axes3D  # noqa: PLC0415  (importing scsim must not import matplotlib)

    if ax is None:
        figure = new_figure(PAGE_WIDTH_INCHES, 4.6)
        ax = figure.add_subplot(projection="3d")
    assert isinstance(ax, Axes3D)
    if not shapes.contacts:
        ax.set_axis_off()
        ax.text2D(0.5, 0.5, NOTHING_COMPUTED, transform=ax.transAxes, ha="center")
        return ax
    low, high = shapes.span_mm
    low, high = low - ALONG_MARGIN_MM, high + ALONG_MARGIN_MM
    # The order of drawing is that of the layers as the reader sees them: sorting by the distance of whole
    # surfaces, which is what matplotlib offers, would put the cord before the lead.
    ax.computed_zorder = False
    handles = _draw_tissue(ax, shapes, low, high)
    handles += _draw_fibers(ax, shapes, (low, high), fiber_diameters_um)
    handles += _draw_leads(ax, shapes)
    _set_frame(ax, shapes, low, high)
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.06),
        ncols=4,
        fontsize=NOTE_SIZE,
        frameon=False,
    )
    return ax


def _turned(points_mm: FloatArray) -> FloatArray:
    """Put z, x, y of the body on the axes of the picture: still right-handed, the cord lying."""
    return np.asarray(points_mm[..., [2, 0, 1]])


def _draw_tissue(ax: Axes3D, shapes: Shapes, low: float, high: float) -> list[Artist]:
    """Draw cord and dura between two heights."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - as above

    handles: list[Artist] = []
    names = {"cord": "cord", "dura_outer": "dura", "nerve": "nerve"}
    for name, outline in shapes.outlines_mm.items():
        if name in _SKIN:
            color, opacity = _SKIN[name]
            order = 1.0 if name == "cord" else 3.0
            _add_faces(
                ax, prism(outline, low, high, has_ends=False), color, alpha=opacity, zorder=order
            )
            handles.append(
                Patch(facecolor=color, alpha=max(opacity, 0.4), ec="0.4", label=names[name])
            )
        if name in {"gray_matter", "cord", "dura_inner", "dura_outer"} or name.startswith(
            "endoneurium"
        ):
            # The end that faces the reader shows the section.
            ring = np.column_stack([outline, np.full(len(outline), low)])
            fill = TISSUE_FILLS.get(name, "white")
            order = {"gray_matter": 1.3, "cord": 1.2}.get(name, 3.1)
            if order < 3.0:
                _add_faces(ax, ring[None], fill, alpha=1.0, zorder=order, is_shaded=False)
            ax.plot(*_turned(ring).T, color="0.45", lw=0.6, zorder=order + 0.05)
    return handles


def _draw_fibers(
    ax: Axes3D,
    shapes: Shapes,
    span_mm: tuple[float, float],
    diameters_um: FloatArray | None,
) -> list[Artist]:
    """Draw fibers as lines between two heights, and roots."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as above
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # noqa: PLC0415 - as above

    handles: list[Artist] = []
    n_fibers = len(shapes.fibers_mm)
    chosen = np.unique(np.linspace(0, n_fibers - 1, min(n_fibers, MAX_FIBERS)).round().astype(int))
    paths = [_turned(_between(shapes.fibers_mm[index], *span_mm)) for index in chosen]
    if paths and diameters_um is not None:
        lines = Line3DCollection(
            paths, array=diameters_um[chosen], cmap=MAP_COLORS, lw=0.7, zorder=2.0
        )
        lines.set_clim(float(diameters_um.min()), float(diameters_um.max()))
        ax.add_collection3d(lines, autolim=False)
        ax.figure.colorbar(lines, ax=ax, label=label(FIBER_DIAMETER), shrink=0.6, pad=0.02)
    elif paths:
        ax.add_collection3d(
            Line3DCollection(paths, colors="0.25", lw=0.7, zorder=2.0), autolim=False
        )
        handles.append(Line2D([], [], color="0.25", lw=1.0, label="fibers"))
    for number, root in enumerate(shapes.roots_mm):
        ax.plot(*_turned(root).T, color=BLACK, lw=1.6, ls="--", zorder=2.5)
        if number == 0:
            handles.append(Line2D([], [], color=BLACK, lw=1.6, ls="--", label="dorsal roots"))
    return handles


def _between(path_mm: FloatArray, low: float, high: float) -> FloatArray:
    """Cut what lies beyond two heights off a path that runs along z; leave others as they are."""
    z = path_mm[:, 2]
    if not (np.diff(z) > 0.0).all():
        return path_mm
    at = np.concatenate([[max(low, z[0])], z[(z > low) & (z < high)], [min(high, z[-1])]])
    return np.column_stack([np.interp(at, z, path_mm[:, axis]) for axis in range(3)])


def _draw_leads(ax: Axes3D, shapes: Shapes) -> list[Artist]:
    """Draw the bodies and the metal of all leads as one collection, so that near faces hide far ones."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - as above

    faces = [*shapes.bodies_mm, *(metal.faces_mm for metal in shapes.contacts)]
    colors = [LEAD_FILL] * len(shapes.bodies_mm)
    colors += [polarity_color(metal.share) for metal in shapes.contacts]
    _add_faces(
        ax,
        np.concatenate(faces),
        [color for color, part in zip(colors, faces, strict=True) for _ in part],
        alpha=1.0,
        zorder=4.0,
    )
    top = max(float(metal.faces_mm[:, :, 1].max()) for metal in shapes.contacts)
    for metal in shapes.contacts:
        z, x = metal.center_mm[2], metal.center_mm[0]
        ax.text(
            z, x, top + 0.6, metal.label, fontsize=NOTE_SIZE, ha="center", va="bottom", zorder=5.0
        )
    handles: list[Artist] = [Patch(facecolor=LEAD_FILL, ec=BLACK, lw=0.6, label="lead")]
    return handles + polarity_handles([metal.share for metal in shapes.contacts])


def _add_faces(
    ax: Axes3D, faces_mm: FloatArray, color: Any, *, is_shaded: bool = True, **look: Any
) -> None:
    """Add faces, darker where they look away from the light."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - as above
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # noqa: PLC0415 - as above

    corners = _turned(faces_mm)
    single = isinstance(color, str)
    rgb = np.array([to_rgb(one) for one in ([color] * len(corners) if single else color)])
    if is_shaded:
        normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        facing = np.abs(normal @ _LIGHT)[:, None] / np.where(length > 0.0, length, 1.0)
        rgb = rgb * (1.0 - _SHADE * (1.0 - np.clip(facing, 0.0, 1.0)))
    opacity = look.pop("alpha")
    rgba = np.column_stack([rgb, np.full(len(rgb), opacity)])
    ax.add_collection3d(
        Poly3DCollection(corners, facecolors=rgba, edgecolors="none", lw=0.0, **look),
        autolim=False,
    )


def _set_frame(ax: Axes3D, shapes: Shapes, low: float, high: float) -> None:
    """Set limits, proportions, labels and the direction of view."""
    across = [outline for name, outline in shapes.outlines_mm.items() if name in _SKIN]
    across += [faces[:, :, :2].reshape(-1, 2) for faces in shapes.bodies_mm]
    across += [metal.faces_mm[:, :, :2].reshape(-1, 2) for metal in shapes.contacts]
    points = np.concatenate(across)
    (x0, y0), (x1, y1) = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    ax.set(xlim=(low, high), ylim=(x0, x1), zlim=(y0, y1))
    ax.set_box_aspect((high - low, x1 - x0, y1 - y0), zoom=1.25)
    ax.view_init(elev=ELEVATION_DEG, azim=AZIMUTH_DEG)
    ax.set_proj_type("ortho")
    ax.set_xlabel("z, rostral (mm)", labelpad=14.0)
    ax.set_ylabel("x, to the\nleft (mm)", labelpad=2.0)
    ax.set_zlabel("y, dorsal (mm)", labelpad=0.0)
    ax.tick_params(labelsize=NOTE_SIZE, pad=0)
    for axis in (ax.yaxis, ax.zaxis):
        axis.set_major_locator(_few_ticks())
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.pane.set_visible(False)
        axis.line.set_color("0.5")
    ax.grid(visible=False)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    return MaxNLocator(nbins=4, integer=True)
