"""Pictures of results and of fields: one file per subject; functions draw and return, they never compute.

Functions named after one panel take results (or a medium) and optional axes and return the axes; those named in the
plural or after a pair return a figure.
"""

from scsim.plots.block import block_threshold, blocks, onset_response
from scsim.plots.case_bars import case_bars, case_fibers, case_rates
from scsim.plots.circuit_diagram import circuit_diagram
from scsim.plots.contact_matrix import contact_matrices, contact_matrix
from scsim.plots.fiber_rates import fiber_rates, fibers_and_projection
from scsim.plots.field_lines import (
    activating_function_along,
    field_along,
    field_profile,
    field_profiles,
    potential_along,
)
from scsim.plots.field_section import field_section
from scsim.plots.field_sweep import field_sweep, field_sweeps
from scsim.plots.intervals import interval_curve, intervals
from scsim.plots.lead_and_fibers import cross_section, dorsal_view, lead_and_fibers, side_view
from scsim.plots.nerve_places import nerve_places, nerves_places
from scsim.plots.nerve_section import (
    fascicle_recruitment,
    nerve_recruitments,
    nerve_section,
    nerve_sections,
)
from scsim.plots.pain_map import pain_curves, pain_map, pain_maps
from scsim.plots.paraview import export_vtu
from scsim.plots.pictures import draw_picture, picture_names, save_pictures, standard_pictures
from scsim.plots.plan_graph import plan_graph
from scsim.plots.psth import psth, psths
from scsim.plots.raster import raster, rasters, spikes_of
from scsim.plots.rate_curves import RateCurves, curves_of, rate_curve, rate_curves
from scsim.plots.recruitment import recruitment, recruitment_and_thresholds, thresholds
from scsim.plots.sensitivity import sensitivities, sensitivity_bars
from scsim.plots.shapes import Shapes, make_shapes, shapes_of_results
from scsim.plots.space import lead_in_space, view_in_space
from scsim.plots.threshold_sweep import threshold_sweep, threshold_sweeps
from scsim.plots.time_course import time_course, time_courses
from scsim.plots.voltage import voltage_traces
from scsim.plots.wind_up import wind_up, wind_ups

__all__ = [
    "RateCurves",
    "Shapes",
    "activating_function_along",
    "block_threshold",
    "blocks",
    "case_bars",
    "case_fibers",
    "case_rates",
    "circuit_diagram",
    "contact_matrices",
    "contact_matrix",
    "cross_section",
    "curves_of",
    "dorsal_view",
    "draw_picture",
    "export_vtu",
    "fascicle_recruitment",
    "fiber_rates",
    "fibers_and_projection",
    "field_along",
    "field_profile",
    "field_profiles",
    "field_section",
    "field_sweep",
    "field_sweeps",
    "interval_curve",
    "intervals",
    "lead_and_fibers",
    "lead_in_space",
    "make_shapes",
    "nerve_places",
    "nerve_recruitments",
    "nerve_section",
    "nerve_sections",
    "nerves_places",
    "onset_response",
    "pain_curves",
    "pain_map",
    "pain_maps",
    "picture_names",
    "plan_graph",
    "potential_along",
    "psth",
    "psths",
    "raster",
    "rasters",
    "rate_curve",
    "rate_curves",
    "recruitment",
    "recruitment_and_thresholds",
    "save_pictures",
    "sensitivities",
    "sensitivity_bars",
    "shapes_of_results",
    "side_view",
    "spikes_of",
    "standard_pictures",
    "threshold_sweep",
    "threshold_sweeps",
    "thresholds",
    "time_course",
    "time_courses",
    "view_in_space",
    "voltage_traces",
    "wind_up",
    "wind_ups",
]
