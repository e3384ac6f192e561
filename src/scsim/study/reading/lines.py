"""Where the keys of a TOML text stand, so that messages about a config can name the line.

``tomllib`` gives values without places. The scanner here walks over a text that ``tomllib`` has
accepted and notes the line of every key; whatever it does not understand makes it give no line at all
rather than a wrong one. Values, and texts with syntax errors, do not belong here.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Final

KeyPath = tuple[str | int, ...]
"""Keys and array indices from the root of the document: ``("case", 0, "stimulus", "pulse_width_us")``."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BASIC_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_LITERAL_STRING: Final = re.compile(r"'[^'\n]*'")
# A multi-line string may end in up to two quotes of its own before the three closing ones.
_LONG_BASIC_STRING: Final = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL)
_LONG_LITERAL_STRING: Final = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}")
_BARE_VALUE: Final = re.compile(r"[^,\]}#\n\"'\[{=]+")
_BLANK: Final = re.compile(r"[ \t]*")
_BLANK_LINES: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")


class _UnsureError(Exception):
    """The text does not look as the scanner expects."""


class _Scanner:
    """A cursor over one text; `lines` fills as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.last_index: dict[KeyPath, int] = {}

    def line(self) -> int:
        return bisect_right(self.breaks, self.at - 1) + 1

    def skip(self, blank: re.Pattern[str]) -> None:
        match = blank.match(self.text, self.at)
        self.at = self.at if match is None else match.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _UnsureError
        self.at = match.end()
        return match.group()

    def starts(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def accept(self, mark: str) -> bool:
        found = self.starts(mark)
        self.at += len(mark) if found else 0
        return found

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise _UnsureError

    def key(self) -> tuple[str, ...]:
        """Read a dotted key."""
        parts: list[str] = []
        while True:
            self.skip(_BLANK)
            if self.starts('"'):
                token = self.take(_BASIC_STRING)
                parts.append(next(iter(tomllib.loads(f"{token} = 0"))))
            elif self.starts("'"):
                parts.append(self.take(_LITERAL_STRING)[1:-1])
            else:
                parts.append(self.take(_BARE_KEY))
            self.skip(_BLANK)
            if not self.accept("."):
                return tuple(parts)

    def document(self) -> None:
        """Read the whole text."""
        table: KeyPath = ()
        self.skip(_BLANK_LINES)
        while self.at < len(self.text):
            if self.starts("["):
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)
            if self.at < len(self.text) and not (self.starts("\n") or self.starts("#")):
                raise _UnsureError
            self.skip(_BLANK_LINES)

    def header(self) -> KeyPath:
        """Read ``[table]`` or ``[[array of tables]]``."""
        line = self.line()
        is_array = self.accept("[[")
        if not is_array:
            self.expect("[")
        *outer, last = self.key()
        self.expect("]]" if is_array else "]")
        path: KeyPath = ()
        for part in outer:
            path = (*path, part)
            self.lines.setdefault(path, line)
            path = self.newest(path)
        path = (*path, last)
        if is_array:
            self.lines.setdefault(path, line)
            self.last_index[path] = self.last_index.get(path, -1) + 1
            path = self.newest(path)
        self.lines[path] = line
        return path

    def newest(self, path: KeyPath) -> KeyPath:
        """In TOML an array of tables, named in a header, stands for its newest table."""
        return (*path, self.last_index[path]) if path in self.last_index else path

    def pair(self, table: KeyPath) -> None:
        """Read ``key = value``."""
        line = self.line()
        path = table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.expect("=")
        self.skip(_BLANK)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        """Read one value of any kind."""
        if self.starts('"""'):
            self.take(_LONG_BASIC_STRING)
        elif self.starts("'''"):
            self.take(_LONG_LITERAL_STRING)
        elif self.starts('"'):
            self.take(_BASIC_STRING)
        elif self.starts("'"):
            self.take(_LITERAL_STRING)
        elif self.accept("["):
            self.array(path)
        elif self.accept("{"):
            self.inline_table(path)
        else:
            self.take(_BARE_VALUE)

    def array(self, path: KeyPath) -> None:
        index = 0
        self.skip(_BLANK_LINES)
        while not self.accept("]"):
            self.lines[*path, index] = self.line()
            self.value((*path, index))
            index += 1
            self.skip(_BLANK_LINES)
            if not self.accept(","):
                self.expect("]")
                return
            self.skip(_BLANK_LINES)

    def inline_table(self, path: KeyPath) -> None:
        self.skip(_BLANK_LINES)
        while not self.accept("}"):
            self.pair(path)
            self.skip(_BLANK_LINES)
            if not self.accept(","):
                self.expect("}")
                return
            self.skip(_BLANK_LINES)


def key_lines(text: str, document: Mapping[str, Any]) -> dict[KeyPath, int]:
    """Find the line of every key, table and array element of a TOML text.

    Parameters
    ----------
    text : str
        A text that ``tomllib`` accepts.
    document : mapping
        What ``tomllib`` made of it.

    Returns
    -------
    dict of KeyPath to int
        Lines counted from 1; where a table is written in several places, that of its own header,
        else the first. Empty if the scanner and ``tomllib`` see different keys: no line is better than a wrong one.

    Notes
    -----
    Checked by ``tests/property/test_config_lines.py`` on generated documents.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    try:
        scanner.document()
        paths = set(_paths(document))
    except (_UnsureError, RecursionError, tomllib.TOMLDecodeError):
        return {}
    return scanner.lines if set(scanner.lines) == paths else {}


def _paths(value: object, path: KeyPath = ()) -> list[KeyPath]:
    """List the paths of everything below a value."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, Mapping):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    found: list[KeyPath] = []
    for key, child in children:
        found.append((*path, key))
        found.extend(_paths(child, (*path, key)))
    return found
