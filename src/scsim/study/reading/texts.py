"""One TOML file of a config: its text, what ``tomllib`` made of it, and advice where it is not TOML.

How several files become one config is found in ``includes.py``, what the tables may hold in ``expand.py``.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from scsim.errors import ConfigError, Fault
from scsim.study.reading.faults import Source, nearest, shown
from scsim.study.reading.lines import key_lines

MAX_BYTES: Final = 4_000_000
"""Largest file that is read: room for 300 000 listed values. A larger one would take longer than anyone waits."""

_ROW_SHOWN: Final = 60
"""Characters of a faulty line that a message repeats."""

_ROW_READ: Final = 300
"""Characters of a line up to which advice is more than a guess."""

_MOST_PARTS: Final = 100
_PART: Final = r"[\w\"'-]"
_LONG_KEY: Final = re.compile(
    rf"(?<!{_PART}){_PART}++(?:[ \t]*+\.[ \t]*+{_PART}++){{{_MOST_PARTS},}}+"
)
"""A dotted key that is longer than any."""

BARE_WORD: Final = re.compile(r"[A-Za-z][\w.+/ -]*")
"""A text that needs no quotes in an override."""


@dataclass(frozen=True)
class Page:
    """One file of a config.

    Attributes
    ----------
    file : str
        What messages call it.
    text : str
        TOML.
    document : dict
        What ``tomllib`` made of it.
    """

    file: str
    text: str
    document: dict[str, Any]

    @cached_property
    def source(self) -> Source:
        """Where its keys stand; lines are looked up when the first fault is told."""
        return Source(self.file, lambda: key_lines(self.text, self.document))


def read_page(path: Path) -> Page:
    """Read and parse a file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Page

    Raises
    ------
    ConfigError
        If it cannot be read, is too large or is not TOML.
    """
    return parse_page(_read_file(path), str(path))


def parse_page(text: str, file: str) -> Page:
    """Parse a text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        What messages call it.

    Returns
    -------
    Page

    Raises
    ------
    ConfigError
        If it is too large or is not TOML.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError([_too_large(file)])
    return Page(file, text, _parse_toml(text, file))


def _too_large(file: str) -> Fault:
    problem = f"the file is larger than {MAX_BYTES / 1e6:.0f} MB, the most that is read."
    remedy = "Write long lists as linspace or logspace, or check that it is a config file."
    return Fault(file, None, "", "", problem, remedy)


def _read_file(path: Path) -> str:
    """Read a text file, with advice when there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError([_too_large(str(path))])
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        problem = "there is no such file."
        near = nearest(path.name, (other.name for other in path.parent.glob("*.toml")))
        remedy = (
            f"Did you mean {path.with_name(near)}?"
            if near
            else "Check the path, or make a starter config with: scsim new NAME"
        )
    except IsADirectoryError:
        problem, remedy = "this is a folder.", "Name a config file, which ends in .toml."
    except UnicodeDecodeError as error:
        problem = f"the file is not UTF-8 text (byte {error.start + 1})."
        remedy = "Save it as UTF-8, or check that it is a config file."
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else error
        problem = f"the file cannot be read: {reason}."
        remedy = "Check the path and its permissions."
    raise ConfigError([Fault(str(path), None, "", "", problem, remedy)])


def too_deep(file: str) -> Fault:
    """Word a config that no one can have meant."""
    return Fault(file, None, "", "", "lists or tables are nested too deeply.", "Flatten them.")


def _parse_toml(text: str, file: str) -> dict[str, Any]:
    # tomllib takes time with the square of the number of parts.
    if _LONG_KEY.search(text):
        problem = f"a key has more than {_MOST_PARTS} parts."
        raise ConfigError([Fault(file, None, "", "", problem, "A key has one dot, or none.")])
    try:
        return tomllib.loads(text)
    except RecursionError:
        fault = too_deep(file)
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        message = f"{error}"
        match = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
        reason = message[: match.start()] if match else message
        rows = text.splitlines()
        number = None
        if match:
            number = int(match.group(1)) if match.group(1) else max(len(rows), 1)
        row = rows[number - 1].strip() if number and number <= len(rows) else ""
        if "int_max_str_digits" in reason:
            reason = "a number has thousands of digits"
        problem = f"not valid TOML: {reason[:1].lower()}{reason[1:]}."
        text_shown = shown(row)[1:-1] if len(row) < _ROW_SHOWN else f"{row[:_ROW_SHOWN]}..."
        fault = Fault(file, number, "", text_shown, problem, _syntax_advice(row, reason))
    raise ConfigError([fault])


def _syntax_advice(row: str, reason: str) -> str:
    """Guess what someone meant who wrote a line that is not TOML."""
    if len(row) > _ROW_READ:
        return "Correct this line."
    key, mark, value = (part.strip() for part in row.partition("="))
    value = value.split("#")[0].strip()
    number = re.match(r"[-+]?\d*[.,]?\d+(?=\s*[^\d\s.,_:eE+-])", value)
    hints: tuple[tuple[bool, str], ...] = (
        (
            "overwrite" in reason or "twice" in reason,
            "Each key and table may stand only once: remove one.",
        ),
        (
            value.count('"') % 2 == 1,
            f'Put quotes on both sides: {key} = "{value.replace(chr(34), "")}".',
        ),
        ("nclosed array" in reason, "Close the list, on this line or above it, with a ]."),
        (
            row.startswith("[") and "]" not in row,
            f"Close the bracket: {row}{']' * row.count('[')}.",
        ),
        (bool(row) and not mark and not row.startswith("["), f"Write key = value{_colon(row)}."),
        (bool(mark) and not value, f"Write a value behind {key} =."),
        (
            bool(mark) and " " in key and '"' not in key,
            "A key has no spaces: write _ between words.",
        ),
        (value in {"True", "False"}, f"Write {key} = {value.lower()}, in small letters."),
        (
            bool(re.fullmatch(r"[-+]?\d+,\d+", value)),
            f"Write the decimal sign as a point: {key} = {value.replace(',', '.')}.",
        ),
        (value.startswith("."), f"Write a digit before the point: {key} = 0{value}."),
        (
            bool(re.fullmatch(r"[-+]?\d+\.", value)),
            f"Write a digit behind the point: {key} = {value}0.",
        ),
        (
            number is not None,
            f"Write the number alone, {key} = {number.group() if number else ''}: the unit is part of the key.",
        ),
        (bool(BARE_WORD.fullmatch(value)), f'Put the text in quotes: {key} = "{value}".'),
        (value.count("[") != value.count("]"), "Close every [ with a ]."),
        (value.count("{") != value.count("}"), "Close every { with a }, on the same line."),
    )
    return next((hint for applies, hint in hints if applies), "Correct this line.")


def _colon(row: str) -> str:
    return ", with = instead of :" if ":" in row else ""
