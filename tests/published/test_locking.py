"""C-driven and pulse-locked rates of the published circuit where the truth is known from its wiring.

Surround fibers reach the projection neuron through an inhibitory cell alone (reference gate/models.md, 1.7): with
them alone no spike can answer a pulse. With local and surround fibers the intact circuit answers the pulses and
nothing else from 20 Hz up (models.md, 1.9).
"""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import scsim.validate
from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains, merge_trains
from scsim.circuit.inputs.volleys import stimulation_trains, tonic_pulses_ms
from scsim.circuit.networks.run_network import simulate_network
from scsim.circuit.readouts.locking import pulse_phases, split_rates, vector_strength
from scsim.circuit.states import apply_states

GATE = Path(scsim.validate.__file__).parent / "cases" / "gate"
CLASSES = {"Ab": "a_beta", "Ad": "a_delta", "C": "c"}
WINDOW = {"from_ms": 1500.0, "to_ms": 4500.0}

INTACT = load_circuit("zhang2014")
GABA_25 = apply_states(INTACT, {"disinhibited": 1.0})


@pytest.fixture(scope="module")
def natural() -> FiberTrains:
    trains: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (GATE / "sweep_inputs_seed0.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            trains[CLASSES[row["fibre_type"]]][int(row["fibre"])].append(float(row["t_ms"]))
    return FiberTrains(
        {
            name: tuple(np.array(fibers[number]) for number in sorted(fibers))
            for name, fibers in trains.items()
        }
    )


def run(circuit, natural, pulse_hz, n_local, n_surround):  # type: ignore[no-untyped-def]
    pulses = tonic_pulses_ms(pulse_hz, from_ms=500.0, to_ms=4500.0)
    volleys = stimulation_trains(
        circuit.fibers, pulses, n_local=n_local, n_surround=n_surround, duration_ms=4500.0
    )
    trains = merge_trains(natural, volleys)
    response = simulate_network([circuit], [trains], duration_ms=4500.0)
    return response.spike_times_ms["wdr"][0], pulses


@pytest.mark.parametrize("pulse_hz", [20.0, 50.0, 80.0])
def test_without_a_way_to_answer_nothing_is_locked(natural: FiberTrains, pulse_hz: float) -> None:
    """All n spikes are C-driven; two standard errors sqrt(n / share), share that of the time that is looked at."""
    spikes, pulses = run(GABA_25, natural, pulse_hz, 0, 15)
    split = split_rates(spikes, pulses, **WINDOW)
    n_spikes = 3 * split.total_rate_hz
    assert n_spikes > 30
    share = max(1 - 0.012 * pulse_hz, 0.28)
    assert 3 * split.pulse_locked_rate_hz <= 2 * np.sqrt(n_spikes / share)
    # The plain count takes the pulses themselves for an effect on it.
    assert split.late_rate_hz < 0.8 * split.total_rate_hz


@pytest.mark.parametrize("pulse_hz", [20.0, 60.0, 100.0])
def test_the_intact_gate_leaves_answers_alone(natural: FiberTrains, pulse_hz: float) -> None:
    spikes, pulses = run(INTACT, natural, pulse_hz, 15, 15)
    split = split_rates(spikes, pulses, **WINDOW)
    assert split.c_driven_rate_hz == 0
    assert split.pulse_locked_rate_hz == split.total_rate_hz >= 20


def test_unlocked_is_not_yet_driven_by_c_fibers(natural: FiberTrains) -> None:
    """A stated limit: local volleys at 200 Hz make the neuron fire without a phase, with or without C input."""
    spikes, pulses = run(INTACT, natural, 200.0, 15, 0)
    without_c = FiberTrains({name: natural.trains[name] for name in ("a_beta", "a_delta")})
    alone, _ = run(INTACT, without_c, 200.0, 15, 0)
    seen = spikes[spikes >= 1500]
    assert vector_strength(pulse_phases(seen, pulses)) < 0.3
    assert (alone >= 1500).sum() > 0.95 * seen.size
    free = split_rates(spikes, pulses, **WINDOW)
    rest, _ = run(INTACT, natural, 0.0, 0, 0)
    rest_hz = split_rates(rest, [], **WINDOW).total_rate_hz
    bounded = split_rates(spikes, pulses, **WINDOW, unstimulated_rate_hz=rest_hz)
    assert free.c_driven_rate_hz > 2 * rest_hz
    assert bounded.c_driven_rate_hz == rest_hz
