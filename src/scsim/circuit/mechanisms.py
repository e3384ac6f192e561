"""Mechanisms of a circuit that pain states change: their names, units and what carries them.

A circuit lists in ``[mechanisms]`` of its table which it has. How much a state changes them stands in
``data/pain_states/``; the change itself is made in `circuit/states.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from scsim.circuit.names import unknown_name
from scsim.formats.tables import Table


class Mechanism(NamedTuple):
    """What a mechanism of a spiking circuit is.

    Attributes
    ----------
    unit : str
        Unit of a change: ``"1"`` for changes relative to the value, else the unit of what is added to it.
    carrier : str
        What carries it: ``"receptor"``, ``"channel"``, ``"fiber"`` or ``"cell.receptor"``.
    """

    unit: str
    carrier: str


SPIKING_MECHANISMS: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {
        "inhibitory_weight": Mechanism("1", "receptor"),
        "glycine_weight": Mechanism("1", "receptor"),
        "chloride_reversal_mv": Mechanism("mV", "receptor"),
        "nmda_weight": Mechanism("1", "receptor"),
        "nk1_weight": Mechanism("1", "receptor"),
        "calcium_currents": Mechanism("1", "channel"),
        "ectopic_a_hz": Mechanism("Hz", "fiber"),
        "ectopic_c_hz": Mechanism("Hz", "fiber"),
        "natural_afferents": Mechanism("1", "fiber"),
        "descending_inhibition_microsiemens": Mechanism("µS", "cell.receptor"),
        "descending_excitation_microsiemens": Mechanism("µS", "cell.receptor"),
    }
)
"""Mechanisms that a spiking circuit may have."""

INPUT_MECHANISMS: Final = ("ectopic_a_hz", "ectopic_c_hz", "natural_afferents")
"""Mechanisms that change the spike trains or rates that reach a circuit, and not the circuit."""


PARAMETER_MECHANISMS: Final = (
    "inhibitory_weight",
    "nmda_gain",
    "projection_threshold_hz",
    *INPUT_MECHANISMS,
)
"""Mechanisms that a circuit described by single numbers may have; parameters carry them, fiber classes those of inputs."""

_NO_CARRIER: Final = (
    "nothing carries it, so a pain state would change nothing; name what does, or remove it."
)

_PART: Final = "mechanisms."


def table_mechanisms(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the mechanisms that the table of a circuit lists.

    Parameters
    ----------
    table : Table

    Returns
    -------
    tuple of (str, tuple of str)
        For each mechanism that a pain state may change, what carries it.
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    for key, entry in table.entries.items():
        if key.startswith(_PART):
            value = entry.value if isinstance(entry.value, tuple) else (entry.value,)
            found.append((key.removeprefix(_PART), tuple(str(item) for item in value)))
    return tuple(found)


def parameter_faults(
    mechanisms: Iterable[tuple[str, tuple[str, ...]]], parameters: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Say which mechanisms of a circuit of single numbers are not known, or carried by no parameter of it.

    Parameters
    ----------
    mechanisms : iterable of (str, tuple of str)
        Mechanisms and what carries them.
    parameters : tuple of str
        Names of the circuit's parameters.

    Yields
    ------
    (str, str)
        Mechanism, and what is wrong with it.
    """
    for name, carriers in mechanisms:
        if name not in PARAMETER_MECHANISMS:
            yield name, unknown_name("mechanism", name, PARAMETER_MECHANISMS)
        elif not carriers:
            yield name, _NO_CARRIER
        elif name not in INPUT_MECHANISMS:
            for carrier in carriers:
                if carrier not in parameters:
                    yield name, unknown_name("parameter", carrier, parameters)


def carrier_faults(
    mechanisms: Iterable[tuple[str, tuple[str, ...]]], known: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """Say which mechanisms of a spiking circuit are not known, or have carriers that are not there.

    Parameters
    ----------
    mechanisms : iterable of (str, tuple of str)
        Mechanisms and what carries them.
    known : mapping of str to tuple of str
        For each kind of carrier, the names that the circuit has.

    Yields
    ------
    (str, str)
        Mechanism, and what is wrong with it.
    """
    for name, carriers in mechanisms:
        if name not in SPIKING_MECHANISMS:
            yield name, unknown_name("mechanism", name, tuple(SPIKING_MECHANISMS))
            continue
        if not carriers:
            yield name, _NO_CARRIER
        kind = SPIKING_MECHANISMS[name].carrier
        for carrier in carriers:
            if carrier not in known[kind]:
                yield name, unknown_name(kind, carrier, known[kind])
