"""Spiking circuits from their tables, with every fault of a table at once.

The form of a table: ``[model]``, then named parts ``[fibers.NAME]``, ``[receptors.NAME]``, ``[types.NAME]`` with
``[types.NAME.sections.SECTION]`` (in line order, from the far end of the dendrite to the end of the axon) and their
``channels.KIND`` and ``calcium``, ``[cells.NAME]``, ``[connections.SOURCE.TARGET.RECEPTOR]``,
``[steady.CELL.RECEPTOR]`` and ``[mechanisms]``; every value with its unit, source and evidence. A cell may be of a
type of the catalog, such as ``"zhang2014.tonic"``. What the numbers mean
stands in `circuit/neurons.py`, `circuit/wiring.py` and `circuit/network.py`.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from scsim.circuit.mechanisms import SPIKING_MECHANISMS, carrier_faults
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.network import SpikingCircuit, connection_place
from scsim.circuit.networks.neurons import (
    CalciumPool,
    Cell,
    Channel,
    Section,
    channel_kinds,
    has_reversal,
)
from scsim.circuit.networks.wiring import Connection, FiberClass, Receptor, SteadyConductance
from scsim.errors import ModelError
from scsim.formats.tables import Table, Value, load_table, table_names

Part = TypeVar("Part")

_PARTS: Final = (
    "model",
    "fibers",
    "receptors",
    "types",
    "cells",
    "connections",
    "steady",
    "mechanisms",
)

_SECTION: Final = {
    "length_um": "µm",
    "diameter_um": "µm",
    "axial_resistivity_ohm_cm": "Ω cm",
    "capacitance_uf_per_cm2": "µF/cm²",
    "leak_s_per_cm2": "S/cm²",
    "leak_mv": "mV",
}
"""Numbers that every section must have, with their units."""

_LABEL: Final = "1"
"""Unit of words and pure numbers."""

_CARRIERS: Final = {"fiber": "fibers", "receptor": "receptors", "cell": "cells"}
"""Parts that connections and mechanisms refer to by name, and where they stand."""


def spiking_faults(
    name: str, table: Table, malformed: Mapping[str, str]
) -> tuple[SpikingCircuit | None, list[str]]:
    """Build a spiking circuit from its table, or say everything that is wrong with the table.

    Parameters
    ----------
    name : str
        Name of the circuit.
    table : Table
        The values that could be read.
    malformed : mapping of str to str
        Keys of the others, with what is wrong; see `scsim.formats.tables.examine_table`.

    Returns
    -------
    circuit : SpikingCircuit or None
        None if there is a fault.
    faults : list of str
        One sentence per fault, each with file and key.
    """
    reader = _Reader(table, dict(malformed))
    parts = _Parts.read(reader)
    mechanisms = _mechanisms(reader)
    model = _model(reader)
    reader.unread()
    known = {kind: tuple(reader.names(prefix)) for kind, prefix in _CARRIERS.items()}
    known["channel"] = channel_kinds()
    known["cell.receptor"] = tuple(f"{c}.{r}" for c in known["cell"] for r in known["receptor"])
    for key, fault in carrier_faults(mechanisms, known):
        reader.fault(f"mechanisms.{key}", fault)
    broken = {n for prefix in _CARRIERS.values() for n in reader.names(prefix)} - parts.names()
    parts.unknown_ends(reader, broken)
    circuit = None
    if parts.cells or not broken:
        circuit = parts.joined(reader, broken, name=name, mechanisms=mechanisms, **model)
    found = reader.found()
    return (None if found else circuit), found


@dataclass
class _Reader:
    """Reads values of a table by key, and remembers what was wrong and what was read."""

    table: Table
    malformed: dict[str, str]
    faults: dict[str, None] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def keys(self) -> list[str]:
        """Give all keys, whole or not, whole ones first in the order of the file."""
        return [*self.table.entries, *self.malformed]

    def fault(self, key: str, sentence: str) -> None:
        """Remember a fault."""
        place = f"{self.table.name}.toml: {key}" if key else f"{self.table.name}.toml"
        self.faults[f"{place}: {sentence}"] = None

    def found(self) -> list[str]:
        """Give all faults: first of single values, then of parts and of what does not fit together."""
        return [*self.malformed.values(), *self.faults]

    def names(self, prefix: str) -> list[str]:
        """Give the names of the parts below a key, in the order of the file."""
        head = f"{prefix}."
        return list(
            dict.fromkeys(
                k.removeprefix(head).split(".")[0] for k in self.keys() if k.startswith(head)
            )
        )

    def leaves(self, prefix: str) -> list[str]:
        """Give the keys of the parts below a key that hold values themselves, in the order of the file."""
        head = f"{prefix}."
        return list(dict.fromkeys(k.rpartition(".")[0] for k in self.keys() if k.startswith(head)))

    def each(self, prefix: str, make: Callable[["_Reader", str], Part]) -> dict[str, Part]:
        """Build every part below a key; those with faults are left out."""
        return _whole({n: self.build(f"{prefix}.{n}", make) for n in self.names(prefix)})

    def build(self, key: str, make: Callable[["_Reader", str], Part]) -> Part | None:
        """Build one part, or remember what is wrong with it."""
        n_before = len(self.faults)
        try:
            part = make(self, key)
        except _UnreadableError:
            return None
        except ModelError as error:
            for fault in str(error).splitlines():
                self.fault(key, fault)
            return None
        return part if len(self.faults) == n_before else None

    def value(self, key: str, unit: str, kind: type | tuple[type, ...], said: str) -> Any:
        """Give a value of a kind and unit, or None after remembering what is wrong with it."""
        self.read.add(key)
        if key in self.malformed:
            return None
        entry = self.table.entries.get(key)
        if entry is None:
            self.fault(
                key,
                f'the value is missing; add {key.rpartition(".")[2]} = {{ value = …, unit = "{unit}", source = …, evidence = … }}.',
            )
            return None
        if entry.unit != unit:
            self.fault(
                key,
                f'it is given in {entry.unit!r}: its unit is {unit!r}; convert the value and write unit = "{unit}".',
            )
            return None
        is_kind = isinstance(entry.value, kind)
        if not is_kind or (isinstance(entry.value, bool) and kind is not bool):
            self.fault(key, f"value = {entry.value!r}: it must be {said}; correct it.")
            return None
        return entry.value

    def number(self, key: str, unit: str) -> Any:
        """Give a number, or None."""
        return self.value(key, unit, (int, float), "a number, for example 1.0")

    def word(self, key: str) -> Any:
        """Give a word, or None."""
        return self.value(key, _LABEL, str, 'a word in quotes, for example "dendrite"')

    def has(self, key: str) -> bool:
        """Tell whether a key is there, whole or not."""
        return key in self.table.entries or key in self.malformed

    def optional(self, key: str, read: Callable[[str], Any]) -> dict[str, Any]:
        """Give a value under its own name if its key is there."""
        return {key.rpartition(".")[2]: read(key)} if self.has(key) else {}

    def unread(self) -> None:
        """Remember a fault for every key that nothing has asked for."""
        for key in self.table.entries:
            top = key.split(".")[0]
            if top not in _PARTS:
                self.fault(key, unknown_name("part of a circuit", top, _PARTS))
            elif key not in self.read:
                siblings = {
                    k.rpartition(".")[2]
                    for k in self.read
                    if k.rpartition(".")[0] == key.rpartition(".")[0]
                }
                self.fault(
                    key, unknown_name("value", key.rpartition(".")[2], tuple(sorted(siblings)))
                )


@dataclass
class _Parts:
    """The parts of a circuit that have no fault of their own, by name or key."""

    fibers: dict[str, FiberClass]
    receptors: dict[str, Receptor]
    cells: dict[str, Cell]
    connections: dict[str, Connection]
    steady: dict[str, SteadyConductance]

    @classmethod
    def read(cls, reader: _Reader) -> "_Parts":
        """Build every part of a table."""
        fibers = reader.each("fibers", _fibers)
        receptors = reader.each("receptors", _receptor)
        types = reader.each("types", _type)
        cells = {n: reader.build(f"cells.{n}", _cell(n, types)) for n in reader.names("cells")}
        connections = {k: reader.build(k, _connection) for k in reader.leaves("connections")}
        steady = {k: reader.build(k, _steady) for k in reader.leaves("steady")}
        return cls(fibers, receptors, _whole(cells), _whole(connections), _whole(steady))

    def names(self) -> set[str]:
        """Give the names that others refer to."""
        return {*self.fibers, *self.receptors, *self.cells}

    def unknown_ends(self, reader: _Reader, broken: set[str]) -> None:
        """Remember names that are not there in connections of broken parts, which are not joined."""
        fibers, receptors, cells = (tuple(reader.names(prefix)) for prefix in _CARRIERS.values())
        for key, one in self.connections.items():
            if not {one.source, one.target, one.receptor} & broken:
                continue
            for what, name, known in (
                ("fiber class or cell", one.source, fibers + cells),
                ("cell", one.target, cells),
                ("receptor", one.receptor, receptors),
            ):
                if name not in known:
                    reader.fault(key, unknown_name(what, name, known))

    def joined(
        self, reader: _Reader, broken: set[str], *, projection: str | None, **rest: Any
    ) -> SpikingCircuit | None:
        """Put the parts together, or remember what does not fit.

        What refers to a broken part or value is left out: that has its own fault already.
        """
        connections = [
            c for c in self.connections.values() if not {c.source, c.target, c.receptor} & broken
        ]
        if rest["step_ms"] is None:
            connections = [replace(c, delay_ms=SpikingCircuit.step_ms) for c in connections]
        if projection is None or projection in broken:
            projection = next(iter(self.cells), "")
        try:
            return SpikingCircuit(
                title=reader.table.title,
                fibers=tuple(self.fibers.values()),
                cells=tuple(self.cells.values()),
                receptors=tuple(self.receptors.values()),
                connections=tuple(connections),
                steady=tuple(
                    s for s in self.steady.values() if not {s.target, s.receptor} & broken
                ),
                projection=projection,
                **{key: value for key, value in rest.items() if value is not None},
            )
        except ModelError as error:
            keys = {connection_place(c): key for key, c in self.connections.items()}
            for fault in str(error).splitlines():
                place = next((place for place in keys if fault.startswith(f"{place}: ")), "")
                reader.fault(keys.get(place, ""), fault.removeprefix(f"{place}: "))
            return None


def _whole(parts: Mapping[str, Part | None]) -> dict[str, Part]:
    """Leave out what could not be built."""
    return {key: part for key, part in parts.items() if part is not None}


class _UnreadableError(Exception):
    """A part cannot be built; why is remembered already."""


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    """Give the values of a part if all of them could be read."""
    if any(value is None for value in values.values()):
        raise _UnreadableError
    return values


def _model(reader: _Reader) -> dict[str, Any]:
    """Give the values of the circuit as a whole; None for those that cannot be read."""
    reader.read |= {"model.kind", "model.publication"}
    return {
        "projection": reader.word("model.projection"),
        "step_ms": reader.number("model.step_ms", "ms"),
        "temperature_c": reader.number("model.temperature_degc", "°C"),
    }


def _fibers(reader: _Reader, key: str) -> FiberClass:
    name = key.rpartition(".")[2]
    values = {
        "title": name,
        "n_fibers": reader.number(f"{key}.n_fibers", _LABEL),
        "kind": reader.word(f"{key}.kind"),
        "field": reader.word(f"{key}.field"),
    } | reader.optional(f"{key}.title", reader.word)
    return FiberClass(name=name, **_complete(values))


def _receptor(reader: _Reader, key: str) -> Receptor:
    values = {
        "family": reader.word(f"{key}.family"),
        "rise_ms": reader.number(f"{key}.rise_ms", "ms"),
        "decay_ms": reader.number(f"{key}.decay_ms", "ms"),
        "reversal_mv": reader.number(f"{key}.reversal_mv", "mV"),
    } | reader.optional(f"{key}.calcium_share", lambda k: reader.number(k, _LABEL))
    if reader.has(f"{key}.magnesium_millimolar"):
        values["magnesium_mm"] = reader.number(f"{key}.magnesium_millimolar", "mM")
    return Receptor(name=key.rpartition(".")[2], **_complete(values))


def _channel(reader: _Reader, key: str) -> Channel:
    kind = key.rpartition(".")[2]
    is_known = kind in channel_kinds()
    is_ohmic = not is_known or has_reversal(kind)
    reversal_key = f"{key}.reversal_mv"
    values: dict[str, Any] = {
        "density": reader.number(f"{key}.density", "S/cm²" if is_ohmic else "cm/s")
    }
    if reader.has(reversal_key):
        values["reversal_mv"] = reader.number(reversal_key, "mV")
    complete = _complete(values)
    return Channel(kind, complete["density"], complete.get("reversal_mv"))


def _calcium(reader: _Reader, key: str) -> CalciumPool:
    values = {
        "decay_ms": reader.number(f"{key}.decay_ms", "ms"),
        "depth_um": reader.number(f"{key}.depth_um", "µm"),
        "rest_mm": reader.number(f"{key}.rest_millimolar", "mM"),
    }
    return CalciumPool(**_complete(values))


def _section(reader: _Reader, key: str) -> Section:
    values: dict[str, Any] = {
        name: reader.number(f"{key}.{name}", unit) for name, unit in _SECTION.items()
    }
    values["n_compartments"] = reader.number(f"{key}.n_compartments", _LABEL)
    values["end_diameter_um"] = values["diameter_um"]
    values |= reader.optional(f"{key}.end_diameter_um", lambda k: reader.number(k, "µm"))
    kinds = reader.names(f"{key}.channels")
    channels = [reader.build(f"{key}.channels.{kind}", _channel) for kind in kinds]
    calcium = None
    if reader.names(f"{key}.calcium"):
        calcium = reader.build(f"{key}.calcium", _calcium)
        values["calcium"] = calcium
    values["channels"] = None if None in channels else tuple(c for c in channels if c is not None)
    return Section(name=key.rpartition(".")[2], **_complete(values))


def _type(reader: _Reader, key: str) -> dict[str, Any]:
    """Give what cells of one type share."""
    names = reader.names(f"{key}.sections")
    sections = [reader.build(f"{key}.sections.{name}", _section) for name in names]
    values = {
        "spike_mv": reader.number(f"{key}.spike_mv", "mV"),
        "initial_mv": reader.number(f"{key}.initial_mv", "mV"),
        "sections": None if None in sections else tuple(sections),
    }
    return _complete(values)


@functools.cache
def _shared_types() -> dict[str, dict[str, Any]]:
    """Give the types of cells of the circuits of the catalog, as CIRCUIT.TYPE."""
    found: dict[str, dict[str, Any]] = {}
    for name in table_names("circuits"):
        reader = _Reader(load_table(f"circuits/{name}"), {})
        types = reader.each("types", _type)
        found |= {f"{name}.{key}": shared for key, shared in types.items()}
    return found


def _cell(name: str, types: dict[str, dict[str, Any]]) -> Callable[[_Reader, str], Cell]:
    """Give the builder of one cell."""

    def build(reader: _Reader, key: str) -> Cell:
        values = {
            "title": name,
            "type": reader.word(f"{key}.type"),
            "is_inhibitory": reader.value(f"{key}.is_inhibitory", _LABEL, bool, "true or false"),
        } | reader.optional(f"{key}.title", reader.word)
        complete = _complete(values)
        chosen = complete.pop("type")
        listed = [*reader.names("types"), *_shared_types()]
        if chosen not in listed:
            reader.fault(f"{key}.type", unknown_name("type of cell", chosen, tuple(listed)))
        shared = types | _shared_types()
        if chosen not in shared:
            raise _UnreadableError
        return Cell(name=name, **complete, **shared[chosen])

    return build


def _site(reader: _Reader, key: str) -> dict[str, Any]:
    """Give where a conductance sits, if the table says so."""
    return reader.optional(f"{key}.section", reader.word) | reader.optional(
        f"{key}.position", lambda k: reader.number(k, _LABEL)
    )


def _ends(reader: _Reader, key: str, form: str) -> list[str]:
    """Give the names that the key of a connection or steady conductance is made of."""
    names = key.split(".")[1:]
    if len(names) != form.count("."):
        for leaf in reader.names(key):
            reader.read.add(f"{key}.{leaf}")
        reader.fault(key, f"the head of such a part is [{form}]; write it so.")
        raise _UnreadableError
    return names


def _connection(reader: _Reader, key: str) -> Connection:
    source, target, receptor = _ends(reader, key, "connections.SOURCE.TARGET.RECEPTOR")
    values = {"weight_microsiemens": reader.number(f"{key}.weight_microsiemens", "µS")} | _site(
        reader, key
    )
    for name, unit in (("n_synapses", _LABEL), ("delay_ms", "ms"), ("recovery_ms", "ms")):
        if reader.has(f"{key}.{name}"):
            values[name] = reader.number(f"{key}.{name}", unit)
    return Connection(source, target, receptor, **_complete(values))


def _steady(reader: _Reader, key: str) -> SteadyConductance:
    target, receptor = _ends(reader, key, "steady.CELL.RECEPTOR")
    conductance_key = f"{key}.conductance_microsiemens"
    values = {"conductance_microsiemens": reader.number(conductance_key, "µS")} | _site(reader, key)
    return SteadyConductance(target, receptor, **_complete(values))


def _mechanisms(reader: _Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for name in reader.names("mechanisms"):
        key = f"mechanisms.{name}"
        known = SPIKING_MECHANISMS.get(name)
        entry = reader.table.entries.get(key)
        unit = known.unit if known else (entry.unit if entry else _LABEL)
        carriers: Value | None = reader.value(key, unit, (str, tuple), "a list of names")
        if isinstance(carriers, str):
            found.append((name, (carriers,)))
        elif isinstance(carriers, tuple) and all(isinstance(item, str) for item in carriers):
            found.append((name, tuple(str(item) for item in carriers)))
        elif carriers is not None:
            reader.fault(key, f"value = {carriers!r}: it must be a list of names; correct it.")
    return tuple(found)
