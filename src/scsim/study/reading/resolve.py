"""Axes, cases and the resolved config of a study whose tables are all valid.

Nothing is checked here any more; ``expand.py`` has done so.
"""

from collections.abc import Sequence
from typing import Any, Final

from scsim.study.config import SECTIONS, Axis, Case, StudyConfig, lookup, plain
from scsim.study.reading.cases import CaseTable
from scsim.study.reading.faults import dotted, shown
from scsim.study.reading.keys import field_types
from scsim.study.reading.modes import Choice, SweepTable, case_part, dimension_names
from scsim.study.reading.sweep import BASE, Sweep
from scsim.units import unit_of

_SEED: Final = "seed"
"""Key, name and dimension of the seeds of a study."""


def swept_cases(
    sweeps: Sequence[Sweep],
    choices: Sequence[Choice],
    configs: Sequence[StudyConfig],
    mode: str,
    seeds: Sweep | None,
) -> tuple[tuple[Axis, ...], tuple[Case, ...]]:
    """Give axes and cases of swept keys.

    Parameters
    ----------
    sweeps : sequence of Sweep
    choices : sequence of Choice
        One per case of one seed.
    configs : sequence of StudyConfig
        One per case: all choices for the first seed, then for the next.
    mode : str
        One of `scsim.study.reading.modes.MODES`.
    seeds : Sweep or None
        Seeds for which every case runs.

    Returns
    -------
    tuple of (tuple of Axis, tuple of Case)
    """
    keys = [dotted(sweep.path) for sweep in sweeps]
    names = dimension_names([*keys, *([] if seeds is None else [_SEED])])
    columns = [
        _Column(key, names[key], sweep, at, choices, configs)
        for at, (key, sweep) in enumerate(zip(keys, sweeps, strict=True))
    ]
    is_alone, is_grid = mode == "one_at_a_time", mode == "grid"
    cases = []
    for row, seed in enumerate([None] if seeds is None else seeds.values):
        head = {} if seed is None else {_SEED: seed}
        head_parts = [] if seed is None else [case_part(_SEED, seed)]
        head_place = () if seed is None else (row,)
        offset = row * len(choices)
        for index, choice in enumerate(choices, start=offset):
            values = dict(head)
            parts = list(head_parts)
            for column, place in zip(columns, choice, strict=True):
                values[column.key] = column.told[place]
                if not (is_alone and place == BASE):
                    parts.append(column.parts[place])
            name = ",".join(parts) or "base"
            grid_place = (*head_place, *choice) if is_grid else ()
            cases.append(Case(index, name, values, configs[index], grid_place))
    axes = [column.axis(choices, 1 if seeds is None else len(seeds.values)) for column in columns]
    return (*_seed_axis(seeds), *axes), tuple(cases)


def _seed_axis(seeds: Sweep | None) -> tuple[Axis, ...]:
    if seeds is None:
        return ()
    return (Axis(_SEED, _SEED, tuple(seeds.values), None, unit_of(_SEED)),)


class _Column:
    """One swept key over the cases: for each place its validated value, what stands along the axis, and its name."""

    def __init__(  # noqa: PLR0917 - one call, and all of them are one column
        self,
        key: str,
        name: str,
        sweep: Sweep,
        at: int,
        choices: Sequence[Choice],
        configs: Sequence[StudyConfig],
    ) -> None:
        self.key, self.name, self.sweep, self.at = key, name, sweep, at
        self.values: dict[int, Any] = {}
        for choice, config in zip(choices, configs, strict=False):
            if choice[at] not in self.values:
                self.values[choice[at]] = _value(config, key)
        base_place = sweep.base_place
        if BASE in self.values and base_place is not None:
            self.values.setdefault(base_place, self.values[BASE])
        self.told = {place: self._told(place) for place in self.values}
        self.parts = {place: case_part(name, value) for place, value in self.told.items()}

    def _told(self, place: int) -> Any:
        labels = self.sweep.labels
        known = self.sweep.base_place if place == BASE else place
        return self.values[place] if labels is None or known is None else labels[known]

    def axis(self, choices: Sequence[Choice], n_seeds: int) -> Axis:
        """Give the axis: drawn values one per case, listed ones in their order."""
        sweep = self.sweep
        if sweep.distribution is None:
            # A value that was never drawn is known as it was written.
            listed = range(len(sweep.values))
            values = tuple(self.values.get(place, sweep.values[place]) for place in listed)
        else:
            values = tuple(self.values[choice[self.at]] for choice in choices) * n_seeds
        return Axis(self.key, self.name, values, sweep.labels, unit_of(self.key))


