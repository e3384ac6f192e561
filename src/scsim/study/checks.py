"""Faults that show only when tables of a config meet: names, montage and lead, pulse and rate, geometry.

The rooms say what goes together; this file asks them before anything is computed and puts their
answers beside the keys. Types and ranges of single keys belong in ``sections.py``.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from scsim.circuit import gate
from scsim.electrodes.catalog import lead_names, load_lead
from scsim.electrodes.montage import Montage, montage_faults, parse_montage
from scsim.errors import ScsimError
from scsim.fibers import diameter_range_um, fiber_models
from scsim.fibers.morphology import load_morphology
from scsim.formats.tables import load_table
from scsim.populations.dorsal_column import TABLE as POPULATION_TABLE
from scsim.populations.dorsal_column import check_place
from scsim.response.threshold import ThresholdProtocol
from scsim.results.schema import SAVE_GROUPS
from scsim.stimulus import pattern
from scsim.study.faults import Findings, nearest, quoted_list, shown
from scsim.study.lines import KeyPath
from scsim.tissue.spine import lead_axis, load_spine, spine_names
from scsim.units import MS_PER_US, unit_of

Sections = Mapping[str, Any]
Report = Callable[[str, str, str], None]
"""Takes a dotted key, the problem and the remedy."""

_LARGEST_NUMBER: Final = 1e308
"""Nearly the largest float."""

_STEP_TOLERANCE: Final = 1e-6
"""How far a phase may be from whole time steps (steps), as in `scsim.stimulus.pulse`."""


class Check(NamedTuple):
    """A check and the tables it reads.

    Attributes
    ----------
    tables : tuple of str
        Tables of the config; the check runs once for each distinct set of them.
    find : callable
        Reports the faults of these sections.
    """

    tables: tuple[str, ...]
    find: Callable[[Sections, Report], None]


def read_montage(
    table: Mapping[str, Any],
    labels: tuple[str, ...] | None,
    findings: Findings,
    path_of: Callable[[str], KeyPath],
) -> Montage | None:
    """Read ``[montage]`` for a lead.

    Parameters
    ----------
    table : mapping
        Shares by contact, and perhaps ``return``.
    labels : tuple of str or None
        Contacts of the lead; None if the lead is not known.
    findings : Findings
        Receives the faults.
    path_of : callable
        Gives the place of a key of this table; of the table itself for an empty key.

    Returns
    -------
    Montage or None
        None after a fault.
    """
    if not table:
        problem = "the montage is missing: no contact carries current."
        remedy = "Add [montage] with shares of the current, for example c4 = -1.0 and c5 = 1.0."
        findings.add(path_of(""), "", problem, remedy)
        return None
    # Whole numbers that no float holds: TOML has them, shares do not.
    table = {
        key: math.inf if isinstance(value, int) and abs(value) > _LARGEST_NUMBER else value
        for key, value in table.items()
    }
    faults = montage_faults(table, labels)
    for key, message in faults:
        value = shown(table[key]) if key else shown(table)
        findings.add(path_of(key), value, *split_message(message))
    return None if faults else parse_montage(table, labels)


def contact_labels(preset: str) -> tuple[str, ...] | None:
    """Give the contacts of a lead, None if there is no such lead."""
    return load_lead(preset).labels if preset in lead_names() else None


def split_message(message: str) -> tuple[str, str]:
    """Split a message of a room into problem and remedy, without the value it begins with.

    Parameters
    ----------
    message : str
        ``[key = value unit: ] problem. Remedy.`` or ``problem: remedy.``

    Returns
    -------
    tuple of str
        Problem and remedy, both as sentences; the remedy is empty if it cannot be told apart.
    """
    text = re.sub(r"^\w+ = [^:]{1,60}: ", "", message.strip())
    for mark in (
        r"(?<=[.?!])\s+(?=[A-Z][^.?!]*(?:\.\d[^.?!]*)*[.?!]?$)",
        r"(?<=[;:])\s+(?=[a-z][^;:]*$)",
    ):
        parts = re.split(mark, text, maxsplit=1)
        if len(parts) == 2:
            problem, remedy = parts
            return problem.rstrip(";:.") + ".", remedy[:1].upper() + remedy[1:]
    return text, ""


def _name_fault(report: Report, key: str, name: str, what: str, known: Iterable[str]) -> bool:
    """Report a name that is not in a catalog."""
    names = tuple(known)
    if name in names:
        return False
    near = nearest(name, names)
    field = key.rpartition(".")[2]
    remedy = (
        f'Did you mean {field} = "{near}"?'
        if near
        else f'Write, for example, {field} = "{names[0]}".'
    )
    report(key, f"there is no such {what}; there is {quoted_list(names)}.", remedy)
    return True


def _lead_name(sections: Sections, report: Report) -> None:
    _name_fault(report, "lead.preset", sections["lead"].preset, "lead", lead_names())


def _tissue_name(sections: Sections, report: Report) -> None:
    _name_fault(report, "tissue.preset", sections["tissue"].preset, "anatomy", spine_names())


def _fibers(sections: Sections, report: Report) -> None:
    """Check that the fiber model is there and takes any diameter, and that the median lies below the tail."""
    fibers = sections["fibers"]
    usable = [name for name in fiber_models() if _takes_any_diameter(name)]
    if fibers.model in fiber_models() and fibers.model not in usable:
        problem = (
            f'"{fibers.model}" has a few diameters only; a population needs {quoted_list(usable)}.'
        )
        report("fibers.model", problem, f'Write model = "{usable[0]}".')
    else:
        _name_fault(report, "fibers.model", fibers.model, "fiber model for a population", usable)
    tail_um = load_table(POPULATION_TABLE).number("tail_diameter_um")
    if fibers.median_diameter_um >= tail_um:
        problem = (
            f"the median must lie below {tail_um:g} µm: how many fibers are thicker than that is fixed "
            "by published counts."
        )
        report("fibers.median_diameter_um", problem, "Write a smaller value.")


def _takes_any_diameter(model: str) -> bool:
    """Whether a fiber model takes a diameter that no table lists."""
    low, high = diameter_range_um(model)
    try:
        load_morphology(model, low + (high - low) / math.pi)
    except ScsimError:
        return False
    return True


def _output_names(sections: Sections, report: Report) -> None:
    save = sections["output"].save
    for name in save:
        if name not in SAVE_GROUPS:
            near = nearest(name, SAVE_GROUPS)
            remedy = f'Did you mean "{near}"?' if near else "Remove it, or write one of these."
            problem = (
                f'there is nothing called "{name}" to save; there is {quoted_list(SAVE_GROUPS)}.'
            )
            report("output.save", problem, remedy)
    twice = dict.fromkeys(name for name in save if save.count(name) > 1)
    for name in twice:
        report("output.save", f'"{name}" is listed more than once.', "Remove the repeated name.")


def _stimulus(sections: Sections, report: Report) -> None:
    for key, message in pattern.section_faults(sections["stimulus"]):
        report(f"stimulus.{key}", *split_message(message))


def _time_steps(sections: Sections, report: Report) -> None:
    """Check that every phase of the pulse is a whole number of the time steps of the threshold search."""
    stimulus = sections["stimulus"]
    if pattern.section_faults(stimulus):
        return
    protocol = ThresholdProtocol()
    step_us = protocol.dt_us
    longest_us = (protocol.window_ms - protocol.onset_ms - protocol.rest_after_ms) / MS_PER_US
    duration_us = pattern.stimulus_pulse(stimulus).duration_us
    if duration_us > longest_us:
        parts = "" if stimulus.shape == "monophasic" else " with gap and second phase"
        problem = f"a pulse{parts} must end within {longest_us:g} µs, the time in which fibers are watched."
        report("stimulus.pulse_width_us", problem, "Make the pulse shorter.")
        return
    widths = {
        "pulse_width_us": stimulus.pulse_width_us,
        "interphase_gap_us": stimulus.interphase_gap_us,
        "recovery_ratio": stimulus.pulse_width_us * stimulus.recovery_ratio,
    }
    for key, width_us in widths.items():
        steps = width_us / step_us
        if abs(steps - round(steps)) <= _STEP_TOLERANCE * max(1.0, steps):
            continue
        near_us = max(1, round(steps)) * step_us
        if key == "recovery_ratio":
            problem = (
                f"the second phase would last {width_us:.12g} µs, which is no whole number of time steps "
                f"of {step_us:g} µs."
            )
            remedy = f"Write recovery_ratio = {near_us / stimulus.pulse_width_us:.12g}."
        else:
            problem = f"it must be a multiple of {step_us:g} µs, the time step of the fibers."
            remedy = f"Write {key} = {near_us:g}."
        report(f"stimulus.{key}", problem, remedy)
        return


def _circuit(sections: Sections, report: Report) -> None:
    circuit, afferents = sections["circuit"], sections["afferents"]
    for key, message in gate.section_faults(circuit, afferents):
        report(key, *split_message(message))


def _lead_in_canal(sections: Sections, report: Report) -> None:
    """Check that the cord fits into the sac and the lead into the canal."""
    tissue, section = sections["tissue"], sections["lead"]
    if tissue.preset not in spine_names() or section.preset not in lead_names():
        return
    try:
        spine = load_spine(tissue)
    except ScsimError as error:
        report("tissue.csf_thickness_mm", *split_message(f"{error}"))
        return
    try:
        lead_axis(
            spine,
            radius_mm=load_lead(section.preset).radius_mm,
            gap_mm=section.dura_gap_mm,
            lateral_mm=section.lateral_mm,
        )
    except ScsimError as error:
        key = "lateral_mm" if section.lateral_mm else "dura_gap_mm"
        report(f"lead.{key}", *split_message(f"{error}"))


def _fibers_in_cord(sections: Sections, report: Report) -> None:
    """Check that the layer of fibers lies inside the cord."""
    tissue = sections["tissue"]
    if tissue.preset not in spine_names():
        return
    try:
        spine = load_spine(tissue)
    except ScsimError:
        return  # told by the check of the lead
    try:
        check_place(sections["fibers"], spine)
    except ScsimError as error:
        key = "depth_max_mm" if f"{error}".startswith("depth") else "lateral_max_mm"
        report(f"fibers.{key}", *split_message(f"{error}"))


CHECKS: Final = (
    Check(("lead",), _lead_name),
    Check(("tissue",), _tissue_name),
    Check(("fibers",), _fibers),
    Check(("output",), _output_names),
    Check(("stimulus",), _stimulus),
    Check(("stimulus",), _time_steps),
    Check(("circuit", "afferents"), _circuit),
    Check(("tissue", "lead"), _lead_in_canal),
    Check(("tissue", "fibers"), _fibers_in_cord),
)
"""All checks of sections that are each valid on their own."""


def value_text(section: object, key: str) -> str:
    """Show the value of a key of a section, empty if it is not set."""
    value = getattr(section, key, None)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 50 may have been written for 50.0
    return "" if value is None else shown(value, unit_of(key))
