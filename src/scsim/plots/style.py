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

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
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

LEAD_FILL: Final = "0.75"
CATHODE_COLOR: Final = BLUE
ANODE_COLOR: Final = VERMILION
CONTACT_IDLE: Final = "white"
"""Colors of lead and contacts; polarity is that of the first phase."""

PAGE_WIDTH_INCHES: Final = 7.2
"""Two columns of a journal page, 183 mm."""

COLUMN_WIDTH_INCHES: Final = 4.6
"""One picture of its own in a text."""

PANEL_GAP: Final = 0.06
"""Between panels side by side, as a share of their width: first and last tick labels must not meet."""

PRINT_DPI: Final = 200

ONE_ANATOMY: Final = "one synthetic anatomy"
"""Said in every picture whose numbers depend on the anatomy."""

POINTS_PER_INCH: Final = 72

NOTE_SIZE: Final = 8
"""Points; the smallest text in any picture."""

PANEL_TITLE_SIZE: Final = 10
"""Points; between the text of the axes and the heading of the figure."""

LETTER_WIDTH: Final = 0.6
"""Of the font's usual letters, as a share of its size: what line breaks are reckoned with."""

HANDLE_INCHES: Final = 0.55
"""Taken in a legend by each entry's mark and the gaps beside it."""

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


def fit_shared_height(ax: Axes, bottom: float) -> None:
    """Let axes, and those that share their height, reach from a bottom to the highest of what is drawn in any.

    Setting the bottom of one of them while others are still empty would fix their common top.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Any of them, after all were drawn.
    bottom : float
    """
    ax.autoscale(axis="y")
    ax.set_ylim(bottom=bottom)


def label_rim(panels: NDArray[Any], n_shown: int) -> None:
    """Hide the panels that are left over, and label the axes of the others where no panel lies beside or below.

    Parameters
    ----------
    panels : ndarray of matplotlib.axes.Axes, shape (n_rows, n_columns)
        With shared axes, filled row by row.
    n_shown : int
        Panels that are used.
    """
    n_columns = panels.shape[1]
    for number, ax in enumerate(panels.flat):
        if number >= n_shown:
            ax.set_visible(False)
            continue
        text = ax.get_xlabel()
        ax.label_outer()
        if number + n_columns >= n_shown:
            ax.set_xlabel(text)
            ax.tick_params(axis="x", which="major", labelbottom=True)


def polarity_color(share: float) -> str:
    """Give the color of a contact.

    Parameters
    ----------
    share : float
        Share of the amplitude (no unit); negative in a cathode, 0 or NaN where idle or not known.

    Returns
    -------
    str
    """
    if share < 0.0:
        return CATHODE_COLOR
    return ANODE_COLOR if share > 0.0 else CONTACT_IDLE


def polarity_handles(shares: Sequence[float]) -> list[Artist]:
    """Make legend entries for the kinds of contacts that are there.

    Parameters
    ----------
    shares : sequence of float
        As in `polarity_color`, of all contacts.

    Returns
    -------
    list of matplotlib.artist.Artist
        ``contact`` alone where no share is known.
    """
    from matplotlib.patches import Patch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    values = np.asarray(shares, dtype=np.float64)
    kinds = {
        "cathode (first phase)": (CATHODE_COLOR, values < 0.0),
        "anode (first phase)": (ANODE_COLOR, values > 0.0),
        "idle contact": (CONTACT_IDLE, values == 0.0),
        "contact": (CONTACT_IDLE, np.isnan(values)),
    }
    return [
        Patch(facecolor=color, edgecolor=BLACK, lw=0.6, label=text)
        for text, (color, is_there) in kinds.items()
        if is_there.any()
    ]


