"""Running spiking circuits: order, sharing, recordings, and what is refused."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.networks import run_network
from scsim.circuit.networks.run_network import (
    CurrentStep,
    VoltageRecording,
    simulate_network,
    steps_of,
)
from scsim.errors import ModelError

CIRCUIT = load_circuit("zhang2014")
SILENT = FiberTrains({})


def test_an_event_is_taken_up_by_the_step_that_begins_at_most_half_a_step_before_it() -> None:
    times = np.array([0.0, 0.006, 0.0065, 0.0125, 0.0187, 0.0188, 1.0, 1e30, np.inf])
    assert steps_of(times, 0.0125).tolist() == [0, 0, 1, 1, 1, 2, 80, 2**62, 2**62]


def test_cells_run_after_those_they_hear_from() -> None:
    assert run_network._levels([CIRCUIT]) == [[("sg",), ("z2",)], [("ex",)], [("wdr",)]]
    back = next(c for c in CIRCUIT.connections if c.source == "ex" and c.target == "wdr")
    loop = replace(back, source="wdr", target="ex")
    circuit = replace(CIRCUIT, connections=(*CIRCUIT.connections, loop))
    assert run_network._levels([CIRCUIT, circuit]) == [[("sg",), ("z2",)], [("ex", "wdr")]]


def test_equal_runs_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    run_jobs = run_network._run_jobs

    def count(jobs: list[Any], *rest: Any) -> None:
        counts.append(len(jobs))
        run_jobs(jobs, *rest)

    monkeypatch.setattr(run_network, "_run_jobs", count)
    connections = tuple(
        replace(c, weight_microsiemens=0.5 * c.weight_microsiemens) if c.receptor == "gaba_a" else c
        for c in CIRCUIT.connections
    )
    weak = replace(CIRCUIT, connections=connections)
    local = [FiberTrains({"a_beta": (np.array([1.0 + k]),) * 15}) for k in range(2)]
    simulate_network(
        [CIRCUIT, CIRCUIT, weak, weak], [*local, *local], duration_ms=12.0, lanes="wide"
    )
    # Two distinct SG and one silent Z2; EX and WDR for each of the four, as SG spikes within 12 ms.
    assert counts == [3, 4, 4]


def test_recording_keeps_the_asked_samples() -> None:
    recording = VoltageRecording(("sg", "wdr"), every_ms=0.1, from_ms=1.0, to_ms=2.0)
    response = simulate_network([CIRCUIT], [SILENT], duration_ms=2.0, recording=recording)
    assert response.time_ms is not None
    np.testing.assert_allclose(response.time_ms, np.linspace(1.0, 2.0, 11), rtol=0, atol=1e-12)
    assert set(response.voltage_mv) == {"sg", "wdr"}
    assert response.voltage_mv["sg"].shape == (1, 11)
    every = simulate_network(
        [CIRCUIT], [SILENT], duration_ms=2.0, recording=VoltageRecording(("sg",), 0.0125)
    )
    assert every.voltage_mv["sg"].shape == (1, 161)
    assert every.voltage_mv["sg"][0, 0] == -65.0
    assert np.array_equal(every.voltage_mv["sg"][0, 80::8], response.voltage_mv["sg"][0])


def test_a_current_may_flow_to_the_end() -> None:
    endless, whole = (
        simulate_network(
            [CIRCUIT],
            [SILENT],
            duration_ms=2.0,
            currents=[(CurrentStep("wdr", 0.5, to_ms, 0.05),)],
            recording=VoltageRecording(("wdr",), 0.1),
        ).voltage_mv["wdr"]
        for to_ms in (np.inf, 2.0)
    )
    assert endless[0, -1] > endless[0, 5] + 1.0
    assert np.array_equal(endless, whole)


def test_rest_without_input() -> None:
    response = simulate_network(
        [CIRCUIT],
        [SILENT],
        duration_ms=1000.0,
        recording=VoltageRecording(("sg", "ex", "wdr"), 1000.0, 1000.0),
    )
    # Rest after 1 s in the published program: models.md 1.9 of the reference data.
    rest = {"sg": -69.259, "ex": -65.000, "wdr": -64.747}
    for name, value in rest.items():
        assert response.voltage_mv[name][0, 0] == pytest.approx(value, abs=6e-4)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"trains": []}, r"1 circuits, 0 trains: .* equal length"),
    ({"currents": [(), ()]}, r"1 circuits, 1 trains, 2 lists of currents"),
    ({"duration_ms": 0.0}, r"duration_ms = 0 ms: .* give a positive number"),
    ({"duration_ms": float("nan")}, r"duration_ms = nan ms"),
    ({"scheme": "third"}, r"scheme = 'third': known is 'published'"),
    ({"lanes": "all"}, r"lanes = 'all': known are 'auto' and 'wide'"),
    ({"duration_ms": 0.005}, r"duration_ms = 0.005 ms: .* at least one time step, 0.0125 ms"),
    ({"trains": [FiberTrains({"d": ([1.0],)})]}, r"no fiber class 'd' in this circuit"),
    ({"trains": [FiberTrains({"c": ([1.0],)})]}, r"c.*30"),
    ({"currents": [(CurrentStep("x", 0, 1, 1),)]}, r"no cell 'x'; the circuit has sg, z2, ex, wdr"),
    ({"currents": [(CurrentStep("sg", 2, 1, 1),)]}, r"1 nA from 2 to 1 ms: .* correct it"),
    ({"recording": VoltageRecording(("x",), 0.1)}, r"recording of cell 'x': .* Name some of these"),
    ({"recording": VoltageRecording("sg", 0.1)}, r"cells = 'sg': a tuple .* write \('sg',\)"),  # type: ignore[arg-type]
    (
        {"circuits": [load_circuit("crodelle2019")]},
        r"condition 0 is of the kind RateCircuit: .* simulate_rates",
    ),
    ({"circuits": ["zhang2014"]}, r"condition 0 is of the kind str: .* use load_circuit"),
    ({"recording": VoltageRecording(("sg",), 0.02)}, r"every_ms = 0.02 ms: .* take a multiple"),
    ({"recording": VoltageRecording(("sg",), 0.1, 0, 9)}, r"from 0 to 9 ms: .* run of 5 ms"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"circuits": [CIRCUIT], "trains": [SILENT], "duration_ms": 5.0, **options}
    circuits, trains = arguments.pop("circuits"), arguments.pop("trains")
    with pytest.raises(ModelError, match=message):
        simulate_network(circuits, trains, **arguments)


def test_conditions_that_do_not_match_are_refused() -> None:
    other = replace(
        CIRCUIT,
        cells=CIRCUIT.cells[:1],
        connections=(),
        projection="sg",
        mechanisms=(),
    )
    with pytest.raises(ModelError, match=r"condition 1 has the cells sg, condition 0 sg, z2"):
        simulate_network([CIRCUIT, other], [SILENT] * 2, duration_ms=1.0)
    coarse = replace(CIRCUIT, step_ms=0.025)
    with pytest.raises(ModelError, match=re.escape("step_ms = 0.025 ms, condition 0 0.0125 ms")):
        simulate_network([CIRCUIT, coarse], [SILENT] * 2, duration_ms=1.0)
