"""Bars of sensitivity indices, and of rank correlations, with their confidence intervals.

They are estimated in `scsim.results.sensitivity` and `scsim.results.correlations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.plots.intervals import SUBJECTS
from scsim.plots.reading import CAPITALS, label
from scsim.plots.style import (
    BLUE,
    NOTE_SIZE,
    ONE_ANATOMY,
    ORANGE,
    PAGE_WIDTH_INCHES,
    axes_or_new,
    fitted,
    head,
    legend_above,
    legend_below,
    new_figure,
    note,
    title_panel,
)
from scsim.results.correlations import correlations
from scsim.results.drawn_sample import DRAWN, SALTELLI, sensitive_datasets
from scsim.results.repeats import CASE
from scsim.results.rows import is_number
from scsim.results.schema import INNER_DIMENSIONS, long_name_of
from scsim.results.sensitivity import Sensitivity, sensitivity
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scsim.results.store import Results

_LOOKS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "first_order": ("first order: the key alone", {"color": BLUE}),
    "total_order": ("total: with its interactions", {"color": ORANGE, "hatch": "////"}),
    "spearman": ("Spearman's rank correlation", {"color": BLUE}),
    "partial_rank": (
        "partial rank correlation: beside all other keys",
        {"color": ORANGE, "hatch": "////"},
    ),
}
"""What each bar is called and how it looks, also without colors."""

_AXES: Final = {
    "sobol indices": "Share of the variance",
    "rank correlations": "Rank correlation",
}

_DRIVE: Final = "profile_peak_second_difference_mv_per_ma"
"""Of several numbers of a field, what drives fibers comes first."""

MAX_PANELS: Final = 4
MAX_KEYS: Final = 12
_BAR: Final = 0.36
_KEY_INCHES: Final = 1.4
_N_RESAMPLES: Final = 400


def sensitivity_bars(
    found: Sensitivity,
    ax: Axes | None = None,
    *,
    title: str = "",
    order: Sequence[int] | None = None,
) -> Axes:
    """Draw both measures of every key as bars with confidence intervals, the key of most weight at the top.

    Parameters
    ----------
    found : Sensitivity
        Of a dataset without inner dimensions, or at one value of each.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure.
    title : str
        Default: what the dataset is.
    order : sequence of int, optional
        Places of the keys from top to bottom; default: those of most weight first, at most twelve.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultsError
        If inner dimensions are left.
    """
    if found.dims:
        message = f"bars need one output, and {found.name} has values along {', '.join(found.dims)}: choose one of each with at, for example at = {{{found.dims[0]!r}: ...}}."
        raise ResultsError(message)
    is_own = ax is None
    ax = axes_or_new(ax, height_inches=1.2 + 0.5 * min(len(found.keys), MAX_KEYS))
    rows = np.array(_order([found]) if order is None else order)
    places = np.arange(rows.size, dtype=np.float64)
    for number, measure in enumerate(found.measures):
        text, look = _LOOKS[measure]
        value, low, high = (part[number][rows] for part in (found.values, found.low, found.high))
        # The estimate may lie outside of the interval of its resamples by rounding alone.
        reach = np.maximum(np.stack([value - low, high - value]), 0.0)
        ax.barh(
            places + (number - 0.5) * _BAR,
            value,
            _BAR,
            xerr=reach,
            label=text,
            edgecolor="white",
            error_kw={"lw": 1.0, "capsize": 2.5, "ecolor": "0.15"},
            **look,
        )
    names = [fitted(_words(found.labels[place]), _KEY_INCHES, NOTE_SIZE) for place in rows]
    ax.set_yticks(places, names)
    ax.set_ylim(rows.size - 0.5, -0.5)
    is_share = found.kind == "sobol indices"
    top = float(np.nanmax(np.abs([found.high, found.low]), initial=1.0))
    ax.set_xlim(
        min(0.0, 1.05 * float(np.nanmin(found.low, initial=0.0))) if is_share else -top, 1.02 * top
    )
    ax.axvline(0.0, color="0.3", lw=0.8)
    ax.set_xlabel(_AXES[found.kind])
    ax.grid(visible=True, axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    if not np.isfinite(found.values).any():
        note(ax, "the output is constant")
    if rows.size < len(found.keys):
        ax.set_ylabel(f"First {rows.size} of {len(found.keys)} keys", fontsize=NOTE_SIZE)
    title = title or label(found.name)
    if is_own:
        legend_above(ax, title)
    else:
        title_panel(ax, title)
    return ax


def has_sensitivity(results: Results) -> bool:
    """Tell whether a study drew its values, and holds numbers that depend on them.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    mode = results.attributes.get("sweep_mode")
    return (mode == SALTELLI or mode in DRAWN) and bool(_outputs(results))


