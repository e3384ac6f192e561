"""Wiring of a spiking circuit as data: fiber classes, receptors and connections.

Cells are in `circuit/neurons.py`; spike trains of the fibers in `circuit/trains.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scsim.circuit.checks import choice_fault, count_fault, name_fault, number_fault, refuse

FIBER_KINDS: Final = ("a_beta", "a_delta", "c")
"""Kinds of afferent fibers."""

FIELDS: Final = ("local", "surround")
"""Where a fiber class ends: in the painful receptive field, or around it."""

FAMILIES: Final = ("ampa", "nmda", "nk1", "gaba_a", "glycine")
"""Families of receptors."""


@dataclass(frozen=True)
class FiberClass:
    """Afferent fibers of one kind that end in the circuit.

    Attributes
    ----------
    name : str
        For example ``"a_beta"``, ``"a_beta_surround"``, ``"a_delta"``, ``"c"``.
    title : str
        What they are.
    n_fibers : int
        How many; each makes one synapse on every connection of its class.
    kind : str
        ``"a_beta"``, ``"a_delta"`` or ``"c"``: which natural trains and conduction velocity they have.
    field : str
        ``"local"`` (the painful receptive field) or ``"surround"``.

    Raises
    ------
    ModelError
        If there is no fiber, or the kind or field is not known.
    """

    name: str
    title: str
    n_fibers: int
    kind: str
    field: str

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(
            [
                *name_fault("fiber class", self.name),
                *count_fault(f"fibers {self.name}: n_fibers", self.n_fibers),
                *choice_fault(f"fibers {self.name}: kind", self.kind, FIBER_KINDS),
                *choice_fault(f"fibers {self.name}: field", self.field, FIELDS),
            ]
        )


@dataclass(frozen=True)
class Receptor:
    """A postsynaptic conductance with an exponential rise and decay.

    Attributes
    ----------
    name : str
        For example ``"nk1_wdr"``.
    family : str
        ``"ampa"``, ``"nmda"``, ``"nk1"``, ``"gaba_a"`` or ``"glycine"``: what pain states refer to.
    rise_ms, decay_ms : float
        Time constants, ms; the rise is the shorter one.
    reversal_mv : float
        Reversal potential, mV.
    magnesium_mm : float or None
        Concentration of the magnesium that blocks it, mM; None for a receptor without block.
    calcium_share : float
        Share of its current that counts as calcium for the pool of the compartment, 0 to 1.

    Raises
    ------
    ModelError
        If the family is not known, the rise is not shorter than the decay, or a number lies outside its range.
    """

    name: str
    family: str
    rise_ms: float
    decay_ms: float
    reversal_mv: float
    magnesium_mm: float | None = None
    calcium_share: float = 0.0

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        place = f"receptor {self.name}"
        yield from name_fault("receptor", self.name)
        yield from choice_fault(f"{place}: family", self.family, FAMILIES)
        times = [
            *number_fault(f"{place}: rise_ms", self.rise_ms, "ms", above=0),
            *number_fault(f"{place}: decay_ms", self.decay_ms, "ms", above=0),
        ]
        yield from times
        if not times and self.rise_ms >= self.decay_ms:
            yield f"{place}: rise_ms = {self.rise_ms!r} ms and decay_ms = {self.decay_ms!r} ms: the rise must be shorter than the decay; exchange or correct them."
        yield from number_fault(f"{place}: reversal_mv", self.reversal_mv, "mV")
        if self.magnesium_mm is not None:
            yield from number_fault(f"{place}: magnesium", self.magnesium_mm, "mM", at_least=0)
        yield from number_fault(
            f"{place}: calcium_share", self.calcium_share, "", at_least=0, at_most=1
        )


@dataclass(frozen=True)
class Connection:
    """Synapses of one kind from a fiber class or a cell onto a cell.

    Attributes
    ----------
    source : str
        Name of a `FiberClass` or of a cell.
    target : str
        Name of a cell.
    receptor : str
        Name of a `Receptor`.
    weight_microsiemens : float
        Peak conductance of one synapse after one spike, µS.
    n_synapses : int
        Synapses per source cell, all driven by the same spikes; 1 per fiber.
    delay_ms : float
        From the spike to the conductance, ms; 0 for fibers, whose trains arrive as listed.
    recovery_ms : float
        Time constant of presynaptic recovery, ms: a spike that follows the one before by D has the weight times
        1 - exp(-D / recovery_ms); 0 for none.
    section, position : str, float
        Where on the target: a section and the place along it, 0 (nearest to the soma) to 1.

    Raises
    ------
    ModelError
        If a weight, delay or recovery is negative, there is no synapse, or the position lies outside 0 to 1.
    """

    source: str
    target: str
    receptor: str
    weight_microsiemens: float
    n_synapses: int = 1
    delay_ms: float = 0.0
    recovery_ms: float = 0.0
    section: str = "dendrite"
    position: float = 0.5

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        place = f"connection {self.source} → {self.target} ({self.receptor})"
        yield from number_fault(
            f"{place}: weight_microsiemens", self.weight_microsiemens, "µS", at_least=0
        )
        yield from count_fault(f"{place}: n_synapses", self.n_synapses)
        yield from number_fault(f"{place}: delay_ms", self.delay_ms, "ms", at_least=0)
        yield from number_fault(f"{place}: recovery_ms", self.recovery_ms, "ms", at_least=0)
        yield from number_fault(f"{place}: position", self.position, "", at_least=0, at_most=1)


@dataclass(frozen=True)
class SteadyConductance:
    """A constant conductance on a cell, such as descending inhibition.

    Attributes
    ----------
    target : str
        Name of a cell.
    receptor : str
        Name of the `Receptor` whose reversal potential it has.
    conductance_microsiemens : float
        µS, 0 or above.
    section, position : str, float
        As in `Connection`.

    Raises
    ------
    ModelError
        If the conductance is negative, or the position lies outside 0 to 1.
    """

    target: str
    receptor: str
    conductance_microsiemens: float
    section: str = "dendrite"
    position: float = 0.5

    def __post_init__(self) -> None:
        """Check the values; one error for all."""
        place = f"steady conductance on {self.target} ({self.receptor})"
        refuse(
            [
                *number_fault(
                    f"{place}: conductance_microsiemens",
                    self.conductance_microsiemens,
                    "µS",
                    at_least=0,
                ),
                *number_fault(f"{place}: position", self.position, "", at_least=0, at_most=1),
            ]
        )
