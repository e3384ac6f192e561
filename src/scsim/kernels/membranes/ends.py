"""What every membrane of a single cable hands to the linear solve, passive end compartments included.

Channels and their gates belong to the module of their membrane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import ACTIVE
from scsim.kernels.single_cable import AREA, CONDUCTANCE, DRIVE

if TYPE_CHECKING:
    from scsim.kernels.jit import FloatArray

# Fields of the constants of a lane.
DIAMETER: Final = 0
"""Fiber diameter, µm."""
END_LEAK: Final = 1
"""Leak of a passive end, S/cm²."""
END_DRIVE: Final = 2
"""Leak of a passive end times its reversal from rest, mA/cm²."""
LANE_FIELDS: Final = 3


@inline_kernel
def hand_over(
    cable: Any,
    here: FloatArray,
    i: int,
    conductance: float,
    drive: float,
) -> None:
    """Write what lane `i` of a compartment brings to the linear solve.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of single cable.
    here : ndarray, shape (record * width,)
        Record of the compartment; its fields CONDUCTANCE (µS) and DRIVE (nA) are written.
    i : int
        Lane.
    conductance : float
        G of the channels, S/cm².
    drive : float
        D of the channels such that their current is G v - D, mA/cm²; v from 0, not from rest.
    """
    width = len(cable.width)
    area = here[AREA * width + i]
    open_area = here[ACTIVE * width + i] * area
    end_area = area - open_area
    here[CONDUCTANCE * width + i] = (
        open_area * conductance + end_area * cable.lane[END_LEAK * width + i]
    )
    here[DRIVE * width + i] = (
        open_area * (drive - conductance * cable.rest_mv)
        + end_area * cable.lane[END_DRIVE * width + i]
    )
