"""The membranes that a single cable may have. A new one is listed here."""

from typing import Any, Final

from scsim.kernels.membranes.rattay import RattayCable, advance_rattay
from scsim.kernels.membranes.sundt import SundtCable, advance_sundt
from scsim.kernels.membranes.sweeney import SweeneyCable, advance_sweeney
from scsim.kernels.single_cable import ADVANCE

ADVANCES: Final[dict[type, Any]] = {
    RattayCable: advance_rattay,
    SundtCable: advance_sundt,
    SweeneyCable: advance_sweeney,
}
"""Membrane kernel of each kind of single cable."""

ADVANCE.update(ADVANCES)
SINGLE_CABLES: Final = tuple(ADVANCES)
