"""The solver: what may be chosen, and what a model does not have."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.fibers import Fiber
from scsim.fibers.assemble import lanes_of
from scsim.fibers.solver import SCHEMES, Solver
from scsim.kernels.layouts import LANES, LANES_SINGLE
from scsim.response import simulate


def test_default_is_the_scheme_of_the_reference_in_full() -> None:
    assert Solver() == Solver("neuron", 5.0, 20, "float64")
    assert set(SCHEMES) == {"neuron", "second_order"}


def test_steps_of_the_linear_solve() -> None:
    assert Solver(dt_us=5.0).dt_ms == pytest.approx(0.005)
    assert Solver(dt_us=5.0).solve_ms == pytest.approx(0.005)
    assert Solver("second_order", dt_us=5.0).solve_ms == pytest.approx(0.0025)


def test_numbers_of_half_the_length_ride_in_twice_as_many_lanes() -> None:
    assert lanes_of(Solver()) == LANES
    assert lanes_of(Solver(precision="float32")) == LANES_SINGLE == 2 * LANES


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheme": "euler"}, ["scheme = 'euler'", "neuron, second_order"]),
        ({"dt_us": 0.0}, ["dt_us = 0 µs", "positive and finite", "5 is usual"]),
        ({"dt_us": -5.0}, ["dt_us = -5 µs"]),
        ({"dt_us": np.nan}, ["dt_us = nan µs"]),
        ({"dt_us": np.inf}, ["dt_us = inf µs"]),
        ({"modes": 16}, ["modes = 16", "an internode has 20", "take all or 12"]),
        ({"precision": "float16"}, ["precision = 'float16'", "'float64' or 'float32'"]),
        ({"layout": "apart"}, ["layout = 'apart'", "'lanes' or 'alone'"]),
        (
            {"layout": "alone", "precision": "float32"},
            ["precision = 'float32' with layout = 'alone'", "tables hold float64"],
        ),
        ({"scheme": "x", "dt_us": 0.0, "modes": 3}, ["scheme = 'x'", "dt_us = 0", "modes = 3"]),
    ],
)
def test_settings_that_do_not_exist_are_refused(changes: dict, words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        Solver(**changes)
    assert str(caught.value).startswith("solver: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modes": 12}, ["modes = 12: sundt has no internode", "leave 20"]),
        (
            {"precision": "float32"},
            ["'float32': sundt is computed in 'float64' only", "leave that"],
        ),
        ({"layout": "alone"}, ["'alone': sundt is computed in 'lanes' only", "leave that"]),
        ({"modes": 12, "precision": "float32"}, ["modes = 12", "'float32'"]),
    ],
)
def test_settings_that_a_model_does_not_have_are_refused(changes: dict, words: list[str]) -> None:
    solver = replace(Solver(), **changes)
    for refused in (
        lambda: solver.check_model("sundt"),
        lambda: simulate([Fiber("sundt", 1.0, n_nodes=11)], solver=solver),
    ):
        with pytest.raises(ModelError) as caught:
            refused()
        for word in words:
            assert word in str(caught.value)
    solver.check_model("mrg")
