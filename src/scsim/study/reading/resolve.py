"""Axes, cases and the resolved config of a study whose tables are all valid.

Nothing is checked here any more; ``expand.py`` has done so.
"""

from collections.abc import Sequence
from typing import Any

from scsim.study.config import SECTIONS, Axis, Case, StudyConfig, lookup, plain
from scsim.study.reading.cases import CaseTable
from scsim.study.reading.faults import dotted, shown
from scsim.study.reading.keys import field_types
from scsim.study.reading.sweep import BASE, Choice, Sweep, case_name, dimension_names
from scsim.units import unit_of


def swept_cases(
    sweeps: Sequence[Sweep], choices: Sequence[Choice], configs: Sequence[StudyConfig], mode: str
) -> tuple[tuple[Axis, ...], tuple[Case, ...]]:
    """Give axes and cases of swept keys.

    Parameters
    ----------
    sweeps : sequence of Sweep
    choices : sequence of Choice
        One per case.
    configs : sequence of StudyConfig
        One per case.
    mode : str
        One of `scsim.study.reading.sweep.MODES`.

    Returns
    -------
    tuple of (tuple of Axis, tuple of Case)
    """
    keys = [dotted(sweep.path) for sweep in sweeps]
    names = dimension_names(keys)
    validated: list[dict[int | None, Any]] = [{} for _ in sweeps]
    cases = []
    for index, (choice, config) in enumerate(zip(choices, configs, strict=True)):
        values = {}
        for key, sweep, seen, chosen in zip(keys, sweeps, validated, choice, strict=True):
            place = sweep.base_place if chosen == BASE else chosen
            value = _value(config, key)
            seen.setdefault(place, value)
            values[key] = value if sweep.labels is None or place is None else sweep.labels[place]
        alone = mode == "one_at_a_time"
        told = {
            names[key]: values[key]
            for key, chosen in zip(keys, choice, strict=True)
            if not (alone and chosen == BASE)
        }
        grid_place = choice if mode == "grid" else ()
        cases.append(Case(index, case_name(told), values, config, grid_place))
    axes = tuple(
        Axis(
            key,
            names[key],
            tuple(seen[place] for place in range(len(sweep.values))),
            sweep.labels,
            unit_of(key),
        )
        for key, sweep, seen in zip(keys, sweeps, validated, strict=True)
    )
    return axes, tuple(cases)


def listed_cases(
    cases: Sequence[CaseTable], configs: Sequence[StudyConfig]
) -> tuple[tuple[Axis, ...], tuple[Case, ...]]:
    """Give axes and cases of ``[[case]]`` tables: an axis for every key that some case changes.

    Parameters
    ----------
    cases : sequence of CaseTable
    configs : sequence of StudyConfig
        One per case.

    Returns
    -------
    tuple of (tuple of Axis, tuple of Case)
    """
    changed = {key for case in cases for key in case.changed_keys()}
    keys = [
        key
        for table in SECTIONS
        for key in (table, *(f"{table}.{name}" for name in field_types(SECTIONS[table])))
        if key in changed
    ]
    names = dimension_names(keys)
    axes = []
    for key in keys:
        values = tuple(_value(config, key) for config in configs)
        labels = None
        if any(isinstance(value, dict | tuple) for value in values):
            labels = tuple(
                str(config.montage) if key == "montage" else shown(value)
                for config, value in zip(configs, values, strict=True)
            )
        axes.append(Axis(key, names[key], values, labels, unit_of(key)))
    listed = tuple(
        Case(
            case.index,
            case.name,
            {axis.key: axis.coordinate[case.index] for axis in axes},
            config,
            (),
        )
        for case, config in zip(cases, configs, strict=True)
    )
    return tuple(axes), listed


def resolved_sweeps(
    sweeps: Sequence[Sweep], axes: Sequence[Axis], configs: Sequence[StudyConfig], mode: str
) -> dict[str, Any]:
    """Give all tables with defaults, swept keys as they were written.

    Parameters
    ----------
    sweeps : sequence of Sweep
    axes : sequence of Axis
        One per sweep.
    configs : sequence of StudyConfig
        One per case.
    mode : str
        One of `scsim.study.reading.sweep.MODES`.

    Returns
    -------
    dict
        What stands below title and seed.
    """
    first = configs[0]
    tables = {name: plain(getattr(first, name)) for name in SECTIONS}
    for sweep, axis in zip(sweeps, axes, strict=True):
        values = [list(value) if isinstance(value, tuple) else value for value in axis.values]
        swept: Any = values
        if sweep.spacing:
            swept = {sweep.spacing: [values[0], values[-1], len(values)]}
        spec: dict[str, Any] = {"sweep": swept}
        if axis.labels is not None:
            spec["labels"] = list(axis.labels)
        if mode == "one_at_a_time":
            spec["base"] = _base_value(axis, sweep, first)
        match sweep.path:
            case (str(table),):
                tables[table] = spec
            case (str(table), str(key)):
                tables[table][key] = spec
    return {**tables, "sweep": {"mode": mode}} if sweeps else tables


def resolved_cases(cases: Sequence[CaseTable], configs: Sequence[StudyConfig]) -> dict[str, Any]:
    """Give all tables with defaults, without values that every case replaces, and the cases.

    Parameters
    ----------
    cases : sequence of CaseTable
    configs : sequence of StudyConfig
        One per case.

    Returns
    -------
    dict
        What stands below title and seed.
    """
    tables: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        if name == "montage":
            unchanged = [case.index for case in cases if name not in case.tables]
            if unchanged:
                tables[name] = plain(configs[unchanged[0]].montage)
            continue
        tables[name] = {}
        for key in field_types(section):
            unchanged = [case.index for case in cases if key not in case.tables.get(name, {})]
            value = plain(getattr(configs[unchanged[0]], name)).get(key) if unchanged else None
            if value is not None:
                tables[name][key] = value
    listed = []
    for case in cases:
        changed: dict[str, Any] = {"name": case.name}
        for name, values in case.tables.items():
            section_values = plain(getattr(configs[case.index], name))
            changed[name] = {key: section_values[key] for key in values}
        listed.append(changed)
    return {**tables, "case": listed}


def _value(config: StudyConfig, key: str) -> Any:
    """Give a value as a config holds it: tables as dicts."""
    value = lookup(config, key)
    return value if "." in key else plain(value)


def _base_value(axis: Axis, sweep: Sweep, first: StudyConfig) -> Any:
    """Give the base value of a key as a config writes it: a label where there are labels."""
    if axis.labels is not None and sweep.base_place is not None:
        return axis.labels[sweep.base_place]
    return _value(first, axis.key)
