"""Wind-up: how many spikes each of a row of equal volleys evokes.

They are counted in ``circuit/readout.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status
from scsim.plots.circuit_words import short_name
from scsim.plots.reading import has_values, in_words, label, pick, require
from scsim.plots.realizations import mean_over_realizations
from scsim.plots.runs import choose_runs, panels_for, run_name
from scsim.plots.style import (
    LINE_MARKS,
    NOTHING_COMPUTED,
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
    from collections.abc import Mapping
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.circuit.readouts.readout import WindUp
    from scsim.results.store import Results

LATE: Final = "late_spikes"
VOLLEY: Final = "volley"
MAX_LINES: Final = 5


def wind_up(
    curves: Mapping[str, WindUp], ax: Axes | None = None, *, late_ms: float = 100.0, title: str = ""
) -> Axes:
    """Draw the late spikes after each volley, a line per cell or condition.

    Parameters
    ----------
    curves : mapping of str to WindUp
        From `scsim.circuit.readouts.readout.wind_up_curve`, by name of the cell or condition.
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
    ax = axes_or_new(ax)
    for number, (name, curve) in enumerate(curves.items()):
        ratio = f", last / first {curve.ratio:.2f}" if curve.status == Status.OK else ""
        volleys = np.arange(1, curve.late_counts.size + 1)
        ax.plot(volleys, curve.late_counts, label=f"{short_name(name)}{ratio}", **_look(number))
    _finish(ax)
    ax.set_ylim(bottom=-0.5)
    ax.set_ylabel(f"Spikes later than {late_ms:g} ms")
    legend_above(ax, title)
    return ax


def wind_ups(results: Results) -> Figure:
    """Draw the late spikes after each volley, a panel per state and a line per pulse rate.

    Of several realizations, the mean is drawn.

    Parameters
    ----------
    results : Results
        With ``late_spikes``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the wind-up was not saved.
    """
    require(results, (LATE,), "The picture of wind-up")
    results, about = mean_over_realizations(results, (LATE,))
    runs = choose_runs(results, LATE, most=MAX_LINES)
    subject = "Wind-up of the projection neuron"
    figure, panels = panels_for(
        results, runs, subject, panel_inches=2.5, about=about, sharex=True, sharey=True
    )
    for ax, panel in zip(panels.flat, runs.panels, strict=False):
        for number, place in enumerate(runs.of_panel(panel)):
            counts = pick(results, LATE, place)
            name = run_name(results, runs, place) or "late spikes"
            ax.plot(np.arange(1, counts.size + 1), counts, label=name, **_look(number))
        _finish(ax)
        ax.set_ylabel(label(LATE))
        title_panel(ax, in_words(results, panel))
        if not has_values(results, LATE, panel):
            note(ax, NOTHING_COMPUTED)
    label_rim(panels, len(runs.panels))
    fit_shared_height(panels.flat[0], -0.5)
    legend_below(figure, panels.flat[0].get_legend_handles_labels()[0])
    return figure


def _look(number: int) -> dict[str, Any]:
    marker = LINE_MARKS[number % len(LINE_MARKS)]
    return line_look(number) | {"marker": marker, "markersize": 4.5}


def _finish(ax: Axes) -> None:
    """Give axes of volleys whole numbers and a grid."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (importing scsim must not import matplotlib)

    ax.set_xlabel("Volley")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.grid(visible=True, alpha=0.3)
