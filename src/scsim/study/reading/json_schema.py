"""The whole config as a JSON Schema, from which editors complete, explain and check a study while it is written.

A file whose first line is ``#:schema scsim.schema.json`` is checked by editors that know TOML schemas. Draft 7, which
these editors read. Types, ranges, names and defaults come from the sections, explanations from their docstrings.
What takes several keys to tell, and whether a key is missing (an included file or a preset may hold it), is told by
``scsim check`` alone.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any, Final, Literal, Union

from annotated_types import Ge, Gt, Le, Len, Lt, MaxLen, MinLen

from scsim.circuit.inputs.protocols import protocol_names
from scsim.circuit.states import state_names
from scsim.electrodes.catalog import epidural_lead_names, lead_names
from scsim.fibers import fiber_models
from scsim.results.schema import SAVE_GROUPS
from scsim.study.config import SECTIONS
from scsim.study.reading.keys import FIXED, HEAD_KEYS, field_types, section_class
from scsim.study.reading.modes import MODES
from scsim.study.reading.sampling import DISTRIBUTIONS, FORMS
from scsim.study.reading.sections import field_docs, numbers_of
from scsim.study.reading.sweep import MAX_CASES
from scsim.tissue.materials import conductivity_names
from scsim.tissue.nerve import nerve_names
from scsim.tissue.spine import spine_names
from scsim.units import unit_of

Schema = dict[str, Any]

_NAMES: Final[Mapping[str, Callable[[], tuple[str, ...]]]] = MappingProxyType(
    {
        "tissue.preset": spine_names,
        "nerve.preset": nerve_names,
        "conductivity.preset": conductivity_names,
        "lead.preset": lambda: (*epidural_lead_names(), *lead_names("cuff")),
        "fibers.model": fiber_models,
        "circuit.state": state_names,
        "afferents.protocol": protocol_names,
        "output.save": lambda: tuple(SAVE_GROUPS),
    }
)
"""Keys whose names are those of a catalog."""

_KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {float: "number", int: "integer", str: "string", bool: "boolean"}
)
_FINITE: Final = {"minimum": -1.7976931348623157e308, "maximum": 1.7976931348623157e308}
"""TOML has infinities, configs have not."""


def config_schema() -> Schema:
    """Give the JSON Schema of a config.

    Returns
    -------
    dict
        Ready for ``json.dumps``.
    """
    definitions: Schema = {
        "spacing": _spacing(),
        "distribution": _distribution(),
        "labels": {
            "description": "Names of the swept tables or lists, one for each.",
            "type": "array",
            "items": {"type": "string", "minLength": 1},
        },
    }
    for name in SECTIONS:
        definitions[name] = _section(name, can_sweep=name not in FIXED)
        if name not in FIXED:
            definitions[f"{name} of a case"] = _section(name, can_sweep=False)
    tables = {name: {"$ref": f"#/definitions/{name}"} for name in SECTIONS}
    head = {key: _key("", key) for key in HEAD_KEYS}
    head["seed"] = _or_swept(head["seed"], numbers="seeds")
    definitions["preset"] = _preset({**head, **tables})
    definitions["case"] = _case()
    definitions["sweep"] = _sweep_table()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "scsim study",
        "description": "Config of a study. Units are part of the keys.",
        "type": "object",
        "properties": {
            **head,
            "include": {
                "description": "Config files that lie below this one, from its folder on; later ones over earlier ones.",
                "type": "array",
                "items": {"type": "string", "minLength": 1},
            },
            "presets": _preset_list("Presets that the study uses; later ones over earlier ones."),
            **tables,
            "sweep": {"$ref": "#/definitions/sweep"},
            "case": {
                "description": "Named cases, each with what it changes.",
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/definitions/case"},
            },
            "preset": {
                "description": "Named sets of changes, for presets = [...] and --preset.",
                "type": "object",
                "additionalProperties": {"$ref": "#/definitions/preset"},
            },
        },
        "additionalProperties": False,
        "definitions": definitions,
    }


# Tables.


def _section(name: str, *, can_sweep: bool) -> Schema:
    """Describe one table."""
    if name == "montage":
        return _montage(can_sweep=can_sweep)
    properties = {}
    for key, annotation in field_types(SECTIONS[name]).items():
        plain = _key(name, key)
        properties[key] = _or_swept(plain, numbers=numbers_of(annotation)) if can_sweep else plain
    return _table(properties, _summary(SECTIONS[name]), can_sweep=can_sweep)


def _montage(*, can_sweep: bool) -> Schema:
    """Describe ``[montage]``, whose keys are the contacts."""
    what = "Share of the current; negative: cathode first."
    share: Schema = {"description": what, "type": "number", **_FINITE}
    one = _or_swept(share, numbers="floats") if can_sweep else share
    distant: Schema = {
        "description": "Where the rest of the current goes: a distant electrode.",
        "enum": ["distant"],
    }
    summary = "Shares of the current by contact; they sum to 0, or return = distant."
    table = _table({"return": distant}, summary, can_sweep=can_sweep)
    return {**table, "patternProperties": {"^c[0-9]+$": one}}


def _table(properties: Schema, summary: str, *, can_sweep: bool) -> Schema:
    """Describe a table, which may be swept as a whole."""
    table: Schema = {"description": summary, "type": "object", "additionalProperties": False}
    if not can_sweep:
        return {**table, "properties": properties}
    whole: Schema = {
        "sweep": {
            "description": "Tables that take the place of this one, one after the other; they need labels.",
            "type": "array",
            "minItems": 1,
            "items": {"type": "object"},
        },
        "labels": {"$ref": "#/definitions/labels"},
        "base": {"description": "Label of the base case of one_at_a_time.", "type": "string"},
    }
    return {
        **table,
        "properties": {**properties, **whole},
        "if": {"required": ["sweep"]},
        "then": {"propertyNames": {"enum": list(whole)}},
        "else": {"propertyNames": {"not": {"enum": ["labels", "base"]}}},
    }


def _case() -> Schema:
    """Describe one ``[[case]]``."""
    return {
        "description": "A case: its name and what it changes.",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {
                "description": "Stands in results and pictures.",
                "type": "string",
                "minLength": 1,
            },
            "presets": _preset_list("Presets that lie below what the case says itself."),
            **{
                name: {"$ref": f"#/definitions/{name} of a case"}
                for name in SECTIONS
                if name not in FIXED
            },
        },
        "patternProperties": _dotted([name for name in SECTIONS if name not in FIXED]),
        "additionalProperties": False,
    }


def _preset(properties: Schema) -> Schema:
    """Describe one ``[preset.NAME]``."""
    return {
        "description": "What the preset changes.",
        "type": "object",
        "properties": {
            "based_on": {"description": "A preset that lies below this one.", "type": "string"},
            **properties,
            "sweep": {"$ref": "#/definitions/sweep"},
        },
        "patternProperties": _dotted([*SECTIONS, "sweep"]),
        "additionalProperties": False,
    }


def _dotted(tables: list[str]) -> Schema:
    """Allow dotted keys in quotes; what they hold is told by ``scsim check``."""
    return {rf"^({'|'.join(tables)})\.": {}}


def _preset_list(description: str) -> Schema:
    return {"description": description, "type": "array", "items": {"type": "string"}}


def _sweep_table() -> Schema:
    """Describe ``[sweep]``."""
    return {
        "description": "How all swept keys make cases together.",
        "type": "object",
        "properties": {
            "mode": {
                "description": "grid: every combination. zip: first with first. one_at_a_time: a base case, then each "
                "value alone. random, sobol, latin, saltelli: n draws from lists and distributions.",
                "enum": list(MODES),
                "default": "grid",
            },
            "n": {
                "description": "Draws of random, latin, sobol and saltelli; of the last two a power of two.",
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_CASES,
            },
            "repeats": {
                "description": "For how many seeds every case runs: seed, seed + 1 and so on.",
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_CASES,
            },
        },
        "additionalProperties": False,
    }


# Keys.


def _key(table: str, key: str) -> Schema:
    """Describe one key without sweeps."""
    section = section_class(table)
    field = next(one for one in fields(section) if one.name == key)
    schema = _type(field_types(section)[key])
    dotted = f"{table}.{key}"
    if dotted in _NAMES:
        names = {"enum": list(_NAMES[dotted]())}
        schema = {**schema, "items": names} if schema.get("type") == "array" else names
    unit = unit_of(key)
    parts = [field_docs(section).get(key, "").replace("``", "")]
    parts += [] if unit == "1" else [f"Unit: {unit}."]
    default = field.default
    if default is not MISSING and default is not None:
        value = list(default) if isinstance(default, tuple) else default
        schema = {**schema, "default": value}
    return {"description": " ".join(filter(None, parts)), **schema}


def _or_swept(plain: Schema, *, numbers: str | None) -> Schema:
    """Describe a key that may be swept."""
    description = plain["description"]
    value = {name: entry for name, entry in plain.items() if name not in {"description", "default"}}
    kinds: list[Schema] = [{"type": "array", "minItems": 1, "items": value}]
    kinds += [{"$ref": "#/definitions/spacing"}] if numbers is not None else []
    kinds += [{"$ref": "#/definitions/distribution"}] if numbers in {"floats", "wholes"} else []
    properties: Schema = {"sweep": {"description": "What the key becomes.", "anyOf": kinds}}
    if numbers != "seeds":
        properties["labels"] = {"$ref": "#/definitions/labels"}
        properties["base"] = {"description": "Value of the base case of one_at_a_time."}
    swept: Schema = {
        "type": "object",
        "required": ["sweep"],
        "properties": properties,
        "additionalProperties": False,
    }
    default = {"default": plain["default"]} if "default" in plain else {}
    return {"description": description, **default, "anyOf": [value, swept]}


def _type(annotation: Any) -> Schema:
    """Describe what a field takes, from its annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _limited(_type(arguments[0]), arguments[1:])
    if origin in {Union, types.UnionType}:
        members = [_type(member) for member in arguments if member is not type(None)]
        return members[0] if len(members) == 1 else {"anyOf": members}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        array: Schema = {"type": "array", "items": _type(arguments[0])}
        if arguments[-1] is not Ellipsis:
            array |= {"minItems": len(arguments), "maxItems": len(arguments)}
        return array
    return {"type": _KINDS[annotation], **(_FINITE if annotation is float else {})}