def cell_edges(centers: NDArray[np.float64], *, is_log: bool) -> NDArray[np.float64]:
    """Place the borders of map cells half-way between the values that were computed.

    The map ends at the first and the last value, so that nothing is drawn that was not computed: the
    cells along its rim are half as wide. A value alone gets a cell of width 1.

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
        edges = np.array([values[0] - 0.5, values[0] + 0.5])
    else:
        edges = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])
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
    return bool(np.max(logarithmic) / np.min(logarithmic) < np.max(linear) / np.min(linear))


def plain_log_ticks(axis: Axis) -> None:
    """Write the ticks of a logarithmic axis as 0.5, 1, 2 rather than as powers of ten.

    Over more than a decade and a half there are fewer of them, so that they do not meet.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: PLC0415  (importing scsim must not import matplotlib)

    low, high = sorted(axis.get_view_interval())
    subs: tuple[float, ...] = (1.0, 2.0, 5.0)
    if high > 30 * low:
        subs = (1.0, 3.0) if high <= 100 * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def fitted(text: str, width_inches: float, size: float) -> str:
    """Break a text into lines that fit a width, between its parts where that is possible.

    Parameters
    ----------
    text : str
        Parts are set off by ``", "``; line breaks in it are kept.
    width_inches : float
    size : float
        Of the letters, in points.

    Returns
    -------
    str
    """
    n_letters = letters_in(width_inches, size)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for part in paragraph.split(", "):
            longer = f"{line}, {part}" if line else part
            if len(longer) <= n_letters:
                line = longer
                continue
            if line:
                lines.append(f"{line},")
            *full, line = wrap(part, n_letters) or [""]
            lines.extend(full)
        lines.append(line)
    return "\n".join(lines)


def letters_in(width_inches: float, size: float) -> int:
    """Reckon how many letters of a size, in points, fit a width.

    Parameters
    ----------
    width_inches, size : float

    Returns
    -------
    int
        At least 8.
    """
    return max(8, int(width_inches * 72 / (LETTER_WIDTH * size)))


def head(figure: Figure, text: str) -> None:
    """Write the heading of a figure in as many lines as its width asks for.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    text : str
    """
    size = 12
    # Headings have few wide letters; a line has a margin of a quarter of an inch on either side.
    width_inches = 1.1 * (figure.get_figwidth() - 0.5)
    if len(text.split("\n", maxsplit=1)[0]) > letters_in(width_inches, size):
        text = text.replace(" (", "\n(", 1)
    figure.suptitle(fitted(text, width_inches, size), fontsize=size)


def title_panel(ax: Axes, text: str) -> None:
    """Write the title of a panel in as many lines as its width asks for.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    text : str
    """
    size = PANEL_TITLE_SIZE
    ax.set_title(fitted(text, width_of(ax), size), fontsize=size)


def width_of(ax: Axes) -> float:
    """Give the width of axes in inches, before the layout settles it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes

    Returns
    -------
    float
    """
    return float(ax.bbox.width / ax.figure.dpi)


def legend_below(figure: Figure, handles: Sequence[Artist], title: str = "") -> None:
    """Put a legend of the whole figure below its panels, and make the figure taller by its height.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With the constrained layout, which reserves the room.
    handles : sequence of matplotlib.artist.Artist
        Each with its label; long labels are broken into lines.
    title : str
        What the entries have in common.
    """
    width_inches = figure.get_figwidth() - 0.4
    names = [
        fitted(str(handle.get_label()), width_inches - HANDLE_INCHES, NOTE_SIZE)
        for handle in handles
    ]
    n_letters = max(len(line) for name in names for line in name.split("\n"))
    n_columns = letters_in(width_inches, NOTE_SIZE) // (
        n_letters + letters_in(HANDLE_INCHES, NOTE_SIZE)
    )
    n_columns = min(max(n_columns, 1), len(names))
    n_lines = sum(name.count("\n") + 1 for name in names) / n_columns + bool(title)
    figure.set_figheight(figure.get_figheight() + n_lines * 1.5 * NOTE_SIZE / 72)
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=n_columns,
        fontsize=NOTE_SIZE,
        title=fitted(title, width_inches, NOTE_SIZE) or None,
        title_fontsize=NOTE_SIZE,
    )


def legend_above(ax: Axes, title: str = "", handles: Sequence[Artist] | None = None) -> None:
    """Put the legend, if there is anything to name, above the axes, where it covers no data.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    title : str
        What all of it has in common.
    handles : sequence of matplotlib.artist.Artist, optional
        Entries with their labels; default: what the axes hold.
    """
    if handles is None:
        handles = ax.get_legend_handles_labels()[0]
    if handles:
        names = [fitted(str(handle.get_label()), width_of(ax), NOTE_SIZE) for handle in handles]
        n_letters = max(len(line) for name in names for line in name.split("\n"))
        is_narrow = n_letters > letters_in(width_of(ax) / 2, NOTE_SIZE)
        legend = ax.legend(
            handles,
            names,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=1 if is_narrow else 2,
            fontsize=NOTE_SIZE,
            title=fitted(title, width_of(ax), NOTE_SIZE) or None,
            title_fontsize=NOTE_SIZE,
            columnspacing=1.0,
            handlelength=1.4,
            frameon=False,
        )
        legend.get_title().set_multialignment("center")


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
