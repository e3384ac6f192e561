"""What the spiking circuit is asked to do beside NEURON: one run, and sweeps with and without shared inputs.

How it is timed stands in ``circuit_against_neuron.py``; the table for people is made by ``circuit_report.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.protocols import natural_trains
from scsim.circuit.inputs.trains import merge_trains
from scsim.circuit.inputs.volleys import stimulation_trains, tonic_pulses_ms
from scsim.circuit.states import apply_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scsim.circuit.inputs.trains import FiberTrains
    from scsim.circuit.networks.network import SpikingCircuit

CIRCUIT: Final = "zhang2014"
PROTOCOL: Final = "ongoing"
DURATION_MS: Final = 2000.0
STIMULATION_FROM_MS: Final = 500.0

RATES_HZ: Final = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0, 200.0)
STATES: Final[tuple[Mapping[str, float], ...]] = (
    MappingProxyType({}),
    MappingProxyType({"disinhibited": 2 / 3}),
    MappingProxyType({"disinhibited": 1.0}),
    MappingProxyType({"chloride_shift": 2 / 3}),
)


@dataclass(frozen=True)
class CircuitRow:
    """One row of the table.

    Attributes
    ----------
    title : str
        What is run.
    rates_hz : tuple of float
        Stimulation rates, Hz.
    seeds : tuple of int
        Seeds of the natural input; each with each rate is one input.
    states : tuple of mapping of str to float
        Pain states with their doses; each with each input is one condition.
    lanes : str
        As in `scsim.circuit.networks.run_network.simulate_network`.
    """

    title: str
    rates_hz: tuple[float, ...]
    seeds: tuple[int, ...]
    states: tuple[Mapping[str, float], ...]
    lanes: str

    @property
    def n_conditions(self) -> int:
        """Count the conditions."""
        return len(self.rates_hz) * len(self.seeds) * len(self.states)

    def conditions(self) -> tuple[list[SpikingCircuit], list[FiberTrains]]:
        """Make circuit and trains of every condition, the states of one input side by side."""
        circuits = [apply_states(load_circuit(CIRCUIT), state) for state in self.states]
        inputs = [_input(rate_hz, seed) for rate_hz in self.rates_hz for seed in self.seeds]
        return circuits * len(inputs), [trains for trains in inputs for _ in circuits]


def _input(rate_hz: float, seed: int) -> FiberTrains:
    fibers = load_circuit(CIRCUIT).fibers
    natural = natural_trains(fibers, PROTOCOL, duration_ms=DURATION_MS, seed=seed)
    if rate_hz == 0.0:
        return natural
    pulses_ms = tonic_pulses_ms(rate_hz, from_ms=STIMULATION_FROM_MS, to_ms=DURATION_MS)
    driven = stimulation_trains(
        fibers, pulses_ms, n_local=15, n_surround=15, duration_ms=DURATION_MS
    )
    return merge_trains(natural, driven)


ROWS: Final[Mapping[str, CircuitRow]] = MappingProxyType(
    {
        "one": CircuitRow("one run, 50 Hz", (50.0,), (1,), STATES[:1], "auto"),
        "states": CircuitRow(
            "sweep, 4 states per input", RATES_HZ, tuple(range(4)), STATES, "wide"
        ),
        "inputs": CircuitRow(
            "sweep, one state per input", RATES_HZ, tuple(range(16)), STATES[:1], "wide"
        ),
    }
)
