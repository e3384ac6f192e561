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
    from scsim.electrodes import Cuff, Lead, Paddle, Pads, bend_lead
    from scsim.electrodes.catalog import lead_names, load_lead
    from scsim.electrodes.contacts import ArcContact, Contact, PadContact, PlateContact, RingContact
    from scsim.electrodes.lead import contact_sources, place_lead
    from scsim.electrodes.montage import Montage, parse_montage, share_vector
    from scsim.electrodes.sources import DiskSource, LineSource, PointSource
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
    from scsim.fields.accuracy import FieldAccuracy, compare_media
    from scsim.fields.analytic import HomogeneousMedium, InsulatedHalfSpace, TwoHalfSpaces
    from scsim.fields.control import (
        ContactState,
        access_resistance_ohm,
        current_control,
        voltage_control,
    )
    from scsim.fields.cuff import CuffMedium, CuffProblem, CuffSettings
    from scsim.fields.imported import ImportedField, read_imported
    from scsim.fields.labels import LabelVolume, read_label_volume
    from scsim.fields.layers import ConcentricLayers
    from scsim.fields.recording import recorded_potential, recording_weights
    from scsim.fields.spectral import ExtrudedMedium, SectionProblem, SpectralSettings
    from scsim.fields.store import FieldStore, default_store
    from scsim.fields.unit_potential import superpose
    from scsim.fields.voxel import VoxelMedium, VoxelProblem, VoxelSettings
    from scsim.plots.paraview import export_vtu
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
    from scsim.tissue import Spine, SpineSection, dorsal_seat, load_spine, spine_names
    from scsim.tissue.materials import (
        Conductivities,
        ConductivitySection,
        conductivity_names,
        load_conductivities,
    )
    from scsim.tissue.nerve import Nerve, load_nerve, nerve_names

    __version__: str

__all__ = [
    "ActivatingFunction",
    "ArcContact",
    "BlockThresholds",
    "Carrier",
    "ConcentricLayers",
    "ConductionVelocity",
    "Conductivities",
    "ConductivitySection",
    "ConfigError",
    "Contact",
    "ContactState",
    "ConvergenceError",
    "Cuff",
    "CuffMedium",
    "CuffProblem",
    "CuffSettings",
    "DiskSource",
    "ExponentialPulse",
    "ExtrudedMedium",
    "Fiber",
    "FieldAccuracy",
    "FieldStore",
    "FollowingFrequency",
    "GeometryError",
    "HomogeneousMedium",
    "ImportedField",
    "InsulatedHalfSpace",
    "IntracellularPulse",
    "LabelVolume",
    "Lead",
    "LineSource",
    "ModelError",
    "Montage",
    "Nerve",
    "PadContact",
    "Paddle",
    "Pads",
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
    "SectionProblem",
    "Solver",
    "Source",
    "SpectralSettings",
    "Spine",
    "SpineSection",
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
    "VoxelMedium",
    "VoxelProblem",
    "VoxelSettings",
    "__version__",
    "access_resistance_ohm",
    "activating_function",
    "advice",
    "bend_lead",
    "compare_media",
    "conductivity_names",
    "contact_sources",
    "crossing_times_ms",
    "current_control",
    "default_store",
    "dorsal_seat",
    "export_vtu",
    "fiber_models",
    "find_block_thresholds",
    "find_following_frequency",
    "find_thresholds",
    "fit_strength_duration",
    "interleaved",
    "lead_names",
    "load",
    "load_conductivities",
    "load_lead",
    "load_nerve",
    "load_results",
    "load_spine",
    "measure_recovery_cycle",
    "measure_strength_duration",
    "measure_train",
    "measure_velocity",
    "nerve_names",
    "parse_montage",
    "place_lead",
    "plots",
    "predict_thresholds",
    "read_imported",
    "read_label_volume",
    "read_samples",
    "recordable",
    "recorded_potential",
    "recording_bytes",
    "recording_weights",
    "recruited_mask",
    "recruited_share",
    "run",
    "share_vector",
    "simulate",
    "spine_names",
    "superpose",
    "voltage_control",
]

