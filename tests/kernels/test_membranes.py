"""Gates of the MRG node against the published formulas, clamps and removable singularities included."""

import numpy as np
import pytest

from scsim.kernels import membranes
from tests.reference import double_cable as plain

GATES = {
    "p": (membranes.mrg_p, plain.F1),
    "m": (membranes.mrg_m, plain.F1),
    "h": (membranes.mrg_h, plain.F2),
    "s": (membranes.mrg_s, plain.F3),
}
SINGULAR = (-27.0, -34.0, -21.4, -25.7, -114.0)


@pytest.mark.parametrize("name", GATES)
def test_gate_step_equals_the_published_formula(name: str) -> None:
    advance, factor = GATES[name]
    grid = np.concatenate([np.linspace(-400.0, 400.0, 1601), SINGULAR, np.add(SINGULAR, 1e-4)])
    for v in grid:
        a, b = plain.rates(float(v))[name]
        for dt in (0.001, 0.005, 5.0):
            expected = a / (a + b) + (0.3 - a / (a + b)) * np.exp(-dt * (a + b))
            # Rounding of 20 operations and the exponential's 3e-13.
            assert advance(0.3, float(v), dt, factor) == pytest.approx(
                expected, rel=3e-12, abs=1e-300
            )


@pytest.mark.parametrize("name", GATES)
def test_gate_stays_between_0_and_1_for_absurd_voltages(name: str) -> None:
    advance, factor = GATES[name]
    for v in (-1e9, -1e4, 1e4, 1e9):
        assert 0.0 <= advance(0.5, v, 0.005, factor) <= 1.0


def test_not_a_number_is_not_hidden() -> None:
    assert np.isnan(membranes.mrg_m(0.5, np.nan, 0.005, plain.F1))
