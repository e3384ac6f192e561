"""Every dataset of a results file, in one table: name, stage, dimensions, unit, meaning.

The table is the only place where a dataset gets its meaning: the store writes it into the file, plots take
axis labels from it, the config takes the names of ``output.save`` from `SAVE_GROUPS`, and the page
``docs/results.md`` is written from it. Its entries stand in ``schema_fibers.py``, ``schema_circuit.py`` and
``schema_field.py``. How arrays are computed or stored does not belong here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.errors import Status
from scsim.results.dataset import GEOMETRY, SPIKES, Dataset
from scsim.results.schema_circuit import (
    CELL_RATES,
    PAIN,
    PSTH,
    RATES,
    RATING,
    RELIEF,
    SPIKE_TIMES,
    TIME_COURSES,
    WIND_UP,
)
from scsim.results.schema_fibers import FIBER_PLACES, FIBERS, RECRUITMENT, THRESHOLDS
from scsim.results.schema_field import (
    CHARGE,
    IMPEDANCES,
    OUTLINE_POINTS,
    OUTLINES,
    PLACES,
    PROFILES,
)
from scsim.results.schema_nerve import BLOCK, NERVE_FIBERS, NERVE_PLACES, NERVE_RECRUITMENT
from scsim.units import SUFFIX_UNITS, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALWAYS_SAVED",
    "CANAL_GROUPS",
    "DATASETS",
    "FIELD_GROUPS",
    "FLAG_MEANINGS",
    "FLAG_VALUES",
    "GEOMETRY",
    "INNER_DIMENSIONS",
    "NERVE_GROUPS",
    "OF_FIBERS",
    "OUTLINES",
    "SAVE_GROUPS",
    "SCALE_DESCRIPTIONS",
    "SCHEMA_VERSION",
    "SPIKES",
    "STATUS_DESCRIPTION",
    "Dataset",
    "axis_label",
    "long_name_of",
    "select_datasets",
]

SCHEMA_VERSION: Final = "2"
"""Version of this table. A reader for each older version stays in `results.store`.

