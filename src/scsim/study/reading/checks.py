"""What no type or range tells: names in catalogs, montage and lead, pulse and pattern.

The rooms say what goes together; this file asks them before anything is computed and puts their
answers beside the keys. A check names the keys that it reads and sees no others, so that a fault
elsewhere in a table does not hide what it would find; ``expand.py`` runs it. Geometry and field have theirs
in ``field_checks.py``, fibers in ``fiber_checks.py``, the dorsal horn in ``circuit_checks.py``; types and ranges of single keys belong in ``sections.py``.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from scsim.electrodes.catalog import epidural_lead_names, lead_names, load_lead
from scsim.electrodes.montage import Montage, montage_faults, parse_montage
from scsim.results.schema import SAVE_GROUPS
from scsim.stimulus import pattern
from scsim.stimulus.pulse import shape_faults
from scsim.study.config import SECTIONS
from scsim.study.reading.faults import Findings, nearest, quoted_list, shown
from scsim.study.reading.keys import ALL_KEYS
from scsim.study.reading.lines import KeyPath
from scsim.study.stages.solver import FINEST_US, fits
from scsim.tissue.materials import conductivity_names
from scsim.tissue.spine import spine_names
from scsim.units import unit_of

Values = Mapping[str, Any]
"""Dotted keys and their values."""

Report = Callable[[str, str, str], None]
"""Takes a dotted key, the problem and the remedy."""

_LARGEST_NUMBER: Final = 1e308
"""Nearly the largest float."""


class Check(NamedTuple):
    """A check and the keys that it reads.

    Attributes
    ----------
    reads : tuple of str
        Dotted keys. The check runs if each of them is sound, whatever else is wrong.
    find : callable
        Gets the values of these keys and no others, and reports the faults, each beside one of them.
    is_of_all : bool
        Whether what it finds is a fault only if it finds it in every case, as with outputs that no case gives.
    kind : str
        ``canal`` or ``nerve`` for a check that only studies of that kind need; empty for both.
    interval_of : str
        One of the keys, a number: where the smallest and the largest of its values pass and all else is equal, those
        between them pass too, and are not looked at.
    """

    reads: tuple[str, ...]
    find: Callable[[Values, Report], None]
    is_of_all: bool = False
    kind: str = ""
    interval_of: str = ""


def read_montage(
    table: Mapping[str, Any],
    labels: tuple[str, ...] | None,
    findings: Findings,
    path_of: Callable[[str], KeyPath],
    *,
    told: Collection[str] = (),
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
    told : collection of str
        Contacts whose share is not there because of a fault already noted; ``*`` for the whole table.

    Returns
    -------
    Montage or None
        None after a fault.
    """
    if not table and not told:
        problem = "the montage is missing: no contact carries current."
        remedy = "Add [montage] with shares of the current, for example c4 = -1.0 and c5 = 1.0."
        findings.add(path_of(""), "", problem, remedy)
        return None
    # Whole numbers that no float holds: TOML has them, shares do not.
    shares = {
        key: math.inf if isinstance(value, int) and abs(value) > _LARGEST_NUMBER else value
        for key, value in table.items()
    }
    lost = {key: 0.0 for key in told if key != ALL_KEYS}
    faults = montage_faults({**lost, **shares}, labels)
    # The sum needs every share, but no lead.
    faults += [(key, message) for key, message in montage_faults(shares) if not key]
    if told:
        faults = [(key, message) for key, message in faults if key]
    written = {"": table, **table}
    for key, message in dict.fromkeys(faults):
        value = shown(written[key]) if key in written else ""
        findings.add(path_of(key), value, *split_message(message))
    return None if faults or told else parse_montage(shares, labels)


