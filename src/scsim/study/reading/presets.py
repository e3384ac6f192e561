"""``[preset.NAME]`` tables: named sets of changes to a config, which may build on each other.

::

    presets = ["wide_pulse"]             # used for the whole study

    [preset.wide_pulse]
    stimulus.pulse_width_us = 450

    [preset.wide_and_slow]
    based_on = "wide_pulse"
    stimulus.frequency_hz = 20

    [[case]]
    name = "wide and slow"
    presets = ["wide_and_slow"]          # used for one case

A preset holds whatever the config may hold, sweeps and ``[sweep]`` included, except cases, includes and other
presets. It is laid over the config key by key, a montage or a swept key as a whole. What a ``[[case]]`` says
itself is laid over its presets. What the keys mean belongs in ``expand.py``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scsim.study.config import SECTIONS
from scsim.study.reading.faults import (
    PRESET_OPTION,
    Findings,
    Source,
    kind_of,
    nearest,
    quoted_list,
    shown,
)
from scsim.study.reading.includes import Origins, joins
from scsim.study.reading.keys import ALL_KEYS, HEAD_KEYS, Table, add_unknown, field_types, find_key
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.sections import read_section
from scsim.study.reading.sweep import is_swept

_TABLES: Final = (*SECTIONS, "sweep")
"""Tables that a preset may change."""

MAX_CHAIN: Final = 50
"""Presets on which one may build, directly or not: more are a slip."""


@dataclass(frozen=True)
class Preset:
    """A preset with all that it builds on.

    Attributes
    ----------
    name : str
        Its name.
    values : dict
        What it changes: keys above the tables, and tables, each with plain values.
    paths : dict of KeyPath to KeyPath
        Where each table and each of its keys stands, such as ``("stimulus", "frequency_hz")``.
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    paths: dict[KeyPath, KeyPath] = field(default_factory=dict)

    def changed_keys(self) -> list[str]:
        """Dotted keys that it changes; a montage or a swept table as a whole."""
        return [
            dotted_key
            for name, value in self.values.items()
            for dotted_key in (
                [f"{name}.{key}" for key in value] if joins(name, {}, value) else [name]
            )
        ]

    def lay_over(self, below: "Preset") -> "Preset":
        """Give both as one, where this one has the last word."""
        joined = Preset(self.name, dict(below.values), dict(below.paths))
        for name, value in self.values.items():
            if joins(name, joined.values.get(name), value):
                joined.values[name] = {**joined.values[name], **value}
            else:
                joined.values[name] = value
                for path in [path for path in joined.paths if path[0] == name]:
                    del joined.paths[path]
        joined.paths.update(self.paths)
        return joined


def sort_by_table(
    table: Table, at: KeyPath, tables: Collection[str]
) -> tuple[dict[str, dict[str, Any]], dict[KeyPath, KeyPath]]:
    """Sort keys by config table; dotted, nested and quoted dotted keys mean the same.

    Parameters
    ----------
    table : mapping
        A ``[[case]]`` or ``[preset.NAME]``.
    at : KeyPath
        Where it stands.
    tables : collection of str
        Names of the tables that are wanted; other keys are left out.

    Returns
    -------
    tuple of dict and dict
        Table, key and value; and where each (table,) and (table, key) stands.
    """
    sorted_: dict[str, dict[str, Any]] = {}
    paths: dict[KeyPath, KeyPath] = {}
    for key, value in table.items():
        head, _, tail = key.partition(".")
        if head not in tables:
            continue
        if tail:
            sorted_.setdefault(head, {})[tail] = value
            paths[head, tail] = (*at, key)
        elif isinstance(value, Mapping):
            sorted_.setdefault(head, {}).update(value)
            paths.update({(head, inner): (*at, key, inner) for inner in value})
        else:
            continue
        paths.setdefault((head,), (*at, key))
    return sorted_, paths


