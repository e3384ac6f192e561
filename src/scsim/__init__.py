"""Simulate electrical stimulation of the spinal cord and of peripheral nerves.

The public names, loaded late: ``import scsim`` reads no other file of the package, so it pulls in
neither numba nor matplotlib. Code does not belong here.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from scsim import plots
    from scsim.electrodes.catalog import lead_names, load_lead
    from scsim.electrodes.contacts import ArcContact, Contact, PadContact, PlateContact, RingContact
    from scsim.electrodes.lead import Lead, contact_sources, place_lead
    from scsim.electrodes.montage import Montage, parse_montage, share_vector
    from scsim.electrodes.sources import LineSource, PointSource
    from scsim.errors import (
        ConfigError,
        ConvergenceError,
        GeometryError,
        ModelError,
        ResultsError,
        ScsimError,
        Status,
        StimulusError,
        advice,
    )
    from scsim.fibers import Fiber, fiber_models
    from scsim.fibers.solver import Solver
    from scsim.fields.analytic import HomogeneousMedium, TwoHalfSpaces
    from scsim.fields.unit_potential import superpose
    from scsim.response.block import BlockThresholds, find_block_thresholds
    from scsim.response.drive import IntracellularPulse, Source
    from scsim.response.linear import (
        ActivatingFunction,
        PredictedThresholds,
        activating_function,
        predict_thresholds,
    )
    from scsim.response.quantities import recordable, recording_bytes
    from scsim.response.recovery import RecoveryCycle, measure_recovery_cycle
    from scsim.response.recruitment import recruited_mask, recruited_share
    from scsim.response.simulate import Response, crossing_times_ms, simulate
    from scsim.response.strength_duration import (
        StrengthDuration,
        StrengthDurationFit,
        fit_strength_duration,
        measure_strength_duration,
    )
    from scsim.response.threshold import ThresholdProtocol, Thresholds, find_thresholds
    from scsim.response.trains import (
        FollowingFrequency,
        TrainResponse,
        find_following_frequency,
        measure_train,
    )
    from scsim.response.velocity import ConductionVelocity, measure_velocity
    from scsim.results.store import Results, load_results
    from scsim.stimulus.carrier import Carrier
    from scsim.stimulus.programs import interleaved
    from scsim.stimulus.pulse import Pulse
    from scsim.stimulus.recharge import PassiveRecharge
    from scsim.stimulus.samples import Samples, read_samples
    from scsim.stimulus.shapes import ExponentialPulse, TrapezoidPulse
    from scsim.stimulus.train import PulseTrain
    from scsim.study.config import Study
    from scsim.study.parse import load_study as load
    from scsim.study.run import run

    __version__: str

__all__ = [
    "ActivatingFunction",
    "ArcContact",
    "BlockThresholds",
    "Carrier",
    "ConductionVelocity",
    "ConfigError",
    "Contact",
    "ConvergenceError",
    "ExponentialPulse",
    "Fiber",
    "FollowingFrequency",
    "GeometryError",
    "HomogeneousMedium",
    "IntracellularPulse",
    "Lead",
    "LineSource",
    "ModelError",
    "Montage",
    "PadContact",
    "PassiveRecharge",
    "PlateContact",
    "PointSource",
    "PredictedThresholds",
    "Pulse",
    "PulseTrain",
    "RecoveryCycle",
    "Response",
    "Results",
    "ResultsError",
    "RingContact",
    "Samples",
    "ScsimError",
    "Solver",
    "Source",
    "Status",
    "StimulusError",
    "StrengthDuration",
    "StrengthDurationFit",
    "Study",
    "ThresholdProtocol",
    "Thresholds",
    "TrainResponse",
    "TrapezoidPulse",
    "TwoHalfSpaces",
    "__version__",
    "activating_function",
    "advice",
    "contact_sources",
    "crossing_times_ms",
    "fiber_models",
    "find_block_thresholds",
    "find_following_frequency",
    "find_thresholds",
    "fit_strength_duration",
    "interleaved",
    "lead_names",
    "load",
    "load_lead",
    "load_results",
    "measure_recovery_cycle",
    "measure_strength_duration",
    "measure_train",
    "measure_velocity",
    "parse_montage",
    "place_lead",
    "plots",
    "predict_thresholds",
    "read_samples",
    "recordable",
    "recording_bytes",
    "recruited_mask",
    "recruited_share",
    "run",
    "share_vector",
    "simulate",
    "superpose",
]

_HOME: Final = MappingProxyType(
    {
        "ActivatingFunction": ("scsim.response.linear", "ActivatingFunction"),
        "ArcContact": ("scsim.electrodes.contacts", "ArcContact"),
        "BlockThresholds": ("scsim.response.block", "BlockThresholds"),
        "Carrier": ("scsim.stimulus.carrier", "Carrier"),
        "ConductionVelocity": ("scsim.response.velocity", "ConductionVelocity"),
        "ConfigError": ("scsim.errors", "ConfigError"),
        "Contact": ("scsim.electrodes.contacts", "Contact"),
        "ConvergenceError": ("scsim.errors", "ConvergenceError"),
        "ExponentialPulse": ("scsim.stimulus.shapes", "ExponentialPulse"),
        "Fiber": ("scsim.fibers", "Fiber"),
        "FollowingFrequency": ("scsim.response.trains", "FollowingFrequency"),
        "GeometryError": ("scsim.errors", "GeometryError"),
        "HomogeneousMedium": ("scsim.fields.analytic", "HomogeneousMedium"),
        "IntracellularPulse": ("scsim.response.drive", "IntracellularPulse"),
        "Lead": ("scsim.electrodes.lead", "Lead"),
        "LineSource": ("scsim.electrodes.sources", "LineSource"),
        "ModelError": ("scsim.errors", "ModelError"),
        "Montage": ("scsim.electrodes.montage", "Montage"),
        "PadContact": ("scsim.electrodes.contacts", "PadContact"),
        "PassiveRecharge": ("scsim.stimulus.recharge", "PassiveRecharge"),
        "PlateContact": ("scsim.electrodes.contacts", "PlateContact"),
        "PointSource": ("scsim.electrodes.sources", "PointSource"),
        "PredictedThresholds": ("scsim.response.linear", "PredictedThresholds"),
        "Pulse": ("scsim.stimulus.pulse", "Pulse"),
        "PulseTrain": ("scsim.stimulus.train", "PulseTrain"),
        "RecoveryCycle": ("scsim.response.recovery", "RecoveryCycle"),
        "Response": ("scsim.response.simulate", "Response"),
        "Results": ("scsim.results.store", "Results"),
        "ResultsError": ("scsim.errors", "ResultsError"),
        "RingContact": ("scsim.electrodes.contacts", "RingContact"),
        "Samples": ("scsim.stimulus.samples", "Samples"),
        "ScsimError": ("scsim.errors", "ScsimError"),
        "Solver": ("scsim.fibers.solver", "Solver"),
        "Source": ("scsim.response.drive", "Source"),
        "Status": ("scsim.errors", "Status"),
        "StimulusError": ("scsim.errors", "StimulusError"),
        "StrengthDuration": ("scsim.response.strength_duration", "StrengthDuration"),
        "StrengthDurationFit": ("scsim.response.strength_duration", "StrengthDurationFit"),
        "Study": ("scsim.study.config", "Study"),
        "ThresholdProtocol": ("scsim.response.threshold", "ThresholdProtocol"),
        "Thresholds": ("scsim.response.threshold", "Thresholds"),
        "TrainResponse": ("scsim.response.trains", "TrainResponse"),
        "TrapezoidPulse": ("scsim.stimulus.shapes", "TrapezoidPulse"),
        "TwoHalfSpaces": ("scsim.fields.analytic", "TwoHalfSpaces"),
        "activating_function": ("scsim.response.linear", "activating_function"),
        "advice": ("scsim.errors", "advice"),
        "contact_sources": ("scsim.electrodes.lead", "contact_sources"),
        "crossing_times_ms": ("scsim.response.simulate", "crossing_times_ms"),
        "fiber_models": ("scsim.fibers", "fiber_models"),
        "find_block_thresholds": ("scsim.response.block", "find_block_thresholds"),
        "find_following_frequency": ("scsim.response.trains", "find_following_frequency"),
        "find_thresholds": ("scsim.response.threshold", "find_thresholds"),
        "fit_strength_duration": ("scsim.response.strength_duration", "fit_strength_duration"),
        "interleaved": ("scsim.stimulus.programs", "interleaved"),
        "lead_names": ("scsim.electrodes.catalog", "lead_names"),
        "load": ("scsim.study.parse", "load_study"),
        "load_lead": ("scsim.electrodes.catalog", "load_lead"),
        "load_results": ("scsim.results.store", "load_results"),
        "measure_recovery_cycle": ("scsim.response.recovery", "measure_recovery_cycle"),
        "measure_strength_duration": (
            "scsim.response.strength_duration",
            "measure_strength_duration",
        ),
        "measure_train": ("scsim.response.trains", "measure_train"),
        "measure_velocity": ("scsim.response.velocity", "measure_velocity"),
        "parse_montage": ("scsim.electrodes.montage", "parse_montage"),
        "place_lead": ("scsim.electrodes.lead", "place_lead"),
        "predict_thresholds": ("scsim.response.linear", "predict_thresholds"),
        "read_samples": ("scsim.stimulus.samples", "read_samples"),
        "recruited_mask": ("scsim.response.recruitment", "recruited_mask"),
        "recruited_share": ("scsim.response.recruitment", "recruited_share"),
        "run": ("scsim.study.run", "run"),
        "share_vector": ("scsim.electrodes.montage", "share_vector"),
        "recordable": ("scsim.response.quantities", "recordable"),
        "recording_bytes": ("scsim.response.quantities", "recording_bytes"),
        "simulate": ("scsim.response.simulate", "simulate"),
        "superpose": ("scsim.fields.unit_potential", "superpose"),
    }
)
"""Public name, and the module and the name there that it stands for."""


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        found: object = version("scsim")
    elif name == "plots":
        found = import_module("scsim.plots")
    elif name in _HOME:
        module, attribute = _HOME[name]
        found = getattr(import_module(module), attribute)
    else:
        msg = f"module 'scsim' has no attribute {name!r}; its public names are in scsim.__all__"
        raise AttributeError(msg)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what is public."""
    return sorted(__all__)