def sensitivities(results: Results) -> Figure:
    """Draw Sobol indices, or rank correlations where the study allows no more, of up to four outputs.

    Parameters
    ----------
    results : Results
        Of a study with the mode saltelli, random, sobol or latin.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the study has another mode, or no dataset depends on its drawn values.
    """
    if not has_sensitivity(results):
        message = 'the picture of sensitivities needs a study whose values are drawn ([sweep] mode saltelli, random, sobol or latin) and a dataset of numbers that depends on them. Write mode = "saltelli" and n = 256 in [sweep], give keys distributions, and run the study again.'
        raise ResultsError(message)
    is_share = results.attributes.get("sweep_mode") == SALTELLI
    what = "What explains the variance" if is_share else "What the results rise and fall with"
    found: list[tuple[Sensitivity, str]] = []
    reason = ""
    for name, at in _outputs(results):
        try:
            one = (
                sensitivity(results, name, at, n_resamples=_N_RESAMPLES)
                if is_share
                else correlations(results, name, at)
            )
        except ResultsError as error:  # the study is as it is: others may be judged
            reason = reason or str(error)
            continue
        found.append((one, _title(results, name, at)))
        if len(found) == MAX_PANELS:
            break
    if not found:
        figure = new_figure(PAGE_WIDTH_INCHES, 2.5)
        ax = figure.add_subplot()
        ax.set_axis_off()
        note(ax, fitted(reason, PAGE_WIDTH_INCHES - 1.0, NOTE_SIZE))
        head(figure, f"{what} ({ONE_ANATOMY})")
        return figure
    n_columns = 1 if len(found) == 1 else 2
    n_rows = -(-len(found) // n_columns)
    n_keys = min(len(found[0][0].keys), MAX_KEYS)
    figure = new_figure(PAGE_WIDTH_INCHES, 0.7 + n_rows * (0.9 + 0.38 * n_keys))
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    order = _order([one for one, _ in found])
    for ax, (one, title) in zip(panels.flat, found, strict=False):
        sensitivity_bars(one, ax, title=title, order=order)
    for ax in panels.flat[len(found) :]:
        ax.set_visible(False)
    first = found[0][0]
    n_dropped = max(int(one.n_dropped.max()) for one, _ in found)
    lost = f", up to {n_dropped} of them left out" if n_dropped else ""
    rows = "rows of the sample" if is_share else "cases"
    about = f"whiskers: {first.confidence * 100:g} % confidence; {first.n_rows} {rows}{lost}"
    legend_below(figure, panels.flat[0].get_legend_handles_labels()[0], about)
    head(figure, f"{what} ({ONE_ANATOMY})")
    return figure


def _outputs(results: Results) -> list[tuple[str, dict[str, Any]]]:
    """Choose outputs: numbers per case, else a dataset along one inner dimension at a few of its values."""
    numbers = sensitive_datasets(results)
    if numbers:
        first = [name for name in SUBJECTS if name in numbers]
        return [(name, {}) for name in (*first, *(n for n in numbers if n not in first))]
    for name in sorted(results.names, key=lambda one: one != _DRIVE):
        dims = results.dims(name)
        inner = [dim for dim in dims if dim in INNER_DIMENSIONS]
        if (
            "/" in name
            or dims[:1] != (CASE,)
            or len(inner) != 1
            or not is_number(results.variable(name))
        ):
            continue
        values = results.coordinates[inner[0]]
        places = np.unique(np.linspace(0, values.size - 1, MAX_PANELS).round().astype(int))
        return [(name, {inner[0]: values[place].item()}) for place in places]
    return []


def _title(results: Results, name: str, at: dict[str, Any]) -> str:
    text = label(name)
    if not at:
        return text
    words = []
    for dim, value in at.items():
        unit = unit_of(dim)
        words.append(f"at {value:g} {unit}" if unit != "1" else f"{long_name_of(dim)} {value}")
    return f"{text}, {', '.join(words)}"


def _order(found: Sequence[Sensitivity]) -> list[int]:
    """Order keys by their weight in all outputs, so that panels can be compared; one that is not known last."""
    weight = np.mean([np.nan_to_num(np.abs(one.values[-1])) for one in found], axis=0)
    return [int(place) for place in np.argsort(-weight, kind="stable")[:MAX_KEYS]]


def _words(text: str) -> str:
    """Write the name of a key with a capital, and abbreviations in capitals."""
    text = " ".join(CAPITALS.get(word, word) for word in text.split(" "))
    return text[:1].upper() + text[1:]
