"""What may be recorded: names, units, places, times, memory, and the advice of refusals."""

import pickle
from typing import Any

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.response import simulate
from scsim.response.quantities import plan_recording, recordable, recording_bytes, unit_of

MRG = Fiber("mrg", 10.0, n_nodes=9)
SUNDT = Fiber("sundt", 1.0, n_nodes=9)


def test_names_are_those_of_the_field() -> None:
    assert recordable(MRG) == (
        "v_m", "m", "h", "p", "s", "i_naf", "i_nap", "i_ks", "i_leak", "i_ion", "v_periaxonal",
    )  # fmt: skip
    assert recordable(SUNDT) == ("v_m", "m", "h", "n", "l", "i_ion")
    thio = recordable(Fiber("thio_cutaneous", 1.0, n_nodes=9))
    assert {"nav18_m", "km_n", "kv14_s", "nav17_h", "sk_n", "nai", "cai", "occupancy"} < set(thio)
    # 20 gates of a table, 7 others, 6 concentrations and the buffer, voltage and current: nothing internal.
    assert len(thio) == len(set(thio)) == 20 + 7 + 7 + 2


@pytest.mark.parametrize(
    ("name", "unit"),
    [("v_m", "mV"), ("v_periaxonal", "mV"), ("i_ion", "nA"), ("i_ks", "nA"), ("cai", "mM"),
     ("m", "1"), ("occupancy", "1")],
)  # fmt: skip
def test_units(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_response_says_what_it_holds() -> None:
    response = simulate(
        [MRG, MRG], record=("m", "v_periaxonal", "m"), record_compartments=(3, 44), window_ms=0.1
    )
    assert list(response.recorded) == ["v_m", "m"]
    assert list(response.at_compartments) == ["v_m", "v_periaxonal"]
    assert response.units == {"v_m": "mV", "m": "1", "v_periaxonal": "mV"}
    assert [c.tolist() for c in response.compartments] == [[3, 44]] * 2
    assert response.recorded["m"][1].shape == (7, 21)
    assert response.at_compartments["v_periaxonal"][0].shape == (2, 21)
    # 2 fibers, 21 samples: 7 nodes twice, 2 compartments twice.
    assert response.recorded_bytes == 2 * 21 * (2 * 7 + 2 * 2) * 8
    text = str(response)
    for words in ("0.00605 MB", "at nodes: v_m (mV), m (1)", "at compartments: v_m (mV), v_per"):
        assert words in text
    assert "spikes" not in text
    assert np.array_equal(pickle.loads(pickle.dumps(response)).time_ms, response.time_ms)


def test_one_name_may_stand_alone_and_v_m_is_always_there() -> None:
    response = simulate([SUNDT], record="n", window_ms=0.05, record_compartments=(0, 8))
    assert list(response.recorded) == ["v_m", "n"]
    # Passive ends of a fiber without myelin are followed; both settle near -60 mV.
    assert response.at_compartments["v_m"][0] == pytest.approx(np.full((2, 11), -60.0), abs=1.0)
    plain = simulate([SUNDT], window_ms=0.05)
    assert list(plain.recorded) == ["v_m"]
    assert plain.at_compartments == {}


REFUSED: list[tuple[Fiber, dict[str, Any], list[str]]] = [
    (MRG, {"record": ("m", "n", "cai")}, ["record = n, cai", "mrg", "i_naf", "choose from v_m, m"]),
    (SUNDT, {"record": ("v_periaxonal",)}, ["v_periaxonal", "sundt", "v_m, m, h, n, l, i_ion"]),
    (SUNDT, {"record": "i_naf"}, ["record = i_naf", "sundt"]),
    (MRG, {"record": ("v_periaxonal",)}, ["v_periaxonal", "between nodes", "record_compartments"]),
    (MRG, {"record_nodes": (0,)}, ["node 0", "be recorded", "1 to 7"]),
    (MRG, {"record_compartments": (0,)}, ["compartment 0", "9 nodes", "1 to 87", "at rest"]),
    (MRG, {"record_compartments": (88,)}, ["compartment 88", "1 to 87", "choose among them"]),
    (MRG, {"record_compartments": (5.5,)}, ["compartment 5.5", "1 to 87"]),
    (SUNDT, {"record_compartments": (9,)}, ["compartment 9", "0 to 8"]),
    (
        MRG,
        {"record_compartments": (11, 13), "solver": Solver(modes=12)},
        ["compartment 13", "modes = 12", "Solver(modes=20, precision='float64')", "nodes only"],
    ),
    (
        MRG,
        {"record_compartments": (13,), "solver": Solver(precision="float32")},
        ["compartment 13", "precision = 'float32'", "Solver(modes=20, precision='float64')"],
    ),
    (MRG, {"every": 0}, ["every = 0", "give 1 for every step"]),
    (MRG, {"record_from_ms": 0.3}, ["record_from_ms = 0.3 ms until the end", "0 to 0.2 ms"]),
    (MRG, {"record_from_ms": -0.1}, ["record_from_ms = -0.1 ms", "longer stretch"]),
    (MRG, {"record_from_ms": float("nan")}, ["record_from_ms = nan ms", "smaller every"]),
    (MRG, {"record_until_ms": float("nan")}, ["until nan ms", "0 to 0.2 ms"]),
    (
        MRG,
        {"record_from_ms": 0.06, "record_until_ms": 0.09, "every": 10},
        ["record_from_ms = 0.06 ms until 0.09 ms", "every 0.05 ms", "smaller every"],
    ),
]


@pytest.mark.parametrize(("fiber", "options", "words"), REFUSED)
def test_what_cannot_be_recorded_is_refused(
    fiber: Fiber, options: dict[str, Any], words: list[str]
) -> None:
    for function in (simulate, recording_bytes):
        with pytest.raises(ModelError) as error:
            function([fiber], window_ms=0.2, **options)
        for word in words:
            assert word in str(error.value)


def test_nodes_are_recorded_with_any_modes() -> None:
    response = simulate(
        [MRG], record_compartments=(11,), window_ms=0.02, solver=Solver(modes=12, dt_us=5.0)
    )
    assert np.array_equal(response.at_compartments["v_m"][0], response.v_m_mv[0][:1])


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "every", "samples"),
    [
        (0.0, None, 1, range(41)), (0.0, None, 7, range(0, 41, 7)), (0.05, 0.1, 1, range(10, 21)),
        (0.051, 0.099, 1, range(11, 20)), (0.2, None, 1, [40]), (0.0, 0.0, 1, [0]),
        (0.0, float("inf"), 20, [0, 20, 40]), (0.03, 0.15, 10, [10, 20, 30]),
    ],
)  # fmt: skip
def test_times_are_those_asked_for(
    from_ms: float, until_ms: float | None, every: int, samples: Any
) -> None:
    response = simulate(
        [SUNDT], record_from_ms=from_ms, record_until_ms=until_ms, every=every, window_ms=0.2
    )
    assert response.time_ms == pytest.approx(0.005 * np.array(list(samples)), abs=1e-12)
    assert response.v_m_mv[0].shape == (7, len(samples))


