"""Collecting the faults of a config, and the phrases that their messages share.

A fault says where (file, line, key), what (the value with its unit), what is allowed and what to do.
Deciding whether something is a fault belongs in ``sections.py``, ``sweep.py`` and ``checks.py``.
"""

import datetime as dt
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import Any, Final, Literal, Union

from annotated_types import Ge, Gt, Le, Len, Lt, MaxLen, MinLen

from scsim.errors import Fault
from scsim.study.reading.lines import KeyPath

OVERRIDE_FILE: Final = "--set"
"""What stands for the file in faults of overrides."""

PRESET_OPTION: Final = "--preset"
"""What stands for the file in faults of presets asked for outside the file."""

MAX_FAULTS: Final = 50
"""Different faults after which the search ends."""

MAX_VALUES: Final = 10_000
"""Values and places at fault after which the search ends."""

_NAMES_SHOWN: Final = 40
_NAMES_COMPARED: Final = 300
_LONGEST_NAME: Final = 100
_VALUES_SHOWN: Final = 3
_PROBLEMS_SHOWN: Final = 5
_WIDTH_SHOWN: Final = 70


@dataclass(frozen=True)
class Source:
    """Where the keys of a config come from.

    Attributes
    ----------
    file : str
        The config as the user named it.
    lines : mapping of KeyPath to int, or callable
        From `scsim.study.reading.lines.key_lines`, or a function that finds them, called when a fault is told; may
        be empty.
    overridden : frozenset of KeyPath
        Keys and tables that an override has set or made.
    origins : mapping of KeyPath to (Source, KeyPath)
        Tables and keys that come from another place, an included file or a preset, and where they stand there.
    """

    file: str
    lines: Mapping[KeyPath, int] | Callable[[], Mapping[KeyPath, int]]
    overridden: frozenset[KeyPath] = frozenset()
    origins: Mapping[KeyPath, tuple["Source", KeyPath]] = field(default_factory=dict)

    @cached_property
    def known_lines(self) -> Mapping[KeyPath, int]:
        """The lines of all keys."""
        return self.lines() if callable(self.lines) else self.lines

    def place(self, path: KeyPath) -> tuple[str, int | None]:
        """Give file and line of a key, or of the innermost table that should hold it.

        A path that begins with an option of the command line is what the option says.
        """
        if path[:1] in {(OVERRIDE_FILE,), (PRESET_OPTION,)}:
            return str(path[0]), None
        heads = [path[:length] for length in range(len(path), 0, -1)]
        if any(head in self.overridden for head in heads):
            return OVERRIDE_FILE, None
        for head in heads:
            if head in self.origins:
                source, at = self.origins[head]
                return source.place((*at, *path[len(head) :]))
        lines = self.known_lines
        return self.file, next((lines[head] for head in heads if head in lines), None)


class EnoughError(Exception):
    """So many faults that nobody would read more."""


