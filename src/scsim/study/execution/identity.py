"""What a study folder was made from, and how that differs from what is to run now.

The folder itself is handled in ``folder.py``; which part of the program a stage depends on is found in ``sources.py``.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scsim.errors import ResultsError
from scsim.study.config import resolved_toml
from scsim.study.provenance import cpu_target, identify, versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scsim.study.config import Study

IDENTITY_FILE: Final = "study.json"

KEYS: Final = ("title", "config_hash", "source_hash")
"""What every identity has."""

_LIBRARIES: Final = ("numpy", "scipy", "numba", "python")
"""Libraries whose version may be in the last bits of a result."""

_MOST_SHOWN: Final = 6
_WIDEST: Final = 40


@dataclass(frozen=True)
class Identity:
    """What the file of a folder says.

    Attributes
    ----------
    title, config_hash, source_hash : str
    config : str
        Resolved config, TOML; empty if it is not known.
    versions : mapping of str to str
    cpu_target : str
        Processor for which kernels were compiled; empty if it is not known.
    folder : str
        Where the files lie that the config names; empty if it is not known.
    """

    title: str
    config_hash: str
    source_hash: str
    config: str
    versions: Mapping[str, str]
    cpu_target: str
    folder: str


def identity_text(study: Study) -> str:
    """Write the identity of a study and of the program that runs it.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        JSON.
    """
    content = {
        **identify(study),
        "cpu_target": cpu_target(),
        "versions": versions(),
        "folder": _folder_of(study),
        "config": resolved_toml(study),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _folder_of(study: Study) -> str:
    folder = study.cases[0].config.folder
    return "" if folder is None else str(folder.resolve())


def read_identity(folder: Path) -> Identity:
    """Read the identity of a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Identity

    Raises
    ------
    ResultsError
        If the file is damaged.
    OSError
        If it cannot be read.
    """
    path = folder / IDENTITY_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        title, config_hash, source_hash = (_as_text(found[key]) for key in KEYS)
        return Identity(
            title,
            config_hash,
            source_hash,
            _as_text(found.get("config", "")),
            {str(name): _as_text(one) for name, one in dict(found.get("versions", {})).items()},
            _as_text(found.get("cpu_target", "")),
            _as_text(found.get("folder", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} is damaged ({error}): choose another folder with --out, or start over with --fresh."
        raise ResultsError(message) from error


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    message = f"{value!r} is no text"
    raise TypeError(message)


def describe_change(found: Identity, study: Study) -> str:
    """Say how a folder differs from what is to run now.

    Parameters
    ----------
    found : Identity
        Of the folder.
    study : Study

    Returns
    -------
    str
        Empty if nothing that enters a number differs.
    """
    identity = identify(study)
    if found.config_hash != identity["config_hash"]:
        is_older = found.source_hash != identity["source_hash"]
        also = ", computed by another version of scsim" if is_older else ""
        return (
            f"holds another study, {found.title!r} (config {found.config_hash[:12]}, this one is "
            f"{identity['config_hash'][:12]}; {_changed_keys(found.config, study)}){also}"
        )
    changed = _changed_versions(found.versions)
    if found.source_hash != identity["source_hash"]:
        also = f"; {changed}" if changed else ""
        return (
            f"was computed by another version of scsim (source {found.source_hash[:12]}, this one is "
            f"{identity['source_hash'][:12]}{also}), so its numbers may differ"
        )
    if changed:
        return f"was computed with other versions of libraries ({changed}), so its numbers may differ in the last bits"
    return ""


def describe_processors(one: str, target: str, other: str, other_target: str) -> str:
    """Say that two processors may differ in the last bits of results.

    Parameters
    ----------
    one, other : str
        What was computed where, as the subject of a sentence.
    target, other_target : str
        Processors for which kernels were compiled there; empty if one is not known.

    Returns
    -------
    str
        Empty if they do not differ.
    """
    if not target or not other_target or target == other_target:
        return ""
    return (
        f"{one} was computed on {target}, {other} on {other_target}: the last bits of results may depend on where a "
        "batch was computed; set NUMBA_CPU_NAME to one target on all machines to avoid it"
    )


def _changed_versions(found: Mapping[str, str]) -> str:
    now = versions()
    return ", ".join(
        f"{name} {found[name]}, now {now[name]}"
        for name in ("scsim", *_LIBRARIES)
        if name in found and found[name] != now[name]
    )


def _changed_keys(found: str, study: Study) -> str:
    """Name the keys of the resolved config that differ, with both values."""
    if not found:
        return "it does not say what differs"
    try:
        before = _flat(tomllib.loads(found))
    except tomllib.TOMLDecodeError:
        return "it does not say what differs"
    now = _flat(tomllib.loads(resolved_toml(study)))
    changed = [key for key in dict.fromkeys((*before, *now)) if before.get(key) != now.get(key)]
    if not changed:
        return "a file that the config names has other content"
    shown = [f"{key}: {_say(before, key)}, now {_say(now, key)}" for key in changed[:_MOST_SHOWN]]
    more = len(changed) - len(shown)
    return "; ".join(shown) + (f"; and {more} more keys" if more else "")


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give the values of a config by dotted key; lists of tables count their entries from 1."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for place, one in enumerate(value, start=1):
                found |= _flat(one, f"{prefix}{key}[{place}].")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _say(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return "absent"
    text = json.dumps(values[key], ensure_ascii=False, default=str)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
