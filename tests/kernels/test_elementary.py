"""The exponential and the logarithm in lanes against the C library's."""

import math

import numpy as np
import pytest

from scsim.kernels.elementary import (
    EXP_DOUBLE,
    EXP_SINGLE,
    decay,
    decay_16,
    decay_double,
    decay_single,
    exp,
    exp_bounded,
    exp_bounded_double,
    exp_bounded_single,
    exp_double,
    exp_single,
    exp_small,
    log,
)
from scsim.kernels.jit import kernel

# exp(r) is 1 + r q(r) for |r| <= a = ln(2) / 2, with q of degree n - 1 through (exp(r) - 1) / r at n Chebyshev
# points. Interpolation is off by at most max|q^(n)| / n! a^n / 2^(n-1), and q^(n) is the integral of s^n exp(r s)
# over 0 to 1, so below sqrt(2) / (n + 1). That times r, over exp(r) >= 1 / sqrt(2), is the relative error:
# 1.6e-10 for degree 7 and 3.0e-7 for degree 5.
_HALF = 0.5 * math.log(2.0)


def interpolation_error(degree: int) -> float:
    quotient = math.sqrt(2.0) / (degree + 1) / math.factorial(degree) * _HALF**degree
    return math.sqrt(2.0) * _HALF * quotient / 2 ** (degree - 1)


def tolerance_double(x: np.ndarray) -> np.ndarray:
    """Interpolation, and rounding of the reduced argument and of ten operations."""
    return interpolation_error(7) + (np.abs(x) + 10.0) * np.finfo(np.float64).eps


def tolerance_single(x: np.ndarray) -> np.ndarray:
    """As above, whether or not products are fused with sums."""
    return interpolation_error(5) + (np.abs(x) + 5.0) * np.finfo(np.float32).eps


def test_bounds_are_those_that_the_kernels_state() -> None:
    assert interpolation_error(7) < 1.7e-10
    assert interpolation_error(5) < 3.1e-7


@pytest.mark.parametrize("function", [exp_double, exp_bounded_double, decay_double])
def test_exponential_is_accurate_over_its_whole_range(function) -> None:
    farthest = 700.0 if function is exp_bounded_double else 100.0
    x = np.linspace(0.0 if function is decay_double else -farthest, farthest, 40001)
    mine = np.array([function(value) for value in x])
    exact = np.exp(-x if function is decay_double else x)
    assert np.all(np.abs(mine / exact - 1.0) < tolerance_double(x))


@pytest.mark.parametrize("function", [exp_single, exp_bounded_single, decay_single])
def test_single_exponential_is_accurate_over_its_whole_range(function) -> None:
    x = np.linspace(0.0 if function is decay_single else -80.0, 80.0, 20001).astype(np.float32)
    mine = np.array([function(value) for value in x], dtype=np.float64)
    exact = np.exp((-x if function is decay_single else x).astype(np.float64))
    assert np.all(np.abs(mine / exact - 1.0) < tolerance_single(x))


def test_exponential_of_a_small_number() -> None:
    # As above with n = 7 and a = 0.175: q^(7) is below exp(a) / 8, and 1 / exp(r) below exp(a). Outside, what was the
    # bound of the node polynomial, 1, is the Chebyshev polynomial: T_7(1.6) = 761 at 0.28.
    bound = 0.175**8 * math.exp(0.35) / (8 * math.factorial(7) * 2**6)
    assert bound < 5e-13
    outside = bound * 761 * (0.28 / 0.175) * math.exp(2 * (0.28 - 0.175))
    assert outside < 1e-9
    for farthest, tolerance in ((0.175, bound), (0.28, outside)):
        x = np.linspace(-farthest, farthest, 20001)
        mine = np.array([exp_small(value) for value in x])
        assert np.all(np.abs(mine / np.exp(x) - 1.0) < tolerance + 8 * np.finfo(np.float64).eps)
    assert exp_small(0.0) == 1.0