class Findings:
    """The faults of one config found so far.

    Faults that differ in the value alone (a sweep that leaves the range) are told as one. `add` raises `EnoughError`
    after `MAX_FAULTS` different faults, or `MAX_VALUES` in all.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.case_names: dict[int, str] = {}
        self._values: dict[tuple[KeyPath, str, str, str], dict[str, None]] = {}
        self._n_added = 0

    def __len__(self) -> int:
        return len(self._values)

    def add(
        self, path: KeyPath, value: str, problem: str, remedy: str, *, key: str | None = None
    ) -> None:
        """Note a fault.

        Parameters
        ----------
        path : KeyPath
            Where it stands, for file and line.
        value : str
            The value as text, empty without one.
        problem, remedy : str
            Sentences.
        key : str, optional
            The key as the user knows it, if it is not `path` with dots.
        """
        name = self._key(path) if key is None else key
        values = self._values.setdefault((path, name, problem, remedy), {})
        if value:
            values[value] = None
        self._n_added += 1
        if self.is_full:
            raise EnoughError

    @property
    def is_full(self) -> bool:
        """Whether there are so many faults that nobody would read more."""
        return len(self._values) >= MAX_FAULTS or self._n_added >= MAX_VALUES

    def _key(self, path: KeyPath) -> str:
        """Name a key as its user would: that of a ``[[case]]`` by the name of the case."""
        match path:
            case ("case", int(index), _, *_) if index in self.case_names:
                name = f'case "{self.case_names[index]}", {dotted(path[2:])}'
            case _:
                name = dotted(path)
        return name if len(name) <= 2 * _LONGEST_NAME else f"{name[: 2 * _LONGEST_NAME]}..."

    def faults(self) -> tuple[Fault, ...]:
        """Give all faults in the order of the files, those without a line first, options last."""
        told: dict[tuple[KeyPath, str], int] = {}
        faults = []
        for (path, key, problem, remedy), values in self._values.items():
            count = told[path, key] = told.get((path, key), 0) + 1
            if count > _PROBLEMS_SHOWN:
                continue
            file, line = self.source.place(path)
            faults.append(Fault(file, line, key, _few(list(values)), problem, remedy))
        for (path, key), count in told.items():
            if count > _PROBLEMS_SHOWN:
                file, line = self.source.place(path)
                more = count - _PROBLEMS_SHOWN
                problem = f"{more} more faults of this key are not listed."
                faults.append(Fault(file, line, key, "", problem, "Correct those above first."))
        listed = sorted(faults, key=self._order)
        if self.is_full:
            problem = "there are more faults than are listed here."
            remedy = "Correct those above first."
            listed.append(Fault(self.source.file, None, "", "", problem, remedy))
        return tuple(listed)

    def _order(self, fault: Fault) -> tuple[int, str, int]:
        """Place of a fault among others: the config first, then files that it includes, then options."""
        is_option = fault.file in {OVERRIDE_FILE, PRESET_OPTION}
        rank = 2 if is_option else int(fault.file != self.source.file)
        return rank, fault.file, fault.line or 0


def _few(values: Sequence[str]) -> str:
    if len(values) <= _VALUES_SHOWN + 1:
        return ", ".join(values)
    return f"{', '.join(values[:_VALUES_SHOWN])} and {len(values) - _VALUES_SHOWN} more"


def dotted(path: KeyPath) -> str:
    """Write a path as users write it: ``stimulus.amplitude_ma``, ``case[2].name`` (counted from 1)."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def shown(value: object, unit: str = "1", *, width: int = _WIDTH_SHOWN) -> str:
    """Show a value as TOML would write it, shortened, with its unit if it is a number.

    Parameters
    ----------
    value : object
        A value as ``tomllib`` gives it.
    unit : str
        Unit of the key, ``1`` without one.
    width : int
        Longest text shown whole.

    Returns
    -------
    str
    """
    text = _toml(value, width + 1)
    if len(text) > width:
        text = f"{text[: width - 3]}..."
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{text} {unit}" if is_number and unit != "1" else text


def _toml(value: object, room: int) -> str:
    """Write a value; of long ones at least `room` characters, and not much more."""
    match value:
        case bool():
            text = "true" if value else "false"
        case float():
            text = f"{value:.12g}"
            text = text if re.search(r"[.ena]", text) else f"{text}.0"
        case int():
            # Python refuses to write integers of thousands of digits.
            text = f"{value}" if abs(value) < 10**20 else f"about 2^{value.bit_length()}"
        case str():
            text = "".join(
                sign if sign.isprintable() else f"\\u{ord(sign):04x}"
                for sign in value[: max(room, 0)]
            )
            text = f'"{text}"'
        case Mapping():
            items = (
                f"{key[: max(room, 0)]} = {_toml(item, room - 4)}" for key, item in value.items()
            )
            text = f"{{ {_joined(items, room)} }}" if room > 0 else "{ ... }"
        case list() | tuple():
            items = (_toml(item, room - 2) for item in value)
            text = f"[{_joined(items, room)}]" if room > 0 else "[...]"
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text


