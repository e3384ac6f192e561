"""TOML → study: reads a config file with its includes, presets and overrides, and tells all faults at once.

Here the parts are put together. The text of one file belongs in ``texts.py``, merging of files in ``includes.py``,
presets in ``presets.py``; what the tables may hold and which cases follow is found in ``expand.py``.
"""

import copy
import gc
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from scsim.errors import ConfigError
from scsim.study.config import Study
from scsim.study.reading.cases import override_keys
from scsim.study.reading.expand import build_study
from scsim.study.reading.faults import (
    OVERRIDE_FILE,
    PRESET_OPTION,
    EnoughError,
    Findings,
    dotted,
    shown,
)
from scsim.study.reading.includes import read_includes
from scsim.study.reading.presets import (
    Preset,
    check_unused,
    chosen_presets,
    lay_over_config,
    read_presets,
)
from scsim.study.reading.texts import BARE_WORD, Page, parse_page, read_page, too_deep
from scsim.units import unit_of


def load_study(
    path: str | Path, overrides: Sequence[str] = (), presets: Sequence[str] = ()
) -> Study:
    """Read a config file.

    Parameters
    ----------
    path : str or pathlib.Path
        A TOML file.
    overrides : sequence of str
        ``key=value`` with a dotted key and a TOML value, such as ``stimulus.pulse_width_us=300``; each one
        replaces what the file says, sweeps included. Texts need no quotes.
    presets : sequence of str
        Names of ``[preset.NAME]`` tables of the config, laid over it in this order, after those that the config
        uses itself and before the overrides.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        With every fault of the file, of the files that it includes, and of the overrides.
    """
    path = Path(path)
    return _read_study(read_page(path), path, overrides, presets)


def parse_study(
    text: str,
    *,
    file: str = "config",
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    path: Path | None = None,
) -> Study:
    """Read a config from text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        What messages call it.
    overrides, presets : sequence of str
        As `load_study`.
    path : pathlib.Path, optional
        Where the text comes from, kept in the study.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        With every fault.
    """
    return _read_study(parse_page(text, file), path, overrides, presets)


def _read_study(
    page: Page, path: Path | None, overrides: Sequence[str], asked: Sequence[str]
) -> Study:
    with _no_collection():
        try:
            return _put_together(page, path, overrides, asked)
        except RecursionError:
            raise ConfigError([too_deep(page.file)]) from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the search for garbage in circles: there is none here, and among 100 000 new cases it takes most of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _put_together(
    page: Page, path: Path | None, overrides: Sequence[str], asked: Sequence[str]
) -> Study:
    document, origins = read_includes(page, path)
    findings = Findings(replace(page.source, origins=origins))
    try:
        study = _use_parts(document, findings, path, overrides, asked)
    except EnoughError:
        study = None
    if study is None:
        raise ConfigError(findings.faults())
    return study


def _use_parts(
    document: dict[str, Any],
    findings: Findings,
    path: Path | None,
    overrides: Sequence[str],
    asked: Sequence[str],
) -> Study | None:
    """Lay presets and overrides over a config, and read it; None after a fault."""
    presets = read_presets(document, findings)
    document = _use_presets(document, presets, asked, findings)
    sets, set_faults = _read_overrides(overrides)
    for key, value, problem, remedy in set_faults:
        findings.add((OVERRIDE_FILE,), value, problem, remedy, key=key)
    overridden = frozenset(_outermost_change(document, key) for key, _ in sets)
    findings.source = replace(findings.source, overridden=overridden)
    document = _apply_overrides(document, sets, presets, findings)
    return build_study(document, findings, path, presets)


# Presets.


def _use_presets(
    document: dict[str, Any],
    presets: Mapping[str, Preset],
    asked: Sequence[str],
    findings: Findings,
) -> dict[str, Any]:
    """Lay presets over a config: those that it uses itself, then those asked for outside it."""
    written = chosen_presets(document.get("presets", []), ("presets",), presets, findings)
    from_outside = chosen_presets(tuple(asked), (PRESET_OPTION,), presets, findings)
    for preset in from_outside:
        for key in preset.changed_keys():
            _is_undone(document, key, shown(preset.name), (PRESET_OPTION,), presets, findings)
    used = {preset.name for preset in (*written, *from_outside)}
    check_unused((one for name, one in presets.items() if name not in used), findings)
    rest = {name: value for name, value in document.items() if name not in {"preset", "presets"}}
    changed, origins = lay_over_config(rest, [*written, *from_outside], findings.source)
    findings.source = replace(findings.source, origins=origins)
    return changed


