"""The exponential in lanes against the C library's."""

import numpy as np
import pytest

from scsim.kernels.elementary import exp


def test_exponential_is_accurate_over_its_whole_range() -> None:
    x = np.linspace(-100.0, 100.0, 40001)
    mine = np.array([exp(value) for value in x])
    # First term left out: sqrt(2) (ln 2 / 2)^11 / 11! = 3.1e-13; rounding of x adds |x| eps / 2 = 1.1e-14.
    assert np.max(np.abs(mine / np.exp(x) - 1.0)) < 3.3e-13


@pytest.mark.parametrize(
    ("x", "limit"), [(-1e6, -100.0), (1e6, 100.0), (-np.inf, -100.0), (np.inf, 100.0)]
)
def test_arguments_beyond_the_range_are_clamped(x: float, limit: float) -> None:
    assert exp(x) == pytest.approx(np.exp(limit), rel=3.3e-13)


def test_not_a_number_stays_not_a_number() -> None:
    assert np.isnan(exp(np.nan))


def test_compiled_equals_plain_python() -> None:
    for x in (-99.9, -1.0, -1e-9, 0.0, 0.3466, 2.5, 87.0):
        assert exp(x) == pytest.approx(exp.py_func(x), rel=2e-14)  # fused or not
