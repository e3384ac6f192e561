"""The data tables under ``data/``: every number with its unit, its source and how well it is known.

Reading and checking belong here; what a key means belongs to the room that reads it.
"""

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ScsimError

DATA_FOLDER: Final = Path(__file__).resolve().parent.parent / "data"

EVIDENCE: Final = ("published", "computed", "assumed", "unverified")
"""How well a value is known.

`published` stands in the source; `computed` follows from other values; `assumed` is a choice of this
project; `unverified` is attributed to the source but was not seen in it.
"""

_PROSE: Final = ("title", "description")
_BIB_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")

Value = float | int | bool | str | tuple["Value", ...]


@dataclass(frozen=True)
class Quantity:
    """One value of a data table.

    Attributes
    ----------
    value : float, int, bool, str or tuple of these
        The value, lists as tuples.
    unit : str
        Its unit, ``"1"`` for a pure number or a label.
    source : str
        A key of the bibliography, or a sentence that says where the value comes from.
    evidence : {"published", "computed", "assumed", "unverified"}
        How well it is known.
    note : str
        What a reader should know besides; may be empty.
    """

    value: Value
    unit: str
    source: str
    evidence: str
    note: str = ""

    @property
    def bib_key(self) -> str | None:
        """The bibliography key, or None where the source is a sentence."""
        return self.source if _BIB_KEY.fullmatch(self.source) else None


@dataclass(frozen=True)
class Table:
    """One data file.

    Attributes
    ----------
    name : str
        Folder and stem, for example ``leads/percutaneous-8``.
    title, description : str
        One line and one paragraph for people.
    entries : mapping of str to Quantity
        All values by dotted key, in the order of the file.
    """

    name: str
    title: str
    description: str
    entries: Mapping[str, Quantity]

    def quantities(self) -> dict[str, Quantity]:
        """Give all values by dotted key, in the order of the file."""
        return dict(self.entries)

    def quantity(self, key: str) -> Quantity:
        """Give one value with its unit and source.

        Parameters
        ----------
        key : str
            Dotted key.

        Returns
        -------
        Quantity

        Raises
        ------
        ScsimError
            If the table has no such key.
        """
        if key not in self.entries:
            msg = (
                f"{self.name}.toml has no value {key!r}; it has {', '.join(self.entries) or 'none'}. "
                "Correct the key, or add the value with its unit and source."
            )
            raise ScsimError(msg)
        return self.entries[key]

    def value(self, key: str) -> Value:
        """Give one bare value; lists are tuples."""
        return self.quantity(key).value

    def number(self, key: str) -> float:
        """Give one value as a float.

        Raises
        ------
        ScsimError
            If the value is not a number.
        """
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            msg = (
                f"{self.name}.toml: {key} = {value!r} is not a number. Write one, for example 3.0."
            )
            raise ScsimError(msg)
        return float(value)

    def array(self, key: str) -> npt.NDArray[np.float64]:
        """Give one list of numbers as an array of float64.

        Raises
        ------
        ScsimError
            If the value is not a list of numbers, or its rows differ in length.
        """
        value = self.value(key)
        if isinstance(value, tuple):
            try:
                return np.array(value, dtype=np.float64)
            except (TypeError, ValueError):
                pass
        msg = (
            f"{self.name}.toml: {key} = {value!r} is not a list of numbers with rows of one length. "
            "Write it as [1.0, 2.0] or [[1.0, 2.0], [3.0, 4.0]]."
        )
        raise ScsimError(msg)

    @property
    def sources(self) -> tuple[str, ...]:
        """The bibliography keys that the table cites, each once, in the order of the file."""
        keys = (quantity.bib_key for quantity in self.entries.values())
        return tuple(dict.fromkeys(key for key in keys if key is not None))


@functools.cache
def load_table(name: str) -> Table:
    """Read a data table of the package.

    Parameters
    ----------
    name : str
        Folder and stem below ``data/``, for example ``leads/percutaneous-8``.

    Returns
    -------
    Table

    Raises
    ------
    ScsimError
        If there is no such table, or a value lacks its unit or source; names file and key.
    """
    path = DATA_FOLDER / f"{name}.toml"
    if not path.is_file():
        folder = name.rpartition("/")[0]
        msg = (
            f"there is no data table {name!r}; tables in {folder or 'data'}: "
            f"{', '.join(table_names(folder)) or 'none'}. Choose one of these."
        )
        raise ScsimError(msg)
    return parse_table(name, path.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=64)
def table_names(folder: str) -> tuple[str, ...]:
    """List the tables of one folder below ``data/``.

    Parameters
    ----------
    folder : str
        For example ``leads``.

    Returns
    -------
    tuple of str
        Stems in alphabetical order, numbers within a name in the order of their size.
    """
    return tuple(
        sorted((path.stem for path in (DATA_FOLDER / folder).glob("*.toml")), key=_natural)
    )


