"""The folder of a study: whose it is, what is in it, what may be deleted.

Batch files are read and written in ``cache.py``, the results file in `scsim.results.store`.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError
from scsim.formats.hdf5 import TEMPORARY_SUFFIX
from scsim.results.store import RESULTS_FILE, Results, load_results
from scsim.study.cache import BATCHES
from scsim.study.provenance import identify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from scsim.study.config import Study

_LOG = logging.getLogger(__name__)

IDENTITY_FILE: Final = "study.json"
LOG_FILE: Final = "log.txt"


def open_folder(folder: Path, study: Study, *, fresh: bool = False) -> Results | None:
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
            return _finished(folder, identity)
        if (folder / RESULTS_FILE).exists() or any((folder / BATCHES).glob("*.h5")):
            message = f"{folder} holds results but no {IDENTITY_FILE}, so it is not known which study they belong to: choose another folder with --out, or delete them with --fresh."
            raise ResultsError(message)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{IDENTITY_FILE}.{os.getpid()}{TEMPORARY_SUFFIX}"
        partial.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / IDENTITY_FILE)
        (folder / BATCHES).mkdir(exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be used ({error.strerror or error}): choose a folder that you may write to with --out."
        raise ResultsError(message) from error
    return None


def _compare(folder: Path, identity: Mapping[str, str]) -> None:
    """Refuse a folder of another study or another program."""
    try:
        found = json.loads((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
        title, config, source = (found[key] for key in ("title", "config_hash", "source_hash"))
    except (ValueError, KeyError, TypeError) as error:
        message = f"{folder / IDENTITY_FILE} is damaged ({error}): choose another folder with --out, or start over with --fresh."
        raise ResultsError(message) from error
    if config != identity["config_hash"]:
        message = f"{folder} holds another study, {title!r} (config {config[:12]}, this one is {identity['config_hash'][:12]}): choose another folder with --out, or delete its results with --fresh."
        raise ResultsError(message)
    if source != identity["source_hash"]:
        message = f"{folder} was computed by another version of scsim (source {source[:12]}, this one is {identity['source_hash'][:12]}), so its numbers may differ: choose another folder with --out, or compute them again with --fresh."
        raise ResultsError(message)


def _finished(folder: Path, identity: Mapping[str, str]) -> Results | None:
    (folder / BATCHES).mkdir(exist_ok=True)
    path = folder / RESULTS_FILE
    if not path.is_file():
        return None
    try:
        results = load_results(path)
    except ResultsError as error:
        _LOG.warning("%s; it is written again", error)
        return None
    is_same = all(results.attributes.get(key) == value for key, value in identity.items())
    return results if is_same else None


def _clear(folder: Path) -> None:
    """Delete what scsim wrote into a folder, and nothing else."""
    batches = folder / BATCHES
    for path in (*batches.glob("*.h5"), *batches.glob(f".*{TEMPORARY_SUFFIX}")):
        path.unlink()
    if batches.is_dir() and not any(batches.iterdir()):
        batches.rmdir()
    for name in (RESULTS_FILE, IDENTITY_FILE, LOG_FILE):
        (folder / name).unlink(missing_ok=True)
    remove_partial(folder)


def remove_partial(folder: Path) -> None:
    """Delete files that a killed run left half written."""
    for place in (folder, folder / BATCHES):
        for path in place.glob(f".*{TEMPORARY_SUFFIX}"):
            path.unlink(missing_ok=True)


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
