"""Spikes of a cell after a stimulation pulse: the peristimulus time histogram.

It is counted in ``circuit/readout.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status
from scsim.plots.reading import has_values, in_words, label, pick, require
from scsim.plots.realizations import mean_over_realizations
from scsim.plots.runs import choose_runs, panels_for, run_name
from scsim.plots.style import (
    BLUE,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    VERMILION,
    axes_or_new,
    fit_shared_height,
    label_rim,
    legend_above,
    legend_below,
    line_look,
    note,
    title_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.circuit.readouts.readout import Psth
    from scsim.results.store import Results

RATE: Final = "psth_hz"
AFTER: Final = "after_pulse_ms"
MAX_LINES: Final = 2

BEFORE_COLOR: Final = "0.75"
"""Bins before the pulse: the control."""


def psth(
    histogram: Psth,
    ax: Axes | None = None,
    *,
    recorded: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    recorded_name: str = "recorded",
    title: str = "",
) -> Axes:
    """Draw a histogram of spikes around a pulse, in percent of the rate before it where that is known.

    Parameters
    ----------
    histogram : Psth
        From `scsim.circuit.readouts.readout.peristimulus_histogram`.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    recorded : tuple of two ndarray of float64, optional
        Times after the pulse, ms, and activity in percent of control of a recording, drawn as marks; only where the
        histogram is in percent.
    recorded_name : str
        What the recording is called.
    title : str
        Says what it is: circuit, cell, stimulus.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    is_relative = histogram.status == Status.OK
    heights = histogram.percent_of_control if is_relative else histogram.rate_hz
    is_before = histogram.edges_ms[:-1] < 0
    unit = "1 pulse" if histogram.n_pulses == 1 else f"{histogram.n_pulses} pulses"
    for mask, color in ((is_before, BEFORE_COLOR), (~is_before, BLUE)):
        if mask.any():
            edges = histogram.edges_ms[np.r_[np.flatnonzero(mask), np.flatnonzero(mask)[-1] + 1]]
            values = np.nan_to_num(heights[mask])
            ax.stairs(values, edges, fill=True, color=color, alpha=0.85)
    ax.axvline(0, color="0.3", lw=1)
    if is_relative:
        ax.axhline(
            100, color="0.35", lw=1, ls=":", label=f"control, {histogram.control_rate_hz:.3g} Hz"
        )
        if recorded is not None:
            ax.plot(
                *recorded, "D", color=VERMILION, mec="white", mew=0.5, ms=5, label=recorded_name
            )
    ax.set(
        xlabel="Time after the pulse (ms)",
        ylabel="Rate (% of control)" if is_relative else "Rate (Hz)",
        xlim=(histogram.edges_ms[0], histogram.edges_ms[-1]),
    )
    ax.set_ylim(bottom=0)
    ax.text(
        0.99,
        0.97,
        f"{unit}, bins of {np.diff(histogram.edges_ms)[0]:g} ms",
        transform=ax.transAxes,
        ha="right",
        va="top",
        fontsize=NOTE_SIZE,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
    )
    if not histogram.counts.any():
        note(ax, "no spike")
    if is_relative:
        legend_above(ax, title)
    elif title:
        title_panel(ax, title)
    return ax


def psths(results: Results) -> Figure:
    """Draw the rate around a pulse, a panel per state and a line for each of the two lowest pulse rates.

    Of several realizations, the mean is drawn. The next pulse falls into the window of a pulse the sooner the higher the rate, so that fast pulses show little.

    Parameters
    ----------
    results : Results
        With ``psth_hz``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the histograms were not saved.
    """
    require(results, (RATE,), "The picture of spikes after a pulse")
    results, about = mean_over_realizations(results, (RATE,))
    runs = choose_runs(results, RATE, most=MAX_LINES, is_spread=False)
    subject = "Projection neuron around a pulse"
    figure, panels = panels_for(
        results, runs, subject, panel_inches=2.5, about=about, sharex=True, sharey=True
    )
    middle_ms = np.asarray(results.coordinates[AFTER], dtype=np.float64)
    for ax, panel in zip(panels.flat, runs.panels, strict=False):
        for number, place in enumerate(runs.of_panel(panel)):
            name = run_name(results, runs, place) or "rate"
            rate_hz = pick(results, RATE, place)
            ax.plot(middle_ms, rate_hz, drawstyle="steps-mid", label=name, **line_look(number))
        ax.axvline(0, color="0.3", lw=1)
        ax.set(xlabel=label(AFTER), ylabel="Rate (Hz)", xlim=(middle_ms[0], middle_ms[-1]))
        ax.grid(visible=True, alpha=0.3)
        title_panel(ax, in_words(results, panel))
        if not has_values(results, RATE, panel):
            note(ax, NOTHING_COMPUTED)
    label_rim(panels, len(runs.panels))
    fit_shared_height(panels.flat[0], 0.0)
    legend_below(figure, panels.flat[0].get_legend_handles_labels()[0])
    return figure
