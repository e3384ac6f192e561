"""Steps of gates that are slow beside the time step, shared by membranes with many of them.

``x <- x_inf + (x - x_inf) exp(-y)`` with y the step over the time constant. While y is bounded by the model
itself, at any voltage, a short series for ``1 - exp(-y)`` takes a third of the operations of an exponential,
and loses no digits where y is tiny. Which gates are slow is for the membrane to know; its module says so where it
calls. Rates do not belong here.
"""

from __future__ import annotations

from typing import Final

from scsim.kernels.elementary import decay
from scsim.kernels.jit import inline_kernel

SHORT_MS: Final = 0.025
"""Steps up to this one count as short, ms; bounds on y in the membranes hold for it."""


@inline_kernel
def step_gate(gate: float, infinity: float, y: float, exps: tuple[float, ...]) -> float:
    """Advance a gate by `y` time constants, any number of them; `exps` as `decay` takes it."""
    return float(infinity + (gate - infinity) * decay(y, exps))


@inline_kernel
def step_slow(
    gate: float, infinity: float, y: float, short: bool, exps: tuple[float, ...]
) -> float:
    """Advance a gate with y <= 0.1 in short steps.

    Parameters
    ----------
    gate, infinity : float
        Gate before the step and its steady state.
    y : float
        Step over time constant.
    short : bool
        Whether the step is short; else the exponential serves. The same for all lanes.
    exps : tuple of float
        Constants of the exponential, see `scsim.kernels.elementary`.

    Returns
    -------
    float
        Gate after the step. The series ends with y^6 / 720, so that the change is right to y^6 / 5040 of
        itself, 2e-10.
    """
    if short:
        series = y * (
            1.0
            - y
            * (
                1.0 / 2.0
                - y * (1.0 / 6.0 - y * (1.0 / 24.0 - y * (1.0 / 120.0 - y * (1.0 / 720.0))))
            )
        )
        return gate + (infinity - gate) * series
    return step_gate(gate, infinity, y, exps)


@inline_kernel
def step_very_slow(
    gate: float, infinity: float, y: float, short: bool, exps: tuple[float, ...]
) -> float:
    """Advance a gate with y <= 0.01 in short steps; as `step_slow`, right to y^4 / 120, 9e-11."""
    if short:
        series = y * (1.0 - y * (1.0 / 2.0 - y * (1.0 / 6.0 - y * (1.0 / 24.0))))
        return gate + (infinity - gate) * series
    return step_gate(gate, infinity, y, exps)
