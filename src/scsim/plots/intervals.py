"""Means over repeats with their confidence intervals: what random numbers change, and what they do not.

Statistics belong in `scsim.results.summary`; projection rates over pulse rates are drawn in ``rate_curves.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.plots.reading import label, literal
from scsim.plots.style import (
    BLUE,
    LINE_MARKS,
    NOTE_SIZE,
    NOTHING_COMPUTED,
    ONE_ANATOMY,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    fitted,
    head,
    legend_above,
    legend_below,
    line_look,
    new_figure,
    note,
)
from scsim.results.repeats import CASE, CASE_NAME, SEED_KEYS
from scsim.results.schema import INNER_DIMENSIONS, long_name_of
from scsim.results.summary import Summary, summarize
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

SUBJECTS: Final = (
    "projection_rate_hz",
    "c_driven_rate_hz",
    "pain_signal",
    "relief",
    "recruited_share",
    "followed_rate_hz",
)
"""Datasets that are drawn first, if they are there."""

MAX_PANELS: Final = 4
MAX_LINES: Final = 6
MAX_CASES: Final = 16

_CASE_NAME_INCHES: Final = 1.7


def interval_curve(
    summary: Summary, name: str, ax: Axes | None = None, *, repeats: NDArray[Any] | None = None
) -> Axes:
    """Draw a dataset's mean over repeats with its confidence interval.

    Over a swept number there are curves with bands, a curve per value of another swept key; over listed cases there
    are points with bars. Of further swept keys the last value is shown.

    Parameters
    ----------
    summary : Summary
        From `scsim.summarize`.
    name : str
        Dataset without inner dimensions.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    repeats : ndarray, optional
        The single values, drawn as dots where nothing but the repeats is swept.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If the summary has no such dataset, or it has inner dimensions.
    """
    if name not in summary.statistics:
        message = f"the summary has no {name}; it has {', '.join(summary.statistics)}. Choose one of these."
        raise ResultsError(message)
    dims = summary[name].dims
    inner = [dim for dim in dims if dim in INNER_DIMENSIONS]
    if inner:
        message = f"{name} has values along {', '.join(inner)}, which no curve can show: choose a dataset with one number per case."
        raise ResultsError(message)
    is_own = ax is None
    ax = axes_or_new(ax)
    if not dims:
        _draw_single(summary, name, ax, repeats)
    elif dims == (CASE,) and _number_along_cases(summary) is None:
        _draw_cases(summary, name, ax)
    else:
        _draw_curves(summary, name, ax)
    ax.grid(visible=True, alpha=0.3)
    if not np.isfinite(summary[name].mean).any():
        note(ax, NOTHING_COMPUTED)
    if is_own:
        legend_above(ax, about_intervals(summary))
    return ax


def about_intervals(summary: Summary) -> str:
    """Say what bands and bars are.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
        For example ``mean and 95 % confidence interval over 8 seeds``.
    """
    n = [one.n[one.n > 0] for one in summary.statistics.values()]
    counts = sorted({int(value) for one in n if one.size for value in (one.min(), one.max())})
    number = " to ".join(dict.fromkeys(str(value) for value in (counts[:1] + counts[-1:])))
    what = " and ".join(f"{one}s" for one in summary.over)
    return f"mean and {summary.confidence * 100:g} % confidence interval over {number} {what}"


def has_intervals(results: Results) -> bool:
    """Tell whether results repeat their cases and hold a number per case that depends on it.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    return bool(_subjects(results))


