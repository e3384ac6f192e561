"""Response of fibers to stimulation: membrane voltage, spikes, thresholds, recruitment."""

from scsim.response.recruitment import recruited_mask, recruited_share
from scsim.response.simulate import IntracellularPulse, Response, simulate
from scsim.response.threshold import (
    ThresholdProtocol,
    Thresholds,
    find_thresholds,
    search_thresholds,
)

__all__ = [
    "IntracellularPulse",
    "Response",
    "ThresholdProtocol",
    "Thresholds",
    "find_thresholds",
    "recruited_mask",
    "recruited_share",
    "search_thresholds",
    "simulate",
]
