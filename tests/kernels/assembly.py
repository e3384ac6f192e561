"""Assembly of the step of a cable, compiled anew: what comes from the cache of kernels cannot be inspected."""

import re
from typing import Any

import numpy as np
from numba import typeof

from scsim.fibers.assemble import Lanes
from scsim.kernels.cables import step
from scsim.kernels.jit import kernel


@kernel  # outside the folder of kernels, so not cached
def one_step(cable: Any, wide: np.ndarray, levels: np.ndarray, trapezoidal: int, dt: float) -> None:
    """The step that runs and trials absorb."""
    step(cable, wide, levels, 1, 0, trapezoidal, dt, dt)


def assembly_of(lanes: Lanes) -> str:
    """Assembly of the step for the kind of cable, precision and number of lanes of some fibers."""
    wide = lanes.widen(np.ones((lanes.n_sources, lanes.n_lanes)))
    arguments = (lanes.cable, wide, np.zeros((2, lanes.n_sources)), 1, 0.005)
    signature = tuple(typeof(argument) for argument in arguments)
    one_step.compile(signature)
    return str(one_step.inspect_asm(signature))


def multiply_adds(assembly: str, precision: str) -> tuple[int, int]:
    """Count packed and scalar fused multiply-adds of a precision."""
    kind = "s" if precision == "float32" else "d"
    packed = len(re.findall(rf"\n\s+vf\w+p{kind}\s.*%[yz]mm", assembly))
    return packed, len(re.findall(rf"\n\s+vf\w+s{kind}\s", assembly))
