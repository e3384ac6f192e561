"""Elementary functions that the vectorizer can put in lanes.

The C library's functions are scalar calls, which cost a lane kernel all of its SIMD, so scsim carries
its own. Rate functions of membranes do not belong here.
"""

from typing import Any, Final

import numpy as np

from scsim.kernels.dispatch import by_precision
from scsim.kernels.jit import FloatArray, exact_inline_kernel, inline_kernel

_HALF_LN_2: Final = 0.5 * float(np.log(2.0))


def _polynomial(
    degree: int, lowest: float = -_HALF_LN_2, highest: float = _HALF_LN_2
) -> tuple[float, ...]:
    """Coefficients of a polynomial for exp(r) that is exact at 0, for r in a range, |r| <= ln(2)/2 unless told.

    ``1 + r q(r)``, with q through (exp(r) - 1) / r at Chebyshev points: then 1 - exp(-y) is right to the same
    relative error for small y, which slow gates need.
    """

    def quotient(r: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore"):
            return np.where(r == 0.0, 1.0, np.expm1(r) / r)

    fitted = np.polynomial.chebyshev.Chebyshev.interpolate(
        quotient, degree - 1, domain=[lowest, highest]
    )
    tail = fitted.convert(kind=np.polynomial.Polynomial).coef
    return (1.0, *(float(c) for c in tail))


_LOG2_E: Final = float(1.0 / np.log(2.0))
_LN_2: Final = float(np.log(2.0))

_LIMIT: Final = 100.0
_MANTISSA_BITS: Final = np.int64(52)
EXP_DOUBLE: Final = (*_polynomial(7), _LOG2_E, 1.5 * 2.0**52, _LN_2)
"""Coefficients, 1 / ln 2, the number whose addition leaves a whole number in the low bits, ln 2."""

_EXP_FINE: Final = (*_polynomial(10), _LOG2_E, 1.5 * 2.0**52, _LN_2)
"""As `EXP_DOUBLE`, where accuracy counts more than speed."""

_EXP_SMALL: Final = _polynomial(7, -0.175, 0.175)
"""Coefficients of `exp_small`."""

_DECAY: Final = _polynomial(5, -0.125, 0.0)
"""Coefficients of `decay_16`."""

_LONGEST_DECAY: Final = 1.5

_LIMIT_SINGLE: Final = np.float32(80.0)
_MANTISSA_BITS_SINGLE: Final = np.int32(23)
EXP_SINGLE: Final = tuple(np.float32(c) for c in (*_polynomial(5), _LOG2_E, 1.5 * 2.0**23, _LN_2))
"""As `EXP_DOUBLE`."""


@exact_inline_kernel
def exp_bounded_double(x: float, c: tuple[float, ...] = EXP_DOUBLE) -> float:
    """Exponential of a float64 that the caller keeps between -700 and 700.

    ``exp(x) = 2^n exp(r)`` with ``n = round(x / ln 2)`` and a polynomial of degree 7 for
    ``|r| <= ln(2) / 2``; n is added to the exponent bits. The relative error is below 1.6e-10.

    Parameters
    ----------
    x : float
        Argument, no unit. NaN gives NaN.
    c : tuple of float
        `EXP_DOUBLE`. A long loop runs faster with constants that arrive as arguments: literals are loaded
        anew at each use.

    Returns
    -------
    float
        The exponential.

    Notes
    -----
    Checked by ``tests/kernels/test_elementary.py``.
    """
    shifted = x * c[8] + c[9]
    r = x - (shifted - c[9]) * c[10]
    r2 = r * r
    high = (c[4] + r * c[5]) + r2 * (c[6] + r * c[7])
    polynomial = (c[0] + r * c[1]) + r2 * ((c[2] + r * c[3]) + r2 * high)
    bits = np.float64(polynomial).view(np.int64) + np.int64(
        np.float64(shifted).view(np.int64) << _MANTISSA_BITS
    )
    return float(np.int64(bits).view(np.float64))


@exact_inline_kernel
def exp_double(x: float) -> float:
    """Exponential of a float64, clamped to arguments between -100 and 100.

    As `exp_bounded_double` with a polynomial of degree 10; the relative error is below 1e-13. The clamp keeps
    rate functions finite: the reference models themselves take exponents below -100 as zero.

    Parameters
    ----------
    x : float
        Argument, no unit. NaN gives NaN.

    Returns
    -------
    float
        The exponential.
    """
    c = _EXP_FINE
    y = min(max(x, -_LIMIT), _LIMIT)
    shifted = y * c[11] + c[12]
    r = y - (shifted - c[12]) * c[13]
    r2 = r * r
    high = (c[6] + r * c[7]) + r2 * ((c[8] + r * c[9]) + r2 * c[10])
    middle = (c[4] + r * c[5]) + r2 * high
    polynomial = (c[0] + r * c[1]) + r2 * ((c[2] + r * c[3]) + r2 * middle)
    bits = np.float64(polynomial).view(np.int64) + np.int64(
        np.float64(shifted).view(np.int64) << _MANTISSA_BITS
    )
    return float(np.int64(bits).view(np.float64))


@exact_inline_kernel
def exp_small(x: float) -> float:
    """Exponential of a small float64: a polynomial of degree 7.

    A caller that needs the exponential of a larger number divides it by a power of 2, and squares what it gets. The
    relative error is below 5e-13 for ``|x| <= 0.175`` and below 1e-9 for ``|x| <= 0.28``; each squaring doubles it.

    Parameters
    ----------
    x : float
        Argument, no unit. NaN gives NaN.

    Returns
    -------
    float
        The exponential.

    Notes
    -----
    Checked by ``tests/kernels/test_elementary.py``.
    """
    c = _EXP_SMALL
    x2 = x * x
    high = (c[4] + x * c[5]) + x2 * (c[6] + x * c[7])
    return (c[0] + x * c[1]) + x2 * ((c[2] + x * c[3]) + x2 * high)


@exact_inline_kernel
def decay_16(x: float) -> float:
    """``exp(-16 x)`` of a float64 that is not negative; beyond 1.5 as at 1.5: exp(-24).

    A polynomial of degree 5, squared four times, with fewer instructions than `decay_double`. The error of
    ``1 - exp(-16 x)`` is below 1e-10 of it (and rounding, 1e-14) for ``16 x <= 2``, and below 1e-7 beyond.

    Parameters
    ----------
    x : float
        Argument, no unit.

    Returns
    -------
    float
        The exponential.

    Notes
    -----
    Checked by ``tests/kernels/test_elementary.py``.
    """
    c = _DECAY
    r = -min(x, _LONGEST_DECAY)
    r2 = r * r
    p = (c[0] + r * c[1]) + r2 * ((c[2] + r * c[3]) + r2 * (c[4] + r * c[5]))
    p *= p
    p *= p
    p *= p
    return p * p


@inline_kernel
def decay_double(x: float, c: tuple[float, ...] = EXP_DOUBLE) -> float:
    """``exp(-x)`` of a float64 that is not negative; beyond 100 as at 100."""
    return exp_bounded_double(-min(x, _LIMIT), c)


@exact_inline_kernel
def exp_bounded_single(x: Any, c: Any = EXP_SINGLE) -> Any:
    """Exponential of a float32 that the caller keeps between -80 and 80.

    As `exp_bounded_double` with a polynomial of degree 5; the relative error is below 4e-7 (3.0e-7 of the polynomial, and rounding).

    Parameters
    ----------
    x : float
        Argument (float32), no unit. NaN gives NaN.
    c : tuple of float
        `EXP_SINGLE`.

    Returns
    -------
    float
        The exponential (float32).
    """
    shifted = np.float32(x * c[6] + c[7])
    r = x - (shifted - c[7]) * c[8]
    r2 = r * r
    high = (c[2] + r * c[3]) + r2 * (c[4] + r * c[5])
    polynomial = np.float32((c[0] + r * c[1]) + r2 * high)
    bits = np.int32(
        polynomial.view(np.int32) + np.int32(shifted.view(np.int32) << _MANTISSA_BITS_SINGLE)
    )
    return bits.view(np.float32)


@inline_kernel
def exp_single(x: Any) -> Any:
    """Exponential of a float32, clamped to arguments between -80 and 80.

    Parameters
    ----------
    x : float
        Argument (float32), no unit. NaN gives NaN.

    Returns
    -------
    float
        The exponential (float32).
    """
    return exp_bounded_single(min(max(x, -_LIMIT_SINGLE), _LIMIT_SINGLE), EXP_SINGLE)


@inline_kernel
def decay_single(x: Any, c: Any = EXP_SINGLE) -> Any:
    """``exp(-x)`` of a float32 that is not negative; beyond 80 as at 80."""
    return exp_bounded_single(-min(x, _LIMIT_SINGLE), c)


def exp(x: Any) -> Any:
    """Exponential in the precision of its argument, see `exp_double` and `exp_single`."""
    return exp_single(x) if isinstance(x, np.float32) else exp_double(x)


def exp_bounded(x: Any, c: Any) -> Any:
    """Exponential of an argument kept in range, see `exp_bounded_double` and `exp_bounded_single`."""
    return exp_bounded_single(x, c) if isinstance(x, np.float32) else exp_bounded_double(x, c)


def decay(x: Any, c: Any) -> Any:
    """``exp(-x)`` for x not negative, see `decay_double` and `decay_single`."""
    return decay_single(x, c) if isinstance(x, np.float32) else decay_double(x, c)


by_precision(exp, exp_single, exp_double)
by_precision(exp_bounded, exp_bounded_single, exp_bounded_double)
by_precision(decay, decay_single, decay_double)


_SMALLEST_NORMAL: Final = 2.2250738585072014e-308
_LARGEST: Final = 1.7976931348623157e308
_ROOT_HALF_BITS: Final = np.int64(0x3FE6A09E667F3BCD)
"""Bits of sqrt(1/2): mantissas are taken between it and sqrt(2), so that ln(x) near 1 loses nothing."""
# Coefficients 2/(2n+1) of ln((1+s)/(1-s)) / s; the remainder at s = 3 - 2 sqrt(2) is 3.4e-14 of the value.
_L0: Final = 2.0
_L1: Final = 2.0 / 3.0
_L2: Final = 2.0 / 5.0
_L3: Final = 2.0 / 7.0
_L4: Final = 2.0 / 9.0
_L5: Final = 2.0 / 11.0
_L6: Final = 2.0 / 13.0
_L7: Final = 2.0 / 15.0


@inline_kernel
def log(x: float) -> float:
    """Natural logarithm of a positive number.

    ``ln x = n ln 2 + ln m`` with ``sqrt(1/2) <= m < sqrt(2)`` read from the bits of x, and
    ``ln m = 2 artanh(s)``, ``s = (m - 1) / (m + 1)``, by its series up to s^15. The relative error is
    below 4e-14 in the whole range, also near x = 1.

    Parameters
    ----------
    x : float
        Argument, no unit. Zero, subnormal and negative numbers, infinity and NaN give NaN: a caller
        that has a rule for them selects by it.

    Returns
    -------
    float
        The logarithm.

    Notes
    -----
    Checked by ``tests/kernels/test_elementary.py``.
    """
    bits = np.float64(x).view(np.int64)
    # Through 32 bits: AVX2 has no conversion from int64, and the usual addition of 2^52 does not
    # survive the permission to reassociate.
    n = np.int32(bits - _ROOT_HALF_BITS >> _MANTISSA_BITS)
    m = np.int64(bits - (np.int64(n) << _MANTISSA_BITS)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    z2 = z * z
    low = (_L0 + z * _L1) + z2 * (_L2 + z * _L3)
    high = (_L4 + z * _L5) + z2 * (_L6 + z * _L7)
    value = np.float64(n) * _LN_2 + s * (low + z2 * z2 * high)
    return float(value if (x >= _SMALLEST_NORMAL) & (x <= _LARGEST) else np.nan)
