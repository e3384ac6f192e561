"""Membrane and cable constants of the fibers, from the tables in `data/membranes`, with temperature.

Rate functions stand in `kernels/membranes`, dimensions in `morphology.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.formats.tables import load_table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Membrane:
    """Constants of the MRG membrane and cable; units as in the names, conductances per cm².

    Attributes
    ----------
    f1, f2, f3 : float
        Temperature factors of the gates m and p, h, and s (no unit).
    v_rest_mv : float
        Nominal start, and reversal of the internodal leak, mV.
    constants : mapping
        The other values of the table by dotted key.
    sources : tuple of str
        Keys of the references.
    """

    f1: float
    f2: float
    f3: float
    v_rest_mv: float
    constants: Mapping[str, float]
    sources: tuple[str, ...]


@lru_cache(maxsize=32)
def membrane_constants(name: str) -> Mapping[str, float]:
    """Read the numbers of a membrane table.

    Parameters
    ----------
    name : str
        Name of the table in `data/membranes`. A table that is ``based_on`` another has that one's values
        where it says nothing else.

    Returns
    -------
    mapping of str to float
        Values by dotted key, units as in the keys.
    """
    table, base = load_table(f"membranes/{name}"), _base(name)
    values = {} if base is None else dict(membrane_constants(base))
    values.update({key: table.number(key) for key in table.quantities() if key != _BASED_ON})
    return MappingProxyType(values)


def temperature_factor(values: Mapping[str, float], name: str) -> float:
    """Factor on the rates of one entry ``q10.name`` of a membrane table.

    ``q10 ** ((T - T_reference) / 10)``, T the temperature of the table, °C.

    Parameters
    ----------
    values : mapping of str to float
        Values of the table by dotted key.
    name : str
        Last part of the key.

    Returns
    -------
    float
        No unit.
    """
    tens = (values["temperature_degc"] - values[f"q10.{name}_reference_degc"]) / 10.0
    return float(values[f"q10.{name}"] ** tens)


def membrane_sources(name: str) -> tuple[str, ...]:
    """Keys of the references of a membrane table and of the one it is based on."""
    base = _base(name)
    older = () if base is None else membrane_sources(base)
    return tuple(dict.fromkeys([*load_table(f"membranes/{name}").sources, *older]))


_BASED_ON: Final = "based_on"


def _base(name: str) -> str | None:
    table = load_table(f"membranes/{name}")
    return str(table.value(_BASED_ON)) if _BASED_ON in table.quantities() else None


@lru_cache(maxsize=8)
def load_membrane(name: str) -> Membrane:
    """Read the membrane table of a double cable.

    Parameters
    ----------
    name : str
        Name of the table in `data/membranes`.

    Returns
    -------
    Membrane
        Its constants, with the temperature factors worked out.

    References
    ----------
    McIntyre et al. (2002), doi:10.1152/jn.00353.2001 (mcintyre2002); Peña et al. (2024),
    doi:10.1371/journal.pcbi.1011833 (pena2024).
    """
    values = membrane_constants(name)
    return Membrane(
        f1=temperature_factor(values, "m_and_p"),
        f2=temperature_factor(values, "h"),
        f3=temperature_factor(values, "s"),
        v_rest_mv=values["v_rest_mv"],
        constants=values,
        sources=membrane_sources(name),
    )
