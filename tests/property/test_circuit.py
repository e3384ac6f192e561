"""Invariants of circuit runs: a condition's bits depend on itself alone; rates stay in bounds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes, RateBox
from scsim.circuit.rates.run_rate import simulate_rates, steady_state
from scsim.circuit.states import apply_state

CIRCUIT = load_circuit("crodelle2019")
RATES = st.floats(0.0, 1000.0)
CONDITIONS = st.builds(
    lambda dose, f_a, f_c, onset: (
        apply_state(CIRCUIT, "disinhibited", dose),
        InputBoxes(f_a, 1.0, c=(RateBox(onset / 1000, np.inf, f_c),)),
    ),
    st.floats(0.0, 1.0),
    RATES,
    RATES,
    st.integers(0, 60),
)


@settings(max_examples=25)
@given(st.lists(CONDITIONS, min_size=1, max_size=40), st.integers(1, 17), st.randoms())
def test_bits_do_not_depend_on_company_or_order(conditions, batch, random) -> None:  # type: ignore[no-untyped-def]
    circuits, inputs = zip(*conditions, strict=True)
    together = simulate_rates(circuits, inputs, duration_s=0.05)
    order = list(range(len(conditions)))
    random.shuffle(order)
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        alone = simulate_rates(
            [circuits[i] for i in part], [inputs[i] for i in part], duration_s=0.05
        )
        assert np.array_equal(alone.projection_rate_hz, together.projection_rate_hz[part])
        assert np.array_equal(alone.mean_projection_rate_hz, together.mean_projection_rate_hz[part])


@settings(max_examples=25)
@given(st.lists(CONDITIONS, min_size=1, max_size=16))
def test_rates_stay_between_zero_and_their_maximum(conditions) -> None:  # type: ignore[no-untyped-def]
    circuits, inputs = zip(*conditions, strict=True)
    response = simulate_rates(circuits, inputs, duration_s=0.2)
    for values, largest in (
        (response.projection_rate_hz, 50.0),
        (response.excitatory_rate_hz, 60.0),
        (response.inhibitory_rate_hz, 81.0),
        (response.nmda_gain, 4.0),
    ):
        # The parabola through the forcing may leave its range by the error of a step.
        assert values.min() >= -1e-3
        assert values.max() <= largest + 1e-3
    assert (response.status == 0).all()


@settings(max_examples=50)
@given(RATES, RATES, st.floats(0.0, 100.0))
def test_more_c_input_never_lowers_the_resting_rate(f_a: float, f_c: float, more: float) -> None:
    steady = steady_state(CIRCUIT, f_a, np.array([f_c, f_c + more]))
    assert steady.projection_rate_hz[1] >= steady.projection_rate_hz[0] - 1e-9
