"""Entries of the table of datasets: fibers, their thresholds, and how many of them a stimulus recruits.

Which groups of ``output.save`` hold them belongs in ``schema.py``.
"""

from __future__ import annotations

from typing import Final

from scsim.results.dataset import GEOMETRY, Dataset

FIBERS: Final = (
    Dataset(
        "fiber_diameter_um",
        "population",
        ("fiber",),
        "f8",
        "fiber diameter",
        "Outer diameter, with myelin, of each simulated fiber; fibers are sorted by it.",
    ),
    Dataset(
        "fiber_weight",
        "population",
        ("fiber",),
        "f8",
        "share of the population",
        "Share of the real population that each simulated fiber stands for; sums to 1.",
    ),
    Dataset(
        "fiber_lateral_mm",
        "population",
        ("fiber",),
        "f8",
        "lateral position",
        "Distance of each fiber from the midline, positive to the left.",
        is_optional=True,
    ),
    Dataset(
        "fiber_depth_mm",
        "population",
        ("fiber",),
        "f8",
        "depth below the cord surface",
        "Depth of each fiber below the dorsal surface of the cord, along y.",
        is_optional=True,
    ),
    Dataset(
        "fiber_dermatome",
        "population",
        ("fiber",),
        "O",
        "dermatome",
        "Dermatome that each fiber comes from: its place between the midline and the side of the dorsal columns.",
        is_optional=True,
    ),
)

THRESHOLDS: Final = (
    Dataset(
        "threshold_ma",
        "thresholds",
        ("fiber",),
        "f8",
        "activation threshold",
        "Smallest amplitude of one pulse at which the fiber fires a propagating spike; NaN where threshold_status is not OK.",
    ),
    Dataset(
        "threshold_status",
        "thresholds",
        ("fiber",),
        "i1",
        "status of the threshold search",
        "Outcome of the threshold search of each fiber.",
        is_status=True,
    ),
)

RECRUITMENT: Final = (
    Dataset(
        "recruited_share",
        "recruitment",
        (),
        "f8",
        "recruited share of large fibers",
        "Weighted share, among the fibers at least afferents.a_beta_min_diameter_um thick, of those whose threshold, for one pulse alone, the amplitude reaches. Tonic pulses drive the circuit by it, other patterns by the spikes of simulated fibers. A fiber counts from its threshold upward: that excitation may be lost again at many times the threshold is not looked for.",
    ),
    Dataset(
        "followed_rate_hz",
        "following",
        (),
        "f8",
        "rate of large fibers under stimulation",
        "Mean rate at which the fibers at least afferents.a_beta_min_diameter_um thick fire with the stimulation. Tonic pulses up to 500 Hz: recruited_share times the pulse rate, though up to 20 % above their threshold fibers answer a part of the pulses only. Bursts, kilohertz and faster pulses: of simulated fibers, without the first 100 ms.",
    ),
    Dataset(
        "recruited_share_all",
        "recruitment",
        (),
        "f8",
        "recruited share of all fibers",
        "Weighted share, among all dorsal-column fibers of the population, of those whose threshold the amplitude reaches (and from there upward).",
    ),
    Dataset(
        "recruited_share_local",
        "recruitment",
        (),
        "f8",
        "recruited share of local fibers",
        "recruited_share among the fibers of the painful dermatomes, which drive the local A-beta fibers of a spiking circuit.",
    ),
    Dataset(
        "recruited_share_surround",
        "recruitment",
        (),
        "f8",
        "recruited share of surround fibers",
        "recruited_share among the fibers of all other dermatomes, which drive the surround A-beta fibers of a spiking circuit.",
    ),
    Dataset(
        "a_beta_rate_hz",
        "afferents",
        (),
        "f8",
        "A-beta rate",
        "Rate models: mean firing rate of the A-beta afferents: rate at rest + recruited_share x pulse rate.",
        is_optional=True,
    ),
    Dataset(
        "local_fibers",
        "drive",
        (),
        "f8",
        "local fibers that follow",
        "Spiking circuits: A-beta fibers of the painful receptive field, of those in the circuit, that follow each pulse: recruited_share_local times their number, rounded. Of bursts, kilohertz currents and fast trains, whose fibers are simulated, only those that one pulse makes fire are counted: see followed_rate_hz.",
        is_optional=True,
    ),
    Dataset(
        "surround_fibers",
        "drive",
        (),
        "f8",
        "surround fibers that follow",
        "Spiking circuits: A-beta fibers around the painful receptive field, of those in the circuit, that follow each pulse: recruited_share_surround times their number, rounded. Of bursts, kilohertz currents and fast trains, whose fibers are simulated, only those that one pulse makes fire are counted: see followed_rate_hz.",
        is_optional=True,
    ),
)

FIBER_PLACES: Final = (
    Dataset(
        "fiber_start_mm",
        "population",
        ("fiber", "axis"),
        "f8",
        "caudal end of the fiber",
        "Caudal end of each fiber.",
        GEOMETRY,
    ),
    Dataset(
        "fiber_end_mm",
        "population",
        ("fiber", "axis"),
        "f8",
        "rostral end of the fiber",
        "Rostral end of each fiber.",
        GEOMETRY,
    ),
)
