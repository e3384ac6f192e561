"""A finished study run again from its results file alone, and what differs from it.

Everything needed stands in the file: the resolved config, and the files that it names as far as they are small. How two
results are compared belongs in `scsim.results.comparison`.
"""

from __future__ import annotations

import filecmp
import hashlib
import math
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scsim.errors import ConfigError, ResultsError
from scsim.results.comparison import DatasetComparison, compare_results
from scsim.results.store import RESULTS_FILE, Results, load_results, save_results
from scsim.study.inputs import InputFile, place_stand_in, read_described
from scsim.study.provenance import PLACE_ATTRIBUTES, TIME_ATTRIBUTES, source_hash, versions
from scsim.study.reading.parse import parse_study
from scsim.study.run import execute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.study.config import Study
    from scsim.study.execution.forecast import Forecast
    from scsim.study.execution.schedule import Progress
    from scsim.study.run import RunReport

DEFAULT_ROOT: Final = Path("results")
"""Folder below the current one that takes what is run again without an own folder."""

_HASH_DIGITS: Final = 12
_NAME_DIGITS: Final = 8
_NEEDED: Final = ("config", "config_hash", "failures")
_CONFIG: Final = ("config", "config_hash", "inputs")
"""Root attributes that are compared key by key and by their hash."""
_BYTES_PER_MB: Final = 1e6


@dataclass(frozen=True)
class Change:
    """Something that is not as it was.

    Attributes
    ----------
    name : str
        A version, a root attribute or a config key.
    original, now : str
        Empty where it is absent.
    """

    name: str
    original: str
    now: str


@dataclass(frozen=True, repr=False)
class Rerun:
    """A study run again, beside the results that it was run from.

    Attributes
    ----------
    original : Path
        The file that was run again; it is not touched.
    results : Results
        Those of now.
    report : RunReport
        What running took.
    environment : tuple of Change
        Versions, program and machine that are not those of the original.
    config : tuple of Change
        Config keys that this version reads otherwise.
    attributes : tuple of Change
        Other root attributes that differ, such as the list of failed cases; times are not compared.
    datasets : tuple of DatasetComparison
        Every dataset and coordinate.
    is_same_file : bool
        Whether the two files have the same bytes once the times are those of the original.
    """

    original: Path
    results: Results
    report: RunReport
    environment: tuple[Change, ...]
    config: tuple[Change, ...]
    attributes: tuple[Change, ...]
    datasets: tuple[DatasetComparison, ...]
    is_same_file: bool

    @property
    def different(self) -> tuple[DatasetComparison, ...]:
        """Datasets and coordinates of which not every bit is the same."""
        return tuple(one for one in self.datasets if not one.is_equal)

    @property
    def is_identical(self) -> bool:
        """Whether config, failed cases and every bit of every dataset are the same."""
        return not (self.different or self.config or self.attributes)

    def __repr__(self) -> str:
        return "\n".join(describe_rerun(self))


