"""Entries of the table of datasets: leads, tissue and charge, and the field of the contacts.

Which groups of ``output.save`` hold them belongs in ``schema.py``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from scsim.results.dataset import GEOMETRY, Dataset
from scsim.stimulus.safety import CAVEAT

CHARGE: Final = (
    Dataset(
        "charge_per_phase_uc",
        "charge",
        ("contact",),
        "f8",
        "charge per phase",
        "Size of the largest charge that the contact carries in one phase of a pulse.",
        caveat=CAVEAT,
    ),
    Dataset(
        "net_charge_uc",
        "charge",
        ("contact",),
        "f8",
        "net charge",
        "Charge that one whole pulse leaves on the contact, with the sign of the montage share.",
        caveat=CAVEAT,
    ),
    Dataset(
        "charge_per_second_uc",
        "charge_rate",
        ("contact",),
        "f8",
        "charge per second",
        "Sum of charge_per_phase_uc over the pulses of a second.",
        caveat=CAVEAT,
    ),
    Dataset(
        "charge_density_uc_per_cm2",
        "charge",
        ("contact",),
        "f8",
        "charge density",
        "Charge per phase over the metal area of the contact, as if the current left it evenly.",
        caveat=CAVEAT,
    ),
    Dataset(
        "shannon_k",
        "charge",
        ("contact",),
        "f8",
        "Shannon k",
        "log10(charge density in µC/cm²) + log10(charge per phase in µC); NaN for a contact that carries no current.",
        caveat=CAVEAT,
    ),
)

IMPEDANCES: Final = (
    Dataset(
        "contact_matrix_ohm",
        "impedance",
        ("contact", "driven_contact"),
        "f8",
        "contact matrix",
        "Potential of each contact per current of each driven contact, which returns at the grounded border of the domain, "
        "with all other contacts floating. The metal is ideal: resistance of the interface and of the lead's wires is not in it.",
    ),
)

PROFILES: Final = (
    Dataset(
        "profile_potential_mv_per_ma",
        "profile",
        ("depth_mm", "z_mm"),
        "f8",
        "potential along the cord",
        "Potential of the montage per amplitude in the first phase, on the dorsal midline of the cord at each depth below its surface.",
    ),
    Dataset(
        "profile_second_difference_mv_per_ma",
        "profile",
        ("depth_mm", "z_mm"),
        "f8",
        "second difference along the cord",
        "V(z - 7 mm) - 2 V(z) + V(z + 7 mm) of profile_potential_mv_per_ma: the drive of a stretch of fiber, positive where it is depolarized. NaN where a point lies outside the domain.",
    ),
    Dataset(
        "profile_at_contact_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "potential at the active contact",
        "Potential at the height of the active contact: the one with the largest share, of equal ones a cathode.",
    ),
    Dataset(
        "profile_peak_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "peak above 20 mm from it",
        "Potential at its peak within 10 mm of the active contact, less the mean of those 20 mm below and above the peak. The grounded border hardly changes it. NaN if the line ends before.",
    ),
    Dataset(
        "profile_peak_second_difference_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "second difference at the peak",
        "Second difference with a step of 7 mm at the peak of the potential.",
    ),
    Dataset(
        "profile_half_width_mm",
        "profile",
        ("depth_mm",),
        "f8",
        "half width",
        "Length over which the potential stands at least half as far above its level 20 mm away as at its peak, in samples of 0.5 mm.",
    ),
)

PLACES: Final = (
    Dataset(
        "contact_center_mm",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact center",
        "Middle of each contact.",
        GEOMETRY,
    ),
    Dataset(
        "contact_direction",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact direction",
        "Unit vector along each contact.",
        GEOMETRY,
    ),
    Dataset(
        "contact_normal",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact normal",
        "Unit vector out of each flat contact, into the tissue; NaN for rings.",
        GEOMETRY,
    ),
    Dataset(
        "contact_length_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact length",
        "Length of each contact along its direction.",
        GEOMETRY,
    ),
    Dataset(
        "contact_radius_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact radius",
        "Radius of each cylindrical contact; NaN for flat ones.",
        GEOMETRY,
    ),
    Dataset(
        "contact_width_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact width",
        "Width of each flat contact, across its direction; NaN for rings.",
        GEOMETRY,
    ),
    Dataset(
        "lead_outline_mm",
        GEOMETRY,
        ("lead", "vertex_lead", "section_axis"),
        "f8",
        "outline: lead",
        "Outline of the body of each lead, closed, in the plane across the cord.",
        GEOMETRY,
    ),
    Dataset(
        "lead_span_mm",
        GEOMETRY,
        ("lead", "end"),
        "f8",
        "span of the lead",
        "Lowest and highest z of the metal of each lead.",
        GEOMETRY,
    ),
    Dataset(
        "root_path_mm",
        GEOMETRY,
        ("side", "vertex_root", "axis"),
        "f8",
        "dorsal root",
        "Path of the dorsal root on each side from its entry into the cord at z = 0; NaN where the anatomy has none, or it would leave the sac.",
        GEOMETRY,
        is_optional=True,
    ),
)

OUTLINES: Final = MappingProxyType(
    {
        "bone": "outer outline of the vertebral bone ring",
        "canal": "outline of the vertebral canal, filled with epidural fat outside the dura",
        "dura_outer": "outer outline of the dura",
        "dura_inner": "inner outline of the dura; cerebrospinal fluid lies inside",
        "cord": "outline of the spinal cord",
        "gray_matter": "outline of the gray matter",
    }
)
"""Tissue outlines of a cross-section, from outside to inside, and what each one is."""

OUTLINE_POINTS: Final = tuple(
    Dataset(
        f"outline_{name}_mm",
        GEOMETRY,
        (f"vertex_{name}", "section_axis"),
        "f8",
        f"outline: {name.replace('_', ' ')}",
        f"{meaning.capitalize()}, closed, in the plane across the cord.",
        GEOMETRY,
        is_optional=True,
    )
    for name, meaning in OUTLINES.items()
)