def test_memory_is_known_before_it_is_used() -> None:
    options: dict[str, Any] = {
        "record": ("m", "i_naf", "v_periaxonal"), "record_compartments": (12, 13, 22),
        "every": 4, "window_ms": 0.4, "solver": Solver(scheme="second_order"),
    }  # fmt: skip
    fibers = [MRG] * 20
    response = simulate(fibers, **options)
    # Kept: of 20 fibers 21 samples of 3 quantities at 7 nodes and 2 at 3 compartments. Meanwhile, of 16 fibers
    # at once, 81 steps of u, m and h at 7 nodes, of u at one node and of 20 modes of one internode.
    kept = 20 * 21 * (3 * 7 + 2 * 3) * 8
    assert response.recorded_bytes == kept
    assert recording_bytes(fibers, **options) == kept + 16 * 81 * (3 * 7 + 1 + 20) * 8
    # Fewer steps where no gates are to be averaged; half the width in float32, whose lanes are 32.
    plain = {**options, "solver": Solver()}
    assert recording_bytes(fibers, **plain) == kept + 16 * 21 * (3 * 7 + 1 + 20) * 8
    single = recording_bytes(
        fibers, record=("m",), window_ms=0.4, every=4, solver=Solver(precision="float32")
    )
    assert single == 20 * 21 * 2 * 7 * 8 + 20 * 21 * 2 * 7 * 4


def test_what_the_kernels_are_asked_for_is_what_was_counted() -> None:
    plan = plan_recording(
        [MRG, SUNDT], record=("m", "i_ion"), record_nodes=(2, 3), record_compartments=(1, 3),
        every=1, record_from_ms=0.0, record_until_ms=None, solver=Solver(), window_ms=0.1,
    )  # fmt: skip
    # u, m, conductance and drive at two nodes; then 20 modes of one internode, or u of two compartments.
    assert [plan.n_columns(i) for i in (0, 1)] == [4 * 2 + 20, 4 * 2 + 2]


def test_too_much_is_refused_with_its_size() -> None:
    with pytest.raises(ModelError) as error:
        simulate([MRG] * 16, record=("i_ion",), window_ms=1000.0, memory_gb=0.5)
    # 16 fibers, 7 nodes, 200001 samples: two quantities kept; u, conductance and drive meanwhile.
    for words in ("would take 0.358 GB", "0.538 GB more", "memory_gb = 0.5 GB", "record_from_ms"):
        assert words in str(error.value)


def test_nothing_to_record_takes_nothing() -> None:
    assert recording_bytes([], window_ms=1.0) == 0
    assert recording_bytes([MRG], record_nodes=(), window_ms=1.0) == 0
