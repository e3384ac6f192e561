"""How the tables of a config vary over its cases: by swept keys, or by ``[[case]]`` tables.

A layout gives what a table says in a case, where that is written, and which cases need not be told apart. Values are
validated in ``variants.py``.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from scsim.study.reading.cases import CaseTable
from scsim.study.reading.keys import Table
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.modes import Choice
from scsim.study.reading.sweep import BASE, Sweep


@dataclass(frozen=True)
class Layout:
    """How the tables of a config vary over its cases.

    Attributes
    ----------
    mode : str
        As `Study.mode`.
    choices : sequence of Choice
        One per case.
    touching : callable
        ``(key) -> set of int``, the places of a choice on which a table or a dotted key depends.
    table : callable
        ``(table, choice) -> dict`` of plain values.
    path : callable
        ``(table, key, choice) -> KeyPath``, the table's own for an empty key.
    told : mapping of str to set of str
        Keys that are missing because of a fault already noted; `scsim.study.reading.keys.ALL_KEYS` for a whole table.
    columns : mapping of str to dict of str to (int, Sweep)
        For each table that varies in single keys alone: the swept keys, with their place in a choice.
    """

    mode: str
    choices: Sequence[Choice]
    touching: Callable[[str], set[int]]
    table: Callable[[str, Choice], dict[str, Any]]
    path: Callable[[str, str, Choice], KeyPath]
    told: Mapping[str, set[str]]
    columns: Mapping[str, Mapping[str, tuple[int, Sweep]]]
    _distinct: dict[frozenset[int], Sequence[Choice]] = field(default_factory=dict)

    def distinct(self, places: Iterable[int]) -> Sequence[Choice]:
        """Give one choice for each content of some of its places, in the order of the cases.

        Parameters
        ----------
        places : iterable of int

        Returns
        -------
        sequence of Choice
        """
        wanted = frozenset(places)
        if wanted not in self._distinct:
            self._distinct[wanted] = self._find_distinct(sorted(wanted))
        return self._distinct[wanted]

    def _find_distinct(self, places: Sequence[int]) -> Sequence[Choice]:
        if not self.choices or not places:
            return self.choices[:1]
        if len(places) == len(self.choices[0]):
            # Cases of a study differ, but draws may repeat.
            return list(dict.fromkeys(self.choices))
        part = itemgetter(*places)
        first: dict[Hashable, Choice] = {}
        for choice in self.choices:
            first.setdefault(part(choice), choice)
        return list(first.values())


def sweep_layout(
    base: Mapping[str, Table],
    sweeps: Sequence[Sweep],
    chosen: Sequence[Choice],
    mode: str,
    told: Mapping[str, set[str]],
) -> Layout:
    """Lay out the cases of swept keys.

    Parameters
    ----------
    base : mapping
        Plain values of each table.
    sweeps : sequence of Sweep
    chosen : sequence of Choice
        One per case.
    mode : str
        As `Study.mode`.
    told : mapping of str to set of str
        As `Layout.told`.

    Returns
    -------
    Layout
    """
    whole = {sweep.path[0]: at for at, sweep in enumerate(sweeps) if len(sweep.path) == 1}

    def touching(key: str) -> set[int]:
        table, _, name = key.partition(".")
        # A table depends on the sweeps of all its keys, a key on its own and that of its table.
        return {
            at
            for at, sweep in enumerate(sweeps)
            if sweep.path[0] == table and (not name or sweep.path[1:] in {(), (name,)})
        }

    def table(name: str, choice: Choice) -> dict[str, Any]:
        if name in whole:
            return dict(sweeps[whole[name]].value(choice[whole[name]]))
        places = sorted(touching(name))
        swept = {str(sweeps[at].path[1]): sweeps[at].value(choice[at]) for at in places}
        return {**base[name], **swept}

    def path(name: str, key: str, choice: Choice) -> KeyPath:
        inner = (key,) if key else ()
        if name not in whole:
            return (name, *inner)
        place = choice[whole[name]]
        row = sweeps[whole[name]].base_place if place == BASE else place
        return (name, "sweep", row or 0, *inner)

    columns: dict[str, dict[str, tuple[int, Sweep]]] = {name: {} for name in base}
    for at, sweep in enumerate(sweeps):
        if len(sweep.path) > 1:
            columns[str(sweep.path[0])][str(sweep.path[1])] = (at, sweep)
    columns = {name: columns[name] for name in columns if name not in whole}
    return Layout(mode, chosen, touching, table, path, told, columns)


def case_layout(
    base: Mapping[str, Table], cases: Sequence[CaseTable], told: Mapping[str, set[str]]
) -> Layout:
    """Lay out ``[[case]]`` tables: each key they name replaces that of the base, the montage as a whole.

    Parameters
    ----------
    base : mapping
        Plain values of each table.
    cases : sequence of CaseTable
    told : mapping of str to set of str
        As `Layout.told`.

    Returns
    -------
    Layout
    """
    touched = {
        key
        for case in cases
        for name, values in case.tables.items()
        for key in (name, *(f"{name}.{inner}" for inner in values))
    }

    def table(name: str, choice: Choice) -> dict[str, Any]:
        changed = cases[choice[0]].tables.get(name, {})
        if name == "montage" and changed:
            return dict(changed)
        return {**base[name], **changed}

    def path(name: str, key: str, choice: Choice) -> KeyPath:
        case = cases[choice[0]]
        written = case.paths.get((name, key))
        return written or ((name, key) if key else (name,))

    def touching(key: str) -> set[int]:
        # A montage changes as a whole.
        changed = "montage" if key.startswith("montage.") else key
        return {0} if changed in touched else set()

    chosen = [(index,) for index in range(len(cases))]
    return Layout("cases", chosen, touching, table, path, told, {})