def contact_labels(lead: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Give the contacts of the leads that ``[lead]`` asks for, None if there is no such lead.

    Parameters
    ----------
    lead : mapping of str to object
        Those keys of the table that are sound.

    Returns
    -------
    tuple of str or None
    """
    preset, n_leads = lead.get("preset"), lead.get("n_leads")
    if preset not in (*epidural_lead_names(), *lead_names("cuff")) or n_leads is None:
        return None
    n_contacts = len(load_lead(preset).contacts) * n_leads
    return tuple(f"c{number}" for number in range(1, n_contacts + 1))


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


def value_text(key: str, value: object) -> str:
    """Show the value of a key, empty if it is not set."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 50 may have been written for 50.0
    return "" if value is None else shown(value, unit_of(key))


def section_of(values: Values, table: str) -> Any:
    """Build a section from the keys that a check reads; those it does not read have their defaults.

    Parameters
    ----------
    values : mapping of str to object
        What the check got.
    table : str
        Name of the section.

    Returns
    -------
    object
        The dataclass of the table.
    """
    keys = ((key.partition("."), value) for key, value in values.items())
    return SECTIONS[table](**{name: value for (head, _, name), value in keys if head == table})


# Names.


def named(key: str, what: str, names: Callable[[], tuple[str, ...]]) -> Check:
    """Make the check of a name that must be in a catalog.

    Parameters
    ----------
    key : str
        Dotted key of the name.
    what : str
        What it names, in words.
    names : callable
        Gives the catalog.

    Returns
    -------
    Check
    """

    def find(values: Values, report: Report) -> None:
        report_unknown(key, values[key], what, names(), report)

    return Check((key,), find)


def report_unknown(key: str, name: str, what: str, known: Sequence[str], report: Report) -> None:
    """Report a name that is not in a catalog.

    Parameters
    ----------
    key, name : str
        Dotted key and what it says.
    what : str
        What it names, in words.
    known : sequence of str
        The catalog.
    report : callable
        Takes the fault.
    """
    if name in known:
        return
    near = nearest(name, known)
    field = key.rpartition(".")[2]
    remedy = (
        f'Did you mean {field} = "{near}"?'
        if near
        else f'Write, for example, {field} = "{known[0]}".'
    )
    report(key, f"there is no such {what}; there is {quoted_list(known)}.", remedy)


def _output_names(values: Values, report: Report) -> None:
    save = values["output.save"]
    for name in save:
        if name not in SAVE_GROUPS:
            near = nearest(name, SAVE_GROUPS)
            remedy = f'Did you mean "{near}"?' if near else "Remove it, or write one of these."
            problem = (
                f'there is nothing called "{name}" to save; there is {quoted_list(SAVE_GROUPS)}.'
            )
            report("output.save", problem, remedy)
    counts: Counter[str] = Counter(save)
    for name in [one for one, count in counts.items() if count > 1]:
        report("output.save", f'"{name}" is listed more than once.', "Remove the repeated name.")


# The pulse. Its settings belong to each other in several ways, and each way has its own check.


def _gap_and_shape(values: Values, report: Report) -> None:
    gap_us = values["stimulus.interphase_gap_us"]
    for key, message in shape_faults(values["stimulus.shape"], gap_us, 1.0):
        report(f"stimulus.{key}", *split_message(message))


def _ratio_and_shape(values: Values, report: Report) -> None:
    ratio = values["stimulus.recovery_ratio"]
    for key, message in shape_faults(values["stimulus.shape"], 0.0, ratio):
        report(f"stimulus.{key}", *split_message(message))


def _near_width_us(width_us: float) -> float | None:
    """Give the nearest whole number of time steps of the fibers, None if a width is one."""
    return None if fits(width_us) else max(1, round(width_us / FINEST_US)) * FINEST_US


def _on_time_steps(values: Values, report: Report) -> None:
    """Check that a width is a whole number of time steps."""
    ((key, width_us),) = values.items()
    near_us = _near_width_us(width_us)
    if near_us is not None:
        problem = f"it must be a multiple of {FINEST_US:g} µs, the finest time step of the fibers."
        report(key, problem, f"Write {key.rpartition('.')[2]} = {near_us:g}.")


def _second_phase(values: Values, report: Report) -> None:
    """Check that the second phase is a whole number of time steps if the first one is."""
    first_us = values["stimulus.pulse_width_us"]
    second_us = first_us * values["stimulus.recovery_ratio"]
    near_us = _near_width_us(second_us)
    if values["stimulus.shape"] != "asymmetric" or near_us is None or _near_width_us(first_us):
        return
    problem = (
        f"the second phase would last {second_us:.12g} µs, which is no whole number of time steps "
        f"of {FINEST_US:g} µs."
    )
    remedy = f"Write recovery_ratio = {near_us / first_us:.12g}."
    report("stimulus.recovery_ratio", problem, remedy)


def _pattern_keys(values: Values, report: Report) -> None:
    """Check that the keys go with the pattern."""
    section = section_of({_WIDTH: 1.0, "stimulus.amplitude_ma": 1.0, **values}, "stimulus")
    for key, message in pattern.pattern_faults(section):
        report(f"stimulus.{key}", *split_message(message))


def _pulse_period(values: Values, report: Report) -> None:
    """Check that a pulse and a burst end before the next begins."""
    section = section_of({**values, "stimulus.amplitude_ma": 1.0}, "stimulus")
    for key, message in pattern.section_faults(section):
        report(
            f"stimulus.{key}", *split_message(message)
        )  # of shape and pattern: as above, told once


_WIDTH: Final = "stimulus.pulse_width_us"
_SHAPE: Final = "stimulus.shape"
_GAP: Final = "stimulus.interphase_gap_us"
_RATIO: Final = "stimulus.recovery_ratio"
_PULSE: Final = (_WIDTH, _SHAPE, _GAP, _RATIO)
_PATTERN: Final = (
    "stimulus.pattern",
    "stimulus.frequency_hz",
    *(f"stimulus.{key}" for key in pattern.BURST_KEYS),
)
CHECKS: Final = (
    named("tissue.preset", "anatomy", spine_names),
    named("conductivity.preset", "set of conductivities", conductivity_names),
    named("lead.preset", "lead for a study", epidural_lead_names)._replace(kind="canal"),
    Check(("output.save",), _output_names),
    Check((_SHAPE, _GAP), _gap_and_shape),
    Check((_SHAPE, _RATIO), _ratio_and_shape),
    Check((_WIDTH,), _on_time_steps),
    Check((_GAP,), _on_time_steps),
    Check((_SHAPE, _WIDTH, _RATIO), _second_phase),
    Check((_SHAPE, *_PATTERN), _pattern_keys),
    Check((*_PULSE, *_PATTERN), _pulse_period),
)
"""All checks of keys that are each sound on their own."""
