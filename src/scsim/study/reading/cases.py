"""``[[case]]`` tables: named cases, each with the keys that it changes.

Keys may be dotted (``stimulus.amplitude_ma = 2.0``), nested (``[case.stimulus]``) or dotted in quotes. Tables
are merged key by key, but a montage replaces the whole montage: half of one and half of another is rarely
meant. ``presets = ["slow"]`` puts presets below what the case says itself. Swept keys belong in ``sweep.py``,
presets in ``presets.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from scsim.study.config import MAX_NAME, SECTIONS
from scsim.study.reading.faults import Findings, dotted, kind_of, nearest, quoted_list, shown
from scsim.study.reading.keys import FIXED, Table, add_fixed, field_types, find_key
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.presets import Preset, chosen_presets, sort_by_table
from scsim.study.reading.sweep import Sweep, is_swept


@dataclass(frozen=True)
class CaseTable:
    """One ``[[case]]``.

    Attributes
    ----------
    index : int
        Its place among the cases.
    name : str
        Its name.
    tables : dict
        What it changes: table, key and plain value.
    paths : dict
        Where each (table, key) stands; (table, "") for a whole table.
    """

    index: int
    name: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    paths: dict[tuple[str, str], KeyPath] = field(default_factory=dict)

    def changed_keys(self) -> list[str]:
        """Dotted keys that the case changes; ``montage`` as a whole."""
        return [
            key
            for table, values in self.tables.items()
            for key in ([table] if table == "montage" else [f"{table}.{name}" for name in values])
        ]


def override_keys(case: object, presets: Mapping[str, Preset]) -> set[str]:
    """List the dotted keys, and the tables, that a ``[[case]]`` changes.

    Parameters
    ----------
    case : object
        One ``[[case]]`` as ``tomllib`` read it.
    presets : mapping of str to Preset
        Those that it may use.

    Returns
    -------
    set of str
        Empty if it is not a table.
    """
    if not isinstance(case, Mapping):
        return set()
    used = case.get("presets")
    names = used if isinstance(used, list) else []
    chosen = [presets[name] for name in names if isinstance(name, str) and name in presets]
    tables = _case_table(0, "", case, chosen).tables
    return set(tables) | {f"{name}.{key}" for name, values in tables.items() for key in values}


def _case_table(index: int, name: str, case: Table, chosen: Sequence[Preset]) -> CaseTable:
    """Sort what a case changes by table, its presets first."""
    at: KeyPath = ("case", index)
    whole = Preset(name)
    for preset in (*chosen, Preset(name, *sort_by_table(case, at, tuple(SECTIONS)))):
        whole = preset.lay_over(whole)
    tables = {name: value for name, value in whole.values.items() if name in SECTIONS}
    paths = {
        (str(path[0]), str(path[1]) if len(path) > 1 else ""): at
        for path, at in whole.paths.items()
        if path[0] in SECTIONS
    }
    return CaseTable(index, name, tables, paths)


def read_cases(
    document: Table,
    sweeps: Sequence[Sweep],
    findings: Findings,
    told: Mapping[str, set[str]],
    *,
    presets: Mapping[str, Preset],
) -> tuple[CaseTable, ...]:
    """Read all ``[[case]]`` tables.

    Parameters
    ----------
    document : mapping
        What ``tomllib`` read.
    sweeps : sequence of Sweep
        Swept keys, which a study of cases must not have.
    findings : Findings
        Receives the faults.
    told : mapping of str to set of str
        Receives keys that are missing because they are swept.
    presets : mapping of str to Preset
        Those that cases may use.

    Returns
    -------
    tuple of CaseTable
        Empty if there are none.
    """
    listed = document.get("case")
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(case, Mapping) for case in listed):
        problem = f"{kind_of(listed)} stands where [[case]] tables are expected."
        remedy = "Write [[case]] in double brackets, once for each case, each with a name below it."
        findings.add(("case",), shown(listed), problem, remedy)
        return ()
    if not listed:
        findings.add(
            ("case",), "[]", "the list of cases is empty.", "Remove it, or write [[case]] tables."
        )
        return ()
    for sweep in sweeps:
        told[str(sweep.path[0])].add(str(sweep.path[1]) if len(sweep.path) > 1 else "*")
    table = document.get("sweep", {})
    if sweeps or not isinstance(table, Mapping) or set(table) - {"repeats"}:
        what = quoted_list([dotted(sweep.path) for sweep in sweeps]) if sweeps else "[sweep]"
        problem = f"a study has either swept keys or [[case]] tables; this one also has {what}."
        remedy = (
            "Write the sweep as cases, or remove the [[case]] tables; only repeats goes with both."
        )
        findings.add(("case",), "", problem, remedy)
    names: set[str] = set()
    cases = []
    for index, case in enumerate(listed):
        name = _read_case_name(index, case, names, findings)
        findings.case_names[index] = name
        at: KeyPath = ("case", index)
        chosen = chosen_presets(case.get("presets", []), (*at, "presets"), presets, findings)
        cases.append(_case_table(index, name, case, chosen))
        for preset in chosen:
            for head, value in preset.values.items():
                _check_case_key(preset.paths[head,], value, findings, head, preset.paths)
        for key, value in case.items():
            if key not in {"name", "presets"}:
                _check_case_key((*at, key), value, findings, key)
    return tuple(cases)


def _read_case_name(index: int, case: Table, names: set[str], findings: Findings) -> str:
    """Read the name of a case; a stand-in after a fault."""
    path = ("case", index, "name")
    key = dotted(path)
    stand_in = f"number {index + 1}"
    if "name" not in case:
        findings.add(
            path,
            "",
            "the case has no name.",
            'Add name = "...": it stands in results and pictures.',
            key=key,
        )
        return stand_in
    name = case["name"]
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        problem = f"the name of a case must be text in quotes of 1 to {MAX_NAME} characters."
        findings.add(
            path, shown(name), problem, f'Write, for example, name = "case {index + 1}".', key=key
        )
        return stand_in
    if name in names:
        problem = "two cases have this name."
        findings.add(path, shown(name), problem, "Give each case a name of its own.", key=key)
    names.add(name)
    return name


def _check_case_key(
    path: KeyPath,
    value: object,
    findings: Findings,
    key: str,
    paths: Mapping[KeyPath, KeyPath] = MappingProxyType({}),
) -> None:
    """Note what a case, or a preset that it uses, must not hold, apart from faults of single values.

    `paths` says where the keys of a table stand, if not below `path`.
    """
    head, _, tail = key.partition(".")
    if head in FIXED:
        add_fixed(path, value, findings, head)
        return
    if head == "sweep":
        problem = "a case cannot hold [sweep]: its keys have one value each."
        findings.add(
            path, shown(value), problem, "Remove it, or use the preset for the whole study."
        )
        return
    if head not in SECTIONS:
        known = {name: table for table in SECTIONS for name in field_types(SECTIONS[table])}
        meant = find_key(key, known, cutoff=0.8)
        near = nearest(head, (*SECTIONS, "name", "presets"))
        if meant is not None and known[meant] not in {"montage", "output"}:
            remedy = f"Did you mean {known[meant]}.{meant}?"
        elif near is not None:
            remedy = f"Did you mean {f'{near}.{tail}' if tail else near}?"
        else:
            remedy = "Write a name and dotted keys, such as stimulus.amplitude_ma = 2.0."
        findings.add(path, shown(value), "a case has no such key.", remedy)
        return
    if not tail and not isinstance(value, Mapping):
        problem = f"{kind_of(value)} stands where the table {head} is expected."
        findings.add(path, shown(value), problem, f"Write {head}.key = value below [[case]].")
        return
    inner = {tail: value} if tail else value
    swept = [""] if is_swept(inner) else []
    if isinstance(inner, Mapping) and not swept:
        swept = [name for name, item in inner.items() if is_swept(item)]
    for name in swept:
        place = path if tail or not name else paths.get((head, name), (*path, name))
        item = inner[name] if name and isinstance(inner, Mapping) else inner
        findings.add(
            place, shown(item), "a case cannot hold a sweep.", "Write one [[case]] for each value."
        )