def _joined(items: Iterable[str], room: int) -> str:
    """Join with commas until the room is used up."""
    parts = []
    for item in items:
        parts.append(item)
        room -= len(item)
        if room < 0:
            break
    return ", ".join(parts)


def kind_of(value: object) -> str:
    """Name the kind of a TOML value in plain words."""
    if isinstance(value, bool):
        return _toml(value, _WIDTH_SHOWN)
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (Mapping, "a table"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "a date or time")


def quoted_list(names: Iterable[str]) -> str:
    """Join names in quotes: ``"grid", "zip" or "one_at_a_time"``."""
    return alternatives([shown(name) for name in names])


def alternatives(names: Sequence[str]) -> str:
    """Join phrases with commas and a last "or"; of very many only the first ones."""
    if len(names) > _NAMES_SHOWN:
        return f"{', '.join(names[:_NAMES_SHOWN])} or one of {len(names) - _NAMES_SHOWN} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Find the known name that a mistyped one most likely means, whatever its case.

    Parameters
    ----------
    name : str
        As the user wrote it.
    known : iterable of str
        What there is.
    cutoff : float
        Likeness from 0 to 1 below which nothing is proposed (`difflib`).

    Returns
    -------
    str or None
    """
    if len(name) > _LONGEST_NAME:
        return None
    lower = {candidate.lower(): candidate for candidate in islice(known, _NAMES_COMPARED)}
    matches = get_close_matches(name.lower(), lower, n=1, cutoff=cutoff)
    return lower[matches[0]] if matches else None


def allowed(annotation: Any, unit: str = "1") -> str:
    """Say in words what a field takes, from its annotation.

    Parameters
    ----------
    annotation : type
        As `typing.get_type_hints` gives it with ``include_extras=True``.
    unit : str
        Unit of the field, ``1`` without one.

    Returns
    -------
    str
        For example ``a number above 0 and at most 100 mA``.
    """
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        base, *marks = typing.get_args(annotation)
        return allowed(base) + _limits(marks, unit)
    if origin in {Union, types.UnionType}:
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        return alternatives([allowed(member, unit) for member in members])
    if origin is Literal:
        return quoted_list(map(str, typing.get_args(annotation)))
    if origin is tuple:
        members = list(typing.get_args(annotation))
        if members[-1] is Ellipsis:
            return f"a list of {_plural(members[0], unit)}"
        return f"a list of {len(members)} {_plural(members[0], unit)}"
    words = {float: "a number", int: "a whole number", str: "text in quotes", bool: "true or false"}
    return words.get(annotation, "a table") + _limits(
        (), unit if annotation in {float, int} else "1"
    )


def _plural(annotation: Any, unit: str) -> str:
    words = {"a number": "numbers", "a whole number": "whole numbers", "text in quotes": "texts"}
    text = allowed(annotation, unit)
    for one, many in words.items():
        if text.startswith(one):
            return many + text.removeprefix(one)
    return text


def _limits(marks: Iterable[object], unit: str) -> str:
    phrases = []
    for mark in marks:
        match mark:
            case Gt(gt=limit):
                phrases.append(f"above {shown(limit)}")
            case Ge(ge=limit):
                phrases.append(f"of at least {shown(limit)}")
            case Lt(lt=limit):
                phrases.append(f"below {shown(limit)}")
            case Le(le=limit):
                phrases.append(f"at most {shown(limit)}")
            case Len(min_length=1, max_length=int(longest)):
                return f" of 1 to {longest} characters"
            case MinLen(min_length=length) | Len(min_length=length) if length == 1:
                return " that is not empty"
            case MaxLen() | MinLen() | Len():
                return f" with {mark}"
            case _:
                continue
    if not phrases:
        return "" if unit == "1" else f" in {unit}"
    return f" {' and '.join(phrases)}" + ("" if unit == "1" else f" {unit}")
