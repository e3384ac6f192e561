"""One config table against the dataclass that holds it: types, ranges and missing keys.

pydantic decides; this file words what it found for people who edit configs. Names of keys belong in
``keys.py``, faults that no type or range tells in ``checks.py``, sweeps in ``sweep.py``.
"""

import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from pydantic import TypeAdapter

from scsim.formats.tables import load_table
from scsim.study.config import SECTIONS
from scsim.study.reading.faults import Findings, allowed, kind_of, nearest, shown
from scsim.study.reading.keys import ALL_KEYS, Table, add_unknown, field_types, section_class
from scsim.study.reading.lines import KeyPath
from scsim.units import unit_of

_LARGEST_NUMBER: Final = 1e308
_CONDUCTIVITIES: Final = "conductivities/default"
"""Table of the values that ``[conductivity]`` may change."""


@lru_cache(maxsize=128)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


@lru_cache(maxsize=64)
def field_docs(section: type) -> Mapping[str, str]:
    """Read the Attributes section of a docstring.

    Parameters
    ----------
    section : type
        A dataclass with a numpydoc docstring.

    Returns
    -------
    mapping of str to str
        Field and its description on one line.
    """
    _, _, text = (section.__doc__ or "").partition("Attributes\n")
    docs: dict[str, list[str]] = {}
    names: list[str] = []
    for line in text.splitlines()[1:]:
        head = re.match(r" {0,4}(\w[\w, ]*?) : ", line)
        if head:
            # Names that are followed by more names share the description below.
            shared = [name for name in names if name not in docs]
            names = [*shared, *head.group(1).split(", ")]
        elif line.strip():
            for name in names:
                docs.setdefault(name, []).append(line.strip())
    return MappingProxyType({name: " ".join(lines) for name, lines in docs.items()})


@lru_cache(maxsize=1)
def _template() -> Table:
    """Read the starter config, with the optional keys that it only mentions."""
    text = files("scsim").joinpath("data/templates/study.toml").read_text(encoding="utf-8")
    table = ""
    lines = []
    for line in text.splitlines():
        head = re.match(r"\[(\w+)\]", line)
        if head:
            table = head[1]
        mentioned = re.match(r"# (\w+) = ", line)
        is_key = mentioned and table in SECTIONS and mentioned[1] in field_types(SECTIONS[table])
        lines.append(line.removeprefix("# ") if is_key else line)
    return tomllib.loads("\n".join(lines))


def example(table: str, key: str) -> str:
    """Show how a key may be written, from the commented starter config.

    Parameters
    ----------
    table, key : str
        Table (empty for the keys above the first table) and key.

    Returns
    -------
    str
        For example ``pulse_width_us = 210``.
    """
    section = _template().get(table, {}) if table else _template()
    if table == "conductivity" and key not in section:
        section = {name: one.value for name, one in load_table(_CONDUCTIVITIES).entries.items()}
    return f"{key} = {shown(section[key], width=200)}" if key in section else key


NOT_SOUND: Final = object()
"""Stands for a value that has a fault."""


class Reading(NamedTuple):
    """What one table says.

    Attributes
    ----------
    section : object
        The section, None if it has faults.
    sound : mapping of str to object
        Every key whose value is known: written without fault, or left to its default.
    """

    section: Any
    sound: Mapping[str, Any]


def read_section(
    table: str,
    values: Table,
    findings: Findings,
    path_of: Callable[[str], KeyPath],
    *,
    told: Collection[str] = (),
) -> Reading:
    """Validate one table without sweeps, key by key.

    Parameters
    ----------
    table : str
        Name of the table, empty for the keys above the first one. Not ``montage``, whose keys are the
        contacts of the lead: `checks.read_montage`.
    values : mapping
        Keys and plain values.
    findings : Findings
        Receives the faults.
    path_of : callable
        Gives the place of a key of this table.
    told : collection of str
        Keys that are not there because of a fault already noted; `ALL_KEYS` for each that is not there.

    Returns
    -------
    Reading
    """
    section = section_class(table)
    known = field_types(section)
    unknown = [key for key in values if key not in known]
    # In a case, a mistyped key was to replace the sound one of the base.
    meant = {add_unknown(table, key, values[key], findings, path_of(key))[1] for key in unknown}
    sound: dict[str, Any] = {}
    for field in fields(section):
        key = field.name
        if key in values:
            try:
                value = _validated(known[key], values[key])
            except ValueError:
                _add_value_fault(table, key, values[key], findings, path_of(key))
                continue
            if key not in meant:
                sound[key] = value
        elif key in meant or key in told or ALL_KEYS in told:
            continue
        elif field.default is not MISSING:
            sound[key] = field.default
        elif field.default_factory is not MISSING:
            sound[key] = field.default_factory()
        else:
            _add_missing(table, key, findings, path_of(key))
    is_whole = not unknown and len(sound) == len(known)
    return Reading(section(**sound) if is_whole else None, sound)


