"""A spiking circuit in NEURON, built from scsim's own tables and stepped by NEURON's compiled loop alone.

Every fiber has its own synapse for each receptor of its connections, as in the published program; channels whose
conductance is zero there are left out. The channels are written in ``neuron_mechanisms/``. Needs the environment of
``make bench-peers``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from neuron import h

if TYPE_CHECKING:
    import numpy.typing as npt

    from scsim.circuit.inputs.trains import FiberTrains
    from scsim.circuit.networks.network import SpikingCircuit
    from scsim.circuit.networks.neurons import Cell, Channel, Section
    from scsim.circuit.networks.wiring import Connection, Receptor

MECHANISMS: Final = Path(__file__).resolve().parent / "neuron_mechanisms"
_LIBRARY: Final = Path("x86_64") / "libnrnmech.so"

_DENSITY: Final = {
    "na_b": ("scsim_na_b", "g_max"),
    "k_dri": ("scsim_k_dri", "g_max"),
    "hh2_na": ("scsim_hh2_na", "g_max"),
    "hh2_k": ("scsim_hh2_k", "g_max"),
    "na_p": ("scsim_na_p", "g_max"),
    "ca_l": ("scsim_ca_l", "p_max"),
    "k_ca": ("scsim_k_ca", "g_max"),
    "can": ("scsim_can", "g_max"),
}
"""Mechanism of each kind of channel, and what holds its density."""

_REVERSAL: Final = {"na_b": "ena", "hh2_na": "ena", "na_p": "ena"}
"""Reversal potential that a kind of channel shares with others of its ion; ``ek`` unless named."""

_OF_ITS_OWN: Final = frozenset({"ca_l", "can"})
"""Kinds whose reversal potential no other kind shares."""

_PARALLEL: Final = h.ParallelContext()
_LONGEST_EXCHANGE_MS: Final = 10.0


def load_mechanisms(folder: Path) -> None:
    """Compile the channels if they are not there yet, and load them.

    Parameters
    ----------
    folder : Path
        Where the compiled library lies or shall lie.
    """
    library = folder / _LIBRARY
    newest = max(path.stat().st_mtime for path in MECHANISMS.glob("*.mod"))
    if not library.is_file() or library.stat().st_mtime < newest:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [str(Path(sys.executable).parent / "nrnivmodl"), str(MECHANISMS)]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    h.nrn_load_dll(str(library))


class NeuronCircuit:
    """One circuit, the only one in its process while it lives.

    Parameters
    ----------
    circuit : SpikingCircuit
    trains : FiberTrains
    """

    def __init__(self, circuit: SpikingCircuit, trains: FiberTrains) -> None:
        self.circuit = circuit
        self.sections = {cell.name: _build(cell) for cell in circuit.cells}
        self._receptors = {one.name: one for one in circuit.receptors}
        self._synapses: list[Any] = []
        self._wires: list[Any] = []
        self._queue: list[tuple[Any, npt.NDArray[np.float64]]] = []
        for connection in circuit.connections:
            self._connect(connection, trains)
        self._spikes = {}
        for cell in circuit.cells:
            soma = self.sections[cell.name]["soma"]
            detector = h.NetCon(soma(0.5)._ref_v, None, sec=soma)
            detector.threshold = cell.spike_mv
            self._spikes[cell.name] = h.Vector()
            detector.record(self._spikes[cell.name])
            self._wires.append(detector)
        h.dt = circuit.step_ms
        h.celsius = circuit.temperature_c
        h.secondorder = 0
        h.CVode().active(False)
        _PARALLEL.set_maxstep(_LONGEST_EXCHANGE_MS)

    @property
    def n_compartments(self) -> int:
        """Compartments that NEURON steps."""
        return sum(section.nseg for section in h.allsec())

    @property
    def n_synapses(self) -> int:
        """Synapses that NEURON steps."""
        return len(self._synapses)

    def start(self) -> None:
        """Set every state for time 0 and hand all spikes of the fibers to NEURON."""
        h.finitialize(self.circuit.cells[0].initial_mv)
        for wire, times in self._queue:
            for time_ms in times:
                wire.event(float(time_ms))

    @staticmethod
    def loop(duration_ms: float) -> None:
        """Step from time 0 to the end in NEURON's compiled loop."""
        _PARALLEL.psolve(duration_ms)

    def spike_times_ms(self) -> dict[str, npt.NDArray[np.float64]]:
        """Give the spikes of each cell in the last run, ms."""
        return {name: np.array(vector) for name, vector in self._spikes.items()}

    def _connect(self, connection: Connection, trains: FiberTrains) -> None:
        """Make the synapses of a connection; those of fibers wait for their spikes."""
        section = self.sections[connection.target][connection.section]
        receptor = self._receptors[connection.receptor]
        fibers = {one.name: one for one in self.circuit.fibers}
        if connection.source in fibers:
            arrays = trains.trains.get(connection.source, ())
            for fiber in range(fibers[connection.source].n_fibers):
                wire = h.NetCon(None, self._synapse(section, connection, receptor))
                wire.weight[0] = connection.weight_microsiemens
                self._wires.append(wire)
                if fiber < len(arrays):
                    self._queue.append((wire, arrays[fiber]))
            return
        soma = self.sections[connection.source]["soma"]
        threshold_mv = next(
            one.spike_mv for one in self.circuit.cells if one.name == connection.source
        )
        for _ in range(connection.n_synapses):
            synapse = self._synapse(section, connection, receptor)
            wire = h.NetCon(soma(1.0)._ref_v, synapse, sec=soma)
            wire.threshold = threshold_mv
            wire.delay = connection.delay_ms
            wire.weight[0] = connection.weight_microsiemens
            self._wires.append(wire)

    def _synapse(self, section: Any, connection: Connection, receptor: Receptor) -> Any:
        """Make one synapse."""
        if receptor.magnesium_mm is not None:
            synapse = h.ScsimNmdaSynapse(section(connection.position))
            synapse.mg = receptor.magnesium_mm
        elif receptor.calcium_share > 0.0:
            synapse = h.ScsimCalciumSynapse(section(connection.position))
        else:
            synapse = h.ScsimSynapse(section(connection.position))
        if receptor.calcium_share > 0.0:
            synapse.calcium_share = receptor.calcium_share
        synapse.rise, synapse.decay = receptor.rise_ms, receptor.decay_ms
        synapse.e, synapse.recovery = receptor.reversal_mv, connection.recovery_ms
        self._synapses.append(synapse)
        return synapse


