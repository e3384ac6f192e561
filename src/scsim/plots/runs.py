"""Which runs of a study a picture of single runs shows: panels by state, a few pulse rates in each.

What is drawn of a run belongs in the file of its subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.plots.reading import (
    CASE_DIMENSION,
    circuit_label,
    in_words,
    indices,
    is_numeric,
    label,
    swept_dims,
)
from scsim.plots.style import ONE_ANATOMY, PAGE_WIDTH_INCHES, head, new_figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scsim.results.store import Results

PULSE_RATE: Final = "stimulus.frequency_hz"
MAX_PANELS: Final = 6


@dataclass(frozen=True)
class Runs:
    """The runs that a picture shows.

    Attributes
    ----------
    panels : tuple of dict of str to int
        Index along each dimension of labels, and of other numbers; a panel each.
    varied : str or None
        Dimension that the runs of one panel differ by.
    along : tuple of int
        Indices along it.
    n_conditions : int
        Panels that the results would have.
    """

    panels: tuple[dict[str, int], ...]
    varied: str | None
    along: tuple[int, ...]
    n_conditions: int

    def of_panel(self, panel: dict[str, int]) -> Iterator[dict[str, int]]:
        """Give the place of each run of a panel."""
        for index in self.along:
            yield panel | ({self.varied: index} if self.varied else {})


def choose_runs(results: Results, name: str, *, most: int, is_spread: bool = True) -> Runs:
    """Choose the runs of a dataset that a picture shows.

    Parameters
    ----------
    results : Results
    name : str
        Dataset with one run per place along the sweep.
    most : int
        Runs in one panel.
    is_spread : bool
        Whether they are spread from the first to the last; else those with the lowest numbers are taken.

    Returns
    -------
    Runs
        Of pulse rates, or else the last dimension with numbers or the cases, some in each panel; of other numbers, such
        as amplitudes, the last value.
    """
    dims = swept_dims(results, name)
    numeric = [dim for dim in dims if is_numeric(results, dim)]
    pulse_rate = results.swept.get(PULSE_RATE)
    varied = pulse_rate if pulse_rate in numeric else numeric[-1] if numeric else None
    if varied is None and CASE_DIMENSION in dims:
        varied = CASE_DIMENSION
    n_values = len(results.coordinates[varied]) if varied else 1
    along = np.unique(np.linspace(0, n_values - 1, min(n_values, most)).round().astype(int))
    if not is_spread and varied in numeric:
        along = np.argsort(results.coordinates[varied])[:most]
    fixed = {dim: len(results.coordinates[dim]) - 1 for dim in numeric if dim != varied}
    conditions = list(indices(results, [dim for dim in dims if dim not in {*numeric, varied}]))
    return Runs(
        tuple(fixed | at for at in conditions[:MAX_PANELS]),
        varied,
        tuple(int(index) for index in along),
        len(conditions),
    )


def panels_for(
    results: Results,
    runs: Runs,
    subject: str,
    *,
    panel_inches: float,
    about: str = "",
    **shared: Any,
) -> tuple[Figure, NDArray[Any]]:
    """Make the figure of some runs with its heading, and one panel for each of their conditions.

    Parameters
    ----------
    results : Results
    runs : Runs
    subject : str
        What is drawn; circuit and condition are added.
    panel_inches : float
        Height of a panel.
    about : str
        What the heading says besides.
    **shared
        ``sharex`` and ``sharey`` of ``Figure.subplots``.

    Returns
    -------
    matplotlib.figure.Figure
    ndarray of matplotlib.axes.Axes, shape (n_rows, n_columns)
        Filled row by row; `scsim.plots.style.label_rim` hides those that are left over.
    """
    n_columns = min(len(runs.panels), 2)
    n_rows = -(-len(runs.panels) // n_columns)
    figure = new_figure(PAGE_WIDTH_INCHES, 1.0 + panel_inches * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, **shared)
    head(figure, heading_of(results, runs, subject, about))
    return figure, panels


def heading_of(results: Results, runs: Runs, subject: str, about: str = "") -> str:
    """Write the heading of a picture: its subject, the circuit, and what of the study is left out.

    Parameters
    ----------
    results : Results
    runs : Runs
    subject : str
    about : str
        What else it has to say.

    Returns
    -------
    str
    """
    heading = f"{subject} ({circuit_label(results)}, {ONE_ANATOMY})"
    if len(runs.panels) < runs.n_conditions:
        heading += f": first {len(runs.panels)} of {runs.n_conditions} conditions"
    n_values = len(results.coordinates[runs.varied]) if runs.varied else 1
    if len(runs.along) < n_values:
        what = "cases" if runs.varied == CASE_DIMENSION else f"values: {label(str(runs.varied))}"
        part = f"{len(runs.along)} of {n_values} {what}"
        about = f"{part}; {about}" if about else part
    return f"{heading}\n{about}" if about else heading


def run_name(results: Results, runs: Runs, place: dict[str, int]) -> str:
    """Name a run within its panel.

    Parameters
    ----------
    results : Results
    runs : Runs
    place : dict of str to int

    Returns
    -------
    str
        Empty where the panel has one run only.
    """
    return "" if runs.varied is None else in_words(results, {runs.varied: place[runs.varied]})
