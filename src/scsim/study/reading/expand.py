"""Document → study: tables, sweeps and cases become validated configs.

A config is varied in one of two ways: by swept keys (``modes.py`` says which combinations) or by
``[[case]]`` tables (``cases.py``); both may run for several seeds. Tables are validated in ``variants.py``. Text and
files belong in ``parse.py``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from scsim.study.config import MAX_SEED, SECTIONS, Study, StudyConfig, lookup
from scsim.study.inputs import FILE_KEYS, file_faults
from scsim.study.reading.cases import read_cases
from scsim.study.reading.checks import split_message, value_text
from scsim.study.reading.circuit_checks import GRIDS_S
from scsim.study.reading.circuit_checks import file_faults as circuit_file_faults
from scsim.study.reading.faults import Findings, kind_of, shown
from scsim.study.reading.keys import (
    ALL_KEYS,
    FIXED,
    HEAD_KEYS,
    Table,
    add_fixed,
    check_names,
    field_types,
)
from scsim.study.reading.layout import Layout, case_layout, sweep_layout
from scsim.study.reading.modes import (
    Choice,
    SweepTable,
    check_count,
    lay_out_cases,
    read_sweep_table,
)
from scsim.study.reading.nerve_checks import keep_applicable
from scsim.study.reading.presets import Preset
from scsim.study.reading.resolve import listed_cases, resolved_cases, resolved_sweeps, swept_cases
from scsim.study.reading.sections import numbers_of, read_section, read_values
from scsim.study.reading.sweep import MAX_CASES, Sweep, is_swept, read_sweep
from scsim.study.reading.variants import Variants
from scsim.study.stages.solver import FINEST_US

STEPS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "stimulus.pulse_width_us": FINEST_US,
        "stimulus.interphase_gap_us": FINEST_US,
        **GRIDS_S,
    }
)
"""Keys that take multiples of a step, in their unit: what is drawn is rounded to them."""

_FILE_TABLES: Final = ("field", "domain")
_CIRCUIT_TABLES: Final = ("circuit", "states", "afferents")
"""Tables on which it depends whether a circuit of the user's own can be read and run."""

_CASE_TABLES: Final = ("field", "tissue", "lead", "fibers", "montage")
"""Tables on which it depends whether files can be read, and whether they hold what a case asks."""


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
    table = read_sweep_table(document.get("sweep", {}), findings)
    head, seeds = _read_head(document, table, findings, told)
    base, sweeps = _read_tables(document, table.mode, findings, told)
    cases = read_cases(document, sweeps, findings, told, presets=presets)
    n_seeds = 1 if seeds is None else len(seeds.values)
    if cases:
        check_count(len(cases), n_seeds, findings)
        layout = case_layout(base, cases, told)
    else:
        if table.is_sampled and not any(map(_holds_sweep, document.values())):
            problem = f'mode "{table.mode}" draws values, but no key is swept.'
            remedy = "Write, for example, csf_thickness_mm = { sweep = { uniform = [2.0, 5.8] } }."
            findings.add(("sweep", "mode"), shown(table.mode), problem, remedy)
        seed = 0 if head is None else head.seed
        laid, chosen = lay_out_cases(sweeps, table, n_seeds=n_seeds, seed=seed, findings=findings)
        sweeps = list(laid)
        layout = sweep_layout(base, sweeps, chosen, table.mode, told)
    variants = Variants(layout, findings)
    if findings or head is None:
        return None
    folder = None if path is None else path.parent

    def configs_of(choices: Sequence[Choice], seed: int) -> list[StudyConfig]:
        return [
            StudyConfig(title=head.title, seed=seed, folder=folder, **sections)
            for sections in variants.sections(choices)
        ]

    each_seed = [head.seed] if seeds is None else list(seeds.values)
    if _has_file_faults(layout, configs_of, each_seed, findings):
        return None
    configs = [config for seed in each_seed for config in configs_of(layout.choices, seed)]
    if cases:
        axes, listed = listed_cases(cases, configs, seeds)
        varied = resolved_cases(cases, configs, table)
    else:
        axes, listed = swept_cases(sweeps, layout.choices, configs, table.mode, seeds)
        varied = resolved_sweeps(sweeps, axes, configs, table)
    varied = keep_applicable(varied, "canal" if configs[0].nerve.preset is None else "nerve")
    resolved = {"title": head.title, "seed": _resolved_seed(head.seed, seeds, table), **varied}
    return Study(path, head.title, head.seed, layout.mode, axes, listed, resolved)


def _holds_sweep(table: object) -> bool:
    """Whether a table, or a key of it, is written as a sweep, with faults or without."""
    return isinstance(table, Mapping) and (is_swept(table) or any(map(is_swept, table.values())))


def _resolved_seed(seed: int, seeds: Sweep | None, table: SweepTable) -> Any:
    """Give the seed as a config writes it."""
    if seeds is None or table.repeats is not None:
        return seed
    values = list(seeds.values)
    if seeds.spacing:
        return {"sweep": {seeds.spacing: [values[0], values[-1], len(values)]}}
    return {"sweep": values}


