"""Sweeps: what a swept key holds.

A swept key is written where its value stands::

    amplitude_ma = { sweep = [1.0, 2.0, 4.0] }
    amplitude_ma = { sweep = { linspace = [0.5, 8.0, 16] } }     # first, last, how many
    amplitude_ma = { sweep = { logspace = [0.1, 10.0, 5] } }     # first and last themselves, not exponents
    montage      = { sweep = [{ c4 = -1.0, c5 = 1.0 }, { c3 = -1.0, c5 = 1.0 }], labels = ["near", "far"] }

or as a distribution (``sampling.py``). In mode ``one_at_a_time`` each swept key also says its ``base``. Which cases
follow from all swept keys together is found in ``modes.py``, whether the values fit their keys in ``sections.py``;
nothing here knows what a key means.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, overload

from scsim.study.config import MAX_NAME
from scsim.study.reading.faults import Findings, dotted, kind_of, nearest, quoted_list, shown
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.sampling import (
    DIGITS,
    DISTRIBUTIONS,
    SAMPLED,
    Distribution,
    distribution_fault,
)
from scsim.units import unit_of

MAX_CASES: Final = 1_000_000
"""Cases that one study may have: beyond this it is a slip far more often than a plan."""

BASE: Final = -1
"""Place along a swept key that stands for its base value."""

_SPACINGS: Final = ("linspace", "logspace")
_KEYS: Final = ("sweep", "labels", "base")


@dataclass(frozen=True)
class Spaced(Sequence[float]):
    """Evenly or logarithmically spaced values, made when they are asked for; the ends are exactly those written.

    Attributes
    ----------
    kind : str
        ``linspace`` or ``logspace``.
    first, last : float
        The ends; values of two whole numbers are whole where they can be.
    number : int
        How many.
    """

    kind: str
    first: float
    last: float
    number: int

    def __len__(self) -> int:
        return self.number

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...
    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self.number))]
        if not 0 <= index < self.number:
            raise IndexError(index)
        is_whole = isinstance(self.first, int) and isinstance(self.last, int)
        share = index / (self.number - 1)
        if index in {0, self.number - 1}:
            value = self.last if index else self.first
        elif self.kind == "linspace":
            value = float(f"{self.first + (self.last - self.first) * share:.{DIGITS}g}")
        else:
            log = math.log(self.first) * (1 - share) + math.log(self.last) * share
            value = float(f"{math.exp(log):.{DIGITS}g}")
        return int(value) if is_whole and value == int(value) else value


@dataclass(frozen=True)
class Sweep:
    """A swept key as the config writes it.

    Attributes
    ----------
    path : KeyPath
        Table and key, or the table alone.
    values : sequence
        What the key becomes, one after the other, not yet validated; empty for a distribution until they are drawn
        in ``modes.py``.
    labels : tuple of str or None
        Names of the values, for tables and lists.
    base : object
        Value of the base case; None outside ``one_at_a_time``.
    spacing : str
        ``linspace`` or ``logspace``; empty for a list.
    distribution : Distribution or None
        What the values are drawn from.
    """

    path: KeyPath
    values: Sequence[Any]
    labels: tuple[str, ...] | None = None
    base: Any = None
    spacing: str = ""
    distribution: Distribution | None = None

    def value(self, place: int) -> Any:
        """Give the value at a place, or the base value."""
        return self.base if place == BASE else self.values[place]

    @cached_property
    def base_place(self) -> int | None:
        """Place of the base value among the values, None if it is not listed."""
        return next((i for i, value in enumerate(self.values) if value == self.base), None)


def is_swept(value: object) -> bool:
    """Whether a value of a config is a sweep."""
    return isinstance(value, Mapping) and "sweep" in value


def read_sweep(
    path: KeyPath,
    spec: Mapping[str, Any],
    mode: str,
    findings: Findings,
    *,
    numbers: str | None = "floats",
    step: float = 0.0,
) -> Sweep | None:
    """Read what a swept key holds.

    Parameters
    ----------
    path : KeyPath
        Table and key, or the table alone.
    spec : mapping
        The table with ``sweep``, and perhaps ``labels`` and ``base``.
    mode : str
        One of `scsim.study.reading.modes.MODES`.
    findings : Findings
        Receives the faults.
    numbers : str or None
        What a distribution of this key gives: ``floats`` or ``wholes``; None if the key takes no single number.
    step : float
        A distribution gives multiples of it; 0: any numbers.

    Returns
    -------
    Sweep or None
        None if there were faults.
    """
    known = len(findings)
    for key in [key for key in spec if key not in _KEYS]:
        near = nearest(key, _KEYS)
        remedy = f"Did you mean {near}?" if near else f"A swept key holds {quoted_list(_KEYS)}."
        findings.add((*path, key), shown(spec[key]), "a swept key has no such entry.", remedy)
    swept = spec["sweep"]
    kind = next(iter(swept), "") if isinstance(swept, Mapping) else ""
    if kind in DISTRIBUTIONS:
        distribution = _distribution((*path, "sweep"), swept, mode, (numbers, step), findings)
        _labels(path, spec.get("labels"), (), findings)
        _refuse_base(path, spec, mode, findings)
        if len(findings) > known or distribution is None:
            return None
        return Sweep(path, (), distribution=distribution)
    values = _values((*path, "sweep"), swept, mode, findings)
    labels = _labels(path, spec.get("labels"), values, findings)
    if len(findings) > known or values is None:
        return None
    if mode != "one_at_a_time":
        _refuse_base(path, spec, mode, findings)
        return None if len(findings) > known else Sweep(path, values, labels, spacing=kind)
    base = _base(path, spec, values, labels, findings)
    return None if base is None else Sweep(path, values, labels, base, kind)


def _refuse_base(path: KeyPath, spec: Mapping[str, Any], mode: str, findings: Findings) -> None:
    """Note a base value that the mode does not read."""
    if "base" in spec and mode != "one_at_a_time":
        problem = f'only mode "one_at_a_time" reads a base value; the mode is "{mode}".'
        remedy = 'Remove base, or write mode = "one_at_a_time" below [sweep].'
        findings.add((*path, "base"), shown(spec["base"]), problem, remedy)


def _distribution(
    path: KeyPath,
    swept: Mapping[str, Any],
    mode: str,
    takes: tuple[str | None, float],
    findings: Findings,
) -> Distribution | None:
    """Read a distribution; `takes` has the kind of numbers and their step; None after a fault."""
    numbers, step = takes
    key = dotted(path[:-1])
    kind = next(iter(swept))
    value = f"{kind} = {shown(swept[kind])}"
    is_whole = numbers == "wholes"
    problem, remedy = distribution_fault(kind, swept[kind], is_whole=is_whole, step=step)
    if len(swept) != 1:
        problem, remedy = "a key has one distribution.", f"Write {{ sweep = {{ {value} }} }} alone."
    elif numbers is None:
        problem = "this key takes no single number, so it cannot be drawn from a distribution."
        remedy = "List its values: { sweep = [...] }; each is drawn with equal chance."
    elif not problem and mode not in SAMPLED:
        problem = f'mode "{mode}" cannot draw from a distribution.'
        remedy = 'Write mode = "sobol" and n = 256 below [sweep], or list the values.'
    if problem:
        findings.add(path, value, problem, remedy, key=key)
        return None
    written = swept[kind]
    n_spread = 2 if kind == "normal" else 0
    ends = written[n_spread:] if is_whole else [float(end) for end in written[n_spread:]]
    return Distribution(kind, (*map(float, written[:n_spread]), *ends), is_whole, step)


def _values(path: KeyPath, swept: object, mode: str, findings: Findings) -> Sequence[Any] | None:
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
    seen: set[Any] = set()
    for value in swept:
        frozen = _frozen(value)
        # True == 1 in Python, but here it is a fault of its own, found with the other kinds.
        if frozen in seen and not isinstance(value, bool):
            problem = (
                "the sweep lists this value more than once; each case would be computed twice."
            )
            findings.add(path, shown(value, unit), problem, "Remove the repeated value.", key=key)
            return True
        seen.add(frozen)
    return False


def _frozen(value: Any) -> Any:
    """Give a value of a config that can be looked up, equal where the value is."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    return value


