"""Cells of a spiking circuit as data: sections in a line, their channels and calcium.

What the channels do is in `kernels/channels.py`, their constants in ``data/channels/``; synapses and who is wired to
whom belong in `circuit/wiring.py`.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scsim.circuit.checks import (
    choice_fault,
    count_fault,
    name_fault,
    number_fault,
    refuse,
    repeat_faults,
)
from scsim.formats.tables import load_table, table_names

SOMA: Final = "soma"
"""Name of the section that every cell must have."""

CHANNEL_TEMPERATURE_C: Final = 36.0
"""Temperature to which the rates in ``data/channels`` are scaled, °C: the only one at which a circuit can run."""

_CHANNELS: Final = "channels"
_FLUX: Final = "ghk.valence"
_CALCIUM: Final = "half_millimolar"


@functools.cache
def channel_kinds() -> tuple[str, ...]:
    """Give the kinds of channels there are.

    Returns
    -------
    tuple of str
        Names of the tables in ``data/channels``.
    """
    return table_names(_CHANNELS)


@functools.cache
def has_reversal(kind: str) -> bool:
    """Tell whether a kind of channel has a reversal potential.

    Parameters
    ----------
    kind : str
        One of `channel_kinds`.

    Returns
    -------
    bool
        False for kinds that follow the Goldman-Hodgkin-Katz equation.
    """
    return _FLUX not in load_table(f"{_CHANNELS}/{kind}").entries


@functools.cache
def needs_calcium(kind: str) -> bool:
    """Tell whether a kind of channel needs a calcium pool: it carries calcium, or opens with it.

    Parameters
    ----------
    kind : str
        One of `channel_kinds`.

    Returns
    -------
    bool
    """
    return not has_reversal(kind) or _CALCIUM in load_table(f"{_CHANNELS}/{kind}").entries


@dataclass(frozen=True)
class Channel:
    """One kind of channel in the membrane of a section.

    Attributes
    ----------
    kind : str
        Name of a table in ``data/channels/``, for example ``"na_b"``.
    density : float
        Conductance per area, S/cm²; permeability, cm/s, for kinds that follow the Goldman-Hodgkin-Katz equation.
    reversal_mv : float or None
        Reversal potential, mV; None for kinds that have none.

    Raises
    ------
    ModelError
        If there is no such kind, the density is negative or not finite, or a reversal potential is missing or
        given where there is none.
    """

    kind: str
    density: float
    reversal_mv: float | None

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        kinds = channel_kinds()
        yield from choice_fault("kind of a channel", self.kind, kinds)
        yield from number_fault(f"density of {self.kind}", self.density, "", at_least=0)
        if self.kind not in kinds:
            return
        if not has_reversal(self.kind):
            if self.reversal_mv is not None:
                yield f"reversal_mv of {self.kind} = {self.reversal_mv!r} mV: this kind follows the Goldman-Hodgkin-Katz equation and has no reversal potential; leave it out."
        elif self.reversal_mv is None:
            yield f"{self.kind} has no reversal_mv: this kind needs a reversal potential; give one in mV."
        else:
            yield from number_fault(f"reversal_mv of {self.kind}", self.reversal_mv, "mV")


@dataclass(frozen=True)
class CalciumPool:
    """Calcium below the membrane of a section.

    Attributes
    ----------
    decay_ms : float
        Time constant of the return to rest, ms.
    depth_um : float
        Depth of the shell, µm.
    rest_mm : float
        Concentration at rest, mM.

    Raises
    ------
    ModelError
        If a time constant or depth is not above 0, or a concentration is negative.
    """

    decay_ms: float
    depth_um: float
    rest_mm: float

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(
            [
                *number_fault("decay_ms of a calcium pool", self.decay_ms, "ms", above=0),
                *number_fault("depth_um of a calcium pool", self.depth_um, "µm", above=0),
                *number_fault("rest of a calcium pool", self.rest_mm, "mM", at_least=0),
            ]
        )


@dataclass(frozen=True)
class Section:
    """A stretch of cable with one set of channels.

    Attributes
    ----------
    name : str
        For example ``"dendrite"``.
    length_um : float
        Length, µm.
    diameter_um, end_diameter_um : float
        Diameter at the end nearer to the soma and at the other end, µm; between them it changes linearly. Each
        compartment has the diameter at its center.
    n_compartments : int
        Compartments of equal length.
    axial_resistivity_ohm_cm : float
        Of the inside, Ω cm.
    capacitance_uf_per_cm2 : float
        Of the membrane, µF/cm².
    leak_s_per_cm2, leak_mv : float
        Leak conductance, S/cm², and its reversal potential, mV.
    channels : tuple of Channel
        One of a kind at most.
    calcium : CalciumPool or None
        Needed by channels that carry calcium or open with it.

    Raises
    ------
    ModelError
        If a size, resistivity or capacitance is not above 0, the leak is negative, a kind of channel stands twice,
        or a channel needs calcium and there is no pool.
    """

    name: str
    length_um: float
    diameter_um: float
    end_diameter_um: float
    n_compartments: int
    axial_resistivity_ohm_cm: float
    capacitance_uf_per_cm2: float
    leak_s_per_cm2: float
    leak_mv: float
    channels: tuple[Channel, ...] = ()
    calcium: CalciumPool | None = None

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        yield from name_fault("section", self.name)
        for key, unit in (
            ("length_um", "µm"),
            ("diameter_um", "µm"),
            ("end_diameter_um", "µm"),
            ("axial_resistivity_ohm_cm", "Ω cm"),
            ("capacitance_uf_per_cm2", "µF/cm²"),
        ):
            yield from number_fault(f"{self.name}: {key}", getattr(self, key), unit, above=0)
        yield from count_fault(f"{self.name}: n_compartments", self.n_compartments)
        yield from number_fault(
            f"{self.name}: leak_s_per_cm2", self.leak_s_per_cm2, "S/cm²", at_least=0
        )
        yield from number_fault(f"{self.name}: leak_mv", self.leak_mv, "mV")
        yield from repeat_faults(
            f"channel of the section {self.name}", (c.kind for c in self.channels)
        )
        for channel in self.channels:
            if self.calcium is None and needs_calcium(channel.kind):
                yield f"{self.name}: the channel {channel.kind!r} carries calcium or opens with it, and the section has no calcium pool; add one, or remove the channel."


@dataclass(frozen=True)
class Cell:
    """One cell: an unbranched line of sections.

    Attributes
    ----------
    name, title : str
        For example ``"wdr"``, and what it is.
    sections : tuple of Section
        In line order, from the far end of the dendrite through the soma to the end of the axon. The section named
        ``"soma"`` is where spikes are read; positions in the sections on either side of it count from the soma's side.
    is_inhibitory : bool
        Whether its synapses inhibit; for diagrams.
    spike_mv : float
        A spike is counted when the voltage comes to lie above it, mV.
    initial_mv : float
        Voltage of every compartment at time 0, with all gates at their steady state for it, mV.

    Raises
    ------
    ModelError
        If no section is named ``"soma"``, section names repeat, or a voltage is not finite.
    """

    name: str
    title: str
    sections: tuple[Section, ...]
    is_inhibitory: bool
    spike_mv: float
    initial_mv: float

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        yield from name_fault("cell", self.name)
        names = [section.name for section in self.sections]
        if SOMA not in names:
            yield f"the cell {self.name!r} has no section 'soma'; its sections are {', '.join(names) or 'none'}: spikes are read at the soma; name one of them 'soma'."
        yield from repeat_faults(f"section of the cell {self.name}", names)
        yield from number_fault(f"{self.name}: spike_mv", self.spike_mv, "mV")
        yield from number_fault(f"{self.name}: initial_mv", self.initial_mv, "mV")
