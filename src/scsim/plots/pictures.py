"""The standard pictures of a study, and writing them to files.

What a picture shows belongs in the file of its subject.
"""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from scsim.errors import ResultsError
from scsim.formats.files import temporary_beside
from scsim.plots.block import NEEDED as BLOCK
from scsim.plots.block import blocks
from scsim.plots.case_bars import case_bars, has_case_bars
from scsim.plots.contact_matrix import MATRIX, contact_matrices
from scsim.plots.fiber_rates import FOLLOWED, fibers_and_projection, has_fiber_rates
from scsim.plots.field_lines import POTENTIAL, SECOND_DIFFERENCE, field_profiles
from scsim.plots.field_sweep import DRIVE, field_sweeps, has_field_sweep
from scsim.plots.geometry import PLACES
from scsim.plots.intervals import has_intervals, intervals
from scsim.plots.lead_and_fibers import lead_and_fibers
from scsim.plots.nerve_places import NEEDED as PLACES_NEEDED
from scsim.plots.nerve_places import has_nerve_places, nerves_places
from scsim.plots.nerve_section import NEEDED as SECTION
from scsim.plots.nerve_section import RECRUITED, is_of_canal, nerve_recruitments, nerve_sections
from scsim.plots.pain_map import pain_maps
from scsim.plots.psth import RATE as PSTH_RATE
from scsim.plots.psth import psths
from scsim.plots.raster import COUNTS, FIRST, TIMES, rasters
from scsim.plots.rate_curves import C_DRIVEN, TOTAL, has_rate_curves, rate_curves
from scsim.plots.recruitment import recruitment_and_thresholds
from scsim.plots.sensitivity import has_sensitivity, sensitivities
from scsim.plots.space import lead_in_space
from scsim.plots.style import PRINT_DPI
from scsim.plots.threshold_sweep import NEEDED, has_threshold_sweep, threshold_sweeps
from scsim.plots.time_course import COURSE, time_courses
from scsim.plots.wind_up import LATE, wind_ups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure

    from scsim.results.store import Results

_LOG = logging.getLogger(__name__)

PictureFormat = Literal["png", "svg", "pdf"]

PICTURE_FORMATS: Final[tuple[PictureFormat, ...]] = ("png", "svg", "pdf")

_PICTURES: Final[dict[str, tuple[tuple[str, ...], Callable[[Results], Figure]]]] = {
    "lead_and_fibers": (PLACES, lead_and_fibers),
    "lead_in_space": (PLACES, lead_in_space),
    "nerve_section": (SECTION, nerve_sections),
    "nerve_places": (PLACES_NEEDED, nerves_places),
    "nerve_recruitment": (RECRUITED, nerve_recruitments),
    "block": (BLOCK, blocks),
    "field_profile": ((POTENTIAL, SECOND_DIFFERENCE), field_profiles),
    "field_sweep": ((DRIVE,), field_sweeps),
    "contact_matrix": ((MATRIX,), contact_matrices),
    "recruitment": (("recruited_share", "recruited_share_all"), recruitment_and_thresholds),
    "threshold_sweep": (NEEDED, threshold_sweeps),
    "fiber_rates": ((FOLLOWED,), fibers_and_projection),
    "case_bars": ((TOTAL,), case_bars),
    "pain_map": (("pain_signal",), pain_maps),
    "time_course": ((COURSE,), time_courses),
    "rate_curves": ((TOTAL, C_DRIVEN), rate_curves),
    "raster": ((TIMES, FIRST, COUNTS), rasters),
    "psth": ((PSTH_RATE,), psths),
    "wind_up": ((LATE,), wind_ups),
    "intervals": ((), intervals),
    "sensitivity": ((), sensitivities),
}
"""Name of each picture, the datasets without which there is none, and what draws it."""

STANDARD_PICTURES: Final = tuple(_PICTURES)
"""Names of all standard pictures."""

_CONDITIONS: Final[dict[str, Callable[[Results], bool]]] = {
    "lead_and_fibers": is_of_canal,
    "lead_in_space": is_of_canal,
    "field_sweep": has_field_sweep,
    "nerve_places": has_nerve_places,
    "threshold_sweep": has_threshold_sweep,
    "fiber_rates": has_fiber_rates,
    "case_bars": has_case_bars,
    "rate_curves": has_rate_curves,
    "intervals": has_intervals,
    "sensitivity": has_sensitivity,
}
"""What else results must have for a picture: curves need something along their axis."""

