"""Order of convergence of both schemes in time, their common limit, and which of them is nearer to it.

More cases, and the figures, are in ``docs/accuracy.md``, which ``make accuracy`` writes with the same code.
"""

from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import extrapolate, measure_case
from benchmarks.accuracy_cases import SCHEME_CASES
from benchmarks.accuracy_report import FULL_ORDER, local_orders

CASES = {case.name: case for case in SCHEME_CASES}
MEASURED = ("short", "biphasic", "sine", "sweeney")
"""Cases that take a few seconds in all: one pulse, one with more edges, a carrier, a single cable."""


@pytest.fixture(scope="module", params=MEASURED)
def measured(request: pytest.FixtureRequest) -> dict[str, Any]:
    return measure_case(CASES[request.param])


@pytest.mark.parametrize("quantity", ["threshold", "latency"])
def test_both_schemes_have_one_limit(measured: dict[str, Any], quantity: str) -> None:
    """They share nothing but the equations, so a common limit is that of the equations.

    Extrapolated values are off by the powers left out. At 0.16 µs these are below a thousandth of NEURON's
    error at 5 µs, which is 0.4 to 15 %.
    """
    found = measured[quantity]
    assert abs(found["limits_differ"]) < 1e-3 * abs(found["neuron"]["5"])


@pytest.mark.parametrize("quantity", ["threshold", "latency"])
def test_neurons_scheme_is_first_order(measured: dict[str, Any], quantity: str) -> None:
    """The order goes to 1; a scheme that is second order by accident would invalidate the comparison."""
    orders = list(local_orders(measured[quantity]["neuron"]).values())
    assert orders[-1] == pytest.approx(1.0, abs=0.1)


def test_latency_is_second_order(measured: dict[str, Any]) -> None:
    orders = local_orders(measured["latency"]["second_order"])
    assert min(order for step, order in orders.items() if float(step) <= 5.0) > FULL_ORDER


@pytest.mark.parametrize("measured", ["short", "biphasic", "sine"], indirect=True)
def test_thresholds_are_second_order(measured: dict[str, Any]) -> None:
    """With edges only at steps that resolve how a node follows one (2 µs), without at all steps.

    The error of the other case changes sign between 2.5 and 1.25 µs, where it follows no power.
    """
    orders = local_orders(measured["threshold"]["second_order"])
    has_edges = measured["title"] != CASES["sine"].title
    resolved = [order for step, order in orders.items() if not has_edges or float(step) < 2.0]
    assert resolved
    assert min(resolved) > FULL_ORDER


@pytest.mark.parametrize("quantity", ["threshold", "latency"])
def test_second_order_at_ten_beats_neuron_at_five(measured: dict[str, Any], quantity: str) -> None:
    found = measured[quantity]
    assert abs(found["second_order"]["10"]) < abs(found["neuron"]["5"])


def test_extrapolation_is_exact_for_the_powers_it_removes() -> None:
    steps = 0.5 ** np.arange(3)
    assert extrapolate([float(2.0 + 3.0 * h - h**2) for h in steps], 1) == pytest.approx(2.0)
    assert extrapolate([float(2.0 + 3.0 * h**2) for h in steps[:2]], 2) == pytest.approx(2.0)
