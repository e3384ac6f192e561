"""What no type or range tells about fibers: models, diameters, and the dermatomes they come from.

The rooms say what fits; checks put their answers beside the keys, as those of ``checks.py`` do.
"""

from typing import Final

from scsim.circuit.sections import is_spiking
from scsim.fibers import diameter_range_um, fiber_models, takes_any_diameter
from scsim.fibers.morphology import is_single_cable
from scsim.formats.tables import load_table
from scsim.populations.dermatomes import local_faults, painful_faults
from scsim.populations.dorsal_column import TABLE, n_classes_above
from scsim.study.reading.checks import Check, Report, Values, report_unknown, split_message
from scsim.study.reading.faults import quoted_list
from scsim.tissue.spine import SpineSection, load_spine, spine_names

_LARGE: Final = ("fibers.model", "fibers.n_fibers", "afferents.a_beta_min_diameter_um")
_PAINFUL: Final = ("tissue.preset", "afferents.painful_dermatomes")


def _population_models() -> list[str]:
    """Name the fiber models that a population may have: with myelin, of any diameter."""
    return [
        name for name in fiber_models() if takes_any_diameter(name) and not is_single_cable(name)
    ]


def _fiber_model(values: Values, report: Report) -> None:
    """Check that the fiber model is there and that a population may have it."""
    model, usable = values["fibers.model"], _population_models()
    if model not in fiber_models() or model in usable:
        report_unknown("fibers.model", model, "fiber model for a population", usable, report)
        return
    fault = "is no model of the myelinated fibers of the dorsal columns"
    if not is_single_cable(model):
        fault = "has a few diameters only"
    problem = f'"{model}" {fault}; a population needs {quoted_list(usable)}.'
    report("fibers.model", problem, f'Write model = "{usable[0]}".')


def _median_below_tail(values: Values, report: Report) -> None:
    tail_um = load_table(TABLE).number("tail_diameter_um")
    if values["fibers.median_diameter_um"] >= tail_um:
        problem = (
            f"the median must lie below {tail_um:g} µm: how many fibers are thicker than that is fixed "
            "by published counts."
        )
        report("fibers.median_diameter_um", problem, "Write a smaller value.")


def _some_a_beta(values: Values, report: Report) -> None:
    """Check that the population has simulated fibers of the diameters that drive the circuit."""
    model = values["fibers.model"]
    if model not in _population_models():
        return  # told by the check of the model
    least_um = values["afferents.a_beta_min_diameter_um"]
    if n_classes_above(model, values["fibers.n_fibers"], least_um) > 0:
        return
    _, high_um = diameter_range_um(model)
    if least_um >= high_um:
        problem = f"no fiber is that thick: {model} goes up to {high_um:g} µm."
        report("afferents.a_beta_min_diameter_um", problem, "Write a smaller value.")
    else:
        problem = (
            f"so few fibers stand for wide classes of diameters that none lies wholly above {least_um:g} µm, "
            "and the share of A-beta fibers has no meaning."
        )
        report("fibers.n_fibers", problem, "Write more fibers; 200 resolve the share to about 2 %.")


def _painful_names(values: Values, report: Report) -> None:
    """Check that the painful dermatomes are known and have fibers at the level."""
    preset, painful = (values[key] for key in _PAINFUL)
    level = preset if preset in spine_names() else None
    for message in painful_faults(level, painful):
        report("afferents.painful_dermatomes", *split_message(message))


def _is_inside_cord(preset: str, lateral_max_mm: float) -> bool:
    return lateral_max_mm < load_spine(SpineSection(preset=preset)).cord_half_axes_mm[0]


def _some_local(values: Values, report: Report) -> None:
    """Check that simulated fibers lie in the painful dermatomes, where the circuit has local fibers."""
    preset, painful = (values[key] for key in _PAINFUL)
    model, least_um = values["fibers.model"], values["afferents.a_beta_min_diameter_um"]
    if (
        not is_spiking(values["circuit.model"])
        or preset not in spine_names()
        or model not in _population_models()
        or painful_faults(preset, painful)
        or not _is_inside_cord(preset, values["fibers.lateral_max_mm"])
    ):
        return  # told by the checks of these
    n_large = n_classes_above(model, values["fibers.n_fibers"], least_um)
    if n_large == 0:
        return  # told above
    for key, message in local_faults(
        preset,
        painful,
        values["afferents.painful_side"],
        lateral_max_mm=values["fibers.lateral_max_mm"],
        n_large=n_large,
    ):
        table = "fibers" if key == "n_fibers" else "afferents"
        report(f"{table}.{key}", *split_message(message))


FIBER_CHECKS: Final = (
    Check(("fibers.model",), _fiber_model, kind="canal"),
    Check(("fibers.median_diameter_um",), _median_below_tail),
    Check(_LARGE, _some_a_beta),
    Check(_PAINFUL, _painful_names),
    Check(
        (
            *_PAINFUL,
            *_LARGE,
            "afferents.painful_side",
            "fibers.lateral_max_mm",
            "circuit.model",
        ),
        _some_local,
    ),
)
"""All checks of fibers, of keys that are each sound on their own."""
