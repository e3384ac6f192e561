"""Projection rate over time, without and with stimulation, in each pain state.

Means over the end of the run are drawn in ``pain_map.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.reading import (
    CASE_DIMENSION,
    circuit_label,
    config_value,
    has_values,
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
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    fit_shared_height,
    head,
    label_rim,
    legend_below,
    line_look,
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

COURSE: Final = "projection_time_course_hz"
REST: Final = "rest_time_course_hz"
PULSE_RATE: Final = "stimulus.frequency_hz"

BELOW_ZERO_HZ: Final = 1.5
"""Room below zero, so that a silent line does not hide in the frame."""

MAX_LINES: Final = 6
MAX_SPIKING_LINES: Final = 3
"""Of circuits that spike: the rate of one cell in short bins is too ragged for more lines to be told apart."""

SPIKING: Final = "c_driven_rate_hz"
"""Dataset that only circuits that spike have."""

SPIKING_BIN_S: Final = 0.25
"""Of circuits that spike, rates are drawn as means over such times, s: one spike in a shorter bin is a large jump."""

LEAST_MEANS: Final = 8
"""Points that a line keeps at least; short runs have shorter means."""

MAX_PANELS: Final = 6
MARKS_PER_LINE: Final = 4
"""Each line's marks lie at times of their own, so that lines upon each other can be told apart."""


def line_dim(results: Results) -> str | None:
    """Choose the swept dimension that the lines of one panel differ by.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str or None
        The pulse rate if it is swept, else the last dimension with numbers, else the cases; None
        where one line is all there is.
    """
    dims = swept_dims(results, COURSE)
    numeric = [dim for dim in dims if is_numeric(results, dim)]
    pulse_rate = results.swept.get(PULSE_RATE)
    if pulse_rate in numeric:
        return pulse_rate
    if numeric:
        return numeric[-1]
    return CASE_DIMENSION if CASE_DIMENSION in dims else None


def time_course(
    results: Results, ax: Axes | None = None, *, at: Mapping[str, int] | None = None
) -> Axes:
    """Draw the projection rate over time, one line per pulse rate.

    Each line has marks at times of its own, by which lines that lie on each other can be told apart.
    The noxious input is shaded; the dotted line is the same circuit without stimulation. Of more
    than six pulse rates (three, of a circuit that spikes), so many spread evenly over the sweep are drawn; of several
    realizations, the mean. Rates of a circuit that spikes are drawn as means over 0.25 s.

    Parameters
    ----------
    results : Results
        With ``projection_time_course_hz``; ``rest_time_course_hz`` adds the dotted line.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    at : mapping of str to int, optional
        Index along each other swept dimension. Default: the last value of dimensions with numbers,
        such as the largest amplitude; the first of labels.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the time courses were not saved.
    """
    require(results, (COURSE,), "The picture of time courses")
    is_own = ax is None
    ax = axes_or_new(ax)
    results, _ = mean_over_realizations(results, (COURSE, REST), at)
    varied = line_dim(results)
    at = _complete(results, at)
    time_s, ends_s, n_bins = _times(results)
    onset_s = config_value(results, "afferents.noxious_onset_s")
    if onset_s is not None:
        ax.axvspan(onset_s, ends_s[1], color="0.9", lw=0, label="noxious C-fiber input")
    if REST in results:
        rest = np.asarray(pick(results, REST, at))
        if rest.ndim == 1:
            ax.plot(
                time_s,
                binned(rest, n_bins),
                color="0.35",
                ls=":",
                lw=3.5,
                label="no stimulation",
            )
    shown = _spread(len(results.coordinates[varied]), most_lines(results)) if varied else [0]
    for number, index in enumerate(shown):
        place = at | ({varied: index} if varied else {})
        look = line_look(number) | {"lw": 1.8} | _marks(number, len(shown), time_s.size)
        rate = binned(pick(results, COURSE, place), n_bins)
        ax.plot(time_s, rate, label=_name(results, varied, place), **look)
    ax.set(
        xlabel=label("time_s"),
        ylabel=label(COURSE),
        xlim=ends_s,
    )
    title_panel(ax, in_words(results, at))
    if is_own:
        ax.set_ylim(bottom=-BELOW_ZERO_HZ)
    if not has_values(results, COURSE, at):
        note(ax, NOTHING_COMPUTED)
    ax.locator_params(axis="x", nbins=6)
    ax.grid(visible=True, alpha=0.3)
    if is_own:
        ax.legend(fontsize=NOTE_SIZE)
    return ax