def test_decay_by_squares_keeps_the_digits_of_one_minus_it() -> None:
    # n = 5 and a = 0.0625 for exp(-r), q^(5) below 1/6: p is off by r times that, p^16 by 16 r times that and exp(r).
    # Over 1 - exp(-k), k = 16 r, this is k / (exp(k) - 1) <= 1 times the error of q.
    bound = 0.0625**5 / (6 * math.factorial(5) * 2**4) * math.exp(0.125)
    assert bound < 1e-10
    k = np.geomspace(1e-9, 2.0, 20001)
    off = np.abs((1.0 - np.array([decay_16(value) for value in k / 16])) + np.expm1(-k))
    rounding = 16 * 3 * np.finfo(np.float64).eps  # of p, and each square doubles it
    assert np.all(off < -bound * np.expm1(-k) + rounding)
    k = np.linspace(2.0, 24.0, 20001)
    off = np.abs(np.array([decay_16(value) for value in k / 16]) - np.exp(-k))
    assert np.all(off < 1e-7)  # as its docstring states
    assert decay_16(0.0) == 1.0
    assert 0.0 < decay_16(1e30) == decay_16(1.5) < 1e-10


def test_one_minus_a_small_decay_keeps_its_digits() -> None:
    # Slow gates move by 1 - exp(-dt / tau); an absolute error of exp would be a wrong rate.
    x = 10.0 ** np.linspace(-5.0, -1.0, 401)
    mine = np.array([1.0 - decay_double(value) for value in x])
    # Of q, not of r q, relative to q >= 0.84; then rounding of exp to eps / 2 on both sides.
    bound = interpolation_error(7) / _HALF / 0.84 + 2.0 * np.finfo(np.float64).eps / x
    assert np.all(np.abs(mine / -np.expm1(-x) - 1.0) < bound)


@pytest.mark.parametrize(
    ("function", "x", "limit"),
    [
        (exp_double, -1e6, -100.0),
        (exp_double, 1e6, 100.0),
        (exp_double, -np.inf, -100.0),
        (exp_double, np.inf, 100.0),
        (decay_double, 1e6, -100.0),
        (decay_double, np.inf, -100.0),
        (exp_single, np.float32(-1e6), -80.0),
        (exp_single, np.float32(1e6), 80.0),
        (exp_single, np.float32(-np.inf), -80.0),
        (decay_single, np.float32(1e6), -80.0),
        (decay_single, np.float32(np.inf), -80.0),
    ],
)
def test_arguments_beyond_the_range_are_clamped(function, x: float, limit: float) -> None:
    is_double = function in (exp_double, decay_double)
    bound = (tolerance_double if is_double else tolerance_single)(np.array(limit))
    assert function(x) == pytest.approx(np.exp(limit), rel=float(bound))


def test_not_a_number_stays_not_a_number() -> None:
    for function in (exp_double, exp_bounded_double, decay_double):
        assert np.isnan(function(np.nan))
    for function in (exp_single, exp_bounded_single, decay_single):
        assert np.isnan(function(np.float32(np.nan)))


def test_compiled_equals_plain_python() -> None:
    for x in (-99.9, -1.0, -1e-9, 0.0, 0.3466, 2.5, 87.0):
        assert exp_double(x) == pytest.approx(exp_double.py_func(x), rel=2e-14)  # fused or not
        one = np.float32(min(x, 79.0))
        assert exp_single(one) == pytest.approx(float(exp_single.py_func(one)), rel=1e-5)


@kernel
def chosen(x, c, out) -> None:
    """The three functions as kernels call them: chosen by the precision of the argument."""
    out[0] = exp(x)
    out[1] = exp_bounded(x, c)
    out[2] = decay(x, c)


@pytest.mark.parametrize(
    ("real", "constants", "functions"),
    [
        (np.float64, EXP_DOUBLE, (exp_double, exp_bounded_double, decay_double)),
        (np.float32, EXP_SINGLE, (exp_single, exp_bounded_single, decay_single)),
    ],
)
def test_functions_are_chosen_by_the_precision_of_their_argument(
    real, constants, functions
) -> None:
    out = np.zeros(3, dtype=real)
    x = real(1.37)
    chosen(x, constants, out)
    first, second, third = functions
    expected = [first(x), second(x, constants), third(x, constants)]
    assert out.tolist() == pytest.approx(expected, rel=4 * float(np.finfo(real).eps))
    plain = [exp(x), exp_bounded(x, constants), decay(x, constants)]
    assert [float(value) for value in plain] == expected


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
