"""The contact matrix as a map of numbers: what each contact feels of a current in each other.

Profiles and sections of the field belong in ``field_lines.py`` and ``field_section.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.reading import first_computed, in_words, indices, label, pick, require, swept_dims
from scsim.plots.style import (
    BLACK,
    COLUMN_WIDTH_INCHES,
    MAP_COLORS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    new_figure,
    note,
    plain_log_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.store import Results

MATRIX: Final = "contact_matrix_ohm"
ROWS: Final = "contact"
COLUMNS: Final = "driven_contact"

MAX_NUMBERS: Final = 8
"""Contacts up to which each cell carries its number; more do not fit the page."""

_DARK: Final = 0.55
"""Share of the color scale below which a number is written in white."""


def contact_matrix(
    results: Results, ax: Axes | None = None, *, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the contact matrix: row by row the potential of a contact, per current of the contact of the column.

    Colors are logarithmic, as a contact's own impedance is many times what it feels of the others. Up to eight
    contacts each cell carries its number.

    Parameters
    ----------
    results : Results
        With the group ``contact_matrix`` of ``output.save``.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Place along the sweep; by default the first that was computed.

    Returns
    -------
    matplotlib.axes.Axes
        The color bar is another axes of its figure.

    Raises
    ------
    ResultsError
        If the contact matrix was not saved.
    """
    from matplotlib.colors import LogNorm  # noqa: PLC0415  (importing scsim must not import matplotlib)

    require(results, (MATRIX,), "The contact matrix")
    ax = axes_or_new(ax, height_inches=3.9)
    ax.set(xlabel=label(COLUMNS), ylabel=label(ROWS))
    at = first_computed(results, (MATRIX,)) if at is None else dict(at)
    if at is None:
        note(ax, NOTHING_COMPUTED)
        return ax
    matrix = pick(results, MATRIX, at)
    known = np.isfinite(np.diagonal(matrix))
    matrix = matrix[np.ix_(known, known)]
    norm = LogNorm(float(matrix.min()), float(matrix.max()))
    image = ax.imshow(matrix, norm=norm, cmap=MAP_COLORS)
    names = [str(name) for name in results.coordinates[ROWS][known]]
    ax.set_xticks(range(len(names)), names, fontsize=NOTE_SIZE)
    ax.set_yticks(range(len(names)), names, fontsize=NOTE_SIZE)
    if len(names) > MAX_NUMBERS:
        ax.tick_params(axis="x", labelrotation=90)
    else:
        for (row, column), value in np.ndenumerate(matrix):
            color = "white" if norm(value) < _DARK else BLACK
            text = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
            ax.text(column, row, text, ha="center", va="center", fontsize=NOTE_SIZE, color=color)
    bar = ax.figure.colorbar(image, ax=ax, label=label(MATRIX), shrink=0.9)
    plain_log_ticks(bar.ax.yaxis)
    return ax


def contact_matrices(results: Results) -> Figure:
    """Draw the contact matrix of the first case that was computed.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the contact matrix was not saved.
    """
    require(results, (MATRIX,), "The contact matrix")
    is_large = len(results.coordinates[ROWS]) > MAX_NUMBERS
    figure = new_figure(PAGE_WIDTH_INCHES if is_large else COLUMN_WIDTH_INCHES + 0.6, 4.4)
    contact_matrix(results, figure.add_subplot())
    at = first_computed(results, (MATRIX,))
    n_cases = len(list(indices(results, swept_dims(results, MATRIX))))
    which = f"\nfirst of {n_cases}: {in_words(results, at)}" if at else ""
    head(figure, f"Contact matrix ({ONE_ANATOMY}){which}")
    return figure