def time_courses(results: Results) -> Figure:
    """Draw the time courses of each pain state side by side.

    Parameters
    ----------
    results : Results

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the time courses were not saved.
    """
    require(results, (COURSE,), "The picture of time courses")
    results, about = mean_over_realizations(results, (COURSE, REST))
    dims = swept_dims(results, COURSE)
    beside = [dim for dim in dims if not is_numeric(results, dim) and dim != CASE_DIMENSION]
    conditions = list(indices(results, beside))
    shown = conditions[:MAX_PANELS]
    heading = f"Projection neurons over time ({circuit_label(results)}, {ONE_ANATOMY})"
    if len(shown) < len(conditions):
        heading += f": first {len(shown)} of {len(conditions)} conditions"
    varied = line_dim(results)
    n_lines = len(results.coordinates[varied]) if varied else 1
    most = most_lines(results)
    parts = [about]
    if varied and n_lines > most:
        what = "cases" if varied == CASE_DIMENSION else f"values: {label(varied)}"
        parts.insert(0, f"{most} of {n_lines} {what}")
    n_bins = _times(results)[2]
    if n_bins > 1:
        parts.append(f"means over {n_bins * _step_s(results):.3g} s")
    if any(parts):
        heading += f"\n{'; '.join(filter(None, parts))}"
    n_columns = min(len(shown), 2)
    n_rows = -(-len(shown) // n_columns)
    figure = new_figure(PAGE_WIDTH_INCHES, 1.2 + 2.4 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for ax, at in zip(panels.flat, shown, strict=False):
        time_course(results, ax, at=at)
    label_rim(panels, len(shown))
    fit_shared_height(panels.flat[0], -BELOW_ZERO_HZ)
    legend_below(figure, panels.flat[0].get_legend_handles_labels()[0])
    head(figure, heading)
    return figure


def binned(rate: NDArray[np.float64], n_bins: int) -> NDArray[np.float64]:
    """Take means of neighboring values of a row; what is left at the end is dropped.

    Parameters
    ----------
    rate : ndarray of float64, shape (n_times,)
    n_bins : int
        Values in a mean, from 1.

    Returns
    -------
    ndarray of float64, shape (n_times // n_bins,)
    """
    n_means = rate.size // n_bins
    return np.asarray(rate[: n_means * n_bins].reshape(n_means, n_bins).mean(axis=1))


def _step_s(results: Results) -> float:
    """Give the distance of the times of the courses, s."""
    time_s = np.asarray(results.coordinates["time_s"], dtype=np.float64)
    return float(time_s[1] - time_s[0]) if time_s.size > 1 else 0.0


def _times(results: Results) -> tuple[NDArray[np.float64], tuple[float, float], int]:
    """Give the times of the drawn means, the ends of the axis, s, and how many values each mean is of."""
    time_s = np.asarray(results.coordinates["time_s"], dtype=np.float64)
    ends_s = (float(time_s[0]), float(time_s[-1]))
    step_s = _step_s(results)
    if SPIKING not in results or step_s == 0.0:
        return time_s, ends_s, 1
    most = max(time_s.size // LEAST_MEANS, 1)
    n_bins = min(max(round(SPIKING_BIN_S / step_s), 1), most)
    return binned(time_s, n_bins), (ends_s[0] - step_s / 2, ends_s[1] + step_s / 2), n_bins


def _complete(results: Results, at: Mapping[str, int] | None) -> dict[str, int]:
    """Fill in the indices that the caller left open."""
    filled = {}
    for dim in swept_dims(results, COURSE):
        if dim != line_dim(results):
            filled[dim] = (at or {}).get(dim, -1 if is_numeric(results, dim) else 0)
    return filled


def most_lines(results: Results) -> int:
    """Give the number of lines that a panel holds.

    Parameters
    ----------
    results : Results

    Returns
    -------
    int
        Six, or three of a circuit that spikes.
    """
    return MAX_SPIKING_LINES if SPIKING in results else MAX_LINES


def _spread(n_values: int, most: int) -> list[int]:
    """Choose the indices of the lines: all, or as many as fit from the first to the last."""
    chosen = np.unique(np.linspace(0, n_values - 1, min(n_values, most)).round().astype(int))
    return [int(index) for index in chosen]


def _marks(number: int, n_lines: int, n_times: int) -> dict[str, Any]:
    """Give the marks of a line: their shape, and times between those of the other lines."""
    if n_lines == 1:
        return {}
    stride = max(n_times / MARKS_PER_LINE, 1)
    first = int(stride * (number + 0.5) / n_lines)
    return {
        "marker": LINE_MARKS[number % len(LINE_MARKS)],
        "markersize": 5,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        "markevery": (first, max(int(stride), 1)),
    }


def _name(results: Results, varied: str | None, place: Mapping[str, int]) -> str:
    """Name a line by its value, with the A-beta rate that the circuit gets, if it was saved."""
    words = "with stimulation" if varied is None else in_words(results, {varied: place[varied]})
    if "a_beta_rate_hz" not in results:
        return words
    rate: Any = pick(results, "a_beta_rate_hz", place)
    return words if rate.ndim else f"{words}, A-beta {float(rate):.3g} Hz"