_HOME: Final = MappingProxyType(
    {
        "ActivatingFunction": ("scsim.response.linear", "ActivatingFunction"),
        "ArcContact": ("scsim.electrodes.contacts", "ArcContact"),
        "BlockThresholds": ("scsim.response.block", "BlockThresholds"),
        "Carrier": ("scsim.stimulus.carrier", "Carrier"),
        "ConcentricLayers": ("scsim.fields.layers", "ConcentricLayers"),
        "ConductionVelocity": ("scsim.response.velocity", "ConductionVelocity"),
        "Conductivities": ("scsim.tissue.materials", "Conductivities"),
        "ConductivitySection": ("scsim.tissue.materials", "ConductivitySection"),
        "ConfigError": ("scsim.errors", "ConfigError"),
        "Contact": ("scsim.electrodes.contacts", "Contact"),
        "ContactState": ("scsim.fields.control", "ContactState"),
        "ConvergenceError": ("scsim.errors", "ConvergenceError"),
        "Cuff": ("scsim.electrodes", "Cuff"),
        "CuffMedium": ("scsim.fields.cuff", "CuffMedium"),
        "CuffProblem": ("scsim.fields.cuff", "CuffProblem"),
        "CuffSettings": ("scsim.fields.cuff", "CuffSettings"),
        "DiskSource": ("scsim.electrodes.sources", "DiskSource"),
        "ExponentialPulse": ("scsim.stimulus.shapes", "ExponentialPulse"),
        "ExtrudedMedium": ("scsim.fields.spectral", "ExtrudedMedium"),
        "Fiber": ("scsim.fibers", "Fiber"),
        "FieldAccuracy": ("scsim.fields.accuracy", "FieldAccuracy"),
        "FieldStore": ("scsim.fields.store", "FieldStore"),
        "FollowingFrequency": ("scsim.response.trains", "FollowingFrequency"),
        "GeometryError": ("scsim.errors", "GeometryError"),
        "HomogeneousMedium": ("scsim.fields.analytic", "HomogeneousMedium"),
        "ImportedField": ("scsim.fields.imported", "ImportedField"),
        "InsulatedHalfSpace": ("scsim.fields.analytic", "InsulatedHalfSpace"),
        "IntracellularPulse": ("scsim.response.drive", "IntracellularPulse"),
        "LabelVolume": ("scsim.fields.labels", "LabelVolume"),
        "Lead": ("scsim.electrodes", "Lead"),
        "LineSource": ("scsim.electrodes.sources", "LineSource"),
        "ModelError": ("scsim.errors", "ModelError"),
        "Montage": ("scsim.electrodes.montage", "Montage"),
        "Nerve": ("scsim.tissue.nerve", "Nerve"),
        "PadContact": ("scsim.electrodes.contacts", "PadContact"),
        "Paddle": ("scsim.electrodes", "Paddle"),
        "Pads": ("scsim.electrodes", "Pads"),
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
        "SectionProblem": ("scsim.fields.spectral", "SectionProblem"),
        "Solver": ("scsim.fibers.solver", "Solver"),
        "Source": ("scsim.response.drive", "Source"),
        "SpectralSettings": ("scsim.fields.spectral", "SpectralSettings"),
        "Spine": ("scsim.tissue", "Spine"),
        "SpineSection": ("scsim.tissue", "SpineSection"),
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
        "VoxelMedium": ("scsim.fields.voxel", "VoxelMedium"),
        "VoxelProblem": ("scsim.fields.voxel", "VoxelProblem"),
        "VoxelSettings": ("scsim.fields.voxel", "VoxelSettings"),
        "access_resistance_ohm": ("scsim.fields.control", "access_resistance_ohm"),
        "activating_function": ("scsim.response.linear", "activating_function"),
        "advice": ("scsim.errors", "advice"),
        "bend_lead": ("scsim.electrodes", "bend_lead"),
        "compare_media": ("scsim.fields.accuracy", "compare_media"),
        "conductivity_names": ("scsim.tissue.materials", "conductivity_names"),
        "contact_sources": ("scsim.electrodes.lead", "contact_sources"),
        "crossing_times_ms": ("scsim.response.simulate", "crossing_times_ms"),
        "current_control": ("scsim.fields.control", "current_control"),
        "default_store": ("scsim.fields.store", "default_store"),
        "dorsal_seat": ("scsim.tissue", "dorsal_seat"),
        "export_vtu": ("scsim.plots.paraview", "export_vtu"),
        "fiber_models": ("scsim.fibers", "fiber_models"),
        "find_block_thresholds": ("scsim.response.block", "find_block_thresholds"),
        "find_following_frequency": ("scsim.response.trains", "find_following_frequency"),
        "find_thresholds": ("scsim.response.threshold", "find_thresholds"),
        "fit_strength_duration": ("scsim.response.strength_duration", "fit_strength_duration"),
        "interleaved": ("scsim.stimulus.programs", "interleaved"),
        "lead_names": ("scsim.electrodes.catalog", "lead_names"),
        "load": ("scsim.study.parse", "load_study"),
        "load_conductivities": ("scsim.tissue.materials", "load_conductivities"),
        "load_lead": ("scsim.electrodes.catalog", "load_lead"),
        "load_nerve": ("scsim.tissue.nerve", "load_nerve"),
        "load_results": ("scsim.results.store", "load_results"),
        "load_spine": ("scsim.tissue", "load_spine"),
        "measure_recovery_cycle": ("scsim.response.recovery", "measure_recovery_cycle"),
        "measure_strength_duration": (
            "scsim.response.strength_duration",
            "measure_strength_duration",
        ),
        "measure_train": ("scsim.response.trains", "measure_train"),
        "measure_velocity": ("scsim.response.velocity", "measure_velocity"),
        "nerve_names": ("scsim.tissue.nerve", "nerve_names"),
        "parse_montage": ("scsim.electrodes.montage", "parse_montage"),
        "place_lead": ("scsim.electrodes.lead", "place_lead"),
        "predict_thresholds": ("scsim.response.linear", "predict_thresholds"),
        "read_imported": ("scsim.fields.imported", "read_imported"),
        "read_label_volume": ("scsim.fields.labels", "read_label_volume"),
        "read_samples": ("scsim.stimulus.samples", "read_samples"),
        "recordable": ("scsim.response.quantities", "recordable"),
        "recorded_potential": ("scsim.fields.recording", "recorded_potential"),
        "recording_bytes": ("scsim.response.quantities", "recording_bytes"),
        "recording_weights": ("scsim.fields.recording", "recording_weights"),
        "recruited_mask": ("scsim.response.recruitment", "recruited_mask"),
        "recruited_share": ("scsim.response.recruitment", "recruited_share"),
        "run": ("scsim.study.run", "run"),
        "share_vector": ("scsim.electrodes.montage", "share_vector"),
        "simulate": ("scsim.response.simulate", "simulate"),
        "spine_names": ("scsim.tissue", "spine_names"),
        "superpose": ("scsim.fields.unit_potential", "superpose"),
        "voltage_control": ("scsim.fields.control", "voltage_control"),
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
