"""Every table validated once for each content that it takes over the cases, and every check run as often as needed.

A table that varies in single keys is validated key by key and value by value, so that a grid of two keys with 1000
values each costs 2000 values. What may be wrong is found in ``sections.py`` and the files of checks, how tables vary
in ``layout.py``.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from scsim.study.config import SECTIONS
from scsim.study.reading.checks import (
    CHECKS,
    Check,
    contact_labels,
    read_montage,
    value_text,
)
from scsim.study.reading.circuit_checks import CIRCUIT_CHECKS
from scsim.study.reading.faults import Findings
from scsim.study.reading.fiber_checks import FIBER_CHECKS
from scsim.study.reading.field_checks import FIELD_CHECKS
from scsim.study.reading.keys import field_types
from scsim.study.reading.layout import Layout
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.modes import Choice
from scsim.study.reading.nerve_checks import (
    NERVE_CHECKS,
    Kind,
    kind_of,
    misplaced_fault,
    mixed_fault,
    runs_for,
)
from scsim.study.reading.sections import NOT_SOUND, Reading, read_section, read_values
from scsim.study.reading.sweep import is_swept

ALL_CHECKS: Final = (*CHECKS, *FIELD_CHECKS, *FIBER_CHECKS, *CIRCUIT_CHECKS, *NERVE_CHECKS)


class _Table:
    """One table over the cases: `read` gives what it says in one, `part` what it depends on."""

    def __init__(self, places: Sequence[int]) -> None:
        self.places = tuple(places)
        self.part = itemgetter(*places) if places else _nothing
        self.readings: dict[Hashable, Reading] = {}

    def sound(self, key: str, choice: Choice) -> Any:
        """Give the value of a key, `NOT_SOUND` if it has a fault."""
        return self.readings[self.part(choice)].sound.get(key, NOT_SOUND)

    def section(self, choice: Choice) -> Any:
        """Give the whole section; only where nothing has a fault."""
        return self.readings[self.part(choice)].section


class _KeyedTable(_Table):
    """A table that varies in single keys: `columns` has the values of each, and its value in the base case."""

    def __init__(self, places: Sequence[int], kind: type, unswept: Reading) -> None:
        super().__init__(places)
        self.kind = kind
        self.unswept = unswept
        self.columns: dict[str, tuple[int, Sequence[Any]]] = {}
        self.sections: dict[Hashable, Any] = {}

    def sound(self, key: str, choice: Choice) -> Any:
        if key in self.columns:
            place, values = self.columns[key]
            # The last value is that of the base case, at BASE = -1.
            return values[choice[place]]
        return self.unswept.sound.get(key, NOT_SOUND)

    def section(self, choice: Choice) -> Any:
        part = self.part(choice)
        section = self.sections.get(part)
        if section is None:
            swept = {key: values[choice[place]] for key, (place, values) in self.columns.items()}
            section = self.sections[part] = self._changed(swept)
        return section

    def _changed(self, swept: Mapping[str, Any]) -> Any:
        """Build a section from the first one: five times faster than its constructor, which sets field by field."""
        if not self.sections or hasattr(self.kind, "__post_init__"):
            return self.kind(**self.unswept.sound, **swept)
        first = next(iter(self.sections.values()))
        section: Any = object.__new__(self.kind)
        section.__dict__.update(first.__dict__, **swept)
        return section


def _nothing(_: Choice) -> Hashable:
    return None


class Variants:
    """All tables of a config over its cases, validated.

    Attributes
    ----------
    layout : Layout
    findings : Findings
        Receives every fault.
    """

    def __init__(self, layout: Layout, findings: Findings) -> None:
        self.layout = layout
        self.findings = findings
        self._tables: dict[str, _Table] = {}
        for name in SECTIONS:
            self._tables[name] = self._read(name)
        self._kind = self._read_kind()
        for check in ALL_CHECKS:
            if self._kind is not None and runs_for(check, self._kind):
                self._run(check)

    def sections(self, choices: Iterable[Choice]) -> Iterator[dict[str, Any]]:
        """Give the sections of some cases, which share them where they are equal.

        Parameters
        ----------
        choices : iterable of Choice

        Yields
        ------
        dict
            Sections by name, for each choice; only where nothing has a fault.
        """
        first = self.layout.choices[0]
        tables = self._tables.items()
        same = {name: table.section(first) for name, table in tables if not table.places}
        varying = [(name, table.section) for name, table in tables if table.places]
        for choice in choices:
            sections = same.copy()
            for name, section in varying:
                sections[name] = section(choice)
            yield sections

    def _read(self, name: str) -> _Table:
        """Validate one table, after those it depends on."""
        layout = self.layout
        if name == "montage":  # which contacts it may name depends on the lead
            keys = ("montage", "lead.preset", "lead.n_leads")
            places = sorted(set[int]().union(*map(layout.touching, keys)))
        elif layout.columns.get(name):
            return self._read_keyed(name)
        else:
            places = sorted(layout.touching(name))
        table = _Table(places)
        for choice in layout.distinct(places):
            table.readings[table.part(choice)] = self._read_one(name, choice)
        return table

    def _read_keyed(self, name: str) -> _KeyedTable:
        """Validate a table that varies in single keys."""
        layout, columns = self.layout, self.layout.columns[name]
        first = layout.choices[0]
        written = layout.table(name, first)
        values = {key: value for key, value in written.items() if key not in columns}

        def path_of(key: str) -> KeyPath:
            return layout.path(name, key, first)

        told = layout.told[name] | columns.keys()
        unswept = read_section(name, values, self.findings, path_of, told=told)
        table = _KeyedTable(sorted(layout.touching(name)), SECTIONS[name], unswept)
        for key, (place, sweep) in columns.items():
            listed = [*sweep.values, *([] if sweep.base is None else [sweep.base])]
            found = read_values(name, key, listed, self.findings, path_of(key))
            table.columns[key] = (place, found)
        return table

    def _read_one(self, name: str, choice: Choice) -> Reading:
        """Validate one content of a table."""
        layout = self.layout
        written = layout.table(name, choice)
        values = {key: value for key, value in written.items() if not is_swept(value)}
        # A sweep is left only inside a case or a swept table, where it is already noted.
        told = layout.told[name] | (written.keys() - values.keys())

        def path_of(key: str) -> KeyPath:
            return layout.path(name, key, choice)

        if name == "montage":
            lead = {key: self._sound(f"lead.{key}", choice) for key in ("preset", "n_leads")}
            known = {key: value for key, value in lead.items() if value is not NOT_SOUND}
            labels = contact_labels(known)
            return Reading(read_montage(values, labels, self.findings, path_of, told=told), {})
        return read_section(name, values, self.findings, path_of, told=told)

    def _sound(self, key: str, choice: Choice) -> Any:
        table, _, name = key.partition(".")
        return self._tables[table].sound(name, choice)

    def _read_kind(self) -> Kind | None:
        """Tell the kind of a study and note keys of the other kind; None where its cases are of both."""
        layout = self.layout
        kinds = set()
        for choice in layout.distinct(self._tables["nerve"].places):
            preset = self._sound("nerve.preset", choice)
            kinds.add(kind_of({} if preset is NOT_SOUND else {"preset": preset}))
        if len(kinds) > 1:
            self.findings.add(("nerve",), "", *mixed_fault())
        if len(kinds) != 1:
            return None
        (kind,) = kinds
        for name in SECTIONS:
            noted = set[str]()
            # A table that varies in single keys has the same keys in all cases.
            places = () if layout.columns.get(name) else layout.touching(name)
            for choice in layout.distinct(places):
                for key, value in layout.table(name, choice).items():
                    fault = misplaced_fault(f"{name}.{key}", kind)
                    if fault and key not in noted and key in field_types(SECTIONS[name]):
                        noted.add(key)
                        path = layout.path(name, key, choice)
                        self.findings.add(path, value_text(key, value), *fault)
        return kind

    def _run(self, check: Check) -> None:
        """Run a check for everything that it may see."""
        places = set[int]().union(*map(self.layout.touching, check.reads))
        choices = self.layout.distinct(places)
        if check.is_of_all:
            choices = choices[:1] if self._fails_in_all(check, choices) else []
        if check.interval_of and self.layout.columns:
            others = places - self.layout.touching(check.interval_of)
            choices = self._not_between(check, choices, sorted(others))
        for choice in choices:
            self._run_one(check, choice, self.findings)

    def _not_between(
        self, check: Check, choices: Sequence[Choice], others: Sequence[int]
    ) -> Sequence[Choice]:
        """Leave out choices that need no look, as both ends of an interval pass; `others` are places of other keys."""
        groups: dict[Hashable, list[tuple[float, Choice]]] = {}
        for choice in choices:
            value = self._sound(check.interval_of, choice)
            # An unset number is a value of its own.
            is_number = isinstance(value, int | float)
            rest = (*(choice[place] for place in others), is_number)
            groups.setdefault(rest, []).append((value if is_number else 0.0, choice))
        left: list[Choice] = []
        for group in groups.values():
            ends = (min(group)[1], max(group)[1])
            alone = Findings(self.findings.source)
            for choice in ends:
                self._run_one(check, choice, alone)
            left.extend(choice for _, choice in group if alone)
        return left

    def _fails_in_all(self, check: Check, choices: Sequence[Choice]) -> bool:
        """Whether a check finds a fault in every case."""
        for choice in choices:
            alone = Findings(self.findings.source)
            self._run_one(check, choice, alone)
            if not alone:
                return False
        return True

    def _run_one(self, check: Check, choice: Choice, findings: Findings) -> None:
        """Run one check if every key that it reads is sound."""
        values = {}
        for key in check.reads:
            value = values[key] = self._sound(key, choice)
            if value is NOT_SOUND:
                return

        def report(key: str, problem: str, remedy: str) -> None:
            table, _, name = key.partition(".")
            path = self.layout.path(table, name, choice)
            findings.add(path, value_text(key, values[key]), problem, remedy)

        check.find(values, report)
