"""Membrane voltages of cells over time, one below the other.

Spike times alone are drawn in ``raster.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.plots.circuit_words import short_name
from scsim.plots.style import BLACK, NOTE_SIZE, axes_or_new, title_panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

BAR_MV: Final = 50.0
"""Length of the scale bar, mV: half a spike."""

LEAST_MV: Final = 40.0
"""Height that a trace takes at least, mV, so that the names of quiet cells do not meet."""

GAP_MV: Final = 15.0
"""Between the highest point of a trace and the lowest of the one above."""

LEVEL_MV: Final = -60.0
"""Voltage of the dotted line through every trace, mV: between rest and threshold of the cells."""

PULSE_COLOR: Final = "0.86"


def voltage_traces(
    time_ms: NDArray[np.float64],
    voltage_mv: Mapping[str, NDArray[np.float64]],
    ax: Axes | None = None,
    *,
    pulses_ms: Sequence[float] | NDArray[np.float64] = (),
    title: str = "",
) -> Axes:
    """Draw the voltage of each cell, one below the other at one scale.

    The dotted line through each trace is −60 mV.

    Parameters
    ----------
    time_ms : ndarray of float64, shape (n_samples,)
        Times, ms.
    voltage_mv : mapping of str to ndarray of float64, shape (n_samples,)
        Voltage of each cell in one condition, mV, from top to bottom.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    pulses_ms : sequence of float
        Times of the stimulation pulses, ms.
    title : str
        Says what it is: circuit, state, stimulus.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If there is no trace, or one has another number of samples than the time.
    """
    time = np.asarray(time_ms, dtype=np.float64)
    traces = {name: np.asarray(values, dtype=np.float64) for name, values in voltage_mv.items()}
    wrong = [
        f"{name}: {values.shape}" for name, values in traces.items() if values.shape != time.shape
    ]
    if not traces or wrong or time.size < 2:
        message = (
            f"voltages of {len(traces)} cells over {time.shape} samples of time do not fit ({', '.join(wrong)}). "
            "Give one condition, each cell with one sample per time."
        )
        raise ResultsError(message)
    ax = axes_or_new(ax, height_inches=1.2 + 0.75 * len(traces))
    pulses = np.asarray(pulses_ms, dtype=np.float64)
    top = 0.0
    ticks = []
    for name, values in traces.items():
        offset = top - float(np.nanmax(values, initial=LEVEL_MV))
        ax.axhline(LEVEL_MV + offset, color="0.6", lw=0.8, ls=":", zorder=1)
        ax.plot(time, values + offset, color=BLACK, lw=0.9, zorder=3)
        ticks.append((LEVEL_MV + offset, f"{short_name(name)}\n−60 mV"))
        lowest = min(float(np.nanmin(values, initial=LEVEL_MV)) + offset, top - LEAST_MV)
        top = lowest - GAP_MV
    low = top
    for pulse in pulses[(pulses >= time[0]) & (pulses <= time[-1])]:
        ax.axvline(pulse, color=PULSE_COLOR, lw=0.6, zorder=0)
    right = time[-1] + 0.015 * (time[-1] - time[0])
    ax.plot([right, right], [-BAR_MV, 0.0], color=BLACK, lw=2, solid_capstyle="butt", clip_on=False)
    ax.annotate(
        f"{BAR_MV:g} mV",
        (right, -BAR_MV / 2),
        (4, 0),
        textcoords="offset points",
        va="center",
        fontsize=NOTE_SIZE,
        annotation_clip=False,
    )
    ax.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=NOTE_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(time[0], time[-1]), ylim=(low, GAP_MV / 2), xlabel="Time (ms)")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    if title:
        title_panel(ax, title)
    return ax