def _limited(schema: Schema, marks: tuple[Any, ...]) -> Schema:
    """Add ranges and lengths."""
    limited = dict(schema)
    suffix = "Items" if schema.get("type") == "array" else "Length"
    for mark in marks:
        match mark:
            case Gt(gt=limit):
                limited.pop("minimum", None)
                limited["exclusiveMinimum"] = limit
            case Ge(ge=limit):
                limited["minimum"] = limit
            case Lt(lt=limit):
                limited.pop("maximum", None)
                limited["exclusiveMaximum"] = limit
            case Le(le=limit):
                limited["maximum"] = limit
            case Len(min_length=length, max_length=int(longest)):
                limited |= {f"min{suffix}": length, f"max{suffix}": longest}
            case MinLen(min_length=length) | Len(min_length=length):
                limited[f"min{suffix}"] = length
            case MaxLen(max_length=length):
                limited[f"max{suffix}"] = length
    return limited


def _spacing() -> Schema:
    """Describe evenly spaced values."""
    number = {"type": "number", **_FINITE}
    how_many = {"type": "integer", "minimum": 2, "maximum": MAX_CASES}
    ends = {"type": "array", "minItems": 3, "maxItems": 3, "items": [number, number, how_many]}
    form = {name: f"{name} = [first, last, how many]" for name in ("linspace", "logspace")}
    return _one_of({name: {"description": text, **ends} for name, text in form.items()})


def _distribution() -> Schema:
    """Describe distributions."""
    lengths = {name: 4 if name == "normal" else 2 for name in DISTRIBUTIONS}
    numbers = {"type": "array", "minItems": 2, "items": {"type": "number", **_FINITE}}
    return _one_of(
        {
            name: {"description": FORMS[name], **numbers, "maxItems": length}
            for name, length in lengths.items()
        }
    )


def _one_of(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _summary(section: type) -> str:
    """Give the first line of a docstring."""
    return (section.__doc__ or "").strip().splitlines()[0].replace("``", "")
