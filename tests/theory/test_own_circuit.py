"""A circuit of a user's own, from a file, runs exactly as the plain reference implementation runs it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit, read_circuit
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import Channel
from scsim.circuit.networks.run_network import VoltageRecording, simulate_network
from scsim.circuit.networks.wiring import Connection
from tests.reference.network import simulate

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own_circuit.toml"
DURATION_MS = 18.0
VOLTAGE_MV = 1e-3
"""Tolerance of the reference data for voltages of cells of the excitatory and projection types, mV."""


def example() -> SpikingCircuit:
    circuit = read_circuit(EXAMPLE)
    assert isinstance(circuit, SpikingCircuit)
    return circuit


def one_soma_with_everything() -> SpikingCircuit:
    """Give a cell of one section with every kind of channel and a synapse of every kind at its ends."""
    published = load_circuit("zhang2014")
    projection = published.cells[-1]
    (soma,) = (section for section in projection.sections if section.name == "soma")
    channels = (
        Channel("hh2_na", 0.1, 50.0),
        Channel("hh2_k", 0.03, -77.0),
        Channel("na_b", 0.05, 60.0),
        Channel("k_dri", 0.05, -84.0),
        Channel("k_a", 0.01, -77.0),
        Channel("na_p", 1e-4, 50.0),
        Channel("ca_l", 1e-4, None),
        Channel("k_ca", 1e-3, -77.0),
        Channel("can", 1e-5, 0.0),
    )
    weights = {"ampa": 2e-3, "nmda": 2e-3, "nk1_ex": 1e-6, "gaba_a": 1e-4, "glycine": 1e-4}
    return replace(
        published,
        cells=(replace(projection, name="x", sections=(replace(soma, channels=channels),)),),
        connections=tuple(
            Connection("c", "x", receptor, weight, section="soma", position=float(number % 2))
            for number, (receptor, weight) in enumerate(weights.items())
        ),
        projection="x",
    )


@pytest.mark.parametrize("circuit", [example(), one_soma_with_everything()], ids=lambda c: c.name)
def test_it_runs_as_the_plain_reference_does(circuit: SpikingCircuit) -> None:
    volleys_ms = np.arange(1.0, DURATION_MS, 8.0)
    trains = {
        fibers.name: tuple(volleys_ms + 0.3 * number for number in range(fibers.n_fibers))
        for fibers in circuit.fibers
    }
    cells = tuple(cell.name for cell in circuit.cells)
    response = simulate_network(
        [circuit],
        [FiberTrains(trains)],
        duration_ms=DURATION_MS,
        recording=VoltageRecording(cells, every_ms=circuit.step_ms),
    )
    plain = simulate(circuit, {name: list(times) for name, times in trains.items()}, DURATION_MS)
    for cell in cells:
        spikes = response.spike_times_ms[cell][0]
        assert spikes.size > 0
        np.testing.assert_allclose(spikes, plain.spike_times_ms[cell], atol=1e-9)
        np.testing.assert_allclose(
            response.voltage_mv[cell][0], plain.soma_mv[cell], rtol=0, atol=VOLTAGE_MV
        )
