"""Elementary functions that the vectorizer can put in lanes.

The C library's exponential is a scalar call, which costs a lane kernel all of its SIMD, so scsim
carries its own. Rate functions of membranes do not belong here.
"""

from typing import Final

import numpy as np

from scsim.kernels.jit import inline_kernel

_LOG2_E: Final = 1.4426950408889634
_LN_2: Final = 0.6931471805599453
_LIMIT: Final = 100.0
_MANTISSA_BITS: Final = np.int64(52)
_EXPONENT_BIAS: Final = np.int64(1023)
# Taylor coefficients 1/n! of exp; the remainder at r = -ln(2)/2 is 3.1e-13 of the value.
_C2: Final = 1.0 / 2.0
_C3: Final = 1.0 / 6.0
_C4: Final = 1.0 / 24.0
_C5: Final = 1.0 / 120.0
_C6: Final = 1.0 / 720.0
_C7: Final = 1.0 / 5040.0
_C8: Final = 1.0 / 40320.0
_C9: Final = 1.0 / 362880.0
_C10: Final = 1.0 / 3628800.0


@inline_kernel
def exp(x: float) -> float:
    """Exponential of a number, clamped to arguments between -100 and 100.

    ``exp(x) = 2^n exp(r)`` with ``n = round(x / ln 2)`` and a polynomial of degree 10 for
    ``|r| <= ln(2) / 2``; the power of two is written into the exponent bits. The relative error is
    below 3.3e-13 in the whole range. The clamp keeps rate functions finite: the reference models
    themselves take exponents below -100 as zero.

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
    y = min(max(x, -_LIMIT), _LIMIT)
    n = np.rint(y * _LOG2_E)
    r = y - n * _LN_2
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (_C2 + r * _C3)
    middle = (_C4 + r * _C5) + r2 * (_C6 + r * _C7)
    high = _C8 + r * _C9 + r2 * _C10
    polynomial = low + r4 * (middle + r4 * high)
    exponent = np.int64(np.int64(np.int32(n)) + _EXPONENT_BIAS)
    power = np.int64(exponent << _MANTISSA_BITS).view(np.float64)
    return float(polynomial * power)