def listed_cases(
    cases: Sequence[CaseTable], configs: Sequence[StudyConfig], seeds: Sweep | None
) -> tuple[tuple[Axis, ...], tuple[Case, ...]]:
    """Give axes and cases of ``[[case]]`` tables: an axis for every key that some case changes.

    Parameters
    ----------
    cases : sequence of CaseTable
    configs : sequence of StudyConfig
        One per case: all of them for the first seed, then for the next.
    seeds : Sweep or None
        Seeds for which every case runs.

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
    names = dimension_names([*keys, *([] if seeds is None else [_SEED])])
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
    columns = {axis.key: axis.coordinate for axis in axes}
    listed = []
    for index, config in enumerate(configs):
        along: dict[str, Any] = {key: column[index] for key, column in columns.items()}
        name = cases[index % len(cases)].name
        if seeds is not None:
            along = {_SEED: config.seed, **along}
            name = f"{name},{case_part(_SEED, config.seed)}"
        listed.append(Case(index, name, along, config, ()))
    return (*_seed_axis(seeds), *axes), tuple(listed)


def resolved_sweeps(
    sweeps: Sequence[Sweep], axes: Sequence[Axis], configs: Sequence[StudyConfig], table: SweepTable
) -> dict[str, Any]:
    """Give all tables with defaults, swept keys as they were written.

    Parameters
    ----------
    sweeps : sequence of Sweep
    axes : sequence of Axis
        One per sweep, perhaps with that of seeds.
    configs : sequence of StudyConfig
        One per case.
    table : SweepTable

    Returns
    -------
    dict
        What stands below title and seed.
    """
    first = configs[0]
    tables = {name: plain(getattr(first, name)) for name in SECTIONS}
    of_key = {axis.key: axis for axis in axes}
    for sweep in sweeps:
        axis = of_key[dotted(sweep.path)]
        values = [list(value) if isinstance(value, tuple) else value for value in axis.values]
        swept: Any = values
        if sweep.distribution is not None:
            swept = {sweep.distribution.kind: list(sweep.distribution.numbers)}
        elif sweep.spacing:
            swept = {sweep.spacing: [values[0], values[-1], len(values)]}
        spec: dict[str, Any] = {"sweep": swept}
        if axis.labels is not None:
            spec["labels"] = list(axis.labels)
        if table.mode == "one_at_a_time":
            spec["base"] = _base_value(axis, sweep, first)
        match sweep.path:
            case (str(name),):
                tables[name] = spec
            case (str(name), str(key)):
                tables[name][key] = spec
    is_written = bool(sweeps) or table.repeats is not None
    return {**tables, "sweep": table.written()} if is_written else tables


def resolved_cases(
    cases: Sequence[CaseTable], configs: Sequence[StudyConfig], sweep_table: SweepTable
) -> dict[str, Any]:
    """Give all tables with defaults, without values that every case replaces, and the cases.

    Parameters
    ----------
    cases : sequence of CaseTable
    configs : sequence of StudyConfig
        One per case, those of the first seed first.
    sweep_table : SweepTable
        What ``[sweep]`` says: for how many seeds.

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
    repeats = {} if sweep_table.repeats is None else {"repeats": sweep_table.repeats}
    return {**tables, **({"sweep": repeats} if repeats else {}), "case": listed}


def _value(config: StudyConfig, key: str) -> Any:
    """Give a value as a config holds it: tables as dicts."""
    value = lookup(config, key)
    return value if "." in key else plain(value)


def _base_value(axis: Axis, sweep: Sweep, first: StudyConfig) -> Any:
    """Give the base value of a key as a config writes it: a label where there are labels."""
    if axis.labels is not None and sweep.base_place is not None:
        return axis.labels[sweep.base_place]
    return _value(first, axis.key)