def intervals(results: Results) -> Figure:
    """Draw up to four datasets of a study with repeats: mean and 95 % confidence interval.

    Parameters
    ----------
    results : Results
        With a swept ``seed`` or ``afferents.realization``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If nothing is repeated, or no number per case depends on the repeats.
    """
    shown = _subjects(results)[:MAX_PANELS]
    if not shown:
        message = "the picture of intervals needs repeats and a dataset with one number per case that depends on them. Write repeats = 10 in [sweep], add projection_rate to output.save, and run the study again."
        raise ResultsError(message)
    summary = summarize(results, _repeats(results), names=shown)
    is_listed = any(
        summary[name].dims == (CASE,) and _number_along_cases(summary) is None for name in shown
    )
    n_columns = 1 if is_listed or len(shown) == 1 else 2
    n_rows = -(-len(shown) // n_columns)
    height = 2.5 if not is_listed else 0.9 + 0.24 * min(_n_cases(summary), MAX_CASES)
    figure = new_figure(PAGE_WIDTH_INCHES, 0.9 + height * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    handles: dict[str, Any] = {}
    for ax, name in zip(panels.flat, shown, strict=False):
        repeats = results.dataset(name) if not summary[name].dims else None
        interval_curve(summary, name, ax, repeats=repeats)
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(text, handle)
    for ax in panels.flat[len(shown) :]:
        ax.set_visible(False)
    about = about_intervals(summary)
    fixed = _fixed_in_words(summary, shown)
    if len(handles) > 1:
        legend_below(figure, list(handles.values()))
    head(figure, f"{about[:1].upper()}{about[1:]} ({ONE_ANATOMY}){fixed}")
    return figure


def _repeats(results: Results) -> tuple[str, ...]:
    """Name the coordinates that repeat cases, and have more than one value."""
    found = (results.swept[key] for key in SEED_KEYS if key in results.swept)
    return tuple(name for name in found if np.unique(results.coordinates[name]).size > 1)


def _subjects(results: Results) -> list[str]:
    """Name the datasets to draw, those of most interest first."""
    over = _repeats(results)
    along = over if all(results.dims(name) == (name,) for name in over) else (CASE,)
    if not over:
        return []
    found = [
        name
        for name in results.names
        if "/" not in name
        and results.variable(name).dtype.startswith("f")
        and any(dim in along for dim in results.dims(name))
        and not any(dim in INNER_DIMENSIONS for dim in results.dims(name))
    ]
    first: list[str] = [name for name in SUBJECTS if name in found]
    return first or found


def _n_cases(summary: Summary) -> int:
    return summary.coordinates[CASE].values.size if CASE in summary.coordinates else 1


def _number_along_cases(summary: Summary) -> str | None:
    """Name the one swept number by which listed cases differ, if there is one."""
    varied = [
        name
        for name, one in summary.coordinates.items()
        if one.dims == (CASE,)
        and name not in (CASE, CASE_NAME)
        and len(set(map(str, one.values.tolist()))) > 1
    ]
    if len(varied) != 1:
        return None
    values = summary.coordinates[varied[0]].values
    is_number = values.dtype.kind in "iuf" and bool(np.isfinite(values).all())
    return varied[0] if is_number and np.unique(values).size == values.size else None


def _layout(summary: Summary, name: str) -> tuple[str, str | None, dict[str, int]]:
    """Choose the dimension along the axis, that of the curves, and an index along all others."""
    dims = summary[name].dims
    values = {dim: summary.coordinates[dim].values for dim in dims}
    if dims == (CASE,):
        return CASE, None, {}
    numbers = [
        dim
        for dim in dims
        if values[dim].dtype.kind in "iuf" and bool(np.isfinite(values[dim]).all())
    ]
    along = max(numbers or dims, key=lambda dim: values[dim].size)
    left = [dim for dim in dims if dim != along and values[dim].size > 1]
    texts = [dim for dim in left if dim not in numbers]
    lines = next(iter(texts or left), None)
    fixed = {dim: values[dim].size - 1 for dim in dims if dim not in (along, lines)}
    return along, lines, fixed


def _fixed_in_words(summary: Summary, names: list[str]) -> str:
    """Say at which value of a swept key that is no axis the curves are."""
    words: dict[str, str] = {}
    for name in names:
        if summary[name].dims in ((), (CASE,)):
            continue
        for dim, place in _layout(summary, name)[2].items():
            if summary.coordinates[dim].values.size > 1:
                words[dim] = _in_words(summary, dim, place)
    return f"\n{', '.join(words.values())}" if words else ""


def _in_words(summary: Summary, dim: str, place: int) -> str:
    value = summary.coordinates[dim].values[place].item()
    if isinstance(value, str):
        return literal(value)
    unit = unit_of(dim)
    return f"{long_name_of(dim)} {value:g}{'' if unit == '1' else f' {unit}'}"


def _draw_single(summary: Summary, name: str, ax: Axes, repeats: NDArray[Any] | None) -> None:
    one = summary[name]
    n_values = 1 if repeats is None else int(np.size(repeats))
    edges = (0.5, n_values + 0.5)
    low, high = np.repeat(one.low, 2), np.repeat(one.high, 2)
    ax.fill_between(edges, low, high, color=BLUE, alpha=0.2, lw=0)
    ax.plot(edges, np.repeat(one.mean, 2), color=BLUE, lw=1.5)
    if repeats is not None:
        ax.plot(np.arange(1, n_values + 1), np.ravel(repeats), "o", color="0.3", ms=3.5)
    ax.set(xlabel=f"Repeat ({' x '.join(summary.over)})", ylabel=label(name), xlim=edges)
    ax.locator_params(axis="x", integer=True)


def _draw_curves(summary: Summary, name: str, ax: Axes) -> None:
    one = summary[name]
    along, lines, fixed = _layout(summary, name)
    coordinate = _number_along_cases(summary) if along == CASE else along
    x = summary.coordinates[coordinate or along].values
    is_text = x.dtype.kind not in "iuf"
    order = np.arange(x.size) if is_text else np.argsort(x)
    places = np.arange(x.size) if is_text else x[order]
    n_lines = 1 if lines is None else summary.coordinates[lines].values.size
    for number in range(min(n_lines, MAX_LINES)):
        at = fixed if lines is None else {**fixed, lines: number}
        mean, low, high = (
            _along(part, one.dims, along, at)[order] for part in (one.mean, one.low, one.high)
        )
        look = line_look(number)
        text = "_one curve" if lines is None else _in_words(summary, lines, number)
        mark = LINE_MARKS[number % len(LINE_MARKS)]
        ax.plot(places, mean, marker=mark, ms=4, lw=1.5, label=text, **look)
        ax.fill_between(places, low, high, color=look["color"], alpha=0.2, lw=0)
    if n_lines > MAX_LINES:
        ax.text(
            0.99, 0.02, f"first {MAX_LINES} of {n_lines} curves", transform=ax.transAxes,
            ha="right", va="bottom", fontsize=NOTE_SIZE,
        )  # fmt: skip
    if is_text:
        ax.set_xticks(places, [literal(str(value)) for value in x])
    ax.set(xlabel=label(coordinate or along), ylabel=label(name))


def _along(
    values: NDArray[np.float64], dims: tuple[str, ...], along: str, at: Mapping[str, int]
) -> NDArray[np.float64]:
    index = tuple(slice(None) if dim == along else at[dim] for dim in dims)
    return np.asarray(values[index])


def _draw_cases(summary: Summary, name: str, ax: Axes) -> None:
    """Draw a point with a bar per case, names beside them, the first case at the top."""
    one = summary[name]
    n_cases = min(one.mean.size, MAX_CASES)
    names = summary.coordinates.get(CASE_NAME, summary.coordinates[CASE]).values[:n_cases]
    mean, low, high = one.mean[:n_cases], one.low[:n_cases], one.high[:n_cases]
    places = np.arange(n_cases)
    ax.errorbar(mean, places, xerr=(mean - low, high - mean), fmt="o", color=BLUE, ms=4, capsize=3)
    texts = [fitted(literal(str(text)), _CASE_NAME_INCHES, NOTE_SIZE) for text in names]
    ax.set_yticks(places, texts, fontsize=NOTE_SIZE)
    ax.invert_yaxis()
    ax.set(xlabel=label(name))
    if n_cases < one.mean.size:
        ax.set_ylabel(f"First {n_cases} of {one.mean.size} cases", fontsize=NOTE_SIZE)
