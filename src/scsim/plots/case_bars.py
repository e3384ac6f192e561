"""A study of named cases: how fast its fibers fire and what the projection neuron does, a bar per case.

Curves over swept numbers are drawn in ``rate_curves.py`` and ``fiber_rates.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.rate_curves import C_DRIVEN, LOCKED, PARTS, REST, TOTAL
from scsim.plots.reading import (
    CASE_DIMENSION,
    circuit_label,
    label,
    labels_along,
    literal,
    require,
    swept_dims,
)
from scsim.plots.realizations import mean_over_realizations
from scsim.plots.style import (
    GREEN,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    fitted,
    head,
    legend_below,
    new_figure,
    note,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

FOLLOWED: Final = "followed_rate_hz"
MAX_CASES: Final = 24
BAR_HEIGHT: Final = 0.62
NAME_INCHES: Final = 1.9
"""Room for the name of a case; longer ones are broken into lines."""


def has_case_bars(results: Results) -> bool:
    """Tell whether results are of named cases, few enough for a bar each, whose circuit ran.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    return (
        TOTAL in results
        and results.attributes.get("sweep_mode") == "cases"
        and swept_dims(results, TOTAL) == (CASE_DIMENSION,)
        and len(results.coordinates[CASE_DIMENSION]) <= MAX_CASES
    )


def case_rates(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the projection rate of each case as a bar: its C-driven and its pulse-locked part, where they are known.

    Parameters
    ----------
    results : Results
        Of named cases (`has_case_bars`).
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the rate was not saved.
    """
    require(results, (TOTAL,), "The picture of cases")
    ax = axes_or_new(ax)
    results, _ = mean_over_realizations(results, (TOTAL, C_DRIVEN, LOCKED, REST))
    has_parts = C_DRIVEN in results and LOCKED in results
    n_cases = len(results.coordinates[CASE_DIMENSION])
    left = np.zeros(n_cases)
    for name in (C_DRIVEN, LOCKED) if has_parts else (TOTAL,):
        text, look = PARTS[name]
        width = _per_case(results, name)
        hatch = "////" if name == LOCKED else None
        ax.barh(
            np.arange(n_cases),
            width,
            BAR_HEIGHT,
            left=left,
            color=look["color"],
            hatch=hatch,
            edgecolor="white",
            lw=0,
            label=text,
        )
        left = left + np.nan_to_num(width)
    if REST in results:
        for row, rest in enumerate(_per_case(results, REST)):
            ends = [row - 0.5, row + 0.5]
            ax.plot([rest, rest], ends, color="0.3", ls=":", lw=1.4, label="no stimulation")
    if not np.isfinite(np.asarray(results.dataset(TOTAL))).any():
        note(ax, NOTHING_COMPUTED)
    ax.set(xlabel=label(TOTAL))
    _name_cases(ax, results)
    return ax


def case_fibers(results: Results, ax: Axes | None = None) -> Axes:
    """Draw the mean rate of the thick fibers of each case as a bar.

    Parameters
    ----------
    results : Results
        With ``followed_rate_hz``, of named cases.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the recruitment was not saved.
    """
    require(results, (FOLLOWED,), "The picture of the fibers' rates")
    ax = axes_or_new(ax)
    rates = _per_case(results, FOLLOWED)
    ax.barh(np.arange(rates.size), rates, BAR_HEIGHT, color=GREEN)
    ax.set(xlabel="Mean rate of A-beta fibers (Hz)")
    _name_cases(ax, results)
    return ax


def case_bars(results: Results) -> Figure:
    """Draw fibers and projection neuron of each case side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the rate was not saved.
    """
    require(results, (TOTAL,), "The picture of cases")
    n_cases = len(results.coordinates[CASE_DIMENSION])
    figure = new_figure(PAGE_WIDTH_INCHES, 1.2 + 0.27 * n_cases)
    if FOLLOWED in results:
        fibers, circuit = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.5))
        case_fibers(results, fibers)
    else:
        circuit = figure.add_subplot()
    case_rates(results, circuit)
    handles = {str(handle.get_label()): handle for handle in circuit.get_legend_handles_labels()[0]}
    legend_below(figure, list(handles.values()))
    head(figure, f"Fibers and projection neuron ({circuit_label(results)}, {ONE_ANATOMY})")
    return figure


def _per_case(results: Results, name: str) -> NDArray[np.float64]:
    """Give one value per case, also of what no case changes."""
    n_cases = len(results.coordinates[CASE_DIMENSION])
    return np.broadcast_to(np.asarray(results.dataset(name), dtype=np.float64), (n_cases,))


def _name_cases(ax: Axes, results: Results) -> None:
    names = [
        fitted(literal(str(name)), NAME_INCHES, NOTE_SIZE)
        for name in labels_along(results, CASE_DIMENSION)
    ]
    ax.set_yticks(range(len(names)), names, fontsize=NOTE_SIZE)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.grid(visible=True, axis="x", alpha=0.3)
    ax.set_axisbelow(True)
