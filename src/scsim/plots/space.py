"""One view of lead, cord, dura and fibers in space.

What is drawn, as arrays, comes from ``shapes.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.geometry import SAME_COLUMN_MM, Y_LABEL, Z_LABEL, which_position
from scsim.plots.shapes import Metal, Shapes, prism, shapes_of_results
from scsim.plots.style import (
    BLACK,
    LEAD_FILL,
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
    from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]
    from numpy.typing import NDArray

    from scsim.results.store import Results

    FloatArray = NDArray[np.float64]

ELEVATION_DEG: Final = 28.0
AZIMUTH_DEG: Final = -72.0
"""Where the reader stands: dorsal of the cord and to its right, a little rostral of its middle."""

ALONG_MARGIN_MM: Final = 9.0
"""Shown of cord and fibers beyond the last metal at either end, mm."""

FIBER_COLOR: Final = "0.2"

MAX_LABELS: Final = 10
"""Contacts up to which each is labelled: those of paddles and of several leads would be written over each other."""

LABEL_LIFT_MM: Final = 0.6

THIN: Final = 0.14
"""Thickness over length of the box below which the axes across have no room for more than a letter."""

_UNIT: Final = 1.035
"""Length in axes heights of a box of one unit at a zoom of 1, measured in a picture."""

_FILLED: Final = (0.82, 0.68)
"""Share of the axes' width and height that the box may take; ticks and labels need the rest."""

_PLACE: Final = (-0.03, 0.12, 0.94, 0.84)
"""Left, bottom, width and height of the axes in a figure of their own, as shares of it."""

MAX_FIBERS: Final = 20
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
    figure = _new_figure()
    ax: Any = figure.add_subplot(projection="3d", position=_PLACE)
    view_in_space(shapes, ax)
    head(figure, f"Lead in space ({ONE_ANATOMY}){which_position(results)}")
    return figure


def view_in_space(shapes: Shapes, ax: Axes3D | None = None) -> Axes3D:
    """Draw shapes in space, in true proportions.

    Seen from behind: the cord lies from left (caudal) to right (rostral), dorsal is up. Cathodes of the first phase
    are blue, anodes vermilion, idle contacts white; the dura is a veil. Of many fibers every so many-th is drawn.

    Parameters
    ----------
    shapes : Shapes
        From `scsim.plots.make_shapes` or `scsim.plots.shapes_of_results`.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Default: axes of a new figure.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D
    """
    from mpl_toolkits.mplot3d import Axes3D  # noqa: PLC0415  (importing scsim must not import matplotlib)

    if ax is None:
        ax = _new_figure().add_subplot(projection="3d", position=_PLACE)
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
    handles += _draw_fibers(ax, shapes, (low, high))
    handles += _draw_leads(ax, shapes, (low, high))
    _set_frame(ax, shapes, low, high)
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=4,
        fontsize=NOTE_SIZE,
        frameon=False,
    )
    return ax


def _new_figure() -> Figure:
    """Make a figure that is laid out by hand: the constrained layout does not know what sticks out in space."""
    figure = new_figure(PAGE_WIDTH_INCHES, 3.6)
    figure.set_layout_engine("none")
    return figure


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
            faces = prism(outline, low, high, has_ends=False, face_length_mm=high - low)
            _add_faces(ax, faces, color, alpha=opacity, zorder=order)
            handles.append(
                Patch(facecolor=color, alpha=max(opacity, 0.4), ec="0.4", label=names[name])
            )
        if name in {"gray_matter", "cord", "dura_inner", "dura_outer"} or name.startswith(
            "endoneurium"
        ):
            # The end that faces the reader shows the section.
            ring = np.column_stack([outline, np.full(len(outline), high)])
            fill = TISSUE_FILLS.get(name, "white")
            order = {"gray_matter": 1.3, "cord": 1.2}.get(name, 3.1)
            if order < 3.0:
                _add_faces(ax, ring[None], fill, alpha=1.0, zorder=order, is_shaded=False)
            ax.plot(*_turned(ring).T, color="0.45", lw=0.6, zorder=order + 0.05, clip_on=False)
    return handles


