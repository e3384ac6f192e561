"""Document → study: tables, sweeps and cases become validated configs.

A config is varied in one of two ways: by swept keys (``sweep.py`` says which combinations) or by
``[[case]]`` tables (``cases.py``). Every table is validated once for each content it takes over the cases,
and cases share the result. Text and files belong in ``parse.py``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scsim.study.config import SECTIONS, Study, StudyConfig, lookup
from scsim.study.inputs import FILE_KEYS, file_faults
from scsim.study.reading.cases import CaseTable, read_cases
from scsim.study.reading.checks import (
    CHECKS,
    Check,
    contact_labels,
    read_montage,
    split_message,
    value_text,
)
from scsim.study.reading.circuit_checks import CIRCUIT_CHECKS
from scsim.study.reading.circuit_checks import file_faults as circuit_file_faults
from scsim.study.reading.faults import Findings, kind_of, shown
from scsim.study.reading.fiber_checks import FIBER_CHECKS
from scsim.study.reading.field_checks import FIELD_CHECKS
from scsim.study.reading.keys import (
    ALL_KEYS,
    FIXED,
    HEAD_KEYS,
    Table,
    add_fixed,
    check_names,
    field_types,
)
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.nerve_checks import (
    NERVE_CHECKS,
    Kind,
    keep_applicable,
    kind_of,
    misplaced_fault,
    mixed_fault,
    runs_for,
)
from scsim.study.reading.presets import Preset
from scsim.study.reading.resolve import listed_cases, resolved_cases, resolved_sweeps, swept_cases
from scsim.study.reading.sections import Reading, read_section
from scsim.study.reading.sweep import BASE, Choice, Sweep, choices, is_swept, read_mode, read_sweep

_FILE_TABLES: Final = ("field", "domain")
_CIRCUIT_TABLES: Final = ("circuit", "states", "afferents")
"""Tables on which it depends whether a circuit of the user's own can be read and run."""

_CASE_TABLES: Final = ("field", "tissue", "lead", "fibers", "montage")
"""Tables on which it depends whether files can be read, and whether they hold what a case asks."""


@dataclass(frozen=True)
class _Layout:
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
        Keys that are missing because of a fault already noted; `ALL_KEYS` for a whole table.
    """

    mode: str
    choices: Sequence[Choice]
    touching: Callable[[str], set[int]]
    table: Callable[[str, Choice], dict[str, Any]]
    path: Callable[[str, str, Choice], KeyPath]
    told: Mapping[str, set[str]]


def build_study(
    document: Table, findings: Findings, path: Path | None, presets: Mapping[str, Preset]
) -> Study | None:
    """Turn a document into a study.

    Parameters
    ----------
    document : mapping
        What ``tomllib`` read, with includes, presets and overrides in their place.
    findings : Findings
        Receives every fault.
    path : pathlib.Path or None
        The file it comes from.
    presets : mapping of str to Preset
        Those that cases may use.

    Returns
    -------
    Study or None
        None if there are findings.
    """
    told = check_names(document, findings)
    head = _read_head(document, findings, told).section
    mode = read_mode(document.get("sweep", {}), findings)
    base, sweeps = _read_tables(document, mode, findings, told)
    cases = read_cases(document, sweeps, findings, told, presets=presets)
    if cases:
        layout = _case_layout(base, cases, told)
    else:
        layout = _sweep_layout(base, sweeps, choices(sweeps, mode, findings), mode, told)
    sections = _read_sections(layout, findings)
    if findings or head is None:
        return None
    folder = None if path is None else path.parent
    configs = [
        StudyConfig(title=head.title, seed=head.seed, folder=folder, **values)
        for values in sections
    ]
    if _has_file_faults(layout, configs, findings):
        return None
    if cases:
        axes, listed = listed_cases(cases, configs)
        varied = resolved_cases(cases, configs)
    else:
        axes, listed = swept_cases(sweeps, layout.choices, configs, mode)
        varied = resolved_sweeps(sweeps, axes, configs, mode)
    varied = keep_applicable(varied, "canal" if configs[0].nerve.preset is None else "nerve")
    resolved = {"title": head.title, "seed": head.seed, **varied}
    return Study(path, head.title, head.seed, layout.mode, axes, listed, resolved)


def _has_file_faults(layout: _Layout, configs: Sequence[StudyConfig], findings: Findings) -> bool:
    """Note what is wrong with the files that cases name; whether anything is."""
    # First whether the files can be read at all, then what each case asks of them.
    for find, tables in ((file_faults, _FILE_TABLES), (_case_faults, _CASE_TABLES)):
        places = set[int]().union(*map(layout.touching, tables))
        for same in _equal_cases(layout.choices, places):
            config = configs[same[0]]
            if findings or all(getattr(config.field, key) is None for key in FILE_KEYS):
                continue
            for key, message in find(config):
                where = layout.path("field", key, layout.choices[same[0]])
                value = value_text(f"field.{key}", getattr(config.field, key))
                findings.add(where, value, *split_message(message))
    _add_circuit_faults(layout, configs, findings)
    return len(findings) > 0


def _add_circuit_faults(
    layout: _Layout, configs: Sequence[StudyConfig], findings: Findings
) -> None:
    """Note what is wrong with circuits of the user's own."""
    places = set[int]().union(*map(layout.touching, _CIRCUIT_TABLES))
    for same in _equal_cases(layout.choices, places):
        config = configs[same[0]]
        for key, message in circuit_file_faults(config):
            table, _, name = key.partition(".")
            where = layout.path(table, name, layout.choices[same[0]])
            findings.add(where, value_text(key, lookup(config, key)), *split_message(message))


