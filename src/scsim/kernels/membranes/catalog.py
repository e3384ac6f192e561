"""The membranes that a single cable may have. A new one is listed here."""

from typing import Any, Final

from scsim.kernels.membranes.rattay import RattayCable, advance_rattay
from scsim.kernels.membranes.schild import (
    Schild94Cable,
    Schild97Cable,
    advance_schild94,
    advance_schild97,
)
from scsim.kernels.membranes.sundt import SundtCable, advance_sundt
from scsim.kernels.membranes.sweeney import SweeneyCable, advance_sweeney
from scsim.kernels.membranes.thio import SLOTS, ThioCable, advance_thio
from scsim.kernels.membranes.tigerholm import TigerholmCable, advance_tigerholm
from scsim.kernels.single_cable import ADVANCE, STATE

ADVANCES: Final[dict[type, Any]] = {
    RattayCable: advance_rattay,
    Schild94Cable: advance_schild94,
    Schild97Cable: advance_schild97,
    SundtCable: advance_sundt,
    SweeneyCable: advance_sweeney,
    ThioCable: advance_thio,
    TigerholmCable: advance_tigerholm,
}
"""Membrane kernel of each kind of single cable."""

LANE_MAJOR: Final[dict[type, tuple[int, int]]] = {ThioCable: (STATE, SLOTS)}
"""First field and number of fields of a block in which the lanes come first: all numbers of lane 0, then all
of lane 1. Everywhere else the fields come first."""

ADVANCE.update(ADVANCES)
SINGLE_CABLES: Final = tuple(ADVANCES)
