"""Circuits by name, read from ``data/circuits/*.toml``, and circuits of a user's own from a file of the same form.

What the parameters do belongs to the model's own file; spiking circuits are built in `circuit/read_network.py`.
"""

from __future__ import annotations

import functools
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, overload

from scsim.circuit.mechanisms import parameter_faults, table_mechanisms
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.read_network import spiking_faults
from scsim.circuit.rates.rate import RateCircuit, parameter_names
from scsim.errors import ModelError, ScsimError
from scsim.formats.tables import DATA_FOLDER, Table, examine_table, load_table, table_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scsim.circuit.integrate_fire import IntegrateFireCircuit

    Circuit: TypeAlias = SpikingCircuit | RateCircuit | IntegrateFireCircuit

_FOLDER: Final = "circuits"
_KIND: Final = "model.kind"

CIRCUIT_KINDS: Final = ("spiking", "rate", "integrate_and_fire")
"""Kinds of circuits: what ``kind`` in the part ``[model]`` of a table may be."""

_PATTERNS: Final = {"rate": "crodelle2019", "integrate_and_fire": "sagalajev2024"}
"""The circuit whose table says which parameters a kind of circuit has, and in which units."""

_FREE_PARTS: Final = ("model", "publication", "mechanisms")
"""Parts of a table that hold no parameters."""


def circuit_names() -> tuple[str, ...]:
    """Give the names of all circuits.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return table_names(_FOLDER)


@overload
def load_circuit(name: Literal["zhang2014"]) -> SpikingCircuit: ...
@overload
def load_circuit(name: Literal["crodelle2019"]) -> RateCircuit: ...
@overload
def load_circuit(name: Literal["sagalajev2024"]) -> IntegrateFireCircuit: ...
@overload
def load_circuit(name: str) -> Circuit: ...
def load_circuit(name: str) -> Circuit:
    """Read a circuit with its published parameters.

    Parameters
    ----------
    name : str
        For example ``"zhang2014"``.

    Returns
    -------
    SpikingCircuit, RateCircuit or IntegrateFireCircuit

    Raises
    ------
    ModelError
        If there is no circuit of that name; the message names the nearest one.

    Examples
    --------
    >>> [cell.name for cell in load_circuit("zhang2014").cells]
    ['sg', 'z2', 'ex', 'wdr']
    """
    return _load(name)


@functools.cache
def _load(name: str) -> Circuit:
    if name not in circuit_names():
        raise ModelError(unknown_name("circuit", name, circuit_names()))
    text = (DATA_FOLDER / _FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return _parse(name, f"{_FOLDER}/{name}", text)


def read_circuit(path: str | Path) -> Circuit:
    """Read a circuit of one's own from a file of the same form as ``data/circuits/*.toml``.

    Parameters
    ----------
    path : str or Path
        A TOML file; its name without the ending becomes the name of the circuit.

    Returns
    -------
    SpikingCircuit, RateCircuit or IntegrateFireCircuit

    Raises
    ------
    ModelError
        If the file cannot be read; or with everything that is wrong in it, one fault per line, each with file and
        key: values without unit or source, kinds of channels that do not exist, wiring to a cell that is not there,
        numbers outside their range …
    """
    file = Path(path)
    if file.suffix != ".toml" and not file.is_dir():
        msg = f"the circuit file {str(file)!r} does not end in .toml; write the name of a TOML file, or choose one of {', '.join(circuit_names())} with load_circuit."
        raise ModelError(msg)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        msg = f"there is no circuit file {str(file)!r}; correct the path, or choose one of {', '.join(circuit_names())} with load_circuit."
        raise ModelError(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the circuit file {str(file)!r} cannot be read: {error}; write the name of a TOML file in UTF-8."
        raise ModelError(msg) from error
    return _parse(file.stem, str(file.with_suffix("")), text)


def _parse(name: str, said: str, text: str) -> Circuit:
    """Build the circuit that a table describes.

    Parameters
    ----------
    name, said : str
        Name of the circuit, and of its file in messages, without the ending.
    text : str
        TOML.
    """
    try:
        table, malformed = examine_table(said, text)
    except ScsimError as error:
        raise ModelError(str(error)) from error
    entry = table.entries.get(_KIND)
    kind = entry.value if entry is not None else None
    if kind not in CIRCUIT_KINDS:
        problem = f"{said}.toml: {_KIND} = {kind!r}: the kind of a circuit is one of {', '.join(CIRCUIT_KINDS)}; write it in the part [model]."
        raise ModelError(
            "\n".join([*malformed.values(), *([problem] if _KIND not in malformed else [])])
        )
    if kind == "spiking":
        circuit, faults = spiking_faults(name, table, malformed)
        if circuit is None:
            raise ModelError("\n".join(faults))
        return circuit
    wrong = [*malformed.values(), *_parameter_faults(table, str(kind))]
    if wrong:
        raise ModelError("\n".join(wrong))
    # Loaded here, so that a spiking circuit does not load a model it does not use.
    from scsim.circuit.integrate_fire import circuit_from_table  # noqa: PLC0415

    build = _rate_circuit if kind == "rate" else circuit_from_table
    try:
        built = build(name, table)
    except ModelError:
        raise
    except ScsimError as error:
        raise ModelError(str(error)) from error
    parameters = tuple(f.name for f in fields(built) if f.type is float or f.type == "float")
    wrong = [
        f"{said}.toml: mechanisms.{key}: {fault}"
        for key, fault in parameter_faults(built.mechanisms, parameters)
    ]
    if wrong:
        raise ModelError("\n".join(wrong))
    return built


def _parameter_faults(table: Table, kind: str) -> Iterator[str]:
    """Say which values of a circuit of single numbers are not known, stand twice or have another unit."""
    pattern = load_table(f"{_FOLDER}/{_PATTERNS[kind]}").entries
    units = {
        key.rpartition(".")[2]: entry.unit
        for key, entry in pattern.items()
        if key.split(".")[0] not in _FREE_PARTS
    }
    places: dict[str, str] = {}
    for key, entry in table.entries.items():
        if key.split(".")[0] in _FREE_PARTS:
            continue
        place, parameter = f"{table.name}.toml: {key}", key.rpartition(".")[2]
        if parameter not in units:
            yield f"{place}: {unknown_name('parameter', parameter, tuple(units))}"
        elif parameter in places:
            yield f"{place}: this parameter stands at {places[parameter]} already; remove one of them."
        elif entry.unit != units[parameter]:
            yield f'{place}: it is given in {entry.unit!r}: its unit is {units[parameter]!r}; convert the value and write unit = "{units[parameter]}".'
        places.setdefault(parameter, key)


def _rate_circuit(name: str, table: Table) -> RateCircuit:
    keys = {key.rpartition(".")[2]: key for key in table.quantities()}
    missing = [key for key in parameter_names() if key not in keys]
    if missing:
        msg = f"{table.name}.toml has no {', '.join(missing)}: a rate circuit needs every one of its parameters; add them with unit and source."
        raise ModelError(msg)
    numbers = {key: table.number(keys[key]) for key in parameter_names()}
    return RateCircuit(name=name, title=table.title, mechanisms=table_mechanisms(table), **numbers)