def _case_faults(config: StudyConfig) -> list[tuple[str, str]]:
    from scsim.study.reading.file_checks import case_faults  # noqa: PLC0415 - few studies read files

    return case_faults(config)


def _read_head(document: Table, findings: Findings, told: Mapping[str, set[str]]) -> Reading:
    """Read the keys above the first table."""
    values = {key: document[key] for key in HEAD_KEYS if key in document}
    swept = {key for key, value in values.items() if is_swept(value)}
    for key in swept:
        add_fixed((key,), values.pop(key), findings, key)
    return read_section(
        "", values, findings, lambda key: (key,) if key else (), told=told[""] | swept
    )


def _read_tables(
    document: Table, mode: str, findings: Findings, told: dict[str, set[str]]
) -> tuple[dict[str, dict[str, Any]], list[Sweep]]:
    """Part every table into plain values and sweeps; sweeps in the order of the sections' fields."""
    base: dict[str, dict[str, Any]] = {}
    sweeps: list[Sweep] = []
    for name in SECTIONS:
        table = document.get(name, {})
        base[name] = {}
        if not isinstance(table, Mapping):
            continue
        if is_swept(table):
            sweep = _read_table_sweep(name, table, mode, findings)
            sweeps.extend([sweep] if sweep else [])
            told[name].update(() if sweep else {ALL_KEYS})
            continue
        known = field_types(SECTIONS[name])
        order = list(known)
        usable = [key for key in table if name == "montage" or key in known]
        for key in sorted(usable, key=lambda one: order.index(one) if one in known else 0):
            value = table[key]
            if not is_swept(value):
                base[name][key] = value
            elif name in FIXED:
                add_fixed((name, key), value, findings, name)
                told[name].add(key)
            else:
                sweep = read_sweep((name, key), value, mode, findings)
                sweeps.extend([sweep] if sweep else [])
                told[name].update(() if sweep else {key})
    return base, sweeps


def _read_table_sweep(name: str, table: Table, mode: str, findings: Findings) -> Sweep | None:
    """Read a table whose values are whole tables."""
    if name in FIXED:
        add_fixed((name,), table, findings, name)
        return None
    sweep = read_sweep((name,), table, mode, findings)
    is_sound = True
    for row, value in enumerate(sweep.values if sweep else ()):
        if isinstance(value, Mapping):
            for key, item in value.items():
                if is_swept(item):
                    problem = "a swept table cannot hold a sweep."
                    remedy = "List one table for each value, or sweep this key alone."
                    findings.add((name, "sweep", row, key), shown(item), problem, remedy)
            continue
        is_sound = False
        problem = (
            f"{kind_of(value)} stands where a table is expected: [{name}] is swept as a whole."
        )
        example = "{ c4 = -1.0, c5 = 1.0 }" if name == "montage" else "{ key = value }"
        remedy = f"Write tables such as {example}, or sweep a key of [{name}]."
        findings.add((name, "sweep"), shown(value), problem, remedy)
    return sweep if is_sound else None


def _sweep_layout(
    base: Mapping[str, Table],
    sweeps: Sequence[Sweep],
    chosen: Sequence[Choice],
    mode: str,
    told: Mapping[str, set[str]],
) -> _Layout:
    """Lay out the cases of swept keys."""
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

    return _Layout(mode, chosen, touching, table, path, told)