2: spiking circuits; ``a_beta_rate_hz`` may be absent, and the group ``spikes`` is new. Files of version 1 are of rate
models and hold nothing that version 2 reads otherwise.
"""

_GROUPS: Final[Mapping[str, tuple[Dataset, ...]]] = MappingProxyType(
    {
        "recruitment": RECRUITMENT,
        "thresholds": THRESHOLDS,
        "nerve_recruitment": NERVE_RECRUITMENT,
        "block": BLOCK,
        "projection_rate": RATES,
        "pain_signal": PAIN,
        "relief": RELIEF,
        "time_course": TIME_COURSES,
        "cell_rates": CELL_RATES,
        "psth": PSTH,
        "wind_up": WIND_UP,
        "spikes": SPIKE_TIMES,
        "rating_illustrative": RATING,
        "contact_matrix": IMPEDANCES,
        "field_profile": PROFILES,
    }
)

SAVE_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: tuple(dataset.path for dataset in group) for name, group in _GROUPS.items()}
)
"""Names that ``output.save`` takes, and the datasets that each one adds to the file."""

FIELD_GROUPS: Final = ("contact_matrix", "field_profile")
"""Names of `SAVE_GROUPS` that need the field alone: no fibers, no dorsal horn."""

NERVE_GROUPS: Final = ("nerve_recruitment",)
"""Names of `SAVE_GROUPS` that only a nerve has."""

CANAL_GROUPS: Final = tuple(
    name for name in _GROUPS if name not in {*NERVE_GROUPS, "thresholds", "block", "contact_matrix"}
)
"""Names of `SAVE_GROUPS` that only leads in the spinal canal have: a nerve has no dermatomes and no dorsal horn."""

ALWAYS_SAVED: Final = (*CHARGE, *PLACES, *OUTLINE_POINTS, *NERVE_PLACES)
"""Datasets in every results file: what stimulated, where it lay and what charge it delivered."""

OF_FIBERS: Final = (*FIBERS, *NERVE_FIBERS, *FIBER_PLACES)
"""Datasets in every results file of a study that runs fibers: what was stimulated, and where it lay."""

DATASETS: Final[Mapping[str, Dataset]] = MappingProxyType(
    {
        dataset.path: dataset
        for dataset in (
            *FIBERS,
            *NERVE_FIBERS,
            *THRESHOLDS,
            *RECRUITMENT,
            *NERVE_RECRUITMENT,
            *BLOCK,
            *RATES,
            *CELL_RATES,
            *PAIN,
            *RELIEF,
            *RATING,
            *TIME_COURSES,
            *PSTH,
            *WIND_UP,
            *SPIKE_TIMES,
            *IMPEDANCES,
            *PROFILES,
            *CHARGE,
            *PLACES,
            *FIBER_PLACES,
            *OUTLINE_POINTS,
            *NERVE_PLACES,
        )
    }
)
"""Every dataset by its path in the file, in the order in which a file lists them."""

STATUS_DESCRIPTION: Final = "Outcome of each case: OK, or the first thing that went wrong in it."

FLAG_VALUES: Final = tuple(int(status) for status in Status)
FLAG_MEANINGS: Final = " ".join(status.name for status in Status)
"""Attributes ``flag_values`` and ``flag_meanings`` of every status."""

_DIMENSIONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "fiber": ("fiber", "Number of the simulated fiber, from 0 in the order of diameter."),
        "contact": ("contact", "Label of the contact on the lead, from caudal to rostral."),
        "fascicle": (
            "fascicle",
            "Name of the fascicle, numbered in the order of the nerve's table.",
        ),
        "driven_contact": ("driven contact", "Label of the contact that carries the current."),
        "depth_mm": (
            "depth below the dorsal surface of the cord",
            "Depth of each line below the dorsal surface of the cord, on its midline.",
        ),
        "z_mm": (
            "z, rostral",
            "Height of each sample along the cord; 0 is the middle of a lead that is not moved.",
        ),
        "lead": ("lead", "Number of the lead, from 0 at the smallest x."),
        "end": ("end of the lead", "Caudal or rostral end."),
        "side": ("side of the body", "Side of the body."),
        "vertex_root": (
            "point of the dorsal root",
            "Number of the point along the root, from its entry on.",
        ),
        "time_s": (
            "time",
            "Time from the start of the run and of stimulation; the middle of a bin for spiking circuits.",
        ),
        "cell": ("cell", "Cell of the circuit."),
        "after_pulse_ms": (
            "time after a pulse",
            "Middle of each bin, from the pulse on; negative before it.",
        ),
        "volley": ("volley", "Number of the volley, from 0."),
        "spike": ("spike", "Number of the spike, from 0."),
        "axis": (
            "axis: x to the left, y dorsal, z rostral",
            "Axis of space, right-handed.",
        ),
        "section_axis": (
            "axis across the cord: x to the left, y dorsal",
            "Axis of the plane across the cord.",
        ),
        **{
            f"vertex_{name}": (
                f"vertex of the outline: {name.replace('_', ' ')}",
                "Number of the vertex along the closed outline, from 0.",
            )
            for name in OUTLINES
        },
        "vertex_circle": (
            "vertex of a circle",
            "Number of the vertex along the closed circle, from 0.",
        ),
        "vertex_lead": (
            "vertex of the outline: lead",
            "Number of the vertex along the closed outline, from 0; shorter outlines end with NaN.",
        ),
    }
)
"""Long name and description of every dimension that does not come from a sweep."""

INNER_DIMENSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {name: long_name for name, (long_name, _) in _DIMENSIONS.items()}
)
"""Dimensions that do not come from a sweep, and their long names."""

SCALE_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "case": "Number of the case, from 0 in the order of the config.",
        "case_name": "Name of the case: that of its table, or its swept values.",
        **{name: description for name, (_, description) in _DIMENSIONS.items()},
    }
)
"""What the values along each dimension mean that does not come from a swept key."""

_SWEPT_NAMES: Final = MappingProxyType({"case": "case", "frequency_hz": "pulse rate"})


def select_datasets(save: tuple[str, ...]) -> tuple[Dataset, ...]:
    """Give the datasets that a file holds for a list of ``output.save``.

    Parameters
    ----------
    save : tuple of str
        Names of `SAVE_GROUPS`.

    Returns
    -------
    tuple of Dataset
        In the order of the table, those that every file holds among them; those of the fibers only if the
        list needs any.
    """
    wanted = {dataset.path for dataset in ALWAYS_SAVED}
    if not set(save) <= set(FIELD_GROUPS):
        wanted.update(dataset.path for dataset in OF_FIBERS)
    for name in save:
        wanted.update(SAVE_GROUPS[name])
    return tuple(dataset for path, dataset in DATASETS.items() if path in wanted)


def long_name_of(name: str) -> str:
    """Put the name of a dataset, dimension or swept key into words.

    Parameters
    ----------
    name : str
        For example ``threshold_ma`` or ``pulse_width_us``.

    Returns
    -------
    str
        For example ``activation threshold`` or ``pulse width``.
    """
    if name in DATASETS:
        return DATASETS[name].long_name
    known = INNER_DIMENSIONS.get(name) or _SWEPT_NAMES.get(name)
    if known is not None:
        return known
    for suffix in SUFFIX_UNITS:
        if name.endswith(f"_{suffix}"):
            name = name.removesuffix(f"_{suffix}")
            break
    return name.replace("_", " ")


def axis_label(name: str) -> str:
    """Give the label of a plot's axis: the long name and the unit.

    Parameters
    ----------
    name : str
        Path of a dataset, or the name of a dimension or swept key.

    Returns
    -------
    str
        For example ``activation threshold (mA)``; without brackets for pure numbers.
    """
    unit = unit_of(name)
    return long_name_of(name) if unit == "1" else f"{long_name_of(name)} ({unit})"
