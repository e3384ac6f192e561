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
    from scsim.circuit.catalog import load_circuit, read_circuit
    from scsim.circuit.inputs.damage import damage_trains, published_damage
    from scsim.circuit.inputs.protocols import (
        NaturalProtocol,
        load_protocol,
        mean_rates_hz,
        natural_trains,
        protocol_names,
    )
    from scsim.circuit.inputs.train_patterns import Burst, NormalIntervals, Poisson, Regular
    from scsim.circuit.inputs.trains import FiberTrains, merge_trains, recorded_trains
    from scsim.circuit.inputs.volleys import (
        burst_pulses_ms,
        followed_trains,
        masked_volleys,
        stimulation_trains,
        tonic_pulses_ms,
    )
    from scsim.circuit.integrate_fire import (
        IntegrateFireCircuit,
        IntegrateFireResponse,
        irregular_trains,
        locked_trains,
        simulate_integrate_fire,
    )
    from scsim.circuit.networks.network import SpikingCircuit
    from scsim.circuit.networks.run_network import (
        CurrentStep,
        NetworkResponse,
        VoltageRecording,
        simulate_network,
    )
    from scsim.circuit.rates.fiber_rates import poisson_trains, rates_from_trains
    from scsim.circuit.rates.rate import InputBoxes, RateBox, RateCircuit, SampledRates
    from scsim.circuit.rates.run_rate import RateResponse, SteadyState, simulate_rates, steady_state
    from scsim.circuit.rates.sleep import (
        SleepCourse,
        SleepModel,
        daily_sensitivity_percent,
        load_sleep_model,
        scale_sensitivity,
        sensitivity_factor,
        simulate_sleep,
    )
    from scsim.circuit.readouts.locking import (
        pulse_phases,
        split_by_pulse,
        split_rates,
        vector_strength,
    )
    from scsim.circuit.readouts.pain import pain_signal, rating_illustrative, relief
    from scsim.circuit.readouts.readout import (
        confidence_interval,
        first_spike_latency_ms,
        peristimulus_histogram,
        spike_rate_hz,
        wind_up_curve,
    )
    from scsim.circuit.states import apply_states, input_effects, state_names, states_of
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
    from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem, SpectralSettings
    from scsim.fields.closed_form.analytic import (
        HomogeneousMedium,
        InsulatedHalfSpace,
        TwoHalfSpaces,
    )
    from scsim.fields.closed_form.layers import ConcentricLayers
    from scsim.fields.control import (
        ContactState,
        access_resistance_ohm,
        current_control,
        voltage_control,
    )
    from scsim.fields.cuffs.cuff import CuffMedium, CuffProblem, CuffSettings
    from scsim.fields.imported import ImportedField, read_imported
    from scsim.fields.recording import recorded_potential, recording_weights
    from scsim.fields.store import FieldStore, default_store
    from scsim.fields.unit_potential import superpose
    from scsim.fields.voxels.labels import LabelVolume, read_label_volume
    from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
    from scsim.formats.spikes import read_spike_times
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
    from scsim.results.correlations import correlations
    from scsim.results.labelled import LabelledArray
    from scsim.results.recover import recover_results
    from scsim.results.sensitivity import sensitivity
    from scsim.results.store import Results, load_results
    from scsim.results.summary import summarize
    from scsim.stimulus.carrier import Carrier
    from scsim.stimulus.programs import interleaved
    from scsim.stimulus.pulse import Pulse
    from scsim.stimulus.recharge import PassiveRecharge
    from scsim.stimulus.samples import Samples, read_samples
    from scsim.stimulus.shapes import ExponentialPulse, TrapezoidPulse
    from scsim.stimulus.train import PulseTrain
    from scsim.study.config import Study
    from scsim.study.execution.cluster import connect_scheduler, start_cluster
    from scsim.study.execution.cluster_file import read_cluster
    from scsim.study.execution.plan import make_plan
    from scsim.study.merge import merge_folders
    from scsim.study.reading.json_schema import config_schema
    from scsim.study.reading.parse import load_study as load
    from scsim.study.rerun import rerun
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
    "Burst",
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
    "CurrentStep",
    "DiskSource",
    "ExponentialPulse",
    "ExtrudedMedium",
    "Fiber",
    "FiberTrains",
    "FieldAccuracy",
    "FieldStore",
    "FollowingFrequency",
    "GeometryError",
    "HomogeneousMedium",
    "ImportedField",
    "InputBoxes",
    "InsulatedHalfSpace",
    "IntegrateFireCircuit",
    "IntegrateFireResponse",
    "IntracellularPulse",
    "LabelVolume",
    "LabelledArray",
    "Lead",
    "LineSource",
    "ModelError",
    "Montage",
    "NaturalProtocol",
    "Nerve",
    "NetworkResponse",
    "NormalIntervals",
    "PadContact",
    "Paddle",
    "Pads",
    "PassiveRecharge",
    "PlateContact",
    "PointSource",
    "Poisson",
    "PredictedThresholds",
    "Pulse",
    "PulseTrain",
    "RateBox",
    "RateCircuit",
    "RateResponse",
    "RecoveryCycle",
    "Regular",
    "Response",
    "Results",
    "ResultsError",
    "RingContact",
    "SampledRates",
    "Samples",
    "ScsimError",
    "SectionProblem",
    "SleepCourse",
    "SleepModel",
    "Solver",
    "Source",
    "SpectralSettings",
    "SpikingCircuit",
    "Spine",
    "SpineSection",
    "Status",
    "SteadyState",
    "StimulusError",
    "StrengthDuration",
    "StrengthDurationFit",
    "Study",
    "ThresholdProtocol",
    "Thresholds",
    "TrainResponse",
    "TrapezoidPulse",
    "TwoHalfSpaces",
    "VoltageRecording",
    "VoxelMedium",
    "VoxelProblem",
    "VoxelSettings",
    "__version__",
    "access_resistance_ohm",
    "activating_function",
    "advice",
    "apply_states",
    "bend_lead",
    "burst_pulses_ms",
    "compare_media",
    "conductivity_names",
    "confidence_interval",
    "config_schema",
    "connect_scheduler",
    "contact_sources",
    "correlations",
    "crossing_times_ms",
    "current_control",
    "daily_sensitivity_percent",
    "damage_trains",
    "default_store",
    "dorsal_seat",
    "export_vtu",
    "fiber_models",
    "find_block_thresholds",
    "find_following_frequency",
    "find_thresholds",
    "first_spike_latency_ms",
    "fit_strength_duration",
    "followed_trains",
    "input_effects",
    "interleaved",
    "irregular_trains",
    "lead_names",
    "load",
    "load_circuit",
    "load_conductivities",
    "load_lead",
    "load_nerve",
    "load_protocol",
    "load_results",
    "load_sleep_model",
    "load_spine",
    "locked_trains",
    "make_plan",
    "masked_volleys",
    "mean_rates_hz",
    "measure_recovery_cycle",
    "measure_strength_duration",
    "measure_train",
    "measure_velocity",
    "merge_folders",
    "merge_trains",
    "natural_trains",
    "nerve_names",
    "pain_signal",
    "parse_montage",
    "peristimulus_histogram",
    "place_lead",
    "plots",
    "poisson_trains",
    "predict_thresholds",
    "protocol_names",
    "published_damage",
    "pulse_phases",
    "rates_from_trains",
    "rating_illustrative",
    "read_circuit",
    "read_cluster",
    "read_imported",
    "read_label_volume",
    "read_samples",
    "read_spike_times",
    "recordable",
    "recorded_potential",
    "recorded_trains",
    "recording_bytes",
    "recording_weights",
    "recover_results",
    "recruited_mask",
    "recruited_share",
    "relief",
    "rerun",
    "run",
    "scale_sensitivity",
    "sensitivity",
    "sensitivity_factor",
    "share_vector",
    "simulate",
    "simulate_integrate_fire",
    "simulate_network",
    "simulate_rates",
    "simulate_sleep",
    "spike_rate_hz",
    "spine_names",
    "split_by_pulse",
    "split_rates",
    "start_cluster",
    "state_names",
    "states_of",
    "steady_state",
    "stimulation_trains",
    "summarize",
    "superpose",
    "tonic_pulses_ms",
    "vector_strength",
    "voltage_control",
    "wind_up_curve",
]

