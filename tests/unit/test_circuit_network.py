from dataclasses import replace
from typing import Any

import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.networks.network import SpikingCircuit, connection_place
from scsim.circuit.networks.neurons import CalciumPool
from scsim.circuit.networks.wiring import Connection, SteadyConductance
from scsim.errors import ModelError

CIRCUIT = load_circuit("zhang2014")
WDR = CIRCUIT.cells[-1]


def with_connection(**changes: Any) -> SpikingCircuit:
    values: dict[str, Any] = {
        "source": "sg",
        "target": "wdr",
        "receptor": "gaba_a",
        "weight_microsiemens": 1e-3,
        "delay_ms": 1.0,
        "position": 0.25,
    }
    return replace(CIRCUIT, connections=(*CIRCUIT.connections, Connection(**(values | changes))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"source": "a_gamma"},
            r"a_gamma → wdr .*: there is no fiber class or cell 'a_gamma'; known are a_beta",
        ),
        (
            {"target": "wd"},
            r"sg → wd .*: there is no cell 'wd'; known are .*: did you mean 'wdr'\?",
        ),
        (
            {"receptor": "gaba"},
            r"sg → wdr \(gaba,.*: there is no receptor 'gaba'; .*: did you mean 'gaba_a'\?",
        ),
        (
            {"section": "spine"},
            r"there is no section of wdr 'spine'; known are dendrite, soma, hillock, axon",
        ),
        (
            {"delay_ms": 0.0},
            r"delay_ms = 0\.0 ms: .* whole number of steps of 0\.0125 ms, .*; use 0\.0125 ms",
        ),
        ({"delay_ms": 1.004}, r"delay_ms = 1\.004 ms: .* whole number of steps .*; use 1 ms"),
        (
            {"position": 0.5},
            r"connection 'sg → wdr \(gaba_a, dendrite 0\.5\)' stands 2 times: .*remove the others",
        ),
        (
            {"receptor": "nmda", "section": "axon"},
            r"0\.1 of the current is calcium, and the axon of wdr has no calcium pool; add a pool, or use",
        ),
    ],
)
def test_wrong_wiring_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        with_connection(**changes)


def test_sound_wiring_is_taken() -> None:
    assert len(with_connection().connections) == len(CIRCUIT.connections) + 1
    assert with_connection(delay_ms=0.0125).connections[-1].delay_ms == 0.0125
    fiber = with_connection(source="c", receptor="ampa", delay_ms=0.3333)  # fibers need no grid
    assert connection_place(fiber.connections[-1]) == "c → wdr (ampa, dendrite 0.25)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"projection": "nk1"},
            r"projection of zhang2014: there is no cell 'nk1'; known are sg, z2, ex, wdr",
        ),
        ({"step_ms": 0.0}, r"zhang2014: step_ms = 0\.0 ms: it must be above 0 ms; correct it"),
        (
            {"temperature_c": 20.0},
            r"temperature_c = 20\.0 °C: the channels are scaled to 36 °C.*; write 36",
        ),
        (
            {"cells": (*CIRCUIT.cells, WDR)},
            r"name of a fiber class or cell 'wdr' stands 2 times: .*rename or",
        ),
        ({"fibers": CIRCUIT.fibers * 2}, r"name of a fiber class or cell 'c' stands 2 times"),
        (
            {"receptors": CIRCUIT.receptors * 2},
            r"receptor 'glycine' stands 2 times: .*needs a name of its own",
        ),
        (
            {"steady": (SteadyConductance("brain", "glycin", 1e-3),)},
            r"steady conductance on brain \(glycin\): there is no receptor 'glycin'.*did you mean 'glycine'\?",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replace(CIRCUIT, **changes)


def test_a_circuit_needs_a_cell() -> None:
    with pytest.raises(
        ModelError, match=r"circuit 'zhang2014' has no cell: there is nothing to run; add one"
    ):
        replace(CIRCUIT, cells=(), connections=(), projection="wdr")


def test_a_pool_faster_than_the_step_is_refused() -> None:
    fast = CalciumPool(decay_ms=0.01, depth_um=0.1, rest_mm=5e-5)
    dendrite = replace(WDR.sections[0], calcium=fast)
    cell = replace(WDR, sections=(dendrite, *WDR.sections[1:]))
    with pytest.raises(
        ModelError,
        match=r"wdr, dendrite: decay_ms = 0\.01 ms .* shorter than the step of 0\.0125 ms.*; lengthen it, or shorten",
    ):
        replace(CIRCUIT, cells=(*CIRCUIT.cells[:-1], cell))


def test_every_fault_is_told_at_once() -> None:
    wrong = [
        Connection("nowhere", "wdr", "ampa", 1e-3),
        Connection("sg", "nobody", "ampa", 1e-3, delay_ms=1.0),
        Connection("sg", "wdr", "nothing", 1e-3, delay_ms=0.005),
    ]
    with pytest.raises(ModelError) as caught:
        replace(CIRCUIT, connections=(*CIRCUIT.connections, *wrong), projection="no")
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    for part in ("'no'", "'nowhere'", "'nobody'", "'nothing'", "0.005 ms"):
        assert sum(part in line for line in lines) == 1


def test_a_cell_can_be_taken_out_alone() -> None:
    alone = replace(CIRCUIT, cells=(WDR,), connections=(), projection="wdr")
    assert [cell.name for cell in alone.cells] == ["wdr"]
