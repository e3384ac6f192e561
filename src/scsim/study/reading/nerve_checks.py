"""Which keys belong to studies of the spinal canal and which to those of a nerve, and what a nerve needs.

A study is one of a nerve if ``[nerve]`` names one, else one of the canal; nothing else decides. Keys of the other kind
are refused where they are written, and left out of the resolved config. The rooms say what fits; checks put their
answers beside the keys, as those of ``checks.py`` do.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

from scsim.electrodes.catalog import lead_names, load_lead
from scsim.electrodes.cuff import Cuff
from scsim.errors import ScsimError
from scsim.fibers import diameter_range_um, fiber_models, internode_length_um, takes_any_diameter
from scsim.fields.catalog import BOUNDED_SOLVERS, load_domain
from scsim.populations.nerve import fibers_per_fascicle, nerve_diameters_um
from scsim.results.schema import CANAL_GROUPS, NERVE_GROUPS, SAVE_GROUPS
from scsim.stimulus.pattern import FASTEST_PULSES_HZ
from scsim.study.reading.checks import (
    Check,
    Report,
    Values,
    named,
    report_unknown,
    section_of,
    split_message,
)
from scsim.study.reading.faults import quoted_list
from scsim.tissue.nerve import load_nerve, nerve_names
from scsim.units import MM_PER_UM

Kind = Literal["canal", "nerve"]

_PRESET: Final = "nerve.preset"
_LEAD: Final = "lead.preset"
_SAVE: Final = "output.save"
_MODEL: Final = "fibers.model"
_BLOCK: Final = "block"

NOT_OF_NERVE: Final = (
    "tissue",
    "circuit",
    "afferents",
    "states",
    "lead.lateral_mm",
    "lead.dura_gap_mm",
    "lead.n_leads",
    "lead.lead_spacing_mm",
    "lead.encapsulation_mm",
    "lead.contact_length_mm",
    "lead.contact_gap_mm",
    "field.resolution",
    "field.sigma_s_per_m",
    "field.label_file",
    "field.label_tissues",
    "field.profile_depths_mm",
    "fibers.depth_max_mm",
    "fibers.lateral_max_mm",
    "fibers.median_diameter_um",
)
"""Tables and keys that only studies of the canal have."""

NOT_OF_CANAL: Final = ("nerve", "lead.turn_deg", "fibers.diameter_um")
"""Tables and keys that only studies of a nerve have."""

_OTHERS: Final[Mapping[Kind, tuple[str, ...]]] = {"nerve": NOT_OF_NERVE, "canal": NOT_OF_CANAL}


def kind_of(nerve: Mapping[str, Any]) -> Kind:
    """Tell the kind of a study.

    Parameters
    ----------
    nerve : mapping of str to object
        Those keys of ``[nerve]`` that are sound, defaults among them.

    Returns
    -------
    {"canal", "nerve"}
        A nerve whose preset is at fault is a nerve all the same.
    """
    return "canal" if nerve.get("preset", "") is None else "nerve"


def applies(key: str, kind: Kind) -> bool:
    """Whether a table or a dotted key has a meaning in studies of a kind."""
    return not any(key == other or key.startswith(f"{other}.") for other in _OTHERS[kind])


def runs_for(check: Check, kind: Kind) -> bool:
    """Whether a check concerns studies of a kind: it is of that kind or of both, and all that it reads applies."""
    return check.kind in {"", kind} and all(applies(key, kind) for key in check.reads)


def misplaced_fault(key: str, kind: Kind) -> tuple[str, str] | None:
    """Word a key that studies of a kind do not have.

    Parameters
    ----------
    key : str
        Dotted key as it is written.
    kind : {"canal", "nerve"}
        Of the study.

    Returns
    -------
    tuple of (str, str) or None
        Problem and remedy; None if the key applies.
    """
    if applies(key, kind):
        return None
    if kind == "nerve":
        problem = "a study of a nerve has no spinal canal, so this key changes nothing."
        return problem, "Remove it, or remove [nerve] for a study of leads in the canal."
    problem = "only a study of a nerve in a cuff reads this key."
    return problem, 'Remove it, or add [nerve] with preset = "three-fascicle".'


def mixed_fault() -> tuple[str, str]:
    """Word a study some of whose cases have a nerve and others not."""
    problem = "some cases have a nerve and others none; all cases of a study are of one kind."
    return problem, "Write two studies, or name a nerve in every case."


def keep_applicable(tables: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Leave out of a resolved config what has no meaning in studies of a kind.

    Parameters
    ----------
    tables : mapping of str to object
        Tables by name, with their keys, and perhaps cases.
    kind : {"canal", "nerve"}

    Returns
    -------
    dict
    """
    kept: dict[str, Any] = {}
    for name, table in tables.items():
        if not applies(name, kind):
            continue
        is_plain = isinstance(table, dict) and "sweep" not in table
        kept[name] = (
            {key: value for key, value in table.items() if applies(f"{name}.{key}", kind)}
            if is_plain
            else table
        )
    return kept


# Checks of a nerve.