def read_values(
    table: str, key: str, values: Sequence[Any], findings: Findings, path: KeyPath
) -> list[Any]:
    """Validate the values of one swept key.

    Parameters
    ----------
    table, key : str
        Table (empty for the keys above the first one) and key.
    values : sequence
        Plain values.
    findings : Findings
        Receives the faults.
    path : KeyPath
        Where the key stands.

    Returns
    -------
    list
        As the field takes them; `NOT_SOUND` for those with a fault.
    """
    annotation = field_types(section_class(table))[key]
    try:
        # All at once: a hundred times faster than one by one.
        return list(_validated(types.GenericAlias(tuple, (annotation, ...)), list(values)))
    except ValueError:
        read = []
    for value in values:
        try:
            read.append(_validated(annotation, value))
        except ValueError:
            read.append(NOT_SOUND)
            _add_value_fault(table, key, value, findings, path)
    return read


def describe_key(key: str) -> str:
    """Give the explanation of a config key.

    Parameters
    ----------
    key : str
        Dotted key, a key above the tables, or a table.

    Returns
    -------
    str
        From the docstring of its section; for a whole table what it is.
    """
    table, _, name = key.rpartition(".")
    if not table and key in SECTIONS:
        return "Table of the config, by its label."
    explained = field_docs(section_class(table)).get(name, "Share of the current of a contact.")
    return explained.replace("``", "")


def _validated(annotation: Any, value: object) -> Any:
    """Give a value as its field takes it; ValueError if it does not."""
    if not _is_readable(value):
        msg = "not a value of JSON"
        raise ValueError(msg)
    return _adapter(annotation).validate_json(json.dumps(value), strict=True)


def _is_readable(value: object) -> bool:
    """Whether every number is finite and nothing is a date: what strict JSON can hold."""
    if isinstance(value, bool | str):
        return True
    if isinstance(value, int | float):
        return math.isfinite(value) if isinstance(value, float) else abs(value) < _LARGEST_NUMBER
    if isinstance(value, list):
        return all(map(_is_readable, value))
    if isinstance(value, Mapping):
        return all(map(_is_readable, value.values()))
    return False


def _about(table: str, key: str) -> str:
    """Give the explanation of a key that ends a remedy."""
    text = field_docs(section_class(table)).get(key, "").replace("``", "")
    sentence = re.split(r"(?<=[.;:])\s", text, maxsplit=1)[0].rstrip(".;:")
    return f" ({key}: {sentence[:1].lower()}{sentence[1:]}.)" if " " in sentence else ""


def _add_missing(table: str, key: str, findings: Findings, path: KeyPath) -> None:
    """Note a key without a default that is not there."""
    needs = allowed(field_types(section_class(table))[key], unit_of(key))
    place = f"below [{table}]" if table else "above the first table"
    findings.add(
        path,
        "",
        f"this key is missing; it must be {needs}.",
        f"Add it {place}, for example {example(table, key)}.{_about(table, key)}",
    )


def _add_value_fault(
    table: str, key: str, value: object, findings: Findings, path: KeyPath
) -> None:
    """Note a value of the wrong kind or out of range."""
    annotation = field_types(section_class(table))[key]
    unit = unit_of(key)
    needs = allowed(annotation, unit)
    problem = f"{kind_of(value)} stands where {needs} is expected."
    remedy = f"Write it like this: {example(table, key)}."
    match value:
        case Mapping():
            remedy = _table_remedy(key, value)
        case str():
            problem, remedy = _text_fault(table, key, value, problem)
        case list():
            problem, remedy = _list_fault(table, key, value)
        case int() | float() if not isinstance(value, bool):
            problem, remedy = _number_fault(table, key, value, problem)
    findings.add(path, shown(value, unit), problem, remedy + _about(table, key))