def rerun(
    path: str | Path,
    out: str | Path | None = None,
    *,
    files: str | Path | None = None,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    forecast: Forecast | None = None,
) -> Rerun:
    """Run the study of a results file again and compare.

    On the same versions and the same kind of processor every bit is the same, whatever engine, number of workers or
    shards made the original.

    Parameters
    ----------
    path : str or Path
        A ``results.h5``, or the folder that holds it.
    out : str or Path, optional
        Folder for what is computed now; ``results/rerun-CONFIG-SOURCE`` below the current one if left out, with the
        first digits of the hashes of config and program. It is resumed as that of any study.
    files : str or Path, optional
        Folder with the files that the config names and that were too large to be kept in the results.
    workers : int, optional
        As `scsim.run`.
    fresh : bool
        Whether to delete first what scsim wrote into `out`, an earlier rerun among it.
    progress : callable, optional
        As `scsim.run`.
    forecast : Forecast, optional
        As `scsim.study.run.execute`.

    Returns
    -------
    Rerun

    Raises
    ------
    ResultsError
        If the file is missing, damaged or foreign, a file that the config names is missing or another one, or `out`
        is the folder of the original or holds another study; if
        this version cannot read the config of the file.

    Notes
    -----
    Solutions of fields are taken from the cache folder if they are there; `Rerun.report` counts them.
    """
    original = load_results(path)
    source = _path_of(original)
    _check_attributes(original)
    config_hash = str(original.attributes["config_hash"])
    # Another version computes into another folder: it may not use what this one left.
    name = f"rerun-{config_hash[:_NAME_DIGITS]}-{source_hash()[:_NAME_DIGITS]}"
    folder = DEFAULT_ROOT / name if out is None else Path(out)
    if folder.resolve() == source.parent.resolve():
        message = f"{folder} is the folder of the original, which is not touched: choose another one with --out."
        raise ResultsError(message)
    with tempfile.TemporaryDirectory(prefix="scsim-rerun-") as place:
        study = _read_study(original, Path(place), None if files is None else Path(files))
        outcome = execute(
            study, folder, workers=workers, fresh=fresh, progress=progress, forecast=forecast
        )
    environment, attributes = _changes(original.attributes, outcome.results.attributes)
    config = _config_changes(original.attributes, outcome.results.attributes, study)
    datasets = compare_results(original, outcome.results)
    is_equal = all(one.is_equal for one in datasets) and not (attributes or config)
    return Rerun(
        original=source,
        results=outcome.results,
        report=outcome.report,
        environment=environment,
        config=config,
        attributes=attributes,
        datasets=datasets,
        is_same_file=is_equal and _is_same_file(source, original, outcome.results, folder),
    )


def describe_rerun(found: Rerun) -> list[str]:
    """Say in lines what a rerun gave.

    Parameters
    ----------
    found : Rerun

    Returns
    -------
    list of str
        The verdict first, then what differs.
    """
    n_all = len(found.datasets)
    if found.is_same_file:
        verdict = f"identical: every byte of {found.original.name} is the same, times apart ({n_all} datasets and coordinates)"
    elif found.is_identical:
        verdict = f"identical numbers: every bit of {n_all} datasets and coordinates is the same; other bytes of the files differ: versions, program, machine or layout"
    else:
        n_equal = n_all - len(found.different)
        verdict = f"not identical: {n_equal} of {n_all} datasets and coordinates have the same bits"
    lines = [verdict]
    for title, changes in (
        ("made with", found.environment),
        ("config key", found.config),
        ("attribute", found.attributes),
    ):
        lines += [
            f"  {title} {change.name}: {_short(change.original)}, now {_short(change.now)}"
            for change in changes
        ]
    for one in found.datasets:
        if one.reason:
            lines.append(f"  {one.name}: {one.reason}{_size(one)}")
    if not found.is_identical and not found.environment:
        lines.append(
            "  versions, program and machine are those of the original: the study is not reproducible as it stands"
        )
    return lines


def _size(one: DatasetComparison) -> str:
    if math.isnan(one.largest_absolute):
        return f", first at {one.case}" if one.case else ""
    unit = "" if one.unit == "1" else f" {one.unit}"
    place = f" at {one.case}" if one.case else ""
    return (
        f", at most by {one.largest_absolute:.3g}{unit}{place}, relative {one.largest_relative:.3g}"
    )


_SHOWN_LETTERS: Final = 80


