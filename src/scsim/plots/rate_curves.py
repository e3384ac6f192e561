"""Projection rate against the rate of the pulses: all spikes, and their C-driven and pulse-locked parts.

Maps over amplitude and rate are drawn in ``pain_map.py``; how a rate is split, in ``circuit/locking.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.readouts.readout import Interval, confidence_interval
from scsim.errors import ResultsError
from scsim.plots.reading import (
    circuit_label,
    in_words,
    indices,
    is_numeric,
    label,
    pick,
    require,
    swept_dims,
)
from scsim.plots.realizations import seed_dims
from scsim.plots.style import (
    BLACK,
    BLUE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    VERMILION,
    axes_or_new,
    fit_shared_height,
    head,
    label_rim,
    legend_above,
    legend_below,
    new_figure,
    note,
    title_panel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

TOTAL: Final = "projection_rate_hz"
C_DRIVEN: Final = "c_driven_rate_hz"
LOCKED: Final = "pulse_locked_rate_hz"
REST: Final = "rest_rate_hz"
PULSE_RATE: Final = "stimulus.frequency_hz"

PARTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    TOTAL: ("all spikes", {"color": BLACK, "ls": "-", "marker": "o"}),
    C_DRIVEN: ("C-driven", {"color": BLUE, "ls": "--", "marker": "s"}),
    LOCKED: ("locked to pulses", {"color": VERMILION, "ls": "-.", "marker": "^"}),
}
"""What each line is called and how it looks."""

BELOW_ZERO_HZ: Final = 2.0
"""Room below zero, so that a silent line does not hide in the frame."""

MAX_PANELS: Final = 6


@dataclass(frozen=True, eq=False)
class RateCurves:
    """What the lines of one panel show.

    Attributes
    ----------
    frequency_hz : ndarray of float64, shape (n_frequencies,)
        Pulse rates, Hz, ascending.
    total : Interval
        Mean of all spikes and its confidence interval over seeds, Hz, shape (n_frequencies,).
    c_driven, locked : Interval or None
        The same of the two parts; None where they are not known, as in rate models.
    rest_hz : float or None
        Rate without stimulation, Hz.
    """

    frequency_hz: NDArray[np.float64]
    total: Interval
    c_driven: Interval | None = None
    locked: Interval | None = None
    rest_hz: float | None = None


def rate_curve(curves: RateCurves, ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draw the projection rate against the pulse rate, with its parts.

    Parameters
    ----------
    curves : RateCurves
        Bands are drawn where an interval is known, that is, from two seeds on.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    title : str
        Says what it is: circuit and state.

    Returns
    -------
    matplotlib.axes.Axes
    """
    is_own = ax is None
    ax = axes_or_new(ax)
    if curves.rest_hz is not None and np.isfinite(curves.rest_hz):
        ax.axhline(curves.rest_hz, color="0.5", lw=1.2, ls=":", label="no stimulation")
    drawn = ((TOTAL, curves.total), (C_DRIVEN, curves.c_driven), (LOCKED, curves.locked))
    n_seeds = 0
    for name, interval in drawn:
        if interval is None:
            continue
        text, look = PARTS[name]
        ax.plot(curves.frequency_hz, interval.mean, label=text, markersize=4, lw=1.5, **look)
        if np.isfinite(interval.low).any():
            ax.fill_between(
                curves.frequency_hz,
                interval.low,
                interval.high,
                color=look["color"],
                alpha=0.18,
                lw=0,
            )
            n_seeds = max(n_seeds, int(np.max(interval.n)))
    ax.set(xlabel=label("frequency_hz"), ylabel=label(TOTAL))
    ax.set_ylim(bottom=-BELOW_ZERO_HZ)
    ax.set_xlim(left=0)
    ax.grid(visible=True, alpha=0.3)
    if not np.isfinite(curves.total.mean).any():
        note(ax, NOTHING_COMPUTED)
    if is_own:
        about = f"band: 95 % confidence over {n_seeds} realizations" if n_seeds else ""
        legend_above(ax, "\n".join(text for text in (title, about) if text))
    elif title:
        title_panel(ax, title)
    return ax


