"""Spikes of fibers and cells over time, one row each, with the pulses marked.

Voltages are drawn in ``voltage.py``; rates, in ``rate_curves.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.circuit.inputs.volleys import tonic_pulses_ms
from scsim.errors import ResultsError
from scsim.plots.circuit_words import short_name
from scsim.plots.reading import config_value, in_words, pick, require
from scsim.plots.runs import PULSE_RATE, Runs, choose_runs, heading_of
from scsim.plots.style import (
    BLACK,
    LINE_COLORS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    head,
    new_figure,
    note,
    title_panel,
)
from scsim.units import MS_PER_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

FIBER_ROW: Final = 0.22
CELL_ROW: Final = 1.0
GROUP_GAP: Final = 0.55
"""Heights of a fiber's row, of a cell's row and of the gap between groups, in rows of a cell."""

MARK_HEIGHT: Final = 0.85
FIBER_MARK_HEIGHT: Final = 1.5
"""Of a spike of a cell and of a fiber, as a share of its row; marks of neighboring fibers may touch."""

PULSE_COLOR: Final = "0.5"
PULSE_LINE_COLOR: Final = "0.86"
PULSE_ROW: Final = 0.7
MAX_PULSE_LINES: Final = 60
"""Above this many pulses in view lines through all rows would hide the spikes: marks at the top are left."""


TIMES: Final = "spikes/spike_time_ms"
FIRST: Final = "spikes/first_spike"
COUNTS: Final = "spikes/n_spikes"

SHOWN_MS: Final = 500.0
"""What the standard picture shows of a run, ms, up to its end: single spikes can still be told apart."""

MAX_COLUMNS: Final = 2


def raster(
    spikes: Mapping[str, NDArray[np.float64]],
    ax: Axes | None = None,
    *,
    fibers: Mapping[str, Sequence[NDArray[np.float64]]] | None = None,
    pulses_ms: Sequence[float] | NDArray[np.float64] = (),
    from_ms: float = 0.0,
    to_ms: float | None = None,
    title: str = "",
) -> Axes:
    """Draw spikes of cells, below those of the fibers that drive them.

    Every fiber and every cell has a row; groups are told apart by place and color. Pulses are marked at the top
    and, up to sixty of them, by lines through all rows.

    Parameters
    ----------
    spikes : mapping of str to ndarray of float64, shape (n_spikes,)
        Spike times of each cell, ms, drawn from top to bottom. Parts of one cell's spikes, such as those that are
        locked to pulses, may stand as entries of their own; names with capitals or spaces are written as given.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    fibers : mapping of str to sequence of ndarray, optional
        Spike times of each fiber of each class, ms, as in `scsim.circuit.inputs.trains.FiberTrains`.
    pulses_ms : sequence of float
        Times of the stimulation pulses, ms.
    from_ms, to_ms : float
        What is shown, ms. Default: from 0 to the last spike or pulse.
    title : str
        Says what it is: circuit, state, stimulus.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If there is no row to draw, or the window is empty.
    """
    classes = dict(fibers or {})
    pulses = np.asarray(pulses_ms, dtype=np.float64)
    everything = [
        *spikes.values(),
        pulses,
        *(train for group in classes.values() for train in group),
    ]
    if to_ms is None:
        to_ms = max(
            (float(np.max(times)) for times in everything if np.size(times)), default=from_ms
        )
    if not (spikes or classes) or not from_ms < to_ms:
        message = (
            f"a raster of {len(spikes)} cells and {len(classes)} fiber classes from {from_ms:g} ms to {to_ms:g} ms "
            "is empty. Give spikes of at least one cell, and from_ms < to_ms."
        )
        raise ResultsError(message)
    ax = axes_or_new(ax, height_inches=1.6 + 0.22 * len(spikes) + 0.5 * len(classes))
    rows, heights, colors, ticks = _rows(spikes, classes)
    shown = [times[(times >= from_ms) & (times <= to_ms)] for times in rows]
    middles = [middle for middle, _ in heights]
    ax.eventplot(
        shown,
        lineoffsets=middles,
        linelengths=[
            height * (MARK_HEIGHT if height == CELL_ROW else FIBER_MARK_HEIGHT)
            for _, height in heights
        ],
        colors=colors,
        linewidths=1.0,
    )
    low = middles[-1] - heights[-1][1] / 2 - GROUP_GAP / 2
    _mark_pulses(ax, pulses[(pulses >= from_ms) & (pulses <= to_ms)], low)
    ax.set_yticks([middle for _, middle in ticks], [name for name, _ in ticks], fontsize=NOTE_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(from_ms, to_ms), ylim=(low, PULSE_ROW if pulses.size else 0.2), xlabel="Time (ms)")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    if not any(times.size for times in shown):
        note(
            ax,
            NOTHING_COMPUTED
            if not any(times.size for times in rows)
            else "no spike in this window",
        )
    if title:
        title_panel(ax, title)
    return ax


def rasters(results: Results) -> Figure:
    """Draw the spikes of every cell at the end of some runs: a row of panels per state, two pulse rates in each.

    Parameters
    ----------
    results : Results
        With the group ``spikes``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the spikes were not saved.
    """
    require(results, (TIMES, FIRST, COUNTS), "The raster")
    runs = choose_runs(results, COUNTS, most=MAX_COLUMNS)
    n_cells = len(results.coordinates["cell"])
    figure = new_figure(PAGE_WIDTH_INCHES, 1.0 + (0.75 + 0.24 * n_cells) * len(runs.panels))
    panels = figure.subplots(len(runs.panels), len(runs.along), squeeze=False, sharex=True)
    to_ms = MS_PER_S * float(config_value(results, "circuit.duration_s") or _last_s(results))
    for row, panel in zip(panels, runs.panels, strict=True):
        for ax, place in zip(row, runs.of_panel(panel), strict=True):
            raster(
                spikes_of(results, place),
                ax,
                pulses_ms=_pulses_of(results, runs, place, to_ms),
                from_ms=max(to_ms - SHOWN_MS, 0.0),
                to_ms=to_ms,
                title=in_words(results, place),
            )
            ax.label_outer(remove_inner_ticks=False)
    head(figure, heading_of(results, runs, "Spikes at the end of the run"))
    return figure


def spikes_of(results: Results, at: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """Take the spikes of each cell in one run from results.

    Parameters
    ----------
    results : Results
        With the group ``spikes``.
    at : mapping of str to int
        Index along each swept dimension.

    Returns
    -------
    dict of str to ndarray of float64
        Times by cell, ms.
    """
    times = np.asarray(results.dataset(TIMES), dtype=np.float64)
    first, count = (pick(results, name, at).astype(np.int64) for name in (FIRST, COUNTS))
    return {
        str(cell): times[begin : begin + n]
        for cell, begin, n in zip(results.coordinates["cell"], first, count, strict=True)
    }


def _last_s(results: Results) -> float:
    """Give the last spike of all runs, s, where runs differ in length."""
    return float(np.max(results.dataset(TIMES), initial=SHOWN_MS)) / MS_PER_S


def _pulses_of(
    results: Results, runs: Runs, place: Mapping[str, int], to_ms: float
) -> NDArray[np.float64]:
    """Give the pulses of a tonic stimulus, which runs from 0 ms on; none where the pattern is another."""
    if config_value(results, "stimulus.pattern", "tonic") != "tonic":
        return np.zeros(0)
    is_swept = runs.varied is not None and runs.varied == results.swept.get(PULSE_RATE)
    rate_hz = (
        float(results.coordinates[runs.varied][place[runs.varied]])
        if is_swept and runs.varied is not None
        else config_value(results, PULSE_RATE, 0.0)
    )
    return tonic_pulses_ms(rate_hz, from_ms=0.0, to_ms=to_ms) if rate_hz else np.zeros(0)


def _rows(
    spikes: Mapping[str, NDArray[np.float64]],
    classes: Mapping[str, Sequence[NDArray[np.float64]]],
) -> tuple[
    list[NDArray[np.float64]], list[tuple[float, float]], list[str], list[tuple[str, float]]
]:
    """Give times, middle and height, color of every row from the top down, and name and place of every group."""
    rows: list[NDArray[np.float64]] = []
    places: list[tuple[float, float]] = []
    colors: list[str] = []
    ticks: list[tuple[str, float]] = []
    y = 0.0
    for number, (name, trains) in enumerate(classes.items()):
        color = LINE_COLORS[number % len(LINE_COLORS)]
        top = y
        for train in trains:
            rows.append(np.asarray(train, dtype=np.float64))
            places.append((y - FIBER_ROW / 2, FIBER_ROW))
            colors.append(color)
            y -= FIBER_ROW
        ticks.append((f"{short_name(name)} ({len(trains)})", (top + y) / 2))
        y -= GROUP_GAP
    for name, times in spikes.items():
        rows.append(np.asarray(times, dtype=np.float64))
        places.append((y - CELL_ROW / 2, CELL_ROW))
        colors.append(BLACK)
        ticks.append((short_name(name), y - CELL_ROW / 2))
        y -= CELL_ROW
    return rows, places, colors, ticks


def _mark_pulses(ax: Axes, pulses: NDArray[np.float64], low: float) -> None:
    """Mark pulses at the top, and through all rows where that leaves the spikes readable."""
    if not pulses.size:
        return
    if pulses.size <= MAX_PULSE_LINES:
        ax.vlines(pulses, low, PULSE_ROW, color=PULSE_LINE_COLOR, lw=0.7, zorder=0)
    marks = np.full(pulses.size, 0.75 * PULSE_ROW)
    ax.plot(
        pulses,
        marks,
        "v",
        color=PULSE_COLOR,
        markersize=3.5,
        label="stimulation pulse",
        clip_on=False,
    )
    ax.annotate(
        "pulses",
        (0, 0.75 * PULSE_ROW),
        (-4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=NOTE_SIZE,
        color="0.35",
    )
