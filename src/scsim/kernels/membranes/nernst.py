"""Logarithms of ratios of concentrations, for reversal potentials; several may share one division.

The two numbers are brought within a factor of 1.51 by a power of two, read off the difference of their bits, so
that no quotient is needed first. Nernst's slopes belong to the membranes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from scsim.kernels.jit import FloatArray, inline_kernel

_LN_2: Final = float(np.log(2.0))
_MANTISSA_BITS: Final = np.int64(52)
_HALF_A_BINADE: Final = np.int64(1 << 51)
# Bits are linear in a number within a binade, and off its logarithm to base 2 by up to 0.0861: the two
# numbers differ by up to 2^(0.5 + 0.0861), which bounds (a - b) / (a + b).
_LARGEST_SQUARE: Final = float(np.tanh(0.5 * np.log(2.0) * 0.5861)) ** 2


def _series() -> tuple[float, ...]:
    """Coefficients of 2 artanh(s) / s in powers of s², good to 2e-11 of it."""

    def over_s(z: FloatArray) -> FloatArray:
        s = np.sqrt(z)
        return np.asarray(2.0 * np.arctanh(s) / s)

    fitted = np.polynomial.chebyshev.Chebyshev.interpolate(over_s, 4, domain=[0.0, _LARGEST_SQUARE])
    return tuple(float(c) for c in fitted.convert(kind=np.polynomial.Polynomial).coef)


_C0, _C1, _C2, _C3, _C4 = _series()


@inline_kernel
def ratio_parts(a: float, b: float) -> tuple[float, float, float]:
    """Split ln(a / b) so that the division can be shared.

    Parameters
    ----------
    a, b : float
        Positive and normal; if one is not positive, the logarithm is NaN.

    Returns
    -------
    tuple of float
        n ln 2, and numerator and denominator of s: ``ln(a / b) = n ln 2 + 2 artanh(s)``, see `log_of_parts`.
    """
    bits = np.float64(b).view(np.int64)
    n = np.int64((np.float64(a).view(np.int64) - bits + _HALF_A_BINADE) >> _MANTISSA_BITS)
    near = np.int64(bits + np.int64(n << _MANTISSA_BITS)).view(np.float64)
    # Through 32 bits: AVX2 has no conversion from int64.
    whole = np.float64(np.int32(n)) * _LN_2
    return (whole if min(a, b) > 0.0 else np.nan), a - near, a + near


@inline_kernel
def log_of_parts(whole: float, s: float) -> float:
    """ln(a / b) from n ln 2 and s of `ratio_parts`; the relative error is below 3e-11.

    Parameters
    ----------
    whole, s : float
        See `ratio_parts`.

    Returns
    -------
    float
        The logarithm.
    """
    z = s * s
    return whole + s * ((_C0 + z * _C1) + z * z * ((_C2 + z * _C3) + z * z * _C4))