def _number_fault(table: str, key: str, value: float, wrong_kind: str) -> tuple[str, str]:
    """Word a fault of a number."""
    annotation = field_types(section_class(table))[key]
    needs = allowed(annotation, unit_of(key))
    usual = f"Write it like this: {example(table, key)}."
    if not _takes(annotation, (int, float)):
        texts = _takes(annotation, (str,))
        return wrong_kind, f"Put the text in quotes: {example(table, key)}." if texts else usual
    if not _is_readable(value):
        return f"the number is not finite; it must be {needs}.", usual
    if isinstance(value, float) and not _takes(annotation, (float,)):
        problem = f"a number with a decimal point stands where {needs} is expected."
        return problem, f"Write {key} = {round(value)}." if value == round(value) else usual
    return f"out of range: it must be {needs}.", "Write a value in that range."


def _text_fault(table: str, key: str, value: str, wrong_kind: str) -> tuple[str, str]:
    """Word a fault of a text: mostly a mistyped name, or a number in quotes with or without a unit."""
    annotation = field_types(section_class(table))[key]
    unit = unit_of(key)
    if not _takes(annotation, (str,)):
        number = re.match(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(\S*)\s*$", value)
        if not _takes(annotation, (int, float)):
            return wrong_kind, f"Put it in brackets: {key} = [{shown(value)}]."
        if number is None:
            return wrong_kind, f"Write a number without quotes, for example {example(table, key)}."
        bare = f"Remove the quotes: {key} = {number.group(1)}."
        has_unit = number.group(2) and unit != "1"
        return (
            wrong_kind,
            f"{bare} The unit is part of the key and always {unit}." if has_unit else bare,
        )
    needs = allowed(annotation, unit)
    names = _literals(annotation)
    if not names:
        return (
            f"the text does not fit; it must be {needs}.",
            f"Write, for example, {example(table, key)}.",
        )
    near = nearest(value, names)
    remedy = f'Did you mean {key} = "{near}"?' if near else f'Write {key} = "{names[0]}".'
    return f'there is no {key} "{value}"; it must be {needs}.', remedy


def _takes(annotation: Any, kinds: Iterable[type]) -> bool:
    """Whether an annotation takes a scalar of one of these kinds."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _takes(typing.get_args(annotation)[0], kinds)
    if typing.get_origin(annotation) is Literal:
        return any(isinstance(name, tuple(kinds)) for name in typing.get_args(annotation))
    if typing.get_origin(annotation) is tuple:
        return False
    members = typing.get_args(annotation)
    return (
        any(_takes(member, kinds) for member in members) if members else annotation in tuple(kinds)
    )


def numbers_of(annotation: Any) -> str | None:
    """Say which numbers a field takes: ``floats``, ``wholes``, or None if it takes no single number."""
    if _takes(annotation, (float,)):
        return "floats"
    return "wholes" if _takes(annotation, (int,)) else None


def _takes_list(annotation: Any) -> bool:
    if typing.get_origin(annotation) is tuple:
        return True
    return any(map(_takes_list, typing.get_args(annotation)))


def _literals(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is Literal:
        return list(typing.get_args(annotation))
    return [name for member in typing.get_args(annotation) for name in _literals(member)]


def _table_remedy(key: str, value: Table) -> str:
    """Advise on a table where a plain value belongs: mostly a sweep gone wrong."""
    for name in ("linspace", "logspace"):
        if name in value:
            return f"To sweep it, write {key} = {{ sweep = {{ {name} = {shown(value[name])} }} }}."
    for name, item in value.items():
        if nearest(name, ["sweep"]):
            return f"Did you mean {key} = {{ sweep = {shown(item)} }}?"
    return f"Write one value, or {key} = {{ sweep = [...] }} to sweep several."


def _list_fault(table: str, key: str, value: list[Any]) -> tuple[str, str]:
    """Word a fault of a list."""
    annotation = field_types(section_class(table))[key]
    needs = allowed(annotation, unit_of(key))
    if not _takes_list(annotation):
        problem = f"a list stands where {needs} is expected."
        if table:
            return (
                problem,
                f"To sweep over these values, write {key} = {{ sweep = {shown(value)} }}.",
            )
        return problem, "Write one value."
    if not value:
        return f"the list is empty; it must be {needs}.", f"Write {example(table, key)}."
    problem = f"a list of {len(value)} with these entries does not fit; it must be {needs}."
    usual = _template().get(table, {}).get(key)
    if isinstance(usual, float):
        return problem, f"Write it like this: {key} = {shown([usual] * 3)}."
    return problem, f"Write it like this: {example(table, key)}."