def parse_table(name: str, text: str) -> Table:
    """Read a data table from text and check that every value carries unit, source and evidence.

    Parameters
    ----------
    name : str
        Name to use in messages.
    text : str
        TOML.

    Returns
    -------
    Table

    Raises
    ------
    ScsimError
        As `load_table`, with all faults, one per line.
    """
    table, faults = examine_table(name, text)
    if faults:
        raise ScsimError("\n".join(faults.values()))
    return table


def examine_table(name: str, text: str) -> tuple[Table, dict[str, str]]:
    """Read what can be read of a data table, and list the rest.

    Parameters
    ----------
    name : str
        Name to use in messages.
    text : str
        TOML.

    Returns
    -------
    table : Table
        All values that are whole.
    faults : dict of str to str
        Dotted key of every other value, and what is wrong with it.

    Raises
    ------
    ScsimError
        If the text is no TOML at all.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{name}.toml is not valid TOML: {error}. Correct the file at that place."
        raise ScsimError(msg) from error
    faults: dict[str, str] = {}
    for key in _PROSE:
        if not isinstance(document.get(key), str) or not document[key].strip():
            faults[key] = f'{name}.toml has no {key}. Add {key} = "…" at the top of the file.'
            document[key] = ""
    entries: dict[str, Quantity] = {}
    for key, found in _walk(name, "", document):
        if isinstance(found, Quantity):
            entries[key] = found
        else:
            faults[key] = found
    table = Table(name, document["title"], document["description"], MappingProxyType(entries))
    return table, faults


def _walk(name: str, prefix: str, node: object) -> Iterator[tuple[str, Quantity | str]]:
    """Yield every quantity below a node with its dotted key, or what is wrong with it."""
    if isinstance(node, dict) and "value" in node:
        try:
            yield prefix, _quantity(name, prefix, node)
        except ScsimError as error:
            yield prefix, str(error)
    elif isinstance(node, dict):
        for key, child in node.items():
            if not (key in _PROSE and isinstance(child, str)):
                yield from _walk(name, f"{prefix}.{key}" if prefix else key, child)
    elif isinstance(node, list) and node and all(isinstance(child, dict) for child in node):
        for index, child in enumerate(node):
            yield from _walk(name, f"{prefix}.{index}", child)
    else:
        form = "{ value = …, unit = …, source = …, evidence = … }"
        yield prefix, f"{name}.toml: {prefix} = {node!r} stands alone. Write it as {form}."


def _quantity(name: str, key: str, node: dict[str, object]) -> Quantity:
    """Check one inline table and make it a quantity."""
    unknown = sorted(set(node) - {"value", "unit", "source", "evidence", "note"})
    if unknown:
        msg = (
            f"{name}.toml: {key} has the unknown entry {unknown[0]!r}; "
            "allowed are value, unit, source, evidence and note. Rename or remove it."
        )
        raise ScsimError(msg)
    text: dict[str, str] = {}
    missing: list[str] = []
    for entry in ("unit", "source", "evidence"):
        given = node.get(entry)
        if isinstance(given, str) and given.strip():
            text[entry] = given
        else:
            missing.append(entry)
    if missing:
        advice = " and ".join(f'{entry} = "…"' for entry in missing)
        pure = ' (unit = "1" for a pure number)' if "unit" in missing else ""
        msg = f"{name}.toml: {key} has no {' and no '.join(missing)}. Add {advice} to it{pure}."
        raise ScsimError(msg)
    if text["evidence"] not in EVIDENCE:
        msg = (
            f"{name}.toml: {key} has evidence = {text['evidence']!r}; allowed are "
            f"{', '.join(EVIDENCE)}. Choose one of these."
        )
        raise ScsimError(msg)
    quantity = Quantity(
        _frozen(f"{name}.toml: {key}", node["value"]), **text, note=str(node.get("note", ""))
    )
    if quantity.bib_key is None and quantity.evidence in {"published", "unverified"}:
        msg = (
            f"{name}.toml: {key} is marked {quantity.evidence} but its source {quantity.source!r} is "
            "no bibliography key. Name the key, or mark the value assumed or computed."
        )
        raise ScsimError(msg)
    return quantity


def _frozen(where: str, value: object) -> Value:
    """Turn lists into tuples, so that a shared table cannot be changed."""
    if isinstance(value, list):
        return tuple(_frozen(where, item) for item in value)
    if isinstance(value, bool | int | float | str):
        return value
    msg = f"{where}: a table value must be a number, text, truth value or list of these, not {value!r}. Rewrite it."
    raise ScsimError(msg)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts percutaneous-8 before percutaneous-16."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
