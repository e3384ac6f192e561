"""Response of fibers to stimulation: membrane voltage, spikes, thresholds, recruitment."""

from scsim.response.drive import IntracellularPulse, Source
from scsim.response.recruitment import recruited_mask, recruited_share
from scsim.response.simulate import Response, crossing_times_ms, simulate
from scsim.response.threshold import (
    ThresholdProtocol,
    Thresholds,
    find_thresholds,
    long_fiber_protocol,
    search_thresholds,
)

__all__ = [
    "IntracellularPulse",
    "Response",
    "Source",
    "ThresholdProtocol",
    "Thresholds",
    "crossing_times_ms",
    "find_thresholds",
    "long_fiber_protocol",
    "recruited_mask",
    "recruited_share",
    "search_thresholds",
    "simulate",
]
