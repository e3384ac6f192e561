"""Gates of the node of Ranvier of the MRG family (McIntyre, Richardson & Grill 2002).

The numbers are those of the published program (mechanism "axnode"), so the clamps beyond ±150 mV are part
of the model. Rates in 1/ms, voltages in mV; Q10 factors f1 for m and p, f2 for h, f3 for s. Conductances
are in `data/membranes`; cables and time stepping do not belong here.

mcintyre2002: doi:10.1152/jn.00353.2001.
"""

from typing import Any, Final

import numpy as np

from scsim.kernels.elementary import decay, exp_bounded
from scsim.kernels.jit import inline_kernel

_EXP_3_4: Final = float(np.exp(-3.4))
_EXP_10_6: Final = float(np.exp(-10.6))
_EXP_9: Final = float(np.exp(-9.0))


@inline_kernel
def away_from_zero(x: Any, nearest: Any) -> Any:
    """Give `x`, or `nearest` where it is nearer to 0: there ``x / (1 - exp(-x))`` is its limit 1.

    The published program takes the limit within 1e-6 of 0; the value differs from it by half of that.

    Parameters
    ----------
    x, nearest : float
        Arguments, no unit.

    Returns
    -------
    float
        Never 0.
    """
    return x if abs(x) > nearest else nearest


@inline_kernel
def mrg_gates(v: Any, gates: Any, factors: Any, exps: Any) -> Any:
    """Advance the gates m, h, p and s of the MRG node by one step with their rates held.

    ``x <- x_inf + (x - x_inf) exp(-(a + b) dt)`` with ``x_inf = a / (a + b)``. Each rate times dt is kept as
    numerator and denominator, so that one division serves both. The gates take each stage together: the
    processor works on four independent chains.

    Parameters
    ----------
    v : float
        v_m, mV, float32 or float64.
    gates : tuple of float
        m, h, p, s before the step.
    factors : tuple of float
        f1 dt, f2 dt, f3 dt (ms); the largest exponential that can be told from infinity, and its tenth root; the smallest argument of ``x / (1 - exp(-x))`` that is not taken as its limit; the voltage
        beyond which exponentials are those at it (mV).
    exps : tuple of float
        Constants of the exponential in this precision, see `scsim.kernels.elementary`.

    Returns
    -------
    tuple of float
        m, h, p, s after the step.
    """
    real = type(v)
    one = real(1.0)
    f1, f2, f3, largest, base_limit, nearest, farthest = factors
    low = v < real(-150.0)
    high = v > real(150.0)
    w = min(max(v, -farthest), farthest)
    x_am = away_from_zero(w * real(1.0 / 10.3) + real(21.4 / 10.3), nearest)
    x_bm = away_from_zero(w * real(-1.0 / 9.16) - real(25.7 / 9.16), nearest)
    x_ah = away_from_zero(w * real(-1.0 / 11.0) - real(114.0 / 11.0), nearest)
    x_ap = away_from_zero(w * real(1.0 / 10.2) + real(27.0 / 10.2), nearest)
    e_am = exp_bounded(-x_am, exps)
    e_bm = exp_bounded(-x_bm, exps)
    e_ah = exp_bounded(-x_ah, exps)
    e_bh = exp_bounded(w * real(-1.0 / 13.4) - real(31.8 / 13.4), exps)
    e_ap = exp_bounded(-x_ap, exps)
    # Three rates share r = exp(-v / 10): with y = (v + 34) / 10, -y / (1 - exp(y)) is y e / (1 - e), e = exp(-y).
    r = exp_bounded(w * real(-0.1), exps)
    y = w * real(0.1) + real(3.4)
    e_bp = min(r * real(_EXP_3_4), largest)
    is_near = abs(y) < nearest
    base = min(r * real(_EXP_9), base_limit)
    base2 = base * base
    base4 = base2 * base2

    a_m = real(0.15733) * f1 if low else (real(1.86 * 10.3) * f1) * x_am
    da_m = one if low else one - e_am
    b_m = real(0.0057268) * f1 if high else (real(0.086 * 9.16) * f1) * x_bm
    db_m = one if high else one - e_bm
    a_h = real(0.0032594) * f2 if high else (real(0.062 * 11.0) * f2) * x_ah
    da_h = one if high else one - e_ah
    b_h = real(0.0014054) * f2 if low else real(2.3) * f2
    db_h = one if low else one + e_bh
    a_p = real(0.00086725) * f1 if low else (real(0.01 * 10.2) * f1) * x_ap
    da_p = one if low else one - e_ap
    b_p = real(1.5855e-5) * f1 if high else (real(0.0025) * f1) * (one if is_near else y * e_bp)
    db_p = one if high or is_near else one - e_bp
    a_s = real(3.3484e-5) * f3 if low else real(0.3) * f3
    da_s = one if low else one + r * r * real(_EXP_10_6)
    b_s = real(3.3484e-6) * f3 if low else real(0.03) * f3
    db_s = one if low else one + base4 * base4 * base2

    a_m *= db_m
    a_h *= db_h
    a_p *= db_p
    a_s *= db_s
    total_m = a_m + b_m * da_m
    total_h = a_h + b_h * da_h
    total_p = a_p + b_p * da_p
    total_s = a_s + b_s * da_s
    common_m = da_m * db_m
    common_h = da_h * db_h
    common_p = da_p * db_p
    common_s = da_s * db_s
    inverse_m = one / (total_m * common_m)
    inverse_h = one / (total_h * common_h)
    inverse_p = one / (total_p * common_p)
    inverse_s = one / (total_s * common_s)
    left_m = decay(total_m * total_m * inverse_m, exps)
    left_h = decay(total_h * total_h * inverse_h, exps)
    left_p = decay(total_p * total_p * inverse_p, exps)
    left_s = decay(total_s * total_s * inverse_s, exps)
    steady_m = a_m * common_m * inverse_m
    steady_h = a_h * common_h * inverse_h
    steady_p = a_p * common_p * inverse_p
    steady_s = a_s * common_s * inverse_s
    return (
        steady_m + (gates[0] - steady_m) * left_m,
        steady_h + (gates[1] - steady_h) * left_h,
        steady_p + (gates[2] - steady_p) * left_p,
        steady_s + (gates[3] - steady_s) * left_s,
    )
