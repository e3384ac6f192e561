"""Rate functions and ionic currents of each membrane model.

Time constants, steady states and conductances as functions of voltage; parameters arrive as numbers.
Cables and time stepping do not belong here.
"""

from typing import Final

from scsim.kernels.elementary import exp
from scsim.kernels.jit import inline_kernel

# McIntyre, Richardson & Grill (2002), node of Ranvier; the numbers are those of the published program
# (mechanism "axnode"), so the clamps beyond ±150 mV are part of the model. Rates in 1/ms, voltages
# in mV. Q10 factors: f1 for m and p, f2 for h, f3 for s.
_SERIES_BELOW: Final = 0.05


@inline_kernel
def ratio_terms(x: float) -> tuple[float, float]:
    """Numerator and denominator of ``x / (1 - exp(-x))``, with its limit at 0.

    For ``|x| < 0.05`` the series ``1 + x/2 + x²/12 - x⁴/720`` replaces it (remainder below 1e-12).
    Both parts are chosen by a select, so that lanes stay together.

    Parameters
    ----------
    x : float
        Argument, no unit.

    Returns
    -------
    tuple of float
        Numerator and denominator.
    """
    near = abs(x) < _SERIES_BELOW
    x2 = x * x
    series = 1.0 + 0.5 * x + x2 * (1.0 / 12.0 - x2 * (1.0 / 720.0))
    numerator = series if near else x
    denominator = 1.0 if near else 1.0 - exp(-x)
    return numerator, denominator


@inline_kernel
def relax(
    gate: float, dt: float, opening: tuple[float, float], closing: tuple[float, float]
) -> float:
    """Advance a gate by one step with its rates held: exact exponential.

    ``x <- x_inf + (x - x_inf) exp(-dt (a + b))`` with ``x_inf = a / (a + b)``; each rate arrives as
    numerator and denominator, so that one division serves both.

    Parameters
    ----------
    gate : float
        Gate before the step, 0 to 1.
    dt : float
        Step, ms.
    opening, closing : tuple of float
        Numerator and denominator of the rates a and b, 1/ms.

    Returns
    -------
    float
        Gate after the step.
    """
    a = opening[0] * closing[1]
    total = a + closing[0] * opening[1]
    common = opening[1] * closing[1]
    inverse = 1.0 / (total * common)
    infinity = a * common * inverse
    return infinity + (gate - infinity) * exp(-dt * (total * total * inverse))


@inline_kernel
def mrg_p(gate: float, v: float, dt: float, f1: float) -> float:
    """Advance the gate p (persistent sodium, activation) of the MRG node; v in mV, dt in ms."""
    n, d = ratio_terms((v + 27.0) / 10.2)
    a = 0.00086725 * f1 if v < -150.0 else f1 * 0.01 * 10.2 * n
    da = 1.0 if v < -150.0 else d
    n, d = ratio_terms(-(v + 34.0) / 10.0)
    b = 1.5855e-5 * f1 if v > 150.0 else f1 * 0.00025 * 10.0 * n
    db = 1.0 if v > 150.0 else d
    return relax(gate, dt, (a, da), (b, db))


@inline_kernel
def mrg_m(gate: float, v: float, dt: float, f1: float) -> float:
    """Advance the gate m (fast sodium, activation) of the MRG node; v in mV, dt in ms."""
    n, d = ratio_terms((v + 21.4) / 10.3)
    a = 0.15733 * f1 if v < -150.0 else f1 * 1.86 * 10.3 * n
    da = 1.0 if v < -150.0 else d
    n, d = ratio_terms(-(v + 25.7) / 9.16)
    b = 0.0057268 * f1 if v > 150.0 else f1 * 0.086 * 9.16 * n
    db = 1.0 if v > 150.0 else d
    return relax(gate, dt, (a, da), (b, db))


@inline_kernel
def mrg_h(gate: float, v: float, dt: float, f2: float) -> float:
    """Advance the gate h (fast sodium, inactivation) of the MRG node; v in mV, dt in ms."""
    n, d = ratio_terms(-(v + 114.0) / 11.0)
    a = 0.0032594 * f2 if v > 150.0 else f2 * 0.062 * 11.0 * n
    da = 1.0 if v > 150.0 else d
    b = 0.0014054 * f2 if v < -150.0 else f2 * 2.3
    db = 1.0 if v < -150.0 else 1.0 + exp(-(v + 31.8) / 13.4)
    return relax(gate, dt, (a, da), (b, db))


@inline_kernel
def mrg_s(gate: float, v: float, dt: float, f3: float) -> float:
    """Advance the gate s (slow potassium, activation) of the MRG node; v in mV, dt in ms."""
    low = v < -150.0
    a = 3.3484e-5 * f3 if low else f3 * 0.3
    da = 1.0 if low else 1.0 + exp(-(v + 53.0) / 5.0)
    b = 3.3484e-6 * f3 if low else f3 * 0.03
    db = 1.0 if low else 1.0 + exp(-(v + 90.0))
    return relax(gate, dt, (a, da), (b, db))