def _nerve(values: Values, report: Report) -> None:
    report_unknown(_PRESET, values[_PRESET], "nerve", nerve_names(), report)


def _cuff_of(values: Values) -> Cuff | None:
    """Give the cuff of a config, None for a name that is none."""
    if values[_LEAD] not in lead_names("cuff"):
        return None
    device = load_lead(values[_LEAD])
    return device if isinstance(device, Cuff) else None


def _nerve_in_cuff(values: Values, report: Report) -> None:
    """Check that the nerve fits into the cuff."""
    cuff = _cuff_of(values)
    if cuff is None or values[_PRESET] not in nerve_names():
        return
    nerve = load_nerve(values[_PRESET])
    if cuff.inner_radius_mm < nerve.radius_mm:
        wide = [
            name
            for name in lead_names("cuff")
            if getattr(load_lead(name), "inner_radius_mm", 0.0) >= nerve.radius_mm
        ]
        problem = (
            f"the cuff has an inner radius of {cuff.inner_radius_mm:g} mm; the nerve {nerve.name!r} has one of "
            f"{nerve.radius_mm:g} mm and does not fit into it."
        )
        remedy = f"Choose a wider cuff ({', '.join(wide)}) or a thinner nerve."
        report(_LEAD, problem, remedy if wide else "Choose a thinner nerve.")


def _solver_of_nerve(values: Values, report: Report) -> None:
    """Check that the solver takes a nerve, and this one."""
    solver, key = values["field.solver"], "field.solver"
    if solver == "analytic":
        problem = "the analytic solver knows no cuff and no fascicles."
        report(key, problem, 'Write solver = "voxel", or "spectral" for a nerve with one fascicle.')
    if solver != "spectral" or values[_PRESET] not in nerve_names():
        return
    nerve = load_nerve(values[_PRESET])
    is_round = len(nerve.fascicles) == 1 and not any(nerve.fascicles[0].center_mm)
    if not is_round:
        problem = (
            f"the spectral solver takes a nerve with one fascicle in its middle; {nerve.name!r} has "
            f"{len(nerve.fascicles)}."
        )
        report(key, problem, 'Write solver = "voxel".')


def _nerve_in_domain(values: Values, report: Report) -> None:
    """Check that cuff and fibers lie inside the domain, and far enough from ends that stand for none."""
    cuff, model = _cuff_of(values), values[_MODEL]
    if cuff is None or values["field.solver"] not in BOUNDED_SOLVERS or model not in fiber_models():
        return
    domain = load_domain(section_of(values, "domain"))
    if not domain.half_width_mm > cuff.outer_radius_mm:
        problem = f"the cuff reaches {cuff.outer_radius_mm:g} mm from its axis and must lie inside the domain."
        report("domain.half_width_mm", problem, "Write a larger value.")
    shift_mm = abs(values["lead.rostral_mm"])
    reach_mm = shift_mm + 0.5 * cuff.length_mm
    margin_mm = values["fibers.margin_mm"]
    whole_mm = shift_mm + max(abs(z) for z in cuff.span_mm) + margin_mm + _beyond_mm(model)
    key = "lead.rostral_mm" if shift_mm else "domain.half_length_mm"
    if reach_mm >= domain.half_length_mm:
        problem = f"the cuff reaches {reach_mm:g} mm from the origin; the domain ends at {domain.half_length_mm:g} mm."
        report(key, problem, "Move the cuff toward the origin, or make the domain longer.")
    elif whole_mm > domain.half_length_mm and not set(values[_SAVE]) <= {"contact_matrix"}:
        problem = (
            f"fibers reach up to {whole_mm:.4g} mm from the origin (metal, margin and whole internodes); the domain "
            f"ends at {domain.half_length_mm:g} mm."
        )
        room_mm = math.floor(domain.half_length_mm - (whole_mm - margin_mm))
        shorter = f"Write margin_mm = {room_mm} or less, or make" if room_mm >= 1 else "Make"
        report("fibers.margin_mm", problem, f"{shorter} the domain longer.")


_INTERNODES_BEYOND: Final = 2
"""Internodes by which a fiber is longer than its margin asks, at each end and at most: nodes reach over the span wherever
they lie, and their number is odd."""


def _beyond_mm(model: str) -> float:
    """Give the length by which fibers of a model are longer than their margin asks at most, mm."""
    if not takes_any_diameter(model):
        return 0.0
    _, thickest_um = diameter_range_um(model)
    return _INTERNODES_BEYOND * internode_length_um(model, thickest_um) * MM_PER_UM


def _nerve_fibers(values: Values, report: Report) -> None:
    if values["fibers.population"] != "nerve":
        problem = "these fibers lie in the spinal cord, and the study is one of a nerve."
        report("fibers.population", problem, 'Write population = "nerve".')


def _cord_fibers(values: Values, report: Report) -> None:
    if values["fibers.population"] == "nerve":
        problem = "these fibers lie in a nerve, and the study has none."
        remedy = (
            'Add [nerve] with preset = "three-fascicle", or write population = "dorsal_column".'
        )
        report("fibers.population", problem, remedy)


