"""What no type or range tells about anatomy, leads, fibers in space and the field: sizes that must fit together.

The rooms say what fits; checks put their answers beside the keys, as those of ``checks.py`` do.
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from scsim.electrodes.catalog import epidural_lead_names, lead_names
from scsim.electrodes.lead import LeadSection
from scsim.errors import ScsimError
from scsim.fibers import diameter_range_um, fiber_models, internode_length_um, takes_any_diameter
from scsim.fields.catalog import (
    BOUNDED_SOLVERS,
    KEYS_OF_SOLVERS,
    DomainSection,
    FieldSection,
    domain_faults,
    load_domain,
    solver_faults,
)
from scsim.formats.tables import load_table
from scsim.populations.dorsal_column import check_place
from scsim.results.schema import FIELD_GROUPS, SAVE_GROUPS
from scsim.study.config import SECTIONS
from scsim.study.reading.checks import Check, Report, Values, section_of, split_message
from scsim.study.reading.faults import nearest, quoted_list
from scsim.study.reading.keys import field_types
from scsim.study.stages.places import contact_span_mm, place_leads, unplaced_leads
from scsim.tissue.materials import ConductivitySection, load_conductivities
from scsim.tissue.spine import Spine, SpineSection, load_spine, spine_names
from scsim.units import MM_PER_UM

_SOLVER: Final = "field.solver"
_LABELS: Final = ("label_file", "label_tissues")
_SAVE: Final = "output.save"
_DEPTHS: Final = "field.profile_depths_mm"

_ENCAPSULATION: Final = "lead.encapsulation_mm"
_TISSUE: Final = tuple(f"tissue.{key}" for key in field_types(SECTIONS["tissue"]))
_LEAD: Final = (
    "lead.preset",
    "lead.lateral_mm",
    "lead.dura_gap_mm",
    "lead.n_leads",
    "lead.lead_spacing_mm",
    _ENCAPSULATION,
)
_CONTACT_SIZES: Final = ("lead.contact_length_mm", "lead.contact_gap_mm")
_HEIGHTS: Final = ("lead.preset", "lead.n_leads", "lead.rostral_mm", *_CONTACT_SIZES)
_BOX_LENGTH: Final = (_SOLVER, "domain.kind", "domain.half_length_mm")

_INTERNODES_BEYOND: Final = 2
"""Internodes by which a fiber of the population is longer than its margin asks, at each end and at most: its
nodes reach over the span wherever they are shifted, and their number is odd."""


def _key_at_fault(message: str, keys: Iterable[str], otherwise: str) -> str:
    """Find the key that a message of a room begins with, or else the first one that it names."""
    names = {key.rpartition(".")[2]: key for key in keys}
    head = message.partition(" = ")[0]
    if head in names:
        return names[head]
    places = {message.find(name): key for name, key in names.items() if name in message}
    return places[min(places)] if places else otherwise


# Anatomy and leads.


@lru_cache(maxsize=64)
def _spine(section: SpineSection) -> Spine:
    """Build an anatomy once for all the checks that ask for it."""
    return load_spine(section)


def _cord_in_sac(values: Values, report: Report) -> None:
    if values["tissue.preset"] not in spine_names():
        return
    try:
        _spine(section_of(values, "tissue"))
    except ScsimError as error:
        key = _key_at_fault(f"{error}", values, "tissue.csf_thickness_mm")
        report(key, *split_message(f"{error}"))


def _leads_in_canal(values: Values, report: Report) -> None:
    """Check that leads lie on the dura and in the canal, apart from each other, with what has grown around them."""
    is_known = values["lead.preset"] in epidural_lead_names()
    if not is_known or values["tissue.preset"] not in spine_names():
        return
    # Dura and canal do not move with the cord, so a fault of the cord hides none of the leads.
    spine = _spine(SpineSection(preset=values["tissue.preset"]))
    lead = section_of(values, "lead")
    try:
        bodies = [one.body for one in place_leads(spine, lead)]
        spine.cross_section(bodies, lead.encapsulation_mm)
    except ScsimError as error:
        key = _key_at_fault(f"{error}", _LEAD, "lead.dura_gap_mm")
        if key == "lead.dura_gap_mm" and "encapsulation_mm smaller" in f"{error}":
            key = _ENCAPSULATION
        elif key == "lead.dura_gap_mm" and lead.lateral_mm:
            key = "lead.lateral_mm"
        report(key, *split_message(f"{error}"))


# Fibers.


def _fibers_in_cord(values: Values, report: Report) -> None:
    """Check that the layer of fibers lies inside the cord, wherever the cord lies."""
    if values["tissue.preset"] not in spine_names():
        return
    try:
        check_place(section_of(values, "fibers"), _spine(section_of(values, "tissue")))
    except ScsimError as error:
        key = f"fibers.{'depth' if f'{error}'.startswith('depth') else 'lateral'}_max_mm"
        if key in values:
            report(key, *split_message(f"{error}"))


def _profile_in_cord(values: Values, report: Report) -> None:
    """Check that the lines of the field profile lie in the cord, wherever the cord lies."""
    if "field_profile" not in values[_SAVE] or values["tissue.preset"] not in spine_names():
        return
    spine = _spine(SpineSection(preset=values["tissue.preset"]))
    thickness_mm = 2.0 * spine.cord_half_axes_mm[1]
    deepest_mm = max(values[_DEPTHS])
    if deepest_mm > thickness_mm:
        problem = f"the cord is {thickness_mm:g} mm thick on the midline, and {deepest_mm:g} mm lies below it."
        report(_DEPTHS, problem, f"Write depths from 0 to {thickness_mm:g}.")


# Solver and domain.


def _solver_key(key: str) -> Check:
    """Make the check that a key of ``[field]`` goes with the solver."""

    def find(values: Values, report: Report) -> None:
        section = FieldSection(solver=values[_SOLVER], **{key: values[f"field.{key}"]})
        for name, message in solver_faults(section):
            if name == key or (key, name) == ("file", "solver"):
                report(f"field.{name}", *split_message(message))

    return Check((_SOLVER, f"field.{key}"), find)


def _labels_and_tissues(values: Values, report: Report) -> None:
    """Check that labels go with the solver, and each with a tissue."""
    section = section_of(values, "field")
    for name, message in solver_faults(section):
        if name in _LABELS:
            report(f"field.{name}", *split_message(message))
    known = [tissue for tissue, _ in load_conductivities(ConductivitySection()).values]
    for tissue in dict.fromkeys(section.label_tissues or ()):
        if tissue not in known:
            near = nearest(tissue, known)
            remedy = f'Did you mean "{near}"?' if near else "Write one of these."
            problem = f'there is no tissue "{tissue}"; there is {quoted_list(known)}.'
            report("field.label_tissues", problem, remedy)


def _domain_key(key: str) -> Check:
    """Make the check that a key of ``[domain]`` goes with its kind and with the solver."""
    reads = tuple(dict.fromkeys(("domain.kind", f"domain.{key}", _SOLVER)))

    def find(values: Values, report: Report) -> None:
        section = section_of(values, "domain")
        for name, message in domain_faults(section, values[_SOLVER]):
            if name == key:
                report(f"domain.{name}", *split_message(message))

    return Check(reads, find)


def _of_tissues(key: str, is_unset: Callable[[object], bool]) -> Check:
    """Make the check of a key that needs a solver with tissues."""

    def find(values: Values, report: Report) -> None:
        solver = values[_SOLVER]
        if solver in BOUNDED_SOLVERS or is_unset(values[key]):
            return
        name = key.rpartition(".")[2]
        problem = f"the {solver} solver knows no tissues, so {name} changes nothing."
        remedy = "Remove it, or choose the solver spectral or voxel."
        if solver == "analytic" and name.endswith("_s_per_m"):
            remedy = "Write sigma_s_per_m below [field], or choose the solver spectral or voxel."
        report(key, problem, remedy)

    return Check((_SOLVER, key), find)


def _of_labels(key: str, is_unset: Callable[[object], bool]) -> Check:
    """Make the check of a key of a tissue that a label volume does not hold."""
    tissue = key.rpartition(".")[2].removesuffix("_s_per_m").removesuffix("_mm")

    def find(values: Values, report: Report) -> None:
        tissues = values["field.label_tissues"]
        is_labelled = values[_SOLVER] == "voxel" and values["field.label_file"] and tissues
        if not is_labelled or is_unset(values[key]):
            return
        name = key.rpartition(".")[2]
        if key == _ENCAPSULATION:
            problem = f"the label volume says what lies around the lead, so {name} changes nothing."
            report(key, problem, "Remove it, and label those voxels instead.")
        elif tissue not in tissues:
            problem = f"the label volume holds {quoted_list(tissues)}, so {name} changes nothing."
            report(key, problem, "Remove it, or name the tissue in label_tissues.")

    return Check((_SOLVER, *(f"field.{label}" for label in _LABELS), key), find)


def _matrix_of_metal(values: Values, report: Report) -> None:
    """Check that a contact matrix is asked of a solver that knows metal."""
    solver = values[_SOLVER]
    if "contact_matrix" in values[_SAVE] and solver not in BOUNDED_SOLVERS:
        problem = f'the {solver} solver knows no metal, so there is no "contact_matrix".'
        report(_SAVE, problem, "Remove it, or choose the solver spectral or voxel.")


def _lines_for_rings(values: Values, report: Report) -> None:
    """Check that closed forms are asked for round leads."""
    preset = values["lead.preset"]
    if values[_SOLVER] != "analytic" or preset not in epidural_lead_names():
        return
    if preset not in lead_names("percutaneous"):
        problem = (
            "the analytic solver puts lines in place of rings, and this lead has flat contacts."
        )
        remedy = "Choose the solver spectral or voxel, or a percutaneous lead."
        report("lead.preset", problem, remedy)


def _sizes_of_rings(values: Values, report: Report) -> None:
    """Check that sizes of contacts are written for a lead whose contacts are rings in one row."""
    preset = values["lead.preset"]
    if preset not in epidural_lead_names() or preset in lead_names("percutaneous"):
        return
    for key in _CONTACT_SIZES:
        if values[key] is not None:
            problem = "only percutaneous leads have contacts in one row of equal gaps; this lead is a paddle."
            report(key, problem, "Remove it, or choose a percutaneous lead.")


def _half_length_mm(values: Values) -> float | None:
    """Give the distance of the ends of the domain, None for solvers without one."""
    if values[_SOLVER] not in BOUNDED_SOLVERS:
        return None
    return load_domain(section_of(values, "domain")).half_length_mm


def _metal_span_mm(values: Values) -> tuple[float, float] | None:
    """Give the lowest and highest z of the metal, None for a lead that is not known."""
    if values["lead.preset"] not in epidural_lead_names():
        return None
    is_percutaneous = values["lead.preset"] in lead_names("percutaneous")
    length_mm, gap_mm = (values[key] if is_percutaneous else None for key in _CONTACT_SIZES)
    lead = LeadSection(
        preset=values["lead.preset"],
        n_leads=values["lead.n_leads"],
        contact_length_mm=length_mm,
        contact_gap_mm=gap_mm,
    )
    return contact_span_mm(unplaced_leads(lead, values["lead.rostral_mm"]))


def _contacts_in_domain(values: Values, report: Report) -> None:
    """Check that no contact reaches beyond the ends of the domain, or so near them that it feels them unasked."""
    half_length_mm, span_mm = _half_length_mm(values), _metal_span_mm(values)
    if half_length_mm is None or span_mm is None:
        return
    reach_mm, away_mm = max(-span_mm[0], span_mm[1]), _away_from_ends_mm(values)
    if reach_mm + away_mm < half_length_mm:
        return
    rostral_mm = values["lead.rostral_mm"]
    key = "lead.rostral_mm" if rostral_mm else "domain.half_length_mm"
    problem = (
        f"contacts reach {reach_mm:g} mm from the origin; the domain ends at {half_length_mm:g} mm."
    )
    if away_mm:
        problem = (
            f'contacts reach {reach_mm:g} mm from the origin; with kind = "unbounded" the conductor ends at '
            f"{half_length_mm:g} mm, and within {away_mm:g} mm of its ends it is felt."
        )
    moved = "Move the lead toward the origin, or write" if rostral_mm else "Write"
    longer = _longer_domain(values, math.floor(reach_mm + away_mm) + 1)
    report(key, problem, f"{moved} {longer}.")


def _away_from_ends_mm(values: Values) -> float:
    """Give the distance that contacts keep from the ends of a domain that stands for one without bounds, mm."""
    if values["domain.kind"] != "unbounded":
        return 0.0
    return load_table("domains/unbounded").number("contacts_to_end_mm")


def _fibers_in_domain(values: Values, report: Report) -> None:
    """Check that no fiber reaches beyond the ends of the domain."""
    half_length_mm, span_mm = _half_length_mm(values), _metal_span_mm(values)
    model = values["fibers.model"]
    is_known = model in fiber_models() and takes_any_diameter(model)
    if half_length_mm is None or span_mm is None or not is_known:
        return
    if not any(name in SAVE_GROUPS and name not in FIELD_GROUPS for name in values[_SAVE]):
        return
    metal_mm = max(-span_mm[0], span_mm[1])
    if metal_mm + _away_from_ends_mm(values) >= half_length_mm:
        return  # told by the check of the contacts
    _, thickest_um = diameter_range_um(model)
    beyond_mm = _INTERNODES_BEYOND * internode_length_um(model, thickest_um) * MM_PER_UM
    margin_mm = values["fibers.margin_mm"]
    reach_mm = metal_mm + margin_mm + beyond_mm
    if reach_mm <= half_length_mm:
        return
    room_mm = half_length_mm - metal_mm - beyond_mm
    problem = (
        f"fibers reach up to {reach_mm:.4g} mm from the origin (contacts to {metal_mm:g} mm, the margin, and "
        f"{beyond_mm:.2g} mm of whole internodes); the domain ends at {half_length_mm:g} mm."
    )
    shorter = f"margin_mm = {math.floor(room_mm)} or less, or " if room_mm >= 1.0 else ""
    longer = _longer_domain(values, math.ceil(reach_mm))
    report("fibers.margin_mm", problem, f"Write {shorter}{longer}.")


def _longer_domain(values: Values, half_length_mm: int) -> str:
    """Say how a domain of at least some length is written, below ``[domain]``."""
    box = f'kind = "box" and half_length_mm = {half_length_mm} or more below [domain]'
    unbounded = load_domain(DomainSection(kind="unbounded"))
    if values["domain.kind"] == "unbounded" or half_length_mm > unbounded.half_length_mm:
        return box
    return f'half_length_mm = {half_length_mm} or more, or kind = "unbounded", below [domain]'


def _anatomy_in_domain(values: Values, report: Report) -> None:
    """Check that the bone ends inside the side faces of the domain."""
    if values[_SOLVER] not in BOUNDED_SOLVERS or values["tissue.preset"] not in spine_names():
        return
    half_width_mm = load_domain(section_of(values, "domain")).half_width_mm
    spine = _spine(SpineSection(preset=values["tissue.preset"]))
    reach_mm = max(spine.bone_half_axes_mm)
    if half_width_mm > reach_mm:
        return
    problem = f"the bone reaches {reach_mm:g} mm from the origin and must lie inside the domain."
    report("domain.half_width_mm", problem, f"Write a value above {reach_mm:g}.")


def _is_none(value: object) -> bool:
    return value is None


def _is_default(value: object) -> bool:
    return value == ConductivitySection().preset


def _is_zero(value: object) -> bool:
    return value == 0.0


_LATERAL: Final = ("tissue.preset", "fibers.lateral_max_mm")

FIELD_CHECKS: Final = (
    # The distance of the cord from the sac is a concave function of its height.
    Check(_TISSUE, _cord_in_sac, interval_of="tissue.csf_thickness_mm"),
    Check(("tissue.preset", *_LEAD), _leads_in_canal),
    Check(_LATERAL, _fibers_in_cord),
    Check((*_LATERAL, "fibers.depth_max_mm"), _fibers_in_cord),
    *(_solver_key(key) for key in (*KEYS_OF_SOLVERS, "contact_model") if key not in _LABELS),
    Check((_SOLVER, *(f"field.{key}" for key in _LABELS)), _labels_and_tissues),
    *(_domain_key(key) for key in ("kind", "half_width_mm", "half_length_mm")),
    *(
        _of_tissues(f"conductivity.{key}", _is_none)
        for key in field_types(SECTIONS["conductivity"])
        if key.endswith("_s_per_m")
    ),
    _of_tissues("conductivity.preset", _is_default),
    _of_tissues(_ENCAPSULATION, _is_zero),
    *(
        _of_labels(f"conductivity.{key}", _is_none)
        for key in field_types(SECTIONS["conductivity"])
        if key.endswith("_s_per_m")
    ),
    _of_labels(_ENCAPSULATION, _is_zero),
    Check(("tissue.preset", _DEPTHS, _SAVE), _profile_in_cord),
    Check((_SOLVER, _SAVE), _matrix_of_metal),
    Check((_SOLVER, "lead.preset"), _lines_for_rings, kind="canal"),
    Check(("lead.preset", *_CONTACT_SIZES), _sizes_of_rings, kind="canal"),
    Check((*_BOX_LENGTH, *_HEIGHTS), _contacts_in_domain),
    Check((*_BOX_LENGTH, *_HEIGHTS, "fibers.model", "fibers.margin_mm", _SAVE), _fibers_in_domain),
    Check(("tissue.preset", _SOLVER, "domain.kind", "domain.half_width_mm"), _anatomy_in_domain),
)
"""All checks of space and field."""
