"""The names of tables and keys: which there are, and what a mistyped one means.

Spelling, capital letters, synonyms, a unit that is missing or another one, a key in the wrong table.
What a key may hold belongs in ``sections.py``.
"""

import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from scsim.study.config import SECTIONS, HeadSection
from scsim.study.reading.faults import Findings, alternatives, kind_of, nearest, shown
from scsim.study.reading.lines import KeyPath
from scsim.study.reading.sweep import is_swept
from scsim.units import unit_of

Table = Mapping[str, Any]

HEAD_KEYS: Final = tuple(one.name for one in fields(HeadSection))
"""Keys above the first table."""

FIXED: Final = (*HEAD_KEYS, "output")
"""Keys and tables of the study as a whole: neither sweeps nor cases change them."""

ALL_KEYS: Final = "*"
"""Stands for every key of a table, among those that are missing because of a fault."""

_OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "electrode": "lead",
        "electrodes": "lead",
        "pulse": "stimulus",
        "stimulation": "stimulus",
        "stim": "stimulus",
        "anatomy": "tissue",
        "spine": "tissue",
        "conductivities": "conductivity",
        "materials": "conductivity",
        "medium": "field",
        "box": "domain",
        "population": "fibers",
        "network": "circuit",
        "pain": "circuit",
        "sweeps": "sweep",
        "cases": "case",
        "includes": "include",
        "extends": "include",
    }
)
"""Other names that people give the tables."""

_SCALES: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "ns": ("time", 1e-9),
        "us": ("time", 1e-6),
        "ms": ("time", 1e-3),
        "s": ("time", 1.0),
        "min": ("time", 60.0),
        "hz": ("frequency", 1.0),
        "khz": ("frequency", 1e3),
        "na": ("current", 1e-9),
        "ua": ("current", 1e-6),
        "ma": ("current", 1e-3),
        "a": ("current", 1.0),
        "nm": ("length", 1e-9),
        "um": ("length", 1e-6),
        "mm": ("length", 1e-3),
        "cm": ("length", 1e-2),
        "m": ("length", 1.0),
        "uv": ("voltage", 1e-6),
        "mv": ("voltage", 1e-3),
        "v": ("voltage", 1.0),
        "ms_per_m": ("conductivity", 1e-3),
        "s_per_m": ("conductivity", 1.0),
        "ms_per_cm": ("conductivity", 1e-1),
        "s_per_cm": ("conductivity", 1e2),
    }
)
"""Unit suffixes that people write, what they measure, and their size in SI units."""

_SUFFIXES: Final = tuple(sorted(_SCALES, key=len, reverse=True))

_SYNONYMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pw": "pulse_width_us",
        "width": "pulse_width_us",
        "pulse_duration": "pulse_width_us",
        "amp": "amplitude_ma",
        "current": "amplitude_ma",
        "intensity": "amplitude_ma",
        "freq": "frequency_hz",
        "rate": "frequency_hz",
        "pulse_rate": "frequency_hz",
        "ipg": "interphase_gap_us",
        "interpulse_gap": "interphase_gap_us",
        "waveform": "shape",
        "csf": "csf_thickness_mm",
        "dcsf": "csf_thickness_mm",
        "gap": "dura_gap_mm",
        "conductivity": "sigma_s_per_m",
        "sigma": "sigma_s_per_m",
        "white": "white_matter_s_per_m",
        "gray": "gray_matter_s_per_m",
        "grey_matter": "gray_matter_s_per_m",
        "epidural": "epidural_fat_s_per_m",
        "scar": "encapsulation_mm",
        "voxel": "spacing_mm",
        "method": "solver",
        "pain_state": "state",
        "duration": "duration_s",
        "n": "n_fibers",
    }
)
"""Other names that clinicians and papers use, and the key that scsim reads."""


def section_class(table: str) -> type:
    """Give the dataclass of a table; the empty name stands for the keys above the first table."""
    return SECTIONS[table] if table else HeadSection


