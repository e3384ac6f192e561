"""Fibers that do not simply follow the pulses: their rate, and that of the projection neuron, over amplitude.

Bursts and kilohertz currents drive fibers that are simulated pulse by pulse. Named cases are drawn in
``case_bars.py``; tonic pulses in ``recruitment.py`` and ``rate_curves.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.rate_curves import C_DRIVEN, REST, TOTAL
from scsim.plots.reading import (
    circuit_label,
    config_value,
    in_words,
    indices,
    is_numeric,
    label,
    pick,
    require,
    swept_dims,
)
from scsim.plots.realizations import mean_over_realizations
from scsim.plots.style import (
    LINE_MARKS,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    is_better_in_log,
    legend_below,
    line_look,
    new_figure,
    note,
    plain_log_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.store import Results

FOLLOWED: Final = "followed_rate_hz"
AMPLITUDE: Final = "stimulus.amplitude_ma"
SIMULATED: Final = ("burst", "kilohertz")
"""Patterns whose fibers are simulated pulse by pulse."""

WORDS: Final = {
    FOLLOWED: "A-beta fibers, mean rate (Hz)",
    TOTAL: "Projection neuron,\nall spikes (Hz)",
    C_DRIVEN: "Projection neuron,\nC-driven (Hz)",
}
MAX_LINES: Final = 7


def has_fiber_rates(results: Results) -> bool:
    """Tell whether results hold rates of simulated fibers over more than one amplitude.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    amplitude = results.swept.get(AMPLITUDE)
    return (
        config_value(results, "stimulus.pattern") in SIMULATED
        and amplitude is not None
        and FOLLOWED in results
        and amplitude in results.dims(FOLLOWED)
        and is_numeric(results, amplitude)
    )


def fiber_rates(results: Results, ax: Axes | None = None, *, name: str = FOLLOWED) -> Axes:
    """Draw a rate over the amplitude, with a line per other condition.

    Parameters
    ----------
    results : Results
        With rates over swept amplitudes (`has_fiber_rates`). Means over realizations are drawn.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    name : str
        ``followed_rate_hz``, ``projection_rate_hz`` or ``c_driven_rate_hz``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the rate was not saved.
    """
    require(results, (name,), "The picture of the fibers' rates")
    ax = axes_or_new(ax)
    results, _ = mean_over_realizations(results, (name, REST))
    amplitude = results.swept[AMPLITUDE]
    x = np.asarray(results.coordinates[amplitude], dtype=np.float64)
    order = np.argsort(x)
    others = [dim for dim in swept_dims(results, name) if dim != amplitude]
    for number, at in enumerate(list(indices(results, others))[:MAX_LINES]):
        rates = np.broadcast_to(pick(results, name, at), x.shape)
        ax.plot(
            x[order],
            rates[order],
            marker=LINE_MARKS[number],
            markersize=4.5,
            label=in_words(results, at),
            **line_look(number),
        )
    if name != FOLLOWED and REST in results:
        for rest in np.unique(np.asarray(results.dataset(REST))):
            ax.axhline(rest, color="0.5", lw=1.2, ls=":", zorder=1)
    if is_better_in_log(x[order]):
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis)
    ax.set(xlabel=label(amplitude), ylabel=WORDS.get(name, label(name)))
    ax.set_ylim(bottom=-0.02 * max(1.0, ax.get_ylim()[1]))
    ax.grid(visible=True, which="both", alpha=0.3)
    if not np.isfinite(np.asarray(results.dataset(name))).any():
        note(ax, NOTHING_COMPUTED)
    return ax


def fibers_and_projection(results: Results) -> Figure:
    """Draw the rate of the fibers, and where a circuit ran that of the projection neuron, side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the recruitment was not saved.
    """
    require(results, (FOLLOWED,), "The picture of the fibers' rates")
    names = [name for name in (FOLLOWED, TOTAL, C_DRIVEN) if name in results]
    if C_DRIVEN in names and config_value(results, "stimulus.pattern") == "kilohertz":
        names.remove(C_DRIVEN)  # without a phase to lock to, it is an upper bound only
    figure = new_figure(PAGE_WIDTH_INCHES, 3.2)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for ax, name in zip(panels, names, strict=True):
        fiber_rates(results, ax, name=name)
    handles = [handle for handle in panels[0].get_legend_handles_labels()[0] if handle.get_label()]
    if handles:
        about = "dotted: no stimulation" if REST in results and len(names) > 1 else ""
        legend_below(figure, handles, about)
    what = "Fibers and projection neuron" if len(names) > 1 else "Rate of the fibers"
    where = f"{circuit_label(results)}, {ONE_ANATOMY}" if len(names) > 1 else ONE_ANATOMY
    head(figure, f"{what} over amplitude ({where})")
    return figure