def _case_layout(
    base: Mapping[str, Table], cases: Sequence[CaseTable], told: Mapping[str, set[str]]
) -> _Layout:
    """Lay out ``[[case]]`` tables: each key they name replaces that of the base, the montage as a whole."""
    touched = {name for case in cases for name in case.tables}

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
        return {0} if key.partition(".")[0] in touched else set()

    chosen = [(index,) for index in range(len(cases))]
    return _Layout("cases", chosen, touching, table, path, told)


def _read_sections(layout: _Layout, findings: Findings) -> list[dict[str, Any]]:
    """Validate every table in every case, then run the checks; sections of each case."""
    cases: list[dict[str, Reading]] = [{} for _ in layout.choices]
    for name in SECTIONS:
        places = layout.touching(name)
        if name == "montage":  # which contacts it may name depends on the lead
            places = places | layout.touching("lead.preset") | layout.touching("lead.n_leads")
        for same in _equal_cases(layout.choices, places):
            reading = _read_one(layout, name, layout.choices[same[0]], cases[same[0]], findings)
            for index in same:
                cases[index][name] = reading
    kind = _read_kind(layout, cases, findings)
    for check in (*CHECKS, *FIELD_CHECKS, *FIBER_CHECKS, *CIRCUIT_CHECKS, *NERVE_CHECKS):
        if kind is None or not runs_for(check, kind):
            continue
        places = set[int]().union(*map(layout.touching, check.reads))
        groups = list(_equal_cases(layout.choices, places))
        if check.is_of_all:
            groups = groups[:1] if _fails_in_all(layout, check, groups, cases, findings) else []
        for same in groups:
            _run_check(layout, check, layout.choices[same[0]], cases[same[0]], findings)
    return [{name: reading.section for name, reading in case.items()} for case in cases]


def _read_kind(
    layout: _Layout, cases: Sequence[Mapping[str, Reading]], findings: Findings
) -> Kind | None:
    """Tell the kind of a study and note keys of the other kind; None where its cases are of both."""
    kinds = {kind_of(case["nerve"].sound) for case in cases}
    if len(kinds) > 1:
        findings.add(("nerve",), "", *mixed_fault())
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    for name in SECTIONS:
        noted = set[str]()
        for same in _equal_cases(layout.choices, layout.touching(name)):
            choice = layout.choices[same[0]]
            for key, value in layout.table(name, choice).items():
                fault = misplaced_fault(f"{name}.{key}", kind)
                if fault and key not in noted and key in field_types(SECTIONS[name]):
                    noted.add(key)
                    findings.add(layout.path(name, key, choice), value_text(key, value), *fault)
    return kind


def _fails_in_all(
    layout: _Layout,
    check: Check,
    groups: Sequence[Sequence[int]],
    cases: Sequence[Mapping[str, Reading]],
    findings: Findings,
) -> bool:
    """Whether a check finds a fault in every case."""
    for same in groups:
        alone = Findings(findings.source)
        _run_check(layout, check, layout.choices[same[0]], cases[same[0]], alone)
        if not alone:
            return False
    return True


def _equal_cases(chosen: Sequence[Choice], places: set[int]) -> Iterable[Sequence[int]]:
    """Group the cases that are equal in these places of their choices."""
    if not places:
        return [range(len(chosen))] if chosen else []
    groups: dict[Choice, list[int]] = {}
    for index, choice in enumerate(chosen):
        groups.setdefault(tuple(choice[place] for place in places), []).append(index)
    return groups.values()


def _read_one(
    layout: _Layout,
    name: str,
    choice: Choice,
    readings: Mapping[str, Reading],
    findings: Findings,
) -> Reading:
    """Validate one table, after those it depends on."""
    written = layout.table(name, choice)
    values = {key: value for key, value in written.items() if not is_swept(value)}
    # A sweep is left only inside a case or a swept table, where it is already noted.
    told = layout.told[name] | (written.keys() - values.keys())

    def path_of(key: str) -> KeyPath:
        return layout.path(name, key, choice)

    if name == "montage":
        labels = contact_labels(readings["lead"].sound)
        return Reading(read_montage(values, labels, findings, path_of, told=told), {})
    return read_section(name, values, findings, path_of, told=told)


def _run_check(
    layout: _Layout,
    check: Check,
    choice: Choice,
    readings: Mapping[str, Reading],
    findings: Findings,
) -> None:
    """Run one check if every key that it reads is sound."""
    values = {}
    for key in check.reads:
        table, _, name = key.partition(".")
        if name not in readings[table].sound:
            return
        values[key] = readings[table].sound[name]

    def report(key: str, problem: str, remedy: str) -> None:
        table, _, name = key.partition(".")
        path = layout.path(table, name, choice)
        findings.add(path, value_text(key, values[key]), problem, remedy)

    check.find(values, report)
