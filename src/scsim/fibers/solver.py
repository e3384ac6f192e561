"""`Solver`: how the cables are stepped. What is stepped belongs to the models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal

from annotated_types import Gt

from scsim.errors import ModelError
from scsim.fibers.morphology import is_single_cable
from scsim.kernels.layouts import N_MODES, N_SLOW_MODES
from scsim.units import MS_PER_US

Scheme = Literal["neuron", "second_order"]
Precision = Literal["float64", "float32"]
Layout = Literal["lanes", "alone"]

SCHEMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "neuron": "backward Euler with staggered gates: NEURON's fixed step, first order",
        "second_order": "trapezoidal rule with staggered gates, plain half steps after every edge",
    }
)
"""Schemes and what they are."""


@dataclass(frozen=True)
class Solver:
    """Scheme, step and precision of a computation.

    Attributes
    ----------
    scheme : {"neuron", "second_order"}
        See `SCHEMES`.
    dt_us : float
        Step, µs.
    modes : {20, 12}
        Modes of a myelinated internode that are followed: all, or the slow ones with the charge of the
        others. Other models have no modes.
    precision : {"float64", "float32"}
        Numbers that the kernel computes with; float32 for the MRG family only.
    layout : {"lanes", "alone"}
        ``lanes``: many fibers or amplitudes at once. ``alone``: one after the other with gates from a table,
        which is faster for a single one; for the MRG family in float64 only. Numbers differ by the table's
        interpolation, so scsim never chooses it by itself.

    Raises
    ------
    ModelError
        If a setting does not exist; all faults are named.
    """

    scheme: Scheme = "neuron"
    dt_us: Annotated[float, Gt(0)] = 5.0
    modes: Literal[20, 12] = N_MODES
    precision: Precision = "float64"
    layout: Layout = "lanes"

    def __post_init__(self) -> None:
        faults = []
        if self.scheme not in SCHEMES:
            faults.append(f"scheme = {self.scheme!r}: schemes are {', '.join(SCHEMES)}")
        if not (math.isfinite(self.dt_us) and self.dt_us > 0.0):
            faults.append(f"dt_us = {self.dt_us:g} µs: a step is positive and finite; 5 is usual")
        if self.modes not in (N_MODES, N_SLOW_MODES):
            faults.append(
                f"modes = {self.modes!r}: an internode has {N_MODES}; take all or {N_SLOW_MODES}"
            )
        if self.precision not in ("float64", "float32"):
            faults.append(f"precision = {self.precision!r}: use 'float64' or 'float32'")
        if self.layout not in ("lanes", "alone"):
            faults.append(f"layout = {self.layout!r}: use 'lanes' or 'alone'")
        if self.layout == "alone" and self.precision == "float32":
            faults.append(
                "precision = 'float32' with layout = 'alone': tables hold float64; use that"
            )
        if faults:
            message = f"solver: {'; '.join(faults)}."
            raise ModelError(message)

    @property
    def dt_ms(self) -> float:
        """Step, ms."""
        return self.dt_us * MS_PER_US

    @property
    def solve_ms(self) -> float:
        """Step h of one linear solve, ms: half a step in the second-order scheme."""
        return self.dt_ms if self.scheme == "neuron" else 0.5 * self.dt_ms

    def check_model(self, model: str) -> None:
        """Refuse a setting that a fiber model does not have.

        Parameters
        ----------
        model : str
            Fiber model.

        Raises
        ------
        ModelError
            If the model is no double cable and other modes or float32 are asked for.
        """
        if not is_single_cable(model):
            return
        faults = []
        if self.modes != N_MODES:
            faults.append(
                f"modes = {self.modes}: {model} has no internode of that kind; leave {N_MODES}"
            )
        if self.precision != "float64":
            faults.append(
                f"precision = {self.precision!r}: {model} is computed in 'float64' only; leave that"
            )
        if self.layout != "lanes":
            faults.append(
                f"layout = {self.layout!r}: {model} is computed in 'lanes' only; leave that"
            )
        if faults:
            message = f"solver: {'; '.join(faults)}."
            raise ModelError(message)
