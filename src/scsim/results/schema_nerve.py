"""Entries of the table of datasets: nerves in cuffs, and conduction block.

Which groups of ``output.save`` hold them belongs in ``schema.py``.
"""

from __future__ import annotations

from typing import Final

from scsim.results.dataset import GEOMETRY, Dataset

NERVE_FIBERS: Final = (
    Dataset(
        "fiber_fascicle",
        "population",
        ("fiber",),
        "i8",
        "fascicle of the fiber",
        "Nerves: number of the fascicle that each fiber lies in, from 1 in the order of the nerve's table; -1 where the case failed or has fewer fibers.",
        is_optional=True,
    ),
)

NERVE_RECRUITMENT: Final = (
    Dataset(
        "recruited_share_nerve",
        "fascicles",
        (),
        "f8",
        "recruited share of the nerve",
        "Weighted share, among all fibers of the nerve with diameters of the sample, of those whose threshold, for one pulse alone, the amplitude reaches (and from there upward).",
    ),
    Dataset(
        "recruited_share_fascicle",
        "fascicles",
        ("fascicle",),
        "f8",
        "recruited share of the fascicle",
        "recruited_share_nerve among the fibers of each fascicle.",
    ),
    Dataset(
        "selectivity",
        "fascicles",
        ("fascicle",),
        "f8",
        "selectivity",
        "Recruited share of a fascicle less the mean of those of all others (Raspopovic et al. 2011): 1 is all of its fibers and no others, 0 no preference. NaN for a nerve with one fascicle.",
        caveat="Of fibers of one model with one law of diameters in every fascicle: real fascicles differ in their fibers.",
    ),
)

BLOCK: Final = (
    Dataset(
        "block_threshold_ma",
        "block",
        ("fiber",),
        "f8",
        "block threshold",
        "Smallest amplitude of the kilohertz current at which no test spike passes it, found from below; NaN where block_status is neither OK nor NOT_MONOTONIC. Block need not hold at every larger amplitude: see block_status.",
        caveat="Of one spike train in a model fiber from rest. It depends on the length of the fiber and on the time step. Charge in this file is that of the pulses and the amplitude of [stimulus], not of the current that blocks.",
    ),
    Dataset(
        "block_status",
        "block",
        ("fiber",),
        "i1",
        "status of the block threshold",
        "Outcome of the search of each fiber: NOT_MONOTONIC where spikes pass again at a sampled multiple of the threshold, PARTIAL_BLOCK where some test spikes always pass, NO_SPIKE where they do not even arrive without the current.",
        is_status=True,
    ),
    Dataset(
        "block_onset_spikes",
        "block",
        ("fiber",),
        "i8",
        "onset spikes",
        "Spikes that the kilohertz current itself starts before it blocks, at the smallest amplitude seen to block, until block.settle_ms and the time that a spike takes along the fiber; -1 without a threshold.",
    ),
    Dataset(
        "block_onset_end_ms",
        "block",
        ("fiber",),
        "f8",
        "end of the onset response",
        "Time of the last onset spike at the detector, from the start of the current; NaN if there is none.",
    ),
    Dataset(
        "block_spikes_below",
        "block",
        ("fiber",),
        "i8",
        "spikes just below block",
        "Spikes that arrive after that time at the largest amplitude seen not to block: fewer than the test spikes mean partial block, more mean that the current fires the fiber. Without a threshold, at the largest amplitude tried; -1 where voltages are not finite.",
    ),
)

NERVE_PLACES: Final = (
    Dataset(
        "contact_middle_deg",
        GEOMETRY,
        ("contact",),
        "f8",
        "middle of the contact around the nerve",
        "Cuffs: angle of the middle of each contact, from x towards y.",
        GEOMETRY,
        is_optional=True,
    ),
    Dataset(
        "contact_span_deg",
        GEOMETRY,
        ("contact",),
        "f8",
        "span of the contact around the nerve",
        "Cuffs: how much of the circle each contact covers; 360 is a ring.",
        GEOMETRY,
        is_optional=True,
    ),
    Dataset(
        "cuff_span_mm",
        GEOMETRY,
        ("end",),
        "f8",
        "span of the cuff",
        "Lowest and highest z of the cuff's insulation.",
        GEOMETRY,
        is_optional=True,
    ),
    Dataset(
        "outline_epineurium_mm",
        GEOMETRY,
        ("vertex_circle", "section_axis"),
        "f8",
        "outline: epineurium",
        "Outer outline of the nerve, closed, in the plane across it.",
        GEOMETRY,
        is_optional=True,
    ),
    Dataset(
        "outline_fascicle_mm",
        GEOMETRY,
        ("fascicle", "vertex_circle", "section_axis"),
        "f8",
        "outline: fascicles",
        "Outline of the endoneurium of each fascicle, closed, in the plane across the nerve; the perineurium lies on it.",
        GEOMETRY,
        is_optional=True,
    ),
    Dataset(
        "outline_cuff_mm",
        GEOMETRY,
        ("vertex_circle", "section_axis"),
        "f8",
        "outline: inner wall of the cuff",
        "Inner wall of the cuff, closed, in the plane across the nerve; lead_outline_mm is its outer wall.",
        GEOMETRY,
        is_optional=True,
    ),
)
