"""Reads lengths and conductivities from the JSON files beside reference tables.

What the entries mean belongs to the file of the room, such as ``field_geometry.py``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Pair = tuple[float, float]

_UNITS: Final = "mm, S/m"

_SAME_MM: Final = 1e-6
"""How far two statements of one length in a file may differ, mm: the files give 15 digits."""


@dataclass(frozen=True)
class Numbers:
    """One object of a JSON file: gives its entries as numbers, with messages that name the entry.

    Attributes
    ----------
    path : Path
    where : str
        Names of the entries above, for messages.
    entries : dict of str to object
    """

    path: Path
    where: str
    entries: dict[str, object]

    @classmethod
    def read(cls, path: Path) -> Numbers:
        """Read a file and check its unit."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            msg = (
                f"{path}: cannot be read as JSON ({error}); "
                "give the geometry that belongs to the tables, unchanged."
            )
            raise ResultsError(msg) from error
        if not isinstance(content, dict):
            msg = f"{path}: holds a {type(content).__name__} where a JSON object is needed; give the geometry that belongs to the tables, unchanged."
            raise ResultsError(msg)
        numbers = cls(path, "", content)
        units = numbers._entry("units")
        if units != _UNITS:
            msg = f"{path}: units = {units!r}, known is {_UNITS!r}; convert the file to mm and S/m."
            raise ResultsError(msg)
        return numbers

    def below(self, name: str) -> Numbers:
        """Give the object below an entry."""
        entry = self._entry(name)
        if not isinstance(entry, dict):
            raise self._wrong(name, "an object")
        return Numbers(self.path, f"{self.where}{name}.", entry)

    def number(self, name: str) -> float:
        """Give a finite number."""
        return self._as_number(name, self._entry(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        """Give a list of finite numbers."""
        return tuple(self._as_number(name, each) for each in self._as_list(name))

    def pairs(self, name: str) -> tuple[Pair, ...]:
        """Give a list of pairs of x and y."""
        found = []
        for each in self._as_list(name):
            if not isinstance(each, list) or len(each) != 2:
                raise self._wrong(name, "a list of pairs of x and y")
            found.append((self._as_number(name, each[0]), self._as_number(name, each[1])))
        return tuple(found)

    def half_axes(self, name: str) -> Pair:
        """Give the half axes of an ellipse."""
        below = self.below(name)
        return (below.number("a"), below.number("b"))

    def lines(self, name: str) -> tuple[tuple[str, Pair], ...]:
        """Give a list of named lines."""
        found = []
        for each in self._as_list(name):
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                raise self._wrong(name, "a list of objects with name, x and y")
            below = Numbers(self.path, f"{self.where}{name}.", each)
            found.append((str(each["name"]), (below.number("x"), below.number("y"))))
        return tuple(found)

    def conductivities(self, names: Mapping[str, str]) -> tuple[tuple[str, Pair], ...]:
        """Give the conductivity of each tissue across and along: a number, two, or three along x, y and z."""
        found = []
        for name, tissue in names.items():
            if not isinstance(self._entry(name), list):
                value = self.number(name)
                found.append((tissue, (value, value)))
                continue
            values = self.numbers(name)
            across = set(values[:-1])
            if len(values) not in {2, 3} or len(across) != 1:
                raise self._wrong(name, "one number, or those across (equal) and along")
            found.append((tissue, (values[0], values[-1])))
        return tuple(found)

    def agree(self, name: str, value: float, expected: float, rule: str) -> None:
        """Refuse an entry that contradicts others of the file."""
        if abs(value - expected) > _SAME_MM:
            msg = (
                f"{self.path}: {name} = {value:g} mm where {rule} gives {expected:g} mm; "
                "correct the entry that is wrong."
            )
            raise ResultsError(msg)

    def _entry(self, name: str) -> object:
        if name not in self.entries:
            msg = (
                f"{self.path}: there is no {self.where}{name}; the object has {', '.join(self.entries) or 'nothing'}. "
                "Compare the file with the shipped geometries."
            )
            raise ResultsError(msg)
        return self.entries[name]

    def _as_list(self, name: str) -> list[object]:
        entry = self._entry(name)
        if not isinstance(entry, list) or not entry:
            raise self._wrong(name, "a list")
        return entry

    def _as_number(self, name: str, value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(float(value)):  # type: ignore[arg-type]
            raise self._wrong(name, "a finite number")
        return float(value)  # type: ignore[arg-type]

    def _wrong(self, name: str, wanted: str) -> ResultsError:
        return ResultsError(
            f"{self.path}: {self.where}{name} = {self.entries[name]!r}: {wanted} is needed here; correct the entry."
        )
