"""The exponential in lanes against the C library's."""

import numpy as np
import pytest

from scsim.kernels.elementary import exp, log


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


def test_logarithm_is_accurate_over_its_whole_range() -> None:
    x = np.concatenate(
        [
            10.0 ** np.linspace(-307.0, 308.0, 20001),
            np.linspace(0.5, 2.0, 20000),  # holds no 1
            1.0 + np.array([1e-15, -1e-15, 1e-8, -1e-8]),
            [np.finfo(np.float64).tiny, np.finfo(np.float64).max],
        ]
    )
    mine = np.array([log(value) for value in x])
    # First term left out: z^8 / 17 with z = (3 - 2 sqrt(2))^2 is 3.32e-14, the series of terms after it
    # 1.03 times as much; rounding of 10 operations 2e-15.
    assert np.max(np.abs(mine / np.log(x) - 1.0)) < 4e-14
    assert log(1.0) == 0.0


@pytest.mark.parametrize("x", [0.0, -0.0, -1.0, 1e-310, np.inf, -np.inf, np.nan])
def test_logarithm_of_what_is_no_positive_number_is_not_a_number(x: float) -> None:
    assert np.isnan(log(x))


def test_compiled_logarithm_equals_plain_python() -> None:
    for x in (1e-300, 1.17e-4, 0.7071, 0.999999, 1.5, 17094.0, 1e300):
        assert log(x) == pytest.approx(log.py_func(x), rel=2e-15)  # fused or not
