"""The membranes that a single cable may have. A new one is listed here."""

from typing import Any, Final

from scsim.kernels.membranes import schild, thio, tigerholm
from scsim.kernels.membranes.rattay import RattayCable, advance_rattay
from scsim.kernels.membranes.schild import SchildCable, advance_schild
from scsim.kernels.membranes.sundt import SundtCable, advance_sundt
from scsim.kernels.membranes.sweeney import SweeneyCable, advance_sweeney
from scsim.kernels.membranes.thio import ThioCable, advance_thio
from scsim.kernels.membranes.tigerholm import TigerholmCable, advance_tigerholm
from scsim.kernels.single_cable import ADVANCE, STATE

ADVANCES: Final[dict[type, Any]] = {
    RattayCable: advance_rattay,
    SchildCable: advance_schild,
    SundtCable: advance_sundt,
    SweeneyCable: advance_sweeney,
    ThioCable: advance_thio,
    TigerholmCable: advance_tigerholm,
}
"""Membrane kernel of each kind of single cable."""

LANE_MAJOR: Final[dict[type, tuple[int, int]]] = {
    SchildCable: (STATE, len(schild.TABULATED)),
    ThioCable: (STATE, len(thio.TABULATED)),
    TigerholmCable: (STATE, len(tigerholm.TABULATED)),
}
"""First field and number of fields of a block in which the lanes come first: all numbers of lane 0, then all
of lane 1. Everywhere else the fields come first."""

ADVANCE.update(ADVANCES)
SINGLE_CABLES: Final = tuple(ADVANCES)
