"""Spikes of a cell after a stimulation pulse: the peristimulus time histogram.

It is counted in ``circuit/readout.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status
from scsim.plots.style import (
    BLUE,
    NOTE_SIZE,
    VERMILION,
    axes_or_new,
    legend_above,
    note,
    title_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from scsim.circuit.readout import Psth

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
        From `scsim.circuit.readout.peristimulus_histogram`.
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