_HOME: Final = MappingProxyType(
    {
        "ActivatingFunction": ("scsim.response.linear", "ActivatingFunction"),
        "ArcContact": ("scsim.electrodes.contacts", "ArcContact"),
        "BlockThresholds": ("scsim.response.block", "BlockThresholds"),
        "Burst": ("scsim.circuit.inputs.train_patterns", "Burst"),
        "Carrier": ("scsim.stimulus.carrier", "Carrier"),
        "ConcentricLayers": ("scsim.fields.closed_form.layers", "ConcentricLayers"),
        "ConductionVelocity": ("scsim.response.velocity", "ConductionVelocity"),
        "Conductivities": ("scsim.tissue.materials", "Conductivities"),
        "ConductivitySection": ("scsim.tissue.materials", "ConductivitySection"),
        "ConfigError": ("scsim.errors", "ConfigError"),
        "Contact": ("scsim.electrodes.contacts", "Contact"),
        "ContactState": ("scsim.fields.control", "ContactState"),
        "ConvergenceError": ("scsim.errors", "ConvergenceError"),
        "Cuff": ("scsim.electrodes", "Cuff"),
        "CuffMedium": ("scsim.fields.cuffs.cuff", "CuffMedium"),
        "CuffProblem": ("scsim.fields.cuffs.cuff", "CuffProblem"),
        "CuffSettings": ("scsim.fields.cuffs.cuff", "CuffSettings"),
        "CurrentStep": ("scsim.circuit.networks.run_network", "CurrentStep"),
        "DiskSource": ("scsim.electrodes.sources", "DiskSource"),
        "ExponentialPulse": ("scsim.stimulus.shapes", "ExponentialPulse"),
        "ExtrudedMedium": ("scsim.fields.canal.spectral", "ExtrudedMedium"),
        "Fiber": ("scsim.fibers", "Fiber"),
        "FiberTrains": ("scsim.circuit.inputs.trains", "FiberTrains"),
        "FieldAccuracy": ("scsim.fields.accuracy", "FieldAccuracy"),
        "FieldStore": ("scsim.fields.store", "FieldStore"),
        "FollowingFrequency": ("scsim.response.trains", "FollowingFrequency"),
        "GeometryError": ("scsim.errors", "GeometryError"),
        "HomogeneousMedium": ("scsim.fields.closed_form.analytic", "HomogeneousMedium"),
        "ImportedField": ("scsim.fields.imported", "ImportedField"),
        "InputBoxes": ("scsim.circuit.rates.rate", "InputBoxes"),
        "InsulatedHalfSpace": ("scsim.fields.closed_form.analytic", "InsulatedHalfSpace"),
        "IntegrateFireCircuit": ("scsim.circuit.integrate_fire", "IntegrateFireCircuit"),
        "IntegrateFireResponse": ("scsim.circuit.integrate_fire", "IntegrateFireResponse"),
        "IntracellularPulse": ("scsim.response.drive", "IntracellularPulse"),
        "LabelVolume": ("scsim.fields.voxels.labels", "LabelVolume"),
        "LabelledArray": ("scsim.results.labelled", "LabelledArray"),
        "Lead": ("scsim.electrodes", "Lead"),
        "LineSource": ("scsim.electrodes.sources", "LineSource"),
        "ModelError": ("scsim.errors", "ModelError"),
        "Montage": ("scsim.electrodes.montage", "Montage"),
        "NaturalProtocol": ("scsim.circuit.inputs.protocols", "NaturalProtocol"),
        "Nerve": ("scsim.tissue.nerve", "Nerve"),
        "NetworkResponse": ("scsim.circuit.networks.run_network", "NetworkResponse"),
        "NormalIntervals": ("scsim.circuit.inputs.train_patterns", "NormalIntervals"),
        "PadContact": ("scsim.electrodes.contacts", "PadContact"),
        "Paddle": ("scsim.electrodes", "Paddle"),
        "Pads": ("scsim.electrodes", "Pads"),
        "PassiveRecharge": ("scsim.stimulus.recharge", "PassiveRecharge"),
        "PlateContact": ("scsim.electrodes.contacts", "PlateContact"),
        "PointSource": ("scsim.electrodes.sources", "PointSource"),
        "Poisson": ("scsim.circuit.inputs.train_patterns", "Poisson"),
        "PredictedThresholds": ("scsim.response.linear", "PredictedThresholds"),
        "Pulse": ("scsim.stimulus.pulse", "Pulse"),
        "PulseTrain": ("scsim.stimulus.train", "PulseTrain"),
        "RateBox": ("scsim.circuit.rates.rate", "RateBox"),
        "RateCircuit": ("scsim.circuit.rates.rate", "RateCircuit"),
        "RateResponse": ("scsim.circuit.rates.run_rate", "RateResponse"),
        "RecoveryCycle": ("scsim.response.recovery", "RecoveryCycle"),
        "Regular": ("scsim.circuit.inputs.train_patterns", "Regular"),
        "Response": ("scsim.response.simulate", "Response"),
        "Results": ("scsim.results.store", "Results"),
        "ResultsError": ("scsim.errors", "ResultsError"),
        "RingContact": ("scsim.electrodes.contacts", "RingContact"),
        "SampledRates": ("scsim.circuit.rates.rate", "SampledRates"),
        "Samples": ("scsim.stimulus.samples", "Samples"),
        "ScsimError": ("scsim.errors", "ScsimError"),
        "SectionProblem": ("scsim.fields.canal.spectral", "SectionProblem"),
        "SleepCourse": ("scsim.circuit.rates.sleep", "SleepCourse"),
        "SleepModel": ("scsim.circuit.rates.sleep", "SleepModel"),
        "Solver": ("scsim.fibers.solver", "Solver"),
        "Source": ("scsim.response.drive", "Source"),
        "SpectralSettings": ("scsim.fields.canal.spectral", "SpectralSettings"),
        "SpikingCircuit": ("scsim.circuit.networks.network", "SpikingCircuit"),
        "Spine": ("scsim.tissue", "Spine"),
        "SpineSection": ("scsim.tissue", "SpineSection"),
        "Status": ("scsim.errors", "Status"),
        "SteadyState": ("scsim.circuit.rates.run_rate", "SteadyState"),
        "StimulusError": ("scsim.errors", "StimulusError"),
        "StrengthDuration": ("scsim.response.strength_duration", "StrengthDuration"),
        "StrengthDurationFit": ("scsim.response.strength_duration", "StrengthDurationFit"),
        "Study": ("scsim.study.config", "Study"),
        "ThresholdProtocol": ("scsim.response.threshold", "ThresholdProtocol"),
        "Thresholds": ("scsim.response.threshold", "Thresholds"),
        "TrainResponse": ("scsim.response.trains", "TrainResponse"),
        "TrapezoidPulse": ("scsim.stimulus.shapes", "TrapezoidPulse"),
        "TwoHalfSpaces": ("scsim.fields.closed_form.analytic", "TwoHalfSpaces"),
        "VoltageRecording": ("scsim.circuit.networks.run_network", "VoltageRecording"),
        "VoxelMedium": ("scsim.fields.voxels.voxel", "VoxelMedium"),
        "VoxelProblem": ("scsim.fields.voxels.voxel", "VoxelProblem"),
        "VoxelSettings": ("scsim.fields.voxels.voxel", "VoxelSettings"),
        "access_resistance_ohm": ("scsim.fields.control", "access_resistance_ohm"),
        "activating_function": ("scsim.response.linear", "activating_function"),
        "advice": ("scsim.errors", "advice"),
        "apply_states": ("scsim.circuit.states", "apply_states"),
        "bend_lead": ("scsim.electrodes", "bend_lead"),
        "burst_pulses_ms": ("scsim.circuit.inputs.volleys", "burst_pulses_ms"),
        "compare_media": ("scsim.fields.accuracy", "compare_media"),
        "conductivity_names": ("scsim.tissue.materials", "conductivity_names"),
        "confidence_interval": ("scsim.circuit.readouts.readout", "confidence_interval"),
        "config_schema": ("scsim.study.reading.json_schema", "config_schema"),
        "connect_scheduler": ("scsim.study.execution.cluster", "connect_scheduler"),
        "contact_sources": ("scsim.electrodes.lead", "contact_sources"),
        "correlations": ("scsim.results.correlations", "correlations"),
        "crossing_times_ms": ("scsim.response.simulate", "crossing_times_ms"),
        "current_control": ("scsim.fields.control", "current_control"),
        "daily_sensitivity_percent": ("scsim.circuit.rates.sleep", "daily_sensitivity_percent"),
        "damage_trains": ("scsim.circuit.inputs.damage", "damage_trains"),
        "default_store": ("scsim.fields.store", "default_store"),
        "dorsal_seat": ("scsim.tissue", "dorsal_seat"),
        "export_vtu": ("scsim.plots.paraview", "export_vtu"),
        "fiber_models": ("scsim.fibers", "fiber_models"),
        "find_block_thresholds": ("scsim.response.block", "find_block_thresholds"),
        "find_following_frequency": ("scsim.response.trains", "find_following_frequency"),
        "find_thresholds": ("scsim.response.threshold", "find_thresholds"),
        "first_spike_latency_ms": ("scsim.circuit.readouts.readout", "first_spike_latency_ms"),
        "fit_strength_duration": ("scsim.response.strength_duration", "fit_strength_duration"),
        "followed_trains": ("scsim.circuit.inputs.volleys", "followed_trains"),
        "input_effects": ("scsim.circuit.states", "input_effects"),
        "interleaved": ("scsim.stimulus.programs", "interleaved"),
        "irregular_trains": ("scsim.circuit.integrate_fire", "irregular_trains"),
        "lead_names": ("scsim.electrodes.catalog", "lead_names"),
        "load": ("scsim.study.reading.parse", "load_study"),
        "load_circuit": ("scsim.circuit.catalog", "load_circuit"),
        "load_conductivities": ("scsim.tissue.materials", "load_conductivities"),
        "load_lead": ("scsim.electrodes.catalog", "load_lead"),
        "load_nerve": ("scsim.tissue.nerve", "load_nerve"),
        "load_protocol": ("scsim.circuit.inputs.protocols", "load_protocol"),
        "load_results": ("scsim.results.store", "load_results"),
        "load_sleep_model": ("scsim.circuit.rates.sleep", "load_sleep_model"),
        "load_spine": ("scsim.tissue", "load_spine"),
        "locked_trains": ("scsim.circuit.integrate_fire", "locked_trains"),
        "masked_volleys": ("scsim.circuit.inputs.volleys", "masked_volleys"),
        "make_plan": ("scsim.study.execution.plan", "make_plan"),
        "mean_rates_hz": ("scsim.circuit.inputs.protocols", "mean_rates_hz"),
        "measure_recovery_cycle": ("scsim.response.recovery", "measure_recovery_cycle"),
        "measure_strength_duration": (
            "scsim.response.strength_duration",
            "measure_strength_duration",
        ),
        "measure_train": ("scsim.response.trains", "measure_train"),
        "measure_velocity": ("scsim.response.velocity", "measure_velocity"),
        "merge_folders": ("scsim.study.merge", "merge_folders"),
        "merge_trains": ("scsim.circuit.inputs.trains", "merge_trains"),
        "natural_trains": ("scsim.circuit.inputs.protocols", "natural_trains"),
        "nerve_names": ("scsim.tissue.nerve", "nerve_names"),
        "pain_signal": ("scsim.circuit.readouts.pain", "pain_signal"),
        "parse_montage": ("scsim.electrodes.montage", "parse_montage"),
        "peristimulus_histogram": ("scsim.circuit.readouts.readout", "peristimulus_histogram"),
        "place_lead": ("scsim.electrodes.lead", "place_lead"),
        "poisson_trains": ("scsim.circuit.rates.fiber_rates", "poisson_trains"),
        "predict_thresholds": ("scsim.response.linear", "predict_thresholds"),
        "protocol_names": ("scsim.circuit.inputs.protocols", "protocol_names"),
        "published_damage": ("scsim.circuit.inputs.damage", "published_damage"),
        "pulse_phases": ("scsim.circuit.readouts.locking", "pulse_phases"),
        "rates_from_trains": ("scsim.circuit.rates.fiber_rates", "rates_from_trains"),
        "rating_illustrative": ("scsim.circuit.readouts.pain", "rating_illustrative"),
        "read_circuit": ("scsim.circuit.catalog", "read_circuit"),
        "read_cluster": ("scsim.study.execution.cluster_file", "read_cluster"),
        "read_imported": ("scsim.fields.imported", "read_imported"),
        "read_label_volume": ("scsim.fields.voxels.labels", "read_label_volume"),
        "read_samples": ("scsim.stimulus.samples", "read_samples"),
        "read_spike_times": ("scsim.formats.spikes", "read_spike_times"),
        "recordable": ("scsim.response.quantities", "recordable"),
        "recorded_potential": ("scsim.fields.recording", "recorded_potential"),
        "recorded_trains": ("scsim.circuit.inputs.trains", "recorded_trains"),
        "recording_bytes": ("scsim.response.quantities", "recording_bytes"),
        "recording_weights": ("scsim.fields.recording", "recording_weights"),
        "recover_results": ("scsim.results.recover", "recover_results"),
        "recruited_mask": ("scsim.response.recruitment", "recruited_mask"),
        "recruited_share": ("scsim.response.recruitment", "recruited_share"),
        "relief": ("scsim.circuit.readouts.pain", "relief"),
        "rerun": ("scsim.study.rerun", "rerun"),
        "run": ("scsim.study.run", "run"),
        "scale_sensitivity": ("scsim.circuit.rates.sleep", "scale_sensitivity"),
        "sensitivity": ("scsim.results.sensitivity", "sensitivity"),
        "sensitivity_factor": ("scsim.circuit.rates.sleep", "sensitivity_factor"),
        "share_vector": ("scsim.electrodes.montage", "share_vector"),
        "simulate": ("scsim.response.simulate", "simulate"),
        "simulate_integrate_fire": ("scsim.circuit.integrate_fire", "simulate_integrate_fire"),
        "simulate_network": ("scsim.circuit.networks.run_network", "simulate_network"),
        "simulate_rates": ("scsim.circuit.rates.run_rate", "simulate_rates"),
        "simulate_sleep": ("scsim.circuit.rates.sleep", "simulate_sleep"),
        "spike_rate_hz": ("scsim.circuit.readouts.readout", "spike_rate_hz"),
        "spine_names": ("scsim.tissue", "spine_names"),
        "split_by_pulse": ("scsim.circuit.readouts.locking", "split_by_pulse"),
        "split_rates": ("scsim.circuit.readouts.locking", "split_rates"),
        "start_cluster": ("scsim.study.execution.cluster", "start_cluster"),
        "state_names": ("scsim.circuit.states", "state_names"),
        "states_of": ("scsim.circuit.states", "states_of"),
        "steady_state": ("scsim.circuit.rates.run_rate", "steady_state"),
        "stimulation_trains": ("scsim.circuit.inputs.volleys", "stimulation_trains"),
        "summarize": ("scsim.results.summary", "summarize"),
        "superpose": ("scsim.fields.unit_potential", "superpose"),
        "tonic_pulses_ms": ("scsim.circuit.inputs.volleys", "tonic_pulses_ms"),
        "vector_strength": ("scsim.circuit.readouts.locking", "vector_strength"),
        "voltage_control": ("scsim.fields.control", "voltage_control"),
        "wind_up_curve": ("scsim.circuit.readouts.readout", "wind_up_curve"),
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