def _nerve_model(values: Values, report: Report) -> None:
    """Check that the model is there, takes any diameter, and has that of the config or of the distribution."""
    model, diameter_um = values[_MODEL], values["fibers.diameter_um"]
    usable = [name for name in fiber_models() if takes_any_diameter(name)]
    if model not in usable:
        if model in fiber_models():
            problem = (
                f'"{model}" has a few diameters only; a population needs {quoted_list(usable)}.'
            )
            report(_MODEL, problem, f'Write model = "{usable[0]}".')
        else:
            report_unknown(_MODEL, model, "fiber model for a population", usable, report)
        return
    low_um, high_um = diameter_range_um(model)
    if diameter_um is not None and not low_um <= diameter_um <= high_um:
        problem = f"the model {model} has diameters of {low_um:g} to {high_um:g} µm."
        report("fibers.diameter_um", problem, "Write one of these, or choose another model.")
    elif diameter_um is None:
        try:
            nerve_diameters_um(model)
        except ScsimError as error:
            report(_MODEL, *split_message(f"{error}"))


def _fiber_per_fascicle(values: Values, report: Report) -> None:
    if values[_PRESET] not in nerve_names():
        return
    try:
        fibers_per_fascicle(load_nerve(values[_PRESET]), values["fibers.n_fibers"])
    except ScsimError as error:
        report("fibers.n_fibers", *split_message(f"{error}"))


def _saved_of_nerve(values: Values, report: Report) -> None:
    known = [name for name in SAVE_GROUPS if name not in CANAL_GROUPS]
    wrong = [name for name in values[_SAVE] if name in CANAL_GROUPS]
    if wrong:
        problem = f"{quoted_list(wrong)} belongs to leads in the spinal canal; this study is one of a nerve."
        report(_SAVE, problem, f"Write names among {quoted_list(known)}.")


def _saved_of_canal(values: Values, report: Report) -> None:
    wrong = [name for name in values[_SAVE] if name in NERVE_GROUPS]
    if wrong:
        problem = f"{quoted_list(wrong)} belongs to a nerve, and the study has none."
        report(_SAVE, problem, 'Write "recruitment" in its place, or add [nerve].')


# Checks of block.


def _pattern_of_block(values: Values, report: Report) -> None:
    """Check that block is asked of a current that can block."""
    if _BLOCK in values[_SAVE] and values["stimulus.pattern"] != "kilohertz":
        problem = f'"block" is looked for under currents of {FASTEST_PULSES_HZ:g} Hz and more.'
        report(
            "stimulus.pattern",
            problem,
            'Write pattern = "kilohertz", or remove "block" below [output].',
        )


def _amplitudes_of_block(values: Values, report: Report) -> None:
    first_ma, largest_ma = values["block.first_amplitude_ma"], values["block.max_amplitude_ma"]
    if first_ma >= largest_ma:
        problem = f"the search begins at {first_ma:g} mA and would end at {largest_ma:g} mA."
        report("block.max_amplitude_ma", problem, f"Write more than {first_ma:g}.")


def _test_spikes(values: Values, report: Report) -> None:
    interval_ms, duration_ms = values["block.test_interval_ms"], values["block.test_duration_ms"]
    if duration_ms >= interval_ms:
        problem = f"a current of {duration_ms:g} ms would not end before the next one, {interval_ms:g} ms later."
        report("block.test_duration_ms", problem, f"Write less than {interval_ms:g}.")


NERVE_CHECKS: Final = (
    Check((_PRESET,), _nerve, kind="nerve"),
    named(_LEAD, "cuff", lambda: lead_names("cuff"))._replace(kind="nerve"),
    Check((_PRESET, _LEAD), _nerve_in_cuff, kind="nerve"),
    Check((_PRESET, "field.solver"), _solver_of_nerve, kind="nerve"),
    Check(
        (
            _PRESET,
            _LEAD,
            "lead.rostral_mm",
            "field.solver",
            "domain.kind",
            "domain.half_length_mm",
            "domain.half_width_mm",
            _MODEL,
            "fibers.margin_mm",
            _SAVE,
        ),
        _nerve_in_domain,
        kind="nerve",
    ),
    Check(("fibers.population",), _nerve_fibers, kind="nerve"),
    Check(("fibers.population",), _cord_fibers, kind="canal"),
    Check((_MODEL, "fibers.diameter_um"), _nerve_model, kind="nerve"),
    Check((_PRESET, "fibers.n_fibers"), _fiber_per_fascicle, kind="nerve"),
    Check((_SAVE,), _saved_of_nerve, kind="nerve"),
    Check((_SAVE,), _saved_of_canal, kind="canal"),
    Check((_SAVE, "stimulus.pattern"), _pattern_of_block, is_of_all=True),
    Check(("block.first_amplitude_ma", "block.max_amplitude_ma"), _amplitudes_of_block),
    Check(("block.test_interval_ms", "block.test_duration_ms"), _test_spikes),
)
"""Checks of nerves, and of block in both kinds of study."""