def _spaced(path: KeyPath, swept: Mapping[str, Any], findings: Findings) -> Spaced | None:
    """Give the values of ``linspace`` or ``logspace``; None after a fault."""
    key = dotted(path[:-1])
    name = next(iter(swept), "")
    known = (*_SPACINGS, *DISTRIBUTIONS)
    if len(swept) != 1 or name not in _SPACINGS:
        problem = f"there is no such kind of sweep; it is a list, or one of {quoted_list(known)}."
        near = nearest(name, known) if name not in known else None
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
    return Spaced(name, first, last, count)


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


def _labels(
    path: KeyPath, labels: object, values: Sequence[Any] | None, findings: Findings
) -> tuple[str, ...] | None:
    """Check the labels of swept tables and lists."""
    place = (*path, "labels")
    listed = () if isinstance(values, Spaced) else values or ()
    n_named = sum(isinstance(value, dict | list) for value in listed)
    if labels is None:
        if n_named:
            names = ", ".join(f'"{name}"' for name in ("first", "second", "third")[:n_named])
            problem = f"swept tables and lists need labels: {n_named} names for the axis."
            findings.add(place, "", problem, f"Add labels = [{names}{', ...' * (n_named > 3)}].")
        return None
    if not isinstance(labels, list) or not all(
        isinstance(label, str) and 0 < len(label) <= MAX_NAME for label in labels
    ):
        problem = f"labels must be a list of texts in quotes of 1 to {MAX_NAME} characters."
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
        twice = Counter(labels).most_common(1)[0][0]
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
