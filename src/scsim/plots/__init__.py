"""Pictures of results: one file per subject; functions draw and return, they never compute.

Functions named after one panel take results and optional axes and return the axes; those named in the
plural or after a pair return a figure.
"""

from scsim.plots.lead_and_fibers import cross_section, lead_and_fibers, side_view
from scsim.plots.pain_map import pain_curves, pain_map, pain_maps
from scsim.plots.pictures import picture_names, save_pictures, standard_pictures
from scsim.plots.recruitment import recruitment, recruitment_and_thresholds, thresholds
from scsim.plots.time_course import time_course, time_courses

__all__ = [
    "cross_section",
    "lead_and_fibers",
    "pain_curves",
    "pain_map",
    "pain_maps",
    "picture_names",
    "recruitment",
    "recruitment_and_thresholds",
    "save_pictures",
    "side_view",
    "standard_pictures",
    "thresholds",
    "time_course",
    "time_courses",
]
