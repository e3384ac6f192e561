"""A spiking circuit: cells and wiring together, checked.

How it runs is in `circuit/run_network.py`; pain states change a circuit in `circuit/states.py`; tables are read in
`circuit/catalog.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scsim.circuit.checks import number_fault, refuse, repeat_faults
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.neurons import CHANNEL_TEMPERATURE_C, Cell
from scsim.circuit.networks.wiring import Connection, FiberClass, Receptor, SteadyConductance

_GRID_TOLERANCE: Final = 1e-6
"""How far from a whole number of steps a delay may be, in steps: decimal times are not exact."""


@dataclass(frozen=True)
class SpikingCircuit:
    """A circuit of multi-compartment cells.

    Attributes
    ----------
    name, title : str
        Name of the table, and one line about it.
    fibers : tuple of FiberClass
    cells : tuple of Cell
    receptors : tuple of Receptor
    connections : tuple of Connection
    projection : str
        Name of the cell whose spikes leave the circuit: the pain signal.
    steady : tuple of SteadyConductance
        Constant conductances; none in the healthy circuit.
    step_ms : float
        Time step, ms.
    temperature_c : float
        Temperature that the channels are scaled to, °C: 36.
    mechanisms : tuple of (str, tuple of str)
        For each mechanism that a pain state may change, what carries it; see `circuit/states.py`.

    Raises
    ------
    ModelError
        With every fault, one per line: names that repeat; connections and steady conductances from, onto or with
        something that is not there; delays between cells that are no whole number of steps; calcium of a synapse
        without a pool; pools faster than the step; a projection that is no cell.

    Notes
    -----
    To take a cell out of a circuit, replace `cells`, `connections` and `projection` together.
    """

    name: str
    title: str
    fibers: tuple[FiberClass, ...]
    cells: tuple[Cell, ...]
    receptors: tuple[Receptor, ...]
    connections: tuple[Connection, ...]
    projection: str
    steady: tuple[SteadyConductance, ...] = ()
    step_ms: float = 0.0125
    temperature_c: float = CHANNEL_TEMPERATURE_C
    mechanisms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts fit together; one error for all faults."""
        refuse(self._faults())

    def _faults(self) -> Iterator[str]:
        cells = {cell.name: cell for cell in self.cells}
        receptors = {receptor.name: receptor for receptor in self.receptors}
        sources = [*(fiber.name for fiber in self.fibers), *cells]
        step_faults = [*number_fault(f"{self.name}: step_ms", self.step_ms, "ms", above=0)]
        yield from step_faults
        if self.temperature_c != CHANNEL_TEMPERATURE_C:
            yield f"{self.name}: temperature_c = {self.temperature_c!r} °C: the channels are scaled to {CHANNEL_TEMPERATURE_C:g} °C, and no circuit can run at another; write 36."
        if not cells:
            yield f"the circuit {self.name!r} has no cell: there is nothing to run; add one."
        yield from repeat_faults(
            "name of a fiber class or cell",
            [*(f.name for f in self.fibers), *(c.name for c in self.cells)],
        )
        yield from repeat_faults("receptor", (receptor.name for receptor in self.receptors))
        if self.projection not in cells:
            yield f"projection of {self.name}: {unknown_name('cell', self.projection, tuple(cells))}"
        places = [connection_place(connection) for connection in self.connections]
        yield from repeat_faults("connection", places)
        for connection, place in zip(self.connections, places, strict=True):
            if connection.source not in sources:
                yield f"{place}: {unknown_name('fiber class or cell', connection.source, tuple(sources))}"
            yield from _site_faults(place, connection, cells, receptors)
            if connection.source in cells and not step_faults:
                yield from _delay_faults(place, connection.delay_ms, self.step_ms)
        for steady in self.steady:
            place = f"steady conductance on {steady.target} ({steady.receptor})"
            yield from _site_faults(place, steady, cells, receptors)
        if not step_faults:
            yield from self._pool_faults()

    def _pool_faults(self) -> Iterator[str]:
        for cell in self.cells:
            for section in cell.sections:
                if section.calcium is not None and section.calcium.decay_ms < self.step_ms:
                    yield f"{cell.name}, {section.name}: decay_ms = {section.calcium.decay_ms!r} ms of the calcium pool is shorter than the step of {self.step_ms!r} ms, with which it cannot be followed; lengthen it, or shorten the step."


def connection_place(connection: Connection) -> str:
    """Say which connection it is.

    Parameters
    ----------
    connection : Connection

    Returns
    -------
    str
        Source, target, receptor and place on the target, as faults of a circuit begin.
    """
    return f"{connection.source} → {connection.target} ({connection.receptor}, {connection.section} {connection.position:g})"


def _site_faults(
    place: str,
    site: Connection | SteadyConductance,
    cells: dict[str, Cell],
    receptors: dict[str, Receptor],
) -> Iterator[str]:
    """Say what is wrong with where a conductance sits."""
    receptor = receptors.get(site.receptor)
    if receptor is None:
        yield f"{place}: {unknown_name('receptor', site.receptor, tuple(receptors))}"
    cell = cells.get(site.target)
    if cell is None:
        yield f"{place}: {unknown_name('cell', site.target, tuple(cells))}"
        return
    sections = {section.name: section for section in cell.sections}
    section = sections.get(site.section)
    if section is None:
        yield f"{place}: {unknown_name(f'section of {cell.name}', site.section, tuple(sections))}"
    elif receptor is not None and receptor.calcium_share > 0 and section.calcium is None:
        yield f"{place}: {receptor.calcium_share:g} of the current is calcium, and the {section.name} of {cell.name} has no calcium pool; add a pool, or use a receptor with calcium_share = 0."


def _delay_faults(place: str, delay_ms: float, step_ms: float) -> Iterator[str]:
    """Say what is wrong with the delay between two cells."""
    steps = delay_ms / step_ms
    nearest = max(1, round(steps))
    if abs(steps - nearest) > _GRID_TOLERANCE:
        yield f"{place}: delay_ms = {delay_ms!r} ms: between cells it must be a whole number of steps of {step_ms!r} ms, at least one; use {nearest * step_ms:.10g} ms."
