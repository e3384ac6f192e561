import math
from typing import Any

import pytest

from scsim.circuit.networks.wiring import Connection, FiberClass, Receptor, SteadyConductance
from scsim.errors import ModelError


def fibers(**changes: Any) -> FiberClass:
    values = {"name": "c", "title": "C fibers", "n_fibers": 30, "kind": "c", "field": "local"}
    return FiberClass(**(values | changes))


def receptor(**changes: Any) -> Receptor:
    values = {"name": "ampa", "family": "ampa", "rise_ms": 0.1, "decay_ms": 5.0, "reversal_mv": 0.0}
    return Receptor(**(values | changes))


def connection(**changes: Any) -> Connection:
    values = {"source": "c", "target": "ex", "receptor": "ampa", "weight_microsiemens": 0.008}
    return Connection(**(values | changes))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "a beta", r"the name 'a beta' of a fiber class: .*; rename it"),
        (
            "n_fibers",
            0,
            r"fibers c: n_fibers = 0: it must be a whole number of at least 1; write one",
        ),
        ("n_fibers", True, r"fibers c: n_fibers = True: it must be a whole number"),
        ("kind", "b", r"fibers c: kind = 'b': it must be one of a_beta, a_delta, c; choose one"),
        ("field", "far", r"fibers c: field = 'far': it must be one of local, surround; choose one"),
    ],
)
def test_wrong_fibers_are_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        fibers(**{key: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "nk1-ex"}, r"the name 'nk1-ex' of a receptor: .*; rename it"),
        (
            {"family": "kainate"},
            r"receptor ampa: family = 'kainate': .* one of ampa, nmda, nk1, gaba_a",
        ),
        ({"rise_ms": 0.0}, r"receptor ampa: rise_ms = 0\.0 ms: it must be above 0 ms; correct it"),
        ({"decay_ms": math.inf}, r"receptor ampa: decay_ms = inf ms: it must be a finite number"),
        (
            {"rise_ms": 5.0, "decay_ms": 5.0},
            r"rise_ms = 5\.0 ms and decay_ms = 5\.0 ms: the rise must be shorter.*; exchange or correct",
        ),
        (
            {"reversal_mv": math.nan},
            r"receptor ampa: reversal_mv = nan mV: it must be a finite number",
        ),
        ({"magnesium_mm": -1.0}, r"receptor ampa: magnesium = -1\.0 mM: it must be at least 0 mM"),
        (
            {"calcium_share": 1.2},
            r"calcium_share = 1\.2: it must be at least 0 and at most 1; correct it",
        ),
    ],
)
def test_wrong_receptors_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        receptor(**changes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "weight_microsiemens",
            -1e-3,
            r"c → ex \(ampa\): weight_microsiemens = -0\.001 µS: .* at least 0 µS",
        ),
        (
            "n_synapses",
            0,
            r"c → ex \(ampa\): n_synapses = 0: it must be a whole number of at least 1",
        ),
        (
            "delay_ms",
            -1.0,
            r"c → ex \(ampa\): delay_ms = -1\.0 ms: it must be at least 0 ms; correct it",
        ),
        (
            "recovery_ms",
            math.nan,
            r"c → ex \(ampa\): recovery_ms = nan ms: .* finite number; write one",
        ),
        ("position", 1.5, r"c → ex \(ampa\): position = 1\.5: it must be at least 0 and at most 1"),
    ],
)
def test_wrong_connections_are_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        connection(**{key: value})


@pytest.mark.parametrize(
    ("conductance", "position", "message"),
    [
        (
            -1.0,
            0.5,
            r"on wdr \(glycine\): conductance_microsiemens = -1\.0 µS: .* at least 0 µS; correct it",
        ),
        (1e-3, -0.1, r"on wdr \(glycine\): position = -0\.1: it must be at least 0 and at most 1"),
    ],
)
def test_wrong_steady_conductances_are_refused(
    conductance: float, position: float, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        SteadyConductance("wdr", "glycine", conductance, position=position)


def test_the_ends_of_every_range_are_allowed() -> None:
    assert connection(weight_microsiemens=0.0, position=0.0).delay_ms == 0.0
    assert connection(position=1.0, n_synapses=1).recovery_ms == 0.0
    assert receptor(calcium_share=1.0, magnesium_mm=0.0).calcium_share == 1.0
    assert SteadyConductance("wdr", "glycine", 0.0).position == 0.5