# Overrides.


_NOT_SET: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "case": ("overrides cannot reach into [[case]] tables.", "Edit the case in the file."),
        "preset": (
            "overrides cannot reach into [preset.NAME] tables.",
            "Set the key itself: overrides come after presets.",
        ),
        "presets": ("overrides cannot choose presets.", "Use --preset NAME."),
        "include": ("overrides cannot include files.", "Write include in the file."),
    }
)
"""What no override can set: problem and remedy."""


def _read_overrides(
    overrides: Iterable[str],
) -> tuple[list[tuple[tuple[str, ...], Any]], list[tuple[str, str, str, str]]]:
    """Split ``key=value`` texts into paths and values, and faults as (key, value, problem, remedy)."""
    sets: list[tuple[tuple[str, ...], Any]] = []
    faults = []
    for override in overrides:
        key, mark, text = (part.strip() for part in override.partition("="))
        path = tuple(part.strip() for part in key.split("."))
        if not mark or not all(path):
            problem = "an override is KEY=VALUE with a dotted key."
            faults.append(
                (override, "", problem, "Write, for example, stimulus.pulse_width_us=300.")
            )
            continue
        if path[0] in _NOT_SET:
            problem, remedy = _NOT_SET[path[0]]
            faults.append((key, text, problem, remedy))
            continue
        try:
            parsed = tomllib.loads(f"value = {text}")
            sets.append((path, parsed["value"]))
            is_alone = len(parsed) == 1
        except (ValueError, RecursionError):
            is_alone = bool(BARE_WORD.fullmatch(text))
            sets.append((path, text))
        if not is_alone:
            sets.pop()
            problem = "the value is not TOML." if text else "the value is missing."
            remedy = "Write a number (300), a text (healthy), or a list ([1, 2]); quote the whole for the shell."
            faults.append((key, text, problem, remedy))
    return sets, faults


def _outermost_change(document: dict[str, Any], key: tuple[str, ...]) -> tuple[str, ...]:
    """Give the part of a key that the file does not have as a table: there an override begins."""
    table: Any = document
    for depth, part in enumerate(key, start=1):
        table = table.get(part)
        if not isinstance(table, dict):
            return key[:depth]
    return key


def _apply_overrides(
    document: dict[str, Any],
    sets: Iterable[tuple[tuple[str, ...], Any]],
    presets: Mapping[str, Preset],
    findings: Findings,
) -> dict[str, Any]:
    """Put overrides in their place; refuse those that a ``[[case]]`` would undo."""
    changed = document
    for path, value in sets:
        key = dotted(path)
        if not _is_undone(document, key, shown(value, unit_of(key)), path, presets, findings):
            changed = _with_value(changed, path, copy.deepcopy(value))
    return changed


def _is_undone(  # noqa: PLR0917 - five of them say what and where
    document: Mapping[str, Any],
    key: str,
    value: str,
    path: tuple[str, ...],
    presets: Mapping[str, Preset],
    findings: Findings,
) -> bool:
    """Whether ``[[case]]`` tables set a key themselves; if so, note it."""
    cases = document.get("case")
    case_list = cases if isinstance(cases, list) else []
    undone = [case.get("name") for case in case_list if key in override_keys(case, presets)]
    if undone:
        names = ", ".join(map(shown, undone))
        problem = f"[[case]] tables set this key themselves: {names}."
        remedy = "Edit them in the file, or remove the override."
        if path == (PRESET_OPTION,):
            remedy = "Edit them in the file, or use a preset without this key."
        findings.add(path, value, problem, remedy, key=key)
    return bool(undone)


def _with_value(table: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Copy a table with a value put in its place, making tables on the way; the given one stays as it is."""
    first, *rest = path
    inner = table.get(first)
    if rest:
        value = _with_value(inner if isinstance(inner, dict) else {}, rest, value)
    return {**table, first: value}