def read_presets(document: Table, findings: Findings) -> dict[str, Preset]:
    """Read all ``[preset.NAME]`` tables.

    Parameters
    ----------
    document : mapping
        What ``tomllib`` read, includes merged.
    findings : Findings
        Receives the faults.

    Returns
    -------
    dict of str to Preset
        By name, each with what it builds on.
    """
    tables = document.get("preset", {})
    if not isinstance(tables, Mapping):
        problem = f"{kind_of(tables)} stands where [preset.NAME] tables are expected."
        named = shown([tables] if isinstance(tables, str) else ["small"])
        remedy = f"To use presets, write presets = {named}; to make one, [preset.small]."
        findings.add(("preset",), shown(tables), problem, remedy)
        return {}
    own = {name: _read_preset(name, table, findings) for name, table in tables.items()}
    below = {name: _based_on(name, tables, findings) for name in tables}
    whole: dict[str, Preset] = {}
    for name in own:
        preset = Preset(name)
        for one in reversed(_chain(name, below, findings)):
            preset = own[one].lay_over(preset)
        whole[name] = preset
    return whole


def _chain(name: str, below: dict[str, str | None], findings: Findings) -> list[str]:
    """List a preset and those that it builds on; a chain that is too long or closed is noted and cut."""
    chain = [name]
    while (lower := below[chain[-1]]) is not None and len(chain) <= MAX_CHAIN + 1:
        if lower in chain:
            circle = [*chain[chain.index(lower) :], lower]
            problem = f"the presets build on each other in a circle: {' → '.join(circle)}."
            remedy = "Remove one of these based_on."
            path = ("preset", circle[0], "based_on")
            findings.add(path, shown(below[lower]), problem, remedy)
            for one in circle:
                below[one] = None
            break
        chain.append(lower)
    if len(chain) > MAX_CHAIN + 1:
        problem = f"the preset builds on more than {MAX_CHAIN} others."
        path = ("preset", name, "based_on")
        findings.add(path, shown(below[name]), problem, "Join some of them.")
        below[name] = None
        return [name]
    return chain


def _read_preset(name: str, table: object, findings: Findings) -> Preset:
    """Read one preset without what it builds on."""
    at = ("preset", name)
    if not isinstance(table, Mapping):
        problem = f"{kind_of(table)} stands where a table is expected."
        remedy = f"Write [preset.{name}] on a line of its own, and below it what it changes."
        findings.add(at, shown(table), problem, remedy)
        return Preset(name)
    values, paths = sort_by_table(table, at, _TABLES)
    heads = {key: value for key, value in table.items() if key in HEAD_KEYS}
    for key, value in table.items():
        if key != "based_on" and key not in HEAD_KEYS:
            _check_preset_key((*at, key), value, findings)
    head_paths: dict[KeyPath, KeyPath] = {(key,): (*at, key) for key in heads}
    return Preset(name, {**heads, **values}, {**head_paths, **paths})


def _check_preset_key(path: KeyPath, value: object, findings: Findings) -> None:
    """Note what a preset must not hold, apart from faults of single keys and values."""
    key = str(path[-1])
    head, _, tail = key.partition(".")
    if head not in _TABLES:
        problem, remedy = "a preset has no such key.", _meant(key)
        if head in {"case", "preset", "presets", "include"}:
            problem = f"a preset cannot hold {head}."
            remedy = "Write it above all tables, or build on one preset with based_on."
        findings.add(path, shown(value), problem, remedy)
    elif not tail and not isinstance(value, Mapping):
        problem = f"{kind_of(value)} stands where the table {head} is expected."
        findings.add(path, shown(value), problem, f"Write {head}.key = value.")


def _meant(key: str) -> str:
    """Advise on a key that no preset has."""
    head, _, tail = key.partition(".")
    known = {name: table for table in SECTIONS for name in field_types(SECTIONS[table])}
    meant = find_key(key, known, cutoff=0.8)
    near = nearest(head, (*_TABLES, *HEAD_KEYS, "based_on"))
    if meant is not None and known[meant] != "montage":
        return f"Did you mean {known[meant]}.{meant}?"
    if near is not None:
        return f"Did you mean {f'{near}.{tail}' if tail else near}?"
    return "Write dotted keys, such as stimulus.amplitude_ma = 2.0."