def _draw_fibers(
    ax: Axes3D,
    shapes: Shapes,
    span_mm: tuple[float, float],
) -> list[Artist]:
    """Draw fibers as lines between two heights, and roots."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as above
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    handles: list[Artist] = []
    n_fibers = len(shapes.fibers_mm)
    chosen = np.unique(np.linspace(0, n_fibers - 1, min(n_fibers, MAX_FIBERS)).round().astype(int))
    paths = [_turned(_between(shapes.fibers_mm[index], *span_mm)) for index in chosen]
    if paths:
        lines = Line3DCollection(paths, colors=FIBER_COLOR, lw=0.4, zorder=2.0, clip_on=False)
        ax.add_collection3d(lines, autolim=False)
        handles.append(Line2D([], [], color=FIBER_COLOR, lw=1.0, label="fibers"))
    for number, root in enumerate(shapes.roots_mm):
        ax.plot(*_turned(root).T, color=BLACK, lw=1.6, ls="--", zorder=2.5, clip_on=False)
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


def _draw_leads(ax: Axes3D, shapes: Shapes, span_mm: tuple[float, float]) -> list[Artist]:
    """Draw the bodies and the metal of all leads."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - as above

    # Plates lie on the far side of a paddle, towards the dura: its body is a veil over them.
    is_flat = not any(metal.is_around_body for metal in shapes.contacts)
    for body in shapes.bodies_mm:
        z = body[:, :, 2].mean(axis=1)
        faces = body[(z > span_mm[0]) & (z < span_mm[1])]
        _add_faces(ax, faces, LEAD_FILL, alpha=0.35 if is_flat else 1.0, zorder=4.0)
    for metal in shapes.contacts:
        faces = _towards_reader(metal) if metal.is_around_body else metal.faces_mm
        color = polarity_color(metal.share)
        _add_faces(
            ax, faces, color, alpha=1.0, zorder=3.9 if is_flat else 4.1, is_shaded=not is_flat
        )
    _label_contacts(ax, shapes)
    handles: list[Artist] = [Patch(facecolor=LEAD_FILL, ec=BLACK, lw=0.6, label=shapes.body_name)]
    return handles + polarity_handles([metal.share for metal in shapes.contacts])


def _label_contacts(ax: Axes3D, shapes: Shapes) -> None:
    """Write the labels of the contacts above them; of many those that are on, and the first."""
    many = len(shapes.contacts) > MAX_LABELS
    faces = np.concatenate([metal.faces_mm for metal in shapes.contacts])
    low, top = float(faces[:, :, 1].min()), float(faces[:, :, 1].max())
    middle = float(np.mean([metal.center_mm[0] for metal in shapes.contacts]))
    for number, metal in enumerate(shapes.contacts):
        is_on = bool(np.isfinite(metal.share) and metal.share != 0.0)
        if many and number and not is_on:
            continue
        x, _, z = metal.center_mm.tolist()
        # Of leads side by side the near one is labelled below it.
        is_near = x < middle - SAME_COLUMN_MM
        ax.text(
            z,
            x,
            low - LABEL_LIFT_MM if is_near else top + LABEL_LIFT_MM,
            metal.label,
            fontsize=NOTE_SIZE,
            ha="center",
            va="top" if is_near else "bottom",
            zorder=5.0,
            clip_on=False,
        )


def _towards_reader(metal: Metal) -> FloatArray:
    """Leave out the faces of a ring that the lead hides."""
    elevation, azimuth = np.radians([ELEVATION_DEG, AZIMUTH_DEG])
    z, x, y = (
        np.cos(elevation) * np.cos(azimuth),
        np.cos(elevation) * np.sin(azimuth),
        np.sin(elevation),
    )
    outward = metal.faces_mm.mean(axis=1) - metal.center_mm
    outward[:, 2] = 0.0
    return np.asarray(metal.faces_mm[outward @ np.array([x, y, z]) > 0.0])


