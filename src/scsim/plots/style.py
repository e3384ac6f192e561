"""Colors, marks and figure sizes that the pictures share, and new figures without global state.

Lines use the palette of Okabe and Ito, maps use viridis: both can be told apart by readers with any
of the common forms of color blindness, and every line also differs by dash or mark, so that gray
prints stay readable. What is drawn, and which data, does not belong here.

References
----------
Okabe M, Ito K (2008) Color universal design: how to make figures and presentations that are friendly
to colorblind people. Its yellow is left out: it is too faint on white paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
BLACK: Final = "#000000"

LINE_COLORS: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINE_DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
LINE_MARKS: Final = ("o", "s", "^", "D", "v", "P", "X")

MAP_COLORS: Final = "viridis"
MISSING_COLOR: Final = "0.85"

TISSUE_FILLS: Final = {
    "bone": "#e6dfd0",
    "canal": "#f5e9c4",
    "dura_outer": "#b9b2a6",
    "dura_inner": "#dcecf5",
    "cord": "#fbfaf7",
    "gray_matter": "#d2c6cf",
}
"""Quiet fills, outermost tissue first, so that fibers and contacts stand out."""

PAGE_WIDTH_INCHES: Final = 7.2
"""Two columns of a journal page, 183 mm."""

COLUMN_WIDTH_INCHES: Final = 4.6
"""One picture of its own in a text."""

PANEL_GAP: Final = 0.06
"""Between panels side by side, as a share of their width: first and last tick labels must not meet."""

PRINT_DPI: Final = 200

ONE_ANATOMY: Final = "one synthetic anatomy"
"""Said in every picture whose numbers depend on the anatomy."""

NOTE_SIZE: Final = 8
"""Points; the smallest text in any picture."""

NOTHING_COMPUTED: Final = "no value was computed"
"""Said where every case failed or has no value; the reasons are in the results and the log."""


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """Make an empty figure that belongs to no window and to no global list.

    Parameters
    ----------
    width_inches, height_inches : float

    Returns
    -------
    matplotlib.figure.Figure
        With the constrained layout, so that labels and legends are not clipped.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  (importing scsim must not import matplotlib)

    figure = Figure(figsize=(width_inches, height_inches), dpi=PRINT_DPI / 2)
    figure.set_layout_engine("constrained", wspace=PANEL_GAP)
    return figure


def axes_or_new(ax: Axes | None, *, height_inches: float = 3.4) -> Axes:
    """Give the axes back, or axes that fill a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    height_inches : float
        Of the new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    return new_figure(COLUMN_WIDTH_INCHES, height_inches).add_subplot() if ax is None else ax


def line_look(index: int) -> dict[str, Any]:
    """Give color and dash of the line with this number, both different from its neighbors'.

    Parameters
    ----------
    index : int

    Returns
    -------
    dict
        Keyword arguments of ``Axes.plot``.
    """
    turn = index % len(LINE_COLORS)
    return {"color": LINE_COLORS[turn], "linestyle": LINE_DASHES[turn]}


def cell_edges(centers: NDArray[np.float64], *, is_log: bool) -> NDArray[np.float64]:
    """Place the borders of map cells half-way between the values that were computed.

    Parameters
    ----------
    centers : ndarray of float64, shape (n,)
        Ascending.
    is_log : bool
        Half-way in the logarithm.

    Returns
    -------
    ndarray of float64, shape (n + 1,)
    """
    values = np.log(centers) if is_log else np.asarray(centers, dtype=np.float64)
    if values.size == 1:
        half = np.array([0.5])
        inner = values[:0]
    else:
        inner = (values[1:] + values[:-1]) / 2
        half = np.diff(values) / 2
    edges = np.concatenate([values[:1] - half[:1], inner, values[-1:] + half[-1:]])
    return np.exp(edges) if is_log else edges


def is_better_in_log(values: NDArray[np.float64]) -> bool:
    """Tell whether values lie more evenly on a logarithmic axis than on a linear one.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Ascending.

    Returns
    -------
    bool
        False for fewer than three values, or any that is not positive.
    """
    if values.size < 3 or values[0] <= 0:
        return False
    linear, logarithmic = np.diff(values), np.diff(np.log(values))
    return bool(logarithmic.max() / logarithmic.min() < linear.max() / linear.min())


def plain_log_ticks(axis: Axis) -> None:
    """Write the ticks of a logarithmic axis as 0.5, 1, 2 rather than as powers of ten.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: PLC0415  (importing scsim must not import matplotlib)

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_above(ax: Axes, title: str = "") -> None:
    """Put the legend, if there is anything to name, above the axes, where it covers no data.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    title : str
        What all of it has in common.
    """
    if ax.get_legend_handles_labels()[1]:
        ax.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
            fontsize=NOTE_SIZE,
            title=title or None,
            title_fontsize=NOTE_SIZE,
            columnspacing=1.0,
            handlelength=1.4,
            frameon=False,
        )


def note(ax: Axes, text: str) -> None:
    """Write in the middle of the axes what the reader would else take for a fault of the picture.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    text : str
    """
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=NOTE_SIZE,
        bbox={"boxstyle": "round", "facecolor": "white", "edgecolor": "0.5"},
        zorder=6,
    )