_MISSING_LETTER: Final = r"Glyph (\d+) .*missing from"
"""How matplotlib's warning about a letter begins, with the letter's number."""


def picture_names(results: Results) -> tuple[str, ...]:
    """Name the pictures that results can show, without drawing them.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str
        Those whose datasets ``output.save`` asked for.
    """
    return tuple(
        name
        for name, (needed, _) in _PICTURES.items()
        if all(dataset in results for dataset in needed)
        and (name not in _CONDITIONS or _CONDITIONS[name](results))
    )


def standard_pictures(results: Results) -> dict[str, Figure]:
    """Draw every standard picture that the saved datasets allow.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        By name: ``lead_and_fibers``, ``lead_in_space``, ``nerve_section``, ``nerve_recruitment``, ``block``, ``field_profile``, ``field_sweep``, ``contact_matrix``, ``recruitment``,
        ``threshold_sweep``, ``fiber_rates``, ``case_bars``, ``pain_map``, ``time_course``, ``rate_curves``, ``raster``, ``psth``, ``wind_up``,
        ``intervals``, ``sensitivity``.
    """
    return {name: _PICTURES[name][1](results) for name in picture_names(results)}


def draw_picture(results: Results, name: str) -> Figure:
    """Draw one of the standard pictures.

    Parameters
    ----------
    results : Results
    name : str
        One of `picture_names`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ResultsError
        If the results cannot show it.
    """
    names = picture_names(results)
    if name not in names:
        message = (
            f"there is no picture {name!r} of these results; they can show "
            f"{', '.join(names) or 'none'}. Name one of them, or save what it needs (output.save)."
        )
        raise ResultsError(message)
    return _PICTURES[name][1](results)


def save_pictures(
    results: Results, folder: str | Path, format: PictureFormat = "png"
) -> list[Path]:
    """Draw the standard pictures and write each to a file of its own.

    A file is written under another name and renamed, so that it is whole or absent. The config's
    hash goes into the picture's metadata.

    Parameters
    ----------
    results : Results
    folder : str or Path
        Made if it is not there.
    format : {"png", "svg", "pdf"}

    Returns
    -------
    list of Path
        In the order of `picture_names`.

    Raises
    ------
    ResultsError
        If the format is unknown or the folder cannot be written to.
    """
    if format not in PICTURE_FORMATS:
        message = (
            f"picture format {format!r} is unknown: pictures are written as "
            f"{', '.join(PICTURE_FORMATS)}. Choose one of them."
        )
        raise ResultsError(message)
    folder = Path(folder)
    path: Path | None = None
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _missing_letters_logged(folder):
            for name in picture_names(results):
                path = folder / f"{name}.{format}"
                unfinished = temporary_beside(path)
                figure = _PICTURES[name][1](results)
                figure.savefig(
                    unfinished, format=format, dpi=PRINT_DPI, metadata=_metadata(results, format)
                )
                unfinished.replace(path)
                paths.append(path)
    except OSError as error:
        message = (
            f"{path or folder} cannot be written: {error.strerror or error}. "
            "Give a folder that you may write to and that has room."
        )
        raise ResultsError(message) from error
    return paths


@contextmanager
def _missing_letters_logged(folder: Path) -> Iterator[None]:
    """Turn matplotlib's warnings about letters that its font lacks into one line of the log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", _MISSING_LETTER, UserWarning)
        yield
    letters: set[str] = set()
    for warning in caught:
        found = re.match(_MISSING_LETTER, str(warning.message))
        if found:
            letters.add(chr(int(found[1])))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if letters:
        _LOG.warning(
            "pictures in %s: their font lacks %s, drawn as boxes; give the cases names in Latin or "
            "Greek letters.",
            folder,
            " ".join(sorted(letters)),
        )


def _metadata(results: Results, format: PictureFormat) -> dict[str, str]:
    """Say in the file where the picture comes from, under the names its format knows."""
    place = {"png": "Description", "svg": "Description", "pdf": "Subject"}[format]
    return {
        "Title": str(results.attributes.get("title", "")),
        place: f"scsim {results.attributes.get('scsim_version', '')}, config {results.attributes.get('config_hash', '')}",
    }
