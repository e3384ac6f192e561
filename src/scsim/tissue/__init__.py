"""Anatomy: outlines of the spine and where a lead may lie in it.

Fields and fibers do not belong here.
"""

from scsim.tissue.spine import Spine, SpineSection, lead_axis, load_spine, spine_names

__all__ = ["Spine", "SpineSection", "lead_axis", "load_spine", "spine_names"]
