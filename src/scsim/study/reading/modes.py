"""Modes of sweeps: which cases follow from all swept keys together, how many, and under which names.

``[sweep]`` says the mode: ``grid`` (every combination), ``zip`` (first with first, second with second),
``one_at_a_time`` (a base case, then each listed value alone) or one that draws from lists and distributions
(``sampling.py``). ``repeats`` runs every case for as many seeds. Cases are counted before any is made. What one
swept key holds is read in ``sweep.py``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from types import MappingProxyType
from typing import Any, Final

from scsim.study.reading.faults import Findings, dotted, kind_of, nearest, quoted_list, shown
from scsim.study.reading.sampling import (
    DIGITS,
    SAMPLED,
    count_fault,
    count_rows,
    draw_shares,
    rows_of_cases,
)
from scsim.study.reading.sweep import BASE, MAX_CASES, Spaced, Sweep

MODES: Final = ("grid", "zip", "one_at_a_time", *SAMPLED)
"""What ``[sweep] mode`` may be."""

_FEW: Final = 128
"""Values of each key that are looked at in a study with too many cases."""

Choice = tuple[int, ...]
"""One place along every swept key, or `BASE`."""


@dataclass(frozen=True)
class SweepTable:
    """What ``[sweep]`` says.

    Attributes
    ----------
    mode : str
        One of `MODES`.
    n : int or None
        Draws of a sampled mode.
    repeats : int or None
        Seeds for which every case runs.
    """

    mode: str = "grid"
    n: int | None = None
    repeats: int | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether values are drawn."""
        return self.mode in SAMPLED

    def written(self) -> dict[str, Any]:
        """Give the table as a config holds it."""
        numbers = {"n": self.n, "repeats": self.repeats}
        given = {key: value for key, value in numbers.items() if value is not None}
        return {"mode": self.mode, **given}


def read_sweep_table(table: object, findings: Findings) -> SweepTable:
    """Read ``[sweep]``.

    Parameters
    ----------
    table : object
        The table as the config holds it; an empty one means a grid.
    findings : Findings
        Receives the faults.

    Returns
    -------
    SweepTable
        A grid after a fault of the mode; without n or repeats after a fault of these.
    """
    if not isinstance(table, Mapping):
        remedy = 'Write [sweep] on a line of its own, and mode = "zip" below it.'
        findings.add(
            ("sweep",), shown(table), f"{kind_of(table)} stands where a table is expected.", remedy
        )
        return SweepTable()
    known = ("mode", "n", "repeats")
    for key in table:
        if key not in known:
            near = nearest(key, known)
            remedy = (
                f"Did you mean {near}?"
                if near
                else "Write a sweep where the value stands: amplitude_ma = { sweep = [1, 2, 3] }."
            )
            problem = "[sweep] takes only the keys mode, n and repeats."
            findings.add(("sweep", key), shown(table[key]), problem, remedy)
    mode = table.get("mode", "grid")
    if not isinstance(mode, str) or mode not in MODES:
        near = nearest(mode, MODES) if isinstance(mode, str) else None
        remedy = f'Did you mean mode = "{near}"?' if near else 'Write, for example, mode = "grid".'
        problem = f"there is no such mode; it must be {quoted_list(MODES)}."
        findings.add(("sweep", "mode"), shown(mode), problem, remedy)
        return SweepTable(repeats=_read_repeats(table, findings))
    return SweepTable(mode, _read_n(table, mode, findings), _read_repeats(table, findings))


def _read_n(table: Mapping[str, Any], mode: str, findings: Findings) -> int | None:
    """Read how many times to draw; None where the mode does not draw, or after a fault."""
    n = table.get("n")
    problem = remedy = ""
    if mode in SAMPLED:
        problem, remedy = count_fault(mode, n)
    elif n is not None:
        problem = f'n is for modes that draw values, {quoted_list(SAMPLED)}; the mode is "{mode}".'
        remedy = "Remove n, or choose one of these modes."
    if problem:
        findings.add(("sweep", "n"), "" if n is None else shown(n), problem, remedy)
        return None
    return n


def _read_repeats(table: Mapping[str, Any], findings: Findings) -> int | None:
    """Read for how many seeds every case runs; None if it is not said, or after a fault."""
    repeats = table.get("repeats")
    if repeats is None:
        return None
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        problem = (
            "repeats must be a whole number of at least 1: for how many seeds every case runs."
        )
        findings.add(
            ("sweep", "repeats"), shown(repeats), problem, "Write, for example, repeats = 10."
        )
        return None
    return repeats


def lay_out_cases(
    sweeps: Sequence[Sweep], table: SweepTable, *, n_seeds: int, seed: int, findings: Findings
) -> tuple[Sequence[Sweep], Sequence[Choice]]:
    """List the places along all swept keys that make the cases of a study for one seed.

    Parameters
    ----------
    sweeps : sequence of Sweep
    table : SweepTable
    n_seeds : int
        For how many seeds every case runs.
    seed : int
        Seed of the study, from which values are drawn.
    findings : Findings
        Receives a fault for too many cases, values that are not all different, or ``zip`` of unequal lengths.

    Returns
    -------
    sequence of Sweep
        With their values; after a fault with some of them.
    sequence of Choice
        In the order of the cases. After a fault, enough of them to see every value once.
    """
    lengths = [len(sweep.values) for sweep in sweeps]
    if not _fits(lengths, table, n_seeds, findings):
        few = [_first_values(sweep) for sweep in sweeps]
        return few, _each_once([len(sweep.values) for sweep in few], 0)
    for sweep in sweeps:
        if isinstance(sweep.values, Spaced):
            _check_distinct(sweep, sweep.values, findings)
    listed = [
        replace(sweep, values=tuple(sweep.values)) if sweep.spacing else sweep for sweep in sweeps
    ]
    if table.is_sampled and listed:
        # Without n there is a fault already; values of each key are looked at all the same.
        return _draw(listed, SweepTable(table.mode, table.n or _FEW), seed)
    return listed, _places(listed, lengths, table.mode, findings)


