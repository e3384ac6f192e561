"""The folder of a study: whose it is, what is in it, what may be deleted.

Batch files are read and written in ``cache.py``, the results file in `scsim.results.store`.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError
from scsim.formats.files import remove_abandoned, temporary_beside
from scsim.results.store import RESULTS_FILE, Results, load_results
from scsim.study.execution.cache import BATCHES
from scsim.study.provenance import identify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from scsim.study.config import Study

_LOG = logging.getLogger(__name__)

IDENTITY_FILE: Final = "study.json"
LOG_FILE: Final = "log.txt"

PICTURES: Final = (
    "lead_and_fibers",
    "lead_in_space",
    "field_profile",
    "field_sweep",
    "contact_matrix",
    "recruitment",
    "threshold_sweep",
    "fiber_rates",
    "case_bars",
    "pain_map",
    "time_course",
    "rate_curves",
    "raster",
    "psth",
    "wind_up",
)
"""Names of the standard pictures, which `scsim.plots` draws beside the results."""

_PICTURE_SUFFIXES: Final = (".png", ".svg", ".pdf")
_PICTURE_MARK: Final = re.compile(rb"scsim [^,]{0,40}, config [0-9a-f]{64}")
"""What stands in the metadata of pictures that scsim drew."""


def open_folder(
    folder: Path, study: Study, *, fresh: bool = False, keep: bool = False
) -> Results | None:
    """Claim a folder for a study, or give the finished results that it holds.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    study : Study
    fresh : bool
        Whether to delete first what scsim wrote there.

    Returns
    -------
    Results or None
        None if there is something left to do.

    Raises
    ------
    ResultsError
        If the folder holds another study, was written by another version of scsim, or cannot be
        written.
    """
    identity = identify(study)
    try:
        if fresh:
            _clear(folder)
        if (folder / IDENTITY_FILE).is_file():
            _compare(folder, identity)
            finished = _finished(folder, identity)
            if finished is not None:
                return finished
        elif (folder / RESULTS_FILE).exists() or any((folder / BATCHES).glob("*.h5")):
            message = f"{folder} holds results but no {IDENTITY_FILE}, so it is not known which study they belong to: choose another folder with --out, or delete them with --fresh."
            raise ResultsError(message)
        else:
            _claim(folder, identity)
        (folder / BATCHES).mkdir(exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be used ({error.strerror or error}): choose a folder that you may write to with --out."
        raise ResultsError(message) from error
    return None


def confirm_folder(folder: Path, study: Study) -> None:
    """Check that no other run has taken a folder since it was opened.

    Parameters
    ----------
    folder : Path
    study : Study

    Raises
    ------
    ResultsError
        If the folder holds another study now, or none.
    """
    try:
        _compare(folder, identify(study))
    except OSError as error:
        message = f"{folder / IDENTITY_FILE} is gone ({error.strerror or error}), so another run may have taken the folder: run the study again, into a folder of its own (--out)."
        raise ResultsError(message) from error


def _claim(folder: Path, identity: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(folder / IDENTITY_FILE)
    try:
        temporary.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")
        temporary.replace(folder / IDENTITY_FILE)
    finally:
        temporary.unlink(missing_ok=True)


def _compare(folder: Path, identity: Mapping[str, str]) -> None:
    """Refuse a folder of another study or another program."""
    try:
        found = json.loads((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
        title, config, source = (
            _as_text(found[key]) for key in ("title", "config_hash", "source_hash")
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"{folder / IDENTITY_FILE} is damaged ({error}): choose another folder with --out, or start over with --fresh."
        raise ResultsError(message) from error
    if config != identity["config_hash"]:
        message = f"{folder} holds another study, {title!r} (config {config[:12]}, this one is {identity['config_hash'][:12]}): choose another folder with --out, or delete its results with --fresh."
        raise ResultsError(message)
    if source != identity["source_hash"]:
        message = f"{folder} was computed by another version of scsim (source {source[:12]}, this one is {identity['source_hash'][:12]}), so its numbers may differ: choose another folder with --out, or compute them again with --fresh."
        raise ResultsError(message)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    message = f"{value!r} is no text"
    raise TypeError(message)


def _finished(folder: Path, identity: Mapping[str, str]) -> Results | None:
    path = folder / RESULTS_FILE
    if not path.is_file():
        return None
    try:
        results = load_results(path)
    except ResultsError:
        _LOG.warning("%s is damaged or out of date: it is written again", path)
        return None
    is_same = all(results.attributes.get(key) == value for key, value in identity.items())
    return results if is_same else None


def _clear(folder: Path) -> None:
    """Delete what scsim wrote into a folder, and nothing else."""
    pictures = [(name, suffix) for name in PICTURES for suffix in _PICTURE_SUFFIXES]
    drawn = (folder / f"{name}{suffix}" for name, suffix in pictures)
    for path in (
        *(folder / name for name in (RESULTS_FILE, IDENTITY_FILE, LOG_FILE)),
        *(folder / BATCHES).glob("*.h5"),
        *(path for path in drawn if _is_ours(path)),
    ):
        path.unlink(missing_ok=True)
    remove_partial(folder)


def _is_ours(picture: Path) -> bool:
    """Whether scsim drew a picture, and not someone who gave theirs the same name."""
    return picture.is_file() and _PICTURE_MARK.search(picture.read_bytes()) is not None


def remove_partial(folder: Path) -> None:
    """Delete files that killed runs left half written, not those of runs that go on.

    Parameters
    ----------
    folder : Path
        Of a study.
    """
    for place in (folder, folder / BATCHES):
        remove_abandoned(place)


@contextmanager
def logging_to(folder: Path | None) -> Iterator[None]:
    """Write what scsim logs into the folder's log file."""
    if folder is None:
        yield
        return
    logger = logging.getLogger("scsim")
    try:
        handler = logging.FileHandler(folder / LOG_FILE, encoding="utf-8")
    except OSError as error:
        message = f"{folder / LOG_FILE} cannot be written ({error.strerror or error}): choose a folder that you may write to with --out."
        raise ResultsError(message) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()
