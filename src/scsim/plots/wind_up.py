"""Wind-up: how many spikes each of a row of equal volleys evokes.

They are counted in ``circuit/readout.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scsim.errors import Status
from scsim.plots.circuit_words import short_name
from scsim.plots.style import LINE_MARKS, axes_or_new, legend_above, line_look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from scsim.circuit.readout import WindUp


def wind_up(
    curves: Mapping[str, WindUp], ax: Axes | None = None, *, late_ms: float = 100.0, title: str = ""
) -> Axes:
    """Draw the late spikes after each volley, a line per cell or condition.

    Parameters
    ----------
    curves : mapping of str to WindUp
        From `scsim.circuit.readout.wind_up_curve`, by name of the cell or condition.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    late_ms : float
        As the curves were counted, ms; for the label.
    title : str
        Says what it is: circuit, state, volleys.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (importing scsim must not import matplotlib)

    ax = axes_or_new(ax)
    for number, (name, curve) in enumerate(curves.items()):
        ratio = f", last / first {curve.ratio:.2f}" if curve.status == Status.OK else ""
        look = line_look(number) | {
            "marker": LINE_MARKS[number % len(LINE_MARKS)],
            "markersize": 4.5,
        }
        ax.plot(
            np.arange(1, curve.late_counts.size + 1),
            curve.late_counts,
            label=f"{short_name(name)}{ratio}",
            **look,
        )
    ax.set(xlabel="Volley", ylabel=f"Spikes later than {late_ms:g} ms")
    ax.set_ylim(bottom=-0.5)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(visible=True, alpha=0.3)
    legend_above(ax, title)
    return ax
