"""Pulses, patterns and the charge they deliver.

Which contact carries the current does not belong here.
"""

from scsim.stimulus.pattern import PATTERNS, StimulusSection, section_faults, stimulus_pulse
from scsim.stimulus.pulse import SHAPES, Phase, Pulse, Shape, sample_pulses
from scsim.stimulus.safety import CAVEAT, ChargeReport, charge_report

__all__ = [
    "CAVEAT",
    "PATTERNS",
    "SHAPES",
    "ChargeReport",
    "Phase",
    "Pulse",
    "Shape",
    "StimulusSection",
    "charge_report",
    "sample_pulses",
    "section_faults",
    "stimulus_pulse",
]