def _has_file_faults(
    layout: Layout,
    configs_of: Callable[[Sequence[Choice], int], Sequence[StudyConfig]],
    seeds: Sequence[int],
    findings: Findings,
) -> bool:
    """Note what is wrong with the files that cases name; whether anything is."""

    def find_in(
        tables: Iterable[str], find: Callable[[StudyConfig], Iterable[tuple[str, str]]], seed: int
    ) -> None:
        choices = layout.distinct(set[int]().union(*map(layout.touching, tables)))
        for choice, config in zip(choices, configs_of(choices, seed), strict=True):
            for key, message in find(config):
                name, _, inner = key.partition(".")
                value = value_text(key, lookup(config, key))
                findings.add(layout.path(name, inner, choice), value, *split_message(message))

    # First whether the files can be read at all, then what each case asks of them, with the fibers of its seed.
    find_in(_FILE_TABLES, _field_file_faults, seeds[0])
    choices = layout.distinct(layout.touching("field"))
    has_files = any(map(_names_field_file, configs_of(choices, seeds[0])))
    for seed in seeds if has_files else ():
        if not findings:
            find_in(_CASE_TABLES, _case_faults, seed)
    find_in(_CIRCUIT_TABLES, circuit_file_faults, seeds[0])
    return len(findings) > 0


def _names_field_file(config: StudyConfig) -> bool:
    return any(getattr(config.field, key) is not None for key in FILE_KEYS)


def _field_file_faults(config: StudyConfig) -> list[tuple[str, str]]:
    faults = file_faults(config) if _names_field_file(config) else []
    return [(f"field.{key}", message) for key, message in faults]


def _case_faults(config: StudyConfig) -> list[tuple[str, str]]:
    if not _names_field_file(config):
        return []
    from scsim.study.reading.file_checks import case_faults  # noqa: PLC0415 - few studies read files

    return [(f"field.{key}", message) for key, message in case_faults(config)]


def _read_head(
    document: Table, table: SweepTable, findings: Findings, told: Mapping[str, set[str]]
) -> tuple[Any, Sweep | None]:
    """Read the keys above the first table, and the seeds that a study runs over."""
    values = {key: document[key] for key in HEAD_KEYS if key in document}
    missing = set(told[""])
    seeds = None
    if is_swept(values.get("title")):
        add_fixed(("title",), values.pop("title"), findings, "title")
        missing.add("title")
    if is_swept(values.get("seed")):
        seeds = _read_seeds(values.pop("seed"), table, findings)
        missing.add("seed")
        if seeds is not None:
            values["seed"] = seeds.values[0]
    head = read_section(
        "", values, findings, lambda key: (key,) if key else (), told=missing
    ).section
    if head is None or table.repeats is None or seeds is not None:
        return head, seeds
    last = head.seed + table.repeats - 1
    if last > MAX_SEED:
        problem = f"the last seed would be {last}; the largest is {MAX_SEED}."
        findings.add(("sweep", "repeats"), shown(table.repeats), problem, "Use a smaller seed.")
    return head, Sweep(("seed",), range(head.seed, last + 1))


def _read_seeds(spec: Table, table: SweepTable, findings: Findings) -> Sweep | None:
    """Read the seeds of a study that lists them; None after a fault."""
    known = len(findings)
    if table.repeats is not None:
        problem = "the seeds are listed above the tables, so that they cannot also be counted."
        remedy = "Remove repeats, or write one seed above the tables."
        findings.add(("sweep", "repeats"), shown(table.repeats), problem, remedy)
    for key in ("base", "labels"):
        if key in spec:
            problem = f"seeds have no {key}: every case runs for each of them."
            findings.add(("seed", key), shown(spec[key]), problem, f"Remove {key}.")
    swept = {"sweep": spec["sweep"]}
    seeds = read_sweep(("seed",), swept, "grid", findings, numbers=None)
    if seeds is None:
        return None
    # Of too many only the first ones: the count is a fault of its own.
    read = read_values("", "seed", list(seeds.values[:MAX_CASES]), findings, ("seed",))
    if len(findings) > known:
        return None
    return Sweep(("seed",), tuple(read), spacing=seeds.spacing)


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
        place_of: Callable[[str], Any] = _contact_place(table) if name == "montage" else order.index
        for key in sorted(usable, key=place_of):
            value = table[key]
            if not is_swept(value):
                base[name][key] = value
            elif name in FIXED:
                add_fixed((name, key), value, findings, name)
                told[name].add(key)
            else:
                numbers = "floats" if name == "montage" else numbers_of(known[key])
                sweep = read_sweep(
                    (name, key),
                    value,
                    mode,
                    findings,
                    numbers=numbers,
                    step=STEPS.get(f"{name}.{key}", 0.0),
                )
                sweeps.extend([sweep] if sweep else [])
                told[name].update(() if sweep else {key})
    return base, sweeps


def _contact_place(montage: Table) -> Callable[[str], tuple[int, str]]:
    """Order swept shares by the numbers of their contacts, wherever the file has them; leave others as they are."""

    def place_of(label: str) -> tuple[int, str]:
        return (len(label), label) if is_swept(montage[label]) else (0, "")

    return place_of


def _read_table_sweep(name: str, table: Table, mode: str, findings: Findings) -> Sweep | None:
    """Read a table whose values are whole tables."""
    if name in FIXED:
        add_fixed((name,), table, findings, name)
        return None
    sweep = read_sweep((name,), table, mode, findings, numbers=None)
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
