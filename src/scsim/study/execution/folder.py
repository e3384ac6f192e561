"""The folder of a study: whose it is, what is in it, what may be deleted.

Batch files are read and written in ``cache.py``, the results file in `scsim.results.store`.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError
from scsim.formats.files import remove_abandoned, temporary_beside
from scsim.results.store import RESULTS_FILE, Results, load_results
from scsim.study.execution.cache import BATCHES, Shelf
from scsim.study.execution.claims import CLAIMS, remove_dead
from scsim.study.execution.identity import (
    IDENTITY_FILE,
    describe_change,
    describe_processors,
    identity_text,
    read_identity,
)
from scsim.study.provenance import cpu_target, identify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from scsim.study.config import Study

_LOG = logging.getLogger(__name__)

LOG_FILE: Final = "log.txt"

PICTURES: Final = (
    "lead_and_fibers",
    "lead_in_space",
    "nerve_section",
    "nerve_places",
    "nerve_recruitment",
    "block",
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
    "intervals",
    "sensitivity",
)
"""Names of the standard pictures, which `scsim.plots` draws beside the results."""

_BATCH_NAME: Final = re.compile(r"[a-z_]+-\d{5,}-[0-9a-f]{12}\.h5")
_CLAIM_NAME: Final = re.compile(r"[a-z_]+-\d{5,}-[0-9a-f]{12}\.claim|run-[0-9a-f]{32}\.json")
_IDENTITY_BEGIN: Final = b'{\n  "title"'
_MARKS: Final = (b"\nscsim sha256 ", b"\nscsim blocks ")
_END_BYTES: Final = 4096
"""Bytes at the end of a file in which one of the marks stands if scsim wrote it."""

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
    keep : bool
        Whether to take over the folder of another config or version, with its batches.

    Returns
    -------
    Results or None
        None if there is something left to do.

    Raises
    ------
    ResultsError
        If the folder holds another study, was written by another version of scsim, or cannot be
        written.

    Warns
    -----
    UserWarning
        If what is there was computed on another processor.
    """
    try:
        if fresh:
            _clear(folder)
        if (folder / IDENTITY_FILE).is_file():
            found = read_identity(folder)
            change = describe_change(found, study)
            if change and not keep:
                raise ResultsError(_refusal(folder, change))
            if change:
                _LOG.warning("%s %s: its batches are used where they match", folder, change)
                _claim(folder, study)
            finished = None if change else _finished(folder, identify(study))
            if finished is not None:
                with suppress(OSError):  # one that may only be read
                    remove_partial(folder)
                    remove_dead(folder)
                return finished
            differ = describe_processors(
                f"what {folder} holds", found.cpu_target, "the rest", cpu_target()
            )
            if differ:
                warnings.warn(differ, stacklevel=3)
        elif (folder / RESULTS_FILE).exists() or batch_files(folder):
            message = f"{folder} holds results but no {IDENTITY_FILE}, so it is not known which study they belong to: choose another folder with --out, or delete them with --fresh."
            raise ResultsError(message)
        else:
            _claim(folder, study)
        (folder / BATCHES).mkdir(exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be used ({error.strerror or error}): choose a folder that you may write to with --out."
        raise ResultsError(message) from error
    return None


def _refusal(folder: Path, change: str) -> str:
    """Say what differs and what can be done."""
    return f"{folder} {change}: choose another folder with --out, go on with --continue, which uses the finished batches that still match, or delete its results with --fresh."


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
        change = describe_change(read_identity(folder), study)
    except OSError as error:
        message = f"{folder / IDENTITY_FILE} is gone ({error.strerror or error}), so another run may have taken the folder: run the study again, into a folder of its own (--out)."
        raise ResultsError(message) from error
    if change:
        raise ResultsError(_refusal(folder, change))


def _claim(folder: Path, study: Study) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(folder / IDENTITY_FILE)
    try:
        temporary.write_text(identity_text(study), encoding="utf-8")
        temporary.replace(folder / IDENTITY_FILE)
    finally:
        temporary.unlink(missing_ok=True)


def _finished(folder: Path, identity: Mapping[str, str]) -> Results | None:
    path = folder / RESULTS_FILE
    if not path.is_file():
        return None
    try:
        results = load_results(path, is_checked_whole=True)
    except ResultsError:
        _LOG.warning("%s is damaged or out of date: it is written again", path)
        return None
    is_same = all(results.attributes.get(key) == value for key, value in identity.items())
    # Cases that have failed are tried again: what was in their way may be gone. Recovered files lack values.
    is_whole = not results.failures and "recovered" not in results.attributes
    return results if is_same and is_whole else None


def _clear(folder: Path) -> None:
    """Delete what scsim wrote into a folder, and nothing else."""
    _refuse_foreign(folder)
    pictures = [(name, suffix) for name in PICTURES for suffix in _PICTURE_SUFFIXES]
    drawn = (folder / f"{name}{suffix}" for name, suffix in pictures)
    for path in (
        *(folder / name for name in (RESULTS_FILE, IDENTITY_FILE, LOG_FILE)),
        *batch_files(folder),
        *(path for path in (folder / CLAIMS).glob("*") if _CLAIM_NAME.fullmatch(path.name)),
        *(path for path in drawn if _is_ours(path)),
    ):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # absent, or not empty
        (folder / CLAIMS).rmdir()
    remove_partial(folder)


def batch_files(folder: Path) -> list[Path]:
    """List the batch files of a folder, not what others have put beside them.

    Parameters
    ----------
    folder : Path
        Of a study; may be absent.

    Returns
    -------
    list of Path
        Sorted.
    """
    files = sorted((folder / BATCHES).glob("*.h5"))
    return [path for path in files if _BATCH_NAME.fullmatch(path.name)]


def _refuse_foreign(folder: Path) -> None:
    """Refuse to delete files that only have the names of ours."""
    identity = folder / IDENTITY_FILE
    if identity.is_file() and identity.read_bytes()[: len(_IDENTITY_BEGIN)] == _IDENTITY_BEGIN:
        return
    results, log = folder / RESULTS_FILE, folder / LOG_FILE
    is_ours = results.is_file() and _is_marked(results)
    for path in (results, log):
        if path.exists() and not is_ours:
            message = f"{path} was not written by scsim, so --fresh does not delete it: choose another folder with --out, or move the file away."
            raise ResultsError(message)


def _is_marked(results: Path) -> bool:
    """Whether a file ends as results do that scsim wrote."""
    with results.open("rb") as file:
        file.seek(max(0, results.stat().st_size - _END_BYTES))
        end = file.read()
    return any(mark in end for mark in _MARKS)


def _is_ours(picture: Path) -> bool:
    """Whether scsim drew a picture, and not someone who gave theirs the same name."""
    return picture.is_file() and _PICTURE_MARK.search(picture.read_bytes()) is not None


def finished_units(folder: Path, study: Study) -> dict[str, int]:
    """Count the units of a study that batch files of a folder hold, without reading what they gave.

    Parameters
    ----------
    folder : Path
        May be absent.
    study : Study

    Returns
    -------
    dict of str to int
        By stage; empty if the folder is not of this study.
    """
    from scsim.study.sources import stage_source_hash  # noqa: PLC0415 - opening a folder needs no stages
    from scsim.study.stages.table import STAGES  # noqa: PLC0415 - loads the physics

    try:
        if read_identity(folder).config_hash != identify(study)["config_hash"]:
            return {}
    except (OSError, ResultsError):
        return {}
    sources = {one.name: stage_source_hash(one.compute) for one in STAGES if one.is_stored}
    shelf = Shelf(folder, sources)
    counts = {name: shelf.n_units(name) for name in sources}
    return {name: number for name, number in counts.items() if number}


def remove_partial(folder: Path) -> None:
    """Delete files that killed runs left half written, not those of runs that go on.

    Parameters
    ----------
    folder : Path
        Of a study.
    """
    for place in (folder, folder / BATCHES):
        remove_abandoned(place)


class _LogFile(logging.FileHandler):
    """The log of a folder; keeps the first error in place of writing tracebacks to the terminal."""

    error: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - a name of the standard library
        """Note that a line could not be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif self.error is None:
            self.error = error

    def close(self) -> None:
        """Close the file; what is left to write may not fit."""
        try:
            super().close()
        except OSError as error:
            self.error = self.error or error


@contextmanager
def logging_to(folder: Path | None) -> Iterator[None]:
    """Write what scsim logs into the folder's log file.

    Raises
    ------
    ResultsError
        If the file cannot be opened, or at the end, if some of it could not be written.
    """
    if folder is None:
        yield
        return
    logger = logging.getLogger("scsim")
    path = folder / LOG_FILE
    try:
        handler = _LogFile(path, encoding="utf-8")
    except OSError as error:
        raise ResultsError(_no_log(path, error)) from error
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
    if handler.error is not None:
        raise ResultsError(_no_log(path, handler.error))


def _no_log(path: Path, error: OSError) -> str:
    return f"{path} cannot be written ({error.strerror or error}): choose a folder that you may write to with --out."
