"""Pulses, patterns and the charge they deliver.

Which contact carries the current does not belong here.
"""

from scsim.stimulus.carrier import FORMS, Carrier, Form
from scsim.stimulus.checks import check_waveform, place
from scsim.stimulus.pattern import PATTERNS, StimulusSection, section_faults, stimulus_pulse
from scsim.stimulus.programs import check_interleaved, interleaved
from scsim.stimulus.pulse import SHAPES, Phase, Pulse, Shape, sample_pulses
from scsim.stimulus.recharge import PassiveRecharge
from scsim.stimulus.safety import CAVEAT, ChargeReport, charge_report
from scsim.stimulus.samples import INTERPOLATIONS, Interpolation, Samples, read_samples
from scsim.stimulus.segments import PulseShape, Segment
from scsim.stimulus.shapes import DIRECTIONS, Direction, ExponentialPulse, TrapezoidPulse
from scsim.stimulus.train import PulseTrain
from scsim.stimulus.waveform import SampledWaveform, Waveform

__all__ = [
    "CAVEAT",
    "DIRECTIONS",
    "FORMS",
    "INTERPOLATIONS",
    "PATTERNS",
    "SHAPES",
    "Carrier",
    "ChargeReport",
    "Direction",
    "ExponentialPulse",
    "Form",
    "Interpolation",
    "PassiveRecharge",
    "Phase",
    "Pulse",
    "PulseShape",
    "PulseTrain",
    "SampledWaveform",
    "Samples",
    "Segment",
    "Shape",
    "StimulusSection",
    "TrapezoidPulse",
    "Waveform",
    "charge_report",
    "check_interleaved",
    "check_waveform",
    "interleaved",
    "place",
    "read_samples",
    "sample_pulses",
    "section_faults",
    "stimulus_pulse",
]