def _based_on(name: str, tables: Table, findings: Findings) -> str | None:
    """Read which preset another one builds on."""
    table = tables[name]
    below = table.get("based_on") if isinstance(table, Mapping) else None
    if below is None:
        return None
    if isinstance(below, str) and below in tables:
        return below
    problem = "based_on names one other preset, as text in quotes."
    remedy = 'Write, for example, based_on = "small".'
    if isinstance(below, str):
        problem, remedy = _unknown(below, tables)
    findings.add(("preset", name, "based_on"), shown(below), problem, remedy)
    return None


def _unknown(name: str, presets: Iterable[str]) -> tuple[str, str]:
    """Word the name of a preset that does not exist."""
    known = list(presets)
    if not known:
        remedy = f"Write [preset.{name}] and below it what it changes, or leave the name out."
        return "the config has no presets.", remedy
    near = nearest(name, known)
    remedy = f'Did you mean "{near}"?' if near else f"Write one of these, or [preset.{name}]."
    return f"there is no such preset; there is {quoted_list(known)}.", remedy


def chosen_presets(
    names: object, at: KeyPath, presets: Mapping[str, Preset], findings: Findings
) -> list[Preset]:
    """Find the presets that ``presets = [...]``, or an option, asks for.

    Parameters
    ----------
    names : object
        What stands there.
    at : KeyPath
        Where it stands.
    presets : mapping of str to Preset
        All there are.
    findings : Findings
        Receives the faults.

    Returns
    -------
    list of Preset
        In the order in which they are laid over the config.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        problem = f"{kind_of(names)} stands where a list of names is expected."
        if isinstance(names, list | tuple):
            problem = "the names of presets must be texts in quotes."
        example = shown([names]) if isinstance(names, str) else '["small"]'
        findings.add(at, shown(names), problem, f"Write presets = {example}.")
        return []
    for name in names:
        if name not in presets:
            key = "" if at == (PRESET_OPTION,) else None
            findings.add(at, shown(name), *_unknown(name, presets), key=key)
    return [presets[name] for name in names if name in presets]


def lay_over_config(
    document: Table, chosen: Sequence[Preset], source: Source
) -> tuple[dict[str, Any], Origins]:
    """Lay presets over a config.

    Parameters
    ----------
    document : mapping
        The config.
    chosen : sequence of Preset
        The last one has the last word.
    source : Source
        Where the keys of the config and of its presets stand.

    Returns
    -------
    tuple of dict and Origins
        The changed config, and where its parts come from.
    """
    changed = dict(document)
    origins: Origins = dict(source.origins)
    for preset in chosen:
        for name, value in preset.values.items():
            was_there = name in changed
            if joins(name, changed.get(name), value):
                changed[name] = {**changed[name], **value}
            else:
                changed[name] = value
                for path in [path for path in origins if path[0] == name]:
                    del origins[path]
                was_there = False
            for path, at in preset.paths.items():
                # A key that is missing is told where the config has the table, not where the preset changes it.
                if path[0] == name and not (was_there and len(path) == 1):
                    origins[path] = (source, at)
    return changed, origins


def check_unused(presets: Iterable[Preset], findings: Findings) -> None:
    """Note faults of names and single values in presets that the study does not use.

    Parameters
    ----------
    presets : iterable of Preset
    findings : Findings
        Receives the faults.
    """
    for preset in presets:
        tables = {"": {key: preset.values[key] for key in HEAD_KEYS if key in preset.values}}
        tables |= {
            name: table
            for name, table in preset.values.items()
            if name in SECTIONS and name != "montage" and not is_swept(table)
        }
        for name, table in tables.items():

            def path_of(key: str, name: str = name, preset: Preset = preset) -> KeyPath:
                path = tuple(part for part in (name, key) if part)
                return preset.paths.get(path, ("preset", preset.name, *path))

            plain = {}
            for key, value in table.items():
                if not is_swept(value):
                    plain[key] = value
                elif name and key not in field_types(SECTIONS[name]):
                    add_unknown(name, key, value, findings, path_of(key))
            read_section(name, plain, findings, path_of, told={ALL_KEYS})
