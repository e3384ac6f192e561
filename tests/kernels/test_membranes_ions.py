"""Membranes of Tigerholm and Schild in lanes, with their concentrations, against the formulas in plain numpy."""

import csv
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.membrane import membrane_constants
from scsim.fibers.single import single_cable_lanes
from scsim.kernels.layouts import U
from scsim.kernels.membranes import schild, tigerholm
from scsim.kernels.single_cable import ADVANCE, STATE
from tests.kernels.single_cables import FOREVER, advance_all, refresh, settled, voltages
from tests.reference import single_cable as plain
from tests.reference.membranes_schild import Schild
from tests.reference.membranes_tigerholm import Tigerholm

ADVANCE.setdefault(tigerholm.TigerholmCable, tigerholm.advance_tigerholm)
ADVANCE.setdefault(schild.Schild94Cable, schild.advance_schild94)
ADVANCE.setdefault(schild.Schild97Cable, schild.advance_schild97)

DT = 0.005
MODELS = ("tigerholm", "schild94", "schild97")
MEMBRANES: dict[str, Callable[[], Any]] = {
    "tigerholm": Tigerholm,
    "schild94": lambda: Schild(94),
    "schild97": lambda: Schild(97),
}
STATES = {"tigerholm": tigerholm.STATES, "schild94": schild.STATES, "schild97": schild.STATES}


def chain(model: str, diameter_um: float, n: int) -> plain.Chain:
    """Lay out the fiber of the plain simulator."""
    if model == "tigerholm":
        return plain.unmyelinated(n, diameter_um, 35.4, 1.0, None)
    return plain.unmyelinated(n, diameter_um, 100.0, 1.326291192, -46.5)


def bumpy_potential(fiber: Fiber) -> np.ndarray:
    """A source beside the fiber, off its middle; 1 mV between its highest and lowest value."""
    z = fiber.node_positions_mm()[:, 2]
    potential = 1.0 / np.hypot(0.05 * np.ptp(z) + 0.1, z - 0.13 * np.ptp(z))
    return potential / np.ptp(potential)