@lru_cache(maxsize=64)
def field_types(section: type) -> Mapping[str, Any]:
    """Give the annotation of every field of a section, with its ranges."""
    hints = typing.get_type_hints(section, include_extras=True)
    return MappingProxyType({field.name: hints[field.name] for field in fields(section)})


def split_unit(key: str) -> tuple[str, str | None]:
    """Split a key into its name and the unit that its suffix stands for.

    Parameters
    ----------
    key : str
        As a user wrote it; upper case and ``µ`` are understood.

    Returns
    -------
    tuple of str and (str or None)
        Name in small letters and suffix; None without a suffix that is a unit.
    """
    text = key.lower().replace("µ", "u").replace("μ", "u")
    for suffix in _SUFFIXES:
        if text.endswith(f"_{suffix}"):
            return text.removesuffix(f"_{suffix}"), suffix
    return text, None


def find_key(key: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Find the key that a mistyped one means, looking past units, synonyms and capital letters.

    Parameters
    ----------
    key : str
        As the user wrote it.
    known : iterable of str
        Keys that there are.
    cutoff : float
        As `scsim.study.reading.faults.nearest`.

    Returns
    -------
    str or None
    """
    names = list(known)
    stem, _ = split_unit(key)
    for name in names:
        if split_unit(name)[0].replace("_", "") == stem.replace("_", ""):
            return name
    synonym = _SYNONYMS.get(stem)
    return synonym if synonym in names else nearest(key, names, cutoff=cutoff)


def add_unknown(
    table: str, key: str, value: object, findings: Findings, path: KeyPath
) -> tuple[str, str | None]:
    """Note a key that does not exist, with the key that is probably meant.

    Parameters
    ----------
    table, key : str
        Table (empty for the keys above the first one) and key.
    value : object
        What it was set to.
    findings : Findings
        Receives the fault.
    path : KeyPath
        Where it stands.

    Returns
    -------
    tuple of str and (str or None)
        Table and key that are meant; None if nobody can tell.
    """
    known = list(field_types(section_class(table)))
    problem = (
        f"there is no such key in [{table}]." if table else "there is no such key above the tables."
    )
    others = {
        other: field_types(SECTIONS[other]) for other in SECTIONS if other not in {table, "montage"}
    }
    homes = [other for other, keys in others.items() if key in keys]
    meant = None if homes else find_key(key, known)
    if meant is not None:
        annotation = field_types(section_class(table))[meant]
        findings.add(path, shown(value), *_meant_key(key, meant, value, annotation, problem))
        return table, meant
    near = {other: find_key(key, keys, cutoff=0.85) for other, keys in others.items()}
    homes = homes or [other for other, found in near.items() if found is not None]
    if homes:
        meant = near[homes[0]]
        tables = alternatives([f"[{home}]" for home in homes])
        findings.add(
            path, shown(value), problem, f"{meant} belongs below {tables}: write it there."
        )
        return homes[0], meant
    place = f"The keys of [{table}]" if table else "Keys above the tables"
    findings.add(path, shown(value), problem, f"{place} are {', '.join(known)}.")
    return table, None


def _meant_key(
    key: str, meant: str, value: object, annotation: Any, problem: str
) -> tuple[str, str]:
    """Word a key that is nearly right: spelling, a missing unit or another unit."""
    _, written = split_unit(key)
    _, right = split_unit(meant)
    if right is None or written == right:
        case = " Keys are written in small letters." if key.lower() == meant else ""
        return problem, f"Did you mean {meant}?{case}"
    unit = unit_of(meant)
    if written is None:
        return problem, f"Did you mean {meant}? The unit is part of the key ({unit})."
    (quantity, size), (right_quantity, right_size) = _SCALES[written], _SCALES[right]
    problem = f"{problem[:-1]}: it is read in {unit}, not in {_unit_text(written)}."
    if quantity != right_quantity:
        return problem, f"Write {meant}, with the value in {unit}."
    factor = float(f"{size / right_size:.12g}")
    rule = f"multiply by {factor:.12g}" if factor >= 1 else f"divide by {1 / factor:.12g}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if _fits(annotation, value) and not _fits(annotation, value * factor):
            return (
                problem,
                f"Write {meant} = {shown(value)} if {shown(value, unit)} is meant; otherwise {rule}.",
            )
        return problem, f"Write {meant} = {value * factor:.12g} ({rule})."
    return problem, f"Write {meant} and {rule}."


def _fits(annotation: Any, value: float) -> bool:
    """Whether a number can be the value of a field."""
    try:
        TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


def _unit_text(suffix: str) -> str:
    """Write a unit suffix as a unit: ``ua`` as ``µA``."""
    text = suffix.replace("_per_", "/")
    parts = [re.sub(r"^u", "µ", part) for part in text.split("/")]
    names = {"hz": "Hz", "khz": "kHz", "s": "s", "ms": "ms", "a": "A", "v": "V"}
    if "/" in text:
        parts[0] = {"ms": "mS", "s": "S"}[parts[0]]
        return "/".join(parts)
    part = parts[0]
    if part in names:
        return names[part]
    return part[0] + names.get(part[1:], part[1:]) if len(part) > 1 else part


def check_names(document: Table, findings: Findings) -> dict[str, set[str]]:
    """Note unknown tables and keys of a config.

    Parameters
    ----------
    document : mapping
        What ``tomllib`` read.
    findings : Findings
        Receives the faults.

    Returns
    -------
    dict of str to set of str
        For each table (empty name: above the first table) the keys that are missing only because they
        are mistyped; `ALL_KEYS` for the whole table.
    """
    told: dict[str, set[str]] = {table: set() for table in ("", *SECTIONS)}
    known = (*SECTIONS, "sweep", "case")
    lists = ("include", "presets")
    for name, value in document.items():
        if name in SECTIONS:
            _check_keys(name, value, findings, told)
        elif name in HEAD_KEYS or name in known:
            continue
        elif isinstance(value, Mapping | list) and not is_swept(value):
            meant = _OTHER_NAMES.get(name.lower(), nearest(name, (*known, "preset", *lists)))
            if meant not in document:
                told.get(meant or "", set()).add(ALL_KEYS)
            problem = "there is no such table."
            tables = ", ".join(f"[{table}]" for table in known)
            brackets = "[[case]]" if meant == "case" else f"[{meant}]"
            brackets = "[preset.NAME]" if meant == "preset" else brackets
            brackets = f"{meant} = [...]" if meant in lists else brackets
            remedy = f"Did you mean {brackets}?" if meant else f"The tables are {tables}."
            findings.add((name,), shown(value), problem, remedy)
        else:
            table, key = add_unknown("", name, value, findings, (name,))
            told[table].update([key] if key else ())
    told[""].discard(ALL_KEYS)
    return told


def _check_keys(name: str, value: object, findings: Findings, told: dict[str, set[str]]) -> None:
    """Note what is not a table, and unknown keys of a table."""
    if not isinstance(value, Mapping):
        problem = f"{kind_of(value)} stands where the table [{name}] is expected."
        remedy = f"Write [{name}] in single brackets on a line of its own, and its keys below it."
        findings.add((name,), shown(value), problem, remedy)
        told[name].add(ALL_KEYS)
    elif name != "montage" and not is_swept(value):
        known = field_types(SECTIONS[name])
        for key, item in value.items():
            if key not in known:
                table, meant = add_unknown(name, key, item, findings, (name, key))
                told[table].update([meant] if meant else ())


def add_fixed(path: KeyPath, value: object, findings: Findings, key: str) -> None:
    """Note a sweep or case that changes what belongs to the study as a whole.

    Parameters
    ----------
    path : KeyPath
        Where it stands.
    value : object
        What it was to become.
    findings : Findings
        Receives the fault.
    key : str
        The key or table of `FIXED`.
    """
    problem = f"{key} belongs to the study as a whole and is the same in all cases."
    remedy = (
        "Write seed = { sweep = [1, 2, 3] } above the tables, or repeats = 3 below [sweep]."
        if key == "seed"
        else f"Write {'[output]' if key == 'output' else key} once, above all cases and without a sweep."
    )
    findings.add(path, shown(value), problem, remedy)
