"""Circuits by name, read from ``data/circuits/*.toml``.

What the parameters do belongs to the model's own file.
"""

import difflib
import functools
from typing import Final

from scsim.circuit.rate import RateCircuit, parameter_names
from scsim.errors import ModelError
from scsim.formats.tables import load_table, table_names

_FOLDER: Final = "circuits"
_MECHANISMS: Final = "mechanisms."


def circuit_names() -> tuple[str, ...]:
    """Give the names of all circuits.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return table_names(_FOLDER)


def unknown_name(what: str, name: str, known: tuple[str, ...]) -> str:
    """Say that a name is not known, with the nearest one.

    Parameters
    ----------
    what : str
        What the name should stand for, for example ``"pain state"``.
    name : str
        The name given.
    known : tuple of str
        The names that exist.

    Returns
    -------
    str
        Message: what is wrong, what is allowed, what to do.
    """
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "choose one of these."
    return f"there is no {what} {name!r}; known are {', '.join(known)}: {hint}"


@functools.cache
def load_circuit(name: str) -> RateCircuit:
    """Read a circuit with its published parameters.

    Parameters
    ----------
    name : str
        For example ``"crodelle2019"``.

    Returns
    -------
    RateCircuit

    Raises
    ------
    ModelError
        If there is no circuit of that name; the message names the nearest one.
    """
    if name not in circuit_names():
        raise ModelError(unknown_name("circuit", name, circuit_names()))
    table = load_table(f"{_FOLDER}/{name}")
    keys = {key.rpartition(".")[2]: key for key in table.quantities()}
    mechanisms = tuple(
        (key.removeprefix(_MECHANISMS), _names(table.value(key)))
        for key in table.quantities()
        if key.startswith(_MECHANISMS)
    )
    numbers = {key: table.number(keys.get(key, key)) for key in parameter_names()}
    return RateCircuit(name=name, title=table.title, mechanisms=mechanisms, **numbers)


def _names(value: object) -> tuple[str, ...]:
    """Give a list of parameter names as text."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else (str(value),)
