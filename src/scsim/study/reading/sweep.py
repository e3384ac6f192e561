"""Sweeps: what a swept key holds, and which cases follow from all swept keys together.

A swept key is written where its value stands::

    amplitude_ma = { sweep = [1.0, 2.0, 4.0] }
    amplitude_ma = { sweep = { linspace = [0.5, 8.0, 16] } }     # first, last, how many
    amplitude_ma = { sweep = { logspace = [0.1, 10.0, 5] } }     # first and last themselves, not exponents
    montage      = { sweep = [{ c4 = -1.0, c5 = 1.0 }, { c3 = -1.0, c5 = 1.0 }], labels = ["near", "far"] }

``[sweep] mode`` is ``grid`` (every combination), ``zip`` (first with first, second with second) or
``one_at_a_time`` (a base case, then each listed value alone; each key then says its ``base``). Whether the
values fit their keys is found in ``sections.py``; nothing here knows what a key means.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from scsim.study.reading.faults import Findings, dotted, kind_of, nearest, quoted_list, shown
from scsim.study.reading.lines import KeyPath
from scsim.units import unit_of

MODES: Final = ("grid", "zip", "one_at_a_time")
"""What ``[sweep] mode`` may be."""

MAX_CASES: Final = 1_000_000
"""Cases that one study may have: beyond this it is a slip far more often than a plan."""

BASE: Final = -1
"""Place along a swept key that stands for its base value."""

_SPACINGS: Final = ("linspace", "logspace")
_KEYS: Final = ("sweep", "labels", "base")
_DIGITS: Final = 12
"""Significant digits of generated values: 0.3, not 0.30000000000000004."""

Choice = tuple[int, ...]
"""One place along every swept key, or `BASE`."""


@dataclass(frozen=True)
class Sweep:
    """A swept key as the config writes it.

    Attributes
    ----------
    path : KeyPath
        Table and key, or the table alone.
    values : tuple
        What the key becomes, one after the other, not yet validated.
    labels : tuple of str or None
        Names of the values, for tables and lists.
    base : object
        Value of the base case; None outside ``one_at_a_time``.
    spacing : str
        ``linspace`` or ``logspace``; empty for a list.
    """

    path: KeyPath
    values: tuple[Any, ...]
    labels: tuple[str, ...] | None = None
    base: Any = None
    spacing: str = ""

    def value(self, place: int) -> Any:
        """Give the value at a place, or the base value."""
        return self.base if place == BASE else self.values[place]

    @property
    def base_place(self) -> int | None:
        """Place of the base value among the values, None if it is not listed."""
        return next((i for i, value in enumerate(self.values) if value == self.base), None)


def is_swept(value: object) -> bool:
    """Whether a value of a config is a sweep."""
    return isinstance(value, Mapping) and "sweep" in value


def read_sweep(
    path: KeyPath, spec: Mapping[str, Any], mode: str, findings: Findings
) -> Sweep | None:
    """Read what a swept key holds.

    Parameters
    ----------
    path : KeyPath
        Table and key, or the table alone.
    spec : mapping
        The table with ``sweep``, and perhaps ``labels`` and ``base``.
    mode : str
        One of `MODES`.
    findings : Findings
        Receives the faults.

    Returns
    -------
    Sweep or None
        None if there were faults.
    """
    known = len(findings)
    for key in set(spec) - set(_KEYS):
        near = nearest(key, _KEYS)
        remedy = f"Did you mean {near}?" if near else f"A swept key holds {quoted_list(_KEYS)}."
        findings.add((*path, key), shown(spec[key]), "a swept key has no such entry.", remedy)
    values = _values((*path, "sweep"), spec["sweep"], mode, findings)
    labels = _labels(path, spec.get("labels"), values, findings)
    if len(findings) > known or values is None:
        return None
    spacing = next(iter(spec["sweep"])) if isinstance(spec["sweep"], Mapping) else ""
    if mode != "one_at_a_time":
        if "base" in spec:
            problem = f'only mode "one_at_a_time" reads a base value; the mode is "{mode}".'
            remedy = 'Remove base, or write mode = "one_at_a_time" below [sweep].'
            findings.add((*path, "base"), shown(spec["base"]), problem, remedy)
            return None
        return Sweep(path, values, labels, spacing=spacing)
    base = _base(path, spec, values, labels, findings)
    return None if base is None else Sweep(path, values, labels, base, spacing)


def _values(path: KeyPath, swept: object, mode: str, findings: Findings) -> tuple[Any, ...] | None:
    """Give the listed or generated values; None after a fault."""
    key = dotted(path[:-1])
    unit = unit_of(key)
    if isinstance(swept, Mapping):
        return _spaced(path, swept, findings)
    if not isinstance(swept, list):
        problem = f"{kind_of(swept)} stands where a list of values is expected."
        remedy = (
            f"Write {path[-2]} = {{ sweep = [{shown(swept)}, ...] }}, or the value without sweep."
        )
        findings.add(path, shown(swept), problem, remedy, key=key)
        return None
    if not swept:
        remedy = "List at least one value, or write one value without sweep."
        findings.add(path, "[]", "the sweep is empty.", remedy, key=key)
        return None
    if len(swept) > MAX_CASES:
        _add_too_many(path, len(swept), key, findings)
        return None
    # In a zip a value may return beside others; `_zipped` looks for repeated cases.
    if mode != "zip" and _is_repeated(path, swept, unit, key, findings):
        return None
    return tuple(swept)


def _is_repeated(path: KeyPath, swept: list[Any], unit: str, key: str, findings: Findings) -> bool:
    """Tell whether a list holds a value twice, and note it."""
    seen: list[Any] = []
    lookup: set[Any] = set()
    for value in swept:
        is_known = value in seen if isinstance(value, dict | list) else value in lookup
        # True == 1 in Python, but here it is a fault of its own, found with the other kinds.
        if is_known and not isinstance(value, bool):
            problem = (
                "the sweep lists this value more than once; each case would be computed twice."
            )
            findings.add(path, shown(value, unit), problem, "Remove the repeated value.", key=key)
            return True
        if isinstance(value, dict | list):
            seen.append(value)
        else:
            lookup.add(value)
    return False


def _spaced(
    path: KeyPath, swept: Mapping[str, Any], findings: Findings
) -> tuple[float | int, ...] | None:
    """Give the values of ``linspace`` or ``logspace``; None after a fault."""
    key = dotted(path[:-1])
    name = next(iter(swept), "")
    if len(swept) != 1 or name not in _SPACINGS:
        problem = (
            f"there is no such kind of sweep; it is a list, or one of {quoted_list(_SPACINGS)}."
        )
        near = nearest(name, _SPACINGS) if name not in _SPACINGS else None
        remedy = (
            f"Did you mean {{ sweep = {{ {near} = {shown(swept[name])} }} }}?"
            if near
            else "Write { sweep = [1, 2, 3] }, or { sweep = { linspace = [first, last, how many] } }."
        )
        findings.add(path, shown(swept), problem, remedy, key=key)
        return None
    ends = swept[name]
    form = f"{name} = [first, last, how many]"
    problem, remedy = _spacing_fault(name, ends)
    if problem:
        findings.add(path, f"{name} = {shown(ends)}", problem, f"{remedy} ({form})", key=key)
        return None
    first, last, count = ends
    if count > MAX_CASES:
        _add_too_many(path, count, key, findings)
        return None
    values = tuple(_between(name, first, last, count))
    if len(set(values)) < count:
        problem = f"{count} values from {first} to {last} are not all different."
        remedy = f"Use fewer values, or ends that lie further apart. ({form})"
        findings.add(path, f"{name} = {shown(ends)}", problem, remedy, key=key)
        return None
    return values


def _spacing_fault(name: str, ends: object) -> tuple[str, str]:
    """Word what is wrong with the three numbers of a spacing; empty texts if nothing is."""
    if not isinstance(ends, list) or len(ends) != 3:
        return f"{name} takes a list of three: first, last and how many.", "Write all three."
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        return f"{name} takes three numbers.", "Write numbers without quotes."
    first, last, count = ends
    if not isinstance(count, int) or count < 2:
        problem = f"how many is {shown(count)}; it must be a whole number of at least 2."
        return problem, "Correct the third number; a single value needs no sweep."
    if any(not abs(end) <= 1e308 for end in (first, last)):
        return "first and last must be finite numbers.", "Correct them."
    if name == "logspace" and not (first > 0 and last > 0):
        problem = f"logspace needs ends above 0, not {shown(first)} and {shown(last)}."
        return problem, "Write the first and last value themselves, not their exponents."
    return "", ""


def _between(name: str, first: float, last: float, count: int) -> Iterator[float | int]:
    """Give evenly or logarithmically spaced values; the ends are exactly those written."""
    is_whole = isinstance(first, int) and isinstance(last, int)
    for index in range(count):
        share = index / (count - 1)
        if index in {0, count - 1}:
            value: float | int = last if index else first
        elif name == "linspace":
            value = float(f"{first + (last - first) * share:.{_DIGITS}g}")
        else:
            log = math.log(first) * (1 - share) + math.log(last) * share
            value = float(f"{math.exp(log):.{_DIGITS}g}")
        yield int(value) if is_whole and value == int(value) else value


def _labels(
    path: KeyPath, labels: object, values: Sequence[Any] | None, findings: Findings
) -> tuple[str, ...] | None:
    """Check the labels of swept tables and lists."""
    place = (*path, "labels")
    n_named = sum(isinstance(value, dict | list) for value in values or ())
    if labels is None:
        if n_named:
            names = ", ".join(f'"{name}"' for name in ("first", "second", "third")[:n_named])
            problem = f"swept tables and lists need labels: {n_named} names for the axis."
            findings.add(place, "", problem, f"Add labels = [{names}{', ...' * (n_named > 3)}].")
        return None
    if not isinstance(labels, list) or not all(
        isinstance(label, str) and label for label in labels
    ):
        problem = "labels must be a list of texts in quotes that are not empty."
        findings.add(place, shown(labels), problem, 'Write them like labels = ["near", "far"].')
        return None
    if values is None:
        return None
    if not n_named:
        problem = "labels are for swept tables and lists; numbers and texts are their own labels."
        findings.add(place, shown(labels), problem, "Remove labels.")
    elif len(labels) != len(values):
        problem = f"there are {len(labels)} labels for {len(values)} swept values."
        findings.add(place, shown(labels), problem, "Write one label for each value.")
    elif len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        problem = f'the label "{twice}" is used more than once.'
        findings.add(place, shown(labels), problem, "Give each value a label of its own.")
    return tuple(labels)


def _base(
    path: KeyPath,
    spec: Mapping[str, Any],
    values: Sequence[Any],
    labels: tuple[str, ...] | None,
    findings: Findings,
) -> Any:
    """Give the base value; None after a fault."""
    example = f'"{labels[0]}"' if labels else shown(values[0])
    if "base" not in spec:
        problem = (
            'in mode "one_at_a_time" every swept key needs a base: its value while others change.'
        )
        findings.add(path, "", problem, f"Add it beside sweep, for example base = {example}.")
        return None
    base = spec["base"]
    if labels is None:
        return base
    if base not in labels:
        near = nearest(base, labels) if isinstance(base, str) else None
        problem = f"base must be one of the labels: {quoted_list(labels)}."
        remedy = (
            f'Did you mean base = "{near}"?' if near else f"Write, for example, base = {example}."
        )
        findings.add((*path, "base"), shown(base), problem, remedy)
        return None
    return values[labels.index(base)]


def _add_too_many(path: KeyPath, count: int, key: str, findings: Findings) -> None:
    problem = f"the study would have {count} cases or more; at most {MAX_CASES} are allowed."
    remedy = "Sweep fewer values, or split the study."
    findings.add(path, f"{count} values", problem, remedy, key=key)


def read_mode(table: object, findings: Findings) -> str:
    """Read ``[sweep]``.

    Parameters
    ----------
    table : object
        The table as the config holds it; an empty one means a grid.
    findings : Findings
        Receives the faults.

    Returns
    -------
    str
        One of `MODES`; ``grid`` after a fault.
    """
    if not isinstance(table, Mapping):
        remedy = 'Write [sweep] on a line of its own, and mode = "zip" below it.'
        findings.add(
            ("sweep",), shown(table), f"{kind_of(table)} stands where a table is expected.", remedy
        )
        return "grid"
    for key in table:
        if key != "mode":
            remedy = (
                "Did you mean mode?"
                if nearest(key, ["mode"])
                else "Write a sweep where the value stands: amplitude_ma = { sweep = [1, 2, 3] }."
            )
            problem = "[sweep] takes only the key mode."
            findings.add(("sweep", key), shown(table[key]), problem, remedy)
    mode = table.get("mode", "grid")
    if isinstance(mode, str) and mode in MODES:
        return mode
    near = nearest(mode, MODES) if isinstance(mode, str) else None
    remedy = f'Did you mean mode = "{near}"?' if near else 'Write, for example, mode = "grid".'
    problem = f"there is no such mode; it must be {quoted_list(MODES)}."
    findings.add(("sweep", "mode"), shown(mode), problem, remedy)
    return "grid"


def choices(sweeps: Sequence[Sweep], mode: str, findings: Findings) -> Sequence[Choice]:
    """List the places along all swept keys that make the cases of a study.

    Parameters
    ----------
    sweeps : sequence of Sweep
    mode : str
        One of `MODES`.
    findings : Findings
        Receives a fault for ``zip`` of unequal lengths and for too many cases.

    Returns
    -------
    sequence of Choice
        In the order of the cases. After a fault, enough of them to see every value once.
    """
    lengths = [len(sweep.values) for sweep in sweeps]
    if mode == "grid":
        count = math.prod(lengths)
        if count > MAX_CASES:
            sizes = " × ".join(map(str, lengths))
            problem = f"the grid has {sizes} = {count} cases; at most {MAX_CASES} are allowed."
            remedy = 'Sweep fewer values, use mode = "zip" below [sweep], or split the study.'
            findings.add(("sweep",), "", problem, remedy)
            return _each_once(lengths, 0)
        return list(product(*map(range, lengths)))
    if not sweeps:
        return [()]
    if mode == "zip":
        return _zipped(sweeps, lengths, findings)
    return [
        choice
        for choice in _each_once(lengths, BASE)
        if not any(place == sweep.base_place for place, sweep in zip(choice, sweeps, strict=True))
    ]


def _each_once(lengths: Sequence[int], start: int) -> list[Choice]:
    """List one choice with every place at the start, then those that differ from it in one place."""
    first = (start,) * len(lengths)
    return [
        first,
        *(
            (*first[:position], place, *first[position + 1 :])
            for position, length in enumerate(lengths)
            for place in range(length)
            if place != start
        ),
    ]


def _zipped(sweeps: Sequence[Sweep], lengths: Sequence[int], findings: Findings) -> list[Choice]:
    if len(set(lengths)) == 1:
        rows = [[sweep.values[place] for sweep in sweeps] for place in range(lengths[0])]
        seen: dict[str, int] = {}
        for place, row in enumerate(rows):
            first = seen.setdefault(repr(row), place)
            if first != place:
                problem = (
                    f"cases {first + 1} and {place + 1} of the zip are equal; the case would be computed "
                    "twice."
                )
                remedy = "Remove the repeated values from every swept key."
                findings.add(("sweep", "mode"), '"zip"', problem, remedy)
                break
        return [(place,) * len(sweeps) for place in range(lengths[0])]
    sizes = ", ".join(
        f"{dotted(sweep.path)} has {length}" for sweep, length in zip(sweeps, lengths, strict=True)
    )
    problem = f"zip needs equally many values in every swept key: {sizes}."
    remedy = 'Make the lists equally long, or write mode = "grid" for every combination.'
    findings.add(("sweep", "mode"), '"zip"', problem, remedy)
    return _each_once(lengths, 0)


def dimension_names(keys: Sequence[str]) -> Mapping[str, str]:
    """Name the dimension of each swept key.

    Parameters
    ----------
    keys : sequence of str
        Dotted keys.

    Returns
    -------
    mapping of str to str
        The last part of each key; the whole key with ``_`` for dots where two keys end alike.
    """
    last = [key.rsplit(".", maxsplit=1)[-1] for key in keys]
    names = (
        key.replace(".", "_") if last.count(name) > 1 else name
        for key, name in zip(keys, last, strict=True)
    )
    return MappingProxyType(dict(zip(keys, names, strict=True)))


def case_name(values: Mapping[str, Any]) -> str:
    """Name a case by its swept values: ``amplitude_ma=2.5,state=healthy``.

    Parameters
    ----------
    values : mapping of str to object
        Dimension name and value or label.

    Returns
    -------
    str
        ``base`` if nothing is swept.
    """
    parts = [f"{name}={_short(value)}" for name, value in values.items()]
    return ",".join(parts) or "base"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return str(value)
