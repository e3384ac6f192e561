"""Joining study folders: batches that machines without a shared disk have computed, put into one folder.

What a folder holds is handled in ``execution/folder.py``; computing what is missing is `scsim.study.run`'s.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scsim.errors import ResultsError
from scsim.formats.files import temporary_beside
from scsim.formats.hdf5 import read_arrays
from scsim.study.execution.cache import BATCHES
from scsim.study.execution.folder import batch_files
from scsim.study.execution.identity import (
    IDENTITY_FILE,
    Identity,
    describe_change,
    describe_processors,
    read_identity,
)
from scsim.study.reading.parse import parse_study
from scsim.study.run import Outcome, execute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.study.config import Study
    from scsim.study.execution.options import Forecast, Progress

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Merged:
    """What joining folders gave.

    Attributes
    ----------
    outcome : Outcome
        Results if all batches are there, else how many are missing.
    n_copied, n_present, n_damaged : int
        Batches that were copied, that were there already, and that are damaged and were left.
    """

    outcome: Outcome
    n_copied: int
    n_present: int
    n_damaged: int


def merge_folders(
    folders: Sequence[str | Path],
    out: str | Path,
    *,
    progress: Progress | None = None,
    forecast: Forecast | None = None,
) -> Merged:
    """Copy the sound batches of folders of one study into one, and assemble the results if none is missing.

    Parameters
    ----------
    folders : sequence of str or Path
        Each with the ``study.json`` and the batches of a run or shard.
    out : str or Path
        May be one of them; made if it is not there.
    progress : callable, optional
        As `scsim.run`.
    forecast : Forecast, optional
        Told of every batch.

    Returns
    -------
    Merged

    Raises
    ------
    ResultsError
        If a folder holds no study, if they hold different ones or those of another version of scsim, or if `out` holds
        another or cannot be written.
    """
    sources, target = [Path(folder) for folder in folders], Path(out)
    identities = [_identity(folder) for folder in sources]
    _check_same(sources, identities)
    study = _study(identities[0])
    change = describe_change(identities[0], study)
    if change:
        message = f"{sources[0]} {change}: merge with what computed it, on a machine where the files lie that the config names, or compute the shards anew."
        raise ResultsError(message)
    n_copied, n_present, n_damaged = 0, 0, 0
    try:
        (target / BATCHES).mkdir(parents=True, exist_ok=True)
        if not (target / IDENTITY_FILE).is_file():
            _copy(sources[0] / IDENTITY_FILE, target / IDENTITY_FILE)
        _check_same([sources[0], target], [identities[0], _identity(target)])
        for path in (path for folder in sources for path in batch_files(folder)):
            place = target / BATCHES / path.name
            if place.exists() and _is_sound(place):
                n_present += 1
            elif _is_sound(path):
                _copy(path, place)
                n_copied += 1
            else:
                n_damaged += 1
    except OSError as error:
        message = f"{target} cannot be written ({error.strerror or error}): choose a folder that you may write to and that has room with --out."
        raise ResultsError(message) from error
    outcome = execute(study, target, progress=progress, forecast=forecast, is_assembly=True)
    return Merged(outcome, n_copied, n_present, n_damaged)


def _identity(folder: Path) -> Identity:
    try:
        found = read_identity(folder)
    except OSError as error:
        message = f"{folder} holds no study ({IDENTITY_FILE}: {error.strerror or error}): give folders that scsim run has written."
        raise ResultsError(message) from error
    if not found.config:
        message = f"{folder / IDENTITY_FILE} holds no config: an older version of scsim wrote it; run the study again."
        raise ResultsError(message)
    return found


def _study(identity: Identity) -> Study:
    """Read the config again, as if it lay where it lay then."""
    path = Path(identity.folder) / "study.toml" if identity.folder else None
    return parse_study(identity.config, file=IDENTITY_FILE, path=path)


def _check_same(folders: Sequence[Path], identities: Sequence[Identity]) -> None:
    """Refuse folders of different studies or programs; warn of different processors."""
    first = identities[0]
    for folder, other in zip(folders[1:], identities[1:], strict=True):
        if other.config_hash != first.config_hash:
            message = f"{folder} holds another study than {folders[0]}: {other.title!r} (config {other.config_hash[:12]}) and {first.title!r} (config {first.config_hash[:12]}). Give folders of one study."
            raise ResultsError(message)
        if other.source_hash != first.source_hash:
            message = f"{folder} was computed by another version of scsim than {folders[0]} (source {other.source_hash[:12]} and {first.source_hash[:12]}): compute all shards with one version."
            raise ResultsError(message)
        differ = describe_processors(
            str(folder), other.cpu_target, str(folders[0]), first.cpu_target
        )
        if differ:
            warnings.warn(differ, stacklevel=3)


def _is_sound(path: Path) -> bool:
    try:
        read_arrays(path)
    except ResultsError:
        _LOG.warning("%s is damaged: it is left", path)
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    temporary = temporary_beside(target)
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