def _add_faces(
    ax: Axes3D, faces_mm: FloatArray, color: str, *, is_shaded: bool = True, **look: Any
) -> None:
    """Add faces, darker where they look away from the light."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - as above
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # noqa: PLC0415 - as above

    corners = _turned(faces_mm)
    rgb = np.broadcast_to(to_rgb(color), (len(corners), 3))
    if is_shaded:
        normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        facing = np.abs(normal @ _LIGHT)[:, None] / np.where(length > 0.0, length, 1.0)
        rgb = rgb * (1.0 - _SHADE * (1.0 - np.clip(facing, 0.0, 1.0)))
    opacity = look.pop("alpha")
    rgba = np.column_stack([rgb, np.full(len(rgb), opacity)])
    # Without edges of their own color faces that meet leave hairlines open; behind a veil they would show.
    edges = rgba if opacity == 1.0 else "none"
    faces = Poly3DCollection(
        corners, facecolors=rgba, edgecolors=edges, lw=0.3, clip_on=False, **look
    )
    ax.add_collection3d(faces, autolim=False)


def _set_frame(ax: Axes3D, shapes: Shapes, low: float, high: float) -> None:
    """Set limits, proportions, labels and the direction of view."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    across = [outline for name, outline in shapes.outlines_mm.items() if name in _SKIN]
    across += [faces[:, :, :2].reshape(-1, 2) for faces in shapes.bodies_mm]
    across += [metal.faces_mm[:, :, :2].reshape(-1, 2) for metal in shapes.contacts]
    points = np.concatenate(across)
    (x0, y0), (x1, y1) = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    ax.set(xlim=(low, high), ylim=(x0, x1), zlim=(y0, y1))
    size = np.array([high - low, x1 - x0, y1 - y0])
    ax.set_box_aspect(size.tolist(), zoom=_zoom(ax, size))
    ax.view_init(elev=ELEVATION_DEG, azim=AZIMUTH_DEG)
    ax.set_proj_type("ortho")
    ax.set_xlabel(Z_LABEL, labelpad=6.0, fontsize=NOTE_SIZE)
    is_thin = size[1:].max() < THIN * size[0]
    ax.set_ylabel("x" if is_thin else "x, left (mm)", labelpad=-2.0, fontsize=NOTE_SIZE)
    ax.set_zlabel("y" if is_thin else Y_LABEL, labelpad=-2.0, fontsize=NOTE_SIZE)
    ax.tick_params(labelsize=NOTE_SIZE, pad=0)
    for axis in (ax.yaxis, ax.zaxis):
        axis.set_major_locator(MaxNLocator(nbins=2 if is_thin else 4, integer=True))
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.pane.set_visible(False)
        axis.line.set_color("0.5")
    ax.grid(visible=False)


def _zoom(ax: Axes3D, size_mm: FloatArray) -> float:
    """Choose the zoom at which a box fills the axes."""
    elevation, azimuth = np.radians([ELEVATION_DEG, AZIMUTH_DEG])
    across = np.abs([np.sin(azimuth), np.cos(azimuth), 0.0])
    up = np.abs(
        [
            np.sin(elevation) * np.cos(azimuth),
            np.sin(elevation) * np.sin(azimuth),
            np.cos(elevation),
        ]
    )
    place = ax.get_position(original=True)
    box = ax.figure.bbox
    inches = np.array([box.width * place.width, box.height * place.height]) / ax.figure.dpi
    unit = _UNIT * inches.min() / np.linalg.norm(size_mm)
    return float(min(inches * _FILLED / (unit * np.array([across @ size_mm, up @ size_mm]))))