def _first_values(sweep: Sweep) -> Sweep:
    """Give a sweep with few of its values, for a study that is refused."""
    if sweep.distribution is not None:
        shares = draw_shares("random", _FEW, 1, 0)[:, 0]
        return replace(sweep, values=tuple(sweep.distribution.values(shares)))
    labels = sweep.labels
    values = tuple(islice(sweep.values, _FEW))
    return replace(sweep, values=values, labels=None if labels is None else labels[:_FEW])


def _fits(lengths: Sequence[int], table: SweepTable, n_seeds: int, findings: Findings) -> bool:
    """Count the cases before any is made; whether a study may have so many."""
    times = "" if n_seeds == 1 else f" for {n_seeds} seeds"
    if table.mode == "grid":
        count = math.prod(lengths) * n_seeds
        what = f"the grid has {' × '.join(map(str, lengths or [1]))}{times} = {count} cases"
        remedy = 'Sweep fewer values, use mode = "zip" below [sweep], or split the study.'
        if len(lengths) > 1:
            remedy = (
                'Sweep fewer values, use mode = "zip" below [sweep], draw n of the cases with '
                'mode = "latin", or split the study.'
            )
    elif table.is_sampled:
        count = count_rows(table.mode, table.n or 0, len(lengths)) * n_seeds
        rule = f"n × ({len(lengths)} keys + 2)" if table.mode == "saltelli" else "n"
        what = f'mode "{table.mode}" with n = {table.n} makes {rule}{times} = {count} cases'
        remedy = "Use a smaller n, or split the study."
    elif table.mode == "zip":
        count = max(lengths, default=1) * n_seeds
        what = f"the zip has {max(lengths, default=1)}{times} = {count} cases"
        remedy = "Sweep fewer values, or split the study."
    else:
        count = (1 + sum(lengths)) * n_seeds
        what = f"one base case and {sum(lengths)} others{times} make {count} cases"
        remedy = "Sweep fewer values, or split the study."
    if count > MAX_CASES:
        path = ("sweep", "n") if table.is_sampled else ("sweep",)
        if count // n_seeds <= MAX_CASES and table.repeats is not None:
            path = ("sweep", "repeats")
        findings.add(path, "", f"{what}; at most {MAX_CASES} are allowed.", remedy, key="sweep")
    return count <= MAX_CASES


def check_count(n_cases: int, n_seeds: int, findings: Findings) -> None:
    """Note too many ``[[case]]`` tables for too many seeds.

    Parameters
    ----------
    n_cases, n_seeds : int
    findings : Findings
        Receives the fault.
    """
    count = n_cases * n_seeds
    if count > MAX_CASES:
        problem = (
            f"{n_cases} cases for {n_seeds} seeds = {count} cases; at most {MAX_CASES} are allowed."
        )
        findings.add(("case",), "", problem, "Use fewer seeds, or split the study.")


def _check_distinct(sweep: Sweep, spaced: Spaced, findings: Findings) -> None:
    """Note values that lie so close that rounding makes them equal."""
    if len(set(spaced)) == len(spaced):
        return
    problem = f"{spaced.number} values from {spaced.first} to {spaced.last} are not all different."
    ends = shown([spaced.first, spaced.last, spaced.number])
    form = f"{spaced.kind} = [first, last, how many]"
    remedy = f"Use fewer values, or ends that lie further apart. ({form})"
    path = (*sweep.path, "sweep")
    findings.add(path, f"{spaced.kind} = {ends}", problem, remedy, key=dotted(sweep.path))


def _draw(
    sweeps: Sequence[Sweep], table: SweepTable, seed: int
) -> tuple[Sequence[Sweep], Sequence[Choice]]:
    """Draw the values of all swept keys, and the places of each case along them."""
    n, n_keys = table.n or 0, len(sweeps)
    shares = draw_shares(table.mode, n, n_keys, seed)
    drawn = []
    places: list[list[int]] = []
    for column, sweep in enumerate(sweeps):
        if sweep.distribution is not None:
            values: Sequence[Any] = tuple(sweep.distribution.values(shares[:, column]))
            places.append(list(range(len(values))))
        else:
            values = sweep.values
            last = len(values) - 1
            places.append([min(int(share * len(values)), last) for share in shares[:, column]])
        drawn.append(replace(sweep, values=values))
    rows = rows_of_cases(table.mode, n, n_keys).tolist()
    return drawn, [tuple(place[at] for place, at in zip(places, row, strict=True)) for row in rows]


def _places(
    sweeps: Sequence[Sweep], lengths: Sequence[int], mode: str, findings: Findings
) -> Sequence[Choice]:
    """List the choices of a mode that does not draw."""
    if mode == "grid":
        return list(product(*map(range, lengths)))
    if not sweeps or mode in SAMPLED:
        return [()]
    if mode == "zip":
        return _zipped(sweeps, lengths, findings)
    bases = [sweep.base_place for sweep in sweeps]
    return [
        choice
        for choice in _each_once(lengths, BASE)
        if not any(place == base for place, base in zip(choice, bases, strict=True))
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


def case_part(name: str, value: object) -> str:
    """Write one swept value of a case for its name: ``amplitude_ma=2.5``.

    Parameters
    ----------
    name : str
        Name of the dimension.
    value : object
        Value or label.

    Returns
    -------
    str
    """
    return f"{name}={value:.{DIGITS}g}" if isinstance(value, float) else f"{name}={value}"