def has_rate_curves(results: Results) -> bool:
    """Tell whether results hold a projection rate over more than one pulse rate.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    dim = results.swept.get(PULSE_RATE)
    return (
        dim is not None
        and TOTAL in results
        and dim in results.dims(TOTAL)
        and is_numeric(results, dim)
    )


def curves_of(results: Results, at: Mapping[str, int]) -> RateCurves:
    """Take the curves of one condition from results, means over seeds.

    Parameters
    ----------
    results : Results
        With ``projection_rate_hz`` over swept pulse rates.
    at : mapping of str to int
        Index along each swept dimension other than the pulse rate and seeds; default 0.

    Returns
    -------
    RateCurves

    Raises
    ------
    ResultsError
        If the rate was not saved or the pulse rate is not swept.
    """
    _require(results)
    along = results.swept[PULSE_RATE]
    order = np.argsort(results.coordinates[along])
    repeated = {along, *seed_dims(results)}
    at = {dim: 0 for dim in swept_dims(results, TOTAL) if dim not in repeated} | dict(at)

    def interval_of(name: str) -> Interval:
        values = pick(results, name, at).astype(np.float64)
        left = [dim for dim in results.dims(name) if dim not in at]
        if along in left:
            values = np.take(np.moveaxis(values, left.index(along), -1), order, axis=-1)
        n_frequencies = order.size if along in left else 1
        return confidence_interval(values.reshape(-1, n_frequencies))

    return RateCurves(
        frequency_hz=np.asarray(results.coordinates[along], dtype=np.float64)[order],
        total=interval_of(TOTAL),
        c_driven=interval_of(C_DRIVEN) if C_DRIVEN in results else None,
        locked=interval_of(LOCKED) if LOCKED in results else None,
        rest_hz=float(np.mean(interval_of(REST).mean)) if REST in results else None,
    )


def rate_curves(results: Results) -> Figure:
    """Draw the projection rate against the pulse rate, a panel per state or other condition.

    Of other swept numbers, such as amplitudes, the last value is shown.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the rate was not saved or the pulse rate is not swept.
    """
    _require(results)
    along = results.swept[PULSE_RATE]
    others = [
        dim for dim in swept_dims(results, TOTAL) if dim != along and dim not in seed_dims(results)
    ]
    fixed = {dim: len(results.coordinates[dim]) - 1 for dim in others if is_numeric(results, dim)}
    conditions = list(indices(results, [dim for dim in others if dim not in fixed]))
    shown = conditions[:MAX_PANELS]
    heading = f"Projection neurons against pulse rate ({circuit_label(results)}, {ONE_ANATOMY})"
    if len(shown) < len(conditions):
        heading += f": first {len(shown)} of {len(conditions)} conditions"
    if fixed:
        heading += f"\n{in_words(results, fixed)}"
    n_columns = min(len(shown), 2)
    n_rows = -(-len(shown) // n_columns)
    figure = new_figure(PAGE_WIDTH_INCHES, 1.2 + 2.5 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    n_seeds = 0
    for ax, at in zip(panels.flat, shown, strict=False):
        curves = curves_of(results, fixed | at)
        n_seeds = max(n_seeds, int(np.max(curves.total.n)))
        rate_curve(curves, ax, title=in_words(results, at))
    fit_shared_height(panels.flat[0], -BELOW_ZERO_HZ)
    label_rim(panels, len(shown))
    about = f"band: 95 % confidence over {n_seeds} realizations" if n_seeds > 1 else ""
    legend_below(figure, panels.flat[0].get_legend_handles_labels()[0], about)
    head(figure, heading)
    return figure


def _require(results: Results) -> None:
    require(results, (TOTAL,), "The picture of rate curves")
    if not has_rate_curves(results):
        message = (
            "rate curves need a swept pulse rate; this study has one value of stimulus.frequency_hz. "
            "Write it as { sweep = [10, 30, 50, 100] } and run the study again."
        )
        raise ResultsError(message)