def _build(cell: Cell) -> dict[str, Any]:
    """Make the sections of a cell and join them in a line."""
    made = {one.name: _section(cell.name, one) for one in cell.sections}
    names = [one.name for one in cell.sections]
    soma = names.index("soma")
    for index, name in enumerate(names):
        if index < soma:
            parent = names[index + 1]
            made[name].connect(made[parent](0.0 if parent == "soma" else 1.0), 0.0)
        elif index > soma:
            made[name].connect(made[names[index - 1]](1.0), 0.0)
    return made


def _section(cell: str, one: Section) -> Any:
    """Make one section with its membrane."""
    section = h.Section(name=f"{cell}_{one.name}")
    section.L, section.nseg = one.length_um, one.n_compartments
    section.Ra, section.cm = one.axial_resistivity_ohm_cm, one.capacitance_uf_per_cm2
    for segment in section:
        segment.diam = one.diameter_um + (one.end_diameter_um - one.diameter_um) * segment.x
    if one.leak_s_per_cm2 > 0.0:
        section.insert("pas")
        for segment in section:
            segment.pas.g, segment.pas.e = one.leak_s_per_cm2, one.leak_mv
    for channel in one.channels:
        _insert(section, channel)
    if one.calcium is not None:
        section.insert("scsim_calcium")
        for segment in section:
            segment.scsim_calcium.depth = one.calcium.depth_um
            segment.scsim_calcium.tau = one.calcium.decay_ms
            segment.scsim_calcium.rest = one.calcium.rest_mm
    return section


def _insert(section: Any, channel: Channel) -> None:
    """Put one kind of channel into a section."""
    name, density = _DENSITY[channel.kind]
    section.insert(name)
    for segment in section:
        setattr(getattr(segment, name), density, channel.density)
        if channel.kind == "can":
            segment.scsim_can.e = channel.reversal_mv
    if channel.kind not in _OF_ITS_OWN:
        setattr(section, _REVERSAL.get(channel.kind, "ek"), channel.reversal_mv)