def _short(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return "absent"
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."


def _path_of(results: Results) -> Path:
    if results.path is None:  # pragma: no cover - load_results gives a path
        message = "these results have no file: save them, or run the study again with scsim.run."
        raise ResultsError(message)
    return results.path


def _check_attributes(original: Results) -> None:
    """Refuse a file that lacks what a rerun needs."""
    missing = [name for name in _NEEDED if not isinstance(original.attributes.get(name), str)]
    if missing:
        message = f"{original.path} lacks the attribute {missing[0]}, so its study cannot be run again: give a results.h5 that scsim run wrote and no other program has changed."
        raise ResultsError(message)


def _read_study(original: Results, place: Path, files: Path | None) -> Study:
    """Read the study of a file, with the files that its config names put beside it."""
    known = read_described(str(original.attributes.get("inputs", "")))
    for file in known:
        place_stand_in(place, file.name, _content_of(file, files))
    # A file of an older version does not tell which files the config names: they are looked up in the folder given.
    folder = files if files is not None and not known else place
    name = f"{original.path}, attribute config"
    try:
        return parse_study(
            str(original.attributes["config"]), file=name, path=folder / "config.toml"
        )
    except ConfigError as error:
        made = original.attributes.get("scsim_version", "an unknown version")
        lost = (
            ""
            if known or files is not None
            else " If it names files, give their folder with --files DIR."
        )
        message = f"{original.path} cannot be run again: this version of scsim cannot read its config, which scsim {made} wrote. {error}\nInstall that version to run it again.{lost}"
        raise ResultsError(message) from error


def _content_of(file: InputFile, files: Path | None) -> bytes:
    """Give what a named file holds, from the results or from the folder given.

    Raises
    ------
    ResultsError
        If it is in neither, or is another file.
    """
    if file.content is not None:
        return file.content
    size = f"{file.n_bytes / _BYTES_PER_MB:.3g} MB, SHA-256 {file.sha256[:_HASH_DIGITS]}..."
    if files is None:
        message = f"the study reads {file.name} ({size}), which is too large to be kept in the results: give the folder where it lies with --files DIR."
        raise ResultsError(message)
    places = (files / file.name, files / Path(file.name).name)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        message = f"the study reads {file.name} ({size}), and {files} has no such file: give the folder where it lies with --files DIR."
        raise ResultsError(message)
    content = found.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        message = f"{found} is not the file that the study read ({size}; this one has {len(content) / _BYTES_PER_MB:.3g} MB, SHA-256 {digest[:_HASH_DIGITS]}...): find the original one, and give its folder with --files DIR."
        raise ResultsError(message)
    return content


def _changes(
    original: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Find the root attributes that differ: those of the environment, and all others but times."""
    surroundings = {"schema_version", *PLACE_ATTRIBUTES}
    surroundings.update(f"{name}_version" for name in versions())
    environment: list[Change] = []
    others: list[Change] = []
    for name in dict.fromkeys((*original, *now)):
        if name in TIME_ATTRIBUTES or name in _CONFIG:
            continue
        change = Change(name, str(original.get(name, "")), str(now.get(name, "")))
        if change.original == change.now:
            continue
        is_surrounding = name in surroundings or name.startswith("source_")
        (environment if is_surrounding else others).append(change)
    return tuple(environment), tuple(others)


def _config_changes(
    original: Mapping[str, Any], attributes: Mapping[str, Any], study: Study
) -> tuple[Change, ...]:
    """Find the keys that this version reads otherwise than the one that wrote the file, and other files behind them."""
    then, now = _flat(tomllib.loads(str(original["config"]))), _flat(study.resolved)
    changes = [
        Change(key, then.get(key, ""), now.get(key, ""))
        for key in dict.fromkeys((*then, *now))
        if then.get(key) != now.get(key)
    ]
    hashes = [str(one["config_hash"]) for one in (original, attributes)]
    if not changes and hashes[0] != hashes[1]:
        # Equal keys: the content of a file that one of them names is another.
        changes.append(Change("hash of config and files", *hashes))
    return tuple(changes)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Lay a config out as dotted keys and values in words."""
    found: dict[str, str] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{key}.")
        else:
            found[key] = repr(_plain(value))
    return found


def _plain(value: Any) -> Any:
    """Give lists for tuples, which TOML does not tell apart."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _is_same_file(source: Path, original: Results, now: Results, folder: Path) -> bool:
    """Whether the file of now has the bytes of the original one once it tells the same times."""
    times = {
        name: original.attributes[name] for name in TIME_ATTRIBUTES if name in original.attributes
    }
    with tempfile.TemporaryDirectory(prefix=".scsim-rerun-", dir=folder) as place:
        path = Path(place) / RESULTS_FILE
        save_results(Results(now.variables, {**now.attributes, **times}), path)
        return filecmp.cmp(source, path, shallow=False)
